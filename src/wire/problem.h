/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors on the wire: application/problem+json (RFC 9457)
 * =======================================================
 *
 *     {"type":"urn:ringwall:problem:invalid","title":"Invalid input","status":400,
 *      "detail":"prefix length is longer than 32","field":"rules[3].object.cidr",
 *      "hint":"Did you mean 10.0.0.0/32?"}
 *
 * 'type' is stable and made for programs; 'detail', 'field' and 'hint' are struct rw_error's text, field and
 * hint.  The API encodes, the command line and the agent decode, and errno survives the trip as far as
 * the table of types goes.
 */

#include "base/buf.h"
#include "wire/writer.h"

/* The media type of a problem. */
#define RW_PROBLEM_TYPE "application/problem+json"

/*
 * HTTP status for the code of 'err':
 *
 *     400 EINVAL EPROTONOSUPPORT    409 EEXIST EBUSY ECANCELED EDQUOT    500 EIO and anything else
 *     401 ENOKEY                    412 ESTALE                           503 ENOMEM ENOSPC EROFS EREMOTE EHOSTDOWN ESHUTDOWN
 *     403 EACCES EPERM              413 E2BIG                            504 ETIMEDOUT
 *     404 ENOENT                    429 EAGAIN
 *     405 ENOSYS
 *
 * ESHUTDOWN, "store-lost": another controller may have the store now, and what was asked for may turn out to be durable.
 * EHOSTDOWN, "store-unavailable": the store does not answer and nothing was changed.
 * EREMOTE, "standby": this controller stands by; the hint names the active one.  Ask that, or another one, at once.
 */
int rw_problem_status(const struct rw_error *err);

/* Appends the whole document.  'status' 0 = rw_problem_status(err). */
RW_NODISCARD int rw_problem_encode(struct rw_buf *buf, int status, const struct rw_error *err);

/* Writes the members only, into an object that the caller has begun and adds members of its own to. */
void rw_problem_write(struct rw_json_writer *json, int status, const struct rw_error *err);

/*
 * Reads a problem of 'size' bytes answered with 'status' into 'ret_error' (text, field, hint, and code by its
 * type, else by status).  Cannot fail: what is no problem document becomes an error that says so and quotes
 * its beginning.  Unknown members are ignored, as RFC 9457 demands.
 */
void rw_problem_decode(const char *text, size_t size, int status, struct rw_error *ret_error);
