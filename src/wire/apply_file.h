/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The small file for 'apply -f'
 * =============================
 *
 * The rules that some clusters or groups shall have, and nothing else.  As JSON, one target or an array of
 * them, rules as text or as rule objects:
 *
 *     {"cluster":"demo","rules":["allow tcp 443 from any", "allow icmp from any"]}
 *
 * or as plain text:
 *
 *     # the web tier
 *     cluster: demo
 *     - allow tcp 443 from any
 *     - allow icmp from any
 *
 *     group: db
 *     - allow tcp 5432 from group:web
 *
 * A whole model file serves as well: its clusters' managed groups and its other groups are the targets.
 */

#include "base/vec.h"
#include "group/limits.h"
#include "wire/rule_text.h"

#define RW_APPLY_TARGETS_MAX 1000

struct rw_apply_target {
	bool is_cluster;     /* else a group */
	char *reference;     /* id or name */
	struct rw_vec rules; /* struct rw_rule *, references held, no ids unless the file gives them */
};

struct rw_apply_file {
	struct rw_vec targets; /* struct rw_apply_target */
};

/*
 * Reads the file.  'resolver' (nullable) is asked for groups and prefix lists that rules name, but not for
 * targets; 'limits' (NULL: the defaults) are those of a model file.  -EINVAL with path, or with the line in plain text; -EPROTONOSUPPORT, -E2BIG, -ENOMEM.
 */
RW_NODISCARD int rw_apply_file_decode(const char *text, size_t size, const struct rw_resolver *resolver,
				      const struct rw_limits *limits, struct rw_apply_file *ret_file,
				      struct rw_error *err);
void rw_apply_file_done(struct rw_apply_file *file);
RW_DEFINE_DONE(struct rw_apply_file, rw_apply_file_done)
