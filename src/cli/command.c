/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <locale.h>
#include <string.h>

#include "base/clock.h"
#include "http/client.h"
#include "loop/loop.h"

/* One table of all commands, put together at first use. */
const struct rw_cli_command *rw_cli_commands(void)
{
	static const struct rw_cli_command *const nouns[] = {
		rw_cli_network_commands,       rw_cli_cluster_commands, rw_cli_node_commands,
		rw_cli_group_commands,         rw_cli_rule_commands,    rw_cli_prefix_list_commands,
		rw_cli_load_balancer_commands, rw_cli_key_commands,     rw_cli_status_commands,
		rw_cli_log_commands,           rw_cli_flows_commands,   rw_cli_model_commands,
		rw_cli_evaluate_commands,      rw_cli_promise_commands, rw_cli_convert_commands,
		rw_cli_audit_commands,         rw_cli_tighten_commands, rw_cli_analyze_commands,
		rw_cli_context_commands,       rw_cli_ca_commands,
	};
	static struct rw_cli_command all[RW_CLI_COMMANDS_MAX];
	size_t count = 0;

	if (all[0].path)
		return all;
	for (size_t i = 0; i < RW_ARRAY_COUNT(nouns); i++)
		for (const struct rw_cli_command *command = nouns[i]; command->path; command++)
			if (count < RW_CLI_COMMANDS_MAX - 1)
				all[count++] = *command;
	return all;
}

/* The command whose words begin the line; *ret_words is how many they are. */
static const struct rw_cli_command *find_command(int count, char **words, int *ret_words)
{
	char both[128];

	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++) {
		if (strcmp(command->path, words[0]) == 0) {
			*ret_words = 1;
			return command;
		}
	}
	if (count < 2)
		return NULL;
	(void)snprintf(both, sizeof(both), "%s %s", words[0], words[1]);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++) {
		if (strcmp(command->path, both) == 0) {
			*ret_words = 2;
			return command;
		}
	}
	return NULL;
}

static bool is_noun(const char *word)
{
	size_t length = strlen(word);

	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (strncmp(command->path, word, length) == 0 && command->path[length] == ' ')
			return true;
	return false;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* Number of letters to change, add or leave out between two words; 99 for long ones. */
static size_t distance(const char *a, const char *b)
{
	size_t row[40];
	size_t length = strlen(b);

	if (length >= RW_ARRAY_COUNT(row))
		return 99;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			corner = row[j];
			row[j] = change < least ? change : least;
		}
	}
	return row[length];
}

/* Prints the command that was probably meant, if one is near. */
static void suggest(int count, char **words)
{
	const struct rw_cli_command *best = NULL;
	size_t nearest = 4;
	char said[128];

	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++) {
		bool is_double = strchr(command->path, ' ') && count > 1;
		size_t away;

		(void)snprintf(said, sizeof(said), "%s%s%s", words[0], is_double ? " " : "",
			       is_double ? words[1] : "");
		away = distance(said, command->path);
		if (away >= nearest)
			continue;
		nearest = away;
		best = command;
	}
	if (best)
		(void)fprintf(stderr, "hint: did you mean 'ringwall %s'?\n", best->path);
}

/* "help", alone or with a command. */
static int print_help(int count, char **words)
{
	const struct rw_cli_command *command;
	int used;

	if (count == 0) {
		rw_cli_print_overview(stdout);
		return RW_EXIT_DONE;
	}
	command = find_command(count, words, &used);
	if (command)
		rw_cli_print_help(stdout, command);
	else if (is_noun(words[0]))
		rw_cli_print_noun(stdout, words[0]);
	else
		return rw_cli_usage_error(NULL, "there is no command '%s'", words[0]);
	return RW_EXIT_DONE;
}

/* A line that names no command: help, version, or what was probably meant. */
static int run_without_command(int count, char **words)
{
	if (count == 0) {
		rw_cli_print_overview(stderr);
		return RW_EXIT_USAGE;
	}
	if (asks_for_help(words[0]))
		return print_help(count - 1, words + 1);
	if (strcmp(words[0], "--version") == 0) {
		(void)puts("ringwall " RW_VERSION);
		return RW_EXIT_DONE;
	}
	if (is_noun(words[0])) {
		bool help = count > 1 && asks_for_help(words[1]);

		if (count > 1 && !help) {
			(void)fprintf(stderr, "ringwall: there is no command '%s %s'\n", words[0], words[1]);
			suggest(count, words);
			(void)fputc('\n', stderr);
		}
		rw_cli_print_noun(help ? stdout : stderr, words[0]);
		return help ? RW_EXIT_DONE : RW_EXIT_USAGE;
	}
	if (words[0][0] == '-')
		return rw_cli_usage_error(NULL, "options stand behind the command: ringwall COMMAND %s",
					  words[0]);
	(void)fprintf(stderr, "ringwall: there is no command '%s'\n", words[0]);
	suggest(count, words);
	(void)fputs("hint: ringwall --help\n", stderr);
	return RW_EXIT_USAGE;
}

static void done(struct rw_cli *cli)
{
	rw_map_done(&cli->names);
	cli->client = rw_http_client_free(cli->client);
	cli->loop = rw_loop_free(cli->loop);
	if (cli->authorization)
		memset(cli->authorization, 0, strlen(cli->authorization));
	free(cli->authorization);
	rw_servers_done(&cli->servers);
	free(cli->ca_file);
}

int rw_cli_main(int argument_count, char **arguments)
{
	static struct rw_cli cli; /* large: it holds every word of the line */
	const char *no_colour = getenv("NO_COLOR");
	uint64_t seed;
	int words = 0;
	int r;

	if (rw_usage_answer(rw_cli_program(), argument_count, arguments))
		return RW_EXIT_DONE;
	memset(&cli, 0, sizeof(cli));
	/* Widths of wide characters in tables depend on the locale; C.UTF-8 is there on every Debian. */
	if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	rw_random_system()->fill(rw_random_system(), &seed, sizeof(seed));
	rw_json_init(seed);
	rw_map_init(&cli.names, seed, free);
	argument_count--;
	arguments++;
	cli.command = argument_count > 0 ? find_command(argument_count, arguments, &words) : NULL;
	if (!cli.command)
		return run_without_command(argument_count, arguments);
	r = rw_cli_parse(&cli, argument_count - words, arguments + words);
	if (r)
		return r;
	if (rw_cli_given(&cli, "help")) {
		rw_cli_print_help(stdout, cli.command);
		return RW_EXIT_DONE;
	}
	cli.terminal = isatty(STDOUT_FILENO);
	cli.colour = cli.terminal && !(no_colour && no_colour[0]);
	r = cli.command->run(&cli);
	done(&cli);
	return r;
}
