/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "store/memory/memory.h"
#include "store/sqlite/sqlite.h"
#include "scratch.h"

static int open_memory(struct fixture *fixture, struct rw_store **ret_store, struct rw_error *err)
{
	return rw_store_memory_new(fixture->max_bytes, rw_random_system(), ret_store, err);
}

static int open_sqlite(struct fixture *fixture, struct rw_store **ret_store, struct rw_error *err)
{
	return rw_store_sqlite_open(fixture->path, fixture->max_bytes, rw_random_system(), ret_store, err);
}

static void prepare_etcd(struct fixture *fixture)
{
	const char *const endpoints[] = {fixture->member.url};
	struct rw_etcd_options options = {
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = endpoints,
		.endpoint_count = 1,
		.holder = "the fixture",
	};

	etcd_start(&fixture->member, fixture->folder);
	assert_int_equal(rw_loop_new(&fixture->loop, NULL), 0);
	options.loop = fixture->loop;
	assert_int_equal(rw_etcd_new(&options, &fixture->etcd, NULL), 0);
}

static void fail_lost(void *context, const struct rw_error *err)
{
	(void)context;
	fail_msg("the store was lost: %s", err->text);
}

/* A member that has only started answers within a while. */
static int open_etcd(struct fixture *fixture, struct rw_store **ret_store, struct rw_error *err)
{
	int r = -EHOSTDOWN;

	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_store_etcd_open(fixture->etcd, fail_lost, NULL, ret_store, err);
	return r;
}

struct fixture fixture_etcd = {
	.name = "etcd", .durable = true, .shared = true, .prepare = prepare_etcd, .open = open_etcd};
struct fixture fixture_memory = {.name = "memory", .open = open_memory};
struct fixture fixture_sqlite = {.name = "sqlite", .durable = true, .open = open_sqlite};

static void open_store(struct fixture *fixture)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = fixture->open(fixture, &fixture->store, &err);

	if (r < 0)
		print_error("%s\n", err.text);
	assert_int_equal(r, 0);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = *state;

	scratch_make(fixture->folder);
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/store.db", fixture->folder);
	fixture->max_bytes = 0;
	if (fixture->prepare)
		fixture->prepare(fixture);
	open_store(fixture);
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	fixture->store = rw_store_free(fixture->store);
	fixture->etcd = rw_etcd_free(fixture->etcd);
	fixture->loop = rw_loop_free(fixture->loop);
	etcd_kill(&fixture->member);
	assert_int_equal(scratch_remove(fixture->folder), 0);
	return 0;
}

void fixture_reopen(struct fixture *fixture)
{
	fixture->store = rw_store_free(fixture->store);
	open_store(fixture);
}

static uint64_t commit(struct fixture *fixture, const struct rw_store_txn *txn)
{
	struct rw_error err = RW_ERROR_NONE;
	uint64_t revision = 0;
	int r = rw_store_commit(fixture->store, txn, &revision, &err);

	if (r < 0)
		print_error("%s\n", err.text);
	assert_int_equal(r, 0);
	return revision;
}

uint64_t fixture_put(struct fixture *fixture, const char *key, const char *text)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, key, text, strlen(text));
	return commit(fixture, &txn);
}

uint64_t fixture_delete(struct fixture *fixture, const char *key)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_delete(&txn, key);
	return commit(fixture, &txn);
}

void fixture_expect(struct fixture *fixture, const char *key, uint64_t revision, const char *text)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	int r = rw_store_get(fixture->store, key, revision, &entry, NULL);

	if (!text) {
		assert_int_equal(r, RW_STORE_NOT_FOUND);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(entry.key, key);
	assert_string_equal(entry.value, text);
	assert_int_equal(entry.value_size, strlen(text));
}

void fixture_compact(struct fixture *fixture, uint64_t revision)
{
	int calls = 0;
	int r;

	do
		r = rw_store_compact(fixture->store, revision, NULL);
	while (r == RW_STORE_MORE && ++calls < 10000);
	assert_int_equal(r, 0);
}
