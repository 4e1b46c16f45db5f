/* SPDX-License-Identifier: Apache-2.0 */

/* Members: an instance is a node, a network interface one of its interfaces. */

#include "alibaba/internal.h"

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
	r = call_need(call, "InstanceId", &instance);
	if (r < 0)
		return r;
	meant->node = rw_model_find_node(model, instance);
	if (!meant->node || strcmp(meant->node->id, instance) != 0)
		return rw_alibaba_refuse(&call->fault, 404, "InvalidInstanceId.NotFound",
					 "There is no instance '%.80s'.", instance);
	return 0;
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
