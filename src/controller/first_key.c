/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/first_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "controller/internal.h"

#define RECORD_BYTES 4096
#define RETRY_NS     UINT64_C(10000000000)

struct record {
	int64_t version;
	char key[RW_TOKEN_ID_MAX + 1];
	bool used;
};

static const struct rw_json_field fields[] = {
	RW_JSON_FIELD("version", struct record, version, rw_json_decode_integer, .min = 1, .max = INT32_MAX),
	RW_JSON_FIELD("key", struct record, key, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("used", struct record, used, rw_json_decode_bool, .required = true),
};

int first_key_fold(struct rw_controller *controller, const struct rw_json *value, struct rw_error *err)
{
	struct record record = {0};
	int r = value ? rw_json_decode(value, RW_JSON_FIELDS(fields), &record, NULL, err) : 0;

	if (r < 0)
		return r;
	(void)memcpy(controller->first_key, record.key, sizeof(record.key));
	controller->first_key_used = record.used;
	return 0;
}

static int write_record(struct rw_controller *controller, const char *key, bool used, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_store_txn_init(&txn);
	rw_buf_init(&buf, RECORD_BYTES);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	rw_json_put_text(&json, "key", key);
	rw_json_put_bool(&json, "used", used);
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	rw_store_txn_put(&txn, RW_LAYOUT_FIRST_KEY, buf.data, buf.size);
	r = rw_store_commit(controller->store, &txn, NULL, err);
	if (r > 0)
		return rw_error_set(err, -EAGAIN, "another controller writes into the store");
	if (r == 0)
		inventory_pump(controller);
	return r;
}

int rw_first_key_note(struct rw_controller *controller, const char *key, struct rw_error *err)
{
	return controller->shared ? write_record(controller, key, false, err) : 0;
}

void first_key_note_use(struct rw_controller *controller, const char *key)
{
	if (!controller->first_key_used && controller->first_key[0] &&
	    strcmp(controller->first_key, key) == 0)
		controller->first_key_due = true;
}

void first_key_tick(struct rw_controller *controller)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	struct rw_error err = RW_ERROR_NONE;

	if (!controller->first_key_due || controller->stopped || now_ns < controller->first_key_retry_ns)
		return;
	controller->first_key_retry_ns = now_ns + RETRY_NS;
	if (write_record(controller, controller->first_key, true, &err) == 0)
		controller->first_key_due = false;
	else
		rw_log_warning("cannot tell other controllers that the first admin key was used; it is tried "
			       "again  reason=\"%s\"",
			       err.text);
}

/* The id of the key in the file, which holds "<id>.<secret>"; false when there is none. */
bool first_key_in_file(const char *file, char id[RW_TOKEN_ID_MAX + 1])
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char secret[RW_TOKEN_SECRET_SIZE];
	bool good = false;

	rw_buf_init(&buf, RECORD_BYTES);
	if (rw_file_read(file, &buf, NULL) == 0 && buf.size) {
		buf.data[strcspn(buf.data, "\n")] = '\0';
		good = rw_token_parse(buf.data, id, secret) == 0;
		rw_secret_wipe(secret, sizeof(secret));
		rw_secret_wipe(buf.data, buf.size);
	}
	return good;
}

bool rw_first_key_is_used(const char *file, const void *bytes, size_t size)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	char id[RW_TOKEN_ID_MAX + 1];
	struct record record = {0};
	struct rw_json root;

	if (rw_json_parse(bytes, size, RECORD_BYTES, &document, NULL) < 0)
		return false;
	root = rw_json_root(document);
	return layout_check_version(&root, NULL) == 0 &&
	       rw_json_decode(&root, RW_JSON_FIELDS(fields), &record, NULL, NULL) == 0 && record.used &&
	       first_key_in_file(file, id) && strcmp(id, record.key) == 0;
}

void rw_first_key_forget_file(const char *file)
{
	if (unlink(file) == 0 || errno == ENOENT)
		rw_log_info("the first admin key was used, its file is deleted  path=%s", file);
	else
		rw_log_warning("cannot delete the file of the first admin key  path=%s reason=\"%s\"", file,
			       strerror(errno));
}
