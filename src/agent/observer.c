/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/observer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "policy/evaluate.h"

#define INDEX_SIZE 8192 /* a power of two, at least twice the records */
#define NONE       0xffffu

/* What tells records apart.  Compared and hashed as bytes: zeroed first, no padding is read. */
struct key {
	uint8_t verdict;
	uint8_t direction;
	uint8_t is_others;
	uint8_t is_own; /* its local end is the node itself */
	uint16_t protocol;
	uint16_t port;
	char interface[16];
	struct rw_address remote; /* family 0 = of the service */
	uint8_t pad;
};
_Static_assert(sizeof(struct key) == 42, "no byte of a key is left to chance");

struct record {
	struct key key;
	char cause[RW_ID_SIZE];
	uint64_t count; /* not told yet */
	uint64_t answered;
	bool was_answered; /* ever */
	bool is_live;      /* since the last census */
	bool is_seen;      /* since this one began */
	uint16_t remotes;  /* of a service's own record: records of its remotes */
	int64_t first_ms;  /* of what is not told yet; 0 = nothing is */
	int64_t last_ms;
	int64_t told_ms; /* 0 = never */
};

struct rw_observer {
	struct record records[RW_OBSERVER_RECORDS];
	uint16_t index[INDEX_SIZE]; /* into records; NONE = free */
	size_t count;
	size_t counts[RW_FLOW_VERDICT_COUNT_];
	uint64_t seed; /* so that nobody outside chooses collisions */
};

int rw_observer_new(struct rw_observer **ret_observer)
{
	struct rw_observer *observer = calloc(1, sizeof(*observer));

	if (!observer)
		return -ENOMEM;
	memset(observer->index, 0xff, sizeof(observer->index));
	rw_random_system()->fill(rw_random_system(), &observer->seed, sizeof(observer->seed));
	*ret_observer = observer;
	return 0;
}

struct rw_observer *rw_observer_free(struct rw_observer *observer)
{
	free(observer);
	return NULL;
}

/* ---- the table ---- */

static size_t place_of(const struct rw_observer *observer, const struct key *key)
{
	size_t place = rw_hash_bytes(key, sizeof(*key), observer->seed) & (INDEX_SIZE - 1);

	while (observer->index[place] != NONE &&
	       memcmp(&observer->records[observer->index[place]].key, key, sizeof(*key)) != 0)
		place = (place + 1) & (INDEX_SIZE - 1);
	return place;
}

static struct record *find(struct rw_observer *observer, const struct key *key)
{
	uint16_t at = observer->index[place_of(observer, key)];

	return at == NONE ? NULL : &observer->records[at];
}

/* Of each verdict one place is kept for the others. */
static bool has_room(const struct rw_observer *observer, const struct key *key)
{
	size_t limit =
		key->verdict == RW_FLOW_ACCEPTED ? RW_OBSERVER_RECORDS_ACCEPTED : RW_OBSERVER_RECORDS_REFUSED;

	return observer->counts[key->verdict] < (key->is_others ? limit : limit - 2);
}

static struct record *add(struct rw_observer *observer, const struct key *key)
{
	struct record *record = &observer->records[observer->count];

	*record = (struct record){.key = *key};
	observer->index[place_of(observer, key)] = (uint16_t)observer->count++;
	observer->counts[key->verdict]++;
	return record;
}

/* The record of all that has no room: one for each verdict and direction. */
static struct record *find_others(struct rw_observer *observer, const struct key *key)
{
	struct key others;
	struct record *record;

	memset(&others, 0, sizeof(others));
	others.verdict = key->verdict;
	others.direction = key->direction;
	others.is_others = 1;
	record = find(observer, &others);
	return record ? record : add(observer, &others);
}

/* The record that counts what has this key. */
static struct record *find_or_add(struct rw_observer *observer, const struct key *key)
{
	struct record *record = find(observer, key), *service;
	struct key without = *key;

	if (record)
		return record;
	memset(&without.remote, 0, sizeof(without.remote));
	service = find(observer, &without);
	if (!service && has_room(observer, &without))
		service = add(observer, &without);
	if (!service)
		return find_others(observer, key);
	if (!key->remote.family || service->remotes == RW_OBSERVER_REMOTES || !has_room(observer, key))
		return service;
	service->remotes++;
	return add(observer, key);
}

static bool is_due(const struct record *record, int64_t now_ms)
{
	return record->first_ms || (record->is_live && now_ms - record->told_ms >= RW_OBSERVER_STILL_MS);
}

/* Forgets what has long been idle, and lays the table out anew. */
static void prune(struct rw_observer *observer, int64_t now_ms)
{
	size_t count = observer->count;

	observer->count = 0;
	memset(observer->counts, 0, sizeof(observer->counts));
	memset(observer->index, 0xff, sizeof(observer->index));
	for (size_t i = 0; i < count; i++) {
		struct record record = observer->records[i];

		if (!record.remotes && !record.is_live && !record.first_ms &&
		    now_ms - record.last_ms >= RW_OBSERVER_IDLE_MS)
			continue;
		record.remotes = 0;
		*add(observer, &record.key) = record;
	}
	for (size_t i = 0; i < observer->count; i++) {
		struct key without = observer->records[i].key;
		struct record *service;

		if (!without.remote.family)
			continue;
		memset(&without.remote, 0, sizeof(without.remote));
		service = find(observer, &without);
		if (service)
			service->remotes++;
	}
}

void rw_observer_end_census(struct rw_observer *observer, int64_t now_ms)
{
	for (size_t i = 0; i < observer->count; i++) {
		observer->records[i].is_live = observer->records[i].is_seen;
		observer->records[i].is_seen = false;
	}
	prune(observer, now_ms);
}

/* ---- what comes ---- */

static void note_time(struct record *record, int64_t now_ms)
{
	if (!record->first_ms)
		record->first_ms = now_ms;
	record->last_ms = now_ms;
}

static void set_cause(struct record *record, const char *cause)
{
	if (!record->key.is_others)
		(void)snprintf(record->cause, sizeof(record->cause), "%s", cause);
}

void rw_observer_flow(struct rw_observer *observer, int64_t now_ms, const struct rw_enforcer_observed *flow,
		      bool is_own)
{
	const struct rw_packet *opener = &flow->opener;
	struct record *record;
	struct key key;

	memset(&key, 0, sizeof(key));
	key.verdict = RW_FLOW_ACCEPTED;
	key.direction = (uint8_t)opener->direction;
	key.is_own = is_own && !flow->is_forwarded;
	key.protocol = opener->protocol;
	key.port = opener->direction == RW_DIRECTION_INGRESS ? opener->local_port : opener->remote_port;
	memcpy(key.interface, flow->interface, sizeof(key.interface));
	key.remote = opener->remote;
	record = find_or_add(observer, &key);
	record->is_live = record->is_seen = true;
	if (flow->is_new) {
		record->count++;
		set_cause(record, flow->rule[0] ? flow->rule : rw_cause_name(flow->cause));
		note_time(record, now_ms);
	}
	if (flow->answer_is_new) {
		record->answered++;
		record->was_answered = true;
		note_time(record, now_ms);
	}
}

void rw_observer_drop(struct rw_observer *observer, const struct rw_report_drop *drop)
{
	struct record *record;
	struct key key;

	memset(&key, 0, sizeof(key));
	key.verdict = drop->would ? RW_FLOW_WOULD_DROP : RW_FLOW_REFUSED;
	key.direction = (uint8_t)drop->direction;
	key.protocol = drop->protocol;
	key.port = drop->direction == RW_DIRECTION_INGRESS ? drop->local_port : drop->remote_port;
	memcpy(key.interface, drop->interface, sizeof(key.interface));
	key.remote = drop->remote;
	record = find_or_add(observer, &key);
	record->count++;
	set_cause(record, drop->cause);
	note_time(record, drop->time_ms);
}

/* ---- what is told ---- */

static enum rw_flow_served served_by(const struct record *record, const struct rw_report_listener *listeners,
				     size_t count)
{
	const struct key *key = &record->key;

	if (key->verdict != RW_FLOW_ACCEPTED || key->direction != RW_DIRECTION_INGRESS || key->is_others)
		return RW_FLOW_SERVED_UNKNOWN;
	if (!key->is_own)
		return RW_FLOW_SERVED_FORWARDED;
	for (size_t i = 0; i < count; i++)
		if (listeners[i].protocol == key->protocol && listeners[i].port == key->port)
			return RW_FLOW_SERVED_LISTENER;
	return rw_protocol_has_ports(key->protocol) && record->was_answered ? RW_FLOW_SERVED_PUBLISHED
									    : RW_FLOW_SERVED_UNKNOWN;
}

static void tell(struct record *record, int64_t now_ms, enum rw_flow_served served,
		 struct rw_report_flow *flow)
{
	const struct key *key = &record->key;

	*flow = (struct rw_report_flow){
		.verdict = (enum rw_flow_verdict)key->verdict,
		.direction = (enum rw_direction)key->direction,
		.protocol = key->protocol,
		.port = key->port,
		.remote = key->remote,
		.is_others = key->is_others,
		.count = record->count,
		.answered = record->answered,
		.served = served,
		.first_ms = record->first_ms ? record->first_ms : now_ms,
		.last_ms = record->is_live ? now_ms : record->last_ms,
	};
	memcpy(flow->interface, key->interface, sizeof(flow->interface));
	memcpy(flow->cause, record->cause, sizeof(flow->cause));
	record->count = record->answered = 0;
	record->first_ms = 0;
	record->told_ms = now_ms;
}

/* Most first. */
static int compare_due(const void *a, const void *b)
{
	const struct record *left = *(struct record *const *)a;
	const struct record *right = *(struct record *const *)b;

	return left->count > right->count ? -1 : left->count < right->count;
}

size_t rw_observer_take(struct rw_observer *observer, int64_t now_ms,
			const struct rw_report_listener *listeners, size_t listener_count,
			struct rw_report_flow *flows)
{
	struct record **due = calloc(observer->count + 1, sizeof(struct record *));
	size_t count = 0;

	/* Without memory the counts stay, for the next report. */
	for (size_t i = 0; due && i < observer->count; i++)
		if (is_due(&observer->records[i], now_ms))
			due[count++] = &observer->records[i];
	if (count)
		qsort(due, count, sizeof(struct record *), compare_due);
	if (count > RW_REPORT_FLOWS_MAX)
		count = RW_REPORT_FLOWS_MAX;
	for (size_t i = 0; i < count; i++)
		tell(due[i], now_ms, served_by(due[i], listeners, listener_count), &flows[i]);
	free(due);
	return count;
}
