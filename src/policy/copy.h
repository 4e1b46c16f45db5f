/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/policy only: a policy's interfaces and settings apart from its groups and sets. */

#include "policy/policy.h"

/* A private copy without groups and sets; NULL when memory runs out. */
struct rw_policy *rw_policy_copy_system(const struct rw_policy *policy);
