/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The controllers that an agent knows
 * ===================================
 *
 * One is active, the others stand by.  An agent knows those that 'join' was given, which stay for ever, and those that
 * the active one told it of last (wire/report.h); a new list replaces the old one.  It keeps them in
 *
 *     STATE/controllers   0600; a line each, of which only the first two must be there:
 *
 *         version=1
 *         node=n-0123456789abcdef          whose they are: beside another node's identity the file means nothing
 *         last=https://b:8443              whose stream worked last
 *         joined=https://a:8443
 *         told=https://b:8443              in the order in which they were told
 *         told=https://a:8443
 *
 * Agents of before know STATE/identity alone, which names the controller that answered the join.  Where this file is
 * missing or unfit, it is made of that.
 *
 * They are tried in a ring, in the order told and then those that only join knows:
 *
 *     rw_controllers_next      at the start the one that worked last; the same again, unless it has failed
 *     rw_controllers_failed    that one could not be followed: now the next that was not tried yet, until all were
 *     rw_controllers_worked    a new round begins
 *
 * No clock and no socket; load and save alone touch the disk.
 */

#include "agent/state.h"
#include "wire/report.h"

#define RW_CONTROLLERS_JOINED_MAX 16
#define RW_CONTROLLERS_MAX        (RW_CONTROLLERS_JOINED_MAX + RW_REPORT_CONTROLLERS)
#define RW_CONTROLLERS_FILE       "controllers"
#define RW_CONTROLLERS_FILE_MAX   16384 /* bytes */

struct rw_controllers_entry {
	char url[RW_AGENT_SERVER_SIZE]; /* https://host:port */
	bool joined;
	bool told;
	bool failed;        /* in this round */
	uint64_t complaint; /* hash of what was said of it last; 0 = nothing since something worked */
};

struct rw_controllers {
	struct rw_controllers_entry entries[RW_CONTROLLERS_MAX];
	size_t count;
	char current[RW_AGENT_SERVER_SIZE]; /* connected, or tried last; "" = none was tried yet */
	char last[RW_AGENT_SERVER_SIZE];    /* whose stream worked last; "" = none has yet */
	bool moves_on;                      /* 'current' has failed */
	bool changed;                       /* since it was loaded or, as the owner knows, saved */
};

/*
 * Brings "host", "host:port" or "https://host:port/" to "https://host:port", the port being 8443 when it is missing.
 * -EINVAL.
 */
RW_NODISCARD int rw_controllers_parse_url(const char *text, char ret_url[RW_AGENT_SERVER_SIZE],
					  struct rw_error *err);

/* Adds one that join was given, as parsed; known ones are fine.  -E2BIG. */
RW_NODISCARD int rw_controllers_add_joined(struct rw_controllers *controllers, const char *url,
					   struct rw_error *err);

/*
 * Takes what the active controller told: at most RW_REPORT_CONTROLLERS texts.  Those that are no URLs are left out,
 * 'unfit' (its code not 0 then) tells of the first of them; a list without any URL changes nothing.  Returns whether the
 * list is another one than before.
 */
bool rw_controllers_tell(struct rw_controllers *controllers, const char (*urls)[RW_REPORT_URL_SIZE],
			 size_t count, struct rw_error *unfit);

/* Chooses the one to try now; there must be one.  *ret_moved: it is another one than before.  Lent until the next call. */
const char *rw_controllers_next(struct rw_controllers *controllers, bool *ret_moved);

/* Says that the current one could not be followed, and whether there is one that was not tried in this round. */
bool rw_controllers_failed(struct rw_controllers *controllers);

/* Says that the current one's stream works. */
void rw_controllers_worked(struct rw_controllers *controllers);

/* Whether 'reason' is another one than the current one's before; remembers it. */
bool rw_controllers_complain(struct rw_controllers *controllers, const char *reason);

/* Appends the file's text / reads it, NUL-terminated, and changes it.  -EINVAL, -E2BIG, -EPROTONOSUPPORT; RW_AGENT_FILE_ABSENT
 * when it is of another node. */
RW_NODISCARD int rw_controllers_encode(const struct rw_controllers *controllers, const char *node,
				       struct rw_buf *buf, struct rw_error *err);
RW_NODISCARD int rw_controllers_decode(char *text, const char *node, struct rw_controllers *ret_controllers,
				       struct rw_error *err);

/*
 * Reads what this node knows; that of its identity is always among it.  Fails as the above and as files do:
 * *ret_controllers is then made of the identity alone.
 */
RW_NODISCARD int rw_controllers_load(const struct rw_agent_place *place,
				     const struct rw_agent_identity *identity,
				     struct rw_controllers *ret_controllers, struct rw_error *err);

/* -errno. */
RW_NODISCARD int rw_controllers_save(const struct rw_agent_place *place, const char *node,
				     const struct rw_controllers *controllers, struct rw_error *err);
