/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out at the first, second, third ... allocation of ours: every reader then says -ENOMEM and
 * leaves nothing behind (the address sanitizer's build looks for leaks), or succeeds.
 */

#include "test.h"

#include <string.h>

#include "base/file.h"
#include "oom.h"
#include "policies.h"
#include "wire/apply_file.h"
#include "wire/evaluate.h"
#include "wire/model_file.h"
#include "wire/report.h"
#include "wire/stream.h"

struct decoding {
	int (*decode)(const struct rw_buf *text, struct rw_error *err);
	const struct rw_buf *text;
};

static int decode(void *userdata, struct rw_error *err)
{
	const struct decoding *decoding = userdata;

	return decoding->decode(decoding->text, err);
}

static void fail_every_allocation(int (*work)(const struct rw_buf *text, struct rw_error *err),
				  const struct rw_buf *text)
{
	struct decoding decoding = {work, text};

	oom_each(&(struct oom_work){.run = decode, .userdata = &decoding, .least = 4});
}

static int decode_model(const struct rw_buf *text, struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;

	return rw_model_file_decode(text->data, text->size, &model, err);
}

static void model_files_survive_it(void **state)
{
	static const char file[] =
		"{\"version\":1,\"networks\":[{\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/"
		"8\"]}],"
		"\"clusters\":[{\"name\":\"demo\",\"network\":\"main\",\"security_group\":\"demo\"}],"
		"\"nodes\":[{\"name\":\"n1\",\"cluster\":\"demo\",\"interfaces\":[{\"name\":\"eth0\","
		"\"addresses\":[\"10.0.0.1\"]}]}],"
		"\"security_groups\":[{\"name\":\"demo\",\"network\":\"main\",\"rules\":[{\"direction\":"
		"\"ingress\","
		"\"policy\":\"accept\",\"protocol\":\"icmp\",\"object\":{\"cidr\":\"0.0.0.0/0\"}}]}],"
		"\"prefix_lists\":[{\"name\":\"l\",\"family\":4,\"cidrs\":[\"192.0.2.0/24\"]}],"
		"\"load_balancers\":[{\"name\":\"lb\",\"cluster\":\"demo\",\"sources\":{\"cidrs\":[\"100.64."
		"0.0/10\"]},"
		"\"listeners\":[{\"protocol\":\"tcp\",\"port\":80,\"backend_port\":80}]}],"
		"\"promises\":[{\"network\":\"main\",\"policy\":\"deny\",\"from\":{\"cidr\":\"0.0.0.0/0\"},"
		"\"to\":{\"group\":\"demo\"},\"protocol\":\"all\"}]}";
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	(void)state;
	rw_buf_init(&text, 4096);
	assert_int_equal(rw_buf_append_text(&text, file), 0);
	fail_every_allocation(decode_model, &text);
}

static int decode_stream(const struct rw_buf *text, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;

	return rw_policy_file_decode(text->data, text->size, &position, &policy, err);
}

static void snapshots_survive_it(void **state)
{
	static const struct rw_position position = {"a", 1};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(3, 3, 10);
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	(void)state;
	rw_buf_init(&text, 1 << 20);
	assert_int_equal(rw_stream_encode_snapshot(&text, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_KEEP, NULL),
			 0);
	fail_every_allocation(decode_stream, &text);
}

static int drop_piece(void *context, const char *bytes, size_t size, struct rw_error *err)
{
	(void)context;
	(void)bytes;
	(void)size;
	(void)err;
	return 0;
}

static int write_in_pieces(void *userdata, struct rw_error *err)
{
	static const struct rw_position position = {"6f00000000000000", 17};

	return rw_stream_write_snapshot(drop_piece, NULL, &position, userdata, err);
}

static void snapshots_in_pieces_survive_it(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(3, 300, 2000);

	(void)state;
	oom_each(&(struct oom_work){.run = write_in_pieces, .userdata = policy, .least = 4});
}

static int decode_frames(const struct rw_buf *text, struct rw_error *err)
{
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	const char *at = text->data;
	int r = 0;

	if (!reader)
		return rw_error_oom(err);
	while (*at && r == 0) {
		size_t length = strcspn(at, "\n");

		r = rw_stream_reader_line(reader, at, length, &frame, err);
		at += length + 1;
	}
	return r == RW_STREAM_FRAME ? 0 : r;
}

static void deltas_survive_it(void **state)
{
	static const struct rw_position position = {"a", 2};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *old = policy_make(1, 3, 10);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *new = policy_make(2, 4, 15);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	(void)state;
	rw_buf_init(&text, 1 << 20);
	assert_int_equal(rw_policy_diff(old, new, &delta, NULL), 0);
	assert_int_equal(rw_stream_encode_delta(&text, RW_STREAM_VERSION, &position, 1, new, delta,
						RW_ESTABLISHED_CUT_KEPT, NULL),
			 0);
	fail_every_allocation(decode_frames, &text);
}

/* What a question is made of, too. */
struct question {
	struct rw_policy *old, *new;
	struct rw_buf text;
};

static int encode_question(void *userdata, struct rw_error *err)
{
	static const struct rw_position position = {"a", 1};
	struct question *question = userdata;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	int r = rw_policy_diff(question->old, question->new, &delta, err);

	rw_buf_done(&question->text);
	rw_buf_init(&question->text, 1 << 20);
	return r < 0 ? r
		     : rw_stream_encode_question(&question->text, RW_STREAM_VERSION, &position, 7,
						 question->new, delta, err);
}

static void questions_survive_it(void **state)
{
	struct question question = {.old = policy_make(1, 3, 10), .new = policy_make(2, 4, 15)};

	(void)state;
	rw_buf_init(&question.text, 1 << 20);
	oom_each(&(struct oom_work){.run = encode_question, .userdata = &question, .least = 4});
	fail_every_allocation(decode_frames, &question.text);
	rw_buf_done(&question.text);
	(void)rw_policy_unref(question.old);
	(void)rw_policy_unref(question.new);
}

static int decode_report(const struct rw_buf *text, struct rw_error *err)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;

	rw_report_init(&report);
	return rw_report_decode(text->data, text->size, &report, err);
}

static void reports_survive_it(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	(void)state;
	rw_buf_init(&text, 4096);
	assert_int_equal(
		rw_buf_append_text(
			&text,
			"{\"version\":1,\"applied\":{\"incarnation\":\"\",\"revision\":\"0\"},"
			"\"state\":\"ok\",\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.1\"]}],"
			"\"ssh_ports\":[22],\"hits\":[{\"rule\":\"sgr-1\",\"packets\":\"1\"}],"
			"\"judgements\":[{\"question\":\"7\",\"flows\":\"2\",\"kept\":\"1\",\"examples\":["
			"{\"interface\":\"eth0\",\"direction\":\"ingress\",\"protocol\":\"tcp\","
			"\"class\":\"established\",\"local\":\"10.0.0.1\",\"local_port\":22,"
			"\"remote\":\"10.0.0.9\",\"remote_port\":4000,\"cause\":\"sgr-1\"}]},"
			"{\"question\":\"8\",\"failure\":\"out of memory\"}]}"),
		0);
	fail_every_allocation(decode_report, &text);
}

static int decode_apply(const struct rw_buf *text, struct rw_error *err)
{
	RW_CLEANUP(rw_apply_file_done) struct rw_apply_file file = {0};

	return rw_apply_file_decode(text->data, text->size, NULL, NULL, &file, err);
}

static void small_rule_files_survive_it(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	(void)state;
	rw_buf_init(&text, 4096);
	assert_int_equal(
		rw_buf_append_text(&text, "{\"cluster\":\"demo\",\"rules\":[\"allow tcp 80,443 from any\"]}"),
		0);
	fail_every_allocation(decode_apply, &text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots_in_pieces_survive_it), cmocka_unit_test(model_files_survive_it),
		cmocka_unit_test(snapshots_survive_it),           cmocka_unit_test(deltas_survive_it),
		cmocka_unit_test(questions_survive_it),           cmocka_unit_test(reports_survive_it),
		cmocka_unit_test(small_rule_files_survive_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
