/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/update.h"

#include <string.h>

#include "classify/address.h"
#include "classify/shift.h"

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

/* ---- the change ---- */

/* The table is that of 'policy' now; 'after' comes in place of the atom's set. */
static void adopt(struct rw_shift *shift, const struct rw_policy *policy, const struct rw_address_set *after)
{
	struct rw_classify_table *table = shift->table;
	struct rw_atom *atom = after ? &table->address->atoms.list[shift->atom] : NULL;
	struct rw_policy *before = table->policy;

	if (atom) {
		struct rw_address_set *old = atom->set;

		atom->set = rw_address_set_ref(after);
		(void)rw_address_set_unref(old);
	}
	table->policy = rw_policy_ref(policy);
	(void)rw_policy_unref(before);
	shift->memory->holds_version = table->address->version;
}

static int update_set(struct rw_shift *shift, const struct rw_address_set *before,
		      const struct rw_address_set *after)
{
	struct difference difference;
	enum relation relation;
	int r = 0;

	if (!find_difference(before, after, &difference))
		return RW_CLASSIFY_BESIDE;
	shift->added = difference.added;
	relation = relate(rw_atoms_measure(&shift->table->address->atoms, shift->atom), difference.less,
			  difference.place, difference.prefix);
	/* Without it, what lies in it would stay: as many stores as there are gaps. */
	if (relation == OUTSIDE && !difference.added)
		return RW_CLASSIFY_BESIDE;
	if (relation != INSIDE)
		r = rw_shift_prefix(shift, difference.prefix);
	if (r)
		return r;
	rw_atoms_note_length(&shift->table->address->atoms, shift->atom, difference.prefix->bits);
	if (difference.added)
		shift->table->address->classes.prefix_count++;
	else
		shift->table->address->classes.prefix_count--;
	return 0;
}

/* Atoms differ: one that nothing names any more may be what the set becomes. */
static bool is_taken(const struct rw_classify_table *table, const struct rw_address_set *set)
{
	uint32_t number;

	return rw_atoms_find_set(&table->address->atoms, set, &number);
}

int rw_classify_update(struct rw_classify_table *table, const struct rw_policy *policy,
		       struct rw_classify_memory *memory, struct rw_error *err)
{
	RW_CLEANUP(rw_shift_done)
	struct rw_shift shift = {.table = table, .memory = memory, .err = err};
	const struct rw_address_set *before, *after = NULL;
	size_t index;
	int r = 0;

	if (table->is_spent || memory->pages != table->pages || !find_set(table->policy, policy, &index))
		return RW_CLASSIFY_BESIDE;
	if (index != SIZE_MAX) {
		before = table->policy->sets[index];
		after = policy->sets[index];
		if (!rw_atoms_find_set(&table->address->atoms, before, &shift.atom))
			after = NULL; /* No rule names it. */
		else
			r = is_taken(table, after) ? RW_CLASSIFY_BESIDE : update_set(&shift, before, after);
	}
	/* Memory that grows may have moved. */
	table->pages = memory->pages;
	if (r)
		return r == -ENOMEM ? rw_error_oom(err) : r;
	adopt(&shift, policy, after);
	return 0;
}
