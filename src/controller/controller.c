/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/controller.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/first_key.h"
#include "controller/internal.h"

#define COMPACTION_INTERVAL_NS UINT64_C(60000000000)

static size_t size_or(size_t value, size_t fallback)
{
	return value ? value : fallback;
}

static void set_limits(struct rw_controller_limits *limits, const struct rw_controller_limits *wanted)
{
	*limits = *wanted;
	limits->sessions = size_or(wanted->sessions, 20000);
	limits->keys = size_or(wanted->keys, 1000);
	limits->join_tokens = size_or(wanted->join_tokens, 1000);
	limits->events = size_or(wanted->events, 4096);
	limits->changes = size_or(wanted->changes, 1024);
	limits->change_nodes = size_or(wanted->change_nodes, (size_t)1 << 18);
	limits->idempotency_keys = size_or(wanted->idempotency_keys, 10000);
	limits->audit_records = wanted->audit_records ? wanted->audit_records : 100000;
	limits->revisions = wanted->revisions ? wanted->revisions : 10000;
	limits->console_sessions = size_or(wanted->console_sessions, 1000);
	limits->failed_logins = wanted->failed_logins ? wanted->failed_logins : 30;
	limits->join_attempts = wanted->join_attempts ? wanted->join_attempts : 30;
}

static int copy_urls(struct rw_controller *controller, const char *const *urls, size_t count)
{
	controller->urls = calloc(count + 1, sizeof(*controller->urls));
	if (!controller->urls)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		controller->urls[i] = strdup(urls[i]);
		if (!controller->urls[i])
			return -ENOMEM;
		controller->url_count++;
	}
	return 0;
}

static int copy_options(struct rw_controller *controller, const struct rw_controller_options *options,
			struct rw_error *err)
{
	controller->store = options->store;
	controller->clock = options->clock;
	controller->random = options->random;
	controller->master_key = *options->master_key;
	controller->flows.history = options->flow_history;
	controller->model_limits = options->model_limits ? *options->model_limits : rw_limits_default;
	set_limits(&controller->limits, &options->limits);
	controller->folder = options->folder;
	controller->shared = options->shared;
	controller->certificates_changed = options->certificates_changed;
	controller->certificates_userdata = options->certificates_userdata;
	if (surroundings_init(&controller->around, options->endpoints, options->endpoint_count,
			      options->stores, options->store_count) < 0 ||
	    copy_urls(controller, options->urls, options->url_count) < 0)
		return rw_error_oom(err);
	if (options->admin_key_file) {
		controller->admin_key_file = strdup(options->admin_key_file);
		if (!controller->admin_key_file)
			return rw_error_oom(err);
		if (!first_key_in_file(controller->admin_key_file, controller->admin_key_id))
			free(RW_TAKE_PTR(controller->admin_key_file));
	}
	return authority_load(controller, options->trust_pem ? options->trust_pem : options->ca_cert_pem,
			      options->ca_cert_pem, options->ca_key_pem, err);
}

/* It may have been used at another controller. */
static void look_at_admin_key(struct rw_controller *controller)
{
	if (!controller->admin_key_file || !controller->shared || !controller->first_key_used ||
	    strcmp(controller->first_key, controller->admin_key_id) != 0)
		return;
	rw_first_key_forget_file(controller->admin_key_file);
	free(RW_TAKE_PTR(controller->admin_key_file));
}

static int make_rings(struct rw_controller *controller, struct rw_error *err)
{
	struct rw_controller_limits *limits = &controller->limits;
	uint8_t process[8];

	controller->random->fill(controller->random, &controller->map_seed, sizeof(controller->map_seed));
	controller->random->fill(controller->random, process, sizeof(process));
	controller->random->fill(controller->random, &controller->cuts.question,
				 sizeof(controller->cuts.question));
	controller->cuts.question >>= 1; /* counts on without reaching 0 */
	rw_hex_format(process, sizeof(process), controller->events.process);
	controller->events.capacity = limits->events;
	controller->events.ring = calloc(limits->events, sizeof(struct rw_event));
	controller->waits.capacity = limits->changes;
	controller->waits.changes = calloc(limits->changes, sizeof(struct concerned_change));
	controller->idempotency.capacity = limits->idempotency_keys;
	controller->idempotency.ring = calloc(limits->idempotency_keys, sizeof(struct idempotency_entry *));
	rw_map_init(&controller->idempotency.by_key, controller->map_seed, NULL);
	/* Another controller may have kept some more than this one would. */
	rw_vec_init(&controller->suppressions, sizeof(struct rw_kept_suppression),
		    4 * RW_SUPPRESSIONS_KEPT_MAX);
	rw_map_init(&controller->tokens, controller->map_seed, token_free);
	controller->cache = rw_policy_cache_new();
	controller->series_since_ms = rw_clock_realtime_ms(controller->clock);
	if (flows_init(controller) < 0 || console_init(controller) < 0)
		return rw_error_oom(err);
	if (!controller->events.ring || !controller->waits.changes || !controller->idempotency.ring ||
	    !controller->cache)
		return rw_error_oom(err);
	return 0;
}

int rw_controller_new(const struct rw_controller_options *options, struct rw_controller **ret_controller,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_controller_free) struct rw_controller *controller = calloc(1, sizeof(*controller));
	int r;

	if (!controller)
		return rw_error_oom(err);
	r = copy_options(controller, options, err);
	if (r == 0)
		r = make_rings(controller, err);
	if (r == 0)
		r = inventory_load(controller, err);
	if (r == 0 && nodes_load(controller) < 0)
		r = rw_error_oom(err);
	if (r == 0)
		r = staged_clean(controller, err);
	if (r == 0)
		r = idempotency_load(controller, err);
	if (r == 0)
		r = audit_find_oldest(controller, err);
	if (r < 0)
		return r;
	look_at_admin_key(controller);
	key_uses_load(controller);
	*ret_controller = RW_TAKE_PTR(controller);
	return 0;
}

struct rw_controller *rw_controller_free(struct rw_controller *controller)
{
	if (!controller)
		return NULL;
	controller->events.listener = NULL;
	key_uses_save(controller);
	cuts_done(controller);
	waits_done(controller);
	nodes_done(controller);
	events_done(controller);
	flows_done(controller);
	idempotency_done(&controller->idempotency);
	console_done(controller);
	keys_done(&controller->keys);
	rw_vec_done(&controller->suppressions);
	rw_map_done(&controller->tokens);
	(void)rw_policy_cache_free(controller->cache);
	(void)rw_store_watch_free(controller->watch);
	inventory_done(&controller->inventory);
	(void)rw_cert_authority_free(controller->authority);
	rw_seal_key_done(&controller->master_key);
	free(controller->admin_key_file);
	free(controller->trust_pem);
	surroundings_done(&controller->around);
	for (size_t i = 0; i < controller->url_count; i++)
		free(controller->urls[i]);
	free(controller->urls);
	free(controller);
	return NULL;
}

/* Keeps limits.revisions of history, for watchers that lag; one step at a time, each a few milliseconds. */
static void compact(struct rw_controller *controller)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	uint64_t revision = controller->inventory.revision;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (controller->trim_due) {
		/*
		 * The texts of a large change, also those of its answer, are several times the model: give
		 * the memory back once they are gone.
		 */
		(void)malloc_trim(0);
		controller->trim_due = false;
	}
	if (now_ns - controller->last_compaction_ns < COMPACTION_INTERVAL_NS)
		return;
	controller->last_compaction_ns = now_ns;
	token_prune(controller);
	if (audit_prune(controller))
		controller->last_compaction_ns = 0; /* go on at the next tick */
	if (revision <= controller->limits.revisions)
		return;
	revision -= controller->limits.revisions;
	if (revision <= rw_store_compacted_revision(controller->store))
		return;
	r = rw_store_compact(controller->store, revision, &err);
	if (r == RW_STORE_MORE)
		controller->last_compaction_ns = 0; /* go on at the next tick */
	else if (r < 0)
		rw_log_warning("cannot compact the store  reason=\"%s\"", err.text);
}

void rw_controller_tick(struct rw_controller *controller)
{
	inventory_pump(controller);
	for (size_t i = 0; i < controller->nodes.count; i++) {
		struct node_record *record = controller->nodes.records[i];

		node_judge(controller, record);
		if (record->session)
			session_tick(record);
	}
	wait_check(controller);
	cuts_check(controller);
	flows_tick(controller);
	authority_tick(controller);
	plan_probe(controller);
	first_key_tick(controller);
	key_uses_tick(controller);
	console_tick(controller);
	if (!controller->stopped)
		compact(controller);
}

const struct rw_limits *rw_controller_limits(const struct rw_controller *controller)
{
	return &controller->model_limits;
}

const struct rw_model *rw_controller_model(const struct rw_controller *controller)
{
	return controller->inventory.model;
}

const char *rw_controller_incarnation(const struct rw_controller *controller)
{
	return rw_store_incarnation(controller->store);
}

uint64_t rw_controller_revision(const struct rw_controller *controller)
{
	return controller->inventory.revision;
}

uint64_t rw_controller_object_revision(const struct rw_controller *controller, enum rw_kind kind,
				       const char *id)
{
	return (uint64_t)(uintptr_t)rw_map_find(&controller->inventory.revisions[kind], id);
}

int rw_controller_ready(const struct rw_controller *controller, struct rw_error *err)
{
	if (controller->broken.code && err)
		*err = controller->broken;
	return controller->broken.code;
}

size_t rw_controller_urls(const struct rw_controller *controller, const char *const **ret_urls)
{
	*ret_urls = (const char *const *)controller->urls;
	return controller->url_count;
}

const char *rw_controller_ca_fingerprint(const struct rw_controller *controller)
{
	return controller->authorities[0];
}
