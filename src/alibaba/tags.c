/* SPDX-License-Identifier: Apache-2.0 */

/* Tags of ECS.  A resource group is kept as the tag that the cloud shows it as; there is no object behind it. */

#include "alibaba/tagging.h"

#include <string.h>

#include "wire/text.h"

/* ---- one tag ---- */

static bool is_reserved(const char *key)
{
	return strncasecmp(key, "aliyun", 6) == 0 || strncasecmp(key, "acs:", 4) == 0;
}

static bool has_address(const char *text)
{
	return strstr(text, "http://") || strstr(text, "https://");
}

static bool is_text(const char *text, size_t least)
{
	size_t length = rw_utf8_length(text);

	return length >= least && length <= RW_TAG_TEXT_MAX && !rw_text_has_controls(text, false) &&
	       !has_address(text);
}

/* 'name' is what the request calls it. */
int tagging_check(struct call *call, const char *name, const char *key, const char *value)
{
	if (!key || !is_text(key, 1) || is_reserved(key))
		return rw_alibaba_refuse(
			&call->fault, 400, "InvalidTagKey.Malformed",
			"%s: a key has 1 to %d characters, holds no address of the web, and does not begin "
			"with aliyun or acs:.",
			name, RW_TAG_TEXT_MAX);
	if (!is_text(value, 0))
		return rw_alibaba_refuse(
			&call->fault, 400, "InvalidTagValue.Malformed",
			"%s: a value has up to %d characters and holds no address of the web.", name,
			RW_TAG_TEXT_MAX);
	return 0;
}

int tagging_add(struct call *call, const char *name, const char *key, const char *value, struct rw_tags *tags)
{
	int r = tagging_check(call, name, key, value);

	if (r < 0)
		return r;
	if (rw_tags_find(tags, key))
		return rw_alibaba_refuse(&call->fault, 400, "Duplicate.TagKey",
					 "%s: the key '%.128s' is there twice.", name, key);
	return rw_tags_set(tags, key, value) ? 0 : call_out_of_memory(call);
}

static int check_resource_group(struct call *call, const char *id)
{
	size_t length = strlen(id);

	if (length > 3 && length <= 64 && strncmp(id, "rg-", 3) == 0 &&
	    strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length)
		return 0;
	return rw_alibaba_refuse(&call->fault, 404, "InvalidResourceGroup.NotFound",
				 "'%.80s' is no id of a resource group: rg- and small letters and digits.",
				 id);
}

int tagging_join_group(struct call *call, const char *group, struct rw_tags *tags)
{
	int r = check_resource_group(call, group);

	return r == 0 && !rw_tags_set(tags, RESOURCE_GROUP_KEY, group) ? call_out_of_memory(call) : r;
}

static int count_list(struct call *call, const char *list, unsigned int most, const char *code,
		      unsigned int *ret_count)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_alibaba_list_count(&call->parameters, list, most, ret_count, &err) == 0)
		return 0;
	/* At its name alone: one is missing. */
	return rw_alibaba_refuse_error(&call->fault, 400,
				       strcmp(err.field, list) == 0 ? "InvalidParameter" : code, &err);
}

/* Tag.N of a request. */
static int read_tags(struct call *call, struct rw_tags *tags)
{
	unsigned int count;
	int r = count_list(call, "Tag", TAGGING_TAGS_MAX, "NumberExceed.Tags", &count);

	for (unsigned int i = 1; r == 0 && i <= count; i++) {
		const char *key = rw_alibaba_element(&call->parameters, "Tag", i, "Key");
		const char *value = rw_alibaba_element(&call->parameters, "Tag", i, "Value");

		r = tagging_add(call, "Tag.N", key, value ? value : "", tags);
	}
	return r;
}

int call_read_tags(struct call *call, struct rw_tags *tags)
{
	const char *group = call_text(call, "ResourceGroupId");
	int r = read_tags(call, tags);

	return r == 0 && group ? tagging_join_group(call, group, tags) : r;
}

/* ---- showing and finding ---- */

bool tagging_shows(const struct rw_tag *tag)
{
	return strcmp(tag->key, RESOURCE_GROUP_KEY) != 0;
}

void put_tags(struct call *call, const struct rw_tags *tags)
{
	const char *group = rw_tags_find(tags, RESOURCE_GROUP_KEY);
	struct rw_json_writer *json = &call->json;

	rw_json_put_text(json, "ResourceGroupId", group ? group : "");
	list_begin(json, "Tags", "Tag");
	for (size_t i = 0; i < tags->count; i++) {
		if (!tagging_shows(&tags->list[i]))
			continue;
		rw_json_begin_object(json);
		rw_json_put_text(json, "TagKey", tags->list[i].key);
		rw_json_put_text(json, "TagValue", tags->list[i].value);
		rw_json_end_object(json);
	}
	list_end(json);
}

int call_check_tag_filter(struct call *call)
{
	unsigned int count;
	int r = count_list(call, "Tag", TAGGING_TAGS_MAX, "NumberExceed.Tags", &count);

	for (unsigned int i = 1; r == 0 && i <= count; i++) {
		const char *key = rw_alibaba_element(&call->parameters, "Tag", i, "Key");

		if (!key || !key[0])
			r = rw_alibaba_refuse(&call->fault, 400, "InvalidParameter.TagValue",
					      "Tag.%u has a value without a key.", i);
	}
	return r;
}

bool call_fits_tags(const struct call *call, const struct rw_tags *tags)
{
	const char *group = rw_tags_find(tags, RESOURCE_GROUP_KEY);
	unsigned int count = 0;

	if (!call_fits(call, "ResourceGroupId", group ? group : ""))
		return false;
	if (rw_alibaba_list_count(&call->parameters, "Tag", TAGGING_TAGS_MAX, &count, NULL) < 0)
		return false;
	for (unsigned int i = 1; i <= count; i++) {
		const char *key = rw_alibaba_element(&call->parameters, "Tag", i, "Key");
		const char *value = rw_alibaba_element(&call->parameters, "Tag", i, "Value");
		const char *found = key ? rw_tags_find(tags, key) : NULL;

		if (!found || (value && strcmp(found, value) != 0))
			return false;
	}
	return true;
}

/* ---- what is tagged ---- */

static const struct rw_word resource_types[] = {
	{"securitygroup", RW_KIND_GROUP},
	{"instance", RW_KIND_NODE},
	{"prefixlist", RW_KIND_PREFIX_LIST},
	{NULL, 0},
};

static const struct rw_tags *tags_of(enum rw_kind kind, const void *object)
{
	switch (kind) {
	case RW_KIND_GROUP:
		return &((const struct rw_group *)object)->tags;
	case RW_KIND_NODE:
		return &((const struct rw_node *)object)->tags;
	case RW_KIND_CLUSTER:
		return &((const struct rw_cluster *)object)->tags;
	default:
		return &((const struct rw_prefix_list *)object)->tags;
	}
}

static void *dup_object(enum rw_kind kind, const void *object)
{
	switch (kind) {
	case RW_KIND_GROUP:
		return rw_group_dup(object);
	case RW_KIND_NODE:
		return rw_node_dup(object);
	case RW_KIND_CLUSTER:
		return rw_cluster_dup(object);
	default:
		return rw_prefix_list_dup(object);
	}
}

void tagging_done(struct tagging *tagging)
{
	rw_tags_done(&tagging->set);
	for (size_t i = 0; i < RW_ARRAY_COUNT(tagging->documents); i++)
		(void)rw_json_document_free(tagging->documents[i]);
}
/* A resource group stays: it is left by joining another. */
static void take_away(struct rw_tags *tags, const struct tagging *tagging)
{
	for (size_t i = tags->count; tagging->all && i-- > 0;)
		if (tagging_shows(&tags->list[i]))
			(void)rw_tags_remove(tags, tags->list[i].key);
	for (size_t i = 0; i < tagging->key_count; i++)
		(void)rw_tags_remove(tags, tagging->keys[i]);
}

static int change_object(struct call *call, struct rw_draft *draft, const struct tagging *tagging,
			 const char *id, struct rw_error *err)
{
	const void *object = rw_model_find(rw_draft_model(draft), tagging->kind, id);
	struct rw_tags *tags;
	void *copy;

	if (!object || strcmp(rw_object_id(tagging->kind, object), id) != 0)
		return rw_alibaba_refuse(&call->fault, 404,
					 tagging->kind == RW_KIND_CLUSTER ? "ErrorClusterNotFound"
									  : "InvalidResourceId.NotFound",
					 "There is no %s '%.80s'.", rw_kind_name(tagging->kind), id);
	copy = dup_object(tagging->kind, object);
	if (!copy)
		return call_out_of_memory(call);
	tags = (struct rw_tags *)(uintptr_t)tags_of(tagging->kind, copy);
	take_away(tags, tagging);
	for (size_t i = 0; i < tagging->set.count; i++) {
		if (rw_tags_set(tags, tagging->set.list[i].key, tagging->set.list[i].value))
			continue;
		(void)rw_object_unref(tagging->kind, copy);
		return call_out_of_memory(call);
	}
	return rw_edit_update(draft, tagging->kind, copy, NULL, err);
}

static int edit_tags(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct tagging *tagging = userdata;
	int r = 0;

	for (size_t i = 0; r == 0 && i < tagging->id_count; i++)
		r = change_object(call, draft, tagging, tagging->ids[i], err);
	if (r == -ENOSPC)
		(void)rw_alibaba_refuse_error(&call->fault, 400, "NumberExceed.Tags", err);
	return r;
}

int tagging_run(struct call *call, const char *action, struct tagging *tagging)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = action, .edit = edit_tags, .userdata = tagging};

	return call_change(call, &change, &result);
}

/* ---- ECS ---- */

static int read_type(struct call *call, enum rw_kind *ret_kind)
{
	const char *type;
	int r = call_need(call, "ResourceType", &type);
	int kind = r == 0 ? rw_word_find(resource_types, type) : -1;

	if (r < 0)
		return r;
	*ret_kind = (enum rw_kind)kind;
	return kind >= 0 ? 0
			 : rw_alibaba_refuse(&call->fault, 400, "InvalidResourceType.NotSupported",
					     "ResourceType is securitygroup, instance or prefixlist, not "
					     "'%.40s'.",
					     type);
}

/* ResourceType and ResourceId.N. */
static int read_resources(struct call *call, bool needed, struct tagging *tagging)
{
	unsigned int count;
	int r = read_type(call, &tagging->kind);

	if (r == 0)
		r = count_list(call, "ResourceId", TAGGING_IDS_MAX, "NumberExceed.ResourceIds", &count);
	if (r < 0)
		return r;
	if (count == 0 && needed)
		return rw_alibaba_refuse(&call->fault, 400, "MissingParameter.ResourceIds",
					 "ResourceId.N names 1 to %d resources.", TAGGING_IDS_MAX);
	for (unsigned int i = 1; i <= count; i++) {
		const char *id = rw_alibaba_element(&call->parameters, "ResourceId", i, NULL);

		for (size_t j = 0; j < tagging->id_count; j++)
			if (strcmp(tagging->ids[j], id) == 0)
				return rw_alibaba_refuse(&call->fault, 400, "Duplicate.ResourceId",
							 "ResourceId.%u is the same as .%zu.", i, j + 1);
		tagging->ids[tagging->id_count++] = id;
	}
	return 0;
}

int alibaba_tag(struct call *call)
{
	RW_CLEANUP(tagging_done) struct tagging tagging = {0};
	int r = read_resources(call, true, &tagging);

	if (r == 0)
		r = read_tags(call, &tagging.set);
	if (r == 0 && tagging.set.count == 0)
		r = rw_alibaba_refuse(&call->fault, 400, "MissingParameter.Tags",
				      "Tag.N.Key and Tag.N.Value name 1 to %d tags.", TAGGING_TAGS_MAX);
	return r < 0 ? r : tagging_run(call, "tag", &tagging);
}

int alibaba_untag(struct call *call)
{
	RW_CLEANUP(tagging_done) struct tagging tagging = {0};
	unsigned int count = 0;
	int r = read_resources(call, true, &tagging);

	if (r == 0)
		r = count_list(call, "TagKey", TAGGING_TAGS_MAX, "NumberExceed.Tags", &count);
	if (r == 0 && count == 0)
		r = call_flag(call, "All", &tagging.all);
	if (r == 0 && count == 0 && !tagging.all)
		r = rw_alibaba_refuse(&call->fault, 400, "MissingParameter.Tags",
				      "TagKey.N, or All=true, is missing.");
	for (unsigned int i = 1; r == 0 && i <= count; i++) {
		const char *key = rw_alibaba_element(&call->parameters, "TagKey", i, NULL);

		r = tagging_check(call, "TagKey.N", key, "");
		tagging.keys[tagging.key_count++] = key;
	}
	return r < 0 ? r : tagging_run(call, "untag", &tagging);
}

int alibaba_join_resource_group(struct call *call)
{
	RW_CLEANUP(tagging_done) struct tagging tagging = {.id_count = 1};
	const char *group;
	int r = read_type(call, &tagging.kind);

	if (r == 0)
		r = call_need(call, "ResourceId", &tagging.ids[0]);
	if (r == 0)
		r = call_need(call, "ResourceGroupId", &group);
	if (r == 0)
		r = tagging_join_group(call, group, &tagging.set);
	return r < 0 ? r : tagging_run(call, "join resource group", &tagging);
}

/* ---- listing ---- */

bool tagging_wants(const struct tagging *tagging, const char *id)
{
	bool wanted = tagging->id_count == 0;

	for (size_t i = 0; !wanted && i < tagging->id_count; i++)
		wanted = strcmp(tagging->ids[i], id) == 0;
	return wanted;
}

/* What stands for a resource group is told only to who asks for it. */
static bool is_listed(const struct call *call, const struct rw_tag *tag)
{
	const char *key = rw_alibaba_element(&call->parameters, "Tag", 1, "Key");

	return tagging_shows(tag) || (key && strcmp(key, RESOURCE_GROUP_KEY) == 0);
}

static void put_resource(struct call *call, enum rw_kind kind, const char *id, const struct rw_tags *tags)
{
	struct rw_json_writer *json = &call->json;

	for (size_t i = 0; i < tags->count; i++) {
		if (!is_listed(call, &tags->list[i]))
			continue;
		rw_json_begin_object(json);
		rw_json_put_text(json, "ResourceId", id);
		rw_json_put_text(json, "ResourceType", rw_word_of(resource_types, (int)kind));
		rw_json_put_text(json, "TagKey", tags->list[i].key);
		rw_json_put_text(json, "TagValue", tags->list[i].value);
		rw_json_end_object(json);
	}
}

static const char *id_prefix_of(enum rw_kind kind)
{
	return kind == RW_KIND_GROUP ? "sg-" : kind == RW_KIND_NODE ? "n-" : "pl-";
}

/* A page is of resources, each with all of its tags. */
int alibaba_list_tags(struct call *call)
{
	static const struct page_limits pages = {0, 0, TAGGING_IDS_MAX, 1, TAGGING_IDS_MAX, NULL};
	const struct rw_model *model = call_model(call);
	RW_CLEANUP(tagging_done) struct tagging tagging = {0};
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	size_t first, count;
	struct page page;
	int r;

	items_init(&items);
	r = call_page(call, &pages, &page);
	if (r == 0)
		r = read_resources(call, false, &tagging);
	if (r == 0)
		r = call_check_token(call, id_prefix_of(tagging.kind));
	if (r == 0)
		r = call_check_tag_filter(call);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, tagging.kind); i++) {
		const void *object = rw_model_at(model, tagging.kind, i);
		const char *id = rw_object_id(tagging.kind, object);

		if (tagging_wants(&tagging, id) && call_fits_tags(call, tags_of(tagging.kind, object)) &&
		    tags_of(tagging.kind, object)->count)
			r = items_add(call, &items, id, object);
	}
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	list_begin(&call->json, "TagResources", "TagResource");
	for (size_t i = first; i < first + count; i++) {
		const struct item *item = rw_vec_at(&items, i);

		put_resource(call, tagging.kind, item->id, tags_of(tagging.kind, item->object));
	}
	list_end(&call->json);
	page_put_token(call, &page, &items, first, count);
	return 0;
}
