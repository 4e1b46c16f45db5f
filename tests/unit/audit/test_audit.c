/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "group/edit.h"
#include "wire/findings.h"
#include "wire/model_file.h"
#include "wire/rule_text.h"

/* A model that a test builds by edits, and what the audit says of it. */
struct world {
	struct rw_model *model;
	struct rw_evidence evidence;
	struct rw_audit audit;
	char cluster[RW_ID_SIZE];
	char group[RW_ID_SIZE];
};

static void fill_count(const struct rw_random *random, void *bytes, size_t size)
{
	static uint8_t next;

	(void)random;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = next++;
}
static const struct rw_random counting = {.fill = fill_count};
static const struct rw_edit_context context = {.now_ms = 1000, .author = "test", .random = &counting};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->model = rw_model_new();
	rw_evidence_init(&world->evidence);
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	rw_audit_done(&world->audit);
	rw_evidence_done(&world->evidence);
	rw_model_free(world->model);
	free(world);
	return 0;
}

static void keep(struct world *world, struct rw_draft *draft)
{
	rw_model_free(world->model);
	world->model = rw_draft_dup_model(draft);
	rw_draft_free(draft);
}

struct wish {
	enum rw_network_kind kind;
	enum rw_profile profile;
	enum rw_cluster_type type;
	enum rw_container_network container_network;
	const char *management;
	bool no_web, ipv6;
};

static void add_network(struct rw_draft *draft, const struct wish *wish, char id[RW_ID_SIZE])
{
	struct rw_network *network = rw_network_new();
	const void *made;

	network->name = strdup("main");
	network->kind = wish->kind;
	network->cidrs = calloc(2, sizeof(struct rw_prefix));
	network->cidr_count = wish->ipv6 ? 2 : 1;
	assert_int_equal(rw_prefix_parse("10.0.0.0/16", &network->cidrs[0], NULL), 0);
	assert_int_equal(rw_prefix_parse("fd00::/64", &network->cidrs[1], NULL), 0);
	assert_int_equal(rw_edit_create(draft, RW_KIND_NETWORK, network, &made, NULL), 0);
	strcpy(id, rw_object_id(RW_KIND_NETWORK, made));
}

/* A cluster "demo" as 'ringwall cluster create' makes it. */
static void add_cluster(struct world *world, const struct wish *wish)
{
	struct rw_draft *draft = rw_draft_new(world->model, &context);
	struct rw_cluster_options options = {.no_web = wish->no_web, .ipv6 = wish->ipv6};
	struct rw_cluster *cluster = rw_cluster_new();
	const struct rw_cluster *made;

	add_network(draft, wish, cluster->network);
	cluster->name = strdup("demo");
	cluster->profile = wish->profile;
	cluster->type = wish->type;
	cluster->container_network = wish->container_network;
	cluster->container_cidrs = calloc(1, sizeof(struct rw_prefix));
	cluster->container_cidr_count = 1;
	assert_int_equal(rw_prefix_parse("172.18.0.0/16", cluster->container_cidrs, NULL), 0);
	if (wish->management) {
		cluster->management_cidrs = calloc(1, sizeof(struct rw_prefix));
		cluster->management_cidr_count = 1;
		assert_int_equal(rw_prefix_parse(wish->management, cluster->management_cidrs, NULL), 0);
	}
	assert_int_equal(rw_edit_create_cluster(draft, cluster, &options, &made, NULL), 0);
	strcpy(world->cluster, made->id);
	strcpy(world->group, made->security_group);
	keep(world, draft);
}

/* Puts rules, as texts, into a group; "-" before a text revokes it. */
static void change_rules(struct world *world, const char *const *texts, size_t count)
{
	struct rw_draft *draft = rw_draft_new(world->model, &context);

	for (size_t i = 0; i < count; i++) {
		bool revoke = texts[i][0] == '-';
		RW_CLEANUP(rw_rules_done) struct rw_vec rules;
		struct rw_error err = RW_ERROR_NONE;
		int r;

		rw_vec_init(&rules, sizeof(struct rw_rule *), 100);
		if (rw_rule_text_parse(texts[i] + revoke, NULL, &rules, &err) < 0)
			fail_msg("%s: %s", texts[i], err.text);
		if (revoke) {
			r = rw_edit_revoke_matching(draft, world->group, rules.data, rules.count, NULL, &err);
		} else {
			r = rw_edit_add_rules(draft, world->group, rules.data, rules.count, NULL, &err);
			rules.count = 0;
		}
		if (r < 0)
			fail_msg("%s: %s", texts[i], err.text);
	}
	keep(world, draft);
}
#define RULES(world, ...)                                                                                    \
	change_rules((world), (const char *const[]){__VA_ARGS__},                                            \
		     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void add_node(struct world *world, const char *name, const char *const *addresses, size_t count)
{
	struct rw_draft *draft = rw_draft_new(world->model, &context);
	struct rw_node *node = rw_node_new();

	node->name = strdup(name);
	(void)snprintf(node->id, sizeof(node->id), "n-%s", name);
	strcpy(node->cluster, world->cluster);
	strcpy(node->network, rw_model_find_cluster(world->model, "demo")->network);
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	node->interfaces = calloc(1, sizeof(struct rw_interface));
	node->interface_count = 1;
	node->interfaces->name = strdup("eth0");
	node->interfaces->addresses = calloc(count, sizeof(struct rw_address));
	node->interfaces->address_count = count;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rw_address_parse(addresses[i], &node->interfaces->addresses[i], NULL), 0);
	assert_int_equal(rw_edit_create(draft, RW_KIND_NODE, node, NULL, NULL), 0);
	keep(world, draft);
}
#define NODE(world, name, ...)                                                                               \
	add_node((world), (name), (const char *const[]){__VA_ARGS__},                                        \
		 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Runs the audit and compares it, a line a finding: "high open-ssh: tcp 22 [default]". */
static void expect_with(struct world *world, const struct rw_suppression *suppressions, size_t count,
			const char *expected)
{
	struct rw_audit_input input = {
		.model = world->model,
		.evidence = &world->evidence,
		.suppressions = suppressions,
		.suppression_count = count,
		.now_ms = 5000,
	};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;

	rw_audit_done(&world->audit);
	world->audit = (struct rw_audit){0};
	if (rw_audit_run(&input, &world->audit, &err) < 0)
		fail_msg("%s", err.text);
	rw_buf_init(&text, 1 << 20);
	for (size_t i = 0; i < world->audit.findings.count; i++) {
		const struct rw_finding *finding = rw_vec_at(&world->audit.findings, i);

		(void)rw_buf_append_format(&text, "%s %s: %s%s%s\n",
					   rw_severity_name(finding->check->severity), finding->check->id,
					   finding->detail, finding->is_default ? " [default]" : "",
					   finding->suppressed ? " [suppressed]" : "");
	}
	assert_string_equal(text.data, expected);
}

static void expect(struct world *world, const char *expected)
{
	expect_with(world, NULL, 0, expected);
}

/* What the change from 'before' to the model of now adds, with ports of the witness. */
static void expect_added(struct world *world, const struct rw_model *before, const char *subject,
			 const char *expected)
{
	const struct rw_audit_input input = {
		.model = world->model, .evidence = &world->evidence, .now_ms = 5000, .subject = subject};
	RW_CLEANUP(rw_audit_done) struct rw_audit added = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_audit_added(&input, before, &added, &err) < 0)
		fail_msg("%s", err.text);
	rw_buf_init(&text, 1 << 20);
	for (size_t i = 0; i < added.findings.count; i++) {
		const struct rw_finding *finding = rw_vec_at(&added.findings, i);

		if (finding->check->severity < RW_SEVERITY_HIGH)
			continue;
		(void)rw_buf_append_format(&text, "%s: %s", finding->check->id, finding->detail);
		if (finding->has_witness)
			(void)rw_buf_append_format(&text, " @%u", finding->witness.local_port);
		(void)rw_buf_append_text(&text, "\n");
	}
	assert_string_equal(text.data ? text.data : "", expected);
}

/* ---- fresh clusters ---- */

static void finds_of_a_fresh_standard_cluster_its_default_rules_alone(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){0});
	expect(world, "high open-ssh: tcp 22 (IPv4) [default]\n"
		      "info open-http: tcp 80 (IPv4) [default]\n"
		      "info open-https: tcp 443 (IPv4) [default]\n");
	assert_int_equal(rw_audit_worst(&world->audit), RW_SEVERITY_HIGH);
}

static void finds_nothing_in_a_fresh_cluster_with_management_cidrs_and_without_web(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true, .ipv6 = true});
	expect(world, "");
	assert_int_equal(rw_audit_worst(&world->audit), -1);
}

static void finds_the_same_in_both_families(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.ipv6 = true});
	expect(world, "high open-ssh: tcp 22 [default]\n"
		      "info open-http: tcp 80 [default]\n"
		      "info open-https: tcp 443 [default]\n");
}

static void finds_a_classic_network_and_its_intranet_rules(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.kind = RW_NETWORK_CLASSIC});
	expect(world, "high open-ssh: tcp 22 (IPv4) [default]\n"
		      "medium classic-intranet-open: 3 rules, such as that of 0.0.0.0/0 [default]\n"
		      "medium classic-network: network main [default]\n"
		      "info classic-same-rules: 4 rules, such as that of 0.0.0.0/0 [default]\n"
		      "info open-http: tcp 80 (IPv4) [default]\n"
		      "info open-https: tcp 443 (IPv4) [default]\n");
}

static void finds_a_loose_cluster_open_to_the_internet(void **state)
{
	struct world *world = *state;
	const struct rw_finding *finding;

	add_cluster(world, &(struct wish){.profile = RW_PROFILE_LOOSE});
	expect(world, "critical all-ports-open: tcp 1-65535 (IPv4) [default]\n");
	finding = rw_vec_at(&world->audit.findings, 0);
	assert_true(finding->has_witness);
	assert_int_equal(finding->rule_count, 1);
	assert_string_equal(finding->group, world->group);
}

/* ---- effective exposure ---- */

static void judges_what_is_open_after_all_priorities(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	RULES(world, "allow tcp 6379 from 0.0.0.0/0 priority 5 # x",
	      "drop tcp 6379 from 0.0.0.0/0 priority 4 # x");
	expect(world, "");
	RULES(world, "-drop tcp 6379 from 0.0.0.0/0 priority 4");
	expect(world, "high open-redis: tcp 6379 (IPv4)\n");
}

static void sees_through_an_internet_written_in_parts(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	RULES(world, "allow tcp 5432 from 0.0.0.0/2 # x", "allow tcp 5432 from 64.0.0.0/2 # x",
	      "allow tcp 5432 from 128.0.0.0/1 # x");
	expect(world, "high open-postgresql: tcp 5432 (IPv4)\n"
		      "medium wide-cidr: 3 rules, such as that of 0.0.0.0/2\n");
}

static void tells_wide_ranges_services_and_other_ports_apart(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	RULES(world, "allow tcp 9000-9100 from 0.0.0.0/0 # x", "allow tcp 20000-30000 from 0.0.0.0/0 # x",
	      "allow udp 161 from 0.0.0.0/0 # x", "allow gre from 0.0.0.0/0 # x");
	expect(world,
	       "high open-cassandra: tcp 9042 (IPv4)\n"
	       "high open-kafka: tcp 9092 (IPv4)\n"
	       "high open-mongodb: tcp 27017-27019 (IPv4)\n"
	       "high wide-port-range: tcp 20000-30000 (IPv4)\n"
	       "medium open-snmp: udp 161 (IPv4)\n"
	       "medium port-open: tcp 9000-9041 (IPv4), tcp 9043-9091 (IPv4), tcp 9093-9100 (IPv4), gre "
	       "(IPv4)\n");
}

static void tells_ports_that_only_ipv6_opens(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true, .ipv6 = true});
	NODE(world, "n1", "10.0.0.1", "fd00::1");
	RULES(world, "allow tcp 7777 from ::/0 # x");
	expect(world, "medium ipv6-wider: tcp 7777\nmedium port-open: tcp 7777 (IPv6)\n");
}

static void looks_at_single_rules_too(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	RULES(world, "allow tcp 7777 from 203.112.0.0/15 # x", "allow all from 198.51.100.9/32 # x",
	      "allow tcp 7778 from 192.168.0.0/16 # x", "allow tcp 7779 from 10.0.0.7/32");
	expect(world, "medium all-ports-to-address: 1 rule: 198.51.100.9/32\n"
		      "medium wide-cidr: 1 rule: 203.112.0.0/15\n"
		      "low private-range: 1 rule: 192.168.0.0/16\n"
		      "low single-addresses: 1 rule: 10.0.0.7/32\n"
		      "info no-description: 1 rule: 10.0.0.7/32\n");
}

/* ---- what must stay open ---- */

static void finds_ssh_containers_and_overlay_closed(void **state)
{
	struct world *world = *state;
	struct rw_draft *draft;

	add_cluster(world, &(struct wish){.no_web = true, .type = RW_CLUSTER_SWARM});
	RULES(world, "-allow tcp 22 from 0.0.0.0/0", "-allow all from 172.18.0.0/16",
	      "-allow icmp from 0.0.0.0/0");
	expect(world, "high ssh-blocked: tcp 22\nlow default-missing: all from 172.18.0.0/16\n");
	draft = rw_draft_new(world->model, &context);
	assert_int_equal(rw_edit_set_inner_access(draft, world->group, RW_VERDICT_DROP, NULL), 0);
	keep(world, draft);
	expect(world, "high overlay-closed: udp 4789, 8472 and 51820 from the network, on node a new node\n"
		      "high ssh-blocked: tcp 22\n"
		      "low default-missing: all from 172.18.0.0/16\n"
		      "low icmp-closed: on eth0 of node a new node\n");
}

static void finds_routed_containers_closed(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24",
					  .no_web = true,
					  .container_network = RW_CONTAINER_ROUTED});
	RULES(world, "-allow all from 172.18.0.0/16", "allow tcp 1-65535 from 172.18.0.0/16 # x");
	expect(world, "high containers-closed: all from 172.18.0.0/16\n");
}

static void judges_ports_behind_a_load_balancer(void **state)
{
	struct world *world = *state;
	struct rw_load_balancer *balancer = rw_load_balancer_new();
	struct rw_draft *draft;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	balancer->name = strdup("front");
	strcpy(balancer->cluster, world->cluster);
	balancer->source_cidrs = calloc(1, sizeof(struct rw_prefix));
	balancer->source_cidr_count = 1;
	assert_int_equal(rw_prefix_parse("100.64.0.0/10", balancer->source_cidrs, NULL), 0);
	balancer->listeners = calloc(1, sizeof(struct rw_listener));
	balancer->listener_count = 1;
	balancer->listeners[0] = (struct rw_listener){RW_PROTOCOL_TCP, 80, 18080};
	draft = rw_draft_new(world->model, &context);
	assert_int_equal(rw_edit_create(draft, RW_KIND_LOAD_BALANCER, balancer, NULL, NULL), 0);
	keep(world, draft);
	expect(world, "high balanced-port-closed: tcp 18080 for load balancer front\n");
	RULES(world, "allow tcp 18080 from 0.0.0.0/0 # x");
	expect(world, "medium balanced-port-public: tcp 18080 of load balancer front\n"
		      "medium port-open: tcp 18080 (IPv4)\n");
	RULES(world, "-allow tcp 18080 from 0.0.0.0/0", "allow tcp 18080 from 100.64.0.0/10 # x");
	expect(world, "");
}

/* ---- evidence ---- */

static bool is_unknown(const struct world *world, const char *id)
{
	for (size_t i = 0; i < world->audit.unknown.count; i++)
		if (strcmp(((struct rw_unknown *)rw_vec_at(&world->audit.unknown, i))->check->id, id) == 0)
			return true;
	return false;
}

static void listen_on(struct world *world, const char *node, uint16_t port, const char *process)
{
	struct rw_evidence_node *seen;
	struct rw_evidence_listener *listener;

	assert_int_equal(rw_evidence_add_node(&world->evidence, node, &seen), 0);
	seen->listeners_known = true;
	assert_int_equal(rw_vec_push(&seen->listeners, &listener), 0);
	listener->protocol = RW_PROTOCOL_TCP;
	listener->port = port;
	(void)snprintf(listener->process, sizeof(listener->process), "%s", process);
}

static void never_passes_a_check_without_its_evidence(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24"});
	NODE(world, "n1", "10.0.0.1");
	NODE(world, "n2", "10.0.0.2");
	listen_on(world, "n-n1", 80, "nginx");
	expect(world, "info open-http: tcp 80 (IPv4) [default]\ninfo open-https: tcp 443 (IPv4) [default]\n");
	assert_true(is_unknown(world, "port-without-listener"));
	assert_true(is_unknown(world, "port-without-flows"));
	assert_true(is_unknown(world, "spoofing-router"));
	listen_on(world, "n-n2", 80, "nginx");
	expect(world, "low port-without-listener: tcp 443 (IPv4)\n"
		      "info open-http: tcp 80 (IPv4) [default]\n"
		      "info open-https: tcp 443 (IPv4) [default]\n");
	assert_false(is_unknown(world, "port-without-listener"));
}

static void knows_ports_that_nobody_used_and_routes(void **state)
{
	struct world *world = *state;
	struct rw_evidence_node *seen;
	struct rw_evidence_flow *flow;
	char(*nic)[16];

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24"});
	NODE(world, "n1", "10.0.0.1");
	listen_on(world, "n-n1", 80, "nginx");
	listen_on(world, "n-n1", 443, "nginx");
	assert_int_equal(rw_evidence_add_node(&world->evidence, "n-n1", &seen), 0);
	seen->flows_known = seen->routes_known = true;
	assert_int_equal(rw_vec_push(&seen->flows, &flow), 0);
	*flow = (struct rw_evidence_flow){
		.accepted = true, .protocol = RW_PROTOCOL_TCP, .port = 443, .count = 3};
	assert_int_equal(rw_vec_push(&seen->default_route_nics, &nic), 0);
	strcpy(*nic, "eth0");
	expect(world, "low spoofing-router: node n1\n"
		      "info open-http: tcp 80 (IPv4) [default]\n"
		      "info open-https: tcp 443 (IPv4) [default]\n"
		      "info port-without-flows: tcp 80 (IPv4)\n");
	assert_int_equal(world->audit.unknown.count, 0);
}

static void finds_ssh_where_sshd_is_seen_to_listen(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.no_web = true});
	NODE(world, "n1", "10.0.0.1");
	listen_on(world, "n-n1", 2222, "sshd");
	expect(world, "high open-ssh: tcp 22 (IPv4) [default]\n"
		      "high ssh-blocked: tcp 2222\n"
		      "low port-without-listener: tcp 22 (IPv4)\n");
}

static void tells_listeners_that_ipv4_rules_forget(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true, .ipv6 = true});
	NODE(world, "n1", "10.0.0.1", "fd00::1");
	listen_on(world, "n-n1", 7777, "app");
	RULES(world, "allow tcp 7777 from 0.0.0.0/0 # x");
	expect(world, "medium port-open: tcp 7777 (IPv4)\nlow ipv6-forgotten: tcp 7777\n");
}

/* ---- nodes and groups ---- */

static void tells_nodes_that_only_monitor_and_nodes_without_agent(void **state)
{
	struct world *world = *state;
	struct rw_draft *draft;
	struct rw_node *node;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	NODE(world, "n1", "10.0.0.1");
	NODE(world, "n2", "10.0.0.2");
	draft = rw_draft_new(world->model, &context);
	node = rw_node_dup(rw_model_find_node(world->model, "n1"));
	node->enforcement = RW_MONITOR;
	assert_int_equal(rw_edit_update(draft, RW_KIND_NODE, node, NULL, NULL), 0);
	node = rw_node_dup(rw_model_find_node(world->model, "n2"));
	node->agent = RW_AGENT_NONE;
	assert_int_equal(rw_edit_update(draft, RW_KIND_NODE, node, NULL, NULL), 0);
	keep(world, draft);
	expect(world, "medium not-enforced: node n1\ninfo no-agent: node n2\n");
}

static void add_spare_group(struct world *world)
{
	struct rw_group *group = rw_group_new();
	struct rw_draft *draft = rw_draft_new(world->model, &context);

	group->name = strdup("spare");
	group->description = strdup("");
	strcpy(group->network, rw_model_find_cluster(world->model, "demo")->network);
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, group, NULL, NULL), 0);
	keep(world, draft);
}

static void tells_a_group_that_nobody_uses(void **state)
{
	struct world *world = *state;

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	add_spare_group(world);
	expect(world, "low unused-group: 0 rules\n");
}

static void calls_what_a_rule_names_by_its_name(void **state)
{
	struct world *world = *state;
	char rule[128];

	add_cluster(world, &(struct wish){.management = "203.0.113.0/24", .no_web = true});
	add_spare_group(world);
	(void)snprintf(rule, sizeof(rule), "allow tcp 7777 from group:%s",
		       rw_model_find_group(world->model, "spare")->id);
	RULES(world, rule);
	expect(world, "info no-description: 1 rule: group:spare\n");
}

static void keeps_suppressed_findings_apart_until_they_expire(void **state)
{
	struct world *world = *state;
	struct rw_suppression suppressions[] = {
		{.check = "open-ssh", .subject = "*", .reason = "bastion comes later", .expires_ms = 6000},
		{.check = "open-http", .subject = "*", .reason = "was for a week", .expires_ms = 4000},
	};

	add_cluster(world, &(struct wish){0});
	expect_with(world, suppressions, 2,
		    "high open-ssh: tcp 22 (IPv4) [default] [suppressed]\n"
		    "info open-http: tcp 80 (IPv4) [default]\n"
		    "info open-https: tcp 443 (IPv4) [default]\n");
	assert_int_equal(world->audit.suppressed, 1);
	assert_int_equal(rw_audit_worst(&world->audit), RW_SEVERITY_INFO);
}

static void refuses_a_subject_that_is_not_there(void **state)
{
	struct world *world = *state;
	struct rw_audit_input input = {.model = world->model, .subject = "c1"};
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rw_audit_run(&input, &world->audit, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no cluster or free-standing group c1"));
}

static void tells_what_is_open_to_the_internet(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf json = {0};
	struct world *world = *state;

	rw_buf_init(&json, 65536);
	add_cluster(world, &(struct wish){.ipv6 = true, .no_web = true});
	RULES(world, "allow tcp 12000-12100 from 0.0.0.0/0 priority 5 # x",
	      "allow gre from 0.0.0.0/0 priority 5 # x", "drop tcp 22 from ::/0 priority 1 # x",
	      "allow udp 53 from 198.51.100.0/24 # x");
	expect(world, "high open-ssh: tcp 22 (IPv4) [default]\n"
		      "medium port-open: tcp 12000-12100 (IPv4), gre (IPv4)\n");
	assert_int_equal(rw_summary_encode(&json, &world->audit, NULL), 0);
	assert_non_null(strstr(
		json.data, "{\"protocol\":\"tcp\",\"ports\":\"22/22\",\"service\":\"ssh\",\"ipv4\":true,"
			   "\"ipv6\":false},{\"protocol\":\"tcp\",\"ports\":\"12000/12100\",\"ipv4\":true,"
			   "\"ipv6\":false},{\"protocol\":\"gre\",\"ports\":\"-1/-1\",\"ipv4\":true,"));
	assert_null(strstr(json.data, "53/53"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* ---- what a change adds ---- */

static void tells_only_what_a_change_opens(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_model_free) struct rw_model *before = NULL;

	add_cluster(world, &(struct wish){.kind = RW_NETWORK_VPC});
	NODE(world, "n1", "10.0.0.1");
	before = rw_model_dup(world->model);
	expect_added(world, before, world->cluster, "");
	RULES(world, "allow tcp 22 from 198.51.100.0/24", "allow tcp 8443 from any");
	expect_added(world, before, world->cluster, "");
	RULES(world, "allow tcp 6000-6400 from any");
	expect_added(world, before, world->cluster, "open-redis: tcp 6379 @6379\n");
	/* From a quarter of the internet at a time: four of them are everybody. */
	rw_model_free(before);
	before = rw_model_dup(world->model);
	RULES(world, "allow tcp 5432 from 203.0.113.0/24");
	expect_added(world, before, world->cluster, "");
	RULES(world, "allow tcp 5432 from 64.0.0.0/2");
	expect_added(world, before, world->cluster, "open-postgresql: tcp 5432 (IPv4) @5432\n");
}

static void narrowing_adds_nothing(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_model_free) struct rw_model *before = NULL;

	/* Everything is open, which hides all else; afterwards single ports are, which were before. */
	add_cluster(world, &(struct wish){.kind = RW_NETWORK_VPC, .profile = RW_PROFILE_LOOSE});
	RULES(world, "allow tcp 22 from any", "allow tcp 6379 from any", "allow tcp 30000-32767 from any");
	before = rw_model_dup(world->model);
	RULES(world, "-allow all from 0.0.0.0/0");
	expect_added(world, before, world->cluster, "");
	/* One family of two goes: the finding reads otherwise and is not new. */
	rw_model_free(before);
	before = rw_model_dup(world->model);
	RULES(world, "-allow tcp 6379 from ::/0");
	expect_added(world, before, world->cluster, "");
	RULES(world, "-allow tcp 6379 from 0.0.0.0/0", "allow tcp 6379 from ::/0", "allow tcp 23 from any");
	expect_added(world, before, world->cluster, "open-telnet: tcp 23 @23\n");
}

static void a_port_that_joins_two_ranges_makes_them_wide(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_model_free) struct rw_model *before = NULL;

	add_cluster(world, &(struct wish){.kind = RW_NETWORK_VPC, .no_web = true});
	RULES(world, "allow tcp 40000-40599 from any", "allow tcp 40601-41200 from any");
	before = rw_model_dup(world->model);
	RULES(world, "allow tcp 40600 from any");
	expect_added(world, before, world->cluster, "wide-port-range: tcp 40000-41200 @40600\n");
}

static void revoking_a_drop_opens(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_model_free) struct rw_model *before = NULL;

	add_cluster(world, &(struct wish){.kind = RW_NETWORK_VPC});
	RULES(world, "allow tcp 3306 from any priority 5", "drop tcp 3306 from any");
	before = rw_model_dup(world->model);
	RULES(world, "-drop tcp 3306 from any");
	expect_added(world, before, world->cluster, "open-mysql: tcp 3306 @3306\n");
}

static void tells_what_a_change_closes(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_model_free) struct rw_model *before = NULL;

	add_cluster(world, &(struct wish){.kind = RW_NETWORK_VPC, .container_network = RW_CONTAINER_ROUTED});
	NODE(world, "n1", "10.0.0.1");
	before = rw_model_dup(world->model);
	RULES(world, "-allow tcp 22 from 0.0.0.0/0", "-allow all from 172.18.0.0/16");
	expect_added(world, before, world->cluster,
		     "containers-closed: all from 172.18.0.0/16\nssh-blocked: tcp 22\n");
}

/* A second node joins a group that opens a port: the first is in it already and hides nothing. */
static void sees_the_node_that_joins(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_model_free) struct rw_model *before = NULL;
	struct rw_draft *draft;
	struct rw_group *group;
	const struct rw_group *made;
	struct rw_rule *rule;

	add_cluster(world, &(struct wish){.kind = RW_NETWORK_VPC});
	NODE(world, "n1", "10.0.0.1");
	NODE(world, "n2", "10.0.0.2");
	draft = rw_draft_new(world->model, &context);
	group = rw_group_new();
	group->name = strdup("data");
	strcpy(group->network, rw_model_find_cluster(world->model, "demo")->network);
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, group, (const void **)&made, NULL), 0);
	rule = rw_rule_new();
	rule->policy = RW_VERDICT_ACCEPT;
	rule->protocol = RW_PROTOCOL_TCP;
	rule->ports = (struct rw_ports){3306, 3306};
	rule->object.cidr.address.family = 4;
	assert_int_equal(rw_edit_add_rules(draft, "data", &rule, 1, NULL, NULL), 0);
	assert_int_equal(rw_edit_join(draft, "n1", NULL, "data", NULL), 0);
	keep(world, draft);
	before = rw_model_dup(world->model);
	draft = rw_draft_new(world->model, &context);
	assert_int_equal(rw_edit_join(draft, "n2", NULL, "data", NULL), 0);
	keep(world, draft);
	expect_added(world, before, world->cluster, "open-mysql: tcp 3306 (IPv4) @3306\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_of_a_fresh_standard_cluster_its_default_rules_alone),
		TEST(finds_nothing_in_a_fresh_cluster_with_management_cidrs_and_without_web),
		TEST(finds_the_same_in_both_families),
		TEST(finds_a_classic_network_and_its_intranet_rules),
		TEST(finds_a_loose_cluster_open_to_the_internet),
		TEST(judges_what_is_open_after_all_priorities),
		TEST(sees_through_an_internet_written_in_parts),
		TEST(tells_wide_ranges_services_and_other_ports_apart),
		TEST(tells_ports_that_only_ipv6_opens),
		TEST(looks_at_single_rules_too),
		TEST(finds_ssh_containers_and_overlay_closed),
		TEST(finds_routed_containers_closed),
		TEST(judges_ports_behind_a_load_balancer),
		TEST(never_passes_a_check_without_its_evidence),
		TEST(knows_ports_that_nobody_used_and_routes),
		TEST(finds_ssh_where_sshd_is_seen_to_listen),
		TEST(tells_listeners_that_ipv4_rules_forget),
		TEST(tells_nodes_that_only_monitor_and_nodes_without_agent),
		TEST(tells_a_group_that_nobody_uses),
		TEST(calls_what_a_rule_names_by_its_name),
		TEST(keeps_suppressed_findings_apart_until_they_expire),
		TEST(refuses_a_subject_that_is_not_there),
		TEST(tells_what_is_open_to_the_internet),
		TEST(tells_only_what_a_change_opens),
		TEST(narrowing_adds_nothing),
		TEST(a_port_that_joins_two_ranges_makes_them_wide),
		TEST(revoking_a_drop_opens),
		TEST(tells_what_a_change_closes),
		TEST(sees_the_node_that_joins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
