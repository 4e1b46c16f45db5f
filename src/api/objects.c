/* SPDX-License-Identifier: Apache-2.0 */

/* The routes that all kinds of objects have. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

struct filter {
	const char *name;
	char network[RW_ID_SIZE]; /* "" = any */
	char cluster[RW_ID_SIZE];
};

static int resolve_filter(const struct rw_api_call *call, const char *parameter, enum rw_kind kind,
			  char id[RW_ID_SIZE], struct rw_error *err)
{
	const char *reference = rw_api_parameter(call, parameter);
	const void *object;

	id[0] = '\0';
	if (!reference)
		return 0;
	if (rw_api_find(rw_controller_model(call->controller), kind, reference, &object, err) < 0)
		return rw_error_field(err, parameter, "there is no such %s", rw_kind_name(kind));
	(void)memcpy(id, rw_object_id(kind, object), RW_ID_SIZE);
	return 0;
}

static const char *network_of(enum rw_kind kind, const void *object)
{
	switch (kind) {
	case RW_KIND_CLUSTER:
		return ((const struct rw_cluster *)object)->network;
	case RW_KIND_NODE:
		return ((const struct rw_node *)object)->network;
	case RW_KIND_GROUP:
		return ((const struct rw_group *)object)->network;
	case RW_KIND_PROMISE:
		return ((const struct rw_promise *)object)->network;
	default:
		return "";
	}
}

static const char *cluster_of(enum rw_kind kind, const void *object)
{
	switch (kind) {
	case RW_KIND_NODE:
		return ((const struct rw_node *)object)->cluster;
	case RW_KIND_GROUP:
		return ((const struct rw_group *)object)->managed_by;
	case RW_KIND_LOAD_BALANCER:
		return ((const struct rw_load_balancer *)object)->cluster;
	default:
		return "";
	}
}

static bool passes(const struct filter *filter, enum rw_kind kind, const void *object)
{
	const char *name = rw_object_name(kind, object);

	return !(filter->name && (!name || strcmp(name, filter->name) != 0)) &&
	       !(filter->network[0] && strcmp(network_of(kind, object), filter->network) != 0) &&
	       !(filter->cluster[0] && strcmp(cluster_of(kind, object), filter->cluster) != 0);
}

/* Counts the nodes of all clusters at once if clusters are to be shown. */
static int count_nodes(const struct rw_api_call *call, struct rw_vec *counts, struct rw_error *err)
{
	rw_vec_init(counts, sizeof(struct rw_cluster_nodes), SIZE_MAX / sizeof(struct rw_cluster_nodes));
	if (call->route->kind != RW_KIND_CLUSTER || rw_cluster_nodes_count(call->controller, counts) == 0)
		return 0;
	return rw_error_oom(err);
}

int rw_api_list_objects(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_model *model = rw_controller_model(call->controller);
	enum rw_kind kind = call->route->kind;
	struct filter filter = {.name = rw_api_parameter(call, "name")};
	RW_CLEANUP(rw_vec_done) struct rw_vec counts = {0};
	struct rw_api_list list;
	struct rw_api_page page;
	bool more = false, details = false;
	const char *last = NULL;
	size_t count = 0;
	int r = rw_api_page_get(call, &page, err);

	if (r == 0)
		r = resolve_filter(call, "network", RW_KIND_NETWORK, filter.network, err);
	if (r == 0)
		r = resolve_filter(call, "cluster", RW_KIND_CLUSTER, filter.cluster, err);
	if (r == 0)
		r = rw_api_flag(call, "details", &details, err);
	if (r == 0)
		r = count_nodes(call, &counts, err);
	if (r < 0)
		return r;
	rw_api_list_begin(&list);
	for (size_t i = 0; !more && i < rw_model_count(model, kind); i++) {
		const void *object = rw_model_at(model, kind, i);
		const char *id = rw_object_id(kind, object);

		if ((page.after && strcmp(id, page.after) <= 0) || !passes(&filter, kind, object))
			continue;
		more = count == page.limit;
		if (more)
			break;
		rw_api_write_object(call->controller, &list.json, kind, object, details, &counts);
		last = id;
		count++;
	}
	rw_api_list_answer(call, &list, more ? last : NULL);
	return 0;
}

int rw_api_get_object(struct rw_api_call *call, struct rw_error *err)
{
	enum rw_kind kind = call->route->kind;
	RW_CLEANUP(rw_vec_done) struct rw_vec counts = {0};
	struct rw_json_writer json;
	const void *object;
	struct rw_buf buf;
	int r = rw_api_find(rw_controller_model(call->controller), kind, call->names[0], &object, err);

	if (r == 0)
		r = count_nodes(call, &counts, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_api_write_object(call->controller, &json, kind, object, true, &counts);
	rw_api_etag_header(call->exchange,
			   rw_controller_object_revision(call->controller, kind, rw_object_id(kind, object)));
	rw_api_answer(call, 200, &buf);
	return 0;
}

/* ---- changing ---- */

/* The words of a change in the log: "create node". */
struct action {
	char text[RW_CHANGE_ACTION_MAX + 1];
};

static struct action action_of(const char *verb, enum rw_kind kind)
{
	struct action action;

	(void)snprintf(action.text, sizeof(action.text), "%s %s", verb, rw_kind_name(kind));
	return action;
}

/* What the controller makes itself, and nobody sets. */
static int refuse_own_fields(const struct rw_json *body, const char *const *fields, struct rw_error *err)
{
	struct rw_json member;

	for (size_t i = 0; fields[i]; i++) {
		if (!rw_json_find(body, fields[i], &member))
			continue;
		(void)rw_json_refuse(&member, err, "this is made by the controller");
		return rw_error_hint(err, "Leave it out.");
	}
	return 0;
}

static const char *const made_fields[] = {"id", "machine_id", "created", NULL};

/* What a request may leave out although a model file must say it. */
static const char *defaults_of(enum rw_kind kind)
{
	return kind == RW_KIND_NETWORK ? "{\"kind\":\"vpc\"}" : NULL;
}

/* A node of a cluster is in the cluster's network, so nobody needs to say it. */
static void infer_network(const struct rw_model *model, enum rw_kind kind, void *object)
{
	struct rw_node *node = object;
	const struct rw_cluster *cluster;

	if (kind != RW_KIND_NODE || node->network[0])
		return;
	cluster = rw_model_find_cluster(model, node->cluster);
	if (cluster)
		(void)memcpy(node->network, cluster->network, sizeof(node->network));
}

static int edit_create(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_api_call *call = userdata;
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	void *object;
	int r = refuse_own_fields(&call->body, made_fields, err);

	if (r == 0)
		r = rw_api_merge(defaults_of(call->route->kind), &call->body, NULL, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = rw_object_decode(&root, call->route->kind, &resolver, &object, err);
	if (r < 0)
		return r;
	infer_network(rw_draft_model(draft), call->route->kind, object);
	return rw_edit_create(draft, call->route->kind, object, NULL, err);
}

int rw_api_create_object(struct rw_api_call *call, struct rw_error *err)
{
	enum rw_kind kind = call->route->kind;
	struct action action = action_of("create", kind);
	struct rw_api_change change = {
		.action = action.text, .edit = edit_create, .userdata = call, .status = 201, .kind = kind};

	return rw_api_run_change(call, &change, err);
}

static int read_option(const struct rw_json *body, const char *name, bool *ret_option, struct rw_error *err)
{
	struct rw_json member;

	return rw_json_find(body, name, &member) ? rw_json_bool(&member, ret_option, err) : 0;
}

/* A cluster that is made, and the rules that it gets. */
struct creation {
	struct rw_api_call *call;
	struct rw_buf diff;
};

static int note_rules(const struct rw_draft *draft, const struct rw_cluster *cluster,
		      struct creation *creation, struct rw_error *err)
{
	const struct rw_model *model = rw_draft_model(draft);
	const struct rw_group *group = rw_model_find_group(model, cluster->security_group);
	struct rw_json_writer json;

	rw_buf_clear(&creation->diff);
	rw_json_writer_init(&json, &creation->diff, false);
	rw_json_begin_array(&json);
	for (size_t i = 0; i < group->rule_count; i++)
		rw_api_put_difference(&json, model, group, group->rules[i], "add");
	rw_json_end_array(&json);
	return rw_buf_check(&creation->diff, err);
}

static int edit_create_cluster(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	static const char *const options_of_creation[] = {"no_web", "ipv6", NULL};
	static const char *const made[] = {"id", "security_group", "created", NULL};
	struct creation *creation = userdata;
	const struct rw_api_call *call = creation->call;
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_cluster_options options = {0};
	const struct rw_cluster *created;
	struct rw_cluster *cluster;
	struct rw_json root;
	int r = refuse_own_fields(&call->body, made, err);

	if (r == 0)
		r = read_option(&call->body, "no_web", &options.no_web, err);
	if (r == 0)
		r = read_option(&call->body, "ipv6", &options.ipv6, err);
	if (r == 0)
		r = rw_api_merge(NULL, &call->body, options_of_creation, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = rw_cluster_decode(&root, &resolver, &cluster, err);
	if (r == 0)
		r = rw_edit_create_cluster(draft, cluster, &options, &created, err);
	return r < 0 ? r : note_rules(draft, created, creation, err);
}

static void write_rules(struct rw_json_writer *json, const struct rw_change_result *result, bool replayed,
			void *userdata)
{
	const struct creation *creation = userdata;

	(void)result;
	if (replayed)
		return;
	rw_json_key(json, "diff");
	rw_json_write_raw(json, creation->diff.data, creation->diff.size);
}

int rw_api_create_cluster(struct rw_api_call *call, struct rw_error *err)
{
	struct creation creation = {.call = call};
	struct rw_api_change change = {.action = "create cluster",
				       .edit = edit_create_cluster,
				       .userdata = &creation,
				       .status = 201,
				       .kind = RW_KIND_CLUSTER,
				       .write = write_rules};
	int r;

	rw_buf_init(&creation.diff, RW_API_ANSWER_MAX);
	r = rw_api_run_change(call, &change, err);
	rw_buf_done(&creation.diff);
	return r;
}

/* Gives 'object' with the members of the body in place of its own. */
static int patch(const struct rw_draft *draft, const struct rw_api_call *call, const void *object,
		 void **ret_object, struct rw_error *err)
{
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	struct rw_json_writer json;
	struct rw_json root;
	int r;

	rw_buf_init(&text, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &text, false);
	if (call->route->kind == RW_KIND_GROUP)
		rw_group_encode_head(&json, object);
	else
		rw_object_encode(&json, call->route->kind, object);
	r = rw_buf_check(&text, err);
	if (r == 0)
		r = rw_api_merge(text.data, &call->body, NULL, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	return rw_object_decode(&root, call->route->kind, &resolver, ret_object, err);
}

static int edit_patch(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_api_call *call = userdata;
	const void *current;
	struct rw_json rules;
	void *object;
	int r = rw_api_find(rw_draft_model(draft), call->route->kind, call->names[0], &current, err);

	if (r == 0)
		r = refuse_own_fields(&call->body, made_fields, err);
	if (r == 0 && call->route->kind == RW_KIND_GROUP && rw_json_find(&call->body, "rules", &rules)) {
		(void)rw_json_refuse(&rules, err, "rules are not changed with their group");
		r = rw_error_hint(err,
				  "Use /v1/security-groups/{group}/rules, or /v1/apply for all at once.");
	}
	if (r == 0)
		r = patch(draft, call, current, &object, err);
	return r < 0 ? r : rw_edit_update(draft, call->route->kind, object, NULL, err);
}

/* By its id: the change may give the object another name. */
static int run_on_object(struct rw_api_call *call, const char *verb, rw_change_edit_fn *edit,
			 struct rw_error *err)
{
	enum rw_kind kind = call->route->kind;
	struct action action = action_of(verb, kind);
	struct rw_api_change change = {.action = action.text, .edit = edit, .userdata = call, .kind = kind};
	const void *object;
	int r = rw_api_find(rw_controller_model(call->controller), kind, call->names[0], &object, err);
	char id[RW_ID_SIZE];

	if (r < 0)
		return r;
	(void)memcpy(id, rw_object_id(kind, object), sizeof(id));
	call->names[0] = id;
	change.reference = id;
	return rw_api_run_change(call, &change, err);
}

int rw_api_patch_object(struct rw_api_call *call, struct rw_error *err)
{
	return run_on_object(call, "change", edit_patch, err);
}

static int edit_delete(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_api_call *call = userdata;
	bool with_nodes = false;
	int r = rw_api_flag(call, "with_nodes", &with_nodes, err);

	return r < 0 ? r : rw_edit_delete(draft, call->route->kind, call->names[0], with_nodes, err);
}

int rw_api_delete_object(struct rw_api_call *call, struct rw_error *err)
{
	return run_on_object(call, "delete", edit_delete, err);
}
