/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#include <stdio.h>
#include <string.h>

#include "group/members.h"
#include "wire/text.h"

#define JSON_LIST_MAX 100
#define ITEMS_MAX     200000 /* that a list is made of before it is cut into pages */

const struct rw_model *call_model(const struct call *call)
{
	return rw_controller_model(call->self->controller);
}

const char *call_text(const struct call *call, const char *name)
{
	const char *value = rw_alibaba_parameter(&call->parameters, name);

	return value && value[0] ? value : NULL;
}

const char *call_given_text(const struct call *call, const char *name)
{
	return rw_alibaba_parameter(&call->parameters, name);
}

int call_need(struct call *call, const char *name, const char **ret_text)
{
	*ret_text = call_text(call, name);
	return *ret_text ? 0
			 : rw_alibaba_refuse(&call->fault, 400, "MissingParameter", "%s is missing.", name);
}

int call_flag(struct call *call, const char *name, bool *ret_flag)
{
	const char *text = call_text(call, name);

	*ret_flag = text && strcasecmp(text, "true") == 0;
	if (!text || *ret_flag || strcasecmp(text, "false") == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter", "%s is true or false, not '%.40s'.",
				 name, text);
}

int call_out_of_memory(struct call *call)
{
	(void)rw_alibaba_refuse(&call->fault, 503, "ServiceUnavailable", "Out of memory; try again.");
	return -ENOMEM;
}

int call_set_text(struct call *call, char **slot, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return call_out_of_memory(call);
	free(*slot);
	*slot = copy;
	return 0;
}

bool call_fits(const struct call *call, const char *name, const char *text)
{
	const char *wanted = call_text(call, name);

	return !wanted || strcmp(wanted, text) == 0;
}

int call_json_list(struct call *call, const char *name, struct rw_json_document **ret_document)
{
	const char *text = call_text(call, name);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;
	const char *element;
	int r;

	*ret_document = NULL;
	if (!text)
		return 0;
	r = rw_json_parse(text, strlen(text), RW_ALIBABA_BODY_BYTES, ret_document, &err);
	if (r == 0) {
		root = rw_json_root(*ret_document);
		r = rw_json_expect_array(&root, JSON_LIST_MAX, &err);
	}
	for (size_t i = 0; r == 0 && i < rw_json_count(&root); i++) {
		struct rw_json member = rw_json_at(&root, i);

		r = rw_json_text(&member, 128, &element, &err);
	}
	return r < 0 ? rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
					 "%s is a JSON array of at most %d texts: %s.", name, JSON_LIST_MAX,
					 err.text)
		     : 0;
}

bool json_list_has(struct rw_json_document *document, const char *text)
{
	struct rw_json root;

	if (!document)
		return true;
	root = rw_json_root(document);
	for (size_t i = 0; i < rw_json_count(&root); i++) {
		struct rw_json member = rw_json_at(&root, i);
		const char *element;

		if (rw_json_text(&member, 128, &element, NULL) == 0 && strcmp(element, text) == 0)
			return true;
	}
	return false;
}

int call_find_group(struct call *call, const struct rw_model *model, const char *name, const char *id,
		    const struct rw_group **ret_group)
{
	*ret_group = rw_model_find_group(model, id);
	if (*ret_group && strcmp((*ret_group)->id, id) == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 404, "InvalidSecurityGroupId.NotFound",
				 "The specified %s does not exist: '%.80s'.", name, id);
}

int call_group(struct call *call, const struct rw_model *model, const struct rw_group **ret_group)
{
	const char *id;
	int r = call_need(call, "SecurityGroupId", &id);

	return r < 0 ? r : call_find_group(call, model, "SecurityGroupId", id, ret_group);
}

/* ---- pages ---- */

int call_number(struct call *call, const char *name, size_t least, size_t most, size_t *number)
{
	const char *text = call_text(call, name);
	uint64_t given;

	if (!text)
		return 0;
	if (!rw_revision_parse(text, &given) || given < least || given > most)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
					 "%s is a number from %zu to %zu, not '%.40s'.", name, least, most,
					 text);
	*number = (size_t)given;
	return 0;
}

int call_check_token(struct call *call, const char *prefix)
{
	const char *token = call_text(call, "NextToken");

	if (!token || strncmp(token, prefix, strlen(prefix)) == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
				 "NextToken: '%.60s' is of no answer of this action.", token);
}

int call_page(struct call *call, const struct page_limits *limits, struct page *ret_page)
{
	struct page page = {.number = 1, .size = limits->size_default};
	int r = 0;

	page.token = call_text(call, "NextToken");
	page.by_token = limits->size_max == 0 || page.token || call_text(call, "MaxResults");
	if (page.by_token) {
		page.size = limits->token_default;
		r = call_number(call, "MaxResults", limits->token_min, limits->token_max, &page.size);
		if (r == 0 && limits->token_prefix)
			r = call_check_token(call, limits->token_prefix);
	} else {
		r = call_number(call, "PageNumber", 1, 1000000, &page.number);
		if (r == 0)
			r = call_number(call, "PageSize", 1, limits->size_max, &page.size);
	}
	*ret_page = page;
	return r;
}

void page_cut(const struct page *page, const struct rw_vec *items, size_t *ret_first, size_t *ret_count)
{
	size_t first = 0;

	if (!page->by_token)
		first = (page->number - 1) * page->size;
	while (page->by_token && page->token && first < items->count &&
	       strcmp(((const struct item *)rw_vec_at(items, first))->id, page->token) <= 0)
		first++;
	*ret_first = first < items->count ? first : items->count;
	*ret_count = items->count - *ret_first < page->size ? items->count - *ret_first : page->size;
}

static const char *next_token(const struct page *page, const struct rw_vec *items, size_t first, size_t count)
{
	if (!page->by_token || !count || first + count == items->count)
		return "";
	return ((const struct item *)rw_vec_at(items, first + count - 1))->id;
}

void page_put_token(struct call *call, const struct page *page, const struct rw_vec *items, size_t first,
		    size_t count)
{
	rw_json_put_text(&call->json, "NextToken", next_token(page, items, first, count));
}

void page_put(struct call *call, const struct page *page, const struct rw_vec *items, size_t first,
	      size_t count)
{
	rw_json_put_integer(&call->json, "TotalCount", (int64_t)items->count);
	rw_json_put_integer(&call->json, "PageNumber", page->by_token ? 0 : (int64_t)page->number);
	rw_json_put_integer(&call->json, "PageSize", page->by_token ? 0 : (int64_t)page->size);
	page_put_token(call, page, items, first, count);
}

void page_put_info(struct call *call, const char *key, const struct page *page, const struct rw_vec *items)
{
	struct rw_json_writer *json = &call->json;

	rw_json_key(json, key);
	rw_json_begin_object(json);
	rw_json_put_integer(json, "page_number", (int64_t)page->number);
	rw_json_put_integer(json, "page_size", (int64_t)page->size);
	rw_json_put_integer(json, "total_count", (int64_t)items->count);
	rw_json_end_object(json);
}

void items_init(struct rw_vec *items)
{
	rw_vec_init(items, sizeof(struct item), ITEMS_MAX);
}

int items_add(struct call *call, struct rw_vec *items, const char *id, const void *object)
{
	struct item *item;

	if (rw_vec_push(items, &item) < 0)
		return call_out_of_memory(call);
	*item = (struct item){id, object};
	return 0;
}

/* ---- names ---- */

/* What is behind the first "-" of an id. */
static const char *tail_of(const char *id)
{
	const char *dash = strchr(id, '-');

	return dash ? dash + 1 : id;
}

void vswitch_id(const struct rw_network *network, char text[VSWITCH_ID_SIZE])
{
	(void)snprintf(text, VSWITCH_ID_SIZE, "vsw-%s", tail_of(network->id));
}

void zone_id(const struct rw_alibaba *self, char text[ZONE_ID_SIZE])
{
	(void)snprintf(text, ZONE_ID_SIZE, "%s-a", self->region);
}

void eni_id(const struct rw_node *node, const struct rw_interface *interface, char text[ENI_ID_SIZE])
{
	(void)snprintf(text, ENI_ID_SIZE, "eni-%s-%s", tail_of(node->id), interface->name);
}

void put_time(struct call *call, const char *key, int64_t unix_ms)
{
	int64_t seconds = unix_ms / 1000;

	if (seconds && seconds != call->shown_s) {
		rw_timestamp_format(unix_ms, call->shown_text);
		/* Whole seconds. */
		(void)strcpy(call->shown_text + strlen("2018-12-12T07:28:38"), "Z");
		call->shown_s = seconds;
	}
	rw_json_put_text(&call->json, key, seconds ? call->shown_text : "");
}

void list_begin(struct rw_json_writer *json, const char *outer, const char *inner)
{
	rw_json_key(json, outer);
	rw_json_begin_object(json);
	rw_json_key(json, inner);
	rw_json_begin_array(json);
}

void list_end(struct rw_json_writer *json)
{
	rw_json_end_array(json);
	rw_json_end_object(json);
}

bool node_is_in(const struct rw_model *model, const struct rw_node *node, const char *group)
{
	for (size_t i = 0; i < node->interface_count; i++)
		if (rw_node_is_member(model, node, &node->interfaces[i], group))
			return true;
	return false;
}

bool is_classic_network(const struct rw_model *model, const char *network)
{
	const struct rw_network *found = rw_model_find_network(model, network);

	return found && found->kind == RW_NETWORK_CLASSIC;
}
