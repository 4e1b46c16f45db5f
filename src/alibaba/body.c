/* SPDX-License-Identifier: Apache-2.0 */

/* Bodies in JSON.  Members that mean nothing here are not looked at, as the documentation says. */

#include "alibaba/internal.h"

#include <string.h>

#define TEXT_MAX 4096 /* characters */

static int refuse(struct call *call, const struct rw_error *err)
{
	return err->code == -ENOMEM ? call_out_of_memory(call)
				    : rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", err);
}

int call_read_body(struct call *call)
{
	const struct rw_http_request *request = call->request;
	bool is_empty = request->body_size == 0;
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_json_parse(is_empty ? "{}" : request->body, is_empty ? 2 : request->body_size,
			      RW_ALIBABA_BODY_BYTES, &call->document, &err);

	if (r < 0) {
		(void)rw_error_wrap(&err, "the body");
		return refuse(call, &err);
	}
	call->body = rw_json_root(call->document);
	if (rw_json_type(&call->body) == RW_JSON_ARRAY)
		return 0;
	return rw_json_expect_object(&call->body, &err) < 0 ? refuse(call, &err) : 0;
}

static bool find(const struct call *call, const char *key, struct rw_json *ret_member)
{
	return rw_json_find(&call->body, key, ret_member) && rw_json_type(ret_member) != RW_JSON_NULL;
}

int body_text(struct call *call, const char *key, const char **ret_text)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json member;

	*ret_text = NULL;
	if (!find(call, key, &member))
		return 0;
	if (rw_json_text(&member, TEXT_MAX, ret_text, &err) < 0)
		return refuse(call, &err);
	if (!(*ret_text)[0])
		*ret_text = NULL;
	return 0;
}

int body_flag(struct call *call, const char *key, bool *ret_flag)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json member;

	*ret_flag = false;
	if (!find(call, key, &member))
		return 0;
	return rw_json_bool(&member, ret_flag, &err) < 0 ? refuse(call, &err) : 0;
}

int body_array(struct call *call, const char *key, size_t most, struct rw_json *ret_array, size_t *ret_count)
{
	struct rw_error err = RW_ERROR_NONE;

	*ret_count = 0;
	if (!find(call, key, ret_array))
		return 0;
	if (rw_json_expect_array(ret_array, most, &err) < 0)
		return refuse(call, &err);
	*ret_count = rw_json_count(ret_array);
	return 0;
}

int body_element(struct call *call, const struct rw_json *array, size_t index, const char **ret_text)
{
	struct rw_json element = rw_json_at(array, index);
	struct rw_error err = RW_ERROR_NONE;

	return rw_json_text(&element, TEXT_MAX, ret_text, &err) < 0 ? refuse(call, &err) : 0;
}
