/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How large the programs are, and how much work they are for the verifier, against what instructions.txt
 * records, so that a change of either is seen when it is made: both may differ by a tenth.  The verifier gives up
 * at a million, and its work is what an agent's start takes.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>

#include "enforce/bpf/bpf_internal.h"
#include "netns.h"

static const char *file_name;

static bool is_near(unsigned int value, unsigned int recorded)
{
	return value * 10 <= recorded * 11 && value * 11 >= recorded * 10;
}

static bool is_as_recorded(const struct bpf_prog_info *info, unsigned int size, unsigned int work)
{
	unsigned int size_now = info->xlated_prog_len / 8;

	printf("%s %u %u\n", info->name, size_now, info->verified_insns);
	/* Linux before 5.16 does not tell the work. */
	return is_near(size_now, size) && (!info->verified_insns || is_near(info->verified_insns, work));
}

/* The program of that name. */
static struct bpf_prog_info find_program(struct rw_enforcer *enforcer, const char *name)
{
	for (int id = 0; id < RW_BPF_PROGRAM_COUNT_; id++) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(rw_bpf_of(enforcer)->programs[id], &info, &size), 0);
		if (strcmp(info.name, name) == 0)
			return info;
	}
	fail_msg("there is no program %s", name);
	return (struct bpf_prog_info){0};
}

static void programs_are_as_large_as_recorded(void **state)
{
	struct rw_enforce_bpf_options options = {.table_memory = RW_ENFORCE_TABLE_MEMORY_MIN,
						 .flow_entries = RW_ENFORCE_FLOW_ENTRIES_MIN};
	FILE *file = fopen(file_name, "re");
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer *enforcer;
	char line[128], name[64];
	unsigned int size, work, seen = 0;
	bool same = true;

	(void)state;
	assert_non_null(file);
	if (rw_enforce_bpf_open(&options, &enforcer, &err) < 0 ||
	    rw_bpf_load_early(rw_bpf_of(enforcer), &err) < 0)
		fail_msg("%s", err.text);
	while (fgets(line, sizeof(line), file)) {
		struct bpf_prog_info info;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%63s %u %u", name, &size, &work), 3);
		info = find_program(enforcer, name);
		same &= is_as_recorded(&info, size, work);
		seen++;
	}
	assert_int_equal(seen, RW_BPF_PROGRAM_COUNT_);
	if (!same)
		fail_msg("%s says otherwise: if that is meant, write there what stands above", file_name);
	(void)fclose(file);
	rw_enforcer_close(enforcer);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(programs_are_as_large_as_recorded)};

	assert_int_equal(argc, 2);
	file_name = argv[1];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
