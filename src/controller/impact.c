/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

/*
 * Which nodes a change concerns.  First by what refers to what, from the touched objects outwards, which
 * finds too many rather than too few; then by deriving those policies and comparing digests.
 */

struct scope {
	struct rw_map groups;   /* ids: rules or properties changed, or a set they use */
	struct rw_map sets;     /* ids of groups and prefix lists whose addresses changed */
	struct rw_map clusters; /* ids */
	struct rw_map networks; /* ids */
	struct rw_map nodes;    /* ids */
};

static void scope_done(struct scope *scope)
{
	rw_map_done(&scope->groups);
	rw_map_done(&scope->sets);
	rw_map_done(&scope->clusters);
	rw_map_done(&scope->networks);
	rw_map_done(&scope->nodes);
}
RW_DEFINE_DONE(struct scope, scope_done)

static int mark(struct rw_map *map, const char *id)
{
	return id[0] ? rw_map_set(map, id, map) : 0;
}

static int mark_all(struct rw_map *map, char (*ids)[RW_ID_SIZE], size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = mark(map, ids[i]);
	return r;
}

/* The groups of which a node is a member, into 'map'. */
static int mark_groups_of(struct rw_map *map, const struct rw_model *model, const struct rw_node *node)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(model, node->cluster) : NULL;
	int r = cluster ? mark(map, cluster->security_group) : 0;

	if (r == 0)
		r = mark_all(map, node->security_groups, node->security_group_count);
	for (size_t i = 0; r == 0 && i < node->interface_count; i++)
		r = mark_all(map, node->interfaces[i].security_groups,
			     node->interfaces[i].security_group_count);
	return r;
}

static int mark_touched(struct scope *scope, const struct rw_model *before, const struct rw_model *after,
			const struct rw_touched *touched)
{
	const struct rw_cluster *cluster;
	int r = 0;

	switch (touched->kind) {
	case RW_KIND_NETWORK:
		return mark(&scope->networks, touched->id);
	case RW_KIND_CLUSTER:
		/* Its container CIDRs decide which addresses are members', for everybody in the network. */
		cluster = touched->after ? touched->after : touched->before;
		r = mark(&scope->clusters, touched->id);
		return r < 0 ? r : mark(&scope->networks, cluster->network);
	case RW_KIND_NODE:
		r = mark(&scope->nodes, touched->id);
		if (r == 0 && touched->before)
			r = mark_groups_of(&scope->sets, before, touched->before);
		if (r == 0 && touched->after)
			r = mark_groups_of(&scope->sets, after, touched->after);
		return r;
	case RW_KIND_GROUP:
		return mark(&scope->groups, touched->id);
	case RW_KIND_PREFIX_LIST:
		return mark(&scope->sets, touched->id);
	case RW_KIND_LOAD_BALANCER:
	case RW_KIND_PROMISE:
	case RW_KIND_COUNT_:
		break;
	}
	return 0;
}

/* A group whose rules or inner access use a changed set is changed as its members see it. */
static int spread_sets(struct scope *scope, const struct rw_model *after)
{
	if (scope->sets.count == 0)
		return 0;
	for (size_t i = 0; i < rw_model_count(after, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(after, RW_KIND_GROUP, i);
		bool uses = rw_map_find(&scope->sets, group->id) != NULL;

		for (size_t k = 0; !uses && k < group->rule_count; k++) {
			const struct rw_object *object = &group->rules[k]->object;

			uses = object->kind != RW_OBJECT_CIDR && rw_map_find(&scope->sets, object->id);
		}
		if (uses && mark(&scope->groups, group->id) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool any_marked(const struct rw_map *map, char (*ids)[RW_ID_SIZE], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rw_map_find(map, ids[i]))
			return true;
	}
	return false;
}

static bool is_concerned(const struct scope *scope, const struct rw_model *after, const struct rw_node *node)
{
	const struct rw_cluster *cluster;

	if (rw_map_find(&scope->nodes, node->id) || rw_map_find(&scope->networks, node->network))
		return true;
	cluster = node->cluster[0] ? rw_model_find_cluster(after, node->cluster) : NULL;
	if (cluster && (rw_map_find(&scope->clusters, cluster->id) ||
			rw_map_find(&scope->groups, cluster->security_group)))
		return true;
	if (any_marked(&scope->groups, node->security_groups, node->security_group_count))
		return true;
	for (size_t i = 0; i < node->interface_count; i++) {
		if (any_marked(&scope->groups, node->interfaces[i].security_groups,
			       node->interfaces[i].security_group_count))
			return true;
	}
	return false;
}

static int scope_fill(struct scope *scope, struct rw_controller *controller, const struct rw_model *after,
		      const struct fold_outcome *outcome)
{
	int r = 0;

	rw_map_init(&scope->groups, controller->map_seed, NULL);
	rw_map_init(&scope->sets, controller->map_seed, NULL);
	rw_map_init(&scope->clusters, controller->map_seed, NULL);
	rw_map_init(&scope->networks, controller->map_seed, NULL);
	rw_map_init(&scope->nodes, controller->map_seed, NULL);
	for (size_t i = 0; r == 0 && i < outcome->touched.count; i++)
		r = mark_touched(scope, controller->inventory.model, after, rw_vec_at(&outcome->touched, i));
	for (size_t i = 0; r == 0 && i < outcome->agents.count; i++)
		r = mark(&scope->nodes, rw_vec_at(&outcome->agents, i));
	return r == 0 ? spread_sets(scope, after) : r;
}

static void impact_done(struct impact *impact)
{
	(void)rw_policy_unref(impact->before);
	(void)rw_policy_unref(impact->after);
	*impact = (struct impact){0};
}

void impacts_done(struct rw_vec *impacts)
{
	for (size_t i = 0; i < impacts->count; i++)
		impact_done(rw_vec_at(impacts, i));
	rw_vec_done(impacts);
}

static bool same_digest(const struct rw_policy_digest *a, const struct rw_policy_digest *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

/* Gives the record the policy of the present model if it has none. */
static int ensure_policy(struct rw_controller *controller, struct node_record *record, struct rw_error *err)
{
	int r;

	if (record->policy)
		return 0;
	r = node_derive(controller, controller->inventory.model, record, &record->policy, err);
	if (r == 0)
		record->digest = rw_policy_digest(record->policy);
	return r == -ENOENT ? 0 : r;
}

/* Lists the candidates; their policies before are all derived first, because the cache suits one model at a
 * time. */
static int list_candidates(struct rw_controller *controller, const struct rw_model *after,
			   const struct scope *scope, struct rw_vec *impacts, struct rw_error *err)
{
	for (size_t i = 0; i < controller->nodes.count; i++) {
		struct node_record *record = controller->nodes.records[i];
		const struct rw_node *node = rw_model_find_node(after, record->id);
		struct impact *impact;
		int r;

		if (!node || node->agent != RW_AGENT_MANAGED || !is_concerned(scope, after, node))
			continue;
		r = ensure_policy(controller, record, err);
		if (r < 0)
			return r;
		if (!record->policy)
			continue;
		if (rw_vec_push(impacts, &impact) < 0)
			return rw_error_oom(err);
		impact->record = record;
		impact->before = rw_policy_ref(record->policy);
	}
	return 0;
}

int impact_find(struct rw_controller *controller, const struct rw_model *after,
		const struct fold_outcome *outcome, struct rw_vec *impacts, struct rw_error *err)
{
	RW_CLEANUP(scope_done) struct scope scope = {0};
	size_t kept = 0;
	int r;

	if (controller->nodes.count == 0)
		return 0;
	if (scope_fill(&scope, controller, after, outcome) < 0)
		return rw_error_oom(err);
	r = list_candidates(controller, after, &scope, impacts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < impacts->count; i++) {
		struct impact *impact = rw_vec_at(impacts, i);

		r = node_derive(controller, after, impact->record, &impact->after, err);
		if (r < 0)
			return r;
		impact->digest = rw_policy_digest(impact->after);
		if (same_digest(&impact->digest, &impact->record->digest)) {
			impact_done(impact);
			continue;
		}
		*(struct impact *)rw_vec_at(impacts, kept) = *impact;
		if (kept++ != i)
			*impact = (struct impact){0};
	}
	impacts->count = kept;
	return 0;
}

void impact_publish(struct rw_controller *controller, struct rw_vec *impacts, enum rw_established established,
		    uint64_t revision)
{
	if (wait_remember(controller, impacts, revision) < 0)
		rw_log_warning("no memory to follow a change  revision=%llu", (unsigned long long)revision);
	for (size_t i = 0; i < impacts->count; i++) {
		struct impact *impact = rw_vec_at(impacts, i);
		struct node_record *record = impact->record;

		session_part(record, established);
		record->said[established] = revision;
		(void)rw_policy_unref(record->policy);
		record->policy = RW_TAKE_PTR(impact->after);
		record->digest = impact->digest;
		record->wanted = revision;
		if (!record->behind_since_ns)
			record->behind_since_ns = rw_clock_monotonic_ns(controller->clock);
		session_push(record);
	}
}

/* ---- what a fold touched ---- */

void fold_outcome_init(struct fold_outcome *outcome)
{
	rw_vec_init(&outcome->touched, sizeof(struct rw_touched), SIZE_MAX / 2);
	rw_vec_init(&outcome->agents, RW_ID_SIZE, SIZE_MAX / 2);
}

void fold_outcome_done(struct fold_outcome *outcome)
{
	for (size_t i = 0; i < outcome->touched.count; i++) {
		struct rw_touched *touched = rw_vec_at(&outcome->touched, i);

		if (touched->before)
			(void)rw_object_unref(touched->kind, (void *)(uintptr_t)touched->before);
		if (touched->after)
			(void)rw_object_unref(touched->kind, (void *)(uintptr_t)touched->after);
	}
	rw_vec_done(&outcome->touched);
	rw_vec_done(&outcome->agents);
}

int fold_outcome_add(struct fold_outcome *outcome, const struct rw_touched *touched)
{
	struct rw_touched *slot;
	int r = rw_vec_push(&outcome->touched, &slot);

	if (r < 0)
		return r;
	*slot = *touched;
	if (slot->before)
		slot->before = rw_object_ref(slot->kind, slot->before);
	if (slot->after)
		slot->after = rw_object_ref(slot->kind, slot->after);
	return 0;
}
