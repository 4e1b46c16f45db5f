/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Random changes of random policies
 *
 * Each gives a new policy that shares with the one before what it did not change, as a delta from the controller does.
 */

#include "policy/delta.h"
#include "random_policy.h"

/* What 'delta' (taken) makes of a policy. */
struct rw_policy *edit_apply(const struct rw_policy *policy, struct rw_policy_delta *delta);

/* One member, or prefix of a list, comes or goes. */
struct rw_policy *edit_change_member(const struct rw_policy *policy, const char *set,
				     const struct rw_prefix *prefix, bool add);
bool edit_has(const struct rw_address_set *set, const struct rw_prefix *prefix);

/* Some prefix: of a set of the policy, a neighbour of it, or part of it; mostly single addresses. */
struct rw_prefix edit_pick_prefix(struct rw_dice *dice, const struct rw_policy *policy);

struct rw_policy *edit_member(struct rw_dice *dice, const struct rw_policy *policy);

/* A rule of some group goes, or comes again as another one. */
struct rw_policy *edit_rule(struct rw_dice *dice, const struct rw_policy *policy);

/* Of everything that may change, something: members, rules, sets, groups, interfaces; 'many' at once or few. */
struct rw_policy *edit_anything(struct rw_dice *dice, const struct rw_policy *policy, bool many);

/* A policy with a group and a set at least. */
struct rw_policy *edit_make_world(uint64_t seed);
