/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/seal.h"
#include "scratch.h"

static char folder[64];
static char path[96];

static int make_folder(void **state)
{
	(void)state;
	scratch_make(folder);
	snprintf(path, sizeof(path), "%s/master.key", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static const struct rw_seal_key key = {.bytes = {1, 2, 3}};

static void opens_what_it_sealed(void **state)
{
	uint8_t sealed[6 + RW_SEAL_OVERHEAD];
	char opened[6];
	size_t size = 0;

	(void)state;
	assert_int_equal(rw_seal(&key, rw_random_system(), "key-1", "secret", 6, sealed), 0);
	assert_int_equal(rw_seal_open(&key, "key-1", sealed, sizeof(sealed), opened, &size), 0);
	assert_int_equal(size, 6);
	assert_memory_equal(opened, "secret", 6);
}

static void opens_nothing_changed_moved_or_cut(void **state)
{
	struct rw_seal_key other = key;
	uint8_t sealed[6 + RW_SEAL_OVERHEAD];
	char opened[6];
	size_t size = 99;

	(void)state;
	other.bytes[31] ^= 1;
	assert_int_equal(rw_seal(&key, rw_random_system(), "key-1", "secret", 6, sealed), 0);
	assert_int_equal(rw_seal_open(&other, "key-1", sealed, sizeof(sealed), opened, &size), -EBADMSG);
	assert_int_equal(rw_seal_open(&key, "key-2", sealed, sizeof(sealed), opened, &size), -EBADMSG);
	assert_int_equal(rw_seal_open(&key, "key-1", sealed, sizeof(sealed) - 1, opened, &size), -EBADMSG);
	assert_int_equal(rw_seal_open(&key, "key-1", sealed, RW_SEAL_OVERHEAD - 1, opened, &size), -EBADMSG);
	for (size_t i = 1; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x80;
		assert_int_equal(rw_seal_open(&key, "key-1", sealed, sizeof(sealed), opened, &size),
				 -EBADMSG);
		sealed[i] ^= 0x80;
	}
	sealed[0] = 2;
	assert_int_equal(rw_seal_open(&key, "key-1", sealed, sizeof(sealed), opened, &size),
			 -EPROTONOSUPPORT);
	assert_int_equal(size, 99);
}

static void never_seals_twice_alike(void **state)
{
	uint8_t first[6 + RW_SEAL_OVERHEAD];
	uint8_t second[6 + RW_SEAL_OVERHEAD];

	(void)state;
	assert_int_equal(rw_seal(&key, rw_random_system(), "a", "secret", 6, first), 0);
	assert_int_equal(rw_seal(&key, rw_random_system(), "a", "secret", 6, second), 0);
	assert_memory_not_equal(first, second, sizeof(first));
}

static void keeps_its_key_in_a_private_file(void **state)
{
	struct rw_seal_key made;
	struct rw_seal_key loaded;
	struct stat status;

	(void)state;
	assert_int_equal(rw_seal_key_create(path, rw_random_system(), &made, NULL), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(rw_seal_key_load(path, &loaded, NULL), 0);
	assert_memory_equal(&made, &loaded, sizeof(made));
	assert_int_equal(rw_seal_key_create(path, rw_random_system(), &made, NULL), -EEXIST);
}

static void write_key_file(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void refuses_a_key_file_that_others_may_touch(void **state)
{
	struct rw_seal_key loaded;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	write_key_file("0000000000000000000000000000000000000000000000000000000000000000\n", 0640);
	assert_int_equal(rw_seal_key_load(path, &loaded, &err), -EPERM);
	assert_non_null(strstr(err.hint, "chmod 0600"));
}

static void refuses_a_file_that_holds_no_key(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"00",
		"zz000000000000000000000000000000000000000000000000000000000000",
		"00000000000000000000000000000000000000000000000000000000000000000\n",
		"000000000000000000000000000000000000000000000000000000000000000x\n"};
	struct rw_seal_key loaded;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		write_key_file(bad[i], 0600);
		assert_int_equal(rw_seal_key_load(path, &loaded, NULL), -EINVAL);
	}
	unlink(path);
	assert_int_equal(rw_seal_key_load(path, &loaded, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(opens_nothing_changed_moved_or_cut),
		cmocka_unit_test(never_seals_twice_alike),
		cmocka_unit_test_setup_teardown(keeps_its_key_in_a_private_file, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(refuses_a_key_file_that_others_may_touch, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(refuses_a_file_that_holds_no_key, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
