/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "controller/authority.h"
#include "controller/first_key.h"
#include "controller/key.h"
#include "controller/master_key.h"
#include "controller/shared_authority.h"
#include "scratch.h"

/* Two controllers with a folder each, one after the other on the same store. */
static struct fixture fx;
static struct rw_state_folder folder; /* of the one that is open */
static char path[SCRATCH_SIZE];
static char first[64], second[64];

static int open_folder(const char *state, struct rw_error *err)
{
	rw_state_folder_done(&folder);
	return rw_state_folder_open(state, NULL, 0, &fx.clock.clock, rw_random_system(), &folder, err);
}

/* As the daemon does once it has pulled. */
static int serve(const char *state, struct rw_error *err)
{
	int r = open_folder(state, err);

	if (r < 0)
		return r;
	fx.options.master_key = &folder.master_key;
	fx.options.ca_cert_pem = folder.ca_cert_pem;
	fx.options.ca_key_pem = folder.ca_key_pem;
	fx.options.trust_pem = folder.trust_pem;
	fx.options.folder = &folder;
	fx.options.shared = true;
	fixture_restart(&fx);
	r = rw_master_key_settle(fx.controller, err);
	return r < 0 ? r : rw_shared_authority_push(fx.controller, err);
}

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	scratch_make(path);
	(void)snprintf(first, sizeof(first), "%s/first", path);
	(void)snprintf(second, sizeof(second), "%s/second", path);
	assert_int_equal(serve(first, NULL), 0);
	assert_true(folder.made);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	rw_state_folder_done(&folder);
	return scratch_remove(path);
}

static const char *in(const char *state, const char *name)
{
	static char file[128];

	(void)snprintf(file, sizeof(file), "%s/%s", state, name);
	return file;
}

static bool exists(const char *state, const char *name)
{
	return access(in(state, name), F_OK) == 0;
}

/* The operator's part. */
static void copy_master_key(const char *from, const char *to)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_file_make_folder(to, 0700, NULL), 0);
	assert_int_equal(rw_file_read(in(from, "master-key"), &buf, NULL), 0);
	assert_int_equal(rw_file_write(in(to, "master-key"), buf.data, buf.size, 0600, NULL), 0);
}

static void read_record(struct rw_buf *record)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};

	assert_int_equal(rw_store_get(fx.store, RW_LAYOUT_AUTHORITY, 0, &entry, NULL), 0);
	rw_buf_init(record, 1u << 20);
	assert_int_equal(rw_buf_append(record, entry.value, entry.value_size), 0);
}

static int pull(const char *state, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf record;

	read_record(&record);
	return rw_shared_authority_pull(state, record.data, record.size, rw_random_system(), err);
}

static int take_over(const char *state, struct rw_error *err)
{
	int r = pull(state, err);

	return r < 0 ? r : serve(state, err);
}

static void write_record(const char *text)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, RW_LAYOUT_AUTHORITY, text, strlen(text));
	assert_int_equal(rw_store_commit(fx.store, &txn, NULL, NULL), 0);
}

static void assert_authority(const char *trust, const char *key)
{
	assert_string_equal(folder.trust_pem, trust);
	assert_string_equal(folder.ca_key_pem, key);
}

/* ---- ---- */

static void a_second_controller_has_the_authority_of_the_first(void **state)
{
	RW_CLEANUP(rw_free) char *trust = strdup(folder.trust_pem);
	RW_CLEANUP(rw_free) char *key = strdup(folder.ca_key_pem);
	struct stat status;

	(void)state;
	copy_master_key(first, second);
	assert_int_equal(take_over(second, NULL), 0);
	assert_false(folder.made);
	assert_authority(trust, key);
	assert_int_equal(stat(in(second, "ca-key.pem"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_folder_of_its_own_authority_takes_the_shared_one(void **state)
{
	RW_CLEANUP(rw_free) char *trust = strdup(folder.trust_pem);
	RW_CLEANUP(rw_free) char *key = strdup(folder.ca_key_pem);

	(void)state;
	copy_master_key(first, second);
	assert_int_equal(open_folder(second, NULL), 0);
	assert_true(folder.made);
	assert_int_equal(
		rw_state_folder_introduce_authority(&folder, &fx.clock.clock, rw_random_system(), NULL), 0);
	assert_string_not_equal(folder.ca_key_pem, key);
	assert_int_equal(take_over(second, NULL), 0);
	assert_false(folder.made);
	assert_authority(trust, key);
	assert_int_equal(folder.stage, RW_AUTHORITY_SETTLED);
	assert_false(exists(second, "ca-next-key.pem"));
}

static void the_record_holds_no_key_that_can_be_read(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf record;
	char part[24];

	(void)state;
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), 0);
	read_record(&record);
	assert_non_null(strstr(record.data, "\"next_key\""));
	assert_null(strstr(record.data, "PRIVATE"));
	/* Some of the base64 of the keys. */
	(void)snprintf(part, sizeof(part), "%s", strchr(folder.ca_key_pem, '\n') + 65);
	assert_null(strstr(record.data, part));
	(void)snprintf(part, sizeof(part), "%s", strchr(folder.ca_next_key_pem, '\n') + 65);
	assert_null(strstr(record.data, part));
}

static void says_what_to_copy_where_the_master_key_is_missing(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(pull(second, &err), -ENOENT);
	assert_non_null(strstr(err.text, second));
	assert_non_null(strstr(err.hint, "copy master-key"));
	/* There is a folder to copy it to, and nothing in it. */
	assert_int_equal(rmdir(second), 0);
}

static void refuses_a_record_that_the_master_key_does_not_open(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(open_folder(second, NULL), 0);
	assert_int_equal(pull(second, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, "another master key"));
	assert_non_null(strstr(err.hint, "same file"));
	/* Nor does a controller that did not ask write over it. */
	assert_int_equal(serve(second, &err), -EKEYREJECTED);
	assert_int_equal(take_over(first, NULL), 0);
}

static void refuses_a_store_whose_keys_are_sealed_otherwise(void **state)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	struct rw_error err = RW_ERROR_NONE;
	char token[RW_TOKEN_SIZE];

	(void)state;
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "ci", RW_ROLE_VIEWER, 0, token, NULL), 0);
	rw_store_txn_init(&txn);
	rw_store_txn_delete(&txn, RW_LAYOUT_AUTHORITY);
	assert_int_equal(rw_store_commit(fx.store, &txn, NULL, NULL), 0);
	assert_int_equal(serve(second, &err), -EKEYREJECTED);
	assert_int_equal(rw_store_get(fx.store, RW_LAYOUT_AUTHORITY, 0, &entry, NULL), RW_STORE_NOT_FOUND);
	assert_int_equal(serve(first, NULL), 0);
	assert_int_equal(rw_store_get(fx.store, RW_LAYOUT_AUTHORITY, 0, &entry, NULL), 0);
}

static void refuses_certificates_that_somebody_else_put_there(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf record;
	RW_CLEANUP(rw_buf_done) struct rw_buf forged;
	struct rw_error err = RW_ERROR_NONE;
	const char *at;

	(void)state;
	rw_buf_init(&forged, 1u << 20);
	copy_master_key(first, second);
	read_record(&record);
	/* A line that says nothing before it: the same certificates, but not the text that the key was sealed with. */
	at = strstr(record.data, "-----BEGIN");
	assert_non_null(at);
	(void)rw_buf_append(&forged, record.data, (size_t)(at - record.data));
	(void)rw_buf_append_text(&forged, "x\\n");
	assert_int_equal(rw_buf_append_text(&forged, at), 0);
	assert_int_equal(rw_shared_authority_pull(second, forged.data, forged.size, rw_random_system(), &err),
			 -EKEYREJECTED);
	assert_false(exists(second, "ca.pem"));
}

static void refuses_records_that_it_cannot_read(void **state)
{
	static const struct {
		const char *text;
		int code;
	} bad[] = {
		{"", -EUCLEAN},
		{"{}", -EUCLEAN},
		{"{\"version\":1}", -EUCLEAN},
		{"{\"version\":1,\"trust\":\"x\",\"key\":7}", -EUCLEAN},
		{"{\"version\":1,\"trust\":\"x\",\"key\":\"y\"}", -EKEYREJECTED},
		{"{\"version\":1,\"trust\":\"x\",\"key\":\"\",\"more\":1}", -EUCLEAN},
		{"{\"version\":2,\"trust\":\"x\"}", -EPROTO},
	};

	(void)state;
	copy_master_key(first, second);
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(rw_shared_authority_pull(second, bad[i].text, strlen(bad[i].text),
							  rw_random_system(), &err),
				 bad[i].code);
		assert_int_equal(err.code, bad[i].code);
		assert_true(bad[i].code == -EKEYREJECTED || strstr(err.text, RW_LAYOUT_AUTHORITY));
	}
	assert_false(exists(second, "ca-key.pem"));
	/* A controller does not start on what it cannot read, and writes nothing over it. */
	write_record(bad[6].text);
	assert_int_equal(rw_shared_authority_push(fx.controller, NULL), -EPROTO);
}

static void writes_nothing_that_is_there_already(void **state)
{
	static const char *const names[] = {"ca.pem", "ca-key.pem", "ca-next-key.pem"};
	struct stat before[RW_ARRAY_COUNT(names)], after;
	uint64_t revision;

	(void)state;
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), 0);
	revision = rw_store_revision(fx.store);
	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++)
		assert_int_equal(stat(in(first, names[i]), &before[i]), 0);
	assert_int_equal(take_over(first, NULL), 0);
	assert_int_equal(rw_shared_authority_push(fx.controller, NULL), 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		assert_int_equal(stat(in(first, names[i]), &after), 0);
		assert_int_equal(before[i].st_ino, after.st_ino);
	}
	assert_int_equal(rw_store_revision(fx.store), revision);
}

static void each_step_reaches_who_takes_over(void **state)
{
	const struct {
		int (*step)(struct rw_controller *controller, const struct rw_actor *actor, bool force,
			    struct rw_error *err);
		enum rw_authority_stage stage;
	} steps[] = {
		{NULL, RW_AUTHORITY_INTRODUCED},
		{rw_authority_switch, RW_AUTHORITY_SWITCHED},
		{rw_authority_retire, RW_AUTHORITY_SETTLED},
	};
	const char *states[] = {second, first};

	(void)state;
	copy_master_key(first, second);
	for (size_t i = 0; i < RW_ARRAY_COUNT(steps); i++) {
		RW_CLEANUP(rw_free) char *trust = NULL;
		RW_CLEANUP(rw_free) char *key = NULL;
		uint64_t revision = rw_store_revision(fx.store);
		RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};

		assert_int_equal(steps[i].step ? steps[i].step(fx.controller, &fx.alice, false, NULL)
					       : rw_authority_introduce(fx.controller, &fx.alice, NULL),
				 0);
		/* With its entry of the change log in one transaction. */
		assert_int_equal(rw_store_get(fx.store, RW_LAYOUT_AUTHORITY, 0, &entry, NULL), 0);
		assert_int_equal(rw_store_revision(fx.store), entry.mod_revision);
		assert_true(entry.mod_revision > revision);
		trust = strdup(folder.trust_pem);
		key = strdup(folder.ca_key_pem);
		assert_int_equal(take_over(states[i % 2], NULL), 0);
		assert_authority(trust, key);
		assert_int_equal(folder.stage, steps[i].stage);
		assert_int_equal(exists(states[i % 2], "ca-next-key.pem"),
				 steps[i].stage == RW_AUTHORITY_INTRODUCED);
	}
}

static void a_pull_that_was_cut_off_is_mended_by_the_next(void **state)
{
	static const char *const names[] = {"ca.pem", "ca-key.pem", "ca-next-key.pem"};

	(void)state;
	copy_master_key(first, second);
	assert_int_equal(take_over(second, NULL), 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		/* What the folder had before stands in one of the files, as if the others came through. */
		RW_CLEANUP(rw_buf_done) struct rw_buf old;
		bool had = exists(second, names[i]);

		rw_buf_init(&old, 65536);
		if (had)
			assert_int_equal(rw_file_read(in(second, names[i]), &old, NULL), 0);
		if (folder.stage == RW_AUTHORITY_SETTLED)
			assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), 0);
		else if (folder.stage == RW_AUTHORITY_INTRODUCED)
			assert_int_equal(rw_authority_switch(fx.controller, &fx.alice, false, NULL), 0);
		else
			assert_int_equal(rw_authority_retire(fx.controller, &fx.alice, false, NULL), 0);
		if (had)
			assert_int_equal(rw_file_write(in(second, names[i]), old.data, old.size, 0600, NULL),
					 0);
		else
			(void)unlink(in(second, names[i]));
		assert_int_equal(take_over(second, NULL), 0);
		assert_int_equal(folder.stage, (i + 1) % 3);
	}
}

static void a_step_that_the_store_did_not_take_is_written_later(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	uint64_t revision = rw_store_revision(fx.store);
	struct rw_store *away = fx.controller->store;
	struct rw_store *full = NULL;

	(void)state;
	copy_master_key(first, second);
	/* A store without room takes the place of the real one. */
	assert_int_equal(rw_store_memory_new(1, rw_random_system(), &full, NULL), 0);
	fx.controller->store = full;
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "not written to the store"));
	fixture_pass(&fx, 1000);
	fx.controller->store = away;
	full = rw_store_free(full);
	assert_int_equal(rw_store_revision(fx.store), revision);
	fixture_pass(&fx, 60000);
	assert_int_equal(rw_store_revision(fx.store), revision + 1);
	assert_int_equal(take_over(second, NULL), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_INTRODUCED);
}

static void a_rotation_of_the_master_key_seals_it_anew(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	char token[RW_TOKEN_SIZE];

	(void)state;
	copy_master_key(first, second);
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "ci", RW_ROLE_VIEWER, 0, token, NULL), 0);
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), 0);
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	assert_int_equal(take_over(second, &err), -EKEYREJECTED);
	copy_master_key(first, second);
	assert_int_equal(take_over(second, NULL), 0);
	assert_int_equal(folder.stage, RW_AUTHORITY_INTRODUCED);
	/* The next rotation is of the other's hand. */
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	copy_master_key(second, first);
	assert_int_equal(take_over(first, NULL), 0);
}

/* Without API keys the authority alone tells under which of the two keys the store is sealed. */
static void a_rotation_that_was_cut_off_comes_to_its_end(void **state)
{
	struct rw_seal_key old = folder.master_key;

	(void)state;
	copy_master_key(first, second);
	assert_int_equal(rw_master_key_rotate(fx.controller, &fx.alice, NULL), 0);
	/* As if nothing had come after the change: the old key in its place, the new one as the next. */
	assert_int_equal(rw_seal_key_replace(in(first, "master-key-next"), &folder.master_key, NULL), 0);
	copy_master_key(second, first);
	assert_int_equal(take_over(first, NULL), 0);
	assert_memory_not_equal(&old, &folder.master_key, sizeof(old));
	assert_false(exists(first, "master-key-next"));
	assert_int_equal(take_over(first, NULL), 0);
}

static void a_store_of_one_controller_holds_no_authority(void **state)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	struct fixture alone;
	struct rw_state_folder its = {0};

	(void)state;
	fixture_init(&alone);
	assert_int_equal(
		rw_state_folder_open(second, NULL, 0, &fx.clock.clock, rw_random_system(), &its, NULL), 0);
	alone.options.folder = &its;
	fixture_restart(&alone);
	assert_int_equal(rw_shared_authority_push(alone.controller, NULL), 0);
	assert_int_equal(rw_authority_introduce(alone.controller, &alone.alice, NULL), 0);
	assert_int_equal(rw_store_get(alone.store, RW_LAYOUT_AUTHORITY, 0, &entry, NULL), RW_STORE_NOT_FOUND);
	fixture_done(&alone);
	rw_state_folder_done(&its);
}

/* ---- the first admin key ---- */

static bool is_told_used(const char *state)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};

	assert_int_equal(rw_store_get(fx.store, RW_LAYOUT_FIRST_KEY, 0, &entry, NULL), 0);
	return rw_first_key_is_used(in(state, "admin-key"), entry.value, entry.value_size);
}

static void use(const char *token)
{
	struct rw_address somewhere = {.family = 4};
	struct rw_actor actor;

	assert_int_equal(rw_key_authenticate(fx.controller, token, &somewhere, &actor, NULL), 0);
	rw_controller_tick(fx.controller);
}

/* As the daemon does where there is no key. */
static void make_first_key(char token[RW_TOKEN_SIZE])
{
	char id[RW_TOKEN_SIZE];

	assert_int_equal(rw_key_create_admin(fx.controller, token, NULL), 0);
	assert_int_equal(rw_state_folder_write_admin_key(&folder, token, NULL), 0);
	(void)strcpy(id, token);
	id[strcspn(id, ".")] = '\0';
	assert_int_equal(rw_first_key_note(fx.controller, id, NULL), 0);
}

static void serve_in_turn(const char *state)
{
	static char file[128];

	(void)snprintf(file, sizeof(file), "%s/admin-key", state);
	fx.options.admin_key_file = file;
	if (!exists(state, "master-key"))
		copy_master_key(first, state);
	assert_int_equal(take_over(state, NULL), 0);
}

static void the_first_admin_key_is_forgotten_where_it_was_made_when_it_is_used_elsewhere(void **state)
{
	char token[RW_TOKEN_SIZE], other[RW_TOKEN_SIZE];

	(void)state;
	make_first_key(token);
	assert_int_equal(rw_key_create_admin(fx.controller, other, NULL), 0);
	serve_in_turn(second);
	use(other);
	assert_false(is_told_used(first));
	use(token);
	assert_true(is_told_used(first));
	assert_true(exists(first, "admin-key"));
	/* A file with another key has nothing to do with it. */
	assert_int_equal(rw_state_folder_write_admin_key(&folder, other, NULL), 0);
	assert_false(is_told_used(second));

	serve_in_turn(first);
	assert_false(exists(first, "admin-key"));
	serve_in_turn(second);
	assert_true(exists(second, "admin-key"));
}

static void a_use_of_the_first_key_is_written_later_where_the_store_took_it_not(void **state)
{
	struct rw_store *full = NULL;
	struct rw_store *away;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_first_key(token);
	serve_in_turn(second);
	away = fx.controller->store;
	assert_int_equal(rw_store_memory_new(1, rw_random_system(), &full, NULL), 0);
	fx.controller->store = full;
	use(token);
	fx.controller->store = away;
	full = rw_store_free(full);
	assert_false(is_told_used(first));
	fixture_pass(&fx, 11000);
	assert_true(is_told_used(first));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_second_controller_has_the_authority_of_the_first),
		T(a_folder_of_its_own_authority_takes_the_shared_one),
		T(the_record_holds_no_key_that_can_be_read),
		T(says_what_to_copy_where_the_master_key_is_missing),
		T(refuses_a_record_that_the_master_key_does_not_open),
		T(refuses_a_store_whose_keys_are_sealed_otherwise),
		T(refuses_certificates_that_somebody_else_put_there),
		T(refuses_records_that_it_cannot_read),
		T(writes_nothing_that_is_there_already),
		T(each_step_reaches_who_takes_over),
		T(a_pull_that_was_cut_off_is_mended_by_the_next),
		T(a_step_that_the_store_did_not_take_is_written_later),
		T(a_rotation_of_the_master_key_seals_it_anew),
		T(a_rotation_that_was_cut_off_comes_to_its_end),
		T(a_store_of_one_controller_holds_no_authority),
		T(the_first_admin_key_is_forgotten_where_it_was_made_when_it_is_used_elsewhere),
		T(a_use_of_the_first_key_is_written_later_where_the_store_took_it_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
