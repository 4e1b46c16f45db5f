/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API keys
 * ========
 *
 * "Authorization: Bearer <id>.<secret>".  The store holds the secret sealed under the master key
 * (crypto/seal.h), because later request signatures need it back.  A key has a role, may expire, and is gone
 * when revoked; the log keeps who had it.  When it was last used is soft state: kept in memory, and written to a
 * file beside the store at most once a minute (key_use.c), never with a request.
 *
 * Guessing is limited by address: after limits.failed_logins wrong ones a minute, the address is refused
 * unseen (-EAGAIN).  Secrets are compared in constant time; an unknown id costs the same as a wrong secret.
 *
 * The last admin key that does not expire cannot be revoked: `ringwall key reset-admin` on the controller's
 * host is the way back for who lost it, and makes a new one.
 */

#include "controller/controller.h"

#define RW_KEY_NAME_MAX 63 /* characters */

struct rw_key {
	char id[RW_ID_SIZE]; /* "k-" and 16 hex digits */
	char *name;
	enum rw_role role;
	int64_t created_ms;
	int64_t expires_ms;   /* 0 = never */
	int64_t last_used_ms; /* 0 = not as far as is known */
};

/* Number of keys, and the one at 'index' by id.  Lent until the next change of keys. */
size_t rw_key_count(const struct rw_controller *controller);
const struct rw_key *rw_key_at(const struct rw_controller *controller, size_t index);
const struct rw_key *rw_key_find(const struct rw_controller *controller, const char *id);

/*
 * Makes a key; 'ret_token' is "<id>.<secret>", to be shown once.  -EINVAL (field "name" or "expires"),
 * -EEXIST (name taken), -ENOSPC (limits.keys), -EAGAIN, the store's.
 */
RW_NODISCARD int rw_key_create(struct rw_controller *controller, const struct rw_actor *actor,
			       const char *name, enum rw_role role, int64_t expires_ms,
			       char ret_token[RW_TOKEN_SIZE], struct rw_error *err);

/* Revokes a key, from this moment on.  -ENOENT; -EBUSY for the last admin key. */
RW_NODISCARD int rw_key_revoke(struct rw_controller *controller, const struct rw_actor *actor, const char *id,
			       struct rw_error *err);

/*
 * Who the bearer of 'token' is.  -ENOKEY: wrong, unknown, revoked or expired (nothing tells which of the
 * first three); -EAGAIN: too many wrong ones from 'address'.  Deletes the admin-key file after the first use
 * of its key.
 */
RW_NODISCARD int rw_key_authenticate(struct rw_controller *controller, const char *token,
				     const struct rw_address *address, struct rw_actor *ret_actor,
				     struct rw_error *err);

enum rw_key_mac { RW_KEY_HMAC_SHA1, RW_KEY_HMAC_SHA256 };

/* A request that shows its key not by the secret but by a signature made with it.  Borrowed. */
struct rw_key_signature {
	const char *id; /* of the key */
	enum rw_key_mac mac;
	const char *suffix; /* what the method puts behind the secret to make the HMAC's key: "&", or "" */
	const void *text;   /* that was signed */
	size_t size;
	const void *other_text; /* nullable: another form of it that some clients sign */
	size_t other_size;
	const uint8_t *bytes; /* the signature as it came, of any size */
	size_t byte_count;
};

/*
 * Who signed.  The secret is unsealed in here and wiped again.  -ENOKEY: no such key, revoked or expired; -EKEYREJECTED:
 * the signature is not this key's of this text; -EAGAIN as rw_key_authenticate, whose count of wrong ones by address
 * is the same.
 */
RW_NODISCARD int rw_key_verify_signature(struct rw_controller *controller,
					 const struct rw_key_signature *signature,
					 const struct rw_address *address, struct rw_actor *ret_actor,
					 struct rw_error *err);

/*
 * The first admin key, or another one for who lost all: named "admin" (or "admin-2", ...), made by the local
 * actor.  As rw_key_create.
 */
RW_NODISCARD int rw_key_create_admin(struct rw_controller *controller, char ret_token[RW_TOKEN_SIZE],
				     struct rw_error *err);
