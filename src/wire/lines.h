/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lines of the agent stream: what snapshots and deltas (stream.c) have in common.  Internal to wire/.
 */

#include "base/vec.h"
#include "wire/object.h"
#include "wire/stream.h"

/* Elements that an encoder puts into one line: some 10 KB of text. */
#define RW_LINE_PREFIXES 512
#define RW_LINE_RULES    64

/* Writes lines, each one JSON object, and keeps the hash of those of the current frame. */
struct rw_line_writer {
	struct rw_buf *buf;
	struct rw_json_writer json;
	size_t start;   /* of the current line in 'buf' */
	uint64_t check; /* hash of the frame's lines so far */
	bool too_long;  /* a line was longer than a reader takes */
	/* where the lines go from 'buf' once they are many; NULL = they stay there */
	rw_stream_sink_fn *sink;
	void *sink_context;
	struct rw_error *sink_err;
	int sunk; /* what the sink failed with, 0 = it did not */
};

void rw_line_writer_init(struct rw_line_writer *lines, struct rw_buf *buf);

/* Empties 'buf' into the sink, if there is one and no append has failed. */
void rw_line_writer_flush(struct rw_line_writer *lines);

/* Begins a line and its object; ends both. */
struct rw_json_writer *rw_line_begin(struct rw_line_writer *lines);
void rw_line_end(struct rw_line_writer *lines);

/* 0; -E2BIG when a line was too long or the buffer is full; -ENOMEM; what the sink failed with. */
RW_NODISCARD int rw_line_writer_check(const struct rw_line_writer *lines, struct rw_error *err);

/* The next value of a frame's check after 'line'. */
uint64_t rw_line_check(uint64_t check, const char *line, size_t size);

/*
 * Appends the prefixes of a text such as "10.0.0.5 10.1.0.0/16" to 'prefixes' (elements struct rw_prefix).
 */
RW_NODISCARD int rw_prefixes_read(const struct rw_json *value, struct rw_vec *prefixes, struct rw_error *err);

/* {"id":...,"prefixes":...} lines for a whole set, under 'key'. */
void rw_set_lines_write(struct rw_line_writer *lines, const char *key, const char *id,
			const struct rw_prefix *prefixes, size_t count);

/* A group line and the lines of its rules. */
void rw_group_lines_write(struct rw_line_writer *lines, const struct rw_policy_group *group);

/* The line of everything that is neither group nor set. */
void rw_node_line_write(struct rw_line_writer *lines, const struct rw_policy *policy);

/* Puts a policy together from its lines. */
struct rw_policy_builder {
	struct rw_policy *policy; /* NULL until the node line */
	struct rw_vec groups;     /* struct rw_policy_group *, references held */
	struct rw_vec rules;      /* struct rw_rule * of the last group, references held */
	struct rw_vec sets;       /* struct rw_address_set *, references held */
	struct rw_vec prefixes;   /* struct rw_prefix of the set being read */
	char set_id[RW_ID_SIZE];  /* "" = none */
	size_t rule_count;        /* of all groups */
};

void rw_policy_builder_init(struct rw_policy_builder *builder);
void rw_policy_builder_done(struct rw_policy_builder *builder);
RW_DEFINE_DONE(struct rw_policy_builder, rw_policy_builder_done)

/* Takes one member of an item line: "node", "group", "rules" or "set".  -EINVAL also for a wrong order. */
RW_NODISCARD int rw_policy_builder_take(struct rw_policy_builder *builder, const struct rw_json *item,
					struct rw_error *err);

/*
 * Takes a whole "set" line in the form in which rw_set_lines_write writes it, without building a tree: most
 * of the text of a large policy are such lines.  RW_LINE_NOT_PLAIN: it is none, nothing was taken, the full
 * reader decides.
 */
#define RW_LINE_NOT_PLAIN 2
RW_NODISCARD int rw_policy_builder_take_plain_set(struct rw_policy_builder *builder, const char *line,
						  size_t size, struct rw_error *err);

/* Completes the group or set being read, so that 'groups' and 'sets' are whole. */
RW_NODISCARD int rw_policy_builder_flush(struct rw_policy_builder *builder, struct rw_error *err);

/* Gives the policy and leaves the builder empty. */
RW_NODISCARD int rw_policy_builder_finish(struct rw_policy_builder *builder, struct rw_policy **ret_policy,
					  struct rw_error *err);
