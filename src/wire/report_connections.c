/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/object.h"
#include "wire/report_parts.h"

static const struct rw_json_field connection_fields[] = {
	RW_JSON_FIELD("interface", struct rw_report_connection, interface, rw_json_decode_chars, .min = 1,
		      .required = true),
	RW_JSON_FIELD("direction", struct rw_report_connection, direction, rw_json_decode_word,
		      .words = rw_words_direction, .required = true),
	RW_JSON_FIELD("local", struct rw_report_connection, local, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("local_port", struct rw_report_connection, local_port, rw_json_decode_integer, .min = 1,
		      .max = 65535, .required = true),
	RW_JSON_FIELD("remote", struct rw_report_connection, remote, rw_json_decode_address,
		      .required = true),
	RW_JSON_FIELD("remote_port", struct rw_report_connection, remote_port, rw_json_decode_integer,
		      .min = 1, .max = 65535, .required = true),
	RW_JSON_FIELD("ssh", struct rw_report_connection, ssh, rw_json_decode_bool),
};

int rw_wire_decode_connections(const struct rw_json *value, const struct rw_json_field *field, void *object,
			       const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(connection_fields),
						 sizeof(struct rw_report_connection)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

void rw_report_put_connection(struct rw_json_writer *json, const struct rw_report_connection *connection)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_put_text(json, "interface", connection->interface);
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)connection->direction));
	rw_address_format(&connection->local, text);
	rw_json_put_text(json, "local", text);
	rw_json_put_integer(json, "local_port", connection->local_port);
	rw_address_format(&connection->remote, text);
	rw_json_put_text(json, "remote", text);
	rw_json_put_integer(json, "remote_port", connection->remote_port);
	rw_json_put_bool(json, "ssh", connection->ssh);
}

void rw_wire_put_connections(struct rw_json_writer *json, const struct rw_report *report)
{
	rw_json_key(json, "connections");
	rw_json_begin_array(json);
	for (size_t i = 0; i < report->connection_count; i++) {
		rw_json_begin_object(json);
		rw_report_put_connection(json, &report->connections[i]);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	if (report->connections_cut)
		rw_json_put_revision(json, "connections_cut", report->connections_cut);
}
