/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "scratch.h"

/* A journald of ours, and a file in place of standard error. */
static struct {
	char folder[64];
	char path[80];
	int journal; /* -EBADF = nobody listens */
	int errors;
	int saved;
	char got[8192];
} world;

static int make_world(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	scratch_make(world.folder);
	(void)snprintf(world.path, sizeof(world.path), "%s/socket", world.folder);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", world.path);
	world.journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world.journal, (struct sockaddr *)&address, sizeof(address)), 0);
	world.errors = memfd_create("stderr", MFD_CLOEXEC);
	world.saved = dup(STDERR_FILENO);
	assert_true(world.errors >= 0 && dup2(world.errors, STDERR_FILENO) >= 0);
	return 0;
}

static int free_world(void **state)
{
	(void)state;
	rw_log_close_journal();
	rw_log_set_level(RW_LOG_INFO);
	(void)unsetenv("JOURNAL_STREAM");
	(void)dup2(world.saved, STDERR_FILENO);
	(void)close(world.saved);
	(void)close(world.errors);
	(void)rw_close(world.journal);
	return scratch_remove(world.folder);
}

/* As systemd does it for a service. */
static void connect_journal(void)
{
	struct stat info;
	char stream[64];

	assert_int_equal(fstat(STDERR_FILENO, &info), 0);
	(void)snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)info.st_dev,
		       (unsigned long)info.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	assert_true(rw_log_open_journal(world.path, "ringwalld"));
}

static const char *datagram(void)
{
	ssize_t size = recv(world.journal, world.got, sizeof(world.got) - 1, 0);

	world.got[size < 0 ? 0 : size] = '\0';
	return world.got;
}

static const char *written(void)
{
	ssize_t size = pread(world.errors, world.got, sizeof(world.got) - 1, 0);

	world.got[size < 0 ? 0 : size] = '\0';
	return world.got;
}

static void sends_the_pairs_of_a_line_as_fields_of_the_journal(void **state)
{
	(void)state;
	connect_journal();
	rw_log_warning("agent stream lost  node=%s reason=\"%s\" retry_ms=%d", "n1", "connection reset",
		       1000);
	assert_string_equal(datagram(), "PRIORITY=4\nSYSLOG_IDENTIFIER=ringwalld\n"
					"MESSAGE=agent stream lost  node=n1 reason=\"connection reset\" "
					"retry_ms=1000\n"
					"RW_NODE=n1\nRW_REASON=connection reset\nRW_RETRY_MS=1000\n");
	assert_string_equal(written(), "");
}

static void lets_no_value_forge_a_line_or_a_field(void **state)
{
	(void)state;
	connect_journal();
	rw_log_info("it failed  reason=\"%s\" node=%s", "a\" node=evil b=\"\nPRIORITY=0\nRW_NODE=x", "n1");
	assert_string_equal(datagram(), "PRIORITY=6\nSYSLOG_IDENTIFIER=ringwalld\n"
					"MESSAGE=it failed  reason=\"a' node=evil b=' PRIORITY=0 RW_NODE=x\" "
					"node=n1\n"
					"RW_REASON=a' node=evil b=' PRIORITY=0 RW_NODE=x\nRW_NODE=n1\n");
	/* A sentence from outside has no pairs, whatever it looks like. */
	rw_log_info("%s", "sentence  node=evil\n");
	assert_string_equal(datagram(),
			    "PRIORITY=6\nSYSLOG_IDENTIFIER=ringwalld\nMESSAGE=sentence  node=evil \n");
}

static void writes_to_standard_error_when_nobody_takes_it(void **state)
{
	(void)state;
	connect_journal();
	world.journal = rw_close(world.journal);
	rw_log_error("it failed  node=%s", "n1");
	assert_non_null(strstr(written(), "Z error: it failed  node=n1\n"));
}

static void writes_to_standard_error_when_that_is_no_stream_of_the_journal(void **state)
{
	(void)state;
	assert_false(rw_log_open_journal(world.path, "ringwalld"));
	assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
	assert_false(rw_log_open_journal(world.path, "ringwalld"));
	assert_int_equal(setenv("JOURNAL_STREAM", "rubbish", 1), 0);
	assert_false(rw_log_open_journal(world.path, "ringwalld"));
	rw_log_info("listening  port=%d", 8443);
	assert_non_null(strstr(written(), "Z info: listening  port=8443\n"));
	assert_string_equal(datagram(), "");
}

static void drops_what_is_above_the_level(void **state)
{
	(void)state;
	rw_log_debug("not seen");
	assert_string_equal(written(), "");
	rw_log_set_level(RW_LOG_DEBUG);
	rw_log_debug("seen");
	assert_non_null(strstr(written(), "Z debug: seen\n"));
}

static void cuts_what_is_too_long_and_keeps_the_fields_before(void **state)
{
	char huge[5000];

	(void)state;
	connect_journal();
	(void)memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	rw_log_info("it failed  node=%s reason=\"%s\" last=%d", "n1", huge, 7);
	(void)datagram();
	assert_non_null(strstr(world.got, "\nRW_NODE=n1\nRW_REASON=xxx"));
	assert_null(strstr(world.got, "RW_LAST"));
	assert_int_equal(world.got[strlen(world.got) - 1], '\n');
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)
	const struct CMUnitTest tests[] = {
		T(sends_the_pairs_of_a_line_as_fields_of_the_journal),
		T(lets_no_value_forge_a_line_or_a_field),
		T(writes_to_standard_error_when_nobody_takes_it),
		T(writes_to_standard_error_when_that_is_no_stream_of_the_journal),
		T(drops_what_is_above_the_level),
		T(cuts_what_is_too_long_and_keeps_the_fields_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
