/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lines of a delta.  Internal to wire/.
 *
 *     {"remove_group":{"id":...}}
 *     {"put_rules":{"group":...,"rules":[...]}}
 *     {"remove_rules":{"group":...,"ids":[...]}}
 *     {"remove_set":{"id":...}}
 *     {"add_members":{"id":...,"prefixes":...}}
 *     {"remove_members":{"id":...,"prefixes":...}}
 *
 * and for what is new as a whole the lines of a policy: node, group with its rules, set.  A change too large
 * for one line is written as several changes or, if it replaces a whole, goes on in the next line.
 */

#include "policy/delta.h"
#include "wire/lines.h"

#define RW_DELTA_CHANGES_MAX 100000

void rw_delta_lines_write(struct rw_line_writer *lines, const struct rw_policy_delta *delta);

/* Puts a delta together from its lines. */
struct rw_delta_builder {
	struct rw_policy_delta *delta; /* NULL until the first line */
	struct rw_policy_builder part; /* the group, set or node being read */
};

void rw_delta_builder_init(struct rw_delta_builder *builder);
void rw_delta_builder_done(struct rw_delta_builder *builder);

/* Takes one member of an item line. */
RW_NODISCARD int rw_delta_builder_take(struct rw_delta_builder *builder, const struct rw_json *item,
				       struct rw_error *err);

/* Gives the delta and leaves the builder empty. */
RW_NODISCARD int rw_delta_builder_finish(struct rw_delta_builder *builder, struct rw_policy_delta **ret_delta,
					 struct rw_error *err);
