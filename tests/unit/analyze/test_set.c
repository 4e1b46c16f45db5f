/* SPDX-License-Identifier: Apache-2.0 */

/* The laws of sets, on random boxes, and what single operations give. */

#include "test.h"

#include "analyze/set.h"
#include "random_policy.h"

static struct rw_sets *new_arena(void)
{
	struct rw_sets *sets = NULL;

	assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
	return sets;
}

static struct rw_prefix prefix(const char *text)
{
	struct rw_prefix parsed;

	assert_int_equal(rw_prefix_parse(text, &parsed, NULL), 0);
	return parsed;
}

static rw_set tcp(struct rw_sets *sets, const char *remote, uint16_t first, uint16_t last)
{
	struct rw_set_box box = RW_SET_BOX_ANY;
	struct rw_prefix from = prefix(remote);
	rw_set set;

	box.remotes = &from;
	box.remote_count = 1;
	box.protocol = RW_PROTOCOL_TCP;
	box.ports = (struct rw_ports){first, last};
	assert_int_equal(rw_set_of_box(sets, &box, &set, NULL), 0);
	return set;
}

static struct rw_packet packet(const char *remote, uint8_t protocol, uint16_t port)
{
	struct rw_packet made = {.protocol = protocol, .local_port = port, .remote_port = 40000};

	assert_int_equal(rw_address_parse(remote, &made.remote, NULL), 0);
	made.local.family = made.remote.family;
	return made;
}

static void holds_what_the_box_says(void **state)
{
	struct rw_sets *sets = new_arena();
	rw_set set = tcp(sets, "10.0.0.0/8", 80, 90);
	struct rw_packet inside = packet("10.1.2.3", RW_PROTOCOL_TCP, 80);
	struct rw_packet last = packet("10.255.255.255", RW_PROTOCOL_TCP, 90);
	struct rw_packet other_port = packet("10.1.2.3", RW_PROTOCOL_TCP, 91);
	struct rw_packet other_protocol = packet("10.1.2.3", RW_PROTOCOL_UDP, 80);
	struct rw_packet outside = packet("11.0.0.0", RW_PROTOCOL_TCP, 80);
	struct rw_packet v6 = packet("a00::1", RW_PROTOCOL_TCP, 80);

	(void)state;
	assert_true(rw_set_contains(sets, set, &inside));
	assert_true(rw_set_contains(sets, set, &last));
	assert_false(rw_set_contains(sets, set, &other_port));
	assert_false(rw_set_contains(sets, set, &other_protocol));
	assert_false(rw_set_contains(sets, set, &outside));
	assert_false(rw_set_contains(sets, set, &v6));
	(void)rw_sets_free(sets);
}

static void equal_sets_have_one_handle(void **state)
{
	struct rw_sets *sets = new_arena();
	rw_set low = tcp(sets, "10.0.0.0/9", 1, 65535), high = tcp(sets, "10.128.0.0/9", 1, 65535);
	rw_set whole = tcp(sets, "10.0.0.0/8", 1, 65535), joined, first, second;

	(void)state;
	assert_int_equal(rw_set_union(sets, low, high, &joined, NULL), 0);
	assert_int_equal(joined, whole);
	assert_int_equal(rw_set_subtract(sets, whole, low, &second, NULL), 0);
	assert_int_equal(second, high);
	assert_int_equal(rw_set_intersect(sets, low, high, &first, NULL), 0);
	assert_int_equal(first, RW_SET_EMPTY);
	(void)rw_sets_free(sets);
}

static void a_full_box_is_everything(void **state)
{
	struct rw_sets *sets = new_arena();
	struct rw_prefix both[] = {prefix("0.0.0.0/0"), prefix("::/0")};
	struct rw_set_box box = RW_SET_BOX_ANY;
	rw_set set;

	(void)state;
	assert_int_equal(rw_set_of_box(sets, &box, &set, NULL), 0);
	assert_int_equal(set, RW_SET_ALL);
	box.remotes = both;
	box.remote_count = 2;
	assert_int_equal(rw_set_of_box(sets, &box, &set, NULL), 0);
	assert_int_equal(set, RW_SET_ALL);
	box.remote_count = 0;
	assert_int_equal(rw_set_of_box(sets, &box, &set, NULL), 0);
	assert_int_equal(set, RW_SET_EMPTY);
	(void)rw_sets_free(sets);
}

static void overlapping_remotes_are_united(void **state)
{
	struct rw_sets *sets = new_arena();
	struct rw_prefix list[] = {prefix("10.0.0.5/32"), prefix("10.0.0.0/24"), prefix("10.0.0.0/25"),
				   prefix("255.255.255.255/32"), prefix("ffff::/16")};
	struct rw_set_box box = RW_SET_BOX_ANY;
	struct rw_packet end4 = packet("255.255.255.255", 47, 0), end6 = packet("ffff:ffff::1", 47, 0);
	double v4, v6;
	rw_set set;

	(void)state;
	box.remotes = list;
	box.remote_count = RW_ARRAY_COUNT(list);
	box.protocol = RW_PROTOCOL_GRE;
	assert_int_equal(rw_set_of_box(sets, &box, &set, NULL), 0);
	assert_true(rw_set_contains(sets, set, &end4));
	assert_true(rw_set_contains(sets, set, &end6));
	rw_set_measure(sets, set, &v4, &v6);
	assert_true(v4 == 257);
	assert_true(v6 == 0x1p112);
	(void)rw_sets_free(sets);
}

/* A random box near few addresses and ports, so that boxes overlap. */
static rw_set random_box(struct rw_dice *dice, struct rw_sets *sets)
{
	static const char *const prefixes[] = {"10.0.0.0/8", "10.0.0.0/31",   "10.0.0.1/32",  "0.0.0.0/0",
					       "::/0",       "2001:db8::/32", "2001:db8::/64"};
	static const uint16_t protocols[] = {RW_PROTOCOL_ALL, RW_PROTOCOL_TCP, RW_PROTOCOL_UDP, 1, 255};
	struct rw_set_box box = RW_SET_BOX_ANY;
	struct rw_prefix remotes[2], local;
	rw_set set;

	box.remotes = remotes;
	box.remote_count = 1 + rw_dice_below(dice, 2);
	for (size_t i = 0; i < box.remote_count; i++)
		remotes[i] = prefix(prefixes[rw_dice_below(dice, RW_ARRAY_COUNT(prefixes))]);
	box.protocol = protocols[rw_dice_below(dice, RW_ARRAY_COUNT(protocols))];
	if (rw_protocol_has_ports(box.protocol)) {
		box.ports.first = (uint16_t)(20 + rw_dice_below(dice, 4));
		box.ports.last = (uint16_t)(box.ports.first + rw_dice_below(dice, 4));
	}
	if (rw_dice_chance(dice, 30)) {
		local = prefix(prefixes[rw_dice_below(dice, RW_ARRAY_COUNT(prefixes))]);
		box.local = &local;
	}
	if (rw_protocol_has_ports(box.protocol) && rw_dice_chance(dice, 30))
		box.source_ports = (struct rw_ports){0, (uint16_t)rw_dice_below(dice, 65536)};
	assert_int_equal(rw_set_of_box(sets, &box, &set, NULL), 0);
	return set;
}

static rw_set random_set(struct rw_dice *dice, struct rw_sets *sets)
{
	rw_set set = random_box(dice, sets);

	for (uint32_t i = rw_dice_below(dice, 4); i > 0; i--) {
		rw_set other = random_box(dice, sets);

		if (rw_dice_below(dice, 3))
			assert_int_equal(rw_set_union(sets, set, other, &set, NULL), 0);
		else
			assert_int_equal(rw_set_subtract(sets, set, other, &set, NULL), 0);
	}
	return set;
}

static void the_laws_of_sets_hold(void **state)
{
	struct rw_dice dice = {.state = 11};

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		struct rw_sets *sets = new_arena();
		rw_set a = random_set(&dice, sets), b = random_set(&dice, sets), c = random_set(&dice, sets);
		rw_set left, right, ab, ac, bc;

		/* a & (b | c) = (a & b) | (a & c) */
		assert_int_equal(rw_set_union(sets, b, c, &bc, NULL), 0);
		assert_int_equal(rw_set_intersect(sets, a, bc, &left, NULL), 0);
		assert_int_equal(rw_set_intersect(sets, a, b, &ab, NULL), 0);
		assert_int_equal(rw_set_intersect(sets, a, c, &ac, NULL), 0);
		assert_int_equal(rw_set_union(sets, ab, ac, &right, NULL), 0);
		assert_int_equal(left, right);
		/* a - (b | c) = (a - b) - c */
		assert_int_equal(rw_set_subtract(sets, a, bc, &left, NULL), 0);
		assert_int_equal(rw_set_subtract(sets, a, b, &right, NULL), 0);
		assert_int_equal(rw_set_subtract(sets, right, c, &right, NULL), 0);
		assert_int_equal(left, right);
		/* a = (a - b) | (a & b) */
		assert_int_equal(rw_set_subtract(sets, a, b, &left, NULL), 0);
		assert_int_equal(rw_set_union(sets, left, ab, &left, NULL), 0);
		assert_int_equal(left, a);
		/* all - (all - a) = a */
		assert_int_equal(rw_set_subtract(sets, RW_SET_ALL, a, &left, NULL), 0);
		assert_int_equal(rw_set_subtract(sets, RW_SET_ALL, left, &left, NULL), 0);
		assert_int_equal(left, a);
		(void)rw_sets_free(sets);
	}
}

static void a_witness_lies_in_its_set(void **state)
{
	struct rw_dice dice = {.state = 12};

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		struct rw_sets *sets = new_arena();
		rw_set set = random_set(&dice, sets);
		struct rw_packet witness = packet("10.0.0.1", RW_PROTOCOL_TCP, 22);

		witness.direction = rw_dice_below(&dice, 2) ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS;
		if (set != RW_SET_EMPTY) {
			rw_set_witness(sets, set, &witness);
			assert_true(rw_set_contains(sets, set, &witness));
			assert_int_equal(witness.local.family, witness.remote.family);
		}
		(void)rw_sets_free(sets);
	}
}

static bool is_value(uint32_t value, const void *userdata)
{
	return value == *(const uint32_t *)userdata;
}

static void maps_give_their_values_back(void **state)
{
	struct rw_sets *sets = new_arena();
	const struct rw_set_arc arcs[] = {{0, 5}, {RW_PROTOCOL_TCP << 16, 9}, {RW_PROTOCOL_UDP << 16, 0}};
	struct rw_packet icmp = packet("10.0.0.1", RW_PROTOCOL_ICMP, 0);
	struct rw_packet web = packet("10.0.0.1", RW_PROTOCOL_TCP, 80);
	struct rw_packet dns = packet("10.0.0.1", RW_PROTOCOL_UDP, 53);
	const uint32_t wanted = 9;
	uint32_t values[2] = {0};
	rw_set map, nine, support, part;

	(void)state;
	assert_int_equal(rw_sets_node(sets, RW_SET_SERVICE, arcs, 3, &map, NULL), 0);
	assert_int_equal(rw_map_at(sets, map, &icmp), 5);
	assert_int_equal(rw_map_at(sets, map, &web), 9);
	assert_int_equal(rw_map_at(sets, map, &dns), 0);
	assert_int_equal(rw_map_values(sets, map, values, 2), 2);
	assert_int_equal(values[0], 5);
	assert_int_equal(values[1], 9);
	assert_int_equal(rw_map_select(sets, map, is_value, &wanted, &nine, NULL), 0);
	assert_true(rw_set_contains(sets, nine, &web) && !rw_set_contains(sets, nine, &icmp));
	assert_int_equal(rw_map_support(sets, map, &support, NULL), 0);
	assert_int_equal(rw_map_restrict(sets, map, nine, &part, NULL), 0);
	assert_int_equal(rw_map_values(sets, part, values, 1), 1);
	assert_int_equal(values[0], 9);
	assert_int_equal(rw_map_over(sets, part, 3, &part, NULL), 0);
	assert_int_equal(rw_map_at(sets, part, &icmp), 3);
	assert_int_equal(rw_map_at(sets, part, &web), 9);
	(void)rw_sets_free(sets);
}

static void refuses_what_is_over_the_budget(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_sets *sets = NULL;
	struct rw_set_box box = RW_SET_BOX_ANY;
	rw_set set = RW_SET_EMPTY, union_of = RW_SET_EMPTY;
	int r = 0;

	(void)state;
	assert_int_equal(rw_sets_new(40, &sets, NULL), 0);
	for (uint16_t port = 1; r == 0 && port < 1000; port += 2) {
		box.protocol = RW_PROTOCOL_TCP;
		box.ports = (struct rw_ports){port, port};
		r = rw_set_of_box(sets, &box, &set, &err);
		if (r == 0)
			r = rw_set_union(sets, union_of, set, &union_of, &err);
	}
	assert_int_equal(r, -E2BIG);
	assert_string_equal(err.text, "the answer is too complicated: it needs more than 40 intervals");
	assert_int_equal(rw_set_intersect(sets, union_of, RW_SET_ALL, &set, NULL), 0);
	assert_int_equal(set, union_of);
	(void)rw_sets_free(sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_the_box_says),
		cmocka_unit_test(equal_sets_have_one_handle),
		cmocka_unit_test(a_full_box_is_everything),
		cmocka_unit_test(overlapping_remotes_are_united),
		cmocka_unit_test(the_laws_of_sets_hold),
		cmocka_unit_test(a_witness_lies_in_its_set),
		cmocka_unit_test(maps_give_their_values_back),
		cmocka_unit_test(refuses_what_is_over_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
