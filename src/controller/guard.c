/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"
#include "controller/preview.h"
#include "policy/evaluate.h"

const struct rw_word rw_words_guard[] = {
	{"management-ssh", RW_GUARD_MANAGEMENT_SSH},
	{"caller-path", RW_GUARD_CALLER_PATH},
	{"offline-node", RW_GUARD_OFFLINE_NODE},
	{"ssh-session", RW_GUARD_SSH_SESSION},
	{"finding", RW_GUARD_FINDING},
	{"promise", RW_GUARD_PROMISE},
	{NULL, 0},
};

static int unknown_guard(struct rw_error *err)
{
	(void)rw_error_field(err, "force", "there is no such guard");
	(void)rw_error_hint(err, "Guards are: management-ssh, caller-path, ssh-session, offline-node, "
				 "finding:CHECK (docs/audit.md), promise:ID.");
	return -EINVAL;
}

static int add_name(struct rw_guard_force *force, const char *kind, const char *about, struct rw_error *err)
{
	char name[RW_GUARD_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "%s:%s", kind, about);
	for (size_t i = 0; i < force->name_count; i++)
		if (strcmp(force->names[i], name) == 0)
			return 0;
	if (force->name_count == RW_GUARD_FORCED_MAX) {
		(void)rw_error_field(err, "force", "names more than %d findings", RW_GUARD_FORCED_MAX);
		return -E2BIG;
	}
	memcpy(force->names[force->name_count++], name, sizeof(name));
	return 0;
}

static int parse_word(const char *word, struct rw_guard_force *force, struct rw_error *err)
{
	const char *colon = strchr(word, ':');
	int guard = rw_word_find(rw_words_guard, word);

	if (!colon && rw_check_find(word))
		return add_name(force, "finding", word, err);
	if (colon && strncmp(word, "finding:", 8) == 0 && rw_check_find(colon + 1))
		return add_name(force, "finding", colon + 1, err);
	if (colon && strncmp(word, "promise:", 8) == 0 && colon[1])
		return add_name(force, "promise", colon + 1, err);
	if (guard == RW_GUARD_FINDING || guard == RW_GUARD_PROMISE) {
		(void)rw_error_field(err, "force", "findings and promises are forced by name");
		return rw_error_hint(err, "Name the check or the id, as in finding:open-ssh.");
	}
	if (guard < 0)
		return unknown_guard(err);
	force->bits |= RW_GUARD_BIT(guard);
	return 0;
}

int rw_guard_parse(const char *text, struct rw_guard_force *force, struct rw_error *err)
{
	while (*text) {
		size_t length = strcspn(text, ",");
		char word[RW_GUARD_NAME_SIZE];
		int r;

		if (length >= sizeof(word))
			return unknown_guard(err);
		(void)snprintf(word, sizeof(word), "%.*s", (int)length, text);
		r = parse_word(word, force, err);
		if (r < 0)
			return r;
		text += length + (text[length] == ',');
	}
	return 0;
}

bool rw_guard_is_forced(const struct rw_guard_force *force, const struct rw_guard_finding *finding)
{
	if (force->bits & RW_GUARD_BIT(finding->guard))
		return true;
	for (size_t i = 0; i < force->name_count; i++)
		if (strcmp(force->names[i], finding->name) == 0)
			return true;
	return false;
}

static bool is_refused_by(const struct rw_vec *findings, const char *name)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct rw_guard_finding *finding = rw_vec_at(findings, i);

		if (!finding->is_warning && strcmp(finding->name, name) == 0)
			return true;
	}
	return false;
}

struct rw_guard_finding *guard_add(struct rw_vec *findings, enum rw_guard guard, const char *about,
				   bool is_warning)
{
	struct rw_guard_finding *finding;
	char name[RW_GUARD_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "%s%s%s", rw_word_of(rw_words_guard, (int)guard), about ? ":" : "",
		       about ? about : "");
	if (findings->count >= RW_GUARD_FINDINGS_MAX && (is_warning || is_refused_by(findings, name)))
		return NULL;
	/* There is memory for all up to the limit. */
	if (rw_vec_push(findings, &finding) < 0)
		return NULL;
	finding->guard = guard;
	finding->is_warning = is_warning;
	memcpy(finding->name, name, sizeof(name));
	return finding;
}

/* What guards look at for one node. */
struct view {
	const struct impact *impact;
	const struct rw_node *before;
	const struct rw_node *after;
	struct rw_vec *findings;
};

static const uint8_t families[] = {4, 6};

static bool has_family(const struct rw_node *node, uint8_t family)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		for (size_t k = 0; k < node->interfaces[i].address_count; k++) {
			if (node->interfaces[i].addresses[k].family == family)
				return true;
		}
	}
	return false;
}

/* Whether any of the management sources can be of 'family'. */
static bool has_source(const struct rw_policy *policy, uint8_t family)
{
	for (size_t i = 0; i < policy->management_cidr_count; i++) {
		if (policy->management_cidrs[i].address.family == family)
			return true;
	}
	return policy->management_cidr_count == 0;
}

/* Asks by 'policy' for the management sources of 'management'. */
static int reach(const struct rw_policy *policy, const struct rw_node *node,
		 const struct rw_policy *management, uint8_t family, uint16_t port, size_t *ret_interface,
		 struct rw_packet *ret_witness)
{
	struct reach_query query = {
		.policy = policy,
		.node = node,
		.family = family,
		.port = port,
		.sources = management->management_cidrs,
		.source_count = management->management_cidr_count,
	};

	return reach_find(&query, ret_interface, ret_witness);
}

static struct rw_guard_finding *add_finding(const struct view *view, enum rw_guard guard)
{
	struct rw_guard_finding *finding = guard_add(view->findings, guard, NULL, false);

	if (finding)
		(void)memcpy(finding->node, view->impact->record->id, RW_ID_SIZE);
	return finding;
}

/* Names what would drop 'packet' on the interface of that name after the change. */
static void name_cause(const struct view *view, const char *interface, const struct rw_packet *packet,
		       struct rw_guard_finding *finding)
{
	int index = rw_policy_find_interface(view->impact->after, interface);
	struct rw_decision decision = {.cause = RW_CAUSE_DEFAULT};

	if (index >= 0)
		decision = rw_evaluate(view->impact->after, (size_t)index, packet);
	(void)snprintf(finding->cause, sizeof(finding->cause), "%s", rw_decision_cause(&decision));
}

static void show_witness(struct rw_guard_finding *finding, const char *interface,
			 const struct rw_packet *packet)
{
	finding->has_witness = true;
	(void)snprintf(finding->interface, sizeof(finding->interface), "%s", interface);
	finding->witness = *packet;
}

static void tell_ssh(const struct view *view, uint8_t family, uint16_t port, const struct rw_packet *witness,
		     size_t interface)
{
	struct rw_guard_finding *finding = add_finding(view, RW_GUARD_MANAGEMENT_SSH);
	const struct rw_policy *before = view->impact->before;
	struct rw_decision decision;
	char source[RW_ADDRESS_TEXT_SIZE];

	if (!finding)
		return;
	if (!witness) {
		(void)snprintf(finding->cause, sizeof(finding->cause), "%s", rw_cause_name(RW_CAUSE_DEFAULT));
		(void)snprintf(finding->detail, sizeof(finding->detail),
			       "node %s: enforcement would begin, and TCP %u would be reachable from no "
			       "management source over IPv%u",
			       view->after->name, port, family);
		return;
	}
	name_cause(view, before->interfaces[interface].name, witness, finding);
	show_witness(finding, before->interfaces[interface].name, witness);
	decision = rw_evaluate(before, interface, witness);
	rw_address_format(&witness->remote, source);
	(void)snprintf(finding->detail, sizeof(finding->detail),
		       "node %s: no management source would reach SSH, TCP %u over IPv%u; now %s does, by "
		       "%s; then %s "
		       "decides",
		       view->after->name, port, family, source, rw_decision_cause(&decision), finding->cause);
}

static bool is_accepted(const struct rw_policy *policy, const char *interface, const struct rw_packet *packet)
{
	int index = rw_policy_find_interface(policy, interface);

	return policy->enforcement == RW_MONITOR ||
	       (index >= 0 && rw_evaluate(policy, (size_t)index, packet).verdict == RW_VERDICT_ACCEPT);
}

/* The policy whose management sources must get in: the one before when those after can reach no address. */
static const struct rw_policy *management_of(const struct view *view)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(families); i++)
		if (has_family(view->after, families[i]) && has_source(view->impact->after, families[i]))
			return view->impact->after;
	return view->impact->before;
}

static int judge_ssh_port(const struct view *view, const struct rw_policy *management, uint8_t family,
			  uint16_t port)
{
	const struct impact *impact = view->impact;
	struct rw_packet witness;
	size_t interface;
	int r;

	if (view->before == view->after && reach_is_same(impact->before, impact->after, port))
		return 0;
	r = reach(impact->after, view->after, management, family, port, &interface, &witness);
	if (r != 0)
		return r < 0 ? r : 0;
	if (impact->before->enforcement == RW_MONITOR) {
		tell_ssh(view, family, port, NULL, 0);
		return 0;
	}
	if (!has_source(impact->before, family))
		return 0;
	r = reach(impact->before, view->before, impact->before, family, port, &interface, &witness);
	/* An address that only left the record is still the machine's. */
	if (r > 0 && !has_family(view->after, family) &&
	    is_accepted(impact->after, impact->before->interfaces[interface].name, &witness))
		return 0;
	if (r > 0)
		tell_ssh(view, family, port, &witness, interface);
	return r < 0 ? r : 0;
}

static int judge_ssh(const struct view *view)
{
	const struct rw_policy *management = management_of(view);
	const struct rw_policy *after = view->impact->after;
	int r;

	if (after->enforcement == RW_MONITOR)
		return 0;
	for (size_t i = 0; i < RW_ARRAY_COUNT(families); i++) {
		if (!has_source(management, families[i]) ||
		    (!has_family(view->after, families[i]) && !has_family(view->before, families[i])))
			continue;
		for (size_t k = 0; k < after->ssh_port_count; k++) {
			r = judge_ssh_port(view, management, families[i], after->ssh_ports[k]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static void tell_session(const struct view *view, const struct rw_report_connection *session,
			 const struct rw_decision *decision)
{
	struct rw_guard_finding *finding = add_finding(view, RW_GUARD_SSH_SESSION);
	char local[RW_ADDRESS_TEXT_SIZE], remote[RW_ADDRESS_TEXT_SIZE];

	if (!finding)
		return;
	rw_address_format(&session->local, local);
	rw_address_format(&session->remote, remote);
	(void)snprintf(finding->cause, sizeof(finding->cause), "%s", rw_decision_cause(decision));
	(void)snprintf(
		finding->detail, sizeof(finding->detail),
		"node %s: enforcement would begin and cut the SSH session from %s port %u to %s port %u "
		"(%s)",
		view->after->name, remote, session->remote_port, local, session->local_port, finding->cause);
}

/* Who works on a node at the moment at which its enforcement begins. */
static void judge_sessions(const struct view *view)
{
	const struct node_record *record = view->impact->record;
	const struct rw_policy *after = view->impact->after;
	struct rw_decision decision;

	if (view->impact->before->enforcement != RW_MONITOR || after->enforcement == RW_MONITOR)
		return;
	for (size_t i = 0; i < record->connection_count; i++) {
		const struct rw_report_connection *session = &record->connections[i];

		if (session->ssh && rw_node_preview_cuts(after, session, &decision))
			tell_session(view, session, &decision);
	}
}

static const struct rw_interface *interface_with(const struct rw_node *node, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		for (size_t k = 0; k < node->interfaces[i].address_count; k++) {
			if (rw_address_equal(&node->interfaces[i].addresses[k], address))
				return &node->interfaces[i];
		}
	}
	return NULL;
}

static void judge_caller(const struct view *view, const struct rw_endpoint *endpoint,
			 const struct rw_address *caller)
{
	const struct rw_interface *interface = interface_with(view->before, &endpoint->address);
	struct rw_guard_finding *finding;
	char source[RW_ADDRESS_TEXT_SIZE];
	struct rw_packet packet = {
		.direction = RW_DIRECTION_INGRESS,
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local = endpoint->address,
		.local_port = endpoint->port,
		.remote = *caller,
		.remote_port = 40000,
	};

	/* A caller on the host itself comes by the loopback device, which is not enforced. */
	if (!interface || endpoint->address.family != caller->family || interface_with(view->before, caller))
		return;
	if (!is_accepted(view->impact->before, interface->name, &packet) ||
	    is_accepted(view->impact->after, interface->name, &packet))
		return;
	finding = add_finding(view, RW_GUARD_CALLER_PATH);
	if (!finding)
		return;
	name_cause(view, interface->name, &packet, finding);
	show_witness(finding, interface->name, &packet);
	rw_address_format(caller, source);
	(void)snprintf(finding->detail, sizeof(finding->detail),
		       "node %s runs the controller; your address %s would lose TCP %u there (%s)",
		       view->after->name, source, endpoint->port, finding->cause);
}

/* Whether the node is managed no more, so that its certificate ends. */
static bool is_let_go(const struct rw_touched *touched)
{
	const struct rw_node *after = touched->after;

	return touched->kind == RW_KIND_NODE && touched->before &&
	       (!after || after->agent != RW_AGENT_MANAGED);
}

/*
 * Whether nobody could tell an agent to take its policy off.  One that reported a moment ago and has no stream is as
 * lost as one that is offline: from then on it is nobody's.
 */
static bool is_out_of_reach(const struct node_record *record)
{
	return record->certificate.fingerprint[0] &&
	       (record->state == RW_NODE_OFFLINE ||
		(record->state != RW_NODE_DETACHED && !session_can_send(record)));
}

/* Nodes that go while nobody can tell their agents. */
static void judge_deleted(const struct rw_controller *controller, const struct fold_outcome *outcome,
			  struct rw_vec *findings)
{
	for (size_t i = 0; i < outcome->touched.count; i++) {
		const struct rw_touched *touched = rw_vec_at(&outcome->touched, i);
		const struct rw_node *before = touched->before;
		const struct node_record *record =
			is_let_go(touched) ? node_find(controller, touched->id) : NULL;
		struct rw_guard_finding *finding;

		if (!record || !is_out_of_reach(record))
			continue;
		finding = guard_add(findings, RW_GUARD_OFFLINE_NODE, NULL, false);
		if (!finding)
			return;
		(void)memcpy(finding->node, record->id, RW_ID_SIZE);
		(void)snprintf(finding->detail, sizeof(finding->detail),
			       "node %s: its agent is not connected and cannot be told; the policy that it "
			       "has stays in "
			       "force there until somebody runs ringwall-agent detach on it",
			       before->name);
	}
}

int guard_judge(struct rw_controller *controller, const struct rw_model *after, const struct plan *plan,
		struct rw_vec *findings, struct rw_error *err)
{
	const struct rw_vec *impacts = &plan->impacts;
	const struct rw_actor *actor = plan->actor;
	int r;

	for (size_t i = 0; i < impacts->count; i++) {
		const struct impact *impact = rw_vec_at(impacts, i);
		struct view view = {
			.impact = impact,
			.before = rw_model_find_node(controller->inventory.model, impact->record->id),
			.after = rw_model_find_node(after, impact->record->id),
			.findings = findings,
		};

		if (!view.before || !view.after)
			continue;
		judge_sessions(&view);
		if (judge_ssh(&view) < 0)
			return rw_error_oom(err);
		for (size_t e = 0; actor->address.family && e < controller->around.endpoint_count; e++)
			judge_caller(&view, &controller->around.endpoints[e], &actor->address);
	}
	judge_deleted(controller, &plan->outcome, findings);
	r = guard_judge_promises(controller, after, plan, findings, err);
	return r < 0 ? r : guard_judge_audit(controller, after, plan, findings, err);
}
