/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/group only: checks of the parts that several kinds of objects share. */

#include "group/validate.h"

/* An id with the prefix of its kind. */
int rw_validate_id_text(const char *id, const char *prefix, const char *field, struct rw_error *err);

/* Family, length and clear host bits. */
int rw_validate_prefix(const struct rw_prefix *prefix, const char *field, struct rw_error *err);

/* A protocol and the ports that go with it, at "protocol" and "ports". */
int rw_validate_ports(uint16_t protocol, struct rw_ports ports, struct rw_error *err);

/* The form of a rule's or promise's object at 'field'. */
int rw_validate_rule_object(const struct rw_object *object, const char *field, struct rw_error *err);
int rw_object_compare(const struct rw_object *a, const struct rw_object *b);

/* The prefix of a kind's ids: "vpc-", "c", ... */
const char *rw_kind_id_prefix(enum rw_kind kind);

/* How many objects of a kind there may be. */
size_t rw_limits_count(const struct rw_limits *limits, enum rw_kind kind);
