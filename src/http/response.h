/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reader of answers
 * =================
 *
 * An incremental, strict parser of HTTP/1.1 answers (RFC 9112): bytes go in as they come, events come out.
 * Pure, and everything it keeps is bounded.  Whatever could be framed in two ways is refused.
 */

#include "base/buf.h"
#include "http/client.h"

enum http_framing {
	HTTP_FRAMING_LENGTH,
	HTTP_FRAMING_CHUNKED,
	HTTP_FRAMING_UNTIL_CLOSE,
};

enum http_chunk_state {
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_DATA_END,
	HTTP_CHUNK_TRAILER,
};

struct http_response_reader {
	bool has_no_body; /* answers a HEAD request */
	bool head_complete;
	bool complete;
	bool keep_alive; /* the connection can be used again once complete */
	unsigned int status;
	struct rw_buf head; /* status line and headers; 'headers' point into it */
	struct rw_http_header headers[RW_HTTP_CLIENT_MAX_HEADERS];
	size_t header_count;
	enum http_framing framing;
	enum http_chunk_state chunk_state;
	unsigned int chunk_digits;
	size_t chunk_extra; /* bytes of extensions and trailers, which are skipped */
	uint64_t remaining; /* of the body, or of the chunk */
};

enum http_response_event {
	HTTP_RESPONSE_MORE, /* all bytes were used; give more */
	HTTP_RESPONSE_HEAD, /* status and headers are there */
	HTTP_RESPONSE_BODY, /* a piece of the body */
	HTTP_RESPONSE_END,  /* the answer is complete; bytes left over belong to no answer */
};

void http_response_reader_init(struct http_response_reader *reader, bool has_no_body);
void http_response_reader_done(struct http_response_reader *reader);
RW_DEFINE_DONE(struct http_response_reader, http_response_reader_done)

/*
 * Reads on in *bytes, which has *size bytes, and moves both behind what was used.  Gives an event (enum
 * http_response_event); with HTTP_RESPONSE_BODY, *ret_piece lends part of the caller's bytes.  -EPROTO for
 * what is no answer, -EMSGSIZE beyond a limit, -ENOMEM.  After a failure or the end it must not be called
 * again.
 */
int http_response_read(struct http_response_reader *reader, const char **bytes, size_t *size,
		       const char **ret_piece, size_t *ret_piece_size, struct rw_error *err);

/* The connection has ended: 0 when the answer is complete by that, else -ECONNRESET. */
int http_response_read_end(struct http_response_reader *reader, struct rw_error *err);
