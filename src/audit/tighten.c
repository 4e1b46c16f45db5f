/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tighten.h"

#include <stdio.h>
#include <string.h>

#include "audit/tighten_internal.h"

void rw_tighten_plan_done(struct rw_tighten_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		tighten_step_done(rw_vec_at(&plan->steps, i));
	rw_vec_done(&plan->steps);
	rw_vec_done(&plan->needs);
	rw_vec_done(&plan->exposure.to_internet);
	for (size_t i = 0; i < plan->policies.count; i++)
		(void)rw_policy_unref(*(struct rw_policy **)rw_vec_at(&plan->policies, i));
	rw_vec_done(&plan->policies);
	plan->sets = rw_sets_free(plan->sets);
	rw_vec_done(&plan->would_drop);
}

static void plan_init(struct rw_tighten_plan *plan)
{
	*plan = (struct rw_tighten_plan){0};
	rw_vec_init(&plan->needs, sizeof(struct rw_tighten_need), SIZE_MAX);
	rw_vec_init(&plan->steps, sizeof(struct rw_tighten_step), RW_TIGHTEN_STEP_COUNT_);
	rw_vec_init(&plan->exposure.to_internet, sizeof(struct rw_audit_open), SIZE_MAX);
	rw_vec_init(&plan->policies, sizeof(struct rw_policy *), SIZE_MAX);
	rw_vec_init(&plan->would_drop, sizeof(struct rw_tighten_refusal), RW_TIGHTEN_REFUSALS_MAX);
}

static void tightening_done(struct tightening *t)
{
	free(t->nodes);
	rw_vec_done(&t->loose);
	rw_vec_done(&t->not_internet);
	for (size_t i = 0; i < t->uses.count; i++)
		use_done(rw_vec_at(&t->uses, i));
	rw_vec_done(&t->uses);
	for (size_t i = 0; i < RW_ARRAY_COUNT(t->opened); i++) {
		for (size_t j = 0; j < t->opened[i].count; j++)
			tighten_rule_done(rw_vec_at(&t->opened[i], j));
		rw_vec_done(&t->opened[i]);
	}
	t->members = rw_members_free(t->members);
	t->cache = rw_policy_cache_free(t->cache);
}
RW_DEFINE_DONE(struct tightening, tightening_done)

/* ---- what there is ---- */

bool rw_tighten_is_loose(const struct rw_rule *rule)
{
	bool every_port =
		rw_ports_is_any(rule->ports) || (rule->ports.first <= 1 && rule->ports.last == 65535);

	return rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
	       (rule->protocol == RW_PROTOCOL_ALL || rw_protocol_has_ports(rule->protocol)) && every_port &&
	       rule->object.kind == RW_OBJECT_CIDR && rule->object.cidr.bits == 0 &&
	       rule->local_cidr.address.family == 0 && rw_ports_is_any(rule->source_ports);
}

static int find_loose(struct tightening *t)
{
	for (size_t i = 0; i < t->group->rule_count; i++) {
		const struct rw_rule **slot;

		if (!rw_tighten_is_loose(t->group->rules[i]))
			continue;
		if (rw_vec_push(&t->loose, &slot) < 0)
			return rw_error_oom(t->err);
		*slot = t->group->rules[i];
	}
	return 0;
}

static int find_nodes(struct tightening *t)
{
	size_t count = rw_model_count(t->input->model, RW_KIND_NODE);

	t->nodes = calloc(count + 1, sizeof(*t->nodes));
	if (!t->nodes)
		return rw_error_oom(t->err);
	for (size_t i = 0; i < count; i++) {
		const struct rw_node *node = rw_model_at(t->input->model, RW_KIND_NODE, i);

		if (strcmp(node->cluster, t->cluster->id) == 0)
			t->nodes[t->node_count++] = node;
	}
	return 0;
}

static void add_ssh_port(struct tightening *t, uint16_t port)
{
	for (size_t i = 0; i < t->ssh_port_count; i++)
		if (t->ssh_ports[i] == port)
			return;
	if (t->ssh_port_count < SSH_PORTS_MAX)
		t->ssh_ports[t->ssh_port_count++] = port;
}

/* Adds the ports on which sshd is seen to listen on a node; false when it is on none. */
static bool add_ssh_ports_of(struct tightening *t, const struct rw_evidence_node *seen)
{
	bool found = false;

	for (size_t i = 0; i < seen->listeners.count; i++) {
		const struct rw_evidence_listener *listener = rw_vec_at(&seen->listeners, i);

		if (listener->protocol != RW_PROTOCOL_TCP || strcmp(listener->process, "sshd") != 0)
			continue;
		add_ssh_port(t, listener->port);
		found = true;
	}
	return found;
}

/*
 * Where sshd is seen to listen; 22 for a node of which that is not known: another process may listen for it, or the
 * names of processes are not told.
 */
static void find_ssh_ports(struct tightening *t)
{
	for (size_t i = 0; i < t->node_count; i++) {
		const struct rw_evidence_node *seen = rw_evidence_find(t->input->evidence, t->nodes[i]->id);

		if (seen && !add_ssh_ports_of(t, seen))
			add_ssh_port(t, 22);
	}
	if (t->ssh_port_count == 0)
		add_ssh_port(t, 22);
}

static int check_closed(const struct tightening *t)
{
	for (size_t i = 0; i < t->input->closed_count; i++)
		for (size_t j = 0; j < t->ssh_port_count; j++)
			if (t->input->closed[i].protocol == RW_PROTOCOL_TCP &&
			    rw_ports_contains(t->input->closed[i].ports, t->ssh_ports[j])) {
				(void)rw_error_field(t->err, "close", "SSH on port %u cannot be closed",
						     t->ssh_ports[j]);
				return rw_error_hint(
					t->err,
					"Give the cluster management CIDRs: then SSH is open to them only.");
			}
	return 0;
}

/* A rule for it would be one of those that a plan deletes, and the next plan would add it again. */
static int check_declared(const struct tightening *t)
{
	for (size_t i = 0; i < t->input->declared_count; i++)
		if (t->input->declared[i].ports.first <= 1 && t->input->declared[i].ports.last == 65535) {
			(void)rw_error_field(t->err, "need", "every port is no service");
			return rw_error_hint(t->err, "Name the ports that are needed.");
		}
	return 0;
}

/* ---- what is missing ---- */

static int need(struct tightening *t, enum rw_tighten_need_kind kind, const char *id, const char *name,
		const char *text)
{
	struct rw_tighten_need *slot;

	if (rw_vec_push(&t->plan->needs, &slot) < 0)
		return rw_error_oom(t->err);
	slot->kind = kind;
	memcpy(slot->object, id, strnlen(id, sizeof(slot->object) - 1));
	(void)snprintf(slot->name, sizeof(slot->name), "%s", name);
	(void)snprintf(slot->text, sizeof(slot->text), "%s", text);
	return 0;
}

/* How far back the plan sees is what it sees of the node that was watched shortest. */
static void note_since(struct tightening *t, const struct rw_evidence_node *seen)
{
	int64_t oldest_ms = 0;

	for (size_t i = 0; seen && i < seen->flows.count; i++) {
		const struct rw_evidence_flow *flow = rw_vec_at(&seen->flows, i);

		if (flow->first_ms && (!oldest_ms || flow->first_ms < oldest_ms))
			oldest_ms = flow->first_ms;
	}
	if (oldest_ms > t->plan->observed_since_ms)
		t->plan->observed_since_ms = oldest_ms;
}

static int check_node(struct tightening *t, const struct rw_node *node, bool *is_watched)
{
	const struct rw_evidence_node *seen = rw_evidence_find(t->input->evidence, node->id);
	bool listeners = seen && seen->listeners_known, flows = seen && seen->flows_known;
	int r = 0;

	/* A record of an address: nothing is enforced there, and nobody watches. */
	if (node->agent == RW_AGENT_NONE && !listeners && !flows)
		return 0;
	*is_watched = true;
	note_since(t, seen);
	if (!listeners && !(flows && t->input->without_listeners))
		r = need(t, RW_TIGHTEN_NEEDS_LISTENERS, node->id, node->name,
			 "Bring what listens there: its agent, or 'ss -tulpn' by --listening.");
	if (r == 0 && !flows && !(listeners && t->input->without_flows))
		r = need(t, RW_TIGHTEN_NEEDS_FLOWS, node->id, node->name,
			 seen && seen->flows_cut ? "It answered more services in a day than are kept by "
						   "name: plan by less time "
						   "(--since), or bring flow logs by --flows."
						 : "Watch its flows for a while with its agent, or bring "
						   "flow logs by --flows.");
	return r;
}

static int check_evidence(struct tightening *t)
{
	const struct rw_model *model = t->input->model;
	bool is_watched = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->node_count; i++)
		r = check_node(t, t->nodes[i], &is_watched);
	if (r == 0 && !is_watched)
		r = need(t, RW_TIGHTEN_NEEDS_NODES, "", "",
			 "The cluster has no node that was watched: there is nothing to plan from.");
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_LOAD_BALANCER); i++) {
		const struct rw_load_balancer *balancer = rw_model_at(model, RW_KIND_LOAD_BALANCER, i);

		if (strcmp(balancer->cluster, t->cluster->id) == 0 && !balancer->client_ip_kept &&
		    balancer->listener_count && !balancer->source_group[0] && !balancer->source_cidr_count)
			r = need(t, RW_TIGHTEN_NEEDS_SOURCES, balancer->id, balancer->name,
				 "From which addresses does it send to the nodes? Declare its sources.");
	}
	return r;
}

/* ---- the plan ---- */

static int find_all(struct tightening *t)
{
	const struct rw_model *model = t->input->model;
	int r;

	t->cluster = rw_model_find_cluster(model, t->input->cluster);
	t->group = t->cluster ? rw_model_find_group(model, t->cluster->security_group) : NULL;
	t->network = t->group ? rw_model_find_network(model, t->group->network) : NULL;
	if (!t->network)
		return rw_error_set(t->err, -ENOENT, "there is no cluster %s", t->input->cluster);
	memcpy(t->plan->cluster, t->cluster->id, RW_ID_SIZE);
	memcpy(t->plan->group, t->group->id, RW_ID_SIZE);
	r = find_loose(t);
	if (r == 0)
		r = find_nodes(t);
	if (r < 0)
		return r;
	find_ssh_ports(t);
	r = check_declared(t);
	return r < 0 ? r : check_closed(t);
}

static int make(struct tightening *t)
{
	int r = find_all(t);

	if (r < 0 || t->loose.count == 0)
		return r;
	r = check_evidence(t);
	if (r < 0)
		return r;
	if (t->plan->needs.count > 0) {
		t->plan->state = RW_TIGHTEN_BLOCKED;
		return 0;
	}
	t->plan->state = RW_TIGHTEN_READY;
	t->members = rw_members_new(t->input->model);
	t->cache = rw_policy_cache_new();
	if (!t->members || !t->cache)
		return rw_error_oom(t->err);
	r = internet_find_others(t->network, &t->not_internet, t->err);
	if (r == 0)
		r = rw_sets_new(0, &t->plan->sets, t->err);
	if (r == 0)
		r = tighten_find_uses(t);
	if (r == 0)
		r = tighten_open_rules(t);
	return r < 0 ? r : tighten_make_steps(t);
}

int rw_tighten_make(const struct rw_tighten_input *input, struct rw_tighten_plan *ret_plan,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan;
	RW_CLEANUP(tightening_done) struct tightening t = {.input = input, .plan = &plan, .err = err};
	int r;

	plan_init(&plan);
	rw_vec_init(&t.loose, sizeof(struct rw_rule *), SIZE_MAX);
	rw_vec_init(&t.not_internet, sizeof(struct rw_prefix), 1024);
	rw_vec_init(&t.uses, sizeof(struct use), SIZE_MAX);
	for (size_t i = 0; i < RW_ARRAY_COUNT(t.opened); i++)
		rw_vec_init(&t.opened[i], sizeof(struct rw_tighten_rule), SIZE_MAX);
	r = make(&t);
	if (r < 0)
		return r;
	*ret_plan = plan;
	plan_init(&plan);
	return 0;
}

/* ---- applying ---- */

/* Rules go in calls of as many as one call may have. */
static size_t batch_of(const struct rw_draft *draft, size_t left)
{
	size_t most = rw_draft_limits(draft)->rules_per_call;

	return left < most ? left : most;
}

static int add_rules(struct rw_draft *draft, const char *group, const struct rw_tighten_step *step,
		     struct rw_error *err)
{
	for (size_t done = 0, batch; done < step->add.count; done += batch) {
		RW_CLEANUP(rw_free) struct rw_rule **rules = NULL;
		int r;

		batch = batch_of(draft, step->add.count - done);
		rules = calloc(batch, sizeof(*rules));
		if (!rules)
			return rw_error_oom(err);
		for (size_t i = 0; i < batch; i++)
			rules[i] = rw_rule_ref(
				((const struct rw_tighten_rule *)rw_vec_at(&step->add, done + i))->rule);
		r = rw_edit_add_rules(draft, group, rules, batch, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int revoke_rules(struct rw_draft *draft, const char *group, const struct rw_tighten_step *step,
			struct rw_error *err)
{
	for (size_t done = 0, batch; done < step->revoke.count; done += batch) {
		RW_CLEANUP(rw_free) const char **ids = NULL;
		int r;

		batch = batch_of(draft, step->revoke.count - done);
		ids = calloc(batch, sizeof(*ids));
		if (!ids)
			return rw_error_oom(err);
		for (size_t i = 0; i < batch; i++)
			ids[i] = (*(struct rw_rule **)rw_vec_at(&step->revoke, done + i))->id;
		r = rw_edit_revoke_rules(draft, group, ids, batch, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int rw_tighten_apply(struct rw_draft *draft, const char *group, const struct rw_tighten_step *step,
		     struct rw_error *err)
{
	int r = add_rules(draft, group, step, err);

	return r < 0 ? r : revoke_rules(draft, group, step, err);
}

/* ---- services ---- */

static int parse_service(const char *word, const char *field,
			 struct rw_tighten_service services[RW_TIGHTEN_SERVICES_MAX], size_t *count,
			 struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	const char *slash = strchr(word, '/');
	unsigned int found = 0;
	uint16_t protocol;
	char name[16];

	(void)snprintf(name, sizeof(name), "%.*s", slash ? (int)(slash - word) : 0, word);
	if (!slash || rw_protocol_parse(name, &protocol, NULL) < 0 || !rw_protocol_has_ports(protocol) ||
	    rw_ports_parse_list(slash + 1, ranges, &found, NULL) < 0) {
		(void)rw_error_field(err, field, "'%.64s' is no service", word);
		return rw_error_hint(err, "Write it as tcp/443 or udp/5000-5010,6000.");
	}
	for (unsigned int i = 0; i < found; i++) {
		if (*count == RW_TIGHTEN_SERVICES_MAX)
			return rw_error_field(err, field, "there are more than %d services",
					      RW_TIGHTEN_SERVICES_MAX);
		services[(*count)++] = (struct rw_tighten_service){protocol, ranges[i]};
	}
	return 0;
}

int rw_tighten_services_parse(const char *text, const char *field,
			      struct rw_tighten_service services[RW_TIGHTEN_SERVICES_MAX], size_t *count,
			      struct rw_error *err)
{
	int r = 0;

	while (r == 0 && *text) {
		size_t length = strcspn(text, " ");
		char word[512];

		if (length >= sizeof(word))
			return rw_error_field(err, field, "a service of more than %zu bytes",
					      sizeof(word) - 1);
		memcpy(word, text, length);
		word[length] = '\0';
		if (length)
			r = parse_service(word, field, services, count, err);
		text += length + (text[length] == ' ');
	}
	return r;
}

/* ---- words ---- */

const char *rw_tighten_step_name(enum rw_tighten_step_kind kind)
{
	static const char *const names[RW_TIGHTEN_STEP_COUNT_] = {
		"icmp", "ports", "load-balancers", "close-internet", "close-intranet", "close",
	};

	return names[kind];
}

const char *rw_tighten_step_title(enum rw_tighten_step_kind kind)
{
	static const char *const titles[RW_TIGHTEN_STEP_COUNT_] = {
		"accept ICMP",
		"accept what is needed directly",
		"accept load balancers at their backend ports",
		"delete the rules that open everything to the internet",
		"delete the rules that open everything inside",
		"delete the rules that open everything",
	};

	return titles[kind];
}

const char *rw_tighten_state_name(enum rw_tighten_state state)
{
	static const char *const names[RW_TIGHTEN_STATE_COUNT_] = {"nothing", "blocked", "ready"};

	return names[state];
}

const char *rw_tighten_reason_name(enum rw_tighten_reason reason)
{
	static const char *const names[RW_TIGHTEN_FOR_COUNT_] = {
		"icmp", "ssh", "containers", "declared", "used", "load-balancer",
	};

	return names[reason];
}

const char *rw_tighten_need_name(enum rw_tighten_need_kind kind)
{
	static const char *const names[RW_TIGHTEN_NEED_COUNT_] = {"nodes", "listeners", "flows", "sources"};

	return names[kind];
}
