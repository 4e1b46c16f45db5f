/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_note_lost(void *context, const struct rw_error *err)
{
	struct world *world = context;

	world->lost++;
	(void)snprintf(world->why, sizeof(world->why), "%s", err->text);
}

static struct rw_etcd *connect_to(struct world *world, const char *const *endpoints, size_t count,
				  const char *holder, const char *user, const char *password)
{
	const struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = endpoints,
		.endpoint_count = count,
		.user = user,
		.password = password,
		.holder = holder,
	};
	struct rw_etcd *etcd = NULL;

	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	return etcd;
}

struct rw_etcd *world_connect(struct world *world, const char *const *endpoints, size_t count,
			      const char *holder)
{
	return connect_to(world, endpoints, count, holder, NULL, NULL);
}

struct rw_etcd *world_connect_as(struct world *world, const char *const *endpoints, size_t count,
				 const char *user, const char *password)
{
	return connect_to(world, endpoints, count, user, user, password);
}

struct rw_etcd *world_connect_directly(struct world *world, const char *holder)
{
	const char *const endpoint = world->member.url;

	return world_connect(world, &endpoint, 1, holder);
}

int world_open(struct world *world, struct rw_etcd *etcd, struct rw_store **ret_store, struct rw_error *err)
{
	int r = -EHOSTDOWN;

	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_store_etcd_open(etcd, world_note_lost, world, ret_store, err);
	return r;
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	etcd_start(&world->member, world->folder);
	assert_int_equal(rw_loop_new(&world->loop, NULL), 0);
	world->etcd = world_connect_directly(world, "one");
	world->other = world_connect_directly(world, "two");
	assert_int_equal(world_open(world, world->etcd, &world->store, NULL), 0);
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;
	int r;

	world->store = rw_store_free(world->store);
	world->etcd = rw_etcd_free(world->etcd);
	world->other = rw_etcd_free(world->other);
	world->loop = rw_loop_free(world->loop);
	etcd_kill(&world->member);
	r = scratch_remove(world->folder);
	free(world);
	return r;
}

int world_put(struct rw_store *store, const char *key, const char *text, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, key, text, strlen(text));
	return rw_store_commit(store, &txn, NULL, err);
}

void world_expect(struct rw_store *store, const char *key, const char *text)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	int r = rw_store_get(store, key, 0, &entry, NULL);

	assert_int_equal(r, text ? 0 : RW_STORE_NOT_FOUND);
	if (text)
		assert_string_equal(entry.value, text);
}

void world_turn_until_lost(struct world *world)
{
	for (int i = 0; i < 3000 && !world->lost; i++) {
		rw_loop_turn(world->loop);
		(void)poll(NULL, 0, 10);
	}
	assert_int_equal(world->lost, 1);
}

void world_note_listed(void *context, int result, const struct rw_store_entry *entries, size_t count,
		       const struct rw_error *err)
{
	struct world_listed *listed = context;

	(void)err;
	listed->calls++;
	listed->result = result;
	for (size_t i = 0; i < count; i++) {
		(void)strcat(listed->keys, entries[i].key);
		(void)strcat(listed->keys, "=");
		(void)strcat(listed->keys, entries[i].value);
		(void)strcat(listed->keys, " ");
	}
}
