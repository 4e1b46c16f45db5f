/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The way into kernels without tcx: filters of the clsact qdisc, with the first priority at ingress and the
 * last at egress.  A filter needs no process; a pin named after the device remembers that it is ours.  For the
 * qdisc itself see qdisc.c.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "enforce/bpf/bpf_internal.h"

const uint32_t rw_bpf_clsact_priorities[2] = {1, 0xffff};
static const enum bpf_tc_attach_point points[2] = {BPF_TC_INGRESS, BPF_TC_EGRESS};

/* A priority belongs to one kind of filters: somebody's others may have ours. */
static int refuse_place(struct rw_bpf *bpf, const struct rw_bpf_device *device, int r, struct rw_error *err)
{
	struct rw_bpf_company company;

	rw_bpf_company_look(bpf, device, &company);
	if (!company.strangers)
		return rw_bpf_refused(err, r, "a clsact filter");
	(void)rw_error_set(err, -EBUSY, "the place of our filter is taken: %s", company.text);
	(void)rw_error_hint(err, "Ours must have priority %u at ingress and %u at egress.",
			    rw_bpf_clsact_priorities[0], rw_bpf_clsact_priorities[1]);
	return -EBUSY;
}

/* Makes both filters, or puts our programs in those that are there. */
static int replace(const struct rw_bpf *bpf, unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex);
	int r = 0;

	for (int side = 1; r == 0 && side >= 0; side--) {
		LIBBPF_OPTS(bpf_tc_opts, filter, .handle = RW_BPF_CLSACT_HANDLE,
			    .priority = rw_bpf_clsact_priorities[side], .prog_fd = bpf->programs[side],
			    .flags = BPF_TC_F_REPLACE);

		hook.attach_point = points[side];
		r = bpf_tc_attach(&hook, &filter);
	}
	return r;
}

int rw_bpf_clsact_exchange(const struct rw_bpf *bpf, unsigned int ifindex)
{
	int r = replace(bpf, ifindex);

	/* Without device, qdisc or place nothing of ours hangs there. */
	return r == -ENODEV || r == -EINVAL || r == -ENOENT ? 0 : r;
}

int rw_bpf_clsact_attach(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err)
{
	char path[256];
	int r = rw_bpf_qdisc_make(bpf, device, err);

	if (r == 0 && bpf->pin_dir[0]) {
		rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, "clsact", device->ifindex);
		/*
		 * Its name is what is asked for; what is pinned must not keep a set that is done with.  First, so that
		 * filters are found, and taken off, when this is all that was done.
		 */
		r = rw_bpf_pin(bpf->maps[RW_BPF_MAP_CONTROL].fd, path, err);
	}
	if (r < 0)
		return r;
	r = replace(bpf, device->ifindex);
	return r < 0 ? refuse_place(bpf, device, r, err) : 0;
}

void rw_bpf_clsact_remove(unsigned int ifindex)
{
	for (int side = 0; side < 2; side++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = points[side]);
		LIBBPF_OPTS(bpf_tc_opts, filter, .handle = RW_BPF_CLSACT_HANDLE,
			    .priority = rw_bpf_clsact_priorities[side]);

		(void)bpf_tc_detach(&hook, &filter);
	}
}
