/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "conversion.h"

static struct rw_conversion conversion;

static int convert_example(void **state)
{
	(void)state;
	conversion_of(RW_CONVERT_AWS, conversion_aws, &conversion);
	return 0;
}

static int release_example(void **state)
{
	(void)state;
	rw_conversion_done(&conversion);
	return 0;
}

static void drops_at_egress_what_no_rule_lets_out(void **state)
{
	RW_CLEANUP(rw_free) char *web = conversion_rules(&conversion, "web");
	RW_CLEANUP(rw_free) char *db = conversion_rules(&conversion, "db");

	(void)state;
	assert_string_equal(web, "allow all from prefix-list:pl-members-v4-sg-0a\n"
				 "allow all to 0.0.0.0/0\n"
				 "allow tcp 80-81 from 0.0.0.0/0 # all\n"
				 "allow tcp 80-81 from ::/0\n"
				 "drop all to ::/0 priority 100 # what no rule lets out\n");
	assert_string_equal(db, "allow tcp 5432 from group:sg-0a\n"
				"drop all to 0.0.0.0/0 priority 100 # what no rule lets out\n"
				"drop all to ::/0 priority 100 # what no rule lets out\n");
	assert_int_equal(rw_model_find_group(conversion.model, "web")->inner_access, RW_VERDICT_DROP);
}

static void stands_a_prefix_list_for_a_group_that_is_its_own_object(void **state)
{
	const struct rw_prefix_list *members =
		rw_model_find_prefix_list(conversion.model, "pl-members-v4-sg-0a");

	(void)state;
	assert_non_null(members);
	assert_int_equal(members->cidr_count, 2);
	assert_null(rw_model_find_prefix_list(conversion.model, "pl-members-v6-sg-0a"));
}

static void puts_groups_of_one_interface_on_it_alone(void **state)
{
	const struct rw_node *node = rw_model_find_node(conversion.model, "web-1");

	(void)state;
	assert_non_null(node);
	assert_int_equal(node->security_group_count, 1);
	assert_string_equal(node->security_groups[0], "sg-0a");
	assert_int_equal(node->interfaces[0].security_group_count, 0);
	assert_int_equal(node->interfaces[1].security_group_count, 1);
	assert_string_equal(node->interfaces[1].security_groups[0], "sg-0b");
	assert_int_equal(node->interfaces[0].elastic_ip_count, 1);
}

static void tells_what_it_leaves_out(void **state)
{
	RW_CLEANUP(rw_free) char *notes = conversion_notes(&conversion);

	(void)state;
	assert_int_equal(conversion.left_out, 4);
	assert_non_null(strstr(notes, "IpPermissions[0]: its object is the prefix list pl-1"));
	assert_non_null(strstr(notes, "IpPermissions[1]: it accepts ICMP of type 8 only"));
	assert_non_null(strstr(notes, "its object sg-peer is in none of the answers"));
	assert_non_null(strstr(notes, "i-gone: it has no network interface"));
}

static void names_file_and_field_of_what_is_wrong(void **state)
{
	(void)state;
	conversion_refuses(RW_CONVERT_AWS, "{\"SecurityGroups\":{}}", "is no answer of aws ec2");
	conversion_refuses(RW_CONVERT_AWS,
			   "{\"SecurityGroups\":[{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":"
			   "\"tcp\",\"FromPort\":9,\"ToPort\":2}]}]}",
			   "SecurityGroups[0].IpPermissions[0]: input: FromPort is larger than ToPort");
	conversion_refuses(RW_CONVERT_AWS,
			   "{\"SecurityGroups\":[{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":"
			   "\"tcp\",\"IpRanges\":[{\"CidrIp\":\"10.0.0.1/8\"}]}]}]}",
			   "SecurityGroups[0].IpPermissions[0].IpRanges[0].CidrIp: input: ");
}

#define EXAMPLE(test) cmocka_unit_test_setup_teardown(test, convert_example, release_example)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXAMPLE(drops_at_egress_what_no_rule_lets_out),
		EXAMPLE(stands_a_prefix_list_for_a_group_that_is_its_own_object),
		EXAMPLE(puts_groups_of_one_interface_on_it_alone),
		EXAMPLE(tells_what_it_leaves_out),
		cmocka_unit_test(names_file_and_field_of_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
