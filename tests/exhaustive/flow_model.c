/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_model.h"

static struct outcome dropped(enum rw_cause cause)
{
	return (struct outcome){.cause = cause};
}

static bool rules_accept(const struct place *place, bool from_remote)
{
	return place->rules & (from_remote ? ACCEPT_IN : ACCEPT_OUT);
}

static bool is_opening(const struct event *event)
{
	return event->protocol == RW_PROTOCOL_TCP && event->tcp_flags == RW_FLAG_SYN;
}

static void model_end(struct flow *flow, __u32 now, __u32 class, __u32 seconds)
{
	flow->class = class;
	flow->ends = now + seconds;
}

static void model_tcp(struct flow *flow, unsigned int who, __u8 flags, __u32 now)
{
	bool says_nothing = !(flags & (RW_FLAG_SYN | RW_FLAG_RST | RW_FLAG_ACK));
	bool answered;

	if (!says_nothing)
		flow->reset = flags & RW_FLAG_RST;
	if (!flow->reset && !says_nothing) {
		flow->opened[who] |= flags == RW_FLAG_SYN;
		flow->agreed[who] |= (flags & RW_FLAG_SYN) && (flags & RW_FLAG_ACK);
		flow->spoke[who] |= !(flags & RW_FLAG_SYN);
		flow->finished[who] |= flags & RW_FLAG_FIN;
	}
	answered = flow->opened[1] || flow->agreed[1] || flow->spoke[1];
	if (flow->reset)
		model_end(flow, now, RW_FLOW_ABI_CLOSING, RESET);
	else if (flow->finished[0] && flow->finished[1])
		model_end(flow, now, RW_FLOW_ABI_CLOSING, CLOSING);
	else if (flow->opened[1] || (answered && flow->spoke[0]))
		/* Whoever is no opener and sends a SYN alone opens at the same time. */
		model_end(flow, now, RW_FLOW_ABI_ESTABLISHED, ESTABLISHED);
	else if (flow->picked_up)
		model_end(flow, now, RW_FLOW_ABI_PICKED_UP, HALF_OPEN);
	else if (flow->spoke[0])
		model_end(flow, now, RW_FLOW_ABI_ONE_WAY, ONE_WAY);
	else
		model_end(flow, now, RW_FLOW_ABI_HALF_OPEN, HALF_OPEN);
}

static void model_other(struct flow *flow, unsigned int who, __u8 protocol, __u32 now)
{
	bool is_udp = protocol == RW_PROTOCOL_UDP;
	bool is_icmp = protocol == RW_PROTOCOL_ICMP || protocol == RW_PROTOCOL_ICMPV6;

	flow->packets[who]++;
	/* The age is kept modulo 64 s: in two seconds of 64 an old flow looks young, until its next packet. */
	if (flow->packets[0] >= 2 && flow->packets[1] >= 2 && (now - flow->began) % 64 >= 2 && !is_icmp)
		flow->assured = true;
	if (flow->assured)
		model_end(flow, now, RW_FLOW_ABI_ASSURED, is_udp ? UDP_ASSURED : OTHER);
	else
		model_end(flow, now, flow->packets[1] ? RW_FLOW_ABI_EXCHANGE : RW_FLOW_ABI_HALF_OPEN,
			  is_udp ? UDP : OTHER);
}

static void model_packet(struct flow *flow, const struct event *event, __u32 now)
{
	unsigned int who = event->from_remote != flow->from_remote;

	if (event->protocol == RW_PROTOCOL_TCP)
		model_tcp(flow, who, event->tcp_flags, now);
	else
		model_other(flow, who, event->protocol, now);
}

/* Nothing of it has been seen yet. */
static void model_begin(struct flow *flow, const struct place *place, bool from_remote, bool picked_up)
{
	*flow = (struct flow){
		.exists = true,
		.from_remote = from_remote,
		.picked_up = picked_up,
		.began = place->now,
		.generation = place->generation,
	};
}

static struct outcome model_open(struct place *place, const struct event *event, struct flow *flow)
{
	bool midstream = event->protocol == RW_PROTOCOL_TCP && !is_opening(event);
	bool is_reset = event->tcp_flags & RW_FLAG_RST;

	if (midstream && !event->from_remote) {
		/* What the node itself says to a packet that may come in. */
		if (is_reset && rules_accept(place, true))
			return (struct outcome){.accepted = true};
		return dropped(RW_CAUSE_NO_FLOW);
	}
	if (midstream && (place->rules & STRICT))
		return dropped(RW_CAUSE_NO_FLOW);
	if (!rules_accept(place, event->from_remote))
		return dropped(event->from_remote ? RW_CAUSE_DEFAULT : RW_CAUSE_RULE);
	if (!event->is_stray && !(midstream && is_reset)) {
		model_begin(flow, place, event->from_remote, midstream);
		model_packet(flow, event, place->now);
	}
	return (struct outcome){.accepted = true};
}

/* A SYN alone is of a flow that opens or goes on by the rules, and another one where that has ended, or is kept. */
static bool opens_anew(const struct flow *flow)
{
	return flow->buried || flow->class == RW_FLOW_ABI_CLOSING ||
	       (flow->kept && flow->class != RW_FLOW_ABI_HALF_OPEN);
}

struct outcome model_step(struct place *place, const struct event *event)
{
	struct flow *flow = &place->flows[event->flow];

	if (!flow->exists || (is_opening(event) && opens_anew(flow)))
		return model_open(place, event, flow);
	if (!flow->buried && flow->generation != place->generation &&
	    flow->generation == place->keep_generation)
		flow->kept |= !rules_accept(place, flow->from_remote);
	if (flow->kept) {
		model_packet(flow, event, place->now);
		return (struct outcome){.accepted = true};
	}
	if (flow->generation != place->generation && !rules_accept(place, flow->from_remote)) {
		if (!flow->buried)
			model_end(flow, place->now, RW_FLOW_ABI_TOMBSTONE, TOMBSTONE);
		flow->buried = true;
		return dropped(RW_CAUSE_CUT);
	}
	if (flow->buried) {
		bool again = flow->generation != place->generation;

		flow->generation = place->generation;
		if (!again || (event->protocol == RW_PROTOCOL_TCP && (place->rules & STRICT)))
			return dropped(RW_CAUSE_CUT);
		model_begin(flow, place, flow->from_remote, true);
	}
	flow->generation = place->generation;
	model_packet(flow, event, place->now);
	return (struct outcome){.accepted = true};
}

void model_change(struct place *place, enum change change, unsigned int rules)
{
	struct place after = {.rules = rules};

	for (unsigned int i = 0; i < FLOWS_MAX; i++) {
		struct flow *flow = &place->flows[i];
		bool lives =
			flow->exists && !flow->buried &&
			(flow->generation == place->generation || rules_accept(place, flow->from_remote));

		if (change == KEEP && lives && !rules_accept(&after, flow->from_remote))
			flow->kept = true;
		if (change == CUT_KEPT)
			flow->kept = false;
	}
	place->keep_generation = change == KEEPING ? place->generation : 0;
	place->rules_next = place->rules;
	place->rules = rules;
	place->generation++;
}

void model_let_die(struct place *place)
{
	for (unsigned int i = 0; i < FLOWS_MAX; i++)
		if (place->flows[i].ends <= place->now)
			place->flows[i].exists = false;
}
