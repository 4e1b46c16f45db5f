/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "controller/master_key.h"
#include "scratch.h"

static struct fixture fx;
static struct rw_state_folder folder;
static char path[64];
static struct rw_address somewhere;

static void open_all(void)
{
	fx.options.master_key = &folder.master_key;
	fx.options.ca_cert_pem = folder.ca_cert_pem;
	fx.options.ca_key_pem = folder.ca_key_pem;
	fx.options.folder = &folder;
	fixture_restart(&fx);
}

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	somewhere = world_address("198.51.100.9");
	scratch_make(path);
	assert_int_equal(
		rw_state_folder_open(path, NULL, 0, &fx.clock.clock, rw_random_system(), &folder, NULL), 0);
	open_all();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	rw_state_folder_done(&folder);
	return scratch_remove(path);
}

/* The daemon goes and comes again. */
static int restart(struct rw_error *err)
{
	struct rw_state_folder fresh = {0};

	fx.controller = rw_controller_free(fx.controller);
	assert_int_equal(
		rw_state_folder_open(path, NULL, 0, &fx.clock.clock, rw_random_system(), &fresh, NULL), 0);
	rw_state_folder_done(&folder);
	folder = fresh;
	open_all();
	return rw_master_key_settle(fx.controller, err);
}

static void make_keys(unsigned int count, char tokens[][RW_TOKEN_SIZE])
{
	for (unsigned int i = 0; i < count; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "key %u", i);
		assert_int_equal(
			rw_key_create(fx.controller, &fx.alice, name, RW_ROLE_VIEWER, 0, tokens[i], NULL), 0);
	}
}

static bool opens(const char *token)
{
	struct rw_actor actor;

	return rw_key_authenticate(fx.controller, token, &somewhere, &actor, NULL) == 0;
}

static char *file_path(const char *name)
{
	static char file[128];

	(void)snprintf(file, sizeof(file), "%s/%s", path, name);
	return file;
}

static void copy_file(const char *from, const char *to)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_file_read(file_path(from), &buf, NULL), 0);
	assert_int_equal(rw_file_write(file_path(to), buf.data, buf.size, 0600, NULL), 0);
}

#define KEYS 300 /* more than one transaction of a store takes */

static void seals_all_secrets_under_a_new_key(void **state)
{
	static char tokens[KEYS][RW_TOKEN_SIZE];
	struct rw_seal_key old = folder.master_key;

	(void)state;
	make_keys(KEYS, tokens);
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	assert_memory_not_equal(&old, &folder.master_key, sizeof(old));
	assert_int_not_equal(access(file_path("master-key-next"), F_OK), 0);
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < KEYS; i++)
			assert_true(opens(tokens[i]));
		assert_int_equal(restart(NULL), 0);
	}
	assert_false(keys_open_under(fx.controller, &old));
}

static void a_crash_before_the_change_leaves_the_old_key(void **state)
{
	char tokens[3][RW_TOKEN_SIZE];
	struct rw_seal_key next;

	(void)state;
	make_keys(3, tokens);
	assert_int_equal(rw_seal_key_create(file_path("master-key-next"), rw_random_system(), &next, NULL),
			 0);
	assert_int_equal(restart(NULL), 0);
	assert_int_not_equal(access(file_path("master-key-next"), F_OK), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(opens(tokens[i]));
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	assert_true(opens(tokens[0]));
}

static void a_crash_behind_the_change_brings_the_new_key(void **state)
{
	char tokens[3][RW_TOKEN_SIZE];
	struct rw_seal_key old = folder.master_key;

	(void)state;
	make_keys(3, tokens);
	copy_file("master-key", "kept");
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	/* As if nothing had come after the change. */
	copy_file("master-key", "master-key-next");
	copy_file("kept", "master-key");
	assert_int_equal(restart(NULL), 0);
	assert_int_not_equal(access(file_path("master-key-next"), F_OK), 0);
	assert_memory_not_equal(&old, &folder.master_key, sizeof(old));
	for (unsigned int i = 0; i < 3; i++)
		assert_true(opens(tokens[i]));
}

static void refuses_a_store_that_neither_key_opens(void **state)
{
	char tokens[1][RW_TOKEN_SIZE];
	struct rw_error err = RW_ERROR_NONE;
	struct rw_seal_key other;

	(void)state;
	make_keys(1, tokens);
	assert_int_equal(unlink(file_path("master-key")), 0);
	assert_int_equal(rw_seal_key_create(file_path("master-key"), rw_random_system(), &other, NULL), 0);
	assert_int_equal(rw_seal_key_create(file_path("master-key-next"), rw_random_system(), &other, NULL),
			 0);
	assert_int_equal(restart(&err), -EUCLEAN);
	assert_non_null(strstr(err.text, "neither"));
	/* Both stay for who knows better. */
	assert_int_equal(access(file_path("master-key-next"), F_OK), 0);
}

static void a_change_that_fails_keeps_the_old_key(void **state)
{
	char tokens[2][RW_TOKEN_SIZE];
	struct rw_seal_key old = folder.master_key;

	(void)state;
	make_keys(2, tokens);
	fx.controller->stopped = true;
	fx.controller->broken.code = -ENOSPC;
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), -ENOSPC);
	assert_memory_equal(&old, &folder.master_key, sizeof(old));
	assert_int_equal(restart(NULL), 0);
	assert_true(opens(tokens[0]));
}

static void the_log_has_the_rotation_and_no_secret(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};
	char tokens[1][RW_TOKEN_SIZE];

	(void)state;
	make_keys(1, tokens);
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	assert_int_equal(rw_audit_list(fx.controller, 0, 1, &page, NULL), 0);
	assert_non_null(strstr(page.records[0].json, "rotate master key"));
	assert_null(strstr(page.records[0].json, "sealed"));
}

/* ---- last uses, which are kept beside it ---- */

static int64_t last_use(const char *token)
{
	char id[RW_ID_SIZE];

	(void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(token, "."), token);
	return rw_key_find(fx.controller, id)->last_used_ms;
}

static void last_uses_outlive_a_restart_and_write_nothing_into_the_store(void **state)
{
	char tokens[2][RW_TOKEN_SIZE];
	uint64_t revision;
	int64_t used_ms;

	(void)state;
	make_keys(2, tokens);
	revision = rw_store_revision(fx.store);
	fixture_pass(&fx, 5000);
	assert_true(opens(tokens[0]));
	used_ms = last_use(tokens[0]);
	assert_int_equal(used_ms, rw_clock_realtime_ms(&fx.clock.clock));
	assert_int_equal(restart(NULL), 0);
	assert_int_equal(last_use(tokens[0]), used_ms);
	assert_int_equal(last_use(tokens[1]), 0);
	assert_int_equal(rw_store_revision(fx.store), revision);
}

static void last_uses_are_written_at_most_once_a_minute(void **state)
{
	char tokens[1][RW_TOKEN_SIZE];
	struct stat first, second;

	(void)state;
	make_keys(1, tokens);
	assert_true(opens(tokens[0]));
	fixture_pass(&fx, 61000);
	assert_int_equal(stat(file_path("key-uses"), &first), 0);
	assert_int_equal(first.st_mode & 0777, 0600);
	for (int i = 0; i < 50; i++) {
		assert_true(opens(tokens[0]));
		fixture_pass(&fx, 1000);
	}
	assert_int_equal(stat(file_path("key-uses"), &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	fixture_pass(&fx, 15000);
	assert_int_equal(stat(file_path("key-uses"), &second), 0);
	assert_int_not_equal(first.st_ino, second.st_ino);
}

static void last_uses_of_a_newer_version_are_left_alone(void **state)
{
	static const char newer[] = "ringwall-key-uses 2\nwhatever\n";
	static const char *const nonsense[] = {
		"", "\n", "ringwall-key-uses 1", "ringwall-key-uses 1\nk- x\n\n\n", "ringwall-key-uses x\n",
		"k"};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char tokens[1][RW_TOKEN_SIZE];

	(void)state;
	make_keys(1, tokens);
	assert_int_equal(rw_file_write(file_path("key-uses"), newer, sizeof(newer) - 1, 0600, NULL), 0);
	assert_int_equal(restart(NULL), 0);
	assert_true(opens(tokens[0]));
	fixture_pass(&fx, 61000);
	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_file_read(file_path("key-uses"), &buf, NULL), 0);
	assert_string_equal(buf.data, newer);
	for (size_t i = 0; i < RW_ARRAY_COUNT(nonsense); i++) {
		fx.controller->key_uses_kept = true;
		assert_int_equal(
			rw_file_write(file_path("key-uses"), nonsense[i], strlen(nonsense[i]), 0600, NULL),
			0);
		assert_int_equal(restart(NULL), 0);
		assert_int_equal(last_use(tokens[0]), 0);
	}
}

static void an_expired_key_is_told_so(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	int64_t now_ms = rw_clock_realtime_ms(&fx.clock.clock);
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	assert_int_equal(
		rw_key_create(fx.controller, &fx.alice, "ci", RW_ROLE_VIEWER, now_ms + 1000, token, NULL), 0);
	assert_true(opens(token));
	fixture_pass(&fx, 1000);
	assert_int_equal(rw_key_authenticate(fx.controller, token, &somewhere, &actor, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "has expired at "));
	assert_non_null(strstr(err.hint, "new one"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(seals_all_secrets_under_a_new_key),
		T(a_crash_before_the_change_leaves_the_old_key),
		T(a_crash_behind_the_change_brings_the_new_key),
		T(refuses_a_store_that_neither_key_opens),
		T(a_change_that_fails_keeps_the_old_key),
		T(the_log_has_the_rotation_and_no_secret),
		T(last_uses_outlive_a_restart_and_write_nothing_into_the_store),
		T(last_uses_are_written_at_most_once_a_minute),
		T(last_uses_of_a_newer_version_are_left_alone),
		T(an_expired_key_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
