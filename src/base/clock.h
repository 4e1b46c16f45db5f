/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Time and randomness as interfaces, so that logic above is driven by tests.  Programs hand in
 * rw_clock_system() and rw_random_system(); tests hand in fakes of their own.
 */

#include <stddef.h>
#include <stdint.h>

struct rw_clock {
	uint64_t (*monotonic_ns)(const struct rw_clock *clock); /* never goes back; origin unspecified */
	int64_t (*realtime_ms)(const struct rw_clock *clock);   /* Unix time in milliseconds */
};

struct rw_random {
	/* Fills 'bytes'; cannot fail (the system one aborts when the kernel has no randomness). */
	void (*fill)(const struct rw_random *random, void *bytes, size_t size);
};

const struct rw_clock *rw_clock_system(void);
const struct rw_random *rw_random_system(void);

static inline uint64_t rw_clock_monotonic_ns(const struct rw_clock *clock)
{
	return clock->monotonic_ns(clock);
}

static inline int64_t rw_clock_realtime_ms(const struct rw_clock *clock)
{
	return clock->realtime_ms(clock);
}

/* Room for "2026-11-24T02:28:29.123Z" and its NUL. */
#define RW_TIMESTAMP_SIZE 32

/* Formats Unix milliseconds as RFC 3339 in UTC. */
void rw_timestamp_format(int64_t unix_ms, char text[RW_TIMESTAMP_SIZE]);

/* Writes 2*size lower-case hex digits and a NUL; 'text' holds 2*size+1 bytes. */
void rw_hex_format(const void *bytes, size_t size, char *text);

/* Makes an id such as "sg-0123456789abcdef": prefix and 'digits' random hex digits (even, <= 64). */
void rw_random_id(const struct rw_random *random, const char *prefix, unsigned int digits, char *text,
		  size_t text_size);
