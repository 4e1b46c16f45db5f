/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/commands.h"
#include "agent/control.h"
#include "agent/seal.h"
#include "agent/view.h"
#include "enforce/bpf/bpf.h"
#include "wire/writer.h"

/* A running agent does what it is told well within a second; past that it is stuck, and we go on alone. */
#define AGENT_PATIENCE_MS  700u
#define STATUS_PATIENCE_MS 3000u
/* The kernel looks through the program first, which takes long on a busy machine. */
#define EARLY_PATIENCE_MS 30000u

/* ---- detach, attach ---- */

/* The folder above our pins, if it is ours and no other agent pins in it. */
static void remove_pin_root(const struct rw_agent_place *place)
{
	if (strncmp(place->pin_dir, RW_AGENT_PIN_ROOT "/", sizeof(RW_AGENT_PIN_ROOT)) == 0)
		(void)rmdir(RW_AGENT_PIN_ROOT);
}

int rw_command_detach(const struct rw_agent_place *place, bool pinned, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer;
	struct rw_error mark = RW_ERROR_NONE, told = RW_ERROR_NONE;
	unsigned int devices = 0;
	int marked = rw_agent_set_detached(place, true, &mark);
	int agent, r = 0;

	rw_buf_init(&answer, 4096);
	agent = rw_control_call(place, "detach", AGENT_PATIENCE_MS, &answer, &told);
	/* With the agent or without it: nothing of ours may be left. */
	if (pinned)
		r = rw_enforce_bpf_detach_all(place->pin_dir, &devices, err);
	if (r < 0)
		return r;
	remove_pin_root(place);
	/* Whoever takes enforcement off does not want it back, sealed, when the state folder gets lost. */
	rw_seal_remove(place);
	if (agent < 0)
		fprintf(stderr,
			"ringwall-agent: the running agent did not answer (%s); it follows within a second\n",
			told.text);
	if (marked < 0) {
		(void)rw_error_set(err, -EIO,
				   "everything passes now, but this node is not marked as detached: %s",
				   mark.text);
		(void)rw_error_hint(err, "Stop the agent, or it will enforce again.");
		return -EIO;
	}
	if (marked == RW_AGENT_DETACHED_UNTIL_BOOT)
		fprintf(stderr,
			"ringwall-agent: %s: from the machine's next start on an agent enforces again;\n"
			"detach once more when the disk can be written\n",
			mark.text);
	if (!pinned && agent == RW_CONTROL_ABSENT)
		printf("No agent is running with %s; it will not enforce when it starts.\n", place->state);
	else
		printf("Detached: everything passes. Undo by: ringwall-agent attach\n");
	return 0;
}

int rw_command_attach(const struct rw_agent_place *place, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer = {0};
	int r = rw_agent_set_detached(place, false, err);

	if (r < 0)
		return r;
	rw_buf_init(&answer, 4096);
	r = rw_control_call(place, "attach", STATUS_PATIENCE_MS, &answer, err);
	if (r < 0)
		return r;
	if (r == RW_CONTROL_ABSENT)
		printf("No agent is running; it will enforce when it starts.\n");
	else
		printf("Attached: the agent enforces.\n");
	return 0;
}

/* ---- the early stage ---- */

int rw_command_early(const struct rw_agent_place *place, const char *words, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer = {0};
	char command[RW_CONTROL_LINE_MAX];
	int r;

	if (snprintf(command, sizeof(command), "early-drop %s", words) >= (int)sizeof(command))
		return rw_error_set(err, -EINVAL, "not the name of an interface: \"%.64s\"", words);
	rw_buf_init(&answer, 4096);
	r = rw_control_call(place, command, EARLY_PATIENCE_MS, &answer, err);
	if (r == RW_CONTROL_ABSENT) {
		(void)rw_error_set(err, -ENOENT, "no agent is running with %s", place->state);
		(void)rw_error_hint(err, "Start it with --early-drop INTERFACE, or start it first.");
		return -ENOENT;
	}
	if (r < 0)
		return r;
	(void)fwrite(answer.data, 1, answer.size, stdout);
	return 0;
}

/* ---- status ---- */

/* What is in force although no agent runs, in the words of rw_agent_view_write_*. */
struct orphan {
	const struct rw_agent_place *place;
	struct rw_agent_identity identity;
	struct rw_enforce_bpf_look look;
	bool detached;
	const char *summary;
};

static void look_at_orphan(const struct rw_agent_place *place, struct orphan *orphan)
{
	*orphan = (struct orphan){.place = place, .detached = rw_agent_detached(place)};
	if (rw_agent_identity_load(place, &orphan->identity, NULL) != 0)
		orphan->identity = (struct rw_agent_identity){0};
	rw_enforce_bpf_look(place->pin_dir, &orphan->look);
	if (orphan->look.device_count && orphan->look.mode != RW_ENFORCER_LEARN)
		orphan->summary = orphan->look.mode == RW_ENFORCER_MONITOR ? "monitoring without an agent"
									   : "enforcing without an agent";
	else if (orphan->detached)
		orphan->summary = "detached: everything passes until 'ringwall-agent attach'";
	else
		orphan->summary = "not enforcing: no agent is running";
}

static const char *device_state(const struct rw_enforce_bpf_held *held)
{
	return !held->alive ? "lost" : held->pending ? "pending" : "enforced";
}

/* Whether it drops or is switched off is not told without an agent. */
static const char *early_hook(const struct rw_enforce_bpf_held *held)
{
	return held->early == RW_ENFORCER_EARLY_GENERIC ? "xdp-generic" : "xdp";
}

static void write_orphan_json(const struct orphan *orphan, struct rw_buf *buf)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, true);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "summary", orphan->summary);
	rw_json_put_bool(&json, "agent_running", false);
	rw_json_put_text(&json, "version", RW_VERSION);
	rw_json_put_text(&json, "node", orphan->identity.name);
	rw_json_put_text(&json, "pin_dir", orphan->place->pin_dir);
	rw_json_key(&json, "interfaces");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < orphan->look.device_count; i++) {
		const struct rw_enforce_bpf_held *held = &orphan->look.devices[i];

		rw_json_begin_object(&json);
		rw_json_put_integer(&json, "ifindex", held->ifindex);
		rw_json_put_text(&json, "interface", held->interface);
		rw_json_put_text(&json, "state", device_state(held));
		rw_json_put_text(&json, "hook", held->tcx ? "tcx" : "clsact");
		if (held->early != RW_ENFORCER_EARLY_NONE)
			rw_json_put_text(&json, "early_hook", early_hook(held));
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	(void)rw_buf_append_text(buf, "\n");
}

static void write_orphan_text(const struct orphan *orphan, struct rw_buf *buf)
{
	(void)rw_buf_append_format(buf, "%-12s  %s\n", "status", orphan->summary);
	if (orphan->identity.name[0])
		(void)rw_buf_append_format(buf, "%-12s  %s\n", "node", orphan->identity.name);
	for (size_t i = 0; i < orphan->look.device_count; i++) {
		const struct rw_enforce_bpf_held *held = &orphan->look.devices[i];

		(void)rw_buf_append_format(buf, "%-12s  %s (device %u): %s (%s%s%s)\n", i ? "" : "interfaces",
					   held->interface, held->ifindex, device_state(held),
					   held->tcx ? "tcx" : "clsact",
					   held->early != RW_ENFORCER_EARLY_NONE ? ", " : "",
					   held->early != RW_ENFORCER_EARLY_NONE ? early_hook(held) : "");
	}
}

static void write_orphan_metrics(const struct orphan *orphan, struct rw_buf *buf)
{
	uint64_t held = 0;

	for (size_t i = 0; i < orphan->look.device_count; i++)
		held += orphan->look.devices[i].alive;
	rw_agent_view_write_orphan_metrics(orphan->look.mode == RW_ENFORCER_ENFORCE && held, held,
					   orphan->look.device_count - held, buf);
}

static void write_orphan(const struct rw_agent_place *place, enum rw_status_form form, struct rw_buf *buf)
{
	struct orphan orphan;

	look_at_orphan(place, &orphan);
	switch (form) {
	case RW_STATUS_TEXT:
		write_orphan_text(&orphan, buf);
		break;
	case RW_STATUS_JSON:
		write_orphan_json(&orphan, buf);
		break;
	case RW_STATUS_METRICS:
		write_orphan_metrics(&orphan, buf);
		break;
	}
}

int rw_command_status(const struct rw_agent_place *place, enum rw_status_form form, struct rw_error *err)
{
	static const char *const commands[] = {[RW_STATUS_TEXT] = "status",
					       [RW_STATUS_JSON] = "status json",
					       [RW_STATUS_METRICS] = "metrics"};
	RW_CLEANUP(rw_buf_done) struct rw_buf answer;
	int r;

	rw_buf_init(&answer, RW_CONTROL_ANSWER_MAX);
	r = rw_control_call(place, commands[form], STATUS_PATIENCE_MS, &answer, err);
	if (r < 0)
		return r;
	if (r == RW_CONTROL_ABSENT)
		write_orphan(place, form, &answer);
	r = rw_buf_check(&answer, err);
	if (r < 0)
		return r;
	(void)fwrite(answer.data, 1, answer.size, stdout);
	return 0;
}
