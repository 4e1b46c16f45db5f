/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside src/convert only: lists in which the first match decides, as rules with priorities.
 *
 * Neighbours with the same verdict commute, so a run of them shares one priority; each change of the verdict
 * takes the next weaker one.  100 priorities are thus 100 changes of verdict, however long the list.
 */

#include "convert/builder.h"

/* One line of an ordered list, already one box: every array of it is a single range. */
struct rw_decision_line {
	enum rw_direction direction;
	enum rw_verdict verdict;
	uint16_t protocol;
	struct rw_ports ports; /* destination */
	struct rw_ports source_ports;
	struct rw_prefix remote; /* bits 0 = any, family set */
	struct rw_prefix local;  /* bits 0 = any */
	char nic[16];            /* "" = every NIC */
	unsigned int line;       /* of the file; 0 = the chain's policy */
	unsigned int uncertain;  /* the line before it that was left out; 0 = none */
	unsigned int level;      /* counts changes of verdict from 0; becomes the priority */
};

/* The node that an ordered list is about: its group of rules for all NICs, and one for each named NIC. */
struct rw_ordered_node {
	struct rw_builder *builder;
	const char *what;     /* "iptables", for descriptions */
	struct rw_vec groups; /* struct rw_group *, owned until rw_ordered_finish; [0] is for all NICs */
	struct rw_vec nics;   /* char[16]; nics[i] belongs to groups[i + 1] */
};

RW_NODISCARD int rw_ordered_init(struct rw_ordered_node *node, struct rw_builder *builder, const char *what,
				 struct rw_error *err);
void rw_ordered_done(struct rw_ordered_node *node);
RW_DEFINE_DONE(struct rw_ordered_node, rw_ordered_done)

/*
 * Gives levels to 'count' lines of one list, from 'first_level' on.  Returns the number of levels used so far:
 * the first free one.
 */
unsigned int rw_ordered_level(struct rw_decision_line *lines, size_t count, unsigned int first_level);

/* Makes the node have a NIC of that name, whether a rule is about it or not. */
RW_NODISCARD int rw_ordered_name_nic(struct rw_ordered_node *node, const char *nic, struct rw_error *err);

/* Adds a line as a rule.  -E2BIG when its level is no priority any more. */
RW_NODISCARD int rw_ordered_add(struct rw_ordered_node *node, const struct rw_decision_line *line,
				struct rw_error *err);

/* Puts network, groups and node into the model. */
RW_NODISCARD int rw_ordered_finish(struct rw_ordered_node *node, struct rw_error *err);
