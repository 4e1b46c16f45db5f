/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the keeper's two files share: keeper.c brings policy, links and devices together, keeper_devices.c
 * knows the devices and has them attached and released.
 */

#include "agent/keeper.h"
#include "base/vec.h"

/* A device that is, or should be, under control. */
struct device {
	struct rw_link_decision wanted;
	bool attached; /* with the settings of 'wanted' */
	bool seen;     /* still enforced in the newest picture */
	char failure[256];
};

struct rw_keeper {
	struct rw_keeper_backend backend;
	rw_keeper_notice_fn *notice;
	void *notice_context;
	char named[RW_KEEPER_NAMED_MAX][16];
	size_t named_count;
	struct rw_early_wishes early;

	struct rw_enforcer *enforcer; /* NULL while detached */
	bool detached;
	bool enforcing;        /* LEARN is over */
	bool left_released;    /* ... and its devices were looked through */
	bool adopted;          /* an earlier agent's enforcement goes on */
	char failure[512];     /* of opening, applying or enforcing; "" = none */
	char unsettled[128];   /* why the devices do not follow policy and links for now; "" = they do */
	unsigned int retry_in; /* checks until a refused policy is tried again */

	struct rw_policy *wanted;        /* NULL before the first */
	enum rw_established established; /* of 'wanted' until it is in force */
	struct rw_policy *in_force;
	struct rw_policy *seal; /* of a sealed node; NULL = none, or done with */
	struct rw_position wanted_position;
	struct rw_position in_force_position;
	struct rw_position applied;

	struct rw_links links;
	struct rw_link_decision *decisions;
	struct rw_vec devices; /* struct device */
	bool event_seen;
	uint64_t restored; /* events RW_ENFORCER_EVENT_RESTORED */
};

/* keeper.c: for the log and the controller. */
void keeper_notice(struct rw_keeper *keeper, bool is_warning, const char *format, ...) RW_PRINTF(3, 4);

/* keeper_devices.c */

/* Decides anew which links are enforced, by the newest picture and the policy in force.  0 or -ENOMEM. */
int keeper_decide_links(struct rw_keeper *keeper);

/*
 * Brings the list of devices up to the decisions: releases those that are enforced no more, notes what has changed,
 * takes in new ones.  -E2BIG, -ENOMEM: the list lacks some, and what is in it is right.
 */
int keeper_update_devices(struct rw_keeper *keeper);

/* Attaches the devices in the list that are not attached yet. */
void keeper_attach_devices(struct rw_keeper *keeper);

/* Lets go of devices that an earlier agent held and that are enforced no more. */
void keeper_release_left(struct rw_keeper *keeper);

/* Has a device attached anew with its settings, as its early stage. */
RW_NODISCARD int keeper_change_device(struct rw_keeper *keeper, struct device *device, struct rw_error *err);

struct device *keeper_device_at(const struct rw_keeper *keeper, size_t index);
struct device *keeper_find_device(const struct rw_keeper *keeper, unsigned int ifindex);

/* Why the first device that is not attached is not, or NULL. */
const char *keeper_device_failure(const struct rw_keeper *keeper);
bool keeper_any_attached(const struct rw_keeper *keeper);

/* Whether a device is enforced by a policy, and not only pending; attached or not. */
bool keeper_any_enforced(const struct rw_keeper *keeper);

/* Whether no link but loopback is up, as at boot: then no connection lives that could be cut. */
bool keeper_is_quiet(const struct rw_keeper *keeper);
