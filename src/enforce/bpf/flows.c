/* SPDX-License-Identifier: Apache-2.0 */

/* The flow table, read from outside while the programs change it: by the enforcer, and by who only looks. */

#include <bpf/bpf.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"

/* ---- one entry ---- */

bool rw_bpf_entry_read(uint8_t family, const uint32_t *signature, const __u64 *entry, uint32_t now,
		       struct rw_bpf_entry *ret_entry)
{
	int words = family == 4 ? RW_FLOW_KEY_WORDS4 : RW_FLOW_KEY_WORDS6;

	if (__atomic_load_n(signature, __ATOMIC_ACQUIRE) <= RW_FLOW_SIGNATURE_BUSY)
		return false;
	ret_entry->control = __atomic_load_n(&entry[0], __ATOMIC_ACQUIRE);
	if (RW_FLOW_DEADLINE(ret_entry->control) <= now)
		return false;
	ret_entry->decision = __atomic_load_n(&entry[1], __ATOMIC_ACQUIRE);
	for (int i = 0; i < words; i++)
		ret_entry->key[i] = __atomic_load_n(&entry[2 + i], __ATOMIC_ACQUIRE);
	return RW_FLOW_INCARNATION(__atomic_load_n(&entry[0], __ATOMIC_ACQUIRE)) ==
	       RW_FLOW_INCARNATION(ret_entry->control);
}

static struct rw_address address_of_words(uint8_t family, uint64_t high, uint64_t low)
{
	uint64_t words[2] = {htobe64(high), htobe64(low)};

	return rw_address_from_bytes(family, words);
}

void rw_bpf_decode_flow(uint8_t family, const struct rw_bpf_entry *entry, uint32_t now,
			struct rw_enforcer_flow *flow)
{
	const uint64_t *key = entry->key;
	uint64_t last = key[family == 4 ? RW_FLOW_KEY_WORDS4 - 1 : RW_FLOW_KEY_WORDS6 - 1];
	struct rw_address low = family == 4 ? address_of_words(4, key[0] & 0xffffffff00000000ull, 0)
					    : address_of_words(6, key[0], key[1]);
	struct rw_address high =
		family == 4 ? address_of_words(4, key[0] << 32, 0) : address_of_words(6, key[2], key[3]);
	bool high_opened = entry->control & RW_FLOW_HIGH_OPENED;
	uint16_t low_port = (uint16_t)(last >> 48), high_port = (uint16_t)(last >> 32);

	*flow = (struct rw_enforcer_flow){
		.class = (enum rw_flow_class)RW_FLOW_CLASS(entry->control),
		.protocol = (uint8_t)(last >> 24),
		.opener = high_opened ? high : low,
		.responder = high_opened ? low : high,
		.opener_port = high_opened ? high_port : low_port,
		.responder_port = high_opened ? low_port : high_port,
		.ingress = RW_FLOW_DECISION_IN(entry->decision),
		.egress = RW_FLOW_DECISION_OUT(entry->decision),
		.expires_in_s = RW_FLOW_DEADLINE(entry->control) - now,
	};
}

struct rw_packet rw_enforce_bpf_opener(const struct rw_enforcer_flow *flow, enum rw_direction direction)
{
	bool ingress = direction == RW_DIRECTION_INGRESS;
	struct rw_packet opener = {
		.direction = direction,
		.protocol = flow->protocol,
		.tcp_flags = flow->protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
		.hop_limit = 64,
		.local = ingress ? flow->responder : flow->opener,
		.remote = ingress ? flow->opener : flow->responder,
	};

	if (rw_protocol_has_ports(flow->protocol)) {
		opener.local_port = ingress ? flow->responder_port : flow->opener_port;
		opener.remote_port = ingress ? flow->opener_port : flow->responder_port;
	}
	return opener;
}

/* ---- the table ---- */

struct rw_bpf_flow_table rw_bpf_flow_table_of(const struct rw_bpf *bpf)
{
	return (struct rw_bpf_flow_table){
		.buckets4 = bpf->maps[RW_BPF_MAP_FLOWS4].memory,
		.buckets6 = bpf->maps[RW_BPF_MAP_FLOWS6].memory,
		.count4 = bpf->maps[RW_BPF_MAP_FLOWS4].entries,
		.count6 = bpf->maps[RW_BPF_MAP_FLOWS6].entries,
	};
}

/* Looks at the places of a bucket at 'offset' of the family's map. */
static bool walk_bucket(uint8_t family, const uint32_t *signatures, const __u64 *entries, size_t stride,
			size_t offset, uint32_t now, rw_bpf_entry_fn *each, void *context)
{
	struct rw_bpf_entry entry;

	for (size_t way = 0; way < RW_FLOW_WAYS; way++) {
		if (!rw_bpf_entry_read(family, &signatures[way], &entries[way * stride], now, &entry))
			continue;
		entry.offset =
			offset + (size_t)((const char *)&entries[way * stride] - (const char *)signatures);
		if (!each(context, family, &entry))
			return false;
	}
	return true;
}

void rw_bpf_walk_flows(const struct rw_bpf_flow_table *table, uint32_t now, rw_bpf_entry_fn *each,
		       void *context)
{
	bool go_on = true;

	for (uint32_t i = 0; i < table->count4 && go_on; i++)
		go_on = walk_bucket(4, table->buckets4[i].signature, &table->buckets4[i].entry[0].control,
				    sizeof(struct rw_flow_entry4) / sizeof(__u64),
				    i * sizeof(struct rw_flow_bucket4), now, each, context);
	for (uint32_t i = 0; i < table->count6 && go_on; i++)
		go_on = walk_bucket(6, table->buckets6[i].signature, &table->buckets6[i].entry[0].control,
				    sizeof(struct rw_flow_entry6) / sizeof(__u64),
				    i * sizeof(struct rw_flow_bucket6), now, each, context);
}

/* Counts the live entries of a bucket by class; true when no place of it is free. */
static bool count_bucket(const uint32_t *signatures, const __u64 *entries, size_t stride, uint32_t now,
			 uint64_t counts[RW_FLOW_CLASS_COUNT_])
{
	size_t live = 0;

	for (size_t way = 0; way < RW_FLOW_WAYS; way++) {
		uint64_t control = __atomic_load_n(&entries[way * stride], __ATOMIC_RELAXED);

		if (__atomic_load_n(&signatures[way], __ATOMIC_RELAXED) <= RW_FLOW_SIGNATURE_BUSY ||
		    RW_FLOW_DEADLINE(control) <= now || RW_FLOW_CLASS(control) >= RW_FLOW_CLASS_COUNT_)
			continue;
		counts[RW_FLOW_CLASS(control)]++;
		live++;
	}
	return live == RW_FLOW_WAYS;
}

/* The two buckets of a flow are chosen independently, so of all pairs the square of this share is full. */
static uint32_t pairs_ppm(uint64_t full, uint32_t count)
{
	return count ? (uint32_t)(full * full * 1000000 / ((uint64_t)count * count)) : 0;
}

uint32_t rw_bpf_count_flows(const struct rw_bpf_flow_table *table, uint64_t counts[RW_FLOW_CLASS_COUNT_])
{
	uint32_t now = rw_bpf_now(), ppm4, ppm6;
	uint64_t full4 = 0, full6 = 0;

	for (uint32_t i = 0; i < table->count4; i++)
		full4 += count_bucket(table->buckets4[i].signature, &table->buckets4[i].entry[0].control,
				      sizeof(struct rw_flow_entry4) / sizeof(__u64), now, counts);
	for (uint32_t i = 0; i < table->count6; i++)
		full6 += count_bucket(table->buckets6[i].signature, &table->buckets6[i].entry[0].control,
				      sizeof(struct rw_flow_entry6) / sizeof(__u64), now, counts);
	ppm4 = pairs_ppm(full4, table->count4);
	ppm6 = pairs_ppm(full6, table->count6);
	return ppm4 > ppm6 ? ppm4 : ppm6;
}

struct flow_teller {
	rw_enforcer_flow_fn *each;
	void *context;
	uint32_t now;
};

static bool tell_flow(void *context, uint8_t family, const struct rw_bpf_entry *entry)
{
	const struct flow_teller *teller = context;
	struct rw_enforcer_flow flow;

	rw_bpf_decode_flow(family, entry, teller->now, &flow);
	return teller->each(teller->context, &flow);
}

int rw_bpf_flows(struct rw_enforcer *enforcer, rw_enforcer_flow_fn *each, void *context, struct rw_error *err)
{
	struct flow_teller teller = {.each = each, .context = context, .now = rw_bpf_now()};
	struct rw_bpf_flow_table table = rw_bpf_flow_table_of(rw_bpf_of(enforcer));

	(void)err;
	rw_bpf_walk_flows(&table, teller.now, tell_flow, &teller);
	return 0;
}

/* ---- for who only looks ---- */

enum { PINNED_CONTROL, PINNED_SLOTS, PINNED_FLOWS4, PINNED_FLOWS6, PINNED_COUNT };

struct rw_enforce_bpf_table {
	struct {
		void *memory; /* NULL = not mapped */
		size_t size;
		uint32_t entries;
	} maps[PINNED_COUNT];
};

static int map_pinned(struct rw_enforce_bpf_table *table, int place, const char *pin_dir,
		      enum rw_bpf_map_id id, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char path[512];
	int r;

	(void)snprintf(path, sizeof(path), "%s/map-%s", pin_dir, rw_bpf_map_names[id]);
	/* A descriptor for reading alone cannot be mapped: the kernel takes such a mapping for a private one. */
	fd = bpf_obj_get(path);
	if (fd < 0)
		return rw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	r = rw_bpf_map_read_only(fd, &table->maps[place].memory, &table->maps[place].size,
				 &table->maps[place].entries);
	return r < 0 ? rw_bpf_refused(err, r, "mapping a BPF array") : 0;
}

int rw_enforce_bpf_table_open(const char *pin_dir, struct rw_enforce_bpf_table **ret_table,
			      struct rw_error *err)
{
	static const enum rw_bpf_map_id ids[PINNED_COUNT] = {RW_BPF_MAP_CONTROL, RW_BPF_MAP_SLOTS,
							     RW_BPF_MAP_FLOWS4, RW_BPF_MAP_FLOWS6};
	RW_CLEANUP(rw_enforce_bpf_table_close) struct rw_enforce_bpf_table *table = NULL;
	int r = rw_bpf_pins_check_version(pin_dir, err);

	if (r < 0)
		return r;
	table = calloc(1, sizeof(*table));
	if (!table)
		return rw_error_oom(err);
	for (int place = 0; r == 0 && place < PINNED_COUNT; place++)
		r = map_pinned(table, place, pin_dir, ids[place], err);
	if (r < 0)
		return r;
	*ret_table = RW_TAKE_PTR(table);
	return 0;
}

struct rw_enforce_bpf_table *rw_enforce_bpf_table_close(struct rw_enforce_bpf_table *table)
{
	for (int place = 0; table && place < PINNED_COUNT; place++)
		if (table->maps[place].memory)
			(void)munmap(table->maps[place].memory, table->maps[place].size);
	free(table);
	return NULL;
}

uint32_t rw_enforce_bpf_table_generation(const struct rw_enforce_bpf_table *table)
{
	const struct rw_control *control = table->maps[PINNED_CONTROL].memory;

	return RW_STATE_GENERATION(__atomic_load_n(&control->state, __ATOMIC_ACQUIRE));
}

struct pinned_walk {
	const struct rw_slot_name *names;
	rw_enforce_bpf_flow_fn *each;
	void *context;
	uint32_t now;
};

static void copy_name(const struct pinned_walk *walk, uint32_t mark, char name[16])
{
	if (!mark)
		return;
	memcpy(name, walk->names[(mark - 1) & (RW_SLOT_NAMES - 1)].name, 16);
	name[15] = '\0';
}

static bool tell_pinned(void *context, uint8_t family, const struct rw_bpf_entry *entry)
{
	const struct pinned_walk *walk = context;
	struct rw_enforce_bpf_flow flow = {
		.generation = RW_FLOW_DECISION_GENERATION(entry->decision),
		.kept = entry->control & RW_FLOW_KEPT,
	};

	rw_bpf_decode_flow(family, entry, walk->now, &flow.flow);
	copy_name(walk, RW_FLOW_DECISION_IN(entry->decision), flow.in);
	copy_name(walk, RW_FLOW_DECISION_OUT(entry->decision), flow.out);
	return walk->each(walk->context, &flow);
}

void rw_enforce_bpf_table_walk(const struct rw_enforce_bpf_table *table, rw_enforce_bpf_flow_fn *each,
			       void *context)
{
	struct pinned_walk walk = {.names = table->maps[PINNED_SLOTS].memory,
				   .each = each,
				   .context = context,
				   .now = rw_bpf_now()};
	const struct rw_bpf_flow_table flows = {
		.buckets4 = table->maps[PINNED_FLOWS4].memory,
		.buckets6 = table->maps[PINNED_FLOWS6].memory,
		.count4 = table->maps[PINNED_FLOWS4].entries,
		.count6 = table->maps[PINNED_FLOWS6].entries,
	};

	rw_bpf_walk_flows(&flows, walk.now, tell_pinned, &walk);
}
