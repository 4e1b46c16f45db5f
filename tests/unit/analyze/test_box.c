/* SPDX-License-Identifier: Apache-2.0 */

/* How sets read as boxes. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "analyze/box.h"

static struct rw_prefix prefix(const char *text)
{
	struct rw_prefix parsed;

	assert_int_equal(rw_prefix_parse(text, &parsed, NULL), 0);
	return parsed;
}

static void append(char *text, size_t size, const char *more)
{
	assert_true(strlen(text) + strlen(more) < size);
	strcat(text, more);
}

/* "10.0.0.0/8 6:80-90;" for each box; locals behind "@", source ports behind "<". */
static void format(const struct rw_boxes *boxes, char *text, size_t size)
{
	char part[RW_PREFIX_TEXT_SIZE + 8];

	text[0] = '\0';
	for (size_t i = 0; i < boxes->count; i++) {
		const struct rw_box *box = &boxes->list[i];

		for (size_t j = 0; j < box->remote_count; j++) {
			rw_prefix_format(&box->remotes[j], part);
			append(text, size, part);
			append(text, size, " ");
		}
		snprintf(part, sizeof(part), "%u-%u", box->protocol_first, box->protocol_last);
		append(text, size, part);
		for (size_t j = 0; j < box->port_count; j++) {
			snprintf(part, sizeof(part), ":%u-%u", box->ports[j].first, box->ports[j].last);
			append(text, size, part);
		}
		for (size_t j = 0; j < box->local_count; j++) {
			append(text, size, "@");
			rw_prefix_format(&box->locals[j], part);
			append(text, size, part);
		}
		for (size_t j = 0; j < box->source_port_count; j++) {
			snprintf(part, sizeof(part), "<%u-%u", box->source_ports[j].first,
				 box->source_ports[j].last);
			append(text, size, part);
		}
		append(text, size, ";");
	}
}

struct piece {
	bool subtract;
	const char *remote;
	uint16_t protocol;
	struct rw_ports ports;
	const char *local;
	struct rw_ports source_ports;
};

static void check(const struct piece *pieces, size_t count, const char *wanted)
{
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	RW_CLEANUP(rw_boxes_done) struct rw_boxes boxes = {0};
	rw_set set = RW_SET_EMPTY;
	char text[1024];

	assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		struct rw_prefix remote = prefix(pieces[i].remote), local;
		struct rw_set_box box = {&remote,         1,    pieces[i].protocol,
					 pieces[i].ports, NULL, pieces[i].source_ports};
		rw_set part;

		if (!box.ports.last)
			box.ports = RW_PORTS_ANY;
		if (!box.source_ports.last)
			box.source_ports = RW_PORTS_ANY;
		if (pieces[i].local) {
			local = prefix(pieces[i].local);
			box.local = &local;
		}
		assert_int_equal(rw_set_of_box(sets, &box, &part, NULL), 0);
		if (pieces[i].subtract)
			assert_int_equal(rw_set_subtract(sets, set, part, &set, NULL), 0);
		else
			assert_int_equal(rw_set_union(sets, set, part, &set, NULL), 0);
	}
	assert_int_equal(rw_set_boxes(sets, set, &boxes, NULL), 0);
	format(&boxes, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void neighbours_are_one_prefix(void **state)
{
	const struct piece pieces[] = {
		{.remote = "10.0.0.0/25", .protocol = 6, .ports = {22, 22}},
		{.remote = "10.0.0.128/25", .protocol = 6, .ports = {22, 22}},
		{.remote = "10.0.1.0/24", .protocol = 6, .ports = {22, 22}},
		{.remote = "10.0.2.7/32", .protocol = 6, .ports = {22, 22}},
	};

	(void)state;
	check(pieces, RW_ARRAY_COUNT(pieces), "10.0.0.0/23 10.0.2.7/32 6-6:22-22;");
}

static void the_same_services_from_two_families_are_one_box(void **state)
{
	const struct piece pieces[] = {
		{.remote = "0.0.0.0/0", .protocol = 6, .ports = {80, 80}},
		{.remote = "0.0.0.0/0", .protocol = 6, .ports = {443, 443}},
		{.remote = "::/0", .protocol = 6, .ports = {80, 80}},
		{.remote = "::/0", .protocol = 6, .ports = {443, 443}},
	};

	(void)state;
	check(pieces, RW_ARRAY_COUNT(pieces), "0.0.0.0/0 ::/0 6-6:80-80:443-443;");
}

static void whole_protocols_stand_apart_from_ports(void **state)
{
	const struct piece pieces[] = {
		{.remote = "10.0.0.0/8", .protocol = RW_PROTOCOL_ALL},
		{.subtract = true, .remote = "10.0.0.0/8", .protocol = 6, .ports = {22, 22}},
	};

	(void)state;
	check(pieces, RW_ARRAY_COUNT(pieces),
	      "10.0.0.0/8 0-5;10.0.0.0/8 6-6:0-21:23-65535;10.0.0.0/8 7-255;");
}

static void everything_is_all_protocols(void **state)
{
	const struct piece pieces[] = {{.remote = "10.0.0.0/8", .protocol = RW_PROTOCOL_ALL}};

	(void)state;
	check(pieces, RW_ARRAY_COUNT(pieces), "10.0.0.0/8 0-255;");
}

static void five_tuple_parts_are_told(void **state)
{
	const struct piece pieces[] = {
		{.remote = "0.0.0.0/0",
		 .protocol = 6,
		 .ports = {22, 22},
		 .local = "10.0.0.1/32",
		 .source_ports = {1024, 65535}},
		{.remote = "0.0.0.0/0",
		 .protocol = 6,
		 .ports = {22, 22},
		 .local = "10.0.0.2/32",
		 .source_ports = {1024, 65535}},
		{.remote = "0.0.0.0/0", .protocol = 17, .ports = {53, 53}, .source_ports = {53, 53}},
	};

	(void)state;
	check(pieces, RW_ARRAY_COUNT(pieces),
	      "0.0.0.0/0 6-6:22-22@10.0.0.1/32@10.0.0.2/32<1024-65535;0.0.0.0/0 17-17:53-53<53-53;");
}

static void the_empty_set_has_no_box(void **state)
{
	(void)state;
	check(NULL, 0, "");
}

static void a_range_has_the_fewest_prefixes(void **state)
{
	struct rw_prefix *list = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(rw_prefixes_of_range(6, 0, ~(rw_set_key)0, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].bits, 0);
	/* All but the first and the last address: one of every length but 0 at both ends. */
	count = 0;
	free(list);
	list = NULL;
	assert_int_equal(rw_prefixes_of_range(6, 1, ~(rw_set_key)0 - 1, &list, &count), 0);
	assert_int_equal(count, 254);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_one_prefix),
		cmocka_unit_test(the_same_services_from_two_families_are_one_box),
		cmocka_unit_test(whole_protocols_stand_apart_from_ports),
		cmocka_unit_test(everything_is_all_protocols),
		cmocka_unit_test(five_tuple_parts_are_told),
		cmocka_unit_test(the_empty_set_has_no_box),
		cmocka_unit_test(a_range_has_the_fewest_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
