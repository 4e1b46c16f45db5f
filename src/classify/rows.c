/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/rows_internal.h"

#include <assert.h>
#include <string.h>

static void builder_done(struct rw_row_builder *builder)
{
	free(builder->first_of);
	free(builder->by_atom);
	for (uint32_t i = 0; builder->overlays && i < builder->atom_count; i++)
		free(builder->overlays[i].cells);
	free(builder->overlays);
	free(builder->first_child);
	free(builder->next_sibling);
	for (uint32_t i = 0; i < builder->level_capacity; i++)
		free(builder->levels[i].cells);
	free(builder->levels);
	free(builder->touched);
}
RW_DEFINE_DONE(struct rw_row_builder, builder_done)

/* ---- preparation ---- */

int rw_row_need_overlays(struct rw_row_builder *builder, uint32_t atoms)
{
	struct rw_row_overlay *bigger = realloc(builder->overlays, (atoms + 1) * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	builder->overlays = bigger;
	for (; builder->atom_count < atoms; builder->atom_count++)
		bigger[builder->atom_count] = (struct rw_row_overlay){0};
	return 0;
}

static int sort_by_atom(struct rw_row_builder *builder, const uint32_t *list, uint32_t count)
{
	uint32_t atoms = builder->address->atoms.count;

	builder->rule_count = count;
	builder->rule_capacity = count + 1;
	builder->first_of = calloc(atoms + 2, sizeof(*builder->first_of));
	builder->by_atom = malloc(builder->rule_capacity * sizeof(*builder->by_atom));
	if (!builder->first_of || !builder->by_atom || rw_row_need_overlays(builder, atoms) < 0)
		return -ENOMEM;
	/* Counted one place further, so that filling moves each start to where it belongs. */
	for (uint32_t i = 0; i < count; i++)
		builder->first_of[builder->plan->rules[list[i]].atom + 2]++;
	for (uint32_t i = 2; i < atoms + 2; i++)
		builder->first_of[i] += builder->first_of[i - 1];
	for (uint32_t i = 0; i < count; i++) {
		const struct rw_plan_rule *rule = &builder->plan->rules[list[i]];

		builder->by_atom[builder->first_of[rule->atom + 1]++] = list[i];
		builder->overlays[rule->atom].five |= rule->five != 0;
	}
	return 0;
}

static int link_children(struct rw_row_builder *builder)
{
	uint32_t count = builder->address->classes.count;

	builder->first_child = calloc(count, sizeof(*builder->first_child));
	builder->next_sibling = calloc(count, sizeof(*builder->next_sibling));
	if (!builder->first_child || !builder->next_sibling)
		return -ENOMEM;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t parent = builder->address->classes.list[i].parent;

		builder->next_sibling[i] = builder->first_child[parent];
		builder->first_child[parent] = i;
	}
	return 0;
}

/* Makes sure that level 'depth' exists, with room for a row. */
static int need_level(struct rw_row_builder *builder, uint32_t depth)
{
	size_t room =
		(size_t)builder->width + (builder->block_count + RW_ROW_LANE - 1) / RW_ROW_LANE * RW_ROW_LANE;

	if (depth >= builder->level_capacity) {
		uint32_t capacity = builder->level_capacity * 2 + 16;
		struct rw_row_level *bigger = realloc(builder->levels, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		memset(bigger + builder->level_capacity, 0,
		       (capacity - builder->level_capacity) * sizeof(*bigger));
		builder->levels = bigger;
		builder->level_capacity = capacity;
	}
	if (!builder->levels[depth].cells) {
		builder->levels[depth].cells = calloc(room, sizeof(uint32_t));
		if (!builder->levels[depth].cells)
			return -ENOMEM;
		builder->levels[depth].blocks = builder->levels[depth].cells + builder->width;
	}
	return 0;
}

/* ---- cells ---- */

/* A cell taken apart: five-tuple rules in deciding order, then what is left. */
struct parts {
	uint32_t count;
	uint32_t otherwise;
	uint32_t rules[RW_TABLE_LIST_MAX + 1];
};

static uint32_t cell_of_five(const struct rw_image *image, uint32_t reference)
{
	const struct rw_table_five *five = rw_image_at(image, reference);

	return five->cell;
}

bool rw_row_list_has(const struct rw_row_builder *builder, uint32_t list, uint32_t cell)
{
	const struct rw_table_list *parts = rw_image_at(builder->image, list);

	for (uint32_t i = 0; i < parts->count; i++)
		if (cell_of_five(builder->image, parts->rules[i]) == cell)
			return true;
	return parts->otherwise == cell;
}

static void take_apart(const struct rw_image *image, uint32_t entry, struct parts *parts)
{
	const struct rw_table_list *list;

	parts->count = 0;
	parts->otherwise = entry;
	if ((entry & RW_ENTRY_KIND) != RW_ENTRY_LIST)
		return;
	list = rw_image_at(image, entry);
	parts->count = list->count;
	parts->otherwise = list->otherwise;
	memcpy(parts->rules, list->rules, list->count * sizeof(*parts->rules));
}

static int put_together(struct rw_image *image, const struct parts *parts, uint32_t *ret_entry)
{
	uint64_t words[1 + (RW_TABLE_LIST_MAX + 1) / 2];
	struct rw_table_list *list = (struct rw_table_list *)words;

	*ret_entry = parts->otherwise;
	if (parts->count == 0)
		return 0;
	if (parts->count > RW_TABLE_LIST_MAX)
		return -E2BIG;
	list->count = parts->count;
	list->otherwise = parts->otherwise;
	memcpy(list->rules, parts->rules, parts->count * sizeof(*parts->rules));
	if (parts->count % 2)
		list->rules[parts->count] = 0;
	*ret_entry = RW_ENTRY_LIST | rw_image_add_blob(image, words, 1 + (parts->count + 1) / 2);
	return image->failure;
}

/* Lays a rule over a cell where five-tuple rules take part.  *entry is unchanged when the rule comes too
 * late. */
static int lay_five(const struct rw_plan *plan, struct rw_image *image, uint32_t cell, uint32_t five,
		    uint32_t *entry)
{
	struct parts parts;
	uint32_t at;

	take_apart(image, *entry, &parts);
	if (!rw_plan_before(plan, cell, parts.otherwise))
		return 0;
	for (at = 0; at < parts.count; at++)
		if (!rw_plan_before(plan, cell_of_five(image, parts.rules[at]), cell))
			break;
	if (!five) {
		parts.count = at;
		parts.otherwise = cell;
	} else {
		if (at < parts.count && parts.rules[at] == five)
			return 0;
		memmove(&parts.rules[at + 1], &parts.rules[at], (parts.count - at) * sizeof(*parts.rules));
		parts.rules[at] = five;
		parts.count++;
	}
	return put_together(image, &parts, entry);
}

int rw_row_lay_cell(struct rw_row_builder *builder, const struct rw_plan_rule *rule, uint32_t five,
		    uint32_t *cell)
{
	if (five || (*cell & RW_ENTRY_KIND) != RW_ENTRY_LEAF)
		return lay_five(builder->plan, builder->image, rule->cell, five, cell);
	if (rw_plan_before(builder->plan, rule->cell, *cell))
		*cell = rule->cell;
	return 0;
}

static int lay_run(struct rw_row_builder *builder, const struct rw_plan_rule *rule,
		   const struct rw_column_run *run, struct rw_row_level *level, bool *changed)
{
	uint32_t five = rule->five ? builder->fives[rule->five - 1] : 0;

	for (uint32_t column = run->first; column <= run->last; column++) {
		uint32_t *cell = &level->cells[column], before = *cell;
		int r = rw_row_lay_cell(builder, rule, five, cell);

		if (r < 0)
			return r;
		if (*cell == before)
			continue;
		level->lists |= (*cell & RW_ENTRY_KIND) == RW_ENTRY_LIST;
		builder->touched[column / RW_ROW_BLOCK] = true;
		*changed = true;
	}
	return 0;
}

/* Lays the rules of an atom one by one. */
static int lay_atom(struct rw_row_builder *builder, uint32_t atom, struct rw_row_level *level, bool *changed)
{
	for (uint32_t i = builder->first_of[atom]; i < builder->first_of[atom + 1]; i++) {
		const struct rw_plan_rule *rule = &builder->plan->rules[builder->by_atom[i]];
		const struct rw_port_range *range =
			rw_columns_range_of(builder->columns, builder->by_atom[i]);

		builder->group = rule->group;
		for (uint32_t j = 0; j < range->run_count; j++) {
			int r = lay_run(builder, rule, &builder->columns->runs[range->first_run + j], level,
					changed);
			if (r < 0)
				return r;
		}
	}
	builder->group = RW_PLAN_NO_GROUP;
	return 0;
}

/* Merges the rules of an atom.  They come in deciding order, so the first on a column stays. */
static int make_overlay(struct rw_row_builder *builder, uint32_t atom)
{
	int32_t *cells = malloc(builder->width * sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	for (uint32_t i = 0; i < builder->width; i++)
		cells[i] = RW_ROW_NOTHING;
	for (uint32_t i = builder->first_of[atom]; i < builder->first_of[atom + 1]; i++) {
		int32_t cell = (int32_t)builder->plan->rules[builder->by_atom[i]].cell;
		const struct rw_port_range *range =
			rw_columns_range_of(builder->columns, builder->by_atom[i]);

		for (uint32_t j = 0; j < range->run_count; j++) {
			const struct rw_column_run *run = &builder->columns->runs[range->first_run + j];

			for (uint32_t column = run->first; column <= run->last; column++)
				if (cells[column] == RW_ROW_NOTHING)
					cells[column] = cell;
		}
	}
	builder->overlays[atom].cells = cells;
	return 0;
}

/* Keeps the smaller of each pair in 'under'; true when one changed.  Made for the vectoriser: a fixed
 * length, signed comparisons (cells have 30 bits), no branch. */
static RW_WITHIN bool lay_lane(int32_t *restrict under, const int32_t *restrict over)
{
	int32_t changed = 0;

	for (int i = 0; i < RW_ROW_LANE; i++) {
		int32_t smaller = over[i] < under[i] ? over[i] : under[i];

		changed |= smaller ^ under[i];
		under[i] = smaller;
	}
	return changed != 0;
}

/* Lays 'width' cells over others; notes the blocks in which one changed. */
RW_WIDE static bool lay_cells(int32_t *under, const int32_t *over, uint32_t width, bool *touched)
{
	bool changed = false;

	for (uint32_t i = 0; i < width; i += RW_ROW_LANE) {
		bool lane = lay_lane(under + i, over + i);

		touched[i / RW_ROW_BLOCK] |= lane;
		changed |= lane;
	}
	return changed;
}

/* The same by rank. */
static bool lay_ranked(const struct rw_plan *plan, uint32_t *under, const int32_t *over, uint32_t width,
		       bool *touched)
{
	bool changed = false;

	for (uint32_t i = 0; i < width; i++) {
		if (over[i] == RW_ROW_NOTHING || !rw_plan_before(plan, (uint32_t)over[i], under[i]))
			continue;
		under[i] = (uint32_t)over[i];
		touched[i / RW_ROW_BLOCK] = true;
		changed = true;
	}
	return changed;
}

static int lay_overlay(struct rw_row_builder *builder, uint32_t atom, struct rw_row_level *level,
		       bool *changed)
{
	const struct rw_row_overlay *overlay = &builder->overlays[atom];

	if (!overlay->cells) {
		int r = make_overlay(builder, atom);
		if (r < 0)
			return r;
	}
	if (builder->plan->ranks)
		*changed |= lay_ranked(builder->plan, level->cells, overlay->cells, builder->width,
				       builder->touched);
	else
		*changed |=
			lay_cells((int32_t *)level->cells, overlay->cells, builder->width, builder->touched);
	return 0;
}

/* Lays the rules of 'atoms' over a level. */
static int lay_rules(struct rw_row_builder *builder, const uint32_t *atoms, uint32_t atom_count,
		     struct rw_row_level *level, bool *changed)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < atom_count; i++) {
		uint32_t count = builder->first_of[atoms[i] + 1] - builder->first_of[atoms[i]];

		if (count >= RW_ROW_OVERLAY_RULES && !level->lists && !builder->overlays[atoms[i]].five)
			r = lay_overlay(builder, atoms[i], level, changed);
		else
			r = lay_atom(builder, atoms[i], level, changed);
	}
	return r;
}

static bool has_rules(const struct rw_row_builder *builder, const struct rw_class *class)
{
	const uint32_t *atoms = builder->address->classes.atoms + class->added_first;

	for (uint32_t i = 0; i < class->added_count; i++)
		if (builder->first_of[atoms[i]] != builder->first_of[atoms[i] + 1])
			return true;
	return false;
}

/* ---- rows ---- */

static bool is_uniform(const uint32_t *cells, uint32_t count)
{
	uint32_t differs = 0;

	for (uint32_t i = 1; i < count; i++)
		differs |= cells[i] ^ cells[0];
	return !differs;
}

uint32_t rw_row_write_block(const struct rw_row_builder *builder, const uint32_t *cells, uint32_t count)
{
	if (!builder->plain)
		return rw_image_add_full_span(builder->image, cells, count);
	return is_uniform(cells, count) ? cells[0]
					: RW_ENTRY_SPAN | rw_image_add_plain(builder->image, cells, count);
}

bool rw_row_read_block(const struct rw_row_builder *builder, uint32_t entry, uint32_t count, uint32_t *cells)
{
	const struct rw_table_span *span;
	const uint32_t *run = NULL;
	bool lists = false;

	if ((entry & RW_ENTRY_KIND) != RW_ENTRY_SPAN) {
		for (uint32_t i = 0; i < count; i++)
			cells[i] = entry;
		return (entry & RW_ENTRY_KIND) == RW_ENTRY_LIST;
	}
	span = rw_image_at(builder->image, entry);
	if (builder->plain)
		memcpy(cells, span, count * sizeof(*cells));
	else
		run = span->entries;
	for (uint32_t i = 0; i < count; i++) {
		if (run) {
			run += i && span->bits[i / 64] >> (i % 64) & 1;
			cells[i] = *run;
		}
		lists |= (cells[i] & RW_ENTRY_KIND) == RW_ENTRY_LIST;
	}
	return lists;
}

uint32_t rw_row_read_cell(const struct rw_row_builder *builder, uint32_t entry, uint32_t slot)
{
	const struct rw_table_span *span;

	if ((entry & RW_ENTRY_KIND) != RW_ENTRY_SPAN)
		return entry;
	span = rw_image_at(builder->image, entry);
	if (builder->plain)
		return ((const uint32_t *)span)[slot];
	return span->entries[span->before[slot / 64] +
			     (uint32_t)__builtin_popcountll(span->bits[slot / 64] << (63 - slot % 64)) - 1];
}

/* Writes the blocks that changed and what leads to them. */
static void write_row(struct rw_row_builder *builder, struct rw_row_level *level)
{
	uint32_t count = builder->columns->count;

	for (uint32_t i = 0; i < builder->block_count; i++) {
		uint32_t size =
			count - i * RW_ROW_BLOCK < RW_ROW_BLOCK ? count - i * RW_ROW_BLOCK : RW_ROW_BLOCK;

		if (builder->touched[i])
			level->blocks[i] = rw_row_write_block(builder, level->cells + i * RW_ROW_BLOCK, size);
		builder->touched[i] = false;
	}
	/* One block for all columns needs nothing that leads to it. */
	level->entry = level->blocks[0];
	for (uint32_t i = 1; i < builder->block_count; i++) {
		if (level->blocks[i] == level->blocks[0])
			continue;
		level->entry = RW_ENTRY_SKIP |
			       rw_image_add_plain(builder->image, level->blocks, builder->block_count);
		break;
	}
}

static void set_row(struct rw_row_builder *builder, const struct rw_row_level *level)
{
	struct rw_table_class *record;

	if (builder->image->failure)
		return;
	record = rw_image_at(builder->image,
			     rw_classify_record_of(builder->address->record_words, level->class));
	record->row[builder->view] = level->entry;
}

/* Enters 'class', whose parent is on the level above. */
static int enter(struct rw_row_builder *builder, uint32_t class)
{
	const struct rw_class *described = &builder->address->classes.list[class];
	struct rw_row_level *level, *above;
	bool changed = false;
	int r = need_level(builder, builder->depth + 1);

	if (r < 0)
		return r;
	level = &builder->levels[++builder->depth];
	above = &builder->levels[builder->depth - 1];
	level->class = class;
	level->entry = above->entry;
	level->row = above->row;
	if (has_rules(builder, described)) {
		level->lists = builder->levels[above->row].lists;
		memcpy(level->cells, builder->levels[above->row].cells,
		       ((size_t)builder->width + builder->block_count) * sizeof(uint32_t));
		r = lay_rules(builder, builder->address->classes.atoms + described->added_first,
			      described->added_count, level, &changed);
		if (r < 0)
			return r;
	}
	if (changed) {
		level->row = builder->depth;
		write_row(builder, level);
	}
	set_row(builder, level);
	return builder->image->failure;
}

static int enter_root(struct rw_row_builder *builder, uint32_t initial)
{
	struct rw_row_level *level;
	int r = need_level(builder, 0);

	if (r < 0)
		return r;
	level = &builder->levels[0];
	level->class = 0;
	level->row = 0;
	level->lists = false;
	for (uint32_t i = 0; i < builder->width; i++)
		level->cells[i] = initial;
	memset(builder->touched, true, builder->block_count * sizeof(*builder->touched));
	write_row(builder, level);
	set_row(builder, level);
	return builder->image->failure;
}

static int walk(struct rw_row_builder *builder, uint32_t initial)
{
	int r = enter_root(builder, initial);
	uint32_t next = builder->first_child[0];

	while (!r && next) {
		r = enter(builder, next);
		next = builder->first_child[next];
		while (!next && builder->depth > 0)
			next = builder->next_sibling[builder->levels[builder->depth--].class];
	}
	return r;
}

static int init(struct rw_row_builder *builder, const uint32_t *list, uint32_t count)
{
	int r = sort_by_atom(builder, list, count);

	builder->block_count = (builder->columns->count + RW_ROW_BLOCK - 1) / RW_ROW_BLOCK;
	builder->width = (builder->columns->count + RW_ROW_LANE - 1) / RW_ROW_LANE * RW_ROW_LANE;
	builder->group = RW_PLAN_NO_GROUP;
	builder->touched = calloc(builder->block_count, sizeof(*builder->touched));
	return r == 0 && !builder->touched ? -ENOMEM : r;
}

int rw_rows_make(const struct rw_plan *plan, const struct rw_classify_address *address,
		 const struct rw_columns *columns, const uint32_t *list, uint32_t count,
		 const uint32_t *fives, uint32_t initial, uint32_t view, bool plain, struct rw_image *image,
		 uint32_t *ret_group)
{
	RW_CLEANUP(builder_done)
	struct rw_row_builder builder = {
		.plan = plan,
		.address = address,
		.columns = columns,
		.fives = fives,
		.image = image,
		.view = view,
		.plain = plain,
	};
	int r = init(&builder, list, count);

	if (!r)
		r = link_children(&builder);
	if (r < 0)
		return r;
	r = walk(&builder, initial);
	if (r < 0)
		*ret_group = builder.group;
	return r;
}

/* ---- single rows ---- */

int rw_row_maker_new(const struct rw_plan *plan, const struct rw_classify_address *address,
		     const struct rw_columns *columns, const uint32_t *list, uint32_t count,
		     const uint32_t *fives, bool plain, struct rw_image *image,
		     struct rw_row_maker **ret_maker)
{
	struct rw_row_maker *maker = calloc(1, sizeof(*maker));
	int r;

	if (!maker)
		return -ENOMEM;
	maker->builder = (struct rw_row_builder){
		.plan = plan,
		.address = address,
		.columns = columns,
		.fives = fives,
		.image = image,
		.plain = plain,
	};
	r = init(&maker->builder, list, count);
	if (!r)
		r = need_level(&maker->builder, 0);
	if (r < 0)
		maker = rw_row_maker_free(maker);
	*ret_maker = maker;
	return r;
}

struct rw_row_maker *rw_row_maker_free(struct rw_row_maker *maker)
{
	if (maker)
		builder_done(&maker->builder);
	free(maker);
	return NULL;
}

static void read_row(struct rw_row_builder *builder, uint32_t row, struct rw_row_level *level)
{
	uint32_t count = builder->columns->count;
	const uint32_t *blocks = NULL;

	level->entry = row;
	level->lists = false;
	if ((row & RW_ENTRY_KIND) == RW_ENTRY_SKIP)
		blocks = rw_image_at(builder->image, row);
	for (uint32_t i = 0; i < builder->block_count; i++) {
		uint32_t first = i * RW_ROW_BLOCK;
		uint32_t size = count - first < RW_ROW_BLOCK ? count - first : RW_ROW_BLOCK;

		level->blocks[i] = blocks ? blocks[i] : row;
		level->lists |= rw_row_read_block(builder, level->blocks[i], size, level->cells + first);
	}
}

int rw_row_maker_lay(struct rw_row_maker *maker, uint32_t base, const uint32_t *atoms, uint32_t count,
		     uint32_t *ret_row)
{
	struct rw_row_builder *builder = &maker->builder;
	struct rw_row_level *level = &builder->levels[0];
	bool changed = false, any = false;
	int r;

	*ret_row = base;
	for (uint32_t i = 0; !any && i < count; i++)
		any = builder->first_of[atoms[i]] != builder->first_of[atoms[i] + 1];
	if (!any)
		return 0;
	read_row(builder, base, level);
	r = lay_rules(builder, atoms, count, level, &changed);
	if (r < 0)
		return r;
	if (changed)
		write_row(builder, level);
	*ret_row = level->entry;
	return builder->image->failure;
}
