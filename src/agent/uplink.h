/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The way to the controllers
 * ==========================
 *
 * Carries an agent session (session.h) over HTTPS: the stream is one endless answer, reports are requests of
 * their own on a kept connection to the same controller.  Both show the node's certificate and accept only a server of
 * the node's authorities, whatever URLs were told.
 *
 * Which controllers there are it reads at the start, learns from answers to reports, and saves beside everything else:
 * no stream waits for the disk.  A save that failed is tried again half a minute later.
 *
 * After a report that was answered the certificate is renewed if it is due (renewal.h); what is called from then
 * on shows the new one.
 */

#include "agent/renewal.h"
#include "agent/report.h"
#include "agent/session.h"
#include "agent/state.h"
#include "http/client.h"

struct rw_uplink;

struct rw_uplink_options {
	struct rw_loop *loop;
	const struct rw_clock *clock;
	const struct rw_random *random;
	const struct rw_agent_place *place;       /* certificate, key and authorities; borrowed */
	const struct rw_agent_identity *identity; /* node and server */
	/* Appends the body of a report. */
	int (*make_report)(void *context, bool brief, struct rw_buf *buf, struct rw_error *err);
	void *context;
};

/* Reads certificate, key and controllers.  The texts are copied.  -errno, -EINVAL. */
RW_NODISCARD int rw_uplink_new(const struct rw_uplink_options *options, struct rw_uplink **ret_uplink,
			       struct rw_error *err);
struct rw_uplink *rw_uplink_free(struct rw_uplink *uplink);
RW_DEFINE_CLEANUP(struct rw_uplink *, rw_uplink_free)

/* How certificate and authorities stand; lent as long as the uplink lives. */
const struct rw_renewal *rw_uplink_renewal(const struct rw_uplink *uplink);

/* The controllers, for the session that goes by them; lent as long as the uplink lives. */
struct rw_controllers *rw_uplink_controllers(struct rw_uplink *uplink);

/* The functions for a session; the session is made with them, then told to the uplink. */
struct rw_agent_transport rw_uplink_transport(struct rw_uplink *uplink);
void rw_uplink_set_session(struct rw_uplink *uplink, struct rw_agent_session *session);
