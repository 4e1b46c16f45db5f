/* SPDX-License-Identifier: Apache-2.0 */
#include "usage/usage.h"

#include <assert.h>
#include <string.h>

static bool has_option(const struct option *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return true;
	return false;
}

static size_t add_options(const struct rw_usage_options *sets, struct option *table, size_t count)
{
	for (; sets && sets->title; sets++) {
		for (const struct rw_usage_option *option = sets->options; option->name; option++) {
			if (has_option(table, option->name))
				continue;
			assert(count < RW_USAGE_OPTIONS_MAX);
			table[count++] = (struct option){
				.name = option->name,
				.has_arg = !option->value            ? no_argument
					   : option->value[0] == '[' ? optional_argument
								     : required_argument,
				.val = option->code ? option->code : option->letter,
			};
		}
	}
	return count;
}

void rw_usage_getopt(const struct rw_usage_program *program,
		     struct option ret_table[RW_USAGE_OPTIONS_MAX + 1])
{
	size_t count;

	memset(ret_table, 0, (RW_USAGE_OPTIONS_MAX + 1) * sizeof(*ret_table));
	count = add_options(program->options, ret_table, 0);
	for (const struct rw_usage_command *command = program->commands; command->path; command++)
		count = add_options(command->options, ret_table, count);
}

const struct rw_usage_command *rw_usage_find(const struct rw_usage_program *program, const char *path)
{
	for (const struct rw_usage_command *command = program->commands; command->path; command++)
		if (strcmp(command->path, path) == 0)
			return command;
	return NULL;
}

bool rw_usage_answer(const struct rw_usage_program *program, int count, char **arguments)
{
	if (count != 2)
		return false;
	if (strcmp(arguments[1], "--print-man") == 0)
		rw_usage_print_man(stdout, program);
	else if (strcmp(arguments[1], "--print-completion") == 0)
		rw_usage_print_bash_completion(stdout, program);
	else
		return false;
	return true;
}

bool rw_usage_is_fault(const struct rw_error *err)
{
	return err->code == -EINVAL && strncmp(err->field, "--", 2) == 0;
}
