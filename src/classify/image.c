/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/image.h"

#include <assert.h>
#include <string.h>

enum {
	SPAN_WORDS = 5,
	SPAN_WORDS_MAX = SPAN_WORDS + 128,
	BLOB_CAPACITY_MIN = 256,
	LINE_WORDS = 8,
};

static int grow_heap(struct rw_classify_memory *memory, uint32_t capacity)
{
	size_t size = (size_t)capacity * RW_TABLE_PAGE_SIZE;
	void *pages = aligned_alloc(RW_TABLE_PAGE_SIZE, size);

	if (!pages)
		return -ENOMEM;
	if (memory->pages)
		memcpy(pages, memory->pages, (size_t)memory->capacity * RW_TABLE_PAGE_SIZE);
	free(memory->pages);
	memory->pages = pages;
	memory->capacity = capacity;
	return 0;
}

void rw_classify_memory_init(struct rw_classify_memory *memory)
{
	*memory = (struct rw_classify_memory){.grow = grow_heap};
}

void rw_image_init(struct rw_image *image, struct rw_classify_memory *memory, uint32_t page_limit)
{
	*image = (struct rw_image){.memory = memory, .page_limit = page_limit};
}

void rw_image_done(struct rw_image *image)
{
	free(image->blobs);
	image->blobs = NULL;
}

static int fail(struct rw_image *image, int code)
{
	if (!image->failure)
		image->failure = code;
	return image->failure;
}

static int reserve(struct rw_image *image, uint32_t pages)
{
	struct rw_classify_memory *memory = image->memory;
	uint32_t capacity = memory->capacity ? memory->capacity : 128;
	int r;

	if (pages > image->page_limit)
		return fail(image, -E2BIG);
	if (pages <= memory->capacity)
		return 0;
	if (!memory->grow)
		return fail(image, -ENOSPC);
	while (capacity < pages)
		capacity *= 2;
	r = memory->grow(memory, capacity);
	return r < 0 ? fail(image, r) : 0;
}

uint32_t rw_image_add_raw_pages(struct rw_image *image, uint32_t count)
{
	uint32_t first = image->page_count;

	if (image->failure || count > image->page_limit || reserve(image, first + count) < 0) {
		fail(image, -E2BIG);
		return 0;
	}
	image->page_count += count;
	return first;
}

uint32_t rw_image_add_pages(struct rw_image *image, uint32_t count)
{
	uint32_t first = rw_image_add_raw_pages(image, count);

	if (!image->failure)
		memset((char *)image->memory->pages + (size_t)first * RW_TABLE_PAGE_SIZE, 0,
		       (size_t)count * RW_TABLE_PAGE_SIZE);
	return first;
}

void rw_image_close_page(struct rw_image *image)
{
	image->open_page = 0;
}

void *rw_image_page(const struct rw_image *image, uint32_t number)
{
	assert(number < image->page_count);
	return (char *)image->memory->pages + (size_t)number * RW_TABLE_PAGE_SIZE;
}

void *rw_image_at(const struct rw_image *image, uint32_t entry)
{
	uint32_t reference = entry & RW_ENTRY_VALUE;

	assert(reference / RW_TABLE_PAGE_WORDS < image->page_count);
	return (uint64_t *)image->memory->pages + reference;
}

static uint32_t hash_words(const uint64_t *words, uint32_t count)
{
	uint64_t hash = count, other = 0x94d049bb133111ebull;
	uint32_t i = 0;

	/* Two at a time, which do not wait for each other. */
	for (; i + 1 < count; i += 2) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ull;
		other = (other ^ words[i + 1]) * 0xbf58476d1ce4e5b9ull;
		hash ^= hash >> 32;
		other ^= other >> 32;
	}
	if (i < count)
		hash ^= words[i];
	hash = (hash ^ (other << 17 | other >> 47)) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(hash >> 32);
}

static struct rw_image_blob *find_blob(const struct rw_image *image, uint32_t hash, const uint64_t *words,
				       uint32_t count)
{
	size_t mask = image->blob_capacity - 1;
	size_t at = hash & mask;

	while (image->blobs[at].reference) {
		struct rw_image_blob *blob = &image->blobs[at];

		if (words && blob->hash == hash && blob->words == count &&
		    memcmp(rw_image_at(image, blob->reference), words, count * sizeof(*words)) == 0)
			break;
		at = (at + 1) & mask;
	}
	return &image->blobs[at];
}

static int grow_blobs(struct rw_image *image)
{
	struct rw_image bigger = *image;

	bigger.blob_capacity = image->blob_capacity ? image->blob_capacity * 2 : BLOB_CAPACITY_MIN;
	bigger.blobs = calloc(bigger.blob_capacity, sizeof(*bigger.blobs));
	if (!bigger.blobs)
		return fail(image, -ENOMEM);
	for (size_t i = 0; i < image->blob_capacity; i++)
		if (image->blobs[i].reference)
			*find_blob(&bigger, image->blobs[i].hash, NULL, 0) = image->blobs[i];
	free(image->blobs);
	*image = bigger;
	return 0;
}

uint32_t rw_image_add_blob(struct rw_image *image, const uint64_t *words, uint32_t count)
{
	uint32_t hash = hash_words(words, count);
	struct rw_image_blob *blob;

	assert(count > 0 && count <= RW_TABLE_PAGE_WORDS);
	if (image->failure || (image->blob_count * 4 >= image->blob_capacity * 3 && grow_blobs(image) < 0))
		return 0;
	blob = find_blob(image, hash, words, count);
	if (blob->reference)
		return blob->reference;
	/* A node that fits into a cache line lies in one, a larger one begins with it. */
	if (image->open_word % LINE_WORDS + count > LINE_WORDS)
		image->open_word = (image->open_word + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
	if (!image->open_page || image->open_word + count > RW_TABLE_PAGE_WORDS) {
		image->open_page = rw_image_add_pages(image, 1);
		image->open_word = 0;
		if (!image->open_page)
			return 0;
	}
	*blob = (struct rw_image_blob){image->open_page * RW_TABLE_PAGE_WORDS + image->open_word, hash,
				       count};
	memcpy(rw_image_at(image, blob->reference), words, count * sizeof(*words));
	image->open_word += count;
	image->blob_count++;
	return blob->reference;
}

uint32_t rw_image_add_span(struct rw_image *image, const struct rw_image_run *runs, uint32_t count)
{
	uint64_t words[SPAN_WORDS_MAX];
	uint32_t *entries = (uint32_t *)&words[SPAN_WORDS];
	uint16_t before[4] = {0};

	assert(count >= 1 && count <= 256 && runs[0].slot == 0);
	if (count == 1)
		return runs[0].entry;
	memset(words, 0, SPAN_WORDS * sizeof(*words));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t chunk = runs[i].slot / 64;

		words[chunk] |= 1ull << (runs[i].slot % 64);
		for (uint32_t later = chunk + 1; later < 4; later++)
			before[later]++;
		entries[i] = runs[i].entry;
	}
	memcpy(&words[4], before, sizeof(before));
	if (count % 2)
		entries[count] = 0;
	return RW_ENTRY_SPAN | rw_image_add_blob(image, words, SPAN_WORDS + (count + 1) / 2);
}

/* Bit i: entry i differs from the one before it; for i = 0 the caller says. */
static RW_WITHIN uint64_t find_changes(const uint32_t *entries, bool first)
{
	uint64_t bytes[8], bits = 0;
	uint8_t differs[64];

	/*
	 * Fixed lengths and no branch, for the vectoriser; then eight bytes of 0 or 1 to eight bits at once.
	 */
	differs[0] = first;
	for (int i = 1; i < 64; i++)
		differs[i] = entries[i] != entries[i - 1];
	memcpy(bytes, differs, sizeof(bytes));
	for (int i = 0; i < 8; i++)
		bits |= (bytes[i] * 0x0102040810204080ull >> 56) << (i * 8);
	return bits;
}

/* Fills in where runs begin and the entries of them; gives their number. */
RW_WIDE static uint32_t find_runs(const uint32_t *entries, uint32_t count, uint64_t words[SPAN_WORDS_MAX])
{
	uint32_t *stored = (uint32_t *)&words[SPAN_WORDS];
	uint16_t before[4];
	uint32_t runs = 0;

	for (uint32_t chunk = 0; chunk < 4; chunk++) {
		uint32_t first = chunk * 64;
		uint64_t bits = 0;

		before[chunk] = (uint16_t)runs;
		if (first < count)
			bits = find_changes(entries + first,
					    first == 0 || entries[first] != entries[first - 1]);
		if (first < count && count - first < 64)
			bits &= ~(~0ull << (count - first));
		words[chunk] = bits;
		for (; bits; bits &= bits - 1)
			stored[runs++] = entries[first + (uint32_t)__builtin_ctzll(bits)];
	}
	memcpy(&words[4], before, sizeof(before));
	return runs;
}

uint32_t rw_image_add_full_span(struct rw_image *image, const uint32_t *entries, uint32_t count)
{
	uint64_t words[SPAN_WORDS_MAX];
	uint32_t *stored = (uint32_t *)&words[SPAN_WORDS];
	uint32_t runs;

	assert(count >= 1 && count <= 256);
	runs = find_runs(entries, count, words);
	if (runs == 1)
		return entries[0];
	if (runs % 2)
		stored[runs] = 0;
	return RW_ENTRY_SPAN | rw_image_add_blob(image, words, SPAN_WORDS + (runs + 1) / 2);
}

uint32_t rw_image_add_plain(struct rw_image *image, const uint32_t *entries, uint32_t count)
{
	uint64_t words[128];

	assert(count >= 1 && count <= 256);
	words[(count - 1) / 2] = 0;
	memcpy(words, entries, count * sizeof(*entries));
	return rw_image_add_blob(image, words, (count + 1) / 2);
}
