/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Findings as JSON: the answers of GET /v1/audit and GET /v1/audit/summary and of 'ringwall audit -o json'
 * (docs/audit.md), and the file of suppressions.
 */

#include "audit/audit.h"
#include "base/buf.h"
#include "wire/reader.h"
#include "wire/writer.h"

/* Appends {"subjects":N,"findings":[...],"unknown":[...],"suppressed":N} in one line. */
RW_NODISCARD int rw_findings_encode(struct rw_buf *buf, const struct rw_audit *audit, struct rw_error *err);

/*
 * Appends what was found at each subject in numbers, in one line: {"items":[{"subject":{...},"findings":{"critical":N,
 * "high":N,"medium":N,"low":N,"info":N},"suppressed":N,"unknown":N,"to_internet":[...]}]}.  Suppressed findings are
 * counted apart.  Of a whole audit only, not of rw_audit_added.
 */
RW_NODISCARD int rw_summary_encode(struct rw_buf *buf, const struct rw_audit *audit, struct rw_error *err);

/* Writes "key": [{"protocol","ports","service"?,"ipv4","ipv6"}], of a vector of struct rw_audit_open. */
void rw_opens_put(struct rw_json_writer *json, const char *key, const struct rw_vec *opens);

/* Writes "key": a packet that shows something, on an interface ("" = not known): {"interface"?, "protocol",
 * "direction"?, "remote", "remote_port"?, "local"?, "local_port"?}. */
void rw_witness_put(struct rw_json_writer *json, const char *key, const struct rw_packet *packet,
		    const char *interface);

#define RW_SUPPRESSIONS_MAX 10000

/*
 * Reads an array of {"check","subject","reason","expires"?} into 'suppressions' (a vector of struct
 * rw_suppression, initialised by the caller).  A check that the registry does not know, an empty reason and
 * members of other names are refused.  -EINVAL with path; -E2BIG; -ENOMEM.
 */
RW_NODISCARD int rw_suppressions_decode(const struct rw_json *array, struct rw_vec *suppressions,
					struct rw_error *err);
