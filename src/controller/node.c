/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "controller/internal.h"

static int compare_id(const void *id, const void *element)
{
	const struct node_record *const *record = element;

	return strcmp(id, (*record)->id);
}

/* Place of 'id' among the records, or where it belongs. */
static size_t place_of(const struct nodes *nodes, const char *id)
{
	return rw_array_place(nodes->records, nodes->count, sizeof(struct node_record *), id, compare_id);
}

struct node_record *node_find(const struct rw_controller *controller, const char *id)
{
	const struct nodes *nodes = &controller->nodes;
	size_t place = place_of(nodes, id);

	return place < nodes->count && strcmp(nodes->records[place]->id, id) == 0 ? nodes->records[place]
										  : NULL;
}

static int node_ensure(struct rw_controller *controller, const char *id, struct node_record **ret_record)
{
	struct nodes *nodes = &controller->nodes;
	size_t place = place_of(nodes, id);
	struct node_record *record;

	if (place < nodes->count && strcmp(nodes->records[place]->id, id) == 0) {
		*ret_record = nodes->records[place];
		return 0;
	}
	if (nodes->count == nodes->capacity) {
		size_t capacity = nodes->capacity ? nodes->capacity * 2 : 16;
		struct node_record **grown = reallocarray(nodes->records, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		nodes->records = grown;
		nodes->capacity = capacity;
	}
	record = calloc(1, sizeof(*record));
	if (!record)
		return -ENOMEM;
	(void)strcpy(record->id, id);
	record->state = RW_NODE_OFFLINE;
	record->since_ms = rw_clock_realtime_ms(controller->clock);
	(void)memmove(nodes->records + place + 1, nodes->records + place,
		      (nodes->count - place) * sizeof(*nodes->records));
	nodes->records[place] = record;
	nodes->count++;
	*ret_record = record;
	return 0;
}

static void record_free(struct node_record *record)
{
	if (record->session)
		session_end(record->session);
	(void)rw_policy_unref(record->policy);
	free(record->reason);
	free(record->listeners);
	free(record->hits);
	series_free(record->series);
	free(record->kernel.hooks);
	free(record->refusals);
	preview_forget(record);
	free(record->machine_id);
	free(record->ssh_ports);
	free(record);
}

static void remove_at(struct nodes *nodes, size_t place)
{
	struct node_record *record = nodes->records[place];

	nodes->count--;
	(void)memmove(nodes->records + place, nodes->records + place + 1,
		      (nodes->count - place) * sizeof(*nodes->records));
	record_free(record);
}

static void node_remove(struct rw_controller *controller, const char *id)
{
	struct nodes *nodes = &controller->nodes;
	size_t place = place_of(nodes, id);

	if (place >= nodes->count || strcmp(nodes->records[place]->id, id) != 0)
		return;
	if (nodes->records[place]->session)
		session_detach(nodes->records[place]->session, "the node was deleted");
	remove_at(nodes, place);
}

void nodes_done(struct rw_controller *controller)
{
	while (controller->nodes.count)
		remove_at(&controller->nodes, controller->nodes.count - 1);
	free(controller->nodes.records);
}

static bool is_managed(const struct rw_node *node)
{
	return node && node->agent == RW_AGENT_MANAGED;
}

int nodes_sync(struct rw_controller *controller, const struct fold_outcome *outcome)
{
	struct node_record *record;

	for (size_t i = 0; i < outcome->touched.count; i++) {
		const struct rw_touched *touched = rw_vec_at(&outcome->touched, i);

		if (touched->kind != RW_KIND_NODE)
			continue;
		if (!is_managed(touched->after)) {
			if (node_find(controller, touched->id))
				flows_forget(controller, touched->id);
			node_remove(controller, touched->id);
		} else if (node_ensure(controller, touched->id, &record) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

int nodes_load(struct rw_controller *controller)
{
	const struct rw_model *model = controller->inventory.model;
	struct node_record *record;

	for (size_t i = controller->nodes.count; i > 0; i--) {
		if (!is_managed(rw_model_find_node(model, controller->nodes.records[i - 1]->id)))
			remove_at(&controller->nodes, i - 1);
	}
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (is_managed(node) && node_ensure(controller, node->id, &record) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- agents/<node> ---- */

int node_agent_text(const char *machine_id, const struct node_certificate *certificate,
		    const uint16_t *ssh_ports, size_t ssh_port_count, char **ret_text, size_t *ret_size,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, 64 * 1024);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	if (machine_id)
		rw_json_put_text(&json, "machine_id", machine_id);
	rw_json_put_text(&json, "fingerprint", certificate->fingerprint);
	if (certificate->previous[0])
		rw_json_put_text(&json, "previous", certificate->previous);
	if (certificate->authority[0])
		rw_json_put_text(&json, "authority", certificate->authority);
	if (certificate->expires_ms)
		rw_json_put_time(&json, "expires", certificate->expires_ms);
	rw_json_key(&json, "ssh_ports");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < ssh_port_count; i++)
		rw_json_write_integer(&json, ssh_ports[i]);
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	*ret_size = buf.size;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

static int read_ports(const struct rw_json *value, uint16_t **ret_ports, size_t *ret_count,
		      struct rw_error *err)
{
	size_t count = rw_json_count(value);
	RW_CLEANUP(rw_free) uint16_t *ports = NULL;

	if (count > RW_REPORT_PORTS_MAX)
		return rw_error_set(err, -EUCLEAN, "too many SSH ports");
	ports = calloc(count + 1, sizeof(*ports));
	if (!ports)
		return rw_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(value, i);
		int64_t port;
		int r = rw_json_integer(&element, 1, 65535, &port, err);

		if (r < 0)
			return r;
		ports[i] = (uint16_t)port;
	}
	*ret_ports = RW_TAKE_PTR(ports);
	*ret_count = count;
	return 0;
}

static int read_fingerprint(const struct rw_json *value, const char *name, char ret_fingerprint[65],
			    struct rw_error *err)
{
	struct rw_json member;
	const char *text;
	int r;

	if (!rw_json_find(value, name, &member))
		return 0;
	r = rw_json_text(&member, 64, &text, err);
	if (r == 0)
		(void)snprintf(ret_fingerprint, 65, "%s", text);
	return r;
}

static int read_certificate(struct node_certificate *certificate, const struct rw_json *value,
			    struct rw_error *err)
{
	static const struct rw_json_field expires =
		RW_JSON_FIELD("expires", struct node_certificate, expires_ms, rw_json_decode_time);
	struct rw_json member;
	int r = read_fingerprint(value, "fingerprint", certificate->fingerprint, err);

	if (r == 0)
		r = read_fingerprint(value, "previous", certificate->previous, err);
	if (r == 0)
		r = read_fingerprint(value, "authority", certificate->authority, err);
	if (r == 0 && rw_json_find(value, "expires", &member))
		r = rw_json_decode_time(&member, &expires, certificate, NULL, err);
	return r;
}

static int read_agent(struct node_record *record, const struct rw_json *value, struct rw_error *err)
{
	struct rw_json member;
	const char *text;
	int r;

	if (rw_json_find(value, "machine_id", &member)) {
		r = rw_json_text(&member, 255, &text, err);
		if (r < 0)
			return r;
		record->machine_id = strdup(text);
		if (!record->machine_id)
			return rw_error_oom(err);
	}
	r = read_certificate(&record->certificate, value, err);
	if (r < 0)
		return r;
	if (!rw_json_find(value, "ssh_ports", &member))
		return 0;
	return read_ports(&member, &record->ssh_ports, &record->ssh_port_count, err);
}

int node_fold_agent(struct rw_controller *controller, const char *id, const struct rw_json *value,
		    struct rw_error *err)
{
	struct node_record *record = node_find(controller, id);
	struct node_certificate old;
	int r;

	if (!value && !record)
		return 0;
	if (!record && node_ensure(controller, id, &record) < 0)
		return rw_error_oom(err);
	free(RW_TAKE_PTR(record->machine_id));
	free(RW_TAKE_PTR(record->ssh_ports));
	record->ssh_port_count = 0;
	old = record->certificate;
	record->certificate = (struct node_certificate){0};
	r = value ? read_agent(record, value, err) : 0;
	/* A certificate that no longer counts has no stream either; what goes with its node is let go first. */
	if (record->session && !value)
		session_detach(record->session, "the node was deleted");
	else if (record->session && strcmp(old.fingerprint, record->certificate.fingerprint) != 0 &&
		 strcmp(old.fingerprint, record->certificate.previous) != 0)
		session_end(record->session);
	return r;
}

/* ---- policies ---- */

int node_derive_around(const struct surroundings *around, const struct rw_model *model, const char *id,
		       const uint16_t *ssh_ports, size_t ssh_port_count, struct rw_policy_cache *cache,
		       struct rw_policy **ret_policy, struct rw_error *err)
{
	const struct rw_node *node = rw_model_find_node(model, id);
	struct rw_policy_surroundings surroundings = {
		.controllers = around->endpoints,
		.controller_count = around->endpoint_count,
		.ssh_ports = ssh_ports,
		.ssh_port_count = ssh_port_count,
	};
	uint16_t ports[RW_POLICY_CONTROLLERS_MAX];

	if (!node)
		return rw_error_set(err, -ENOENT, "there is no node %s", id);
	surroundings.hosted_port_count = surroundings_hosted_ports(around, node, ports);
	/* Controllers and their store need each other. */
	if (surroundings.hosted_port_count) {
		surroundings.hosted_ports = ports;
		surroundings.controllers = around->all;
		surroundings.controller_count = around->all_count;
	}
	return rw_policy_derive(model, id, &surroundings, cache, ret_policy, err);
}

int node_derive_as(struct rw_controller *controller, const struct rw_model *model, const char *id,
		   const uint16_t *ssh_ports, size_t ssh_port_count, struct rw_policy_cache *cache,
		   struct rw_policy **ret_policy, struct rw_error *err)
{
	return node_derive_around(&controller->around, model, id, ssh_ports, ssh_port_count, cache,
				  ret_policy, err);
}

int node_derive(struct rw_controller *controller, const struct rw_model *model,
		const struct node_record *record, struct rw_policy **ret_policy, struct rw_error *err)
{
	return node_derive_as(controller, model, record->id, record->ssh_ports, record->ssh_port_count,
			      controller->cache, ret_policy, err);
}

int rw_controller_derive(struct rw_controller *controller, const struct rw_model *model, const char *node,
			 struct rw_policy **ret_policy, struct rw_error *err)
{
	const struct node_record *record = node_find(controller, node);

	if (!record)
		return node_derive_as(controller, model, node, NULL, 0, NULL, ret_policy, err);
	/* The cache is of the folded model. */
	if (model == rw_controller_model(controller))
		return node_derive(controller, model, record, ret_policy, err);
	return node_derive_as(controller, model, node, record->ssh_ports, record->ssh_port_count, NULL,
			      ret_policy, err);
}
