/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "fixture.h"

#include <string.h>

static void make_key(struct api_fixture *fx, enum rw_role role)
{
	static const char *const names[] = {"reader", "worker", "boss"};
	char token[RW_TOKEN_SIZE];

	assert_int_equal(rw_key_create(fx->fx.controller, &fx->fx.alice, names[role], role, 0, token, NULL),
			 0);
	(void)snprintf(fx->keys[role], sizeof(fx->keys[role]), "Bearer %s", token);
}

static void handle(struct rw_http_exchange *exchange, void *userdata)
{
	const struct api_fixture *fx = userdata;

	rw_api_handle(exchange, fx->api);
}

static void open_api(struct api_fixture *fx)
{
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rw_api_new(&(struct rw_api_options){.controller = fx->fx.controller,
							     .loop = fx->loop,
							     .clock = &fx->fx.clock.clock,
							     .random = rw_random_system(),
							     .console = &site,
							     .server_url = "https://controller:8443"},
				    &fx->api, &err),
			 0);
	rw_api_set_server(fx->api, fx->server);
}

void api_fixture_restart(struct api_fixture *fx)
{
	fx->api = rw_api_free(fx->api);
	fixture_restart(&fx->fx);
	open_api(fx);
}

void api_fixture_init(struct api_fixture *fx)
{
	struct rw_error err = RW_ERROR_NONE;

	memset(fx, 0, sizeof(*fx));
	fixture_init(&fx->fx);
	for (enum rw_role role = RW_ROLE_VIEWER; role <= RW_ROLE_ADMIN; role++)
		make_key(fx, role);
	assert_int_equal(rw_loop_new(&fx->loop, &err), 0);
	assert_int_equal(
		rw_http_server_new(
			&(struct rw_http_server_options){.loop = fx->loop,
							 .clock = rw_clock_system(),
							 .address = "127.0.0.1",
							 .plain = true,
							 .limits = {.own_streams = FIXTURE_OWN_STREAMS},
							 .handler = handle,
							 .userdata = fx},
			&fx->server, &err),
		0);
	open_api(fx);
	assert_int_equal(rw_http_client_new(&(struct rw_http_client_options){.loop = fx->loop,
									     .clock = rw_clock_system()},
					    &fx->client, &err),
			 0);
}

void api_fixture_done(struct api_fixture *fx)
{
	(void)rw_http_client_free(fx->client);
	(void)rw_http_server_free(fx->server);
	(void)rw_api_free(fx->api);
	(void)rw_loop_free(fx->loop);
	fixture_done(&fx->fx);
}

void fixture_send(struct api_fixture *fx, const struct request *request, struct answer *ret_answer)
{
	struct rw_http_header headers[8];
	struct rw_http_call_options options = {.method = request->method, .headers = headers};
	struct rw_error err = RW_ERROR_NONE;
	char url[512];

	memset(ret_answer, 0, sizeof(*ret_answer));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", rw_http_server_port(fx->server),
		       request->target);
	options.url = url;
	if (request->key)
		headers[options.header_count++] = (struct rw_http_header){"Authorization", request->key};
	if (request->header)
		headers[options.header_count++] = (struct rw_http_header){request->header, request->value};
	assert_true(options.header_count + request->header_count <= RW_ARRAY_COUNT(headers));
	for (size_t i = 0; i < request->header_count; i++)
		headers[options.header_count++] = request->headers[i];
	if (request->body) {
		options.body = request->body;
		options.body_size = strlen(request->body);
		options.content_type = "application/json";
	}
	if (rw_http_client_wait(fx->client, &options, &ret_answer->result, &err) < 0)
		fail_msg("%s %s: %s", request->method, request->target, err.text);
	ret_answer->status = ret_answer->result.status;
	if (ret_answer->result.body_size && ret_answer->result.body[0] == '{') {
		assert_int_equal(rw_json_parse(ret_answer->result.body, ret_answer->result.body_size,
					       RW_JSON_MODEL_MAX, &ret_answer->document, &err),
				 0);
		ret_answer->root = rw_json_root(ret_answer->document);
	}
}

void fixture_ask(struct api_fixture *fx, const char *method, const char *target, const char *body,
		 struct answer *ret_answer)
{
	struct request request = {
		.method = method, .target = target, .body = body, .key = fx->keys[RW_ROLE_ADMIN]};

	fixture_send(fx, &request, ret_answer);
}

void answer_done(struct answer *answer)
{
	answer->document = rw_json_document_free(answer->document);
	rw_http_result_done(&answer->result);
}

static const char *text_of(const struct rw_json *object, const char *key)
{
	struct rw_json member;
	const char *text;

	return rw_json_find(object, key, &member) && rw_json_prose(&member, 1 << 20, &text, NULL) == 0 ? text
												       : "";
}

const char *answer_text(const struct answer *answer, const char *key)
{
	return answer->document ? text_of(&answer->root, key) : "";
}

size_t answer_count(const struct answer *answer, const char *list)
{
	struct rw_json member;

	return answer->document && rw_json_find(&answer->root, list, &member) ? rw_json_count(&member) : 0;
}

const char *answer_element(const struct answer *answer, const char *list, size_t index, const char *inner)
{
	struct rw_json member, element;

	if (index >= answer_count(answer, list) || !rw_json_find(&answer->root, list, &member))
		return "";
	element = rw_json_at(&member, index);
	return text_of(&element, inner);
}

const char *answer_header(const struct answer *answer, const char *name)
{
	static char value[256];
	const char *at = answer->result.headers;
	size_t length = strlen(name);

	while (at && *at) {
		size_t line = strcspn(at, "\n");

		if (strncasecmp(at, name, length) == 0 && at[length] == ':') {
			(void)snprintf(value, sizeof(value), "%.*s", (int)(line - length - 2),
				       at + length + 2);
			return value;
		}
		at += line + (at[line] == '\n');
	}
	return "";
}

void fixture_expect(struct api_fixture *fx, const char *method, const char *target, const char *body,
		    unsigned int status)
{
	struct answer answer;

	fixture_ask(fx, method, target, body, &answer);
	if (answer.status != status)
		fail_msg("%s %s: status %u, not %u: %s", method, target, answer.status, status,
			 answer.result.body ? answer.result.body : "");
	answer_done(&answer);
}
