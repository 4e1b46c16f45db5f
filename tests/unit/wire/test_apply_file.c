/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "wire/apply_file.h"

/* The file as text: a line for each target and each of its rules. */
static void expect(const char *text, const char *expected)
{
	RW_CLEANUP(rw_apply_file_done) struct rw_apply_file file = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;

	rw_buf_init(&buf, 1 << 20);
	if (rw_apply_file_decode(text, strlen(text), NULL, NULL, &file, &err) < 0)
		fail_msg("%s: %s: %s", text, err.field, err.text);
	for (size_t i = 0; i < file.targets.count; i++) {
		struct rw_apply_target *target = rw_vec_at(&file.targets, i);

		(void)rw_buf_append_format(&buf, "%s %s\n", target->is_cluster ? "cluster" : "group",
					   target->reference);
		for (size_t j = 0; j < target->rules.count; j++) {
			rw_rule_text_format(*(struct rw_rule **)rw_vec_at(&target->rules, j), NULL, &buf);
			(void)rw_buf_append_text(&buf, "\n");
		}
	}
	assert_string_equal(buf.data, expected);
}

static void reads_json_with_rules_as_text_and_as_objects(void **state)
{
	(void)state;
	expect("{\"cluster\":\"demo\",\"rules\":[\"allow tcp 443 from "
	       "10.0.0.0/8\",{\"direction\":\"egress\",\"policy\":\"drop\","
	       "\"protocol\":\"all\",\"object\":{\"cidr\":\"::/0\"}}]}",
	       "cluster demo\nallow tcp 443 from 10.0.0.0/8\ndrop all to ::/0\n");
	expect(" [{\"group\":\"a\",\"rules\":[]},{\"rules\":[\"allow icmp from b\"],\"group\":\"b\"}]",
	       "group a\ngroup b\nallow icmp from group:b\n");
}

static void reads_plain_text(void **state)
{
	(void)state;
	expect("# comment\ncluster: demo\n\n- allow tcp 443 from 10.0.0.0/8 # web\r\nallow gre from "
	       "x\nGroup:  db\nrules:\n"
	       "  - drop all to 10.0.0.1",
	       "cluster demo\nallow tcp 443 from 10.0.0.0/8 # web\nallow gre from group:x\ngroup db\n"
	       "drop all to 10.0.0.1/32\n");
}

static void takes_the_groups_of_a_model_file(void **state)
{
	(void)state;
	expect("{\"version\":1,\"networks\":[{\"id\":\"vpc-1\",\"name\":\"m\",\"kind\":\"vpc\",\"cidrs\":["
	       "\"10.0.0.0/8\"]}],"
	       "\"clusters\":[{\"id\":\"c0\",\"name\":\"demo\",\"network\":\"m\",\"security_group\":\"sg-1\"}"
	       "],"
	       "\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"demo\",\"network\":\"m\",\"rules\":[{"
	       "\"direction\":\"ingress\","
	       "\"policy\":\"accept\",\"protocol\":\"gre\",\"object\":{\"cidr\":\"::/0\"}}]},"
	       "{\"id\":\"sg-2\",\"name\":\"db\",\"network\":\"m\"}]}",
	       "cluster c0\nallow gre from ::/0\ngroup sg-2\n");
}

static void refuses_bad_files_at_the_place(void **state)
{
	static const struct {
		const char *text;
		const char *field;
		const char *message; /* part of it */
	} cases[] = {
		{"", "", "names no cluster"},
		{"{}", "", "either \"cluster\" or \"group\""},
		{"{\"cluster\":\"a\",\"group\":\"b\",\"rules\":[]}", "", "either"},
		{"{\"cluster\":\"a\"}", "rules", "is missing"},
		{"{\"cluster\":\"a\",\"rules\":[],\"x\":1}", "x", "unknown field"},
		{"{\"cluster\":1,\"rules\":[]}", "cluster", "must be text"},
		{"{\"cluster\":\"a\",\"rules\":[\"allow\"]}", "rules[0]", "ends too early"},
		{"{\"cluster\":\"a\",\"rules\":[{}]}", "rules[0].direction", "is missing"},
		{"{\"cluster\":\"a\",\"rules\":[1]}", "rules[0]", "must be an object"},
		{"[{\"cluster\":\"a\",\"rules\":[]},{\"cluster\":\"a\",\"rules\":[]}]", "", "comes twice"},
		{"[1]", "[0]", "must be an object"},
		{"{\"version\":2}", "version", "newer"},
		{"allow icmp from any", "", "line 1: a rule comes before"},
		{"cluster: a\nallow icmp form any", "", "line 2: word 3"},
		{"cluster: a\ncluster: a", "", "line 2: cluster \"a\" comes twice"},
		{"cluster: \x1b[2J", "", "line 1: "},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_apply_file file = {0};
		struct rw_error err = RW_ERROR_NONE;

		if (rw_apply_file_decode(cases[i].text, strlen(cases[i].text), NULL, NULL, &file, &err) == 0)
			fail_msg("accepted %s", cases[i].text);
		assert_string_equal(err.field, cases[i].field);
		if (!strstr(err.text, cases[i].message))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_json_with_rules_as_text_and_as_objects),
		cmocka_unit_test(reads_plain_text),
		cmocka_unit_test(takes_the_groups_of_a_model_file),
		cmocka_unit_test(refuses_bad_files_at_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
