/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The data plane on the host: the code of bpf/lib over plain memory, with a clock that stands still.  For
 * unit tests under sanitizers and for the fuzzer.
 */

#include <stdlib.h>
#include <string.h>

#include "abi/rw_bpf_abi.h"
#include "abi/rw_flow_abi.h"
#include "abi/rw_table.h"
#include "lib/rw_platform.h"

#define HOST_BUCKETS   4 /* per family */
#define HOST_FRAGMENTS 16

struct host_plane {
	const void *pages;
	struct rw_control control;
	struct rw_memo memo; /* of the short way */
	struct rw_flow_bucket4 flows4[HOST_BUCKETS];
	struct rw_flow_bucket6 flows6[HOST_BUCKETS];
	__u64 tags4[HOST_BUCKETS];
	__u64 tags6[HOST_BUCKETS];
	struct rw_fragment_key fragments[HOST_FRAGMENTS];
	unsigned int fragment_count;
	__u32 last_hit; /* cell of the latest opening that a rule decided */
	unsigned int hits;
};

static struct host_plane host;

struct rw_table {
	const char *image;
};

RW_INLINE const void *rw_table_bytes(const struct rw_table *table, __u64 offset)
{
	return table->image + offset;
}

RW_INLINE void *rw_flow_bucket(__u8 family, __u32 number)
{
	if (number >= HOST_BUCKETS)
		return NULL;
	return family == 4 ? (void *)&host.flows4[number] : (void *)&host.flows6[number];
}

RW_INLINE __u64 *rw_flow_tags(__u8 family)
{
	return family == 4 ? host.tags4 : host.tags6;
}

RW_INLINE __u64 *rw_flow_tags_at(__u64 *all, __u32 number)
{
	return &all[number % HOST_BUCKETS];
}

struct rw_run;
RW_INLINE bool rw_hook_table(const struct rw_run *run, struct rw_table *ret_table)
{
	(void)run;
	ret_table->image = host.pages;
	return host.pages;
}

RW_INLINE const struct rw_control *rw_hook_control(void)
{
	return &host.control;
}

RW_INLINE void rw_hook_hit(const struct rw_run *run, __u32 cell)
{
	(void)run;
	host.last_hit = cell;
	host.hits++;
}

RW_INLINE bool rw_hook_fragment_known(const struct rw_run *run, const struct rw_fragment_key *key)
{
	(void)run;
	for (unsigned int i = 0; i < host.fragment_count; i++)
		if (memcmp(&host.fragments[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

RW_INLINE void rw_hook_fragment_remember(const struct rw_run *run, const struct rw_fragment_key *key)
{
	(void)run;
	if (host.fragment_count < HOST_FRAGMENTS)
		host.fragments[host.fragment_count++] = *key;
}

#include "lib/rw_early.h"

/* Empties everything; 'pages' is the image in force (may be NULL when no decision is asked for). */
RW_INLINE void host_reset(const void *pages)
{
	memset(&host, 0, sizeof(host));
	host.pages = pages;
	host.control.bucket_mask4 = host.control.bucket_mask6 = HOST_BUCKETS - 1;
	for (size_t i = 0; i < 8; i++)
		host.control.secret[i] = 0x9e3779b97f4a7c15ull * (i + 1);
	rw_flow_control_copy(&host.control);
}

/* One packet through the whole way: the cell that decided it. */
RW_INLINE __u32 host_decide(const __u8 *bytes, __u32 size, __u8 family, bool egress, __u32 generation,
			    __u32 now)
{
	struct rw_reader reader = {.bytes = bytes, .length = size};
	struct rw_run run = {
		.generation = generation,
		.mode = RW_MODE_ENFORCE,
		.now = now,
		.egress = egress,
	};
	struct rw_frame frame = {0};
	struct rw_flow_query query;
	enum rw_parse_status status = rw_parse(&reader, 0, family, false, &frame);

	return rw_hook_decide(&run, &frame, status, &query);
}

/* What the early stage says to the packet at ingress: the cell that refuses it, or RW_SHORT_NOT. */
RW_INLINE __u32 host_early(const __u8 *bytes, __u32 size, __u8 family, __u32 generation, __u32 now)
{
	struct rw_reader reader = {.bytes = bytes, .length = size};
	struct rw_run run = {.generation = generation, .mode = RW_MODE_ENFORCE, .now = now};

	return rw_early_decide(family, &run, rw_hook_control(), &reader, 0);
}
