/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/revise.h"

#include <string.h>

#include "classify/address.h"
#include "classify/log.h"
#include "classify/maker.h"
#include "classify/origins.h"
#include "classify/row_patch.h"
#include "classify/shift.h"

enum {
	RULES_MAX = 16,   /* that come or go at once, and sets */
	CLASSES_MAX = 512 /* that a new object may make */
};

struct change {
	uint32_t group; /* of the policy */
	const struct rw_rule *rule;
};

struct revision {
	struct rw_classify_table *table;
	struct rw_classify_maker *maker;
	struct rw_classify_address *address;
	const struct rw_policy *policy;
	struct rw_classify_memory *to;
	struct rw_error *err;
	struct change gone[RULES_MAX], come[RULES_MAX];
	uint32_t gone_count, come_count;
	const char *sets[RULES_MAX]; /* ids of those that come or go */
	uint32_t set_count;
	bool *has_atom;       /* by class: the atom of the current rule is one of its */
	uint32_t class_count; /* that have it */
	bool *stale;          /* by block of origins: not as in 'table' */
};

/* What a part cannot do goes through as the outcome of the whole. */
_Static_assert(RW_COLUMNS_NONE == RW_CLASSIFY_BESIDE && RW_ROW_PATCH_NONE == RW_CLASSIFY_BESIDE, "compile");

static void revision_done(struct revision *revision)
{
	free(revision->has_atom);
	free(revision->stale);
}
RW_DEFINE_DONE(struct revision, revision_done)

/* ---- what differs ---- */

/* Sets may come and go with the rules that name them; those that stay are the same. */
static bool find_sets(struct revision *revision, const struct rw_policy *before,
		      const struct rw_policy *after)
{
	size_t i = 0, j = 0;

	while (i < before->set_count || j < after->set_count) {
		int order = i == before->set_count  ? 1
			    : j == after->set_count ? -1
						    : strcmp(before->sets[i]->id, after->sets[j]->id);

		if (order == 0 ? before->sets[i] != after->sets[j] : revision->set_count == RULES_MAX)
			return false;
		if (order)
			revision->sets[revision->set_count++] =
				order < 0 ? before->sets[i]->id : after->sets[j]->id;
		i += order <= 0;
		j += order >= 0;
	}
	return true;
}

static bool is_used(const struct rw_classify_table *table, uint32_t group)
{
	for (size_t i = 0; i < table->policy->interface_count; i++)
		for (size_t j = 0; j < table->policy->interfaces[i].group_count; j++)
			if (table->policy->interfaces[i].groups[j] == group)
				return true;
	return false;
}

static bool note(struct change list[RULES_MAX], uint32_t *count, uint32_t group, const struct rw_rule *rule)
{
	if (*count == RULES_MAX)
		return false;
	list[(*count)++] = (struct change){group, rule};
	return true;
}

/* Two versions of a group share the rules in which they do not differ. */
static bool find_rules(struct revision *revision, uint32_t group, const struct rw_policy_group *before,
		       const struct rw_policy_group *after)
{
	size_t i = 0, j = 0;
	bool few = true;

	while (few && (i < before->rule_count || j < after->rule_count)) {
		int order = i == before->rule_count  ? 1
			    : j == after->rule_count ? -1
			    : before->rules[i] == after->rules[j]
				    ? 0
				    : strcmp(before->rules[i]->id, after->rules[j]->id);
		bool same = order == 0 && before->rules[i] == after->rules[j];

		if (order <= 0 && !same)
			few = note(revision->gone, &revision->gone_count, group, before->rules[i]);
		if (few && order >= 0 && !same)
			few = note(revision->come, &revision->come_count, group, after->rules[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return few;
}

static bool comes(const struct revision *revision, uint32_t group, const struct rw_rule *rule)
{
	for (uint32_t i = 0; i < revision->come_count; i++)
		if (revision->come[i].group == group && revision->come[i].rule == rule)
			return true;
	return false;
}

static bool names_changed_set(const struct revision *revision, const struct rw_rule *rule)
{
	if (rule->object.kind == RW_OBJECT_CIDR)
		return false;
	for (uint32_t i = 0; i < revision->set_count; i++)
		if (strcmp(revision->sets[i], rule->object.id) == 0)
			return true;
	return false;
}

/* Whether a rule that stays names a set that comes or goes: it is about other addresses then. */
static bool misses_set(const struct revision *revision, const struct rw_policy *after)
{
	for (uint32_t i = 0; revision->set_count && i < after->group_count; i++) {
		const struct rw_policy_group *group = after->groups[i];

		for (size_t j = 0; j < group->rule_count; j++)
			if (names_changed_set(revision, group->rules[j]) && is_used(revision->table, i) &&
			    !comes(revision, i, group->rules[j]))
				return true;
	}
	return false;
}

/* What an interface's own group lets reach each other is not a rule. */
static bool same_inner_access(const struct rw_policy *before, const struct rw_policy *after,
			      const struct rw_policy_group *group)
{
	return group->inner_access != RW_VERDICT_ACCEPT ||
	       !rw_policy_find_set(before, group->id) == !rw_policy_find_set(after, group->id);
}

/* False when more than some rules differ. */
static bool find_changes(struct revision *revision)
{
	const struct rw_policy *before = revision->table->policy, *after = revision->policy;

	if (before->group_count != after->group_count || !rw_policy_same_system(before, after) ||
	    !find_sets(revision, before, after))
		return false;
	for (uint32_t i = 0; i < before->group_count; i++) {
		const struct rw_policy_group *old = before->groups[i], *new = after->groups[i];

		if (!same_inner_access(before, after, old))
			return false;
		if (old == new)
			continue;
		if (strcmp(old->id, new->id) != 0 || !rw_policy_group_same_settings(old, new))
			return false;
		if (is_used(revision->table, i) && !find_rules(revision, i, old, new))
			return false;
	}
	return !misses_set(revision, after);
}

/* ---- rows ---- */

static bool contains(const uint32_t *atoms, uint32_t count, uint32_t atom)
{
	for (uint32_t i = 0; i < count; i++)
		if (atoms[i] == atom)
			return true;
	return false;
}

/* A class has the atoms of its parent, whose number is smaller, and those that it adds. */
static int find_classes(struct revision *revision, uint32_t atom)
{
	const struct rw_classes *classes = &revision->address->classes;
	bool *has_atom = realloc(revision->has_atom, classes->count * sizeof(*has_atom));

	if (!has_atom)
		return -ENOMEM;
	revision->has_atom = has_atom;
	has_atom[0] = false;
	revision->class_count = 0;
	for (uint32_t i = 1; i < classes->count; i++) {
		const struct rw_class *class = &classes->list[i];

		has_atom[i] = has_atom[class->parent] ||
			      contains(classes->atoms + class->added_first, class->added_count, atom);
		revision->class_count += has_atom[i];
	}
	return 0;
}

static int find_all(struct revision *revision)
{
	size_t count = revision->address->classes.count;
	bool *has_atom = realloc(revision->has_atom, count * sizeof(*has_atom));

	if (!has_atom)
		return -ENOMEM;
	memset(has_atom, true, count * sizeof(*has_atom));
	revision->has_atom = has_atom;
	return 0;
}

/* Patches the rows of a view, of the classes that were found. */
static int patch_view(struct revision *revision, uint32_t view, struct rw_row_patch *patch)
{
	const struct rw_classify_address *address = revision->address;
	const struct rw_classes *classes = &address->classes;

	for (uint32_t i = 0; i < classes->count; i++) {
		uint32_t place = rw_classify_record_of(address->record_words, i), row;
		struct rw_table_class *record;
		int r;

		if (!revision->has_atom[i])
			continue;
		record = rw_image_at(&revision->maker->image, place);
		r = rw_row_patch_apply(patch, record->row[view], classes->atoms + classes->list[i].all_first,
				       classes->list[i].all_count, &row);
		if (r)
			return r;
		/* It may have moved. */
		record = rw_image_at(&revision->maker->image, place);
		if (row == record->row[view])
			continue;
		record->row[view] = row;
		rw_log_note(revision->table->log,
			    (size_t)place * sizeof(uint64_t) + sizeof(*record) + view * sizeof(*record->row),
			    sizeof(*record->row));
	}
	return 0;
}

/* ---- a rule goes ---- */

/* Whether a rule of the plan has a say in a view. */
static bool takes_part(const struct revision *revision, uint32_t number, uint32_t view)
{
	const struct rw_plan *plan = &revision->maker->plan;

	return rw_plan_takes_part(&plan->rules[number], &plan->policies[view / 2], rw_plan_direction(view));
}

static int lift_rule(struct revision *revision, uint32_t number, uint32_t view)
{
	struct rw_classify_maker *maker = revision->maker;
	RW_CLEANUP(rw_row_patch_free) struct rw_row_patch *patch = NULL;
	int r = rw_row_patch_lift(maker->views[view].rows, number, rw_plan_initial(&maker->plan, view),
				  revision->class_count, &patch);

	return r ? r : patch_view(revision, view, patch);
}

static int remove_rule(struct revision *revision, const struct rw_rule *rule)
{
	struct rw_classify_maker *maker = revision->maker;
	uint32_t number, index;
	bool decides = rw_plan_remove(&maker->plan, rule, &number, &index);
	int r;

	revision->stale[index / RW_CLASSIFY_ORIGIN_BLOCK] = true;
	/* A rule about a group without addresses decides nothing. */
	if (!decides)
		return 0;
	r = find_classes(revision, maker->plan.rules[number].atom);
	for (uint32_t i = 0; !r && i < maker->view_count; i++) {
		if (!takes_part(revision, number, i))
			continue;
		rw_row_maker_remove(maker->views[i].rows, number);
		r = lift_rule(revision, number, i);
	}
	return r;
}

/* ---- a rule comes ---- */

/* The atom of a rule's object; RW_PLAN_NO_ATOM when it has no addresses. */
static int find_atom(struct revision *revision, const struct rw_rule *rule, uint32_t *ret_atom, bool *ret_new)
{
	struct rw_atoms *atoms = &revision->address->atoms;
	const struct rw_address_set *set = NULL;
	uint32_t count = atoms->count;

	*ret_atom = RW_PLAN_NO_ATOM;
	*ret_new = false;
	if (rule->object.kind != RW_OBJECT_CIDR) {
		set = rw_policy_find_set(revision->policy, rule->object.id);
		if (!set)
			return 0;
	}
	*ret_atom = set ? rw_atoms_set(atoms, set) : rw_atoms_prefix(atoms, &rule->object.cidr);
	*ret_new = atoms->count != count;
	return atoms->failed ? -ENOMEM : 0;
}

/* The reference of the five-tuple part that was added last. */
static int write_five(struct rw_classify_maker *maker)
{
	const struct rw_plan *plan = &maker->plan;
	uint32_t *fives = realloc(maker->fives, plan->five_count * sizeof(*fives));

	if (!fives)
		return -ENOMEM;
	maker->fives = fives;
	fives[plan->five_count - 1] =
		rw_image_add_blob(&maker->image, (const uint64_t *)&plan->fives[plan->five_count - 1],
				  sizeof(*plan->fives) / sizeof(uint64_t));
	return maker->image.failure;
}

/* Makes the columns that the rule has taken in a view like those that they come from. */
static int copy_columns(struct revision *revision, uint32_t view)
{
	const struct rw_columns *columns = &revision->maker->views[view].columns;
	int r = columns->copy_count ? find_all(revision) : 0;

	for (uint32_t i = 0; !r && i < columns->copy_count; i++) {
		RW_CLEANUP(rw_row_patch_free) struct rw_row_patch *patch = NULL;

		r = rw_row_patch_copy(revision->maker->views[view].rows, &columns->copies[i], &patch);
		if (!r)
			r = patch_view(revision, view, patch);
	}
	return r;
}

/* Gives a rule its columns in a view, and a place among what makes rows there. */
static int enter_view(struct revision *revision, uint32_t number, uint32_t view)
{
	struct rw_classify_maker *maker = revision->maker;
	const struct rw_plan_rule *rule = &maker->plan.rules[number];
	const struct rw_table_header *header = rw_image_page(&maker->image, 0);
	uint32_t page = header->views + view;
	bool changed;
	int r = rw_columns_insert(&maker->views[view].columns, rule->protocol, rule->ports, number,
				  &maker->image, page, &changed);

	if (changed)
		rw_log_note(revision->table->log, (size_t)page * RW_TABLE_PAGE_SIZE, RW_TABLE_PAGE_SIZE);
	if (!r)
		r = rw_row_maker_insert(maker->views[view].rows, number);
	return r ? r : copy_columns(revision, view);
}

/* Lays the rule over the rows of the classes that have its atom. */
static int lay_rule(struct revision *revision, uint32_t number)
{
	struct rw_classify_maker *maker = revision->maker;
	int r = find_classes(revision, maker->plan.rules[number].atom);

	for (uint32_t i = 0; !r && i < maker->view_count; i++) {
		RW_CLEANUP(rw_row_patch_free) struct rw_row_patch *patch = NULL;

		if (!takes_part(revision, number, i))
			continue;
		r = rw_row_patch_lay(maker->views[i].rows, number, &patch);
		if (!r)
			r = patch_view(revision, i, patch);
	}
	return r;
}

/* Gives the addresses of an atom that is new to classes that have it, and so its rule. */
static int enter_atom(struct revision *revision, uint32_t atom)
{
	const struct rw_atom *entered = &revision->address->atoms.list[atom];
	const struct rw_prefix *prefixes = entered->set ? entered->set->prefixes : &entered->prefix;
	size_t count = entered->set ? entered->set->count : 1;
	RW_CLEANUP(rw_shift_done)
	struct rw_shift shift = {
		.table = revision->table,
		.memory = revision->to,
		.err = revision->err,
		.atom = atom,
		.added = true,
		.class_limit = revision->address->classes.count + CLASSES_MAX,
	};
	int r = count > CLASSES_MAX ? RW_CLASSIFY_BESIDE : 0;

	for (size_t i = 0; !r && i < count; i++)
		r = rw_shift_prefix_unseen(&shift, &prefixes[i]);
	revision->address->classes.prefix_count += count;
	return r;
}

static int insert_rule(struct revision *revision, const struct change *change)
{
	struct rw_classify_maker *maker = revision->maker;
	uint32_t fives = maker->plan.five_count, atom, number;
	bool is_new;
	int r = find_atom(revision, change->rule, &atom, &is_new);

	revision->stale[maker->plan.origin_count / RW_CLASSIFY_ORIGIN_BLOCK] = true;
	if (!r)
		r = rw_plan_insert(&maker->plan, change->group, change->rule, atom, &number);
	if (r < 0 || atom == RW_PLAN_NO_ATOM)
		return r;
	if (maker->plan.five_count != fives)
		r = write_five(maker);
	for (uint32_t i = 0; !r && i < maker->view_count; i++)
		r = rw_row_maker_follow(maker->views[i].rows, maker->fives);
	for (uint32_t i = 0; !r && i < maker->view_count; i++)
		if (takes_part(revision, number, i))
			r = enter_view(revision, number, i);
	if (!r)
		r = is_new ? enter_atom(revision, atom) : lay_rule(revision, number);
	return r;
}

/* ---- the whole ---- */

static bool is_before_rules(enum rw_cause cause)
{
	return cause == RW_CAUSE_CONTROLLER_LINK || cause == RW_CAUSE_MANAGEMENT ||
	       cause == RW_CAUSE_INNER_ACCESS;
}

/* What the plan borrows of the policy before is the same in this one, at another place. */
static void adopt_policy(struct revision *revision)
{
	struct rw_classify_maker *maker = revision->maker;
	struct rw_plan *plan = &maker->plan;
	struct rw_policy *before = maker->policy;

	maker->policy = rw_policy_ref(revision->policy);
	plan->policy = maker->policy;
	for (size_t i = 0; i < maker->policy->interface_count; i++)
		plan->policies[plan->policy_of[i]].groups = maker->policy->interfaces[i].groups;
	/* Failsafe and inner access come before all rules. */
	for (uint32_t i = 0; is_before_rules(plan->origins[i].cause); i++)
		for (size_t j = 0; j < before->group_count; j++)
			if (plan->origins[i].detail == before->groups[j]->id &&
			    before->groups[j] != maker->policy->groups[j]) {
				plan->origins[i].detail = maker->policy->groups[j]->id;
				revision->stale[i / RW_CLASSIFY_ORIGIN_BLOCK] = true;
			}
	(void)rw_policy_unref(before);
}

/* Makes the other memory alike. */
static int bring_up_to_date(struct revision *revision, const struct rw_classify_memory *from)
{
	struct rw_classify_table *table = revision->table;
	struct rw_classify_memory *to = revision->to;
	struct rw_image *image = &revision->maker->image;
	struct rw_classify_log *log;

	if (to->capacity < image->page_count && (!to->grow || to->grow(to, image->page_count) < 0))
		return to->grow ? -ENOMEM : RW_CLASSIFY_BESIDE;
	log = rw_log_new(from, image->open_page ? image->open_page : image->page_count);
	if (!log)
		return -ENOMEM;
	rw_classify_memory_hold(to, NULL);
	rw_log_replay(table->log, from->pages, to, image->page_count);
	to->begun++;
	(void)rw_log_free(table->log);
	table->log = log;
	image->memory = to;
	return 0;
}

static int change_rules(struct revision *revision)
{
	struct rw_table_header *header;
	int r = rw_plan_open(&revision->maker->plan);

	for (uint32_t i = 0; !r && i < revision->gone_count; i++)
		r = remove_rule(revision, revision->gone[i].rule);
	adopt_policy(revision);
	for (uint32_t i = 0; !r && i < revision->come_count; i++)
		r = insert_rule(revision, &revision->come[i]);
	if (r)
		return r;
	header = rw_image_page(&revision->maker->image, 0);
	header->page_count = revision->maker->image.page_count;
	header->index_count = revision->maker->plan.origin_count;
	rw_log_note(revision->table->log, 0, sizeof(*header));
	return 0;
}

static int make_table(struct revision *revision, struct rw_classify_table **ret_table)
{
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = calloc(1, sizeof(*table));
	const struct rw_plan *plan = &revision->maker->plan;
	size_t interfaces = revision->policy->interface_count;

	if (!table)
		return -ENOMEM;
	table->slots = malloc(interfaces + 1);
	if (!table->slots ||
	    rw_origins_make(table, plan->origins, plan->origin_count, revision->table, revision->stale) < 0)
		return -ENOMEM;
	memcpy(table->slots, revision->table->slots, interfaces);
	table->policy = rw_policy_ref(revision->policy);
	table->pages = revision->to->pages;
	table->page_count = revision->maker->image.page_count;
	table->page_limit = revision->table->page_limit;
	table->address = rw_classify_address_ref(revision->address);
	table->address_reused = true;
	table->spacious = true;
	*ret_table = RW_TAKE_PTR(table);
	return 0;
}

static int revise(struct revision *revision, const struct rw_classify_memory *from,
		  struct rw_classify_table **ret_table)
{
	struct rw_classify_table *table = revision->table;
	int r = bring_up_to_date(revision, from);

	if (r)
		return r;
	/* From here on there is no way back for the maker: it is the new table's, or nobody's. */
	table->is_spent = true;
	revision->address->is_partial = true;
	r = change_rules(revision);
	if (!r)
		r = make_table(revision, ret_table);
	if (r)
		return r;
	revision->address->is_partial = false;
	rw_classify_memory_hold(revision->to, revision->address);
	(*ret_table)->log = RW_TAKE_PTR(table->log);
	(*ret_table)->maker = RW_TAKE_PTR(table->maker);
	(*ret_table)->maker->changes += revision->gone_count + revision->come_count;
	return 0;
}

/* What a failure of some part means to the caller. */
static int conclude(int r, struct rw_error *err)
{
	if (r >= 0)
		return r;
	return r == -ENOMEM ? rw_error_oom(err) : RW_CLASSIFY_BESIDE;
}

int rw_classify_revise(struct rw_classify_table *table, const struct rw_policy *policy,
		       struct rw_classify_memory *from, struct rw_classify_memory *to,
		       struct rw_classify_table **ret_table, struct rw_error *err)
{
	RW_CLEANUP(revision_done)
	struct revision revision = {
		.table = table, .address = table->address, .policy = policy, .to = to, .err = err};
	uint32_t page_count = table->page_count;
	int r;

	if (table->is_spent || !table->spacious || from->pages != table->pages || !find_changes(&revision))
		return RW_CLASSIFY_BESIDE;
	r = rw_maker_need(table, from, err);
	if (r)
		return conclude(r, err);
	revision.maker = table->maker;
	if (revision.maker->changes + revision.gone_count + revision.come_count > RW_REVISE_CHANGES_MAX)
		return RW_CLASSIFY_BESIDE;
	revision.stale =
		calloc((revision.maker->plan.origin_count + RULES_MAX) / RW_CLASSIFY_ORIGIN_BLOCK + 1,
		       sizeof(*revision.stale));
	r = revision.stale ? revise(&revision, from, ret_table) : -ENOMEM;
	if (table->is_spent) {
		table->page_count = page_count;
		table->maker = rw_classify_maker_free(table->maker);
		table->log = rw_log_free(table->log);
	}
	return conclude(r, err);
}
