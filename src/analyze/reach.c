/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/reach.h"

#include <string.h>

#include "analyze/map.h"

static void part_done(struct rw_reach_part *part)
{
	rw_boxes_done(&part->boxes);
	free(part->nodes);
	*part = (struct rw_reach_part){0};
}

void rw_reach_done(struct rw_reach *reach)
{
	for (size_t i = 0; i < reach->part_count; i++)
		part_done(&reach->parts[i]);
	free(reach->parts);
	(void)rw_sets_free(reach->sets);
	*reach = (struct rw_reach){0};
}

/* ---- the question ---- */

static int bad_service(const char *text, struct rw_error *err)
{
	(void)rw_error_field(err, "service", "'%s' is not a service", text);
	return rw_error_hint(err, "Write tcp/22, udp/53, tcp/8000-8100, icmp or a protocol's number.");
}

int rw_service_parse(const char *text, uint32_t *ret_first, uint32_t *ret_last, struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX] = {RW_PORTS_ANY};
	uint16_t protocol = RW_PROTOCOL_TCP;
	const char *ports = NULL, *slash = strchr(text, '/');
	char word[RW_PROTOCOL_TEXT_SIZE + 8] = "";
	unsigned int count = 1;

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

static int reach_node(struct rw_reach *reach, const struct rw_source *source, const struct rw_scope *scope,
		      const struct rw_node *node, const struct rw_space_options *options, rw_set sources,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	int r = rw_source_derive(source, node->id, &policy, err);

	if (r < 0)
		return r;
	for (size_t i = 0; !r && i < policy->interface_count; i++) {
		const struct rw_view view = {.policy = policy, .interface = i, .ignore_own = true};
		rw_set open;

		if (!is_in_scope(policy, i, scope))
			continue;
		r = rw_exposure(reach->sets, &view, options, &open, err);
		if (!r)
			r = rw_set_intersect(reach->sets, open, sources, &open, err);
		if (r < 0)
			return rw_error_wrap(err, "node %s", node->name);
		if (open != RW_SET_EMPTY && add_open(reach, node, policy->interfaces[i].name, open) < 0)
			return rw_error_oom(err);
	}
	return r;
}

int rw_reach(const struct rw_source *source, const struct rw_reach_question *question,
	     struct rw_reach *ret_reach, struct rw_error *err)
{
	struct rw_space_options options = RW_SPACE_OPTIONS_DEFAULT;
	RW_CLEANUP(rw_reach_done) struct rw_reach reach = {0};
	struct rw_scope scope;
	rw_set sources;
	int r = rw_scope_find(source->model, "to", question->to, &scope, err);

	if (!r && question->service)
		r = rw_service_parse(question->service, &options.service_first, &options.service_last, err);
	if (!r)
		r = rw_sets_new(0, &reach.sets, err);
	if (!r)
		r = make_sources(source, question->from, reach.sets, &sources, err);
	for (size_t i = 0; !r && i < rw_model_count(source->model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(source->model, RW_KIND_NODE, i);

		if (!rw_source_decides(node) || !rw_scope_has_node(source->model, &scope, node))
			continue;
		reach.node_count++;
		r = reach_node(&reach, source, &scope, node, &options, sources, err);
	}
	for (size_t i = 0; !r && i < reach.part_count; i++)
		r = rw_set_boxes(reach.sets, reach.parts[i].open, &reach.parts[i].boxes, err);
	if (r < 0)
		return r;
	*ret_reach = reach;
	reach = (struct rw_reach){0};
	return 0;
}
