/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an agent keeps of its controllers, and what it is told of them.  Whatever stands there, what is taken are URLs by
 * https, is bounded, and comes out of the file as it went in.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "agent/controllers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct rw_controllers *controllers)
{
	char url[RW_AGENT_SERVER_SIZE];

	assert(controllers->count <= RW_CONTROLLERS_MAX);
	for (size_t i = 0; i < controllers->count; i++) {
		const struct rw_controllers_entry *entry = &controllers->entries[i];

		assert(entry->joined || entry->told);
		assert(rw_controllers_parse_url(entry->url, url, NULL) == 0 && strcmp(url, entry->url) == 0);
		for (size_t k = 0; k < i; k++)
			assert(strcmp(controllers->entries[k].url, entry->url) != 0);
	}
}

static void read_file(const char *text)
{
	static struct rw_controllers read, again;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_buf_done) struct rw_buf second;
	static char copy[RW_CONTROLLERS_FILE_MAX + 1];

	rw_buf_init(&buf, RW_CONTROLLERS_FILE_MAX);
	rw_buf_init(&second, RW_CONTROLLERS_FILE_MAX);
	(void)strcpy(copy, text);
	memset(&read, 0, sizeof(read));
	if (rw_controllers_decode(copy, "n-1", &read, NULL) != 0)
		return;
	check(&read);
	assert(rw_controllers_encode(&read, "n-1", &buf, NULL) == 0);
	memset(&again, 0, sizeof(again));
	(void)strcpy(copy, buf.data);
	assert(rw_controllers_decode(copy, "n-1", &again, NULL) == 0);
	assert(again.count == read.count);
	assert(rw_controllers_encode(&again, "n-1", &second, NULL) == 0);
	assert(strcmp(buf.data, second.data) == 0);
}

/* Each line is one that is told. */
static void hear(char *text)
{
	static char told[RW_REPORT_CONTROLLERS][RW_REPORT_URL_SIZE];
	static struct rw_controllers controllers;
	struct rw_error unfit = RW_ERROR_NONE;
	size_t count = 0;
	char *line;

	while (count < RW_REPORT_CONTROLLERS && (line = strsep(&text, "\n")))
		if (strlen(line) < RW_REPORT_URL_SIZE)
			(void)strcpy(told[count++], line);
	memset(&controllers, 0, sizeof(controllers));
	assert(rw_controllers_add_joined(&controllers, "https://10.0.0.2:8443", NULL) == 0);
	(void)rw_controllers_tell(&controllers, (const char(*)[RW_REPORT_URL_SIZE])told, count, &unfit);
	check(&controllers);
	for (size_t i = 0, tries = controllers.count; i < tries; i++) {
		bool moved;

		assert(rw_controllers_next(&controllers, &moved)[0] && moved);
		assert(rw_controllers_failed(&controllers) == (i + 1 < tries));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char text[4096];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	read_file(text);
	hear(text);
	return 0;
}
