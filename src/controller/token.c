/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"
#include "crypto/encoding.h"

/* Join tokens in the store: only a digest of the secret, and what it grants. */

void token_free(void *token)
{
	struct token_entry *entry = token;

	free(entry->name);
	free(entry->groups);
	free(entry);
}

struct stored_token {
	struct token_entry *entry;
	char *name;
	char digest[2 * RW_SHA256_SIZE + 1];
	char cluster[RW_ID_SIZE];
	char network[RW_ID_SIZE];
	char (*groups)[RW_ID_SIZE];
	size_t group_count;
	int64_t expires_ms;
	int64_t version;
};

static const struct rw_json_field stored_fields[] = {
	RW_JSON_FIELD("version", struct stored_token, version, rw_json_decode_integer, .min = 1,
		      .max = INT32_MAX),
	RW_JSON_FIELD("name", struct stored_token, name, rw_json_decode_text),
	RW_JSON_FIELD("digest", struct stored_token, digest, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("cluster", struct stored_token, cluster, rw_json_decode_chars),
	RW_JSON_FIELD("network", struct stored_token, network, rw_json_decode_chars),
	RW_JSON_FIELD("security_groups", struct stored_token, groups, rw_json_decode_references,
		      .count_offset = offsetof(struct stored_token, group_count), .min = RW_KIND_GROUP,
		      .max = RW_WIRE_GROUPS_MAX),
	RW_JSON_FIELD("expires", struct stored_token, expires_ms, rw_json_decode_time, .required = true),
};

int token_fold(struct rw_controller *controller, const char *id, const struct rw_json *value,
	       struct rw_error *err)
{
	struct stored_token stored = {0};
	struct token_entry *entry;
	int r;

	if (!value) {
		(void)rw_map_remove(&controller->tokens, id);
		return 0;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return rw_error_oom(err);
	r = rw_json_decode(value, RW_JSON_FIELDS(stored_fields), &stored, NULL, err);
	(void)snprintf(entry->id, sizeof(entry->id), "%s", id);
	entry->name = stored.name;
	entry->groups = stored.groups;
	entry->group_count = stored.group_count;
	entry->expires_ms = stored.expires_ms;
	(void)memcpy(entry->cluster, stored.cluster, RW_ID_SIZE);
	(void)memcpy(entry->network, stored.network, RW_ID_SIZE);
	if (r == 0 && rw_hex_decode(stored.digest, entry->digest, sizeof(entry->digest)) < 0)
		r = rw_error_set(err, -EUCLEAN, "a join token's digest cannot be read");
	if (r == 0 && rw_map_set(&controller->tokens, id, entry) < 0)
		r = rw_error_oom(err);
	if (r < 0)
		token_free(entry);
	return r;
}

static void write_grant(struct rw_json_writer *json, const struct token_entry *entry)
{
	if (entry->name)
		rw_json_put_text(json, "name", entry->name);
	if (entry->cluster[0])
		rw_json_put_text(json, "cluster", entry->cluster);
	if (entry->network[0])
		rw_json_put_text(json, "network", entry->network);
	if (entry->group_count) {
		rw_json_key(json, "security_groups");
		rw_json_begin_array(json);
		for (size_t i = 0; i < entry->group_count; i++)
			rw_json_write_text(json, entry->groups[i]);
		rw_json_end_array(json);
	}
	rw_json_put_time(json, "expires", entry->expires_ms);
}

/* The stored form, or with 'public' what the log shows. */
static int token_text(const struct token_entry *entry, bool public, char **ret_text, size_t *ret_size,
		      struct rw_error *err)
{
	char digest[2 * RW_SHA256_SIZE + 1];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, 16384);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	if (public) {
		rw_json_put_text(&json, "id", entry->id);
	} else {
		rw_hex_format(entry->digest, sizeof(entry->digest), digest);
		rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
		rw_json_put_text(&json, "digest", digest);
	}
	write_grant(&json, entry);
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	*ret_size = buf.size;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

/* ---- making one ---- */

static int resolve(const struct rw_model *model, enum rw_kind kind, const char *reference, const char *field,
		   char ret_id[RW_ID_SIZE], struct rw_error *err)
{
	const void *object = rw_model_find(model, kind, reference);

	if (!object)
		return rw_error_field(err, field, "there is no %s \"%s\"", rw_kind_name(kind), reference);
	(void)strcpy(ret_id, rw_object_id(kind, object));
	return 0;
}

static int resolve_groups(const struct rw_model *model, const struct rw_join_grant *grant,
			  struct token_entry *entry, struct rw_error *err)
{
	if (grant->group_count < 1 || grant->group_count > RW_WIRE_GROUPS_MAX)
		return rw_error_field(err, "security_groups",
				      "a free-standing node is in 1 to %d security groups",
				      RW_WIRE_GROUPS_MAX);
	entry->groups = calloc(grant->group_count, sizeof(*entry->groups));
	if (!entry->groups)
		return rw_error_oom(err);
	for (size_t i = 0; i < grant->group_count; i++) {
		const struct rw_group *group;
		char field[40];
		int r;

		(void)snprintf(field, sizeof(field), "security_groups[%zu]", i);
		r = resolve(model, RW_KIND_GROUP, grant->groups[i], field, entry->groups[i], err);
		if (r < 0)
			return r;
		entry->group_count++;
		group = rw_model_find_group(model, entry->groups[i]);
		if (group->managed_by[0] || strcmp(group->network, entry->network) != 0)
			return rw_error_field(err, field,
					      "\"%s\" is not a free-standing group of this network",
					      grant->groups[i]);
	}
	return 0;
}

static int fill_grant(struct rw_controller *controller, const struct rw_join_grant *grant,
		      struct token_entry *entry, struct rw_error *err)
{
	const struct rw_model *model = controller->inventory.model;
	int64_t ttl_s = grant->ttl_s ? grant->ttl_s : RW_JOIN_TTL_DEFAULT_S;
	int r;

	if (ttl_s < 1 || ttl_s > RW_JOIN_TTL_MAX_S)
		return rw_error_field(err, "ttl_s", "a token lives 1 to %d seconds", RW_JOIN_TTL_MAX_S);
	r = rw_validate_text(grant->name, "name", 0, RW_KEY_NAME_MAX, err);
	if (r < 0)
		return r;
	if (!grant->cluster == !grant->network)
		return rw_error_field(err, "cluster",
				      "a token is for a cluster, or for a network and groups");
	if (grant->cluster) {
		r = resolve(model, RW_KIND_CLUSTER, grant->cluster, "cluster", entry->cluster, err);
	} else {
		r = resolve(model, RW_KIND_NETWORK, grant->network, "network", entry->network, err);
		if (r == 0)
			r = resolve_groups(model, grant, entry, err);
	}
	if (r < 0)
		return r;
	entry->expires_ms = rw_clock_realtime_ms(controller->clock) + ttl_s * 1000;
	if (grant->name && !(entry->name = strdup(grant->name)))
		return rw_error_oom(err);
	return 0;
}

static int plan_token(struct plan *plan, const struct token_entry *entry, struct rw_error *err)
{
	char key[RW_LAYOUT_KEY_SIZE];
	char *text;
	size_t size;
	int r;

	(void)snprintf(key, sizeof(key), RW_LAYOUT_TOKENS "%s", entry->id);
	r = token_text(entry, false, &text, &size, err);
	if (r == 0)
		r = plan_put(plan, key, text, size, err);
	if (r == 0)
		r = token_text(entry, true, &text, &size, err);
	return r < 0 ? r
		     : plan_item(plan, RW_SUBJECT_JOIN_TOKEN, RW_KIND_NODE, entry->id, NULL, NULL, text, err);
}

static void token_cleanup(struct token_entry **entry)
{
	if (*entry)
		token_free(*entry);
}

static int create_once(struct rw_controller *controller, const struct rw_actor *actor,
		       const struct rw_join_grant *grant, char ret_token[RW_TOKEN_SIZE],
		       int64_t *ret_expires_ms, struct rw_error *err)
{
	__attribute__((cleanup(token_cleanup))) struct token_entry *entry = calloc(1, sizeof(*entry));
	RW_CLEANUP(plan_done) struct plan plan;
	char secret[RW_TOKEN_SECRET_SIZE];
	uint64_t revision;
	int r;

	plan_init(&plan, actor, "create join token");
	inventory_pump(controller);
	if (!entry)
		return rw_error_oom(err);
	token_prune(controller);
	if (controller->tokens.count >= controller->limits.join_tokens)
		return rw_error_set(err, -ENOSPC, "there are %zu unused join tokens, which is the limit",
				    controller->tokens.count);
	r = fill_grant(controller, grant, entry, err);
	if (r < 0)
		return r;
	rw_random_id(controller->random, "j-", 16, entry->id, sizeof(entry->id));
	rw_token_secret_make(controller->random, secret);
	rw_token_digest(secret, entry->digest);
	r = plan_token(&plan, entry, err);
	if (r == 0)
		r = plan_commit(controller, &plan, &revision, err);
	if (r == 0) {
		rw_token_format(entry->id, secret, ret_token);
		*ret_expires_ms = entry->expires_ms;
	}
	rw_secret_wipe(secret, sizeof(secret));
	return r;
}

int rw_join_token_create(struct rw_controller *controller, const struct rw_actor *actor,
			 const struct rw_join_grant *grant, char ret_token[RW_TOKEN_SIZE],
			 int64_t *ret_expires_ms, struct rw_error *err)
{
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++)
		r = create_once(controller, actor, grant, ret_token, ret_expires_ms, err);
	return r > 0 ? rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again") : r;
}

/* Expired tokens are worth nothing: they go without a record, at most some at a time. */
void token_prune(struct rw_controller *controller)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	int64_t now_ms = rw_clock_realtime_ms(controller->clock);
	struct rw_error err = RW_ERROR_NONE;
	unsigned int count = 0;
	size_t cursor = 0;
	void *value;

	rw_store_txn_init(&txn);
	while (count < 64 && rw_map_next(&controller->tokens, &cursor, NULL, &value)) {
		const struct token_entry *entry = value;
		char key[RW_LAYOUT_KEY_SIZE];

		if (entry->expires_ms > now_ms)
			continue;
		(void)snprintf(key, sizeof(key), RW_LAYOUT_TOKENS "%s", entry->id);
		rw_store_txn_delete(&txn, key);
		count++;
	}
	if (count == 0)
		return;
	if (rw_store_commit(controller->store, &txn, NULL, &err) < 0)
		rw_log_warning("cannot delete expired join tokens  reason=\"%s\"", err.text);
	inventory_pump(controller);
}
