/* SPDX-License-Identifier: Apache-2.0 */

/* What was: the log of one object, a group as it was; and who refers to it. */

#include "test.h"

#include <string.h>

#include "fixture.h"

static int setup(void **state)
{
	struct api_fixture *fx = calloc(1, sizeof(*fx));

	*state = fx;
	api_fixture_init(fx);
	fixture_vpc(&fx->fx);
	return 0;
}

static int teardown(void **state)
{
	api_fixture_done(*state);
	free(*state);
	return 0;
}

/* The actions that the log tells with this query, newest first: "a, b". */
static void log_actions(struct api_fixture *fx, const char *query, char text[512])
{
	struct answer answer;
	char target[128];
	size_t size = 0;

	(void)snprintf(target, sizeof(target), "/v1/log?%s", query);
	fixture_ask(fx, "GET", target, NULL, &answer);
	assert_int_equal(answer.status, 200);
	text[0] = '\0';
	for (size_t i = 0; i < answer_count(&answer, "items"); i++)
		size += (size_t)snprintf(text + size, 512 - size, "%s%s", i ? ", " : "",
					 answer_element(&answer, "items", i, "action"));
	answer_done(&answer);
}

static void the_log_of_an_object_has_its_changes_and_no_others(void **state)
{
	struct api_fixture *fx = *state;
	char text[512];

	fixture_expect(fx, "POST", "/v1/security-groups/sg-free/rules",
		       "{\"rules\":[\"allow tcp 443 from any\"]}", 201);
	fixture_expect(fx, "POST", "/v1/security-groups/c1/rules", "{\"rules\":[\"allow tcp 80 from any\"]}",
		       201);
	fixture_expect(fx, "PATCH", "/v1/security-groups/sg-free", "{\"description\":\"web\"}", 200);
	/* A node of it changes, but belongs to it before and after: nothing of the group. */
	fixture_expect(fx, "PATCH", "/v1/nodes/n-free", "{\"name\":\"other\"}", 200);
	log_actions(fx, "object=sg-free&limit=2", text);
	assert_string_equal(text, "change security group, add rules");
	/* What begins to name it: a rule of another group, a member. */
	fixture_expect(fx, "POST", "/v1/security-groups/c1/rules",
		       "{\"rules\":[\"allow tcp 81 from group:sg-free\"]}", 201);
	fixture_expect(fx, "POST", "/v1/security-groups/sg-free/members", "{\"nodes\":[\"n-1\"]}", 200);
	log_actions(fx, "object=sg-free&limit=3", text);
	assert_string_equal(text, "join group, add rules, change security group");
	log_actions(fx, "object=n-free&limit=1", text);
	assert_string_equal(text, "change node");
	log_actions(fx, "object=sg-nobody", text);
	assert_string_equal(text, "");
	fixture_expect(fx, "GET", "/v1/log?object=", NULL, 400);
	fixture_expect(fx, "GET", "/v1/log?object=a%22b", NULL, 400);
}

static void a_search_of_the_log_ends_and_says_where_to_go_on(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;
	char target[96];
	size_t pages = 0;

	fixture_add_rule(&fx->fx, "sg-free", "sgr-old in accept tcp 7/7 198.51.100.0/24");
	for (int i = 0; i < 1100; i++) {
		if (i % 2)
			fixture_revoke(&fx->fx, "sg-c1", "sgr-new");
		else
			fixture_add_rule(&fx->fx, "sg-c1", "sgr-new in accept tcp 8/8 198.51.100.0/24");
	}
	(void)snprintf(target, sizeof(target), "/v1/log?object=sgr-old");
	for (bool more = true; more; pages++) {
		fixture_ask(fx, "GET", target, NULL, &answer);
		assert_int_equal(answer.status, 200);
		assert_int_equal(answer_count(&answer, "items"), pages ? 1 : 0);
		more = answer_text(&answer, "next")[0] != '\0';
		(void)snprintf(target, sizeof(target), "/v1/log?object=sgr-old&after=%s",
			       answer_text(&answer, "next"));
		answer_done(&answer);
	}
	assert_int_equal(pages, 2);
}

static void shows_a_group_as_it_was(void **state)
{
	struct api_fixture *fx = *state;
	uint64_t before = rw_controller_revision(fx->fx.controller), with;
	struct answer answer;
	char target[96];

	with = fixture_add_rule(&fx->fx, "sg-free", "sgr-new in accept tcp 6379/6379 198.51.100.0/24");
	fixture_revoke(&fx->fx, "sg-free", "sgr-new");
	(void)snprintf(target, sizeof(target), "/v1/security-groups/sg-free/revisions/%llu",
		       (unsigned long long)with);
	fixture_ask(fx, "GET", target, NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "rules"), 1);
	assert_string_equal(answer_element(&answer, "rules", 0, "id"), "sgr-new");
	assert_non_null(strstr(answer.result.body, "\"rule_count\":1,\"member_count\":1"));
	answer_done(&answer);
	(void)snprintf(target, sizeof(target), "/v1/security-groups/sg-free/revisions/%llu",
		       (unsigned long long)before);
	fixture_ask(fx, "GET", target, NULL, &answer);
	assert_int_equal(answer_count(&answer, "rules"), 0);
	answer_done(&answer);
	fixture_expect(fx, "GET", "/v1/security-groups/sg-free/revisions/x", NULL, 404);
	fixture_expect(fx, "GET", "/v1/security-groups/sg-free/revisions/99999", NULL, 400);
	fixture_ask(fx, "GET", "/v1/security-groups/sg-free/revisions/1", NULL, &answer);
	assert_int_equal(answer.status, 404);
	assert_non_null(strstr(answer_text(&answer, "detail"), "at revision 1: there is no"));
	answer_done(&answer);
}

static void lists_who_refers_to_a_group(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_expect(fx, "POST", "/v1/security-groups/c1/rules",
		       "{\"rules\":[\"allow tcp 81 from group:sg-free\"]}", 201);
	fixture_ask(fx, "GET", "/v1/security-groups/sg-free/referrers", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "items"), 2);
	assert_string_equal(answer_element(&answer, "items", 0, "kind"), "node");
	assert_string_equal(answer_element(&answer, "items", 0, "id"), "n-free");
	assert_string_equal(answer_element(&answer, "items", 1, "kind"), "security_group");
	assert_string_equal(answer_element(&answer, "items", 1, "id"), "sg-c1");
	assert_memory_equal(answer_element(&answer, "items", 1, "rule"), "sgr-", 4);
	assert_non_null(strstr(answer.result.body, "\"complete\":true"));
	answer_done(&answer);
	fixture_expect(fx, "GET", "/v1/security-groups/nobody/referrers", NULL, 404);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_log_of_an_object_has_its_changes_and_no_others),
		T(a_search_of_the_log_ends_and_says_where_to_go_on),
		T(shows_a_group_as_it_was),
		T(lists_who_refers_to_a_group),
	};

	return cmocka_run_group_tests_name("api/past", tests, NULL, NULL);
}
