/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/compile.h"

#include <string.h>

#include "classify/address.h"
#include "classify/columns.h"
#include "classify/image.h"
#include "classify/origins.h"
#include "classify/plan.h"
#include "classify/rows.h"

/* Everything of one compilation. */
struct compilation {
	const struct rw_policy *policy;
	struct rw_plan plan;
	struct rw_image image;
	struct rw_classify_address *address;
	bool reused;
	bool compressed; /* IPv4 trie, whatever the room */
	bool spacious;
	uint32_t plain_blocks; /* so many blocks of rows may still be plain ones */
	uint32_t views;        /* page of the first */
	uint32_t *fives;       /* references of the five-tuple parts */
	uint8_t slots[RW_TABLE_SLOT_MAX];
	uint32_t group; /* that does not fit, or RW_PLAN_NO_GROUP */
};

static void compilation_done(struct compilation *compilation)
{
	rw_plan_done(&compilation->plan);
	rw_image_done(&compilation->image);
	(void)rw_classify_address_unref(compilation->address);
	free(compilation->fives);
}
RW_DEFINE_DONE(struct compilation, compilation_done)

void rw_classify_memory_done(struct rw_classify_memory *memory)
{
	(void)rw_classify_address_unref(memory->holds);
	if (memory->grow)
		free(memory->pages);
	*memory = (struct rw_classify_memory){0};
}

struct rw_classify_table *rw_classify_table_free(struct rw_classify_table *table)
{
	if (table) {
		(void)rw_policy_unref(table->policy);
		(void)rw_classify_maker_free(table->maker);
		(void)rw_log_free(table->log);
		(void)rw_classify_address_unref(table->address);
		rw_origins_done(table);
		free(table->slots);
		free(table);
	}
	return NULL;
}

/* Says why the policy does not fit, and whose it mostly is. */
static int explain(const struct compilation *compilation, int code, struct rw_error *err)
{
	const struct rw_policy *policy = compilation->policy;
	const char *group = rw_plan_largest_group(policy);

	if (code == -ENOMEM)
		return rw_error_oom(err);
	if (code == -ENOSPC)
		return rw_error_set(err, code, "the decision table needs more than %u pages",
				    compilation->image.memory->capacity);
	if (compilation->group != RW_PLAN_NO_GROUP) {
		rw_error_set(err, code,
			     "group %s: more than %d rules with local CIDR or source ports meet in one place",
			     policy->groups[compilation->group]->id, RW_TABLE_LIST_MAX);
		(void)rw_error_hint(err, "Give them different remote objects or ports.");
		return code;
	}
	rw_error_set(err, code, "the decision table is larger than %u MB; group %s takes most of it",
		     compilation->image.page_limit / ((1u << 20) / RW_TABLE_PAGE_SIZE), group ? group : "-");
	(void)rw_error_hint(err, "Raise --table-memory, or let the group name fewer addresses and ports.");
	return code;
}

static int set_slots(struct compilation *compilation, const uint8_t *slots, struct rw_error *err)
{
	bool taken[RW_TABLE_SLOT_MAX] = {false};

	if (compilation->policy->interface_count > RW_TABLE_SLOT_MAX)
		return rw_error_set(err, -E2BIG, "a node has at most %d interfaces", RW_TABLE_SLOT_MAX);
	for (size_t i = 0; i < compilation->policy->interface_count; i++) {
		uint8_t slot = slots ? slots[i] : (uint8_t)i;

		if (taken[slot])
			return rw_error_set(err, -EINVAL, "two interfaces have slot %u", slot);
		taken[slot] = true;
		compilation->slots[i] = slot;
	}
	return 0;
}

/*
 * True when the atoms that the plan is about have at least half of the address part's prefixes: what is left
 * of a large group that nobody names any more is not dragged along.
 */
static bool is_worth_keeping(const struct rw_plan *plan, const struct rw_classify_address *address)
{
	RW_CLEANUP(rw_free) bool *used = calloc(address->atoms.count + 1, sizeof(*used));
	size_t count = 0;

	if (!used)
		return false;
	for (uint32_t i = 0; i < plan->rule_count; i++)
		used[plan->rules[i].atom] = true;
	for (uint32_t i = 0; i < plan->flagged_count; i++)
		used[i] |= plan->atom_flags[i] != 0;
	for (uint32_t i = 0; i < address->atoms.count; i++)
		if (used[i])
			count += address->atoms.list[i].set ? address->atoms.list[i].set->count : 1;
	return count * 2 >= address->classes.prefix_count;
}

/* Takes the address part of 'previous' over when the policy names no other atoms.  1 when it did. */
static int try_reuse(struct compilation *compilation, const struct rw_classify_table *previous,
		     struct rw_error *err)
{
	RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
	int r;

	if (!previous || previous->address->is_partial || rw_atoms_dup(&previous->address->atoms, &atoms) < 0)
		return 0;
	r = rw_plan_make(compilation->policy, &atoms, &compilation->plan, err);
	if (r < 0)
		return r;
	if (atoms.missing || (compilation->compressed && previous->address->plain4) ||
	    previous->address->record_words != rw_classify_record_words(compilation->plan.policy_count * 2) ||
	    !is_worth_keeping(&compilation->plan, previous->address)) {
		rw_plan_done(&compilation->plan);
		return 0;
	}
	r = rw_classify_address_reuse(previous->address, previous->pages, &compilation->image);
	if (r < 0)
		return explain(compilation, r, err);
	compilation->address = rw_classify_address_ref(previous->address);
	compilation->reused = true;
	return 1;
}

static int make_address(struct compilation *compilation, struct rw_error *err)
{
	RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
	int r = rw_plan_make(compilation->policy, &atoms, &compilation->plan, err);

	if (r < 0)
		return r;
	r = rw_classify_address_build(&atoms, rw_classify_record_words(compilation->plan.policy_count * 2),
				      compilation->compressed, compilation->spacious, &compilation->image,
				      &compilation->address);
	return r < 0 ? explain(compilation, r, err) : 0;
}

static void set_flags(struct compilation *compilation)
{
	const struct rw_classify_address *address = compilation->address;

	for (uint32_t i = 0; i < address->classes.count; i++) {
		const struct rw_class *class = &address->classes.list[i];
		struct rw_table_class *record =
			rw_image_at(&compilation->image, rw_classify_record_of(address->record_words, i));

		for (uint32_t j = 0; j < class->all_count; j++) {
			uint32_t atom = address->classes.atoms[class->all_first + j];

			if (atom < compilation->plan.flagged_count)
				record->flags |= compilation->plan.atom_flags[atom];
		}
	}
}

static int write_fives(struct compilation *compilation)
{
	const struct rw_plan *plan = &compilation->plan;

	compilation->fives = malloc((plan->five_count + 1) * sizeof(*compilation->fives));
	if (!compilation->fives)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->five_count; i++)
		compilation->fives[i] =
			rw_image_add_blob(&compilation->image, (const uint64_t *)&plan->fives[i],
					  sizeof(plan->fives[i]) / sizeof(uint64_t));
	return compilation->image.failure;
}

/* ---- views ---- */

/*
 * Plain blocks of rows take a KB each, where spans take some ten bytes: for small policies.  No more than 4 MB and an
 * eighth of the budget in all, if each class had blocks of its own.
 */
#define PLAIN_BLOCKS_MAX 4096

static uint32_t count_plain_blocks(const struct compilation *compilation)
{
	uint32_t most = compilation->image.page_limit / 8 * (RW_TABLE_PAGE_CELLS / 256);

	if (compilation->compressed)
		return 0;
	return most < PLAIN_BLOCKS_MAX ? most : PLAIN_BLOCKS_MAX;
}

/* Whether the rows of a view with so many columns are plain. */
static bool take_plain_blocks(struct compilation *compilation, uint32_t columns)
{
	uint64_t blocks = (uint64_t)compilation->address->classes.count * ((columns + 255) / 256);

	if (blocks > compilation->plain_blocks)
		return false;
	compilation->plain_blocks -= (uint32_t)blocks;
	return true;
}

static int make_view(struct compilation *compilation, uint32_t number, bool *has_group, uint32_t *list)
{
	const struct rw_plan *plan = &compilation->plan;
	const struct rw_plan_policy *interface = &plan->policies[number / 2];
	uint32_t count = rw_plan_list(plan, interface, rw_plan_direction(number), has_group, list);
	uint32_t page = compilation->views + number;
	RW_CLEANUP(rw_columns_done) struct rw_columns columns = {0};
	struct rw_table_view *view;
	int r = rw_columns_make(plan, list, count, compilation->spacious, &compilation->image, page,
				&columns);

	if (r < 0)
		return r;
	view = rw_image_page(&compilation->image, page);
	view->flags = interface->view_flags;
	if (columns.count > 1 && take_plain_blocks(compilation, columns.count))
		view->flags |= RW_VIEW_PLAIN_ROWS;
	view->columns = columns.count;
	view->timeouts = interface->timeouts;
	return rw_rows_make(plan, compilation->address, &columns, list, count, compilation->fives,
			    rw_plan_initial(plan, number), number, view->flags & RW_VIEW_PLAIN_ROWS,
			    &compilation->image, &compilation->group);
}

static int make_views(struct compilation *compilation)
{
	const struct rw_plan *plan = &compilation->plan;
	RW_CLEANUP(rw_free) bool *has_group = malloc((plan->policy->group_count + 1) * sizeof(*has_group));
	RW_CLEANUP(rw_free) uint32_t *list = malloc((plan->rule_count + 1) * sizeof(*list));
	int r = has_group && list ? write_fives(compilation) : -ENOMEM;

	compilation->plain_blocks = count_plain_blocks(compilation);
	compilation->views = rw_image_add_pages(&compilation->image, plan->policy_count * 2);
	if (!r)
		r = compilation->image.failure;
	for (uint32_t i = 0; !r && i < plan->policy_count * 2; i++)
		r = make_view(compilation, i, has_group, list);
	return r;
}

/* ---- the whole ---- */

static void write_header(struct compilation *compilation)
{
	struct rw_table_header *header = rw_image_page(&compilation->image, 0);

	*header = (struct rw_table_header){
		.none_bits = {1},
		.none_before = {0, 1, 1, 1},
		.magic = RW_TABLE_MAGIC,
		.version = RW_TABLE_VERSION,
		.page_count = compilation->image.page_count,
		.flags = (compilation->policy->container_network == RW_CONTAINER_ROUTED ? RW_TABLE_ROUTED
											: 0) |
			 (compilation->address->plain4 ? RW_TABLE_PLAIN4 : 0),
		.root4 = compilation->address->root4,
		.root6 = compilation->address->root6,
		.views = compilation->views,
		.policy_count = compilation->plan.policy_count,
		.index_count = compilation->plan.origin_count,
	};
	for (size_t i = 0; i < compilation->policy->interface_count; i++)
		header->slot[compilation->slots[i]] = compilation->plan.policy_of[i];
}

static int make_table(struct compilation *compilation, struct rw_classify_table **ret_table)
{
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = calloc(1, sizeof(*table));
	size_t interfaces = compilation->policy->interface_count;

	if (!table)
		return -ENOMEM;
	table->slots = malloc(interfaces + 1);
	if (!table->slots ||
	    rw_origins_make(table, compilation->plan.origins, compilation->plan.origin_count, NULL, NULL) < 0)
		return -ENOMEM;
	memcpy(table->slots, compilation->slots, interfaces);
	table->policy = rw_policy_ref(compilation->policy);
	table->pages = compilation->image.memory->pages;
	table->page_count = compilation->image.page_count;
	table->page_limit = compilation->image.page_limit;
	table->address = rw_classify_address_ref(compilation->address);
	table->address_reused = compilation->reused;
	table->spacious = compilation->spacious;
	*ret_table = RW_TAKE_PTR(table);
	return 0;
}

void rw_classify_memory_hold(struct rw_classify_memory *memory, struct rw_classify_address *address)
{
	struct rw_classify_address *before = memory->holds;

	memory->holds = address ? rw_classify_address_ref(address) : NULL;
	memory->holds_version = address ? address->version : 0;
	(void)rw_classify_address_unref(before);
}

static int compile(const struct rw_policy *policy, const struct rw_classify_options *options,
		   const struct rw_classify_table *previous, struct rw_classify_memory *memory,
		   struct rw_classify_table **ret_table, struct rw_error *err)
{
	uint32_t limit = options && options->page_limit ? options->page_limit : RW_CLASSIFY_PAGES_DEFAULT;
	RW_CLEANUP(compilation_done)
	struct compilation compilation = {.policy = policy,
					  .compressed = options && options->compressed,
					  .spacious = options && options->spacious,
					  .group = RW_PLAN_NO_GROUP};
	int r = set_slots(&compilation, options ? options->slots : NULL, err);

	if (r < 0)
		return r;
	memory->begun++;
	rw_image_init(&compilation.image, memory, limit < RW_TABLE_PAGES_MAX ? limit : RW_TABLE_PAGES_MAX);
	rw_image_add_pages(&compilation.image, 1);
	if (compilation.image.failure)
		return explain(&compilation, compilation.image.failure, err);
	r = try_reuse(&compilation, previous, err);
	if (r < 0)
		return r;
	if (!compilation.reused) {
		rw_classify_memory_hold(memory, NULL);
		r = make_address(&compilation, err);
		if (r < 0)
			return r;
	}
	rw_classify_memory_hold(memory, compilation.address);
	set_flags(&compilation);
	r = make_views(&compilation);
	if (!r) {
		write_header(&compilation);
		r = make_table(&compilation, ret_table);
	}
	return r < 0 ? explain(&compilation, r, err) : 0;
}

static bool is_about_room(int r)
{
	return r == -E2BIG || r == -ENOSPC;
}

int rw_classify_compile(const struct rw_policy *policy, const struct rw_classify_options *options,
			const struct rw_classify_table *previous, struct rw_classify_memory *memory,
			struct rw_classify_table **ret_table, struct rw_error *err)
{
	struct rw_classify_options smaller = options ? *options : (struct rw_classify_options){0};
	struct rw_error first = RW_ERROR_NONE;
	int r;

	/* An address part taken over may be larger than this policy needs, so it never decides about room. */
	if (previous) {
		r = compile(policy, options, previous, memory, ret_table, &first);
		if (!is_about_room(r)) {
			if (r < 0 && err)
				*err = first;
			return r;
		}
	}
	r = smaller.compressed && !smaller.spacious
		    ? -E2BIG
		    : compile(policy, options, NULL, memory, ret_table, &first);
	/* The small form is for who may have no more room; to others, a place that has it is told. */
	if (r != -E2BIG) {
		if (r < 0 && err)
			*err = first;
		return r;
	}
	smaller.compressed = true;
	smaller.spacious = false;
	return compile(policy, &smaller, NULL, memory, ret_table, err);
}
