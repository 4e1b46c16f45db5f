/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <string.h>

#include "agent/commands.h"
#include "agent/control.h"
#include "agent/view.h"
#include "enforce/bpf/bpf.h"

/* A running agent does what it is told well within a second; past that it is stuck, and we go on alone. */
#define AGENT_PATIENCE_MS  700u
#define STATUS_PATIENCE_MS 3000u

/* ---- detach, attach ---- */

int rw_command_detach(const struct rw_agent_place *place, bool pinned, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer;
	struct rw_error mark = RW_ERROR_NONE, told = RW_ERROR_NONE;
	unsigned int devices = 0;
	bool marked = rw_agent_set_detached(place, true, &mark) == 0;
	int agent, r = 0;

	rw_buf_init(&answer, 4096);
	agent = rw_control_call(place, "detach", AGENT_PATIENCE_MS, &answer, &told);
	/* With the agent or without it: nothing of ours may be left. */
	if (pinned)
		r = rw_enforce_bpf_detach_all(place->pin_dir, &devices, err);
	if (r < 0)
		return r;
	if (agent < 0)
		fprintf(stderr,
			"ringwall-agent: the running agent did not answer (%s); it follows within a second\n",
			told.text);
	if (!marked) {
		(void)rw_error_set(err, -EIO,
				   "everything passes now, but this node is not marked as detached: %s",
				   mark.text);
		(void)rw_error_hint(err, "Stop the agent, or it will enforce again.");
		return -EIO;
	}
	if (!pinned && agent == RW_CONTROL_ABSENT)
		printf("No agent is running with %s; it will not enforce when it starts.\n", place->state);
	else
		printf("Detached: everything passes. Undo by: ringwall-agent attach\n");
	return 0;
}

int rw_command_attach(const struct rw_agent_place *place, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer;
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

/* ---- status ---- */

static void print_view(const struct rw_agent_view *view, bool json, struct rw_buf *buf)
{
	if (json)
		rw_agent_view_write_json(view, buf);
	else
		rw_agent_view_write_text(view, buf);
}

/* Whether something is pinned there; opening the enforcer would make pins where there are none. */
static bool has_pins(const char *pin_dir)
{
	DIR *folder = opendir(pin_dir);
	bool found = false;

	if (!folder)
		return false;
	for (const struct dirent *entry = readdir(folder); entry && !found; entry = readdir(folder))
		found = entry->d_name[0] != '.';
	(void)closedir(folder);
	return found;
}

/* What is in force although no agent runs. */
static int show_orphan(const struct rw_agent_place *place, const struct rw_keeper_backend *backend, bool json,
		       struct rw_buf *buf, struct rw_error *err)
{
	const struct rw_keeper_options options = {.backend = *backend};
	RW_CLEANUP(rw_keeper_free) struct rw_keeper *keeper = NULL;
	struct rw_agent_identity identity = {0};
	struct rw_agent_view view = {.place = place, .file_problem = ""};
	int r = rw_keeper_new(&options, &keeper, err);

	if (r < 0)
		return r;
	if (has_pins(place->pin_dir)) {
		r = rw_keeper_start(keeper, err);
		if (r < 0)
			return r;
		(void)rw_keeper_check(keeper);
	}
	if (rw_agent_identity_load(place, &identity, NULL) == 0)
		view.server = identity.server;
	view.node = identity.name;
	view.keeper = keeper;
	print_view(&view, json, buf);
	return 0;
}

int rw_command_status(const struct rw_agent_place *place, const struct rw_keeper_backend *backend, bool json,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer;
	int r;

	rw_buf_init(&answer, RW_CONTROL_ANSWER_MAX);
	r = rw_control_call(place, json ? "status json" : "status", STATUS_PATIENCE_MS, &answer, err);
	if (r == RW_CONTROL_ABSENT)
		r = show_orphan(place, backend, json, &answer, err);
	if (r == 0)
		r = rw_buf_check(&answer, err);
	if (r < 0)
		return r;
	(void)fwrite(answer.data, 1, answer.size, stdout);
	return 0;
}
