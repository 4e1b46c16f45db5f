/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors
 * ======
 *
 * Functions that can fail return int: 0 is success, a negative errno is a failure that is forwarded, a
 * positive value is an outcome documented at the function (RW_STORE_CONFLICT, ...) that its direct
 * caller handles and never forwards.
 *
 * What a person must read travels in 'struct rw_error *err', always the last parameter and always
 * allowed to be NULL.  It is filled once, where the cause is known, and wrapped outwards:
 *
 *     cluster "demo": rule 3: object.cidr: 10.0.0.0/33: prefix length is longer than 32
 *
 * It lives on the caller's stack and allocates nothing; text that does not fit is cut, never lost as a
 * whole.  A function that succeeds leaves it alone.
 */

#include "base/cleanup.h"

struct rw_error {
	int code;        /* the negative errno of the failure; 0 = no error */
	char field[128]; /* JSON path of the offending input ("rules[3].object.cidr"), or "" */
	char hint[256];  /* what to do about it, a full sentence, or "" */
	char text[512];  /* what went wrong */
};

#define RW_ERROR_NONE ((struct rw_error){0})

/*
 * Fills 'err' (text by printf format) and returns 'code', so that callers write 'return rw_error_set(...)'.
 */
int rw_error_set(struct rw_error *err, int code, const char *format, ...) RW_PRINTF(3, 4);

/* Like rw_error_set for bad input: -EINVAL at 'field' (copied, cut to fit). */
int rw_error_field(struct rw_error *err, const char *field, const char *format, ...) RW_PRINTF(3, 4);

/* Puts "prefix: " before the text.  Returns err->code (-EINVAL when err is NULL). */
int rw_error_wrap(struct rw_error *err, const char *format, ...) RW_PRINTF(2, 3);

/* Puts 'prefix' before the field path: "rules[3]" + "ports" = "rules[3].ports".  Returns err->code. */
int rw_error_field_prefix(struct rw_error *err, const char *format, ...) RW_PRINTF(2, 3);

/* Sets the hint.  Returns err->code. */
int rw_error_hint(struct rw_error *err, const char *format, ...) RW_PRINTF(2, 3);

/* The usual out-of-memory error; returns -ENOMEM. */
int rw_error_oom(struct rw_error *err);
