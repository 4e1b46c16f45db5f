/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mending the group of a cluster
 * ==============================
 *
 * What Container Service calls to check and to fix a cluster's group.  To check is to tell the findings of the audit
 * that are about rules.  To fix is to edit a draft:
 *
 *     add     default rules of the cluster's profile (of standard for a loose one) that are missing.  One from
 *             everywhere is not missing where the same is accepted from fewer, which somebody has narrowed; nor are
 *             80 and 443, unless a rule goes that opened all ports; nor is SSH while it can be reached.
 *     revoke  rules of the cluster's own group, no default ones, that cause a finding of severity high or worse
 *             because something is open to the internet; until there is no such finding, or nothing to revoke.
 *
 * Pure.
 */

#include "audit/audit.h"
#include "group/edit.h"

/* Takes the findings out of 'audit' that are not about rules, and all unknown checks of that kind. */
void rw_mend_keep_rules(struct rw_audit *audit);

/* Edits 'draft' as told.  'cluster' is an id or name, 'evidence' nullable.  -ENOENT; errors of rw_audit_run, edit.h. */
RW_NODISCARD int rw_mend_cluster(struct rw_draft *draft, const char *cluster,
				 const struct rw_evidence *evidence, struct rw_error *err);
