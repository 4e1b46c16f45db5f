/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/privileges.h"

#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

static const uint64_t sets[] = {
	[RW_PRIVILEGES_AGENT] = BIT(CAP_NET_ADMIN) | BIT(CAP_BPF) | BIT(CAP_PERFMON),
	[RW_PRIVILEGES_HELPER] = BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SYS_ADMIN),
};

/* The kernel's structures hold 64 capabilities in two halves. */
static int get_permitted(uint64_t *ret_permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static int set_all(uint64_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	for (int half = 0; half < 2; half++)
		data[half].permitted = data[half].effective = (uint32_t)(kept >> 32 * half);
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* What no program executed from here can ever have.  Whoever may not cut it has had it cut by his unit. */
static void cut_bounding_set(uint64_t kept)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (!(kept & BIT(capability)))
			(void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

int rw_privileges_drop(enum rw_privileges kept, struct rw_error *err)
{
	uint64_t wanted = sets[kept], permitted = 0;
	int r = get_permitted(&permitted);

	if (r < 0)
		return rw_error_set(err, r, "cannot read this process's capabilities: %s", strerror(-r));
	if (wanted & ~permitted & (BIT(CAP_BPF) | BIT(CAP_PERFMON)))
		wanted |= BIT(CAP_SYS_ADMIN);
	wanted &= permitted;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return rw_error_set(err, -errno, "cannot set no_new_privs: %s", strerror(errno));
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	cut_bounding_set(wanted);
	r = set_all(wanted);
	if (r < 0)
		return rw_error_set(err, r, "cannot give up capabilities: %s", strerror(-r));
	return 0;
}
