/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a machine becomes a node
 * ============================
 *
 * An operator makes a join token, bound to one cluster or to one network and some free-standing groups.  The
 * machine's agent sends it once, with a certificate request made from a key that never leaves the machine;
 * the answer is the node's record and certificate (CN = node id).  One transaction removes the token, writes
 * the node and what its certificate is, so a token works once, also between two controllers and over a crash.
 *
 * Which record: one that waits under the wished name in the token's cluster (created through the API, without
 * a machine yet) is taken over; else a new one is made.  A machine id that is known already is refused
 * (-EEXIST) unless 'replace' is set: then it takes its own record again.
 *
 * A certificate is good while its node's record names its fingerprint: deleting the node, or joining again,
 * ends the old one at once.
 *
 * **Renewal**: at two thirds of its life, and whenever the controller's authorities are others than those it
 * trusts, an agent asks for a new certificate over its own connection.  The record then names both, and the
 * one before counts until it expires: an answer that was lost on the way locks nobody out.  The key stays the
 * same; joining again makes a new one.  Who shows an expired certificate is refused before anything here: the
 * node goes on enforcing what it has and joins again, by a new token and 'replace'.
 */

#include "controller/change.h"
#include "wire/join.h"

#define RW_JOIN_TTL_MAX_S     (7 * 24 * 3600)
#define RW_JOIN_TTL_DEFAULT_S 3600

/* What a token lets a machine become.  Borrowed. */
struct rw_join_grant {
	const char *name;          /* of the token, for the log; nullable */
	const char *cluster;       /* id or name; NULL = free-standing: */
	const char *network;       /* id or name */
	const char *const *groups; /* ids or names, at least one */
	size_t group_count;
	int64_t ttl_s; /* 0 = RW_JOIN_TTL_DEFAULT_S */
};

/*
 * Makes a token ("<id>.<secret>", only its digest is stored).  -EINVAL at cluster, network, security_groups
 * or ttl_s; -ENOSPC at limits.join_tokens.
 */
RW_NODISCARD int rw_join_token_create(struct rw_controller *controller, const struct rw_actor *actor,
				      const struct rw_join_grant *grant, char ret_token[RW_TOKEN_SIZE],
				      int64_t *ret_expires_ms, struct rw_error *err);

/*
 * Joins.  -ENOKEY token unknown, used or expired (nothing tells which); -EAGAIN too many tries from
 * 'address'; -EEXIST machine known and no 'replace', or name taken; -EINVAL bad request (field); -ENOENT
 * cluster of the token deleted meanwhile; -ESTALE the policy is not that of request->digest any more; the
 * store's.  Claimed addresses are judged as in reports
 * (session.h).
 */
RW_NODISCARD int rw_join(struct rw_controller *controller, const struct rw_join_request *request,
			 const struct rw_address *address, struct rw_join_answer *ret_answer,
			 struct rw_error *err);

/*
 * Tells which policy the node would have if it joined by this request now, for its agent to look at what that
 * would do.  Changes nothing, and the token stays good.  Codes of rw_join; *ret_policy is the caller's.
 */
RW_NODISCARD int rw_join_preview(struct rw_controller *controller, const struct rw_join_request *request,
				 const struct rw_address *address, struct rw_policy **ret_policy,
				 struct rw_position *ret_position, struct rw_error *err);

/*
 * Renews the certificate of 'node' (an id, authenticated) for the key of the request.  -ENOENT; -EINVAL (field
 * "csr"); the store's.
 */
RW_NODISCARD int rw_join_renew(struct rw_controller *controller, const struct rw_actor *actor,
			       const struct rw_renew_request *request, struct rw_renew_answer *ret_answer,
			       struct rw_error *err);

/*
 * Whose verified certificate this is: ret_actor->id is the node.  -EACCES: no agent's certificate, its node
 * is gone, or it was replaced.  Notes when the certificate expires.
 */
RW_NODISCARD int rw_join_authenticate(struct rw_controller *controller,
				      const struct rw_cert_info *certificate,
				      const struct rw_address *address, struct rw_actor *ret_actor,
				      struct rw_error *err);
