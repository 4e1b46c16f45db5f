/* SPDX-License-Identifier: Apache-2.0 */
#include "assets/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define NONCE_BYTES 16
#define NONCE_SIZE  (2 * NONCE_BYTES + 1)
#define PAGE_MAX    (1u << 20)

static void add_header(struct rw_http_exchange *exchange, const char *name, const char *value)
{
	/* Without memory the answer fails as a whole, or goes without a header that only saves time. */
	if (rw_http_answer_header(exchange, name, value) < 0)
		return;
}

/* ---- what is asked for ---- */

static int compare_path(const void *key, const void *file)
{
	return strcmp(key, ((const struct rw_asset *)file)->path);
}

static const struct rw_asset *find(const struct rw_assets *assets, const char *path)
{
	return assets->count
		       ? bsearch(path, assets->files, assets->count, sizeof(*assets->files), compare_path)
		       : NULL;
}

/* Paths that only the page's script knows.  A file that is missing is missing: no page in place of a script. */
static bool is_page(const struct rw_http_exchange *exchange, const char *path)
{
	const char *accept = rw_http_exchange_header(exchange, "Accept");

	return strcmp(path, "/") == 0 || strcmp(path, RW_ASSETS_PAGE) == 0 ||
	       (strncmp(path, "/assets/", 8) != 0 && accept && strstr(accept, "text/html"));
}

/* Whether the parameters of a coding, from 'at' to 'end', say "never": q=0, q=0.0, ... */
static bool is_refused(const char *at, const char *end)
{
	while (at < end && *at != '=')
		at++;
	if (at == end)
		return false;
	for (at++; at < end; at++)
		if (*at >= '1' && *at <= '9')
			return false;
	return true;
}

bool rw_assets_accepts_gzip(const char *header)
{
	bool any = false;

	for (const char *at = header; at && *at;) {
		const char *end = at + strcspn(at, ",");
		const char *name = at + strspn(at, " \t");
		size_t length = strcspn(name, " \t;,");

		if (length == 4 && strncasecmp(name, "gzip", 4) == 0)
			return !is_refused(name + length, end);
		if (length == 1 && *name == '*')
			any = !is_refused(name + length, end);
		at = end + (*end == ',');
	}
	return any;
}

bool rw_assets_has_etag(const char *header, const char *etag)
{
	size_t length = strlen(etag);

	for (const char *at = header; at && *at;) {
		at += strspn(at, " \t,");
		if (*at == '*')
			return true;
		if (strncmp(at, "W/", 2) == 0)
			at += 2;
		if (strncmp(at, etag, length) == 0 && strchr(", \t", at[length]))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

/* ---- answers ---- */

static unsigned int answer_file(const struct rw_asset *file, struct rw_http_exchange *exchange)
{
	bool gzip =
		file->gzip && rw_assets_accepts_gzip(rw_http_exchange_header(exchange, "Accept-Encoding"));
	char etag[96];

	(void)snprintf(etag, sizeof(etag), "\"%s%s\"", file->etag, gzip ? "-gzip" : "");
	add_header(exchange, "ETag", etag);
	if (file->gzip)
		add_header(exchange, "Vary", "Accept-Encoding");
	add_header(exchange, "Cache-Control",
		   file->is_hashed ? "public, max-age=31536000, immutable" : "no-cache");
	add_header(exchange, "X-Content-Type-Options", "nosniff");
	add_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
	/* A picture or text that is opened by itself is no place for scripts either. */
	add_header(exchange, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	if (rw_assets_has_etag(rw_http_exchange_header(exchange, "If-None-Match"), etag)) {
		rw_http_answer(exchange, 304, NULL, NULL, 0);
		return 304;
	}
	if (gzip)
		add_header(exchange, "Content-Encoding", "gzip");
	rw_http_answer_lend(exchange, 200, file->type, gzip ? file->gzip : file->bytes,
			    gzip ? file->gzip_size : file->size);
	return 200;
}

static void add_page_headers(struct rw_http_exchange *exchange, const char *nonce)
{
	char policy[512];

	(void)snprintf(policy, sizeof(policy),
		       "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; "
		       "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
		       "form-action 'self'; frame-ancestors 'none'",
		       nonce);
	add_header(exchange, "Content-Security-Policy", policy);
	add_header(exchange, "Cache-Control", "no-store");
	add_header(exchange, "X-Content-Type-Options", "nosniff");
	add_header(exchange, "X-Frame-Options", "DENY");
	add_header(exchange, "Referrer-Policy", "no-referrer");
	add_header(exchange, "Cross-Origin-Opener-Policy", "same-origin");
	add_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
	add_header(exchange, "Permissions-Policy",
		   "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()");
}

/* Copies the page with the nonce in place of the placeholders. */
static int write_page(const struct rw_asset *page, const char *nonce, struct rw_buf *buf)
{
	const uint8_t *at = page->bytes;
	size_t left = page->size;
	const uint8_t *found;

	while ((found = memmem(at, left, RW_ASSETS_PLACEHOLDER, strlen(RW_ASSETS_PLACEHOLDER)))) {
		(void)rw_buf_append(buf, at, (size_t)(found - at));
		(void)rw_buf_append_text(buf, nonce);
		left -= (size_t)(found - at) + strlen(RW_ASSETS_PLACEHOLDER);
		at = found + strlen(RW_ASSETS_PLACEHOLDER);
	}
	(void)rw_buf_append(buf, at, left);
	return rw_buf_check(buf, NULL);
}

static unsigned int answer_page(const struct rw_asset *page, const struct rw_random *random,
				struct rw_http_exchange *exchange)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	uint8_t bytes[NONCE_BYTES];
	char nonce[NONCE_SIZE];

	random->fill(random, bytes, sizeof(bytes));
	rw_hex_format(bytes, sizeof(bytes), nonce);
	rw_buf_init(&buf, PAGE_MAX);
	if (write_page(page, nonce, &buf) < 0) {
		rw_http_answer(exchange, 503, NULL, NULL, 0);
		return 503;
	}
	add_page_headers(exchange, nonce);
	rw_http_answer(exchange, 200, page->type, buf.data, buf.size);
	return 200;
}

unsigned int rw_assets_answer(const struct rw_assets *assets, const struct rw_random *random,
			      struct rw_http_exchange *exchange)
{
	const struct rw_http_request *request = rw_http_exchange_request(exchange);
	const struct rw_asset *file;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return 0;
	file = find(assets, request->path);
	if (file && strcmp(file->path, RW_ASSETS_PAGE) != 0)
		return answer_file(file, exchange);
	file = is_page(exchange, request->path) ? find(assets, RW_ASSETS_PAGE) : NULL;
	return file ? answer_page(file, random, exchange) : 0;
}
