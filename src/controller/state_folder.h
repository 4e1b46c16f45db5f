/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The controller's state folder
 * =============================
 *
 *     STATE/store.db      the store (SQLite)
 *     STATE/master-key    seals secrets in the store; 0600; never replaced
 *     STATE/ca.pem        the authority's certificate: hand it to clients; 0644
 *     STATE/ca-key.pem    its private key; 0600
 *     STATE/server.pem    the server certificate; 0644
 *     STATE/server-key.pem                         0600
 *     STATE/admin-key     the first admin key when a daemon had to make it; 0600; gone after its first use
 *
 * A backup (controller/backup.h) is the store, the master key and the authority; the rest is made anew.  The folder is 0700.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "crypto/seal.h"

struct rw_state_folder {
	char *store_path;
	char *admin_key_path;
	struct rw_seal_key master_key;
	char *ca_cert_pem;
	char *ca_key_pem;
	char *server_cert_pem;
	char *server_key_pem;
	bool made; /* master key or authority were made by this call */
};
void rw_state_folder_done(struct rw_state_folder *folder);
RW_DEFINE_DONE(struct rw_state_folder, rw_state_folder_done)

/*
 * Opens the folder at 'path' and makes what is missing.  The server certificate is issued for 'names' (host
 * names and addresses; none = localhost, 127.0.0.1, ::1) and anew when less than a third of its life is left,
 * its authority changed, or the names did.  -EEXIST is not an error here.  -EINVAL a bad name; -EPERM a
 * secret file that others may read; -EUCLEAN one half of a pair missing (the text says which); failures of
 * files.
 */
RW_NODISCARD int rw_state_folder_open(const char *path, const char *const *names, size_t name_count,
				      const struct rw_clock *clock, const struct rw_random *random,
				      struct rw_state_folder *ret_folder, struct rw_error *err);

/* Writes the admin key's token to STATE/admin-key (0600). */
RW_NODISCARD int rw_state_folder_write_admin_key(const struct rw_state_folder *folder, const char *token,
						 struct rw_error *err);
