/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#include "controller/server_names.h"
#include "scratch.h"

static char folder[64], path[80];

static int setup(void **state)
{
	(void)state;
	scratch_make(folder);
	(void)snprintf(path, sizeof(path), "%s/names", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static void gives_back_what_was_kept(void **state)
{
	const char *const given[] = {"10.0.0.2", "ringwall.example"};
	struct rw_server_names names;

	(void)state;
	assert_int_equal(rw_server_names_save(folder, given, 2, NULL), 0);
	assert_int_equal(rw_server_names_load(folder, &names, NULL), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.text[0], "10.0.0.2");
	assert_string_equal(names.text[1], "ringwall.example");
}

static void knows_no_names_without_a_file(void **state)
{
	struct rw_server_names names = {.count = 3};

	(void)state;
	assert_int_equal(rw_server_names_load(folder, &names, NULL), 0);
	assert_int_equal(names.count, 0);
}

static void keeps_nothing_that_is_no_name(void **state)
{
	const char *const empty[] = {""}, *const two[] = {"good", "a b"}, *many[RW_CERT_MAX_NAMES + 1];
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(many); i++)
		many[i] = "name";
	assert_int_equal(rw_server_names_save(folder, empty, 1, &err), -EINVAL);
	assert_string_equal(err.field, "--name");
	assert_int_equal(rw_server_names_save(folder, two, 2, NULL), -EINVAL);
	assert_int_equal(rw_server_names_save(folder, many, RW_ARRAY_COUNT(many), NULL), -EINVAL);
	assert_int_equal(access(path, F_OK), -1);
}

static void refuses_a_file_that_holds_something_else(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_server_names names;
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	(void)fputs("fine\n\nafter an empty line\n", file);
	(void)fclose(file);
	assert_int_equal(rw_server_names_load(folder, &names, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_back_what_was_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_no_names_without_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_nothing_that_is_no_name, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_a_file_that_holds_something_else, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
