/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/space.h"

#include <assert.h>
#include <string.h>

#include "analyze/changes.h"
#include "base/array.h"

/* Members of all sets of atoms together. */
#define ARENA_MAX (64u << 20)

struct rw_space *rw_space_free(struct rw_space *space)
{
	if (!space)
		return NULL;
	for (uint32_t i = 0; i < space->view_count; i++) {
		struct rw_space_view *view = &space->views[i];

		rw_deciders_done(&view->deciders);
		free(view->run_first);
		free(view->run_end);
		free(view->five);
		free(view->first_of);
		free(view->by_atom);
	}
	rw_atoms_done(&space->atoms);
	rw_classes_done(&space->classes);
	free(space->families);
	free(space->inhabited);
	free(space->looked_at);
	free(space->first_child);
	free(space->next_sibling);
	free(space->columns);
	free(space->rests);
	free(space);
	return NULL;
}

static int explain(int r, struct rw_error *err)
{
	if (r == -ENOMEM)
		return rw_error_oom(err);
	if (r == -E2BIG && err && err->code != r) {
		(void)rw_error_set(err, r, "the rules are too entangled to be analysed at once");
		(void)rw_error_hint(err, "Ask about fewer ports, or give fewer rules a local CIDR or source "
					 "ports.");
	}
	return r;
}

static bool has_five(const struct rw_rule *rule)
{
	return rule && (rule->local_cidr.address.family || !rw_ports_is_any(rule->source_ports));
}

/* ---- deciders and their atoms ---- */

/* Names the atoms of the deciders anew, so that only those that decide here make classes. */
static void take_atoms(struct rw_space *space, struct rw_space_view *view, const struct rw_atoms *from)
{
	for (uint32_t i = 0; i + 1 < view->deciders.count; i++) {
		struct rw_decider *decider = &view->deciders.list[i];
		const struct rw_atom *atom = &from->list[decider->atom];

		decider->atom = atom->set ? rw_atoms_set(&space->atoms, atom->set)
					  : rw_atoms_prefix(&space->atoms, &atom->prefix);
	}
}

static int list_deciders(struct rw_space *space, const struct rw_view *views, uint32_t view_count,
			 const struct rw_space_options *options, struct rw_changes *changes,
			 struct rw_error *err)
{
	RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
	int r;

	for (uint32_t i = 0; i < view_count; i++) {
		struct rw_space_view *slot = &space->views[space->view_count++];

		slot->view = views[i];
		r = rw_deciders_list(&views[i], options->service_first, options->service_last, &atoms,
				     &slot->deciders, err);
		if (r < 0)
			return r;
	}
	if (options->differences) {
		r = rw_changes_find(&space->views[0].deciders, &space->views[1].deciders, changes);
		if (r < 0)
			return rw_error_oom(err);
		for (uint32_t i = 0; i < view_count; i++)
			rw_changes_filter(changes, i, &space->views[i].deciders);
	}
	for (uint32_t i = 0; i < view_count; i++)
		take_atoms(space, &space->views[i], &atoms);
	return space->atoms.failed ? rw_error_oom(err) : 0;
}

static int sort_by_atom(struct rw_space *space, struct rw_space_view *view)
{
	uint32_t atoms = space->atoms.count, count = view->deciders.count;

	view->first_of = calloc(atoms + 2, sizeof(*view->first_of));
	view->by_atom = malloc(count * sizeof(*view->by_atom));
	if (!view->first_of || !view->by_atom)
		return -ENOMEM;
	/* Counted one place further, so that filling moves each start to where it belongs. */
	for (uint32_t i = 0; i + 1 < count; i++)
		view->first_of[view->deciders.list[i].atom + 2]++;
	for (uint32_t i = 2; i < atoms + 2; i++)
		view->first_of[i] += view->first_of[i - 1];
	for (uint32_t i = 0; i + 1 < count; i++)
		view->by_atom[view->first_of[view->deciders.list[i].atom + 1]++] = i;
	return 0;
}

/* ---- classes ---- */

static void mark_inhabited(struct rw_space *space, const struct rw_boundaries *boundaries)
{
	for (size_t i = 0; i < boundaries->count; i++)
		space->inhabited[boundaries->list[i].leaf] = true;
}

/*
 * Marks the classes where something changed, and those around them.  A class's number is larger than that of
 * the class around it.
 */
static int mark_looked_at(struct rw_space *space, const struct rw_changes *changes)
{
	const struct rw_classes *classes = &space->classes;
	RW_CLEANUP(rw_free) bool *atom_changed = calloc(space->atoms.count + 1, sizeof(*atom_changed));

	if (!atom_changed)
		return -ENOMEM;
	for (uint32_t v = 0; v < space->view_count; v++)
		for (uint32_t i = 0; i + 1 < space->views[v].deciders.count; i++)
			if (changes->changed[v][i])
				atom_changed[space->views[v].deciders.list[i].atom] = true;
	for (uint32_t i = 0; i < classes->count; i++) {
		const struct rw_class *class = &classes->list[i];

		space->looked_at[i] = changes->everything || (i && space->looked_at[class->parent]);
		for (uint32_t j = 0; !space->looked_at[i] && j < class->added_count; j++)
			space->looked_at[i] = atom_changed[classes->atoms[class->added_first + j]];
	}
	for (uint32_t i = classes->count; i-- > 1;)
		if (space->looked_at[i])
			space->looked_at[classes->list[i].parent] = true;
	return 0;
}

static int make_classes(struct rw_space *space, const struct rw_changes *changes)
{
	struct rw_classes *classes = &space->classes;
	int r = rw_classes_build(&space->atoms, ARENA_MAX, classes);

	if (r < 0)
		return r;
	space->families = calloc(classes->count, sizeof(*space->families));
	space->inhabited = calloc(classes->count, sizeof(*space->inhabited));
	space->first_child = calloc(classes->count, sizeof(*space->first_child));
	space->next_sibling = calloc(classes->count, sizeof(*space->next_sibling));
	space->looked_at = malloc(classes->count * sizeof(*space->looked_at));
	if (!space->families || !space->inhabited || !space->first_child || !space->next_sibling ||
	    !space->looked_at)
		return -ENOMEM;
	memset(space->looked_at, true, classes->count * sizeof(*space->looked_at));
	if (changes->changed[0] && mark_looked_at(space, changes) < 0)
		return -ENOMEM;
	mark_inhabited(space, &classes->v4);
	mark_inhabited(space, &classes->v6);
	for (uint32_t i = classes->count - 1; i > 0; i--) {
		const struct rw_class *class = &classes->list[i];

		space->families[i] = classes->atoms[class->all_first] == 0 ? RW_FAMILY_4 : RW_FAMILY_6;
		space->next_sibling[i] = space->first_child[class->parent];
		space->first_child[class->parent] = i;
	}
	return 0;
}

/* ---- columns ---- */

static int compare_keys(const void *a, const void *b)
{
	rw_set_key left = *(const rw_set_key *)a, right = *(const rw_set_key *)b;

	return (left > right) - (left < right);
}

static uint32_t clip(uint32_t service, const struct rw_space_options *options)
{
	if (service < options->service_first)
		return options->service_first;
	return service > options->service_last ? options->service_last : service;
}

/* Gives the first services of all intervals, and one behind the last. */
static int cut_services(const struct rw_space *space, const struct rw_space_options *options,
			uint32_t **ret_cuts, uint32_t *ret_count)
{
	uint32_t most = 2, count = 0, kept = 0;
	uint32_t *cuts;

	for (uint32_t i = 0; i < space->view_count; i++)
		most += space->views[i].deciders.count * 2;
	cuts = malloc(most * sizeof(*cuts));
	if (!cuts)
		return -ENOMEM;
	cuts[count++] = options->service_first;
	cuts[count++] = options->service_last + 1;
	for (uint32_t i = 0; i < space->view_count; i++) {
		for (uint32_t j = 0; j < space->views[i].deciders.count; j++) {
			const struct rw_decider *decider = &space->views[i].deciders.list[j];

			cuts[count++] = clip(decider->first, options);
			cuts[count++] = clip(decider->last, options) + 1;
		}
	}
	qsort(cuts, count, sizeof(*cuts), rw_array_compare_u32);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || cuts[kept - 1] != cuts[i])
			cuts[kept++] = cuts[i];
	*ret_cuts = cuts;
	*ret_count = kept;
	return 0;
}

/* Five-tuple deciders, and room to cut the rest by them. */
struct refinement {
	const struct rw_decider **fives;
	uint32_t five_count;
	rw_set_key *local[2]; /* first keys of intervals, by family */
	uint32_t *source;
};

static void refinement_done(struct refinement *refinement)
{
	free(refinement->fives);
	free(refinement->local[0]);
	free(refinement->local[1]);
	free(refinement->source);
}
RW_DEFINE_DONE(struct refinement, refinement_done)

static int refinement_init(const struct rw_space *space, struct refinement *refinement)
{
	uint32_t count = 0, rooms;

	for (uint32_t i = 0; i < space->view_count; i++)
		for (uint32_t j = 0; j < space->views[i].deciders.count; j++)
			count += has_five(space->views[i].deciders.list[j].rule);
	rooms = count * 2 + 2;
	*refinement = (struct refinement){
		.fives = malloc((count + 1) * sizeof(*refinement->fives)),
		.local = {malloc(rooms * sizeof(rw_set_key)), malloc(rooms * sizeof(rw_set_key))},
		.source = malloc(rooms * sizeof(uint32_t)),
	};
	if (!refinement->fives || !refinement->local[0] || !refinement->local[1] || !refinement->source)
		return -ENOMEM;
	for (uint32_t i = 0; i < space->view_count; i++)
		for (uint32_t j = 0; j < space->views[i].deciders.count; j++)
			if (has_five(space->views[i].deciders.list[j].rule))
				refinement->fives[refinement->five_count++] =
					&space->views[i].deciders.list[j];
	return 0;
}

static int add_column(struct rw_space *space, uint32_t *capacity, struct rw_space_column column)
{
	if (space->column_count == *capacity) {
		uint32_t wanted = *capacity ? *capacity * 2 : 256;
		struct rw_space_column *bigger;

		if (space->column_count >= RW_SPACE_COLUMNS_MAX)
			return -E2BIG;
		bigger = realloc(space->columns, wanted * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		space->columns = bigger;
		*capacity = wanted;
	}
	space->columns[space->column_count++] = column;
	return 0;
}

static int add_rest(struct rw_space *space, uint32_t *capacity, struct rw_space_rest rest)
{
	if (space->rest_count == *capacity) {
		uint32_t wanted = *capacity ? *capacity * 2 : 16;
		struct rw_space_rest *bigger = realloc(space->rests, wanted * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		space->rests = bigger;
		*capacity = wanted;
	}
	space->rests[space->rest_count++] = rest;
	return 0;
}

struct columns_builder {
	struct rw_space *space;
	struct refinement *refinement;
	uint32_t column_capacity;
	uint32_t rest_capacity;
};

static uint32_t make_unique_keys(rw_set_key *keys, uint32_t count)
{
	uint32_t kept = 0;

	qsort(keys, count, sizeof(*keys), compare_keys);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || keys[kept - 1] != keys[i])
			keys[kept++] = keys[i];
	return kept;
}

/* Cuts the local addresses of a family by the rules on services first..last; *has_local when there are any. */
static uint32_t cut_local(const struct refinement *refinement, uint32_t first, uint32_t last, uint8_t family,
			  bool *has_local)
{
	rw_set_key *cuts = refinement->local[family == 6];
	uint32_t count = 0;

	cuts[count++] = 0;
	for (uint32_t i = 0; i < refinement->five_count; i++) {
		const struct rw_decider *decider = refinement->fives[i];
		const struct rw_prefix *local = &decider->rule->local_cidr;
		rw_set_key low, high;

		if (decider->first > last || decider->last < first || local->address.family != family)
			continue;
		*has_local = true;
		low = rw_set_key_of(&local->address);
		high = local->bits == 128 ? low : low | ~(rw_set_key)0 >> local->bits;
		cuts[count++] = low;
		if (high != ~(rw_set_key)0)
			cuts[count++] = high + 1;
	}
	return make_unique_keys(cuts, count);
}

/* Cuts of the source ports, and one behind the last. */
static uint32_t cut_source(const struct refinement *refinement, uint32_t first, uint32_t last)
{
	uint32_t *cuts = refinement->source;
	uint32_t count = 0, kept = 0;

	cuts[count++] = 0;
	cuts[count++] = 65536;
	for (uint32_t i = 0; i < refinement->five_count; i++) {
		const struct rw_decider *decider = refinement->fives[i];

		if (decider->first > last || decider->last < first)
			continue;
		cuts[count++] = decider->rule->source_ports.first;
		cuts[count++] = decider->rule->source_ports.last + 1u;
	}
	qsort(cuts, count, sizeof(*cuts), rw_array_compare_u32);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || cuts[kept - 1] != cuts[i])
			cuts[kept++] = cuts[i];
	return kept;
}

static int add_rests(struct columns_builder *builder, struct rw_space_rest rest, uint32_t first,
		     uint32_t last, uint32_t source_count)
{
	const uint32_t *source = builder->refinement->source;

	for (uint32_t i = 0; i + 1 < source_count; i++) {
		uint32_t number = builder->space->rest_count;
		int r;

		rest.source_first = (uint16_t)source[i];
		rest.source_last = (uint16_t)(source[i + 1] - 1);
		r = add_rest(builder->space, &builder->rest_capacity, rest);
		if (!r)
			r = add_column(builder->space, &builder->column_capacity,
				       (struct rw_space_column){first, last, number});
		if (r < 0)
			return r;
	}
	return 0;
}

/* The columns of one interval of services. */
static int add_interval(struct columns_builder *builder, uint32_t first, uint32_t last)
{
	struct refinement *refinement = builder->refinement;
	uint32_t locals[2], sources;
	bool has_local = false;
	int r = 0;

	locals[0] = cut_local(refinement, first, last, 4, &has_local);
	locals[1] = cut_local(refinement, first, last, 6, &has_local);
	sources = cut_source(refinement, first, last);
	if (!has_local && sources == 2)
		return add_column(builder->space, &builder->column_capacity,
				  (struct rw_space_column){first, last, 0});
	if (!has_local)
		return add_rests(builder, (struct rw_space_rest){.families = RW_FAMILY_ANY}, first, last,
				 sources);
	for (unsigned int i = 0; !r && i < 2; i++) {
		for (uint32_t j = 0; !r && j < locals[i]; j++) {
			struct rw_space_rest rest = {
				.has_local = true,
				.families = i ? RW_FAMILY_6 : RW_FAMILY_4,
				.local_first = refinement->local[i][j],
				.local_last =
					j + 1 < locals[i] ? refinement->local[i][j + 1] - 1 : ~(rw_set_key)0,
			};

			r = add_rests(builder, rest, first, last, sources);
		}
	}
	return r;
}

static uint32_t find_cut(const uint32_t *cuts, uint32_t count, uint32_t service)
{
	const uint32_t *found = bsearch(&service, cuts, count, sizeof(*cuts), rw_array_compare_u32);

	assert(found);
	return (uint32_t)(found - cuts);
}

/* Where each decider's columns are. */
static int find_runs(struct rw_space_view *view, const struct rw_space_options *options, const uint32_t *cuts,
		     uint32_t cut_count, const uint32_t *column_of)
{
	uint32_t count = view->deciders.count;

	view->run_first = malloc(count * sizeof(*view->run_first));
	view->run_end = malloc(count * sizeof(*view->run_end));
	view->five = malloc(count * sizeof(*view->five));
	if (!view->run_first || !view->run_end || !view->five)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct rw_decider *decider = &view->deciders.list[i];

		view->run_first[i] = column_of[find_cut(cuts, cut_count, clip(decider->first, options))];
		view->run_end[i] = column_of[find_cut(cuts, cut_count, clip(decider->last, options) + 1)];
		view->five[i] = has_five(decider->rule);
	}
	return 0;
}

static int make_columns(struct rw_space *space, const struct rw_space_options *options,
			const struct rw_changes *changes)
{
	RW_CLEANUP(refinement_done) struct refinement refinement = {0};
	RW_CLEANUP(rw_free) uint32_t *cuts = NULL;
	RW_CLEANUP(rw_free) uint32_t *column_of = NULL; /* by cut */
	struct columns_builder builder = {.space = space, .refinement = &refinement};
	uint32_t cut_count = 0;
	int r = refinement_init(space, &refinement);

	if (!r)
		r = cut_services(space, options, &cuts, &cut_count);
	if (!r)
		r = add_rest(space, &builder.rest_capacity,
			     (struct rw_space_rest){.families = RW_FAMILY_ANY, .source_last = 65535});
	if (r < 0)
		return r;
	column_of = malloc(cut_count * sizeof(*column_of));
	if (!column_of)
		return -ENOMEM;
	for (uint32_t i = 0; !r && i + 1 < cut_count; i++) {
		column_of[i] = space->column_count;
		if (!options->differences || rw_changes_touch(changes, cuts[i], cuts[i + 1] - 1))
			r = add_interval(&builder, cuts[i], cuts[i + 1] - 1);
	}
	column_of[cut_count - 1] = space->column_count;
	for (uint32_t i = 0; !r && i < space->view_count; i++)
		r = find_runs(&space->views[i], options, cuts, cut_count, column_of);
	return r;
}

bool rw_space_covers(const struct rw_space *space, const struct rw_rule *rule, uint32_t number)
{
	const struct rw_space_rest *rest = &space->rests[number];
	const struct rw_prefix *local = &rule->local_cidr;

	if (!rw_ports_contains(rule->source_ports, rest->source_first) ||
	    !rw_ports_contains(rule->source_ports, rest->source_last))
		return false;
	if (!local->address.family)
		return true;
	return rest->has_local &&
	       rest->families == (local->address.family == 4 ? RW_FAMILY_4 : RW_FAMILY_6) &&
	       (local->bits == 0 ||
		((rest->local_first ^ rw_set_key_of(&local->address)) >> (128 - local->bits)) == 0);
}

/* ---- the whole ---- */

int rw_space_new(const struct rw_view *views, uint32_t view_count, const struct rw_space_options *options,
		 struct rw_space **ret_space, struct rw_error *err)
{
	static const struct rw_prefix anywhere[] = {{.address.family = 4}, {.address.family = 6}};
	const struct rw_space_options whole = RW_SPACE_OPTIONS_DEFAULT;
	RW_CLEANUP(rw_space_free) struct rw_space *space = calloc(1, sizeof(*space));
	RW_CLEANUP(rw_changes_done) struct rw_changes changes = {0};
	int r;

	if (!space)
		return rw_error_oom(err);
	options = options ? options : &whole;
	assert(view_count >= 1 && view_count <= RW_SPACE_VIEWS_MAX);
	assert(!options->differences || view_count == 2);
	(void)rw_atoms_prefix(&space->atoms, &anywhere[0]);
	(void)rw_atoms_prefix(&space->atoms, &anywhere[1]);
	if (space->atoms.failed)
		return rw_error_oom(err);
	r = list_deciders(space, views, view_count, options, &changes, err);
	if (!r)
		r = make_classes(space, &changes);
	for (uint32_t i = 0; !r && i < view_count; i++)
		r = sort_by_atom(space, &space->views[i]);
	if (!r)
		r = make_columns(space, options, &changes);
	if (r < 0)
		return explain(r, err);
	*ret_space = RW_TAKE_PTR(space);
	return 0;
}
