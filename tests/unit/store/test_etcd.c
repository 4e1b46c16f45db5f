/* SPDX-License-Identifier: Apache-2.0 */

/* What only the store in etcd promises: one writer, and an exact answer whatever breaks on the way. */

#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "cutter.h"
#include "etcd.h"
#include "netns.h"
#include "scratch.h"
#include "store/etcd/etcd.h"
#include "store/store.h"

#define RELAY "127.0.0.2"

struct world {
	char folder[SCRATCH_SIZE];
	struct etcd_member member;
	struct rw_loop *loop;
	struct rw_etcd *etcd, *other;
	struct rw_store *store;
	unsigned int lost;
	char why[512];
};

static void note_lost(void *context, const struct rw_error *err)
{
	struct world *world = context;

	world->lost++;
	(void)snprintf(world->why, sizeof(world->why), "%s", err->text);
}

static struct rw_etcd *connect_to(struct world *world, const char *const *endpoints, size_t count,
				  const char *holder)
{
	const struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = endpoints,
		.endpoint_count = count,
		.holder = holder,
	};
	struct rw_etcd *etcd = NULL;

	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	return etcd;
}

static struct rw_etcd *connect_directly(struct world *world, const char *holder)
{
	const char *const endpoint = world->member.url;

	return connect_to(world, &endpoint, 1, holder);
}

static int open_store(struct world *world, struct rw_etcd *etcd, struct rw_store **ret_store,
		      struct rw_error *err)
{
	int r = -EHOSTDOWN;

	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_store_etcd_open(etcd, note_lost, world, ret_store, err);
	return r;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	etcd_start(&world->member, world->folder);
	assert_int_equal(rw_loop_new(&world->loop, NULL), 0);
	world->etcd = connect_directly(world, "one");
	world->other = connect_directly(world, "two");
	assert_int_equal(open_store(world, world->etcd, &world->store, NULL), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	int r;

	world->store = rw_store_free(world->store);
	world->etcd = rw_etcd_free(world->etcd);
	world->other = rw_etcd_free(world->other);
	world->loop = rw_loop_free(world->loop);
	etcd_kill(&world->member);
	r = scratch_remove(world->folder);
	free(world);
	return r;
}

static int put(struct rw_store *store, const char *key, const char *text, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, key, text, strlen(text));
	return rw_store_commit(store, &txn, NULL, err);
}

static void assert_holds(struct rw_store *store, const char *key, const char *text)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	int r = rw_store_get(store, key, 0, &entry, NULL);

	assert_int_equal(r, text ? 0 : RW_STORE_NOT_FOUND);
	if (text)
		assert_string_equal(entry.value, text);
}

static void turn_until_lost(struct world *world)
{
	for (int i = 0; i < 3000 && !world->lost; i++) {
		rw_loop_turn(world->loop);
		(void)poll(NULL, 0, 10);
	}
	assert_int_equal(world->lost, 1);
}

static void is_open_once_at_a_time(void **state)
{
	struct world *world = *state;
	struct rw_store *second = NULL;
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_buf_done) struct rw_buf claim;
	char holder[RW_ETCD_HOLDER_SIZE];

	rw_buf_init(&claim, 4096);
	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, note_lost, world, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another controller: one"));
	assert_int_equal(rw_etcd_read(world->other, "claim", &claim, NULL), 0);
	assert_int_equal(rw_etcd_claim_holder(claim.data, claim.size, holder, NULL), 0);
	assert_string_equal(holder, "one");
	world->store = rw_store_free(world->store);
	rw_buf_clear(&claim);
	assert_int_equal(rw_etcd_read(world->other, "claim", &claim, NULL), RW_STORE_NOT_FOUND);
	assert_int_equal(rw_store_etcd_open(world->other, note_lost, world, &second, &err), 0);
	assert_holds(second, "/a", "one");
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
	assert_int_equal(put(world->store, "/a", "still", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, note_lost, world, &second, NULL), -EBUSY);
}

static void writes_nothing_once_another_has_the_claim(void **state)
{
	struct world *world = *state;
	struct rw_store *second = NULL;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	/* As when the lease had ended while the first one stood still. */
	assert_int_equal(rw_etcd_delete(world->other, "claim", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, note_lost, world, &second, NULL), 0);
	assert_int_equal(put(second, "/b", "two", NULL), 0);
	assert_int_equal(put(world->store, "/a", "late", &err), -EIO);
	assert_non_null(strstr(err.text, "another controller"));
	assert_holds(second, "/a", "one");
	assert_holds(second, "/b", "two");
	turn_until_lost(world);
	assert_int_equal(put(world->store, "/a", "later", NULL), -EIO);
	assert_int_equal(put(second, "/c", "three", NULL), 0);
	second = rw_store_free(second);
}

static void gives_up_by_itself_when_etcd_is_silent(void **state)
{
	struct world *world = *state;

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(kill(world->member.pid, SIGSTOP), 0);
	turn_until_lost(world);
	assert_int_equal(kill(world->member.pid, SIGCONT), 0);
	assert_int_equal(put(world->store, "/a", "late", NULL), -EIO);
}

static void fails_without_a_member_and_goes_on_when_it_is_back(void **state)
{
	struct world *world = *state;
	struct rw_error err = RW_ERROR_NONE;
	int r = -EHOSTDOWN;

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	etcd_kill(&world->member);
	assert_int_equal(put(world->store, "/a", "two", &err), -EHOSTDOWN);
	assert_non_null(strstr(err.text, "nothing was changed"));
	etcd_restart(&world->member);
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++) {
		rw_loop_turn(world->loop);
		r = put(world->store, "/b", "three", &err);
	}
	assert_int_equal(r, 0);
	assert_holds(world->store, "/a", "one");
	assert_holds(world->store, "/b", "three");
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
	way->etcd = connect_to(world, endpoints, ways, "three");
	assert_int_equal(open_store(world, way->etcd, &world->store, NULL), 0);
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
		assert_int_equal(put(world->store, "/n", text, NULL), 0);
		assert_true(rw_store_revision(world->store) > before);
		assert_int_equal(rw_store_watch_next(watch, &batch, NULL), RW_STORE_EVENTS);
		assert_int_equal(batch.revision, rw_store_revision(world->store));
		assert_string_equal(batch.events[0].value, text);
		assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
		assert_holds(world->store, "/n", text);
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
	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	assert_int_equal(rw_store_watch_new(world->store, "/a", 0, NULL, NULL, &watch, NULL), 0);
	listener = become_silent(world, &way);
	assert_int_equal(put(world->store, "/a", "two", NULL), 0);
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), RW_STORE_EVENTS);
	assert_int_equal(batch.revision, rw_store_revision(world->store));
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), 0);
	assert_int_equal(put(world->store, "/a", "three", NULL), 0);
	pass_late(world, listener, answer, sizeof(answer));
	assert_non_null(strstr(answer, "200 OK"));
	assert_null(strstr(answer, "succeeded"));
	assert_holds(world->store, "/a", "three");
	watch = rw_store_watch_free(watch);
	assert_int_equal(world->lost, 0);
	(void)close(listener);
	way_close(world, &way);
}

/* ---- beside the store ---- */

struct listed {
	int calls;
	int result;
	char keys[256];
};

static void note_listed(void *context, int result, const struct rw_store_entry *entries, size_t count,
			const struct rw_error *err)
{
	struct listed *listed = context;

	(void)err;
	listed->calls++;
	listed->result = result;
	for (size_t i = 0; i < count; i++) {
		(void)strcat(listed->keys, entries[i].key);
		(void)strcat(listed->keys, "=");
		(void)strcat(listed->keys, entries[i].value);
		(void)strcat(listed->keys, " ");
	}
}

static void list(struct world *world, struct rw_etcd *etcd, const char *prefix, struct listed *listed)
{
	*listed = (struct listed){0};
	assert_int_equal(rw_etcd_list(etcd, prefix, note_listed, listed, NULL), 0);
	assert_int_equal(rw_etcd_list(etcd, prefix, note_listed, listed, NULL), -EALREADY);
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
	struct listed listed;
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
	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
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

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	world->store = rw_store_free(world->store);
	assert_int_equal(rw_etcd_delete(world->other, "incarnation", NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, note_lost, world, &world->store, &err), -EUCLEAN);
	assert_non_null(strstr(err.hint, "etcdctl del --prefix /ringwall/"));
	/* And leaves no claim behind. */
	assert_int_equal(
		rw_etcd_write(world->other, "incarnation", "00112233445566778899aabbccddeeff", 32, NULL), 0);
	assert_int_equal(rw_store_etcd_open(world->other, note_lost, world, &world->store, &err), 0);
	world->store = rw_store_free(world->store);
}

static void learns_how_far_others_have_compacted(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	uint64_t first, second;

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	first = rw_store_revision(world->store);
	for (int i = 0; i < 40; i++)
		assert_int_equal(put(world->store, "/a", "more", NULL), 0);
	second = rw_store_revision(world->store);
	assert_int_equal(rw_store_compact(world->store, second - 5, NULL), 0);
	world->store = rw_store_free(world->store);
	assert_int_equal(open_store(world, world->other, &world->store, NULL), 0);
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
	assert_int_equal(open_store(world, etcd, &world->store, NULL), 0);
	return etcd;
}

/* A large store is read at a start, and by a backup, for longer than the lease lasts. */
static void keeps_its_claim_while_it_only_reads(void **state)
{
	struct world *world = *state;
	struct ahead_clock clock = {0};
	struct rw_etcd *etcd = open_ahead(world, &clock);

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	for (unsigned int i = 0; i < 2 * RW_ETCD_LEASE_S; i += 5) {
		clock.ahead_ns += UINT64_C(5000000000);
		assert_holds(world->store, "/a", "one");
	}
	assert_int_equal(put(world->store, "/a", "two", NULL), 0);
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

	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	clock.ahead_ns += RW_ETCD_LEASE_S * UINT64_C(1000000000);
	assert_int_equal(rw_store_list(world->store, &query, &page, &err), -EIO);
	assert_non_null(strstr(err.text, "no longer open here"));
	assert_int_equal(rw_store_get(world->store, "/a", 0, &entry, NULL), -EIO);
	turn_until_lost(world);
	world->store = rw_store_free(world->store);
	etcd = rw_etcd_free(etcd);
}

/* ---- users and clusters ---- */

static struct rw_etcd *connect_as(struct world *world, const char *const *endpoints, size_t count,
				  const char *user, const char *password)
{
	const struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = endpoints,
		.endpoint_count = count,
		.user = user,
		.password = password,
		.holder = user,
	};
	struct rw_etcd *etcd = NULL;

	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	return etcd;
}

static void run_etcdctl(const struct world *world, const char *arguments)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "ETCDCTL_API=3 etcdctl --endpoints %s %s >/dev/null",
		       world->member.url, arguments);
	assert_int_equal(system(command), 0);
}

/* Users are root and ringwall, both with the password "secret". */
static void make_users(const struct world *world)
{
	run_etcdctl(world, "user add root:secret");
	run_etcdctl(world, "user grant-role root root");
	run_etcdctl(world, "user add ringwall:secret");
	run_etcdctl(world, "role add ringwall");
	run_etcdctl(world, "role grant-permission ringwall --prefix=true readwrite /ringwall/");
	run_etcdctl(world, "user grant-role ringwall ringwall");
	run_etcdctl(world, "auth enable");
}

static void asks_another_member_where_one_gives_no_token(void **state)
{
	struct world *world = *state;
	char dead[40];
	const char *const endpoints[] = {dead, world->member.url};
	struct listed listed = {0};
	struct rw_etcd *etcd;
	int r = -EHOSTDOWN;

	(void)snprintf(dead, sizeof(dead), "http://127.0.0.1:%u", etcd_free_port());
	make_users(world);
	etcd = connect_as(world, endpoints, 2, "ringwall", "secret");
	for (int i = 0; i < 3 && r == -EHOSTDOWN; i++)
		r = rw_etcd_list(etcd, "claim", note_listed, &listed, NULL);
	assert_int_equal(r, 0);
	etcd = rw_etcd_free(etcd);
}

/* Tokens that are signed hold the revision of the users, whoever of them is changed. */
static void takes_a_new_token_when_users_were_changed(void **state)
{
	struct world *world = *state;
	const char *const endpoint = world->member.url;
	struct rw_etcd *etcd;
	char path[SCRATCH_SIZE + 16], option[SCRATCH_SIZE + 64];
	FILE *file;

	world->store = rw_store_free(world->store);
	etcd_kill(&world->member);
	(void)snprintf(path, sizeof(path), "%s/secret", world->folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("0123456789abcdef0123456789abcdef", file) >= 0);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(option, sizeof(option), "jwt,sign-method=HS256,priv-key=%s,ttl=10m", path);
	assert_int_equal(setenv("ETCD_AUTH_TOKEN", option, 1), 0);
	etcd_restart(&world->member);
	assert_int_equal(unsetenv("ETCD_AUTH_TOKEN"), 0);
	assert_int_equal(open_store(world, world->other, &world->store, NULL), 0);
	world->store = rw_store_free(world->store);
	make_users(world);
	etcd = connect_as(world, &endpoint, 1, "ringwall", "secret");
	assert_int_equal(open_store(world, etcd, &world->store, NULL), 0);
	assert_int_equal(put(world->store, "/a", "one", NULL), 0);
	run_etcdctl(world, "--user root:secret user add somebody:else");
	assert_int_equal(put(world->store, "/a", "two", NULL), 0);
	run_etcdctl(world, "--user root:secret user delete somebody");
	assert_holds(world->store, "/a", "two");
	world->store = rw_store_free(world->store);
	etcd = rw_etcd_free(etcd);
}

/* A store of its own would be made there, with no policy in it. */
static void takes_no_answer_of_another_cluster(void **state)
{
	struct world *world = *state;
	struct etcd_member foreign;
	const char *const endpoints[] = {world->member.url, foreign.url};
	char folder[SCRATCH_SIZE + 16];
	struct rw_etcd *etcd, *direct;
	struct rw_store *second = NULL;
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const char *const alone = foreign.url;

	rw_buf_init(&buf, 4096);
	(void)snprintf(folder, sizeof(folder), "%s/foreign", world->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	etcd_start(&foreign, folder);
	etcd = connect_to(world, endpoints, 2, "three");
	direct = connect_to(world, &alone, 1, "four");
	assert_int_equal(rw_etcd_write(direct, "mark", "foreign", 7, NULL), 0);
	assert_int_equal(rw_etcd_read(etcd, "claim", &buf, NULL), 0);
	etcd_kill(&world->member);
	rw_buf_clear(&buf);
	assert_int_equal(rw_etcd_read(etcd, "mark", &buf, &err), -EHOSTDOWN);
	assert_int_equal(rw_store_etcd_open(etcd, note_lost, world, &second, &err), -EHOSTDOWN);
	assert_int_equal(rw_etcd_read(direct, "claim", &buf, NULL), RW_STORE_NOT_FOUND);
	/* And goes on with its own. */
	etcd_restart(&world->member);
	rw_buf_clear(&buf);
	for (int i = 0; i < 10 && rw_etcd_read(etcd, "incarnation", &buf, NULL) < 0; i++)
		;
	assert_string_equal(buf.data, rw_store_incarnation(world->store));
	etcd = rw_etcd_free(etcd);
	direct = rw_etcd_free(direct);
	etcd_kill(&foreign);
}

/* Its data were restored from a snapshot, say: nobody who stands by must be started anew. */
static void follows_etcd_when_all_of_it_is_another_cluster(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char moved[128];
	int r = -EHOSTDOWN;

	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_etcd_read(world->other, "claim", &buf, NULL), 0);
	etcd_kill(&world->member);
	(void)snprintf(moved, sizeof(moved), "%s.before", world->member.folder);
	assert_int_equal(rename(world->member.folder, moved), 0);
	/* The identity of a cluster comes from where its peers are. */
	world->member.peer_port = etcd_free_port();
	etcd_restart(&world->member);
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_etcd_read(world->other, "claim", &buf, NULL);
	assert_int_equal(r, RW_STORE_NOT_FOUND);
	/* Who has it open gives it up before. */
	assert_int_equal(put(world->store, "/a", "one", NULL), -EIO);
}

static void write_file(const struct world *world, const char *name, const char *text,
		       char path[SCRATCH_SIZE + 16])
{
	FILE *file;

	(void)snprintf(path, SCRATCH_SIZE + 16, "%s/%s", world->folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Starts the member anew with a certificate; gives its authority and another one. */
static void begin_tls(struct world *world, char **ret_ca, char **ret_other)
{
	const struct rw_cert_period period =
		rw_cert_period_days(rw_clock_realtime_ms(rw_clock_system()) / 1000, 2);
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *ca_key = NULL, *other_key = NULL, *key = NULL, *cert = NULL;
	const char *const name = "127.0.0.1";
	char path[SCRATCH_SIZE + 16];

	assert_int_equal(rw_cert_make_authority("etcd", rw_random_system(), period, ret_ca, &ca_key, NULL),
			 0);
	assert_int_equal(
		rw_cert_make_authority("other", rw_random_system(), period, ret_other, &other_key, NULL), 0);
	assert_int_equal(rw_cert_authority_new(*ret_ca, ca_key, rw_random_system(), &authority, NULL), 0);
	assert_int_equal(rw_cert_make_key(&key, NULL), 0);
	assert_int_equal(rw_cert_issue_server(authority, key, &name, 1, period, &cert, NULL), 0);
	etcd_kill(&world->member);
	write_file(world, "server.pem", cert, path);
	assert_int_equal(setenv("ETCD_CERT_FILE", path, 1), 0);
	write_file(world, "server.key", key, path);
	assert_int_equal(setenv("ETCD_KEY_FILE", path, 1), 0);
	(void)snprintf(world->member.url, sizeof(world->member.url), "https://127.0.0.1:%u",
		       world->member.port);
	etcd_restart(&world->member);
	assert_int_equal(unsetenv("ETCD_CERT_FILE"), 0);
	assert_int_equal(unsetenv("ETCD_KEY_FILE"), 0);
}

static void reads_certificates_again_that_were_renewed(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_free) char *ca = NULL, *other = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[SCRATCH_SIZE + 16];
	const char *const endpoint = world->member.url;
	struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = &endpoint,
		.endpoint_count = 1,
		.ca_file = path,
		.holder = "tls",
	};
	struct rw_etcd *etcd = NULL;
	int r = -EHOSTDOWN;

	rw_buf_init(&buf, 4096);
	world->store = rw_store_free(world->store);
	begin_tls(world, &ca, &other);
	write_file(world, "ca.pem", other, path);
	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_etcd_read(etcd, "incarnation", &buf, NULL);
	assert_int_equal(r, -EKEYREJECTED);
	write_file(world, "ca.pem", ca, path);
	for (int i = 0; i < 10 && r < 0; i++)
		r = rw_etcd_read(etcd, "incarnation", &buf, NULL);
	assert_int_equal(r, 0);
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
	assert_int_equal(open_store(world, etcd, &world->store, NULL), 0);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
		TEST(asks_another_member_where_one_gives_no_token),
		TEST(takes_a_new_token_when_users_were_changed),
		TEST(takes_no_answer_of_another_cluster),
		TEST(follows_etcd_when_all_of_it_is_another_cluster),
		TEST(reads_certificates_again_that_were_renewed),
		TEST(takes_the_largest_transaction_below_the_longest_prefix),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
