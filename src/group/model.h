/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The model: what ringwall knows
 * ==============================
 *
 * Networks, clusters, nodes, security groups with their rules, prefix lists, load balancers and
 * promises.  Every object is immutable once it is in a model and counted by reference, so that a new
 * state of the world shares all that did not change with the old one, and a reader keeps a consistent
 * state as long as it holds its reference.
 *
 * Ownership: an object owns its texts and arrays.  rw_<kind>_new gives a zeroed object with one
 * reference, to be filled by its maker and then put into a model; rw_<kind>_dup gives a private copy to
 * change.  Objects refer to each other by id, never by pointer.
 *
 * Order: every table of a model is sorted bytewise by id; names are unique within a table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/rw_cause.h"
#include "base/error.h"
#include "group/tags.h"
#include "net/packet.h"

/* Ids: "vpc-", "sg-", "sgr-", "pl-", "lb-", "n-", "pr-" and 16 hex digits; a cluster is "c" and 32. */
#define RW_ID_SIZE 48

enum rw_network_kind { RW_NETWORK_VPC, RW_NETWORK_CLASSIC };
enum rw_nic_type { RW_NIC_INTRANET, RW_NIC_INTERNET };
enum rw_group_kind { RW_GROUP_BASIC, RW_GROUP_ENTERPRISE };
enum rw_cluster_type { RW_CLUSTER_SWARM, RW_CLUSTER_KUBERNETES, RW_CLUSTER_GENERIC };
enum rw_container_network { RW_CONTAINER_OVERLAY, RW_CONTAINER_ROUTED };
enum rw_enforcement { RW_ENFORCE, RW_MONITOR, RW_ENFORCEMENT_INHERIT /* nodes only: as the cluster says */ };
enum rw_agent_kind { RW_AGENT_MANAGED, RW_AGENT_NONE };
enum rw_profile {
	RW_PROFILE_STANDARD,
	RW_PROFILE_KUBERNETES,
	RW_PROFILE_KUBERNETES_STRICT,
	RW_PROFILE_LOOSE
};

struct rw_network {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	int64_t created_ms; /* Unix time; 0 = unknown */
	enum rw_network_kind kind;
	bool is_public; /* no CIDRs: the declared addresses of its nodes are the network */
	struct rw_prefix *cidrs;
	size_t cidr_count;
};

struct rw_cluster {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	int64_t created_ms; /* Unix time; 0 = unknown */
	char network[RW_ID_SIZE];
	enum rw_cluster_type type;
	enum rw_profile profile;
	enum rw_container_network container_network;
	enum rw_enforcement enforcement; /* RW_ENFORCE or RW_MONITOR */
	char security_group[RW_ID_SIZE]; /* its one managed group */
	struct rw_prefix *container_cidrs;
	size_t container_cidr_count;
	struct rw_prefix *management_cidrs; /* may be none: then from anywhere */
	size_t management_cidr_count;
	struct rw_tags tags;
};

struct rw_interface {
	char *name;                /* as the kernel names it, 1..15 bytes */
	enum rw_nic_type nic_type; /* always intranet in a VPC */
	struct rw_address *addresses;
	size_t address_count;
	struct rw_address *elastic_ips; /* translated outside the node; never count as the member's */
	size_t elastic_ip_count;
	struct rw_address
		*shared_addresses; /* VIPs that may move: count, but are not refused as somebody else's */
	size_t shared_address_count;
	char (*security_groups)[RW_ID_SIZE]; /* further groups of this interface only */
	size_t security_group_count;
};

struct rw_node {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	int64_t created_ms;       /* Unix time; 0 = unknown */
	char cluster[RW_ID_SIZE]; /* "" = free-standing */
	char network[RW_ID_SIZE];
	enum rw_agent_kind agent;
	enum rw_enforcement enforcement;
	char *machine_id;                    /* set at join; NULL before */
	char (*security_groups)[RW_ID_SIZE]; /* free-standing groups that all its interfaces are in */
	size_t security_group_count;
	struct rw_interface *interfaces;
	size_t interface_count;
	struct rw_tags tags;
};

enum rw_object_kind { RW_OBJECT_CIDR, RW_OBJECT_GROUP, RW_OBJECT_PREFIX_LIST };

struct rw_object {
	enum rw_object_kind kind;
	struct rw_prefix cidr; /* for RW_OBJECT_CIDR */
	char id[RW_ID_SIZE];   /* for the others */
};

struct rw_rule {
	unsigned int references;
	char id[RW_ID_SIZE];
	enum rw_direction direction;
	enum rw_nic_type nic_type;
	enum rw_verdict policy;
	uint16_t protocol;            /* IANA number or RW_PROTOCOL_ALL */
	struct rw_ports ports;        /* destination ports; any unless TCP or UDP */
	struct rw_object object;      /* the remote side */
	struct rw_prefix local_cidr;  /* five-tuple part; address.family 0 = not given */
	struct rw_ports source_ports; /* five-tuple part; any = not given */
	uint8_t priority;             /* 1..100, 1 is strongest */
	char *description;            /* "" when none */
	char *author;                 /* "" when unknown */
	int64_t created_ms;           /* Unix time; 0 = unknown */
};

/* Seconds; 0 = the default of semantics section 4. */
struct rw_timeouts {
	uint32_t tcp_half_open;
	uint32_t tcp_established;
	uint32_t tcp_closing;
	uint32_t tcp_reset;
	uint32_t udp;
	uint32_t udp_assured;
	uint32_t other;
};

struct rw_group {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	int64_t created_ms; /* Unix time; 0 = unknown */
	char *description;
	char network[RW_ID_SIZE];
	enum rw_group_kind kind;
	enum rw_verdict inner_access;
	char managed_by[RW_ID_SIZE]; /* cluster id, "" = free-standing */
	bool midstream_drop;         /* the strict form: a TCP packet without SYN never opens a flow */
	struct rw_timeouts timeouts;
	struct rw_tags tags;
	struct rw_rule **rules; /* references held; sorted by id */
	size_t rule_count;
};

struct rw_prefix_list {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	int64_t created_ms; /* Unix time; 0 = unknown */
	uint8_t family;
	char *description;
	uint32_t max_entries;    /* CIDRs it may have; 0 = as many as the limits say */
	struct rw_prefix *cidrs; /* sorted, unique */
	size_t cidr_count;
	struct rw_tags
		entry_descriptions; /* of some of the CIDRs, which are the keys, as rw_prefix_format writes them */
	struct rw_tags tags;
};

struct rw_listener {
	uint8_t protocol; /* TCP or UDP */
	uint16_t port;
	uint16_t backend_port;
};

struct rw_load_balancer {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	char cluster[RW_ID_SIZE];
	bool client_ip_kept;
	char source_group[RW_ID_SIZE]; /* "" = source_cidrs */
	struct rw_prefix *source_cidrs;
	size_t source_cidr_count;
	struct rw_listener *listeners;
	size_t listener_count;
};

struct rw_promise {
	unsigned int references;
	char id[RW_ID_SIZE];
	char network[RW_ID_SIZE];
	enum rw_verdict policy; /* accept, or deny = drop */
	struct rw_object from;
	struct rw_object to;
	uint16_t protocol;
	struct rw_ports ports;
	char *reason;
};

/* Kinds of objects, in the order of the model file. */
enum rw_kind {
	RW_KIND_NETWORK,
	RW_KIND_CLUSTER,
	RW_KIND_NODE,
	RW_KIND_GROUP,
	RW_KIND_PREFIX_LIST,
	RW_KIND_LOAD_BALANCER,
	RW_KIND_PROMISE,
	RW_KIND_COUNT_,
};

/*
 * Constructors, private copies, references.  new and dup give NULL when memory runs out.  A new rule is not
 * all zero: its ports and source ports are any, its priority 1.
 */
#define RW_MODEL_DECLARE(type)                                                                               \
	struct type *type##_new(void);                                                                       \
	struct type *type##_dup(const struct type *object);                                                  \
	struct type *type##_ref(const struct type *object);                                                  \
	struct type *type##_unref(struct type *object);                                                      \
	RW_DEFINE_CLEANUP(struct type *, type##_unref)
RW_MODEL_DECLARE(rw_network)
RW_MODEL_DECLARE(rw_cluster)
RW_MODEL_DECLARE(rw_node)
RW_MODEL_DECLARE(rw_rule)
RW_MODEL_DECLARE(rw_group)
RW_MODEL_DECLARE(rw_prefix_list)
RW_MODEL_DECLARE(rw_load_balancer)
RW_MODEL_DECLARE(rw_promise)
#undef RW_MODEL_DECLARE

/* Deep copy of one interface (0 or -ENOMEM), and its release; an interface is part of a node, not counted. */
RW_NODISCARD int rw_interface_copy(const struct rw_interface *interface, struct rw_interface *ret_copy);
void rw_interface_done(struct rw_interface *interface);
RW_DEFINE_DONE(struct rw_interface, rw_interface_done)

/* Reference and release of an object whose kind is known only at run time. */
void *rw_object_ref(enum rw_kind kind, const void *object);
void *rw_object_unref(enum rw_kind kind, void *object);

/* The object's id; its name, or NULL for a promise.  Lent. */
const char *rw_object_id(enum rw_kind kind, const void *object);
const char *rw_object_name(enum rw_kind kind, const void *object);

/*
 * When the object was made, its 'created_ms'.  It is not kept of load balancers and promises: the one gives 0, the other
 * does nothing then.
 */
int64_t rw_object_created(enum rw_kind kind, const void *object);
void rw_object_set_created(enum rw_kind kind, void *object, int64_t unix_ms);

/* The kind as the model file calls it: "network", "cluster", "node", "security group", ... */
const char *rw_kind_name(enum rw_kind kind);

/* Whether a CIDR, written as rw_prefix_format does, is an entry of a list; O(log entries). */
bool rw_prefix_list_has(const struct rw_prefix_list *list, const char *cidr);

struct rw_model;

struct rw_model *rw_model_new(void);

/*
 * A copy that shares every object, in no time: until one of the two changes the objects of a kind they share the
 * table, too, and that change costs O(number of objects of the kind) once.
 */
struct rw_model *rw_model_dup(const struct rw_model *model);
struct rw_model *rw_model_free(struct rw_model *model);
RW_DEFINE_CLEANUP(struct rw_model *, rw_model_free)

/*
 * Look-ups lend the object, or NULL.  'reference' is an id or a unique name; O(log n).
 */
const struct rw_network *rw_model_find_network(const struct rw_model *model, const char *reference);
const struct rw_cluster *rw_model_find_cluster(const struct rw_model *model, const char *reference);
const struct rw_node *rw_model_find_node(const struct rw_model *model, const char *reference);
const struct rw_group *rw_model_find_group(const struct rw_model *model, const char *reference);
const struct rw_prefix_list *rw_model_find_prefix_list(const struct rw_model *model, const char *reference);
const struct rw_load_balancer *rw_model_find_load_balancer(const struct rw_model *model,
							   const char *reference);

/* Number of objects of a kind, and the one at 'index' in id order (lent; cast to its type). */
size_t rw_model_count(const struct rw_model *model, enum rw_kind kind);
const void *rw_model_at(const struct rw_model *model, enum rw_kind kind, size_t index);

/*
 * Puts an object in place of the one with its id, or adds it; takes the reference, also on failure.
 * -EEXIST when another object of the kind has its name; -ENOMEM.
 */
RW_NODISCARD int rw_model_put(struct rw_model *model, enum rw_kind kind, void *object, struct rw_error *err);

/* Removes by id: 1, or 0 when it was not there; -ENOMEM. */
RW_NODISCARD int rw_model_remove(struct rw_model *model, enum rw_kind kind, const char *id);

/* True when two models share the objects of a kind, known in O(1).  False says nothing. */
bool rw_model_shares(const struct rw_model *a, const struct rw_model *b, enum rw_kind kind);

/* Any kind by id or name; lent, or NULL. */
const void *rw_model_find(const struct rw_model *model, enum rw_kind kind, const char *reference);
