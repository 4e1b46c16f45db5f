/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "store/etcd/connection.h"

/* ---- waiting ---- */

static int call(struct rw_etcd *etcd, const char *path, struct rw_buf *body, struct etcd_answer *answer,
		struct rw_error *err)
{
	int r = rw_buf_check(body, err);

	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, path, body, etcd_deadline(etcd, RW_ETCD_WAIT_MS), answer,
			      NULL, err);
	return r > 0 ? -EBADMSG : r;
}

static int append_value(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	struct rw_buf *buf = context;
	int r = rw_buf_append(buf, kv->value, kv->value_size);

	if (r == -ENOMEM)
		return rw_error_oom(err);
	return r < 0 ? r : RW_STORE_EVENTS;
}

int rw_etcd_read(struct rw_etcd *etcd, const char *key, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char whole[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = whole};
	struct rw_json_writer json;
	int r;

	rw_buf_init(&body, 8192);
	etcd_key(etcd, key, whole);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	etcd_write_range(&json, &range);
	rw_json_end_object(&json);
	r = call(etcd, "kv/range", &body, &answer, err);
	if (r == 0)
		r = etcd_read_range(&answer.root, append_value, buf, NULL, err);
	if (r == RW_STORE_EVENTS)
		return 0;
	if (r == 0)
		return RW_STORE_NOT_FOUND;
	return r == -E2BIG ? rw_error_set(err, r, "what etcd holds under %s is too large", whole) : r;
}

int rw_etcd_write(struct rw_etcd *etcd, const char *key, const void *bytes, size_t size, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char whole[ETCD_KEY_MAX];
	struct rw_json_writer json;

	rw_buf_init(&body, 2 * RW_STORE_MAX_TXN_BYTES);
	etcd_key(etcd, key, whole);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	etcd_write_bytes(&json, "key", whole, strlen(whole));
	etcd_write_bytes(&json, "value", bytes, size);
	rw_json_end_object(&json);
	return call(etcd, "kv/put", &body, &answer, err);
}

int rw_etcd_delete(struct rw_etcd *etcd, const char *key, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char whole[ETCD_KEY_MAX];
	struct rw_json_writer json;

	rw_buf_init(&body, 8192);
	etcd_key(etcd, key, whole);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	etcd_write_bytes(&json, "key", whole, strlen(whole));
	rw_json_end_object(&json);
	return call(etcd, "kv/deleterange", &body, &answer, err);
}

/* ---- the members ---- */

static void append_urls(const struct rw_json *member, const char *name, struct rw_buf *buf)
{
	struct rw_json urls;

	if (!rw_json_find(member, name, &urls))
		return;
	for (size_t i = 0; i < rw_json_count(&urls); i++) {
		struct rw_json element = rw_json_at(&urls, i);
		const char *url;

		if (rw_json_text(&element, 4096, &url, NULL) == 0)
			(void)rw_buf_append_format(buf, "%s\n", url);
	}
}

int rw_etcd_members(struct rw_etcd *etcd, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_json members;
	int r;

	rw_buf_init(&body, 64);
	(void)rw_buf_append_text(&body, "{}");
	r = call(etcd, "cluster/member/list", &body, &answer, err);
	if (r < 0)
		return r;
	if (!rw_json_find(&answer.root, "members", &members))
		return rw_error_set(err, -EBADMSG, "etcd's answer names no members");
	for (size_t i = 0; i < rw_json_count(&members); i++) {
		struct rw_json member = rw_json_at(&members, i);

		append_urls(&member, "clientURLs", buf);
		append_urls(&member, "peerURLs", buf);
	}
	return rw_buf_check(buf, err);
}

/* ---- without waiting ---- */

struct listing {
	const struct rw_etcd *etcd;
	struct rw_store_entry entries[RW_ETCD_LIST_MAX];
	size_t count;
};

static void listing_done(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		rw_store_entry_done(&listing->entries[i]);
}
RW_DEFINE_DONE(struct listing, listing_done)

static int take_entry(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	struct listing *listing = context;
	size_t prefix = strlen(listing->etcd->prefix) + 1;

	if (kv->key_size <= prefix || listing->count == RW_ETCD_LIST_MAX)
		return 0;
	if (rw_store_entry_fill(&listing->entries[listing->count], kv->key + prefix, kv->key_size - prefix,
				kv->value, kv->value_size, kv->mod_revision) < 0)
		return rw_error_oom(err);
	listing->count++;
	return 0;
}

static void on_listed(struct rw_http_call *http, int result, const struct rw_http_response *response,
		      const struct rw_error *failure, void *userdata)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	struct rw_etcd *etcd = userdata;
	RW_CLEANUP(listing_done) struct listing listing = {.etcd = etcd};
	struct rw_error err = RW_ERROR_NONE;
	int r = etcd_call_end(etcd, result, response, failure, &answer, &err);

	(void)http;
	etcd->list = NULL;
	if (r == 0)
		r = etcd_check_age(etcd, &answer, etcd->list_newest, &err);
	if (r == 0)
		r = etcd_read_range(&answer.root, take_entry, &listing, NULL, &err);
	if (r == -EKEYREVOKED)
		r = rw_error_set(&err, -EHOSTDOWN, "etcd asks to authenticate again");
	etcd->list_fn(etcd->list_context, r, listing.entries, r == 0 ? listing.count : 0,
		      r < 0 ? &err : NULL);
}

int rw_etcd_list(struct rw_etcd *etcd, const char *prefix, rw_etcd_list_fn *fn, void *context,
		 struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char whole[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = whole, .under = whole, .limit = RW_ETCD_LIST_MAX};
	struct rw_json_writer json;
	int r;

	rw_buf_init(&body, 8192);
	if (etcd->list)
		return rw_error_set(err, -EALREADY, "a list is being read");
	etcd_key(etcd, prefix, whole);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	etcd_write_range(&json, &range);
	rw_json_end_object(&json);
	r = rw_buf_check(&body, err);
	if (r < 0)
		return r;
	etcd->list_fn = fn;
	etcd->list_context = context;
	etcd->list_newest = etcd->newest;
	return etcd_call_start(etcd, "kv/range", &body, RW_ETCD_WAIT_MS / 2, on_listed, etcd, &etcd->list,
			       err);
}
