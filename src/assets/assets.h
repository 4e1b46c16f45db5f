/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The files of the console
 * ========================
 *
 * A web site of some dozen files that stands in the program's read-only data: tools/embed-files makes the table at
 * build time, compressed forms included, so that nothing is read, packed or copied when a file is asked for.
 *
 *     GET, HEAD  a file by its exact path, "/" is the page
 *                anything else that a browser shows as a page: the page too, whose script knows the path
 *
 * **The page** (index.html) is never kept by browsers and has a fresh nonce in each answer: RW_ASSETS_PLACEHOLDER in
 * it becomes 128 random bits, which the answer's Content-Security-Policy names.  Nothing but what we serve runs in
 * it, styles that its scripts make excepted, and those need the nonce.
 *
 * **Other files** have strong ETags, one for each encoding.  Those whose name has a hash of their content may be kept
 * for ever; others are asked for again each time and mostly answered 304.
 *
 * Threads: the loop's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/server.h"

#define RW_ASSETS_PLACEHOLDER "RINGWALL-NONCE"
#define RW_ASSETS_PAGE        "/index.html"

/* Everything lives as long as the program. */
struct rw_asset {
	const char *path; /* "/assets/index-CGAmPaTu.js" */
	const char *type; /* media type */
	const char *etag; /* hex digits of a hash of the content */
	bool is_hashed;   /* the name changes with the content */
	const uint8_t *bytes;
	size_t size;
	const uint8_t *gzip; /* NULL = it would not be smaller */
	size_t gzip_size;
};

struct rw_assets {
	const struct rw_asset *files; /* by path (strcmp) */
	size_t count;                 /* 0 = there is no console; else RW_ASSETS_PAGE is among them */
};

/* The console as it was built in. */
extern const struct rw_assets rw_assets_console;

/*
 * Answers a GET or HEAD with a file or the page and consumes the exchange; returns the status.  0: this is nothing
 * of ours, the exchange is as before.  O(log files) but for the page, which is copied for its nonce.
 */
unsigned int rw_assets_answer(const struct rw_assets *assets, const struct rw_random *random,
			      struct rw_http_exchange *exchange);

/* Whether a header "Accept-Encoding" (nullable) lets an answer be gzip. */
bool rw_assets_accepts_gzip(const char *header);

/* Whether a header "If-None-Match" (nullable) names 'etag' (with its quotes). */
bool rw_assets_has_etag(const char *header, const char *etag);
