/* SPDX-License-Identifier: Apache-2.0 */

/* Rules that come to a view, and that go. */

#include <string.h>

#include "base/array.h"
#include "classify/columns_internal.h"
#include "classify/trie.h"

/* The ports of a protocol, as the image has them: intervals with their columns. */
struct ports {
	struct rw_boundary *list; /* the port is the top 16 bits of the key */
	uint32_t count;
	uint32_t capacity;
};

static void ports_done(struct ports *ports)
{
	free(ports->list);
}
RW_DEFINE_DONE(struct ports, ports_done)

static uint32_t port_of(const struct rw_boundary *boundary)
{
	return (uint32_t)(boundary->key >> 112);
}

/* From 'port' on it is 'column', up to what is added next. */
static int add_port(struct ports *ports, uint32_t port, uint32_t column)
{
	if (ports->count && ports->list[ports->count - 1].leaf == column)
		return 0;
	if (!rw_array_make_room(&ports->list, ports->count, &ports->capacity, sizeof(*ports->list)))
		return -ENOMEM;
	ports->list[ports->count++] = (struct rw_boundary){(rw_key)port << 112, column};
	return 0;
}

/* The ports that begin with one byte. */
static int read_span(const struct rw_image *image, uint32_t entry, uint32_t port, struct ports *ports)
{
	const struct rw_table_span *span;
	const uint32_t *run;
	int r = 0;

	if ((entry & RW_ENTRY_KIND) != RW_ENTRY_SPAN)
		return add_port(ports, port, entry);
	span = rw_image_at(image, entry);
	run = span->entries;
	for (uint32_t i = 0; !r && i < 256; i++)
		if (span->bits[i / 64] >> (i % 64) & 1)
			r = add_port(ports, port + i, *run++);
	return r;
}

static int read_ports(const struct rw_image *image, uint32_t entry, struct ports *ports)
{
	const uint32_t *plain;
	int r = 0;

	if ((entry & RW_ENTRY_KIND) != RW_ENTRY_SPAN)
		return add_port(ports, 0, entry);
	plain = rw_image_at(image, entry);
	for (uint32_t i = 0; !r && i < 256; i++)
		r = read_span(image, plain[i], i << 8, ports);
	return r;
}

/* What a range makes of columns. */
struct split {
	uint32_t *
		becomes; /* by column: that of the ports within the range, where it is another one; 0 = the same */
	bool *within; /* by column: it has ports within the range */
	bool *without;
	bool any;
};

static void split_done(struct split *split)
{
	free(split->becomes);
	free(split->within);
	free(split->without);
}
RW_DEFINE_DONE(struct split, split_done)

static void look_through(const struct ports *ports, struct rw_ports range, struct split *split)
{
	for (uint32_t i = 0; i < ports->count; i++) {
		uint32_t first = port_of(&ports->list[i]), column = ports->list[i].leaf;
		uint32_t last =
			i + 1 < ports->count ? port_of(&ports->list[i + 1]) - 1 : RW_COLUMNS_PORTS - 1;

		split->within[column] |= first <= range.last && last >= range.first;
		split->without[column] |= first < range.first || last > range.last;
	}
	/* Column 0 has other protocols, too. */
	split->without[0] = true;
}

/* Writes the runs of a range anew, in their order, with 'column' or without. */
static int write_runs(const struct rw_columns *columns, const struct rw_port_range *before, uint32_t column,
		      bool is_in, struct rw_columns *to, struct rw_port_range *range)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < before->run_count; i++) {
		const struct rw_column_run *run = &columns->runs[before->first_run + i];

		if (run->first < column)
			r = rw_columns_add_run(to, range, run->first,
					       run->last < column ? run->last : column - 1);
		if (!r && is_in && run->last >= column) {
			r = rw_columns_add_run(to, range, column, column);
			is_in = false;
		}
		if (!r && run->last > column)
			r = rw_columns_add_run(to, range, run->first > column ? run->first : column + 1,
					       run->last);
	}
	return !r && is_in ? rw_columns_add_run(to, range, column, column) : r;
}

/* Makes 'column' lie in the ranges in which 'like' does, and no other. */
static int recover(struct rw_columns *columns, uint32_t column, uint32_t like)
{
	struct rw_columns with = {.ranges = columns->ranges};
	int r = 0;

	for (uint32_t i = 0; !r && i < columns->range_count; i++) {
		struct rw_port_range *range = &columns->ranges[i], before = *range;

		range->run_count = 0;
		r = write_runs(columns, &before, column, rw_columns_covers(columns, &before, like), &with,
			       range);
	}
	free(columns->runs);
	columns->runs = with.runs;
	columns->run_count = with.run_count;
	columns->run_capacity = with.run_capacity;
	return r;
}

/* A spare column of its own, which is like it already; or of who has most, which is to be made so. */
static int take_spare(struct rw_columns *columns, uint32_t column, uint32_t *ret_spare)
{
	struct rw_column_spare *most = &columns->spares[0], *spare;

	for (spare = columns->spares; spare < columns->spares + columns->spare_count; spare++) {
		if (spare->owner == column && spare->first < spare->end) {
			*ret_spare = spare->first++;
			return 0;
		}
		if (spare->end - spare->first > most->end - most->first)
			most = spare;
	}
	if (!columns->spare_count || most->first == most->end || columns->copy_count == RW_COLUMN_COPIES_MAX)
		return RW_COLUMNS_NONE;
	*ret_spare = --most->end;
	columns->copies[columns->copy_count++] = (struct rw_column_copy){column, *ret_spare};
	return recover(columns, *ret_spare, column);
}

/* Finds a spare column for every one that is split. */
static int take_spares(struct rw_columns *columns, struct split *split)
{
	int r = 0;

	for (uint32_t column = 0; !r && column < columns->count; column++) {
		if (!split->within[column] || !split->without[column])
			continue;
		r = take_spare(columns, column, &split->becomes[column]);
		split->any = true;
	}
	return r;
}

static int init_split(const struct rw_columns *columns, struct split *split)
{
	split->becomes = calloc(columns->count, sizeof(*split->becomes));
	split->within = calloc(columns->count, sizeof(*split->within));
	split->without = calloc(columns->count, sizeof(*split->without));
	return split->becomes && split->within && split->without ? 0 : -ENOMEM;
}

/* Leads the ports within the range to what their columns become. */
static int write_split(const struct ports *ports, struct rw_ports range, const struct split *split,
		       struct rw_image *image, uint32_t *ret_entry)
{
	RW_CLEANUP(ports_done) struct ports with = {0};
	int r = 0;

	for (uint32_t i = 0; !r && i < ports->count; i++) {
		uint32_t first = port_of(&ports->list[i]), column = ports->list[i].leaf;
		uint32_t last =
			i + 1 < ports->count ? port_of(&ports->list[i + 1]) - 1 : RW_COLUMNS_PORTS - 1;
		uint32_t becomes = split->becomes[column] ? split->becomes[column] : column;

		if (first < range.first)
			r = add_port(&with, first, column);
		if (!r && first <= range.last && last >= range.first)
			r = add_port(&with, first > range.first ? first : range.first, becomes);
		if (!r && last > range.last)
			r = add_port(&with, first > range.last ? first : range.last + 1u, column);
	}
	if (r < 0)
		return r;
	*ret_entry =
		rw_trie_build(image, with.list, with.count, 0, 0, (struct rw_trie_form){.plain_depth = 1});
	return image->failure;
}

/* Room for the range of a rule of that number. */
static int need_rule(struct rw_columns *columns, uint32_t rule)
{
	uint32_t capacity = (rule + 1) * 2, *bigger;

	if (rule < columns->rule_capacity)
		return 0;
	bigger = realloc(columns->range_of, capacity * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	columns->range_of = bigger;
	columns->rule_capacity = capacity;
	return 0;
}

/* Adds a range that is not there yet, of the columns that are marked. */
static int add_range(struct rw_columns *columns, uint16_t protocol, struct rw_ports ports,
		     const bool *covered)
{
	struct rw_port_range *range;
	int r = 0;

	if (!rw_array_make_room(&columns->ranges, columns->range_count, &columns->range_capacity,
				sizeof(*columns->ranges)))
		return -ENOMEM;
	range = &columns->ranges[columns->range_count++];
	*range = (struct rw_port_range){.protocol = protocol, .ports = ports};
	for (uint32_t i = 0; !r && i < columns->count; i++)
		if (!covered || covered[i])
			r = rw_columns_add_run(columns, range, i, i);
	return r;
}

static uint32_t entry_of(const struct rw_image *image, uint32_t view_page, uint16_t protocol)
{
	const struct rw_table_view *view = rw_image_page(image, view_page);

	return view->protocol[protocol == RW_PROTOCOL_ICMPV6][protocol];
}

/* From the columns that have ports within the range to those that lie in it: spare ones go with their owner. */
static void settle_split(const struct rw_columns *columns, struct split *split)
{
	for (uint32_t i = 0; i < columns->count; i++)
		if (split->becomes[i]) {
			split->within[i] = false;
			split->within[split->becomes[i]] = true;
		}
	for (uint32_t i = 0; i < columns->spare_count; i++)
		for (uint32_t j = columns->spares[i].first; j < columns->spares[i].end; j++)
			split->within[j] = split->within[columns->spares[i].owner];
}

/* A range of a protocol: other protocols have one column, as if it were that of all ports. */
static int make_range(struct rw_columns *columns, uint16_t protocol, struct rw_ports range,
		      struct rw_image *image, uint32_t view_page, bool *ret_changed)
{
	RW_CLEANUP(ports_done) struct ports ports = {0};
	RW_CLEANUP(split_done) struct split split = {0};
	bool has_ports = rw_protocol_has_ports(protocol);
	uint32_t entry;
	int r = init_split(columns, &split);

	if (!has_ports)
		range = (struct rw_ports){0, RW_COLUMNS_PORTS - 1};
	if (!r)
		r = read_ports(image, entry_of(image, view_page, protocol), &ports);
	if (r < 0)
		return r;
	look_through(&ports, range, &split);
	r = take_spares(columns, &split);
	if (r)
		return r;
	if (split.any) {
		r = write_split(&ports, range, &split, image, &entry);
		if (r < 0)
			return r;
		rw_columns_set_protocol(image, view_page, protocol, entry);
		*ret_changed = true;
	}
	settle_split(columns, &split);
	return add_range(columns, protocol, has_ports ? range : RW_PORTS_ANY, split.within);
}

static uint64_t key_of(const struct rw_port_range *range)
{
	return rw_columns_key(range->protocol, range->ports);
}

/* Its number; range_count when there is none. */
static uint32_t find_range(const struct rw_columns *columns, uint64_t key)
{
	uint32_t first = 0, end = columns->sorted_count;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;

		if (key_of(&columns->ranges[middle]) < key)
			first = middle + 1;
		else
			end = middle;
	}
	if (first < columns->sorted_count && key_of(&columns->ranges[first]) == key)
		return first;
	first = columns->sorted_count;
	while (first < columns->range_count && key_of(&columns->ranges[first]) != key)
		first++;
	return first;
}

int rw_columns_insert(struct rw_columns *columns, uint16_t protocol, struct rw_ports ports, uint32_t rule,
		      struct rw_image *image, uint32_t view_page, bool *ret_changed)
{
	uint32_t range = find_range(columns, rw_columns_key(protocol, ports));
	int r = need_rule(columns, rule);

	*ret_changed = false;
	columns->copy_count = 0;
	if (!r && range == columns->range_count)
		r = protocol == RW_PROTOCOL_ALL
			    ? add_range(columns, protocol, ports, NULL)
			    : make_range(columns, protocol, ports, image, view_page, ret_changed);
	if (!r)
		columns->range_of[rule] = range;
	return r;
}
