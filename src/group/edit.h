/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Edits
 * =====
 *
 * A change is made on a draft: a private copy of the model that remembers which objects it touched, with
 * their state before and after, so that the controller stores exactly those and the audit record shows both.
 *
 *     RW_CLEANUP(rw_draft_free) struct rw_draft *draft = rw_draft_new(model, &context);
 *     r = rw_edit_add_rules(draft, "demo", rules, count, outcomes, &err);
 *     for (size_t i = 0; i < rw_draft_count(draft); i++) store(rw_draft_at(draft, i));
 *
 * Every edit validates its result (group/validate.h) and is all or nothing: on failure the draft is as
 * before.  Edits on one draft add up to one change.  Rules live in their group: a change of rules touches
 * that group.
 *
 * Objects are named by id or unique name.  References inside an object (cluster.network, rule.object.id, ...)
 * are ids; the resolvers of wire/object.h turn what people write into them.
 *
 * Codes:
 *     -EINVAL   wrong value; field and hint are filled
 *     -ENOENT   no object to change by that reference
 *     -EEXIST   the name or id is taken
 *     -EBUSY    others refer to it; the text lists who
 *     -EPERM    protected: a cluster's group
 *     -ENOSPC   a limit of group/limits.h
 *     -ENOMEM
 */

#include "base/clock.h"
#include "base/vec.h"
#include "group/limits.h"
#include "group/model.h"

/* Borrowed for the life of the draft. */
struct rw_edit_context {
	int64_t now_ms;     /* becomes the time of creation of objects and rules */
	const char *author; /* becomes the rules' author */
	const struct rw_random *random;
	const struct rw_limits *limits; /* NULL = rw_limits_default */
};

struct rw_draft;

/* One touched object.  Lent by the draft; cast by kind. */
struct rw_touched {
	enum rw_kind kind;
	char id[RW_ID_SIZE];
	const void *before; /* NULL = the change made it */
	const void *after;  /* NULL = the change deleted it */
};

/* Copies 'model' (cheap, objects are shared); NULL when memory runs out. */
struct rw_draft *rw_draft_new(const struct rw_model *model, const struct rw_edit_context *context);
struct rw_draft *rw_draft_free(struct rw_draft *draft);
RW_DEFINE_CLEANUP(struct rw_draft *, rw_draft_free)

/* The state with all edits so far.  Lent; changes with the next edit. */
const struct rw_model *rw_draft_model(const struct rw_draft *draft);

/* The limits in force: the context's, or the defaults.  Lent. */
const struct rw_limits *rw_draft_limits(const struct rw_draft *draft);

/* Gives a copy of that state (objects are shared), for publishing; NULL when memory runs out. */
struct rw_model *rw_draft_dup_model(const struct rw_draft *draft);

/* Touched objects in (kind, id) order; an object that is again what it was is not among them. */
size_t rw_draft_count(const struct rw_draft *draft);
const struct rw_touched *rw_draft_at(const struct rw_draft *draft, size_t index);

/*
 * Creates an object (taken, also on failure); an id of "" is made.  On success *ret_object (nullable) lends
 * what stands in the model.  By kind:
 * - network: a classic one without CIDRs gets 10.0.0.0/8; a public one has none.
 * - cluster: rw_edit_create_cluster does it; here without options.
 * - node: joins its cluster's group by being in the cluster; a free-standing one names at least one group.
 * - group: free-standing; its rules are validated and get ids like added ones.  'managed_by' must be "".
 * Its time of creation is the context's unless it has one already.
 */
RW_NODISCARD int rw_edit_create(struct rw_draft *draft, enum rw_kind kind, void *object,
				const void **ret_object, struct rw_error *err);

/* What the creation of a cluster may be told besides the cluster itself. */
struct rw_cluster_options {
	bool ipv6;      /* default rules for ::/0 too, even without an IPv6 CIDR in the network */
	bool ipv4_only; /* no default rules for ::/0, even with an IPv6 CIDR in the network */
	bool no_web;    /* leave 80 and 443 out of the default rules */
	/* Of the managed group; NULL = "cluster-ID", "security group of cluster ID". */
	const char *group_name;
	const char *group_description;
};

/*
 * Creates a cluster (taken) together with its one managed group: kind basic, named after the cluster's id,
 * default rules by its profile.  'cluster->security_group' is filled here.
 */
RW_NODISCARD int rw_edit_create_cluster(struct rw_draft *draft, struct rw_cluster *cluster,
					const struct rw_cluster_options *options,
					const struct rw_cluster **ret_cluster, struct rw_error *err);

/*
 * Gives a cluster a new managed group with the default rules of its profile (of standard for a loose one) in place of
 * the one it has, in one step: its nodes are in the one until then and in the other from then on.  Rules, load
 * balancers and promises that name the old group name the new one, since both mean the cluster's nodes; the old one is
 * deleted with its own rules.  -ENOENT.
 */
RW_NODISCARD int rw_edit_rebind_cluster(struct rw_draft *draft, const char *cluster,
					const struct rw_cluster_options *options, struct rw_error *err);

/*
 * Makes a free-standing group the managed one of a cluster, with the rules it has, in place of the one that the
 * cluster has, which becomes free-standing with its own rules and no members.  What names the old group names the new one
 * as above.  -ENOENT; -EINVAL (field "security_group") for a group of another network or cluster, an enterprise group, or
 * one whose rules mean the cluster's nodes already; -EBUSY when nodes are in it by themselves.
 */
RW_NODISCARD int rw_edit_adopt_group(struct rw_draft *draft, const char *cluster, const char *group,
				     struct rw_error *err);

/*
 * Puts 'object' (taken, also on failure; usually a changed rw_<kind>_dup) in place of the one with its id.
 * What cannot change is refused by field: a network's kind; a cluster's network, type, profile and group; a
 * node's network; a group's network, kind and owner.  A group's rules are not changed this way: those of the
 * model stay, whatever 'object' holds, and so does its time of creation.  The descriptions of a
 * prefix list's entries that are taken away go with them.  An object equal to the one there touches nothing.
 */
RW_NODISCARD int rw_edit_update(struct rw_draft *draft, enum rw_kind kind, void *object,
				const void **ret_object, struct rw_error *err);

/*
 * Deletes an object that nobody refers to.  A cluster goes with its managed group, and with its nodes when
 * 'with_nodes' (otherwise nodes refuse it, -EBUSY); a managed group by itself is -EPERM; a node always goes.
 */
RW_NODISCARD int rw_edit_delete(struct rw_draft *draft, enum rw_kind kind, const char *reference,
				bool with_nodes, struct rw_error *err);

/* What became of each rule of a request. */
enum rw_rule_fate {
	RW_RULE_ADDED,
	RW_RULE_EXISTED, /* a rule of the same meaning was there: nothing added, 'id' is that rule's */
	RW_RULE_REVOKED,
	RW_RULE_MISSING, /* nothing to revoke; not a failure, so that a retry succeeds */
};
struct rw_rule_outcome {
	enum rw_rule_fate fate;
	char id[RW_ID_SIZE]; /* "" for a missing one revoked by meaning */
};

/*
 * Adds 'count' rules to a group in one step, 1..limits.rules_per_call.  The references in 'rules' are taken,
 * also on failure.  A rule's id "" is made, one given is kept (import) and must be free; time and author are
 * the context's unless given.  Fields of errors begin with "rules[i].".  'ret_outcomes' (nullable) has
 * 'count' places.
 */
RW_NODISCARD int rw_edit_add_rules(struct rw_draft *draft, const char *group, struct rw_rule **rules,
				   size_t count, struct rw_rule_outcome *ret_outcomes, struct rw_error *err);

/* Revokes by rule id. */
RW_NODISCARD int rw_edit_revoke_rules(struct rw_draft *draft, const char *group, const char *const *ids,
				      size_t count, struct rw_rule_outcome *ret_outcomes,
				      struct rw_error *err);

/* Revokes by meaning (rw_rule_compare_meaning; ids of 'rules' do not matter).  Borrows the rules. */
RW_NODISCARD int rw_edit_revoke_matching(struct rw_draft *draft, const char *group,
					 const struct rw_rule *const *rules, size_t count,
					 struct rw_rule_outcome *ret_outcomes, struct rw_error *err);

/*
 * Replaces the rule with 'rule->id' (taken, also on failure), keeping its time and author.  -ENOENT; -EEXIST
 * when another rule of the group already means the same.
 */
RW_NODISCARD int rw_edit_modify_rule(struct rw_draft *draft, const char *group, struct rw_rule *rule,
				     struct rw_error *err);

/*
 * Makes the rules of a group exactly these (taken, also on failure), matched by meaning: those that were
 * there keep their ids and objects, the others go or come.  One that comes with the id of a rule that stays gets
 * an id of its own.  Not bound by rules_per_call.  'ret_outcomes' (nullable) tells ADDED or EXISTED for each.
 */
RW_NODISCARD int rw_edit_set_rules(struct rw_draft *draft, const char *group, struct rw_rule **rules,
				   size_t count, struct rw_rule_outcome *ret_outcomes, struct rw_error *err);

/* Sets a group's inner access policy; -EINVAL for accept on an enterprise group. */
RW_NODISCARD int rw_edit_set_inner_access(struct rw_draft *draft, const char *group,
					  enum rw_verdict inner_access, struct rw_error *err);

/*
 * Puts a node, or one interface of it ('interface' not NULL), into a free-standing group; again is no failure
 * and touches nothing.
 */
RW_NODISCARD int rw_edit_join(struct rw_draft *draft, const char *node, const char *interface,
			      const char *group, struct rw_error *err);

/* Takes it out again; not being in is no failure.  -EBUSY when a free-standing node would be in no group. */
RW_NODISCARD int rw_edit_leave(struct rw_draft *draft, const char *node, const char *interface,
			       const char *group, struct rw_error *err);

enum rw_refusal {
	RW_REFUSAL_OUTSIDE, /* of the network's CIDRs, or inside the container CIDRs: it makes no member */
	RW_REFUSAL_HELD,    /* by another node */
	RW_REFUSAL_LIMIT,   /* the interface has as many as are allowed; the first one beyond is told */
};

/* An address that an agent reported and that is not believed. */
struct rw_address_refusal {
	char interface[16];
	struct rw_address address;
	char holder[RW_ID_SIZE]; /* HELD: by which node */
	enum rw_refusal why;
};

/*
 * Takes over what a node's agent reports: names, NIC types and addresses of its interfaces ('reported' is
 * borrowed).  What people declared on an interface of the same name stays: elastic IPs, shared addresses,
 * groups. A report is a claim: an address that another node of the network holds is left out; one outside the
 * network is kept, since it is on the NIC, but makes no member (group/members.h).  In a public network the
 * declared addresses stay and nothing is added.  Each such address is appended to 'ret_refused' (nullable; a
 * vector of struct rw_address_refusal, initialised by the caller; reaching its limit is no failure), for the
 * event address-refused; the caller reports again when the holder has let go.
 */
RW_NODISCARD int rw_edit_report_interfaces(struct rw_draft *draft, const char *node,
					   const struct rw_interface *reported, size_t count,
					   struct rw_vec *ret_refused, struct rw_error *err);

/* Somebody who refers to an object. */
struct rw_referrer {
	enum rw_kind kind;
	char id[RW_ID_SIZE];   /* the referring object */
	char rule[RW_ID_SIZE]; /* the rule in it, when it is a group */
};

/*
 * Appends to 'ret_referrers' (a vector of struct rw_referrer, initialised by the caller with the limit it
 * wants; reaching it is no failure) who refers to an object: rules, members, clusters, load balancers,
 * promises. Returns 0 or -ENOMEM.
 */
RW_NODISCARD int rw_model_referrers(const struct rw_model *model, enum rw_kind kind, const char *id,
				    struct rw_vec *ret_referrers);
