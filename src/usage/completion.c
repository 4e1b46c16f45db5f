/* SPDX-License-Identifier: Apache-2.0 */
#include "usage/usage.h"

#include <string.h>

#include "usage/text.h"

static size_t first_word(const char *path)
{
	return strcspn(path, " ");
}

static bool is_single(const struct rw_usage_command *command)
{
	return command->path[first_word(command->path)] == '\0';
}

/* Whether no earlier command begins with the same word. */
static bool begins_noun(const struct rw_usage_program *program, const struct rw_usage_command *command)
{
	size_t length = first_word(command->path);

	for (const struct rw_usage_command *other = program->commands; other < command; other++)
		if (first_word(other->path) == length && strncmp(other->path, command->path, length) == 0)
			return false;
	return true;
}

static void print_first_words(FILE *out, const struct rw_usage_program *program)
{
	for (const struct rw_usage_command *command = program->commands; command->path; command++)
		if (begins_noun(program, command))
			(void)fprintf(out, "%.*s ", (int)first_word(command->path), command->path);
}

static void print_options(FILE *out, const struct rw_usage_options *sets)
{
	for (const struct rw_usage_options *set = sets; set && set->title; set++)
		for (const struct rw_usage_option *option = set->options; option->name; option++)
			if (strcmp(option->name, "help") != 0 && !rw_usage_is_hidden(sets, set, option))
				(void)fprintf(out, " --%s", option->name);
}

/* One case for each command: its options. */
static void print_command_cases(FILE *out, const struct rw_usage_program *program)
{
	(void)fputs("\tcase \"${COMP_WORDS[1]-} ${COMP_WORDS[2]-}\" in\n", out);
	for (const struct rw_usage_command *command = program->commands; command->path; command++) {
		(void)fprintf(out, "\t\"%s\"%s) words=\"--help", command->path,
			      is_single(command) ? "\\ *" : "");
		print_options(out, command->options);
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\tesac\n", out);
}

/* One case for each first word that needs a second one. */
static void print_noun_cases(FILE *out, const struct rw_usage_program *program)
{
	(void)fputs("\tif [ \"$COMP_CWORD\" = 2 ]; then\n\t\tcase ${COMP_WORDS[1]-} in\n", out);
	for (const struct rw_usage_command *noun = program->commands; noun->path; noun++) {
		size_t length = first_word(noun->path);

		if (is_single(noun) || !begins_noun(program, noun))
			continue;
		(void)fprintf(out, "\t\t%.*s) words=\"", (int)length, noun->path);
		for (const struct rw_usage_command *command = noun; command->path; command++)
			if (strncmp(command->path, noun->path, length + 1) == 0)
				(void)fprintf(out, "%s ", command->path + length + 1);
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\t\tesac\n\tfi\n", out);
}

/* The name of a shell function for the program: no dash. */
static void print_function_name(FILE *out, const char *name)
{
	(void)fputc('_', out);
	for (; *name; name++)
		(void)fputc(*name == '-' ? '_' : *name, out);
}

void rw_usage_print_bash_completion(FILE *out, const struct rw_usage_program *program)
{
	(void)fprintf(out, "# bash completion for %s, made from its own description\n", program->name);
	print_function_name(out, program->name);
	(void)fputs("()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n", out);
	print_command_cases(out, program);
	print_noun_cases(out, program);
	(void)fputs("\t[ \"$COMP_CWORD\" != 1 ] || words=\"", out);
	print_first_words(out, program);
	(void)fputs("\"\n", out);
	if (program->options) {
		/* Options stand before the command, too: it may be at any place. */
		(void)fputs("\twords+=\" ", out);
		print_first_words(out, program);
		(void)fputs("--help", out);
		print_options(out, program->options);
		(void)fputs("\"\n", out);
	}
	(void)fputs("\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\" | sort -u)\n"
		    "\t[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
		    "}\ncomplete -F ",
		    out);
	print_function_name(out, program->name);
	(void)fprintf(out, " %s\n", program->name);
}
