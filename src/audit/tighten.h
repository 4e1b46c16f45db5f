/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The tightening of an old cluster
 * ================================
 *
 * Clusters made long ago accept everything from everywhere.  A *plan* (semantics section 8) is the ordered list of
 * changes of the cluster's group that ends this without cutting off anybody who was seen to use it:
 *
 *     icmp            accept ICMP in every ingress table
 *     ports           accept what is needed directly: SSH from the management CIDRs, what is declared, and what
 *                     is listened on and was used, from no more than those who used it
 *     load-balancers  accept backend ports of load balancers that hide their clients, from their sources only
 *     close-internet  delete the loose rules of the internet table
 *     close-intranet  ... and then of the intranet table ('close' in a VPC, which has one table)
 *
 * A *loose* rule accepts all, or every port of TCP or UDP, from 0.0.0.0/0 or ::/0.  New rules get the priority
 * of the loose rule they stand in for, so that drops keep their say.  Only tables and families with a loose rule are
 * touched, but for ICMP and groups, which are named with their addresses of both families.
 *
 * Sources are as narrow as what was seen allows, and still readable: from anywhere for a port that the internet used
 * (of data services and administration only the addresses seen); else the group that the client's node is in, the
 * container CIDR, the network's CIDR, and at last single addresses, put together when they are many.
 *
 * What is not known is not guessed.  A plan needs listeners and flows of every node of the cluster that has an agent,
 * and the sources of every load balancer that hides its clients; without them it is BLOCKED, says what it needs, and
 * has no steps.
 *
 * Every flow that was seen and that today's rules accept is accepted after every step, or is listed at the step that
 * refuses it, with the reason.  Records that put many clients together keep their port open to everybody.  A port that
 * answered, or on which somebody listens, is used; one that did neither was only knocked at.
 *
 *     RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan = {0};
 *     r = rw_tighten_make(&input, &plan, err);
 *
 * Pure; the same input gives the same plan but for the ids of new rules, which come from the context.
 */

#include "analyze/diff.h"
#include "audit/audit.h"
#include "group/edit.h"
#include "policy/policy.h"

/* Ports that people name. */
#define RW_TIGHTEN_SERVICES_MAX 64
struct rw_tighten_service {
	uint16_t protocol; /* TCP or UDP */
	struct rw_ports ports;
};

struct rw_tighten_input {
	const struct rw_model *model;
	const char *cluster;                /* id */
	const struct rw_evidence *evidence; /* nullable: nothing is known */
	const struct rw_evidence *staged;   /* nullable: flows that came since; judged, not planned by */
	const struct rw_tighten_service *declared; /* needed directly, from anywhere, seen or not */
	size_t declared_count;
	const struct rw_tighten_service *closed; /* not to be opened, though they were used */
	size_t closed_count;
	bool without_listeners; /* where listeners are not known, a port that was used counts as listened on */
	bool without_flows; /* where flows are not known, a port that is listened on counts as used by all */
	const struct rw_edit_context *context; /* ids, author and time of the new rules */
};

/* Why a rule is added. */
enum rw_tighten_reason {
	RW_TIGHTEN_FOR_ICMP,
	RW_TIGHTEN_FOR_SSH,
	RW_TIGHTEN_FOR_CONTAINERS, /* routed containers reach the nodes */
	RW_TIGHTEN_FOR_DECLARED,   /* by people, or by a load balancer that keeps its clients' addresses */
	RW_TIGHTEN_FOR_USE,        /* listened on and used */
	RW_TIGHTEN_FOR_BALANCER,   /* a backend port, from the load balancer's sources */
	RW_TIGHTEN_FOR_COUNT_,
};

struct rw_tighten_rule {
	struct rw_rule *rule; /* a reference, with the id that it has in the predicted model */
	enum rw_tighten_reason reason;
	uint64_t flows;                /* seen flows that it keeps; 0 = it is not there for flows */
	size_t clients;                /* how many records of them: each is one client at one port */
	struct rw_address last_client; /* family 0 = none */
	int64_t last_ms;               /* Unix time; 0 = not known */
	char node[RW_ID_SIZE];         /* one node where it was seen; "" = none */
	char process[32];              /* who listens there; "" = not known */
	char why[256];                 /* the evidence, for people */
};

/* A seen flow that is accepted before a step and refused after it. */
struct rw_tighten_refusal {
	char node[RW_ID_SIZE];
	char interface[16];
	struct rw_evidence_flow flow;
	bool only_knocked; /* nobody listens there: it was not seen to be of use */
	char why[160];
};

/* Most refusals that one step lists; it counts all. */
#define RW_TIGHTEN_REFUSALS_MAX 10000

struct rw_tighten_exposure {
	double v4, v6;             /* remote addresses x services, over all NIC types */
	struct rw_vec to_internet; /* struct rw_audit_open, ascending */
};

/* What a step opens and closes at interfaces of one NIC type in the same groups. */
struct rw_tighten_difference {
	enum rw_nic_type nic_type;
	char node[RW_ID_SIZE]; /* one of those that have it; "" = the cluster has no node */
	char interface[16];
	struct rw_diff diff;
};

enum rw_tighten_step_kind {
	RW_TIGHTEN_ICMP,
	RW_TIGHTEN_PORTS,
	RW_TIGHTEN_BALANCERS,
	RW_TIGHTEN_CLOSE_INTERNET,
	RW_TIGHTEN_CLOSE_INTRANET,
	RW_TIGHTEN_CLOSE, /* of a VPC */
	RW_TIGHTEN_STEP_COUNT_,
};

struct rw_tighten_step {
	enum rw_tighten_step_kind kind;
	struct rw_vec add;                   /* struct rw_tighten_rule; ascending by table, protocol, port */
	struct rw_vec revoke;                /* struct rw_rule *, references */
	struct rw_model *after;              /* the model when this step is done; owned */
	struct rw_vec differences;           /* struct rw_tighten_difference that are not empty */
	struct rw_tighten_exposure exposure; /* afterwards */
	struct rw_vec refusals;              /* struct rw_tighten_refusal */
	size_t refused;                      /* all of them */
	/*
	 * Of what the step does: its rules by their meaning, and the services that it refuses, whoever used them; not those
	 * that were only knocked at, which change all the time on the internet.  Equal for equal steps of two plans.
	 */
	uint64_t digest;
};

/* What a plan cannot be made without. */
enum rw_tighten_need_kind {
	RW_TIGHTEN_NEEDS_NODES,     /* the cluster has no node that could have been watched */
	RW_TIGHTEN_NEEDS_LISTENERS, /* of 'node' */
	RW_TIGHTEN_NEEDS_FLOWS,     /* of 'node' */
	RW_TIGHTEN_NEEDS_SOURCES,   /* of 'balancer': where do its packets come from? */
	RW_TIGHTEN_NEED_COUNT_,
};

struct rw_tighten_need {
	enum rw_tighten_need_kind kind;
	char object[RW_ID_SIZE]; /* the node or load balancer; "" for NODES */
	char name[132];
	char text[256]; /* what to do, a sentence */
};

enum rw_tighten_state {
	RW_TIGHTEN_NOTHING, /* no rule is loose: nothing to do */
	RW_TIGHTEN_BLOCKED, /* 'needs' says by what */
	RW_TIGHTEN_READY,
	RW_TIGHTEN_STATE_COUNT_,
};

struct rw_tighten_plan {
	enum rw_tighten_state state;
	char cluster[RW_ID_SIZE];
	char group[RW_ID_SIZE];
	struct rw_vec needs;                 /* struct rw_tighten_need */
	struct rw_vec steps;                 /* struct rw_tighten_step */
	struct rw_tighten_exposure exposure; /* before the first step */
	size_t observed;                     /* flow records that today's rules accept */
	int64_t observed_since_ms; /* from when on flows of every node are known, by the oldest of each; 0 = it is not */
	size_t judged;             /* of 'staged', likewise */
	struct rw_vec would_drop; /* struct rw_tighten_refusal: of them, refused by the whole plan */
	size_t would_drop_count;  /* all of them */
	struct rw_sets *sets;     /* arena of the differences */
	struct rw_vec policies;   /* struct rw_policy *, which the differences lend from */
};

/*
 * Makes the plan.  -ENOENT for a cluster that is not there; -EINVAL when 'closed' names the SSH port or
 * 'declared' every port; -ENOSPC when the new rules pass a limit of group/limits.h; -E2BIG beyond the limits
 * of analysis; -ENOMEM.
 */
RW_NODISCARD int rw_tighten_make(const struct rw_tighten_input *input, struct rw_tighten_plan *ret_plan,
				 struct rw_error *err);
void rw_tighten_plan_done(struct rw_tighten_plan *plan);
RW_DEFINE_DONE(struct rw_tighten_plan, rw_tighten_plan_done)

/*
 * Reads services as people write them, "tcp/443 udp/5000-5010,6000", into at most RW_TIGHTEN_SERVICES_MAX behind the
 * '*count' that are there.  -EINVAL with hint at 'field'.
 */
RW_NODISCARD int rw_tighten_services_parse(const char *text, const char *field,
					   struct rw_tighten_service services[RW_TIGHTEN_SERVICES_MAX],
					   size_t *count, struct rw_error *err);

/* True for a rule that the plan would delete. */
bool rw_tighten_is_loose(const struct rw_rule *rule);

/*
 * Makes one step on a draft whose group stands as before it: adds, then revokes.  The rules keep the ids of the plan.
 * Codes of rw_edit_add_rules.
 */
RW_NODISCARD int rw_tighten_apply(struct rw_draft *draft, const char *group,
				  const struct rw_tighten_step *step, struct rw_error *err);

const char *rw_tighten_step_name(enum rw_tighten_step_kind kind);  /* "icmp", "ports", ... */
const char *rw_tighten_step_title(enum rw_tighten_step_kind kind); /* a half sentence */
const char *rw_tighten_state_name(enum rw_tighten_state state);    /* "nothing", "blocked", "ready" */
const char *rw_tighten_reason_name(enum rw_tighten_reason reason); /* "icmp", "ssh", "used", ... */
const char *rw_tighten_need_name(enum rw_tighten_need_kind kind);  /* "listeners", ... */
