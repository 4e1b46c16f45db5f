/* SPDX-License-Identifier: Apache-2.0 */

/* Prefix lists. */

#include "alibaba/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX RW_ALIBABA_LIST_MAX

static const struct page_limits list_pages = {0, 0, 10, 1, 100, "pl-"};
static const struct page_limits association_pages = {0, 0, 10, 1, 100, "sg-"};

static int find_list(struct call *call, const struct rw_model *model, const struct rw_prefix_list **ret_list)
{
	const char *id;
	int r = call_need(call, "PrefixListId", &id);

	if (r < 0)
		return r;
	*ret_list = rw_model_find_prefix_list(model, id);
	if (*ret_list && strcmp((*ret_list)->id, id) == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 404, "InvalidPrefixListId.NotFound",
				 "There is no prefix list '%.80s'.", id);
}

/* ---- making and changing ---- */

static int read_entry(struct call *call, const char *name, unsigned int number, uint8_t family,
		      struct rw_prefix *ret_prefix)
{
	const char *text = rw_alibaba_element(&call->parameters, name, number, "Cidr");
	struct rw_error err = RW_ERROR_NONE;

	if (!text || !text[0])
		return rw_alibaba_refuse(&call->fault, 400, "MissingParameter", "%s.%u.Cidr is missing.",
					 name, number);
	if (rw_prefix_parse(text, ret_prefix, &err) < 0)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter", "%s.%u.Cidr: %s.%s%s", name,
					 number, err.text, err.hint[0] ? " " : "", err.hint);
	if (ret_prefix->address.family != family)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParam.PrefixListAddressFamilyMismatch",
					 "%s.%u.Cidr: the list is IPv%u.", name, number, family);
	return 0;
}

static size_t place_of(const struct rw_prefix_list *list, const struct rw_prefix *prefix)
{
	size_t i = 0;

	while (i < list->cidr_count && rw_prefix_compare(&list->cidrs[i], prefix) != 0)
		i++;
	return i;
}

/*
 * Puts the description of an entry that is added, in place of one that it has.  Without one, an entry that was there
 * keeps its own, as every field does that a request leaves out.
 */
static int describe_entry(struct call *call, const char *name, unsigned int number,
			  const struct rw_prefix *prefix, struct rw_prefix_list *list)
{
	const char *text = rw_alibaba_element(&call->parameters, name, number, "Description");
	char parameter[64], cidr[RW_PREFIX_TEXT_SIZE];
	int r;

	if (!text || !text[0])
		return 0;
	(void)snprintf(parameter, sizeof(parameter), "%s.%u.Description", name, number);
	r = call_check_description(call, parameter, text);
	if (r < 0)
		return r;
	rw_prefix_format(prefix, cidr);
	return rw_tags_set(&list->entry_descriptions, cidr, text) ? 0 : call_out_of_memory(call);
}

static void take_entry(struct rw_prefix_list *list, size_t place)
{
	char cidr[RW_PREFIX_TEXT_SIZE];

	rw_prefix_format(&list->cidrs[place], cidr);
	(void)rw_tags_remove(&list->entry_descriptions, cidr);
	list->cidrs[place] = list->cidrs[--list->cidr_count];
}

/* Of two with different descriptions it would be open which one holds. */
static int refuse_repeated(struct call *call, const char *name, const struct rw_prefix *said,
			   unsigned int number)
{
	for (unsigned int i = 1; i < number; i++)
		if (rw_prefix_compare(&said[i - 1], &said[number - 1]) == 0)
			return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
						 "%s.%u.Cidr is the same as %s.%u.Cidr.", name, number, name,
						 i);
	return 0;
}

/* Adds the entries of a parameter, or takes them away; sorted is what the model wants them. */
static int change_entries(struct call *call, const char *name, bool add, struct rw_prefix_list *list)
{
	struct rw_prefix said[ENTRIES_MAX];
	struct rw_error err = RW_ERROR_NONE;
	struct rw_prefix *grown;
	unsigned int count;
	int r = 0;

	if (rw_alibaba_list_count(&call->parameters, name, ENTRIES_MAX, &count, &err) < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err);
	grown = reallocarray(list->cidrs, list->cidr_count + count + 1, sizeof(*grown));
	if (!grown)
		return call_out_of_memory(call);
	list->cidrs = grown;
	for (unsigned int i = 1; r == 0 && i <= count; i++) {
		struct rw_prefix *prefix = &said[i - 1];
		size_t place;

		r = read_entry(call, name, i, list->family, prefix);
		if (r == 0)
			r = refuse_repeated(call, name, said, i);
		if (r < 0)
			return r;
		place = place_of(list, prefix);
		if (!add && place < list->cidr_count)
			take_entry(list, place);
		if (add && place == list->cidr_count)
			list->cidrs[list->cidr_count++] = *prefix;
		if (add)
			r = describe_entry(call, name, i, prefix, list);
	}
	return r;
}

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

static void sort_entries(struct rw_prefix_list *list)
{
	if (list->cidr_count > 1)
		qsort(list->cidrs, list->cidr_count, sizeof(*list->cidrs), compare_prefixes);
}

static int set_name(struct call *call, const struct rw_model *model, const char *name,
		    struct rw_prefix_list *list)
{
	const struct rw_prefix_list *other = rw_model_find_prefix_list(model, name);
	int r = call_check_name(call, "PrefixListName", "InvalidPrefixListName.Malformed", name);

	if (r < 0)
		return r;
	if (other && strcmp(other->id, list->id) != 0)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidPrefixListName.Duplicate",
					 "Another prefix list is called '%.128s'; names are unique here.",
					 name);
	return call_set_text(call, &list->name, name);
}

static int set_description(struct call *call, struct rw_prefix_list *list)
{
	const char *text = call_given_text(call, "Description");
	int r = text && text[0] ? call_check_description(call, "Description", text) : 0;

	return r == 0 && text ? call_set_text(call, &list->description, text) : r;
}

static int read_max_entries(struct call *call, struct rw_prefix_list *list)
{
	size_t most = 0;
	int r = call_number(call, "MaxEntries", 1, rw_limits_default.cidrs_per_prefix_list, &most);

	list->max_entries = (uint32_t)most;
	return r;
}

static int read_family(struct call *call, uint8_t *ret_family)
{
	const char *family;
	int r = call_need(call, "AddressFamily", &family);

	if (r < 0)
		return r;
	*ret_family = strcasecmp(family, "IPv6") == 0 ? 6 : 4;
	if (*ret_family == 6 || strcasecmp(family, "IPv4") == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
				 "AddressFamily is IPv4 or IPv6, not '%.40s'.", family);
}

/* Lists, or entries of one. */
static int refuse_too_many(struct call *call, int r, const struct rw_error *err)
{
	if (r == -ENOSPC)
		(void)rw_alibaba_refuse_error(&call->fault, 403,
					      strcmp(err->field, "cidrs") == 0 ? "LimitExceed.MaxEntries"
									       : "QuotaExceed.PrefixList",
					      err);
	return r;
}

static int edit_create(struct call *call, struct rw_draft *draft, void *id, struct rw_error *err)
{
	RW_CLEANUP(rw_prefix_list_unref) struct rw_prefix_list *list = rw_prefix_list_new();
	const char *name;
	int r = list ? call_need(call, "PrefixListName", &name) : call_out_of_memory(call);

	if (r < 0)
		return r;
	(void)snprintf(list->id, sizeof(list->id), "%s", (const char *)id);
	r = read_family(call, &list->family);
	if (r == 0)
		r = set_name(call, rw_draft_model(draft), name, list);
	if (r == 0)
		r = set_description(call, list);
	if (r == 0)
		r = read_max_entries(call, list);
	if (r == 0)
		r = change_entries(call, "Entry", true, list);
	if (r == 0)
		r = call_read_tags(call, &list->tags);
	if (r < 0)
		return r;
	sort_entries(list);
	return refuse_too_many(call, rw_edit_create(draft, RW_KIND_PREFIX_LIST, RW_TAKE_PTR(list), NULL, err),
			       err);
}

int alibaba_create_prefix_list(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	char id[RW_ID_SIZE];
	struct change change = {.action = "create prefix list", .edit = edit_create, .userdata = id};
	int r;

	rw_random_id(call->self->random, "pl-", 16, id, sizeof(id));
	r = call_change(call, &change, &result);
	if (r < 0)
		return r;
	for (size_t i = 0; i < result.item_count; i++)
		if (result.items[i].subject == RW_SUBJECT_OBJECT &&
		    result.items[i].kind == RW_KIND_PREFIX_LIST)
			(void)memcpy(id, result.items[i].id, sizeof(id));
	rw_json_put_text(&call->json, "PrefixListId", id);
	return 0;
}

static int edit_modify(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_prefix_list_unref) struct rw_prefix_list *copy = NULL;
	const char *name = call_text(call, "PrefixListName");
	const struct rw_prefix_list *list;
	int r = find_list(call, rw_draft_model(draft), &list);

	(void)userdata;
	if (r < 0)
		return r;
	copy = rw_prefix_list_dup(list);
	if (!copy)
		return call_out_of_memory(call);
	if (name)
		r = set_name(call, rw_draft_model(draft), name, copy);
	if (r == 0)
		r = set_description(call, copy);
	if (r == 0)
		r = change_entries(call, "RemoveEntry", false, copy);
	if (r == 0)
		r = change_entries(call, "AddEntry", true, copy);
	if (r < 0)
		return r;
	sort_entries(copy);
	return refuse_too_many(call, rw_edit_update(draft, RW_KIND_PREFIX_LIST, RW_TAKE_PTR(copy), NULL, err),
			       err);
}

int alibaba_modify_prefix_list(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "change prefix list", .edit = edit_modify};

	return call_change(call, &change, &result);
}

static int edit_delete(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_prefix_list *list;
	int r = find_list(call, rw_draft_model(draft), &list);

	(void)userdata;
	return r < 0 ? r : rw_edit_delete(draft, RW_KIND_PREFIX_LIST, list->id, false, err);
}

int alibaba_delete_prefix_list(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "delete prefix list", .edit = edit_delete};

	return call_change(call, &change, &result);
}

/* ---- describing ---- */

static bool group_refers(const struct rw_group *group, const char *list)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (group->rules[i]->object.kind == RW_OBJECT_PREFIX_LIST &&
		    strcmp(group->rules[i]->object.id, list) == 0)
			return true;
	return false;
}

static int64_t count_associations(const struct rw_model *model, const char *list)
{
	int64_t count = 0;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++)
		count += group_refers(rw_model_at(model, RW_KIND_GROUP, i), list);
	return count;
}

static void put_fields(struct call *call, const struct rw_prefix_list *list)
{
	struct rw_json_writer *json = &call->json;

	rw_json_put_text(json, "PrefixListId", list->id);
	rw_json_put_text(json, "PrefixListName", list->name);
	rw_json_put_text(json, "AddressFamily", list->family == 6 ? "IPv6" : "IPv4");
	rw_json_put_integer(json, "MaxEntries",
			    list->max_entries ? list->max_entries
					      : (int64_t)rw_limits_default.cidrs_per_prefix_list);
	rw_json_put_text(json, "Description", list->description);
	put_time(call, "CreationTime", list->created_ms);
}

static int find_lists(struct call *call, struct rw_vec *items)
{
	const struct rw_model *model = call_model(call);
	struct rw_error err = RW_ERROR_NONE;
	unsigned int wanted;
	int r = call_check_tag_filter(call);

	if (r < 0)
		return r;
	if (rw_alibaba_list_count(&call->parameters, "PrefixListId", 100, &wanted, &err) < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_PREFIX_LIST); i++) {
		const struct rw_prefix_list *list = rw_model_at(model, RW_KIND_PREFIX_LIST, i);
		bool fits = wanted == 0;

		for (unsigned int j = 1; !fits && j <= wanted; j++) {
			const char *id = rw_alibaba_element(&call->parameters, "PrefixListId", j, NULL);

			fits = id && strcmp(id, list->id) == 0;
		}
		if (fits && call_fits(call, "PrefixListName", list->name) &&
		    call_fits(call, "AddressFamily", list->family == 6 ? "IPv6" : "IPv4") &&
		    call_fits_tags(call, &list->tags))
			r = items_add(call, items, list->id, list);
	}
	return r;
}

int alibaba_describe_prefix_lists(struct call *call)
{
	const struct rw_model *model = call_model(call);
	struct rw_json_writer *json = &call->json;
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	size_t first, count;
	struct page page;
	int r;

	items_init(&items);
	r = call_page(call, &list_pages, &page);
	if (r == 0)
		r = find_lists(call, &items);
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	list_begin(json, "PrefixLists", "PrefixList");
	for (size_t i = first; i < first + count; i++) {
		const struct rw_prefix_list *list = ((const struct item *)rw_vec_at(&items, i))->object;

		rw_json_begin_object(json);
		put_fields(call, list);
		rw_json_put_integer(json, "AssociationCount", count_associations(model, list->id));
		put_tags(call, &list->tags);
		rw_json_end_object(json);
	}
	list_end(json);
	page_put_token(call, &page, &items, first, count);
	return 0;
}

int alibaba_describe_prefix_list(struct call *call)
{
	struct rw_json_writer *json = &call->json;
	const struct rw_prefix_list *list;
	char text[RW_PREFIX_TEXT_SIZE];
	int r = find_list(call, call_model(call), &list);

	if (r < 0)
		return r;
	put_fields(call, list);
	list_begin(json, "Entries", "Entry");
	for (size_t i = 0; i < list->cidr_count; i++) {
		const char *description;

		rw_prefix_format(&list->cidrs[i], text);
		description = rw_tags_find(&list->entry_descriptions, text);
		rw_json_begin_object(json);
		rw_json_put_text(json, "Cidr", text);
		rw_json_put_text(json, "Description", description ? description : "");
		rw_json_end_object(json);
	}
	list_end(json);
	return 0;
}

int alibaba_describe_prefix_list_associations(struct call *call)
{
	const struct rw_model *model = call_model(call);
	struct rw_json_writer *json = &call->json;
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	const struct rw_prefix_list *list;
	size_t first, count;
	struct page page;
	int r = find_list(call, model, &list);

	items_init(&items);
	if (r == 0)
		r = call_page(call, &association_pages, &page);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (group_refers(group, list->id))
			r = items_add(call, &items, group->id, group);
	}
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	list_begin(json, "PrefixListAssociations", "PrefixListAssociation");
	for (size_t i = first; i < first + count; i++) {
		rw_json_begin_object(json);
		rw_json_put_text(json, "ResourceId", ((const struct item *)rw_vec_at(&items, i))->id);
		rw_json_put_text(json, "ResourceType", "securitygroup");
		rw_json_end_object(json);
	}
	list_end(json);
	page_put_token(call, &page, &items, first, count);
	return 0;
}
