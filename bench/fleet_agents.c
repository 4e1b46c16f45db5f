/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many agents in one process
 * ==========================
 *
 * usage: bench-fleet-agents FOLDER CA.pem URL...
 *
 * Each is the agent's own session, uplink and HTTP client, with a certificate and connections of its own; only
 * enforcement is left out: a policy is in force when it has come.  The n-th agent joined knows the n-th of the URLs, in
 * turn; a URL may be several, separated by commas, for several controllers.  Files are kept below FOLDER.
 *
 * Commands come by standard input, and each is answered by one line of JSON; times are those of CLOCK_MONOTONIC in ns:
 *
 *     join TOKEN    one more joins                           {"joined":17}
 *     start         all that have joined call                {"started":10000}
 *     settled       when all streams are open and have       {"settled":10000,"first_ns":...,"last_ns":...,
 *                   said what is                              "opened":10000,"lost":0}
 *     revision R    to how many R brought a policy, and when {"revision":"R","agents":10000,"first_ns":...,"last_ns":...}
 *
 * 'opened' and 'lost' count streams since the start.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/session.h"
#include "agent/uplink.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "wire/join.h"
#include "wire/problem.h"

#define AGENTS_MAX   20000
#define COMMAND_SIZE 512

struct fleet;

struct agent {
	struct fleet *fleet;
	struct rw_agent_place place;
	struct rw_agent_identity identity;
	struct rw_report_interface interface;
	struct rw_address address;
	struct rw_uplink *uplink;
	struct rw_agent_session *session;
	struct rw_loop_timer *timer;
	struct rw_position in_force;
	struct rw_policy_digest digest;
	uint64_t came; /* revision of the last policy */
	uint64_t came_ns;
	bool connected; /* as last looked at */
	bool settled;   /* since it connected, the controller has said what is */
};

struct fleet {
	const char *folder, *ca;
	char *const *urls;
	size_t url_count;
	struct agent *agents[AGENTS_MAX];
	size_t count;
	struct rw_loop *loop;
	struct rw_loop_watch *input;
	char line[COMMAND_SIZE];
	size_t line_size;
	size_t opened, lost, settled;
	uint64_t first_ns, last_ns; /* of settling */
	bool settling;              /* somebody waits for it */
};

static void fail(const char *what, const struct rw_error *err)
{
	(void)fprintf(stderr, "fleet_agents: %s: %s %s\n", what, err->field, err->text);
	exit(1);
}

static uint64_t now_ns(void)
{
	return rw_clock_monotonic_ns(rw_clock_system());
}

/* ---- what a session asks of its host ---- */

static void tell_settled(struct fleet *fleet)
{
	if (!fleet->settling || fleet->settled < fleet->count)
		return;
	fleet->settling = false;
	(void)printf("{\"settled\":%zu,\"first_ns\":%llu,\"last_ns\":%llu,\"opened\":%zu,\"lost\":%zu}\n",
		     fleet->settled, (unsigned long long)fleet->first_ns, (unsigned long long)fleet->last_ns,
		     fleet->opened, fleet->lost);
	(void)fflush(stdout);
}

static void settle(struct agent *agent)
{
	struct fleet *fleet = agent->fleet;

	if (agent->settled)
		return;
	agent->settled = true;
	fleet->last_ns = now_ns();
	if (fleet->settled++ == 0)
		fleet->first_ns = fleet->last_ns;
	tell_settled(fleet);
}

static void on_policy(void *context, const struct rw_position *position, const struct rw_policy *policy,
		      enum rw_established established)
{
	struct agent *agent = context;

	(void)established;
	agent->in_force = *position;
	agent->digest = rw_policy_digest(policy);
	agent->came = position->revision;
	agent->came_ns = now_ns();
	settle(agent);
}

static void on_question(void *context, uint64_t question, const struct rw_policy *policy)
{
	(void)context;
	(void)question;
	(void)policy;
}

static void on_confirm(void *context, const struct rw_position *position)
{
	struct agent *agent = context;

	agent->in_force = *position;
	settle(agent);
}

static void on_detach(void *context, const char *reason)
{
	(void)context;
	(void)fprintf(stderr, "fleet_agents: let go: %s\n", reason);
}

static void on_wake(void *context)
{
	struct agent *agent = context;
	struct rw_agent_session_status status;

	rw_loop_timer_start(agent->timer, 0, 0);
	if (!agent->session)
		return;
	rw_agent_session_status(agent->session, &status);
	if (status.connected == agent->connected)
		return;
	agent->connected = status.connected;
	if (agent->connected) {
		agent->fleet->opened++;
		return;
	}
	agent->fleet->lost++;
	agent->fleet->settled -= agent->settled;
	agent->settled = false;
}

static void on_notice(void *context, bool is_warning, const char *text)
{
	const struct agent *agent = context;

	if (is_warning)
		(void)fprintf(stderr, "%s: %s\n", agent->identity.name, text);
}

static void on_timer(void *userdata)
{
	struct agent *agent = userdata;
	uint64_t now_ms = rw_loop_now_ms(agent->fleet->loop);
	uint64_t next_ms = rw_agent_session_tick(agent->session, now_ms);

	rw_loop_timer_start(agent->timer, next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

/* As the agent's own, of a node with one interface. */
static int make_report(void *context, bool brief, struct rw_buf *buf, struct rw_error *err)
{
	static uint16_t ssh_port = 22;
	static struct rw_report_listener listeners[] = {
		{6, 22, "sshd"}, {6, 443, "caddy"}, {17, 53, "dnsmasq"}};
	struct agent *agent = context;
	const struct rw_renewal *renewal = rw_uplink_renewal(agent->uplink);
	struct rw_report report; /* all that it points to is ours */

	rw_report_init(&report);
	report.version =
		renewal->answer.reports < RW_REPORT_VERSION ? renewal->answer.reports : RW_REPORT_VERSION;
	report.brief = brief && report.version >= 3;
	report.authority_count = renewal->authority_count;
	memcpy(report.authorities, renewal->authorities, sizeof(renewal->authorities));
	report.applied = report.wanted = agent->in_force;
	report.digest = agent->digest;
	report.state = agent->in_force.revision ? RW_AGENT_STATE_OK : RW_AGENT_STATE_PENDING;
	report.persistent = true;
	(void)strcpy(report.agent_version, "bench");
	report.started_ms = 1;
	if (!report.brief) {
		report.interfaces = &agent->interface;
		report.interface_count = 1;
		report.ssh_ports = &ssh_port;
		report.ssh_port_count = 1;
		report.listeners = listeners;
		report.listener_count = RW_ARRAY_COUNT(listeners);
	}
	return rw_report_encode(buf, &report, err);
}

/* ---- joining ---- */

static void make_machine(struct agent *agent, size_t number)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	(void)snprintf(agent->identity.name, sizeof(agent->identity.name), "node-%05zu", number);
	(void)snprintf(text, sizeof(text), "10.%zu.%zu.%zu", 64 + (number >> 16), number >> 8 & 255,
		       number & 255);
	if (rw_address_parse(text, &agent->address, NULL) < 0)
		abort();
	agent->interface = (struct rw_report_interface){.name = "eth0",
							.kind = "ethernet",
							.default_route = true,
							.enforced = true,
							.addresses = &agent->address,
							.address_count = 1};
}

static int ask_join(const struct agent *agent, const struct rw_join_request *request, const char *server,
		    struct rw_http_result *result, struct rw_error *err)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *client = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char url[RW_AGENT_SERVER_SIZE + 32];
	struct rw_http_client_options setup = {.clock = rw_clock_system(), .ca_file = agent->fleet->ca};
	struct rw_http_call_options options = {
		.method = "POST", .url = url, .content_type = "application/json"};
	int r;

	rw_buf_init(&body, 1u << 20);
	(void)snprintf(url, sizeof(url), "%s/v1/agent/join", server);
	r = rw_loop_new(&loop, err);
	setup.loop = loop;
	if (r == 0)
		r = rw_http_client_new(&setup, &client, err);
	if (r == 0)
		r = rw_join_request_encode(&body, request, err);
	options.body = body.data;
	options.body_size = body.size;
	if (r == 0)
		r = rw_http_client_wait(client, &options, result, err);
	if (r == 0 && result->status != 201) {
		rw_problem_decode(result->body, result->body_size, (int)result->status, err);
		r = -EIO;
	}
	return r;
}

static int write_state(const struct agent *agent, const char *file, const char *text, struct rw_error *err)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(&agent->place, file, path);
	return rw_file_write(path, text, strlen(text), 0600, err);
}

static int keep_join(struct agent *agent, const struct rw_http_result *result, const char *key,
		     const char *servers, struct rw_error *err)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_controllers controllers = {0};
	char list[COMMAND_SIZE];
	char *rest = list;
	int r = rw_join_answer_decode(result->body, result->body_size, &answer, err);

	if (r < 0)
		return r;
	(void)memcpy(agent->identity.node, answer.node, sizeof(agent->identity.node));
	(void)snprintf(list, sizeof(list), "%s", servers);
	for (const char *url = strsep(&rest, ","); r == 0 && url; url = strsep(&rest, ","))
		r = rw_controllers_add_joined(&controllers, url, err);
	if (r == 0)
		r = rw_controllers_save(&agent->place, agent->identity.node, &controllers, err);
	if (r == 0)
		r = write_state(agent, "key.pem", key, err);
	if (r == 0)
		r = write_state(agent, "cert.pem", answer.certificate, err);
	return r == 0 ? write_state(agent, "ca.pem", answer.ca, err) : r;
}

static void join(struct fleet *fleet, char *token)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	const char *servers = fleet->urls[fleet->count % fleet->url_count];
	RW_CLEANUP(rw_free) char *key = NULL;
	struct rw_join_request request = {.token = token};
	struct rw_http_result result = {0};
	char machine_id[RW_AGENT_MACHINE_ID_SIZE];
	char path[RW_AGENT_PATH_SIZE];
	struct rw_error err = RW_ERROR_NONE;

	if (!agent || fleet->count == AGENTS_MAX)
		exit(1);
	agent->fleet = fleet;
	make_machine(agent, fleet->count);
	(void)snprintf(agent->identity.server, sizeof(agent->identity.server), "%.*s",
		       (int)strcspn(servers, ","), servers);
	(void)snprintf(path, sizeof(path), "%s/%zu", fleet->folder, fleet->count);
	(void)snprintf(machine_id, sizeof(machine_id), "%032zx", fleet->count + 1);
	request.machine_id = machine_id;
	request.name = agent->identity.name;
	request.interfaces = &agent->interface;
	request.interface_count = 1;
	if (rw_agent_place_find(path, NULL, &agent->place, &err) < 0 ||
	    rw_agent_state_make(&agent->place, &err) < 0 || rw_cert_make_key(&key, &err) < 0 ||
	    rw_cert_make_request(key, agent->identity.name, &request.csr, &err) < 0 ||
	    ask_join(agent, &request, agent->identity.server, &result, &err) < 0 ||
	    keep_join(agent, &result, key, servers, &err) < 0)
		fail(agent->identity.name, &err);
	free(request.csr);
	rw_http_result_done(&result);
	fleet->agents[fleet->count++] = agent;
}

/* ---- running ---- */

static void begin(struct agent *agent)
{
	const struct rw_uplink_options options = {
		.loop = agent->fleet->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.place = &agent->place,
		.identity = &agent->identity,
		.make_report = make_report,
		.context = agent,
	};
	const struct rw_agent_host host = {
		.apply = on_policy,
		.judge = on_question,
		.confirm = on_confirm,
		.detach = on_detach,
		.wake = on_wake,
		.notice = on_notice,
		.context = agent,
	};
	struct rw_agent_transport transport;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_loop_timer_new(agent->fleet->loop, on_timer, agent, &agent->timer) < 0 ||
	    rw_uplink_new(&options, &agent->uplink, &err) < 0)
		fail(agent->identity.name, &err);
	transport = rw_uplink_transport(agent->uplink);
	if (rw_agent_session_new(&transport, rw_uplink_controllers(agent->uplink), &host, rw_random_system(),
				 &agent->session) < 0)
		exit(1);
	rw_uplink_set_session(agent->uplink, agent->session);
}

/* All are made ready before the first calls. */
static void start(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		begin(fleet->agents[i]);
	for (size_t i = 0; i < fleet->count; i++)
		rw_loop_timer_start(fleet->agents[i]->timer, 0, 0);
}

static void tell_revision(const struct fleet *fleet, uint64_t revision)
{
	uint64_t first_ns = UINT64_MAX, last_ns = 0;
	size_t count = 0;

	for (size_t i = 0; i < fleet->count; i++) {
		const struct agent *agent = fleet->agents[i];

		if (agent->came != revision)
			continue;
		count++;
		if (agent->came_ns < first_ns)
			first_ns = agent->came_ns;
		if (agent->came_ns > last_ns)
			last_ns = agent->came_ns;
	}
	(void)printf("{\"revision\":\"%llu\",\"agents\":%zu,\"first_ns\":%llu,\"last_ns\":%llu}\n",
		     (unsigned long long)revision, count, (unsigned long long)(count ? first_ns : 0),
		     (unsigned long long)last_ns);
}

static void obey(struct fleet *fleet, char *line)
{
	char *argument = strchr(line, ' ');

	if (argument)
		*argument++ = '\0';
	if (strcmp(line, "join") == 0 && argument) {
		join(fleet, argument);
		(void)printf("{\"joined\":%zu}\n", fleet->count);
	} else if (strcmp(line, "start") == 0) {
		start(fleet);
		(void)printf("{\"started\":%zu}\n", fleet->count);
	} else if (strcmp(line, "settled") == 0) {
		fleet->settling = true;
		tell_settled(fleet);
	} else if (strcmp(line, "revision") == 0 && argument) {
		tell_revision(fleet, strtoull(argument, NULL, 10));
	} else {
		(void)fprintf(stderr, "fleet_agents: what is '%s'?\n", line);
		exit(2);
	}
	(void)fflush(stdout);
}

static void on_input(unsigned int events, void *userdata)
{
	struct fleet *fleet = userdata;
	ssize_t size = read(STDIN_FILENO, fleet->line + fleet->line_size,
			    sizeof(fleet->line) - 1 - fleet->line_size);
	char *end;

	(void)events;
	if (size < 0 && errno == EAGAIN)
		return;
	if (size <= 0)
		_exit(0); /* the bench is over */
	fleet->line_size += (size_t)size;
	fleet->line[fleet->line_size] = '\0';
	while ((end = strchr(fleet->line, '\n'))) {
		*end++ = '\0';
		obey(fleet, fleet->line);
		fleet->line_size -= (size_t)(end - fleet->line);
		memmove(fleet->line, end, fleet->line_size + 1);
	}
}

int main(int argc, char **argv)
{
	static struct fleet fleet;
	struct rlimit files;
	struct rw_error err = RW_ERROR_NONE;

	if (argc < 4) {
		(void)fputs("usage: bench-fleet-agents FOLDER CA.pem URL...\n", stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	fleet.folder = argv[1];
	fleet.ca = argv[2];
	fleet.urls = argv + 3;
	fleet.url_count = (size_t)argc - 3;
	if (rw_loop_new(&fleet.loop, &err) < 0 ||
	    rw_loop_watch_new(fleet.loop, STDIN_FILENO, on_input, &fleet, &fleet.input) < 0)
		fail("loop", &err);
	rw_loop_watch_set(fleet.input, RW_LOOP_READABLE);
	rw_loop_run(fleet.loop);
	return 0;
}
