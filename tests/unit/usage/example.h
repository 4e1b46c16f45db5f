/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A small program that has one of everything, and what is printed of it as text. */

#include <stdio.h>
#include <string.h>

#include "test.h"

#include "usage/usage.h"

static const struct rw_usage_option example_own[] = {
	{"fast", 'f', NULL, "without waiting", 0},
	{"a-name-that-is-rather-long", 0, "VALUE", "below", 303},
	{"wait", 0, "[TIME]",
	 "this help is so long that it does not fit on one line of eighty columns at all", 301},
	{0},
};
static const struct rw_usage_option example_output[] = {
	{"output", 'o', "FORMAT", "table or json", 0},
	{"fast", 'f', NULL, "hidden where a command has its own", 0},
	{0}};
static const struct rw_usage_option example_common[] = {{"state", 0, "DIR", "where", 302}, {0}};
static const struct rw_usage_options example_sets[] = {
	{"options", example_own, false}, {"output", example_output, true}, {0}};
static const struct rw_usage_options example_shared[] = {{"output", example_output, true}, {0}};
static const struct rw_usage_options example_all[] = {{"common options", example_common, false}, {0}};
static const struct rw_usage_command example_commands[] = {
	{"rule add", "GROUP", "add a rule",
	 "'quoted' begins a line.  .dot stands behind a sentence, and a\\b has a backslash; this goes on and "
	 "on until "
	 "the line is full.\n\nexample:\n  .literal 'x' -y\n",
	 example_sets, "0, 1"},
	{"rule list", "", "list rules", NULL, example_shared, NULL},
	{"stop", "", "end", NULL, NULL, NULL},
	{0},
};
static const char *const example_forms[] = {"COMMAND [OPTION...]", "--state DIR", NULL};
static const struct rw_usage_item example_exits[] = {{"0", "done"}, {0}};
static const struct rw_usage_item example_pages[] = {{"other", "8"}, {0}};

static const struct rw_usage_program example = {
	.name = "my-program",
	.section = '8',
	.summary = "shows things",
	.forms = example_forms,
	.details = "It shows things.\n",
	.commands = example_commands,
	.options = example_all,
	.examples = "  my-program stop\n",
	.exit_codes = example_exits,
	.see_also = example_pages,
};

static char example_text[16384];

/* A stream into example_text; closing it ends the text. */
static inline FILE *example_open(void)
{
	FILE *out = fmemopen(example_text, sizeof(example_text), "w");

	assert_non_null(out);
	return out;
}

static inline bool example_says(const char *text)
{
	return strstr(example_text, text) != NULL;
}

static inline size_t example_longest_line(void)
{
	size_t longest = 0;

	for (const char *line = example_text; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		longest = length > longest ? length : longest;
		if (!line[length])
			break;
	}
	return longest;
}
