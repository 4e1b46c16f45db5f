/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Small models for tests, built in one line an object.  Helpers fail the test on bad input; ids are what the
 * test names, or counted up by a random source that counts.
 */

#include <stdio.h>
#include <string.h>

#include "test.h"

#include "group/edit.h"
#include "group/validate.h"

/* Randomness that counts: every id differs and every run is the same. */
static inline void world_fill(const struct rw_random *random, void *bytes, size_t size)
{
	static uint64_t next;
	uint64_t value = __builtin_bswap64(++next);

	(void)random;
	memset(bytes, 0, size);
	memcpy((char *)bytes + size - (size < 8 ? size : 8), (char *)&value + (size < 8 ? 8 - size : 0),
	       size < 8 ? size : 8);
}

static const struct rw_random world_random = {world_fill};
static const struct rw_edit_context world_context = {
	.now_ms = 1000, .author = "tester", .random = &world_random};

static inline struct rw_prefix world_prefix(const char *text)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_prefix prefix;

	if (rw_prefix_parse(text, &prefix, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return prefix;
}

static inline struct rw_address world_address(const char *text)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_address address;

	if (rw_address_parse(text, &address, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return address;
}

/* Splits "a,b,c" into *ret_items (one allocation each), at most 'most'. */
static inline size_t world_split(const char *list, char items[][64], size_t most)
{
	size_t count = 0;

	while (list && *list) {
		size_t length = strcspn(list, ",");

		assert_true(count < most && length < 64);
		memcpy(items[count], list, length);
		items[count++][length] = '\0';
		list += length + (list[length] == ',');
	}
	return count;
}

static inline void world_prefixes(const char *list, struct rw_prefix **slot, size_t *count)
{
	char items[16][64];

	*count = world_split(list, items, 16);
	*slot = *count ? calloc(*count, sizeof(**slot)) : NULL;
	for (size_t i = 0; i < *count; i++)
		(*slot)[i] = world_prefix(items[i]);
}

static inline void world_addresses(const char *list, struct rw_address **slot, size_t *count)
{
	char items[16][64];

	*count = world_split(list, items, 16);
	*slot = *count ? calloc(*count, sizeof(**slot)) : NULL;
	for (size_t i = 0; i < *count; i++)
		(*slot)[i] = world_address(items[i]);
}

static inline void world_id(char id[RW_ID_SIZE], const char *text)
{
	memset(id, 0, RW_ID_SIZE);
	assert_true(strlen(text) < RW_ID_SIZE);
	memcpy(id, text, strlen(text));
}

static inline void world_ids(const char *list, char (**slot)[RW_ID_SIZE], size_t *count)
{
	char items[16][64];

	*count = world_split(list, items, 16);
	*slot = *count ? calloc(*count, sizeof(**slot)) : NULL;
	for (size_t i = 0; i < *count; i++)
		world_id((*slot)[i], items[i]);
}

static inline struct rw_network *world_network(const char *id, enum rw_network_kind kind, const char *cidrs)
{
	struct rw_network *network = rw_network_new();

	world_id(network->id, id);
	network->name = strdup(id);
	network->kind = kind;
	world_prefixes(cidrs, &network->cidrs, &network->cidr_count);
	return network;
}

static inline struct rw_cluster *world_cluster(const char *id, const char *network,
					       const char *container_cidrs)
{
	struct rw_cluster *cluster = rw_cluster_new();

	world_id(cluster->id, id);
	cluster->name = strdup(id);
	world_id(cluster->network, network);
	cluster->type = RW_CLUSTER_SWARM;
	world_prefixes(container_cidrs, &cluster->container_cidrs, &cluster->container_cidr_count);
	return cluster;
}

/* A managed node with one intranet interface eth0; further interfaces by world_interface. */
static inline struct rw_node *world_node(const char *id, const char *network, const char *cluster,
					 const char *groups, const char *addresses)
{
	struct rw_node *node = rw_node_new();

	world_id(node->id, id);
	node->name = strdup(id);
	world_id(node->network, network);
	world_id(node->cluster, cluster);
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	world_ids(groups, &node->security_groups, &node->security_group_count);
	node->interfaces = calloc(1, sizeof(*node->interfaces));
	node->interface_count = 1;
	node->interfaces[0].name = strdup("eth0");
	world_addresses(addresses, &node->interfaces[0].addresses, &node->interfaces[0].address_count);
	return node;
}

static inline struct rw_interface *world_interface(struct rw_node *node, const char *name,
						   enum rw_nic_type nic_type, const char *addresses)
{
	struct rw_interface *interface;

	node->interfaces = realloc(node->interfaces, (node->interface_count + 1) * sizeof(*interface));
	interface = &node->interfaces[node->interface_count++];
	*interface = (struct rw_interface){.name = strdup(name), .nic_type = nic_type};
	world_addresses(addresses, &interface->addresses, &interface->address_count);
	return interface;
}

static inline struct rw_group *world_group(const char *id, const char *network)
{
	struct rw_group *group = rw_group_new();

	world_id(group->id, id);
	group->name = strdup(id);
	group->description = strdup("");
	world_id(group->network, network);
	group->inner_access = RW_VERDICT_ACCEPT;
	return group;
}

static inline struct rw_prefix_list *world_list(const char *id, uint8_t family, const char *cidrs)
{
	struct rw_prefix_list *list = rw_prefix_list_new();

	world_id(list->id, id);
	list->name = strdup(id);
	list->family = family;
	world_prefixes(cidrs, &list->cidrs, &list->cidr_count);
	return list;
}

static inline struct rw_object world_object(const char *text)
{
	struct rw_object object = {0};

	if (strncmp(text, "sg-", 3) == 0 || strncmp(text, "pl-", 3) == 0) {
		object.kind = text[0] == 's' ? RW_OBJECT_GROUP : RW_OBJECT_PREFIX_LIST;
		world_id(object.id, text);
	} else {
		object.cidr = world_prefix(text);
	}
	return object;
}

/*
 * A rule from words: "<id or -> <in|out> <accept|drop> <protocol> <ports> <object> [priority]", such as
 * "sgr-1 in accept tcp 22/22 0.0.0.0/0".  Always intranet.
 */
static inline struct rw_rule *world_rule(const char *text)
{
	char id[48], direction[8], policy[8], protocol[8], ports[16], object[64];
	struct rw_rule *rule = rw_rule_new();
	unsigned int priority = 1;

	if (sscanf(text, "%47s %7s %7s %7s %15s %63s %u", id, direction, policy, protocol, ports, object,
		   &priority) < 6)
		fail_msg("not a rule: %s", text);
	if (strcmp(id, "-") != 0)
		world_id(rule->id, id);
	rule->direction = strcmp(direction, "in") == 0 ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS;
	rule->policy = strcmp(policy, "accept") == 0 ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	assert_int_equal(rw_protocol_parse(protocol, &rule->protocol, NULL), 0);
	assert_int_equal(rw_ports_parse(ports, &rule->ports, NULL), 0);
	rule->object = world_object(object);
	rule->priority = (uint8_t)priority;
	rule->description = strdup("");
	rule->author = strdup("");
	return rule;
}

/* Edits that must succeed. */
static inline void world_create(struct rw_draft *draft, enum rw_kind kind, void *object)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_edit_create(draft, kind, object, NULL, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
}

static inline void world_add_rule(struct rw_draft *draft, const char *group, const char *text)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_rule *rule = world_rule(text);

	if (rw_edit_add_rules(draft, group, &rule, 1, NULL, &err) < 0)
		fail_msg("%s: %s: %s", text, err.field, err.text);
}

/*
 * A VPC vpc-1 (10.0.0.0/16) with cluster c1 (containers 172.16.0.0/16), its nodes n-1 and n-2 (10.0.0.1 and
 * .2), a free-standing group sg-free with node n-free (10.0.0.9).
 */
static inline struct rw_draft *world_vpc(void)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_model_new();
	struct rw_draft *draft = rw_draft_new(model, &world_context);
	struct rw_cluster *cluster = world_cluster("c1", "vpc-1", "172.16.0.0/16");

	world_id(cluster->security_group, "sg-c1");
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-1", RW_NETWORK_VPC, "10.0.0.0/16"));
	world_create(draft, RW_KIND_CLUSTER, cluster);
	world_create(draft, RW_KIND_GROUP, world_group("sg-free", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-1", "vpc-1", "c1", "", "10.0.0.1"));
	world_create(draft, RW_KIND_NODE, world_node("n-2", "vpc-1", "c1", "", "10.0.0.2"));
	world_create(draft, RW_KIND_NODE, world_node("n-free", "vpc-1", "", "sg-free", "10.0.0.9"));
	return draft;
}
