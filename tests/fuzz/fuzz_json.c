/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Objects of the API from any bytes; what is accepted must survive writing and reading again.  The first byte
 * is the kind.
 */

#include <assert.h>

#include "wire/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int decode(const char *text, size_t size, enum rw_kind kind, void **ret_object)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;
	int r;

	r = rw_json_parse(text, size, RW_JSON_BODY_MAX, &document, &err);
	if (r == 0) {
		root = rw_json_root(document);
		r = rw_object_decode(&root, kind, NULL, ret_object, &err);
	}
	assert(r == 0 || (r == err.code && err.text[0]));
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf first;
	RW_CLEANUP(rw_buf_done) struct rw_buf second;
	struct rw_json_writer json;
	void *object = NULL;
	void *again = NULL;
	enum rw_kind kind;

	rw_buf_init(&first, 16 << 20);
	rw_buf_init(&second, 16 << 20);
	if (size == 0)
		return 0;
	kind = (enum rw_kind)(bytes[0] % RW_KIND_COUNT_);
	if (decode((const char *)bytes + 1, size - 1, kind, &object) < 0)
		return 0;
	rw_json_writer_init(&json, &first, false);
	rw_object_encode(&json, kind, object);
	/* An id may be absent but not empty, and so may a cluster's group. */
	if (rw_object_id(kind, object)[0] &&
	    !(kind == RW_KIND_CLUSTER && !((struct rw_cluster *)object)->security_group[0]) &&
	    !(kind == RW_KIND_NODE && !((struct rw_node *)object)->network[0])) {
		assert(decode(first.data, first.size, kind, &again) == 0);
		rw_json_writer_init(&json, &second, false);
		rw_object_encode(&json, kind, again);
		assert(first.size == second.size &&
		       __builtin_memcmp(first.data, second.data, first.size) == 0);
		(void)rw_object_unref(kind, again);
	}
	(void)rw_object_unref(kind, object);
	return 0;
}
