/* SPDX-License-Identifier: Apache-2.0 */

/* Ranges of addresses as prefixes. */

#include "analyze/box.h"
#include "base/cleanup.h"

static int add_prefix(struct rw_prefix **list, size_t *count, struct rw_prefix prefix)
{
	/* Room grows by doubling: a count that is a power of two is a full list. */
	if ((*count & (*count - 1)) == 0) {
		struct rw_prefix *bigger;

		if (*count >= RW_BOXES_PREFIXES_MAX)
			return -E2BIG;
		bigger = realloc(*list, (*count ? *count * 2 : 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		*list = bigger;
	}
	(*list)[(*count)++] = prefix;
	return 0;
}

/* How many low bits of the key are zero, at most 128. */
static unsigned int zero_bits(rw_set_key key)
{
	uint64_t low = (uint64_t)key, high = (uint64_t)(key >> 64);

	if (low)
		return (unsigned int)__builtin_ctzll(low);
	return high ? 64 + (unsigned int)__builtin_ctzll(high) : 128;
}

int rw_prefixes_of_range(uint8_t family, rw_set_key first, rw_set_key last, struct rw_prefix **list,
			 size_t *count)
{
	for (;;) {
		/* The largest prefix that begins here and does not reach beyond the last address. */
		unsigned int free_bits = zero_bits(first);
		rw_set_key mask;
		int r;

		for (;; free_bits--) {
			mask = free_bits == 128 ? ~(rw_set_key)0 : ((rw_set_key)1 << free_bits) - 1;
			if (last - first >= mask)
				break;
		}
		r = add_prefix(list, count,
			       (struct rw_prefix){.address = rw_set_address_of(family, first),
						  .bits = (uint8_t)(128 - free_bits)});
		if (r < 0)
			return r;
		if (last - first == mask)
			return 0;
		first += mask + 1;
	}
}

/* ---- shorter forms ---- */

/* The smallest prefix that holds first..last. */
static struct rw_prefix cover_of(uint8_t family, rw_set_key first, rw_set_key last)
{
	struct rw_prefix cover = {.bits = 0};
	rw_set_key differing = first ^ last;

	while (cover.bits < 128 && !(differing >> (127 - cover.bits)))
		cover.bits++;
	if (cover.bits < 128)
		first &= ~(~(rw_set_key)0 >> cover.bits);
	cover.address = rw_set_address_of(family, first);
	return cover;
}

/* What of first..last none of the prefixes holds; they are sorted and all within it. */
static int list_gaps(const struct rw_prefix *list, size_t count, const struct rw_prefix *cover,
		     struct rw_prefix **gaps, size_t *gap_count)
{
	rw_set_key next = rw_set_key_of(&cover->address), end = rw_set_last_of(cover);
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		rw_set_key first = rw_set_key_of(&list[i].address);

		if (first > next)
			r = rw_prefixes_of_range(cover->address.family, next, first - 1, gaps, gap_count);
		next = rw_set_last_of(&list[i]) + 1;
	}
	/* After the very last address 'next' is 0. */
	if (!r && next && next <= end)
		r = rw_prefixes_of_range(cover->address.family, next, end, gaps, gap_count);
	return r;
}

static int shorten_family(const struct rw_prefix *list, size_t count, struct rw_prefix **ret_list,
			  size_t *ret_count, struct rw_prefix **ret_except, size_t *ret_except_count)
{
	RW_CLEANUP(rw_free) struct rw_prefix *gaps = NULL;
	struct rw_prefix cover = cover_of(list[0].address.family, rw_set_key_of(&list[0].address),
					  rw_set_last_of(&list[count - 1]));
	size_t gap_count = 0;
	int r = list_gaps(list, count, &cover, &gaps, &gap_count);

	if (!r && gap_count + 1 < count) {
		r = add_prefix(ret_list, ret_count, cover);
		for (size_t i = 0; !r && i < gap_count; i++)
			r = add_prefix(ret_except, ret_except_count, gaps[i]);
		return r;
	}
	for (size_t i = 0; !r && i < count; i++)
		r = add_prefix(ret_list, ret_count, list[i]);
	return r;
}

int rw_prefixes_shorten(const struct rw_prefix *list, size_t count, struct rw_prefix **ret_list,
			size_t *ret_count, struct rw_prefix **ret_except, size_t *ret_except_count)
{
	RW_CLEANUP(rw_free) struct rw_prefix *shorter = NULL;
	RW_CLEANUP(rw_free) struct rw_prefix *except = NULL;
	size_t shorter_count = 0, except_count = 0;
	int r = 0;

	for (size_t from = 0, end; !r && from < count; from = end) {
		for (end = from + 1; end < count; end++)
			if (list[end].address.family != list[from].address.family)
				break;
		r = shorten_family(list + from, end - from, &shorter, &shorter_count, &except, &except_count);
	}
	if (r < 0)
		return r;
	*ret_list = RW_TAKE_PTR(shorter);
	*ret_count = shorter_count;
	*ret_except = RW_TAKE_PTR(except);
	*ret_except_count = except_count;
	return 0;
}
