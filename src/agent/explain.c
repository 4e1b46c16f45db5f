/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/explain.h"

#include <stdio.h>
#include <string.h>

#include "agent/seal.h"

/* The policy in force, as far as files tell; NULL with 'missing' filled. */
static struct rw_policy *load_policy(const struct rw_agent_place *place, char *missing, size_t size)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_policy *policy = NULL;
	struct rw_position position;
	int r;

	if (rw_agent_policy_is_stale(place)) {
		(void)snprintf(missing, size,
			       "a newer policy is in force than the one saved; ask again in a second");
		return NULL;
	}
	r = rw_agent_policy_load(place, &position, &policy, &err);
	if (r == 0 || r == RW_AGENT_POLICY_PREVIOUS)
		return policy;
	if (rw_seal_load(place, &policy, NULL) == 0)
		return policy;
	(void)snprintf(missing, size, "%.190s",
		       r == RW_AGENT_FILE_ABSENT ? "no policy is saved here" : err.text);
	return NULL;
}

int rw_explainer_load(const struct rw_agent_place *place, struct rw_explainer *explainer,
		      struct rw_error *err)
{
	struct rw_policy *policy;
	int r;

	*explainer = (struct rw_explainer){0};
	rw_classify_memory_init(&explainer->memory);
	policy = load_policy(place, explainer->missing, sizeof(explainer->missing));
	if (!policy)
		return 0;
	r = rw_classify_compile(policy, NULL, NULL, &explainer->memory, &explainer->table, err);
	(void)rw_policy_unref(policy);
	return r;
}

void rw_explainer_done(struct rw_explainer *explainer)
{
	explainer->table = rw_classify_table_free(explainer->table);
	rw_classify_memory_done(&explainer->memory);
}

bool rw_explain(const struct rw_explainer *explainer, const char *interface, const struct rw_packet *packet,
		struct rw_decision *ret_decision)
{
	const struct rw_policy *policy;
	size_t place = RW_CLASSIFY_NO_INTERFACE;

	if (!explainer->table)
		return false;
	policy = explainer->table->policy;
	for (size_t i = 0; i < policy->interface_count; i++)
		if (strcmp(policy->interfaces[i].name, interface) == 0)
			place = i;
	*ret_decision = rw_classify_decide(explainer->table, place, packet);
	return true;
}
