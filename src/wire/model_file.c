/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/model_file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "group/validate.h"
#include "wire/object.h"

static const struct {
	const char *key;
	const char *id_prefix;
} tables[RW_KIND_COUNT_] = {
	[RW_KIND_NETWORK] = {"networks", "vpc-"},
	[RW_KIND_CLUSTER] = {"clusters", "c"},
	[RW_KIND_NODE] = {"nodes", "n-"},
	[RW_KIND_GROUP] = {"security_groups", "sg-"},
	[RW_KIND_PREFIX_LIST] = {"prefix_lists", "pl-"},
	[RW_KIND_LOAD_BALANCER] = {"load_balancers", "lb-"},
	[RW_KIND_PROMISE] = {"promises", "pr-"},
};

int rw_model_file_encode(struct rw_buf *buf, const struct rw_model *model, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, true);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_MODEL_FILE_VERSION);
	for (unsigned int kind = 0; kind < RW_KIND_COUNT_; kind++) {
		rw_json_key(&json, tables[kind].key);
		rw_json_begin_array(&json);
		for (size_t i = 0; i < rw_model_count(model, (enum rw_kind)kind); i++)
			rw_object_encode(&json, (enum rw_kind)kind,
					 rw_model_at(model, (enum rw_kind)kind, i));
		rw_json_end_array(&json);
	}
	rw_json_end_object(&json);
	(void)rw_buf_append(buf, "\n", 1);
	return rw_buf_check(buf, err);
}

/* ---- reading ---- */

/* One file being read. */
struct reading {
	struct rw_json root;
	struct rw_json arrays[RW_KIND_COUNT_]; /* node NULL = absent */
	struct rw_map ids[RW_KIND_COUNT_];     /* id -> id */
	struct rw_map names[RW_KIND_COUNT_];   /* name -> id */
	struct rw_resolver resolver;
	struct rw_model *model;
	const struct rw_limits *limits; /* borrowed; NULL = the defaults */
};

static void reading_done(struct reading *reading)
{
	for (unsigned int kind = 0; kind < RW_KIND_COUNT_; kind++) {
		rw_map_done(&reading->ids[kind]);
		rw_map_done(&reading->names[kind]);
	}
	reading->model = rw_model_free(reading->model);
}
RW_DEFINE_DONE(struct reading, reading_done)

static int resolve_in_file(const struct rw_resolver *resolver, enum rw_kind kind, const char *reference,
			   char ret_id[RW_ID_SIZE])
{
	const struct reading *reading = resolver->data;
	const char *id = rw_map_find(&reading->ids[kind], reference);

	if (!id)
		id = rw_map_find(&reading->names[kind], reference);
	if (!id)
		return -ENOENT;
	strcpy(ret_id, id);
	return 0;
}

/* The id of an object of which the file names none: made from what makes it what it is. */
static void derive_id(const char *prefix, const char *meaning, size_t size, char ret_id[RW_ID_SIZE])
{
	uint64_t first = rw_hash_bytes(meaning, size, 0);
	uint64_t second = rw_hash_bytes(meaning, size, 1);

	if (strcmp(prefix, tables[RW_KIND_CLUSTER].id_prefix) == 0)
		(void)snprintf(ret_id, RW_ID_SIZE, "%s%016" PRIx64 "%016" PRIx64, prefix, first, second);
	else
		(void)snprintf(ret_id, RW_ID_SIZE, "%s%016" PRIx64, prefix, first);
}

/* The id of a named object as the file gives it, or made from its name. */
static int read_id(const struct rw_json *object, enum rw_kind kind, const char *name, char ret_id[RW_ID_SIZE],
		   struct rw_error *err)
{
	struct slot {
		char id[RW_ID_SIZE];
	} slot;
	static const struct rw_json_field field = RW_JSON_FIELD("id", struct slot, id, rw_json_decode_id);
	struct rw_json member;
	int r;

	if (!rw_json_find(object, "id", &member)) {
		derive_id(tables[kind].id_prefix, name, strlen(name), ret_id);
		return 0;
	}
	r = rw_json_decode_id(&member, &field, &slot, NULL, err);
	if (r == 0)
		memcpy(ret_id, slot.id, RW_ID_SIZE);
	return r;
}

static int put_unique(struct rw_map *map, const char *key, const char *id, const struct rw_json *object,
		      const char *what, struct rw_error *err)
{
	char quoted[64];
	char *copy;

	if (rw_map_find(map, key)) {
		rw_json_quote(key, quoted, sizeof(quoted));
		return rw_json_refuse(object, err, "a second object has the %s \"%s\"", what, quoted);
	}
	copy = strdup(id);
	if (!copy || rw_map_set(map, key, copy) < 0) {
		free(copy);
		return rw_error_oom(err);
	}
	return 0;
}

/* Enters ids and names of one table, so that references to objects further down can be resolved. */
static int index_table(struct reading *reading, enum rw_kind kind, struct rw_error *err)
{
	const struct rw_json *array = &reading->arrays[kind];

	for (size_t i = 0; i < rw_json_count(array); i++) {
		struct rw_json object = rw_json_at(array, i);
		struct rw_json member;
		char id[RW_ID_SIZE];
		const char *name;
		int r;

		r = rw_json_expect_object(&object, err);
		if (r < 0)
			return r;
		if (kind == RW_KIND_PROMISE)
			continue;
		if (!rw_json_find(&object, "name", &member)) {
			member = (struct rw_json){.parent = &object, .key = "name"};
			return rw_json_refuse(&member, err, "is missing");
		}
		r = rw_json_text(&member, RW_WIRE_NAME_MAX, &name, err);
		if (r == 0)
			r = read_id(&object, kind, name, id, err);
		if (r == 0)
			r = put_unique(&reading->ids[kind], id, id, &object, "id", err);
		if (r == 0)
			r = put_unique(&reading->names[kind], name, id, &object, "name", err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What decides, as text: the meaning of which an id is made. */
static int name_rule(struct rw_rule *rule, const char *group, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf meaning;
	struct rw_json_writer json;

	rw_buf_init(&meaning, 4096);
	(void)rw_buf_append_text(&meaning, group);
	rw_json_writer_init(&json, &meaning, false);
	rw_rule_encode_core(&json, rule);
	/* Anything a rule can say fits. */
	if (meaning.failed)
		return rw_error_oom(err);
	derive_id("sgr-", meaning.data, meaning.size, rule->id);
	return 0;
}

static int compare_rules(const void *a, const void *b)
{
	return strcmp((*(struct rw_rule *const *)a)->id, (*(struct rw_rule *const *)b)->id);
}

/* Brings the rules of a group to their stored form, names those without id and sorts them again. */
static int finish_rules(const struct reading *reading, const struct rw_json *value, struct rw_group *group,
			struct rw_error *err)
{
	const struct rw_network *network = rw_model_find_network(reading->model, group->network);
	struct rw_json rules = {.parent = value, .key = "rules"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < group->rule_count; i++) {
		struct rw_rule *rule = group->rules[i];

		if (network)
			r = rw_rule_normalise(rule, network->kind, err);
		if (r == 0 && !rule->id[0])
			r = name_rule(rule, group->id, err);
	}
	if (r < 0)
		return r;
	if (group->rule_count)
		qsort(group->rules, group->rule_count, sizeof(struct rw_rule *), compare_rules);
	for (size_t i = 1; i < group->rule_count; i++)
		if (strcmp(group->rules[i]->id, group->rules[i - 1]->id) == 0)
			return rw_json_refuse(&rules, err,
					      "two rules without id say the same, or share an id");
	return 0;
}

/* A group may leave it to its cluster to say that it is the managed one. */
static void find_manager(const struct reading *reading, struct rw_group *group)
{
	for (size_t i = 0; !group->managed_by[0] && i < rw_model_count(reading->model, RW_KIND_CLUSTER);
	     i++) {
		const struct rw_cluster *cluster = rw_model_at(reading->model, RW_KIND_CLUSTER, i);

		if (strcmp(cluster->security_group, group->id) == 0)
			strcpy(group->managed_by, cluster->id);
	}
}

/* And a cluster may leave it to its group. */
static void find_managed_group(const struct reading *reading, struct rw_cluster *cluster)
{
	const struct rw_json *groups = &reading->arrays[RW_KIND_GROUP];

	for (size_t i = 0; !cluster->security_group[0] && i < rw_json_count(groups); i++) {
		struct rw_json group = rw_json_at(groups, i);
		struct rw_json member;
		char manager[RW_ID_SIZE];
		const char *text;

		if (!rw_json_find(&group, "managed_by", &member) ||
		    rw_json_text(&member, RW_WIRE_NAME_MAX, &text, NULL) < 0 ||
		    resolve_in_file(&reading->resolver, RW_KIND_CLUSTER, text, manager) < 0 ||
		    strcmp(manager, cluster->id) != 0)
			continue;
		if (rw_json_find(&group, "name", &member) &&
		    rw_json_text(&member, RW_WIRE_NAME_MAX, &text, NULL) == 0)
			(void)read_id(&group, RW_KIND_GROUP, text, cluster->security_group, NULL);
	}
}

static int finish_group(const struct reading *reading, const struct rw_json *value, struct rw_group *group,
			struct rw_error *err)
{
	const struct rw_network *network = rw_model_find_network(reading->model, group->network);
	struct rw_json member;

	if (network && network->is_public && !rw_json_find(value, "inner_access", &member))
		group->inner_access = RW_VERDICT_DROP;
	find_manager(reading, group);
	return finish_rules(reading, value, group, err);
}

static int finish_promise(struct rw_promise *promise, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf meaning;
	struct rw_json_writer json;

	rw_buf_init(&meaning, 8192);
	if (promise->id[0])
		return 0;
	rw_json_writer_init(&json, &meaning, false);
	rw_promise_encode(&json, promise);
	if (meaning.failed)
		return rw_error_oom(err);
	derive_id(tables[RW_KIND_PROMISE].id_prefix, meaning.data, meaning.size, promise->id);
	return 0;
}

static void finish_node(const struct reading *reading, struct rw_node *node)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(reading->model, node->cluster) : NULL;

	if (cluster && !node->network[0])
		strcpy(node->network, cluster->network);
}

/* Fills in what a file may leave open and an object in a model may not. */
static int finish(const struct reading *reading, enum rw_kind kind, const struct rw_json *value, void *object,
		  struct rw_error *err)
{
	struct rw_json name;
	const char *text;

	/* All kinds but promises begin alike, see group/model.h: their id is what the index has. */
	if (kind == RW_KIND_PROMISE)
		return finish_promise(object, err);
	if (rw_json_find(value, "name", &name) && rw_json_text(&name, RW_WIRE_NAME_MAX, &text, NULL) == 0)
		(void)read_id(value, kind, text, ((struct rw_network *)object)->id, NULL);
	switch (kind) {
	case RW_KIND_CLUSTER:
		find_managed_group(reading, object);
		return 0;
	case RW_KIND_NODE:
		finish_node(reading, object);
		return 0;
	case RW_KIND_GROUP:
		return finish_group(reading, value, object, err);
	default:
		return 0;
	}
}

static int read_object(struct reading *reading, enum rw_kind kind, const struct rw_json *value,
		       struct rw_error *err)
{
	void *object = NULL;
	int r;

	r = rw_object_decode(value, kind, &reading->resolver, &object, err);
	if (r < 0)
		return r;
	r = finish(reading, kind, value, object, err);
	if (r == 0 && kind == RW_KIND_PROMISE) {
		const char *id = rw_object_id(kind, object);

		r = put_unique(&reading->ids[kind], id, id, value, "id", err);
	}
	if (r < 0) {
		(void)rw_object_unref(kind, object);
		return r;
	}
	r = rw_model_put(reading->model, kind, object, err);
	if (r < 0)
		(void)rw_json_locate(value, err);
	return r;
}

static int read_table(struct reading *reading, enum rw_kind kind, struct rw_error *err)
{
	const struct rw_json *array = &reading->arrays[kind];

	for (size_t i = 0; i < rw_json_count(array); i++) {
		struct rw_json value = rw_json_at(array, i);
		int r = read_object(reading, kind, &value, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Finds the tables; anything else but the version is an error. */
static int find_tables(struct reading *reading, struct rw_error *err)
{
	struct rw_json member;
	void *cursor = NULL;
	int r;

	while (rw_json_next(&reading->root, &cursor, &member)) {
		unsigned int kind = 0;

		if (strcmp(member.key, "version") == 0)
			continue;
		while (kind < RW_KIND_COUNT_ && strcmp(member.key, tables[kind].key) != 0)
			kind++;
		if (kind == RW_KIND_COUNT_) {
			(void)rw_json_refuse(&member, err, "unknown field");
			(void)rw_error_hint(
				err, "The fields are: version, networks, clusters, nodes, security_groups, "
				     "prefix_lists, load_balancers, promises.");
			return -EINVAL;
		}
		r = rw_json_expect_array(&member, SIZE_MAX, err);
		if (r < 0)
			return r;
		reading->arrays[kind] = member;
	}
	return 0;
}

/* Leads the error of a whole model back to the place in the file. */
static int validate(struct reading *reading, struct rw_error *err)
{
	struct rw_validate_where where = {.kind = RW_KIND_COUNT_};
	int r = rw_validate_model(reading->model, reading->limits, &where, err);

	if (r == 0 || !err || where.kind >= RW_KIND_COUNT_ || !where.id[0])
		return r;
	for (size_t i = 0; i < rw_json_count(&reading->arrays[where.kind]); i++) {
		struct rw_json value = rw_json_at(&reading->arrays[where.kind], i);
		struct rw_json name;
		char id[RW_ID_SIZE] = "";
		const char *text = "";

		if (rw_json_find(&value, "name", &name) &&
		    rw_json_text(&name, RW_WIRE_NAME_MAX, &text, NULL) < 0)
			continue;
		if (read_id(&value, where.kind, text, id, NULL) == 0 && strcmp(id, where.id) == 0) {
			(void)rw_json_locate(&value, err);
			return r;
		}
	}
	(void)rw_error_field_prefix(err, "%s[%s]", tables[where.kind].key, where.id);
	return r;
}

static int read_model(struct reading *reading, struct rw_error *err)
{
	int r;

	r = find_tables(reading, err);
	for (unsigned int kind = 0; r == 0 && kind < RW_KIND_COUNT_; kind++)
		if (reading->arrays[kind].node)
			r = index_table(reading, (enum rw_kind)kind, err);
	for (unsigned int kind = 0; r == 0 && kind < RW_KIND_COUNT_; kind++)
		if (reading->arrays[kind].node)
			r = read_table(reading, (enum rw_kind)kind, err);
	if (r == 0)
		r = validate(reading, err);
	return r;
}

int rw_model_file_decode_within(const char *text, size_t size, const struct rw_limits *limits,
				struct rw_model **ret_model, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(reading_done) struct reading reading = {.limits = limits};
	int r;

	for (unsigned int kind = 0; kind < RW_KIND_COUNT_; kind++) {
		rw_map_init(&reading.ids[kind], kind, free);
		rw_map_init(&reading.names[kind], kind, free);
	}
	r = rw_json_parse(text, size, RW_JSON_MODEL_MAX, &document, err);
	if (r < 0)
		return r;
	reading.root = rw_json_root(document);
	r = rw_json_expect_object(&reading.root, err);
	if (r == 0)
		r = rw_json_check_version(&reading.root, "the model file", RW_MODEL_FILE_VERSION, err);
	if (r < 0)
		return r;
	reading.model = rw_model_new();
	if (!reading.model)
		return rw_error_oom(err);
	reading.resolver = (struct rw_resolver){.resolve = resolve_in_file, .data = &reading};
	r = read_model(&reading, err);
	if (r < 0)
		return r;
	*ret_model = RW_TAKE_PTR(reading.model);
	return 0;
}

int rw_model_file_decode(const char *text, size_t size, struct rw_model **ret_model, struct rw_error *err)
{
	return rw_model_file_decode_within(text, size, NULL, ret_model, err);
}
