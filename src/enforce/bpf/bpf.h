/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The enforcer that decides in the kernel, by eBPF programs at tc ingress and egress of each device.
 * docs/dataplane.md tells how; this folder is the only user of libbpf.
 */

#include "enforce/enforcer.h"

#define RW_ENFORCE_TABLE_MEMORY_DEFAULT (256ULL << 20)
#define RW_ENFORCE_TABLE_MEMORY_BEGIN   (4ULL << 20) /* taken at the start; Linux before 5.16 has no more */
#define RW_ENFORCE_TABLE_MEMORY_MIN     (2ULL << 20)
#define RW_ENFORCE_TABLE_MEMORY_MAX     (1ULL << 30) /* the verifier follows offsets up to 512 MB */
#define RW_ENFORCE_FLOW_ENTRIES_DEFAULT (1U << 16)
#define RW_ENFORCE_FLOW_ENTRIES_MIN     (1U << 10)
#define RW_ENFORCE_FLOW_ENTRIES_MAX     (1U << 24)

#define RW_ENFORCE_BPF_NAME_SIZE 16 /* the kernel's limit for names of programs */

/* Finds the name of the program 'id'; leaves 'name' as it is ("") when it cannot. */
typedef void rw_enforce_bpf_name_fn(void *context, uint32_t id, char name[RW_ENFORCE_BPF_NAME_SIZE]);

struct rw_enforce_bpf_options {
	/*
	 * Where programs, maps and links are pinned, such as "/sys/fs/bpf/ringwall/default"; made when
	 * missing.  It must lie in a bpffs that pid 1 sees too: else links and enforcement would end with a
	 * mount namespace.  NULL = unpinned: enforcement ends with the process.
	 */
	const char *pin_dir;
	/*
	 * Bytes that decision tables may take, both buffers together; 0 = default.  They begin with
	 * RW_ENFORCE_TABLE_MEMORY_BEGIN and grow as policies need it.  A policy that needs more than half of the
	 * budget, rounded down to a power of two, is refused.
	 */
	uint64_t table_memory;
	uint32_t flow_entries; /* per family, rounded up to a power of two; 0 = default */
	bool without_tcx;      /* attach by clsact also where the kernel has tcx */
	/*
	 * Names foreign programs for a process that may not look at them itself; called during check.
	 * NULL = rw_enforce_bpf_program_name.
	 */
	rw_enforce_bpf_name_fn *name_program;
	void *name_context;
};

/* The name of any program, for messages; "" when it has none.  Needs CAP_SYS_ADMIN. */
void rw_enforce_bpf_program_name(uint32_t id, char name[RW_ENFORCE_BPF_NAME_SIZE]);

/*
 * Mounts a BPF file system at /sys/fs/bpf when 'pin_dir' lies there, none is mounted and the mount namespace is
 * pid 1's; else does nothing.  Needs CAP_SYS_ADMIN, which open then does not.
 */
int rw_enforce_bpf_mount(const char *pin_dir, struct rw_error *err);

/*
 * Loads the programs, or takes over those that an earlier process pinned.  -EPERM, -EOPNOTSUPP and
 * -EINVAL name the missing privilege or kernel feature and what to do about it.
 */
RW_NODISCARD int rw_enforce_bpf_open(const struct rw_enforce_bpf_options *options,
				     struct rw_enforcer **ret_enforcer, struct rw_error *err);

/*
 * Removes everything of ours under 'pin_dir': links, filters, maps and the folder itself; everything
 * passes afterwards.  Works without policy, agent or state; 0 also when nothing was there.
 * 'ret_devices' (may be NULL) counts the devices that were released.
 */
RW_NODISCARD int rw_enforce_bpf_detach_all(const char *pin_dir, unsigned int *ret_devices,
					   struct rw_error *err);

/* A device that pins hold. */
struct rw_enforce_bpf_held {
	unsigned int ifindex;
	char interface[16]; /* whose policy holds on it; "" when that is not known */
	bool tcx;
	bool alive;   /* tcx: both links are still at their device */
	bool pending; /* nothing was decided about it: system rules only */
	enum rw_enforcer_early early;
};

struct rw_enforce_bpf_look {
	enum rw_enforcer_mode mode;
	uint32_t generation; /* 0 = no policy */
	struct rw_enforce_bpf_held devices[RW_ENFORCER_DEVICE_MAX];
	size_t device_count; /* 0 = nothing is in force */
};

/*
 * Looks at what is pinned under 'pin_dir', without opening it: loads, makes and changes nothing.  Device
 * numbers are those of the network namespace in which they were attached.
 */
void rw_enforce_bpf_look(const char *pin_dir, struct rw_enforce_bpf_look *ret_look);

/*
 * The pinned flow table, for somebody who only looks: it is mapped for reading alone.  It is of the programs
 * that were in force at open; an agent of another version takes the table with it.
 */
struct rw_enforce_bpf_table;

struct rw_enforce_bpf_flow {
	struct rw_enforcer_flow flow;
	uint32_t generation; /* of the policy that decided it last */
	bool kept;           /* goes on whatever the rules say */
	char in[16];         /* interface that decided it where it entered the node, "" = none did */
	char out[16];        /* ... where it left */
};
typedef bool rw_enforce_bpf_flow_fn(void *context, const struct rw_enforce_bpf_flow *flow); /* false = stop */

/* -ENOENT when nothing is pinned there, -EPROTO when it is of another version, -EPERM. */
RW_NODISCARD int rw_enforce_bpf_table_open(const char *pin_dir, struct rw_enforce_bpf_table **ret_table,
					   struct rw_error *err);
struct rw_enforce_bpf_table *rw_enforce_bpf_table_close(struct rw_enforce_bpf_table *table);
RW_DEFINE_CLEANUP(struct rw_enforce_bpf_table *, rw_enforce_bpf_table_close)

/* Of the policy in force now. */
uint32_t rw_enforce_bpf_table_generation(const struct rw_enforce_bpf_table *table);

/* Tells live flows one by one, in no order; each is whole, but they are not all of one moment. */
void rw_enforce_bpf_table_walk(const struct rw_enforce_bpf_table *table, rw_enforce_bpf_flow_fn *each,
			       void *context);

/* The packet that opened 'flow', as the interface where it entered (ingress) or left the node decides it. */
struct rw_packet rw_enforce_bpf_opener(const struct rw_enforcer_flow *flow, enum rw_direction direction);

/*
 * The drop events that wait while no agent reads them.  Only one process may read at a time: the caller sees to
 * that for the length of each call of _read.
 */
struct rw_enforce_bpf_drops;

/* -ENOENT when nothing is pinned there, -EPROTO when it is of another version, -EPERM. */
RW_NODISCARD int rw_enforce_bpf_drops_open(const char *pin_dir, struct rw_enforce_bpf_drops **ret_drops,
					   struct rw_error *err);
struct rw_enforce_bpf_drops *rw_enforce_bpf_drops_close(struct rw_enforce_bpf_drops *drops);
RW_DEFINE_CLEANUP(struct rw_enforce_bpf_drops *, rw_enforce_bpf_drops_close)

/*
 * Hands over at most 'most' waiting drops without waiting for any.  Their 'rule' is "": who has compiled the
 * policy can tell, where 'is_current'.
 */
void rw_enforce_bpf_drops_read(struct rw_enforce_bpf_drops *drops, size_t most, rw_enforcer_drop_fn *each,
			       void *context);

struct rw_enforce_bpf_feature {
	const char *name; /* "tcx" */
	bool required;
	int error;      /* 0 = present, else the negative errno of the trial */
	char text[160]; /* what was found, or what is missing and from which kernel on it exists */
};

#define RW_ENFORCE_BPF_FEATURE_MAX 16

/*
 * Tries what enforcement needs, with real calls on nothing of the node's.  Returns the number of features
 * filled in; enforcement is possible when no required one has an error.
 */
size_t rw_enforce_bpf_probe(const char *pin_dir,
			    struct rw_enforce_bpf_feature ret_features[RW_ENFORCE_BPF_FEATURE_MAX]);
