/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "alibaba/parameters.h"

static int read_query(const char *query, struct rw_alibaba_parameters *parameters, struct rw_error *err)
{
	*err = RW_ERROR_NONE;
	return rw_alibaba_parameters_read(query, NULL, parameters, err);
}

static void decodes_and_sorts_query_and_form_into_one_list(void **state)
{
	RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters;
	const struct rw_alibaba_parameter *parameter;

	(void)state;
	assert_int_equal(rw_alibaba_parameters_read("b=x%20y*&&empty=", "a=1+2%2B&flag", &parameters, NULL),
			 0);
	assert_int_equal(parameters.list.count, 4);
	parameter = rw_vec_at(&parameters.list, 0);
	assert_string_equal(parameter->name, "a");
	assert_true(parameter->in_form);
	assert_string_equal(rw_alibaba_parameter(&parameters, "a"), "1 2+");
	assert_string_equal(rw_alibaba_parameter(&parameters, "b"), "x y*");
	assert_string_equal(rw_alibaba_parameter(&parameters, "empty"), "");
	assert_string_equal(rw_alibaba_parameter(&parameters, "flag"), "");
	assert_null(rw_alibaba_parameter(&parameters, "A"));
}

static void refuses_what_could_be_read_in_two_ways(void **state)
{
	static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "a=%00", "=b", "a=1&a=2", "a&a"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters;
		struct rw_error err;

		assert_int_equal(read_query(bad[i], &parameters, &err), -EINVAL);
		assert_true(err.text[0]);
	}
}

static void refuses_a_name_that_query_and_form_both_have(void **state)
{
	RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_alibaba_parameters_read("a=1", "a=1", &parameters, &err), -EINVAL);
	assert_string_equal(err.field, "a");
}

static void holds_as_many_as_its_limit_and_no_more(void **state)
{
	RW_CLEANUP(rw_free) char *text = calloc(RW_ALIBABA_PARAMETERS_MAX + 1, 8);
	size_t length = 0;
	struct rw_error err;

	(void)state;
	assert_non_null(text); /* "&p4096" and the like, and a NUL */
	for (int i = 0; i <= RW_ALIBABA_PARAMETERS_MAX; i++) {
		RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters = {0};

		length += (size_t)sprintf(text + length, "&p%d", i);
		if (i < RW_ALIBABA_PARAMETERS_MAX - 1)
			continue;
		assert_int_equal(read_query(text, &parameters, &err),
				 i < RW_ALIBABA_PARAMETERS_MAX ? 0 : -E2BIG);
	}
}

static void counts_the_elements_of_lists(void **state)
{
	RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters;
	struct rw_error err;
	unsigned int count;

	(void)state;
	assert_int_equal(read_query("P.2.A=x&P.1.A=y&P.1.B=z&Q.1=q&PP.7=", &parameters, &err), 0);
	assert_int_equal(rw_alibaba_list_count(&parameters, "P", 100, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_string_equal(rw_alibaba_element(&parameters, "P", 2, "A"), "x");
	assert_null(rw_alibaba_element(&parameters, "P", 2, "B"));
	assert_int_equal(rw_alibaba_list_count(&parameters, "Q", 100, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_string_equal(rw_alibaba_element(&parameters, "Q", 1, NULL), "q");
	assert_int_equal(rw_alibaba_list_count(&parameters, "R", 100, &count, &err), 0);
	assert_int_equal(count, 0);
}

static void refuses_lists_with_gaps_and_other_numbers(void **state)
{
	static const char *const bad[] = {
		"P.2.A=",      "P.1=&P.3=", "P.0=",  "P.01=", "P.x=",
		"P.=",         "P.101=",    "P.-1=", "P.1x=", "P.18446744073709551617=",
		"P.1=&P.1a.B="};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters;
		struct rw_error err;
		unsigned int count;

		assert_int_equal(read_query(bad[i], &parameters, &err), 0);
		assert_int_equal(rw_alibaba_list_count(&parameters, "P", 100, &count, &err), -EINVAL);
		assert_true(err.field[0] == 'P');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_and_sorts_query_and_form_into_one_list),
		cmocka_unit_test(refuses_what_could_be_read_in_two_ways),
		cmocka_unit_test(refuses_a_name_that_query_and_form_both_have),
		cmocka_unit_test(holds_as_many_as_its_limit_and_no_more),
		cmocka_unit_test(counts_the_elements_of_lists),
		cmocka_unit_test(refuses_lists_with_gaps_and_other_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
