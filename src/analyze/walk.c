/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/walk.h"

#include <assert.h>
#include <string.h>

/* What a column was before. */
struct undo {
	uint32_t column;
	uint32_t view;
	uint32_t first;
	uint32_t second;
};

struct undo_value {
	uint32_t column;
	uint32_t value;
};

/* A class on the way from class 0 to the current one. */
struct level {
	uint32_t class;
	size_t undo_start;
	size_t value_start;
	size_t touched_start; /* its own touched columns */
	size_t pending_start; /* touched since the inhabited class around it */
	uint32_t above;
	bool values_changed; /* since the inhabited class around it */
};

struct walker {
	struct rw_walk walk;
	const struct rw_walk_hooks *hooks;
	void *userdata;
	struct undo *undos;
	size_t undo_count, undo_capacity;
	struct undo_value *value_undos;
	size_t value_count, value_capacity;
	uint32_t *log; /* touched columns of all levels, one after the other */
	size_t log_count, log_capacity;
	uint32_t *touched; /* of the visit, each once */
	uint32_t *stamps;  /* by column: the last visit or entering that looked at it */
	uint32_t stamp;
	struct level *levels;
	size_t depth, level_capacity;
	uint64_t steps;
};

static void walker_done(struct walker *walker)
{
	for (uint32_t i = 0; i < RW_SPACE_VIEWS_MAX; i++) {
		free(walker->walk.first[i]);
		free(walker->walk.second[i]);
	}
	free(walker->walk.values);
	free(walker->walk.marked);
	free(walker->undos);
	free(walker->value_undos);
	free(walker->log);
	free(walker->touched);
	free(walker->stamps);
	free(walker->levels);
}
RW_DEFINE_DONE(struct walker, walker_done)

/* Makes room for 'count' elements. */
static int need(void *array, size_t *capacity, size_t count, size_t size)
{
	void **slot = array;
	size_t wanted = *capacity ? *capacity : 256;
	void *bigger;

	if (count <= *capacity)
		return 0;
	while (wanted < count)
		wanted *= 2;
	bigger = realloc(*slot, wanted * size);
	if (!bigger)
		return -ENOMEM;
	*slot = bigger;
	*capacity = wanted;
	return 0;
}

static bool exists_in(const struct rw_space *space, uint32_t column, uint8_t family)
{
	return space->rests[space->columns[column].rest].families & family;
}

/* ---- laying rules ---- */

static inline void tell_beaten(struct walker *walker, uint32_t view, uint32_t loser, uint32_t winner)
{
	const bool *muted = view ? NULL : walker->hooks->muted;

	if (!muted || !muted[loser])
		walker->hooks->beaten(&walker->walk, view, loser, winner, walker->userdata);
}

static inline void lay_cell(struct walker *walker, uint32_t view, uint32_t rank, uint32_t column)
{
	struct rw_walk *walk = &walker->walk;
	uint32_t *first = &walk->first[view][column], *second = &walk->second[view][column];
	uint32_t none = walk->space->views[view].deciders.count - 1;

	if (walker->hooks->beaten && *first != none)
		tell_beaten(walker, view, rank < *first ? *first : rank, rank < *first ? rank : *first);
	if (rank > *second)
		return;
	walker->undos[walker->undo_count++] = (struct undo){column, view, *first, *second};
	walker->log[walker->log_count++] = column;
	if (rank < *first) {
		*second = *first;
		*first = rank;
	} else {
		*second = rank;
	}
}

static int lay_decider(struct walker *walker, uint32_t view_number, uint32_t rank, uint8_t family)
{
	const struct rw_space *space = walker->walk.space;
	const struct rw_space_view *view = &space->views[view_number];
	const struct rw_decider *decider = &view->deciders.list[rank];
	uint32_t from = view->run_first[rank], end = view->run_end[rank];
	size_t most = end - from;
	int r;

	if (!(decider->families & family))
		return 0;
	walker->steps += most;
	if (walker->steps > RW_WALK_STEPS_MAX)
		return -E2BIG;
	r = need(&walker->undos, &walker->undo_capacity, walker->undo_count + most, sizeof(*walker->undos));
	if (!r)
		r = need(&walker->log, &walker->log_capacity, walker->log_count + most, sizeof(*walker->log));
	if (r < 0)
		return r;
	/* Most policies have no five-tuple rule, so no column has a rest. */
	if (space->rest_count == 1) {
		for (uint32_t column = from; column < end; column++)
			lay_cell(walker, view_number, rank, column);
		return 0;
	}
	for (uint32_t column = from; column < end; column++) {
		uint32_t rest = space->columns[column].rest;

		if (rest && (!(space->rests[rest].families & family) ||
			     (view->five[rank] && !rw_space_covers(space, decider->rule, rest))))
			continue;
		lay_cell(walker, view_number, rank, column);
	}
	return 0;
}

static int lay_class(struct walker *walker, uint32_t number)
{
	const struct rw_space *space = walker->walk.space;
	const struct rw_class *class = &space->classes.list[number];
	const uint32_t *atoms = space->classes.atoms + class->added_first;

	for (uint32_t i = 0; i < class->added_count; i++) {
		for (uint32_t v = 0; v < space->view_count; v++) {
			const struct rw_space_view *view = &space->views[v];

			for (uint32_t j = view->first_of[atoms[i]]; j < view->first_of[atoms[i] + 1]; j++) {
				int r = lay_decider(walker, v, view->by_atom[j], space->families[number]);
				if (r < 0)
					return r;
			}
		}
	}
	return 0;
}

/* ---- values ---- */

static void set_value(struct rw_walk *walk, uint32_t column, uint32_t value)
{
	uint64_t bit = 1ull << (column % 64);

	walk->marked_count -= walk->values[column] != 0;
	walk->marked_count += value != 0;
	walk->values[column] = value;
	if (value)
		walk->marked[column / 64] |= bit;
	else
		walk->marked[column / 64] &= ~bit;
}

static int update_values(struct walker *walker, struct level *level)
{
	struct rw_walk *walk = &walker->walk;
	int r = need(&walker->value_undos, &walker->value_capacity,
		     walker->value_count + (walker->log_count - level->touched_start),
		     sizeof(*walker->value_undos));

	if (r < 0)
		return r;
	walker->stamp++;
	for (size_t i = level->touched_start; i < walker->log_count; i++) {
		uint32_t column = walker->log[i], value;

		if (walker->stamps[column] == walker->stamp)
			continue;
		walker->stamps[column] = walker->stamp;
		value = walker->hooks->value(walk, column, walker->userdata);
		if (value == walk->values[column])
			continue;
		walker->value_undos[walker->value_count++] =
			(struct undo_value){column, walk->values[column]};
		set_value(walk, column, value);
		level->values_changed = true;
	}
	return 0;
}

/* ---- visiting ---- */

static void fill_touched(struct walker *walker, const struct level *level)
{
	struct rw_walk *walk = &walker->walk;
	bool all = level->above == RW_WALK_NO_CLASS;

	walker->stamp++;
	walk->touched_count = 0;
	for (uint32_t i = 0; all && i < walk->space->column_count; i++)
		if (exists_in(walk->space, i, walk->family))
			walker->touched[walk->touched_count++] = i;
	for (size_t i = level->pending_start; !all && i < walker->log_count; i++) {
		uint32_t column = walker->log[i];

		if (walker->stamps[column] == walker->stamp || !exists_in(walk->space, column, walk->family))
			continue;
		walker->stamps[column] = walker->stamp;
		walker->touched[walk->touched_count++] = column;
	}
	walk->touched = walker->touched;
}

static int visit(struct walker *walker, const struct level *level)
{
	struct rw_walk *walk = &walker->walk;

	if (!walk->space->inhabited[level->class] || !walker->hooks->visit)
		return 0;
	walk->class = level->class;
	walk->family = walk->space->families[level->class];
	walk->above = level->above;
	walk->values_changed = level->values_changed || level->above == RW_WALK_NO_CLASS;
	if (walker->hooks->touched)
		fill_touched(walker, level);
	return walker->hooks->visit(walk, walker->userdata);
}

static int enter(struct walker *walker, uint32_t class)
{
	const struct level *outer = walker->depth ? &walker->levels[walker->depth - 1] : NULL;
	struct level level = {
		.class = class,
		.undo_start = walker->undo_count,
		.value_start = walker->value_count,
		.touched_start = walker->log_count,
		.pending_start = walker->log_count,
		.above = RW_WALK_NO_CLASS,
	};
	int r;

	if (outer && walker->walk.space->inhabited[outer->class]) {
		level.above = outer->class;
	} else if (outer) {
		level.above = outer->above;
		level.pending_start = outer->pending_start;
		level.values_changed = outer->values_changed;
	}
	r = need(&walker->levels, &walker->level_capacity, walker->depth + 1, sizeof(*walker->levels));
	if (!r)
		r = lay_class(walker, class);
	if (!r && walker->hooks->value)
		r = update_values(walker, &level);
	if (r < 0)
		return r;
	walker->levels[walker->depth++] = level;
	return visit(walker, &level);
}

static uint32_t leave(struct walker *walker)
{
	const struct level *level = &walker->levels[--walker->depth];

	while (walker->value_count > level->value_start) {
		const struct undo_value *undo = &walker->value_undos[--walker->value_count];

		set_value(&walker->walk, undo->column, undo->value);
	}
	while (walker->undo_count > level->undo_start) {
		const struct undo *undo = &walker->undos[--walker->undo_count];

		walker->walk.first[undo->view][undo->column] = undo->first;
		walker->walk.second[undo->view][undo->column] = undo->second;
	}
	walker->log_count = level->touched_start;
	return level->class;
}

/* 'class' or the next of its siblings that is of interest; 0 = none. */
static uint32_t next_of(const struct rw_space *space, uint32_t class)
{
	while (class && !space->looked_at[class])
		class = space->next_sibling[class];
	return class;
}

static int walk_tree(struct walker *walker)
{
	const struct rw_space *space = walker->walk.space;
	uint32_t next = next_of(space, space->first_child[0]);
	int r = enter(walker, 0);

	while (!r && next) {
		r = enter(walker, next);
		next = next_of(space, space->first_child[next]);
		while (!r && !next && walker->depth > 1)
			next = next_of(space, space->next_sibling[leave(walker)]);
	}
	return r;
}

static int init(struct walker *walker)
{
	struct rw_walk *walk = &walker->walk;
	uint32_t columns = walk->space->column_count;

	walker->stamps = calloc(columns + 1, sizeof(*walker->stamps));
	walker->touched = malloc((columns + 1) * sizeof(*walker->touched));
	walk->values = calloc(columns + 1, sizeof(*walk->values));
	walk->marked = calloc(columns / 64 + 1, sizeof(*walk->marked));
	if (!walker->stamps || !walker->touched || !walk->values || !walk->marked)
		return -ENOMEM;
	for (uint32_t v = 0; v < walk->space->view_count; v++) {
		uint32_t none = walk->space->views[v].deciders.count - 1;

		walk->first[v] = malloc((columns + 1) * sizeof(*walk->first[v]));
		walk->second[v] = malloc((columns + 1) * sizeof(*walk->second[v]));
		if (!walk->first[v] || !walk->second[v])
			return -ENOMEM;
		for (uint32_t i = 0; i < columns; i++)
			walk->first[v][i] = walk->second[v][i] = none;
	}
	for (uint32_t i = 0; walker->hooks->value && i < columns; i++)
		set_value(walk, i, walker->hooks->value(walk, i, walker->userdata));
	return 0;
}

int rw_walk(const struct rw_space *space, const struct rw_walk_hooks *hooks, void *userdata,
	    struct rw_error *err)
{
	RW_CLEANUP(walker_done)
	struct walker walker = {.walk.space = space, .hooks = hooks, .userdata = userdata};
	struct rw_error first = RW_ERROR_NONE;
	int r = init(&walker);

	if (!r)
		r = walk_tree(&walker);
	if (r == -ENOMEM)
		return rw_error_oom(err);
	if (r == -E2BIG && (!err || err->code != r)) {
		(void)rw_error_set(&first, r, "the rules are too entangled to be analysed at once");
		(void)rw_error_hint(&first, "Ask about fewer ports or a single interface.");
		if (err)
			*err = first;
	}
	return r;
}
