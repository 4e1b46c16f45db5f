/* SPDX-License-Identifier: Apache-2.0 */

/* Members of a group. */

#include "api/internal.h"

#include <string.h>

/* Nodes of one request. */
#define NODES_MAX 1000

static int join_element(struct rw_draft *draft, const struct rw_json *element, const char *interface,
			const char *group, struct rw_error *err)
{
	const char *reference;
	int r = rw_json_text(element, RW_WIRE_NAME_MAX, &reference, err);

	if (r < 0)
		return r;
	if (!rw_model_find_node(rw_draft_model(draft), reference))
		return rw_json_refuse(element, err, "there is no such node");
	return rw_edit_join(draft, reference, interface, group, err);
}

static int edit_join(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	static const char *const members[] = {"nodes", "interface", NULL};
	const struct rw_api_call *call = userdata;
	const char *interface = NULL;
	struct rw_json list, member;
	char id[RW_ID_SIZE];
	const void *group;
	int r = rw_api_find(rw_draft_model(draft), RW_KIND_GROUP, call->names[0], &group, err);

	if (r == 0)
		r = rw_api_check_members(&call->body, members, err);
	if (r == 0 && rw_json_find(&call->body, "interface", &member))
		r = rw_json_text(&member, 15, &interface, err);
	if (r < 0)
		return r;
	if (!rw_json_find(&call->body, "nodes", &list))
		return rw_error_field(err, "nodes", "it is missing: the nodes that join");
	(void)memcpy(id, rw_object_id(RW_KIND_GROUP, group), sizeof(id));
	r = rw_json_expect_array(&list, NODES_MAX, err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = join_element(draft, &element, interface, id, err);
	}
	return r;
}

static int edit_leave(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_api_call *call = userdata;
	const void *group;
	int r = rw_api_find(rw_draft_model(draft), RW_KIND_GROUP, call->names[0], &group, err);

	return r < 0 ? r
		     : rw_edit_leave(draft, call->names[1], rw_api_parameter(call, "interface"),
				     rw_object_id(RW_KIND_GROUP, group), err);
}

int rw_api_add_members(struct rw_api_call *call, struct rw_error *err)
{
	struct rw_api_change change = {
		.action = "join group", .edit = edit_join, .userdata = call, .kind = RW_KIND_COUNT_};

	return rw_api_run_change(call, &change, err);
}

int rw_api_remove_member(struct rw_api_call *call, struct rw_error *err)
{
	struct rw_api_change change = {
		.action = "leave group", .edit = edit_leave, .userdata = call, .kind = RW_KIND_COUNT_};

	return rw_api_run_change(call, &change, err);
}
