/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/commands.h"
#include "agent/survey.h"
#include "enforce/bpf/bpf.h"
#include "policy/preview.h"
#include "wire/writer.h"

struct findings {
	struct rw_enforce_bpf_feature features[RW_ENFORCE_BPF_FEATURE_MAX];
	size_t feature_count;
	const char *missing;     /* the first required feature that is not there, or NULL */
	struct rw_survey survey; /* by the saved policy, if there is one */
	struct rw_error problem; /* why that is not the newest, or none; no text = no problem */
};

static void findings_done(struct findings *findings)
{
	rw_survey_done(&findings->survey);
}
RW_DEFINE_DONE(struct findings, findings_done)

static int find(const struct rw_agent_place *place, const char *const *named, size_t named_count, bool pinned,
		struct findings *findings, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;

	findings->feature_count = rw_enforce_bpf_probe(pinned ? place->pin_dir : NULL, findings->features);
	for (size_t i = 0; i < findings->feature_count && !findings->missing; i++)
		if (findings->features[i].required && findings->features[i].error)
			findings->missing = findings->features[i].name;
	if (rw_agent_policy_load(place, &position, &policy, &findings->problem) == -ENOMEM)
		return rw_error_oom(err);
	return rw_survey_take(policy, named, named_count, &findings->survey, err);
}

static const char *session_word(const struct rw_survey *survey)
{
	static const char *const words[] = {
		[RW_SESSION_NONE] = "none",
		[RW_SESSION_KEPT] = "kept",
		[RW_SESSION_CUT] = "cut",
		[RW_SESSION_UNKNOWN] = "unknown",
	};

	return words[rw_survey_session(survey)];
}

/* ---- text ---- */

static void print_text(const struct findings *findings)
{
	printf("KERNEL AND PRIVILEGES\n");
	for (size_t i = 0; i < findings->feature_count; i++) {
		const struct rw_enforce_bpf_feature *feature = &findings->features[i];

		printf("  %-7s  %-22s  %s\n",
		       !feature->error     ? "ok"
		       : feature->required ? "MISSING"
					   : "absent",
		       feature->name, feature->text);
	}
	(void)putchar('\n');
	rw_survey_print_interfaces(&findings->survey);
	(void)putchar('\n');
	rw_survey_print_listeners(&findings->survey, false);
	if (findings->problem.text[0])
		printf("\nThe saved policy cannot be read%s: %s\n",
		       findings->survey.policy ? ", what follows is of the one before" : "",
		       findings->problem.text);
	if (findings->survey.policy) {
		printf("\nLIVE CONNECTIONS THAT THE SAVED POLICY CUTS WHEN ENFORCED\n");
		rw_survey_print_cuts(&findings->survey);
	}
	printf("\nNot seen by any enforcement here: AF_XDP sockets, qdisc bypass (PACKET_QDISC_BYPASS), "
	       "SR-IOV\n"
	       "functions given away, and traffic that crosses no enforced interface.\n\n%s%s\n",
	       findings->missing ? "This machine cannot enforce: missing " : "This machine can enforce.",
	       findings->missing ? findings->missing : "");
}

/* ---- JSON ---- */

static void write_features(struct rw_json_writer *json, const struct findings *findings)
{
	rw_json_key(json, "features");
	rw_json_begin_array(json);
	for (size_t i = 0; i < findings->feature_count; i++) {
		const struct rw_enforce_bpf_feature *feature = &findings->features[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "name", feature->name);
		rw_json_put_bool(json, "required", feature->required);
		rw_json_put_bool(json, "present", feature->error == 0);
		rw_json_put_text(json, "text", feature->text);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_interfaces(struct rw_json_writer *json, const struct findings *findings)
{
	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	for (size_t i = 0; i < findings->survey.links.count; i++) {
		const struct rw_link_decision *decision = &findings->survey.decisions[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "name", decision->name);
		rw_json_put_text(json, "kind", decision->kind);
		rw_json_put_text(json, "enforced", rw_link_role_word(decision->role));
		rw_json_put_text(json, "reason", decision->reason);
		rw_json_put_integer(json, "virtual_functions",
				    findings->survey.links.links[i].virtual_functions);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_listeners(struct rw_json_writer *json, const struct findings *findings)
{
	rw_json_key(json, "listeners");
	rw_json_begin_array(json);
	for (size_t i = 0; i < findings->survey.listeners.count; i++) {
		const struct rw_report_listener *listener = &findings->survey.listeners.items[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "protocol", listener->protocol == RW_PROTOCOL_TCP ? "tcp" : "udp");
		rw_json_put_integer(json, "port", listener->port);
		rw_json_put_text(json, "process", listener->process);
		if (findings->survey.policy)
			rw_json_put_bool(
				json, "opened",
				rw_policy_opens(findings->survey.policy, listener->protocol, listener->port));
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_cut(struct rw_json_writer *json, const struct rw_connection *connection,
		      const struct rw_decision *decision)
{
	char local[RW_ADDRESS_TEXT_SIZE], remote[RW_ADDRESS_TEXT_SIZE];
	const struct rw_packet *opener = &connection->opener;

	rw_address_format(&opener->local, local);
	rw_address_format(&opener->remote, remote);
	rw_json_begin_object(json);
	rw_json_put_text(json, "interface", connection->interface);
	rw_json_put_text(json, "direction", opener->direction == RW_DIRECTION_INGRESS ? "ingress" : "egress");
	rw_json_put_text(json, "local", local);
	rw_json_put_integer(json, "local_port", opener->local_port);
	rw_json_put_text(json, "remote", remote);
	rw_json_put_integer(json, "remote_port", opener->remote_port);
	rw_json_put_text(json, "cause", rw_decision_cause(decision));
	rw_json_put_bool(json, "session", connection->session);
	rw_json_end_object(json);
}

/* Only with a saved policy: without one nobody knows. */
static void write_preview(struct rw_json_writer *json, const struct findings *findings)
{
	struct rw_decision decision;

	rw_json_put_text(json, "session", session_word(&findings->survey));
	rw_json_put_bool(json, "connections_complete", !findings->survey.connections.cut);
	rw_json_key(json, "connections_cut");
	rw_json_begin_array(json);
	for (size_t i = 0; i < findings->survey.connections.count; i++)
		if (rw_survey_cuts(&findings->survey, &findings->survey.connections.items[i], &decision))
			write_cut(json, &findings->survey.connections.items[i], &decision);
	rw_json_end_array(json);
}

static int print_json(const struct findings *findings, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, 16u << 20);
	rw_json_writer_init(&json, &buf, true);
	rw_json_begin_object(&json);
	rw_json_put_bool(&json, "can_enforce", findings->missing == NULL);
	write_features(&json, findings);
	write_interfaces(&json, findings);
	write_listeners(&json, findings);
	if (findings->problem.text[0])
		rw_json_put_text(&json, "policy_problem", findings->problem.text);
	if (findings->survey.policy)
		write_preview(&json, findings);
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r == 0)
		printf("%s\n", buf.data);
	return r;
}

int rw_command_probe(const struct rw_agent_place *place, const char *const *named, size_t named_count,
		     bool pinned, bool json, struct rw_error *err)
{
	RW_CLEANUP(findings_done) struct findings findings = {0};
	int r = find(place, named, named_count, pinned, &findings, err);

	if (r < 0)
		return r;
	if (json)
		r = print_json(&findings, err);
	else
		print_text(&findings);
	if (r == 0 && findings.missing)
		r = rw_error_set(err, -EOPNOTSUPP, "this machine cannot enforce: missing %s",
				 findings.missing);
	return r;
}
