/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "controller/snapshot.h"
#include "policy/evaluate.h"

/* Two controllers with ports of their own, on n-1 and on a machine of no model; a store on n-2 and elsewhere. */
static struct fixture fx;
static struct rw_endpoint endpoints[3];
static struct rw_endpoint stores[4];

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	endpoints[0] = (struct rw_endpoint){world_address("192.0.2.10"), 9443};
	endpoints[1] = (struct rw_endpoint){world_address("10.0.0.1"), 8443};
	endpoints[2] = (struct rw_endpoint){world_address("2001:db8::10"), 9443};
	stores[0] = (struct rw_endpoint){world_address("10.0.0.2"), 2380};
	stores[1] = (struct rw_endpoint){world_address("10.0.0.2"), 2379};
	stores[2] = (struct rw_endpoint){world_address("192.0.2.20"), 2379};
	stores[3] = (struct rw_endpoint){world_address("192.0.2.20"), 2380};
	fx.options.endpoints = endpoints;
	fx.options.endpoint_count = RW_ARRAY_COUNT(endpoints);
	fx.options.stores = stores;
	fx.options.store_count = RW_ARRAY_COUNT(stores);
	fixture_restart(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static struct rw_policy *derive(struct rw_controller *controller, const char *node)
{
	struct rw_policy *policy = NULL;

	assert_int_equal(
		rw_controller_derive(controller, rw_controller_model(controller), node, &policy, NULL), 0);
	return policy;
}

static enum rw_verdict judge(const char *node, enum rw_direction direction, const char *local,
			     const char *remote, uint16_t port)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = derive(fx.controller, node);
	const struct rw_packet packet = {
		.direction = direction,
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local = world_address(local),
		.remote = world_address(remote),
		.local_port = direction == RW_DIRECTION_INGRESS ? port : 40000,
		.remote_port = direction == RW_DIRECTION_INGRESS ? 40000 : port,
	};

	return rw_evaluate(policy, 0, &packet).verdict;
}

static enum rw_verdict enters(const char *node, const char *local, uint16_t port)
{
	return judge(node, RW_DIRECTION_INGRESS, local, "198.51.100.7", port);
}

static void a_node_accepts_the_ports_of_what_it_hosts_and_no_others(void **state)
{
	(void)state;
	assert_int_equal(enters("n-1", "10.0.0.1", 8443), RW_VERDICT_ACCEPT);
	assert_int_equal(enters("n-2", "10.0.0.2", 2379), RW_VERDICT_ACCEPT);
	assert_int_equal(enters("n-2", "10.0.0.2", 2380), RW_VERDICT_ACCEPT);
	/* Ports of other controllers and of stores elsewhere. */
	assert_int_equal(enters("n-1", "10.0.0.1", 9443), RW_VERDICT_DROP);
	assert_int_equal(enters("n-1", "10.0.0.1", 2379), RW_VERDICT_DROP);
	assert_int_equal(enters("n-2", "10.0.0.2", 8443), RW_VERDICT_DROP);
	assert_int_equal(enters("n-free", "10.0.0.9", 8443), RW_VERDICT_DROP);
	assert_int_equal(enters("n-free", "10.0.0.9", 2379), RW_VERDICT_DROP);
}

static void forbid_egress(const char *group)
{
	fixture_add_rule(&fx, group, "sgr-shut out drop all -1/-1 0.0.0.0/0 1");
}

static void who_hosts_either_reaches_controllers_and_stores(void **state)
{
	static const char *const nodes[][2] = {{"n-1", "10.0.0.1"}, {"n-2", "10.0.0.2"}};

	(void)state;
	forbid_egress("sg-c1");
	for (size_t i = 0; i < RW_ARRAY_COUNT(nodes); i++) {
		const char *node = nodes[i][0];
		const char *address = nodes[i][1];

		assert_int_equal(judge(node, RW_DIRECTION_EGRESS, address, "192.0.2.10", 9443),
				 RW_VERDICT_ACCEPT);
		assert_int_equal(judge(node, RW_DIRECTION_EGRESS, address, "192.0.2.20", 2379),
				 RW_VERDICT_ACCEPT);
		assert_int_equal(judge(node, RW_DIRECTION_EGRESS, address, "192.0.2.20", 2380),
				 RW_VERDICT_ACCEPT);
		assert_int_equal(judge(node, RW_DIRECTION_EGRESS, address, "192.0.2.20", 22),
				 RW_VERDICT_DROP);
	}
}

static void other_nodes_learn_nothing_of_the_stores(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = derive(fx.controller, "n-free");

	(void)state;
	assert_int_equal(policy->controller_count, RW_ARRAY_COUNT(endpoints));
	for (size_t i = 0; i < policy->controller_count; i++)
		assert_true(policy->controllers[i].port == 8443 || policy->controllers[i].port == 9443);
	assert_int_equal(policy->hosted_port_count, 0);
	forbid_egress("sg-free");
	assert_int_equal(judge("n-free", RW_DIRECTION_EGRESS, "10.0.0.9", "192.0.2.10", 9443),
			 RW_VERDICT_ACCEPT);
	assert_int_equal(judge("n-free", RW_DIRECTION_EGRESS, "10.0.0.9", "192.0.2.20", 2379),
			 RW_VERDICT_DROP);
}

static void assert_same_policies(struct rw_controller *a, struct rw_controller *b)
{
	static const char *const nodes[] = {"n-1", "n-2", "n-free"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(nodes); i++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *left = derive(a, nodes[i]);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *right = derive(b, nodes[i]);
		struct rw_policy_digest of_left = rw_policy_digest(left);
		struct rw_policy_digest of_right = rw_policy_digest(right);

		assert_memory_equal(&of_left, &of_right, sizeof(of_left));
		assert_int_equal(left->controller_count, right->controller_count);
	}
}

static void every_controller_derives_the_same(void **state)
{
	struct rw_endpoint others[5] = {endpoints[2], endpoints[1], endpoints[0], endpoints[1], endpoints[2]};
	struct rw_endpoint shuffled[6] = {stores[3], stores[1], stores[0], stores[3], stores[2], stores[0]};

	(void)state;
	fx.options.endpoints = others;
	fx.options.endpoint_count = RW_ARRAY_COUNT(others);
	fx.options.stores = shuffled;
	fx.options.store_count = RW_ARRAY_COUNT(shuffled);
	assert_same_policies(fx.controller, fixture_second(&fx));
}

/* A controller and a store's member on one machine, which may even say the same twice. */
static void what_is_controller_and_store_counts_once(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)state;
	stores[0] = endpoints[1];
	stores[1] = (struct rw_endpoint){endpoints[1].address, 2379};
	fixture_restart(&fx);
	policy = derive(fx.controller, "n-1");
	assert_int_equal(policy->hosted_port_count, 2);
	assert_int_equal(policy->hosted_ports[0], 2379);
	assert_int_equal(policy->hosted_ports[1], 8443);
	assert_int_equal(policy->controller_count, 6);
}

static void without_a_shared_store_the_ports_of_the_controller_are_all(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)state;
	fx.options.stores = NULL;
	fx.options.store_count = 0;
	fixture_restart(&fx);
	policy = derive(fx.controller, "n-1");
	assert_int_equal(policy->hosted_port_count, 1);
	assert_int_equal(policy->hosted_ports[0], 8443);
	assert_int_equal(policy->controller_count, 3);
}

static void names_as_many_as_a_policy_holds(void **state)
{
	static struct rw_endpoint many[2][3 * RW_CONTROLLER_ENDPOINTS_MAX];
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(many[0]); i++) {
		many[0][i] = (struct rw_endpoint){world_address("10.0.0.1"), (uint16_t)(60000 - i)};
		many[1][i] = (struct rw_endpoint){world_address("10.0.0.1"), (uint16_t)(50000 - i)};
	}
	fx.options.endpoints = many[0];
	fx.options.endpoint_count = RW_ARRAY_COUNT(many[0]);
	fx.options.stores = many[1];
	fx.options.store_count = RW_ARRAY_COUNT(many[1]);
	fixture_restart(&fx);
	policy = derive(fx.controller, "n-1");
	assert_int_equal(policy->controller_count, RW_POLICY_CONTROLLERS_MAX);
	assert_int_equal(policy->hosted_port_count, 2 * RW_CONTROLLER_ENDPOINTS_MAX);
	assert_int_equal(policy->hosted_ports[0], 50001 - (int)RW_ARRAY_COUNT(many[0]));
}

static void snapshots_have_the_same(void **state)
{
	RW_CLEANUP(rw_snapshot_free) struct rw_snapshot *snapshot = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *now = derive(fx.controller, "n-2");
	RW_CLEANUP(rw_policy_unref) struct rw_policy *then = NULL;
	struct rw_source source;
	struct rw_policy_digest of_now = rw_policy_digest(now);
	struct rw_policy_digest of_then;

	(void)state;
	assert_int_equal(rw_snapshot_new(fx.controller, NULL, &snapshot, NULL), 0);
	fx.controller = rw_controller_free(fx.controller);
	source = rw_snapshot_source(snapshot);
	assert_int_equal(source.derive(source.userdata, source.model, "n-2", &then, NULL), 0);
	of_then = rw_policy_digest(then);
	assert_memory_equal(&of_now, &of_then, sizeof(of_now));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_node_accepts_the_ports_of_what_it_hosts_and_no_others),
		T(who_hosts_either_reaches_controllers_and_stores),
		T(other_nodes_learn_nothing_of_the_stores),
		T(every_controller_derives_the_same),
		T(what_is_controller_and_store_counts_once),
		T(without_a_shared_store_the_ports_of_the_controller_are_all),
		T(names_as_many_as_a_policy_holds),
		T(snapshots_have_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
