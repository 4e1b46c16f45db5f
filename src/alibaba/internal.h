/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of this folder share and nobody else sees.
 *
 *     alibaba.c    a request's way, answers       auth.c        who calls
 *     actions.c    the table of actions           request.c     parameters in common, pages
 *     change.c     changes                        groups.c, rules.c, members.c, places.c, prefix_lists.c,
 *                  describe.c    actions
 *
 * Actions write the members of their answer into call->json and return 0, or fill call->fault (rw_alibaba_refuse) and
 * return negative.
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

struct rw_alibaba {
	struct rw_controller *controller;
	const struct rw_clock *clock;
	const struct rw_random *random;
	char *region;
	char *network; /* nullable */
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
	struct rw_json_writer json;
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
};

/* NULL ends. */
extern const struct action alibaba_actions[];

/* ---- auth.c ---- */

int call_authenticate(struct call *call);
/* The query as sent, behind the "?"; NULL when there is none. */
const char *call_query(const struct call *call);

/* ---- request.c ---- */

const struct rw_model *call_model(const struct call *call);

/* The value of a parameter, NULL when absent or empty. */
const char *call_text(const struct call *call, const char *name);
/* The same, refused as missing. */
int call_need(struct call *call, const char *name, const char **ret_text);
int call_flag(struct call *call, const char *name, bool *ret_flag);
int call_out_of_memory(struct call *call);

/* Whether 'text' passes a filter: true when the parameter is absent. */
bool call_fits(const struct call *call, const char *name, const char *text);

/*
 * A parameter that holds a JSON array of texts, '["a","b"]'; at most 100.  *ret_document NULL = absent.
 */
int call_json_list(struct call *call, const char *name, struct rw_json_document **ret_document);
bool json_list_has(struct rw_json_document *document, const char *text);

/* The group of SecurityGroupId in a model: -ENOENT with the fault filled. */
int call_group(struct call *call, const struct rw_model *model, const struct rw_group **ret_group);

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
};

int call_page(struct call *call, const struct page_limits *limits, struct page *ret_page);
/* The first item shown, and how many are; 'items' are sorted by id. */
void page_cut(const struct page *page, const struct rw_vec *items, size_t *ret_first, size_t *ret_count);
/* Writes TotalCount, PageNumber, PageSize and NextToken. */
void page_put(struct call *call, const struct page *page, const struct rw_vec *items, size_t first,
	      size_t count);
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

/* ---- names of things that ringwall has no object for ---- */

#define VSWITCH_ID_SIZE (RW_ID_SIZE + 8)
void vswitch_id(const struct rw_network *network, char text[VSWITCH_ID_SIZE]);
#define ZONE_ID_SIZE 80
void zone_id(const struct rw_alibaba *self, char text[ZONE_ID_SIZE]);
#define ENI_ID_SIZE (RW_ID_SIZE + 32)
void eni_id(const struct rw_node *node, const struct rw_interface *interface, char text[ENI_ID_SIZE]);
/* 16 digits, derived from the store's incarnation. */
#define ACCOUNT_ID_SIZE 24
void account_id(const struct rw_alibaba *self, char text[ACCOUNT_ID_SIZE]);

/* "2018-12-12T07:28:38Z"; "" for 0. */
void put_time(struct call *call, const char *key, int64_t unix_ms);

/* Begins and ends {"outer":{"inner":[ ... ]}}, as lists stand in answers. */
void list_begin(struct rw_json_writer *json, const char *outer, const char *inner);
void list_end(struct rw_json_writer *json);

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
action_handler alibaba_describe_regions, alibaba_describe_zones, alibaba_describe_vpcs,
	alibaba_describe_vswitches;
