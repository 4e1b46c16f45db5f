/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The policy of one node
 * ======================
 *
 * Everything a node must know to decide its packets, and nothing else: its interfaces with their
 * groups, the rules of those groups, and the addresses of every group and prefix list that they name --
 * each once, so that its size is rules + members and never rules x members.  It is what the controller
 * derives from the model, what the agent stream carries, what the agent compiles and saves, and what the
 * reference evaluator (policy/evaluate.h) reads.
 *
 * Policies are immutable and counted by reference; two policies share the groups and sets in which they
 * do not differ, so comparing two of them is mostly comparing pointers.
 *
 * Order: groups and sets are sorted by id, rules of a group by id, prefixes of a set by
 * rw_prefix_compare and unique; interfaces by name.
 */

#include "group/model.h"

/*
 * What the prefixes of a set or the rules of a group add to a digest: the sum of their hashes, whatever their order,
 * so that it follows a change by what changed.  Found when first asked for; policy/digest.h alone looks inside.
 */
struct rw_digest_sum {
	uint64_t words[2];
	bool known;
};

/* The addresses behind an object: members of a group, or a prefix list.  Immutable, counted. */
struct rw_address_set {
	unsigned int references;
	char id[RW_ID_SIZE]; /* group or prefix list id */
	struct rw_prefix *prefixes;
	size_t count;
	struct rw_digest_sum sum;
};

/* A group as an interface's rules see it.  Immutable, counted. */
struct rw_policy_group {
	unsigned int references;
	char id[RW_ID_SIZE];
	enum rw_group_kind kind;
	enum rw_verdict inner_access; /* accept: the set with this group's id holds the members */
	bool midstream_drop;
	struct rw_timeouts timeouts;
	struct rw_rule **rules; /* references held */
	size_t rule_count;
	struct rw_digest_sum sum;
	struct rw_openings *openings; /* found when first asked for; policy/openings.h alone looks inside */
};

struct rw_policy_interface {
	char name[16];
	enum rw_nic_type nic_type;
	uint32_t *groups; /* indexes into rw_policy.groups, ascending; none = drop both ways */
	size_t group_count;
};

struct rw_endpoint {
	struct rw_address address;
	uint16_t port;
};

#define RW_POLICY_CONTROLLERS_MAX 128 /* endpoints that a node opens connections to */

struct rw_policy {
	unsigned int references;
	char node[RW_ID_SIZE];
	char node_name[64];
	enum rw_network_kind network_kind;
	enum rw_enforcement enforcement; /* RW_ENFORCE or RW_MONITOR */
	enum rw_container_network container_network;
	struct rw_policy_interface *interfaces;
	size_t interface_count;
	struct rw_policy_group **groups; /* references held */
	size_t group_count;
	struct rw_address_set **sets; /* references held */
	size_t set_count;
	struct rw_prefix *network_cidrs;
	size_t network_cidr_count;
	struct rw_prefix *container_cidrs;
	size_t container_cidr_count;
	struct rw_address *own_addresses; /* of this node's enforced NICs, without shared ones; sorted */
	size_t own_address_count;
	struct rw_prefix *management_cidrs; /* failsafe sources of the SSH ports; may be none = no failsafe */
	size_t management_cidr_count;
	uint16_t *ssh_ports; /* where sshd listens; {22} when nothing else is known */
	size_t ssh_port_count;
	/* Failsafe: TCP this node opens to them, and to their store where it hosts one of both (and DNS to 'resolvers'). */
	struct rw_endpoint *controllers;
	size_t controller_count;
	struct rw_address *resolvers; /* only when controllers are names */
	size_t resolver_count;
	uint16_t *hosted_ports; /* this node hosts a controller or its store: TCP to these is failsafe */
	size_t hosted_port_count;
};

struct rw_policy *rw_policy_new(void);
struct rw_policy *rw_policy_ref(const struct rw_policy *policy);
struct rw_policy *rw_policy_unref(struct rw_policy *policy);
RW_DEFINE_CLEANUP(struct rw_policy *, rw_policy_unref)

struct rw_policy_group *rw_policy_group_new(void);
struct rw_policy_group *rw_policy_group_ref(const struct rw_policy_group *group);
struct rw_policy_group *rw_policy_group_unref(struct rw_policy_group *group);
RW_DEFINE_CLEANUP(struct rw_policy_group *, rw_policy_group_unref)

/* Sorts and dedupes 'prefixes' (taken, also on failure) into a new set; NULL when memory runs out. */
struct rw_address_set *rw_address_set_new(const char *id, struct rw_prefix *prefixes, size_t count);
struct rw_address_set *rw_address_set_ref(const struct rw_address_set *set);
struct rw_address_set *rw_address_set_unref(struct rw_address_set *set);
RW_DEFINE_CLEANUP(struct rw_address_set *, rw_address_set_unref)
bool rw_address_set_contains(const struct rw_address_set *set,
			     const struct rw_address *address); /* O(bits x log n) */

/* Lends the set with that id, or NULL; O(log n). */
const struct rw_address_set *rw_policy_find_set(const struct rw_policy *policy, const char *id);

/* True when two policies have the same interfaces and settings; groups and sets are not looked at. */
bool rw_policy_same_system(const struct rw_policy *a, const struct rw_policy *b);

/* True when two groups differ in nothing but their rules and ids. */
bool rw_policy_group_same_settings(const struct rw_policy_group *a, const struct rw_policy_group *b);

/* Index of the interface by name, or -ENOENT. */
int rw_policy_find_interface(const struct rw_policy *policy, const char *name);

/*
 * A 128-bit digest of all that decides packets; equal policies have equal digests whatever path led to
 * them.  A check against lost or doubled deltas, not against forgers.  O(groups and sets), and O(size) of those that
 * were never asked for.
 */
struct rw_policy_digest {
	uint64_t words[2];
};
struct rw_policy_digest rw_policy_digest(const struct rw_policy *policy);

/*
 * The same as other versions of the agent stream (wire/stream.h) have it.  Version 1 hashes everything in its order:
 * always O(size).
 */
#define RW_POLICY_DIGEST_VERSION 2
struct rw_policy_digest rw_policy_digest_as(const struct rw_policy *policy, uint32_t version);

/* What the model does not hold and the caller of rw_policy_derive adds.  Borrowed. */
struct rw_policy_surroundings {
	const struct rw_endpoint *controllers;
	size_t controller_count;
	const struct rw_address *resolvers;
	size_t resolver_count;
	const uint16_t *ssh_ports; /* none = {22} */
	size_t ssh_port_count;
	const uint16_t *hosted_ports;
	size_t hosted_port_count;
};

/*
 * A cache of address sets and policy groups between derivations: what did not change between two models
 * is shared by pointer with the previous policy.  May be NULL everywhere.
 */
struct rw_policy_cache;
struct rw_policy_cache *rw_policy_cache_new(void);
struct rw_policy_cache *rw_policy_cache_free(struct rw_policy_cache *cache);
RW_DEFINE_CLEANUP(struct rw_policy_cache *, rw_policy_cache_free)

/* Forgets the members of every group (a node or network changed) or of one. */
void rw_policy_cache_forget(struct rw_policy_cache *cache, const char *group_id /* NULL = all */);

/*
 * Gives the policy of 'node' (an id) under 'model': semantics sections 1 and 3 resolved to plain
 * addresses.  -ENOENT for an unknown node; -ENOMEM.
 */
RW_NODISCARD int rw_policy_derive(const struct rw_model *model, const char *node,
				  const struct rw_policy_surroundings *surroundings,
				  struct rw_policy_cache *cache, struct rw_policy **ret_policy,
				  struct rw_error *err);
