/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What others have seen
 * =====================
 *
 * Evidence (audit/evidence.h) from what people have at hand: 'ss -tulpn' of a node, and flow logs.
 *
 * Flow logs, one record a line, told by the first line:
 *     AWS              "2 123456789010 eni-1235b8ca 203.0.113.9 10.0.0.5 40000 22 6 20 4249 1418530010 1418530070
 *                      ACCEPT OK" (the default format), or a header line that names the fields
 *     Alibaba Cloud    JSON objects as the log service exports them, or a header line that names the fields
 *     ringwall         what 'ringwall flows -o json' prints: one object with "items", or with --follow an object a line
 *
 * A record is a flow of the node whose interface has one of its addresses.  Logs of clouds hold both directions of
 * a flow as records of their own and do not say who opened it: the end with the port below 32768 is taken for the
 * server when the other's is not below; else the record counts as it stands.
 */

#include "audit/evidence.h"
#include "convert/convert.h"

/*
 * Adds the listeners of a node.  Sockets bound to loopback are left away: nobody outside reaches them.  -EINVAL
 * with line and hint; -E2BIG beyond RW_EVIDENCE_LISTENERS_MAX; -ENOMEM.
 */
RW_NODISCARD int rw_convert_listening(const struct rw_convert_input *input, const char *node,
				      struct rw_evidence *evidence, struct rw_error *err);

/*
 * Adds the flows of a log to the nodes of 'model', alike ones together.  Marks the flows of all nodes of the model
 * as known.  '*ret_strangers' counts records about no node.  -EINVAL with line and hint; -E2BIG; -ENOMEM.
 */
RW_NODISCARD int rw_convert_flow_log(const struct rw_convert_input *input, const struct rw_model *model,
				     struct rw_evidence *evidence, size_t *ret_strangers,
				     struct rw_error *err);
