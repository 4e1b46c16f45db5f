/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Devices: their records for the programs, and the programs at their hooks, by tcx links where the kernel
 * has them, else by clsact (clsact.c).
 */

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "enforce/bpf/bpf_internal.h"

static const char *const link_kinds[2] = {"link-ingress", "link-egress"};

static struct rw_bpf_device *find_device(struct rw_bpf *bpf, unsigned int ifindex)
{
	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++)
		if (bpf->devices[i].ifindex == ifindex)
			return &bpf->devices[i];
	return NULL;
}

/* The place of a device's record, an old one or a free one; -ENOSPC. */
static int find_place(struct rw_bpf *bpf, unsigned int ifindex)
{
	const struct rw_device *records = bpf->maps[RW_BPF_MAP_DEVICES].memory;
	int place = -ENOSPC;

	for (unsigned int probe = RW_DEVICE_PROBES; probe-- > 0;) {
		unsigned int at = rw_device_place(ifindex, probe);

		if (records[at].ifindex == ifindex)
			return (int)at;
		if (!records[at].ifindex)
			place = (int)at;
	}
	return place;
}

/* Link address of the bridge 'name' as rw_vlans has it, or 0. */
static uint64_t bridge_address(const char *name)
{
	RW_CLEANUP(rw_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	uint64_t address = 0;

	memcpy(request.ifr_name, name, strnlen(name, sizeof(request.ifr_name) - 1));
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return 0;
	for (size_t i = 0; i < ETH_ALEN; i++)
		address = address << 8 | (uint8_t)request.ifr_hwaddr.sa_data[i];
	return address;
}

/* A bridge may change its address at any time, as when it gets another port. */
static void follow_bridge(struct rw_bpf *bpf, const struct rw_bpf_device *device)
{
	const struct rw_device *record =
		&((struct rw_device *)bpf->maps[RW_BPF_MAP_DEVICES].memory)[device->place];
	struct rw_vlans *vlans = &((struct rw_vlans *)bpf->maps[RW_BPF_MAP_VLANS].memory)[device->place];

	if (record->flags & RW_DEVICE_BRIDGE_PORT)
		__atomic_store_n(&vlans->bridge, bridge_address(device->interface), __ATOMIC_RELEASE);
}

static int write_record(struct rw_bpf *bpf, struct rw_bpf_device *own,
			const struct rw_enforcer_device *device, struct rw_error *err)
{
	uint64_t *words = bpf->maps[RW_BPF_MAP_DEVICES].memory;
	struct rw_vlans *vlans = bpf->maps[RW_BPF_MAP_VLANS].memory;
	uint64_t word;
	struct rw_device record = {.ifindex = device->ifindex};
	struct rw_vlans tags = {0};
	int place = find_place(bpf, device->ifindex);
	uint8_t slot;
	int r;

	if (place < 0)
		return rw_error_set(err, place, "no room for another device");
	r = rw_bpf_slot(bpf, device->interface, &slot, err);
	if (r < 0)
		return r;
	record.slot = slot;
	if (device->layer3)
		record.flags |= RW_DEVICE_LAYER3;
	if (device->pending)
		record.flags |= RW_DEVICE_PENDING;
	if (device->keeps_tag)
		record.flags |= RW_DEVICE_OWN_TAG;
	if (device->bridge_port) {
		record.flags |= RW_DEVICE_BRIDGE_PORT;
		tags.bridge = bridge_address(device->interface);
	}
	for (size_t i = 0; device->vlans && i < RW_ENFORCER_VLAN_WORDS; i++) {
		tags.bits[i] = device->vlans[i];
		if (tags.bits[i])
			record.flags |= RW_DEVICE_VLANS;
	}
	if (device->vlans_keep_tags)
		record.flags |= RW_DEVICE_VLANS_KEEP_TAGS;
	if (device->early != RW_ENFORCER_EARLY_NONE && !device->early_idle)
		record.flags |= RW_DEVICE_EARLY;
	own->flags = record.flags;
	vlans[place] = tags;
	/* One store, so that a program sees the old record or the new one. */
	static_assert(sizeof(record) == sizeof(word), "a record is stored at once");
	memcpy(&word, &record, sizeof(word));
	__atomic_store_n(&words[place], word, __ATOMIC_RELEASE);
	own->place = (uint32_t)place;
	return 0;
}

static void clear_record(struct rw_bpf *bpf, uint32_t place)
{
	uint64_t *records = bpf->maps[RW_BPF_MAP_DEVICES].memory;

	__atomic_store_n(&records[place], 0, __ATOMIC_RELEASE);
}

static int create_link(struct rw_bpf *bpf, struct rw_bpf_device *device, int side, struct rw_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = side ? RW_BPF_F_AFTER : RW_BPF_F_BEFORE);
	enum bpf_attach_type type = (enum bpf_attach_type)(side ? RW_BPF_TCX_EGRESS : RW_BPF_TCX_INGRESS);
	char path[256];
	int link = bpf_link_create(bpf->programs[side], (int)device->ifindex, type, &options), r = 0;

	if (link < 0)
		return link;
	if (bpf->pin_dir[0]) {
		rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, link_kinds[side], device->ifindex);
		/* In the place of another, which must not be left without its pin when that fails. */
		r = rw_bpf_pin(link, path, err);
	}
	if (r < 0) {
		(void)close(link);
		return r;
	}
	rw_close(device->links[side]);
	device->links[side] = link;
	return 0;
}

/* Takes over the link of an earlier process: its program is exchanged for ours in one step. */
static bool take_over_link(struct rw_bpf *bpf, struct rw_bpf_device *device, int side)
{
	char path[256];
	int link;

	if (!bpf->pin_dir[0])
		return false;
	rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, link_kinds[side], device->ifindex);
	link = bpf_obj_get(path);
	if (link < 0)
		return false;
	if (bpf_link_update(link, bpf->programs[side], NULL) < 0) {
		(void)close(link);
		return false;
	}
	rw_close(device->links[side]);
	device->links[side] = link;
	return true;
}

/*
 * Our program for another in a link, that of this process or the pinned one.  0 also when there is none, or it holds no
 * device any more: then nothing hangs there.
 */
static int exchange_link(const struct rw_bpf *bpf, const struct rw_bpf_device *device, unsigned int ifindex,
			 int side)
{
	RW_CLEANUP(rw_close) int pinned = -ENOENT;
	int link = device ? device->links[side] : -EBADF, r;
	char path[256];

	if (link < 0 && bpf->pin_dir[0]) {
		rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, link_kinds[side], ifindex);
		link = pinned = bpf_obj_get(path);
	}
	if (link < 0)
		return pinned == -ENOENT ? 0 : pinned;
	r = bpf_link_update(link, bpf->programs[side], NULL);
	return r == -ENOLINK ? 0 : r;
}

static bool has_filters(const struct rw_bpf *bpf, const struct rw_bpf_device *device, unsigned int ifindex)
{
	char path[256];

	rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, "clsact", ifindex);
	return (device && !bpf->tcx) || (bpf->pin_dir[0] && access(path, F_OK) == 0);
}

int rw_bpf_exchange(struct rw_bpf *bpf, unsigned int ifindex, struct rw_error *err)
{
	struct rw_bpf_device *device = find_device(bpf, ifindex);
	int r = 0;

	for (int side = 1; r == 0 && side >= 0; side--)
		r = exchange_link(bpf, device, ifindex, side);
	if (r == 0 && has_filters(bpf, device, ifindex))
		r = rw_bpf_clsact_exchange(bpf, ifindex);
	if (r < 0)
		return rw_error_set(err, r, "cannot exchange the programs at device %s (%u): %s",
				    device ? device->name : "of an earlier agent", ifindex, strerror(-r));
	if (device)
		rw_bpf_early_exchange(bpf, device);
	else
		rw_bpf_early_exchange_left(bpf, ifindex);
	return 0;
}

bool rw_bpf_is_held(struct rw_bpf *bpf, unsigned int ifindex)
{
	const struct rw_bpf_device device = {.ifindex = ifindex};
	struct rw_bpf_company company;

	rw_bpf_company_look(bpf, &device, &company);
	return company.present[0] && company.present[1];
}

static void drop_links(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	char path[256];

	for (int side = 0; side < 2; side++) {
		if (bpf->pin_dir[0]) {
			rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, link_kinds[side], device->ifindex);
			(void)unlink(path);
		}
		if (device->links[side] >= 0)
			(void)bpf_link_detach(device->links[side]);
		device->links[side] = rw_close(device->links[side]);
	}
}

/* Egress first: once ingress lets a flow in, its answers must be known on the way out. */
static int attach_programs(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err)
{
	if (!bpf->tcx)
		return rw_bpf_clsact_attach(bpf, device, err);
	for (int side = 1; side >= 0; side--) {
		int r;

		if (take_over_link(bpf, device, side))
			continue;
		r = create_link(bpf, device, side, err);
		if (r == -ENODEV || r == -EINVAL)
			return rw_error_set(err, -ENODEV, "there is no device %s", device->name);
		if (r < 0 && (!err || !err->code))
			return rw_bpf_refused(err, r, "to attach a program");
		if (r < 0)
			return r;
	}
	return 0;
}

static void detach_programs(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	if (bpf->tcx) {
		drop_links(bpf, device);
		return;
	}
	rw_bpf_clsact_remove(device->ifindex);
	if (bpf->pin_dir[0])
		rw_bpf_pins_release(bpf->pin_dir, device->ifindex);
	else if (device->made_qdisc)
		rw_bpf_qdisc_remove(device->ifindex);
	device->made_qdisc = false;
}

int rw_bpf_attach(struct rw_enforcer *enforcer, const struct rw_enforcer_device *device, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	struct rw_bpf_device *own = find_device(bpf, device->ifindex);
	bool fresh = !own;
	int r;

	if (!bpf->table)
		return rw_error_set(err, -EINVAL, "a policy must be applied before a device is attached");
	if (!device->ifindex)
		return rw_error_set(err, -EINVAL, "not a device: %s", device->name);
	if (fresh && !(own = find_device(bpf, 0)))
		return rw_error_set(err, -ENOSPC, "more than %d devices", RW_ENFORCER_DEVICE_MAX);
	r = write_record(bpf, own, device, err);
	if (r < 0)
		return r;
	(void)snprintf(own->name, sizeof(own->name), "%s", device->name);
	(void)snprintf(own->interface, sizeof(own->interface), "%s", device->interface);
	own->pending = device->pending;
	own->early = device->early;
	own->early_idle = device->early_idle;
	if (!fresh) {
		own->early_retry = 0;
		rw_bpf_early_follow(bpf, own);
		return 0;
	}
	own->ifindex = device->ifindex;
	own->links[0] = own->links[1] = own->early_link = -EBADF;
	own->hold = RW_ENFORCER_HELD;
	own->text[0] = '\0';
	if (bpf->replacing && !rw_bpf_control(bpf)->generation_before) {
		/* It goes by flows that these programs do not know of. */
		rw_bpf_early_remove(bpf, own);
		(void)rw_bpf_seed(bpf, false, NULL);
	}
	if (err)
		*err = RW_ERROR_NONE;
	r = attach_programs(bpf, own, err);
	if (r < 0) {
		detach_programs(bpf, own);
		clear_record(bpf, own->place);
		own->ifindex = 0;
		return r;
	}
	rw_bpf_early_follow(bpf, own);
	return 0;
}

static void forget(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	rw_bpf_early_remove(bpf, device);
	detach_programs(bpf, device);
	clear_record(bpf, device->place);
	memset(device, 0, sizeof(*device));
}

/* A device that an earlier process attached and this one has not. */
static void release_left(struct rw_bpf *bpf, unsigned int ifindex)
{
	const struct rw_device *records = bpf->maps[RW_BPF_MAP_DEVICES].memory;
	int place = find_place(bpf, ifindex);

	rw_bpf_pins_release(bpf->pin_dir, ifindex);
	if (place >= 0 && records[place].ifindex == ifindex)
		clear_record(bpf, (uint32_t)place);
}

int rw_bpf_detach(struct rw_enforcer *enforcer, unsigned int ifindex, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	struct rw_bpf_device *device = ifindex ? find_device(bpf, ifindex) : NULL;

	(void)err;
	if (device)
		forget(bpf, device);
	else if (ifindex && bpf->pin_dir[0])
		release_left(bpf, ifindex);
	return 0;
}

int rw_bpf_detach_every(struct rw_enforcer *enforcer, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);

	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++)
		if (bpf->devices[i].ifindex)
			forget(bpf, &bpf->devices[i]);
	/* Also what an earlier process left on devices that were not attached again. */
	return bpf->pin_dir[0] ? rw_enforce_bpf_detach_all(bpf->pin_dir, NULL, err) : 0;
}

static void tell(const struct rw_bpf_device *device, enum rw_enforcer_event_kind kind,
		 rw_enforcer_event_fn *event, void *context)
{
	struct rw_enforcer_event told = {.kind = kind, .ifindex = device->ifindex};

	memcpy(told.name, device->name, sizeof(told.name));
	memcpy(told.text, device->text, sizeof(told.text));
	if (event)
		event(context, &told);
}

static void tell_early(const struct rw_bpf_device *device, rw_enforcer_event_fn *event, void *context)
{
	struct rw_enforcer_event told = {.kind = RW_ENFORCER_EVENT_EARLY, .ifindex = device->ifindex};

	memcpy(told.name, device->name, sizeof(told.name));
	memcpy(told.text, device->early_text, sizeof(told.text));
	if (event)
		event(context, &told);
}

/* Attaches what is missing.  A side that is in place is left alone, so that it decides all the while. */
static int attach_missing(struct rw_bpf *bpf, struct rw_bpf_device *device, const bool present[2],
			  struct rw_error *err)
{
	if (!bpf->tcx)
		return rw_bpf_clsact_attach(bpf, device, err);
	for (int side = 1; side >= 0; side--) {
		int r = present[side] ? 0 : create_link(bpf, device, side, err);

		if (r < 0)
			return err->code ? r : rw_bpf_refused(err, r, "to attach a program");
	}
	return 0;
}

static void put_back(struct rw_bpf *bpf, struct rw_bpf_device *device, const bool present[2],
		     rw_enforcer_event_fn *event, void *context)
{
	enum rw_enforcer_hold before = device->hold;
	struct rw_error err = RW_ERROR_NONE;

	if (attach_missing(bpf, device, present, &err) == 0) {
		device->hold = before == RW_ENFORCER_LOST ? RW_ENFORCER_HELD : before;
		tell(device, RW_ENFORCER_EVENT_RESTORED, event, context);
		return;
	}
	device->hold = RW_ENFORCER_LOST;
	(void)snprintf(device->text, sizeof(device->text), "%.*s", (int)sizeof(device->text) - 1, err.text);
	if (before != RW_ENFORCER_LOST)
		tell(device, RW_ENFORCER_EVENT_LOST, event, context);
}

static void check_device(struct rw_bpf *bpf, struct rw_bpf_device *device, rw_enforcer_event_fn *event,
			 void *context)
{
	struct rw_bpf_company company;
	char name[IF_NAMESIZE];
	bool shared, changed;

	if (!if_indextoname(device->ifindex, name)) {
		tell(device, RW_ENFORCER_EVENT_GONE, event, context);
		forget(bpf, device);
		return;
	}
	rw_bpf_company_look(bpf, device, &company);
	if (!company.present[0] || !company.present[1]) {
		put_back(bpf, device, company.present, event, context);
		if (device->hold == RW_ENFORCER_LOST)
			return;
		/* Who is beside us now? */
		rw_bpf_company_look(bpf, device, &company);
	}
	follow_bridge(bpf, device);
	if (rw_bpf_early_check(bpf, device, company.early))
		tell_early(device, event, context);
	shared = company.strangers > 0;
	changed = strcmp(device->text, company.text) != 0;
	memcpy(device->text, company.text, sizeof(device->text));
	if (shared && (changed || device->hold != RW_ENFORCER_SHARED)) {
		device->hold = RW_ENFORCER_SHARED;
		tell(device, RW_ENFORCER_EVENT_SHARED, event, context);
	} else if (!shared && device->hold != RW_ENFORCER_HELD) {
		device->hold = RW_ENFORCER_HELD;
		tell(device, RW_ENFORCER_EVENT_HELD, event, context);
	}
}

int rw_bpf_check(struct rw_enforcer *enforcer, rw_enforcer_event_fn *event, void *context,
		 struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);

	(void)err;
	rw_bpf_company_drain(bpf->hooks_fd);
	/* Where it cannot be brought back, its programs are missed like those that somebody has detached. */
	(void)rw_bpf_bring_back(bpf, NULL);
	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++)
		if (bpf->devices[i].ifindex)
			check_device(bpf, &bpf->devices[i], event, context);
	return 0;
}

size_t rw_bpf_devices(struct rw_enforcer *enforcer, struct rw_enforcer_device_status *ret_devices,
		      size_t capacity)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	size_t count = 0;

	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++) {
		const struct rw_bpf_device *device = &bpf->devices[i];
		struct rw_enforcer_device_status *status;

		if (!device->ifindex || count++ >= capacity)
			continue;
		status = &ret_devices[count - 1];
		*status = (struct rw_enforcer_device_status){.ifindex = device->ifindex,
							     .hold = device->hold,
							     .tcx = bpf->tcx,
							     .pending = device->pending};
		memcpy(status->name, device->name, sizeof(status->name));
		memcpy(status->interface, device->interface, sizeof(status->interface));
		memcpy(status->text, device->text, sizeof(status->text));
		rw_bpf_early_status(device, status);
	}
	return count;
}

int rw_bpf_hooks_fd(struct rw_enforcer *enforcer)
{
	return rw_bpf_of(enforcer)->hooks_fd;
}
