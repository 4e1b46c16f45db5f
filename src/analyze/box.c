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
};

/* Services first..last. */
struct span {
	uint32_t first, last;
};

/* Services, and what remains of a set there: a set that says nothing of services. */
struct bundle {
	rw_set below;
	struct span span;
};

struct builder {
	struct rw_sets *sets;
	const struct span *spans; /* what "all services" means: those of the bundle, ascending */
	size_t span_count;
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

	free(builder->groups);
	free(builder->intervals);
	rw_boxes_done(&boxes);
}
RW_DEFINE_DONE(struct builder, builder_done)

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
	free(builder->groups);
	builder->groups = calloc(builder->interval_count + 1, sizeof(*builder->groups));
	if (!table || !builder->groups)
		return -ENOMEM;
	for (size_t i = 0; i < builder->interval_count; i++) {
		const struct interval *interval = &builder->intervals[i];
		uint8_t family = has_locals(builder->sets, interval->child) ? interval->family : 0;
		uint32_t *slot = find_group(builder, table, capacity, interval->child, family);

		if (!*slot) {
			builder->groups[builder->group_count] =
				(struct group){.child = interval->child, .family = family};
			*slot = ++builder->group_count;
		}
		builder->intervals[i].group = *slot - 1;
	}
	return 0;
}

/*
 * The addresses of the groups that are chosen as the fewest prefixes: neighbouring intervals are one.  To be
 * freed.
 */
static int list_remotes(struct builder *builder, const bool *chosen, struct rw_prefix **ret_list,
			size_t *ret_count)
{
	RW_CLEANUP(rw_free) struct rw_prefix *list = NULL;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0, end; !r && i < builder->interval_count; i = end) {
		const struct interval *first = &builder->intervals[i];

		end = i + 1;
		if (!chosen[first->group])
			continue;
		while (end < builder->interval_count && chosen[builder->intervals[end].group] &&
		       builder->intervals[end].family == first->family &&
		       builder->intervals[end].first == builder->intervals[end - 1].last + 1)
			end++;
		r = rw_prefixes_of_range(first->family, first->first, builder->intervals[end - 1].last, &list,
					 &count);
	}
	builder->prefix_total += count;
	if (r < 0 || builder->prefix_total > RW_BOXES_PREFIXES_MAX)
		return r < 0 ? r : -E2BIG;
	*ret_list = RW_TAKE_PTR(list);
	*ret_count = count;
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

/* 'chosen' is all false before and after. */
static int add_group(struct builder *builder, uint32_t number, bool *chosen)
{
	const struct group *group = &builder->groups[number];
	RW_CLEANUP(box_done) struct rw_box box = {0};
	struct services services = {.builder = builder, .box = &box, .family = group->family};
	const struct rw_set_arc *arcs;
	size_t count;
	int r;

	chosen[number] = true;
	r = list_remotes(builder, chosen, &box.remotes, &box.remote_count);
	chosen[number] = false;
	if (r < 0)
		return r;
	if (rw_set_is_value(group->child) || rw_sets_level(builder->sets, group->child) != RW_SET_SERVICE) {
		services.rest = group->child;
		for (size_t i = 0; !r && i < builder->span_count; i++)
			r = add_services(&services, builder->spans[i].first, builder->spans[i].last);
		return r < 0 ? r : flush_ports(&services);
	}
	count = rw_sets_arcs(builder->sets, group->child, &arcs);
	for (size_t i = 0; !r && i < count; i++) {
		(void)rw_sets_arcs(builder->sets, group->child, &arcs);
		if (arcs[i].child != RW_SET_EMPTY && is_first(arcs, i))
			r = add_rest(&services, group->child, i);
	}
	return r;
}

/* Adds the boxes of 'set': sources that may do the same are one.  What it says of all services is of the spans. */
static int add_set(struct builder *builder, rw_set set)
{
	RW_CLEANUP(rw_free) bool *chosen = NULL;
	rw_set v4 = set, v6 = set;
	int r;

	if (!rw_set_is_value(set) && rw_sets_level(builder->sets, set) == RW_SET_FAMILY) {
		const struct rw_set_arc *arcs;

		(void)rw_sets_arcs(builder->sets, set, &arcs);
		v4 = arcs[0].child;
		v6 = arcs[1].child;
	}
	builder->interval_count = 0;
	builder->group_count = 0;
	r = add_intervals(builder, v4, 4);
	if (!r)
		r = add_intervals(builder, v6, 6);
	if (!r)
		r = group_intervals(builder);
	if (r < 0)
		return r;
	chosen = calloc(builder->group_count + 1, sizeof(*chosen));
	if (!chosen)
		return -ENOMEM;
	for (uint32_t i = 0; !r && i < builder->group_count; i++)
		r = add_group(builder, i, chosen);
	return r;
}

/* ---- services first ---- */

/* Most groups of addresses times cuts of services for which this is tried. */
#define TRANSPOSED_MAX (1u << 20)

static int compare_bundles(const void *a, const void *b)
{
	const struct bundle *left = a, *right = b;

	if (left->below != right->below)
		return left->below < right->below ? -1 : 1;
	return (left->span.first > right->span.first) - (left->span.first < right->span.first);
}

/* Collects where services begin that the groups tell apart; *ret_count is 0 when there are too many. */
static int cut_services(const struct builder *builder, uint32_t **ret_cuts, size_t *ret_count)
{
	size_t count = 0, most = 1, kept = 0;
	uint32_t *cuts;

	for (uint32_t i = 0; i < builder->group_count; i++) {
		const struct rw_set_arc *arcs;
		rw_set child = builder->groups[i].child;

		if (!rw_set_is_value(child) && rw_sets_level(builder->sets, child) == RW_SET_SERVICE)
			most += rw_sets_arcs(builder->sets, child, &arcs);
	}
	*ret_count = 0;
	if (most > TRANSPOSED_MAX)
		return 0;
	cuts = malloc(most * sizeof(*cuts));
	if (!cuts)
		return -ENOMEM;
	cuts[count++] = 0;
	for (uint32_t i = 0; i < builder->group_count; i++) {
		const struct rw_set_arc *arcs;
		rw_set child = builder->groups[i].child;
		size_t arc_count = 0;

		if (!rw_set_is_value(child) && rw_sets_level(builder->sets, child) == RW_SET_SERVICE)
			arc_count = rw_sets_arcs(builder->sets, child, &arcs);
		for (size_t j = 0; j < arc_count; j++)
			cuts[count++] = (uint32_t)arcs[j].first;
	}
	qsort(cuts, count, sizeof(*cuts), rw_array_compare_u32);
	for (size_t i = 0; i < count; i++)
		if (!kept || cuts[kept - 1] != cuts[i])
			cuts[kept++] = cuts[i];
	*ret_cuts = cuts;
	*ret_count = kept;
	return 0;
}

/* Gives the intervals of services with what remains of 'set' there, those with the same together. */
static int make_bundles(const struct builder *builder, rw_set set, const uint32_t *cuts, size_t cut_count,
			struct bundle **ret_bundles, size_t *ret_count)
{
	RW_CLEANUP(rw_free) struct bundle *bundles = malloc((cut_count + 1) * sizeof(*bundles));
	size_t count = 0;

	if (!bundles)
		return -ENOMEM;
	for (size_t i = 0; i < cut_count; i++) {
		uint32_t last =
			i + 1 < cut_count ? cuts[i + 1] - 1 : (uint32_t)rw_set_last_key(RW_SET_SERVICE);
		rw_set below;
		int r = rw_set_at_service(builder->sets, set, cuts[i], &below, builder->err);

		if (r < 0)
			return r;
		if (below == RW_SET_EMPTY)
			continue;
		if (count && bundles[count - 1].below == below && bundles[count - 1].span.last + 1 == cuts[i])
			bundles[count - 1].span.last = last;
		else
			bundles[count++] = (struct bundle){below, {cuts[i], last}};
	}
	qsort(bundles, count, sizeof(*bundles), compare_bundles);
	*ret_bundles = RW_TAKE_PTR(bundles);
	*ret_count = count;
	return 0;
}

/* Adds the boxes of 'set' to 'boxes': services with the same sources are one. */
static int add_by_services(struct builder *boxes, rw_set set, const uint32_t *cuts, size_t cut_count)
{
	RW_CLEANUP(rw_free) struct bundle *bundles = NULL;
	RW_CLEANUP(rw_free) struct span *spans = NULL;
	size_t count = 0;
	int r = make_bundles(boxes, set, cuts, cut_count, &bundles, &count);

	if (r < 0)
		return r;
	spans = malloc((count + 1) * sizeof(*spans));
	if (!spans)
		return -ENOMEM;
	for (size_t i = 0, end; !r && i < count; i = end) {
		for (end = i; end < count && bundles[end].below == bundles[i].below; end++)
			spans[end - i] = bundles[end].span;
		boxes->spans = spans;
		boxes->span_count = end - i;
		r = add_set(boxes, bundles[i].below);
	}
	return r;
}

/* The sources that may do everything, as a set; empty when there are none. */
static int find_whole(struct builder *builder, rw_set *ret_whole)
{
	RW_CLEANUP(rw_free) bool *chosen = calloc(builder->group_count + 1, sizeof(*chosen));
	RW_CLEANUP(rw_free) struct rw_prefix *list = NULL;
	struct rw_set_box box = RW_SET_BOX_ANY;
	bool any = false;
	int r;

	*ret_whole = RW_SET_EMPTY;
	if (!chosen)
		return -ENOMEM;
	for (uint32_t i = 0; i < builder->group_count; i++)
		any |= chosen[i] = builder->groups[i].child == RW_SET_ALL;
	if (!any)
		return 0;
	r = list_remotes(builder, chosen, &list, &box.remote_count);
	box.remotes = list;
	return r < 0 ? r : rw_set_of_box(builder->sets, &box, ret_whole, builder->err);
}

/* Puts other boxes in place of those of 'builder' when they are fewer. */
static void keep_fewer(struct builder *builder, struct builder *other)
{
	struct rw_box *boxes = builder->boxes;
	size_t count = builder->box_count;

	if (other->box_count >= count)
		return;
	builder->boxes = other->boxes;
	builder->box_count = other->box_count;
	other->boxes = boxes;
	other->box_count = count;
}

/* Boxes of 'whole' by sources, of the rest of 'set' by services. */
static int try_split(struct builder *builder, rw_set set, rw_set whole, const uint32_t *cuts,
		     size_t cut_count)
{
	static const struct span everything = {0, 0xffffff};
	RW_CLEANUP(builder_done)
	struct builder other = {
		.sets = builder->sets, .err = builder->err, .spans = &everything, .span_count = 1};
	int r = rw_set_subtract(builder->sets, set, whole, &set, builder->err);

	if (!r)
		r = add_set(&other, whole);
	if (!r)
		r = add_by_services(&other, set, cuts, cut_count);
	if (!r)
		keep_fewer(builder, &other);
	return r;
}

/* Looks whether boxes by services are fewer than those by sources that 'builder' has. */
static int try_services(struct builder *builder, rw_set set)
{
	RW_CLEANUP(rw_free) uint32_t *cuts = NULL;
	size_t cut_count = 0;
	rw_set whole;
	int r = cut_services(builder, &cuts, &cut_count);

	if (r < 0 || builder->box_count < 2 || !cut_count ||
	    cut_count * builder->interval_count > TRANSPOSED_MAX)
		return r;
	r = find_whole(builder, &whole);
	if (!r)
		r = try_split(builder, set, RW_SET_EMPTY, cuts, cut_count);
	if (!r && whole != RW_SET_EMPTY)
		r = try_split(builder, set, whole, cuts, cut_count);
	/* Not finished within the limits: those that there are will do. */
	if (r == -E2BIG) {
		*builder->err = RW_ERROR_NONE;
		return 0;
	}
	return r;
}

/* ---- the whole ---- */

static int compare_boxes(const void *a, const void *b)
{
	const struct rw_box *left = a, *right = b;
	uint16_t left_port = left->port_count ? left->ports[0].first : 0;
	uint16_t right_port = right->port_count ? right->ports[0].first : 0;
	int order = 0;

	if (left->protocol_first != right->protocol_first)
		return left->protocol_first < right->protocol_first ? -1 : 1;
	if (left_port != right_port)
		return left_port < right_port ? -1 : 1;
	order = rw_prefix_compare(&left->remotes[0], &right->remotes[0]);
	if (!order && left->local_count && right->local_count)
		order = rw_prefix_compare(&left->locals[0], &right->locals[0]);
	return order ? order : (left->set > right->set) - (left->set < right->set);
}

int rw_set_boxes(struct rw_sets *sets, rw_set set, struct rw_boxes *ret_boxes, struct rw_error *err)
{
	static const struct span everything = {0, 0xffffff};
	struct rw_error first = RW_ERROR_NONE;
	RW_CLEANUP(builder_done)
	struct builder builder = {.sets = sets, .err = &first, .spans = &everything, .span_count = 1};
	int r = add_set(&builder, set);

	if (!r)
		r = try_services(&builder, set);
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
	if (builder.box_count)
		qsort(builder.boxes, builder.box_count, sizeof(*builder.boxes), compare_boxes);
	*ret_boxes = (struct rw_boxes){builder.boxes, builder.box_count};
	builder.boxes = NULL;
	builder.box_count = 0;
	return 0;
}
