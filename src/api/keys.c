/* SPDX-License-Identifier: Apache-2.0 */

/* API keys, and who the caller is. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "controller/key.h"

static void put_time(struct rw_json_writer *json, const char *key, int64_t unix_ms)
{
	if (unix_ms) {
		rw_json_put_time(json, key, unix_ms);
	} else {
		rw_json_key(json, key);
		rw_json_write_null(json);
	}
}

static void put_key(struct rw_json_writer *json, const struct rw_key *key)
{
	rw_json_put_text(json, "id", key->id);
	rw_json_put_text(json, "name", key->name);
	rw_json_put_text(json, "role", rw_word_of(rw_words_role, (int)key->role));
	put_time(json, "created", key->created_ms);
	put_time(json, "expires", key->expires_ms);
	put_time(json, "last_use", key->last_used_ms);
}

int rw_api_list_keys(struct rw_api_call *call, struct rw_error *err)
{
	const char *last = NULL;
	struct rw_api_list list;
	struct rw_api_page page;
	size_t count = 0;
	bool more = false;
	int r = rw_api_page_get(call, &page, err);

	if (r < 0)
		return r;
	rw_api_list_begin(&list);
	for (size_t i = 0; i < rw_key_count(call->controller) && !more; i++) {
		const struct rw_key *key = rw_key_at(call->controller, i);

		if (page.after && strcmp(key->id, page.after) <= 0)
			continue;
		more = count++ == page.limit;
		if (more)
			break;
		rw_json_begin_object(&list.json);
		put_key(&list.json, key);
		rw_json_end_object(&list.json);
		last = key->id;
	}
	rw_api_list_answer(call, &list, more ? last : NULL);
	return 0;
}

struct key_request {
	char *name;
	enum rw_role role;
	int64_t expires_ms;
};

static const struct rw_json_field key_fields[] = {
	RW_JSON_FIELD("name", struct key_request, name, rw_json_decode_text, .max = RW_KEY_NAME_MAX,
		      .required = true),
	RW_JSON_FIELD("role", struct key_request, role, rw_json_decode_word, .words = rw_words_role),
	RW_JSON_FIELD("expires", struct key_request, expires_ms, rw_json_decode_time),
};

int rw_api_create_key(struct rw_api_call *call, struct rw_error *err)
{
	struct key_request request = {.role = RW_ROLE_VIEWER};
	RW_CLEANUP(rw_free) char *name = NULL;
	struct rw_json_writer json;
	const struct rw_key *key;
	char token[RW_TOKEN_SIZE];
	char id[RW_ID_SIZE];
	struct rw_buf buf;
	char *dot;
	int r;

	r = rw_json_decode(&call->body, RW_JSON_FIELDS(key_fields), &request, NULL, err);
	name = request.name;
	if (r == 0)
		r = rw_key_create(call->controller, &call->actor, name, request.role, request.expires_ms,
				  token, err);
	if (r < 0)
		return r;
	dot = strchr(token, '.');
	(void)snprintf(id, sizeof(id), "%.*s", (int)(dot - token), token);
	key = rw_key_find(call->controller, id);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	if (key)
		put_key(&json, key);
	rw_json_put_text(&json, "secret", dot + 1);
	rw_json_put_text(&json, "key", token);
	rw_json_end_object(&json);
	rw_api_answer(call, 201, &buf);
	rw_secret_wipe(token, sizeof(token));
	return 0;
}

int rw_api_revoke_key(struct rw_api_call *call, struct rw_error *err)
{
	int r = rw_key_revoke(call->controller, &call->actor, call->names[0], err);

	rw_api_end_streams(call->api);
	return r < 0 ? r : rw_api_answer_done(call, "revoke key", err);
}

int rw_api_whoami(struct rw_api_call *call, struct rw_error *err)
{
	char address[RW_ADDRESS_TEXT_SIZE] = "";
	struct rw_json_writer json;
	struct rw_buf buf;

	(void)err;
	if (call->actor.address.family)
		rw_address_format(&call->actor.address, address);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "id", call->actor.id);
	rw_json_put_text(&json, "name", call->actor.name);
	rw_json_put_text(&json, "role", rw_word_of(rw_words_role, (int)call->actor.role));
	rw_json_put_text(&json, "address", address);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}
