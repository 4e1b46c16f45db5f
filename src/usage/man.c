/* SPDX-License-Identifier: Apache-2.0 */

/* Pages of the manual in mdoc(7), https://mandoc.bsd.lv/man/mdoc.7.html; what roff would take for a request is
 * escaped. */

#include "usage/usage.h"

#include <ctype.h>
#include <string.h>

#include "usage/text.h"

#define LINE_BYTES 72 /* of source; mandoc wants less than 80 */

/* Writes bytes so that they show as they are: quotes and dashes as typed, nothing begins a request. */
static void put_escaped(FILE *out, const char *text, size_t length, bool begins_line)
{
	if (begins_line && length && (text[0] == '.' || text[0] == '\''))
		(void)fputs("\\&", out);
	for (size_t i = 0; i < length; i++) {
		switch (text[i]) {
		case '\\':
			(void)fputs("\\e", out);
			break;
		case '-':
			(void)fputs("\\-", out);
			break;
		case '\'':
			(void)fputs("\\(aq", out);
			break;
		case '`':
			(void)fputs("\\(ga", out);
			break;
		case '^':
			(void)fputs("\\(ha", out);
			break;
		case '~':
			(void)fputs("\\(ti", out);
			break;
		default:
			(void)fputc(text[i], out);
		}
	}
}

static bool ends_sentence(const char *word, size_t length)
{
	while (length && strchr(")'\"", word[length - 1]))
		length--;
	return length && strchr(".!?", word[length - 1]) != NULL;
}

/* Running text: short lines, a new one after each sentence. */
static void put_text(FILE *out, const char *text, size_t length)
{
	const char *end = text + length;
	size_t column = 0;

	while (text < end) {
		size_t word = strcspn(text, " \n");

		if (word > (size_t)(end - text))
			word = (size_t)(end - text);
		if (word && column && column + word > LINE_BYTES) {
			(void)fputc('\n', out);
			column = 0;
		}
		if (word) {
			if (column)
				(void)fputc(' ', out);
			put_escaped(out, text, word, column == 0);
			column += word + 1;
			if (ends_sentence(text, word)) {
				(void)fputc('\n', out);
				column = 0;
			}
		}
		text += word + (text + word < end);
	}
	if (column)
		(void)fputc('\n', out);
}

/* A word of a macro line; short ones could be names of macros or delimiters. */
static void put_argument(FILE *out, const char *word, size_t length)
{
	(void)fputc(' ', out);
	if (length <= 3)
		(void)fputs("\\&", out);
	put_escaped(out, word, length, false);
}

/* Words of a command line as macros: --option, ARGUMENT or word. */
static void put_synopsis(FILE *out, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, " ");

		if (words[0] == '-') {
			(void)fputs(" Fl", out);
			put_argument(out, words + 1, length - 1);
		} else {
			(void)fputs(islower((unsigned char)words[0]) ? " Cm" : " Ar", out);
			put_argument(out, words, length);
		}
		words += length;
		words += strspn(words, " ");
	}
}

/* ---- longer texts ---- */

/* Literal lines from 'line' on; gives what is behind them. */
static const char *put_literal(FILE *out, const char *line)
{
	(void)fputs(".Bd -literal -offset indent\n", out);
	while (*line && rw_usage_is_literal(line, strcspn(line, "\n"))) {
		size_t length = strcspn(line, "\n");
		size_t skip = strspn(line, " ") >= 2 ? 2 : 0;

		put_escaped(out, line + skip, length - skip, true);
		(void)fputc('\n', out);
		line = rw_usage_next_line(line);
	}
	(void)fputs(".Ed\n", out);
	return line;
}

/* Paragraphs and literal lines in turn; 'begins' = right behind a title, where no paragraph need end. */
static void put_details(FILE *out, const char *text, bool begins)
{
	while (*text) {
		const char *end = text;

		if (*text == '\n') {
			text++;
			continue;
		}
		if (rw_usage_is_literal(text, strcspn(text, "\n"))) {
			text = put_literal(out, text);
			continue;
		}
		while (*end && *end != '\n' && !rw_usage_is_literal(end, strcspn(end, "\n")))
			end = rw_usage_next_line(end);
		if (!begins)
			(void)fputs(".Pp\n", out);
		begins = false;
		put_text(out, text, (size_t)(end - text));
		text = end;
	}
}

static void put_sentence(FILE *out, const char *text)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "%c%s.", toupper((unsigned char)text[0]), text + 1);
	put_text(out, line, strlen(line));
}

/* ---- parts of a page ---- */

static void put_upper(FILE *out, const char *text)
{
	for (; *text; text++)
		(void)fputc(toupper((unsigned char)*text), out);
}

static void put_title(FILE *out, const char *title)
{
	(void)fputs(".Sh ", out);
	put_upper(out, title);
	(void)fputc('\n', out);
}

static void put_option(FILE *out, const struct rw_usage_option *option)
{
	const char *value = option->value;

	(void)fputs(".It", out);
	if (option->letter)
		(void)fprintf(out, " Fl %c ,", option->letter);
	(void)fputs(" Fl \\-", out);
	put_escaped(out, option->name, strlen(option->name), false);
	if (value && value[0] == '[') {
		(void)fputs(" Ns Oo = Ns Ar", out);
		put_argument(out, value + 1, strlen(value) - 2);
		(void)fputs(" Oc", out);
	} else if (value) {
		(void)fputs(" Ar", out);
		put_argument(out, value, strlen(value));
	}
	(void)fputc('\n', out);
	put_text(out, option->help, strlen(option->help));
}

static void put_options(FILE *out, const struct rw_usage_option *option)
{
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (; option->name; option++)
		put_option(out, option);
	(void)fputs(".El\n", out);
}

static void put_items(FILE *out, const char *title, const char *macro, const struct rw_usage_item *item)
{
	if (!item)
		return;
	put_title(out, title);
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (; item->name; item++) {
		(void)fprintf(out, ".It%s", macro);
		put_argument(out, item->name, strlen(item->name));
		(void)fputc('\n', out);
		put_text(out, item->text, strlen(item->text));
	}
	(void)fputs(".El\n", out);
}

/* Names the shared options of a command, which have a section of their own. */
static void put_shared(FILE *out, const struct rw_usage_options *sets)
{
	bool any = false;

	for (; sets && sets->title; sets++) {
		if (!sets->shared)
			continue;
		(void)fputs(any ? " ,\n.Sx OPTIONS FOR " : ".Pp\nAlso the options under\n.Sx OPTIONS FOR ",
			    out);
		put_upper(out, sets->title);
		any = true;
	}
	if (any)
		(void)fputs(" .\n", out);
}

static void put_command(FILE *out, const struct rw_usage_program *program,
			const struct rw_usage_command *command)
{
	(void)fprintf(out, ".Ss %s %s\n.Nm", program->name, command->path);
	put_synopsis(out, command->path);
	put_synopsis(out, command->arguments);
	(void)fputs(" Op Ar options\n.Pp\n", out);
	put_sentence(out, command->summary);
	if (command->details)
		put_details(out, command->details, false);
	for (const struct rw_usage_options *set = command->options; set && set->title; set++)
		if (!set->shared)
			put_options(out, set->options);
	put_shared(out, command->options);
	if (command->exit_codes)
		(void)fprintf(out, ".Pp\nExit codes: %s.\n", command->exit_codes);
}

/* Shared options of all commands and those of the program, each set once. */
static void put_option_sections(FILE *out, const struct rw_usage_program *program)
{
	const struct rw_usage_option *seen[8] = {NULL};
	size_t count = 0;

	for (const struct rw_usage_command *command = program->commands; command->path; command++) {
		for (const struct rw_usage_options *set = command->options; set && set->title; set++) {
			bool again = !set->shared;

			for (size_t i = 0; i < count; i++)
				again |= seen[i] == set->options;
			if (again || count == sizeof(seen) / sizeof(seen[0]))
				continue;
			seen[count++] = set->options;
			(void)fputs(".Sh OPTIONS FOR ", out);
			put_upper(out, set->title);
			(void)fputc('\n', out);
			put_options(out, set->options);
		}
	}
	for (const struct rw_usage_options *set = program->options; set && set->title; set++) {
		put_title(out, set->title);
		put_options(out, set->options);
	}
}

static void put_see_also(FILE *out, const struct rw_usage_item *item)
{
	put_title(out, "see also");
	for (; item->name; item++)
		(void)fprintf(out, ".Xr %s %s%s\n", item->name, item->text, item[1].name ? " ," : "");
}

void rw_usage_print_man(FILE *out, const struct rw_usage_program *program)
{
	(void)fprintf(out, ".Dd %s\n.Dt ", RW_RELEASE_DATE);
	put_upper(out, program->name);
	(void)fprintf(out, " %c\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n", program->section,
		      program->name, program->summary);
	for (const char *const *form = program->forms; *form; form++) {
		(void)fputs(".Nm", out);
		put_synopsis(out, *form);
		(void)fputc('\n', out);
	}
	put_title(out, "description");
	put_details(out, program->details, true);
	put_title(out, "commands");
	for (const struct rw_usage_command *command = program->commands; command->path; command++)
		put_command(out, program, command);
	put_option_sections(out, program);
	put_items(out, "environment", " Ev", program->environment);
	put_items(out, "files", " Pa", program->files);
	put_items(out, "exit status", "", program->exit_codes);
	put_title(out, "examples");
	put_details(out, program->examples, true);
	put_see_also(out, program->see_also);
}
