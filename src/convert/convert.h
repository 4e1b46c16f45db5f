/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Other people's formats
 * ======================
 *
 * Reads what other systems say about their packet filters and gives a model, so that all that works on a model
 * file (trace, reach, diff, lint, audit, tighten) works for who does not run ringwall:
 *
 *     alibaba    JSON answers as aliyun-cli prints them: DescribeVpcs, DescribeSecurityGroups,
 *                DescribeSecurityGroupAttribute, DescribePrefixListAttributes, DescribeInstances,
 *                DescribeClusters(V1) and DescribeClusterDetail, DescribeLoadBalancers,
 *                DescribeLoadBalancerAttribute, DescribeLoadBalancerListeners
 *     aws        JSON answers of aws ec2 describe-vpcs, describe-security-groups, describe-instances
 *     iptables   iptables-save and ip6tables-save of one node: INPUT, FORWARD, OUTPUT and the chains that
 *                they jump to (DOCKER-USER), with the ports that nat publishes
 *     ufw        'ufw status verbose', or /etc/ufw/user.rules and user6.rules, of one node
 *
 * A translation is exact or it says so.  What has no counterpart is left out and told by a *note* with file,
 * line (of text) or field (of JSON) and reason; where later lines depended on what was left out, as behind a
 * line of an ordered list, their rules are marked "uncertain" in the description.  A file that is not what it
 * should be fails as a whole, with file, line or field and hint, and gives nothing.
 *
 * Pure: no clock, disk, socket.  Equal inputs give equal models.
 */

#include "base/vec.h"
#include "group/model.h"

/* Bounds what one conversion may read, write and tell. */
#define RW_CONVERT_INPUTS_MAX 256
#define RW_CONVERT_INPUT_MAX  (64u << 20) /* bytes of one file */
#define RW_CONVERT_NOTES_MAX  10000

enum rw_convert_format {
	RW_CONVERT_ALIBABA,
	RW_CONVERT_AWS,
	RW_CONVERT_IPTABLES,
	RW_CONVERT_UFW,
	RW_CONVERT_FORMAT_COUNT_,
};

/* The format of that name ("alibaba", "aws", ...), or -1. */
int rw_convert_format_find(const char *name);

/* One file, read already. */
struct rw_convert_input {
	const char *name; /* for notes and errors */
	const char *text; /* any bytes */
	size_t size;
};

/* What a file about one node (iptables, ufw) does not say.  Borrowed. */
struct rw_convert_options {
	const char *node;                   /* the node's name; NULL = "node" */
	const struct rw_address *addresses; /* the node's own; may be none */
	size_t address_count;
};

struct rw_note {
	bool left_out;     /* something is missing in the model; false = a remark about what is there */
	const char *file;  /* lent by the input */
	unsigned int line; /* in a text file; 0 in JSON */
	char *what;        /* owned: the line, or the field or id in JSON */
	char *reason;      /* owned: why it is left out, or the remark */
};

struct rw_conversion {
	struct rw_model *model;
	struct rw_vec notes; /* struct rw_note, in order of the inputs */
	size_t left_out;     /* notes that say so */
};

/*
 * Reads the files together into one valid model (group/validate.h).  'options' is nullable.  -EINVAL with the
 * file in the text, the line or field, and a hint; -E2BIG beyond the bounds above, of a model's limits, or
 * when the chains of an iptables-save unfold into more than 20,000 decisions; -ENOMEM.
 */
RW_NODISCARD int rw_convert(enum rw_convert_format format, const struct rw_convert_input *inputs,
			    size_t count, const struct rw_convert_options *options,
			    struct rw_conversion *ret_conversion, struct rw_error *err);
void rw_conversion_done(struct rw_conversion *conversion);
RW_DEFINE_DONE(struct rw_conversion, rw_conversion_done)
