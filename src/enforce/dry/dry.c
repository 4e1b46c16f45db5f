/* SPDX-License-Identifier: Apache-2.0 */
#include "enforce/dry/dry.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "classify/compile.h"
#include "classify/lookup.h"
#include "classify/update.h"

#define TABLE_MEMORY_DEFAULT (256ull << 20)

/* What is counted of a rule index. */
struct hit {
	uint64_t count;
	uint64_t last_ns;
};

struct device {
	unsigned int ifindex; /* 0 = free */
	char name[16];
	char interface[16];
	bool pending;
};

struct dry {
	struct rw_enforcer enforcer; /* first: the ops get a pointer to it */
	const struct rw_clock *clock;
	uint32_t page_limit;
	struct rw_classify_memory memories[2];
	struct rw_classify_table *table; /* in force, in memories[active]; NULL before the first apply */
	unsigned int active;
	struct hit *hits; /* by rule index of 'table' */
	enum rw_enforcer_mode mode;
	uint32_t generation;
	struct device devices[RW_ENFORCER_DEVICE_MAX];
	uint64_t passed;
	uint64_t dropped[RW_CAUSE_COUNT_];
	uint64_t would_drop[RW_CAUSE_COUNT_];
};

static struct dry *dry_of(struct rw_enforcer *enforcer)
{
	return (struct dry *)enforcer;
}

/* ---- policy ---- */

/* Counts of rules that both tables have, by rule id, into 'ret_hits' of the new one. */
static int carry_hits(const struct dry *dry, const struct rw_classify_table *table, struct hit *ret_hits)
{
	RW_CLEANUP(rw_map_done) struct rw_map before;
	int r;

	rw_map_init(&before, 0, NULL);
	for (uint32_t i = 0; dry->table && i < dry->table->origin_count; i++) {
		if (rw_classify_origin(dry->table, i)->cause != RW_CAUSE_RULE || !dry->hits[i].count)
			continue;
		r = rw_map_set(&before, rw_classify_origin(dry->table, i)->detail, &dry->hits[i]);
		if (r < 0)
			return r;
	}
	for (uint32_t i = 0; i < table->origin_count; i++) {
		const struct hit *hit = NULL;

		if (rw_classify_origin(table, i)->cause == RW_CAUSE_RULE)
			hit = rw_map_find(&before, rw_classify_origin(table, i)->detail);
		if (hit)
			ret_hits[i] = *hit;
	}
	return 0;
}

static enum rw_enforcer_mode mode_of(const struct rw_policy *policy)
{
	return policy->enforcement == RW_MONITOR ? RW_ENFORCER_MONITOR : RW_ENFORCER_ENFORCE;
}

static int dry_apply(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		     enum rw_established established, struct rw_error *err)
{
	struct dry *dry = dry_of(enforcer);
	struct rw_classify_options options = {.page_limit = dry->page_limit, .spacious = true};
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_free) struct hit *hits = NULL;
	int r;

	(void)established; /* there are no flows */
	if (dry->table && rw_classify_update(dry->table, policy, &dry->memories[dry->active], NULL) == 0) {
		dry->generation++;
		return 0;
	}
	r = rw_classify_compile(policy, &options, dry->table, &dry->memories[!dry->active], &table, err);
	if (r < 0)
		return r;
	hits = calloc(table->origin_count, sizeof(*hits));
	if (!hits || carry_hits(dry, table, hits) < 0)
		return rw_error_oom(err);
	(void)rw_classify_table_free(dry->table);
	free(dry->hits);
	dry->table = RW_TAKE_PTR(table);
	dry->hits = RW_TAKE_PTR(hits);
	dry->active = !dry->active;
	dry->generation++;
	if (dry->mode != RW_ENFORCER_LEARN)
		dry->mode = mode_of(policy);
	return 0;
}

static int dry_enforce(struct rw_enforcer *enforcer, struct rw_enforcer_seeded *ret_seeded,
		       struct rw_error *err)
{
	struct dry *dry = dry_of(enforcer);

	if (!dry->table)
		return rw_error_set(err, -EINVAL, "there is no policy to enforce yet");
	dry->mode = mode_of(dry->table->policy);
	if (ret_seeded)
		*ret_seeded = (struct rw_enforcer_seeded){.text = "the dry enforcer keeps no flows"};
	return 0;
}

/* ---- devices ---- */

static struct device *find_device(struct dry *dry, unsigned int ifindex)
{
	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++)
		if (dry->devices[i].ifindex == ifindex)
			return &dry->devices[i];
	return NULL;
}

static int dry_attach(struct rw_enforcer *enforcer, const struct rw_enforcer_device *wanted,
		      struct rw_error *err)
{
	struct dry *dry = dry_of(enforcer);
	struct device *device;

	if (wanted->ifindex == 0)
		return rw_error_set(err, -ENODEV, "there is no device with index 0");
	device = find_device(dry, wanted->ifindex);
	if (!device)
		device = find_device(dry, 0);
	if (!device)
		return rw_error_set(err, -E2BIG, "more than %d devices", RW_ENFORCER_DEVICE_MAX);
	device->ifindex = wanted->ifindex;
	(void)snprintf(device->name, sizeof(device->name), "%s", wanted->name);
	(void)snprintf(device->interface, sizeof(device->interface), "%s", wanted->interface);
	device->pending = wanted->pending;
	return 0;
}

static int dry_detach(struct rw_enforcer *enforcer, unsigned int ifindex, struct rw_error *err)
{
	struct device *device = ifindex ? find_device(dry_of(enforcer), ifindex) : NULL;

	(void)err;
	if (device)
		*device = (struct device){0};
	return 0;
}

static int dry_detach_all(struct rw_enforcer *enforcer, struct rw_error *err)
{
	(void)err;
	memset(dry_of(enforcer)->devices, 0, sizeof(dry_of(enforcer)->devices));
	return 0;
}

static size_t dry_devices(struct rw_enforcer *enforcer, struct rw_enforcer_device_status *ret_devices,
			  size_t capacity)
{
	struct dry *dry = dry_of(enforcer);
	size_t count = 0;

	for (size_t i = 0; i < RW_ENFORCER_DEVICE_MAX; i++) {
		const struct device *device = &dry->devices[i];

		if (!device->ifindex)
			continue;
		if (count < capacity) {
			ret_devices[count] = (struct rw_enforcer_device_status){
				.ifindex = device->ifindex,
				.hold = RW_ENFORCER_HELD,
				.pending = device->pending,
			};
			memcpy(ret_devices[count].name, device->name, sizeof(device->name));
			memcpy(ret_devices[count].interface, device->interface, sizeof(device->interface));
		}
		count++;
	}
	return count;
}

static int dry_check(struct rw_enforcer *enforcer, rw_enforcer_event_fn *event, void *context,
		     struct rw_error *err)
{
	(void)enforcer;
	(void)event;
	(void)context;
	(void)err;
	return 0;
}

/* ---- what happened ---- */

static int dry_hits(struct rw_enforcer *enforcer, rw_enforcer_hits_fn *each, void *context,
		    struct rw_error *err)
{
	struct dry *dry = dry_of(enforcer);

	(void)err;
	for (uint32_t i = 0; dry->table && i < dry->table->origin_count; i++) {
		struct rw_enforcer_hits hits = {.count = dry->hits[i].count, .last_ns = dry->hits[i].last_ns};

		if (rw_classify_origin(dry->table, i)->cause != RW_CAUSE_RULE)
			continue;
		(void)snprintf(hits.rule, sizeof(hits.rule), "%s", rw_classify_origin(dry->table, i)->detail);
		each(context, &hits);
	}
	return 0;
}

static int dry_hooks_fd(struct rw_enforcer *enforcer)
{
	(void)enforcer;
	return -1;
}

static int dry_drops_fd(struct rw_enforcer *enforcer)
{
	(void)enforcer;
	return -1;
}

static int dry_drops_read(struct rw_enforcer *enforcer, rw_enforcer_drop_fn *each, void *context)
{
	(void)enforcer;
	(void)each;
	(void)context;
	return 0;
}

static int dry_observe(struct rw_enforcer *enforcer, size_t entries, bool all, rw_enforcer_observe_fn *each,
		       void *context)
{
	(void)enforcer;
	(void)entries;
	(void)all;
	(void)each;
	(void)context;
	return RW_ENFORCER_ROUND;
}

static int dry_flows(struct rw_enforcer *enforcer, rw_enforcer_flow_fn *each, void *context,
		     struct rw_error *err)
{
	(void)enforcer;
	(void)each;
	(void)context;
	(void)err;
	return 0;
}

static int dry_judge(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		     rw_enforcer_refused_fn *each, void *context, struct rw_error *err)
{
	(void)enforcer;
	(void)policy;
	(void)each;
	(void)context;
	(void)err;
	return 0;
}

static int dry_status(struct rw_enforcer *enforcer, struct rw_enforcer_status *ret_status,
		      struct rw_error *err)
{
	struct dry *dry = dry_of(enforcer);
	uint64_t pages = dry->table ? dry->table->page_count : 0;

	(void)err;
	*ret_status = (struct rw_enforcer_status){
		.mode = dry->mode,
		.generation = dry->generation,
		.device_count = dry_devices(enforcer, NULL, 0),
		.table_bytes = pages * RW_TABLE_PAGE_SIZE,
		.table_limit_bytes = (uint64_t)dry->page_limit * RW_TABLE_PAGE_SIZE,
		.table_memory_bytes = pages * RW_TABLE_PAGE_SIZE,
		.passed = dry->passed,
	};
	memcpy(ret_status->dropped, dry->dropped, sizeof(dry->dropped));
	memcpy(ret_status->would_drop, dry->would_drop, sizeof(dry->would_drop));
	return 0;
}

enum rw_enforce_dry_fate rw_enforce_dry_decide(struct rw_enforcer *enforcer, unsigned int ifindex,
					       const struct rw_packet *packet,
					       struct rw_decision *ret_decision)
{
	struct dry *dry = dry_of(enforcer);
	const struct device *device = ifindex ? find_device(dry, ifindex) : NULL;
	struct rw_decision decision;
	uint32_t index;
	int interface;

	if (!device || !dry->table)
		return RW_ENFORCE_DRY_UNDECIDED;
	interface = rw_policy_find_interface(dry->table->policy, device->interface);
	decision = rw_classify_decide_index(
		dry->table, interface < 0 ? RW_CLASSIFY_NO_INTERFACE : (size_t)interface, packet, &index);
	if (index != RW_CLASSIFY_NO_INDEX) {
		dry->hits[index].count++;
		dry->hits[index].last_ns = rw_clock_monotonic_ns(dry->clock);
	}
	*ret_decision = decision;
	if (decision.verdict == RW_VERDICT_DROP && dry->mode == RW_ENFORCER_ENFORCE) {
		dry->dropped[decision.cause]++;
		return RW_ENFORCE_DRY_DROPPED;
	}
	if (decision.verdict == RW_VERDICT_DROP && dry->mode == RW_ENFORCER_MONITOR)
		dry->would_drop[decision.cause]++;
	dry->passed++;
	return RW_ENFORCE_DRY_PASSES;
}

/* ---- life ---- */

static struct rw_enforcer *dry_close(struct rw_enforcer *enforcer)
{
	struct dry *dry = dry_of(enforcer);

	(void)rw_classify_table_free(dry->table);
	rw_classify_memory_done(&dry->memories[0]);
	rw_classify_memory_done(&dry->memories[1]);
	free(dry->hits);
	free(dry);
	return NULL;
}

static const struct rw_enforcer_ops dry_ops = {
	.name = "dry",
	.apply = dry_apply,
	.attach = dry_attach,
	.detach = dry_detach,
	.detach_all = dry_detach_all,
	.enforce = dry_enforce,
	.check = dry_check,
	.devices = dry_devices,
	.hits = dry_hits,
	.hooks_fd = dry_hooks_fd,
	.drops_fd = dry_drops_fd,
	.drops_read = dry_drops_read,
	.flows = dry_flows,
	.observe = dry_observe,
	.judge = dry_judge,
	.status = dry_status,
	.close = dry_close,
};

int rw_enforce_dry_open(const struct rw_enforce_dry_options *options, struct rw_enforcer **ret_enforcer,
			struct rw_error *err)
{
	static const struct rw_enforce_dry_options defaults;
	struct dry *dry = calloc(1, sizeof(*dry));
	uint64_t pages;

	if (!dry)
		return rw_error_oom(err);
	if (!options)
		options = &defaults;
	pages = (options->table_memory ? options->table_memory : TABLE_MEMORY_DEFAULT) / 2 /
		RW_TABLE_PAGE_SIZE;
	if (pages > RW_TABLE_PAGES_MAX)
		pages = RW_TABLE_PAGES_MAX;
	if (pages == 0)
		pages = 1;
	dry->enforcer.ops = &dry_ops;
	dry->clock = options->clock ? options->clock : rw_clock_system();
	dry->page_limit = (uint32_t)pages;
	rw_classify_memory_init(&dry->memories[0]);
	rw_classify_memory_init(&dry->memories[1]);
	*ret_enforcer = &dry->enforcer;
	return 0;
}
