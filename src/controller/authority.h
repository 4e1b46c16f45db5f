/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificates of the controller's own
 * ====================================
 *
 * The server certificate is renewed by itself at two thirds of its life, from a tick.
 *
 * The authority is replaced by an operator, in the three steps of state_folder.h.  Agents learn of each step
 * from the answer to a report (wire/report.h), fetch authorities and a new certificate by a renewal (join.h) and
 * say in the next report which authorities they trust; so this counts who is still missing:
 *
 *     introduce   everybody learns to trust the new one; it issues nothing
 *     switch      it issues.  Refused while a node does not trust it: such a node would refuse this server.
 *     retire      the old one is trusted no more.  Refused while a node's certificate is still of the old one.
 *
 * 'force' goes on all the same; nodes left behind must join again.  Every step is a record of the change log, and
 * with several controllers it is written for the others (shared_authority.h) in the same transaction.
 */

#include "controller/controller.h"
#include "controller/state_folder.h"

struct rw_authority_status {
	enum rw_authority_stage stage;
	struct rw_cert_info issuing;
	struct rw_cert_info other;  /* introduced, or the old one; fingerprint "" = none */
	int64_t server_not_after_s; /* of the server's certificate; 0 = none is known */
	size_t nodes;               /* that have a certificate */
	size_t nodes_not_trusting;  /* ... and have not said that they trust both */
	size_t nodes_to_renew;      /* ... whose certificate is not of the issuing one */
};
extern const struct rw_word rw_words_authority_stage[];

/* O(managed nodes). */
RW_NODISCARD int rw_authority_status(const struct rw_controller *controller,
				     struct rw_authority_status *ret_status, struct rw_error *err);

/* The authorities to trust, PEM, the issuing one first; and their fingerprints.  Lent until the next step. */
const char *rw_authority_trust(const struct rw_controller *controller);
size_t rw_authority_fingerprints(const struct rw_controller *controller,
				 const rw_cert_fingerprint **ret_fingerprints);

/*
 * The steps.  -EALREADY: not at the step before; -EBUSY: nodes would be left behind (the text counts them);
 * -ENOSYS without a state folder; the store's state when nothing can be logged; failures of files.
 */
RW_NODISCARD int rw_authority_introduce(struct rw_controller *controller, const struct rw_actor *actor,
					struct rw_error *err);
RW_NODISCARD int rw_authority_switch(struct rw_controller *controller, const struct rw_actor *actor,
				     bool force, struct rw_error *err);
RW_NODISCARD int rw_authority_retire(struct rw_controller *controller, const struct rw_actor *actor,
				     bool force, struct rw_error *err);
