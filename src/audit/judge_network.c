/* SPDX-License-Identifier: Apache-2.0 */

/* What must stay open (SSH, ICMP, containers, load balancers), and how the subject stands in its network. */

#include <stdio.h>
#include <string.h>

#include "audit/audit_internal.h"

static const struct rw_ports overlay_ports[] = {{4789, 4789}, {8472, 8472}, {51820, 51820}};

/* True when some interface has no exposure that passes 'test'. */
typedef int exposure_test(const struct subject *subject, const struct exposed *exposed, const void *data,
			  bool *ret_passes);

static const struct exposed *find_failing(const struct subject *subject, exposure_test *test,
					  const void *data, int *ret_r)
{
	*ret_r = 0;
	for (size_t i = 0; i < subject->exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&subject->exposed, i);
		bool passes = true;

		*ret_r = test(subject, exposed, data, &passes);
		if (*ret_r < 0)
			return NULL;
		if (!passes)
			return exposed;
	}
	return NULL;
}

static int members_of(const struct subject *subject, const char *group, struct rw_prefix **ret_prefixes,
		      size_t *ret_count)
{
	struct run *run = subject->run;

	if (!run->members)
		run->members = rw_members_new(run->input->model);
	if (!run->members || rw_members_addresses(run->members, group, ret_prefixes, ret_count) < 0)
		return rw_error_oom(run->err);
	return 0;
}

/* ---- SSH ---- */

/* Ports of sshd as evidence knows them; 22 when nothing is known. */
static uint16_t ssh_port_of(const struct subject *subject)
{
	for (size_t i = 0; i < subject->node_count; i++) {
		const struct rw_evidence_node *node =
			rw_evidence_find(subject->run->input->evidence, subject->nodes[i]->id);

		for (size_t j = 0; node && j < node->listeners.count; j++) {
			const struct rw_evidence_listener *listener = rw_vec_at(&node->listeners, j);

			if (listener->protocol == RW_PROTOCOL_TCP && strcmp(listener->process, "sshd") == 0)
				return listener->port;
		}
	}
	return 22;
}

/* Whether anybody but members and containers gets in by SSH over this exposure. */
static int ssh_gets_in(const struct subject *subject, const struct exposed *exposed, uint16_t port,
		       bool *ret_in)
{
	RW_CLEANUP(rw_free) struct rw_prefix *members = NULL;
	struct rw_set_box box = RW_SET_BOX_ANY, inner = RW_SET_BOX_ANY;
	rw_set ssh, set;
	size_t count = 0;
	int r = members_of(subject, subject->group->id, &members, &count);

	box.protocol = RW_PROTOCOL_TCP;
	box.ports = (struct rw_ports){port, port};
	if (r == 0)
		r = rw_set_of_box(subject->sets, &box, &ssh, subject->run->err);
	if (r == 0)
		r = rw_set_intersect(subject->sets, ssh, exposed->open, &ssh, subject->run->err);
	for (unsigned int i = 0; r == 0 && i < 2; i++) {
		inner.remotes = i ? members : subject->cluster->container_cidrs;
		inner.remote_count = i ? count : subject->cluster->container_cidr_count;
		if (inner.remote_count == 0)
			continue;
		r = rw_set_of_box(subject->sets, &inner, &set, subject->run->err);
		if (r == 0)
			r = rw_set_subtract(subject->sets, ssh, set, &ssh, subject->run->err);
	}
	if (r == 0)
		*ret_in = ssh != RW_SET_EMPTY;
	return r;
}

/* With management CIDRs the failsafe keeps SSH open to them, whatever the rules say. */
static int judge_ssh(struct subject *subject)
{
	uint16_t port = ssh_port_of(subject);
	bool in = false;
	int r = 0;

	if (!subject->cluster || subject->cluster->management_cidr_count > 0)
		return 0;
	for (size_t i = 0; r == 0 && !in && i < subject->exposed.count; i++)
		r = ssh_gets_in(subject, rw_vec_at(&subject->exposed, i), port, &in);
	if (r < 0 || in)
		return r;
	return finding_add(subject, rw_check_named(RW_CHECK_SSH_BLOCKED), NULL, "tcp %u", port);
}

/* ---- ICMP, containers, overlay ---- */

static int icmp_passes(const struct subject *subject, const struct exposed *exposed, const void *data,
		       bool *ret_passes)
{
	struct rw_set_box box = RW_SET_BOX_ANY;

	(void)data;
	if (exposed->policy->interfaces[exposed->interface].nic_type != RW_NIC_INTRANET ||
	    subject->network->cidr_count == 0)
		return 0;
	box.remotes = subject->network->cidrs;
	box.remote_count = subject->network->cidr_count;
	box.protocol = RW_PROTOCOL_ICMP;
	return set_meets(subject, exposed->open, &box, ret_passes);
}

/* Accepted by inner access among members, or by a rule for the network. */
static int judge_icmp(struct subject *subject)
{
	const struct exposed *failing;
	int r;

	if (!subject->cluster || subject->group->inner_access == RW_VERDICT_ACCEPT)
		return 0;
	failing = find_failing(subject, icmp_passes, NULL, &r);
	if (!failing)
		return r;
	return finding_add(subject, rw_check_named(RW_CHECK_ICMP_CLOSED), NULL, "on %s of node %s",
			   failing->policy->interfaces[failing->interface].name, failing->policy->node_name);
}

static int containers_pass(const struct subject *subject, const struct exposed *exposed, const void *data,
			   bool *ret_passes)
{
	struct rw_set_box box = RW_SET_BOX_ANY;

	if (exposed->policy->interfaces[exposed->interface].nic_type != RW_NIC_INTRANET)
		return 0;
	box.remotes = data;
	box.remote_count = 1;
	return set_covers(subject, exposed->open, &box, ret_passes);
}

/* Routed containers need it; in an overlay it is a default rule that is kept. */
static int judge_containers(struct subject *subject)
{
	const struct rw_cluster *cluster = subject->cluster;
	int r = 0;

	for (size_t i = 0; r == 0 && cluster && i < cluster->container_cidr_count; i++) {
		bool routed = cluster->container_network == RW_CONTAINER_ROUTED;
		char text[RW_PREFIX_TEXT_SIZE];

		if (subject->network->kind != RW_NETWORK_VPC ||
		    (!routed && cluster->profile == RW_PROFILE_KUBERNETES_STRICT))
			continue;
		if (!find_failing(subject, containers_pass, &cluster->container_cidrs[i], &r)) {
			if (r < 0)
				return r;
			continue;
		}
		rw_prefix_format(&cluster->container_cidrs[i], text);
		r = finding_add(
			subject,
			rw_check_named(routed ? RW_CHECK_CONTAINERS_CLOSED : RW_CHECK_DEFAULT_MISSING), NULL,
			"all from %s", text);
	}
	return r;
}

static int overlay_passes(const struct subject *subject, const struct exposed *exposed, const void *data,
			  bool *ret_passes)
{
	struct rw_set_box box = RW_SET_BOX_ANY;
	int r = 0;

	(void)data;
	if (exposed->policy->interfaces[exposed->interface].nic_type != RW_NIC_INTRANET)
		return 0;
	box.remotes = subject->network->cidrs;
	box.remote_count = subject->network->cidr_count;
	box.protocol = RW_PROTOCOL_UDP;
	*ret_passes = false;
	for (size_t i = 0; r == 0 && !*ret_passes && i < RW_ARRAY_COUNT(overlay_ports); i++) {
		box.ports = overlay_ports[i];
		r = set_meets(subject, exposed->open, &box, ret_passes);
	}
	return r;
}

static int judge_overlay(struct subject *subject)
{
	const struct rw_cluster *cluster = subject->cluster;
	const struct exposed *failing;
	int r;

	if (!cluster || cluster->type == RW_CLUSTER_GENERIC ||
	    cluster->container_network != RW_CONTAINER_OVERLAY ||
	    subject->group->inner_access == RW_VERDICT_ACCEPT || subject->network->cidr_count == 0)
		return 0;
	failing = find_failing(subject, overlay_passes, NULL, &r);
	if (!failing)
		return r;
	return finding_add(subject, rw_check_named(RW_CHECK_OVERLAY_CLOSED), NULL,
			   "udp 4789, 8472 and 51820 from the network, on node %s",
			   failing->policy->node_name);
}

/* ---- load balancers ---- */

/* One port behind a balancer, and who sends to it. */
struct backend {
	struct rw_set_box box;
	uint32_t service;
};

static int backend_passes(const struct subject *subject, const struct exposed *exposed, const void *data,
			  bool *ret_passes)
{
	const struct backend *backend = data;

	if (exposed->policy->interfaces[exposed->interface].nic_type != RW_NIC_INTRANET)
		return 0;
	return set_covers(subject, exposed->open, &backend->box, ret_passes);
}

static const struct exposed *find_public(const struct subject *subject, uint32_t service)
{
	for (size_t i = 0; i < subject->exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&subject->exposed, i);

		for (size_t j = 0; j < exposed->ranges.count; j++) {
			const struct open_range *range = rw_vec_at(&exposed->ranges, j);

			if (range->first <= service && range->last >= service)
				return exposed;
		}
	}
	return NULL;
}

static int judge_backend(struct subject *subject, const struct rw_load_balancer *balancer,
			 const struct backend *backend)
{
	const struct exposed *exposed;
	struct rw_finding *finding;
	const char *protocol = backend->box.protocol == RW_PROTOCOL_TCP ? "tcp" : "udp";
	struct rw_set_box box = backend->box;
	rw_set wanted, both;
	int r = 0;

	if (box.remote_count > 0 && find_failing(subject, backend_passes, backend, &r))
		r = finding_add(subject, rw_check_named(RW_CHECK_BALANCED_PORT_CLOSED), NULL,
				"%s %u for load balancer %s", protocol, box.ports.first, balancer->name);
	exposed = balancer->client_ip_kept ? NULL : find_public(subject, backend->service);
	if (r < 0 || !exposed)
		return r;
	r = finding_add(subject, rw_check_named(RW_CHECK_BALANCED_PORT_PUBLIC), &finding,
			"%s %u of load balancer %s", protocol, box.ports.first, balancer->name);
	box.remotes = NULL;
	box.remote_count = 0;
	if (r == 0)
		r = rw_set_of_box(subject->sets, &box, &wanted, subject->run->err);
	if (r == 0)
		r = rw_set_intersect(subject->sets, wanted, exposed->world, &both, subject->run->err);
	return r < 0 ? r : finding_show(subject, exposed, both, finding);
}

static int judge_balancer(struct subject *subject, const struct rw_load_balancer *balancer)
{
	RW_CLEANUP(rw_free) struct rw_prefix *members = NULL;
	const struct rw_prefix *sources = balancer->source_cidrs;
	size_t count = balancer->source_cidr_count;
	int r = 0;

	if (balancer->source_group[0]) {
		r = members_of(subject, balancer->source_group, &members, &count);
		sources = members;
	} else if (count == 0) {
		r = finding_add(subject, rw_check_named(RW_CHECK_BALANCER_WITHOUT_SOURCES), NULL,
				"load balancer %s", balancer->name);
	}
	for (size_t i = 0; r == 0 && i < balancer->listener_count; i++) {
		const struct rw_listener *listener = &balancer->listeners[i];
		struct backend backend = {.box = RW_SET_BOX_ANY};

		backend.box.remotes = sources;
		backend.box.remote_count = count;
		backend.box.protocol = listener->protocol;
		backend.box.ports = (struct rw_ports){listener->backend_port, listener->backend_port};
		backend.service = (uint32_t)listener->protocol << 16 | listener->backend_port;
		r = judge_backend(subject, balancer, &backend);
	}
	return r;
}

static int judge_balancers(struct subject *subject)
{
	const struct rw_model *model = subject->run->input->model;
	int r = 0;

	for (size_t i = 0; r == 0 && subject->cluster && i < rw_model_count(model, RW_KIND_LOAD_BALANCER);
	     i++) {
		const struct rw_load_balancer *balancer = rw_model_at(model, RW_KIND_LOAD_BALANCER, i);

		if (strcmp(balancer->cluster, subject->cluster->id) == 0)
			r = judge_balancer(subject, balancer);
	}
	return r;
}

/* ---- nodes ---- */

typedef bool node_test(const struct subject *subject, const struct rw_node *node);

static bool has_elastic_ip(const struct subject *subject, const struct rw_node *node)
{
	(void)subject;
	for (size_t i = 0; i < node->interface_count; i++)
		if (node->interfaces[i].elastic_ip_count > 0)
			return true;
	return false;
}

static bool only_monitors(const struct subject *subject, const struct rw_node *node)
{
	if (node->agent == RW_AGENT_NONE)
		return false;
	if (node->enforcement == RW_ENFORCEMENT_INHERIT)
		return subject->cluster && subject->cluster->enforcement == RW_MONITOR;
	return node->enforcement == RW_MONITOR;
}

static bool has_no_agent(const struct subject *subject, const struct rw_node *node)
{
	(void)subject;
	return node->agent == RW_AGENT_NONE;
}

/* Further groups of a cluster's node that accept something to come in. */
static bool is_opened_elsewhere(const struct subject *subject, const struct rw_node *node)
{
	const struct rw_model *model = subject->run->input->model;

	for (size_t i = 0; subject->cluster && i < node->security_group_count; i++) {
		const struct rw_group *group = rw_model_find_group(model, node->security_groups[i]);

		for (size_t j = 0; group && j < group->rule_count; j++)
			if (group->rules[j]->direction == RW_DIRECTION_INGRESS &&
			    group->rules[j]->policy == RW_VERDICT_ACCEPT)
				return true;
	}
	return false;
}

/* The intranet NIC by which a node's default route leaves lets in what the router lets through. */
static bool relies_on_router(const struct subject *subject, const struct rw_node *node)
{
	const struct rw_evidence_node *seen = rw_evidence_find(subject->run->input->evidence, node->id);

	for (size_t i = 0; i < node->interface_count; i++) {
		if (node->interfaces[i].nic_type != RW_NIC_INTRANET)
			continue;
		for (size_t j = 0; seen && j < seen->default_route_nics.count; j++)
			if (strcmp(rw_vec_at(&seen->default_route_nics, j), node->interfaces[i].name) == 0)
				return true;
	}
	return false;
}

/* One finding that counts the nodes and names the first. */
static int judge_nodes(struct subject *subject, enum rw_check_number number, node_test *test)
{
	const struct rw_node *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < subject->node_count; i++) {
		if (!test(subject, subject->nodes[i]))
			continue;
		first = first ? first : subject->nodes[i];
		count++;
	}
	if (count == 0)
		return 0;
	if (count == 1)
		return finding_add(subject, rw_check_named(number), NULL, "node %s", first->name);
	return finding_add(subject, rw_check_named(number), NULL, "%zu nodes, such as %s", count,
			   first->name);
}

static int judge_routes(struct subject *subject)
{
	size_t missing = 0;

	for (size_t i = 0; i < subject->node_count; i++) {
		const struct rw_evidence_node *seen =
			rw_evidence_find(subject->run->input->evidence, subject->nodes[i]->id);

		missing += !seen || !seen->routes_known;
	}
	return missing ? unknown_add(subject, RW_CHECK_SPOOFING_ROUTER, missing)
		       : judge_nodes(subject, RW_CHECK_SPOOFING_ROUTER, relies_on_router);
}

static int judge_kind(struct subject *subject)
{
	struct rw_finding *finding;
	int r;

	if (!subject->cluster || subject->network->kind != RW_NETWORK_CLASSIC)
		return 0;
	r = finding_add(subject, rw_check_named(RW_CHECK_CLASSIC_NETWORK), &finding, "network %s",
			subject->network->name);
	if (r == 0)
		finding->is_default = true; /* it is there from the cluster's first day */
	return r;
}

int judge_network(struct subject *subject)
{
	int r = judge_ssh(subject);

	if (r == 0)
		r = judge_icmp(subject);
	if (r == 0)
		r = judge_containers(subject);
	if (r == 0)
		r = judge_overlay(subject);
	if (r == 0)
		r = judge_balancers(subject);
	if (r == 0)
		r = judge_kind(subject);
	if (r == 0)
		r = judge_nodes(subject, RW_CHECK_ELASTIC_IP, has_elastic_ip);
	if (r == 0)
		r = judge_nodes(subject, RW_CHECK_NOT_ENFORCED, only_monitors);
	if (r == 0)
		r = judge_nodes(subject, RW_CHECK_NO_AGENT, has_no_agent);
	if (r == 0)
		r = judge_nodes(subject, RW_CHECK_SEVERAL_GROUPS, is_opened_elsewhere);
	return r < 0 ? r : judge_routes(subject);
}
