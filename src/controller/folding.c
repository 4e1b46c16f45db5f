/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

/*
 * A fold collects what a batch wrote and then makes the model after it in one step.  Two things need the
 * whole batch: a group is put together from its head and its pages, and names may pass from one object to
 * another, so everything touched leaves the model before anything enters it.
 */

struct entry {
	enum rw_kind kind;
	char id[RW_ID_SIZE];
	void *object; /* reference; NULL = deleted */
	uint64_t revision;
};

struct page {
	bool given;
	struct rw_rule **rules; /* references */
	size_t count;
};

struct group_entry {
	char id[RW_ID_SIZE];
	bool head_given;
	struct rw_group *head; /* reference, without rules; NULL with head_given = deleted */
	uint64_t revision;
	struct page pages[RW_LAYOUT_RULE_PAGES];
};

struct folding {
	struct rw_controller *controller;
	struct inventory *inventory; /* what is folded: the controller's, or a past one of its own */
	uint64_t at;                 /* of a past one: its revision; 0 = now */
	struct rw_vec entries;       /* of struct entry */
	struct rw_map groups;        /* id -> struct group_entry * */
	struct rw_vec agents;        /* of char[RW_ID_SIZE] */
	bool was_said;               /* a change was among it, and 'established' is what it says */
	enum rw_established established;
};

static void release_rules(struct rw_rule **rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)rw_rule_unref(rules[i]);
	free(rules);
}

static void group_entry_free(void *value)
{
	struct group_entry *group = value;

	for (size_t i = 0; i < RW_LAYOUT_RULE_PAGES; i++)
		release_rules(group->pages[i].rules, group->pages[i].count);
	if (group->head)
		(void)rw_group_unref(group->head);
	free(group);
}

struct folding *folding_new(struct rw_controller *controller)
{
	struct folding *folding = calloc(1, sizeof(*folding));

	if (!folding)
		return NULL;
	folding->controller = controller;
	folding->inventory = &controller->inventory;
	rw_vec_init(&folding->entries, sizeof(struct entry), SIZE_MAX / 2);
	rw_vec_init(&folding->agents, RW_ID_SIZE, SIZE_MAX / 2);
	rw_map_init(&folding->groups, controller->map_seed, group_entry_free);
	return folding;
}

struct folding *folding_new_past(struct rw_controller *controller, struct inventory *inventory, uint64_t at)
{
	struct folding *folding = folding_new(controller);

	if (!folding)
		return NULL;
	folding->inventory = inventory;
	folding->at = at;
	return folding;
}

struct folding *folding_free(struct folding *folding)
{
	if (!folding)
		return NULL;
	for (size_t i = 0; i < folding->entries.count; i++) {
		struct entry *entry = rw_vec_at(&folding->entries, i);

		if (entry->object)
			(void)rw_object_unref(entry->kind, entry->object);
	}
	rw_vec_done(&folding->entries);
	rw_vec_done(&folding->agents);
	rw_map_done(&folding->groups);
	free(folding);
	return NULL;
}

static int find_group_entry(struct folding *folding, const char *id, struct group_entry **ret_group)
{
	struct group_entry *group = rw_map_find(&folding->groups, id);
	int r;

	if (!group) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return -ENOMEM;
		(void)strcpy(group->id, id);
		r = rw_map_set(&folding->groups, id, group);
		if (r < 0) {
			free(group);
			return r;
		}
	}
	*ret_group = group;
	return 0;
}

static int add_object(struct folding *folding, enum rw_kind kind, const char *id, const struct rw_json *value,
		      uint64_t revision, struct rw_error *err)
{
	struct rw_json member;
	struct entry *entry;
	void *object = NULL;
	int r;

	if (value) {
		if (!rw_json_find(value, "object", &member))
			return rw_error_set(err, -EUCLEAN, "a stored object is missing");
		r = rw_object_decode(&member, kind, NULL, &object, err);
		if (r < 0)
			return r;
		if (strcmp(rw_object_id(kind, object), id) != 0) {
			(void)rw_object_unref(kind, object);
			return rw_error_set(err, -EUCLEAN, "a stored object has another id than its key");
		}
	}
	if (kind == RW_KIND_GROUP) {
		struct group_entry *group;

		r = find_group_entry(folding, id, &group);
		if (r < 0) {
			if (object)
				(void)rw_object_unref(kind, object);
			return rw_error_oom(err);
		}
		if (group->head)
			(void)rw_group_unref(group->head);
		group->head_given = true;
		group->head = object;
		group->revision = revision;
		return 0;
	}
	r = rw_vec_push(&folding->entries, &entry);
	if (r < 0) {
		if (object)
			(void)rw_object_unref(kind, object);
		return rw_error_oom(err);
	}
	*entry = (struct entry){.kind = kind, .object = object, .revision = revision};
	(void)strcpy(entry->id, id);
	return 0;
}

struct page_value {
	struct rw_rule **rules;
	size_t count;
};

static int add_page(struct folding *folding, const char *rest, const struct rw_json *value, uint64_t revision,
		    struct rw_error *err)
{
	static const struct rw_json_field field = {
		.name = "rules",
		.decode = rw_json_decode_rules,
		.offset = offsetof(struct page_value, rules),
		.size = sizeof(struct rw_rule **),
		.count_offset = offsetof(struct page_value, count),
		.max = RW_WIRE_RULES_MAX,
	};
	const char *slash = strchr(rest, '/');
	char id[RW_ID_SIZE];
	char *end;
	unsigned long number;
	struct page_value page = {0};
	struct group_entry *group;
	int r;

	if (!slash || slash - rest >= RW_ID_SIZE)
		return rw_error_set(err, -EUCLEAN, "a stored page of rules has a bad key");
	(void)memcpy(id, rest, (size_t)(slash - rest));
	id[slash - rest] = '\0';
	number = strtoul(slash + 1, &end, 16);
	if (end == slash + 1 || *end || number >= RW_LAYOUT_RULE_PAGES)
		return rw_error_set(err, -EUCLEAN, "a stored page of rules has a bad number");
	if (value) {
		struct rw_json rules;

		if (!rw_json_find(value, "rules", &rules))
			return rw_error_set(err, -EUCLEAN, "a stored page has no rules");
		r = field.decode(&rules, &field, &page, NULL, err);
		if (r < 0) {
			release_rules(page.rules, page.count);
			return r;
		}
	}
	r = find_group_entry(folding, id, &group);
	if (r < 0) {
		release_rules(page.rules, page.count);
		return rw_error_oom(err);
	}
	release_rules(group->pages[number].rules, group->pages[number].count);
	group->pages[number] = (struct page){.given = true, .rules = page.rules, .count = page.count};
	if (group->revision < revision)
		group->revision = revision;
	return 0;
}

static int fold_sequence(struct inventory *inventory, const struct rw_json *value, uint64_t revision,
			 struct rw_error *err)
{
	struct rw_json audit;

	if (!value || !rw_json_find(value, "audit", &audit))
		return rw_error_set(err, -EUCLEAN, "the audit sequence is missing");
	inventory->sequence_revision = revision;
	return rw_json_revision(&audit, &inventory->audit_sequence, err);
}

/*
 * At which revision the pages of a change that became valid at 'revision' are read.  Not now: whoever follows late
 * finds them gone, and would take the change up in the chunks by which it was carried out.
 */
static uint64_t pages_at(const struct folding *folding, uint64_t revision)
{
	if (folding->at)
		return folding->at;
	return revision < rw_store_compacted_revision(folding->controller->store) ? 0 : revision;
}

static int fold_staged(struct folding *folding, const struct rw_json *value, uint64_t revision,
		       struct rw_error *err)
{
	struct inventory *inventory = folding->inventory;
	struct rw_json member;
	const char *id;
	int r;

	if (!value) {
		inventory->staged_revision = 0;
		inventory->staged_id[0] = '\0';
		return 0;
	}
	if (!rw_json_find(value, "change", &member))
		return rw_error_set(err, -EUCLEAN, "the staged change is missing");
	r = rw_json_text(&member, RW_ID_SIZE - 1, &id, err);
	if (r < 0)
		return r;
	inventory->staged_revision = revision;
	if (strcmp(inventory->staged_id, id) == 0)
		return 0; /* a chunk of one that is folded already */
	(void)strcpy(inventory->staged_id, id);
	return staged_apply(folding->controller, folding, id, pages_at(folding, revision), revision, err);
}

/* The text at 'key' in 'parent', or "". */
static const char *text_at(const struct rw_json *parent, const char *key)
{
	struct rw_json member;
	const char *text;

	if (!rw_json_find(parent, key, &member) || rw_json_text(&member, RW_ACTOR_NAME_SIZE, &text, NULL) < 0)
		return "";
	return text;
}

enum rw_established folding_established(const struct folding *folding)
{
	return folding->established;
}

/* What is said of live flows; changes that are folded together are put in force together. */
static void fold_established(struct folding *folding, const struct rw_json *value)
{
	int found = rw_word_find(rw_words_established, text_at(value, "established"));
	enum rw_established said = found < 0 ? RW_ESTABLISHED_CUT : (enum rw_established)found;

	folding->established = folding->was_said ? rw_established_both(folding->established, said) : said;
	folding->was_said = true;
}

/* A change that another controller made: here, too, followers and repeated requests must know of it. */
static int fold_audit(struct folding *folding, const struct rw_json *value, uint64_t revision)
{
	struct rw_controller *controller = folding->controller;
	struct rw_json actor;

	if (!value)
		return 0;
	fold_established(folding, value);
	idempotency_fold(controller, value);
	if (rw_json_find(value, "actor", &actor))
		event_add(controller,
			  &(struct rw_event){.kind = RW_EVENT_CHANGE,
					     .revision = revision,
					     .text = (char *)(uintptr_t)text_at(value, "action"),
					     .actor = (char *)(uintptr_t)text_at(&actor, "name")},
			  NULL);
	return 0;
}

static int fold_agent(struct folding *folding, const char *id, const struct rw_json *value,
		      struct rw_error *err)
{
	char(*slot)[RW_ID_SIZE];

	if (rw_vec_push(&folding->agents, &slot) < 0)
		return rw_error_oom(err);
	(void)strcpy(*slot, id);
	return node_fold_agent(folding->controller, id, value, err);
}

/* The rest of 'key' behind 'prefix', when it begins with it and the rest fits an id. */
static const char *behind(const char *key, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(key, prefix, length) == 0 && key[length] ? key + length : NULL;
}

/* What stands beside the model: of a past state it is left out.  False when the key is none of these. */
static bool fold_beside(struct folding *folding, const char *key, const struct rw_json *value,
			uint64_t revision, int *ret_result, struct rw_error *err)
{
	struct rw_controller *controller = folding->controller;
	bool is_past = folding->at != 0;
	const char *rest;

	if ((rest = behind(key, RW_LAYOUT_AUDIT)))
		*ret_result = is_past ? 0 : fold_audit(folding, value, revision);
	else if ((rest = behind(key, RW_LAYOUT_KEYS)))
		*ret_result = is_past ? 0 : key_fold(controller, rest, value, err);
	else if ((rest = behind(key, RW_LAYOUT_TOKENS)))
		*ret_result = is_past ? 0 : token_fold(controller, rest, value, err);
	else if ((rest = behind(key, RW_LAYOUT_SUPPRESSIONS)))
		*ret_result = is_past ? 0 : suppression_fold(controller, rest, value, err);
	else if ((rest = behind(key, RW_LAYOUT_AGENTS)))
		*ret_result = is_past ? 0 : fold_agent(folding, rest, value, err);
	return rest != NULL;
}

static int refuse_unfinished(struct rw_error *err)
{
	(void)rw_error_set(err, -EUCLEAN, "a restore into this store was cut off");
	(void)rw_error_hint(err, "Empty the store and the state folder, and restore again.");
	return -EUCLEAN;
}

int folding_add_json(struct folding *folding, const char *key, const struct rw_json *value, uint64_t revision,
		     struct rw_error *err)
{
	const char *rest;
	int r;

	if (behind(key, RW_LAYOUT_STAGED_PAGES))
		return 0;
	if (value) {
		r = layout_check_version(value, err);
		if (r < 0)
			return r;
	}
	if (strcmp(key, RW_LAYOUT_SEQUENCE) == 0)
		return fold_sequence(folding->inventory, value, revision, err);
	if (strcmp(key, RW_LAYOUT_ACCOUNT) == 0)
		return folding->at ? 0 : account_fold(folding->controller, value, err);
	if (strcmp(key, RW_LAYOUT_FIRST_KEY) == 0)
		return folding->at ? 0 : first_key_fold(folding->controller, value, err);
	if (strcmp(key, RW_LAYOUT_RESTORING) == 0)
		return value ? refuse_unfinished(err) : 0;
	if (strcmp(key, RW_LAYOUT_PROBE) == 0)
		return 0; /* nobody reads it */
	if (strcmp(key, RW_LAYOUT_AUTHORITY) == 0 || behind(key, RW_LAYOUT_TIGHTENINGS))
		return 0; /* read when it is needed */
	if (strcmp(key, RW_LAYOUT_STAGED) == 0)
		return fold_staged(folding, value, revision, err);
	if ((rest = behind(key, RW_LAYOUT_RULES)))
		return add_page(folding, rest, value, revision, err);
	if (strlen(key) >= RW_LAYOUT_KEY_SIZE || strlen(strrchr(key, '/') + 1) >= RW_ID_SIZE)
		return rw_error_set(err, -EUCLEAN, "a key of the store is too long");
	if (fold_beside(folding, key, value, revision, &r, err))
		return r;
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++) {
		if ((rest = behind(key, rw_layout_prefix(kind))))
			return add_object(folding, kind, rest, value, revision, err);
	}
	return rw_error_set(err, -EPROTO, "the store holds a key of a newer version");
}

int folding_add(struct folding *folding, const char *key, const char *value, size_t size, uint64_t revision,
		struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	int r;

	if (!value) {
		r = folding_add_json(folding, key, NULL, revision, err);
	} else if (behind(key, RW_LAYOUT_STAGED_PAGES)) {
		return 0;
	} else {
		r = rw_json_parse(value, size, RW_STORE_MAX_TXN_BYTES, &document, err);
		if (r == 0) {
			root = rw_json_root(document);
			r = folding_add_json(folding, key, &root, revision, err);
		}
	}
	if (r < 0 && err) {
		if (r == -EINVAL)
			err->code = r = -EUCLEAN;
		(void)rw_error_wrap(err, "%s", key);
	}
	return r;
}

static int compare_rules(const void *a, const void *b)
{
	const struct rw_rule *const *left = a;
	const struct rw_rule *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

/* The group after: head (new, or the old one's), old rules of untouched pages, rules of the given ones. */
static struct rw_group *build_group(struct group_entry *entry, const struct rw_group *old)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	struct rw_rule **rules;
	size_t count = 0;
	size_t room = old ? old->rule_count : 0;

	group = entry->head ? RW_TAKE_PTR(entry->head) : rw_group_dup(old);
	if (!group)
		return NULL;
	for (size_t i = 0; i < RW_LAYOUT_RULE_PAGES; i++)
		room += entry->pages[i].count;
	rules = calloc(room ? room : 1, sizeof(struct rw_rule *));
	if (!rules)
		return NULL;
	for (size_t i = 0; old && i < old->rule_count; i++) {
		if (!entry->pages[rw_layout_page_of(old->rules[i]->id)].given)
			rules[count++] = rw_rule_ref(old->rules[i]);
	}
	for (size_t i = 0; i < RW_LAYOUT_RULE_PAGES; i++) {
		struct page *page = &entry->pages[i];

		for (size_t k = 0; k < page->count; k++)
			rules[count++] = page->rules[k];
		page->count = 0; /* the references have moved */
	}
	if (count)
		qsort(rules, count, sizeof(struct rw_rule *), compare_rules);
	release_rules(group->rules, group->rule_count);
	group->rules = rules;
	group->rule_count = count;
	return RW_TAKE_PTR(group);
}

/* Turns what was collected of groups into entries. */
static int finish_groups(struct folding *folding, struct rw_error *err)
{
	const struct rw_model *base = folding->inventory->model;
	size_t cursor = 0;
	void *value;
	int r;

	while (rw_map_next(&folding->groups, &cursor, NULL, &value)) {
		struct group_entry *group = value;
		const struct rw_group *old = rw_model_find(base, RW_KIND_GROUP, group->id);
		struct entry *entry;
		struct rw_group *after = NULL;

		if (old && strcmp(old->id, group->id) != 0)
			old = NULL; /* somebody's name looks like this id */
		if (group->head || (!group->head_given && old)) {
			after = build_group(group, old);
			if (!after)
				return rw_error_oom(err);
		} else if (!group->head_given) {
			continue; /* pages that a deleted group left are deleted with it */
		}
		r = rw_vec_push(&folding->entries, &entry);
		if (r < 0) {
			if (after)
				(void)rw_group_unref(after);
			return rw_error_oom(err);
		}
		*entry = (struct entry){.kind = RW_KIND_GROUP, .object = after, .revision = group->revision};
		(void)strcpy(entry->id, group->id);
	}
	return 0;
}

int folding_end(struct folding *folding, struct rw_model **ret_model, struct fold_outcome *outcome,
		struct rw_error *err)
{
	struct inventory *inventory = folding->inventory;
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	int r;

	r = finish_groups(folding, err);
	if (r < 0)
		return r;
	model = rw_model_dup(inventory->model);
	if (!model)
		return rw_error_oom(err);
	for (size_t i = 0; i < folding->entries.count; i++) {
		struct entry *entry = rw_vec_at(&folding->entries, i);
		const void *before = rw_model_find(model, entry->kind, entry->id);
		struct rw_touched touched = {.kind = entry->kind, .after = entry->object};

		if (before && strcmp(rw_object_id(entry->kind, before), entry->id) == 0)
			touched.before = before;
		if (!touched.before && !touched.after)
			continue;
		(void)strcpy(touched.id, entry->id);
		if (fold_outcome_add(outcome, &touched) < 0 ||
		    rw_model_remove(model, entry->kind, entry->id) < 0)
			return rw_error_oom(err);
	}
	for (size_t i = 0; i < folding->entries.count; i++) {
		struct entry *entry = rw_vec_at(&folding->entries, i);

		inventory_set_revision(inventory, entry->kind, entry->id,
				       entry->object ? entry->revision : 0);
		if (!entry->object) {
			/* At a start, an older state of it may have come before (store_layout.h). */
			if (rw_model_remove(model, entry->kind, entry->id) < 0)
				return rw_error_oom(err);
			continue;
		}
		r = rw_model_put(model, entry->kind, RW_TAKE_PTR(entry->object), err);
		if (r < 0)
			return r;
	}
	r = folding_take_agents(folding, outcome);
	if (r < 0)
		return rw_error_oom(err);
	*ret_model = RW_TAKE_PTR(model);
	return 0;
}

int folding_take_agents(struct folding *folding, struct fold_outcome *outcome)
{
	for (size_t i = 0; i < folding->agents.count; i++) {
		char(*slot)[RW_ID_SIZE];

		if (rw_vec_push(&outcome->agents, &slot) < 0)
			return -ENOMEM;
		(void)memcpy(*slot, rw_vec_at(&folding->agents, i), RW_ID_SIZE);
	}
	return 0;
}
