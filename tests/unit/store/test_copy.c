/* SPDX-License-Identifier: Apache-2.0 */

/* Copies from and to every back end; the other side is a store in memory. */

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "store/copy.h"
#include "store/memory/memory.h"

#define KEYS       2500 /* more than two pages */
#define LARGE_SIZE (400u * 1024)

static struct rw_store *memory(uint64_t max_bytes)
{
	struct rw_store *store = NULL;

	assert_int_equal(rw_store_memory_new(max_bytes, rw_random_system(), &store, NULL), 0);
	return store;
}

static void put(struct rw_store *store, const char *key, const void *bytes, size_t size)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, key, bytes, size);
	assert_int_equal(rw_store_commit(store, &txn, NULL, NULL), 0);
}

/* Many small values, written twice, some large ones that do not fit one transaction together, all bytes, and none. */
static void fill(struct rw_store *store)
{
	RW_CLEANUP(rw_free) char *large = calloc(1, LARGE_SIZE);
	uint8_t bytes[256];

	for (int from = 0; from < KEYS; from += 100) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

		rw_store_txn_init(&txn);
		for (int i = from; i < from + 100; i++) {
			char key[32];

			(void)snprintf(key, sizeof(key), "/many/%05d", i);
			rw_store_txn_put(&txn, key, key, strlen(key));
		}
		assert_int_equal(rw_store_commit(store, &txn, NULL, NULL), 0);
	}
	put(store, "/many/00007", "another", 7);
	assert_non_null(large);
	for (char letter = 'a'; letter < 'h'; letter++) {
		char key[] = {'/', 'b', letter, '\0'};

		memset(large, letter, LARGE_SIZE);
		put(store, key, large, LARGE_SIZE);
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	put(store, "/a", bytes, sizeof(bytes));
	put(store, "/z", NULL, 0);
}

static void next_page(struct rw_store *store, struct rw_store_query *query, struct rw_store_page *page)
{
	*query = (struct rw_store_query){.prefix = "", .limit = 100};
	assert_int_equal(rw_store_list(store, query, page, NULL), 0);
}

static void assert_same(struct rw_store *a, struct rw_store *b)
{
	RW_CLEANUP(rw_store_page_done) struct rw_store_page left = {0};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page right = {0};
	struct rw_store_query of_a, of_b;
	size_t seen = 0;
	bool more;

	next_page(a, &of_a, &left);
	next_page(b, &of_b, &right);
	do {
		assert_int_equal(left.count, right.count);
		for (size_t i = 0; i < left.count; i++) {
			assert_string_equal(left.entries[i].key, right.entries[i].key);
			assert_int_equal(left.entries[i].value_size, right.entries[i].value_size);
			assert_memory_equal(left.entries[i].value, right.entries[i].value,
					    left.entries[i].value_size);
		}
		seen += left.count;
		more = rw_store_query_advance(&of_a, &left);
		assert_int_equal(rw_store_query_advance(&of_b, &right), more);
		if (more) {
			assert_int_equal(rw_store_list(a, &of_a, &left, NULL), 0);
			assert_int_equal(rw_store_list(b, &of_b, &right, NULL), 0);
		}
	} while (more);
	assert_int_equal(seen, KEYS + 9);
}

static void takes_all_keys_to_any_store_and_back(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_free) struct rw_store *first = memory(0);
	RW_CLEANUP(rw_store_free) struct rw_store *last = memory(0);
	struct rw_error err = RW_ERROR_NONE;

	fill(first);
	if (rw_store_copy(first, fixture->store, NULL, NULL, &err) != 0)
		fail_msg("%s", err.text);
	assert_same(first, fixture->store);
	assert_int_equal(rw_store_copy(fixture->store, last, NULL, NULL, NULL), 0);
	assert_same(first, last);
	assert_string_not_equal(rw_store_incarnation(first), rw_store_incarnation(fixture->store));
}

static void leaves_out_what_is_excepted_and_marks_what_is_unfinished(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_free) struct rw_store *first = memory(0);

	put(first, "/a", "1", 1);
	put(first, "/b", "2", 1);
	put(first, "/bc", "3", 1);
	assert_int_equal(rw_store_copy(first, fixture->store, "/b", "/mark", NULL), 0);
	fixture_expect(fixture, "/a", 0, "1");
	fixture_expect(fixture, "/b", 0, NULL);
	fixture_expect(fixture, "/bc", 0, "3");
	fixture_expect(fixture, "/mark", 0, "{\"version\":1}");
	/* It was there before the others. */
	(void)fixture_delete(fixture, "/mark");
	fixture_expect(fixture, "/a", 0, "1");
}

static void shows_no_state_of_which_a_part_was_copied(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_free) struct rw_store *first = memory(0);
	struct rw_store_entry entry = {0};
	uint64_t end;

	fill(first);
	assert_int_equal(rw_store_copy(first, fixture->store, NULL, NULL, NULL), 0);
	end = rw_store_revision(fixture->store);
	assert_int_equal(rw_store_get(fixture->store, "/a", end - 1, &entry, NULL), RW_STORE_COMPACTED);
	assert_int_equal(rw_store_get(fixture->store, "/a", end, &entry, NULL), 0);
	rw_store_entry_done(&entry);
}

static void refuses_a_store_that_holds_anything(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_free) struct rw_store *first = memory(0);
	struct rw_error err = RW_ERROR_NONE;
	uint64_t revision = fixture_put(fixture, "/here", "1");

	put(first, "/a", "1", 1);
	assert_int_equal(rw_store_copy(first, fixture->store, NULL, "/mark", &err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, "/here"));
	assert_int_equal(rw_store_revision(fixture->store), revision);
	/* What was deleted is no content. */
	(void)fixture_delete(fixture, "/here");
	assert_int_equal(rw_store_copy(first, fixture->store, NULL, "/mark", NULL), 0);
}

static void clears_the_last_key_last(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	RW_CLEANUP(rw_store_free) struct rw_store *first = memory(0);
	struct rw_store_batch batch;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query;
	bool last = false;

	fill(first);
	assert_int_equal(rw_store_copy(first, fixture->store, NULL, "/mark", NULL), 0);
	assert_int_equal(rw_store_watch_new(fixture->store, "", 0, NULL, NULL, &watch, NULL), 0);
	assert_int_equal(rw_store_clear(fixture->store, "/mark", NULL), 0);
	next_page(fixture->store, &query, &page);
	assert_int_equal(page.count, 0);
	if (fixture->shared)
		return; /* its events come by the loop */
	while (rw_store_watch_next(watch, &batch, NULL) == RW_STORE_EVENTS) {
		assert_false(last);
		for (size_t i = 0; i < batch.count; i++)
			last = last || strcmp(batch.events[i].key, "/mark") == 0;
		assert_true(!last || batch.count == 1);
	}
	assert_true(last);
}

static void empties_or_marks_a_store_that_was_too_small(void **state)
{
	RW_CLEANUP(rw_store_free) struct rw_store *first = memory(0);
	RW_CLEANUP(rw_store_free) struct rw_store *small = memory(1u << 20);
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query;
	struct rw_error err = RW_ERROR_NONE;
	bool marked = false;

	(void)state;
	fill(first);
	assert_int_equal(rw_store_copy(first, small, NULL, "/mark", &err), -ENOSPC);
	assert_int_equal(err.code, -ENOSPC);
	next_page(small, &query, &page);
	for (size_t i = 0; i < page.count; i++)
		marked = marked || strcmp(page.entries[i].key, "/mark") == 0;
	/* A store that is full may take no deletion either: then it tells what it is. */
	assert_int_equal(marked, page.count > 0);
	assert_int_equal(marked, strstr(err.hint, "empty it") != NULL);
}

int main(void)
{
	static struct fixture *const fixtures[] = {&fixture_memory, &fixture_sqlite, &fixture_etcd};
	const struct CMUnitTest others[] = {cmocka_unit_test(empties_or_marks_a_store_that_was_too_small)};
	int failed = cmocka_run_group_tests(others, NULL, NULL);

	for (size_t i = 0; i < RW_ARRAY_COUNT(fixtures); i++) {
#define TEST(name)                                                                                           \
	cmocka_unit_test_prestate_setup_teardown(name, fixture_setup, fixture_teardown, fixtures[i])
		const struct CMUnitTest tests[] = {
			TEST(takes_all_keys_to_any_store_and_back),
			TEST(leaves_out_what_is_excepted_and_marks_what_is_unfinished),
			TEST(shows_no_state_of_which_a_part_was_copied),
			TEST(refuses_a_store_that_holds_anything),
			TEST(clears_the_last_key_last),
		};

		failed += cmocka_run_group_tests_name(fixtures[i]->name, tests, NULL, NULL);
	}
	return failed;
}
