/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/map.h"

#include <assert.h>
#include <string.h>

/* Arcs of a node that is being made. */
struct arcs {
	struct rw_set_arc *list;
	size_t count, capacity;
};

struct builder {
	struct rw_sets *sets;
	const struct rw_space *space;
	uint32_t (*value)(const struct rw_walk *walk, uint32_t column, void *userdata);
	void *userdata;
	rw_set *rows; /* by class: the map below its addresses */
	struct arcs services, locals, sources;
	struct rw_error *err;
};

static void builder_done(struct builder *builder)
{
	free(builder->rows);
	free(builder->services.list);
	free(builder->locals.list);
	free(builder->sources.list);
}
RW_DEFINE_DONE(struct builder, builder_done)

/* Appends first..last -> child; what is left out before it becomes empty. */
static int add_arc(struct arcs *arcs, rw_set_key first, rw_set child)
{
	if (arcs->count && arcs->list[arcs->count - 1].first == first)
		arcs->count--;
	if (arcs->count && arcs->list[arcs->count - 1].child == child)
		return 0;
	if (arcs->count == arcs->capacity) {
		size_t capacity = arcs->capacity ? arcs->capacity * 2 : 64;
		struct rw_set_arc *bigger = realloc(arcs->list, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		arcs->list = bigger;
		arcs->capacity = capacity;
	}
	arcs->list[arcs->count++] = (struct rw_set_arc){first, child};
	return 0;
}

static int add_interval(struct arcs *arcs, rw_set_key first, rw_set_key last, enum rw_set_level level,
			rw_set child)
{
	int r = arcs->count ? 0 : add_arc(arcs, 0, RW_SET_EMPTY);

	if (!r)
		r = add_arc(arcs, first, child);
	if (!r && last < rw_set_last_key(level))
		r = add_arc(arcs, last + 1, RW_SET_EMPTY);
	return r;
}

static int finish(struct builder *builder, struct arcs *arcs, enum rw_set_level level, rw_set *ret_node)
{
	int r = arcs->count ? 0 : add_arc(arcs, 0, RW_SET_EMPTY);

	if (r < 0)
		return r;
	r = rw_sets_node(builder->sets, level, arcs->list, arcs->count, ret_node, builder->err);
	arcs->count = 0;
	return r;
}

/* The source ports of columns from..to, which have the same local addresses. */
static int make_sources(struct builder *builder, const struct rw_walk *walk, uint32_t from, uint32_t to,
			rw_set *ret_node)
{
	int r = 0;

	for (uint32_t i = from; !r && i < to; i++) {
		const struct rw_space_rest *rest = &walk->space->rests[walk->space->columns[i].rest];

		r = add_interval(&builder->sources, rest->source_first, rest->source_last, RW_SET_SOURCE_PORT,
				 walk->values[i]);
	}
	return r < 0 ? r : finish(builder, &builder->sources, RW_SET_SOURCE_PORT, ret_node);
}

/* Columns from..to are one interval of services, cut by local addresses and source ports. */
static int make_locals(struct builder *builder, const struct rw_walk *walk, uint32_t from, uint32_t to,
		       rw_set *ret_node)
{
	const struct rw_space *space = walk->space;
	rw_set node = RW_SET_EMPTY;
	int r = 0;

	if (!space->rests[space->columns[from].rest].has_local)
		return make_sources(builder, walk, from, to, ret_node);
	for (uint32_t i = from, end; !r && i < to; i = end) {
		const struct rw_space_rest *rest = &space->rests[space->columns[i].rest];

		for (end = i + 1; end < to; end++) {
			const struct rw_space_rest *other = &space->rests[space->columns[end].rest];

			if (other->families != rest->families || other->local_first != rest->local_first)
				break;
		}
		if (!(rest->families & walk->family))
			continue;
		r = make_sources(builder, walk, i, end, &node);
		if (!r)
			r = add_interval(&builder->locals, rest->local_first, rest->local_last, RW_SET_LOCAL,
					 node);
	}
	return r < 0 ? r : finish(builder, &builder->locals, RW_SET_LOCAL, ret_node);
}

/* The next column with a value, from 'from' on; column_count at the end. */
static uint32_t next_marked(const struct rw_walk *walk, uint32_t from)
{
	uint32_t count = walk->space->column_count;
	uint64_t word;

	if (from >= count)
		return count;
	word = walk->marked[from / 64] & ~0ull << (from % 64);
	for (uint32_t at = from / 64;; word = walk->marked[at]) {
		if (word)
			return at * 64 + (uint32_t)__builtin_ctzll(word);
		if (++at > (count - 1) / 64)
			return count;
	}
}

static int add_column(struct builder *builder, const struct rw_walk *walk, uint32_t at, uint32_t *ret_next)
{
	const struct rw_space *space = walk->space;
	const struct rw_space_column *column = &space->columns[at];
	rw_set child = walk->values[at];
	int r = 0;

	*ret_next = at + 1;
	if (column->rest) {
		uint32_t from = at;

		while (from > 0 && space->columns[from - 1].first == column->first)
			from--;
		while (*ret_next < space->column_count && space->columns[*ret_next].first == column->first)
			++*ret_next;
		r = make_locals(builder, walk, from, *ret_next, &child);
	}
	if (r < 0)
		return r;
	return add_interval(&builder->services, column->first, column->last, RW_SET_SERVICE, child);
}

static int visit(const struct rw_walk *walk, void *userdata)
{
	struct builder *builder = userdata;
	rw_set *row = &builder->rows[walk->class];
	int r = 0;

	*row = RW_SET_EMPTY;
	if (!walk->marked_count)
		return 0;
	if (!walk->values_changed) {
		*row = builder->rows[walk->above];
		return 0;
	}
	for (uint32_t at = next_marked(walk, 0), next; !r && at < walk->space->column_count;
	     at = next_marked(walk, next))
		r = add_column(builder, walk, at, &next);
	return r < 0 ? r : finish(builder, &builder->services, RW_SET_SERVICE, row);
}

static uint32_t value(const struct rw_walk *walk, uint32_t column, void *userdata)
{
	const struct builder *builder = userdata;

	return builder->value(walk, column, builder->userdata);
}

static int make_remotes(struct builder *builder, const struct rw_boundaries *boundaries, rw_set *ret_node)
{
	int r = 0;

	for (size_t i = 0; !r && i < boundaries->count; i++)
		r = add_arc(&builder->services, boundaries->list[i].key,
			    builder->rows[boundaries->list[i].leaf]);
	return r < 0 ? r : finish(builder, &builder->services, RW_SET_REMOTE, ret_node);
}

int rw_map_of_space(struct rw_sets *sets, const struct rw_space *space,
		    uint32_t (*value_of)(const struct rw_walk *walk, uint32_t column, void *userdata),
		    void *userdata, rw_set *ret_map, struct rw_error *err)
{
	static const struct rw_walk_hooks hooks = {.value = value, .visit = visit};
	struct rw_error first = RW_ERROR_NONE;
	RW_CLEANUP(builder_done)
	struct builder builder = {
		.sets = sets, .space = space, .value = value_of, .userdata = userdata, .err = &first};
	rw_set v4 = RW_SET_EMPTY, v6 = RW_SET_EMPTY;
	int r;

	builder.rows = calloc(space->classes.count, sizeof(*builder.rows));
	if (!builder.rows)
		return rw_error_oom(err);
	r = rw_walk(space, &hooks, &builder, &first);
	if (!r)
		r = make_remotes(&builder, &space->classes.v4, &v4);
	if (!r)
		r = make_remotes(&builder, &space->classes.v6, &v6);
	if (!r) {
		const struct rw_set_arc arcs[] = {{0, v4}, {1, v6}};

		r = rw_sets_node(sets, RW_SET_FAMILY, arcs, 2, ret_map, &first);
	}
	if (r == -ENOMEM)
		return rw_error_oom(err);
	if (r < 0 && err)
		*err = first;
	return r;
}

/* ---- maps of one view ---- */

static uint32_t is_accepted(const struct rw_walk *walk, uint32_t column, void *userdata)
{
	(void)userdata;
	return walk->space->views[0].deciders.list[walk->first[0][column]].verdict == RW_VERDICT_ACCEPT;
}

static uint32_t rank_of(const struct rw_walk *walk, uint32_t column, void *userdata)
{
	(void)userdata;
	return walk->first[0][column] + 1;
}

int rw_exposure(struct rw_sets *sets, const struct rw_view *view, const struct rw_space_options *options,
		rw_set *ret_set, struct rw_error *err)
{
	RW_CLEANUP(rw_space_free) struct rw_space *space = NULL;
	int r = rw_space_new(view, 1, options, &space, err);

	return r < 0 ? r : rw_map_of_space(sets, space, is_accepted, NULL, ret_set, err);
}

int rw_decisions(struct rw_sets *sets, const struct rw_view *view, const struct rw_space_options *options,
		 rw_set *ret_map, struct rw_deciders *ret_deciders, struct rw_error *err)
{
	RW_CLEANUP(rw_space_free) struct rw_space *space = NULL;
	int r = rw_space_new(view, 1, options, &space, err);

	if (!r)
		r = rw_map_of_space(sets, space, rank_of, NULL, ret_map, err);
	if (r < 0)
		return r;
	*ret_deciders = space->views[0].deciders;
	space->views[0].deciders = (struct rw_deciders){0};
	return 0;
}
