/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keeper of a node's enforcement
 * ==================================
 *
 * Brings three things together that change at their own times -- the policy, the links of the node, and what
 * others do to its devices -- and keeps the enforcer equal to them: the policy in force, our programs on
 * every enforced device and on no other.
 *
 * Order at the start: nothing is touched before there is a policy; then it is applied, the devices are
 * attached (still passing everything), and enforcement begins when all that can be attached is; at once while
 * no link of the node is up, as at boot, so that a device which comes later never learns.
 *
 * A device of which nothing is known yet (RW_LINK_PENDING) is held with the system rules only, so that it is not
 * open until its addresses have decided.
 *
 * What it says of itself is never better than what is so: 'applied' moves to a position only when the policy
 * is in the kernel and every enforced device of the node is under control; a device that cannot be attached
 * makes the state FAILED with the device and the reason, a foreign program beside ours makes it DEGRADED.  A
 * device that failed is tried again at every check, a policy that was refused every half minute.
 *
 * No clock, socket or file: driven by the agent's loop, or by tests with the dry enforcer.
 */

#include "agent/early.h"
#include "agent/link_rules.h"
#include "enforce/enforcer.h"
#include "wire/report.h"

struct rw_keeper;

/* How to get at enforcement; all functions are called with 'context'. */
struct rw_keeper_backend {
	/* Opens the enforcer, or takes over a running enforcement. */
	int (*open)(void *context, struct rw_enforcer **ret_enforcer, struct rw_error *err);
	/* Removes everything of ours from the node, with no enforcer open. */
	int (*remove_all)(void *context, struct rw_error *err);
	/* Fills in the devices that an earlier agent left under control, at most 'capacity'; gives their
	 * number. */
	size_t (*list_held)(void *context, unsigned int *ret_ifindexes, size_t capacity);
	/* True when what an earlier agent left decides by a policy, at a device that is there. */
	bool (*is_deciding)(void *context);
	void *context;
};

/* Tells what is worth a line in the log and a word to the controller.  'text' is lent. */
typedef void rw_keeper_notice_fn(void *context, bool is_warning, const char *text);

struct rw_keeper_options {
	struct rw_keeper_backend backend;
	const char *const *named; /* --interface; copied */
	size_t named_count;
	const struct rw_early_wishes *early; /* copied; NULL = none */
	rw_keeper_notice_fn *notice;
	void *notice_context;
};

/* Most interfaces an operator may name. */
#define RW_KEEPER_NAMED_MAX 64

RW_NODISCARD int rw_keeper_new(const struct rw_keeper_options *options, struct rw_keeper **ret_keeper,
			       struct rw_error *err);

/* Ends this process's part; pinned enforcement goes on. */
struct rw_keeper *rw_keeper_free(struct rw_keeper *keeper);
RW_DEFINE_CLEANUP(struct rw_keeper *, rw_keeper_free)

/* Opens the enforcer.  On failure nothing is enforced by us, and the state is FAILED. */
RW_NODISCARD int rw_keeper_start(struct rw_keeper *keeper, struct rw_error *err);

/* Takes everything off the node, until rw_keeper_attach. */
RW_NODISCARD int rw_keeper_detach(struct rw_keeper *keeper, struct rw_error *err);
RW_NODISCARD int rw_keeper_attach(struct rw_keeper *keeper, struct rw_error *err);

/*
 * Makes 'policy' (kept by reference) the one wanted, and puts it in force.  0: it is, on every enforced
 * device.  Negative: it is not, and 'err' says why; what was in force before stays.  Detached: 0 after
 * remembering it.
 * 'established' holds until the policy is in force, also when that takes more than one try; together with what
 * was said of an earlier policy that never came in force.
 */
RW_NODISCARD int rw_keeper_set_policy(struct rw_keeper *keeper, const struct rw_position *position,
				      const struct rw_policy *policy, enum rw_established established,
				      struct rw_error *err);

/*
 * Puts the policy of a sealed node (agent/seal.h; kept by reference) in force, until one that is wanted is.
 * Detached: 0 after remembering it.  Negative as of rw_keeper_set_policy; whether the node is sealed says the
 * status.
 */
RW_NODISCARD int rw_keeper_seal(struct rw_keeper *keeper, const struct rw_policy *sealed,
				struct rw_error *err);

/*
 * Changes the early stage of an interface: now, where it is under control, and whenever it comes to be.  When it
 * cannot be had, 'err' says why, the wish before holds again, and -EOPNOTSUPP or what else the kernel said.
 */
RW_NODISCARD int rw_keeper_set_early(struct rw_keeper *keeper, const struct rw_early_wish *wish,
				     struct rw_error *err);
const struct rw_early_wishes *rw_keeper_early(const struct rw_keeper *keeper); /* lent */

/* The policy wanted holds at a later position, too. */
void rw_keeper_confirm(struct rw_keeper *keeper, const struct rw_position *position);

/* Takes a new picture of the links (its content, also on failure) and follows it. */
RW_NODISCARD int rw_keeper_set_links(struct rw_keeper *keeper, struct rw_links *links, struct rw_error *err);

/*
 * To be called once a second: puts back what others took away, tries again what failed.  True when
 * something happened that should be reported at once.
 */
bool rw_keeper_check(struct rw_keeper *keeper);

/* The first part of it alone: looks at the hooks and puts back.  For when somebody changed them. */
bool rw_keeper_look(struct rw_keeper *keeper);

struct rw_keeper_status {
	enum rw_agent_state state;
	char reason[512];           /* of a state other than OK; or what else to know, or "" */
	struct rw_position applied; /* in force on every enforced device; revision 0 = none */
	struct rw_position wanted;
	struct rw_position in_force;              /* of 'policy' */
	const struct rw_policy *policy;           /* in the kernel; lent; NULL = none known */
	const struct rw_links *links;             /* lent */
	const struct rw_link_decision *decisions; /* one per link; lent; NULL = none yet */
	bool enforcing;               /* 'policy' or the seal holds on a device; monitoring, too */
	bool sealed;                  /* the seal is in force: 'policy' is NULL, the state FAILED */
	bool adopted;                 /* an earlier agent's enforcement was taken over */
	struct rw_enforcer *enforcer; /* lent; NULL while detached */
	uint64_t restored;            /* times that somebody's detach was repaired */
};
void rw_keeper_status(const struct rw_keeper *keeper, struct rw_keeper_status *ret_status);
