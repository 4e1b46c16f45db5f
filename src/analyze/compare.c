/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/compare.h"

#include <assert.h>
#include <string.h>

static void part_done(struct rw_comparison_part *part)
{
	rw_diff_done(&part->diff);
	free(part->nodes);
	(void)rw_policy_unref(part->before);
	(void)rw_policy_unref(part->after);
	*part = (struct rw_comparison_part){0};
}
RW_DEFINE_DONE(struct rw_comparison_part, part_done)

void rw_comparison_done(struct rw_comparison *comparison)
{
	for (size_t i = 0; i < comparison->part_count; i++)
		part_done(&comparison->parts[i]);
	free(comparison->parts);
	free(comparison->asides);
	(void)rw_sets_free(comparison->sets);
	*comparison = (struct rw_comparison){0};
}

const char *rw_comparison_note_name(enum rw_comparison_note note)
{
	static const char *const names[RW_COMPARISON_NOTE_COUNT_] = {
		[RW_COMPARISON_NODE_NEW] = "node-new",
		[RW_COMPARISON_NODE_GONE] = "node-gone",
		[RW_COMPARISON_INTERFACE_NEW] = "interface-new",
		[RW_COMPARISON_INTERFACE_GONE] = "interface-gone",
	};

	assert(note < RW_COMPARISON_NOTE_COUNT_);
	return names[note];
}

static int add_aside(struct rw_comparison *comparison, enum rw_comparison_note note,
		     const struct rw_node *node, const char *interface)
{
	struct rw_comparison_aside *bigger =
		realloc(comparison->asides, (comparison->aside_count + 1) * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	comparison->asides = bigger;
	bigger[comparison->aside_count] = (struct rw_comparison_aside){.note = note, .node = node};
	if (interface)
		memcpy(bigger[comparison->aside_count].interface, interface,
		       sizeof(bigger[comparison->aside_count].interface));
	comparison->aside_count++;
	return 0;
}

/* ---- what stands together ---- */

static bool same_decision(const struct rw_decision *a, const struct rw_decision *b)
{
	if (a->cause != b->cause || (a->detail == NULL) != (b->detail == NULL))
		return false;
	return !a->detail || strcmp(a->detail, b->detail) == 0;
}

static bool same_reasons(const struct rw_diff *a, const struct rw_diff *b)
{
	for (size_t i = 0; i < a->boxes.count; i++) {
		const struct rw_diff_change *left = &a->changes[i], *right = &b->changes[i];

		if (left->reason_count != right->reason_count ||
		    left->reasons_omitted != right->reasons_omitted)
			return false;
		for (size_t j = 0; j < left->reason_count; j++)
			if (!same_decision(&left->reasons[j].before, &right->reasons[j].before) ||
			    !same_decision(&left->reasons[j].after, &right->reasons[j].after))
				return false;
	}
	return true;
}

static struct rw_comparison_part *find_part(struct rw_comparison *comparison,
					    const struct rw_comparison_part *wanted)
{
	for (size_t i = 0; i < comparison->part_count; i++) {
		struct rw_comparison_part *part = &comparison->parts[i];

		if (part->direction == wanted->direction && strcmp(part->interface, wanted->interface) == 0 &&
		    part->diff.opens == wanted->diff.opens && part->diff.closes == wanted->diff.closes &&
		    same_reasons(&part->diff, &wanted->diff))
			return part;
	}
	return NULL;
}

static int add_node(struct rw_comparison_part *part, const struct rw_node *node)
{
	const struct rw_node **bigger =
		realloc(part->nodes, (part->node_count + 1) * sizeof(const struct rw_node *));

	if (!bigger)
		return -ENOMEM;
	part->nodes = bigger;
	bigger[part->node_count++] = node;
	return 0;
}

/* Takes the part's content when no part is like it. */
static int add_part(struct rw_comparison *comparison, struct rw_comparison_part *part,
		    const struct rw_node *node)
{
	struct rw_comparison_part *found = find_part(comparison, part);
	struct rw_comparison_part *bigger;

	if (found)
		return add_node(found, node);
	bigger = realloc(comparison->parts, (comparison->part_count + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	comparison->parts = bigger;
	bigger[comparison->part_count] = *part;
	*part = (struct rw_comparison_part){0};
	return add_node(&bigger[comparison->part_count++], node);
}

/* ---- nodes ---- */

static int compare_interface(struct rw_comparison *comparison, const struct rw_node *node,
			     const struct rw_view *before, const struct rw_view *after, struct rw_error *err)
{
	RW_CLEANUP(part_done) struct rw_comparison_part part = {.direction = before->direction};
	int r = rw_diff_views(comparison->sets, before, after, &part.diff, err);

	if (r < 0)
		return rw_error_wrap(err, "node %s", node->name);
	if (!part.diff.boxes.count)
		return 0;
	memcpy(part.interface, after->policy->interfaces[after->interface].name, sizeof(part.interface));
	part.before = rw_policy_ref(before->policy);
	part.after = rw_policy_ref(after->policy);
	return add_part(comparison, &part, node) < 0 ? rw_error_oom(err) : 0;
}

static int compare_policies(struct rw_comparison *comparison, const struct rw_node *node,
			    const struct rw_policy *before, const struct rw_policy *after,
			    struct rw_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < before->interface_count; i++)
		if (rw_policy_find_interface(after, before->interfaces[i].name) < 0 &&
		    add_aside(comparison, RW_COMPARISON_INTERFACE_GONE, node, before->interfaces[i].name) < 0)
			r = rw_error_oom(err);
	for (size_t i = 0; !r && i < after->interface_count; i++) {
		int old = rw_policy_find_interface(before, after->interfaces[i].name);

		if (old < 0) {
			if (add_aside(comparison, RW_COMPARISON_INTERFACE_NEW, node,
				      after->interfaces[i].name) < 0)
				r = rw_error_oom(err);
			continue;
		}
		for (int direction = 0; !r && direction < 2; direction++) {
			const struct rw_view one = {.policy = before,
						    .interface = (size_t)old,
						    .direction = (enum rw_direction)direction,
						    .ignore_own = true};
			const struct rw_view other = {.policy = after,
						      .interface = i,
						      .direction = (enum rw_direction)direction,
						      .ignore_own = true};

			r = compare_interface(comparison, node, &one, &other, err);
		}
	}
	return r;
}

static int compare_node(struct rw_comparison *comparison, const struct rw_source *before,
			const struct rw_source *after, const struct rw_node *node, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *old = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *new = NULL;
	struct rw_policy_digest old_digest, new_digest;
	int r;

	if (after->is_same && after->is_same(after->userdata, node->id))
		return 0;
	r = rw_source_derive(before, node->id, &old, err);
	if (!r)
		r = rw_source_derive(after, node->id, &new, err);
	if (r < 0)
		return r;
	old_digest = rw_policy_digest(old);
	new_digest = rw_policy_digest(new);
	if (memcmp(&old_digest, &new_digest, sizeof(old_digest)) == 0)
		return 0;
	return compare_policies(comparison, node, old, new, err);
}

static const struct rw_node *managed_node(const struct rw_model *model, const char *id)
{
	const struct rw_node *node = rw_model_find_node(model, id);

	return node && strcmp(node->id, id) == 0 && rw_source_decides(node) ? node : NULL;
}

static int compare_nodes(struct rw_comparison *comparison, const struct rw_source *before,
			 const struct rw_source *after, struct rw_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < rw_model_count(before->model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(before->model, RW_KIND_NODE, i);

		if (rw_source_decides(node) && !managed_node(after->model, node->id) &&
		    add_aside(comparison, RW_COMPARISON_NODE_GONE, node, NULL) < 0)
			r = rw_error_oom(err);
	}
	for (size_t i = 0; !r && i < rw_model_count(after->model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(after->model, RW_KIND_NODE, i);

		if (!rw_source_decides(node))
			continue;
		if (managed_node(before->model, node->id))
			r = compare_node(comparison, before, after, node, err);
		else if (add_aside(comparison, RW_COMPARISON_NODE_NEW, node, NULL) < 0)
			r = rw_error_oom(err);
	}
	return r;
}

int rw_compare(const struct rw_source *before, const struct rw_source *after,
	       struct rw_comparison *ret_comparison, struct rw_error *err)
{
	RW_CLEANUP(rw_comparison_done) struct rw_comparison comparison = {0};
	int r = rw_sets_new(0, &comparison.sets, err);

	if (!r)
		r = compare_nodes(&comparison, before, after, err);
	if (r < 0)
		return r;
	*ret_comparison = comparison;
	comparison = (struct rw_comparison){0};
	return 0;
}
