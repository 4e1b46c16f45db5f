/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The maps of the programs and what the loader tells them (src/enforce/bpf/load.c).  What is in them: abi/.
 */

#include "lib/rw_platform.h"

#include "abi/rw_bpf_abi.h"
#include "abi/rw_flow_abi.h"
#include "abi/rw_table.h"

/* The loader sets the number of entries of the maps that have 1 here. */

/*
 * Maps of one value of fixed size, as variables: their addresses are constants, which spares the look-up.  The
 * sections are the names that load.c knows them by.
 */
struct rw_control rw_control SEC(".data.control") = {0};
struct rw_device rw_devices[RW_DEVICE_RECORDS] SEC(".data.devices") = {0};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__uint(value_size, 2 * RW_TABLE_REACH); /* the loader says how much */
} rw_images SEC(".maps");

/* Keeps offsets inside an image.  The loader sets it before the verifier sees it: a constant for both. */
const volatile __u32 rw_image_mask = RW_TABLE_REACH - 4;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RW_DEVICE_RECORDS);
	__type(key, __u32);
	__type(value, struct rw_vlans);
} rw_vlans SEC(".maps");

/* For the loader of a later process only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RW_SLOT_NAMES);
	__type(key, __u32);
	__type(value, struct rw_slot_name);
} rw_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_flow_bucket4);
} rw_flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_flow_bucket6);
} rw_flows6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, 8); /* the loader says how much */
} rw_tags4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, 8);
} rw_tags6 SEC(".maps");

/* Keeps offsets inside the tags; see rw_image_mask. */
const volatile __u32 rw_tag_mask = 0;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_FRAGMENT_ENTRIES);
	__type(key, struct rw_fragment_key);
	__type(value, __u32); /* second at which it is forgotten */
} rw_fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_hit);
} rw_hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RW_EVENTS_SIZE);
} rw_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_processor);
} rw_processors SEC(".maps");

/* More processors than stripes of hits: they must count by atomics, which cost more than a look-up. */
const volatile bool rw_hits_shared = true;
