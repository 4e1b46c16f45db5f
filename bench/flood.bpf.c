/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * Sends the frame it is given with a random source address and port: run by BPF_PROG_TEST_RUN with live frames,
 * which makes a sender of about 0.1 us a frame, so that what is measured is the receiver.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int flood(struct xdp_md *context)
{
	void *data = (void *)(long)context->data;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);
	__u16 *words = (void *)ip;
	__u32 sum = 0;

	if ((void *)(udp + 1) > (void *)(long)context->data_end)
		return XDP_DROP;
	ip->saddr = bpf_htonl(0x0b000000u + bpf_get_prandom_u32() % 0x60000000u);
	udp->source = bpf_htons(1024 + bpf_get_prandom_u32() % 60000);
	udp->check = 0; /* none, RFC 768 */
	ip->check = 0;
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = (__u16)~sum;
	return XDP_TX;
}

char flood_license[] SEC("license") = "Dual BSD/GPL";
