/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The URLs that the client takes: http or https, host name or address (IPv6 in brackets), port, path and
 * query.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define RW_HTTP_MAX_HOST 253
#define RW_HTTP_MAX_URL  4096

struct rw_http_url {
	bool secure;
	char host[RW_HTTP_MAX_HOST + 1]; /* without brackets */
	uint16_t port;
	const char *target; /* in the parsed text: path and query; "" stands for "/" */
};

/*
 * Parses 'text', which must outlive *ret_url.  -EINVAL with 'err'; user names and fragments are refused, too.
 */
RW_NODISCARD int rw_http_url_parse(const char *text, struct rw_http_url *ret_url, struct rw_error *err);
