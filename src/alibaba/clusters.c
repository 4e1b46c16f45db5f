/* SPDX-License-Identifier: Apache-2.0 */

/* Clusters as the Container Service shows them.  What is not known here is "". */

#include "alibaba/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alibaba/tagging.h"
#include "controller/wait.h"
#include "wire/text.h"

static const struct page_limits cluster_pages = {10, 100, 10, 1, 100};

int call_cluster(struct call *call, const struct rw_model *model, const struct rw_cluster **ret_cluster)
{
	const char *id = call->roa ? call->names[0] : NULL;
	int r = id ? 0 : call_need(call, "ClusterId", &id);

	if (r < 0)
		return r;
	*ret_cluster = rw_model_find_cluster(model, id);
	if (*ret_cluster && strcmp((*ret_cluster)->id, id) == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 404, "ErrorClusterNotFound", "There is no cluster '%.80s'.",
				 id);
}

size_t cluster_size(const struct rw_model *model, const struct rw_cluster *cluster)
{
	size_t size = 0;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++)
		size += strcmp(((const struct rw_node *)rw_model_at(model, RW_KIND_NODE, i))->cluster,
			       cluster->id) == 0;
	return size;
}

/* ---- tasks ---- */

void put_cluster_task(struct call *call, const char *cluster, const struct rw_change_result *result)
{
	struct rw_json_writer *json = &call->json;
	char task[32];

	(void)snprintf(task, sizeof(task), "T-%" PRIu64, result->revision);
	if (call->roa) {
		call->status = 202;
		rw_json_begin_object(json);
	}
	rw_json_put_text(json, "cluster_id", cluster);
	rw_json_put_text(json, "request_id", call->request_id);
	rw_json_put_text(json, "task_id", task);
	if (call->roa)
		rw_json_end_object(json);
}

/* The state of the change that a task stands for. */
static const char *state_of_task(struct call *call, uint64_t revision)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};

	/* A change that is not remembered any more concerned nobody, or is in force since long. */
	if (rw_change_progress_get(call->self->controller, revision, &progress, NULL) < 0)
		return "success";
	if (progress.counts[RW_APPLY_FAILED])
		return "failed";
	return progress.counts[RW_APPLY_PENDING] ? "running" : "success";
}

int alibaba_describe_task(struct call *call)
{
	const char *id = call->names[0];
	struct rw_json_writer *json = &call->json;
	uint64_t revision;

	if (strncmp(id, "T-", 2) != 0 || !rw_revision_parse(id + 2, &revision) ||
	    revision > rw_controller_revision(call->self->controller))
		return rw_alibaba_refuse(&call->fault, 404, "ErrorTaskNotFound", "There is no task '%.80s'.",
					 id);
	rw_json_begin_object(json);
	rw_json_put_text(json, "task_id", id);
	rw_json_put_text(json, "task_type", "change");
	rw_json_put_text(json, "state", state_of_task(call, revision));
	rw_json_put_text(json, "created", "");
	rw_json_put_text(json, "updated", "");
	rw_json_put_text(json, "request_id", call->request_id);
	rw_json_end_object(json);
	return 0;
}

/* ---- one cluster ---- */

bool cluster_type_parse(const char *word, enum rw_cluster_type *ret_type)
{
	static const struct {
		const char *word;
		enum rw_cluster_type type;
	} types[] = {
		{"Kubernetes", RW_CLUSTER_KUBERNETES}, {"ManagedKubernetes", RW_CLUSTER_KUBERNETES},
		{"Ask", RW_CLUSTER_KUBERNETES},        {"ExternalKubernetes", RW_CLUSTER_KUBERNETES},
		{"aliyun", RW_CLUSTER_SWARM},          {"swarm", RW_CLUSTER_SWARM},
		{"generic", RW_CLUSTER_GENERIC},
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(types); i++) {
		if (strcasecmp(types[i].word, word) != 0)
			continue;
		*ret_type = types[i].type;
		return true;
	}
	return false;
}

static const char *type_of(const struct rw_cluster *cluster)
{
	switch (cluster->type) {
	case RW_CLUSTER_SWARM:
		return "aliyun";
	case RW_CLUSTER_KUBERNETES:
		return "Kubernetes";
	case RW_CLUSTER_GENERIC:
		break;
	}
	return "generic";
}

static void put_tags_of(struct rw_json_writer *json, const struct rw_cluster *cluster)
{
	rw_json_key(json, "tags");
	rw_json_begin_array(json);
	for (size_t i = 0; i < cluster->tags.count; i++) {
		if (!tagging_shows(&cluster->tags.list[i]))
			continue;
		rw_json_begin_object(json);
		rw_json_put_text(json, "key", cluster->tags.list[i].key);
		rw_json_put_text(json, "value", cluster->tags.list[i].value);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* Where it is: VPC, vSwitch, zone and addresses of containers. */
static void put_place(struct call *call, const struct rw_cluster *cluster)
{
	const struct rw_network *network = rw_model_find_network(call_model(call), cluster->network);
	bool vpc = network && network->kind == RW_NETWORK_VPC;
	struct rw_json_writer *json = &call->json;
	char text[RW_PREFIX_TEXT_SIZE] = "", vswitch[VSWITCH_ID_SIZE] = "", zone[ZONE_ID_SIZE];

	zone_id(call->self, zone);
	if (vpc)
		vswitch_id(network, vswitch);
	if (cluster->container_cidr_count)
		rw_prefix_format(&cluster->container_cidrs[0], text);
	rw_json_put_text(json, "region_id", call->self->region);
	rw_json_put_text(json, "zone_id", zone);
	rw_json_put_text(json, "network_mode", vpc ? "vpc" : "classic");
	rw_json_put_text(json, "vpc_id", vpc ? network->id : "");
	rw_json_put_text(json, "vswitch_id", vswitch);
	rw_json_key(json, "vswitch_ids");
	rw_json_begin_array(json);
	if (vpc)
		rw_json_write_text(json, vswitch);
	rw_json_end_array(json);
	rw_json_put_text(json, "subnet_cidr", text);
	rw_json_put_text(json, "container_cidr", text);
}

/*
 * What a self-hosted cluster does not have or tell is null: clients in Go read times that are "" as an error, and Terraform
 * takes a "" for a setting that somebody changed.  The metadata are a JSON object in a text.
 */
static void put_unknown(struct rw_json_writer *json)
{
	static const char *const keys[] = {"agent_version",
					   "cluster_spec",
					   "current_version",
					   "docker_version",
					   "external_loadbalancer_id",
					   "init_version",
					   "master_url",
					   "next_version",
					   "node_cidr_mask",
					   "node_status",
					   "proxy_mode",
					   "service_cidr",
					   "updated",
					   "worker_ram_role_name"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(keys); i++) {
		rw_json_key(json, keys[i]);
		rw_json_write_null(json);
	}
	rw_json_put_text(json, "meta_data", "{}");
}

static void put_created(struct call *call, int64_t created_ms)
{
	if (created_ms) {
		put_time(call, "created", created_ms);
		return;
	}
	rw_json_key(&call->json, "created");
	rw_json_write_null(&call->json);
}

static void put_cluster(struct call *call, const struct rw_cluster *cluster)
{
	const char *group = rw_tags_find(&cluster->tags, RESOURCE_GROUP_KEY);
	size_t size = cluster_size(call_model(call), cluster);
	struct rw_json_writer *json = &call->json;

	rw_json_begin_object(json);
	rw_json_put_text(json, "cluster_id", cluster->id);
	rw_json_put_text(json, "name", cluster->name);
	rw_json_put_text(json, "cluster_type", type_of(cluster));
	rw_json_put_text(json, "profile", "Default");
	/* A Swarm cluster without nodes was so called. */
	rw_json_put_text(json, "state", cluster->type == RW_CLUSTER_SWARM && !size ? "inactive" : "running");
	rw_json_put_integer(json, "size", (int64_t)size);
	rw_json_put_text(json, "security_group_id", cluster->security_group);
	put_place(call, cluster);
	rw_json_put_bool(json, "deletion_protection", false);
	rw_json_put_bool(json, "private_zone", false);
	rw_json_put_text(json, "resource_group_id", group ? group : "");
	put_created(call, cluster->created_ms);
	put_unknown(json);
	put_tags_of(json, cluster);
	rw_json_end_object(json);
}

int alibaba_describe_cluster(struct call *call)
{
	const struct rw_cluster *cluster;
	int r = call_cluster(call, call_model(call), &cluster);

	if (r == 0)
		put_cluster(call, cluster);
	return r;
}

/* ---- lists ---- */

static bool type_fits(const struct call *call, const char *name, const struct rw_cluster *cluster)
{
	const char *word = call_text(call, name);
	enum rw_cluster_type type;

	return !word || (cluster_type_parse(word, &type) && type == cluster->type);
}

static bool cluster_fits(const struct call *call, const struct rw_cluster *cluster)
{
	const char *group = rw_tags_find(&cluster->tags, RESOURCE_GROUP_KEY);

	return call_fits(call, "cluster_id", cluster->id) && call_fits(call, "name", cluster->name) &&
	       type_fits(call, "cluster_type", cluster) &&
	       /* The older list calls it otherwise. */
	       type_fits(call, "clusterType", cluster) && call_fits(call, "profile", "Default") &&
	       call_fits(call, "cluster_spec", "") &&
	       call_fits(call, "resource_group_id", group ? group : "");
}

static int find_clusters(struct call *call, struct rw_vec *items)
{
	const struct rw_model *model = call_model(call);
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);

		if (cluster_fits(call, cluster))
			r = items_add(call, items, cluster->id, cluster);
	}
	return r;
}

static void put_clusters(struct call *call, const struct rw_vec *items, size_t first, size_t count)
{
	rw_json_begin_array(&call->json);
	for (size_t i = first; i < first + count; i++)
		put_cluster(call, ((const struct item *)rw_vec_at(items, i))->object);
	rw_json_end_array(&call->json);
}

/* The older list is a bare array of all. */
int alibaba_list_clusters(struct call *call)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	int r;

	items_init(&items);
	r = find_clusters(call, &items);
	if (r == 0)
		put_clusters(call, &items, 0, items.count);
	return r;
}

int alibaba_list_clusters_v1(struct call *call)
{
	struct rw_json_writer *json = &call->json;
	struct page page = {.number = 1, .size = cluster_pages.size_default};
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	size_t first, count;
	int r;

	items_init(&items);
	r = call_number(call, "page_number", 1, 1000000, &page.number);
	if (r == 0)
		r = call_number(call, "page_size", 1, cluster_pages.size_max, &page.size);
	if (r == 0)
		r = find_clusters(call, &items);
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	rw_json_begin_object(json);
	rw_json_key(json, "clusters");
	put_clusters(call, &items, first, count);
	page_put_info(call, "page_info", &page, &items);
	rw_json_end_object(json);
	return 0;
}
