/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The early stage at its devices: a link at XDP, native or generic, pinned beside those of tc.  Whoever is at XDP
 * already keeps the place, for ours is never more than a help.
 *
 * Attaching it makes many drivers set up their queues anew, which loses packets and may lose offloads.  So it
 * is attached only when somebody asks for it, and passes everything when it is switched off.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "enforce/bpf/bpf_internal.h"

/* A device that refused it is asked again only so often. */
#define RETRY_CHECKS 30

static const char *kind_of(enum rw_enforcer_early early)
{
	return early == RW_ENFORCER_EARLY_GENERIC ? "link-generic" : "link-early";
}

static void pin_path(const struct rw_bpf *bpf, const struct rw_bpf_device *device,
		     enum rw_enforcer_early early, char *path, size_t size)
{
	rw_bpf_pin_path(path, size, bpf->pin_dir, kind_of(early), device->ifindex);
}

/* Takes off what is pinned as that kind. */
static void release_pin(const struct rw_bpf *bpf, const struct rw_bpf_device *device,
			enum rw_enforcer_early early)
{
	RW_CLEANUP(rw_close) int link = -EBADF;
	char path[256];

	if (!bpf->pin_dir[0])
		return;
	pin_path(bpf, device, early, path, sizeof(path));
	link = bpf_obj_get(path);
	if (link >= 0)
		(void)bpf_link_detach(link);
	(void)unlink(path);
}

void rw_bpf_early_remove(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	if (device->early_link >= 0)
		(void)bpf_link_detach(device->early_link);
	device->early_link = rw_close(device->early_link);
	release_pin(bpf, device, RW_ENFORCER_EARLY_NATIVE);
	release_pin(bpf, device, RW_ENFORCER_EARLY_GENERIC);
	device->early_text[0] = '\0';
}

/* Takes over what an earlier process pinned, with our program in its place. */
static bool take_over(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	RW_CLEANUP(rw_close) int link = -EBADF;
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	char path[256];

	if (!bpf->pin_dir[0])
		return false;
	pin_path(bpf, device, device->early, path, sizeof(path));
	link = bpf_obj_get(path);
	/* A link that was detached has no device any more. */
	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &size) < 0 ||
	    info.xdp.ifindex != device->ifindex ||
	    bpf_link_update(link, bpf->programs[RW_BPF_PROGRAM_EARLY], NULL) < 0)
		return false;
	device->early_link = RW_TAKE_FD(link);
	return true;
}

void rw_bpf_early_exchange(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	if (device->early_link >= 0 &&
	    (rw_bpf_load_early(bpf, NULL) < 0 ||
	     bpf_link_update(device->early_link, bpf->programs[RW_BPF_PROGRAM_EARLY], NULL) < 0))
		rw_bpf_early_remove(bpf, device);
}

void rw_bpf_early_exchange_left(struct rw_bpf *bpf, unsigned int ifindex)
{
	static const enum rw_enforcer_early kinds[] = {RW_ENFORCER_EARLY_NATIVE, RW_ENFORCER_EARLY_GENERIC};

	for (size_t i = 0; bpf->pin_dir[0] && i < RW_ARRAY_COUNT(kinds); i++) {
		struct rw_bpf_device left = {.ifindex = ifindex, .early = kinds[i], .early_link = -EBADF};
		char path[256];

		pin_path(bpf, &left, kinds[i], path, sizeof(path));
		if (access(path, F_OK) < 0)
			continue;
		if (rw_bpf_load_early(bpf, NULL) < 0 || !take_over(bpf, &left))
			release_pin(bpf, &left, kinds[i]);
		rw_close(left.early_link);
	}
}

static int pin_link(struct rw_bpf *bpf, const struct rw_bpf_device *device, int link, struct rw_error *err)
{
	char path[256];

	if (!bpf->pin_dir[0])
		return 0;
	pin_path(bpf, device, device->early, path, sizeof(path));
	(void)unlink(path);
	if (bpf_obj_pin(link, path) < 0)
		return rw_error_set(err, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

/* Says what an errno of attaching means. */
static int refuse(int code, const struct rw_bpf_device *device, struct rw_error *err)
{
	if (code == -EBUSY || code == -EEXIST)
		return rw_error_set(err, code, "another XDP program is there, and stays");
	if (code == -EOPNOTSUPP && device->early == RW_ENFORCER_EARLY_NATIVE)
		return rw_error_set(err, code, "the device's driver has no XDP; generic may be asked for");
	return rw_error_set(err, code,
			    "the kernel refused XDP: %s; a large MTU, few queues or merging of packets by "
			    "the device may be why",
			    strerror(-code));
}

static int attach(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = device->early == RW_ENFORCER_EARLY_GENERIC ? XDP_FLAGS_SKB_MODE
									: XDP_FLAGS_DRV_MODE);
	RW_CLEANUP(rw_close) int link = -EBADF;
	int r;

	if (device->flags & (RW_DEVICE_LAYER3 | RW_DEVICE_BRIDGE_PORT))
		return rw_error_set(err, -EOPNOTSUPP, "there is none on %s",
				    device->flags & RW_DEVICE_LAYER3 ? "a device without a link layer"
								     : "the port of a bridge");
	r = rw_bpf_load_early(bpf, err);
	if (r < 0)
		return r;
	if (take_over(bpf, device))
		return 0;
	link = bpf_link_create(bpf->programs[RW_BPF_PROGRAM_EARLY], (int)device->ifindex, BPF_XDP, &options);
	if (link < 0)
		return refuse(link, device, err);
	r = pin_link(bpf, device, link, err);
	if (r == 0)
		device->early_link = RW_TAKE_FD(link);
	return r;
}

void rw_bpf_early_follow(struct rw_bpf *bpf, struct rw_bpf_device *device)
{
	struct rw_error err = RW_ERROR_NONE;

	if (device->early_link >= 0 && device->early_attached == device->early)
		return;
	if (device->early == RW_ENFORCER_EARLY_NONE || device->early_link >= 0)
		rw_bpf_early_remove(bpf, device);
	if (device->early == RW_ENFORCER_EARLY_NONE)
		return;
	/* An earlier process may have had it the other way. */
	release_pin(bpf, device,
		    device->early == RW_ENFORCER_EARLY_GENERIC ? RW_ENFORCER_EARLY_NATIVE
							       : RW_ENFORCER_EARLY_GENERIC);
	device->early_text[0] = '\0';
	device->early_attached = device->early;
	if (attach(bpf, device, &err) == 0)
		return;
	(void)snprintf(device->early_text, sizeof(device->early_text), "%.*s",
		       (int)sizeof(device->early_text) - 1, err.text);
	device->early_retry = RETRY_CHECKS;
}

bool rw_bpf_early_check(struct rw_bpf *bpf, struct rw_bpf_device *device, bool present)
{
	char before[sizeof(device->early_text)];
	bool was_attached = device->early_link >= 0;

	if (device->early == RW_ENFORCER_EARLY_NONE || (was_attached && present))
		return false;
	if (!was_attached && device->early_retry > 0) {
		device->early_retry--;
		return false;
	}
	memcpy(before, device->early_text, sizeof(before));
	/* Somebody has detached the link: it is of no use any more. */
	device->early_link = rw_close(device->early_link);
	rw_bpf_early_follow(bpf, device);
	return device->early_link >= 0 || was_attached || strcmp(before, device->early_text) != 0;
}

void rw_bpf_early_status(const struct rw_bpf_device *device, struct rw_enforcer_device_status *status)
{
	if (device->early_link < 0) {
		status->early_text = device->early_text[0] ? device->early_text : NULL;
		return;
	}
	status->early = device->early_attached;
	status->early_idle =
		!(device->flags & RW_DEVICE_EARLY) || (device->flags & (RW_DEVICE_VLANS | RW_DEVICE_PENDING));
	if (device->early_idle)
		return;
	if (device->flags & RW_DEVICE_VLANS)
		status->early_text = "there are VLAN devices on it, whose tags it may have taken off";
	else if (device->flags & RW_DEVICE_PENDING)
		status->early_text = "it has no policy yet";
}
