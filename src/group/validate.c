/* SPDX-License-Identifier: Apache-2.0 */
#include "group/validate.h"

#include <string.h>

#include "group/fail.h"
#include "group/parts.h"

static const char *const id_prefixes[RW_KIND_COUNT_] = {
	[RW_KIND_NETWORK] = "vpc-", [RW_KIND_CLUSTER] = "c",       [RW_KIND_NODE] = "n-",
	[RW_KIND_GROUP] = "sg-",    [RW_KIND_PREFIX_LIST] = "pl-", [RW_KIND_LOAD_BALANCER] = "lb-",
	[RW_KIND_PROMISE] = "pr-",
};

const char *rw_kind_id_prefix(enum rw_kind kind)
{
	return id_prefixes[kind];
}

int rw_validate_id_text(const char *id, const char *prefix, const char *field, struct rw_error *err)
{
	size_t length = strnlen(id, RW_ID_SIZE);
	size_t head = strlen(prefix);
	bool good = length < RW_ID_SIZE && length > head && strncmp(id, prefix, head) == 0;

	for (size_t i = head; good && i < length; i++)
		good = (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9') || id[i] == '-';
	if (good)
		return 0;
	return rw_group_fail(
		err, -EINVAL, field,
		"Use the prefix of its kind and lower-case letters, digits and hyphens, at most 47.",
		"\"%.60s\" is not an id that begins with \"%s\"", id, prefix);
}

int rw_validate_id(enum rw_kind kind, const char *id, const char *field, struct rw_error *err)
{
	return rw_validate_id_text(id, id_prefixes[kind], field, err);
}

int rw_validate_prefix(const struct rw_prefix *prefix, const char *field, struct rw_error *err)
{
	struct rw_prefix clean = *prefix;
	unsigned int most = prefix->address.family == 4 ? 32 : 128;

	if ((prefix->address.family != 4 && prefix->address.family != 6) || prefix->bits > most)
		return rw_group_fail(err, -EINVAL, field, "Write it like 10.0.0.0/8 or 2001:db8::/32.",
				     "not a CIDR");
	for (unsigned int i = prefix->bits; i < 128; i++)
		clean.address.bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	if (!rw_address_equal(&clean.address, &prefix->address))
		return rw_group_fail(err, -EINVAL, field, "Clear them.",
				     "bits behind the prefix length are set");
	return 0;
}

/* Well-formed and disjoint. */
static int check_prefixes(const struct rw_prefix *prefixes, size_t count, size_t most, const char *field,
			  struct rw_error *err)
{
	if (count > most)
		return rw_group_fail(err, -ENOSPC, field, "Join neighbouring CIDRs.", "more than %zu CIDRs",
				     most);
	for (size_t i = 0; i < count; i++) {
		char text[RW_PREFIX_TEXT_SIZE];
		char other[RW_PREFIX_TEXT_SIZE];

		if (rw_validate_prefix(&prefixes[i], "", err) < 0)
			return rw_error_field_prefix(err, "%s[%zu]", field, i);
		for (size_t j = 0; j < i; j++) {
			if (!rw_prefix_overlaps(&prefixes[i], &prefixes[j]))
				continue;
			rw_prefix_format(&prefixes[i], text);
			rw_prefix_format(&prefixes[j], other);
			(void)rw_group_fail(err, -EINVAL, "", "Leave the narrower one out.", "%s overlaps %s",
					    text, other);
			return rw_error_field_prefix(err, "%s[%zu]", field, i);
		}
	}
	return 0;
}

static int check_name(const char *name, size_t most, struct rw_error *err)
{
	int r = rw_validate_text(name, "name", 1, most, err);

	if (r < 0)
		return r;
	if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
		return rw_group_fail(err, -EINVAL, "name", "Remove the spaces at its ends.",
				     "begins or ends with a space");
	return 0;
}

static int check_tags(const struct rw_tags *tags, const struct rw_limits *limits, struct rw_error *err)
{
	if (tags->count > limits->tags_per_object)
		return rw_group_fail(err, -ENOSPC, "tags", "Leave some of them.", "more than %zu tags",
				     limits->tags_per_object);
	for (size_t i = 0; i < tags->count; i++) {
		int r = rw_validate_text(tags->list[i].key, "tags", 1, RW_TAG_TEXT_MAX, err);

		if (r == 0)
			r = rw_validate_text(tags->list[i].value, "tags", 0, RW_TAG_TEXT_MAX, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_network(const struct rw_network *network, const struct rw_limits *limits,
			 struct rw_error *err)
{
	bool ipv4 = false;
	int r = check_name(network->name, limits->name_length, err);

	if (r < 0)
		return r;
	if (network->kind != RW_NETWORK_VPC && network->kind != RW_NETWORK_CLASSIC)
		return rw_group_fail(err, -EINVAL, "kind", "Use vpc or classic.", "unknown kind of network");
	r = check_prefixes(network->cidrs, network->cidr_count, limits->cidrs_per_network, "cidrs", err);
	if (r < 0)
		return r;
	if (network->is_public && network->cidr_count > 0)
		return rw_group_fail(err, -EINVAL, "cidrs", "Leave the CIDRs out, or make it not public.",
				     "a public network is the declared addresses of its nodes");
	for (size_t i = 0; i < network->cidr_count; i++)
		ipv4 |= network->cidrs[i].address.family == 4;
	if (!network->is_public && !ipv4)
		return rw_group_fail(err, -EINVAL, "cidrs", "Add one such as 10.0.0.0/16.",
				     "a network needs an IPv4 CIDR");
	return 0;
}

static int check_cluster_choices(const struct rw_cluster *cluster, struct rw_error *err)
{
	if (cluster->type > RW_CLUSTER_GENERIC)
		return rw_group_fail(err, -EINVAL, "type", "Use swarm, kubernetes or generic.",
				     "unknown type of cluster");
	if (cluster->profile > RW_PROFILE_LOOSE)
		return rw_group_fail(err, -EINVAL, "profile",
				     "Use standard, kubernetes, kubernetes-strict or loose.",
				     "unknown profile");
	if (cluster->container_network > RW_CONTAINER_ROUTED)
		return rw_group_fail(err, -EINVAL, "container_network", "Use overlay or routed.",
				     "unknown container network");
	if (cluster->enforcement != RW_ENFORCE && cluster->enforcement != RW_MONITOR)
		return rw_group_fail(err, -EINVAL, "enforcement", "Use enforce or monitor.",
				     "unknown enforcement");
	return 0;
}

static int check_cluster(const struct rw_cluster *cluster, const struct rw_limits *limits,
			 struct rw_error *err)
{
	int r = check_name(cluster->name, limits->name_length < 63 ? limits->name_length : 63, err);

	if (r == 0 && cluster->name[0] == '-')
		r = rw_group_fail(err, -EINVAL, "name", "Begin it with a letter or digit.",
				  "begins with a hyphen");
	if (r == 0)
		r = rw_validate_id(RW_KIND_NETWORK, cluster->network, "network", err);
	if (r == 0)
		r = rw_validate_id(RW_KIND_GROUP, cluster->security_group, "security_group", err);
	if (r == 0)
		r = check_cluster_choices(cluster, err);
	if (r == 0)
		r = check_prefixes(cluster->container_cidrs, cluster->container_cidr_count,
				   limits->cidrs_per_cluster, "container_cidrs", err);
	if (r == 0)
		r = check_prefixes(cluster->management_cidrs, cluster->management_cidr_count,
				   limits->cidrs_per_cluster, "management_cidrs", err);
	return r < 0 ? r : check_tags(&cluster->tags, limits, err);
}

static int check_addresses(const struct rw_address *addresses, size_t count, size_t most, const char *field,
			   struct rw_error *err)
{
	if (count > most)
		return rw_group_fail(err, -ENOSPC, field, "Keep the addresses that peers use.",
				     "more than %zu addresses on one interface", most);
	for (size_t i = 0; i < count; i++) {
		char text[RW_ADDRESS_TEXT_SIZE];
		bool twice = false;

		rw_address_format(&addresses[i], text);
		for (size_t j = 0; j < i; j++)
			twice |= rw_address_equal(&addresses[i], &addresses[j]);
		if ((addresses[i].family == 4 || addresses[i].family == 6) && !twice &&
		    rw_address_is_global(&addresses[i]))
			continue;
		(void)rw_group_fail(
			err, -EINVAL, "", "Leave it out.",
			twice ? "%s is there twice"
			      : "%s is no address of a node (loopback, link-local, multicast or reserved)",
			text);
		return rw_error_field_prefix(err, "%s[%zu]", field, i);
	}
	return 0;
}

static int check_groups(char (*const groups)[RW_ID_SIZE], size_t count, struct rw_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (rw_validate_id(RW_KIND_GROUP, groups[i], "", err) < 0)
			return rw_error_field_prefix(err, "security_groups[%zu]", i);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(groups[i], groups[j]) != 0)
				continue;
			(void)rw_group_fail(err, -EINVAL, "", "Leave it out.", "%s is there twice",
					    groups[i]);
			return rw_error_field_prefix(err, "security_groups[%zu]", i);
		}
	}
	return 0;
}

static int check_interface_name(const char *name, struct rw_error *err)
{
	bool good =
		name && name[0] && strlen(name) <= 15 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;

	for (const char *c = name; good && *c; c++)
		good = *c > ' ' && *c < 0x7f && *c != '/' && *c != ':';
	if (good)
		return 0;
	return rw_group_fail(err, -EINVAL, "name", "Use the kernel's name of it, such as eth0.",
			     "not the name of an interface (1 to 15 characters, no spaces, / or :)");
}

static int check_interface(const struct rw_node *node, size_t index, const struct rw_limits *limits,
			   struct rw_error *err)
{
	const struct rw_interface *interface = &node->interfaces[index];
	size_t most = limits->addresses_per_interface;
	int r = check_interface_name(interface->name, err);

	for (size_t i = 0; r == 0 && i < index; i++)
		if (strcmp(node->interfaces[i].name, interface->name) == 0)
			r = rw_group_fail(err, -EINVAL, "name", "Leave it out.", "%s is there twice",
					  interface->name);
	if (r == 0 && interface->nic_type != RW_NIC_INTRANET && interface->nic_type != RW_NIC_INTERNET)
		r = rw_group_fail(err, -EINVAL, "nic_type", "Use intranet or internet.", "unknown NIC type");
	if (r == 0)
		r = check_addresses(interface->addresses, interface->address_count, most, "addresses", err);
	if (r == 0)
		r = check_addresses(interface->elastic_ips, interface->elastic_ip_count, most, "elastic_ips",
				    err);
	if (r == 0)
		r = check_addresses(interface->shared_addresses, interface->shared_address_count, most,
				    "shared_addresses", err);
	if (r == 0)
		r = check_groups(interface->security_groups, interface->security_group_count, err);
	if (r == 0 &&
	    interface->security_group_count + node->security_group_count > limits->groups_per_interface)
		r = rw_group_fail(err, -ENOSPC, "security_groups", "Leave some of them.",
				  "more than %zu further groups on one interface",
				  limits->groups_per_interface);
	return r;
}

int rw_validate_node_name(const char *name, struct rw_error *err)
{
	bool good = name && strlen(name) <= 63;

	for (const char *c = name; good && *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');

		good = plain || (c != name && (*c == '-' || *c == '.' || *c == '_'));
	}
	if (good && name[0])
		return 0;
	return rw_group_fail(
		err, -EINVAL, "name",
		"Use a host name: letters, digits, '-', '.' and '_', beginning with a letter or digit.",
		"not a node name of 1 to 63 characters");
}

static int check_node_groups(const struct rw_node *node, const struct rw_limits *limits, struct rw_error *err)
{
	size_t groups = node->security_group_count;
	int r = check_groups(node->security_groups, node->security_group_count, err);

	if (r < 0)
		return r;
	if (groups > limits->groups_per_interface)
		return rw_group_fail(err, -ENOSPC, "security_groups", "Leave some of them.",
				     "more than %zu further groups", limits->groups_per_interface);
	for (size_t i = 0; i < node->interface_count; i++)
		groups += node->interfaces[i].security_group_count;
	if (!node->cluster[0] && groups == 0)
		return rw_group_fail(err, -EINVAL, "security_groups",
				     "Name a free-standing group, or a cluster.",
				     "a node without cluster needs at least one group");
	return 0;
}

static int check_node(const struct rw_node *node, const struct rw_limits *limits, struct rw_error *err)
{
	int r = rw_validate_node_name(node->name, err);

	if (r == 0)
		r = rw_validate_id(RW_KIND_NETWORK, node->network, "network", err);
	if (r == 0 && node->cluster[0])
		r = rw_validate_id(RW_KIND_CLUSTER, node->cluster, "cluster", err);
	if (r == 0 && node->agent != RW_AGENT_MANAGED && node->agent != RW_AGENT_NONE)
		r = rw_group_fail(err, -EINVAL, "agent", "Use managed or none.", "unknown kind of agent");
	if (r == 0 && node->enforcement > RW_ENFORCEMENT_INHERIT)
		r = rw_group_fail(err, -EINVAL, "enforcement", "Use enforce or monitor, or leave it out.",
				  "unknown enforcement");
	if (r == 0)
		r = rw_validate_text(node->machine_id, "machine_id", 0, 128, err);
	if (r == 0 && node->interface_count > limits->interfaces_per_node)
		r = rw_group_fail(err, -ENOSPC, "interfaces", "Leave out those that need no enforcement.",
				  "more than %zu interfaces", limits->interfaces_per_node);
	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		r = check_interface(node, i, limits, err);
		if (r < 0)
			r = rw_error_field_prefix(err, "interfaces[%zu]", i);
	}
	if (r == 0)
		r = check_node_groups(node, limits, err);
	return r < 0 ? r : check_tags(&node->tags, limits, err);
}

static int check_timeouts(const struct rw_timeouts *timeouts, struct rw_error *err)
{
	const struct {
		const char *field;
		uint32_t seconds;
	} all[] = {
		{"timeouts.tcp_half_open", timeouts->tcp_half_open},
		{"timeouts.tcp_established", timeouts->tcp_established},
		{"timeouts.tcp_closing", timeouts->tcp_closing},
		{"timeouts.tcp_reset", timeouts->tcp_reset},
		{"timeouts.udp", timeouts->udp},
		{"timeouts.udp_assured", timeouts->udp_assured},
		{"timeouts.other", timeouts->other},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(all); i++)
		if (all[i].seconds > 864000)
			return rw_group_fail(err, -EINVAL, all[i].field,
					     "Use 1 to 864000 seconds (ten days), or 0 for the default.",
					     "%u seconds is too long", all[i].seconds);
	return 0;
}

static int check_rules(const struct rw_group *group, const struct rw_limits *limits, struct rw_error *err)
{
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];
		int r = rule->id[0] ? rw_validate_rule(rule, limits, err)
				    : rw_group_fail(err, -EINVAL, "id", "Give it one.",
						    "a stored rule has an id");

		if (r == 0 && i > 0 && strcmp(group->rules[i - 1]->id, rule->id) >= 0)
			r = rw_group_fail(err, -EINVAL, "id", "Use each id once.", "%s is there twice",
					  rule->id);
		if (r < 0)
			return rw_error_field_prefix(err, "rules[%zu]", i);
	}
	return 0;
}

static int check_group(const struct rw_group *group, const struct rw_limits *limits, struct rw_error *err)
{
	int r = check_name(group->name, limits->name_length, err);

	if (r == 0)
		r = rw_validate_text(group->description, "description", 0, limits->text_length, err);
	if (r == 0)
		r = rw_validate_id(RW_KIND_NETWORK, group->network, "network", err);
	if (r == 0 && group->managed_by[0])
		r = rw_validate_id(RW_KIND_CLUSTER, group->managed_by, "managed_by", err);
	if (r < 0)
		return r;
	if (group->kind != RW_GROUP_BASIC && group->kind != RW_GROUP_ENTERPRISE)
		return rw_group_fail(err, -EINVAL, "kind", "Use basic or enterprise.",
				     "unknown kind of group");
	if (group->inner_access != RW_VERDICT_ACCEPT && group->inner_access != RW_VERDICT_DROP)
		return rw_group_fail(err, -EINVAL, "inner_access", "Use accept or drop.",
				     "unknown inner access policy");
	if (group->kind == RW_GROUP_ENTERPRISE && group->inner_access == RW_VERDICT_ACCEPT)
		return rw_group_fail(err, -EINVAL, "inner_access", "Use drop, and rules with CIDRs.",
				     "members of an enterprise group are isolated");
	if (group->kind == RW_GROUP_ENTERPRISE && group->managed_by[0])
		return rw_group_fail(err, -EINVAL, "kind", "Use basic.", "a cluster's group is basic");
	r = check_timeouts(&group->timeouts, err);
	if (r == 0)
		r = check_tags(&group->tags, limits, err);
	return r < 0 ? r : check_rules(group, limits, err);
}

static int check_entry_descriptions(const struct rw_prefix_list *list, const struct rw_limits *limits,
				    struct rw_error *err)
{
	for (size_t i = 0; i < list->entry_descriptions.count; i++) {
		const struct rw_tag *entry = &list->entry_descriptions.list[i];
		int r = rw_validate_text(entry->value, "entry_descriptions", 1, limits->text_length, err);

		if (r == 0 && !rw_prefix_list_has(list, entry->key))
			r = rw_group_fail(err, -EINVAL, "entry_descriptions",
					  "Describe CIDRs of the list, as it has them.",
					  "\"%.60s\" is not in the list", entry->key);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_entries(const struct rw_prefix_list *list, const struct rw_limits *limits,
			 struct rw_error *err)
{
	if (list->max_entries > limits->cidrs_per_prefix_list)
		return rw_group_fail(err, -EINVAL, "max_entries", "Ask for fewer, or leave it out.",
				     "a list has at most %zu CIDRs", limits->cidrs_per_prefix_list);
	if (list->cidr_count > limits->cidrs_per_prefix_list)
		return rw_group_fail(err, -ENOSPC, "cidrs", "Join neighbouring CIDRs.", "more than %zu CIDRs",
				     limits->cidrs_per_prefix_list);
	if (list->max_entries && list->cidr_count > list->max_entries)
		return rw_group_fail(err, -ENOSPC, "cidrs", "Raise max_entries, or join neighbouring CIDRs.",
				     "more than the list's max_entries, %u", list->max_entries);
	return 0;
}

static int check_list(const struct rw_prefix_list *list, const struct rw_limits *limits, struct rw_error *err)
{
	int r = check_name(list->name, limits->name_length, err);

	if (r == 0)
		r = rw_validate_text(list->description, "description", 0, limits->text_length, err);
	if (r == 0)
		r = check_tags(&list->tags, limits, err);
	if (r == 0)
		r = check_entries(list, limits, err);
	if (r < 0)
		return r;
	if (list->family != 4 && list->family != 6)
		return rw_group_fail(err, -EINVAL, "family", "Use 4 or 6.", "%u is not a family",
				     list->family);
	for (size_t i = 0; i < list->cidr_count; i++) {
		r = rw_validate_prefix(&list->cidrs[i], "", err);
		if (r == 0 && list->cidrs[i].address.family != list->family)
			r = rw_group_fail(err, -EINVAL, "", "Keep one list a family.",
					  "not of the list's family, IPv%u", list->family);
		if (r == 0 && i > 0 && rw_prefix_compare(&list->cidrs[i - 1], &list->cidrs[i]) >= 0)
			r = rw_group_fail(err, -EINVAL, "", "Leave it out.", "is there twice");
		if (r < 0)
			return rw_error_field_prefix(err, "cidrs[%zu]", i);
	}
	return check_entry_descriptions(list, limits, err);
}

static int check_listener(const struct rw_load_balancer *balancer, size_t index, struct rw_error *err)
{
	const struct rw_listener *listener = &balancer->listeners[index];

	if (!rw_protocol_has_ports(listener->protocol))
		return rw_group_fail(err, -EINVAL, "protocol", "Use tcp or udp.",
				     "a listener has a protocol with ports");
	if (listener->port == 0)
		return rw_group_fail(err, -EINVAL, "port", "Use 1 to 65535.", "0 is not a port");
	if (listener->backend_port == 0)
		return rw_group_fail(err, -EINVAL, "backend_port", "Use 1 to 65535.", "0 is not a port");
	for (size_t i = 0; i < index; i++)
		if (balancer->listeners[i].protocol == listener->protocol &&
		    balancer->listeners[i].port == listener->port)
			return rw_group_fail(err, -EINVAL, "port", "Use each port once.",
					     "port %u has a listener already", listener->port);
	return 0;
}

static int check_balancer(const struct rw_load_balancer *balancer, const struct rw_limits *limits,
			  struct rw_error *err)
{
	int r = check_name(balancer->name, limits->name_length, err);

	if (r == 0)
		r = rw_validate_id(RW_KIND_CLUSTER, balancer->cluster, "cluster", err);
	if (r == 0 && balancer->source_group[0])
		r = rw_validate_id(RW_KIND_GROUP, balancer->source_group, "sources.group", err);
	if (r == 0 && balancer->source_group[0] && balancer->source_cidr_count > 0)
		r = rw_group_fail(err, -EINVAL, "sources", "Give either cidrs or a group.",
				  "sources are CIDRs or a group, not both");
	if (r == 0)
		r = check_prefixes(balancer->source_cidrs, balancer->source_cidr_count,
				   limits->cidrs_per_cluster, "sources.cidrs", err);
	if (r == 0 && balancer->listener_count > limits->listeners_per_load_balancer)
		r = rw_group_fail(err, -ENOSPC, "listeners", "Use a second load balancer.",
				  "more than %zu listeners", limits->listeners_per_load_balancer);
	for (size_t i = 0; r == 0 && i < balancer->listener_count; i++) {
		r = check_listener(balancer, i, err);
		if (r < 0)
			r = rw_error_field_prefix(err, "listeners[%zu]", i);
	}
	return r;
}

static int check_promise(const struct rw_promise *promise, const struct rw_limits *limits,
			 struct rw_error *err)
{
	int r = rw_validate_id(RW_KIND_NETWORK, promise->network, "network", err);

	if (r == 0 && promise->policy != RW_VERDICT_ACCEPT && promise->policy != RW_VERDICT_DROP)
		r = rw_group_fail(err, -EINVAL, "policy", "Use accept or deny.", "unknown policy");
	if (r == 0)
		r = rw_validate_rule_object(&promise->from, "from", err);
	if (r == 0)
		r = rw_validate_rule_object(&promise->to, "to", err);
	if (r == 0)
		r = rw_validate_ports(promise->protocol, promise->ports, err);
	if (r == 0)
		r = rw_validate_text(promise->reason, "reason", 0, limits->text_length, err);
	return r;
}

int rw_validate_object(enum rw_kind kind, const void *object, const struct rw_limits *limits,
		       struct rw_error *err)
{
	struct rw_error local;
	int r;

	err = err ? err : &local;
	limits = limits ? limits : &rw_limits_default;
	r = rw_validate_id(kind, rw_object_id(kind, object), "id", err);
	if (r == 0 && rw_object_created(kind, object) < 0)
		r = rw_group_fail(err, -EINVAL, "created", "Leave it out.", "before 1970");
	if (r < 0)
		return r;
	switch (kind) {
	case RW_KIND_NETWORK:
		return check_network(object, limits, err);
	case RW_KIND_CLUSTER:
		return check_cluster(object, limits, err);
	case RW_KIND_NODE:
		return check_node(object, limits, err);
	case RW_KIND_GROUP:
		return check_group(object, limits, err);
	case RW_KIND_PREFIX_LIST:
		return check_list(object, limits, err);
	case RW_KIND_LOAD_BALANCER:
		return check_balancer(object, limits, err);
	case RW_KIND_PROMISE:
		return check_promise(object, limits, err);
	case RW_KIND_COUNT_:
		break;
	}
	return rw_error_set(err, -EINVAL, "unknown kind of object");
}
