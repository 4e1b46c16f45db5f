/* SPDX-License-Identifier: Apache-2.0 */

/* The rules of a group. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "controller/series.h"
#include "wire/rule_text.h"

/* Elements of one request; the rules they give are counted by the limits of the model. */
#define ELEMENTS_MAX 100
#define RULES_MAX    1000

/* The group of the path, or NULL with 'err' filled (-ENOENT). */
static const struct rw_group *find_group(const struct rw_model *model, const char *reference,
					 struct rw_error *err)
{
	const void *object = NULL;

	return rw_api_find(model, RW_KIND_GROUP, reference, &object, err) < 0 ? NULL : object;
}

static const struct rw_rule *find_rule(const struct rw_group *group, const char *id)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (strcmp(group->rules[i]->id, id) == 0)
			return group->rules[i];
	return NULL;
}

static int no_such_rule(const struct rw_group *group, const char *id, struct rw_error *err)
{
	char quoted[80];

	rw_json_quote(id, quoted, sizeof(quoted));
	return rw_error_set(err, -ENOENT, "there is no rule \"%s\" in security group \"%s\"", quoted,
			    group->name);
}

/* ---- reading ---- */

int rw_api_list_rules(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_group *group = find_group(rw_controller_model(call->controller), call->names[0], err);
	struct rw_api_list list;
	struct rw_api_page page;
	size_t first = 0;
	size_t end;

	if (!group)
		return -ENOENT;
	if (rw_api_page_get(call, &page, err) < 0)
		return -EINVAL;
	while (page.after && first < group->rule_count && strcmp(group->rules[first]->id, page.after) <= 0)
		first++;
	end = group->rule_count - first > page.limit ? first + page.limit : group->rule_count;
	rw_api_list_begin(&list);
	for (size_t i = first; i < end; i++)
		rw_api_write_rule(call->controller, &list.json, group->rules[i]);
	rw_api_list_answer(call, &list, end < group->rule_count ? group->rules[end - 1]->id : NULL);
	return 0;
}

int rw_api_get_rule(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_group *group = find_group(rw_controller_model(call->controller), call->names[0], err);
	const struct rw_rule *rule;
	struct rw_json_writer json;
	struct rw_buf buf;

	if (!group)
		return -ENOENT;
	rule = find_rule(group, call->names[1]);
	if (!rule)
		return no_such_rule(group, call->names[1], err);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_api_write_rule(call->controller, &json, rule);
	rw_api_etag_header(call->exchange,
			   rw_controller_object_revision(call->controller, RW_KIND_GROUP, group->id));
	rw_api_answer(call, 200, &buf);
	return 0;
}

/* Which rules decided how many packets in each hour of the last day. */
int rw_api_list_hits(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_group *group = find_group(rw_controller_model(call->controller), call->names[0], err);
	uint64_t packets[RW_SERIES_HOURS];
	struct rw_json_writer json;
	int64_t begin_ms = rw_series_hours_begin(call->controller);
	int64_t since_ms = rw_series_since(call->controller);
	struct rw_buf buf;

	if (!group)
		return -ENOENT;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < group->rule_count; i++) {
		if (!rw_series_rule(call->controller, group->rules[i]->id, packets))
			continue;
		rw_json_begin_object(&json);
		rw_json_put_text(&json, "rule", group->rules[i]->id);
		rw_json_key(&json, "hits");
		rw_json_begin_array(&json);
		for (size_t k = 0; k < RW_SERIES_HOURS; k++)
			rw_json_write_integer(&json, (int64_t)packets[k]);
		rw_json_end_array(&json);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_put_time(&json, "begin", begin_ms);
	rw_json_put_time(&json, "since", since_ms > begin_ms ? since_ms : begin_ms);
	rw_json_put_integer(&json, "step", RW_SERIES_HOUR_MS / 1000);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}

/* ---- changing ---- */

/* One request about the rules of a group; the edit fills the outcomes, anew each time it runs. */
struct rules_change {
	const struct rw_api_call *call;
	struct rw_vec outcomes; /* struct rw_rule_outcome */
};

static const char *fate_word(enum rw_rule_fate fate)
{
	static const char *const words[] = {
		[RW_RULE_ADDED] = "added",
		[RW_RULE_EXISTED] = "existed",
		[RW_RULE_REVOKED] = "revoked",
		[RW_RULE_MISSING] = "missing",
	};

	return words[fate];
}

static void write_outcome(struct rw_json_writer *json, enum rw_rule_fate fate, const char *id)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "fate", fate_word(fate));
	rw_json_put_text(json, "id", id);
	rw_json_end_object(json);
}

/* After a replay the items tell what was done. */
static void write_replayed(struct rw_json_writer *json, const struct rw_change_result *result)
{
	for (size_t i = 0; i < result->item_count; i++)
		if (result->items[i].subject == RW_SUBJECT_RULE)
			write_outcome(json, result->items[i].after ? RW_RULE_ADDED : RW_RULE_REVOKED,
				      result->items[i].id);
}

static void write_outcomes(struct rw_json_writer *json, const struct rw_change_result *result, bool replayed,
			   void *userdata)
{
	const struct rules_change *change = userdata;

	rw_json_key(json, "outcomes");
	rw_json_begin_array(json);
	if (replayed)
		write_replayed(json, result);
	for (size_t i = 0; !replayed && i < change->outcomes.count; i++) {
		const struct rw_rule_outcome *outcome = rw_vec_at(&change->outcomes, i);

		write_outcome(json, outcome->fate, outcome->id);
	}
	rw_json_end_array(json);
	rw_json_key(json, "notes");
	rw_json_begin_array(json);
	for (size_t i = 0; !replayed && i < change->outcomes.count; i++) {
		const struct rw_rule_outcome *outcome = rw_vec_at(&change->outcomes, i);
		char note[RW_ID_SIZE + 80];

		if (outcome->fate != RW_RULE_EXISTED && outcome->fate != RW_RULE_MISSING)
			continue;
		(void)snprintf(note, sizeof(note),
			       outcome->fate == RW_RULE_EXISTED ? "rule %s means the same already"
								: "no such rule was there%s",
			       outcome->fate == RW_RULE_EXISTED ? outcome->id : "");
		rw_json_write_text(json, note);
	}
	rw_json_end_array(json);
}

/* Appends the rules that one element of "rules" gives: an object, or a text. */
static int read_element(const struct rw_json *element, const struct rw_resolver *resolver,
			struct rw_vec *rules, struct rw_error *err)
{
	struct rw_rule *rule, **slot;
	const char *text;
	int r;

	if (rw_json_type(element) == RW_JSON_TEXT) {
		r = rw_json_text(element, RW_RULE_TEXT_MAX, &text, err);
		if (r < 0)
			return r;
		r = rw_rule_text_parse(text, resolver, rules, err);
		return r == -EINVAL || r == -E2BIG ? rw_json_locate(element, err) : r;
	}
	r = rw_rule_decode(element, resolver, &rule, err);
	if (r < 0)
		return r;
	r = rw_vec_push(rules, &slot);
	if (r < 0) {
		(void)rw_rule_unref(rule);
		return rw_error_set(err, r, "too many rules for one request");
	}
	*slot = rule;
	return 0;
}

/* Checks the form of a body of rules and gives its list. */
static int find_rules(const struct rw_json *body, struct rw_json *ret_rules, struct rw_error *err)
{
	static const char *const members[] = {"rules", NULL};
	int r = rw_api_check_members(body, members, err);

	if (r < 0)
		return r;
	if (!rw_json_find(body, "rules", ret_rules))
		return rw_error_field(err, "rules", "it is missing: the rules, as objects or text");
	r = rw_json_expect_array(ret_rules, ELEMENTS_MAX, err);
	if (r == 0 && rw_json_count(ret_rules) == 0)
		r = rw_json_refuse(ret_rules, err, "there is no rule in it");
	return r;
}

/* Room for the outcomes of 'count' more rules. */
static int more_outcomes(struct rules_change *change, size_t count, struct rw_rule_outcome **ret_first,
			 struct rw_error *err)
{
	size_t first = change->outcomes.count;
	struct rw_rule_outcome *outcome = NULL;

	for (size_t i = 0; i < count; i++)
		if (rw_vec_push(&change->outcomes, &outcome) < 0)
			return rw_error_oom(err);
	*ret_first = count ? rw_vec_at(&change->outcomes, first) : NULL;
	return 0;
}

static int edit_add(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct rules_change *change = userdata;
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	struct rw_rule_outcome *outcomes = NULL;
	struct rw_json list;
	size_t count;
	int r;

	rw_vec_init(&rules, sizeof(struct rw_rule *), RULES_MAX);
	change->outcomes.count = 0;
	r = find_rules(&change->call->body, &list, err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = read_element(&element, &resolver, &rules, err);
	}
	if (r == 0)
		r = more_outcomes(change, rules.count, &outcomes, err);
	if (r < 0)
		return r;
	count = rules.count;
	rules.count = 0;
	return rw_edit_add_rules(draft, change->call->names[0], rules.data, count, outcomes, err);
}

static int run(struct rw_api_call *call, const char *action, rw_change_edit_fn *edit, unsigned int status,
	       struct rw_error *err)
{
	struct rules_change rules = {.call = call};
	struct rw_api_change change = {.action = action,
				       .edit = edit,
				       .userdata = &rules,
				       .status = status,
				       .items_are_rules = true,
				       .kind = RW_KIND_GROUP,
				       .write = write_outcomes};
	const struct rw_group *group = find_group(rw_controller_model(call->controller), call->names[0], err);
	char id[RW_ID_SIZE];
	int r;

	if (!group)
		return -ENOENT;
	(void)memcpy(id, group->id, sizeof(id));
	call->names[0] = id;
	change.reference = id;
	rw_vec_init(&rules.outcomes, sizeof(struct rw_rule_outcome), RULES_MAX * 10);
	r = rw_api_run_change(call, &change, err);
	rw_vec_done(&rules.outcomes);
	return r;
}

int rw_api_add_rules(struct rw_api_call *call, struct rw_error *err)
{
	return run(call, "add rules", edit_add, 201, err);
}

/* Revokes what one element means: a rule by its id, or all rules of that meaning. */
static int revoke_element(struct rw_draft *draft, const struct rw_json *element, struct rules_change *change,
			  struct rw_error *err)
{
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	struct rw_rule_outcome *outcomes = NULL;
	struct rw_json id;
	const char *text;
	int r;

	rw_vec_init(&rules, sizeof(struct rw_rule *), RULES_MAX);
	if (rw_json_find(element, "id", &id)) {
		r = rw_json_text(&id, RW_ID_SIZE - 1, &text, err);
		if (r == 0)
			r = more_outcomes(change, 1, &outcomes, err);
		return r < 0 ? r
			     : rw_edit_revoke_rules(draft, change->call->names[0], &text, 1, outcomes, err);
	}
	r = read_element(element, &resolver, &rules, err);
	if (r == 0)
		r = more_outcomes(change, rules.count, &outcomes, err);
	return r < 0 ? r
		     : rw_edit_revoke_matching(draft, change->call->names[0], rules.data, rules.count,
					       outcomes, err);
}

static int edit_revoke(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct rules_change *change = userdata;
	struct rw_json list;
	int r = find_rules(&change->call->body, &list, err);

	change->outcomes.count = 0;
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = revoke_element(draft, &element, change, err);
	}
	return r;
}

int rw_api_revoke_rules(struct rw_api_call *call, struct rw_error *err)
{
	return run(call, "revoke rules", edit_revoke, 200, err);
}

static int edit_delete(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct rules_change *change = userdata;
	struct rw_rule_outcome *outcome = NULL;
	int r;

	change->outcomes.count = 0;
	r = more_outcomes(change, 1, &outcome, err);
	return r < 0 ? r
		     : rw_edit_revoke_rules(draft, change->call->names[0], &change->call->names[1], 1,
					    outcome, err);
}

int rw_api_delete_rule(struct rw_api_call *call, struct rw_error *err)
{
	return run(call, "revoke rules", edit_delete, 200, err);
}

static int edit_patch(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	static const char *const made[] = {"id", "created", "author", NULL};
	struct rules_change *change = userdata;
	const struct rw_api_call *call = change->call;
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	const struct rw_group *group = find_group(rw_draft_model(draft), call->names[0], err);
	const struct rw_rule *current;
	struct rw_json_writer json;
	struct rw_json member;
	struct rw_rule *rule;
	int r = 0;

	rw_buf_init(&text, 1u << 20);
	if (!group)
		return -ENOENT;
	change->outcomes.count = 0;
	for (size_t i = 0; r == 0 && made[i]; i++)
		if (rw_json_find(&call->body, made[i], &member))
			r = rw_json_refuse(&member, err, "this is made by the controller");
	if (r < 0)
		return r;
	current = find_rule(group, call->names[1]);
	if (!current)
		return no_such_rule(group, call->names[1], err);
	rw_json_writer_init(&json, &text, false);
	rw_rule_encode(&json, current);
	r = rw_buf_check(&text, err);
	if (r == 0)
		r = rw_api_merge(text.data, &call->body, NULL, &document, err);
	if (r < 0)
		return r;
	member = rw_json_root(document);
	r = rw_rule_decode(&member, &resolver, &rule, err);
	return r < 0 ? r : rw_edit_modify_rule(draft, group->id, rule, err);
}

int rw_api_patch_rule(struct rw_api_call *call, struct rw_error *err)
{
	return run(call, "change rule", edit_patch, 200, err);
}
