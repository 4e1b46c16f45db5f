/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Threads that find, enter, change and bury the same few flows in the same few buckets, while a clock lets
 * entries die.  Whoever finds a flow must see it whole; afterwards no flow is there twice.
 */

#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "host_plane.h"

#define THREADS  4
#define ROUNDS   60000
#define OPENINGS 20000
#define FLOWS    96 /* more than there is room for */

static __u32 clock_now = 1000;
static unsigned int torn, found_count, entered, hinted, changed;

static __u32 random_below(__u64 *state, __u32 limit)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (__u32)(*state >> 33) % limit;
}

static struct rw_flow_query query_of(__u32 number, __u8 family, __u32 now)
{
	struct rw_ends ends = {
		.source = {htonl(0x0a000001 + number)},
		.destination = {htonl(0xc0000001)},
		.source_port = 1000,
		.destination_port = 80,
		.family = family,
		.protocol = RW_IP_TCP,
	};
	struct rw_flow_query query;

	rw_flow_key_make(&ends, &query.key);
	query.hash = rw_flow_hash(&query.key, host.control.secret, family);
	query.mask = HOST_BUCKETS - 1;
	query.now = now;
	return query;
}

/* A flow's decision names it, so that a decision of another flow's shows. */
static bool is_whole(const struct rw_flow_found *found, __u32 number)
{
	return RW_FLOW_DECISION_IN(found->decision) == number + 1 &&
	       RW_FLOW_DECISION_INCARNATION(found->decision) == (RW_FLOW_INCARNATION(found->control) & 0xff);
}

static void change(struct rw_flow_found *found, __u32 number, __u32 now, __u64 *random)
{
	bool done;

	switch (random_below(random, 4)) {
	case 0:
		done = rw_flow_change_control(found, rw_flow_bury(found->control, now) - 170);
		break;
	case 1: /* dead */
		done = rw_flow_change_control(found, found->control & ~(__u64)0xffffffff);
		break;
	case 2:
		done = rw_flow_change_decision(
			found, RW_FLOW_DECISION(random_below(random, 100), number + 1, 0,
						RW_FLOW_DECISION_INCARNATION(found->decision)));
		break;
	default:
		done = rw_flow_change_control(
			found, rw_flow_control(found->control, RW_FLOW_ABI_ONE_WAY, 0, now + 20));
	}
	__atomic_fetch_add(&changed, done, __ATOMIC_RELAXED);
}

/* As the short way does, then the long one. */
static bool enter(__u8 family, const struct rw_flow_query *query, __u64 control, __u64 decision)
{
	bool quickly = family == 4 ? rw_flow_insert_quick(4, query, control, decision)
				   : rw_flow_insert_quick(6, query, control, decision);

	__atomic_fetch_add(&hinted, quickly, __ATOMIC_RELAXED);
	if (quickly)
		return true;
	return family == 4 ? rw_flow_insert(4, query, control, decision)
			   : rw_flow_insert(6, query, control, decision);
}

static void *talk(void *argument)
{
	__u64 random = (uintptr_t)argument;

	for (int round = 0; round < ROUNDS; round++) {
		__u32 now = __atomic_load_n(&clock_now, __ATOMIC_RELAXED);
		__u32 number = random_below(&random, FLOWS);
		__u8 family = number & 1 ? 6 : 4;
		struct rw_flow_query query = query_of(number, family, now);
		struct rw_flow_found found;

		if (family == 4 ? rw_flow_find(4, &query, &found) : rw_flow_find(6, &query, &found)) {
			__atomic_fetch_add(&found_count, 1, __ATOMIC_RELAXED);
			__atomic_fetch_add(&torn, !is_whole(&found, number), __ATOMIC_RELAXED);
			change(&found, number, now, &random);
		} else {
			__u64 control = rw_flow_control(RW_FLOW_TCP, RW_FLOW_ABI_HALF_OPEN, 0, now + 30);
			__u64 decision = RW_FLOW_DECISION(1, number + 1, 0, 0);

			__atomic_fetch_add(&entered, enter(family, &query, control, decision),
					   __ATOMIC_RELAXED);
		}
		if (round % 500 == 0)
			__atomic_fetch_add(&clock_now, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* The live entries of a flow, wherever they are. */
static unsigned int count_live(__u32 number)
{
	__u8 family = number & 1 ? 6 : 4;
	struct rw_flow_query query = query_of(number, family, clock_now);
	unsigned int count = 0;

	for (__u32 i = 0; i < HOST_BUCKETS; i++) {
		void *bucket = rw_flow_bucket(family, i);

		for (__u32 way = 0; way < RW_FLOW_WAYS; way++) {
			struct rw_flow_found found;

			assert_int_not_equal(*rw_flow_signature_at(bucket, way), RW_FLOW_SIGNATURE_BUSY);
			if (*rw_flow_signature_at(bucket, way) == rw_flow_signature(query.hash))
				count += rw_flow_entry_read(rw_flow_entry_at(bucket, family, way), family,
							    &query, &found);
		}
	}
	return count;
}

static void flows_are_found_whole_and_once(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	host_reset(NULL);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, talk, (void *)(i + 1)), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	printf("%u found, %u entered (%u by hints), %u changed\n", found_count, entered, hinted, changed);
	assert_int_equal(torn, 0);
	assert_true(hinted > 0 && found_count > ROUNDS / 10 && entered > ROUNDS / 100 &&
		    changed > ROUNDS / 10);
	for (__u32 i = 0; i < FLOWS; i++)
		assert_true(count_live(i) <= 1);
}

static pthread_barrier_t gate;

static void *open_at_once(void *argument)
{
	for (__u32 round = 0; round < OPENINGS; round++) {
		struct rw_flow_query query = query_of(0, 4, clock_now);
		bool done;

		(void)pthread_barrier_wait(&gate);
		done = enter(4, &query,
			     rw_flow_control(RW_FLOW_TCP, RW_FLOW_ABI_HALF_OPEN, 0, clock_now + 30),
			     RW_FLOW_DECISION(1, 1, 0, 0));
		__atomic_fetch_add(&torn, !done, __ATOMIC_RELAXED);
		(void)pthread_barrier_wait(&gate);
		if (!argument)
			continue;
		changed += count_live(0) != 1;
		/* The other waits at the gate before it looks again. */
		memset(&host.flows4, 0, sizeof(host.flows4));
		memset(&host.tags4, 0, sizeof(host.tags4));
	}
	return NULL;
}

static void openers_at_the_same_time_enter_one_flow(void **state)
{
	pthread_t other;

	(void)state;
	host_reset(NULL);
	torn = changed = 0;
	assert_int_equal(pthread_barrier_init(&gate, NULL, 2), 0);
	assert_int_equal(pthread_create(&other, NULL, open_at_once, NULL), 0);
	(void)open_at_once(&gate);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(torn, 0);
	assert_int_equal(changed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_found_whole_and_once),
		cmocka_unit_test(openers_at_the_same_time_enter_one_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
