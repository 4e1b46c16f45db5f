/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <linux/capability.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privileges.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* A mask of /proc/self/status. */
static uint64_t read_mask(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long mask = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			(void)sscanf(line + strlen(name), ":\t%llx", &mask);
	if (file)
		(void)fclose(file);
	return mask;
}

/* Runs 'check' in a process of its own, for what is dropped does not come back. */
static void run_apart(bool (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool keeps_only(enum rw_privileges kept, uint64_t set)
{
	uint64_t had = read_mask("CapPrm");

	/* What it never had, it does not have afterwards. */
	set &= had;
	return rw_privileges_drop(kept, NULL) == 0 && read_mask("CapEff") == set &&
	       read_mask("CapPrm") == set && read_mask("CapInh") == 0 && read_mask("CapAmb") == 0 &&
	       (!(had & BIT(CAP_SETPCAP)) || (read_mask("CapBnd") & ~set) == 0) &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool agent_is_confined(void)
{
	return keeps_only(RW_PRIVILEGES_AGENT, BIT(CAP_NET_ADMIN) | BIT(CAP_BPF) | BIT(CAP_PERFMON));
}

static bool helper_is_confined(void)
{
	return keeps_only(RW_PRIVILEGES_HELPER,
			  BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SYS_ADMIN));
}

static bool nothing_comes_back_by_executing(void)
{
	FILE *output;
	unsigned long long effective = 0;

	if (rw_privileges_drop(RW_PRIVILEGES_AGENT, NULL) < 0)
		return false;
	output = popen("grep CapEff /proc/self/status", "re");
	if (!output || fscanf(output, "CapEff: %llx", &effective) != 1)
		return false;
	(void)pclose(output);
	return (effective & ~(BIT(CAP_NET_ADMIN) | BIT(CAP_BPF) | BIT(CAP_PERFMON))) == 0;
}

static void agent_keeps_what_enforcement_needs(void **state)
{
	(void)state;
	run_apart(agent_is_confined);
}

static void helper_keeps_what_its_questions_need(void **state)
{
	(void)state;
	run_apart(helper_is_confined);
}

static void rights_do_not_come_back_by_executing(void **state)
{
	(void)state;
	run_apart(nothing_comes_back_by_executing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agent_keeps_what_enforcement_needs),
		cmocka_unit_test(helper_keeps_what_its_questions_need),
		cmocka_unit_test(rights_do_not_come_back_by_executing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
