/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "wire/object.h"

static int decode(enum rw_kind kind, const char *text, const struct rw_resolver *resolver, void **ret_object,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;

	*err = RW_ERROR_NONE;
	if (rw_json_parse(text, strlen(text), RW_JSON_BODY_MAX, &document, err) < 0)
		fail_msg("%s: %s", text, err->text);
	root = rw_json_root(document);
	return rw_object_decode(&root, kind, resolver, ret_object, err);
}

static void encode(enum rw_kind kind, const void *object, struct rw_buf *buf)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_object_encode(&json, kind, object);
	assert_int_equal(rw_buf_check(buf, NULL), 0);
}

/* Every field of every kind, as docs/model.schema.json has them. */
static const struct {
	enum rw_kind kind;
	const char *text;
} complete[] = {
	{RW_KIND_NETWORK,
	 "{\"id\":\"vpc-1\",\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/8\",\"2001:db8::/32\"],"
	 "\"public\":false,\"created\":\"2026-11-24T02:28:29.123Z\"}"},
	{RW_KIND_CLUSTER,
	 "{\"id\":\"c1\",\"name\":\"demo\",\"network\":\"vpc-1\",\"type\":\"kubernetes\","
	 "\"profile\":\"kubernetes-strict\",\"container_cidrs\":[\"172.20.0.0/16\"],"
	 "\"container_network\":\"routed\",\"management_cidrs\":[\"192.0.2.0/24\"],"
	 "\"enforcement\":\"monitor\",\"security_group\":\"sg-1\","
	 "\"tags\":{\"env\":\"prod\",\"team\":\"\"},\"created\":\"2026-11-24T02:28:29.123Z\"}"},
	{RW_KIND_NODE,
	 "{\"id\":\"n-1\",\"name\":\"node1\",\"cluster\":\"c1\",\"network\":\"vpc-1\",\"agent\":\"none\","
	 "\"enforcement\":\"enforce\",\"machine_id\":\"abc\",\"security_groups\":[\"sg-2\",\"sg-3\"],"
	 "\"interfaces\":[{\"name\":\"eth0\",\"nic_type\":\"internet\",\"addresses\":[\"10.0.0.5\",\"2001:"
	 "db8::5\"],"
	 "\"elastic_ips\":[\"203.0.113.5\"],\"shared_addresses\":[\"10.0.0.100\"],"
	 "\"security_groups\":[\"sg-4\"]}],\"tags\":{\"rack\":\"7\"},\"created\":\"2026-11-24T02:28:29."
	 "123Z\"}"},
	{RW_KIND_GROUP,
	 "{\"id\":\"sg-1\",\"name\":\"web\",\"description\":\"Web tier\",\"network\":\"vpc-1\",\"kind\":"
	 "\"enterprise\","
	 "\"inner_access\":\"drop\",\"managed_by\":\"c1\",\"midstream\":\"drop\",\"timeouts\":{\"tcp_half_"
	 "open\":1,"
	 "\"tcp_established\":2,\"tcp_closing\":3,\"tcp_reset\":4,\"udp\":5,\"udp_assured\":6,\"other\":7},"
	 "\"tags\":{\"env\":\"prod\"},\"created\":\"2026-11-24T02:28:29.123Z\",\"rules\":["
	 "{\"id\":\"sgr-1\",\"direction\":\"egress\",\"nic_type\":\"internet\",\"policy\":\"drop\","
	 "\"protocol\":\"udp\","
	 "\"ports\":\"53/54\",\"object\":{\"prefix_list\":\"pl-1\"},\"local_cidr\":\"10.0.0.0/24\","
	 "\"source_ports\":\"1000/2000\",\"priority\":100,\"description\":\"no DNS\","
	 "\"created\":\"2026-11-24T02:28:29.123Z\",\"author\":\"ada\"},"
	 "{\"id\":\"sgr-2\",\"direction\":\"ingress\",\"nic_type\":\"intranet\",\"policy\":\"accept\","
	 "\"protocol\":\"89\","
	 "\"ports\":\"-1/"
	 "-1\",\"object\":{\"group\":\"sg-9\"},\"priority\":1,\"description\":\"\",\"author\":\"\"}]}"},
	{RW_KIND_PREFIX_LIST,
	 "{\"id\":\"pl-1\",\"name\":\"dns\",\"description\":\"resolvers\",\"family\":6,\"max_entries\":9,"
	 "\"cidrs\":[\"2001:db8::/32\",\"2001:db8:1::/48\"],"
	 "\"entry_descriptions\":{\"2001:db8:1::/48\":\"office\"},\"created\":\"2026-11-24T02:28:29.123Z\"}"},
	{RW_KIND_LOAD_BALANCER, "{\"id\":\"lb-1\",\"name\":\"lb\",\"cluster\":\"c1\",\"sources\":{\"cidrs\":["
				"\"100.64.0.0/10\"]},\"client_ip\":\"kept\","
				"\"listeners\":[{\"protocol\":\"tcp\",\"port\":443,\"backend_port\":8443}]}"},
	{RW_KIND_LOAD_BALANCER, "{\"id\":\"lb-1\",\"name\":\"lb\",\"cluster\":\"c1\",\"sources\":{\"group\":"
				"\"sg-1\"},\"client_ip\":\"hidden\","
				"\"listeners\":[]}"},
	{RW_KIND_PROMISE,
	 "{\"id\":\"pr-1\",\"network\":\"vpc-1\",\"policy\":\"deny\",\"from\":{\"cidr\":\"0.0.0.0/0\"},"
	 "\"to\":{\"group\":\"sg-1\"},\"protocol\":\"tcp\",\"ports\":\"22/22\",\"reason\":\"no SSH\"}"},
};

static void reads_back_what_it_writes_for_every_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(complete); i++) {
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;
		struct rw_error err;
		void *object = NULL;

		rw_buf_init(&buf, 1 << 20);
		if (decode(complete[i].kind, complete[i].text, NULL, &object, &err) < 0)
			fail_msg("%s: %s", err.field, err.text);
		encode(complete[i].kind, object, &buf);
		(void)rw_object_unref(complete[i].kind, object);
		assert_string_equal(buf.data, complete[i].text);
	}
}

static void gives_absent_fields_their_defaults(void **state)
{
	static const struct {
		enum rw_kind kind;
		const char *text;
		const char *full;
	} cases[] = {
		{RW_KIND_NETWORK, "{\"name\":\"old\",\"kind\":\"classic\"}",
		 "{\"id\":\"\",\"name\":\"old\",\"kind\":\"classic\",\"cidrs\":[\"10.0.0.0/"
		 "8\"],\"public\":false}"},
		{RW_KIND_NETWORK, "{\"name\":\"net\",\"kind\":\"classic\",\"public\":true}",
		 "{\"id\":\"\",\"name\":\"net\",\"kind\":\"classic\",\"cidrs\":[],\"public\":true}"},
		{RW_KIND_CLUSTER, "{\"name\":\"c\",\"network\":\"n\"}",
		 "{\"id\":\"\",\"name\":\"c\",\"network\":\"n\",\"type\":\"generic\",\"profile\":"
		 "\"standard\","
		 "\"container_cidrs\":[],\"container_network\":\"overlay\",\"management_cidrs\":[],"
		 "\"enforcement\":\"enforce\",\"security_group\":\"\"}"},
		{RW_KIND_NODE, "{\"name\":\"n\",\"network\":\"v\",\"interfaces\":[{\"name\":\"eth0\"}]}",
		 "{\"id\":\"\",\"name\":\"n\",\"network\":\"v\",\"agent\":\"managed\",\"security_groups\":[],"
		 "\"interfaces\":[{\"name\":\"eth0\",\"nic_type\":\"intranet\",\"addresses\":[],\"elastic_"
		 "ips\":[],"
		 "\"shared_addresses\":[]}]}"},
		{RW_KIND_GROUP,
		 "{\"name\":\"g\",\"network\":\"v\",\"rules\":[{\"direction\":\"ingress\",\"policy\":"
		 "\"accept\","
		 "\"protocol\":1,\"object\":{\"cidr\":\"192.0.2.1\"}}]}",
		 "{\"id\":\"\",\"name\":\"g\",\"description\":\"\",\"network\":\"v\",\"kind\":\"basic\","
		 "\"inner_access\":\"accept\",\"midstream\":\"accept\",\"rules\":[{\"direction\":\"ingress\","
		 "\"nic_type\":\"intranet\",\"policy\":\"accept\",\"protocol\":\"icmp\",\"ports\":\"-1/-1\","
		 "\"object\":{\"cidr\":\"192.0.2.1/"
		 "32\"},\"priority\":1,\"description\":\"\",\"author\":\"\"}]}"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;
		struct rw_error err;
		void *object = NULL;

		rw_buf_init(&buf, 1 << 20);
		if (decode(cases[i].kind, cases[i].text, NULL, &object, &err) < 0)
			fail_msg("%s: %s", err.field, err.text);
		encode(cases[i].kind, object, &buf);
		(void)rw_object_unref(cases[i].kind, object);
		assert_string_equal(buf.data, cases[i].full);
	}
}

#define NETWORK(more) "{\"name\":\"n\",\"kind\":\"vpc\"" more "}"
#define CLUSTER(more) "{\"name\":\"c\",\"network\":\"v\"" more "}"
#define NODE(more)    "{\"name\":\"n\",\"network\":\"v\"" more "}"
#define NIC(more)     NODE(",\"interfaces\":[{\"name\":\"eth0\"" more "}]")
#define GROUP(more)   "{\"name\":\"g\",\"network\":\"v\"" more "}"
#define RULE(more)                                                                                           \
	GROUP(",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"icmp\"," more "}" \
	      "]")
#define ANY            "\"object\":{\"cidr\":\"0.0.0.0/0\"}"
#define LIST(more)     "{\"name\":\"l\",\"family\":4" more "}"
#define BALANCER(more) "{\"name\":\"l\",\"cluster\":\"c\",\"listeners\":[]" more "}"
#define LISTENER(text) "{\"name\":\"l\",\"cluster\":\"c\",\"listeners\":[{" text "}]}"
#define PROMISE(more)                                                                                        \
	"{\"network\":\"v\",\"policy\":\"deny\",\"from\":{\"group\":\"a\"},\"to\":{\"group\":\"b\"}," more "}"

static void refuses_bad_input_in_every_field_at_its_path(void **state)
{
	static const struct {
		enum rw_kind kind;
		const char *text;
		const char *field;
	} cases[] = {
		{RW_KIND_NETWORK, "7", ""},
		{RW_KIND_NETWORK, "{\"kind\":\"vpc\"}", "name"},
		{RW_KIND_NETWORK, "{\"name\":\"n\"}", "kind"},
		{RW_KIND_NETWORK, "{\"name\":\"\",\"kind\":\"vpc\"}", "name"},
		{RW_KIND_NETWORK, "{\"name\":\"a\\u202eb\",\"kind\":\"vpc\"}", "name"},
		{RW_KIND_NETWORK, "{\"name\":\"n\",\"kind\":\"lan\"}", "kind"},
		{RW_KIND_NETWORK, NETWORK(",\"id\":\"\""), "id"},
		{RW_KIND_NETWORK, NETWORK(",\"id\":\"a b\""), "id"},
		{RW_KIND_NETWORK, NETWORK(",\"id\":\"123456789012345678901234567890123456789012345678\""),
		 "id"},
		{RW_KIND_NETWORK, NETWORK(",\"cidrs\":\"10.0.0.0/8\""), "cidrs"},
		{RW_KIND_NETWORK, NETWORK(",\"cidrs\":[\"10.0.0.0/8\",\"10.0.0.0/33\"]"), "cidrs[1]"},
		{RW_KIND_NETWORK, NETWORK(",\"cidrs\":[10]"), "cidrs[0]"},
		{RW_KIND_NETWORK, NETWORK(",\"public\":\"yes\""), "public"},
		{RW_KIND_NETWORK, NETWORK(",\"colour\":1"), "colour"},
		{RW_KIND_CLUSTER, "{\"name\":\"c\"}", "network"},
		{RW_KIND_CLUSTER, CLUSTER(",\"type\":\"nomad\""), "type"},
		{RW_KIND_CLUSTER, CLUSTER(",\"profile\":\"lax\""), "profile"},
		{RW_KIND_CLUSTER, CLUSTER(",\"container_cidrs\":[\"x\"]"), "container_cidrs[0]"},
		{RW_KIND_CLUSTER, CLUSTER(",\"container_network\":\"flat\""), "container_network"},
		{RW_KIND_CLUSTER, CLUSTER(",\"management_cidrs\":[\"10.0.0.1/8\"]"), "management_cidrs[0]"},
		{RW_KIND_CLUSTER, CLUSTER(",\"enforcement\":\"inherit\""), "enforcement"},
		{RW_KIND_CLUSTER, CLUSTER(",\"security_group\":5"), "security_group"},
		{RW_KIND_NODE, "{\"network\":\"v\"}", "name"},
		{RW_KIND_NODE, NODE(",\"cluster\":\"\""), "cluster"},
		{RW_KIND_NODE, NODE(",\"agent\":\"some\""), "agent"},
		{RW_KIND_NODE, NODE(",\"enforcement\":true"), "enforcement"},
		{RW_KIND_NODE, NODE(",\"machine_id\":\"\""), "machine_id"},
		{RW_KIND_NODE, NODE(",\"security_groups\":{}"), "security_groups"},
		{RW_KIND_NODE, NODE(",\"security_groups\":[\"a\",1]"), "security_groups[1]"},
		{RW_KIND_NODE, NODE(",\"interfaces\":[1]"), "interfaces[0]"},
		{RW_KIND_NODE, NODE(",\"interfaces\":[{}]"), "interfaces[0].name"},
		{RW_KIND_NODE, NODE(",\"interfaces\":[{\"name\":\"1234567890123456\"}]"),
		 "interfaces[0].name"},
		{RW_KIND_NODE, NODE(",\"interfaces\":[{\"name\":\"üüüüüüüü\"}]"), "interfaces[0].name"},
		{RW_KIND_NODE, NIC(",\"nic_type\":\"wan\""), "interfaces[0].nic_type"},
		{RW_KIND_NODE, NIC(",\"addresses\":[\"10.0.0.5/24\"]"), "interfaces[0].addresses[0]"},
		{RW_KIND_NODE, NIC(",\"elastic_ips\":[\"x\"]"), "interfaces[0].elastic_ips[0]"},
		{RW_KIND_NODE, NIC(",\"shared_addresses\":[null]"), "interfaces[0].shared_addresses[0]"},
		{RW_KIND_NODE, NIC(",\"security_groups\":[[]]"), "interfaces[0].security_groups[0]"},
		{RW_KIND_NODE, NIC(",\"mtu\":1500"), "interfaces[0].mtu"},
		{RW_KIND_PREFIX_LIST, LIST(",\"max_entries\":0"), "max_entries"},
		{RW_KIND_PREFIX_LIST, LIST(",\"entry_descriptions\":[]"), "entry_descriptions"},
		{RW_KIND_PREFIX_LIST, LIST(",\"entry_descriptions\":{\"any\":\"x\"}"), "entry_descriptions"},
		{RW_KIND_PREFIX_LIST, LIST(",\"entry_descriptions\":{\"10.0.0.1/8\":\"x\"}"),
		 "entry_descriptions"},
		{RW_KIND_PREFIX_LIST,
		 LIST(",\"entry_descriptions\":{\"10.0.0.1\":\"x\",\"10.0.0.1/32\":\"y\"}"),
		 "entry_descriptions"},
		{RW_KIND_PREFIX_LIST, LIST(",\"entry_descriptions\":{\"10.0.0.0/8\":1}"),
		 "entry_descriptions.10.0.0.0/8"},
		{RW_KIND_GROUP, GROUP(",\"created\":\"today\""), "created"},
		{RW_KIND_GROUP, "{\"name\":\"g\"}", "network"},
		{RW_KIND_GROUP, GROUP(",\"description\":\"\\u0007\""), "description"},
		{RW_KIND_GROUP, GROUP(",\"kind\":\"super\""), "kind"},
		{RW_KIND_GROUP, GROUP(",\"inner_access\":\"deny\""), "inner_access"},
		{RW_KIND_GROUP, GROUP(",\"managed_by\":[]"), "managed_by"},
		{RW_KIND_GROUP, GROUP(",\"midstream\":\"no\""), "midstream"},
		{RW_KIND_GROUP, GROUP(",\"timeouts\":5"), "timeouts"},
		{RW_KIND_GROUP, GROUP(",\"timeouts\":{\"udp\":0}"), "timeouts.udp"},
		{RW_KIND_GROUP, GROUP(",\"timeouts\":{\"sctp\":1}"), "timeouts.sctp"},
		{RW_KIND_GROUP, GROUP(",\"rules\":{}"), "rules"},
		{RW_KIND_GROUP, GROUP(",\"rules\":[{}]"), "rules[0].direction"},
		{RW_KIND_GROUP, RULE(ANY ",\"id\":7"), "rules[0].id"},
		{RW_KIND_GROUP, RULE(ANY ",\"nic_type\":\"x\""), "rules[0].nic_type"},
		{RW_KIND_GROUP, RULE(ANY ",\"ports\":\"1-2\""), "rules[0].ports"},
		{RW_KIND_GROUP, RULE(ANY ",\"ports\":\"2/1\""), "rules[0].ports"},
		{RW_KIND_GROUP, RULE(ANY ",\"local_cidr\":\"any\""), "rules[0].local_cidr"},
		{RW_KIND_GROUP, RULE(ANY ",\"source_ports\":1"), "rules[0].source_ports"},
		{RW_KIND_GROUP, RULE(ANY ",\"priority\":0"), "rules[0].priority"},
		{RW_KIND_GROUP, RULE(ANY ",\"priority\":101"), "rules[0].priority"},
		{RW_KIND_GROUP, RULE(ANY ",\"priority\":\"1\""), "rules[0].priority"},
		{RW_KIND_GROUP, RULE(ANY ",\"description\":1"), "rules[0].description"},
		{RW_KIND_GROUP, RULE(ANY ",\"created\":1"), "rules[0].created"},
		{RW_KIND_GROUP, RULE(ANY ",\"author\":\"a\\nb\""), "rules[0].author"},
		{RW_KIND_GROUP, RULE("\"object\":\"any\""), "rules[0].object"},
		{RW_KIND_GROUP, RULE("\"object\":{}"), "rules[0].object"},
		{RW_KIND_GROUP, RULE("\"object\":{\"cidr\":\"0.0.0.0/0\",\"group\":\"g\"}"),
		 "rules[0].object"},
		{RW_KIND_GROUP, RULE("\"object\":{\"cidr\":\"0.0.0.0/99\"}"), "rules[0].object.cidr"},
		{RW_KIND_GROUP, RULE("\"object\":{\"group\":\"\"}"), "rules[0].object.group"},
		{RW_KIND_GROUP, RULE("\"object\":{\"prefix_list\":1}"), "rules[0].object.prefix_list"},
		{RW_KIND_GROUP, RULE("\"object\":{\"host\":\"x\"}"), "rules[0].object.host"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"direction\":\"up\",\"policy\":\"accept\",\"protocol\":\"icmp\"," ANY
		       "}]"),
		 "rules[0].direction"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"deny\",\"protocol\":\"icmp\"," ANY
		       "}]"),
		 "rules[0].policy"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"drop\",\"protocol\":"
		       "\"sctpx\"," ANY "}]"),
		 "rules[0].protocol"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"drop\",\"protocol\":256," ANY
		       "}]"),
		 "rules[0].protocol"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"drop\",\"protocol\":\"tcp\"," ANY
		       "}]"),
		 "rules[0].ports"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"drop\",\"protocol\":\"all\"}]"),
		 "rules[0].object"},
		{RW_KIND_GROUP,
		 GROUP(",\"rules\":[{\"id\":\"sgr-1\",\"direction\":\"ingress\",\"policy\":\"drop\","
		       "\"protocol\":\"all\"," ANY "},{\"id\":\"sgr-1\",\"direction\":\"ingress\",\"policy\":"
		       "\"drop\",\"protocol\":\"gre\"," ANY "}]"),
		 "rules"},
		{RW_KIND_PREFIX_LIST, "{\"name\":\"l\",\"cidrs\":[]}", "family"},
		{RW_KIND_PREFIX_LIST, "{\"name\":\"l\",\"family\":5}", "family"},
		{RW_KIND_PREFIX_LIST, LIST(",\"cidrs\":[\"10.0.0.0/8\",\"::/0\"]"), "cidrs[1]"},
		{RW_KIND_PREFIX_LIST, LIST(",\"cidrs\":[\"\"]"), "cidrs[0]"},
		{RW_KIND_LOAD_BALANCER, "{\"name\":\"l\",\"cluster\":\"c\"}", "listeners"},
		{RW_KIND_LOAD_BALANCER, "{\"name\":\"l\",\"listeners\":[]}", "cluster"},
		{RW_KIND_LOAD_BALANCER, BALANCER(",\"sources\":[]"), "sources"},
		{RW_KIND_LOAD_BALANCER, BALANCER(",\"sources\":{\"cidrs\":[\"x\"]}"), "sources.cidrs[0]"},
		{RW_KIND_LOAD_BALANCER, BALANCER(",\"sources\":{\"group\":4}"), "sources.group"},
		{RW_KIND_LOAD_BALANCER, BALANCER(",\"sources\":{\"group\":\"g\",\"cidrs\":[\"::/0\"]}"),
		 "sources"},
		{RW_KIND_LOAD_BALANCER, BALANCER(",\"client_ip\":\"shown\""), "client_ip"},
		{RW_KIND_LOAD_BALANCER, LISTENER("\"port\":1,\"backend_port\":1"), "listeners[0].protocol"},
		{RW_KIND_LOAD_BALANCER, LISTENER("\"protocol\":\"icmp\",\"port\":1,\"backend_port\":1"),
		 "listeners[0].protocol"},
		{RW_KIND_LOAD_BALANCER, LISTENER("\"protocol\":\"all\",\"port\":1,\"backend_port\":1"),
		 "listeners[0].protocol"},
		{RW_KIND_LOAD_BALANCER, LISTENER("\"protocol\":\"tcp\",\"port\":0,\"backend_port\":1"),
		 "listeners[0].port"},
		{RW_KIND_LOAD_BALANCER, LISTENER("\"protocol\":\"tcp\",\"port\":1"),
		 "listeners[0].backend_port"},
		{RW_KIND_PROMISE, PROMISE("\"protocol\":\"tcp\",\"id\":\"/\""), "id"},
		{RW_KIND_PROMISE, PROMISE("\"ports\":\"1/1\""), "protocol"},
		{RW_KIND_PROMISE, PROMISE("\"protocol\":\"tcp\",\"ports\":\"0/1\""), "ports"},
		{RW_KIND_PROMISE, PROMISE("\"protocol\":\"tcp\",\"reason\":[]"), "reason"},
		{RW_KIND_PROMISE, "{\"network\":\"v\",\"policy\":\"drop\"}", "policy"},
		{RW_KIND_PROMISE, "{\"network\":\"v\",\"policy\":\"deny\",\"from\":{\"cidr\":\"x\"}}",
		 "from.cidr"},
		{RW_KIND_PROMISE,
		 "{\"network\":\"v\",\"policy\":\"deny\",\"from\":{\"group\":\"g\"},\"to\":1}", "to"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_error err;
		void *object = NULL;

		if (decode(cases[i].kind, cases[i].text, NULL, &object, &err) != -EINVAL)
			fail_msg("accepted %s", cases[i].text);
		assert_null(object);
		assert_string_equal(err.field, cases[i].field);
		assert_string_not_equal(err.text, "");
	}
}

static void sorts_rules_by_id_and_prefixes_by_value(void **state)
{
	struct rw_error err;
	void *object = NULL;
	struct rw_group *group;
	struct rw_prefix_list *list;

	(void)state;
	assert_int_equal(decode(RW_KIND_GROUP,
				GROUP(",\"rules\":[{\"id\":\"b\",\"direction\":\"ingress\",\"policy\":"
				      "\"drop\",\"protocol\":\"all\"," ANY
				      "},{\"id\":\"a\",\"direction\":\"ingress\",\"policy\":\"drop\","
				      "\"protocol\":\"gre\"," ANY "}]"),
				NULL, &object, &err),
			 0);
	group = object;
	assert_string_equal(group->rules[0]->id, "a");
	assert_string_equal(group->rules[1]->id, "b");
	(void)rw_group_unref(group);
	assert_int_equal(decode(RW_KIND_PREFIX_LIST,
				LIST(",\"cidrs\":[\"10.1.0.0/16\",\"10.0.0.0/8\",\"10.1.0.0/16\"]"), NULL,
				&object, &err),
			 0);
	list = object;
	assert_int_equal(list->cidr_count, 2);
	assert_int_equal(list->cidrs[0].bits, 8);
	(void)rw_prefix_list_unref(list);
}

static int resolve_letters(const struct rw_resolver *resolver, enum rw_kind kind, const char *reference,
			   char ret_id[RW_ID_SIZE])
{
	(void)resolver;
	if (strlen(reference) != 1)
		return -ENOENT;
	snprintf(ret_id, RW_ID_SIZE, "%d-%s", (int)kind, reference);
	return 0;
}

static void asks_the_resolver_for_every_reference(void **state)
{
	static const struct rw_resolver letters = {.resolve = resolve_letters};
	struct rw_error err;
	void *object = NULL;
	struct rw_node *node;

	(void)state;
	assert_int_equal(decode(RW_KIND_NODE,
				"{\"name\":\"n\",\"network\":\"a\",\"cluster\":\"b\",\"security_groups\":["
				"\"c\",\"d\"]}",
				&letters, &object, &err),
			 0);
	node = object;
	assert_string_equal(node->network, "0-a");
	assert_string_equal(node->cluster, "1-b");
	assert_string_equal(node->security_groups[1], "3-d");
	(void)rw_node_unref(node);
	assert_int_equal(
		decode(RW_KIND_NODE, "{\"name\":\"n\",\"network\":\"main\"}", &letters, &object, &err),
		-EINVAL);
	assert_string_equal(err.field, "network");
	assert_string_equal(err.text, "there is no network \"main\"");
}

static void resolves_ids_and_names_in_a_model(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_model_new();
	struct rw_resolver resolver = rw_resolver_of_model(model);
	char id[RW_ID_SIZE];
	struct rw_error err;
	void *object = NULL;

	(void)state;
	assert_int_equal(decode(RW_KIND_NETWORK, complete[0].text, NULL, &object, &err), 0);
	assert_int_equal(rw_model_put(model, RW_KIND_NETWORK, object, &err), 0);
	assert_int_equal(resolver.resolve(&resolver, RW_KIND_NETWORK, "main", id), 0);
	assert_string_equal(id, "vpc-1");
	assert_int_equal(resolver.resolve(&resolver, RW_KIND_NETWORK, "vpc-1", id), 0);
	assert_int_equal(resolver.resolve(&resolver, RW_KIND_NETWORK, "other", id), -ENOENT);
}

static void leaves_out_of_the_stream_what_decides_nothing(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	struct rw_error err;
	void *object = NULL;
	struct rw_group *group;

	(void)state;
	rw_buf_init(&buf, 4096);
	assert_int_equal(decode(RW_KIND_GROUP, complete[3].text, NULL, &object, &err), 0);
	group = object;
	rw_json_writer_init(&json, &buf, false);
	rw_rule_encode_core(&json, group->rules[1]);
	assert_string_equal(
		buf.data,
		"{\"id\":\"sgr-2\",\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"89\","
		"\"object\":{\"group\":\"sg-9\"}}");
	rw_buf_clear(&buf);
	rw_json_writer_init(&json, &buf, false);
	rw_group_encode_head(&json, group);
	assert_null(strstr(buf.data, "rules"));
	(void)rw_group_unref(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_it_writes_for_every_field),
		cmocka_unit_test(gives_absent_fields_their_defaults),
		cmocka_unit_test(refuses_bad_input_in_every_field_at_its_path),
		cmocka_unit_test(sorts_rules_by_id_and_prefixes_by_value),
		cmocka_unit_test(asks_the_resolver_for_every_reference),
		cmocka_unit_test(resolves_ids_and_names_in_a_model),
		cmocka_unit_test(leaves_out_of_the_stream_what_decides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
