/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/reach.h"

#include <stdio.h>
#include <string.h>

#include "analyze/map.h"
#include "base/map.h"

static void part_done(struct rw_reach_part *part)
{
	rw_boxes_done(&part->boxes);
	free(part->because);
	free(part->nodes);
	*part = (struct rw_reach_part){0};
}

void rw_reach_done(struct rw_reach *reach)
{
	for (size_t i = 0; i < reach->part_count; i++)
		part_done(&reach->parts[i]);
	free(reach->parts);
	for (size_t i = 0; i < reach->cause_count; i++)
		(void)rw_rule_unref(reach->causes[i].rule);
	free(reach->causes);
	(void)rw_sets_free(reach->sets);
	*reach = (struct rw_reach){0};
}

/* ---- the question ---- */

static int bad_service(const char *text, struct rw_error *err)
{
	(void)rw_error_field(err, "service", "'%s' is not a service", text);
	return rw_error_hint(err, "Write tcp/22, udp/53, tcp/8000-8100, icmp or a protocol's number.");
}

/* "2-5" behind "protocol/": protocols by number. */
static int parse_protocols(const char *text, uint32_t *ret_first, uint32_t *ret_last)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	unsigned int count = 1;

	if (rw_ports_parse_list(text, ranges, &count, NULL) < 0 || count != 1 || ranges[0].last > 255)
		return -EINVAL;
	*ret_first = (uint32_t)ranges[0].first << 16;
	*ret_last = (uint32_t)ranges[0].last << 16 | 0xffff;
	return 0;
}

int rw_service_parse(const char *text, uint32_t *ret_first, uint32_t *ret_last, struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX] = {RW_PORTS_ANY};
	uint16_t protocol = RW_PROTOCOL_TCP;
	const char *ports = NULL, *slash = strchr(text, '/');
	char word[RW_PROTOCOL_TEXT_SIZE + 8] = "";
	unsigned int count = 1;

	if (strncmp(text, "protocol/", 9) == 0)
		return parse_protocols(text + 9, ret_first, ret_last) < 0 ? bad_service(text, err) : 0;
	/* "tcp/22", "22/tcp", "icmp", "22". */
	if (slash) {
		size_t length = (size_t)(slash - text);

		if (length >= sizeof(word) || strlen(slash + 1) >= sizeof(word))
			return bad_service(text, err);
		memcpy(word, text, length);
		ports = slash + 1;
		if (rw_protocol_parse(word, &protocol, NULL) < 0 || (word[0] >= '0' && word[0] <= '9')) {
			if (rw_protocol_parse(ports, &protocol, NULL) < 0)
				return bad_service(text, err);
			ports = word;
		}
	} else if (rw_ports_parse_list(text, ranges, &count, NULL) == 0) {
		ports = text;
	} else if (rw_protocol_parse(text, &protocol, NULL) < 0) {
		return bad_service(text, err);
	}
	if (ports && (!rw_protocol_has_ports(protocol) ||
		      rw_ports_parse_list(ports, ranges, &count, NULL) < 0 || count != 1))
		return bad_service(text, err);
	rw_service_range(protocol, ranges[0], ret_first, ret_last);
	return 0;
}

/* The remotes of a question as a set; everything when it names none. */
static int make_sources(const struct rw_source *source, const char *from, struct rw_sets *sets,
			rw_set *ret_set, struct rw_error *err)
{
	RW_CLEANUP(rw_free) struct rw_prefix *list = NULL;
	static const struct rw_prefix nothing;
	struct rw_set_box box = RW_SET_BOX_ANY;
	size_t count = 0;
	int r;

	*ret_set = RW_SET_ALL;
	if (!from)
		return 0;
	r = rw_source_addresses(source, "from", from, &list, &count, err);
	if (r < 0)
		return r;
	box.remotes = list ? list : &nothing;
	box.remote_count = count;
	return rw_set_of_box(sets, &box, ret_set, err);
}

/* ---- what accepts ---- */

/* A question on its way. */
struct search {
	struct rw_reach *reach;
	const struct rw_source *source;
	struct rw_scope scope;
	struct rw_space_options options;
	rw_set sources;
	bool because;
	struct rw_map known; /* number of a cause + 1, by its word and group */
};

/* Numbers the deciders of one view. */
struct numbering {
	struct search *search;
	const struct rw_policy *policy;
	uint32_t *numbers; /* by rank: number of its cause + 1; 0 = not asked for yet */
	bool failed;       /* memory ran out */
};

/* Appends a cause; NULL when memory runs out. */
static struct rw_reach_cause *add_cause(struct rw_reach *reach)
{
	/* Room grows by doubling: a count that is a power of two is a full list. */
	if ((reach->cause_count & (reach->cause_count - 1)) == 0) {
		size_t capacity = reach->cause_count ? reach->cause_count * 2 : 1;
		struct rw_reach_cause *bigger = realloc(reach->causes, capacity * sizeof(*bigger));

		if (!bigger)
			return NULL;
		reach->causes = bigger;
	}
	reach->causes[reach->cause_count] = (struct rw_reach_cause){0};
	return &reach->causes[reach->cause_count++];
}

/* The number of what decides, the same on every node, + 1; 0 when memory runs out. */
static uint32_t number_cause(const struct numbering *numbering, const struct rw_decider *decider)
{
	const struct rw_decision decision = rw_decider_decision(decider);
	const char *word = rw_decision_cause(&decision), *group = "";
	struct search *search = numbering->search;
	struct rw_reach_cause *cause;
	char key[RW_ID_SIZE * 2];
	void *known;

	if (decider->group != RW_PLAN_NO_GROUP)
		group = numbering->policy->groups[decider->group]->id;
	(void)snprintf(key, sizeof(key), "%s %s", word, group);
	known = rw_map_find(&search->known, key);
	if (known)
		return (uint32_t)(uintptr_t)known;
	cause = add_cause(search->reach);
	if (!cause || rw_map_set(&search->known, key, (void *)(uintptr_t)search->reach->cause_count) < 0)
		return 0;
	(void)snprintf(cause->word, sizeof(cause->word), "%s", word);
	(void)snprintf(cause->group, sizeof(cause->group), "%s", group);
	if (decider->rule)
		cause->rule = rw_rule_ref(decider->rule);
	return (uint32_t)search->reach->cause_count;
}

static uint32_t cause_of(const struct rw_walk *walk, uint32_t column, void *userdata)
{
	uint32_t rank = walk->first[0][column];
	const struct rw_decider *decider = &walk->space->views[0].deciders.list[rank];
	struct numbering *numbering = userdata;

	if (decider->verdict != RW_VERDICT_ACCEPT)
		return 0;
	if (!numbering->numbers[rank])
		numbering->numbers[rank] = number_cause(numbering, decider);
	numbering->failed |= !numbering->numbers[rank];
	return numbering->numbers[rank];
}

/* What the view accepts, as a map of what does. */
static int map_causes(struct search *search, const struct rw_view *view, rw_set *ret_map,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_space_free) struct rw_space *space = NULL;
	RW_CLEANUP(rw_free) uint32_t *numbers = NULL;
	struct numbering numbering = {.search = search, .policy = view->policy};
	int r = rw_space_new(view, 1, &search->options, &space, err);

	if (r < 0)
		return r;
	numbers = calloc(space->views[0].deciders.count, sizeof(*numbers));
	if (!numbers)
		return rw_error_oom(err);
	numbering.numbers = numbers;
	r = rw_map_of_space(search->reach->sets, space, cause_of, &numbering, ret_map, err);
	return numbering.failed ? rw_error_oom(err) : r;
}

static int explain_box(const struct rw_reach *reach, const struct rw_reach_part *part, size_t box,
		       struct rw_error *err)
{
	struct rw_reach_because *because = &part->because[box];
	rw_set map;
	int r = rw_map_restrict(reach->sets, part->open, part->boxes.list[box].set, &map, err);
	int count = r < 0 ? r : rw_map_values(reach->sets, map, because->causes, RW_REACH_CAUSES_MAX);

	if (r < 0)
		return r;
	if (count < 0)
		return rw_error_oom(err);
	because->count = (size_t)count < RW_REACH_CAUSES_MAX ? (size_t)count : RW_REACH_CAUSES_MAX;
	because->omitted = (size_t)count - because->count;
	for (size_t i = 0; i < because->count; i++)
		because->causes[i]--;
	return 0;
}

static int make_boxes(const struct search *search, struct rw_reach_part *part, struct rw_error *err)
{
	struct rw_sets *sets = search->reach->sets;
	rw_set open = part->open;
	int r = search->because ? rw_map_support(sets, part->open, &open, err) : 0;

	if (!r)
		r = rw_set_boxes(sets, open, &part->boxes, err);
	if (r < 0 || !search->because)
		return r;
	part->because = calloc(part->boxes.count + 1, sizeof(*part->because));
	if (!part->because)
		return rw_error_oom(err);
	for (size_t i = 0; !r && i < part->boxes.count; i++)
		r = explain_box(search->reach, part, i, err);
	return r;
}

/* ---- nodes ---- */

static int add_open(struct rw_reach *reach, const struct rw_node *node, const char *interface, rw_set open)
{
	struct rw_reach_part *part = NULL;
	const struct rw_node **nodes;

	for (size_t i = 0; !part && i < reach->part_count; i++)
		if (reach->parts[i].open == open && strcmp(reach->parts[i].interface, interface) == 0)
			part = &reach->parts[i];
	if (!part) {
		struct rw_reach_part *bigger =
			realloc(reach->parts, (reach->part_count + 1) * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		reach->parts = bigger;
		part = &bigger[reach->part_count++];
		*part = (struct rw_reach_part){.open = open};
		memcpy(part->interface, interface, sizeof(part->interface));
	}
	nodes = realloc(part->nodes, (part->node_count + 1) * sizeof(const struct rw_node *));
	if (!nodes)
		return -ENOMEM;
	part->nodes = nodes;
	nodes[part->node_count++] = node;
	return 0;
}

/* Whether an interface is in the scope: of a group only those that are members. */
static bool is_in_scope(const struct rw_policy *policy, size_t interface, const struct rw_scope *scope)
{
	const struct rw_policy_interface *described = &policy->interfaces[interface];

	if (!scope->group)
		return true;
	for (size_t i = 0; i < described->group_count; i++)
		if (strcmp(policy->groups[described->groups[i]]->id, scope->group->id) == 0)
			return true;
	return false;
}

static int reach_node(struct search *search, const struct rw_node *node, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_reach *reach = search->reach;
	int r = rw_source_derive(search->source, node->id, &policy, err);

	if (r < 0)
		return r;
	for (size_t i = 0; !r && i < policy->interface_count; i++) {
		const struct rw_view view = {.policy = policy, .interface = i, .ignore_own = true};
		rw_set open;

		if (!is_in_scope(policy, i, &search->scope))
			continue;
		r = search->because ? map_causes(search, &view, &open, err)
				    : rw_exposure(reach->sets, &view, &search->options, &open, err);
		if (!r)
			r = rw_map_restrict(reach->sets, open, search->sources, &open, err);
		if (r < 0)
			return rw_error_wrap(err, "node %s", node->name);
		if (open != RW_SET_EMPTY && add_open(reach, node, policy->interfaces[i].name, open) < 0)
			return rw_error_oom(err);
	}
	return r;
}

static int begin(struct search *search, const struct rw_reach_question *question, struct rw_error *err)
{
	int r = rw_scope_find(search->source->model, "to", question->to, &search->scope, err);

	if (!r && question->service)
		r = rw_service_parse(question->service, &search->options.service_first,
				     &search->options.service_last, err);
	if (!r)
		r = rw_sets_new(0, &search->reach->sets, err);
	return r < 0 ? r
		     : make_sources(search->source, question->from, search->reach->sets, &search->sources,
				    err);
}

static int find(struct search *search, struct rw_error *err)
{
	const struct rw_model *model = search->source->model;
	struct rw_reach *reach = search->reach;
	int r = 0;

	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (!rw_source_decides(node) || !rw_scope_has_node(model, &search->scope, node))
			continue;
		reach->node_count++;
		r = reach_node(search, node, err);
	}
	for (size_t i = 0; !r && i < reach->part_count; i++)
		r = make_boxes(search, &reach->parts[i], err);
	return r;
}

int rw_reach(const struct rw_source *source, const struct rw_reach_question *question,
	     struct rw_reach *ret_reach, struct rw_error *err)
{
	RW_CLEANUP(rw_reach_done) struct rw_reach reach = {0};
	struct search search = {
		.reach = &reach,
		.source = source,
		.options = RW_SPACE_OPTIONS_DEFAULT,
		.because = question->because,
	};
	int r;

	/* No seed: the controller itself makes the ids. */
	rw_map_init(&search.known, 0, NULL);
	r = begin(&search, question, err);
	if (!r)
		r = find(&search, err);
	rw_map_done(&search.known);
	if (r < 0)
		return r;
	*ret_reach = reach;
	reach = (struct rw_reach){0};
	return 0;
}
