/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/state.h"
#include "base/file.h"
#include "fake_enforcer.h"
#include "scratch.h"

struct world {
	char folder[64];
	struct rw_agent_place place;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	/* Not where agents really run. */
	(void)snprintf(world->place.state, sizeof(world->place.state), "%s/state", world->folder);
	(void)snprintf(world->place.run, sizeof(world->place.run), "%s/run", world->folder);
	(void)snprintf(world->place.pin_dir, sizeof(world->place.pin_dir), "%s/pins", world->folder);
	assert_int_equal(rw_agent_state_make(&world->place, NULL), 0);
	assert_int_equal(rw_agent_run_make(&world->place, NULL), 0);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	assert_int_equal(scratch_remove(world->folder), 0);
	free(world);
	return 0;
}

static void write_file(const struct world *world, const char *name, const char *text)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(&world->place, name, path);
	assert_int_equal(rw_file_write(path, text, strlen(text), 0600, NULL), 0);
}

static void finds_the_default_place(void **state)
{
	struct rw_agent_place place;

	(void)state;
	assert_int_equal(rw_agent_place_find(NULL, NULL, &place, NULL), 0);
	assert_string_equal(place.state, "/var/lib/ringwall-agent");
	assert_string_equal(place.run, "/run/ringwall-agent/default");
}

static void gives_each_state_folder_an_instance_of_its_own(void **state)
{
	struct rw_agent_place one, other, same;

	(void)state;
	assert_int_equal(rw_agent_place_find("/x/node-1", NULL, &one, NULL), 0);
	assert_int_equal(rw_agent_place_find("/y/node-1", NULL, &other, NULL), 0);
	assert_int_equal(rw_agent_place_find("/x/node-1/", "/sys/fs/bpf/mine", &same, NULL), 0);
	assert_string_not_equal(one.run, other.run);
	assert_string_not_equal(one.pin_dir, other.pin_dir);
	assert_string_equal(one.run, same.run);
	assert_string_equal(same.pin_dir, "/sys/fs/bpf/mine");
}

static void refuses_paths_beyond_its_limit(void **state)
{
	struct rw_agent_place place;
	char path[RW_AGENT_PATH_SIZE + 1];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rw_agent_place_find(path, NULL, &place, NULL), -ENAMETOOLONG);
}

static void keeps_the_identity(void **state)
{
	const struct rw_agent_identity identity = {"n-0123456789abcdef", "web 1", "https://10.0.0.2:8443"};
	struct rw_agent_identity read = {0};
	struct world *world = *state;

	assert_int_equal(rw_agent_identity_load(&world->place, &read, NULL), RW_AGENT_FILE_ABSENT);
	assert_int_equal(rw_agent_identity_save(&world->place, &identity, NULL), 0);
	assert_int_equal(rw_agent_identity_load(&world->place, &read, NULL), 0);
	assert_memory_equal(&read, &identity, sizeof(read));
}

static void refuses_identities_that_are_none(void **state)
{
	struct rw_agent_identity read;
	struct world *world = *state;

	write_file(world, "identity", "version=1\nnode=n-1\n");
	assert_int_equal(rw_agent_identity_load(&world->place, &read, NULL), -EINVAL);
	write_file(world, "identity", "");
	assert_int_equal(rw_agent_identity_load(&world->place, &read, NULL), -EINVAL);
	write_file(world, "identity", "version=2\nnode=n-1\nserver=https://x:1\n");
	assert_int_equal(rw_agent_identity_load(&world->place, &read, NULL), -EPROTONOSUPPORT);
}

static void keeps_the_policy(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *read = NULL;
	const struct rw_position position = {.incarnation = "a1", .revision = 5};
	struct rw_policy_digest digest = rw_policy_digest(policy), read_digest;
	struct rw_position read_position;
	struct world *world = *state;

	assert_int_equal(rw_agent_policy_load(&world->place, &read_position, &read, NULL),
			 RW_AGENT_FILE_ABSENT);
	assert_int_equal(rw_agent_policy_save(&world->place, &position, policy, NULL), 0);
	assert_int_equal(rw_agent_policy_load(&world->place, &read_position, &read, NULL), 0);
	read_digest = rw_policy_digest(read);
	assert_memory_equal(&digest, &read_digest, sizeof(digest));
	assert_int_equal(read_position.revision, 5);
	assert_string_equal(read_position.incarnation, "a1");
}

static void refuses_a_policy_that_was_cut_off(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *read = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const struct rw_position position = {.incarnation = "a1", .revision = 5};
	struct rw_position read_position;
	char path[RW_AGENT_PATH_SIZE];
	struct world *world = *state;

	assert_int_equal(rw_agent_policy_save(&world->place, &position, policy, NULL), 0);
	rw_agent_state_path(&world->place, "policy", path);
	rw_buf_init(&buf, 1u << 20);
	assert_int_equal(rw_file_read(path, &buf, NULL), 0);
	for (size_t size = 0; size < buf.size; size += 7) {
		assert_int_equal(rw_file_write(path, buf.data, size, 0600, NULL), 0);
		assert_true(rw_agent_policy_load(&world->place, &read_position, &read, NULL) < 0);
	}
}

static void save_revision(const struct world *world, uint64_t revision)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	const struct rw_position position = {.incarnation = "a1", .revision = revision};

	assert_int_equal(rw_agent_policy_save(&world->place, &position, policy, NULL), 0);
}

/* The revision that a start finds, and by which outcome. */
static uint64_t load_revision(const struct world *world, int outcome)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_position position;

	assert_int_equal(rw_agent_policy_load(&world->place, &position, &policy, &err), outcome);
	assert_int_equal(err.text[0] != '\0', outcome != 0);
	return position.revision;
}

static void takes_the_policy_before_when_the_newest_is_unfit_or_missing(void **state)
{
	struct world *world = *state;
	char path[RW_AGENT_PATH_SIZE];

	save_revision(world, 5);
	save_revision(world, 6);
	assert_int_equal(load_revision(world, 0), 6);
	rw_agent_state_path(&world->place, "policy", path);
	assert_int_equal(rw_file_write(path, "{", 1, 0600, NULL), 0);
	assert_int_equal(load_revision(world, RW_AGENT_POLICY_PREVIOUS), 5);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(load_revision(world, RW_AGENT_POLICY_PREVIOUS), 5);
}

/* A downgrade: what the newer agent saved last, and what was saved before it came. */
static void takes_the_policy_before_when_the_newest_is_of_a_newer_version(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_position position;
	char path[RW_AGENT_PATH_SIZE];
	char *version;

	save_revision(world, 5);
	save_revision(world, 6);
	rw_agent_state_path(&world->place, "policy", path);
	rw_buf_init(&buf, 1 << 20);
	assert_int_equal(rw_file_read(path, &buf, NULL), 0);
	version = strstr(buf.data, "\"version\":2");
	assert_non_null(version);
	version[strlen("\"version\":")] = '9';
	assert_int_equal(rw_file_write(path, buf.data, buf.size, 0600, NULL), 0);
	assert_int_equal(rw_agent_policy_load(&world->place, &position, &policy, &err),
			 RW_AGENT_POLICY_PREVIOUS);
	assert_int_equal(position.revision, 5);
	assert_non_null(strstr(err.text, "9"));
	assert_non_null(strstr(err.text, "newer than 2"));
}

static void never_keeps_an_unfit_policy_as_the_one_before(void **state)
{
	struct world *world = *state;
	char path[RW_AGENT_PATH_SIZE];

	save_revision(world, 5);
	save_revision(world, 6);
	rw_agent_state_path(&world->place, "policy", path);
	assert_int_equal(rw_file_write(path, "{", 1, 0600, NULL), 0);
	rw_agent_policy_set_unfit(&world->place);
	save_revision(world, 7);
	assert_int_equal(load_revision(world, 0), 7);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(load_revision(world, RW_AGENT_POLICY_PREVIOUS), 5);
}

static void remembers_that_the_saved_policy_is_stale_until_it_is_fresh(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	const struct rw_position position = {.incarnation = "a1", .revision = 5};
	struct world *world = *state;

	assert_false(rw_agent_policy_is_stale(&world->place));
	rw_agent_policy_set_stale(&world->place);
	assert_true(rw_agent_policy_is_stale(&world->place));
	assert_int_equal(rw_agent_policy_save(&world->place, &position, policy, NULL), 0);
	assert_true(rw_agent_policy_is_stale(&world->place)); /* it may not be the one in force */
	rw_agent_policy_set_fresh(&world->place);
	assert_false(rw_agent_policy_is_stale(&world->place));
	rw_agent_policy_set_fresh(&world->place);
}

static void marks_the_node_as_detached(void **state)
{
	struct world *world = *state;

	assert_false(rw_agent_detached(&world->place));
	assert_int_equal(rw_agent_set_detached(&world->place, true, NULL), 0);
	assert_true(rw_agent_detached(&world->place));
	assert_int_equal(rw_agent_set_detached(&world->place, false, NULL), 0);
	assert_false(rw_agent_detached(&world->place));
	assert_int_equal(rw_agent_set_detached(&world->place, false, NULL), 0);
}

static void marks_the_node_without_a_state_folder(void **state)
{
	struct world *world = *state;

	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rmdir(world->place.state), 0);
	assert_int_equal(rw_agent_set_detached(&world->place, true, NULL), 0);
	assert_true(rw_agent_detached(&world->place));
	assert_int_equal(rw_file_write(world->place.state, "x", 1, 0600, NULL), 0);
	assert_int_equal(rw_agent_set_detached(&world->place, true, &err), RW_AGENT_DETACHED_UNTIL_BOOT);
	assert_non_null(strstr(err.text, world->place.state));
	assert_true(rw_agent_detached(&world->place));
	assert_int_equal(rw_agent_set_detached(&world->place, false, NULL), 0);
	assert_false(rw_agent_detached(&world->place));
}

static void locks_out_a_second_agent(void **state)
{
	RW_CLEANUP(rw_close) int first = -EBADF;
	RW_CLEANUP(rw_close) int second = -EBADF;
	struct world *world = *state;

	assert_int_equal(rw_agent_lock(&world->place, &first, NULL), 0);
	assert_int_equal(rw_agent_try_lock(&world->place, &second, NULL), -EBUSY);
	assert_int_equal(rw_agent_lock(&world->place, &second, NULL), -EBUSY);
	first = rw_close(first);
	assert_int_equal(rw_agent_lock(&world->place, &second, NULL), 0);
}

static void makes_a_machine_id_that_is_not_the_machines(void **state)
{
	char one[RW_AGENT_MACHINE_ID_SIZE], same[RW_AGENT_MACHINE_ID_SIZE], other[RW_AGENT_MACHINE_ID_SIZE];
	struct rw_agent_place place;
	struct world *world = *state;

	if (access("/etc/machine-id", R_OK) < 0)
		skip();
	place = world->place;
	strcat(place.state, "2");
	assert_int_equal(rw_agent_machine_id(&world->place, one, NULL), 0);
	assert_int_equal(rw_agent_machine_id(&world->place, same, NULL), 0);
	assert_int_equal(rw_agent_machine_id(&place, other, NULL), 0);
	assert_int_equal(strlen(one), 32);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
}

static void forgets_the_policies_of_another_life(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct world *world = *state;
	struct rw_position position;

	write_file(world, "policy", "x");
	write_file(world, "policy-previous", "x");
	rw_agent_policy_forget(&world->place);
	assert_int_equal(rw_agent_policy_load(&world->place, &position, &policy, NULL), RW_AGENT_FILE_ABSENT);
	assert_int_equal(rw_agent_policy_load_previous(&world->place, &position, &policy, NULL),
			 RW_AGENT_FILE_ABSENT);
}

static void keeps_the_seal_beside_the_state_folder(void **state)
{
	struct rw_agent_place place;
	char path[RW_AGENT_PATH_SIZE];

	(void)state;
	assert_int_equal(rw_agent_place_find("/x/node-1/", NULL, &place, NULL), 0);
	rw_agent_seal_path(&place, "policy", path);
	assert_string_equal(path, "/x/node-1-seal/policy");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_default_place),
		TEST(gives_each_state_folder_an_instance_of_its_own),
		TEST(refuses_paths_beyond_its_limit),
		TEST(keeps_the_identity),
		TEST(refuses_identities_that_are_none),
		TEST(keeps_the_policy),
		TEST(refuses_a_policy_that_was_cut_off),
		TEST(takes_the_policy_before_when_the_newest_is_unfit_or_missing),
		TEST(takes_the_policy_before_when_the_newest_is_of_a_newer_version),
		TEST(never_keeps_an_unfit_policy_as_the_one_before),
		TEST(remembers_that_the_saved_policy_is_stale_until_it_is_fresh),
		TEST(marks_the_node_as_detached),
		TEST(marks_the_node_without_a_state_folder),
		TEST(locks_out_a_second_agent),
		TEST(makes_a_machine_id_that_is_not_the_machines),
		TEST(forgets_the_policies_of_another_life),
		TEST(keeps_the_seal_beside_the_state_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
