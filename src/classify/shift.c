/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/shift.h"

#include <stddef.h>

#include "classify/edit.h"
#include "classify/log.h"
#include "classify/maker.h"
#include "classify/update.h"

void rw_shift_done(struct rw_shift *shift)
{
	free(shift->all);
	shift->all = NULL;
}

static int need_room(struct rw_shift *shift)
{
	if (!shift->all)
		shift->all = malloc((shift->table->address->atoms.count + 1) * sizeof(*shift->all));
	return shift->all ? 0 : -ENOMEM;
}

static int make_class(struct rw_shift *shift, uint32_t from, uint32_t count, uint32_t *ret_class)
{
	uint32_t parent = shift->added ? from : 0;
	const uint32_t *laid = shift->added ? &shift->atom : shift->all;

	*ret_class = shift->table->address->classes.count;
	if (shift->class_limit && *ret_class >= shift->class_limit)
		return RW_CLASSIFY_BESIDE;
	return rw_maker_add_class(shift->table, shift->memory, parent, shift->all, count, laid,
				  shift->added ? 1 : count, shift->err);
}

/* The class of the same atoms with the one that is added, or without it. */
static int find_class(struct rw_shift *shift, uint32_t from, uint32_t *ret_class)
{
	struct rw_classes *classes = &shift->table->address->classes;
	const struct rw_class *class = &classes->list[from];
	const uint32_t *had = classes->atoms + class->all_first;
	uint32_t count = 0, i = 0;
	int r;

	while (i < class->all_count && had[i] < shift->atom)
		shift->all[count++] = had[i++];
	*ret_class = from;
	if ((i < class->all_count && had[i] == shift->atom) == shift->added)
		return 0;
	if (shift->added)
		shift->all[count++] = shift->atom;
	else
		i++;
	while (i < class->all_count)
		shift->all[count++] = had[i++];
	r = rw_classes_find(classes, shift->all, count, ret_class);
	if (r < 0 || *ret_class != RW_CLASSES_NONE)
		return r;
	return make_class(shift, from, count, ret_class);
}

static int map_leaf(void *context, uint32_t leaf, uint32_t *ret_leaf)
{
	struct rw_shift *shift = context;
	uint32_t words = shift->table->address->record_words, class;
	int r;

	if (!shift->has_answer || shift->leaf_before != leaf) {
		r = find_class(shift, rw_classify_class_of(words, leaf), &class);
		if (r)
			return r;
		shift->leaf_before = leaf;
		shift->leaf_after = rw_classify_record_of(words, class);
		shift->has_answer = true;
	}
	*ret_leaf = shift->leaf_after;
	return 0;
}

/* Moves addresses first..last. */
static int move(struct rw_shift *shift, uint8_t family, rw_key first, rw_key last)
{
	struct rw_classify_address *address = shift->table->address;
	size_t own = (size_t)address->own_page * RW_TABLE_PAGE_SIZE;
	uint32_t before = address->own_words, *entry;
	struct rw_edit edit = {
		.address = address,
		.memory = shift->memory,
		.first = first,
		.last = last,
		.family = family,
		.map = map_leaf,
		.context = shift,
	};
	int r = rw_edit_prepare(&edit);

	if (r || !edit.changes)
		return r < 0 && r != -ENOMEM ? RW_CLASSIFY_BESIDE : r;
	rw_log_note(shift->table->log, own + before * sizeof(uint64_t),
		    (address->own_words - before) * sizeof(uint64_t));
	rw_log_note(shift->table->log, edit.where, sizeof(*entry));
	/* The one store. */
	entry = (void *)((char *)shift->memory->pages + edit.where);
	__atomic_store_n(entry, edit.value, __ATOMIC_SEQ_CST);
	if (edit.where == offsetof(struct rw_table_header, root6))
		address->root6 = edit.value;
	address->version++;
	return 0;
}

static rw_key last_of(const struct rw_prefix *prefix)
{
	rw_key first = rw_key_of(&prefix->address);

	return prefix->bits == 128 ? first : first | ~(rw_key)0 >> prefix->bits;
}

int rw_shift_prefix(struct rw_shift *shift, const struct rw_prefix *prefix)
{
	int r = need_room(shift);

	return r < 0 ? r : move(shift, prefix->address.family, rw_key_of(&prefix->address), last_of(prefix));
}

/* The IPv4 trie begins with an array for the first two bytes: one store for each of its entries. */
int rw_shift_prefix_unseen(struct rw_shift *shift, const struct rw_prefix *prefix)
{
	const rw_key step = (rw_key)1 << 112;
	rw_key first = rw_key_of(&prefix->address), last = last_of(prefix);
	int r = need_room(shift);

	if (r < 0 || prefix->address.family == 6 || prefix->bits >= 16)
		return r < 0 ? r : move(shift, prefix->address.family, first, last);
	while (!r) {
		r = move(shift, 4, first, first + (step - 1));
		if (last - first < step)
			break;
		first += step;
	}
	return r;
}
