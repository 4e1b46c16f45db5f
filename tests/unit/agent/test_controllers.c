/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/controllers.h"
#include "base/file.h"
#include "scratch.h"

#define A "https://a:8443"
#define B "https://b:8443"
#define C "https://c:8443"

struct world {
	char folder[64];
	struct rw_agent_place place;
	struct rw_agent_identity identity;
	struct rw_controllers controllers;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	(void)snprintf(world->place.state, sizeof(world->place.state), "%s/state", world->folder);
	assert_int_equal(rw_agent_state_make(&world->place, NULL), 0);
	world->identity = (struct rw_agent_identity){"n-1", "web-1", A};
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

static void join_by(struct world *world, const char *url)
{
	assert_int_equal(rw_controllers_add_joined(&world->controllers, url, NULL), 0);
}

/* Up to four URLs; gives what was said of the first that is none, "" = all are. */
static const char *tell(struct world *world, const char *first, const char *second, const char *third,
			const char *fourth)
{
	static struct rw_error unfit;
	char urls[4][RW_REPORT_URL_SIZE] = {{0}};
	const char *const texts[] = {first, second, third, fourth};
	size_t count = 0;

	unfit = RW_ERROR_NONE;
	for (; count < 4 && texts[count]; count++)
		(void)snprintf(urls[count], sizeof(urls[count]), "%s", texts[count]);
	(void)rw_controllers_tell(&world->controllers, (const char(*)[RW_REPORT_URL_SIZE])urls, count,
				  &unfit);
	return unfit.text;
}

/* All URLs, each with "j" or "t" or both before it. */
static const char *list(const struct rw_controllers *controllers)
{
	static char text[RW_CONTROLLERS_MAX * (RW_AGENT_SERVER_SIZE + 4)];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < controllers->count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s%s=%s", i ? " " : "",
					   controllers->entries[i].joined ? "j" : "",
					   controllers->entries[i].told ? "t" : "",
					   controllers->entries[i].url);
	return text;
}

static const char *next(struct world *world)
{
	bool moved;

	return rw_controllers_next(&world->controllers, &moved);
}

static void takes_what_people_write_for_a_server(void **state)
{
	static const struct {
		const char *text, *url; /* NULL = refused */
	} cases[] = {
		{"10.0.0.2", "https://10.0.0.2:8443"},
		{"https://ringwall.example/", "https://ringwall.example:8443"},
		{"https://[fd00::2]", "https://[fd00::2]:8443"},
		{"[fd00::2]:443", "https://[fd00::2]:443"},
		{"http://10.0.0.2:8443", NULL},
		{"https://10.0.0.2/v1", NULL},
		{"https://a:8443#x", NULL},
		{"https://a b:8443", NULL},
		{"https://a:port", NULL},
		{"https://a:0", NULL},
		{"https://user@a:8443", NULL},
		{"https://", NULL},
		{"", NULL},
	};
	char url[RW_AGENT_SERVER_SIZE], text[2 * RW_AGENT_SERVER_SIZE];

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_error err = RW_ERROR_NONE;
		int r = rw_controllers_parse_url(cases[i].text, url, &err);

		if ((r == 0) != (cases[i].url != NULL) || (r < 0 && !err.text[0]))
			fail_msg("\"%s\": %d %s", cases[i].text, r, err.text);
		if (r == 0)
			assert_string_equal(url, cases[i].url);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(rw_controllers_parse_url(text, url, NULL), -EINVAL);
}

static void knows_those_told_and_keeps_those_that_join_was_given(void **state)
{
	struct world *world = *state;

	join_by(world, A);
	join_by(world, A);
	assert_string_equal(tell(world, C, B, C, NULL), "");
	assert_string_equal(list(&world->controllers), "t=" C " t=" B " j=" A);
	assert_true(world->controllers.changed);
	/* What was told before goes; the same again is nothing new. */
	assert_string_equal(tell(world, B, A, NULL, NULL), "");
	assert_string_equal(list(&world->controllers), "t=" B " jt=" A);
	world->controllers.changed = false;
	assert_string_equal(tell(world, B, A, NULL, NULL), "");
	assert_false(world->controllers.changed);
}

static void leaves_out_what_is_no_url_and_keeps_the_list_when_nothing_is_left(void **state)
{
	struct world *world = *state;

	join_by(world, A);
	assert_non_null(strstr(tell(world, "http://x:1", B, "https:///", NULL), "https only"));
	assert_string_equal(list(&world->controllers), "t=" B " j=" A);
	world->controllers.changed = false;
	assert_non_null(strstr(tell(world, "", "https://x/y", NULL, NULL), "not the address"));
	assert_string_equal(tell(world, NULL, NULL, NULL, NULL), "");
	assert_string_equal(list(&world->controllers), "t=" B " j=" A);
	assert_false(world->controllers.changed);
}

static void has_room_for_all_that_may_come(void **state)
{
	char told[RW_REPORT_CONTROLLERS][RW_REPORT_URL_SIZE] = {{0}}, url[RW_AGENT_SERVER_SIZE];
	struct rw_error unfit = RW_ERROR_NONE;
	struct world *world = *state;

	for (int i = 0; i < RW_CONTROLLERS_JOINED_MAX; i++) {
		(void)snprintf(url, sizeof(url), "https://j%d:%d", i, i + 1);
		join_by(world, url);
	}
	assert_int_equal(rw_controllers_add_joined(&world->controllers, A, NULL), -E2BIG);
	for (int i = 0; i < RW_REPORT_CONTROLLERS; i++) {
		memset(told[i], 'a' + i, 290);
		memcpy(told[i], "https://", 8);
		memcpy(told[i] + 240, ":8443", 6);
	}
	assert_true(rw_controllers_tell(&world->controllers, (const char(*)[RW_REPORT_URL_SIZE])told,
					RW_REPORT_CONTROLLERS, &unfit));
	assert_int_equal(unfit.code, 0);
	assert_int_equal(world->controllers.count, RW_CONTROLLERS_MAX);
	assert_int_equal(rw_controllers_save(&world->place, "n-1", &world->controllers, NULL), 0);
	(void)snprintf(world->identity.server, sizeof(world->identity.server), "https://j0:1");
	memset(&world->controllers, 0, sizeof(world->controllers));
	assert_int_equal(rw_controllers_load(&world->place, &world->identity, &world->controllers, NULL), 0);
	assert_int_equal(world->controllers.count, RW_CONTROLLERS_MAX);
}

static void goes_round_and_begins_where_it_worked(void **state)
{
	struct world *world = *state;
	bool moved;

	join_by(world, A);
	join_by(world, B);
	join_by(world, C);
	assert_string_equal(rw_controllers_next(&world->controllers, &moved), A);
	assert_true(moved);
	assert_string_equal(rw_controllers_next(&world->controllers, &moved), A);
	assert_false(moved);
	assert_true(rw_controllers_failed(&world->controllers));
	assert_string_equal(rw_controllers_next(&world->controllers, &moved), B);
	assert_true(moved);
	rw_controllers_worked(&world->controllers);
	assert_string_equal(world->controllers.last, B);
	assert_true(world->controllers.changed);
	/* All others come before A is tried again. */
	assert_true(rw_controllers_failed(&world->controllers));
	assert_string_equal(next(world), C);
	assert_true(rw_controllers_failed(&world->controllers));
	assert_string_equal(next(world), A);
	assert_false(rw_controllers_failed(&world->controllers));
	assert_string_equal(next(world), B);
}

static void goes_on_although_the_current_one_is_told_no_more(void **state)
{
	struct world *world = *state;

	join_by(world, A);
	(void)tell(world, A, C, NULL, NULL);
	assert_string_equal(next(world), A);
	assert_true(rw_controllers_failed(&world->controllers));
	assert_string_equal(next(world), C);
	rw_controllers_worked(&world->controllers);
	(void)tell(world, B, A, NULL, NULL);
	assert_string_equal(world->controllers.current, C);
	assert_true(rw_controllers_failed(&world->controllers));
	assert_string_equal(next(world), B);
}

/* ---- the file ---- */

static void write_file(const struct world *world, const char *text)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(&world->place, RW_CONTROLLERS_FILE, path);
	assert_int_equal(rw_file_write(path, text, strlen(text), 0600, NULL), 0);
}

static void load_expects(struct world *world, int result, const char *expected)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_controllers_load(&world->place, &world->identity, &world->controllers, &err);

	if (r != result)
		fail_msg("%d: %s", r, err.text);
	if ((r < 0) != (err.text[0] != '\0'))
		fail_msg("%d, but \"%s\"", r, err.text);
	assert_string_equal(list(&world->controllers), expected);
	assert_false(world->controllers.changed);
}

static void keeps_what_it_knows_over_a_restart(void **state)
{
	struct world *world = *state;
	char path[RW_AGENT_PATH_SIZE];
	struct stat status;

	join_by(world, A);
	join_by(world, "https://j:8443");
	(void)tell(world, C, A, B, NULL);
	(void)next(world);
	assert_true(rw_controllers_failed(&world->controllers));
	(void)next(world);
	rw_controllers_worked(&world->controllers);
	assert_int_equal(rw_controllers_save(&world->place, "n-1", &world->controllers, NULL), 0);
	rw_agent_state_path(&world->place, RW_CONTROLLERS_FILE, path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	load_expects(world, 0, "t=" C " jt=" A " t=" B " j=https://j:8443");
	assert_string_equal(next(world), A);
}

/* As an agent of before leaves it. */
static void a_folder_with_an_identity_alone_will_do(void **state)
{
	load_expects(*state, 0, "j=" A);
	assert_string_equal(next(*state), A);
}

static void leaves_alone_what_another_node_knew(void **state)
{
	struct world *world = *state;

	write_file(world, "version=1\nnode=n-2\nlast=" B "\njoined=" B "\n");
	load_expects(world, 0, "j=" A);
}

static void goes_by_the_identity_when_the_file_is_unfit(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{"", -EINVAL},
		{"version=1\nnode=n-1\njoined=http://b:1\n", -EINVAL},
		{"version=1\nnode=n-1\ntold=" B "\nlast=https://\n", -EINVAL},
		{"version=2\nnode=n-1\ntold=anything else\n", -EPROTONOSUPPORT},
		{"node=n-1\njoined=" B "\n", -EINVAL},
		{"\x7f\x45\x4c\x46\x02=", -EINVAL},
	};
	struct world *world = *state;
	static char large[RW_CONTROLLERS_FILE_MAX + 2];

	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		write_file(world, cases[i].text);
		load_expects(world, cases[i].result, "j=" A);
		assert_string_equal(world->controllers.last, "");
	}
	memset(large, '\n', sizeof(large) - 1);

	write_file(world, large);
	load_expects(world, -E2BIG, "j=" A);
}

static void passes_over_lines_of_later_agents(void **state)
{
	struct world *world = *state;

	write_file(world, "version=1\nnode=n-1\nweight=7\n\nno line\ntold=" B "\n");
	load_expects(world, 0, "t=" B " j=" A);
}

static void always_knows_the_one_of_the_identity(void **state)
{
	char text[4096] = "version=1\nnode=n-1\n";
	struct world *world = *state;

	for (int i = 0; i < RW_CONTROLLERS_JOINED_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "joined=https://j%d:1\n", i);
	write_file(world, text);
	load_expects(world, 0, "j=" A);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_what_people_write_for_a_server),
		TEST(knows_those_told_and_keeps_those_that_join_was_given),
		TEST(leaves_out_what_is_no_url_and_keeps_the_list_when_nothing_is_left),
		TEST(has_room_for_all_that_may_come),
		TEST(goes_round_and_begins_where_it_worked),
		TEST(goes_on_although_the_current_one_is_told_no_more),
		TEST(keeps_what_it_knows_over_a_restart),
		TEST(a_folder_with_an_identity_alone_will_do),
		TEST(leaves_alone_what_another_node_knew),
		TEST(goes_by_the_identity_when_the_file_is_unfit),
		TEST(passes_over_lines_of_later_agents),
		TEST(always_knows_the_one_of_the_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
