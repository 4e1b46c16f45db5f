/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line
 * ================
 *
 * A command is a row of a table: its words, its options, one function.  Help, usage errors and shell
 * completion are made from the same rows, so they cannot drift.  One file holds the commands of one
 * noun (cmd_rule.c: rule add, rule list, ...); the rest of the folder is what they share: arguments,
 * the server, tables, waiting.
 *
 * Results go to standard output, everything else (progress, errors, hints) to standard error, so that
 * output can be piped.  JSON output is the server's answer as it came.
 */

#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "cli/servers.h"
#include "usage/usage.h"
#include "wire/reader.h"
#include "wire/writer.h"

/* Exit codes; stable, scripts rely on them. */
enum rw_exit {
	RW_EXIT_DONE = 0,        /* done, and enforced where that was asked */
	RW_EXIT_REFUSED = 1,     /* refused or failed */
	RW_EXIT_USAGE = 2,       /* the command line is wrong */
	RW_EXIT_PENDING = 3,     /* durable, but pending, offline, failed or maybe bypassed on some node */
	RW_EXIT_UNREACHABLE = 4, /* no answer from the server, or none of several is active */
	RW_EXIT_DIFFERENT = 5,   /* differences found */
};

/* Most options and arguments of one call. */
#define RW_CLI_MAX_WORDS 1024

/* Most commands, with the end of their table. */
#define RW_CLI_COMMANDS_MAX 128

/* How long --wait waits, and its upper limit, which is the server's. */
#define RW_CLI_WAIT_DEFAULT_MS 30000
#define RW_CLI_WAIT_MAX_MS     600000

/* Sets of options that many commands share. */
enum {
	RW_CLI_SERVER = 1, /* talks to a server: --server, --key-file, --ca, --context */
	RW_CLI_OUTPUT = 2, /* -o table|json */
	RW_CLI_CHANGE = 4, /* --wait, --wait-all, --force, --dry-run, --established */
};

struct rw_cli;

struct rw_cli_command {
	const char *path;                      /* "rule add" */
	const char *arguments;                 /* "GROUP RULE", shown in help */
	const char *summary;                   /* one line, no full stop */
	const char *details;                   /* further help with examples; nullable */
	unsigned int shared;                   /* RW_CLI_* */
	const struct rw_usage_option *options; /* own ones; nullable */
	unsigned int min_arguments;
	unsigned int max_arguments;
	int (*run)(struct rw_cli *cli); /* gives an enum rw_exit */
};

struct rw_cli_word {
	const struct rw_usage_option *option;
	const char *value; /* NULL for a flag or an optional value not given */
};

struct rw_http_client;
struct rw_loop;

struct rw_cli {
	const struct rw_cli_command *command;
	const char *arguments[RW_CLI_MAX_WORDS];
	unsigned int argument_count;
	struct rw_cli_word options[RW_CLI_MAX_WORDS];
	unsigned int option_count;
	int64_t wait_ms;               /* --wait */
	bool json;                     /* -o json */
	bool terminal;                 /* standard output is a terminal */
	bool colour;                   /* ... and colours are wanted there */
	struct rw_loop *loop;          /* made with the first call */
	struct rw_http_client *client; /* likewise */
	struct rw_servers servers;     /* whom to ask */
	uint64_t give_up_ns;           /* when to wait for one of them no more; 0 = nothing is waited for */
	char change_key[33];           /* Idempotency-Key of the change under way; "" = none */
	char *ca_file;                 /* the authority's file in use, owned; NULL = the system's */
	bool learned;                  /* the server has told of a new authority, and that was seen to */
	char *authorization;           /* "Bearer ...", owned; never printed */
	struct rw_map names;           /* id -> char *, owned: names looked up for tables */
};

/* All commands, ended by a row whose path is NULL. */
const struct rw_cli_command *rw_cli_commands(void);

/* Runs the command line and gives the process's exit code. */
int rw_cli_main(int argument_count, char **arguments);

/* ---- arguments (arguments.c) ---- */

/* The value of the last option of that name, or NULL; whether it was given; the next of many. */
const char *rw_cli_value(const struct rw_cli *cli, const char *name);
bool rw_cli_given(const struct rw_cli *cli, const char *name);
bool rw_cli_next_value(const struct rw_cli *cli, const char *name, unsigned int *cursor,
		       const char **ret_value);

/* Reads "30s", "500ms", "2m", "5" (seconds); false for anything else or more than RW_CLI_WAIT_MAX_MS. */
bool rw_cli_parse_duration(const char *text, int64_t *ret_ms);

/* The value of a numeric option, or 'fallback'.  0, or RW_EXIT_USAGE after printing why. */
int rw_cli_number(const struct rw_cli *cli, const char *name, int64_t fallback, int64_t *ret_number);

/* Prints "ringwall: ..." and how to get help; gives RW_EXIT_USAGE. */
int rw_cli_usage_error(const struct rw_cli *cli, const char *format, ...) RW_PRINTF(2, 3);

/* Prints the error behind its field, and its hint; gives RW_EXIT_REFUSED. */
int rw_cli_fail(const struct rw_error *err);

/* Fills cli from the words after the command.  0, or RW_EXIT_USAGE after printing why. */
int rw_cli_parse(struct rw_cli *cli, int count, char **words);

/* The options of a shared set, ended by a NULL name. */
const struct rw_usage_option *rw_cli_shared_options(unsigned int set);

/* ---- help (help.c) ---- */

/* The command line's description, made from the commands at first use. */
const struct rw_usage_program *rw_cli_program(void);

void rw_cli_print_overview(FILE *out);
void rw_cli_print_noun(FILE *out, const char *noun);
void rw_cli_print_help(FILE *out, const struct rw_cli_command *command);

/* ---- the server (server.c, context.c) ---- */

/* Where the server is and who we are: --server ... , environment, context, in this order. */
struct rw_cli_login {
	char *server;
	char *key_file;
	char *ca;
};
void rw_cli_login_done(struct rw_cli_login *login);
RW_DEFINE_DONE(struct rw_cli_login, rw_cli_login_done)
RW_NODISCARD int rw_cli_find_login(const struct rw_cli *cli, struct rw_cli_login *ret_login,
				   struct rw_error *err);

/* An answer of the server, read. */
struct rw_cli_answer {
	unsigned int status;
	char *text; /* owned */
	size_t size;
	struct rw_json_document *document; /* owned; NULL when there is no JSON */
	struct rw_json root;
	struct rw_json_document *later; /* owned: how far a change's nodes were when asked again; or NULL */
	struct rw_json later_root;
};
void rw_cli_answer_done(struct rw_cli_answer *answer);
RW_DEFINE_DONE(struct rw_cli_answer, rw_cli_answer_done)

/*
 * Adds to the file 'path' the authorities that the server has and the file has not, and says so on standard
 * error; also why it could not.  Nothing is ever taken out of it.  cmd_ca.c
 */
int rw_cli_learn_authorities(struct rw_cli *cli, const char *path);

/*
 * Makes one call, of several servers to the one that serves (servers.h); 'path' begins with "/v1/" and is already encoded, 'body' may be NULL.  Gives 0 with an
 * answer of status 2xx; otherwise prints the problem and gives the exit code.
 */
int rw_cli_call(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		struct rw_cli_answer *ret_answer);

/* The same for a GET whose failure is no news: prints nothing. */
int rw_cli_look_up(struct rw_cli *cli, const char *path, struct rw_cli_answer *ret_answer);

/*
 * GETs a stream and hands over its lines until 'line' asks to end (false), Ctrl-C or the server does.  One that has
 * begun is not taken up at another server.
 */
int rw_cli_stream(struct rw_cli *cli, const char *path, bool (*line)(const char *line, void *userdata),
		  void *userdata);

/* Appends 'text' to a path or query, percent-encoded. */
void rw_cli_append_encoded(struct rw_buf *path, const char *text);

/* "/v1/<collection>/<reference>[/<rest>]" in a buffer that the caller ends with rw_buf_done. */
void rw_cli_path(struct rw_buf *path, const char *collection, const char *reference, const char *rest);

/* ---- changes (change.c) ---- */

/*
 * Sends a change: adds --wait, --force, --dry-run and --established to the query and shows progress while nodes are awaited.
 * Gives 0 and the answer, or the exit code after printing what went wrong.
 */
int rw_cli_change(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		  struct rw_cli_answer *ret_answer);

/* Prints what the change did (changed, notes, nodes that are not there yet); gives the exit code. */
int rw_cli_report_change(struct rw_cli *cli, const struct rw_cli_answer *answer, const char *what);

/* A change in one step: sends it and prints 'what' happened, or the JSON answer.  Gives the exit code. */
int rw_cli_send_path(struct rw_cli *cli, const char *method, const struct rw_buf *path,
		     const struct rw_buf *body, const char *what);
/* The same for /v1/<collection>[/<reference>]. */
int rw_cli_send(struct rw_cli *cli, const char *method, const char *collection, const char *reference,
		const struct rw_buf *body, const char *what);

/* Prints one line a rule that comes or goes, "+ demo: allow tcp 443 from 0.0.0.0/0"; gives how many.  cmd_model.c */
size_t rw_cli_print_differences(const struct rw_cli *cli, const struct rw_json *answer);

/* Prints the findings of an audit's answer; gives the exit code.  cmd_audit.c */
int rw_cli_print_findings(struct rw_cli *cli, const struct rw_cli_answer *answer);

/*
 * Asks "QUESTION [yes/no]" unless --yes or --dry-run was given.  0, or RW_EXIT_REFUSED after saying that nothing was
 * changed.  enforce.c
 */
int rw_cli_ask(const struct rw_cli *cli, const char *question);

/* Adds the guards of --force to the query of a path. */
void rw_cli_put_forced(const struct rw_cli *cli, struct rw_buf *path);

/* ---- enforcing (enforce.c): commands of nodes and clusters ---- */

int rw_cli_preview_node(struct rw_cli *cli);
int rw_cli_enforce_node(struct rw_cli *cli);
int rw_cli_enforce_cluster(struct rw_cli *cli);
extern const struct rw_usage_option rw_cli_enforce_options[];

/* Makes a join token for the first argument, a "cluster" or "security_group", and prints it. */
int rw_cli_make_token(struct rw_cli *cli, const char *target);
extern const struct rw_usage_option rw_cli_token_options[];

/* ---- output (cell.c, table.c) ---- */

enum rw_column_kind {
	RW_COLUMN_TEXT,
	RW_COLUMN_NUMBER,    /* right-aligned */
	RW_COLUMN_WORD,      /* coloured by its meaning: accept, drop, connected, ... */
	RW_COLUMN_LONG,      /* text without an upper bound */
	RW_COLUMN_TIME,      /* without the fraction of a second */
	RW_COLUMN_REFERENCE, /* an id or ids, shown as names */
	RW_COLUMN_GROUP,     /* (of a group) its name, "cluster X" for a managed one */
	RW_COLUMN_PORTS,     /* as people write them: 443, 8000-8100; "-" for none */
	RW_COLUMN_PEER,      /* (of a rule) "from 10.0.0.0/8", "to group:web" */
	RW_COLUMN_LISTENER,  /* (of a load balancer's listeners) "tcp 443 -> 8443" */
	RW_COLUMN_OPEN,      /* (of services) "tcp 22, udp 53, icmp", "everything" */
	RW_COLUMN_DURATION,  /* milliseconds as "6.5 s"; absent when 0 */
	RW_COLUMN_SHARE,     /* of a million, as "0.0250 %" */
	RW_COLUMN_COUNTS,    /* an object of numbers: "established 12, assured 3"; absent when all are 0 */
};

/*
 * 'path' names a member, "a.b" one inside another, "a.*" the first value in it; of an array of objects all
 * are meant; arrays are joined by ", ".  Absent values show as "-".
 *
 * On a terminal, columns of LONG, REFERENCE, GROUP, PEER, LISTENER, OPEN and COUNTS are cut so that a line fits,
 * the widest first, with "…" at the end of what was cut.
 */
struct rw_column {
	const char *title;
	const char *path;
	enum rw_column_kind kind;
	const char *
		usual; /* a table whose lines all say this leaves the column out ("-": absent); NULL = never */
	int order; /* lines are sorted by this column; 1 counts first; below 0 it goes down; 0 = they are not */
};

/* Appends what the column shows of 'object'; nothing when it is absent. */
void rw_cli_append_cell(struct rw_cli *cli, struct rw_buf *buf, const struct rw_json *object,
			const struct rw_column *column);

/* The SGR number of a word that carries a judgement (accept, offline, ...), or NULL. */
const char *rw_cli_colour_of(const char *word);

/*
 * Prints an array of objects as a table (nothing but a note to standard error when it is empty).  Lines are sorted
 * as the columns say, numbers in texts by their value (node-2 before node-10), else in the order of 'items'.  A
 * column whose title is "" is not shown.
 */
int rw_cli_print_table(struct rw_cli *cli, const struct rw_json *items, const struct rw_column *columns,
		       size_t count);

/* Prints one object as "title  value" lines. */
int rw_cli_print_record(struct rw_cli *cli, const struct rw_json *object, const struct rw_column *columns,
			size_t count);

/* GETs /v1/<collection>/<first argument> and prints it as a record. */
int rw_cli_show(struct rw_cli *cli, const char *collection, const struct rw_column *columns, size_t count);

/* GETs all pages of a collection and prints them as a table, or as one JSON {"items":[...]}. */
int rw_cli_print_collection(struct rw_cli *cli, const char *path, const struct rw_column *columns,
			    size_t count);

/* Prints text and makes sure that it got there; gives 0 or RW_EXIT_REFUSED. */
int rw_cli_print_text(const char *text, size_t size);

/* Colours 'text' when 'cli' has colours: 'code' is an SGR number.  For standard output. */
void rw_cli_print_coloured(const struct rw_cli *cli, const char *code, const char *text);

/* ---- JSON (body.c) ---- */

/* Writes "key": [values of all options of that name] when there are any; an empty value adds nothing. */
void rw_cli_put_list(const struct rw_cli *cli, struct rw_json_writer *json, const char *option,
		     const char *key);
/* Writes "key": "value" when the option was given. */
void rw_cli_put_value(const struct rw_cli *cli, struct rw_json_writer *json, const char *option,
		      const char *key);

/*
 * Writes "key": {...} from the options of that name when there are any; an empty value adds nothing.  'form' is what the
 * help calls the value, "KEY=VALUE".  0, or RW_EXIT_USAGE after printing why.
 */
int rw_cli_put_pairs(const struct rw_cli *cli, struct rw_json_writer *json, const char *option,
		     const char *key, const char *form);

/* Writes "tags" from the options --tag KEY=VALUE when there are any.  0, or RW_EXIT_USAGE after printing why. */
int rw_cli_put_tags(const struct rw_cli *cli, struct rw_json_writer *json);

/* Prints what opens and closes: the text form of a Diff. */
int rw_cli_print_traffic(struct rw_cli *cli, const struct rw_json *diff);
/* What a dry run tells of live flows and of what opens and closes; says what is not known. */
int rw_cli_print_dry_run(struct rw_cli *cli, const struct rw_json *answer);

/* Adds "option=value" to the query of a path when the option was given. */
void rw_cli_put_filter(const struct rw_cli *cli, struct rw_buf *path, const char *option);

/*
 * The same for a time: as the API takes it, or "30m", "24h", "7d" before now.  0, or RW_EXIT_USAGE after printing why.
 */
int rw_cli_put_time(const struct rw_cli *cli, struct rw_buf *path, const char *option);

/* Reads a model file ('-' is standard input), for commands that work without a server. */
struct rw_model;
RW_NODISCARD int rw_cli_read_model(const char *path, struct rw_model **ret_model, struct rw_error *err);

/* Adds what the files of --listening and --flows say of the model's nodes (evidence.c). */
struct rw_evidence;
RW_NODISCARD int rw_cli_read_evidence(const struct rw_cli *cli, const struct rw_model *model,
				      struct rw_evidence *evidence, struct rw_error *err);

/* The text of a member, or "" when it is absent or no text.  Lent by the document. */
const char *rw_cli_text(const struct rw_json *object, const char *key);

/* The commands of each noun. */
#define RW_CLI_DECLARE(noun) extern const struct rw_cli_command rw_cli_##noun##_commands[]
RW_CLI_DECLARE(network);
RW_CLI_DECLARE(cluster);
RW_CLI_DECLARE(node);
RW_CLI_DECLARE(group);
RW_CLI_DECLARE(rule);
RW_CLI_DECLARE(prefix_list);
RW_CLI_DECLARE(promise);
RW_CLI_DECLARE(load_balancer);
RW_CLI_DECLARE(key);
RW_CLI_DECLARE(ca);
RW_CLI_DECLARE(log);
RW_CLI_DECLARE(status);
RW_CLI_DECLARE(flows);
RW_CLI_DECLARE(model);
RW_CLI_DECLARE(evaluate);
RW_CLI_DECLARE(analyze);
RW_CLI_DECLARE(convert);
RW_CLI_DECLARE(audit);
RW_CLI_DECLARE(tighten);
RW_CLI_DECLARE(context);
#undef RW_CLI_DECLARE
