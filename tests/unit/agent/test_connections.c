/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "test.h"

#include "agent/connections.h"
#include "base/cleanup.h"

/* A connection over loopback: the ends of both sides, and the port that listens. */
struct pair {
	int listener, client, server;
	uint16_t port, client_port;
};

static uint16_t port_of(int fd)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	return ntohs(name.sin_port);
}

static struct pair pair_open(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct pair pair = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
			    .client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	assert_int_equal(bind(pair.listener, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(pair.listener, 1), 0);
	pair.port = port_of(pair.listener);
	name.sin_port = htons(pair.port);
	assert_int_equal(connect(pair.client, (struct sockaddr *)&name, sizeof(name)), 0);
	pair.client_port = port_of(pair.client);
	pair.server = accept(pair.listener, NULL, NULL);
	assert_true(pair.server >= 0);
	return pair;
}

static void pair_close(struct pair *pair)
{
	close(pair->listener);
	close(pair->client);
	close(pair->server);
}

/* The connections as seen by a node that listens on the pair's port. */
static void read_all(const struct pair *pair, struct rw_connections *ret_connections)
{
	struct rw_report_listener item = {.protocol = RW_PROTOCOL_TCP, .port = pair->port};
	const struct rw_listeners listeners = {.items = &item, .count = 1};
	const struct rw_links links = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_connections_read(&links, &listeners, ret_connections, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct rw_connection *find(const struct rw_connections *connections, uint16_t local_port,
					uint16_t remote_port)
{
	for (size_t i = 0; i < connections->count; i++)
		if (connections->items[i].opener.local_port == local_port &&
		    connections->items[i].opener.remote_port == remote_port)
			return &connections->items[i];
	fail_msg("no connection %u to %u", local_port, remote_port);
	abort();
}

static void tells_who_opened_a_connection(void **state)
{
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	struct pair pair = pair_open();

	(void)state;
	read_all(&pair, &connections);
	assert_int_equal(find(&connections, pair.port, pair.client_port)->opener.direction,
			 RW_DIRECTION_INGRESS);
	assert_int_equal(find(&connections, pair.client_port, pair.port)->opener.direction,
			 RW_DIRECTION_EGRESS);
	pair_close(&pair);
}

static void finds_the_session_by_what_ssh_says(void **state)
{
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	struct pair pair = pair_open();
	char text[64];

	(void)state;
	(void)snprintf(text, sizeof(text), "127.0.0.1 %u 127.0.0.1 %u", pair.client_port, pair.port);
	read_all(&pair, &connections);
	assert_true(rw_connections_mark_session(&connections, text, 1));
	assert_true(find(&connections, pair.port, pair.client_port)->session);
	assert_false(find(&connections, pair.client_port, pair.port)->session);
	pair_close(&pair);
}

/* In a process that is called sshd and holds the server's end alone. */
static int look_below_sshd(struct pair *pair)
{
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	const struct rw_connection *server, *client;

	close(pair->client);
	(void)prctl(PR_SET_NAME, "sshd");
	read_all(pair, &connections);
	if (!rw_connections_mark_session(&connections, NULL, getpid()))
		return 1;
	server = find(&connections, pair->port, pair->client_port);
	client = find(&connections, pair->client_port, pair->port);
	return server->session && !client->session ? 0 : 2;
}

static void finds_the_session_by_an_sshd_above(void **state)
{
	struct pair pair = pair_open();
	int status = -1;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look_below_sshd(&pair));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pair_close(&pair);
}

static void marks_nothing_for_words_that_are_no_connection(void **state)
{
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	struct pair pair = pair_open();

	(void)state;
	read_all(&pair, &connections);
	assert_true(rw_connections_mark_session(&connections, "127.0.0.1 x", 1));
	for (size_t i = 0; i < connections.count; i++)
		assert_false(connections.items[i].session);
	assert_false(rw_connections_mark_session(&connections, NULL, 1));
	pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who_opened_a_connection),
		cmocka_unit_test(finds_the_session_by_what_ssh_says),
		cmocka_unit_test(finds_the_session_by_an_sshd_above),
		cmocka_unit_test(marks_nothing_for_words_that_are_no_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
