/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/nonces.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "crypto/digest.h"

#define NAME_BYTES 16 /* of the digest that stands for key and nonce */

struct entry {
	int64_t time_ms;
	char name[2 * NAME_BYTES + 1];
};

struct rw_alibaba_nonces {
	struct rw_map seen;  /* name -> its entry */
	struct entry **heap; /* the oldest first */
	size_t count;
	size_t capacity;
	size_t most;
	int64_t floor_ms; /* requests of this time or before are refused */
};

struct rw_alibaba_nonces *rw_alibaba_nonces_new(size_t most, int64_t start_ms, uint64_t seed)
{
	struct rw_alibaba_nonces *nonces = calloc(1, sizeof(*nonces));

	if (!nonces)
		return NULL;
	rw_map_init(&nonces->seen, seed, NULL);
	nonces->most = most;
	/* Requests tell whole seconds. */
	nonces->floor_ms = start_ms / 1000 * 1000 - 1;
	return nonces;
}

struct rw_alibaba_nonces *rw_alibaba_nonces_free(struct rw_alibaba_nonces *nonces)
{
	if (!nonces)
		return NULL;
	rw_map_done(&nonces->seen);
	for (size_t i = 0; i < nonces->count; i++)
		free(nonces->heap[i]);
	free(nonces->heap);
	free(nonces);
	return NULL;
}

int rw_alibaba_nonces_judge(const struct rw_alibaba_nonces *nonces, int64_t time_ms, int64_t now_ms)
{
	if (time_ms <= nonces->floor_ms || time_ms < now_ms - RW_ALIBABA_SKEW_MS ||
	    time_ms > now_ms + RW_ALIBABA_SKEW_MS)
		return -ETIME;
	return 0;
}

/* ---- the heap ---- */

static void swap(struct rw_alibaba_nonces *nonces, size_t a, size_t b)
{
	struct entry *entry = nonces->heap[a];

	nonces->heap[a] = nonces->heap[b];
	nonces->heap[b] = entry;
}

static void forget_oldest(struct rw_alibaba_nonces *nonces)
{
	struct entry *oldest = nonces->heap[0];
	size_t at = 0;

	(void)rw_map_remove(&nonces->seen, oldest->name);
	free(oldest);
	nonces->heap[0] = nonces->heap[--nonces->count];
	while (2 * at + 1 < nonces->count) {
		size_t child = 2 * at + 1;

		if (child + 1 < nonces->count &&
		    nonces->heap[child + 1]->time_ms < nonces->heap[child]->time_ms)
			child++;
		if (nonces->heap[at]->time_ms <= nonces->heap[child]->time_ms)
			break;
		swap(nonces, at, child);
		at = child;
	}
}

static int make_room(struct rw_alibaba_nonces *nonces)
{
	size_t capacity = nonces->capacity ? 2 * nonces->capacity : 64;
	struct entry **grown;

	if (nonces->count == nonces->most) {
		if (nonces->floor_ms < nonces->heap[0]->time_ms)
			nonces->floor_ms = nonces->heap[0]->time_ms;
		forget_oldest(nonces);
	}
	if (nonces->count < nonces->capacity)
		return 0;
	grown = reallocarray(nonces->heap, capacity, sizeof(struct entry *));
	if (!grown)
		return -ENOMEM;
	nonces->heap = grown;
	nonces->capacity = capacity;
	return 0;
}

static void sift_up(struct rw_alibaba_nonces *nonces, size_t at)
{
	while (at > 0 && nonces->heap[at]->time_ms < nonces->heap[(at - 1) / 2]->time_ms) {
		swap(nonces, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

int rw_alibaba_nonces_use(struct rw_alibaba_nonces *nonces, const char *key, const char *nonce,
			  int64_t time_ms, int64_t now_ms)
{
	uint8_t digest[RW_SHA256_SIZE];
	struct entry *entry;

	while (nonces->count > 0 && nonces->heap[0]->time_ms < now_ms - RW_ALIBABA_SKEW_MS)
		forget_oldest(nonces);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	/* Of one length, whatever clients send; and each key has its own. */
	rw_hmac_sha256(key, strlen(key), nonce, strlen(nonce), digest);
	rw_hex_format(digest, NAME_BYTES, entry->name);
	entry->time_ms = time_ms;
	if (rw_map_find(&nonces->seen, entry->name)) {
		free(entry);
		return -EEXIST;
	}
	if (make_room(nonces) < 0 || rw_map_set(&nonces->seen, entry->name, entry) < 0) {
		free(entry);
		return -ENOMEM;
	}
	nonces->heap[nonces->count++] = entry;
	sift_up(nonces, nonces->count - 1);
	return 0;
}

size_t rw_alibaba_nonces_count(const struct rw_alibaba_nonces *nonces)
{
	return nonces->count;
}
