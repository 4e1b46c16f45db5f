/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of analysis share (inside src/wire). */

#include "analyze/box.h"
#include "group/model.h"
#include "wire/writer.h"

/* Members of the open object: "remotes", "except"?, "protocol", "ports", "locals"?, "source_ports"?.  -ENOMEM. */
RW_NODISCARD int rw_analysis_put_box(struct rw_json_writer *json, const struct rw_box *box);

/* "protocol" and "ports" of protocols first..last. */
void rw_analysis_put_service(struct rw_json_writer *json, uint16_t protocol_first, uint16_t protocol_last,
			     const struct rw_ports *ports, size_t port_count);

/* "key": {"protocol", "remote", "remote_port"?, "local", "local_port"?}. */
void rw_analysis_put_packet(struct rw_json_writer *json, const char *key, const struct rw_packet *packet);

/* "nodes": [names]. */
void rw_analysis_put_nodes(struct rw_json_writer *json, const struct rw_node *const *nodes, size_t count);

/* "group": id and "group_name". */
void rw_analysis_put_group(struct rw_json_writer *json, const struct rw_model *model, const char *group);

/* "text": the rule as people write it, with names. */
void rw_analysis_put_rule_text(struct rw_json_writer *json, const struct rw_model *model,
			       const struct rw_rule *rule);
