/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Answers of analysis as JSON
 * ===========================
 *
 * One function a question; the API and the command line, with a server or on a file, give the same text.  The
 * schemas are those of docs/openapi.yaml (Trace, Reach, ReachMatrix, Diff, Lint).  All append one object to
 * 'buf'; on failure what was appended is of no use.  Codes are those of the question's header in src/analyze,
 * and -E2BIG when the buffer is full.
 */

#include "analyze/lint_model.h"
#include "analyze/path.h"
#include "analyze/reach.h"
#include "base/buf.h"

/* A packet between two ends (analyze/path.h). */
RW_NODISCARD int rw_analysis_trace(const struct rw_source *source, const struct rw_path_question *question,
				   struct rw_buf *buf, struct rw_error *err);

/*
 * A drop event, as agents report it: a JSON object with "interface", "direction", "protocol", "local", "remote",
 * ports where there are any, and "node" unless 'node' (nullable) says so.  -EINVAL with its field.
 */
RW_NODISCARD int rw_analysis_trace_event(const struct rw_source *source, const char *node, const char *event,
					 struct rw_buf *buf, struct rw_error *err);

RW_NODISCARD int rw_analysis_reach(const struct rw_source *source, const struct rw_reach_question *question,
				   struct rw_buf *buf, struct rw_error *err);
RW_NODISCARD int rw_analysis_reach_matrix(const struct rw_source *source, const char *cluster,
					  struct rw_buf *buf, struct rw_error *err);

/* *ret_different says whether anything opens, closes, comes or goes. */
RW_NODISCARD int rw_analysis_diff(const struct rw_source *before, const struct rw_source *after,
				  struct rw_buf *buf, bool *ret_different, struct rw_error *err);

/* 'scope' as rw_scope_find takes it. */
RW_NODISCARD int rw_analysis_lint(const struct rw_source *source, const char *scope,
				  const struct rw_lint_hits *hits, size_t hit_count, struct rw_buf *buf,
				  struct rw_error *err);
