/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The agent stream, saved policies, reports and joining from any bytes.  Digest and check hardly ever fit by
 * chance, so what counts here is that every line is refused or taken without harm.  What deltas and questions say is
 * applied to the policy before them, as the agent does.
 */

#include <assert.h>
#include <string.h>

#include "wire/join.h"
#include "wire/report.h"
#include "wire/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Whose digest differs is applied all the same: the agent finds that out behind. */
static void take(const struct rw_frame *frame, struct rw_policy **held)
{
	struct rw_policy *result = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (frame->kind == RW_FRAME_SNAPSHOT)
		result = rw_policy_ref(frame->policy);
	else if (!frame->delta || !*held)
		return;
	else if (rw_policy_apply_delta(*held, frame->delta, &result, &err) < 0)
		assert(err.text[0] && !result);
	if (!result || frame->kind == RW_FRAME_QUESTION) {
		if (result)
			(void)rw_policy_unref(result);
		return;
	}
	if (*held)
		(void)rw_policy_unref(*held);
	*held = result;
}

static void read_stream(const char *text, size_t size)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *held = NULL;
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		struct rw_error err = RW_ERROR_NONE;
		struct rw_frame frame = {0};
		int r = rw_stream_reader_line(reader, text, length, &frame, &err);

		assert(r >= 0 || err.text[0]);
		if (r == RW_STREAM_FRAME) {
			take(&frame, &held);
			rw_frame_done(&frame);
		}
		text += length + (end ? 1 : 0);
		size -= length + (end ? 1 : 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	struct rw_join_request request;
	struct rw_policy *policy = NULL;
	struct rw_join_answer answer;
	struct rw_position position;
	struct rw_report_answer report_answer;
	struct rw_renew_request renew_request;
	struct rw_renew_answer renew_answer;
	struct rw_report report;

	read_stream(text, size);
	if (rw_policy_file_decode(text, size, &position, &policy, NULL) == 0)
		(void)rw_policy_unref(policy);
	if (rw_report_decode(text, size, &report, NULL) == 0)
		rw_report_done(&report);
	if (rw_join_request_decode(text, size, &request, NULL) == 0)
		rw_join_request_done(&request);
	if (rw_join_answer_decode(text, size, &answer, NULL) == 0)
		rw_join_answer_done(&answer);
	if (rw_renew_request_decode(text, size, &renew_request, NULL) == 0)
		rw_renew_request_done(&renew_request);
	if (rw_renew_answer_decode(text, size, &renew_answer, NULL) == 0)
		rw_renew_answer_done(&renew_answer);
	if (rw_report_answer_decode(text, size, &report_answer, NULL) == 0 && report_answer.reports == 0)
		abort();
	return 0;
}
