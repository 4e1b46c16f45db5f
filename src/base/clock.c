/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static uint64_t system_monotonic_ns(const struct rw_clock *clock)
{
	struct timespec now;

	(void)clock;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int64_t system_realtime_ms(const struct rw_clock *clock)
{
	struct timespec now;

	(void)clock;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void system_fill(const struct rw_random *random, void *bytes, size_t size)
{
	char *at = bytes;

	(void)random;
	while (size) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0)
			abort();
		at += got;
		size -= (size_t)got;
	}
}

const struct rw_clock *rw_clock_system(void)
{
	static const struct rw_clock clock = {system_monotonic_ns, system_realtime_ms};

	return &clock;
}

const struct rw_random *rw_random_system(void)
{
	static const struct rw_random random_source = {system_fill};

	return &random_source;
}

void rw_timestamp_format(int64_t unix_ms, char text[RW_TIMESTAMP_SIZE])
{
	int64_t milliseconds = unix_ms % 1000;
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm parts;
	size_t length;

	if (milliseconds < 0) {
		milliseconds += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &parts) || parts.tm_year > 8099) {
		(void)snprintf(text, RW_TIMESTAMP_SIZE, "%lld", (long long)unix_ms);
		return;
	}
	length = strftime(text, RW_TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(text + length, RW_TIMESTAMP_SIZE - length, ".%03dZ", (int)milliseconds);
}

void rw_hex_format(const void *bytes, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[byte[i] >> 4];
		text[2 * i + 1] = digits[byte[i] & 15];
	}
	text[2 * size] = '\0';
}

void rw_random_id(const struct rw_random *random, const char *prefix, unsigned int digits, char *text,
		  size_t text_size)
{
	unsigned char bytes[32];
	char hex[65];

	assert(digits % 2 == 0 && digits <= 64);
	random->fill(random, bytes, digits / 2);
	rw_hex_format(bytes, digits / 2, hex);
	(void)snprintf(text, text_size, "%s%s", prefix, hex);
}
