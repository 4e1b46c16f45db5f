/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/changes.h"

#include <string.h>

#include "base/map.h"

void rw_changes_done(struct rw_changes *changes)
{
	free(changes->changed[0]);
	free(changes->changed[1]);
	free(changes->touched);
	*changes = (struct rw_changes){0};
}

/* ---- equal deciders ---- */

/* All that decides which headers it matches and how strong it is; compared bytewise, so without padding. */
struct content {
	uint64_t numbers[6];
	struct rw_prefix local;
};

static struct content content_of(const struct rw_decider *decider)
{
	const struct rw_rule *rule = decider->rule;
	struct content content;

	memset(&content, 0, sizeof(content));
	content.numbers[0] = (uint64_t)decider->cause << 32 | decider->atom;
	content.numbers[1] = (uint64_t)decider->first << 32 | decider->last;
	content.numbers[2] = (uint64_t)decider->verdict << 32 | decider->families;
	if (!rule)
		return content;
	content.numbers[3] = rule->priority;
	content.numbers[4] = (uint64_t)rule->source_ports.first << 16 | rule->source_ports.last;
	content.local.address.family = rule->local_cidr.address.family;
	memcpy(content.local.address.bytes, rule->local_cidr.address.bytes,
	       sizeof(content.local.address.bytes));
	content.local.bits = rule->local_cidr.bits;
	return content;
}

/* A hash table of contents: where each stands in 'deciders', + 1. */
struct table {
	const struct rw_deciders *deciders;
	uint32_t *slots;
	size_t capacity;
};

static uint32_t *find_slot(const struct table *table, const struct content *content)
{
	size_t mask = table->capacity - 1;
	size_t at = (size_t)rw_hash_bytes(content, sizeof(*content), 0) & mask;

	for (; table->slots[at]; at = (at + 1) & mask) {
		struct content other = content_of(&table->deciders->list[table->slots[at] - 1]);

		if (memcmp(&other, content, sizeof(other)) == 0)
			break;
	}
	return &table->slots[at];
}

static int make_table(const struct rw_deciders *deciders, struct table *ret_table)
{
	struct table table = {.deciders = deciders, .capacity = 16};

	while (table.capacity < (size_t)deciders->count * 2)
		table.capacity *= 2;
	table.slots = calloc(table.capacity, sizeof(*table.slots));
	if (!table.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i + 1 < deciders->count; i++) {
		struct content content = content_of(&deciders->list[i]);

		*find_slot(&table, &content) = i + 1;
	}
	*ret_table = table;
	return 0;
}

/* Marks the deciders that 'others' does not have. */
static int mark(const struct rw_deciders *deciders, const struct rw_deciders *others, bool everything,
		bool **ret_changed)
{
	struct table table = {0};
	bool *changed = malloc(deciders->count * sizeof(*changed));

	if (!changed || make_table(others, &table) < 0) {
		free(changed);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i + 1 < deciders->count; i++) {
		struct content content = content_of(&deciders->list[i]);

		changed[i] = everything || !*find_slot(&table, &content);
	}
	changed[deciders->count - 1] = everything;
	free(table.slots);
	*ret_changed = changed;
	return 0;
}

/* ---- touched services ---- */

static int compare_ranges(const void *a, const void *b)
{
	const struct rw_service_range *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static void add_touched(struct rw_changes *changes, const bool *changed, const struct rw_deciders *deciders)
{
	for (uint32_t i = 0; i < deciders->count; i++)
		if (changed[i])
			changes->touched[changes->touched_count++] =
				(struct rw_service_range){deciders->list[i].first, deciders->list[i].last};
}

static void unite_touched(struct rw_changes *changes)
{
	size_t kept = 0;

	qsort(changes->touched, changes->touched_count, sizeof(*changes->touched), compare_ranges);
	for (size_t i = 0; i < changes->touched_count; i++) {
		const struct rw_service_range *range = &changes->touched[i];

		if (!kept || changes->touched[kept - 1].last + 1 < range->first)
			changes->touched[kept++] = *range;
		else if (range->last > changes->touched[kept - 1].last)
			changes->touched[kept - 1].last = range->last;
	}
	changes->touched_count = kept;
}

int rw_changes_find(const struct rw_deciders *before, const struct rw_deciders *after,
		    struct rw_changes *ret_changes)
{
	RW_CLEANUP(rw_changes_done) struct rw_changes changes = {0};
	int r;

	changes.everything = before->list[before->count - 1].verdict != after->list[after->count - 1].verdict;
	r = mark(before, after, changes.everything, &changes.changed[0]);
	if (!r)
		r = mark(after, before, changes.everything, &changes.changed[1]);
	if (r < 0)
		return r;
	changes.touched = malloc(((size_t)before->count + after->count) * sizeof(*changes.touched));
	if (!changes.touched)
		return -ENOMEM;
	add_touched(&changes, changes.changed[0], before);
	add_touched(&changes, changes.changed[1], after);
	unite_touched(&changes);
	*ret_changes = changes;
	changes = (struct rw_changes){0};
	return 0;
}

bool rw_changes_touch(const struct rw_changes *changes, uint32_t first, uint32_t last)
{
	size_t low = 0, high = changes->touched_count;

	/* The first range that does not end before 'first'. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (changes->touched[middle].last < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low < changes->touched_count && changes->touched[low].first <= last;
}

void rw_changes_filter(struct rw_changes *changes, uint32_t view, struct rw_deciders *deciders)
{
	bool *changed = changes->changed[view];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < deciders->count; i++) {
		const struct rw_decider *decider = &deciders->list[i];

		/* The default stays last. */
		if (i + 1 < deciders->count && !rw_changes_touch(changes, decider->first, decider->last))
			continue;
		changed[kept] = changed[i];
		deciders->list[kept++] = *decider;
	}
	deciders->count = kept;
}
