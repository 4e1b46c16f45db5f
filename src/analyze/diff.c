/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diff.h"

#include <assert.h>
#include <string.h>

/* Two deciders with different verdicts that meet somewhere.  Its value in the map is its number + 1. */
struct pair {
	uint32_t before;
	uint32_t after;
	bool opens;
};

struct comparison {
	const struct rw_space *space;
	struct pair *pairs;
	uint32_t count, capacity;
	uint32_t *table; /* pairs by hash, number + 1; twice 'capacity' */
	bool failed;     /* memory ran out */
};

static void comparison_done(struct comparison *comparison)
{
	free(comparison->pairs);
	free(comparison->table);
}
RW_DEFINE_DONE(struct comparison, comparison_done)

void rw_diff_done(struct rw_diff *diff)
{
	for (size_t i = 0; diff->changes && i < diff->boxes.count; i++)
		free(diff->changes[i].reasons);
	free(diff->changes);
	rw_boxes_done(&diff->boxes);
	*diff = (struct rw_diff){0};
}

/* ---- the map of differences ---- */

static uint32_t *find_pair(const struct comparison *comparison, uint32_t before, uint32_t after)
{
	uint32_t mask = comparison->capacity * 2 - 1;
	uint32_t at = (uint32_t)(((uint64_t)before << 32 | after) * 0x9e3779b97f4a7c15ull >> 32) & mask;

	for (; comparison->table[at]; at = (at + 1) & mask) {
		const struct pair *pair = &comparison->pairs[comparison->table[at] - 1];

		if (pair->before == before && pair->after == after)
			break;
	}
	return &comparison->table[at];
}

static bool grow(struct comparison *comparison)
{
	uint32_t capacity = comparison->capacity ? comparison->capacity * 2 : 64;
	struct pair *pairs = realloc(comparison->pairs, capacity * sizeof(*pairs));
	uint32_t *table = pairs ? calloc((size_t)capacity * 2, sizeof(*table)) : NULL;

	if (pairs)
		comparison->pairs = pairs;
	if (!table)
		return false;
	free(comparison->table);
	comparison->table = table;
	comparison->capacity = capacity;
	for (uint32_t i = 0; i < comparison->count; i++)
		*find_pair(comparison, pairs[i].before, pairs[i].after) = i + 1;
	return true;
}

static uint32_t value_of(const struct rw_walk *walk, uint32_t column, void *userdata)
{
	struct comparison *comparison = userdata;
	uint32_t before = walk->first[0][column], after = walk->first[1][column];
	enum rw_verdict was = walk->space->views[0].deciders.list[before].verdict;
	enum rw_verdict is = walk->space->views[1].deciders.list[after].verdict;
	uint32_t *slot;

	if (was == is)
		return 0;
	if (comparison->count == comparison->capacity && !grow(comparison)) {
		comparison->failed = true;
		return 0;
	}
	slot = find_pair(comparison, before, after);
	if (!*slot) {
		comparison->pairs[comparison->count] = (struct pair){before, after, is == RW_VERDICT_ACCEPT};
		*slot = ++comparison->count;
	}
	return *slot;
}

static bool does_open(uint32_t value, const void *userdata)
{
	return ((const struct comparison *)userdata)->pairs[value - 1].opens;
}

static bool does_close(uint32_t value, const void *userdata)
{
	return !does_open(value, userdata);
}

/* ---- boxes with their reasons ---- */

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *left = a, *right = b;

	if (left->before != right->before)
		return left->before < right->before ? -1 : 1;
	return (left->after > right->after) - (left->after < right->after);
}

static int add_reasons(struct rw_sets *sets, const struct comparison *comparison, rw_set map, rw_set box,
		       struct rw_diff_change *change, struct rw_error *err)
{
	uint32_t values[RW_DIFF_REASONS_MAX];
	struct pair pairs[RW_DIFF_REASONS_MAX];
	rw_set part;
	size_t kept;
	int r = rw_map_restrict(sets, map, box, &part, err);
	int count = r < 0 ? r : rw_map_values(sets, part, values, RW_DIFF_REASONS_MAX);

	if (r < 0)
		return r;
	if (count < 0)
		return rw_error_oom(err);
	kept = (size_t)count < RW_DIFF_REASONS_MAX ? (size_t)count : RW_DIFF_REASONS_MAX;
	for (size_t i = 0; i < kept; i++)
		pairs[i] = comparison->pairs[values[i] - 1];
	qsort(pairs, kept, sizeof(*pairs), compare_pairs);
	change->reasons = malloc((kept + 1) * sizeof(*change->reasons));
	if (!change->reasons)
		return rw_error_oom(err);
	for (size_t i = 0; i < kept; i++)
		change->reasons[i] = (struct rw_diff_reason){
			rw_decider_decision(&comparison->space->views[0].deciders.list[pairs[i].before]),
			rw_decider_decision(&comparison->space->views[1].deciders.list[pairs[i].after]),
		};
	change->reason_count = kept;
	change->reasons_omitted = (size_t)count - kept;
	return 0;
}

int rw_view_witness(struct rw_sets *sets, const struct rw_view *view, rw_set set,
		    struct rw_packet *ret_packet, struct rw_error *err)
{
	const struct rw_policy *policy = view->policy;
	bool ingress = view->direction == RW_DIRECTION_INGRESS;
	struct rw_packet packet = {.direction = view->direction, .hop_limit = 64};
	RW_CLEANUP(rw_free) struct rw_prefix *own = malloc((policy->own_address_count + 1) * sizeof(*own));
	struct rw_set_box box = RW_SET_BOX_ANY;
	rw_set others;
	int r;

	if (!own)
		return rw_error_oom(err);
	for (size_t i = 0; i < policy->own_address_count; i++)
		own[i] = rw_prefix_of_address(&policy->own_addresses[i]);
	box.remotes = own;
	box.remote_count = policy->own_address_count;
	r = rw_set_of_box(sets, &box, &others, err);
	if (!r)
		r = rw_set_subtract(sets, set, others, &others, err);
	if (r < 0)
		return r;
	set = others == RW_SET_EMPTY ? set : others;
	/* The family first; then the local end of that family, and ports as clients have them. */
	rw_set_witness(sets, set, &packet);
	for (size_t i = 0; i < policy->own_address_count; i++) {
		if (policy->own_addresses[i].family == packet.remote.family) {
			packet.local = policy->own_addresses[i];
			break;
		}
	}
	*(ingress ? &packet.remote_port : &packet.local_port) = 40000;
	rw_set_witness(sets, set, &packet);
	*ret_packet = packet;
	return 0;
}

/* Appends the boxes of 'set'. */
static int add_boxes(struct rw_sets *sets, rw_set set, struct rw_diff *diff, struct rw_error *err)
{
	RW_CLEANUP(rw_boxes_done) struct rw_boxes boxes = {0};
	struct rw_box *list;
	int r = rw_set_boxes(sets, set, &boxes, err);

	if (r < 0 || !boxes.count)
		return r;
	list = realloc(diff->boxes.list, (diff->boxes.count + boxes.count) * sizeof(*list));
	if (!list)
		return rw_error_oom(err);
	memcpy(list + diff->boxes.count, boxes.list, boxes.count * sizeof(*list));
	diff->boxes.list = list;
	diff->boxes.count += boxes.count;
	boxes.count = 0;
	return 0;
}

static int explain_boxes(struct rw_sets *sets, const struct comparison *comparison, rw_set map,
			 size_t open_count, struct rw_diff *diff, struct rw_error *err)
{
	int r = 0;

	diff->changes = calloc(diff->boxes.count + 1, sizeof(*diff->changes));
	if (!diff->changes)
		return rw_error_oom(err);
	for (size_t i = 0; !r && i < diff->boxes.count; i++) {
		struct rw_diff_change *change = &diff->changes[i];

		change->opens = i < open_count;
		r = add_reasons(sets, comparison, map, diff->boxes.list[i].set, change, err);
		if (!r)
			r = rw_view_witness(sets, &comparison->space->views[change->opens].view,
					    diff->boxes.list[i].set, &change->witness, err);
	}
	return r;
}

int rw_diff_views(struct rw_sets *sets, const struct rw_view *before, const struct rw_view *after,
		  struct rw_diff *ret_diff, struct rw_error *err)
{
	const struct rw_view views[] = {*before, *after};
	struct rw_space_options options = RW_SPACE_OPTIONS_DEFAULT;
	RW_CLEANUP(rw_diff_done) struct rw_diff diff = {0};
	RW_CLEANUP(rw_space_free) struct rw_space *space = NULL;
	RW_CLEANUP(comparison_done) struct comparison comparison = {0};
	size_t open_count;
	rw_set map;
	int r;

	assert(before->direction == after->direction);
	options.differences = true;
	r = rw_space_new(views, 2, &options, &space, err);
	comparison.space = space;
	if (!r)
		r = rw_map_of_space(sets, space, value_of, &comparison, &map, err);
	if (!r && comparison.failed)
		return rw_error_oom(err);
	if (!r)
		r = rw_map_select(sets, map, does_open, &comparison, &diff.opens, err);
	if (!r)
		r = rw_map_select(sets, map, does_close, &comparison, &diff.closes, err);
	if (!r)
		r = add_boxes(sets, diff.opens, &diff, err);
	open_count = diff.boxes.count;
	if (!r)
		r = add_boxes(sets, diff.closes, &diff, err);
	if (!r)
		r = explain_boxes(sets, &comparison, map, open_count, &diff, err);
	if (r < 0)
		return r;
	*ret_diff = diff;
	diff = (struct rw_diff){0};
	return 0;
}
