/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the agent tells
 * ====================
 *
 * Gathers the parts of a report (wire/report.h) from the keeper, the enforcer and what listens, and keeps the
 * latest drop events until they are told.  The counters of rules are read from the kernel at heartbeats, not
 * for the report that follows a change, which somebody is waiting for.
 */

#include "agent/connections.h"
#include "agent/helper.h"
#include "agent/keeper.h"
#include "agent/listeners.h"
#include "agent/observer.h"
#include "agent/renewal.h"
#include "base/clock.h"
#include "base/vec.h"

struct rw_reporter {
	const struct rw_clock *clock;
	struct rw_helper *helper; /* lent; NULL = look by ourselves */
	int64_t started_ms;
	const struct rw_renewal *renewal; /* borrowed, nullable: what the controller is told of authorities */
	struct rw_report_drop drops[RW_REPORT_DROPS_MAX]; /* since the last report, oldest first */
	size_t drop_count;
	uint64_t drops_lost;
	rw_enforcer_drop_fn *tap; /* nullable: is shown every drop event as it comes */
	void *tap_context;
	struct rw_vec hits; /* struct rw_report_hit, as last read */
	struct rw_listeners listeners;
	struct rw_report_connection connections[RW_REPORT_LIVE_MAX]; /* of a monitored node */
	size_t connection_count;
	uint64_t connections_cut;
	struct rw_report_judgement judgements[RW_REPORT_JUDGEMENTS_MAX]; /* since the last report */
	size_t judgement_count;
	struct rw_observer *observer; /* NULL until a flow or a refused packet is seen */
	bool census;                  /* this round of the flow table tells every live flow */
	uint64_t census_ns;           /* when the last one began; 0 = never */
	uint64_t flows_told_ns;       /* 0 = never */
};

void rw_reporter_init(struct rw_reporter *reporter, const struct rw_clock *clock);
void rw_reporter_done(struct rw_reporter *reporter);

/* Takes the drop events that wait in the enforcer; those beyond RW_REPORT_DROPS_MAX are only counted. */
void rw_reporter_take_drops(struct rw_reporter *reporter, struct rw_enforcer *enforcer);

/*
 * Looks at the next part of the flow table for new flows; to be called once a second.  RW_REPORTER_PLACES bounds
 * the time that it takes; a table of more places is gone round in as many seconds more.  Every ten minutes one
 * round counts what is live.
 */
#define RW_REPORTER_PLACES (128u << 10)
void rw_reporter_observe(struct rw_reporter *reporter, const struct rw_keeper *keeper);

/* Flows are told at most so often, whatever else is reported. */
#define RW_REPORTER_FLOWS_MS 10000

/* Reads the counters of the rules anew. */
void rw_reporter_read_hits(struct rw_reporter *reporter, struct rw_enforcer *enforcer);

/* Looks anew at what listens; what was known stays when that fails. */
void rw_reporter_read_listeners(struct rw_reporter *reporter);

/*
 * Looks at the live connections of a monitored node, so that its controller can tell what enforcing would cut;
 * of any other node, forgets them.  At most RW_REPORTER_JUDGED_MAX are judged by the policy, which bounds the
 * time that a busy node spends on it; SSH sessions are always found.
 */
#define RW_REPORTER_JUDGED_MAX 4096
void rw_reporter_read_connections(struct rw_reporter *reporter, const struct rw_keeper *keeper);

/*
 * The same from what was read: the part that does not ask the system.
 */
void rw_reporter_take_connections(struct rw_reporter *reporter, const struct rw_policy *policy,
				  const struct rw_link_decision *decisions, size_t count,
				  const struct rw_connections *connections);

/*
 * Answers a question of the controller: which live flows 'policy' would refuse.  When more than
 * RW_REPORT_JUDGEMENTS_MAX wait to be reported, the newest is not answered.
 */
void rw_reporter_judge(struct rw_reporter *reporter, const struct rw_keeper *keeper, uint64_t question,
		       const struct rw_policy *policy);

/*
 * Appends a report as one line of JSON and forgets the drop events and judgements told.  A 'brief' one, where the
 * controller takes those, tells neither.  -ENOMEM, -E2BIG.
 */
RW_NODISCARD int rw_reporter_encode(struct rw_reporter *reporter, const struct rw_keeper *keeper, bool brief,
				    struct rw_buf *buf, struct rw_error *err);

/* Fills the list of candidate and enforced interfaces; *ret_interfaces is the caller's, see
 * rw_report_interfaces_free. */
RW_NODISCARD int rw_report_interfaces_make(const struct rw_links *links,
					   const struct rw_link_decision *decisions,
					   struct rw_report_interface **ret_interfaces, size_t *ret_count);
