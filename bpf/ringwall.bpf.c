/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * The programs at tc ingress and egress of each device, the early one at XDP where it is wanted, and the one
 * that enters live connections at the start.  What happens to a packet is told in lib/rw_hook.h, its link layer
 * in link.bpf.h; here are the accounts.
 */

#include "lib/rw_platform.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What bpf/lib wants to know of its surroundings. */

struct rw_table {
	const char *image;
	__u64 mask; /* rw_image_mask, read once */
};

RW_INLINE const void *rw_table_bytes(const struct rw_table *table, __u64 offset)
{
	offset &= table->mask;
	/* Or the compiler splits what is added, and the verifier loses the bound. */
	rw_opaque(offset);
	return table->image + offset;
}

RW_INLINE void *rw_flow_bucket(__u8 family, __u32 number)
{
	return family == 4 ? bpf_map_lookup_elem(&rw_flows4, &number)
			   : bpf_map_lookup_elem(&rw_flows6, &number);
}

static const __u32 zero;

RW_INLINE __u64 *rw_flow_tags(__u8 family)
{
	return family == 4 ? bpf_map_lookup_elem(&rw_tags4, &zero) : bpf_map_lookup_elem(&rw_tags6, &zero);
}

RW_INLINE __u64 *rw_flow_tags_at(__u64 *all, __u32 number)
{
	__u64 offset = (__u64)number << 3 & rw_tag_mask;

	rw_opaque(offset);
	return (__u64 *)(void *)((char *)all + offset);
}

struct rw_run;
static const struct rw_control *rw_hook_control(void);
static bool rw_hook_table(const struct rw_run *run, struct rw_table *ret_table);
static void rw_hook_hit(const struct rw_run *run, __u32 cell);
static bool rw_hook_fragment_known(const struct rw_run *run, const struct rw_fragment_key *key);
static void rw_hook_fragment_remember(const struct rw_run *run, const struct rw_fragment_key *key);

#include "lib/rw_early.h"

static __always_inline const struct rw_control *rw_hook_control(void)
{
	return &rw_control;
}

static __always_inline bool rw_hook_table(const struct rw_run *run, struct rw_table *ret_table)
{
	__u32 image = run->generation & 1;

	ret_table->image = bpf_map_lookup_elem(&rw_images, &image);
	ret_table->mask = rw_image_mask;
	return ret_table->image;
}

static __always_inline void count_hit(const struct rw_control *control, const struct rw_run *run, __u32 cell)
{
	__u32 index = RW_CELL_INDEX(cell);
	struct rw_hit *hit;
	__u32 stripe;

	if (index >= control->hit_count)
		return;
	stripe = bpf_get_smp_processor_id() & control->hit_stripe_mask;
	stripe += (run->generation & 1) * (control->hit_stripe_mask + 1);
	index += stripe * control->hit_count;
	hit = bpf_map_lookup_elem(&rw_hits, &index);
	if (!hit)
		return;
	if (rw_hits_shared)
		__sync_fetch_and_add(&hit->count, 1);
	else
		rw_store(hit->count, hit->count + 1);
	if (rw_load(hit->last) != run->now)
		rw_store(hit->last, run->now);
}

static __always_inline void rw_hook_hit(const struct rw_run *run, __u32 cell)
{
	const struct rw_control *control = rw_hook_control();

	if (control)
		count_hit(control, run, cell);
}

static __always_inline bool rw_hook_fragment_known(const struct rw_run *run,
						   const struct rw_fragment_key *key)
{
	__u32 *until = bpf_map_lookup_elem(&rw_fragments, key);

	return until && *until > run->now;
}

static __always_inline void rw_hook_fragment_remember(const struct rw_run *run,
						      const struct rw_fragment_key *key)
{
	__u32 until = run->now + RW_FRAGMENT_SECONDS;

	(void)bpf_map_update_elem(&rw_fragments, key, &until, BPF_ANY);
}

#include "link.bpf.h"

/* Accounts. */

static __always_inline bool event_is_due(struct rw_processor *own, __u32 now)
{
	if (own->event_second != now) {
		own->event_second = now;
		own->event_count = 0;
	}
	if (own->event_count >= RW_EVENTS_PER_SECOND) {
		own->event_suppressed++;
		return false;
	}
	own->event_count++;
	return true;
}

/* The packet as it is on the wire, as far as there is room. */
static __always_inline void copy_packet(struct __sk_buff *skb, struct rw_drop_event *event)
{
	__u32 size = skb->len, last = size - 1;

	event->length = size;
	if (size > RW_EVENT_PACKET_MAX)
		last = RW_EVENT_PACKET_MAX - 1;
	/* The verifier must see that it is not 0; that of Linux 6.1 learns it from sums alone. */
	last &= RW_EVENT_PACKET_MAX - 1;
	rw_opaque(last);
	size = last + 1;
	if (bpf_skb_load_bytes(skb, 0, event->packet, size))
		size = 0;
	event->captured = (__u16)size;
	event->vlan_tag = skb->vlan_present ? (__u16)skb->vlan_tci : 0;
	event->vlan_protocol = skb->vlan_present ? (__be16)skb->vlan_proto : 0;
}

RW_SUBPROGRAM int rw_send_event(struct __sk_buff *skb, const struct rw_run *run, const struct rw_frame *frame,
				__u32 cell, struct rw_processor *own)
{
	struct rw_drop_event *event = bpf_ringbuf_reserve(&rw_events, sizeof(*event), 0);
	bool ports;

	if (!event)
		return 0;
	if (!run || !frame || !own) {
		bpf_ringbuf_discard(event, 0);
		return 0;
	}
	ports = frame->ends.protocol == RW_IP_TCP || frame->ends.protocol == RW_IP_UDP;
	event->monotonic_ns = bpf_ktime_get_ns();
	event->ifindex = skb->ifindex;
	event->generation = run->generation;
	event->index = RW_CELL_INDEX(cell);
	event->suppressed = own->event_suppressed;
	own->event_suppressed = 0;
	for (int i = 0; i < 4; i++) {
		event->local[i] = run->egress ? frame->ends.source[i] : frame->ends.destination[i];
		event->remote[i] = run->egress ? frame->ends.destination[i] : frame->ends.source[i];
	}
	event->local_port = !ports ? 0 : run->egress ? frame->ends.source_port : frame->ends.destination_port;
	event->remote_port = !ports        ? 0
			     : run->egress ? frame->ends.destination_port
					   : frame->ends.source_port;
	event->slot = run->slot;
	event->cause = RW_CELL_CAUSE(cell);
	event->flags = (run->mode == RW_MODE_MONITOR ? RW_EVENT_WOULD_DROP : 0) |
		       (run->egress ? RW_EVENT_EGRESS : 0) |
		       (frame->fragment == RW_FRAGMENT_LATER ? RW_EVENT_FRAGMENT : 0);
	event->family = frame->ends.family;
	event->protocol = frame->ends.protocol;
	event->tcp_flags = frame->tcp_flags;
	event->icmp_type = frame->icmp_type;
	event->hop_limit = frame->hop_limit;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	__builtin_memset(event->pad2, 0, sizeof(event->pad2));
	copy_packet(skb, event);
	bpf_ringbuf_submit(event, 0);
	return 1;
}

/* Drops and counts what has gone the long way. */
static __always_inline int account(struct __sk_buff *skb, const struct rw_run *run,
				   const struct rw_frame *frame, __u32 cell, struct rw_processor *own)
{
	if (rw_cell_accepts(cell) || run->mode == RW_MODE_LEARN) {
		own->passed++;
		return TC_ACT_UNSPEC;
	}
	if (run->pending && RW_CELL_CAUSE(cell) == RW_CAUSE_DEFAULT)
		cell = RW_CELL_SYSTEM(RW_CAUSE_PENDING, RW_VERDICT_DROP);
	if (run->mode == RW_MODE_MONITOR)
		own->would_drop[RW_CELL_CAUSE(cell) & 31]++;
	else
		own->dropped[RW_CELL_CAUSE(cell) & 31]++;
	if (RW_CELL_CAUSE(cell) == RW_CAUSE_FLOW_TABLE_FULL)
		own->flow_refused++;
	if (event_is_due(own, run->now) && !rw_send_event(skb, run, frame, cell, own))
		own->event_suppressed++;
	return run->mode == RW_MODE_MONITOR ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* No values of TC_ACT_* that programs give. */
#define VERDICT_NOT   (-2)
#define VERDICT_ENTER (-3)

/* What a run keeps in rw_processor.scratch. */
struct scratch {
	struct rw_short_room room;
	struct rw_frame frame;
};

_Static_assert(sizeof(struct scratch) <= sizeof(((struct rw_processor *)0)->scratch), "scratch");

static __always_inline struct scratch *scratch_of(struct rw_processor *own)
{
	return (struct scratch *)own->scratch;
}

/* The second.  The coarse clock moves with jiffies, which cost a load where it costs a call. */
static __always_inline __u32 read_clock(struct rw_processor *own)
{
	__u64 tick = bpf_jiffies64();

	if (rw_unlikely(own->tick != tick)) {
		own->tick = tick;
		own->now = (__u32)(bpf_ktime_get_coarse_ns() / 1000000000ull);
	}
	return own->now;
}

static __always_inline bool begin_run(const struct rw_control *control, struct rw_run *run,
				      struct rw_processor *own)
{
	__u64 state = rw_load(control->state);

	/* The image is read only after the state that names it. */
	rw_read_barrier();
	run->generation = RW_STATE_GENERATION(state);
	run->mode = RW_STATE_MODE(state);
	run->now = read_clock(own);
	return run->generation != 0;
}

/*
 * The short way for a frame of 'family' without tags: a verdict, VERDICT_NOT, or VERDICT_ENTER when its flow is to be
 * entered.  A refusal of which an event is due goes the long way.  No call is on it: that into a function and back
 * costs as much as a look-up, where returns are guarded against speculation.
 */
static __always_inline int decide_short(struct __sk_buff *skb, const struct rw_run *run, bool egress,
					const struct rw_control *control, __u8 family,
					struct rw_processor *own)
{
	struct rw_reader reader = {
		.skb = skb,
		.head = (const char *)(long)skb->data,
		.head_end = (const char *)(long)skb->data_end,
		.length = skb->len,
	};
	const __be16 *header = family == 4 ? rw_reader_view(&reader, ETH_HLEN, sizeof(struct rw_ipv4_header))
					   : rw_reader_view(&reader, ETH_HLEN, sizeof(struct rw_ipv6_header));
	__u32 cell;

	/* The kernel tells of what is behind tags that were left in the frame: see link_size. */
	if (rw_unlikely(!header) ||
	    rw_unlikely(header[-1] != (family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6))))
		return VERDICT_NOT;
	cell = rw_short_decide(family, run, egress, control, &reader, ETH_HLEN, &scratch_of(own)->room,
			       &own->memo);
	if (rw_likely(cell != RW_SHORT_NOT && cell != RW_SHORT_ENTER && rw_cell_accepts(cell))) {
		own->passed++;
		return TC_ACT_UNSPEC;
	}
	if (cell == RW_SHORT_NOT)
		return VERDICT_NOT;
	if (cell == RW_SHORT_ENTER)
		return VERDICT_ENTER;
	if (own->event_second != run->now || own->event_count < RW_EVENTS_PER_SECOND)
		return VERDICT_NOT;
	own->event_suppressed++;
	own->dropped[RW_CELL_CAUSE(cell) & 31]++;
	count_hit(control, run, cell);
	return TC_ACT_SHOT;
}

RW_SUBPROGRAM int rw_decide_short6(struct __sk_buff *skb, const struct rw_run *run, struct rw_processor *own)
{
	const struct rw_control *control = rw_hook_control();

	return run && own && control ? decide_short(skb, run, run->egress, control, 6, own) : VERDICT_NOT;
}

RW_SUBPROGRAM int rw_parse_skb(struct __sk_buff *skb, __u32 offset, __u32 family, struct rw_frame *frame)
{
	struct rw_reader reader = {.skb = skb, .length = skb->len};
	bool merged = skb->gso_size != 0;

	if (!frame)
		return RW_PARSE_MALFORMED;
	if (family == 4)
		return rw_parse(&reader, offset, 4, merged, frame);
	return rw_parse(&reader, offset, 6, merged, frame);
}

/* Addresses that mean something on one link only, or on none: the kernel does not look for a way with them. */
static __always_inline bool is_of_link6(const __be32 *address)
{
	return (address[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000) || rw_is_link_local6(address) ||
	       (address[0] | address[1] | address[2] | (address[3] ^ bpf_htonl(1))) == 0;
}

/*
 * Whether the kernel would send packets for the source of this one by the device on which it has come; true also
 * when it cannot tell, as on a node that does not forward, which has no routed containers.  Of several routes
 * of one length the kernel takes one.
 */
RW_SUBPROGRAM int rw_routes_back(struct __sk_buff *skb, const struct rw_frame *frame)
{
	struct bpf_fib_lookup way = {0};
	long result;

	if (!frame)
		return 1;
	way.ifindex = skb->ifindex;
	if (frame->ends.family == 4) {
		way.family = 2; /* AF_INET */
		way.ipv4_src = frame->ends.destination[0];
		way.ipv4_dst = frame->ends.source[0];
	} else {
		bool is_for_link = is_of_link6(frame->ends.destination);

		if (is_of_link6(frame->ends.source))
			return 1;
		way.family = 10; /* AF_INET6 */
		for (int i = 0; i < 4; i++) {
			way.ipv6_src[i] = is_for_link ? 0 : frame->ends.destination[i];
			way.ipv6_dst[i] = frame->ends.source[i];
		}
	}
	result = bpf_fib_lookup(skb, &way, sizeof(way), 0);
	switch (result) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return way.ifindex == skb->ifindex;
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return 1;
	default:
		return result < 0;
	}
}

/* The long way. */
RW_SUBPROGRAM int rw_decide_long(struct __sk_buff *skb, const struct rw_run *run, struct rw_processor *own)
{
	struct link link = {0};
	int kind, status = RW_PARSE_MALFORMED;
	__u32 place = 0;
	const struct rw_device *device = find_device(skb->ifindex, &place);
	struct rw_frame *frame;

	if (!run || !own)
		return TC_ACT_SHOT;
	if (!device)
		return TC_ACT_UNSPEC;
	link.egress = run->egress;
	kind = find_ip(skb, device, place, &link);
	if (kind == LINK_PASS)
		return TC_ACT_UNSPEC;
	if (kind == LINK_NOT_IP) {
		own->not_ip++;
		return TC_ACT_UNSPEC;
	}
	frame = &scratch_of(own)->frame;
	__builtin_memset(frame, 0, sizeof(*frame));
	if (kind == LINK_IP)
		status = rw_parse_skb(skb, link.offset, link.protocol == bpf_htons(ETH_P_IP) ? 4 : 6, frame);
	frame->is_forwarded = run->egress && skb->ingress_ifindex;
	/* The kernel knows of the bridge, not of its ports. */
	if (kind == LINK_IP && status != RW_PARSE_MALFORMED && !run->egress &&
	    !(device->flags & RW_DEVICE_BRIDGE_PORT) && rw_hook_is_routed(run, frame))
		frame->is_unrouted = !rw_routes_back(skb, frame);
	return account(skb, run, frame, rw_hook_decide(run, frame, status, &scratch_of(own)->room.query),
		       own);
}

/* A packet whose flow was entered. */
static __always_inline int passed(struct rw_processor *own, const struct rw_control *control,
				  const struct rw_short_room *room)
{
	count_hit(control, &room->run, room->cell);
	own->passed++;
	return TC_ACT_UNSPEC;
}

static __always_inline int filter(struct __sk_buff *skb, bool egress, struct rw_processor *own)
{
	const struct rw_control *control = rw_hook_control();
	struct rw_short_room *room = &scratch_of(own)->room;
	struct rw_run *run = &room->run;
	const struct rw_device *device;
	__u32 place = 0;
	__u16 flags;

	device = find_device(skb->ifindex, &place);
	if (rw_unlikely(!device) || !control || rw_unlikely(!begin_run(control, run, own)))
		return TC_ACT_UNSPEC;
	flags = device->flags;
	if (rw_unlikely(flags & RW_DEVICE_BRIDGE_PORT) && is_bridged(skb, place, run, egress))
		return TC_ACT_UNSPEC;
	/* The copy of an own multicast or broadcast for listeners here: it has crossed no device, unless it is sent on. */
	if (!egress && rw_unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return TC_ACT_UNSPEC;
	run->slot = device->slot;
	run->egress = egress;
	run->pending = !!(flags & RW_DEVICE_PENDING);
	if (rw_likely(!skb->vlan_present) && rw_likely(!(flags & (RW_DEVICE_LAYER3 | RW_DEVICE_PENDING)))) {
		int verdict = VERDICT_NOT;

		if (rw_likely(skb->protocol == bpf_htons(ETH_P_IP))) {
			verdict = decide_short(skb, run, egress, control, 4, own);
			if (rw_unlikely(verdict == VERDICT_ENTER) && rw_short_enter4(room))
				return passed(own, control, room);
		} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
			verdict = rw_decide_short6(skb, run, own);
			if (verdict == VERDICT_ENTER && rw_short_enter6(room))
				return passed(own, control, room);
		}
		if (rw_likely(verdict != VERDICT_NOT && verdict != VERDICT_ENTER))
			return verdict;
	}
	return rw_decide_long(skb, run, own);
}

/*
 * Brackets a run for those who wait for it; see struct rw_processor.  An exchange is a full barrier
 * everywhere; on x86 it would cost more than all the rest of the look-up, and a plain store does: loads never
 * move behind it, and whoever waits allows for the time until it is seen.
 */
static __always_inline void count_run(struct rw_processor *own)
{
#ifdef RW_TARGET_X86
	rw_store(own->runs, own->runs + 1);
#else
	(void)__sync_lock_test_and_set(&own->runs, own->runs + 1);
#endif
}

static __always_inline struct rw_processor *find_processor(void)
{
	__u32 processor = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rw_processors, &processor);
}

static __always_inline int counted(struct __sk_buff *skb, bool egress)
{
	struct rw_processor *own = find_processor();
	int verdict;

	if (!own)
		return TC_ACT_SHOT;
	count_run(own);
	verdict = filter(skb, egress, own);
	count_run(own);
	return verdict;
}

SEC("tc")
int rw_ingress(struct __sk_buff *skb)
{
	return counted(skb, false);
}

SEC("tc")
int rw_egress(struct __sk_buff *skb)
{
	return counted(skb, true);
}

/*
 * The early stage (lib/rw_early.h), at XDP.  Where a frame looks untagged, its tag may have been taken off by the
 * device and cannot be seen here: so a device below VLAN devices has everything decided at tc.  So have pending
 * devices and ports of bridges, and what is for more than one receiver: the kernel also brings us copies of
 * what this node sends itself.
 */
static __always_inline bool is_for_early(const struct xdp_md *context, const struct rw_device *device,
					 const struct ethhdr *link)
{
	const __u32 others = RW_DEVICE_LAYER3 | RW_DEVICE_BRIDGE_PORT | RW_DEVICE_VLANS | RW_DEVICE_PENDING;

	return (device->flags & (RW_DEVICE_EARLY | others)) == RW_DEVICE_EARLY &&
	       (const char *)(link + 1) <= (const char *)(long)context->data_end && !(link->h_dest[0] & 1);
}

static __always_inline int decide_early(const struct xdp_md *context, const struct rw_run *run,
					const struct rw_control *control, __u8 family,
					struct rw_processor *own)
{
	struct rw_reader reader = {
		.head = (const char *)(long)context->data,
		.head_end = (const char *)(long)context->data_end,
	};
	__u32 cell;

	reader.length = (__u32)(reader.head_end - reader.head);
	cell = rw_early_decide(family, run, control, &reader, ETH_HLEN);
	/* A refusal of which an event is due goes on to tc, which tells it. */
	if (cell == RW_SHORT_NOT || own->event_second != run->now || own->event_count < RW_EVENTS_PER_SECOND)
		return XDP_PASS;
	own->event_suppressed++;
	own->dropped[RW_CELL_CAUSE(cell) & 31]++;
	own->early++;
	count_hit(control, run, cell);
	return XDP_DROP;
}

RW_SUBPROGRAM int rw_decide_early6(struct xdp_md *context, const struct rw_run *run, struct rw_processor *own)
{
	const struct rw_control *control = rw_hook_control();

	return run && own && control ? decide_early(context, run, control, 6, own) : XDP_PASS;
}

static __always_inline int filter_early(struct xdp_md *context, struct rw_processor *own)
{
	const struct ethhdr *link = (const struct ethhdr *)(long)context->data;
	const struct rw_control *control = rw_hook_control();
	const struct rw_device *device;
	struct rw_run run;
	__u32 place;

	device = find_device(context->ingress_ifindex, &place);
	if (!device || !control || !is_for_early(context, device, link) || !begin_run(control, &run, own) ||
	    run.mode != RW_MODE_ENFORCE)
		return XDP_PASS;
	run.slot = device->slot;
	run.egress = 0;
	run.pending = 0;
	if (link->h_proto == bpf_htons(ETH_P_IP))
		return decide_early(context, &run, control, 4, own);
	if (link->h_proto != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	scratch_of(own)->room.run = run;
	return rw_decide_early6(context, &scratch_of(own)->room.run, own);
}

SEC("xdp")
int rw_early(struct xdp_md *context)
{
	struct rw_processor *own = find_processor();
	int verdict;

	if (!own)
		return XDP_PASS;
	count_run(own);
	verdict = filter_early(context, own);
	count_run(own);
	return verdict;
}

/* Enters a live connection.  Never attached: the loader runs it. */

static __always_inline int seed_flow(__u8 family, const struct rw_run *run, const struct rw_seed_record *seed,
				     bool accepted)
{
	const struct rw_table_view *view = rw_hook_view(run, seed->in ? seed->in - 1u : seed->out - 1u);
	struct rw_flow_found found = {0};
	struct rw_flow_query query;
	__u64 control;

	if (!view)
		return RW_SEED_REFUSED;
	rw_hook_query(run, &seed->ends, family, &query);
	if (rw_flow_find(family, &query, &found)) {
		if (seed->flags & RW_SEED_MISSING)
			return RW_SEED_KNOWN;
		rw_flow_kill(&found);
	}
	control = rw_flow_begin_live(seed->ends.protocol, !query.key.from_low, &view->timeouts, run->now);
	if (!accepted)
		control = rw_flow_bury(control, run->now);
	if (!rw_flow_insert(family, &query, control,
			    RW_FLOW_DECISION(run->generation, seed->in, seed->out, 0)))
		return RW_SEED_FULL;
	return accepted ? RW_SEED_ACCEPTED : RW_SEED_REFUSED;
}

RW_SUBPROGRAM int rw_seed_flow4(const struct rw_run *run, const struct rw_seed_record *seed, int accepted)
{
	return run && seed ? seed_flow(4, run, seed, accepted) : RW_SEED_REFUSED;
}

RW_SUBPROGRAM int rw_seed_flow6(const struct rw_run *run, const struct rw_seed_record *seed, int accepted)
{
	return run && seed ? seed_flow(6, run, seed, accepted) : RW_SEED_REFUSED;
}

SEC("tc")
int rw_seed(struct __sk_buff *skb)
{
	struct rw_seed_record seed;
	const struct rw_control *control = rw_hook_control();
	struct rw_processor *own = find_processor();
	struct rw_run run = {0};
	bool accepted = true;

	if (!own || !control || bpf_skb_load_bytes(skb, RW_SEED_OFFSET, &seed, sizeof(seed)) ||
	    !begin_run(control, &run, own) || !(seed.in | seed.out))
		return RW_SEED_REFUSED;
	if (seed.in)
		accepted = rw_cell_accepts(rw_hook_open(&run, &seed.ends, seed.in - 1u, 0));
	if (seed.out && accepted)
		accepted = rw_cell_accepts(rw_hook_open(&run, &seed.ends, seed.out - 1u, RW_OPEN_EGRESS));
	if (accepted && (seed.flags & RW_SEED_UNSURE))
		accepted = rw_cell_accepts(
			rw_hook_open(&run, &seed.ends, (seed.out ? seed.out : seed.in) - 1u,
				     seed.out ? RW_OPEN_REVERSED : RW_OPEN_REVERSED | RW_OPEN_EGRESS));
	if (seed.ends.family == 4)
		return rw_seed_flow4(&run, &seed, accepted);
	return rw_seed_flow6(&run, &seed, accepted);
}
