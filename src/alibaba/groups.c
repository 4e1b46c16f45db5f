/* SPDX-License-Identifier: Apache-2.0 */

/* Groups: making, changing, deleting. */

#include "alibaba/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

/* ---- which network ---- */

static const struct rw_network *only_classic(const struct rw_model *model)
{
	const struct rw_network *found = NULL;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NETWORK); i++) {
		const struct rw_network *network = rw_model_at(model, RW_KIND_NETWORK, i);

		if (network->kind != RW_NETWORK_CLASSIC)
			continue;
		if (found)
			return NULL;
		found = network;
	}
	return found;
}

int call_network(struct call *call, const struct rw_model *model, const char *name, const char *id,
		 const struct rw_network **ret_network)
{
	const struct rw_network *network;

	if (id) {
		network = rw_model_find_network(model, id);
		if (!network || strcmp(network->id, id) != 0 || network->kind != RW_NETWORK_VPC)
			return rw_alibaba_refuse(&call->fault, 404, "InvalidVpcId.NotFound",
						 "There is no VPC '%.80s'; DescribeVpcs lists them.", id);
	} else if (call->self->network) {
		network = rw_model_find_network(model, call->self->network);
		if (!network)
			return rw_alibaba_refuse(&call->fault, 404, "InvalidVpcId.NotFound",
						 "The network '%.80s' that ringwalld was told to take does "
						 "not exist.",
						 call->self->network);
	} else {
		network = only_classic(model);
		if (!network)
			return rw_alibaba_refuse(&call->fault, 400, "MissingParameter",
						 "%s is missing, and no network stands for it.", name);
	}
	*ret_network = network;
	return 0;
}

/* ---- texts ---- */

static bool begins_with_address(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

static bool is_letter(char c)
{
	/* Bytes of other alphabets count. */
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

int call_check_name(struct call *call, const char *name, const char *code, const char *text)
{
	size_t length = rw_utf8_length(text);
	bool good = is_letter(text[0]) && length >= 2 && length <= 128 && !begins_with_address(text);

	for (const char *c = text; good && *c; c++)
		good = is_letter(*c) || (*c >= '0' && *c <= '9') || strchr(":_.-", *c);
	return good ? 0
		    : rw_alibaba_refuse(&call->fault, 400, code,
					"%s begins with a letter, has 2 to 128 letters, digits and : _ . - "
					"and is no address of the web.",
					name);
}

int call_check_description(struct call *call, const char *name, const char *text)
{
	size_t length = rw_utf8_length(text);

	if (length >= 2 && length <= 256 && !begins_with_address(text))
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidDescription.Malformed",
				 "%s has 2 to 256 characters and does not begin with http:// or https://.",
				 name);
}

static bool name_is_taken(const struct rw_model *model, const char *name, const char *id)
{
	const struct rw_group *group = rw_model_find_group(model, name);

	return group && strcmp(group->id, id) != 0;
}

static int check_name_is_free(struct call *call, const struct rw_model *model, const char *name,
			      const char *id)
{
	if (!name_is_taken(model, name, id))
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidSecurityGroupName.Duplicate",
				 "Another security group is called '%.128s'; names are unique here.", name);
}

/* ---- making ---- */

static int read_type(struct call *call, enum rw_group_kind *ret_kind)
{
	const char *type = call_text(call, "SecurityGroupType");

	*ret_kind = type && strcasecmp(type, "enterprise") == 0 ? RW_GROUP_ENTERPRISE : RW_GROUP_BASIC;
	if (!type || *ret_kind == RW_GROUP_ENTERPRISE || strcasecmp(type, "normal") == 0)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
				 "SecurityGroupType is normal or enterprise, not '%.40s'.", type);
}

/* 'id' is made once, so that a second try makes the same group. */
static int edit_create(struct call *call, struct rw_draft *draft, void *id, struct rw_error *err)
{
	const struct rw_model *model = rw_draft_model(draft);
	RW_CLEANUP(rw_group_unref) struct rw_group *group = rw_group_new();
	const char *name = call_text(call, "SecurityGroupName");
	const char *description = call_text(call, "Description");
	const struct rw_network *network = NULL;
	int r = group ? call_network(call, model, "VpcId", call_text(call, "VpcId"), &network)
		      : call_out_of_memory(call);

	if (r == 0)
		r = read_type(call, &group->kind);
	if (r == 0 && group->kind == RW_GROUP_ENTERPRISE && network->kind == RW_NETWORK_CLASSIC)
		r = rw_alibaba_refuse(&call->fault, 400, "InvalidSecurityGroup.InvalidNetworkType",
				      "Enterprise groups are for VPCs.");
	if (r == 0)
		r = call_set_text(call, &group->name, name ? name : id);
	if (r == 0)
		r = call_set_text(call, &group->description, description ? description : "");
	if (r == 0)
		r = check_name_is_free(call, model, group->name, id);
	if (r == 0)
		r = call_read_tags(call, &group->tags);
	if (r < 0)
		return r;
	(void)snprintf(group->id, sizeof(group->id), "%s", (const char *)id);
	(void)memcpy(group->network, network->id, sizeof(group->network));
	group->inner_access = group->kind == RW_GROUP_ENTERPRISE ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT;
	r = rw_edit_create(draft, RW_KIND_GROUP, RW_TAKE_PTR(group), NULL, err);
	if (r == -ENOSPC)
		(void)rw_alibaba_refuse_error(&call->fault, 403, "QuotaExceed.SecurityGroup", err);
	return r;
}

static int check_texts(struct call *call)
{
	const char *name = call_text(call, "SecurityGroupName");
	const char *description = call_text(call, "Description");
	int r = name ? call_check_name(call, "SecurityGroupName", "InvalidSecurityGroupName.Malformed", name)
		     : 0;

	return r == 0 && description ? call_check_description(call, "Description", description) : r;
}

static int refuse_managed(struct call *call)
{
	bool managed;
	int r = call_flag(call, "ServiceManaged", &managed);

	if (r < 0 || !managed)
		return r;
	return rw_alibaba_refuse(&call->fault, 403, "InvalidOperation.ResourceManagedByCloudProduct",
				 "A managed group is made with its cluster only.");
}

int alibaba_create_group(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	char id[RW_ID_SIZE];
	struct change change = {.action = "create group", .edit = edit_create, .userdata = id};
	int r = check_texts(call);

	if (r == 0)
		r = refuse_managed(call);
	if (r < 0)
		return r;
	rw_random_id(call->self->random, "sg-", 16, id, sizeof(id));
	r = call_change(call, &change, &result);
	if (r < 0)
		return r;
	/* After a repetition with the same ClientToken it is the first one's. */
	for (size_t i = 0; i < result.item_count; i++)
		if (result.items[i].subject == RW_SUBJECT_OBJECT && result.items[i].kind == RW_KIND_GROUP)
			(void)memcpy(id, result.items[i].id, sizeof(id));
	rw_json_put_text(&call->json, "SecurityGroupId", id);
	return 0;
}

/* ---- changing ---- */

static int edit_modify(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_model *model = rw_draft_model(draft);
	const char *name = call_text(call, "SecurityGroupName");
	const char *description = call_given_text(call, "Description");
	RW_CLEANUP(rw_group_unref) struct rw_group *copy = NULL;
	const struct rw_group *group;
	int r = call_group(call, model, &group);

	(void)userdata;
	if (r < 0)
		return r;
	copy = rw_group_dup(group);
	if (!copy)
		return call_out_of_memory(call);
	if (name)
		r = check_name_is_free(call, model, name, group->id);
	if (r == 0 && name)
		r = call_set_text(call, &copy->name, name);
	if (r == 0 && description)
		r = call_set_text(call, &copy->description, description);
	return r < 0 ? r : rw_edit_update(draft, RW_KIND_GROUP, RW_TAKE_PTR(copy), NULL, err);
}

int alibaba_modify_group(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "change group", .edit = edit_modify};
	int r = check_texts(call);

	return r < 0 ? r : call_change(call, &change, &result);
}

static int edit_policy(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const char *policy;
	const struct rw_group *group;
	int r = call_group(call, rw_draft_model(draft), &group);

	(void)userdata;
	if (r == 0)
		r = call_need(call, "InnerAccessPolicy", &policy);
	if (r < 0)
		return r;
	if (strcasecmp(policy, "accept") != 0 && strcasecmp(policy, "drop") != 0)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidPolicy.Malformed",
					 "InnerAccessPolicy is Accept or Drop, not '%.40s'.", policy);
	if (group->kind == RW_GROUP_ENTERPRISE)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidGroupParameter.OperationDenied",
					 "The InnerAccessPolicy of an enterprise group is always Drop.");
	return rw_edit_set_inner_access(
		draft, group->id, strcasecmp(policy, "drop") == 0 ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT, err);
}

int alibaba_modify_policy(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "change group", .edit = edit_policy};

	return call_change(call, &change, &result);
}

/* ---- deleting ---- */

static int edit_delete(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_group *group;
	int r = call_group(call, rw_draft_model(draft), &group);

	(void)userdata;
	if (r < 0)
		return r;
	if (group->managed_by[0])
		return rw_alibaba_refuse(&call->fault, 403, "InvalidOperation.DeletionProtection",
					 "%s is the group of cluster %s and goes with it.", group->id,
					 group->managed_by);
	return rw_edit_delete(draft, RW_KIND_GROUP, group->id, false, err);
}

int alibaba_delete_group(struct call *call)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct change change = {.action = "delete group", .edit = edit_delete};

	return call_change(call, &change, &result);
}
