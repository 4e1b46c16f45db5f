/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/servers.h"

static struct rw_servers three(void)
{
	struct rw_servers servers;

	assert_int_equal(rw_servers_parse("https://a:8443,https://b:8443,https://c:8443", &servers, NULL), 0);
	return servers;
}

static const struct rw_error refused = {.code = -ECONNREFUSED, .text = "refused"};

static void reads_one_server_or_several(void **state)
{
	struct rw_servers servers;

	(void)state;
	assert_int_equal(rw_servers_parse("https://10.0.0.5:8443/", &servers, NULL), 0);
	assert_int_equal(servers.count, 1);
	assert_string_equal(rw_servers_current(&servers), "https://10.0.0.5:8443");
	rw_servers_done(&servers);
	assert_int_equal(rw_servers_parse(" https://a:8443/ , http://127.0.0.1:8080,https://[2001:db8::5]",
					  &servers, NULL),
			 0);
	assert_int_equal(servers.count, 3);
	assert_string_equal(servers.urls[0], "https://a:8443");
	assert_string_equal(servers.urls[1], "http://127.0.0.1:8080");
	assert_string_equal(servers.urls[2], "https://[2001:db8::5]");
	rw_servers_done(&servers);
}

static void refuses_a_list_that_is_none_and_says_why(void **state)
{
	static const char *const bad[] = {"",
					  ",",
					  "https://a:8443,",
					  ",https://a:8443",
					  "https://a:8443,,https://b:8443",
					  "https://a:8443 https://b:8443",
					  "https://a:8443;https://b:8443/v1",
					  "10.0.0.5:8443",
					  "https://",
					  "ftp://a",
					  "https://a/v1",
					  "https://a:65536",
					  "https://[::1",
					  "https://me:secret@a",
					  "http://10.0.0.5:8443",
					  "https://a:8443,https://a:8443/"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct rw_servers servers;
		struct rw_error err = RW_ERROR_NONE;

		if (rw_servers_parse(bad[i], &servers, &err) != -EINVAL)
			fail_msg("taken: '%s'", bad[i]);
		assert_string_equal(err.field, "server");
		assert_true(err.text[0] != '\0');
	}
}

static void takes_no_more_servers_than_it_says(void **state)
{
	struct rw_servers servers;
	struct rw_error err = RW_ERROR_NONE;
	char text[1024] = "";
	size_t length = 0;

	(void)state;
	for (int i = 0; i < RW_SERVERS_MAX; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%shttps://c%d",
					   i ? "," : "", i);
	assert_int_equal(rw_servers_parse(text, &servers, &err), 0);
	assert_int_equal(servers.count, RW_SERVERS_MAX);
	rw_servers_done(&servers);
	(void)snprintf(text + length, sizeof(text) - length, ",https://more");
	assert_int_equal(rw_servers_parse(text, &servers, &err), -EINVAL);
	assert_non_null(strstr(err.text, "at most 8"));
}

static void asks_each_once_and_begins_where_it_was_answered(void **state)
{
	RW_CLEANUP(rw_servers_done) struct rw_servers servers = three();
	struct rw_servers_round round = {0};

	(void)state;
	assert_true(rw_servers_next(&servers, &round, &refused, false, false));
	assert_string_equal(rw_servers_current(&servers), "https://b:8443");
	/* b serves; later it does not: c comes next, then a again. */
	round = (struct rw_servers_round){0};
	assert_true(rw_servers_next(&servers, &round, &refused, false, false));
	assert_string_equal(rw_servers_current(&servers), "https://c:8443");
	assert_true(rw_servers_next(&servers, &round, &refused, false, false));
	assert_string_equal(rw_servers_current(&servers), "https://a:8443");
	assert_false(rw_servers_next(&servers, &round, &refused, false, false));
	assert_int_equal(round.count, 3);
	assert_string_equal(round.attempts[0].server, "https://b:8443");
	assert_string_equal(round.attempts[2].server, "https://a:8443");
	assert_string_equal(round.attempts[2].err.text, "refused");
}

static void goes_no_further_with_what_may_have_been_done(void **state)
{
	RW_CLEANUP(rw_servers_done) struct rw_servers servers = three();
	static const struct rw_error reset = {.code = -ECONNRESET};
	struct rw_servers_round round = {0};

	(void)state;
	assert_true(rw_servers_next(&servers, &round, &reset, true, true));
	assert_string_equal(rw_servers_current(&servers), "https://b:8443");
	assert_false(rw_servers_next(&servers, &round, &reset, true, false));
	assert_string_equal(rw_servers_current(&servers), "https://b:8443");
	assert_true(round.attempts[1].may_have_left);
}

static void goes_no_further_with_what_no_server_mends(void **state)
{
	static const int codes[] = {-EINTR, -ENOMEM, -EINVAL, -EMSGSIZE};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(codes); i++) {
		RW_CLEANUP(rw_servers_done) struct rw_servers servers = three();
		struct rw_servers_round round = {0};

		assert_false(
			rw_servers_next(&servers, &round, &(struct rw_error){.code = codes[i]}, false, true));
		assert_string_equal(rw_servers_current(&servers), "https://a:8443");
	}
}

/* A round in which a is gone, and b and c stand by. */
static struct rw_servers_round ask_standbys(struct rw_servers *servers, const char *active)
{
	static const struct rw_error standby = {.code = -EREMOTE, .text = "stands by"};
	struct rw_servers_round round = {0};

	assert_true(rw_servers_next(servers, &round, &refused, false, false));
	for (int i = 0; i < 2; i++) {
		if (active)
			rw_servers_note_active(servers, &round, active);
		assert_true(rw_servers_next(servers, &round, &standby, false, false) == (i == 0));
	}
	return round;
}

static void asks_all_again_while_one_of_them_may_take_over(void **state)
{
	static const char *const active[] = {NULL, "https://a:8443"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(active); i++) {
		RW_CLEANUP(rw_servers_done) struct rw_servers servers = three();
		struct rw_servers_round round = ask_standbys(&servers, active[i]);

		assert_true(rw_servers_again(&servers, &round, false));
		assert_int_equal(round.count, 0);
		assert_string_equal(rw_servers_current(&servers), "https://a:8443");
	}
}

static void waits_for_nobody_where_that_is_of_no_use(void **state)
{
	static const struct rw_error reset = {.code = -ECONNRESET};
	RW_CLEANUP(rw_servers_done) struct rw_servers servers = three();
	struct rw_servers_round round = ask_standbys(&servers, "https://d:8443");

	(void)state;
	assert_false(rw_servers_again(&servers, &round, true)); /* the active one is d */
	round = (struct rw_servers_round){0};
	for (int i = 0; i < 3; i++)
		assert_true(rw_servers_next(&servers, &round, &refused, false, true) == (i < 2));
	assert_false(rw_servers_again(&servers, &round, true)); /* all are gone */
	/* What may have been done is not done again, and that it may have been is not forgotten. */
	round = ask_standbys(&servers, NULL);
	assert_true(rw_servers_again(&servers, &round, false));
	assert_false(rw_servers_next(&servers, &round, &reset, true, false));
	assert_false(rw_servers_again(&servers, &round, false));
	assert_true(round.may_have_left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_all_again_while_one_of_them_may_take_over),
		cmocka_unit_test(waits_for_nobody_where_that_is_of_no_use),
		cmocka_unit_test(reads_one_server_or_several),
		cmocka_unit_test(refuses_a_list_that_is_none_and_says_why),
		cmocka_unit_test(takes_no_more_servers_than_it_says),
		cmocka_unit_test(asks_each_once_and_begins_where_it_was_answered),
		cmocka_unit_test(goes_no_further_with_what_may_have_been_done),
		cmocka_unit_test(goes_no_further_with_what_no_server_mends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
