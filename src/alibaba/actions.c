/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#define ECS RW_ALIBABA_ECS
#define VPC RW_ALIBABA_VPC

const struct action alibaba_actions[] = {
	{"CreateSecurityGroup", ECS, RW_ROLE_OPERATOR, true, alibaba_create_group},
	{"DescribeSecurityGroups", ECS, RW_ROLE_VIEWER, true, alibaba_describe_groups},
	{"DescribeSecurityGroupAttribute", ECS, RW_ROLE_VIEWER, true, alibaba_describe_attribute},
	{"DescribeSecurityGroupReferences", ECS, RW_ROLE_VIEWER, true, alibaba_describe_references},
	{"AuthorizeSecurityGroup", ECS, RW_ROLE_OPERATOR, true, alibaba_authorize},
	{"AuthorizeSecurityGroupEgress", ECS, RW_ROLE_OPERATOR, true, alibaba_authorize_egress},
	{"RevokeSecurityGroup", ECS, RW_ROLE_OPERATOR, true, alibaba_revoke},
	{"RevokeSecurityGroupEgress", ECS, RW_ROLE_OPERATOR, true, alibaba_revoke_egress},
	{"ModifySecurityGroupRule", ECS, RW_ROLE_OPERATOR, true, alibaba_modify_rule},
	{"ModifySecurityGroupEgressRule", ECS, RW_ROLE_OPERATOR, true, alibaba_modify_egress_rule},
	{"ModifySecurityGroupPolicy", ECS, RW_ROLE_OPERATOR, true, alibaba_modify_policy},
	{"ModifySecurityGroupAttribute", ECS, RW_ROLE_OPERATOR, true, alibaba_modify_group},
	{"DeleteSecurityGroup", ECS, RW_ROLE_OPERATOR, true, alibaba_delete_group},
	{"JoinSecurityGroup", ECS, RW_ROLE_OPERATOR, false, alibaba_join},
	{"LeaveSecurityGroup", ECS, RW_ROLE_OPERATOR, false, alibaba_leave},
	{"ModifyInstanceAttribute", ECS, RW_ROLE_OPERATOR, false, alibaba_modify_instance},
	{"CreatePrefixList", ECS, RW_ROLE_OPERATOR, true, alibaba_create_prefix_list},
	{"ModifyPrefixList", ECS, RW_ROLE_OPERATOR, true, alibaba_modify_prefix_list},
	{"DeletePrefixList", ECS, RW_ROLE_OPERATOR, true, alibaba_delete_prefix_list},
	{"DescribePrefixLists", ECS, RW_ROLE_VIEWER, true, alibaba_describe_prefix_lists},
	{"DescribePrefixListAttributes", ECS, RW_ROLE_VIEWER, true, alibaba_describe_prefix_list},
	{"DescribePrefixListAssociations", ECS, RW_ROLE_VIEWER, true,
	 alibaba_describe_prefix_list_associations},
	{"DescribeInstances", ECS, RW_ROLE_VIEWER, true, alibaba_describe_instances},
	{"DescribeRegions", ECS, RW_ROLE_VIEWER, false, alibaba_describe_regions},
	{"DescribeRegions", VPC, RW_ROLE_VIEWER, false, alibaba_describe_regions},
	{"DescribeZones", ECS, RW_ROLE_VIEWER, true, alibaba_describe_zones},
	{"DescribeVpcs", ECS, RW_ROLE_VIEWER, true, alibaba_describe_vpcs},
	{"DescribeVpcs", VPC, RW_ROLE_VIEWER, true, alibaba_describe_vpcs},
	{"DescribeVSwitches", ECS, RW_ROLE_VIEWER, true, alibaba_describe_vswitches},
	{"DescribeVSwitches", VPC, RW_ROLE_VIEWER, true, alibaba_describe_vswitches},
	{0},
};
