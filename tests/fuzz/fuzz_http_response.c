/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers as a client reads them.  The first byte says in what pieces they come; however they are cut, the
 * same events must come out as from one piece.
 */

#include <assert.h>
#include <string.h>

#include "http/response.h"

struct outcome {
	int result;
	unsigned int status;
	size_t header_count;
	size_t body_size;
	uint64_t body_sum; /* order matters */
};

static void read_piece(struct http_response_reader *reader, struct outcome *outcome, const char *bytes,
		       size_t size)
{
	struct rw_error err;

	do {
		const char *piece = NULL;
		size_t piece_size = 0;

		outcome->result = http_response_read(reader, &bytes, &size, &piece, &piece_size, &err);
		if (outcome->result != HTTP_RESPONSE_BODY)
			continue;
		assert(piece_size > 0);
		for (size_t i = 0; i < piece_size; i++)
			outcome->body_sum = outcome->body_sum * 31 + (uint8_t)piece[i];
		outcome->body_size += piece_size;
	} while (outcome->result == HTTP_RESPONSE_BODY || outcome->result == HTTP_RESPONSE_HEAD);
}

static struct outcome read_all(const char *bytes, size_t size, size_t step)
{
	RW_CLEANUP(http_response_reader_done) struct http_response_reader reader;
	struct outcome outcome = {.result = HTTP_RESPONSE_MORE};

	http_response_reader_init(&reader, false);
	for (size_t offset = 0; offset < size && outcome.result == HTTP_RESPONSE_MORE; offset += step)
		read_piece(&reader, &outcome, bytes + offset, size - offset < step ? size - offset : step);
	if (outcome.result == HTTP_RESPONSE_MORE) {
		struct rw_error err;

		outcome.result = http_response_read_end(&reader, &err);
	}
	outcome.status = reader.status;
	outcome.header_count = reader.header_count;
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct outcome whole;
	struct outcome cut;

	if (size < 1)
		return 0;
	whole = read_all((const char *)bytes + 1, size - 1, size);
	cut = read_all((const char *)bytes + 1, size - 1, (size_t)bytes[0] + 1);
	assert(whole.result == cut.result);
	assert(whole.status == cut.status);
	assert(whole.header_count == cut.header_count);
	assert(whole.body_size == cut.body_size && whole.body_sum == cut.body_sum);
	return 0;
}
