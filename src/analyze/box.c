/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/box.h"

#include <assert.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

/* Addresses with what is below them. */
struct interval {
	rw_set_key first, last;
	rw_set child;
	uint8_t family;
	uint32_t group;
};

/* Intervals of addresses with the same below them. */
struct group {
	rw_set child;
	uint8_t family; /* 0 = both may be in it */
	struct rw_prefix *prefixes;
	size_t count;
};

struct builder {
	struct rw_sets *sets;
	struct interval *intervals;
	size_t interval_count;
	struct group *groups;
	uint32_t group_count;
	struct rw_box *boxes;
	size_t box_count, box_capacity;
	size_t prefix_total;
	struct rw_error *err;
};

static void box_done(struct rw_box *box)
{
	free(box->remotes);
	free(box->ports);
	free(box->locals);
	free(box->source_ports);
	*box = (struct rw_box){0};
}
RW_DEFINE_DONE(struct rw_box, box_done)

void rw_boxes_done(struct rw_boxes *boxes)
{
	for (size_t i = 0; i < boxes->count; i++)
		box_done(&boxes->list[i]);
	free(boxes->list);
	*boxes = (struct rw_boxes){0};
}

static void builder_done(struct builder *builder)
{
	struct rw_boxes boxes = {builder->boxes, builder->box_count};

	for (uint32_t i = 0; i < builder->group_count; i++)
		free(builder->groups[i].prefixes);
	free(builder->groups);
	free(builder->intervals);
	rw_boxes_done(&boxes);
}
RW_DEFINE_DONE(struct builder, builder_done)

/* ---- prefixes ---- */

static int add_prefix(struct rw_prefix **list, size_t *count, struct rw_prefix prefix)
{
	/* Room grows by doubling: a count that is a power of two is a full list. */
	if ((*count & (*count - 1)) == 0) {
		struct rw_prefix *bigger;

		if (*count >= RW_BOXES_PREFIXES_MAX)
			return -E2BIG;
		bigger = realloc(*list, (*count ? *count * 2 : 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		*list = bigger;
	}
	(*list)[(*count)++] = prefix;
	return 0;
}

/* How many low bits of the key are zero, at most 128. */
static unsigned int zero_bits(rw_set_key key)
{
	uint64_t low = (uint64_t)key, high = (uint64_t)(key >> 64);

	if (low)
		return (unsigned int)__builtin_ctzll(low);
	return high ? 64 + (unsigned int)__builtin_ctzll(high) : 128;
}

int rw_prefixes_of_range(uint8_t family, rw_set_key first, rw_set_key last, struct rw_prefix **list,
			 size_t *count)
{
	for (;;) {
		/* The largest prefix that begins here and does not reach beyond the last address. */
		unsigned int free_bits = zero_bits(first);
		rw_set_key mask;
		int r;

		for (;; free_bits--) {
			mask = free_bits == 128 ? ~(rw_set_key)0 : ((rw_set_key)1 << free_bits) - 1;
			if (last - first >= mask)
				break;
		}
		r = add_prefix(list, count,
			       (struct rw_prefix){.address = rw_set_address_of(family, first),
						  .bits = (uint8_t)(128 - free_bits)});
		if (r < 0)
			return r;
		if (last - first == mask)
			return 0;
		first += mask + 1;
	}
}

/* ---- groups of addresses ---- */

static rw_set_key last_of_arc(const struct rw_set_arc *arcs, size_t count, size_t at, enum rw_set_level level)
{
	return at + 1 < count ? arcs[at + 1].first - 1 : rw_set_last_key(level);
}

/* True when the map below says something of local addresses: then it is about one family. */
static bool has_locals(const struct rw_sets *sets, rw_set map)
{
	const struct rw_set_arc *arcs;
	size_t count;

	if (rw_set_is_value(map) || rw_sets_level(sets, map) > RW_SET_LOCAL)
		return false;
	if (rw_sets_level(sets, map) == RW_SET_LOCAL)
		return true;
	count = rw_sets_arcs(sets, map, &arcs);
	for (size_t i = 0; i < count; i++)
		if (has_locals(sets, arcs[i].child))
			return true;
	return false;
}

static int add_intervals(struct builder *builder, rw_set map, uint8_t family)
{
	bool whole = rw_set_is_value(map) || rw_sets_level(builder->sets, map) != RW_SET_REMOTE;
	const struct rw_set_arc alone = {0, map};
	const struct rw_set_arc *arcs = &alone;
	size_t count = whole ? 1 : rw_sets_arcs(builder->sets, map, &arcs);
	struct interval *bigger =
		realloc(builder->intervals, (builder->interval_count + count) * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	builder->intervals = bigger;
	for (size_t i = 0; i < count; i++)
		if (arcs[i].child != RW_SET_EMPTY)
			builder->intervals[builder->interval_count++] = (struct interval){
				.first = arcs[i].first,
				.last = last_of_arc(arcs, count, i, RW_SET_REMOTE),
				.child = arcs[i].child,
				.family = family,
			};
	return 0;
}

/* A table of groups by child and family, number + 1. */
static uint32_t *find_group(struct builder *builder, uint32_t *table, size_t capacity, rw_set child,
			    uint8_t family)
{
	size_t at = (size_t)((child * 4ull + family) * 0x9e3779b97f4a7c15ull >> 32) & (capacity - 1);

	for (; table[at]; at = (at + 1) & (capacity - 1))
		if (builder->groups[table[at] - 1].child == child &&
		    builder->groups[table[at] - 1].family == family)
			break;
	return &table[at];
}

static int group_intervals(struct builder *builder)
{
	size_t capacity = 16;
	RW_CLEANUP(rw_free) uint32_t *table = NULL;

	while (capacity < builder->interval_count * 2)
		capacity *= 2;
	table = calloc(capacity, sizeof(*table));
	builder->groups = calloc(builder->interval_count + 1, sizeof(*builder->groups));
	if (!table || !builder->groups)
		return -ENOMEM;
	for (size_t i = 0; i < builder->interval_count; i++) {
		const struct interval *interval = &builder->intervals[i];
		uint8_t family = has_locals(builder->sets, interval->child) ? interval->family : 0;
		uint32_t *slot = find_group(builder, table, capacity, interval->child, family);
		struct group *group;
		size_t before;
		int r;

		if (!*slot) {
			builder->groups[builder->group_count] =
				(struct group){.child = interval->child, .family = family};
			*slot = ++builder->group_count;
		}
		group = &builder->groups[*slot - 1];
		before = group->count;
		r = rw_prefixes_of_range(interval->family, interval->first, interval->last, &group->prefixes,
					 &group->count);
		builder->prefix_total += group->count - before;
		if (r < 0 || builder->prefix_total > RW_BOXES_PREFIXES_MAX)
			return r < 0 ? r : -E2BIG;
	}
	return 0;
}

/* ---- boxes of a group ---- */

static int add_ports(struct rw_ports **list, size_t *count, struct rw_ports ports)
{
	if ((*count & (*count - 1)) == 0) {
		struct rw_ports *bigger = realloc(*list, (*count ? *count * 2 : 1) * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		*list = bigger;
	}
	(*list)[(*count)++] = ports;
	return 0;
}

static int copy_box(const struct rw_box *box, struct rw_box *ret_copy)
{
	*ret_copy = *box;
	ret_copy->remotes = ret_copy->locals = NULL;
	ret_copy->ports = ret_copy->source_ports = NULL;
	if (!rw_array_dup(&ret_copy->remotes, &ret_copy->remote_count, box->remotes, box->remote_count,
			  sizeof(*box->remotes)) ||
	    !rw_array_dup(&ret_copy->ports, &ret_copy->port_count, box->ports, box->port_count,
			  sizeof(*box->ports)) ||
	    !rw_array_dup(&ret_copy->locals, &ret_copy->local_count, box->locals, box->local_count,
			  sizeof(*box->locals)) ||
	    !rw_array_dup(&ret_copy->source_ports, &ret_copy->source_port_count, box->source_ports,
			  box->source_port_count, sizeof(*box->source_ports)))
		return -ENOMEM;
	return 0;
}

/* The set of one combination of the box's services, locals and source ports. */
static int unite_services(struct rw_sets *sets, const struct rw_box *box, const struct rw_prefix *local,
			  struct rw_ports source_ports, rw_set *set, struct rw_error *err)
{
	bool one = box->protocol_first == box->protocol_last;
	int r = 0;

	for (uint16_t protocol = box->protocol_first; !r && protocol <= box->protocol_last; protocol++) {
		for (size_t i = 0; !r && i < (one && box->port_count ? box->port_count : 1); i++) {
			struct rw_set_box piece = RW_SET_BOX_ANY;
			rw_set part;

			if (box->protocol_first != 0 || box->protocol_last != 255)
				piece.protocol = protocol;
			if (one && box->port_count)
				piece.ports = box->ports[i];
			piece.local = local;
			piece.source_ports = source_ports;
			r = rw_set_of_box(sets, &piece, &part, err);
			if (!r)
				r = rw_set_union(sets, *set, part, set, err);
			if (piece.protocol == RW_PROTOCOL_ALL)
				return r;
		}
	}
	return r;
}

static int make_set(struct rw_sets *sets, struct rw_box *box, struct rw_error *err)
{
	struct rw_set_box remotes = RW_SET_BOX_ANY;
	rw_set below = RW_SET_EMPTY, where;
	int r = 0;

	for (size_t i = 0; !r && i < (box->local_count ? box->local_count : 1); i++)
		for (size_t j = 0; !r && j < (box->source_port_count ? box->source_port_count : 1); j++)
			r = unite_services(sets, box, box->local_count ? &box->locals[i] : NULL,
					   box->source_port_count ? box->source_ports[j] : RW_PORTS_ANY,
					   &below, err);
	remotes.remotes = box->remotes;
	remotes.remote_count = box->remote_count;
	if (!r)
		r = rw_set_of_box(sets, &remotes, &where, err);
	return r < 0 ? r : rw_set_intersect(sets, where, below, &box->set, err);
}

/* Adds a copy of 'box', with its set. */
static int add_box(struct builder *builder, const struct rw_box *box)
{
	RW_CLEANUP(box_done) struct rw_box copy = {0};
	int r = copy_box(box, &copy);

	if (!r)
		r = make_set(builder->sets, &copy, builder->err);
	if (r < 0)
		return r;
	builder->prefix_total += copy.remote_count;
	if (builder->box_count == RW_BOXES_MAX || builder->prefix_total > RW_BOXES_PREFIXES_MAX)
		return -E2BIG;
	if (builder->box_count == builder->box_capacity) {
		size_t capacity = builder->box_capacity * 2 + 16;
		struct rw_box *bigger = realloc(builder->boxes, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		builder->boxes = bigger;
		builder->box_capacity = capacity;
	}
	builder->boxes[builder->box_count++] = copy;
	copy = (struct rw_box){0};
	return 0;
}

/* 'box' has remotes, services and locals; adds it with the source ports of 'map'. */
static int add_with_sources(struct builder *builder, struct rw_box *box, rw_set map)
{
	const struct rw_set_arc *arcs;
	size_t count;
	int r = 0;

	box->source_port_count = 0;
	if (rw_set_is_value(map))
		return map ? add_box(builder, box) : 0;
	count = rw_sets_arcs(builder->sets, map, &arcs);
	for (size_t i = 0; !r && i < count; i++)
		if (arcs[i].child != RW_SET_EMPTY)
			r = add_ports(
				&box->source_ports, &box->source_port_count,
				(struct rw_ports){(uint16_t)arcs[i].first,
						  (uint16_t)last_of_arc(arcs, count, i, RW_SET_SOURCE_PORT)});
	if (!r)
		r = add_box(builder, box);
	box->source_port_count = 0;
	free(box->source_ports);
	box->source_ports = NULL;
	return r;
}

/* Collects the local addresses from arc 'from' on that have the same below them. */
static int collect_locals(struct builder *builder, struct rw_box *box, rw_set map, size_t from,
			  uint8_t family)
{
	const struct rw_set_arc *arcs;
	size_t count = rw_sets_arcs(builder->sets, map, &arcs);
	int r = 0;

	for (size_t i = from; !r && i < count; i++)
		if (arcs[i].child == arcs[from].child)
			r = rw_prefixes_of_range(family, arcs[i].first,
						 last_of_arc(arcs, count, i, RW_SET_LOCAL), &box->locals,
						 &box->local_count);
	return r;
}

/* True when no arc before 'at' has the same child. */
static bool is_first(const struct rw_set_arc *arcs, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (arcs[i].child == arcs[at].child)
			return false;
	return true;
}

/* 'box' has remotes and services; adds it with the local addresses and source ports of 'map'. */
static int add_with_rest(struct builder *builder, struct rw_box *box, rw_set map, uint8_t family)
{
	const struct rw_set_arc *arcs;
	size_t count;
	int r = 0;

	if (rw_set_is_value(map) || rw_sets_level(builder->sets, map) != RW_SET_LOCAL)
		return add_with_sources(builder, box, map);
	count = rw_sets_arcs(builder->sets, map, &arcs);
	for (size_t i = 0; !r && i < count; i++) {
		/* Making a box may move the arcs. */
		(void)rw_sets_arcs(builder->sets, map, &arcs);
		if (arcs[i].child == RW_SET_EMPTY || !is_first(arcs, i))
			continue;
		r = collect_locals(builder, box, map, i, family);
		if (!r) {
			(void)rw_sets_arcs(builder->sets, map, &arcs);
			r = add_with_sources(builder, box, arcs[i].child);
		}
		free(box->locals);
		box->locals = NULL;
		box->local_count = 0;
	}
	return r;
}

/* A run of services that are boxes of their own, while the arcs of one rest are collected. */
struct services {
	struct builder *builder;
	struct rw_box *box;
	rw_set rest;
	uint8_t family;
};

static int flush_ports(struct services *services)
{
	struct rw_box *box = services->box;
	int r = box->port_count ? add_with_rest(services->builder, box, services->rest, services->family) : 0;

	free(box->ports);
	box->ports = NULL;
	box->port_count = 0;
	return r;
}

static int add_protocols(struct services *services, uint32_t first, uint32_t last)
{
	int r = flush_ports(services);

	services->box->protocol_first = (uint16_t)first;
	services->box->protocol_last = (uint16_t)last;
	return r < 0 ? r : add_with_rest(services->builder, services->box, services->rest, services->family);
}

static int add_some_ports(struct services *services, uint32_t protocol, uint32_t first, uint32_t last)
{
	struct rw_box *box = services->box;
	int r = box->port_count && box->protocol_first != protocol ? flush_ports(services) : 0;

	if (r < 0)
		return r;
	box->protocol_first = box->protocol_last = (uint16_t)protocol;
	return add_ports(&box->ports, &box->port_count, (struct rw_ports){(uint16_t)first, (uint16_t)last});
}

/* Services first..last: part of a protocol, whole protocols, part of another. */
static int add_services(struct services *services, uint32_t first, uint32_t last)
{
	uint32_t protocol = first >> 16;
	int r = 0;

	if ((first & 0xffff) || last < (first | 0xffff)) {
		uint32_t end = last < (first | 0xffff) ? last : first | 0xffff;

		r = add_some_ports(services, protocol, first & 0xffff, end & 0xffff);
		if (r < 0 || end == last)
			return r;
		protocol++;
	}
	if (protocol << 16 <= last && ((last & 0xffff) == 0xffff || protocol < last >> 16)) {
		uint32_t whole = (last & 0xffff) == 0xffff ? last >> 16 : (last >> 16) - 1;

		r = add_protocols(services, protocol, whole);
		protocol = whole + 1;
	}
	if (!r && protocol << 16 <= last)
		r = add_some_ports(services, protocol, 0, last & 0xffff);
	return r;
}

/* The boxes of a group whose services all have the rest that arc 'from' has. */
static int add_rest(struct services *services, rw_set map, size_t from)
{
	const struct rw_set_arc *arcs;
	size_t count = rw_sets_arcs(services->builder->sets, map, &arcs);
	int r = 0;

	services->rest = arcs[from].child;
	for (size_t i = from; !r && i < count; i++) {
		(void)rw_sets_arcs(services->builder->sets, map, &arcs);
		if (arcs[i].child == services->rest)
			r = add_services(services, (uint32_t)arcs[i].first,
					 (uint32_t)last_of_arc(arcs, count, i, RW_SET_SERVICE));
	}
	return r < 0 ? r : flush_ports(services);
}

static int add_group(struct builder *builder, const struct group *group)
{
	struct rw_box box = {.remotes = group->prefixes, .remote_count = group->count};
	struct services services = {.builder = builder, .box = &box, .family = group->family};
	const struct rw_set_arc *arcs;
	size_t count;
	int r = 0;

	if (rw_set_is_value(group->child) || rw_sets_level(builder->sets, group->child) != RW_SET_SERVICE) {
		services.rest = group->child;
		return add_services(&services, 0, (uint32_t)rw_set_last_key(RW_SET_SERVICE));
	}
	count = rw_sets_arcs(builder->sets, group->child, &arcs);
	for (size_t i = 0; !r && i < count; i++) {
		(void)rw_sets_arcs(builder->sets, group->child, &arcs);
		if (arcs[i].child != RW_SET_EMPTY && is_first(arcs, i))
			r = add_rest(&services, group->child, i);
	}
	free(box.ports);
	free(box.locals);
	free(box.source_ports);
	return r;
}

int rw_set_boxes(struct rw_sets *sets, rw_set set, struct rw_boxes *ret_boxes, struct rw_error *err)
{
	struct rw_error first = RW_ERROR_NONE;
	RW_CLEANUP(builder_done) struct builder builder = {.sets = sets, .err = &first};
	rw_set v4 = set, v6 = set;
	int r;

	if (!rw_set_is_value(set) && rw_sets_level(sets, set) == RW_SET_FAMILY) {
		const struct rw_set_arc *arcs;

		(void)rw_sets_arcs(sets, set, &arcs);
		v4 = arcs[0].child;
		v6 = arcs[1].child;
	}
	r = add_intervals(&builder, v4, 4);
	if (!r)
		r = add_intervals(&builder, v6, 6);
	if (!r)
		r = group_intervals(&builder);
	for (uint32_t i = 0; !r && i < builder.group_count; i++)
		r = add_group(&builder, &builder.groups[i]);
	if (r == -ENOMEM)
		return rw_error_oom(err);
	if (r < 0) {
		if (!first.code)
			(void)rw_error_set(&first, r, "the answer has more than %d boxes or %d CIDRs",
					   RW_BOXES_MAX, RW_BOXES_PREFIXES_MAX);
		if (err)
			*err = first;
		return r;
	}
	*ret_boxes = (struct rw_boxes){builder.boxes, builder.box_count};
	builder.boxes = NULL;
	builder.box_count = 0;
	return 0;
}
