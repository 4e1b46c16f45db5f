/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "agent/file_policy.h"
#include "base/file.h"
#include "scratch.h"

static const char model_text[] =
	"{\"version\":1,"
	"\"networks\":[{\"id\":\"vpc-1\",\"name\":\"net\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/8\"]}],"
	"\"nodes\":["
	"{\"id\":\"n-1\",\"name\":\"one\",\"network\":\"net\",\"security_groups\":[\"web\"],"
	"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.1\"]}]},"
	"{\"id\":\"n-2\",\"name\":\"two\",\"network\":\"net\",\"security_groups\":[\"web\"],"
	"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.2\"]}]},"
	"{\"id\":\"n-3\",\"name\":\"record\",\"network\":\"net\",\"agent\":\"none\","
	"\"security_groups\":[\"web\"]}],"
	"\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"web\",\"network\":\"net\",\"kind\":\"basic\","
	"\"rules\":[{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":\"80/"
	"80\","
	"\"object\":{\"cidr\":\"0.0.0.0/0\"}}]}]}";

struct world {
	char folder[SCRATCH_SIZE];
	char path[64];
	struct rw_model *model;
	struct rw_link links[4];
	struct rw_link_address addresses[4];
	struct rw_links picture;
};

static void write_model(const struct world *world, const char *text)
{
	assert_int_equal(rw_file_write(world->path, text, strlen(text), 0600, NULL), 0);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct rw_error err = RW_ERROR_NONE;

	assert_non_null(world);
	scratch_make(world->folder);
	(void)snprintf(world->path, sizeof(world->path), "%s/model.json", world->folder);
	write_model(world, model_text);
	if (rw_file_model_load(world->path, "one", &world->model, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	world->picture.links = world->links;
	world->picture.addresses = world->addresses;
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	(void)rw_model_free(world->model);
	assert_int_equal(scratch_remove(world->folder), 0);
	free(world);
	return 0;
}

static void add(struct world *world, const char *name, const char *kind, const char *address)
{
	struct rw_link *link = &world->links[world->picture.count++];
	struct rw_link_address *entry = &world->addresses[world->picture.address_count++];

	link->ifindex = (unsigned int)world->picture.count;
	link->type = ARPHRD_ETHER;
	link->has_device = !kind[0];
	strcpy(link->name, name);
	strcpy(link->kind, kind);
	entry->ifindex = link->ifindex;
	assert_int_equal(rw_address_parse(address, &entry->address, NULL), 0);
}

static struct rw_policy *derive(struct world *world, const char *node)
{
	static const uint16_t ssh_ports[] = {2222};
	const struct rw_file_machine machine = {
		.links = &world->picture, .ssh_ports = ssh_ports, .ssh_port_count = 1};
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_file_policy_derive(world->model, node, &machine, &policy, NULL), 0);
	return policy;
}

static bool has_member(const struct rw_policy *policy, const char *text)
{
	const struct rw_address_set *set = rw_policy_find_set(policy, "sg-1");
	struct rw_address address;

	assert_int_equal(rw_address_parse(text, &address, NULL), 0);
	return set && rw_address_set_contains(set, &address);
}

static void adds_interfaces_that_the_record_does_not_have(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	add(world, "eth0", "veth", "10.0.0.1");
	add(world, "eth1", "", "10.0.0.11");
	add(world, "veth7", "veth", "10.0.0.12");
	policy = derive(world, "one");
	assert_int_equal(policy->interface_count, 2);
	assert_true(rw_policy_find_interface(policy, "eth0") >= 0);
	assert_true(rw_policy_find_interface(policy, "eth1") >= 0);
	assert_int_equal(policy->interfaces[1].group_count, 1);
	assert_true(has_member(policy, "10.0.0.11"));
	assert_false(has_member(policy, "10.0.0.12"));
	assert_int_equal(policy->own_address_count, 2);
	assert_int_equal(policy->ssh_port_count, 1);
	assert_int_equal(policy->ssh_ports[0], 2222);
}

static void does_not_believe_the_address_of_another_node(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	add(world, "eth0", "", "10.0.0.2");
	policy = derive(world, "one");
	assert_int_equal(policy->own_address_count, 1);
}

static void leaves_the_model_as_it_is(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	add(world, "eth1", "", "10.0.0.11");
	policy = derive(world, "one");
	assert_int_equal(rw_model_find_node(world->model, "one")->interface_count, 1);
}

static void refuses_nodes_that_are_not_to_be_enforced(void **state)
{
	struct world *world = *state;
	struct rw_model *model = NULL;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rw_file_model_load(world->path, "nobody", &model, &err), -ENOENT);
	assert_non_null(strstr(err.text, "nobody"));
	assert_int_equal(rw_file_model_load(world->path, "record", &model, &err), -EINVAL);
	assert_null(model);
}

static void refuses_a_bad_file_and_says_where(void **state)
{
	struct world *world = *state;
	struct rw_model *model = NULL;
	struct rw_error err = RW_ERROR_NONE;

	write_model(world, "{\"version\":1,\"networks\":[{\"name\":\"net\",\"kind\":\"vpc\",\"cidrs\":[\"10."
			   "0.0.0/33\"]}]}");
	assert_true(rw_file_model_load(world->path, "one", &model, &err) < 0);
	assert_string_equal(err.field, "networks[0].cidrs[0]");
	write_model(world, "{\"version\":1,");
	assert_true(rw_file_model_load(world->path, "one", &model, &err) < 0);
	assert_int_equal(unlink(world->path), 0);
	assert_int_equal(rw_file_model_load(world->path, "one", &model, &err), -ENOENT);
	assert_null(model);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adds_interfaces_that_the_record_does_not_have),
		TEST(does_not_believe_the_address_of_another_node),
		TEST(leaves_the_model_as_it_is),
		TEST(refuses_nodes_that_are_not_to_be_enforced),
		TEST(refuses_a_bad_file_and_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
