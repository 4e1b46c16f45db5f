/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

/*
 * Changes that are larger than one transaction, and the controller dying at every transaction on the way.
 * Linked with -Wl,--wrap=rw_store_commit and rw_store_list.
 */

static struct fixture fx;
static int commits_left; /* then the store fails; -1 = never */
static bool unreadable;  /* the store does not answer who reads */
static int clean_before; /* before this commit somebody deletes all staged pages; -1 = never */

int __real_rw_store_commit(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
			   struct rw_error *err);
int __wrap_rw_store_commit(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
			   struct rw_error *err);

static void delete_staged_pages(struct rw_store *store)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_delete_prefix(&txn, RW_LAYOUT_STAGED_PAGES);
	assert_int_equal(__real_rw_store_commit(store, &txn, NULL, NULL), 0);
}

int __wrap_rw_store_commit(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
			   struct rw_error *err)
{
	if (clean_before == 0)
		delete_staged_pages(store);
	if (clean_before >= 0)
		clean_before--;
	if (commits_left == 0)
		return rw_error_set(err, -EIO, "the store died");
	if (commits_left > 0)
		commits_left--;
	return __real_rw_store_commit(store, txn, ret_revision, err);
}

int __real_rw_store_list(struct rw_store *store, const struct rw_store_query *query,
			 struct rw_store_page *ret_page, struct rw_error *err);
int __wrap_rw_store_list(struct rw_store *store, const struct rw_store_query *query,
			 struct rw_store_page *ret_page, struct rw_error *err);

int __wrap_rw_store_list(struct rw_store *store, const struct rw_store_query *query,
			 struct rw_store_page *ret_page, struct rw_error *err)
{
	if (unreadable)
		return rw_error_set(err, -EHOSTDOWN, "the store does not answer");
	return __real_rw_store_list(store, query, ret_page, err);
}

static int setup(void **state)
{
	(void)state;
	unreadable = false;
	commits_left = -1;
	clean_before = -1;
	fixture_init(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	commits_left = -1;
	fixture_done(&fx);
	return 0;
}

/* A model of 400 nodes and 300 rules: some 5 transactions. */
static struct rw_model *large_model(void)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();
	char id[32];
	char text[80];

	for (int i = 0; i < 400; i++) {
		(void)snprintf(id, sizeof(id), "n-x%d", i);
		(void)snprintf(text, sizeof(text), "10.0.%d.%d", 1 + i / 200, 1 + i % 200);
		world_create(draft, RW_KIND_NODE, world_node(id, "vpc-1", "", "sg-free", text));
	}
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text), "- in accept tcp %d/%d 0.0.0.0/0", 1000 + i, 1000 + i);
		world_add_rule(draft, "sg-free", text);
	}
	return rw_draft_dup_model(draft);
}

static size_t staged_keys(void)
{
	struct rw_store_query query = {.prefix = RW_LAYOUT_STAGED_PAGES};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};

	assert_int_equal(rw_store_list(fx.store, &query, &page, NULL), 0);
	return page.count;
}

static void imports_a_model_of_any_size_as_one_change(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = large_model();
	RW_CLEANUP(rw_free) char *text = fixture_text(model);
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	RW_CLEANUP(rw_free) char *folded = NULL;
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	fixture_second(&fx);
	if (rw_change_import(fx.controller, &fx.alice, model, &result, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	folded = fixture_text(rw_controller_model(fx.controller));
	assert_string_equal(folded, text);
	rw_controller_tick(fx.second);
	fixture_assert_same_model(fx.controller, fx.second);
	fixture_restart(&fx);
	fixture_assert_same_model(fx.controller, fx.second);
	assert_int_equal(staged_keys(), 0);
	assert_int_equal(fx.controller->inventory.staged_revision, 0);
	assert_int_equal(rw_audit_list(fx.controller, 0, 10, &page, NULL), 0);
	assert_int_equal(page.count, 1);
	rw_change_result_done(&result);
	assert_int_equal(rw_change_import(fx.controller, &fx.alice, model, &result, &err), -EBUSY);
}

static int create_many(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	int r = 0;

	(void)userdata;
	for (int i = 0; r == 0 && i < 200; i++) {
		char id[16];
		char address[32];

		(void)snprintf(id, sizeof(id), "n-y%d", i);
		(void)snprintf(address, sizeof(address), "10.0.9.%d", i + 1);
		r = rw_edit_create(draft, RW_KIND_NODE, world_node(id, "vpc-1", "", "sg-free", address), NULL,
				   err);
	}
	return r;
}

/* Also where it is followed late, when it is carried out and its pages are gone: no node gets a part of it. */
static void a_large_change_comes_in_one_step_to_other_controllers(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = large_model();
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	struct rw_change_request request = {.actor = &fx.alice, .action = "test", .edit = create_many};
	struct rw_controller *second = fixture_second(&fx);
	const struct waits *waits = &second->waits;

	(void)state;
	assert_int_equal(rw_change_import(fx.controller, &fx.alice, model, &result, NULL), 0);
	rw_change_result_done(&result);
	rw_controller_tick(second);
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	assert_int_equal(result.concerned, 401);
	rw_controller_tick(second);
	assert_int_equal(rw_change_progress_get(second, result.revision, &progress, NULL), 0);
	assert_int_equal(progress.count, 401);
	for (size_t i = 0; i < waits->count; i++) {
		const struct concerned_change *change = &waits->changes[(waits->first + i) % waits->capacity];

		assert_true(change->revision <= result.revision || change->nodes->count == 0);
	}
	fixture_assert_same_model(fx.controller, second);
}

static void a_large_change_is_read_again_when_the_store_did_not_answer(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = large_model();
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct rw_controller *second = fixture_second(&fx);

	(void)state;
	assert_int_equal(rw_change_import(fx.controller, &fx.alice, model, &result, NULL), 0);
	unreadable = true;
	rw_controller_tick(second);
	assert_int_equal(rw_model_count(rw_controller_model(second), RW_KIND_NODE), 0);
	unreadable = false;
	rw_controller_tick(second);
	fixture_assert_same_model(fx.controller, second);
	assert_int_equal(rw_controller_ready(second, NULL), 0);
}

static void a_large_deletion_is_one_change_too(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = large_model();
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct rw_prefix_list *list = world_list("pl-1", 4, "192.0.2.0/24");

	(void)state;
	assert_int_equal(rw_change_import(fx.controller, &fx.alice, model, &result, NULL), 0);
	for (int i = 0; i < 200; i++) {
		char id[16];
		char address[32];

		(void)snprintf(id, sizeof(id), "n-c%d", i);
		(void)snprintf(address, sizeof(address), "10.0.9.%d", i + 1);
		fixture_create(&fx, RW_KIND_NODE, world_node(id, "vpc-1", "c1", "", address));
	}
	fixture_second(&fx);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_CLUSTER, .reference = "c1"});
	assert_int_equal(rw_model_count(rw_controller_model(fx.controller), RW_KIND_NODE), 401);
	fixture_create(&fx, RW_KIND_PREFIX_LIST, list);
	rw_controller_tick(fx.second);
	fixture_assert_same_model(fx.controller, fx.second);
	fixture_restart(&fx);
	fixture_assert_same_model(fx.controller, fx.second);
}

static void a_crash_at_any_transaction_leaves_all_or_nothing(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = large_model();
	RW_CLEANUP(rw_free) char *whole = fixture_text(model);
	unsigned int empty = 0;
	unsigned int complete = 0;

	(void)state;
	for (int commits = 0; complete < 8; commits++) {
		RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
		RW_CLEANUP(rw_free) char *text = NULL;
		int r;

		commits_left = commits;
		r = rw_change_import(fx.controller, &fx.alice, model, &result, NULL);
		commits_left = -1;
		fixture_restart(&fx);
		text = fixture_text(rw_controller_model(fx.controller));
		if (rw_model_count(rw_controller_model(fx.controller), RW_KIND_NODE)) {
			assert_string_equal(text, whole);
			assert_int_equal(r, 0); /* what is valid was told so */
			complete++;
		} else {
			assert_true(r < 0);
			empty++;
		}
		assert_int_equal(staged_keys(), 0);
		/* Life goes on. */
		fixture_create(&fx, RW_KIND_NETWORK,
			       world_network("vpc-2", RW_NETWORK_VPC, "192.168.0.0/16"));
		teardown(NULL);
		setup(NULL);
	}
	assert_true(empty >= 2);
}

/* Another controller starts and takes the pages for those of a crash. */
static void survives_the_loss_of_its_pages(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = large_model();
	RW_CLEANUP(rw_free) char *whole = fixture_text(model);
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	RW_CLEANUP(rw_free) char *text = NULL;

	(void)state;
	clean_before = 1; /* the page is written, the change is not valid yet */
	assert_int_equal(rw_change_import(fx.controller, &fx.alice, model, &result, NULL), 0);
	fixture_restart(&fx);
	text = fixture_text(rw_controller_model(fx.controller));
	assert_string_equal(text, whole);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(imports_a_model_of_any_size_as_one_change),
		T(a_large_change_comes_in_one_step_to_other_controllers),
		T(a_large_change_is_read_again_when_the_store_did_not_answer),
		T(a_large_deletion_is_one_change_too),
		T(a_crash_at_any_transaction_leaves_all_or_nothing),
		T(survives_the_loss_of_its_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
