/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A real etcd, two ways to it, and a store that is open by the first: for the tests of what only the store in etcd does. */

#include "test.h"

#include "etcd.h"
#include "scratch.h"
#include "store/etcd/etcd.h"
#include "store/store.h"

struct world {
	char folder[SCRATCH_SIZE];
	struct etcd_member member;
	struct rw_loop *loop;
	struct rw_etcd *etcd;   /* of holder "one" */
	struct rw_etcd *other;  /* of holder "two" */
	struct rw_store *store; /* open by 'etcd' at first */
	unsigned int lost;      /* how often a store was told so, and why */
	char why[512];
};

/* Setup and teardown for cmocka; *state points at the world. */
int world_setup(void **state);
int world_teardown(void **state);

/* A way to the members of these URLs, and to the world's own. */
struct rw_etcd *world_connect(struct world *world, const char *const *endpoints, size_t count,
			      const char *holder);
struct rw_etcd *world_connect_as(struct world *world, const char *const *endpoints, size_t count,
				 const char *user, const char *password); /* the user is the holder, too */
struct rw_etcd *world_connect_directly(struct world *world, const char *holder);

/* Opens the store, also at a member that has only begun to start. */
int world_open(struct world *world, struct rw_etcd *etcd, struct rw_store **ret_store, struct rw_error *err);

/* For rw_store_etcd_open: counts. */
void world_note_lost(void *world, const struct rw_error *err);
void world_turn_until_lost(struct world *world);

/* Puts a text; as rw_store_commit. */
int world_put(struct rw_store *store, const char *key, const char *text, struct rw_error *err);

/* Fails unless 'key' holds 'text' now; NULL = is absent. */
void world_expect(struct rw_store *store, const char *key, const char *text);

/* What was listed beside the store: "key=value " of each. */
struct world_listed {
	int calls;
	int result;
	char keys[256];
};

/* For rw_etcd_list, with one of those. */
void world_note_listed(void *listed, int result, const struct rw_store_entry *entries, size_t count,
		       const struct rw_error *err);
