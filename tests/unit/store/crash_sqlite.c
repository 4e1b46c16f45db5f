/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kill -9 in the middle of writes, hundreds of times: no acknowledged change is lost, none is half done.
 *
 * A writer process commits transaction after transaction, each of several keys, and reports every
 * acknowledged one through a pipe.  It is killed at a random moment: while it makes the file, opens it,
 * writes, or compacts.  A second process then opens the file as the crash left it and checks it, and mostly
 * dies without closing, so that the next writer, too, starts from a log that was never tidied up.
 */

#include "fixture.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "store/sqlite/sqlite.h"

#define KILLS        300
#define KILLS_A_FILE 25 /* then a new file, so that its making is hit, too */
#define SLOTS        5
#define KEPT         3

struct acknowledgement {
	uint64_t number; /* of the transaction; 0 = none */
	uint64_t revision;
};

struct run {
	struct fixture fixture;
	struct acknowledgement last;
	uint64_t random_state;
	unsigned int kills;
	unsigned int acknowledged;
	unsigned int unreported; /* durable, but killed before it could be said */
};

static uint32_t draw(struct run *run, uint32_t below)
{
	run->random_state = run->random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(run->random_state >> 33) % below;
}

/* The number in a slot, and when it was written; 0 if there is none. */
static uint64_t read_slot(struct rw_store *store, unsigned int slot, uint64_t revision,
			  uint64_t *ret_mod_revision)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	char key[32];

	(void)snprintf(key, sizeof(key), "/slot/%u", slot);
	*ret_mod_revision = 0;
	if (rw_store_get(store, key, revision, &entry, NULL) != 0)
		return 0;
	*ret_mod_revision = entry.mod_revision;
	return strtoull(entry.value, NULL, 10);
}

/* Transaction 'number': every slot, a key of its own, and the end of an old one's; some values span pages. */
static int write_one(struct rw_store *store, uint64_t number, uint64_t previous, uint64_t *ret_revision)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	static char value[20000];
	char key[32];

	memset(value, ' ', sizeof(value));
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
	rw_store_txn_init(&txn);
	for (unsigned int slot = 0; slot < SLOTS; slot++) {
		(void)snprintf(key, sizeof(key), "/slot/%u", slot);
		rw_store_txn_expect(&txn, key, previous);
		rw_store_txn_put(&txn, key, value,
				 slot == number % SLOTS ? number * 997 % sizeof(value) + 24 : 24);
	}
	(void)snprintf(key, sizeof(key), "/own/%llu", (unsigned long long)number);
	rw_store_txn_put(&txn, key, NULL, 0);
	if (number > KEPT) {
		(void)snprintf(key, sizeof(key), "/own/%llu", (unsigned long long)(number - KEPT));
		rw_store_txn_delete(&txn, key);
	}
	return rw_store_commit(store, &txn, ret_revision, NULL);
}

static void writer(const char *path, int pipe_fd)
{
	struct rw_store *store = NULL;
	struct acknowledgement now = {0};
	uint64_t mod_revision;

	if (rw_store_sqlite_open(path, 0, rw_random_system(), &store, NULL) < 0)
		_exit(2);
	now.number = read_slot(store, 0, 0, &mod_revision);
	now.revision = mod_revision;
	for (;;) {
		now.number++;
		if (write_one(store, now.number, now.revision, &now.revision) != 0)
			_exit(3);
		if (write(pipe_fd, &now, sizeof(now)) != sizeof(now))
			_exit(4);
		if (now.number % 16 == 0 && rw_store_compact(store, now.revision - 20, NULL) < 0)
			_exit(5);
	}
}

/* All slots are of one transaction; its own keys are there and no others; history and watch agree. */
static const char *check(struct rw_store *store, struct acknowledgement last)
{
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query = {.prefix = "/own/"};
	struct rw_store_batch batch;
	uint64_t mod_revision;
	uint64_t other;
	uint64_t number = read_slot(store, 0, 0, &mod_revision);

	if (number < last.number)
		return "an acknowledged change is lost";
	if (number > last.number + 1)
		return "there is more than was ever written";
	if (number == last.number && last.number && mod_revision != last.revision)
		return "an acknowledged change has another revision";
	if (rw_store_revision(store) < mod_revision)
		return "the revision went back";
	for (unsigned int slot = 1; slot < SLOTS; slot++)
		if (read_slot(store, slot, 0, &other) != number || other != mod_revision)
			return "a change is half done";
	if (rw_store_list(store, &query, &page, NULL) != 0)
		return "cannot list";
	if (page.count != (number < KEPT ? number : KEPT))
		return "a change's deletion is missing";
	if (last.number && read_slot(store, 1, last.revision, &other) != last.number)
		return "history differs";
	if (number == last.number || !last.number)
		return NULL;
	if (rw_store_watch_new(store, "", last.revision + 1, NULL, NULL, &watch, NULL) != 0 ||
	    rw_store_watch_next(watch, &batch, NULL) != RW_STORE_EVENTS || batch.revision != mod_revision ||
	    batch.count != SLOTS + 1 + (number > KEPT))
		return "the watch gives less than the whole change";
	return NULL;
}

/* Checks in a process of its own; its status says whether the unacknowledged change had become durable. */
static void checker(const char *path, struct acknowledgement last, bool tidy)
{
	struct rw_store *store = NULL;
	struct rw_error err = RW_ERROR_NONE;
	const char *complaint;
	uint64_t mod_revision;
	uint64_t number;

	if (rw_store_sqlite_open(path, 0, rw_random_system(), &store, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		_exit(100);
	}
	complaint = check(store, last);
	if (complaint) {
		(void)fprintf(stderr, "after transaction %llu: %s\n", (unsigned long long)last.number,
			      complaint);
		_exit(101);
	}
	number = read_slot(store, 0, 0, &mod_revision);
	if (tidy)
		store = rw_store_free(store);
	_exit(number == last.number ? 0 : 1);
}

/* Collects acknowledgements for up to 'budget_us', then kills, then collects what was still in the pipe. */
static void let_write_and_kill(struct run *run, pid_t child, int pipe_fd, long budget_us)
{
	struct timespec start;
	struct timespec now;
	struct acknowledgement got;
	bool killed = false;
	int status;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct pollfd pollfd = {.fd = pipe_fd, .events = POLLIN};
		struct timespec left = {0};
		long passed_us;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		passed_us = (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
		if (!killed && passed_us >= budget_us) {
			assert_int_equal(kill(child, SIGKILL), 0);
			killed = true;
		}
		left.tv_nsec = passed_us < budget_us ? (budget_us - passed_us) * 1000 : 0;
		if (!killed && ppoll(&pollfd, 1, &left, NULL) == 0)
			continue;
		if (read(pipe_fd, &got, sizeof(got)) != sizeof(got))
			break;
		assert_true(got.revision > run->last.revision);
		run->last = got;
		run->acknowledged++;
	}
	assert_true(killed);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	run->kills++;
}

static void write_and_kill(struct run *run)
{
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(fds[0]);
		writer(run->fixture.path, fds[1]);
	}
	(void)close(fds[1]);
	let_write_and_kill(run, child, fds[0], (long)draw(run, 12000));
	(void)close(fds[0]);
}

static void verify(struct run *run)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		checker(run->fixture.path, run->last, draw(run, 8) == 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	if (WEXITSTATUS(status) == 1)
		run->unreported++;
}

/* What became durable without being reported is the starting point of the next writer. */
static void adopt_unreported(struct run *run)
{
	struct rw_store *store = NULL;

	assert_int_equal(rw_store_sqlite_open(run->fixture.path, 0, rw_random_system(), &store, NULL), 0);
	run->last.number = read_slot(store, 0, 0, &run->last.revision);
	(void)rw_store_free(store);
}

static void keeps_every_acknowledged_change_whole_over_hundreds_of_kills(void **state)
{
	static struct run run;
	void *fixture = &run.fixture;

	(void)state;
	run.random_state = 20261124;
	/* A busy machine acknowledges little between two kills: then there are more of them. */
	while (run.kills < KILLS || run.acknowledged <= KILLS) {
		run.fixture = fixture_sqlite;
		run.last = (struct acknowledgement){0};
		assert_int_equal(fixture_setup(&fixture), 0);
		run.fixture.store = rw_store_free(run.fixture.store);
		assert_int_equal(unlink(run.fixture.path), 0);
		for (int i = 0; i < KILLS_A_FILE; i++) {
			unsigned int before = run.unreported;

			write_and_kill(&run);
			verify(&run);
			if (run.unreported != before)
				adopt_unreported(&run);
		}
		assert_int_equal(fixture_teardown(&fixture), 0);
	}
	print_message("%u kills, %u changes acknowledged, %u durable before they could be\n", run.kills,
		      run.acknowledged, run.unreported);
	assert_true(run.kills >= KILLS && run.acknowledged > KILLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_every_acknowledged_change_whole_over_hundreds_of_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
