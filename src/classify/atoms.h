/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Atoms: the different things that are said about remote addresses (private to src/classify and src/analyze)
 *
 * A CIDR or a set (group members, prefix list), each once, numbered from 0 in order of first use.  Sets are the same when
 * id and members are, so a set that was named before and had other members then is another atom.
 */

#include "policy/policy.h"

struct rw_atom {
	struct rw_address_set *set; /* reference held; NULL = 'prefix' */
	struct rw_prefix prefix;
	bool is_measured;
	uint64_t lengths[3]; /* when it is: bit n = some prefix may have n bits */
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

/* The number of a set that is there; false when it is not. */
bool rw_atoms_find_set(const struct rw_atoms *atoms, const struct rw_address_set *set, uint32_t *ret_number);

/* Lends an atom with its lengths; O(prefixes) once. */
const struct rw_atom *rw_atoms_measure(struct rw_atoms *atoms, uint32_t number);
/* The set of a measured atom has a prefix of 'bits' bits from now on. */
void rw_atoms_note_length(struct rw_atoms *atoms, uint32_t number, uint8_t bits);
