/* SPDX-License-Identifier: Apache-2.0 */

/* The agent's program: parses arguments, chooses the back end of enforcement, runs one command. */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/commands.h"
#include "base/file.h"
#include "base/log.h"
#include "enforce/bpf/bpf.h"
#include "wire/reader.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

static const char help[] =
	"usage: ringwall-agent COMMAND [OPTION...]\n"
	"       ringwall-agent --file MODEL.json --node NAME [OPTION...]\n"
	"\n"
	"Keeps this node's kernel equal to its security groups.\n"
	"\n"
	"Commands:\n"
	"  detach    take all enforcement off this node, now; works without controller,\n"
	"            agent or state folder, and stays so until 'attach'\n"
	"  attach    let the node be enforced again\n"
	"  status    what is in force (-o json)\n"
	"  probe     whether this machine can enforce, on which interfaces, and why (-o json)\n"
	"  join      make this machine a node of a controller\n"
	"  run       follow the controller; enforcement outlives the agent\n"
	"\n"
	"Examples:\n"
	"  ringwall-agent join --server https://10.0.0.2:8443 --token-file token \\\n"
	"                      --ca-fingerprint 5f0c... --name web-1\n"
	"  ringwall-agent run\n"
	"  ringwall-agent --file model.json --node web-1      (SIGHUP reads the file again)\n"
	"  ringwall-agent detach\n"
	"\n"
	"'ringwall-agent --help-options' lists all options.\n";

static const char help_options[] =
	"Options of every command:\n"
	"  --state DIR            state folder; default " RW_AGENT_STATE_DEFAULT "\n"
	"  --pin-dir DIR          where programs are pinned, in a BPF file system; default\n"
	"                         " RW_AGENT_PIN_ROOT "/default, with another --state its own\n"
	"  --unpinned             pin nothing: enforcement ends with the agent\n"
	"  --interface NAME       enforce on this interface, too (again for more); needed for\n"
	"                         veth, tunnels and others without a device of their own\n"
	"  --log-level LEVEL      error, warning, info or debug\n"
	"  -o json                status, probe: JSON instead of text\n"
	"  --help, --version\n"
	"\n"
	"Options of run and --file:\n"
	"  --table-memory MIB     memory for decision tables; default 256\n"
	"  --flow-entries NUMBER  flows remembered per family; default 65536\n"
	"  --file FILE            standalone: enforce this model file instead of a controller's\n"
	"  --node NAME            standalone: which node of the file this is\n"
	"\n"
	"Options of join:\n"
	"  --server URL           the controller, https://HOST[:8443]\n"
	"  --token TOKEN          one-time token; or --token-file FILE, which other users\n"
	"                         of this machine cannot see in the list of processes\n"
	"  --ca-fingerprint HEX   SHA-256 of the controller's authority, as shown with the token\n"
	"  --ca FILE              or its certificate, STATE/ca.pem of the controller\n"
	"  --name NAME            name of the node; default the host's\n"
	"  --cluster NAME         a check: the cluster that the token must be for\n"
	"  --monitor              count what would be dropped, drop nothing\n"
	"  --replace              join again with the record of this machine\n"
	"\n"
	"Exit codes: 0 done, 1 refused or failed, 2 usage.\n";

enum option_code {
	OPTION_STATE = 256,
	OPTION_PIN_DIR,
	OPTION_UNPINNED,
	OPTION_INTERFACE,
	OPTION_LOG_LEVEL,
	OPTION_TABLE_MEMORY,
	OPTION_FLOW_ENTRIES,
	OPTION_FILE,
	OPTION_NODE,
	OPTION_SERVER,
	OPTION_TOKEN,
	OPTION_TOKEN_FILE,
	OPTION_CA_FINGERPRINT,
	OPTION_CA,
	OPTION_NAME,
	OPTION_CLUSTER,
	OPTION_MONITOR,
	OPTION_REPLACE,
	OPTION_HELP,
	OPTION_HELP_OPTIONS,
	OPTION_VERSION,
};

static const struct option options_table[] = {
	{"state", required_argument, NULL, OPTION_STATE},
	{"pin-dir", required_argument, NULL, OPTION_PIN_DIR},
	{"unpinned", no_argument, NULL, OPTION_UNPINNED},
	{"interface", required_argument, NULL, OPTION_INTERFACE},
	{"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
	{"output", required_argument, NULL, 'o'},
	{"table-memory", required_argument, NULL, OPTION_TABLE_MEMORY},
	{"flow-entries", required_argument, NULL, OPTION_FLOW_ENTRIES},
	{"file", required_argument, NULL, OPTION_FILE},
	{"node", required_argument, NULL, OPTION_NODE},
	{"server", required_argument, NULL, OPTION_SERVER},
	{"token", required_argument, NULL, OPTION_TOKEN},
	{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
	{"ca-fingerprint", required_argument, NULL, OPTION_CA_FINGERPRINT},
	{"ca", required_argument, NULL, OPTION_CA},
	{"name", required_argument, NULL, OPTION_NAME},
	{"cluster", required_argument, NULL, OPTION_CLUSTER},
	{"monitor", no_argument, NULL, OPTION_MONITOR},
	{"replace", no_argument, NULL, OPTION_REPLACE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"help-options", no_argument, NULL, OPTION_HELP_OPTIONS},
	{"version", no_argument, NULL, OPTION_VERSION},
	{0},
};

/* What the command line says. */
struct arguments {
	const char *command; /* NULL = standalone or nothing */
	const char *state;
	const char *pin_dir;
	bool unpinned;
	const char *interfaces[RW_KEEPER_NAMED_MAX];
	size_t interface_count;
	bool json;
	const char *file;
	const char *node;
	const char *token_file;
	const char *token;
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
	return usage("not a log level", word);
}

static int set_limit(struct arguments *arguments, int code, const char *text)
{
	uint64_t number;

	if (code == OPTION_TABLE_MEMORY) {
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

/* Options that name something; false when 'code' is none of them. */
static bool set_text(struct arguments *arguments, int code, const char *text)
{
	struct {
		int code;
		const char **slot;
	} texts[] = {
		{OPTION_STATE, &arguments->state},
		{OPTION_PIN_DIR, &arguments->pin_dir},
		{OPTION_FILE, &arguments->file},
		{OPTION_NODE, &arguments->node},
		{OPTION_SERVER, &arguments->join.server},
		{OPTION_TOKEN, &arguments->token},
		{OPTION_TOKEN_FILE, &arguments->token_file},
		{OPTION_CA_FINGERPRINT, &arguments->join.ca_fingerprint},
		{OPTION_CA, &arguments->join.ca_file},
		{OPTION_NAME, &arguments->join.name},
		{OPTION_CLUSTER, &arguments->join.cluster},
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
	case OPTION_UNPINNED:
		arguments->unpinned = true;
		return 0;
	case OPTION_INTERFACE:
		if (arguments->interface_count == RW_ARRAY_COUNT(arguments->interfaces))
			return usage("too many interfaces", NULL);
		arguments->interfaces[arguments->interface_count++] = text;
		return 0;
	case OPTION_LOG_LEVEL:
		return set_log_level(text);
	case 'o':
		if (strcmp(text, "json") != 0 && strcmp(text, "text") != 0 && strcmp(text, "table") != 0)
			return usage("output is 'text' or 'json'", text);
		arguments->json = strcmp(text, "json") == 0;
		return 0;
	case OPTION_TABLE_MEMORY:
	case OPTION_FLOW_ENTRIES:
		return set_limit(arguments, code, text);
	case OPTION_MONITOR:
		arguments->join.monitor = true;
		return 0;
	case OPTION_REPLACE:
		arguments->join.replace = true;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		return PARSE_DONE;
	case OPTION_HELP_OPTIONS:
		fputs(help_options, stdout);
		return PARSE_DONE;
	case OPTION_VERSION:
		printf("ringwall-agent %s\n", RW_VERSION);
		return PARSE_DONE;
	default:
		return set_text(arguments, code, text) ? 0 : usage("unknown or incomplete option", NULL);
	}
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	int code, r = 0;

	while (r == 0 && (code = getopt_long(argc, argv, "o:h", options_table, NULL)) != -1) {
		if (code == '?')
			return usage("see above", NULL);
		r = set_option(arguments, code == 'h' ? OPTION_HELP : code, optarg);
	}
	if (r != 0)
		return r;
	if (optind < argc)
		arguments->command = argv[optind++];
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (!arguments->command && !arguments->file)
		return usage("a command or --file is missing", NULL);
	if (arguments->file && arguments->command && strcmp(arguments->command, "run") != 0)
		return usage("--file goes with no command", arguments->command);
	if (arguments->file && !arguments->node)
		return usage("--file needs --node NAME", NULL);
	return 0;
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

/* ---- commands ---- */

static int command_run(struct arguments *arguments, const struct rw_agent_place *place,
		       const struct rw_keeper_backend *backend, struct rw_error *err)
{
	const struct rw_agent_options options = {
		.place = *place,
		.backend = *backend,
		.named = arguments->interfaces,
		.named_count = arguments->interface_count,
		.file = arguments->file,
		.node = arguments->node,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
	};

	return rw_agent_run(&options, err);
}

/* Reads the token from its file; the first line is the token. */
static int read_token(const char *path, char *token, size_t size, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	size_t length;
	int r;

	rw_buf_init(&buf, 4096);
	r = rw_file_read(path, &buf, err);
	if (r < 0)
		return r;
	length = strcspn(buf.data, " \t\r\n");
	if (length == 0 || length >= size)
		return rw_error_field(err, "--token-file", "%s holds no token", path);
	memcpy(token, buf.data, length);
	token[length] = '\0';
	return 0;
}

static int command_join(struct arguments *arguments, const struct rw_agent_place *place, struct rw_error *err)
{
	char token[256];

	arguments->join.place = *place;
	arguments->join.clock = rw_clock_system();
	arguments->join.named = arguments->interfaces;
	arguments->join.named_count = arguments->interface_count;
	arguments->join.token = arguments->token;
	if (arguments->token_file) {
		int r = read_token(arguments->token_file, token, sizeof(token), err);

		if (r < 0)
			return r;
		arguments->join.token = token;
	}
	if (!arguments->join.server)
		return rw_error_field(err, "--server", "is missing: where does the controller listen?");
	if (!arguments->join.token)
		return rw_error_field(err, "--token", "is missing: make one by 'ringwall node join-token'");
	return rw_command_join(&arguments->join, err);
}

/* Does the command; -ENOSYS when there is none of that name. */
static int dispatch(struct arguments *arguments, const struct rw_agent_place *place, struct rw_error *err)
{
	const struct rw_keeper_backend backend = {
		.open = open_enforcer,
		.remove_all = remove_all,
		.list_held = list_held,
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
		return rw_command_status(place, arguments->json, err);
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

	rw_random_system()->fill(rw_random_system(), &seed, sizeof(seed));
	rw_json_init(seed);
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
		return EXIT_FAILED;
	}
	return 0;
}
