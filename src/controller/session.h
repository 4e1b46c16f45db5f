/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Agents
 * ======
 *
 * Each managed node has a record here, connected or not: what its agent last said, what it should have, what
 * was sent.  A *session* is one open stream of it.
 *
 * What is sent: a snapshot when the agent's position is not one this process can build on; else, after every
 * change that touches the node's policy, one delta from what was sent last; a bookmark every 60 s without
 * either, and at the start when the agent already has what it should.  At most RW_SESSION_WINDOW frames wait
 * for their 'applied'; what changes meanwhile is summed up in the next delta, but for changes that say different
 * things about the live flows that they refuse (policy/established.h): those stay apart, as long as a few steps
 * do.  An agent that comes back is told what cuts most of all that was said since it left.  After a failure to apply, a
 * snapshot.  An agent whose revision (in our incarnation) is ahead of ours gets nothing until we have folded
 * so far: a controller that is behind must not take a node back.  When all agents come at once, snapshots go
 * out RW_SESSION_SNAPSHOTS at a time, so that the memory of a thousand of them is never needed together.
 *
 * States, each with the time since when:
 *
 *     connected   a frame within 15 s, policy in force as wanted
 *     lagging     applied < wanted for 5 s
 *     offline     no frame for 15 s, or never seen
 *     degraded    the agent says that its enforcement may be bypassed, or that it fails although the newest
 *                 policy is in force: an interface slipped away
 *     monitored   the agent lets everything pass, on purpose, or is about to
 *     detached    somebody took enforcement off the node with `ringwall-agent detach`
 *
 * An offline node becomes connected by a frame, and only from there anything else; the table of allowed
 * transitions is in session_state.c.
 *
 * Reports are claims.  An interface address outside the node's network (intranet NICs), inside its container
 * CIDRs, or held by another node is not taken into the model (event address-refused), unless the record
 * declares it already or as shared.  Reported interfaces that differ from the record become a change by the
 * agent.
 */

#include "controller/controller.h"
#include "wire/report.h"
#include "wire/stream.h"

#define RW_SESSION_WINDOW      4
#define RW_SESSION_SNAPSHOTS   64 /* on their way at a time, over all agents; more wait for the next tick */
#define RW_SESSION_OFFLINE_MS  15000
#define RW_SESSION_LAGGING_MS  5000
#define RW_SESSION_BOOKMARK_MS 60000
#define RW_SESSION_HITS_MAX    2000 /* rules with hits remembered for a node */

enum rw_node_state {
	RW_NODE_CONNECTED,
	RW_NODE_LAGGING,
	RW_NODE_OFFLINE,
	RW_NODE_DEGRADED,
	RW_NODE_MONITORED,
	RW_NODE_DETACHED,
	RW_NODE_STATE_COUNT_,
};
extern const struct rw_word rw_words_node_state[];

struct rw_session;

/* Where a session's bytes go.  Both may run from any call that changes something, never after close. */
struct rw_session_sink {
	/* Takes whole lines.  Non-zero: they did not fit; the owner will close the session soon. */
	int (*send)(void *userdata, const void *bytes, size_t size);
	/* The controller ends the session (replaced by a newer stream, node deleted, shutting down): finish
	 * the stream after what was sent.  The session is dead when it returns. */
	void (*end)(void *userdata);
	void *userdata;
};

/* Where the agent says it is. */
struct rw_session_hello {
	struct rw_position position; /* revision 0 = it has nothing */
	bool has_digest;
	struct rw_policy_digest digest; /* of the policy it holds */
	uint32_t version;               /* of the stream, and of the digest; 0 = the newest */
	struct rw_address address;      /* from where it calls */
};

/*
 * Opens the stream of 'node' (an id, authenticated by join.h); an older stream of it is ended.  The first
 * frame may be sent before this returns.  -ENOENT no such managed node; -EAGAIN limits.sessions; -ENOMEM.
 */
RW_NODISCARD int rw_session_open(struct rw_controller *controller, const char *node,
				 const struct rw_session_hello *hello, const struct rw_session_sink *sink,
				 struct rw_session **ret_session, struct rw_error *err);

/* The stream is gone.  The node is offline when no report comes for 15 s.  NULL is fine. */
void rw_session_close(struct rw_session *session);

/* Takes a node's report.  -ENOENT; -EINVAL; what is said about a store failure is soft: the next report tries
 * again. */
RW_NODISCARD int rw_session_report(struct rw_controller *controller, const char *node,
				   const struct rw_report *report, const struct rw_address *address,
				   struct rw_error *err);

/* What is known of a node.  Lent until the next call. */
struct rw_node_status {
	const char *id;
	const char *name;
	enum rw_node_state state;
	int64_t since_ms;
	uint64_t wanted; /* revision of the newest policy meant for it; 0 = never connected in this process */
	uint64_t applied;   /* revision in force as reported; 0 = none */
	const char *reason; /* "" or the agent's, or why */
	const char *agent_version;
	int64_t last_report_ms;         /* 0 = never */
	bool persistent;                /* enforcement outlives the agent */
	uint64_t lag_ms;                /* for how long 'wanted' has not been in force; 0 = it is */
	int64_t certificate_expires_ms; /* of its newest certificate; 0 = not known */
	struct rw_address address;      /* its last connection's; family 0 = none */
	const uint16_t *ssh_ports;
	size_t ssh_port_count;
	const struct rw_report_listener *listeners;
	size_t listener_count;
	const uint64_t *drops; /* by enum rw_cause, RW_CAUSE_COUNT_ of them */
	const uint64_t *would_drops;
	const struct rw_report_kernel *kernel;
	size_t refusal_count; /* addresses of its last report that are not believed */
};

/* Why an address is not believed: "10.0.0.2 on eth0 is held by node n-2".  'index' < refusal_count. */
#define RW_SESSION_REFUSALS_MAX 16 /* more are not told */
void rw_node_status_refusal(const struct rw_controller *controller, const struct rw_node_status *status,
			    size_t index, char *text, size_t size);

/* Managed nodes by id; -ENOENT from find for others. */
size_t rw_node_status_count(const struct rw_controller *controller);
void rw_node_status_at(const struct rw_controller *controller, size_t index,
		       struct rw_node_status *ret_status);
RW_NODISCARD int rw_node_status_find(const struct rw_controller *controller, const char *reference,
				     struct rw_node_status *ret_status);

/* When certificates expire, an agent's as noted when it was issued. */
#define RW_CERTIFICATE_EXPIRING_DAYS 21
struct rw_certificates {
	int64_t authority_expires_ms;
	size_t agents_expiring; /* within RW_CERTIFICATE_EXPIRING_DAYS, or expired */
};
void rw_controller_certificates(const struct rw_controller *controller,
				struct rw_certificates *ret_certificates);

/* How many managed nodes are in each state. */
void rw_node_status_counts(const struct rw_controller *controller, size_t counts[RW_NODE_STATE_COUNT_]);

/*
 * The nodes of every cluster, counted in one walk: appends a struct rw_cluster_nodes for each cluster, ascending by
 * id, to an empty vector made for them.  O((nodes + clusters) x log).  -ENOMEM.
 */
struct rw_cluster_nodes {
	const char *cluster; /* id, lent by the model */
	size_t total;
	size_t states[RW_NODE_STATE_COUNT_]; /* of the managed ones */
};
RW_NODISCARD int rw_cluster_nodes_count(const struct rw_controller *controller, struct rw_vec *ret_counts);
/* NULL when it is not among them. */
const struct rw_cluster_nodes *rw_cluster_nodes_find(const struct rw_vec *counts, const char *cluster);

/* A rule's hits, summed over the nodes' last reports; last_hit_ms 0 = never.  O(nodes x log hits). */
struct rw_rule_hits {
	uint64_t packets;
	int64_t last_hit_ms;
};
struct rw_rule_hits rw_session_rule_hits(const struct rw_controller *controller, const char *rule);

/* The newest drop events of all nodes, newest first; at most RW_SESSION_DROPS_MAX are kept. */
#define RW_SESSION_DROPS_MAX 256
struct rw_node_drop {
	char node[RW_ID_SIZE];
	struct rw_report_drop drop;
};
size_t rw_session_drop_count(const struct rw_controller *controller);
const struct rw_node_drop *rw_session_drop_at(const struct rw_controller *controller, size_t index);
