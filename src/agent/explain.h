/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which rule decides a packet on this node
 * ========================================
 *
 * For commands that read what the kernel holds: it knows a flow's ends and by which generation it was decided,
 * not the ids of rules.  The saved policy is compiled here and asked, so it costs the same for each packet
 * whatever the number of rules.  Of a sealed node it is the seal.
 */

#include "agent/state.h"
#include "classify/lookup.h"

struct rw_explainer {
	struct rw_classify_memory memory;
	struct rw_classify_table *table; /* NULL = no rules are known */
	char missing[200];               /* why there is no table; "" = there is one */
};

/*
 * Reads and compiles the policy in force of that place.  Without one to read, or while a newer one than the saved
 * is in force, every packet is unexplained, and 'missing' says why.  Only -ENOMEM and policies that cannot be
 * compiled are errors.
 */
RW_NODISCARD int rw_explainer_load(const struct rw_agent_place *place, struct rw_explainer *explainer,
				   struct rw_error *err);
void rw_explainer_done(struct rw_explainer *explainer);
RW_DEFINE_DONE(struct rw_explainer, rw_explainer_done)

/*
 * Decides 'packet' on the interface of that name; one that the policy does not name is in no group.  False when
 * nothing is known.  The detail is lent by the explainer.
 */
bool rw_explain(const struct rw_explainer *explainer, const char *interface, const struct rw_packet *packet,
		struct rw_decision *ret_decision);
