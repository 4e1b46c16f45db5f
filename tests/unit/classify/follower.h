/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A table that follows policies the way the data plane does (src/enforce/bpf/apply.c): changed in place, else revised
 * into the other memory, else compiled there; moved to larger memories when these are too small; and left as it is
 * when the policy does not fit, or memory runs out.
 */

#include "classify/revise.h"
#include "policy/evaluate.h"
#include "random_policy.h"

struct follower {
	struct rw_classify_options options;
	uint32_t pages; /* of each memory, which is fixed then; 0 = they grow as needed */
	struct rw_classify_memory memories[2];
	unsigned int active;
	struct rw_classify_table *table;
	struct rw_policy *policy; /* that of the table */
	size_t in_place, revised, beside, starved, refused, grown;
};

/* Takes 'policy'. */
void follower_init(struct follower *follower, struct rw_policy *policy,
		   const struct rw_classify_options *options, uint32_t pages);
void follower_done(struct follower *follower);

/* Takes 'policy'.  0, or the error for which it goes on with the one before. */
int follower_follow(struct follower *follower, struct rw_policy *policy);

/* The evaluator's decision is the table's; 'story' says where in the test that is. */
void follower_expect(const struct follower *follower, size_t interface, const struct rw_packet *packet,
		     const char *story);

bool same_decision(const struct rw_decision *a, const struct rw_decision *b);
