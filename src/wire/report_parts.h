/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts that reports and the documents of joining have in common.  Internal to wire/. */

#include "wire/report.h"
#include "wire/writer.h"

/* An array of structs, each read by a table. */
struct rw_wire_list {
	const struct rw_json_field *fields;
	size_t field_count;
	size_t element_size;
};

/* Reads one into a slot with its count beside.  The count follows what is read, so that what was read can be
 * freed after a failure. */
RW_NODISCARD int rw_wire_decode_list(const struct rw_json *value, const struct rw_json_field *field,
				     void *object, const struct rw_wire_list *list, struct rw_error *err);

/* "connections" of a report, in a slot 'struct rw_report_connection *'. */
rw_json_decoder rw_wire_decode_connections;
void rw_wire_put_connections(struct rw_json_writer *json, const struct rw_report *report);

/* "kernel" of a report, in a slot 'struct rw_report_kernel'. */
rw_json_decoder rw_wire_decode_kernel;

/* "flows" of a report, in a slot 'struct rw_report_flow *' with its count beside. */
rw_json_decoder rw_wire_decode_flows;
void rw_wire_put_flows(struct rw_json_writer *json, const struct rw_report *report);

/* "judgements" of a report, in a slot 'struct rw_report_judgement *' with its count beside. */
rw_json_decoder rw_wire_decode_judgements;
void rw_wire_put_judgements(struct rw_json_writer *json, const struct rw_report *report);

/* An array of interfaces in a slot 'struct rw_report_interface *' with its count beside. */
rw_json_decoder rw_wire_decode_interfaces;
void rw_wire_put_interfaces(struct rw_json_writer *json, const struct rw_report_interface *interfaces,
			    size_t count);
void rw_wire_interfaces_free(struct rw_report_interface *interfaces, size_t count);

/* An array of ports in a slot 'uint16_t *' with its count beside. */
rw_json_decoder rw_wire_decode_ports;
void rw_wire_put_ports(struct rw_json_writer *json, const char *key, const uint16_t *ports, size_t count);

/* 32 hex digits in a slot 'struct rw_policy_digest'. */
rw_json_decoder rw_wire_decode_digest;

/* {"incarnation":...,"revision":...} */
rw_json_decoder rw_wire_decode_position;
void rw_wire_put_position(struct rw_json_writer *json, const char *key, const struct rw_position *position);
