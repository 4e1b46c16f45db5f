/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The controller's state folder
 * =============================
 *
 *     STATE/store.db      the store (SQLite); none when it is elsewhere
 *     STATE/master-key    seals secrets in the store; 0600
 *     STATE/master-key-next  while it is rotated, see controller/master_key.h; 0600
 *     STATE/ca.pem        the authorities to trust, the one that issues first: hand it to clients; 0644
 *     STATE/ca-key.pem    private key of the one that issues; 0600
 *     STATE/ca-next-key.pem  private key of the one that is introduced; 0600
 *     STATE/server.pem    the server certificate; 0644
 *     STATE/server-key.pem                         0600
 *     STATE/names         by which names it is called, see controller/server_names.h; 0644
 *     STATE/in-etcd       says that there is no store here, but in etcd; see src/main/parts.h; 0644
 *     STATE/key-uses      when API keys were last used, see key_use.c; 0600
 *     STATE/admin-key     the first admin key when a daemon had to make it; 0600; gone after its first use
 *
 * A backup (controller/backup.h) is the store, the master key and the authorities; the rest is made anew.  The
 * folder is 0700.
 *
 * An authority is replaced in three steps, each one write of ca.pem, so that a crash leaves one of them:
 *
 *     SETTLED      ca.pem holds one authority
 *     INTRODUCED   ca.pem holds it and a new one behind it, whose key is in ca-next-key.pem.  Everybody learns
 *                  to trust both.
 *     SWITCHED     ca.pem holds the new one and the old one behind it, whose key is gone.  The new one issues.
 *     SETTLED      ca.pem holds the new one.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "crypto/cert.h"
#include "crypto/seal.h"

enum rw_authority_stage {
	RW_AUTHORITY_SETTLED,
	RW_AUTHORITY_INTRODUCED,
	RW_AUTHORITY_SWITCHED,
};

struct rw_state_folder {
	char *path;
	char *names[RW_CERT_MAX_NAMES]; /* of the server certificate */
	size_t name_count;
	char *store_path;
	char *admin_key_path;
	struct rw_seal_key master_key;
	struct rw_seal_key next_master_key;
	bool has_next_master_key; /* a rotation was cut off: rw_master_key_settle */
	enum rw_authority_stage stage;
	char *trust_pem;   /* all authorities, as in ca.pem */
	char *ca_cert_pem; /* the one that issues */
	char *ca_key_pem;
	char *ca_next_key_pem; /* of the one that is introduced; NULL = none is */
	char *server_cert_pem;
	char *server_key_pem;
	int64_t server_renewal_s; /* Unix time at which the server certificate is due */
	bool made;                /* master key or authority were made by this call */
};
void rw_state_folder_done(struct rw_state_folder *folder);
RW_DEFINE_DONE(struct rw_state_folder, rw_state_folder_done)

/*
 * Opens the folder at 'path' and makes what is missing.  The server certificate is issued for 'names' (host
 * names and addresses; none = localhost, 127.0.0.1, ::1) and anew when less than a third of its life is left,
 * another authority issues, or the names changed.  -EEXIST is not an error here.  -EINVAL a bad name; -EPERM a
 * secret file that others may read; -EUCLEAN one half of a pair missing (the text says which); failures of
 * files.
 */
RW_NODISCARD int rw_state_folder_open(const char *path, const char *const *names, size_t name_count,
				      const struct rw_clock *clock, const struct rw_random *random,
				      struct rw_state_folder *ret_folder, struct rw_error *err);

/*
 * Opens the same folder again, into the same struct: the server certificate is made anew if it is due, nothing
 * else is (-ENOENT).  On failure the struct stays as it was.
 */
RW_NODISCARD int rw_state_folder_refresh(struct rw_state_folder *folder, const struct rw_clock *clock,
					 const struct rw_random *random, struct rw_error *err);

/*
 * The steps of replacing the authority, on disk and in the struct.  -EALREADY when the folder is not at the
 * step before (the text says where it is); failures of files, which leave the step before, or (second, after
 * the file was written) the struct as it was: open the folder anew.
 */
RW_NODISCARD int rw_state_folder_introduce_authority(struct rw_state_folder *folder,
						     const struct rw_clock *clock,
						     const struct rw_random *random, struct rw_error *err);
RW_NODISCARD int rw_state_folder_switch_authority(struct rw_state_folder *folder,
						  const struct rw_clock *clock,
						  const struct rw_random *random, struct rw_error *err);
RW_NODISCARD int rw_state_folder_retire_authority(struct rw_state_folder *folder,
						  const struct rw_clock *clock,
						  const struct rw_random *random, struct rw_error *err);

/* Authorities that come from elsewhere (controller/shared_authority.h); borrowed. */
struct rw_state_authority {
	const char *trust_pem;    /* all, the one that issues first */
	const char *key_pem;      /* of that one */
	const char *next_key_pem; /* of the second one, which is introduced; NULL = none is */
};

/*
 * Puts them in the place of those in the folder at 'path'; who has it open refreshes it then.  Each file holds the old text or the
 * new one after a crash, and the same call mends what was left; files that hold the right text are not written.
 * -EUCLEAN when keys and certificates do not fit: then nothing was written; failures of files.
 */
RW_NODISCARD int rw_state_folder_put_authority(const char *path, const struct rw_state_authority *authority,
					       const struct rw_random *random, struct rw_error *err);

/* Writes the admin key's token to STATE/admin-key (0600). */
RW_NODISCARD int rw_state_folder_write_admin_key(const struct rw_state_folder *folder, const char *token,
						 struct rw_error *err);
