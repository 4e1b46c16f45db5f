/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

/* Names that one call may look up; what is beyond is shown by its id. */
#define LOOKUPS_MAX 200

const char *rw_cli_colour_of(const char *word)
{
	static const char *const good[] = {"accept", "connected", "applied", "active", "yes", "added"};
	static const char *const bad[] = {"drop", "offline", "failed", "degraded", "revoked", "refused"};
	static const char *const odd[] = {"lagging", "monitored", "detached", "pending", "monitor"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(good); i++)
		if (strcmp(word, good[i]) == 0)
			return "32";
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		if (strcmp(word, bad[i]) == 0)
			return "31";
	for (size_t i = 0; i < RW_ARRAY_COUNT(odd); i++)
		if (strcmp(word, odd[i]) == 0)
			return "33";
	return NULL;
}

/* The collection that ids of this form are kept in. */
static const char *collection_of(const char *id)
{
	static const struct {
		const char *prefix;
		const char *collection;
	} kinds[] = {
		{"vpc-", "networks"},
		{"n-", "nodes"},
		{"sg-", "security-groups"},
		{"pl-", "prefix-lists"},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++)
		if (strncmp(id, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].collection;
	return id[0] == 'c' && strlen(id) == 33 ? "clusters" : NULL;
}

static char *look_up(struct rw_cli *cli, const char *id)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf name = {0};
	const struct rw_column column = {"", "name", RW_COLUMN_GROUP, NULL};

	rw_cli_path(&path, collection_of(id), id, NULL);
	rw_buf_init(&name, 4096);
	if (rw_cli_look_up(cli, path.data, &answer) == 0)
		rw_cli_append_cell(cli, &name, &answer.root, &column);
	if (!name.size)
		(void)rw_buf_append_text(&name, id);
	return rw_buf_take_text(&name);
}

static const char *name_of(struct rw_cli *cli, const char *id)
{
	char *name = rw_map_find(&cli->names, id);

	if (name)
		return name;
	if (!cli->client || cli->names.count >= LOOKUPS_MAX || !collection_of(id))
		return id;
	name = look_up(cli, id);
	if (!name || rw_map_set(&cli->names, id, name) < 0) {
		free(name);
		return id;
	}
	return name;
}

static void append_text(struct rw_buf *buf, const struct rw_json *value)
{
	const char *text;

	if (rw_json_prose(value, 65536, &text, NULL) == 0)
		(void)rw_buf_append_text(buf, text);
}

/* What stands for an object in a list of them: its name, else its id. */
static void append_title(struct rw_buf *buf, const struct rw_json *object)
{
	const char *name = rw_cli_text(object, "name");

	(void)rw_buf_append_text(buf, name[0] ? name : rw_cli_text(object, "id"));
}

/* "443/443" as 443, "8000/8100" as 8000-8100, "-1/-1" as "-". */
static void append_ports(struct rw_buf *buf, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : 0;

	if (!slash)
		(void)rw_buf_append_text(buf, text);
	else if (text[0] == '-')
		(void)rw_buf_append_text(buf, "-");
	else if (strlen(slash + 1) == length && strncmp(text, slash + 1, length) == 0)
		(void)rw_buf_append(buf, text, length);
	else
		(void)rw_buf_append_format(buf, "%.*s-%s", (int)length, text, slash + 1);
}

/* "2026-11-24T03:51:02.203Z" without the fraction. */
static void append_time(struct rw_buf *buf, const char *text)
{
	const char *dot = strchr(text, '.');

	if (dot)
		(void)rw_buf_append_format(buf, "%.*sZ", (int)(dot - text), text);
	else
		(void)rw_buf_append_text(buf, text);
}

static void append_listener(struct rw_buf *buf, const struct rw_json *listener)
{
	static const struct rw_column port = {"", "port", RW_COLUMN_TEXT, NULL};
	static const struct rw_column backend = {"", "backend_port", RW_COLUMN_TEXT, NULL};

	(void)rw_buf_append_format(buf, "%s ", rw_cli_text(listener, "protocol"));
	rw_cli_append_cell(NULL, buf, listener, &port);
	(void)rw_buf_append_text(buf, " -> ");
	rw_cli_append_cell(NULL, buf, listener, &backend);
}

/* A service that is open: "tcp 22", "icmp", "everything". */
static void append_open(struct rw_buf *buf, const struct rw_json *open)
{
	const char *protocol = rw_cli_text(open, "protocol");
	const char *ports = rw_cli_text(open, "ports");

	(void)rw_buf_append_text(buf, strcmp(protocol, "all") == 0 ? "everything" : protocol);
	if (strcmp(ports, "-1/-1") != 0) {
		(void)rw_buf_append_text(buf, " ");
		append_ports(buf, ports);
	}
}

/* "6.5 s" from 6500; from 0 nothing. */
static void append_duration(struct rw_buf *buf, int64_t ms)
{
	if (ms >= 100000)
		(void)rw_buf_append_format(buf, "%lld s", (long long)(ms / 1000));
	else if (ms > 0)
		(void)rw_buf_append_format(buf, "%lld.%lld s", (long long)(ms / 1000),
					   (long long)(ms % 1000 / 100));
}

/* Members that are 0 are left out; large counters are text. */
static void append_counts(struct rw_buf *buf, const struct rw_json *object)
{
	struct rw_json member;
	void *cursor = NULL;
	const char *text;
	int64_t number;

	while (rw_json_next(object, &cursor, &member)) {
		const char *between = buf->size ? ", " : "";

		if (rw_json_type(&member) == RW_JSON_TEXT && rw_json_text(&member, 32, &text, NULL) == 0 &&
		    strcmp(text, "0") != 0)
			(void)rw_buf_append_format(buf, "%s%s %s", between, member.key, text);
		else if (rw_json_type(&member) == RW_JSON_INTEGER &&
			 rw_json_integer(&member, 1, INT64_MAX, &number, NULL) == 0)
			(void)rw_buf_append_format(buf, "%s%s %lld", between, member.key, (long long)number);
	}
}

static void append_value(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *value,
			 enum rw_column_kind kind);

static void append_elements(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *array,
			    enum rw_column_kind kind)
{
	for (size_t i = 0; i < rw_json_count(array); i++) {
		struct rw_json element = rw_json_at(array, i);

		if (i)
			(void)rw_buf_append_text(buf, ", ");
		append_value(cli, buf, &element, kind);
	}
}

static void append_value(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *value,
			 enum rw_column_kind kind)
{
	const char *text = "";
	int64_t integer;
	bool flag;

	switch (rw_json_type(value)) {
	case RW_JSON_TEXT:
		if (kind != RW_COLUMN_PORTS && kind != RW_COLUMN_TIME && kind != RW_COLUMN_REFERENCE)
			append_text(buf, value);
		else if (rw_json_text(value, 4096, &text, NULL) < 0)
			break;
		else if (kind == RW_COLUMN_REFERENCE)
			(void)rw_buf_append_text(buf, name_of(cli, text));
		else if (kind == RW_COLUMN_PORTS)
			append_ports(buf, text);
		else
			append_time(buf, text);
		break;
	case RW_JSON_INTEGER:
		if (rw_json_integer(value, INT64_MIN, INT64_MAX, &integer, NULL) < 0)
			break;
		if (kind == RW_COLUMN_DURATION)
			append_duration(buf, integer);
		else if (kind == RW_COLUMN_SHARE)
			(void)rw_buf_append_format(buf, "%lld.%04lld %%", (long long)(integer / 10000),
						   (long long)(integer % 10000));
		else
			(void)rw_buf_append_format(buf, "%lld", (long long)integer);
		break;
	case RW_JSON_BOOL:
		if (rw_json_bool(value, &flag, NULL) == 0)
			(void)rw_buf_append_text(buf, flag ? "yes" : "no");
		break;
	case RW_JSON_ARRAY:
		append_elements(cli, buf, value, kind);
		break;
	case RW_JSON_OBJECT:
		if (kind == RW_COLUMN_LISTENER)
			append_listener(buf, value);
		else if (kind == RW_COLUMN_OPEN)
			append_open(buf, value);
		else if (kind == RW_COLUMN_COUNTS)
			append_counts(buf, value);
		else
			append_title(buf, value);
		break;
	case RW_JSON_REAL:
	case RW_JSON_NULL:
		break;
	}
}

/* Appends what 'path' leads to: "a", "a.b", "a.*". */
static void append_path(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *object,
			const char *path, enum rw_column_kind kind)
{
	const char *dot = strchr(path, '.');
	struct rw_json member;
	struct rw_json first;
	char key[64];
	void *cursor = NULL;

	(void)snprintf(key, sizeof(key), "%.*s", dot ? (int)(dot - path) : (int)strlen(path), path);
	if (!rw_json_find(object, key, &member))
		return;
	if (!dot) {
		append_value(cli, buf, &member, kind);
	} else if (rw_json_type(&member) == RW_JSON_ARRAY) {
		for (size_t i = 0; i < rw_json_count(&member); i++) {
			struct rw_json element = rw_json_at(&member, i);

			if (i)
				(void)rw_buf_append_text(buf, ", ");
			append_path(cli, buf, &element, dot + 1, kind);
		}
	} else if (strcmp(dot + 1, "*") != 0) {
		append_path(cli, buf, &member, dot + 1, kind);
	} else if (rw_json_next(&member, &cursor, &first)) {
		append_value(cli, buf, &first, kind);
	}
}

/* "from 10.0.0.0/8", "to group:web": the remote side of a rule, as rules are written. */
static void append_peer(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *rule)
{
	bool ingress = strcmp(rw_cli_text(rule, "direction"), "ingress") == 0;
	struct rw_json object;
	const char *group;
	const char *list;
	const char *name;

	(void)rw_buf_append_text(buf, ingress ? "from " : "to ");
	if (!rw_json_find(rule, "object", &object))
		return;
	group = rw_cli_text(&object, "group");
	list = rw_cli_text(&object, "prefix_list");
	if (group[0]) {
		name = name_of(cli, group);
		/* A rule names a managed group by its cluster. */
		(void)rw_buf_append_format(buf, "group:%s",
					   name + (strncmp(name, "cluster ", 8) == 0 ? 8 : 0));
	} else if (list[0]) {
		(void)rw_buf_append_format(buf, "prefix-list:%s", name_of(cli, list));
	} else {
		(void)rw_buf_append_text(buf, rw_cli_text(&object, "cidr"));
	}
}

void rw_cli_append_cell(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *object,
			const struct rw_column *column)
{
	const char *cluster = column->kind == RW_COLUMN_GROUP ? rw_cli_text(object, "managed_by") : "";

	if (cluster[0])
		(void)rw_buf_append_format(buf, "cluster %s", name_of(cli, cluster));
	else if (column->kind == RW_COLUMN_PEER)
		append_peer(cli, buf, object);
	else
		append_path(cli, buf, object, column->path, column->kind);
}
