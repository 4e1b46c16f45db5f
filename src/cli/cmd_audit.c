/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/file.h"
#include "wire/findings.h"

/* What an offline audit reads. */
struct offline {
	struct rw_model *model;
	struct rw_evidence evidence;
	struct rw_vec suppressions; /* struct rw_suppression */
	struct rw_audit audit;
	struct rw_buf answer; /* the findings as JSON */
};

static void offline_done(struct offline *offline)
{
	rw_audit_done(&offline->audit);
	rw_vec_done(&offline->suppressions);
	rw_evidence_done(&offline->evidence);
	offline->model = rw_model_free(offline->model);
	rw_buf_done(&offline->answer);
}
RW_DEFINE_DONE(struct offline, offline_done)

/* ---- what is read ---- */

static int read_suppressions(struct offline *offline, const char *path, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json root;
	int r;

	rw_buf_init(&text, RW_JSON_BODY_MAX);
	r = rw_file_read(path, &text, err);
	if (r == 0)
		r = rw_json_parse(text.data, text.size, RW_JSON_BODY_MAX, &document, err);
	if (r < 0)
		return rw_error_wrap(err, "%s", path);
	root = rw_json_root(document);
	r = rw_suppressions_decode(&root, &offline->suppressions, err);
	return r < 0 ? rw_error_wrap(err, "%s", path) : 0;
}

static int read_all(const struct rw_cli *cli, struct offline *offline, struct rw_error *err)
{
	const char *suppressions = rw_cli_value(cli, "suppressions");
	int r = rw_cli_read_model(rw_cli_value(cli, "file"), &offline->model, err);

	if (r == 0)
		r = rw_cli_read_evidence(cli, offline->model, &offline->evidence, err);
	if (r == 0 && suppressions)
		r = read_suppressions(offline, suppressions, err);
	return r;
}

static int find_subject(const struct rw_model *model, const char *reference, const char **ret_id,
			struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(model, reference);
	const struct rw_group *group = cluster ? NULL : rw_model_find_group(model, reference);

	if (!cluster && !group)
		return rw_error_field(err, "--cluster", "there is no cluster or group '%s' in the model",
				      reference);
	*ret_id = cluster ? cluster->id : group->managed_by[0] ? group->managed_by : group->id;
	return 0;
}

static int audit_offline(const struct rw_cli *cli, struct offline *offline, struct rw_error *err)
{
	const char *reference = rw_cli_value(cli, "cluster");
	struct rw_audit_input input = {0};
	int r = read_all(cli, offline, err);

	if (r == 0 && reference)
		r = find_subject(offline->model, reference, &input.subject, err);
	if (r < 0)
		return r;
	input.model = offline->model;
	input.evidence = &offline->evidence;
	input.suppressions = offline->suppressions.data;
	input.suppression_count = offline->suppressions.count;
	input.now_ms = rw_clock_realtime_ms(rw_clock_system());
	r = rw_audit_run(&input, &offline->audit, err);
	if (r < 0)
		return r;
	return rw_cli_given(cli, "summary") ? rw_summary_encode(&offline->answer, &offline->audit, err)
					    : rw_findings_encode(&offline->answer, &offline->audit, err);
}

/* ---- what is shown ---- */

/* Errors in code scanners are what must be mended; they know three levels. */
static const char *sarif_level(const char *severity)
{
	int level = rw_severity_find(severity);

	return level >= RW_SEVERITY_HIGH ? "error" : level == RW_SEVERITY_MEDIUM ? "warning" : "note";
}

static void put_message(struct rw_json_writer *json, const char *key, const char *text)
{
	rw_json_key(json, key);
	rw_json_begin_object(json);
	rw_json_put_text(json, "text", text);
	rw_json_end_object(json);
}

static void put_sarif_rules(struct rw_json_writer *json)
{
	rw_json_key(json, "rules");
	rw_json_begin_array(json);
	for (size_t i = 0; i < rw_check_count(); i++) {
		const struct rw_check *check = rw_check_at(i);

		rw_json_begin_object(json);
		rw_json_put_text(json, "id", check->id);
		put_message(json, "shortDescription", check->title);
		put_message(json, "fullDescription", check->reason);
		put_message(json, "help", check->mend);
		rw_json_key(json, "properties");
		rw_json_begin_object(json);
		rw_json_put_text(json, "severity", rw_severity_name(check->severity));
		if (check->prowler[0])
			rw_json_put_text(json, "prowler", check->prowler);
		rw_json_end_object(json);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void put_sarif_result(struct rw_json_writer *json, const struct rw_json *finding)
{
	struct rw_json subject, suppressed;
	char text[768];

	if (!rw_json_find(finding, "subject", &subject))
		return;
	(void)snprintf(text, sizeof(text), "%s %s: %s: %s", rw_cli_text(&subject, "kind"),
		       rw_cli_text(&subject, "name"), rw_cli_text(finding, "title"),
		       rw_cli_text(finding, "detail"));
	rw_json_begin_object(json);
	rw_json_put_text(json, "ruleId", rw_cli_text(finding, "check"));
	rw_json_put_text(json, "level", sarif_level(rw_cli_text(finding, "severity")));
	put_message(json, "message", text);
	rw_json_key(json, "locations");
	rw_json_begin_array(json);
	rw_json_begin_object(json);
	rw_json_key(json, "logicalLocations");
	rw_json_begin_array(json);
	rw_json_begin_object(json);
	rw_json_put_text(json, "name", rw_cli_text(&subject, "name"));
	rw_json_put_text(json, "fullyQualifiedName", rw_cli_text(&subject, "id"));
	rw_json_put_text(json, "kind", "resource");
	rw_json_end_object(json);
	rw_json_end_array(json);
	rw_json_end_object(json);
	rw_json_end_array(json);
	if (rw_json_find(finding, "suppressed", &suppressed)) {
		rw_json_key(json, "suppressions");
		rw_json_begin_array(json);
		rw_json_begin_object(json);
		rw_json_put_text(json, "kind", "external");
		rw_json_put_text(json, "justification", rw_cli_text(finding, "suppressed"));
		rw_json_end_object(json);
		rw_json_end_array(json);
	}
	rw_json_end_object(json);
}

/* SARIF 2.1.0 (OASIS), as code hosts take it. */
static int print_sarif(const struct rw_json *findings)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf out = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json_writer json;

	rw_buf_init(&out, 256u << 20);
	rw_json_writer_init(&json, &out, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	rw_json_put_text(&json, "version", "2.1.0");
	rw_json_key(&json, "runs");
	rw_json_begin_array(&json);
	rw_json_begin_object(&json);
	rw_json_key(&json, "tool");
	rw_json_begin_object(&json);
	rw_json_key(&json, "driver");
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", "ringwall");
	rw_json_put_text(&json, "version", RW_VERSION);
	put_sarif_rules(&json);
	rw_json_end_object(&json);
	rw_json_end_object(&json);
	rw_json_key(&json, "results");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < rw_json_count(findings); i++) {
		struct rw_json finding = rw_json_at(findings, i);

		put_sarif_result(&json, &finding);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	if (rw_buf_check(&out, &err) < 0)
		return rw_cli_fail(&err);
	return rw_cli_print_text(out.data, out.size);
}

static const struct rw_column finding_columns[] = {
	{"SEVERITY", "severity", RW_COLUMN_WORD, NULL}, {"SUBJECT", "subject.name", RW_COLUMN_TEXT, NULL},
	{"CHECK", "check", RW_COLUMN_TEXT, NULL},       {"DETAIL", "detail", RW_COLUMN_LONG, NULL},
	{"DEFAULT", "default", RW_COLUMN_TEXT, "no"},   {"SUPPRESSED", "suppressed", RW_COLUMN_LONG, "-"},
};

static const struct rw_column summary_columns[] = {
	{"SUBJECT", "subject.name", RW_COLUMN_LONG, NULL},
	{"OPEN TO THE INTERNET", "to_internet", RW_COLUMN_OPEN, "-"},
	{"CRITICAL", "findings.critical", RW_COLUMN_NUMBER, NULL},
	{"HIGH", "findings.high", RW_COLUMN_NUMBER, NULL},
	{"MEDIUM", "findings.medium", RW_COLUMN_NUMBER, NULL},
	{"LOW", "findings.low", RW_COLUMN_NUMBER, NULL},
	{"INFO", "findings.info", RW_COLUMN_NUMBER, NULL},
	{"SUPPRESSED", "suppressed", RW_COLUMN_NUMBER, NULL},
	{"UNKNOWN", "unknown", RW_COLUMN_NUMBER, NULL},
};

static int print_summary(struct rw_cli *cli, const struct rw_json *root, const char *text, size_t size)
{
	struct rw_json items;

	if (!rw_json_find(root, "items", &items))
		return RW_EXIT_REFUSED;
	return cli->json ? rw_cli_print_text(text, size)
			 : rw_cli_print_table(cli, &items, summary_columns, RW_ARRAY_COUNT(summary_columns));
}

/* What could not be judged, once for each check: it must not look like passed. */
static void print_unknown(const struct rw_json *unknown)
{
	for (size_t check = 0; check < rw_check_count(); check++) {
		const char *id = rw_check_at(check)->id;
		size_t subjects = 0;

		for (size_t i = 0; i < rw_json_count(unknown); i++) {
			struct rw_json element = rw_json_at(unknown, i);

			subjects += strcmp(rw_cli_text(&element, "check"), id) == 0;
		}
		if (subjects)
			(void)fprintf(stderr, "unknown: %s needs %s (%zu subject%s)\n", id,
				      rw_check_needs_name(rw_check_at(check)->needs), subjects,
				      subjects == 1 ? "" : "s");
	}
}

static int print_answer(struct rw_cli *cli, const struct rw_json *root, const char *text, size_t size)
{
	struct rw_json findings = {0}, unknown = {0};
	int r;

	if (rw_cli_given(cli, "summary"))
		return print_summary(cli, root, text, size);
	if (!rw_json_find(root, "findings", &findings) || !rw_json_find(root, "unknown", &unknown))
		return RW_EXIT_REFUSED;
	if (rw_cli_given(cli, "sarif"))
		return print_sarif(&findings);
	if (cli->json)
		return rw_cli_print_text(text, size);
	if (rw_json_count(&findings) == 0)
		r = rw_cli_print_text("no findings", 11);
	else
		r = rw_cli_print_table(cli, &findings, finding_columns, RW_ARRAY_COUNT(finding_columns));
	print_unknown(&unknown);
	return r;
}

int rw_cli_print_findings(struct rw_cli *cli, const struct rw_cli_answer *answer)
{
	return print_answer(cli, &answer->root, answer->text, answer->size);
}

/* RW_EXIT_DIFFERENT when a finding that is not suppressed is as bad as --fail-on says. */
static int judge(const struct rw_json *root, int fail_on)
{
	struct rw_json findings;

	if (fail_on < 0 || !rw_json_find(root, "findings", &findings))
		return RW_EXIT_DONE;
	for (size_t i = 0; i < rw_json_count(&findings); i++) {
		struct rw_json finding = rw_json_at(&findings, i), suppressed;

		if (rw_severity_find(rw_cli_text(&finding, "severity")) >= fail_on &&
		    !rw_json_find(&finding, "suppressed", &suppressed))
			return RW_EXIT_DIFFERENT;
	}
	return RW_EXIT_DONE;
}

static int show_offline(struct rw_cli *cli, int fail_on)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(offline_done) struct offline offline = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;
	int r;

	rw_evidence_init(&offline.evidence);
	rw_vec_init(&offline.suppressions, sizeof(struct rw_suppression), RW_SUPPRESSIONS_MAX);
	rw_buf_init(&offline.answer, 256u << 20);
	r = audit_offline(cli, &offline, &err);
	if (r == 0)
		r = rw_json_parse(offline.answer.data, offline.answer.size, offline.answer.size, &document,
				  &err);
	if (r < 0)
		return rw_cli_fail(&err);
	root = rw_json_root(document);
	r = print_answer(cli, &root, offline.answer.data, offline.answer.size);
	return r ? r : judge(&root, fail_on);
}

static int show_server(struct rw_cli *cli, int fail_on)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_buf_init(&path, 4096);
	(void)rw_buf_append_text(&path, rw_cli_given(cli, "summary") ? "/v1/audit/summary" : "/v1/audit");
	rw_cli_put_filter(cli, &path, "cluster");
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	r = print_answer(cli, &answer.root, answer.text, answer.size);
	return r ? r : judge(&answer.root, fail_on);
}

static int audit(struct rw_cli *cli)
{
	const char *severity = rw_cli_value(cli, "fail-on");
	int fail_on = severity ? rw_severity_find(severity) : -1;
	static const char *const offline_only[] = {"listening", "flows", "suppressions"};

	if (severity && fail_on < 0)
		return rw_cli_usage_error(cli, "--fail-on is critical, high, medium, low or info");
	if (rw_cli_given(cli, "summary") && (severity || rw_cli_given(cli, "sarif")))
		return rw_cli_usage_error(cli, "--summary goes with neither --fail-on nor --sarif");
	if (rw_cli_given(cli, "file"))
		return show_offline(cli, fail_on);
	for (size_t i = 0; i < RW_ARRAY_COUNT(offline_only); i++)
		if (rw_cli_given(cli, offline_only[i]))
			return rw_cli_usage_error(cli, "--%s goes with --file", offline_only[i]);
	return show_server(cli, fail_on);
}

/* ---- suppressions on the server ---- */

static const struct rw_column suppression_columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},           {"CHECK", "check", RW_COLUMN_TEXT, NULL},
	{"SUBJECT", "subject", RW_COLUMN_TEXT, NULL}, {"EXPIRES", "expires", RW_COLUMN_TIME, "-"},
	{"AUTHOR", "author", RW_COLUMN_TEXT, NULL},   {"REASON", "reason", RW_COLUMN_LONG, NULL},
};

static int suppress(struct rw_cli *cli)
{
	const char *subject = rw_cli_value(cli, "cluster");
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;
	int r;

	if (!subject || !rw_cli_given(cli, "reason"))
		return rw_cli_usage_error(cli, "--%s is missing", subject ? "reason" : "cluster");
	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "check", cli->arguments[0]);
	rw_json_put_text(&json, "subject", subject);
	rw_cli_put_value(cli, &json, "reason", "reason");
	rw_cli_put_value(cli, &json, "expires", "expires");
	rw_json_end_object(&json);
	r = rw_cli_call(cli, "POST", "/v1/audit/suppressions", &body, &answer);
	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	(void)printf("finding suppressed: %s", rw_cli_text(&answer.root, "id"));
	return rw_cli_print_text("\n", 1);
}

static int list_suppressions(struct rw_cli *cli)
{
	return rw_cli_print_collection(cli, "/v1/audit/suppressions", suppression_columns,
				       RW_ARRAY_COUNT(suppression_columns));
}

static int unsuppress(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_cli_path(&path, "audit/suppressions", cli->arguments[0], NULL);
	r = rw_cli_call(cli, "DELETE", path.data, NULL, &answer);
	if (r)
		return r;
	return cli->json ? rw_cli_print_text(answer.text, answer.size)
			 : rw_cli_print_text("suppression removed\n", 20);
}

static const struct rw_usage_option suppress_options[] = {
	{"cluster", 0, "NAME", "at this cluster or free-standing group, or '*' for all"},
	{"reason", 0, "TEXT", "why it is accepted"},
	{"expires", 0, "TIME", "until when, such as 2027-05-31T00:00:00Z; without it, for good"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option audit_options[] = {
	{"cluster", 0, "NAME", "only this cluster or free-standing group"},
	{"fail-on", 0, "SEVERITY",
	 "exit code 5 for findings as bad as this: critical, high, medium, low, info"},
	{"summary", 0, NULL, "only what is open to the internet, and how many findings there are"},
	{"sarif", 0, NULL, "write SARIF 2.1.0, for code hosts"},
	{"file", 'f', "MODEL", "audit a model file, without any server"},
	{"listening", 0, "FILE", "with --file: 'ss -tulpn' of a node, as NODE=FILE if it has several"},
	{"flows", 0, "FILE", "with --file: flow logs (AWS, Alibaba Cloud, ringwall); may be repeated"},
	{"suppressions", 0, "FILE", "with --file: findings that are accepted, with reasons"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_audit_commands[] = {
	{"audit", "", "what is too open, or too closed, and how to mend it",
	 "Judges what interfaces really let through, over all groups and priorities.  A check whose\n"
	 "evidence is missing is unknown, never passed.  docs/audit.md lists all checks.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall audit --summary\n"
	 "  ringwall audit --cluster shop\n"
	 "  ringwall audit --fail-on high --sarif >audit.sarif\n"
	 "  ringwall audit --file model.json --listening ss.txt --flows vpc-flow-logs.txt\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, audit_options, 0, 0, audit},
	{"suppression add", "CHECK", "accept a finding, with a reason and perhaps an end",
	 "It is then shown apart, counts for no --fail-on, and refuses no change.\n"
	 "\n"
	 "example:\n"
	 "  ringwall suppression add open-ssh --cluster shop \\\n"
	 "    --reason 'bastion comes in May' --expires 2027-05-31T00:00:00Z\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, suppress_options, 1, 1, suppress},
	{"suppression list", "", "show what is suppressed",
	 "example:\n"
	 "  ringwall suppression list\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, list_suppressions},
	{"suppression remove", "ID", "accept a finding no more",
	 "example:\n"
	 "  ringwall suppression remove sup-4e12a0c37b6d9f58\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, unsuppress},
	{0},
};
