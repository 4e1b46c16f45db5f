/* SPDX-License-Identifier: Apache-2.0 */
#include "group/default_rules.h"

#include <string.h>

#include "base/vec.h"

/* Far more than any profile makes out of its at most 16 CIDRs of each sort. */
#define RULES_MAX 4096

struct maker {
	const struct rw_default_rules *wanted;
	struct rw_vec rules; /* struct rw_rule *, references held */
	int r;               /* the first failure; later additions do nothing */
};

struct opening {
	uint16_t protocol;
	struct rw_ports ports;
	const char *description;
};

static const struct rw_prefix anywhere4 = {.address = {.family = 4}};
static const struct rw_prefix anywhere6 = {.address = {.family = 6}};

static const struct opening ping = {RW_PROTOCOL_ICMP, {0, 65535}, "ICMP"};
static const struct opening ssh = {RW_PROTOCOL_TCP, {22, 22}, "SSH"};
static const struct opening everything = {RW_PROTOCOL_ALL, {0, 65535}, "everything"};
static const struct opening containers = {RW_PROTOCOL_ALL, {0, 65535}, "containers"};
static const struct opening api_server = {RW_PROTOCOL_TCP, {6443, 6443}, "Kubernetes API server"};
static const struct opening web[] = {
	{RW_PROTOCOL_TCP, {80, 80}, "HTTP"},
	{RW_PROTOCOL_TCP, {443, 443}, "HTTPS"},
};
static const struct opening between_nodes[] = {
	{RW_PROTOCOL_TCP, {53, 53}, "DNS"},
	{RW_PROTOCOL_TCP, {443, 443}, "HTTPS and webhooks"},
	{RW_PROTOCOL_TCP, {2379, 2380}, "etcd"},
	{RW_PROTOCOL_TCP, {6443, 6443}, "Kubernetes API server"},
	{RW_PROTOCOL_TCP, {10250, 10250}, "kubelet"},
	{RW_PROTOCOL_UDP, {53, 53}, "DNS"},
	{RW_PROTOCOL_UDP, {8472, 8472}, "VXLAN"},
	{RW_PROTOCOL_UDP, {51820, 51820}, "WireGuard"},
	{RW_PROTOCOL_ICMP, {0, 65535}, "ICMP"},
};

static struct rw_rule *make_rule(const struct rw_default_rules *wanted, enum rw_nic_type nic_type,
				 const struct opening *opening, const struct rw_prefix *from)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();

	if (!rule)
		return NULL;
	rw_random_id(wanted->random, "sgr-", 16, rule->id, sizeof(rule->id));
	rule->direction = RW_DIRECTION_INGRESS;
	rule->nic_type = nic_type;
	rule->policy = RW_VERDICT_ACCEPT;
	rule->protocol = opening->protocol;
	if (rule->protocol == RW_PROTOCOL_ICMP && from->address.family == 6)
		rule->protocol = RW_PROTOCOL_ICMPV6;
	rule->ports = opening->ports;
	rule->object.kind = RW_OBJECT_CIDR;
	rule->object.cidr = *from;
	rule->created_ms = wanted->now_ms;
	rule->description = strdup(opening->description);
	rule->author = strdup(wanted->author ? wanted->author : "");
	return rule->description && rule->author ? RW_TAKE_PTR(rule) : NULL;
}

static bool is_there(const struct maker *maker, enum rw_nic_type nic_type, const struct opening *opening,
		     const struct rw_prefix *from)
{
	for (size_t i = 0; i < maker->rules.count; i++) {
		const struct rw_rule *rule = *(struct rw_rule **)rw_vec_at(&maker->rules, i);
		bool same_protocol =
			rule->protocol == opening->protocol ||
			(rule->protocol == RW_PROTOCOL_ICMPV6 && opening->protocol == RW_PROTOCOL_ICMP);

		if (rule->nic_type == nic_type && same_protocol &&
		    rule->ports.first == opening->ports.first && rule->ports.last == opening->ports.last &&
		    rw_prefix_compare(&rule->object.cidr, from) == 0)
			return true;
	}
	return false;
}

/* Adds the rule once, however many parts of a profile ask for it. */
static void add(struct maker *maker, enum rw_nic_type nic_type, const struct opening *opening,
		const struct rw_prefix *from)
{
	struct rw_rule **slot;

	if (maker->r < 0 || is_there(maker, nic_type, opening, from))
		return;
	maker->r = rw_vec_push(&maker->rules, &slot);
	if (maker->r < 0)
		return;
	*slot = make_rule(maker->wanted, nic_type, opening, from);
	if (!*slot) {
		maker->rules.count--;
		maker->r = -ENOMEM;
	}
}

static bool wants_ipv6(const struct rw_default_rules *wanted)
{
	for (size_t i = 0; i < wanted->network->cidr_count && !wanted->ipv4_only; i++)
		if (wanted->network->cidrs[i].address.family == 6)
			return true;
	return wanted->ipv6;
}

static void add_from_anywhere(struct maker *maker, enum rw_nic_type nic_type, const struct opening *opening)
{
	add(maker, nic_type, opening, &anywhere4);
	if (wants_ipv6(maker->wanted))
		add(maker, nic_type, opening, &anywhere6);
}

static void add_from_management(struct maker *maker, enum rw_nic_type nic_type, const struct opening *opening)
{
	const struct rw_cluster *cluster = maker->wanted->cluster;

	for (size_t i = 0; i < cluster->management_cidr_count; i++)
		add(maker, nic_type, opening, &cluster->management_cidrs[i]);
	if (cluster->management_cidr_count == 0)
		add_from_anywhere(maker, nic_type, opening);
}

static void add_between_nodes(struct maker *maker, enum rw_nic_type nic_type, const struct rw_prefix *from)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(between_nodes); i++)
		add(maker, nic_type, &between_nodes[i], from);
}

/* The rules of one table: a VPC has one, a classic network one for each NIC type. */
static void fill_table(struct maker *maker, enum rw_nic_type nic_type)
{
	const struct rw_network *network = maker->wanted->network;
	const struct rw_cluster *cluster = maker->wanted->cluster;
	enum rw_profile profile = cluster->profile;

	if (profile == RW_PROFILE_LOOSE) {
		add_from_anywhere(maker, nic_type, &everything);
		return;
	}
	add_from_anywhere(maker, nic_type, &ping);
	add_from_management(maker, nic_type, &ssh);
	for (size_t i = 0; i < RW_ARRAY_COUNT(web) && !maker->wanted->no_web; i++)
		add_from_anywhere(maker, nic_type, &web[i]);
	for (size_t i = 0; i < cluster->container_cidr_count && network->kind == RW_NETWORK_VPC; i++)
		add(maker, nic_type, &containers, &cluster->container_cidrs[i]);
	if (profile == RW_PROFILE_KUBERNETES || profile == RW_PROFILE_KUBERNETES_STRICT)
		add_from_management(maker, nic_type, &api_server);
	if (profile != RW_PROFILE_KUBERNETES_STRICT || nic_type != RW_NIC_INTRANET)
		return;
	for (size_t i = 0; i < network->cidr_count; i++)
		add_between_nodes(maker, nic_type, &network->cidrs[i]);
	for (size_t i = 0;
	     i < cluster->container_cidr_count && cluster->container_network == RW_CONTAINER_ROUTED; i++)
		add_between_nodes(maker, nic_type, &cluster->container_cidrs[i]);
}

static int compare_rules(const void *a, const void *b)
{
	const struct rw_rule *const *one = a;
	const struct rw_rule *const *other = b;

	return strcmp((*one)->id, (*other)->id);
}

int rw_default_rules_make(const struct rw_default_rules *wanted, struct rw_rule ***ret_rules,
			  size_t *ret_count, struct rw_error *err)
{
	struct maker maker = {.wanted = wanted};

	rw_vec_init(&maker.rules, sizeof(struct rw_rule *), RULES_MAX);
	fill_table(&maker, RW_NIC_INTRANET);
	if (wanted->network->kind == RW_NETWORK_CLASSIC)
		fill_table(&maker, RW_NIC_INTERNET);
	if (maker.r < 0) {
		for (size_t i = 0; i < maker.rules.count; i++)
			(void)rw_rule_unref(*(struct rw_rule **)rw_vec_at(&maker.rules, i));
		rw_vec_done(&maker.rules);
		return rw_error_oom(err);
	}
	qsort(maker.rules.data, maker.rules.count, sizeof(struct rw_rule *), compare_rules);
	*ret_rules = maker.rules.data;
	*ret_count = maker.rules.count;
	return 0;
}

enum rw_verdict rw_default_inner_access(const struct rw_network *network, enum rw_profile profile)
{
	return network->is_public || profile == RW_PROFILE_KUBERNETES_STRICT ? RW_VERDICT_DROP
									     : RW_VERDICT_ACCEPT;
}
