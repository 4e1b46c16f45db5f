/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Atoms: the different things that are said about remote addresses (private to src/classify and src/analyze)
 *
 * A CIDR or a set (group members, prefix list), each once, numbered from 0 in order of first use.
 */

#include "policy/policy.h"

struct rw_atom {
	struct rw_address_set *set; /* reference held; NULL = 'prefix' */
	struct rw_prefix prefix;
};

struct rw_atoms {
	struct rw_atom *list;
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* hash table of number + 1, twice 'capacity' */
	bool frozen;     /* no new ones: 'missing' is set instead */
	bool missing;
	bool failed; /* memory ran out */
};

void rw_atoms_done(struct rw_atoms *atoms);
RW_DEFINE_DONE(struct rw_atoms, rw_atoms_done)

/* A frozen copy; 0 or -ENOMEM. */
RW_NODISCARD int rw_atoms_dup(const struct rw_atoms *atoms, struct rw_atoms *ret_atoms);

/* Number of the atom, added when it is new.  0 when it is missing or memory ran out. */
uint32_t rw_atoms_prefix(struct rw_atoms *atoms, const struct rw_prefix *prefix);
uint32_t rw_atoms_set(struct rw_atoms *atoms, const struct rw_address_set *set);
