/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct fixture fx;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static void make_lists(int count)
{
	char id[16];

	for (int i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "pl-%d", i);
		fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list(id, 4, "192.0.2.0/24"));
	}
}

static void tells_who_what_when_from_where_before_and_after(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};
	struct rw_prefix_list *list = world_list("pl-1", 4, "198.51.100.0/24");
	uint64_t revision;
	const char *json;

	(void)state;
	fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	revision = fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_PREFIX_LIST, .object = list});
	(void)rw_prefix_list_unref(list);
	assert_int_equal(rw_audit_list(fx.controller, 0, 10, &page, NULL), 0);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.records[0].sequence, 2);
	assert_int_equal(page.records[0].revision, revision);
	json = page.records[0].json;
	assert_non_null(strstr(json, "\"name\":\"alice\",\"address\":\"203.0.113.1\""));
	assert_non_null(strstr(json, "\"time\":\"2026-"));
	assert_non_null(strstr(json, "\"action\":\"test\""));
	assert_true(strstr(json, "192.0.2.0/24") > strstr(json, "\"before\""));
	assert_true(strstr(json, "198.51.100.0/24") > strstr(json, "\"after\""));
	assert_true(strstr(json, "\"revision\"") == json + 1);
}

static void numbers_are_dense_over_restarts_and_controllers(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

	(void)state;
	fixture_second(&fx);
	for (int i = 0; i < 10; i++) {
		RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
		char id[16];
		struct rw_prefix_list *list;

		(void)snprintf(id, sizeof(id), "pl-%d", i);
		list = world_list(id, 4, "192.0.2.0/24");
		assert_int_equal(fixture_run(i % 2 ? fx.controller : fx.second, &fx.alice,
					     (struct step){STEP_CREATE, RW_KIND_PREFIX_LIST, .object = list},
					     0, &result, NULL),
				 0);
		(void)rw_prefix_list_unref(list);
		if (i == 5)
			fixture_restart(&fx);
	}
	assert_int_equal(rw_audit_list(fx.controller, 0, 100, &page, NULL), 0);
	assert_int_equal(page.count, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(page.records[i].sequence, 10 - i);
}

static void gives_pages_newest_first(void **state)
{
	uint64_t before = 0;
	uint64_t expected = 25;
	unsigned int pages = 0;

	(void)state;
	make_lists(25);
	do {
		RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

		assert_int_equal(rw_audit_list(fx.controller, before, 10, &page, NULL), 0);
		for (size_t i = 0; i < page.count; i++)
			assert_int_equal(page.records[i].sequence, expected--);
		before = page.next;
		pages++;
	} while (before);
	assert_int_equal(expected, 0);
	assert_int_equal(pages, 3);
}

static void an_empty_log_is_an_empty_page(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

	(void)state;
	assert_int_equal(rw_audit_list(fx.controller, 0, 10, &page, NULL), 0);
	assert_int_equal(page.count, 0);
	assert_int_equal(page.next, 0);
}

static void old_records_and_revisions_are_let_go(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

	(void)state;
	fx.options.limits.audit_records = 20;
	fx.options.limits.revisions = 10;
	fixture_restart(&fx);
	for (int i = 0; i < 100; i++) {
		fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
		fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_PREFIX_LIST, .reference = "pl-1"});
	}
	for (int i = 0; i < 3; i++)
		fixture_pass(&fx, 60000);
	assert_int_equal(rw_audit_list(fx.controller, 0, 1000, &page, NULL), 0);
	assert_int_equal(page.count, 100); /* pruned by hundreds */
	assert_int_equal(page.next, 0);
	assert_true(rw_store_compacted_revision(fx.store) > 100);
	fixture_restart(&fx);
	make_lists(1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(tells_who_what_when_from_where_before_and_after),
		T(numbers_are_dense_over_restarts_and_controllers),
		T(gives_pages_newest_first),
		T(an_empty_log_is_an_empty_page),
		T(old_records_and_revisions_are_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
