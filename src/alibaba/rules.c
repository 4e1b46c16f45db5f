/* SPDX-License-Identifier: Apache-2.0 */

/* Rules: authorising, revoking, modifying. */

#include "alibaba/internal.h"

#include <string.h>

#include "alibaba/permission.h"
#include "group/validate.h"
#include "wire/rule_text.h"

static int refuse_duplicate(struct call *call, const struct rw_vec *rules)
{
	for (size_t i = 1; i < rules->count; i++)
		for (size_t j = 0; j < i; j++)
			if (rw_rule_compare_meaning(*(struct rw_rule **)rw_vec_at(rules, i),
						    *(struct rw_rule **)rw_vec_at(rules, j)) == 0)
				return rw_alibaba_refuse(
					&call->fault, 400, "InvalidParam.DuplicatePermissions",
					"Permissions.%zu and Permissions.%zu are the same.", j + 1, i + 1);
	return 0;
}

/* The rules that a request says, for a group of 'model'; rw_rules_done frees them. */
static int read_rules(struct call *call, const struct rw_model *model, const struct rw_group *group,
		      enum rw_direction direction, struct rw_vec *rules)
{
	struct rw_alibaba_permission permission = {
		.parameters = &call->parameters, .direction = direction, .model = model, .group = group};
	unsigned int count;
	int r = rw_alibaba_permission_count(&call->parameters, &count, &call->fault);

	for (unsigned int i = count ? 1 : 0; r == 0 && i <= count; i++) {
		struct rw_rule *rule, **slot;

		permission.number = i;
		r = rw_alibaba_permission_read(&permission, &rule, &call->fault);
		if (r < 0)
			break;
		if (rw_vec_push(rules, &slot) < 0) {
			(void)rw_rule_unref(rule);
			return call_out_of_memory(call);
		}
		*slot = rule;
	}
	return r < 0 ? r : refuse_duplicate(call, rules);
}

/* ---- authorising ---- */

static int edit_authorize(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const enum rw_direction *direction = userdata;
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	const struct rw_group *group;
	size_t count;
	int r = call_group(call, rw_draft_model(draft), &group);

	rw_vec_init(&rules, sizeof(struct rw_rule *), RW_ALIBABA_PERMISSIONS_MAX);
	if (r == 0)
		r = read_rules(call, rw_draft_model(draft), group, *direction, &rules);
	if (r < 0)
		return r;
	count = rules.count;
	rules.count = 0;
	r = rw_edit_add_rules(draft, group->id, rules.data, count, NULL, err);
	if (r == -ENOSPC && err && strstr(err->text, "group as object"))
		(void)rw_alibaba_refuse_error(&call->fault, 400, "AuthorizedGroupRule.LimitExceed", err);
	return r;
}

static int change_rules(struct call *call, const char *action,
			int (*edit)(struct call *call, struct rw_draft *draft, void *userdata,
				    struct rw_error *err),
			enum rw_direction direction)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = action, .edit = edit, .userdata = &direction};

	return call_change(call, &change, &result);
}

int alibaba_authorize(struct call *call)
{
	return change_rules(call, "add rules", edit_authorize, RW_DIRECTION_INGRESS);
}

int alibaba_authorize_egress(struct call *call)
{
	return change_rules(call, "add rules", edit_authorize, RW_DIRECTION_EGRESS);
}

/* ---- revoking ---- */

/* The rule of that id and direction. */
static const struct rw_rule *find_rule(const struct rw_group *group, const char *id,
				       enum rw_direction direction)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (strcmp(group->rules[i]->id, id) == 0 && group->rules[i]->direction == direction)
			return group->rules[i];
	return NULL;
}

static int revoke_ids(struct call *call, struct rw_draft *draft, const struct rw_group *group,
		      enum rw_direction direction, unsigned int count, struct rw_error *err)
{
	const char *ids[RW_ALIBABA_PERMISSIONS_MAX];
	unsigned int permissions;
	int r = rw_alibaba_permission_count(&call->parameters, &permissions, &call->fault);

	if (r < 0)
		return r;
	if (permissions || rw_alibaba_permission_is_flat(&call->parameters))
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParam.SecurityGroupRuleId",
					 "SecurityGroupRuleId.N cannot stand beside permissions.");
	for (unsigned int i = 0; i < count; i++) {
		ids[i] = rw_alibaba_element(&call->parameters, "SecurityGroupRuleId", i + 1, NULL);
		if (!ids[i] || !find_rule(group, ids[i], direction))
			return rw_alibaba_refuse(&call->fault, 400, "InvalidSecurityGroupRule.RuleNotExist",
						 "SecurityGroupRuleId.%u: %s has no %s rule '%.60s'.", i + 1,
						 group->id,
						 direction == RW_DIRECTION_INGRESS ? "ingress" : "egress",
						 ids[i] ? ids[i] : "");
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(ids[i], ids[j]) == 0)
				return rw_alibaba_refuse(
					&call->fault, 400, "InvalidParam.SecurityGroupRuleIdRepeated",
					"SecurityGroupRuleId.%u is the same as .%u.", i + 1, j + 1);
	}
	return rw_edit_revoke_rules(draft, group->id, ids, count, NULL, err);
}

static int edit_revoke(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const enum rw_direction *direction = userdata;
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	struct rw_error list_err = RW_ERROR_NONE;
	const struct rw_group *group;
	unsigned int ids = 0;
	int r = call_group(call, rw_draft_model(draft), &group);

	rw_vec_init(&rules, sizeof(struct rw_rule *), RW_ALIBABA_PERMISSIONS_MAX);
	if (r < 0)
		return r;
	if (rw_alibaba_list_count(&call->parameters, "SecurityGroupRuleId", RW_ALIBABA_PERMISSIONS_MAX, &ids,
				  &list_err) < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParam.SecurityGroupRuleId",
					       &list_err);
	if (ids)
		return revoke_ids(call, draft, group, *direction, ids, err);
	r = read_rules(call, rw_draft_model(draft), group, *direction, &rules);
	/* A permission that is not there is no failure. */
	return r < 0 ? r : rw_edit_revoke_matching(draft, group->id, rules.data, rules.count, NULL, err);
}

int alibaba_revoke(struct call *call)
{
	return change_rules(call, "revoke rules", edit_revoke, RW_DIRECTION_INGRESS);
}

int alibaba_revoke_egress(struct call *call)
{
	return change_rules(call, "revoke rules", edit_revoke, RW_DIRECTION_EGRESS);
}

/* ---- modifying ---- */

/* The rule that is meant: by its id, or, as older clients say it, by all it means. */
static int find_meant(struct call *call, const struct rw_alibaba_permission *permission,
		      const struct rw_rule **ret_rule)
{
	const char *id = call_text(call, "SecurityGroupRuleId");
	const struct rw_group *group = permission->group;
	struct rw_rule *said;
	int r;

	*ret_rule = NULL;
	if (id) {
		*ret_rule = find_rule(group, id, permission->direction);
	} else {
		r = rw_alibaba_permission_read(permission, &said, &call->fault);
		if (r < 0)
			return r;
		for (size_t i = 0; !*ret_rule && i < group->rule_count; i++)
			if (rw_rule_compare_meaning(group->rules[i], said) == 0)
				*ret_rule = group->rules[i];
		(void)rw_rule_unref(said);
	}
	return *ret_rule ? 0
			 : rw_alibaba_refuse(&call->fault, 404,
					     id ? "InvalidSecurityGroupRuleId.NotFound"
						: "SecurityGroupRule.NotFound",
					     "%s has no such rule.", group->id);
}

static int edit_modify(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const enum rw_direction *direction = userdata;
	struct rw_alibaba_permission permission = {
		.parameters = &call->parameters, .direction = *direction, .model = rw_draft_model(draft)};
	const struct rw_rule *rule;
	struct rw_rule *changed;
	int r = call_group(call, permission.model, &permission.group);

	if (r == 0)
		r = find_meant(call, &permission, &rule);
	if (r == 0)
		r = rw_alibaba_permission_change(&permission, rule, &changed, &call->fault);
	return r < 0 ? r : rw_edit_modify_rule(draft, permission.group->id, changed, err);
}

int alibaba_modify_rule(struct call *call)
{
	return change_rules(call, "change rule", edit_modify, RW_DIRECTION_INGRESS);
}

int alibaba_modify_egress_rule(struct call *call)
{
	return change_rules(call, "change rule", edit_modify, RW_DIRECTION_EGRESS);
}
