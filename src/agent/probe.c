/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/link_rules.h"
#include "agent/preview.h"
#include "enforce/bpf/bpf.h"
#include "policy/preview.h"
#include "wire/writer.h"

struct findings {
	struct rw_enforce_bpf_feature features[RW_ENFORCE_BPF_FEATURE_MAX];
	size_t feature_count;
	const char *missing; /* the first required feature that is not there, or NULL */
	struct rw_links links;
	struct rw_link_decision *decisions;
	struct rw_listeners listeners;
	struct rw_policy *policy; /* the saved one, or NULL: then the rest is empty */
	struct rw_error problem;  /* why it is not the newest one, or is none; no text = no problem */
	struct rw_connections connections;
	bool has_session; /* the caller came by SSH */
};

/* How many connections the text names; JSON has all. */
#define SHOWN_MAX 50

static void findings_done(struct findings *findings)
{
	rw_links_done(&findings->links);
	free(findings->decisions);
	rw_listeners_done(&findings->listeners);
	rw_connections_done(&findings->connections);
	(void)rw_policy_unref(findings->policy);
}
RW_DEFINE_DONE(struct findings, findings_done)

static int find_connections(struct findings *findings, struct rw_error *err)
{
	int r = rw_connections_read(&findings->links, &findings->listeners, &findings->connections, err);

	if (r == 0)
		findings->has_session = rw_connections_mark_session(&findings->connections,
								    getenv("SSH_CONNECTION"), getpid());
	return r;
}

static bool is_cut(const struct findings *findings, const struct rw_connection *connection,
		   struct rw_decision *ret_decision)
{
	return rw_preview_is_cut(findings->policy, findings->decisions, findings->links.count, connection,
				 ret_decision);
}

/* What would become of the caller's SSH session, in a word. */
static const char *session_word(const struct findings *findings)
{
	bool seen = false;

	for (size_t i = 0; i < findings->connections.count; i++) {
		const struct rw_connection *connection = &findings->connections.items[i];

		if (connection->session && is_cut(findings, connection, NULL))
			return "cut";
		seen |= connection->session;
	}
	return seen ? "kept" : findings->has_session ? "unknown" : "none";
}

static int find(const struct rw_agent_place *place, const char *const *named, size_t named_count, bool pinned,
		struct findings *findings, struct rw_error *err)
{
	struct rw_link_wish wish = {.named = named, .named_count = named_count, .hold_pending = true};
	struct rw_position position;
	int r;

	findings->feature_count = rw_enforce_bpf_probe(pinned ? place->pin_dir : NULL, findings->features);
	for (size_t i = 0; i < findings->feature_count && !findings->missing; i++)
		if (findings->features[i].required && findings->features[i].error)
			findings->missing = findings->features[i].name;
	r = rw_agent_policy_load(place, &position, &findings->policy, &findings->problem);
	if (r == -ENOMEM)
		return rw_error_oom(err);
	/* The network's CIDRs are known once there was a policy. */
	if (findings->policy) {
		wish.network_cidrs = findings->policy->network_cidrs;
		wish.network_cidr_count = findings->policy->network_cidr_count;
	}
	r = rw_listeners_read(&findings->listeners, err);
	if (r == 0)
		r = rw_links_read(&findings->links, err);
	if (r < 0)
		return r;
	if (rw_link_rules_decide(&findings->links, &wish, &findings->decisions) < 0)
		return rw_error_oom(err);
	return findings->policy ? find_connections(findings, err) : 0;
}

static const char *role_word(enum rw_link_role role)
{
	switch (role) {
	case RW_LINK_IGNORED:
		return "no";
	case RW_LINK_CANDIDATE:
		return "candidate";
	case RW_LINK_PENDING:
		return "pending";
	case RW_LINK_ENFORCED:
		return "yes";
	}
	return "";
}

/* ---- text ---- */

static void print_listeners(const struct findings *findings)
{
	printf("\nLISTENING\n");
	for (size_t i = 0; i < findings->listeners.count; i++) {
		const struct rw_report_listener *listener = &findings->listeners.items[i];
		bool closed = findings->policy &&
			      !rw_policy_opens(findings->policy, listener->protocol, listener->port);

		printf("  %s/%u%s%s%s\n", listener->protocol == RW_PROTOCOL_TCP ? "tcp" : "udp",
		       listener->port, listener->process[0] ? "  " : "", listener->process,
		       closed ? "  (no rule opens it)" : "");
	}
}

static void print_cut(const struct rw_connection *connection, const struct rw_decision *decision)
{
	char local[RW_ADDRESS_TEXT_SIZE], remote[RW_ADDRESS_TEXT_SIZE];
	const struct rw_packet *opener = &connection->opener;

	rw_address_format(&opener->local, local);
	rw_address_format(&opener->remote, remote);
	printf("  tcp  %s port %u  %s  %s port %u  on %s  by %s%s\n", local, opener->local_port,
	       opener->direction == RW_DIRECTION_INGRESS ? "from" : "to", remote, opener->remote_port,
	       connection->interface, rw_decision_cause(decision),
	       connection->session ? "  (your SSH session)" : "");
}

static void print_preview(const struct findings *findings)
{
	const char *word = session_word(findings);
	struct rw_decision decision;
	size_t cut = 0;

	printf("\nLIVE CONNECTIONS THAT THE SAVED POLICY CUTS WHEN ENFORCED\n");
	for (size_t i = 0; i < findings->connections.count; i++) {
		if (!is_cut(findings, &findings->connections.items[i], &decision))
			continue;
		if (cut++ < SHOWN_MAX)
			print_cut(&findings->connections.items[i], &decision);
	}
	if (cut > SHOWN_MAX)
		printf("  and %zu more\n", cut - SHOWN_MAX);
	else if (cut == 0)
		printf("  none\n");
	if (findings->connections.cut)
		printf("  Only the first %d connections were looked at.\n", RW_CONNECTIONS_MAX);
	if (strcmp(word, "cut") == 0)
		printf("  Your SSH session would be cut.\n");
	else if (strcmp(word, "kept") == 0)
		printf("  Your SSH session would go on.\n");
	else if (strcmp(word, "unknown") == 0)
		printf("  Your SSH session was not found among them: whether it would go on is not known.\n");
	printf("  Forwarded connections (containers behind NAT) are not looked at.\n");
}

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
	printf("\nINTERFACES\n");
	for (size_t i = 0; i < findings->links.count; i++) {
		const struct rw_link_decision *decision = &findings->decisions[i];

		printf("  %-9s  %-15s  %s\n", role_word(decision->role), decision->name, decision->reason);
		if (findings->links.links[i].virtual_functions)
			printf("  %-9s  %-15s  has %u SR-IOV functions: what goes through one given away is "
			       "not "
			       "seen\n",
			       "", "", findings->links.links[i].virtual_functions);
	}
	print_listeners(findings);
	if (findings->problem.text[0])
		printf("\nThe saved policy cannot be read%s: %s\n",
		       findings->policy ? ", what follows is of the one before" : "", findings->problem.text);
	if (findings->policy)
		print_preview(findings);
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
	for (size_t i = 0; i < findings->links.count; i++) {
		const struct rw_link_decision *decision = &findings->decisions[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "name", decision->name);
		rw_json_put_text(json, "kind", decision->kind);
		rw_json_put_text(json, "enforced", role_word(decision->role));
		rw_json_put_text(json, "reason", decision->reason);
		rw_json_put_integer(json, "virtual_functions", findings->links.links[i].virtual_functions);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_listeners(struct rw_json_writer *json, const struct findings *findings)
{
	rw_json_key(json, "listeners");
	rw_json_begin_array(json);
	for (size_t i = 0; i < findings->listeners.count; i++) {
		const struct rw_report_listener *listener = &findings->listeners.items[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "protocol", listener->protocol == RW_PROTOCOL_TCP ? "tcp" : "udp");
		rw_json_put_integer(json, "port", listener->port);
		rw_json_put_text(json, "process", listener->process);
		if (findings->policy)
			rw_json_put_bool(
				json, "opened",
				rw_policy_opens(findings->policy, listener->protocol, listener->port));
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

	rw_json_put_text(json, "session", session_word(findings));
	rw_json_put_bool(json, "connections_complete", !findings->connections.cut);
	rw_json_key(json, "connections_cut");
	rw_json_begin_array(json);
	for (size_t i = 0; i < findings->connections.count; i++)
		if (is_cut(findings, &findings->connections.items[i], &decision))
			write_cut(json, &findings->connections.items[i], &decision);
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
	if (findings->policy)
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
