/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A refused packet as a line
 * ==========================
 *
 * Three forms: what the running agent sends to 'ringwall-agent capture' over its control socket, one JSON object a
 * line, from which the whole event comes back; a line for people, as tcpdump writes; and the JSON of reports.
 */

#include "base/buf.h"
#include "enforce/enforcer.h"
#include "wire/report.h"

#define RW_DROP_LINE_MAX 2048 /* bytes of a sent line, with its end */

/* What a sent line says. */
struct rw_drop_line {
	struct rw_enforcer_drop drop;
	uint64_t lost; /* not 0: no packet, but so many lines before this one that the reader did not take */
};

/* Appends the line of a packet, or of 'lost' lines. */
void rw_drop_line_write(const struct rw_enforcer_drop *drop, struct rw_buf *buf);
void rw_drop_line_write_lost(uint64_t lost, struct rw_buf *buf);

/* Reads a line (without its end).  -EINVAL for what is none, as of an agent of another version. */
RW_NODISCARD int rw_drop_line_read(const char *line, size_t size, struct rw_drop_line *ret_line,
				   struct rw_error *err);

/* The rule, or the cause: "sgr-1", "default", "system:spoofed"; "rule" for one of an older policy.  Lent. */
const char *rw_drop_cause(const struct rw_enforcer_drop *drop);

/* Appends "10.0.0.1:22", "[2001:db8::1]:22", or the address alone where 'with_port' is false. */
void rw_drop_append_end(const struct rw_address *address, uint16_t port, bool with_port, struct rw_buf *buf);

/* Appends "refused by default" or "would be refused by sgr-1". */
void rw_drop_append_verdict(const struct rw_enforcer_drop *drop, struct rw_buf *buf);

/*
 * Appends, without the time and without an end of line:
 * "eth0 in tcp 10.0.0.9:40001 > 10.0.0.1:22 [S] length 74: refused by default".
 */
void rw_drop_append_text(const struct rw_enforcer_drop *drop, struct rw_buf *buf);

/* The same as an entry of a report, at that Unix time. */
struct rw_report_drop rw_drop_to_report(const struct rw_enforcer_drop *drop, int64_t time_ms);
