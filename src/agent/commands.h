/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The commands of ringwall-agent other than run
 * =============================================
 *
 * Each does its work, prints what a person asked for to standard output, and returns 0 or a negative errno
 * with 'err' filled, which main prints.
 */

#include <stdio.h>

#include "agent/flow_filter.h"
#include "agent/keeper.h"
#include "agent/state.h"
#include "base/clock.h"

struct rw_join_options {
	struct rw_agent_place place;
	const char *const *servers; /* "https://host[:port]"; 8443 when the port is missing */
	size_t server_count;        /* at least one, at most RW_CONTROLLERS_JOINED_MAX */
	const char *token;          /* "<id>.<secret>" */
	const char *ca_file;        /* how the server is trusted: one of these two */
	const char *ca_fingerprint; /* SHA-256 of the authority's certificate, hex, colons allowed */
	const char *name;           /* wished node name; NULL = the host's */
	const char *cluster;        /* NULL = as the token says */
	const char *const *named;   /* --interface */
	size_t named_count;
	bool monitor; /* enforce nothing, do not ask */
	bool yes;     /* enforce without asking, unless the caller's SSH session would be cut */
	bool force;   /* enforce without asking, whatever is cut */
	bool replace;
	const struct rw_clock *clock;
};

/*
 * Asks the controller which policy the node would have, shows what that would do here, and finds out whether
 * it is wanted (agent/consent.h).  Then makes a key, sends the token with a certificate request, and stores
 * what comes back.  Until then nothing is stored or changed anywhere, and the token stays good: -ECANCELED.  Of
 * several controllers the first is taken that can be reached and does not stand by.  A
 * machine that has joined already is refused without 'replace'.
 */
RW_NODISCARD int rw_command_join(const struct rw_join_options *options, struct rw_error *err);

/*
 * Takes enforcement off the node: marks it as detached, tells a running agent, and removes what is pinned
 * with or without one.
 */
RW_NODISCARD int rw_command_detach(const struct rw_agent_place *place, bool pinned, struct rw_error *err);

/* Lets the node be enforced again: at once by a running agent, else at its next start. */
RW_NODISCARD int rw_command_attach(const struct rw_agent_place *place, struct rw_error *err);

/* Switches the early stage by the running agent; 'words' as of rw_early_wish_change.  -ENOENT when none runs. */
RW_NODISCARD int rw_command_early(const struct rw_agent_place *place, const char *words,
				  struct rw_error *err);

enum rw_status_form {
	RW_STATUS_TEXT,
	RW_STATUS_JSON,
	RW_STATUS_METRICS, /* for Prometheus */
};

/* Shows the running agent's status, or what is in force without one. */
RW_NODISCARD int rw_command_status(const struct rw_agent_place *place, enum rw_status_form form,
				   struct rw_error *err);

/*
 * Shows whether this machine can enforce and on which interfaces it would: kernel features, privileges,
 * candidates and why, what cannot be seen.  -EOPNOTSUPP when a required feature is missing.
 */
RW_NODISCARD int rw_command_probe(const struct rw_agent_place *place, const char *const *named,
				  size_t named_count, bool pinned, bool json, struct rw_error *err);

/*
 * Lists the flow table that is pinned, with or without a running agent: each flow with its class and with what
 * let it in by the saved policy.  Reads only.  -ENOENT when nothing is pinned.
 */
RW_NODISCARD int rw_command_table(const struct rw_agent_place *place, const struct rw_flow_filter *filter,
				  bool as_json, struct rw_error *err);

struct rw_capture_options {
	struct rw_flow_filter filter; /* without a class */
	const char *file; /* of pcapng, made anew, mode 0600; "-" = standard output; NULL = print lines */
	uint64_t count;   /* packets to show, then end; 0 = until SIGINT or SIGTERM */
	bool as_json;     /* lines of JSON */
};

/*
 * Shows refused packets as they are refused, from the running agent or, without one, from the kernel.  The agent is
 * never kept waiting; what is lost is counted and told at the end.
 */
RW_NODISCARD int rw_command_capture(const struct rw_agent_place *place,
				    const struct rw_capture_options *options, struct rw_error *err);
