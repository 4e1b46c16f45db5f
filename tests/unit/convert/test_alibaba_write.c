/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "convert/alibaba_write.h"

/* A plan of two steps, made by hand: what is added, and what is deleted. */
static void make_plan(struct rw_tighten_plan *plan)
{
	static const char *const added[] = {
		"- in accept tcp 443/443 0.0.0.0/0",
		"- in accept icmpv6 -1/-1 ::/0",
		"- in accept 132 -1/-1 sg-app 5",
	};
	struct rw_tighten_step *step;
	struct rw_tighten_rule *rule;
	struct rw_rule **revoked;

	memset(plan, 0, sizeof(*plan));
	world_id(plan->group, "sg-old");
	rw_vec_init(&plan->steps, sizeof(*step), 8);
	assert_int_equal(rw_vec_push(&plan->steps, &step), 0);
	step->kind = RW_TIGHTEN_PORTS;
	rw_vec_init(&step->add, sizeof(*rule), 8);
	for (size_t i = 0; i < RW_ARRAY_COUNT(added); i++) {
		assert_int_equal(rw_vec_push(&step->add, &rule), 0);
		rule->rule = world_rule(added[i]);
	}
	assert_int_equal(rw_vec_push(&plan->steps, &step), 0);
	step->kind = RW_TIGHTEN_CLOSE_INTERNET;
	rw_vec_init(&step->revoke, sizeof(*revoked), 8);
	assert_int_equal(rw_vec_push(&step->revoke, &revoked), 0);
	*revoked = world_rule("- in accept all -1/-1 0.0.0.0/0");
	(*revoked)->nic_type = RW_NIC_INTERNET;
}

static void writes_a_command_for_each_rule(void **state)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan;
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};

	(void)state;
	make_plan(&plan);
	rw_buf_init(&text, 1 << 16);
	assert_int_equal(rw_tighten_write_aliyun(&plan, &text, NULL), 0);
	assert_string_equal(
		text.data,
		"#!/bin/sh\n# Run one step, look whether all still works, then the next.\nset -e\n"
		"\n# step 1: accept what is needed directly\n"
		"aliyun ecs AuthorizeSecurityGroup --SecurityGroupId sg-old --Permissions.1.IpProtocol tcp "
		"--Permissions.1.PortRange 443/443 --Permissions.1.SourceCidrIp 0.0.0.0/0 "
		"--Permissions.1.NicType intranet "
		"--Permissions.1.Policy accept --Permissions.1.Priority 1\n"
		"aliyun ecs AuthorizeSecurityGroup --SecurityGroupId sg-old --Permissions.1.IpProtocol "
		"icmpv6 "
		"--Permissions.1.PortRange -1/-1 --Permissions.1.Ipv6SourceCidrIp ::/0 "
		"--Permissions.1.NicType intranet "
		"--Permissions.1.Policy accept --Permissions.1.Priority 1\n"
		"# Alibaba Cloud has no rules by protocol number: "
		"aliyun ecs AuthorizeSecurityGroup --SecurityGroupId sg-old --Permissions.1.IpProtocol 132 "
		"--Permissions.1.PortRange -1/-1 --Permissions.1.SourceGroupId sg-app "
		"--Permissions.1.NicType intranet "
		"--Permissions.1.Policy accept --Permissions.1.Priority 5\n"
		"\n# step 2: delete the rules that open everything to the internet\n"
		"aliyun ecs RevokeSecurityGroup --SecurityGroupId sg-old --Permissions.1.IpProtocol all "
		"--Permissions.1.PortRange -1/-1 --Permissions.1.SourceCidrIp 0.0.0.0/0 "
		"--Permissions.1.NicType internet "
		"--Permissions.1.Policy accept --Permissions.1.Priority 1\n");
}

static void writes_a_resource_for_each_new_rule(void **state)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan;
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};

	(void)state;
	make_plan(&plan);
	rw_buf_init(&text, 1 << 16);
	assert_int_equal(rw_tighten_write_terraform(&plan, &text, NULL), 0);
	assert_non_null(strstr(text.data, "resource \"alicloud_security_group_rule\" \"tightened_1\" {\n"
					  "  security_group_id = \"sg-old\"\n"));
	assert_non_null(strstr(text.data, "  cidr_ip           = \"0.0.0.0/0\"\n"));
	assert_non_null(strstr(text.data, "# The provider has no protocol icmpv6"));
	assert_non_null(strstr(text.data, "# The provider has no protocol 132"));
	assert_non_null(
		strstr(text.data, "# Take out the resource of the rule: accept all -1/-1 from 0.0.0.0/0"));
	assert_null(strstr(text.data, "tightened_2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_command_for_each_rule),
		cmocka_unit_test(writes_a_resource_for_each_new_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
