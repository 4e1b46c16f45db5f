/* SPDX-License-Identifier: Apache-2.0 */

/* What this kernel and this process can do, found out by trying. */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "enforce/bpf/bpf_internal.h"

struct list {
	struct rw_enforce_bpf_feature *features;
	size_t count;
};

static void add(struct list *list, const char *name, bool required, int error, const char *missing)
{
	struct rw_enforce_bpf_feature *feature = &list->features[list->count++];

	*feature = (struct rw_enforce_bpf_feature){.name = name, .required = required, .error = error};
	if (error)
		(void)snprintf(feature->text, sizeof(feature->text), "%s (%s)", missing, strerror(-error));
	else
		(void)snprintf(feature->text, sizeof(feature->text), "present");
}

static int result(int r)
{
	return r < 0 ? -errno : 0;
}

static int try_map(enum bpf_map_type type, uint32_t key_size, uint32_t value_size, uint32_t entries,
		   uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	RW_CLEANUP(rw_close)
	int fd = bpf_map_create(type, "rw_probe", key_size, value_size, entries, &options);

	return result(fd);
}

/* Loads "return -1" as a classifier and hangs it at lo's egress by tcx for an instant. */
static void try_programs(struct list *list)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	RW_CLEANUP(rw_close)
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "rw_probe", "Dual BSD/GPL", instructions,
				    RW_ARRAY_COUNT(instructions), NULL);
	int error = result(program);
	RW_CLEANUP(rw_close) int link = -EBADF;

	add(list, "classifier programs", true, error,
	    error == -EPERM ? "loading BPF programs needs root, or CAP_BPF and CAP_NET_ADMIN"
			    : "needs CONFIG_BPF_SYSCALL and CONFIG_NET_CLS_ACT");
	if (error)
		return;
	link = bpf_link_create(program, (int)if_nametoindex("lo"), (enum bpf_attach_type)RW_BPF_TCX_EGRESS,
			       NULL);
	add(list, "tcx", false, result(link), "Linux 6.6 or newer has it; clsact serves instead");
}

/* Loads the real programs: the verifier's word is the only one that counts. */
static void try_object(struct list *list)
{
	struct rw_enforce_bpf_options options = {.table_memory = RW_ENFORCE_TABLE_MEMORY_MIN,
						 .flow_entries = RW_ENFORCE_FLOW_ENTRIES_MIN};
	struct rw_enforcer *enforcer = NULL;
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_enforce_bpf_open(&options, &enforcer, &err);

	rw_enforcer_close(enforcer);
	add(list, "ringwall's programs", true, r, "this kernel does not load them; Linux 5.15 or newer does");
}

static void try_pins(struct list *list, const char *pin_dir)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_bpf_pins_check(pin_dir, &err);

	add(list, "pins", false, r, err.text);
}

static int try_netlink(int protocol)
{
	RW_CLEANUP(rw_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	return result(fd);
}

size_t rw_enforce_bpf_probe(const char *pin_dir,
			    struct rw_enforce_bpf_feature ret_features[RW_ENFORCE_BPF_FEATURE_MAX])
{
	struct list list = {.features = ret_features};

	try_programs(&list);
	add(&list, "mapped arrays", true, try_map(BPF_MAP_TYPE_ARRAY, 4, 4096, 1, BPF_F_MMAPABLE),
	    "Linux 5.5 or newer has them");
	add(&list, "ring buffer", true, try_map(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0),
	    "Linux 5.8 or newer has it");
	try_object(&list);
	add(&list, "socket diagnostics", false, try_netlink(NETLINK_SOCK_DIAG),
	    "needs CONFIG_INET_DIAG: live connections are not adopted at the start");
	add(&list, "conntrack", false, try_netlink(NETLINK_NETFILTER),
	    "needs nf_conntrack_netlink: forwarded connections are picked up, not adopted");
	if (pin_dir)
		try_pins(&list, pin_dir);
	return list.count;
}
