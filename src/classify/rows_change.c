/* SPDX-License-Identifier: Apache-2.0 */

/* Rules that come to what makes rows, and that go. */

#include <string.h>

#include "base/array.h"
#include "classify/rows_internal.h"

int rw_row_maker_follow(struct rw_row_maker *maker, const uint32_t *fives)
{
	struct rw_row_builder *builder = &maker->builder;
	uint32_t before = builder->atom_count, atoms = builder->address->atoms.count, *bigger;

	builder->fives = fives;
	if (before == atoms)
		return 0;
	bigger = realloc(builder->first_of, (atoms + 2) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	builder->first_of = bigger;
	for (uint32_t i = before + 1; i < atoms + 2; i++)
		bigger[i] = builder->rule_count;
	return rw_row_need_overlays(builder, atoms);
}

/* Where a rule stands, or is to stand, among those of its atom. */
static uint32_t find_place(const struct rw_row_builder *builder, const struct rw_plan_rule *rule)
{
	uint32_t first = builder->first_of[rule->atom], end = builder->first_of[rule->atom + 1];

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		const struct rw_plan_rule *other = &builder->plan->rules[builder->by_atom[middle]];

		if (rw_plan_before(builder->plan, other->cell, rule->cell))
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* What was merged holds no more, and the rules of later atoms begin one further, or one earlier. */
static void move_starts(struct rw_row_builder *builder, uint32_t atom, uint32_t by)
{
	builder->overlays[atom].cells = rw_free(builder->overlays[atom].cells);
	for (uint32_t i = atom + 1; i < builder->atom_count + 2; i++)
		builder->first_of[i] += by;
	builder->rule_count += by;
}

int rw_row_maker_insert(struct rw_row_maker *maker, uint32_t number)
{
	struct rw_row_builder *builder = &maker->builder;
	const struct rw_plan_rule *rule = &builder->plan->rules[number];
	uint32_t place;

	if (!rw_array_make_room(&builder->by_atom, builder->rule_count, &builder->rule_capacity,
				sizeof(*builder->by_atom)))
		return -ENOMEM;
	place = find_place(builder, rule);
	memmove(&builder->by_atom[place + 1], &builder->by_atom[place],
		(builder->rule_count - place) * sizeof(*builder->by_atom));
	builder->by_atom[place] = number;
	move_starts(builder, rule->atom, 1);
	builder->overlays[rule->atom].five |= rule->five != 0;
	return 0;
}

static bool has_five(const struct rw_row_builder *builder, uint32_t atom)
{
	for (uint32_t i = builder->first_of[atom]; i < builder->first_of[atom + 1]; i++)
		if (builder->plan->rules[builder->by_atom[i]].five)
			return true;
	return false;
}

void rw_row_maker_remove(struct rw_row_maker *maker, uint32_t number)
{
	struct rw_row_builder *builder = &maker->builder;
	const struct rw_plan_rule *rule = &builder->plan->rules[number];
	uint32_t place = builder->first_of[rule->atom];

	/* It has no rank any more to be found by. */
	while (builder->by_atom[place] != number)
		place++;
	memmove(&builder->by_atom[place], &builder->by_atom[place + 1],
		(builder->rule_count - place - 1) * sizeof(*builder->by_atom));
	move_starts(builder, rule->atom, UINT32_MAX); /* one earlier */
	if (rule->five)
		builder->overlays[rule->atom].five = has_five(builder, rule->atom);
}
