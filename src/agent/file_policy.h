/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The policy of a node from a model file
 * ======================================
 *
 * What a controller does for its agents, done here for one node without a controller: the model is read from
 * a file, what this machine knows of itself -- enforced interfaces and their addresses -- is added to the
 * node's record as a report would, and the policy is derived from the result.
 *
 * What is added never takes anything from the file: interfaces and addresses of the record stay, an address
 * that another node of the file holds is not believed, and in a public network only declared addresses count.
 */

#include "agent/link_rules.h"
#include "group/model.h"
#include "policy/policy.h"

#define RW_FILE_POLICY_SIZE_MAX (64u << 20) /* bytes of a model file */

/* Reads and validates a model file.  'node' (id or name) must be in it, with an agent. */
RW_NODISCARD int rw_file_model_load(const char *path, const char *node, struct rw_model **ret_model,
				    struct rw_error *err);

/* What a machine knows of itself.  All borrowed. */
struct rw_file_machine {
	const struct rw_links *links;
	const char *const *named; /* the operator's interfaces */
	size_t named_count;
	const uint16_t *ssh_ports; /* where sshd listens; none = 22 */
	size_t ssh_port_count;
};

/* Gives the policy of 'node' (id or name) under 'model' on 'machine'.  The model is left as it is. */
RW_NODISCARD int rw_file_policy_derive(const struct rw_model *model, const char *node,
				       const struct rw_file_machine *machine, struct rw_policy **ret_policy,
				       struct rw_error *err);
