/* SPDX-License-Identifier: Apache-2.0 */

/* Header maps of random policies against the reference evaluator, and as boxes. */

#include "test.h"

#include <string.h>

#include "analyze/box.h"
#include "analyze/map.h"
#include "random_policy.h"

/* A random packet that opens a flow and that no system pass lets through, in the view's direction. */
static bool random_opener(struct rw_dice *dice, const struct rw_view *view, struct rw_packet *packet)
{
	struct rw_decision decision;

	*packet = rw_random_packet(dice, view->policy, view->interface, RW_RANDOM_FIVE | RW_RANDOM_WEIRD);
	packet->direction = view->direction;
	return rw_packet_opens(packet) && !rw_evaluate_system(packet, &decision);
}

static void compare(const struct rw_view *view, const struct rw_sets *sets, rw_set open, rw_set decisions,
		    const struct rw_deciders *deciders, const struct rw_packet *packet)
{
	struct rw_decision wanted = rw_evaluate(view->policy, view->interface, packet);
	uint32_t value = rw_map_at(sets, decisions, packet);
	struct rw_decision given;
	char text[RW_RANDOM_PACKET_TEXT_SIZE];

	assert_true(value >= 1 && value <= deciders->count);
	given = rw_decider_decision(&deciders->list[value - 1]);
	if (given.verdict == wanted.verdict && given.cause == wanted.cause && given.detail == wanted.detail &&
	    rw_set_contains(sets, open, packet) == (wanted.verdict == RW_VERDICT_ACCEPT))
		return;
	rw_random_print_policy(view->policy);
	rw_random_format_packet(packet, text);
	fail_msg("interface %zu, %s: %s instead of %s", view->interface, text, rw_decision_cause(&given),
		 rw_decision_cause(&wanted));
}

static size_t check_view(struct rw_dice *dice, const struct rw_view *view)
{
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	RW_CLEANUP(rw_deciders_done) struct rw_deciders deciders = {0};
	struct rw_packet packet;
	rw_set open, decisions;
	size_t cases = 0;

	assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
	assert_int_equal(rw_exposure(sets, view, NULL, &open, NULL), 0);
	assert_int_equal(rw_decisions(sets, view, NULL, &decisions, &deciders, NULL), 0);
	for (unsigned int i = 0; i < 200; i++) {
		if (!random_opener(dice, view, &packet))
			continue;
		compare(view, sets, open, decisions, &deciders, &packet);
		cases++;
	}
	return cases;
}

static void decides_as_the_evaluator_does(void **state)
{
	size_t cases = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct rw_dice dice = {.state = seed};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);

		for (size_t i = 0; i < policy->interface_count; i++)
			for (int direction = 0; direction < 2; direction++)
				cases += check_view(
					&dice, &(struct rw_view){.policy = policy,
								 .interface = i,
								 .direction = (enum rw_direction)direction});
	}
	assert_true(cases > 100000);
}

/* The boxes of a set are disjoint and together the set. */
static void check_boxes(struct rw_sets *sets, rw_set set)
{
	RW_CLEANUP(rw_boxes_done) struct rw_boxes boxes = {0};
	rw_set sum = RW_SET_EMPTY, common;

	assert_int_equal(rw_set_boxes(sets, set, &boxes, NULL), 0);
	for (size_t i = 0; i < boxes.count; i++) {
		assert_true(boxes.list[i].set != RW_SET_EMPTY);
		assert_int_equal(rw_set_intersect(sets, sum, boxes.list[i].set, &common, NULL), 0);
		assert_int_equal(common, RW_SET_EMPTY);
		assert_int_equal(rw_set_union(sets, sum, boxes.list[i].set, &sum, NULL), 0);
	}
	assert_int_equal(sum, set);
}

static void boxes_are_disjoint_and_exact(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct rw_dice dice = {.state = seed};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
		RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
		rw_set open;

		assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
		for (size_t i = 0; i < policy->interface_count; i++) {
			const struct rw_view view = {.policy = policy, .interface = i};

			assert_int_equal(rw_exposure(sets, &view, NULL, &open, NULL), 0);
			check_boxes(sets, open);
		}
	}
}

static void fewer_services_are_a_part_of_all(void **state)
{
	const struct rw_space_options options = {RW_PROTOCOL_TCP << 16 | 22, RW_PROTOCOL_TCP << 16 | 80};

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct rw_dice dice = {.state = seed};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
		RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
		const struct rw_view view = {.policy = policy};
		struct rw_set_box box = RW_SET_BOX_ANY;
		rw_set all, some, where;

		box.protocol = RW_PROTOCOL_TCP;
		box.ports = (struct rw_ports){22, 80};
		assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
		assert_int_equal(rw_exposure(sets, &view, NULL, &all, NULL), 0);
		assert_int_equal(rw_exposure(sets, &view, &options, &some, NULL), 0);
		assert_int_equal(rw_set_of_box(sets, &box, &where, NULL), 0);
		assert_int_equal(rw_set_intersect(sets, all, where, &all, NULL), 0);
		assert_int_equal(all, some);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_the_evaluator_does),
		cmocka_unit_test(boxes_are_disjoint_and_exact),
		cmocka_unit_test(fewer_services_are_a_part_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
