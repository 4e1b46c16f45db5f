/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside claim.c and claim_roa.c only: what the ways of signing share.  Each fills 'fault' when it returns negative. */

#include "alibaba/claim.h"

/* Refuses a value that is absent or "". */
int claim_need(const char *value, const char *name, struct rw_alibaba_fault *fault);
int claim_read_nonce(const char *text, struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault);
/* Base64 of the signature. */
int claim_read_digest(const char *text, struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault);
int claim_out_of_memory(struct rw_alibaba_fault *fault);
/* Whether the texts to be signed were made whole. */
int claim_check_texts(const struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault);

/* 'credential' is what stands behind "acs " in the header Authorization. */
int claim_read_roa(const struct rw_alibaba_request *request, const char *credential,
		   struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault);
