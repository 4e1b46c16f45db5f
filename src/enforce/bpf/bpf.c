/* SPDX-License-Identifier: Apache-2.0 */
#include "enforce/bpf/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "enforce/bpf/bpf_internal.h"

static struct rw_enforcer *close_enforcer(struct rw_enforcer *enforcer)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);

	/* Filters of clsact need no descriptor; without pins they would stay where nobody finds them. */
	if (!bpf->pin_dir[0] && !bpf->tcx)
		(void)rw_bpf_detach_every(enforcer, NULL);
	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++) {
		if (!bpf->devices[i].ifindex)
			continue;
		rw_close(bpf->devices[i].early_link);
		for (int side = 0; side < 2; side++)
			rw_close(bpf->devices[i].links[side]);
	}
	rw_close(bpf->hooks_fd);
	ring_buffer__free(bpf->ring);
	rw_bpf_unload(bpf);
	rw_classify_table_free(bpf->table);
	rw_classify_table_free(bpf->retired);
	rw_classify_memory_done(&bpf->images[0]);
	rw_classify_memory_done(&bpf->images[1]);
	rw_map_done(&bpf->totals);
	free(bpf->observed);
	free(bpf);
	return NULL;
}

static const struct rw_enforcer_ops operations = {
	.name = "bpf",
	.apply = rw_bpf_apply,
	.attach = rw_bpf_attach,
	.detach = rw_bpf_detach,
	.detach_all = rw_bpf_detach_every,
	.enforce = rw_bpf_enforce,
	.check = rw_bpf_check,
	.hooks_fd = rw_bpf_hooks_fd,
	.devices = rw_bpf_devices,
	.hits = rw_bpf_hits,
	.drops_fd = rw_bpf_drops_fd,
	.drops_read = rw_bpf_drops_read,
	.flows = rw_bpf_flows,
	.observe = rw_bpf_observe,
	.judge = rw_bpf_judge,
	.status = rw_bpf_status,
	.close = close_enforcer,
};

/* Tries tcx on lo with nothing of consequence: the link ends before this function does. */
static bool has_tcx(const struct rw_bpf *bpf)
{
	unsigned int lo = if_nametoindex("lo");
	int link = bpf_link_create(bpf->programs[RW_BPF_PROGRAM_EGRESS], (int)(lo ? lo : 1),
				   (enum bpf_attach_type)RW_BPF_TCX_EGRESS, NULL);

	rw_close(link);
	return link >= 0;
}

static struct rw_bpf *new_enforcer(void)
{
	struct rw_bpf *bpf = calloc(1, sizeof(*bpf));

	if (!bpf)
		return NULL;
	bpf->base.ops = &operations;
	bpf->hooks_fd = -EBADF;
	rw_bpf_init(bpf);
	rw_map_init(&bpf->totals, (uint64_t)(uintptr_t)bpf, free);
	return bpf;
}

int rw_enforce_bpf_open(const struct rw_enforce_bpf_options *options, struct rw_enforcer **ret_enforcer,
			struct rw_error *err)
{
	struct rw_bpf *bpf = new_enforcer();
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = bpf ? &bpf->base : NULL;
	int r;

	if (!bpf)
		return rw_error_oom(err);
	if (options->pin_dir) {
		r = rw_bpf_pins_prepare(options->pin_dir, err);
		if (r < 0)
			return r;
		(void)snprintf(bpf->pin_dir, sizeof(bpf->pin_dir), "%s", options->pin_dir);
		r = rw_bpf_pins_find(bpf, options, err);
		if (r < 0)
			return r;
	}
	r = rw_bpf_load(bpf, options, err);
	if (r < 0)
		return r;
	/* An earlier process has ended in the middle of an exchange. */
	if (bpf->adopted && rw_bpf_pins_has_exchange(bpf)) {
		r = rw_bpf_take_devices(bpf, err);
		if (r < 0)
			return r;
		rw_bpf_pins_abandon_exchange(bpf);
	}
	/* Maps without a policy decide nothing yet: what holds the devices are programs with others. */
	bpf->replacing = bpf->held && !RW_STATE_GENERATION(rw_bpf_control(bpf)->state);
	/* An earlier process may have switched images just before it ended. */
	bpf->grace_due = bpf->adopted;
	bpf->tcx = !options->without_tcx && has_tcx(bpf);
	bpf->name_program = options->name_program;
	bpf->name_context = options->name_context;
	/* Without the bell a foreign change is seen by the next check. */
	bpf->hooks_fd = rw_bpf_company_watch();
	r = rw_bpf_drops_open(bpf);
	if (r < 0)
		return rw_bpf_refused(err, r, "a ring buffer");
	if (bpf->pin_dir[0]) {
		r = rw_bpf_pins_save(bpf, err);
		if (r < 0)
			return r;
	}
	*ret_enforcer = RW_TAKE_PTR(enforcer);
	return 0;
}
