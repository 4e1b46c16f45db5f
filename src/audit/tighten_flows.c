/* SPDX-License-Identifier: Apache-2.0 */

/* Which flows only the loose rules accept, and what becomes of them. */

#include <string.h>

#include "audit/tighten_internal.h"
#include "base/array.h"

void use_done(struct use *use)
{
	rw_vec_done(&use->objects);
	rw_vec_done(&use->strangers);
	rw_vec_done(&use->members);
}

/* ---- what becomes of a flow ---- */

uint8_t tighten_loose_priority(const struct tightening *t, enum rw_nic_type nic_type, uint8_t family,
			       uint16_t protocol)
{
	uint8_t strongest = 0;

	for (size_t i = 0; i < t->loose.count; i++) {
		const struct rw_rule *rule = *(const struct rw_rule **)rw_vec_at(&t->loose, i);

		if (rule->nic_type != nic_type || rule->object.cidr.address.family != family ||
		    (rule->protocol != RW_PROTOCOL_ALL && rule->protocol != protocol))
			continue;
		if (!strongest || rule->priority < strongest)
			strongest = rule->priority;
	}
	return strongest;
}

bool tighten_is_ssh(const struct tightening *t, uint16_t protocol, uint16_t port)
{
	for (size_t i = 0; protocol == RW_PROTOCOL_TCP && i < t->ssh_port_count; i++)
		if (t->ssh_ports[i] == port)
			return true;
	return false;
}

static bool is_named(const struct rw_tighten_service *services, size_t count, uint16_t protocol,
		     uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (services[i].protocol == protocol && rw_ports_contains(services[i].ports, port))
			return true;
	return false;
}

static const struct rw_load_balancer *find_balancer(const struct tightening *t, bool kept, uint16_t protocol,
						    uint16_t port)
{
	const struct rw_model *model = t->input->model;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_LOAD_BALANCER); i++) {
		const struct rw_load_balancer *balancer = rw_model_at(model, RW_KIND_LOAD_BALANCER, i);

		if (strcmp(balancer->cluster, t->cluster->id) != 0 || balancer->client_ip_kept != kept)
			continue;
		for (size_t j = 0; j < balancer->listener_count; j++)
			if (balancer->listeners[j].protocol == protocol &&
			    balancer->listeners[j].backend_port == port)
				return balancer;
	}
	return NULL;
}

static bool is_unspecified(const struct rw_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

/* Whether a listener takes packets of a family to 'local' (nullable: not known).  "::" takes both families. */
static bool takes(const struct rw_evidence_listener *listener, uint8_t family, const struct rw_address *local)
{
	const struct rw_address *address = &listener->address;

	if (!address->family || (address->family == 6 && is_unspecified(address)))
		return true;
	if (address->family != family)
		return false;
	return is_unspecified(address) || !local || rw_address_equal(address, local);
}

/* Whether somebody listens where the flow arrived. */
static bool listens_at(const struct rw_evidence_node *seen, const struct rw_evidence_flow *flow)
{
	for (size_t i = 0; i < seen->listeners.count; i++) {
		const struct rw_evidence_listener *listener = rw_vec_at(&seen->listeners, i);

		if (listener->protocol == flow->protocol && listener->port == flow->port &&
		    takes(listener, flow->remote.family, flow->local.family ? &flow->local : NULL))
			return true;
	}
	return false;
}

static bool is_management(const struct tightening *t, const struct rw_address *client)
{
	for (size_t i = 0; i < t->cluster->management_cidr_count; i++)
		if (rw_prefix_contains(&t->cluster->management_cidrs[i], client))
			return true;
	return t->cluster->management_cidr_count == 0;
}

static bool is_of_internet(const struct tightening *t, enum rw_nic_type nic_type,
			   const struct rw_address *client)
{
	if (t->network->kind == RW_NETWORK_CLASSIC && nic_type != RW_NIC_INTERNET)
		return false;
	for (size_t i = 0; i < t->not_internet.count; i++)
		if (rw_prefix_contains(rw_vec_at(&t->not_internet, i), client))
			return false;
	return true;
}

enum fate tighten_fate(const struct tightening *t, const struct rw_evidence_node *seen,
		       enum rw_nic_type nic_type, const struct rw_evidence_flow *flow,
		       const struct rw_load_balancer **ret_balancer)
{
	const struct rw_load_balancer *balancer = NULL;

	if (flow->protocol == RW_PROTOCOL_ICMP || flow->protocol == RW_PROTOCOL_ICMPV6)
		return (flow->protocol == RW_PROTOCOL_ICMP) == (flow->remote.family == 4) ? FATE_ICMP
											  : FATE_OTHER_FAMILY;
	if (!rw_protocol_has_ports(flow->protocol))
		return FATE_NEEDED;
	/* Machines inside that administer the nodes keep their way, whatever the management CIDRs are. */
	if (tighten_is_ssh(t, flow->protocol, flow->port) &&
	    (is_management(t, &flow->remote) || is_of_internet(t, nic_type, &flow->remote)))
		return FATE_MANAGEMENT;
	if (is_named(t->input->closed, t->input->closed_count, flow->protocol, flow->port))
		return FATE_CLOSED;
	if (is_named(t->input->declared, t->input->declared_count, flow->protocol, flow->port) ||
	    find_balancer(t, true, flow->protocol, flow->port))
		return FATE_DECLARED;
	balancer = find_balancer(t, false, flow->protocol, flow->port);
	if (ret_balancer)
		*ret_balancer = balancer;
	if (balancer)
		return FATE_BALANCED;
	if (seen->listeners_known && !flow->answered && !listens_at(seen, flow))
		return FATE_NO_LISTENER;
	return FATE_NEEDED;
}

/* ---- uses ---- */

static int compare_uses(const void *key, const void *element)
{
	const struct use *a = key, *b = element;
	const int orders[] = {(int)b->nic_type - (int)a->nic_type, (int)a->family - (int)b->family,
			      (int)a->protocol - (int)b->protocol, (int)a->port - (int)b->port};

	for (size_t i = 0; i < RW_ARRAY_COUNT(orders); i++)
		if (orders[i])
			return orders[i];
	return 0;
}

/* The use of a port in a table, made when it is not there: lent until the next. */
static int find_use(struct tightening *t, const struct use *key, struct use **ret_use)
{
	size_t place = rw_array_place(t->uses.data, t->uses.count, sizeof(*key), key, compare_uses);
	struct use *all, *added;

	if (place < t->uses.count && compare_uses(key, rw_vec_at(&t->uses, place)) == 0) {
		*ret_use = rw_vec_at(&t->uses, place);
		return 0;
	}
	if (rw_vec_push(&t->uses, &added) < 0)
		return rw_error_oom(t->err);
	all = t->uses.data;
	memmove(&all[place + 1], &all[place], (t->uses.count - 1 - place) * sizeof(*all));
	all[place] = *key;
	all[place].priority = tighten_loose_priority(t, key->nic_type, key->family, key->protocol);
	rw_vec_init(&all[place].objects, sizeof(struct rw_object), 4096);
	rw_vec_init(&all[place].strangers, sizeof(struct rw_address), SIZE_MAX);
	rw_vec_init(&all[place].members, sizeof(struct rw_address), SIZE_MAX);
	*ret_use = &all[place];
	return 0;
}

static const char *process_of(const struct rw_evidence_node *seen, uint16_t protocol, uint16_t port)
{
	for (size_t i = 0; i < seen->listeners.count; i++) {
		const struct rw_evidence_listener *listener = rw_vec_at(&seen->listeners, i);

		if (listener->protocol == protocol && listener->port == port && listener->process[0])
			return listener->process;
	}
	return "";
}

static void note(struct tally *tally, const struct rw_node *node, const struct rw_evidence_node *seen,
		 const struct use *use)
{
	const char *process = process_of(seen, use->protocol, use->port);

	if (!tally->node)
		tally->node = node;
	if (!tally->process[0])
		memcpy(tally->process, process, strnlen(process, sizeof(tally->process) - 1));
}

static bool is_guarded(const struct use *use)
{
	for (size_t i = 0; i < rw_service_count(); i++) {
		struct rw_service service = rw_service_at(i);

		if (service.protocol == use->protocol && rw_ports_contains(service.ports, use->port) &&
		    service.check->severity >= RW_SEVERITY_HIGH)
			return true;
	}
	return false;
}

static int add_flow(struct tightening *t, const struct rw_node *node, const struct rw_evidence_node *seen,
		    enum rw_nic_type nic_type, const struct rw_evidence_flow *flow)
{
	const struct use key = {.nic_type = nic_type,
				.family = flow->remote.family,
				.protocol = flow->protocol,
				.port = rw_protocol_has_ports(flow->protocol) ? flow->port : 0};
	bool of_internet = is_of_internet(t, nic_type, &flow->remote);
	struct use *use;
	int r = find_use(t, &key, &use);

	if (r < 0)
		return r;
	note(&use->tally, node, seen, use);
	use->tally.flows += flow->count ? flow->count : 1;
	use->tally.clients++;
	use->tally.from_internet |= of_internet;
	if (!use->tally.last_client.family || flow->last_ms > use->tally.last_ms) {
		use->tally.last_client = flow->remote;
		use->tally.last_ms = flow->last_ms;
	}
	if (of_internet && rw_protocol_has_ports(flow->protocol) && !is_guarded(use)) {
		use->public = true;
		return 0;
	}
	return use->public ? 0 : use_add_client(t, use, &flow->remote);
}

/* Flows of more clients than were told apart: everybody may be among them. */
static int look_at_many(struct tightening *t, const struct rw_node *node, const struct rw_evidence_node *seen,
			const struct rw_evidence_flow *flow, uint8_t family)
{
	struct rw_evidence_flow one = *flow;
	int r = 0;

	one.remote.family = family;
	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];
		const struct use key = {.nic_type = tighten_table(t, interface),
					.family = family,
					.protocol = flow->protocol,
					.port = flow->port};
		struct use *use;

		if (!tighten_comes_by(node, interface, flow) ||
		    !tighten_loose_priority(t, key.nic_type, family, flow->protocol) ||
		    tighten_is_ssh(t, flow->protocol, flow->port) ||
		    tighten_fate(t, seen, key.nic_type, &one, NULL) != FATE_NEEDED)
			continue;
		r = find_use(t, &key, &use);
		if (r < 0)
			return r;
		note(&use->tally, node, seen, use);
		use->tally.flows += flow->count;
		use->public = true;
	}
	return r;
}

static int look_at_flow(struct tightening *t, const struct rw_node *node, const struct rw_evidence_node *seen,
			const struct rw_policy *before, const struct rw_policy *without,
			const struct rw_evidence_flow *flow)
{
	bool accepted = false;
	int r = 0;

	if (!flow->accepted || flow->direction != RW_DIRECTION_INGRESS)
		return 0;
	if (!flow->remote.family) {
		r = look_at_many(t, node, seen, flow, 4);
		return r < 0 ? r : look_at_many(t, node, seen, flow, 6);
	}
	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];
		enum rw_nic_type table = tighten_table(t, interface);

		if (!tighten_comes_by(node, interface, flow) || !tighten_accepts(before, interface, flow))
			continue;
		accepted = true;
		if (tighten_cuts(before, without, interface, flow) &&
		    tighten_fate(t, seen, table, flow, NULL) == FATE_NEEDED)
			r = add_flow(t, node, seen, table, flow);
	}
	t->plan->observed += accepted;
	return r;
}

/* A port of which nobody knows who uses it, where that was asked for: everybody. */
static int look_at_listener(struct tightening *t, const struct rw_node *node,
			    const struct rw_evidence_node *seen, const struct rw_interface *interface,
			    const struct rw_evidence_listener *listener, uint8_t family)
{
	const struct use key = {.nic_type = tighten_table(t, interface),
				.family = family,
				.protocol = listener->protocol,
				.port = listener->port};
	const struct rw_evidence_flow flow = {.protocol = (uint8_t)listener->protocol,
					      .port = listener->port,
					      .local = listener->address,
					      .remote = {.family = family}};
	struct use *use;
	int r;

	if (!takes(listener, family, NULL) ||
	    (listener->address.family && !is_unspecified(&listener->address) &&
	     !tighten_holds(interface, &listener->address)) ||
	    !tighten_loose_priority(t, key.nic_type, family, listener->protocol) ||
	    tighten_is_ssh(t, listener->protocol, listener->port) ||
	    tighten_fate(t, seen, key.nic_type, &flow, NULL) != FATE_NEEDED)
		return 0;
	r = find_use(t, &key, &use);
	if (r < 0)
		return r;
	note(&use->tally, node, seen, use);
	use->public = true;
	return 0;
}

static int look_at_listeners(struct tightening *t, const struct rw_node *node,
			     const struct rw_evidence_node *seen)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < seen->listeners.count; i++)
		for (size_t j = 0; r == 0 && j < node->interface_count; j++) {
			const struct rw_evidence_listener *listener = rw_vec_at(&seen->listeners, i);

			r = look_at_listener(t, node, seen, &node->interfaces[j], listener, 4);
			if (r == 0)
				r = look_at_listener(t, node, seen, &node->interfaces[j], listener, 6);
		}
	return r;
}

static int look_at_node(struct tightening *t, const struct rw_model *closed, const struct rw_node *node,
			const struct rw_evidence_node *seen)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *without = NULL;
	const struct rw_policy_surroundings surroundings = {0};
	int r = rw_policy_derive(t->input->model, node->id, &surroundings, t->cache, &before, t->err);

	if (r == 0)
		r = rw_policy_derive(closed, node->id, &surroundings, t->cache, &without, t->err);
	for (size_t i = 0; r == 0 && i < seen->flows.count; i++)
		r = look_at_flow(t, node, seen, before, without, rw_vec_at(&seen->flows, i));
	if (r == 0 && !seen->flows_known && t->input->without_flows)
		r = look_at_listeners(t, node, seen);
	return r;
}

/* The model without the loose rules. */
static int close_model(struct tightening *t, struct rw_model **ret_model)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_model_dup(t->input->model);
	RW_CLEANUP(rw_group_unref) struct rw_group *group = rw_group_dup(t->group);
	size_t kept = 0;
	int r;

	if (!model || !group)
		return rw_error_oom(t->err);
	for (size_t i = 0; i < group->rule_count; i++) {
		if (rw_tighten_is_loose(group->rules[i]))
			(void)rw_rule_unref(group->rules[i]);
		else
			group->rules[kept++] = group->rules[i];
	}
	group->rule_count = kept;
	r = rw_model_put(model, RW_KIND_GROUP, RW_TAKE_PTR(group), t->err);
	if (r < 0)
		return r;
	*ret_model = RW_TAKE_PTR(model);
	return 0;
}

int tighten_find_uses(struct tightening *t)
{
	RW_CLEANUP(rw_model_free) struct rw_model *closed = NULL;
	int r = close_model(t, &closed);

	for (size_t i = 0; r == 0 && i < t->node_count; i++) {
		const struct rw_evidence_node *seen = rw_evidence_find(t->input->evidence, t->nodes[i]->id);

		if (seen)
			r = look_at_node(t, closed, t->nodes[i], seen);
	}
	return r;
}
