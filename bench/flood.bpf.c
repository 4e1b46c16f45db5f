/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * flood    Sends the frame it is given with the address and ports of a random sample: run by BPF_PROG_TEST_RUN
 *          with live frames, which makes a sender of about 0.1 us a frame, several times what a receiver takes.
 * vary     Gives the packet it is given the ends of the next sample and goes on in the program of 'next'; for
 *          BPF_PROG_TEST_RUN, which gives a program the same packet again and again.
 * nothing  The floor of that.
 * loads    What no filter can do without, and nothing else: two words of a table of flows that the packet names, and one
 *          word of each table on the way from its address to its cell, in as much memory as packets touch of 1,000 rules.
 * place    The same, and a place of the table of flows taken for it: two locked instructions and a line written.
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

/* Root, two nodes, record and cell of IPv4; the tags; the flows: by cache lines. */
struct line {
	__u64 words[8];
};

static struct line root_lines[4096], upper_lines[8192], lower_lines[8192], record_lines[512],
	cell_lines[8192];
static struct line tag_lines[1024], place_lines[32768];

#define LINE_AT(lines, number) (&(lines)[(number) & (sizeof(lines) / sizeof(struct line) - 1)])
#define WORD_AT(lines, number) (*(volatile __u64 *)LINE_AT(lines, number)->words)

/* All words are 0, which nobody knows before they are there. */
static __always_inline __u64 load_all(const struct __sk_buff *skb, __u64 *ret_hash)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);
	__u64 way, hash, found;

	if ((void *)(udp + 1) > (void *)(long)skb->data_end)
		return 1;
	way = ((__u64)ip->saddr << 16 | udp->dest) * 0x9e3779b97f4a7c15ull;
	hash = (way ^ udp->source) * 0xbf58476d1ce4e5b9ull;
	*ret_hash = hash;
	found = WORD_AT(root_lines, bpf_ntohl(ip->saddr) >> 20);
	found = WORD_AT(upper_lines, found + (way >> 16));
	found = WORD_AT(lower_lines, found + (way >> 26));
	found = WORD_AT(record_lines, found + (way >> 36));
	found = WORD_AT(cell_lines, found + (way >> 44));
	return found | WORD_AT(tag_lines, hash >> 40) | WORD_AT(tag_lines, hash >> 50);
}

SEC("tc")
int loads(struct __sk_buff *skb)
{
	__u64 hash = 0;

	return load_all(skb, &hash) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int place(struct __sk_buff *skb)
{
	volatile __u64 *words;
	__u64 hash = 0;

	if (load_all(skb, &hash))
		return TC_ACT_SHOT;
	words = LINE_AT(place_lines, hash >> 20)->words;
	(void)__sync_val_compare_and_swap(words, 0, 1);
	for (int i = 1; i < 4; i++)
		words[i] = hash;
	(void)__sync_lock_test_and_set(words, 0);
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
