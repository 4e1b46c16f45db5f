/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One fixture for every back end, so that the same tests run against each of them. */

#include "test.h"

#include <stdbool.h>

#include "etcd.h"
#include "store/etcd/etcd.h"
#include "store/store.h"

struct fixture {
	const char *name;
	bool durable; /* the store survives fixture_reopen */
	bool shared;  /* opening makes a revision, and watches begin there; nothing bounds its size here */
	void (*prepare)(struct fixture *fixture); /* nullable: before the first open */
	int (*open)(struct fixture *fixture, struct rw_store **ret_store, struct rw_error *err);
	uint64_t max_bytes; /* 0 = the back end's default */
	struct rw_store *store;
	char folder[64]; /* scratch, removed in the end */
	char path[80];   /* in it */
	struct etcd_member member;
	struct rw_loop *loop;
	struct rw_etcd *etcd;
};

extern struct fixture fixture_memory;
extern struct fixture fixture_sqlite;
extern struct fixture fixture_etcd;

/* Setup and teardown for cmocka; *state points at the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Closes the store and opens it again. */
void fixture_reopen(struct fixture *fixture);

/* Puts a text under a key, unconditionally; returns the revision. */
uint64_t fixture_put(struct fixture *fixture, const char *key, const char *text);

/* Deletes a key; returns the revision. */
uint64_t fixture_delete(struct fixture *fixture, const char *key);

/* Fails unless 'key' holds 'text' at 'revision'; NULL = is absent. */
void fixture_expect(struct fixture *fixture, const char *key, uint64_t revision, const char *text);

/* Compacts until everything is clean. */
void fixture_compact(struct fixture *fixture, uint64_t revision);
