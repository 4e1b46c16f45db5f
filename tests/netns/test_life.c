/* SPDX-License-Identifier: Apache-2.0 */

/* The life of an enforcer: pins, crashes, take-over, somebody who detaches, the way out. */

#include "test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "scratch.h"
#include "steps.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TCP_80     RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0")
#define NO_RULES   ((const char *const[]){NULL})

static int node, peer;
static const char *pins;

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, "eth0");
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(node, "ip addr add 10.0.0.2/24 dev eth0");
	pins = netns_pin_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	(void)close(node);
	(void)close(peer);
	return 0;
}

static bool reaches(uint16_t port)
{
	int listener = filter_listen(node, "10.0.0.2", port);
	int client = filter_connect(peer, "10.0.0.1", "10.0.0.2", port);

	(void)close(client);
	(void)close(listener);
	return client >= 0;
}

/* One datagram inwards, which needs no answer to pass. */
static bool hears(uint16_t port)
{
	int server = filter_udp(node, "10.0.0.2", port), client = filter_udp(peer, "10.0.0.1", 0);
	bool heard = filter_tells(client, server, "10.0.0.2", port);

	(void)close(server);
	(void)close(client);
	return heard;
}

static struct rw_enforcer *start(const char *const rules[])
{
	struct rw_enforcer *enforcer = filter_open(node, pins);

	filter_apply(enforcer, node, "eth0", rules);
	filter_enforce(enforcer, node);
	return enforcer;
}

/* A process that enforces and is killed. */
static void start_and_kill(const char *const rules[])
{
	int ready[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)start(rules);
		(void)!write(ready[1], "r", 1);
		pause();
		_exit(1);
	}
	assert_true(netns_readable(ready[0], 20000));
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void killed_process_leaves_enforcement_in_place(void **state)
{
	(void)state;
	start_and_kill(TCP_80);
	assert_true(reaches(80));
	assert_false(reaches(81));
}

static void next_process_takes_over_without_a_gap(void **state)
{
	struct rw_enforcer_status status;
	struct rw_enforcer *enforcer;
	int listener, client, served;

	(void)state;
	start_and_kill(TCP_80);
	listener = filter_listen(node, "10.0.0.2", 80);
	client = filter_connect(peer, "10.0.0.1", "10.0.0.2", 80);
	served = filter_accept(listener);
	(void)close(listener);
	assert_true(client >= 0 && served >= 0);
	enforcer = filter_open(node, pins);
	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_true(status.adopted);
	assert_int_equal(status.mode, RW_ENFORCER_ENFORCE);
	assert_false(reaches(81));
	/* New rules, old connection: still in the table, and decided anew. */
	filter_apply(enforcer, node, "eth0", RULES("sgr-1 in accept tcp 80/81 0.0.0.0/0"));
	assert_true(filter_says(client, served) && filter_says(served, client));
	assert_true(reaches(81));
	filter_apply(enforcer, node, "eth0", NO_RULES);
	assert_false(filter_says(client, served));
	rw_enforcer_close(enforcer);
	assert_false(reaches(80));
}

static void process_with_other_sizes_replaces_the_old_one(void **state)
{
	struct rw_enforce_bpf_options options = {
		.pin_dir = pins, .table_memory = 16 << 20, .flow_entries = 1 << 13};
	int listener, client, served;
	struct rw_enforcer *enforcer;

	(void)state;
	start_and_kill(TCP_80);
	listener = filter_listen(node, "10.0.0.2", 80);
	client = filter_connect(peer, "10.0.0.1", "10.0.0.2", 80);
	served = filter_accept(listener);
	(void)close(listener);
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	/* Until its device is attached anew, the old programs decide. */
	assert_true(reaches(80));
	assert_false(reaches(81));
	filter_apply(enforcer, node, "eth0", TCP_80);
	assert_true(filter_says(client, served) && filter_says(served, client));
	assert_true(reaches(80));
	assert_false(reaches(81));
	rw_enforcer_close(enforcer);
	assert_false(reaches(81));
}

static void detach_leaves_nothing_behind(void **state)
{
	struct rw_enforcer *running;
	unsigned int devices = 0;

	(void)state;
	running = start(NO_RULES);
	assert_false(reaches(80));
	/* Also under the hands of a running agent. */
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, &devices, NULL), 0);
	netns_leave();
	assert_int_equal(devices, 1);
	assert_true(reaches(80));
	assert_int_not_equal(access(pins, F_OK), 0);
	rw_enforcer_close(running);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, &devices, NULL), 0);
	assert_int_equal(devices, 0);
}

/* A pin of somebody else's map. */
static void pin_foreign(const char *path)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 4, 1, NULL);

	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	(void)close(fd);
}

static void detach_takes_only_what_is_ours(void **state)
{
	char path[256], folder[SCRATCH_SIZE];

	(void)state;
	start_and_kill(TCP_80);
	(void)snprintf(path, sizeof(path), "%s/foreign", pins);
	pin_foreign(path);
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	assert_true(reaches(81));
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	/* The folder of another file system, by mistake. */
	scratch_make(folder);
	(void)snprintf(path, sizeof(path), "%s/map-rw_control", folder);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(rw_enforce_bpf_detach_all(folder, NULL, NULL), -EINVAL);
	/* It is as it was. */
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(scratch_remove(folder), 0);
}

static void pins_of_another_version_are_replaced(void **state)
{
	struct rw_enforcer *enforcer;
	char own[256], other[256];

	(void)state;
	start_and_kill(TCP_80);
	(void)snprintf(own, sizeof(own), "%s/version-%d", pins, RW_BPF_ABI_VERSION);
	(void)snprintf(other, sizeof(other), "%s/version-%d", pins, RW_BPF_ABI_VERSION + 1);
	assert_int_equal(rename(own, other), 0);
	enforcer = filter_open(node, pins);
	assert_false(rw_bpf_of(enforcer)->adopted);
	/* Else the program of that version would take ours for its own. */
	assert_int_equal(access(other, F_OK), -1);
	rw_enforcer_close(enforcer);
}

static void unpinned_enforcement_ends_with_the_process(void **state)
{
	struct rw_enforcer *enforcer = filter_open(node, NULL);

	(void)state;
	filter_apply(enforcer, node, "eth0", NO_RULES);
	filter_enforce(enforcer, node);
	assert_false(reaches(80));
	rw_enforcer_close(enforcer);
	assert_true(reaches(80));
}

static void remember(void *context, const struct rw_enforcer_event *event)
{
	*(struct rw_enforcer_event *)context = *event;
}

static struct rw_enforcer_event check(struct rw_enforcer *enforcer)
{
	struct rw_enforcer_event event = {.kind = (enum rw_enforcer_event_kind) - 1};

	netns_enter(node);
	assert_int_equal(enforcer->ops->check(enforcer, remember, &event, NULL), 0);
	netns_leave();
	return event;
}

static void detached_program_is_put_back(void **state)
{
	struct rw_enforcer *enforcer = start(NO_RULES);
	char path[256];
	int link;

	(void)state;
	/* By clsact it is another story: see below. */
	if (!rw_bpf_of(enforcer)->tcx) {
		rw_enforcer_close(enforcer);
		skip();
	}
	assert_int_equal(check(enforcer).ifindex, 0);
	rw_bpf_pin_path(path, sizeof(path), pins, "link-ingress", netns_ifindex(node, "eth0"));
	link = bpf_obj_get(path);
	assert_true(link >= 0);
	assert_int_equal(bpf_link_detach(link), 0);
	(void)close(link);
	assert_true(hears(80));
	assert_int_equal(check(enforcer).kind, RW_ENFORCER_EVENT_RESTORED);
	assert_false(hears(80));
	rw_enforcer_close(enforcer);
}

/* A program of somebody else's, which lets the next one decide. */
static int load_foreign(void)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", instructions, 2, NULL);

	assert_true(program >= 0);
	return program;
}

static void foreign_program_before_ours_is_told(void **state)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = RW_BPF_F_BEFORE);
	struct rw_enforcer *enforcer = start(NO_RULES);
	struct rw_enforcer_device_status status;
	unsigned int ifindex = netns_ifindex(node, "eth0");
	int program, link;

	(void)state;
	program = load_foreign();
	netns_enter(node);
	link = bpf_link_create(program, (int)ifindex, (enum bpf_attach_type)RW_BPF_TCX_INGRESS, &options);
	netns_leave();
	if (link < 0)
		skip();
	assert_int_equal(check(enforcer).kind, RW_ENFORCER_EVENT_SHARED);
	assert_int_equal(enforcer->ops->devices(enforcer, &status, 1), 1);
	assert_int_equal(status.hold, RW_ENFORCER_SHARED);
	(void)close(link);
	assert_int_equal(check(enforcer).kind, RW_ENFORCER_EVENT_HELD);
	rw_enforcer_close(enforcer);
}

static void device_that_goes_is_forgotten(void **state)
{
	struct rw_enforcer *enforcer = start(NO_RULES);

	(void)state;
	netns_run(node, "ip link del eth0");
	assert_int_equal(check(enforcer).kind, RW_ENFORCER_EVENT_GONE);
	assert_int_equal(enforcer->ops->devices(enforcer, NULL, 0), 0);
	rw_enforcer_close(enforcer);
}

static void clsact_serves_where_tcx_is_missing(void **state)
{
	struct rw_enforce_bpf_options options = {
		.pin_dir = pins, .table_memory = 8 << 20, .flow_entries = 1 << 12, .without_tcx = true};
	struct rw_enforcer *enforcer;

	(void)state;
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	filter_apply(enforcer, node, "eth0", TCP_80);
	filter_enforce(enforcer, node);
	assert_true(reaches(80));
	assert_false(reaches(81));
	assert_int_equal(check(enforcer).ifindex, 0);
	netns_run(node, "tc filter del dev eth0 ingress");
	assert_true(hears(81));
	assert_int_equal(check(enforcer).kind, RW_ENFORCER_EVENT_RESTORED);
	assert_false(hears(81));
	rw_enforcer_close(enforcer);
	assert_false(reaches(81));
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	assert_true(reaches(81));
}

static bool has_clsact(void)
{
	int status;

	netns_enter(node);
	status = system("tc qdisc show dev eth0 | grep -q clsact");
	netns_leave();
	return status == 0;
}

static struct rw_enforcer *open_by_filters(void)
{
	struct rw_enforce_bpf_options options = {
		.pin_dir = pins, .table_memory = 8 << 20, .flow_entries = 1 << 12, .without_tcx = true};
	struct rw_enforcer *enforcer;

	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	return enforcer;
}

/* An enforcer by clsact that has ended, with its filters in place. */
static void leave_filters(void)
{
	struct rw_enforcer *enforcer = open_by_filters();

	filter_apply(enforcer, node, "eth0", NO_RULES);
	filter_enforce(enforcer, node);
	rw_enforcer_close(enforcer);
	assert_true(has_clsact());
	assert_false(hears(80));
}

static void detach_everything(void)
{
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	assert_true(hears(80));
	assert_int_equal(access(pins, F_OK), -1);
}

static void qdisc_that_we_made_goes_with_us(void **state)
{
	(void)state;
	leave_filters();
	detach_everything();
	assert_false(has_clsact());
}

static void qdisc_of_others_stays(void **state)
{
	(void)state;
	netns_run(node, "tc qdisc add dev eth0 clsact");
	leave_filters();
	detach_everything();
	assert_true(has_clsact());
}

static void qdisc_that_others_use_stays_with_their_filters(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)netns_ifindex(node, "eth0"),
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 1, .priority = 7, .prog_fd = load_foreign());

	(void)state;
	leave_filters();
	netns_enter(node);
	assert_int_equal(bpf_tc_attach(&hook, &filter), 0);
	netns_leave();
	detach_everything();
	assert_true(has_clsact());
	netns_run(node, "tc filter show dev eth0 egress | grep -q foreign");
	(void)close(filter.prog_fd);
}

static void enforce_by_filters(void *context)
{
	struct rw_enforcer *enforcer = open_by_filters();

	(void)context;
	steps_begin();
	filter_apply(enforcer, node, "eth0", NO_RULES);
	filter_enforce(enforcer, node);
}

/* Nobody but the pins knows of filters in a qdisc that is not ours. */
static void detach_finds_the_filters_of_who_was_killed_while_attaching(void **state)
{
	unsigned int steps = 0;

	(void)state;
	netns_run(node, "tc qdisc add dev eth0 clsact");
	while (steps_kill_before(enforce_by_filters, NULL, steps)) {
		steps++;
		detach_everything();
		netns_run(node, "! tc filter show dev eth0 ingress | grep .");
		netns_run(node, "! tc filter show dev eth0 egress | grep .");
	}
	/* A filter a side and a pin, at the least. */
	assert_true(steps > 3);
}

static void qdisc_goes_when_an_unpinned_process_closes(void **state)
{
	struct rw_enforce_bpf_options options = {
		.table_memory = 8 << 20, .flow_entries = 1 << 12, .without_tcx = true};
	struct rw_enforcer *enforcer;

	(void)state;
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	filter_apply(enforcer, node, "eth0", NO_RULES);
	filter_enforce(enforcer, node);
	assert_false(hears(80));
	netns_enter(node);
	rw_enforcer_close(enforcer);
	netns_leave();
	assert_true(hears(80));
	assert_false(has_clsact());
}

static void learning_passes_all_and_monitoring_counts(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", NULL);
	struct rw_enforcer *enforcer = filter_open(node, pins);
	struct rw_enforcer_status status;

	(void)state;
	filter_apply(enforcer, node, "eth0", NO_RULES);
	assert_true(reaches(80));
	policy->enforcement = RW_MONITOR;
	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, NULL), 0);
	filter_enforce(enforcer, node);
	assert_true(reaches(81));
	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_int_equal(status.mode, RW_ENFORCER_MONITOR);
	assert_true(status.would_drop[RW_CAUSE_DEFAULT] > 0);
	assert_int_equal(status.dropped[RW_CAUSE_DEFAULT], 0);
	filter_apply(enforcer, node, "eth0", NO_RULES);
	assert_false(reaches(82));
	rw_enforcer_close(enforcer);
}

static void private_mount_namespace_is_refused(void **state)
{
	struct rw_enforce_bpf_options options = {.pin_dir = "/sys/fs/bpf/ringwall-test-private/p"};
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct rw_error err = RW_ERROR_NONE;
		struct rw_enforcer *enforcer;
		int r;

		/* What 'ip netns exec' does. */
		if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "none", MS_SLAVE | MS_REC, NULL) < 0 ||
		    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0)
			_exit(2);
		r = rw_enforce_bpf_open(&options, &enforcer, &err);
		_exit(r == -EXDEV && err.hint[0] ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Of each of several pin folders, as fleets have them. */
static void pins_of_a_test_that_was_killed_go_with_the_next_test(void **state)
{
	char path[2][64];
	pid_t pid = fork();
	int status;

	(void)state;
	for (int i = 0; i < 2; i++)
		(void)snprintf(path[i], sizeof(path[i]), "/sys/fs/bpf/ringwall-test-%d/p-%d",
			       pid ? (int)pid : (int)getpid(), i);
	if (pid == 0) {
		for (int i = 0; i < 2; i++)
			filter_apply(filter_open(node, path[i]), node, i ? "lo" : "eth0", TCP_80);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	for (int i = 0; i < 2; i++)
		assert_int_equal(access(path[i], F_OK), 0);
	start_and_kill(TCP_80);
	netns_remove_leftovers();
	*strrchr(path[0], '/') = '\0';
	assert_int_equal(access(path[0], F_OK), -1);
	/* What is of a process that lives stays. */
	assert_int_equal(access(pins, F_OK), 0);
	assert_false(reaches(81));
}

static void policy_that_does_not_fit_leaves_the_old_one(void **state)
{
	struct rw_enforce_bpf_options options = {.pin_dir = pins,
						 .table_memory = RW_ENFORCE_TABLE_MEMORY_MIN};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *large = filter_policy("eth0", TCP_80);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer *enforcer;
	struct rw_prefix *prefixes = calloc(100000, sizeof(*prefixes));

	(void)state;
	/* Scattered by chance: anything regular is compressed too well. */
	srand(1);
	for (uint32_t i = 0; i < 100000; i++) {
		prefixes[i] = world_prefix("10.0.0.0/32");
		for (int byte = 1; byte < 4; byte++)
			prefixes[i].address.bytes[byte] = (uint8_t)(rand() >> 8);
	}
	large->sets = calloc(1, sizeof(*large->sets));
	large->sets[0] = rw_address_set_new("sg-large", prefixes, 100000);
	large->set_count = 1;
	large->groups[0]->rules[0]->object.kind = RW_OBJECT_GROUP;
	world_id(large->groups[0]->rules[0]->object.id, "sg-large");
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	filter_apply(enforcer, node, "eth0", TCP_80);
	filter_enforce(enforcer, node);
	assert_int_equal(rw_enforcer_apply(enforcer, large, RW_ESTABLISHED_CUT, &err), -E2BIG);
	assert_true(err.text[0]);
	assert_true(reaches(80));
	filter_apply(enforcer, node, "eth0", NO_RULES);
	assert_false(reaches(80));
	rw_enforcer_close(enforcer);
}

/* ---- names ---- */

/* Counts flows by the interface that let them in: one that was renamed away, and the many names after it. */
struct let_in {
	size_t by_lan, by_many;
};

static bool count_let_in(void *context, const struct rw_enforce_bpf_flow *flow)
{
	struct let_in *let_in = context;

	let_in->by_lan += strcmp(flow->in, "lan0") == 0;
	let_in->by_many += strncmp(flow->in, "many", 4) == 0;
	return true;
}

static struct let_in read_let_in(void)
{
	struct rw_enforce_bpf_table *table;
	struct let_in let_in = {0};

	assert_int_equal(rw_enforce_bpf_table_open(pins, &table, NULL), 0);
	rw_enforce_bpf_table_walk(table, count_let_in, &let_in);
	rw_enforce_bpf_table_close(table);
	return let_in;
}

/* Far more names than there are slots for, one after the other: tunnels that come and go for years. */
static void names_of_interfaces_that_went_are_given_back(void **state)
{
	static const char *const rules[] = {"sgr-1 in accept tcp 80/80 0.0.0.0/0", NULL};
	struct rw_enforcer *enforcer = filter_open(node, pins);
	int ends[2];

	(void)state;
	netns_veth(peer, "p1", node, "eth1");
	netns_run(peer, "ip addr add 10.1.0.1/24 dev p1");
	netns_run(node, "ip addr add 10.1.0.2/24 dev eth1");
	{
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0,lan0", rules);

		assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, NULL), 0);
	}
	filter_attach(enforcer, node, "eth0", "eth0");
	filter_attach(enforcer, node, "eth1", "lan0");
	filter_enforce(enforcer, node);
	filter_join(peer, "10.1.0.1", node, "10.1.0.2", 80, ends);
	assert_int_equal(read_let_in().by_lan, 1);
	filter_change(enforcer, "eth0", rules, RW_ESTABLISHED_CUT);
	for (unsigned int i = 0; i < 600; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "many%u", i);
		filter_attach(enforcer, node, "eth1", name);
	}
	/* The flow that one of the first names let in is told by that name, not by one that came after. */
	assert_int_equal(read_let_in().by_lan, 1);
	assert_int_equal(read_let_in().by_many, 0);
	/* And the names in force have stayed what they were. */
	assert_true(reaches(80));
	filter_change(enforcer, "eth0,lan0,many599", rules, RW_ESTABLISHED_CUT);
	filter_assert_says(ends[0], ends[1]);
	assert_true(reaches(80));
	assert_false(reaches(81));
	(void)close(ends[0]);
	(void)close(ends[1]);
	rw_enforcer_close(enforcer);
}

static void probe_finds_what_is_needed(void **state)
{
	struct rw_enforce_bpf_feature features[RW_ENFORCE_BPF_FEATURE_MAX];
	size_t count = rw_enforce_bpf_probe("/sys/fs/bpf/ringwall-test-probe", features);

	(void)state;
	assert_true(count > 4 && count <= RW_ENFORCE_BPF_FEATURE_MAX);
	for (size_t i = 0; i < count; i++)
		if (features[i].required && features[i].error)
			fail_msg("%s: %s", features[i].name, features[i].text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_process_leaves_enforcement_in_place),
		TEST(next_process_takes_over_without_a_gap),
		TEST(process_with_other_sizes_replaces_the_old_one),
		TEST(detach_leaves_nothing_behind),
		TEST(detach_takes_only_what_is_ours),
		TEST(pins_of_another_version_are_replaced),
		TEST(unpinned_enforcement_ends_with_the_process),
		TEST(detached_program_is_put_back),
		TEST(foreign_program_before_ours_is_told),
		TEST(device_that_goes_is_forgotten),
		TEST(clsact_serves_where_tcx_is_missing),
		TEST(qdisc_that_we_made_goes_with_us),
		TEST(qdisc_of_others_stays),
		TEST(qdisc_that_others_use_stays_with_their_filters),
		TEST(detach_finds_the_filters_of_who_was_killed_while_attaching),
		TEST(qdisc_goes_when_an_unpinned_process_closes),
		TEST(learning_passes_all_and_monitoring_counts),
		TEST(private_mount_namespace_is_refused),
		TEST(pins_of_a_test_that_was_killed_go_with_the_next_test),
		TEST(policy_that_does_not_fit_leaves_the_old_one),
		TEST(names_of_interfaces_that_went_are_given_back),
		TEST(probe_finds_what_is_needed),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
