/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include "test.h"
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 60

static int compare_rules(const void *a, const void *b)
{
	return strcmp((*(struct rw_rule *const *)a)->id, (*(struct rw_rule *const *)b)->id);
}

struct rw_policy *filter_policy(const char *interfaces, const char *const rules[])
{
	struct rw_policy *policy = rw_policy_new();
	struct rw_policy_group *group = rw_policy_group_new();
	char names[16][64];
	size_t count;

	assert_non_null(policy);
	assert_non_null(group);
	world_id(group->id, "sg-1");
	group->kind = RW_GROUP_BASIC;
	group->inner_access = RW_VERDICT_DROP;
	while (rules && rules[group->rule_count])
		group->rule_count++;
	group->rules = calloc(group->rule_count + 1, sizeof(*group->rules));
	for (size_t i = 0; i < group->rule_count; i++) {
		group->rules[i] = world_rule(rules[i]);
		if (!group->rules[i]->source_ports.last)
			group->rules[i]->source_ports = RW_PORTS_ANY;
	}
	qsort(group->rules, group->rule_count, sizeof(*group->rules), compare_rules);
	policy->groups = calloc(1, sizeof(*policy->groups));
	policy->groups[0] = group;
	policy->group_count = 1;
	world_id(policy->node, "n-1");
	count = world_split(interfaces, names, 16);
	policy->interfaces = calloc(count, sizeof(*policy->interfaces));
	policy->interface_count = count;
	for (size_t i = 0; i < count; i++) {
		memcpy(policy->interfaces[i].name, names[i], sizeof(policy->interfaces[i].name) - 1);
		policy->interfaces[i].groups = calloc(1, sizeof(uint32_t));
		policy->interfaces[i].group_count = 1;
	}
	return policy;
}

struct rw_enforcer *filter_open_with(int ns, const struct rw_enforce_bpf_options *options)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer *enforcer;

	netns_enter(ns);
	if (rw_enforce_bpf_open(options, &enforcer, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
	return enforcer;
}

struct rw_enforcer *filter_open(int ns, const char *pin_dir)
{
	return filter_open_with(ns, &(struct rw_enforce_bpf_options){.pin_dir = pin_dir,
								     .table_memory = 8 << 20,
								     .flow_entries = 1 << 12});
}

void filter_attach_as(struct rw_enforcer *enforcer, int ns, struct rw_enforcer_device device)
{
	struct rw_error err = RW_ERROR_NONE;

	device.ifindex = netns_ifindex(ns, device.name);
	netns_enter(ns);
	if (rw_enforcer_attach(enforcer, &device, &err) < 0)
		fail_msg("%s: %s", device.name, err.text);
	netns_leave();
}

void filter_attach(struct rw_enforcer *enforcer, int ns, const char *device, const char *interface)
{
	filter_attach_as(enforcer, ns, (struct rw_enforcer_device){.name = device, .interface = interface});
}

void filter_change(struct rw_enforcer *enforcer, const char *interfaces, const char *const rules[],
		   enum rw_established established)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy(interfaces, rules);
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforcer_apply(enforcer, policy, established, &err) < 0)
		fail_msg("%s", err.text);
}

void filter_apply(struct rw_enforcer *enforcer, int ns, const char *interfaces, const char *const rules[])
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy(interfaces, rules);
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < policy->interface_count; i++)
		filter_attach(enforcer, ns, policy->interfaces[i].name, policy->interfaces[i].name);
}

void filter_enforce(struct rw_enforcer *enforcer, int ns)
{
	struct rw_error err = RW_ERROR_NONE;

	netns_enter(ns);
	if (rw_enforcer_enforce(enforcer, NULL, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
}

uint64_t filter_dropped(struct rw_enforcer *enforcer, enum rw_cause cause)
{
	struct rw_enforcer_status status;

	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	return status.dropped[cause];
}

static socklen_t parse(const char *text, uint16_t port, struct sockaddr_storage *storage)
{
	struct sockaddr_in *in = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

static int bound(int ns, const char *address, uint16_t port, int type)
{
	struct sockaddr_storage storage;
	socklen_t size = parse(address, port, &storage);
	int fd = netns_socket(ns, storage.ss_family, type, 0), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&storage, size) < 0)
		fail_msg("bind %s: %s", address, strerror(errno));
	return fd;
}

int filter_listen(int ns, const char *address, uint16_t port)
{
	int fd = bound(ns, address, port, SOCK_STREAM);

	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

int filter_udp(int ns, const char *address, uint16_t port)
{
	return bound(ns, address, port, SOCK_DGRAM);
}

int filter_udp_to(int ns, const char *from, const char *address, uint16_t port)
{
	struct sockaddr_storage storage;
	socklen_t size = parse(address, port, &storage);
	int fd = bound(ns, from, 0, SOCK_DGRAM);

	if (connect(fd, (struct sockaddr *)&storage, size) < 0)
		fail_msg("connect %s: %s", address, strerror(errno));
	return fd;
}

int filter_connect(int ns, const char *from, const char *address, uint16_t port)
{
	struct sockaddr_storage storage;
	socklen_t size = parse(address, port, &storage), length = sizeof(int);
	int fd = bound(ns, from, 0, SOCK_STREAM | SOCK_NONBLOCK), error = 0;
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	(void)connect(fd, (struct sockaddr *)&storage, size);
	if (poll(&poll_fd, 1, FILTER_NO_MS) == 1 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0) {
		(void)fcntl(fd, F_SETFL, 0);
		return fd;
	}
	(void)close(fd);
	return -1;
}

int filter_accept(int listener)
{
	return netns_readable(listener, FILTER_YES_MS) ? accept(listener, NULL, NULL) : -1;
}

static bool receives(int fd, int timeout_ms)
{
	char bytes[9000];

	return netns_readable(fd, timeout_ms) && recv(fd, bytes, sizeof(bytes), 0) > 0;
}

bool filter_says(int from, int to)
{
	return send(from, "ringwall", 8, MSG_NOSIGNAL) == 8 && receives(to, FILTER_NO_MS);
}

void filter_assert_says(int from, int to)
{
	assert_int_equal(send(from, "ringwall", 8, MSG_NOSIGNAL), 8);
	assert_true(receives(to, FILTER_YES_MS));
}

/* One attempt. */
static bool join(int from_ns, const char *from, const char *to, uint16_t port, int listener, int ret_ends[2])
{
	ret_ends[0] = filter_connect(from_ns, from, to, port);
	ret_ends[1] = ret_ends[0] >= 0 ? filter_accept(listener) : -1;
	if (ret_ends[1] >= 0)
		return true;
	(void)close(ret_ends[0]);
	return false;
}

void filter_join(int from_ns, const char *from, int to_ns, const char *to, uint16_t port, int ret_ends[2])
{
	int listener = filter_listen(to_ns, to, port);
	time_t end = time(NULL) + PATIENCE_S;

	while (!join(from_ns, from, to, port, listener, ret_ends))
		if (time(NULL) > end)
			fail_msg("%s has no connection with %s port %u", from, to, port);
	(void)close(listener);
}

/* One attempt. */
static bool talks(int from_ns, const char *from, const char *to, uint16_t port, int listener)
{
	int ends[2];
	bool spoken;

	if (!join(from_ns, from, to, port, listener, ends))
		return false;
	spoken = filter_says(ends[0], ends[1]) && filter_says(ends[1], ends[0]);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return spoken;
}

void filter_assert_talks(int from_ns, const char *from, const char *to, uint16_t port, int to_ns,
			 const char *server, uint16_t server_port)
{
	int listener = filter_listen(to_ns, server, server_port);
	time_t end = time(NULL) + PATIENCE_S;

	while (!talks(from_ns, from, to, port, listener))
		if (time(NULL) > end)
			fail_msg("%s does not talk with %s port %u", from, to, port);
	(void)close(listener);
}

void filter_assert_silent(int from_ns, const char *from, const char *to, uint16_t port, int to_ns,
			  const char *server, uint16_t server_port)
{
	int listener = filter_listen(to_ns, server, server_port);

	if (talks(from_ns, from, to, port, listener))
		fail_msg("%s talks with %s port %u", from, to, port);
	(void)close(listener);
}

bool filter_send_to(int fd, const char *address, uint16_t port, size_t size)
{
	static char bytes[9000];
	struct sockaddr_storage storage;
	socklen_t length = parse(address, port, &storage);

	return sendto(fd, bytes, size, 0, (struct sockaddr *)&storage, length) == (ssize_t)size;
}

bool filter_tells(int from, int to, const char *address, uint16_t port)
{
	return filter_send_to(from, address, port, 8) && receives(to, FILTER_NO_MS);
}

bool filter_hears_icmp(int raw, uint8_t type, int timeout_ms)
{
	uint8_t bytes[512];
	int domain = AF_INET;
	socklen_t size = sizeof(domain);
	size_t header;

	assert_int_equal(getsockopt(raw, SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
	header = domain == AF_INET ? 20 : 0; /* raw sockets of IPv6 come without it */
	while (netns_readable(raw, timeout_ms))
		if (recv(raw, bytes, sizeof(bytes), 0) > (ssize_t)header && bytes[header] == type)
			return true;
	return false;
}
