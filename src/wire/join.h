/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a machine asks to become a node
 * ===================================
 *
 * Once, with a one-time token, an agent tells who the machine is and what interfaces it has, and requests a
 * certificate.  The answer is the node's id and name, its certificate and the authority's.
 *
 * Before that it may ask, by the same document, which policy the node would have; the answer is one snapshot
 * frame of the oldest version (wire/stream.h).  Nothing is changed by asking, and the token stays good.
 */

#include "wire/report.h"

#define RW_JOIN_VERSION 1

struct rw_join_request {
	char *token;      /* secret: never logged */
	char *machine_id; /* tells this machine from others; made by the agent, not /etc/machine-id itself */
	char *name;       /* wished node name */
	char *cluster;    /* id or name, or NULL: as the token says */
	char *csr;        /* PEM certificate request */
	bool monitor;     /* start without dropping */
	bool replace;     /* take over the record of this machine id */
	struct rw_report_interface *interfaces;
	size_t interface_count;
	uint16_t *ssh_ports; /* where sshd listens */
	size_t ssh_port_count;
	/* Join only while the policy is the one that was looked at: its digest under rw_join_digest. */
	bool has_digest;
	struct rw_policy_digest digest;
};
void rw_join_request_done(struct rw_join_request *request);
RW_DEFINE_DONE(struct rw_join_request, rw_join_request_done)
/* Frees the interfaces and SSH ports, to be filled anew. */
void rw_join_request_forget_seen(struct rw_join_request *request);
RW_NODISCARD int rw_join_request_encode(struct rw_buf *buf, const struct rw_join_request *request,
					struct rw_error *err);
RW_NODISCARD int rw_join_request_decode(const char *text, size_t size, struct rw_join_request *ret_request,
					struct rw_error *err);

/* The digest of a policy whatever its node is called: an id is given at the joining only.  Changes 'policy'. */
struct rw_policy_digest rw_join_digest(struct rw_policy *policy);

/* Later, over its own connection, an agent asks for a new certificate; who it is tells the one it shows. */
struct rw_renew_request {
	char *csr; /* PEM certificate request */
};
void rw_renew_request_done(struct rw_renew_request *request);
RW_DEFINE_DONE(struct rw_renew_request, rw_renew_request_done)
RW_NODISCARD int rw_renew_request_encode(struct rw_buf *buf, const struct rw_renew_request *request,
					 struct rw_error *err);
RW_NODISCARD int rw_renew_request_decode(const char *text, size_t size, struct rw_renew_request *ret_request,
					 struct rw_error *err);

struct rw_renew_answer {
	char *certificate; /* PEM, the node's */
	char *ca;          /* PEM, all authorities to trust from now on, the one that issues first */
};
void rw_renew_answer_done(struct rw_renew_answer *answer);
RW_DEFINE_DONE(struct rw_renew_answer, rw_renew_answer_done)
RW_NODISCARD int rw_renew_answer_encode(struct rw_buf *buf, const struct rw_renew_answer *answer,
					struct rw_error *err);
RW_NODISCARD int rw_renew_answer_decode(const char *text, size_t size, struct rw_renew_answer *ret_answer,
					struct rw_error *err);

struct rw_join_answer {
	char node[RW_ID_SIZE];
	char *name;
	char *certificate;           /* PEM, the node's */
	char *ca;                    /* PEM, the authorities to trust, the one that issues first */
	struct rw_position position; /* from which on the model has the node */
};
void rw_join_answer_done(struct rw_join_answer *answer);
RW_DEFINE_DONE(struct rw_join_answer, rw_join_answer_done)
RW_NODISCARD int rw_join_answer_encode(struct rw_buf *buf, const struct rw_join_answer *answer,
				       struct rw_error *err);
RW_NODISCARD int rw_join_answer_decode(const char *text, size_t size, struct rw_join_answer *ret_answer,
				       struct rw_error *err);
