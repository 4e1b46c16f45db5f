/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long a policy takes to compile, how large its table is, how fast it decides.
 *
 * usage: bench-classify [ROUNDS]      a JSON array on standard output
 *
 * Policies are those of policies.h.  Times are medians of ROUNDS
 * (5); 'rule' is a random rule that goes, or another one that comes, beside the table in force; 'member' a member that
 * comes or goes where the table stands; '_compiled' is how many of RULES or MEMBERS such changes took a
 * compilation, which is in the median.  Times are of the processor.
 */

#include <stdio.h>
#include <stdlib.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "classify/revise.h"
#include "policies.h"

enum { MEMBERS = 1000, RULES = 1000 };

static struct rw_classify_table *compile(const struct rw_policy *policy,
					 const struct rw_classify_table *previous,
					 struct rw_classify_memory *memory, double *ret_ms)
{
	struct rw_classify_table *table = NULL;
	struct rw_error err = RW_ERROR_NONE;
	double start = cpu_ms();

	if (rw_classify_compile(policy, NULL, previous, memory, &table, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	*ret_ms = cpu_ms() - start;
	return table;
}

/* Decisions a second over random openers, half of them from members. */
static double measure_lookups(const struct rw_classify_table *table, const struct shape *shape)
{
	enum { SAMPLES = 1 << 14, LOOKUPS = 1 << 21 };
	RW_CLEANUP(rw_free) struct rw_packet *packets = must(calloc(SAMPLES, sizeof(*packets)));
	unsigned int accepted = 0;
	double start;

	for (size_t i = 0; i < SAMPLES; i++) {
		const struct rw_address_set *set =
			table->policy->sets[below((uint32_t)table->policy->set_count)];

		packets[i] = (struct rw_packet){
			.protocol = below(4) ? RW_PROTOCOL_TCP : RW_PROTOCOL_UDP,
			.tcp_flags = RW_TCP_SYN,
			.hop_limit = 64,
			.local_port = (uint16_t)below(65536),
			.remote_port = 40000,
			.local = prefix4(0x0a000001u, 32).address,
			.remote = below(2) ? set->prefixes[below((uint32_t)set->count)].address
					   : prefix4(member_address(shape->sparse), 32).address,
		};
	}
	start = now_ms();
	for (size_t i = 0; i < LOOKUPS; i++)
		accepted += rw_classify_decide(table, 0, &packets[i % SAMPLES]).verdict;
	start = now_ms() - start;
	if (accepted == UINT32_MAX)
		abort();
	return LOOKUPS / start * 1e3;
}

struct changes {
	double median_us, worst_us;
	unsigned int compiled;
};

/* Lets rules go and others come, one at a time, in two memories by turns. */
static struct changes measure_rules(const struct rw_policy *policy, const struct shape *shape)
{
	const struct rw_classify_options options = {.spacious = true};
	struct rw_policy *current = rw_policy_ref(policy), *next;
	struct rw_classify_memory memories[2];
	struct rw_classify_table *table = NULL, *after;
	RW_CLEANUP(rw_free) double *times = must(calloc(RULES, sizeof(*times)));
	struct changes rules = {0};

	rw_classify_memory_init(&memories[0]);
	rw_classify_memory_init(&memories[1]);
	if (rw_classify_compile(current, &options, NULL, &memories[1], &table, NULL) < 0)
		exit(1);
	for (unsigned int i = 0; i < RULES; i++) {
		int r;

		next = with_rule_changed(current, shape);
		times[i] = cpu_ms();
		r = rw_classify_revise(table, next, &memories[(i + 1) % 2], &memories[i % 2], &after, NULL);
		if (r == RW_CLASSIFY_BESIDE &&
		    rw_classify_compile(next, &options, table, &memories[i % 2], &after, NULL) < 0)
			exit(1);
		times[i] = cpu_ms() - times[i];
		rules.compiled += r == RW_CLASSIFY_BESIDE;
		(void)rw_classify_table_free(table);
		table = after;
		(void)rw_policy_unref(current);
		current = next;
	}
	(void)rw_classify_table_free(table);
	(void)rw_policy_unref(current);
	rw_classify_memory_done(&memories[0]);
	rw_classify_memory_done(&memories[1]);
	rules.median_us = median(times, RULES) * 1e3;
	rules.worst_us = times[RULES - 1] * 1e3;
	return rules;
}

/* Lets members come and go, one at a time. */
static struct changes measure_members(const struct rw_policy *policy, const struct shape *shape)
{
	const struct rw_classify_options options = {.spacious = true};
	struct rw_policy *current = rw_policy_ref(policy), *next;
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_free) double *times = must(calloc(MEMBERS, sizeof(*times)));
	struct changes members = {0};

	rw_classify_memory_init(&memory);
	for (unsigned int i = 0; i < MEMBERS; i++) {
		int r = RW_CLASSIFY_BESIDE;

		next = with_member_changed(current, shape);
		times[i] = cpu_ms();
		if (table)
			r = rw_classify_update(table, next, &memory, NULL);
		times[i] = cpu_ms() - times[i];
		if (r == RW_CLASSIFY_BESIDE) {
			table = rw_classify_table_free(table);
			if (rw_classify_compile(next, &options, NULL, &memory, &table, NULL) < 0)
				exit(1);
			members.compiled += i > 0;
		} else if (r < 0) {
			exit(1);
		}
		(void)rw_policy_unref(current);
		current = next;
	}
	(void)rw_policy_unref(current);
	members.median_us = median(times, MEMBERS) * 1e3;
	members.worst_us = times[MEMBERS - 1] * 1e3;
	return members;
}

static void run(const struct shape *shape, size_t rounds, bool first)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(shape);
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_free) double *full = must(calloc(rounds, sizeof(*full)));
	struct changes members = measure_members(policy, shape), rules = measure_rules(policy, shape);

	rw_classify_memory_init(&memory);
	for (size_t i = 0; i < rounds; i++) {
		table = rw_classify_table_free(table);
		table = compile(policy, NULL, &memory, &full[i]);
	}
	printf("%s{\"rules\":%u,\"members\":%u,\"groups\":%u,\"shape\":\"%s\",\"compile_ms\":%.2f,"
	       "\"rule_us\":%.1f,\"rule_worst_us\":%.0f,\"rule_compiled\":%u,"
	       "\"member_us\":%.1f,\"member_worst_us\":%.0f,\"member_compiled\":%u,"
	       "\"table_kb\":%u,\"lookups_per_s\":%.0f}",
	       first ? "[" : ",\n ", shape->rules, shape->members, shape->groups,
	       shape->sparse ? "sparse" : "clustered", median(full, rounds), rules.median_us, rules.worst_us,
	       rules.compiled, members.median_us, members.worst_us, members.compiled,
	       table->page_count * (RW_TABLE_PAGE_SIZE / 1024), measure_lookups(table, shape));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
		{10, 2, 1000, false},      {200, 10, 1000, false},   {1000, 1, 10000, true},
		{1000, 50, 1000, false},   {1000, 50, 10000, true},  {1000, 50, 100000, false},
		{1000, 50, 100000, true},  {10000, 50, 1000, false}, {10000, 50, 100000, false},
		{10000, 50, 100000, true},
	};
	size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 5;

	if (rounds < 1)
		rounds = 1;
	for (size_t i = 0; i < RW_ARRAY_COUNT(shapes); i++)
		run(&shapes[i], rounds, i == 0);
	printf("]\n");
	return 0;
}
