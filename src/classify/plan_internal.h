/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What makes a plan and what changes one share (private to plan.c and plan_change.c). */

#include "classify/plan.h"

/* Takes the next rule index, for which there is room; gives its cell. */
uint32_t rw_plan_add_origin(struct rw_plan *plan, enum rw_cause cause, enum rw_verdict verdict,
			    const char *detail);

/* What a rule says, but for its atom.  -ENOMEM. */
int rw_plan_describe_rule(struct rw_plan *plan, const struct rw_rule *rule, uint32_t group, uint32_t cell,
			  struct rw_plan_rule *ret_planned);
