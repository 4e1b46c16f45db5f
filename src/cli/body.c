/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "wire/model_file.h"

void rw_cli_put_list(const struct rw_cli *cli, struct rw_json_writer *json, const char *option,
		     const char *key)
{
	unsigned int cursor = 0;
	const char *value;

	if (!rw_cli_given(cli, option))
		return;
	rw_json_key(json, key);
	rw_json_begin_array(json);
	while (rw_cli_next_value(cli, option, &cursor, &value))
		if (value[0])
			rw_json_write_text(json, value);
	rw_json_end_array(json);
}

void rw_cli_put_value(const struct rw_cli *cli, struct rw_json_writer *json, const char *option,
		      const char *key)
{
	const char *value = rw_cli_value(cli, option);

	if (value)
		rw_json_put_text(json, key, value);
}

int rw_cli_put_pairs(const struct rw_cli *cli, struct rw_json_writer *json, const char *option,
		     const char *key, const char *form)
{
	unsigned int cursor = 0;
	const char *pair;

	if (!rw_cli_given(cli, option))
		return 0;
	rw_json_key(json, key);
	rw_json_begin_object(json);
	while (rw_cli_next_value(cli, option, &cursor, &pair)) {
		const char *equals = strchr(pair, '=');
		RW_CLEANUP(rw_free) char *name = equals ? strndup(pair, (size_t)(equals - pair)) : NULL;

		if (!pair[0])
			continue;
		if (!name || !name[0])
			return rw_cli_usage_error(cli, "--%s is %s, not '%s'", option, form, pair);
		rw_json_put_text(json, name, equals + 1);
	}
	rw_json_end_object(json);
	return 0;
}

int rw_cli_put_tags(const struct rw_cli *cli, struct rw_json_writer *json)
{
	return rw_cli_put_pairs(cli, json, "tag", "tags", "KEY=VALUE");
}

void rw_cli_put_filter(const struct rw_cli *cli, struct rw_buf *path, const char *option)
{
	const char *value = rw_cli_value(cli, option);

	if (!value)
		return;
	(void)rw_buf_append_format(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', option);
	rw_cli_append_encoded(path, value);
}

const char *rw_cli_text(const struct rw_json *object, const char *key)
{
	struct rw_json member;
	const char *text;

	if (!rw_json_find(object, key, &member) || rw_json_text(&member, 65536, &text, NULL) < 0)
		return "";
	return text;
}

int rw_cli_read_model(const char *path, struct rw_model **ret_model, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	int r;

	rw_buf_init(&text, RW_JSON_MODEL_MAX);
	r = rw_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &text, err);
	if (r < 0)
		return r;
	r = rw_model_file_decode(text.data, text.size, ret_model, err);
	return r < 0 ? rw_error_wrap(err, "%s", path) : 0;
}

int rw_cli_put_time(const struct rw_cli *cli, struct rw_buf *path, const char *option)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	const char *text = rw_cli_value(cli, option);
	char stamp[RW_TIMESTAMP_SIZE];
	size_t digits = text ? strspn(text, "0123456789") : 0;
	int64_t number = 0;

	if (!text)
		return 0;
	if (digits == 0 || digits > 6 || digits + 1 != strlen(text)) {
		rw_cli_put_filter(cli, path, option);
		return 0;
	}
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (text[i] - '0');
	for (size_t i = 0; i < RW_ARRAY_COUNT(units); i++) {
		if (units[i].unit != text[digits])
			continue;
		rw_timestamp_format(rw_clock_realtime_ms(rw_clock_system()) - number * units[i].ms, stamp);
		(void)rw_buf_append_format(path, "%c%s=%s", strchr(path->data, '?') ? '&' : '?', option,
					   stamp);
		return 0;
	}
	return rw_cli_usage_error(cli, "--%s is 30m, 24h, 7d or a time as 2026-11-24T02:28:29Z, not '%s'",
				  option, text);
}
