/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Evidence: what is seen on nodes
 * ===============================
 *
 * A model says what is allowed; evidence says what is there: who listens, which flows came, how packets are
 * routed.  Agents report it, or people bring it from 'ss -tulpn' and flow logs (src/convert).  Each kind is known
 * or not, per node: what is not known is never taken for "nothing".
 *
 * Order: nodes by id, listeners and flows as they come.  Owned by the evidence.
 */

#include "base/vec.h"
#include "group/model.h"
#include "net/packet.h"

/* A socket that waits for clients, in the node or published for a container. */
struct rw_evidence_listener {
	uint16_t protocol; /* TCP or UDP */
	uint16_t port;
	struct rw_address address; /* family 0 = every address of both families, or not known */
	char process[32];          /* "" = not known */
};

/* Flows alike: one remote address that opened, or was opened to, one port; or many counted together. */
struct rw_evidence_flow {
	enum rw_direction direction;
	bool accepted;
	uint8_t protocol;
	uint16_t port; /* destination port: local at ingress, remote at egress; 0 for protocols without */
	struct rw_address remote; /* family 0 = many */
	struct rw_address local;  /* family 0 = not known */
	char interface[16];       /* "" = not known */
	bool answered; /* somebody was seen to answer, whether or not a socket of the node listens */
	uint64_t count;
	int64_t first_ms, last_ms; /* Unix time; 0 = not known */
};

struct rw_evidence_node {
	char node[RW_ID_SIZE];
	bool listeners_known, flows_known, routes_known;
	bool flows_cut; /* they are not known because services that answered were counted together without a name */
	struct rw_vec listeners;          /* struct rw_evidence_listener */
	struct rw_vec flows;              /* struct rw_evidence_flow */
	struct rw_vec default_route_nics; /* char[16]: NICs by which a default route leaves */
	int64_t watched_ms;               /* how long flows were watched */
};

/* Bounds of what one node may bring. */
#define RW_EVIDENCE_LISTENERS_MAX 4096
#define RW_EVIDENCE_FLOWS_MAX     100000

struct rw_evidence {
	struct rw_vec nodes; /* struct rw_evidence_node, by id */
};

void rw_evidence_init(struct rw_evidence *evidence);
void rw_evidence_done(struct rw_evidence *evidence);
RW_DEFINE_DONE(struct rw_evidence, rw_evidence_done)

/* What is known of a node, lent; NULL when nothing is.  'evidence' is nullable. */
const struct rw_evidence_node *rw_evidence_find(const struct rw_evidence *evidence, const char *node);

/* The same, made when it is not there.  Lent until the next call.  -ENOMEM. */
RW_NODISCARD int rw_evidence_add_node(struct rw_evidence *evidence, const char *node,
				      struct rw_evidence_node **ret_node);

/* True when somebody on the node listens on the port, by any address. */
bool rw_evidence_listens(const struct rw_evidence_node *node, uint16_t protocol, uint16_t port);
