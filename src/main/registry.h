/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which controllers there are
 * ===========================
 *
 * Controllers that share an etcd write who they are to PREFIX/controllers/<name>, at their start and once a day:
 *
 *     {"version":1,"name":"a.example.net:8443","url":"https://a.example.net:8443",
 *      "endpoints":[{"address":"192.0.2.1","port":8443}],"seen_ms":1795861800000}
 *
 * From what all have written the active one learns where agents reach any of them.  Whichever is active must come to
 * the same policies, so what is derived from a registry does not depend on who derives it: everything is sorted.
 *
 * Entries that nobody has renewed for RW_REGISTRY_STALE_MS are no controllers any more.  An entry of a newer version, or
 * one that cannot be read, is left alone and not counted.
 */

#include "base/buf.h"
#include "policy/policy.h"
#include "store/store.h"

#define RW_REGISTRY_PREFIX "controllers/"

#define RW_REGISTRY_VERSION       1
#define RW_REGISTRY_STALE_MS      (INT64_C(30) * 24 * 3600 * 1000)
#define RW_REGISTRY_MAX           16  /* controllers */
#define RW_REGISTRY_NAME_SIZE     240 /* "name:port" */
#define RW_REGISTRY_URL_SIZE      256
#define RW_REGISTRY_ENDPOINTS_MAX 32 /* of a controller */
#define RW_REGISTRY_UNION_MAX     64 /* of all: as many as a policy holds */
#define RW_REGISTRY_ENTRY_BYTES   8192

struct rw_registry_entry {
	char name[RW_REGISTRY_NAME_SIZE];
	char url[RW_REGISTRY_URL_SIZE]; /* without path */
	struct rw_endpoint endpoints[RW_REGISTRY_ENDPOINTS_MAX];
	size_t endpoint_count;
	int64_t seen_ms; /* Unix time of writing */
};

struct rw_registry {
	struct rw_registry_entry entries[RW_REGISTRY_MAX]; /* by name */
	size_t count;
	size_t unread;                     /* entries that could not be read */
	size_t left_off;                   /* ... and that there was no room for */
	char stale[RW_REGISTRY_NAME_SIZE]; /* the first that is no controller any more, or "" */
};

RW_NODISCARD int rw_registry_encode(struct rw_buf *buf, const struct rw_registry_entry *entry,
				    struct rw_error *err);

/* -EINVAL at the field, -EPROTONOSUPPORT for a newer version, -ENOMEM. */
RW_NODISCARD int rw_registry_decode(const char *bytes, size_t size, struct rw_registry_entry *ret_entry,
				    struct rw_error *err);

/* Reads what was listed under RW_REGISTRY_PREFIX, as it is at 'now_ms'.  -ENOMEM. */
RW_NODISCARD int rw_registry_read(struct rw_registry *registry, const struct rw_store_entry *listed,
				  size_t count, int64_t now_ms, struct rw_error *err);

/* Adds 'entry', or puts it in place of the one of its name. */
void rw_registry_put(struct rw_registry *registry, const struct rw_registry_entry *entry);

/* NULL when there is none. */
const struct rw_registry_entry *rw_registry_find(const struct rw_registry *registry, const char *name);

/* Fills 'endpoints' with those of all, each once and in order, and gives their number; more are left off. */
size_t rw_registry_endpoints(const struct rw_registry *registry,
			     struct rw_endpoint endpoints[RW_REGISTRY_UNION_MAX]);

/* Fills 'urls' (lent by the registry) with those of all, that of 'active' first, and gives their number. */
size_t rw_registry_urls(const struct rw_registry *registry, const char *active,
			const char *urls[RW_REGISTRY_MAX]);

/* Whether both are reached at the same addresses and ports. */
bool rw_registry_same_place(const struct rw_registry_entry *a, const struct rw_registry_entry *b);

/* Whether both say the same of who is reached where, whenever they were seen. */
bool rw_registry_same(const struct rw_registry *a, const struct rw_registry *b);
