/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Backups
 * =======
 *
 * One file that brings a controller back: its store and, unless left out, its keys.
 *
 *     ringwall-backup 2        the version of the format; a newer one is refused
 *     store.db 40960           a part: file of the state folder, bytes
 *     ca.pem 656
 *     ca-key.pem 241           missing in a backup without keys
 *     ca-next-key.pem 241      while the authority is replaced (since version 2); missing without keys
 *     master-key 65            missing in a backup without keys
 *                              an empty line; then the parts' bytes, one behind the other
 *     SHA-256 of all that is before, 32 bytes
 *
 * The server certificate is no part: a controller makes its own anew.  Who holds a backup with keys can act
 * as the controller; without keys it tells the policy and the nodes, and no secret.
 *
 * **Any store** can be backed up and restored to: the part store.db is SQLite's file, and what another store holds is
 * copied into one (store/copy.h), or out of it.  So a backup is the way from one kind of store to the other.  What such
 * a copy does not have is history: earlier states of the model are gone, entries of the change log name the revisions
 * of the copy, and so do ETags.  A copy from SQLite to SQLite, which is the file itself, keeps all of it.  The
 * authority that several controllers share (controller/shared_authority.h) is no part of the copy: it is in the parts
 * of the folder, from where the first controller that opens the store shares it again.
 *
 * **Restoring** gives the store a new incarnation, so that agents of its earlier life take a fresh snapshot
 * instead of comparing revisions that mean something else now.  A crash in the middle leaves a folder that
 * no daemon takes for a finished one: the store gets its name before the master key is there, and a store
 * without master key is refused.  A store elsewhere says itself that it is not finished (store_layout.h).
 */

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"

#define RW_BACKUP_VERSION 2 /* 1 is read, too */

enum rw_backup_part {
	RW_BACKUP_STORE,
	RW_BACKUP_CA_CERT,
	RW_BACKUP_CA_KEY,
	RW_BACKUP_CA_NEXT_KEY,
	RW_BACKUP_MASTER_KEY, /* last: see above */
	RW_BACKUP_PART_COUNT_,
};

struct rw_backup {
	struct rw_buf bytes; /* the whole file */
	struct {
		const char *bytes; /* inside 'bytes'; NULL = the part is missing */
		size_t size;
	} parts[RW_BACKUP_PART_COUNT_];
};

/* Overwrites the keys, frees. */
void rw_backup_done(struct rw_backup *backup);
RW_DEFINE_DONE(struct rw_backup, rw_backup_done)

/*
 * Writes what 'store' holds now, and the authority and keys in the folder 'state', to 'path': mode 0600, the old
 * content or the new one after a crash.  Takes the memory of twice the store, and for one that is not SQLite's its room
 * in STATE/backup.partial, which is gone in the end (after a crash: at the end of the next backup).  An authority that
 * the store shares is pulled into the folder first, with the errors of rw_shared_authority_pull.
 * 0; -EBUSY while a rotation of the master key is cut off in the middle; a failure of files, memory or the store;
 * 'path' is then as it was.
 */
RW_NODISCARD int rw_backup_write(const char *path, struct rw_store *store, const char *state, bool with_keys,
				 struct rw_error *err);

/*
 * Reads a backup and checks it.  -EPROTO a newer version (the text has both numbers), -EBADMSG no backup or
 * a damaged one, or a failure of reading.
 */
RW_NODISCARD int rw_backup_read(const char *path, struct rw_backup *ret_backup, struct rw_error *err);

/*
 * Puts a backup into the folder 'state', which is made if need be, and gives its store a new incarnation.
 * -ENOTEMPTY when the folder holds anything; failures of files and of the store.  After a failure the folder
 * is empty again, as far as the disk lets it.
 */
RW_NODISCARD int rw_backup_restore(const struct rw_backup *backup, const char *state,
				   const struct rw_random *random, struct rw_error *err);

/*
 * The same with the store going into 'store', which is open and empty, and not into the folder.  -ENOTEMPTY when either
 * holds anything.  After a failure both are empty again, as far as disk and store let them; a store that could not be
 * emptied is opened by no controller.
 */
RW_NODISCARD int rw_backup_restore_into(const struct rw_backup *backup, struct rw_store *store,
					const char *state, const struct rw_random *random,
					struct rw_error *err);
