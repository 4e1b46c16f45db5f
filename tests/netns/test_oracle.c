/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Random packets on the wire, against the evaluator.  Ingress: frames sent by the peer of a veth pair; what
 * passes our program meets a program behind it that moves it to a socket instead of the stack, so that
 * nothing answers.  Egress: frames sent by the device itself, seen at its peer.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "netns.h"
#include "oracle.h"

#define WAIT_MS 1000

struct wire {
	int inside;  /* sends by the device */
	int outside; /* sends and receives by its peer */
};

static struct wire wires[ORACLE_DEVICES];
static int behind; /* what passes ingress arrives here */

/* Sent after each packet, never decided (ARP), so that its arrival says what came before it is through. */
static const uint8_t marker[64] = {[0] = 0xff, [5] = 0xff, [12] = 0x08, [13] = 0x06, [20] = 0x4d};

/* Reads until the marker; true when the packet came before it. */
static bool arrives(int fd, const uint8_t *frame, size_t size)
{
	bool seen = false;
	uint8_t got[512];

	for (;;) {
		ssize_t length;

		if (!netns_readable(fd, WAIT_MS))
			fail_msg("the marker did not arrive");
		length = recv(fd, got, sizeof(got), 0);
		if (length >= (ssize_t)sizeof(marker) && memcmp(got, marker, sizeof(marker)) == 0)
			return seen;
		seen |= length >= (ssize_t)size && memcmp(got, frame, size) == 0;
	}
}

static bool run(struct oracle *oracle, const struct rw_packet *packet, size_t interface)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	int from = ingress ? wires[interface].outside : wires[interface].inside;
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(packet, 0, (uint16_t)oracle->cases, frame);

	/* Where our program drops at egress, the kernel says so to the sender. */
	assert_true(send(from, frame, size, 0) == (ssize_t)size || errno == ENOBUFS);
	assert_int_equal(send(from, marker, sizeof(marker), 0), sizeof(marker));
	return arrives(ingress ? behind : wires[interface].outside, frame, size);
}

/* Behind ours at ingress: redirects to 'ifindex'. */
static void attach_observer(int ns, unsigned int device, unsigned int ifindex)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = (int)ifindex},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)device, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, filter);

	netns_enter(ns);
	filter.prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "observer", "GPL", instructions,
				       RW_ARRAY_COUNT(instructions), NULL);
	assert_true(filter.prog_fd >= 0);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &filter), 0);
	netns_leave();
}

static void compare(struct oracle *oracle, size_t policies, size_t packets)
{
	struct rw_enforce_bpf_options options = {.table_memory = 16 << 20,
						 .flow_entries = RW_ENFORCE_FLOW_ENTRIES_MIN};
	int node = netns_new(), peer = netns_new();
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer *enforcer;
	char device[16], other[16];

	netns_veth(node, "obs", peer, "seen");
	behind = netns_frames(peer, "seen");
	for (unsigned int i = 0; i < ORACLE_DEVICES; i++) {
		(void)snprintf(device, sizeof(device), "d%u", i);
		(void)snprintf(other, sizeof(other), "p%u", i);
		netns_veth(node, device, peer, other);
		oracle->ifindexes[i] = netns_ifindex(node, device);
		attach_observer(node, oracle->ifindexes[i], netns_ifindex(node, "obs"));
		wires[i] = (struct wire){netns_frames(node, device), netns_frames(peer, other)};
	}
	netns_enter(node);
	if (rw_enforce_bpf_open(&options, &enforcer, &err) < 0)
		fail_msg("%s", err.text);
	oracle->bpf = rw_bpf_of(enforcer);
	oracle_compare(oracle, policies, packets);
	if (oracle->early != RW_ENFORCER_EARLY_NONE)
		assert_true(oracle_early(oracle) > (oracle->cases - oracle->accepted) / 10);
	rw_enforcer_close(enforcer);
	netns_leave();
	for (unsigned int i = 0; i < ORACLE_DEVICES; i++) {
		(void)close(wires[i].inside);
		(void)close(wires[i].outside);
	}
	(void)close(behind);
	(void)close(node);
	(void)close(peer);
}

static void wire_decides_as_the_evaluator(void **state)
{
	struct oracle oracle = {.run = run};

	(void)state;
	compare(&oracle, 100, 20);
	assert_int_equal(oracle.cases, 2000);
}

static void wire_decides_so_with_the_early_stage_in_the_driver(void **state)
{
	struct oracle oracle = {.run = run, .early = RW_ENFORCER_EARLY_NATIVE};

	(void)state;
	compare(&oracle, 100, 20);
}

static void wire_decides_so_with_the_generic_early_stage(void **state)
{
	struct oracle oracle = {.run = run, .early = RW_ENFORCER_EARLY_GENERIC};

	(void)state;
	compare(&oracle, 100, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_decides_as_the_evaluator),
		cmocka_unit_test(wire_decides_so_with_the_early_stage_in_the_driver),
		cmocka_unit_test(wire_decides_so_with_the_generic_early_stage),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
