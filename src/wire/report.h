/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an agent tells its controller
 * ==================================
 *
 * As heartbeat every few seconds and at once after every change: what is applied and how it goes.  Everything
 * in it is a claim.
 *
 * A report is a whole: lists replace the last report's lists, counters are totals since 'started_ms', drop
 * events are those since the last report.  Lists are bounded; what did not fit is counted in
 * 'drop_events_lost'.  A list that is absent from the document decodes as empty.
 *
 * A brief report follows a change of the policy, for which somebody waits: it says what is applied and how it goes, in
 * the same few words whatever the node's size, and leaves all else as the last report told.
 *
 * The answer says which authorities the agent should trust, the one that issues first, the newest version of a
 * report that the controller takes, and where the controllers are, the active one first:
 *
 *     {"version":1,"reports":4,"authorities":["<64 hex>"],"controllers":["https://a:8443","https://b:8443"]}
 *
 * An agent begins with version 1, which every controller takes, and goes on with the newest that both know.
 * A controller without such an answer (204, nothing) takes version 1.  Controllers are told only in answer to
 * version 4 and later: agents of before refuse an answer with a member that they do not know.
 */

#include "base/buf.h"
#include "group/model.h"
#include "policy/flow_class.h"
#include "policy/policy.h"
#include "wire/json.h"
#include "wire/stream.h"
#include "wire/writer.h"

/* 2 has "authorities", 3 may be brief and tells of tables, 4 asks for "controllers"; those before are spoken too. */
#define RW_REPORT_VERSION        4
#define RW_REPORT_AUTHORITIES    4
#define RW_REPORT_CONTROLLERS    16
#define RW_REPORT_URL_SIZE       300 /* of a controller */
#define RW_REPORT_INTERFACES_MAX 256
#define RW_REPORT_ADDRESSES_MAX  64
#define RW_REPORT_PORTS_MAX      1024
#define RW_REPORT_HITS_MAX       10000
#define RW_REPORT_DROPS_MAX      256
#define RW_REPORT_LIVE_MAX       64 /* connections */
#define RW_REPORT_HOOKS_MAX      128
#define RW_REPORT_FLOWS_MAX      128
#define RW_REPORT_JUDGEMENTS_MAX 4
#define RW_REPORT_EXAMPLES_MAX   5
#define RW_REPORT_SIZE_MAX       (4u << 20)

/* What the agent knows of itself; lagging and offline are the controller's judgement. */
enum rw_agent_state {
	RW_AGENT_STATE_PENDING, /* no policy applied yet */
	RW_AGENT_STATE_OK,      /* 'applied' is in the kernel */
	RW_AGENT_STATE_FAILED,  /* the policy wanted last could not be applied; 'applied' is still in force */
	RW_AGENT_STATE_DEGRADED,  /* applied, but may be bypassed: see reason */
	RW_AGENT_STATE_MONITORED, /* decides, but lets everything pass */
	RW_AGENT_STATE_DETACHED,
};
extern const struct rw_word rw_words_agent_state[];

struct rw_report_interface {
	char name[16];
	char kind[16]; /* ethernet, bond, vlan, bridge, bridge-port, tunnel, other, ... */
	char mac[18];  /* "02:00:00:00:00:01" or "" */
	bool default_route;
	bool enforced;
	struct rw_address *addresses;
	size_t address_count;
	char reason[128]; /* a half sentence: why it is enforced, or not; may be "" */
};

struct rw_report_hit {
	char rule[RW_ID_SIZE];
	uint64_t packets;
	int64_t last_hit_ms; /* Unix time */
};

struct rw_report_listener {
	uint16_t protocol; /* TCP or UDP */
	uint16_t port;
	char process[32]; /* "" = not known */
};

struct rw_report_drop {
	int64_t time_ms;
	char interface[16];
	enum rw_direction direction;
	uint16_t protocol;
	struct rw_address local;
	struct rw_address remote;
	uint16_t local_port;
	uint16_t remote_port;
	bool would;             /* monitored: would have been dropped */
	char cause[RW_ID_SIZE]; /* rule id or cause word */
};

/*
 * A live TCP connection across an enforced interface.  A monitored node tells those that matter before it
 * enforces: SSH sessions first, then what its policy would cut.
 */
struct rw_report_connection {
	char interface[16];
	enum rw_direction direction; /* in which it was opened */
	struct rw_address local;
	struct rw_address remote;
	uint16_t local_port;
	uint16_t remote_port;
	bool ssh; /* came in to a port on which sshd listens */
};

/* A live flow that a policy would refuse. */
struct rw_report_refused {
	char interface[16];
	enum rw_direction direction; /* in which it was opened there */
	uint16_t protocol;
	enum rw_flow_class class;
	struct rw_address local;
	struct rw_address remote;
	uint16_t local_port; /* 0 for protocols without ports */
	uint16_t remote_port;
	bool kept;              /* an earlier change kept it */
	char cause[RW_ID_SIZE]; /* rule id or cause word */
};

/*
 * The answer to a question of the stream (RW_FRAME_QUESTION): the live flows that a policy would refuse, those
 * that earlier changes kept apart.
 */
struct rw_report_judgement {
	uint64_t question;
	uint64_t flows;
	uint64_t kept;
	char failure[160]; /* why the question could not be answered, or "" */
	struct rw_report_refused examples[RW_REPORT_EXAMPLES_MAX];
	size_t example_count;
};

/* Our programs on a device. */
struct rw_report_hook {
	char interface[16]; /* of the policy */
	char device[16];    /* what the kernel calls it */
	char hook[16];      /* tcx, clsact; xdp, xdp-generic: the early stage */
	char state[16];     /* enforced, pending, shared, lost; of the early stage: dropping, idle, absent */
	char detail[160];   /* who shares it, or why it was lost, is idle or absent; may be "" */
};

/* What the kernel holds of us.  Counters live as long as the pinned maps do, beyond agents. */
struct rw_report_kernel {
	uint32_t generation;    /* of the policy in the kernel; 0 = none */
	uint32_t flow_capacity; /* entries per family */
	uint64_t flows[RW_FLOW_CLASS_COUNT_];
	uint32_t table_bytes;         /* decision table of the policy in force; 0 also = not told */
	uint32_t table_limit_bytes;   /* the largest that a policy may have */
	uint32_t table_memory_bytes;  /* taken for tables now */
	uint32_t full_pairs_ppm;      /* pairs of buckets without a free place, of a million */
	uint64_t flows_refused;       /* new ones, because the table was full */
	uint64_t passed;              /* packets */
	uint64_t hooks_restored;      /* times that somebody's detach was repaired since the agent started */
	struct rw_report_hook *hooks; /* owned */
	size_t hook_count;
};
extern const struct rw_word rw_words_flow_class[];

enum rw_flow_verdict {
	RW_FLOW_ACCEPTED,
	RW_FLOW_REFUSED,    /* packets: a refused flow has no entry to be counted by */
	RW_FLOW_WOULD_DROP, /* the same where nothing is enforced: they passed */
	RW_FLOW_VERDICT_COUNT_,
};
extern const struct rw_word rw_words_flow_verdict[];

/* Who is at the local end of accepted flows. */
enum rw_flow_served {
	RW_FLOW_SERVED_UNKNOWN,   /* not answered yet, without ports, or from here outwards */
	RW_FLOW_SERVED_LISTENER,  /* a socket of the node */
	RW_FLOW_SERVED_PUBLISHED, /* answered, and no socket of the node listens: a container behind NAT */
	RW_FLOW_SERVED_FORWARDED, /* another address than the node's: a container with an address of its own */
};
extern const struct rw_word rw_words_flow_served[];

/* Flows of one kind since the last report that told of them. */
struct rw_report_flow {
	enum rw_flow_verdict verdict;
	enum rw_direction direction;
	char interface[16];
	uint16_t protocol;
	uint16_t port; /* of the service: local at ingress, remote at egress; 0 = none, or others */
	struct rw_address remote; /* family 0: many, or others */
	bool is_others;           /* of all services that had no room: no protocol, port, remote, cause */
	char cause[RW_ID_SIZE];   /* of the latest: rule id or cause word */
	uint64_t count;           /* new flows, or packets that were refused; 0 = still live */
	uint64_t answered;        /* of the accepted ones */
	enum rw_flow_served served;
	int64_t first_ms;
	int64_t last_ms;
};

struct rw_report {
	uint32_t version;           /* 1..RW_REPORT_VERSION; 0 = 1 */
	bool brief;                 /* version 3: what follows 'started_ms' is not told */
	struct rw_position applied; /* revision 0: none */
	struct rw_position wanted;  /* last received; differs from 'applied' while failed */
	struct rw_policy_digest digest;
	enum rw_agent_state state;
	char reason[512];
	char agent_version[32];
	int64_t started_ms;
	/* Version 2: SHA-256 (hex) of the certificates of the authorities that the agent trusts, in its order. */
	char authorities[RW_REPORT_AUTHORITIES][65];
	size_t authority_count;
	bool persistent; /* pinned: enforcement outlives the agent */
	struct rw_report_interface *interfaces;
	size_t interface_count;
	uint16_t *ssh_ports;
	size_t ssh_port_count;
	struct rw_report_listener *listeners;
	size_t listener_count;
	struct rw_report_hit *hits;
	size_t hit_count;
	uint64_t drops[RW_CAUSE_COUNT_];       /* packets dropped by cause */
	uint64_t would_drops[RW_CAUSE_COUNT_]; /* monitored: passed, and would have been dropped */
	struct rw_report_kernel kernel;
	struct rw_report_flow *flows;
	size_t flow_count;
	struct rw_report_drop *drop_events;
	size_t drop_event_count;
	uint64_t drop_events_lost;
	struct rw_report_connection *connections;
	size_t connection_count;
	uint64_t connections_cut;               /* live ones that the policy would cut, told or not */
	struct rw_report_judgement *judgements; /* of a controller's questions since the last report */
	size_t judgement_count;
};

/* A report without anything, state PENDING. */
void rw_report_init(struct rw_report *report);
void rw_report_done(struct rw_report *report);
RW_DEFINE_DONE(struct rw_report, rw_report_done)

/* The answer to a report. */
struct rw_report_answer {
	uint32_t reports; /* newest version taken */
	char authorities[RW_REPORT_AUTHORITIES][65];
	size_t authority_count;
	char controllers[RW_REPORT_CONTROLLERS]
			[RW_REPORT_URL_SIZE]; /* texts: whether they are URLs, the reader judges */
	size_t controller_count;              /* 0 = none are told */
};
RW_NODISCARD int rw_report_answer_encode(struct rw_buf *buf, const struct rw_report_answer *answer,
					 struct rw_error *err);
/* An empty text is the answer of a controller that takes version 1 and says nothing. */
RW_NODISCARD int rw_report_answer_decode(const char *text, size_t size, struct rw_report_answer *ret_answer,
					 struct rw_error *err);

/* Appends one line with its line end. */
RW_NODISCARD int rw_report_encode(struct rw_buf *buf, const struct rw_report *report, struct rw_error *err);
RW_NODISCARD int rw_report_decode(const char *text, size_t size, struct rw_report *ret_report,
				  struct rw_error *err);

/* Writes the members of a connection into the open object. */
void rw_report_put_connection(struct rw_json_writer *json, const struct rw_report_connection *connection);

/* Writes a flow as an object. */
void rw_report_put_refused(struct rw_json_writer *json, const struct rw_report_refused *flow);

/* Writes "key":{"default":"17",...}: counts by cause, those that are 0 left out; RULE, all rules together, is
 * "rule". */
void rw_report_put_causes(struct rw_json_writer *json, const char *key,
			  const uint64_t counts[RW_CAUSE_COUNT_]);
/* Writes a drop event as an object. */
void rw_report_write_drop(struct rw_json_writer *json, const struct rw_report_drop *drop);

/* The word of a cause where packets are counted. */
const char *rw_report_cause_word(unsigned int cause);

/* Writes "kernel":{...}. */
void rw_report_put_kernel(struct rw_json_writer *json, const struct rw_report_kernel *kernel, bool tables);

/* Writes the members of a flow into the open object. */
void rw_report_put_flow(struct rw_json_writer *json, const struct rw_report_flow *flow);
