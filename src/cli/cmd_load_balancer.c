/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"NAME", "name", RW_COLUMN_LONG, NULL, 1},
	{"CLUSTER", "cluster", RW_COLUMN_REFERENCE, NULL},
	{"CLIENT IP", "client_ip", RW_COLUMN_TEXT, NULL},
	{"LISTENERS", "listeners", RW_COLUMN_LISTENER, NULL},
	{"SOURCES", "sources.*", RW_COLUMN_REFERENCE, NULL},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},
	{"name", "name", RW_COLUMN_TEXT, NULL},
	{"cluster", "cluster", RW_COLUMN_REFERENCE, NULL},
	{"client IP", "client_ip", RW_COLUMN_TEXT, NULL},
	{"listeners", "listeners", RW_COLUMN_LISTENER, NULL},
	{"sources", "sources.*", RW_COLUMN_REFERENCE, NULL},
};

/* "443" of "443:8443"; false when it is no number up to the colon or end. */
static bool read_port(const char *text, const char *end, int64_t *ret_port)
{
	char *stop;

	*ret_port = strtol(text, &stop, 10);
	return stop > text && stop == end;
}

/* --listen tcp:443:8443 = protocol, port, backend port. */
static int put_listeners(const struct rw_cli *cli, struct rw_json_writer *json)
{
	unsigned int cursor = 0;
	const char *value;

	if (!rw_cli_given(cli, "listen"))
		return 0;
	rw_json_key(json, "listeners");
	rw_json_begin_array(json);
	while (rw_cli_next_value(cli, "listen", &cursor, &value)) {
		const char *first = strchr(value, ':');
		const char *second = first ? strchr(first + 1, ':') : NULL;
		char protocol[16];
		int64_t port = 0;
		int64_t backend = 0;

		if (!second || (size_t)(first - value) >= sizeof(protocol) ||
		    !read_port(first + 1, second, &port) ||
		    !read_port(second + 1, value + strlen(value), &backend))
			return rw_cli_usage_error(
				cli, "--listen wants PROTOCOL:PORT:BACKEND as tcp:443:8443, not '%s'", value);
		(void)snprintf(protocol, sizeof(protocol), "%.*s", (int)(first - value), value);
		rw_json_begin_object(json);
		rw_json_put_text(json, "protocol", protocol);
		rw_json_put_integer(json, "port", port);
		rw_json_put_integer(json, "backend_port", backend);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	return 0;
}

static void put_sources(const struct rw_cli *cli, struct rw_json_writer *json)
{
	if (!rw_cli_given(cli, "source-cidr") && !rw_cli_given(cli, "source-group"))
		return;
	rw_json_key(json, "sources");
	rw_json_begin_object(json);
	rw_cli_put_list(cli, json, "source-cidr", "cidrs");
	rw_cli_put_value(cli, json, "source-group", "group");
	rw_json_end_object(json);
}

static int send_body(struct rw_cli *cli, const char *method, const char *reference, const char *name,
		     const char *what)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;
	int r;

	rw_buf_init(&body, 1 << 20);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	if (name)
		rw_json_put_text(&json, "name", name);
	rw_cli_put_value(cli, &json, "cluster", "cluster");
	put_sources(cli, &json);
	rw_cli_put_value(cli, &json, "client-ip", "client_ip");
	r = put_listeners(cli, &json);
	if (r)
		return r;
	rw_json_end_object(&json);
	return rw_cli_send(cli, method, "load-balancers", reference, &body, what);
}

static int create(struct rw_cli *cli)
{
	return send_body(cli, "POST", NULL, cli->arguments[0], "load balancer recorded");
}

static int update(struct rw_cli *cli)
{
	return send_body(cli, "PATCH", cli->arguments[0], rw_cli_value(cli, "name"), "load balancer updated");
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "load-balancers", NULL, NULL);
	rw_cli_put_filter(cli, &path, "cluster");
	return rw_cli_print_collection(cli, path.data, columns, RW_ARRAY_COUNT(columns));
}

static int show(struct rw_cli *cli)
{
	return rw_cli_show(cli, "load-balancers", record, RW_ARRAY_COUNT(record));
}

static int delete_load_balancer(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "load-balancers", cli->arguments[0], NULL, "load balancer deleted");
}

static const struct rw_usage_option create_options[] = {
	{"cluster", 0, "CLUSTER", "the cluster behind it"},
	{"listen", 0, "PROTOCOL:PORT:BACKEND", "what it serves and the port behind; may be repeated"},
	{"source-cidr", 0, "CIDR", "where its packets and health checks come from; may be repeated"},
	{"source-group", 0, "GROUP", "the same as a group"},
	{"client-ip", 0, "WHAT", "hidden (default: backends see the balancer) or kept"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"name", 0, "NAME", "new name"},
	{"listen", 0, "PROTOCOL:PORT:BACKEND", "all it serves; may be repeated"},
	{"source-cidr", 0, "CIDR", "all places its packets come from; may be repeated"},
	{"source-group", 0, "GROUP", "the same as a group"},
	{"client-ip", 0, "WHAT", "hidden or kept"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option list_options[] = {
	{"cluster", 0, "CLUSTER", "only those of this cluster"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_load_balancer_commands[] = {
	{"load-balancer create", "NAME --cluster CLUSTER", "record what stands before a cluster",
	 "example:\n"
	 "  ringwall load-balancer create edge --cluster demo --listen tcp:443:8443 \\\n"
	 "    --source-cidr 10.0.0.9/32\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"load-balancer list", "", "show all load balancers",
	 "example:\n"
	 "  ringwall load-balancer list --cluster demo\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 0, 0, list},
	{"load-balancer show", "BALANCER", "show one load balancer",
	 "example:\n"
	 "  ringwall load-balancer show front\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"load-balancer update", "BALANCER", "change what is known of a load balancer",
	 "example:\n"
	 "  ringwall load-balancer update front --listen tcp:443:8443\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 1, 1, update},
	{"load-balancer delete", "BALANCER", "forget a load balancer",
	 "example:\n"
	 "  ringwall load-balancer delete front\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_load_balancer},
	{0},
};
