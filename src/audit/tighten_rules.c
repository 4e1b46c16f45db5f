/* SPDX-License-Identifier: Apache-2.0 */

/* The rules that a plan adds, each with its evidence. */

#include <stdio.h>
#include <string.h>

#include "audit/tighten_internal.h"

static const struct rw_prefix anywhere[] = {{.address = {.family = 4}}, {.address = {.family = 6}}};

void tighten_rule_done(struct rw_tighten_rule *opened)
{
	opened->rule = rw_rule_unref(opened->rule);
}

/* What a rule shall accept. */
struct wish {
	enum rw_tighten_step_kind step;
	enum rw_tighten_reason reason;
	enum rw_nic_type nic_type;
	uint16_t protocol;
	struct rw_ports ports;
	struct rw_object object;
	uint8_t priority;
	const struct tally *tally; /* nullable */
	const char *why;           /* NULL = from the tally */
};

/* ---- rules that are there ---- */

static bool covers_object(const struct rw_object *wide, const struct rw_object *narrow)
{
	if (wide->kind != narrow->kind)
		return false;
	return wide->kind == RW_OBJECT_CIDR ? rw_prefix_covers(&wide->cidr, &narrow->cidr)
					    : strcmp(wide->id, narrow->id) == 0;
}

/* True when 'rule' accepts, as strongly, all that the wish asks for. */
static bool grants(const struct rw_rule *rule, const struct wish *wish)
{
	return rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
	       rule->nic_type == wish->nic_type && rule->priority <= wish->priority &&
	       rule->local_cidr.address.family == 0 && rw_ports_is_any(rule->source_ports) &&
	       (rule->protocol == RW_PROTOCOL_ALL || rule->protocol == wish->protocol) &&
	       rule->ports.first <= wish->ports.first && rule->ports.last >= wish->ports.last &&
	       covers_object(&rule->object, &wish->object);
}

static bool is_granted(const struct tightening *t, const struct wish *wish)
{
	for (size_t i = 0; i < t->group->rule_count; i++)
		if (!rw_tighten_is_loose(t->group->rules[i]) && grants(t->group->rules[i], wish))
			return true;
	for (size_t i = 0; i < RW_ARRAY_COUNT(t->opened); i++)
		for (size_t j = 0; j < t->opened[i].count; j++) {
			const struct rw_tighten_rule *opened = rw_vec_at(&t->opened[i], j);

			if (grants(opened->rule, wish))
				return true;
		}
	return false;
}

/* ---- words ---- */

static const char *node_name(const struct tally *tally)
{
	return tally->node ? tally->node->name : "";
}

/* "nginx listens on web-1; 1234 flows of 17 clients, the last from 203.0.113.9" */
static void explain(const struct tally *tally, char text[256])
{
	char client[RW_ADDRESS_TEXT_SIZE] = "";
	int used = 0;

	if (tally->process[0])
		used = snprintf(text, 256, "%s listens on %s; ", tally->process, node_name(tally));
	else if (tally->node)
		used = snprintf(text, 256, "on %s; ", node_name(tally));
	if (!tally->flows) {
		(void)snprintf(text + used, 256 - (size_t)used, "who uses it is not known");
		return;
	}
	if (!tally->last_client.family) {
		(void)snprintf(text + used, 256 - (size_t)used, "%llu flows of many clients",
			       (unsigned long long)tally->flows);
		return;
	}
	rw_address_format(&tally->last_client, client);
	(void)snprintf(text + used, 256 - (size_t)used, "%llu flow%s of %zu client%s%s, the last from %s",
		       (unsigned long long)tally->flows, tally->flows == 1 ? "" : "s", tally->clients,
		       tally->clients == 1 ? "" : "s", tally->from_internet ? ", some from the internet" : "",
		       client);
}

static const char *description_of(enum rw_tighten_reason reason)
{
	static const char *const texts[] = {
		[RW_TIGHTEN_FOR_ICMP] = "ICMP",
		[RW_TIGHTEN_FOR_SSH] = "SSH",
		[RW_TIGHTEN_FOR_CONTAINERS] = "containers",
		[RW_TIGHTEN_FOR_DECLARED] = "declared service",
		[RW_TIGHTEN_FOR_USE] = "seen in use when the cluster was tightened",
		[RW_TIGHTEN_FOR_BALANCER] = "load balancer",
	};

	return texts[reason];
}

/* ---- adding ---- */

static struct rw_rule *make_rule(const struct tightening *t, const struct wish *wish)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();

	if (!rule)
		return NULL;
	rule->direction = RW_DIRECTION_INGRESS;
	rule->nic_type = wish->nic_type;
	rule->policy = RW_VERDICT_ACCEPT;
	rule->protocol = wish->protocol;
	rule->ports = wish->ports;
	rule->object = wish->object;
	rule->priority = wish->priority;
	rule->created_ms = t->input->context->now_ms;
	rule->description = strdup(description_of(wish->reason));
	rule->author = strdup(t->input->context->author ? t->input->context->author : "");
	return rule->description && rule->author ? RW_TAKE_PTR(rule) : NULL;
}

static void fill(struct rw_tighten_rule *opened, const struct wish *wish)
{
	const struct tally *tally = wish->tally;

	opened->reason = wish->reason;
	if (tally) {
		opened->flows = tally->flows;
		opened->clients = tally->clients;
		opened->last_client = tally->last_client;
		opened->last_ms = tally->last_ms;
		if (tally->node)
			memcpy(opened->node, tally->node->id, RW_ID_SIZE);
		memcpy(opened->process, tally->process, sizeof(opened->process));
		explain(tally, opened->why);
	}
	if (wish->why)
		(void)snprintf(opened->why, sizeof(opened->why), "%s", wish->why);
}

static bool is_next_port(const struct rw_tighten_rule *opened, const struct wish *wish)
{
	const struct rw_rule *rule = opened->rule;

	return opened->reason == wish->reason && rule->nic_type == wish->nic_type &&
	       rule->protocol == wish->protocol && rule->priority == wish->priority &&
	       rw_protocol_has_ports(rule->protocol) && rule->ports.last + 1 == wish->ports.first &&
	       covers_object(&rule->object, &wish->object) && covers_object(&wish->object, &rule->object);
}

/* Ports of one process next to each other, used by the same clients, are one rule. */
static bool extend(struct tightening *t, const struct wish *wish)
{
	struct rw_vec *list = &t->opened[wish->step];

	for (size_t i = 0; wish->tally && i < list->count; i++) {
		struct rw_tighten_rule *opened = rw_vec_at(list, i);
		struct tally both = *wish->tally;

		if (!is_next_port(opened, wish))
			continue;
		opened->rule->ports.last = wish->ports.last;
		both.flows += opened->flows;
		both.clients += opened->clients;
		if (opened->last_ms > both.last_ms) {
			both.last_ms = opened->last_ms;
			both.last_client = opened->last_client;
		}
		fill(opened, &(struct wish){.reason = wish->reason, .tally = &both});
		return true;
	}
	return false;
}

static int add(struct tightening *t, const struct wish *wish)
{
	struct rw_tighten_rule *opened;

	if (!wish->priority || is_granted(t, wish) || extend(t, wish))
		return 0;
	if (rw_vec_push(&t->opened[wish->step], &opened) < 0)
		return rw_error_oom(t->err);
	opened->rule = make_rule(t, wish);
	if (!opened->rule)
		return rw_error_oom(t->err);
	fill(opened, wish);
	return 0;
}

/* The wish in a table, from a CIDR, if that table is loose for it. */
static int add_from_cidr(struct tightening *t, struct wish wish, const struct rw_prefix *cidr)
{
	wish.object = (struct rw_object){.kind = RW_OBJECT_CIDR, .cidr = *cidr};
	wish.priority = tighten_loose_priority(t, wish.nic_type, cidr->address.family, wish.protocol);
	return add(t, &wish);
}

static int add_from_anywhere(struct tightening *t, const struct wish *wish)
{
	int r = add_from_cidr(t, *wish, &anywhere[0]);

	return r < 0 ? r : add_from_cidr(t, *wish, &anywhere[1]);
}

/* Runs over the tables: internet first. */
static int for_tables(struct tightening *t, const struct wish *wish,
		      int (*run)(struct tightening *t, const struct wish *wish))
{
	struct wish one = *wish;
	int r = 0;

	if (t->network->kind == RW_NETWORK_CLASSIC) {
		one.nic_type = RW_NIC_INTERNET;
		r = run(t, &one);
	}
	one.nic_type = RW_NIC_INTRANET;
	return r < 0 ? r : run(t, &one);
}

/* ---- ICMP ---- */

static bool is_family_loose(const struct tightening *t, uint8_t family)
{
	for (size_t i = 0; i < t->loose.count; i++)
		if ((*(const struct rw_rule **)rw_vec_at(&t->loose, i))->object.cidr.address.family == family)
			return true;
	return false;
}

/* In every table, also in one that is not loose: nodes and tools need it (semantics 7 and 8). */
static int add_icmp_in(struct tightening *t, const struct wish *wish)
{
	struct wish one = *wish;
	int r = 0;

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(anywhere); i++) {
		uint8_t family = anywhere[i].address.family;

		if (!is_family_loose(t, family))
			continue;
		one.protocol = family == 4 ? RW_PROTOCOL_ICMP : RW_PROTOCOL_ICMPV6;
		one.object = (struct rw_object){.kind = RW_OBJECT_CIDR, .cidr = anywhere[i]};
		one.priority = tighten_loose_priority(t, one.nic_type, family, one.protocol);
		if (!one.priority)
			one.priority = 1;
		r = add(t, &one);
	}
	return r;
}

static int add_icmp(struct tightening *t)
{
	const struct wish wish = {.step = RW_TIGHTEN_ICMP,
				  .reason = RW_TIGHTEN_FOR_ICMP,
				  .ports = RW_PORTS_ANY,
				  .why = "nodes find out about each other and about path MTUs by ICMP"};

	return for_tables(t, &wish, add_icmp_in);
}

/* ---- what is declared ---- */

static int add_ssh_in(struct tightening *t, const struct wish *wish)
{
	const struct rw_cluster *cluster = t->cluster;
	int r = 0;

	if (cluster->management_cidr_count == 0)
		return add_from_anywhere(t, wish);
	for (size_t i = 0; r == 0 && i < cluster->management_cidr_count; i++)
		r = add_from_cidr(t, *wish, &cluster->management_cidrs[i]);
	return r;
}

static int add_ssh(struct tightening *t)
{
	struct wish wish = {.step = RW_TIGHTEN_PORTS,
			    .reason = RW_TIGHTEN_FOR_SSH,
			    .protocol = RW_PROTOCOL_TCP,
			    .why = t->cluster->management_cidr_count
					   ? "SSH is never blocked: from the management CIDRs"
					   : "SSH is never blocked; management CIDRs would narrow it"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->ssh_port_count; i++) {
		wish.ports = (struct rw_ports){t->ssh_ports[i], t->ssh_ports[i]};
		r = for_tables(t, &wish, add_ssh_in);
	}
	return r;
}

static int add_containers(struct tightening *t)
{
	const struct wish wish = {.step = RW_TIGHTEN_PORTS,
				  .reason = RW_TIGHTEN_FOR_CONTAINERS,
				  .nic_type = RW_NIC_INTRANET,
				  .protocol = RW_PROTOCOL_ALL,
				  .ports = RW_PORTS_ANY,
				  .why = "containers are routed: without it they are disconnected"};
	int r = 0;

	if (t->network->kind != RW_NETWORK_VPC || t->cluster->container_network != RW_CONTAINER_ROUTED)
		return 0;
	for (size_t i = 0; r == 0 && i < t->cluster->container_cidr_count; i++)
		r = add_from_cidr(t, wish, &t->cluster->container_cidrs[i]);
	return r;
}

static int add_declared(struct tightening *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->input->declared_count; i++) {
		const struct wish wish = {.step = RW_TIGHTEN_PORTS,
					  .reason = RW_TIGHTEN_FOR_DECLARED,
					  .protocol = t->input->declared[i].protocol,
					  .ports = t->input->declared[i].ports,
					  .why = "declared to be needed directly"};

		r = for_tables(t, &wish, add_from_anywhere);
	}
	return r;
}

/* ---- load balancers ---- */

static int add_kept(struct tightening *t, const struct rw_load_balancer *balancer)
{
	char why[256];
	int r = 0;

	(void)snprintf(why, sizeof(why), "load balancer %s passes its clients' addresses on", balancer->name);
	for (size_t i = 0; r == 0 && i < balancer->listener_count; i++) {
		uint16_t port = balancer->listeners[i].backend_port;
		const struct wish wish = {.step = RW_TIGHTEN_PORTS,
					  .reason = RW_TIGHTEN_FOR_DECLARED,
					  .protocol = balancer->listeners[i].protocol,
					  .ports = {port, port},
					  .why = why};

		r = for_tables(t, &wish, add_from_anywhere);
	}
	return r;
}

static bool is_of_internet(const struct tightening *t, const struct rw_prefix *cidr)
{
	for (size_t i = 0; i < t->not_internet.count; i++)
		if (rw_prefix_overlaps(rw_vec_at(&t->not_internet, i), cidr))
			return false;
	return true;
}

/* A CIDR of the internet comes by the internet table of a classic network, any other by the intranet one. */
static int add_from_source(struct tightening *t, struct wish wish, const struct rw_prefix *source)
{
	wish.nic_type = t->network->kind == RW_NETWORK_CLASSIC && is_of_internet(t, source) ? RW_NIC_INTERNET
											    : RW_NIC_INTRANET;
	return add_from_cidr(t, wish, source);
}

/* A group has addresses of both families, each perhaps with a loose rule of a priority of its own. */
static int add_from_group(struct tightening *t, struct wish wish, const char *group)
{
	int r = 0;

	wish.nic_type = RW_NIC_INTRANET;
	wish.object = (struct rw_object){.kind = RW_OBJECT_GROUP};
	memcpy(wish.object.id, group, strnlen(group, RW_ID_SIZE - 1));
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(anywhere); i++) {
		wish.priority =
			tighten_loose_priority(t, RW_NIC_INTRANET, anywhere[i].address.family, wish.protocol);
		r = add(t, &wish);
	}
	return r;
}

static int add_hidden(struct tightening *t, const struct rw_load_balancer *balancer)
{
	char why[256];
	int r = 0;

	(void)snprintf(why, sizeof(why), "backend port of load balancer %s: its sources, nothing wider",
		       balancer->name);
	for (size_t i = 0; r == 0 && i < balancer->listener_count; i++) {
		uint16_t port = balancer->listeners[i].backend_port;
		const struct wish wish = {.step = RW_TIGHTEN_BALANCERS,
					  .reason = RW_TIGHTEN_FOR_BALANCER,
					  .protocol = balancer->listeners[i].protocol,
					  .ports = {port, port},
					  .why = why};

		if (balancer->source_group[0])
			r = add_from_group(t, wish, balancer->source_group);
		for (size_t j = 0; r == 0 && j < balancer->source_cidr_count; j++)
			r = add_from_source(t, wish, &balancer->source_cidrs[j]);
	}
	return r;
}

static int add_balancers(struct tightening *t, bool kept)
{
	const struct rw_model *model = t->input->model;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_LOAD_BALANCER); i++) {
		const struct rw_load_balancer *balancer = rw_model_at(model, RW_KIND_LOAD_BALANCER, i);

		if (strcmp(balancer->cluster, t->cluster->id) == 0 && balancer->client_ip_kept == kept)
			r = kept ? add_kept(t, balancer) : add_hidden(t, balancer);
	}
	return r;
}

/* ---- what was seen ---- */

/* How many rules may still have a group as object, those that load balancers will need apart. */
static size_t room_for_groups(const struct tightening *t)
{
	const struct rw_limits *limits =
		t->input->context->limits ? t->input->context->limits : &rw_limits_default;
	const struct rw_model *model = t->input->model;
	size_t taken = 0;

	for (size_t i = 0; i < t->group->rule_count; i++)
		taken += t->group->rules[i]->object.kind == RW_OBJECT_GROUP;
	for (size_t i = 0; i < RW_ARRAY_COUNT(t->opened); i++)
		for (size_t j = 0; j < t->opened[i].count; j++) {
			const struct rw_tighten_rule *opened = rw_vec_at(&t->opened[i], j);

			taken += opened->rule->object.kind == RW_OBJECT_GROUP;
		}
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_LOAD_BALANCER); i++) {
		const struct rw_load_balancer *balancer = rw_model_at(model, RW_KIND_LOAD_BALANCER, i);

		/* One for each family, if their loose rules have not the same priority. */
		if (strcmp(balancer->cluster, t->cluster->id) == 0 && balancer->source_group[0])
			taken += 2 * balancer->listener_count;
	}
	return taken < limits->group_rules_per_group ? limits->group_rules_per_group - taken : 0;
}

static int add_use(struct tightening *t, struct use *use)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec objects;
	struct wish wish = {.step = RW_TIGHTEN_PORTS,
			    .reason = RW_TIGHTEN_FOR_USE,
			    .nic_type = use->nic_type,
			    .protocol = use->protocol,
			    .ports = {use->port, use->port},
			    .priority = use->priority,
			    .tally = &use->tally};
	int r;

	rw_vec_init(&objects, sizeof(struct rw_object), SIZE_MAX);
	if (!rw_protocol_has_ports(use->protocol))
		wish.ports = RW_PORTS_ANY;
	r = use_sources(t, use, room_for_groups(t), &objects);
	for (size_t i = 0; r == 0 && i < objects.count; i++) {
		wish.object = *(struct rw_object *)rw_vec_at(&objects, i);
		r = add(t, &wish);
	}
	return r;
}

int tighten_open_rules(struct tightening *t)
{
	int r = add_icmp(t);

	if (r == 0)
		r = add_ssh(t);
	if (r == 0)
		r = add_containers(t);
	if (r == 0)
		r = add_declared(t);
	if (r == 0)
		r = add_balancers(t, true);
	for (size_t i = 0; r == 0 && i < t->uses.count; i++)
		r = add_use(t, rw_vec_at(&t->uses, i));
	return r < 0 ? r : add_balancers(t, false);
}
