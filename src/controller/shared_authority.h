/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The authority that several controllers share
 * ============================================
 *
 * Agents must find the same authority behind every controller, so with a store that several of them use the authority
 * stands in it, too:
 *
 *     /ringwall/v1/meta/authority   {"version":1,"trust":"<PEM: all authorities, the one that issues first>",
 *                                    "key":"<sealed>","next_key":"<sealed; only while a new one is introduced>"}
 *
 * The private keys are sealed under the master key (crypto/seal.h, then base64), with the trusted certificates as the
 * label, so that nobody without the master key can have another authority trusted.  STATE/master-key is the same file
 * on all controllers; it travels by the operator's hand, never through the store.
 *
 * The record is the truth.  A controller that is about to serve
 *
 *     1. reads the record and pulls it into its state folder,
 *     2. opens the folder (controller/state_folder.h) and the controller,
 *     3. pushes: that makes the record of the first controller, and does nothing on the others.
 *
 * Later each step of replacing the authority (controller/authority.h) writes the record with its entry of the change
 * log, and so does a rotation of the master key (controller/master_key.h).  A step that was not written, because the
 * store was away, is pushed from a tick; if this controller is gone before, the next one goes on from the step before,
 * which leaves no agent behind.
 */

#include "controller/controller.h"

/*
 * Puts what the record 'bytes' says into the folder at 'state', which is made if need be; files that say the
 * same are left alone.  Who has the folder open refreshes it then.  After a failure of files the next call mends it.
 *
 * -ENOENT the folder has no master key; -EKEYREJECTED it has another one than the record was sealed under (both hints
 * say what to copy); -EPERM others may read it; -EPROTO a record of a newer version; -EUCLEAN one that cannot be read;
 * failures of files.
 */
RW_NODISCARD int rw_shared_authority_pull(const char *state, const void *bytes, size_t size,
					  const struct rw_random *random, struct rw_error *err);

/*
 * Writes the record unless it says the same.  For once the controller is open and a rotation of the master key settled;
 * does nothing without a folder, or when the options do not say 'shared'.
 *
 * -EKEYREJECTED when the store's secrets are sealed under another master key than the folder's: nothing was written;
 * -EAGAIN somebody else wrote it meanwhile; failures of the store.
 */
RW_NODISCARD int rw_shared_authority_push(struct rw_controller *controller, struct rw_error *err);
