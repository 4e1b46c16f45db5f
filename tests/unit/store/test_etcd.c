/* SPDX-License-Identifier: Apache-2.0 */

/* What only the store in etcd promises: one writer, and an exact answer whatever breaks on the way. */

#include "etcd_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cutter.h"
#include "netns.h"

#define RELAY "127.0.0.2"

static void is_open_once_at_a_time(void **state)
{
	struct world *world = *state;
	struct rw_store *second = NULL;
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_buf_done) struct rw_buf claim;
	char holder[RW_ETCD_HOLDER_SIZE];

	rw_buf_init(&claim, 4096);
	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, world_note_lost, world, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another controller: one"));
	assert_int_equal(rw_etcd_read(world->other, "claim", &claim, NULL), 0);
	assert_int_equal(rw_etcd_claim_holder(claim.data, claim.size, holder, NULL), 0);
	assert_string_equal(holder, "one");
	world->store = rw_store_free(world->store);
	rw_buf_clear(&claim);
	assert_int_equal(rw_etcd_read(world->other, "claim", &claim, NULL), RW_STORE_NOT_FOUND);
	assert_int_equal(rw_store_etcd_open(world->other, world_note_lost, world, &second, &err), 0);
	world_expect(second, "/a", "one");
	second = rw_store_free(second);
	assert_int_equal(world->lost, 0);
}

static void keeps_its_claim_alive_beyond_the_lease(void **state)
{
	struct world *world = *state;
	uint64_t until_ns =
		rw_clock_monotonic_ns(rw_clock_system()) + (RW_ETCD_LEASE_S + 3) * UINT64_C(1000000000);
	struct rw_store *second = NULL;

	while (rw_clock_monotonic_ns(rw_clock_system()) < until_ns) {
		rw_loop_turn(world->loop);
		(void)poll(NULL, 0, 20);
	}
	assert_int_equal(world->lost, 0);
	assert_int_equal(world_put(world->store, "/a", "still", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, world_note_lost, world, &second, NULL), -EBUSY);
}

static void writes_nothing_once_another_has_the_claim(void **state)
{
	struct world *world = *state;
	struct rw_store *second = NULL;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	/* As when the lease had ended while the first one stood still. */
	assert_int_equal(rw_etcd_delete(world->other, "claim", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, world_note_lost, world, &second, NULL), 0);
	assert_int_equal(world_put(second, "/b", "two", NULL), 0);
	assert_int_equal(world_put(world->store, "/a", "late", &err), -ESHUTDOWN);
	assert_non_null(strstr(err.text, "another controller"));
	world_expect(second, "/a", "one");
	world_expect(second, "/b", "two");
	world_turn_until_lost(world);
	assert_int_equal(world_put(world->store, "/a", "later", NULL), -ESHUTDOWN);
	assert_int_equal(world_put(second, "/c", "three", NULL), 0);
	second = rw_store_free(second);
}

static void gives_up_by_itself_when_etcd_is_silent(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(kill(world->member.pid, SIGSTOP), 0);
	world_turn_until_lost(world);
	assert_int_equal(kill(world->member.pid, SIGCONT), 0);
	assert_int_equal(world_put(world->store, "/a", "late", NULL), -ESHUTDOWN);
}

static void fails_without_a_member_and_goes_on_when_it_is_back(void **state)
{
	struct world *world = *state;
	struct rw_error err = RW_ERROR_NONE;
	int r = -EHOSTDOWN;

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	etcd_kill(&world->member);
	assert_int_equal(world_put(world->store, "/a", "two", &err), -EHOSTDOWN);
	assert_non_null(strstr(err.text, "nothing was changed"));
	etcd_restart(&world->member);
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++) {
		rw_loop_turn(world->loop);
		r = world_put(world->store, "/b", "three", &err);
	}
	assert_int_equal(r, 0);
	world_expect(world->store, "/a", "one");
	world_expect(world->store, "/b", "three");
}

/* ---- breaks on the way ---- */

/* A way to the member through a relay that can cut; the store is open by it, and as second way directly. */
struct way {
	struct cutter cutter;
	char url[40];
	struct rw_etcd *etcd;
};

static void way_open(struct world *world, struct way *way, size_t ways)
{
	const char *const endpoints[] = {way->url, world->member.url};
	int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	world->store = rw_store_free(world->store);
	cutter_start(&way->cutter, ns, RELAY, "127.0.0.1", world->member.port);
	(void)close(ns);
	(void)snprintf(way->url, sizeof(way->url), "http://" RELAY ":%u", world->member.port);
	way->etcd = world_connect(world, endpoints, ways, "three");
	assert_int_equal(world_open(world, way->etcd, &world->store, NULL), 0);
}

static void way_close(struct world *world, struct way *way)
{
	world->store = rw_store_free(world->store);
	way->etcd = rw_etcd_free(way->etcd);
	cutter_stop(&way->cutter);
}

/* Answers are cut at every place; each change was carried out once, and is answered so. */
static void knows_that_a_change_was_carried_out_whose_answer_was_cut(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	struct rw_store_batch batch;
	struct way way;
	char text[16];

	way_open(world, &way, 1);
	assert_int_equal(rw_store_watch_new(world->store, "/n", 0, NULL, NULL, &watch, NULL), 0);
	for (unsigned int i = 0; i < 60; i++) {
		uint64_t before = rw_store_revision(world->store);

		(void)snprintf(text, sizeof(text), "%u", i);
		cutter_arm(&way.cutter, i * 7);
		assert_int_equal(world_put(world->store, "/n", text, NULL), 0);
		assert_true(rw_store_revision(world->store) > before);
		assert_int_equal(rw_store_watch_next(watch, &batch, NULL), RW_STORE_EVENTS);
		assert_int_equal(batch.revision, rw_store_revision(world->store));
		assert_string_equal(batch.events[0].value, text);
		assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
		world_expect(world->store, "/n", text);
	}
	assert_true(cutter_cuts(&way.cutter) >= 20);
	assert_int_equal(world->lost, 0);
	watch = rw_store_watch_free(watch);
	way_close(world, &way);
}

/* Takes the relay's place: accepts requests, and gives none on. */
static int become_silent(struct world *world, struct way *way)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(world->member.port)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	cutter_stop(&way->cutter);
	assert_int_equal(inet_pton(AF_INET, RELAY, &address.sin_addr), 1);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	return listener;
}

/* Gives the request that was held back to the member after all; the member's answer is in 'answer'. */
static void pass_late(struct world *world, int listener, char *answer, size_t size)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(world->member.port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int from = accept(listener, NULL, NULL);
	int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[8192];
	ssize_t got = recv(from, request, sizeof(request), 0);

	assert_true(got > 0);
	assert_int_equal(connect(to, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(to, request, (size_t)got, MSG_NOSIGNAL), got);
	got = recv(to, answer, size - 1, 0);
	assert_true(got > 0);
	answer[got] = '\0';
	(void)close(from);
	(void)close(to);
}

static void repeats_an_unanswered_change_that_will_never_be_carried_out(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	struct rw_store_batch batch;
	char answer[4096];
	struct way way;
	int listener;

	way_open(world, &way, 2);
	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(rw_store_watch_new(world->store, "/a", 0, NULL, NULL, &watch, NULL), 0);
	listener = become_silent(world, &way);
	assert_int_equal(world_put(world->store, "/a", "two", NULL), 0);
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), RW_STORE_EVENTS);
	assert_int_equal(batch.revision, rw_store_revision(world->store));
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
	assert_int_equal(world_put(world->store, "/a", "three", NULL), 0);
	pass_late(world, listener, answer, sizeof(answer));
	assert_non_null(strstr(answer, "200 OK"));
	assert_null(strstr(answer, "succeeded"));
	world_expect(world->store, "/a", "three");
	watch = rw_store_watch_free(watch);
	assert_int_equal(world->lost, 0);
	(void)close(listener);
	way_close(world, &way);
}

/* ---- beside the store ---- */

static void list(struct world *world, struct rw_etcd *etcd, const char *prefix, struct world_listed *listed)
{
	*listed = (struct world_listed){0};
	assert_int_equal(rw_etcd_list(etcd, prefix, world_note_listed, listed, NULL), 0);
	assert_int_equal(rw_etcd_list(etcd, prefix, world_note_listed, listed, NULL), -EALREADY);
	for (int i = 0; i < 500 && !listed->calls; i++) {
		rw_loop_turn(world->loop);
		(void)poll(NULL, 0, 10);
	}
	assert_int_equal(listed->calls, 1);
}

static void keeps_keys_beside_the_store(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_store_query query = {.prefix = ""};
	struct world_listed listed;
	char url[64];

	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_etcd_write(world->other, "controllers/b", "B", 1, NULL), 0);
	assert_int_equal(rw_etcd_write(world->other, "controllers/a", "A", 1, NULL), 0);
	assert_int_equal(rw_etcd_write(world->other, "controllers", "no", 2, NULL), 0);
	list(world, world->other, "controllers/", &listed);
	assert_int_equal(listed.result, 0);
	assert_string_equal(listed.keys, "controllers/a=A controllers/b=B ");
	assert_int_equal(rw_etcd_delete(world->other, "controllers/a", NULL), 0);
	list(world, world->etcd, "controllers/", &listed);
	assert_string_equal(listed.keys, "controllers/b=B ");
	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(rw_etcd_read(world->other, "data/a", &buf, NULL), 0);
	assert_string_equal(buf.data, "one");
	/* The store sees its own keys only. */
	assert_int_equal(rw_store_list(world->store, &query, &page, NULL), 0);
	assert_int_equal(page.count, 1);
	rw_buf_clear(&buf);
	(void)snprintf(url, sizeof(url), "%s\nhttp://127.0.0.1:%u\n", world->member.url,
		       world->member.peer_port);
	assert_int_equal(rw_etcd_members(world->other, &buf, NULL), 0);
	assert_string_equal(buf.data, url);
	etcd_kill(&world->member);
	list(world, world->other, "controllers/", &listed);
	assert_int_equal(listed.result, -EHOSTDOWN);
}

static void refuses_data_without_an_incarnation(void **state)
{
	struct world *world = *state;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	world->store = rw_store_free(world->store);
	assert_int_equal(rw_etcd_delete(world->other, "incarnation", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, world_note_lost, world, &world->store, &err),
			 -EUCLEAN);
	assert_non_null(strstr(err.hint, "etcdctl del --prefix /ringwall/"));
	/* And leaves no claim behind. */
	assert_int_equal(
		rw_etcd_write(world->other, "incarnation", "00112233445566778899aabbccddeeff", 32, NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, world_note_lost, world, &world->store, &err), 0);
	world->store = rw_store_free(world->store);
}

static void learns_how_far_others_have_compacted(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	uint64_t first, second;

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	first = rw_store_revision(world->store);
	for (int i = 0; i < 40; i++)
		assert_int_equal(world_put(world->store, "/a", "more", NULL), 0);
	second = rw_store_revision(world->store);
	assert_int_equal(rw_store_compact(world->store, second - 5, NULL), 0);
	world->store = rw_store_free(world->store);
	assert_int_equal(world_open(world, world->other, &world->store, NULL), 0);
	assert_int_equal(rw_store_compacted_revision(world->store), second - 5);
	assert_int_equal(rw_store_get(world->store, "/a", first, &entry, NULL), RW_STORE_COMPACTED);
	assert_int_equal(rw_store_get(world->store, "/a", second - 5, &entry, NULL), 0);
	world->store = rw_store_free(world->store);
}

static void refuses_options_that_do_not_fit(void **state)
{
	static const struct {
		const char *endpoint, *prefix, *field;
	} cases[] = {
		{"10.0.0.1:2379", NULL, "--etcd"},
		{"https://10.0.0.1:2379/v3", NULL, "--etcd"},
		{"https://10.0.0.1:2379", "ringwall", "--etcd-prefix"},
		{"https://10.0.0.1:2379", "/ringwall/", "--etcd-prefix"},
		{"https://10.0.0.1:2379", "/", "--etcd-prefix"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		const struct rw_etcd_options options = {
			.loop = world->loop,
			.clock = rw_clock_system(),
			.random = rw_random_system(),
			.endpoints = &cases[i].endpoint,
			.endpoint_count = 1,
			.prefix = cases[i].prefix,
			.holder = "x",
		};
		struct rw_error err = RW_ERROR_NONE;
		struct rw_etcd *etcd = NULL;

		assert_int_equal(rw_etcd_new(&options, &etcd, &err), -EINVAL);
		assert_string_equal(err.field, cases[i].field);
	}
}

/* ---- a loop that stands still ---- */

/* The system's clock, and as much ahead as was said. */
struct ahead_clock {
	struct rw_clock clock; /* first */
	uint64_t ahead_ns;
};

static uint64_t ahead_monotonic_ns(const struct rw_clock *clock)
{
	return rw_clock_monotonic_ns(rw_clock_system()) + ((const struct ahead_clock *)clock)->ahead_ns;
}

static int64_t ahead_realtime_ms(const struct rw_clock *clock)
{
	return rw_clock_realtime_ms(rw_clock_system()) +
	       (int64_t)(((const struct ahead_clock *)clock)->ahead_ns / 1000000);
}

/* Opens the store anew, for somebody who sees the time of 'clock'. */
static struct rw_etcd *open_ahead(struct world *world, struct ahead_clock *clock)
{
	const char *const endpoint = world->member.url;
	const struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = &clock->clock,
		.random = rw_random_system(),
		.endpoints = &endpoint,
		.endpoint_count = 1,
		.holder = "ahead",
	};
	struct rw_etcd *etcd = NULL;

	clock->clock =
		(struct rw_clock){.monotonic_ns = ahead_monotonic_ns, .realtime_ms = ahead_realtime_ms};
	world->store = rw_store_free(world->store);
	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	assert_int_equal(world_open(world, etcd, &world->store, NULL), 0);
	return etcd;
}

/* A large store is read at a start, and by a backup, for longer than the lease lasts. */
static void keeps_its_claim_while_it_only_reads(void **state)
{
	struct world *world = *state;
	struct ahead_clock clock = {0};
	struct rw_etcd *etcd = open_ahead(world, &clock);

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	for (unsigned int i = 0; i < 2 * RW_ETCD_LEASE_S; i += 5) {
		clock.ahead_ns += UINT64_C(5000000000);
		world_expect(world->store, "/a", "one");
	}
	assert_int_equal(world_put(world->store, "/a", "two", NULL), 0);
	assert_int_equal(world->lost, 0);
	world->store = rw_store_free(world->store);
	etcd = rw_etcd_free(etcd);
}

/* What it read would be another one's state, or some of this and some of that. */
static void reads_nothing_once_the_claim_is_lost(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	const struct rw_store_query query = {.prefix = ""};
	struct ahead_clock clock = {0};
	struct rw_etcd *etcd = open_ahead(world, &clock);
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	clock.ahead_ns += RW_ETCD_LEASE_S * UINT64_C(1000000000);
	assert_int_equal(rw_store_list(world->store, &query, &page, &err), -ESHUTDOWN);
	assert_non_null(strstr(err.text, "no longer open here"));
	assert_int_equal(rw_store_get(world->store, "/a", 0, &entry, NULL), -ESHUTDOWN);
	world_turn_until_lost(world);
	world->store = rw_store_free(world->store);
	etcd = rw_etcd_free(etcd);
}

/* ---- the limits of etcd ---- */

/* The prefix stands before each key, and takes part of what etcd lets a transaction hold. */
static void takes_the_largest_transaction_below_the_longest_prefix(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	char prefix[RW_ETCD_PREFIX_MAX + 1] = "/";
	const char *const endpoint = world->member.url;
	const struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = &endpoint,
		.endpoint_count = 1,
		.prefix = prefix,
		.holder = "a.controller.with.a.name.of.some.length.example.net:8443",
	};
	struct rw_etcd *etcd = NULL;
	struct rw_error err = RW_ERROR_NONE;
	size_t left = RW_STORE_MAX_TXN_BYTES;
	char *value;
	char key[32];

	(void)memset(prefix + 1, 'p', RW_ETCD_PREFIX_MAX - 1);
	world->store = rw_store_free(world->store);
	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	assert_int_equal(world_open(world, etcd, &world->store, NULL), 0);
	rw_store_txn_init(&txn);
	for (int i = 0; i < RW_STORE_MAX_COMPARES; i++) {
		(void)snprintf(key, sizeof(key), "/%03d", i);
		rw_store_txn_expect(&txn, key, 0);
	}
	value = calloc(1, RW_STORE_MAX_TXN_BYTES);
	assert_non_null(value);
	for (int i = 0; i < RW_STORE_MAX_OPERATIONS; i++) {
		left = RW_STORE_MAX_TXN_BYTES - txn.size_bytes;
		left = left / (size_t)(RW_STORE_MAX_OPERATIONS - i) - RW_STORE_TXN_OVERHEAD - strlen("/000");
		(void)snprintf(key, sizeof(key), "/%03d", i);
		rw_store_txn_put(&txn, key, value, left);
	}
	free(value);
	assert_int_equal(rw_store_txn_check(&txn, NULL), 0);
	assert_true(txn.size_bytes > RW_STORE_MAX_TXN_BYTES - 16);
	if (rw_store_commit(world->store, &txn, NULL, &err) != 0)
		fail_msg("%s", err.text);
	world->store = rw_store_free(world->store);
	etcd = rw_etcd_free(etcd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(is_open_once_at_a_time),
		TEST(keeps_its_claim_alive_beyond_the_lease),
		TEST(writes_nothing_once_another_has_the_claim),
		TEST(gives_up_by_itself_when_etcd_is_silent),
		TEST(fails_without_a_member_and_goes_on_when_it_is_back),
		TEST(knows_that_a_change_was_carried_out_whose_answer_was_cut),
		TEST(repeats_an_unanswered_change_that_will_never_be_carried_out),
		TEST(keeps_keys_beside_the_store),
		TEST(refuses_data_without_an_incarnation),
		TEST(learns_how_far_others_have_compacted),
		TEST(refuses_options_that_do_not_fit),
		TEST(keeps_its_claim_while_it_only_reads),
		TEST(reads_nothing_once_the_claim_is_lost),
		TEST(takes_the_largest_transaction_below_the_longest_prefix),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
