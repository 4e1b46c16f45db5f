/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changing the class of the addresses in one prefix (private to src/classify)
 *
 * An image that programs read is changed by one store: all nodes on the way that are not the address part's own are
 * written anew into its spare room, complete, and then the entry above them is stored.  The deepest node that
 * is its own and has one entry for all addresses of the prefix is where that store is; mostly nothing at all is
 * written but it.
 */

#include "classify/address.h"

struct rw_edit {
	struct rw_classify_address *address;
	struct rw_classify_memory *memory; /* whose pages may move while 'map' runs, if they are not fixed */
	rw_key first, last;                /* addresses of the prefix */
	uint8_t family;
	/* Gives the leaf in place of 'leaf'; the same for the same. */
	int (*map)(void *context, uint32_t leaf, uint32_t *ret_leaf);
	void *context;
	/* The result: 'value' is to be stored there, with release. */
	bool changes;
	size_t where; /* bytes into the pages */
	uint32_t value;
};

#define RW_EDIT_NO_ROOM 1 /* outcome: more stores or more room than there is would be needed */

/*
 * Prepares the change.  0, RW_EDIT_NO_ROOM or what 'map' failed with, and then nothing was taken.
 */
RW_NODISCARD int rw_edit_prepare(struct rw_edit *edit);
