/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include <string.h>

#include "wire/text.h"

const char *rw_api_parameter(const struct rw_api_call *call, const char *name)
{
	return rw_http_request_parameter(call->request, name);
}

int rw_api_flag(const struct rw_api_call *call, const char *name, bool *ret_flag, struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	if (!text)
		return 0;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return rw_error_field(err, name, "it is true or false, not '%.40s'", text);
	*ret_flag = text[0] == 't';
	return 0;
}

int rw_api_number(const struct rw_api_call *call, const char *name, uint64_t min, uint64_t max,
		  uint64_t *ret_number, struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);
	uint64_t number;

	if (!text)
		return 0;
	if (!rw_revision_parse(text, &number) || number < min || number > max)
		return rw_error_field(err, name, "'%.40s' is not a number from %llu to %llu", text,
				      (unsigned long long)min, (unsigned long long)max);
	*ret_number = number;
	return 0;
}

int rw_api_model_limit(int result, struct rw_error *err)
{
	if (result != -ENOSPC)
		return result;
	if (err)
		err->code = -EDQUOT;
	return -EDQUOT;
}

int rw_api_time(const struct rw_api_call *call, const char *name, int64_t *ret_ms, struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	if (!text || rw_timestamp_parse(text, ret_ms))
		return 0;
	(void)rw_error_field(err, name, "'%.40s' is no time", text);
	return rw_error_hint(err, "Write it as 2026-11-24T02:28:29Z.");
}

int rw_api_duration(const char *field, const char *text, uint64_t *ret_ms, struct rw_error *err)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"", 1000}};
	size_t digits = strspn(text, "0123456789");
	uint64_t number = 0;

	for (size_t i = 0; digits <= 9 && i < digits; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; digits && digits <= 9 && i < RW_ARRAY_COUNT(units); i++) {
		if (strcmp(text + digits, units[i].unit) != 0 || number * units[i].ms > RW_API_WAIT_MAX_MS)
			continue;
		*ret_ms = number * units[i].ms;
		return 0;
	}
	(void)rw_error_field(err, field, "'%.40s' is not a time up to %u minutes", text,
			     RW_API_WAIT_MAX_MS / 60000);
	return rw_error_hint(err, "Write 500ms, 30s or 2m.");
}

int rw_api_wait_get(const struct rw_api_call *call, struct rw_api_wait *ret_wait, struct rw_error *err)
{
	struct rw_api_wait wait = {.timeout_ms = RW_API_WAIT_DEFAULT_MS};
	const char *text = rw_api_parameter(call, "wait");
	int r = rw_api_flag(call, "wait_all", &wait.all, err);

	if (r == 0 && text && text[0])
		r = rw_api_duration("wait", text, &wait.timeout_ms, err);
	if (r < 0)
		return r;
	wait.wanted = (text || wait.all) && wait.timeout_ms;
	*ret_wait = wait;
	return 0;
}

int rw_api_established_get(const struct rw_api_call *call, enum rw_established *ret_established,
			   struct rw_error *err)
{
	const char *text = rw_api_parameter(call, "established");
	int word = text ? rw_word_find(rw_words_established, text) : RW_ESTABLISHED_CUT;

	if (word < 0)
		return rw_error_field(err, "established", "it is cut, keep or cut-kept, not '%.40s'", text);
	*ret_established = (enum rw_established)word;
	return 0;
}

int rw_api_page_get(const struct rw_api_call *call, struct rw_api_page *ret_page, struct rw_error *err)
{
	uint64_t limit = RW_API_PAGE_DEFAULT;
	int r = rw_api_number(call, "limit", 1, RW_API_PAGE_MAX, &limit, err);

	if (r < 0)
		return r;
	ret_page->limit = (size_t)limit;
	ret_page->after = rw_api_parameter(call, "after");
	return 0;
}

int rw_api_if_match(const struct rw_api_call *call, uint64_t *ret_revision, struct rw_error *err)
{
	const char *text = rw_http_exchange_header(call->exchange, "If-Match");
	size_t length = text ? strlen(text) : 0;
	char number[24] = "";

	*ret_revision = 0;
	if (!text || strcmp(text, "*") == 0)
		return 0;
	if (length > 2 && length < sizeof(number) && text[0] == '"' && text[length - 1] == '"')
		memcpy(number, text + 1, length - 2);
	if (rw_revision_parse(number, ret_revision) && *ret_revision)
		return 0;
	(void)rw_error_field(err, "If-Match", "'%.40s' is no ETag of this API", text);
	return rw_error_hint(err, "Send back the ETag of the object as it was read, quotes included.");
}

/* ---- bodies ---- */

int rw_api_check_members(const struct rw_json *object, const char *const *names, struct rw_error *err)
{
	struct rw_json member;
	void *cursor = NULL;

	while (rw_json_next(object, &cursor, &member)) {
		size_t i = 0;

		while (names[i] && strcmp(names[i], member.key) != 0)
			i++;
		if (!names[i])
			return rw_json_refuse(&member, err, "unknown field");
	}
	return 0;
}

static bool is_among(const char *const *names, const char *name)
{
	for (size_t i = 0; names && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int put_member(struct rw_json_writer *json, const struct rw_json *member, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	int r;

	rw_buf_init(&text, RW_JSON_MODEL_MAX);
	r = rw_json_dump(member, &text, err);
	if (r < 0)
		return r;
	rw_json_key(json, member->key);
	rw_json_write_raw(json, text.data, text.size);
	return 0;
}

static int put_members(struct rw_json_writer *json, const struct rw_json *object,
		       const struct rw_json *unless, const char *const *skip, struct rw_error *err)
{
	struct rw_json member, other;
	void *cursor = NULL;
	int r = 0;

	while (r == 0 && rw_json_next(object, &cursor, &member))
		if (!(unless && rw_json_find(unless, member.key, &other)) && !is_among(skip, member.key) &&
		    rw_json_type(&member) != RW_JSON_NULL)
			r = put_member(json, &member, err);
	return r;
}

int rw_api_merge(const char *current, const struct rw_json *patch, const char *const *skip,
		 struct rw_json_document **ret_merged, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf merged;
	struct rw_json_writer json;
	struct rw_json root;
	int r = 0;

	rw_buf_init(&merged, RW_JSON_MODEL_MAX);
	rw_json_writer_init(&json, &merged, false);
	rw_json_begin_object(&json);
	if (current) {
		r = rw_json_parse(current, strlen(current), RW_JSON_MODEL_MAX, &document, err);
		if (r < 0)
			return r;
		root = rw_json_root(document);
		r = put_members(&json, &root, patch, NULL, err);
	}
	if (r == 0)
		r = put_members(&json, patch, NULL, skip, err);
	if (r < 0)
		return r;
	rw_json_end_object(&json);
	r = rw_buf_check(&merged, err);
	return r < 0 ? r : rw_json_parse(merged.data, merged.size, RW_JSON_MODEL_MAX, ret_merged, err);
}
