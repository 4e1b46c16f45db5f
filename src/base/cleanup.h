/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ownership that is visible in one function
 * =========================================
 *
 * Every owning local is declared with RW_CLEANUP(fn) and initialised at its declaration (NULL, or
 * -EBADF for a file descriptor); ownership leaves the function only through RW_TAKE_PTR / RW_TAKE_FD.
 * A reader can then see in one function that it neither leaks nor frees twice.
 *
 * Words used in all headers: *borrows* (reads during the call), *copies*, *takes* (the callee owns it
 * from then on, also on failure unless said otherwise), *gives* (the caller owns the result).
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define RW_NODISCARD                         __attribute__((warn_unused_result))
#define RW_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define RW_UNUSED                            __attribute__((unused))

/* Runs 'fn##_cleanup' (see RW_DEFINE_CLEANUP) on the variable when it leaves scope. */
#define RW_CLEANUP(fn) __attribute__((cleanup(fn##_cleanup)))

/* Defines the cleanup of a pointer type whose free function accepts NULL and returns NULL. */
#define RW_DEFINE_CLEANUP(type, fn)                                                                          \
	static inline RW_UNUSED void fn##_cleanup(type *slot)                                                \
	{                                                                                                    \
		if (*slot)                                                                                   \
			*slot = fn(*slot);                                                                   \
	}

/* Defines the cleanup of a value type whose 'done' takes a pointer and is idempotent. */
#define RW_DEFINE_DONE(type, fn)                                                                             \
	static inline RW_UNUSED void fn##_cleanup(type *slot)                                                \
	{                                                                                                    \
		fn(slot);                                                                                    \
	}

/* Hands the pointer over and leaves NULL behind. */
#define RW_TAKE_PTR(variable)                                                                                \
	({                                                                                                   \
		__typeof__(variable) taken_ = (variable);                                                    \
		(variable) = NULL;                                                                           \
		taken_;                                                                                      \
	})

/* Hands the file descriptor over and leaves -EBADF behind. */
#define RW_TAKE_FD(variable)                                                                                 \
	({                                                                                                   \
		int taken_ = (variable);                                                                     \
		(variable) = -EBADF;                                                                         \
		taken_;                                                                                      \
	})

#define RW_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* free() in the shape that RW_CLEANUP wants: RW_CLEANUP(rw_free) char *text = NULL. */
static inline void *rw_free(void *memory)
{
	free(memory);
	return NULL;
}
static inline RW_UNUSED void rw_free_cleanup(void *slot)
{
	free(*(void **)slot);
}

/* Closes a descriptor; negative values are "none".  Returns -EBADF. */
static inline int rw_close(int fd)
{
	if (fd >= 0)
		(void)close(fd);
	return -EBADF;
}
static inline RW_UNUSED void rw_close_cleanup(int *fd)
{
	*fd = rw_close(*fd);
}
