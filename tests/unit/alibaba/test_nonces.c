/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>

#include "alibaba/nonces.h"

#define START INT64_C(1790000000500)
#define LATER (START + 3600 * 1000)

static void counts_a_request_once_and_each_key_has_its_own(void **state)
{
	RW_CLEANUP(rw_alibaba_nonces_free)
	struct rw_alibaba_nonces *nonces = rw_alibaba_nonces_new(10, START, 1);

	(void)state;
	assert_non_null(nonces);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k-1", "n", LATER, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k-1", "n", LATER, LATER), -EEXIST);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k-1", "n", LATER + 1, LATER), -EEXIST);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k-2", "n", LATER, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k-1", "m", LATER, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_count(nonces), 3);
}

static void takes_requests_of_fifteen_minutes_around_now(void **state)
{
	RW_CLEANUP(rw_alibaba_nonces_free)
	struct rw_alibaba_nonces *nonces = rw_alibaba_nonces_new(10, START, 1);

	(void)state;
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER - RW_ALIBABA_SKEW_MS, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER + RW_ALIBABA_SKEW_MS, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER - RW_ALIBABA_SKEW_MS - 1, LATER), -ETIME);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER + RW_ALIBABA_SKEW_MS + 1, LATER), -ETIME);
}

static void refuses_what_may_have_been_used_before_the_start(void **state)
{
	RW_CLEANUP(rw_alibaba_nonces_free)
	struct rw_alibaba_nonces *nonces = rw_alibaba_nonces_new(10, START, 1);

	(void)state;
	assert_int_equal(rw_alibaba_nonces_judge(nonces, START / 1000 * 1000, START), 0);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, START / 1000 * 1000 - 1000, START), -ETIME);
}

static void forgets_nonces_whose_time_is_over(void **state)
{
	RW_CLEANUP(rw_alibaba_nonces_free)
	struct rw_alibaba_nonces *nonces = rw_alibaba_nonces_new(1000, START, 1);
	char nonce[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(nonce, sizeof(nonce), "%d", i);
		assert_int_equal(rw_alibaba_nonces_use(nonces, "k", nonce, LATER + (i * 7919) % 1000, LATER),
				 0);
	}
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k", "x", LATER + RW_ALIBABA_SKEW_MS + 500,
					       LATER + RW_ALIBABA_SKEW_MS + 500),
			 0);
	assert_int_equal(rw_alibaba_nonces_count(nonces), 501);
}

static void refuses_old_requests_rather_than_one_twice_when_it_is_full(void **state)
{
	RW_CLEANUP(rw_alibaba_nonces_free)
	struct rw_alibaba_nonces *nonces = rw_alibaba_nonces_new(2, START, 1);

	(void)state;
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k", "b", LATER + 1000, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k", "a", LATER, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k", "c", LATER + 2000, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_count(nonces), 2);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER, LATER), -ETIME);
	assert_int_equal(rw_alibaba_nonces_judge(nonces, LATER + 1000, LATER), 0);
	assert_int_equal(rw_alibaba_nonces_use(nonces, "k", "b", LATER + 1000, LATER), -EEXIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_a_request_once_and_each_key_has_its_own),
		cmocka_unit_test(takes_requests_of_fifteen_minutes_around_now),
		cmocka_unit_test(refuses_what_may_have_been_used_before_the_start),
		cmocka_unit_test(forgets_nonces_whose_time_is_over),
		cmocka_unit_test(refuses_old_requests_rather_than_one_twice_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
