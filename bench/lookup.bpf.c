/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * Look-ups of addresses alone, for BPF_PROG_TEST_RUN: each run takes the next of the samples.
 *
 * nothing  The floor: takes the sample and does nothing with it.
 * trie     In a map of the kernel that is made for it, BPF_MAP_TYPE_LPM_TRIE.
 * table    In the decision table.
 */

#include "lib/rw_platform.h"

#include "abi/rw_table.h"
#include "lookup.h"

__u32 samples[LOOKUP_SAMPLES]; /* addresses, host order */
__u32 turn;
__u32 found; /* so that no look-up is in vain */

const volatile __u32 image_mask = RW_TABLE_REACH - 4;

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LOOKUP_ADDRESSES);
	__type(key, struct lookup_prefix);
	__type(value, __u32);
} trie_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, RW_TABLE_REACH); /* user space says how much */
} image_map SEC(".maps");

struct rw_table {
	const char *image;
};

RW_INLINE const void *rw_table_bytes(const struct rw_table *table, __u64 offset)
{
	offset &= image_mask;
	rw_opaque(offset);
	return table->image + offset;
}

#include "lib/rw_decide.h"

static __always_inline __u32 next_sample(void)
{
	return samples[turn++ * 2654435761u >> 16 & (LOOKUP_SAMPLES - 1)];
}

SEC("tc")
int nothing(struct __sk_buff *skb)
{
	found += next_sample();
	return 0;
}

SEC("tc")
int trie(struct __sk_buff *skb)
{
	struct lookup_prefix prefix = {.bits = 32, .address = bpf_htonl(next_sample())};

	found += bpf_map_lookup_elem(&trie_map, &prefix) ? 1 : 0;
	return 0;
}

SEC("tc")
int table(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct rw_table table = {.image = bpf_map_lookup_elem(&image_map, &zero)};

	if (!table.image)
		return 0;
	found += rw_table_class4(&table, rw_table_header(&table), next_sample());
	return 0;
}

char lookup_license[] SEC("license") = "Dual BSD/GPL";
