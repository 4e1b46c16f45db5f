/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/source.h"

#include <string.h>

#include "analyze/box.h"
#include "group/members.h"

int rw_source_derive(const struct rw_source *source, const char *node, struct rw_policy **ret_policy,
		     struct rw_error *err)
{
	const struct rw_policy_surroundings surroundings = {0};

	if (source->derive)
		return source->derive(source->userdata, source->model, node, ret_policy, err);
	return rw_policy_derive(source->model, node, &surroundings, source->cache, ret_policy, err);
}

/* ---- scopes ---- */

/* The reference behind "prefix:", or NULL when another prefix stands there; 'text' itself without any. */
static const char *behind(const char *text, const char *prefix)
{
	static const char *const prefixes[] = {"node:", "cluster:", "group:"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(prefixes); i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return strcmp(prefixes[i], prefix) == 0 ? text + strlen(prefix) : NULL;
	return text;
}

int rw_scope_find(const struct rw_model *model, const char *field, const char *text,
		  struct rw_scope *ret_scope, struct rw_error *err)
{
	struct rw_scope scope = {0};

	*ret_scope = scope;
	if (!text || !*text)
		return 0;
	if (behind(text, "node:"))
		scope.node = rw_model_find_node(model, behind(text, "node:"));
	if (!scope.node && behind(text, "cluster:"))
		scope.cluster = rw_model_find_cluster(model, behind(text, "cluster:"));
	if (!scope.node && !scope.cluster && behind(text, "group:"))
		scope.group = rw_model_find_group(model, behind(text, "group:"));
	if (!scope.node && !scope.cluster && !scope.group) {
		(void)rw_error_field(err, field, "there is no node, cluster or group '%s'", text);
		if (err)
			err->code = -ENOENT;
		return -ENOENT;
	}
	*ret_scope = scope;
	return 0;
}

bool rw_scope_has_node(const struct rw_model *model, const struct rw_scope *scope, const struct rw_node *node)
{
	if (scope->node)
		return node == scope->node;
	if (scope->cluster)
		return strcmp(node->cluster, scope->cluster->id) == 0;
	if (!scope->group)
		return true;
	for (size_t i = 0; i < node->interface_count; i++)
		if (rw_node_is_member(model, node, &node->interfaces[i], scope->group->id))
			return true;
	return false;
}

/* ---- addresses by name ---- */

struct prefixes {
	struct rw_prefix *list;
	size_t count, capacity;
};

static int add(struct prefixes *prefixes, struct rw_prefix prefix)
{
	if (prefixes->count == prefixes->capacity) {
		size_t capacity = prefixes->capacity * 2 + 8;
		struct rw_prefix *bigger = realloc(prefixes->list, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		prefixes->list = bigger;
		prefixes->capacity = capacity;
	}
	prefixes->list[prefixes->count++] = prefix;
	return 0;
}

static int add_texts(struct prefixes *prefixes, const char *const *texts, size_t count)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		struct rw_prefix prefix;

		r = rw_prefix_parse(texts[i], &prefix, NULL);
		if (!r)
			r = add(prefixes, prefix);
	}
	return r;
}

static int add_everything(struct prefixes *prefixes)
{
	static const char *const texts[] = {"0.0.0.0/0", "::/0"};

	return add_texts(prefixes, texts, RW_ARRAY_COUNT(texts));
}

/* What no host in the internet has as its address (RFC 6890 and multicast), and the networks of the model. */
static int add_inner(const struct rw_model *model, struct prefixes *prefixes)
{
	static const char *const texts[] = {
		"0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",   "::/128",      "::1/128",
		"fc00::/7",      "fe80::/10",      "ff00::/8",
	};
	int r = add_texts(prefixes, texts, RW_ARRAY_COUNT(texts));

	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_NETWORK); i++) {
		const struct rw_network *network = rw_model_at(model, RW_KIND_NETWORK, i);

		for (size_t j = 0; !r && j < network->cidr_count; j++)
			r = add(prefixes, network->cidrs[j]);
	}
	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);

		for (size_t j = 0; !r && j < cluster->container_cidr_count; j++)
			r = add(prefixes, cluster->container_cidrs[j]);
	}
	return r;
}

/* Everything else, computed as a set; of one family, or of both (0). */
static int add_internet(const struct rw_model *model, unsigned int family, struct prefixes *prefixes,
			struct rw_error *err)
{
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	RW_CLEANUP(rw_boxes_done) struct rw_boxes boxes = {0};
	struct rw_set_box box = RW_SET_BOX_ANY;
	struct prefixes inner = {0};
	rw_set set;
	int r = rw_sets_new(0, &sets, err);

	if (!r)
		r = add_inner(model, &inner);
	box.remotes = inner.list;
	box.remote_count = inner.count;
	if (!r)
		r = rw_set_of_box(sets, &box, &set, err);
	if (!r)
		r = rw_set_subtract(sets, RW_SET_ALL, set, &set, err);
	if (!r)
		r = rw_set_boxes(sets, set, &boxes, err);
	for (size_t i = 0; !r && i < boxes.count; i++)
		for (size_t j = 0; !r && j < boxes.list[i].remote_count; j++)
			if (!family || boxes.list[i].remotes[j].address.family == family)
				r = add(prefixes, boxes.list[i].remotes[j]);
	free(inner.list);
	return r;
}

static int add_management(const struct rw_model *model, const char *field, const char *reference,
			  struct prefixes *prefixes, struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(model, reference);
	int r = 0;

	if (!cluster) {
		(void)rw_error_field(err, field, "there is no cluster '%s'", reference);
		if (err)
			err->code = -ENOENT;
		return -ENOENT;
	}
	for (size_t i = 0; !r && i < cluster->management_cidr_count; i++)
		r = add(prefixes, cluster->management_cidrs[i]);
	return r;
}

static int add_node(const struct rw_node *node, struct prefixes *prefixes)
{
	int r = 0;

	for (size_t i = 0; !r && i < node->interface_count; i++)
		for (size_t j = 0; !r && j < node->interfaces[i].address_count; j++)
			r = add(prefixes, rw_prefix_of_address(&node->interfaces[i].addresses[j]));
	return r;
}

static int add_members(const struct rw_model *model, const char *group, struct prefixes *prefixes)
{
	RW_CLEANUP(rw_members_free) struct rw_members *members = rw_members_new(model);
	RW_CLEANUP(rw_free) struct rw_prefix *list = NULL;
	size_t count = 0;
	int r = members ? rw_members_addresses(members, group, &list, &count) : -ENOMEM;

	for (size_t i = 0; !r && i < count; i++)
		r = add(prefixes, list[i]);
	return r;
}

static int add_named(const struct rw_model *model, const char *field, const char *text,
		     struct prefixes *prefixes, struct rw_error *err)
{
	const struct rw_prefix_list *list = rw_model_find_prefix_list(model, text);
	struct rw_scope scope;
	int r = 0;

	if (list) {
		for (size_t i = 0; !r && i < list->cidr_count; i++)
			r = add(prefixes, list->cidrs[i]);
		return r;
	}
	r = rw_scope_find(model, field, text, &scope, err);
	if (r < 0)
		return r;
	if (scope.node)
		return add_node(scope.node, prefixes);
	if (!scope.cluster && !scope.group)
		return rw_error_field(err, field, "is empty: name an address, a node, a group or \"any\"");
	return add_members(model, scope.cluster ? scope.cluster->security_group : scope.group->id, prefixes);
}

int rw_source_addresses(const struct rw_source *source, const char *field, const char *text,
			struct rw_prefix **ret_prefixes, size_t *ret_count, struct rw_error *err)
{
	struct prefixes prefixes = {0};
	struct rw_prefix prefix;
	int r;

	if (strcmp(text, "any") == 0)
		r = add_everything(&prefixes);
	else if (strcmp(text, "internet") == 0)
		r = add_internet(source->model, 0, &prefixes, err);
	else if (strcmp(text, "internet-4") == 0 || strcmp(text, "internet-6") == 0)
		r = add_internet(source->model, (unsigned int)(text[9] - '0'), &prefixes, err);
	else if (strncmp(text, "management:", 11) == 0)
		r = add_management(source->model, field, text + 11, &prefixes, err);
	else if (rw_prefix_parse(text, &prefix, NULL) == 0)
		r = add(&prefixes, prefix);
	else
		r = add_named(source->model, field, text, &prefixes, err);
	if (r < 0) {
		free(prefixes.list);
		return r == -ENOMEM ? rw_error_oom(err) : r;
	}
	*ret_prefixes = prefixes.list;
	*ret_count = prefixes.count;
	return 0;
}
