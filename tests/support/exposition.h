/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads Prometheus' text format 0.0.4 as strictly as its description allows, and more so than Prometheus: each
 * family once, with HELP, then TYPE, then its samples; counters end in _total; no sample twice; a histogram has
 * cumulative buckets up to +Inf that agree with its count, and a sum.  A fault fails the test and names the
 * line.
 */

#include <stdbool.h>
#include <stddef.h>

#define EXPOSITION_FAMILIES_MAX 128

struct exposition {
	char families[EXPOSITION_FAMILIES_MAX][96];
	size_t family_count;
	const char *text;
};

void exposition_read(struct exposition *exposition, const char *text);

/* The value of 'sample', as 'ringwall_nodes{state="offline"}'; fails the test when there is none. */
double exposition_value(const struct exposition *exposition, const char *sample);

/*
 * Fails the test unless the families are exactly those that the page at 'path' lists between the heading
 * 'heading' and the next one: the names in code in the first column of its tables.
 */
void exposition_expect_documented(const struct exposition *exposition, const char *path, const char *heading);
