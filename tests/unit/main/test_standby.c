/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "main/standby.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* An etcd of some keys, the claim among them, and the controller that stands by it. */
struct world {
	struct rw_clock clock; /* first */
	uint64_t now_ms;
	struct rw_standby *standby;

	char keys[32][256];
	char values[32][1024];
	size_t count;

	char asked[64]; /* the listing under way; "" = none */
	bool awake;
	bool unasked; /* it does so before a listing is on its way */
	bool read_only;
	int down;    /* etcd fails with this */
	int refresh; /* what calls give */
	int open;
	int reopen;

	unsigned int lists;
	unsigned int writes;
	unsigned int refreshes;
	unsigned int opens; /* tried */
	unsigned int opened;
	unsigned int reopened;
	unsigned int closed;
	struct rw_registry last; /* that it was opened or reopened for */
};

static uint64_t clock_ns(const struct rw_clock *clock)
{
	return ((const struct world *)clock)->now_ms * UINT64_C(1000000);
}

static int64_t clock_ms(const struct rw_clock *clock)
{
	return INT64_C(1790000000000) + (int64_t)((const struct world *)clock)->now_ms;
}

static int give_failure(const struct world *world, struct rw_error *err)
{
	return rw_error_set(err, world->down, "member %u of etcd fails with %d", world->lists % 3,
			    world->down);
}

static void put(struct world *world, const char *key, const char *value)
{
	size_t i = 0;

	while (i < world->count && strcmp(world->keys[i], key) != 0)
		i++;
	world->count += i == world->count;
	(void)snprintf(world->keys[i], sizeof(world->keys[i]), "%s", key);
	(void)snprintf(world->values[i], sizeof(world->values[i]), "%s", value);
}

static const char *get(const struct world *world, const char *key)
{
	for (size_t i = 0; i < world->count; i++)
		if (strcmp(world->keys[i], key) == 0)
			return world->values[i];
	return NULL;
}

static void drop(struct world *world, const char *key)
{
	for (size_t i = 0; i < world->count; i++) {
		if (strcmp(world->keys[i], key) != 0)
			continue;
		world->count--;
		(void)memmove(world->keys[i], world->keys[world->count], sizeof(world->keys[i]));
		(void)memmove(world->values[i], world->values[world->count], sizeof(world->values[i]));
		return;
	}
}

static int begin_list(void *userdata, const char *prefix, struct rw_error *err)
{
	struct world *world = userdata;

	if (world->unasked)
		return give_failure(world, err);
	assert_string_equal(world->asked, "");
	(void)snprintf(world->asked, sizeof(world->asked), "%s", prefix);
	world->lists++;
	return 0;
}

static int write_key(void *userdata, const char *key, const void *bytes, size_t size, struct rw_error *err)
{
	struct world *world = userdata;

	if (world->down)
		return give_failure(world, err);
	if (world->read_only)
		return rw_error_set(err, -EACCES, "permission denied");
	assert_int_equal(strlen(bytes), size);
	put(world, key, bytes);
	world->writes++;
	return 0;
}

static int remove_key(void *userdata, const char *key, struct rw_error *err)
{
	(void)err;
	drop(userdata, key);
	return 0;
}

static int read_claim(void *userdata, const struct rw_store_entry *claim, char holder[RW_REGISTRY_URL_SIZE],
		      struct rw_error *err)
{
	(void)userdata;
	if (strcmp(claim->value, "?") == 0)
		return rw_error_set(err, -EINVAL, "the claim cannot be read");
	(void)snprintf(holder, RW_REGISTRY_URL_SIZE, "%s", (const char *)claim->value);
	return 0;
}

static int refresh(void *userdata, struct rw_error *err)
{
	struct world *world = userdata;

	world->refreshes++;
	return world->refresh ? rw_error_set(err, world->refresh, "the key is another one") : 0;
}

static int open_all(void *userdata, const struct rw_registry *registry, struct rw_error *err)
{
	struct world *world = userdata;

	world->opens++;
	if (world->open)
		return rw_error_set(err, world->open, "it does not open");
	if (get(world, "claim"))
		return rw_error_set(err, -EBUSY, "it is open");
	put(world, "claim", "a:1");
	world->last = *registry;
	world->opened++;
	return 0;
}

static int reopen(void *userdata, const struct rw_registry *registry, struct rw_error *err)
{
	struct world *world = userdata;

	world->reopened++;
	world->last = *registry;
	return world->reopen ? rw_error_set(err, world->reopen, "it does not open again") : 0;
}

static void close_all(void *userdata)
{
	struct world *world = userdata;

	world->closed++;
	if (get(world, "claim") && strcmp(get(world, "claim"), "a:1") == 0)
		drop(world, "claim");
}

static void wake(void *userdata)
{
	((struct world *)userdata)->awake = true;
}

static const struct rw_standby_calls calls = {
	.list = begin_list,
	.write = write_key,
	.remove = remove_key,
	.read_claim = read_claim,
	.refresh = refresh,
	.open = open_all,
	.reopen = reopen,
	.close = close_all,
	.wake = wake,
};

static void answer(struct world *world)
{
	struct rw_store_entry entries[32];
	struct rw_error err = RW_ERROR_NONE;
	char prefix[64];
	size_t count = 0;

	(void)strcpy(prefix, world->asked);
	world->asked[0] = '\0';
	for (size_t i = 0; i < world->count; i++)
		if (strncmp(world->keys[i], prefix, strlen(prefix)) == 0)
			entries[count++] = (struct rw_store_entry){.key = world->keys[i],
								   .value = world->values[i],
								   .value_size = strlen(world->values[i])};
	if (world->down)
		rw_standby_listed(world->standby, give_failure(world, &err), NULL, 0, &err);
	else
		rw_standby_listed(world->standby, 0, entries, count, NULL);
}

/* All that happens at this moment. */
static int settle(struct world *world)
{
	struct rw_error err = RW_ERROR_NONE;
	int r;

	for (int turns = 0; turns < 20; turns++) {
		world->awake = false;
		r = rw_standby_tick(world->standby, &err);
		if (r < 0)
			return r;
		if (world->asked[0])
			answer(world);
		if (!world->awake)
			return 0;
	}
	fail_msg("it does not come to rest");
	return 0;
}

static void pass(struct world *world, int64_t ms)
{
	for (; ms > 0; ms -= 500) {
		world->now_ms += 500;
		assert_int_equal(settle(world), 0);
	}
}

static void add_controller(struct world *world, const char *name, int64_t age_ms)
{
	struct rw_registry_entry one = {.seen_ms = clock_ms(&world->clock) - age_ms, .endpoint_count = 1};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char key[256];

	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	(void)snprintf(one.url, sizeof(one.url), "https://%s", name);
	one.endpoints[0].port = 8443;
	assert_int_equal(rw_address_parse("192.0.2.2", &one.endpoints[0].address, NULL), 0);
	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_registry_encode(&buf, &one, NULL), 0);
	(void)snprintf(key, sizeof(key), "controllers/%s", name);
	put(world, key, buf.data);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct rw_standby_options options = {.calls = &calls, .userdata = world};

	rw_log_set_level(RW_LOG_ERROR);
	assert_non_null(world);
	world->clock = (struct rw_clock){clock_ns, clock_ms};
	world->now_ms = 5000;
	options.clock = &world->clock;
	(void)strcpy(options.self.name, "a:1");
	(void)strcpy(options.self.url, "https://a:1");
	assert_int_equal(rw_standby_new(&options, &world->standby, NULL), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	(void)rw_standby_free(world->standby);
	free(world);
	return 0;
}

/* ---- tests ---- */

static const char *explain(const struct world *world)
{
	static struct rw_error reason;

	reason = RW_ERROR_NONE;
	rw_standby_explain(world->standby, &reason);
	assert_int_equal(reason.code, -EREMOTE);
	return reason.text;
}

static void takes_over_at_once_where_nobody_is_active(void **state)
{
	struct world *world = *state;

	assert_non_null(strstr(explain(world), "starting"));
	assert_int_equal(settle(world), 0);
	assert_true(rw_standby_is_active(world->standby));
	assert_int_equal(world->opened, 1);
	/* It is among those that it was opened for. */
	assert_non_null(get(world, "controllers/a:1"));
	assert_non_null(rw_registry_find(&world->last, "a:1"));
}

static void stands_by_while_another_one_is_active(void **state)
{
	struct world *world = *state;
	struct rw_error reason = RW_ERROR_NONE;

	add_controller(world, "b:1", 0);
	put(world, "claim", "b:1");
	pass(world, 60000);
	assert_int_equal(world->opened, 0);
	assert_int_equal(world->writes, 1);
	assert_string_equal(rw_standby_other(world->standby)->url, "https://b:1");
	rw_standby_explain(world->standby, &reason);
	assert_non_null(strstr(reason.text, "b:1 is active"));
	assert_non_null(strstr(reason.hint, "https://b:1"));
	/* About one look a second, not more. */
	assert_in_range(world->lists, 55, 75);
}

static void takes_over_within_a_second_of_the_claims_end(void **state)
{
	struct world *world = *state;

	put(world, "claim", "b:1");
	add_controller(world, "b:1", 0);
	pass(world, 5000);
	drop(world, "claim");
	pass(world, 1500);
	assert_true(rw_standby_is_active(world->standby));
	assert_non_null(rw_registry_find(&world->last, "b:1"));
	assert_null(rw_standby_other(world->standby));
}

static void stands_by_again_when_another_one_was_faster(void **state)
{
	struct world *world = *state;

	world->open = -EBUSY;
	assert_int_equal(settle(world), 0);
	assert_false(rw_standby_is_active(world->standby));
	put(world, "claim", "b:1");
	pass(world, 3000);
	assert_non_null(strstr(explain(world), "b:1 is active"));
	assert_int_equal(world->closed, 0);
}

static void steps_back_when_the_claim_is_lost(void **state)
{
	const struct rw_error lost = {.code = -ESTALE, .text = "the lease has ended"};
	struct world *world = *state;

	assert_int_equal(settle(world), 0);
	put(world, "claim", "b:1");
	rw_standby_lost(world->standby, &lost);
	/* Only noted so far: it may be told from inside of what is to be closed. */
	assert_int_equal(world->closed, 0);
	assert_true(world->awake);
	assert_int_equal(settle(world), 0);
	assert_int_equal(world->closed, 1);
	assert_false(rw_standby_is_active(world->standby));
	pass(world, 2000);
	drop(world, "claim");
	pass(world, 2000);
	assert_true(rw_standby_is_active(world->standby));
	assert_int_equal(world->opened, 2);
}

static void waits_for_etcd_whatever_happens_after_the_start(void **state)
{
	static const int codes[] = {-EHOSTDOWN, -EACCES, -EIO};
	struct world *world = *state;

	put(world, "claim", "b:1");
	pass(world, 2000);
	for (size_t i = 0; i < RW_ARRAY_COUNT(codes); i++) {
		unsigned int lists = world->lists;

		world->down = codes[i];
		pass(world, 20000);
		assert_non_null(strstr(explain(world), "etcd fails"));
		assert_in_range(world->lists - lists, 15, 25);
		world->down = 0;
		pass(world, 2000);
		assert_non_null(strstr(explain(world), "b:1 is active"));
	}
}

static void waits_for_etcd_from_the_first_moment(void **state)
{
	struct world *world = *state;

	world->down = -EHOSTDOWN;
	pass(world, 10000);
	assert_false(rw_standby_is_active(world->standby));
	world->down = 0;
	pass(world, 2000);
	assert_true(rw_standby_is_active(world->standby));
}

static void ends_at_once_when_etcd_refuses_it_from_the_start(void **state)
{
	struct world *world = *state;

	world->down = -EACCES;
	assert_int_equal(settle(world), -EACCES);
}

static void ends_at_once_when_etcd_refuses_it_before_it_can_ask(void **state)
{
	struct world *world = *state;

	world->unasked = true;
	world->down = -EHOSTDOWN;
	pass(world, 3000);
	world->down = -EKEYREJECTED;
	world->now_ms += 1000;
	assert_int_equal(settle(world), -EKEYREJECTED);
}

static void says_that_it_cannot_take_over_and_does_not_try_all_the_time(void **state)
{
	struct world *world = *state;
	struct rw_error reason = RW_ERROR_NONE;

	put(world, "claim", "b:1");
	add_controller(world, "b:1", 0);
	world->refresh = world->open = -EKEYREJECTED;
	pass(world, 2000);
	rw_standby_explain(world->standby, &reason);
	assert_non_null(strstr(reason.text, "the key is another one"));
	assert_non_null(strstr(reason.hint, "https://b:1"));
	drop(world, "claim");
	pass(world, 60000);
	assert_null(get(world, "claim"));
	assert_non_null(strstr(explain(world), "it does not open"));
	/* Mended, it takes over without a restart. */
	world->refresh = world->open = 0;
	pass(world, 20000);
	assert_true(rw_standby_is_active(world->standby));
}

static void refreshes_what_is_shared_once_a_minute(void **state)
{
	struct world *world = *state;

	put(world, "claim", "b:1");
	pass(world, 10 * 60000);
	assert_in_range(world->refreshes, 9, 12);
}

static void serves_on_for_others_when_the_controllers_change(void **state)
{
	struct world *world = *state;

	pass(world, 15000);
	assert_int_equal(world->reopened, 0);
	add_controller(world, "b:1", 0);
	pass(world, 11000);
	assert_int_equal(world->reopened, 1);
	assert_non_null(rw_registry_find(&world->last, "b:1"));
	/* Being seen again is no change. */
	add_controller(world, "b:1", -5000);
	pass(world, 30000);
	assert_int_equal(world->reopened, 1);
	assert_int_equal(world->opened, 1);
	assert_int_equal(world->closed, 0);
}

static void gives_the_claim_up_when_it_cannot_serve_on(void **state)
{
	struct world *world = *state;

	pass(world, 1000);
	world->reopen = -ENOMEM;
	add_controller(world, "b:1", 0);
	pass(world, 11000);
	assert_int_equal(world->closed, 1);
	assert_false(rw_standby_is_active(world->standby));
	pass(world, 20000);
	assert_int_equal(world->opened, 2);
	assert_true(rw_standby_is_active(world->standby));
}

/* Passes the time, and gives the number of lines that are logged in it. */
static unsigned int count_logged(struct world *world, int64_t ms)
{
	int log = memfd_create("log", MFD_CLOEXEC);
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	unsigned int lines = 0;
	char bytes[512];
	ssize_t got;

	assert_true(log >= 0 && saved >= 0);
	assert_true(dup2(log, STDERR_FILENO) >= 0);
	rw_log_set_level(RW_LOG_INFO);
	pass(world, ms);
	rw_log_set_level(RW_LOG_ERROR);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_true(lseek(log, 0, SEEK_SET) == 0);
	while ((got = read(log, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < got; i++)
			lines += bytes[i] == '\n';
	(void)close(log);
	(void)close(saved);
	return lines;
}

static void forgets_controllers_unseen_for_thirty_days_while_active(void **state)
{
	struct world *world = *state;

	add_controller(world, "old:1", 31 * DAY_MS);
	add_controller(world, "older:1", 40 * DAY_MS);
	add_controller(world, "b:1", 29 * DAY_MS);
	put(world, "claim", "b:1");
	pass(world, 30000);
	assert_non_null(get(world, "controllers/old:1"));
	drop(world, "claim");
	pass(world, 40000);
	assert_null(get(world, "controllers/old:1"));
	assert_null(get(world, "controllers/older:1"));
	assert_non_null(get(world, "controllers/b:1"));
}

/* Its clock is wrong, or ours is: it must not be forgotten by turns. */
static void forgets_nobody_who_comes_again(void **state)
{
	struct world *world = *state;
	unsigned int reopened;

	add_controller(world, "b:1", 40 * DAY_MS);
	pass(world, 12000);
	assert_true(rw_standby_is_active(world->standby));
	assert_null(get(world, "controllers/b:1"));
	add_controller(world, "b:1", 40 * DAY_MS);
	assert_int_equal(count_logged(world, 20000), 2); /* that, and that streams begin anew */
	assert_non_null(rw_registry_find(&world->last, "b:1"));
	reopened = world->reopened;
	world->now_ms += 40 * DAY_MS;
	pass(world, 60000);
	assert_non_null(get(world, "controllers/b:1"));
	assert_int_equal(world->reopened, reopened);
}

static void writes_its_entry_daily_and_when_it_is_gone(void **state)
{
	struct world *world = *state;

	pass(world, 1000);
	assert_int_equal(world->writes, 1);
	world->now_ms += DAY_MS;
	pass(world, 11000);
	assert_int_equal(world->writes, 2);
	drop(world, "controllers/a:1");
	pass(world, 60000);
	assert_int_equal(world->writes, 3);
	assert_non_null(get(world, "controllers/a:1"));
}

/* etcd lets us read, but not write: a user with half of the rights, a full disk. */
static void says_once_that_it_cannot_write(void **state)
{
	struct world *world = *state;

	assert_int_equal(settle(world), 0);
	assert_true(rw_standby_is_active(world->standby));
	drop(world, "controllers/a:1");
	world->read_only = true;
	assert_int_equal(count_logged(world, 600000), 1);
	world->read_only = false;
	pass(world, 30000);
	assert_non_null(get(world, "controllers/a:1"));
}

/* Each member that is asked in turn fails in its own words. */
static void says_once_that_no_member_of_etcd_answers(void **state)
{
	struct world *world = *state;

	put(world, "claim", "b:1");
	add_controller(world, "b:1", 0);
	pass(world, 1000);
	world->down = -EHOSTDOWN;
	assert_int_equal(count_logged(world, 500000), 1);
	/* Another kind is told at once. */
	world->down = -EKEYEXPIRED;
	assert_int_equal(count_logged(world, 5000), 1);
}

static void says_once_that_etcd_does_not_let_it_take_over(void **state)
{
	struct world *world = *state;

	world->open = -EHOSTDOWN;
	assert_int_equal(count_logged(world, 60000), 2);
	assert_true(world->opens < 12);
	assert_non_null(strstr(explain(world), "stands by"));
	world->open = 0;
	pass(world, 16000);
	assert_true(rw_standby_is_active(world->standby));
}

static void says_once_that_there_are_too_many_controllers(void **state)
{
	struct world *world = *state;
	char name[16];

	for (int i = 0; i < RW_REGISTRY_MAX + 4; i++) {
		(void)snprintf(name, sizeof(name), "b%02d:1", i);
		add_controller(world, name, 0);
	}
	assert_int_equal(settle(world), 0);
	assert_int_equal(count_logged(world, 60000), 0);
	assert_int_equal(rw_standby_registry(world->standby)->count, RW_REGISTRY_MAX);
}

/* Until it writes it would not know, and serve beside whoever claims the store now. */
static void notices_that_its_claim_was_taken_away(void **state)
{
	struct world *world = *state;

	assert_int_equal(settle(world), 0);
	assert_true(rw_standby_is_active(world->standby));
	pass(world, 60000);
	assert_int_equal(world->closed, 0);
	drop(world, "claim");
	pass(world, 12000);
	assert_int_equal(world->closed, 1);
	assert_int_equal(world->opened, 2);
	put(world, "claim", "b:1");
	pass(world, 12000);
	assert_int_equal(world->closed, 2);
	assert_false(rw_standby_is_active(world->standby));
	assert_string_equal(explain(world), "this controller stands by: b:1 is active");
}

/* Whose it is cannot be known, but it is not ours. */
static void steps_back_from_a_claim_that_cannot_be_read(void **state)
{
	struct world *world = *state;

	assert_int_equal(settle(world), 0);
	put(world, "claim", "?");
	pass(world, 12000);
	assert_int_equal(world->closed, 1);
	pass(world, 60000);
	assert_false(rw_standby_is_active(world->standby));
	assert_string_equal(explain(world), "this controller stands by: the claim cannot be read");
	drop(world, "claim");
	pass(world, 2000);
	assert_true(rw_standby_is_active(world->standby));
}

/* The one that was there first finds its entry written by another. */
static void tells_of_another_controller_that_writes_under_its_name(void **state)
{
	struct world *world = *state;

	put(world, "claim", "b:1");
	add_controller(world, "b:1", 0);
	pass(world, 30000);
	assert_non_null(strstr(explain(world), "b:1 is active"));
	add_controller(world, "a:1", 0);
	assert_int_equal(count_logged(world, 30000), 1);
	assert_string_equal(explain(world),
			    "this controller stands by: another controller has the same name, a:1");
	assert_int_equal(world->writes, 1);

	/* It takes over all the same: the other one may be the one that is gone. */
	drop(world, "claim");
	pass(world, 2000);
	assert_true(rw_standby_is_active(world->standby));
	assert_non_null(rw_registry_find(&world->last, "a:1"));
}

/* The one that comes second finds the claim taken under its own name, and it does not end. */
static void tells_of_another_controller_that_is_active_under_its_name(void **state)
{
	struct world *world = *state;

	put(world, "claim", "a:1");
	pass(world, 25000);
	assert_non_null(strstr(explain(world), "a:1 is active"));
	pass(world, 10000);
	assert_non_null(strstr(explain(world), "another controller has the same name, a:1"));
	drop(world, "claim");
	pass(world, 2000);
	assert_true(rw_standby_is_active(world->standby));
	assert_int_equal(count_logged(world, 60000), 0);
}

static void takes_its_own_entry_of_a_life_before_for_no_other_controller(void **state)
{
	struct world *world = *state;

	add_controller(world, "a:1", DAY_MS);
	add_controller(world, "b:1", 0);
	put(world, "claim", "b:1");
	pass(world, 60000);
	assert_non_null(strstr(explain(world), "b:1 is active"));
	/* Where it is not known whether an entry was written, neither. */
	world->read_only = true;
	world->now_ms += DAY_MS;
	pass(world, 60000);
	assert_non_null(strstr(explain(world), "b:1 is active"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(takes_over_at_once_where_nobody_is_active),
		TEST(stands_by_while_another_one_is_active),
		TEST(takes_over_within_a_second_of_the_claims_end),
		TEST(stands_by_again_when_another_one_was_faster),
		TEST(steps_back_when_the_claim_is_lost),
		TEST(waits_for_etcd_whatever_happens_after_the_start),
		TEST(waits_for_etcd_from_the_first_moment),
		TEST(ends_at_once_when_etcd_refuses_it_from_the_start),
		TEST(ends_at_once_when_etcd_refuses_it_before_it_can_ask),
		TEST(says_that_it_cannot_take_over_and_does_not_try_all_the_time),
		TEST(refreshes_what_is_shared_once_a_minute),
		TEST(serves_on_for_others_when_the_controllers_change),
		TEST(gives_the_claim_up_when_it_cannot_serve_on),
		TEST(forgets_controllers_unseen_for_thirty_days_while_active),
		TEST(forgets_nobody_who_comes_again),
		TEST(writes_its_entry_daily_and_when_it_is_gone),
		TEST(says_once_that_it_cannot_write),
		TEST(says_once_that_no_member_of_etcd_answers),
		TEST(says_once_that_etcd_does_not_let_it_take_over),
		TEST(says_once_that_there_are_too_many_controllers),
		TEST(notices_that_its_claim_was_taken_away),
		TEST(steps_back_from_a_claim_that_cannot_be_read),
		TEST(tells_of_another_controller_that_writes_under_its_name),
		TEST(tells_of_another_controller_that_is_active_under_its_name),
		TEST(takes_its_own_entry_of_a_life_before_for_no_other_controller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
