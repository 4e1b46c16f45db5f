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

static void add_total(struct rw_bpf_total *total, const struct rw_bpf_total *more)
{
	total->count += more->count;
	if (more->last > total->last)
		total->last = more->last;
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

/* The first index from 'index' on that is a rule's, and not in 'after'; origin_count when there is none. */
static uint32_t first_retired(const struct rw_classify_table *table, const struct rw_classify_table *after,
			      uint32_t index)
{
	for (;; index++) {
		if (after)
			index = rw_classify_origin_differs(table, after, index);
		if (index >= table->origin_count)
			return table->origin_count;
		if (rw_classify_origin(table, index)->cause == RW_CAUSE_RULE &&
		    !(after && rw_classify_origin(after, index)->cause == RW_CAUSE_RULE))
			return index;
	}
}

int rw_bpf_hits_retire(struct rw_bpf *bpf, const struct rw_classify_table *table,
		       const struct rw_classify_table *after, uint32_t generation)
{
	for (uint32_t index = first_retired(table, after, 0); index < table->origin_count;
	     index = first_retired(table, after, index + 1)) {
		const struct rw_classify_origin *origin = rw_classify_origin(table, index);
		struct rw_bpf_total seen, *total;
		int r;

		seen = sum_stripes(bpf, generation, index);
		if (!seen.count)
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
		add_total(total, &seen);
	}
	return 0;
}

int rw_bpf_hits(struct rw_enforcer *enforcer, rw_enforcer_hits_fn *each, void *context, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);

	(void)err;
	for (uint32_t index = 0; bpf->table && index < bpf->table->origin_count; index++) {
		const struct rw_classify_origin *origin = rw_classify_origin(bpf->table, index);
		struct rw_bpf_total seen = sum_stripes(bpf, generation, index), other = {0};
		const struct rw_bpf_total *before;
		struct rw_enforcer_hits hits = {0};

		if (origin->cause != RW_CAUSE_RULE)
			continue;
		if (bpf->counts_in_both)
			other = sum_stripes(bpf, generation + 1, index);
		add_total(&seen, &other);
		before = rw_map_find(&bpf->totals, origin->detail);
		if (before)
			add_total(&seen, before);
		memcpy(hits.rule, origin->detail, strnlen(origin->detail, sizeof(hits.rule) - 1));
		hits.count = seen.count;
		hits.last_ns = SECOND_NS * seen.last;
		each(context, &hits);
	}
	return 0;
}

/* Drops. */

static const char *rule_of_event(const struct rw_bpf *bpf, const struct rw_drop_event *event)
{
	/* Rule indexes are those of the table, whose members may have changed since. */
	const struct rw_classify_table *table = event->generation >= bpf->table_since       ? bpf->table
						: event->generation + 1 == bpf->table_since ? bpf->retired
											    : NULL;

	if (event->cause != RW_CAUSE_RULE || !table || event->index >= table->origin_count ||
	    rw_classify_origin(table, event->index)->cause != RW_CAUSE_RULE)
		return "";
	return rw_classify_origin(table, event->index)->detail;
}

static bool is_layer3(const struct rw_bpf *bpf, unsigned int ifindex)
{
	const struct rw_device *devices = bpf->maps[RW_BPF_MAP_DEVICES].memory;

	for (unsigned int probe = 0; probe < RW_DEVICE_PROBES; probe++) {
		const struct rw_device *device = &devices[rw_device_place(ifindex, probe)];

		if (device->ifindex == ifindex)
			return device->flags & RW_DEVICE_LAYER3;
	}
	return false;
}

/* The packet's first bytes, with the tag that the kernel keeps beside them put back behind the addresses. */
static void copy_packet(const struct rw_drop_event *event, struct rw_enforcer_drop *drop)
{
	uint16_t captured = event->captured < RW_EVENT_PACKET_MAX ? event->captured : RW_EVENT_PACKET_MAX;
	const uint16_t tag[2] = {event->vlan_protocol, htobe16(event->vlan_tag)};
	const size_t addresses = 12;

	drop->length = event->length;
	drop->captured = captured;
	if (drop->layer3 || !event->vlan_protocol || captured < addresses) {
		memcpy(drop->bytes, event->packet, captured);
		return;
	}
	memcpy(drop->bytes, event->packet, addresses);
	memcpy(drop->bytes + addresses, tag, sizeof(tag));
	memcpy(drop->bytes + addresses + sizeof(tag), event->packet + addresses, captured - addresses);
	drop->length += (uint32_t)sizeof(tag);
	drop->captured = (uint16_t)(captured + sizeof(tag));
}

_Static_assert(RW_ENFORCER_DROP_BYTES == RW_EVENT_PACKET_MAX + 4, "a packet and its tag");

static void decode_event(const struct rw_bpf *bpf, const struct rw_drop_event *event,
			 struct rw_enforcer_drop *drop)
{
	const char *interface = rw_bpf_slot_name(bpf, event->slot, event->monotonic_ns);
	const char *rule = rule_of_event(bpf, event);

	*drop = (struct rw_enforcer_drop){
		.monotonic_ns = event->monotonic_ns,
		.cause = (enum rw_cause)event->cause,
		.is_current = event->generation == RW_STATE_GENERATION(rw_bpf_control(bpf)->state),
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
	memcpy(drop->interface, interface, strnlen(interface, sizeof(drop->interface) - 1));
	if (event->family == 4 || event->family == 6) {
		drop->packet.local = rw_address_from_bytes(event->family, event->local);
		drop->packet.remote = rw_address_from_bytes(event->family, event->remote);
	}
	drop->layer3 = is_layer3(bpf, event->ifindex);
	copy_packet(event, drop);
}

static int receive_event(void *context, void *data, size_t size)
{
	struct rw_bpf *bpf = context;
	struct rw_enforcer_drop drop;

	if (size < sizeof(struct rw_drop_event))
		return 0;
	decode_event(bpf, data, &drop);
	return bpf->drop(bpf->drop_context, &drop);
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

int rw_bpf_drops_consume(struct rw_bpf *bpf, rw_bpf_drop_fn *drop, void *context)
{
	bpf->drop = drop;
	bpf->drop_context = context;
	return ring_buffer__consume(bpf->ring);
}

struct drop_teller {
	rw_enforcer_drop_fn *each;
	void *context;
};

static int tell_drop(void *context, const struct rw_enforcer_drop *drop)
{
	const struct drop_teller *teller = context;

	teller->each(teller->context, drop);
	return 0;
}

int rw_bpf_drops_read(struct rw_enforcer *enforcer, rw_enforcer_drop_fn *each, void *context)
{
	struct drop_teller teller = {.each = each, .context = context};

	return rw_bpf_drops_consume(rw_bpf_of(enforcer), tell_drop, &teller);
}

/* Status. */

static void read_counters(const struct rw_bpf *bpf, struct rw_enforcer_status *status)
{
	const struct rw_processor *each = bpf->maps[RW_BPF_MAP_PROCESSORS].memory;

	for (uint32_t i = 0; i < bpf->maps[RW_BPF_MAP_PROCESSORS].entries; i++) {
		status->passed += __atomic_load_n(&each[i].passed, __ATOMIC_RELAXED);
		status->not_ip += __atomic_load_n(&each[i].not_ip, __ATOMIC_RELAXED);
		status->flow_refused += __atomic_load_n(&each[i].flow_refused, __ATOMIC_RELAXED);
		status->early += __atomic_load_n(&each[i].early, __ATOMIC_RELAXED);
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
		.table_limit_bytes = (uint64_t)bpf->image_pages_max * RW_TABLE_PAGE_SIZE,
		.table_memory_bytes = (uint64_t)bpf->image_pages * RW_TABLE_PAGE_SIZE * 2,
		.flow_capacity = bpf->maps[RW_BPF_MAP_FLOWS4].entries * RW_FLOW_WAYS,
	};
	struct rw_bpf_flow_table flows = rw_bpf_flow_table_of(bpf);

	(void)err;
	read_counters(bpf, &status);
	status.full_pairs_ppm = rw_bpf_count_flows(&flows, status.flows);
	*ret_status = status;
	return 0;
}
