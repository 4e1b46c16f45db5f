/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/first_key.h"
#include "controller/internal.h"
#include "crypto/encoding.h"

const struct rw_word rw_words_role[] = {
	{"viewer", RW_ROLE_VIEWER},
	{"operator", RW_ROLE_OPERATOR},
	{"admin", RW_ROLE_ADMIN},
	{NULL, 0},
};

#define SEALED_SIZE (RW_TOKEN_SECRET_SIZE - 1 + RW_SEAL_OVERHEAD)

static void entry_free(struct key_entry *entry)
{
	free(entry->key.name);
	free(entry->sealed);
	free(entry);
}

void keys_done(struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		entry_free(keys->entries[i]);
	free(keys->entries);
}

static size_t place_of(const struct keys *keys, const char *id)
{
	size_t low = 0;

	for (size_t high = keys->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(keys->entries[middle]->key.id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct key_entry *find_entry(const struct rw_controller *controller, const char *id)
{
	const struct keys *keys = &controller->keys;
	size_t place = place_of(keys, id);

	return place < keys->count && strcmp(keys->entries[place]->key.id, id) == 0 ? keys->entries[place]
										    : NULL;
}

static struct key_entry *find_name(const struct rw_controller *controller, const char *name)
{
	for (size_t i = 0; i < controller->keys.count; i++) {
		if (strcmp(controller->keys.entries[i]->key.name, name) == 0)
			return controller->keys.entries[i];
	}
	return NULL;
}

size_t rw_key_count(const struct rw_controller *controller)
{
	return controller->keys.count;
}

const struct rw_key *rw_key_at(const struct rw_controller *controller, size_t index)
{
	return &controller->keys.entries[index]->key;
}

const struct rw_key *rw_key_find(const struct rw_controller *controller, const char *id)
{
	const struct key_entry *entry = find_entry(controller, id);

	return entry ? &entry->key : NULL;
}

/* ---- the store's form ---- */

struct stored_key {
	char *name;
	char *sealed; /* base64 */
	enum rw_role role;
	int64_t created_ms;
	int64_t expires_ms;
	int64_t version;
};

static const struct rw_json_field stored_fields[] = {
	RW_JSON_FIELD("version", struct stored_key, version, rw_json_decode_integer, .min = 1,
		      .max = INT32_MAX),
	RW_JSON_FIELD("name", struct stored_key, name, rw_json_decode_text, .required = true),
	RW_JSON_FIELD("role", struct stored_key, role, rw_json_decode_word, .words = rw_words_role,
		      .required = true),
	RW_JSON_FIELD("created", struct stored_key, created_ms, rw_json_decode_time),
	RW_JSON_FIELD("expires", struct stored_key, expires_ms, rw_json_decode_time),
	RW_JSON_FIELD("sealed", struct stored_key, sealed, rw_json_decode_text, .required = true),
};

static void remove_entry(struct rw_controller *controller, const char *id)
{
	struct keys *keys = &controller->keys;
	size_t place = place_of(keys, id);

	if (place >= keys->count || strcmp(keys->entries[place]->key.id, id) != 0)
		return;
	entry_free(keys->entries[place]);
	keys->count--;
	(void)memmove(keys->entries + place, keys->entries + place + 1,
		      (keys->count - place) * sizeof(*keys->entries));
}

/* Takes 'entry' also on failure. */
static int insert_entry(struct rw_controller *controller, struct key_entry *entry)
{
	struct keys *keys = &controller->keys;
	size_t place;

	if (keys->count == keys->capacity) {
		size_t capacity = keys->capacity ? keys->capacity * 2 : 8;
		struct key_entry **grown = reallocarray(keys->entries, capacity, sizeof(*grown));

		if (!grown) {
			entry_free(entry);
			return -ENOMEM;
		}
		keys->entries = grown;
		keys->capacity = capacity;
	}
	place = place_of(keys, entry->key.id);
	(void)memmove(keys->entries + place + 1, keys->entries + place,
		      (keys->count - place) * sizeof(*keys->entries));
	keys->entries[place] = entry;
	keys->count++;
	return 0;
}

static struct key_entry *make_entry(const char *id, struct stored_key *stored)
{
	struct key_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->sealed = malloc(SEALED_SIZE);
	if (!entry->sealed || rw_base64_decode(stored->sealed, strlen(stored->sealed), entry->sealed,
					       SEALED_SIZE, &entry->sealed_size) < 0) {
		entry_free(entry);
		return NULL;
	}
	(void)strcpy(entry->key.id, id);
	entry->key.name = RW_TAKE_PTR(stored->name);
	entry->key.role = stored->role;
	entry->key.created_ms = stored->created_ms;
	entry->key.expires_ms = stored->expires_ms;
	return entry;
}

int key_fold(struct rw_controller *controller, const char *id, const struct rw_json *value,
	     struct rw_error *err)
{
	const struct key_entry *old = find_entry(controller, id);
	int64_t last_used_ms = old ? old->key.last_used_ms : 0;
	struct stored_key stored = {0};
	struct key_entry *entry;
	int r;

	if (!value) {
		remove_entry(controller, id);
		return 0;
	}
	r = rw_json_decode(value, RW_JSON_FIELDS(stored_fields), &stored, NULL, err);
	entry = r == 0 ? make_entry(id, &stored) : NULL;
	free(stored.name);
	free(stored.sealed);
	if (r < 0)
		return r;
	if (!entry)
		return rw_error_set(err, -EUCLEAN, "key %s: its sealed secret cannot be read", id);
	entry->key.last_used_ms = last_used_ms;
	remove_entry(controller, id);
	return insert_entry(controller, entry) < 0 ? rw_error_oom(err) : 0;
}

static int write_key(const struct rw_key *key, const uint8_t *sealed, char **ret_text, size_t *ret_size,
		     struct rw_error *err)
{
	char base64[RW_BASE64_SIZE(SEALED_SIZE)];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, 4096);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	if (sealed)
		rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	else
		rw_json_put_text(&json, "id", key->id);
	rw_json_put_text(&json, "name", key->name);
	rw_json_put_text(&json, "role", rw_word_of(rw_words_role, (int)key->role));
	rw_json_put_time(&json, "created", key->created_ms);
	if (key->expires_ms)
		rw_json_put_time(&json, "expires", key->expires_ms);
	if (sealed) {
		rw_base64_encode(sealed, SEALED_SIZE, base64);
		rw_json_put_text(&json, "sealed", base64);
	}
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	*ret_size = buf.size;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

/* ---- sealing anew ---- */

static int open_secret(const struct key_entry *entry, const struct rw_seal_key *key,
		       char secret[RW_TOKEN_SECRET_SIZE])
{
	size_t size = 0;
	int r = rw_seal_open(key, entry->key.id, entry->sealed, entry->sealed_size, secret, &size);

	return r == 0 && size != RW_TOKEN_SECRET_SIZE - 1 ? -EBADMSG : r;
}

bool keys_open_under(const struct rw_controller *controller, const struct rw_seal_key *key)
{
	bool all = true;

	for (size_t i = 0; all && i < controller->keys.count; i++) {
		char secret[RW_TOKEN_SECRET_SIZE];

		all = open_secret(controller->keys.entries[i], key, secret) == 0;
		rw_secret_wipe(secret, sizeof(secret));
	}
	return all;
}

static int reseal_one(const struct rw_controller *controller, const struct key_entry *entry,
		      const struct rw_seal_key *next, struct plan *plan, struct rw_error *err)
{
	char store_key[RW_LAYOUT_KEY_SIZE];
	char secret[RW_TOKEN_SECRET_SIZE];
	uint8_t sealed[SEALED_SIZE];
	char *text;
	size_t size;
	int r = open_secret(entry, &controller->master_key, secret);

	if (r == 0)
		r = rw_seal(next, controller->random, entry->key.id, secret, RW_TOKEN_SECRET_SIZE - 1,
			    sealed);
	rw_secret_wipe(secret, sizeof(secret));
	if (r < 0)
		return rw_error_set(err, r, "key %s: its secret does not open under the master key",
				    entry->key.id);
	(void)snprintf(store_key, sizeof(store_key), RW_LAYOUT_KEYS "%s", entry->key.id);
	r = write_key(&entry->key, sealed, &text, &size, err);
	return r < 0 ? r : plan_put(plan, store_key, text, size, err);
}

int keys_reseal(struct rw_controller *controller, const struct rw_seal_key *next, struct plan *plan,
		struct rw_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < controller->keys.count; i++)
		r = reseal_one(controller, controller->keys.entries[i], next, plan, err);
	return r;
}

/* ---- making and revoking ---- */

static int check_new(const struct rw_controller *controller, const char *name, int64_t expires_ms,
		     struct rw_error *err)
{
	int r = rw_validate_text(name, "name", 1, RW_KEY_NAME_MAX, err);

	if (r < 0)
		return r;
	if (find_name(controller, name)) {
		(void)rw_error_field(err, "name", "the name \"%s\" is taken by another key", name);
		if (err)
			err->code = -EEXIST;
		return -EEXIST;
	}
	if (expires_ms && expires_ms <= rw_clock_realtime_ms(controller->clock))
		return rw_error_field(err, "expires", "this time is over already");
	if (controller->keys.count >= controller->limits.keys) {
		(void)rw_error_set(err, -ENOSPC, "there are %zu keys, which is the limit",
				   controller->keys.count);
		(void)rw_error_hint(err, "Revoke keys that nobody needs.");
		return -ENOSPC;
	}
	return 0;
}

static int plan_key(struct rw_controller *controller, struct plan *plan, const struct rw_key *key,
		    const char *secret, struct rw_error *err)
{
	uint8_t sealed[SEALED_SIZE];
	char store_key[RW_LAYOUT_KEY_SIZE];
	char *text;
	size_t size;
	int r;

	r = rw_seal(&controller->master_key, controller->random, key->id, secret, RW_TOKEN_SECRET_SIZE - 1,
		    sealed);
	if (r < 0)
		return rw_error_set(err, r, "cannot seal the key");
	(void)snprintf(store_key, sizeof(store_key), RW_LAYOUT_KEYS "%s", key->id);
	r = write_key(key, sealed, &text, &size, err);
	if (r == 0)
		r = plan_put(plan, store_key, text, size, err);
	if (r == 0)
		r = write_key(key, NULL, &text, &size, err);
	return r < 0 ? r : plan_item(plan, RW_SUBJECT_KEY, RW_KIND_GROUP, key->id, NULL, NULL, text, err);
}

int rw_key_create(struct rw_controller *controller, const struct rw_actor *actor, const char *name,
		  enum rw_role role, int64_t expires_ms, char ret_token[RW_TOKEN_SIZE], struct rw_error *err)
{
	char secret[RW_TOKEN_SECRET_SIZE];
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++) {
		RW_CLEANUP(plan_done) struct plan plan;
		struct rw_key key = {.name = (char *)(uintptr_t)name,
				     .role = role,
				     .created_ms = rw_clock_realtime_ms(controller->clock),
				     .expires_ms = expires_ms};
		uint64_t revision;

		plan_init(&plan, actor, "create key");
		inventory_pump(controller);
		r = check_new(controller, name, expires_ms, err);
		if (r < 0)
			return r;
		rw_random_id(controller->random, "k-", 16, key.id, sizeof(key.id));
		rw_token_secret_make(controller->random, secret);
		r = plan_key(controller, &plan, &key, secret, err);
		if (r == 0)
			r = plan_commit(controller, &plan, &revision, err);
		if (r == 0)
			rw_token_format(key.id, secret, ret_token);
	}
	rw_secret_wipe(secret, sizeof(secret));
	return r > 0 ? rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again") : r;
}

static bool is_lasting_admin(const struct rw_key *key)
{
	return key->role == RW_ROLE_ADMIN && key->expires_ms == 0;
}

static int check_revoke(const struct rw_controller *controller, const char *id, struct rw_error *err)
{
	const struct rw_key *key = rw_key_find(controller, id);
	size_t admins = 0;

	if (!key)
		return rw_error_set(err, -ENOENT, "there is no key %s", id);
	for (size_t i = 0; i < controller->keys.count; i++)
		admins += is_lasting_admin(&controller->keys.entries[i]->key);
	if (is_lasting_admin(key) && admins == 1) {
		(void)rw_error_set(err, -EBUSY, "key %s is the last admin key that does not expire", id);
		(void)rw_error_hint(err, "Create another admin key first.");
		return -EBUSY;
	}
	return 0;
}

int rw_key_revoke(struct rw_controller *controller, const struct rw_actor *actor, const char *id,
		  struct rw_error *err)
{
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++) {
		RW_CLEANUP(plan_done) struct plan plan;
		char store_key[RW_LAYOUT_KEY_SIZE];
		uint64_t revision;
		char *text;
		size_t size;

		plan_init(&plan, actor, "revoke key");
		inventory_pump(controller);
		r = check_revoke(controller, id, err);
		if (r < 0)
			return r;
		(void)snprintf(store_key, sizeof(store_key), RW_LAYOUT_KEYS "%s", id);
		r = plan_delete(&plan, store_key, err);
		if (r == 0)
			r = write_key(rw_key_find(controller, id), NULL, &text, &size, err);
		if (r == 0)
			r = plan_item(&plan, RW_SUBJECT_KEY, RW_KIND_GROUP, id, NULL, text, NULL, err);
		if (r == 0)
			r = plan_commit(controller, &plan, &revision, err);
	}
	return r > 0 ? rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again") : r;
}

int rw_key_create_admin(struct rw_controller *controller, char ret_token[RW_TOKEN_SIZE], struct rw_error *err)
{
	struct rw_actor actor = {.kind = RW_ACTOR_LOCAL, .id = "local", .name = "controller host"};
	char name[32] = "admin";

	for (unsigned int i = 2; find_name(controller, name); i++)
		(void)snprintf(name, sizeof(name), "admin-%u", i);
	return rw_key_create(controller, &actor, name, RW_ROLE_ADMIN, 0, ret_token, err);
}

/* ---- authentication ---- */

/* Compares with the entry's secret, or with nothing in the same time. */
static bool is_secret_of(const struct rw_controller *controller, const struct key_entry *entry,
			 const char secret[RW_TOKEN_SECRET_SIZE])
{
	static const uint8_t nothing[SEALED_SIZE];
	char own[RW_TOKEN_SECRET_SIZE] = {0};
	size_t size = 0;
	bool opened;
	bool equal;

	if (entry)
		opened = rw_seal_open(&controller->master_key, entry->key.id, entry->sealed,
				      entry->sealed_size, own, &size) == 0;
	else
		opened = rw_seal_open(&controller->master_key, "k-", nothing, sizeof(nothing), own, &size) ==
			 0;
	equal = rw_secret_equal(own, secret, RW_TOKEN_SECRET_SIZE - 1);
	rw_secret_wipe(own, sizeof(own));
	return opened && equal;
}

int key_refuse(struct rw_controller *controller, const struct rw_address *address, struct rw_error *err)
{
	rate_count(&controller->logins, address, rw_clock_monotonic_ns(controller->clock));
	(void)rw_error_set(err, -ENOKEY, "this API key is not valid");
	(void)rw_error_hint(err, "Send \"Authorization: Bearer <key id>.<secret>\"; ask an admin for a key.");
	return -ENOKEY;
}

void key_note_use(struct rw_controller *controller, const char *id, int64_t time_ms)
{
	struct key_entry *entry = find_entry(controller, id);

	if (entry && entry->key.last_used_ms < time_ms)
		entry->key.last_used_ms = time_ms;
}

/* The key in the admin-key file has arrived at its owner: the file has served. */
static void forget_admin_key_file(struct rw_controller *controller, const char *id)
{
	if (!controller->admin_key_file || strcmp(controller->admin_key_id, id) != 0)
		return;
	rw_first_key_forget_file(controller->admin_key_file);
	free(RW_TAKE_PTR(controller->admin_key_file));
}

int key_check_guessing(struct rw_controller *controller, const struct rw_address *address,
		       struct rw_error *err)
{
	if (!rate_is_exceeded(&controller->logins, address, rw_clock_monotonic_ns(controller->clock),
			      controller->limits.failed_logins))
		return 0;
	(void)rw_error_set(err, -EAGAIN, "too many invalid keys from this address");
	(void)rw_error_hint(err, "Wait a minute.");
	return -EAGAIN;
}

static bool is_expired(const struct rw_controller *controller, const struct rw_key *key)
{
	return key->expires_ms && key->expires_ms <= rw_clock_realtime_ms(controller->clock);
}

bool key_is_good(const struct rw_controller *controller, const char *id)
{
	const struct rw_key *key = rw_key_find(controller, id);

	return key && !is_expired(controller, key);
}

static int check_expiry(struct rw_controller *controller, const struct key_entry *entry,
			const struct rw_address *address, struct rw_error *err)
{
	char expired[RW_TIMESTAMP_SIZE];

	if (!is_expired(controller, &entry->key))
		return 0;
	(void)key_refuse(controller, address, err);
	rw_timestamp_format(entry->key.expires_ms, expired);
	(void)rw_error_set(err, -ENOKEY, "this API key has expired at %s", expired);
	(void)rw_error_hint(err, "Ask an admin for a new one.");
	return -ENOKEY;
}

/* The key was shown to be its bearer's. */
static void accept_key(struct rw_controller *controller, struct key_entry *entry,
		       const struct rw_address *address, struct rw_actor *ret_actor)
{
	entry->key.last_used_ms = rw_clock_realtime_ms(controller->clock);
	controller->key_used = true;
	forget_admin_key_file(controller, entry->key.id);
	first_key_note_use(controller, entry->key.id);
	*ret_actor = (struct rw_actor){.kind = RW_ACTOR_KEY, .role = entry->key.role, .address = *address};
	(void)snprintf(ret_actor->id, sizeof(ret_actor->id), "%s", entry->key.id);
	(void)snprintf(ret_actor->name, sizeof(ret_actor->name), "%s", entry->key.name);
}

int key_resume(struct rw_controller *controller, const char *id, const struct rw_address *address,
	       struct rw_actor *ret_actor)
{
	struct key_entry *entry = find_entry(controller, id);

	if (!entry || is_expired(controller, &entry->key))
		return -ENOKEY;
	accept_key(controller, entry, address, ret_actor);
	return 0;
}

int rw_key_authenticate(struct rw_controller *controller, const char *token, const struct rw_address *address,
			struct rw_actor *ret_actor, struct rw_error *err)
{
	char id[RW_TOKEN_ID_MAX + 1];
	char secret[RW_TOKEN_SECRET_SIZE];
	struct key_entry *entry;
	bool valid;
	int r = key_check_guessing(controller, address, err);

	if (r < 0)
		return r;
	if (rw_token_parse(token, id, secret) < 0)
		return key_refuse(controller, address, err);
	entry = find_entry(controller, id);
	valid = is_secret_of(controller, entry, secret);
	rw_secret_wipe(secret, sizeof(secret));
	if (!valid)
		return key_refuse(controller, address, err);
	r = check_expiry(controller, entry, address, err);
	if (r == 0)
		accept_key(controller, entry, address, ret_actor);
	return r;
}

/* ---- signatures ---- */

#define SUFFIX_MAX 8

static bool is_mac_of(const struct rw_key_signature *signature, const char *key, size_t key_size,
		      const void *text, size_t size)
{
	size_t digest_size = signature->mac == RW_KEY_HMAC_SHA1 ? RW_SHA1_SIZE : RW_SHA256_SIZE;
	uint8_t digest[RW_SHA256_SIZE];
	bool valid;

	if (signature->mac == RW_KEY_HMAC_SHA1)
		rw_hmac_sha1(key, key_size, text, size, digest);
	else
		rw_hmac_sha256(key, key_size, text, size, digest);
	valid = signature->byte_count == digest_size &&
		rw_secret_equal(digest, signature->bytes, digest_size);
	/* The right signature of a text that somebody else chose is worth as much as the key. */
	rw_secret_wipe(digest, sizeof(digest));
	return valid;
}

static bool is_signed_by(const struct rw_controller *controller, const struct key_entry *entry,
			 const struct rw_key_signature *signature)
{
	char key[RW_TOKEN_SECRET_SIZE + SUFFIX_MAX];
	size_t suffix_size = strlen(signature->suffix);
	size_t size = RW_TOKEN_SECRET_SIZE - 1 + suffix_size;
	bool valid;

	if (suffix_size > SUFFIX_MAX || open_secret(entry, &controller->master_key, key) < 0)
		return false;
	(void)memcpy(key + RW_TOKEN_SECRET_SIZE - 1, signature->suffix, suffix_size);
	valid = is_mac_of(signature, key, size, signature->text, signature->size);
	if (!valid && signature->other_text)
		valid = is_mac_of(signature, key, size, signature->other_text, signature->other_size);
	rw_secret_wipe(key, sizeof(key));
	return valid;
}

int rw_key_verify_signature(struct rw_controller *controller, const struct rw_key_signature *signature,
			    const struct rw_address *address, struct rw_actor *ret_actor,
			    struct rw_error *err)
{
	struct key_entry *entry;
	int r = key_check_guessing(controller, address, err);

	if (r < 0)
		return r;
	entry = find_entry(controller, signature->id);
	if (!entry) {
		(void)key_refuse(controller, address, err);
		(void)rw_error_set(err, -ENOKEY, "there is no such key");
		(void)rw_error_hint(err, "Ask an admin for a key.");
		return -ENOKEY;
	}
	if (!is_signed_by(controller, entry, signature)) {
		(void)key_refuse(controller, address, err);
		(void)rw_error_set(err, -EKEYREJECTED, "the signature does not fit the request");
		(void)rw_error_hint(err, "Compare what was signed, and the secret of the key.");
		return -EKEYREJECTED;
	}
	r = check_expiry(controller, entry, address, err);
	if (r == 0)
		accept_key(controller, entry, address, ret_actor);
	return r;
}
