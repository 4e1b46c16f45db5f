/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/promise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/diff.h"
#include "base/vec.h"
#include "group/members.h"

/* The addresses that an object means, of families that the promise can speak of. */
struct addresses {
	struct rw_prefix *list;
	size_t count;
};

struct rw_promise_judge {
	const struct rw_model *model;
	struct rw_sets *sets;
	struct rw_members *members;     /* made when first needed */
	struct rw_policy_cache *cache;  /* of the model's policies */
	struct rw_policy **policies;    /* by index of the node; made when first needed */
	rw_set nodes;                   /* every address of a node, as remote; RW_SET_EMPTY = not made yet */
	const struct rw_promise *known; /* whose addresses these are; NULL = nobody's */
	struct addresses from, to;
};

static const char *const state_names[] = {
	[RW_PROMISE_IDLE] = "idle", [RW_PROMISE_KEPT] = "kept", [RW_PROMISE_BROKEN] = "broken"};

const char *rw_promise_state_name(enum rw_promise_state state)
{
	return state_names[state];
}

/* An arena may fill up with the sets of many promises: then the next one begins anew. */
static int renew_sets(struct rw_promise_judge *judge, struct rw_error *err)
{
	judge->sets = rw_sets_free(judge->sets);
	judge->nodes = RW_SET_EMPTY;
	return rw_sets_new(0, &judge->sets, err);
}

int rw_promise_judge_new(const struct rw_model *model, struct rw_promise_judge **ret_judge,
			 struct rw_error *err)
{
	RW_CLEANUP(rw_promise_judge_free) struct rw_promise_judge *judge = calloc(1, sizeof(*judge));
	int r;

	if (!judge)
		return rw_error_oom(err);
	judge->model = model;
	judge->policies = calloc(rw_model_count(model, RW_KIND_NODE) + 1, sizeof(struct rw_policy *));
	judge->cache = rw_policy_cache_new();
	if (!judge->policies || !judge->cache)
		return rw_error_oom(err);
	r = renew_sets(judge, err);
	if (r == 0)
		*ret_judge = RW_TAKE_PTR(judge);
	return r;
}

struct rw_promise_judge *rw_promise_judge_free(struct rw_promise_judge *judge)
{
	if (!judge)
		return NULL;
	for (size_t i = 0; judge->policies && i < rw_model_count(judge->model, RW_KIND_NODE); i++)
		rw_policy_unref(judge->policies[i]);
	free(judge->policies);
	rw_policy_cache_free(judge->cache);
	rw_members_free(judge->members);
	rw_sets_free(judge->sets);
	free(judge->from.list);
	free(judge->to.list);
	free(judge);
	return NULL;
}

/* ---- what a promise speaks of ---- */

static int copy_prefixes(const struct rw_prefix *list, size_t count, struct addresses *addresses)
{
	addresses->list = count ? calloc(count, sizeof(*list)) : NULL;
	if (count && !addresses->list)
		return -ENOMEM;
	if (count)
		memcpy(addresses->list, list, count * sizeof(*list));
	addresses->count = count;
	return 0;
}

static int resolve(struct rw_promise_judge *judge, const struct rw_object *object, uint16_t protocol,
		   struct addresses *addresses)
{
	const struct rw_prefix_list *list;
	size_t kept = 0;
	int r = 0;

	free(RW_TAKE_PTR(addresses->list));
	addresses->count = 0;
	if (object->kind == RW_OBJECT_CIDR) {
		r = copy_prefixes(&object->cidr, 1, addresses);
	} else if (object->kind == RW_OBJECT_PREFIX_LIST) {
		list = rw_model_find_prefix_list(judge->model, object->id);
		r = list ? copy_prefixes(list->cidrs, list->cidr_count, addresses) : 0;
	} else {
		if (!judge->members)
			judge->members = rw_members_new(judge->model);
		r = judge->members ? rw_members_addresses(judge->members, object->id, &addresses->list,
							  &addresses->count)
				   : -ENOMEM;
	}
	/* ICMP is of IPv4 only, and ICMPv6 of IPv6. */
	for (size_t i = 0; r == 0 && i < addresses->count; i++) {
		uint8_t family = addresses->list[i].address.family;

		if ((family == 6 && protocol == RW_PROTOCOL_ICMP) ||
		    (family == 4 && protocol == RW_PROTOCOL_ICMPV6))
			continue;
		addresses->list[kept++] = addresses->list[i];
	}
	addresses->count = kept;
	return r;
}

static int know(struct rw_promise_judge *judge, const struct rw_promise *promise)
{
	int r;

	if (judge->known == promise)
		return 0;
	judge->known = NULL;
	r = resolve(judge, &promise->from, promise->protocol, &judge->from);
	if (r == 0)
		r = resolve(judge, &promise->to, promise->protocol, &judge->to);
	if (r == 0)
		judge->known = promise;
	return r;
}

static bool holds(const struct addresses *addresses, const struct rw_address *address)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (rw_prefix_contains(&addresses->list[i], address))
			return true;
	return false;
}

/* Every address of a node of the promise's network, as a remote one. */
static int find_nodes(struct rw_promise_judge *judge, const char *network, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec prefixes;
	struct rw_set_box box = RW_SET_BOX_ANY;

	rw_vec_init(&prefixes, sizeof(struct rw_prefix), SIZE_MAX / 2);
	for (size_t i = 0; i < rw_model_count(judge->model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(judge->model, RW_KIND_NODE, i);

		for (size_t k = 0; strcmp(node->network, network) == 0 && k < node->interface_count; k++) {
			const struct rw_interface *interface = &node->interfaces[k];

			for (size_t n = 0; n < interface->address_count; n++) {
				struct rw_prefix *slot;

				if (rw_vec_push(&prefixes, &slot) < 0)
					return rw_error_oom(err);
				*slot = rw_prefix_of_address(&interface->addresses[n]);
			}
		}
	}
	if (prefixes.count == 0)
		return 0;
	box.remotes = prefixes.data;
	box.remote_count = prefixes.count;
	return rw_set_of_box(judge->sets, &box, &judge->nodes, err);
}

/* ---- one end ---- */

struct end {
	struct rw_promise_judge *judge;
	const struct rw_promise *promise;
	struct rw_view view;
	const struct rw_interface *interface;
	struct rw_error *err;
};

/* The headers of the promise at this end; none when no address of the interface is meant. */
static int find_wanted(const struct end *end, rw_set *ret_wanted)
{
	bool is_ingress = end->view.direction == RW_DIRECTION_INGRESS;
	const struct addresses *remote = is_ingress ? &end->judge->from : &end->judge->to;
	const struct addresses *local = is_ingress ? &end->judge->to : &end->judge->from;
	struct rw_sets *sets = end->judge->sets;
	int r = 0;

	*ret_wanted = RW_SET_EMPTY;
	for (size_t i = 0; r == 0 && i < end->interface->address_count; i++) {
		const struct rw_prefix own = rw_prefix_of_address(&end->interface->addresses[i]);
		struct rw_set_box box = {
			.remotes = remote->list,
			.remote_count = remote->count,
			.protocol = end->promise->protocol,
			.ports = end->promise->ports,
			.local = &own,
			.source_ports = RW_PORTS_ANY,
		};
		rw_set set;

		if (remote->count == 0 || !holds(local, &own.address))
			continue;
		r = rw_set_of_box(sets, &box, &set, end->err);
		if (r == 0)
			r = rw_set_union(sets, *ret_wanted, set, ret_wanted, end->err);
	}
	return r;
}

/* A sender is asked only about what no other end answers for. */
static int leave_out_nodes(const struct end *end, rw_set *wanted)
{
	struct rw_promise_judge *judge = end->judge;
	int r = 0;

	if (judge->nodes == RW_SET_EMPTY)
		r = find_nodes(judge, end->promise->network, end->err);
	return r < 0 ? r : rw_set_subtract(judge->sets, *wanted, judge->nodes, wanted, end->err);
}

static int tell_broken(const struct end *end, const struct rw_space_options *options, rw_set broken,
		       struct rw_promise_outcome *outcome)
{
	RW_CLEANUP(rw_deciders_done) struct rw_deciders deciders = {0};
	const struct rw_policy *policy = end->view.policy;
	struct rw_sets *sets = end->judge->sets;
	struct rw_decision decision;
	rw_set map;
	int r = rw_view_witness(sets, &end->view, broken, &outcome->witness, end->err);

	if (r == 0)
		r = rw_decisions(sets, &end->view, options, &map, &deciders, end->err);
	if (r < 0)
		return r;
	decision = rw_decider_decision(&deciders.list[rw_map_at(sets, map, &outcome->witness) - 1]);
	outcome->state = RW_PROMISE_BROKEN;
	outcome->verdict = decision.verdict;
	memcpy(outcome->node, policy->node, RW_ID_SIZE);
	(void)snprintf(outcome->node_name, sizeof(outcome->node_name), "%s", policy->node_name);
	(void)snprintf(outcome->interface, sizeof(outcome->interface), "%s", end->interface->name);
	(void)snprintf(outcome->cause, sizeof(outcome->cause), "%s", rw_decision_cause(&decision));
	return 0;
}

static int judge_end(const struct end *end, struct rw_promise_outcome *outcome)
{
	struct rw_sets *sets = end->judge->sets;
	bool accept = end->promise->policy == RW_VERDICT_ACCEPT;
	struct rw_space_options options = RW_SPACE_OPTIONS_DEFAULT;
	rw_set wanted, open, broken;
	int r = find_wanted(end, &wanted);

	if (r == 0 && !accept && end->view.direction == RW_DIRECTION_EGRESS && wanted != RW_SET_EMPTY)
		r = leave_out_nodes(end, &wanted);
	if (r < 0 || wanted == RW_SET_EMPTY)
		return r;
	rw_service_range(end->promise->protocol, end->promise->ports, &options.service_first,
			 &options.service_last);
	r = rw_exposure(sets, &end->view, &options, &open, end->err);
	if (r == 0)
		r = accept ? rw_set_subtract(sets, wanted, open, &broken, end->err)
			   : rw_set_intersect(sets, wanted, open, &broken, end->err);
	if (r < 0)
		return r;
	outcome->interfaces++;
	outcome->state = RW_PROMISE_KEPT;
	return broken == RW_SET_EMPTY ? 0 : tell_broken(end, &options, broken, outcome);
}

static int judge_interface(struct rw_promise_judge *judge, const struct rw_promise *promise,
			   const struct rw_policy *policy, const struct rw_interface *interface,
			   struct rw_promise_outcome *outcome, struct rw_error *err)
{
	static const enum rw_direction directions[] = {RW_DIRECTION_INGRESS, RW_DIRECTION_EGRESS};
	int index = rw_policy_find_interface(policy, interface->name);
	int r = 0;

	for (size_t i = 0; index >= 0 && r == 0 && outcome->state != RW_PROMISE_BROKEN && i < 2; i++) {
		const struct end end = {
			.judge = judge,
			.promise = promise,
			.view = {.policy = policy,
				 .interface = (size_t)index,
				 .direction = directions[i],
				 .rules_only = true},
			.interface = interface,
			.err = err,
		};

		r = judge_end(&end, outcome);
	}
	return r;
}

int rw_promise_judge_node(struct rw_promise_judge *judge, const struct rw_promise *promise,
			  const struct rw_policy *policy, struct rw_promise_outcome *outcome,
			  struct rw_error *err)
{
	const struct rw_node *node = rw_model_find_node(judge->model, policy->node);
	int r = 0;

	if (!node || strcmp(node->network, promise->network) != 0 || outcome->state == RW_PROMISE_BROKEN)
		return 0;
	if (know(judge, promise) < 0)
		return rw_error_oom(err);
	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		r = judge_interface(judge, promise, policy, &node->interfaces[i], outcome, err);
		if (r == -E2BIG) {
			r = renew_sets(judge, err);
			if (r == 0)
				r = judge_interface(judge, promise, policy, &node->interfaces[i], outcome,
						    err);
		}
	}
	return r;
}

int rw_promise_judge_all(struct rw_promise_judge *judge, const struct rw_promise *promise,
			 struct rw_promise_outcome *ret_outcome, struct rw_error *err)
{
	const struct rw_policy_surroundings surroundings = {0};
	int r = 0;

	*ret_outcome = (struct rw_promise_outcome){0};
	for (size_t i = 0; r == 0 && i < rw_model_count(judge->model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(judge->model, RW_KIND_NODE, i);

		if (strcmp(node->network, promise->network) != 0 || ret_outcome->state == RW_PROMISE_BROKEN)
			continue;
		if (!judge->policies[i])
			r = rw_policy_derive(judge->model, node->id, &surroundings, judge->cache,
					     &judge->policies[i], err);
		if (r == 0)
			r = rw_promise_judge_node(judge, promise, judge->policies[i], ret_outcome, err);
	}
	return r;
}
