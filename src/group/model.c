/* SPDX-License-Identifier: Apache-2.0 */
#include "group/model.h"

#include <assert.h>
#include <string.h>

#include "base/array.h"

/* How every object begins; a promise has no name, a load balancer no time. */
struct head {
	unsigned int references;
	char id[RW_ID_SIZE];
	char *name;
	int64_t created_ms;
};

#define ASSERT_HEAD(type)                                                                                    \
	static_assert(offsetof(struct type, id) == offsetof(struct head, id) &&                              \
			      offsetof(struct type, name) == offsetof(struct head, name),                    \
		      "objects share their first fields")
ASSERT_HEAD(rw_network);
ASSERT_HEAD(rw_cluster);
ASSERT_HEAD(rw_node);
ASSERT_HEAD(rw_group);
ASSERT_HEAD(rw_prefix_list);
ASSERT_HEAD(rw_load_balancer);
static_assert(offsetof(struct rw_promise, id) == offsetof(struct head, id),
	      "objects share their first fields");

/*
 * The same objects in two orders; only by_id holds references.  Models that are copies of each other share a
 * table until one of them changes it: that one then makes a table of its own.
 */
struct table {
	unsigned int references; /* models */
	struct head **by_id;
	struct head **by_name; /* unused for promises */
	size_t count;
	size_t capacity;
};

struct rw_model {
	struct table *tables[RW_KIND_COUNT_]; /* references held; NULL = never filled */
};

static const struct table empty;

static const struct table *table_of(const struct rw_model *model, enum rw_kind kind)
{
	return model->tables[kind] ? model->tables[kind] : &empty;
}

static const char *const kind_names[RW_KIND_COUNT_] = {
	[RW_KIND_NETWORK] = "network",
	[RW_KIND_CLUSTER] = "cluster",
	[RW_KIND_NODE] = "node",
	[RW_KIND_GROUP] = "security group",
	[RW_KIND_PREFIX_LIST] = "prefix list",
	[RW_KIND_LOAD_BALANCER] = "load balancer",
	[RW_KIND_PROMISE] = "promise",
};

const char *rw_kind_name(enum rw_kind kind)
{
	return kind_names[kind];
}

static bool has_name(enum rw_kind kind)
{
	return kind != RW_KIND_PROMISE;
}

void *rw_object_ref(enum rw_kind kind, const void *object)
{
	struct head *counted = (struct head *)(uintptr_t)object;

	(void)kind;
	(void)__atomic_add_fetch(&counted->references, 1, __ATOMIC_RELAXED);
	return counted;
}

void *rw_object_unref(enum rw_kind kind, void *object)
{
	switch (kind) {
	case RW_KIND_NETWORK:
		return rw_network_unref(object);
	case RW_KIND_CLUSTER:
		return rw_cluster_unref(object);
	case RW_KIND_NODE:
		return rw_node_unref(object);
	case RW_KIND_GROUP:
		return rw_group_unref(object);
	case RW_KIND_PREFIX_LIST:
		return rw_prefix_list_unref(object);
	case RW_KIND_LOAD_BALANCER:
		return rw_load_balancer_unref(object);
	case RW_KIND_PROMISE:
		return rw_promise_unref(object);
	case RW_KIND_COUNT_:
		break;
	}
	assert(false);
	return NULL;
}

const char *rw_object_id(enum rw_kind kind, const void *object)
{
	(void)kind;
	return ((const struct head *)object)->id;
}

static bool keeps_created(enum rw_kind kind)
{
	static_assert(offsetof(struct rw_network, created_ms) == offsetof(struct head, created_ms), "head");
	static_assert(offsetof(struct rw_cluster, created_ms) == offsetof(struct head, created_ms), "head");
	static_assert(offsetof(struct rw_node, created_ms) == offsetof(struct head, created_ms), "head");
	static_assert(offsetof(struct rw_group, created_ms) == offsetof(struct head, created_ms), "head");
	static_assert(offsetof(struct rw_prefix_list, created_ms) == offsetof(struct head, created_ms),
		      "head");
	return kind != RW_KIND_LOAD_BALANCER && kind != RW_KIND_PROMISE;
}

int64_t rw_object_created(enum rw_kind kind, const void *object)
{
	return keeps_created(kind) ? ((const struct head *)object)->created_ms : 0;
}

void rw_object_set_created(enum rw_kind kind, void *object, int64_t unix_ms)
{
	if (keeps_created(kind))
		((struct head *)object)->created_ms = unix_ms;
}

const char *rw_object_name(enum rw_kind kind, const void *object)
{
	return has_name(kind) ? ((const struct head *)object)->name : NULL;
}

struct rw_model *rw_model_new(void)
{
	return calloc(1, sizeof(struct rw_model));
}

static void table_unref(enum rw_kind kind, struct table *table)
{
	if (!table || __atomic_sub_fetch(&table->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < table->count; i++)
		(void)rw_object_unref(kind, table->by_id[i]);
	free(table->by_id);
	free(table->by_name);
	free(table);
}

struct rw_model *rw_model_free(struct rw_model *model)
{
	if (!model)
		return NULL;
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++)
		table_unref(kind, model->tables[kind]);
	free(model);
	return NULL;
}

static bool reserve(struct table *table, size_t capacity)
{
	struct head **by_id;
	struct head **by_name;

	if (capacity <= table->capacity)
		return true;
	by_id = reallocarray(table->by_id, capacity, sizeof(*by_id));
	if (!by_id)
		return false;
	table->by_id = by_id;
	by_name = reallocarray(table->by_name, capacity, sizeof(*by_name));
	if (!by_name)
		return false;
	table->by_name = by_name;
	table->capacity = capacity;
	return true;
}

struct rw_model *rw_model_dup(const struct rw_model *model)
{
	struct rw_model *copy = rw_model_new();

	if (!copy)
		return NULL;
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++) {
		copy->tables[kind] = model->tables[kind];
		if (copy->tables[kind])
			(void)__atomic_add_fetch(&copy->tables[kind]->references, 1, __ATOMIC_RELAXED);
	}
	return copy;
}

/* A table of one model with the objects of 'from', and room. */
static struct table *copy_table(enum rw_kind kind, const struct table *from, size_t capacity)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->references = 1;
	if (!reserve(table, capacity)) {
		table_unref(kind, table);
		return NULL;
	}
	for (; table->count < from->count; table->count++)
		table->by_id[table->count] = rw_object_ref(kind, from->by_id[table->count]);
	if (has_name(kind) && from->count)
		memcpy(table->by_name, from->by_name, from->count * sizeof(*table->by_name));
	return table;
}

/* The model's own table, with room for one more object; NULL when memory runs out. */
static struct table *own_table(struct rw_model *model, enum rw_kind kind)
{
	struct table *table = model->tables[kind];
	size_t capacity = table && table->count < table->capacity ? table->capacity
								  : table_of(model, kind)->count * 2 + 8;
	struct table *copy;

	if (table && __atomic_load_n(&table->references, __ATOMIC_ACQUIRE) == 1)
		return reserve(table, capacity) ? table : NULL;
	copy = copy_table(kind, table_of(model, kind), capacity);
	if (!copy)
		return NULL;
	table_unref(kind, table);
	model->tables[kind] = copy;
	return copy;
}

static int compare_id(const void *id, const void *element)
{
	const struct head *const *head = element;

	return strcmp(id, (*head)->id);
}

static int compare_name(const void *name, const void *element)
{
	const struct head *const *head = element;

	return strcmp(name, (*head)->name);
}

/* Where 'id' stands or belongs in by_id. */
static size_t place_of_id(const struct table *table, const char *id)
{
	return rw_array_place(table->by_id, table->count, sizeof(struct head *), id, compare_id);
}

static size_t place_of_name(const struct table *table, const char *name)
{
	return rw_array_place(table->by_name, table->count, sizeof(struct head *), name, compare_name);
}

static struct head *find_id(const struct table *table, const char *id)
{
	size_t place = place_of_id(table, id);

	return place < table->count && strcmp(table->by_id[place]->id, id) == 0 ? table->by_id[place] : NULL;
}

static struct head *find_name(const struct table *table, const char *name)
{
	size_t place = place_of_name(table, name);

	return place < table->count && strcmp(table->by_name[place]->name, name) == 0 ? table->by_name[place]
										      : NULL;
}

const void *rw_model_find(const struct rw_model *model, enum rw_kind kind, const char *reference)
{
	const struct table *table = table_of(model, kind);
	const struct head *found = find_id(table, reference);

	if (!found && has_name(kind))
		found = find_name(table, reference);
	return found;
}

const struct rw_network *rw_model_find_network(const struct rw_model *model, const char *reference)
{
	return rw_model_find(model, RW_KIND_NETWORK, reference);
}

const struct rw_cluster *rw_model_find_cluster(const struct rw_model *model, const char *reference)
{
	return rw_model_find(model, RW_KIND_CLUSTER, reference);
}

const struct rw_node *rw_model_find_node(const struct rw_model *model, const char *reference)
{
	return rw_model_find(model, RW_KIND_NODE, reference);
}

const struct rw_group *rw_model_find_group(const struct rw_model *model, const char *reference)
{
	return rw_model_find(model, RW_KIND_GROUP, reference);
}

const struct rw_prefix_list *rw_model_find_prefix_list(const struct rw_model *model, const char *reference)
{
	return rw_model_find(model, RW_KIND_PREFIX_LIST, reference);
}

const struct rw_load_balancer *rw_model_find_load_balancer(const struct rw_model *model,
							   const char *reference)
{
	return rw_model_find(model, RW_KIND_LOAD_BALANCER, reference);
}

size_t rw_model_count(const struct rw_model *model, enum rw_kind kind)
{
	return table_of(model, kind)->count;
}

const void *rw_model_at(const struct rw_model *model, enum rw_kind kind, size_t index)
{
	assert(index < table_of(model, kind)->count);
	return model->tables[kind]->by_id[index];
}

bool rw_model_shares(const struct rw_model *a, const struct rw_model *b, enum rw_kind kind)
{
	return a->tables[kind] == b->tables[kind];
}

static void insert(struct head **array, size_t count, size_t place, struct head *object)
{
	memmove(array + place + 1, array + place, (count - place) * sizeof(*array));
	array[place] = object;
}

static void erase(struct head **array, size_t count, size_t place)
{
	memmove(array + place, array + place + 1, (count - place - 1) * sizeof(*array));
}

/* From a table that is its model's own. */
static void remove_at(enum rw_kind kind, struct table *table, size_t place)
{
	struct head *object = table->by_id[place];

	if (has_name(kind))
		erase(table->by_name, table->count, place_of_name(table, object->name));
	erase(table->by_id, table->count, place);
	table->count--;
	(void)rw_object_unref(kind, object);
}

int rw_model_put(struct rw_model *model, enum rw_kind kind, void *object, struct rw_error *err)
{
	struct head *head = object;
	struct table *table;

	assert(head->id[0] && (!has_name(kind) || head->name));
	if (has_name(kind)) {
		const struct head *namesake = find_name(table_of(model, kind), head->name);

		if (namesake && strcmp(namesake->id, head->id) != 0) {
			(void)rw_error_set(err, -EEXIST, "the name \"%s\" is taken by %s %s", head->name,
					   rw_kind_name(kind), namesake->id);
			if (err)
				(void)memcpy(err->field, "name", sizeof("name"));
			(void)rw_error_hint(err, "Choose another name.");
			(void)rw_object_unref(kind, object);
			return -EEXIST;
		}
	}
	table = own_table(model, kind);
	if (!table) {
		(void)rw_object_unref(kind, object);
		return rw_error_oom(err);
	}
	if (find_id(table, head->id))
		remove_at(kind, table, place_of_id(table, head->id));
	if (has_name(kind))
		insert(table->by_name, table->count, place_of_name(table, head->name), head);
	insert(table->by_id, table->count, place_of_id(table, head->id), head);
	table->count++;
	return 0;
}

int rw_model_remove(struct rw_model *model, enum rw_kind kind, const char *id)
{
	struct table *table;

	if (!find_id(table_of(model, kind), id))
		return 0;
	table = own_table(model, kind);
	if (!table)
		return -ENOMEM;
	remove_at(kind, table, place_of_id(table, id));
	return 1;
}
