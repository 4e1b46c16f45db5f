/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Guards
 * ======
 *
 * A change that would lock people out is refused unless it is forced by the guard's name.  Guards are judged
 * by the reference evaluator on the policies before and after, for the managed nodes that the change
 * concerns, and only there; an agent's own report is a fact and not guarded.
 *
 * management-ssh   On some node, in a family in which it has an address, an SSH port (where sshd was reported
 *                  to listen, else 22) could be reached from a management source before and cannot be from
 *                  any of them after.  Management sources are the cluster's management CIDRs or, without
 *                  such, every address but the cluster's containers; what only inner access lets in does
 *                  not count then, because members that reach each other are no way in for people.
 * ssh-session      Enforcement of a monitored node would begin and cut an SSH session that its agent reported as
 *                  live: somebody works there right now.
 * offline-node     A node that has joined is deleted while its agent is offline: the agent cannot be told to
 *                  detach, so the old policy stays on the machine.  (A connected one is told.)
 * caller-path      The controller runs on a node of the model, the caller reached it there, and its own
 *                  address could not any more.
 *
 * Reachability is exact, not sampled: if any source is accepted, then so is one of the finitely many
 * addresses at which some prefix that takes part in the decision begins or has just ended, because between
 * two such addresses the evaluator cannot tell sources apart.
 */

#include "group/model.h"
#include "wire/json.h"

enum rw_guard {
	RW_GUARD_MANAGEMENT_SSH,
	RW_GUARD_CALLER_PATH,
	RW_GUARD_OFFLINE_NODE,
	RW_GUARD_SSH_SESSION,
	RW_GUARD_COUNT_,
};

/* Words of the guards, as 'force' names them. */
extern const struct rw_word rw_words_guard[];

/* The bit of a guard in rw_change_request.force. */
#define RW_GUARD_BIT(guard) (1u << (guard))

/* Parses "management-ssh,caller-path" into bits.  -EINVAL at field "force" with the words there are. */
RW_NODISCARD int rw_guard_parse(const char *text, unsigned int *ret_bits, struct rw_error *err);

/* Why a change was refused; one for each guard and node, at most RW_GUARD_FINDINGS_MAX. */
#define RW_GUARD_FINDINGS_MAX 32

struct rw_guard_finding {
	enum rw_guard guard;
	char node[RW_ID_SIZE];
	char cause[RW_ID_SIZE]; /* what would drop: a rule id or a cause's word (rw_cause_name) */
	char detail[320];       /* a sentence naming node, address, port and cause */
};
