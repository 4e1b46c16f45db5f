/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The controllers that may be asked
 * =================================
 *
 *     --server https://10.0.0.5:8443,https://10.0.0.6:8443,https://10.0.0.7:8443
 *
 * Of several controllers one is active, the others stand by.  A call goes to the one that answered last, at first to
 * the first, and from there to the next ones in turn, until one answers that does not stand by.
 *
 * A request goes on to the next only where that cannot do it twice: when the one before has not got it, when it only
 * reads, or when it carries an Idempotency-Key, which every controller knows.
 *
 * Where none serves but one stands by, another round may find the one that has taken over meanwhile.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define RW_SERVERS_MAX 8

/* How long another one may take to become active, where the active one died: its claim ends after some ten seconds. */
#define RW_SERVERS_TAKE_OVER_MS 20000u

/* How long one may take to connect when there are others to ask. */
#define RW_SERVERS_CONNECT_MS 3000u

struct rw_servers {
	char *urls[RW_SERVERS_MAX]; /* "https://host:port", owned */
	size_t count;
	size_t used; /* the one to ask first */
};

/*
 * Reads URLs with commas between them; spaces around them and "/" at their ends are dropped.  -EINVAL at "server" for
 * what is no address of a controller, plain HTTP to another machine, the same one twice, and more than RW_SERVERS_MAX;
 * -ENOMEM.
 */
RW_NODISCARD int rw_servers_parse(const char *text, struct rw_servers *ret_servers, struct rw_error *err);
void rw_servers_done(struct rw_servers *servers);
RW_DEFINE_DONE(struct rw_servers, rw_servers_done)

/* What became of one attempt. */
struct rw_servers_attempt {
	const char *server;  /* lent by the list */
	struct rw_error err; /* why it did not serve */
	bool may_have_left;  /* the request may have arrived all the same */
};

/* One call's way through the list.  Zeroed at its beginning. */
struct rw_servers_round {
	struct rw_servers_attempt attempts[RW_SERVERS_MAX];
	size_t count;
	bool may_have_left; /* in any attempt, those of rounds before too */
	bool is_elsewhere;  /* the active one is none of the list */
};

/* The one to ask now. */
const char *rw_servers_current(const struct rw_servers *servers);

/*
 * Notes that the current one did not serve ('err': no answer, or -EREMOTE, it stands by).  True when the next one shall
 * be asked, which is the current one then: 'repeatable' says that the request may be done twice.
 */
bool rw_servers_next(struct rw_servers *servers, struct rw_servers_round *round, const struct rw_error *err,
		     bool may_have_left, bool repeatable);

/* One that stands by says who is active. */
void rw_servers_note_active(const struct rw_servers *servers, struct rw_servers_round *round,
			    const char *active);

/*
 * After rw_servers_next said no: whether it makes sense to ask all of them again, a little later.  If so, the next round has begun.
 */
bool rw_servers_again(struct rw_servers *servers, struct rw_servers_round *round, bool repeatable);
