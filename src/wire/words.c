/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/object.h"

#include "policy/established.h"

const struct rw_word rw_words_network_kind[] = {
	{"vpc", RW_NETWORK_VPC},
	{"classic", RW_NETWORK_CLASSIC},
	{NULL, 0},
};

const struct rw_word rw_words_cluster_type[] = {
	{"swarm", RW_CLUSTER_SWARM},
	{"kubernetes", RW_CLUSTER_KUBERNETES},
	{"generic", RW_CLUSTER_GENERIC},
	{NULL, 0},
};

const struct rw_word rw_words_profile[] = {
	{"standard", RW_PROFILE_STANDARD},
	{"kubernetes", RW_PROFILE_KUBERNETES},
	{"kubernetes-strict", RW_PROFILE_KUBERNETES_STRICT},
	{"loose", RW_PROFILE_LOOSE},
	{NULL, 0},
};

const struct rw_word rw_words_container_network[] = {
	{"overlay", RW_CONTAINER_OVERLAY},
	{"routed", RW_CONTAINER_ROUTED},
	{NULL, 0},
};

const struct rw_word rw_words_enforcement[] = {
	{"enforce", RW_ENFORCE},
	{"monitor", RW_MONITOR},
	{NULL, 0},
};

const struct rw_word rw_words_established[] = {
	{"cut", RW_ESTABLISHED_CUT},
	{"keep", RW_ESTABLISHED_KEEP},
	{"cut-kept", RW_ESTABLISHED_CUT_KEPT},
	{NULL, 0},
};

const struct rw_word rw_words_agent[] = {
	{"managed", RW_AGENT_MANAGED},
	{"none", RW_AGENT_NONE},
	{NULL, 0},
};

const struct rw_word rw_words_nic_type[] = {
	{"intranet", RW_NIC_INTRANET},
	{"internet", RW_NIC_INTERNET},
	{NULL, 0},
};

const struct rw_word rw_words_group_kind[] = {
	{"basic", RW_GROUP_BASIC},
	{"enterprise", RW_GROUP_ENTERPRISE},
	{NULL, 0},
};

const struct rw_word rw_words_verdict[] = {
	{"accept", RW_VERDICT_ACCEPT},
	{"drop", RW_VERDICT_DROP},
	{NULL, 0},
};

const struct rw_word rw_words_direction[] = {
	{"ingress", RW_DIRECTION_INGRESS},
	{"egress", RW_DIRECTION_EGRESS},
	{NULL, 0},
};

const struct rw_word rw_words_kind[] = {
	{"network", RW_KIND_NETWORK},
	{"cluster", RW_KIND_CLUSTER},
	{"node", RW_KIND_NODE},
	{"security_group", RW_KIND_GROUP},
	{"prefix_list", RW_KIND_PREFIX_LIST},
	{"load_balancer", RW_KIND_LOAD_BALANCER},
	{"promise", RW_KIND_PROMISE},
	{NULL, 0},
};
