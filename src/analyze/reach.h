/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reach
 * =====
 *
 * Who can reach what, exactly: the headers that managed nodes accept at ingress, for some sources and services
 * or all.  Nodes of which the same holds stand together.
 *
 *     all sources for a port      rw_reach(&source, &(struct rw_reach_question){.to = "web", .service = "tcp/22"}, ...)
 *     all open ports for one      rw_reach(&source, &(struct rw_reach_question){.from = "203.0.113.9"}, ...)
 *     and by which rules          .because = true: reach.parts[i].because[j] has the causes of box j
 *     a cluster at a glance       rw_reach_matrix
 *
 * What a node's own addresses could send to itself is not looked at (rw_view.ignore_own); sources that are
 * spoofed are refused, as in the data plane.
 */

#include "analyze/box.h"
#include "analyze/source.h"

struct rw_reach_question {
	const char *from;    /* as rw_source_addresses takes it; NULL = anywhere */
	const char *to;      /* as rw_scope_find takes it; NULL = every managed node */
	const char *service; /* as rw_service_parse takes it; NULL = all */
	bool because;        /* tell what accepts each box; nodes share a part only when the same does */
};

/* Something that accepts packets: a rule, inner access of a group, a system rule, the default. */
struct rw_reach_cause {
	char word[RW_ID_SIZE];  /* as rw_decision_cause */
	char group[RW_ID_SIZE]; /* of the rule, or whose inner access it is; else "" */
	struct rw_rule *rule;   /* reference held, or NULL */
};

/* Most causes that are listed for one box. */
#define RW_REACH_CAUSES_MAX 32

/* What accepts headers of one box. */
struct rw_reach_because {
	uint32_t causes[RW_REACH_CAUSES_MAX]; /* in rw_reach.causes, ascending */
	size_t count;
	size_t omitted;
};

/* What some nodes accept at an interface. */
struct rw_reach_part {
	char interface[16];
	rw_set open; /* with 'because' a map: number of the cause + 1 */
	struct rw_boxes boxes;
	struct rw_reach_because *because; /* by box, or NULL */
	const struct rw_node **nodes;     /* lent by the model, by id */
	size_t node_count;
};

struct rw_reach {
	struct rw_sets *sets;
	struct rw_reach_part *parts; /* with anything open; by first node and interface */
	size_t part_count;
	size_t node_count;             /* that were asked */
	struct rw_reach_cause *causes; /* as they were met */
	size_t cause_count;
};

void rw_reach_done(struct rw_reach *reach);
RW_DEFINE_DONE(struct rw_reach, rw_reach_done)

/*
 * Answers.  -EINVAL, -ENOENT at field "from", "to" or "service"; -ENOMEM; -E2BIG as rw_exposure and
 * rw_set_boxes, naming the node.
 */
RW_NODISCARD int rw_reach(const struct rw_source *source, const struct rw_reach_question *question,
			  struct rw_reach *ret_reach, struct rw_error *err);

/* How much of a zone can reach a service. */
enum rw_reach_extent { RW_REACH_NONE, RW_REACH_SOME, RW_REACH_ALL, RW_REACH_EXTENT_COUNT_ };
extern const char *const rw_reach_extent_names[RW_REACH_EXTENT_COUNT_]; /* "none", "some", "all" */

/* Most zones of a matrix: more groups than that are left out, and counted. */
#define RW_REACH_ZONES_MAX 32

struct rw_reach_zone {
	const char *name;             /* "internet-4", "internet-6", "management", or a group's name; lent */
	const struct rw_group *group; /* or NULL */
};

/* Services that are alike for every zone. */
struct rw_reach_row {
	const struct rw_cluster *cluster;
	uint16_t protocol_first, protocol_last;
	struct rw_ports ports;
	enum rw_reach_extent extents[RW_REACH_ZONES_MAX]; /* by zone of the matrix */
};

/* Clusters x services x zones.  A service is reachable when some node of the cluster accepts it. */
struct rw_reach_matrix {
	struct rw_reach_zone zones[RW_REACH_ZONES_MAX];
	size_t zone_count;
	size_t zones_omitted;
	struct rw_reach_row *rows; /* by cluster, then service; those that nobody reaches are left out */
	size_t row_count;
};

void rw_reach_matrix_done(struct rw_reach_matrix *matrix);
RW_DEFINE_DONE(struct rw_reach_matrix, rw_reach_matrix_done)

/*
 * Gives the matrix of all clusters, or of one.  Zones are the internet (rw_source_addresses) by family, the
 * cluster's management CIDRs ("none" where there are none), and groups that have members, by id.  -ENOENT at field
 * "to" for what is no cluster; -ENOMEM; -E2BIG.
 */
RW_NODISCARD int rw_reach_matrix(const struct rw_source *source, const char *cluster,
				 struct rw_reach_matrix *ret_matrix, struct rw_error *err);

/*
 * Reads a service as a question has it: "tcp/22", "22/tcp", "udp/53", "tcp/8000-8100", "22" (tcp), "icmp", "47", or
 * "protocol/2-5" for protocols by number.  -EINVAL at field "service".
 */
RW_NODISCARD int rw_service_parse(const char *text, uint32_t *ret_first, uint32_t *ret_last,
				  struct rw_error *err);
