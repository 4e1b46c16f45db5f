/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/context.h"
#include "scratch.h"

static char folder[64];

static int make_home(void **state)
{
	(void)state;
	scratch_make(folder);
	(void)unsetenv("RINGWALL_SERVER");
	(void)unsetenv("RINGWALL_CONTEXT");
	(void)unsetenv("RINGWALL_KEY_FILE");
	(void)unsetenv("RINGWALL_CA");
	return setenv("XDG_CONFIG_HOME", folder, 1);
}

static int remove_home(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static int ringwall(const char *a, const char *b, const char *c, const char *d, const char *e)
{
	char *arguments[] = {(char *)(uintptr_t) "ringwall",
			     (char *)(uintptr_t)a,
			     (char *)(uintptr_t)b,
			     (char *)(uintptr_t)c,
			     (char *)(uintptr_t)d,
			     (char *)(uintptr_t)e,
			     NULL};
	int count = 0;

	while (arguments[count])
		count++;
	return rw_cli_main(count, arguments);
}

static void keeps_uses_and_forgets_contexts(void **state)
{
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(ringwall("context", "add", "one", "--server", "https://10.0.0.1:8443"), 0);
	assert_int_equal(ringwall("context", "add", "two", "--server", "https://10.0.0.2:8443"), 0);
	assert_int_equal(ringwall("context", "use", "two", NULL, NULL), 0);
	assert_int_equal(rw_contexts_load(&contexts, &err), 0);
	assert_string_equal(contexts.current, "two");
	assert_int_equal(rw_contexts_find(&contexts, "one", &login, &err), 0);
	assert_string_equal(login.server, "https://10.0.0.1:8443");
	rw_contexts_done(&contexts);
	assert_int_equal(ringwall("context", "delete", "two", NULL, NULL), 0);
	assert_int_equal(rw_contexts_load(&contexts, &err), 0);
	assert_null(contexts.current);
	assert_int_equal(ringwall("context", "use", "two", NULL, NULL), RW_EXIT_REFUSED);
}

static void the_file_is_for_its_owner_alone(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path;
	struct rw_error err = RW_ERROR_NONE;
	struct stat info;

	(void)state;
	rw_buf_init(&path, 4096);
	assert_int_equal(ringwall("context", "add", "mine", "--server", "https://10.0.0.1:8443"), 0);
	assert_int_equal(rw_contexts_path(&path, &err), 0);
	assert_int_equal(stat(path.data, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

static void options_win_over_the_environment_and_that_over_contexts(void **state)
{
	static struct rw_cli cli;
	static const struct rw_usage_option server = {"server", 0, "URL", ""};
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	memset(&cli, 0, sizeof(cli));
	assert_int_equal(ringwall("context", "add", "kept", "--server", "https://kept:1"), 0);
	assert_int_equal(ringwall("context", "use", "kept", NULL, NULL), 0);
	assert_int_equal(rw_cli_find_login(&cli, &login, &err), 0);
	assert_string_equal(login.server, "https://kept:1");
	rw_cli_login_done(&login);
	assert_int_equal(setenv("RINGWALL_SERVER", "https://environment:2", 1), 0);
	assert_int_equal(rw_cli_find_login(&cli, &login, &err), 0);
	assert_string_equal(login.server, "https://environment:2");
	rw_cli_login_done(&login);
	cli.options[cli.option_count++] = (struct rw_cli_word){&server, "https://option:3"};
	assert_int_equal(rw_cli_find_login(&cli, &login, &err), 0);
	assert_string_equal(login.server, "https://option:3");
	(void)unsetenv("RINGWALL_SERVER");
}

static void a_broken_file_is_named(void **state)
{
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_buf_init(&path, 4096);
	assert_int_equal(ringwall("context", "add", "mine", "--server", "https://10.0.0.1:8443"), 0);
	assert_int_equal(rw_contexts_path(&path, &err), 0);
	assert_int_equal(rw_file_write(path.data, "{\"contexts\":", 12, 0600, &err), 0);
	assert_int_equal(rw_contexts_load(&contexts, &err), -EINVAL);
	assert_non_null(strstr(err.text, "contexts.json"));
}

static void without_any_server_the_hint_says_how_to_give_one(void **state)
{
	static struct rw_cli cli;
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	memset(&cli, 0, sizeof(cli));
	assert_int_equal(setenv("XDG_CONFIG_HOME", "/nonexistent", 1), 0);
	assert_int_equal(rw_cli_find_login(&cli, &login, &err), -ENOENT);
	assert_non_null(strstr(err.hint, "context add"));
	assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_server_the_hint_says_how_to_give_one),
		cmocka_unit_test(keeps_uses_and_forgets_contexts),
		cmocka_unit_test(the_file_is_for_its_owner_alone),
		cmocka_unit_test(options_win_over_the_environment_and_that_over_contexts),
		cmocka_unit_test(a_broken_file_is_named),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
