/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Slots: the numbers that stand for names of interfaces in tables, device records and flows.  A name keeps its slot when
 * its device goes, since flows that it has decided may refer to it.  On a host where tunnels and containers come
 * and go names are many; when slots run out, those are given back to which nothing refers:
 *
 *     no device record          (the programs decide by that slot)
 *     not in the tables in force, nor in those to be made
 *     no live flow              (its decisions are looked up by the slot that took them)
 *
 * What else is under way when a slot changes hands: program runs, which are waited for, and events not read yet,
 * which are older than the slot's new name and so get none.
 */

#include <string.h>

#include "base/clock.h"
#include "enforce/bpf/bpf_internal.h"

static bool is_name(const struct rw_slot_name *name, const char *interface)
{
	return strncmp(name->name, interface, sizeof(name->name)) == 0;
}

/* ---- which are in use ---- */

static void mark_devices(const struct rw_bpf *bpf, bool used[RW_SLOT_NAMES])
{
	const struct rw_device *records = bpf->maps[RW_BPF_MAP_DEVICES].memory;

	for (size_t i = 0; i < RW_DEVICE_RECORDS; i++)
		if (records[i].ifindex)
			used[records[i].slot & (RW_SLOT_NAMES - 1)] = true;
}

/* By names, as the policy may be one whose slots are being found. */
static void mark_policy(const struct rw_slot_name names[RW_SLOT_NAMES], const struct rw_policy *policy,
			bool used[RW_SLOT_NAMES])
{
	for (size_t i = 0; policy && i < policy->interface_count; i++)
		for (size_t slot = 0; slot < RW_SLOT_NAMES; slot++)
			used[slot] |= is_name(&names[slot], policy->interfaces[i].name);
}

/* The tables in force, which may be those of an earlier process. */
static void mark_tables(const struct rw_bpf *bpf, bool used[RW_SLOT_NAMES])
{
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);
	const struct rw_bpf_map *images = &bpf->maps[RW_BPF_MAP_IMAGES];
	const struct rw_table_header *header =
		(const void *)((const char *)images->memory + (size_t)(generation & 1) * images->value_size);

	for (size_t slot = 0; slot < RW_SLOT_NAMES; slot++)
		used[slot] |= generation && header->slot[slot];
}

static bool mark_flow(void *context, uint8_t family, const struct rw_bpf_entry *entry)
{
	const uint32_t marks[] = {RW_FLOW_DECISION_IN(entry->decision),
				  RW_FLOW_DECISION_OUT(entry->decision)};
	bool *used = context;

	(void)family;
	for (size_t i = 0; i < RW_ARRAY_COUNT(marks); i++)
		if (marks[i])
			used[(marks[i] - 1) & (RW_SLOT_NAMES - 1)] = true;
	return true;
}

static void find_used(const struct rw_bpf *bpf, const struct rw_slot_name names[RW_SLOT_NAMES],
		      const struct rw_policy *policy, bool used[RW_SLOT_NAMES])
{
	struct rw_bpf_flow_table flows = rw_bpf_flow_table_of(bpf);

	memset(used, 0, RW_SLOT_NAMES * sizeof(*used));
	mark_devices(bpf, used);
	mark_tables(bpf, used);
	mark_policy(names, policy, used);
	if (bpf->table)
		mark_policy(names, bpf->table->policy, used);
	rw_bpf_walk_flows(&flows, rw_bpf_now(), mark_flow, used);
}

/* ---- giving back ---- */

/* False when the programs do not come to rest. */
static bool give_back(struct rw_bpf *bpf, const struct rw_policy *policy)
{
	struct rw_slot_name *names = bpf->maps[RW_BPF_MAP_SLOTS].memory;
	bool used[RW_SLOT_NAMES];

	/* A run that began when a device had its record may enter a flow still. */
	bpf->switched_ns = rw_clock_monotonic_ns(rw_clock_system());
	bpf->grace_due = true;
	if (rw_bpf_await_grace(bpf, NULL) < 0)
		return false;
	find_used(bpf, names, policy, used);
	for (size_t slot = 0; slot < RW_SLOT_NAMES; slot++) {
		if (used[slot])
			continue;
		memset(&names[slot], 0, sizeof(names[slot]));
		bpf->slot_since_ns[slot] = rw_clock_monotonic_ns(rw_clock_system());
	}
	return true;
}

const char *rw_bpf_slot_name(const struct rw_bpf *bpf, uint32_t slot, uint64_t at_ns)
{
	const struct rw_slot_name *names = bpf->maps[RW_BPF_MAP_SLOTS].memory;

	slot &= RW_SLOT_NAMES - 1;
	return at_ns < bpf->slot_since_ns[slot] ? "" : names[slot].name;
}

/* ---- finding ---- */

/* The slot that has the name, else a free one that gets it. */
static bool find(struct rw_slot_name names[RW_SLOT_NAMES], const char *interface, uint8_t *ret_slot)
{
	int free_slot = -1;

	for (int slot = 0; slot < RW_SLOT_NAMES; slot++) {
		if (is_name(&names[slot], interface)) {
			*ret_slot = (uint8_t)slot;
			return true;
		}
		if (free_slot < 0 && !names[slot].name[0])
			free_slot = slot;
	}
	if (free_slot < 0)
		return false;
	memcpy(names[free_slot].name, interface, strnlen(interface, sizeof(names[0].name) - 1));
	*ret_slot = (uint8_t)free_slot;
	return true;
}

static int refuse(const char *interface, struct rw_error *err)
{
	(void)rw_error_set(err, -ENOSPC, "no slot is left for interface %s: %d names are in use", interface,
			   RW_SLOT_NAMES);
	return rw_error_hint(err,
			     "Names are given back when their devices are gone and their flows have ended.");
}

int rw_bpf_slot(struct rw_bpf *bpf, const char *interface, uint8_t *ret_slot, struct rw_error *err)
{
	struct rw_slot_name *names = bpf->maps[RW_BPF_MAP_SLOTS].memory;

	if (find(names, interface, ret_slot) || (give_back(bpf, NULL) && find(names, interface, ret_slot)))
		return 0;
	return refuse(interface, err);
}

static int check_count(const struct rw_policy *policy, struct rw_error *err)
{
	return policy->interface_count <= RW_SLOT_NAMES
		       ? 0
		       : rw_error_set(err, -E2BIG, "the policy has %zu interfaces, more than %d",
				      policy->interface_count, RW_SLOT_NAMES);
}

int rw_bpf_slots(struct rw_bpf *bpf, const struct rw_policy *policy, uint8_t ret_slots[RW_SLOT_NAMES],
		 struct rw_error *err)
{
	struct rw_slot_name *names = bpf->maps[RW_BPF_MAP_SLOTS].memory;
	int r = check_count(policy, err);

	for (size_t i = 0; r == 0 && i < policy->interface_count; i++) {
		const char *name = policy->interfaces[i].name;

		if (!find(names, name, &ret_slots[i]) &&
		    (!give_back(bpf, policy) || !find(names, name, &ret_slots[i])))
			r = refuse(name, err);
	}
	return r;
}

int rw_bpf_slots_would_be(const struct rw_bpf *bpf, const struct rw_policy *policy,
			  uint8_t ret_slots[RW_SLOT_NAMES], struct rw_error *err)
{
	struct rw_slot_name names[RW_SLOT_NAMES];
	bool used[RW_SLOT_NAMES];
	int r = check_count(policy, err);

	memcpy(names, bpf->maps[RW_BPF_MAP_SLOTS].memory, sizeof(names));
	for (size_t i = 0; r == 0 && i < policy->interface_count; i++) {
		const char *name = policy->interfaces[i].name;

		if (find(names, name, &ret_slots[i]))
			continue;
		find_used(bpf, names, policy, used);
		for (size_t slot = 0; slot < RW_SLOT_NAMES; slot++)
			if (!used[slot])
				names[slot] = (struct rw_slot_name){0};
		if (!find(names, name, &ret_slots[i]))
			r = refuse(name, err);
	}
	return r;
}
