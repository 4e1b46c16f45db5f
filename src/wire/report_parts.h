/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts that reports and the documents of joining have in common.  Internal to wire/. */

#include "wire/report.h"
#include "wire/writer.h"

/* An array of interfaces in a slot 'struct rw_report_interface *' with its count beside. */
rw_json_decoder rw_wire_decode_interfaces;
void rw_wire_put_interfaces(struct rw_json_writer *json, const struct rw_report_interface *interfaces,
			    size_t count);
void rw_wire_interfaces_free(struct rw_report_interface *interfaces, size_t count);

/* {"incarnation":...,"revision":...} */
rw_json_decoder rw_wire_decode_position;
void rw_wire_put_position(struct rw_json_writer *json, const char *key, const struct rw_position *position);
