/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A plan to tighten, for people whose rules are Alibaba Cloud's
 * =============================================================
 *
 * The same steps as commands of aliyun-cli, or as resources for Terraform's alicloud provider.  Ids of groups and
 * prefix lists stand as they are in the model, so it must come from 'ringwall convert alibaba'.  What cannot be said
 * in the other language is a comment that says so.
 */

#include "audit/tighten.h"
#include "base/buf.h"

/*
 * Appends a shell script, a command for each rule.  Rules are revoked by what they say, not by id: old rules have
 * none.  -E2BIG, -ENOMEM of the buffer.
 */
RW_NODISCARD int rw_tighten_write_aliyun(const struct rw_tighten_plan *plan, struct rw_buf *buf,
					 struct rw_error *err);

/*
 * Appends a resource alicloud_security_group_rule for each new rule; rules to delete are comments, since what
 * Terraform manages is deleted by taking it out of the configuration.
 */
RW_NODISCARD int rw_tighten_write_terraform(const struct rw_tighten_plan *plan, struct rw_buf *buf,
					    struct rw_error *err);
