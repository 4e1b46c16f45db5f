/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/columns_internal.h"

#include <assert.h>
#include <string.h>

#include "base/array.h"
#include "classify/trie.h"

enum { COLUMNS_MAX = 65536 };

/* The ranges of one protocol with ports, swept over the ports. */
struct sweep {
	struct rw_columns *columns;
	uint32_t first_range; /* ranges of the protocol: first_range .. + range_count */
	uint32_t range_count;
	uint32_t *ends;      /* their numbers (from 0), ascending last port */
	uint32_t *edges;     /* first ports of the intervals, ascending */
	uint32_t *column_of; /* by interval */
	uint32_t interval_count;
	size_t words;          /* of a set of ranges */
	uint64_t *active;      /* the ranges that the interval lies in */
	uint64_t *sets;        /* of the columns made here */
	uint32_t first_column; /* sets[0] is its */
	uint32_t *table;       /* columns by hash of their set: number - first_column + 1 */
	size_t table_capacity;
	uint32_t *seen; /* by column: the range that has it already, + 1 */
};

void rw_columns_done(struct rw_columns *columns)
{
	free(columns->ranges);
	free(columns->range_of);
	free(columns->runs);
	*columns = (struct rw_columns){0};
}

static void sweep_done(struct sweep *sweep)
{
	free(sweep->ends);
	free(sweep->edges);
	free(sweep->column_of);
	free(sweep->active);
	free(sweep->sets);
	free(sweep->table);
	free(sweep->seen);
}
RW_DEFINE_DONE(struct sweep, sweep_done)

/* ---- different ranges ---- */

/* Sorts by one comparison; what it is the key of rides along. */
struct sortable {
	uint64_t key;
	uint32_t number;
};

static int compare_sortable(const void *a, const void *b)
{
	uint64_t left = ((const struct sortable *)a)->key, right = ((const struct sortable *)b)->key;

	return (left > right) - (left < right);
}

static int find_ranges(const struct rw_plan *plan, const uint32_t *list, uint32_t count,
		       struct rw_columns *columns)
{
	RW_CLEANUP(rw_free) struct sortable *sorted = malloc((count + 1) * sizeof(*sorted));

	columns->range_capacity = count + 1;
	columns->ranges = calloc(columns->range_capacity, sizeof(*columns->ranges));
	columns->rule_capacity = plan->rule_count + 1;
	columns->range_of = calloc(columns->rule_capacity, sizeof(*columns->range_of));
	if (!sorted || !columns->ranges || !columns->range_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct rw_plan_rule *rule = &plan->rules[list[i]];

		sorted[i] = (struct sortable){rw_columns_key(rule->protocol, rule->ports), list[i]};
	}
	qsort(sorted, count, sizeof(*sorted), compare_sortable);
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0 || sorted[i].key != sorted[i - 1].key) {
			const struct rw_plan_rule *rule = &plan->rules[sorted[i].number];

			columns->ranges[columns->range_count++] =
				(struct rw_port_range){.protocol = rule->protocol, .ports = rule->ports};
		}
		columns->range_of[sorted[i].number] = columns->range_count - 1;
	}
	columns->sorted_count = columns->range_count;
	return 0;
}

/* ---- spare columns ---- */

/* How many there are where there is room: of column 0, and of the widest two of each protocol with ports. */
enum { SPARES_OTHER = 8, SPARES_WIDEST = 48, SPARES_SECOND = 12 };

/* Columns of one block need no second level of rows: spare ones never make one needed. */
enum { BLOCK = 256 };

static void add_owner(struct rw_columns *columns, uint32_t column, uint32_t count)
{
	struct rw_column_spare *spare = columns->spares;

	while (spare < columns->spares + columns->spare_count && spare->owner != column)
		spare++;
	if (spare == columns->spares + RW_COLUMN_OWNERS_MAX)
		return;
	if (spare == columns->spares + columns->spare_count) {
		columns->spare_count++;
		*spare = (struct rw_column_spare){.owner = column};
	}
	spare->end += count;
}

/* Numbers the spare columns: 'end' is how many each wants, at first. */
static void place_spares(struct rw_columns *columns)
{
	uint32_t wanted = 0, room;

	for (uint32_t i = 0; i < columns->spare_count; i++)
		wanted += columns->spares[i].end;
	room = columns->count <= BLOCK && BLOCK - columns->count < wanted ? BLOCK - columns->count : wanted;
	for (uint32_t i = 0; i < columns->spare_count; i++) {
		columns->spares[i].first = columns->count;
		columns->count += columns->spares[i].end * room / wanted;
		columns->spares[i].end = columns->count;
	}
}

/* ---- columns of ranges ---- */

int rw_columns_add_run(struct rw_columns *columns, struct rw_port_range *range, uint32_t first, uint32_t last)
{
	if (range->run_count && columns->runs[columns->run_count - 1].last + 1 == first) {
		columns->runs[columns->run_count - 1].last = last;
		return 0;
	}
	if (columns->run_count == columns->run_capacity) {
		uint32_t capacity = columns->run_capacity * 2 + 64;
		struct rw_column_run *bigger = realloc(columns->runs, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		columns->runs = bigger;
		columns->run_capacity = capacity;
	}
	if (!range->run_count)
		range->first_run = columns->run_count;
	columns->runs[columns->run_count++] = (struct rw_column_run){first, last};
	range->run_count++;
	return 0;
}

bool rw_columns_covers(const struct rw_columns *columns, const struct rw_port_range *range, uint32_t column)
{
	for (uint32_t i = 0; i < range->run_count; i++) {
		const struct rw_column_run *run = &columns->runs[range->first_run + i];

		if (run->first <= column && run->last >= column)
			return true;
	}
	return false;
}

/* Spare columns lie in the ranges in which their owners lie.  The runs are written anew, with theirs. */
static int cover_spares(struct rw_columns *columns)
{
	struct rw_columns with = {.ranges = columns->ranges};
	int r = 0;

	for (uint32_t i = 0; !r && i < columns->range_count; i++) {
		struct rw_port_range *range = &columns->ranges[i], before = *range;

		range->run_count = 0;
		for (uint32_t j = 0; !r && j < before.run_count; j++) {
			const struct rw_column_run *run = &columns->runs[before.first_run + j];

			r = rw_columns_add_run(&with, range, run->first, run->last);
		}
		for (uint32_t j = 0; !r && j < columns->spare_count; j++) {
			const struct rw_column_spare *spare = &columns->spares[j];

			if (spare->first < spare->end && rw_columns_covers(columns, &before, spare->owner))
				r = rw_columns_add_run(&with, range, spare->first, spare->end - 1);
		}
	}
	free(columns->runs);
	columns->runs = with.runs;
	columns->run_count = with.run_count;
	columns->run_capacity = with.run_capacity;
	return r;
}

static uint32_t make_unique(uint32_t *sorted, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!kept || sorted[kept - 1] != sorted[i])
			sorted[kept++] = sorted[i];
	return kept;
}

static int sweep_init(struct sweep *sweep, struct rw_columns *columns, uint32_t first_range,
		      uint32_t range_count)
{
	const struct rw_port_range *ranges = columns->ranges + first_range;
	uint32_t most = range_count * 2 + 1;
	uint32_t edge_count = 0;

	*sweep = (struct sweep){
		.columns = columns,
		.first_range = first_range,
		.range_count = range_count,
		.first_column = columns->count,
		.words = (range_count + 63) / 64,
		.table_capacity = 16,
		.edges = malloc((most + 1) * sizeof(*sweep->edges)),
		.ends = malloc(range_count * sizeof(*sweep->ends)),
	};
	if (!sweep->edges || !sweep->ends)
		return -ENOMEM;
	sweep->edges[edge_count++] = 0;
	for (uint32_t i = 0; i < range_count; i++) {
		sweep->edges[edge_count++] = ranges[i].ports.first;
		if (ranges[i].ports.last + 1 < RW_COLUMNS_PORTS)
			sweep->edges[edge_count++] = ranges[i].ports.last + 1u;
	}
	qsort(sweep->edges, edge_count, sizeof(*sweep->edges), rw_array_compare_u32);
	sweep->interval_count = make_unique(sweep->edges, edge_count);
	while (sweep->table_capacity < sweep->interval_count * 2)
		sweep->table_capacity *= 2;
	sweep->column_of = malloc(sweep->interval_count * sizeof(*sweep->column_of));
	sweep->active = calloc(sweep->words, sizeof(*sweep->active));
	sweep->sets = malloc(sweep->interval_count * sweep->words * sizeof(*sweep->sets));
	sweep->table = calloc(sweep->table_capacity, sizeof(*sweep->table));
	sweep->seen = calloc(columns->count + sweep->interval_count, sizeof(*sweep->seen));
	return sweep->column_of && sweep->active && sweep->sets && sweep->table && sweep->seen ? 0 : -ENOMEM;
}

/* Range numbers ordered by last port: counting through the edges would need more room than sorting. */
static int sort_ends(struct sweep *sweep)
{
	const struct rw_port_range *ranges = sweep->columns->ranges + sweep->first_range;
	RW_CLEANUP(rw_free) struct sortable *sorted = malloc(sweep->range_count * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < sweep->range_count; i++)
		sorted[i] = (struct sortable){ranges[i].ports.last, i};
	qsort(sorted, sweep->range_count, sizeof(*sorted), compare_sortable);
	for (uint32_t i = 0; i < sweep->range_count; i++)
		sweep->ends[i] = sorted[i].number;
	return 0;
}

/* Gives the column of the active set: 0 for the empty one. */
static uint32_t find_column(struct sweep *sweep)
{
	uint64_t hash = 0;
	bool empty = true;
	size_t at;

	for (size_t i = 0; i < sweep->words; i++) {
		hash = (hash ^ sweep->active[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
		empty = empty && !sweep->active[i];
	}
	if (empty)
		return 0;
	at = (size_t)hash & (sweep->table_capacity - 1);
	for (; sweep->table[at]; at = (at + 1) & (sweep->table_capacity - 1))
		if (memcmp(sweep->sets + (sweep->table[at] - 1) * sweep->words, sweep->active,
			   sweep->words * sizeof(*sweep->sets)) == 0)
			return sweep->first_column + sweep->table[at] - 1;
	sweep->table[at] = sweep->columns->count - sweep->first_column + 1;
	memcpy(sweep->sets + (sweep->table[at] - 1) * sweep->words, sweep->active,
	       sweep->words * sizeof(*sweep->sets));
	return sweep->columns->count++;
}

static void find_columns(struct sweep *sweep)
{
	const struct rw_port_range *ranges = sweep->columns->ranges + sweep->first_range;
	uint32_t started = 0, ended = 0;

	for (uint32_t i = 0; i < sweep->interval_count; i++) {
		uint32_t port = sweep->edges[i];

		for (; started < sweep->range_count && ranges[started].ports.first <= port; started++)
			sweep->active[started / 64] |= 1ull << (started % 64);
		for (; ended < sweep->range_count && ranges[sweep->ends[ended]].ports.last < port; ended++)
			sweep->active[sweep->ends[ended] / 64] &= ~(1ull << (sweep->ends[ended] % 64));
		sweep->column_of[i] = find_column(sweep);
	}
}

/* The widest column worth its own spare ones, and the next; column 0 is where nothing is said about a port. */
static uint32_t find_widest(const uint32_t *widths, uint32_t count, uint32_t but)
{
	uint32_t widest = but;

	for (uint32_t i = 0; i < count; i++)
		if (i != but && (widest == but || widths[i] > widths[widest]))
			widest = i;
	return widest;
}

/* Columns of the protocol that is swept get spare ones. */
static int find_owners(struct sweep *sweep)
{
	uint32_t count = sweep->columns->count, widest, second;
	RW_CLEANUP(rw_free) uint32_t *widths = calloc(count, sizeof(*widths));

	if (!widths)
		return -ENOMEM;
	for (uint32_t i = 0; i < sweep->interval_count; i++) {
		uint32_t end = i + 1 < sweep->interval_count ? sweep->edges[i + 1] : RW_COLUMNS_PORTS;

		widths[sweep->column_of[i]] += end - sweep->edges[i];
	}
	widest = find_widest(widths, count, UINT32_MAX);
	second = find_widest(widths, count, widest);
	add_owner(sweep->columns, widest, SPARES_WIDEST);
	if (widths[second])
		add_owner(sweep->columns, second, SPARES_SECOND);
	return 0;
}

/* Lists the columns of each range: those of the intervals it consists of. */
static int list_columns(struct sweep *sweep)
{
	uint32_t interval = 0;

	for (uint32_t i = 0; i < sweep->range_count; i++) {
		struct rw_port_range *range = &sweep->columns->ranges[sweep->first_range + i];

		while (sweep->edges[interval] < range->ports.first)
			interval++;
		for (uint32_t j = interval; j < sweep->interval_count && sweep->edges[j] <= range->ports.last;
		     j++) {
			uint32_t column = sweep->column_of[j];

			if (sweep->seen[column] == i + 1)
				continue;
			sweep->seen[column] = i + 1;
			if (rw_columns_add_run(sweep->columns, range, column, column) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The entry of the protocol: a trie over the port as the first two bytes of a key. */
static int write_ports(const struct sweep *sweep, struct rw_image *image, uint32_t *ret_entry)
{
	RW_CLEANUP(rw_free)
	struct rw_boundary *boundaries = malloc(sweep->interval_count * sizeof(*boundaries));
	size_t count = 0;

	if (!boundaries)
		return -ENOMEM;
	for (uint32_t i = 0; i < sweep->interval_count; i++)
		if (!count || boundaries[count - 1].leaf != sweep->column_of[i])
			boundaries[count++] =
				(struct rw_boundary){(rw_key)sweep->edges[i] << 112, sweep->column_of[i]};
	*ret_entry = rw_trie_build(image, boundaries, count, 0, 0, (struct rw_trie_form){.plain_depth = 1});
	return image->failure;
}

static int make_ports(struct rw_columns *columns, uint32_t first_range, uint32_t range_count,
		      struct rw_image *image, uint32_t *ret_entry)
{
	RW_CLEANUP(sweep_done) struct sweep sweep = {0};
	int r = sweep_init(&sweep, columns, first_range, range_count);

	if (!r)
		r = sort_ends(&sweep);
	if (r < 0)
		return r;
	find_columns(&sweep);
	r = list_columns(&sweep);
	if (!r)
		r = find_owners(&sweep);
	return r < 0 ? r : write_ports(&sweep, image, ret_entry);
}

void rw_columns_set_protocol(struct rw_image *image, uint32_t view_page, uint16_t protocol, uint32_t entry)
{
	struct rw_table_view *view = rw_image_page(image, view_page);

	if (protocol != RW_PROTOCOL_ICMPV6)
		view->protocol[0][protocol] = entry;
	if (protocol != RW_PROTOCOL_ICMP)
		view->protocol[1][protocol] = entry;
}

/* One protocol's ranges, which stand together. */
static int make_protocol(struct rw_columns *columns, uint32_t first, uint32_t count, struct rw_image *image,
			 uint32_t view_page)
{
	struct rw_port_range *range = &columns->ranges[first];
	uint32_t entry = columns->count;
	int r;

	if (range->protocol == RW_PROTOCOL_ALL)
		return 0;
	if (rw_protocol_has_ports(range->protocol)) {
		r = make_ports(columns, first, count, image, &entry);
	} else {
		assert(count == 1);
		columns->count++;
		r = rw_columns_add_run(columns, range, entry, entry);
	}
	if (r < 0)
		return r;
	rw_columns_set_protocol(image, view_page, range->protocol, entry);
	return 0;
}

int rw_columns_make(const struct rw_plan *plan, const uint32_t *list, uint32_t count, bool spacious,
		    struct rw_image *image, uint32_t view_page, struct rw_columns *ret_columns)
{
	RW_CLEANUP(rw_columns_done) struct rw_columns columns = {.count = 1};
	struct rw_port_range *last;
	int r = find_ranges(plan, list, count, &columns);

	add_owner(&columns, 0, SPARES_OTHER);
	for (uint32_t i = 0, end; !r && i < columns.range_count; i = end) {
		for (end = i + 1; end < columns.range_count; end++)
			if (columns.ranges[end].protocol != columns.ranges[i].protocol)
				break;
		r = make_protocol(&columns, i, end - i, image, view_page);
	}
	if (r < 0)
		return r;
	if (columns.count > COLUMNS_MAX)
		return -E2BIG;
	if (spacious && columns.count <= COLUMNS_MAX - COLUMNS_MAX / 256) {
		place_spares(&columns);
		r = cover_spares(&columns);
		if (r < 0)
			return r;
	} else {
		columns.spare_count = 0;
	}
	last = &columns.ranges[columns.range_count ? columns.range_count - 1 : 0];
	if (columns.range_count && last->protocol == RW_PROTOCOL_ALL &&
	    rw_columns_add_run(&columns, last, 0, columns.count - 1) < 0)
		return -ENOMEM;
	*ret_columns = columns;
	columns = (struct rw_columns){0};
	return 0;
}
