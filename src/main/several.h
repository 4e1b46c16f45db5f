/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A ringwalld that is one of several
 * ==================================
 *
 * Its life, with the store in etcd:
 *
 *     beginning    reads the authorities that the controllers share into the state folder, opens it, listens.  Where etcd
 *                  does not answer it goes on with those of last time; without any it waits, and nobody is answered.
 *     standing by  main/standby.h decides; requests are answered by main/standby_answer.h
 *     active       the store is open and everything serves, as with a store in the folder
 *
 * What a person must mend before the first of it can work (options, files, a refusal by etcd) ends the program; nothing
 * does later.
 */

#include "main/parts.h"
#include "main/standby.h"

#define RW_SEVERAL_TICK_MS 500

struct rw_several {
	struct rw_parts *parts;      /* borrowed */
	struct rw_loop_timer *timer; /* borrowed: of the ticks */
	rw_http_handler_fn handler;
	void *userdata;
	struct rw_standby *standby; /* NULL = beginning */
	struct rw_buf record;       /* of the authorities, as it was pulled last; "" = not yet */
	char logged[512];           /* what is waited for at the beginning */
	uint64_t due_ns;            /* when to begin again */
};

/*
 * Begins, for 'parts' that are initialised.  The loop must run rw_several_tick, twice a second and when 'timer' is set
 * off.  Requests go to 'handler' once there is a server.  Negative: it makes no sense to go on.
 */
RW_NODISCARD int rw_several_start(struct rw_several *several, struct rw_parts *parts,
				  struct rw_loop_timer *timer, rw_http_handler_fn handler, void *userdata,
				  struct rw_error *err);

/* Does what is due.  Negative: it makes no sense to go on. */
RW_NODISCARD int rw_several_tick(struct rw_several *several, struct rw_error *err);

/* Gives the claim up; before the parts go. */
void rw_several_done(struct rw_several *several);
RW_DEFINE_DONE(struct rw_several, rw_several_done)
