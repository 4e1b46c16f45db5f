/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/early.h"
#include "base/file.h"
#include "scratch.h"

static struct rw_early_wishes wishes;
static struct rw_agent_place place;

static int set_up(void **state)
{
	char folder[SCRATCH_SIZE];

	(void)state;
	wishes = (struct rw_early_wishes){0};
	scratch_make(folder);
	assert_int_equal(rw_agent_place_find(folder, NULL, &place, NULL), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_remove(place.state);
}

static void write_file(const char *text)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(&place, "early-drop", path);
	assert_int_equal(rw_file_write(path, text, strlen(text), 0600, NULL), 0);
}

static int say(const char *words)
{
	struct rw_early_wish wish;
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_early_wish_change(&wishes, words, &wish, &err);

	if (r < 0)
		assert_true(err.text[0]);
	return r < 0 ? r : rw_early_set(&wishes, &wish, NULL);
}

static void assert_wish(const char *name, enum rw_enforcer_early early, bool idle)
{
	const struct rw_early_wish *wish = rw_early_find(&wishes, name);

	assert_non_null(wish);
	assert_int_equal(wish->early, early);
	assert_int_equal(wish->idle, idle);
}

static void option_names_interface_and_mode(void **state)
{
	static const char *const bad[] = {
		"", ":native", "eth0:", "eth0:fast", "a/b", "eth0\n", "an-interface-too-long"};
	struct rw_early_wish wish;

	(void)state;
	assert_int_equal(rw_early_wish_parse("eth0", &wish, NULL), 0);
	assert_string_equal(wish.name, "eth0");
	assert_int_equal(wish.early, RW_ENFORCER_EARLY_NATIVE);
	assert_int_equal(rw_early_wish_parse("eth0:generic", &wish, NULL), 0);
	assert_int_equal(wish.early, RW_ENFORCER_EARLY_GENERIC);
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_int_equal(rw_early_wish_parse(bad[i], &wish, NULL), -EINVAL);
}

static void command_keeps_what_it_does_not_say(void **state)
{
	(void)state;
	assert_int_equal(say("on eth0"), 0);
	assert_wish("eth0", RW_ENFORCER_EARLY_NATIVE, false);
	assert_int_equal(say("on eth0 generic"), 0);
	assert_int_equal(say("off eth0"), 0);
	assert_wish("eth0", RW_ENFORCER_EARLY_GENERIC, true);
	assert_int_equal(say("on eth0"), 0);
	assert_wish("eth0", RW_ENFORCER_EARLY_GENERIC, false);
	assert_int_equal(say("remove eth0"), 0);
	assert_wish("eth0", RW_ENFORCER_EARLY_NONE, false);
	assert_int_equal(wishes.count, 1);
}

static void command_that_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "on",
					  "eth0",
					  "up eth0",
					  "off eth0",
					  "off eth0 now",
					  "on eth0 native x",
					  "on eth0 fast",
					  "on a/b"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_int_equal(say(bad[i]), -EINVAL);
	assert_int_equal(wishes.count, 0);
}

static void file_goes_before_the_option(void **state)
{
	(void)state;
	assert_int_equal(say("on eth0"), 0);
	assert_int_equal(say("on eth1 generic"), 0);
	assert_int_equal(say("off eth1"), 0);
	assert_int_equal(say("remove eth0"), 0);
	assert_int_equal(rw_early_save(&place, &wishes, NULL), 0);
	wishes = (struct rw_early_wishes){0};
	assert_int_equal(say("on eth0"), 0);
	assert_int_equal(say("on eth2"), 0);
	assert_int_equal(rw_early_load(&place, &wishes, NULL), 0);
	assert_wish("eth0", RW_ENFORCER_EARLY_NONE, false);
	assert_wish("eth1", RW_ENFORCER_EARLY_GENERIC, true);
	assert_wish("eth2", RW_ENFORCER_EARLY_NATIVE, false);
}

static void file_that_is_none_of_ours_changes_nothing(void **state)
{
	static const char *const bad[] = {"eth0\n", "eth0 native\neth1 fast\n", "eth0 native 1\n",
					  "a/b native\n"};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_early_load(&place, &wishes, &err), 0);
	assert_string_equal(err.text, "");
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		write_file(bad[i]);
		assert_int_equal(rw_early_load(&place, &wishes, &err), -EINVAL);
		assert_non_null(strstr(err.text, "early-drop line "));
		assert_int_equal(wishes.count, 0);
	}
}

static void wishes_are_bounded(void **state)
{
	char words[32];

	(void)state;
	for (int i = 0; i < RW_EARLY_WISHES_MAX; i++) {
		(void)snprintf(words, sizeof(words), "on eth%d", i);
		assert_int_equal(say(words), 0);
	}
	assert_int_equal(say("on eth64"), -E2BIG);
	assert_int_equal(rw_early_save(&place, &wishes, NULL), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(option_names_interface_and_mode),           TEST(command_keeps_what_it_does_not_say),
		TEST(command_that_makes_no_sense_is_refused),    TEST(file_goes_before_the_option),
		TEST(file_that_is_none_of_ours_changes_nothing), TEST(wishes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
