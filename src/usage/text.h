/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What help, manual and completion share: how longer texts are cut, which options count. */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "usage/usage.h"

/* Whether a line is shown as it stands: it is indented, or has two spaces inside that end no sentence. */
static inline bool rw_usage_is_literal(const char *line, size_t length)
{
	if (length > 2 && line[0] == ' ' && line[1] == ' ')
		return true;
	for (size_t i = 1; i + 2 < length; i++)
		if (line[i] == ' ' && line[i + 1] == ' ' && !strchr(" .:;,", line[i - 1]))
			return true;
	return false;
}

static inline const char *rw_usage_next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* Whether an earlier set of the same list has an option of that name. */
static inline bool rw_usage_is_hidden(const struct rw_usage_options *sets, const struct rw_usage_options *set,
				      const struct rw_usage_option *option)
{
	for (; sets < set; sets++)
		for (const struct rw_usage_option *earlier = sets->options; earlier->name; earlier++)
			if (strcmp(earlier->name, option->name) == 0)
				return true;
	return false;
}
