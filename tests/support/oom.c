/* SPDX-License-Identifier: Apache-2.0 */
#include "oom.h"

#include "test.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The allocation that fails, counted from 1; 0 = none does. */
static unsigned long fail_at;
static unsigned long allocations;
static unsigned int pauses;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
int __wrap_asprintf(char **ret_text, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool oom_fails(void)
{
	return fail_at && !pauses && ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return oom_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return oom_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return oom_fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return oom_fails() ? NULL : __real_reallocarray(memory, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return oom_fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
	return oom_fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return oom_fails() ? NULL : __real_strndup(text, length);
}

int __wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (oom_fails())
		return -1;
	va_start(arguments, format);
	length = vasprintf(ret_text, format, arguments);
	va_end(arguments);
	return length;
}

void oom_arm(unsigned long nth)
{
	allocations = 0;
	fail_at = nth;
	pauses = 0;
}

unsigned long oom_seen(void)
{
	return allocations;
}

void oom_pause(void)
{
	pauses++;
}

void oom_resume(void)
{
	assert(pauses);
	pauses--;
}

void oom_each(const struct oom_work *work)
{
	unsigned long failures = 0;
	unsigned long nth = 1;
	bool hit = true;

	while (hit) {
		struct rw_error err = RW_ERROR_NONE;
		int r;

		oom_arm(nth);
		r = work->run(work->userdata, &err);
		hit = allocations >= nth;
		oom_arm(0);
		/* An allocation may fail without harm: a smaller array, a cache. */
		if (r < 0 && (!hit || r != -ENOMEM))
			fail_msg("allocation %lu of %lu: %d: %s", nth, allocations, r, err.text);
		if (r < 0 && !work->silent && err.code != -ENOMEM)
			fail_msg("allocation %lu: -ENOMEM, but the error says %d: %s", nth, err.code,
				 err.text);
		failures += r < 0;
		if (work->after)
			work->after(work->userdata, r);
		nth += work->stride ? work->stride : 1;
	}
	assert_true(work->may_not_fail ? failures == 0 : failures >= (work->least ? work->least : 1));
}
