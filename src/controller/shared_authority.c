/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/shared_authority.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "controller/internal.h"
#include "controller/state_files.h"
#include "crypto/encoding.h"

#define RECORD_BYTES  (256u * 1024)
#define SEALED_MAX    (RW_CERT_MAX_SIZE + RW_SEAL_OVERHEAD)
#define LABEL_SIZE    96
#define PUSH_RETRY_NS UINT64_C(10000000000)
#define SAME_FILE_HINT                                                                                       \
	"It must be the same file on all controllers: copy master-key from the state folder of another "     \
	"one, "                                                                                              \
	"mode 0600."

/* What the record says; the keys as in the store, or opened. */
struct shared {
	int64_t version;
	char *trust;
	char *key;
	char *next_key; /* NULL = none is introduced */
};

static const struct rw_json_field fields[] = {
	RW_JSON_FIELD("version", struct shared, version, rw_json_decode_integer, .min = 1, .max = INT32_MAX),
	RW_JSON_FIELD("trust", struct shared, trust, rw_json_decode_prose,
		      .max = RW_CERT_BUNDLE_MAX * RW_CERT_MAX_SIZE, .required = true),
	RW_JSON_FIELD("key", struct shared, key, rw_json_decode_text, .max = RW_BASE64_SIZE(SEALED_MAX),
		      .required = true),
	RW_JSON_FIELD("next_key", struct shared, next_key, rw_json_decode_text,
		      .max = RW_BASE64_SIZE(SEALED_MAX)),
};

static void shared_done(struct shared *shared)
{
	free(shared->trust);
	state_wipe(shared->key);
	state_wipe(shared->next_key);
	*shared = (struct shared){0};
}
RW_DEFINE_DONE(struct shared, shared_done)

static int read_record(const void *bytes, size_t size, struct shared *shared, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	int r = rw_json_parse(bytes, size, RECORD_BYTES, &document, err);

	if (r == 0) {
		root = rw_json_root(document);
		r = layout_check_version(&root, err);
	}
	if (r == 0)
		r = rw_json_decode(&root, RW_JSON_FIELDS(fields), shared, NULL, err);
	if (r == -EINVAL && err)
		err->code = -EUCLEAN;
	if (r == -EINVAL)
		r = -EUCLEAN;
	if (r < 0)
		(void)rw_error_wrap(err, RW_LAYOUT_AUTHORITY);
	return r;
}

/* ---- sealing ---- */

static void make_label(const char *what, const char *trust, char label[LABEL_SIZE])
{
	uint8_t digest[RW_SHA256_SIZE];
	char hex[2 * RW_SHA256_SIZE + 1];

	rw_sha256(trust, strlen(trust), digest);
	rw_hex_format(digest, sizeof(digest), hex);
	(void)snprintf(label, LABEL_SIZE, "authority %s %s", what, hex);
}

static int seal_key(const struct rw_seal_key *master_key, const struct rw_random *random, const char *label,
		    const char *pem, char **ret_text, struct rw_error *err)
{
	size_t size = strlen(pem) + RW_SEAL_OVERHEAD;
	RW_CLEANUP(rw_free) uint8_t *sealed = malloc(size);
	RW_CLEANUP(rw_free) char *text = malloc(RW_BASE64_SIZE(size));
	int r;

	if (!sealed || !text)
		return rw_error_oom(err);
	r = rw_seal(master_key, random, label, pem, strlen(pem), sealed);
	if (r < 0)
		return rw_error_set(err, r, "cannot seal the authority's key");
	rw_base64_encode(sealed, size, text);
	*ret_text = RW_TAKE_PTR(text);
	return 0;
}

/* Gives the PEM text in place of the sealed one.  -EBADMSG when it does not open. */
static int open_key(const struct rw_seal_key *master_key, const char *label, char **text)
{
	size_t room = strlen(*text);
	RW_CLEANUP(rw_free) uint8_t *sealed = malloc(room + 1);
	char *pem = calloc(1, room + 1);
	size_t size = 0;
	int r = -ENOMEM;

	if (sealed && pem)
		r = rw_base64_decode(*text, room, sealed, room, &size);
	if (r == 0)
		r = rw_seal_open(master_key, label, sealed, size, pem, &size);
	if (r < 0) {
		if (pem)
			rw_secret_wipe(pem, room + 1);
		free(pem);
		return r == -ENOMEM ? r : -EBADMSG;
	}
	free(*text);
	*text = pem;
	return 0;
}

/* Opens both keys, or neither: -EBADMSG. */
static int open_keys(const struct rw_seal_key *master_key, struct shared *shared)
{
	char label[LABEL_SIZE];
	int r;

	make_label("key", shared->trust, label);
	r = open_key(master_key, label, &shared->key);
	make_label("next key", shared->trust, label);
	if (r == 0 && shared->next_key)
		r = open_key(master_key, label, &shared->next_key);
	return r;
}

static int write_record(const struct rw_state_folder *folder, const struct rw_seal_key *master_key,
			const struct rw_random *random, char **ret_text, size_t *ret_size,
			struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(shared_done) struct shared sealed = {0};
	struct rw_json_writer json;
	char label[LABEL_SIZE];
	int r;

	rw_buf_init(&buf, RECORD_BYTES);
	make_label("key", folder->trust_pem, label);
	r = seal_key(master_key, random, label, folder->ca_key_pem, &sealed.key, err);
	make_label("next key", folder->trust_pem, label);
	if (r == 0 && folder->ca_next_key_pem)
		r = seal_key(master_key, random, label, folder->ca_next_key_pem, &sealed.next_key, err);
	if (r < 0)
		return r;
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	rw_json_put_text(&json, "trust", folder->trust_pem);
	rw_json_put_text(&json, "key", sealed.key);
	if (sealed.next_key)
		rw_json_put_text(&json, "next_key", sealed.next_key);
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	*ret_size = buf.size;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

/* ---- from the store to the folder ---- */

/* The keys of the folder: two of them in the midst of a rotation. */
static int load_master_key(const char *state, const char *name, struct rw_seal_key *ret_key,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = state_path(state, name, &path, err);

	if (r < 0)
		return r;
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		(void)rw_error_set(err, -ENOENT,
				   "there is no master key in %s, and the authority in the store is sealed",
				   state);
		(void)rw_error_hint(err, SAME_FILE_HINT);
		return -ENOENT;
	}
	return rw_seal_key_load(path, ret_key, err);
}

static int open_in_folder(const char *state, struct shared *shared, struct rw_error *err)
{
	static const char *const names[] = {"master-key", "master-key-next"};
	int r = 0;

	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		RW_CLEANUP(rw_seal_key_done) struct rw_seal_key key = {0};

		r = load_master_key(state, names[i], &key, i == 0 ? err : NULL);
		if (r < 0 && i == 0)
			return r;
		if (r == 0)
			r = open_keys(&key, shared);
		if (r == 0)
			return 0;
		if (r == -ENOMEM)
			return rw_error_oom(err);
	}
	(void)rw_error_set(err, -EKEYREJECTED,
			   "the authority in the store is sealed under another master key than %s/%s", state,
			   names[0]);
	(void)rw_error_hint(err, SAME_FILE_HINT);
	return -EKEYREJECTED;
}

int rw_shared_authority_pull(const char *state, const void *bytes, size_t size,
			     const struct rw_random *random, struct rw_error *err)
{
	RW_CLEANUP(shared_done) struct shared shared = {0};
	int r = read_record(bytes, size, &shared, err);

	if (r == 0)
		r = rw_file_make_folder(state, 0700, err);
	if (r == 0)
		r = open_in_folder(state, &shared, err);
	if (r < 0)
		return r;
	r = rw_state_folder_put_authority(state,
					  &(struct rw_state_authority){.trust_pem = shared.trust,
								       .key_pem = shared.key,
								       .next_key_pem = shared.next_key},
					  random, err);
	if (r == -EUCLEAN)
		(void)rw_error_wrap(err, RW_LAYOUT_AUTHORITY);
	return r;
}

/* ---- from the folder to the store ---- */

/* RW_STORE_NOT_FOUND when there is none; *ret_mod_revision is what a transaction compares. */
static int get_record(struct rw_controller *controller, struct shared *shared, uint64_t *ret_mod_revision,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	int r = rw_store_get(controller->store, RW_LAYOUT_AUTHORITY, 0, &entry, err);

	*ret_mod_revision = 0;
	if (r != 0)
		return r;
	*ret_mod_revision = entry.mod_revision;
	return read_record(entry.value, entry.value_size, shared, err);
}

static int refuse_key(const struct rw_controller *controller, struct rw_error *err)
{
	(void)rw_error_set(err, -EKEYREJECTED,
			   "the secrets in the store are sealed under another master key than %s/master-key",
			   controller->folder->path);
	(void)rw_error_hint(err, SAME_FILE_HINT);
	return -EKEYREJECTED;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* 1 = the record says what the folder says, 0 = it is to be written. */
static int compare_record(struct rw_controller *controller, uint64_t *ret_mod_revision, struct rw_error *err)
{
	const struct rw_state_folder *folder = controller->folder;
	RW_CLEANUP(shared_done) struct shared shared = {0};
	int r = get_record(controller, &shared, ret_mod_revision, err);

	if (r == RW_STORE_NOT_FOUND)
		return keys_open_under(controller, &controller->master_key) ? 0 : refuse_key(controller, err);
	if (r == 0)
		r = open_keys(&controller->master_key, &shared);
	if (r == -EBADMSG)
		return refuse_key(controller, err);
	if (r < 0)
		return r == -ENOMEM ? rw_error_oom(err) : r;
	return same_text(shared.trust, folder->trust_pem) && same_text(shared.key, folder->ca_key_pem) &&
	       same_text(shared.next_key, folder->ca_next_key_pem);
}

int rw_shared_authority_push(struct rw_controller *controller, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_free) char *text = NULL;
	uint64_t mod_revision;
	size_t size;
	int r;

	rw_store_txn_init(&txn);
	if (!controller->shared || !controller->folder)
		return 0;
	r = compare_record(controller, &mod_revision, err);
	if (r == 0)
		r = write_record(controller->folder, &controller->master_key, controller->random, &text,
				 &size, err);
	else if (r > 0)
		controller->authority_unshared = false;
	if (r != 0 || !text)
		return r < 0 ? r : 0;
	rw_store_txn_expect(&txn, RW_LAYOUT_AUTHORITY, mod_revision);
	rw_store_txn_put(&txn, RW_LAYOUT_AUTHORITY, text, size);
	r = rw_store_commit(controller->store, &txn, NULL, err);
	if (r > 0)
		return rw_error_set(err, -EAGAIN, "another controller wrote " RW_LAYOUT_AUTHORITY);
	if (r == 0) {
		controller->authority_unshared = false;
		plan_note_written(controller);
		inventory_pump(controller);
	}
	return r;
}

int shared_authority_plan(struct rw_controller *controller, const struct rw_seal_key *master_key,
			  struct plan *plan, struct rw_error *err)
{
	char *text;
	size_t size;
	int r;

	if (!controller->shared || !controller->folder)
		return 0;
	r = write_record(controller->folder, master_key, controller->random, &text, &size, err);
	return r < 0 ? r : plan_put(plan, RW_LAYOUT_AUTHORITY, text, size, err);
}

int shared_authority_opens_under(struct rw_controller *controller, const struct rw_seal_key *master_key,
				 bool *ret_opens, struct rw_error *err)
{
	RW_CLEANUP(shared_done) struct shared shared = {0};
	uint64_t mod_revision;
	int r;

	*ret_opens = true;
	if (!controller->shared)
		return 0;
	r = get_record(controller, &shared, &mod_revision, err);
	if (r == RW_STORE_NOT_FOUND)
		return 0;
	if (r == 0)
		r = open_keys(master_key, &shared);
	*ret_opens = r == 0;
	if (r == -ENOMEM)
		return rw_error_oom(err);
	return r == -EBADMSG ? 0 : r;
}

void shared_authority_tick(struct rw_controller *controller)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	struct rw_error err = RW_ERROR_NONE;

	if (!controller->authority_unshared || controller->stopped || now_ns < controller->authority_retry_ns)
		return;
	controller->authority_retry_ns = now_ns + PUSH_RETRY_NS;
	if (rw_shared_authority_push(controller, &err) < 0)
		rw_log_warning("cannot share the authority with the other controllers; it is tried again  "
			       "reason=\"%s\"",
			       err.text);
}
