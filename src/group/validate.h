/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What may be in a model
 * ======================
 *
 * One place decides whether an object is well formed and whether it fits its surroundings.  Errors name the
 * field by a JSON path relative to the object ("interfaces[0].addresses[2]") and carry a hint with the fix.
 *
 * Texts are UTF-8 in normal form C, without control characters (line ends too), without the characters that
 * change the direction of writing (U+061C, U+200E, U+200F, U+202A..202E, U+2066..2069), without line or
 * paragraph separators and U+FEFF; lengths count characters.  Names neither begin nor end with a space.
 *
 * Ids are the kind's prefix ("vpc-", "c", "n-", "sg-", "sgr-", "pl-", "lb-", "pr-") and at least one
 * lower-case letter, digit or hyphen, at most RW_ID_SIZE - 1 bytes: those made here are random hex digits,
 * those of a model file may be readable.
 *
 * Codes: -EINVAL wrong value, -EEXIST taken name or id, -ENOSPC a limit, -ENOMEM.
 */

#include "group/limits.h"
#include "group/model.h"

/* Checks a text of 'least' to 'most' characters at 'field'; NULL counts as "". */
RW_NODISCARD int rw_validate_text(const char *text, const char *field, size_t least, size_t most,
				  struct rw_error *err);

/* Checks a reference to be stored: well-formed id of 'kind'. */
RW_NODISCARD int rw_validate_id(enum rw_kind kind, const char *id, const char *field, struct rw_error *err);

/* Checks the name of a node, at the field "name". */
RW_NODISCARD int rw_validate_node_name(const char *name, struct rw_error *err);

/* Checks a rule by itself: every field of semantics section 2.  Its id may be "". */
RW_NODISCARD int rw_validate_rule(const struct rw_rule *rule, const struct rw_limits *limits,
				  struct rw_error *err);

/*
 * Checks a valid rule as one of 'group' (which need not hold it): NIC type against the network's kind, object
 * exists, lies in the same network, is basic and not the group itself.
 */
RW_NODISCARD int rw_validate_rule_in(const struct rw_model *model, const struct rw_group *group,
				     const struct rw_rule *rule, struct rw_error *err);

/* Checks an object by itself; 'limits' NULL = the defaults (everywhere). */
RW_NODISCARD int rw_validate_object(enum rw_kind kind, const void *object, const struct rw_limits *limits,
				    struct rw_error *err);

/*
 * Checks a valid object against the others of 'model', whether the model holds it (or an older state of it,
 * by id) or not: what it refers to exists and suits, CIDRs do not overlap where they must not, names and
 * limits.  O(size of the model) for networks, clusters and groups.
 */
RW_NODISCARD int rw_validate_in(const struct rw_model *model, enum rw_kind kind, const void *object,
				const struct rw_limits *limits, struct rw_error *err);

/* The object at which a whole model is wrong. */
struct rw_validate_where {
	enum rw_kind kind;
	char id[RW_ID_SIZE];
};

/*
 * Checks a whole model: every object by itself and among the others, every table's limit, exactly one managed
 * group a cluster, rule ids unique over all groups.  The error's field begins with the table and the object's
 * id, "clusters[c1].container_cidrs[0]"; with 'ret_where' (nullable) it is relative to that object.
 */
RW_NODISCARD int rw_validate_model(const struct rw_model *model, const struct rw_limits *limits,
				   struct rw_validate_where *ret_where, struct rw_error *err);

/*
 * Brings a rule to the stored form of its network: in a VPC the NIC type is intranet (internet is accepted
 * and normalised); description and author are never NULL.  0 or -ENOMEM.
 */
RW_NODISCARD int rw_rule_normalise(struct rw_rule *rule, enum rw_network_kind kind, struct rw_error *err);

/*
 * Orders rules by meaning: all fields but id, description, author and time.  Two rules that compare equal
 * decide alike in every way.
 */
int rw_rule_compare_meaning(const struct rw_rule *a, const struct rw_rule *b);
