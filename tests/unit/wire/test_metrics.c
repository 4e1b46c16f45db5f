/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "exposition.h"
#include "wire/metrics.h"

static void writes_what_a_strict_reader_takes(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_histogram histogram = {0};
	struct exposition exposition;

	(void)state;
	rw_buf_init(&buf, 1u << 20);
	rw_metrics_one(&buf, "rw_made_total", RW_METRICS_COUNTER, "Made.", UINT64_MAX);
	rw_metrics_family(&buf, "rw_open", RW_METRICS_GAUGE, "Open.");
	rw_metrics_put_labelled(&buf, "rw_open", "state", "one", 1);
	rw_metrics_put_labelled(&buf, "rw_open", "state", "two", 2);
	rw_histogram_observe(&histogram, 300000);
	rw_histogram_observe(&histogram, 90000000000);
	rw_metrics_family(&buf, "rw_took_seconds", RW_METRICS_HISTOGRAM, "Took.");
	rw_metrics_put_histogram(&buf, "rw_took_seconds", "kind", "read", &histogram);
	rw_metrics_put_histogram(&buf, "rw_took_seconds", "kind", "change", &histogram);
	rw_metrics_family(&buf, "rw_waited_seconds", RW_METRICS_HISTOGRAM, "Waited.");
	rw_metrics_put_histogram(&buf, "rw_waited_seconds", NULL, NULL, &histogram);
	assert_int_equal(rw_buf_check(&buf, NULL), 0);
	exposition_read(&exposition, buf.data);
	assert_int_equal(exposition.family_count, 4);
	assert_true(exposition_value(&exposition, "rw_open{state=\"two\"}") == 2);
	assert_true(exposition_value(&exposition, "rw_took_seconds_bucket{kind=\"read\",le=\"0.0005\"}") ==
		    1);
	assert_true(exposition_value(&exposition, "rw_took_seconds_bucket{kind=\"read\",le=\"0.00025\"}") ==
		    0);
	assert_true(exposition_value(&exposition, "rw_took_seconds_bucket{kind=\"read\",le=\"60\"}") == 1);
	assert_true(exposition_value(&exposition, "rw_took_seconds_bucket{kind=\"read\",le=\"+Inf\"}") == 2);
	assert_true(exposition_value(&exposition, "rw_waited_seconds_count") == 2);
	assert_true(exposition_value(&exposition, "rw_waited_seconds_sum") == 90.0003);
}

static void escapes_the_values_of_labels(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 4096);
	rw_metrics_put_labelled(&buf, "rw_open", "name", "a\"b\\c\nd", 1);
	assert_string_equal(buf.data, "rw_open{name=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void writes_seconds_without_loss(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 4096);
	rw_metrics_put_seconds(&buf, "a", 0);
	rw_metrics_put_seconds(&buf, "b", 1);
	rw_metrics_put_seconds(&buf, "c", 1500000000);
	rw_metrics_put_seconds(&buf, "d", UINT64_MAX);
	assert_string_equal(buf.data, "a 0\nb 0.000000001\nc 1.5\nd 18446744073.709551615\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_a_strict_reader_takes),
		cmocka_unit_test(escapes_the_values_of_labels),
		cmocka_unit_test(writes_seconds_without_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
