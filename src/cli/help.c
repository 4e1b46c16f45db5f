/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

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
	{"load-balancer", "what stands before a cluster"},
	{"key", "API keys and their roles"},
	{"context", "kept server, key and authority"},
};

static bool has_noun(const char *path, const char *noun)
{
	size_t length = strlen(noun);

	return strncmp(path, noun, length) == 0 && path[length] == ' ';
}

static bool is_single(const struct rw_cli_command *command)
{
	return strchr(command->path, ' ') == NULL;
}

void rw_cli_print_overview(FILE *out)
{
	(void)fputs("ringwall - security groups for self-hosted container clusters\n\n"
		    "usage: ringwall COMMAND [ARGUMENTS] [OPTIONS]\n\n",
		    out);
	for (size_t i = 0; i < RW_ARRAY_COUNT(nouns); i++)
		(void)fprintf(out, "  %-15s %s\n", nouns[i].noun, nouns[i].summary);
	(void)fputc('\n', out);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (is_single(command))
			(void)fprintf(out, "  %-15s %s\n", command->path, command->summary);
	(void)fputs("\n"
		    "examples:\n"
		    "  ringwall cluster list\n"
		    "  ringwall rule list demo\n"
		    "  ringwall rule add demo allow tcp 443 from any --wait\n"
		    "  ringwall evaluate --file model.json --queries queries.jsonl\n\n"
		    "'ringwall COMMAND --help' tells more.\n\n"
		    "exit codes: 0 done, 1 refused or failed, 2 usage, 3 durable but not enforced\n"
		    "everywhere yet, 4 server unreachable, 5 differences found\n",
		    out);
}

void rw_cli_print_noun(FILE *out, const char *noun)
{
	(void)fprintf(out, "usage: ringwall %s COMMAND\n\n", noun);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (has_noun(command->path, noun))
			(void)fprintf(out, "  %-15s %s\n", command->path + strlen(noun) + 1,
				      command->summary);
}

/* A command's own option stands before a shared one of that name. */
static bool is_own(const struct rw_cli_command *command, const struct rw_cli_option *option)
{
	for (const struct rw_cli_option *own = command->options; own && own->name; own++)
		if (own != option && strcmp(own->name, option->name) == 0)
			return true;
	return false;
}

static void print_options(FILE *out, const char *title, const struct rw_cli_command *command,
			  const struct rw_cli_option *option)
{
	if (!option || !option->name)
		return;
	(void)fprintf(out, "\n%s:\n", title);
	for (; option->name; option++) {
		char left[64];
		const char *value = option->value ? option->value : "";
		const char *between = !option->value ? "" : option->value[0] == '[' ? "[=" : " ";
		char letter[8] = "";

		if (is_own(command, option))
			continue;
		if (option->letter)
			(void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		if (value[0] == '[')
			value++; /* "[DURATION]" is shown as "[=DURATION]" */
		(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name, between, value);
		(void)fprintf(out, "  %-26s %s\n", left, option->help);
	}
}

void rw_cli_print_help(FILE *out, const struct rw_cli_command *command)
{
	(void)fprintf(out, "usage: ringwall %s%s%s [OPTIONS]\n\n%c%s.\n", command->path,
		      command->arguments[0] ? " " : "", command->arguments,
		      toupper((unsigned char)command->summary[0]), command->summary + 1);
	if (command->details)
		(void)fprintf(out, "\n%s", command->details);
	print_options(out, "options", command, command->options);
	if (command->shared & RW_CLI_CHANGE)
		print_options(out, "the change", command, rw_cli_shared_options(RW_CLI_CHANGE));
	if (command->shared & RW_CLI_OUTPUT)
		print_options(out, "output", command, rw_cli_shared_options(RW_CLI_OUTPUT));
	if (command->shared & RW_CLI_SERVER)
		print_options(out, "server", command, rw_cli_shared_options(RW_CLI_SERVER));
}

static void print_option_words(FILE *out, const struct rw_cli_command *command,
			       const struct rw_cli_option *option)
{
	for (; option && option->name; option++)
		if (!is_own(command, option))
			(void)fprintf(out, " --%s", option->name);
}

/*
 * One shell function with a case for each noun and each command; words are quoted constants of our own
 * tables, so nothing of the environment is evaluated.
 */
void rw_cli_print_bash_completion(FILE *out)
{
	(void)fputs("# bash completion for ringwall; made by 'ringwall completion bash'\n"
		    "_ringwall()\n{\n"
		    "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
		    "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\twords=\"",
		    out);
	for (size_t i = 0; i < RW_ARRAY_COUNT(nouns); i++)
		(void)fprintf(out, "%s ", nouns[i].noun);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (is_single(command))
			(void)fprintf(out, "%s ", command->path);
	(void)fputs("\"\n\telse\n\t\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n", out);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++) {
		(void)fprintf(out, "\t\t\"%s\"%s) words=\"--help", command->path,
			      is_single(command) ? "\\ *" : "");
		print_option_words(out, command, command->options);
		for (unsigned int set = RW_CLI_SERVER; set <= RW_CLI_CHANGE; set <<= 1)
			if (command->shared & set)
				print_option_words(out, command, rw_cli_shared_options(set));
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\t\tesac\n\t\tif [ \"$COMP_CWORD\" = 2 ]; then\n\t\t\tcase ${COMP_WORDS[1]} in\n", out);
	for (size_t i = 0; i < RW_ARRAY_COUNT(nouns); i++) {
		(void)fprintf(out, "\t\t\t%s) words=\"", nouns[i].noun);
		for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
			if (has_noun(command->path, nouns[i].noun))
				(void)fprintf(out, "%s ", command->path + strlen(nouns[i].noun) + 1);
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\t\t\tesac\n\t\tfi\n\tfi\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
		    "\t[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
		    "}\ncomplete -F _ringwall ringwall\n",
		    out);
}
