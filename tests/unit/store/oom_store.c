/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out at the first, second, third ... allocation, SQLite's own included: every call then
 * says -ENOMEM or succeeds, nothing leaks, and no transaction is half done.
 */

#include "fixture.h"
#include "oom.h"

#include <sqlite3.h>
#include <string.h>

#include "store/copy.h"
#include "store/memory/memory.h"

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
	return oom_fails() ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
	return oom_fails() ? NULL : sqlite_memory.xRealloc(memory, size);
}

/* Must run before SQLite is used. */
static void install(void)
{
	sqlite3_mem_methods methods;
	int result = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);

	assert_int_equal(result, SQLITE_OK);
	methods = sqlite_memory;
	methods.xMalloc = sqlite_malloc;
	methods.xRealloc = sqlite_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
}

static int write_pair(struct rw_store *store, const char *text, size_t size, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_expect(&txn, "/absent", 0);
	rw_store_txn_put(&txn, "/pair/1", text, size);
	rw_store_txn_put(&txn, "/pair/2", text, size);
	return rw_store_commit(store, &txn, NULL, err);
}

static int erase_pair(struct rw_store *store, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_delete_prefix(&txn, "/pair/");
	return rw_store_commit(store, &txn, NULL, err);
}

static int read_all(struct rw_store *store, uint64_t from, struct rw_error *err)
{
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	struct rw_store_query query = {.prefix = "/"};
	struct rw_store_batch batch;
	int r = rw_store_list(store, &query, &page, err);

	if (r == 0)
		r = rw_store_get(store, "/pair/1", 0, &entry, err);
	if (r == 0)
		r = rw_store_watch_new(store, "/", from, NULL, NULL, &watch, err);
	while (r == 0 && (r = rw_store_watch_next(watch, &batch, err)) == RW_STORE_EVENTS)
		r = 0;
	return r;
}

static int use(void *userdata, struct rw_error *err)
{
	struct fixture *fixture = userdata;
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	static const char large[6000] = "large";
	uint64_t opened = 0;
	int r;

	(void)unlink(fixture->path);
	r = fixture->open(fixture, &store, err);
	if (r == 0)
		opened = rw_store_revision(store);
	if (r == 0)
		r = write_pair(store, large, sizeof(large), err);
	if (r == 0)
		r = erase_pair(store, err);
	if (r == 0)
		r = write_pair(store, "x", 1, err);
	if (r == 0)
		r = read_all(store, opened + 1, err);
	if (r == 0)
		r = rw_store_compact(store, rw_store_revision(store), err);
	if (r == 0)
		r = rw_store_renew_incarnation(store, rw_random_system(), err);
	return r;
}

/* Both or none, and the store can be used. */
static void expect_whole(void *userdata, int result)
{
	struct fixture *fixture = userdata;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query = {.prefix = "/pair/"};

	(void)result;
	/* A claim that could not be given up would end by itself, some seconds later. */
	if (fixture->etcd)
		assert_int_equal(rw_etcd_delete(fixture->etcd, "claim", NULL), 0);
	assert_int_equal(fixture->open(fixture, &fixture->store, NULL), 0);
	assert_int_equal(rw_store_list(fixture->store, &query, &page, NULL), 0);
	assert_true(page.count == 0 || page.count == 2);
	(void)fixture_put(fixture, "/use", "x");
	fixture->store = rw_store_free(fixture->store);
}

static void survives_every_failing_allocation(void **state)
{
	struct fixture *fixture = *state;

	fixture->store = rw_store_free(fixture->store);
	/*
	 * SQLite allocates a thousand times to open a file; every third makes the point in a third of the
	 * time.
	 */
	oom_each(&(struct oom_work){.run = use,
				    .after = expect_whole,
				    .userdata = fixture,
				    .least = 20,
				    .stride = fixture->shared    ? 13
					      : fixture->durable ? 3
								 : 1});
}

/* ---- copying ---- */

struct copying {
	struct fixture *fixture;
	struct rw_store *from;
};

static int copy(void *userdata, struct rw_error *err)
{
	const struct copying *copying = userdata;

	return rw_store_copy(copying->from, copying->fixture->store, NULL, "/unfinished", err);
}

/* It is whole, or empty, or says that it is a part. */
static void expect_whole_or_marked(void *userdata, int result)
{
	const struct copying *copying = userdata;
	struct rw_store *store = copying->fixture->store;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	const struct rw_store_query all = {.prefix = ""};

	assert_int_equal(rw_store_list(store, &all, &page, NULL), 0);
	if (result == 0) {
		assert_int_equal(page.count, 3);
		fixture_expect(copying->fixture, "/a", 0, "1");
		fixture_expect(copying->fixture, "/z", 0, "2");
	}
	assert_true(page.count == 0 || strcmp(page.entries[1 % page.count].key, "/unfinished") == 0 ||
		    strcmp(page.entries[0].key, "/unfinished") == 0);
	assert_int_equal(rw_store_clear(store, NULL, NULL), 0);
}

static void copies_whole_or_says_that_it_is_a_part(void **state)
{
	struct copying copying = {.fixture = *state};

	assert_int_equal(rw_store_memory_new(0, rw_random_system(), &copying.from, NULL), 0);
	copying.fixture = &(struct fixture){.store = copying.from};
	(void)fixture_put(copying.fixture, "/a", "1");
	(void)fixture_put(copying.fixture, "/z", "2");
	copying.fixture = *state;
	oom_each(&(struct oom_work){
		.run = copy, .after = expect_whole_or_marked, .userdata = &copying, .least = 10});
	copying.from = rw_store_free(copying.from);
}

int main(void)
{
	static struct fixture *const fixtures[] = {&fixture_memory, &fixture_sqlite, &fixture_etcd};
	int failed = 0;

	install();
	for (size_t i = 0; i < RW_ARRAY_COUNT(fixtures); i++) {
		const struct CMUnitTest tests[] = {
			cmocka_unit_test_prestate_setup_teardown(survives_every_failing_allocation,
								 fixture_setup, fixture_teardown,
								 fixtures[i]),
			cmocka_unit_test_prestate_setup_teardown(copies_whole_or_says_that_it_is_a_part,
								 fixture_setup, fixture_teardown,
								 fixtures[i]),
		};

		failed += cmocka_run_group_tests_name(fixtures[i]->name, tests, NULL, NULL);
	}
	return failed;
}
