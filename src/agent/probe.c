/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/link_rules.h"
#include "agent/listeners.h"
#include "enforce/bpf/bpf.h"
#include "wire/writer.h"

struct findings {
	struct rw_enforce_bpf_feature features[RW_ENFORCE_BPF_FEATURE_MAX];
	size_t feature_count;
	const char *missing; /* the first required feature that is not there, or NULL */
	struct rw_links links;
	struct rw_link_decision *decisions;
	struct rw_listeners listeners;
};

static void findings_done(struct findings *findings)
{
	rw_links_done(&findings->links);
	free(findings->decisions);
	rw_listeners_done(&findings->listeners);
}
RW_DEFINE_DONE(struct findings, findings_done)

static int find(const struct rw_agent_place *place, const char *const *named, size_t named_count, bool pinned,
		struct findings *findings, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_link_wish wish = {.named = named, .named_count = named_count};
	struct rw_position position;
	int r;

	findings->feature_count = rw_enforce_bpf_probe(pinned ? place->pin_dir : NULL, findings->features);
	for (size_t i = 0; i < findings->feature_count && !findings->missing; i++)
		if (findings->features[i].required && findings->features[i].error)
			findings->missing = findings->features[i].name;
	/* The network's CIDRs are known once there was a policy. */
	if (rw_agent_policy_load(place, &position, &policy, NULL) == 0) {
		wish.network_cidrs = policy->network_cidrs;
		wish.network_cidr_count = policy->network_cidr_count;
	}
	r = rw_listeners_read(&findings->listeners, err);
	if (r == 0)
		r = rw_links_read(&findings->links, err);
	if (r < 0)
		return r;
	return rw_link_rules_decide(&findings->links, &wish, &findings->decisions) < 0 ? rw_error_oom(err)
										       : 0;
}

static const char *role_word(enum rw_link_role role)
{
	switch (role) {
	case RW_LINK_IGNORED:
		return "no";
	case RW_LINK_CANDIDATE:
		return "candidate";
	case RW_LINK_ENFORCED:
		return "yes";
	}
	return "";
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
	printf("\nLISTENING\n");
	for (size_t i = 0; i < findings->listeners.count; i++) {
		const struct rw_report_listener *listener = &findings->listeners.items[i];

		printf("  %s/%u%s%s\n", listener->protocol == RW_PROTOCOL_TCP ? "tcp" : "udp", listener->port,
		       listener->process[0] ? "  " : "", listener->process);
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
		rw_json_end_object(json);
	}
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
