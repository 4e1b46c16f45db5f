/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/origins.h"

#include <string.h>

struct rw_classify_origin_block {
	unsigned int references;
	struct rw_classify_origin list[RW_CLASSIFY_ORIGIN_BLOCK];
};

static uint32_t count_blocks(uint32_t origins)
{
	return (origins + RW_CLASSIFY_ORIGIN_BLOCK - 1) / RW_CLASSIFY_ORIGIN_BLOCK;
}

static struct rw_classify_origin_block *block_new(const struct rw_classify_origin *list, uint32_t count)
{
	struct rw_classify_origin_block *block = calloc(1, sizeof(*block));

	if (!block)
		return NULL;
	block->references = 1;
	memcpy(block->list, list, count * sizeof(*list));
	return block;
}

int rw_origins_make(struct rw_classify_table *table, const struct rw_classify_origin *list, uint32_t count,
		    const struct rw_classify_table *before, const bool *stale)
{
	uint32_t blocks = count_blocks(count), had = before ? count_blocks(before->origin_count) : 0;

	table->origins = calloc(blocks, sizeof(struct rw_classify_origin_block *));
	if (!table->origins)
		return -ENOMEM;
	table->origin_count = count;
	for (uint32_t i = 0; i < blocks; i++) {
		uint32_t first = i * RW_CLASSIFY_ORIGIN_BLOCK, left = count - first;

		if (i < had && !stale[i]) {
			table->origins[i] = before->origins[i];
			table->origins[i]->references++;
			continue;
		}
		table->origins[i] = block_new(
			list + first, left < RW_CLASSIFY_ORIGIN_BLOCK ? left : RW_CLASSIFY_ORIGIN_BLOCK);
		if (!table->origins[i])
			return -ENOMEM;
	}
	return 0;
}

void rw_origins_done(struct rw_classify_table *table)
{
	for (uint32_t i = 0; table->origins && i < count_blocks(table->origin_count); i++)
		if (table->origins[i] && --table->origins[i]->references == 0)
			free(table->origins[i]);
	free(table->origins);
	table->origins = NULL;
}

const struct rw_classify_origin *rw_classify_origin(const struct rw_classify_table *table, uint32_t index)
{
	return &table->origins[index / RW_CLASSIFY_ORIGIN_BLOCK]->list[index % RW_CLASSIFY_ORIGIN_BLOCK];
}

uint32_t rw_classify_origin_differs(const struct rw_classify_table *table,
				    const struct rw_classify_table *other, uint32_t index)
{
	uint32_t block = index / RW_CLASSIFY_ORIGIN_BLOCK;

	if (index >= table->origin_count || table->origins[block] != other->origins[block])
		return index;
	while (block < count_blocks(table->origin_count) && table->origins[block] == other->origins[block])
		block++;
	index = block * RW_CLASSIFY_ORIGIN_BLOCK;
	return index < table->origin_count ? index : table->origin_count;
}
