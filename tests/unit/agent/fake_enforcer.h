/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An enforcer that does nothing but remember, and fails when told to. */

#include "enforce/enforcer.h"

struct fake_enforcer {
	struct rw_enforcer base;
	struct rw_policy *policy;        /* in force; reference held */
	unsigned int applied;            /* successful applies */
	enum rw_established established; /* of the latest */
	int apply_result;                /* of the next ones */
	int attach_result;
	unsigned int refuse_ifindex; /* attach_result holds for this one only; 0 = for all */
	unsigned int attached[RW_ENFORCER_DEVICE_MAX];
	char interfaces[RW_ENFORCER_DEVICE_MAX][16];
	size_t attached_count;
	enum rw_enforcer_early early; /* wanted for the device attached last */
	bool early_idle;
	const char *early_text; /* why there is none; NULL = there is */
	unsigned int pending;   /* attached as pending last; 0 = none, or decided since */
	bool enforcing;
	unsigned int left; /* a device that an earlier process attached; 0 = none */
	bool was_pinned;   /* open finds a running enforcement */
	enum rw_enforcer_hold hold;
	const struct rw_enforcer_event *event; /* told by the next check */
	const struct rw_enforcer_drop *drops;  /* waiting to be read */
	size_t drop_count;
	const struct rw_enforcer_observed *observed; /* told by every observe */
	size_t observed_count;
	const struct rw_enforcer_refused *refused; /* told by every judge */
	size_t refused_count;
	uint16_t judged;                    /* mark of the policy judged last (fake_policy) */
	struct rw_enforcer_status counters; /* what status says, but mode, adopted and device_count */
	unsigned int opened;
	unsigned int removed; /* remove_all */
};

void fake_enforcer_init(struct fake_enforcer *fake);
void fake_enforcer_done(struct fake_enforcer *fake);

/* Functions of a keeper's back end; the context is the fake. */
int fake_enforcer_open(void *context, struct rw_enforcer **ret_enforcer, struct rw_error *err);
size_t fake_enforcer_list_held(void *context, unsigned int *ret_ifindexes, size_t capacity);
int fake_enforcer_remove_all(void *context, struct rw_error *err);

/* A policy of interface "eth0" in network 10.0.0.0/8; 'mark' makes policies differ. */
struct rw_policy *fake_policy(uint16_t mark);
