/* SPDX-License-Identifier: Apache-2.0 */
#include "group/limits.h"

const struct rw_limits rw_limits_default = {
	.networks = 100,
	.clusters = 100,
	.nodes = 20000,
	.groups = 500,
	.prefix_lists = 100,
	.load_balancers = 500,
	.promises = 500,
	.cidrs_per_network = 16,
	.cidrs_per_cluster = 16,
	.interfaces_per_node = 64,
	.addresses_per_interface = 64,
	.groups_per_interface = 10,
	.rules_per_group = 1000,
	.rules_per_interface = 1000,
	.group_rules_per_group = 20,
	.rules_per_call = 100,
	.members_per_group = 65536,
	.cidrs_per_prefix_list = 200,
	.listeners_per_load_balancer = 50,
	.name_length = 128,
	.text_length = 512,
};
