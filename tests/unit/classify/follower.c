/* SPDX-License-Identifier: Apache-2.0 */
#include "follower.h"

#include <string.h>

#include "classify/lookup.h"
#include "test.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool same_decision(const struct rw_decision *a, const struct rw_decision *b)
{
	return a->verdict == b->verdict && a->cause == b->cause && same_text(a->detail, b->detail);
}

static void init_memory(const struct follower *follower, struct rw_classify_memory *memory)
{
	rw_classify_memory_init(memory);
	if (!follower->pages)
		return;
	assert_int_equal(memory->grow(memory, follower->pages), 0);
	memory->grow = NULL;
}

static void done_memory(const struct follower *follower, struct rw_classify_memory *memory)
{
	void *pages = memory->pages;

	rw_classify_memory_done(memory);
	if (follower->pages)
		free(pages);
}

void follower_init(struct follower *follower, struct rw_policy *policy,
		   const struct rw_classify_options *options, uint32_t pages)
{
	int r;

	*follower = (struct follower){.policy = policy, .options = *options, .pages = pages};
	init_memory(follower, &follower->memories[0]);
	init_memory(follower, &follower->memories[1]);
	while ((r = rw_classify_compile(policy, options, NULL, &follower->memories[0], &follower->table,
					NULL)) == -ENOSPC) {
		done_memory(follower, &follower->memories[0]);
		done_memory(follower, &follower->memories[1]);
		follower->pages = pages = pages * 2 < options->page_limit ? pages * 2 : options->page_limit;
		init_memory(follower, &follower->memories[0]);
		init_memory(follower, &follower->memories[1]);
	}
	assert_int_equal(r, 0);
}

void follower_done(struct follower *follower)
{
	(void)rw_classify_table_free(follower->table);
	done_memory(follower, &follower->memories[0]);
	done_memory(follower, &follower->memories[1]);
	(void)rw_policy_unref(follower->policy);
}

/* ---- what an index means ---- */

/* An index means the same in both tables, or it is told that it may not; most are not. */
static void expect_origins(const struct rw_classify_table *before, const struct rw_classify_table *after,
			   uint32_t changes)
{
	uint32_t told = rw_classify_origin_differs(before, after, 0), count = 0;

	assert_true(after->origin_count >= before->origin_count);
	for (uint32_t i = 0; i < before->origin_count; i++) {
		const struct rw_classify_origin *was = rw_classify_origin(before, i);
		const struct rw_classify_origin *is = rw_classify_origin(after, i);

		if (told == i) {
			told = rw_classify_origin_differs(before, after, i + 1);
			count++;
			continue;
		}
		assert_true(told > i);
		assert_int_equal(was->cause, is->cause);
		assert_int_equal(was->verdict, is->verdict);
		assert_true(same_text(was->detail, is->detail));
	}
	assert_int_equal(told, before->origin_count);
	/* A block for each rule that goes or comes, and for the name of inner access that moves. */
	assert_true(count <= (changes + 1) * RW_CLASSIFY_ORIGIN_BLOCK);
}

static bool is_used(const struct rw_policy *policy, uint32_t group)
{
	for (size_t i = 0; i < policy->interface_count; i++)
		for (size_t j = 0; j < policy->interfaces[i].group_count; j++)
			if (policy->interfaces[i].groups[j] == group)
				return true;
	return false;
}

/* Each rule has an index, and no rule that is gone has one. */
static void expect_rules(const struct rw_classify_table *table)
{
	const struct rw_policy *policy = table->policy;
	size_t rules = 0;

	for (uint32_t i = 0; i < policy->group_count; i++)
		rules += is_used(policy, i) ? policy->groups[i]->rule_count : 0;
	for (uint32_t i = 0; i < table->origin_count; i++)
		rules -= rw_classify_origin(table, i)->cause == RW_CAUSE_RULE;
	assert_int_equal(rules, 0);
}

/* ---- following ---- */

/* The table goes on in memories of twice the size, with what it was made of forgotten. */
static void grow(struct follower *follower)
{
	struct rw_classify_memory *active = &follower->memories[follower->active];
	struct rw_classify_memory *other = &follower->memories[!follower->active];
	uint32_t before = follower->pages;
	void *pages = active->pages;

	done_memory(follower, other);
	follower->pages =
		before * 2 < follower->options.page_limit ? before * 2 : follower->options.page_limit;
	active->pages = aligned_alloc(RW_TABLE_PAGE_SIZE, (size_t)follower->pages * RW_TABLE_PAGE_SIZE);
	assert_non_null(active->pages);
	memcpy(active->pages, pages, (size_t)before * RW_TABLE_PAGE_SIZE);
	active->capacity = follower->pages;
	free(pages);
	init_memory(follower, other);
	rw_classify_table_move(follower->table, active->pages);
	follower->grown++;
}

static int compile(struct follower *follower, const struct rw_policy *policy,
		   struct rw_classify_table **ret_table)
{
	int r;

	while ((r = rw_classify_compile(policy, &follower->options, follower->table,
					&follower->memories[!follower->active], ret_table, NULL)) == -ENOSPC)
		grow(follower);
	return r;
}

/* Has the table of 'policy' in the other memory. */
static int follow_beside(struct follower *follower, const struct rw_policy *policy)
{
	struct rw_classify_memory *from = &follower->memories[follower->active];
	struct rw_classify_memory *to = &follower->memories[!follower->active];
	struct rw_classify_table *table;
	int r = rw_classify_revise(follower->table, policy, from, to, &table, NULL);
	bool revised = r == 0;

	if (r == RW_CLASSIFY_BESIDE)
		r = compile(follower, policy, &table);
	if (r < 0)
		return r;
	if (revised)
		expect_origins(follower->table, table, 32);
	*(revised ? &follower->revised : &follower->beside) += 1;
	(void)rw_classify_table_free(follower->table);
	follower->table = table;
	follower->active = !follower->active;
	return 0;
}

int follower_follow(struct follower *follower, struct rw_policy *policy)
{
	int r = rw_classify_update(follower->table, policy, &follower->memories[follower->active], NULL);

	assert_true(r == 0 || r == RW_CLASSIFY_BESIDE || r == -ENOMEM);
	follower->in_place += r == 0;
	if (r)
		r = follow_beside(follower, policy);
	if (r < 0) {
		assert_true(r == -ENOMEM || r == -E2BIG);
		*(r == -ENOMEM ? &follower->starved : &follower->refused) += 1;
		assert_ptr_equal(follower->table->policy, follower->policy);
		(void)rw_policy_unref(policy);
		return r;
	}
	assert_ptr_equal(follower->table->policy, policy);
	(void)rw_policy_unref(follower->policy);
	follower->policy = policy;
	expect_rules(follower->table);
	return 0;
}

void follower_expect(const struct follower *follower, size_t interface, const struct rw_packet *packet,
		     const char *story)
{
	struct rw_decision given = rw_classify_decide(follower->table, interface, packet);
	struct rw_decision wanted = rw_evaluate(follower->policy, interface, packet);
	char text[RW_RANDOM_PACKET_TEXT_SIZE];

	if (same_decision(&given, &wanted))
		return;
	rw_random_format_packet(packet, text);
	rw_random_print_policy(follower->policy);
	fail_msg("%s, interface %zu: %s: %s %s, not %s %s", story, interface, text,
		 rw_cause_name(given.cause), given.detail ? given.detail : "", rw_cause_name(wanted.cause),
		 wanted.detail ? wanted.detail : "");
}
