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

/* A good object, one change for the worse, and the field that must be named. */
#define BAD(kind, type, make, field_, code, ...)                                                             \
	do {                                                                                                 \
		RW_CLEANUP(type##_unref) struct type *o = make;                                              \
		struct rw_error err = RW_ERROR_NONE;                                                         \
		int r;                                                                                       \
                                                                                                             \
		assert_int_equal(rw_validate_object(kind, o, NULL, NULL), 0);                                \
		assert_int_equal(rw_validate_in(rw_draft_model(draft), kind, o, NULL, NULL), 0);             \
		__VA_ARGS__;                                                                                 \
		r = rw_validate_object(kind, o, NULL, &err);                                                 \
		if (r == 0)                                                                                  \
			r = rw_validate_in(rw_draft_model(draft), kind, o, NULL, &err);                      \
		if (r != (code) || strcmp(err.field, field_) != 0 || !err.hint[0] || !err.text[0])           \
			fail_msg("line %d: %d at \"%s\": %s (%s)", __LINE__, r, err.field, err.text,         \
				 err.hint);                                                                  \
	} while (0)

static void rename_to(char **name, const char *text)
{
	free(*name);
	*name = strdup(text);
}

static void too_long(char **text, size_t length)
{
	free(*text);
	*text = malloc(length + 1);
	memset(*text, 'x', length);
	(*text)[length] = '\0';
}

static struct rw_network *good_network(void)
{
	return world_network("vpc-9", RW_NETWORK_VPC, "10.9.0.0/16,2001:db8::/32");
}

static void names_the_bad_field_of_a_network(void **state)
{
#define NETWORK(field, code, ...) BAD(RW_KIND_NETWORK, rw_network, good_network(), field, code, __VA_ARGS__)
	(void)state;
	NETWORK("id", -EINVAL, world_id(o->id, "net-1"));
	NETWORK("id", -EINVAL, world_id(o->id, "vpc-"));
	NETWORK("id", -EINVAL, world_id(o->id, "vpc-A"));
	NETWORK("id", -EINVAL, world_id(o->id, "vpc-a/b"));
	NETWORK("id", -EINVAL, memset(o->id, 'a', RW_ID_SIZE));
	NETWORK("name", -EINVAL, rename_to(&o->name, ""));
	NETWORK("name", -EINVAL, rename_to(&o->name, " x"));
	NETWORK("name", -EINVAL, rename_to(&o->name, "x "));
	NETWORK("name", -EINVAL, too_long(&o->name, 129));
	NETWORK("name", -EEXIST, rename_to(&o->name, "vpc-1"));
	NETWORK("kind", -EINVAL, o->kind = 7);
	NETWORK("cidrs", -EINVAL, o->cidr_count = 0);
	NETWORK("cidrs", -EINVAL, o->cidrs[0] = world_prefix("fd00::/8"));
	NETWORK("cidrs", -EINVAL, o->is_public = true);
	NETWORK("cidrs[0]", -EINVAL, o->cidrs[0].address.family = 5);
	NETWORK("cidrs[0]", -EINVAL, o->cidrs[0].bits = 33);
	NETWORK("cidrs[0]", -EINVAL, o->cidrs[0].bits = 8);
	NETWORK("cidrs[1]", -EINVAL, o->cidrs[1] = world_prefix("10.9.128.0/17"));
}

static struct rw_cluster *good_cluster(void)
{
	struct rw_cluster *cluster = rw_cluster_dup(rw_model_find_cluster(rw_draft_model(draft), "c1"));

	world_prefixes("198.51.100.0/24", &cluster->management_cidrs, &cluster->management_cidr_count);
	return cluster;
}

static void names_the_bad_field_of_a_cluster(void **state)
{
	struct rw_cluster *other = world_cluster("c2", "vpc-1", "172.17.0.0/16");

	(void)state;
	world_create(draft, RW_KIND_CLUSTER, other);
	world_create(draft, RW_KIND_NODE, world_node("n-out", "vpc-1", "c2", "", "192.0.2.5"));
#define CLUSTER(field, code, ...) BAD(RW_KIND_CLUSTER, rw_cluster, good_cluster(), field, code, __VA_ARGS__)
	CLUSTER("id", -EINVAL, world_id(o->id, "x1"));
	CLUSTER("name", -EINVAL, rename_to(&o->name, "-x"));
	CLUSTER("name", -EINVAL, too_long(&o->name, 64));
	CLUSTER("name", -EEXIST, rename_to(&o->name, "c2"));
	CLUSTER("network", -EINVAL, world_id(o->network, ""));
	CLUSTER("network", -EINVAL, world_id(o->network, "vpc-none"));
	CLUSTER("security_group", -EINVAL, world_id(o->security_group, ""));
	CLUSTER("security_group", -EINVAL, world_id(o->security_group, "sg-none"));
	CLUSTER("security_group", -EINVAL, world_id(o->security_group, "sg-free"));
	CLUSTER("type", -EINVAL, o->type = 9);
	CLUSTER("profile", -EINVAL, o->profile = 9);
	CLUSTER("container_network", -EINVAL, o->container_network = 9);
	CLUSTER("enforcement", -EINVAL, o->enforcement = RW_ENFORCEMENT_INHERIT);
	CLUSTER("container_cidrs[0]", -EINVAL, o->container_cidrs[0] = world_prefix("10.0.128.0/20"));
	CLUSTER("container_cidrs[0]", -EINVAL, o->container_cidrs[0] = world_prefix("172.17.1.0/24"));
	CLUSTER("container_cidrs[0]", -EINVAL, o->container_cidrs[0] = world_prefix("192.0.2.0/24"));
	CLUSTER("container_cidrs[0]", -EINVAL, o->container_cidrs[0].bits = 40);
	CLUSTER("management_cidrs[0]", -EINVAL, o->management_cidrs[0].address.bytes[3] = 1);
}

static struct rw_node *good_node(void)
{
	struct rw_node *node = world_node("n-9", "vpc-1", "c1", "sg-free", "10.0.0.90,10.0.0.91");
	struct rw_interface *interface = world_interface(node, "eth1", RW_NIC_INTRANET, "10.0.0.92");

	world_addresses("203.0.113.1", &interface->elastic_ips, &interface->elastic_ip_count);
	world_addresses("10.0.0.99", &interface->shared_addresses, &interface->shared_address_count);
	return node;
}

static void grow_addresses(struct rw_interface *interface, size_t count)
{
	interface->addresses = realloc(interface->addresses, count * sizeof(*interface->addresses));
	for (size_t i = 0; i < count; i++)
		interface->addresses[i] =
			(struct rw_address){.family = 4, .bytes = {10, 0, 9, (uint8_t)(1 + i)}};
	interface->address_count = count;
}

static void names_the_bad_field_of_a_node(void **state)
{
	struct rw_group *enterprise = world_group("sg-e", "vpc-1");

	(void)state;
	enterprise->kind = RW_GROUP_ENTERPRISE;
	enterprise->inner_access = RW_VERDICT_DROP;
	world_create(draft, RW_KIND_GROUP, enterprise);
	world_create(draft, RW_KIND_NETWORK, good_network());
	world_create(draft, RW_KIND_GROUP, world_group("sg-far", "vpc-9"));
#define NODE(field, code, ...) BAD(RW_KIND_NODE, rw_node, good_node(), field, code, __VA_ARGS__)
	NODE("id", -EINVAL, world_id(o->id, "node-1"));
	NODE("name", -EINVAL, rename_to(&o->name, "-x"));
	NODE("name", -EINVAL, rename_to(&o->name, "a b"));
	NODE("name", -EINVAL, rename_to(&o->name, "n\xc3\xa4"));
	NODE("name", -EINVAL, too_long(&o->name, 64));
	NODE("name", -EEXIST, rename_to(&o->name, "n-1"));
	NODE("network", -EINVAL, world_id(o->network, "vpc-none"));
	NODE("network", -EINVAL, world_id(o->network, "vpc-9"));
	NODE("cluster", -EINVAL, world_id(o->cluster, "c9"));
	NODE("cluster", -EINVAL, world_id(o->cluster, "n-1"));
	NODE("agent", -EINVAL, o->agent = 5);
	NODE("enforcement", -EINVAL, o->enforcement = 5);
	NODE("machine_id", -EINVAL, o->machine_id = strdup("a\nb"));
	NODE("security_groups", -EINVAL, world_id(o->cluster, ""); o->security_group_count = 0);
	NODE("security_groups[0]", -EINVAL, world_id(o->security_groups[0], "web"));
	NODE("security_groups[0]", -EINVAL, world_id(o->security_groups[0], "sg-none"));
	NODE("security_groups[0]", -EINVAL, world_id(o->security_groups[0], "sg-c1"));
	NODE("security_groups[0]", -EINVAL, world_id(o->security_groups[0], "sg-far"));
	NODE("interfaces[0].security_groups", -EINVAL, world_id(o->security_groups[0], "sg-e"));
	NODE("interfaces[0].name", -EINVAL, rename_to(&o->interfaces[0].name, ""));
	NODE("interfaces[0].name", -EINVAL, rename_to(&o->interfaces[0].name, "a/b"));
	NODE("interfaces[0].name", -EINVAL, rename_to(&o->interfaces[0].name, "sixteencharacter"));
	NODE("interfaces[1].name", -EINVAL, rename_to(&o->interfaces[1].name, "eth0"));
	NODE("interfaces[1].nic_type", -EINVAL, o->interfaces[1].nic_type = 4);
	NODE("interfaces[1].nic_type", -EINVAL, o->interfaces[1].nic_type = RW_NIC_INTERNET);
	NODE("interfaces[0].addresses[1]", -EINVAL,
	     o->interfaces[0].addresses[1] = world_address("10.0.0.90"));
	NODE("interfaces[0].addresses[0]", -EINVAL, o->interfaces[0].addresses[0] = world_address("fe80::1"));
	NODE("interfaces[0].addresses[0]", -EINVAL, o->interfaces[0].addresses[0].family = 0);
	NODE("interfaces[0].addresses[1]", -EINVAL,
	     o->interfaces[0].addresses[1] = world_address("10.0.0.1"));
	NODE("interfaces[0].addresses", -ENOSPC, grow_addresses(&o->interfaces[0], 65));
	NODE("interfaces[1].elastic_ips[0]", -EINVAL,
	     o->interfaces[1].elastic_ips[0] = world_address("224.0.0.1"));
	NODE("interfaces[1].shared_addresses[0]", -EINVAL,
	     o->interfaces[1].shared_addresses[0] = world_address("127.0.0.1"));
	NODE("interfaces", -EINVAL, o->interfaces[0].addresses[0] = world_address("172.16.3.3"));
}

static void takes_sixty_four_addresses_and_ten_further_groups(void **state)
{
	RW_CLEANUP(rw_node_unref) struct rw_node *node = good_node();

	(void)state;
	grow_addresses(&node->interfaces[0], 64);
	assert_int_equal(rw_validate_object(RW_KIND_NODE, node, NULL, NULL), 0);
	free(node->security_groups);
	world_ids("sg-0,sg-1,sg-2,sg-3,sg-4,sg-5,sg-6,sg-7,sg-8,sg-9", &node->security_groups,
		  &node->security_group_count);
	assert_int_equal(rw_validate_object(RW_KIND_NODE, node, NULL, NULL), 0);
	world_ids("sg-10", &node->interfaces[1].security_groups, &node->interfaces[1].security_group_count);
	assert_int_equal(rw_validate_object(RW_KIND_NODE, node, NULL, NULL), -ENOSPC);
}

static struct rw_group *good_group(void)
{
	struct rw_group *group = world_group("sg-9", "vpc-1");

	group->rules = calloc(2, sizeof(struct rw_rule *));
	group->rules[0] = world_rule("sgr-1 in accept tcp 22/22 0.0.0.0/0");
	group->rules[1] = world_rule("sgr-2 in accept tcp 23/23 sg-free");
	group->rule_count = 2;
	return group;
}

static void names_the_bad_field_of_a_group(void **state)
{
	(void)state;
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-c", RW_NETWORK_CLASSIC, "10.8.0.0/16"));
#define GROUP(field, code, ...) BAD(RW_KIND_GROUP, rw_group, good_group(), field, code, __VA_ARGS__)
	GROUP("id", -EINVAL, world_id(o->id, "9"));
	GROUP("name", -EEXIST, rename_to(&o->name, "sg-c1"));
	GROUP("name", -EINVAL, rename_to(&o->name, ""));
	GROUP("description", -EINVAL, too_long(&o->description, 513));
	GROUP("network", -EINVAL, world_id(o->network, "vpc-none"));
	GROUP("kind", -EINVAL, o->kind = 3);
	GROUP("kind", -EINVAL, o->kind = RW_GROUP_ENTERPRISE; o->inner_access = 0;
	      world_id(o->network, "vpc-c"));
	GROUP("inner_access", -EINVAL, o->inner_access = 3);
	GROUP("inner_access", -EINVAL, o->kind = RW_GROUP_ENTERPRISE);
	GROUP("managed_by", -EINVAL, world_id(o->managed_by, "x"));
	GROUP("managed_by", -EINVAL, world_id(o->managed_by, "c1"));
	GROUP("timeouts.udp", -EINVAL, o->timeouts.udp = 864001);
	GROUP("rules[1].id", -EINVAL, world_id(o->rules[1]->id, "sgr-1"));
	GROUP("rules[0].id", -EINVAL, world_id(o->rules[0]->id, ""));
	GROUP("rules[0].ports", -EINVAL, o->rules[0]->ports.first = 0);
	GROUP("rules[1].object.group", -EINVAL, world_id(o->rules[1]->object.id, "sg-9"));
	GROUP("rules[1].object.group", -EINVAL, o->kind = RW_GROUP_ENTERPRISE; o->inner_access = 0);
}

static struct rw_rule *good_rule(void)
{
	return world_rule("sgr-1 in accept tcp 22/22 192.0.2.0/24");
}

static void names_the_bad_field_of_a_rule(void **state)
{
	struct rw_group *enterprise = world_group("sg-e", "vpc-1");
	const struct rw_group *group;

	(void)state;
	enterprise->kind = RW_GROUP_ENTERPRISE;
	enterprise->inner_access = RW_VERDICT_DROP;
	world_create(draft, RW_KIND_GROUP, enterprise);
	world_create(draft, RW_KIND_NETWORK, good_network());
	world_create(draft, RW_KIND_GROUP, world_group("sg-far", "vpc-9"));
	world_create(draft, RW_KIND_PREFIX_LIST, world_list("pl-6", 6, "2001:db8::/32"));
	group = rw_model_find_group(rw_draft_model(draft), "sg-c1");
#define RULE(field_, ...)                                                                                    \
	do {                                                                                                 \
		RW_CLEANUP(rw_rule_unref) struct rw_rule *o = good_rule();                                   \
		struct rw_error err = RW_ERROR_NONE;                                                         \
		int r;                                                                                       \
                                                                                                             \
		assert_int_equal(rw_validate_rule(o, NULL, NULL), 0);                                        \
		assert_int_equal(rw_validate_rule_in(rw_draft_model(draft), group, o, NULL), 0);             \
		__VA_ARGS__;                                                                                 \
		r = rw_validate_rule(o, NULL, &err);                                                         \
		if (r == 0)                                                                                  \
			r = rw_validate_rule_in(rw_draft_model(draft), group, o, &err);                      \
		if (r != -EINVAL || strcmp(err.field, field_) != 0 || !err.hint[0])                          \
			fail_msg("line %d: %d at \"%s\": %s", __LINE__, r, err.field, err.text);             \
	} while (0)
	RULE("id", world_id(o->id, "rule"));
	RULE("direction", o->direction = 2);
	RULE("nic_type", o->nic_type = 2);
	RULE("nic_type", o->nic_type = RW_NIC_INTERNET);
	RULE("policy", o->policy = 2);
	RULE("protocol", o->protocol = 257);
	RULE("ports", o->ports = RW_PORTS_ANY);
	RULE("ports", o->ports.first = 0);
	RULE("ports", o->ports.first = 23);
	RULE("ports", o->protocol = RW_PROTOCOL_ICMP);
	RULE("ports", o->protocol = 132);
	RULE("priority", o->priority = 0);
	RULE("priority", o->priority = 101);
	RULE("created", o->created_ms = -1);
	RULE("description", too_long(&o->description, 513));
	RULE("description", rename_to(&o->description, "a\tb"));
	RULE("author", too_long(&o->author, 513));
	RULE("source_ports", o->source_ports = (struct rw_ports){0, 5});
	RULE("source_ports", o->source_ports = (struct rw_ports){9, 5});
	RULE("source_ports", o->source_ports.first = 1; o->protocol = 50; o->ports = RW_PORTS_ANY);
	RULE("object", o->object.kind = 4);
	RULE("object.cidr", o->object.cidr.address.family = 0);
	RULE("object.cidr", o->object.cidr.bits = 33);
	RULE("object.cidr", o->object.cidr.bits = 8);
	RULE("object.cidr", o->protocol = RW_PROTOCOL_ICMPV6; o->ports = RW_PORTS_ANY);
	RULE("object.cidr", o->protocol = RW_PROTOCOL_ICMP; o->ports = RW_PORTS_ANY;
	     o->object = world_object("::/0"));
	RULE("object.group", o->object.kind = RW_OBJECT_GROUP);
	RULE("object.group", o->object = world_object("sg-none"));
	RULE("object.group", o->object = world_object("sg-c1"));
	RULE("object.group", o->object = world_object("sg-far"));
	RULE("object.group", o->object = world_object("sg-e"));
	RULE("object.prefix_list", o->object.kind = RW_OBJECT_PREFIX_LIST);
	RULE("object.prefix_list", o->object = world_object("pl-none"));
	RULE("object.prefix_list", o->object = world_object("pl-6"); o->protocol = 1;
	     o->ports = RW_PORTS_ANY);
	RULE("local_cidr", o->local_cidr = world_prefix("::/0"));
	RULE("local_cidr", o->local_cidr = world_prefix("10.0.0.0/8"); o->local_cidr.bits = 4);
	RULE("local_cidr", o->local_cidr = world_prefix("10.0.0.0/8"); o->object = world_object("pl-6"));
}

static void keeps_groups_as_objects_out_of_internet_tables(void **state)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = world_rule("- in accept tcp 22/22 sg-x");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-c", RW_NETWORK_CLASSIC, "10.8.0.0/16"));
	world_create(draft, RW_KIND_GROUP, world_group("sg-x", "vpc-c"));
	world_create(draft, RW_KIND_GROUP, world_group("sg-y", "vpc-c"));
	assert_int_equal(rw_validate_rule_in(rw_draft_model(draft),
					     rw_model_find_group(rw_draft_model(draft), "sg-y"), rule, &err),
			 0);
	rule->nic_type = RW_NIC_INTERNET;
	assert_int_equal(rw_validate_rule_in(rw_draft_model(draft),
					     rw_model_find_group(rw_draft_model(draft), "sg-y"), rule, &err),
			 -EINVAL);
	assert_string_equal(err.field, "nic_type");
}

static struct rw_prefix_list *good_list(void)
{
	return world_list("pl-9", 4, "10.0.0.0/8,192.0.2.0/24");
}

static void names_the_bad_field_of_a_prefix_list(void **state)
{
	(void)state;
#define LIST(field, code, ...) BAD(RW_KIND_PREFIX_LIST, rw_prefix_list, good_list(), field, code, __VA_ARGS__)
	LIST("id", -EINVAL, world_id(o->id, "pl"));
	LIST("name", -EINVAL,
	     rename_to(&o->name, "a\xe2\x80\xae"
				 "b"));
	LIST("created", -EINVAL, o->created_ms = -1);
	LIST("family", -EINVAL, o->family = 5);
	LIST("cidrs[0]", -EINVAL, o->family = 6);
	LIST("cidrs[1]", -EINVAL, o->cidrs[1] = o->cidrs[0]);
	LIST("cidrs[1]", -EINVAL, o->cidrs[1].bits = 8);
	LIST("description", -EINVAL, rename_to(&o->description, "a\nb"));
	LIST("max_entries", -EINVAL, o->max_entries = 201);
	LIST("cidrs", -ENOSPC, o->max_entries = 1);
	LIST("entry_descriptions", -EINVAL,
	     assert_true(rw_tags_set(&o->entry_descriptions, "10.0.0.0/9", "office")));
	LIST("entry_descriptions", -EINVAL,
	     assert_true(rw_tags_set(&o->entry_descriptions, "10.0.0.1/8", "office")));
	LIST("entry_descriptions", -EINVAL,
	     assert_true(rw_tags_set(&o->entry_descriptions, "10.0.0.0/8", "")));
}

static struct rw_load_balancer *good_balancer(void)
{
	struct rw_load_balancer *balancer = rw_load_balancer_new();

	world_id(balancer->id, "lb-9");
	balancer->name = strdup("front");
	world_id(balancer->cluster, "c1");
	world_prefixes("100.64.0.0/10", &balancer->source_cidrs, &balancer->source_cidr_count);
	balancer->listeners = calloc(2, sizeof(*balancer->listeners));
	balancer->listeners[0] = (struct rw_listener){RW_PROTOCOL_TCP, 80, 8080};
	balancer->listeners[1] = (struct rw_listener){RW_PROTOCOL_UDP, 80, 8080};
	balancer->listener_count = 2;
	return balancer;
}

static void names_the_bad_field_of_a_load_balancer(void **state)
{
	(void)state;
#define BALANCER(field, code, ...)                                                                           \
	BAD(RW_KIND_LOAD_BALANCER, rw_load_balancer, good_balancer(), field, code, __VA_ARGS__)
	BALANCER("id", -EINVAL, world_id(o->id, "lb"));
	BALANCER("name", -EINVAL, rename_to(&o->name, ""));
	BALANCER("cluster", -EINVAL, world_id(o->cluster, "c9"));
	BALANCER("sources", -EINVAL, world_id(o->source_group, "sg-free"));
	BALANCER("sources.group", -EINVAL, o->source_cidr_count = 0; world_id(o->source_group, "sg-none"));
	BALANCER("sources.cidrs[0]", -EINVAL, o->source_cidrs[0].bits = 2);
	BALANCER("listeners[0].protocol", -EINVAL, o->listeners[0].protocol = 1);
	BALANCER("listeners[0].port", -EINVAL, o->listeners[0].port = 0);
	BALANCER("listeners[1].backend_port", -EINVAL, o->listeners[1].backend_port = 0);
	BALANCER("listeners[1].port", -EINVAL, o->listeners[1].protocol = RW_PROTOCOL_TCP);
}

static struct rw_promise *good_promise(void)
{
	struct rw_promise *promise = rw_promise_new();

	world_id(promise->id, "pr-9");
	world_id(promise->network, "vpc-1");
	promise->from = world_object("0.0.0.0/0");
	promise->to = world_object("sg-c1");
	promise->protocol = RW_PROTOCOL_TCP;
	promise->ports = (struct rw_ports){443, 443};
	promise->reason = strdup("customers");
	return promise;
}

static void names_the_bad_field_of_a_promise(void **state)
{
	(void)state;
#define PROMISE(field, code, ...) BAD(RW_KIND_PROMISE, rw_promise, good_promise(), field, code, __VA_ARGS__)
	PROMISE("id", -EINVAL, world_id(o->id, "p"));
	PROMISE("network", -EINVAL, world_id(o->network, "vpc-none"));
	PROMISE("policy", -EINVAL, o->policy = 2);
	PROMISE("from.cidr", -EINVAL, o->from.cidr.bits = 99);
	PROMISE("to.group", -EINVAL, world_id(o->to.id, "sg-none"));
	PROMISE("to.prefix_list", -EINVAL, o->to = world_object("pl-none"));
	PROMISE("protocol", -EINVAL, o->protocol = 300);
	PROMISE("ports", -EINVAL, o->ports.first = 444);
	PROMISE("reason", -EINVAL, too_long(&o->reason, 513));
}

static void judges_texts_by_characters(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{"plain", 0},
		{"\xe4\xb8\xad\xe6\x96\x87", 0}, /* two Chinese characters */
		{"\xc3\xa9", 0},                 /* e acute, composed */
		{"e\xcc\x81", -EINVAL},          /* e acute, decomposed */
		{"\xe0\xa4\x95\xe0\xa4\xbc", 0}, /* a Devanagari letter whose form C is two */
		{"\xff", -EINVAL},               /* no UTF-8 */
		{"\xc0\x80", -EINVAL},           /* overlong */
		{"\xed\xa0\x80", -EINVAL},       /* half a surrogate pair */
		{"a\nb", -EINVAL},
		{"a\x7f", -EINVAL},
		{"a\xc2\x85", -EINVAL},     /* a C1 control */
		{"a\xe2\x80\x8f", -EINVAL}, /* right-to-left mark */
		{"a\xe2\x80\xae", -EINVAL}, /* right-to-left override */
		{"a\xe2\x81\xa6", -EINVAL}, /* isolate */
		{"a\xd8\x9c", -EINVAL},     /* Arabic letter mark */
		{"a\xe2\x80\xa8", -EINVAL}, /* line separator */
		{"\xef\xbb\xbf"
		 "a",
		 -EINVAL}, /* byte order mark */
		{"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 0},
		{"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", -EINVAL},
		{"sixsix", -EINVAL},
		{"", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++)
		if (rw_validate_text(cases[i].text, "x", 1, 5, NULL) != cases[i].result)
			fail_msg("text %zu", i);
	assert_int_equal(rw_validate_text(NULL, "x", 0, 5, NULL), 0);
}

static void places_the_error_in_a_whole_model(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);
	struct rw_node *node = world_node("n-bad", "vpc-1", "c1", "", "10.0.0.40");
	struct rw_validate_where where;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), 0);
	world_id(node->cluster, "c-none");
	assert_int_equal(rw_model_put(model, RW_KIND_NODE, node, NULL), 0);
	assert_int_equal(rw_validate_model(model, NULL, &where, &err), -EINVAL);
	assert_int_equal(where.kind, RW_KIND_NODE);
	assert_string_equal(where.id, "n-bad");
	assert_string_equal(err.field, "cluster");
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "nodes[n-bad].cluster");
}

static void wants_one_holder_for_an_address(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);
	struct rw_node *twin = world_node("n-3", "vpc-1", "c1", "", "10.0.0.30,10.0.0.2");
	struct rw_node *shared = world_node("n-3", "vpc-1", "c1", "", "10.0.0.30,10.0.0.2");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_model_put(model, RW_KIND_NODE, twin, NULL), 0);
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "nodes[n-3].interfaces[0].addresses[1]");
	assert_non_null(strstr(err.text, "n-2"));
	world_addresses("10.0.0.2", &shared->interfaces[0].shared_addresses,
			&shared->interfaces[0].shared_address_count);
	assert_int_equal(rw_model_put(model, RW_KIND_NODE, shared, NULL), 0);
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), 0);
}

static void counts_the_members_of_a_cluster(void **state)
{
	struct rw_limits limits = rw_limits_default;
	RW_CLEANUP(rw_node_unref) struct rw_node *third = world_node("n-3", "vpc-1", "c1", "", "10.0.0.30");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	limits.members_per_group = 2;
	assert_int_equal(rw_validate_model(rw_draft_model(draft), &limits, NULL, &err), 0);
	assert_int_equal(rw_validate_in(rw_draft_model(draft), RW_KIND_NODE, third, &limits, &err), -ENOSPC);
	assert_string_equal(err.field, "cluster");
	limits.members_per_group = 1;
	assert_int_equal(rw_validate_model(rw_draft_model(draft), &limits, NULL, &err), -ENOSPC);
}

static void wants_rule_ids_unique_over_all_groups(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_group *twin = world_group("sg-twin", "vpc-1");

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-x in accept tcp 80/80 0.0.0.0/0");
	model = rw_draft_dup_model(draft);
	twin->rules = calloc(1, sizeof(struct rw_rule *));
	twin->rules[0] = world_rule("sgr-x in accept tcp 81/81 0.0.0.0/0");
	twin->rule_count = 1;
	assert_int_equal(rw_model_put(model, RW_KIND_GROUP, twin, NULL), 0);
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), -EEXIST);
	assert_non_null(strstr(err.field, "rules[0].id"));
}

static void wants_exactly_one_managed_group_a_cluster(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);
	struct rw_group *second = world_group("sg-second", "vpc-1");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	world_id(second->managed_by, "c1");
	assert_int_equal(rw_model_put(model, RW_KIND_GROUP, second, NULL), 0);
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "security_groups[sg-second].managed_by");
	assert_int_equal(rw_model_remove(model, RW_KIND_GROUP, "sg-second"), 1);
	assert_int_equal(rw_model_remove(model, RW_KIND_GROUP, "sg-c1"), 1);
	assert_int_equal(rw_validate_model(model, NULL, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "clusters[c1].security_group");
}

static void counts_the_rules_of_one_interface(void **state)
{
	struct rw_limits limits = rw_limits_default;
	RW_CLEANUP(rw_node_unref) struct rw_node *node = good_node();
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	limits.rules_per_interface = 5;
	assert_int_equal(rw_validate_in(rw_draft_model(draft), RW_KIND_NODE, node, &limits, &err), 0);
	world_add_rule(draft, "sg-free", "- in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_validate_in(rw_draft_model(draft), RW_KIND_NODE, node, &limits, &err), -ENOSPC);
	limits.rules_per_interface = 6;
	assert_int_equal(rw_validate_in(rw_draft_model(draft), RW_KIND_NODE, node, &limits, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(names_the_bad_field_of_a_network),
		T(names_the_bad_field_of_a_cluster),
		T(names_the_bad_field_of_a_node),
		T(takes_sixty_four_addresses_and_ten_further_groups),
		T(names_the_bad_field_of_a_group),
		T(names_the_bad_field_of_a_rule),
		T(keeps_groups_as_objects_out_of_internet_tables),
		T(names_the_bad_field_of_a_prefix_list),
		T(names_the_bad_field_of_a_load_balancer),
		T(names_the_bad_field_of_a_promise),
		T(judges_texts_by_characters),
		T(places_the_error_in_a_whole_model),
		T(wants_one_holder_for_an_address),
		T(counts_the_members_of_a_cluster),
		T(wants_rule_ids_unique_over_all_groups),
		T(wants_exactly_one_managed_group_a_cluster),
		T(counts_the_rules_of_one_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
