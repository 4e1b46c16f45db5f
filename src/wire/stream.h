/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent stream
 * ================
 *
 * From the controller to one node, over an answer that does not end: JSON lines.  A frame is one line, except
 * 'snapshot' and 'delta', which are a head line, any number of item lines and an 'end' line, so that neither
 * side ever holds a whole policy as text or as a tree of JSON: a policy of any size is read with the memory
 * of its longest line on top of the policy itself.
 *
 *     {"frame":"snapshot","version":2,"incarnation":"6f...","revision":"17","digest":"<32 hex>"}
 *     {"node":{...}}                                         names, kinds, own addresses, failsafe
 *     {"group":{"id":"sg-1","kind":"basic",...}}
 *     {"rules":{"group":"sg-1","rules":[...]}}               some rules, as often as needed
 *     {"set":{"id":"sg-1","prefixes":"10.0.0.5 10.1.0.0/16"}}  some prefixes, as often as needed
 *     {"end":{"check":"<16 hex>"}}
 *
 *     {"frame":"delta","version":2,"incarnation":"6f...","from":"17","to":"18","digest":"<32 hex>"}
 *     {"put_rules":{"group":"sg-1","rules":[...]}}       or another change, see policy/delta.h
 *     {"end":{"check":"<16 hex>"}}
 *
 *     {"frame":"question","version":2,"incarnation":"6f...","question":"5","from":"18","digest":"<32 hex>"}
 *     ...                                                 the lines of a delta: what the policy would become
 *     {"end":{"check":"<16 hex>"}}
 *
 *     {"frame":"bookmark","version":1,"incarnation":"6f...","revision":"18"}      nothing new up to here
 *     {"frame":"detach","version":1,"reason":"node deleted"}
 *     {"frame":"refused","version":1,"reason":"...","retry_ms":5000}              0 = do not come back
 *
 * A snapshot or delta may have "established":"keep" or "cut-kept" in its head: what becomes of the live flows
 * that it refuses (policy/established.h).  Without it they are cut.
 *
 * A question changes nothing: it asks which live flows the policy that the delta would make refuses.  The answer
 * comes with the next report ("judgements", wire/report.h).
 *
 * Empty lines are heartbeats.  'digest' is rw_policy_digest_as of the result and the frame's version, which differ in
 * nothing else; frames without a digest are of version 1.  A snapshot is checked against it here, a delta by whoever
 * applies it.  'check' is a hash of all lines of the frame before it: it finds
 * truncated and damaged files, not forgers.  A frame of a newer version is refused with both versions in the
 * error.
 *
 * The policy that an agent saves for its next start is a snapshot frame in a file.
 */

#include "base/buf.h"
#include "policy/delta.h"
#include "policy/established.h"

#define RW_STREAM_VERSION RW_POLICY_DIGEST_VERSION

/*
 * Which versions an agent reads, oldest and newest, told in the header RW_STREAM_VERSIONS_HEADER of its request as
 * "1" or "1-2"; without the header, 1.  A controller answers in the newest version that both know; if there is
 * none, by a 'refused' frame of version 1, which names both ranges.
 */
#define RW_STREAM_VERSION_OLDEST  1
#define RW_STREAM_VERSIONS_HEADER "Ringwall-Stream-Versions"
#define RW_STREAM_VERSIONS_SIZE   24
void rw_stream_versions_format(char text[RW_STREAM_VERSIONS_SIZE]);
/* 'text' NULL = no header.  -EPROTONOSUPPORT and both ranges in the text; -EINVAL for other text. */
RW_NODISCARD int rw_stream_versions_agree(const char *text, uint32_t *ret_version, struct rw_error *err);

/* Longest line, without line end; encoders stay far below it. */
#define RW_STREAM_LINE_MAX (256u * 1024)

/* Most groups, sets and rules of one policy, and prefixes of one set. */
#define RW_STREAM_GROUPS_MAX   4096
#define RW_STREAM_SETS_MAX     8192
#define RW_STREAM_RULES_MAX    200000
#define RW_STREAM_PREFIXES_MAX 1000000

#define RW_INCARNATION_SIZE 40

/* (incarnation, revision): another incarnation means a fresh snapshot. */
struct rw_position {
	char incarnation[RW_INCARNATION_SIZE];
	uint64_t revision;
};

enum rw_frame_kind {
	RW_FRAME_SNAPSHOT,
	RW_FRAME_DELTA,
	RW_FRAME_QUESTION,
	RW_FRAME_BOOKMARK,
	RW_FRAME_DETACH,
	RW_FRAME_REFUSED,
};

struct rw_frame {
	enum rw_frame_kind kind;
	uint32_t version;                /* in which 'digest' is to be read */
	struct rw_position position;     /* snapshot, delta (to), bookmark */
	uint64_t from;                   /* delta, question: the revision it starts from */
	uint64_t question;               /* its number */
	struct rw_policy_digest digest;  /* snapshot, delta, question: of the result */
	enum rw_established established; /* snapshot, delta */
	struct rw_policy *policy;        /* snapshot: owned, complete and checked */
	struct rw_policy_delta *delta;   /* delta, question: owned */
	char reason[512];                /* detach, refused */
	uint64_t retry_ms;               /* refused; 0 = never */
};
void rw_frame_done(struct rw_frame *frame);
RW_DEFINE_DONE(struct rw_frame, rw_frame_done)

/*
 * Encoders append whole frames with their line ends.  'version' is the one to write, 'result' the policy that a delta
 * leads to.  -E2BIG, -ENOMEM by the buffer.
 */
RW_NODISCARD int rw_stream_encode_snapshot(struct rw_buf *buf, uint32_t version,
					   const struct rw_position *position, const struct rw_policy *policy,
					   enum rw_established established, struct rw_error *err);
RW_NODISCARD int rw_stream_encode_delta(struct rw_buf *buf, uint32_t version, const struct rw_position *to,
					uint64_t from, const struct rw_policy *result,
					const struct rw_policy_delta *delta, enum rw_established established,
					struct rw_error *err);
/* 'position' is where the delta starts. */
RW_NODISCARD int rw_stream_encode_question(struct rw_buf *buf, uint32_t version,
					   const struct rw_position *position, uint64_t question,
					   const struct rw_policy *result,
					   const struct rw_policy_delta *delta, struct rw_error *err);
RW_NODISCARD int rw_stream_encode_bookmark(struct rw_buf *buf, const struct rw_position *position,
					   struct rw_error *err);
RW_NODISCARD int rw_stream_encode_detach(struct rw_buf *buf, const char *reason, struct rw_error *err);
RW_NODISCARD int rw_stream_encode_refused(struct rw_buf *buf, const char *reason, uint64_t retry_ms,
					  struct rw_error *err);

/*
 * Reader: takes the stream line by line.  One stream, one reader.
 */
struct rw_stream_reader;
struct rw_stream_reader *rw_stream_reader_new(void); /* NULL when memory runs out */
struct rw_stream_reader *rw_stream_reader_free(struct rw_stream_reader *reader);
RW_DEFINE_CLEANUP(struct rw_stream_reader *, rw_stream_reader_free)

/* A frame is complete. */
#define RW_STREAM_FRAME 1

/*
 * Takes one line without its line end.  0: taken, the frame goes on; RW_STREAM_FRAME: '*ret_frame' is filled
 * and the caller's (rw_frame_done).  -EINVAL: not a line of the protocol at this place, or digest or check
 * differ; -EPROTONOSUPPORT: newer version; -E2BIG: a limit above; -ENOMEM.  After a failure the frame begun
 * is dropped and the stream should be begun anew.
 */
RW_NODISCARD int rw_stream_reader_line(struct rw_stream_reader *reader, const char *line, size_t size,
				       struct rw_frame *ret_frame, struct rw_error *err);

/* True between the head of a frame and its end. */
bool rw_stream_reader_in_frame(const struct rw_stream_reader *reader);

/*
 * The snapshot of the newest version for whom it goes elsewhere: given to 'sink' in pieces of whole lines, each some 16 KB
 * (RW_STREAM_PIECE), so that it takes that much memory whatever the policy is.  Touches nothing but what is given, and so
 * may run on any thread that holds a reference to the policy.  What the sink returns when it fails, with its 'err', ends
 * it; else -ENOMEM, -E2BIG.
 */
#define RW_STREAM_PIECE 16384
typedef int rw_stream_sink_fn(void *context, const char *bytes, size_t size, struct rw_error *err);
RW_NODISCARD int rw_stream_write_snapshot(rw_stream_sink_fn *sink, void *context,
					  const struct rw_position *position, const struct rw_policy *policy,
					  struct rw_error *err);

/* A saved policy: exactly one snapshot frame in 'text'. */
RW_NODISCARD int rw_policy_file_decode(const char *text, size_t size, struct rw_position *ret_position,
				       struct rw_policy **ret_policy, struct rw_error *err);

/* 32 hex digits and NUL, and back (false: no digest). */
#define RW_DIGEST_TEXT_SIZE 33
void rw_policy_digest_format(const struct rw_policy_digest *digest, char text[RW_DIGEST_TEXT_SIZE]);
bool rw_policy_digest_parse(const char *text, struct rw_policy_digest *ret_digest);
