/* SPDX-License-Identifier: Apache-2.0 */

/* The controller's daemon: the command line; daemon.c runs it. */

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/buf.h"
#include "base/log.h"
#include "main/daemon.h"

static const char usage[] =
	"usage: ringwalld [OPTIONS]                  run the controller\n"
	"       ringwalld [OPTIONS] init             make the state folder and show the first admin key, "
	"once\n"
	"       ringwalld [OPTIONS] key reset-admin  make another admin key, for who lost all (daemon "
	"stopped)\n"
	"       ringwalld [OPTIONS] backup FILE      write store, authority and keys to FILE (daemon "
	"stopped)\n"
	"       ringwalld [OPTIONS] restore FILE     put a backup into an empty state folder\n"
	"\n"
	"options:\n"
	"  --state DIR          state folder (/var/lib/ringwall)\n"
	"  --listen ADDR:PORT   where to listen (0.0.0.0:8443); [::]:8443 is both families; port 0 is any\n"
	"  --name NAME          host name or address in the server's certificate; may be repeated; the first "
	"is\n"
	"                       what agents are told to call (default: the address listened on, or the "
	"host's name)\n"
	"  --limit NAME=N       raise or lower a limit of the model, as rules_per_group=2000; may be "
	"repeated\n"
	"                       (a name that does not exist lists them all)\n"
	"  --without-keys       backup: leave the master key and the authority's key out\n"
	"  --plain-http         no TLS; on loopback only\n"
	"  --log-level LEVEL    error, warning, info (default) or debug\n"
	"  --version, --help\n"
	"\n"
	"A daemon that is started without 'init' writes the first admin key to STATE/admin-key and deletes "
	"the\n"
	"file when the key is first used.  STATE/ca.pem is what clients trust (RINGWALL_CA).  Started by "
	"root on\n"
	"a state folder of another user, it runs as that user.\n"
	"\n"
	"examples:\n"
	"  ringwalld --name ringwall.example.net --name 192.0.2.10\n"
	"  ringwalld --state /tmp/try --listen 127.0.0.1:8443\n"
	"  ringwalld --state /var/lib/ringwall key reset-admin\n"
	"  ringwalld backup /var/lib/ringwall-backup/monday\n";

enum {
	OPTION_STATE = 1,
	OPTION_LISTEN,
	OPTION_NAME,
	OPTION_LIMIT,
	OPTION_WITHOUT_KEYS,
	OPTION_PLAIN_HTTP,
	OPTION_LOG_LEVEL,
	OPTION_PRINT_ROUTES,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option options[] = {
	{"state", required_argument, NULL, OPTION_STATE},
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"name", required_argument, NULL, OPTION_NAME},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"without-keys", no_argument, NULL, OPTION_WITHOUT_KEYS},
	{"plain-http", no_argument, NULL, OPTION_PLAIN_HTTP},
	{"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
	{"print-routes", no_argument, NULL, OPTION_PRINT_ROUTES}, /* for the test of docs/openapi.yaml */
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

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
	return EXIT_FAILURE;
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

/* What to do instead of running; -1 = go on. */
static int read_options(int count, char **arguments, struct rw_daemon_options *daemon)
{
	struct rw_error err = RW_ERROR_NONE;
	int option;

	while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_STATE:
			daemon->state = optarg;
			break;
		case OPTION_LISTEN:
			daemon->listen = optarg;
			break;
		case OPTION_NAME:
			if (daemon->name_count == RW_DAEMON_NAMES_MAX)
				return usage_error("there are too many names: %s", optarg);
			daemon->names[daemon->name_count++] = optarg;
			break;
		case OPTION_LIMIT:
			if (rw_limits_set(&daemon->limits, optarg, &err) < 0) {
				(void)report(&err);
				return EXIT_USAGE;
			}
			break;
		case OPTION_WITHOUT_KEYS:
			daemon->without_keys = true;
			break;
		case OPTION_PLAIN_HTTP:
			daemon->plain_http = true;
			break;
		case OPTION_LOG_LEVEL:
			if (!set_log_level(optarg))
				return usage_error("--log-level is error, warning, info or debug, not '%s'",
						   optarg);
			break;
		case OPTION_PRINT_ROUTES:
			return print_routes();
		case OPTION_VERSION:
			(void)puts("ringwalld " RW_VERSION);
			return EXIT_SUCCESS;
		case OPTION_HELP:
			(void)fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			(void)fputs("Try 'ringwalld --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
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
	struct rw_daemon_options daemon = {
		.state = "/var/lib/ringwall", .listen = "0.0.0.0:8443", .limits = rw_limits_default};
	struct rw_error err = RW_ERROR_NONE;
	char token[RW_TOKEN_SIZE];
	char **words;
	int result;
	int left;

	rw_daemon_prepare_process();
	result = read_options(count, arguments, &daemon);
	if (result >= 0)
		return result;
	words = arguments + optind;
	left = count - optind;
	if (left == 0)
		return rw_daemon_run(&daemon, &err) < 0 ? report(&err) : EXIT_SUCCESS;
	if (left == 1 && strcmp(words[0], "init") == 0)
		return show_key(rw_daemon_make_key(&daemon, true, token, &err), token, &err);
	if (left == 2 && strcmp(words[0], "key") == 0 && strcmp(words[1], "reset-admin") == 0)
		return show_key(rw_daemon_make_key(&daemon, false, token, &err), token, &err);
	if (left == 2 && strcmp(words[0], "backup") == 0)
		return rw_daemon_backup(&daemon, words[1], &err) < 0 ? report(&err) : EXIT_SUCCESS;
	if (left == 2 && strcmp(words[0], "restore") == 0)
		return restore(&daemon, words[1]);
	return usage_error("there is no command '%s'", words[0]);
}
