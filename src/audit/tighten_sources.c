/* SPDX-License-Identifier: Apache-2.0 */

/* Where the clients of a port come from, as narrow as was seen and as short as people read it. */

#include <string.h>

#include "audit/tighten_internal.h"

/* Above so many single addresses or networks of one length, wider ones are named instead. */
#define SOURCES_MAX 8

static bool same_object(const struct rw_object *a, const struct rw_object *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == RW_OBJECT_CIDR ? rw_prefix_compare(&a->cidr, &b->cidr) == 0
					 : strcmp(a->id, b->id) == 0;
}

static int add_object(struct tightening *t, struct rw_vec *objects, const struct rw_object *object)
{
	struct rw_object *slot;

	for (size_t i = 0; i < objects->count; i++)
		if (same_object(rw_vec_at(objects, i), object))
			return 0;
	if (rw_vec_push(objects, &slot) < 0)
		return rw_error_oom(t->err);
	*slot = *object;
	return 0;
}

static int add_cidr(struct tightening *t, struct rw_vec *objects, const struct rw_prefix *cidr)
{
	const struct rw_object object = {.kind = RW_OBJECT_CIDR, .cidr = *cidr};

	return add_object(t, objects, &object);
}

/* ---- what a client belongs to ---- */

/* The group to which the client's node belongs, if it may be an object of our group; "" when there is none. */
static const char *group_of(struct tightening *t, const struct rw_address *client)
{
	const struct rw_node *node = rw_members_holder(t->members, t->network->id, client);
	const struct rw_cluster *cluster =
		node && node->cluster[0] ? rw_model_find_cluster(t->input->model, node->cluster) : NULL;
	const char *id = cluster                              ? cluster->security_group
			 : node && node->security_group_count ? node->security_groups[0]
							      : "";
	const struct rw_group *group = id[0] ? rw_model_find_group(t->input->model, id) : NULL;

	if (!group || group == t->group || group->kind != RW_GROUP_BASIC)
		return "";
	return group->id;
}

/* The container CIDR of a cluster of the network that holds the client, or NULL. */
static const struct rw_prefix *containers_of(const struct tightening *t, const struct rw_address *client)
{
	const struct rw_model *model = t->input->model;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);

		for (size_t j = 0;
		     strcmp(cluster->network, t->network->id) == 0 && j < cluster->container_cidr_count; j++)
			if (rw_prefix_contains(&cluster->container_cidrs[j], client))
				return &cluster->container_cidrs[j];
	}
	return NULL;
}

static const struct rw_prefix *network_of(const struct tightening *t, const struct rw_address *client)
{
	for (size_t i = 0; i < t->network->cidr_count; i++)
		if (rw_prefix_contains(&t->network->cidrs[i], client))
			return &t->network->cidrs[i];
	return NULL;
}

static int add_address(struct tightening *t, struct rw_vec *addresses, const struct rw_address *address)
{
	struct rw_address *slot;

	if (rw_vec_push(addresses, &slot) < 0)
		return rw_error_oom(t->err);
	*slot = *address;
	return 0;
}

/* The network that holds the client, into 'objects'; else it is a stranger. */
static int add_network_of(struct tightening *t, struct use *use, const struct rw_address *client,
			  struct rw_vec *objects)
{
	const struct rw_prefix *cidr = containers_of(t, client);

	if (!cidr)
		cidr = network_of(t, client);
	return cidr ? add_cidr(t, objects, cidr) : add_address(t, &use->strangers, client);
}

int use_add_client(struct tightening *t, struct use *use, const struct rw_address *client)
{
	const char *group = use->nic_type == RW_NIC_INTRANET ? group_of(t, client) : "";
	struct rw_object object = {.kind = RW_OBJECT_GROUP};
	int r;

	if (!group[0])
		return add_network_of(t, use, client, &use->objects);
	memcpy(object.id, group, strnlen(group, RW_ID_SIZE - 1));
	r = add_address(t, &use->members, client);
	return r < 0 ? r : add_object(t, &use->objects, &object);
}

/* ---- strangers ---- */

static int compare_addresses(const void *a, const void *b)
{
	return rw_address_compare(a, b);
}

static struct rw_prefix cut(const struct rw_address *address, uint8_t bits)
{
	struct rw_prefix prefix = {.address = *address, .bits = bits};

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			prefix.address.bytes[i] &= (uint8_t)(0xff00u >> kept);
	}
	return prefix;
}

/* Puts the strangers together in networks of one length; false when there are too many. */
static bool gather(const struct rw_vec *strangers, uint8_t bits, struct rw_prefix found[SOURCES_MAX],
		   size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < strangers->count; i++) {
		struct rw_prefix prefix = cut(rw_vec_at(strangers, i), bits);

		if (*ret_count && rw_prefix_compare(&found[*ret_count - 1], &prefix) == 0)
			continue;
		if (*ret_count == SOURCES_MAX)
			return false;
		found[(*ret_count)++] = prefix;
	}
	return true;
}

/* The private range that holds the address, or everything. */
static struct rw_prefix widest(const struct tightening *t, const struct rw_address *address)
{
	for (size_t i = 0; i < t->not_internet.count; i++) {
		const struct rw_prefix *range = rw_vec_at(&t->not_internet, i);

		if (rw_prefix_contains(range, address))
			return *range;
	}
	return (struct rw_prefix){.address = {.family = address->family}};
}

static int add_strangers(struct tightening *t, struct use *use, struct rw_vec *objects)
{
	static const uint8_t lengths[2][3] = {{32, 24, 16}, {128, 64, 48}};
	struct rw_vec *strangers = &use->strangers;
	struct rw_prefix found[SOURCES_MAX];
	size_t count = 0;
	int r = 0;

	if (strangers->count == 0)
		return 0;
	qsort(strangers->data, strangers->count, sizeof(struct rw_address), compare_addresses);
	for (size_t i = 0; i < RW_ARRAY_COUNT(lengths[0]); i++) {
		if (!gather(strangers, lengths[use->family == 6][i], found, &count))
			continue;
		for (size_t j = 0; r == 0 && j < count; j++)
			r = add_cidr(t, objects, &found[j]);
		return r;
	}
	for (size_t i = 0; r == 0 && i < strangers->count; i++) {
		struct rw_prefix range = widest(t, rw_vec_at(strangers, i));

		r = add_cidr(t, objects, &range);
	}
	return r;
}

static size_t count_groups(const struct rw_vec *objects)
{
	size_t count = 0;

	for (size_t i = 0; i < objects->count; i++)
		count += ((const struct rw_object *)rw_vec_at(objects, i))->kind == RW_OBJECT_GROUP;
	return count;
}

int use_sources(struct tightening *t, struct use *use, size_t room, struct rw_vec *objects)
{
	const struct rw_prefix anywhere = {.address = {.family = use->family}};
	bool with_groups = count_groups(&use->objects) <= room;
	int r = 0;

	if (use->public)
		return add_cidr(t, objects, &anywhere);
	for (size_t i = 0; r == 0 && i < use->objects.count; i++) {
		const struct rw_object *object = rw_vec_at(&use->objects, i);

		if (object->kind != RW_OBJECT_GROUP || with_groups)
			r = add_object(t, objects, object);
	}
	for (size_t i = 0; r == 0 && !with_groups && i < use->members.count; i++)
		r = add_network_of(t, use, rw_vec_at(&use->members, i), objects);
	return r < 0 ? r : add_strangers(t, use, objects);
}
