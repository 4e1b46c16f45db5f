/* SPDX-License-Identifier: Apache-2.0 */
#include "netns.h"

#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforce/bpf/bpf.h"
#include "scratch.h"

#define PIN_PARENT "/sys/fs/bpf"
#define PIN_PREFIX "ringwall-test-"

static int home = -1;
static char pin_dir[64];
static pid_t owner; /* of what is below PIN_PREFIX and its number */

static void detach_all(const char *path)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforce_bpf_detach_all(path, NULL, &err) < 0)
		(void)fprintf(stderr, "%s\n", err.text);
}

/* What is pinned below a folder of ours, with what it holds. */
static void remove_pins(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		(void)snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
		if (entry->d_name[0] != '.')
			detach_all(path);
	}
	if (dir)
		(void)closedir(dir);
	(void)scratch_remove_tree(parent);
}

static void remove_own_pins(void)
{
	if (owner == getpid())
		scratch_sweep(PIN_PARENT, PIN_PREFIX, true, remove_pins);
}

void netns_remove_leftovers(void)
{
	scratch_sweep(PIN_PARENT, PIN_PREFIX, false, remove_pins);
}

void netns_require(void)
{
	struct rw_enforce_bpf_options options = {.table_memory = RW_ENFORCE_TABLE_MEMORY_MIN};
	struct rw_enforcer *enforcer = NULL;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || unshare(CLONE_NEWNET) < 0) {
		printf("skipped: network namespaces cannot be made: %s\n", strerror(errno));
		exit(77);
	}
	netns_leave();
	r = rw_enforce_bpf_open(&options, &enforcer, &err);
	if (r == -EPERM) {
		printf("skipped: %s\n", err.text);
		exit(77);
	}
	rw_enforcer_close(enforcer);
	/* Of an earlier process with our number, and of all that are gone. */
	scratch_sweep(PIN_PARENT, PIN_PREFIX, true, remove_pins);
	netns_remove_leftovers();
}

const char *netns_pin_dir(void)
{
	if (!pin_dir[0]) {
		owner = getpid();
		(void)snprintf(pin_dir, sizeof(pin_dir), PIN_PARENT "/" PIN_PREFIX "%d/p", owner);
		(void)atexit(remove_own_pins);
	}
	detach_all(pin_dir);
	return pin_dir;
}

void netns_enter(int ns)
{
	if (setns(ns, CLONE_NEWNET) < 0)
		fail_msg("setns: %s", strerror(errno));
}

void netns_leave(void)
{
	netns_enter(home);
}

int netns_new(void)
{
	int ns;

	if (unshare(CLONE_NEWNET) < 0)
		fail_msg("unshare: %s", strerror(errno));
	ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	netns_leave();
	netns_run(ns, "ip link set lo up");
	return ns;
}

bool netns_can(const char *command)
{
	int ns = netns_new(), status;

	netns_enter(ns);
	status = system(command);
	netns_leave();
	(void)close(ns);
	return status == 0;
}

void netns_require_command(const char *what, const char *command)
{
	if (netns_can(command))
		return;
	printf("skipped: this kernel has no %s\n", what);
	exit(77);
}

void netns_run(int ns, const char *format, ...)
{
	char command[1024];
	va_list arguments;
	int status;

	va_start(arguments, format);
	(void)vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	netns_enter(ns);
	status = system(command);
	netns_leave();
	if (status != 0)
		fail_msg("%s: status %d", command, status);
}

static void settle(int ns, const char *device, int number)
{
	netns_run(ns,
		  "echo 0 > /proc/sys/net/ipv6/conf/%s/accept_dad; echo 0 > "
		  "/proc/sys/net/ipv6/conf/%s/router_solicitations; "
		  "ip link set %s address 02:00:00:00:00:0%d up",
		  device, device, device, number);
}

void netns_veth(int ns_a, const char *a, int ns_b, const char *b)
{
	netns_run(ns_a, "ip link add %s type veth peer name %s netns /proc/%d/fd/%d", a, b, getpid(), ns_b);
	settle(ns_a, a, 1);
	settle(ns_b, b, 2);
}

void netns_pair(int *ret_node, int *ret_peer)
{
	*ret_node = netns_new();
	*ret_peer = netns_new();
	netns_veth(*ret_peer, "p0", *ret_node, "eth0");
	netns_run(*ret_peer, "ip addr add 10.0.0.1/24 dev p0; ip addr add fd00::1/64 dev p0 nodad");
	netns_run(*ret_node, "ip addr add 10.0.0.2/24 dev eth0; ip addr add fd00::2/64 dev eth0 nodad");
}

unsigned int netns_ifindex(int ns, const char *name)
{
	unsigned int ifindex;

	netns_enter(ns);
	ifindex = if_nametoindex(name);
	netns_leave();
	assert_int_not_equal(ifindex, 0);
	return ifindex;
}

int netns_socket(int ns, int domain, int type, int protocol)
{
	int fd;

	netns_enter(ns);
	fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	netns_leave();
	if (fd < 0)
		fail_msg("socket: %s", strerror(errno));
	return fd;
}

int netns_frames(int ns, const char *device)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = (int)netns_ifindex(ns, device)};
	int fd = netns_socket(ns, AF_PACKET, SOCK_RAW, 0), one = 1;

	(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail_msg("bind: %s", strerror(errno));
	return fd;
}

bool netns_readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1;
}
