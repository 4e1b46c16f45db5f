/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what rtnetlink says of the filters and XDP programs at a device: who is told of is told in words
 * that can be shown.
 */

#include <assert.h>
#include <stdio.h>

#include "enforce/bpf/bpf_internal.h"
#include "netlink_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_bpf_prog_query(int target, int type, uint32_t flags, uint32_t *attached, uint32_t *ids,
			  uint32_t *count);

/* A kernel without tcx. */
int __wrap_bpf_prog_query(int target, int type, uint32_t flags, uint32_t *attached, uint32_t *ids,
			  uint32_t *count)
{
	(void)target;
	(void)type;
	(void)flags;
	(void)attached;
	(void)ids;
	(void)count;
	return -EINVAL;
}

static void name_program(void *context, uint32_t id, char name[RW_ENFORCE_BPF_NAME_SIZE])
{
	(void)context;
	(void)snprintf(name, RW_ENFORCE_BPF_NAME_SIZE, id == 9 ? "" : "cil_xdp_entry");
}

static void look(const uint8_t *bytes, size_t size, bool tcx)
{
	static struct rw_bpf bpf;
	const struct rw_bpf_device device = {.ifindex = 2};
	struct rw_bpf_company company;

	bpf = (struct rw_bpf){.tcx = tcx,
			      .program_ids = {[RW_BPF_PROGRAM_INGRESS] = 5,
					      [RW_BPF_PROGRAM_EGRESS] = 6,
					      [RW_BPF_PROGRAM_EARLY] = 7},
			      .name_program = name_program};
	input = bytes;
	input_size = size;
	rw_bpf_company_look(&bpf, &device, &company);
	assert(memchr(company.text, '\0', sizeof(company.text)));
	assert(!company.strangers == !company.text[0]);
	for (const char *at = company.text; *at; at++)
		assert(*at >= 0x20 && *at <= 0x7e);
	/* Filters are not ours where ours hang by tcx. */
	assert(!tcx || !(company.present[0] || company.present[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	look(bytes, size, false);
	look(bytes, size, true);
	return 0;
}
