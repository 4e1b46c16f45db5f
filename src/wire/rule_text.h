/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rules as people write them
 * ==========================
 *
 *     allow tcp 443 from any
 *     allow tcp 80,443,8000-8100 from 10.0.0.0/8 priority 10 # load balancers
 *     drop udp 53 to prefix-list:resolvers nic internet
 *     allow icmp from group:web
 *
 *     rule     = policy protocol [ports] side object { option } [ "#" description ]
 *     policy   = "allow" | "accept" | "drop"
 *     protocol = "tcp" | "udp" | "icmp" | "icmpv6" | "gre" | "all" | number
 *     ports    = range { "," range }        only for tcp and udp, which need it; "-1/-1" is any port
 *     side     = "from" | "to"              ingress, egress
 *     object   = "any" | CIDR | address | "group:" reference | "prefix-list:" reference | reference
 *     option   = "priority" 1..100 | "nic" ( "intranet" | "internet" ) | "local" CIDR
 *              | "source-ports" range
 *
 * Words may be in any case and are parted by spaces or tabs.  "any" means both families: two rules, and "icmp
 * ... any" has its twin in icmpv6.  Every port range is a rule of its own.  A bare reference is a prefix list
 * when it starts with "pl-" or only a prefix list has that name, else a group.
 */

#include "base/buf.h"
#include "base/vec.h"
#include "group/model.h"
#include "wire/object.h"

/* Longest rule text.  One text gives at most RW_PORTS_LIST_MAX rules of each family. */
#define RW_RULE_TEXT_MAX 2048

/*
 * Appends the rules that 'text' means to 'rules' (elements struct rw_rule *, a reference each), without ids.
 * 'resolver' is nullable.  -EINVAL names the word that is wrong; -E2BIG when 'rules' is full; -ENOMEM.  On
 * failure 'rules' is as before.
 */
RW_NODISCARD int rw_rule_text_parse(const char *text, const struct rw_resolver *resolver,
				    struct rw_vec *rules, struct rw_error *err);

/*
 * Appends the text of one rule, which rw_rule_text_parse reads back to the same rule.  'object_name' stands
 * for the id of a group or prefix list; NULL = the id.
 */
void rw_rule_text_format(const struct rw_rule *rule, const char *object_name, struct rw_buf *buf);

/* Drops the references and empties the vector; for RW_CLEANUP on a vector of struct rw_rule *. */
void rw_rules_done(struct rw_vec *rules);
RW_DEFINE_DONE(struct rw_vec, rw_rules_done)
