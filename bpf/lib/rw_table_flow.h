/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The shared part of the flow table: finding, inserting and changing entries that other processors use at
 * the same time.  Layout and rules: abi/rw_flow_abi.h.
 *
 * The includer has said how a bucket is reached:
 *
 *     static void *rw_flow_bucket(__u8 family, __u32 number);   NULL for a number out of range
 *     static __u64 *rw_flow_tags(__u8 family);                  the tags of all buckets; NULL only for the verifier
 *     static __u64 *rw_flow_tags_at(__u64 *all, __u32 number);  those of a bucket; of any for a number out of range
 *
 * Family is a constant wherever this is inlined, so an entry's size is one too.
 */

#include "lib/rw_decide.h"
#include "lib/rw_flow.h"

/* What all entries begin with; the key follows. */
struct rw_flow_entry {
	__u64 control;
	__u64 decision;
	__u64 key[];
};

/* An entry as found: where, and what was read there. */
struct rw_flow_found {
	struct rw_flow_entry *entry;
	__u64 control;
	__u64 decision;
};

/* What is looked for: the key, and its hash under the table's secret. */
struct rw_flow_query {
	struct rw_flow_key key;
	__u64 hash;
	__u32 mask; /* of bucket numbers */
	__u32 now;
};

RW_INLINE struct rw_flow_entry *rw_flow_entry_at(void *bucket, __u8 family, __u32 way)
{
	__u32 header = (__u32) __builtin_offsetof(struct rw_flow_bucket4, entry);
	__u32 size = family == 4 ? sizeof(struct rw_flow_entry4) : sizeof(struct rw_flow_entry6);

	return (struct rw_flow_entry *)(void *)((char *)bucket + header + (way & (RW_FLOW_WAYS - 1)) * size);
}

RW_INLINE __u32 *rw_flow_signature_at(void *bucket, __u32 way)
{
	return (__u32 *)bucket + (way & (RW_FLOW_WAYS - 1));
}

RW_INLINE __u64 *rw_flow_hint_at(void *bucket, __u32 tcp)
{
	return (__u64 *)(void *)((char *)bucket + __builtin_offsetof(struct rw_flow_bucket4, hint)) +
	       (tcp & 1);
}

RW_INLINE bool rw_flow_key_equals(const struct rw_flow_entry *entry, const struct rw_flow_key *key,
				  __u8 family)
{
	__u64 difference = 0;

	for (int i = 0; i < rw_flow_key_word_count(family); i++)
		difference |= rw_load(entry->key[i]) ^ key->words[i];
	return difference == 0;
}

/* Reads the entry as a whole; false when it is not the live flow of 'query'. */
RW_INLINE bool rw_flow_entry_read(struct rw_flow_entry *entry, __u8 family, const struct rw_flow_query *query,
				  struct rw_flow_found *found)
{
	__u64 again;

	found->control = rw_load(entry->control);
	rw_read_barrier();
	found->decision = rw_load(entry->decision);
	if (rw_unlikely(!rw_flow_key_equals(entry, &query->key, family)))
		return false;
	rw_read_barrier();
	again = rw_load(entry->control);
	found->entry = entry;
	return RW_FLOW_INCARNATION(again) == RW_FLOW_INCARNATION(found->control) &&
	       rw_flow_is_live(found->control, query->now);
}

/* 1..255: no free way of a table that was never full has it. */
RW_INLINE __u64 rw_flow_tag(__u64 hash)
{
	__u64 tag = hash >> 56;

	return tag + rw_is_zero(tag);
}

/*
 * The highest bit of each byte of 'tags' that is 'tag', without a branch.  The lowest is right; one above it may
 * be of a tag that differs by one bit.  The test is Mycroft's for a zero in a word ("Bit Twiddling Hacks",
 * haszero).
 */
RW_INLINE __u64 rw_flow_tagged(__u64 tags, __u64 tag)
{
	__u64 word = tags ^ tag * 0x0101010101010101ull;

	return (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
}

/* The way of the lowest bit of what rw_flow_tagged gave: the product's highest byte is that number. */
RW_INLINE __u32 rw_flow_tagged_way(__u64 tagged)
{
	return (__u32)(((tagged & (~tagged + 1)) >> 7) * 0x0001020304050607ull >> 56);
}

/* A bit for each way whose signature is 'signature'. */
RW_INLINE __u64 rw_flow_ways(void *bucket, __u32 signature)
{
	__u64 ways = 0;

#pragma GCC unroll 8
	for (__u32 way = 0; way < RW_FLOW_WAYS; way++)
		ways |= rw_is_zero(rw_load(*rw_flow_signature_at(bucket, way)) ^ signature) << way;
	return ways;
}

/* Reads the tagged ways: besides a live entry, dead ones of the same flow may be among them. */
RW_INLINE bool rw_flow_read_tagged(void *bucket, __u8 family, __u64 tagged, const struct rw_flow_query *query,
				   struct rw_flow_found *found)
{
	for (int i = 0; i < RW_FLOW_WAYS && tagged; i++) {
		__u32 way = rw_flow_tagged_way(tagged);

		if (rw_flow_entry_read(rw_flow_entry_at(bucket, family, way), family, query, found))
			return true;
		tagged &= tagged - 1;
	}
	return false;
}

/* Finds the live flow of 'query'; its tombstone counts as live. */
RW_INLINE bool rw_flow_find(__u8 family, const struct rw_flow_query *query, struct rw_flow_found *found)
{
	__u32 number = rw_flow_bucket_first(query->hash, query->mask);
	__u64 tag = rw_flow_tag(query->hash);
	__u64 *tags = rw_flow_tags(family);
	void *bucket = rw_flow_bucket(family, number);

	if (!tags)
		return false;
	if (bucket &&
	    rw_flow_read_tagged(bucket, family, rw_flow_tagged(rw_load(*rw_flow_tags_at(tags, number)), tag),
				query, found))
		return true;
	number = rw_flow_bucket_second(query->hash, query->mask);
	bucket = rw_flow_bucket(family, number);
	return bucket && rw_flow_read_tagged(bucket, family,
					     rw_flow_tagged(rw_load(*rw_flow_tags_at(tags, number)), tag),
					     query, found);
}

/* Changes control or decision of an entry as it was found; false when another processor was first. */
RW_INLINE bool rw_flow_change_control(struct rw_flow_found *found, __u64 control)
{
	if (__sync_val_compare_and_swap(&found->entry->control, found->control, control) != found->control)
		return false;
	found->control = control;
	return true;
}

RW_INLINE bool rw_flow_change_decision(struct rw_flow_found *found, __u64 decision)
{
	if (__sync_val_compare_and_swap(&found->entry->decision, found->decision, decision) !=
	    found->decision)
		return false;
	found->decision = decision;
	return true;
}

/*
 * The weakest entry of a bucket that a newcomer may take, in one word so that words compare as entries do:
 * rank + 1 (0 = dead) from bit 36, deadline from bit 4, way.  RW_FLOW_WEAKEST_NONE when there is none.
 */
#define RW_FLOW_WEAKEST_NONE       (1ull << 41)
#define RW_FLOW_WEAKEST_DEAD(word) ((word) < 1ull << 36)

/* 1 when the entry with that signature and control is alive, without a branch. */
RW_INLINE __u64 rw_flow_alive(__u32 signature, __u64 control, __u32 now)
{
	__u64 before = (__u64)now - RW_FLOW_DEADLINE(control);

	rw_opaque(before);
	return before >> 63 & ~rw_is_zero(signature);
}

/* Whose place is wanted, and what word of it is left: see rw_flow_weakest. */
#define RW_FLOW_ONLY_OTHERS                                                                                  \
	1u /* of the live entries that are not TCP only, else of any but established TCP */
#define RW_FLOW_FOR_TCP       2u
#define RW_FLOW_OTHERS(count) ((count) << 2)

RW_INLINE __u64 rw_flow_weakness(void *bucket, __u8 family, __u32 way, __u32 wanted, __u32 now)
{
	__u32 signature = rw_load(*rw_flow_signature_at(bucket, way));
	__u64 control = rw_load(rw_flow_entry_at(bucket, family, way)->control);
	__u64 alive = rw_flow_alive(signature, control, now);
	__u64 refused = rw_is_zero(signature ^ RW_FLOW_SIGNATURE_BUSY) |
			((alive ^ 1) | (control / RW_FLOW_TCP & 1)) * (wanted & RW_FLOW_ONLY_OTHERS);
	__u64 word = ((rw_flow_rank(control, now) + 1) << 36 | (__u64)RW_FLOW_DEADLINE(control) << 4) * alive;

	return word | refused * RW_FLOW_WEAKEST_NONE;
}

/* Leaves word of 'ways', which are as weak as 'weakest'; of dead ones and those of the two lowest ranks only. */
RW_INLINE void rw_flow_leave_hint(void *bucket, __u64 weakest, __u64 ways, __u32 wanted, __u32 now)
{
	__u64 time = now & RW_FLOW_HINT_TIME, hint = time | (__u64)(wanted >> 2) << RW_FLOW_HINT_OTHERS;

	if (weakest < (RW_FLOW_RANK_BEGUN + 2ull) << 36)
		hint |= (RW_FLOW_WEAKEST_DEAD(weakest) ? time : weakest >> 4 & RW_FLOW_HINT_TIME)
				<< RW_FLOW_HINT_DEADLINE |
			(weakest >> 36) / (RW_FLOW_RANK_BEGUN + 1) << RW_FLOW_HINT_RANK |
			ways << RW_FLOW_HINT_WAYS;
	rw_store(*rw_flow_hint_at(bucket, wanted / RW_FLOW_FOR_TCP), hint);
}

/*
 * ... as 'wanted' says.  It leaves a hint for the next newcomer of the kind.  Unrolled: a loop would keep more on the
 * stack than Linux 6.1 has left at the end of this chain of calls.
 */
RW_INLINE __u64 rw_flow_weakest(__u8 family, __u32 number, __u32 wanted, __u32 now)
{
	void *bucket = rw_flow_bucket(family, number);
	__u64 weakest = RW_FLOW_WEAKEST_NONE, ways = 0;

	if (!bucket)
		return weakest;
#pragma GCC unroll 8
	for (__u32 way = 0; way < RW_FLOW_WAYS; way++) {
		__u64 word = rw_flow_weakness(bucket, family, way, wanted, now);

		if (word < weakest) {
			weakest = word;
			ways = 0;
		}
		ways |= rw_is_zero(word ^ weakest) << way;
	}
	if (wanted)
		rw_flow_leave_hint(bucket, weakest, ways, wanted, now);
	return weakest | rw_lowest_bit8(ways);
}

/* How many live entries of a bucket are not TCP. */
RW_INLINE __u32 rw_flow_others(__u8 family, __u32 number, __u32 now)
{
	void *bucket = rw_flow_bucket(family, number);
	__u64 count = 0;

	if (!bucket)
		return 0;
	for (__u32 way = 0; way < RW_FLOW_WAYS; way++) {
		__u64 control = rw_load(rw_flow_entry_at(bucket, family, way)->control);

		count += rw_flow_alive(rw_load(*rw_flow_signature_at(bucket, way)), control, now) &
			 ~(control / RW_FLOW_TCP);
	}
	return (__u32)count;
}

RW_SUBPROGRAM __u64 rw_flow_weakest4(__u32 number, __u32 wanted, __u32 now)
{
	return rw_flow_weakest(4, number, wanted, now);
}

RW_SUBPROGRAM __u64 rw_flow_weakest6(__u32 number, __u32 wanted, __u32 now)
{
	return rw_flow_weakest(6, number, wanted, now);
}

/* A bit for each free way of a bucket. */
RW_INLINE __u32 rw_flow_free(__u8 family, __u32 number)
{
	void *bucket = rw_flow_bucket(family, number);

	return bucket ? (__u32)rw_flow_ways(bucket, RW_FLOW_SIGNATURE_FREE) : 0;
}

/* The first way with that signature when the entry there is dead, else RW_FLOW_WAYS. */
RW_INLINE __u32 rw_flow_corpse(__u8 family, __u32 number, __u32 signature, __u32 now)
{
	void *bucket = rw_flow_bucket(family, number);
	__u64 ways = bucket ? rw_flow_ways(bucket, signature) : 0;
	__u32 way = rw_lowest_bit8(ways);

	if (!ways || rw_flow_is_live(rw_load(rw_flow_entry_at(bucket, family, way)->control), now))
		return RW_FLOW_WAYS;
	return way;
}

/* The first way that a bucket's hint names is taken.  When none is left, somebody must look again. */
RW_INLINE void rw_flow_drop_hint(__u8 family, __u32 number, __u32 wanted)
{
	void *bucket = rw_flow_bucket(family, number);
	__u64 hint, ways;

	if (!bucket)
		return;
	hint = rw_load(*rw_flow_hint_at(bucket, wanted / RW_FLOW_FOR_TCP));
	ways = hint >> RW_FLOW_HINT_WAYS & 255;
	hint ^= (ways & (0 - ways)) << RW_FLOW_HINT_WAYS;
	rw_store(*rw_flow_hint_at(bucket, wanted / RW_FLOW_FOR_TCP),
		 ways && !(ways & (ways - 1)) ? hint ^ RW_FLOW_HINT_VOID : hint);
}

/* A place for a newcomer: bucket number << 4 | way; RW_FLOW_PLACE_EVICTS when a live entry is in it. */
#define RW_FLOW_PLACE_NONE   0xffffffffu
#define RW_FLOW_PLACE_EVICTS 8u

/*
 * Chooses a place: the one where the same flow has died, so that one that comes back again and again does
 * not fill its buckets with its own dead; a free one in the emptier bucket; any dead one; the weakest.
 * Protocols other than TCP may not hold more than half of the two buckets: past that they take only from
 * each other, except where they had been before.
 */
RW_INLINE __u32 rw_flow_choose(__u8 family, __u32 first, __u32 second, bool tcp, __u32 now, __u32 signature)
{
	__u32 free_first = rw_flow_free(family, first);
	__u32 free_second = rw_flow_free(family, second);
	__u64 weakest, weakest_second;
	__u32 wanted = tcp ? RW_FLOW_FOR_TCP : 0, wanted_second = wanted, way;

	way = rw_flow_corpse(family, first, signature, now);
	if (way < RW_FLOW_WAYS)
		return first << 4 | way;
	way = rw_flow_corpse(family, second, signature, now);
	if (way < RW_FLOW_WAYS)
		return second << 4 | way;
	if (tcp || rw_bits_set8(free_first) + rw_bits_set8(free_second) > RW_FLOW_WAYS) {
		if (free_first && rw_bits_set8(free_first) >= rw_bits_set8(free_second))
			return first << 4 | rw_lowest_bit8(free_first);
		if (free_second)
			return second << 4 | rw_lowest_bit8(free_second);
	}
	if (!tcp) {
		__u32 others_first = rw_flow_others(family, first, now);
		__u32 others_second = rw_flow_others(family, second, now);

		if (others_first + others_second >= RW_FLOW_WAYS) {
			wanted = RW_FLOW_ONLY_OTHERS | RW_FLOW_OTHERS(others_first);
			wanted_second = RW_FLOW_ONLY_OTHERS | RW_FLOW_OTHERS(others_second);
		}
	}
	weakest = family == 4 ? rw_flow_weakest4(first, wanted, now) : rw_flow_weakest6(first, wanted, now);
	weakest_second = family == 4 ? rw_flow_weakest4(second, wanted_second, now)
				     : rw_flow_weakest6(second, wanted_second, now);
	if (weakest_second < weakest) {
		weakest = weakest_second;
		first = second;
	}
	if (wanted)
		rw_flow_drop_hint(family, first, wanted);
	if (weakest >> 36 > RW_FLOW_RANK_NEVER)
		return RW_FLOW_PLACE_NONE;
	return first << 4 | (RW_FLOW_WEAKEST_DEAD(weakest) ? 0 : RW_FLOW_PLACE_EVICTS) | (weakest & 7);
}

RW_SUBPROGRAM __u32 rw_flow_choose4(__u32 first, __u32 second, __u32 tcp, __u32 now, __u32 signature)
{
	return rw_flow_choose(4, first, second, tcp, now, signature);
}

RW_SUBPROGRAM __u32 rw_flow_choose6(__u32 first, __u32 second, __u32 tcp, __u32 now, __u32 signature)
{
	return rw_flow_choose(6, first, second, tcp, now, signature);
}

/* How many ways of a bucket were never taken: they have no tag. */
RW_INLINE __u32 rw_flow_count_untagged(__u64 tags)
{
	const __u64 low = 0x7f7f7f7f7f7f7f7full;

	return (__u32)((~(((tags & low) + low) | tags | low) >> 7) * 0x0101010101010101ull >> 56);
}

/* In how many seconds the entries end that a hint of this second names; 0 = they are dead. */
RW_INLINE __u64 rw_flow_hint_left(__u64 hint)
{
	return ((hint >> RW_FLOW_HINT_DEADLINE) - hint) & RW_FLOW_HINT_TIME;
}

/* The same behind the rank, with hints that name none last, so that hints compare as their entries do. */
RW_INLINE __u64 rw_flow_hint_rest(__u64 hint)
{
	return rw_flow_hint_left(hint) | (hint >> RW_FLOW_HINT_RANK & 1) << 31 |
	       rw_is_zero(hint >> RW_FLOW_HINT_WAYS & 255) << 32;
}

/* How many live entries of the bucket are not TCP. */
RW_INLINE __u32 rw_flow_hint_others(__u64 hint)
{
	return (__u32)(hint >> RW_FLOW_HINT_OTHERS) & 15;
}

/* True when the entry is what the hint says of it. */
RW_INLINE bool rw_flow_hint_holds(__u64 hint, __u64 control, __u32 tcp, __u32 now)
{
	if (!rw_flow_hint_left(hint))
		return !rw_flow_is_live(control, now);
	return rw_flow_is_live(control, now) &&
	       rw_flow_rank(control, now) == (hint >> RW_FLOW_HINT_RANK & 1) &&
	       !((hint >> RW_FLOW_HINT_DEADLINE ^ control) & RW_FLOW_HINT_TIME) &&
	       (tcp || !(control & RW_FLOW_TCP));
}

/* The hint when an entry that it names is given up for one with that control word. */
RW_INLINE __u64 rw_flow_hint_next(__u64 hint, __u32 way, __u64 control, __u32 tcp, __u32 now)
{
	__u64 bit = 1ull << (way & (RW_FLOW_WAYS - 1)), ways = hint >> RW_FLOW_HINT_WAYS & 255 & ~bit;
	__u64 used = hint >> RW_FLOW_HINT_USED & 255;

	/* Newcomers as weak as the others have their turn when those are through. */
	if (rw_flow_hint_left(hint) && rw_flow_hint_holds(hint, control, tcp, now))
		used |= bit;
	if (!ways) {
		ways = used;
		used = 0;
	}
	hint &= ~(0xffffull << RW_FLOW_HINT_WAYS);
	return (hint ^ (ways ? 0 : RW_FLOW_HINT_VOID)) | ways << RW_FLOW_HINT_WAYS |
	       used << RW_FLOW_HINT_USED;
}

/* Ends an entry as it was found, or as a packet has changed it meanwhile; that happens once a second at most. */
RW_INLINE void rw_flow_kill(struct rw_flow_found *found)
{
	__u64 again;

	if (rw_flow_change_control(found, found->control & ~(__u64)0xffffffff))
		return;
	again = rw_load(found->entry->control);
	if (RW_FLOW_INCARNATION(again) != RW_FLOW_INCARNATION(found->control))
		return;
	found->control = again;
	(void)rw_flow_change_control(found, again & ~(__u64)0xffffffff);
}

/* Marks an entry as kept, also when a packet changes it meanwhile; false when it has ended. */
RW_INLINE bool rw_flow_keep(struct rw_flow_found *found, __u32 now)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		__u64 again;

		if (rw_flow_change_control(found, found->control | RW_FLOW_KEPT))
			return true;
		again = rw_load(found->entry->control);
		if (RW_FLOW_INCARNATION(again) != RW_FLOW_INCARNATION(found->control) ||
		    RW_FLOW_CLASS(again) == RW_FLOW_ABI_TOMBSTONE || !rw_flow_is_live(again, now))
			return false;
		found->control = again;
	}
	return found->control & RW_FLOW_KEPT;
}

/* Kills live entries of the same flow behind 'place'; true when there is one before it. */
RW_INLINE bool rw_flow_settle_bucket(__u8 family, const struct rw_flow_query *query, __u32 number,
				     __u32 place)
{
	void *bucket = rw_flow_bucket(family, number);
	__u64 ways = bucket ? rw_flow_ways(bucket, rw_flow_signature(query->hash)) : 0;

	for (int i = 0; i < RW_FLOW_WAYS && ways; i++, ways &= ways - 1) {
		__u32 way = rw_lowest_bit8(ways), other = number << 4 | way;
		struct rw_flow_found found;

		if (other == place ||
		    !rw_flow_entry_read(rw_flow_entry_at(bucket, family, way), family, query, &found))
			continue;
		if (other < place)
			return true;
		rw_flow_kill(&found);
	}
	return false;
}

/*
 * Leaves one of the entries that processors made of a flow at the same time, that in the lowest place.  Each
 * looks when its own is published, so that at least one of two sees the other's.
 */
RW_INLINE void rw_flow_settle(__u8 family, const struct rw_flow_query *query, __u32 place)
{
	struct rw_flow_found own;
	void *bucket;

	if (!rw_flow_settle_bucket(family, query, rw_flow_bucket_first(query->hash, query->mask), place) &&
	    !rw_flow_settle_bucket(family, query, rw_flow_bucket_second(query->hash, query->mask), place))
		return;
	bucket = rw_flow_bucket(family, place >> 4);
	if (bucket && rw_flow_entry_read(rw_flow_entry_at(bucket, family, place), family, query, &own))
		rw_flow_kill(&own);
}

RW_SUBPROGRAM int rw_flow_settle4(const struct rw_flow_query *query, __u32 place)
{
	if (query)
		rw_flow_settle(4, query, place);
	return 0;
}

RW_SUBPROGRAM int rw_flow_settle6(const struct rw_flow_query *query, __u32 place)
{
	if (query)
		rw_flow_settle(6, query, place);
	return 0;
}

/* Fills an entry that is ours (its signature is BUSY) and publishes it. */
RW_INLINE void rw_flow_publish(__u8 family, const struct rw_flow_query *query, struct rw_flow_entry *entry,
			       __u32 *signature, __u64 control, __u64 decision)
{
	__u32 incarnation = (RW_FLOW_INCARNATION(rw_load(entry->control)) + 1) & 0x1fff;
	__u64 owner = (__u64)incarnation << RW_FLOW_INCARNATION_SHIFT;

	/* Dead under the new incarnation first: whoever still reads the old entry will notice. */
	rw_store_in_order(entry->control, owner);
	for (int i = 0; i < rw_flow_key_word_count(family); i++)
		rw_store(entry->key[i], query->key.words[i]);
	rw_store(entry->decision, decision | (__u64)(incarnation & 0xff) << 56);
	rw_store_in_order(entry->control, control | owner);
	(void)__sync_lock_test_and_set(signature, rw_flow_signature(query->hash));
}

/* Sets the tag of a way that is ours: the byte of the word of tags that stands for it. */
RW_INLINE void rw_flow_set_tag(__u64 *tags, __u32 way, __u64 tag)
{
	__u8 *bytes = (__u8 *)tags;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	way ^= RW_FLOW_WAYS - 1;
#endif
	rw_store_in_order(bytes[way & (RW_FLOW_WAYS - 1)], (__u8)tag);
}

/*
 * True when another entry may be of the flow that was published in 'place': by tags, each of which is set before its
 * entry is published.
 */
RW_INLINE bool rw_flow_is_doubled(__u64 *tags, const struct rw_flow_query *query, __u32 place)
{
	__u32 first = rw_flow_bucket_first(query->hash, query->mask);
	__u32 second = rw_flow_bucket_second(query->hash, query->mask);
	__u64 tagged_first = rw_flow_tagged(rw_load(*rw_flow_tags_at(tags, first)), rw_flow_tag(query->hash));
	__u64 tagged_second =
		rw_flow_tagged(rw_load(*rw_flow_tags_at(tags, second)), rw_flow_tag(query->hash));
	__u64 own = 0x80ull << (place & (RW_FLOW_WAYS - 1)) * 8;

	return ((tagged_first & ~(own * rw_is_zero(first ^ place >> 4))) |
		(tagged_second & ~(own * rw_is_zero(second ^ place >> 4)))) != 0;
}

/* One attempt at a chosen place of 'bucket'; false when another processor was first. */
RW_INLINE bool rw_flow_take_in(void *bucket, __u64 *tags, __u8 family, const struct rw_flow_query *query,
			       __u32 place, __u64 control, __u64 decision)
{
	__u32 number = place >> 4, way = place & (RW_FLOW_WAYS - 1);
	struct rw_flow_entry *entry = rw_flow_entry_at(bucket, family, way);
	__u32 *signature = rw_flow_signature_at(bucket, way), old = rw_load(*signature);
	__u64 seen = rw_load(entry->control);

	if (old == RW_FLOW_SIGNATURE_BUSY)
		return false;
	/* A dead one may be alive again, a weak one have grown strong, while it was being chosen. */
	if (old != RW_FLOW_SIGNATURE_FREE && rw_flow_is_live(seen, query->now) &&
	    (!(place & RW_FLOW_PLACE_EVICTS) || RW_FLOW_CLASS(seen) == RW_FLOW_ABI_ESTABLISHED))
		return false;
	if (__sync_val_compare_and_swap(signature, old, RW_FLOW_SIGNATURE_BUSY) != old)
		return false;
	rw_flow_set_tag(rw_flow_tags_at(tags, number), way, rw_flow_tag(query->hash));
	rw_flow_publish(family, query, entry, signature, control, decision);
	place = number << 4 | way;
	if (rw_flow_is_doubled(tags, query, place))
		(void)(family == 4 ? rw_flow_settle4(query, place) : rw_flow_settle6(query, place));
	return true;
}

RW_INLINE bool rw_flow_take(__u8 family, const struct rw_flow_query *query, __u32 place, __u64 control,
			    __u64 decision)
{
	void *bucket = rw_flow_bucket(family, place >> 4);
	__u64 *tags = rw_flow_tags(family);

	return bucket && tags && rw_flow_take_in(bucket, tags, family, query, place, control, decision);
}

/* 1 when the flow may have died in one of the buckets, and is to come back in its place. */
RW_SUBPROGRAM __u32 rw_flow_died4(__u32 first, __u32 second, __u32 now, __u32 signature)
{
	return rw_flow_corpse(4, first, signature, now) < RW_FLOW_WAYS ||
	       rw_flow_corpse(4, second, signature, now) < RW_FLOW_WAYS;
}

RW_SUBPROGRAM __u32 rw_flow_died6(__u32 first, __u32 second, __u32 now, __u32 signature)
{
	return rw_flow_corpse(6, first, signature, now) < RW_FLOW_WAYS ||
	       rw_flow_corpse(6, second, signature, now) < RW_FLOW_WAYS;
}

/* The first way of a bucket that holds a dead entry, else RW_FLOW_WAYS.  Not unrolled: it is to be short. */
RW_INLINE __u32 rw_flow_dead(void *bucket, __u8 family, __u32 now)
{
#pragma GCC unroll 1
	for (__u32 way = 0; way < RW_FLOW_WAYS; way++)
		if (!rw_flow_is_live(rw_load(rw_flow_entry_at(bucket, family, way)->control), now) &&
		    rw_load(*rw_flow_signature_at(bucket, way)) > RW_FLOW_SIGNATURE_BUSY)
			return way;
	return RW_FLOW_WAYS;
}

/* What is known of the two buckets of a flow that is to be entered, and of the place chosen. */
struct rw_flow_quick {
	__u32 number[2];
	__u32 tcp;
	__u32 place; /* RW_FLOW_PLACE_NONE: not found this way */
	__u64 hint;  /* by which it was found, else 0 */
};

/* Chooses the lower one of the ways that were never taken, in the bucket that has more of them. */
RW_INLINE bool rw_flow_quick_free(struct rw_flow_quick *quick, __u64 tags_first, __u64 tags_second)
{
	__u32 free_first = rw_flow_count_untagged(tags_first);
	__u32 free_second = rw_flow_count_untagged(tags_second);
	__u64 in_second = 0 - rw_is_less(free_first, free_second);

	if (free_first + free_second <= (quick->tcp ? 0 : RW_FLOW_WAYS))
		return false;
	tags_first ^= (tags_first ^ tags_second) & in_second;
	quick->place = (quick->number[0] ^ ((quick->number[0] ^ quick->number[1]) & (__u32)in_second)) << 4 |
		       rw_flow_tagged_way(rw_flow_tagged(tags_first, 0));
	return true;
}

/* Chooses by the hints, which are of this second. */
RW_INLINE void rw_flow_quick_hinted(struct rw_flow_quick *quick, __u8 family, __u64 hint_first,
				    __u64 hint_second, __u32 now)
{
	__u64 in_second = 0 - rw_is_less(rw_flow_hint_rest(hint_second), rw_flow_hint_rest(hint_first));
	__u64 hint = hint_first ^ ((hint_first ^ hint_second) & in_second);
	__u32 number = quick->number[0] ^ ((quick->number[0] ^ quick->number[1]) & (__u32)in_second);
	__u32 way = rw_lowest_bit8(hint >> RW_FLOW_HINT_WAYS & 255);
	void *bucket = rw_flow_bucket(family, number);

	if (!bucket || !(hint >> RW_FLOW_HINT_WAYS & 255) ||
	    !rw_flow_hint_holds(hint, rw_load(rw_flow_entry_at(bucket, family, way)->control), quick->tcp,
				now))
		return;
	quick->hint = hint;
	quick->place = number << 4 | (rw_flow_hint_left(hint) ? RW_FLOW_PLACE_EVICTS : 0) | way;
}

/* Chooses where no way is free; without hints of this second, for TCP the first dead entry. */
RW_INLINE void rw_flow_quick_taken(struct rw_flow_quick *quick, __u8 family, __u32 now)
{
	void *first = rw_flow_bucket(family, quick->number[0]);
	void *second = rw_flow_bucket(family, quick->number[1]);
	__u64 hint_first, hint_second;
	__u32 way;

	if (!first || !second)
		return;
	hint_first = rw_load(*rw_flow_hint_at(first, quick->tcp));
	hint_second = rw_load(*rw_flow_hint_at(second, quick->tcp));
	if (!(((hint_first ^ now) | (hint_second ^ now)) & RW_FLOW_HINT_TIME)) {
		if (quick->tcp ||
		    rw_flow_hint_others(hint_first) + rw_flow_hint_others(hint_second) >= RW_FLOW_WAYS)
			rw_flow_quick_hinted(quick, family, hint_first, hint_second, now);
	} else if (quick->tcp) {
		way = rw_flow_dead(first, family, now);
		if (way < RW_FLOW_WAYS)
			quick->place = quick->number[0] << 4 | way;
	}
}

/*
 * Enters a flow in a place as good as rw_flow_choose would give, where one is told without a look at all entries of
 * its buckets: by their tags, by the hints of this second, or by a dead entry of the first; false where none is.
 */
RW_INLINE bool rw_flow_insert_quick(__u8 family, const struct rw_flow_query *query, __u64 control,
				    __u64 decision)
{
	struct rw_flow_quick quick = {
		.number = {rw_flow_bucket_first(query->hash, query->mask),
			   rw_flow_bucket_second(query->hash, query->mask)},
		.tcp = control / RW_FLOW_TCP & 1,
		.place = RW_FLOW_PLACE_NONE,
	};
	__u64 tags_first, tags_second, tag = rw_flow_tag(query->hash), *tags = rw_flow_tags(family);
	void *bucket;

	if (!tags)
		return false;
	tags_first = rw_load(*rw_flow_tags_at(tags, quick.number[0]));
	tags_second = rw_load(*rw_flow_tags_at(tags, quick.number[1]));
	/* With its tag there, which is seldom, the flow may have died there and is to come back in its place. */
	if (rw_unlikely(rw_flow_tagged(tags_first, tag) | rw_flow_tagged(tags_second, tag)) &&
	    (family == 4 ? rw_flow_died4(quick.number[0], quick.number[1], query->now,
					 rw_flow_signature(query->hash))
			 : rw_flow_died6(quick.number[0], quick.number[1], query->now,
					 rw_flow_signature(query->hash))))
		return false;
	if (!rw_flow_quick_free(&quick, tags_first, tags_second))
		rw_flow_quick_taken(&quick, family, query->now);
	bucket = rw_flow_bucket(family, quick.place >> 4);
	if (!bucket || !rw_flow_take_in(bucket, tags, family, query, quick.place, control, decision))
		return false;
	if (quick.hint)
		rw_store(*rw_flow_hint_at(bucket, quick.tcp),
			 rw_flow_hint_next(quick.hint, quick.place & (RW_FLOW_WAYS - 1), control, quick.tcp,
					   query->now));
	return true;
}

/*
 * Enters a flow that rw_flow_find did not find; false when there is no room that it may take.  When another
 * processor entered it meanwhile, the entry in the lower place stays; that counts as entered.
 */
RW_INLINE bool rw_flow_insert(__u8 family, const struct rw_flow_query *query, __u64 control, __u64 decision)
{
	__u32 first = rw_flow_bucket_first(query->hash, query->mask);
	__u32 second = rw_flow_bucket_second(query->hash, query->mask);

	for (int attempt = 0; attempt < 3; attempt++) {
		__u32 tcp = !!(control & RW_FLOW_TCP);
		__u32 signature = rw_flow_signature(query->hash);
		__u32 place = family == 4 ? rw_flow_choose4(first, second, tcp, query->now, signature)
					  : rw_flow_choose6(first, second, tcp, query->now, signature);

		if (place == RW_FLOW_PLACE_NONE)
			return false;
		if (rw_flow_take(family, query, place, control, decision))
			return true;
	}
	return false;
}
