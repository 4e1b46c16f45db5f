/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "group/draft.h"
#include "group/parts.h"

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_ids(char (*const a)[RW_ID_SIZE], size_t a_count, char (*const b)[RW_ID_SIZE], size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool same_network(const struct rw_network *a, const struct rw_network *b)
{
	return same_text(a->name, b->name) && a->kind == b->kind && a->is_public == b->is_public &&
	       rw_prefixes_equal(a->cidrs, a->cidr_count, b->cidrs, b->cidr_count);
}

static bool same_cluster(const struct rw_cluster *a, const struct rw_cluster *b)
{
	return same_text(a->name, b->name) && same_text(a->network, b->network) && a->type == b->type &&
	       a->profile == b->profile && a->container_network == b->container_network &&
	       a->enforcement == b->enforcement && same_text(a->security_group, b->security_group) &&
	       rw_prefixes_equal(a->container_cidrs, a->container_cidr_count, b->container_cidrs,
				 b->container_cidr_count) &&
	       rw_prefixes_equal(a->management_cidrs, a->management_cidr_count, b->management_cidrs,
				 b->management_cidr_count) &&
	       rw_tags_equal(&a->tags, &b->tags);
}

static bool same_interface(const struct rw_interface *a, const struct rw_interface *b)
{
	return same_text(a->name, b->name) && a->nic_type == b->nic_type &&
	       rw_addresses_equal(a->addresses, a->address_count, b->addresses, b->address_count) &&
	       rw_addresses_equal(a->elastic_ips, a->elastic_ip_count, b->elastic_ips, b->elastic_ip_count) &&
	       rw_addresses_equal(a->shared_addresses, a->shared_address_count, b->shared_addresses,
				  b->shared_address_count) &&
	       same_ids(a->security_groups, a->security_group_count, b->security_groups,
			b->security_group_count);
}

static bool same_node(const struct rw_node *a, const struct rw_node *b)
{
	if (!same_text(a->name, b->name) || !same_text(a->cluster, b->cluster) ||
	    !same_text(a->network, b->network) || a->agent != b->agent || a->enforcement != b->enforcement ||
	    !same_text(a->machine_id, b->machine_id) || !rw_tags_equal(&a->tags, &b->tags) ||
	    a->interface_count != b->interface_count ||
	    !same_ids(a->security_groups, a->security_group_count, b->security_groups,
		      b->security_group_count))
		return false;
	for (size_t i = 0; i < a->interface_count; i++)
		if (!same_interface(&a->interfaces[i], &b->interfaces[i]))
			return false;
	return true;
}

static bool same_rule(const struct rw_rule *a, const struct rw_rule *b)
{
	return a == b || (same_text(a->id, b->id) && rw_rule_compare_meaning(a, b) == 0 &&
			  same_text(a->description, b->description) && same_text(a->author, b->author) &&
			  a->created_ms == b->created_ms);
}

static bool same_timeouts(const struct rw_timeouts *a, const struct rw_timeouts *b)
{
	return a->tcp_half_open == b->tcp_half_open && a->tcp_established == b->tcp_established &&
	       a->tcp_closing == b->tcp_closing && a->tcp_reset == b->tcp_reset && a->udp == b->udp &&
	       a->udp_assured == b->udp_assured && a->other == b->other;
}

static bool same_group(const struct rw_group *a, const struct rw_group *b)
{
	if (!same_text(a->name, b->name) || !same_text(a->description, b->description) ||
	    !same_text(a->network, b->network) || a->kind != b->kind || a->inner_access != b->inner_access ||
	    !same_text(a->managed_by, b->managed_by) || a->midstream_drop != b->midstream_drop ||
	    !same_timeouts(&a->timeouts, &b->timeouts) || !rw_tags_equal(&a->tags, &b->tags) ||
	    a->rule_count != b->rule_count)
		return false;
	for (size_t i = 0; i < a->rule_count; i++)
		if (!same_rule(a->rules[i], b->rules[i]))
			return false;
	return true;
}

static bool same_balancer(const struct rw_load_balancer *a, const struct rw_load_balancer *b)
{
	if (!same_text(a->name, b->name) || !same_text(a->cluster, b->cluster) ||
	    a->client_ip_kept != b->client_ip_kept || !same_text(a->source_group, b->source_group) ||
	    !rw_prefixes_equal(a->source_cidrs, a->source_cidr_count, b->source_cidrs,
			       b->source_cidr_count) ||
	    a->listener_count != b->listener_count)
		return false;
	for (size_t i = 0; i < a->listener_count; i++)
		if (a->listeners[i].protocol != b->listeners[i].protocol ||
		    a->listeners[i].port != b->listeners[i].port ||
		    a->listeners[i].backend_port != b->listeners[i].backend_port)
			return false;
	return true;
}

static bool same_promise(const struct rw_promise *a, const struct rw_promise *b)
{
	return same_text(a->network, b->network) && a->policy == b->policy &&
	       rw_object_compare(&a->from, &b->from) == 0 && rw_object_compare(&a->to, &b->to) == 0 &&
	       a->protocol == b->protocol && a->ports.first == b->ports.first &&
	       a->ports.last == b->ports.last && same_text(a->reason, b->reason);
}

static bool same_list(const struct rw_prefix_list *a, const struct rw_prefix_list *b)
{
	return same_text(a->name, b->name) && same_text(a->description, b->description) &&
	       a->family == b->family && a->max_entries == b->max_entries &&
	       rw_tags_equal(&a->tags, &b->tags) &&
	       rw_tags_equal(&a->entry_descriptions, &b->entry_descriptions) &&
	       rw_prefixes_equal(a->cidrs, a->cidr_count, b->cidrs, b->cidr_count);
}

bool rw_object_equal(enum rw_kind kind, const void *a, const void *b)
{
	if (a == b)
		return true;
	if (strcmp(rw_object_id(kind, a), rw_object_id(kind, b)) != 0)
		return false;
	if (rw_object_created(kind, a) != rw_object_created(kind, b))
		return false;
	switch (kind) {
	case RW_KIND_NETWORK:
		return same_network(a, b);
	case RW_KIND_CLUSTER:
		return same_cluster(a, b);
	case RW_KIND_NODE:
		return same_node(a, b);
	case RW_KIND_GROUP:
		return same_group(a, b);
	case RW_KIND_PREFIX_LIST:
		return same_list(a, b);
	case RW_KIND_LOAD_BALANCER:
		return same_balancer(a, b);
	case RW_KIND_PROMISE:
		return same_promise(a, b);
	case RW_KIND_COUNT_:
		break;
	}
	return false;
}
