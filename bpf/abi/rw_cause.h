/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Why a packet was accepted or dropped.  Values are stable and never reused: they stand in drop events,
 * saved files and counters.  The words (rw_cause_name) are a closed list that scripts rely on:
 * RULE is shown as the rule's id, INNER_ACCESS as "inner-access", DEFAULT as "default", the others as
 * "system:" and their word.
 */
enum rw_cause {
	RW_CAUSE_RULE = 0,
	RW_CAUSE_INNER_ACCESS = 1,
	RW_CAUSE_DEFAULT = 2,
	RW_CAUSE_CONTROLLER_LINK = 3,
	RW_CAUSE_MANAGEMENT = 4,
	RW_CAUSE_NEIGHBOUR_DISCOVERY = 5,
	RW_CAUSE_MULTICAST_MEMBERSHIP = 6,
	RW_CAUSE_DHCP = 7,
	RW_CAUSE_NOT_IP = 8,
	RW_CAUSE_MALFORMED = 9,
	RW_CAUSE_SPOOFED = 10,
	RW_CAUSE_OWN_ADDRESS = 11,
	RW_CAUSE_FRAGMENT = 12,
	RW_CAUSE_NO_FLOW = 13,
	RW_CAUSE_CUT = 14,
	RW_CAUSE_FLOW_TABLE_FULL = 15,
	RW_CAUSE_PENDING = 16,
	RW_CAUSE_COUNT_ = 17,
};

enum rw_verdict {
	RW_VERDICT_DROP = 0,
	RW_VERDICT_ACCEPT = 1,
};
