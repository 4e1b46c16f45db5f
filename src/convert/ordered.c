/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/ordered.h"

#include <stdio.h>
#include <string.h>

/* As many NICs as a node may have. */
#define NICS_MAX 64

static const char *name_of(const struct rw_ordered_node *node)
{
	return node->builder->options->node ? node->builder->options->node : "node";
}

void rw_ordered_done(struct rw_ordered_node *node)
{
	for (size_t i = 0; i < node->groups.count; i++)
		rw_group_unref(*(struct rw_group **)rw_vec_at(&node->groups, i));
	rw_vec_done(&node->groups);
	rw_vec_done(&node->nics);
}

/* A group for one NIC, or for all when 'nic' is "". */
static int add_group(struct rw_ordered_node *node, const char *nic, struct rw_error *err)
{
	char id[128], description[160];
	struct rw_group **slot;

	if (rw_vec_push(&node->groups, &slot) < 0)
		return rw_error_oom(err);
	*slot = rw_group_new();
	if (!*slot)
		return rw_error_oom(err);
	(void)snprintf(id, sizeof(id), "%s%s%s", name_of(node), nic[0] ? "-" : "", nic);
	rw_builder_id(RW_KIND_GROUP, id, (*slot)->id);
	(*slot)->kind = RW_GROUP_BASIC;
	(*slot)->inner_access = RW_VERDICT_DROP;
	(void)snprintf(description, sizeof(description), "rules of %s%s%s, from %s", name_of(node),
		       nic[0] ? " on " : "", nic, node->what);
	(*slot)->name = strdup(id);
	return (*slot)->name ? rw_builder_text(description, &(*slot)->description, err) : rw_error_oom(err);
}

int rw_ordered_init(struct rw_ordered_node *node, struct rw_builder *builder, const char *what,
		    struct rw_error *err)
{
	*node = (struct rw_ordered_node){.builder = builder, .what = what};
	rw_vec_init(&node->groups, sizeof(struct rw_group *), NICS_MAX + 1);
	rw_vec_init(&node->nics, 16, NICS_MAX);
	return add_group(node, "", err);
}

/* The group of a NIC, made when it is first named. */
static int find_group(struct rw_ordered_node *node, const char *nic, struct rw_group **ret_group,
		      struct rw_error *err)
{
	char(*name)[16];
	size_t index = 0;
	int r;

	if (nic[0]) {
		while (index < node->nics.count && strcmp(rw_vec_at(&node->nics, index), nic) != 0)
			index++;
		if (index == node->nics.count) {
			r = rw_vec_push(&node->nics, &name);
			if (r < 0)
				return r == -ENOMEM ? rw_error_oom(err)
						    : rw_error_set(err, r, "more than %d NICs are named",
								   NICS_MAX);
			(void)snprintf(*name, sizeof(*name), "%s", nic);
			r = add_group(node, nic, err);
			if (r < 0)
				return r;
		}
		index++;
	}
	*ret_group = *(struct rw_group **)rw_vec_at(&node->groups, index);
	return 0;
}

int rw_ordered_name_nic(struct rw_ordered_node *node, const char *nic, struct rw_error *err)
{
	struct rw_group *group;

	return find_group(node, nic, &group, err);
}

unsigned int rw_ordered_level(struct rw_decision_line *lines, size_t count, unsigned int first_level)
{
	unsigned int level = first_level;

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && lines[i].verdict != lines[i - 1].verdict)
			level++;
		lines[i].level = level;
	}
	return count > 0 ? level + 1 : first_level;
}

/* "line 12", "line 12; uncertain: behind line 9, which was left out". */
static void describe(const struct rw_decision_line *line, const char *what, char *text, size_t size)
{
	char where[32];

	if (line->line)
		(void)snprintf(where, sizeof(where), "line %u", line->line);
	else
		(void)snprintf(where, sizeof(where), "default policy");
	if (line->uncertain)
		(void)snprintf(text, size, "%s %s; uncertain: behind line %u, which was left out", what,
			       where, line->uncertain);
	else
		(void)snprintf(text, size, "%s %s", what, where);
}

int rw_ordered_add(struct rw_ordered_node *node, const struct rw_decision_line *line, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();
	struct rw_group *group = NULL;
	char description[160];
	int r;

	if (!rule)
		return rw_error_oom(err);
	if (line->level >= 100) {
		(void)rw_error_set(err, -E2BIG,
				   "line %u: accepting and dropping alternate more than 100 times",
				   line->line);
		return rw_error_hint(err, "Priorities are 1 to 100: group lines of the same verdict first.");
	}
	rule->direction = line->direction;
	rule->nic_type = RW_NIC_INTRANET;
	rule->policy = line->verdict;
	rule->protocol = line->protocol;
	rule->object.kind = RW_OBJECT_CIDR;
	rule->object.cidr = line->remote;
	if (line->local.bits > 0)
		rule->local_cidr = line->local;
	if (rw_protocol_has_ports(line->protocol)) {
		rule->ports = rw_ports_is_any(line->ports) ? RW_CONVERT_ALL_PORTS : line->ports;
		rule->source_ports = line->source_ports;
	}
	rule->priority = (uint8_t)(line->level + 1);
	describe(line, node->what, description, sizeof(description));
	r = rw_builder_text(description, &rule->description, err);
	if (r == 0)
		r = find_group(node, line->nic, &group, err);
	return r < 0 ? r : rw_builder_add_rule(group, RW_TAKE_PTR(rule), err);
}

static int add_interface(struct rw_node *record, const char *name, const char *group, struct rw_error *err)
{
	struct rw_interface interface = {.nic_type = RW_NIC_INTRANET, .name = strdup(name)};
	struct rw_interface *added;
	int r;

	if (!interface.name)
		return rw_error_oom(err);
	r = rw_builder_append(&record->interfaces, &record->interface_count, &interface, sizeof(interface),
			      err);
	if (r < 0) {
		free(interface.name);
		return r;
	}
	added = &record->interfaces[record->interface_count - 1];
	return group ? rw_builder_append(&added->security_groups, &added->security_group_count, group,
					 RW_ID_SIZE, err)
		     : 0;
}

static int add_interfaces(const struct rw_ordered_node *node, struct rw_node *record, struct rw_error *err)
{
	const struct rw_convert_options *options = node->builder->options;
	struct rw_interface *first;
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->nics.count; i++)
		r = add_interface(record, rw_vec_at(&node->nics, i),
				  (*(struct rw_group **)rw_vec_at(&node->groups, i + 1))->id, err);
	if (r == 0 && node->nics.count == 0)
		r = add_interface(record, "eth0", NULL, err);
	first = record->interfaces;
	for (size_t i = 0; r == 0 && i < options->address_count; i++)
		r = rw_builder_append(&first->addresses, &first->address_count, &options->addresses[i],
				      sizeof(options->addresses[i]), err);
	return r;
}

int rw_ordered_finish(struct rw_ordered_node *node, struct rw_error *err)
{
	RW_CLEANUP(rw_node_unref) struct rw_node *record = rw_node_new();
	const struct rw_network *network;
	struct rw_group **all = rw_vec_at(&node->groups, 0);
	int r;

	if (!record)
		return rw_error_oom(err);
	r = rw_builder_private_network(node->builder, "vpc-private", "private", &network, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_NODE, name_of(node), record->id);
	memcpy(record->network, network->id, RW_ID_SIZE);
	record->enforcement = RW_ENFORCEMENT_INHERIT;
	r = rw_builder_name(node->builder, RW_KIND_NODE, name_of(node), record->id, &record->name, err);
	if (r == 0)
		r = rw_builder_append(&record->security_groups, &record->security_group_count, (*all)->id,
				      RW_ID_SIZE, err);
	if (r == 0)
		r = add_interfaces(node, record, err);
	for (size_t i = 0; r == 0 && i < node->groups.count; i++) {
		struct rw_group **slot = rw_vec_at(&node->groups, i);

		memcpy((*slot)->network, network->id, RW_ID_SIZE);
		r = rw_builder_put(node->builder, RW_KIND_GROUP, RW_TAKE_PTR(*slot), err);
	}
	return r < 0 ? r : rw_builder_put(node->builder, RW_KIND_NODE, RW_TAKE_PTR(record), err);
}
