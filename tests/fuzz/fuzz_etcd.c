/* SPDX-License-Identifier: Apache-2.0 */

/*
 * etcd's answers: the first byte says what they are read as.  What was read must be within bounds, and a claim that we
 * write must be read as it was.
 */

#include <assert.h>
#include <string.h>

#include "store/etcd/gateway.h"

static int look(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	size_t *count = context;

	(void)err;
	assert(kv->key_size && strlen(kv->key) == kv->key_size && kv->mod_revision);
	assert(kv->value[kv->value_size] == '\0');
	return ++*count == 1000 ? RW_STORE_MORE : 0;
}

static void read_answer(const char *text, size_t size)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;
	struct etcd_got got;
	uint64_t revision = 0;
	size_t count = 0;
	bool more;

	if (rw_json_parse(text, size, ETCD_ANSWER_MAX, &document, &err) < 0)
		return;
	root = rw_json_root(document);
	if (etcd_read_range(&root, look, &count, &more, &err) < 0)
		assert(err.code < 0 && err.text[0]);
	if (etcd_read_revision(&root, &revision, &err) == 0)
		assert(revision);
	(void)etcd_read_flag(&root, "succeeded");
	for (size_t i = 0; i < 4; i++)
		if (etcd_find_got(&root, i, &got) &&
		    etcd_read_range(&got.range, look, &count, NULL, &err) < 0)
			assert(err.code < 0 && err.text[0]);
}

static void read_refusal(const char *text, size_t size)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_error err = RW_ERROR_NONE;
	bool unsure;
	int r;

	/* As the client gives it: with a NUL behind it. */
	rw_buf_init(&body, SIZE_MAX / 2);
	(void)rw_buf_append(&body, text, size);
	r = etcd_read_refusal(400, body.data, body.size, &unsure, &err);
	assert(r == RW_STORE_COMPACTED || (r < 0 && err.code == r && err.text[0]));
	assert(!unsure || r == -EHOSTDOWN);
}

static void read_claim(const char *text, size_t size)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf again;
	char holder[256], second[256];
	uint64_t write, same;

	rw_buf_init(&again, 4096);
	if (etcd_read_claim(text, size, holder, sizeof(holder), &write, NULL) < 0)
		return;
	assert(etcd_write_claim(&again, holder, write, NULL) == 0);
	assert(etcd_read_claim(again.data, again.size, second, sizeof(second), &same, NULL) == 0);
	assert(same == write && strcmp(holder, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes + 1;

	if (!size)
		return 0;
	switch (bytes[0]) {
	case 'a':
		read_answer(text, size - 1);
		break;
	case 'r':
		read_refusal(text, size - 1);
		break;
	case 'c':
		read_claim(text, size - 1);
		break;
	default:
		break;
	}
	return 0;
}
