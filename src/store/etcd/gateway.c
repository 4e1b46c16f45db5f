/* SPDX-License-Identifier: Apache-2.0 */
#include "store/etcd/gateway.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encoding.h"

/* ---- requests ---- */

void etcd_write_bytes(struct rw_json_writer *json, const char *name, const void *bytes, size_t size)
{
	RW_CLEANUP(rw_free) char *text = malloc(RW_BASE64_SIZE(size) + 2);
	size_t length;

	if (!text) {
		rw_buf_fail(json->buf, -ENOMEM);
		return;
	}
	text[0] = '"';
	rw_base64_encode(bytes, size, text + 1);
	length = strlen(text);
	text[length] = '"';
	rw_json_key(json, name);
	rw_json_write_raw(json, text, length + 1);
}

static void write_key(struct rw_json_writer *json, const char *name, const char *key)
{
	etcd_write_bytes(json, name, key, strlen(key));
}

/* The first key behind all that begin with 'prefix'. */
static void write_end(struct rw_json_writer *json, const char *prefix)
{
	char end[ETCD_KEY_MAX + 1];
	size_t size = strlen(prefix);

	assert(size < sizeof(end));
	memcpy(end, prefix, size);
	while (size > 1 && (unsigned char)end[size - 1] == 0xff)
		size--;
	end[size - 1]++;
	etcd_write_bytes(json, "range_end", end, size);
}

void etcd_write_range(struct rw_json_writer *json, const struct etcd_range *range)
{
	write_key(json, "key", range->key);
	if (range->under)
		write_end(json, range->under);
	if (range->revision)
		rw_json_put_revision(json, "revision", range->revision);
	if (range->limit)
		rw_json_put_revision(json, "limit", range->limit);
	if (range->keys_only)
		rw_json_put_bool(json, "keys_only", true);
	if (range->count_only)
		rw_json_put_bool(json, "count_only", true);
}

static void write_compare(struct rw_json_writer *json, const char *key, const char *result,
			  uint64_t mod_revision)
{
	rw_json_begin_object(json);
	write_key(json, "key", key);
	rw_json_put_text(json, "target", "MOD");
	rw_json_put_text(json, "result", result);
	rw_json_put_revision(json, "mod_revision", mod_revision);
	rw_json_end_object(json);
}

void etcd_write_compare(struct rw_json_writer *json, const char *key, uint64_t mod_revision)
{
	write_compare(json, key, "EQUAL", mod_revision);
}

void etcd_write_compare_present(struct rw_json_writer *json, const char *key)
{
	write_compare(json, key, "GREATER", 0);
}

static void begin_operation(struct rw_json_writer *json, const char *kind)
{
	rw_json_begin_object(json);
	rw_json_key(json, kind);
	rw_json_begin_object(json);
}

static void end_operation(struct rw_json_writer *json)
{
	rw_json_end_object(json);
	rw_json_end_object(json);
}

void etcd_write_put(struct rw_json_writer *json, const char *key, const void *value, size_t value_size,
		    const char *lease)
{
	begin_operation(json, "request_put");
	write_key(json, "key", key);
	etcd_write_bytes(json, "value", value, value_size);
	if (lease)
		rw_json_put_text(json, "lease", lease);
	end_operation(json);
}

void etcd_write_delete(struct rw_json_writer *json, const char *key, bool prefix)
{
	begin_operation(json, "request_delete_range");
	write_key(json, "key", key);
	if (prefix)
		write_end(json, key);
	end_operation(json);
}

void etcd_write_get(struct rw_json_writer *json, const struct etcd_range *range)
{
	begin_operation(json, "request_range");
	etcd_write_range(json, range);
	end_operation(json);
}

/* ---- answers ---- */

static int unfit(struct rw_error *err, const char *what)
{
	return rw_error_set(err, -EBADMSG, "etcd's answer is none that is understood: %s", what);
}

const char *etcd_read_text(const struct rw_json *answer, const char *name)
{
	struct rw_json member;
	const char *text;

	if (!rw_json_find(answer, name, &member) || rw_json_prose(&member, ETCD_ANSWER_MAX, &text, NULL) < 0)
		return NULL;
	return text;
}

/* A 64-bit number, as text; absent = 0. */
static int read_number(const struct rw_json *answer, const char *name, uint64_t *ret_number,
		       struct rw_error *err)
{
	const char *text = etcd_read_text(answer, name);
	struct rw_json member;

	*ret_number = 0;
	if (!text)
		return rw_json_find(answer, name, &member) ? unfit(err, name) : 0;
	return rw_revision_parse(text, ret_number) ? 0 : unfit(err, name);
}

bool etcd_read_flag(const struct rw_json *answer, const char *name)
{
	struct rw_json member;
	bool flag;

	return rw_json_find(answer, name, &member) && rw_json_bool(&member, &flag, NULL) == 0 && flag;
}

int etcd_read_revision(const struct rw_json *answer, uint64_t *ret_revision, struct rw_error *err)
{
	struct rw_json header;

	if (!rw_json_find(answer, "header", &header))
		return unfit(err, "header");
	if (read_number(&header, "revision", ret_revision, err) < 0)
		return -EBADMSG;
	return *ret_revision ? 0 : unfit(err, "revision");
}

void etcd_kv_done(struct etcd_kv *kv)
{
	free(kv->key);
	free(kv->value);
	*kv = (struct etcd_kv){0};
}

/* The bytes of a base64 member with a NUL behind them; absent = none. */
static int read_bytes(const struct rw_json *answer, const char *name, char **ret_bytes, size_t *ret_size,
		      struct rw_error *err)
{
	const char *text = etcd_read_text(answer, name);
	struct rw_json member;
	RW_CLEANUP(rw_free) char *bytes = NULL;
	size_t length;

	if (!text && rw_json_find(answer, name, &member))
		return unfit(err, name);
	length = text ? strlen(text) : 0;
	bytes = malloc(length + 1);
	if (!bytes)
		return rw_error_oom(err);
	*ret_size = 0;
	if (length && rw_base64_decode(text, length, bytes, length, ret_size) < 0)
		return unfit(err, name);
	bytes[*ret_size] = '\0';
	*ret_bytes = RW_TAKE_PTR(bytes);
	return 0;
}

static int read_kv(const struct rw_json *element, struct etcd_kv *kv, struct rw_error *err)
{
	int r = read_bytes(element, "key", &kv->key, &kv->key_size, err);

	if (r == 0)
		r = read_bytes(element, "value", &kv->value, &kv->value_size, err);
	if (r == 0)
		r = read_number(element, "mod_revision", &kv->mod_revision, err);
	if (r < 0)
		return r;
	return kv->key_size && kv->mod_revision && strlen(kv->key) == kv->key_size ? 0 : unfit(err, "kvs");
}

int etcd_read_range(const struct rw_json *answer, etcd_kv_fn *fn, void *context, bool *ret_more,
		    struct rw_error *err)
{
	struct rw_json kvs;

	if (ret_more)
		*ret_more = etcd_read_flag(answer, "more");
	if (!rw_json_find(answer, "kvs", &kvs))
		return 0;
	for (size_t i = 0; i < rw_json_count(&kvs); i++) {
		RW_CLEANUP(etcd_kv_done) struct etcd_kv kv = {0};
		struct rw_json element = rw_json_at(&kvs, i);
		int r = read_kv(&element, &kv, err);

		if (r == 0)
			r = fn(context, &kv, err);
		if (r != 0)
			return r;
	}
	return 0;
}

bool etcd_find_got(const struct rw_json *answer, size_t index, struct etcd_got *got)
{
	if (!rw_json_find(answer, "responses", &got->responses) || index >= rw_json_count(&got->responses))
		return false;
	got->response = rw_json_at(&got->responses, index);
	return rw_json_find(&got->response, "response_range", &got->range);
}

/* ---- refusals ---- */

/* Codes of gRPC (google/rpc/code.proto) that etcd uses. */
enum {
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_NOT_FOUND = 5,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNAUTHENTICATED = 16,
};

static int code_of(int64_t grpc, const char *message)
{
	switch (grpc) {
	case GRPC_INVALID_ARGUMENT:
		if (strstr(message, "too large") || strstr(message, "too many"))
			return -E2BIG;
		/* A signed token of before a change of users or roles. */
		if (strstr(message, "revision of auth store is old"))
			return -EKEYREVOKED;
		/* "user name is empty": users are asked for, and none was given; "invalid user ID or password". */
		return strstr(message, "user") || strstr(message, "auth") ? -EACCES : -EIO;
	case GRPC_NOT_FOUND:
		return -ENOENT;
	case GRPC_PERMISSION_DENIED:
	case GRPC_FAILED_PRECONDITION:
		return -EACCES;
	case GRPC_RESOURCE_EXHAUSTED:
		return strstr(message, "space") ? -ENOSPC : -EHOSTDOWN;
	case GRPC_OUT_OF_RANGE:
		return strstr(message, "compacted") ? RW_STORE_COMPACTED : -EIO;
	case GRPC_UNAUTHENTICATED:
		return -EKEYREVOKED;
	default:
		return -EHOSTDOWN;
	}
}

int etcd_read_refusal(unsigned int status, const char *body, size_t size, bool *ret_unsure,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	const char *message = NULL;
	char quoted[200];
	int64_t grpc = 0;
	int r;

	if (rw_json_parse(body, size, RW_JSON_BODY_MAX, &document, NULL) == 0) {
		struct rw_json root = rw_json_root(document);
		struct rw_json code;

		message = etcd_read_text(&root, "message");
		if (!message)
			message = etcd_read_text(&root, "error");
		if (rw_json_find(&root, "code", &code) && rw_json_integer(&code, 0, 1000, &grpc, NULL) < 0)
			grpc = 0;
	}
	r = code_of(grpc, message ? message : "");
	/* The gateway's own refusal, in plain text: certificates with a CommonName cannot do beside users. */
	if (!message && status == 400 && size && strstr(body, "CommonName"))
		r = -EACCES;
	*ret_unsure = r == -EHOSTDOWN && grpc != GRPC_RESOURCE_EXHAUSTED;
	if (r > 0)
		return r;
	rw_json_quote(message ? message : body, quoted, sizeof(quoted));
	return rw_error_set(err, r, "etcd answered with status %u: %s", status, quoted);
}

/* ---- the claim ---- */

int etcd_write_claim(struct rw_buf *buf, const char *holder, uint64_t write, struct rw_error *err)
{
	struct rw_json_writer json;
	char hex[17];

	(void)snprintf(hex, sizeof(hex), "%016" PRIx64, write);
	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", 1);
	rw_json_put_text(&json, "holder", holder);
	rw_json_put_text(&json, "write", hex);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

int etcd_read_claim(const void *bytes, size_t size, char *ret_holder, size_t holder_size, uint64_t *ret_write,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	const char *holder;
	const char *hex;
	struct rw_json root;
	char *end;

	if (rw_json_parse(bytes, size, RW_JSON_BODY_MAX, &document, NULL) < 0)
		return unfit(err, "claim");
	root = rw_json_root(document);
	holder = etcd_read_text(&root, "holder");
	hex = etcd_read_text(&root, "write");
	if (!holder || !hex || strlen(hex) != 16 || strspn(hex, "0123456789abcdef") != 16)
		return unfit(err, "claim");
	if (ret_holder)
		rw_json_quote(holder, ret_holder, holder_size);
	*ret_write = strtoull(hex, &end, 16);
	return 0;
}
