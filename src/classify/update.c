/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/update.h"

#include <stddef.h>
#include <string.h>

#include "classify/edit.h"
#include "classify/plan.h"
#include "classify/rows.h"

/* One view, as far as new rows need it. */
struct view {
	uint32_t *list;
	uint32_t count;
	struct rw_columns columns;
	struct rw_row_maker *rows;
};

/* What new classes of a table are made by; made when the first one comes. */
struct rw_classify_maker {
	struct rw_policy *policy; /* lends what the plan needs; its rules are those of the table's */
	struct rw_plan plan;
	struct rw_image image; /* continues that of the table */
	uint32_t *fives;
	struct view *views;
	uint32_t view_count;
	uint32_t *rows; /* room for one of each view */
};

struct rw_classify_maker *rw_classify_maker_free(struct rw_classify_maker *maker)
{
	if (!maker)
		return NULL;
	for (uint32_t i = 0; i < maker->view_count; i++) {
		(void)rw_row_maker_free(maker->views[i].rows);
		rw_columns_done(&maker->views[i].columns);
		free(maker->views[i].list);
	}
	free(maker->views);
	free(maker->fives);
	free(maker->rows);
	rw_image_done(&maker->image);
	rw_plan_done(&maker->plan);
	(void)rw_policy_unref(maker->policy);
	free(maker);
	return NULL;
}
RW_DEFINE_CLEANUP(struct rw_classify_maker *, rw_classify_maker_free)

/* ---- what differs ---- */

/* The set in which the two policies differ, by index; all else is the same.  False when it is not so. */
static bool find_set(const struct rw_policy *before, const struct rw_policy *after, size_t *ret_index)
{
	size_t found = SIZE_MAX;

	if (before->group_count != after->group_count || before->set_count != after->set_count ||
	    !rw_policy_same_system(before, after))
		return false;
	for (size_t i = 0; i < before->group_count; i++)
		if (before->groups[i] != after->groups[i])
			return false;
	for (size_t i = 0; i < before->set_count; i++) {
		if (before->sets[i] == after->sets[i])
			continue;
		if (found != SIZE_MAX || strcmp(before->sets[i]->id, after->sets[i]->id) != 0)
			return false;
		found = i;
	}
	*ret_index = found;
	return true;
}

/* Length of the part that both begin with, in prefixes; 'count' of them are looked at. */
static size_t count_same(const struct rw_prefix *a, const struct rw_prefix *b, size_t count)
{
	enum { STEP = 256 };
	size_t same = 0;

	while (same + STEP <= count && memcmp(a + same, b + same, STEP * sizeof(*a)) == 0)
		same += STEP;
	while (same < count && rw_prefix_compare(&a[same], &b[same]) == 0)
		same++;
	return same;
}

struct difference {
	const struct rw_prefix *prefix;    /* that one of the sets has and the other has not */
	const struct rw_address_set *less; /* the one without it */
	size_t place;                      /* where it would stand there */
	bool added;
};

/* False when the sets differ in more than one prefix. */
static bool find_difference(const struct rw_address_set *before, const struct rw_address_set *after,
			    struct difference *ret_difference)
{
	bool added = after->count > before->count;
	const struct rw_address_set *more = added ? after : before, *less = added ? before : after;
	size_t same;

	if (more->count != less->count + 1)
		return false;
	same = count_same(more->prefixes, less->prefixes, less->count);
	*ret_difference = (struct difference){&more->prefixes[same], less, same, added};
	return count_same(more->prefixes + same + 1, less->prefixes + same, less->count - same) ==
	       less->count - same;
}

static rw_key last_of(const struct rw_prefix *prefix)
{
	rw_key first = rw_key_of(&prefix->address);

	return prefix->bits == 128 ? first : first | ~(rw_key)0 >> prefix->bits;
}

/* How the other prefixes of a set stand to one that comes or goes. */
enum relation {
	APART,
	INSIDE,  /* it lies in another one, so that nothing changes */
	OUTSIDE, /* others lie in it */
};

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

/* Whether the set has the first 'bits' bits of a prefix. */
static bool has_wider(const struct rw_address_set *set, const struct rw_prefix *prefix, uint8_t bits)
{
	struct rw_prefix wider = *prefix;

	for (uint8_t i = bits; i < prefix->bits; i++)
		wider.address.bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	wider.bits = bits;
	return set->count &&
	       bsearch(&wider, set->prefixes, set->count, sizeof(wider), compare_prefixes) != NULL;
}

/* 'less' is the set without the prefix, 'place' where it would stand in it. */
static enum relation relate(const struct rw_atom *atom, const struct rw_address_set *less, size_t place,
			    const struct rw_prefix *prefix)
{
	for (uint8_t bits = 0; bits < prefix->bits; bits++)
		if (atom->lengths[bits / 64] >> (bits % 64) & 1 && has_wider(less, prefix, bits))
			return INSIDE;
	/* Sorted by address, then length: what lies in it stands behind it. */
	return place < less->count && rw_prefix_covers(prefix, &less->prefixes[place]) ? OUTSIDE : APART;
}

/* ---- new classes ---- */

static int make_view(struct rw_classify_maker *maker, const struct rw_classify_table *table, uint32_t number,
		     bool *has_group, struct rw_image *scratch)
{
	const struct rw_plan *plan = &maker->plan;
	struct view *view = &maker->views[number];
	enum rw_direction direction = number % 2 ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS;
	const struct rw_table_header *header = table->pages;
	const struct rw_table_view *written =
		(const struct rw_table_view *)table->pages + header->views + number;
	uint32_t page = rw_image_add_pages(scratch, 1);
	int r;

	view->list = malloc((plan->rule_count + 1) * sizeof(*view->list));
	if (!view->list || scratch->failure)
		return -ENOMEM;
	view->count = rw_plan_list(plan, &plan->policies[number / 2], direction, has_group, view->list);
	/* Numbers of columns follow from the rules alone; the image has them already. */
	r = rw_columns_make(plan, view->list, view->count, scratch, page, &view->columns);
	return r ? r
		 : rw_row_maker_new(plan, table->address, &view->columns, view->list, view->count,
				    maker->fives, written->flags & RW_VIEW_PLAIN_ROWS, &maker->image,
				    &view->rows);
}

static int make_views(struct rw_classify_maker *maker, const struct rw_classify_table *table)
{
	RW_CLEANUP(rw_free) bool *has_group = calloc(maker->policy->group_count + 1, sizeof(*has_group));
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory = {0};
	struct rw_image scratch;
	int r = has_group ? 0 : -ENOMEM;

	rw_classify_memory_init(&memory);
	rw_image_init(&scratch, &memory, RW_TABLE_PAGES_MAX);
	rw_image_add_pages(&scratch, 1);
	maker->views = calloc(maker->plan.policy_count * 2, sizeof(*maker->views));
	maker->rows = malloc(maker->plan.policy_count * 2 * sizeof(*maker->rows));
	if (!r && (!maker->views || !maker->rows))
		r = -ENOMEM;
	while (!r && maker->view_count < maker->plan.policy_count * 2)
		r = make_view(maker, table, maker->view_count++, has_group, &scratch);
	rw_image_done(&scratch);
	return r;
}

static int make_fives(struct rw_classify_maker *maker)
{
	const struct rw_plan *plan = &maker->plan;

	maker->fives = malloc((plan->five_count + 1) * sizeof(*maker->fives));
	if (!maker->fives)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->five_count; i++)
		maker->fives[i] = rw_image_add_blob(&maker->image, (const uint64_t *)&plan->fives[i],
						    sizeof(plan->fives[i]) / sizeof(uint64_t));
	return maker->image.failure;
}

static int make_maker(struct rw_classify_table *table, struct rw_classify_memory *memory,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_classify_maker_free) struct rw_classify_maker *maker = calloc(1, sizeof(*maker));
	RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
	int r;

	if (!maker || rw_atoms_dup(&table->address->atoms, &atoms) < 0)
		return -ENOMEM;
	maker->policy = rw_policy_ref(table->policy);
	rw_image_init(&maker->image, memory, table->page_limit);
	maker->image.page_count = table->page_count;
	r = rw_plan_make(maker->policy, &atoms, &maker->plan, err);
	if (!r && (atoms.missing || maker->plan.origin_count != table->origin_count))
		return RW_CLASSIFY_BESIDE;
	if (!r)
		r = make_fives(maker);
	if (!r)
		r = make_views(maker, table);
	if (!r)
		table->maker = RW_TAKE_PTR(maker);
	return r;
}

/* ---- the change ---- */

struct update {
	struct rw_classify_table *table;
	struct rw_classify_memory *memory;
	struct rw_error *err;
	uint32_t atom;
	bool added;
	uint32_t *all;                    /* room for every atom */
	uint32_t leaf_before, leaf_after; /* of the map's last answer */
	bool has_answer;
};

/* A new class: its record and rows, which nothing leads to yet. */
static int make_class(struct update *update, uint32_t from, uint32_t count, uint32_t *ret_class)
{
	struct rw_classify_address *address = update->table->address;
	struct rw_classes *classes = &address->classes;
	uint32_t number = classes->count, parent = update->added ? from : 0;
	const uint32_t *laid = update->added ? &update->atom : update->all;
	uint32_t laid_count = update->added ? 1 : count;
	const struct rw_table_class *base;
	struct rw_classify_maker *maker;
	struct rw_table_class *record;
	int r = 0;

	if (rw_classify_record_pages(address->record_words, number + 1) > address->record_pages)
		return RW_CLASSIFY_BESIDE;
	if (!update->table->maker)
		r = make_maker(update->table, update->memory, update->err);
	if (r)
		return r;
	maker = update->table->maker;
	for (uint32_t i = 0; !r && i < maker->view_count; i++) {
		base = rw_image_at(&maker->image, rw_classify_record_of(address->record_words, parent));
		r = rw_row_maker_lay(maker->views[i].rows, base->row[i], laid, laid_count, &maker->rows[i]);
	}
	if (!r)
		r = rw_classes_add(classes, parent, update->all, count, laid, laid_count);
	if (r < 0)
		return r;
	record = rw_image_at(&maker->image, rw_classify_record_of(address->record_words, number));
	record->flags = 0;
	for (uint32_t i = 0; i < count; i++)
		if (update->all[i] < maker->plan.flagged_count)
			record->flags |= maker->plan.atom_flags[update->all[i]];
	memcpy(record->row, maker->rows, maker->view_count * sizeof(*record->row));
	update->table->page_count = maker->image.page_count;
	*ret_class = number;
	return 0;
}

/* The class of the same atoms with the one that is added, or without it. */
static int find_class(struct update *update, uint32_t from, uint32_t *ret_class)
{
	struct rw_classes *classes = &update->table->address->classes;
	const struct rw_class *class = &classes->list[from];
	const uint32_t *had = classes->atoms + class->all_first;
	uint32_t count = 0, i = 0;
	int r;

	while (i < class->all_count && had[i] < update->atom)
		update->all[count++] = had[i++];
	*ret_class = from;
	if ((i < class->all_count && had[i] == update->atom) == update->added)
		return 0;
	if (update->added)
		update->all[count++] = update->atom;
	else
		i++;
	while (i < class->all_count)
		update->all[count++] = had[i++];
	r = rw_classes_find(classes, update->all, count, ret_class);
	if (r < 0 || *ret_class != RW_CLASSES_NONE)
		return r;
	return make_class(update, from, count, ret_class);
}

static int map_leaf(void *context, uint32_t leaf, uint32_t *ret_leaf)
{
	struct update *update = context;
	uint32_t words = update->table->address->record_words, class;
	int r;

	if (!update->has_answer || update->leaf_before != leaf) {
		r = find_class(update, rw_classify_class_of(words, leaf), &class);
		if (r)
			return r;
		update->leaf_before = leaf;
		update->leaf_after = rw_classify_record_of(words, class);
		update->has_answer = true;
	}
	*ret_leaf = update->leaf_after;
	return 0;
}

static int change_class(struct update *update, const struct rw_prefix *prefix)
{
	struct rw_classify_address *address = update->table->address;
	struct rw_edit edit = {
		.address = address,
		.memory = update->memory,
		.first = rw_key_of(&prefix->address),
		.last = last_of(prefix),
		.family = prefix->address.family,
		.map = map_leaf,
		.context = update,
	};
	uint32_t *entry;
	int r;

	update->all = malloc((address->atoms.count + 1) * sizeof(*update->all));
	if (!update->all)
		return -ENOMEM;
	r = rw_edit_prepare(&edit);
	free(update->all);
	if (r || !edit.changes)
		return r;
	/* The one store. */
	entry = (void *)((char *)update->memory->pages + edit.where);
	__atomic_store_n(entry, edit.value, __ATOMIC_SEQ_CST);
	if (edit.where == offsetof(struct rw_table_header, root6))
		address->root6 = edit.value;
	address->version++;
	return 0;
}

/* The table is that of 'policy' now; 'after' comes in place of the atom's set. */
static void adopt(struct update *update, const struct rw_policy *policy, const struct rw_address_set *after)
{
	struct rw_classify_table *table = update->table;
	struct rw_atom *atom = after ? &table->address->atoms.list[update->atom] : NULL;
	struct rw_policy *before = table->policy;

	if (atom) {
		struct rw_address_set *old = atom->set;

		atom->set = rw_address_set_ref(after);
		(void)rw_address_set_unref(old);
	}
	table->policy = rw_policy_ref(policy);
	(void)rw_policy_unref(before);
	table->pages = update->memory->pages;
	update->memory->holds_version = table->address->version;
}

static int update_set(struct update *update, const struct rw_address_set *before,
		      const struct rw_address_set *after)
{
	struct difference difference;
	enum relation relation;
	int r = 0;

	if (!find_difference(before, after, &difference))
		return RW_CLASSIFY_BESIDE;
	update->added = difference.added;
	relation = relate(rw_atoms_measure(&update->table->address->atoms, update->atom), difference.less,
			  difference.place, difference.prefix);
	/* Without it, what lies in it would stay: as many stores as there are gaps. */
	if (relation == OUTSIDE && !difference.added)
		return RW_CLASSIFY_BESIDE;
	if (relation != INSIDE)
		r = change_class(update, difference.prefix);
	if (r)
		return r < 0 && r != -ENOMEM ? RW_CLASSIFY_BESIDE : r;
	rw_atoms_note_length(&update->table->address->atoms, update->atom, difference.prefix->bits);
	if (difference.added)
		update->table->address->classes.prefix_count++;
	else
		update->table->address->classes.prefix_count--;
	return 0;
}

int rw_classify_update(struct rw_classify_table *table, const struct rw_policy *policy,
		       struct rw_classify_memory *memory, struct rw_error *err)
{
	struct update update = {.table = table, .memory = memory, .err = err};
	const struct rw_address_set *before, *after = NULL;
	size_t index;
	int r = 0;

	if (memory->pages != table->pages || !find_set(table->policy, policy, &index))
		return RW_CLASSIFY_BESIDE;
	if (index != SIZE_MAX) {
		before = table->policy->sets[index];
		after = policy->sets[index];
		if (rw_atoms_find_set(&table->address->atoms, before, &update.atom))
			r = update_set(&update, before, after);
		else
			after = NULL; /* No rule names it. */
	}
	if (r)
		return r == -ENOMEM ? rw_error_oom(err) : r;
	adopt(&update, policy, after);
	return 0;
}
