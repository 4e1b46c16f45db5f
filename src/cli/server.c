/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "http/client.h"
#include "wire/problem.h"

/* Answers of the size of a model come through here. */
#define ANSWER_MAX (64u << 20)

/* How long an answer may take, besides the time that was asked for. */
#define ANSWER_TIME_MS 60000u

/* Between two rounds through several servers of which none serves. */
#define ROUND_PAUSE_NS 300000000L

/* Told while an authority is being replaced (docs/api.md). */
#define RW_CLI_AUTHORITIES_HEADER "Ringwall-Authorities"

void rw_cli_answer_done(struct rw_cli_answer *answer)
{
	answer->document = rw_json_document_free(answer->document);
	answer->later = rw_json_document_free(answer->later);
	free(answer->text);
	*answer = (struct rw_cli_answer){0};
}

void rw_cli_append_encoded(struct rw_buf *path, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			(void)rw_buf_append(path, text, 1);
		else
			(void)rw_buf_append_format(path, "%%%02X", (unsigned char)*text);
	}
}

void rw_cli_path(struct rw_buf *path, const char *collection, const char *reference, const char *rest)
{
	rw_buf_init(path, 65536);
	(void)rw_buf_append_format(path, "/v1/%s", collection);
	if (reference) {
		(void)rw_buf_append_text(path, "/");
		rw_cli_append_encoded(path, reference);
	}
	if (rest)
		(void)rw_buf_append_format(path, "/%s", rest);
}

/* Reads the key into an Authorization header; it is never shown and never an argument. */
static int read_key(struct rw_cli *cli, const char *file, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf key = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf header = {0};
	int r;

	rw_buf_init(&key, 4096);
	rw_buf_init(&header, 8192);
	r = rw_file_read(file, &key, err);
	if (r < 0)
		return rw_error_hint(err,
				     "Put the key (<id>.<secret>) into the file, readable for you alone.");
	while (key.size && strchr(" \t\r\n", key.data[key.size - 1]))
		key.data[--key.size] = '\0';
	(void)rw_buf_append_format(&header, "Bearer %s", key.data);
	memset(key.data, 0, key.size);
	r = rw_buf_check(&header, err);
	if (r < 0)
		return r;
	cli->authorization = rw_buf_take_text(&header);
	return cli->authorization ? 0 : rw_error_oom(err);
}

static int connect_once(struct rw_cli *cli, struct rw_error *err)
{
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_http_client_options options = {.clock = rw_clock_system()};
	int r;

	if (cli->client)
		return 0;
	r = rw_cli_find_login(cli, &login, err);
	if (r < 0)
		return r;
	if (!cli->servers.count) {
		r = rw_servers_parse(login.server, &cli->servers, err);
		if (r < 0)
			return r;
	}
	if (login.key_file && !cli->authorization) {
		r = read_key(cli, login.key_file, err);
		if (r < 0)
			return r;
	}
	if (!cli->loop) {
		r = rw_loop_new(&cli->loop, err);
		if (r < 0)
			return r;
	}
	options.loop = cli->loop;
	options.ca_file = login.ca;
	r = rw_http_client_new(&options, &cli->client, err);
	if (r < 0)
		return r;
	cli->ca_file = RW_TAKE_PTR(login.ca);
	return 0;
}

/* Nothing was sent.  A --server that is none is a wrong command line. */
static int fail_to_connect(const struct rw_cli *cli, const struct rw_error *err)
{
	int code = rw_cli_fail(err);

	return strcmp(err->field, "server") == 0 && rw_cli_value(cli, "server") ? RW_EXIT_USAGE : code;
}

static bool is_stranger(const struct rw_error *err)
{
	return err->code == -EKEYREJECTED || err->code == -EKEYEXPIRED;
}

/* The one server that was asked did not serve. */
static int does_not_serve(struct rw_servers_attempt *attempt, bool unsure)
{
	struct rw_error *err = &attempt->err;

	(void)rw_error_wrap(err, "%s", attempt->server);
	if (is_stranger(err))
		(void)rw_error_hint(err, "Is --ca (RINGWALL_CA) the authority of this controller?");
	else if (unsure)
		(void)rw_error_hint(err, "The change may have been made: look before it is repeated.");
	else if (!err->hint[0])
		(void)rw_error_hint(err, "Is ringwalld running there, and is the address right?");
	(void)rw_cli_fail(err);
	return RW_EXIT_UNREACHABLE;
}

/* Says of every one that was asked why it did not serve, and what may have become of a change. */
static int none_serves(const struct rw_cli *cli, struct rw_servers_round *round, bool is_change)
{
	bool unsure = is_change && round->may_have_left, stranger = false;
	const char *wait =
		cli->give_up_ns ? "None has taken over in 20 s: mend what they say, or look into their logs."
				: "When one fails, another takes over within seconds: try again.";

	for (size_t i = 0; i < round->count; i++) {
		stranger = stranger || is_stranger(&round->attempts[i].err);
		if (round->is_elsewhere && round->attempts[i].err.code == -EREMOTE)
			wait = round->attempts[i].err.hint; /* it names the active one */
	}
	if (round->count == 1)
		return does_not_serve(&round->attempts[0], unsure);
	(void)fputs("ringwall: no controller serves\n", stderr);
	for (size_t i = 0; i < round->count; i++)
		(void)fprintf(stderr, "  %s: %s\n", round->attempts[i].server, round->attempts[i].err.text);
	(void)fprintf(stderr, "  hint: %s\n",
		      unsure     ? "The change may have been made: look before it is repeated."
		      : stranger ? "Is --ca (RINGWALL_CA) the authority of these controllers?"
				 : wait);
	return RW_EXIT_UNREACHABLE;
}

/* Options common to every call; 'headers' has room for three. */
static void fill_call(const struct rw_cli *cli, const char *method, const char *url,
		      struct rw_http_header *headers, struct rw_http_call_options *options)
{
	size_t count = 0;

	headers[count++] = (struct rw_http_header){"Accept", "application/json, text/event-stream"};
	if (cli->authorization)
		headers[count++] = (struct rw_http_header){"Authorization", cli->authorization};
	if (cli->change_key[0] && cli->servers.count > 1)
		headers[count++] = (struct rw_http_header){"Idempotency-Key", cli->change_key};
	*options = (struct rw_http_call_options){
		.method = method,
		.url = url,
		.headers = headers,
		.header_count = count,
		.connect_ms = cli->servers.count > 1 ? RW_SERVERS_CONNECT_MS : 0,
		.max_body_bytes = ANSWER_MAX,
	};
}

/* A kind as people say it. */
static const char *kind_words(const char *kind)
{
	return strcmp(kind, "security_group") == 0  ? "security group"
	       : strcmp(kind, "prefix_list") == 0   ? "prefix list"
	       : strcmp(kind, "load_balancer") == 0 ? "load balancer"
						    : kind;
}

/* Guards that are shown one by one; a guard may object for every node. */
#define GUARDS_SHOWN    20
#define REFERRERS_SHOWN 20

/* What guards have to say, and behind all of them, once, what to add to go on all the same. */
static void explain_guards(const struct rw_json *guards)
{
	(void)fputs("ringwall: refused, and nothing was changed\n", stderr);
	for (size_t i = 0; i < rw_json_count(guards) && i < GUARDS_SHOWN; i++) {
		struct rw_json guard = rw_json_at(guards, i);

		(void)fprintf(stderr, "  guard %s: %s\n", rw_cli_text(&guard, "id"),
			      rw_cli_text(&guard, "detail"));
	}
	if (rw_json_count(guards) > GUARDS_SHOWN)
		(void)fprintf(stderr, "  and %zu more\n", rw_json_count(guards) - GUARDS_SHOWN);
	(void)fputs("  to go on all the same:", stderr);
	for (size_t i = 0; i < rw_json_count(guards); i++) {
		struct rw_json guard = rw_json_at(guards, i);
		bool told = false;

		for (size_t j = 0; j < i && !told; j++) {
			struct rw_json earlier = rw_json_at(guards, j);

			told = strcmp(rw_cli_text(&earlier, "id"), rw_cli_text(&guard, "id")) == 0;
		}
		if (!told)
			(void)fprintf(stderr, " --force %s", rw_cli_text(&guard, "id"));
	}
	(void)fputc('\n', stderr);
}

/* Who still refers to what should go. */
static void explain_referrers(const struct rw_json *list)
{
	for (size_t i = 0; i < rw_json_count(list) && i < REFERRERS_SHOWN; i++) {
		struct rw_json referrer = rw_json_at(list, i);
		const char *name = rw_cli_text(&referrer, "name");
		const char *rule = rw_cli_text(&referrer, "rule");

		(void)fprintf(stderr, "  used by %s%s%s%s %s\n", rule[0] ? "rule " : "", rule,
			      rule[0] ? " of " : "", kind_words(rw_cli_text(&referrer, "kind")),
			      name[0] ? name : rw_cli_text(&referrer, "id"));
	}
	if (rw_json_count(list) > REFERRERS_SHOWN)
		(void)fprintf(stderr, "  and by %zu more\n", rw_json_count(list) - REFERRERS_SHOWN);
}

/* Shows the problem of an answer; what guards say and how to go on stands in the place of its text, which is theirs. */
static void explain_problem(const struct rw_error *err, const char *text, size_t size)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	struct rw_json list;

	if (!text || rw_json_parse(text, size, RW_JSON_BODY_MAX, &document, NULL) < 0) {
		(void)rw_cli_fail(err);
		return;
	}
	root = rw_json_root(document);
	if (rw_json_find(&root, "guards", &list) && rw_json_count(&list) > 0)
		explain_guards(&list);
	else
		(void)rw_cli_fail(err);
	if (rw_json_find(&root, "referrers", &list))
		explain_referrers(&list);
}

static int read_answer(const struct rw_http_result *result, struct rw_cli_answer *answer,
		       struct rw_error *err)
{
	if (answer->size == 0)
		return 0;
	if (rw_json_parse(answer->text, answer->size, RW_JSON_MODEL_MAX, &answer->document, err) < 0)
		return rw_error_wrap(err, "the server's answer (status %u) is no JSON", result->status);
	answer->root = rw_json_root(answer->document);
	return 0;
}

static void note_active(const struct rw_cli *cli, const char *body, size_t size,
			struct rw_servers_round *round)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	const char *active;

	if (rw_json_parse(body, size, RW_JSON_BODY_MAX, &document, NULL) < 0)
		return;
	root = rw_json_root(document);
	active = rw_cli_text(&root, "active");
	if (active[0])
		rw_servers_note_active(&cli->servers, round, active);
}

/* Whether the answer says that another controller is the active one; then 'err' tells it. */
static bool is_standby(const struct rw_cli *cli, unsigned int status, const char *body, size_t size,
		       struct rw_servers_round *round, struct rw_error *err)
{
	if (status != 503 || !body)
		return false;
	*err = RW_ERROR_NONE;
	rw_problem_decode(body, size, (int)status, err);
	if (err->code != -EREMOTE)
		return false;
	note_active(cli, body, size, round);
	return true;
}

/* Goes on to the next server, or, after a while, to all of them once more; false when that is of no use. */
static bool go_on(struct rw_cli *cli, struct rw_servers_round *round, const struct rw_error *err,
		  bool may_have_left, bool repeatable)
{
	uint64_t now_ns = rw_clock_monotonic_ns(rw_clock_system());

	if (rw_servers_next(&cli->servers, round, err, may_have_left, repeatable))
		return true;
	if (cli->give_up_ns && now_ns >= cli->give_up_ns)
		return false;
	if (!rw_servers_again(&cli->servers, round, repeatable))
		return false;
	if (!cli->give_up_ns) {
		cli->give_up_ns = now_ns + RW_SERVERS_TAKE_OVER_MS * UINT64_C(1000000);
		(void)fputs("no controller serves; waiting for one to take over\n", stderr);
	}
	(void)nanosleep(&(struct timespec){.tv_nsec = ROUND_PAUSE_NS}, NULL);
	return true;
}

/* One request to the current server: 0 and its answer, or why it does not serve. */
static int attempt(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		   struct rw_servers_round *round, struct rw_http_result *ret_result, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf url = {0};
	struct rw_http_call_options options;
	struct rw_http_header headers[3];
	int r;

	rw_buf_init(&url, 70000);
	(void)rw_buf_append_format(&url, "%s%s", rw_servers_current(&cli->servers), path);
	r = rw_buf_check(&url, err);
	if (r < 0)
		return r;
	fill_call(cli, method, url.data, headers, &options);
	if (body) {
		options.body = body->data;
		options.body_size = body->size;
		options.content_type = "application/json";
	}
	/* A change may be waited for at the server, which answers by itself at the end of that time. */
	options.idle_ms = ANSWER_TIME_MS + (unsigned int)cli->wait_ms;
	options.total_ms = 10 * options.idle_ms;
	r = rw_http_client_wait(cli->client, &options, ret_result, err);
	if (r == 0 &&
	    is_standby(cli, ret_result->status, ret_result->body, ret_result->body_size, round, err)) {
		rw_http_result_done(ret_result);
		ret_result->unsent = true; /* who stands by does nothing */
		r = -EREMOTE;
	}
	return r;
}

/* Makes the call; 0 and an answer of whatever status, or the exit code after printing why there is none. */
static int exchange(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		    struct rw_http_result *ret_result)
{
	bool is_change = strcmp(method, "GET") != 0;
	struct rw_servers_round round = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (connect_once(cli, &err) < 0 || (body && rw_buf_check(body, &err) < 0))
		return fail_to_connect(cli, &err);
	while (attempt(cli, method, path, body, &round, ret_result, &err) < 0) {
		if (!go_on(cli, &round, &err, !ret_result->unsent, !is_change || cli->change_key[0]))
			return none_serves(cli, &round, is_change);
		err = RW_ERROR_NONE;
	}
	cli->give_up_ns = 0;
	if (cli->ca_file && !cli->learned && ret_result->headers &&
	    strcasestr(ret_result->headers, RW_CLI_AUTHORITIES_HEADER ":")) {
		cli->learned = true;
		(void)rw_cli_learn_authorities(cli, cli->ca_file);
	}
	return 0;
}

int rw_cli_call(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r = exchange(cli, method, path, body, &result);

	if (r)
		return r;
	if (result.status < 200 || result.status > 299) {
		rw_problem_decode(result.body ? result.body : "", result.body_size, (int)result.status, &err);
		if (result.status == 401)
			(void)rw_error_hint(
				&err, "%s",
				cli->authorization
					? "Is the key in --key-file (RINGWALL_KEY_FILE) still good?"
					: "Name the file of your key: --key-file, "
					  "RINGWALL_KEY_FILE or a context.");
		explain_problem(&err, result.body, result.body_size);
		return RW_EXIT_REFUSED;
	}
	answer.status = result.status;
	answer.text = RW_TAKE_PTR(result.body);
	answer.size = result.body_size;
	if (read_answer(&result, &answer, &err) < 0)
		return rw_cli_fail(&err);
	*ret_answer = answer;
	answer = (struct rw_cli_answer){0};
	return 0;
}

int rw_cli_look_up(struct rw_cli *cli, const char *path, struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	struct rw_cli_answer answer = {0};
	int r = exchange(cli, "GET", path, NULL, &result);

	if (r || result.status != 200)
		return r ? r : RW_EXIT_REFUSED;
	answer.status = result.status;
	answer.text = RW_TAKE_PTR(result.body);
	answer.size = result.body_size;
	if (read_answer(&result, &answer, NULL) < 0) {
		rw_cli_answer_done(&answer);
		return RW_EXIT_REFUSED;
	}
	*ret_answer = answer;
	return 0;
}

struct stream {
	struct rw_cli *cli;
	bool (*line)(const char *line, void *userdata);
	void *userdata;
	int exit_code;
	struct rw_http_call *call; /* NULL when it is over */
	struct rw_servers_round round;
	struct rw_error err; /* with a code: this server did not serve */
	bool begun;          /* lines have come */
};

static void stream_line(struct rw_http_call *call, const char *line, size_t length, void *userdata)
{
	struct stream *stream = userdata;

	(void)length;
	stream->begun = true;
	if (stream->line(line, stream->userdata))
		return;
	rw_http_call_abort(call);
	stream->call = NULL;
	rw_loop_stop(stream->cli->loop);
}

static void stream_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
			const struct rw_error *err, void *userdata)
{
	struct stream *stream = userdata;
	struct rw_error problem = RW_ERROR_NONE;

	(void)call;
	stream->call = NULL;
	if (result < 0) {
		stream->err = *err;
	} else if (!is_standby(stream->cli, response->status, response->body, response->body_size,
			       &stream->round, &stream->err) &&
		   response->status != 200) {
		rw_problem_decode(response->body, response->body_size, (int)response->status, &problem);
		stream->exit_code = rw_cli_fail(&problem);
	}
	rw_loop_stop(stream->cli->loop);
}

static void interrupted(void *userdata)
{
	struct stream *stream = userdata;

	if (stream->call)
		rw_http_call_abort(stream->call);
	stream->call = NULL;
	rw_loop_stop(stream->cli->loop);
}

/* Asks the current server for the stream and reads it to its end: 0, or why it did not serve. */
static int stream_once(struct stream *stream, const char *path, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf url = {0};
	struct rw_cli *cli = stream->cli;
	struct rw_http_call_options options;
	struct rw_http_header headers[3];
	int r;

	rw_buf_init(&url, 70000);
	(void)rw_buf_append_format(&url, "%s%s", rw_servers_current(&cli->servers), path);
	r = rw_buf_check(&url, err);
	if (r < 0)
		return r;
	fill_call(cli, "GET", url.data, headers, &options);
	options.line = stream_line;
	options.done = stream_done;
	options.userdata = stream;
	options.idle_ms = 60 * 1000;
	stream->err = RW_ERROR_NONE;
	r = rw_http_client_call(cli->client, &options, &stream->call, err);
	if (r < 0)
		return r;
	rw_loop_run(cli->loop);
	*err = stream->err;
	return stream->err.code;
}

int rw_cli_stream(struct rw_cli *cli, const char *path, bool (*line)(const char *line, void *userdata),
		  void *userdata)
{
	RW_CLEANUP(rw_loop_signal_free) struct rw_loop_signal *signal = NULL;
	struct stream stream = {.cli = cli, .line = line, .userdata = userdata};
	struct rw_error err = RW_ERROR_NONE;

	if (connect_once(cli, &err) < 0)
		return fail_to_connect(cli, &err);
	if (rw_loop_signal_new(cli->loop, SIGINT, interrupted, &stream, &signal) < 0) {
		(void)rw_error_oom(&err);
		return rw_cli_fail(&err);
	}
	while (stream_once(&stream, path, &err) < 0) {
		if (stream.begun) {
			(void)rw_error_wrap(&err, "%s", rw_servers_current(&cli->servers));
			(void)rw_error_hint(&err, "What happened meanwhile is not shown; begin anew.");
			(void)rw_cli_fail(&err);
			return RW_EXIT_UNREACHABLE;
		}
		if (!go_on(cli, &stream.round, &err, true, true))
			return none_serves(cli, &stream.round, false);
		err = RW_ERROR_NONE;
	}
	return stream.exit_code;
}
