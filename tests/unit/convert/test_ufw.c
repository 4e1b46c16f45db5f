/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "conversion.h"

static void reads_the_table_that_status_prints(void **state)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {0};
	RW_CLEANUP(rw_free) char *all = NULL, *eth1 = NULL;

	(void)state;
	conversion_of(RW_CONVERT_UFW, conversion_ufw, &conversion);
	all = conversion_rules(&conversion, "node");
	eth1 = conversion_rules(&conversion, "node-eth1");
	assert_string_equal(
		all, "allow tcp 22 from 0.0.0.0/0 # ufw line 8\n"
		     "allow tcp 22 from ::/0 priority 3 # ufw line 16; uncertain: behind line 14, which was "
		     "left out\n"
		     "allow tcp 443 from 0.0.0.0/0 # ufw line 9\n"
		     "allow tcp 6379 from 10.0.0.0/8 priority 3 # ufw line 11\n"
		     "allow tcp 80 from 0.0.0.0/0 # ufw line 9\n"
		     "allow udp 6000-6007 from 10.0.0.0/8 priority 3 local 10.0.0.5/32 source-ports "
		     "1024-65535 # ufw "
		     "line 13\n"
		     "drop tcp 6379 from 203.0.113.0/24 priority 2 # ufw line 10\n"
		     "drop udp 53 to 0.0.0.0/0 # ufw line 17; uncertain: behind line 14, which was left out\n"
		     "drop udp 6379 from 203.0.113.0/24 priority 2 # ufw line 10\n");
	assert_string_equal(eth1, "allow all from 10.0.0.0/8 priority 3 # ufw line 12\n");
	assert_int_equal(conversion.left_out, 2);
}

static void reads_the_tuples_of_user_rules(void **state)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {0};
	RW_CLEANUP(rw_free) char *all = NULL, *eth0 = NULL;

	(void)state;
	conversion_of(RW_CONVERT_UFW,
		      "*filter\n:ufw-user-input - [0:0]\n### RULES ###\n\n"
		      "### tuple ### limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=737368\n"
		      "-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n"
		      "### tuple ### deny any any 0.0.0.0/0 any 203.0.113.0/24 in_eth0\n"
		      "### tuple ### allow any 80,443 ::/0 any ::/0 Nginx%20Full - in\n"
		      "### tuple ### route:allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_eth1\n",
		      &conversion);
	all = conversion_rules(&conversion, "node");
	eth0 = conversion_rules(&conversion, "node-eth0");
	assert_non_null(strstr(all, "allow tcp 22 from 0.0.0.0/0 # ufw line 5\n"));
	assert_non_null(strstr(all, "allow udp 443 from ::/0 priority 3 # ufw line 8\n"));
	assert_string_equal(eth0, "drop all from 203.0.113.0/24 priority 2 # ufw line 7\n");
	assert_int_equal(conversion.left_out, 1);
}

static void lets_all_pass_when_ufw_is_inactive(void **state)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {0};
	RW_CLEANUP(rw_free) char *all = NULL;

	(void)state;
	conversion_of(RW_CONVERT_UFW, "Status: inactive\n", &conversion);
	all = conversion_rules(&conversion, "node");
	assert_string_equal(all, "allow all from 0.0.0.0/0 # ufw default policy\n"
				 "allow all from ::/0 # ufw default policy\n");
}

static void names_line_and_hint_of_what_is_wrong(void **state)
{
	(void)state;
	conversion_refuses(RW_CONVERT_UFW, "", "input: line 1: the file is empty");
	conversion_refuses(RW_CONVERT_UFW, "hello\n", "input: line 1: is nothing that ufw prints");
	conversion_refuses(RW_CONVERT_UFW, "Status: active\n--  ----\n22/tcp  PERHAPS  Anywhere\n",
			   "input: line 3: has no action");
	conversion_refuses(RW_CONVERT_UFW, "### tuple ### allow tcp 22 in\n", "fewer than seven words");
	conversion_refuses(RW_CONVERT_UFW, "### tuple ### allow tcp x 0.0.0.0/0 any 0.0.0.0/0 in\n",
			   "is not what ufw writes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_table_that_status_prints),
		cmocka_unit_test(reads_the_tuples_of_user_rules),
		cmocka_unit_test(lets_all_pass_when_ufw_is_inactive),
		cmocka_unit_test(names_line_and_hint_of_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
