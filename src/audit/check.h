/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The registry of checks
 * ======================
 *
 * Every check that an audit makes, with its words.  docs/audit.md is this table for people; a test holds the two
 * together.  Ids are stable: suppressions and scripts name them.
 *
 * Severity says what an attacker, or an outage, gets:
 *     critical  everything, or the machine itself, is open to the internet
 *     high      administration or data is open to the internet, or people or containers are cut off
 *     medium    more is open than is needed, or protection is not what it seems
 *     low       a habit that will hurt later
 *     info      worth knowing, harmless by itself
 */

#include <stddef.h>
#include <stdint.h>

#include "net/ports.h"

enum rw_severity {
	RW_SEVERITY_INFO,
	RW_SEVERITY_LOW,
	RW_SEVERITY_MEDIUM,
	RW_SEVERITY_HIGH,
	RW_SEVERITY_CRITICAL,
	RW_SEVERITY_COUNT_,
};

/* Checks that the code names; those of services are found by port. */
enum rw_check_number {
	RW_CHECK_ALL_PORTS_OPEN,
	RW_CHECK_OTHER_PORT_OPEN,
	RW_CHECK_WIDE_PORT_RANGE,
	RW_CHECK_WIDE_CIDR,
	RW_CHECK_ALL_PORTS_TO_ADDRESS,
	RW_CHECK_PRIVATE_RANGE,
	RW_CHECK_PORT_WITHOUT_LISTENER,
	RW_CHECK_PORT_WITHOUT_FLOWS,
	RW_CHECK_SSH_BLOCKED,
	RW_CHECK_ICMP_CLOSED,
	RW_CHECK_ICMP_OPEN,
	RW_CHECK_CONTAINERS_CLOSED,
	RW_CHECK_OVERLAY_CLOSED,
	RW_CHECK_DEFAULT_MISSING,
	RW_CHECK_BALANCED_PORT_PUBLIC,
	RW_CHECK_BALANCED_PORT_CLOSED,
	RW_CHECK_BALANCER_WITHOUT_SOURCES,
	RW_CHECK_SEVERAL_GROUPS,
	RW_CHECK_SINGLE_ADDRESSES,
	RW_CHECK_CLASSIC_NETWORK,
	RW_CHECK_CLASSIC_INTRANET_OPEN,
	RW_CHECK_CLASSIC_SAME_RULES,
	RW_CHECK_ELASTIC_IP,
	RW_CHECK_IPV6_FORGOTTEN,
	RW_CHECK_IPV6_WIDER,
	RW_CHECK_SPOOFING_ROUTER,
	RW_CHECK_NOT_ENFORCED,
	RW_CHECK_NO_AGENT,
	RW_CHECK_UNUSED_GROUP,
	RW_CHECK_MANY_RULES,
	RW_CHECK_NO_DESCRIPTION,
	RW_CHECK_NAMED_COUNT_, /* behind these come the services */
};

/* Evidence that a check cannot do without. */
enum rw_check_needs { RW_NEEDS_NOTHING, RW_NEEDS_LISTENERS, RW_NEEDS_FLOWS, RW_NEEDS_ROUTES };

struct rw_check {
	const char *id;
	enum rw_severity severity;
	enum rw_check_needs needs;
	const char *title;     /* what is wrong, a half sentence */
	const char *reason;    /* why it matters */
	const char *mend;      /* what to do */
	const char *reference; /* the principle behind it */
	const char *prowler;   /* Prowler's check of the same, or "" */
};

/* All checks, in the order of this table: the named ones, then one for each known service. */
size_t rw_check_count(void);
const struct rw_check *rw_check_at(size_t index);
const struct rw_check *rw_check_named(enum rw_check_number number);
const struct rw_check *rw_check_find(const char *id); /* NULL when there is none */

/* A service that should not be open to the internet, or of which people should know. */
struct rw_service {
	uint16_t protocol; /* RW_PROTOCOL_TCP or _UDP */
	struct rw_ports ports;
	const struct rw_check *check;
};

/* The known services: ranges of ports, several of one check.  Ascending by (protocol, first port). */
size_t rw_service_count(void);
struct rw_service rw_service_at(size_t index);

const char *rw_severity_name(enum rw_severity severity);
int rw_severity_find(const char *name);                     /* -1 when it is none */
const char *rw_check_needs_name(enum rw_check_needs needs); /* "listeners", ... */
