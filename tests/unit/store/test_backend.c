/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Each back end against a model that cannot be wrong: the whole content after every transaction, in plain
 * arrays.  Random transactions, reads of the past, paged lists, watches, compactions and reopenings must
 * agree with it.
 */

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define STEPS 4000
#define KEYS  14

/* In byte order; some are prefixes of others. */
static const char *const keys[KEYS] = {"/",   "/a",   "/a/",   "/a/1", "/a/1/x", "/a/2",        "/a0",
				       "/ab", "/b/1", "/b/10", "/b/2", "/c",     "/c/\xc3\xa9", "x"};
static const char *const prefixes[] = {"", "/", "/a", "/a/", "/a/1", "/b/", "/b/1", "/c", "x", "y"};

/* What the store holds from one revision on. */
struct snapshot {
	uint64_t revision;
	int values[KEYS];       /* 0 = absent */
	uint64_t written[KEYS]; /* mod_revision */
	bool changed[KEYS];     /* by this transaction */
};

struct model {
	struct fixture *fixture;
	struct snapshot history[STEPS + 1];
	size_t count;
	uint64_t compacted;
	uint64_t opened;              /* events up to this revision cannot be watched; 0 = all can */
	struct rw_store_watch *watch; /* kept open across steps, on everything */
	size_t watched;               /* snapshots that it has given */
	uint64_t random_state;
	size_t checks;
};

static uint32_t draw(struct model *model, uint32_t below)
{
	model->random_state = model->random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(model->random_state >> 33) % below;
}

static struct snapshot *newest(struct model *model)
{
	return &model->history[model->count - 1];
}

static struct snapshot *at_revision(struct model *model, uint64_t revision)
{
	size_t i = model->count - 1;

	while (model->history[i].revision > revision)
		i--;
	return &model->history[i];
}

static bool has_prefix(int key, const char *prefix)
{
	return strncmp(keys[key], prefix, strlen(prefix)) == 0;
}

/* The bytes of value number n: some short, some long enough for overflow pages. */
static size_t value_bytes(int number, char bytes[8192])
{
	size_t size = number % 7 == 0 ? 5000 + (size_t)(number % 3000) : (size_t)(number % 40);

	memset(bytes, 'a' + number % 26, size);
	if (size >= sizeof(number))
		memcpy(bytes, &number, sizeof(number));
	return size;
}

static void check_bytes(const void *bytes, size_t size, int number)
{
	char expected[8192];

	assert_int_equal(size, value_bytes(number, expected));
	assert_memory_equal(bytes, expected, size);
	assert_int_equal(((const char *)bytes)[size], 0);
}

static bool add_random_operation(struct model *model, struct rw_store_txn *txn, struct snapshot *after,
				 int number)
{
	int key = (int)draw(model, KEYS);
	const char *prefix = prefixes[1 + draw(model, RW_ARRAY_COUNT(prefixes) - 1)];
	char bytes[8192];
	uint32_t kind = draw(model, 10);

	if (kind < 7) {
		rw_store_txn_put(txn, keys[key], bytes, value_bytes(number, bytes));
		after->values[key] = number;
		after->changed[key] = true;
	} else if (kind < 9) {
		rw_store_txn_delete(txn, keys[key]);
		after->changed[key] |= after->values[key] != 0;
		after->values[key] = 0;
	} else {
		rw_store_txn_delete_prefix(txn, prefix);
		for (int i = 0; i < KEYS; i++) {
			if (!has_prefix(i, prefix))
				continue;
			after->changed[i] |= after->values[i] != 0;
			after->values[i] = 0;
		}
	}
	return rw_store_txn_check(txn, NULL) == 0;
}

static void try_transaction(struct model *model, int number)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	const struct snapshot *before = newest(model);
	struct snapshot *after = &model->history[model->count];
	uint32_t operations = draw(model, 4);
	uint64_t revision = 0;
	bool holds = true;
	bool fits = true;
	bool changed = false;
	int r;

	rw_store_txn_init(&txn);
	*after = *before;
	memset(after->changed, 0, sizeof(after->changed));
	for (uint32_t i = draw(model, 3); i > 0; i--) {
		int key = (int)draw(model, KEYS);
		bool stale = draw(model, 8) == 0;

		if (draw(model, 6) == 0) {
			rw_store_txn_expect_present(&txn, keys[key]);
			holds &= before->values[key] != 0;
		} else {
			rw_store_txn_expect(&txn, keys[key], before->written[key] + stale);
			holds &= !stale;
		}
	}
	while (fits && operations--)
		fits = add_random_operation(model, &txn, after, number);
	r = rw_store_commit(model->fixture->store, &txn, &revision, NULL);
	if (!fits || !holds) {
		assert_int_equal(r, fits ? RW_STORE_CONFLICT : -EINVAL);
		return;
	}
	assert_int_equal(r, 0);
	for (int i = 0; i < KEYS; i++) {
		changed |= after->changed[i];
		if (after->changed[i])
			after->written[i] = after->values[i] ? revision : 0;
	}
	assert_true(changed ? revision > before->revision : revision == before->revision);
	after->revision = revision;
	model->count += changed;
}

/* Now, the revision of some transaction, or one between two of them; perhaps compacted. */
static uint64_t draw_revision(struct model *model)
{
	uint64_t revision = model->history[draw(model, (uint32_t)model->count)].revision;

	if (draw(model, 4) == 0)
		return 0;
	return revision + draw(model, 2) <= newest(model)->revision ? revision + draw(model, 2) : revision;
}

static uint64_t real_revision(struct model *model, uint64_t revision)
{
	if (revision > newest(model)->revision)
		return newest(model)->revision;
	return revision ? revision : newest(model)->revision;
}

static void check_get(struct model *model)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	uint64_t revision = real_revision(model, draw_revision(model));
	const struct snapshot *snapshot = at_revision(model, revision);
	int key = (int)draw(model, KEYS);
	int r = rw_store_get(model->fixture->store, keys[key], revision, &entry, NULL);

	if (revision < model->compacted) {
		assert_int_equal(r, RW_STORE_COMPACTED);
		return;
	}
	assert_int_equal(r, snapshot->values[key] ? 0 : RW_STORE_NOT_FOUND);
	if (r)
		return;
	assert_int_equal(entry.mod_revision, snapshot->written[key]);
	check_bytes(entry.value, entry.value_size, snapshot->values[key]);
}

static void check_list(struct model *model)
{
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	uint64_t revision = real_revision(model, draw_revision(model));
	struct rw_store_query query = {.prefix = prefixes[draw(model, RW_ARRAY_COUNT(prefixes))],
				       .revision = revision,
				       .limit = 1 + draw(model, KEYS)};
	const struct snapshot *snapshot = at_revision(model, revision);
	int key = 0;
	int r;

	do {
		r = rw_store_list(model->fixture->store, &query, &page, NULL);
		assert_int_equal(r, revision < model->compacted ? RW_STORE_COMPACTED : 0);
		if (r)
			return;
		assert_true(page.count <= query.limit && (page.count || !page.more));
		for (size_t i = 0; i < page.count; i++, key++) {
			while (!snapshot->values[key] || !has_prefix(key, query.prefix))
				assert_true(++key < KEYS);
			assert_string_equal(page.entries[i].key, keys[key]);
			assert_int_equal(page.entries[i].mod_revision, snapshot->written[key]);
			check_bytes(page.entries[i].value, page.entries[i].value_size, snapshot->values[key]);
		}
	} while (rw_store_query_advance(&query, &page));
	for (; key < KEYS; key++)
		assert_false(snapshot->values[key] && has_prefix(key, query.prefix));
}

/* Takes batches until the watch has no more; 'next' is the first snapshot that it has not given. */
static int drain(struct model *model, struct rw_store_watch *watch, const char *prefix, size_t next)
{
	struct rw_store_batch batch;
	int r;

	while ((r = rw_store_watch_next(watch, &batch, NULL)) == RW_STORE_EVENTS) {
		size_t event = 0;

		for (; model->history[next].revision < batch.revision; next++)
			for (int key = 0; key < KEYS; key++)
				assert_false(model->history[next].changed[key] && has_prefix(key, prefix));
		assert_int_equal(model->history[next].revision, batch.revision);
		for (int key = 0; key < KEYS; key++) {
			if (!model->history[next].changed[key] || !has_prefix(key, prefix))
				continue;
			assert_true(event < batch.count);
			assert_string_equal(batch.events[event].key, keys[key]);
			assert_int_equal(batch.events[event].value != NULL,
					 model->history[next].values[key] != 0);
			if (batch.events[event].value)
				check_bytes(batch.events[event].value, batch.events[event].value_size,
					    model->history[next].values[key]);
			event++;
		}
		assert_int_equal(event, batch.count);
		next++;
	}
	if (r == RW_STORE_COMPACTED)
		return r;
	assert_int_equal(r, 0);
	assert_int_equal(rw_store_watch_position(watch), newest(model)->revision);
	for (; next < model->count; next++)
		for (int key = 0; key < KEYS; key++)
			assert_false(model->history[next].changed[key] && has_prefix(key, prefix));
	return 0;
}

static void check_replay(struct model *model)
{
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;
	const char *prefix = prefixes[draw(model, RW_ARRAY_COUNT(prefixes))];
	size_t first = draw(model, (uint32_t)model->count);
	uint64_t from = model->history[first].revision;
	int r = rw_store_watch_new(model->fixture->store, prefix, from, NULL, NULL, &watch, NULL);

	assert_int_equal(r, from <= model->compacted ? RW_STORE_COMPACTED : 0);
	if (r == 0)
		assert_int_equal(drain(model, watch, prefix, first),
				 from <= model->opened ? RW_STORE_COMPACTED : 0);
}

static void reset_watch(struct model *model)
{
	model->watch = rw_store_watch_free(model->watch);
	assert_int_equal(rw_store_watch_new(model->fixture->store, "", 0, NULL, NULL, &model->watch, NULL),
			 0);
	model->watched = model->count;
}

static void check_watch(struct model *model)
{
	bool lost =
		model->watched < model->count && model->history[model->watched].revision <= model->compacted;
	int r = drain(model, model->watch, "", model->watched);

	/* Between the last batch given and the next change the watch may have been passed by compaction. */
	if (r == RW_STORE_COMPACTED) {
		assert_true(model->history[model->watched - 1].revision < model->compacted);
		reset_watch(model);
	} else {
		assert_false(lost);
		model->watched = model->count;
	}
}

static void compact_somewhere(struct model *model)
{
	size_t back = draw(model, draw(model, 2) ? 8 : 200);
	size_t index = model->count > back ? model->count - 1 - back : 0;
	uint64_t revision = model->history[index].revision;
	int r = rw_store_compact(model->fixture->store, revision, NULL);

	/* Sometimes left half clean: no reader may notice. */
	if (r == RW_STORE_MORE && draw(model, 2))
		fixture_compact(model->fixture, revision);
	if (revision > model->compacted)
		model->compacted = revision;
	assert_int_equal(rw_store_compacted_revision(model->fixture->store), model->compacted);
}

/* Opening made a revision in which nothing changed. */
static void note_opened(struct model *model)
{
	struct snapshot *after = &model->history[model->count];

	*after = *newest(model);
	memset(after->changed, 0, sizeof(after->changed));
	assert_true(rw_store_revision(model->fixture->store) > after->revision);
	after->revision = model->opened = rw_store_revision(model->fixture->store);
	model->count++;
}

static void reopen(struct model *model)
{
	if (!model->fixture->durable)
		return;
	model->watch = rw_store_watch_free(model->watch);
	fixture_reopen(model->fixture);
	if (model->fixture->shared)
		note_opened(model);
	assert_int_equal(rw_store_revision(model->fixture->store), newest(model)->revision);
	assert_int_equal(rw_store_compacted_revision(model->fixture->store), model->compacted);
	reset_watch(model);
}

static void agrees_with_the_model_over_random_steps(void **state)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->fixture = *state;
	model->random_state = 20261124;
	model->history[0].revision = rw_store_revision(model->fixture->store);
	model->opened = model->fixture->shared ? model->history[0].revision : 0;
	model->count = 1;
	reset_watch(model);
	for (int step = 1; step <= STEPS; step++) {
		uint32_t action = draw(model, 200);

		if (action < 100)
			try_transaction(model, step);
		else if (action < 140)
			check_get(model);
		else if (action < 170)
			check_list(model);
		else if (action < 180)
			check_replay(model);
		else if (action < 195)
			check_watch(model);
		else if (action < 198)
			compact_somewhere(model);
		else
			reopen(model);
		assert_int_equal(rw_store_revision(model->fixture->store), newest(model)->revision);
		model->checks++;
	}
	assert_int_equal(model->checks, STEPS);
	assert_in_range(model->count, STEPS / 10, STEPS);
	assert_true(model->compacted > 1);
	model->watch = rw_store_watch_free(model->watch);
	free(model);
}

int main(void)
{
	static struct fixture *const fixtures[] = {&fixture_memory, &fixture_sqlite, &fixture_etcd};
	int failed = 0;

	for (size_t i = 0; i < RW_ARRAY_COUNT(fixtures); i++) {
		const struct CMUnitTest tests[] = {
			cmocka_unit_test_prestate_setup_teardown(agrees_with_the_model_over_random_steps,
								 fixture_setup, fixture_teardown,
								 fixtures[i]),
		};

		failed += cmocka_run_group_tests_name(fixtures[i]->name, tests, NULL, NULL);
	}
	return failed;
}
