/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A plain model of how flows live (docs/semantics.md section 4, docs/dataplane.md "Flows").  It keeps what was seen as
 * plain facts and derives the rest anew each time; it shares nothing with bpf/lib but the numbers of classes and
 * causes.
 */

#include "abi/rw_cause.h"
#include "abi/rw_flow_abi.h"
#include "frame.h"
#include "lib/rw_parse.h"
#include "packet.h"

enum {
	HALF_OPEN = 30,
	ESTABLISHED = 8000,
	CLOSING = 60,
	RESET = 10,
	UDP = 25,
	UDP_ASSURED = 180,
	OTHER = 65, /* a flow may be silent for the 64 s after which its age begins anew */
	ONE_WAY = 300,
	TOMBSTONE = 180,
	FLOWS_MAX = 2,
};

/* The rules of a node in one word; bits. */
enum {
	ACCEPT_IN = 1 << 0,
	ACCEPT_OUT = 1 << 1,
	STRICT = 1 << 2, /* midstream: drop */
	RULES_COUNT = 1 << 3,
};

/* How rules change, by what becomes of the flows that they refuse then. */
enum change {
	NO_CHANGE,
	CUT,
	KEEP,    /* flows that are there are marked when the rules change */
	KEEPING, /* nobody marks them but the programs, when their packets come */
	CUT_KEPT,
};

/* The model: what was seen of a flow, [0] of its opener, [1] of the other end. */
struct flow {
	bool exists;
	bool from_remote; /* the opener is the remote end */
	bool buried;
	bool kept;
	bool picked_up; /* it does not begin with a SYN that we saw */
	bool reset;     /* by the last packet */
	bool opened[2]; /* a SYN alone */
	bool agreed[2]; /* a SYN with ACK */
	bool spoke[2];
	bool finished[2];
	bool assured;
	unsigned int packets[2];
	__u32 began;
	__u32 ends;
	__u32 class;
	__u32 generation;
};

struct event {
	enum change change; /* of the rules; else a packet */
	bool from_remote;
	bool is_stray; /* ICMP that is no question: it begins no flow */
	unsigned int flow;
	__u8 protocol;
	__u8 tcp_flags;
	__u32 size;
	_Alignas(8) __u8 bytes[FRAME_MAX];
};

/* Where a row of packets stands. */
struct place {
	struct flow flows[FLOWS_MAX];
	unsigned int rules;
	unsigned int rules_next; /* what a change changes to, and back */
	__u32 generation;
	__u32 keep_generation; /* whose flows are kept while this is so; 0 = none's */
	__u32 now;
};

struct outcome {
	bool accepted;
	enum rw_cause cause; /* of a drop */
};

/* What becomes of a packet, and of its flow. */
struct outcome model_step(struct place *place, const struct event *event);

/* The rules of 'place' become 'rules'. */
void model_change(struct place *place, enum change change, unsigned int rules);

/* Flows whose time is up are gone. */
void model_let_die(struct place *place);
