/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Standing by
 * ===========
 *
 * Several controllers share one etcd; one of them is active.  This decides what ours does:
 *
 *     STANDING BY   looks at the claim of the store (store/etcd/etcd.h) once a second.  Nobody has it: takes over, which
 *                   may come too late, because another one was faster.
 *     ACTIVE        reads the registry every ten seconds, and serves on under other addresses when those of the
 *                   controllers have changed.  Looks at the claim as often.  It is lost: stands by again.
 *
 * It never ends by itself: trouble with etcd is waited for.  Only who is refused by etcd before anything has worked
 * (user, password, certificate) is told so at once, by an error of rw_standby_tick.
 *
 * It makes no call of its own: what is outside is a table of functions, the program's (several.c) or a test's.
 * Everything happens in rw_standby_tick, so that no function of the table is called from inside a callback.
 */

#include "base/clock.h"
#include "main/registry.h"

/* All get the 'userdata' of the options.  'err' is never NULL. */
struct rw_standby_calls {
	/* Begins to list the keys that begin with 'prefix' (behind PREFIX/); ends in rw_standby_listed, later. */
	int (*list)(void *userdata, const char *prefix, struct rw_error *err);

	/* Writes a key, durably; deletes it.  They may wait for etcd, some seconds at most. */
	int (*write)(void *userdata, const char *key, const void *bytes, size_t size, struct rw_error *err);
	int (*remove)(void *userdata, const char *key, struct rw_error *err);

	/* Who has the claim, from what is listed under "claim".  -EINVAL when that cannot be read: nobody's. */
	int (*read_claim)(void *userdata, const struct rw_store_entry *claim,
			  char ret_holder[RW_REGISTRY_URL_SIZE], struct rw_error *err);

	/*
	 * Takes over what controllers share but the store itself: the authorities.  0; -EHOSTDOWN when etcd does not answer;
	 * any other failure means that this one is not fit to become active.
	 */
	int (*refresh)(void *userdata, struct rw_error *err);

	/*
	 * Claims the store and serves, for controllers that are reached as 'registry' says.  0; -EBUSY when another one was
	 * faster.  After a failure all is closed again and the claim given up.
	 */
	int (*open)(void *userdata, const struct rw_registry *registry, struct rw_error *err);

	/* Serves for others than before: streams end, the claim is kept.  After a failure nothing serves. */
	int (*reopen)(void *userdata, const struct rw_registry *registry, struct rw_error *err);

	/* Ends serving and gives the claim up. */
	void (*close)(void *userdata);

	/* Asks for rw_standby_tick at the next turn of the loop. */
	void (*wake)(void *userdata);
};

struct rw_standby_options {
	const struct rw_clock *clock;         /* borrowed */
	const struct rw_standby_calls *calls; /* borrowed */
	void *userdata;
	struct rw_registry_entry self; /* copied; when it was seen is filled in here */
};

struct rw_standby;

/* Standing by, and knows nothing yet.  -ENOMEM. */
RW_NODISCARD int rw_standby_new(const struct rw_standby_options *options, struct rw_standby **ret_standby,
				struct rw_error *err);

/* Closes what is open.  NULL is fine. */
struct rw_standby *rw_standby_free(struct rw_standby *standby);
RW_DEFINE_CLEANUP(struct rw_standby *, rw_standby_free)

/*
 * Does what is due; twice a second, and whenever 'wake' was called.  Negative only when etcd refuses us and nothing has
 * worked before: there is no point in going on.
 */
RW_NODISCARD int rw_standby_tick(struct rw_standby *standby, struct rw_error *err);

/* The end of a 'list'; 'entries' are lent. */
void rw_standby_listed(struct rw_standby *standby, int result, const struct rw_store_entry *entries,
		       size_t count, const struct rw_error *err);

/* The claim is lost.  Only notes it, and wakes. */
void rw_standby_lost(struct rw_standby *standby, const struct rw_error *err);

bool rw_standby_is_active(const struct rw_standby *standby);

/* The controllers that are known; lent until the next tick. */
const struct rw_registry *rw_standby_registry(const struct rw_standby *standby);

/* The active controller, where it is another one and known; else NULL.  Lent until the next tick. */
const struct rw_registry_entry *rw_standby_other(const struct rw_standby *standby);

/* Why this one is not active, a sentence for people: "a.example.net:8443 is active". */
void rw_standby_explain(const struct rw_standby *standby, struct rw_error *ret_reason);
