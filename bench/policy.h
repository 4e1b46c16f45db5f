/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The policy of the benchmarks with packets
 * =========================================
 *
 * 1,000 ingress rules (or another number of them): half name prefixes of mixed length, half one of 10 groups that share 1,000 addresses in
 * 64 subnets; priorities 1 to 100, 70 % accept, 70 % TCP and 25 % UDP.  Two of them, in the middle by id and by
 * priority, accept TCP and UDP to port 80 from 10.0.0.0/8.  The same at every run.
 */

#include "flood.h"
#include "nftables.h"
#include "policy/policy.h"

enum { BENCH_RULES = 1000, BENCH_MEMBERS = 1000 };

/* Gives the policy of 'interface' and the groups' addresses, in host order. */
struct rw_policy *bench_policy(const char *interface, uint32_t members[BENCH_MEMBERS]);

/* The same of another size: 'rules' of 10 to 10,000, 'count' members. */
struct rw_policy *bench_policy_sized(const char *interface, int rules, uint32_t *members, uint32_t count);

/*
 * Fills 'samples' with random ends of UDP packets that the policy decides so, half of them from addresses that
 * the rules speak of.  Fails the test when 'form' would decide any packet tried in another way.
 */
void bench_samples(const struct rw_policy *policy, const struct nftables *form,
		   const uint32_t members[BENCH_MEMBERS], enum rw_verdict verdict,
		   struct flood_sample samples[FLOOD_SAMPLES]);

/* The same without another form of the policy to compare with. */
void bench_samples_sized(const struct rw_policy *policy, const uint32_t *members, uint32_t count,
			 enum rw_verdict verdict, struct flood_sample samples[FLOOD_SAMPLES]);
