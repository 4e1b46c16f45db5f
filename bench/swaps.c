/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Policies that change while packets flow: how many accepted ones are lost, and how many refused ones pass.
 *
 * usage: bench-swaps [SWAPS]      one JSON object on standard output; as root
 *
 * A stream of datagrams, one half of which every policy accepts and the other refuses, half of them opening flows; SWAPS
 * (1,000) times another policy of 1,000 rules is put in force meanwhile.
 */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "filter.h"
#include "halves.h"

#define DEVICE "rwbench0"
#define STEP   4 /* packets of each kind that a change waits for, so that traffic and changes mix */

static void put_in_force(struct rw_enforcer *enforcer, const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
}

int main(int argc, char **argv)
{
	unsigned long swaps = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct rw_policy *policies[HALVES_POLICIES];
	struct rw_enforcer *enforcer;
	struct halves_counts counts;
	struct halves halves;
	int node, peer;

	netns_require();
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, DEVICE);
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(node, "ip addr add 10.0.0.2/24 dev " DEVICE);
	halves_init(&halves, node, "10.0.0.2");
	for (unsigned int i = 0; i < HALVES_POLICIES; i++)
		policies[i] = halves_policy(DEVICE, i);
	enforcer = filter_open(node, NULL);
	put_in_force(enforcer, policies[0]);
	filter_attach(enforcer, node, DEVICE, DEVICE);
	filter_enforce(enforcer, node);
	halves_begin(&halves, peer, "10.0.0.1");
	for (unsigned long i = 1; i <= swaps; i++) {
		put_in_force(enforcer, policies[i % HALVES_POLICIES]);
		halves_await(&halves, i * STEP);
	}
	counts = halves_stop(&halves);
	printf("{\"swaps\":%lu,\"accepted\":%lu,\"accepted_lost\":%lu,\"refused\":%lu,\"refused_passed\":%lu}"
	       "\n",
	       swaps, counts.accepted, counts.lost, counts.refused, counts.leaked);
	for (unsigned int i = 0; i < HALVES_POLICIES; i++)
		(void)rw_policy_unref(policies[i]);
	(void)rw_enforcer_close(enforcer);
	halves_done(&halves);
	return 0;
}
