/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The enforcer: a node's policy made to hold
 * ==========================================
 *
 * An enforcer takes the policy of a node and sees to it that the packets of its devices are decided by
 * it.  bpf/ does it in the kernel (rw_enforce_bpf_open), dry/ computes verdicts and touches no kernel
 * (rw_enforce_dry_open); the agent knows only this page.
 *
 * Words: an *interface* is a named entry of the policy (rw_policy.interfaces); a *device* is what the
 * kernel calls so, by ifindex in the network namespace of the caller.  Usually they have one name; the
 * ports of a bridge are devices with the interface of the bridge.
 *
 * Modes: LEARN passes every packet and enters the flows that are seen; ENFORCE decides; MONITOR decides,
 * passes everything and counts what it would have dropped.  The mode of a new enforcer is LEARN;
 * 'enforce' leaves it for the mode of the policy, and nothing leads back.  An enforcer that took over the
 * pins of an earlier process goes on in the mode and with the policy in which it found them.
 *
 * The usual order: open, apply, attach every device, enforce; later apply for every change of policy,
 * attach and detach as devices come and go, check once a second.
 *
 * What is never reported as enforced that is not: apply returns 0 only when no packet decided by a
 * program run that starts afterwards uses older rules; check and status say which devices are not under
 * control, and why.
 *
 * Life: close ends the process's part only.  Pinned programs go on deciding; unpinned ones end with the
 * process.  rw_enforce_bpf_detach_all ends enforcement and needs no enforcer, no agent and no policy.
 *
 * Threads: one at a time, the loop's.  No call waits for anything but the kernel; apply of a large
 * policy computes for as long as its compilation takes (milliseconds per 1,000 rules).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/established.h"
#include "policy/flow_class.h"
#include "policy/policy.h"

enum rw_enforcer_mode {
	RW_ENFORCER_LEARN,
	RW_ENFORCER_ENFORCE,
	RW_ENFORCER_MONITOR,
};

/*
 * The early stage of a device: a program that sees packets before the kernel has made anything of them and drops
 * those that are refused anyway.  Enforcement is whole without it.
 */
enum rw_enforcer_early {
	RW_ENFORCER_EARLY_NONE,
	RW_ENFORCER_EARLY_NATIVE,  /* in the device's driver */
	RW_ENFORCER_EARLY_GENERIC, /* in the kernel, for drivers that have no place for it; saves less */
};

#define RW_ENFORCER_DEVICE_MAX 64
#define RW_ENFORCER_VLAN_WORDS 64 /* of a set of VLAN tags: tag v is bit v % 64 of word v / 64 */

/* A device to be decided.  All borrowed. */
struct rw_enforcer_device {
	unsigned int ifindex;
	const char *name;      /* of the device, for messages */
	const char *interface; /* name in the policy; one that is not (or no longer) in it drops both ways */
	bool layer3;           /* packets begin with the IP header (wireguard, tun, ppp) */
	bool bridge_port;      /* of the bridge 'interface': packets for others than it pass undecided */
	bool keeps_tag; /* a VLAN device that leaves its tag in the frame: the first tag leads to no device above it */
	bool pending; /* what default drops here is dropped as system:pending; 'interface' has no groups */
	const uint64_t *
		vlans; /* RW_ENFORCER_VLAN_WORDS: tags for which a VLAN device exists here, which are passed on
				  this parent; NULL = none */
	bool vlans_keep_tags; /* one of them leaves its tag in the frames that it sends; others' are beside */
	enum rw_enforcer_early early; /* wanted; that it cannot be had is no failure, see the status */
	bool early_idle;              /* it is attached, but lets everything pass */
};

/* For the names of foreign programs and for errors. */
#define RW_ENFORCER_TEXT_SIZE 160

/* How a device is doing, as seen by the last check. */
enum rw_enforcer_hold {
	RW_ENFORCER_HELD,   /* our programs are in place both ways */
	RW_ENFORCER_SHARED, /* ... but others run before ours at ingress, or at egress: they may bypass us */
	RW_ENFORCER_LOST,   /* they are not there, and could not be put back: 'text' says why */
};

struct rw_enforcer_device_status {
	unsigned int ifindex;
	char name[16];
	char interface[16];
	enum rw_enforcer_hold hold;
	bool tcx;                         /* attached by a link; else by clsact */
	bool pending;                     /* as at attach */
	bool early_idle;                  /* the early stage lets everything pass */
	enum rw_enforcer_early early : 8; /* attached now */
	const char
		*early_text; /* why it is not though it is wanted, or is idle though it should not; or NULL;
				   lent until the enforcer is asked for something else */
	char text[RW_ENFORCER_TEXT_SIZE]; /* SHARED: who, by name; LOST: why; else "" */
};

enum rw_enforcer_event_kind {
	RW_ENFORCER_EVENT_RESTORED, /* somebody had detached our program; it is back */
	RW_ENFORCER_EVENT_LOST,     /* ... and could not be put back */
	RW_ENFORCER_EVENT_SHARED,   /* a foreign program may bypass ours now, or another one than before */
	RW_ENFORCER_EVENT_HELD,     /* no longer */
	RW_ENFORCER_EVENT_GONE,     /* the device is gone; its record was removed */
	RW_ENFORCER_EVENT_EARLY,    /* the early stage is there now, or cannot be had: 'text' says why */
};

struct rw_enforcer_event {
	enum rw_enforcer_event_kind kind;
	unsigned int ifindex;
	char name[16];
	char text[RW_ENFORCER_TEXT_SIZE]; /* SHARED: who; LOST, EARLY: why; else "" or what is of no use */
};

#define RW_ENFORCER_DROP_BYTES 132 /* of a packet; those of a tag that the kernel keeps apart among them */

/* One refused packet.  Rate-limited: 'suppressed' drops before it were not reported. */
struct rw_enforcer_drop {
	uint64_t monotonic_ns; /* CLOCK_MONOTONIC */
	enum rw_cause cause;
	bool would_drop;       /* monitored: it passed */
	bool is_current;       /* decided by the policy in force now */
	char rule[RW_ID_SIZE]; /* for RW_CAUSE_RULE and the policy in force now, else "" */
	unsigned int ifindex;
	char interface[16];
	uint32_t suppressed;
	struct rw_packet packet;
	bool layer3;       /* 'bytes' begin with the IP header, else with that of Ethernet */
	uint32_t length;   /* of the whole packet; 0 = not known */
	uint16_t captured; /* first bytes of it that are in 'bytes' */
	uint8_t bytes[RW_ENFORCER_DROP_BYTES];
};

struct rw_enforcer_hits {
	char rule[RW_ID_SIZE];
	uint64_t count;   /* packets that opened (or would have opened) a flow and were decided by it */
	uint64_t last_ns; /* CLOCK_MONOTONIC of the latest, to about a second; 0 = never */
};

struct rw_enforcer_flow {
	enum rw_flow_class class;
	uint8_t protocol;
	struct rw_address opener; /* the end that opened the flow */
	struct rw_address responder;
	uint16_t opener_port; /* 0 for protocols without ports; the identifier of an ICMP echo */
	uint16_t responder_port;
	bool ingress; /* an ingress decision holds */
	bool egress;  /* an egress decision holds */
	uint32_t expires_in_s;
};

/* A live flow as 'observe' tells it: once for each interface that decided it. */
struct rw_enforcer_observed {
	struct rw_packet opener; /* the packet that opens it, as that interface decides it */
	char interface[16];
	bool is_new;         /* not told before; only then 'cause' and 'rule' are filled */
	bool is_answered;    /* packets of both ends were seen */
	bool answer_is_new;  /* ... and that was not told before */
	bool is_forwarded;   /* decided where it enters and where it leaves */
	enum rw_cause cause; /* what accepts it by the policy in force now */
	char rule[RW_ID_SIZE];
};

/* A live flow that a policy would refuse. */
struct rw_enforcer_refused {
	struct rw_packet
		opener; /* the packet that opens it, as the interface that would refuse it decides it */
	char interface[16];
	enum rw_flow_class class;
	bool is_kept; /* an earlier change kept it: only RW_ESTABLISHED_CUT_KEPT would cut it */
	enum rw_cause cause;
	char rule[RW_ID_SIZE]; /* for RW_CAUSE_RULE, else "" */
};

struct rw_enforcer_status {
	enum rw_enforcer_mode mode;
	bool persistent;     /* pinned: outlives this process */
	bool adopted;        /* took over a running enforcement at open */
	uint32_t generation; /* of the policy in the kernel; 0 = none yet */
	size_t device_count;
	uint64_t table_bytes;        /* of the policy in force */
	uint64_t table_limit_bytes;  /* for one policy, when tables have grown as far as they may */
	uint64_t table_memory_bytes; /* taken for tables now: for the policy in force and the next one */
	uint32_t flow_capacity;      /* per family */
	uint64_t flow_refused;       /* new flows refused because the table was full */
	uint32_t
		full_pairs_ppm; /* pairs of buckets without a free place, of a million; the fuller family's */
	uint64_t passed;        /* packets accepted */
	uint64_t not_ip;        /* packets passed because they are not IP */
	uint64_t early;         /* of those in 'dropped': by the early stage */
	uint64_t dropped[RW_CAUSE_COUNT_];
	uint64_t would_drop[RW_CAUSE_COUNT_];
	uint64_t flows[RW_FLOW_CLASS_COUNT_]; /* live entries, both families */
};

/* What 'enforce' found on a live node. */
struct rw_enforcer_seeded {
	uint32_t accepted;   /* live flows entered */
	uint32_t refused;    /* live flows the rules refuse: tombstones, cut at once */
	bool conntrack_read; /* false: forwarded flows are not adopted but picked up by their packets */
	bool sockets_read;
	char text[128]; /* why one of them was not, or "" */
};

typedef void rw_enforcer_drop_fn(void *context, const struct rw_enforcer_drop *drop);
typedef void rw_enforcer_event_fn(void *context, const struct rw_enforcer_event *event);
typedef void rw_enforcer_hits_fn(void *context, const struct rw_enforcer_hits *hits);
typedef void rw_enforcer_observe_fn(void *context, const struct rw_enforcer_observed *flow);
typedef void rw_enforcer_refused_fn(void *context, const struct rw_enforcer_refused *flow);
typedef bool rw_enforcer_flow_fn(void *context, const struct rw_enforcer_flow *flow); /* false = stop */

struct rw_enforcer {
	const struct rw_enforcer_ops *ops;
};

#define RW_ENFORCER_ROUND 1 /* outcome of observe */

struct rw_enforcer_ops {
	const char *name; /* "bpf", "dry" */

	/*
	 * Puts 'policy' in force as a whole (keeps a reference); 'established' says what becomes of the live
	 * flows that it refuses.  A flow that the policy in force refuses already is never kept: it is cut at
	 * its next packet.  -E2BIG when it does not fit the node's table memory ('err' names the group that
	 * takes most), -ENOMEM, or the kernel's refusal; on failure the old policy stays in force.
	 */
	int (*apply)(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		     enum rw_established established, struct rw_error *err);

	/*
	 * Attaches both programs to the device, or changes its settings and interface when it is attached
	 * already.  -ENODEV, -EPERM, -EBUSY with the reason; on failure nothing of ours stays on a new
	 * device.
	 */
	int (*attach)(struct rw_enforcer *enforcer, const struct rw_enforcer_device *device,
		      struct rw_error *err);

	/* Removes ours from the device; 0 also when nothing was there or the device is gone. */
	int (*detach)(struct rw_enforcer *enforcer, unsigned int ifindex, struct rw_error *err);
	int (*detach_all)(struct rw_enforcer *enforcer, struct rw_error *err);

	/*
	 * Ends LEARN: enters the node's live connections as the rules decide them, then switches.  A
	 * second call does nothing.  'ret_seeded' may be NULL.
	 */
	int (*enforce)(struct rw_enforcer *enforcer, struct rw_enforcer_seeded *ret_seeded,
		       struct rw_error *err);

	/* Looks whether our programs are in place, puts them back, tells what changed since last time. */
	int (*check)(struct rw_enforcer *enforcer, rw_enforcer_event_fn *event, void *context,
		     struct rw_error *err);

	/*
	 * A descriptor that polls readable when somebody changed hooks of this network namespace, so that
	 * check should be called now; or -1.  The kernel tells of clsact only: who detaches a tcx link is
	 * found by the next check.
	 */
	int (*hooks_fd)(struct rw_enforcer *enforcer);

	/* Number of attached devices; fills at most 'capacity' of them. */
	size_t (*devices)(struct rw_enforcer *enforcer, struct rw_enforcer_device_status *ret_devices,
			  size_t capacity);

	/* Every rule of the policy in force with its counts since it came in force on this node. */
	int (*hits)(struct rw_enforcer *enforcer, rw_enforcer_hits_fn *each, void *context,
		    struct rw_error *err);

	/* A descriptor that polls readable when drops wait to be read, or -1 when there never are any. */
	int (*drops_fd)(struct rw_enforcer *enforcer);

	/* Hands over the waiting drops; the number of them or a negative errno. */
	int (*drops_read)(struct rw_enforcer *enforcer, rw_enforcer_drop_fn *each, void *context);

	/* Lists live flows in no order; a flow that changes meanwhile may be missed or told in its old or
	 * its new state. */
	int (*flows)(struct rw_enforcer *enforcer, rw_enforcer_flow_fn *each, void *context,
		     struct rw_error *err);

	/*
	 * Looks at the next 'entries' places of the flow table, where the last call ended, and tells the
	 * accepted flows there that are new or newly answered; with 'all', every live one.  So somebody who
	 * goes round the table often enough learns of every new flow without any work on the packets' side;
	 * what begins and is forgotten between two visits is missed.  What was told is remembered in 2 bytes a
	 * place.  0; RW_ENFORCER_ROUND when the end of the table was reached and the next call begins anew;
	 * -ENOMEM.
	 */
	int (*observe)(struct rw_enforcer *enforcer, size_t entries, bool all, rw_enforcer_observe_fn *each,
		       void *context);

	/*
	 * Tells every live flow that 'policy' would refuse were it in force with RW_ESTABLISHED_CUT, once each,
	 * and changes nothing.  What the policy in force refuses already is told only where that monitors: there
	 * such flows live on.  Costs a compilation, and a look-up for each live flow.  -E2BIG and -ENOMEM as of
	 * apply.
	 */
	int (*judge)(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		     rw_enforcer_refused_fn *each, void *context, struct rw_error *err);

	int (*status)(struct rw_enforcer *enforcer, struct rw_enforcer_status *ret_status,
		      struct rw_error *err);

	struct rw_enforcer *(*close)(struct rw_enforcer *enforcer); /* returns NULL */
};

/* Short forms.  Contracts stand at the table. */
RW_NODISCARD static inline int rw_enforcer_apply(struct rw_enforcer *enforcer, const struct rw_policy *policy,
						 enum rw_established established, struct rw_error *err)
{
	return enforcer->ops->apply(enforcer, policy, established, err);
}

RW_NODISCARD static inline int rw_enforcer_attach(struct rw_enforcer *enforcer,
						  const struct rw_enforcer_device *device,
						  struct rw_error *err)
{
	return enforcer->ops->attach(enforcer, device, err);
}

RW_NODISCARD static inline int rw_enforcer_detach(struct rw_enforcer *enforcer, unsigned int ifindex,
						  struct rw_error *err)
{
	return enforcer->ops->detach(enforcer, ifindex, err);
}

RW_NODISCARD static inline int rw_enforcer_enforce(struct rw_enforcer *enforcer,
						   struct rw_enforcer_seeded *ret_seeded,
						   struct rw_error *err)
{
	return enforcer->ops->enforce(enforcer, ret_seeded, err);
}

static inline struct rw_enforcer *rw_enforcer_close(struct rw_enforcer *enforcer)
{
	return enforcer ? enforcer->ops->close(enforcer) : NULL;
}
RW_DEFINE_CLEANUP(struct rw_enforcer *, rw_enforcer_close)
