/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"
#include "policy/delta.h"

/* Largest frame: a policy of RW_STREAM_PREFIXES_MAX prefixes would be about 20 MB. */
#define FRAME_BYTES_MAX (64u * 1024 * 1024)

/*
 * A policy that was not sent yet and is not summed up with what came after it, because the changes up to it say
 * something else about live flows.
 */
struct station {
	struct rw_policy *policy; /* reference */
	uint64_t revision;
	enum rw_established established;
};

#define STATIONS_MAX 8 /* more are summed up */

struct rw_session {
	struct rw_controller *controller;
	struct node_record *record;
	struct rw_session_sink sink;
	uint32_t version;       /* of the stream */
	struct rw_policy *sent; /* what the agent has or will have; reference; NULL = nothing we know */
	uint64_t sent_wanted;   /* record->wanted when it was sent */
	uint64_t base;          /* revision that the agent has in force without us; 0 = not known */
	struct station stations[STATIONS_MAX]; /* oldest first, all newer than 'sent' */
	size_t station_count;
	uint64_t position;   /* revision of the last frame: where the agent will be */
	bool base_lost;      /* it could not apply something: only a snapshot helps */
	bool broken;         /* a send failed: the owner will close soon */
	uint64_t hold_until; /* the agent is ahead of us: nothing before we are there; 0 = no */
	uint64_t last_sent_ns;
	uint64_t window[RW_SESSION_WINDOW]; /* revisions sent and not acknowledged */
	size_t window_count;
	uint64_t snapshot_ns; /* when a snapshot was sent that is not acknowledged; 0 = there is none */
};

/* A snapshot that nobody acknowledges keeps others from theirs for this long. */
#define SNAPSHOT_LIFE_NS UINT64_C(10000000000)

static void release_snapshot(struct rw_session *session)
{
	if (session->snapshot_ns)
		session->controller->snapshot_count--;
	session->snapshot_ns = 0;
}

static void drop_stations(struct rw_session *session)
{
	while (session->station_count)
		(void)rw_policy_unref(session->stations[--session->station_count].policy);
}

static void session_free(struct rw_session *session)
{
	release_snapshot(session);
	drop_stations(session);
	session->record->session = NULL;
	session->controller->session_count--;
	(void)rw_policy_unref(session->sent);
	free(session);
}

void session_end(struct rw_session *session)
{
	struct rw_session_sink sink = session->sink;

	session_free(session);
	sink.end(sink.userdata);
}

void session_detach(struct rw_session *session, const char *reason)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 4096);
	if (!session->broken && rw_stream_encode_detach(&buf, reason, NULL) == 0)
		(void)session->sink.send(session->sink.userdata, buf.data, buf.size);
	session_end(session);
}

void rw_session_close(struct rw_session *session)
{
	if (session)
		session_free(session);
}

static void send_frame(struct rw_session *session, const struct rw_buf *buf)
{
	session->last_sent_ns = rw_clock_monotonic_ns(session->controller->clock);
	if (session->sink.send(session->sink.userdata, buf->data, buf->size) != 0)
		session->broken = true;
}

static struct rw_position position_of(const struct rw_session *session, uint64_t revision)
{
	struct rw_position position = {.revision = revision};

	(void)strncpy(position.incarnation, rw_store_incarnation(session->controller->store),
		      sizeof(position.incarnation) - 1);
	return position;
}

/* What holds for all changes of the node's policy after 'revision' together. */
static enum rw_established said_since(const struct node_record *record, uint64_t revision)
{
	if (!revision)
		return RW_ESTABLISHED_CUT;
	if (record->said[RW_ESTABLISHED_CUT_KEPT] > revision)
		return RW_ESTABLISHED_CUT_KEPT;
	if (record->said[RW_ESTABLISHED_CUT] > revision || record->said[RW_ESTABLISHED_KEEP] <= revision)
		return RW_ESTABLISHED_CUT;
	return RW_ESTABLISHED_KEEP;
}

void session_part(struct node_record *record, enum rw_established established)
{
	struct rw_session *session = record->session;
	uint64_t since;
	enum rw_established said;

	if (!session || !session->sent || session->base_lost || session->station_count == STATIONS_MAX)
		return;
	since = session->station_count ? session->stations[session->station_count - 1].revision
				       : session->sent_wanted;
	said = said_since(record, since);
	if (record->wanted <= since || said == established)
		return;
	session->stations[session->station_count++] = (struct station){
		.policy = rw_policy_ref(record->policy),
		.revision = record->wanted,
		.established = said,
	};
}

static int encode_delta(struct rw_session *session, const struct station *target,
			const struct rw_position *to, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	int r = rw_policy_diff(session->sent, target->policy, &delta, err);

	if (r < 0)
		return r;
	return rw_stream_encode_delta(buf, session->version, to, session->position, target->policy, delta,
				      target->established, err);
}

/* What is to be sent next: the oldest station, or the newest policy. */
static struct station next_target(struct rw_session *session, bool snapshot)
{
	const struct node_record *record = session->record;

	if (snapshot)
		drop_stations(session);
	if (session->station_count)
		return session->stations[0];
	return (struct station){
		.policy = record->policy,
		.revision = record->wanted,
		.established = said_since(record, session->base_lost ? record->applied
						  : !session->sent   ? session->base
								     : session->sent_wanted),
	};
}

/* Takes over that 'target' was sent. */
static void note_sent(struct rw_session *session, const struct station *target)
{
	(void)rw_policy_unref(session->sent);
	if (session->station_count) {
		session->sent = target->policy;
		session->station_count--;
		(void)memmove(session->stations, session->stations + 1,
			      session->station_count * sizeof(*session->stations));
	} else {
		session->sent = rw_policy_ref(target->policy);
	}
	session->sent_wanted = target->revision;
	session->position = target->revision;
	session->base_lost = false;
	session->window[session->window_count++] = target->revision;
}

/* False when nothing could be sent now. */
static bool send_policy(struct rw_session *session)
{
	bool snapshot = !session->sent || session->base_lost;
	struct station target = next_target(session, snapshot);
	struct rw_position to = position_of(session, target.revision);
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_buf_init(&buf, FRAME_BYTES_MAX);
	if (snapshot && !session->snapshot_ns && session->controller->snapshot_count >= RW_SESSION_SNAPSHOTS)
		return false;
	if (snapshot)
		r = rw_stream_encode_snapshot(&buf, session->version, &to, target.policy, target.established,
					      &err);
	else
		r = encode_delta(session, &target, &to, &buf, &err);
	if (r < 0) {
		/* The next change or the next connection tries again; the node keeps what it has. */
		rw_log_error("cannot encode a policy  node=%s reason=\"%s\"", session->record->id, err.text);
		return false;
	}
	if (snapshot && !session->snapshot_ns) {
		session->snapshot_ns = rw_clock_monotonic_ns(session->controller->clock);
		session->controller->snapshot_count++;
	}
	note_sent(session, &target);
	send_frame(session, &buf);
	return true;
}

bool session_can_send(const struct node_record *record)
{
	return record->session && !record->session->broken;
}

int session_ask(struct node_record *record, uint64_t question, const struct rw_policy *policy,
		struct rw_error *err)
{
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	struct rw_session *session = record->session;
	struct rw_position position;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	rw_buf_init(&buf, FRAME_BYTES_MAX);
	if (!session_can_send(record))
		return rw_error_set(err, -EAGAIN, "its agent is not connected");
	if (!session->sent || session->base_lost)
		return rw_error_set(err, -EAGAIN, "its agent waits for its policy");
	position = position_of(session, session->position);
	r = rw_policy_diff(session->sent, policy, &delta, err);
	if (r == 0)
		r = rw_stream_encode_question(&buf, session->version, &position, question, policy, delta,
					      err);
	if (r == 0)
		send_frame(session, &buf);
	return r;
}

static void send_bookmark(struct rw_session *session, uint64_t revision)
{
	struct rw_position position = position_of(session, revision);
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 4096);
	if (rw_stream_encode_bookmark(&buf, &position, NULL) < 0)
		return;
	session->position = revision;
	send_frame(session, &buf);
}

void session_push(struct node_record *record)
{
	struct rw_session *session = record->session;

	if (!session || session->broken || !record->policy)
		return;
	if (session->hold_until > session->controller->inventory.revision)
		return;
	session->hold_until = 0;
	while (!session->broken && session->window_count < RW_SESSION_WINDOW &&
	       (!session->sent || session->sent_wanted != record->wanted))
		if (!send_policy(session))
			return;
}

void session_acknowledge(struct node_record *record, bool failed)
{
	struct rw_session *session = record->session;
	size_t kept = 0;

	if (!session)
		return;
	for (size_t i = 0; i < session->window_count; i++) {
		if (session->window[i] > record->applied && session->window[i] > record->failed)
			session->window[kept++] = session->window[i];
	}
	if (kept < session->window_count)
		release_snapshot(session);
	session->window_count = kept;
	if (failed)
		session->base_lost = true;
	session_push(record);
}

void session_tick(struct node_record *record)
{
	struct rw_session *session = record->session;
	uint64_t now_ns = rw_clock_monotonic_ns(session->controller->clock);
	uint64_t revision = session->controller->inventory.revision;

	if (session->snapshot_ns && now_ns - session->snapshot_ns >= SNAPSHOT_LIFE_NS)
		release_snapshot(session);
	session_push(record);
	if (session->broken || !session->sent || session->base_lost || session->window_count ||
	    session->hold_until || session->sent_wanted != record->wanted)
		return;
	if (now_ns - session->last_sent_ns >= RW_SESSION_BOOKMARK_MS * UINT64_C(1000000))
		send_bookmark(session, revision);
}

/* Takes up where the agent says it is, if what it has is what it should have. */
static bool resume(struct rw_session *session, const struct rw_session_hello *hello)
{
	struct node_record *record = session->record;
	const char *incarnation = rw_store_incarnation(session->controller->store);
	struct rw_policy_digest digest = rw_policy_digest_as(record->policy, session->version);
	uint64_t revision = hello->position.revision;

	if (strcmp(hello->position.incarnation, incarnation) == 0)
		session->base = revision;
	if (revision == 0 || strcmp(hello->position.incarnation, incarnation) != 0)
		return false;
	if (revision > session->controller->inventory.revision) {
		session->hold_until = revision;
		return false;
	}
	if (!hello->has_digest || memcmp(&hello->digest, &digest, sizeof(digest)) != 0)
		return false;
	if (record->wanted == 0)
		record->wanted = revision;
	if (revision < record->wanted)
		return false; /* the same again after a change and its undoing: it must be told the revision */
	session->sent = rw_policy_ref(record->policy);
	session->sent_wanted = record->wanted;
	session->position = revision;
	return true;
}

static int prepare_policy(struct rw_controller *controller, struct node_record *record, struct rw_error *err)
{
	int r;

	if (record->policy)
		return 0;
	r = node_derive(controller, controller->inventory.model, record, &record->policy, err);
	if (r == 0)
		record->digest = rw_policy_digest(record->policy);
	return r;
}

int rw_session_open(struct rw_controller *controller, const char *node, const struct rw_session_hello *hello,
		    const struct rw_session_sink *sink, struct rw_session **ret_session, struct rw_error *err)
{
	struct node_record *record = node_find(controller, node);
	struct rw_session *session;
	int r;

	if (!record)
		return rw_error_set(err, -ENOENT, "there is no managed node %s", node);
	inventory_pump(controller);
	record = node_find(controller, node);
	if (!record)
		return rw_error_set(err, -ENOENT, "there is no managed node %s", node);
	r = prepare_policy(controller, record, err);
	if (r < 0)
		return r;
	if (record->session)
		session_end(record->session);
	if (controller->session_count >= controller->limits.sessions) {
		(void)rw_error_set(err, -EAGAIN, "%zu agents are connected, which is the limit",
				   controller->session_count);
		return -EAGAIN;
	}
	session = calloc(1, sizeof(*session));
	if (!session)
		return rw_error_oom(err);
	session->controller = controller;
	session->record = record;
	session->sink = *sink;
	session->version = hello->version ? hello->version : RW_STREAM_VERSION;
	record->session = session;
	controller->session_count++;
	record->address = hello->address;
	record->last_frame_ns = rw_clock_monotonic_ns(controller->clock);
	if (record->behind_since_ns)
		record->behind_since_ns = record->last_frame_ns;
	*ret_session = session;
	if (resume(session, hello)) {
		send_bookmark(session, controller->inventory.revision);
	} else {
		if (record->wanted == 0)
			record->wanted = controller->inventory.revision;
		session_push(record);
	}
	node_judge(controller, record);
	return 0;
}

/* ---- what is known ---- */

size_t rw_node_status_count(const struct rw_controller *controller)
{
	return controller->nodes.count;
}

static void fill_status(const struct rw_controller *controller, const struct node_record *record,
			struct rw_node_status *ret_status)
{
	const struct rw_node *node = rw_model_find_node(controller->inventory.model, record->id);

	*ret_status = (struct rw_node_status){
		.id = record->id,
		.name = node ? node->name : record->id,
		.state = record->state,
		.since_ms = record->since_ms,
		.wanted = record->wanted,
		.applied = record->applied,
		.reason = record->reason ? record->reason : "",
		.agent_version = record->agent_version,
		.last_report_ms = record->last_report_ms,
		.certificate_expires_ms = record->certificate.expires_ms,
		.persistent = record->persistent,
		.lag_ms = node_lag_ns(record, rw_clock_monotonic_ns(controller->clock)) / 1000000,
		.address = record->address,
		.ssh_ports = record->ssh_ports,
		.ssh_port_count = record->ssh_port_count,
		.listeners = record->listeners,
		.listener_count = record->listener_count,
		.drops = record->drops,
		.would_drops = record->would_drops,
		.kernel = &record->kernel,
		.refusal_count = record->refusal_count,
	};
}

void rw_node_status_at(const struct rw_controller *controller, size_t index,
		       struct rw_node_status *ret_status)
{
	fill_status(controller, controller->nodes.records[index], ret_status);
}

void rw_node_status_refusal(const struct rw_controller *controller, const struct rw_node_status *status,
			    size_t index, char *text, size_t size)
{
	const struct node_record *record = node_find(controller, status->id);

	claims_explain_refusal(&record->refusals[index], controller->model_limits.addresses_per_interface,
			       text, size);
}

int rw_node_status_find(const struct rw_controller *controller, const char *reference,
			struct rw_node_status *ret_status)
{
	const struct rw_node *node = rw_model_find_node(controller->inventory.model, reference);
	const struct node_record *record = node ? node_find(controller, node->id) : NULL;

	if (!record)
		return -ENOENT;
	fill_status(controller, record, ret_status);
	return 0;
}

void rw_controller_certificates(const struct rw_controller *controller,
				struct rw_certificates *ret_certificates)
{
	int64_t limit_ms = rw_clock_realtime_ms(controller->clock) +
			   (int64_t)RW_CERTIFICATE_EXPIRING_DAYS * 24 * 3600 * 1000;

	*ret_certificates =
		(struct rw_certificates){.authority_expires_ms = controller->authority_expires_ms};
	for (size_t i = 0; i < controller->nodes.count; i++) {
		int64_t expires_ms = controller->nodes.records[i]->certificate.expires_ms;

		ret_certificates->agents_expiring += expires_ms && expires_ms < limit_ms;
	}
}

void rw_node_status_counts(const struct rw_controller *controller, size_t counts[RW_NODE_STATE_COUNT_])
{
	(void)memset(counts, 0, RW_NODE_STATE_COUNT_ * sizeof(*counts));
	for (size_t i = 0; i < controller->nodes.count; i++)
		counts[controller->nodes.records[i]->state]++;
}

static int compare_cluster(const void *key, const void *element)
{
	return strcmp(key, ((const struct rw_cluster_nodes *)element)->cluster);
}

static struct rw_cluster_nodes *find_cluster(const struct rw_vec *counts, const char *cluster)
{
	return counts->count
		       ? bsearch(cluster, counts->data, counts->count, counts->element_size, compare_cluster)
		       : NULL;
}

const struct rw_cluster_nodes *rw_cluster_nodes_find(const struct rw_vec *counts, const char *cluster)
{
	return find_cluster(counts, cluster);
}

static void count_node(const struct rw_controller *controller, const struct rw_node *node,
		       struct rw_vec *counts)
{
	struct rw_cluster_nodes *slot = find_cluster(counts, node->cluster);
	const struct node_record *record = slot ? node_find(controller, node->id) : NULL;

	if (!slot)
		return;
	slot->total++;
	if (record)
		slot->states[record->state]++;
}

int rw_cluster_nodes_count(const struct rw_controller *controller, struct rw_vec *ret_counts)
{
	const struct rw_model *model = controller->inventory.model;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		struct rw_cluster_nodes *slot;
		int r = rw_vec_push(ret_counts, &slot);

		if (r < 0)
			return r;
		slot->cluster = ((const struct rw_cluster *)rw_model_at(model, RW_KIND_CLUSTER, i))->id;
	}
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++)
		count_node(controller, rw_model_at(model, RW_KIND_NODE, i), ret_counts);
	return 0;
}
