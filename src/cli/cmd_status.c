/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/clock.h"
#include "wire/text.h"

/* A certificate that expires sooner is told; agents renew theirs a month before. */
#define EXPIRING_MS (INT64_C(21) * 24 * 3600 * 1000)

/* A controller says daily that it is there; one that has not for longer is told. */
#define UNSEEN_MS (INT64_C(36) * 3600 * 1000)

static const struct rw_column columns[] = {
	{"NODE", "name", RW_COLUMN_LONG, NULL, 1},    {"STATE", "state", RW_COLUMN_WORD, NULL},
	{"SINCE", "since", RW_COLUMN_TIME, NULL},     {"APPLIED", "applied", RW_COLUMN_NUMBER, NULL},
	{"WANTED", "wanted", RW_COLUMN_NUMBER, NULL}, {"LAG", "lag_ms", RW_COLUMN_DURATION, "-"},
	{"REASON", "reason", RW_COLUMN_LONG, "-"},
};

/* "3 nodes: 2 connected, 1 offline" */
static void print_counts(const struct rw_cli *cli, const struct rw_json *counts, size_t total)
{
	const char *between = ": ";
	struct rw_json member;
	void *cursor = NULL;
	int64_t count;

	(void)printf("%zu node%s", total, total == 1 ? "" : "s");
	while (rw_json_next(counts, &cursor, &member)) {
		const char *colour = rw_cli_colour_of(member.key);

		if (rw_json_integer(&member, 1, INT64_MAX, &count, NULL) < 0)
			continue;
		(void)printf("%s%lld ", between, (long long)count);
		rw_cli_print_coloured(cli, colour ? colour : "0", member.key);
		between = ", ";
	}
	(void)putchar('\n');
}

static void warn_of_certificate(const struct rw_cli *cli, const char *whose, const char *text)
{
	int64_t now_ms = rw_clock_realtime_ms(rw_clock_system());
	int64_t expires_ms;

	if (!rw_timestamp_parse(text, &expires_ms) || expires_ms - now_ms > EXPIRING_MS)
		return;
	rw_cli_print_coloured(cli, "31", "certificate");
	(void)printf(" of %s %s %.10s\n", whose, expires_ms < now_ms ? "expired" : "expires", text);
}

/* What the replacement of the authority waits for. */
static void tell_replacement(const struct rw_json *certificates)
{
	struct rw_json replacement, member;
	bool introduced;
	int64_t count;

	if (!rw_json_find(certificates, "replacement", &replacement))
		return;
	introduced = strcmp(rw_cli_text(&replacement, "stage"), "introduced") == 0;
	if (rw_json_find(&replacement, introduced ? "nodes_not_trusting" : "nodes_to_renew", &member) &&
	    rw_json_integer(&member, 0, INT64_MAX, &count, NULL) == 0)
		(void)printf("authority is being replaced: %lld node%s to wait for before 'ringwall ca %s'\n",
			     (long long)count, count == 1 ? "" : "s", introduced ? "switch" : "retire");
}

static void warn_of_certificates(const struct rw_cli *cli, const struct rw_json *status,
				 const struct rw_json *items)
{
	struct rw_json certificates;

	if (rw_json_find(status, "certificates", &certificates)) {
		warn_of_certificate(cli, "the authority", rw_cli_text(&certificates, "authority"));
		warn_of_certificate(cli, "the controller", rw_cli_text(&certificates, "server"));
		tell_replacement(&certificates);
	}
	for (size_t i = 0; i < rw_json_count(items); i++) {
		struct rw_json item = rw_json_at(items, i);

		warn_of_certificate(cli, rw_cli_text(&item, "name"),
				    rw_cli_text(&item, "certificate_expires"));
	}
}

static bool is_active(const struct rw_json *controller)
{
	struct rw_json active;
	bool value = false;

	return rw_json_find(controller, "active", &active) && rw_json_bool(&active, &value, NULL) == 0 &&
	       value;
}

static void tell_controller(const struct rw_json *controller, const char *label)
{
	int64_t now_ms = rw_clock_realtime_ms(rw_clock_system());
	const char *seen = rw_cli_text(controller, "seen");
	int64_t seen_ms;

	(void)printf("%-12s %s", label, rw_cli_text(controller, "url"));
	if (is_active(controller))
		(void)printf(" (active)");
	else if (rw_timestamp_parse(seen, &seen_ms) && now_ms - seen_ms > UNSEEN_MS)
		(void)printf(" (not seen since %.10s)", seen);
	(void)putchar('\n');
}

/* Where there are several, a line each, the active one first. */
static void tell_controllers(const struct rw_json *status)
{
	const char *label = "controllers:";
	struct rw_json controllers;

	if (!rw_json_find(status, "controllers", &controllers) || rw_json_count(&controllers) < 2)
		return;
	for (int active = 1; active >= 0; active--) {
		for (size_t i = 0; i < rw_json_count(&controllers); i++) {
			struct rw_json item = rw_json_at(&controllers, i);

			if (is_active(&item) != active)
				continue;
			tell_controller(&item, label);
			label = "";
		}
	}
}

static int show_status(struct rw_cli *cli)
{
	static const char no_nodes[] = "no managed node yet; see 'ringwall cluster join-token --help'\n";
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_json items, counts;
	int r;

	r = rw_cli_call(cli, "GET", "/v1/status", NULL, &answer);
	if (r)
		return r;
	if (cli->json || !rw_json_find(&answer.root, "items", &items) ||
	    !rw_json_find(&answer.root, "nodes", &counts))
		return rw_cli_print_text(answer.text, answer.size);
	(void)printf("ringwalld %s at revision %s\n", rw_cli_text(&answer.root, "version"),
		     rw_cli_text(&answer.root, "revision"));
	tell_controllers(&answer.root);
	if (rw_json_count(&items) == 0) {
		warn_of_certificates(cli, &answer.root, &items);
		return rw_cli_print_text(no_nodes, sizeof(no_nodes) - 1);
	}
	print_counts(cli, &counts, rw_json_count(&items));
	warn_of_certificates(cli, &answer.root, &items);
	return rw_cli_print_table(cli, &items, columns, RW_ARRAY_COUNT(columns));
}

const struct rw_cli_command rw_cli_status_commands[] = {
	{"status", "", "the controller and the state of every node",
	 "States: connected; lagging, its newest policy is not in force for 5 s; offline, not heard of for "
	 "15 "
	 "s;\n"
	 "degraded, may be bypassed, REASON says by what; monitored, drops nothing on purpose; detached, "
	 "taken\n"
	 "off by its operator.  SINCE is when the state began, LAG for how long the newest policy is not in "
	 "force.\n"
	 "Certificates that expire within 21 days are named, and the controllers where there are several.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall status\n"
	 "  ringwall status -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, show_status},
	{0},
};
