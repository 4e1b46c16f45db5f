/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "scratch.h"

static uint64_t fake_monotonic_ns(const struct rw_clock *clock)
{
	(void)clock;
	return 0;
}

static int64_t fake_realtime_ms(const struct rw_clock *clock)
{
	return ((const struct fixture_clock *)clock)->realtime_ms;
}

static void write_file(const struct fixture *fixture, const char *name, const char *text, char path[96])
{
	snprintf(path, 96, "%s/%s", fixture->folder, name);
	if (rw_file_write(path, text, strlen(text), 0600, NULL) < 0)
		abort();
}

static char *issue_agent(const char *ca_pem, const char *ca_key_pem, const char *key_pem)
{
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *request = NULL;
	char *cert = NULL;

	if (rw_cert_authority_new(ca_pem, ca_key_pem, rw_random_system(), &authority, NULL) < 0 ||
	    rw_cert_make_request(key_pem, "n-1", &request, NULL) < 0 ||
	    rw_cert_issue_agent(authority, request, "n-1", rw_cert_period_days(FIXTURE_NOW_S, 90), &cert,
				NULL) < 0)
		abort();
	return cert;
}

static char *join(const char *first, const char *second)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s", first, second) < 0)
		abort();
	return text;
}

static void make_certificates(struct fixture *fixture)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "::1"};
	struct rw_cert_period period = rw_cert_period_days(FIXTURE_NOW_S, 365);
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *ca_key = NULL;
	RW_CLEANUP(rw_free) char *other_ca_key = NULL;
	RW_CLEANUP(rw_free) char *agent_key = NULL;
	RW_CLEANUP(rw_free) char *agent_cert = NULL;
	RW_CLEANUP(rw_free) char *foreign_cert = NULL;

	if (rw_cert_make_authority("test", rw_random_system(), period, &fixture->ca_pem, &ca_key, NULL) < 0 ||
	    rw_cert_make_authority("test", rw_random_system(), period, &fixture->foreign_ca_pem,
				   &other_ca_key, NULL) < 0 ||
	    rw_cert_authority_new(fixture->ca_pem, ca_key, rw_random_system(), &authority, NULL) < 0 ||
	    rw_cert_make_key(&fixture->server_key_pem, NULL) < 0 || rw_cert_make_key(&agent_key, NULL) < 0 ||
	    rw_cert_issue_server(authority, fixture->server_key_pem, names, 3, period,
				 &fixture->server_cert_pem, NULL) < 0)
		abort();
	fixture->server_chain_pem = join(fixture->server_cert_pem, fixture->ca_pem);
	agent_cert = issue_agent(fixture->ca_pem, ca_key, agent_key);
	foreign_cert = issue_agent(fixture->foreign_ca_pem, other_ca_key, agent_key);
	write_file(fixture, "ca.pem", fixture->ca_pem, fixture->ca_file);
	write_file(fixture, "agent.pem", agent_cert, fixture->cert_file);
	write_file(fixture, "agent.key", agent_key, fixture->key_file);
	write_file(fixture, "foreign.pem", foreign_cert, fixture->foreign_cert_file);
}

int fixture_set_up(void **state)
{
	static struct fixture fixture;

	scratch_make(fixture.folder);
	make_certificates(&fixture);
	fixture.clock.clock = (struct rw_clock){fake_monotonic_ns, fake_realtime_ms};
	*state = &fixture;
	return 0;
}

int fixture_tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->ca_pem);
	free(fixture->foreign_ca_pem);
	free(fixture->server_cert_pem);
	free(fixture->server_chain_pem);
	free(fixture->server_key_pem);
	return scratch_remove(fixture->folder);
}

static void start_server(struct fixture *fixture, uint16_t port)
{
	const struct rw_http_server_options options = {
		.loop = fixture->loop,
		.clock = &fixture->clock.clock,
		.address = "127.0.0.1",
		.port = port,
		.plain = fixture->plain,
		.cert_pem = fixture->server_chain_pem,
		.key_pem = fixture->server_key_pem,
		.ca_pem = fixture->trust_pem ? fixture->trust_pem : fixture->ca_pem,
		.tickets = fixture->tickets,
		.limits = fixture->limits,
		.handler = fixture->handler,
		.userdata = fixture->userdata ? fixture->userdata : fixture,
	};

	assert_int_equal(rw_http_server_new(&options, &fixture->server, NULL), 0);
}

void fixture_restart_server(struct fixture *fixture)
{
	uint16_t port = rw_http_server_port(fixture->server);

	fixture->server = rw_http_server_free(fixture->server);
	start_server(fixture, port);
}

void fixture_start(struct fixture *fixture, rw_http_handler_fn handler)
{
	struct rw_http_client_options client = {.clock = &fixture->clock.clock, .ca_file = fixture->ca_file};

	fixture->clock.realtime_ms = FIXTURE_NOW_S * 1000;
	fixture->count = 0;
	fixture->pointer = NULL;
	assert_int_equal(rw_loop_new(&fixture->loop, NULL), 0);
	client.loop = fixture->loop;
	fixture->handler = handler;
	start_server(fixture, 0);
	assert_int_equal(rw_http_client_new(&client, &fixture->client, NULL), 0);
	client.cert_file = fixture->cert_file;
	client.key_file = fixture->key_file;
	assert_int_equal(rw_http_client_new(&client, &fixture->agent, NULL), 0);
}

void fixture_stop(struct fixture *fixture)
{
	fixture->client = rw_http_client_free(fixture->client);
	fixture->agent = rw_http_client_free(fixture->agent);
	fixture->server = rw_http_server_free(fixture->server);
	fixture->loop = rw_loop_free(fixture->loop);
	fixture->limits = (struct rw_http_limits){0};
	fixture->plain = false;
	fixture->tickets = NULL;
	fixture->trust_pem = NULL;
}

const char *fixture_url(const struct fixture *fixture, const char *path)
{
	static char url[8192];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", fixture->plain ? "http" : "https",
		 rw_http_server_port(fixture->server), path);
	return url;
}

struct waiter {
	struct rw_loop *loop;
	const bool *flag;
	unsigned int ticks;
};

static void look_at_flag(void *userdata)
{
	struct waiter *waiter = userdata;

	if (*waiter->flag || ++waiter->ticks > 5000)
		rw_loop_stop(waiter->loop);
}

void fixture_run_until(struct fixture *fixture, const bool *flag)
{
	struct waiter waiter = {.loop = fixture->loop, .flag = flag};
	struct rw_loop_timer *timer = NULL;

	assert_int_equal(rw_loop_timer_new(fixture->loop, look_at_flag, &waiter, &timer), 0);
	rw_loop_timer_start(timer, 0, 1);
	rw_loop_run(fixture->loop);
	rw_loop_timer_free(timer);
	assert_true(*flag);
}

int fixture_connect(const struct fixture *fixture)
{
	return fixture_connect_from(fixture, "127.0.0.1");
}

int fixture_connect_from(const struct fixture *fixture, const char *from)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(rw_http_server_port(fixture->server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void fixture_talk(struct fixture *fixture, const char *request, char *answer, size_t answer_size)
{
	int fd = fixture_connect(fixture);
	size_t size = 0;
	bool closed = false;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	for (int turn = 0; !closed && turn < 5000; turn++) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		ssize_t r;

		rw_loop_turn(fixture->loop);
		if (poll(&poll_fd, 1, 1) == 0)
			continue;
		r = recv(fd, answer + size, answer_size - 1 - size, 0);
		closed = r <= 0;
		size += r > 0 ? (size_t)r : 0;
	}
	answer[size] = '\0';
	close(fd);
	assert_true(closed);
}
