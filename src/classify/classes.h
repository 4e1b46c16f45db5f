/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Addresses to classes (private to src/classify and src/analyze)
 *
 * The class of an address is the set of atoms it lies in.  All prefixes of all atoms, sorted, are walked
 * with a stack of those that are open; each gives the class of its parent plus its own atoms, and
 * equal sets are one class.  Class 0 lies in no atom.
 *
 * Classes form a tree: what holds for a class is what holds for its parent, changed by the atoms that it adds.
 */

#include "classify/atoms.h"

/* Addresses as numbers: IPv4 in the top 32 bits, so that both families compare alike. */
__extension__ typedef unsigned __int128 rw_key;

/* From 'key' up to the next boundary's, the answer is 'leaf'. */
struct rw_boundary {
	rw_key key;
	uint32_t leaf;
};

struct rw_boundaries {
	struct rw_boundary *list; /* ascending from 0, neighbours different */
	size_t count;
};

struct rw_class {
	uint32_t parent;      /* smaller number; class 0 is its own */
	uint32_t added_first; /* atoms that the parent does not have, in rw_classes.atoms */
	uint32_t added_count;
	uint32_t all_first; /* all of them, ascending */
	uint32_t all_count;
	uint32_t memo_atom; /* the child that one atom led to last; memo_class 0 = none */
	uint32_t memo_class;
};

struct rw_classes {
	struct rw_class *list;
	uint32_t count;
	uint32_t capacity;
	uint32_t *atoms;
	size_t atom_count; /* in 'atoms' */
	size_t atom_capacity;
	size_t atom_max;
	uint32_t *table; /* classes by hash of their set, number + 1; NULL while nobody looks for one */
	size_t table_capacity;
	size_t prefix_count;     /* of all atoms */
	struct rw_boundaries v4; /* leaves are numbers of classes */
	struct rw_boundaries v6;
};

void rw_classes_done(struct rw_classes *classes);
RW_DEFINE_DONE(struct rw_classes, rw_classes_done)

/* The number of an address. */
rw_key rw_key_of(const struct rw_address *address);

/*
 * Gives the classes of 'atoms' (borrowed).  -ENOMEM; -E2BIG when the sets of atoms together have more than
 * 'arena_max' members.  O(p log p) in the prefixes.
 */
RW_NODISCARD int rw_classes_build(const struct rw_atoms *atoms, size_t arena_max,
				  struct rw_classes *ret_classes);

/*
 * Finds the class of exactly those atoms (ascending): its number, or RW_CLASSES_NONE.  The first call after a build
 * makes an index, O(classes).  -ENOMEM.
 */
#define RW_CLASSES_NONE UINT32_MAX
RW_NODISCARD int rw_classes_find(struct rw_classes *classes, const uint32_t *atoms, uint32_t count,
				 uint32_t *ret_class);

/*
 * Appends the class of 'all', which is not there yet: what holds for it is what holds for 'parent', changed by
 * 'added'.  -ENOMEM, -E2BIG.
 */
RW_NODISCARD int rw_classes_add(struct rw_classes *classes, uint32_t parent, const uint32_t *all,
				uint32_t all_count, const uint32_t *added, uint32_t added_count);

/* Gives back what only looking and appending needs. */
void rw_classes_forget_index(struct rw_classes *classes);
