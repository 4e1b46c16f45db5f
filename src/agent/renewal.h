/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The node's certificate and the authorities it trusts
 * ====================================================
 *
 * A certificate is renewed when two thirds of its life are over, and when the controller's authorities are
 * others than those trusted here, or in another order (the first one issues).  Both files are replaced whole,
 * the authorities first: whatever a crash leaves, certificate and key fit together and the controller knows
 * both the old and the new certificate (controller/join.h).  The key stays the same.
 *
 * No clock and no socket: time comes with every call, uplink.h asks the controller.
 */

#include "agent/state.h"
#include "base/buf.h"
#include "crypto/cert.h"
#include "wire/report.h"

/* All that must renew at once (a new authority) come within this time. */
#define RW_RENEWAL_SPREAD_MS 10000u
/* Between tries that fail. */
#define RW_RENEWAL_RETRY_MS 600000u

struct rw_renewal {
	struct rw_cert_info certificate; /* fingerprint "" = none could be read */
	rw_cert_fingerprint authorities[RW_CERT_BUNDLE_MAX];
	size_t authority_count;
	struct rw_report_answer answer; /* the controller's last; 'authority_count' 0 = it named none */
	uint64_t next_try_ms;           /* loop time; 0 = not planned yet */
};

/* Reads certificate and authorities; what the controller said stays.  Failures of files, -EINVAL. */
RW_NODISCARD int rw_renewal_load(struct rw_renewal *renewal, const struct rw_agent_place *place,
				 struct rw_error *err);

/* Whether a new certificate should be asked for at 'now_s' (Unix seconds). */
bool rw_renewal_is_due(const struct rw_renewal *renewal, int64_t now_s);

/* Whether it counts no more at 'now_s'. */
bool rw_renewal_is_expired(const struct rw_renewal *renewal, int64_t now_s);

/* Plans the try of something due, and says whether its time has come; 'random' spreads the first one. */
bool rw_renewal_may_try(struct rw_renewal *renewal, uint64_t now_ms, const struct rw_random *random);

/* A try begins, or failed: no other one before RW_RENEWAL_RETRY_MS. */
void rw_renewal_delay(struct rw_renewal *renewal, uint64_t now_ms);

/* The body of the request, for the key in the state folder. */
RW_NODISCARD int rw_renewal_encode_request(const struct rw_renewal *renewal,
					   const struct rw_agent_place *place, struct rw_buf *buf,
					   struct rw_error *err);

/*
 * Judges the answer, writes certificate and authorities and loads them.  -EKEYREJECTED, -EKEYEXPIRED, -EINVAL
 * for a certificate that is not for this node and key; failures of files.
 */
RW_NODISCARD int rw_renewal_take(struct rw_renewal *renewal, const struct rw_agent_place *place,
				 const char *text, size_t size, int64_t now_s, struct rw_error *err);
