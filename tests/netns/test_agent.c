/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns.h"
#include "process.h"
#include "scratch.h"

/* A standalone agent on a node with eth0, and a peer at the other end of the wire. */

#define NODE   "10.77.0.1"
#define SECOND "10.77.1.1"

static const char *program; /* ringwall-agent */

struct world {
	char folder[64];
	char model[96];
	char state[96];
	char log[96];
	const char *pins;
	int node, peer;
	int listeners[4];
	struct process agent;
	bool by_clsact;
	bool early; /* started with --early-drop */
};

enum { LISTS = 100, LIST_CIDRS = 200, BLOCK_CIDRS = 6 };

/* Its rules name all prefix lists. */
static void write_large_group(FILE *file)
{
	fprintf(file, ",{\"name\":\"large\",\"network\":\"net\",\"kind\":\"basic\",\"rules\":[");
	for (unsigned int i = 0; i < LISTS; i++)
		fprintf(file,
			"%s{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":"
			"\"%u/%u\",\"object\":{\"prefix_list\":\"list-%u\"}}",
			i ? "," : "", 1000 + i, 2000 + i, i);
	fprintf(file, "]}");
}

/* Some addresses in each of many blocks, as if by chance: anything regular takes little room. */
static void write_lists(FILE *file)
{
	fprintf(file, ",\"prefix_lists\":[");
	for (unsigned int i = 0; i < LISTS * LIST_CIDRS; i++) {
		unsigned int block = i / BLOCK_CIDRS * 40503, random = i * 2654435761u >> 16;

		if (i % LIST_CIDRS == 0)
			fprintf(file, "%s{\"name\":\"list-%u\",\"family\":4,\"cidrs\":[", i ? "," : "",
				i / LIST_CIDRS);
		fprintf(file, "%s\"11.%u.%u.%u/32\"", i % LIST_CIDRS ? "," : "", block >> 8 & 255,
			block & 255, i % BLOCK_CIDRS * 40 + random % 40);
		if (i % LIST_CIDRS == LIST_CIDRS - 1)
			fprintf(file, "]}");
	}
	fprintf(file, "]");
}

/* Rules accept 'port' from everywhere; with 'large', others take some megabytes of tables. */
static void write_any_model(const struct world *world, const char *cidr, unsigned int port, bool large)
{
	FILE *file = fopen(world->model, "we");

	assert_non_null(file);
	fprintf(file,
		"{\"version\":1,"
		"\"networks\":[{\"id\":\"vpc-1\",\"name\":\"net\",\"kind\":\"vpc\",\"cidrs\":[\"10.77.0.0/"
		"16\"]}],"
		"\"nodes\":[{\"id\":\"n-1\",\"name\":\"one\",\"network\":\"net\",\"security_groups\":["
		"\"web\"%s],"
		"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.77.0.1\"]}]}],"
		"\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"web\",\"network\":\"net\",\"kind\":"
		"\"basic\","
		"\"rules\":[{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\","
		"\"ports\":\"%u/%u\",\"object\":{\"cidr\":\"%s\"}}]}",
		large ? ",\"large\"" : "", port, port, cidr);
	if (large)
		write_large_group(file);
	fprintf(file, "]");
	if (large)
		write_lists(file);
	fprintf(file, "}");
	assert_int_equal(fclose(file), 0);
}

static void write_model(const struct world *world, const char *cidr, unsigned int port)
{
	write_any_model(world, cidr, port, false);
}

static void start_agent(struct world *world)
{
	const char *argv[] = {
		program,      "--file",         world->model, "--node",      "one",  "--state",
		world->state, "--pin-dir",      world->pins,  "--interface", "eth1", "--table-memory",
		"64",         "--flow-entries", "4096",       NULL,          NULL,   NULL};

	if (world->by_clsact)
		argv[RW_ARRAY_COUNT(argv) - 3] = "--without-tcx";
	if (world->early) {
		argv[RW_ARRAY_COUNT(argv) - 3] = "--early-drop";
		argv[RW_ARRAY_COUNT(argv) - 2] = "eth0:generic";
	}

	process_start(&world->agent, world->node, world->log, argv);
}

static int command(const struct world *world, const char *word, char *output, size_t size)
{
	const char *argv[] = {program, word, "--state", world->state, "--pin-dir", world->pins, NULL};

	return process_run(world->node, output, size, argv);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	(void)snprintf(world->model, sizeof(world->model), "%s/model.json", world->folder);
	scratch_state(world->state, sizeof(world->state), world->folder, "node");
	(void)snprintf(world->log, sizeof(world->log), "%s/log", world->folder);
	world->pins = netns_pin_dir();
	world->node = netns_new();
	world->peer = netns_new();
	netns_veth(world->node, "eth0", world->peer, "eth0");
	netns_run(world->node, "ip address add " NODE "/24 dev eth0");
	netns_run(world->peer, "ip address add 10.77.0.2/24 dev eth0");
	world->listeners[0] = process_listen(world->node, NODE, 80);
	world->listeners[1] = process_listen(world->node, NODE, 22);
	write_model(world, "0.0.0.0/0", 80);
	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	(void)command(world, "detach", NULL, 0);
	process_stop(&world->agent, SIGKILL);
	(void)command(world, "attach", NULL, 0);
	for (size_t i = 0; i < 4; i++)
		if (world->listeners[i] > 0)
			(void)close(world->listeners[i]);
	(void)close(world->node);
	(void)close(world->peer);
	assert_int_equal(scratch_remove(world->folder), 0);
	free(world);
	return 0;
}

static void assert_web_opens(const struct world *world)
{
	process_assert_connects(world->peer, NODE, 80);
}

static void assert_ssh_opens(const struct world *world)
{
	process_assert_connects(world->peer, NODE, 22);
}

static bool web_opens(const struct world *world)
{
	return process_connects(world->peer, NODE, 80);
}

static bool ssh_opens(const struct world *world)
{
	return process_connects(world->peer, NODE, 22);
}

static void refuses_what_no_rule_accepts(void **state)
{
	struct world *world = *state;

	assert_web_opens(world);
	assert_false(ssh_opens(world));
}

static void keeps_the_old_policy_when_the_file_is_bad(void **state)
{
	struct world *world = *state;
	char status[4096];

	write_model(world, "0.0.0.0/33", 22);
	process_signal(&world->agent, SIGHUP);
	process_expect_log(&world->agent, "model file refused; the old policy stays in force: "
					  "security_groups[0].rules[0].object.cidr");
	assert_web_opens(world);
	assert_false(ssh_opens(world));
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(strstr(status, "its newest form is refused"));

	write_model(world, "0.0.0.0/0", 22);
	process_signal(&world->agent, SIGHUP);
	process_expect_connects(world->peer, NODE, 22, true);
	assert_false(web_opens(world));
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_null(strstr(status, "refused:"));
}

static void enforces_on_when_the_agent_is_killed(void **state)
{
	struct world *world = *state;
	char status[4096];

	process_stop(&world->agent, SIGKILL);
	assert_web_opens(world);
	assert_false(ssh_opens(world));
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(strstr(status, "enforcing without an agent"));
	assert_non_null(strstr(status, "eth0 (device "));

	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	assert_web_opens(world);
	assert_false(ssh_opens(world));
}

static void enforces_on_when_the_agent_is_stopped(void **state)
{
	struct world *world = *state;

	process_signal(&world->agent, SIGTERM);
	assert_int_equal(process_wait(&world->agent), 0);
	assert_web_opens(world);
	assert_false(ssh_opens(world));
}

static void puts_back_what_somebody_detached(void **state)
{
	struct world *world = *state;

	netns_run(world->node,
		  "for pin in %s/link-ingress-*; do $(command -v bpftool || echo /usr/sbin/bpftool) link "
		  "detach pinned $pin; done",
		  world->pins);
	process_expect_log(&world->agent, "interface eth0: somebody had detached our program; it is back");
	assert_false(ssh_opens(world));
	assert_web_opens(world);
}

#define BPFTOOL "$(command -v bpftool || echo /usr/sbin/bpftool)"

/* What holds our programs at the devices, by the numbers of the links. */
static void list_links(const struct world *world, char *numbers, size_t size)
{
	char shell[256];
	const char *const argv[] = {"/bin/sh", "-c", shell, NULL};

	(void)snprintf(shell, sizeof(shell),
		       "for pin in %s/link-*; do " BPFTOOL
		       " link show pinned $pin | sed -n 's/^\\([0-9]*\\):.*/\\1/p'; done | tr '\\n' ' '",
		       world->pins);
	assert_int_equal(process_run(world->node, numbers, size, argv), 0);
	assert_true(strlen(numbers) > 3);
}

/* Nothing of ours is left on the node: neither pins nor links nor programs nor qdiscs. */
static void assert_untouched(const struct world *world, const char *link_numbers)
{
	assert_int_equal(access(world->pins, F_OK), -1);
	netns_run(world->node,
		  "for id in %s; do if " BPFTOOL " link show id $id >/dev/null 2>&1; then exit 1; fi; done",
		  link_numbers);
	netns_run(world->node, "! " BPFTOOL " net show | grep -E 'rw_(in|e)gress'");
	netns_run(world->node, "! tc qdisc show | grep -E 'clsact|ingress'");
}

static void is_degraded_while_somebody_else_decides_at_egress(void **state)
{
	struct world *world = *state;
	char status[4096];

	netns_run(world->node, "tc qdisc add dev eth0 clsact && "
			       "tc filter add dev eth0 egress prio 7 u32 match u32 0 0 classid 1:1");
	process_expect_log(&world->agent,
			   "interface eth0: a foreign program may bypass ours: filter u32 runs "
			   "behind ours at egress");
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(
		strstr(status, "hook shared, may be bypassed: filter u32 runs behind ours at egress"));
	assert_web_opens(world);
	assert_false(ssh_opens(world));

	netns_run(world->node, "tc filter del dev eth0 egress");
	process_expect_log(&world->agent, "interface eth0: under our control again");
}

/* A line of /proc/PID/status as a number. */
static uint64_t read_status(pid_t pid, const char *name)
{
	unsigned long long value = ~0ull;
	char path[64], line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			(void)sscanf(line + strlen(name), ": %llx", &value);
	(void)fclose(file);
	return value;
}

/* The only child of a process; 0 = none. */
static pid_t find_child(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	(void)!fscanf(file, "%d", &child);
	(void)fclose(file);
	return child;
}

#define CAPABILITY(number) (UINT64_C(1) << (number))

static void runs_with_the_rights_that_enforcement_needs(void **state)
{
	const uint64_t agent = CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_BPF) | CAPABILITY(CAP_PERFMON);
	const uint64_t helper =
		CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_SYS_ADMIN);
	struct world *world = *state;
	pid_t pid = world->agent.pid, child = find_child(pid);

	assert_int_equal(read_status(pid, "CapEff"), agent);
	assert_int_equal(read_status(pid, "CapPrm"), agent);
	assert_int_equal(read_status(pid, "CapInh"), 0);
	assert_int_equal(read_status(pid, "CapBnd") & ~agent, 0);
	assert_int_equal(read_status(pid, "NoNewPrivs"), 1);
	assert_true(child > 0);
	assert_int_equal(read_status(child, "CapEff") & ~helper, 0);
	assert_int_equal(read_status(child, "NoNewPrivs"), 1);
	assert_false(ssh_opens(world));
}

/* That is: without those with which it started. */
static void grows_its_tables_with_the_rights_that_it_has(void **state)
{
	struct world *world = *state;
	char status[4096];

	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(strstr(status, " of at most 32 MiB, 4 MiB taken"));
	write_any_model(world, "0.0.0.0/0", 22, true);
	process_signal(&world->agent, SIGHUP);
	process_expect_connects(world->peer, NODE, 22, true);
	assert_false(web_opens(world));
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(strstr(status, " of at most 32 MiB, "));
	assert_null(strstr(status, ", 4 MiB taken"));
	/* The next agent has the same. */
	process_stop(&world->agent, SIGKILL);
	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	assert_ssh_opens(world);
	assert_false(web_opens(world));
}

static void names_a_program_that_it_may_not_look_at(void **state)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	const uint32_t before = 1 << 3; /* BPF_F_BEFORE */
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = before);
	struct world *world = *state;
	int ifindex = (int)netns_ifindex(world->node, "eth0");
	int intruder = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "intruder", "GPL", instructions, 2, NULL), link;

	netns_enter(world->node);
	link = bpf_link_create(intruder, ifindex, (enum bpf_attach_type)46 /* BPF_TCX_INGRESS */, &options);
	netns_leave();
	if (link < 0)
		skip();
	process_expect_log(&world->agent,
			   "interface eth0: a foreign program may bypass ours: program intruder "
			   "(id ");
	(void)close(link);
	(void)close(intruder);
}

static void enforces_by_clsact_with_the_same_rights(void **state)
{
	struct world *world = *state;

	process_stop(&world->agent, SIGTERM);
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_int_equal(command(world, "attach", NULL, 0), 0);
	world->by_clsact = true;
	start_agent(world);
	process_expect_log(&world->agent, "enforcement begins");
	assert_web_opens(world);
	assert_false(ssh_opens(world));
	netns_run(world->node, "tc filter show dev eth0 ingress | grep -q rw_ingress");

	netns_run(world->node, "tc qdisc del dev eth0 clsact");
	process_expect_log(&world->agent, "interface eth0: somebody had detached our program; it is back");
	assert_false(ssh_opens(world));
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_ssh_opens(world);
}

/* What the command says of it, in 'said'. */
static char said[512];

static int early_drop(const struct world *world, const char *verb, const char *interface, const char *more)
{
	const char *argv[] = {program,     "early-drop", "--state", world->state, "--pin-dir",
			      world->pins, verb,         interface, more,         NULL};

	said[0] = '\0';
	return process_run(world->node, said, sizeof(said), argv);
}

static uint32_t xdp_id(const struct world *world)
{
	int ifindex = (int)netns_ifindex(world->node, "eth0");
	uint32_t id = 0;

	netns_enter(world->node);
	assert_int_equal(bpf_xdp_query_id(ifindex, 0, &id), 0);
	netns_leave();
	return id;
}

/* As often as it takes: a busy agent may not answer at once. */
static void assert_status_has(const struct world *world, const char *text)
{
	char status[8192] = "";

	for (int i = 0; i < 20; i++)
		if (command(world, "status", status, sizeof(status)) == 0 && strstr(status, text))
			return;
	fail_msg("no \"%s\" in:\n%s", text, status);
}

static void assert_enforced(const struct world *world)
{
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(ssh_opens(world));
}

static void drops_early_where_the_operator_says_so(void **state)
{
	struct world *world = *state;

	assert_int_equal(xdp_id(world), 0);
	assert_int_equal(early_drop(world, "off", "eth0", NULL), 1);
	assert_int_equal(early_drop(world, "on", "eth0", NULL), 0);
	assert_string_equal(said, "eth0: early drop is on\n");
	assert_true(xdp_id(world));
	assert_status_has(world, "eth0: early drop is dropping (xdp)");
	assert_enforced(world);
	assert_int_equal(early_drop(world, "off", "eth0", NULL), 0);
	assert_true(xdp_id(world));
	/* As it was said last, over a crash and the next start. */
	process_stop(&world->agent, SIGKILL);
	assert_status_has(world, "xdp");
	assert_enforced(world);
	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	assert_status_has(world, "eth0: early drop is idle (xdp)");
	assert_int_equal(early_drop(world, "on", "eth0", "--generic"), 0);
	assert_status_has(world, "eth0: early drop is dropping (xdp-generic)");
	assert_enforced(world);
	assert_int_equal(early_drop(world, "remove", "eth0", NULL), 0);
	assert_int_equal(xdp_id(world), 0);
	/* Not enforced now: it is kept for when it is. */
	assert_int_equal(early_drop(world, "on", "eth7", NULL), 0);
	assert_non_null(strstr(said, "eth7: early drop is on; no interface of that name is enforced now"));
	assert_int_equal(early_drop(world, "on", NULL, NULL), 2);
	assert_int_equal(early_drop(world, "sideways", "eth0", NULL), 2);
	assert_int_equal(early_drop(world, "on", "eth0", NULL), 0);
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_int_equal(xdp_id(world), 0);
	assert_int_equal(command(world, "attach", NULL, 0), 0);
	assert_true(xdp_id(world));
}

static void drops_early_from_the_start_until_a_command_says_otherwise(void **state)
{
	struct world *world = *state;

	world->early = true;
	process_stop(&world->agent, SIGTERM);
	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	assert_status_has(world, "eth0: early drop is dropping (xdp-generic)");
	assert_enforced(world);
	assert_int_equal(early_drop(world, "remove", "eth0", NULL), 0);
	process_stop(&world->agent, SIGTERM);
	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	assert_int_equal(xdp_id(world), 0);
	assert_enforced(world);
}

static void leaves_nothing_after_detach(void **state)
{
	struct world *world = *state;
	char status[4096], links[64];

	list_links(world, links, sizeof(links));
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_ssh_opens(world);
	assert_web_opens(world);
	assert_untouched(world, links);
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(strstr(status, "detached"));

	/* It stays so when the agent starts anew ... */
	process_stop(&world->agent, SIGTERM);
	start_agent(world);
	process_expect_log(&world->agent, "this node is detached");
	process_expect_log(&world->agent, "policy in force");
	assert_ssh_opens(world);

	/* ... until it is attached. */
	assert_int_equal(command(world, "attach", NULL, 0), 0);
	assert_false(ssh_opens(world));
	assert_web_opens(world);
}

static void detaches_without_agent_and_state_folder(void **state)
{
	struct world *world = *state;
	char shell[256], links[64];

	list_links(world, links, sizeof(links));
	process_stop(&world->agent, SIGKILL);
	(void)snprintf(shell, sizeof(shell), "rm -rf %s; touch %s", world->state, world->state);
	assert_int_equal(system(shell), 0);
	assert_false(ssh_opens(world));
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_ssh_opens(world);
	assert_untouched(world, links);
}

static void follows_a_detach_that_could_not_reach_it(void **state)
{
	struct world *world = *state;
	char shell[160];

	/* The socket is gone, say by a cleaner of /run; the agent sees the mark at its next check. */
	(void)snprintf(shell, sizeof(shell), "rm -f /run/ringwall-agent/rwt-%d-*/control.sock",
		       (int)getpid());
	assert_int_equal(system(shell), 0);
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_ssh_opens(world);
	process_expect_log(&world->agent, "the operator has detached this node");
	assert_ssh_opens(world);
	assert_int_equal(access(world->pins, F_OK), -1);
}

static void takes_a_new_interface_under_control(void **state)
{
	struct world *world = *state;

	netns_veth(world->node, "eth1", world->peer, "eth1");
	netns_run(world->node, "ip address add " SECOND "/24 dev eth1");
	netns_run(world->peer, "ip address add 10.77.1.2/24 dev eth1");
	world->listeners[2] = process_listen(world->node, SECOND, 22);
	world->listeners[3] = process_listen(world->node, SECOND, 80);
	process_expect_log(&world->agent, "interface eth1 is under control");
	process_expect_connects(world->peer, SECOND, 80, true);
	assert_false(process_connects(world->peer, SECOND, 22));

	netns_run(world->node, "ip link delete eth1");
	process_expect_log(&world->agent, "interface eth1 is released");
	assert_false(ssh_opens(world));
}

static void goes_on_when_an_interface_is_missing_and_takes_it_when_it_comes(void **state)
{
	struct world *world = *state;
	char status[4096];

	process_stop(&world->agent, SIGTERM);
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_int_equal(command(world, "attach", NULL, 0), 0);
	netns_run(world->node, "ip link set eth0 down && ip link set eth0 name later");
	start_agent(world);
	process_expect_log(&world->agent, "no interface of this node is enforced");
	process_expect_log(&world->agent, "policy in force");
	assert_int_equal(command(world, "status", status, sizeof(status)), 0);
	assert_non_null(strstr(status, "not enforcing: no interface"));

	netns_run(world->node, "ip link set later name eth0 && ip link set eth0 up");
	process_expect_log(&world->agent, "interface eth0 is under control");
	process_expect_log(&world->agent, "enforcement begins");
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(ssh_opens(world));
}

static void refuses_a_second_agent(void **state)
{
	struct world *world = *state;
	const char *argv[] = {program,   "--file",     world->model, "--node",    "one",
			      "--state", world->state, "--pin-dir",  world->pins, NULL};

	assert_int_equal(process_run(world->node, NULL, 0, argv), 1);
	assert_false(ssh_opens(world));
}

static void a_second_agent_does_not_move_what_detach_looks_at(void **state)
{
	struct world *world = *state;
	char elsewhere[128];
	const char *second[] = {program,   "--file",     world->model, "--node",  "one",
				"--state", world->state, "--pin-dir",  elsewhere, NULL};
	const char *detach[] = {program, "detach", "--state", world->state, NULL};

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s-elsewhere", world->pins);
	assert_int_equal(process_run(world->node, NULL, 0, second), 1);
	process_stop(&world->agent, SIGKILL);
	assert_false(ssh_opens(world));
	assert_int_equal(process_run(world->node, NULL, 0, detach), 0);
	assert_ssh_opens(world);
	assert_int_equal(access(world->pins, F_OK), -1);
}

static void saves_what_came_while_it_was_detached(void **state)
{
	struct world *world = *state;
	char socket[128];

	/* Without its socket it detaches and attaches at its checks, which also save. */
	(void)snprintf(socket, sizeof(socket), "rm -f /run/ringwall-agent/rwt-%d-*/control.sock",
		       (int)getpid());
	assert_int_equal(system(socket), 0);
	write_model(world, "0.0.0.0/0", 22);
	assert_int_equal(command(world, "detach", NULL, 0), 0);
	assert_int_equal(kill(world->agent.pid, SIGHUP), 0);
	process_expect_log(&world->agent, "the operator has detached this node");
	process_expect_log(&world->agent, "reload=2");
	assert_int_equal(command(world, "attach", NULL, 0), 0);
	process_expect_connects(world->peer, NODE, 80, false);
	assert_ssh_opens(world);
	/* The next start has only what was saved. */
	process_stop(&world->agent, SIGTERM);
	netns_run(world->node, "echo '{' >%s && rm -rf %s", world->model, world->pins);
	start_agent(world);
	process_expect_log(&world->agent, "saved policy in force");
	assert_ssh_opens(world);
	assert_false(process_connects(world->peer, NODE, 80));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_what_no_rule_accepts),
		TEST(keeps_the_old_policy_when_the_file_is_bad),
		TEST(enforces_on_when_the_agent_is_killed),
		TEST(enforces_on_when_the_agent_is_stopped),
		TEST(puts_back_what_somebody_detached),
		TEST(is_degraded_while_somebody_else_decides_at_egress),
		TEST(runs_with_the_rights_that_enforcement_needs),
		TEST(grows_its_tables_with_the_rights_that_it_has),
		TEST(names_a_program_that_it_may_not_look_at),
		TEST(enforces_by_clsact_with_the_same_rights),
		TEST(drops_early_where_the_operator_says_so),
		TEST(drops_early_from_the_start_until_a_command_says_otherwise),
		TEST(leaves_nothing_after_detach),
		TEST(detaches_without_agent_and_state_folder),
		TEST(follows_a_detach_that_could_not_reach_it),
		TEST(takes_a_new_interface_under_control),
		TEST(goes_on_when_an_interface_is_missing_and_takes_it_when_it_comes),
		TEST(refuses_a_second_agent),
		TEST(a_second_agent_does_not_move_what_detach_looks_at),
		TEST(saves_what_came_while_it_was_detached),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
