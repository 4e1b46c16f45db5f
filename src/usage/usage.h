/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a program says of itself
 * =============================
 *
 * Each program describes its commands and options once, in tables of these types.  The parser of its command
 * line, its --help, its page of the manual and its shell completion are all made from them, so that they cannot
 * tell different things.
 *
 * Texts are UTF-8 and borrowed for the life of the program: tables are static.  A summary is one line in lower
 * case without a full stop.  Longer texts are paragraphs between empty lines; a line that begins with two
 * spaces, or has two inside that end no sentence, is shown as it stands (examples, small tables).
 *
 * Functions print and do not look at errors of the stream; who cares calls ferror afterwards.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

/* Most options of one program. */
#define RW_USAGE_OPTIONS_MAX 64

struct rw_usage_option {
	const char *name;  /* without dashes; NULL ends a table */
	char letter;       /* 0 = none */
	const char *value; /* its stand-in in help; NULL = a flag; "[X]" = optional, after "=" only */
	const char *help;
	int code; /* what getopt_long gives for it; 0 = the letter.  For programs that use rw_usage_getopt. */
};

/* Options that stand together under a title. */
struct rw_usage_options {
	const char *title; /* "output"; NULL ends a list */
	const struct rw_usage_option *options;
	bool shared; /* by many commands: the manual describes them once, apart */
};

struct rw_usage_command {
	const char *path;                       /* "rule add"; NULL ends a table */
	const char *arguments;                  /* "GROUP RULE" */
	const char *summary;                    /* what it does */
	const char *details;                    /* further text with examples; nullable */
	const struct rw_usage_options *options; /* of a name in several sets the first counts; nullable */
	const char *exit_codes;                 /* "0, 1, 2"; NULL = all of the program's */
};

struct rw_usage_item {
	const char *name; /* NULL ends a list */
	const char *text; /* a sentence without its full stop */
};

struct rw_usage_program {
	const char *name;
	char section; /* of the manual: '1' or '8' */
	const char *summary;
	const char *const *forms; /* "COMMAND [OPTION...]", ended by NULL */
	const char *details;
	const struct rw_usage_command *commands;
	const struct rw_usage_options *options; /* of every command; nullable */
	const char *examples;                   /* lines that begin with two spaces */
	const struct rw_usage_item *exit_codes;
	const struct rw_usage_item *environment; /* nullable */
	const struct rw_usage_item *files;       /* nullable */
	const struct rw_usage_item *see_also;    /* page, section */
};

/* ---- help (help.c), at most 80 columns as long as single words are ---- */

/* The first screen: forms, commands, examples, exit codes. */
void rw_usage_print_overview(FILE *out, const struct rw_usage_program *program);

/* One line of a list of commands: 'name', and 'text' beside it, folded. */
void rw_usage_print_item(FILE *out, const char *name, const char *text);

/* Everything about one command, or, with a NULL command, all options and exit codes of the program. */
void rw_usage_print_command(FILE *out, const struct rw_usage_program *program,
			    const struct rw_usage_command *command);

/* ---- the manual (man.c): the program's page in mdoc(7), clean for mandoc -Tlint ---- */

void rw_usage_print_man(FILE *out, const struct rw_usage_program *program);

/* ---- completion (completion.c) ---- */

/* A script for bash.  Its words are quoted constants of the tables: nothing of the environment is evaluated. */
void rw_usage_print_bash_completion(FILE *out, const struct rw_usage_program *program);

/*
 * Answers the build, which asks each program for its page and its script: when the line is just --print-man or
 * --print-completion, prints that and gives true.  To be called first thing in main.
 */
bool rw_usage_answer(const struct rw_usage_program *program, int count, char **arguments);

/* ---- the parser (getopt.c) ---- */

/* Fills getopt_long's table with every option of the program, each name once, ended by zeros. */
void rw_usage_getopt(const struct rw_usage_program *program,
		     struct option ret_table[RW_USAGE_OPTIONS_MAX + 1]);

/* Whether the command line itself is wrong: -EINVAL at a field that is an option, "--listen". */
bool rw_usage_is_fault(const struct rw_error *err);

/* The command of that path, or NULL. */
const struct rw_usage_command *rw_usage_find(const struct rw_usage_program *program, const char *path);
