/* SPDX-License-Identifier: Apache-2.0 */

/* Two states of a model. */

#include "model.h"

#include "analyze/compare.h"

static void what_happens_to_a_cluster_reads_as_one(void **state)
{
	struct rw_draft *draft = model_world();
	struct rw_model *old = rw_model_dup(rw_draft_model(draft));
	const struct rw_source before = {.model = old};
	struct rw_comparison comparison = {0};
	struct rw_source after;

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-redis in accept tcp 6379/6379 0.0.0.0/0");
	after = model_source(draft);
	assert_int_equal(rw_compare(&before, &after, &comparison, NULL), 0);
	assert_int_equal(comparison.part_count, 1);
	assert_int_equal(comparison.parts[0].node_count, 2);
	assert_string_equal(comparison.parts[0].nodes[1]->id, "n-2");
	assert_int_equal(comparison.parts[0].diff.boxes.count, 1);
	assert_true(comparison.parts[0].diff.changes[0].opens);
	assert_int_equal(comparison.aside_count, 0);
	rw_comparison_done(&comparison);
	(void)rw_model_free(old);
	(void)rw_draft_free(draft);
}

static void a_model_does_not_differ_from_itself(void **state)
{
	struct rw_draft *draft = model_world();
	const struct rw_source source = model_source(draft);
	struct rw_comparison comparison = {0};

	(void)state;
	assert_int_equal(rw_compare(&source, &source, &comparison, NULL), 0);
	assert_int_equal(comparison.part_count, 0);
	assert_int_equal(comparison.aside_count, 0);
	rw_comparison_done(&comparison);
	(void)rw_draft_free(draft);
}

static void a_member_that_comes_opens_what_its_group_may(void **state)
{
	struct rw_draft *draft = model_world();
	struct rw_model *old = rw_model_dup(rw_draft_model(draft));
	const struct rw_source before = {.model = old};
	struct rw_comparison comparison = {0};
	struct rw_source after;
	size_t parts = 0;

	(void)state;
	world_create(draft, RW_KIND_NODE, world_node("n-3", "vpc-1", "", "sg-web", "10.0.0.3"));
	after = model_source(draft);
	assert_int_equal(rw_compare(&before, &after, &comparison, NULL), 0);
	assert_int_equal(comparison.aside_count, 1);
	assert_string_equal(rw_comparison_note_name(comparison.asides[0].note), "node-new");
	assert_string_equal(comparison.asides[0].node->id, "n-3");
	for (size_t i = 0; i < comparison.part_count; i++)
		for (size_t j = 0; j < comparison.parts[i].node_count; j++)
			parts += strcmp(comparison.parts[i].nodes[j]->id, "n-free") == 0;
	/* n-free accepts the database port from 10.0.0.3 now. */
	assert_int_equal(parts, 1);
	rw_comparison_done(&comparison);
	(void)rw_model_free(old);
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happens_to_a_cluster_reads_as_one),
		cmocka_unit_test(a_model_does_not_differ_from_itself),
		cmocka_unit_test(a_member_that_comes_opens_what_its_group_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
