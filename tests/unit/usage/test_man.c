/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static int print(void **state)
{
	FILE *out = example_open();

	(void)state;
	rw_usage_print_man(out, &example);
	(void)fclose(out);
	return 0;
}

static void begins_as_a_page_of_its_section(void **state)
{
	(void)state;
	assert_true(example_says(".Dt MY-PROGRAM 8\n.Os\n.Sh NAME\n.Nm my-program\n.Nd shows things\n"));
	assert_true(example_says(".Sh SEE ALSO\n.Xr other 8\n"));
}

static void describes_each_command_with_its_own_options(void **state)
{
	(void)state;
	assert_true(example_says(
		".Ss my-program rule add\n.Nm Cm rule Cm \\&add Ar GROUP Op Ar options\n.Pp\nAdd a rule.\n"));
	assert_true(example_says(".It Fl f , Fl \\-fast\nwithout waiting\n"));
	assert_true(example_says(".It Fl \\-wait Ns Oo = Ns Ar TIME Oc\n"));
	assert_true(example_says(".Pp\nExit codes: 0, 1.\n"));
}

static void describes_shared_options_once_and_apart(void **state)
{
	const char *first;

	(void)state;
	first = strstr(example_text, ".It Fl o , Fl \\-output Ar FORMAT\n");
	assert_non_null(first);
	assert_null(strstr(first + 20, "\\-output"));
	assert_true(example_says(".Sx OPTIONS FOR OUTPUT .\n"));
	assert_true(example_says(".Sh OPTIONS FOR OUTPUT\n"));
}

static void lets_no_text_become_a_request(void **state)
{
	(void)state;
	assert_true(example_says("\n\\&\\(aqquoted\\(aq begins a line.\n"));
	assert_true(example_says("\n\\&.dot stands"));
	assert_true(example_says("a\\eb has"));
	assert_true(example_says(".Bd -literal -offset indent\n\\&.literal \\(aqx\\(aq \\-y\n.Ed\n"));
}

static void breaks_lines_before_80_bytes(void **state)
{
	(void)state;
	assert_true(example_longest_line() < 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(begins_as_a_page_of_its_section, print),
		cmocka_unit_test_setup(describes_each_command_with_its_own_options, print),
		cmocka_unit_test_setup(describes_shared_options_once_and_apart, print),
		cmocka_unit_test_setup(lets_no_text_become_a_request, print),
		cmocka_unit_test_setup(breaks_lines_before_80_bytes, print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
