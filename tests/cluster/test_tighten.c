/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * An old classic cluster that accepts everything is tightened while its clients go on talking to it: people of the
 * internet to a service on a node and to a load balancer (HAProxy), and a machine inside to a data service.
 */

#define LOOK_MS     250
#define LOOKS       480
#define ANSWER_SIZE (1u << 20)

#define BALANCER        "10.77.0.5"
#define BALANCER_PUBLIC "203.0.113.80"
#define PERSON          "203.0.113.200"

static const char *const public_addresses[NODES] = {"203.0.113.11", "203.0.113.12"};
static char answer[ANSWER_SIZE];

enum client { TO_NODE, TO_BALANCER, TO_DATA, CLIENTS };

struct scene {
	struct world *world;
	int internet, balancer, person;
	struct process services[NODES * 2], haproxy, clients[CLIENTS];
	int ssh[NODES];
};

/* Connects anew for each request, ten times a second; a request that fails is written down. */
static const char client_text[] =
	"import socket, sys, time\n"
	"address, port = sys.argv[1], int(sys.argv[2])\n"
	"count = 0\n"
	"while True:\n"
	"    try:\n"
	"        with socket.create_connection((address, port), timeout=10) as one:\n"
	"            one.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
	"            assert one.recv(64).startswith(b'HTTP/1.0 200')\n"
	"        count += 1\n"
	"        print('served', count, flush=True)\n"
	"    except Exception as error:\n"
	"        print('FAILED', error, flush=True)\n"
	"    time.sleep(0.1)\n";

static const char service_text[] =
	"import http.server, sys\n"
	"class Handler(http.server.BaseHTTPRequestHandler):\n"
	"    def do_GET(self):\n"
	"        self.send_response(200)\n"
	"        self.end_headers()\n"
	"        self.wfile.write(b'hello')\n"
	"    def log_message(self, *arguments):\n"
	"        pass\n"
	"server = http.server.ThreadingHTTPServer(('0.0.0.0', int(sys.argv[1])), Handler)\n"
	"print('listening', flush=True)\n"
	"server.serve_forever()\n";

/* ---- the place ---- */

static void connect_to(int hub, int ns, const char *name, const char *device, const char *address)
{
	netns_run(
		hub,
		"ip link add %s type veth peer name %s netns /proc/%d/fd/%d && ip link set %s master br0 up",
		name, device, getpid(), ns, name);
	netns_run(ns, "ip address add %s/24 dev %s && ip link set %s up", address, device, device);
}

static void build_internet(struct scene *scene)
{
	struct world *world = scene->world;

	scene->internet = netns_new();
	netns_run(scene->internet, "ip link add br0 type bridge && ip link set br0 up");
	scene->balancer = netns_new();
	scene->person = netns_new();
	connect_to(world->hub, scene->balancer, "balancer", "eth0", BALANCER);
	connect_to(scene->internet, scene->balancer, "balancer", "eth1", BALANCER_PUBLIC);
	connect_to(scene->internet, scene->person, "person", "eth0", PERSON);
	for (size_t i = 0; i < NODES; i++)
		connect_to(scene->internet, world->nodes[i], fleet_names[i], "eth1", public_addresses[i]);
}

static void write_file(const struct scene *scene, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	fleet_path(scene->world, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void start_python(struct scene *scene, struct process *process, int ns, const char *script,
			 size_t index, const char *first, const char *second)
{
	char path[128], log[128], name[64];
	const char *argv[] = {"/usr/bin/python3", path, first, second, NULL};

	fleet_path(scene->world, script, path);
	(void)snprintf(name, sizeof(name), "%s-%zu.log", script, index);
	fleet_path(scene->world, name, log);
	process_start(process, ns, log, argv);
}

static void start_services(struct scene *scene)
{
	static const char *const ports[NODES * 2] = {"443", "8080", "8080", "6379"};

	write_file(scene, "service.py", service_text);
	for (size_t i = 0; i < NODES * 2; i++) {
		start_python(scene, &scene->services[i], scene->world->nodes[i / 2], "service.py", i,
			     ports[i], NULL);
		process_expect_log(&scene->services[i], "listening");
	}
	for (size_t i = 0; i < NODES; i++)
		scene->ssh[i] = process_listen(scene->world->nodes[i], "0.0.0.0", 22);
}

static void start_balancer(struct scene *scene)
{
	char path[128], log[128];
	const char *argv[] = {"/usr/sbin/haproxy", "-db", "-f", path, NULL};

	write_file(scene, "haproxy.cfg",
		   "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
		   "listen shop\n  bind " BALANCER_PUBLIC ":80\n"
		   "  server one 10.77.0.11:8080 check\n  server two 10.77.0.12:8080 check\n");
	fleet_path(scene->world, "haproxy.cfg", path);
	fleet_path(scene->world, "haproxy.log", log);
	process_start(&scene->haproxy, scene->balancer, log, argv);
	process_expect_connects(scene->person, BALANCER_PUBLIC, 80, true);
}

static void start_clients(struct scene *scene)
{
	write_file(scene, "client.py", client_text);
	start_python(scene, &scene->clients[TO_NODE], scene->person, "client.py", TO_NODE,
		     public_addresses[0], "443");
	start_python(scene, &scene->clients[TO_BALANCER], scene->person, "client.py", TO_BALANCER,
		     BALANCER_PUBLIC, "80");
	start_python(scene, &scene->clients[TO_DATA], scene->world->client, "client.py", TO_DATA,
		     fleet_addresses[1], "6379");
	for (size_t i = 0; i < CLIENTS; i++)
		process_expect_log(&scene->clients[i], "served 5\n");
}

/* The fleet's cluster anew: old and loose, in a classic network. */
static void make_old_cluster(const struct world *world)
{
	assert_int_equal(FLEET_COMMAND(world, "cluster", "delete", "demo"), 0);
	assert_int_equal(FLEET_COMMAND(world, "network", "delete", "net"), 0);
	assert_int_equal(FLEET_COMMAND(world, "network", "create", "net", "--kind", "classic", "--cidr",
				       "10.77.0.0/24"),
			 0);
	assert_int_equal(
		FLEET_COMMAND(world, "cluster", "create", "demo", "--network", "net", "--profile", "loose"),
		0);
}

static void start_agent(struct world *world, size_t index)
{
	char state[128], log[128], pins[128];
	const char *argv[] = {fleet_programs.agent, "run",  "--state",     state,  "--pin-dir",      pins,
			      "--interface",        "eth0", "--interface", "eth1", "--table-memory", "16",
			      "--flow-entries",     "4096", NULL};

	fleet_state(world, index, state);
	fleet_pin_folder(world, index, pins);
	(void)snprintf(log, sizeof(log), "%.90s.log", state);
	process_start(&world->agents[index], world->nodes[index], log, argv);
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	void *made;

	assert_non_null(scene);
	assert_int_equal(fleet_make_unjoined(&made), 0);
	scene->world = made;
	*state = scene;
	build_internet(scene);
	make_old_cluster(scene->world);
	start_services(scene);
	start_balancer(scene);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(fleet_join(scene->world, i, URL, NULL), 0);
		start_agent(scene->world, i);
	}
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&scene->world->agents[i], "policy in force");
	start_clients(scene);
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;
	void *made = scene->world;

	for (size_t i = 0; i < CLIENTS; i++)
		process_stop(&scene->clients[i], SIGKILL);
	process_stop(&scene->haproxy, SIGKILL);
	for (size_t i = 0; i < NODES * 2; i++)
		process_stop(&scene->services[i], SIGKILL);
	for (size_t i = 0; i < NODES; i++)
		(void)close(scene->ssh[i]);
	assert_int_equal(fleet_free(&made), 0);
	(void)close(scene->internet);
	(void)close(scene->balancer);
	(void)close(scene->person);
	free(scene);
	return 0;
}

/* ---- what is asked and seen ---- */

static int says(const struct scene *scene, const char *const *words)
{
	return fleet_command(scene->world, answer, sizeof(answer), words);
}
#define SAYS(scene, ...) says(scene, (const char *const[]){__VA_ARGS__, NULL})

/* Asks until every text is in the answer. */
static void expect_answer(const struct scene *scene, const char *const *words, const char *const *texts)
{
	for (int look = 0; look < LOOKS; look++) {
		size_t found = 0, wanted = 0;

		(void)says(scene, words);
		for (; texts[wanted]; wanted++)
			found += strstr(answer, texts[wanted]) != NULL;
		if (found == wanted)
			return;
		(void)poll(NULL, 0, LOOK_MS);
	}
	fail_msg("never was so: %s", answer);
}
#define EXPECT_ANSWER(scene, words, ...) expect_answer(scene, words, (const char *const[]){__VA_ARGS__, NULL})

static int count_served(const struct scene *scene, size_t client)
{
	char line[256], path[128], name[64];
	int count = 0;
	FILE *file;

	(void)snprintf(name, sizeof(name), "client.py-%zu.log", client);
	fleet_path(scene->world, name, path);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		(void)sscanf(line, "served %d", &count);
	(void)fclose(file);
	return count;
}

/* Each client was served again since, and never was refused. */
static void expect_service(const struct scene *scene)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		int before = count_served(scene, i);

		for (int look = 0; look < LOOKS && count_served(scene, i) < before + 3; look++)
			(void)poll(NULL, 0, LOOK_MS);
		assert_true(count_served(scene, i) >= before + 3);
		assert_false(process_log_has(&scene->clients[i], "FAILED"));
	}
}

/* The next full second: what was seen before it is what the plan is made of. */
static void now_as_text(char text[32])
{
	time_t now = time(NULL) + 1;
	struct tm parts;

	assert_non_null(gmtime_r(&now, &parts));
	assert_true(strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0);
}

/* The ports that a scan from the internet finds open, as "22,443". */
static void scan(const struct scene *scene, const char *address, char ports[256])
{
	static const char ports_text[] = "1-512,6379,8080,8443,9379,9701,9702";
	const char *argv[] = {"/usr/bin/nmap",
			      "-Pn",
			      "-n",
			      "-sT",
			      "--min-parallelism",
			      "300",
			      "--initial-rtt-timeout",
			      "1s",
			      "--max-retries",
			      "3",
			      "-oG",
			      "-",
			      "-p",
			      ports_text,
			      address,
			      NULL};
	size_t used = 0;

	ports[0] = '\0';
	assert_int_equal(process_run(scene->person, answer, sizeof(answer), argv), 0);
	for (const char *at = strstr(answer, "Ports: "); at; at = strstr(at, "/open/")) {
		const char *start = at;

		if (strncmp(at, "Ports: ", 7) == 0) {
			at += 7;
			continue;
		}
		while (start > answer && start[-1] >= '0' && start[-1] <= '9')
			start--;
		used += (size_t)snprintf(ports + used, 256 - used, "%s%.*s", used ? "," : "",
					 (int)(at - start), start);
		at += 6;
	}
}

static void expect_scan(const struct scene *scene, const char *address, const char *expected)
{
	char ports[256];

	scan(scene, address, ports);
	assert_string_equal(ports, expected);
}

/* ---- the test ---- */

static void an_old_cluster_is_tightened_and_nobody_notices(void **state)
{
	static const char *const plan[] = {"tighten", "demo", NULL};
	struct scene *scene = *state;
	char stage[32];
	const char *const staged[] = {"tighten", "demo", "--stage", stage, "-o", "json", NULL};

	assert_int_equal(SAYS(scene, "audit", "--cluster", "demo", "--fail-on", "critical"), 5);
	assert_non_null(strstr(answer, "all-ports-open"));
	assert_int_equal(SAYS(scene, "load-balancer", "create", "front", "--cluster", "demo", "--source-cidr",
			      BALANCER "/32", "--listen", "tcp:80:8080"),
			 0);

	/* What goes on is seen, and the plan keeps it. */
	EXPECT_ANSWER(scene, plan, "allow tcp 443 from 0.0.0.0/0 nic internet",
		      "allow tcp 6379 from 10.77.0.0/24", "allow tcp 8080 from " BALANCER "/32",
		      "close-internet", "close-intranet");
	assert_null(strstr(answer, "refuses"));

	/* Staged: what comes from now on is judged, and nothing of it would be refused. */
	now_as_text(stage);
	EXPECT_ANSWER(scene, staged, "\"judged\":", "\"refusals\":[]");
	for (int look = 0; look < LOOKS && strstr(answer, "\"judged\":0,"); look++) {
		(void)poll(NULL, 0, LOOK_MS);
		assert_int_equal(says(scene, staged), 0);
	}
	assert_null(strstr(answer, "\"judged\":0,"));
	assert_non_null(strstr(answer, "\"refused\":0"));

	/* Somebody goes round the load balancer: that would end, and the staged plan says so. */
	process_assert_connects(scene->person, public_addresses[0], 8080);
	EXPECT_ANSWER(scene, staged, "\"refused\":1", PERSON, "load balancer front serves the port");

	/* Applied, while they go on. */
	assert_int_equal(SAYS(scene, "tighten", "demo", "--apply", "--all"), 0);
	expect_service(scene);
	assert_int_equal(SAYS(scene, "tighten", "demo"), 0);
	assert_int_equal(SAYS(scene, "audit", "--cluster", "demo", "--fail-on", "critical"), 0);
	expect_scan(scene, public_addresses[0], "22,443");
	expect_scan(scene, public_addresses[1], "22");
	expect_service(scene);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_old_cluster_is_tightened_and_nobody_notices, begin, end),
	};

	if (argc != 4)
		return 2;
	if (access("/usr/sbin/haproxy", X_OK) < 0 || access("/usr/bin/nmap", X_OK) < 0) {
		(void)fprintf(stderr, "skipped: needs haproxy and nmap (tools/install-deps test)\n");
		return 77;
	}
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
