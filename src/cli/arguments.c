/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct rw_usage_option server_options[] = {
	{"server", 0, "URL", "the controller, https://HOST:8443 (RINGWALL_SERVER); several with commas"},
	{"key-file", 0, "FILE", "file with the API key (RINGWALL_KEY_FILE)"},
	{"ca", 0, "FILE", "certificate authority of the controller (RINGWALL_CA)"},
	{"context", 0, "NAME", "a kept set of the three (RINGWALL_CONTEXT)"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option output_options[] = {
	{"output", 'o', "FORMAT", "table or json"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option change_options[] = {
	{"wait", 0, "[DURATION]", "wait until connected nodes enforce it (30s)"},
	{"wait-all", 0, NULL, "wait for every node, also those that are offline"},
	{"force", 0, "GUARD",
	 "go on although this guard or finding objects (a refusal names it); may be repeated"},
	{"dry-run", 0, NULL, "check the change and say what it would do"},
	{"established", 0, "WHAT", "live flows that it refuses: cut (default), keep, or cut-kept"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option help_options[] = {
	{"help", 'h', NULL, "this text"},
	{NULL, 0, NULL, NULL},
};

const struct rw_usage_option *rw_cli_shared_options(unsigned int set)
{
	switch (set) {
	case RW_CLI_SERVER:
		return server_options;
	case RW_CLI_OUTPUT:
		return output_options;
	case RW_CLI_CHANGE:
		return change_options;
	default:
		return help_options;
	}
}

const char *rw_cli_value(const struct rw_cli *cli, const char *name)
{
	const char *value = NULL;

	for (unsigned int i = 0; i < cli->option_count; i++)
		if (strcmp(cli->options[i].option->name, name) == 0)
			value = cli->options[i].value;
	return value;
}

bool rw_cli_given(const struct rw_cli *cli, const char *name)
{
	for (unsigned int i = 0; i < cli->option_count; i++)
		if (strcmp(cli->options[i].option->name, name) == 0)
			return true;
	return false;
}

bool rw_cli_next_value(const struct rw_cli *cli, const char *name, unsigned int *cursor,
		       const char **ret_value)
{
	while (*cursor < cli->option_count) {
		const struct rw_cli_word *word = &cli->options[(*cursor)++];

		if (strcmp(word->option->name, name) != 0)
			continue;
		*ret_value = word->value;
		return true;
	}
	return false;
}

int rw_cli_usage_error(const struct rw_cli *cli, const char *format, ...)
{
	va_list arguments;

	(void)fputs("ringwall: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (cli && cli->command)
		(void)fprintf(stderr, "\nusage: ringwall %s%s%s [OPTIONS]\nhint: ringwall %s --help\n",
			      cli->command->path, cli->command->arguments[0] ? " " : "",
			      cli->command->arguments, cli->command->path);
	else
		(void)fputs("\nhint: ringwall --help\n", stderr);
	return RW_EXIT_USAGE;
}

int rw_cli_fail(const struct rw_error *err)
{
	(void)fprintf(stderr, "ringwall: %s%s%s\n", err->field, err->field[0] ? ": " : "",
		      err->text[0] ? err->text : "failed, and nobody said why");
	if (err->hint[0])
		(void)fprintf(stderr, "  hint: %s\n", err->hint);
	return RW_EXIT_REFUSED;
}

bool rw_cli_parse_duration(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"", 1000}};
	size_t digits = strspn(text, "0123456789");
	int64_t number = 0;

	for (size_t i = 0; digits <= 9 && i < digits; i++)
		number = number * 10 + (text[i] - '0');
	for (size_t i = 0; digits && digits <= 9 && i < RW_ARRAY_COUNT(units); i++) {
		if (strcmp(text + digits, units[i].unit) != 0 || number * units[i].ms > RW_CLI_WAIT_MAX_MS)
			continue;
		*ret_ms = number * units[i].ms;
		return true;
	}
	return false;
}

int rw_cli_number(const struct rw_cli *cli, const char *name, int64_t fallback, int64_t *ret_number)
{
	const char *text = rw_cli_value(cli, name);
	long long number = fallback;
	char *end;

	if (text) {
		errno = 0;
		number = strtoll(text, &end, 10);
		if (!text[0] || *end || errno)
			return rw_cli_usage_error(cli, "--%s is a number, not '%s'", name, text);
	}
	*ret_number = number;
	return 0;
}

static const struct rw_usage_option *find_in(const struct rw_usage_option *table, const char *name,
					     size_t length, char letter)
{
	for (; table && table->name; table++) {
		if (letter ? table->letter == letter
			   : strlen(table->name) == length && strncmp(table->name, name, length) == 0)
			return table;
	}
	return NULL;
}

/* The option by long name (letter 0) or by letter, among those of the command. */
static const struct rw_usage_option *find_option(const struct rw_cli_command *command, const char *name,
						 size_t length, char letter)
{
	const struct rw_usage_option *option = find_in(command->options, name, length, letter);

	for (unsigned int set = RW_CLI_SERVER; !option && set <= RW_CLI_CHANGE; set <<= 1)
		if (command->shared & set)
			option = find_in(rw_cli_shared_options(set), name, length, letter);
	return option ? option : find_in(help_options, name, length, letter);
}

/* Reads the option at words[*index], and its value where it takes one. */
static int parse_option(struct rw_cli *cli, int count, char **words, int *index)
{
	const char *word = words[*index];
	bool is_long = word[1] == '-';
	const char *name = word + (is_long ? 2 : 1);
	const char *equals = is_long ? strchr(name, '=') : NULL;
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct rw_usage_option *option =
		find_option(cli->command, name, length, is_long ? '\0' : name[0]);
	const char *value = equals ? equals + 1 : NULL;

	if (!option)
		return rw_cli_usage_error(cli, "there is no option %s", word);
	if (!is_long && name[1])
		value = name + 1;
	if (!option->value && value)
		return rw_cli_usage_error(cli, "--%s takes no value", option->name);
	if (option->value && option->value[0] != '[' && !value) {
		if (*index + 1 >= count)
			return rw_cli_usage_error(cli, "--%s needs a value: %s", option->name, option->value);
		value = words[++*index];
	}
	if (cli->option_count >= RW_CLI_MAX_WORDS)
		return rw_cli_usage_error(cli, "more than %d options", RW_CLI_MAX_WORDS);
	cli->options[cli->option_count++] = (struct rw_cli_word){option, value};
	return 0;
}

/* "-1/-1" and other negative numbers are arguments, not options. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9');
}

/* "--wait 5s": its value goes behind "=", since what follows may be an argument. */
static bool is_stray_duration(const struct rw_cli *cli, const char *before, const char *word)
{
	int64_t ms;

	return strcmp(before, "--wait") == 0 && (cli->command->shared & RW_CLI_CHANGE) &&
	       !strchr("0123456789", word[strlen(word) - 1]) && rw_cli_parse_duration(word, &ms);
}

/* What can be said about options without asking the server. */
static int check_options(struct rw_cli *cli)
{
	const char *format = rw_cli_value(cli, "output");
	const char *wait = cli->command->shared & RW_CLI_CHANGE ? rw_cli_value(cli, "wait") : NULL;

	cli->wait_ms = RW_CLI_WAIT_DEFAULT_MS;
	if (format && strcmp(format, "json") != 0 && strcmp(format, "table") != 0)
		return rw_cli_usage_error(cli, "--output is table or json, not '%s'", format);
	if (wait && !rw_cli_parse_duration(wait, &cli->wait_ms))
		return rw_cli_usage_error(
			cli, "--wait is a time such as 500ms, 30s or 2m, up to 10m, not '%s'", wait);
	cli->json = format && strcmp(format, "json") == 0;
	return 0;
}

int rw_cli_parse(struct rw_cli *cli, int count, char **words)
{
	bool only_arguments = false;

	for (int i = 0; i < count; i++) {
		if (!only_arguments && strcmp(words[i], "--") == 0) {
			only_arguments = true;
			continue;
		}
		if (!only_arguments && is_option(words[i])) {
			int r = parse_option(cli, count, words, &i);

			if (r)
				return r;
			continue;
		}
		if (!only_arguments && i > 0 && words[i][0] && is_stray_duration(cli, words[i - 1], words[i]))
			return rw_cli_usage_error(cli, "write --wait=%s", words[i]);
		if (cli->argument_count >= RW_CLI_MAX_WORDS)
			return rw_cli_usage_error(cli, "more than %d arguments", RW_CLI_MAX_WORDS);
		cli->arguments[cli->argument_count++] = words[i];
	}
	if (rw_cli_given(cli, "help"))
		return 0;
	if (check_options(cli))
		return RW_EXIT_USAGE;
	if (cli->argument_count < cli->command->min_arguments)
		return rw_cli_usage_error(cli, "'%s' needs %s", cli->command->path, cli->command->arguments);
	if (cli->argument_count > cli->command->max_arguments)
		return rw_cli_usage_error(cli, "'%s' is one argument too many",
					  cli->arguments[cli->command->max_arguments]);
	return 0;
}
