/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/flows.h"
#include "scratch.h"

#define DAY_MS INT64_C(86400000)
#define TODAY  (INT64_C(20000) * 86400000 + 1000)

static struct rw_flow_history *history;
static char folder[64], path[80];
static struct rw_flow_row rows[64]; /* of the last query */
static size_t row_count;
static bool more;

static void open_history(const struct rw_flow_history_limits *limits)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_flow_history_open(path, limits, &history, &err) < 0)
		fail_msg("%s", err.text);
}

static int make_folder(void **state)
{
	(void)state;
	scratch_make(folder);
	(void)snprintf(path, sizeof(path), "%s/flows.db", folder);
	open_history(&(struct rw_flow_history_limits){.days = 3, .rows = 4});
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	history = rw_flow_history_free(history);
	return scratch_remove(folder);
}

static struct rw_flow_row make_row(const char *scope, const char *node, uint16_t port, uint8_t last,
				   int64_t when)
{
	struct rw_flow_row row = {.protocol = 6,
				  .port = port,
				  .remote_size = last ? 4 : 0,
				  .remote = {203, 0, 113, last},
				  .cause = "sgr-1",
				  .count = 1,
				  .first_ms = when,
				  .last_ms = when};

	(void)snprintf(row.scope, sizeof(row.scope), "%s", scope);
	(void)snprintf(row.node, sizeof(row.node), "%s", node);
	return row;
}

static void add(struct rw_flow_row row)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_flow_history_add(history, TODAY, &row, 1, &err) < 0)
		fail_msg("%s", err.text);
}

static bool keep_row(void *context, const struct rw_flow_row *row)
{
	(void)context;
	assert_true(row_count < 64);
	rows[row_count++] = *row;
	return true;
}

static size_t ask(struct rw_flow_query query)
{
	struct rw_error err = RW_ERROR_NONE;

	row_count = 0;
	if (!query.limit)
		query.limit = 64;
	if (rw_flow_history_query(history, &query, keep_row, NULL, &more, &err) < 0)
		fail_msg("%s", err.text);
	return row_count;
}

#define ALL .port = -1, .protocol = -1

static void sums_up_the_rows_of_a_flow_over_days(void **state)
{
	struct rw_flow_row row = make_row("c-1", "n-1", 443, 9, TODAY - DAY_MS);

	(void)state;
	row.served = 1;
	add(row);
	row = make_row("c-1", "n-1", 443, 9, TODAY);
	row.count = 5;
	row.answered = 2;
	(void)strcpy(row.cause, "sgr-2");
	add(row);
	add(row);
	assert_int_equal(ask((struct rw_flow_query){ALL}), 1);
	assert_int_equal(rows[0].count, 11);
	assert_int_equal(rows[0].answered, 4);
	assert_int_equal(rows[0].served, 1);
	assert_string_equal(rows[0].cause, "sgr-2");
	assert_int_equal(rows[0].first_ms, TODAY - DAY_MS);
	assert_int_equal(rows[0].last_ms, TODAY);
	assert_int_equal(rows[0].remote[3], 9);
	assert_int_equal(ask((struct rw_flow_query){ALL, .since_ms = TODAY}), 1);
	assert_int_equal(rows[0].count, 10);
	assert_int_equal(ask((struct rw_flow_query){ALL, .until_ms = TODAY}), 1);
	assert_int_equal(rows[0].count, 1);
}

static void finds_by_each_filter(void **state)
{
	struct rw_flow_row row = make_row("c-1", "n-1", 443, 1, TODAY);

	(void)state;
	add(row);
	row = make_row("c-2", "n-2", 53, 2, TODAY);
	row.protocol = 17;
	row.verdict = 1;
	row.direction = 1;
	row.count = 9;
	add(row);
	assert_int_equal(ask((struct rw_flow_query){ALL}), 2);
	assert_string_equal(rows[0].node, "n-2");
	assert_int_equal(ask((struct rw_flow_query){ALL, .scope = "c-1"}), 1);
	assert_string_equal(rows[0].node, "n-1");
	assert_int_equal(ask((struct rw_flow_query){ALL, .node = "n-2"}), 1);
	assert_int_equal(ask((struct rw_flow_query){ALL, .verdicts = 2}), 1);
	assert_string_equal(rows[0].node, "n-2");
	assert_int_equal(ask((struct rw_flow_query){ALL, .directions = 1}), 1);
	assert_string_equal(rows[0].node, "n-1");
	assert_int_equal(ask((struct rw_flow_query){.port = 53, .protocol = -1}), 1);
	assert_int_equal(ask((struct rw_flow_query){.port = -1, .protocol = 6}), 1);
	assert_int_equal(ask((struct rw_flow_query){.port = 53, .protocol = 6}), 0);
	assert_int_equal(ask((struct rw_flow_query){ALL, .scope = "c-1' OR 1"}), 0);
}

static uint64_t day_counts[4][2]; /* by days before today, and verdict */

static bool keep_day(void *context, int64_t day_ms, uint8_t verdict, uint64_t count)
{
	(void)context;
	assert_int_equal(day_ms % DAY_MS, 0);
	day_counts[TODAY / DAY_MS - day_ms / DAY_MS][verdict] = count;
	return true;
}

static void ask_days(struct rw_flow_query query)
{
	memset(day_counts, 0, sizeof(day_counts));
	assert_int_equal(rw_flow_history_days(history, &query, keep_day, NULL, NULL), 0);
}

static void sums_up_each_day(void **state)
{
	struct rw_flow_row row = make_row("c-1", "n-1", 443, 9, TODAY - DAY_MS);

	(void)state;
	add(row);
	add(make_row("c-1", "n-1", 443, 9, TODAY));
	row = make_row("c-2", "n-2", 22, 8, TODAY);
	row.count = 7;
	add(row);
	row.verdict = 1;
	add(row);
	ask_days((struct rw_flow_query){ALL});
	assert_int_equal(day_counts[0][0], 8);
	assert_int_equal(day_counts[0][1], 7);
	assert_int_equal(day_counts[1][0], 1);
	ask_days((struct rw_flow_query){.port = 22, .protocol = -1, .verdicts = 1});
	assert_int_equal(day_counts[0][0], 7);
	assert_int_equal(day_counts[0][1] + day_counts[1][0], 0);
	ask_days((struct rw_flow_query){ALL, .since_ms = TODAY});
	assert_int_equal(day_counts[1][0], 0);
}

static void pages_without_losing_a_row(void **state)
{
	(void)state;
	for (uint16_t port = 1; port <= 4; port++)
		add(make_row("c-1", "n-1", port, 1, TODAY));
	assert_int_equal(ask((struct rw_flow_query){ALL, .limit = 3}), 3);
	assert_true(more);
	assert_int_equal(ask((struct rw_flow_query){ALL, .limit = 3, .offset = 3}), 1);
	assert_false(more);
	assert_int_equal(rows[0].port, 4);
}

/* Four rows a day, and one for services besides. */
static void counts_what_has_no_room_in_wider_rows(void **state)
{
	uint64_t sum = 0;

	(void)state;
	for (uint8_t last = 1; last <= 100; last++)
		add(make_row("c-1", "n-1", 443, last, TODAY));
	assert_int_equal(ask((struct rw_flow_query){ALL}), 5);
	assert_int_equal(rows[0].count, 96);
	assert_int_equal(rows[0].remote_size, 0);
	assert_int_equal(rows[0].port, 443);
	assert_false(rows[0].is_others);
	/* A scan of all ports: the others, for each verdict and direction. */
	for (uint16_t port = 1; port <= 100; port++)
		add(make_row("c-1", "n-1", port, 7, TODAY));
	assert_int_equal(ask((struct rw_flow_query){ALL}), 6);
	assert_true(rows[0].is_others);
	assert_int_equal(rows[0].port, 0);
	for (size_t i = 0; i < row_count; i++)
		sum += rows[i].count;
	assert_int_equal(sum, 200);
	/* Another cluster has its own room. */
	add(make_row("c-2", "n-2", 22, 1, TODAY));
	assert_int_equal(ask((struct rw_flow_query){ALL, .scope = "c-2"}), 1);
	assert_int_equal(rows[0].remote_size, 4);
}

static void knows_after_a_restart_how_full_a_day_is(void **state)
{
	(void)state;
	for (uint8_t last = 1; last <= 4; last++)
		add(make_row("c-1", "n-1", 443, last, TODAY));
	(void)rw_flow_history_free(history);
	open_history(&(struct rw_flow_history_limits){.days = 3, .rows = 4});
	add(make_row("c-1", "n-1", 443, 5, TODAY));
	add(make_row("c-1", "n-1", 443, 4, TODAY));
	assert_int_equal(ask((struct rw_flow_query){ALL}), 5);
	assert_int_equal(rows[0].count, 2);
	assert_int_equal(rows[0].remote[3], 4);
}

static void keeps_so_many_days_and_takes_no_others(void **state)
{
	(void)state;
	for (int64_t age = -3; age <= 5; age++)
		add(make_row("c-1", "n-1", 443, 1, TODAY - age * DAY_MS));
	/* Today, two days before, and tomorrow for a clock that is ahead. */
	assert_int_equal(ask((struct rw_flow_query){ALL}), 1);
	assert_int_equal(rows[0].count, 4);
	assert_int_equal(rw_flow_history_prune(history, TODAY + 2 * DAY_MS, NULL), 0);
	assert_int_equal(ask((struct rw_flow_query){ALL}), 1);
	assert_int_equal(rows[0].count, 2);
}

static void forgets_a_node(void **state)
{
	struct stat info;

	(void)state;
	add(make_row("c-1", "n-1", 443, 1, TODAY));
	add(make_row("c-1", "n-2", 443, 1, TODAY));
	assert_int_equal(rw_flow_history_forget(history, "n-1", NULL), 0);
	assert_int_equal(ask((struct rw_flow_query){ALL}), 1);
	assert_string_equal(rows[0].node, "n-2");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

static void no_claim_makes_sums_overflow(void **state)
{
	struct rw_flow_row row = make_row("c-1", "n-1", 443, 1, TODAY);

	(void)state;
	row.count = row.answered = UINT64_MAX;
	for (int i = 0; i < 100; i++)
		add(row);
	assert_int_equal(ask((struct rw_flow_query){ALL}), 1);
	assert_true(rows[0].count == UINT64_C(100) * UINT32_MAX);
}

static void refuses_what_is_damaged_foreign_or_newer(void **state)
{
	struct rw_flow_history *other = NULL;
	const struct rw_flow_history_limits limits = {0};
	char command[256];
	FILE *file;

	(void)state;
	assert_int_equal(rw_flow_history_open(path, &limits, &other, NULL), -EBUSY);
	history = rw_flow_history_free(history);
	(void)snprintf(command, sizeof(command), "cp '%s' '%s-newer'", path, path);
	assert_int_equal(system(command), 0);
	file = fopen(path, "r+");
	assert_non_null(file);
	fputs("this is no database of anything at all", file);
	(void)fclose(file);
	assert_int_equal(rw_flow_history_open(path, &limits, &other, NULL), -EUCLEAN);
	/* The version stands at byte 60 of the header, as 4 bytes (SQLite, "Database File Format"). */
	(void)snprintf(command, sizeof(command), "%s-newer", path);
	file = fopen(command, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 63, SEEK_SET), 0);
	assert_int_equal(fputc(2, file), 2);
	(void)fclose(file);
	assert_int_equal(rw_flow_history_open(command, &limits, &other, NULL), -EPROTO);
}

static void says_when_the_file_is_full(void **state)
{
	static struct rw_flow_row many[100];
	struct rw_error err = RW_ERROR_NONE;
	int r = 0;

	(void)state;
	(void)rw_flow_history_free(history);
	open_history(&(struct rw_flow_history_limits){.rows = 100000, .bytes = 128 * 1024});
	for (int round = 0; r == 0 && round < 100; round++) {
		for (size_t i = 0; i < 100; i++)
			many[i] = make_row("c-1", "n-1", (uint16_t)(round * 100 + (int)i), 1, TODAY);
		r = rw_flow_history_add(history, TODAY, many, 100, &err);
	}
	assert_int_equal(r, -ENOSPC);
	/* All or nothing, and still good for questions and for forgetting. */
	(void)ask((struct rw_flow_query){ALL});
	assert_int_equal(rw_flow_history_prune(history, TODAY + 100 * DAY_MS, &err), 0);
	assert_int_equal(ask((struct rw_flow_query){ALL}), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		T(sums_up_the_rows_of_a_flow_over_days),
		T(finds_by_each_filter),
		T(sums_up_each_day),
		T(pages_without_losing_a_row),
		T(counts_what_has_no_room_in_wider_rows),
		T(knows_after_a_restart_how_full_a_day_is),
		T(keeps_so_many_days_and_takes_no_others),
		T(forgets_a_node),
		T(no_claim_makes_sums_overflow),
		T(refuses_what_is_damaged_foreign_or_newer),
		T(says_when_the_file_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
