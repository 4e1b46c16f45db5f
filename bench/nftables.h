/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The best stateful nftables form of a policy
 * ===========================================
 *
 * A rule by rule translation would be slow by construction and no fair rival.  This one decides a new flow in
 * two look-ups, whatever the number of rules: the source address gives a class (an interval map), and class,
 * protocol and port are looked up in one set of concatenated intervals.  What is accepted is asked of
 * rw_evaluate at every place where it can change, so that both filters have the same policy.
 *
 * Ingress of the first interface, IPv4, rules without five-tuple parts; what ringwall passes without a rule
 * (such as DHCP) is left out.
 */

#include <stdio.h>

#include "policy/policy.h"

struct nftables;

/* Computes the form of a policy of at most 1,024 rules in one group; borrows nothing. */
struct nftables *nftables_new(const struct rw_policy *policy);
struct nftables *nftables_free(struct nftables *form);

/* What the form decides; 'address' and 'port' in host order. */
bool nftables_accepts(const struct nftables *form, uint32_t address, uint8_t protocol, uint16_t port);

/* Writes it as a script for nft(8); 'concatenated': one look-up of (source, protocol, port) instead of two. */
void nftables_print(const struct nftables *form, bool concatenated, FILE *stream);
