/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct rw_draft *draft;

static int setup(void **state)
{
	(void)state;
	draft = world_vpc();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	draft = rw_draft_free(draft);
	return 0;
}

static const struct rw_node *node(const char *reference)
{
	return rw_model_find_node(rw_draft_model(draft), reference);
}

static void joins_and_leaves_a_group(void **state)
{
	(void)state;
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-free", NULL), 0);
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-free", NULL), 0);
	assert_int_equal(node("n-1")->security_group_count, 1);
	assert_int_equal(rw_edit_join(draft, "n-1", "eth0", "sg-free", NULL), 0);
	assert_int_equal(node("n-1")->interfaces[0].security_group_count, 1);
	assert_int_equal(rw_edit_leave(draft, "n-1", NULL, "sg-free", NULL), 0);
	assert_int_equal(rw_edit_leave(draft, "n-1", NULL, "sg-free", NULL), 0);
	assert_int_equal(node("n-1")->security_group_count, 0);
	assert_int_equal(rw_edit_leave(draft, "n-1", "eth0", "sg-free", NULL), 0);
	assert_int_equal(node("n-1")->interfaces[0].security_group_count, 0);
}

static void refuses_joins_that_make_no_sense(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_edit_join(draft, "n-free", NULL, "sg-c1", &err), -EINVAL);
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-c1", NULL), 0);
	assert_int_equal(node("n-1")->security_group_count, 0);
	assert_int_equal(rw_edit_join(draft, "nobody", NULL, "sg-free", &err), -ENOENT);
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-nobody", &err), -ENOENT);
	assert_int_equal(rw_edit_join(draft, "n-1", "eth9", "sg-free", &err), -ENOENT);
}

static void keeps_every_node_in_some_group(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_edit_leave(draft, "n-free", NULL, "sg-free", &err), -EBUSY);
	assert_int_equal(rw_edit_leave(draft, "n-1", NULL, "sg-c1", &err), -EPERM);
	assert_int_equal(node("n-free")->security_group_count, 1);
}

static void report(const char *reference, const char *addresses, struct rw_vec *refused)
{
	struct rw_interface interface = {.name = strdup("eth0"), .nic_type = RW_NIC_INTRANET};

	world_addresses(addresses, &interface.addresses, &interface.address_count);
	assert_int_equal(rw_edit_report_interfaces(draft, reference, &interface, 1, refused, NULL), 0);
	rw_interface_done(&interface);
}

static void takes_over_what_an_agent_reports(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec refused;

	(void)state;
	rw_vec_init(&refused, sizeof(struct rw_address_refusal), 10);
	report("n-1", "10.0.0.5,fe80::1,10.0.0.5,127.0.0.1", &refused);
	assert_int_equal(node("n-1")->interfaces[0].address_count, 1);
	assert_int_equal(refused.count, 0);
}

static void believes_no_address_that_another_node_holds(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec refused;
	const struct rw_address_refusal *refusal;

	(void)state;
	rw_vec_init(&refused, sizeof(struct rw_address_refusal), 10);
	report("n-1", "10.0.0.1,10.0.0.2,192.0.2.1", &refused);
	assert_int_equal(refused.count, 2);
	refusal = rw_vec_at(&refused, 0);
	assert_string_equal(refusal->holder, "n-2");
	assert_string_equal(refusal->interface, "eth0");
	refusal = rw_vec_at(&refused, 1);
	assert_string_equal(refusal->holder, "");
	/* The one outside the network is on the NIC all the same. */
	assert_int_equal(node("n-1")->interfaces[0].address_count, 2);
}

static void believes_a_shared_address(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec refused;
	struct rw_node *changed = rw_node_dup(node("n-1"));

	(void)state;
	world_addresses("10.0.0.2", &changed->interfaces[0].shared_addresses,
			&changed->interfaces[0].shared_address_count);
	assert_int_equal(rw_edit_update(draft, RW_KIND_NODE, changed, NULL, NULL), 0);
	rw_vec_init(&refused, sizeof(struct rw_address_refusal), 10);
	report("n-1", "10.0.0.1,10.0.0.2", &refused);
	assert_int_equal(refused.count, 0);
	assert_int_equal(node("n-1")->interfaces[0].address_count, 2);
	assert_int_equal(node("n-1")->interfaces[0].shared_address_count, 1);
}

static void keeps_declarations_of_an_interface_that_is_gone(void **state)
{
	struct rw_interface other = {.name = strdup("eth7"), .nic_type = RW_NIC_INTRANET};

	(void)state;
	assert_int_equal(rw_edit_join(draft, "n-1", "eth0", "sg-free", NULL), 0);
	assert_int_equal(rw_edit_report_interfaces(draft, "n-1", &other, 1, NULL, NULL), 0);
	assert_int_equal(node("n-1")->interface_count, 2);
	assert_string_equal(node("n-1")->interfaces[1].name, "eth0");
	assert_int_equal(node("n-1")->interfaces[1].address_count, 0);
	assert_int_equal(node("n-1")->interfaces[1].security_group_count, 1);
	assert_int_equal(rw_edit_leave(draft, "n-1", "eth0", "sg-free", NULL), 0);
	assert_int_equal(rw_edit_report_interfaces(draft, "n-1", &other, 1, NULL, NULL), 0);
	assert_int_equal(node("n-1")->interface_count, 1);
	rw_interface_done(&other);
}

static void adds_no_reported_address_in_a_public_network(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec refused;
	struct rw_network *public_network = world_network("vpc-p", RW_NETWORK_VPC, "");

	(void)state;
	public_network->is_public = true;
	world_create(draft, RW_KIND_NETWORK, public_network);
	world_create(draft, RW_KIND_GROUP, world_group("sg-p", "vpc-p"));
	world_create(draft, RW_KIND_NODE, world_node("n-p", "vpc-p", "", "sg-p", "203.0.113.1"));
	rw_vec_init(&refused, sizeof(struct rw_address_refusal), 10);
	report("n-p", "203.0.113.1,203.0.113.2", &refused);
	assert_int_equal(refused.count, 1);
	assert_int_equal(node("n-p")->interfaces[0].address_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(joins_and_leaves_a_group),
		T(refuses_joins_that_make_no_sense),
		T(keeps_every_node_in_some_group),
		T(takes_over_what_an_agent_reports),
		T(believes_no_address_that_another_node_holds),
		T(believes_a_shared_address),
		T(keeps_declarations_of_an_interface_that_is_gone),
		T(adds_no_reported_address_in_a_public_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
