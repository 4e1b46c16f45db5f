/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "agent/session.h"
#include "fake_enforcer.h"
#include "policy/delta.h"

/* A controller of paper: what the session asked for, and what it was told. */
struct world {
	struct rw_agent_session *session;
	struct rw_controllers controllers;
	struct rw_random random;
	uint64_t random_bits; /* 0: no jitter, waits are at their longest */
	uint64_t now_ms;

	unsigned int opened;
	bool is_open;
	char tried[32]; /* the letters of "https://a:8443" and so on, in order, as far as there is room */
	unsigned int moves;
	struct rw_position have; /* of the last open */
	struct rw_policy_digest digest;
	int open_result;
	unsigned int reports;
	unsigned int brief; /* of them */

	unsigned int applied;
	struct rw_position position;     /* of the last apply */
	uint16_t mark;                   /* of the policy applied last */
	enum rw_established established; /* ... and what was said with it */
	uint64_t question;               /* asked last, and about which policy */
	uint16_t question_mark;
	struct rw_position confirmed;
	char detached[64];
	unsigned int notices;
	unsigned int woken;
};

static int world_open(void *context, const char *server, bool moved, const struct rw_position *have,
		      const struct rw_policy_digest *digest, struct rw_error *err)
{
	struct world *world = context;

	if (strlen(world->tried) + 1 < sizeof(world->tried))
		world->tried[strlen(world->tried)] = server[8];
	world->moves += moved;
	world->opened++;
	world->have = *have;
	world->digest = *digest;
	if (world->open_result < 0)
		return rw_error_set(err, world->open_result, "no route");
	world->is_open = true;
	return 0;
}

static void world_close(void *context)
{
	((struct world *)context)->is_open = false;
}

static int world_report(void *context, bool brief, struct rw_error *err)
{
	struct world *world = context;

	(void)err;
	world->reports++;
	world->brief += brief;
	return 0;
}

static void world_apply(void *context, const struct rw_position *position, const struct rw_policy *policy,
			enum rw_established established)
{
	struct world *world = context;

	world->applied++;
	world->position = *position;
	world->mark = policy->ssh_ports[0];
	world->established = established;
}

static void world_judge(void *context, uint64_t question, const struct rw_policy *policy)
{
	struct world *world = context;

	world->question = question;
	world->question_mark = policy->ssh_ports[0];
}

static void world_confirm(void *context, const struct rw_position *position)
{
	((struct world *)context)->confirmed = *position;
}

static void world_detach(void *context, const char *reason)
{
	struct world *world = context;

	(void)snprintf(world->detached, sizeof(world->detached), "%s", reason);
}

static void world_wake(void *context)
{
	((struct world *)context)->woken++;
}

static void world_notice(void *context, bool is_warning, const char *text)
{
	(void)is_warning;
	(void)text;
	((struct world *)context)->notices++;
}

static void fill_bits(const struct rw_random *random, void *bytes, size_t size)
{
	const struct world *world = (const void *)((const char *)random - offsetof(struct world, random));

	assert_int_equal(size, sizeof(world->random_bits));
	memcpy(bytes, &world->random_bits, size);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct rw_agent_transport transport = {world_open, world_close, world_report, world};
	const struct rw_agent_host host = {world_apply, world_judge,  world_confirm, world_detach,
					   world_wake,  world_notice, world};

	assert_non_null(world);
	world->random.fill = fill_bits;
	world->now_ms = 1000000;
	assert_int_equal(rw_controllers_add_joined(&world->controllers, "https://a:8443", NULL), 0);
	assert_int_equal(
		rw_agent_session_new(&transport, &world->controllers, &host, &world->random, &world->session),
		0);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	(void)rw_agent_session_free(world->session);
	free(world);
	return 0;
}

/* Lets 'ms' pass in the steps that the session asks for. */
static void pass(struct world *world, uint64_t ms)
{
	uint64_t end_ms = world->now_ms + ms;

	for (;;) {
		uint64_t next_ms = rw_agent_session_tick(world->session, world->now_ms);

		if (next_ms > end_ms)
			break;
		world->now_ms = next_ms > world->now_ms ? next_ms : world->now_ms + 1;
	}
	world->now_ms = end_ms;
}

/* Feeds the lines of 'buf', at most 'count' of them. */
static void feed(struct world *world, const struct rw_buf *buf, size_t count)
{
	const char *line = buf->data;

	for (size_t i = 0; i < count && *line; i++) {
		size_t length = strcspn(line, "\n");

		rw_agent_session_line(world->session, world->now_ms, line, length);
		line += length + 1;
	}
}

#define ALL_LINES SIZE_MAX

static void encode_snapshot(struct rw_buf *buf, const char *incarnation, uint64_t revision, uint16_t mark)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(mark);
	struct rw_position position = {.revision = revision};

	strcpy(position.incarnation, incarnation);
	assert_int_equal(rw_stream_encode_snapshot(buf, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_CUT, NULL),
			 0);
}

/* A delta between two marks; 'digest_mark' is that of the policy whose digest is sent along. */
static void encode_delta(struct rw_buf *buf, uint64_t from, uint64_t to, uint16_t from_mark, uint16_t to_mark,
			 uint16_t digest_mark)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = fake_policy(from_mark);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = fake_policy(to_mark);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *told = fake_policy(digest_mark);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	const struct rw_position position = {.incarnation = "a1", .revision = to};

	assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
	assert_int_equal(rw_stream_encode_delta(buf, RW_STREAM_VERSION, &position, from, told, delta,
						RW_ESTABLISHED_CUT, NULL),
			 0);
}

static void snapshot(struct world *world, uint64_t revision, uint16_t mark)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 1u << 20);
	encode_snapshot(&buf, "a1", revision, mark);
	feed(world, &buf, ALL_LINES);
}

static void delta(struct world *world, uint64_t from, uint64_t to, uint16_t from_mark, uint16_t to_mark)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 1u << 20);
	encode_delta(&buf, from, to, from_mark, to_mark, to_mark);
	feed(world, &buf, ALL_LINES);
}

static struct rw_agent_session_status status_of(const struct world *world)
{
	struct rw_agent_session_status status;

	rw_agent_session_status(world->session, &status);
	return status;
}

static void asks_for_a_snapshot_and_follows_deltas(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	assert_int_equal(world->opened, 1);
	assert_int_equal(world->have.revision, 0);
	snapshot(world, 5, 22);
	assert_true(status_of(world).connected);
	assert_int_equal(world->applied, 1);
	assert_int_equal(world->mark, 22);
	delta(world, 5, 9, 22, 23);
	assert_int_equal(world->applied, 2);
	assert_int_equal(world->mark, 23);
	assert_int_equal(world->position.revision, 9);
	assert_int_equal(world->opened, 1);
}

static void hands_on_what_a_change_says_of_live_flows(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const struct rw_position position = {.incarnation = "a1", .revision = 5};
	struct world *world = *state;

	pass(world, 0);
	rw_buf_init(&buf, 1u << 20);
	assert_int_equal(rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION, &position, policy,
						   RW_ESTABLISHED_KEEP, NULL),
			 0);
	feed(world, &buf, ALL_LINES);
	assert_int_equal(world->established, RW_ESTABLISHED_KEEP);
	delta(world, 5, 9, 22, 23);
	assert_int_equal(world->established, RW_ESTABLISHED_CUT);
}

/* Asks about a policy of 'mark', as if that of 'from_mark' was held at 'from'. */
static void ask(struct world *world, uint64_t question, uint64_t from, uint16_t from_mark, uint16_t mark)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = fake_policy(from_mark);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = fake_policy(mark);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const struct rw_position position = {.incarnation = "a1", .revision = from};

	rw_buf_init(&buf, 1u << 20);
	assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
	assert_int_equal(
		rw_stream_encode_question(&buf, RW_STREAM_VERSION, &position, question, after, delta, NULL),
		0);
	feed(world, &buf, ALL_LINES);
}

static void answers_a_question_with_the_next_report_and_changes_nothing(void **state)
{
	struct world *world = *state;
	unsigned int reports;

	pass(world, 0);
	snapshot(world, 5, 22);
	rw_agent_session_reported(world->session, world->now_ms, true);
	pass(world, 1);
	rw_agent_session_reported(world->session, world->now_ms, true);
	reports = world->reports;
	ask(world, 3, 5, 22, 23);
	assert_int_equal(world->question, 3);
	assert_int_equal(world->question_mark, 23);
	assert_int_equal(world->applied, 1);
	pass(world, 1);
	assert_int_equal(world->reports, reports + 1);
	/* What is held is still what the next delta starts from. */
	delta(world, 5, 9, 22, 24);
	assert_int_equal(world->mark, 24);
}

static void does_not_answer_a_question_about_another_policy(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	ask(world, 3, 6, 22, 23);
	assert_int_equal(world->question, 0);
	assert_int_equal(world->opened, 1);
	assert_true(world->is_open);
}

static void resumes_with_position_and_digest(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(23);
	struct rw_policy_digest digest = rw_policy_digest(policy);
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	delta(world, 5, 9, 22, 23);
	world->woken = 0;
	rw_agent_session_cut(world->session, world->now_ms, "reset", false);
	assert_true(world->woken > 0);
	assert_false(status_of(world).connected);
	pass(world, 2000);
	assert_int_equal(world->opened, 2);
	assert_int_equal(world->have.revision, 9);
	assert_string_equal(world->have.incarnation, "a1");
	assert_memory_equal(&world->digest, &digest, sizeof(digest));
}

static void starts_from_the_saved_policy(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	const struct rw_position position = {.incarnation = "a1", .revision = 5};
	struct world *world = *state;

	rw_agent_session_hold(world->session, &position, policy);
	pass(world, 0);
	assert_int_equal(world->have.revision, 5);
	delta(world, 5, 6, 22, 23);
	assert_int_equal(world->mark, 23);
}

static void asks_for_a_snapshot_after_a_delta_with_a_wrong_digest(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	rw_buf_init(&buf, 1u << 20);
	pass(world, 0);
	snapshot(world, 5, 22);
	encode_delta(&buf, 5, 6, 22, 23, 99);
	feed(world, &buf, ALL_LINES);
	assert_int_equal(world->applied, 1);
	assert_int_equal(world->mark, 22);
	assert_false(world->is_open);

	pass(world, 2000);
	assert_int_equal(world->opened, 2);
	assert_int_equal(world->have.revision, 0);
	snapshot(world, 6, 23);
	assert_int_equal(world->mark, 23);
	delta(world, 6, 7, 23, 24);
	assert_int_equal(world->mark, 24);
}

static void asks_for_a_snapshot_after_a_delta_from_another_revision(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	delta(world, 7, 8, 22, 23);
	assert_int_equal(world->applied, 1);
	assert_false(world->is_open);
	pass(world, 2000);
	assert_int_equal(world->have.revision, 0);
}

static void changes_nothing_when_the_stream_is_cut_in_a_delta(void **state)
{
	struct world *world = *state;

	for (size_t lines = 1; lines < 3; lines++) {
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;

		rw_buf_init(&buf, 1u << 20);
		pass(world, 3000);
		if (lines == 1)
			snapshot(world, 5, 22);
		encode_delta(&buf, 5, 6, 22, 23, 23);
		feed(world, &buf, lines);
		rw_agent_session_cut(world->session, world->now_ms, "reset", false);
		assert_int_equal(world->applied, 1);
	}
	pass(world, 3000);
	assert_int_equal(world->have.revision, 5);
	/* The rest of the old delta on a new stream is no frame; a whole one is. */
	delta(world, 5, 6, 22, 23);
	assert_int_equal(world->mark, 23);
}

static void builds_the_next_delta_on_a_policy_that_could_not_be_applied(void **state)
{
	struct world *world = *state;

	/* The host tells failures by its reports; the session goes on with what it has received. */
	pass(world, 0);
	snapshot(world, 5, 22);
	delta(world, 5, 6, 22, 23);
	delta(world, 6, 7, 23, 24);
	assert_int_equal(world->applied, 3);
	assert_int_equal(world->opened, 1);
}

static void takes_a_snapshot_of_another_incarnation(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	rw_buf_init(&buf, 1u << 20);
	pass(world, 0);
	snapshot(world, 50, 22);
	encode_snapshot(&buf, "b2", 3, 25);
	feed(world, &buf, ALL_LINES);
	assert_int_equal(world->mark, 25);
	assert_string_equal(world->position.incarnation, "b2");
	assert_int_equal(world->position.revision, 3);
}

static void moves_on_with_bookmarks(void **state)
{
	const struct rw_position later = {.incarnation = "a1", .revision = 30};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	rw_buf_init(&buf, 1u << 20);
	pass(world, 0);
	snapshot(world, 5, 22);
	assert_int_equal(rw_stream_encode_bookmark(&buf, &later, NULL), 0);
	feed(world, &buf, ALL_LINES);
	assert_int_equal(world->confirmed.revision, 30);
	delta(world, 30, 31, 22, 23);
	assert_int_equal(world->mark, 23);
}

static void ends_a_stream_with_garbage(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	rw_agent_session_line(world->session, world->now_ms, "<html>", 6);
	assert_false(world->is_open);
	assert_int_equal(world->applied, 1);
}

static void ends_a_silent_stream(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	rw_agent_session_reported(world->session, world->now_ms, true);
	pass(world, RW_AGENT_SILENCE_MS - 1);
	assert_int_equal(world->opened, 1);
	rw_agent_session_line(world->session, world->now_ms, "", 0);
	pass(world, RW_AGENT_SILENCE_MS - 1);
	assert_int_equal(world->opened, 1);
	pass(world, 5000);
	assert_int_equal(world->opened, 2);
}

static void waits_longer_after_each_failure_and_begins_anew_after_success(void **state)
{
	struct world *world = *state;
	unsigned int opened;

	world->open_result = -ECONNREFUSED;
	pass(world, 0);
	pass(world, 1000 + 2000 + 4000 + 8000 + 16000);
	assert_int_equal(world->opened, 6);
	opened = world->opened;
	pass(world, 10ull * RW_AGENT_RETRY_MAX_MS);
	assert_int_equal(world->opened, opened + 10);

	world->open_result = 0;
	pass(world, RW_AGENT_RETRY_MAX_MS);
	snapshot(world, 5, 22);
	opened = world->opened;
	rw_agent_session_cut(world->session, world->now_ms, "reset", false);
	pass(world, RW_AGENT_RETRY_MIN_MS);
	assert_int_equal(world->opened, opened + 1);
}

static void tells_of_a_lost_controller_once(void **state)
{
	struct world *world = *state;

	world->open_result = -ECONNREFUSED;
	pass(world, 100000);
	assert_int_equal(world->notices, 1);
}

static void stays_away_when_it_is_told_to(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	rw_buf_init(&buf, 1u << 20);
	pass(world, 0);
	assert_int_equal(rw_stream_encode_refused(&buf, "deleted", 0, NULL), 0);
	feed(world, &buf, ALL_LINES);
	assert_false(world->is_open);
	pass(world, 1000000);
	assert_int_equal(world->opened, 1);
	assert_true(status_of(world).given_up);
	assert_string_equal(status_of(world).reason, "refused by the controller: deleted");
}

static void comes_back_when_it_is_told_to(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	rw_buf_init(&buf, 1u << 20);
	pass(world, 0);
	assert_int_equal(rw_stream_encode_refused(&buf, "busy", 7000, NULL), 0);
	feed(world, &buf, ALL_LINES);
	pass(world, 6999);
	assert_int_equal(world->opened, 1);
	pass(world, 1);
	assert_int_equal(world->opened, 2);
}

static void lets_go_when_the_node_is_deleted(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	rw_buf_init(&buf, 1u << 20);
	pass(world, 0);
	snapshot(world, 5, 22);
	assert_int_equal(rw_stream_encode_detach(&buf, "node deleted", NULL), 0);
	feed(world, &buf, ALL_LINES);
	assert_string_equal(world->detached, "node deleted");
	pass(world, 1000000);
	assert_int_equal(world->opened, 1);
}

/* The first line of a stream, by which it is open. */
static void heartbeat(struct world *world)
{
	rw_agent_session_line(world->session, world->now_ms, "", 0);
	pass(world, 0);
}

static void reports_at_heartbeats_and_at_once_after_an_apply(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	assert_int_equal(world->reports, 0);
	heartbeat(world);
	assert_int_equal(world->reports, 1);
	/* One at a time. */
	pass(world, 3 * RW_AGENT_HEARTBEAT_MS);
	assert_int_equal(world->reports, 1);
	rw_agent_session_reported(world->session, world->now_ms, true);
	pass(world, 0);
	assert_int_equal(world->reports, 2);
	rw_agent_session_reported(world->session, world->now_ms, true);
	pass(world, 0);
	assert_int_equal(world->reports, 2);
	snapshot(world, 5, 22);
	pass(world, 0);
	assert_int_equal(world->reports, 3);
	rw_agent_session_reported(world->session, world->now_ms, true);
	pass(world, RW_AGENT_HEARTBEAT_MS);
	assert_int_equal(world->reports, 4);
}

/* Somebody waits for the report of a change; all else has time. */
static void reports_briefly_after_a_delta_and_wholly_at_heartbeats(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	pass(world, 0);
	heartbeat(world);
	rw_agent_session_reported(world->session, world->now_ms, true);
	snapshot(world, 5, 22);
	pass(world, 0);
	assert_int_equal(world->reports, 2);
	assert_int_equal(world->brief, 0);
	rw_agent_session_reported(world->session, world->now_ms, true);
	rw_buf_init(&buf, 1u << 20);
	for (uint64_t i = 5; i < 8; i++) {
		rw_buf_clear(&buf);
		encode_delta(&buf, i, i + 1, (uint16_t)(17 + i), (uint16_t)(18 + i), (uint16_t)(18 + i));
		feed(world, &buf, ALL_LINES);
		pass(world, RW_AGENT_HEARTBEAT_MS / 4);
		assert_int_equal(world->brief, i - 4);
		rw_agent_session_reported(world->session, world->now_ms, true);
	}
	/* The heartbeat has not moved; what is due with it makes no second report. */
	assert_int_equal(world->reports, 5);
	rw_buf_clear(&buf);
	encode_delta(&buf, 8, 9, 25, 26, 26);
	world->now_ms += RW_AGENT_HEARTBEAT_MS / 4;
	feed(world, &buf, ALL_LINES);
	pass(world, 0);
	assert_int_equal(world->reports, 6);
	assert_int_equal(world->brief, 3);
	/* Something else that happened is told at once and wholly. */
	rw_agent_session_reported(world->session, world->now_ms, true);
	rw_buf_clear(&buf);
	encode_delta(&buf, 9, 10, 26, 27, 27);
	rw_agent_session_report_soon(world->session);
	feed(world, &buf, ALL_LINES);
	pass(world, 0);
	assert_int_equal(world->reports, 7);
	assert_int_equal(world->brief, 3);
}

static void ends_the_stream_when_reports_are_not_answered(void **state)
{
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	for (unsigned int i = 0; i < RW_AGENT_REPORTS_FAILED; i++) {
		assert_true(world->is_open);
		rw_agent_session_reported(world->session, world->now_ms, false);
		pass(world, RW_AGENT_HEARTBEAT_MS / 10);
	}
	assert_false(world->is_open);
}

/* ---- several controllers ---- */

/* Three of them: a, b and c, and the session has begun with a. */
static void know_three(struct world *world)
{
	assert_int_equal(rw_controllers_add_joined(&world->controllers, "https://b:8443", NULL), 0);
	assert_int_equal(rw_controllers_add_joined(&world->controllers, "https://c:8443", NULL), 0);
	pass(world, 0);
	assert_string_equal(world->tried, "a");
}

static void cut(struct world *world, const char *reason)
{
	rw_agent_session_cut(world->session, world->now_ms, reason, strstr(reason, "stands by") != NULL);
}

static void tries_all_controllers_before_it_waits_longer(void **state)
{
	struct world *world = *state;

	know_three(world);
	cut(world, "HTTP status 503: stands by");
	pass(world, RW_AGENT_SWITCH_MAX_MS - 1);
	assert_string_equal(world->tried, "a");
	pass(world, 1);
	assert_string_equal(world->tried, "ab");
	cut(world, "connection refused");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	assert_string_equal(world->tried, "abc");
	/* Now it is the usual wait, and after the next round a longer one. */
	cut(world, "connection refused");
	pass(world, RW_AGENT_RETRY_MIN_MS - 1);
	assert_string_equal(world->tried, "abc");
	pass(world, 1);
	assert_string_equal(world->tried, "abca");
	cut(world, "connection refused");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	cut(world, "connection refused");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	cut(world, "connection refused");
	assert_string_equal(world->tried, "abcabc");
	pass(world, 2 * RW_AGENT_RETRY_MIN_MS - 1);
	assert_string_equal(world->tried, "abcabc");
	pass(world, 1);
	assert_string_equal(world->tried, "abcabca");
}

static void spreads_the_ways_between_controllers(void **state)
{
	struct world *world = *state;

	know_three(world);
	world->random_bits = RW_AGENT_SWITCH_MAX_MS - RW_AGENT_SWITCH_MIN_MS; /* the most that is taken off */
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MIN_MS - 1);
	assert_string_equal(world->tried, "a");
	pass(world, 1);
	assert_string_equal(world->tried, "ab");
	world->random_bits = 100;
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MAX_MS - 101);
	assert_string_equal(world->tried, "ab");
	pass(world, 1);
	assert_string_equal(world->tried, "abc");
}

static void one_that_cannot_even_be_asked_is_passed_over(void **state)
{
	struct world *world = *state;

	know_three(world);
	world->open_result = -EINVAL;
	cut(world, "reset");
	pass(world, 2ull * RW_AGENT_SWITCH_MAX_MS);
	assert_string_equal(world->tried, "abc");
}

static void goes_to_the_next_when_a_stream_breaks_or_falls_silent(void **state)
{
	struct world *world = *state;

	know_three(world);
	snapshot(world, 5, 22);
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	assert_string_equal(world->tried, "ab");
	assert_int_equal(world->have.revision, 5);
	delta(world, 5, 6, 22, 23);
	assert_int_equal(world->mark, 23);
	assert_string_equal(world->controllers.last, "https://b:8443");
	rw_agent_session_reported(world->session, world->now_ms, true);
	pass(world, RW_AGENT_SILENCE_MS + RW_AGENT_SWITCH_MAX_MS);
	assert_string_equal(world->tried, "abc");
}

static void begins_anew_after_a_stream_that_worked(void **state)
{
	struct world *world = *state;

	know_three(world);
	for (unsigned int i = 0; i < 9; i++) {
		cut(world, "connection refused");
		pass(world, 4ull * RW_AGENT_RETRY_MIN_MS);
	}
	assert_string_equal(world->tried, "abcabcabca");
	snapshot(world, 5, 22);
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	cut(world, "HTTP status 503: stands by");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	cut(world, "HTTP status 503: stands by");
	assert_string_equal(world->tried, "abcabcabcabc");
	pass(world, RW_AGENT_RETRY_MIN_MS);
	assert_string_equal(world->tried, "abcabcabcabca");
}

static void begins_with_the_one_that_worked_last(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_controllers_add_joined(&world->controllers, "https://b:8443", NULL), 0);
	(void)strcpy(world->controllers.last, "https://b:8443");
	pass(world, 0);
	assert_string_equal(world->tried, "b");
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	assert_string_equal(world->tried, "ba");
}

/* What it said holds for it alone; to ask the others would not mend it. */
static void asks_the_same_again_when_it_says_when_or_does_not_fit(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct world *world = *state;

	know_three(world);
	rw_buf_init(&buf, 1u << 20);
	assert_int_equal(rw_stream_encode_refused(&buf, "busy", 7000, NULL), 0);
	feed(world, &buf, ALL_LINES);
	pass(world, 7000);
	assert_string_equal(world->tried, "aa");
	snapshot(world, 5, 22);
	delta(world, 7, 8, 22, 23);
	pass(world, RW_AGENT_RETRY_MIN_MS);
	assert_string_equal(world->tried, "aaa");
	assert_int_equal(world->have.revision, 0);
	assert_int_equal(world->moves, 1);
}

/* Its answer would come late or never, and is nobody's. */
static void gives_up_the_report_to_the_controller_before(void **state)
{
	struct world *world = *state;

	know_three(world);
	snapshot(world, 5, 22);
	pass(world, 0);
	assert_int_equal(world->reports, 1);
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	assert_int_equal(world->moves, 2);
	assert_int_equal(world->reports, 1);
	heartbeat(world);
	assert_int_equal(world->reports, 2);
	assert_int_equal(world->brief, 0);
}

static void never_reports_where_no_stream_is_open(void **state)
{
	struct world *world = *state;

	know_three(world);
	rw_agent_session_report_soon(world->session);
	for (unsigned int i = 0; i < 7; i++) {
		cut(world, "HTTP status 503: stands by");
		pass(world, 4ull * RW_AGENT_RETRY_MIN_MS);
	}
	assert_true(world->opened > 5);
	assert_int_equal(world->reports, 0);
}

static void tells_of_each_lost_controller_once(void **state)
{
	struct world *world = *state;

	know_three(world);
	world->open_result = -ECONNREFUSED;
	cut(world, "no route");
	pass(world, 10ull * RW_AGENT_RETRY_MAX_MS);
	assert_true(world->opened > 20);
	assert_int_equal(world->notices, 3);
	/* Once one has worked, each is news again. */
	world->open_result = 0;
	while (!world->is_open)
		pass(world, 1000);
	snapshot(world, 5, 22);
	world->notices = 0;
	world->open_result = -ECONNREFUSED;
	cut(world, "no route");
	pass(world, 10ull * RW_AGENT_RETRY_MAX_MS);
	assert_int_equal(world->notices, 3);
}

/* It will serve soon, or will be gone. */
static void does_not_wait_long_for_one_that_stands_by(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_controllers_add_joined(&world->controllers, "https://b:8443", NULL), 0);
	pass(world, 0);
	for (unsigned int i = 0; i < 10; i++) {
		cut(world, "HTTP status 503: stands by");
		pass(world, RW_AGENT_SWITCH_MAX_MS);
		assert_int_equal(world->opened, 2 * i + 2);
		cut(world, "connection refused");
		pass(world, i ? RW_AGENT_TAKEOVER_MS : RW_AGENT_RETRY_MIN_MS);
		assert_int_equal(world->opened, 2 * i + 3);
	}
	/* From here on nobody does. */
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int opened = world->opened;

		cut(world, "connection refused");
		pass(world, RW_AGENT_SWITCH_MAX_MS);
		cut(world, "connection refused");
		pass(world, (RW_AGENT_TAKEOVER_MS << (i + 1)) - 1);
		assert_int_equal(world->opened, opened + 1);
		pass(world, 1);
		assert_int_equal(world->opened, opened + 2);
	}
}

static void goes_by_the_list_that_was_told_meanwhile(void **state)
{
	static const char told[][RW_REPORT_URL_SIZE] = {"https://d:8443", "https://a:8443"};
	struct rw_error unfit = RW_ERROR_NONE;
	struct world *world = *state;

	pass(world, 0);
	snapshot(world, 5, 22);
	assert_true(rw_controllers_tell(&world->controllers, told, 2, &unfit));
	cut(world, "reset");
	pass(world, RW_AGENT_SWITCH_MAX_MS);
	assert_string_equal(world->tried, "ad");
	cut(world, "reset");
	pass(world, RW_AGENT_RETRY_MIN_MS);
	assert_string_equal(world->tried, "ada");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_for_a_snapshot_and_follows_deltas),
		TEST(hands_on_what_a_change_says_of_live_flows),
		TEST(answers_a_question_with_the_next_report_and_changes_nothing),
		TEST(does_not_answer_a_question_about_another_policy),
		TEST(resumes_with_position_and_digest),
		TEST(starts_from_the_saved_policy),
		TEST(asks_for_a_snapshot_after_a_delta_with_a_wrong_digest),
		TEST(asks_for_a_snapshot_after_a_delta_from_another_revision),
		TEST(changes_nothing_when_the_stream_is_cut_in_a_delta),
		TEST(builds_the_next_delta_on_a_policy_that_could_not_be_applied),
		TEST(takes_a_snapshot_of_another_incarnation),
		TEST(moves_on_with_bookmarks),
		TEST(ends_a_stream_with_garbage),
		TEST(ends_a_silent_stream),
		TEST(waits_longer_after_each_failure_and_begins_anew_after_success),
		TEST(tells_of_a_lost_controller_once),
		TEST(stays_away_when_it_is_told_to),
		TEST(comes_back_when_it_is_told_to),
		TEST(lets_go_when_the_node_is_deleted),
		TEST(reports_at_heartbeats_and_at_once_after_an_apply),
		TEST(reports_briefly_after_a_delta_and_wholly_at_heartbeats),
		TEST(ends_the_stream_when_reports_are_not_answered),
		TEST(tries_all_controllers_before_it_waits_longer),
		TEST(spreads_the_ways_between_controllers),
		TEST(one_that_cannot_even_be_asked_is_passed_over),
		TEST(goes_to_the_next_when_a_stream_breaks_or_falls_silent),
		TEST(begins_anew_after_a_stream_that_worked),
		TEST(begins_with_the_one_that_worked_last),
		TEST(asks_the_same_again_when_it_says_when_or_does_not_fit),
		TEST(gives_up_the_report_to_the_controller_before),
		TEST(never_reports_where_no_stream_is_open),
		TEST(tells_of_each_lost_controller_once),
		TEST(does_not_wait_long_for_one_that_stands_by),
		TEST(goes_by_the_list_that_was_told_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
