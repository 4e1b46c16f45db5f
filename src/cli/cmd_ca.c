/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "crypto/cert.h"

/* The authorities of an answer: PEM text, which has line ends. */
static int take_bundle(const struct rw_cli_answer *answer, const char **ret_bundle, struct rw_error *err)
{
	struct rw_json member;

	if (!rw_json_find(&answer->root, "ca", &member))
		return rw_error_set(err, -EPROTO, "the server's answer has no authorities");
	return rw_json_prose(&member, RW_CERT_BUNDLE_MAX * RW_CERT_MAX_SIZE, ret_bundle, err);
}

/* ---- learning of a new authority ---- */

static bool is_in(const rw_cert_fingerprint *fingerprints, size_t count, const char *fingerprint)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fingerprints[i], fingerprint) == 0)
			return true;
	return false;
}

/* Appends to 'text' what 'bundle' has and it has not; *ret_added tells how many. */
static int merge(struct rw_buf *text, const char *bundle, size_t *ret_added, struct rw_error *err)
{
	rw_cert_fingerprint known[RW_CERT_BUNDLE_MAX];
	char *certs[RW_CERT_BUNDLE_MAX];
	size_t known_count, count;
	int r = rw_cert_bundle_fingerprints(text->data, known, &known_count, err);

	if (r == 0)
		r = rw_cert_bundle_split(bundle, certs, &count, err);
	if (r < 0)
		return r;
	*ret_added = 0;
	for (size_t i = 0; i < count; i++) {
		struct rw_cert_info info;

		if (r == 0)
			r = rw_cert_read(certs[i], &info, err);
		if (r == 0 && !is_in(known, known_count, info.fingerprint)) {
			(void)rw_buf_append_text(text, certs[i]);
			++*ret_added;
		}
		free(certs[i]);
	}
	return r < 0 ? r : rw_buf_check(text, err);
}

int rw_cli_learn_authorities(struct rw_cli *cli, const char *path)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;
	const char *bundle;
	size_t added = 0;
	int r;

	rw_buf_init(&text, 4 * RW_CERT_MAX_SIZE);
	r = rw_file_read(path, &text, &err);
	if (r == 0 && rw_cli_look_up(cli, "/v1/authority", &answer))
		return -EIO;
	if (r == 0)
		r = take_bundle(&answer, &bundle, &err);
	if (r == 0)
		r = merge(&text, bundle, &added, &err);
	if (r == 0 && added)
		r = rw_file_write(path, text.data, text.size, 0644, &err);
	if (r < 0)
		(void)fprintf(stderr,
			      "The controller gets a new authority, which %s cannot be given: %s\n"
			      "Before 'ringwall ca switch', write it anew: ringwall ca save FILE\n",
			      path, err.text);
	else if (added)
		(void)fprintf(stderr, "The controller gets a new authority; %s trusts it from now on.\n",
			      path);
	return r;
}

/* ---- commands ---- */

static const struct rw_column shown[] = {
	{"stage", "stage", RW_COLUMN_WORD, NULL},
	{"issuing", "fingerprint", RW_COLUMN_TEXT, NULL},
	{"expires", "expires", RW_COLUMN_TIME, NULL},
	{"other", "other_fingerprint", RW_COLUMN_TEXT, "-"},
	{"server expires", "server_expires", RW_COLUMN_TIME, "-"},
	{"nodes", "nodes", RW_COLUMN_NUMBER, NULL},
	{"not trusting yet", "nodes_not_trusting", RW_COLUMN_NUMBER, NULL},
	{"to renew", "nodes_to_renew", RW_COLUMN_NUMBER, NULL},
};

static void put_member(struct rw_json_writer *json, const char *key, const struct rw_json *object,
		       const char *member)
{
	const char *text = rw_cli_text(object, member);

	if (text[0])
		rw_json_put_text(json, key, text);
}

/* The answer with its two certificates beside the rest, as a record is printed. */
static int print(struct rw_cli *cli, const struct rw_cli_answer *answer)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	static const char *const numbers[] = {"nodes", "nodes_not_trusting", "nodes_to_renew"};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json_writer json;
	struct rw_json member;
	struct rw_json root;
	int64_t number;

	rw_buf_init(&text, 65536);
	rw_json_writer_init(&json, &text, false);
	rw_json_begin_object(&json);
	put_member(&json, "stage", &answer->root, "stage");
	put_member(&json, "server_expires", &answer->root, "server_expires");
	if (rw_json_find(&answer->root, "issuing", &member)) {
		put_member(&json, "fingerprint", &member, "fingerprint");
		put_member(&json, "expires", &member, "expires");
	}
	if (rw_json_find(&answer->root, "other", &member) && rw_json_type(&member) != RW_JSON_NULL)
		put_member(&json, "other_fingerprint", &member, "fingerprint");
	for (size_t i = 0; i < RW_ARRAY_COUNT(numbers); i++)
		if (rw_json_find(&answer->root, numbers[i], &member) &&
		    rw_json_integer(&member, 0, INT64_MAX, &number, NULL) == 0)
			rw_json_put_integer(&json, numbers[i], number);
	rw_json_end_object(&json);
	if (rw_json_parse(text.data, text.size, RW_JSON_BODY_MAX, &document, &err) < 0)
		return rw_cli_fail(&err);
	root = rw_json_root(document);
	return rw_cli_print_record(cli, &root, shown, RW_ARRAY_COUNT(shown));
}

static int ask(struct rw_cli *cli, const char *method, const char *path)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = rw_cli_call(cli, method, path, NULL, &answer);

	if (r)
		return r;
	return cli->json ? rw_cli_print_text(answer.text, answer.size) : print(cli, &answer);
}

static int show(struct rw_cli *cli)
{
	return ask(cli, "GET", "/v1/authority");
}

static int renew(struct rw_cli *cli)
{
	return ask(cli, "POST", "/v1/authority/introduce");
}

static int switch_over(struct rw_cli *cli)
{
	return ask(cli, "POST",
		   rw_cli_given(cli, "force") ? "/v1/authority/switch?force=true" : "/v1/authority/switch");
}

static int retire(struct rw_cli *cli)
{
	return ask(cli, "POST",
		   rw_cli_given(cli, "force") ? "/v1/authority/retire?force=true" : "/v1/authority/retire");
}

static int save(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_error err = RW_ERROR_NONE;
	const char *text;
	int r = rw_cli_call(cli, "GET", "/v1/authority", NULL, &answer);

	if (r)
		return r;
	if (take_bundle(&answer, &text, &err) < 0 ||
	    rw_file_write(cli->arguments[0], text, strlen(text), 0644, &err) < 0)
		return rw_cli_fail(&err);
	(void)printf("authorities saved to %s\n", cli->arguments[0]);
	return rw_cli_print_text("", 0);
}

static const struct rw_usage_option force_options[] = {
	{"force", 0, NULL, "go on although nodes are left behind, which must join again"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_ca_commands[] = {
	{"ca show", "", "show the authority and how its replacement stands",
	 "example:\n"
	 "  ringwall ca show\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, show},
	{"ca renew", "", "make a new authority, which nodes and contexts learn to trust beside the old one",
	 "The steps of a replacement: ca renew; ca switch, once all nodes trust the new one; ca retire,\n"
	 "once all nodes have a certificate of it.\n"
	 "\n"
	 "example:\n"
	 "  ringwall ca renew\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, renew},
	{"ca switch", "", "let the new authority issue, once all nodes trust it",
	 "example:\n"
	 "  ringwall ca switch\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, force_options, 0, 0, switch_over},
	{"ca retire", "", "trust the old authority no more, once all nodes have renewed",
	 "example:\n"
	 "  ringwall ca retire\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, force_options, 0, 0, retire},
	{"ca save", "FILE", "write the authorities to trust now to a file",
	 "example:\n"
	 "  ringwall ca save ca.pem\n",
	 RW_CLI_SERVER, NULL, 1, 1, save},
	{0},
};
