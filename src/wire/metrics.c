/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

void rw_metrics_family(struct rw_buf *buf, const char *name, enum rw_metrics_kind kind, const char *help)
{
	static const char *const words[] = {"counter", "gauge", "histogram"};

	(void)rw_buf_append_format(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, words[kind]);
}

static void append_label(struct rw_buf *buf, const char *key, const char *label)
{
	(void)rw_buf_append_format(buf, "%s=\"", key);
	for (const char *at = label; *at; at++) {
		if (*at == '\n')
			(void)rw_buf_append_text(buf, "\\n");
		else if (*at == '"' || *at == '\\')
			(void)rw_buf_append_format(buf, "\\%c", *at);
		else
			(void)rw_buf_append(buf, at, 1);
	}
	(void)rw_buf_append_text(buf, "\"");
}

/* Seconds without trailing zeros. */
static void append_seconds(struct rw_buf *buf, uint64_t value_ns)
{
	char fraction[16];
	size_t length;

	(void)rw_buf_append_format(buf, "%" PRIu64, value_ns / SECOND_NS);
	if (value_ns % SECOND_NS == 0)
		return;
	(void)snprintf(fraction, sizeof(fraction), ".%09" PRIu64, value_ns % SECOND_NS);
	length = strlen(fraction);
	while (fraction[length - 1] == '0')
		length--;
	(void)rw_buf_append(buf, fraction, length);
}

void rw_metrics_put(struct rw_buf *buf, const char *name, uint64_t value)
{
	(void)rw_buf_append_format(buf, "%s %" PRIu64 "\n", name, value);
}

void rw_metrics_put_labelled(struct rw_buf *buf, const char *name, const char *key, const char *label,
			     uint64_t value)
{
	(void)rw_buf_append_format(buf, "%s{", name);
	append_label(buf, key, label);
	(void)rw_buf_append_format(buf, "} %" PRIu64 "\n", value);
}

void rw_metrics_put_seconds(struct rw_buf *buf, const char *name, uint64_t value_ns)
{
	(void)rw_buf_append_format(buf, "%s ", name);
	append_seconds(buf, value_ns);
	(void)rw_buf_append_text(buf, "\n");
}

/* "name_suffix{key="label"" without the closing brace, or with nothing but the name. */
static void begin_sample(struct rw_buf *buf, const char *name, const char *suffix, const char *key,
			 const char *label)
{
	(void)rw_buf_append_format(buf, "%s%s", name, suffix);
	if (!key)
		return;
	(void)rw_buf_append_text(buf, "{");
	append_label(buf, key, label);
}

void rw_metrics_put_histogram(struct rw_buf *buf, const char *name, const char *key, const char *label,
			      const struct rw_histogram *histogram)
{
	uint64_t count = 0;

	for (int i = 0; i <= RW_HISTOGRAM_BOUNDS; i++) {
		count += histogram->counts[i];
		begin_sample(buf, name, "_bucket", key, label);
		(void)rw_buf_append_text(buf, key ? ",le=\"" : "{le=\"");
		if (i < RW_HISTOGRAM_BOUNDS)
			append_seconds(buf, rw_histogram_bounds_ns[i]);
		else
			(void)rw_buf_append_text(buf, "+Inf");
		(void)rw_buf_append_format(buf, "\"} %" PRIu64 "\n", count);
	}
	begin_sample(buf, name, "_sum", key, label);
	(void)rw_buf_append_text(buf, key ? "} " : " ");
	append_seconds(buf, histogram->sum_ns);
	(void)rw_buf_append_text(buf, "\n");
	begin_sample(buf, name, "_count", key, label);
	(void)rw_buf_append_format(buf, "%s %" PRIu64 "\n", key ? "}" : "", count);
}

void rw_metrics_one(struct rw_buf *buf, const char *name, enum rw_metrics_kind kind, const char *help,
		    uint64_t value)
{
	rw_metrics_family(buf, name, kind, help);
	rw_metrics_put(buf, name, value);
}
