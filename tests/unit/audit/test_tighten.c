/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "audit/tighten.h"
#include "base/buf.h"
#include "wire/rule_text.h"

struct scene {
	struct rw_draft *draft;
	struct rw_evidence evidence;
	struct rw_tighten_input input;
	struct rw_tighten_plan plan;
};

/*
 * A cluster c1 (profile loose) with nodes n-1 and n-2: eth0 in the intranet (10.0.0.1, .2), and in a classic
 * network eth1 in the internet; beside it group sg-app with node n-app (10.0.0.9).
 */
static void add_cluster(struct scene *scene, enum rw_network_kind kind, const char *management)
{
	static const char *const names[] = {"n-1", "n-2"}, *const inner[] = {"10.0.0.1", "10.0.0.2"};
	static const char *const outer[] = {"203.0.113.1", "203.0.113.2"};
	struct rw_cluster *cluster = world_cluster("c1", "vpc-1", "172.18.0.0/16");
	struct rw_draft *draft = scene->draft;

	world_create(draft, RW_KIND_NETWORK, world_network("vpc-1", kind, "10.0.0.0/8"));
	world_id(cluster->security_group, "sg-c1");
	cluster->profile = RW_PROFILE_LOOSE;
	world_prefixes(management, &cluster->management_cidrs, &cluster->management_cidr_count);
	world_create(draft, RW_KIND_CLUSTER, cluster);
	for (size_t i = 0; i < 2; i++) {
		struct rw_node *node = world_node(names[i], "vpc-1", "c1", "", inner[i]);

		if (kind == RW_NETWORK_CLASSIC)
			world_interface(node, "eth1", RW_NIC_INTERNET, outer[i]);
		world_create(draft, RW_KIND_NODE, node);
	}
	world_create(draft, RW_KIND_GROUP, world_group("sg-app", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-app", "vpc-1", "", "sg-app", "10.0.0.9"));
}

static int begin(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_model_new();
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->draft = rw_draft_new(model, &world_context);
	rw_evidence_init(&scene->evidence);
	scene->input = (struct rw_tighten_input){.cluster = "c1", .context = &world_context};
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;

	rw_tighten_plan_done(&scene->plan);
	rw_evidence_done(&scene->evidence);
	rw_draft_free(scene->draft);
	free(scene);
	return 0;
}

static struct rw_evidence_node *watch(struct scene *scene, const char *node)
{
	struct rw_evidence_node *seen;

	assert_int_equal(rw_evidence_add_node(&scene->evidence, node, &seen), 0);
	seen->listeners_known = true;
	seen->flows_known = true;
	return seen;
}

static void watch_both(struct scene *scene)
{
	watch(scene, "n-1");
	watch(scene, "n-2");
}

static void listen_on(struct scene *scene, const char *node, uint16_t protocol, uint16_t port,
		      const char *process)
{
	struct rw_evidence_listener *listener;

	assert_int_equal(rw_vec_push(&watch(scene, node)->listeners, &listener), 0);
	listener->protocol = protocol;
	listener->port = port;
	(void)snprintf(listener->process, sizeof(listener->process), "%s", process);
}

static void see(struct scene *scene, const char *node, const char *interface, uint8_t protocol, uint16_t port,
		const char *remote)
{
	struct rw_evidence_flow *flow;

	assert_int_equal(rw_vec_push(&watch(scene, node)->flows, &flow), 0);
	*flow = (struct rw_evidence_flow){.accepted = true,
					  .protocol = protocol,
					  .port = port,
					  .remote = world_address(remote),
					  .count = 2,
					  .last_ms = 1000};
	(void)snprintf(flow->interface, sizeof(flow->interface), "%s", interface);
}

static void balance(struct scene *scene, const char *sources, bool kept, uint16_t backend_port)
{
	struct rw_load_balancer *balancer = rw_load_balancer_new();

	world_id(balancer->id, "lb-1");
	balancer->name = strdup("front");
	world_id(balancer->cluster, "c1");
	balancer->client_ip_kept = kept;
	world_prefixes(sources, &balancer->source_cidrs, &balancer->source_cidr_count);
	balancer->listeners = calloc(1, sizeof(*balancer->listeners));
	balancer->listener_count = 1;
	*balancer->listeners = (struct rw_listener){RW_PROTOCOL_TCP, 80, backend_port};
	world_create(scene->draft, RW_KIND_LOAD_BALANCER, balancer);
}

static int make(struct scene *scene, struct rw_error *err)
{
	rw_tighten_plan_done(&scene->plan);
	scene->input.model = rw_draft_model(scene->draft);
	scene->input.evidence = &scene->evidence;
	return rw_tighten_make(&scene->input, &scene->plan, err);
}

/* ---- the plan as text ---- */

static void put_rule(struct rw_buf *text, char sign, const struct rw_rule *rule)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *plain = rw_rule_dup(rule);

	free(plain->description);
	plain->description = strdup("");
	(void)rw_buf_append_format(text, "  %c ", sign);
	rw_rule_text_format(plain, NULL, text);
	(void)rw_buf_append_text(text, "\n");
}

static void put_step(struct rw_buf *text, const struct rw_tighten_step *step)
{
	char remote[RW_ADDRESS_TEXT_SIZE];

	(void)rw_buf_append_format(text, "%s\n", rw_tighten_step_name(step->kind));
	for (size_t i = 0; i < step->add.count; i++)
		put_rule(text, '+', ((struct rw_tighten_rule *)rw_vec_at(&step->add, i))->rule);
	for (size_t i = 0; i < step->revoke.count; i++)
		put_rule(text, '-', *(struct rw_rule **)rw_vec_at(&step->revoke, i));
	for (size_t i = 0; i < step->refusals.count; i++) {
		const struct rw_tighten_refusal *refusal = rw_vec_at(&step->refusals, i);

		strcpy(remote, "many");
		if (refusal->flow.remote.family)
			rw_address_format(&refusal->flow.remote, remote);
		(void)rw_buf_append_format(text, "  ! %s %s %u from %s: %s\n", refusal->node,
					   refusal->interface, refusal->flow.port, remote, refusal->why);
	}
}

static void expect(struct scene *scene, const char *expected)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (make(scene, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	rw_buf_init(&text, 1 << 20);
	(void)rw_buf_append_format(&text, "%s\n", rw_tighten_state_name(scene->plan.state));
	for (size_t i = 0; i < scene->plan.needs.count; i++) {
		const struct rw_tighten_need *need = rw_vec_at(&scene->plan.needs, i);

		(void)rw_buf_append_format(&text, "  ? %s of %s\n", rw_tighten_need_name(need->kind),
					   need->name);
	}
	for (size_t i = 0; i < scene->plan.steps.count; i++)
		put_step(&text, rw_vec_at(&scene->plan.steps, i));
	assert_string_equal(text.data, expected);
}

static const struct rw_tighten_step *step_at(const struct scene *scene, size_t index)
{
	assert_true(index < scene->plan.steps.count);
	return rw_vec_at(&scene->plan.steps, index);
}

/* ---- the procedure ---- */

static void follows_the_procedure_in_a_classic_network(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_CLASSIC, NULL);
	watch_both(scene);
	balance(scene, "100.64.0.0/10", false, 8080);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 443, "nginx");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 8080, "shop");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 9100, "exporter");
	see(scene, "n-1", "eth1", RW_PROTOCOL_TCP, 443, "198.51.100.7");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 9100, "10.0.0.9");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 8080, "100.64.0.3");
	see(scene, "n-1", "eth0", RW_PROTOCOL_ICMP, 0, "192.168.7.7");
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0 nic internet\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 0.0.0.0/0 nic internet\n"
		      "  + allow tcp 443 from 0.0.0.0/0 nic internet\n"
		      "  + allow tcp 22 from 0.0.0.0/0\n"
		      "  + allow tcp 9100 from group:sg-app\n"
		      "load-balancers\n"
		      "  + allow tcp 8080 from 100.64.0.0/10\n"
		      "close-internet\n"
		      "  - allow all from 0.0.0.0/0 nic internet\n"
		      "close-intranet\n"
		      "  - allow all from 0.0.0.0/0\n");
	assert_int_equal(scene->plan.observed, 4);
}

static void a_vpc_has_one_closing_step(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	listen_on(scene, "n-2", RW_PROTOCOL_TCP, 80, "nginx");
	see(scene, "n-2", "eth0", RW_PROTOCOL_TCP, 80, "198.51.100.7");
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 80 from 0.0.0.0/0\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n");
}

static void a_tightened_cluster_needs_nothing(void **state)
{
	struct scene *scene = *state;
	struct rw_error err = RW_ERROR_NONE;

	add_cluster(scene, RW_NETWORK_CLASSIC, NULL);
	watch_both(scene);
	assert_int_equal(make(scene, &err), 0);
	for (size_t i = 0; i < scene->plan.steps.count; i++)
		assert_int_equal(rw_tighten_apply(scene->draft, "sg-c1", step_at(scene, i), &err), 0);
	expect(scene, "nothing\n");
}

/* ---- what is missing ---- */

static void says_what_it_needs_instead_of_guessing(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	balance(scene, NULL, false, 8080);
	watch(scene, "n-1")->flows_known = false;
	expect(scene, "blocked\n"
		      "  ? flows of n-1\n"
		      "  ? listeners of n-2\n"
		      "  ? flows of n-2\n"
		      "  ? sources of front\n");
}

/* Watching longer would not help. */
static void says_that_services_were_counted_without_a_name(void **state)
{
	struct scene *scene = *state;
	struct rw_evidence_node *seen;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	seen = watch(scene, "n-2");
	seen->flows_known = false;
	seen->flows_cut = true;
	expect(scene, "blocked\n"
		      "  ? flows of n-2\n");
	assert_non_null(
		strstr(((struct rw_tighten_need *)rw_vec_at(&scene->plan.needs, 0))->text, "--since"));
}

static void a_cluster_that_nobody_watched_is_not_planned(void **state)
{
	struct scene *scene = *state;
	struct rw_error err = RW_ERROR_NONE;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	assert_int_equal(rw_edit_delete(scene->draft, RW_KIND_NODE, "n-1", false, &err), 0);
	assert_int_equal(rw_edit_delete(scene->draft, RW_KIND_NODE, "n-2", false, &err), 0);
	expect(scene, "blocked\n  ? nodes of \n");
}

static void a_listener_counts_as_used_by_all_when_told_so(void **state)
{
	struct scene *scene = *state;
	struct rw_evidence_listener *inner;

	add_cluster(scene, RW_NETWORK_CLASSIC, NULL);
	watch_both(scene);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 443, "nginx");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 9100, "exporter");
	inner = rw_vec_at(&watch(scene, "n-1")->listeners, 1);
	inner->address = world_address("10.0.0.1");
	watch(scene, "n-1")->flows_known = false;
	scene->input.without_flows = true;
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0 nic internet\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 0.0.0.0/0 nic internet\n"
		      "  + allow tcp 443 from 0.0.0.0/0 nic internet\n"
		      "  + allow tcp 22 from 0.0.0.0/0\n"
		      "  + allow tcp 443 from 0.0.0.0/0\n"
		      "  + allow tcp 9100 from 0.0.0.0/0\n"
		      "close-internet\n"
		      "  - allow all from 0.0.0.0/0 nic internet\n"
		      "close-intranet\n"
		      "  - allow all from 0.0.0.0/0\n");
}

/* ---- which flows are refused, and why ---- */

static void lists_every_flow_it_refuses_with_the_reason(void **state)
{
	static const struct rw_tighten_service closed[] = {{RW_PROTOCOL_TCP, {6379, 6379}}};
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_CLASSIC, "192.0.2.0/24");
	watch_both(scene);
	balance(scene, "10.0.0.0/24", false, 8080);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 6379, "redis-server");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 8080, "shop");
	see(scene, "n-1", "eth1", RW_PROTOCOL_TCP, 22, "198.51.100.66");
	see(scene, "n-1", "eth1", RW_PROTOCOL_TCP, 23, "198.51.100.66");
	see(scene, "n-1", "eth1", RW_PROTOCOL_TCP, 6379, "198.51.100.66");
	see(scene, "n-1", "eth1", RW_PROTOCOL_TCP, 8080, "198.51.100.66");
	scene->input.closed = closed;
	scene->input.closed_count = 1;
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0 nic internet\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24 nic internet\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "load-balancers\n"
		      "  + allow tcp 8080 from 10.0.0.0/24\n"
		      "close-internet\n"
		      "  - allow all from 0.0.0.0/0 nic internet\n"
		      "  ! n-1 eth1 22 from 198.51.100.66: SSH is for the management CIDRs, and it came from "
		      "elsewhere\n"
		      "  ! n-1 eth1 23 from 198.51.100.66: nobody listens on the port on n-1\n"
		      "  ! n-1 eth1 6379 from 198.51.100.66: the port is to be closed, as asked for\n"
		      "  ! n-1 eth1 8080 from 198.51.100.66: load balancer front serves the port: only its "
		      "sources are "
		      "accepted\n"
		      "close-intranet\n"
		      "  - allow all from 0.0.0.0/0\n");
}

static void ssh_cannot_be_closed(void **state)
{
	static const struct rw_tighten_service closed[] = {{RW_PROTOCOL_TCP, {1, 1024}}};
	struct scene *scene = *state;
	struct rw_error err = RW_ERROR_NONE;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	scene->input.closed = closed;
	scene->input.closed_count = 1;
	assert_int_equal(make(scene, &err), -EINVAL);
	assert_string_equal(err.field, "close");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 2222, "sshd");
	assert_int_equal(make(scene, &err), -EINVAL);
	listen_on(scene, "n-2", RW_PROTOCOL_TCP, 2222, "sshd");
	assert_int_equal(make(scene, &err), 0);
}

/* The rule would be as loose as those that the plan deletes, and each plan would begin with it. */
static void every_port_cannot_be_needed(void **state)
{
	static const struct rw_tighten_service declared[] = {{RW_PROTOCOL_TCP, {1, 65535}}};
	struct scene *scene = *state;
	struct rw_error err = RW_ERROR_NONE;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	scene->input.declared = declared;
	scene->input.declared_count = 1;
	assert_int_equal(make(scene, &err), -EINVAL);
	assert_string_equal(err.field, "need");
}

/* A node whose sshd is not seen, as where systemd listens for it, is reached by port 22. */
static void ssh_stays_open_on_a_node_of_which_its_port_is_not_known(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 2222, "sshd");
	listen_on(scene, "n-2", RW_PROTOCOL_TCP, 22, "systemd");
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 2222 from 192.0.2.0/24\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n");
}

/* Their addresses are not known, but that they come is. */
static void lists_refused_ports_of_many_clients(void **state)
{
	static const struct rw_tighten_service closed[] = {{RW_PROTOCOL_TCP, {9000, 9000}}};
	static const uint16_t ports[] = {22, 23, 9000, 8080};
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	balance(scene, "10.0.0.0/24", false, 8080);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 22, "sshd");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 9000, "old");
	listen_on(scene, "n-2", RW_PROTOCOL_TCP, 22, "sshd");
	for (size_t i = 0; i < RW_ARRAY_COUNT(ports); i++) {
		see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, ports[i], "198.51.100.66");
		((struct rw_evidence_flow *)rw_vec_at(&watch(scene, "n-1")->flows, i))->remote =
			(struct rw_address){0};
	}
	see(scene, "n-2", "eth0", RW_PROTOCOL_ICMP, 0, "198.51.100.66");
	((struct rw_evidence_flow *)rw_vec_at(&watch(scene, "n-2")->flows, 0))->remote =
		(struct rw_address){0};
	scene->input.closed = closed;
	scene->input.closed_count = 1;
	expect(scene,
	       "ready\n"
	       "icmp\n"
	       "  + allow icmp from 0.0.0.0/0\n"
	       "ports\n"
	       "  + allow tcp 22 from 192.0.2.0/24\n"
	       "load-balancers\n"
	       "  + allow tcp 8080 from 10.0.0.0/24\n"
	       "close\n"
	       "  - allow all from 0.0.0.0/0\n"
	       "  ! n-1 eth0 22 from many: SSH is for the management CIDRs, and who came is not known\n"
	       "  ! n-1 eth0 23 from many: nobody listens on the port on n-1\n"
	       "  ! n-1 eth0 9000 from many: the port is to be closed, as asked for\n"
	       "  ! n-1 eth0 8080 from many: load balancer front serves the port: only its sources are "
	       "accepted\n");
}

/*
 * Records tell neither the source port nor, from agents, the node's own address: a rule that asks for these may not be the
 * one that accepted the flow.
 */
static void rules_that_look_closer_than_records_keep_no_flow(void **state)
{
	struct scene *scene = *state;
	struct rw_rule *narrow = world_rule("- in accept tcp 5432/5432 198.51.100.0/24");
	struct rw_rule *other = world_rule("- in accept udp 123/123 0.0.0.0/0");
	struct rw_node *node;
	struct rw_error err = RW_ERROR_NONE;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	node = world_node("n-3", "vpc-1", "c1", "", "10.0.0.3,10.0.0.33");
	world_create(scene->draft, RW_KIND_NODE, node);
	narrow->local_cidr = world_prefix("10.0.0.3/32");
	other->source_ports = (struct rw_ports){123, 123};
	assert_int_equal(rw_edit_add_rules(scene->draft, "sg-c1", &narrow, 1, NULL, &err), 0);
	assert_int_equal(rw_edit_add_rules(scene->draft, "sg-c1", &other, 1, NULL, &err), 0);
	watch_both(scene);
	listen_on(scene, "n-3", RW_PROTOCOL_TCP, 5432, "postgres");
	listen_on(scene, "n-3", RW_PROTOCOL_UDP, 123, "chronyd");
	see(scene, "n-3", "eth0", RW_PROTOCOL_TCP, 5432, "198.51.100.7");
	see(scene, "n-3", "eth0", RW_PROTOCOL_UDP, 123, "10.9.9.9");
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 5432 from 198.51.100.7/32\n"
		      "  + allow udp 123 from 10.0.0.0/8\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n");
}

/* In a VPC one table decides everywhere, also at a NIC that somebody declared to be one of the internet. */
static void a_vpc_has_one_table_whatever_its_nics_are(void **state)
{
	struct scene *scene = *state;
	struct rw_node *node;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	node = world_node("n-3", "vpc-1", "c1", "", "10.0.0.3");
	world_interface(node, "eth1", RW_NIC_INTERNET, "203.0.113.3");
	world_create(scene->draft, RW_KIND_NODE, node);
	watch_both(scene);
	listen_on(scene, "n-3", RW_PROTOCOL_TCP, 8443, "shop");
	see(scene, "n-3", "eth1", RW_PROTOCOL_TCP, 8443, "198.51.100.7");
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 8443 from 0.0.0.0/0\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n");
}

/* ---- sources ---- */

static void data_services_stay_open_to_those_who_used_them_only(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_CLASSIC, "192.0.2.0/24");
	watch_both(scene);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 6379, "redis-server");
	see(scene, "n-1", "eth1", RW_PROTOCOL_TCP, 6379, "198.51.100.7");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 6379, "10.7.7.7");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 6379, "172.18.3.3");
	assert_int_equal(make(scene, NULL), 0);
	assert_int_equal(step_at(scene, 1)->add.count, 4);
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0 nic internet\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24 nic internet\n"
		      "  + allow tcp 6379 from 198.51.100.7/32 nic internet\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 6379 from 10.0.0.0/8\n"
		      "close-internet\n"
		      "  - allow all from 0.0.0.0/0 nic internet\n"
		      "close-intranet\n"
		      "  - allow all from 0.0.0.0/0\n");
}

/* "0.0.0.0" takes IPv4, "::" both families, an address what is sent to it. */
static void a_listener_takes_what_its_address_says(void **state)
{
	static const char *const addresses[] = {"0.0.0.0", "::", "10.0.0.1", "10.0.0.2"};
	struct scene *scene = *state;
	struct rw_evidence_node *seen;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	seen = watch(scene, "n-1");
	for (uint16_t i = 0; i < RW_ARRAY_COUNT(addresses); i++) {
		listen_on(scene, "n-1", RW_PROTOCOL_TCP, 8001 + 2 * i, "service");
		((struct rw_evidence_listener *)rw_vec_at(&seen->listeners, i))->address =
			world_address(addresses[i]);
		see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 8001 + 2 * i, "198.51.100.7");
		((struct rw_evidence_flow *)rw_vec_at(&seen->flows, i))->local = world_address("10.0.0.1");
	}
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 8001 from 0.0.0.0/0\n"
		      "  + allow tcp 8003 from 0.0.0.0/0\n"
		      "  + allow tcp 8005 from 0.0.0.0/0\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n"
		      "  ! n-1 eth0 8007 from 198.51.100.7: nobody listens on the port on n-1\n");
}

/* Published by NAT, nobody of the node listens; and of many clients no address is known. */
static void a_port_that_answers_is_used_though_nobody_listens(void **state)
{
	struct scene *scene = *state;
	struct rw_evidence_node *seen;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 8001, "198.51.100.7");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 8003, "10.0.0.9");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 8005, "198.51.100.7");
	seen = watch(scene, "n-1");
	((struct rw_evidence_flow *)rw_vec_at(&seen->flows, 0))->answered = true;
	((struct rw_evidence_flow *)rw_vec_at(&seen->flows, 1))->answered = true;
	((struct rw_evidence_flow *)rw_vec_at(&seen->flows, 1))->remote = (struct rw_address){0};
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 8001 from 0.0.0.0/0\n"
		      "  + allow tcp 8003 from 0.0.0.0/0\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n"
		      "  ! n-1 eth0 8005 from 198.51.100.7: nobody listens on the port on n-1\n");
}

/* Many single addresses are put together: 24 bits, then 16, then the private range. */
static void many_strangers_become_networks(void **state)
{
	struct scene *scene = *state;
	char address[32];

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	for (uint16_t port = 7001; port <= 7003; port++)
		listen_on(scene, "n-1", RW_PROTOCOL_TCP, port, "peer");
	for (unsigned int i = 1; i <= 20; i++) {
		(void)snprintf(address, sizeof(address), "192.168.%u.%u", i % 2, i);
		see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 7001, address);
		(void)snprintf(address, sizeof(address), "192.168.%u.1", i);
		see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 7002, address);
		(void)snprintf(address, sizeof(address), "172.%u.0.1", i + 40);
		see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 7003, address);
	}
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0\n"
		      "ports\n"
		      "  + allow tcp 22 from 192.0.2.0/24\n"
		      "  + allow tcp 7001 from 192.168.0.0/24\n"
		      "  + allow tcp 7001 from 192.168.1.0/24\n"
		      "  + allow tcp 7002 from 192.168.0.0/16\n"
		      "  + allow tcp 7003 from 0.0.0.0/0\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0\n");
}

static void neighbouring_ports_are_one_rule(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	for (uint16_t port = 5001; port <= 5004; port++) {
		listen_on(scene, "n-1", RW_PROTOCOL_UDP, port, "voice");
		see(scene, "n-1", "", RW_PROTOCOL_UDP, port, "198.51.100.7");
	}
	assert_int_equal(make(scene, NULL), 0);
	assert_int_equal(step_at(scene, 1)->add.count, 2);
	assert_int_equal(((struct rw_tighten_rule *)rw_vec_at(&step_at(scene, 1)->add, 1))->flows, 8);
}

/* ---- drops keep their say ---- */

static void new_rules_take_the_priority_of_the_loose_one(void **state)
{
	struct scene *scene = *state;
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_rule_unref) struct rw_rule *strong = world_rule("- in accept all -1/-1 0.0.0.0/0");
	const struct rw_rule *revoked = strong;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	world_add_rule(scene->draft, "sg-c1", "- in drop tcp 80/80 198.51.0.0/16 20");
	world_add_rule(scene->draft, "sg-c1", "- in accept all -1/-1 0.0.0.0/0 50");
	assert_int_equal(rw_edit_revoke_matching(scene->draft, "sg-c1", &revoked, 1, NULL, &err), 0);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 80, "nginx");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 80, "203.0.113.9");
	expect(scene, "ready\n"
		      "icmp\n"
		      "  + allow icmp from 0.0.0.0/0 priority 50\n"
		      "ports\n"
		      "  + allow tcp 22 from 0.0.0.0/0 priority 50\n"
		      "  + allow tcp 80 from 0.0.0.0/0 priority 50\n"
		      "close\n"
		      "  - allow all from 0.0.0.0/0 priority 50\n");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(step_at(scene, i)->differences.count, 0);
}

/* ---- exposure ---- */

static void tells_what_is_open_before_and_after(void **state)
{
	struct scene *scene = *state;
	const struct rw_tighten_exposure *last;
	const struct rw_audit_open *open;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	assert_int_equal(make(scene, NULL), 0);
	open = rw_vec_at(&scene->plan.exposure.to_internet, 0);
	assert_int_equal(open->protocol, RW_PROTOCOL_ALL);
	last = &step_at(scene, 2)->exposure;
	assert_true(last->v4 < scene->plan.exposure.v4 / 1000);
	assert_int_equal(last->to_internet.count, 2);
	open = rw_vec_at(&last->to_internet, 1);
	assert_string_equal(open->service, "ssh");
	assert_int_equal(step_at(scene, 2)->differences.count, 1);
	assert_false(((struct rw_tighten_difference *)rw_vec_at(&step_at(scene, 2)->differences, 0))
			     ->diff.changes[0]
			     .opens);
	/* Everything is one line, also when that is so in one family only. */
	world_add_rule(scene->draft, "sg-c1", "- in accept tcp 443/443 ::/0");
	assert_int_equal(make(scene, NULL), 0);
	assert_int_equal(scene->plan.exposure.to_internet.count, 2);
}

/* Flows that came since the plan was made, under all of it. */
static void judges_what_came_since(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence since;
	struct scene *scene = *state;
	struct rw_evidence_node *seen;
	struct rw_evidence_flow *flow;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 80, "nginx");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 9100, "exporter");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 80, "198.51.100.7");
	rw_evidence_init(&since);
	assert_int_equal(rw_evidence_add_node(&since, "n-1", &seen), 0);
	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(rw_vec_push(&seen->flows, &flow), 0);
		*flow = (struct rw_evidence_flow){.accepted = true,
						  .protocol = RW_PROTOCOL_TCP,
						  .port = i ? 9100 : 80,
						  .remote = world_address("203.0.113.77")};
	}
	scene->input.staged = &since;
	assert_int_equal(make(scene, NULL), 0);
	assert_int_equal(scene->plan.judged, 2);
	assert_int_equal(scene->plan.would_drop_count, 1);
	assert_int_equal(((struct rw_tighten_refusal *)rw_vec_at(&scene->plan.would_drop, 0))->flow.port,
			 9100);
}

/* A group takes 20 rules with groups as objects: what is used beyond is named by its network. */
static void names_networks_where_groups_are_too_many(void **state)
{
	struct scene *scene = *state;
	size_t groups = 0, networks = 0;
	const struct rw_tighten_step *step;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	for (uint16_t port = 7001; port < 7001 + 2 * 25; port += 2) {
		listen_on(scene, "n-1", RW_PROTOCOL_TCP, port, "service");
		see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, port, "10.0.0.9");
	}
	assert_int_equal(make(scene, NULL), 0);
	step = step_at(scene, 1);
	for (size_t i = 0; i < step->add.count; i++) {
		const struct rw_rule *rule = ((const struct rw_tighten_rule *)rw_vec_at(&step->add, i))->rule;

		groups += rule->object.kind == RW_OBJECT_GROUP;
		networks += rule->object.kind == RW_OBJECT_CIDR && rule->object.cidr.bits == 8;
	}
	assert_int_equal(groups, 20);
	assert_int_equal(networks, 5);
	assert_int_equal(step_at(scene, 2)->refused, 0);
}

/* By the node that was watched shortest: a job that ran before is not in the plan. */
static void tells_since_when_flows_are_known(void **state)
{
	struct scene *scene = *state;

	add_cluster(scene, RW_NETWORK_VPC, NULL);
	watch_both(scene);
	assert_int_equal(make(scene, NULL), 0);
	assert_int_equal(scene->plan.observed_since_ms, 0);
	for (unsigned int i = 0; i < 3; i++) {
		const char *node = i ? "n-2" : "n-1";
		struct rw_evidence_node *seen = watch(scene, node);

		see(scene, node, "eth0", RW_PROTOCOL_TCP, 22, "198.51.100.7");
		((struct rw_evidence_flow *)rw_vec_at(&seen->flows, seen->flows.count - 1))->first_ms =
			(int64_t[]){1000, 9000, 5000}[i];
	}
	assert_int_equal(make(scene, NULL), 0);
	assert_int_equal(scene->plan.observed_since_ms, 5000);
}

static uint64_t digest_of(struct scene *scene, enum rw_tighten_step_kind kind)
{
	assert_int_equal(make(scene, NULL), 0);
	for (size_t i = 0; i < scene->plan.steps.count; i++)
		if (step_at(scene, i)->kind == kind)
			return step_at(scene, i)->digest;
	fail();
	return 0;
}

/* A step has another digest when it would do, or refuse, something else than somebody has seen; not else. */
static void a_digest_tells_whether_a_step_is_still_the_same(void **state)
{
	static const struct rw_tighten_service closed[] = {{RW_PROTOCOL_TCP, {6379, 6379}}};
	struct scene *scene = *state;
	uint64_t ports, closing;

	add_cluster(scene, RW_NETWORK_VPC, "192.0.2.0/24");
	watch_both(scene);
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 443, "nginx");
	listen_on(scene, "n-1", RW_PROTOCOL_TCP, 6379, "redis-server");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 443, "198.51.100.7");
	scene->input.closed = closed;
	scene->input.closed_count = 1;
	ports = digest_of(scene, RW_TIGHTEN_PORTS);
	closing = digest_of(scene, RW_TIGHTEN_CLOSE);
	assert_true(ports != closing);
	/* Another client of what is open to everybody, and one who knocks. */
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 443, "198.51.100.8");
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 23, "198.51.100.66");
	assert_true(digest_of(scene, RW_TIGHTEN_PORTS) == ports);
	assert_true(digest_of(scene, RW_TIGHTEN_CLOSE) == closing);
	/* A service that it cuts, whoever and how many use it. */
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 6379, "198.51.100.7");
	assert_true(digest_of(scene, RW_TIGHTEN_PORTS) == ports);
	assert_true(digest_of(scene, RW_TIGHTEN_CLOSE) != closing);
	closing = digest_of(scene, RW_TIGHTEN_CLOSE);
	see(scene, "n-1", "eth0", RW_PROTOCOL_TCP, 6379, "10.0.0.9");
	assert_true(digest_of(scene, RW_TIGHTEN_CLOSE) == closing);
	/* A service that it opens, and a rule that it deletes. */
	listen_on(scene, "n-2", RW_PROTOCOL_UDP, 514, "rsyslogd");
	see(scene, "n-2", "eth0", RW_PROTOCOL_UDP, 514, "10.0.0.9");
	assert_true(digest_of(scene, RW_TIGHTEN_PORTS) != ports);
	assert_true(digest_of(scene, RW_TIGHTEN_CLOSE) == closing);
	world_add_rule(scene->draft, "sg-c1", "- in accept udp 1/65535 0.0.0.0/0 2");
	assert_true(digest_of(scene, RW_TIGHTEN_CLOSE) != closing);
}

static void reads_services_as_people_write_them(void **state)
{
	static const char *const wrong[] = {"443", "icmp/1", "tcp/0", "tcp/", "tcp/80,", "sctp/80"};
	struct rw_tighten_service services[RW_TIGHTEN_SERVICES_MAX];
	struct rw_error err = RW_ERROR_NONE;
	size_t count = 0;

	(void)state;
	assert_int_equal(
		rw_tighten_services_parse("tcp/443 udp/5000-5010,6000", "need", services, &count, &err), 0);
	assert_int_equal(count, 3);
	assert_true(services[1].protocol == RW_PROTOCOL_UDP && services[1].ports.last == 5010);
	for (size_t i = 0; i < RW_ARRAY_COUNT(wrong); i++) {
		assert_int_equal(rw_tighten_services_parse(wrong[i], "need", services, &count, &err),
				 -EINVAL);
		assert_string_equal(err.field, "need");
	}
	for (int i = 0; i < RW_TIGHTEN_SERVICES_MAX - 3; i++)
		assert_int_equal(rw_tighten_services_parse("tcp/1", "need", services, &count, &err), 0);
	assert_int_equal(rw_tighten_services_parse("tcp/1", "need", services, &count, &err), -EINVAL);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(follows_the_procedure_in_a_classic_network),
		SCENE(a_vpc_has_one_closing_step),
		SCENE(a_tightened_cluster_needs_nothing),
		SCENE(says_what_it_needs_instead_of_guessing),
		SCENE(a_cluster_that_nobody_watched_is_not_planned),
		SCENE(says_that_services_were_counted_without_a_name),
		SCENE(a_listener_counts_as_used_by_all_when_told_so),
		SCENE(lists_every_flow_it_refuses_with_the_reason),
		SCENE(ssh_cannot_be_closed),
		SCENE(every_port_cannot_be_needed),
		SCENE(ssh_stays_open_on_a_node_of_which_its_port_is_not_known),
		SCENE(lists_refused_ports_of_many_clients),
		SCENE(rules_that_look_closer_than_records_keep_no_flow),
		SCENE(a_vpc_has_one_table_whatever_its_nics_are),
		SCENE(data_services_stay_open_to_those_who_used_them_only),
		SCENE(a_listener_takes_what_its_address_says),
		SCENE(a_port_that_answers_is_used_though_nobody_listens),
		SCENE(many_strangers_become_networks),
		SCENE(neighbouring_ports_are_one_rule),
		SCENE(new_rules_take_the_priority_of_the_loose_one),
		SCENE(tells_what_is_open_before_and_after),
		SCENE(judges_what_came_since),
		SCENE(names_networks_where_groups_are_too_many),
		SCENE(tells_since_when_flows_are_known),
		SCENE(a_digest_tells_whether_a_step_is_still_the_same),
		cmocka_unit_test(reads_services_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
