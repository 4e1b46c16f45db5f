/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What flows a node sees
 * ======================
 *
 * Sums up new flows and refused packets by service -- verdict, direction, protocol, port, interface -- and
 * remote address, so that a busy node tells little and a flood cannot fill anything:
 *
 * - At most RW_OBSERVER_RECORDS_* records for each verdict, so that what is refused never takes the place of
 *   what is accepted.
 * - At most RW_OBSERVER_REMOTES remotes of a service have records of their own.  Further ones are counted in the
 *   service's record without a remote, so the port and its counts stay true under a flood from everywhere.
 * - When a verdict has no room for another service (a scan of all ports), what comes is counted in its record
 *   without protocol, port and remote: the others.
 * - A report takes the RW_REPORT_FLOWS_MAX records with the highest counts; the rest waits, and goes on
 *   counting.  Nothing is ever counted twice.
 *
 * A record that was told and stands for no live flow is forgotten after RW_OBSERVER_IDLE_MS; one that stands for
 * a live flow is told once an hour even if nothing new came, so that a connection that lives for days is seen on
 * each of them.
 *
 * No clock: time comes with every call.  Memory is fixed, about a megabyte.
 */

#include "enforce/enforcer.h"
#include "wire/report.h"

#define RW_OBSERVER_RECORDS_ACCEPTED 2048
#define RW_OBSERVER_RECORDS_REFUSED  1024 /* also of would-drop */
#define RW_OBSERVER_RECORDS          (RW_OBSERVER_RECORDS_ACCEPTED + 2 * RW_OBSERVER_RECORDS_REFUSED)
#define RW_OBSERVER_REMOTES          64
#define RW_OBSERVER_IDLE_MS          600000
#define RW_OBSERVER_STILL_MS         3600000

struct rw_observer;

/* -ENOMEM */
RW_NODISCARD int rw_observer_new(struct rw_observer **ret_observer);
struct rw_observer *rw_observer_free(struct rw_observer *observer);
RW_DEFINE_CLEANUP(struct rw_observer *, rw_observer_free)

/*
 * A live flow, as the enforcer tells it.  'is_own' says whether its local end is an address of this node: of
 * others, containers with addresses of their own, the node is only the way.
 */
void rw_observer_flow(struct rw_observer *observer, int64_t now_ms, const struct rw_enforcer_observed *flow,
		      bool is_own);

/* A packet that was dropped or would have been; 'cause' as reports name it. */
void rw_observer_drop(struct rw_observer *observer, const struct rw_report_drop *drop);

/* All live flows were told since the last call: what was not is not live. */
void rw_observer_end_census(struct rw_observer *observer, int64_t now_ms);

/*
 * Moves what is due into 'flows' (RW_REPORT_FLOWS_MAX of them), most first, and forgets their counts.  Flows to
 * a port of this node on which nothing of 'listeners' listens are told as published.
 */
size_t rw_observer_take(struct rw_observer *observer, int64_t now_ms,
			const struct rw_report_listener *listeners, size_t listener_count,
			struct rw_report_flow *flows);
