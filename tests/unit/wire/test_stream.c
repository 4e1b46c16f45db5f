/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "policies.h"
#include "wire/stream.h"

static const struct rw_position position = {"6f00000000000000", 17};

/* Feeds 'text' line by line; the result of the last line. */
static int feed(struct rw_stream_reader *reader, const char *text, size_t size, struct rw_frame *ret_frame,
		struct rw_error *err)
{
	int r = 0;

	while (size > 0 && r == 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		r = rw_stream_reader_line(reader, text, length, ret_frame, err);
		text += length + (end ? 1 : 0);
		size -= length + (end ? 1 : 0);
	}
	return r;
}

static bool same_digest(const struct rw_policy *a, const struct rw_policy *b)
{
	struct rw_policy_digest one = rw_policy_digest(a);
	struct rw_policy_digest two = rw_policy_digest(b);

	return memcmp(&one, &two, sizeof(one)) == 0;
}

static void carries_random_policies_unchanged(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 50; seed++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(seed, seed * 7, seed * 40);
		RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
		RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;
		RW_CLEANUP(rw_buf_done) struct rw_buf again;
		struct rw_error err = RW_ERROR_NONE;

		rw_buf_init(&buf, 1 << 24);
		rw_buf_init(&again, 1 << 24);
		assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
							   RW_ESTABLISHED_CUT, &err),
				 0);
		if (feed(reader, buf.data, buf.size, &frame, &err) != RW_STREAM_FRAME)
			fail_msg("seed %u: %s: %s", seed, err.field, err.text);
		assert_int_equal(frame.kind, RW_FRAME_SNAPSHOT);
		assert_string_equal(frame.position.incarnation, position.incarnation);
		assert_int_equal(frame.position.revision, 17);
		assert_true(same_digest(policy, frame.policy));
		assert_string_equal(frame.policy->node_name, policy->node_name);
		assert_int_equal(rw_stream_encode_snapshot(&again, RW_STREAM_VERSION, &position, frame.policy,
							   RW_ESTABLISHED_CUT, &err),
				 0);
		assert_string_equal(again.data, buf.data);
		assert_false(rw_stream_reader_in_frame(reader));
	}
}

static int take_piece(void *context, const char *bytes, size_t size, struct rw_error *err)
{
	struct rw_buf *buf = context;

	assert_true(size > 0 && size < RW_STREAM_PIECE + RW_STREAM_LINE_MAX);
	assert_int_equal(bytes[size - 1], '\n');
	return rw_buf_append(buf, bytes, size) < 0 ? rw_error_set(err, -ENOSPC, "full after %zu", buf->size)
						   : 0;
}

static void writes_the_same_in_pieces(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 10; seed++) {
		RW_CLEANUP(rw_policy_unref)
		struct rw_policy *policy = policy_make(seed, seed * 70, seed * 900);
		RW_CLEANUP(rw_buf_done) struct rw_buf whole;
		RW_CLEANUP(rw_buf_done) struct rw_buf pieces;

		rw_buf_init(&whole, 1 << 24);
		rw_buf_init(&pieces, 1 << 24);
		assert_int_equal(rw_stream_encode_snapshot(&whole, RW_STREAM_VERSION, &position, policy,
							   RW_ESTABLISHED_CUT, NULL),
				 0);
		assert_int_equal(rw_stream_write_snapshot(take_piece, &pieces, &position, policy, NULL), 0);
		assert_string_equal(pieces.data, whole.data);
	}
}

/* Wherever it is: what the sink says is what is said, and it is not asked again. */
static void stops_where_the_sink_fails(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(1, 700, 9000);
	RW_CLEANUP(rw_buf_done) struct rw_buf whole;

	(void)state;
	rw_buf_init(&whole, 1 << 24);
	assert_int_equal(rw_stream_write_snapshot(take_piece, &whole, &position, policy, NULL), 0);
	assert_true(whole.size > 4 * RW_STREAM_PIECE);
	for (size_t room = 0; room < whole.size; room += RW_STREAM_PIECE) {
		RW_CLEANUP(rw_buf_done) struct rw_buf pieces;
		struct rw_error err = RW_ERROR_NONE;
		char expected[64];

		rw_buf_init(&pieces, room);
		assert_int_equal(rw_stream_write_snapshot(take_piece, &pieces, &position, policy, &err),
				 -ENOSPC);
		(void)snprintf(expected, sizeof(expected), "full after %zu", pieces.size);
		assert_string_equal(err.text, expected);
		assert_memory_equal(pieces.data, whole.data, pieces.size);
	}
}

static void carries_the_difference_of_any_two_policies(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 50; seed++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *old = policy_make(seed, seed * 3, 600 + seed);
		RW_CLEANUP(rw_policy_unref)
		struct rw_policy *new = policy_make(seed + (seed % 3), seed * 4, 600 + seed * 30);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *result = NULL;
		RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
		RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
		RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;
		struct rw_policy_digest digest = rw_policy_digest(new);
		struct rw_error err = RW_ERROR_NONE;

		rw_buf_init(&buf, 1 << 24);
		assert_int_equal(rw_policy_diff(old, new, &delta, &err), 0);
		assert_int_equal(rw_stream_encode_delta(&buf, RW_STREAM_VERSION, &position, 16, new, delta,
							RW_ESTABLISHED_CUT, &err),
				 0);
		if (feed(reader, buf.data, buf.size, &frame, &err) != RW_STREAM_FRAME)
			fail_msg("seed %u: %s: %s", seed, err.field, err.text);
		assert_int_equal(frame.kind, RW_FRAME_DELTA);
		assert_int_equal(frame.from, 16);
		assert_int_equal(frame.position.revision, 17);
		assert_memory_equal(&frame.digest, &digest, sizeof(digest));
		if (rw_policy_apply_delta(old, frame.delta, &result, &err) < 0)
			fail_msg("seed %u: %s", seed, err.text);
		assert_true(same_digest(new, result));
	}
}

/* Agents and controllers of the version before, and what they saved. */
static void speaks_the_version_before_too(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *old = policy_make(1, 5, 50);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *new = policy_make(2, 5, 60);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *loaded = NULL;
	struct rw_policy_digest first = rw_policy_digest_as(new, 1), second = rw_policy_digest(new);
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_position where;

	(void)state;
	rw_buf_init(&buf, 1 << 24);
	assert_memory_not_equal(&first, &second, sizeof(first));
	assert_int_equal(rw_stream_encode_snapshot(&buf, 1, &position, new, RW_ESTABLISHED_CUT, NULL), 0);
	assert_non_null(strstr(buf.data, "\"version\":1,"));
	assert_int_equal(rw_policy_file_decode(buf.data, buf.size, &where, &loaded, NULL), 0);
	assert_true(same_digest(new, loaded));
	rw_buf_clear(&buf);
	assert_int_equal(rw_policy_diff(old, new, &delta, NULL), 0);
	assert_int_equal(rw_stream_encode_delta(&buf, 1, &position, 16, new, delta, RW_ESTABLISHED_CUT, NULL),
			 0);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_int_equal(frame.version, 1);
	assert_memory_equal(&frame.digest, &first, sizeof(first));
}

static void carries_what_a_change_says_of_live_flows(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(1, 5, 50);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	static const enum rw_established said[] = {RW_ESTABLISHED_CUT, RW_ESTABLISHED_KEEP,
						   RW_ESTABLISHED_CUT_KEPT};

	(void)state;
	assert_int_equal(rw_policy_diff(policy, policy, &delta, NULL), 0);
	for (size_t i = 0; i < 6; i++) {
		RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
		RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;

		rw_buf_init(&buf, 1 << 24);
		if (i < 3)
			assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
								   said[i], NULL),
					 0);
		else
			assert_int_equal(rw_stream_encode_delta(&buf, RW_STREAM_VERSION, &position, 16,
								policy, delta, said[i - 3], NULL),
					 0);
		assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
		assert_int_equal(frame.established, said[i % 3]);
	}
}

static void carries_a_question(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *old = policy_make(1, 5, 50);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *new = policy_make(1, 6, 70);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *result = NULL;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_policy_digest digest = rw_policy_digest(new);

	(void)state;
	rw_buf_init(&buf, 1 << 24);
	assert_int_equal(rw_policy_diff(old, new, &delta, NULL), 0);
	assert_int_equal(rw_stream_encode_question(&buf, RW_STREAM_VERSION, &position, 5, new, delta, NULL),
			 0);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_int_equal(frame.kind, RW_FRAME_QUESTION);
	assert_int_equal(frame.question, 5);
	assert_int_equal(frame.from, 17);
	assert_string_equal(frame.position.incarnation, position.incarnation);
	assert_memory_equal(&frame.digest, &digest, sizeof(digest));
	assert_int_equal(rw_policy_apply_delta(old, frame.delta, &result, NULL), 0);
	assert_true(same_digest(new, result));
}

/* Every kind of change, with more elements than one line takes. */
static void carries_every_kind_of_change(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *old = policy_make(1, 300, 3000);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_policy_change *change;
	size_t rules = 0;
	size_t ids = 0;
	size_t prefixes = 0;

	(void)state;
	rw_buf_init(&buf, 1 << 24);
	change = rw_policy_delta_add(delta, RW_POLICY_PUT_GROUP);
	change->group = rw_policy_group_ref(old->groups[1]);
	change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_GROUP);
	strcpy(change->id, "sg-gone");
	change = rw_policy_delta_add(delta, RW_POLICY_PUT_RULES);
	strcpy(change->id, "sg-00000001");
	change->rule_count = 300;
	change->rules = calloc(300, sizeof(struct rw_rule *));
	for (size_t i = 0; i < 300; i++)
		change->rules[i] = rw_rule_ref(old->groups[1]->rules[i]);
	change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_RULES);
	strcpy(change->id, "sg-00000001");
	change->rule_id_count = 1000;
	change->rule_ids = calloc(1000, RW_ID_SIZE);
	for (int i = 0; i < 1000; i++)
		snprintf(change->rule_ids[i], RW_ID_SIZE, "sgr-%d", i);
	change = rw_policy_delta_add(delta, RW_POLICY_PUT_SET);
	change->set = rw_address_set_ref(old->sets[2]);
	change = rw_policy_delta_add(delta, RW_POLICY_PUT_SET);
	change->set = rw_address_set_ref(old->sets[1]);
	change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_SET);
	strcpy(change->id, "pl-gone");
	for (int i = 0; i < 2; i++) {
		change = rw_policy_delta_add(delta, i ? RW_POLICY_REMOVE_MEMBERS : RW_POLICY_ADD_MEMBERS);
		strcpy(change->id, "sg-00000001");
		change->prefix_count = 3000;
		change->prefixes = calloc(3000, sizeof(struct rw_prefix));
		memcpy(change->prefixes, old->sets[2]->prefixes, 3000 * sizeof(struct rw_prefix));
	}
	assert_int_equal(rw_stream_encode_delta(&buf, RW_STREAM_VERSION, &position, 1, old, delta,
						RW_ESTABLISHED_CUT, NULL),
			 0);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_int_equal(frame.delta->changes[0].kind, RW_POLICY_PUT_GROUP);
	assert_int_equal(frame.delta->changes[0].group->rule_count, 300);
	assert_int_equal(frame.delta->changes[1].kind, RW_POLICY_REMOVE_GROUP);
	assert_string_equal(frame.delta->changes[1].id, "sg-gone");
	for (size_t i = 2; i < frame.delta->count; i++) {
		change = &frame.delta->changes[i];
		rules += change->rule_count;
		ids += change->rule_id_count;
		prefixes += change->prefix_count;
		if (change->kind == RW_POLICY_PUT_SET)
			assert_int_equal(change->set->count,
					 strcmp(change->set->id, "sg-00000001") == 0 ? 3000 : 0);
	}
	assert_int_equal(rules, 300);
	assert_int_equal(ids, 1000);
	assert_int_equal(prefixes, 6000);
}

static void carries_the_short_frames(void **state)
{
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_frame frame = {0};

	(void)state;
	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_stream_encode_bookmark(&buf, &position, NULL), 0);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_int_equal(frame.kind, RW_FRAME_BOOKMARK);
	assert_int_equal(frame.position.revision, 17);
	rw_buf_clear(&buf);
	assert_int_equal(rw_stream_encode_detach(&buf, "node deleted", NULL), 0);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_int_equal(frame.kind, RW_FRAME_DETACH);
	assert_string_equal(frame.reason, "node deleted");
	rw_buf_clear(&buf);
	assert_int_equal(rw_stream_encode_refused(&buf, "busy \xff", 5000, NULL), 0);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_int_equal(frame.kind, RW_FRAME_REFUSED);
	assert_string_equal(frame.reason, "busy ?");
	assert_int_equal(frame.retry_ms, 5000);
	assert_int_equal(rw_stream_reader_line(reader, "", 0, &frame, NULL), 0);
}

static void agrees_on_a_version_or_names_both_ranges(void **state)
{
	static const char *const bad[] = {"", "x", "0", "1-", "2-1", "1-2-3", "1 ", "-1", "99999999", "1-0"};
	struct rw_error err = RW_ERROR_NONE;
	char own[RW_STREAM_VERSIONS_SIZE];
	uint32_t version = 0;

	(void)state;
	/* An agent that does not say so reads version 1. */
	assert_int_equal(rw_stream_versions_agree(NULL, &version, NULL), 0);
	assert_int_equal(version, 1);
	rw_stream_versions_format(own);
	assert_int_equal(rw_stream_versions_agree(own, &version, NULL), 0);
	assert_int_equal(version, RW_STREAM_VERSION);
	assert_int_equal(rw_stream_versions_agree("1-7", &version, NULL), 0);
	assert_int_equal(version, RW_STREAM_VERSION);
	assert_int_equal(rw_stream_versions_agree("6-7", &version, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "6 to 7"));
	assert_non_null(strstr(err.text, "1 to 2"));
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		if (rw_stream_versions_agree(bad[i], &version, NULL) != -EINVAL)
			fail_msg("accepted \"%s\"", bad[i]);
}

static void refuses_a_newer_version_and_names_both(void **state)
{
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	static const char line[] = "{\"frame\":\"novelty\",\"version\":3}";
	struct rw_error err = RW_ERROR_NONE;
	struct rw_frame frame;

	(void)state;
	assert_int_equal(rw_stream_reader_line(reader, line, strlen(line), &frame, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "version 3"));
	assert_non_null(strstr(err.text, "newer than 2"));
}

#define HEAD                                                                                                 \
	"{\"frame\":\"snapshot\",\"version\":1,\"incarnation\":\"a\",\"revision\":\"1\","                    \
	"\"digest\":\"00000000000000000000000000000000\"}\n"
#define NODE_WITH(more)                                                                                      \
	HEAD "{\"node\":{\"id\":\"n\",\"name\":\"n\",\"network_kind\":\"vpc\",\"enforcement\":\"enforce\","  \
	     "\"container_network\":\"overlay\"" more "}}\n"
#define NODE  NODE_WITH(",\"interfaces\":[]")
#define GROUP "{\"group\":{\"id\":\"sg-1\",\"kind\":\"basic\",\"inner_access\":\"drop\"}}\n"
#define RULE(id)                                                                                             \
	"{\"id\":\"" id "\",\"direction\":\"ingress\",\"policy\":\"drop\",\"protocol\":\"all\","             \
	"\"object\":{\"cidr\":\"::/0\"}}"
#define DELTA                                                                                                \
	"{\"frame\":\"delta\",\"version\":1,\"incarnation\":\"a\",\"from\":\"1\",\"to\":\"2\","              \
	"\"digest\":\"00000000000000000000000000000000\"}\n"

static void refuses_lines_that_are_wrong_or_out_of_place(void **state)
{
	static const struct {
		const char *text;
		const char *field;
	} cases[] = {
		{"nonsense", ""},
		{"[]", ""},
		{"{}", "version"},
		{"{\"version\":1}", "frame"},
		{"{\"version\":1,\"frame\":\"other\"}", "frame"},
		{"{\"version\":1,\"frame\":\"snapshot\"}", "incarnation"},
		{"{\"version\":1,\"frame\":\"bookmark\",\"incarnation\":\"\",\"revision\":\"1\"}",
		 "incarnation"},
		{"{\"version\":1,\"frame\":\"bookmark\",\"incarnation\":\"a\",\"revision\":1}", "revision"},
		{"{\"version\":1,\"frame\":\"bookmark\",\"incarnation\":\"a\",\"revision\":\"1\",\"x\":1}",
		 "x"},
		{"{\"version\":1,\"frame\":\"detach\"}", "reason"},
		{"{\"version\":1,\"frame\":\"refused\",\"reason\":\"\",\"retry_ms\":-1}", "retry_ms"},
		{"{\"version\":1,\"frame\":\"snapshot\",\"incarnation\":\"a\",\"revision\":\"1\",\"digest\":"
		 "\"00\"}",
		 "digest"},
		{"{\"group\":{}}", "version"},
		{HEAD HEAD, ""},
		{HEAD "{}", ""},
		{HEAD "{\"end\":{}}", "end.check"},
		{HEAD "{\"end\":{\"check\":\"0000000000000000\"}}", "end.check"},
		{HEAD "{\"other\":1}", "other"},
		{HEAD "{\"rules\":[]}", "rules"},
		{HEAD "{\"put_rules\":{}}", "put_rules"},
		{NODE NODE, ""},
		{NODE "{\"node\":{}}", "node"},
		{NODE_WITH("") "", "node.interfaces"},
		{NODE_WITH(",\"interfaces\":[{}]"), "node.interfaces[0].name"},
		{NODE_WITH(",\"interfaces\":[{\"name\":\"b\",\"nic_type\":\"intranet\",\"groups\":[]},"
			   "{\"name\":\"a\",\"nic_type\":\"intranet\",\"groups\":[]}]"),
		 "node.interfaces[1]"},
		{NODE_WITH(",\"interfaces\":[{\"name\":\"b\",\"nic_type\":\"intranet\",\"groups\":[-1]}]"),
		 "node.interfaces[0].groups[0]"},
		{NODE_WITH(",\"interfaces\":[],\"ssh_ports\":[0]"), "node.ssh_ports[0]"},
		{NODE_WITH(",\"interfaces\":[],\"network_cidrs\":\"10.0.0.0/8  ::/0\""),
		 "node.network_cidrs"},
		{NODE_WITH(",\"interfaces\":[],\"own_addresses\":[\"::/0\"]"), "node.own_addresses[0]"},
		{NODE_WITH(",\"interfaces\":[],\"controllers\":[{\"address\":\"::1\"}]"),
		 "node.controllers[0].port"},
		{NODE "{\"group\":{\"id\":\"sg-1\"}}", "group.kind"},
		{NODE GROUP GROUP, "group"},
		{NODE GROUP "{\"rules\":[" RULE("") "]}", "rules[0].id"},
		{NODE GROUP "{\"rules\":[" RULE("b") "," RULE("a") "]}", "rules[1]"},
		{NODE GROUP "{\"rules\":[" RULE("b") "]}\n{\"rules\":[" RULE("b") "]}", "rules[0]"},
		{NODE "{\"set\":{\"id\":\"b\",\"prefixes\":\"x\"}}", "set.prefixes"},
		{NODE
		 "{\"set\":{\"id\":\"b\",\"prefixes\":\"\"}}\n{\"set\":{\"id\":\"a\",\"prefixes\":\"\"}}",
		 "set"},
		{NODE "{\"set\":{\"id\":\"b\",\"prefixes\":\"\"}}\n{\"rules\":[]}", "rules"},
		{NODE "{\"set\":{\"prefixes\":\"\"}}", "set.id"},
		{DELTA "{\"rules\":[]}", "rules"},
		{DELTA "{\"put_rules\":{\"group\":\"g\"}}", "put_rules.rules"},
		{DELTA "{\"put_rules\":{\"group\":\"g\",\"rules\":[" RULE("b") "," RULE("b") "]}}",
		 "put_rules"},
		{DELTA "{\"remove_rules\":{\"group\":\"g\",\"ids\":\"a\"}}", "remove_rules.ids"},
		{DELTA "{\"remove_group\":{\"id\":\"\"}}", "remove_group.id"},
		{DELTA "{\"add_members\":{\"id\":\"g\",\"prefixes\":\"1.2.3.4/33\"}}",
		 "add_members.prefixes"},
		{DELTA "{\"remove_set\":\"a\"}", "remove_set"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
		struct rw_error err = RW_ERROR_NONE;
		struct rw_frame frame;

		if (feed(reader, cases[i].text, strlen(cases[i].text), &frame, &err) != -EINVAL)
			fail_msg("accepted %s", cases[i].text);
		if (strcmp(err.field, cases[i].field) != 0)
			fail_msg("%s: \"%s\": %s", cases[i].text, err.field, err.text);
		assert_false(rw_stream_reader_in_frame(reader));
	}
}

static void goes_on_with_a_new_frame_after_a_broken_one(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(3, 100, 1000);
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 1 << 24);
	assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_CUT, NULL),
			 0);
	/* Cut in the middle, at the end of a line; then the same again from the beginning. */
	assert_int_equal(
		feed(reader, buf.data, (size_t)(strstr(buf.data, "{\"set\"") - buf.data), &frame, NULL), 0);
	assert_true(rw_stream_reader_in_frame(reader));
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), -EINVAL);
	assert_int_equal(feed(reader, buf.data, buf.size, &frame, NULL), RW_STREAM_FRAME);
	assert_true(same_digest(policy, frame.policy));
}

static void refuses_saved_policies_that_are_cut_or_damaged_anywhere(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(4, 10, 30);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *loaded = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_position where;
	struct rw_error err;

	(void)state;
	rw_buf_init(&buf, 1 << 24);
	assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_CUT, NULL),
			 0);
	assert_int_equal(rw_policy_file_decode(buf.data, buf.size, &where, &loaded, NULL), 0);
	assert_true(same_digest(policy, loaded));
	assert_int_equal(where.revision, 17);
	loaded = rw_policy_unref(loaded);
	/* The last line end says nothing and may be missing. */
	for (size_t size = 0; size < buf.size - 1; size += 7)
		assert_int_equal(rw_policy_file_decode(buf.data, size, &where, &loaded, &err), -EINVAL);
	for (size_t i = 0; i < buf.size - 1; i += 3) {
		char original = buf.data[i];

		buf.data[i] = original == '1' ? '2' : '1';
		if (rw_policy_file_decode(buf.data, buf.size, &where, &loaded, &err) == 0)
			fail_msg("accepted with byte %zu changed", i);
		buf.data[i] = original;
	}
	assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_CUT, NULL),
			 0);
	assert_int_equal(rw_policy_file_decode(buf.data, buf.size, &where, &loaded, &err), -EINVAL);
}

static void reads_back_digests(void **state)
{
	static const struct rw_policy_digest digest = {{0x0123456789abcdef, UINT64_MAX - 1}};
	struct rw_policy_digest parsed = {{0, 0}};
	char text[RW_DIGEST_TEXT_SIZE];

	(void)state;
	rw_policy_digest_format(&digest, text);
	assert_string_equal(text, "0123456789abcdeffffffffffffffffe");
	assert_true(rw_policy_digest_parse(text, &parsed));
	assert_memory_equal(&parsed, &digest, sizeof(digest));
	text[0] = 'G';
	assert_false(rw_policy_digest_parse(text, &parsed));
	assert_false(rw_policy_digest_parse("", &parsed));
}

static void gives_up_when_the_buffer_is_full(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = policy_make(5, 100, 1000);
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 5000);
	assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_CUT, NULL),
			 -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_random_policies_unchanged),
		cmocka_unit_test(writes_the_same_in_pieces),
		cmocka_unit_test(stops_where_the_sink_fails),
		cmocka_unit_test(carries_the_difference_of_any_two_policies),
		cmocka_unit_test(speaks_the_version_before_too),
		cmocka_unit_test(carries_what_a_change_says_of_live_flows),
		cmocka_unit_test(carries_a_question),
		cmocka_unit_test(carries_every_kind_of_change),
		cmocka_unit_test(carries_the_short_frames),
		cmocka_unit_test(refuses_a_newer_version_and_names_both),
		cmocka_unit_test(agrees_on_a_version_or_names_both_ranges),
		cmocka_unit_test(refuses_lines_that_are_wrong_or_out_of_place),
		cmocka_unit_test(goes_on_with_a_new_frame_after_a_broken_one),
		cmocka_unit_test(refuses_saved_policies_that_are_cut_or_damaged_anywhere),
		cmocka_unit_test(reads_back_digests),
		cmocka_unit_test(gives_up_when_the_buffer_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
