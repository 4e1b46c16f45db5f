/* SPDX-License-Identifier: Apache-2.0 */

/* What lint finds, by example; that it is exact is shown in tests/exhaustive/test_analyze.c. */

#include "world.h"

#include "analyze/lint.h"

static struct rw_policy *derive(const struct rw_draft *draft, const char *node)
{
	const struct rw_policy_surroundings surroundings = {0};
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_policy_derive(rw_draft_model(draft), node, &surroundings, NULL, &policy, NULL),
			 0);
	return policy;
}

static void append(char *text, const char *more)
{
	assert_true(strlen(text) + strlen(more) < 1000);
	strcat(text, more);
}

/* "kind:rule<cause,cause>; ..." in order of the report. */
static void format(const struct rw_lint_report *report, char *text)
{
	text[0] = '\0';
	for (size_t i = 0; i < report->count; i++) {
		const struct rw_lint_finding *finding = &report->list[i];

		append(text, i ? "; " : "");
		append(text, rw_lint_kind_name(finding->kind));
		append(text, ":");
		append(text, finding->rule->id);
		for (size_t j = 0; j < finding->cause_count; j++) {
			append(text, j ? "," : "<");
			append(text, finding->causes[j].rule ? finding->causes[j].rule->id
							     : rw_cause_name(finding->causes[j].cause));
		}
	}
}

/* Lints node "n" of sg-free and sg-other under 'rules' ("group: rule"), and looks at the text of the report. */
static void check(const char *const *rules, size_t count, const char *wanted, struct rw_lint_mend *ret_mend)
{
	struct rw_draft *draft = world_vpc();
	struct rw_lint_report report = {0};
	struct rw_policy *policy;
	char text[1024];

	world_create(draft, RW_KIND_GROUP, world_group("sg-other", "vpc-1"));
	world_create(draft, RW_KIND_GROUP, world_group("sg-empty", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-two", "vpc-1", "", "sg-free,sg-other", "10.0.0.10"));
	for (size_t i = 0; i < count; i++) {
		char group[16];

		assert_int_equal(sscanf(rules[i], "%15s", group), 1);
		world_add_rule(draft, group, rules[i] + strlen(group) + 1);
	}
	policy = derive(draft, "n-two");
	assert_int_equal(rw_lint(&(struct rw_lint_input){.views = &(struct rw_view){.policy = policy},
							 .view_count = 1},
				 &report, NULL),
			 0);
	format(&report, text);
	assert_string_equal(text, wanted);
	if (ret_mend)
		*ret_mend = report.list[report.count - 1].mend;
	rw_lint_report_done(&report);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

#define CHECK(wanted, mend, ...)                                                                             \
	check((const char *const[]){__VA_ARGS__}, RW_ARRAY_COUNT(((const char *const[]){__VA_ARGS__})),      \
	      wanted, mend)

static void finds_a_rule_behind_a_stronger_one(void **state)
{
	struct rw_lint_mend mend;

	(void)state;
	CHECK("shadowed:sgr-b<sgr-a", &mend, "sg-free sgr-a in drop tcp 1/100 0.0.0.0/0 1",
	      "sg-free sgr-b in accept tcp 22/22 10.9.0.0/16 5");
	assert_int_equal(mend.action, RW_LINT_REMOVE);
	assert_true(mend.keeps_meaning && mend.together);
}

static void finds_a_rule_that_several_cover(void **state)
{
	(void)state;
	CHECK("shadowed:sgr-c<sgr-a,sgr-b", NULL, "sg-free sgr-a in drop tcp 22/22 128.0.0.0/1 1",
	      "sg-other sgr-b in drop tcp 22/22 0.0.0.0/1 2",
	      "sg-free sgr-c in accept tcp 22/22 0.0.0.0/0 5");
}

static void finds_a_rule_that_says_what_holds_anyway(void **state)
{
	(void)state;
	CHECK("redundant:sgr-a<default; redundant:sgr-b<sgr-c", NULL,
	      "sg-free sgr-a in drop udp 53/53 0.0.0.0/0 1",
	      "sg-free sgr-b in accept tcp 443/443 198.51.100.0/24 1",
	      "sg-free sgr-c in accept tcp 443/443 0.0.0.0/0 9");
}

static void finds_what_two_groups_say(void **state)
{
	(void)state;
	CHECK("duplicate:sgr-a<sgr-b; duplicate:sgr-b<sgr-a", NULL,
	      "sg-free sgr-a in accept tcp 443/443 0.0.0.0/0 1",
	      "sg-other sgr-b in accept tcp 443/443 0.0.0.0/0 1");
}

static void finds_objects_without_members(void **state)
{
	struct rw_lint_mend mend;

	(void)state;
	CHECK("matches-nobody:sgr-a", &mend, "sg-free sgr-a in accept tcp 443/443 sg-empty 1");
	assert_int_equal(mend.action, RW_LINT_REMOVE);
}

static void finds_ties_between_accept_and_drop(void **state)
{
	struct rw_lint_mend mend;

	(void)state;
	CHECK("conflict:sgr-a<sgr-b", &mend, "sg-free sgr-a in accept tcp 22/22 0.0.0.0/0 5",
	      "sg-free sgr-b in drop tcp 22/22 203.0.113.0/24 5");
	assert_int_equal(mend.action, RW_LINT_WEAKEN);
	assert_int_equal(mend.priority, 6);
}

static void offers_no_mend_that_would_change_a_verdict(void **state)
{
	struct rw_lint_mend mend;

	(void)state;
	CHECK("shadowed:sgr-c<sgr-a; conflict:sgr-a<sgr-b", &mend,
	      "sg-free sgr-a in accept tcp 22/22 0.0.0.0/0 5",
	      "sg-free sgr-b in drop tcp 22/22 203.0.113.0/24 5",
	      "sg-free sgr-c in drop tcp 22/22 198.51.100.0/24 6");
	assert_int_equal(mend.action, RW_LINT_NOTHING);
}

static void merges_ports_that_touch(void **state)
{
	struct rw_lint_mend mend;

	(void)state;
	CHECK("mergeable:sgr-a<sgr-b,sgr-c", &mend, "sg-free sgr-a in accept tcp 80/80 0.0.0.0/0",
	      "sg-free sgr-b in accept tcp 81/90 0.0.0.0/0", "sg-free sgr-c in accept tcp 85/99 0.0.0.0/0",
	      "sg-free sgr-d in accept tcp 101/101 0.0.0.0/0");
	assert_int_equal(mend.ports.first, 80);
	assert_int_equal(mend.ports.last, 99);
}

static void merges_halves_of_a_prefix(void **state)
{
	struct rw_lint_mend mend;
	struct rw_prefix whole = world_prefix("10.8.0.0/14");

	(void)state;
	CHECK("mergeable:sgr-a<sgr-b,sgr-c", &mend, "sg-free sgr-a in accept tcp 80/80 10.8.0.0/15",
	      "sg-free sgr-b in accept tcp 80/80 10.10.0.0/16",
	      "sg-free sgr-c in accept tcp 80/80 10.11.0.0/16");
	assert_int_equal(rw_prefix_compare(&mend.object.cidr, &whole), 0);
}

static void rules_of_two_groups_are_not_merged(void **state)
{
	(void)state;
	CHECK("", NULL, "sg-free sgr-a in accept tcp 80/80 0.0.0.0/0",
	      "sg-other sgr-b in accept tcp 81/81 0.0.0.0/0");
}

static void a_rule_must_be_superfluous_on_all_interfaces(void **state)
{
	struct rw_draft *draft = world_vpc();
	struct rw_lint_report report = {0};
	struct rw_policy *both, *one;
	char text[1024];

	(void)state;
	world_create(draft, RW_KIND_GROUP, world_group("sg-other", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-two", "vpc-1", "", "sg-free,sg-other", "10.0.0.10"));
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 443/443 0.0.0.0/0 5");
	world_add_rule(draft, "sg-other", "sgr-a in accept tcp 443/443 0.0.0.0/0 1");
	both = derive(draft, "n-two");
	one = derive(draft, "n-free");
	assert_int_equal(rw_lint(&(struct rw_lint_input){.views = (struct rw_view[]){{.policy = both},
										     {.policy = one}},
							 .view_count = 2},
				 &report, NULL),
			 0);
	format(&report, text);
	/* On n-free sgr-b alone opens 443. */
	assert_string_equal(text, "duplicate:sgr-a<sgr-b");
	rw_lint_report_done(&report);
	(void)rw_policy_unref(both);
	(void)rw_policy_unref(one);
	(void)rw_draft_free(draft);
}

static void tells_what_was_never_hit(void **state)
{
	const struct rw_lint_hits hits[] = {{"sgr-a", 5, 1000}, {"sgr-b", 0, 86400000}};
	struct rw_draft *draft = world_vpc();
	struct rw_lint_report report = {0};
	struct rw_policy *policy;

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-a in accept tcp 443/443 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 80/80 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-c in accept tcp 22/22 0.0.0.0/0");
	policy = derive(draft, "n-free");
	assert_int_equal(rw_lint(&(struct rw_lint_input){.views = &(struct rw_view){.policy = policy},
							 .view_count = 1,
							 .hits = hits,
							 .hit_count = 2},
				 &report, NULL),
			 0);
	assert_int_equal(report.count, 1);
	assert_int_equal(report.list[0].kind, RW_LINT_NEVER_HIT);
	assert_string_equal(report.list[0].rule->id, "sgr-b");
	assert_int_equal(report.list[0].watched_ms, 86400000);
	assert_false(report.list[0].mend.keeps_meaning);
	rw_lint_report_done(&report);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_rule_behind_a_stronger_one),
		cmocka_unit_test(finds_a_rule_that_several_cover),
		cmocka_unit_test(finds_a_rule_that_says_what_holds_anyway),
		cmocka_unit_test(finds_what_two_groups_say),
		cmocka_unit_test(finds_objects_without_members),
		cmocka_unit_test(finds_ties_between_accept_and_drop),
		cmocka_unit_test(offers_no_mend_that_would_change_a_verdict),
		cmocka_unit_test(merges_ports_that_touch),
		cmocka_unit_test(merges_halves_of_a_prefix),
		cmocka_unit_test(rules_of_two_groups_are_not_merged),
		cmocka_unit_test(a_rule_must_be_superfluous_on_all_interfaces),
		cmocka_unit_test(tells_what_was_never_hit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
