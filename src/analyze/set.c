/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/set.h"

#include <assert.h>
#include <string.h>

#include "base/cleanup.h"

#define NODE_BIT 0x80000000u

enum { SERVICE_BITS = 24, TABLE_MIN = 256 };

struct node {
	uint32_t first; /* in arcs */
	uint32_t count;
	uint32_t hash;
	uint8_t level;
};

struct memo {
	rw_set a;
	rw_set b;
	rw_set result;
	uint32_t run; /* of the operation that wrote it; 0 = free */
};

struct rw_sets {
	struct rw_set_arc *arcs;
	uint32_t arc_count;
	uint32_t arc_capacity;
	uint32_t arc_max;
	struct node *nodes;
	uint32_t node_count;
	uint32_t node_capacity;
	uint32_t *table; /* nodes by hash, number + 1 */
	uint32_t table_capacity;
	struct rw_set_arc *stack; /* arcs of nodes that are being made */
	uint32_t stack_count;
	uint32_t stack_capacity;
	struct memo *memos;
	uint32_t memo_count; /* of this run */
	uint32_t memo_capacity;
	uint32_t run;
	bool (*wanted)(uint32_t value, const void *userdata); /* of the operation SELECT that runs */
	const void *userdata;
	rw_set_key service; /* of the operation AT_SERVICE */
};

int rw_sets_new(uint32_t arc_max, struct rw_sets **ret_sets, struct rw_error *err)
{
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = calloc(1, sizeof(*sets));

	if (!sets)
		return rw_error_oom(err);
	sets->arc_max = arc_max ? arc_max : RW_SETS_ARCS_DEFAULT;
	sets->table_capacity = sets->memo_capacity = TABLE_MIN;
	sets->table = calloc(sets->table_capacity, sizeof(*sets->table));
	sets->memos = calloc(sets->memo_capacity, sizeof(*sets->memos));
	if (!sets->table || !sets->memos)
		return rw_error_oom(err);
	*ret_sets = RW_TAKE_PTR(sets);
	return 0;
}

struct rw_sets *rw_sets_free(struct rw_sets *sets)
{
	if (sets) {
		free(sets->arcs);
		free(sets->nodes);
		free(sets->table);
		free(sets->stack);
		free(sets->memos);
		free(sets);
	}
	return NULL;
}

/* ---- keys ---- */

rw_set_key rw_set_last_key(enum rw_set_level level)
{
	switch (level) {
	case RW_SET_FAMILY:
		return 1;
	case RW_SET_SERVICE:
		return (1u << SERVICE_BITS) - 1;
	case RW_SET_SOURCE_PORT:
		return 65535;
	default:
		return ~(rw_set_key)0;
	}
}

rw_set_key rw_set_key_of(const struct rw_address *address)
{
	uint64_t words[2];

	memcpy(words, address->bytes, sizeof(words));
	return (rw_set_key)__builtin_bswap64(words[0]) << 64 | __builtin_bswap64(words[1]);
}

rw_set_key rw_set_last_of(const struct rw_prefix *prefix)
{
	rw_set_key first = rw_set_key_of(&prefix->address);

	return prefix->bits == 128 ? first : first | ~(rw_set_key)0 >> prefix->bits;
}

struct rw_address rw_set_address_of(uint8_t family, rw_set_key key)
{
	struct rw_address address = {.family = family};
	uint64_t words[2] = {__builtin_bswap64((uint64_t)(key >> 64)), __builtin_bswap64((uint64_t)key)};

	memcpy(address.bytes, words, family == 4 ? 4 : 16);
	return address;
}

/* ---- nodes ---- */

static const struct node *node_of(const struct rw_sets *sets, rw_set handle)
{
	assert(handle & NODE_BIT && (handle & ~NODE_BIT) < sets->node_count);
	return &sets->nodes[handle & ~NODE_BIT];
}

/* The level of a handle; values are below every level. */
static unsigned int level_of(const struct rw_sets *sets, rw_set handle)
{
	return rw_set_is_value(handle) ? RW_SET_LEVEL_COUNT_ : node_of(sets, handle)->level;
}

enum rw_set_level rw_sets_level(const struct rw_sets *sets, rw_set node)
{
	return (enum rw_set_level)node_of(sets, node)->level;
}

size_t rw_sets_arcs(const struct rw_sets *sets, rw_set handle, const struct rw_set_arc **ret_arcs)
{
	const struct node *node = node_of(sets, handle);

	*ret_arcs = sets->arcs + node->first;
	return node->count;
}

static uint32_t hash_arcs(unsigned int level, const struct rw_set_arc *arcs, size_t count)
{
	uint64_t hash = level;

	for (size_t i = 0; i < count; i++) {
		hash = (hash ^ (uint64_t)arcs[i].first) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
		hash = (hash ^ (uint64_t)(arcs[i].first >> 64)) * 0xbf58476d1ce4e5b9ull;
		hash = (hash ^ arcs[i].child ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

static bool same_arcs(const struct rw_set_arc *a, const struct rw_set_arc *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].first != b[i].first || a[i].child != b[i].child)
			return false;
	return true;
}

/* Doubles an array of elements of 'size', at most to 'most' of them; -ENOMEM, -E2BIG. */
static int grow(void *array, uint32_t *capacity, uint32_t needed, uint32_t most, size_t size)
{
	void **slot = array;
	uint64_t wanted = *capacity ? *capacity : 64;
	void *bigger;

	if (needed <= *capacity)
		return 0;
	if (needed > most)
		return -E2BIG;
	while (wanted < needed)
		wanted *= 2;
	if (wanted > most)
		wanted = most;
	bigger = realloc(*slot, wanted * size);
	if (!bigger)
		return -ENOMEM;
	*slot = bigger;
	*capacity = (uint32_t)wanted;
	return 0;
}

static int grow_table(struct rw_sets *sets)
{
	uint32_t capacity = sets->table_capacity * 2, mask = capacity - 1;
	uint32_t *table;

	if (sets->node_count * 2 < sets->table_capacity)
		return 0;
	table = calloc(capacity, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < sets->node_count; i++) {
		uint32_t at = sets->nodes[i].hash & mask;

		while (table[at])
			at = (at + 1) & mask;
		table[at] = i + 1;
	}
	free(sets->table);
	sets->table = table;
	sets->table_capacity = capacity;
	return 0;
}

/* Gives the node with exactly these arcs, which are not in sets->arcs; at least two of them. */
static int intern(struct rw_sets *sets, unsigned int level, const struct rw_set_arc *arcs, uint32_t count,
		  rw_set *ret_node)
{
	uint32_t hash = hash_arcs(level, arcs, count);
	uint32_t at;
	int r = grow_table(sets);

	if (r < 0)
		return r;
	at = hash & (sets->table_capacity - 1);
	for (; sets->table[at]; at = (at + 1) & (sets->table_capacity - 1)) {
		const struct node *node = &sets->nodes[sets->table[at] - 1];

		if (node->hash == hash && node->level == level && node->count == count &&
		    same_arcs(sets->arcs + node->first, arcs, count)) {
			*ret_node = (sets->table[at] - 1) | NODE_BIT;
			return 0;
		}
	}
	r = grow(&sets->arcs, &sets->arc_capacity, sets->arc_count + count, sets->arc_max, sizeof(*arcs));
	if (!r)
		r = grow(&sets->nodes, &sets->node_capacity, sets->node_count + 1, NODE_BIT - 1,
			 sizeof(*sets->nodes));
	if (r < 0)
		return r;
	memcpy(sets->arcs + sets->arc_count, arcs, count * sizeof(*arcs));
	sets->nodes[sets->node_count] = (struct node){sets->arc_count, count, hash, (uint8_t)level};
	sets->arc_count += count;
	sets->table[at] = ++sets->node_count;
	*ret_node = (sets->node_count - 1) | NODE_BIT;
	return 0;
}

static int push_arc(struct rw_sets *sets, uint32_t base, rw_set_key first, rw_set child)
{
	int r;

	if (sets->stack_count > base && sets->stack[sets->stack_count - 1].child == child)
		return 0;
	r = grow(&sets->stack, &sets->stack_capacity, sets->stack_count + 1, sets->arc_max + 1024,
		 sizeof(*sets->stack));
	if (r < 0)
		return r;
	sets->stack[sets->stack_count++] = (struct rw_set_arc){first, child};
	return 0;
}

/* Makes a node of what was pushed since 'base' and takes it from the stack. */
static int pop_node(struct rw_sets *sets, unsigned int level, uint32_t base, rw_set *ret_node)
{
	uint32_t count = sets->stack_count - base;

	sets->stack_count = base;
	if (count == 1) {
		*ret_node = sets->stack[base].child;
		return 0;
	}
	return intern(sets, level, sets->stack + base, count, ret_node);
}

static int explain(const struct rw_sets *sets, int r, struct rw_error *err)
{
	if (r == -ENOMEM)
		return rw_error_oom(err);
	(void)rw_error_set(err, r, "the answer is too complicated: it needs more than %u intervals",
			   sets->arc_max);
	return rw_error_hint(err, "Ask about fewer ports, a narrower source or a single node.");
}

int rw_sets_node(struct rw_sets *sets, enum rw_set_level level, const struct rw_set_arc *arcs, size_t count,
		 rw_set *ret_node, struct rw_error *err)
{
	uint32_t base = sets->stack_count;
	int r = 0;

	assert(count && arcs[0].first == 0);
	for (size_t i = 0; !r && i < count; i++) {
		assert(level_of(sets, arcs[i].child) > (unsigned int)level);
		r = push_arc(sets, base, arcs[i].first, arcs[i].child);
	}
	if (!r)
		r = pop_node(sets, level, base, ret_node);
	sets->stack_count = base;
	return r < 0 ? explain(sets, r, err) : 0;
}

/* ---- operations ---- */

enum operation { UNION, RESTRICT, SUBTRACT, SUPPORT, OVER, SELECT, AT_SERVICE };

/* What a node has below 'key'. */
static rw_set child_of(const struct rw_sets *sets, rw_set handle, rw_set_key key)
{
	const struct node *node = node_of(sets, handle);
	uint32_t low = node->first, high = node->first + node->count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (sets->arcs[middle].first <= key)
			low = middle;
		else
			high = middle;
	}
	return sets->arcs[low].child;
}

/* Answers at once where one operand decides: true. */
static bool decide(const struct rw_sets *sets, enum operation operation, rw_set a, rw_set b,
		   rw_set *ret_result)
{
	switch (operation) {
	case UNION:
		*ret_result = !a ? b : !b ? a : a == b ? a : RW_SET_ALL;
		return !a || !b || a == b || a == RW_SET_ALL || b == RW_SET_ALL;
	case RESTRICT:
		*ret_result = !a || !b ? RW_SET_EMPTY : a;
		return !a || !b || b == RW_SET_ALL;
	case SUBTRACT:
		*ret_result = !b ? a : RW_SET_EMPTY;
		return !a || !b || b == RW_SET_ALL;
	case SUPPORT:
		*ret_result = a ? RW_SET_ALL : RW_SET_EMPTY;
		return rw_set_is_value(a);
	case OVER:
		*ret_result = a ? a : b;
		return !a || !b || a == b || (rw_set_is_value(a) && a);
	case SELECT:
		if (rw_set_is_value(a))
			*ret_result = a && sets->wanted(a, sets->userdata) ? RW_SET_ALL : RW_SET_EMPTY;
		return rw_set_is_value(a);
	case AT_SERVICE:
		*ret_result = level_of(sets, a) == RW_SET_SERVICE ? child_of(sets, a, sets->service) : a;
		return level_of(sets, a) >= RW_SET_SERVICE;
	}
	return false;
}

static struct memo *find_memo(const struct rw_sets *sets, rw_set a, rw_set b)
{
	uint64_t hash = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15ull;
	uint32_t mask = sets->memo_capacity - 1;
	uint32_t at = (uint32_t)(hash >> 32) & mask;

	for (; sets->memos[at].run == sets->run; at = (at + 1) & mask)
		if (sets->memos[at].a == a && sets->memos[at].b == b)
			break;
	return &sets->memos[at];
}

static int remember(struct rw_sets *sets, rw_set a, rw_set b, rw_set result)
{
	if (++sets->memo_count * 2 > sets->memo_capacity) {
		struct memo *old = sets->memos;
		uint32_t capacity = sets->memo_capacity;
		struct memo *bigger = calloc((size_t)capacity * 2, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		sets->memos = bigger;
		sets->memo_capacity = capacity * 2;
		for (uint32_t i = 0; i < capacity; i++)
			if (old[i].run == sets->run)
				*find_memo(sets, old[i].a, old[i].b) = old[i];
		free(old);
	}
	*find_memo(sets, a, b) = (struct memo){a, b, result, sets->run};
	return 0;
}

/* An operand while its arcs are walked; one that has no node at the level is a single arc. */
struct cursor {
	rw_set handle;
	uint32_t at; /* in sets->arcs, which may move */
	uint32_t end;
};

static struct cursor open_cursor(const struct rw_sets *sets, rw_set handle, unsigned int level)
{
	const struct node *node;

	if (level_of(sets, handle) != level)
		return (struct cursor){.handle = handle};
	node = node_of(sets, handle);
	return (struct cursor){handle, node->first, node->first + node->count};
}

static rw_set child_at(const struct rw_sets *sets, const struct cursor *cursor)
{
	return cursor->end ? sets->arcs[cursor->at].child : cursor->handle;
}

/* True with the key of the next arc when there is one. */
static bool peek(const struct rw_sets *sets, const struct cursor *cursor, rw_set_key *ret_first)
{
	if (cursor->at + 1 >= cursor->end)
		return false;
	*ret_first = sets->arcs[cursor->at + 1].first;
	return true;
}

/* Moves to the next boundary of either; false at the end. */
static bool advance(const struct rw_sets *sets, struct cursor *a, struct cursor *b, rw_set_key *ret_first)
{
	rw_set_key next_a, next_b;
	bool has_a = peek(sets, a, &next_a), has_b = peek(sets, b, &next_b);

	if (!has_a && !has_b)
		return false;
	*ret_first = !has_b || (has_a && next_a < next_b) ? next_a : next_b;
	if (has_a && next_a == *ret_first)
		a->at++;
	if (has_b && next_b == *ret_first)
		b->at++;
	return true;
}

/* Recursion is as deep as there are levels. */
static int apply(struct rw_sets *sets, enum operation operation, rw_set a, rw_set b, rw_set *ret_result)
{
	uint32_t base = sets->stack_count;
	unsigned int level_a, level_b, level;
	struct cursor cursor_a, cursor_b;
	rw_set_key first = 0;
	struct memo *memo;
	int r;

	if (decide(sets, operation, a, b, ret_result))
		return 0;
	memo = find_memo(sets, a, b);
	if (memo->run == sets->run) {
		*ret_result = memo->result;
		return 0;
	}
	level_a = level_of(sets, a);
	level_b = level_of(sets, b);
	level = level_a < level_b ? level_a : level_b;
	assert(level < RW_SET_LEVEL_COUNT_);
	cursor_a = open_cursor(sets, a, level);
	cursor_b = open_cursor(sets, b, level);
	do {
		rw_set child;

		r = apply(sets, operation, child_at(sets, &cursor_a), child_at(sets, &cursor_b), &child);
		if (!r)
			r = push_arc(sets, base, first, child);
	} while (!r && advance(sets, &cursor_a, &cursor_b, &first));
	if (!r)
		r = pop_node(sets, level, base, ret_result);
	sets->stack_count = base;
	return r < 0 ? r : remember(sets, a, b, *ret_result);
}

static int operate(struct rw_sets *sets, enum operation operation, rw_set a, rw_set b, rw_set *ret_result,
		   struct rw_error *err)
{
	rw_set result;
	int r;

	sets->memo_count = 0;
	if (++sets->run == 0) {
		memset(sets->memos, 0, sets->memo_capacity * sizeof(*sets->memos));
		sets->run = 1;
	}
	r = apply(sets, operation, a, b, &result);
	if (r < 0)
		return explain(sets, r, err);
	*ret_result = result;
	return 0;
}

int rw_set_union(struct rw_sets *sets, rw_set a, rw_set b, rw_set *ret_set, struct rw_error *err)
{
	return operate(sets, UNION, a, b, ret_set, err);
}

int rw_set_intersect(struct rw_sets *sets, rw_set a, rw_set b, rw_set *ret_set, struct rw_error *err)
{
	return operate(sets, RESTRICT, a, b, ret_set, err);
}

int rw_set_subtract(struct rw_sets *sets, rw_set a, rw_set b, rw_set *ret_set, struct rw_error *err)
{
	return operate(sets, SUBTRACT, a, b, ret_set, err);
}

int rw_map_restrict(struct rw_sets *sets, rw_set map, rw_set set, rw_set *ret_map, struct rw_error *err)
{
	return operate(sets, RESTRICT, map, set, ret_map, err);
}

int rw_map_support(struct rw_sets *sets, rw_set map, rw_set *ret_set, struct rw_error *err)
{
	return operate(sets, SUPPORT, map, RW_SET_EMPTY, ret_set, err);
}

int rw_map_over(struct rw_sets *sets, rw_set top, rw_set bottom, rw_set *ret_map, struct rw_error *err)
{
	return operate(sets, OVER, top, bottom, ret_map, err);
}

int rw_map_select(struct rw_sets *sets, rw_set map, bool (*wanted)(uint32_t value, const void *userdata),
		  const void *userdata, rw_set *ret_set, struct rw_error *err)
{
	sets->wanted = wanted;
	sets->userdata = userdata;
	return operate(sets, SELECT, map, RW_SET_EMPTY, ret_set, err);
}

int rw_set_at_service(struct rw_sets *sets, rw_set set, uint32_t service, rw_set *ret_set,
		      struct rw_error *err)
{
	sets->service = service;
	return operate(sets, AT_SERVICE, set, RW_SET_EMPTY, ret_set, err);
}

/* ---- boxes to sets ---- */

/* 'child' at first..last of a level, nothing elsewhere. */
static int add_interval(struct rw_sets *sets, enum rw_set_level level, rw_set_key first, rw_set_key last,
			rw_set child, rw_set *ret_node)
{
	uint32_t base = sets->stack_count;
	int r = 0;

	if (first > 0)
		r = push_arc(sets, base, 0, RW_SET_EMPTY);
	if (!r)
		r = push_arc(sets, base, first, child);
	if (!r && last < rw_set_last_key(level))
		r = push_arc(sets, base, last + 1, RW_SET_EMPTY);
	if (!r)
		r = pop_node(sets, level, base, ret_node);
	sets->stack_count = base;
	return r;
}

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

/* 'child' at the sorted prefixes of one family. */
static int add_prefixes(struct rw_sets *sets, const struct rw_prefix *prefixes, size_t count, uint8_t family,
			rw_set child, rw_set *ret_node)
{
	uint32_t base = sets->stack_count;
	rw_set_key next = 0; /* first key not pushed yet; 'done' when there is none */
	bool done = false;
	int r = 0;

	for (size_t i = 0; !r && !done && i < count; i++) {
		rw_set_key first = rw_set_key_of(&prefixes[i].address), last = rw_set_last_of(&prefixes[i]);

		if (prefixes[i].address.family != family || (next && last < next))
			continue;
		if (first > next || (!next && first))
			r = push_arc(sets, base, next, RW_SET_EMPTY);
		if (!r)
			r = push_arc(sets, base, first > next ? first : next, child);
		done = last == ~(rw_set_key)0;
		next = last + 1;
	}
	if (!r && !done)
		r = push_arc(sets, base, next, RW_SET_EMPTY);
	if (!r)
		r = pop_node(sets, RW_SET_REMOTE, base, ret_node);
	sets->stack_count = base;
	return r;
}

static int add_families(struct rw_sets *sets, rw_set v4, rw_set v6, rw_set *ret_node)
{
	const struct rw_set_arc arcs[] = {{0, v4}, {1, v6}};

	return rw_sets_node(sets, RW_SET_FAMILY, arcs, 2, ret_node, NULL);
}

static int add_remotes(struct rw_sets *sets, const struct rw_set_box *box, rw_set child, rw_set *ret_set)
{
	RW_CLEANUP(rw_free) struct rw_prefix *sorted = NULL;
	uint8_t only = box->local ? box->local->address.family : 0;
	rw_set v4 = child, v6 = child;
	int r = 0;

	if (box->remotes) {
		sorted = malloc((box->remote_count + 1) * sizeof(*sorted));
		if (!sorted)
			return -ENOMEM;
		if (box->remote_count)
			memcpy(sorted, box->remotes, box->remote_count * sizeof(*sorted));
		qsort(sorted, box->remote_count, sizeof(*sorted), compare_prefixes);
		r = add_prefixes(sets, sorted, box->remote_count, 4, child, &v4);
		if (!r)
			r = add_prefixes(sets, sorted, box->remote_count, 6, child, &v6);
	}
	if (r < 0)
		return r;
	return add_families(sets, only == 6 ? RW_SET_EMPTY : v4, only == 4 ? RW_SET_EMPTY : v6, ret_set);
}

static int add_box(struct rw_sets *sets, const struct rw_set_box *box, rw_set *ret_set)
{
	rw_set set = RW_SET_ALL;
	int r = add_interval(sets, RW_SET_SOURCE_PORT, box->source_ports.first, box->source_ports.last, set,
			     &set);

	if (!r && box->local)
		r = add_interval(sets, RW_SET_LOCAL, rw_set_key_of(&box->local->address),
				 rw_set_last_of(box->local), set, &set);
	if (!r && box->protocol != RW_PROTOCOL_ALL) {
		rw_set_key protocol = (rw_set_key)box->protocol << 16;

		r = add_interval(sets, RW_SET_SERVICE, protocol | box->ports.first,
				 protocol | box->ports.last, set, &set);
	}
	return r < 0 ? r : add_remotes(sets, box, set, ret_set);
}

int rw_set_of_box(struct rw_sets *sets, const struct rw_set_box *box, rw_set *ret_set, struct rw_error *err)
{
	rw_set set;
	int r = add_box(sets, box, &set);

	if (r < 0)
		return explain(sets, r, err);
	*ret_set = set;
	return 0;
}
