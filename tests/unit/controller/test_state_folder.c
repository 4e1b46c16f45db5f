/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "controller/state_folder.h"
#include "scratch.h"

static struct fixture_clock now;
static char path[64];

static uint64_t clock_ns(const struct rw_clock *clock)
{
	return ((const struct fixture_clock *)clock)->now_ms * UINT64_C(1000000);
}

static int64_t clock_ms(const struct rw_clock *clock)
{
	return INT64_C(1790000000000) + (int64_t)((const struct fixture_clock *)clock)->now_ms;
}

static int setup(void **state)
{
	(void)state;
	now = (struct fixture_clock){.clock = {clock_ns, clock_ms}};
	scratch_make(path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return scratch_remove(path);
}

static int open_folder(const char *const *names, size_t count, struct rw_state_folder *folder,
		       struct rw_error *err)
{
	return rw_state_folder_open(path, names, count, &now.clock, rw_random_system(), folder, err);
}

static mode_t mode_of(const char *name)
{
	char file[128];
	struct stat status;

	(void)snprintf(file, sizeof(file), "%s/%s", path, name);
	assert_int_equal(stat(file, &status), 0);
	return status.st_mode & 0777;
}

static void remove_file(const char *name)
{
	char file[128];

	(void)snprintf(file, sizeof(file), "%s/%s", path, name);
	assert_int_equal(unlink(file), 0);
}

static void makes_everything_with_the_right_modes_once(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder first = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder second = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_cert_info info;

	(void)state;
	if (open_folder(NULL, 0, &first, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(first.made);
	assert_int_equal(mode_of("master-key"), 0600);
	assert_int_equal(mode_of("ca-key.pem"), 0600);
	assert_int_equal(mode_of("server-key.pem"), 0600);
	assert_int_equal(mode_of("ca.pem"), 0644);
	assert_int_equal(rw_cert_verify(first.server_cert_pem, first.ca_cert_pem, clock_ms(&now.clock) / 1000,
					&info, NULL),
			 0);
	assert_int_equal(info.role, RW_CERT_ROLE_CONTROLLER);
	assert_int_equal(open_folder(NULL, 0, &second, NULL), 0);
	assert_false(second.made);
	assert_memory_equal(&first.master_key, &second.master_key, sizeof(first.master_key));
	assert_string_equal(first.ca_cert_pem, second.ca_cert_pem);
	assert_string_equal(first.server_cert_pem, second.server_cert_pem);
	assert_string_equal(first.server_key_pem, second.server_key_pem);
}

static void makes_a_new_server_certificate_for_other_names_or_in_time(void **state)
{
	static const char *const names[] = {"controller.example", "192.0.2.1"};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder first = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder second = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder third = {0};

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &first, NULL), 0);
	assert_int_equal(open_folder(names, 2, &second, NULL), 0);
	assert_string_not_equal(first.server_cert_pem, second.server_cert_pem);
	now.now_ms += UINT64_C(700) * 24 * 3600 * 1000;
	assert_int_equal(open_folder(names, 2, &third, NULL), 0);
	assert_string_not_equal(third.server_cert_pem, second.server_cert_pem);
	assert_string_equal(third.ca_cert_pem, second.ca_cert_pem);
}

static void refuses_bad_names(void **state)
{
	static const char *const names[] = {"not a name"};
	struct rw_state_folder folder = {0};

	(void)state;
	assert_int_equal(open_folder(names, 1, &folder, NULL), -EINVAL);
}

static void refuses_half_of_an_authority(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	struct rw_state_folder again = {0};

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	remove_file("ca-key.pem");
	assert_int_equal(open_folder(NULL, 0, &again, NULL), -EUCLEAN);
}

static void refuses_a_store_without_its_master_key(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	struct rw_state_folder again = {0};
	FILE *store;

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	store = fopen(folder.store_path, "w");
	assert_non_null(store);
	(void)fclose(store);
	remove_file("master-key");
	assert_int_equal(open_folder(NULL, 0, &again, NULL), -EUCLEAN);
}

/* With a store elsewhere there is no store.db to tell. */
static void refuses_an_authority_without_its_master_key(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	struct rw_state_folder again = {0};
	struct rw_error err = RW_ERROR_NONE;
	char file[128];

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	remove_file("master-key");
	assert_int_equal(open_folder(NULL, 0, &again, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "no master key"));
	(void)snprintf(file, sizeof(file), "%s/master-key", path);
	assert_int_equal(access(file, F_OK), -1);
}

static void refuses_a_master_key_that_others_may_read(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	struct rw_state_folder again = {0};
	struct rw_error err = RW_ERROR_NONE;
	char file[128];

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	(void)snprintf(file, sizeof(file), "%s/master-key", path);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(open_folder(NULL, 0, &again, &err), -EPERM);
}

static void writes_the_admin_key_for_its_owner_only(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	assert_int_equal(rw_state_folder_write_admin_key(&folder, "k-1.secret", NULL), 0);
	assert_int_equal(mode_of("admin-key"), 0600);
}

/* ---- replacing the authority ---- */

static int step(struct rw_state_folder *folder,
		int (*fn)(struct rw_state_folder *folder, const struct rw_clock *clock,
			  const struct rw_random *random, struct rw_error *err))
{
	return fn(folder, &now.clock, rw_random_system(), NULL);
}

static bool issued_by(const struct rw_state_folder *folder, const char *ca)
{
	struct rw_cert_info info;

	return rw_cert_verify(folder->server_cert_pem, ca, clock_ms(&now.clock) / 1000, &info, NULL) == 0;
}

/* The folder as a daemon that starts now finds it. */
static void assert_reopens(const struct rw_state_folder *folder)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder again = {0};

	assert_int_equal(open_folder(NULL, 0, &again, NULL), 0);
	assert_int_equal(again.stage, folder->stage);
	assert_string_equal(again.trust_pem, folder->trust_pem);
	assert_string_equal(again.ca_cert_pem, folder->ca_cert_pem);
	assert_string_equal(again.ca_key_pem, folder->ca_key_pem);
	assert_string_equal(again.server_cert_pem, folder->server_cert_pem);
}

static bool exists(const char *name)
{
	char file[128];

	(void)snprintf(file, sizeof(file), "%s/%s", path, name);
	return access(file, F_OK) == 0;
}

static void replaces_the_authority_in_three_steps(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	RW_CLEANUP(rw_free) char *old = NULL;
	RW_CLEANUP(rw_free) char *trust = NULL;

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_SETTLED);
	old = strdup(folder.ca_cert_pem);
	assert_int_equal(step(&folder, rw_state_folder_switch_authority), -EALREADY);
	assert_int_equal(step(&folder, rw_state_folder_retire_authority), -EALREADY);

	assert_int_equal(step(&folder, rw_state_folder_introduce_authority), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_INTRODUCED);
	assert_string_equal(folder.ca_cert_pem, old);
	assert_true(issued_by(&folder, old));
	assert_int_equal(mode_of("ca-next-key.pem"), 0600);
	assert_reopens(&folder);
	assert_int_equal(step(&folder, rw_state_folder_introduce_authority), -EALREADY);
	trust = strdup(folder.trust_pem);

	assert_int_equal(step(&folder, rw_state_folder_switch_authority), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_SWITCHED);
	assert_string_not_equal(folder.ca_cert_pem, old);
	assert_false(issued_by(&folder, old));
	assert_true(issued_by(&folder, folder.ca_cert_pem));
	/* Who learned both can go on. */
	assert_true(issued_by(&folder, trust));
	assert_false(exists("ca-next-key.pem"));
	assert_int_equal(mode_of("ca-key.pem"), 0600);
	assert_reopens(&folder);

	assert_int_equal(step(&folder, rw_state_folder_retire_authority), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_SETTLED);
	assert_string_equal(folder.trust_pem, folder.ca_cert_pem);
	assert_reopens(&folder);
}

static void copy_file(const char *from, const char *to)
{
	char source[128], target[128];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)snprintf(source, sizeof(source), "%s/%s", path, from);
	(void)snprintf(target, sizeof(target), "%s/%s", path, to);
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_file_read(source, &buf, NULL), 0);
	assert_int_equal(rw_file_write(target, buf.data, buf.size, 0600, NULL), 0);
}

static void a_crash_within_a_step_leaves_the_one_before_or_behind(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	RW_CLEANUP(rw_free) char *old = NULL;

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	old = strdup(folder.ca_cert_pem);
	copy_file("ca.pem", "kept-ca.pem");
	copy_file("ca-key.pem", "kept-key.pem");

	/* Introducing: the key is written, ca.pem not yet. */
	assert_int_equal(step(&folder, rw_state_folder_introduce_authority), 0);
	copy_file("ca-next-key.pem", "kept-next.pem");
	copy_file("ca.pem", "kept-both.pem");
	copy_file("kept-ca.pem", "ca.pem");
	assert_int_equal(rw_state_folder_refresh(&folder, &now.clock, rw_random_system(), NULL), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_SETTLED);
	assert_string_equal(folder.ca_cert_pem, old);
	assert_false(exists("ca-next-key.pem"));

	/* Switching: ca.pem is written, the keys are as before. */
	copy_file("kept-both.pem", "ca.pem");
	copy_file("kept-next.pem", "ca-next-key.pem");
	assert_int_equal(rw_state_folder_refresh(&folder, &now.clock, rw_random_system(), NULL), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_INTRODUCED);
	assert_int_equal(step(&folder, rw_state_folder_switch_authority), 0);
	copy_file("kept-key.pem", "ca-key.pem");
	copy_file("kept-next.pem", "ca-next-key.pem");
	assert_int_equal(rw_state_folder_refresh(&folder, &now.clock, rw_random_system(), NULL), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_SWITCHED);
	assert_false(exists("ca-next-key.pem"));
	assert_reopens(&folder);
}

static void refuses_a_key_of_another_authority(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	struct rw_state_folder again = {0};

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	copy_file("server-key.pem", "ca-key.pem");
	assert_int_equal(open_folder(NULL, 0, &again, NULL), -EUCLEAN);
}

static void says_when_the_server_certificate_is_due(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	int64_t made_s = clock_ms(&now.clock) / 1000;
	RW_CLEANUP(rw_free) char *first = NULL;

	(void)state;
	assert_int_equal(open_folder(NULL, 0, &folder, NULL), 0);
	first = strdup(folder.server_cert_pem);
	assert_in_range(folder.server_renewal_s - made_s, 540 * 86400, 560 * 86400);
	now.now_ms += (uint64_t)(folder.server_renewal_s - made_s - 1) * 1000;
	assert_int_equal(rw_state_folder_refresh(&folder, &now.clock, rw_random_system(), NULL), 0);
	assert_string_equal(folder.server_cert_pem, first);
	now.now_ms += 1000;
	assert_int_equal(rw_state_folder_refresh(&folder, &now.clock, rw_random_system(), NULL), 0);
	assert_string_not_equal(folder.server_cert_pem, first);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(makes_everything_with_the_right_modes_once),
		T(makes_a_new_server_certificate_for_other_names_or_in_time),
		T(refuses_bad_names),
		T(refuses_half_of_an_authority),
		T(refuses_a_store_without_its_master_key),
		T(refuses_an_authority_without_its_master_key),
		T(refuses_a_master_key_that_others_may_read),
		T(writes_the_admin_key_for_its_owner_only),
		T(replaces_the_authority_in_three_steps),
		T(a_crash_within_a_step_leaves_the_one_before_or_behind),
		T(refuses_a_key_of_another_authority),
		T(says_when_the_server_certificate_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
