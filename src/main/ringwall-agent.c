/* SPDX-License-Identifier: Apache-2.0 */

/* The agent's program: parses arguments, chooses the back end of enforcement, runs one command. */

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/commands.h"
#include "agent/controllers.h"
#include "agent/helper.h"
#include "agent/privileges.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/token.h"
#include "enforce/bpf/bpf.h"
#include "main/descriptions.h"
#include "wire/reader.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

/* What the command line says. */
struct arguments {
	const char *command; /* NULL = standalone or nothing */
	const char *state;
	const char *pin_dir;
	bool unpinned;
	const char *interfaces[RW_KEEPER_NAMED_MAX];
	size_t interface_count;
	bool json;
	const char *words[2]; /* behind the command; NULL = none */
	struct rw_early_wishes early;
	bool generic;
	bool help;
	const char *file;
	const char *node;
	const char *servers[RW_CONTROLLERS_JOINED_MAX];
	const char *token_file;
	const char *token;
	struct rw_flow_filter_text filter_text;
	struct rw_flow_filter filter; /* ... as read */
	const char *capture_file;
	uint64_t capture_count;
	struct rw_join_options join;
	struct rw_enforce_bpf_options enforce;
};

/* Outcomes of parsing besides 0. */
#define PARSE_DONE 1 /* help or version was shown */

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "ringwall-agent: %s%s%s\nTry 'ringwall-agent --help'.\n", what, word ? ": " : "",
		word ? word : "");
	return -EINVAL;
}

static int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || number < min || number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int set_log_level(const char *word)
{
	static const char *const words[] = {
		[RW_LOG_ERROR] = "error",
		[RW_LOG_WARNING] = "warning",
		[RW_LOG_INFO] = "info",
		[RW_LOG_DEBUG] = "debug",
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			rw_log_set_level((enum rw_log_level)i);
			return 0;
		}
	}
	return usage("--log-level is error, warning, info or debug, not", word);
}

static int set_limit(struct arguments *arguments, int code, const char *text)
{
	uint64_t number;

	if (code == RW_AGENT_OPTION_TABLE_MEMORY) {
		if (parse_number(text, 1, 1u << 20, &number) < 0)
			return usage("--table-memory is a number of MiB", text);
		arguments->enforce.table_memory = number << 20;
	} else {
		if (parse_number(text, RW_ENFORCE_FLOW_ENTRIES_MIN, RW_ENFORCE_FLOW_ENTRIES_MAX, &number) < 0)
			return usage("--flow-entries is a number from 1024 to 16777216", text);
		arguments->enforce.flow_entries = (uint32_t)number;
	}
	return 0;
}

/* What the kernel takes for a name. */
static bool is_interface_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < IF_NAMESIZE && strcspn(text, "/: \t\r\n") == length &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static int check_early(const struct arguments *arguments)
{
	static const char *const words[] = {"on", "off", "remove"};

	if (!arguments->words[1])
		return usage("early-drop needs two words: on|off|remove INTERFACE", NULL);
	if (!is_interface_name(arguments->words[1]))
		return usage("not the name of an interface", arguments->words[1]);
	for (size_t i = 0; i < RW_ARRAY_COUNT(words); i++)
		if (strcmp(arguments->words[0], words[i]) == 0)
			return 0;
	return usage("early-drop is on, off or remove, not", arguments->words[0]);
}

static int add_early(struct arguments *arguments, const char *text)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_early_wish wish;
	int r = rw_early_wish_parse(text, &wish, &err);

	if (r == 0)
		r = rw_early_set(&arguments->early, &wish, &err);
	return r < 0 ? usage("--early-drop", err.text) : 0;
}

/* Options that name something; false when 'code' is none of them. */
static bool set_text(struct arguments *arguments, int code, const char *text)
{
	struct {
		int code;
		const char **slot;
	} texts[] = {
		{RW_AGENT_OPTION_STATE, &arguments->state},
		{RW_AGENT_OPTION_PIN_DIR, &arguments->pin_dir},
		{RW_AGENT_OPTION_FILE, &arguments->file},
		{RW_AGENT_OPTION_NODE, &arguments->node},
		{RW_AGENT_OPTION_TOKEN, &arguments->token},
		{RW_AGENT_OPTION_TOKEN_FILE, &arguments->token_file},
		{RW_AGENT_OPTION_CA_FINGERPRINT, &arguments->join.ca_fingerprint},
		{RW_AGENT_OPTION_CA, &arguments->join.ca_file},
		{RW_AGENT_OPTION_NAME, &arguments->join.name},
		{RW_AGENT_OPTION_CLUSTER, &arguments->join.cluster},
		{RW_AGENT_OPTION_REMOTE, &arguments->filter_text.remote},
		{RW_AGENT_OPTION_PORT, &arguments->filter_text.port},
		{RW_AGENT_OPTION_PROTOCOL, &arguments->filter_text.protocol},
		{RW_AGENT_OPTION_CLASS, &arguments->filter_text.class},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(texts); i++) {
		if (texts[i].code == code) {
			*texts[i].slot = text;
			return true;
		}
	}
	return false;
}

static int set_option(struct arguments *arguments, int code, const char *text)
{
	switch (code) {
	case RW_AGENT_OPTION_UNPINNED:
		arguments->unpinned = true;
		return 0;
	case RW_AGENT_OPTION_WITHOUT_TCX:
		arguments->enforce.without_tcx = true;
		return 0;
	case RW_AGENT_OPTION_INTERFACE:
		if (arguments->interface_count == RW_ARRAY_COUNT(arguments->interfaces))
			return usage("too many interfaces", NULL);
		if (!is_interface_name(text))
			return usage("--interface is the name of an interface, not", text);
		arguments->interfaces[arguments->interface_count++] = text;
		return 0;
	case RW_AGENT_OPTION_SERVER:
		if (arguments->join.server_count == RW_ARRAY_COUNT(arguments->servers))
			return usage("too many controllers", NULL);
		arguments->servers[arguments->join.server_count++] = text;
		return 0;
	case RW_AGENT_OPTION_EARLY_DROP:
		return add_early(arguments, text);
	case RW_AGENT_OPTION_GENERIC:
		arguments->generic = true;
		return 0;
	case RW_AGENT_OPTION_LOG_LEVEL:
		return set_log_level(text);
	case 'o':
		if (strcmp(text, "json") != 0 && strcmp(text, "text") != 0 && strcmp(text, "table") != 0)
			return usage("--output is text or json", text);
		arguments->json = strcmp(text, "json") == 0;
		return 0;
	case RW_AGENT_OPTION_TABLE_MEMORY:
	case RW_AGENT_OPTION_FLOW_ENTRIES:
		return set_limit(arguments, code, text);
	case RW_AGENT_OPTION_MONITOR:
		arguments->join.monitor = true;
		return 0;
	case RW_AGENT_OPTION_REPLACE:
		arguments->join.replace = true;
		return 0;
	case RW_AGENT_OPTION_YES:
		arguments->join.yes = true;
		return 0;
	case RW_AGENT_OPTION_FORCE:
		arguments->join.force = true;
		return 0;
	case 'c':
		if (parse_number(text, 1, UINT32_MAX, &arguments->capture_count) < 0)
			return usage("--count is a number of packets", text);
		return 0;
	case 'w':
		arguments->capture_file = text;
		return 0;
	case 'h':
		arguments->help = true;
		return 0;
	case RW_AGENT_OPTION_HELP_OPTIONS:
		rw_usage_print_command(stdout, &rw_agent_program, NULL);
		return PARSE_DONE;
	case RW_AGENT_OPTION_VERSION:
		printf("ringwall-agent %s\n", RW_VERSION);
		return PARSE_DONE;
	default:
		return set_text(arguments, code, text) ? 0 : usage("unknown or incomplete option", NULL);
	}
}

/* Help of the command, or the first screen when there is none of that name. */
static int print_help(const char *command)
{
	const struct rw_usage_command *described = command ? rw_usage_find(&rw_agent_program, command) : NULL;

	if (described)
		rw_usage_print_command(stdout, &rw_agent_program, described);
	else
		rw_usage_print_overview(stdout, &rw_agent_program);
	return PARSE_DONE;
}

static bool is_command(const struct arguments *arguments, const char *command)
{
	return arguments->command && strcmp(arguments->command, command) == 0;
}

/* Which flows or packets are to be shown, and how. */
static int parse_filter(struct arguments *arguments)
{
	struct rw_error err = RW_ERROR_NONE;

	if (is_command(arguments, "capture") && arguments->filter_text.class)
		return usage("--class is of flows, not of packets: see 'ringwall-agent table'", NULL);
	if (is_command(arguments, "capture") && arguments->capture_file && arguments->json)
		return usage("--write and --output json exclude each other", NULL);
	if (rw_flow_filter_parse(&arguments->filter_text, &arguments->filter, &err) < 0) {
		(void)fprintf(stderr, "ringwall-agent: %s %s\n", err.field, err.text);
		if (err.hint[0])
			(void)fprintf(stderr, "hint: %s\n", err.hint);
		return -EINVAL;
	}
	return 0;
}

static int refuse_empty(const struct option *table, int code)
{
	while (table->name && table->val != code)
		table++;
	return usage("this option needs a value", table->name);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	struct option table[RW_USAGE_OPTIONS_MAX + 1];
	int code, r = 0;

	rw_usage_getopt(&rw_agent_program, table);
	while (r == 0 && (code = getopt_long(argc, argv, "o:hc:w:", table, NULL)) != -1) {
		if (code == '?') { /* getopt has said what is wrong */
			fprintf(stderr, "Try 'ringwall-agent --help'.\n");
			return -EINVAL;
		}
		r = optarg && !optarg[0] ? refuse_empty(table, code) : set_option(arguments, code, optarg);
	}
	if (r != 0)
		return r;
	if (optind < argc)
		arguments->command = argv[optind++];
	if (arguments->help)
		return print_help(arguments->command);
	if (arguments->command && strcmp(arguments->command, "help") == 0)
		return print_help(optind < argc ? argv[optind] : NULL);
	if (is_command(arguments, "early-drop"))
		for (size_t i = 0; i < RW_ARRAY_COUNT(arguments->words) && optind < argc; i++)
			arguments->words[i] = argv[optind++];
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (is_command(arguments, "early-drop")) {
		r = check_early(arguments);
		if (r < 0)
			return r;
	}
	if (is_command(arguments, "join") && !arguments->join.server_count)
		return usage("--server is missing: where does the controller listen?", NULL);
	if (!arguments->command && !arguments->file)
		return usage("a command or --file is missing", NULL);
	if (arguments->file && arguments->command && strcmp(arguments->command, "run") != 0)
		return usage("--file goes with no command", arguments->command);
	if (arguments->file && !arguments->node)
		return usage("--file needs --node NAME", NULL);
	return parse_filter(arguments);
}

/* ---- enforcement by the kernel ---- */

static int open_enforcer(void *context, struct rw_enforcer **ret_enforcer, struct rw_error *err)
{
	return rw_enforce_bpf_open(context, ret_enforcer, err);
}

static int remove_all(void *context, struct rw_error *err)
{
	const struct rw_enforce_bpf_options *options = context;

	return options->pin_dir ? rw_enforce_bpf_detach_all(options->pin_dir, NULL, err) : 0;
}

static size_t list_held(void *context, unsigned int *ret_ifindexes, size_t capacity)
{
	const struct rw_enforce_bpf_options *options = context;
	struct rw_enforce_bpf_look look;
	size_t count;

	if (!options->pin_dir)
		return 0;
	rw_enforce_bpf_look(options->pin_dir, &look);
	for (count = 0; count < look.device_count && count < capacity; count++)
		ret_ifindexes[count] = look.devices[count].ifindex;
	return count;
}

static bool is_deciding(void *context)
{
	const struct rw_enforce_bpf_options *options = context;
	struct rw_enforce_bpf_look look;
	char name[IF_NAMESIZE];

	if (!options->pin_dir)
		return false;
	rw_enforce_bpf_look(options->pin_dir, &look);
	for (size_t i = 0; look.mode == RW_ENFORCER_ENFORCE && i < look.device_count; i++)
		if (look.devices[i].alive && if_indextoname(look.devices[i].ifindex, name))
			return true;
	return false;
}

/* ---- commands ---- */

/*
 * Does what needs root, and gives up the rest: the helper that may see whose sockets and programs there are, and
 * the file system for pins.  What is wrong with that one, opening the enforcer will say.
 */
static int confine(struct arguments *arguments, struct rw_helper **ret_helper, struct rw_error *err)
{
	int r = rw_helper_start(rw_enforce_bpf_program_name, ret_helper, err);

	if (r < 0)
		return r;
	arguments->enforce.name_program = rw_helper_name_program;
	arguments->enforce.name_context = *ret_helper;
	if (arguments->enforce.pin_dir)
		(void)rw_enforce_bpf_mount(arguments->enforce.pin_dir, NULL);
	return rw_privileges_drop(RW_PRIVILEGES_AGENT, err);
}

/* What an earlier agent pinned elsewhere would go on deciding beside ours, and 'detach' would not find it. */
static int check_other_pins(const struct arguments *arguments, const struct rw_agent_place *place,
			    struct rw_error *err)
{
	struct rw_enforce_bpf_look look;
	struct rw_agent_place told;
	bool is_held = false;

	if (!arguments->pin_dir || rw_agent_place_find(arguments->state, NULL, &told, NULL) < 0 ||
	    strcmp(told.pin_dir, place->pin_dir) == 0)
		return 0;
	rw_enforce_bpf_look(told.pin_dir, &look);
	for (size_t i = 0; i < look.device_count; i++)
		is_held |= look.devices[i].alive;
	if (!is_held)
		return 0;
	(void)rw_error_set(err, -EBUSY,
			   "what is pinned at %s is in force and would stay so beside --pin-dir %s",
			   told.pin_dir, place->pin_dir);
	return rw_error_hint(
		err,
		"Go on with that folder, or take it off first: ringwall-agent detach --pin-dir %s, "
		"then attach.",
		told.pin_dir);
}

static int command_run(struct arguments *arguments, const struct rw_agent_place *place,
		       const struct rw_keeper_backend *backend, struct rw_error *err)
{
	RW_CLEANUP(rw_helper_stop) struct rw_helper *helper = NULL;
	struct rw_agent_options options = {
		.place = *place,
		.backend = *backend,
		.named = arguments->interfaces,
		.named_count = arguments->interface_count,
		.early = &arguments->early,
		.file = arguments->file,
		.node = arguments->node,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
	};
	int r = check_other_pins(arguments, place, err);

	if (r == 0)
		r = confine(arguments, &helper, err);
	if (r < 0)
		return r;
	options.helper = helper;
	r = rw_agent_run(&options, err);
	if (r == -EACCES && !err->hint[0] && geteuid() == 0)
		(void)rw_error_hint(err,
				    "The running agent cannot pass over permissions of files: its folders "
				    "and the model file must be root's.");
	return r;
}

/* Reads the token from its file; the first line is the token. */
static int read_token(const char *path, char *token, size_t size, struct rw_error *err)
{
	char id[RW_TOKEN_ID_MAX + 1], secret[RW_TOKEN_SECRET_SIZE];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	size_t length;
	int r;

	rw_buf_init(&buf, 4096);
	r = rw_file_read(path, &buf, err);
	if (r < 0)
		return r;
	length = strcspn(buf.data, " \t\r\n");
	if (length == 0 || length >= size)
		return rw_error_set(err, -ENODATA, "%s holds no token", path);
	memcpy(token, buf.data, length);
	token[length] = '\0';
	r = rw_token_parse(token, id, secret);
	rw_secret_wipe(secret, sizeof(secret));
	return r < 0 ? rw_error_set(err, -ENODATA, "%s holds no join token (<id>.<secret>)", path) : 0;
}

static int command_join(struct arguments *arguments, const struct rw_agent_place *place, struct rw_error *err)
{
	char token[256];

	arguments->join.place = *place;
	arguments->join.clock = rw_clock_system();
	arguments->join.servers = arguments->servers;
	arguments->join.named = arguments->interfaces;
	arguments->join.named_count = arguments->interface_count;
	arguments->join.token = arguments->token;
	if (arguments->token_file) {
		int r = read_token(arguments->token_file, token, sizeof(token), err);

		if (r < 0)
			return r;
		arguments->join.token = token;
	}
	if (!arguments->join.server_count)
		return rw_error_field(err, "--server", "is missing: where does the controller listen?");
	if (!arguments->join.token)
		return rw_error_field(err, "--token",
				      "is missing: make one by 'ringwall cluster join-token'");
	return rw_command_join(&arguments->join, err);
}

static int command_capture(const struct arguments *arguments, const struct rw_agent_place *place,
			   struct rw_error *err)
{
	const struct rw_capture_options options = {
		.filter = arguments->filter,
		.file = arguments->capture_file,
		.count = arguments->capture_count,
		.as_json = arguments->json,
	};

	return rw_command_capture(place, &options, err);
}

static int command_early(const struct arguments *arguments, const struct rw_agent_place *place,
			 struct rw_error *err)
{
	char words[64];

	if (snprintf(words, sizeof(words), "%s %s%s", arguments->words[0], arguments->words[1],
		     arguments->generic ? " generic" : "") >= (int)sizeof(words))
		return rw_error_set(err, -EINVAL, "not the name of an interface: \"%.64s\"",
				    arguments->words[1]);
	return rw_command_early(place, words, err);
}

/* Does the command; -ENOSYS when there is none of that name. */
static int dispatch(struct arguments *arguments, const struct rw_agent_place *place, struct rw_error *err)
{
	const struct rw_keeper_backend backend = {
		.open = open_enforcer,
		.remove_all = remove_all,
		.list_held = list_held,
		.is_deciding = is_deciding,
		.context = &arguments->enforce,
	};
	const char *command = arguments->command ? arguments->command : "run";

	if (strcmp(command, "run") == 0)
		return command_run(arguments, place, &backend, err);
	if (strcmp(command, "join") == 0)
		return command_join(arguments, place, err);
	if (strcmp(command, "detach") == 0)
		return rw_command_detach(place, !arguments->unpinned, err);
	if (strcmp(command, "attach") == 0)
		return rw_command_attach(place, err);
	if (strcmp(command, "status") == 0)
		return rw_command_status(place, arguments->json ? RW_STATUS_JSON : RW_STATUS_TEXT, err);
	if (strcmp(command, "metrics") == 0)
		return rw_command_status(place, RW_STATUS_METRICS, err);
	if (strcmp(command, "table") == 0)
		return rw_command_table(place, &arguments->filter, arguments->json, err);
	if (strcmp(command, "capture") == 0)
		return command_capture(arguments, place, err);
	if (strcmp(command, "early-drop") == 0)
		return command_early(arguments, place, err);
	if (strcmp(command, "probe") == 0)
		return rw_command_probe(place, arguments->interfaces, arguments->interface_count,
					!arguments->unpinned, arguments->json, err);
	return -ENOSYS;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct rw_agent_place place;
	struct rw_error err = RW_ERROR_NONE;
	uint64_t seed;
	int r;

	if (rw_usage_answer(&rw_agent_program, argc, argv))
		return 0;
	rw_random_system()->fill(rw_random_system(), &seed, sizeof(seed));
	rw_json_init(seed);
	(void)rw_log_open_journal(RW_LOG_JOURNAL_SOCKET, "ringwall-agent");
	r = parse(argc, argv, &arguments);
	if (r != 0)
		return r == PARSE_DONE ? 0 : EXIT_USAGE;
	r = rw_agent_place_find(arguments.state, arguments.pin_dir, &place, &err);
	if (r == 0) {
		arguments.enforce.pin_dir = arguments.unpinned ? NULL : place.pin_dir;
		r = dispatch(&arguments, &place, &err);
	}
	if (r == -ENOSYS && !err.text[0]) {
		(void)usage("unknown command", arguments.command);
		return EXIT_USAGE;
	}
	if ((r == -EACCES || r == -EPERM) && !err.hint[0] && geteuid() != 0)
		(void)rw_error_hint(&err, "Run it as root.");
	if (r < 0) {
		fprintf(stderr, "ringwall-agent: %s%s%s\n", err.field, err.field[0] ? " " : "", err.text);
		if (err.hint[0])
			fprintf(stderr, "hint: %s\n", err.hint);
		return rw_usage_is_fault(&err) ? EXIT_USAGE : EXIT_FAILED;
	}
	return 0;
}
