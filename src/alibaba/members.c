/* SPDX-License-Identifier: Apache-2.0 */

/* Members: an instance is a node, a network interface one of its interfaces. */

#include "alibaba/internal.h"

#include <stdlib.h>
#include <string.h>

#include "group/members.h"

struct meant {
	const struct rw_group *group;
	const struct rw_node *node;
	const struct rw_interface *interface; /* NULL = the node */
};

static const struct rw_node *find_eni(const struct rw_model *model, const char *id,
				      const struct rw_interface **ret_interface)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		for (size_t j = 0; j < node->interface_count; j++) {
			char text[ENI_ID_SIZE];

			eni_id(node, &node->interfaces[j], text);
			if (strcmp(text, id) != 0)
				continue;
			*ret_interface = &node->interfaces[j];
			return node;
		}
	}
	return NULL;
}

static int find_instance(struct call *call, const struct rw_model *model, const struct rw_node **ret_node)
{
	const char *id;
	int r = call_need(call, "InstanceId", &id);

	if (r < 0)
		return r;
	*ret_node = rw_model_find_node(model, id);
	if (*ret_node && strcmp((*ret_node)->id, id) == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 404, "InvalidInstanceId.NotFound",
				 "There is no instance '%.80s'.", id);
}

static int find_meant(struct call *call, const struct rw_model *model, struct meant *meant)
{
	const char *instance = call_text(call, "InstanceId");
	const char *eni = call_text(call, "NetworkInterfaceId");
	int r = call_group(call, model, &meant->group);

	if (r < 0)
		return r;
	if (instance && eni)
		return rw_alibaba_refuse(&call->fault, 403, "InvalidParam.EniIdAndInstanceId.Conflict",
					 "Give InstanceId or NetworkInterfaceId, not both.");
	if (eni) {
		meant->node = find_eni(model, eni, &meant->interface);
		return meant->node ? 0
				   : rw_alibaba_refuse(&call->fault, 404, "InvalidEniId.NotFound",
						       "There is no network interface '%.80s'.", eni);
	}
	return find_instance(call, model, &meant->node);
}

/* Whether the node, or the interface, is in the group by itself. */
static bool is_listed(const struct meant *meant)
{
	size_t count =
		meant->interface ? meant->interface->security_group_count : meant->node->security_group_count;

	for (size_t i = 0; i < count; i++)
		if (strcmp(meant->interface ? meant->interface->security_groups[i]
					    : meant->node->security_groups[i],
			   meant->group->id) == 0)
			return true;
	return strcmp(meant->group->managed_by, meant->node->cluster) == 0 && meant->node->cluster[0];
}

/* Whether the groups of a node, where it has any, are of a kind. */
static bool has_kind(const struct rw_model *model, const struct rw_node *node, enum rw_group_kind kind)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (group->kind != kind && node_is_in(model, node, group->id))
			return false;
	}
	return true;
}

static int edit_join(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct meant meant = {NULL};
	int r = find_meant(call, rw_draft_model(draft), &meant);

	(void)userdata;
	if (r < 0)
		return r;
	if (is_listed(&meant))
		return rw_alibaba_refuse(&call->fault, 403, "InvalidInstanceId.AlreadyExists",
					 "%s is in %s already.", meant.node->id, meant.group->id);
	if (strcmp(meant.node->network, meant.group->network) != 0)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidInstanceId.Mismatch",
					 "%s and %s are in different networks.", meant.node->id,
					 meant.group->id);
	if (meant.group->managed_by[0])
		return rw_alibaba_refuse(&call->fault, 403, "InvalidOperation.ResourceManagedByCloudProduct",
					 "%s is the group of cluster %s, whose nodes alone are in it.",
					 meant.group->id, meant.group->managed_by);
	if (rw_group_member_count(rw_draft_model(draft), meant.group) >=
	    rw_draft_limits(draft)->members_per_group)
		return rw_alibaba_refuse(&call->fault, 403, "SecurityGroupInstanceLimitExceed",
					 "%s has as many members as a group may have.", meant.group->id);
	if (!has_kind(rw_draft_model(draft), meant.node, meant.group->kind))
		return rw_alibaba_refuse(
			&call->fault, 403, "InvalidOperation.MultiGroupType",
			"%s is in a group of the other type; basic and enterprise groups do not "
			"mix.",
			meant.node->id);
	r = rw_edit_join(draft, meant.node->id, meant.interface ? meant.interface->name : NULL,
			 meant.group->id, err);
	if (r == -ENOSPC)
		(void)rw_alibaba_refuse_error(&call->fault, 400, "InstanceSecurityGroupLimitExceeded", err);
	return r;
}

static int edit_leave(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct meant meant = {NULL};
	int r = find_meant(call, rw_draft_model(draft), &meant);

	(void)userdata;
	if (r < 0)
		return r;
	if (!is_listed(&meant))
		return rw_alibaba_refuse(&call->fault, 400, "InvalidSecurityGroupAssociation.NotFound",
					 "%s is not in %s.", meant.node->id, meant.group->id);
	r = rw_edit_leave(draft, meant.node->id, meant.interface ? meant.interface->name : NULL,
			  meant.group->id, err);
	if (r == -EBUSY)
		(void)rw_alibaba_refuse_error(&call->fault, 403, "InstanceLastSecurityGroup", err);
	return r;
}

int alibaba_join(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "join group", .edit = edit_join};

	return call_change(call, &change, &result);
}

int alibaba_leave(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "leave group", .edit = edit_leave};

	return call_change(call, &change, &result);
}

/* ---- ModifyInstanceAttribute: exactly these groups ---- */

/* Fills the groups of 'node' from SecurityGroupIds.N; the group of its own cluster is no entry, but must be named. */
static int read_groups(struct call *call, const struct rw_model *model, unsigned int count,
		       struct rw_node *node)
{
	bool own = !node->cluster[0];

	node->security_group_count = 0;
	free(RW_TAKE_PTR(node->security_groups));
	node->security_groups = calloc(count, sizeof(*node->security_groups));
	if (!node->security_groups)
		return call_out_of_memory(call);
	for (unsigned int i = 1; i <= count; i++) {
		const char *id = rw_alibaba_element(&call->parameters, "SecurityGroupIds", i, NULL);
		const struct rw_group *group = id ? rw_model_find_group(model, id) : NULL;

		if (!group || strcmp(group->id, id) != 0)
			return rw_alibaba_refuse(&call->fault, 404, "InvalidSecurityGroupId.NotFound",
						 "SecurityGroupIds.%u: there is no security group '%.80s'.",
						 i, id ? id : "");
		if (strcmp(group->network, node->network) != 0)
			return rw_alibaba_refuse(&call->fault, 400, "InvalidInstanceId.Mismatch",
						 "%s and %s are in different networks.", node->id, group->id);
		if (group->managed_by[0] && strcmp(group->managed_by, node->cluster) != 0)
			return rw_alibaba_refuse(
				&call->fault, 403, "InvalidOperation.ResourceManagedByCloudProduct",
				"%s is the group of cluster %s, whose nodes alone are in it.", group->id,
				group->managed_by);
		if (group->managed_by[0])
			own = true;
		else
			(void)memcpy(node->security_groups[node->security_group_count++], group->id,
				     RW_ID_SIZE);
	}
	return own ? 0
		   : rw_alibaba_refuse(&call->fault, 403, "InvalidOperation.ResourceManagedByCloudProduct",
				       "%s is a node of cluster %s and stays in its group.", node->id,
				       node->cluster);
}

static int edit_groups(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_model *model = rw_draft_model(draft);
	RW_CLEANUP(rw_node_unref) struct rw_node *copy = NULL;
	struct rw_error list_err = RW_ERROR_NONE;
	const struct rw_node *node;
	unsigned int count;
	int r = find_instance(call, model, &node);

	(void)userdata;
	if (r < 0)
		return r;
	if (rw_alibaba_list_count(&call->parameters, "SecurityGroupIds", 100, &count, &list_err) < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &list_err);
	if (count == 0)
		return rw_alibaba_refuse(&call->fault, 400, "MissingParameter",
					 "SecurityGroupIds.N is missing; nothing else of an instance changes "
					 "here.");
	copy = rw_node_dup(node);
	if (!copy)
		return call_out_of_memory(call);
	r = read_groups(call, model, count, copy);
	if (r < 0)
		return r;
	r = rw_edit_update(draft, RW_KIND_NODE, RW_TAKE_PTR(copy), NULL, err);
	if (r == -ENOSPC)
		(void)rw_alibaba_refuse_error(&call->fault, 400, "InstanceSecurityGroupLimitExceeded", err);
	return r;
}

int alibaba_modify_instance(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "change node", .edit = edit_groups};

	return call_change(call, &change, &result);
}
