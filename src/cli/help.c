/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

/* Sets of options that one command can have: its own, the change, output, server; and the end. */
#define SETS_MAX 5

static const struct {
	const char *noun;
	const char *summary;
} nouns[] = {
	{"network", "address spaces: VPCs and classic networks"},
	{"cluster", "container clusters, each with its one managed security group"},
	{"node", "machines"},
	{"group", "security groups"},
	{"rule", "rules of a group or of a cluster's group"},
	{"prefix-list", "named sets of CIDRs"},
	{"promise", "what must always hold"},
	{"suppression", "findings of the audit that are accepted"},
	{"load-balancer", "what stands before a cluster"},
	{"key", "API keys and their roles"},
	{"ca", "the controller's authority, and replacing it"},
	{"context", "kept server, key and authority"},
};

static const char *const forms[] = {"COMMAND [ARGUMENTS] [OPTIONS]", NULL};

static const char details[] =
	"ringwall does everything that the controller's API does, plus evaluate on model files without any "
	"server.\n"
	"Results go to standard output; progress, hints and errors to standard error.\n"
	"\n"
	"References are ids or unique names.  A cluster's name stands for its managed security group "
	"wherever a "
	"group is wanted.\n"
	"\n"
	"Where it calls, and as whom: options come before the environment, the environment before the "
	"context "
	"(context add).\n";

static const char examples[] = "  ringwall context add lan --server https://10.0.0.2:8443 --key-file key \\\n"
			       "    --ca ca.pem\n"
			       "  ringwall status\n"
			       "  ringwall rule list demo\n"
			       "  ringwall rule add demo allow tcp 443 from any --wait\n"
			       "  ringwall evaluate --file model.json --queries queries.jsonl\n";

static const struct rw_usage_item exit_codes[] = {
	{"0", "done, and enforced where that was asked"},
	{"1", "refused or failed; the text names the field and the fix"},
	{"2", "the command line is wrong; nothing was sent"},
	{"3", "durable, but pending, offline, failed or maybe bypassed on some node"},
	{"4", "no answer from the server, or none of several is active"},
	{"5", "differences found"},
	{0},
};

static const struct rw_usage_item environment[] = {
	{"RINGWALL_SERVER",
	 "the controller, https://HOST:8443; several with commas, of which the active one is asked"},
	{"RINGWALL_KEY_FILE", "file with the API key; the key itself is never an argument"},
	{"RINGWALL_CA", "certificate of the controller's authority"},
	{"RINGWALL_CONTEXT", "a kept set of the three"},
	{"NO_COLOR", "when it is set and not empty, no colours are used"},
	{0},
};

static const struct rw_usage_item files[] = {
	{"$XDG_CONFIG_HOME/ringwall/contexts.json",
	 "the kept contexts; XDG_CONFIG_HOME is ~/.config if not set"},
	{0},
};

static const struct rw_usage_item see_also[] = {
	{"ringwall-model", "5"}, {"ringwall-agent", "8"}, {"ringwalld", "8"}, {0}};

/* The shared sets as help and the manual show them. */
static const struct {
	unsigned int set;
	const char *title;
} shared[] = {{RW_CLI_CHANGE, "the change"}, {RW_CLI_OUTPUT, "output"}, {RW_CLI_SERVER, "the server"}};

static void fill_sets(const struct rw_cli_command *command, struct rw_usage_options sets[SETS_MAX])
{
	size_t count = 0;

	if (command->options)
		sets[count++] = (struct rw_usage_options){.title = "options", .options = command->options};
	for (size_t i = 0; i < RW_ARRAY_COUNT(shared); i++)
		if (command->shared & shared[i].set)
			sets[count++] = (struct rw_usage_options){
				.title = shared[i].title,
				.options = rw_cli_shared_options(shared[i].set),
				.shared = true,
			};
	sets[count] = (struct rw_usage_options){0};
}

/* What can come of it: only changes are durable somewhere else, only a server can be out of reach. */
static const char *find_exit_codes(const struct rw_cli_command *command)
{
	if (strcmp(command->path, "apply") == 0)
		return "0, 1, 2, 3, 4, 5";
	if (strcmp(command->path, "audit") == 0)
		return "0, 1, 2, 4, 5";
	if (strcmp(command->path, "tighten") == 0)
		return "0, 1, 2, 3, 4, 5";
	if (command->shared & RW_CLI_CHANGE || strcmp(command->path, "change") == 0)
		return "0, 1, 2, 3, 4";
	return command->shared & RW_CLI_SERVER ? "0, 1, 2, 4" : "0, 1, 2";
}

static void fill_command(const struct rw_cli_command *command, struct rw_usage_command *ret_command,
			 struct rw_usage_options sets[SETS_MAX])
{
	fill_sets(command, sets);
	*ret_command = (struct rw_usage_command){
		.path = command->path,
		.arguments = command->arguments,
		.summary = command->summary,
		.details = command->details,
		.options = sets,
		.exit_codes = find_exit_codes(command),
	};
}

const struct rw_usage_program *rw_cli_program(void)
{
	static struct rw_usage_options sets[RW_CLI_COMMANDS_MAX][SETS_MAX];
	static struct rw_usage_command commands[RW_CLI_COMMANDS_MAX];
	static const struct rw_usage_program program = {
		.name = "ringwall",
		.section = '1',
		.summary = "security groups for self-hosted container clusters",
		.forms = forms,
		.details = details,
		.commands = commands,
		.examples = examples,
		.exit_codes = exit_codes,
		.environment = environment,
		.files = files,
		.see_also = see_also,
	};
	const struct rw_cli_command *command = rw_cli_commands();

	if (!commands[0].path)
		for (size_t i = 0; command[i].path; i++)
			fill_command(&command[i], &commands[i], sets[i]);
	return &program;
}

static bool has_noun(const char *path, const char *noun)
{
	size_t length = strlen(noun);

	return strncmp(path, noun, length) == 0 && path[length] == ' ';
}

void rw_cli_print_overview(FILE *out)
{
	(void)fputs("ringwall - security groups for self-hosted container clusters\n\n"
		    "usage: ringwall COMMAND [ARGUMENTS] [OPTIONS]\n\n"
		    "what there is (each with commands of its own, as 'rule add'):\n",
		    out);
	for (size_t i = 0; i < RW_ARRAY_COUNT(nouns); i++)
		rw_usage_print_item(out, nouns[i].noun, nouns[i].summary);
	(void)fputs("\ncommands of one word:\n", out);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (!strchr(command->path, ' '))
			rw_usage_print_item(out, command->path, command->summary);
	(void)fprintf(out,
		      "\nexamples:\n%s\n"
		      "'ringwall COMMAND --help' tells more, with examples of each.\n\n"
		      "exit codes: 0 done, 1 refused or failed, 2 usage, 3 durable but not enforced\n"
		      "everywhere yet, 4 server unreachable, 5 differences found\n",
		      examples);
}

void rw_cli_print_noun(FILE *out, const char *noun)
{
	(void)fprintf(out, "usage: ringwall %s COMMAND\n\n", noun);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (has_noun(command->path, noun))
			rw_usage_print_item(out, command->path + strlen(noun) + 1, command->summary);
}

void rw_cli_print_help(FILE *out, const struct rw_cli_command *command)
{
	rw_usage_print_command(out, rw_cli_program(), rw_usage_find(rw_cli_program(), command->path));
}
