/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/lint_model.h"

#include <stdio.h>
#include <string.h>

#include "group/members.h"

struct builder {
	const struct rw_source *source;
	struct rw_model_lint *lint;
	struct rw_view *views;
	size_t view_count, view_capacity;
	size_t policy_capacity;
};

void rw_model_lint_done(struct rw_model_lint *lint)
{
	rw_lint_report_done(&lint->report);
	for (size_t i = 0; i < lint->policy_count; i++)
		(void)rw_policy_unref(lint->policies[i]);
	free(lint->policies);
	*lint = (struct rw_model_lint){0};
}

/* ---- which groups ---- */

static bool has_group(const struct rw_model *model, const struct rw_scope *scope, const char *group)
{
	if (scope->cluster)
		return strcmp(scope->cluster->security_group, group) == 0;
	if (scope->group)
		return strcmp(scope->group->id, group) == 0;
	if (!scope->node)
		return true;
	for (size_t i = 0; i < scope->node->interface_count; i++)
		if (rw_node_is_member(model, scope->node, &scope->node->interfaces[i], group))
			return true;
	return false;
}

static bool concerns(const struct rw_model *model, const struct rw_scope *scope,
		     const struct rw_policy *policy, const struct rw_policy_interface *interface)
{
	for (size_t i = 0; i < interface->group_count; i++)
		if (has_group(model, scope, policy->groups[interface->groups[i]]->id))
			return true;
	return false;
}

/* ---- views ---- */

static bool same_groups(const struct rw_view *view, const struct rw_policy *policy,
			const struct rw_policy_interface *interface)
{
	const struct rw_policy_interface *other = &view->policy->interfaces[view->interface];

	if (view->policy->network_kind != policy->network_kind || other->nic_type != interface->nic_type ||
	    other->group_count != interface->group_count)
		return false;
	for (size_t i = 0; i < other->group_count; i++)
		if (strcmp(view->policy->groups[other->groups[i]]->id,
			   policy->groups[interface->groups[i]]->id) != 0)
			return false;
	return true;
}

static bool is_known(const struct builder *builder, const struct rw_policy *policy,
		     const struct rw_policy_interface *interface)
{
	for (size_t i = 0; i < builder->view_count; i++)
		if (same_groups(&builder->views[i], policy, interface))
			return true;
	return false;
}

static int add_view(struct builder *builder, struct rw_view view, struct rw_error *err)
{
	if (builder->view_count == RW_LINT_VIEWS_MAX)
		return rw_error_set(err, -E2BIG, "there are more than %d combinations of groups",
				    RW_LINT_VIEWS_MAX);
	if (builder->view_count == builder->view_capacity) {
		size_t capacity = builder->view_capacity * 2 + 16;
		struct rw_view *bigger = realloc(builder->views, capacity * sizeof(*bigger));

		if (!bigger)
			return rw_error_oom(err);
		builder->views = bigger;
		builder->view_capacity = capacity;
	}
	builder->views[builder->view_count++] = view;
	return 0;
}

/* Adds the interfaces of 'policy' that say something new; keeps a reference then. */
static int add_policy(struct builder *builder, const struct rw_scope *scope, const struct rw_policy *policy,
		      struct rw_error *err)
{
	struct rw_model_lint *lint = builder->lint;
	size_t before = builder->view_count;
	struct rw_policy **bigger;
	int r = 0;

	for (size_t i = 0; !r && i < policy->interface_count; i++) {
		const struct rw_policy_interface *interface = &policy->interfaces[i];

		if (!concerns(builder->source->model, scope, policy, interface) ||
		    is_known(builder, policy, interface))
			continue;
		for (int direction = 0; !r && direction < 2; direction++)
			r = add_view(builder,
				     (struct rw_view){.policy = policy,
						      .interface = i,
						      .direction = (enum rw_direction)direction},
				     err);
	}
	if (r < 0 || before == builder->view_count)
		return r;
	bigger = realloc(lint->policies, (lint->policy_count + 1) * sizeof(struct rw_policy *));
	if (!bigger)
		return rw_error_oom(err);
	lint->policies = bigger;
	bigger[lint->policy_count++] = rw_policy_ref(policy);
	return 0;
}

static int add_nodes(struct builder *builder, const struct rw_scope *scope, struct rw_error *err)
{
	const struct rw_model *model = builder->source->model;
	int r = 0;

	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

		/* All of the groups' nodes: a rule is superfluous only when it is on all of them. */
		if (!rw_source_decides(node))
			continue;
		r = rw_source_derive(builder->source, node->id, &policy, err);
		if (!r)
			r = add_policy(builder, scope, policy, err);
	}
	return r;
}

/* ---- groups that no interface is in ---- */

static bool is_judged(const struct builder *builder, const char *group)
{
	for (size_t i = 0; i < builder->view_count; i++) {
		const struct rw_policy *policy = builder->views[i].policy;
		const struct rw_policy_interface *interface =
			&policy->interfaces[builder->views[i].interface];

		for (size_t j = 0; j < interface->group_count; j++)
			if (strcmp(policy->groups[interface->groups[j]]->id, group) == 0)
				return true;
	}
	return false;
}

/* A node without addresses whose interfaces are in the group alone. */
static struct rw_node *imagine_node(const struct rw_group *group)
{
	static const char *const names[] = {"intranet", "internet"};
	RW_CLEANUP(rw_node_unref) struct rw_node *node = rw_node_new();

	if (!node)
		return NULL;
	(void)snprintf(node->id, sizeof(node->id), "n-imagined");
	node->name = strdup("(imagined)");
	memcpy(node->network, group->network, sizeof(node->network));
	memcpy(node->cluster, group->managed_by, sizeof(node->cluster));
	node->agent = RW_AGENT_MANAGED;
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	node->interfaces = calloc(RW_ARRAY_COUNT(names), sizeof(*node->interfaces));
	if (!node->name || !node->interfaces)
		return NULL;
	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		struct rw_interface *interface = &node->interfaces[node->interface_count++];

		interface->name = strdup(names[i]);
		interface->nic_type = i ? RW_NIC_INTERNET : RW_NIC_INTRANET;
		if (!interface->name)
			return NULL;
	}
	if (!group->managed_by[0]) {
		node->security_groups = calloc(1, sizeof(*node->security_groups));
		if (!node->security_groups)
			return NULL;
		memcpy(node->security_groups[node->security_group_count++], group->id, sizeof(group->id));
	}
	return RW_TAKE_PTR(node);
}

static int add_group_alone(struct builder *builder, const struct rw_scope *scope,
			   const struct rw_group *group, struct rw_error *err)
{
	const struct rw_policy_surroundings surroundings = {0};
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_model_dup(builder->source->model);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_node *node = imagine_node(group);
	int r;

	if (!model || !node) {
		(void)rw_node_unref(node);
		return rw_error_oom(err);
	}
	r = rw_model_put(model, RW_KIND_NODE, node, err);
	if (!r)
		r = rw_policy_derive(model, "n-imagined", &surroundings, NULL, &policy, err);
	if (!r && group->network[0] && policy->network_kind == RW_NETWORK_VPC)
		policy->interfaces[1].nic_type = policy->interfaces[0].nic_type;
	return r < 0 ? r : add_policy(builder, scope, policy, err);
}

static int add_lonely_groups(struct builder *builder, const struct rw_scope *scope, struct rw_error *err)
{
	const struct rw_model *model = builder->source->model;
	int r = 0;

	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (has_group(model, scope, group->id) && !is_judged(builder, group->id))
			r = add_group_alone(builder, scope, group, err);
	}
	return r;
}

/* Leaves the findings about rules of groups in the scope. */
static void keep_scope(const struct rw_model *model, const struct rw_scope *scope,
		       struct rw_lint_report *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->count; i++)
		if (has_group(model, scope, report->list[i].group))
			report->list[kept++] = report->list[i];
	report->count = kept;
}

int rw_lint_model(const struct rw_source *source, const struct rw_scope *scope,
		  const struct rw_lint_hits *hits, size_t hit_count, struct rw_model_lint *ret_lint,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_model_lint_done) struct rw_model_lint lint = {0};
	struct builder builder = {.source = source, .lint = &lint};
	int r = add_nodes(&builder, scope, err);

	if (!r)
		r = add_lonely_groups(&builder, scope, err);
	if (!r)
		r = rw_lint(&(struct rw_lint_input){.views = builder.views,
						    .view_count = builder.view_count,
						    .hits = hits,
						    .hit_count = hit_count},
			    &lint.report, err);
	free(builder.views);
	if (r < 0)
		return r;
	keep_scope(source->model, scope, &lint.report);
	*ret_lint = lint;
	lint = (struct rw_model_lint){0};
	return 0;
}
