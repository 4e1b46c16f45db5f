/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The first admin key among several controllers
 * =============================================
 *
 * A daemon that finds a store without keys makes one, and leaves it in STATE/admin-key until it is used for the first
 * time.  That may be at another controller, which cannot delete the file.  So it stands in the store, too, with a store
 * that several share, whose the key is and whether it has been used:
 *
 *     /ringwall/v1/meta/first-key   {"version":1,"key":"k-5f0c...","used":false}
 *
 * The active controller writes the use down, from a tick.  Each of them deletes its file when the record says that the
 * key in it was used: when it opens the store, and while it stands by.
 */

#include "controller/controller.h"

/*
 * Notes that 'key' (an id) is the first one and unused.  Does nothing where the options do not say 'shared'.
 * Failures of the store: the file is then deleted only where the key is used.
 */
RW_NODISCARD int rw_first_key_note(struct rw_controller *controller, const char *key, struct rw_error *err);

/* Whether the record 'bytes' says that the key in 'file' was used; false for what cannot be read, and without a file. */
bool rw_first_key_is_used(const char *file, const void *bytes, size_t size);

/* Deletes the file of a used key, and logs that. */
void rw_first_key_forget_file(const char *file);
