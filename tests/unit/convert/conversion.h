/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Conversions of texts in a test, and what became of them. */

#include "convert/convert.h"
#include "policy/policy.h"

/* Converts one text as the file "input"; fails the test when that fails. */
void conversion_of(enum rw_convert_format format, const char *text, struct rw_conversion *ret_conversion);

/* Converts a text that is refused, with these words in the error. */
void conversion_refuses(enum rw_convert_format format, const char *text, const char *words);

/* All rules of a group as texts with their descriptions, in the order of their texts, a line each. */
char *conversion_rules(const struct rw_conversion *conversion, const char *group);

/* All notes, a line each: "12 left out: what: reason", "0 note: ...". */
char *conversion_notes(const struct rw_conversion *conversion);

/* The policy of a node of the model. */
struct rw_policy *conversion_policy(const struct rw_conversion *conversion, const char *node);

/* A few answers and files of each format, in which all kinds of objects occur. */
extern const char conversion_alibaba[];
extern const char conversion_aws[];
extern const char conversion_iptables[];
extern const char conversion_ufw[];
