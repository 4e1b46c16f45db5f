/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What happens to one packet
 * ==========================
 *
 * rw_hook_decide takes a parsed packet through semantics section 5 in its order: malformed, what always
 * passes, forged sources, fragments, the flow table, and for a packet that opens a flow the decision
 * table.  It answers with a cell (abi/rw_table.h): verdict, cause, rule index.
 *
 * The includer has said where the shared memory is:
 *
 *     rw_table_bytes (lib/rw_decide.h), rw_flow_bucket (lib/rw_table_flow.h) and
 *     static bool rw_hook_table(const struct rw_run *run, struct rw_table *ret_table);  the image of the run;
 *                                                                     false only for the verifier
 *     static const struct rw_control *rw_hook_control(void);               NULL only for the verifier
 *     static void rw_hook_hit(const struct rw_run *run, __u32 cell);       a rule decided an opening
 *     static bool rw_hook_fragment_known(const struct rw_run *run, const struct rw_fragment_key *key);
 *     static void rw_hook_fragment_remember(const struct rw_run *run, const struct rw_fragment_key *key);
 *
 * An *opening* is a packet decided as the first of a flow, by the policy of the slot at which it is seen.
 * A flow carries the openings that accepted it: 'in' where it entered the node, 'out' where it left; both
 * must accept.  When the generation has moved on, all that are there are decided anew, with the ends of
 * the opener whatever packet has come, and one refusal buries the flow.
 */

#include "abi/rw_bpf_abi.h"
#include "lib/rw_decide.h"
#include "lib/rw_system.h"
#include "lib/rw_table_flow.h"

#define RW_CELL_SYSTEM(cause, verdict) RW_CELL(RW_TABLE_INDEX_MAX, cause, verdict)

/* Where and when a packet is decided. */
struct rw_run {
	__u32 generation;
	__u32 mode; /* RW_MODE_* */
	__u32 now;  /* second */
	__u16 slot;
	__u8 egress;
	__u8 pending; /* nothing tells yet which policy the device has: what default drops is told as pending */
};

RW_INLINE struct rw_table_address rw_address_of(const __be32 *words)
{
	return (struct rw_table_address){rw_address_high(words), rw_address_low(words)};
}

/* How rw_hook_open takes a packet's ends. */
enum {
	RW_OPEN_EGRESS = 1,   /* by the egress rules; else by those of ingress */
	RW_OPEN_REVERSED = 2, /* the packet was sent by the responder */
};

/* The class of a remote address. */
RW_SUBPROGRAM __u32 rw_hook_class(const struct rw_run *run, const struct rw_table_address *remote, __u32 is6)
{
	struct rw_table table;

	if (!run || !remote || !rw_hook_table(run, &table))
		return RW_CELL_BROKEN;
	return rw_table_class(&table, rw_table_header(&table), (__u8)is6, *remote);
}

RW_INLINE __u32 rw_hook_open_checked(const struct rw_run *run, const struct rw_ends *ends, __u32 slot,
				     __u32 how)
{
	const struct rw_table_header *header;
	struct rw_table table;
	struct rw_table_address remote;
	struct rw_table_key key = {.protocol = ends->protocol, .is6 = ends->family == 6};
	__u32 class;

	/* The remote end sent the packet, unless the opener leaves here or the packet is the responder's. */
	if (!(how & RW_OPEN_EGRESS) == !(how & RW_OPEN_REVERSED)) {
		remote = rw_address_of(ends->source);
		key.local = rw_address_of(ends->destination);
	} else {
		remote = rw_address_of(ends->destination);
		key.local = rw_address_of(ends->source);
	}
	class = rw_hook_class(run, &remote, key.is6);
	if (ends->protocol == RW_IP_TCP || ends->protocol == RW_IP_UDP) {
		key.source_port = how & RW_OPEN_REVERSED ? ends->destination_port : ends->source_port;
		key.destination_port = how & RW_OPEN_REVERSED ? ends->source_port : ends->destination_port;
	}
	if (!rw_hook_table(run, &table))
		return RW_CELL_BROKEN;
	header = rw_table_header(&table);
	return rw_table_decide(&table, header, rw_table_view_number(header, slot, how & RW_OPEN_EGRESS),
			       class, &key);
}

/* Decides the opening of the flow between 'ends' by the policy of 'slot'; 'how' is RW_OPEN_*. */
RW_SUBPROGRAM __u32 rw_hook_open(const struct rw_run *run, const struct rw_ends *ends, __u32 slot, __u32 how)
{
	return run && ends ? rw_hook_open_checked(run, ends, slot, how) : RW_CELL_BROKEN;
}

RW_INLINE bool rw_cell_accepts(__u32 cell)
{
	return RW_CELL_VERDICT(cell) == RW_VERDICT_ACCEPT;
}

/* Time-outs and strictness of the policy of a slot. */
RW_INLINE const struct rw_table_view *rw_hook_view_in(const struct rw_table *table, __u32 slot)
{
	const struct rw_table_header *header = rw_table_header(table);

	return rw_table_view(table, header, rw_table_view_number(header, slot, 0));
}

/* The same; NULL only for the verifier. */
RW_INLINE const struct rw_table_view *rw_hook_view(const struct rw_run *run, __u32 slot)
{
	struct rw_table table;

	return rw_hook_table(run, &table) ? rw_hook_view_in(&table, slot) : NULL;
}

RW_INLINE __u32 rw_decision_slot(__u64 decision)
{
	__u32 in = RW_FLOW_DECISION_IN(decision), out = RW_FLOW_DECISION_OUT(decision);

	return in ? in - 1 : out ? out - 1 : 0;
}

/* RW_OPEN_REVERSED when a packet with that key was sent by the responder of the flow found. */
RW_INLINE __u32 rw_flow_reversed(const struct rw_flow_key *key, const struct rw_flow_found *found)
{
	return !key->from_low == !(found->control & RW_FLOW_HIGH_OPENED) ? RW_OPEN_REVERSED : 0;
}

/*
 * A flow that the rules refuse by now: ends it, unless it was accepted up to a change that keeps such flows and
 * is under way, which marks it.  True when it goes on.
 */
RW_INLINE bool rw_hook_refused(const struct rw_run *run, struct rw_flow_found *found)
{
	const struct rw_control *control = rw_hook_control();
	__u32 keep = control ? rw_load(control->keep_generation) : 0;

	if (RW_FLOW_CLASS(found->control) == RW_FLOW_ABI_TOMBSTONE)
		return false;
	if (keep && RW_FLOW_DECISION_GENERATION(found->decision) == keep)
		return rw_flow_keep(found, run->now);
	(void)rw_flow_change_control(found, rw_flow_bury(found->control, run->now));
	return false;
}

/*
 * True when the openings that 'found' carries are accepted by the present rules, or the flow is kept.  A flow
 * that is neither is buried here.  'ends' are those of a packet of the flow.
 */
RW_INLINE bool rw_hook_holds(const struct rw_run *run, const struct rw_flow_key *key,
			     const struct rw_ends *ends, struct rw_flow_found *found)
{
	__u32 in = RW_FLOW_DECISION_IN(found->decision), out = RW_FLOW_DECISION_OUT(found->decision);
	__u32 reversed = rw_flow_reversed(key, found);
	bool accepted = true;

	if (RW_FLOW_DECISION_GENERATION(found->decision) == run->generation ||
	    (found->control & RW_FLOW_KEPT))
		return RW_FLOW_CLASS(found->control) != RW_FLOW_ABI_TOMBSTONE;
	if (in)
		accepted = rw_cell_accepts(rw_hook_open(run, ends, in - 1, reversed));
	if (out && accepted)
		accepted = rw_cell_accepts(rw_hook_open(run, ends, out - 1, RW_OPEN_EGRESS | reversed));
	if (!accepted)
		return rw_hook_refused(run, found);
	(void)rw_flow_change_decision(found, RW_FLOW_DECISION(run->generation, in, out,
							      RW_FLOW_DECISION_INCARNATION(found->decision)));
	return true;
}

/*
 * Adds this hook's opening to a flow that another hook has taken in.  Refusal buries a flow that nobody has
 * answered, so that no answer may enter by it.  An answered flow goes on where it went so far: else one
 * packet with a forged source would end it.
 */
RW_INLINE __u32 rw_hook_join(const struct rw_run *run, const struct rw_ends *ends,
			     struct rw_flow_found *found)
{
	__u32 in = RW_FLOW_DECISION_IN(found->decision), out = RW_FLOW_DECISION_OUT(found->decision);
	__u32 cell = rw_hook_open(run, ends, run->slot, run->egress);

	rw_hook_hit(run, cell);
	/*
	 * The refusal is noted only in a flow that is buried, where it must accept before that lives again.
	 */
	if (!rw_cell_accepts(cell) &&
	    (rw_flow_is_answered(found->control) ||
	     !rw_flow_change_control(found, rw_flow_bury(found->control, run->now))))
		return cell;
	if (run->egress)
		out = run->slot + 1u;
	else
		in = run->slot + 1u;
	(void)rw_flow_change_decision(found, RW_FLOW_DECISION(run->generation, in, out,
							      RW_FLOW_DECISION_INCARNATION(found->decision)));
	return cell;
}

/*
 * Carries a packet into the control word of its flow, also when another processor does so with another.  What
 * that has ended (rw_flow_kill) stays dead: it may be one of two entries of the flow.
 */
RW_INLINE void rw_hook_step(const struct rw_run *run, const struct rw_table_view *view,
			    const struct rw_flow_packet *packet, struct rw_flow_found *found)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		__u64 control = found->control, again;

		if (RW_FLOW_CLASS(control) == RW_FLOW_ABI_TOMBSTONE)
			control = rw_flow_control(
				control, RW_FLOW_ABI_HALF_OPEN,
				packet->protocol == RW_IP_TCP ? RW_FLOW_PICKED : (run->now & 63) << 4, 0);
		control = rw_flow_step(control, packet, &view->timeouts, run->now);
		if (control == found->control || rw_flow_change_control(found, control))
			return;
		again = rw_load(found->entry->control);
		if (RW_FLOW_INCARNATION(again) != RW_FLOW_INCARNATION(control) ||
		    RW_FLOW_CLASS(again) == RW_FLOW_ABI_TOMBSTONE || !rw_flow_is_live(again, run->now))
			return;
		found->control = again;
	}
}

/*
 * A packet of a buried flow.  Where nothing is enforced yet its opener's packets come on: they keep it
 * buried, so that answers do not open the tuple from this side, and are told by what refuses them.
 */
RW_INLINE __u32 rw_hook_buried(const struct rw_run *run, const struct rw_ends *ends, __u32 reversed,
			       struct rw_flow_found *found)
{
	__u32 cell = RW_CELL_SYSTEM(RW_CAUSE_CUT, RW_VERDICT_DROP);

	if (run->mode == RW_MODE_ENFORCE || reversed)
		return cell;
	(void)rw_flow_change_control(found, rw_flow_bury(found->control, run->now));
	cell = rw_hook_open(run, ends, run->slot, run->egress);
	rw_hook_hit(run, cell);
	return rw_cell_accepts(cell) ? RW_CELL_SYSTEM(RW_CAUSE_CUT, RW_VERDICT_DROP) : cell;
}

/* Notes that the source of this packet was found genuine (rw_hook_forged), for the short way. */
RW_INLINE void rw_hook_note_genuine(const struct rw_run *run, bool from_opener, struct rw_flow_found *found)
{
	__u64 genuine = from_opener ? RW_FLOW_GENUINE_OPENER : RW_FLOW_GENUINE_RESPONDER;
	__u32 mark =
		from_opener ? RW_FLOW_DECISION_IN(found->decision) : RW_FLOW_DECISION_OUT(found->decision);

	if (!run->egress && mark == run->slot + 1u && !(found->decision & genuine) &&
	    RW_FLOW_DECISION_GENERATION(found->decision) == run->generation)
		(void)rw_flow_change_decision(found, found->decision | genuine);
}

/* Answers of rw_hook_known besides a cell. */
#define RW_HOOK_UNKNOWN 0xffffffffu

/* A packet of a flow in the table: its cell, or RW_HOOK_UNKNOWN when it opens the flow anew. */
RW_INLINE __u32 rw_hook_known(const struct rw_run *run, const struct rw_flow_query *query,
			      const struct rw_ends *ends, struct rw_flow_packet *packet,
			      struct rw_flow_found *found)
{
	__u32 class = RW_FLOW_CLASS(found->control);
	bool tcp = packet->protocol == RW_IP_TCP;
	const struct rw_table_view *view;

	if (tcp && rw_tcp_is_opening(packet->tcp_flags) && rw_flow_opens_anew(found->control))
		return RW_HOOK_UNKNOWN;
	/*
	 * By an identifier that is also a type, a question from here and one from there have the same ends.  The
	 * second is decided by itself, and so is its answer.
	 */
	if (packet->is_icmp && packet->is_stray != !!rw_flow_reversed(&query->key, found)) {
		packet->is_stray = 1;
		return RW_HOOK_UNKNOWN;
	}
	view = rw_hook_view(run, rw_decision_slot(found->decision));
	if (!view)
		return RW_CELL_BROKEN;
	if (!rw_hook_holds(run, &query->key, ends, found) ||
	    (tcp && class == RW_FLOW_ABI_TOMBSTONE && (view->flags & RW_VIEW_MIDSTREAM_DROP)))
		return rw_hook_buried(run, ends, rw_flow_reversed(&query->key, found), found);
	packet->from_opener = !rw_flow_reversed(&query->key, found);
	if (packet->from_opener &&
	    !(run->egress ? RW_FLOW_DECISION_OUT(found->decision) : RW_FLOW_DECISION_IN(found->decision))) {
		__u32 cell = rw_hook_join(run, ends, found);

		if (!rw_cell_accepts(cell))
			return cell;
	}
	rw_hook_note_genuine(run, packet->from_opener, found);
	rw_hook_step(run, view, packet, found);
	return RW_CELL_SYSTEM(RW_CAUSE_RULE, RW_VERDICT_ACCEPT);
}

/* A TCP packet that is no SYN, of no flow (semantics section 4): its cell; *ret_enter = take it in. */
RW_INLINE __u32 rw_hook_midstream(const struct rw_run *run, const struct rw_ends *ends, __u8 tcp_flags,
				  bool *ret_enter)
{
	const struct rw_table_view *view = rw_hook_view(run, run->slot);
	__u32 cell;

	*ret_enter = false;
	if (!view)
		return RW_CELL_BROKEN;
	if (!run->egress) {
		if (view->flags & RW_VIEW_MIDSTREAM_DROP)
			return RW_CELL_SYSTEM(RW_CAUSE_NO_FLOW, RW_VERDICT_DROP);
		cell = rw_hook_open(run, ends, run->slot, 0);
		rw_hook_hit(run, cell);
		*ret_enter = rw_cell_accepts(cell) && !(tcp_flags & RW_FLAG_RST);
		return cell;
	}
	if (tcp_flags & RW_FLAG_RST) {
		cell = rw_hook_open(run, ends, run->slot, RW_OPEN_REVERSED);
		if (rw_cell_accepts(cell))
			return cell;
	}
	return RW_CELL_SYSTEM(RW_CAUSE_NO_FLOW, RW_VERDICT_DROP);
}

/* A packet of no flow, or one that opens its flow anew ('old'). */
RW_INLINE __u32 rw_hook_unknown(__u8 family, const struct rw_run *run, const struct rw_flow_query *query,
				const struct rw_ends *ends, struct rw_flow_packet *packet,
				struct rw_flow_found *old)
{
	const struct rw_table_view *view = rw_hook_view(run, run->slot);
	bool enter = !packet->is_stray;
	__u32 mark = run->slot + 1u;
	__u64 control;
	__u32 cell;

	if (!view)
		return RW_CELL_BROKEN;
	if (packet->protocol == RW_IP_TCP && !rw_tcp_is_opening(packet->tcp_flags)) {
		cell = rw_hook_midstream(run, ends, packet->tcp_flags, &enter);
		if (!enter)
			return cell;
	} else {
		cell = rw_hook_open(run, ends, run->slot, run->egress);
		rw_hook_hit(run, cell);
		/* What is refused and yet passes is entered as cut, so that its answers cannot open it. */
		if (!enter || (!rw_cell_accepts(cell) && run->mode == RW_MODE_ENFORCE))
			return cell;
	}
	packet->from_opener = 1;
	control = rw_flow_begin(packet, !query->key.from_low, &view->timeouts, run->now);
	if (!rw_cell_accepts(cell))
		control = rw_flow_bury(control, run->now);
	if (old->entry)
		rw_flow_kill(old);
	if (!rw_flow_insert(
		    family, query, control,
		    RW_FLOW_DECISION(run->generation, run->egress ? 0 : mark, run->egress ? mark : 0, 0)))
		return RW_CELL_SYSTEM(RW_CAUSE_FLOW_TABLE_FULL, RW_VERDICT_DROP);
	return cell;
}

RW_INLINE void rw_hook_query_in(const struct rw_control *control, const struct rw_run *run,
				const struct rw_ends *ends, __u8 family, struct rw_flow_query *query)
{
	rw_flow_key_make(ends, &query->key);
	query->now = run->now;
	query->hash = rw_flow_hash_of(control, &query->key, family);
	query->mask = rw_flow_mask_of(control, family);
}

RW_INLINE void rw_hook_query(const struct rw_run *run, const struct rw_ends *ends, __u8 family,
			     struct rw_flow_query *query)
{
	const struct rw_control *control = rw_hook_control();

	if (control)
		rw_hook_query_in(control, run, ends, family, query);
}

/* The flow table and, behind it, the decision table. */
RW_INLINE __u32 rw_hook_flow(__u8 family, const struct rw_run *run, const struct rw_frame *frame,
			     struct rw_flow_query *query)
{
	bool is_icmp = frame->ends.protocol == (family == 4 ? RW_IP_ICMP : RW_IP_ICMPV6);
	struct rw_flow_packet packet = {
		.protocol = frame->ends.protocol,
		.tcp_flags = frame->tcp_flags,
		.is_icmp = is_icmp,
		.is_stray = is_icmp && !rw_icmp_is_question(family, frame->icmp_type),
	};
	struct rw_flow_found found = {0};

	rw_hook_query(run, &frame->ends, family, query);
	if (rw_flow_find(family, query, &found)) {
		__u32 cell = rw_hook_known(run, query, &frame->ends, &packet, &found);

		if (cell != RW_HOOK_UNKNOWN)
			return cell;
	} else {
		found.entry = NULL;
	}
	return rw_hook_unknown(family, run, query, &frame->ends, &packet, &found);
}

/*
 * An ICMP error: by the flow of the packet that it quotes.  RW_HOOK_UNKNOWN when that flow is not known, or
 * the error is not addressed to who sent the packet.
 */
RW_INLINE __u32 rw_hook_error(__u8 family, const struct rw_run *run, const struct rw_frame *frame,
			      struct rw_flow_query *query)
{
	struct rw_flow_found found;

	for (int i = 0; i < 4; i++)
		if (frame->quoted.source[i] != frame->ends.destination[i])
			return RW_HOOK_UNKNOWN;
	rw_hook_query(run, &frame->quoted, family, query);
	if (!rw_flow_find(family, query, &found))
		return RW_HOOK_UNKNOWN;
	if (!rw_hook_holds(run, &query->key, &frame->quoted, &found))
		return RW_CELL_SYSTEM(RW_CAUSE_CUT, RW_VERDICT_DROP);
	return RW_CELL_SYSTEM(RW_CAUSE_RULE, RW_VERDICT_ACCEPT);
}

RW_SUBPROGRAM __u32 rw_hook_flow4(const struct rw_run *run, const struct rw_frame *frame,
				  struct rw_flow_query *query)
{
	return run && frame && query ? rw_hook_flow(4, run, frame, query) : RW_CELL_BROKEN;
}

RW_SUBPROGRAM __u32 rw_hook_flow6(const struct rw_run *run, const struct rw_frame *frame,
				  struct rw_flow_query *query)
{
	return run && frame && query ? rw_hook_flow(6, run, frame, query) : RW_CELL_BROKEN;
}

RW_SUBPROGRAM __u32 rw_hook_error4(const struct rw_run *run, const struct rw_frame *frame,
				   struct rw_flow_query *query)
{
	return run && frame && query ? rw_hook_error(4, run, frame, query) : RW_CELL_BROKEN;
}

RW_SUBPROGRAM __u32 rw_hook_error6(const struct rw_run *run, const struct rw_frame *frame,
				   struct rw_flow_query *query)
{
	return run && frame && query ? rw_hook_error(6, run, frame, query) : RW_CELL_BROKEN;
}

/* Whether the source of a packet is a container's that is routed: genuine only where it is routed back. */
RW_INLINE bool rw_hook_is_routed(const struct rw_run *run, const struct rw_frame *frame)
{
	struct rw_table_address source = rw_address_of(frame->ends.source);
	struct rw_table table;

	if (!rw_hook_table(run, &table) || !(rw_table_header(&table)->flags & RW_TABLE_ROUTED))
		return false;
	return rw_table_class_flags(&table, rw_hook_class(run, &source, frame->ends.family == 6)) &
	       RW_CLASS_CONTAINER;
}

/* Forged sources: the cell that refuses them, or 0. */
RW_INLINE __u32 rw_hook_forged(const struct rw_run *run, const struct rw_frame *frame)
{
	const struct rw_table_view *view = rw_hook_view(run, run->slot);
	struct rw_table_address source = rw_address_of(frame->ends.source);
	struct rw_table table;
	__u32 class, cell;

	if (!view || !rw_hook_table(run, &table))
		return RW_CELL_BROKEN;
	class = rw_hook_class(run, &source, frame->ends.family == 6);
	cell = rw_system_refuses(rw_table_header(&table)->flags, view->flags,
				 rw_table_class_flags(&table, class));
	return !cell && frame->is_unrouted ? RW_CELL_SYSTEM(RW_CAUSE_SPOOFED, RW_VERDICT_DROP) : cell;
}

/* Remembers an accepted first fragment ('first'), or tells whether the first one was accepted. */
RW_SUBPROGRAM __u32 rw_hook_fragment(const struct rw_run *run, const struct rw_frame *frame, __u32 first)
{
	struct rw_fragment_key key = {0};

	if (!run || !frame)
		return 0;
	key.id = frame->fragment_id;
	key.family = frame->ends.family;
	key.protocol = frame->ends.family == 4 ? frame->ends.protocol : 0;
	key.egress = run->egress;
	for (int i = 0; i < 4; i++) {
		key.source[i] = frame->ends.source[i];
		key.destination[i] = frame->ends.destination[i];
	}
	if (!first)
		return rw_hook_fragment_known(run, &key);
	rw_hook_fragment_remember(run, &key);
	return 1;
}

RW_INLINE __u32 rw_hook_stateful(const struct rw_run *run, const struct rw_frame *frame,
				 struct rw_flow_query *query)
{
	__u32 cell = RW_HOOK_UNKNOWN;

	if (frame->ends.family == 4) {
		if (frame->is_error)
			cell = rw_hook_error4(run, frame, query);
		return cell == RW_HOOK_UNKNOWN ? rw_hook_flow4(run, frame, query) : cell;
	}
	if (frame->is_error)
		cell = rw_hook_error6(run, frame, query);
	return cell == RW_HOOK_UNKNOWN ? rw_hook_flow6(run, frame, query) : cell;
}

/* Decides one packet; see the top.  'query' is room for what is asked of the flow table. */
RW_INLINE __u32 rw_hook_decide(const struct rw_run *run, const struct rw_frame *frame,
			       enum rw_parse_status status, struct rw_flow_query *query)
{
	__u32 cell;

	if (status == RW_PARSE_MALFORMED)
		return RW_CELL_SYSTEM(RW_CAUSE_MALFORMED, RW_VERDICT_DROP);
	cell = status == RW_PARSE_TINY_FRAGMENT ? 0 : rw_system_passes(frame, run->egress);
	if (!cell && !run->egress)
		cell = rw_hook_forged(run, frame);
	if (!cell && status == RW_PARSE_TINY_FRAGMENT)
		cell = RW_CELL_SYSTEM(RW_CAUSE_FRAGMENT, RW_VERDICT_DROP);
	if (frame->fragment == RW_FRAGMENT_NONE)
		return cell ? cell : rw_hook_stateful(run, frame, query);
	if (!cell && frame->fragment == RW_FRAGMENT_LATER)
		return rw_hook_fragment(run, frame, 0) ? RW_CELL_SYSTEM(RW_CAUSE_RULE, RW_VERDICT_ACCEPT)
						       : RW_CELL_SYSTEM(RW_CAUSE_FRAGMENT, RW_VERDICT_DROP);
	if (!cell)
		cell = rw_hook_stateful(run, frame, query);
	if (rw_cell_accepts(cell) && frame->fragment == RW_FRAGMENT_FIRST)
		(void)rw_hook_fragment(run, frame, 1);
	return cell;
}
