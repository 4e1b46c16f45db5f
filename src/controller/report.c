/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

static_assert(RW_REPORT_AUTHORITIES == RW_CERT_BUNDLE_MAX, "a report names every authority");

/* An agent's reports become changes at most this often, so that a flapping NIC does not fill the log. */
#define CLAIMS_INTERVAL_NS UINT64_C(2000000000)

/* ---- interfaces ---- */

void claims_free(struct rw_interface *interfaces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rw_interface_done(&interfaces[i]);
	free(interfaces);
}

static bool is_intranet(const struct rw_model *model, const struct rw_node *node,
			const struct rw_report_interface *reported)
{
	const struct rw_network *network = rw_model_find_network(model, node->network);

	if (!network || network->kind == RW_NETWORK_VPC)
		return true;
	for (size_t i = 0; i < reported->address_count; i++) {
		for (size_t k = 0; k < network->cidr_count; k++) {
			if (rw_prefix_contains(&network->cidrs[k], &reported->addresses[i]))
				return true;
		}
	}
	return false;
}

static int convert(const struct rw_controller *controller, const struct rw_node *node,
		   const struct rw_report_interface *reported, struct rw_interface *interface)
{
	interface->name = strdup(reported->name);
	interface->nic_type =
		is_intranet(controller->inventory.model, node, reported) ? RW_NIC_INTRANET : RW_NIC_INTERNET;
	interface->addresses = calloc(reported->address_count + 1, sizeof(*interface->addresses));
	if (!interface->name || !interface->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < reported->address_count; i++) {
		if (rw_address_is_global(&reported->addresses[i]))
			interface->addresses[interface->address_count++] = reported->addresses[i];
	}
	return 0;
}

int claims_convert(const struct rw_controller *controller, const struct rw_node *node,
		   const struct rw_report_interface *reported, size_t count,
		   struct rw_interface **ret_interfaces, size_t *ret_count, struct rw_error *err)
{
	struct rw_interface *interfaces = calloc(count + 1, sizeof(*interfaces));
	size_t used = 0;

	if (!interfaces)
		return rw_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		if (!reported[i].enforced)
			continue;
		if (convert(controller, node, &reported[i], &interfaces[used++]) < 0) {
			claims_free(interfaces, used);
			return rw_error_oom(err);
		}
	}
	*ret_interfaces = interfaces;
	*ret_count = used;
	return 0;
}

static uint64_t hash_claims(const struct rw_report *report)
{
	uint64_t hash = 1;

	for (size_t i = 0; i < report->interface_count; i++) {
		const struct rw_report_interface *interface = &report->interfaces[i];

		hash = rw_hash_bytes(interface->name, strlen(interface->name), hash + interface->enforced);
		for (size_t k = 0; k < interface->address_count; k++)
			hash = rw_hash_bytes(&interface->addresses[k], sizeof(struct rw_address), hash);
	}
	return hash;
}

void claims_explain_refusal(const struct rw_address_refusal *refusal, size_t limit, char *text, size_t size)
{
	char address[RW_ADDRESS_TEXT_SIZE];

	rw_address_format(&refusal->address, address);
	switch (refusal->why) {
	case RW_REFUSAL_HELD:
		(void)snprintf(text, size, "%s on %s is held by node %s", address, refusal->interface,
			       refusal->holder);
		break;
	case RW_REFUSAL_LIMIT:
		(void)snprintf(text, size, "%s on %s is one of more than %zu addresses", address,
			       refusal->interface, limit);
		break;
	case RW_REFUSAL_OUTSIDE:
		(void)snprintf(text, size, "%s on %s lies outside the node's network", address,
			       refusal->interface);
		break;
	}
}

void claims_tell_refused(struct rw_controller *controller, const char *node, const struct rw_vec *refused)
{
	for (size_t i = 0; i < refused->count; i++) {
		char reason[256];

		claims_explain_refusal(rw_vec_at(refused, i),
				       controller->model_limits.addresses_per_interface, reason,
				       sizeof(reason));
		event_add(controller, &(struct rw_event){.kind = RW_EVENT_ADDRESS_REFUSED, .text = reason},
			  node);
	}
}

static uint64_t hash_refusals(const struct rw_vec *refused)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < refused->count; i++)
		hash = rw_hash_bytes(rw_vec_at(refused, i), sizeof(struct rw_address_refusal), hash + 1);
	return hash;
}

struct claims {
	const char *node;
	const struct rw_interface *interfaces;
	size_t count;
	struct rw_vec refused; /* of struct rw_address_refusal */
};

static int edit_claims(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct claims *claims = userdata;

	claims->refused.count = 0;
	return rw_edit_report_interfaces(draft, claims->node, claims->interfaces, claims->count,
					 &claims->refused, err);
}

static struct rw_actor agent_actor(const struct rw_controller *controller, const struct node_record *record)
{
	const struct rw_node *node = rw_model_find_node(controller->inventory.model, record->id);
	struct rw_actor actor = {.kind = RW_ACTOR_AGENT, .address = record->address};

	(void)snprintf(actor.id, sizeof(actor.id), "%s", record->id);
	(void)snprintf(actor.name, sizeof(actor.name), "%s", node ? node->name : record->id);
	return actor;
}

/* For whoever looks at the node.  Without memory none are shown. */
static void keep_refusals(struct node_record *record, const struct rw_vec *refused)
{
	free(RW_TAKE_PTR(record->refusals));
	record->refusal_count = 0;
	if (refused->count == 0)
		return;
	record->refusals = calloc(refused->count, sizeof(*record->refusals));
	if (!record->refusals)
		return;
	(void)memcpy(record->refusals, refused->data, refused->count * sizeof(*record->refusals));
	record->refusal_count = refused->count;
}

/* Remembers what was taken over, so that the same report costs nothing, and tells of new refusals. */
static void note_claims(struct rw_controller *controller, const struct claims *claims, uint64_t hash)
{
	struct node_record *record = node_find(controller, claims->node);
	uint64_t refusals = hash_refusals(&claims->refused);

	if (!record)
		return; /* the fold brought its node's end */
	if (refusals != record->refusals_hash) {
		claims_tell_refused(controller, record->id, &claims->refused);
		trust_count_change(record, rw_clock_monotonic_ns(controller->clock));
	}
	keep_refusals(record, &claims->refused);
	record->refusals_hash = refusals;
	/* What was refused is asked for again: its holder may let go. */
	record->claims_hash = refusals ? 0 : hash;
	record->claims_revision = rw_controller_object_revision(controller, RW_KIND_NODE, record->id);
}

static void take_interfaces(struct rw_controller *controller, const struct node_record *record,
			    const struct rw_report *report)
{
	const struct rw_node *node = rw_model_find_node(controller->inventory.model, record->id);
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct rw_actor actor = agent_actor(controller, record);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_interface *interfaces;
	struct claims claims = {.node = actor.id};
	struct rw_change_request request = {
		.actor = &actor, .action = "report interfaces", .edit = edit_claims, .userdata = &claims};
	size_t count;
	int r;

	if (claims_convert(controller, node, report->interfaces, report->interface_count, &interfaces, &count,
			   &err) < 0)
		return;
	rw_vec_init(&claims.refused, sizeof(struct rw_address_refusal), RW_SESSION_REFUSALS_MAX);
	claims.interfaces = interfaces;
	claims.count = count;
	r = count ? rw_change_run(controller, &request, &result, &err) : 0;
	if (r < 0)
		rw_log_warning("cannot take a node's interfaces over  node=%s reason=\"%s\"", actor.id,
			       err.text);
	else
		note_claims(controller, &claims, hash_claims(report));
	claims_free(interfaces, count);
	rw_vec_done(&claims.refused);
}

/* ---- SSH ports ---- */

static bool same_ports(const struct node_record *record, const struct rw_report *report)
{
	return record->ssh_port_count == report->ssh_port_count &&
	       (report->ssh_port_count == 0 ||
		memcmp(record->ssh_ports, report->ssh_ports, report->ssh_port_count * sizeof(uint16_t)) == 0);
}

/* SSH ports decide packets (failsafe) and guards, so a controller that restarts must still know them. */
static void take_ssh_ports(struct rw_controller *controller, const struct node_record *record,
			   const struct rw_report *report)
{
	struct rw_actor actor = agent_actor(controller, record);
	RW_CLEANUP(plan_done) struct plan plan;
	struct rw_error err = RW_ERROR_NONE;
	char key[RW_LAYOUT_KEY_SIZE];
	char *text;
	char *copy;
	size_t size;
	uint64_t revision;
	int r;

	plan_init(&plan, &actor, "report SSH ports");
	(void)snprintf(key, sizeof(key), RW_LAYOUT_AGENTS "%s", record->id);
	r = node_agent_text(record->machine_id, &record->certificate, report->ssh_ports,
			    report->ssh_port_count, &text, &size, &err);
	if (r == 0) {
		copy = strdup(text);
		r = plan_put(&plan, key, text, size, &err);
		if (r == 0)
			r = plan_item(&plan, RW_SUBJECT_OBJECT, RW_KIND_NODE, record->id, NULL, NULL, copy,
				      &err);
		else
			free(copy);
	}
	if (r == 0)
		r = plan_commit(controller, &plan, &revision, &err);
	if (r < 0)
		rw_log_warning("cannot take a node's SSH ports over  node=%s reason=\"%s\"", actor.id,
			       err.text);
}

/* ---- counters ---- */

static int compare_hits(const void *a, const void *b)
{
	const struct node_hit *left = a;
	const struct node_hit *right = b;

	return left->rule < right->rule ? -1 : left->rule > right->rule;
}

uint64_t session_hash_rule(const struct rw_controller *controller, const char *rule)
{
	return rw_hash_bytes(rule, strlen(rule), controller->map_seed);
}

/* Nothing that is reported has happened later than now. */
static int64_t earlier(int64_t reported_ms, int64_t now_ms)
{
	return reported_ms < now_ms ? reported_ms : now_ms;
}

static void take_hits(const struct rw_controller *controller, struct node_record *record,
		      const struct rw_report *report)
{
	int64_t now_ms = rw_clock_realtime_ms(controller->clock);
	struct node_hit *hits;
	size_t count = 0;

	hits = calloc(report->hit_count + 1, sizeof(*hits));
	for (size_t i = 0; hits && i < report->hit_count && count < RW_SESSION_HITS_MAX; i++) {
		const struct rw_report_hit *hit = &report->hits[i];

		if (hit->packets == 0)
			continue;
		hits[count++] = (struct node_hit){.rule = session_hash_rule(controller, hit->rule),
						  .packets = hit->packets,
						  .last_hit_ms = earlier(hit->last_hit_ms, now_ms)};
	}
	if (count)
		qsort(hits, count, sizeof(*hits), compare_hits);
	series_take_hits(record, hits, count, now_ms);
	free(record->hits);
	record->hits = hits;
	record->hit_count = count;
}

const struct node_hit *node_find_hit(const struct node_record *record, uint64_t rule)
{
	const struct node_hit wanted = {.rule = rule};

	return record->hit_count
		       ? bsearch(&wanted, record->hits, record->hit_count, sizeof(wanted), compare_hits)
		       : NULL;
}

struct rw_rule_hits rw_session_rule_hits(const struct rw_controller *controller, const char *rule)
{
	uint64_t wanted = session_hash_rule(controller, rule);
	struct rw_rule_hits sum = {0};

	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_hit *hit = node_find_hit(controller->nodes.records[i], wanted);

		if (!hit)
			continue;
		if (__builtin_add_overflow(sum.packets, hit->packets, &sum.packets))
			sum.packets = UINT64_MAX;
		if (hit->last_hit_ms > sum.last_hit_ms)
			sum.last_hit_ms = hit->last_hit_ms;
	}
	return sum;
}

/* Index in the ring of the event that is 'age' events older than the newest. */
static size_t drop_place(const struct drops *drops, size_t age)
{
	return (drops->newest + RW_SESSION_DROPS_MAX - age) % RW_SESSION_DROPS_MAX;
}

/*
 * Makes room for one more event in a full ring: the oldest goes, unless the node has half of them already.  Then
 * its own oldest goes, so that no node pushes the others' out.
 */
static void drop_make_room(struct drops *drops, const char *node)
{
	size_t own = 0, victim = drops->count - 1;

	for (size_t age = 0; age < drops->count; age++) {
		if (strcmp(drops->ring[drop_place(drops, age)].node, node) != 0)
			continue;
		own++;
		victim = age;
	}
	if (own < RW_SESSION_DROPS_MAX / 2)
		victim = drops->count - 1;
	for (size_t age = victim; age + 1 < drops->count; age++)
		drops->ring[drop_place(drops, age)] = drops->ring[drop_place(drops, age + 1)];
	drops->count--;
}

static void take_drops(struct rw_controller *controller, struct node_record *record,
		       const struct rw_report *report)
{
	int64_t now_ms = rw_clock_realtime_ms(controller->clock);
	struct drops *drops = &controller->drops;

	(void)memcpy(record->drops, report->drops, sizeof(record->drops));
	for (size_t i = 0; i < report->drop_event_count; i++) {
		struct rw_node_drop *slot;

		if (drops->count == RW_SESSION_DROPS_MAX)
			drop_make_room(drops, record->id);
		drops->newest = (drops->newest + 1) % RW_SESSION_DROPS_MAX;
		slot = &drops->ring[drops->newest];
		(void)memcpy(slot->node, record->id, RW_ID_SIZE);
		slot->drop = report->drop_events[i];
		slot->drop.time_ms = earlier(slot->drop.time_ms, now_ms);
		drops->count++;
	}
}

size_t rw_session_drop_count(const struct rw_controller *controller)
{
	return controller->drops.count;
}

const struct rw_node_drop *rw_session_drop_at(const struct rw_controller *controller, size_t index)
{
	const struct drops *drops = &controller->drops;

	return &drops->ring[drop_place(drops, index)];
}

/* ---- the report ---- */

static void take_texts(struct node_record *record, const struct rw_report *report)
{
	free(RW_TAKE_PTR(record->reason));
	if (report->reason[0])
		record->reason = strdup(report->reason);
	(void)snprintf(record->agent_version, sizeof(record->agent_version), "%s", report->agent_version);
}

static void take_listeners(struct node_record *record, const struct rw_report *report)
{
	free(RW_TAKE_PTR(record->listeners));
	record->listener_count = 0;
	if (report->listener_count == 0)
		return;
	record->listeners = calloc(report->listener_count, sizeof(*record->listeners));
	if (!record->listeners)
		return;
	(void)memcpy(record->listeners, report->listeners,
		     report->listener_count * sizeof(*record->listeners));
	record->listener_count = report->listener_count;
}

/* Without memory the hooks are not known until the next report. */
static void take_kernel(struct node_record *record, const struct rw_report *report)
{
	size_t count = report->kernel.hook_count;

	free(record->kernel.hooks);
	record->kernel = report->kernel;
	record->kernel.hooks = count ? calloc(count, sizeof(*record->kernel.hooks)) : NULL;
	if (record->kernel.hooks)
		(void)memcpy(record->kernel.hooks, report->kernel.hooks,
			     count * sizeof(*record->kernel.hooks));
	else
		record->kernel.hook_count = 0;
}

/* What is in force. */
static void take_position(struct rw_controller *controller, struct node_record *record,
			  const struct rw_report *report)
{
	uint64_t applied = trust_applied(controller, record, report);
	uint64_t failed = trust_failed(controller, record, report);

	if (applied > record->told_applied) {
		record->told_applied = applied;
		event_add(controller, &(struct rw_event){.kind = RW_EVENT_APPLIED, .revision = applied},
			  record->id);
	}
	record->applied = applied;
	if (failed > applied) {
		record->failed = failed;
		event_add(controller,
			  &(struct rw_event){
				  .kind = RW_EVENT_FAILED, .revision = failed, .text = record->reason},
			  record->id);
	}
	if (record->applied >= record->wanted) {
		if (record->behind_since_ns && record->applied)
			rw_histogram_observe(&controller->counts.applies,
					     record->last_frame_ns - record->behind_since_ns);
		record->behind_since_ns = 0;
	} else if (!record->behind_since_ns) {
		record->behind_since_ns = record->last_frame_ns;
	}
	session_acknowledge(record, failed > applied);
}

/* What a brief report does not tell. */
static void take_rest(struct rw_controller *controller, struct node_record *record,
		      const struct rw_report *report)
{
	series_take(record, report, rw_clock_realtime_ms(controller->clock));
	record->persistent = report->persistent;
	(void)memcpy(record->authorities, report->authorities, sizeof(record->authorities));
	record->authority_count = report->authority_count;
	take_listeners(record, report);
	take_hits(controller, record, report);
	series_took(record, report);
	take_drops(controller, record, report);
	trust_tell_restored(controller, record, report);
	take_kernel(record, report);
	flows_take(controller, record, report);
	preview_take(record, report);
	cuts_take(controller, record, report);
}

/* What an agent says of its node may change the model. */
static void take_claims(struct rw_controller *controller, const char *node, const struct rw_report *report)
{
	struct node_record *record = node_find(controller, node);
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	uint64_t revision = rw_controller_revision(controller);

	if (!record || (record->claims_ns && now_ns - record->claims_ns < CLAIMS_INTERVAL_NS) ||
	    !trust_may_change(record, now_ns))
		return;
	if (report->ssh_port_count && !same_ports(record, report)) {
		record->claims_ns = now_ns;
		take_ssh_ports(controller, record, report);
		record = node_find(controller, node);
	}
	if (record && report->interface_count &&
	    (hash_claims(report) != record->claims_hash ||
	     rw_controller_object_revision(controller, RW_KIND_NODE, node) != record->claims_revision)) {
		record->claims_ns = now_ns;
		take_interfaces(controller, record, report);
		record = node_find(controller, node);
	}
	if (record && rw_controller_revision(controller) != revision)
		trust_count_change(record, now_ns);
}

int rw_session_report(struct rw_controller *controller, const char *node, const struct rw_report *report,
		      const struct rw_address *address, struct rw_error *err)
{
	struct node_record *record = node_find(controller, node);

	if (!record)
		return rw_error_set(err, -ENOENT, "there is no managed node %s", node);
	counts_add_report(controller, record, report);
	record->last_frame_ns = rw_clock_monotonic_ns(controller->clock);
	record->last_report_ms = rw_clock_realtime_ms(controller->clock);
	record->address = *address;
	record->agent_state = trust_state(controller, record, report->state);
	take_texts(record, report);
	if (!report->brief)
		take_rest(controller, record, report);
	take_position(controller, record, report);
	node_judge(controller, record);
	wait_check(controller);
	cuts_check(controller);
	if (!report->brief)
		take_claims(controller, node, report);
	return 0;
}
