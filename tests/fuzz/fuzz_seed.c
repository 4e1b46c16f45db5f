/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what sock_diag and conntrack say of the connections of a live node.  A device at slot 3 has
 * 10.0.0.1 and fd00::1; what is entered for it must be whole.
 */

#include <arpa/inet.h>
#include <assert.h>
#include <bpf/bpf.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "enforce/bpf/bpf_internal.h"
#include "netlink_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_getifaddrs(struct ifaddrs **ret_list);
void __wrap_freeifaddrs(struct ifaddrs *list);
unsigned int __wrap_if_nametoindex(const char *name);
int __wrap_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *options);

static char name[] = "eth0";
static struct sockaddr_in address4 = {.sin_family = AF_INET};
static struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0xfd, [15] = 1}};
static struct ifaddrs list[] = {
	{.ifa_next = &list[1], .ifa_name = name, .ifa_addr = (struct sockaddr *)&address4},
	{.ifa_name = name, .ifa_addr = (struct sockaddr *)&address6},
};

int __wrap_getifaddrs(struct ifaddrs **ret_list)
{
	address4.sin_addr.s_addr = htonl(0x0a000001);
	*ret_list = list;
	return 0;
}

void __wrap_freeifaddrs(struct ifaddrs *freed)
{
	assert(freed == list);
}

unsigned int __wrap_if_nametoindex(const char *wanted)
{
	(void)wanted;
	return 2;
}

int __wrap_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *options)
{
	struct rw_seed_record record;

	(void)fd;
	assert(options->data_size_in == RW_SEED_OFFSET + sizeof(record));
	memcpy(&record, (const char *)options->data_in + RW_SEED_OFFSET, sizeof(record));
	assert(record.ends.family == 4 || record.ends.family == 6);
	assert(record.ends.protocol == IPPROTO_TCP || record.ends.protocol == IPPROTO_UDP);
	assert((record.in == 4 && !record.out) || (record.out == 4 && !record.in));
	options->retval = RW_SEED_ACCEPTED;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct rw_device records[1] = {{.ifindex = 2, .slot = 3}};
	static struct rw_bpf bpf;
	struct rw_enforcer_seeded seeded;

	bpf.maps[RW_BPF_MAP_DEVICES].memory = records;
	bpf.devices[0] = (struct rw_bpf_device){.ifindex = 2, .name = "eth0", .interface = "eth0"};
	input = bytes;
	input_size = size;
	assert(rw_bpf_seed(&bpf, false, &seeded) == 0);
	assert(seeded.sockets_read || seeded.text[0]);
	return 0;
}
