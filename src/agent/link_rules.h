/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which links are enforced
 * ========================
 *
 * The device rules (docs/semantics.md section 6) as a pure function of a picture of the links and of what
 * the operator and the policy say.  A packet is decided on one device only:
 *
 *   - a link with a device on a bus, a bond or team of such, a VLAN device on one: on itself, when it has
 *     a default route or an address of the node's network;
 *   - slaves of a bond or team: on the master;
 *   - physical ports of a bridge: on the ports, with the policy of the bridge, when the bridge has a
 *     default route or an address of the network;
 *   - macvlan, ipvlan: on the parent;
 *   - anything else but lo (veth, tap, tunnels, dummy, ...): only when named.
 *
 * A link that could be enforced and has no address yet is *pending*: nothing tells yet whether it will be, as
 * of a device that has just come or waits for DHCP.  Its addresses decide; link-local ones do not.
 *
 * An interface is named by the operator (--interface) or by the policy, that is, by the node's record.
 * Naming takes the place of addresses and default route, too.
 */

#include "agent/links.h"
#include "enforce/enforcer.h"

enum rw_link_role {
	RW_LINK_IGNORED,   /* never decided here by itself: 'reason' */
	RW_LINK_CANDIDATE, /* could be, but has neither default route nor address of the network */
	RW_LINK_PENDING,   /* could be, and has no address yet: system rules only (semantics section 9) */
	RW_LINK_ENFORCED,
};

/* What the decision takes into account besides the links.  All borrowed. */
struct rw_link_wish {
	const char *const *named; /* interfaces named by operator or policy */
	size_t named_count;
	const struct rw_prefix *network_cidrs; /* of the node's network; none while no policy is known */
	size_t network_cidr_count;
	bool hold_pending; /* else what would be pending is a candidate */
};

struct rw_link_decision {
	unsigned int ifindex;
	char name[16];
	enum rw_link_role role;
	char interface[16]; /* whose policy holds: its own name, or the bridge's */
	bool layer3;
	bool bridge_port;
	bool keeps_tag;                         /* a VLAN device whose own tag is in its frames */
	uint64_t vlans[RW_ENFORCER_VLAN_WORDS]; /* tags of the VLAN devices on it, which see to them */
	bool vlans_keep_tags;                   /* one of them leaves its tag in its frames */
	char kind[16]; /* "ethernet", "bond", "team", "vlan", "bridge-port", "layer3", or the kernel's word */
	char reason[128]; /* a half sentence for people: why it is enforced, or not */
};

/* Decides about every link, in the order of 'links'; *ret_decisions is the caller's to free.  -ENOMEM. */
RW_NODISCARD int rw_link_rules_decide(const struct rw_links *links, const struct rw_link_wish *wish,
				      struct rw_link_decision **ret_decisions);
