/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "controller/tightening.h"

static struct fixture fx;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

/* A step of a tightening of sg-c1, or its way back. */
static int run(struct step step, bool back, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	const struct rw_change_request request = {.actor = &fx.alice,
						  .action = "tighten: test",
						  .edit = fixture_edit,
						  .userdata = &step,
						  .tightens = back ? NULL : "sg-c1",
						  .loosens = back ? "sg-c1" : NULL,
						  .force = {.bits = ~0u}};

	return rw_change_run(fx.controller, &request, &result, err);
}

static void add(const char *text)
{
	struct rw_error err = RW_ERROR_NONE;

	if (run((struct step){STEP_ADD_RULE, .reference = "sg-c1", .text = text}, false, &err) != 0)
		fail_msg("%s", err.text);
}

static void delete_by_step(const char *id)
{
	assert_int_equal(run((struct step){STEP_REVOKE, .reference = "sg-c1", .text = id}, false, NULL), 0);
}

/* "sgr-a sgr-b|sgr-c": what came back would be, and what would go. */
static void expect(const char *expected)
{
	RW_CLEANUP(rw_tightening_done) struct rw_tightening tightening;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	rw_buf_init(&text, 1 << 16);
	assert_int_equal(rw_tightening_read(fx.controller, "sg-c1", &tightening, NULL), 0);
	for (size_t i = 0; i < tightening.deleted.count; i++)
		(void)rw_buf_append_format(&text, "%s%s", i ? " " : "",
					   (*(struct rw_rule **)rw_vec_at(&tightening.deleted, i))->id);
	(void)rw_buf_append_text(&text, "|");
	for (size_t i = 0; i < tightening.added.count; i++)
		(void)rw_buf_append_format(&text, "%s%s", i ? " " : "",
					   (const char *)rw_vec_at(&tightening.added, i));
	assert_string_equal(text.data, expected);
}

/* However much else was changed in between, and however little of that the change log keeps. */
static void the_way_back_outlives_the_change_log(void **state)
{
	(void)state;
	fixture_add_rule(&fx, "sg-c1", "sgr-loose in accept all -1/-1 0.0.0.0/0");
	expect("|");
	add("sgr-http in accept tcp 8080/8080 0.0.0.0/0");
	add("sgr-mail in accept tcp 25/25 0.0.0.0/0");
	fixture_add_rule(&fx, "sg-c1", "sgr-other in accept tcp 81/81 0.0.0.0/0");
	delete_by_step("sgr-loose");
	expect("sgr-loose|sgr-http sgr-mail");
	/* Of no step any more: what a step added and another deleted. */
	delete_by_step("sgr-mail");
	expect("sgr-loose|sgr-http");
	fixture_restart(&fx);
	expect("sgr-loose|sgr-http");
	fixture_assert_same_model(fx.controller, fixture_second(&fx));
}

static void the_way_back_goes_with_its_undo(void **state)
{
	(void)state;
	add("sgr-http in accept tcp 8080/8080 0.0.0.0/0");
	expect("|sgr-http");
	assert_int_equal(
		run((struct step){STEP_REVOKE, .reference = "sg-c1", .text = "sgr-http"}, true, NULL), 0);
	expect("|");
}

static void the_way_back_goes_with_its_group(void **state)
{
	(void)state;
	add("sgr-http in accept tcp 8080/8080 0.0.0.0/0");
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-1"});
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-2"});
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_CLUSTER, .reference = "c1"});
	assert_null(rw_model_find_group(rw_controller_model(fx.controller), "sg-c1"));
	expect("|");
}

/* Revokes a rule whose description is as long as it may be. */
static int revoke_wordy(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	return rw_edit_revoke_rules(draft, "sg-c1", (const char *const[]){userdata}, 1, NULL, err);
}

static int add_wordy(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	char text[96];
	struct rw_rule *rule;

	(void)snprintf(text, sizeof(text), "%s in accept tcp 1/1 198.51.100.0/24", (const char *)userdata);
	rule = world_rule(text);
	free(rule->description);
	rule->description = malloc(2049);
	for (size_t i = 0; i < 512; i++)
		memcpy(rule->description + 4 * i, "\xf0\x9f\x94\x92", 5);
	return rw_edit_add_rules(draft, "sg-c1", &rule, 1, NULL, err);
}

/* Refused before anything is done, not when it is to be undone. */
static void a_step_that_could_not_be_undone_is_refused(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	unsigned int steps = 0;
	int r = 0;

	(void)state;
	while (r == 0 && steps < 400) {
		struct rw_change_request request = {
			.actor = &fx.alice, .action = "test", .edit = add_wordy, .force = {.bits = ~0u}};
		struct rw_change_result result;
		char id[24];

		(void)snprintf(id, sizeof(id), "sgr-%u", steps);
		request.userdata = id;
		r = rw_change_run(fx.controller, &request, &result, &err);
		rw_change_result_done(&result);
		if (r != 0)
			fail_msg("%s: %s", err.field, err.text);
		request.edit = revoke_wordy;
		request.tightens = "sg-c1";
		r = rw_change_run(fx.controller, &request, &result, &err);
		rw_change_result_done(&result);
		steps += r == 0;
	}
	assert_int_equal(r, -EDQUOT);
	assert_non_null(strstr(err.text, "way back"));
	/* The rule of the step that was refused is there, all others are in the way back. */
	assert_int_equal(rw_model_find_group(rw_controller_model(fx.controller), "sg-c1")->rules[0]->id[0],
			 's');
	{
		RW_CLEANUP(rw_tightening_done) struct rw_tightening tightening;

		assert_int_equal(rw_tightening_read(fx.controller, "sg-c1", &tightening, NULL), 0);
		assert_int_equal(tightening.deleted.count, steps);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_way_back_outlives_the_change_log),
		TEST(the_way_back_goes_with_its_undo),
		TEST(the_way_back_goes_with_its_group),
		TEST(a_step_that_could_not_be_undone_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
