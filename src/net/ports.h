/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Port ranges "first/last" (inclusive) and protocols, as rules write them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Inclusive.  "-1/-1" (no ports, or any) is 0..65535; a range of a rule on ports starts at 1 or above. */
struct rw_ports {
	uint16_t first;
	uint16_t last;
};

#define RW_PORTS_ANY ((struct rw_ports){0, 65535})

static inline bool rw_ports_is_any(struct rw_ports ports)
{
	return ports.first == 0 && ports.last == 65535;
}

static inline bool rw_ports_contains(struct rw_ports ports, uint16_t port)
{
	return port >= ports.first && port <= ports.last;
}

#define RW_PORTS_TEXT_SIZE 16

/* Parses "22/22", "1/200" or "-1/-1".  -EINVAL: text that is none of these, first > last, a port out
 * of 1..65535. */
RW_NODISCARD int rw_ports_parse(const char *text, struct rw_ports *ret_ports, struct rw_error *err);
void rw_ports_format(struct rw_ports ports, char text[RW_PORTS_TEXT_SIZE]);

/* Most ranges one list of a person may hold: "80,443,8000-8100". */
#define RW_PORTS_LIST_MAX 100

/*
 * Parses what people write: a comma list of "80", "8000-8100" and "22/22", or "-1/-1", into at most
 * RW_PORTS_LIST_MAX ranges, in the order given.
 */
RW_NODISCARD int rw_ports_parse_list(const char *text, struct rw_ports ret_ranges[RW_PORTS_LIST_MAX],
				     unsigned int *ret_count, struct rw_error *err);

/* A protocol is its IANA number (0..255), or RW_PROTOCOL_ALL. */
enum {
	RW_PROTOCOL_ICMP = 1,
	RW_PROTOCOL_IGMP = 2,
	RW_PROTOCOL_TCP = 6,
	RW_PROTOCOL_UDP = 17,
	RW_PROTOCOL_GRE = 47,
	RW_PROTOCOL_ICMPV6 = 58,
	RW_PROTOCOL_ALL = 256,
};

#define RW_PROTOCOL_TEXT_SIZE 8

/* Parses tcp, udp, icmp, icmpv6, gre, all (any case) or a number 0..255; "6" is tcp. */
RW_NODISCARD int rw_protocol_parse(const char *text, uint16_t *ret_protocol, struct rw_error *err);

/* "tcp", ..., "all", or the number. */
void rw_protocol_format(uint16_t protocol, char text[RW_PROTOCOL_TEXT_SIZE]);

static inline bool rw_protocol_has_ports(uint16_t protocol)
{
	return protocol == RW_PROTOCOL_TCP || protocol == RW_PROTOCOL_UDP;
}
