/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "controller/evidence.h"
#include "controller/internal.h"
#include "policy/evaluate.h"

static void tell(const struct rw_finding *found, bool is_warning, struct rw_vec *findings)
{
	struct rw_guard_finding *finding =
		guard_add(findings, RW_GUARD_FINDING, found->check->id, is_warning);

	if (!finding)
		return;
	memcpy(finding->subject, found->subject, RW_ID_SIZE);
	(void)snprintf(finding->cause, sizeof(finding->cause), "%s",
		       found->rule_count ? found->rules[0] : rw_cause_name(RW_CAUSE_DEFAULT));
	(void)snprintf(finding->detail, sizeof(finding->detail), "%s %.64s: %s: %.160s",
		       rw_kind_name(found->subject_kind), found->subject_name, found->check->title,
		       found->detail);
	finding->has_witness = found->has_witness;
	finding->witness = found->witness;
	(void)snprintf(finding->interface, sizeof(finding->interface), "%s", found->witness_interface);
}

/* What could not be judged is said and not refused: the change may be the one that disentangles the rules. */
static void tell_unjudged(const char *subject, const char *why, struct rw_vec *findings)
{
	struct rw_guard_finding *finding = guard_add(findings, RW_GUARD_FINDING, "not-judged", true);

	if (!finding)
		return;
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	(void)snprintf(finding->detail, sizeof(finding->detail), "what the change opens was not judged: %s",
		       why);
}

static bool has_nodes(const struct rw_model *model, const char *subject)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (strcmp(node->cluster[0]             ? node->cluster
			   : node->security_group_count ? node->security_groups[0]
							: "",
			   subject) == 0)
			return true;
	}
	return false;
}

static bool is_told(const struct rw_vec *findings, enum rw_guard guard)
{
	for (size_t i = 0; i < findings->count; i++)
		if (((const struct rw_guard_finding *)rw_vec_at(findings, i))->guard == guard)
			return true;
	return false;
}

/* Whether what the audit found counts here: of what closes, only where a node is, and each thing once. */
static bool counts(const struct rw_finding *found, bool is_inhabited, const struct rw_vec *findings)
{
	if (found->suppressed || (!found->is_opening && !is_inhabited))
		return false;
	if (found->check == rw_check_named(RW_CHECK_SSH_BLOCKED))
		return !is_told(findings, RW_GUARD_MANAGEMENT_SSH);
	return found->check->severity >= RW_SEVERITY_HIGH ||
	       found->check == rw_check_named(RW_CHECK_ICMP_CLOSED);
}

static int judge_subject(struct rw_audit_input *input, const struct rw_model *before, const char *subject,
			 struct rw_vec *findings, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit added = {0};
	bool is_inhabited = has_nodes(input->model, subject);
	struct rw_error failure = RW_ERROR_NONE;
	int r;

	input->subject = subject;
	r = rw_audit_added(input, before, &added, &failure);
	if (r == -E2BIG || r == -ENOENT) {
		if (r == -E2BIG)
			tell_unjudged(subject, failure.text, findings);
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = failure;
		return r;
	}
	for (size_t i = 0; i < added.findings.count; i++) {
		const struct rw_finding *found = rw_vec_at(&added.findings, i);

		if (counts(found, is_inhabited, findings))
			tell(found, found->check->severity < RW_SEVERITY_HIGH, findings);
	}
	return 0;
}

/* A rule that lets every address to every port of intranet NICs, which the audit does not take for the internet. */
static bool opens_intranet(const struct rw_rule *rule)
{
	bool all_ports =
		rule->protocol == RW_PROTOCOL_ALL ||
		(rule->protocol == RW_PROTOCOL_TCP && rule->ports.first <= 1 && rule->ports.last == 65535);

	return rule->direction == RW_DIRECTION_INGRESS && rule->nic_type == RW_NIC_INTRANET &&
	       rule->policy == RW_VERDICT_ACCEPT && rule->object.kind == RW_OBJECT_CIDR &&
	       rule->object.cidr.bits == 0 && all_ports;
}

static bool has_meaning(const struct rw_group *group, const struct rw_rule *rule)
{
	for (size_t i = 0; group && i < group->rule_count; i++)
		if (group->rules[i] == rule || rw_rule_compare_meaning(group->rules[i], rule) == 0)
			return true;
	return false;
}

static void judge_intranet(const struct rw_model *after, const struct rw_touched *touched,
			   struct rw_vec *findings)
{
	const struct rw_group *group = touched->after;
	const struct rw_network *network = rw_model_find_network(after, group->network);
	const struct rw_check *check = rw_check_named(RW_CHECK_ALL_PORTS_OPEN);

	if (!network || network->kind != RW_NETWORK_CLASSIC || (!touched->before && group->managed_by[0]))
		return;
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];
		struct rw_guard_finding *finding;

		if (!opens_intranet(rule) || has_meaning(touched->before, rule))
			continue;
		finding = guard_add(findings, RW_GUARD_FINDING, check->id, false);
		if (!finding)
			return;
		(void)snprintf(finding->subject, sizeof(finding->subject), "%s",
			       group->managed_by[0] ? group->managed_by : group->id);
		(void)snprintf(finding->cause, sizeof(finding->cause), "%s", rule->id);
		(void)snprintf(finding->detail, sizeof(finding->detail),
			       "group %.64s: every port of intranet NICs is open to every address",
			       group->name);
		return;
	}
}

int guard_judge_audit(struct rw_controller *controller, const struct rw_model *after, const struct plan *plan,
		      struct rw_vec *findings, struct rw_error *err)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	RW_CLEANUP(rw_vec_done) struct rw_vec subjects;
	struct rw_audit_input input = {
		.model = after,
		.evidence = &evidence,
		.now_ms = rw_clock_realtime_ms(controller->clock),
	};
	RW_CLEANUP(rw_free) struct rw_suppression *suppressions = NULL;
	bool all = true;
	int r;

	for (size_t i = 0; i < plan->outcome.touched.count; i++) {
		const struct rw_touched *touched = rw_vec_at(&plan->outcome.touched, i);

		if (touched->kind == RW_KIND_GROUP && touched->after)
			judge_intranet(after, touched, findings);
	}
	rw_evidence_init(&evidence);
	rw_vec_init(&subjects, RW_ID_SIZE, GUARD_SUBJECTS_MAX);
	if (guard_scope(controller, after, plan, &subjects, &all) < 0)
		return rw_error_oom(err);
	if (subjects.count == 0)
		return 0;
	r = rw_suppression_list(controller, &suppressions, &input.suppression_count, err);
	input.suppressions = suppressions;
	if (r == 0)
		r = rw_controller_evidence(controller, &evidence, err);
	for (size_t i = 0; r == 0 && i < subjects.count; i++)
		r = judge_subject(&input, controller->inventory.model, rw_vec_at(&subjects, i), findings,
				  err);
	if (r == 0 && !all)
		tell_unjudged("", "it concerns more than 64 clusters and groups; 'ringwall audit' judges all",
			      findings);
	return r;
}
