/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Guards
 * ======
 *
 * A change that would lock people out, or open what should not be open, is refused unless it is forced by the
 * guard's name.  Guards are judged on the state after the change; an agent's own report is a fact and not guarded.
 * Those that ask who gets in look, by the reference evaluator, at the policies before and after of the managed
 * nodes that the change concerns, and only there.
 *
 * management-ssh   On some node, in a family in which it has an address or had one, an SSH port (where sshd was
 *                  reported to listen, else 22) could be reached from a management source before and cannot be
 *                  from any of them after; from those of before when the ones after are of no family of the
 *                  node.  Management sources are the cluster's management CIDRs or, without
 *                  such, every address but the cluster's containers; what only inner access lets in does
 *                  not count then, because members that reach each other are no way in for people.
 * ssh-session      Enforcement of a monitored node would begin and cut an SSH session that its agent reported as
 *                  live: somebody works there right now.
 * offline-node     A node that has joined is deleted, or becomes a mere address record, while its agent is offline
 *                  or has no stream: the agent cannot be told to detach, so the old policy stays on the machine.
 *                  (A connected one is told.)
 * caller-path      The controller runs on a node of the model, the caller reached it there, and its own
 *                  address could not any more.
 * finding:CHECK    The change adds a finding of the audit (audit/audit.h) that is of severity high or worse and not
 *                  suppressed, at a cluster or free-standing group whose rules, members or CIDRs it touches.  What
 *                  a cluster is created with adds nothing.  ICMP between nodes that closes is a warning.
 * promise:ID       A promise (audit/promise.h) would be broken at a managed node that the change concerns, and was not
 *                  broken there before.  A promise that is made or changed and does not hold is a warning.
 *
 * Reachability is exact, not sampled: if any source is accepted, then so is one of the finitely many
 * addresses at which some prefix that takes part in the decision begins or has just ended, because between
 * two such addresses the evaluator cannot tell sources apart.
 */

#include "audit/check.h"
#include "group/model.h"
#include "wire/json.h"

enum rw_guard {
	RW_GUARD_MANAGEMENT_SSH,
	RW_GUARD_CALLER_PATH,
	RW_GUARD_OFFLINE_NODE,
	RW_GUARD_SSH_SESSION,
	RW_GUARD_FINDING,
	RW_GUARD_PROMISE,
	RW_GUARD_COUNT_,
};

/* Words of the guards, as metrics and 'force' name them. */
extern const struct rw_word rw_words_guard[];

#define RW_GUARD_BIT(guard) (1u << (guard))

/* "management-ssh", or the guard's word, a colon and what it is about: "finding:open-ssh". */
#define RW_GUARD_NAME_SIZE 80

/* What must not refuse: whole guards by their bits, and names: enough for a rule that opens everything. */
#define RW_GUARD_FORCED_MAX 64
struct rw_guard_force {
	unsigned int bits;
	char names[RW_GUARD_FORCED_MAX][RW_GUARD_NAME_SIZE];
	size_t name_count;
};

/*
 * Adds what "management-ssh,finding:open-ssh" names to 'force'; a check may stand without "finding:".  Findings and
 * promises are forced one by one, never all at once.  -EINVAL at field "force" with the words there are; -E2BIG for more than
 * RW_GUARD_FORCED_MAX names.
 */
RW_NODISCARD int rw_guard_parse(const char *text, struct rw_guard_force *force, struct rw_error *err);

/*
 * Why a change was refused.  Warnings, and repetitions of a name, are told up to RW_GUARD_FINDINGS_MAX findings; the
 * first refusal of every name is told beyond that, so that a hundred of what is forced hide none of what is not.
 * Behind RW_GUARD_FINDINGS_LIMIT there are more names than can be forced: the change is refused anyway.
 */
#define RW_GUARD_FINDINGS_MAX   32
#define RW_GUARD_FINDINGS_LIMIT (RW_GUARD_FINDINGS_MAX + RW_GUARD_FORCED_MAX + RW_GUARD_COUNT_ + 1)

struct rw_guard_finding {
	enum rw_guard guard;
	bool is_warning; /* told, refuses nothing */
	char name[RW_GUARD_NAME_SIZE];
	char node[RW_ID_SIZE];    /* "" = it is about a subject */
	char subject[RW_ID_SIZE]; /* cluster or group; "" = it is about a node */
	char cause[RW_ID_SIZE]; /* what would drop, or accept: a rule id or a cause's word (rw_cause_name) */
	char detail[320];       /* a sentence naming node, address, port and cause */
	bool has_witness;
	char interface[16];
	struct rw_packet witness; /* a packet that would be decided otherwise than it should */
};

/* Whether the finding is named by 'force'. */
bool rw_guard_is_forced(const struct rw_guard_force *force, const struct rw_guard_finding *finding);
