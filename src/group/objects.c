/* SPDX-License-Identifier: Apache-2.0 */
#include "group/model.h"

#include <string.h>

#include "base/array.h"

static bool copy_text(char **slot, const char *text)
{
	*slot = text ? strdup(text) : NULL;
	return !text || *slot;
}

#define COPY(copy, object, array, count_field)                                                               \
	rw_array_dup(&(copy)->array, &(copy)->count_field, (object)->array, (object)->count_field,           \
		     sizeof(*(object)->array))

/*
 * What every kind has in common; each brings <kind>_release (frees what the object owns) and <kind>_copy
 * (fills the owning fields of a bytewise copy; on failure those not yet copied are NULL).
 */
#define DEFINE_NEW(kind)                                                                                     \
	struct rw_##kind *rw_##kind##_new(void)                                                              \
	{                                                                                                    \
		struct rw_##kind *object = calloc(1, sizeof(*object));                                       \
                                                                                                             \
		if (object)                                                                                  \
			object->references = 1;                                                              \
		return object;                                                                               \
	}

#define DEFINE_OBJECT(kind)                                                                                  \
	struct rw_##kind *rw_##kind##_ref(const struct rw_##kind *object)                                    \
	{                                                                                                    \
		struct rw_##kind *counted = (struct rw_##kind *)(uintptr_t)object;                           \
                                                                                                             \
		(void)__atomic_add_fetch(&counted->references, 1, __ATOMIC_RELAXED);                         \
		return counted;                                                                              \
	}                                                                                                    \
	struct rw_##kind *rw_##kind##_unref(struct rw_##kind *object)                                        \
	{                                                                                                    \
		if (object && __atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) == 0) {           \
			kind##_release(object);                                                              \
			free(object);                                                                        \
		}                                                                                            \
		return NULL;                                                                                 \
	}                                                                                                    \
	struct rw_##kind *rw_##kind##_dup(const struct rw_##kind *object)                                    \
	{                                                                                                    \
		RW_CLEANUP(rw_##kind##_unref) struct rw_##kind *copy = rw_##kind##_new();                    \
                                                                                                             \
		if (!copy)                                                                                   \
			return NULL;                                                                         \
		/* Not the count: others may change it meanwhile. */                                         \
		memcpy((char *)copy + offsetof(struct rw_##kind, id),                                        \
		       (const char *)object + offsetof(struct rw_##kind, id),                                \
		       sizeof(*copy) - offsetof(struct rw_##kind, id));                                      \
		if (!kind##_copy(copy, object))                                                              \
			return NULL;                                                                         \
		return RW_TAKE_PTR(copy);                                                                    \
	}

static void network_release(struct rw_network *network)
{
	free(network->name);
	free(network->cidrs);
}

static bool network_copy(struct rw_network *copy, const struct rw_network *network)
{
	copy->name = NULL;
	copy->cidrs = NULL;
	return copy_text(&copy->name, network->name) && COPY(copy, network, cidrs, cidr_count);
}
DEFINE_NEW(network)
DEFINE_OBJECT(network)

static void cluster_release(struct rw_cluster *cluster)
{
	free(cluster->name);
	free(cluster->container_cidrs);
	free(cluster->management_cidrs);
	rw_tags_done(&cluster->tags);
}

static bool cluster_copy(struct rw_cluster *copy, const struct rw_cluster *cluster)
{
	copy->name = NULL;
	copy->container_cidrs = NULL;
	copy->management_cidrs = NULL;
	return rw_tags_copy(&copy->tags, &cluster->tags) && copy_text(&copy->name, cluster->name) &&
	       COPY(copy, cluster, container_cidrs, container_cidr_count) &&
	       COPY(copy, cluster, management_cidrs, management_cidr_count);
}
DEFINE_NEW(cluster)
DEFINE_OBJECT(cluster)

void rw_interface_done(struct rw_interface *interface)
{
	free(interface->name);
	free(interface->addresses);
	free(interface->elastic_ips);
	free(interface->shared_addresses);
	free(interface->security_groups);
	*interface = (struct rw_interface){0};
}

int rw_interface_copy(const struct rw_interface *interface, struct rw_interface *ret_copy)
{
	RW_CLEANUP(rw_interface_done)
	struct rw_interface copy = {.nic_type = interface->nic_type};

	if (!copy_text(&copy.name, interface->name) || !COPY(&copy, interface, addresses, address_count) ||
	    !COPY(&copy, interface, elastic_ips, elastic_ip_count) ||
	    !COPY(&copy, interface, shared_addresses, shared_address_count) ||
	    !COPY(&copy, interface, security_groups, security_group_count))
		return -ENOMEM;
	*ret_copy = copy;
	copy = (struct rw_interface){0};
	return 0;
}

static void node_release(struct rw_node *node)
{
	free(node->name);
	free(node->machine_id);
	free(node->security_groups);
	for (size_t i = 0; i < node->interface_count; i++)
		rw_interface_done(&node->interfaces[i]);
	free(node->interfaces);
	rw_tags_done(&node->tags);
}

static bool node_copy(struct rw_node *copy, const struct rw_node *node)
{
	copy->name = NULL;
	copy->machine_id = NULL;
	copy->security_groups = NULL;
	copy->interfaces = NULL;
	copy->interface_count = 0;
	if (!rw_tags_copy(&copy->tags, &node->tags) || !copy_text(&copy->name, node->name) ||
	    !copy_text(&copy->machine_id, node->machine_id) ||
	    !COPY(copy, node, security_groups, security_group_count))
		return false;
	if (node->interface_count == 0)
		return true;
	copy->interfaces = calloc(node->interface_count, sizeof(*copy->interfaces));
	if (!copy->interfaces)
		return false;
	for (; copy->interface_count < node->interface_count; copy->interface_count++)
		if (rw_interface_copy(&node->interfaces[copy->interface_count],
				      &copy->interfaces[copy->interface_count]) < 0)
			return false;
	return true;
}
DEFINE_NEW(node)
DEFINE_OBJECT(node)

static void rule_release(struct rw_rule *rule)
{
	free(rule->description);
	free(rule->author);
}

static bool rule_copy(struct rw_rule *copy, const struct rw_rule *rule)
{
	copy->description = NULL;
	copy->author = NULL;
	return copy_text(&copy->description, rule->description) && copy_text(&copy->author, rule->author);
}
struct rw_rule *rw_rule_new(void)
{
	struct rw_rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->references = 1;
	rule->ports = RW_PORTS_ANY;
	rule->source_ports = RW_PORTS_ANY;
	rule->priority = 1;
	return rule;
}
DEFINE_OBJECT(rule)

static void group_release(struct rw_group *group)
{
	free(group->name);
	free(group->description);
	for (size_t i = 0; i < group->rule_count; i++)
		(void)rw_rule_unref(group->rules[i]);
	free(group->rules);
	rw_tags_done(&group->tags);
}

static bool group_copy(struct rw_group *copy, const struct rw_group *group)
{
	copy->name = NULL;
	copy->description = NULL;
	copy->rules = NULL;
	copy->rule_count = 0;
	if (!rw_tags_copy(&copy->tags, &group->tags) || !copy_text(&copy->name, group->name) ||
	    !copy_text(&copy->description, group->description) || !COPY(copy, group, rules, rule_count))
		return false;
	copy->rule_count = group->rule_count;
	for (size_t i = 0; i < copy->rule_count; i++)
		(void)rw_rule_ref(copy->rules[i]);
	return true;
}
DEFINE_NEW(group)
DEFINE_OBJECT(group)

static void prefix_list_release(struct rw_prefix_list *list)
{
	free(list->name);
	free(list->description);
	free(list->cidrs);
	rw_tags_done(&list->entry_descriptions);
	rw_tags_done(&list->tags);
}

static bool prefix_list_copy(struct rw_prefix_list *copy, const struct rw_prefix_list *list)
{
	copy->name = NULL;
	copy->description = NULL;
	copy->cidrs = NULL;
	copy->entry_descriptions = (struct rw_tags){0};
	return rw_tags_copy(&copy->tags, &list->tags) &&
	       rw_tags_copy(&copy->entry_descriptions, &list->entry_descriptions) &&
	       copy_text(&copy->name, list->name) && copy_text(&copy->description, list->description) &&
	       COPY(copy, list, cidrs, cidr_count);
}
DEFINE_NEW(prefix_list)
DEFINE_OBJECT(prefix_list)

static int by_prefix(const void *key, const void *prefix)
{
	return rw_prefix_compare(key, prefix);
}

bool rw_prefix_list_has(const struct rw_prefix_list *list, const char *cidr)
{
	char text[RW_PREFIX_TEXT_SIZE];
	struct rw_prefix prefix;
	size_t place;

	if (rw_prefix_parse(cidr, &prefix, NULL) < 0)
		return false;
	place = rw_array_place(list->cidrs, list->cidr_count, sizeof(*list->cidrs), &prefix, by_prefix);
	if (place == list->cidr_count || rw_prefix_compare(&list->cidrs[place], &prefix) != 0)
		return false;
	rw_prefix_format(&prefix, text);
	return strcmp(text, cidr) == 0;
}

static void load_balancer_release(struct rw_load_balancer *balancer)
{
	free(balancer->name);
	free(balancer->source_cidrs);
	free(balancer->listeners);
}

static bool load_balancer_copy(struct rw_load_balancer *copy, const struct rw_load_balancer *balancer)
{
	copy->name = NULL;
	copy->source_cidrs = NULL;
	copy->listeners = NULL;
	return copy_text(&copy->name, balancer->name) &&
	       COPY(copy, balancer, source_cidrs, source_cidr_count) &&
	       COPY(copy, balancer, listeners, listener_count);
}
DEFINE_NEW(load_balancer)
DEFINE_OBJECT(load_balancer)

static void promise_release(struct rw_promise *promise)
{
	free(promise->reason);
}

static bool promise_copy(struct rw_promise *copy, const struct rw_promise *promise)
{
	copy->reason = NULL;
	return copy_text(&copy->reason, promise->reason);
}
DEFINE_NEW(promise)
DEFINE_OBJECT(promise)
