/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why a request of this API is refused: status, code and message, as its clients know them. */

#include "base/error.h"

struct rw_alibaba_fault {
	unsigned int status;
	const char *code; /* static text; NULL = none yet */
	char message[1024];
};

/* Fills 'fault' unless it is filled, and returns -EINVAL. */
int rw_alibaba_refuse(struct rw_alibaba_fault *fault, unsigned int status, const char *code,
		      const char *format, ...) RW_PRINTF(4, 5);

/* The same for 'err', whose field, text and hint make the message. */
int rw_alibaba_refuse_error(struct rw_alibaba_fault *fault, unsigned int status, const char *code,
			    const struct rw_error *err);
