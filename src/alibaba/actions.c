/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#define ECS RW_ALIBABA_ECS
#define VPC RW_ALIBABA_VPC
#define CS  RW_ALIBABA_CS

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
	{"DescribeRouteTableList", VPC, RW_ROLE_VIEWER, true, alibaba_describe_route_tables},
	{"TagResources", ECS, RW_ROLE_OPERATOR, true, alibaba_tag},
	{"UntagResources", ECS, RW_ROLE_OPERATOR, true, alibaba_untag},
	{"ListTagResources", ECS, RW_ROLE_VIEWER, true, alibaba_list_tags},
	{"JoinResourceGroup", ECS, RW_ROLE_OPERATOR, false, alibaba_join_resource_group},
	{"CheckSecurityGroup", CS, RW_ROLE_VIEWER, false, alibaba_check_cluster},
	{"FixSecurityGroup", CS, RW_ROLE_OPERATOR, false, alibaba_fix_cluster},
	{"ReBindSecurityGroup", CS, RW_ROLE_OPERATOR, false, alibaba_rebind_cluster},
	{0},
};

#define READ(method, path, name, handler)                                                                    \
	{                                                                                                    \
		name, CS, RW_ROLE_VIEWER, false, handler, method, path                                       \
	}
#define CHANGE(method, path, name, handler)                                                                  \
	{                                                                                                    \
		name, CS, RW_ROLE_OPERATOR, false, handler, method, path                                     \
	}
#define REFUSED(method, path, name, why)                                                                     \
	{                                                                                                    \
		name, CS, RW_ROLE_VIEWER, false, alibaba_refuse_action, method, path, why                    \
	}

#define CLUSTER   "clusters/{}"
#define CLUSTER_2 "api/v2/clusters/{}"

static const char machines[] =
	"Ringwall makes and changes no machines. Join one by ringwall-agent join, with a token of "
	"'ringwall cluster join-token'.";
static const char certificates[] =
	"Ringwall keeps no certificates or credentials of the cluster; ask its own API server or "
	"manager.";
static const char software[] = "Ringwall neither installs nor upgrades a cluster's software.";
static const char quota[] = "There are no quotas to buy; 'ringwalld --limit' sets the limits of the model.";
static const char endpoints[] =
	"Ringwall does not run the cluster's API server and does not know its address.";
static const char node_pools[] = "There are no node pools: every node of a cluster is in its one group.";
static const char resources[] = "A cluster is made of no cloud resources here but its security group.";

const struct action alibaba_routes[] = {
	CHANGE("POST", "clusters", "CreateCluster", alibaba_create_cluster),
	READ("GET", "clusters", "DescribeClusters", alibaba_list_clusters),
	READ("GET", "api/v1/clusters", "DescribeClustersV1", alibaba_list_clusters_v1),
	READ("GET", CLUSTER, "DescribeClusterDetail", alibaba_describe_cluster),
	CHANGE("PUT", CLUSTER_2, "ModifyCluster", alibaba_modify_cluster),
	CHANGE("POST", CLUSTER "/name/{}", "ModifyClusterName", alibaba_rename_cluster),
	CHANGE("DELETE", CLUSTER, "DeleteCluster", alibaba_delete_cluster),
	READ("GET", CLUSTER "/nodes", "DescribeClusterNodes", alibaba_list_cluster_nodes),
	CHANGE("POST", CLUSTER "/nodes", "DeleteClusterNodes", alibaba_remove_cluster_nodes),
	CHANGE("POST", CLUSTER_2 "/nodes/remove", "RemoveClusterNodes", alibaba_remove_cluster_nodes),
	CHANGE("DELETE", CLUSTER "/ip/{}", "RemoveClusterNode", alibaba_remove_cluster_node),
	READ("GET", CLUSTER "/security_group/check", "CheckSecurityGroup", alibaba_check_cluster),
	CHANGE("POST", CLUSTER "/security_group/fix", "FixSecurityGroup", alibaba_fix_cluster),
	CHANGE("POST", CLUSTER "/security_group/rebind", "ReBindSecurityGroup", alibaba_rebind_cluster),
	READ("GET", "tasks/{}", "DescribeTaskInfo", alibaba_describe_task),
	CHANGE("POST", CLUSTER "/tags", "ModifyClusterTags", alibaba_modify_cluster_tags),
	CHANGE("PUT", "tags", "TagResources", alibaba_tag_clusters),
	CHANGE("DELETE", "tags", "UntagResources", alibaba_untag_clusters),
	READ("GET", "tags", "ListTagResources", alibaba_list_cluster_tags),

	REFUSED("PUT", CLUSTER, "ScaleCluster", machines),
	REFUSED("POST", CLUSTER_2, "ScaleOutCluster", machines),
	REFUSED("POST", CLUSTER "/attach", "AttachInstances", machines),
	REFUSED("GET", CLUSTER "/attachscript", "DescribeClusterAttachScripts", machines),
	REFUSED("POST", CLUSTER "/attachscript", "DescribeClusterAttachScripts", machines),
	REFUSED("GET", CLUSTER "/certs", "DescribeClusterCerts", certificates),
	REFUSED("GET", "k8s/{}/certs", "DescribeClusterCerts", certificates),
	REFUSED("GET", "k8s/{}/user_config", "DescribeClusterUserKubeconfig", certificates),
	REFUSED("GET", "api/v2/k8s/{}/user_config", "DescribeClusterV2UserKubeconfig", certificates),
	REFUSED("GET", CLUSTER "/endpoints", "DescribeClusterEndpoints", endpoints),
	REFUSED("GET", CLUSTER "/resources", "DescribeClusterResources", resources),
	REFUSED("GET", CLUSTER "/logs", "DescribeClusterLogs", resources),
	REFUSED("GET", CLUSTER "/events", "DescribeClusterEvents", resources),
	REFUSED("POST", CLUSTER "/migrate", "MigrateCluster", software),
	REFUSED("POST", CLUSTER_2 "/upgrade", "UpgradeCluster", software),
	REFUSED("GET", CLUSTER_2 "/upgrade/status", "GetUpgradeStatus", software),
	REFUSED("POST", CLUSTER_2 "/upgrade/cancel", "CancelClusterUpgrade", software),
	REFUSED("POST", CLUSTER_2 "/upgrade/pause", "PauseClusterUpgrade", software),
	REFUSED("POST", CLUSTER_2 "/upgrade/resume", "ResumeUpgradeCluster", software),
	REFUSED("POST", CLUSTER "/components/install", "InstallClusterAddons", software),
	REFUSED("POST", CLUSTER "/components/upgrade", "UpgradeClusterAddons", software),
	REFUSED("POST", CLUSTER "/components/uninstall", "UnInstallClusterAddons", software),
	REFUSED("GET", CLUSTER "/nodepools", "DescribeClusterNodePools", node_pools),
	REFUSED("POST", CLUSTER "/nodepools", "CreateClusterNodePool", node_pools),
	REFUSED("GET", CLUSTER "/nodepools/{}", "DescribeClusterNodePoolDetail", node_pools),
	REFUSED("PUT", CLUSTER "/nodepools/{}", "ModifyClusterNodePool", node_pools),
	REFUSED("POST", CLUSTER "/nodepools/{}", "ScaleClusterNodePool", node_pools),
	REFUSED("DELETE", CLUSTER "/nodepools/{}", "DeleteClusterNodepool", node_pools),
	REFUSED("GET", "quota", "DescribeUserQuota", quota),
	{0},
};
