/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metrics as Prometheus reads them
 * ================================
 *
 * Writes the text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats): a family has a
 * name, a type and a line of help, and all its samples follow it:
 *
 *     rw_metrics_family(buf, "ringwall_nodes", RW_METRICS_GAUGE, "Managed nodes by state.");
 *     rw_metrics_put_labelled(buf, "ringwall_nodes", "state", "offline", 2);
 *
 * Names and keys are literals of the caller; values of labels may be any text and are escaped.  As with
 * the JSON writer no call fails by itself: one rw_buf_check at the end tells.
 */

#include "base/buf.h"
#include "base/histogram.h"

#define RW_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum rw_metrics_kind {
	RW_METRICS_COUNTER,   /* only grows, until its process begins anew; its name ends in _total */
	RW_METRICS_GAUGE,     /* how it is now */
	RW_METRICS_HISTOGRAM, /* durations in seconds; its name ends in _seconds */
};

void rw_metrics_family(struct rw_buf *buf, const char *name, enum rw_metrics_kind kind, const char *help);

void rw_metrics_put(struct rw_buf *buf, const char *name, uint64_t value);
void rw_metrics_put_labelled(struct rw_buf *buf, const char *name, const char *key, const char *label,
			     uint64_t value);

/* A duration, or a moment as Unix time, in seconds. */
void rw_metrics_put_seconds(struct rw_buf *buf, const char *name, uint64_t value_ns);

/* All samples of a histogram, with one label unless 'key' is NULL. */
void rw_metrics_put_histogram(struct rw_buf *buf, const char *name, const char *key, const char *label,
			      const struct rw_histogram *histogram);

/* A family of one sample. */
void rw_metrics_one(struct rw_buf *buf, const char *name, enum rw_metrics_kind kind, const char *help,
		    uint64_t value);
