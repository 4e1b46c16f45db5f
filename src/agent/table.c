/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/flow_row.h"

#define ROW_MAX 4096 /* bytes; a row of IPv6 ends, names and ids takes a tenth */

/* Rows are written as they are read: nothing here grows with the table. */
struct printer {
	const struct rw_flow_filter *filter;
	const struct rw_explainer *explainer;
	uint32_t generation;
	bool as_json;
	bool narrow;
	struct rw_buf row;
	struct rw_json_writer json;
	int failed; /* why standard output takes no more; 0 = it does */
};

static void flush_row(struct printer *printer)
{
	if (fwrite(printer->row.data, 1, printer->row.size, stdout) != printer->row.size)
		printer->failed = -EIO;
	rw_buf_clear(&printer->row);
}

static bool print_flow(void *context, const struct rw_enforce_bpf_flow *flow)
{
	struct printer *printer = context;

	if (!rw_flow_filter_takes(printer->filter, flow))
		return true;
	if (printer->as_json)
		rw_flow_row_write_json(&printer->json, printer->explainer, printer->generation, flow);
	else
		rw_flow_row_append(&printer->row, printer->explainer, printer->generation, flow,
				   printer->narrow);
	flush_row(printer);
	return !printer->failed;
}

static void begin(struct printer *printer)
{
	if (printer->as_json) {
		rw_json_writer_init(&printer->json, &printer->row, false);
		rw_json_begin_object(&printer->json);
		rw_json_put_integer(&printer->json, "generation", printer->generation);
		rw_json_put_text(&printer->json, "unknown_because", printer->explainer->missing);
		rw_json_key(&printer->json, "flows");
		rw_json_begin_array(&printer->json);
	} else {
		rw_flow_row_append_title(&printer->row, printer->narrow);
	}
	flush_row(printer);
}

static void end(struct printer *printer)
{
	if (printer->as_json) {
		rw_json_end_array(&printer->json);
		rw_json_end_object(&printer->json);
		(void)rw_buf_append_text(&printer->row, "\n");
		flush_row(printer);
	} else if (printer->explainer->missing[0]) {
		fprintf(stderr, "ringwall-agent: rules cannot be told: %s\n", printer->explainer->missing);
	}
}

/* Whether standard output is a terminal that would break the lines. */
static bool is_narrow(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
	       size.ws_col < RW_FLOW_ROW_WIDTH;
}

/*
 * Loads the policy of the generation that is in force.  It may change meanwhile: then it is tried again, and given
 * up in favour of rows that say "older-policy".
 */
static int load_rules(const struct rw_agent_place *place, const struct rw_enforce_bpf_table *table,
		      struct rw_explainer *explainer, uint32_t *ret_generation, struct rw_error *err)
{
	for (int attempt = 0; attempt < 3; attempt++) {
		int r;

		rw_explainer_done(explainer);
		*ret_generation = rw_enforce_bpf_table_generation(table);
		r = rw_explainer_load(place, explainer, err);
		if (r < 0 || *ret_generation == rw_enforce_bpf_table_generation(table))
			return r;
	}
	return 0;
}

int rw_command_table(const struct rw_agent_place *place, const struct rw_flow_filter *filter, bool as_json,
		     struct rw_error *err)
{
	RW_CLEANUP(rw_enforce_bpf_table_close) struct rw_enforce_bpf_table *table = NULL;
	RW_CLEANUP(rw_explainer_done) struct rw_explainer explainer = {0};
	struct printer printer = {
		.filter = filter, .explainer = &explainer, .as_json = as_json, .narrow = is_narrow()};
	int r = rw_enforce_bpf_table_open(place->pin_dir, &table, err);

	if (r == 0)
		r = load_rules(place, table, &explainer, &printer.generation, err);
	if (r < 0)
		return r;
	rw_buf_init(&printer.row, ROW_MAX);
	begin(&printer);
	rw_enforce_bpf_table_walk(table, print_flow, &printer);
	end(&printer);
	rw_buf_done(&printer.row);
	if (printer.failed || fflush(stdout) != 0)
		return rw_error_set(err, -EIO, "cannot write to standard output");
	return 0;
}
