/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of this folder share and nobody else sees.
 *
 *     alibaba.c    a request's way                auth.c        who calls
 *     answer.c     answers, faults, waiting       actions.c     the tables of actions
 *     request.c    parameters in common, pages    body.c        bodies in JSON
 *     change.c     changes                        tags.c        tags and resource groups
 *     groups.c, rules.c, members.c, places.c, prefix_lists.c, describe.c, describe_rules.c    of ECS and VPC
 *     clusters.c, cluster_changes.c, cluster_nodes.c, mend.c                of the Container Service
 *
 * There are two styles.  By RPC an action is named, stands at "/", and is told all by parameters; it writes the members
 * of its answer into call->json, an open object.  By ROA it is a method and a path, has a body in JSON, and writes its
 * whole answer.  Either returns 0, or fills call->fault (rw_alibaba_refuse) and returns negative.
 */

#include "alibaba/alibaba.h"
#include "alibaba/claim.h"
#include "alibaba/nonces.h"
#include "base/vec.h"
#include "controller/change.h"
#include "controller/key_rate.h"
#include "wire/json.h"
#include "wire/writer.h"

#define RW_ALIBABA_ANSWER_MAX (64u << 20)
#define RW_ALIBABA_ECS        "2014-05-26"
#define RW_ALIBABA_VPC        "2016-04-28"
#define RW_ALIBABA_CS         "2015-12-15"

struct rw_alibaba {
	struct rw_controller *controller;
	const struct rw_clock *clock;
	const struct rw_random *random;
	char *region;
	char *network;    /* nullable */
	uint64_t wait_ms; /* for nodes to enforce a change; 0 = none */
	char account[RW_ACCOUNT_SIZE];
	struct rw_alibaba_nonces *nonces;
	struct rw_key_rates rates;
};

struct call {
	struct rw_alibaba *self;
	struct rw_http_exchange *exchange;
	const struct rw_http_request *request;
	struct rw_alibaba_parameters parameters;
	struct rw_alibaba_claim claim;
	const struct action *action;
	struct rw_actor actor;
	struct rw_address peer;
	struct rw_alibaba_fault fault;
	bool roa;                          /* its style, else RPC */
	const char *names[2];              /* ROA: what stands for "{}" in the path */
	struct rw_json_document *document; /* ROA: of the body; NULL = there is none */
	struct rw_json body;
	unsigned int status; /* of the answer */
	struct rw_buf answer;
	struct rw_json_writer json; /* into it */
	uint64_t change; /* revision of the change that nodes have still to enforce; 0 = there is none */
	char request_id[40];
	int64_t shown_s; /* the last time that was shown, and its text: rules are often made together */
	char shown_text[RW_TIMESTAMP_SIZE];
};

typedef int action_handler(struct call *call);

struct action {
	const char *name;
	const char *version;
	enum rw_role role;
	bool needs_region;
	action_handler *handler;
	/* By ROA: */
	const char *method;
	const char *path; /* "clusters/{}/nodes" */
	const char *why;  /* of alibaba_refuse_action: what is not there, and what is in its place */
};

/* By RPC, and by ROA; a NULL name ends them. */
extern const struct action alibaba_actions[];
extern const struct action alibaba_routes[];

/* ---- answer.c ---- */

/* Answers and consumes the exchange: with the fault, or with what was written, once nodes enforce it if that is wanted. */
void call_answer_fault(struct call *call);
void call_answer(struct call *call);

/* ---- body.c: ROA ---- */

/* Reads the body, an object or an array; without one it is an empty object. */
int call_read_body(struct call *call);

/* A member that is a text, a flag or an array of texts; NULL or false when it is absent or null, and a text of "" too. */
int body_text(struct call *call, const char *key, const char **ret_text);
int body_flag(struct call *call, const char *key, bool *ret_flag);
int body_array(struct call *call, const char *key, size_t most, struct rw_json *ret_array, size_t *ret_count);
int body_element(struct call *call, const struct rw_json *array, size_t index, const char **ret_text);

/* ---- auth.c ---- */

int call_authenticate(struct call *call);
/* The query as sent, behind the "?"; NULL when there is none. */
const char *call_query(const struct call *call);

/* ---- request.c ---- */

const struct rw_model *call_model(const struct call *call);

/* The value of a parameter, NULL when absent or empty. */
const char *call_text(const struct call *call, const char *name);
/* The same, but "" when it was given so: Terraform takes texts away by it. */
const char *call_given_text(const struct call *call, const char *name);
/* The value, refused as missing. */
int call_need(struct call *call, const char *name, const char **ret_text);
int call_flag(struct call *call, const char *name, bool *ret_flag);
int call_out_of_memory(struct call *call);
/* Puts a copy of 'text' in place of what '*slot' owns. */
int call_set_text(struct call *call, char **slot, const char *text);

/* Whether 'text' passes a filter: true when the parameter is absent. */
bool call_fits(const struct call *call, const char *name, const char *text);

/*
 * A parameter that holds a JSON array of texts, '["a","b"]'; at most 100.  *ret_document NULL = absent.
 */
int call_json_list(struct call *call, const char *name, struct rw_json_document **ret_document);
bool json_list_has(struct rw_json_document *document, const char *text);

/* A number in a parameter; unchanged when it is absent. */
int call_number(struct call *call, const char *name, size_t least, size_t most, size_t *number);

/* The group of SecurityGroupId in a model. */
int call_group(struct call *call, const struct rw_model *model, const struct rw_group **ret_group);
/* A group by its id, which the parameter or member 'name' tells. */
int call_find_group(struct call *call, const struct rw_model *model, const char *name, const char *id,
		    const struct rw_group **ret_group);

/* One object to list; all borrowed. */
struct item {
	const char *id;
	const void *object;
};

/* Which of the items found are shown. */
struct page {
	bool by_token;
	size_t number; /* from 1; by number */
	size_t size;
	const char *token; /* by token: the last id shown, NULL = from the start */
};

struct page_limits {
	size_t size_default, size_max;              /* of PageSize; 0 = pages by token only */
	size_t token_default, token_min, token_max; /* of MaxResults */
	const char *token_prefix; /* of NextToken, the id of an item; NULL = call_check_token does it */
};

int call_page(struct call *call, const struct page_limits *limits, struct page *ret_page);
/* Refuses a NextToken of other items than those whose ids begin so: with it a list would seem to be at its end. */
int call_check_token(struct call *call, const char *prefix);
/* The first item shown, and how many are; 'items' are sorted by id. */
void page_cut(const struct page *page, const struct rw_vec *items, size_t *ret_first, size_t *ret_count);
/* Writes TotalCount, PageNumber, PageSize and NextToken. */
void page_put(struct call *call, const struct page *page, const struct rw_vec *items, size_t first,
	      size_t count);
/* Writes an object of page_number, page_size and total_count, as Container Service has them. */
void page_put_info(struct call *call, const char *key, const struct page *page, const struct rw_vec *items);
/* Writes NextToken alone. */
void page_put_token(struct call *call, const struct page *page, const struct rw_vec *items, size_t first,
		    size_t count);
void items_init(struct rw_vec *items);
int items_add(struct call *call, struct rw_vec *items, const char *id, const void *object);

/* ---- change.c ---- */

struct change {
	const char *action; /* for the log */
	/* Fills call->fault for what this API has a code for; runs anew on each try, with the fault empty. */
	int (*edit)(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err);
	void *userdata;
};

/* Runs it with ClientToken and DryRun.  'ret_result' is done with by rw_change_result_done in every case. */
int call_change(struct call *call, const struct change *change, struct rw_change_result *ret_result);

/* ---- groups.c ---- */

/* The network of VPC 'id' (nullable: the one that is meant then), for 'name', the parameter that tells it. */
int call_network(struct call *call, const struct rw_model *model, const char *name, const char *id,
		 const struct rw_network **ret_network);
/* Whether 'text', the value of 'name', is a name or a description as the cloud has them. */
int call_check_name(struct call *call, const char *name, const char *code, const char *text);
int call_check_description(struct call *call, const char *name, const char *text);

/* ---- tags.c ---- */

/* What a tag holds whose object is in a resource group. */
#define RESOURCE_GROUP_KEY "acs:rm:rgId"

/* Tag.N.Key and Tag.N.Value, and ResourceGroupId, into the tags of an object that is made. */
int call_read_tags(struct call *call, struct rw_tags *tags);
/* Whether an object passes Tag.N and ResourceGroupId. */
int call_check_tag_filter(struct call *call);
bool call_fits_tags(const struct call *call, const struct rw_tags *tags);
/* Writes {"Tags":{"Tag":[{"TagKey","TagValue"}]}} and ResourceGroupId. */
void put_tags(struct call *call, const struct rw_tags *tags);

/* ---- clusters.c ---- */

/* Name and description that the cloud gives to a cluster's group. */
#define CLUSTER_TEXT_SIZE (RW_ID_SIZE + 64)
void cluster_group_texts(const char *cluster, char name[CLUSTER_TEXT_SIZE],
			 char description[CLUSTER_TEXT_SIZE]);
/* The type that the cloud calls so; its kinds of Kubernetes clusters are one here. */
bool cluster_type_parse(const char *word, enum rw_cluster_type *ret_type);
/* The cluster that a request is about, by path or by ClusterId. */
int call_cluster(struct call *call, const struct rw_model *model, const struct rw_cluster **ret_cluster);
/* Writes what every change of a cluster answers: its id, the request's and that of a task, with status 202 by ROA. */
void put_cluster_task(struct call *call, const char *cluster, const struct rw_change_result *result);
size_t cluster_size(const struct rw_model *model, const struct rw_cluster *cluster);

/* ---- names of things that ringwall has no object for ---- */

#define VSWITCH_ID_SIZE (RW_ID_SIZE + 8)
void vswitch_id(const struct rw_network *network, char text[VSWITCH_ID_SIZE]);
#define ZONE_ID_SIZE 80
void zone_id(const struct rw_alibaba *self, char text[ZONE_ID_SIZE]);
#define ENI_ID_SIZE (RW_ID_SIZE + 32)
void eni_id(const struct rw_node *node, const struct rw_interface *interface, char text[ENI_ID_SIZE]);

/* "2018-12-12T07:28:38Z"; "" for 0. */
void put_time(struct call *call, const char *key, int64_t unix_ms);

/* Begins and ends {"outer":{"inner":[ ... ]}}, as lists stand in answers. */
void list_begin(struct rw_json_writer *json, const char *outer, const char *inner);
void list_end(struct rw_json_writer *json);

bool is_classic_network(const struct rw_model *model, const char *network);

/* Whether a node, or any interface of it, is in a group. */
bool node_is_in(const struct rw_model *model, const struct rw_node *node, const char *group);

action_handler alibaba_create_group, alibaba_modify_group, alibaba_modify_policy, alibaba_delete_group;
action_handler alibaba_describe_groups, alibaba_describe_attribute, alibaba_describe_references;
action_handler alibaba_authorize, alibaba_authorize_egress, alibaba_revoke, alibaba_revoke_egress,
	alibaba_modify_rule, alibaba_modify_egress_rule;
action_handler alibaba_join, alibaba_leave, alibaba_modify_instance;
action_handler alibaba_create_prefix_list, alibaba_modify_prefix_list, alibaba_delete_prefix_list,
	alibaba_describe_prefix_lists, alibaba_describe_prefix_list,
	alibaba_describe_prefix_list_associations;
action_handler alibaba_describe_instances;
action_handler alibaba_tag, alibaba_untag, alibaba_list_tags, alibaba_join_resource_group;
action_handler alibaba_create_cluster, alibaba_modify_cluster, alibaba_rename_cluster, alibaba_delete_cluster;
action_handler alibaba_list_clusters, alibaba_list_clusters_v1, alibaba_describe_cluster,
	alibaba_describe_task;
action_handler alibaba_list_cluster_nodes, alibaba_remove_cluster_nodes, alibaba_remove_cluster_node;
action_handler alibaba_check_cluster, alibaba_fix_cluster, alibaba_rebind_cluster;
action_handler alibaba_modify_cluster_tags, alibaba_tag_clusters, alibaba_untag_clusters,
	alibaba_list_cluster_tags;
/* Says what a self-hosted cluster cannot answer. */
action_handler alibaba_refuse_action;
action_handler alibaba_describe_regions, alibaba_describe_zones, alibaba_describe_vpcs,
	alibaba_describe_vswitches, alibaba_describe_route_tables;
