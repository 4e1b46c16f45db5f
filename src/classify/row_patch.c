/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/row_patch.h"

#include <string.h>

#include "classify/rows_internal.h"

/* A row that was made: the one in place of 'base', where that meets 'cells'. */
struct made {
	uint32_t base;
	uint32_t first; /* of its cells in rw_row_patch.met */
	uint32_t row;
};

struct rw_row_patch {
	struct rw_row_builder *builder;
	struct rw_column_run *runs; /* of columns that it concerns */
	uint32_t run_count;
	/* To lay a rule. */
	struct rw_plan_rule rule;
	/* To copy a column to the one in 'runs'. */
	bool copies;
	uint32_t from;
	/* To lift the rule of a cell. */
	bool lifts;
	uint32_t cell;
	uint32_t initial;
	uint32_t *columns; /* those of 'runs', ascending */
	uint32_t column_count;
	/*
	 * By atom that was asked for and column: the strongest cell of the rules that are left, or nothing, and
	 * the same of five-tuple rules behind those.
	 */
	uint32_t *best;
	uint32_t best_count, best_capacity; /* atoms */
	uint32_t *best_of;                  /* by atom: its number among these + 1 */
	uint32_t *cells; /* by column: what comes in the rule's place in the current row, or nothing */
	uint32_t fives;  /* five-tuple rules that were looked at */
	/* Rows that there are. */
	uint32_t *blocks; /* room for those of one */
	struct made *made;
	uint32_t made_count, made_capacity;
	uint32_t *slots; /* by hash: number in 'made' + 1; twice its capacity */
	uint32_t *met;
};

/* Cells that are looked at, or worked out, for a rule that goes: more would take longer than compiling. */
#define CELLS_MAX (1u << 20)

struct rw_row_patch *rw_row_patch_free(struct rw_row_patch *patch)
{
	if (patch) {
		free(patch->runs);
		free(patch->columns);
		free(patch->best);
		free(patch->best_of);
		free(patch->cells);
		free(patch->blocks);
		free(patch->made);
		free(patch->slots);
		free(patch->met);
	}
	free(patch);
	return NULL;
}

static struct rw_row_patch *patch_new(struct rw_row_maker *maker, const struct rw_port_range *range)
{
	struct rw_row_builder *builder = &maker->builder;
	RW_CLEANUP(rw_row_patch_free) struct rw_row_patch *patch = calloc(1, sizeof(*patch));

	if (!patch)
		return NULL;
	patch->builder = builder;
	patch->run_count = range->run_count;
	patch->runs = malloc((range->run_count + 1) * sizeof(*patch->runs));
	patch->blocks = malloc(builder->block_count * sizeof(*patch->blocks));
	if (!patch->runs || !patch->blocks)
		return NULL;
	for (uint32_t i = 0; i < range->run_count; i++)
		patch->runs[i] = builder->columns->runs[range->first_run + i];
	return RW_TAKE_PTR(patch);
}

int rw_row_patch_lay(struct rw_row_maker *maker, uint32_t number, struct rw_row_patch **ret_patch)
{
	const struct rw_row_builder *builder = &maker->builder;

	*ret_patch = patch_new(maker, rw_columns_range_of(builder->columns, number));
	if (!*ret_patch)
		return -ENOMEM;
	(*ret_patch)->rule = builder->plan->rules[number];
	return 0;
}

int rw_row_patch_copy(struct rw_row_maker *maker, const struct rw_column_copy *copy,
		      struct rw_row_patch **ret_patch)
{
	struct rw_row_builder *builder = &maker->builder;
	struct rw_row_patch *patch = patch_new(maker, &(struct rw_port_range){0});

	if (!patch)
		return -ENOMEM;
	patch->copies = true;
	patch->from = copy->from;
	patch->runs[0] = (struct rw_column_run){copy->to, copy->to};
	patch->run_count = 1;
	for (uint32_t i = 0; i < builder->atom_count; i++)
		if (builder->overlays[i].cells)
			builder->overlays[i].cells[copy->to] = builder->overlays[i].cells[copy->from];
	*ret_patch = patch;
	return 0;
}

static int list_columns(struct rw_row_patch *patch)
{
	for (uint32_t i = 0; i < patch->run_count; i++)
		patch->column_count += patch->runs[i].last - patch->runs[i].first + 1;
	patch->columns = malloc((patch->column_count + 1) * sizeof(*patch->columns));
	patch->cells = malloc((patch->column_count + 1) * sizeof(*patch->cells));
	if (!patch->columns || !patch->cells)
		return -ENOMEM;
	for (uint32_t i = 0, at = 0; i < patch->run_count; i++)
		for (uint32_t column = patch->runs[i].first; column <= patch->runs[i].last; column++)
			patch->columns[at++] = column;
	return 0;
}

int rw_row_patch_lift(struct rw_row_maker *maker, uint32_t number, uint32_t initial, uint32_t classes,
		      struct rw_row_patch **ret_patch)
{
	const struct rw_row_builder *builder = &maker->builder;
	RW_CLEANUP(rw_row_patch_free)
	struct rw_row_patch *patch = patch_new(maker, rw_columns_range_of(builder->columns, number));

	if (!patch || list_columns(patch) < 0)
		return -ENOMEM;
	if ((size_t)classes * patch->column_count > CELLS_MAX)
		return RW_ROW_PATCH_NONE;
	patch->best_of = calloc(builder->atom_count + 1, sizeof(*patch->best_of));
	if (!patch->best_of)
		return -ENOMEM;
	patch->lifts = true;
	patch->cell = builder->plan->rules[number].cell;
	patch->initial = initial;
	*ret_patch = RW_TAKE_PTR(patch);
	return 0;
}

/* ---- what the rules of an atom say ---- */

/* The first of the patch's columns that is not less. */
static uint32_t find_column(const struct rw_row_patch *patch, uint32_t column)
{
	uint32_t first = 0, end = patch->column_count;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;

		if (patch->columns[middle] < column)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* Rules come in deciding order: the first on a column stays. */
static void note_rule(const struct rw_row_patch *patch, const struct rw_port_range *range, uint32_t cell,
		      uint32_t *best)
{
	for (uint32_t i = 0; i < range->run_count; i++) {
		const struct rw_column_run *run = &patch->builder->columns->runs[range->first_run + i];

		for (uint32_t at = find_column(patch, run->first);
		     at < patch->column_count && patch->columns[at] <= run->last; at++)
			if (best[at] == RW_ROW_NOTHING)
				best[at] = cell;
	}
}

static int need_best(struct rw_row_patch *patch)
{
	uint32_t capacity = patch->best_capacity ? patch->best_capacity * 2 : 4;
	uint32_t *bigger;

	if (patch->best_count < patch->best_capacity)
		return 0;
	if ((size_t)patch->best_count * patch->column_count > CELLS_MAX)
		return RW_ROW_PATCH_NONE;
	bigger = realloc(patch->best, ((size_t)capacity * patch->column_count * 2 + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	patch->best = bigger;
	patch->best_capacity = capacity;
	return 0;
}

/* Works it out for an atom, unless it has been. */
static int find_best(struct rw_row_patch *patch, uint32_t atom)
{
	const struct rw_row_builder *builder = patch->builder;
	uint32_t *best, count = patch->column_count;
	int r;

	if (patch->best_of[atom])
		return 0;
	r = need_best(patch);
	if (r)
		return r;
	best = patch->best + (size_t)patch->best_count * count * 2;
	for (uint32_t i = 0; i < count * 2; i++)
		best[i] = RW_ROW_NOTHING;
	for (uint32_t i = builder->first_of[atom]; i < builder->first_of[atom + 1]; i++) {
		const struct rw_plan_rule *rule = &builder->plan->rules[builder->by_atom[i]];

		note_rule(patch, rw_columns_range_of(builder->columns, builder->by_atom[i]), rule->cell,
			  rule->five ? best + count : best);
	}
	patch->best_of[atom] = ++patch->best_count;
	return 0;
}

/* The strongest of what the class's atoms say on column 'at' of the patch, or on that of five-tuple rules. */
static uint32_t find_strongest(const struct rw_row_patch *patch, uint32_t at, const uint32_t *atoms,
			       uint32_t count, uint32_t weakest)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t number = patch->best_of[atoms[i]] - 1;
		uint32_t cell = patch->best[number * patch->column_count * 2 + at];

		if (cell != RW_ROW_NOTHING && rw_plan_before(patch->builder->plan, cell, weakest))
			weakest = cell;
	}
	return weakest;
}

/* ---- rows ---- */

static uint32_t block_of(const struct rw_image *image, uint32_t row, uint32_t number)
{
	const uint32_t *blocks;

	if ((row & RW_ENTRY_KIND) != RW_ENTRY_SKIP)
		return row;
	blocks = rw_image_at(image, row);
	return blocks[number];
}

static uint32_t cell_at(const struct rw_row_builder *builder, uint32_t row, uint32_t column)
{
	return rw_row_read_cell(builder, block_of(builder->image, row, column / RW_ROW_BLOCK),
				column % RW_ROW_BLOCK);
}

/* Notes where the rule decides, alone or behind five-tuple rules or as one. */
static bool find_decided(struct rw_row_patch *patch, uint32_t base)
{
	bool any = false;

	for (uint32_t i = 0; i < patch->column_count; i++) {
		uint32_t cell = cell_at(patch->builder, base, patch->columns[i]);
		bool decides = (cell & RW_ENTRY_KIND) == RW_ENTRY_LIST
				       ? rw_row_list_has(patch->builder, cell, patch->cell)
				       : cell == patch->cell;

		patch->cells[i] = decides ? cell : RW_ROW_NOTHING;
		any |= decides;
	}
	return any;
}

/* Lays the five-tuple rules of an atom over the cell of column 'at' of the patch. */
static int lay_fives(struct rw_row_patch *patch, uint32_t at, uint32_t atom)
{
	struct rw_row_builder *builder = patch->builder;
	int r = 0;

	for (uint32_t i = builder->first_of[atom]; !r && i < builder->first_of[atom + 1]; i++) {
		const struct rw_plan_rule *rule = &builder->plan->rules[builder->by_atom[i]];
		const struct rw_port_range *range =
			rw_columns_range_of(builder->columns, builder->by_atom[i]);

		if (!rule->five || !rw_columns_covers(builder->columns, range, patch->columns[at]))
			continue;
		if (++patch->fives > CELLS_MAX)
			return RW_ROW_PATCH_NONE;
		r = rw_row_lay_cell(builder, rule, builder->fives[rule->five - 1], &patch->cells[at]);
	}
	return r;
}

/* What comes in place of the rule on column 'at' of the patch. */
static int find_cell(struct rw_row_patch *patch, uint32_t at, const uint32_t *atoms, uint32_t count)
{
	uint32_t best = find_strongest(patch, at, atoms, count, patch->initial);
	int r = 0;

	patch->cells[at] = best;
	if (find_strongest(patch, patch->column_count + at, atoms, count, best) == best)
		return 0;
	for (uint32_t i = 0; !r && i < count; i++)
		if (patch->builder->overlays[atoms[i]].five)
			r = lay_fives(patch, at, atoms[i]);
	return r;
}

/* Finds what comes in place of the rule; *ret_any: there is something to do. */
static int find_cells(struct rw_row_patch *patch, uint32_t base, const uint32_t *atoms, uint32_t count,
		      bool *ret_any)
{
	int r = 0;

	*ret_any = find_decided(patch, base);
	for (uint32_t i = 0; !r && *ret_any && i < count; i++)
		r = find_best(patch, atoms[i]);
	for (uint32_t i = 0; !r && i < patch->column_count; i++)
		if (patch->cells[i] != RW_ROW_NOTHING)
			r = find_cell(patch, i, atoms, count);
	return r;
}

/* Rows that were made. */

static uint32_t hash_made(const struct rw_row_patch *patch, uint32_t base, const uint32_t *cells)
{
	uint64_t hash = base * 0x9e3779b97f4a7c15ull;

	for (uint32_t i = 0; patch->lifts && i < patch->column_count; i++)
		hash = (hash ^ hash >> 32 ^ cells[i]) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(hash >> 32);
}

static uint32_t *find_made(const struct rw_row_patch *patch, uint32_t base, const uint32_t *cells)
{
	uint32_t mask = patch->made_capacity * 2 - 1;
	uint32_t at = hash_made(patch, base, cells) & mask;

	for (; patch->slots[at]; at = (at + 1) & mask) {
		const struct made *made = &patch->made[patch->slots[at] - 1];

		if (made->base == base &&
		    (!patch->lifts ||
		     memcmp(patch->met + made->first, cells, patch->column_count * sizeof(*cells)) == 0))
			break;
	}
	return &patch->slots[at];
}

static int need_made(struct rw_row_patch *patch)
{
	uint32_t capacity = patch->made_capacity ? patch->made_capacity * 2 : 64;
	uint32_t cells = patch->lifts ? patch->column_count : 0;
	struct made *made;
	uint32_t *slots, *met;

	if (patch->made_count < patch->made_capacity)
		return 0;
	made = realloc(patch->made, capacity * sizeof(*made));
	if (made)
		patch->made = made;
	met = realloc(patch->met, ((size_t)capacity * cells + 1) * sizeof(*met));
	if (met)
		patch->met = met;
	slots = made && met ? calloc((size_t)capacity * 2, sizeof(*slots)) : NULL;
	if (!slots)
		return -ENOMEM;
	free(patch->slots);
	patch->slots = slots;
	patch->made_capacity = capacity;
	for (uint32_t i = 0; i < patch->made_count; i++)
		*find_made(patch, made[i].base, met + made[i].first) = i + 1;
	return 0;
}

/* Puts what comes in place of the rule into a block's cells. */
static void lift(const struct rw_row_patch *patch, uint32_t first, uint32_t cells[RW_ROW_BLOCK])
{
	for (uint32_t i = 0; i < patch->column_count; i++) {
		uint32_t column = patch->columns[i];

		if (column >= first && column < first + RW_ROW_BLOCK && patch->cells[i] != RW_ROW_NOTHING)
			cells[column - first] = patch->cells[i];
	}
}

static int lay(const struct rw_row_patch *patch, uint32_t first, uint32_t cells[RW_ROW_BLOCK])
{
	struct rw_row_builder *builder = patch->builder;
	uint32_t five = patch->rule.five ? builder->fives[patch->rule.five - 1] : 0;
	int r = 0;

	for (uint32_t i = 0; i < patch->run_count; i++) {
		uint32_t column = patch->runs[i].first > first ? patch->runs[i].first : first;

		for (; !r && column <= patch->runs[i].last && column < first + RW_ROW_BLOCK; column++)
			r = rw_row_lay_cell(builder, &patch->rule, five, &cells[column - first]);
	}
	return r;
}

static bool touches(const struct rw_row_patch *patch, uint32_t first)
{
	for (uint32_t i = 0; i < patch->run_count; i++)
		if (patch->runs[i].first < first + RW_ROW_BLOCK && patch->runs[i].last >= first)
			return true;
	return false;
}

/* The block of row 'base' in place of 'block', whose first column is 'first'. */
static int make_block(struct rw_row_patch *patch, uint32_t base, uint32_t block, uint32_t first,
		      uint32_t *ret_block)
{
	struct rw_row_builder *builder = patch->builder;
	uint32_t left = builder->columns->count - first, count = left < RW_ROW_BLOCK ? left : RW_ROW_BLOCK;
	uint32_t cells[RW_ROW_BLOCK], before[RW_ROW_BLOCK];
	int r = 0;

	*ret_block = block;
	if (!touches(patch, first))
		return 0;
	(void)rw_row_read_block(builder, block, count, cells);
	memcpy(before, cells, count * sizeof(*before));
	if (patch->copies)
		cells[patch->runs[0].first - first] = cell_at(builder, base, patch->from);
	else if (patch->lifts)
		lift(patch, first, cells);
	else
		r = lay(patch, first, cells);
	if (r < 0 || memcmp(before, cells, count * sizeof(*before)) == 0)
		return r;
	*ret_block = rw_row_write_block(builder, cells, count);
	return builder->image->failure;
}

static int make_row(struct rw_row_patch *patch, uint32_t base, uint32_t *ret_row)
{
	struct rw_row_builder *builder = patch->builder;
	bool is_uniform = true;
	int r = 0;

	for (uint32_t i = 0; !r && i < builder->block_count; i++) {
		r = make_block(patch, base, block_of(builder->image, base, i), i * RW_ROW_BLOCK,
			       &patch->blocks[i]);
		is_uniform = is_uniform && patch->blocks[i] == patch->blocks[0];
	}
	if (r < 0)
		return r;
	*ret_row = is_uniform ? patch->blocks[0]
			      : RW_ENTRY_SKIP | rw_image_add_plain(builder->image, patch->blocks,
								   builder->block_count);
	return builder->image->failure;
}

int rw_row_patch_apply(struct rw_row_patch *patch, uint32_t base, const uint32_t *atoms, uint32_t count,
		       uint32_t *ret_row)
{
	uint32_t *slot;
	bool any = true;
	int r = 0;

	*ret_row = base;
	if (patch->lifts)
		r = find_cells(patch, base, atoms, count, &any);
	else if (patch->copies)
		any = cell_at(patch->builder, base, patch->from) !=
		      cell_at(patch->builder, base, patch->runs[0].first);
	if (r || !any)
		return r;
	r = need_made(patch);
	if (r < 0)
		return r;
	slot = find_made(patch, base, patch->cells);
	if (*slot) {
		*ret_row = patch->made[*slot - 1].row;
		return 0;
	}
	r = make_row(patch, base, ret_row);
	if (r < 0)
		return r;
	patch->made[patch->made_count] =
		(struct made){base, patch->made_count * patch->column_count, *ret_row};
	if (patch->lifts)
		memcpy(patch->met + patch->made[patch->made_count].first, patch->cells,
		       patch->column_count * sizeof(*patch->cells));
	*slot = ++patch->made_count;
	return 0;
}
