/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * flood    Sends the frame it is given with the address and ports of a random sample: run by BPF_PROG_TEST_RUN
 *          with live frames, which makes a sender of about 0.1 us a frame, several times what a receiver takes.
 * vary     Gives the packet it is given the ends of the next sample and goes on in the program of 'next'; for
 *          BPF_PROG_TEST_RUN, which gives a program the same packet again and again.
 * nothing  The floor of that.
 * refuse   The floor: what it costs to bring a packet to a tc program and to free it there.
 * refuse_early  The same at XDP, where nobody has read the frame yet,
 * refuse_reading  ... and with one look at it, for which its bytes must come from the sender's processor.
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

__u32 vary_sample;
__u32 vary_source_port; /* every packet opens a flow of its own */
__u32 turn;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

SEC("tc")
int vary(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);
	__u32 random = turn * 2654435761u;
	const struct flood_sample *sample = &samples[vary_sample ? (random >> 10) % FLOOD_SAMPLES : 0];

	if ((void *)(udp + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	turn++;
	ip->saddr = bpf_htonl(sample->address);
	udp->source = vary_source_port ? (__u16)turn : sample->address >> 3 | 1;
	udp->dest = bpf_htons(sample->port);
	bpf_tail_call(skb, &next, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int refuse(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

SEC("xdp")
int refuse_early(struct xdp_md *context)
{
	return XDP_DROP;
}

SEC("xdp")
int refuse_reading(struct xdp_md *context)
{
	void *data = (void *)(long)context->data;
	struct iphdr *ip = data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > (void *)(long)context->data_end || ip->saddr == 0)
		return XDP_PASS;
	return XDP_DROP;
}

char flood_license[] SEC("license") = "Dual BSD/GPL";
