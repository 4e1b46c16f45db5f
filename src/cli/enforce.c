/* SPDX-License-Identifier: Apache-2.0 */

/* From monitoring to enforcing: what monitoring saw is shown first, then it is asked. */

#include "cli/cli.h"

#include <string.h>

/* Guards that may stand in the way; --force without one names them all. */
#define GUARDS "ssh-session,management-ssh,caller-path"

/* Connections and packets shown one by one at most; JSON has all that there are. */
#define SHOWN_MAX 20

static bool find_list(const struct rw_json *object, const char *key, struct rw_json *ret_list,
		      size_t *ret_count)
{
	bool found = rw_json_find(object, key, ret_list);

	*ret_count = found ? rw_json_count(ret_list) : 0;
	return *ret_count > 0;
}

static bool is_true(const struct rw_json *object, const char *key)
{
	struct rw_json member;
	bool value = false;

	return rw_json_find(object, key, &member) && rw_json_bool(&member, &value, NULL) == 0 && value;
}

static long long number_of(const struct rw_json *object, const char *key)
{
	struct rw_json member;
	int64_t number = 0;

	return rw_json_find(object, key, &member) &&
			       rw_json_integer(&member, 0, INT64_MAX, &number, NULL) == 0
		       ? number
		       : 0;
}

/* ---- what is shown ---- */

static void print_interfaces(FILE *out, const struct rw_json *preview)
{
	struct rw_json list;
	size_t count;

	(void)fputs("INTERFACES\n", out);
	if (!find_list(preview, "interfaces", &list, &count))
		(void)fputs("  none reported\n", out);
	for (size_t i = 0; i < count; i++) {
		struct rw_json item = rw_json_at(&list, i);

		(void)fprintf(out, "  %-8s  %-15s  %s\n", is_true(&item, "enforced") ? "enforced" : "no",
			      rw_cli_text(&item, "name"), rw_cli_text(&item, "reason"));
	}
}

static void print_listeners(FILE *out, const struct rw_json *preview)
{
	struct rw_json list;
	size_t closed = 0;
	size_t count;

	(void)fputs("LISTENERS THAT NO RULE OPENS\n", out);
	(void)find_list(preview, "listeners", &list, &count);
	for (size_t i = 0; i < count; i++) {
		struct rw_json item = rw_json_at(&list, i);

		if (is_true(&item, "opened"))
			continue;
		closed++;
		(void)fprintf(out, "  %s/%lld  %s\n", rw_cli_text(&item, "protocol"),
			      number_of(&item, "port"), rw_cli_text(&item, "process"));
	}
	if (!closed)
		(void)fputs("  none\n", out);
}

static void print_connections(FILE *out, const struct rw_json *preview)
{
	unsigned long long total = strtoull(rw_cli_text(preview, "connections_cut"), NULL, 10);
	struct rw_json list;
	size_t count;

	(void)fputs("LIVE CONNECTIONS THAT WOULD BE CUT\n", out);
	(void)find_list(preview, "connections", &list, &count);
	for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
		struct rw_json item = rw_json_at(&list, i);
		bool in = strcmp(rw_cli_text(&item, "direction"), "ingress") == 0;

		(void)fprintf(out, "  tcp  %s port %lld  %s  %s port %lld  on %s  by %s%s\n",
			      rw_cli_text(&item, "local"), number_of(&item, "local_port"), in ? "from" : "to",
			      rw_cli_text(&item, "remote"), number_of(&item, "remote_port"),
			      rw_cli_text(&item, "interface"), rw_cli_text(&item, "cause"),
			      is_true(&item, "ssh") ? "  (SSH session)" : "");
	}
	if (total > SHOWN_MAX || total > count)
		(void)fprintf(out, "  and %llu more\n", total - (count < SHOWN_MAX ? count : SHOWN_MAX));
	else if (!count)
		(void)fputs("  none\n", out);
}

static void print_would_drops(FILE *out, const struct rw_json *preview)
{
	struct rw_json counts, member, list;
	void *cursor = NULL;
	size_t count;
	bool any = false;

	(void)fputs("PACKETS THAT WOULD HAVE BEEN DROPPED SO FAR\n", out);
	while (rw_json_find(preview, "would_drops", &counts) && rw_json_next(&counts, &cursor, &member)) {
		const char *number = rw_cli_text(&counts, member.key);

		(void)fprintf(out, "  %s by %s\n", number,
			      strcmp(member.key, "rule") == 0 ? "rules" : member.key);
		any = true;
	}
	if (!any)
		(void)fputs("  none\n", out);
	if (!find_list(preview, "would_drop_events", &list, &count))
		return;
	(void)fputs("  the latest:\n", out);
	for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
		struct rw_json item = rw_json_at(&list, i);

		(void)fprintf(out, "  %s  %s %s  %s port %lld, remote %s port %lld  by %s\n",
			      rw_cli_text(&item, "protocol"), rw_cli_text(&item, "direction"),
			      rw_cli_text(&item, "interface"), rw_cli_text(&item, "local"),
			      number_of(&item, "local_port"), rw_cli_text(&item, "remote"),
			      number_of(&item, "remote_port"), rw_cli_text(&item, "cause"));
	}
}

/* Whether enforcing would take anything from anybody, as far as was seen. */
static bool is_harmless(const struct rw_json *preview)
{
	struct rw_json list, counts, member;
	void *cursor = NULL;
	size_t count;

	if (strcmp(rw_cli_text(preview, "connections_cut"), "0") != 0 ||
	    (rw_json_find(preview, "would_drops", &counts) && rw_json_next(&counts, &cursor, &member)))
		return false;
	(void)find_list(preview, "listeners", &list, &count);
	for (size_t i = 0; i < count; i++) {
		struct rw_json item = rw_json_at(&list, i);

		if (!is_true(&item, "opened"))
			return false;
	}
	return true;
}

static void print_preview(FILE *out, const struct rw_json *preview)
{
	const char *seen = rw_cli_text(preview, "seen");

	(void)fprintf(out, "node %s: %s, state %s\n", rw_cli_text(preview, "name"),
		      strcmp(rw_cli_text(preview, "enforcement"), "enforce") == 0
			      ? "set to enforce"
			      : "monitored, drops nothing",
		      rw_cli_text(preview, "state"));
	if (!seen[0]) {
		(void)fputs("Its agent has not reported yet: what enforcing would cut is not known.\n", out);
		return;
	}
	(void)fprintf(out, "As its agent reported at %.19s UTC:\n\n", seen);
	print_interfaces(out, preview);
	(void)putc('\n', out);
	print_listeners(out, preview);
	(void)putc('\n', out);
	print_connections(out, preview);
	(void)putc('\n', out);
	print_would_drops(out, preview);
	(void)putc('\n', out);
}

static int get_preview(struct rw_cli *cli, const char *collection, struct rw_cli_answer *answer)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, collection, cli->arguments[0], "preview");
	return rw_cli_call(cli, "GET", path.data, NULL, answer);
}

static void print_guards(FILE *out, const struct rw_json *answer)
{
	struct rw_json list;
	size_t count;

	(void)find_list(answer, "guards", &list, &count);
	for (size_t i = 0; i < count; i++) {
		struct rw_json guard = rw_json_at(&list, i);

		(void)fprintf(out, "guard %s: %s\n", rw_cli_text(&guard, "id"),
			      rw_cli_text(&guard, "detail"));
	}
}

int rw_cli_preview_node(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = get_preview(cli, "nodes", &answer);

	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	print_preview(stdout, &answer.root);
	print_guards(stdout, &answer.root);
	return rw_cli_print_text("", 0);
}

/* ---- asking ---- */

static bool is_forced(const struct rw_cli *cli, const char *guard)
{
	unsigned int cursor = 0;
	const char *value;

	while (rw_cli_next_value(cli, "force", &cursor, &value))
		if (!value || strcmp(value, guard) == 0)
			return true;
	return false;
}

/* Whether a guard stands in the way that is not forced; says so. */
static bool is_refused(const struct rw_cli *cli, const struct rw_json *answer)
{
	bool refused = false;
	struct rw_json list;
	size_t count;

	(void)find_list(answer, "guards", &list, &count);
	for (size_t i = 0; i < count; i++) {
		struct rw_json guard = rw_json_at(&list, i);

		refused |= !is_true(&guard, "warning") && !is_forced(cli, rw_cli_text(&guard, "id"));
	}
	if (refused) {
		(void)fputs("ringwall: refused, nothing was changed\n", stderr);
		print_guards(stderr, answer);
		(void)fputs("  hint: add a rule that accepts them, or go on with --force\n", stderr);
	}
	return refused;
}

/* What nobody has seen is not enforced without a word. */
static bool is_unseen(const struct rw_cli *cli, const struct rw_json *preview)
{
	bool unseen =
		strcmp(rw_cli_text(preview, "enforcement"), "monitor") == 0 &&
		(!rw_cli_text(preview, "seen")[0] || strcmp(rw_cli_text(preview, "state"), "offline") == 0);

	if (!unseen || rw_cli_given(cli, "force"))
		return false;
	(void)fprintf(stderr,
		      "ringwall: node %s does not report: what enforcing would cut is not known; nothing was "
		      "changed\n  hint: start its agent, or go on with --force\n",
		      rw_cli_text(preview, "name"));
	return true;
}

/* 0 = go on. */
int rw_cli_ask(const struct rw_cli *cli, const char *question)
{
	char line[16] = "";

	if (rw_cli_given(cli, "yes") || rw_cli_given(cli, "dry-run"))
		return 0;
	if (cli->json || !isatty(STDIN_FILENO)) {
		(void)fputs("ringwall: nobody can be asked here; nothing was changed\n"
			    "  hint: look at the preview, then give --yes\n",
			    stderr);
		return RW_EXIT_REFUSED;
	}
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s [yes/no] ", question);
	if (fgets(line, sizeof(line), stdin) && (strcmp(line, "yes\n") == 0 || strcmp(line, "y\n") == 0))
		return 0;
	(void)fputs("nothing was changed\n", stderr);
	return RW_EXIT_REFUSED;
}

static int send_enforcement(struct rw_cli *cli, const char *collection, const char *id, bool inherit,
			    const char *what)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 4096);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "enforcement");
	if (inherit)
		rw_json_write_null(&json);
	else
		rw_json_write_text(&json, "enforce");
	rw_json_end_object(&json);
	return rw_cli_send(cli, "PATCH", collection, id, &body, what);
}

int rw_cli_enforce_node(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = get_preview(cli, "nodes", &answer);
	bool inherit;

	if (r)
		return r;
	if (!cli->json)
		print_preview(stdout, &answer.root);
	if (is_unseen(cli, &answer.root) || is_refused(cli, &answer.root))
		return RW_EXIT_REFUSED;
	r = rw_cli_ask(cli, "Enforce now?");
	if (r)
		return r;
	/* A node that enforces because its cluster does follows it also later. */
	inherit = strcmp(rw_cli_text(&answer.root, "cluster_enforcement"), "enforce") == 0;
	return send_enforcement(cli, "nodes", rw_cli_text(&answer.root, "id"), inherit, "node enforced");
}

int rw_cli_enforce_cluster(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = get_preview(cli, "clusters", &answer);
	struct rw_json list;
	size_t count;

	if (r)
		return r;
	(void)find_list(&answer.root, "nodes", &list, &count);
	for (size_t i = 0; !cli->json && i < count; i++) {
		struct rw_json node = rw_json_at(&list, i);

		/* Of many nodes, those about which there is nothing to say take one line. */
		if (rw_cli_text(&node, "seen")[0] && is_harmless(&node))
			(void)printf("node %s: nothing seen that would be dropped\n",
				     rw_cli_text(&node, "name"));
		else
			print_preview(stdout, &node);
	}
	for (size_t i = 0; i < count; i++) {
		struct rw_json node = rw_json_at(&list, i);

		if (is_unseen(cli, &node))
			return RW_EXIT_REFUSED;
	}
	if (is_refused(cli, &answer.root))
		return RW_EXIT_REFUSED;
	(void)find_list(&answer.root, "stay_monitored", &list, &count);
	if (count)
		(void)fprintf(
			stderr,
			"note: %zu node%s set to monitor by a word of its own and stays so; see 'ringwall "
			"node enforce'\n",
			count, count == 1 ? " is" : "s are");
	r = rw_cli_ask(cli, "Enforce now?");
	return r ? r
		 : send_enforcement(cli, "clusters", rw_cli_text(&answer.root, "id"), false,
				    "cluster enforced");
}

const struct rw_usage_option rw_cli_enforce_options[] = {
	{"yes", 'y', NULL, "do not ask"},
	{"force", 0, "[GUARD]", "go on although sessions or the management path are cut (or this guard)"},
	{NULL, 0, NULL, NULL},
};

void rw_cli_put_forced(const struct rw_cli *cli, struct rw_buf *path)
{
	unsigned int cursor = 0;
	const char *guard;

	while (rw_cli_next_value(cli, "force", &cursor, &guard)) {
		(void)rw_buf_append_format(path, "%cforce=", strchr(path->data, '?') ? '&' : '?');
		rw_cli_append_encoded(path, guard ? guard : GUARDS);
	}
}
