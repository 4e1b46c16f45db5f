/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Policies for the tests of the agent stream. */

#include "policy/policy.h"

/*
 * A policy with everything in it, drawn from 'seed'; of 'rules' rules in one of its groups and 'members' in
 * one of its sets.  Never NULL.
 */
struct rw_policy *policy_make(unsigned int seed, size_t rules, size_t members);
