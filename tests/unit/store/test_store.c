/* SPDX-License-Identifier: Apache-2.0 */

/* The contract of store.h, against every back end. */

#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void starts_with_a_revision_and_an_incarnation(void **state)
{
	struct fixture *fixture = *state;

	assert_true(rw_store_revision(fixture->store) >= 1);
	assert_true(fixture->shared || rw_store_revision(fixture->store) == 1);
	assert_int_equal(rw_store_compacted_revision(fixture->store), 0);
	assert_int_equal(strlen(rw_store_incarnation(fixture->store)), RW_STORE_INCARNATION_SIZE - 1);
	assert_string_not_equal(rw_store_incarnation(fixture->store), "00000000000000000000000000000000");
	fixture_expect(fixture, "/a", 0, NULL);
}

static void renews_its_incarnation_on_request_only(void **state)
{
	struct fixture *fixture = *state;
	char before[RW_STORE_INCARNATION_SIZE];
	char after[RW_STORE_INCARNATION_SIZE];

	(void)strcpy(before, rw_store_incarnation(fixture->store));
	if (fixture->durable) {
		fixture_reopen(fixture);
		assert_string_equal(before, rw_store_incarnation(fixture->store));
	}
	assert_int_equal(rw_store_renew_incarnation(fixture->store, rw_random_system(), NULL), 0);
	(void)strcpy(after, rw_store_incarnation(fixture->store));
	assert_string_not_equal(before, after);
	if (fixture->durable) {
		fixture_reopen(fixture);
		assert_string_equal(after, rw_store_incarnation(fixture->store));
	}
}

static void gives_what_a_key_held_at_each_revision(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first = fixture_put(fixture, "/a", "one");
	uint64_t second = fixture_put(fixture, "/a", "two");
	uint64_t third = fixture_delete(fixture, "/a");
	uint64_t fourth = fixture_put(fixture, "/a", "");

	assert_true(1 < first && first < second && second < third && third < fourth);
	assert_int_equal(rw_store_revision(fixture->store), fourth);
	fixture_expect(fixture, "/a", 1, NULL);
	fixture_expect(fixture, "/a", first, "one");
	fixture_expect(fixture, "/a", second, "two");
	fixture_expect(fixture, "/a", third, NULL);
	fixture_expect(fixture, "/a", fourth, "");
	fixture_expect(fixture, "/a", 0, "");
	fixture_expect(fixture, "/", 0, NULL);
	fixture_expect(fixture, "/aa", 0, NULL);
}

static void refuses_revisions_of_the_future_and_keys_out_of_bounds(void **state)
{
	struct fixture *fixture = *state;
	struct rw_store_entry entry;
	struct rw_store_watch *watch = NULL;
	struct rw_error err = RW_ERROR_NONE;
	uint64_t future = rw_store_revision(fixture->store) + 1;
	struct rw_store_query query = {.prefix = "", .revision = future};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	char key[RW_STORE_MAX_KEY + 2];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_int_equal(rw_store_get(fixture->store, "/a", future, &entry, &err), -EINVAL);
	assert_non_null(strstr(err.text, "future"));
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), -EINVAL);
	assert_int_equal(rw_store_watch_new(fixture->store, "", future + 1, NULL, NULL, &watch, NULL),
			 -EINVAL);
	assert_int_equal(rw_store_compact(fixture->store, future, NULL), -EINVAL);
	assert_int_equal(rw_store_get(fixture->store, "", 0, &entry, NULL), -EINVAL);
	assert_int_equal(rw_store_get(fixture->store, key, 0, &entry, NULL), -EINVAL);
	query = (struct rw_store_query){.prefix = key};
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), -EINVAL);
	query = (struct rw_store_query){.prefix = "", .limit = RW_STORE_MAX_PAGE + 1};
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), -EINVAL);
	assert_int_equal(rw_store_watch_new(fixture->store, key, 0, NULL, NULL, &watch, NULL), -EINVAL);
	assert_null(watch);
}

static void keeps_bytes_of_any_value_and_keys_of_any_bytes(void **state)
{
	static const char value[] = {0, 1, 'a', 0, (char)0xff, 0};
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query = {.prefix = "\xff"};
	char longest[RW_STORE_MAX_KEY + 1];

	memset(longest, 0xff, RW_STORE_MAX_KEY);
	longest[RW_STORE_MAX_KEY] = '\0';
	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, longest, value, sizeof(value));
	rw_store_txn_put(&txn, "\xff", NULL, 0);
	rw_store_txn_put(&txn, "\x01", "x", 1);
	assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, NULL), 0);
	assert_int_equal(rw_store_get(fixture->store, longest, 0, &entry, NULL), 0);
	assert_int_equal(entry.value_size, sizeof(value));
	assert_memory_equal(entry.value, value, sizeof(value));
	query.limit = 1;
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
	assert_int_equal(page.count, 1);
	assert_string_equal(page.entries[0].key, "\xff");
	assert_int_equal(page.entries[0].value_size, 0);
	assert_true(rw_store_query_advance(&query, &page));
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
	assert_int_equal(page.count, 1);
	assert_string_equal(page.entries[0].key, longest);
	assert_false(rw_store_query_advance(&query, &page));
}

static void changes_nothing_when_a_compare_does_not_hold(void **state)
{
	struct fixture *fixture = *state;
	uint64_t revision = fixture_put(fixture, "/a", "one");
	uint64_t given = 99;
	static const struct {
		const char *key;
		bool present; /* else compare the revision */
		int offset;   /* of the compared revision from the key's; -100 = 0 */
		int expected;
	} cases[] = {
		{"/a", false, 0, 0},
		{"/a", false, 1, RW_STORE_CONFLICT},
		{"/a", false, -100, RW_STORE_CONFLICT},
		{"/b", false, -100, 0},
		{"/b", false, 0, RW_STORE_CONFLICT},
		{"/a", true, 0, 0},
		{"/b", true, 0, RW_STORE_CONFLICT},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
		uint64_t before = rw_store_revision(fixture->store);
		uint64_t compared = cases[i].offset == -100 ? 0 : revision + (uint64_t)cases[i].offset;

		rw_store_txn_init(&txn);
		if (cases[i].present)
			rw_store_txn_expect_present(&txn, cases[i].key);
		else
			rw_store_txn_expect(&txn, cases[i].key, compared);
		rw_store_txn_put(&txn, "/changed", "x", 1);
		rw_store_txn_delete_prefix(&txn, "/d");
		assert_int_equal(rw_store_commit(fixture->store, &txn, &given, NULL), cases[i].expected);
		fixture_expect(fixture, "/changed", 0, cases[i].expected == 0 ? "x" : NULL);
		assert_int_equal(rw_store_revision(fixture->store) > before, cases[i].expected == 0);
		(void)fixture_delete(fixture, "/changed");
	}
	assert_int_not_equal(given, 99);
}

static void makes_no_revision_for_a_transaction_that_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	uint64_t revision = fixture_put(fixture, "/a", "one");
	uint64_t given = 0;

	rw_store_txn_init(&txn);
	rw_store_txn_expect(&txn, "/a", revision);
	rw_store_txn_delete(&txn, "/absent");
	rw_store_txn_delete_prefix(&txn, "/none/");
	assert_int_equal(rw_store_commit(fixture->store, &txn, &given, NULL), 0);
	assert_int_equal(given, revision);
	assert_int_equal(rw_store_revision(fixture->store), revision);
}

static void deletes_a_prefix_and_nothing_beside_it(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	static const char *const keys[] = {"/r", "/r/", "/r/1", "/r/1/x", "/r/2", "/r0", "/q/9"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(keys); i++)
		(void)fixture_put(fixture, keys[i], "x");
	rw_store_txn_init(&txn);
	rw_store_txn_delete_prefix(&txn, "/r/");
	rw_store_txn_delete_prefix(&txn, "/r/1");
	rw_store_txn_delete(&txn, "/r/2");
	rw_store_txn_put(&txn, "/r0", "y", 1);
	assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, NULL), 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(keys); i++)
		fixture_expect(fixture, keys[i], 0, i >= 1 && i <= 4 ? NULL : i == 5 ? "y" : "x");
}

static void deletes_more_keys_than_fit_a_page(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn erase;
	struct rw_store_query query = {.prefix = "/"};

	for (int i = 0; i < 20; i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

		rw_store_txn_init(&txn);
		for (int j = 0; j < RW_STORE_MAX_OPERATIONS; j++) {
			char key[32];

			(void)snprintf(key, sizeof(key), "/k/%05d", i * RW_STORE_MAX_OPERATIONS + j);
			rw_store_txn_put(&txn, key, key, strlen(key));
		}
		assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, NULL), 0);
	}
	rw_store_txn_init(&erase);
	rw_store_txn_delete_prefix(&erase, "/k/");
	assert_int_equal(rw_store_commit(fixture->store, &erase, NULL, NULL), 0);
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
	assert_int_equal(page.count, 0);
	query.revision = rw_store_revision(fixture->store) - 1;
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
	assert_int_equal(page.count, RW_STORE_MAX_PAGE);
	assert_true(page.more);
}

static void refuses_transactions_beyond_the_limits(void **state)
{
	struct fixture *fixture = *state;
	static char big[RW_STORE_MAX_TXN_BYTES];
	size_t fits = sizeof(big) - RW_STORE_TXN_OVERHEAD - strlen("/a");
	struct rw_error err = RW_ERROR_NONE;
	char last[32];

	for (int i = 0; i < 6; i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
		int expected = i == 0 || i == 2 ? 0 : i == 4 || i == 5 ? -EINVAL : -E2BIG;

		rw_store_txn_init(&txn);
		if (i < 2)
			rw_store_txn_put(&txn, "/a", big, fits + (size_t)i);
		for (int j = 0; i >= 2 && i < 4 && j < RW_STORE_MAX_OPERATIONS + i - 2; j++) {
			char key[32];

			(void)snprintf(key, sizeof(key), "/n/%d", j);
			rw_store_txn_expect(&txn, "/absent", 0);
			rw_store_txn_put(&txn, key, "x", 1);
		}
		if (i == 4)
			rw_store_txn_put(&txn, "", "x", 1);
		if (i == 5)
			rw_store_txn_delete_prefix(&txn, "");
		assert_int_equal(rw_store_txn_check(&txn, &err), expected);
		assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, &err), expected);
		assert_int_equal(err.code, expected);
		err = RW_ERROR_NONE;
	}
	(void)snprintf(last, sizeof(last), "/n/%d", RW_STORE_MAX_OPERATIONS - 1);
	fixture_expect(fixture, last, 0, "x");
	(void)snprintf(last, sizeof(last), "/n/%d", RW_STORE_MAX_OPERATIONS);
	fixture_expect(fixture, last, 0, NULL);
}

static void refuses_to_touch_a_key_twice_in_one_transaction(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 6; i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

		rw_store_txn_init(&txn);
		if (i == 0 || i == 1 || i == 2)
			rw_store_txn_put(&txn, "/a/b", "x", 1);
		if (i == 0 || i == 3)
			rw_store_txn_delete(&txn, "/a/b");
		if (i == 1 || i == 4)
			rw_store_txn_delete_prefix(&txn, "/a");
		if (i >= 2 && i != 5)
			rw_store_txn_put(&txn, "/a/b", "y", 1);
		if (i == 5) {
			rw_store_txn_delete(&txn, "/a/b");
			rw_store_txn_delete_prefix(&txn, "/a/");
		}
		assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, NULL), i == 5 ? 0 : -EINVAL);
	}
}

struct outcome {
	int result;
	uint64_t revision;
	int calls;
	int error;
};

static void note_outcome(void *context, int result, uint64_t revision, const struct rw_error *err)
{
	struct outcome *outcome = context;

	outcome->result = result;
	outcome->revision = revision;
	outcome->error = err ? err->code : 0;
	outcome->calls++;
}

static void tells_a_submitter_how_it_ended_exactly_once(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3; i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
		struct outcome outcome = {0};
		int expected = i == 0 ? 0 : i == 1 ? RW_STORE_CONFLICT : -EINVAL;

		rw_store_txn_init(&txn);
		rw_store_txn_expect(&txn, "/a", 0);
		rw_store_txn_put(&txn, i == 2 ? "" : "/a", "x", 1);
		rw_store_submit(fixture->store, &txn, note_outcome, &outcome);
		assert_int_equal(outcome.calls, 1);
		assert_int_equal(outcome.result, expected);
		assert_int_equal(outcome.error, expected < 0 ? expected : 0);
		if (i == 0)
			assert_int_equal(outcome.revision, rw_store_revision(fixture->store));
	}
}

static void ends_a_page_of_large_values_early(void **state)
{
	struct fixture *fixture = *state;
	static char value[1024 * 1024];
	struct rw_store_query query = {.prefix = "/big/"};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	size_t count = 0;
	int pages = 0;

	for (int i = 0; i < 10; i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
		char key[16];

		(void)snprintf(key, sizeof(key), "/big/%d", i);
		rw_store_txn_init(&txn);
		rw_store_txn_put(&txn, key, value, sizeof(value));
		assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, NULL), 0);
	}
	do {
		assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
		assert_true(page.count <= RW_STORE_MAX_PAGE_BYTES / sizeof(value));
		count += page.count;
		pages++;
	} while (rw_store_query_advance(&query, &page));
	assert_int_equal(count, 10);
	assert_int_equal(pages, 3);
}

static void pages_at_one_revision_while_others_write(void **state)
{
	struct fixture *fixture = *state;
	struct rw_store_query query = {.prefix = "/p/", .limit = 2};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	char seen[64] = "";

	(void)fixture_put(fixture, "/p/1", "a");
	(void)fixture_put(fixture, "/p/2", "b");
	(void)fixture_put(fixture, "/p/3", "c");
	do {
		assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
		for (size_t i = 0; i < page.count; i++)
			(void)strcat(seen, page.entries[i].value);
		(void)fixture_put(fixture, "/p/3", "changed");
		(void)fixture_put(fixture, "/p/4", "new");
	} while (rw_store_query_advance(&query, &page));
	assert_string_equal(seen, "abc");
	(void)fixture_put(fixture, "/p/5", "e");
	query = (struct rw_store_query){.prefix = "/p/", .limit = 2};
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
	assert_true(rw_store_query_advance(&query, &page));
	fixture_compact(fixture, fixture_put(fixture, "/p/1", "z"));
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), RW_STORE_COMPACTED);
	assert_int_equal(page.count, 0);
}

static void count_call(void *context)
{
	++*(int *)context;
}

static void watches_one_batch_a_transaction_in_key_order(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	struct rw_store_batch batch;
	uint64_t revision = fixture_put(fixture, "/w/old", "x");
	int calls = 0;

	assert_int_equal(rw_store_watch_new(fixture->store, "/w/", 0, count_call, &calls, &watch, NULL), 0);
	assert_int_equal(rw_store_watch_position(watch), revision);
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
	(void)fixture_put(fixture, "/other", "x");
	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, "/w/z", "zet", 3);
	rw_store_txn_put(&txn, "/v", "v", 1);
	rw_store_txn_delete_prefix(&txn, "/w/o");
	rw_store_txn_put(&txn, "/w/a", NULL, 0);
	assert_int_equal(rw_store_commit(fixture->store, &txn, &revision, NULL), 0);
	assert_int_equal(calls, 2);
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), RW_STORE_EVENTS);
	assert_int_equal(batch.revision, revision);
	assert_int_equal(batch.count, 3);
	assert_string_equal(batch.events[0].key, "/w/a");
	assert_non_null(batch.events[0].value);
	assert_int_equal(batch.events[0].value_size, 0);
	assert_string_equal(batch.events[1].key, "/w/old");
	assert_null(batch.events[1].value);
	assert_string_equal(batch.events[2].key, "/w/z");
	assert_string_equal(batch.events[2].value, "zet");
	assert_int_equal(rw_store_watch_position(watch), revision);
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
	revision = fixture_put(fixture, "/other", "y");
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
	assert_int_equal(rw_store_watch_position(watch), revision);
}

static void tells_a_watch_that_what_it_needs_is_gone(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *slow = NULL;
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *fresh = NULL;
	struct rw_store_entry entry;
	struct rw_store_batch batch;
	uint64_t first = fixture_put(fixture, "/a", "one");
	uint64_t second;
	uint64_t third;

	assert_int_equal(rw_store_watch_new(fixture->store, "", first, NULL, NULL, &slow, NULL), 0);
	second = fixture_put(fixture, "/a", "two");
	third = fixture_put(fixture, "/b", "three");
	fixture_compact(fixture, first);
	assert_int_equal(rw_store_watch_next(slow, &batch, NULL), RW_STORE_COMPACTED);
	fixture_compact(fixture, second);
	assert_int_equal(rw_store_compacted_revision(fixture->store), second);
	assert_int_equal(rw_store_watch_next(slow, &batch, NULL), RW_STORE_COMPACTED);
	assert_int_equal(rw_store_watch_next(slow, &batch, NULL), RW_STORE_COMPACTED);
	assert_int_equal(rw_store_watch_new(fixture->store, "", second, NULL, NULL, &fresh, NULL),
			 RW_STORE_COMPACTED);
	assert_int_equal(rw_store_watch_new(fixture->store, "", second + 1, NULL, NULL, &fresh, NULL), 0);
	assert_int_equal(rw_store_watch_next(fresh, &batch, NULL), RW_STORE_EVENTS);
	assert_int_equal(batch.revision, third);
	assert_int_equal(rw_store_get(fixture->store, "/a", first, &entry, NULL), RW_STORE_COMPACTED);
	fixture_expect(fixture, "/a", second, "two");
	fixture_compact(fixture, first);
	assert_int_equal(rw_store_compacted_revision(fixture->store), second);
}

static void never_gives_a_revision_twice_even_if_all_history_is_gone(void **state)
{
	struct fixture *fixture = *state;
	uint64_t revision;

	(void)fixture_put(fixture, "/a", "one");
	revision = fixture_delete(fixture, "/a");
	fixture_compact(fixture, revision);
	if (fixture->durable)
		fixture_reopen(fixture);
	assert_true(fixture->shared ? rw_store_revision(fixture->store) > revision
				    : rw_store_revision(fixture->store) == revision);
	assert_int_equal(rw_store_compacted_revision(fixture->store), revision);
	assert_true(fixture_put(fixture, "/a", "two") > revision);
}

static void refuses_what_exceeds_its_size_and_takes_it_after_compaction(void **state)
{
	struct fixture *fixture = *state;
	static char value[64 * 1024 + 1];
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	uint64_t revision;
	int commits = 0;
	int r;

	fixture->max_bytes = 1024 * 1024;
	fixture_reopen(fixture);
	memset(value, 'v', sizeof(value) - 1);
	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, "/a", value, sizeof(value) - 1);
	rw_store_txn_put(&txn, "/count", "x", 1);
	do
		r = rw_store_commit(fixture->store, &txn, NULL, &err);
	while (r == 0 && ++commits < 100);
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(err.code, -ENOSPC);
	assert_in_range(commits, 8, 16);
	revision = rw_store_revision(fixture->store);
	fixture_expect(fixture, "/a", 0, value);
	fixture_compact(fixture, revision);
	assert_int_equal(rw_store_commit(fixture->store, &txn, NULL, &err), 0);
	fixture_expect(fixture, "/a", 0, value);
	fixture_expect(fixture, "/count", revision, "x");
}

static void keeps_nothing_of_deleted_keys_after_compaction(void **state)
{
	struct fixture *fixture = *state;
	char key[400];

	fixture->max_bytes = 256 * 1024;
	fixture_reopen(fixture);
	memset(key, 'k', sizeof(key));
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key + sizeof(key) - 8, 8, "%06d", i);
		(void)fixture_put(fixture, key, "x");
		if (fixture_delete(fixture, key) && i % 50 == 0)
			fixture_compact(fixture, rw_store_revision(fixture->store));
	}
	fixture_expect(fixture, key, 0, NULL);
}

int main(void)
{
	static struct fixture *const fixtures[] = {&fixture_memory, &fixture_sqlite, &fixture_etcd};
	int failed = 0;

	for (size_t i = 0; i < RW_ARRAY_COUNT(fixtures); i++) {
#define TEST(name)                                                                                           \
	cmocka_unit_test_prestate_setup_teardown(name, fixture_setup, fixture_teardown, fixtures[i])
		const struct CMUnitTest tests[] = {
			TEST(starts_with_a_revision_and_an_incarnation),
			TEST(renews_its_incarnation_on_request_only),
			TEST(gives_what_a_key_held_at_each_revision),
			TEST(refuses_revisions_of_the_future_and_keys_out_of_bounds),
			TEST(keeps_bytes_of_any_value_and_keys_of_any_bytes),
			TEST(changes_nothing_when_a_compare_does_not_hold),
			TEST(makes_no_revision_for_a_transaction_that_changes_nothing),
			TEST(deletes_a_prefix_and_nothing_beside_it),
			TEST(deletes_more_keys_than_fit_a_page),
			TEST(refuses_transactions_beyond_the_limits),
			TEST(refuses_to_touch_a_key_twice_in_one_transaction),
			TEST(tells_a_submitter_how_it_ended_exactly_once),
			TEST(ends_a_page_of_large_values_early),
			TEST(pages_at_one_revision_while_others_write),
			TEST(watches_one_batch_a_transaction_in_key_order),
			TEST(tells_a_watch_that_what_it_needs_is_gone),
			TEST(never_gives_a_revision_twice_even_if_all_history_is_gone),
			TEST(keeps_nothing_of_deleted_keys_after_compaction),
			/* The last one: etcd has a quota of its own. */
			TEST(refuses_what_exceeds_its_size_and_takes_it_after_compaction),
		};
		size_t count = RW_ARRAY_COUNT(tests) - fixtures[i]->shared;

		failed += _cmocka_run_group_tests(fixtures[i]->name, tests, count, NULL, NULL);
	}
	return failed;
}
