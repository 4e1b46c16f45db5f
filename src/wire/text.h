/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text from outside: what characters it holds, and the numbers and times that formats write as text.  'text'
 * is valid UTF-8 and NUL-terminated unless said otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * True when 'text' holds a control character (U+0000-001F, 007F-009F, 2028, 2029) or one that changes the
 * direction of reading (U+061C, 200E, 200F, 202A-202E, 2066-2069): such text looks otherwise than it is. With
 * 'lines', line ends and tabs are no controls.
 */
bool rw_text_has_controls(const char *text, bool lines);

/* Characters of the text. */
size_t rw_utf8_length(const char *text);

/*
 * Copies 'text' (any bytes) for an error message into 'quoted' of 'size' bytes: controls and what is not
 * UTF-8 as '?', whole characters only, "..." when cut.
 */
void rw_json_quote(const char *text, char *quoted, size_t size);

/* Decimal digits without sign or leading zeros, up to UINT64_MAX; false when it is none. */
bool rw_revision_parse(const char *text, uint64_t *ret_revision);

/* RFC 3339 in UTC ("2026-11-24T02:28:29Z", up to nine digits of fraction, of which three count), years
 * 1970-9999. */
bool rw_timestamp_parse(const char *text, int64_t *ret_unix_ms);

/* The date of HTTP (RFC 9110 section 5.6.7) in its one form that is written: "Mon, 23 Nov 2026 23:04:23 GMT". */
bool rw_http_date_parse(const char *text, int64_t *ret_unix_ms);
