/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this folder share. */

#include <linux/bpf.h>

#include "abi/rw_bpf_abi.h"
#include "abi/rw_flow_abi.h"
#include "base/map.h"
#include "classify/compile.h"
#include "enforce/bpf/bpf.h"

/* Newer than the kernel headers that we build with. */
enum {
	RW_BPF_TCX_INGRESS = 46, /* BPF_TCX_INGRESS, Linux 6.6 */
	RW_BPF_TCX_EGRESS = 47,
	RW_BPF_F_BEFORE = 1 << 3,
	RW_BPF_F_AFTER = 1 << 4,
};

enum rw_bpf_map_id {
	RW_BPF_MAP_CONTROL,
	RW_BPF_MAP_IMAGES,
	RW_BPF_MAP_DEVICES,
	RW_BPF_MAP_VLANS,
	RW_BPF_MAP_SLOTS,
	RW_BPF_MAP_FLOWS4,
	RW_BPF_MAP_FLOWS6,
	RW_BPF_MAP_TAGS4,
	RW_BPF_MAP_TAGS6,
	RW_BPF_MAP_FRAGMENTS,
	RW_BPF_MAP_HITS,
	RW_BPF_MAP_EVENTS,
	RW_BPF_MAP_PROCESSORS,
	RW_BPF_MAP_COUNT_,
};

enum rw_bpf_program_id {
	RW_BPF_PROGRAM_INGRESS,
	RW_BPF_PROGRAM_EGRESS,
	RW_BPF_PROGRAM_SEED,
	RW_BPF_PROGRAM_EARLY, /* loaded when a device first wants it */
	RW_BPF_PROGRAM_COUNT_,
};

/* A map of ours: descriptor, size, and its memory where it is mapped. */
struct rw_bpf_map {
	int fd;
	uint32_t entries;
	uint32_t value_size;
	void *memory; /* NULL when it cannot be mapped */
	size_t memory_size;
};

/* Where both programs of a device hang. */
struct rw_bpf_device {
	unsigned int ifindex; /* 0 = free */
	char name[16];
	char interface[16];
	bool pending;
	uint32_t place;  /* in rw_devices */
	int links[2];    /* tcx: ingress, egress; else -EBADF */
	bool made_qdisc; /* clsact: the qdisc is this process's */
	enum rw_enforcer_hold hold;
	char text[RW_ENFORCER_TEXT_SIZE];
	enum rw_enforcer_early early; /* wanted */
	bool early_idle;
	uint16_t flags;                        /* of the record: RW_DEVICE_* */
	int early_link;                        /* -EBADF: not attached */
	enum rw_enforcer_early early_attached; /* how */
	unsigned int early_retry;              /* checks until it is tried again */
	char early_text[RW_ENFORCER_TEXT_SIZE];
};

/* A foreign program whose name was asked for. */
struct rw_bpf_known {
	uint32_t id; /* 0 = free */
	char name[RW_ENFORCE_BPF_NAME_SIZE];
};

struct rw_bpf_total {
	uint64_t count;
	uint32_t last; /* second */
};

struct ring_buffer;

/* Takes a drop; negative = no more of them now. */
typedef int rw_bpf_drop_fn(void *context, const struct rw_enforcer_drop *drop);

struct rw_bpf {
	struct rw_enforcer base;
	char pin_dir[200]; /* "" = unpinned */
	bool tcx;
	bool adopted;
	bool held;
	bool flows_kept; /* the flow table is that of the programs that hold the devices, though no other map is */
	struct rw_control control_before; /* then: theirs, as far as RW_CONTROL_FLOW_PART */
	/* Devices are held by programs with other maps, until each is attached here. */
	bool replacing;
	struct rw_bpf_map maps[RW_BPF_MAP_COUNT_];
	int programs[RW_BPF_PROGRAM_COUNT_];
	uint32_t program_ids[RW_BPF_PROGRAM_COUNT_];
	uint32_t image_pages;     /* room of one image */
	uint32_t image_pages_max; /* ... up to which it may grow: the budget */
	uint32_t hit_count;
	uint32_t hit_stripes; /* of each image */
	struct rw_bpf_device devices[RW_ENFORCER_DEVICE_MAX];
	struct rw_classify_table *table;     /* in force; NULL before the first apply */
	uint32_t table_since;                /* generation from which on; changes in place count it up, too */
	struct rw_classify_memory images[2]; /* the values of rw_images */
	struct rw_classify_table *retired;   /* the one before, for events and hits still under way */
	bool counts_in_both;  /* hits of the table's indexes are counted at both images' places */
	uint64_t switched_ns; /* when the state was stored last */
	uint64_t slot_since_ns[RW_SLOT_NAMES]; /* when it was given back last; 0 = never by this process */
	bool astray;          /* some device has programs of a set that was given up; see sets.c */
	bool grace_due;       /* the standby image may still be read by a program under way */
	struct rw_map totals; /* rule id -> struct rw_bpf_total of retired tables */
	rw_enforce_bpf_name_fn *name_program; /* NULL = by ourselves */
	void *name_context;
	struct rw_bpf_known known[16];
	unsigned int known_next; /* to be given up */
	int hooks_fd;            /* of rw_bpf_company_watch */
	struct ring_buffer *ring;
	uint16_t *observed;   /* by place of the flow table, IPv4 first; NULL until somebody asks */
	size_t observe_next;  /* place to look at next */
	rw_bpf_drop_fn *drop; /* while drops are read */
	void *drop_context;
};

static inline struct rw_bpf *rw_bpf_of(struct rw_enforcer *enforcer)
{
	return (struct rw_bpf *)enforcer;
}

static inline struct rw_control *rw_bpf_control(const struct rw_bpf *bpf)
{
	return bpf->maps[RW_BPF_MAP_CONTROL].memory;
}

/* The last one by which flows were decided: in force, or that of programs before these. */
static inline uint32_t rw_bpf_generation(const struct rw_control *control)
{
	uint32_t generation = RW_STATE_GENERATION(control->state);

	return generation ? generation : control->generation_before;
}

/* load.c: loads the object, with the pinned maps of 'bpf' where it has them; maps memory. */
extern const char *const rw_bpf_map_names[RW_BPF_MAP_COUNT_];
/* How large a map is to be; 0 = as the object says. */
struct rw_bpf_map_size {
	uint32_t entries;
	uint32_t value; /* bytes */
};

/* Gives the sizes of all maps.  -EINVAL for sizes out of range. */
RW_NODISCARD int rw_bpf_size_maps(const struct rw_enforce_bpf_options *options,
				  struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_], struct rw_error *err);
RW_NODISCARD int rw_bpf_load(struct rw_bpf *bpf, const struct rw_enforce_bpf_options *options,
			     struct rw_error *err);
/*
 * Loads the program of the early stage or the others for images of so many pages.  Maps are those of 'bpf';
 * only rw_images is made where it is missing.
 */
RW_NODISCARD int rw_bpf_load_programs(struct rw_bpf *bpf, uint32_t image_pages, bool early,
				      struct rw_error *err);
/* Loads the program of the early stage, unless it is there already. */
RW_NODISCARD int rw_bpf_load_early(struct rw_bpf *bpf, struct rw_error *err);
void rw_bpf_unload(struct rw_bpf *bpf);
/* Says of maps and programs that there are none yet. */
void rw_bpf_init(struct rw_bpf *bpf);
/* Maps the memory of an array for reading alone. */
RW_NODISCARD int rw_bpf_map_read_only(int fd, void **ret_memory, size_t *ret_size, uint32_t *ret_entries);
int rw_bpf_refused(struct rw_error *err, int code, const char *what); /* says what an errno of bpf() means */

/* sets.c: program sets */
/*
 * Sees to it that one image has room for 'policy', as far as the budget allows.  0; -E2BIG over the budget,
 * with the group that takes most; what the kernel said.  After a failure everything decides as before; a device
 * whose programs the kernel would not take back makes 'bpf' astray.
 */
RW_NODISCARD int rw_bpf_grow(struct rw_bpf *bpf, const struct rw_policy *policy, struct rw_error *err);
/*
 * Goes back to smaller tables when those that were taken over are much too large for the policy in force,
 * or above the budget.  It takes as long as loading the programs, so only a start does it.
 */
void rw_bpf_shrink(struct rw_bpf *bpf);
/*
 * Puts our programs in the place of those of an earlier process at every device that it had attached.  With
 * maps taken over, nothing else changes.
 */
RW_NODISCARD int rw_bpf_take_devices(struct rw_bpf *bpf, struct rw_error *err);
/*
 * Where an exchange that failed has left a device astray, tries to bring it back: 0 when there is none any more, or what
 * the kernel said.  Nothing may be switched before.
 */
int rw_bpf_bring_back(struct rw_bpf *bpf, struct rw_error *err);

/* pins.c */
RW_NODISCARD int rw_bpf_pins_prepare(const char *pin_dir, struct rw_error *err);
int rw_bpf_pins_check(const char *pin_dir, struct rw_error *err); /* the same, but makes and mounts nothing */
RW_NODISCARD int rw_bpf_pins_find(struct rw_bpf *bpf, const struct rw_enforce_bpf_options *options,
				  struct rw_error *err);
/* 0 when all of PIN_DIR is of this version; -ENOENT when nothing is pinned, -EPROTO for another version. */
RW_NODISCARD int rw_bpf_pins_check_version(const char *pin_dir, struct rw_error *err);
RW_NODISCARD int rw_bpf_pins_save(struct rw_bpf *bpf, struct rw_error *err);
/* Pins in one step, in the place of what is pinned there. */
RW_NODISCARD int rw_bpf_pin(int fd, const char *path, struct rw_error *err);
/* The images of another set beside those in force, then in their place; sets.c says when. */
RW_NODISCARD int rw_bpf_pins_begin_exchange(const struct rw_bpf *bpf, struct rw_error *err);
RW_NODISCARD int rw_bpf_pins_end_exchange(const struct rw_bpf *bpf, struct rw_error *err);
void rw_bpf_pins_abandon_exchange(const struct rw_bpf *bpf);
/* An earlier process has begun one and not ended it. */
bool rw_bpf_pins_has_exchange(const struct rw_bpf *bpf);
/* Takes the pins of one device away, with what they hold. */
void rw_bpf_pins_release(const char *pin_dir, unsigned int ifindex);
void rw_bpf_pin_path(char *path, size_t size, const char *pin_dir, const char *kind, unsigned int ifindex);

/* attach.c */
int rw_bpf_attach(struct rw_enforcer *enforcer, const struct rw_enforcer_device *device,
		  struct rw_error *err);
int rw_bpf_detach(struct rw_enforcer *enforcer, unsigned int ifindex, struct rw_error *err);
int rw_bpf_detach_every(struct rw_enforcer *enforcer, struct rw_error *err);
int rw_bpf_check(struct rw_enforcer *enforcer, rw_enforcer_event_fn *event, void *context,
		 struct rw_error *err);
/* Puts our programs in the place of those of another set, wherever such hang at the device. */
int rw_bpf_exchange(struct rw_bpf *bpf, unsigned int ifindex, struct rw_error *err);
/* Whether programs of this set hang at both sides of the device. */
bool rw_bpf_is_held(struct rw_bpf *bpf, unsigned int ifindex);
size_t rw_bpf_devices(struct rw_enforcer *enforcer, struct rw_enforcer_device_status *ret_devices,
		      size_t capacity);
int rw_bpf_hooks_fd(struct rw_enforcer *enforcer);

/* early.c */
/* Attaches the early stage or takes it off, as the device wants it; why it cannot be had is in its 'early_text'. */
void rw_bpf_early_follow(struct rw_bpf *bpf, struct rw_bpf_device *device);
/* Our program in the place of that of another set; where that cannot be, the stage is taken off. */
void rw_bpf_early_exchange(struct rw_bpf *bpf, struct rw_bpf_device *device);
/* The same on a device that an earlier process attached. */
void rw_bpf_early_exchange_left(struct rw_bpf *bpf, unsigned int ifindex);
/* Takes it off, whoever has attached it for us. */
void rw_bpf_early_remove(struct rw_bpf *bpf, struct rw_bpf_device *device);
/* Once a second: 'present' = our program hangs there.  Puts it back, or tries anew; true when that changed. */
bool rw_bpf_early_check(struct rw_bpf *bpf, struct rw_bpf_device *device, bool present);
void rw_bpf_early_status(const struct rw_bpf_device *device, struct rw_enforcer_device_status *status);

/* clsact.c */
#define RW_BPF_CLSACT_HANDLE 0x7277u               /* "rw" */
extern const uint32_t rw_bpf_clsact_priorities[2]; /* first at ingress, last at egress */
/* Our filters for those of another set, where filters of ours are. */
RW_NODISCARD int rw_bpf_clsact_exchange(const struct rw_bpf *bpf, unsigned int ifindex);
int rw_bpf_clsact_attach(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err);
void rw_bpf_clsact_remove(unsigned int ifindex);

/* company.c */
struct rw_bpf_company {
	bool present[2];                  /* ours, by side */
	bool early;                       /* ours at XDP */
	unsigned int strangers;           /* who may bypass ours */
	char text[RW_ENFORCER_TEXT_SIZE]; /* the first of them by name, or "" */
};
void rw_bpf_company_look(struct rw_bpf *bpf, const struct rw_bpf_device *device,
			 struct rw_bpf_company *ret_company);
/* A descriptor that becomes readable when filters or qdiscs change in this network namespace. */
RW_NODISCARD int rw_bpf_company_watch(void);
void rw_bpf_company_drain(int fd); /* -1 is allowed */

/* qdisc.c */
#define RW_BPF_QDISC_PIN "qdisc" /* the clsact qdisc of that device was made by us */
/* Sees to it that the device has a clsact qdisc, and remembers whether we made it. */
RW_NODISCARD int rw_bpf_qdisc_make(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err);
/* Removes the device's clsact qdisc, unless somebody has a filter in it. */
void rw_bpf_qdisc_remove(unsigned int ifindex);

/* apply.c */
int rw_bpf_apply(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		 enum rw_established established, struct rw_error *err);
/* Waits until no program run goes on that began before the last switch, if one may.  -EBUSY. */
int rw_bpf_await_grace(struct rw_bpf *bpf, struct rw_error *err);

/* slots.c: the numbers of interfaces in tables, records and flows */
/*
 * The slot of an interface, and of all of a policy: what it has, else one that is free.  When none is, names are given back
 * to which nothing refers any more.  -ENOSPC when there is no such, either; -E2BIG for too many interfaces.
 */
RW_NODISCARD int rw_bpf_slot(struct rw_bpf *bpf, const char *interface, uint8_t *ret_slot,
			     struct rw_error *err);
RW_NODISCARD int rw_bpf_slots(struct rw_bpf *bpf, const struct rw_policy *policy,
			      uint8_t ret_slots[RW_SLOT_NAMES], struct rw_error *err);
/* The same, but nothing is entered or given back. */
RW_NODISCARD int rw_bpf_slots_would_be(const struct rw_bpf *bpf, const struct rw_policy *policy,
				       uint8_t ret_slots[RW_SLOT_NAMES], struct rw_error *err);
/* The name for which the slot stood at a time of the monotonic clock; "" when that was given back since.  Lent. */
const char *rw_bpf_slot_name(const struct rw_bpf *bpf, uint32_t slot, uint64_t at_ns);

/* keep.c */
/* The interface of a table's policy that has that slot, or RW_CLASSIFY_NO_INTERFACE. */
size_t rw_bpf_interface_of(const struct rw_classify_table *table, uint32_t slot);
/*
 * Marks as kept the flows alive at second 'now' that were accepted at 'generation', by 'before' (NULL when
 * nobody here has it), and that 'after' refuses.
 */
void rw_bpf_keep_refused(const struct rw_bpf *bpf, uint32_t now, uint32_t generation,
			 const struct rw_classify_table *before, const struct rw_classify_table *after);
/* Takes the mark from every flow alive at second 'now'. */
void rw_bpf_keep_none(const struct rw_bpf *bpf, uint32_t now);
int rw_bpf_judge(struct rw_enforcer *enforcer, const struct rw_policy *policy, rw_enforcer_refused_fn *each,
		 void *context, struct rw_error *err);

/* read.c */
int rw_bpf_hits(struct rw_enforcer *enforcer, rw_enforcer_hits_fn *each, void *context, struct rw_error *err);
/*
 * Adds to the totals what the image of 'generation' has counted for the rules of 'table'; with 'after',
 * only for those whose index that table has no more.
 */
int rw_bpf_hits_retire(struct rw_bpf *bpf, const struct rw_classify_table *table,
		       const struct rw_classify_table *after, uint32_t generation);
int rw_bpf_drops_fd(struct rw_enforcer *enforcer);
int rw_bpf_drops_read(struct rw_enforcer *enforcer, rw_enforcer_drop_fn *each, void *context);
int rw_bpf_drops_open(struct rw_bpf *bpf);
int rw_bpf_drops_consume(struct rw_bpf *bpf, rw_bpf_drop_fn *drop, void *context);
/* Second of the programs' clock. */
uint32_t rw_bpf_now(void);

/* flows.c */

/* An entry of the flow table, read as a whole. */
struct rw_bpf_entry {
	uint64_t control;
	uint64_t decision;
	uint64_t key[RW_FLOW_KEY_WORDS6]; /* of IPv4 the first two */
	size_t offset;                    /* of the control word in the family's map; by rw_bpf_walk_flows */
};

/* Reads an entry the way the programs do; false when there is none, it is dead or was just exchanged. */
bool rw_bpf_entry_read(uint8_t family, const uint32_t *signature, const __u64 *entry, uint32_t now,
		       struct rw_bpf_entry *ret_entry);
void rw_bpf_decode_flow(uint8_t family, const struct rw_bpf_entry *entry, uint32_t now,
			struct rw_enforcer_flow *flow);

/* Where the flow table is. */
struct rw_bpf_flow_table {
	const struct rw_flow_bucket4 *buckets4;
	const struct rw_flow_bucket6 *buckets6;
	uint32_t count4, count6;
};
struct rw_bpf_flow_table rw_bpf_flow_table_of(const struct rw_bpf *bpf);

/* Hands over every live entry, tombstones too, until 'each' says false. */
typedef bool rw_bpf_entry_fn(void *context, uint8_t family, const struct rw_bpf_entry *entry);
void rw_bpf_walk_flows(const struct rw_bpf_flow_table *table, uint32_t now, rw_bpf_entry_fn *each,
		       void *context);

/* Adds the live flows to 'counts'; gives the share of full pairs of buckets, of the family that has more. */
uint32_t rw_bpf_count_flows(const struct rw_bpf_flow_table *table, uint64_t counts[RW_FLOW_CLASS_COUNT_]);
int rw_bpf_flows(struct rw_enforcer *enforcer, rw_enforcer_flow_fn *each, void *context,
		 struct rw_error *err);
/* observe.c */
int rw_bpf_observe(struct rw_enforcer *enforcer, size_t entries, bool all, rw_enforcer_observe_fn *each,
		   void *context);

int rw_bpf_status(struct rw_enforcer *enforcer, struct rw_enforcer_status *ret_status, struct rw_error *err);

/* seed.c */
/* Enters the live connections of the node; 'only_missing' leaves alone those in the table. */
int rw_bpf_seed(struct rw_bpf *bpf, bool only_missing, struct rw_enforcer_seeded *ret_seeded);
int rw_bpf_enforce(struct rw_enforcer *enforcer, struct rw_enforcer_seeded *ret_seeded, struct rw_error *err);
