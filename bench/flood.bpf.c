/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * flood    Sends the frame it is given with the address and ports of a random sample: run by BPF_PROG_TEST_RUN
 *          with live frames, which makes a sender of about 0.1 us a frame, several times what a receiver takes.
 * refuse   The floor: what it costs to bring a packet to a tc program and to free it there.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flood.h"

struct flood_sample samples[FLOOD_SAMPLES];

SEC("xdp")
int flood(struct xdp_md *context)
{
	void *data = (void *)(long)context->data;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);
	__u16 *words = (void *)ip;
	__u32 random = bpf_get_prandom_u32(), sum = 0;
	const struct flood_sample *sample = &samples[random % FLOOD_SAMPLES];

	if ((void *)(udp + 1) > (void *)(long)context->data_end)
		return XDP_DROP;
	ip->saddr = bpf_htonl(sample->address);
	udp->source = bpf_htons(1024 | random >> 16);
	udp->dest = bpf_htons(sample->port);
	udp->check = 0; /* none, RFC 768 */
	ip->check = 0;
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = (__u16)~sum;
	return XDP_TX;
}

SEC("tc")
int refuse(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

char flood_license[] SEC("license") = "Dual BSD/GPL";
