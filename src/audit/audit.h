/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The audit of clusters and groups
 * ================================
 *
 * Judges what a model really lets through: the exposure of each interface over all its groups, priorities and
 * NIC types (analyze/map.h), never one rule at a time.  A *subject* is a cluster with its nodes, or a free-standing
 * group with the nodes that have no cluster and name it first; a cluster without nodes is judged by what a node in
 * it would be.  A *finding* is a check of the registry (audit/check.h) that found something at one subject.
 *
 *     "open to the internet"  from at least 2^24 IPv4 addresses (a /8), or 2^112 IPv6 addresses (a /16), outside
 *                             the private ranges and the network's CIDRs; by internet NICs in a classic network
 *
 * A check whose evidence is missing for some node of a subject is *unknown* there, and says what it needs; it
 * never counts as passed.  Findings that the default rules alone cause are marked as default.  Suppressed findings
 * are kept apart, with the reason; a suppression that has expired suppresses nothing.
 *
 * Pure; deterministic: subjects in order (clusters, then groups, by id), findings by severity, then check.
 */

#include "audit/check.h"
#include "audit/evidence.h"
#include "policy/policy.h"

/* A finding that somebody has accepted. */
struct rw_suppression {
	char check[48];           /* id, or "*" = all */
	char subject[RW_ID_SIZE]; /* id of a cluster or group, or "*" = all */
	char reason[256];
	int64_t expires_ms; /* Unix time; 0 = never */
};

#define RW_FINDING_RULES_MAX 16

struct rw_finding {
	const struct rw_check *check;
	enum rw_kind subject_kind; /* RW_KIND_CLUSTER or RW_KIND_GROUP */
	char subject[RW_ID_SIZE];
	char subject_name[132];
	char group[RW_ID_SIZE]; /* whose rules are to be changed */
	char detail[256];       /* what exactly: ports, nodes, CIDRs */
	bool is_default;        /* caused by default rules alone */
	char rules[RW_FINDING_RULES_MAX][RW_ID_SIZE];
	size_t rule_count; /* may be more than are listed */
	bool is_opening;   /* told because services are open to the internet */
	bool has_witness;
	char witness_node[64], witness_interface[16];
	struct rw_packet witness;                /* a packet that shows it */
	const struct rw_suppression *suppressed; /* lent by the input; NULL */
};

struct rw_unknown {
	const struct rw_check *check;
	enum rw_kind subject_kind;
	char subject[RW_ID_SIZE];
	char subject_name[132];
	size_t nodes; /* of which the evidence is missing */
};

/* A service that is open to the internet, as defined above. */
struct rw_audit_open {
	uint16_t protocol; /* RW_PROTOCOL_ALL = everything */
	struct rw_ports ports;
	const char *service; /* "redis", "ssh"; "" = none that is known */
	bool v4, v6;
};

struct rw_audit_subject {
	enum rw_kind kind; /* RW_KIND_CLUSTER or RW_KIND_GROUP */
	char id[RW_ID_SIZE];
	char name[132];
	struct rw_vec to_internet; /* struct rw_audit_open, ascending */
};

struct rw_audit {
	struct rw_vec findings; /* struct rw_finding */
	struct rw_vec unknown;  /* struct rw_unknown */
	struct rw_vec subjects; /* struct rw_audit_subject: all that were judged, in order */
	size_t suppressed;      /* findings that are */
};

struct rw_audit_input {
	const struct rw_model *model;
	const struct rw_evidence *evidence; /* nullable: nothing is known */
	const char *subject;                /* id of one cluster or group; NULL = all */
	const struct rw_suppression *suppressions;
	size_t suppression_count;
	int64_t now_ms;
	struct rw_policy_cache *cache; /* nullable */
	/*
	 * The model before a change, or NULL.  With it, services that are open to the internet are told only where
	 * the change opened something of them, and the witness is a packet that was not accepted before.
	 */
	const struct rw_model *before;
};

#define RW_AUDIT_FINDINGS_MAX 200000

/* -ENOENT for a subject that is not there; -ENOMEM; -E2BIG beyond the limits of analysis or of findings. */
RW_NODISCARD int rw_audit_run(const struct rw_audit_input *input, struct rw_audit *ret_audit,
			      struct rw_error *err);
void rw_audit_done(struct rw_audit *audit);
RW_DEFINE_DONE(struct rw_audit, rw_audit_done)

/*
 * What a change adds: the findings at input->subject (not NULL) that hold in input->model and were not caused, or
 * not there, in 'before'.  What is open is compared as sets of headers, interface by interface, so that narrowing
 * or reordering rules adds nothing; a node or group that is new is compared with what one in the same groups
 * would have been, and one in new groups with nothing.  Other findings count when (check, detail) was not there.
 * Unknown checks are not listed.  Errors of rw_audit_run.
 */
RW_NODISCARD int rw_audit_added(const struct rw_audit_input *input, const struct rw_model *before,
				struct rw_audit *ret_added, struct rw_error *err);

/* The worst severity of the findings that are not suppressed, or -1. */
int rw_audit_worst(const struct rw_audit *audit);
