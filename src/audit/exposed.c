/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What of a subject is open, and to whom.  Interfaces of one NIC type in the same groups are exposed alike, so
 * fifty nodes of a cluster are usually one computation.
 */

#include <stdio.h>
#include <string.h>

#include "analyze/box.h"
#include "audit/audit_internal.h"

/* From how many addresses something must be open to count as open to the internet: a /8, or a /16. */
#define INTERNET_V4 16777216.0
#define INTERNET_V6 5.19229685853482762853e33 /* 2^112 */

/* Addresses that are not of the internet, besides those of the network. */
static const char *const not_internet[] = {
	"0.0.0.0/8",      "10.0.0.0/8",  "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.168.0.0/16", "224.0.0.0/3", "::/3",          "4000::/2",    "8000::/1",
};

int internet_find_others(const struct rw_network *network, struct rw_vec *ret_prefixes, struct rw_error *err)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(not_internet) + network->cidr_count; i++) {
		struct rw_prefix *slot;

		if (rw_vec_push(ret_prefixes, &slot) < 0)
			return rw_error_oom(err);
		if (i >= RW_ARRAY_COUNT(not_internet))
			*slot = network->cidrs[i - RW_ARRAY_COUNT(not_internet)];
		else if (rw_prefix_parse(not_internet[i], slot, err) < 0)
			return -EINVAL;
	}
	return 0;
}

static int find_internet(struct subject *subject)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec prefixes;
	struct rw_set_box box = RW_SET_BOX_ANY;
	rw_set others;
	int r;

	rw_vec_init(&prefixes, sizeof(struct rw_prefix), 1024);
	r = internet_find_others(subject->network, &prefixes, subject->run->err);
	if (r < 0)
		return r;
	box.remotes = prefixes.data;
	box.remote_count = prefixes.count;
	r = rw_set_of_box(subject->sets, &box, &others, subject->run->err);
	return r < 0 ? r
		     : rw_set_subtract(subject->sets, RW_SET_ALL, others, &subject->internet,
				       subject->run->err);
}

/* ---- ranges of services ---- */

/* Where the number of sources that reach a service changes. */
struct step {
	uint32_t at;
	double v4, v6;
};

static double power_of_two(unsigned int exponent)
{
	double power = 1;

	while (exponent--)
		power *= 2;
	return power;
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *left = a, *right = b;

	return left->at < right->at ? -1 : left->at > right->at;
}

static int add_steps(struct rw_vec *steps, uint32_t first, uint32_t last, double v4, double v6)
{
	struct step *step;

	if (rw_vec_push(steps, &step) < 0)
		return -ENOMEM;
	*step = (struct step){first, v4, v6};
	if (rw_vec_push(steps, &step) < 0)
		return -ENOMEM;
	*step = (struct step){last + 1, -v4, -v6};
	return 0;
}

/* The services of one box, with how many addresses reach them. */
static int add_box(struct rw_vec *steps, const struct rw_box *box)
{
	double v4 = 0, v6 = 0;
	int r = 0;

	for (size_t i = 0; i < box->remote_count; i++) {
		if (box->remotes[i].address.family == 4)
			v4 += power_of_two(32u - box->remotes[i].bits);
		else
			v6 += power_of_two(128u - box->remotes[i].bits);
	}
	if (box->port_count == 0)
		return add_steps(steps, (uint32_t)box->protocol_first << 16,
				 (uint32_t)box->protocol_last << 16 | 0xffff, v4, v6);
	for (size_t i = 0; r == 0 && i < box->port_count; i++)
		r = add_steps(steps, (uint32_t)box->protocol_first << 16 | box->ports[i].first,
			      (uint32_t)box->protocol_first << 16 | box->ports[i].last, v4, v6);
	return r;
}

static int add_range(struct rw_vec *ranges, uint32_t first, uint32_t last, bool v4, bool v6)
{
	struct open_range *range = ranges->count ? rw_vec_at(ranges, ranges->count - 1) : NULL;

	if (range && range->last + 1 == first && range->v4 == v4 && range->v6 == v6) {
		range->last = last;
		return 0;
	}
	if (rw_vec_push(ranges, &range) < 0)
		return -ENOMEM;
	*range = (struct open_range){first, last, v4, v6};
	return 0;
}

/* Sums up the boxes of what the internet reaches into ranges that count. */
static int find_ranges(struct subject *subject, struct exposed *exposed)
{
	RW_CLEANUP(rw_boxes_done) struct rw_boxes boxes = {0};
	RW_CLEANUP(rw_vec_done) struct rw_vec steps;
	double v4 = 0, v6 = 0;
	int r;

	rw_vec_init(&steps, sizeof(struct step), SIZE_MAX);
	r = rw_set_boxes(subject->sets, exposed->world, &boxes, subject->run->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < boxes.count; i++)
		if (add_box(&steps, &boxes.list[i]) < 0)
			return rw_error_oom(subject->run->err);
	if (steps.count > 1)
		qsort(steps.data, steps.count, sizeof(struct step), compare_steps);
	for (size_t i = 0; i < steps.count; i++) {
		const struct step *step = rw_vec_at(&steps, i);
		const struct step *next = i + 1 < steps.count ? rw_vec_at(&steps, i + 1) : NULL;

		v4 += step->v4;
		v6 += step->v6;
		/* Half a threshold is far from any rounding. */
		if (next && next->at > step->at && (v4 >= INTERNET_V4 * 0.999 || v6 >= INTERNET_V6 * 0.999) &&
		    add_range(&exposed->ranges, step->at, next->at - 1, v4 >= INTERNET_V4 * 0.999,
			      v6 >= INTERNET_V6 * 0.999) < 0)
			return rw_error_oom(subject->run->err);
	}
	return 0;
}

/* ---- exposures ---- */

void exposed_done(struct exposed *exposed)
{
	exposed->policy = rw_policy_unref(exposed->policy);
	rw_vec_done(&exposed->ranges);
}

/* Appends the groups of an interface to a key; gives how long it would be. */
static size_t append_groups(const struct rw_node *node, const struct rw_interface *interface, char *key,
			    size_t used, size_t size)
{
	used += (size_t)snprintf(key + used, size - used, "%d %s", (int)interface->nic_type, node->cluster);
	for (size_t i = 0; i < node->security_group_count && used < size; i++)
		used += (size_t)snprintf(key + used, size - used, " %s", node->security_groups[i]);
	for (size_t i = 0; i < interface->security_group_count && used < size; i++)
		used += (size_t)snprintf(key + used, size - used, " +%s", interface->security_groups[i]);
	return used;
}

static const struct rw_interface *find_interface(const struct rw_node *node, const char *name)
{
	for (size_t i = 0; node && i < node->interface_count; i++)
		if (strcmp(node->interfaces[i].name, name) == 0)
			return &node->interfaces[i];
	return NULL;
}

/* The node as it was before the change, if it was there and had this interface. */
static const struct rw_node *find_before(const struct subject *subject, const struct rw_node *node,
					 const char *interface)
{
	const struct rw_model *before = subject->run->input->before;
	const struct rw_node *was = before ? rw_model_find_node(before, node->id) : NULL;

	return was && strcmp(was->id, node->id) == 0 && find_interface(was, interface) ? was : NULL;
}

/* NIC type and groups in order: equal keys are exposed alike, and were.  Empty when it does not fit. */
static void make_key(const struct subject *subject, const struct rw_node *node,
		     const struct rw_interface *interface, char *key, size_t size)
{
	const struct rw_node *was = find_before(subject, node, interface->name);
	size_t used = append_groups(node, interface, key, 0, size);

	if (was && used < size)
		used += (size_t)snprintf(key + used, size - used, " was ");
	if (was && used < size)
		used = append_groups(was, find_interface(was, interface->name), key, used, size);
	if (used >= size)
		key[0] = '\0';
}

static bool has_key(const struct subject *subject, const char *key)
{
	for (size_t i = 0; key[0] && i < subject->exposed.count; i++)
		if (strcmp(((struct exposed *)rw_vec_at(&subject->exposed, i))->key, key) == 0)
			return true;
	return false;
}

/* ---- a node that is not there ---- */

static int add_hypothetical_interface(struct rw_node *node, const char *name, enum rw_nic_type nic_type)
{
	struct rw_interface *interface = &node->interfaces[node->interface_count];

	*interface = (struct rw_interface){.name = strdup(name), .nic_type = nic_type};
	if (!interface->name)
		return -ENOMEM;
	node->interface_count++;
	return 0;
}

#define HYPOTHETICAL "n-hypothetical-member"

/* Gives 'model' with a node of the subject as it would be: in a classic network with a NIC of each type. */
static int add_hypothetical(const struct subject *subject, const struct rw_model *model,
			    struct rw_model **ret_model)
{
	RW_CLEANUP(rw_model_free) struct rw_model *with = rw_model_dup(model);
	RW_CLEANUP(rw_node_unref) struct rw_node *node = rw_node_new();
	bool classic = subject->network->kind == RW_NETWORK_CLASSIC;
	int r;

	if (!with || !node)
		return rw_error_oom(subject->run->err);
	(void)snprintf(node->id, sizeof(node->id), HYPOTHETICAL);
	node->name = strdup("a new node");
	node->interfaces = calloc(2, sizeof(*node->interfaces));
	memcpy(node->network, subject->network->id, RW_ID_SIZE);
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	if (!node->name || !node->interfaces ||
	    add_hypothetical_interface(node, "eth0", RW_NIC_INTRANET) < 0 ||
	    (classic && add_hypothetical_interface(node, "eth1", RW_NIC_INTERNET) < 0))
		return rw_error_oom(subject->run->err);
	if (subject->cluster) {
		memcpy(node->cluster, subject->cluster->id, RW_ID_SIZE);
	} else {
		node->security_groups = calloc(1, RW_ID_SIZE);
		if (!node->security_groups)
			return rw_error_oom(subject->run->err);
		memcpy(node->security_groups[0], subject->group->id, RW_ID_SIZE);
		node->security_group_count = 1;
	}
	r = rw_model_put(with, RW_KIND_NODE, RW_TAKE_PTR(node), subject->run->err);
	if (r == 0)
		*ret_model = RW_TAKE_PTR(with);
	return r;
}

/* ---- before and after ---- */

static int find_open(const struct subject *subject, const struct rw_policy *policy, size_t interface,
		     rw_set *ret_set)
{
	const struct rw_view view = {.policy = policy,
				     .interface = interface,
				     .direction = RW_DIRECTION_INGRESS,
				     .rules_only = true};

	return rw_exposure(subject->sets, &view, NULL, ret_set, subject->run->err);
}

/* Whether the subject was there before. */
static bool was_subject(const struct subject *subject)
{
	const struct rw_model *before = subject->run->input->before;

	return rw_model_find(before, subject->kind, subject->id) != NULL;
}

/* What was open before at that interface of 'was', or, when that is NULL, at a member's NIC of its type. */
static int find_open_before(const struct subject *subject, const struct rw_policy *after, size_t interface,
			    const struct rw_node *was, rw_set *ret_set)
{
	RW_CLEANUP(rw_model_free) struct rw_model *with = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	const struct rw_policy_surroundings surroundings = {0};
	const struct rw_policy_interface *nic = &after->interfaces[interface];
	const char *name = was ? nic->name : nic->nic_type == RW_NIC_INTRANET ? "eth0" : "eth1";
	int index;
	int r = 0;

	*ret_set = RW_SET_EMPTY;
	if (!was && !was_subject(subject))
		return 0;
	if (!was)
		r = add_hypothetical(subject, subject->run->input->before, &with);
	if (r == 0)
		r = rw_policy_derive(with ? with : subject->run->input->before, was ? was->id : HYPOTHETICAL,
				     &surroundings, with ? NULL : subject->run->before_cache, &policy,
				     subject->run->err);
	if (r < 0)
		return r;
	index = rw_policy_find_interface(policy, name);
	return index < 0 ? 0 : find_open(subject, policy, (size_t)index, ret_set);
}

static int find_added(const struct subject *subject, struct exposed *exposed, const struct rw_node *was)
{
	rw_set before;
	int r;

	exposed->added = exposed->world;
	if (!subject->run->input->before || exposed->world == RW_SET_EMPTY)
		return 0;
	r = find_open_before(subject, exposed->policy, exposed->interface, was, &before);
	return r < 0 ? r
		     : rw_set_subtract(subject->sets, exposed->world, before, &exposed->added,
				       subject->run->err);
}

static int add_exposed(struct subject *subject, struct rw_policy *policy, size_t interface, const char *key,
		       const struct rw_node *was)
{
	struct exposed *exposed;
	int r = rw_vec_push(&subject->exposed, &exposed);

	if (r < 0)
		return r == -ENOMEM
			       ? rw_error_oom(subject->run->err)
			       : rw_error_set(subject->run->err, r,
					      "its nodes are in more than 4,096 different sets of groups");
	rw_vec_init(&exposed->ranges, sizeof(struct open_range), SIZE_MAX);
	exposed->policy = rw_policy_ref(policy);
	exposed->interface = interface;
	(void)snprintf(exposed->key, sizeof(exposed->key), "%s", key);
	exposed->public = subject->network->kind == RW_NETWORK_VPC ||
			  policy->interfaces[interface].nic_type == RW_NIC_INTERNET;
	r = find_open(subject, policy, interface, &exposed->open);
	if (r < 0 || !exposed->public)
		return r;
	r = rw_set_intersect(subject->sets, exposed->open, subject->internet, &exposed->world,
			     subject->run->err);
	if (r == 0)
		r = find_added(subject, exposed, was);
	return r < 0 ? r : find_ranges(subject, exposed);
}

/* The interfaces of one node that are exposed in ways not seen yet. */
static int look_at(struct subject *subject, const struct rw_model *model, const struct rw_node *node)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	const struct rw_policy_surroundings surroundings = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];
		char key[sizeof(((struct exposed *)0)->key)];
		int index;

		make_key(subject, node, interface, key, sizeof(key));
		if (has_key(subject, key))
			continue;
		if (!policy)
			r = rw_policy_derive(model, node->id, &surroundings, subject->run->cache, &policy,
					     subject->run->err);
		if (r < 0)
			return r;
		index = rw_policy_find_interface(policy, interface->name);
		if (index >= 0)
			r = add_exposed(subject, policy, (size_t)index, key,
					find_before(subject, node, interface->name));
	}
	return r;
}

int exposed_find(struct subject *subject)
{
	RW_CLEANUP(rw_model_free) struct rw_model *with = NULL;
	int r = find_internet(subject);

	for (size_t i = 0; r == 0 && i < subject->node_count; i++)
		r = look_at(subject, subject->run->input->model, subject->nodes[i]);
	if (r < 0 || subject->exposed.count > 0)
		return r;
	subject->hypothetical = true;
	r = add_hypothetical(subject, subject->run->input->model, &with);
	return r < 0 ? r : look_at(subject, with, rw_model_find_node(with, HYPOTHETICAL));
}
