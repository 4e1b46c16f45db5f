/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/log.h"

#include <string.h>

/* More of them than that, and copying everything is about as quick. */
enum { RANGES_MAX = 4096 };

struct range {
	size_t offset;
	size_t size;
};

struct rw_classify_log {
	uint32_t first_page; /* nodes were added from here on */
	uint64_t begun;      /* of the other memory */
	bool everything;
	uint32_t count;
	uint32_t capacity;
	struct range *ranges;
};

struct rw_classify_log *rw_log_new(const struct rw_classify_memory *other, uint32_t first_page)
{
	struct rw_classify_log *log = calloc(1, sizeof(*log));

	if (log) {
		log->first_page = first_page;
		log->begun = other->begun;
	}
	return log;
}

struct rw_classify_log *rw_log_free(struct rw_classify_log *log)
{
	if (log)
		free(log->ranges);
	free(log);
	return NULL;
}

static bool make_room(struct rw_classify_log *log)
{
	uint32_t capacity = log->capacity ? log->capacity * 2 : 64;
	struct range *bigger;

	if (log->count < log->capacity)
		return true;
	bigger = capacity <= RANGES_MAX ? realloc(log->ranges, capacity * sizeof(*bigger)) : NULL;
	if (!bigger)
		return false;
	log->ranges = bigger;
	log->capacity = capacity;
	return true;
}

void rw_log_note(struct rw_classify_log *log, size_t offset, size_t size)
{
	if (!log || log->everything || !size)
		return;
	if (make_room(log))
		log->ranges[log->count++] = (struct range){offset, size};
	else
		log->everything = true;
}

static void copy(const void *from, void *to, size_t offset, size_t size)
{
	memcpy((char *)to + offset, (const char *)from + offset, size);
}

void rw_log_replay(const struct rw_classify_log *log, const void *from, const struct rw_classify_memory *to,
		   uint32_t page_count)
{
	size_t end = (size_t)page_count * RW_TABLE_PAGE_SIZE, nodes;

	if (!log || log->everything || log->begun != to->begun) {
		copy(from, to->pages, 0, end);
		return;
	}
	nodes = (size_t)log->first_page * RW_TABLE_PAGE_SIZE;
	copy(from, to->pages, nodes, end - nodes);
	for (uint32_t i = 0; i < log->count; i++)
		copy(from, to->pages, log->ranges[i].offset, log->ranges[i].size);
}
