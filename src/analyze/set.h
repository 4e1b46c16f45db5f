/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sets of headers
 * ===============
 *
 * A *header* is what a decision looks at in a packet that opens a flow, seen from the protected node:
 *
 *     remote address  x  service (protocol, destination port)  x  local address  x  source port
 *
 * Analysis asks about sets of headers -- what an interface accepts, what a change opens -- and this is their
 * algebra: exact, for both families, over the whole space (about 2^296 headers).  A *header map* is the
 * general thing: a number for every header; a *header set* is a map that is 1 inside and 0 outside.  So
 * "which rule decides" and "what is accepted" are the same kind of value.
 *
 *     RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
 *     r = rw_sets_new(0, &sets, err);
 *     r = rw_exposure(sets, &view, NULL, &open, err);            what the interface accepts
 *     r = rw_set_of_box(sets, &ssh, &port22, err);               tcp 22 from anywhere
 *     r = rw_set_intersect(sets, open, port22, &answer, err);    ... of it
 *     if (answer == RW_SET_EMPTY) ...
 *     r = rw_set_boxes(sets, answer, &boxes, err);               for people (analyze/box.h)
 *
 * A handle (rw_set) is a number.  It is *canonical*: two sets or maps of one arena are equal exactly when
 * their handles are.  It lives as long as its arena; nothing is freed one by one.
 *
 * How.  A map is a decision diagram over intervals: one level for each part of a header, in the order above
 * (with the family before the remote address); a node cuts its part into intervals, each with what follows
 * below; equal nodes are stored once; a part that does not matter has no node.  This is the firewall decision
 * diagram of Gouda and Liu ("Structured firewall design", Computer Networks 51, 2007), with hash-consing as
 * in Bryant's BDDs.
 *
 * Cost: an operation is about the product of the sizes of its operands at worst, usually their sum; results
 * are remembered within one operation.  An arena holds at most its budget of arcs: beyond it every operation
 * gives -E2BIG and the arena stays usable.  Threads: an arena belongs to one.
 *
 * Ports of protocols without any are all ports: the set "icmp" contains every port of protocol 1, and every
 * source port of it.
 */

#include "net/packet.h"

__extension__ typedef unsigned __int128 rw_set_key;

typedef uint32_t rw_set;

#define RW_SET_EMPTY ((rw_set)0)
#define RW_SET_ALL   ((rw_set)1)

/* Values of a map are 0 ("not in it") .. RW_SET_VALUE_MAX. */
#define RW_SET_VALUE_MAX 0x7ffffffeu

/* Arcs of an arena without a budget of its own: about 200 MB. */
#define RW_SETS_ARCS_DEFAULT (6u << 20)

/* The levels of a diagram, from the root. */
enum rw_set_level {
	RW_SET_FAMILY,      /* 0 = IPv4, 1 = IPv6 */
	RW_SET_REMOTE,      /* an address as a number; IPv4 in the top 32 bits */
	RW_SET_SERVICE,     /* protocol << 16 | destination port */
	RW_SET_LOCAL,       /* as RW_SET_REMOTE */
	RW_SET_SOURCE_PORT, /* 0..65535 */
	RW_SET_LEVEL_COUNT_,
};

struct rw_sets;

/* Gives an arena for at most 'arc_max' arcs (0 = RW_SETS_ARCS_DEFAULT).  -ENOMEM. */
RW_NODISCARD int rw_sets_new(uint32_t arc_max, struct rw_sets **ret_sets, struct rw_error *err);
struct rw_sets *rw_sets_free(struct rw_sets *sets);
RW_DEFINE_CLEANUP(struct rw_sets *, rw_sets_free)

/* ---- making sets ---- */

/* Every part: NULL, 0 or RW_PROTOCOL_ALL = any. */
struct rw_set_box {
	const struct rw_prefix *remotes; /* borrowed; any order, may overlap; both families mix */
	size_t remote_count;             /* with remotes != NULL, 0 = none at all */
	uint16_t protocol;
	struct rw_ports ports;         /* destination; RW_PORTS_ANY unless the protocol has ports */
	const struct rw_prefix *local; /* nullable; its family limits the set */
	struct rw_ports source_ports;
};
#define RW_SET_BOX_ANY                                                                                       \
	((struct rw_set_box){                                                                                \
		.protocol = RW_PROTOCOL_ALL, .ports = RW_PORTS_ANY, .source_ports = RW_PORTS_ANY})

/* All of these: 0, -ENOMEM, -E2BIG over the budget; on failure '*ret_set' is unchanged. */
RW_NODISCARD int rw_set_of_box(struct rw_sets *sets, const struct rw_set_box *box, rw_set *ret_set,
			       struct rw_error *err);
RW_NODISCARD int rw_set_union(struct rw_sets *sets, rw_set a, rw_set b, rw_set *ret_set,
			      struct rw_error *err);
RW_NODISCARD int rw_set_intersect(struct rw_sets *sets, rw_set a, rw_set b, rw_set *ret_set,
				  struct rw_error *err);
RW_NODISCARD int rw_set_subtract(struct rw_sets *sets, rw_set a, rw_set b, rw_set *ret_set,
				 struct rw_error *err);

/*
 * The same for maps.  restrict: 'map' inside 'set', 0 outside.  support: where 'map' is not 0.  over: 'top'
 * where it is not 0, else 'bottom'.  select: where 'map' is a value (> 0) that is wanted.
 */
RW_NODISCARD int rw_map_restrict(struct rw_sets *sets, rw_set map, rw_set set, rw_set *ret_map,
				 struct rw_error *err);
RW_NODISCARD int rw_map_support(struct rw_sets *sets, rw_set map, rw_set *ret_set, struct rw_error *err);
RW_NODISCARD int rw_map_over(struct rw_sets *sets, rw_set top, rw_set bottom, rw_set *ret_map,
			     struct rw_error *err);
RW_NODISCARD int rw_map_select(struct rw_sets *sets, rw_set map,
			       bool (*wanted)(uint32_t value, const void *userdata), const void *userdata,
			       rw_set *ret_set, struct rw_error *err);

/*
 * The services that some remote address has in 'set', whatever the local end and source port: a set that says
 * something of services only.
 */
RW_NODISCARD int rw_set_services(struct rw_sets *sets, rw_set set, rw_set *ret_services,
				 struct rw_error *err);

/* What remains of 'set' at one service (protocol << 16 | port): a set that says nothing of services. */
RW_NODISCARD int rw_set_at_service(struct rw_sets *sets, rw_set set, uint32_t service, rw_set *ret_set,
				   struct rw_error *err);

/* ---- asking ---- */

/* The value of the map at the packet's header; 0 or 1 for a set. */
uint32_t rw_map_at(const struct rw_sets *sets, rw_set map, const struct rw_packet *packet);
static inline bool rw_set_contains(const struct rw_sets *sets, rw_set set, const struct rw_packet *packet)
{
	return rw_map_at(sets, set, packet) != 0;
}

/*
 * Fills the header of a packet of 'set' (not empty): the smallest in the order of the levels, wherever 'set'
 * leaves a choice that of '*packet' as it comes in, if its family fits.  An opener: tcp_flags is SYN for TCP.
 */
void rw_set_witness(const struct rw_sets *sets, rw_set set, struct rw_packet *packet);

/*
 * How much is in 'set', for comparing before and after: remote addresses x services (a port of TCP or UDP, or
 * another protocol), of IPv4 and of IPv6.  Local ends and source ports do not count: what is open to some of
 * them is open.
 */
void rw_set_measure(const struct rw_sets *sets, rw_set set, double *ret_v4, double *ret_v6);

/*
 * Lists the different values other than 0 that 'map' has, ascending, at most 'most'; gives how many there are
 * (which may be more), or -ENOMEM.
 */
int rw_map_values(const struct rw_sets *sets, rw_set map, uint32_t *values, size_t most);

/* ---- building and walking diagrams (src/analyze) ---- */

struct rw_set_arc {
	rw_set_key first; /* up to the next arc's */
	rw_set child;
};

/*
 * Gives the node of 'level' with 'arcs' (ascending from 0, at least one; children of deeper levels);
 * canonical: equal neighbours are merged, and one arc alone is its child.
 */
RW_NODISCARD int rw_sets_node(struct rw_sets *sets, enum rw_set_level level, const struct rw_set_arc *arcs,
			      size_t count, rw_set *ret_node, struct rw_error *err);

/* True when 'map' is a value and not a node. */
static inline bool rw_set_is_value(rw_set map)
{
	return map < 0x80000000u;
}

/* The level of a node and its arcs, lent until the next operation. */
enum rw_set_level rw_sets_level(const struct rw_sets *sets, rw_set node);
size_t rw_sets_arcs(const struct rw_sets *sets, rw_set node, const struct rw_set_arc **ret_arcs);

/* The last key of a level's part: of IPv4 addresses for 'v6' false. */
rw_set_key rw_set_last_key(enum rw_set_level level);

/* Addresses as keys and back; the last address of a prefix. */
rw_set_key rw_set_key_of(const struct rw_address *address);
rw_set_key rw_set_last_of(const struct rw_prefix *prefix);
struct rw_address rw_set_address_of(uint8_t family, rw_set_key key);
