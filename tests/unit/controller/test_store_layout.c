/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/sqlite/sqlite.h"
#include "scratch.h"

/*
 * Stores that older versions have written, kept in the source (the folder is the test's argument): each opens, is
 * brought up to date, means what it meant, and takes changes.
 */

#define SCHEMA_OFFSET 60 /* of PRAGMA user_version in the file, big-endian (SQLite's file format, 1.3) */
#define TOKEN         "k-5196e205be476461.L4W7-Y2jVD6_qGfq36e8BgT6-fYMnJE5BVAb7hOM2zY"

static const char *kept_folder;
static char path[64];
static char store_path[128];
static struct fixture fx;
static struct rw_seal_key master_key;

static void copy_file(const char *name)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char from[512], to[128];

	(void)snprintf(from, sizeof(from), "%s/%s", kept_folder, name);
	(void)snprintf(to, sizeof(to), "%s/%s", path, name);
	rw_buf_init(&buf, 1u << 20);
	assert_int_equal(rw_file_read(from, &buf, NULL), 0);
	assert_int_equal(rw_file_write(to, buf.data, buf.size, 0600, NULL), 0);
}

static int setup(void **state)
{
	char key_path[128];

	(void)state;
	fixture_init(&fx);
	fx.controller = rw_controller_free(fx.controller);
	fx.store = rw_store_free(fx.store);
	scratch_make(path);
	copy_file("store.db");
	copy_file("master-key");
	(void)snprintf(store_path, sizeof(store_path), "%s/store.db", path);
	(void)snprintf(key_path, sizeof(key_path), "%s/master-key", path);
	assert_int_equal(rw_seal_key_load(key_path, &master_key, NULL), 0);
	fx.options.master_key = &master_key;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return scratch_remove(path);
}

static int open_kept(struct rw_error *err)
{
	int r = rw_store_sqlite_open(store_path, 0, rw_random_system(), &fx.store, err);

	if (r < 0)
		return r;
	fx.options.store = fx.store;
	return rw_controller_new(&fx.options, &fx.controller, err);
}

static void close_kept(void)
{
	fx.controller = rw_controller_free(fx.controller);
	fx.store = rw_store_free(fx.store);
}

static uint32_t schema_of_file(void)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const uint8_t *at;

	rw_buf_init(&buf, 1u << 20);
	assert_int_equal(rw_file_read(store_path, &buf, NULL), 0);
	at = (const uint8_t *)buf.data + SCHEMA_OFFSET;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void assert_means_what_it_meant(void)
{
	const struct rw_model *model = rw_controller_model(fx.controller);
	const struct rw_cluster *cluster = rw_model_find_cluster(model, "demo");
	const struct rw_node *node = rw_model_find_node(model, "m-1");
	const struct rw_group *group;
	struct rw_node_status status;
	struct rw_address somewhere = world_address("198.51.100.9");
	struct rw_error err = RW_ERROR_NONE;
	struct rw_actor actor;
	bool found = false;

	assert_non_null(cluster);
	assert_non_null(node);
	assert_non_null(rw_model_find_group(model, "web"));
	assert_string_equal(node->cluster, cluster->id);
	assert_int_equal(node->interface_count, 1);
	group = rw_model_find_group(model, cluster->security_group);
	for (size_t i = 0; i < group->rule_count; i++)
		found |= group->rules[i]->ports.first == 7777;
	assert_true(found);
	if (rw_key_authenticate(fx.controller, TOKEN, &somewhere, &actor, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(actor.role, RW_ROLE_OPERATOR);
	/* Written before its expiry was noted. */
	assert_int_equal(rw_node_status_find(fx.controller, "m-1", &status), 0);
	assert_int_equal(status.certificate_expires_ms, 0);
	assert_int_equal(strlen(node_find(fx.controller, node->id)->certificate.fingerprint), 64);
}

static void opens_the_oldest_schema_as_it_was(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(schema_of_file(), 1);
	if (open_kept(&err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(rw_controller_revision(fx.controller), 35);
	assert_string_equal(rw_controller_incarnation(fx.controller), "92b32f317cdaac9c454bdbd38d6f8aa8");
	assert_means_what_it_meant();
}

static void takes_changes_and_opens_again(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(open_kept(NULL), 0);
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "later", RW_ROLE_VIEWER, 0, token, NULL), 0);
	close_kept();
	if (open_kept(&err) < 0)
		fail_msg("%s", err.text);
	assert_true(rw_controller_revision(fx.controller) > 35);
	assert_means_what_it_meant();
}

static void refuses_a_newer_schema_with_both_numbers(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	uint8_t newer[4] = {0, 0, 0, 2};
	int fd = open(store_path, O_WRONLY | O_CLOEXEC);
	struct stat before, after;

	(void)state;
	assert_int_equal(pwrite(fd, newer, sizeof(newer), SCHEMA_OFFSET), 4);
	assert_int_equal(fstat(fd, &before), 0);
	(void)close(fd);
	assert_int_equal(open_kept(&err), -EPROTO);
	assert_non_null(strstr(err.text, "schema 2"));
	assert_non_null(strstr(err.text, "up to 1"));
	assert_int_equal(stat(store_path, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(schema_of_file(), 2);
}

/* One key written by a newer ringwalld. */
static void refuses_a_newer_value_with_both_numbers(void **state)
{
	static const char *const keys[] = {RW_LAYOUT_ROOT "networks/net-newer", RW_LAYOUT_KEYS "k-newer",
					   RW_LAYOUT_AGENTS "n-newer", RW_LAYOUT_SEQUENCE};
	static const char value[] = "{\"version\":2,\"news\":true}";

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(keys); i++) {
		struct rw_error err = RW_ERROR_NONE;
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

		copy_file("store.db");
		rw_store_txn_init(&txn);
		rw_store_txn_put(&txn, keys[i], value, sizeof(value) - 1);
		assert_int_equal(rw_store_sqlite_open(store_path, 0, rw_random_system(), &fx.store, NULL), 0);
		assert_int_equal(rw_store_commit(fx.store, &txn, NULL, NULL), 0);
		fx.store = rw_store_free(fx.store);
		if (open_kept(&err) != -EPROTO || !strstr(err.text, "version 2") ||
		    !strstr(err.text, "than 1"))
			fail_msg("%s: %d %s", keys[i], err.code, err.text);
		close_kept();
	}
}

int main(int argc, char **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(opens_the_oldest_schema_as_it_was),
		T(takes_changes_and_opens_again),
		T(refuses_a_newer_schema_with_both_numbers),
		T(refuses_a_newer_value_with_both_numbers),
	};

	if (argc != 2)
		return 2;
	kept_folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
