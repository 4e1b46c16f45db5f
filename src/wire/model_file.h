/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The model file
 * ==============
 *
 * A whole model as one JSON document (docs/model-file.md, docs/model.schema.json): what 'export' writes,
 * 'import' and 'apply -f' read and standalone agents enforce.  Encoding is stable: equal models give equal
 * bytes, objects in id order, one member a line, so that files can be compared and kept in git.
 *
 * Reading resolves references by id or name, wherever in the file the object stands, and then checks the
 * whole by group/validate.h: a file is taken complete or not at all.  Objects without id (files written by
 * people) get one made from their name -- rules and promises from their meaning -- so that reading the file
 * again gives the same ids. A file of a newer version is refused with both versions in the error.
 */

#include "base/buf.h"
#include "group/limits.h"
#include "group/model.h"

#define RW_MODEL_FILE_VERSION 1

/* Appends the model.  -E2BIG, -ENOMEM by the buffer. */
RW_NODISCARD int rw_model_file_encode(struct rw_buf *buf, const struct rw_model *model, struct rw_error *err);

/*
 * Reads a model.  -EINVAL with path; -EPROTONOSUPPORT for a newer version; -ENOSPC beyond a limit; -E2BIG; -ENOMEM.
 * The second takes the limits of whoever asks (NULL: the defaults).
 */
RW_NODISCARD int rw_model_file_decode(const char *text, size_t size, struct rw_model **ret_model,
				      struct rw_error *err);
RW_NODISCARD int rw_model_file_decode_within(const char *text, size_t size, const struct rw_limits *limits,
					     struct rw_model **ret_model, struct rw_error *err);
