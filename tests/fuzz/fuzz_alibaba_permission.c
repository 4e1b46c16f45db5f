/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Permissions.N of a request: whatever is read as a rule is one that its group takes; a change of it keeps what cannot
 * change; what is refused names a code.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alibaba/permission.h"
#include "group/validate.h"

static void put(struct rw_model *model, enum rw_kind kind, void *object)
{
	if (rw_model_put(model, kind, object, NULL) < 0)
		abort();
}

static void put_group(struct rw_model *model, const char *id, const char *network, enum rw_group_kind kind)
{
	struct rw_group *group = rw_group_new();

	strcpy(group->id, id);
	strcpy(group->network, network);
	group->name = strdup(id);
	group->description = strdup("");
	group->kind = kind;
	put(model, RW_KIND_GROUP, group);
}

static void put_network(struct rw_model *model, const char *id, enum rw_network_kind kind)
{
	struct rw_network *network = rw_network_new();

	strcpy(network->id, id);
	network->name = strdup(id);
	network->kind = kind;
	put(model, RW_KIND_NETWORK, network);
}

/* Groups of a VPC and of a classic network, each with one to refer to, and a prefix list. */
static struct rw_model *make_model(void)
{
	struct rw_model *model = rw_model_new();
	struct rw_prefix_list *list = rw_prefix_list_new();

	put_network(model, "vpc-1", RW_NETWORK_VPC);
	put_network(model, "vpc-2", RW_NETWORK_CLASSIC);
	put_group(model, "sg-1", "vpc-1", RW_GROUP_BASIC);
	put_group(model, "sg-2", "vpc-1", RW_GROUP_BASIC);
	put_group(model, "sg-3", "vpc-1", RW_GROUP_ENTERPRISE);
	put_group(model, "sg-4", "vpc-2", RW_GROUP_BASIC);
	put_group(model, "sg-5", "vpc-2", RW_GROUP_BASIC);
	strcpy(list->id, "pl-1");
	list->name = strdup("pl-1");
	list->family = 6;
	put(model, RW_KIND_PREFIX_LIST, list);
	return model;
}

static void check_rule(const struct rw_alibaba_permission *permission, struct rw_rule *rule)
{
	const struct rw_network *network =
		rw_model_find_network(permission->model, permission->group->network);
	struct rw_alibaba_fault fault = {0};
	struct rw_rule *changed;
	struct rw_error err;

	if (rw_rule_normalise(rule, network->kind, NULL) < 0)
		return;
	assert(rw_validate_rule(rule, NULL, &err) == 0);
	assert(rw_validate_rule_in(permission->model, permission->group, rule, &err) == 0);
	/* What was read changes nothing when it is said once more. */
	if (rw_alibaba_permission_change(permission, rule, &changed, &fault) == 0) {
		assert(rw_rule_compare_meaning(rule, changed) == 0);
		(void)rw_rule_unref(changed);
	} else {
		assert(0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct rw_model *model;
	RW_CLEANUP(rw_free) char *text = strndup((const char *)bytes, size);
	RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters = {0};
	struct rw_alibaba_fault fault = {0};
	unsigned int count;

	if (!model)
		model = make_model();
	if (!text || rw_alibaba_parameters_read(text, NULL, &parameters, NULL) < 0 ||
	    rw_alibaba_permission_count(&parameters, &count, &fault) < 0)
		return 0;
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		for (unsigned int number = count ? 1 : 0; number <= count; number++) {
			for (int direction = 0; direction < 2; direction++) {
				const struct rw_alibaba_permission permission = {
					.parameters = &parameters,
					.number = number,
					.direction = (enum rw_direction)direction,
					.model = model,
					.group = rw_model_at(model, RW_KIND_GROUP, i)};
				struct rw_rule *rule;

				fault = (struct rw_alibaba_fault){0};
				if (rw_alibaba_permission_read(&permission, &rule, &fault) < 0) {
					assert(fault.code && fault.status >= 400 && fault.message[0]);
					continue;
				}
				check_rule(&permission, rule);
				(void)rw_rule_unref(rule);
			}
		}
	}
	return 0;
}
