/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "classify/classes.h"

#include <assert.h>
#include <string.h>

/* A prefix of an atom. */
struct item {
	rw_key key;
	uint32_t atom;
	uint8_t bits;
};

/* A prefix that is open while the items inside it are walked. */
struct open_prefix {
	rw_key last; /* its last address */
	uint32_t class;
};

struct builder {
	const struct rw_atoms *names;
	struct rw_classes *classes;
	uint32_t *merged; /* room for all atoms */
};

void rw_classes_done(struct rw_classes *classes)
{
	free(classes->list);
	free(classes->atoms);
	free(classes->v4.list);
	free(classes->v6.list);
	free(classes->table);
	*classes = (struct rw_classes){0};
}

/* ---- sets of atoms ---- */

static uint64_t hash_atoms(const uint32_t *atoms, uint32_t count)
{
	uint64_t hash = count;

	for (uint32_t i = 0; i < count; i++) {
		hash = (hash ^ atoms[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash;
}

static uint32_t *find_class(const struct rw_classes *classes, const uint32_t *atoms, uint32_t count)
{
	size_t mask = classes->table_capacity - 1;
	size_t at = (size_t)hash_atoms(atoms, count) & mask;

	for (; classes->table[at]; at = (at + 1) & mask) {
		const struct rw_class *class = &classes->list[classes->table[at] - 1];

		if (class->all_count == count && (count == 0 || memcmp(classes->atoms + class->all_first,
								       atoms, count * sizeof(*atoms)) == 0))
			break;
	}
	return &classes->table[at];
}

/* Makes the index anew, with room for as many classes again. */
static int grow_table(struct rw_classes *classes)
{
	size_t capacity = 256;
	uint32_t *table;

	while (capacity < (size_t)classes->count * 4)
		capacity *= 2;
	table = calloc(capacity, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(classes->table);
	classes->table = table;
	classes->table_capacity = capacity;
	for (uint32_t i = 0; i < classes->count; i++)
		*find_class(classes, classes->atoms + classes->list[i].all_first,
			    classes->list[i].all_count) = i + 1;
	return 0;
}

static int grow_list(struct rw_classes *classes)
{
	uint32_t capacity = classes->capacity * 2 + 128;
	struct rw_class *list = realloc(classes->list, capacity * sizeof(*list));

	if (!list)
		return -ENOMEM;
	classes->list = list;
	classes->capacity = capacity;
	return 0;
}

/* Copies atoms into the arena. */
static int store_atoms(struct rw_classes *classes, const uint32_t *atoms, uint32_t count, uint32_t *ret_first)
{
	if (classes->atom_count + count > classes->atom_max)
		return -E2BIG;
	if (classes->atom_count + count >= classes->atom_capacity) {
		size_t capacity = classes->atom_capacity * 2 + count + 256;
		uint32_t *bigger = realloc(classes->atoms, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		classes->atoms = bigger;
		classes->atom_capacity = capacity;
	}
	if (count)
		memcpy(classes->atoms + classes->atom_count, atoms, count * sizeof(*atoms));
	*ret_first = (uint32_t)classes->atom_count;
	classes->atom_count += count;
	return 0;
}

int rw_classes_add(struct rw_classes *classes, uint32_t parent, const uint32_t *all, uint32_t all_count,
		   const uint32_t *added, uint32_t added_count)
{
	struct rw_class class = {.parent = parent, .all_count = all_count, .added_count = added_count};
	int r = 0;

	if (!classes->table || (size_t)classes->count * 2 >= classes->table_capacity)
		r = grow_table(classes);
	if (!r && classes->count == classes->capacity)
		r = grow_list(classes);
	if (!r)
		r = store_atoms(classes, all, all_count, &class.all_first);
	if (r < 0)
		return r;
	class.added_first = class.all_first;
	if (added_count < all_count) {
		r = store_atoms(classes, added, added_count, &class.added_first);
		if (r < 0)
			return r;
	}
	*find_class(classes, all, all_count) = classes->count + 1;
	classes->list[classes->count++] = class;
	return 0;
}

int rw_classes_find(struct rw_classes *classes, const uint32_t *atoms, uint32_t count, uint32_t *ret_class)
{
	uint32_t found;

	if (!classes->table) {
		int r = grow_table(classes);

		if (r < 0)
			return r;
	}
	found = *find_class(classes, atoms, count);
	*ret_class = found ? found - 1 : RW_CLASSES_NONE;
	return 0;
}

void rw_classes_forget_index(struct rw_classes *classes)
{
	free(classes->table);
	classes->table = NULL;
	classes->table_capacity = 0;
}

/* Gives the class of 'parent' with 'atoms' (ascending; overwritten with those that are new). */
static int extend_class(struct builder *builder, uint32_t parent, uint32_t *atoms, uint32_t count,
			uint32_t *ret_class)
{
	struct rw_classes *classes = builder->classes;
	const struct rw_class *outer = &classes->list[parent];
	const uint32_t *had = classes->atoms + outer->all_first;
	uint32_t merged = 0, added = 0, j = 0;
	uint32_t first = atoms[0];
	const uint32_t *found;

	if (count == 1 && outer->memo_class && outer->memo_atom == first) {
		*ret_class = outer->memo_class;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		while (j < outer->all_count && had[j] < atoms[i])
			builder->merged[merged++] = had[j++];
		if (j < outer->all_count && had[j] == atoms[i])
			continue;
		builder->merged[merged++] = atoms[i];
		atoms[added++] = atoms[i];
	}
	while (j < outer->all_count)
		builder->merged[merged++] = had[j++];
	found = added ? find_class(classes, builder->merged, merged) : NULL;
	if (!added) {
		*ret_class = parent;
	} else if (*found) {
		*ret_class = *found - 1;
	} else {
		int r = rw_classes_add(classes, parent, builder->merged, merged, atoms, added);

		if (r < 0)
			return r;
		*ret_class = classes->count - 1;
	}
	if (count == 1) {
		classes->list[parent].memo_atom = first;
		classes->list[parent].memo_class = *ret_class;
	}
	return 0;
}

/* ---- prefixes in order ---- */

rw_key rw_key_of(const struct rw_address *address)
{
	uint64_t words[2];

	memcpy(words, address->bytes, sizeof(words));
	return (rw_key)__builtin_bswap64(words[0]) << 64 | __builtin_bswap64(words[1]);
}

static bool before(const struct item *a, const struct item *b)
{
	return a->key != b->key ? a->key < b->key : a->bits < b->bits;
}

static size_t run_end(const struct item *items, size_t first, size_t count)
{
	size_t end = first + 1;

	while (end < count && !before(&items[end], &items[end - 1]))
		end++;
	return end;
}

/* Merges neighbouring sorted runs of 'from' into 'to'; gives the number of runs left. */
static size_t merge_runs(const struct item *from, struct item *to, size_t count)
{
	size_t runs = 0, out = 0;

	for (size_t first = 0; first < count; runs++) {
		size_t middle = run_end(from, first, count);
		size_t end = middle < count ? run_end(from, middle, count) : count;
		size_t left = first, right = middle;

		while (left < middle && right < end)
			to[out++] = before(&from[right], &from[left]) ? from[right++] : from[left++];
		while (left < middle)
			to[out++] = from[left++];
		while (right < end)
			to[out++] = from[right++];
		first = end;
	}
	return runs;
}

/* Sets arrive sorted, so there are few runs: merging natural ones beats sorting. */
static int sort_items(struct item **items, size_t count)
{
	struct item *other;

	if (count == 0 || run_end(*items, 0, count) == count)
		return 0;
	other = malloc(count * sizeof(*other));
	if (!other)
		return -ENOMEM;
	while (merge_runs(*items, other, count) > 1) {
		struct item *swapped = *items;
		*items = other;
		other = swapped;
	}
	free(*items);
	*items = other;
	return 0;
}

static int add_items(const struct rw_atoms *atoms, uint8_t family, struct item **ret_items, size_t *ret_count)
{
	size_t count = 0, most = 0;
	struct item *items;

	for (uint32_t i = 0; i < atoms->count; i++)
		most += atoms->list[i].set ? atoms->list[i].set->count : 1;
	items = malloc((most + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (uint32_t i = 0; i < atoms->count; i++) {
		const struct rw_address_set *set = atoms->list[i].set;
		const struct rw_prefix *prefixes = set ? set->prefixes : &atoms->list[i].prefix;
		size_t prefix_count = set ? set->count : 1;

		for (size_t j = 0; j < prefix_count; j++)
			if (prefixes[j].address.family == family)
				items[count++] =
					(struct item){rw_key_of(&prefixes[j].address), i, prefixes[j].bits};
	}
	*ret_items = items;
	*ret_count = count;
	return sort_items(ret_items, count);
}

/* ---- from prefixes to boundaries ---- */

static void add_boundary(struct rw_boundaries *boundaries, rw_key key, uint32_t class)
{
	if (boundaries->count && boundaries->list[boundaries->count - 1].key == key)
		boundaries->count--;
	if (boundaries->count && boundaries->list[boundaries->count - 1].leaf == class)
		return;
	boundaries->list[boundaries->count++] = (struct rw_boundary){key, class};
}

static rw_key last_of(const struct item *item)
{
	return item->bits == 128 ? item->key : item->key | ~(rw_key)0 >> item->bits;
}

/* Collects the atoms of all items that are the same prefix as the first. */
static uint32_t take_equal(const struct item *items, size_t count, uint32_t *atoms)
{
	uint32_t taken = 0;

	while (taken < count && items[taken].key == items[0].key && items[taken].bits == items[0].bits) {
		atoms[taken] = items[taken].atom;
		taken++;
	}
	if (taken > 1)
		qsort(atoms, taken, sizeof(*atoms), rw_array_compare_u32);
	return taken;
}

static int sweep(struct builder *builder, const struct item *items, size_t count, uint32_t *atoms,
		 struct rw_boundaries *boundaries)
{
	struct open_prefix open[130] = {{~(rw_key)0, 0}}; /* nested ones: at most 129 lengths and the whole */
	unsigned int depth = 0;

	add_boundary(boundaries, 0, 0);
	for (size_t i = 0; i < count;) {
		uint32_t taken, class;
		int r;

		for (; open[depth].last < items[i].key; depth--)
			add_boundary(boundaries, open[depth].last + 1, open[depth - 1].class);
		taken = take_equal(items + i, count - i, atoms);
		r = extend_class(builder, open[depth].class, atoms, taken, &class);
		if (r < 0)
			return r;
		add_boundary(boundaries, items[i].key, class);
		assert(depth + 1 < RW_ARRAY_COUNT(open));
		open[++depth] = (struct open_prefix){last_of(&items[i]), class};
		i += taken;
	}
	for (; depth > 0; depth--)
		if (open[depth].last != ~(rw_key)0)
			add_boundary(boundaries, open[depth].last + 1, open[depth - 1].class);
	return 0;
}

static int classify_family(struct builder *builder, uint8_t family, struct rw_boundaries *ret_boundaries)
{
	RW_CLEANUP(rw_free) uint32_t *atoms = malloc((builder->names->count + 1) * sizeof(*atoms));
	RW_CLEANUP(rw_free) struct item *items = NULL;
	size_t count = 0;
	int r = atoms ? add_items(builder->names, family, &items, &count) : -ENOMEM;

	if (r < 0)
		return r;
	builder->classes->prefix_count += count;
	ret_boundaries->list = malloc((2 * count + 1) * sizeof(*ret_boundaries->list));
	if (!ret_boundaries->list)
		return -ENOMEM;
	return sweep(builder, items, count, atoms, ret_boundaries);
}

/* ---- the whole ---- */

int rw_classes_build(const struct rw_atoms *atoms, size_t arena_max, struct rw_classes *ret_classes)
{
	RW_CLEANUP(rw_classes_done) struct rw_classes classes = {.atom_max = arena_max};
	struct builder builder = {.names = atoms, .classes = &classes};
	int r;

	builder.merged = malloc((atoms->count + 1) * sizeof(*builder.merged));
	if (!builder.merged)
		return -ENOMEM;
	r = rw_classes_add(&classes, 0, NULL, 0, NULL, 0);
	if (!r)
		r = classify_family(&builder, 4, &classes.v4);
	if (!r)
		r = classify_family(&builder, 6, &classes.v6);
	free(builder.merged);
	rw_classes_forget_index(&classes);
	if (r < 0)
		return r;
	*ret_classes = classes;
	classes = (struct rw_classes){0};
	return 0;
}
