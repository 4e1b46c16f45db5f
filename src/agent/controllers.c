/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/controllers.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "http/url.h"

#define FILE_VERSION 1
#define DEFAULT_PORT 8443

static_assert(RW_AGENT_SERVER_SIZE == RW_REPORT_URL_SIZE, "what can be told can be kept");

/* ---- URLs ---- */

/* Whether a port stands behind the host's name or bracketed address. */
static bool has_port(const char *host, size_t length)
{
	while (length-- > 0) {
		if (host[length] == ':')
			return true;
		if (host[length] == ']')
			return false;
	}
	return false;
}

int rw_controllers_parse_url(const char *text, char ret_url[RW_AGENT_SERVER_SIZE], struct rw_error *err)
{
	char url[RW_AGENT_SERVER_SIZE];
	const char *host = text;
	struct rw_http_url parsed;
	size_t length;
	int written;

	if (strncmp(text, "http://", 7) == 0)
		return rw_error_set(err, -EINVAL, "an agent talks to its controller by https only");
	if (strncmp(text, "https://", 8) == 0)
		host = text + 8;
	length = strcspn(host, "/?#");
	if (length == 0 || strspn(host + length, "/") != strlen(host + length))
		return rw_error_set(err, -EINVAL, "not the address of a controller: %.200s", text);
	if (has_port(host, length))
		written = snprintf(url, sizeof(url), "https://%.*s", (int)length, host);
	else
		written = snprintf(url, sizeof(url), "https://%.*s:%d", (int)length, host, DEFAULT_PORT);
	if (written < 0 || written >= (int)sizeof(url))
		return rw_error_set(err, -EINVAL, "too long for the address of a controller");
	if (rw_http_url_parse(url, &parsed, NULL) < 0)
		return rw_error_set(err, -EINVAL, "not the address of a controller: %.200s", text);
	(void)strcpy(ret_url, url);
	return 0;
}

/* ---- the list ---- */

/* Its index, or the list's length when it is not there. */
static size_t find(const struct rw_controllers *controllers, const char *url)
{
	size_t i = 0;

	while (i < controllers->count && strcmp(controllers->entries[i].url, url) != 0)
		i++;
	return i;
}

static struct rw_controllers_entry *find_or_add(struct rw_controllers *controllers, const char *url)
{
	size_t at = find(controllers, url);

	if (at < controllers->count)
		return &controllers->entries[at];
	if (at == RW_CONTROLLERS_MAX)
		return NULL;
	(void)snprintf(controllers->entries[at].url, RW_AGENT_SERVER_SIZE, "%s", url);
	controllers->count++;
	return &controllers->entries[at];
}

/* Adds one of a kind of which there may be 'most'. */
static int add(struct rw_controllers *controllers, const char *url, bool joined, size_t most,
	       struct rw_error *err)
{
	struct rw_controllers_entry *entry;
	size_t count = 0;

	for (size_t i = 0; i < controllers->count; i++) {
		entry = &controllers->entries[i];
		count += (joined ? entry->joined : entry->told) && strcmp(entry->url, url) != 0;
	}
	entry = count < most ? find_or_add(controllers, url) : NULL;
	if (!entry)
		return rw_error_set(err, -E2BIG, "more than %zu controllers", most);
	if (joined)
		entry->joined = true;
	else
		entry->told = true;
	return 0;
}

int rw_controllers_add_joined(struct rw_controllers *controllers, const char *url, struct rw_error *err)
{
	return add(controllers, url, true, RW_CONTROLLERS_JOINED_MAX, err);
}

/* Takes what is known of a controller into a new list, once. */
static void take_over(struct rw_controllers *to, const struct rw_controllers *from, const char *url,
		      bool told)
{
	size_t at = find(from, url);
	struct rw_controllers_entry *entry;

	if (find(to, url) < to->count)
		return;
	entry = find_or_add(to, url);
	assert(entry); /* both kinds have room of their own */
	if (at < from->count)
		*entry = from->entries[at];
	entry->told = told;
}

static bool same_list(const struct rw_controllers *a, const struct rw_controllers *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->entries[i].url, b->entries[i].url) != 0 ||
		    a->entries[i].told != b->entries[i].told)
			return false;
	return true;
}

bool rw_controllers_tell(struct rw_controllers *controllers, const char (*urls)[RW_REPORT_URL_SIZE],
			 size_t count, struct rw_error *unfit)
{
	struct rw_controllers new = *controllers;
	char url[RW_AGENT_SERVER_SIZE];

	memset(new.entries, 0, sizeof(new.entries));
	new.count = 0;
	for (size_t i = 0; i < count && i < RW_REPORT_CONTROLLERS; i++)
		if (rw_controllers_parse_url(urls[i], url, unfit->code ? NULL : unfit) == 0)
			take_over(&new, controllers, url, true);
	if (new.count == 0)
		return false;
	for (size_t i = 0; i < controllers->count; i++)
		if (controllers->entries[i].joined)
			take_over(&new, controllers, controllers->entries[i].url, false);
	if (same_list(&new, controllers))
		return false;
	new.changed = true;
	*controllers = new;
	return true;
}

/* ---- which to try ---- */

/* The next behind 'at' that has not failed. */
static size_t find_untried(const struct rw_controllers *controllers, size_t at)
{
	for (size_t i = 1; i <= controllers->count; i++) {
		size_t next = (at + i) % controllers->count;

		if (!controllers->entries[next].failed)
			return next;
	}
	return 0;
}

const char *rw_controllers_next(struct rw_controllers *controllers, bool *ret_moved)
{
	size_t at = find(controllers, controllers->current[0] ? controllers->current : controllers->last);

	assert(controllers->count > 0);
	if (at == controllers->count) /* nothing has worked yet, or it is one no longer */
		at = 0;
	else if (controllers->moves_on)
		at = find_untried(controllers, at);
	controllers->moves_on = false;
	*ret_moved = strcmp(controllers->current, controllers->entries[at].url) != 0;
	if (*ret_moved)
		(void)strcpy(controllers->current, controllers->entries[at].url);
	return controllers->current;
}

bool rw_controllers_failed(struct rw_controllers *controllers)
{
	size_t at = find(controllers, controllers->current);

	if (at < controllers->count)
		controllers->entries[at].failed = true;
	controllers->moves_on = true;
	for (size_t i = 0; i < controllers->count; i++)
		if (!controllers->entries[i].failed)
			return true;
	for (size_t i = 0; i < controllers->count; i++)
		controllers->entries[i].failed = false;
	return false;
}

void rw_controllers_worked(struct rw_controllers *controllers)
{
	for (size_t i = 0; i < controllers->count; i++) {
		controllers->entries[i].failed = false;
		controllers->entries[i].complaint = 0;
	}
	if (strcmp(controllers->last, controllers->current) == 0)
		return;
	(void)strcpy(controllers->last, controllers->current);
	controllers->changed = true;
}

bool rw_controllers_complain(struct rw_controllers *controllers, const char *reason)
{
	uint64_t complaint = rw_hash_bytes(reason, strlen(reason), 0) | 1;
	size_t at = find(controllers, controllers->current);

	if (at == controllers->count)
		return true;
	if (controllers->entries[at].complaint == complaint)
		return false;
	controllers->entries[at].complaint = complaint;
	return true;
}

/* ---- the file ---- */

int rw_controllers_encode(const struct rw_controllers *controllers, const char *node, struct rw_buf *buf,
			  struct rw_error *err)
{
	(void)rw_buf_append_format(buf, "version=%d\nnode=%s\n", FILE_VERSION, node);
	if (controllers->last[0])
		(void)rw_buf_append_format(buf, "last=%s\n", controllers->last);
	for (size_t i = 0; i < controllers->count; i++) {
		if (controllers->entries[i].joined)
			(void)rw_buf_append_format(buf, "joined=%s\n", controllers->entries[i].url);
		if (controllers->entries[i].told)
			(void)rw_buf_append_format(buf, "told=%s\n", controllers->entries[i].url);
	}
	return rw_buf_check(buf, err);
}

struct file {
	struct rw_controllers controllers;
	long version;
	char node[RW_ID_SIZE];
};

/* The list comes out as it went in, as its lines are in its order.  Lines of other keys are a later agent's. */
static int take_line(struct file *file, const char *key, const char *value, struct rw_error *err)
{
	char url[RW_AGENT_SERVER_SIZE];
	bool joined = strcmp(key, "joined") == 0, told = strcmp(key, "told") == 0;
	int r;

	if (strcmp(key, "version") == 0)
		file->version = strtol(value, NULL, 10);
	else if (strcmp(key, "node") == 0)
		(void)snprintf(file->node, sizeof(file->node), "%s", value);
	if (!joined && !told && strcmp(key, "last") != 0)
		return 0;
	r = rw_controllers_parse_url(value, url, err);
	if (r < 0)
		return r;
	if (joined)
		return rw_controllers_add_joined(&file->controllers, url, err);
	if (told)
		return add(&file->controllers, url, false, RW_REPORT_CONTROLLERS, err);
	(void)strcpy(file->controllers.last, url);
	return 0;
}

int rw_controllers_decode(char *text, const char *node, struct rw_controllers *ret_controllers,
			  struct rw_error *err)
{
	struct file file = {.version = 0};
	char *line;
	int r = 0;

	/* A later version's lines may be anything. */
	while (r == 0 && file.version <= FILE_VERSION && (line = strsep(&text, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		r = take_line(&file, line, value, err);
	}
	if (r < 0)
		return r;
	if (file.version > FILE_VERSION)
		return rw_error_set(err, -EPROTONOSUPPORT, "version %ld is newer than this agent's %d",
				    file.version, FILE_VERSION);
	if (file.version != FILE_VERSION)
		return rw_error_set(err, -EINVAL, "not a list of controllers");
	if (strcmp(file.node, node) != 0)
		return RW_AGENT_FILE_ABSENT;
	*ret_controllers = file.controllers;
	return 0;
}

int rw_controllers_load(const struct rw_agent_place *place, const struct rw_agent_identity *identity,
			struct rw_controllers *ret_controllers, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	memset(ret_controllers, 0, sizeof(*ret_controllers));
	rw_agent_state_path(place, RW_CONTROLLERS_FILE, path);
	rw_buf_init(&buf, RW_CONTROLLERS_FILE_MAX);
	r = rw_file_read(path, &buf, err);
	if (r == 0) {
		r = rw_controllers_decode(buf.data, identity->node, ret_controllers, err);
		if (r < 0)
			(void)rw_error_wrap(err, "%s", path);
	}
	if (r == -ENOENT) {
		if (err)
			*err = RW_ERROR_NONE;
		r = 0;
	}
	if (rw_controllers_add_joined(ret_controllers, identity->server, NULL) < 0) {
		/* Its identity does not name one of those that it has joined by. */
		memset(ret_controllers, 0, sizeof(*ret_controllers));
		return rw_controllers_add_joined(ret_controllers, identity->server, err);
	}
	return r < 0 ? r : 0;
}

int rw_controllers_save(const struct rw_agent_place *place, const char *node,
			const struct rw_controllers *controllers, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_buf_init(&buf, RW_CONTROLLERS_FILE_MAX);
	r = rw_controllers_encode(controllers, node, &buf, err);
	if (r < 0)
		return r;
	rw_agent_state_path(place, RW_CONTROLLERS_FILE, path);
	return rw_file_write(path, buf.data, buf.size, 0600, err);
}
