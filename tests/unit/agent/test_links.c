/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "agent/links.h"

static void finds_the_loopback_and_its_address(void **state)
{
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	const struct rw_link *lo;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_links_read(&links, &err), 0);
	lo = rw_links_find_name(&links, "lo");
	assert_non_null(lo);
	assert_ptr_equal(rw_links_find(&links, lo->ifindex), lo);
	assert_false(lo->has_device);
	assert_false(lo->has_default_route);
	assert_int_equal(lo->master, 0);
	assert_int_equal(lo->parent, 0);
	assert_null(rw_links_find_name(&links, "nonesuch"));
	assert_null(rw_links_find(&links, 0));
}

static void gives_equal_pictures_of_the_same_links(void **state)
{
	RW_CLEANUP(rw_links_done) struct rw_links first = {0};
	RW_CLEANUP(rw_links_done) struct rw_links second = {0};
	RW_CLEANUP(rw_links_done) struct rw_links none = {0};

	(void)state;
	assert_int_equal(rw_links_read(&first, NULL), 0);
	assert_int_equal(rw_links_read(&second, NULL), 0);
	assert_int_equal(first.count, second.count);
	for (size_t i = 1; i < first.count; i++)
		assert_true(first.links[i - 1].ifindex < first.links[i].ifindex);
	assert_false(rw_links_equal(&first, &none));
	assert_true(rw_links_equal(&none, &none));
}

static void rings_for_nothing_when_nothing_happened(void **state)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;

	(void)state;
	assert_int_equal(rw_links_watch_open(&fd, NULL), 0);
	(void)rw_links_watch_drain(fd);
	assert_false(rw_links_watch_drain(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_loopback_and_its_address),
		cmocka_unit_test(gives_equal_pictures_of_the_same_links),
		cmocka_unit_test(rings_for_nothing_when_nothing_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
