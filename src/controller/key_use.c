/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "controller/internal.h"

/*
 * When keys were last used is kept beside the store, in STATE/key-uses: it changes with every request, and is no
 * change that anybody must agree on.  It is written at most once a minute and at the end; a crash loses a minute.
 *
 *     ringwall-key-uses 1
 *     k-0123456789abcdef 1790000000000     id and Unix milliseconds
 */

#define HEAD        "ringwall-key-uses "
#define VERSION     1
#define INTERVAL_NS UINT64_C(60000000000)
#define BYTES_MAX   (1u << 20)

static bool make_path(const struct rw_controller *controller, char **ret_path)
{
	if (!controller->folder || asprintf(ret_path, "%s/key-uses", controller->folder->path) < 0)
		*ret_path = NULL;
	return *ret_path != NULL;
}

static void take_line(struct rw_controller *controller, const char *line)
{
	char id[RW_ID_SIZE];
	long long time_ms;

	static_assert(RW_ID_SIZE > 32, "room for what the format reads");
	if (sscanf(line, "%32[-0-9a-zA-Z] %18lld", id, &time_ms) == 2 && time_ms > 0)
		key_note_use(controller, id, time_ms);
}

void key_uses_load(struct rw_controller *controller)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char *rest;
	long version;

	rw_buf_init(&buf, BYTES_MAX);
	if (!make_path(controller, &path) || rw_file_read(path, &buf, NULL) < 0)
		return;
	version = strncmp(buf.data, HEAD, strlen(HEAD)) == 0 ? strtol(buf.data + strlen(HEAD), &rest, 10) : 0;
	if (version != VERSION || *rest != '\n') {
		/* Of a newer ringwalld, which goes on with it one day. */
		if (version > VERSION)
			controller->key_uses_kept = true;
		rw_log_warning("last uses of keys are not read  path=%s reason=\"version %ld, this ringwalld "
			       "reads %d\"",
			       path, version, VERSION);
		return;
	}
	for (char *line = rest + 1; *line;) {
		size_t length = strcspn(line, "\n");
		bool more = line[length] == '\n';

		line[length] = '\0';
		take_line(controller, line);
		line += length + more;
	}
}

void key_uses_save(struct rw_controller *controller)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_buf_init(&buf, BYTES_MAX);
	if (!controller->key_used || controller->key_uses_kept || !make_path(controller, &path))
		return;
	(void)rw_buf_append_format(&buf, HEAD "%d\n", VERSION);
	for (size_t i = 0; i < rw_key_count(controller); i++) {
		const struct rw_key *key = rw_key_at(controller, i);

		if (key->last_used_ms)
			(void)rw_buf_append_format(&buf, "%s %lld\n", key->id, (long long)key->last_used_ms);
	}
	r = rw_buf_check(&buf, &err);
	if (r == 0)
		r = rw_file_write(path, buf.data, buf.size, 0600, &err);
	if (r < 0)
		rw_log_warning("last uses of keys are not saved  reason=\"%s\"", err.text);
	controller->key_used = false;
}

void key_uses_tick(struct rw_controller *controller)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);

	if (!controller->key_used || now_ns - controller->key_uses_ns < INTERVAL_NS)
		return;
	controller->key_uses_ns = now_ns;
	key_uses_save(controller);
}
