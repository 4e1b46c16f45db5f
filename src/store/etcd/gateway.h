/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * etcd's words
 * ============
 *
 * Requests and answers of etcd's JSON gateway (etcd 3.4 "/v3", rpc.proto in JSON).  No socket, no clock.
 *
 * Keys and values are base64, 64-bit numbers are text, and what is zero is left out: a compare that failed is an
 * answer without "succeeded", a lease that ended one without "TTL".
 */

#include "base/buf.h"
#include "store/backend.h"
#include "wire/reader.h"
#include "wire/writer.h"

/* Longest key there: PREFIX "/data" and a key of the store. */
#define ETCD_KEY_MAX (128 + 16 + RW_STORE_MAX_KEY + 1)

/* Answers are read whole: the most bytes of one. */
#define ETCD_ANSWER_MAX (64u << 20)

/* ---- requests ---- */

struct etcd_range {
	const char *key;   /* whole, as it stands in etcd */
	const char *under; /* every key from 'key' on that begins with this; NULL = 'key' alone */
	uint64_t revision; /* 0 = now */
	size_t limit;      /* 0 = none */
	bool keys_only;
	bool count_only;
};

/* Writes the members of a range request into the open object. */
void etcd_write_range(struct rw_json_writer *json, const struct etcd_range *range);

/* A member whose value is the base64 of bytes. */
void etcd_write_bytes(struct rw_json_writer *json, const char *name, const void *bytes, size_t size);

/* A compare of a transaction, an element of the open array: 'key' was last written at 'mod_revision'. */
void etcd_write_compare(struct rw_json_writer *json, const char *key, uint64_t mod_revision);

/* The same: 'key' exists. */
void etcd_write_compare_present(struct rw_json_writer *json, const char *key);

/* Operations of a transaction, elements of the open array. 'lease' NULL = none. */
void etcd_write_put(struct rw_json_writer *json, const char *key, const void *value, size_t value_size,
		    const char *lease);
void etcd_write_delete(struct rw_json_writer *json, const char *key, bool prefix);
void etcd_write_get(struct rw_json_writer *json, const struct etcd_range *range);

/* ---- answers ---- */

struct etcd_kv {
	char *key; /* owned, NUL-terminated; holds no other NUL */
	size_t key_size;
	char *value; /* owned, a NUL behind it */
	size_t value_size;
	uint64_t mod_revision;
};
void etcd_kv_done(struct etcd_kv *kv);
RW_DEFINE_DONE(struct etcd_kv, etcd_kv_done)

/*
 * Walks the keys of a range answer; 'fn' takes what it wants of *kv and leaves the rest, and ends the walk by
 * anything but 0, which is returned.  *ret_more (nullable): there are more behind the limit.  -EBADMSG; -ENOMEM.
 */
typedef int etcd_kv_fn(void *context, struct etcd_kv *kv, struct rw_error *err);
RW_NODISCARD int etcd_read_range(const struct rw_json *answer, etcd_kv_fn *fn, void *context, bool *ret_more,
				 struct rw_error *err);

/* The revision of an answer's header.  -EBADMSG. */
RW_NODISCARD int etcd_read_revision(const struct rw_json *answer, uint64_t *ret_revision,
				    struct rw_error *err);

/* A flag; absent = false. */
bool etcd_read_flag(const struct rw_json *answer, const char *name);

/* The answer to one get of a transaction: 'range', and the way to it. */
struct etcd_got {
	struct rw_json responses;
	struct rw_json response;
	struct rw_json range;
};

/* Finds the answer to operation number 'index', a get; false when there is none.  *got stays in place as long as it is used. */
bool etcd_find_got(const struct rw_json *answer, size_t index, struct etcd_got *got);

/* A member of text, or NULL. */
const char *etcd_read_text(const struct rw_json *answer, const char *name);

/*
 * What a refusal says: the error's code is
 *     -EACCES     user, password, permission
 *     -EKEYREVOKED  the token has ended: authenticate again
 *     -ENOSPC     the quota is reached
 *     -E2BIG      too large a request
 *     -ENOENT     no such lease
 *     -EHOSTDOWN  no leader, too busy, or unknown: try again, perhaps elsewhere
 * or RW_STORE_COMPACTED.  *ret_unsure: whether a change that was asked for may have been carried out.
 */
int etcd_read_refusal(unsigned int status, const char *body, size_t size, bool *ret_unsure,
		      struct rw_error *err);

/* ---- the claim's value ---- */

int etcd_write_claim(struct rw_buf *buf, const char *holder, uint64_t write, struct rw_error *err);
/* 'ret_holder' has 'holder_size' bytes, nullable; -EBADMSG. */
RW_NODISCARD int etcd_read_claim(const void *bytes, size_t size, char *ret_holder, size_t holder_size,
				 uint64_t *ret_write, struct rw_error *err);
