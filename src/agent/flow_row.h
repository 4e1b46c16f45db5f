/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One flow of the flow table as people and programs read it
 * =========================================================
 *
 * As a line of text, for narrow terminals as two lines, or as one JSON object:
 *
 *     {"protocol":"tcp","class":"established","opened":"ingress","local":"10.0.0.1","local_port":22,
 *      "remote":"10.0.0.9","remote_port":40001,"expires_in_s":431999,
 *      "in":{"interface":"eth0","cause":"sgr-1"}}
 *
 * "in" is the decision of the interface where the opener's packets enter the node, "out" that where they leave;
 * a flow that the node forwards has both, and its local end is the one that did not open it.  The entry does
 * not hold when it began, only when it will be forgotten if nothing more is seen.
 */

#include "agent/explain.h"
#include "base/buf.h"
#include "enforce/bpf/bpf.h"
#include "wire/writer.h"

/*
 * Who let a flow in or, of a tombstone, what refuses it: a rule id or a cause as everywhere, else
 * "older-policy" (nothing of it was seen since the policy changed), "kept" or "unknown" (no policy to ask).
 * 'generation' is that of the policy in force.  Lent.
 */
const char *rw_flow_cause(const struct rw_explainer *explainer, uint32_t generation,
			  const struct rw_enforce_bpf_flow *flow, enum rw_direction direction);

#define RW_FLOW_ROW_WIDTH 113 /* columns that a line takes, most often; two lines take 80 */

void rw_flow_row_append_title(struct rw_buf *buf, bool narrow);
void rw_flow_row_append(struct rw_buf *buf, const struct rw_explainer *explainer, uint32_t generation,
			const struct rw_enforce_bpf_flow *flow, bool narrow);
void rw_flow_row_write_json(struct rw_json_writer *json, const struct rw_explainer *explainer,
			    uint32_t generation, const struct rw_enforce_bpf_flow *flow);
