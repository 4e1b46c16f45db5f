/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The model's objects as JSON
 * ===========================
 *
 * One pair of functions for each kind: *_encode writes all fields of docs/model.schema.json, in its order,
 * leaving out optional ones that are not set; *_decode reads them into a new object, with the defaults of
 * docs/model-file.md for what is absent.  Decoding checks shape: types, words, ranges, limits, text.
 * Whether the object makes sense among the others is group/validate.h's question.
 *
 * References: an id or a unique name serves everywhere.  A resolver turns either into the id that objects
 * hold.  Without one (NULL) the text is taken as it is and must fit an id.
 *
 * Ids: an absent "id" is decoded as ""; who adds the object to a model gives it one.
 */

#include "group/model.h"
#include "wire/json.h"
#include "wire/writer.h"

/* Most elements of one array in an object. */
#define RW_WIRE_CIDRS_MAX      200000 /* prefix list */
#define RW_WIRE_DESCRIBED_MAX  10000  /* of a prefix list */
#define RW_WIRE_RULES_MAX      10000
#define RW_WIRE_INTERFACES_MAX 256
#define RW_WIRE_ADDRESSES_MAX  64
#define RW_WIRE_GROUPS_MAX     64
#define RW_WIRE_LISTENERS_MAX  256
#define RW_WIRE_TAGS_MAX       1000
#define RW_WIRE_NAME_MAX       128 /* characters */
#define RW_WIRE_TEXT_MAX       512 /* characters: description, author, reason */

struct rw_resolver {
	/* Writes the id of the object of 'kind' that 'reference' (id or name) means.  0, or -ENOENT. */
	int (*resolve)(const struct rw_resolver *resolver, enum rw_kind kind, const char *reference,
		       char ret_id[RW_ID_SIZE]);
	const void *data;
};

/* Resolves in 'model' (borrowed as long as the resolver is used). */
struct rw_resolver rw_resolver_of_model(const struct rw_model *model);

/* Words of the closed lists, for tables of one's own and for showing them. */
extern const struct rw_word rw_words_network_kind[];
extern const struct rw_word rw_words_cluster_type[];
extern const struct rw_word rw_words_profile[];
extern const struct rw_word rw_words_container_network[];
extern const struct rw_word rw_words_enforcement[]; /* enforce, monitor */
extern const struct rw_word rw_words_established[]; /* cut, keep, cut-kept */
extern const struct rw_word rw_words_agent[];
extern const struct rw_word rw_words_nic_type[];
extern const struct rw_word rw_words_group_kind[];
extern const struct rw_word rw_words_verdict[]; /* accept, drop */
extern const struct rw_word rw_words_direction[];
extern const struct rw_word rw_words_kind[]; /* network, cluster, node, security_group, ... */

#define RW_OBJECT_DECLARE(type)                                                                              \
	void type##_encode(struct rw_json_writer *json, const struct type *object);                          \
	RW_NODISCARD int type##_decode(const struct rw_json *value, const struct rw_resolver *resolver,      \
				       struct type **ret_object, struct rw_error *err)
RW_OBJECT_DECLARE(rw_network);
RW_OBJECT_DECLARE(rw_cluster);
RW_OBJECT_DECLARE(rw_node);
RW_OBJECT_DECLARE(rw_rule);
RW_OBJECT_DECLARE(rw_group);
RW_OBJECT_DECLARE(rw_prefix_list);
RW_OBJECT_DECLARE(rw_load_balancer);
RW_OBJECT_DECLARE(rw_promise);
#undef RW_OBJECT_DECLARE

/* The same by kind, for loops over a model ('object' is of the kind's type). */
void rw_object_encode(struct rw_json_writer *json, enum rw_kind kind, const void *object);
RW_NODISCARD int rw_object_decode(const struct rw_json *value, enum rw_kind kind,
				  const struct rw_resolver *resolver, void **ret_object,
				  struct rw_error *err);

/* The fields of a promise as members of the open object. */
void rw_promise_put_fields(struct rw_json_writer *json, const struct rw_promise *promise);

/* The group without its rules: what lists show. */
void rw_group_encode_head(struct rw_json_writer *json, const struct rw_group *group);

/* Only what decides packets, defaults left out: the agent stream's form. */
void rw_rule_encode_core(struct rw_json_writer *json, const struct rw_rule *rule);

/* The timeouts that are set, as an object. */
void rw_timeouts_encode(struct rw_json_writer *json, const struct rw_timeouts *timeouts);

/*
 * Decoders for tables of one's own, by slot.  References are ids or names; .min is the enum rw_kind that the
 * resolver is asked for.  A protocol is a name or a number; a uint8_t slot takes no "all".
 */
rw_json_decoder rw_json_decode_prefix;     /* struct rw_prefix */
rw_json_decoder rw_json_decode_prefixes;   /* struct rw_prefix * and count */
rw_json_decoder rw_json_decode_address;    /* struct rw_address */
rw_json_decoder rw_json_decode_addresses;  /* struct rw_address * and count */
rw_json_decoder rw_json_decode_object;     /* struct rw_object */
rw_json_decoder rw_json_decode_ports;      /* struct rw_ports */
rw_json_decoder rw_json_decode_protocol;   /* uint16_t or uint8_t */
rw_json_decoder rw_json_decode_id;         /* char[RW_ID_SIZE], taken as it is */
rw_json_decoder rw_json_decode_reference;  /* char[RW_ID_SIZE] */
rw_json_decoder rw_json_decode_references; /* char (*)[RW_ID_SIZE] and count */
rw_json_decoder rw_json_decode_rules;      /* struct rw_rule ** and count */
rw_json_decoder rw_json_decode_interfaces; /* struct rw_interface * and count */
rw_json_decoder rw_json_decode_timeouts;   /* struct rw_timeouts */
rw_json_decoder rw_json_decode_tags;       /* struct rw_tags, from {"key":"value"} */
rw_json_decoder rw_json_decode_midstream;  /* bool, from "accept" or "drop" */
