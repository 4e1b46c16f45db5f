/* SPDX-License-Identifier: Apache-2.0 */

/* What sets are asked: values, witnesses, sizes. */

#include <assert.h>
#include <string.h>

#include "analyze/set.h"
#include "base/cleanup.h"

/* The parts of a packet's header as keys. */
static void fill_keys(const struct rw_packet *packet, rw_set_key keys[RW_SET_LEVEL_COUNT_])
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	uint16_t destination = ingress ? packet->local_port : packet->remote_port;
	uint16_t source = ingress ? packet->remote_port : packet->local_port;

	keys[RW_SET_FAMILY] = packet->remote.family == 6;
	keys[RW_SET_REMOTE] = rw_set_key_of(&packet->remote);
	keys[RW_SET_SERVICE] = (rw_set_key)packet->protocol << 16 | destination;
	keys[RW_SET_LOCAL] = rw_set_key_of(&packet->local);
	keys[RW_SET_SOURCE_PORT] = source;
}

/* The arc that holds 'key'. */
static size_t find_arc(const struct rw_set_arc *arcs, size_t count, rw_set_key key)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (arcs[middle].first <= key)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint32_t rw_map_at(const struct rw_sets *sets, rw_set map, const struct rw_packet *packet)
{
	rw_set_key keys[RW_SET_LEVEL_COUNT_];

	fill_keys(packet, keys);
	while (!rw_set_is_value(map)) {
		const struct rw_set_arc *arcs;
		size_t count = rw_sets_arcs(sets, map, &arcs);

		map = arcs[find_arc(arcs, count, keys[rw_sets_level(sets, map)])].child;
	}
	return map;
}

static void put_key(struct rw_packet *packet, enum rw_set_level level, rw_set_key key)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;

	switch (level) {
	case RW_SET_FAMILY:
		/* Addresses for documentation (RFC 5737, RFC 3849): a remote end that looks like one. */
		if (packet->remote.family != (key ? 6 : 4)) {
			packet->remote = (struct rw_address){.family = 4, .bytes = {192, 0, 2, 1}};
			if (key)
				packet->remote = (struct rw_address){
					.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
			packet->local = (struct rw_address){.family = key ? 6 : 4};
		}
		break;
	case RW_SET_REMOTE:
		packet->remote = rw_set_address_of(packet->remote.family, key);
		break;
	case RW_SET_SERVICE:
		packet->protocol = (uint8_t)(key >> 16);
		*(ingress ? &packet->local_port : &packet->remote_port) = (uint16_t)key;
		break;
	case RW_SET_LOCAL:
		packet->local = rw_set_address_of(packet->remote.family, key);
		break;
	default:
		*(ingress ? &packet->remote_port : &packet->local_port) = (uint16_t)key;
	}
}

/* Of the arcs that lead somewhere, the one that holds what the packet has already, else the first. */
static size_t choose_arc(const struct rw_set_arc *arcs, size_t count, rw_set_key key)
{
	size_t at = find_arc(arcs, count, key);

	if (arcs[at].child != RW_SET_EMPTY)
		return at;
	for (at = 0; arcs[at].child == RW_SET_EMPTY; at++)
		assert(at + 1 < count);
	return at;
}

void rw_set_witness(const struct rw_sets *sets, rw_set set, struct rw_packet *packet)
{
	assert(set != RW_SET_EMPTY);
	if (packet->remote.family != 4 && packet->remote.family != 6)
		put_key(packet, RW_SET_FAMILY, 0);
	while (!rw_set_is_value(set)) {
		enum rw_set_level level = rw_sets_level(sets, set);
		rw_set_key keys[RW_SET_LEVEL_COUNT_];
		const struct rw_set_arc *arcs;
		size_t count = rw_sets_arcs(sets, set, &arcs);
		size_t at;

		fill_keys(packet, keys);
		at = choose_arc(arcs, count, keys[level]);
		if (keys[level] < arcs[at].first || (at + 1 < count && keys[level] >= arcs[at + 1].first))
			put_key(packet, level, arcs[at].first);
		set = arcs[at].child;
	}
	packet->tcp_flags = packet->protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0;
	packet->fragment = packet->malformed = false;
	if (!rw_protocol_has_ports(packet->protocol))
		packet->local_port = packet->remote_port = 0;
}

/* ---- sizes ---- */

/* Services of first..last: ports of TCP and UDP, and other protocols. */
static double count_services(uint32_t first, uint32_t last)
{
	double count = 0;

	for (uint32_t protocol = first >> 16; protocol <= last >> 16; protocol++) {
		uint32_t from = protocol == first >> 16 ? first & 0xffff : 0;
		uint32_t to = protocol == last >> 16 ? last & 0xffff : 65535;

		if (rw_protocol_has_ports((uint16_t)protocol))
			count += to - from + 1;
		else
			count += from == 0;
	}
	return count;
}

static rw_set_key last_key_of(const struct rw_set_arc *arcs, size_t count, size_t at, enum rw_set_level level)
{
	return at + 1 < count ? arcs[at + 1].first - 1 : rw_set_last_key(level);
}

static double measure_services(const struct rw_sets *sets, rw_set set)
{
	const struct rw_set_arc *arcs;
	double sum = 0;
	size_t count;

	if (set == RW_SET_EMPTY)
		return 0;
	if (rw_set_is_value(set) || rw_sets_level(sets, set) > RW_SET_SERVICE)
		return count_services(0, (uint32_t)rw_set_last_key(RW_SET_SERVICE));
	count = rw_sets_arcs(sets, set, &arcs);
	for (size_t i = 0; i < count; i++)
		if (arcs[i].child != RW_SET_EMPTY)
			sum += count_services((uint32_t)arcs[i].first,
					      (uint32_t)last_key_of(arcs, count, i, RW_SET_SERVICE));
	return sum;
}

/* 'unit' is how many keys one address has. */
static double measure_family(const struct rw_sets *sets, rw_set set, double unit)
{
	const struct rw_set_arc *arcs;
	double sum = 0;
	size_t count;

	if (rw_set_is_value(set) || rw_sets_level(sets, set) != RW_SET_REMOTE)
		return ((double)rw_set_last_key(RW_SET_REMOTE) + 1) / unit * measure_services(sets, set);
	count = rw_sets_arcs(sets, set, &arcs);
	for (size_t i = 0; i < count; i++) {
		rw_set_key width = last_key_of(arcs, count, i, RW_SET_REMOTE) - arcs[i].first;

		if (arcs[i].child != RW_SET_EMPTY)
			sum += ((double)width + 1) / unit * measure_services(sets, arcs[i].child);
	}
	return sum;
}

void rw_set_measure(const struct rw_sets *sets, rw_set set, double *ret_v4, double *ret_v6)
{
	rw_set v4 = set, v6 = set;

	if (!rw_set_is_value(set) && rw_sets_level(sets, set) == RW_SET_FAMILY) {
		const struct rw_set_arc *arcs;

		(void)rw_sets_arcs(sets, set, &arcs);
		v4 = arcs[0].child;
		v6 = arcs[1].child;
	}
	*ret_v4 = measure_family(sets, v4, 0x1p96);
	*ret_v6 = measure_family(sets, v6, 1);
}

/* ---- values ---- */

struct collector {
	const struct rw_sets *sets;
	uint32_t *values;
	size_t most;
	size_t count;
	uint32_t *seen; /* hash table of nodes and values + 1, so that each is looked at once */
	size_t seen_count;
	size_t seen_capacity;
};

static bool put_seen(uint32_t *table, size_t capacity, rw_set handle)
{
	size_t at = (size_t)(handle * 0x9e3779b97f4a7c15ull >> 20) & (capacity - 1);

	for (; table[at]; at = (at + 1) & (capacity - 1))
		if (table[at] == handle + 1)
			return false;
	table[at] = handle + 1;
	return true;
}

/* 1 when the handle is new, 0 when it was seen; -ENOMEM. */
static int see(struct collector *collector, rw_set handle)
{
	if (collector->seen_count * 2 >= collector->seen_capacity) {
		size_t capacity = collector->seen_capacity ? collector->seen_capacity * 2 : 64;
		uint32_t *bigger = calloc(capacity, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		for (size_t i = 0; i < collector->seen_capacity; i++)
			if (collector->seen[i])
				(void)put_seen(bigger, capacity, collector->seen[i] - 1);
		free(collector->seen);
		collector->seen = bigger;
		collector->seen_capacity = capacity;
	}
	if (!put_seen(collector->seen, collector->seen_capacity, handle))
		return 0;
	collector->seen_count++;
	return 1;
}

/* Keeps the smallest 'most' values in order. */
static void keep_value(struct collector *collector, uint32_t value)
{
	size_t kept = collector->count < collector->most ? collector->count : collector->most;
	size_t at = kept;

	collector->count++;
	while (at > 0 && collector->values[at - 1] > value)
		at--;
	if (at == collector->most)
		return;
	if (kept == collector->most)
		kept--;
	memmove(collector->values + at + 1, collector->values + at, (kept - at) * sizeof(value));
	collector->values[at] = value;
}

static int collect(struct collector *collector, rw_set map)
{
	const struct rw_set_arc *arcs;
	size_t count;
	int r = map == RW_SET_EMPTY ? 0 : see(collector, map);

	if (r <= 0)
		return r;
	if (rw_set_is_value(map)) {
		keep_value(collector, map);
		return 0;
	}
	count = rw_sets_arcs(collector->sets, map, &arcs);
	for (size_t i = 0; i < count; i++) {
		r = collect(collector, arcs[i].child);
		if (r < 0)
			return r;
	}
	return 0;
}

int rw_map_values(const struct rw_sets *sets, rw_set map, uint32_t *values, size_t most)
{
	struct collector collector = {.sets = sets, .values = values, .most = most};
	int r = collect(&collector, map);

	free(collector.seen);
	return r < 0 ? r : (int)collector.count;
}

/* ---- services ---- */

/* 'set' begins at services or deeper: where something is below, all is. */
static int flatten_services(struct rw_sets *sets, rw_set set, rw_set *ret_services, struct rw_error *err)
{
	RW_CLEANUP(rw_free) struct rw_set_arc *flat = NULL;
	const struct rw_set_arc *arcs;
	size_t count;

	if (rw_set_is_value(set) || rw_sets_level(sets, set) > RW_SET_SERVICE) {
		*ret_services = set ? RW_SET_ALL : RW_SET_EMPTY;
		return 0;
	}
	count = rw_sets_arcs(sets, set, &arcs);
	flat = malloc(count * sizeof(*flat));
	if (!flat)
		return rw_error_oom(err);
	for (size_t i = 0; i < count; i++)
		flat[i] = (struct rw_set_arc){arcs[i].first, arcs[i].child ? RW_SET_ALL : RW_SET_EMPTY};
	return rw_sets_node(sets, RW_SET_SERVICE, flat, count, ret_services, err);
}

/* Adds the services of the handles below the levels of addresses. */
static int add_services(struct rw_sets *sets, rw_set set, rw_set *services, struct rw_error *err)
{
	size_t count = 1;
	rw_set part;
	int r = 0;

	if (rw_set_is_value(set) || rw_sets_level(sets, set) >= RW_SET_SERVICE) {
		r = flatten_services(sets, set, &part, err);
		return r < 0 ? r : rw_set_union(sets, *services, part, services, err);
	}
	for (size_t i = 0; !r && i < count; i++) {
		const struct rw_set_arc *arcs;

		/* Each union may move the arcs. */
		count = rw_sets_arcs(sets, set, &arcs);
		r = add_services(sets, arcs[i].child, services, err);
	}
	return r;
}

int rw_set_services(struct rw_sets *sets, rw_set set, rw_set *ret_services, struct rw_error *err)
{
	rw_set services = RW_SET_EMPTY;
	int r = add_services(sets, set, &services, err);

	if (!r)
		*ret_services = services;
	return r;
}
