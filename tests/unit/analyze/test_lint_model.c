/* SPDX-License-Identifier: Apache-2.0 */

/* Lint of the groups of a model. */

#include "model.h"

#include "analyze/lint_model.h"

/* "kind:rule ..." */
static void check(const struct rw_draft *draft, const char *scope_text, const char *wanted)
{
	const struct rw_source source = model_source(draft);
	struct rw_model_lint lint = {0};
	struct rw_scope scope;
	char text[1024] = "";

	assert_int_equal(rw_scope_find(source.model, "scope", scope_text, &scope, NULL), 0);
	assert_int_equal(rw_lint_model(&source, &scope, NULL, 0, &lint, NULL), 0);
	for (size_t i = 0; i < lint.report.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s:%s", i ? " " : "",
			 rw_lint_kind_name(lint.report.list[i].kind), lint.report.list[i].rule->id);
	assert_string_equal(text, wanted);
	rw_model_lint_done(&lint);
}

static void judges_rules_where_they_are_in_force(void **state)
{
	struct rw_draft *draft = model_world();

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-more in accept tcp 5432/5432 10.0.0.21/32 9");
	check(draft, "group:sg-free", "shadowed:sgr-more");
	check(draft, "n-free", "shadowed:sgr-more");
	check(draft, "group:sg-web", "");
	check(draft, NULL, "shadowed:sgr-more");
	(void)rw_draft_free(draft);
}

static void a_rule_may_be_needed_on_another_node(void **state)
{
	struct rw_draft *draft = model_world();

	(void)state;
	world_create(draft, RW_KIND_GROUP, world_group("sg-wide", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-both", "vpc-1", "", "sg-free,sg-wide", "10.0.0.20"));
	world_add_rule(draft, "sg-wide", "sgr-wide in accept tcp 5432/5432 0.0.0.0/0 1");
	/* On n-both the rule of sg-free is redundant, on n-free it is all there is. */
	check(draft, "group:sg-free", "");
	(void)rw_draft_free(draft);
}

static void a_group_without_members_is_judged_alone(void **state)
{
	struct rw_draft *draft = model_world();

	(void)state;
	world_create(draft, RW_KIND_GROUP, world_group("sg-new", "vpc-1"));
	world_add_rule(draft, "sg-new", "sgr-a in accept tcp 80/80 0.0.0.0/0");
	world_add_rule(draft, "sg-new", "sgr-b in accept tcp 81/81 0.0.0.0/0");
	check(draft, "group:sg-new", "mergeable:sgr-a");
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_rules_where_they_are_in_force),
		cmocka_unit_test(a_rule_may_be_needed_on_another_node),
		cmocka_unit_test(a_group_without_members_is_judged_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
