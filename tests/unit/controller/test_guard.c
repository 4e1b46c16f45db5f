/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "controller/preview.h"

static struct fixture fx;
static struct rw_change_result result;

/* In group sg-free of n-free (10.0.0.9): rule sgr-ssh, SSH from everywhere. */
static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	fixture_add_rule(&fx, "sg-free", "sgr-ssh in accept tcp 22/22 0.0.0.0/0 50");
	result = (struct rw_change_result){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rw_change_result_done(&result);
	fixture_done(&fx);
	return 0;
}

static int try_force(struct step step, unsigned int force)
{
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_change_result_done(&result);
	r = fixture_run(fx.controller, &fx.alice, step, force, &result, &err);
	if (r < 0)
		fail_msg("%s: %s", err.field, err.text);
	return r;
}

static int try_add(const char *text)
{
	return try_force((struct step){STEP_ADD_RULE, .reference = "sg-free", .text = text}, 0);
}

static int try_revoke(const char *rule)
{
	return try_force((struct step){STEP_REVOKE, .reference = "sg-free", .text = rule}, 0);
}

static void close_inner_access(void)
{
	struct rw_group *group =
		rw_group_dup(rw_model_find_group(rw_controller_model(fx.controller), "sg-free"));

	group->inner_access = RW_VERDICT_DROP;
	fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_GROUP, .object = group});
	(void)rw_group_unref(group);
}

static void refuses_to_close_ssh_for_everybody(void **state)
{
	(void)state;
	close_inner_access();
	assert_int_equal(try_revoke("sgr-ssh"), RW_CHANGE_GUARDED);
	assert_int_equal(result.finding_count, 1);
	assert_int_equal(result.findings[0].guard, RW_GUARD_MANAGEMENT_SSH);
	assert_string_equal(result.findings[0].node, "n-free");
	assert_string_equal(result.findings[0].cause, "default");
	assert_non_null(strstr(result.findings[0].detail, "sgr-ssh"));
	assert_int_equal(rw_model_find_group(rw_controller_model(fx.controller), "sg-free")->rule_count, 1);
}

static void names_the_rule_that_drops(void **state)
{
	(void)state;
	close_inner_access();
	assert_int_equal(try_add("sgr-no in drop all -1/-1 0.0.0.0/0 1"), RW_CHANGE_GUARDED);
	assert_string_equal(result.findings[0].cause, "sgr-no");
}

static void makes_the_change_when_forced_and_logs_it(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

	(void)state;
	close_inner_access();
	assert_int_equal(try_force((struct step){STEP_REVOKE, .reference = "sg-free", .text = "sgr-ssh"},
				   RW_GUARD_BIT(RW_GUARD_CALLER_PATH)),
			 RW_CHANGE_GUARDED);
	assert_int_equal(try_force((struct step){STEP_REVOKE, .reference = "sg-free", .text = "sgr-ssh"},
				   RW_GUARD_BIT(RW_GUARD_MANAGEMENT_SSH)),
			 0);
	assert_int_equal(rw_audit_list(fx.controller, 0, 1, &page, NULL), 0);
	assert_non_null(strstr(page.records[0].json, "\"forced\":[\"management-ssh\"]"));
}

static void is_content_with_one_source_that_is_left(void **state)
{
	(void)state;
	close_inner_access();
	assert_int_equal(try_add("- in accept tcp 22/22 198.51.100.7/32 2"), 0);
	assert_int_equal(try_revoke("sgr-ssh"), 0);
}

/* Every address but one is dropped: the one is found between two prefixes, where no rule begins. */
static void finds_the_last_address_that_is_left(void **state)
{
	char text[80];

	(void)state;
	close_inner_access();
	/* 198.51.100.7 is left out by the 32 prefixes that are its siblings. */
	for (unsigned int bits = 32; bits > 1; bits--) {
		uint32_t address = (198u << 24 | 51u << 16 | 100u << 8 | 7u) ^ (1u << (32 - bits));

		address &= bits == 32 ? ~0u : ~((1u << (32 - bits)) - 1);
		(void)snprintf(text, sizeof(text), "- in drop tcp 22/22 %u.%u.%u.%u/%u 1", address >> 24,
			       address >> 16 & 255, address >> 8 & 255, address & 255, bits);
		assert_int_equal(try_add(text), 0);
	}
	assert_int_equal(try_add("- in drop tcp 22/22 0.0.0.0/1 1"), 0);
	assert_int_equal(try_add("- in drop tcp 22/22 198.51.100.7/32 1"), RW_CHANGE_GUARDED);
}

static void counts_reported_ssh_ports(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;

	(void)state;
	close_inner_access();
	rw_report_init(&report);
	report.state = RW_AGENT_STATE_OK;
	report.ssh_ports = calloc(1, sizeof(uint16_t));
	report.ssh_ports[report.ssh_port_count++] = 2222;
	fixture_add_rule(&fx, "sg-free", "sgr-alt in accept tcp 2222/2222 0.0.0.0/0");
	assert_int_equal(rw_session_report(fx.controller, "n-free", &report, &fx.alice.address, NULL), 0);
	assert_int_equal(try_revoke("sgr-ssh"), 0);
	assert_int_equal(try_revoke("sgr-alt"), RW_CHANGE_GUARDED);
	fixture_restart(&fx); /* what was reported is still known */
	assert_int_equal(try_revoke("sgr-alt"), RW_CHANGE_GUARDED);
}

static void inner_access_alone_is_no_way_in(void **state)
{
	(void)state;
	fixture_create(&fx, RW_KIND_NODE, world_node("n-friend", "vpc-1", "", "sg-free", "10.0.0.10"));
	assert_int_equal(try_revoke("sgr-ssh"), RW_CHANGE_GUARDED);
}

static void leaves_out_what_was_closed_before(void **state)
{
	(void)state;
	close_inner_access();
	fixture_revoke(&fx, "sg-free", "sgr-ssh");
	assert_int_equal(try_add("- in accept tcp 80/80 0.0.0.0/0"), 0);
	assert_int_equal(try_add("- in drop tcp 22/22 0.0.0.0/0"), 0);
}

static void asks_for_each_family_that_the_node_has(void **state)
{
	struct rw_network *network;

	(void)state;
	network = rw_network_dup(rw_model_find_network(rw_controller_model(fx.controller), "vpc-1"));
	network->cidrs = realloc(network->cidrs, 2 * sizeof(*network->cidrs));
	network->cidrs[network->cidr_count++] = world_prefix("2001:db8::/32");
	fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_NETWORK, .object = network});
	(void)rw_network_unref(network);
	close_inner_access();
	fixture_add_rule(&fx, "sg-free", "sgr-6 in accept tcp 22/22 ::/0");
	assert_int_equal(try_revoke("sgr-6"), 0); /* no node has an IPv6 address */
	fixture_add_rule(&fx, "sg-free", "sgr-6 in accept tcp 22/22 ::/0");
	fixture_create(&fx, RW_KIND_NODE,
		       world_node("n-six", "vpc-1", "", "sg-free", "10.0.0.66,2001:db8::66"));
	assert_int_equal(try_revoke("sgr-6"), RW_CHANGE_GUARDED);
	assert_string_equal(result.findings[0].node, "n-six");
	assert_non_null(strstr(result.findings[0].detail, "IPv6"));
}

static void enforcement_that_begins_is_guarded(void **state)
{
	struct rw_node *node;

	(void)state;
	close_inner_access();
	node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-free"));
	node->enforcement = RW_MONITOR;
	fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_NODE, .object = node});
	(void)rw_node_unref(node);
	assert_int_equal(try_revoke("sgr-ssh"), 0); /* nothing is dropped there */
	node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-free"));
	node->enforcement = RW_ENFORCE;
	assert_int_equal(try_force((struct step){STEP_UPDATE, RW_KIND_NODE, .object = node}, 0),
			 RW_CHANGE_GUARDED);
	(void)rw_node_unref(node);
}

static int set_enforcement(enum rw_enforcement enforcement, unsigned int force)
{
	struct rw_node *node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-free"));
	int r;

	node->enforcement = enforcement;
	r = try_force((struct step){STEP_UPDATE, RW_KIND_NODE, .object = node}, force);
	(void)rw_node_unref(node);
	return r;
}

/* A monitored node reports connections to port 2222, which no rule opens: sessions and another. */
static void report_some_sessions(size_t count)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	struct rw_address somewhere = world_address("10.0.0.9");
	struct rw_report_connection *connection;

	rw_report_init(&report);
	report.state = RW_AGENT_STATE_MONITORED;
	report.would_drops[RW_CAUSE_DEFAULT] = 7;
	report.connections = calloc(count + 1, sizeof(*report.connections));
	report.connection_count = count + 1;
	report.connections_cut = count + 1;
	for (size_t i = 0; i <= count; i++) {
		connection = &report.connections[i];
		(void)strcpy(connection->interface, "eth0");
		connection->local = world_address("10.0.0.9");
		connection->remote = world_address("203.0.113.7");
		connection->local_port = 2222;
		connection->remote_port = (uint16_t)(40000 + i);
		connection->ssh = i < count;
	}
	assert_int_equal(rw_session_report(fx.controller, "n-free", &report, &somewhere, NULL), 0);
}

static void report_sessions(void)
{
	report_some_sessions(1);
}

static void refuses_to_begin_by_cutting_a_live_ssh_session(void **state)
{
	RW_CLEANUP(rw_node_preview_done) struct rw_node_preview preview = {0};
	RW_CLEANUP(rw_change_result_done) struct rw_change_result tried = {0};

	(void)state;
	close_inner_access();
	assert_int_equal(set_enforcement(RW_MONITOR, 0), 0);
	report_sessions();
	assert_int_equal(rw_preview_guards(fx.controller, &fx.alice, RW_KIND_NODE, "n-free", &tried, NULL),
			 0);
	assert_int_equal(tried.finding_count, 1);
	assert_int_equal(set_enforcement(RW_ENFORCE, 0), RW_CHANGE_GUARDED);
	assert_int_equal(result.finding_count, 1);
	assert_int_equal(result.findings[0].guard, RW_GUARD_SSH_SESSION);
	assert_string_equal(result.findings[0].cause, "default");
	assert_non_null(
		strstr(result.findings[0].detail, "from 203.0.113.7 port 40000 to 10.0.0.9 port 2222"));
	assert_int_equal(rw_node_preview_get(fx.controller, "n-free", &preview, NULL), 0);
	assert_int_equal(preview.policy->enforcement, RW_MONITOR);
	assert_int_equal(preview.connection_count, 2);
	assert_int_equal(preview.would_drops[RW_CAUSE_DEFAULT], 7);
	assert_int_equal(set_enforcement(RW_ENFORCE, RW_GUARD_BIT(RW_GUARD_SSH_SESSION)), 0);
}

/* However many findings of one kind there are: they leave room for the first of every other. */
static void what_is_forced_hides_nothing_else(void **state)
{
	bool told = false;

	(void)state;
	close_inner_access();
	assert_int_equal(set_enforcement(RW_MONITOR, 0), 0);
	assert_int_equal(try_revoke("sgr-ssh"), 0);
	report_some_sessions(RW_GUARD_FINDINGS_MAX + 8);
	assert_int_equal(set_enforcement(RW_ENFORCE, RW_GUARD_BIT(RW_GUARD_SSH_SESSION)), RW_CHANGE_GUARDED);
	for (size_t i = 0; i < result.finding_count; i++)
		told |= result.findings[i].guard == RW_GUARD_MANAGEMENT_SSH;
	assert_true(told);
	assert_int_equal(result.finding_count, RW_GUARD_FINDINGS_MAX + 1);
	assert_int_equal(set_enforcement(RW_ENFORCE, RW_GUARD_BIT(RW_GUARD_SSH_SESSION) |
							     RW_GUARD_BIT(RW_GUARD_MANAGEMENT_SSH)),
			 0);
}

static int set_management(const char *cidr, unsigned int force)
{
	struct rw_cluster *cluster =
		rw_cluster_dup(rw_model_find_cluster(rw_controller_model(fx.controller), "c1"));
	int r;

	free(cluster->management_cidrs);
	cluster->management_cidrs = calloc(1, sizeof(*cluster->management_cidrs));
	cluster->management_cidrs[0] = world_prefix(cidr);
	cluster->management_cidr_count = 1;
	r = try_force((struct step){STEP_UPDATE, RW_KIND_CLUSTER, .object = cluster}, force);
	(void)rw_cluster_unref(cluster);
	return r;
}

/* Nodes with IPv4 alone, whose management would be of IPv6 alone: nobody could come in any more. */
static void management_of_a_family_that_no_node_has_is_guarded(void **state)
{
	(void)state;
	assert_int_equal(set_management("203.0.113.0/24", ~0u), 0);
	fixture_add_rule(&fx, "sg-c1", "sgr-no in drop tcp 22/22 0.0.0.0/0 1");
	assert_int_equal(set_management("2001:db8::/32", 0), RW_CHANGE_GUARDED);
	assert_int_equal(result.findings[0].guard, RW_GUARD_MANAGEMENT_SSH);
	assert_non_null(strstr(result.findings[0].detail, "IPv4"));
	/* Where a rule still lets those in that were in before, nothing is lost. */
	fixture_revoke(&fx, "sg-c1", "sgr-no");
	assert_int_equal(set_management("2001:db8::/32", 0), 0);
}

/* The interface stays on the machine, where it would be in no group. */
static void taking_the_interface_out_of_the_record_is_guarded(void **state)
{
	struct rw_node *node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-free"));

	(void)state;
	rw_interface_done(&node->interfaces[0]);
	node->interface_count = 0;
	assert_int_equal(try_force((struct step){STEP_UPDATE, RW_KIND_NODE, .object = node}, 0),
			 RW_CHANGE_GUARDED);
	assert_int_equal(result.findings[0].guard, RW_GUARD_MANAGEMENT_SSH);
	(void)rw_node_unref(node);
}

static void judges_live_sessions_by_the_rules_of_now(void **state)
{
	(void)state;
	close_inner_access();
	assert_int_equal(set_enforcement(RW_MONITOR, 0), 0);
	report_sessions();
	fixture_add_rule(&fx, "sg-free", "sgr-2222 in accept tcp 2222/2222 203.0.113.0/24");
	assert_int_equal(set_enforcement(RW_ENFORCE, 0), 0);
}

/* The host of the controller gives up the address by which the caller came. */
static int move_host(struct rw_node *node, unsigned int force)
{
	node->interfaces[0].addresses[0] = world_address("10.0.0.19");
	return try_force((struct step){STEP_UPDATE, RW_KIND_NODE, .object = node}, force);
}

static void refuses_to_cut_the_caller_off_the_controller(void **state)
{
	struct rw_endpoint endpoint = {world_address("10.0.0.9"), 8443};
	struct rw_node *node;

	(void)state;
	fx.options.endpoints = &endpoint;
	fx.options.endpoint_count = 1;
	fixture_restart(&fx);
	node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-free"));
	assert_int_equal(move_host(node, RW_GUARD_BIT(RW_GUARD_MANAGEMENT_SSH)), RW_CHANGE_GUARDED);
	assert_int_equal(result.findings[0].guard, RW_GUARD_CALLER_PATH);
	assert_string_equal(result.findings[0].node, "n-free");
	assert_int_equal(
		move_host(node, RW_GUARD_BIT(RW_GUARD_MANAGEMENT_SSH) | RW_GUARD_BIT(RW_GUARD_CALLER_PATH)),
		0);
	(void)rw_node_unref(node);
}

static void leaves_callers_alone_who_come_by_another_host(void **state)
{
	struct rw_endpoint endpoint = {world_address("10.0.0.1"), 8443};
	struct rw_node *node;

	(void)state;
	fx.options.endpoints = &endpoint;
	fx.options.endpoint_count = 1;
	fixture_restart(&fx);
	node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-free"));
	assert_int_equal(move_host(node, RW_GUARD_BIT(RW_GUARD_MANAGEMENT_SSH)), 0);
	(void)rw_node_unref(node);
}

/* No rule can close what is failsafe. */
static void hosted_ports_are_failsafe_for_callers(void **state)
{
	struct rw_endpoint endpoint = {world_address("10.0.0.9"), 8443};

	(void)state;
	fx.options.endpoints = &endpoint;
	fx.options.endpoint_count = 1;
	fixture_restart(&fx);
	fixture_add_rule(&fx, "sg-free", "sgr-api in accept tcp 8443/8443 203.0.113.0/24");
	assert_int_equal(try_revoke("sgr-api"), 0);
}

/* What the policy of a node names besides rules. */
static void expect_failsafe(const char *node, size_t hosted_port_count, uint16_t hosted_port,
			    size_t controllers)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	assert_int_equal(
		rw_controller_derive(fx.controller, rw_controller_model(fx.controller), node, &policy, NULL),
		0);
	assert_int_equal(policy->hosted_port_count, hosted_port_count);
	if (hosted_port_count)
		assert_int_equal(policy->hosted_ports[0], hosted_port);
	assert_int_equal(policy->controller_count, controllers);
}

static void what_nodes_host_is_failsafe_on_them_alone(void **state)
{
	const struct rw_endpoint hosted[] = {{world_address("10.0.0.1"), 2379},
					     {world_address("10.0.0.9"), 8443},
					     {world_address("10.0.7.7"), 2380}};

	(void)state;
	fx.options.endpoints = &hosted[1];
	fx.options.endpoint_count = 1;
	fx.options.stores = hosted;
	fx.options.store_count = RW_ARRAY_COUNT(hosted);
	fixture_restart(&fx);
	expect_failsafe("n-free", 1, 8443, RW_ARRAY_COUNT(hosted));
	expect_failsafe("n-1", 1, 2379, RW_ARRAY_COUNT(hosted));
	/* Who hosts nothing needs the controller alone. */
	expect_failsafe("n-2", 0, 0, 1);
}

/* ---- findings that a change adds ---- */

static int try_named(const char *text, const char *force)
{
	struct step step = {STEP_ADD_RULE, .reference = "sg-c1", .text = text};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_change_request request = {
		.actor = &fx.alice, .action = "test", .edit = fixture_edit, .userdata = &step};
	int r;

	rw_change_result_done(&result);
	assert_int_equal(rw_guard_parse(force, &request.force, &err), 0);
	r = rw_change_run(fx.controller, &request, &result, &err);
	if (r < 0)
		fail_msg("%s: %s", err.field, err.text);
	return r;
}

static void refuses_what_opens_data_to_the_internet(void **state)
{
	(void)state;
	assert_int_equal(try_named("sgr-web in accept tcp 443/443 0.0.0.0/0", ""), 0);
	assert_int_equal(result.finding_count, 0);
	assert_int_equal(try_named("sgr-db in accept tcp 5432/5432 0.0.0.0/0", ""), RW_CHANGE_GUARDED);
	assert_int_equal(result.finding_count, 1);
	assert_int_equal(result.findings[0].guard, RW_GUARD_FINDING);
	assert_string_equal(result.findings[0].name, "finding:open-postgresql");
	assert_string_equal(result.findings[0].subject, "c1");
	assert_string_equal(result.findings[0].cause, "sgr-db");
	assert_true(result.findings[0].has_witness);
	assert_int_equal(result.findings[0].witness.local_port, 5432);
	assert_false(result.changed);
	/* The same to a network of people is nobody's business. */
	assert_int_equal(try_named("sgr-db in accept tcp 5432/5432 198.51.100.0/24", ""), 0);
}

static void refuses_what_groups_of_a_node_open_together(void **state)
{
	(void)state;
	fixture_create(&fx, RW_KIND_NODE, world_node("n-both", "vpc-1", "c1", "sg-free", "10.0.0.77"));
	fixture_add_rule(&fx, "sg-free", "sgr-half in accept tcp 5000/6000 8.0.0.0/9");
	assert_int_equal(try_named("sgr-web in accept tcp 3306/3306 8.128.0.0/9", ""), 0);
	assert_int_equal(try_named("sgr-part in accept tcp 5432/5432 8.128.0.0/10", ""), 0);
	assert_int_equal(try_named("sgr-rest in accept tcp 5432/5432 8.128.0.0/9", ""), RW_CHANGE_GUARDED);
	assert_string_equal(result.findings[0].name, "finding:open-postgresql");
}

static void a_finding_is_forced_by_name_and_logged(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};
	const char *text = "sgr-all in accept tcp 5432/6379 0.0.0.0/0";

	(void)state;
	/* Several services: each is named. */
	assert_int_equal(try_named(text, "open-redis"), RW_CHANGE_GUARDED);
	assert_int_equal(try_named(text, "management-ssh,open-postgresql"), RW_CHANGE_GUARDED);
	assert_int_equal(result.finding_count, 4);
	assert_int_equal(try_named(text, "open-redis,finding:open-postgresql,open-vnc,open-elasticsearch"),
			 0);
	assert_int_equal(rw_audit_list(fx.controller, 0, 1, &page, NULL), 0);
	assert_non_null(strstr(page.records[0].json, "finding:open-redis"));
	assert_non_null(strstr(page.records[0].json, "finding:open-postgresql"));
}

static void refuses_a_prefix_list_that_becomes_the_internet(void **state)
{
	struct rw_prefix_list *list = rw_prefix_list_new();
	struct rw_prefix_list *wider;

	(void)state;
	(void)strcpy(list->id, "pl-office");
	list->name = strdup("office");
	list->family = 4;
	list->cidrs = calloc(1, sizeof(struct rw_prefix));
	list->cidr_count = 1;
	assert_int_equal(rw_prefix_parse("198.51.100.0/24", list->cidrs, NULL), 0);
	wider = rw_prefix_list_dup(list);
	fixture_create(&fx, RW_KIND_PREFIX_LIST, list);
	assert_int_equal(try_named("sgr-sql in accept tcp 3306/3306 pl-office", ""), 0);
	assert_int_equal(rw_prefix_parse("0.0.0.0/0", wider->cidrs, NULL), 0);
	assert_int_equal(try_force((struct step){STEP_UPDATE, RW_KIND_PREFIX_LIST, .object = wider}, 0),
			 RW_CHANGE_GUARDED);
	assert_string_equal(result.findings[0].name, "finding:open-mysql");
	(void)rw_prefix_list_unref(wider);
}

static int edit_create_loose(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_cluster_options options = {0};
	struct rw_cluster *cluster = rw_cluster_new();

	(void)userdata;
	cluster->name = strdup("old");
	(void)strcpy(cluster->network, "vpc-1");
	cluster->profile = RW_PROFILE_LOOSE;
	return rw_edit_create_cluster(draft, cluster, &options, NULL, err);
}

static void what_a_cluster_is_born_with_adds_nothing(void **state)
{
	const struct rw_change_request request = {
		.actor = &fx.alice, .action = "create cluster", .edit = edit_create_loose};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_change_run(fx.controller, &request, &result, &err), 0);
	assert_int_equal(result.finding_count, 0);
}

static void icmp_that_closes_is_a_warning(void **state)
{
	const struct rw_group *now = rw_model_find_group(rw_controller_model(fx.controller), "sg-c1");
	struct rw_group *group = rw_group_dup(now);
	char ping[RW_ID_SIZE] = "";

	(void)state;
	for (size_t i = 0; i < now->rule_count; i++)
		if (now->rules[i]->protocol == RW_PROTOCOL_ICMP)
			memcpy(ping, now->rules[i]->id, sizeof(ping));
	group->inner_access = RW_VERDICT_DROP;
	fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_GROUP, .object = group});
	(void)rw_group_unref(group);
	assert_int_equal(try_force((struct step){STEP_REVOKE, .reference = "sg-c1", .text = ping}, 0), 0);
	assert_int_equal(result.finding_count, 1);
	assert_string_equal(result.findings[0].name, "finding:icmp-closed");
	assert_true(result.findings[0].is_warning);
}

static void a_suppressed_finding_refuses_nothing_until_it_expires(void **state)
{
	const char *text = "sgr-db in accept tcp 5432/5432 0.0.0.0/0";
	struct rw_suppression what = {.check = "open-postgresql", .subject = "c1", .reason = "a honeypot"};
	struct rw_error err = RW_ERROR_NONE;
	char id[RW_ID_SIZE];

	(void)state;
	what.expires_ms = rw_clock_realtime_ms(fx.options.clock) + 60000;
	assert_int_equal(rw_suppression_add(fx.controller, &fx.alice, &what, id, &err), 0);
	fixture_restart(&fx);
	assert_int_equal(rw_suppression_count(fx.controller), 1);
	assert_string_equal(rw_suppression_at(fx.controller, 0)->what.reason, "a honeypot");
	assert_int_equal(try_named(text, ""), 0);
	fixture_revoke(&fx, "sg-c1", "sgr-db");
	fixture_pass(&fx, 120000);
	assert_int_equal(try_named(text, ""), RW_CHANGE_GUARDED);
	assert_int_equal(rw_suppression_remove(fx.controller, &fx.alice, id, &err), 0);
	assert_int_equal(rw_suppression_count(fx.controller), 0);
	assert_int_equal(rw_suppression_remove(fx.controller, &fx.alice, id, &err), -ENOENT);
	what.expires_ms = 1;
	assert_int_equal(rw_suppression_add(fx.controller, &fx.alice, &what, id, &err), -EINVAL);
	assert_string_equal(err.field, "expires");
}

/* ---- promises ---- */

static void make_promise(enum rw_verdict policy, const char *from, const char *to, int outcome)
{
	struct rw_promise *promise = rw_promise_new();

	(void)strcpy(promise->id, "pr-1");
	(void)strcpy(promise->network, "vpc-1");
	promise->policy = policy;
	promise->from = world_object(from);
	promise->to = world_object(to);
	promise->protocol = RW_PROTOCOL_TCP;
	promise->ports = (struct rw_ports){8080, 8080};
	promise->reason = strdup("it must");
	assert_int_equal(try_force((struct step){STEP_CREATE, RW_KIND_PROMISE, .object = promise}, 0),
			 outcome);
	(void)rw_promise_unref(promise);
}

static void refuses_what_breaks_a_promise(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

	(void)state;
	make_promise(RW_VERDICT_DROP, "198.51.100.0/24", "10.0.0.9/32", 0);
	assert_int_equal(result.finding_count, 0);
	assert_int_equal(try_add("sgr-8080 in accept tcp 8000/9000 198.51.100.128/25"), RW_CHANGE_GUARDED);
	assert_int_equal(result.finding_count, 1);
	assert_string_equal(result.findings[0].name, "promise:pr-1");
	assert_string_equal(result.findings[0].node, "n-free");
	assert_string_equal(result.findings[0].cause, "sgr-8080");
	assert_true(result.findings[0].has_witness);
	assert_int_equal(result.findings[0].witness.local_port, 8080);
	assert_int_equal(result.findings[0].witness.remote.bytes[3] & 128, 128);
	/* Beside it is allowed; forced it is done and logged; and once broken it stops nobody. */
	assert_int_equal(try_add("sgr-9090 in accept tcp 9090/9090 198.51.100.0/24"), 0);
	{
		struct step step = {STEP_ADD_RULE, .reference = "sg-free",
				    .text = "sgr-8080 in accept tcp 8000/9000 198.51.100.128/25"};
		struct rw_change_request request = {
			.actor = &fx.alice, .action = "test", .edit = fixture_edit, .userdata = &step};

		rw_change_result_done(&result);
		assert_int_equal(rw_guard_parse("promise:pr-1", &request.force, NULL), 0);
		assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	}
	assert_int_equal(rw_audit_list(fx.controller, 0, 1, &page, NULL), 0);
	assert_non_null(strstr(page.records[0].json, "\"forced\":[\"promise:pr-1\"]"));
	assert_int_equal(try_add("sgr-more in accept tcp 8080/8080 198.51.100.0/25"), 0);
}

static void a_promise_that_does_not_hold_is_made_with_a_warning(void **state)
{
	(void)state;
	make_promise(RW_VERDICT_ACCEPT, "198.51.100.0/24", "10.0.0.9/32", 0);
	assert_int_equal(result.finding_count, 1);
	assert_true(result.findings[0].is_warning);
	assert_string_equal(result.findings[0].cause, "default");
}

static void parses_lists_of_guards(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_guard_force force = {0};

	(void)state;
	assert_int_equal(rw_guard_parse("management-ssh", &force, &err), 0);
	assert_int_equal(force.bits, 1);
	assert_int_equal(rw_guard_parse("caller-path,management-ssh", &force, &err), 0);
	assert_int_equal(force.bits, 3);
	assert_int_equal(rw_guard_parse("all", &force, &err), -EINVAL);
	assert_string_equal(err.field, "force");
	/* Findings by the name of their check, once each, and never all at once. */
	assert_int_equal(rw_guard_parse("finding:open-ssh,open-ssh,open-redis", &force, &err), 0);
	assert_int_equal(force.name_count, 2);
	assert_string_equal(force.names[1], "finding:open-redis");
	assert_int_equal(rw_guard_parse("finding", &force, &err), -EINVAL);
	assert_int_equal(rw_guard_parse("finding:open-sesame", &force, &err), -EINVAL);
	assert_int_equal(force.name_count, 2);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(refuses_to_close_ssh_for_everybody),
		T(names_the_rule_that_drops),
		T(makes_the_change_when_forced_and_logs_it),
		T(is_content_with_one_source_that_is_left),
		T(finds_the_last_address_that_is_left),
		T(counts_reported_ssh_ports),
		T(inner_access_alone_is_no_way_in),
		T(leaves_out_what_was_closed_before),
		T(asks_for_each_family_that_the_node_has),
		T(enforcement_that_begins_is_guarded),
		T(refuses_to_begin_by_cutting_a_live_ssh_session),
		T(what_is_forced_hides_nothing_else),
		T(management_of_a_family_that_no_node_has_is_guarded),
		T(taking_the_interface_out_of_the_record_is_guarded),
		T(judges_live_sessions_by_the_rules_of_now),
		T(refuses_to_cut_the_caller_off_the_controller),
		T(leaves_callers_alone_who_come_by_another_host),
		T(hosted_ports_are_failsafe_for_callers),
		T(what_nodes_host_is_failsafe_on_them_alone),
		T(refuses_what_opens_data_to_the_internet),
		T(refuses_what_groups_of_a_node_open_together),
		T(a_finding_is_forced_by_name_and_logged),
		T(refuses_a_prefix_list_that_becomes_the_internet),
		T(what_a_cluster_is_born_with_adds_nothing),
		T(icmp_that_closes_is_a_warning),
		T(a_suppressed_finding_refuses_nothing_until_it_expires),
		T(refuses_what_breaks_a_promise),
		T(a_promise_that_does_not_hold_is_made_with_a_warning),
		T(parses_lists_of_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
