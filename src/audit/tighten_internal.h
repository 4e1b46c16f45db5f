/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/audit only: a plan while it is made. */

#include "audit/audit_internal.h"
#include "audit/tighten.h"

/* What was seen of a port that a rule will be for. */
struct tally {
	uint64_t flows;
	size_t clients;
	struct rw_address last_client;
	int64_t last_ms;
	const struct rw_node *node;
	char process[32];
	bool from_internet;
};

/* Flows to one port in one table that only loose rules accept. */
struct use {
	enum rw_nic_type nic_type;
	uint8_t family;
	uint16_t protocol;
	uint16_t port;
	uint8_t priority;        /* of the loose rule */
	bool public;             /* to be open to everybody */
	struct rw_vec objects;   /* struct rw_object: groups and networks of clients */
	struct rw_vec strangers; /* struct rw_address: clients that belong to nothing known */
	struct rw_vec members;   /* struct rw_address: clients of which 'objects' has the group */
	struct tally tally;
};

/* What becomes of a flow that only loose rules accept. */
enum fate {
	FATE_NEEDED,       /* it gets a rule of its own */
	FATE_ICMP,         /* the rules of step 'icmp' keep it */
	FATE_OTHER_FAMILY, /* ICMP over IPv6 or the reverse: no rule can name it */
	FATE_MANAGEMENT,   /* SSH: the management CIDRs decide */
	FATE_DECLARED,     /* declared ports are open to everybody */
	FATE_BALANCED,     /* a load balancer's sources only */
	FATE_CLOSED,       /* people said so */
	FATE_NO_LISTENER,
	FATE_COUNT_,
};

#define SSH_PORTS_MAX 16

struct tightening {
	const struct rw_tighten_input *input;
	struct rw_tighten_plan *plan;
	const struct rw_cluster *cluster;
	const struct rw_group *group;
	const struct rw_network *network;
	const struct rw_node **nodes; /* of the cluster */
	size_t node_count;
	struct rw_vec loose;        /* const struct rw_rule *, lent by the model */
	struct rw_vec not_internet; /* struct rw_prefix */
	uint16_t ssh_ports[SSH_PORTS_MAX];
	size_t ssh_port_count;
	struct rw_members *members;
	struct rw_policy_cache *cache;
	struct rw_vec uses;      /* struct use, sorted by key */
	struct rw_vec opened[3]; /* struct rw_tighten_rule, by step kind ICMP..BALANCERS */
	struct rw_error *err;
};

/* ---- tighten_flows.c ---- */

/* Runs over all nodes and gathers the uses.  0, -ENOMEM. */
int tighten_find_uses(struct tightening *t);
void use_done(struct use *use);

/* What becomes of the flow; *ret_balancer (nullable) lends the load balancer of FATE_BALANCED. */
enum fate tighten_fate(const struct tightening *t, const struct rw_evidence_node *seen,
		       enum rw_nic_type nic_type, const struct rw_evidence_flow *flow,
		       const struct rw_load_balancer **ret_balancer);

/* The strongest priority of the loose rules that match these packets; 0 = none is loose for them. */
uint8_t tighten_loose_priority(const struct tightening *t, enum rw_nic_type nic_type, uint8_t family,
			       uint16_t protocol);

bool tighten_is_ssh(const struct tightening *t, uint16_t protocol, uint16_t port);

/* ---- tighten_packets.c ---- */

/* The table of rules that decides at the interface: a VPC has one, whatever the interface is. */
enum rw_nic_type tighten_table(const struct tightening *t, const struct rw_interface *interface);

/* True for an address of the interface, shared and elastic ones too. */
bool tighten_holds(const struct rw_interface *interface, const struct rw_address *address);

/* True when the flow came, or may have come, by this interface. */
bool tighten_comes_by(const struct rw_node *node, const struct rw_interface *interface,
		      const struct rw_evidence_flow *flow);

/* True when a packet that may have opened the flow there is accepted by the policy. */
bool tighten_accepts(const struct rw_policy *policy, const struct rw_interface *interface,
		     const struct rw_evidence_flow *flow);

/* True when one is accepted by 'was' and refused by 'is', which differs by what a plan adds and deletes. */
bool tighten_cuts(const struct rw_policy *was, const struct rw_policy *is,
		  const struct rw_interface *interface, const struct rw_evidence_flow *flow);

/* ---- tighten_sources.c ---- */

/* Adds the client of a flow to the sources of its use.  0, -ENOMEM. */
int use_add_client(struct tightening *t, struct use *use, const struct rw_address *client);

/*
 * Appends to 'objects' (struct rw_object) where the rules of a use come from.  With more groups than 'room' networks are
 * named in their place.  0, -ENOMEM.
 */
int use_sources(struct tightening *t, struct use *use, size_t room, struct rw_vec *objects);

/* ---- tighten_rules.c ---- */

/* Fills 'opened' from declarations, load balancers and uses.  0, -ENOMEM. */
int tighten_open_rules(struct tightening *t);
void tighten_rule_done(struct rw_tighten_rule *opened);

/* ---- tighten_digest.c ---- */

/* Fills in the digest of a step that is complete but for it.  0, -ENOMEM. */
int tighten_digest_step(const struct tightening *t, struct rw_tighten_step *step);

/* ---- tighten_steps.c ---- */

/* Makes the steps out of 'opened' and 'loose'.  0, -ENOMEM, -E2BIG, -ENOSPC. */
int tighten_make_steps(struct tightening *t);
void tighten_step_done(struct rw_tighten_step *step);
