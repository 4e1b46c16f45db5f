/* SPDX-License-Identifier: Apache-2.0 */
#include "refuser.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>

static bool refuses[REFUSER_ATTACH + 1];
static unsigned int exchanges_left;

void refuser_begin(unsigned int exchanges)
{
	refuses[REFUSER_EXCHANGE] = refuses[REFUSER_ATTACH] = true;
	exchanges_left = exchanges;
}

void refuser_lift(enum refuser_kind kind)
{
	refuses[kind] = false;
}

static bool may_exchange(void)
{
	if (!refuses[REFUSER_EXCHANGE])
		return true;
	if (!exchanges_left)
		return false;
	exchanges_left--;
	return true;
}

/* The linker's names. */
int __real_bpf_link_update(int link, int program, const struct bpf_link_update_opts *options);
int __wrap_bpf_link_update(int link, int program, const struct bpf_link_update_opts *options);
int __real_bpf_link_create(int program, int target, enum bpf_attach_type type,
			   const struct bpf_link_create_opts *options);
int __wrap_bpf_link_create(int program, int target, enum bpf_attach_type type,
			   const struct bpf_link_create_opts *options);
int __real_bpf_tc_attach(const struct bpf_tc_hook *hook, struct bpf_tc_opts *options);
int __wrap_bpf_tc_attach(const struct bpf_tc_hook *hook, struct bpf_tc_opts *options);

int __wrap_bpf_link_update(int link, int program, const struct bpf_link_update_opts *options)
{
	return may_exchange() ? __real_bpf_link_update(link, program, options) : -ENOMEM;
}

int __wrap_bpf_link_create(int program, int target, enum bpf_attach_type type,
			   const struct bpf_link_create_opts *options)
{
	return refuses[REFUSER_ATTACH] ? -ENOMEM : __real_bpf_link_create(program, target, type, options);
}

int __wrap_bpf_tc_attach(const struct bpf_tc_hook *hook, struct bpf_tc_opts *options)
{
	return may_exchange() ? __real_bpf_tc_attach(hook, options) : -ENOMEM;
}
