/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Replacing the master key
 * ========================
 *
 * The store's secrets are sealed under the key in STATE/master-key (crypto/seal.h).  A rotation
 *
 *     1. writes a new key to STATE/master-key-next,
 *     2. seals every secret anew in one change of the store, a record of the change log with it,
 *     3. puts the new key in the place of the old one and deletes STATE/master-key-next.
 *
 * A crash in between leaves both keys, and the store says by what opens under which of them whether the change
 * was made: the next start brings it to its end, or takes it back.
 *
 * Of several controllers the active one rotates.  The others need its new STATE/master-key, by the operator's hand:
 * without it they do not take over (shared_authority.h).
 *
 * Backups made before hold the old key, or need it when they were made without keys.
 */

#include "controller/controller.h"
#include "controller/state_folder.h"

/*
 * Ends what a crash has cut off, if anything; for every start.  -EUCLEAN when the secrets open under neither key;
 * failures of files.
 */
RW_NODISCARD int rw_master_key_settle(struct rw_controller *controller, struct rw_error *err);

/*
 * Rotates.  -ENOSYS without a state folder; failures of files and of the store: the old key is then in force, or
 * the next start settles it.
 */
RW_NODISCARD int rw_master_key_rotate(struct rw_controller *controller, const struct rw_actor *actor,
				      struct rw_error *err);
