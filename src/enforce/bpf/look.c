/* SPDX-License-Identifier: Apache-2.0 */

/* What is pinned, seen without opening an enforcer: nothing is loaded, made or changed. */

#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "enforce/bpf/bpf_internal.h"

/* Reads element 'index' of the pinned array 'map'; false when it cannot be. */
static bool read_element(const char *pin_dir, enum rw_bpf_map_id map, uint32_t index, void *value)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/map-%s", pin_dir, rw_bpf_map_names[map]);
	fd = bpf_obj_get(path);
	return fd >= 0 && bpf_map_lookup_elem(fd, &index, value) == 0;
}

/* The interface whose policy holds on the device, by the records that the programs read. */
static void find_interface(const char *pin_dir, struct rw_enforce_bpf_held *held)
{
	struct rw_device records[RW_DEVICE_RECORDS];

	if (!read_element(pin_dir, RW_BPF_MAP_DEVICES, 0, records))
		return;
	for (unsigned int probe = 0; probe < RW_DEVICE_PROBES; probe++) {
		struct rw_device record = records[rw_device_place(held->ifindex, probe)];
		struct rw_slot_name slot;

		if (record.ifindex == held->ifindex &&
		    read_element(pin_dir, RW_BPF_MAP_SLOTS, record.slot, &slot)) {
			memcpy(held->interface, slot.name, sizeof(held->interface));
			held->interface[sizeof(held->interface) - 1] = '\0';
			held->pending = record.flags & RW_DEVICE_PENDING;
			return;
		}
	}
}

/* A link whose device went, or that somebody detached, names no device any more. */
static bool link_is_alive(const char *pin_dir, const char *name)
{
	RW_CLEANUP(rw_close) int link = -EBADF;
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	link = bpf_obj_get(path);
	/* tcx has no member of its own in these headers; the ifindex stands first, as with XDP. */
	return link >= 0 && bpf_obj_get_info_by_fd(link, &info, &size) == 0 && info.xdp.ifindex != 0;
}

static struct rw_enforce_bpf_held *find_held(struct rw_enforce_bpf_look *look, unsigned int ifindex)
{
	for (size_t i = 0; i < look->device_count; i++)
		if (look->devices[i].ifindex == ifindex)
			return &look->devices[i];
	return NULL;
}

/* The early stage of a device that is known already. */
static void take_early_pin(const char *pin_dir, const char *name, struct rw_enforce_bpf_look *look)
{
	struct rw_enforce_bpf_held *held;
	unsigned int ifindex;
	bool native = sscanf(name, "link-early-%u", &ifindex) == 1;

	if (!native && sscanf(name, "link-generic-%u", &ifindex) != 1)
		return;
	held = find_held(look, ifindex);
	if (held && link_is_alive(pin_dir, name))
		held->early = native ? RW_ENFORCER_EARLY_NATIVE : RW_ENFORCER_EARLY_GENERIC;
}

static void take_pin(const char *pin_dir, const char *name, struct rw_enforce_bpf_look *look)
{
	struct rw_enforce_bpf_held *held;
	unsigned int ifindex;
	bool clsact = sscanf(name, "clsact-%u", &ifindex) == 1;

	if (!clsact && sscanf(name, "link-ingress-%u", &ifindex) != 1 &&
	    sscanf(name, "link-egress-%u", &ifindex) != 1)
		return;
	held = find_held(look, ifindex);
	if (!held && look->device_count == RW_ENFORCER_DEVICE_MAX)
		return;
	if (!held) {
		held = &look->devices[look->device_count++];
		*held = (struct rw_enforce_bpf_held){.ifindex = ifindex, .tcx = !clsact, .alive = true};
		find_interface(pin_dir, held);
	}
	if (!clsact)
		held->alive = held->alive && link_is_alive(pin_dir, name);
}

void rw_enforce_bpf_look(const char *pin_dir, struct rw_enforce_bpf_look *ret_look)
{
	struct rw_control control = {0};
	DIR *folder = opendir(pin_dir);

	*ret_look = (struct rw_enforce_bpf_look){0};
	if (!folder)
		return;
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		take_pin(pin_dir, entry->d_name, ret_look);
	rewinddir(folder);
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		take_early_pin(pin_dir, entry->d_name, ret_look);
	(void)closedir(folder);
	if (!read_element(pin_dir, RW_BPF_MAP_CONTROL, 0, &control))
		return;
	ret_look->mode = (enum rw_enforcer_mode)RW_STATE_MODE(control.state);
	ret_look->generation = RW_STATE_GENERATION(control.state);
}
