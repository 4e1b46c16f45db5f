/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out in buffers, vectors and maps: they stay as they were and say -ENOMEM. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "oom.h"

static int fill_buffer(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	size_t before = 0;
	int r = 0;

	(void)userdata;
	rw_buf_init(&buf, 4096);
	for (unsigned int i = 0; i < 50 && r == 0; i++) {
		before = buf.size;
		r = rw_buf_append_format(&buf, "line %u\n", i);
	}
	if (r < 0)
		assert_int_equal(buf.size, before);
	assert_int_equal(strlen(buf.data), buf.size);
	assert_int_equal(rw_buf_check(&buf, err), r);
	return r;
}

static void buffers_remember_that_memory_ran_out(void **state)
{
	(void)state;
	oom_each(&(struct oom_work){.run = fill_buffer, .least = 4});
}

static int fill_vector(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec vec;
	int r = 0;

	(void)userdata;
	rw_vec_init(&vec, sizeof(unsigned int), 1000);
	for (unsigned int i = 0; i < 100 && r == 0; i++) {
		unsigned int *element;

		r = rw_vec_push(&vec, &element);
		if (r == 0)
			*element = i;
		assert_int_equal(vec.count, r == 0 ? i + 1 : i);
	}
	for (unsigned int i = 0; i < vec.count; i++)
		assert_int_equal(*(unsigned int *)rw_vec_at(&vec, i), i);
	return r < 0 ? rw_error_oom(err) : 0;
}

static void vectors_keep_what_they_hold(void **state)
{
	(void)state;
	oom_each(&(struct oom_work){.run = fill_vector, .least = 4});
}

static int fill_map(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_map_done) struct rw_map map;
	static char value[] = "value";
	char key[16];
	unsigned int set = 0;
	int r = 0;

	(void)userdata;
	rw_map_init(&map, 1, NULL);
	while (set < 40 && r == 0) {
		(void)snprintf(key, sizeof(key), "key %u", set);
		r = rw_map_set(&map, key, value);
		if (r == 0)
			set++;
	}
	assert_int_equal(map.count, set);
	for (unsigned int i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof(key), "key %u", i);
		assert_ptr_equal(rw_map_find(&map, key), i < set ? value : NULL);
	}
	return r < 0 ? rw_error_oom(err) : 0;
}

static void maps_are_as_before_a_set_that_failed(void **state)
{
	(void)state;
	oom_each(&(struct oom_work){.run = fill_map, .least = 40});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_as_before_a_set_that_failed),
		cmocka_unit_test(buffers_remember_that_memory_ran_out),
		cmocka_unit_test(vectors_keep_what_they_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
