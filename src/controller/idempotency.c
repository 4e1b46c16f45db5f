/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"
#include "crypto/encoding.h"

#define LIFE_MS (24 * 3600 * INT64_C(1000))

void idempotency_key_digest(const char *actor, const char *key, char hex[65])
{
	uint8_t digest[RW_SHA256_SIZE];

	/* Keyed by who asks, so that nobody finds another's keys. */
	rw_hmac_sha256(actor, strlen(actor), key, strlen(key), digest);
	rw_hex_format(digest, sizeof(digest), hex);
}

static void forget_oldest(struct idempotency *idempotency)
{
	struct idempotency_entry *entry = idempotency->ring[idempotency->first];

	if (rw_map_find(&idempotency->by_key, entry->key) == entry)
		(void)rw_map_remove(&idempotency->by_key, entry->key);
	free(entry);
	idempotency->first = (idempotency->first + 1) % idempotency->capacity;
	idempotency->count--;
}

void idempotency_add(struct rw_controller *controller, const char *hex, const uint8_t *request,
		     uint64_t sequence, int64_t time_ms)
{
	struct idempotency *idempotency = &controller->idempotency;
	struct idempotency_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return; /* The change is done; only a repetition would not be noticed. */
	if (idempotency->count == idempotency->capacity)
		forget_oldest(idempotency);
	(void)memcpy(entry->key, hex, 64);
	(void)memcpy(entry->request, request, RW_SHA256_SIZE);
	entry->sequence = sequence;
	entry->time_ms = time_ms;
	if (rw_map_set(&idempotency->by_key, hex, entry) < 0) {
		free(entry);
		return;
	}
	idempotency->ring[(idempotency->first + idempotency->count) % idempotency->capacity] = entry;
	idempotency->count++;
}

const struct idempotency_entry *idempotency_find(struct rw_controller *controller, const char *hex)
{
	struct idempotency *idempotency = &controller->idempotency;
	int64_t now_ms = rw_clock_realtime_ms(controller->clock);

	while (idempotency->count && idempotency->ring[idempotency->first]->time_ms + LIFE_MS < now_ms)
		forget_oldest(idempotency);
	return rw_map_find(&idempotency->by_key, hex);
}

void idempotency_fold(struct rw_controller *controller, const struct rw_json *record)
{
	uint8_t request[RW_SHA256_SIZE];
	struct rw_json member;
	const char *key;
	const char *text;
	uint64_t sequence;
	int64_t time_ms;

	if (!rw_json_find(record, "idempotency_key", &member) || rw_json_text(&member, 64, &key, NULL) < 0 ||
	    strlen(key) != 64)
		return;
	if (!rw_json_find(record, "request", &member) || rw_json_text(&member, 64, &text, NULL) < 0 ||
	    rw_hex_decode(text, request, sizeof(request)) < 0)
		return;
	if (!rw_json_find(record, "sequence", &member) || rw_json_revision(&member, &sequence, NULL) < 0)
		return;
	if (!rw_json_find(record, "time", &member) || rw_json_time(&member, &time_ms, NULL) < 0)
		return;
	idempotency_add(controller, key, request, sequence, time_ms);
}

/* The newest records of the last 24 hours, in their order. */
int idempotency_load(struct rw_controller *controller, struct rw_error *err)
{
	uint64_t newest = controller->inventory.audit_sequence;
	uint64_t first =
		newest > controller->idempotency.capacity ? newest - controller->idempotency.capacity : 0;
	struct rw_store_query query = {.prefix = RW_LAYOUT_AUDIT, .limit = 100};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	int r;

	rw_layout_audit_key(first, query.after);
	do {
		r = rw_store_list(controller->store, &query, &page, err);
		if (r != 0)
			return r > 0 ? rw_error_set(err, -EAGAIN, "the store is being compacted; try again")
				     : r;
		for (size_t i = 0; i < page.count; i++) {
			RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
			struct rw_json root;

			r = rw_json_parse(page.entries[i].value, page.entries[i].value_size,
					  RW_STORE_MAX_TXN_BYTES, &document, err);
			if (r < 0)
				return r;
			root = rw_json_root(document);
			idempotency_fold(controller, &root);
		}
	} while (rw_store_query_advance(&query, &page));
	return 0;
}

void idempotency_done(struct idempotency *idempotency)
{
	while (idempotency->count)
		forget_oldest(idempotency);
	free(idempotency->ring);
	rw_map_done(&idempotency->by_key);
}
