/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/convert only: what the formats share while they build a model. */

#include "convert/convert.h"

struct rw_builder {
	struct rw_conversion *conversion;
	const struct rw_convert_options *options;
	const char *file; /* of the input being read */
};

/*
 * Adds a note.  'line' 0 = none; 'what' is copied, unfit characters replaced.  A note too many is -E2BIG.
 * Returns 0 or the failure, so that a translator can end with it.
 */
RW_NODISCARD int rw_builder_leave_out(struct rw_builder *builder, unsigned int line, const char *what,
				      struct rw_error *err, const char *format, ...) RW_PRINTF(5, 6);
RW_NODISCARD int rw_builder_remark(struct rw_builder *builder, unsigned int line, const char *what,
				   struct rw_error *err, const char *format, ...) RW_PRINTF(5, 6);

/* Whether the model has, of any kind, an object with this id; the object of one kind, lent, or NULL. */
const void *rw_builder_find(const struct rw_builder *builder, enum rw_kind kind, const char *id);

/*
 * An id of ours from a foreign one: the kind's prefix is put before it unless it is there, capitals become
 * small, other unfit characters '-'.  What is too long is cut and ends in a hash.
 */
void rw_builder_id(enum rw_kind kind, const char *foreign, char ret_id[RW_ID_SIZE]);

/* The same for any prefix, as "sgr-" of rules. */
void rw_builder_id_of(const char *prefix, const char *foreign, char ret_id[RW_ID_SIZE]);

/*
 * Gives (to be freed) the name of an object: 'wanted' if it is a fit and free one, else "wanted (foreign)",
 * else 'id'.
 */
RW_NODISCARD int rw_builder_name(const struct rw_builder *builder, enum rw_kind kind, const char *wanted,
				 const char *id, char **ret_name, struct rw_error *err);

/* Gives (to be freed) a description: 'text' cleaned of unfit characters and cut to 512. */
RW_NODISCARD int rw_builder_text(const char *text, char **ret_text, struct rw_error *err);

/* Makes a network with the private CIDRs of RFC 1918 and RFC 4193 and adds it.  Lent in *ret_network. */
RW_NODISCARD int rw_builder_private_network(struct rw_builder *builder, const char *id, const char *name,
					    const struct rw_network **ret_network, struct rw_error *err);

/* Puts an object (taken, also on failure) into the model. */
RW_NODISCARD int rw_builder_put(struct rw_builder *builder, enum rw_kind kind, void *object,
				struct rw_error *err);

/* Appends one element (copied) to an array of an object. */
RW_NODISCARD int rw_builder_append(void *slot, size_t *count, const void *element, size_t element_size,
				   struct rw_error *err);

/* All ports that a rule of TCP or UDP can name; other rules have RW_PORTS_ANY. */
#define RW_CONVERT_ALL_PORTS ((struct rw_ports){1, 65535})

/* Adds a prefix to a sorted list; one that is there already adds nothing. */
RW_NODISCARD int rw_builder_add_prefix(struct rw_prefix **prefixes, size_t *count,
				       const struct rw_prefix *prefix, struct rw_error *err);

/*
 * Adds 'rule' (taken, also on failure) to 'group' (private still).  Gives it an id made from its meaning when
 * it has none; a rule whose meaning the group has already is released.
 */
RW_NODISCARD int rw_builder_add_rule(struct rw_group *group, struct rw_rule *rule, struct rw_error *err);

/* The translators, one file each. */
RW_NODISCARD int rw_convert_alibaba(struct rw_builder *builder, const struct rw_convert_input *inputs,
				    size_t count, struct rw_error *err);
RW_NODISCARD int rw_convert_aws(struct rw_builder *builder, const struct rw_convert_input *inputs,
				size_t count, struct rw_error *err);
RW_NODISCARD int rw_convert_iptables(struct rw_builder *builder, const struct rw_convert_input *inputs,
				     size_t count, struct rw_error *err);
RW_NODISCARD int rw_convert_ufw(struct rw_builder *builder, const struct rw_convert_input *inputs,
				size_t count, struct rw_error *err);
