/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Large policies for benchmarks, the same in every run: one interface in one group of many rules.  Rules are
 * mixed as in practice: half CIDRs, half references to groups; 70 % TCP; single ports and ranges; priorities
 * 1..100, 70 % accept.
 */

#include "policy/policy.h"

struct shape {
	uint32_t rules;
	uint32_t groups;  /* that rules refer to */
	uint32_t members; /* memberships over all groups */
	bool sparse;      /* members anywhere in 10/8, else in 64 /20 subnets */
};

/* A random number below 'bound', of one sequence for the whole process. */
uint32_t below(uint32_t bound);

/* Ends the process when memory has run out. */
void *must(void *memory);

double now_ms(void);
/* Processor time of the process: what counts for pure work, whoever else is busy. */
double cpu_ms(void);
double median(double *times, size_t count);

/* A prefix of an IPv4 address in host order. */
struct rw_prefix prefix4(uint32_t address, uint8_t bits);
uint32_t member_address(bool sparse);

struct rw_policy *make_policy(const struct shape *shape);

/* A copy in which a random address has come to a random set, or a member has gone; the rest is shared. */
struct rw_policy *with_member_changed(const struct rw_policy *policy, const struct shape *shape);

/* A copy to which a random rule has come, or which a random one has left; the rest is shared. */
struct rw_policy *with_rule_changed(const struct rw_policy *policy, const struct shape *shape);

/* A copy in which each 'every'-th rule is gone, as many others are new, and the rest is shared. */
struct rw_policy *with_changes(const struct rw_policy *policy, const struct shape *shape, uint32_t every);
