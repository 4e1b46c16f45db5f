/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "controller/history.h"
#include "controller/snapshot.h"

static struct fixture fx;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

/* The model at a revision, as text. */
static char *text_at(uint64_t revision, unsigned int *ret_steps)
{
	RW_CLEANUP(rw_history_free) struct rw_history *history = NULL;
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	struct rw_error err = RW_ERROR_NONE;
	unsigned int steps = 0;
	int r = rw_history_new(fx.controller, "from", revision, &history, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	do {
		r = rw_history_step(history, &err);
		steps++;
	} while (r == RW_HISTORY_MORE);
	if (r < 0)
		fail_msg("%s", err.text);
	model = rw_history_take_model(history);
	assert_non_null(model);
	if (ret_steps)
		*ret_steps = steps;
	return fixture_text(model);
}

/* What the model was after each change, by revision. */
struct past {
	char *texts[64];
	uint64_t count;
};

static void note(struct past *past)
{
	while (past->count < rw_controller_revision(fx.controller))
		past->texts[past->count++] = fixture_text(rw_controller_model(fx.controller));
	assert_true(past->count < RW_ARRAY_COUNT(past->texts));
}

static void has_every_model_that_was(void **state)
{
	char key[RW_TOKEN_SIZE];
	struct past past = {0};
	uint64_t first;

	(void)state;
	fixture_vpc(&fx);
	first = past.count = rw_controller_revision(fx.controller) - 1;
	note(&past);
	fixture_add_rule(&fx, "sg-c1", "sgr-new in accept tcp 6379/6379 198.51.100.0/24");
	note(&past);
	fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	note(&past);
	fixture_revoke(&fx, "sg-c1", "sgr-new");
	note(&past);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_PREFIX_LIST, .reference = "pl-1"});
	note(&past);
	/* A revision that changed no object. */
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "reader", RW_ROLE_VIEWER, 0, key, NULL), 0);
	note(&past);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_CLUSTER, .reference = "c1"});
	note(&past);
	for (uint64_t i = first; i < past.count; i++) {
		RW_CLEANUP(rw_free) char *text = text_at(i + 1, NULL);

		assert_string_equal(text, past.texts[i]);
		free(past.texts[i]);
	}
}

static void begins_with_nothing(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *empty = rw_model_new();
	RW_CLEANUP(rw_free) char *nothing = fixture_text(empty);
	RW_CLEANUP(rw_free) char *text = NULL;

	(void)state;
	fixture_vpc(&fx);
	text = text_at(1, NULL);
	assert_string_equal(text, nothing);
}

static void reading_the_past_changes_nothing_of_now(void **state)
{
	RW_CLEANUP(rw_free) char *before = NULL;
	RW_CLEANUP(rw_free) char *after = NULL;
	RW_CLEANUP(rw_free) char *past = NULL;
	struct inventory *inventory = &fx.controller->inventory;
	uint64_t sequence, revision, object;

	(void)state;
	fixture_vpc(&fx);
	fixture_add_rule(&fx, "sg-free", "- in accept tcp 80/80 0.0.0.0/0");
	sequence = inventory->audit_sequence;
	revision = inventory->revision;
	object = rw_controller_object_revision(fx.controller, RW_KIND_GROUP, "sg-free");
	before = fixture_text(inventory->model);
	past = text_at(2, NULL);
	after = fixture_text(inventory->model);
	assert_string_not_equal(past, before);
	assert_string_equal(after, before);
	assert_int_equal(inventory->audit_sequence, sequence);
	assert_int_equal(inventory->revision, revision);
	assert_int_equal(rw_controller_object_revision(fx.controller, RW_KIND_GROUP, "sg-free"), object);
	assert_int_equal(fx.controller->nodes.count, 3);
	fixture_add_rule(&fx, "sg-free", "- in accept tcp 81/81 0.0.0.0/0");
}

/* A change of several transactions holds as a whole at each of their revisions. */
static void a_large_change_is_whole_at_each_of_its_revisions(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	RW_CLEANUP(rw_free) char *whole = NULL;
	RW_CLEANUP(rw_free) char *empty = text_at(1, NULL);
	bool is_whole = false;
	uint64_t last;

	(void)state;
	for (int i = 0; i < 300; i++) {
		char id[32], address[32];

		(void)snprintf(id, sizeof(id), "n-x%d", i);
		(void)snprintf(address, sizeof(address), "10.0.%d.%d", 1 + i / 200, 1 + i % 200);
		world_create(draft, RW_KIND_NODE, world_node(id, "vpc-1", "", "sg-free", address));
	}
	model = rw_draft_dup_model(draft);
	whole = fixture_text(model);
	assert_int_equal(rw_change_import(fx.controller, &fx.alice, model, &result, NULL), 0);
	fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	last = rw_controller_revision(fx.controller) - 1;
	assert_true(last > result.revision + 1);
	for (uint64_t revision = 1; revision <= last; revision++) {
		unsigned int steps;
		RW_CLEANUP(rw_free) char *text = text_at(revision, &steps);

		is_whole = revision >= result.revision;
		assert_string_equal(text, is_whole ? whole : empty);
		if (revision == last)
			assert_true(steps > RW_KIND_COUNT_); /* nobody waits for all of it at once */
	}
	assert_true(is_whole);
}

static int refused(uint64_t revision, struct rw_error *err)
{
	RW_CLEANUP(rw_history_free) struct rw_history *history = NULL;

	*err = RW_ERROR_NONE;
	return rw_history_new(fx.controller, "from", revision, &history, err);
}

static void what_is_gone_or_to_come_is_refused_with_what_there_is(void **state)
{
	RW_CLEANUP(rw_history_free) struct rw_history *history = NULL;
	struct rw_error err;
	char text[64];

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(refused(0, &err), -EINVAL);
	assert_int_equal(refused(rw_controller_revision(fx.controller) + 1, &err), -EINVAL);
	assert_string_equal(err.field, "from");
	assert_int_equal(rw_history_new(fx.controller, "from", 3, &history, NULL), 0);
	while (rw_store_compact(fx.store, 5, NULL) == RW_STORE_MORE)
		;
	assert_int_equal(refused(4, &err), -ENOENT);
	(void)snprintf(text, sizeof(text), "the oldest one is 5");
	assert_non_null(strstr(err.text, text));
	assert_string_equal(err.field, "from");
	assert_int_equal(rw_history_step(history, &err), -ENOENT); /* in the midst of reading, too */
	assert_non_null(strstr(err.text, text));
	assert_int_equal(refused(5, &err), 0);
}

/* Policies of a snapshot are those that agents are told. */
static void a_snapshot_derives_as_the_controller_does(void **state)
{
	RW_CLEANUP(rw_snapshot_free) struct rw_snapshot *snapshot = NULL;
	struct rw_source source;

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(rw_snapshot_new(fx.controller, NULL, &snapshot, NULL), 0);
	source = rw_snapshot_source(snapshot);
	for (size_t i = 0; i < rw_model_count(source.model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(source.model, RW_KIND_NODE, i);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *one = NULL;
		RW_CLEANUP(rw_policy_unref) struct rw_policy *other = NULL;
		struct rw_policy_digest a, b;

		assert_int_equal(rw_source_derive(&source, node->id, &one, NULL), 0);
		assert_int_equal(rw_controller_derive(fx.controller, rw_controller_model(fx.controller),
						      node->id, &other, NULL),
				 0);
		a = rw_policy_digest(one);
		b = rw_policy_digest(other);
		assert_memory_equal(&a, &b, sizeof(a));
	}
	/* What comes later is not in it. */
	fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	assert_int_equal(rw_model_count(source.model, RW_KIND_PREFIX_LIST), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(has_every_model_that_was),
		T(begins_with_nothing),
		T(reading_the_past_changes_nothing_of_now),
		T(a_large_change_is_whole_at_each_of_its_revisions),
		T(what_is_gone_or_to_come_is_refused_with_what_there_is),
		T(a_snapshot_derives_as_the_controller_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
