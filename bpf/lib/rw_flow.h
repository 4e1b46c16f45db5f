/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * How a flow lives
 * ================
 *
 * The pure part of the flow table: keys, hash, and the state machine that gives a control word for a
 * control word and a packet (semantics section 4).  Nothing here touches shared memory.
 *
 * What is stored is not when a flow was last seen but when it will be dead; a packet moves that deadline
 * to now + the time-out of the class the flow is in then.  So nobody who meets an entry needs to know the
 * time-outs of the policy that took it, and the control word changes at most once a second.
 *
 * TCP keeps what has been seen of both ends in 8 bits of detail; the class follows from them alone.  Four more say in
 * which second, modulo 16, it was reset:
 *
 *     RST seen (and nothing but RST since)           CLOSING      tcp_reset
 *     FIN of both                                    CLOSING      tcp_closing
 *     opener's packet behind its SYN, and an answer  ESTABLISHED  tcp_established
 *     picked up, no answer yet                       PICKED_UP    tcp_half_open
 *     opener's packet behind its SYN, no answer      ONE_WAY      RW_FLOW_ONE_WAY_SECONDS
 *     else                                           HALF_OPEN    tcp_half_open
 *
 * Other protocols count the packets of both ends up to two, and keep the second in which they began: two
 * packets each way over at least two seconds make a flow ASSURED, one answer makes it an EXCHANGE.  Pings
 * stay exchanges.
 */

#include "abi/rw_bpf_abi.h"
#include "abi/rw_flow_abi.h"
#include "abi/rw_table.h"
#include "lib/rw_parse.h"

enum {
	RW_FLOW_ONE_WAY_SECONDS = 300,
	RW_FLOW_TOMBSTONE_SECONDS = 180,
	RW_FLOW_ASSURED_AFTER_SECONDS = 2,
	RW_FLOW_RESET_BELIEVED_SECONDS = 2, /* a power of two, at most 16 */
};

/* Detail of TCP. */
enum {
	RW_FLOW_SYN_OPENER = 1u << 0,
	RW_FLOW_SYN_RESPONDER = 1u << 1,
	RW_FLOW_DATA_OPENER = 1u << 2, /* any packet with ACK that is neither SYN nor RST */
	RW_FLOW_DATA_RESPONDER = 1u << 3,
	RW_FLOW_FIN_OPENER = 1u << 4,
	RW_FLOW_FIN_RESPONDER = 1u << 5,
	RW_FLOW_RST = 1u << 6,
	RW_FLOW_PICKED = 1u << 7,
};

/* The second of the reset, modulo 16; 0 for flows that are not reset. */
#define RW_FLOW_RESET_SHIFT      8
#define RW_FLOW_RESET_AT(detail) ((detail) >> RW_FLOW_RESET_SHIFT & 15u)

/* Detail of the others: counts of opener and responder, then the second they began, modulo 64. */
#define RW_FLOW_COUNT_OPENER(detail)    ((detail)&3u)
#define RW_FLOW_COUNT_RESPONDER(detail) (((detail) >> 2) & 3u)
#define RW_FLOW_BEGAN(detail)           (((detail) >> 4) & 63u)

/* The key of a flow and where a packet of it stands to it. */
struct rw_flow_key {
	__u64 words[RW_FLOW_KEY_WORDS6];
	__u32 from_low; /* this packet was sent by the low end */
	__u32 pad;
};

/* One packet as the state machine sees it. */
struct rw_flow_packet {
	__u8 protocol;
	__u8 tcp_flags;
	__u8 from_opener;
	__u8 is_icmp;  /* of its family */
	__u8 is_stray; /* ICMP that asks nothing: it begins no flow */
	__u8 pad[3];
};

RW_INLINE bool rw_tcp_is_opening(__u8 flags)
{
	return (flags & (RW_FLAG_SYN | RW_FLAG_ACK | RW_FLAG_RST | RW_FLAG_FIN)) == RW_FLAG_SYN;
}

RW_INLINE int rw_flow_key_word_count(__u8 family)
{
	return family == 4 ? RW_FLOW_KEY_WORDS4 : RW_FLOW_KEY_WORDS6;
}

RW_INLINE __u64 rw_address_high(const __be32 *words)
{
	return (__u64)rw_be32_to_host(words[0]) << 32 | rw_be32_to_host(words[1]);
}

RW_INLINE __u64 rw_address_low(const __be32 *words)
{
	return (__u64)rw_be32_to_host(words[2]) << 32 | rw_be32_to_host(words[3]);
}

/* One end of an IPv4 flow: address << 16 | port. */
RW_INLINE __u64 rw_flow_end4(__be32 address, __u16 port)
{
	return (__u64)rw_be32_to_host(address) << 16 | port;
}

RW_INLINE void rw_flow_key_make4(const struct rw_ends *ends, struct rw_flow_key *key)
{
	__u64 source = rw_flow_end4(ends->source[0], ends->source_port);
	__u64 destination = rw_flow_end4(ends->destination[0], ends->destination_port);
	__u64 from_high = (destination - source) >> 63; /* ends have 48 bits */
	__u64 swapped = (source ^ destination) & (from_high - 1);
	__u64 low = destination ^ swapped, high = source ^ swapped;

	key->words[0] = low >> 16 << 32 | high >> 16;
	key->words[1] = low << 48 | (high & 0xffff) << 32 | (__u64)ends->protocol << 24;
	key->words[2] = key->words[3] = key->words[4] = 0;
	key->from_low = (__u32)from_high ^ 1;
}

RW_INLINE void rw_flow_key_make6(const struct rw_ends *ends, struct rw_flow_key *key)
{
	__u64 source[2] = {rw_address_high(ends->source), rw_address_low(ends->source)};
	__u64 destination[2] = {rw_address_high(ends->destination), rw_address_low(ends->destination)};
	__u64 ports = (__u64)ends->source_port << 16 | ends->destination_port;
	__u64 turned = (__u64)ends->destination_port << 16 | ends->source_port;
	__u64 from_low = rw_is_less(source[0], destination[0]) |
			 (rw_is_equal(source[0], destination[0]) &
			  (rw_is_less(source[1], destination[1]) |
			   (rw_is_equal(source[1], destination[1]) &
			    (1 - rw_is_less(ends->destination_port, ends->source_port)))));
	__u64 mask = 0 - from_low;

	for (int i = 0; i < 2; i++) {
		__u64 swapped = (source[i] ^ destination[i]) & mask;

		key->words[i] = destination[i] ^ swapped;
		key->words[2 + i] = source[i] ^ swapped;
	}
	key->words[4] = (turned ^ ((ports ^ turned) & mask)) << 32 | (__u64)ends->protocol << 24;
	key->from_low = (__u32)from_low;
}

/*
 * The key of the flow that a packet between 'ends' belongs to.  Which end is the lower one is as random as
 * addresses and ports are, so nothing branches on it.
 */
RW_INLINE void rw_flow_key_make(const struct rw_ends *ends, struct rw_flow_key *key)
{
	if (ends->family == 4)
		rw_flow_key_make4(ends, key);
	else
		rw_flow_key_make6(ends, key);
	key->pad = 0;
}

/*
 * The keyed hash: NH (Black, Halevi, Krawczyk, Krovetz, Rogaway, "UMAC", 1999), whose collisions nobody can
 * arrange who does not know the secret, and a mix that spreads it over all 64 bits.
 */
RW_INLINE __u64 rw_flow_hash_by(const struct rw_flow_key *key, const __u64 *secret, const __u64 *mix,
				__u8 family)
{
	__u64 hash = 0;

	for (int i = 0; i < rw_flow_key_word_count(family); i++) {
		__u32 low = (__u32)key->words[i] + (__u32)secret[i];
		__u32 high = (__u32)(key->words[i] >> 32) + (__u32)(secret[i] >> 32);

		hash += (__u64)low * high;
	}
	hash = (hash ^ hash >> 32) * (mix[0] | 1);
	hash = (hash ^ hash >> 29) * (mix[1] | 1);
	return hash ^ hash >> 32;
}

RW_INLINE __u64 rw_flow_hash(const struct rw_flow_key *key, const __u64 *secret, __u8 family)
{
	return rw_flow_hash_by(key, secret, &secret[5], family);
}

/* Makes the copies that rw_flow_hash_of and rw_flow_mask_of use; by who has set what they are of. */
RW_INLINE void rw_flow_control_copy(struct rw_control *control)
{
	for (int i = 0; i < RW_FLOW_KEY_WORDS4; i++) {
		control->secret4[i] = control->secret[i];
		control->secret4[RW_FLOW_KEY_WORDS4 + i] = control->secret[5 + i];
	}
	control->mask4 = control->bucket_mask4;
}

/* The same hash, and the mask of bucket numbers, from as few lines as can be. */
RW_INLINE __u64 rw_flow_hash_of(const struct rw_control *control, const struct rw_flow_key *key, __u8 family)
{
	return family == 4 ? rw_flow_hash_by(key, control->secret4, &control->secret4[RW_FLOW_KEY_WORDS4], 4)
			   : rw_flow_hash(key, control->secret, family);
}

RW_INLINE __u32 rw_flow_mask_of(const struct rw_control *control, __u8 family)
{
	return family == 4 ? control->mask4 : control->bucket_mask6;
}

RW_INLINE __u32 rw_flow_signature(__u64 hash)
{
	__u32 signature = (__u32)(hash >> 32);

	return signature <= RW_FLOW_SIGNATURE_BUSY ? signature + 2 : signature;
}

/* The two buckets of a hash, by number. */
RW_INLINE __u32 rw_flow_bucket_first(__u64 hash, __u32 mask)
{
	return (__u32)hash & mask;
}

RW_INLINE __u32 rw_flow_bucket_second(__u64 hash, __u32 mask)
{
	return (__u32)(hash >> 22) & mask;
}

RW_INLINE bool rw_flow_is_live(__u64 control, __u32 now)
{
	return RW_FLOW_DEADLINE(control) > now;
}

RW_INLINE __u64 rw_flow_control(__u64 kept_bits, __u32 class, __u32 detail, __u32 deadline)
{
	return (kept_bits & ~((1ull << 48) - 1)) | (__u64)detail << RW_FLOW_DETAIL_SHIFT |
	       (__u64) class << RW_FLOW_CLASS_SHIFT | deadline;
}

/*
 * True when a packet of a TCP flow changes nothing of it but its deadline, as most do: an established flow stays
 * that as long as packets are neither SYN nor RST nor FIN and come from an end that has sent one before.
 */
RW_INLINE bool rw_flow_is_settled(__u64 control, const struct rw_flow_packet *packet)
{
	__u32 sent = packet->from_opener ? RW_FLOW_DATA_OPENER : RW_FLOW_DATA_RESPONDER;

	return RW_FLOW_CLASS(control) == RW_FLOW_ABI_ESTABLISHED && (RW_FLOW_DETAIL(control) & sent) &&
	       !(packet->tcp_flags & (RW_FLAG_SYN | RW_FLAG_RST | RW_FLAG_FIN));
}

/*
 * A packet that has neither SYN nor RST nor ACK says nothing: hosts drop it without a word (RFC 9293, 3.10.7).  Would
 * it count, two forged packets made a connection that lasts, while to a forged ACK the host answers by a reset.
 */
RW_INLINE __u32 rw_flow_tcp_detail(__u32 detail, const struct rw_flow_packet *packet, __u32 now)
{
	bool opener = packet->from_opener;

	if (packet->tcp_flags & RW_FLAG_RST)
		return detail & RW_FLOW_RST ? detail
					    : detail | RW_FLOW_RST | (now & 15) << RW_FLOW_RESET_SHIFT;
	if (!(packet->tcp_flags & (RW_FLAG_SYN | RW_FLAG_ACK)))
		return detail;
	detail &= ~((__u32)RW_FLOW_RST | 15u << RW_FLOW_RESET_SHIFT);
	if (packet->tcp_flags & RW_FLAG_SYN) {
		detail |= opener ? RW_FLOW_SYN_OPENER : RW_FLOW_SYN_RESPONDER;
		/* Both ends opened at once: no further packet of the opener is needed. */
		if (!opener && !(packet->tcp_flags & RW_FLAG_ACK))
			detail |= RW_FLOW_DATA_OPENER;
	} else {
		detail |= opener ? RW_FLOW_DATA_OPENER : RW_FLOW_DATA_RESPONDER;
	}
	if (packet->tcp_flags & RW_FLAG_FIN)
		detail |= opener ? RW_FLOW_FIN_OPENER : RW_FLOW_FIN_RESPONDER;
	return detail;
}

RW_INLINE __u32 rw_flow_tcp_class(__u32 detail, const struct rw_table_timeouts *timeouts, __u32 *ret_timeout)
{
	bool answered = detail & (RW_FLOW_SYN_RESPONDER | RW_FLOW_DATA_RESPONDER);

	if (detail & RW_FLOW_RST) {
		*ret_timeout = timeouts->tcp_reset;
		return RW_FLOW_ABI_CLOSING;
	}
	if ((detail & RW_FLOW_FIN_OPENER) && (detail & RW_FLOW_FIN_RESPONDER)) {
		*ret_timeout = timeouts->tcp_closing;
		return RW_FLOW_ABI_CLOSING;
	}
	if ((detail & RW_FLOW_DATA_OPENER) && answered) {
		*ret_timeout = timeouts->tcp_established;
		return RW_FLOW_ABI_ESTABLISHED;
	}
	*ret_timeout = timeouts->tcp_half_open;
	if (detail & RW_FLOW_PICKED)
		return RW_FLOW_ABI_PICKED_UP;
	if (!(detail & RW_FLOW_DATA_OPENER))
		return RW_FLOW_ABI_HALF_OPEN;
	*ret_timeout = RW_FLOW_ONE_WAY_SECONDS;
	return RW_FLOW_ABI_ONE_WAY;
}

RW_INLINE __u32 rw_flow_other_detail(__u32 detail, const struct rw_flow_packet *packet)
{
	if (packet->from_opener && RW_FLOW_COUNT_OPENER(detail) < 2)
		return detail + 1;
	if (!packet->from_opener && RW_FLOW_COUNT_RESPONDER(detail) < 2)
		return detail + 4;
	return detail;
}

RW_INLINE __u32 rw_flow_other_class(__u32 class, __u32 detail, const struct rw_flow_packet *packet,
				    const struct rw_table_timeouts *timeouts, __u32 now, __u32 *ret_timeout)
{
	bool udp = packet->protocol == RW_IP_UDP;

	*ret_timeout = udp ? timeouts->udp : timeouts->other;
	if (class != RW_FLOW_ABI_ASSURED) {
		if (!RW_FLOW_COUNT_RESPONDER(detail))
			return RW_FLOW_ABI_HALF_OPEN;
		if (packet->is_icmp || RW_FLOW_COUNT_OPENER(detail) < 2 ||
		    RW_FLOW_COUNT_RESPONDER(detail) < 2 ||
		    ((now - RW_FLOW_BEGAN(detail)) & 63) < RW_FLOW_ASSURED_AFTER_SECONDS)
			return RW_FLOW_ABI_EXCHANGE;
	}
	if (udp)
		*ret_timeout = timeouts->udp_assured;
	return RW_FLOW_ABI_ASSURED;
}

/* The control word of a live flow after one more packet of it.  Tombstones are the caller's business. */
RW_INLINE __u64 rw_flow_step_inline(__u64 control, const struct rw_flow_packet *packet,
				    const struct rw_table_timeouts *timeouts, __u32 now)
{
	__u32 detail = RW_FLOW_DETAIL(control), class = RW_FLOW_CLASS(control), timeout = 0;

	if (packet->protocol == RW_IP_TCP) {
		detail = rw_flow_tcp_detail(detail, packet, now);
		class = rw_flow_tcp_class(detail, timeouts, &timeout);
	} else {
		detail = rw_flow_other_detail(detail, packet);
		class = rw_flow_other_class(class, detail, packet, timeouts, now, &timeout);
	}
	return rw_flow_control(control, class, detail, now + timeout);
}

RW_SUBPROGRAM __u64 rw_flow_step(__u64 control, const struct rw_flow_packet *packet,
				 const struct rw_table_timeouts *timeouts, __u32 now)
{
	return packet && timeouts ? rw_flow_step_inline(control, packet, timeouts, now) : control;
}

/*
 * The control word of a flow that begins with 'packet' (of the opener); incarnation 0.  A TCP packet that
 * is no SYN begins a picked-up flow.
 */
RW_INLINE __u64 rw_flow_begin(const struct rw_flow_packet *packet, bool high_opened,
			      const struct rw_table_timeouts *timeouts, __u32 now)
{
	__u64 fixed = high_opened ? RW_FLOW_HIGH_OPENED : 0;
	__u32 detail = (now & 63) << 4;

	if (packet->protocol == RW_IP_TCP) {
		fixed |= RW_FLOW_TCP;
		detail = rw_tcp_is_opening(packet->tcp_flags) ? 0 : RW_FLOW_PICKED;
	}
	return rw_flow_step_inline(rw_flow_control(fixed, RW_FLOW_ABI_HALF_OPEN, detail, 0), packet, timeouts,
				   now);
}

/* The control word of a flow found alive when enforcement began: established, or as good as that. */
RW_INLINE __u64 rw_flow_begin_live(__u8 protocol, bool high_opened, const struct rw_table_timeouts *timeouts,
				   __u32 now)
{
	__u64 fixed = high_opened ? RW_FLOW_HIGH_OPENED : 0;

	if (protocol == RW_IP_TCP)
		return rw_flow_control(fixed | RW_FLOW_TCP, RW_FLOW_ABI_ESTABLISHED,
				       RW_FLOW_SYN_OPENER | RW_FLOW_SYN_RESPONDER | RW_FLOW_DATA_OPENER,
				       now + timeouts->tcp_established);
	if (protocol == RW_IP_UDP)
		return rw_flow_control(fixed, RW_FLOW_ABI_ASSURED, 10, now + timeouts->udp_assured);
	return rw_flow_control(fixed, RW_FLOW_ABI_EXCHANGE, 5 | (now & 63) << 4, now + timeouts->other);
}

RW_INLINE __u64 rw_flow_bury(__u64 control, __u32 now)
{
	return rw_flow_control(control & ~RW_FLOW_KEPT, RW_FLOW_ABI_TOMBSTONE, 0,
			       now + RW_FLOW_TOMBSTONE_SECONDS);
}

/*
 * Whether a pure SYN on a live TCP flow is a new one: on what has ended or is cut; and on what is kept, which holds for
 * the connection that there is and for no other.
 */
RW_INLINE bool rw_flow_opens_anew(__u64 control)
{
	__u32 class = RW_FLOW_CLASS(control);

	return class == RW_FLOW_ABI_CLOSING || class == RW_FLOW_ABI_TOMBSTONE ||
	       ((control & RW_FLOW_KEPT) && class != RW_FLOW_ABI_HALF_OPEN);
}

RW_INLINE bool rw_flow_is_answered(__u64 control)
{
	__u32 detail = RW_FLOW_DETAIL(control);

	if (control & RW_FLOW_TCP)
		return detail & (RW_FLOW_SYN_RESPONDER | RW_FLOW_DATA_RESPONDER);
	return RW_FLOW_COUNT_RESPONDER(detail);
}

/* Who goes first when room is needed; RW_FLOW_RANK_NEVER stays. */
#define RW_FLOW_RANK_BEGUN 1u /* nothing tells yet that anybody answers; 0 is what has ended */
#define RW_FLOW_RANK_NEVER 15u

#define RW_FLOW_RANKS 0xf5403211u /* by class, 4 bits each */

/*
 * What has ended goes before what begins: a server has many more ended connections than open ones.  A reset may have
 * been forged, though, and who sends floods could have flows given up by it; so one is believed only when nothing
 * of the flow has followed it in its second and the next.
 */
RW_INLINE __u64 rw_flow_rank(__u64 control, __u32 now)
{
	__u32 class = RW_FLOW_CLASS(control), detail = RW_FLOW_DETAIL(control);
	__u64 seconds = ((__u64)now - RW_FLOW_RESET_AT(detail)) & 15;
	__u64 believed = (class ^ RW_FLOW_ABI_CLOSING) | (~detail & RW_FLOW_RST) |
			 (seconds & ~(RW_FLOW_RESET_BELIEVED_SECONDS - 1u));

	return (__u64)(RW_FLOW_RANKS >> ((class & 7) * 4) & 15) + 4 * rw_is_zero(believed);
}
