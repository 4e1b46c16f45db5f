/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/maker.h"

#include <string.h>

#include "classify/address.h"
#include "classify/log.h"
#include "classify/update.h"

struct rw_classify_maker *rw_classify_maker_free(struct rw_classify_maker *maker)
{
	if (!maker)
		return NULL;
	for (uint32_t i = 0; i < maker->view_count; i++) {
		(void)rw_row_maker_free(maker->views[i].rows);
		rw_columns_done(&maker->views[i].columns);
	}
	free(maker->views);
	free(maker->fives);
	free(maker->rows);
	rw_image_done(&maker->image);
	rw_plan_done(&maker->plan);
	(void)rw_policy_unref(maker->policy);
	free(maker);
	return NULL;
}
RW_DEFINE_CLEANUP(struct rw_classify_maker *, rw_classify_maker_free)

/* 'has_group' and 'list' are room for each group of the policy and each rule of the plan. */
static int make_view(struct rw_classify_maker *maker, const struct rw_classify_table *table, uint32_t number,
		     bool *has_group, uint32_t *list, struct rw_image *scratch)
{
	const struct rw_plan *plan = &maker->plan;
	struct rw_maker_view *view = &maker->views[number];
	const struct rw_table_header *header = rw_image_page(&maker->image, 0);
	const struct rw_table_view *written = rw_image_page(&maker->image, header->views + number);
	uint32_t page = rw_image_add_pages(scratch, 1), count;
	int r;

	if (scratch->failure)
		return -ENOMEM;
	count = rw_plan_list(plan, &plan->policies[number / 2], rw_plan_direction(number), has_group, list);
	/* Numbers of columns follow from the rules alone; the image has them already. */
	r = rw_columns_make(plan, list, count, table->spacious, scratch, page, &view->columns);
	return r ? r
		 : rw_row_maker_new(plan, table->address, &view->columns, list, count, maker->fives,
				    written->flags & RW_VIEW_PLAIN_ROWS, &maker->image, &view->rows);
}

static int make_views(struct rw_classify_maker *maker, const struct rw_classify_table *table)
{
	RW_CLEANUP(rw_free) bool *has_group = calloc(maker->policy->group_count + 1, sizeof(*has_group));
	RW_CLEANUP(rw_free) uint32_t *list = malloc((maker->plan.rule_count + 1) * sizeof(*list));
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory = {0};
	RW_CLEANUP(rw_image_done) struct rw_image scratch = {0};
	int r = 0;

	rw_classify_memory_init(&memory);
	rw_image_init(&scratch, &memory, RW_TABLE_PAGES_MAX);
	rw_image_add_pages(&scratch, 1);
	maker->views = calloc(maker->plan.policy_count * 2, sizeof(*maker->views));
	maker->rows = malloc(maker->plan.policy_count * 2 * sizeof(*maker->rows));
	if (!has_group || !list || !maker->views || !maker->rows)
		return -ENOMEM;
	while (!r && maker->view_count < maker->plan.policy_count * 2)
		r = make_view(maker, table, maker->view_count++, has_group, list, &scratch);
	return r;
}

static int make_fives(struct rw_classify_maker *maker)
{
	const struct rw_plan *plan = &maker->plan;

	maker->fives = malloc((plan->five_count + 1) * sizeof(*maker->fives));
	if (!maker->fives)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->five_count; i++)
		maker->fives[i] = rw_image_add_blob(&maker->image, (const uint64_t *)&plan->fives[i],
						    sizeof(plan->fives[i]) / sizeof(uint64_t));
	return maker->image.failure;
}

int rw_maker_need(struct rw_classify_table *table, struct rw_classify_memory *memory, struct rw_error *err)
{
	RW_CLEANUP(rw_classify_maker_free) struct rw_classify_maker *maker = NULL;
	RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
	int r;

	if (table->maker) {
		table->maker->image.memory = memory;
		/* An image remembers what it has failed of. */
		return table->maker->image.failure ? RW_CLASSIFY_BESIDE : 0;
	}
	maker = calloc(1, sizeof(*maker));
	if (!maker || rw_atoms_dup(&table->address->atoms, &atoms) < 0)
		return -ENOMEM;
	maker->policy = rw_policy_ref(table->policy);
	rw_image_init(&maker->image, memory, table->page_limit);
	maker->image.page_count = table->page_count;
	r = rw_plan_make(maker->policy, &atoms, &maker->plan, err);
	if (!r && (atoms.missing || maker->plan.origin_count != table->origin_count))
		return RW_CLASSIFY_BESIDE;
	if (!r)
		r = make_fives(maker);
	if (!r)
		r = make_views(maker, table);
	if (!r)
		table->maker = RW_TAKE_PTR(maker);
	/* Memory that grows may have moved. */
	table->pages = memory->pages;
	return r;
}

void rw_classify_table_move(struct rw_classify_table *table, const void *pages)
{
	/* Indexes that are not in deciding order cannot be found again. */
	table->is_spent |= table->maker && table->maker->changes;
	table->maker = rw_classify_maker_free(table->maker);
	table->log = rw_log_free(table->log);
	table->pages = pages;
}

int rw_maker_add_class(struct rw_classify_table *table, struct rw_classify_memory *memory, uint32_t parent,
		       const uint32_t *all, uint32_t all_count, const uint32_t *laid, uint32_t laid_count,
		       struct rw_error *err)
{
	struct rw_classify_address *address = table->address;
	uint32_t number = address->classes.count, size = address->record_words * (uint32_t)sizeof(uint64_t);
	uint32_t place = rw_classify_record_of(address->record_words, number);
	const struct rw_table_class *base;
	struct rw_classify_maker *maker;
	struct rw_table_class *record;
	int r;

	if (rw_classify_record_pages(address->record_words, number + 1) > address->record_pages)
		return RW_CLASSIFY_BESIDE;
	r = rw_maker_need(table, memory, err);
	if (r)
		return r;
	maker = table->maker;
	for (uint32_t i = 0; !r && i < maker->view_count; i++) {
		base = rw_image_at(&maker->image, rw_classify_record_of(address->record_words, parent));
		r = rw_row_maker_lay(maker->views[i].rows, base->row[i], laid, laid_count, &maker->rows[i]);
	}
	if (!r)
		r = rw_classes_add(&address->classes, parent, all, all_count, laid, laid_count);
	if (r < 0)
		return r;
	record = rw_image_at(&maker->image, place);
	record->flags = 0;
	for (uint32_t i = 0; i < all_count; i++)
		if (all[i] < maker->plan.flagged_count)
			record->flags |= maker->plan.atom_flags[all[i]];
	memcpy(record->row, maker->rows, maker->view_count * sizeof(*record->row));
	rw_log_note(table->log, (size_t)place * sizeof(uint64_t), size);
	table->page_count = maker->image.page_count;
	return 0;
}
