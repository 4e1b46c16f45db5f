/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "wire/delta_lines.h"
#include "wire/lines.h"
#include "wire/object.h"

static const struct rw_word frame_words[] = {
	{"snapshot", RW_FRAME_SNAPSHOT},
	{"delta", RW_FRAME_DELTA},
	{"question", RW_FRAME_QUESTION},
	{"bookmark", RW_FRAME_BOOKMARK},
	{"detach", RW_FRAME_DETACH},
	{"refused", RW_FRAME_REFUSED},
	{NULL, 0},
};

void rw_policy_digest_format(const struct rw_policy_digest *digest, char text[RW_DIGEST_TEXT_SIZE])
{
	(void)snprintf(text, RW_DIGEST_TEXT_SIZE, "%016" PRIx64 "%016" PRIx64, digest->words[0],
		       digest->words[1]);
}

/* Reads exactly 16 lower-case hex digits. */
static bool parse_hex_word(const char *text, uint64_t *ret_word)
{
	uint64_t word = 0;

	for (int i = 0; i < 16; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			word = word << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			word = word << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret_word = word;
	return true;
}

bool rw_policy_digest_parse(const char *text, struct rw_policy_digest *ret_digest)
{
	struct rw_policy_digest digest;

	if (strlen(text) != RW_DIGEST_TEXT_SIZE - 1 || !parse_hex_word(text, &digest.words[0]) ||
	    !parse_hex_word(text + 16, &digest.words[1]))
		return false;
	*ret_digest = digest;
	return true;
}

void rw_frame_done(struct rw_frame *frame)
{
	frame->policy = rw_policy_unref(frame->policy);
	frame->delta = rw_policy_delta_free(frame->delta);
}

/* ---- versions ---- */

void rw_stream_versions_format(char text[RW_STREAM_VERSIONS_SIZE])
{
	(void)snprintf(text, RW_STREAM_VERSIONS_SIZE, "%d-%d", RW_STREAM_VERSION_OLDEST, RW_STREAM_VERSION);
}

/* Reads a version and moves *at behind it. */
static bool take_version(const char **at, uint32_t *ret_version)
{
	uint32_t version = 0;
	const char *digit = *at;

	while (*digit >= '0' && *digit <= '9' && digit - *at < 6)
		version = version * 10 + (uint32_t)(*digit++ - '0');
	if (digit == *at || version == 0)
		return false;
	*at = digit;
	*ret_version = version;
	return true;
}

int rw_stream_versions_agree(const char *text, uint32_t *ret_version, struct rw_error *err)
{
	const char *at = text ? text : "1";
	uint32_t oldest;
	uint32_t newest;

	if (!take_version(&at, &oldest))
		return rw_error_field(err, RW_STREAM_VERSIONS_HEADER, "'%.40s' is no range as 1-2", text);
	newest = oldest;
	if (*at == '-') {
		at++;
		if (!take_version(&at, &newest))
			newest = 0;
	}
	if (*at || newest < oldest)
		return rw_error_field(err, RW_STREAM_VERSIONS_HEADER, "'%.40s' is no range as 1-2", text);
	if (oldest > RW_STREAM_VERSION || newest < RW_STREAM_VERSION_OLDEST)
		return rw_error_set(err, -EPROTONOSUPPORT,
				    "the agent reads versions %u to %u of the stream, this controller writes "
				    "%d to %d",
				    oldest, newest, RW_STREAM_VERSION_OLDEST, RW_STREAM_VERSION);
	*ret_version = newest < RW_STREAM_VERSION ? newest : RW_STREAM_VERSION;
	return 0;
}

/* ---- writing ---- */

static struct rw_json_writer *begin_frame(struct rw_line_writer *lines, enum rw_frame_kind kind,
					  uint32_t version)
{
	struct rw_json_writer *json = rw_line_begin(lines);

	rw_json_put_text(json, "frame", rw_word_of(frame_words, (int)kind));
	rw_json_put_integer(json, "version", version);
	return json;
}

static void put_digest(struct rw_json_writer *json, const struct rw_policy *policy, uint32_t version)
{
	struct rw_policy_digest digest = rw_policy_digest_as(policy, version);
	char text[RW_DIGEST_TEXT_SIZE];

	rw_policy_digest_format(&digest, text);
	rw_json_put_text(json, "digest", text);
}

static void put_established(struct rw_json_writer *json, enum rw_established established)
{
	if (established != RW_ESTABLISHED_CUT)
		rw_json_put_text(json, "established", rw_word_of(rw_words_established, (int)established));
}

static void write_end(struct rw_line_writer *lines)
{
	struct rw_json_writer *json;
	uint64_t check = lines->check;
	char text[17];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, check);
	json = rw_line_begin(lines);
	rw_json_key(json, "end");
	rw_json_begin_object(json);
	rw_json_put_text(json, "check", text);
	rw_json_end_object(json);
	rw_line_end(lines);
}

static void write_snapshot(struct rw_line_writer *lines, uint32_t version, const struct rw_position *position,
			   const struct rw_policy *policy, enum rw_established established)
{
	struct rw_json_writer *json = begin_frame(lines, RW_FRAME_SNAPSHOT, version);

	rw_json_put_text(json, "incarnation", position->incarnation);
	rw_json_put_revision(json, "revision", position->revision);
	put_digest(json, policy, version);
	put_established(json, established);
	rw_line_end(lines);
	rw_node_line_write(lines, policy);
	for (size_t i = 0; i < policy->group_count; i++)
		rw_group_lines_write(lines, policy->groups[i]);
	for (size_t i = 0; i < policy->set_count; i++)
		rw_set_lines_write(lines, "set", policy->sets[i]->id, policy->sets[i]->prefixes,
				   policy->sets[i]->count);
	write_end(lines);
}

int rw_stream_encode_snapshot(struct rw_buf *buf, uint32_t version, const struct rw_position *position,
			      const struct rw_policy *policy, enum rw_established established,
			      struct rw_error *err)
{
	struct rw_line_writer lines;

	rw_line_writer_init(&lines, buf);
	write_snapshot(&lines, version, position, policy, established);
	return rw_line_writer_check(&lines, err);
}

int rw_stream_write_snapshot(rw_stream_sink_fn *sink, void *context, const struct rw_position *position,
			     const struct rw_policy *policy, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_line_writer lines;

	rw_buf_init(&buf, RW_STREAM_PIECE + RW_STREAM_LINE_MAX + 1);
	rw_line_writer_init(&lines, &buf);
	lines.sink = sink;
	lines.sink_context = context;
	lines.sink_err = err;
	write_snapshot(&lines, RW_STREAM_VERSION, position, policy, RW_ESTABLISHED_CUT);
	rw_line_writer_flush(&lines);
	return rw_line_writer_check(&lines, err);
}

int rw_stream_encode_delta(struct rw_buf *buf, uint32_t version, const struct rw_position *to, uint64_t from,
			   const struct rw_policy *result, const struct rw_policy_delta *delta,
			   enum rw_established established, struct rw_error *err)
{
	struct rw_line_writer lines;
	struct rw_json_writer *json;

	rw_line_writer_init(&lines, buf);
	json = begin_frame(&lines, RW_FRAME_DELTA, version);
	rw_json_put_text(json, "incarnation", to->incarnation);
	rw_json_put_revision(json, "from", from);
	rw_json_put_revision(json, "to", to->revision);
	put_digest(json, result, version);
	put_established(json, established);
	rw_line_end(&lines);
	rw_delta_lines_write(&lines, delta);
	write_end(&lines);
	return rw_line_writer_check(&lines, err);
}

int rw_stream_encode_question(struct rw_buf *buf, uint32_t version, const struct rw_position *position,
			      uint64_t question, const struct rw_policy *result,
			      const struct rw_policy_delta *delta, struct rw_error *err)
{
	struct rw_line_writer lines;
	struct rw_json_writer *json;

	rw_line_writer_init(&lines, buf);
	json = begin_frame(&lines, RW_FRAME_QUESTION, version);
	rw_json_put_text(json, "incarnation", position->incarnation);
	rw_json_put_revision(json, "question", question);
	rw_json_put_revision(json, "from", position->revision);
	put_digest(json, result, version);
	rw_line_end(&lines);
	rw_delta_lines_write(&lines, delta);
	write_end(&lines);
	return rw_line_writer_check(&lines, err);
}

int rw_stream_encode_bookmark(struct rw_buf *buf, const struct rw_position *position, struct rw_error *err)
{
	struct rw_line_writer lines;
	struct rw_json_writer *json;

	rw_line_writer_init(&lines, buf);
	json = begin_frame(&lines, RW_FRAME_BOOKMARK, RW_STREAM_VERSION_OLDEST);
	rw_json_put_text(json, "incarnation", position->incarnation);
	rw_json_put_revision(json, "revision", position->revision);
	rw_line_end(&lines);
	return rw_line_writer_check(&lines, err);
}

/* Reasons are made from error texts, which may have been cut inside a character. */
static void put_reason(struct rw_json_writer *json, const char *reason)
{
	char quoted[sizeof(((struct rw_frame *)NULL)->reason)];

	rw_json_quote(reason, quoted, sizeof(quoted));
	rw_json_put_text(json, "reason", quoted);
}

int rw_stream_encode_detach(struct rw_buf *buf, const char *reason, struct rw_error *err)
{
	struct rw_line_writer lines;

	rw_line_writer_init(&lines, buf);
	put_reason(begin_frame(&lines, RW_FRAME_DETACH, RW_STREAM_VERSION_OLDEST), reason);
	rw_line_end(&lines);
	return rw_line_writer_check(&lines, err);
}

int rw_stream_encode_refused(struct rw_buf *buf, const char *reason, uint64_t retry_ms, struct rw_error *err)
{
	struct rw_line_writer lines;
	struct rw_json_writer *json;

	rw_line_writer_init(&lines, buf);
	json = begin_frame(&lines, RW_FRAME_REFUSED, RW_STREAM_VERSION_OLDEST);
	put_reason(json, reason);
	rw_json_put_integer(json, "retry_ms", retry_ms <= INT64_MAX ? (int64_t)retry_ms : INT64_MAX);
	rw_line_end(&lines);
	return rw_line_writer_check(&lines, err);
}

/* ---- reading ---- */

struct rw_stream_reader {
	bool in_frame;
	struct rw_frame frame; /* its head */
	uint64_t check;        /* of the lines so far */
	struct rw_policy_builder policy;
	struct rw_delta_builder delta;
};

struct rw_stream_reader *rw_stream_reader_new(void)
{
	struct rw_stream_reader *reader = calloc(1, sizeof(*reader));

	if (reader) {
		rw_policy_builder_init(&reader->policy);
		rw_delta_builder_init(&reader->delta);
	}
	return reader;
}

/* Forgets the frame being read. */
static void reset(struct rw_stream_reader *reader)
{
	rw_frame_done(&reader->frame);
	reader->frame = (struct rw_frame){0};
	rw_policy_builder_done(&reader->policy);
	rw_delta_builder_done(&reader->delta);
	reader->in_frame = false;
	reader->check = 0;
}

struct rw_stream_reader *rw_stream_reader_free(struct rw_stream_reader *reader)
{
	if (reader) {
		reset(reader);
		free(reader);
	}
	return NULL;
}

bool rw_stream_reader_in_frame(const struct rw_stream_reader *reader)
{
	return reader->in_frame;
}

struct head {
	enum rw_frame_kind kind;
	uint32_t version;
	char incarnation[RW_INCARNATION_SIZE];
	uint64_t revision;
	uint64_t from;
	uint64_t question;
	enum rw_established established;
	char digest[RW_DIGEST_TEXT_SIZE];
	char reason[512];
	int64_t retry_ms;
};

#define FIELD_FRAME                                                                                          \
	RW_JSON_FIELD("frame", struct head, kind, rw_json_decode_word, .words = frame_words,                 \
		      .required = true),                                                                     \
		RW_JSON_FIELD("version", struct head, version, rw_json_decode_integer, .min = 1,             \
			      .max = RW_STREAM_VERSION, .required = true)
#define FIELD_INCARNATION                                                                                    \
	RW_JSON_FIELD("incarnation", struct head, incarnation, rw_json_decode_chars, .min = 1,               \
		      .required = true)
#define FIELD_DIGEST RW_JSON_FIELD("digest", struct head, digest, rw_json_decode_chars, .required = true)
#define FIELD_ESTABLISHED                                                                                    \
	RW_JSON_FIELD("established", struct head, established, rw_json_decode_word,                          \
		      .words = rw_words_established)
#define FIELD_REASON RW_JSON_FIELD("reason", struct head, reason, rw_json_decode_chars, .required = true)
#define FIELD_REVISION(json_name, member)                                                                    \
	RW_JSON_FIELD(json_name, struct head, member, rw_json_decode_revision, .required = true)

static const struct rw_json_field snapshot_fields[] = {FIELD_FRAME, FIELD_INCARNATION,
						       FIELD_REVISION("revision", revision), FIELD_DIGEST,
						       FIELD_ESTABLISHED};
static const struct rw_json_field delta_fields[] = {
	FIELD_FRAME,  FIELD_INCARNATION, FIELD_REVISION("from", from), FIELD_REVISION("to", revision),
	FIELD_DIGEST, FIELD_ESTABLISHED};
static const struct rw_json_field question_fields[] = {FIELD_FRAME, FIELD_INCARNATION,
						       FIELD_REVISION("question", question),
						       FIELD_REVISION("from", from), FIELD_DIGEST};
static const struct rw_json_field bookmark_fields[] = {FIELD_FRAME, FIELD_INCARNATION,
						       FIELD_REVISION("revision", revision)};
static const struct rw_json_field detach_fields[] = {FIELD_FRAME, FIELD_REASON};
static const struct rw_json_field refused_fields[] = {
	FIELD_FRAME,
	FIELD_REASON,
	RW_JSON_FIELD("retry_ms", struct head, retry_ms, rw_json_decode_integer, .min = 0, .max = INT64_MAX,
		      .required = true),
};

static const struct {
	const struct rw_json_field *fields;
	size_t count;
} heads[] = {
	[RW_FRAME_SNAPSHOT] = {RW_JSON_FIELDS(snapshot_fields)},
	[RW_FRAME_DELTA] = {RW_JSON_FIELDS(delta_fields)},
	[RW_FRAME_QUESTION] = {RW_JSON_FIELDS(question_fields)},
	[RW_FRAME_BOOKMARK] = {RW_JSON_FIELDS(bookmark_fields)},
	[RW_FRAME_DETACH] = {RW_JSON_FIELDS(detach_fields)},
	[RW_FRAME_REFUSED] = {RW_JSON_FIELDS(refused_fields)},
};

static int read_head(const struct rw_json *root, struct rw_frame *ret_frame, struct rw_error *err)
{
	static const struct rw_json_field kind_field =
		RW_JSON_FIELD("frame", struct head, kind, rw_json_decode_word, .words = frame_words);
	struct head head = {0};
	struct rw_json kind;
	int r;

	r = rw_json_expect_object(root, err);
	if (r < 0)
		return r;
	r = rw_json_check_version(root, "the agent stream", RW_STREAM_VERSION, err);
	if (r < 0)
		return r;
	if (!rw_json_find(root, "frame", &kind))
		return rw_error_field(err, "frame", "is missing");
	r = rw_json_decode_word(&kind, &kind_field, &head, NULL, err);
	if (r < 0)
		return r;
	r = rw_json_decode(root, heads[head.kind].fields, heads[head.kind].count, &head, NULL, err);
	if (r < 0)
		return r;
	*ret_frame = (struct rw_frame){.kind = head.kind,
				       .version = head.version,
				       .from = head.from,
				       .question = head.question,
				       .established = head.established,
				       .retry_ms = (uint64_t)head.retry_ms};
	memcpy(ret_frame->position.incarnation, head.incarnation, sizeof(head.incarnation));
	ret_frame->position.revision = head.revision;
	memcpy(ret_frame->reason, head.reason, sizeof(head.reason));
	if (head.digest[0] && !rw_policy_digest_parse(head.digest, &ret_frame->digest))
		return rw_error_field(err, "digest", "must be 32 hex digits");
	return 0;
}

static bool has_delta(const struct rw_frame *frame)
{
	return frame->kind == RW_FRAME_DELTA || frame->kind == RW_FRAME_QUESTION;
}

static const struct rw_json_field end_fields[] = {
	RW_JSON_FIELD("check", struct head, digest, rw_json_decode_chars, .required = true),
};

static int read_end(struct rw_stream_reader *reader, const struct rw_json *end, struct rw_error *err)
{
	struct rw_policy_digest digest;
	struct head head = {0};
	uint64_t check;
	int r;

	r = rw_json_decode(end, RW_JSON_FIELDS(end_fields), &head, NULL, err);
	if (r < 0)
		return r;
	if (strlen(head.digest) != 16 || !parse_hex_word(head.digest, &check) || check != reader->check)
		return rw_error_field(err, "end.check", "the lines before are damaged or incomplete");
	if (has_delta(&reader->frame)) {
		r = rw_delta_builder_finish(&reader->delta, &reader->frame.delta, err);
		return r < 0 ? r : RW_STREAM_FRAME;
	}
	r = rw_policy_builder_finish(&reader->policy, &reader->frame.policy, err);
	if (r < 0)
		return r;
	digest = rw_policy_digest_as(reader->frame.policy, reader->frame.version);
	if (memcmp(&digest, &reader->frame.digest, sizeof(digest)) != 0)
		return rw_error_field(err, "digest", "the policy is not the one that was sent");
	return RW_STREAM_FRAME;
}

/* A line between a frame's head and its end: an object with one member. */
static int read_item(struct rw_stream_reader *reader, const struct rw_json *root, struct rw_error *err)
{
	struct rw_json item;
	struct rw_json more;
	void *cursor = NULL;
	int r;

	r = rw_json_expect_object(root, err);
	if (r < 0)
		return r;
	if (!rw_json_next(root, &cursor, &item) || rw_json_next(root, &cursor, &more))
		return rw_error_set(err, -EINVAL, "a line in a frame must have exactly one member");
	if (strcmp(item.key, "end") == 0)
		return read_end(reader, &item, err);
	if (has_delta(&reader->frame))
		return rw_delta_builder_take(&reader->delta, &item, err);
	return rw_policy_builder_take(&reader->policy, &item, err);
}

static int read_any_line(struct rw_stream_reader *reader, const char *line, size_t size, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	int r;

	r = rw_json_parse(line, size, RW_STREAM_LINE_MAX, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	if (reader->in_frame) {
		r = read_item(reader, &root, err);
	} else {
		r = read_head(&root, &reader->frame, err);
		if (r == 0 && reader->frame.kind > RW_FRAME_QUESTION)
			return RW_STREAM_FRAME;
		reader->in_frame = true;
	}
	return r;
}

static int read_line(struct rw_stream_reader *reader, const char *line, size_t size, struct rw_error *err)
{
	int r = RW_LINE_NOT_PLAIN;

	if (size > RW_STREAM_LINE_MAX)
		return rw_error_set(err, -E2BIG, "the line is longer than %u bytes", RW_STREAM_LINE_MAX);
	if (reader->in_frame && reader->frame.kind == RW_FRAME_SNAPSHOT)
		r = rw_policy_builder_take_plain_set(&reader->policy, line, size, err);
	if (r == RW_LINE_NOT_PLAIN)
		r = read_any_line(reader, line, size, err);
	reader->check = rw_line_check(reader->check, line, size);
	return r;
}

int rw_stream_reader_line(struct rw_stream_reader *reader, const char *line, size_t size,
			  struct rw_frame *ret_frame, struct rw_error *err)
{
	int r;

	if (size == 0)
		return 0;
	r = read_line(reader, line, size, err);
	if (r < 0) {
		reset(reader);
	} else if (r == RW_STREAM_FRAME) {
		*ret_frame = reader->frame;
		reader->frame = (struct rw_frame){0};
		reset(reader);
	}
	return r;
}

int rw_policy_file_decode(const char *text, size_t size, struct rw_position *ret_position,
			  struct rw_policy **ret_policy, struct rw_error *err)
{
	RW_CLEANUP(rw_stream_reader_free) struct rw_stream_reader *reader = rw_stream_reader_new();
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	size_t number = 0;
	int r = 0;

	if (!reader)
		return rw_error_oom(err);
	while (size > 0 && r == 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		number++;
		r = rw_stream_reader_line(reader, text, length, &frame, err);
		if (r < 0) {
			(void)rw_error_wrap(err, "saved policy: line %zu", number);
			return r;
		}
		text += length + (end ? 1 : 0);
		size -= length + (end ? 1 : 0);
	}
	if (r != RW_STREAM_FRAME)
		return rw_error_set(err, -EINVAL, "saved policy: the file ends too early");
	if (frame.kind != RW_FRAME_SNAPSHOT || size > 0)
		return rw_error_set(err, -EINVAL, "saved policy: the file is not one snapshot");
	*ret_position = frame.position;
	*ret_policy = RW_TAKE_PTR(frame.policy);
	return 0;
}
