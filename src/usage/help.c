/* SPDX-License-Identifier: Apache-2.0 */
#include "usage/usage.h"

#include <ctype.h>
#include <string.h>

#include "usage/text.h"

#define COLUMNS       80
#define COMMAND_WIDTH 15
#define OPTION_WIDTH  26

/* Prints words from column 'indent' on, broken to stay within 80 columns, and ends the line. */
static void print_words(FILE *out, const char *text, size_t length, size_t indent)
{
	const char *end = text + length;
	size_t column = indent;

	while (text < end) {
		size_t word = strcspn(text, " \n");

		if (word > (size_t)(end - text))
			word = (size_t)(end - text);
		if (word && column > indent && column + 1 + word > COLUMNS) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		if (word) {
			bool first = column == indent;

			(void)fprintf(out, "%s%.*s", first ? "" : " ", (int)word, text);
			column += word + !first;
		}
		text += word + (text + word < end);
	}
	(void)fputc('\n', out);
}

/* Prints 'left' in a column of 'width' and 'text' beside it, or below it when 'left' is wider. */
static void print_pair(FILE *out, const char *left, size_t width, const char *text)
{
	size_t indent = width + 3;

	if (strlen(left) > width)
		(void)fprintf(out, "  %s\n%*s", left, (int)indent, "");
	else
		(void)fprintf(out, "  %-*s ", (int)width, left);
	print_words(out, text, strlen(text), indent);
}

void rw_usage_print_item(FILE *out, const char *name, const char *text)
{
	print_pair(out, name, COMMAND_WIDTH, text);
}

/* As a sentence. */
static void print_summary(FILE *out, const char *summary)
{
	char text[256];
	int length = snprintf(text, sizeof(text), "%c%s.", toupper((unsigned char)summary[0]), summary + 1);

	print_words(out, text, length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1, 0);
}

/* Paragraphs are filled, literal lines shown as they stand. */
static void print_details(FILE *out, const char *text)
{
	while (*text) {
		const char *end = rw_usage_next_line(text);

		if (*text == '\n' || rw_usage_is_literal(text, strcspn(text, "\n"))) {
			(void)fprintf(out, "%.*s", (int)(end - text), text);
		} else {
			while (*end && *end != '\n' && !rw_usage_is_literal(end, strcspn(end, "\n")))
				end = rw_usage_next_line(end);
			print_words(out, text, (size_t)(end - text), 0);
		}
		text = end;
	}
}

/* "-o, --output FORMAT" */
static void format_option(const struct rw_usage_option *option, char *left, size_t size)
{
	const char *value = option->value ? option->value : "";
	const char *between = !option->value ? "" : value[0] == '[' ? "[=" : " ";
	char letter[8] = "";

	if (option->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	if (value[0] == '[')
		value++; /* "[DURATION]" is shown as "[=DURATION]" */
	(void)snprintf(left, size, "%s--%s%s%s", letter, option->name, between, value);
}

/* The options of a set that no set before it in 'sets' has, too. */
static void print_set(FILE *out, const struct rw_usage_options *sets, const struct rw_usage_options *set)
{
	char left[64];

	for (const struct rw_usage_option *option = set->options; option->name; option++) {
		if (rw_usage_is_hidden(sets, set, option))
			continue;
		format_option(option, left, sizeof(left));
		print_pair(out, left, OPTION_WIDTH, option->help);
	}
}

static void print_options(FILE *out, const struct rw_usage_options *sets, const struct rw_usage_options *set)
{
	(void)fprintf(out, "\n%s:\n", set->title);
	print_set(out, sets, set);
}

static void print_forms(FILE *out, const struct rw_usage_program *program)
{
	for (const char *const *form = program->forms; *form; form++)
		(void)fprintf(out, "%s %s %s\n", form == program->forms ? "usage:" : "      ", program->name,
			      *form);
}

static void print_exit_codes(FILE *out, const struct rw_usage_program *program)
{
	(void)fputs("\nexit codes:\n", out);
	for (const struct rw_usage_item *item = program->exit_codes; item->name; item++)
		(void)fprintf(out, "  %s  %s\n", item->name, item->text);
}

void rw_usage_print_overview(FILE *out, const struct rw_usage_program *program)
{
	(void)fprintf(out, "%s - %s\n\n", program->name, program->summary);
	print_forms(out, program);
	(void)fputs("\ncommands:\n", out);
	for (const struct rw_usage_command *command = program->commands; command->path; command++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s", command->path, command->arguments[0] ? " " : "",
			       command->arguments);
		rw_usage_print_item(out, left, command->summary);
	}
	(void)fprintf(out, "\nexamples:\n%s", program->examples);
	print_exit_codes(out, program);
	(void)fprintf(out, "\n'%s COMMAND --help' tells more,\n'%s --help-options' has all options.\n",
		      program->name, program->name);
}

/* Whether a command before 'command' has the same table of options. */
static bool is_told_before(const struct rw_usage_program *program, const struct rw_usage_command *command,
			   const struct rw_usage_options *wanted)
{
	for (const struct rw_usage_command *other = program->commands; other < command; other++)
		for (const struct rw_usage_options *set = other->options; set && set->title; set++)
			if (set->options == wanted->options)
				return true;
	return false;
}

/* "\noptions of status, probe:" */
static void print_owners(FILE *out, const struct rw_usage_program *program,
			 const struct rw_usage_options *wanted)
{
	const char *before = "\noptions of ";

	for (const struct rw_usage_command *command = program->commands; command->path; command++) {
		for (const struct rw_usage_options *set = command->options; set && set->title; set++) {
			if (set->options != wanted->options)
				continue;
			(void)fprintf(out, "%s%s", before, command->path);
			before = ", ";
		}
	}
	(void)fputs(":\n", out);
}

/* All options of the program, each table once, under the commands that take it. */
static void print_all_options(FILE *out, const struct rw_usage_program *program)
{
	for (const struct rw_usage_command *command = program->commands; command->path; command++) {
		for (const struct rw_usage_options *set = command->options; set && set->title; set++) {
			if (is_told_before(program, command, set))
				continue;
			print_owners(out, program, set);
			print_set(out, set, set);
		}
	}
}

void rw_usage_print_command(FILE *out, const struct rw_usage_program *program,
			    const struct rw_usage_command *command)
{
	if (command) {
		(void)fprintf(out, "usage: %s %s%s%s [OPTIONS]\n\n", program->name, command->path,
			      command->arguments[0] ? " " : "", command->arguments);
		print_summary(out, command->summary);
		if (command->details) {
			(void)fputc('\n', out);
			print_details(out, command->details);
		}
		for (const struct rw_usage_options *set = command->options; set && set->title; set++)
			print_options(out, command->options, set);
	} else {
		print_forms(out, program);
		print_all_options(out, program);
	}
	for (const struct rw_usage_options *set = program->options; set && set->title; set++)
		print_options(out, program->options, set);
	if (!command)
		print_exit_codes(out, program);
}
