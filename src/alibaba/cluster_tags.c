/* SPDX-License-Identifier: Apache-2.0 */

/* Tags of clusters, as the Container Service calls them. */

#include "alibaba/tagging.h"

#include <string.h>

int tagging_add_pairs(struct call *call, const struct rw_json *array, size_t count, struct rw_tags *tags)
{
	struct rw_error err = RW_ERROR_NONE;

	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(array, i);
		struct rw_json member;
		const char *key = NULL;
		const char *value = "";
		int r = rw_json_expect_object(&element, &err);

		if (r == 0 && rw_json_find(&element, "key", &member))
			r = rw_json_text(&member, 1024, &key, &err);
		if (r == 0 && rw_json_find(&element, "value", &member))
			r = rw_json_text(&member, 1024, &value, &err);
		if (r < 0)
			return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err);
		r = tagging_add(call, "tags", key, value, tags);
		if (r < 0)
			return r;
	}
	return 0;
}

static int answer_tagging(struct call *call, struct tagging *tagging, const char *action)
{
	int r = tagging_run(call, action, tagging);

	if (r < 0)
		return r;
	rw_json_begin_object(&call->json);
	rw_json_put_text(&call->json, "request_id", call->request_id);
	rw_json_end_object(&call->json);
	return 0;
}

/* The tags from then on are those of the body. */
int alibaba_modify_cluster_tags(struct call *call)
{
	RW_CLEANUP(tagging_done)
	struct tagging tagging = {.kind = RW_KIND_CLUSTER, .id_count = 1, .all = true};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	tagging.ids[0] = call->names[0];
	if (rw_json_expect_array(&call->body, TAGGING_TAGS_MAX, &err) < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err);
	r = tagging_add_pairs(call, &call->body, rw_json_count(&call->body), &tagging.set);
	return r < 0 ? r : answer_tagging(call, &tagging, "tag");
}

static int check_cluster_type(struct call *call, const char *type)
{
	if (!type || strcasecmp(type, "CLUSTER") == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
				 "resource_type is CLUSTER, not '%.40s'.", type);
}

int alibaba_tag_clusters(struct call *call)
{
	RW_CLEANUP(tagging_done) struct tagging tagging = {.kind = RW_KIND_CLUSTER};
	struct rw_json ids, tags;
	const char *type;
	size_t count;
	int r = body_text(call, "resource_type", &type);

	if (r == 0)
		r = check_cluster_type(call, type);
	if (r == 0)
		r = body_array(call, "resource_ids", TAGGING_IDS_MAX, &ids, &tagging.id_count);
	for (size_t i = 0; r == 0 && i < tagging.id_count; i++)
		r = body_element(call, &ids, i, &tagging.ids[i]);
	if (r == 0)
		r = body_array(call, "tags", TAGGING_TAGS_MAX, &tags, &count);
	if (r == 0 && (count == 0 || tagging.id_count == 0))
		r = rw_alibaba_refuse(&call->fault, 400, "MissingParameter",
				      "resource_ids or tags is missing.");
	if (r == 0)
		r = tagging_add_pairs(call, &tags, count, &tagging.set);
	return r < 0 ? r : answer_tagging(call, &tagging, "tag");
}

/* A parameter that holds a JSON array of texts, into 'texts'; the tagging owns the document. */
static int read_texts(struct call *call, const char *name, size_t most, struct tagging *tagging,
		      size_t document, const char **texts, size_t *ret_count)
{
	struct rw_json root;
	int r = call_json_list(call, name, &tagging->documents[document]);

	*ret_count = 0;
	if (r < 0 || !tagging->documents[document])
		return r;
	root = rw_json_root(tagging->documents[document]);
	if (rw_json_count(&root) > most)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
					 "%s has more than %zu elements.", name, most);
	for (size_t i = 0; r == 0 && i < rw_json_count(&root); i++)
		r = body_element(call, &root, i, &texts[(*ret_count)++]);
	return r;
}

int alibaba_untag_clusters(struct call *call)
{
	RW_CLEANUP(tagging_done) struct tagging tagging = {.kind = RW_KIND_CLUSTER};
	int r = check_cluster_type(call, call_text(call, "resource_type"));

	if (r == 0)
		r = read_texts(call, "resource_ids", TAGGING_IDS_MAX, &tagging, 0, tagging.ids,
			       &tagging.id_count);
	if (r == 0)
		r = read_texts(call, "tag_keys", TAGGING_TAGS_MAX, &tagging, 1, tagging.keys,
			       &tagging.key_count);
	if (r == 0 && tagging.key_count == 0)
		r = call_flag(call, "all", &tagging.all);
	if (r == 0 && (tagging.id_count == 0 || (tagging.key_count == 0 && !tagging.all)))
		r = rw_alibaba_refuse(&call->fault, 400, "MissingParameter",
				      "resource_ids or tag_keys is missing.");
	for (size_t i = 0; r == 0 && i < tagging.key_count; i++)
		r = tagging_check(call, "tag_keys", tagging.keys[i], "");
	return r < 0 ? r : answer_tagging(call, &tagging, "untag");
}

static void put_cluster_tags(struct call *call, const struct rw_cluster *cluster)
{
	struct rw_json_writer *json = &call->json;

	for (size_t i = 0; i < cluster->tags.count; i++) {
		if (!tagging_shows(&cluster->tags.list[i]))
			continue;
		rw_json_begin_object(json);
		rw_json_put_text(json, "resource_id", cluster->id);
		rw_json_put_text(json, "resource_type", "CLUSTER");
		rw_json_put_text(json, "tag_key", cluster->tags.list[i].key);
		rw_json_put_text(json, "tag_value", cluster->tags.list[i].value);
		rw_json_end_object(json);
	}
}

/* The parameter tags, [{"key":...,"value":...}]. */
static int read_filter(struct call *call, struct tagging *tagging)
{
	const char *text = call_text(call, "tags");
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;
	int r;

	if (!text)
		return 0;
	r = rw_json_parse(text, strlen(text), RW_ALIBABA_BODY_BYTES, &tagging->documents[1], &err);
	if (r == 0) {
		root = rw_json_root(tagging->documents[1]);
		r = rw_json_expect_array(&root, TAGGING_TAGS_MAX, &err);
	}
	if (r < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err);
	return tagging_add_pairs(call, &root, rw_json_count(&root), &tagging->set);
}

static bool has_tags(const struct rw_cluster *cluster, const struct rw_tags *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const char *value = rw_tags_find(&cluster->tags, wanted->list[i].key);

		if (!value || strcmp(value, wanted->list[i].value) != 0)
			return false;
	}
	return true;
}

/* All in one answer: there are not many clusters. */
int alibaba_list_cluster_tags(struct call *call)
{
	RW_CLEANUP(tagging_done) struct tagging tagging = {.kind = RW_KIND_CLUSTER};
	const struct rw_model *model = call_model(call);
	struct rw_json_writer *json = &call->json;
	int r = check_cluster_type(call, call_text(call, "resource_type"));

	if (r == 0)
		r = read_texts(call, "resource_ids", TAGGING_IDS_MAX, &tagging, 0, tagging.ids,
			       &tagging.id_count);
	if (r == 0)
		r = read_filter(call, &tagging);
	if (r < 0)
		return r;
	rw_json_begin_object(json);
	rw_json_put_text(json, "request_id", call->request_id);
	rw_json_put_text(json, "next_token", "");
	list_begin(json, "tag_resources", "tag_resource");
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);

		if (tagging_wants(&tagging, cluster->id) && has_tags(cluster, &tagging.set))
			put_cluster_tags(call, cluster);
	}
	list_end(json);
	rw_json_end_object(json);
	return 0;
}
