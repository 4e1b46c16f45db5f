/* SPDX-License-Identifier: Apache-2.0 */

/* The controller's daemon: the command line; daemon.c runs it. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alibaba/alibaba.h"
#include "api/api.h"
#include "base/buf.h"
#include "base/log.h"
#include "main/daemon.h"
#include "main/descriptions.h"
#include "main/option_values.h"
#include "store/flows.h"
#include "wire/text.h"

enum { EXIT_USAGE = 2 };

static RW_PRINTF(1, 2) int usage_error(const char *format, ...)
{
	va_list list;

	(void)fputs("ringwalld: ", stderr);
	va_start(list, format);
	(void)vfprintf(stderr, format, list);
	va_end(list);
	(void)fputs("\nTry 'ringwalld --help'.\n", stderr);
	return EXIT_USAGE;
}

static int report(const struct rw_error *err)
{
	(void)fprintf(stderr, "ringwalld: %s%s%s\n", err->field, err->field[0] ? ": " : "", err->text);
	if (err->hint[0])
		(void)fprintf(stderr, "%s\n", err->hint);
	return rw_usage_is_fault(err) ? EXIT_USAGE : EXIT_FAILURE;
}

static bool set_log_level(const char *word)
{
	static const char *const words[] = {
		[RW_LOG_ERROR] = "error",
		[RW_LOG_WARNING] = "warning",
		[RW_LOG_INFO] = "info",
		[RW_LOG_DEBUG] = "debug",
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(words); i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		rw_log_set_level((enum rw_log_level)i);
		return true;
	}
	return false;
}

static int print_routes(void)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 1u << 20);
	if (rw_api_list_routes(&buf) < 0)
		return EXIT_FAILURE;
	(void)fputs(buf.data, stdout);
	return EXIT_SUCCESS;
}

/* A command that is not there, or has a word too many or too few. */
static int wrong_words(const char *word)
{
	size_t length = strlen(word);

	for (const struct rw_usage_command *command = rw_daemon_program.commands; command->path; command++)
		if (strncmp(command->path, word, length) == 0 &&
		    (command->path[length] == ' ' || !command->path[length]))
			return usage_error("'%s' reads: ringwalld %s%s%s", word, command->path,
					   command->arguments[0] ? " " : "", command->arguments);
	return usage_error("there is no command '%s'", word);
}

/* Where the text of an option goes that is taken as it is; NULL for others. */
static const char **slot_of(struct rw_daemon_options *daemon, int option)
{
	const struct {
		int option;
		const char **slot;
	} rows[] = {
		{RW_DAEMON_OPTION_STATE, &daemon->state},
		{RW_DAEMON_OPTION_LISTEN, &daemon->listen},
		{RW_DAEMON_OPTION_ETCD_PREFIX, &daemon->etcd_prefix},
		{RW_DAEMON_OPTION_ETCD_CA, &daemon->etcd_ca},
		{RW_DAEMON_OPTION_ETCD_CERT, &daemon->etcd_cert},
		{RW_DAEMON_OPTION_ETCD_KEY, &daemon->etcd_key},
		{RW_DAEMON_OPTION_ETCD_USER, &daemon->etcd_user},
		{RW_DAEMON_OPTION_ETCD_PASSWORD_FILE, &daemon->etcd_password_file},
		{RW_DAEMON_OPTION_ALIBABA_LISTEN, &daemon->alibaba_listen},
		{RW_DAEMON_OPTION_ALIBABA_PLAIN_LISTEN, &daemon->alibaba_plain_listen},
		{RW_DAEMON_OPTION_ALIBABA_REGION, &daemon->alibaba_region},
		{RW_DAEMON_OPTION_ALIBABA_NETWORK, &daemon->alibaba_network},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(rows); i++)
		if (rows[i].option == option)
			return rows[i].slot;
	return NULL;
}

/* Options of etcd that go with others; 0 or EXIT_USAGE. */
static int check_etcd(const struct rw_daemon_options *daemon)
{
	const struct {
		const char *name;
		const char *value;
		const char *other;
		const char *needed; /* nullable */
	} rows[] = {
		{"--etcd-prefix", daemon->etcd_prefix, "--etcd", daemon->etcd[0]},
		{"--etcd-ca", daemon->etcd_ca, "--etcd", daemon->etcd[0]},
		{"--etcd-cert", daemon->etcd_cert, "--etcd", daemon->etcd[0]},
		{"--etcd-key", daemon->etcd_key, "--etcd", daemon->etcd[0]},
		{"--etcd-user", daemon->etcd_user, "--etcd", daemon->etcd[0]},
		{"--etcd-password-file", daemon->etcd_password_file, "--etcd", daemon->etcd[0]},
		{"--etcd-cert", daemon->etcd_cert, "--etcd-key", daemon->etcd_key},
		{"--etcd-key", daemon->etcd_key, "--etcd-cert", daemon->etcd_cert},
		{"--etcd-user", daemon->etcd_user, "--etcd-password-file", daemon->etcd_password_file},
		{"--etcd-password-file", daemon->etcd_password_file, "--etcd-user", daemon->etcd_user},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(rows); i++)
		if (rows[i].value && !rows[i].needed)
			return usage_error("%s needs %s", rows[i].name, rows[i].other);
	return 0;
}

/* What to do instead of running; -1 = go on. */
static int read_options(int count, char **arguments, struct rw_daemon_options *daemon, bool *ret_help)
{
	struct option options[RW_USAGE_OPTIONS_MAX + 1];
	struct rw_error err = RW_ERROR_NONE;
	uint64_t number;
	int option;
	int index = 0;

	rw_usage_getopt(&rw_daemon_program, options);
	while ((option = getopt_long(count, arguments, "h", options, &index)) != -1) {
		const char **slot = slot_of(daemon, option);

		if (optarg && !optarg[0])
			return usage_error("--%s is empty", options[index].name);
		if (slot) {
			*slot = optarg;
			continue;
		}
		switch (option) {
		case RW_DAEMON_OPTION_NAME:
			if (daemon->name_count == RW_DAEMON_NAMES_MAX)
				return usage_error("there are too many names: %s", optarg);
			daemon->names[daemon->name_count++] = optarg;
			break;
		case RW_DAEMON_OPTION_LIMIT:
			if (rw_limits_set(&daemon->limits, optarg, &err) < 0) {
				(void)report(&err);
				return EXIT_USAGE;
			}
			break;
		case RW_DAEMON_OPTION_WITHOUT_KEYS:
			daemon->without_keys = true;
			break;
		case RW_DAEMON_OPTION_FLOW_DAYS:
			if (!rw_revision_parse(optarg, &number) || number > 366)
				return usage_error("--flow-days is a number from 0 to 366, not '%s'", optarg);
			daemon->flow_days = (unsigned int)number;
			break;
		case RW_DAEMON_OPTION_ETCD:
			if (daemon->etcd_count == RW_ETCD_ENDPOINTS_MAX)
				return usage_error("there are more than %d members of etcd: --etcd %s",
						   RW_ETCD_ENDPOINTS_MAX, optarg);
			daemon->etcd[daemon->etcd_count++] = optarg;
			break;
		case RW_DAEMON_OPTION_METRICS_OPEN:
			daemon->metrics_open = true;
			break;
		case RW_DAEMON_OPTION_ALIBABA_WAIT:
			if (!rw_revision_parse(optarg, &number) || number > RW_ALIBABA_WAIT_MAX_MS / 1000)
				return usage_error(
					"--alibaba-wait is a number of seconds from 0 to %d, not '%s'",
					RW_ALIBABA_WAIT_MAX_MS / 1000, optarg);
			daemon->alibaba_wait_s = (unsigned int)number;
			break;
		case RW_DAEMON_OPTION_PLAIN_HTTP:
			daemon->plain_http = true;
			break;
		case RW_DAEMON_OPTION_LOG_LEVEL:
			if (!set_log_level(optarg))
				return usage_error("--log-level is error, warning, info or debug, not '%s'",
						   optarg);
			break;
		case RW_DAEMON_OPTION_VERSION:
			(void)puts("ringwalld " RW_VERSION);
			return EXIT_SUCCESS;
		case RW_DAEMON_OPTION_HELP_OPTIONS:
			rw_usage_print_command(stdout, &rw_daemon_program, NULL);
			return EXIT_SUCCESS;
		case 'h':
			*ret_help = true;
			break;
		default:
			(void)fputs("Try 'ringwalld --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

/* Help of the command whose words are given, or the first screen. */
static int print_help(int count, char **words)
{
	const struct rw_usage_command *command = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s%s%s", count > 0 ? words[0] : "", count > 1 ? " " : "",
		       count > 1 ? words[1] : "");
	command = rw_usage_find(&rw_daemon_program, path);
	if (!command && count > 0)
		command = rw_usage_find(&rw_daemon_program, words[0]);
	if (command)
		rw_usage_print_command(stdout, &rw_daemon_program, command);
	else
		rw_usage_print_overview(stdout, &rw_daemon_program);
	return EXIT_SUCCESS;
}

static int show_key(int r, const char *token, const struct rw_error *err)
{
	if (r < 0)
		return report(err);
	(void)printf("%s\n", token);
	(void)fflush(stdout);
	(void)fputs("This admin key is shown this once; keep it in a file that only you can read.\n", stderr);
	return EXIT_SUCCESS;
}

static int rotate_master_key(const struct rw_daemon_options *daemon)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_daemon_rotate_master_key(daemon, &err) < 0)
		return report(&err);
	(void)printf("all secrets are sealed under a new %s/master-key\n"
		     "Backups made before need the key of their time.\n",
		     daemon->state);
	return EXIT_SUCCESS;
}

static int restore(const struct rw_daemon_options *daemon, const char *file)
{
	struct rw_error err = RW_ERROR_NONE;
	bool with_keys;

	if (rw_daemon_restore(daemon, file, &with_keys, &err) < 0)
		return report(&err);
	(void)printf("restored %s into %s\n", file, daemon->state);
	if (!with_keys)
		(void)printf(
			"The backup has no keys.  Provide %s/master-key and %s/ca-key.pem (mode 0600, same "
			"owner) before\nringwalld starts.\n",
			daemon->state, daemon->state);
	return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
	struct rw_daemon_options daemon = {.state = "/var/lib/ringwall",
					   .listen = "0.0.0.0:8443",
					   .flow_days = RW_FLOW_HISTORY_DAYS,
					   .limits = rw_limits_default};
	struct rw_error err = RW_ERROR_NONE;
	char token[RW_TOKEN_SIZE];
	bool help = false;
	char **words;
	int result;
	int left;

	if (rw_usage_answer(&rw_daemon_program, count, arguments))
		return EXIT_SUCCESS;
	rw_daemon_prepare_process();
	(void)rw_log_open_journal(RW_LOG_JOURNAL_SOCKET, "ringwalld");
	/* For the test of docs/openapi.yaml. */
	if (count == 2 && strcmp(arguments[1], "--print-routes") == 0)
		return print_routes();
	result = read_options(count, arguments, &daemon, &help);
	if (result >= 0)
		return result;
	result = help ? 0 : check_etcd(&daemon);
	if (result)
		return result;
	if (!help && rw_option_values_check(&daemon, &err) < 0)
		return report(&err);
	words = arguments + optind;
	left = count - optind;
	if (help)
		return print_help(left, words);
	if (left > 0 && strcmp(words[0], "help") == 0)
		return print_help(left - 1, words + 1);
	if (left == 0)
		return rw_daemon_run(&daemon, &err) < 0 ? report(&err) : EXIT_SUCCESS;
	if (left == 1 && strcmp(words[0], "init") == 0)
		return show_key(rw_daemon_make_key(&daemon, true, token, &err), token, &err);
	if (left == 2 && strcmp(words[0], "key") == 0 && strcmp(words[1], "reset-admin") == 0)
		return show_key(rw_daemon_make_key(&daemon, false, token, &err), token, &err);
	if (left == 2 && strcmp(words[0], "master-key") == 0 && strcmp(words[1], "rotate") == 0)
		return rotate_master_key(&daemon);
	if (left == 2 && strcmp(words[0], "backup") == 0)
		return rw_daemon_backup(&daemon, words[1], &err) < 0 ? report(&err) : EXIT_SUCCESS;
	if (left == 2 && strcmp(words[0], "restore") == 0)
		return restore(&daemon, words[1]);
	return wrong_words(words[0]);
}
