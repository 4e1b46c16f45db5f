/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Random node policies and packets, for every test that compares an implementation with rw_evaluate.
 *
 * The worlds are small on purpose: few addresses, ports and priorities, so that rules overlap, tie and shadow
 * each other, and packets fall on the first and last address and port of everything and just beside it.
 * All of semantics sections 3 and 5 occurs: both families, VPC and classic, several groups and
 * interfaces, interfaces without groups, basic and enterprise, inner access, prefix lists, five-tuple rules,
 * numbers as protocols, every system rule.  The same seed gives the same world everywhere.
 */

#include "policy/policy.h"

struct rw_dice {
	uint64_t state; /* the seed at first */
};

uint64_t rw_dice_next(struct rw_dice *dice);
uint32_t rw_dice_below(struct rw_dice *dice, uint32_t bound); /* 0..bound-1; bound >= 1 */
bool rw_dice_chance(struct rw_dice *dice, uint32_t percent);

/* What the policy or packet may contain besides the plain. */
enum {
	RW_RANDOM_FIVE = 1 << 0,      /* local CIDRs and source ports */
	RW_RANDOM_MALFORMED = 1 << 1, /* packets that say so */
	RW_RANDOM_FRAGMENT = 1 << 2,  /* later fragments */
	RW_RANDOM_MIDSTREAM = 1 << 3, /* TCP flags other than SYN alone */
	RW_RANDOM_SYSTEM = 1 << 4,    /* packets for the system passes */
	RW_RANDOM_WEIRD = 1 << 5,     /* protocols that IPv6 takes for extension headers; port 0 */
	RW_RANDOM_ALL = (1 << 6) - 1,
};

/* A new policy with at least one interface; never NULL (aborts when memory runs out). */
struct rw_policy *rw_random_policy(struct rw_dice *dice, unsigned int contains);

/* A packet for that interface of the policy, near what the policy speaks of. */
struct rw_packet rw_random_packet(struct rw_dice *dice, const struct rw_policy *policy, size_t interface,
				  unsigned int contains);

/* One line for messages: "ingress tcp 10.0.0.1:80 <- 10.0.0.2:4711 flags 02 ..." */
#define RW_RANDOM_PACKET_TEXT_SIZE 256
void rw_random_format_packet(const struct rw_packet *packet, char text[RW_RANDOM_PACKET_TEXT_SIZE]);

/* Prints the whole policy to standard error, for a mismatch. */
void rw_random_print_policy(const struct rw_policy *policy);
