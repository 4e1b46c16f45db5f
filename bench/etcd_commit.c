/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a durable change costs in etcd: a transaction of the store (the claim and one compare, one put of 200 bytes)
 * beside one bare put of as many bytes by the same gateway, in turn.
 *
 *     etcd_commit URL OUTPUT.json [COMMITS]
 */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "median.h"
#include "store/etcd/etcd.h"

#define VALUE_BYTES     200
#define WARM_UP         50
#define DEFAULT_COMMITS 1000
#define MAX_COMMITS     100000

static int fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "etcd_commit: %s: %s\n", what, why);
	return 1;
}

static void ignore_lost(void *context, const struct rw_error *err)
{
	(void)context;
	(void)err;
}

static double since_ms(uint64_t begin_ns)
{
	return (double)(rw_clock_monotonic_ns(rw_clock_system()) - begin_ns) / 1e6;
}

static int put_bare(struct rw_etcd *etcd, const char *value, double *ret_ms)
{
	uint64_t begin_ns = rw_clock_monotonic_ns(rw_clock_system());
	struct rw_error err = RW_ERROR_NONE;

	if (rw_etcd_write(etcd, "bench", value, VALUE_BYTES, &err) < 0)
		return fail("bare put", err.text);
	*ret_ms = since_ms(begin_ns);
	return 0;
}

/* Rewrites one of 100 keys, checked against the revision it was written at. */
static int commit(struct rw_store *store, uint64_t *mod_revision, unsigned int index, const char *value,
		  double *ret_ms)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	uint64_t begin_ns = rw_clock_monotonic_ns(rw_clock_system());
	struct rw_error err = RW_ERROR_NONE;
	char key[64];
	int r;

	(void)snprintf(key, sizeof(key), "/v1/rules/sg-0123456789abcdef/%04u", index);
	rw_store_txn_init(&txn);
	rw_store_txn_expect(&txn, key, *mod_revision);
	rw_store_txn_put(&txn, key, value, VALUE_BYTES);
	r = rw_store_commit(store, &txn, mod_revision, &err);
	if (r)
		return fail("store", r < 0 ? err.text : "conflict");
	*ret_ms = since_ms(begin_ns);
	return 0;
}

static int measure(struct rw_loop *loop, struct rw_etcd *etcd, int count, double *bare, double *stored)
{
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	static uint64_t mod_revisions[100];
	struct rw_error err = RW_ERROR_NONE;
	char value[VALUE_BYTES];
	int r = -EHOSTDOWN;

	memset(value, 'v', sizeof(value));
	/* It may have been started just now. */
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_store_etcd_open(etcd, ignore_lost, NULL, &store, &err);
	if (r < 0)
		return fail("etcd", err.text);
	for (int i = 0; i < count + WARM_UP; i++) {
		int slot = i < WARM_UP ? 0 : i - WARM_UP;
		unsigned int key = (unsigned int)i % RW_ARRAY_COUNT(mod_revisions);

		rw_loop_turn(loop);
		if (put_bare(etcd, value, &bare[slot]) ||
		    commit(store, &mod_revisions[key], key, value, &stored[slot]))
			return 1;
	}
	return 0;
}

static int report(const char *output, double *bare, double *stored, int count)
{
	double bare_p50 = median(bare, count), stored_p50 = median(stored, count);
	double bare_p99 = bare[(count - 1) * 99 / 100], stored_p99 = stored[(count - 1) * 99 / 100];
	struct rw_error err = RW_ERROR_NONE;
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "{\"bench\": \"etcd_commit\", \"commits\": %d, \"value_bytes\": %d,\n"
		       " \"bare_p50_ms\": %.3f, \"bare_p99_ms\": %.3f,\n"
		       " \"store_p50_ms\": %.3f, \"store_p99_ms\": %.3f,\n"
		       " \"ratio_p50\": %.3f}\n",
		       count, VALUE_BYTES, bare_p50, bare_p99, stored_p50, stored_p99, stored_p50 / bare_p50);
	if (rw_file_write(output, text, strlen(text), 0644, &err) < 0)
		return fail(output, err.text);
	(void)printf("commit in etcd p50 %.3f ms, bare put p50 %.3f ms, ratio %.2f\n", stored_p50, bare_p50,
		     stored_p50 / bare_p50);
	return 0;
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[3]) : DEFAULT_COMMITS;
	RW_CLEANUP(rw_etcd_free) struct rw_etcd *etcd = NULL;
	RW_CLEANUP(rw_free) double *bare = NULL;
	RW_CLEANUP(rw_free) double *stored = NULL;
	struct rw_loop *loop = NULL;
	struct rw_error err = RW_ERROR_NONE;
	int failed;

	if (argc < 3 || count < 1 || count > MAX_COMMITS)
		return fail("usage", "etcd_commit URL OUTPUT.json [COMMITS]");
	bare = calloc((size_t)count, sizeof(*bare));
	stored = calloc((size_t)count, sizeof(*stored));
	if (!bare || !stored || rw_loop_new(&loop, &err) < 0)
		return fail("memory", strerror(ENOMEM));
	failed = rw_etcd_new(&(struct rw_etcd_options){.loop = loop,
						       .clock = rw_clock_system(),
						       .random = rw_random_system(),
						       .endpoints = (const char *const *)&argv[1],
						       .endpoint_count = 1,
						       .holder = "etcd_commit"},
			     &etcd, &err) < 0
			 ? fail(argv[1], err.text)
			 : measure(loop, etcd, count, bare, stored) || report(argv[2], bare, stored, count);
	etcd = rw_etcd_free(etcd);
	(void)rw_loop_free(loop);
	return failed;
}
