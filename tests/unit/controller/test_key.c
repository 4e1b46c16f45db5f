/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "scratch.h"

static struct fixture fx;
static struct rw_address somewhere;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	somewhere = world_address("198.51.100.9");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static int authenticate(const char *token, struct rw_actor *actor)
{
	struct rw_error err = RW_ERROR_NONE;

	return rw_key_authenticate(fx.controller, token, &somewhere, actor, &err);
}

static void make(const char *name, enum rw_role role, int64_t expires_ms, char token[RW_TOKEN_SIZE])
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_key_create(fx.controller, &fx.alice, name, role, expires_ms, token, &err) < 0)
		fail_msg("%s", err.text);
}

static void knows_a_key_by_its_secret_also_after_a_restart(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(authenticate(token, &actor), 0);
		assert_int_equal(actor.kind, RW_ACTOR_KEY);
		assert_int_equal(actor.role, RW_ROLE_OPERATOR);
		assert_string_equal(actor.name, "bob");
		fixture_restart(&fx);
	}
}

static void refuses_wrong_secrets_ids_and_texts(void **state)
{
	char token[RW_TOKEN_SIZE];
	char other[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	make("eve", RW_ROLE_VIEWER, 0, other);
	memcpy(strchr(other, '.'), strchr(token, '.'), strlen(strchr(token, '.')));
	assert_int_equal(authenticate(other, &actor), -ENOKEY); /* another's secret */
	token[2] ^= 1;
	assert_int_equal(authenticate(token, &actor), -ENOKEY);
	assert_int_equal(authenticate("", &actor), -ENOKEY);
	assert_int_equal(authenticate("k-0", &actor), -ENOKEY);
}

static void a_revoked_key_is_dead_at_once(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	assert_int_equal(authenticate(token, &actor), 0);
	assert_int_equal(rw_key_revoke(fx.controller, &fx.alice, actor.id, NULL), 0);
	assert_int_equal(authenticate(token, &actor), -ENOKEY);
	fixture_restart(&fx);
	assert_int_equal(authenticate(token, &actor), -ENOKEY);
	assert_int_equal(rw_key_revoke(fx.controller, &fx.alice, actor.id, NULL), -ENOENT);
}

static void a_key_expires(void **state)
{
	int64_t expires_ms = rw_clock_realtime_ms(&fx.clock.clock) + 1000;
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, expires_ms, token);
	fixture_pass(&fx, 999);
	assert_int_equal(authenticate(token, &actor), 0);
	fixture_pass(&fx, 1);
	assert_int_equal(authenticate(token, &actor), -ENOKEY);
	assert_int_equal(
		rw_key_create(fx.controller, &fx.alice, "late", RW_ROLE_VIEWER, expires_ms, token, NULL),
		-EINVAL);
}

static void names_are_unique_and_checked(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "bob", RW_ROLE_VIEWER, 0, token, &err),
			 -EEXIST);
	assert_string_equal(err.field, "name");
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "", RW_ROLE_VIEWER, 0, token, &err),
			 -EINVAL);
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "a\nb", RW_ROLE_VIEWER, 0, token, &err),
			 -EINVAL);
}

static void keeps_the_last_admin_key(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	assert_int_equal(rw_key_create_admin(fx.controller, token, NULL), 0);
	assert_int_equal(authenticate(token, &actor), 0);
	assert_string_equal(actor.name, "admin");
	assert_int_equal(actor.role, RW_ROLE_ADMIN);
	assert_int_equal(rw_key_revoke(fx.controller, &fx.alice, actor.id, NULL), -EBUSY);
	assert_int_equal(rw_key_create_admin(fx.controller, token, NULL), 0);
	assert_int_equal(rw_key_revoke(fx.controller, &fx.alice, actor.id, NULL), 0);
}

static void limits_guessing_by_address(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	for (int i = 0; i < 30; i++)
		assert_int_equal(authenticate("k-0.x", &actor), -ENOKEY);
	assert_int_equal(authenticate(token, &actor), -EAGAIN);
	assert_int_equal(rw_key_authenticate(fx.controller, token, &fx.alice.address, &actor, NULL), 0);
	fixture_pass(&fx, 60000);
	assert_int_equal(authenticate(token, &actor), 0);
}

static void limits_the_number_of_keys(void **state)
{
	char token[RW_TOKEN_SIZE];

	(void)state;
	fx.controller->limits.keys = 1;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	assert_int_equal(rw_key_create(fx.controller, &fx.alice, "eve", RW_ROLE_VIEWER, 0, token, NULL),
			 -ENOSPC);
}

static void the_log_never_holds_a_secret(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};
	char token[RW_TOKEN_SIZE];

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	assert_int_equal(rw_audit_list(fx.controller, 0, 10, &page, NULL), 0);
	assert_int_equal(page.count, 1);
	assert_non_null(strstr(page.records[0].json, "\"bob\""));
	assert_null(strstr(page.records[0].json, strchr(token, '.') + 1));
	assert_null(strstr(page.records[0].json, "sealed"));
}

static void the_store_never_holds_a_secret(void **state)
{
	struct rw_store_query query = {.prefix = ""};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	char token[RW_TOKEN_SIZE];

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	assert_int_equal(rw_store_list(fx.store, &query, &page, NULL), 0);
	assert_int_equal(page.count, 3);
	for (size_t i = 0; i < page.count; i++)
		assert_null(memmem(page.entries[i].value, page.entries[i].value_size, strchr(token, '.') + 1,
				   43));
}

static void deletes_the_admin_key_file_at_first_use(void **state)
{
	char folder[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];
	char token[RW_TOKEN_SIZE];
	char bob[RW_TOKEN_SIZE];
	struct rw_actor actor;
	int fd;

	(void)state;
	scratch_make(folder);
	(void)snprintf(path, sizeof(path), "%s/admin-key", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(rw_key_create_admin(fx.controller, token, NULL), 0);
	make("bob", RW_ROLE_OPERATOR, 0, bob);
	assert_int_equal(write(fd, token, strlen(token)), strlen(token));
	assert_int_equal(write(fd, "\n", 1), 1);
	(void)close(fd);
	fx.options.admin_key_file = path;
	fixture_restart(&fx);
	assert_int_equal(authenticate(bob, &actor), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(authenticate(token, &actor), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(scratch_remove(folder), 0);
}

/* ---- signatures ---- */

static int verify(const char *id, enum rw_key_mac mac, const uint8_t *bytes, size_t count,
		  struct rw_actor *actor)
{
	const struct rw_key_signature signature = {.id = id,
						   .mac = mac,
						   .suffix = mac == RW_KEY_HMAC_SHA1 ? "&" : "",
						   .text = "text",
						   .size = 4,
						   .bytes = bytes,
						   .byte_count = count};
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_key_verify_signature(fx.controller, &signature, &somewhere, actor, &err);

	assert_int_equal(err.code, r);
	return r;
}

/* Signs "text" as the bearer of 'token' would; gives the key's id. */
static void sign(const char *token, char id[RW_TOKEN_ID_MAX + 1], uint8_t sha1[RW_SHA1_SIZE],
		 uint8_t sha256[RW_SHA256_SIZE])
{
	char secret[RW_TOKEN_SECRET_SIZE + 1];

	assert_int_equal(rw_token_parse(token, id, secret), 0);
	rw_hmac_sha256(secret, strlen(secret), "text", 4, sha256);
	strcat(secret, "&");
	rw_hmac_sha1(secret, strlen(secret), "text", 4, sha1);
}

static void knows_a_key_by_what_it_signs(void **state)
{
	uint8_t sha1[RW_SHA1_SIZE], sha256[RW_SHA256_SIZE];
	char id[RW_TOKEN_ID_MAX + 1];
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	sign(token, id, sha1, sha256);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA1, sha1, sizeof(sha1), &actor), 0);
	assert_string_equal(actor.name, "bob");
	assert_string_equal(actor.id, id);
	assert_int_equal(actor.role, RW_ROLE_OPERATOR);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA256, sha256, sizeof(sha256), &actor), 0);
	assert_true(rw_key_find(fx.controller, id)->last_used_ms > 0);
}

static void refuses_other_signatures_and_keys(void **state)
{
	uint8_t sha1[RW_SHA1_SIZE], sha256[RW_SHA256_SIZE];
	char id[RW_TOKEN_ID_MAX + 1];
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, 0, token);
	sign(token, id, sha1, sha256);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA1, sha1, 0, &actor), -EKEYREJECTED);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA256, sha256, sizeof(sha1), &actor), -EKEYREJECTED);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA256, sha1, sizeof(sha1), &actor), -EKEYREJECTED);
	sha1[RW_SHA1_SIZE - 1] ^= 1;
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA1, sha1, sizeof(sha1), &actor), -EKEYREJECTED);
	assert_int_equal(verify("k-0", RW_KEY_HMAC_SHA256, sha256, sizeof(sha256), &actor), -ENOKEY);
	for (unsigned int i = 5; i < 30; i++)
		assert_int_equal(verify("k-0", RW_KEY_HMAC_SHA256, sha256, sizeof(sha256), &actor), -ENOKEY);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA256, sha256, sizeof(sha256), &actor), -EAGAIN);
}

static void a_signature_expires_with_its_key(void **state)
{
	uint8_t sha1[RW_SHA1_SIZE], sha256[RW_SHA256_SIZE];
	char id[RW_TOKEN_ID_MAX + 1];
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make("bob", RW_ROLE_OPERATOR, rw_clock_realtime_ms(fx.options.clock) + 1000, token);
	sign(token, id, sha1, sha256);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA256, sha256, sizeof(sha256), &actor), 0);
	fixture_pass(&fx, 1000);
	assert_int_equal(verify(id, RW_KEY_HMAC_SHA256, sha256, sizeof(sha256), &actor), -ENOKEY);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(knows_a_key_by_its_secret_also_after_a_restart),
		T(refuses_wrong_secrets_ids_and_texts),
		T(a_revoked_key_is_dead_at_once),
		T(a_key_expires),
		T(names_are_unique_and_checked),
		T(keeps_the_last_admin_key),
		T(limits_guessing_by_address),
		T(limits_the_number_of_keys),
		T(the_log_never_holds_a_secret),
		T(the_store_never_holds_a_secret),
		T(deletes_the_admin_key_file_at_first_use),
		T(knows_a_key_by_what_it_signs),
		T(refuses_other_signatures_and_keys),
		T(a_signature_expires_with_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
