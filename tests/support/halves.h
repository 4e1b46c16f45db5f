/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A stream of two halves
 * ======================
 *
 * A process of its own that sends datagrams from one namespace into another, by turns to a port that every policy of the
 * test accepts and to one that every policy refuses.  Each socket serves a few packets, so half of them open
 * flows.  Whatever the test does meanwhile: all of the one half must arrive, and none of the other.  The sender waits
 * for what it has sent, so that nothing is lost but by what is under test.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/policy.h"

#define HALVES_GOOD 53 /* the port that is accepted */
#define HALVES_BAD  54

/*
 * One of HALVES_POLICIES policies for 'interface' that say so of packets from 10.0.0.0/24: 1,000 rules, of which one
 * accepts what is accepted, in another place in each.
 */
#define HALVES_POLICIES 4
struct rw_policy *halves_policy(const char *interface, unsigned int number);

struct halves {
	const char *to; /* address of the node */
	int good, bad;  /* the node's sockets; the sender reads the first */
	pid_t pid;
	struct halves_progress *progress;
};

/* Makes the sockets; nothing is sent yet. */
void halves_init(struct halves *halves, int node, const char *to);
void halves_begin(struct halves *halves, int peer, const char *from);

/* Waits until so many accepted packets were sent in all. */
void halves_await(struct halves *halves, unsigned long sent);
/* The same for so many more from now on. */
void halves_await_more(struct halves *halves, unsigned long more);

/* Ends the stream and counts. */
struct halves_counts {
	unsigned long accepted, lost; /* packets sent to be accepted, and of them those that did not arrive */
	unsigned long refused, leaked; /* packets sent to be refused, and of them those that arrived */
};
struct halves_counts halves_stop(struct halves *halves);
/* The same; fails the test if an accepted packet was lost or a refused one has passed. */
void halves_end(struct halves *halves);
void halves_done(struct halves *halves);
