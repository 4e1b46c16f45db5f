/* SPDX-License-Identifier: Apache-2.0 */

/* The steps of a plan: the model after each, what differs, what is exposed then, which flows it refuses. */

#include <stdio.h>
#include <string.h>

#include "audit/tighten_internal.h"
#include "group/validate.h"

static void differences_done(struct rw_vec *differences)
{
	for (size_t i = 0; i < differences->count; i++)
		rw_diff_done(&((struct rw_tighten_difference *)rw_vec_at(differences, i))->diff);
	rw_vec_done(differences);
}

void tighten_step_done(struct rw_tighten_step *step)
{
	for (size_t i = 0; i < step->add.count; i++)
		tighten_rule_done(rw_vec_at(&step->add, i));
	rw_vec_done(&step->add);
	for (size_t i = 0; i < step->revoke.count; i++)
		(void)rw_rule_unref(*(struct rw_rule **)rw_vec_at(&step->revoke, i));
	rw_vec_done(&step->revoke);
	step->after = rw_model_free(step->after);
	differences_done(&step->differences);
	rw_vec_done(&step->exposure.to_internet);
	rw_vec_done(&step->refusals);
}

/* ---- exposure ---- */

/* The cluster in one model, as src/audit looks at it. */
struct stage {
	struct rw_audit_input input;
	struct run run;
	struct subject subject;
};

static void stage_done(struct stage *stage)
{
	for (size_t i = 0; i < stage->subject.exposed.count; i++)
		exposed_done(rw_vec_at(&stage->subject.exposed, i));
	rw_vec_done(&stage->subject.exposed);
}
RW_DEFINE_DONE(struct stage, stage_done)

/* 'stage' points into itself: it stays where it is. */
static int stage_init(struct tightening *t, const struct rw_model *model, struct stage *stage)
{
	stage->input = (struct rw_audit_input){.model = model};
	stage->run = (struct run){.input = &stage->input, .cache = t->cache, .err = t->err};
	stage->subject = (struct subject){.run = &stage->run,
					  .kind = RW_KIND_CLUSTER,
					  .id = t->cluster->id,
					  .name = t->cluster->name,
					  .cluster = t->cluster,
					  .group = t->group,
					  .network = t->network,
					  .nodes = t->nodes,
					  .node_count = t->node_count,
					  .sets = t->plan->sets};
	rw_vec_init(&stage->subject.exposed, sizeof(struct exposed), 4096);
	return exposed_find(&stage->subject);
}

static int measure(struct tightening *t, const struct stage *stage, struct rw_tighten_exposure *exposure)
{
	rw_set open[2] = {RW_SET_EMPTY, RW_SET_EMPTY}; /* by NIC type */
	int r = 0;

	for (size_t i = 0; r == 0 && i < stage->subject.exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&stage->subject.exposed, i);
		enum rw_nic_type nic_type = exposed->policy->interfaces[exposed->interface].nic_type;

		r = rw_set_union(t->plan->sets, open[nic_type], exposed->open, &open[nic_type], t->err);
		if (r == 0)
			r = opens_add(&exposure->to_internet, &exposed->ranges, t->err);
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(open); i++) {
		double v4, v6;

		rw_set_measure(t->plan->sets, open[i], &v4, &v6);
		exposure->v4 += v4;
		exposure->v6 += v6;
	}
	opens_sort(&exposure->to_internet);
	return r;
}

/* ---- differences ---- */

static int keep_policy(struct tightening *t, const struct rw_policy *policy)
{
	struct rw_policy **slot;

	if (rw_vec_push(&t->plan->policies, &slot) < 0)
		return rw_error_oom(t->err);
	*slot = rw_policy_ref(policy);
	return 0;
}

static int add_difference(struct tightening *t, const struct stage *before, const struct exposed *was,
			  const struct exposed *is, struct rw_vec *differences)
{
	const struct rw_view views[] = {
		{.policy = was->policy, .interface = was->interface, .rules_only = true, .ignore_own = true},
		{.policy = is->policy, .interface = is->interface, .rules_only = true, .ignore_own = true},
	};
	const struct rw_policy_interface *interface = &was->policy->interfaces[was->interface];
	struct rw_tighten_difference *difference;
	int r;

	if (rw_vec_push(differences, &difference) < 0)
		return rw_error_oom(t->err);
	difference->nic_type = interface->nic_type;
	if (!before->subject.hypothetical) {
		memcpy(difference->node, was->policy->node, RW_ID_SIZE);
		memcpy(difference->interface, interface->name, sizeof(difference->interface));
	}
	r = rw_diff_views(t->plan->sets, &views[0], &views[1], &difference->diff, t->err);
	if (r < 0 || difference->diff.boxes.count == 0) {
		rw_diff_done(&difference->diff);
		differences->count--;
		return r;
	}
	r = keep_policy(t, was->policy);
	return r < 0 ? r : keep_policy(t, is->policy);
}

/* Exposures of both stages are in the same order: a plan changes rules, no interface and no membership. */
static int compare_stages(struct tightening *t, const struct stage *before, const struct stage *after,
			  struct rw_vec *differences)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < before->subject.exposed.count; i++)
		r = add_difference(t, before, rw_vec_at(&before->subject.exposed, i),
				   rw_vec_at(&after->subject.exposed, i), differences);
	return r;
}

/* ---- flows that a step refuses ---- */

static void explain(const struct tightening *t, const struct rw_evidence_node *seen,
		    const struct rw_node *node, const struct rw_interface *interface,
		    const struct rw_evidence_flow *flow, struct rw_tighten_refusal *refusal)
{
	static const char *const reasons[FATE_COUNT_] = {
		[FATE_NEEDED] = "no rule of the plan accepts it",
		[FATE_ICMP] = "no rule of the plan accepts it",
		[FATE_OTHER_FAMILY] = "it is ICMP of the other IP version, which nobody speaks",
		[FATE_MANAGEMENT] = "SSH is for the management CIDRs, and it came from elsewhere",
		[FATE_DECLARED] = "no rule of the plan accepts it",
		[FATE_CLOSED] = "the port is to be closed, as asked for",
	};
	const struct rw_load_balancer *balancer = NULL;
	char *why = refusal->why;
	enum fate fate = tighten_fate(t, seen, tighten_table(t, interface), flow, &balancer);

	refusal->only_knocked = fate == FATE_NO_LISTENER;
	if (!flow->remote.family && tighten_is_ssh(t, flow->protocol, flow->port))
		(void)snprintf(why, 160, "SSH is for the management CIDRs, and who came is not known");
	else if (fate == FATE_BALANCED)
		(void)snprintf(why, 160, "load balancer %.60s serves the port: only its sources are accepted",
			       balancer->name);
	else if (fate == FATE_NO_LISTENER)
		(void)snprintf(why, 160, "nobody listens on the port on %.60s", node->name);
	else
		(void)snprintf(why, 160, "%s", reasons[fate]);
}

/* Where refusals go: those of a step, or of what came since. */
struct list {
	struct rw_vec *refusals;
	size_t *count;
	size_t *judged; /* nullable */
};

static int add_refusal(const struct tightening *t, const struct list *list, const struct rw_node *node,
		       const struct rw_interface *interface, const struct rw_evidence_node *seen,
		       const struct rw_evidence_flow *flow)
{
	struct rw_tighten_refusal *refusal;

	(*list->count)++;
	if (list->refusals->count == RW_TIGHTEN_REFUSALS_MAX)
		return 0;
	if (rw_vec_push(list->refusals, &refusal) < 0)
		return rw_error_oom(t->err);
	memcpy(refusal->node, node->id, RW_ID_SIZE);
	memcpy(refusal->interface, interface->name, strnlen(interface->name, sizeof(refusal->interface) - 1));
	refusal->flow = *flow;
	explain(t, seen, node, interface, flow, refusal);
	return 0;
}

/* Who may be among many clients that are counted together: machines of the internet and inside. */
static const char *const strangers[] = {
	"5.6.7.8",      "93.184.215.14", "10.201.102.3", "192.168.201.102",
	"2600:9000::1", "2a02:2e0::1",   "fd12:3456::1",
};

/* Tells the flow as that of one of the many; false when there is no further one. */
static bool next_client(const struct rw_evidence_flow *flow, size_t index, struct rw_evidence_flow *ret_one)
{
	*ret_one = *flow;
	if (flow->remote.family)
		return index == 0;
	if (index >= RW_ARRAY_COUNT(strangers) ||
	    rw_address_parse(strangers[index], &ret_one->remote, NULL) < 0)
		return false;
	/* Nobody speaks ICMP of the other IP version. */
	if (flow->protocol == RW_PROTOCOL_ICMP || flow->protocol == RW_PROTOCOL_ICMPV6)
		ret_one->protocol = ret_one->remote.family == 4 ? RW_PROTOCOL_ICMP : RW_PROTOCOL_ICMPV6;
	return true;
}

static bool accepts_any(const struct rw_policy *policy, const struct rw_interface *interface,
			const struct rw_evidence_flow *flow)
{
	struct rw_evidence_flow one;

	for (size_t i = 0; next_client(flow, i, &one); i++)
		if (tighten_accepts(policy, interface, &one))
			return true;
	return false;
}

static bool cuts_any(const struct rw_policy *was, const struct rw_policy *is,
		     const struct rw_interface *interface, const struct rw_evidence_flow *flow)
{
	struct rw_evidence_flow one;

	for (size_t i = 0; next_client(flow, i, &one); i++)
		if (tighten_cuts(was, is, interface, &one))
			return true;
	return false;
}

/* One flow at all interfaces by which it may have come. */
static int check_flow(const struct tightening *t, const struct list *list, const struct rw_node *node,
		      const struct rw_evidence_node *seen, const struct rw_policy *was,
		      const struct rw_policy *is, const struct rw_evidence_flow *flow)
{
	bool accepted = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];

		if (!tighten_comes_by(node, interface, flow) || !accepts_any(was, interface, flow))
			continue;
		accepted = true;
		if (cuts_any(was, is, interface, flow))
			r = add_refusal(t, list, node, interface, seen, flow);
	}
	if (list->judged)
		*list->judged += accepted;
	return r;
}

/* The flows of a node that were accepted before ('was') and are not afterwards ('is'). */
static int check_flows(const struct tightening *t, const struct list *list, const struct rw_node *node,
		       const struct rw_evidence_node *seen, const struct rw_vec *flows,
		       const struct rw_policy *was, const struct rw_policy *is)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < flows->count; i++) {
		const struct rw_evidence_flow *flow = rw_vec_at(flows, i);

		if (flow->accepted && flow->direction == RW_DIRECTION_INGRESS)
			r = check_flow(t, list, node, seen, was, is, flow);
	}
	return r;
}

/* All steps for one node, so that each policy is derived once. */
static int check_node(const struct tightening *t, const struct rw_node *node,
		      const struct rw_evidence_node *seen)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *was = NULL;
	const struct rw_policy_surroundings surroundings = {0};
	int r = rw_policy_derive(t->input->model, node->id, &surroundings, t->cache, &was, t->err);

	for (size_t i = 0; r == 0 && i < t->plan->steps.count; i++) {
		struct rw_tighten_step *step = rw_vec_at(&t->plan->steps, i);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *is = NULL;

		r = rw_policy_derive(step->after, node->id, &surroundings, t->cache, &is, t->err);
		if (r == 0)
			r = check_flows(t, &(struct list){&step->refusals, &step->refused, NULL}, node, seen,
					&seen->flows, was, is);
		if (r == 0) {
			(void)rw_policy_unref(was);
			was = RW_TAKE_PTR(is);
		}
	}
	return r;
}

/* What came since the plan was made, under the whole plan; 'seen' is what the plan was made from. */
static int check_staged(const struct tightening *t, const struct rw_node *node,
			const struct rw_evidence_node *seen, const struct rw_vec *flows)
{
	const struct rw_tighten_step *last = rw_vec_at(&t->plan->steps, t->plan->steps.count - 1);
	const struct list list = {&t->plan->would_drop, &t->plan->would_drop_count, &t->plan->judged};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *was = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *is = NULL;
	const struct rw_policy_surroundings surroundings = {0};
	int r = rw_policy_derive(t->input->model, node->id, &surroundings, t->cache, &was, t->err);

	if (r == 0)
		r = rw_policy_derive(last->after, node->id, &surroundings, t->cache, &is, t->err);
	return r < 0 ? r : check_flows(t, &list, node, seen, flows, was, is);
}

static int check_nodes(const struct tightening *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->node_count; i++) {
		const struct rw_evidence_node *seen = rw_evidence_find(t->input->evidence, t->nodes[i]->id);
		const struct rw_evidence_node *since = rw_evidence_find(t->input->staged, t->nodes[i]->id);

		if (seen && seen->flows.count)
			r = check_node(t, t->nodes[i], seen);
		if (r == 0 && since)
			r = check_staged(t, t->nodes[i], seen ? seen : since, &since->flows);
	}
	return r;
}

/* ---- making steps ---- */

static int push_step(struct tightening *t, enum rw_tighten_step_kind kind, struct rw_tighten_step **ret_step)
{
	struct rw_tighten_step *step;

	if (rw_vec_push(&t->plan->steps, &step) < 0)
		return rw_error_oom(t->err);
	step->kind = kind;
	rw_vec_init(&step->add, sizeof(struct rw_tighten_rule), SIZE_MAX);
	rw_vec_init(&step->revoke, sizeof(struct rw_rule *), SIZE_MAX);
	rw_vec_init(&step->differences, sizeof(struct rw_tighten_difference), SIZE_MAX);
	rw_vec_init(&step->exposure.to_internet, sizeof(struct rw_audit_open), SIZE_MAX);
	rw_vec_init(&step->refusals, sizeof(struct rw_tighten_refusal), RW_TIGHTEN_REFUSALS_MAX);
	*ret_step = step;
	return 0;
}

static int compare_rules(const void *a, const void *b)
{
	const struct rw_rule *left = ((const struct rw_tighten_rule *)a)->rule;
	const struct rw_rule *right = ((const struct rw_tighten_rule *)b)->rule;

	if (left->nic_type != right->nic_type)
		return left->nic_type == RW_NIC_INTERNET ? -1 : 1;
	if (left->protocol != right->protocol)
		return left->protocol < right->protocol ? -1 : 1;
	if (left->ports.first != right->ports.first)
		return left->ports.first < right->ports.first ? -1 : 1;
	return rw_rule_compare_meaning(left, right);
}

static int push_opening(struct tightening *t, enum rw_tighten_step_kind kind)
{
	struct rw_vec *opened = &t->opened[kind];
	struct rw_tighten_step *step;
	int r;

	if (opened->count == 0)
		return 0;
	r = push_step(t, kind, &step);
	if (r < 0)
		return r;
	qsort(opened->data, opened->count, sizeof(struct rw_tighten_rule), compare_rules);
	for (size_t i = 0; i < opened->count; i++) {
		struct rw_tighten_rule *one = rw_vec_at(opened, i);

		rw_random_id(t->input->context->random, "sgr-", 16, one->rule->id, sizeof(one->rule->id));
	}
	step->add = *opened;
	rw_vec_init(opened, sizeof(struct rw_tighten_rule), SIZE_MAX);
	return 0;
}

static int push_closing(struct tightening *t, enum rw_tighten_step_kind kind, enum rw_nic_type nic_type)
{
	struct rw_tighten_step *step = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->loose.count; i++) {
		const struct rw_rule *rule = *(const struct rw_rule **)rw_vec_at(&t->loose, i);
		struct rw_rule **slot;

		if (rule->nic_type != nic_type)
			continue;
		if (!step)
			r = push_step(t, kind, &step);
		if (r == 0 && rw_vec_push(&step->revoke, &slot) < 0)
			r = rw_error_oom(t->err);
		if (r == 0)
			*slot = rw_rule_ref(rule);
	}
	return r;
}

static int push_steps(struct tightening *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(t->opened); i++)
		r = push_opening(t, (enum rw_tighten_step_kind)i);
	if (r == 0 && t->network->kind == RW_NETWORK_VPC)
		return push_closing(t, RW_TIGHTEN_CLOSE, RW_NIC_INTRANET);
	if (r == 0)
		r = push_closing(t, RW_TIGHTEN_CLOSE_INTERNET, RW_NIC_INTERNET);
	return r < 0 ? r : push_closing(t, RW_TIGHTEN_CLOSE_INTRANET, RW_NIC_INTRANET);
}

/* Makes the steps one after the other and keeps the model after each. */
static int predict(struct tightening *t)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = rw_draft_new(t->input->model, t->input->context);
	int r = draft ? 0 : rw_error_oom(t->err);

	for (size_t i = 0; r == 0 && i < t->plan->steps.count; i++) {
		struct rw_tighten_step *step = rw_vec_at(&t->plan->steps, i);

		r = rw_tighten_apply(draft, t->group->id, step, t->err);
		if (r < 0)
			return rw_error_wrap(t->err, "step %s", rw_tighten_step_name(step->kind));
		step->after = rw_draft_dup_model(draft);
		if (!step->after)
			r = rw_error_oom(t->err);
	}
	return r;
}

static int judge_steps(struct tightening *t)
{
	struct stage stages[RW_TIGHTEN_STEP_COUNT_ + 1] = {0};
	size_t made = 1;
	int r = stage_init(t, t->input->model, &stages[0]);

	if (r == 0)
		r = measure(t, &stages[0], &t->plan->exposure);
	for (size_t i = 0; r == 0 && i < t->plan->steps.count; i++) {
		struct rw_tighten_step *step = rw_vec_at(&t->plan->steps, i);

		made = i + 2;
		r = stage_init(t, step->after, &stages[i + 1]);
		if (r == 0)
			r = measure(t, &stages[i + 1], &step->exposure);
		if (r == 0)
			r = compare_stages(t, &stages[i], &stages[i + 1], &step->differences);
	}
	while (made > 0)
		stage_done(&stages[--made]);
	return r;
}

int tighten_make_steps(struct tightening *t)
{
	int r = push_steps(t);

	if (r == 0)
		r = predict(t);
	if (r == 0)
		r = judge_steps(t);
	if (r == 0)
		r = check_nodes(t);
	for (size_t i = 0; r == 0 && i < t->plan->steps.count; i++)
		r = tighten_digest_step(t, rw_vec_at(&t->plan->steps, i));
	return r;
}
