/* SPDX-License-Identifier: Apache-2.0 */

/* What the programs count and tell: hits, drops, flows, status. */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <endian.h>
#include <string.h>
#include <time.h>

#include "enforce/bpf/bpf_internal.h"

#define SECOND_NS 1000000000ull

uint32_t rw_bpf_now(void)
{
	struct timespec now;

	/* The programs' clock: coarse, so that a deadline is never seen as passed before they see it. */
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint32_t)now.tv_sec;
}

/* Adds up the stripes of one rule index in the image of 'generation'. */
static struct rw_bpf_total sum_stripes(const struct rw_bpf *bpf, uint32_t generation, uint32_t index)
{
	const struct rw_hit *hits = bpf->maps[RW_BPF_MAP_HITS].memory;
	struct rw_bpf_total total = {0};

	if (index >= bpf->hit_count)
		return total;
	for (uint32_t stripe = 0; stripe < bpf->hit_stripes; stripe++) {
		const struct rw_hit *hit =
			&hits[((generation & 1) * bpf->hit_stripes + stripe) * (size_t)bpf->hit_count +
			      index];

		total.count += __atomic_load_n(&hit->count, __ATOMIC_RELAXED);
		if (hit->last > total.last)
			total.last = hit->last;
	}
	return total;
}

int rw_bpf_hits_retire(struct rw_bpf *bpf, const struct rw_classify_table *table, uint32_t generation)
{
	for (uint32_t index = 0; index < table->origin_count; index++) {
		const struct rw_classify_origin *origin = &table->origins[index];
		struct rw_bpf_total seen = sum_stripes(bpf, generation, index), *total;
		int r;

		if (origin->cause != RW_CAUSE_RULE || !seen.count)
			continue;
		total = rw_map_find(&bpf->totals, origin->detail);
		if (!total) {
			total = calloc(1, sizeof(*total));
			r = total ? rw_map_set(&bpf->totals, origin->detail, total) : -ENOMEM;
			if (r < 0) {
				free(total);
				return r;
			}
		}
		total->count += seen.count;
		total->last = seen.last;
	}
	return 0;
}

int rw_bpf_hits(struct rw_enforcer *enforcer, rw_enforcer_hits_fn *each, void *context, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);

	(void)err;
	for (uint32_t index = 0; bpf->table && index < bpf->table->origin_count; index++) {
		const struct rw_classify_origin *origin = &bpf->table->origins[index];
		struct rw_bpf_total seen = sum_stripes(bpf, generation, index);
		const struct rw_bpf_total *before;
		struct rw_enforcer_hits hits = {0};

		if (origin->cause != RW_CAUSE_RULE)
			continue;
		before = rw_map_find(&bpf->totals, origin->detail);
		memcpy(hits.rule, origin->detail, strnlen(origin->detail, sizeof(hits.rule) - 1));
		hits.count = seen.count + (before ? before->count : 0);
		hits.last_ns = SECOND_NS * (seen.last ? seen.last : before ? before->last : 0);
		each(context, &hits);
	}
	return 0;
}

/* Drops. */

static const char *rule_of_event(const struct rw_bpf *bpf, const struct rw_drop_event *event)
{
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);
	const struct rw_classify_table *table = event->generation == generation       ? bpf->table
						: event->generation + 1 == generation ? bpf->retired
										      : NULL;

	if (event->cause != RW_CAUSE_RULE || !table || event->index >= table->origin_count ||
	    table->origins[event->index].cause != RW_CAUSE_RULE)
		return "";
	return table->origins[event->index].detail;
}

static void decode_event(const struct rw_bpf *bpf, const struct rw_drop_event *event,
			 struct rw_enforcer_drop *drop)
{
	const struct rw_slot_name *names = bpf->maps[RW_BPF_MAP_SLOTS].memory;
	const char *rule = rule_of_event(bpf, event);

	*drop = (struct rw_enforcer_drop){
		.monotonic_ns = event->monotonic_ns,
		.cause = (enum rw_cause)event->cause,
		.would_drop = event->flags & RW_EVENT_WOULD_DROP,
		.ifindex = event->ifindex,
		.suppressed = event->suppressed,
		.packet =
			{
				.direction = event->flags & RW_EVENT_EGRESS ? RW_DIRECTION_EGRESS
									    : RW_DIRECTION_INGRESS,
				.protocol = event->protocol,
				.tcp_flags = event->tcp_flags,
				.icmp_type = event->icmp_type,
				.hop_limit = event->hop_limit,
				.malformed = event->cause == RW_CAUSE_MALFORMED,
				.fragment = event->flags & RW_EVENT_FRAGMENT,
				.local_port = event->local_port,
				.remote_port = event->remote_port,
			},
	};
	memcpy(drop->rule, rule, strnlen(rule, sizeof(drop->rule) - 1));
	memcpy(drop->interface, names[event->slot & (RW_SLOT_NAMES - 1)].name, sizeof(drop->interface));
	if (event->family == 4 || event->family == 6) {
		drop->packet.local = rw_address_from_bytes(event->family, event->local);
		drop->packet.remote = rw_address_from_bytes(event->family, event->remote);
	}
}

static int receive_event(void *context, void *data, size_t size)
{
	struct rw_bpf *bpf = context;
	struct rw_enforcer_drop drop;

	if (size < sizeof(struct rw_drop_event))
		return 0;
	decode_event(bpf, data, &drop);
	bpf->drop(bpf->drop_context, &drop);
	return 0;
}

int rw_bpf_drops_open(struct rw_bpf *bpf)
{
	bpf->ring = ring_buffer__new(bpf->maps[RW_BPF_MAP_EVENTS].fd, receive_event, bpf, NULL);
	return bpf->ring ? 0 : -errno;
}

int rw_bpf_drops_fd(struct rw_enforcer *enforcer)
{
	return ring_buffer__epoll_fd(rw_bpf_of(enforcer)->ring);
}

int rw_bpf_drops_read(struct rw_enforcer *enforcer, rw_enforcer_drop_fn *each, void *context)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);

	bpf->drop = each;
	bpf->drop_context = context;
	return ring_buffer__consume(bpf->ring);
}

/* Flows. */

static struct rw_address address_of_words(uint8_t family, uint64_t high, uint64_t low)
{
	uint64_t words[2] = {htobe64(high), htobe64(low)};

	return rw_address_from_bytes(family, words);
}

void rw_bpf_decode_flow(uint8_t family, uint64_t control, uint64_t decision, const uint64_t *key,
			uint32_t now, struct rw_enforcer_flow *flow)
{
	uint64_t last = key[family == 4 ? RW_FLOW_KEY_WORDS4 - 1 : RW_FLOW_KEY_WORDS6 - 1];
	struct rw_address low = family == 4 ? address_of_words(4, key[0] & 0xffffffff00000000ull, 0)
					    : address_of_words(6, key[0], key[1]);
	struct rw_address high =
		family == 4 ? address_of_words(4, key[0] << 32, 0) : address_of_words(6, key[2], key[3]);
	bool high_opened = control & RW_FLOW_HIGH_OPENED;
	uint16_t low_port = (uint16_t)(last >> 48), high_port = (uint16_t)(last >> 32);

	*flow = (struct rw_enforcer_flow){
		.class = (enum rw_flow_class)RW_FLOW_CLASS(control),
		.protocol = (uint8_t)(last >> 24),
		.opener = high_opened ? high : low,
		.responder = high_opened ? low : high,
		.opener_port = high_opened ? high_port : low_port,
		.responder_port = high_opened ? low_port : high_port,
		.ingress = RW_FLOW_DECISION_IN(decision),
		.egress = RW_FLOW_DECISION_OUT(decision),
		.expires_in_s = RW_FLOW_DEADLINE(control) - now,
	};
}

struct flow_walk {
	rw_enforcer_flow_fn *each; /* NULL = only count */
	void *context;
	uint64_t *counts; /* by class, nullable */
	uint32_t now;
};

/* Reads one entry the way the programs do; false to stop. */
static bool visit(const struct flow_walk *walk, uint8_t family, const uint32_t *signature, const __u64 *entry)
{
	int words = family == 4 ? RW_FLOW_KEY_WORDS4 : RW_FLOW_KEY_WORDS6;
	uint64_t control, decision, key[RW_FLOW_KEY_WORDS6];
	struct rw_enforcer_flow flow;

	if (__atomic_load_n(signature, __ATOMIC_ACQUIRE) <= RW_FLOW_SIGNATURE_BUSY)
		return true;
	control = __atomic_load_n(&entry[0], __ATOMIC_ACQUIRE);
	if (RW_FLOW_DEADLINE(control) <= walk->now)
		return true;
	if (walk->counts && RW_FLOW_CLASS(control) < RW_FLOW_CLASS_COUNT_)
		walk->counts[RW_FLOW_CLASS(control)]++;
	if (!walk->each)
		return true;
	decision = __atomic_load_n(&entry[1], __ATOMIC_ACQUIRE);
	for (int i = 0; i < words; i++)
		key[i] = __atomic_load_n(&entry[2 + i], __ATOMIC_ACQUIRE);
	if (RW_FLOW_INCARNATION(__atomic_load_n(&entry[0], __ATOMIC_ACQUIRE)) != RW_FLOW_INCARNATION(control))
		return true;
	rw_bpf_decode_flow(family, control, decision, key, walk->now, &flow);
	return walk->each(walk->context, &flow);
}

static void walk_flows(const struct rw_bpf *bpf, const struct flow_walk *walk)
{
	const struct rw_bpf_map *map4 = &bpf->maps[RW_BPF_MAP_FLOWS4], *map6 = &bpf->maps[RW_BPF_MAP_FLOWS6];
	const struct rw_flow_bucket4 *buckets4 = map4->memory;
	const struct rw_flow_bucket6 *buckets6 = map6->memory;

	for (uint32_t i = 0; i < map4->entries; i++)
		for (int way = 0; way < RW_FLOW_WAYS; way++)
			if (!visit(walk, 4, &buckets4[i].signature[way], &buckets4[i].entry[way].control))
				return;
	for (uint32_t i = 0; i < map6->entries; i++)
		for (int way = 0; way < RW_FLOW_WAYS; way++)
			if (!visit(walk, 6, &buckets6[i].signature[way], &buckets6[i].entry[way].control))
				return;
}

int rw_bpf_flows(struct rw_enforcer *enforcer, rw_enforcer_flow_fn *each, void *context, struct rw_error *err)
{
	struct flow_walk walk = {.each = each, .context = context, .now = rw_bpf_now()};

	(void)err;
	walk_flows(rw_bpf_of(enforcer), &walk);
	return 0;
}

static void read_counters(const struct rw_bpf *bpf, struct rw_enforcer_status *status)
{
	const struct rw_processor *each = bpf->maps[RW_BPF_MAP_PROCESSORS].memory;

	for (uint32_t i = 0; i < bpf->maps[RW_BPF_MAP_PROCESSORS].entries; i++) {
		status->passed += __atomic_load_n(&each[i].passed, __ATOMIC_RELAXED);
		status->not_ip += __atomic_load_n(&each[i].not_ip, __ATOMIC_RELAXED);
		status->flow_refused += __atomic_load_n(&each[i].flow_refused, __ATOMIC_RELAXED);
		for (int cause = 0; cause < RW_CAUSE_COUNT_; cause++) {
			status->dropped[cause] += __atomic_load_n(&each[i].dropped[cause], __ATOMIC_RELAXED);
			status->would_drop[cause] +=
				__atomic_load_n(&each[i].would_drop[cause], __ATOMIC_RELAXED);
		}
	}
}

int rw_bpf_status(struct rw_enforcer *enforcer, struct rw_enforcer_status *ret_status, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	uint64_t state = rw_bpf_control(bpf)->state;
	struct rw_enforcer_status status = {
		.mode = (enum rw_enforcer_mode)RW_STATE_MODE(state),
		.persistent = bpf->pin_dir[0],
		.adopted = bpf->adopted,
		.generation = RW_STATE_GENERATION(state),
		.device_count = rw_bpf_devices(enforcer, NULL, 0),
		.table_bytes = bpf->table ? (uint64_t)bpf->table->page_count * RW_TABLE_PAGE_SIZE : 0,
		.table_limit_bytes = (uint64_t)bpf->image_pages * RW_TABLE_PAGE_SIZE,
		.flow_capacity = bpf->maps[RW_BPF_MAP_FLOWS4].entries * RW_FLOW_WAYS,
	};
	struct flow_walk walk = {.counts = status.flows, .now = rw_bpf_now()};

	(void)err;
	read_counters(bpf, &status);
	walk_flows(bpf, &walk);
	*ret_status = status;
	return 0;
}
