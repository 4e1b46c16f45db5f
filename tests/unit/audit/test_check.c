/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "audit/check.h"
#include "base/buf.h"
#include "base/file.h"

static void gives_every_check_its_words_and_an_id_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < rw_check_count(); i++) {
		const struct rw_check *check = rw_check_at(i);

		assert_true(check->id[0] && check->title[0] && check->reason[0] && check->mend[0] &&
			    check->reference[0]);
		assert_ptr_equal(rw_check_find(check->id), check);
	}
	assert_null(rw_check_find("open-nothing"));
}

static void keeps_services_in_order_and_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < rw_service_count(); i++) {
		struct rw_service service = rw_service_at(i);

		assert_true(service.ports.first > 0 && service.ports.first <= service.ports.last);
		if (i > 0) {
			struct rw_service before = rw_service_at(i - 1);

			assert_true(before.protocol < service.protocol ||
				    before.ports.last < service.ports.first);
		}
	}
}

static void finds_severities_by_name(void **state)
{
	(void)state;
	for (int i = 0; i < RW_SEVERITY_COUNT_; i++)
		assert_int_equal(rw_severity_find(rw_severity_name((enum rw_severity)i)), i);
	assert_int_equal(rw_severity_find("urgent"), -1);
}

/* docs/audit.md lists every check with its severity, as the registry has it. */
static void is_written_down_in_the_docs(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf page = {0};

	(void)state;
	rw_buf_init(&page, 1 << 20);
	assert_int_equal(rw_file_read(RW_SOURCE_ROOT "/docs/audit.md", &page, NULL), 0);
	for (size_t i = 0; i < rw_check_count(); i++) {
		const struct rw_check *check = rw_check_at(i);
		char row[160];

		(void)snprintf(row, sizeof(row), "| `%s` | %s | ", check->id,
			       rw_severity_name(check->severity));
		if (!strstr(page.data, row))
			fail_msg("docs/audit.md has no row beginning '%s'", row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_every_check_its_words_and_an_id_of_its_own),
		cmocka_unit_test(keeps_services_in_order_and_apart),
		cmocka_unit_test(finds_severities_by_name),
		cmocka_unit_test(is_written_down_in_the_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
