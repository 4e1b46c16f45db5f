/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/atoms.h"

#include <string.h>

enum { CAPACITY_MIN = 64 };

void rw_atoms_done(struct rw_atoms *atoms)
{
	for (uint32_t i = 0; i < atoms->count; i++)
		(void)rw_address_set_unref(atoms->list[i].set);
	free(atoms->list);
	free(atoms->slots);
	*atoms = (struct rw_atoms){0};
}

static uint64_t mix(uint64_t hash, const void *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

static uint64_t hash_atom(const struct rw_atom *atom)
{
	uint64_t hash = atom->prefix.bits;

	if (atom->set)
		return mix(mix(mix(1, atom->set->id), atom->set->id + 8), atom->set->id + 16);
	return mix(mix(hash << 8 | atom->prefix.address.family, atom->prefix.address.bytes),
		   atom->prefix.address.bytes + 8);
}

static bool same_set(const struct rw_address_set *a, const struct rw_address_set *b)
{
	if (a == b || !a || !b)
		return a == b;
	if (strcmp(a->id, b->id) != 0 || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (rw_prefix_compare(&a->prefixes[i], &b->prefixes[i]) != 0)
			return false;
	return true;
}

static uint32_t *find_slot(const struct rw_atoms *atoms, const struct rw_atom *atom)
{
	uint32_t mask = atoms->capacity * 2 - 1;
	uint32_t at = (uint32_t)hash_atom(atom) & mask;

	for (; atoms->slots[at]; at = (at + 1) & mask) {
		const struct rw_atom *other = &atoms->list[atoms->slots[at] - 1];

		if (same_set(other->set, atom->set) &&
		    (atom->set || rw_prefix_compare(&other->prefix, &atom->prefix) == 0))
			break;
	}
	return &atoms->slots[at];
}

static int set_capacity(struct rw_atoms *atoms, uint32_t capacity)
{
	struct rw_atom *list = realloc(atoms->list, capacity * sizeof(*list));
	uint32_t *slots = list ? calloc((size_t)capacity * 2, sizeof(*slots)) : NULL;

	if (list)
		atoms->list = list;
	if (!slots)
		return -ENOMEM;
	free(atoms->slots);
	atoms->slots = slots;
	atoms->capacity = capacity;
	for (uint32_t i = 0; i < atoms->count; i++)
		*find_slot(atoms, &atoms->list[i]) = i + 1;
	return 0;
}

int rw_atoms_dup(const struct rw_atoms *atoms, struct rw_atoms *ret_atoms)
{
	RW_CLEANUP(rw_atoms_done) struct rw_atoms copy = {.frozen = true};

	if (atoms->count == 0) {
		*ret_atoms = (struct rw_atoms){.frozen = true};
		return 0;
	}
	copy.list = malloc(atoms->capacity * sizeof(*copy.list));
	copy.slots = malloc((size_t)atoms->capacity * 2 * sizeof(*copy.slots));
	if (!copy.list || !copy.slots)
		return -ENOMEM;
	copy.count = atoms->count;
	copy.capacity = atoms->capacity;
	memcpy(copy.list, atoms->list, atoms->count * sizeof(*copy.list));
	for (uint32_t i = 0; i < copy.count; i++)
		if (copy.list[i].set)
			(void)rw_address_set_ref(copy.list[i].set);
	memcpy(copy.slots, atoms->slots, (size_t)atoms->capacity * 2 * sizeof(*copy.slots));
	*ret_atoms = copy;
	copy = (struct rw_atoms){0};
	return 0;
}

static uint32_t intern(struct rw_atoms *atoms, const struct rw_atom *atom)
{
	uint32_t *slot;

	if (!atoms->frozen && atoms->count == atoms->capacity &&
	    set_capacity(atoms, atoms->capacity ? atoms->capacity * 2 : CAPACITY_MIN) < 0) {
		atoms->failed = true;
		return 0;
	}
	slot = atoms->capacity ? find_slot(atoms, atom) : NULL;
	if (slot && *slot)
		return *slot - 1;
	if (atoms->frozen) {
		atoms->missing = true;
		return 0;
	}
	atoms->list[atoms->count] = *atom;
	if (atom->set)
		(void)rw_address_set_ref(atom->set);
	atoms->count++;
	*slot = atoms->count;
	return *slot - 1;
}

uint32_t rw_atoms_prefix(struct rw_atoms *atoms, const struct rw_prefix *prefix)
{
	return intern(atoms, &(struct rw_atom){.prefix = *prefix});
}

uint32_t rw_atoms_set(struct rw_atoms *atoms, const struct rw_address_set *set)
{
	return intern(atoms, &(struct rw_atom){.set = (struct rw_address_set *)(uintptr_t)set});
}

bool rw_atoms_find_set(const struct rw_atoms *atoms, const struct rw_address_set *set, uint32_t *ret_number)
{
	const struct rw_atom atom = {.set = (struct rw_address_set *)(uintptr_t)set};
	uint32_t found = atoms->capacity ? *find_slot(atoms, &atom) : 0;

	*ret_number = found - 1;
	return found != 0;
}

void rw_atoms_note_length(struct rw_atoms *atoms, uint32_t number, uint8_t bits)
{
	atoms->list[number].lengths[bits / 64] |= 1ull << (bits % 64);
}

const struct rw_atom *rw_atoms_measure(struct rw_atoms *atoms, uint32_t number)
{
	struct rw_atom *atom = &atoms->list[number];

	if (!atom->is_measured) {
		rw_atoms_note_length(atoms, number, atom->prefix.bits);
		for (size_t i = 0; atom->set && i < atom->set->count; i++)
			rw_atoms_note_length(atoms, number, atom->set->prefixes[i].bits);
		atom->is_measured = true;
	}
	return atom;
}
