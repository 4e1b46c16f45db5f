/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "wire/model_file.h"

static int decode(const char *text, struct rw_model **ret_model, struct rw_error *err)
{
	*err = RW_ERROR_NONE;
	return rw_model_file_decode(text, strlen(text), ret_model, err);
}

static struct rw_model *must_decode(const char *text)
{
	struct rw_model *model = NULL;
	struct rw_error err;

	if (decode(text, &model, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	return model;
}

static void reads_the_documented_example_and_writes_it_back_byte_by_byte(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	RW_CLEANUP(rw_buf_done) struct rw_buf again;
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;

	(void)state;
	rw_buf_init(&text, 1 << 20);
	rw_buf_init(&again, 1 << 20);
	assert_int_equal(rw_file_read(RW_SOURCE_ROOT "/docs/example-model.json", &text, NULL), 0);
	model = must_decode(text.data);
	assert_int_equal(rw_model_count(model, RW_KIND_NETWORK), 3);
	assert_int_equal(rw_model_count(model, RW_KIND_PROMISE), 1);
	assert_int_equal(rw_model_file_encode(&again, model, NULL), 0);
	assert_string_equal(again.data, text.data);
}

/* Written by a person: names instead of ids, things left out, in any order. */
static const char by_hand[] =
	"{\"security_groups\":[{\"name\":\"demo\",\"network\":\"main\",\"rules\":["
	"{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":\"22/"
	"22\",\"nic_type\":\"internet\","
	"\"object\":{\"cidr\":\"0.0.0.0/0\"}},"
	"{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":\"80/80\","
	"\"object\":{\"prefix_list\":\"office\"}}]},{\"name\":\"edge\",\"network\":\"edge\"}],"
	"\"prefix_lists\":[{\"name\":\"office\",\"family\":4,\"cidrs\":[\"192.0.2.0/24\"]}],"
	"\"nodes\":[{\"name\":\"n1\",\"cluster\":\"demo\",\"interfaces\":[{\"name\":\"eth0\",\"addresses\":["
	"\"10.0.0.1\"]}]}],"
	"\"clusters\":[{\"name\":\"demo\",\"network\":\"main\",\"security_group\":\"demo\"}],"
	"\"promises\":[{\"network\":\"main\",\"policy\":\"accept\",\"from\":{\"cidr\":\"192.0.2.0/"
	"24\"},\"to\":{\"group\":\"demo\"},"
	"\"protocol\":\"tcp\",\"ports\":\"22/22\"}],"
	"\"networks\":[{\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/8\"]},"
	"{\"name\":\"edge\",\"kind\":\"vpc\",\"public\":true}],\"version\":1}";

static void resolves_names_and_fills_in_what_a_person_left_out(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = must_decode(by_hand);
	const struct rw_cluster *cluster = rw_model_find_cluster(model, "demo");
	const struct rw_group *group = rw_model_find_group(model, "demo");
	const struct rw_node *node = rw_model_find_node(model, "n1");

	(void)state;
	assert_non_null(cluster);
	assert_int_equal(strlen(cluster->id), 33);
	assert_string_equal(cluster->security_group, group->id);
	assert_string_equal(group->managed_by, cluster->id);
	assert_string_equal(node->cluster, cluster->id);
	assert_string_equal(node->network, rw_model_find_network(model, "main")->id);
	assert_int_equal(group->rule_count, 2);
	assert_true(strncmp(group->rules[0]->id, "sgr-", 4) == 0);
	assert_int_equal(group->rules[0]->nic_type, RW_NIC_INTRANET);
	assert_int_equal(group->rules[1]->nic_type, RW_NIC_INTRANET);
	assert_int_equal(rw_model_find_group(model, "edge")->inner_access, RW_VERDICT_DROP);
}

static void gives_the_same_ids_at_every_reading(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *one = must_decode(by_hand);
	RW_CLEANUP(rw_model_free) struct rw_model *two = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf first;
	RW_CLEANUP(rw_buf_done) struct rw_buf second;

	(void)state;
	rw_buf_init(&first, 1 << 20);
	rw_buf_init(&second, 1 << 20);
	assert_int_equal(rw_model_file_encode(&first, one, NULL), 0);
	two = must_decode(first.data);
	assert_int_equal(rw_model_file_encode(&second, two, NULL), 0);
	assert_string_equal(second.data, first.data);
}

static void refuses_a_newer_version_and_names_both(void **state)
{
	struct rw_model *model = NULL;
	struct rw_error err;

	(void)state;
	assert_int_equal(decode("{\"version\":7,\"novelties\":[]}", &model, &err), -EPROTONOSUPPORT);
	assert_string_equal(err.field, "version");
	assert_non_null(strstr(err.text, "version 7"));
	assert_non_null(strstr(err.text, "newer than 1"));
	assert_null(model);
}

#define NETWORKS                                                                                             \
	"\"networks\":[{\"id\":\"vpc-1\",\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/8\"]}]"
#define RULE                                                                                                 \
	"{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"all\",\"object\":{\"cidr\":\"0.0."  \
	"0.0/0\"}}"

static void refuses_bad_files_at_the_place(void **state)
{
	static const struct {
		const char *text;
		const char *field;
	} cases[] = {
		{"", ""},
		{"[]", ""},
		{"{}", "version"},
		{"{\"version\":\"1\"}", "version"},
		{"{\"version\":0}", "version"},
		{"{\"version\":1,\"rules\":[]}", "rules"},
		{"{\"version\":1,\"nodes\":{}}", "nodes"},
		{"{\"version\":1,\"nodes\":[1]}", "nodes[0]"},
		{"{\"version\":1,\"nodes\":[{}]}", "nodes[0].name"},
		{"{\"version\":1,\"nodes\":[{\"name\":\"n\",\"id\":\"\"}]}", "nodes[0].id"},
		{"{\"version\":1,\"nodes\":[{\"name\":\"n\",\"network\":\"lost\"}]}", "nodes[0].network"},
		{"{\"version\":1," NETWORKS ",\"nodes\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", "nodes[1]"},
		{"{\"version\":1," NETWORKS
		 ",\"nodes\":[{\"id\":\"n-1\",\"name\":\"a\"},{\"id\":\"n-1\",\"name\":\"b\"}]}",
		 "nodes[1]"},
		{"{\"version\":1," NETWORKS
		 ",\"security_groups\":[{\"name\":\"g\",\"network\":\"main\",\"rules\":[" RULE "," RULE
		 "]}]}",
		 "security_groups[0].rules"},
		{"{\"version\":1," NETWORKS
		 ",\"security_groups\":[{\"name\":\"g\",\"network\":\"main\",\"rules\":[{}]}]}",
		 "security_groups[0].rules[0].direction"},
		{"{\"version\":1," NETWORKS ",\"clusters\":[{\"name\":\"c\",\"network\":\"main\"}]}",
		 "clusters[0].security_group"},
		/* What only group/validate.h knows, led back to the place in the file. */
		{"{\"version\":1," NETWORKS ",\"security_groups\":[{\"name\":\"a\",\"network\":\"main\"},"
		 "{\"id\":\"gs-1\",\"name\":\"b\",\"network\":\"main\"}]}",
		 "security_groups[1].id"},
		{"{\"version\":1," NETWORKS
		 ",\"promises\":[{\"network\":\"main\",\"policy\":\"deny\",\"from\":{\"group\":\"g\"}}]}",
		 "promises[0].from.group"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_model *model = NULL;
		struct rw_error err;

		if (decode(cases[i].text, &model, &err) == 0)
			fail_msg("accepted %s", cases[i].text);
		assert_null(model);
		assert_string_equal(err.field, cases[i].field);
	}
}

static void writes_an_empty_model(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = must_decode("{\"version\":1}");
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_model_file_encode(&buf, model, NULL), 0);
	assert_string_equal(
		buf.data, "{\n  \"version\": 1,\n  \"networks\": [],\n  \"clusters\": [],\n  \"nodes\": [],\n"
			  "  \"security_groups\": [],\n  \"prefix_lists\": [],\n  \"load_balancers\": [],\n"
			  "  \"promises\": []\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_documented_example_and_writes_it_back_byte_by_byte),
		cmocka_unit_test(resolves_names_and_fills_in_what_a_person_left_out),
		cmocka_unit_test(gives_the_same_ids_at_every_reading),
		cmocka_unit_test(refuses_a_newer_version_and_names_both),
		cmocka_unit_test(refuses_bad_files_at_the_place),
		cmocka_unit_test(writes_an_empty_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
