/* SPDX-License-Identifier: Apache-2.0 */

/* How things are: status and health. */

#include "api/internal.h"

#include "controller/authority.h"

/* Whom the next step of replacing the authority waits for. */
static void put_replacement(struct rw_json_writer *json, const struct rw_controller *controller)
{
	struct rw_authority_status status;

	if (rw_authority_status(controller, &status, NULL) < 0 || status.stage == RW_AUTHORITY_SETTLED)
		return;
	rw_json_key(json, "replacement");
	rw_json_begin_object(json);
	rw_json_put_text(json, "stage", rw_word_of(rw_words_authority_stage, (int)status.stage));
	rw_json_put_integer(json, "nodes_not_trusting", (int64_t)status.nodes_not_trusting);
	rw_json_put_integer(json, "nodes_to_renew", (int64_t)status.nodes_to_renew);
	rw_json_end_object(json);
}

/* Those of the controller itself; the agents' stand with their nodes. */
static void put_certificates(struct rw_json_writer *json, const struct rw_api *api)
{
	struct rw_certificates certificates;

	rw_controller_certificates(api->controller, &certificates);
	rw_json_key(json, "certificates");
	rw_json_begin_object(json);
	rw_json_put_time(json, "authority", certificates.authority_expires_ms);
	if (api->server_expires_ms)
		rw_json_put_time(json, "server", api->server_expires_ms);
	put_replacement(json, api->controller);
	rw_json_end_object(json);
}

/* Where there are several. */
static void put_controllers(struct rw_json_writer *json, const struct rw_api *api)
{
	struct rw_api_controller controllers[RW_API_CONTROLLERS_MAX];
	size_t count = api->controllers ? api->controllers(api->controllers_userdata, controllers,
							   RW_ARRAY_COUNT(controllers))
					: 0;

	if (!count)
		return;
	rw_json_key(json, "controllers");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		rw_json_begin_object(json);
		rw_json_put_text(json, "name", controllers[i].name);
		rw_json_put_text(json, "url", controllers[i].url);
		rw_json_put_bool(json, "active", controllers[i].active);
		rw_json_put_time(json, "seen", controllers[i].seen_ms);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

size_t rw_api_urls(const struct rw_api *api, const char *const **ret_urls)
{
	size_t count = rw_controller_urls(api->controller, ret_urls);

	if (count)
		return count;
	*ret_urls = (const char *const *)&api->server_url;
	return 1;
}

void rw_api_put_urls(struct rw_json_writer *json, const struct rw_api *api)
{
	const char *const *urls;
	size_t count = rw_api_urls(api, &urls);

	rw_json_key(json, "controllers");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_text(json, urls[i]);
	rw_json_end_array(json);
}

int rw_api_get_status(struct rw_api_call *call, struct rw_error *err)
{
	size_t counts[RW_NODE_STATE_COUNT_];
	struct rw_json_writer json;
	struct rw_buf buf;

	(void)err;
	rw_node_status_counts(call->controller, counts);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "version", RW_VERSION);
	rw_json_put_text(&json, "incarnation", rw_controller_incarnation(call->controller));
	rw_json_put_revision(&json, "revision", rw_controller_revision(call->controller));
	rw_json_key(&json, "nodes");
	rw_json_begin_object(&json);
	for (int i = 0; i < RW_NODE_STATE_COUNT_; i++)
		rw_json_put_integer(&json, rw_word_of(rw_words_node_state, i), (int64_t)counts[i]);
	rw_json_end_object(&json);
	put_certificates(&json, call->api);
	put_controllers(&json, call->api);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < rw_node_status_count(call->controller); i++) {
		struct rw_node_status status;

		rw_node_status_at(call->controller, i, &status);
		rw_json_begin_object(&json);
		rw_json_put_text(&json, "id", status.id);
		rw_json_put_text(&json, "name", status.name);
		rw_api_put_status(&json, &status);
		rw_json_put_bool(&json, "persistent", status.persistent);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}

int rw_api_get_health(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	rw_api_answer_text(call, 200, "text/plain; charset=utf-8", "ok\n");
	return 0;
}

int rw_api_get_ready(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	if (rw_controller_ready(call->controller, NULL) < 0)
		rw_api_answer_text(call, 503, "text/plain; charset=utf-8", "changes cannot be written\n");
	else
		rw_api_answer_text(call, 200, "text/plain; charset=utf-8", "ready\n");
	return 0;
}

int rw_api_get_root(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	rw_api_answer_text(call, 200, "text/plain; charset=utf-8",
			   "This is ringwall " RW_VERSION
			   ".  The console is not built in; the command line is\n"
			   "'ringwall', the API is at /v1 (docs/api.md).\n");
	return 0;
}
