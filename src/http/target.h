/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Request targets
 * ===============
 *
 * Splits and decodes "/v1/groups/web?limit=10" once, strictly, before anything is routed, so that no two
 * parts of the program can read the same request differently: no bad or control escapes, no "//", "." or
 * "..", no parameter without a name, bounded counts.  Pure.  RFC 3986 sections 2.1, 3.3 and 3.4; "+" in a
 * query is a space as forms send it.
 */

#include "http/server.h"

/*
 * Fills target, path, segments and parameters of 'request' from 'target' (NUL-terminated, from outside).
 * *ret_storage holds their texts: the caller's to free, after 'request' is no longer used.  -EINVAL with
 * 'err' filled for what is malformed, -E2BIG for too much, -ENOMEM; 'request' is then undefined.
 */
RW_NODISCARD int rw_http_target_parse(const char *target, struct rw_http_request *request, char **ret_storage,
				      struct rw_error *err);

/*
 * The same for a server whose handler reads the query itself: the query is left as it is, 'request' gets no parameters,
 * and 'max_bytes' stands in place of RW_HTTP_MAX_TARGET.
 */
RW_NODISCARD int rw_http_target_parse_path(const char *target, size_t max_bytes,
					   struct rw_http_request *request, char **ret_storage,
					   struct rw_error *err);
