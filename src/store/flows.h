/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The history of observed flows
 * =============================
 *
 * What nodes saw, summed up by day, in one SQLite file of its own beside the policy store: it is no truth that
 * anything depends on, is not part of a backup, and may be deleted while the controller is stopped.  A commit is
 * not flushed to the disk: a crash of the machine may cost the last seconds, never the file.
 *
 * Everything is bounded: days are kept for limits.days, a scope (a cluster, or a node outside clusters) has at most
 * limits.rows rows a day, and the file at most limits.bytes.  When a scope has its rows of a day, further remotes of
 * a service are counted in the service's row without a remote, and when it has a quarter more, further services in
 * the row of the others.  So counts stay true, and whoever floods one cluster fills its own day and no other.
 *
 * It holds addresses of people.  The file is for its owner alone (0600); how long it keeps them is the operator's
 * decision, and forgetting a node or a scope removes what is known of it.
 *
 * Days are those of UTC.  Numbers of verdicts, directions and of who serves are the caller's; they are only
 * compared.
 *
 * Threads: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

#define RW_FLOW_HISTORY_ID_SIZE 48
#define RW_FLOW_HISTORY_DAYS    30
#define RW_FLOW_HISTORY_ROWS    20000
#define RW_FLOW_HISTORY_BYTES   (UINT64_C(1) << 30)

struct rw_flow_history_limits {
	unsigned int days; /* today and those before it; 0 = RW_FLOW_HISTORY_DAYS */
	size_t rows;       /* of a scope and day; 0 = RW_FLOW_HISTORY_ROWS */
	uint64_t bytes;    /* of the file; 0 = RW_FLOW_HISTORY_BYTES */
};

struct rw_flow_row {
	char scope[RW_FLOW_HISTORY_ID_SIZE];
	char node[RW_FLOW_HISTORY_ID_SIZE];
	uint8_t verdict;
	uint8_t direction;
	bool is_others;
	uint16_t protocol;
	uint16_t port;
	char interface[16];
	uint8_t remote_size; /* 4, 16; 0 = many */
	uint8_t remote[16];
	char cause[RW_FLOW_HISTORY_ID_SIZE]; /* of the latest */
	uint8_t served;                      /* 0 = not known */
	uint64_t count;
	uint64_t answered;
	int64_t first_ms; /* Unix time */
	int64_t last_ms;  /* its day is the row's */
};

struct rw_flow_history;

/*
 * Opens or makes the file; 'path' NULL: in memory.  -EBUSY another process has it open; -EUCLEAN damaged or not
 * ours; -EPROTO of a newer version; -EROFS, -EACCES, -ENOSPC, -EIO, -ENOMEM.
 */
RW_NODISCARD int rw_flow_history_open(const char *path, const struct rw_flow_history_limits *limits,
				      struct rw_flow_history **ret_history, struct rw_error *err);
struct rw_flow_history *rw_flow_history_free(struct rw_flow_history *history);
RW_DEFINE_CLEANUP(struct rw_flow_history *, rw_flow_history_free)

/* Adds rows, all or none.  Rows of days that are not kept at 'now_ms', or of the future, are left out. */
RW_NODISCARD int rw_flow_history_add(struct rw_flow_history *history, int64_t now_ms,
				     const struct rw_flow_row *rows, size_t count, struct rw_error *err);

/* Removes the days that are too old at 'now_ms'. */
RW_NODISCARD int rw_flow_history_prune(struct rw_flow_history *history, int64_t now_ms, struct rw_error *err);

/* Removes all rows of a node. */
RW_NODISCARD int rw_flow_history_forget(struct rw_flow_history *history, const char *node,
					struct rw_error *err);

/* Which rows; zeroed numbers and NULL mean all, but 'limit'. */
struct rw_flow_query {
	const char *scope;
	const char *node;
	unsigned int verdicts;   /* bits by verdict */
	unsigned int directions; /* bits by direction */
	int port;                /* < 0 = all */
	int protocol;            /* < 0 = all */
	int64_t since_ms;        /* seen at or after */
	int64_t until_ms;        /* first seen before; 0 = no end */
	size_t limit;
	size_t offset;
};

/* False ends the query. */
typedef bool rw_flow_row_fn(void *context, const struct rw_flow_row *row);

/*
 * Gives rows with the days summed up, highest counts first.  'ret_more' (nullable): there are more.  -E2BIG when
 * it would take too long: ask for one cluster, one node, or less time.
 */
RW_NODISCARD int rw_flow_history_query(struct rw_flow_history *history, const struct rw_flow_query *query,
				       rw_flow_row_fn *each, void *context, bool *ret_more,
				       struct rw_error *err);

/* False ends it. */
typedef bool rw_flow_day_fn(void *context, int64_t day_ms, uint8_t verdict, uint64_t count);

/*
 * Gives for each day (its begin) and verdict that has any how many there were, by day; 'limit' and 'offset' of the
 * query do not count.  -E2BIG as above.
 */
RW_NODISCARD int rw_flow_history_days(struct rw_flow_history *history, const struct rw_flow_query *query,
				      rw_flow_day_fn *each, void *context, struct rw_error *err);
