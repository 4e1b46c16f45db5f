/* SPDX-License-Identifier: Apache-2.0 */

/* Clusters: making, changing, deleting. */

#include "alibaba/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alibaba/tagging.h"

/* ---- what a body asks for ---- */

/* What would be lost without a word: protection and openings that are not there. */
static int refuse_what_is_not_there(struct call *call)
{
	static const struct {
		const char *flag;
		const char *why;
	} refused[] = {
		{"deletion_protection", "Clusters are not protected from deletion here; their groups are."},
		{"is_enterprise_security_group", "A cluster's group is a basic one."},
		{"api_server_eip", "Ringwall does not run the cluster's API server."},
		{"endpoint_public_access", "Ringwall does not run the cluster's API server."},
	};
	struct rw_json list;
	size_t count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(refused); i++) {
		bool wanted;

		r = body_flag(call, refused[i].flag, &wanted);
		if (r == 0 && wanted)
			r = rw_alibaba_refuse(&call->fault, 400, "OperationNotSupported", "%s: %s",
					      refused[i].flag, refused[i].why);
	}
	if (r == 0)
		r = body_array(call, "access_control_list", 1000, &list, &count);
	if (r == 0 && count)
		r = rw_alibaba_refuse(
			&call->fault, 400, "OperationNotSupported",
			"access_control_list: Ringwall does not run the cluster's API server; add "
			"rules for its port to the group.");
	return r;
}

static bool is_name(const char *name)
{
	size_t length = 0;

	for (const char *c = name; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			     (*c >= '0' && *c <= '9') || (*c == '-' && c != name) ||
			     (unsigned char)*c >= 0x80;

		if (!plain)
			return false;
		length += ((unsigned char)*c & 0xc0) != 0x80;
	}
	return length >= 1 && length <= 63;
}

static int check_name(struct call *call, const struct rw_model *model, const char *name, const char *id)
{
	const struct rw_cluster *other = rw_model_find_cluster(model, name);

	if (!is_name(name))
		return rw_alibaba_refuse(
			&call->fault, 400, "InvalidClusterName.Malformed",
			"The name of a cluster has 1 to 63 letters, digits and hyphens and does "
			"not begin with a hyphen.");
	if (other && strcmp(other->id, id) != 0)
		return rw_alibaba_refuse(&call->fault, 400, "ErrorClusterNameAlreadyExist",
					 "Another cluster is called '%.128s'.", name);
	return 0;
}

static int set_name(struct call *call, struct rw_cluster *cluster, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return call_out_of_memory(call);
	free(cluster->name);
	cluster->name = copy;
	return 0;
}

/* ---- making ---- */

/* The VPC by its id, by that of its vSwitch, or the one that is meant. */
static int find_network(struct call *call, const struct rw_model *model,
			const struct rw_network **ret_network)
{
	const char *vpc, *older, *vswitch, *mode, *id = NULL;
	struct rw_json list;
	size_t count;
	int r = body_text(call, "vpcid", &vpc);

	if (r == 0)
		r = body_text(call, "vpc_id", &older);
	if (r == 0)
		r = body_text(call, "vswitch_id", &vswitch);
	if (r == 0)
		r = body_text(call, "network_mode", &mode);
	if (r == 0)
		r = body_array(call, "vswitch_ids", 100, &list, &count);
	if (r == 0 && !vswitch && count)
		r = body_element(call, &list, 0, &vswitch);
	if (r < 0)
		return r;
	id = vpc ? vpc : older;
	for (size_t i = 0; vswitch && i < rw_model_count(model, RW_KIND_NETWORK); i++) {
		const struct rw_network *network = rw_model_at(model, RW_KIND_NETWORK, i);
		char text[VSWITCH_ID_SIZE];

		vswitch_id(network, text);
		if (network->kind != RW_NETWORK_VPC || strcmp(text, vswitch) != 0)
			continue;
		if (id && strcmp(id, network->id) != 0)
			return rw_alibaba_refuse(&call->fault, 400, "InvalidVSwitchId.Mismatch",
						 "vSwitch %s is of VPC %s.", vswitch, network->id);
		*ret_network = network;
		return 0;
	}
	if (vswitch)
		return rw_alibaba_refuse(&call->fault, 404, "InvalidVSwitchId.NotFound",
					 "There is no vSwitch '%.80s'; DescribeVSwitches lists them.",
					 vswitch);
	r = call_network(call, model, "vpcid", id, ret_network);
	if (r == 0 && mode && strcmp(mode, (*ret_network)->kind == RW_NETWORK_VPC ? "vpc" : "classic") != 0)
		r = rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
				      "network_mode is '%.20s', but the network meant is not; give vpcid.",
				      mode);
	return r;
}

/* Swarm gave each node a part of the /16 that the one it was told lies in. */
static void widen(struct rw_prefix *prefix)
{
	static const struct rw_prefix range = {{4, {172, 16}}, 12};

	if (!rw_prefix_covers(&range, prefix) || prefix->bits <= 16)
		return;
	prefix->bits = 16;
	prefix->address.bytes[2] = prefix->address.bytes[3] = 0;
}

/* 'text' is one CIDR or several, parted by commas. */
static int add_cidrs(struct call *call, const char *key, const char *text, bool widened,
		     struct rw_cluster *cluster)
{
	RW_CLEANUP(rw_free) char *copy = strdup(text);
	char *rest = copy;
	char *one;

	if (!copy)
		return call_out_of_memory(call);
	while ((one = strsep(&rest, ",")) != NULL) {
		struct rw_prefix *grown = reallocarray(cluster->container_cidrs,
						       cluster->container_cidr_count + 1, sizeof(*grown));
		struct rw_error err = RW_ERROR_NONE;

		if (!grown)
			return call_out_of_memory(call);
		cluster->container_cidrs = grown;
		if (rw_prefix_parse(one, &grown[cluster->container_cidr_count], &err) < 0)
			return rw_alibaba_refuse(&call->fault, 400, "InvalidCIDR", "%s: '%.60s' %s.%s%s", key,
						 one, err.text, err.hint[0] ? " " : "", err.hint);
		if (widened)
			widen(&grown[cluster->container_cidr_count]);
		cluster->container_cidr_count++;
	}
	return 0;
}

static int read_cidrs(struct call *call, struct rw_cluster *cluster)
{
	const char *container, *subnet, *mode;
	int r = body_text(call, "container_cidr", &container);

	if (r == 0)
		r = body_text(call, "subnet_cidr", &subnet);
	if (r == 0)
		r = body_text(call, "network_mode", &mode);
	if (r == 0 && mode && strcmp(mode, "vpc") == 0 && !subnet && !container)
		r = rw_alibaba_refuse(
			&call->fault, 400, "EmptyCIDR",
			"subnet_cidr is missing: the addresses of containers, such as 172.18.1.0/24.");
	if (r == 0 && subnet)
		r = add_cidrs(call, "subnet_cidr", subnet, true, cluster);
	if (r == 0 && container && !subnet)
		r = add_cidrs(call, "container_cidr", container, false, cluster);
	return r;
}

/* Kubernetes by its word; clusters without one are Swarm's. */
static int read_type(struct call *call, struct rw_cluster *cluster)
{
	const char *word;
	int r = body_text(call, "cluster_type", &word);

	cluster->type = RW_CLUSTER_SWARM;
	if (r < 0 || !word)
		return r;
	if (!cluster_type_parse(word, &cluster->type))
		return rw_alibaba_refuse(
			&call->fault, 400, "InvalidParameter",
			"cluster_type is Kubernetes, ManagedKubernetes, ExternalKubernetes, Ask or aliyun, "
			"not '%.40s'.",
			word);
	cluster->profile =
		cluster->type == RW_CLUSTER_KUBERNETES ? RW_PROFILE_KUBERNETES : RW_PROFILE_STANDARD;
	return 0;
}

static int read_tags(struct call *call, struct rw_cluster *cluster)
{
	const char *group;
	struct rw_json list;
	size_t count;
	int r = body_array(call, "tags", TAGGING_TAGS_MAX, &list, &count);

	if (r == 0)
		r = tagging_add_pairs(call, &list, count, &cluster->tags);
	if (r == 0)
		r = body_text(call, "resource_group_id", &group);
	return r == 0 && group ? tagging_join_group(call, group, &cluster->tags) : r;
}

static int fill_cluster(struct call *call, const struct rw_model *model, struct rw_cluster *cluster)
{
	const struct rw_network *network;
	const char *name;
	int r = body_text(call, "name", &name);

	if (r == 0 && !name)
		r = rw_alibaba_refuse(&call->fault, 400, "MissingParameter", "name is missing.");
	if (r == 0)
		r = check_name(call, model, name, "");
	if (r == 0)
		r = set_name(call, cluster, name);
	if (r == 0)
		r = find_network(call, model, &network);
	if (r == 0)
		r = read_type(call, cluster);
	if (r == 0)
		r = read_cidrs(call, cluster);
	if (r == 0)
		r = read_tags(call, cluster);
	if (r == 0)
		(void)memcpy(cluster->network, network->id, sizeof(cluster->network));
	return r;
}

/* The group that the request names takes the place of the one just made, as in the cloud without any rule more. */
static int adopt(struct call *call, struct rw_draft *draft, const char *cluster, const char *group,
		 bool delete_other, struct rw_error *err)
{
	const struct rw_group *found;
	char other[RW_ID_SIZE];
	int r = call_find_group(call, rw_draft_model(draft), "security_group_id", group, &found);

	if (r < 0)
		return r;
	(void)memcpy(other, rw_model_find_cluster(rw_draft_model(draft), cluster)->security_group,
		     sizeof(other));
	r = rw_edit_adopt_group(draft, cluster, group, err);
	if (r == 0 && delete_other)
		r = rw_edit_delete(draft, RW_KIND_GROUP, other, false, err);
	return r;
}

/* 'id' is made once, so that a second try makes the same cluster. */
static int edit_create(struct call *call, struct rw_draft *draft, void *id, struct rw_error *err)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *cluster = rw_cluster_new();
	char name[CLUSTER_TEXT_SIZE], description[CLUSTER_TEXT_SIZE];
	const struct rw_cluster_options options = {
		.ipv4_only = true, .group_name = name, .group_description = description};
	const char *group;
	int r = cluster ? fill_cluster(call, rw_draft_model(draft), cluster) : call_out_of_memory(call);

	if (r == 0)
		r = body_text(call, "security_group_id", &group);
	if (r < 0)
		return r;
	(void)snprintf(cluster->id, sizeof(cluster->id), "%s", (const char *)id);
	cluster_group_texts(id, name, description);
	r = rw_edit_create_cluster(draft, RW_TAKE_PTR(cluster), &options, NULL, err);
	if (r == 0 && group)
		r = adopt(call, draft, id, group, true, err);
	if (r == -ENOSPC)
		(void)rw_alibaba_refuse_error(&call->fault, 403, "QuotaExceed.Cluster", err);
	if (r == -EINVAL && err && strncmp(err->field, "container_cidrs", strlen("container_cidrs")) == 0)
		(void)rw_alibaba_refuse_error(&call->fault, 400, "InvalidCIDR", err);
	return r;
}

void cluster_group_texts(const char *cluster, char name[CLUSTER_TEXT_SIZE],
			 char description[CLUSTER_TEXT_SIZE])
{
	(void)snprintf(name, CLUSTER_TEXT_SIZE, "alicloud-cs-auto-created-security-group-%s", cluster);
	(void)snprintf(description, CLUSTER_TEXT_SIZE, "security group of ACS Cluster %s", cluster);
}

int alibaba_create_cluster(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	char id[RW_ID_SIZE];
	struct change change = {.action = "create cluster", .edit = edit_create, .userdata = id};
	int r = refuse_what_is_not_there(call);

	if (r < 0)
		return r;
	rw_random_id(call->self->random, "c", 32, id, sizeof(id));
	r = call_change(call, &change, &result);
	if (r < 0)
		return r;
	/* After a repetition with the same ClientToken it is the first one's. */
	for (size_t i = 0; i < result.item_count; i++)
		if (result.items[i].subject == RW_SUBJECT_OBJECT && result.items[i].kind == RW_KIND_CLUSTER)
			(void)memcpy(id, result.items[i].id, sizeof(id));
	put_cluster_task(call, id, &result);
	return 0;
}

/* ---- changing ---- */

struct wish {
	const char *name;  /* nullable */
	const char *group; /* nullable */
	char id[RW_ID_SIZE];
};

static int edit_modify(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct wish *wish = userdata;
	const struct rw_cluster *cluster;
	struct rw_cluster *copy;
	int r = call_cluster(call, rw_draft_model(draft), &cluster);

	if (r == 0 && wish->name)
		r = check_name(call, rw_draft_model(draft), wish->name, cluster->id);
	if (r < 0)
		return r;
	(void)memcpy(wish->id, cluster->id, sizeof(wish->id));
	if (wish->name) {
		copy = rw_cluster_dup(cluster);
		if (!copy || set_name(call, copy, wish->name) < 0) {
			(void)rw_cluster_unref(copy);
			return call_out_of_memory(call);
		}
		r = rw_edit_update(draft, RW_KIND_CLUSTER, copy, NULL, err);
	}
	return r == 0 && wish->group ? adopt(call, draft, wish->id, wish->group, false, err) : r;
}

static int run_modify(struct call *call, const char *action, struct wish *wish)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = action, .edit = edit_modify, .userdata = wish};
	int r = call_change(call, &change, &result);

	if (r == 0)
		put_cluster_task(call, call->names[0], &result);
	return r;
}

int alibaba_modify_cluster(struct call *call)
{
	struct wish wish = {NULL};
	int r = refuse_what_is_not_there(call);

	if (r == 0)
		r = body_text(call, "cluster_name", &wish.name);
	if (r == 0)
		r = body_text(call, "security_group_id", &wish.group);
	return r < 0 ? r : run_modify(call, wish.group ? "rebind cluster" : "change cluster", &wish);
}

int alibaba_rename_cluster(struct call *call)
{
	struct wish wish = {.name = call->names[1]};

	return run_modify(call, "change cluster", &wish);
}

/* ---- deleting ---- */

static int edit_delete(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_cluster *cluster;
	int r = call_cluster(call, rw_draft_model(draft), &cluster);

	(void)userdata;
	return r < 0 ? r : rw_edit_delete(draft, RW_KIND_CLUSTER, cluster->id, true, err);
}

int alibaba_delete_cluster(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "delete cluster", .edit = edit_delete};
	int r = call_change(call, &change, &result);

	if (r == 0)
		put_cluster_task(call, call->names[0], &result);
	return r;
}
