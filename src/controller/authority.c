/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/authority.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

#define RETRY_NS UINT64_C(600000000000)

const struct rw_word rw_words_authority_stage[] = {
	{"settled", RW_AUTHORITY_SETTLED},
	{"introduced", RW_AUTHORITY_INTRODUCED},
	{"switched", RW_AUTHORITY_SWITCHED},
	{NULL, 0},
};

int authority_load(struct rw_controller *controller, const char *trust_pem, const char *cert_pem,
		   const char *key_pem, struct rw_error *err)
{
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *trust = strdup(trust_pem);
	rw_cert_fingerprint fingerprints[RW_CERT_BUNDLE_MAX];
	struct rw_cert_info issuing;
	size_t count = 0;
	int r;

	if (!trust)
		return rw_error_oom(err);
	r = rw_cert_bundle_fingerprints(trust_pem, fingerprints, &count, err);
	if (r == 0)
		r = rw_cert_read(cert_pem, &issuing, err);
	if (r == 0)
		r = rw_cert_authority_new(cert_pem, key_pem, controller->random, &authority, err);
	if (r < 0)
		return r;
	(void)rw_cert_authority_free(controller->authority);
	free(controller->trust_pem);
	controller->authority = RW_TAKE_PTR(authority);
	controller->trust_pem = RW_TAKE_PTR(trust);
	(void)memcpy(controller->authorities, fingerprints, sizeof(fingerprints));
	controller->authority_count = count;
	controller->authority_expires_ms = issuing.not_after_s * 1000;
	return 0;
}

/* What the folder holds now holds here and for the server. */
static int follow_folder(struct rw_controller *controller, struct rw_error *err)
{
	const struct rw_state_folder *folder = controller->folder;
	int r = authority_load(controller, folder->trust_pem, folder->ca_cert_pem, folder->ca_key_pem, err);

	if (r == 0 && controller->certificates_changed)
		controller->certificates_changed(controller->certificates_userdata);
	return r;
}

void authority_tick(struct rw_controller *controller)
{
	struct rw_state_folder *folder = controller->folder;
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	struct rw_error err = RW_ERROR_NONE;
	int r;

	shared_authority_tick(controller);
	if (!folder || rw_clock_realtime_ms(controller->clock) / 1000 < folder->server_renewal_s ||
	    now_ns < controller->certificates_retry_ns)
		return;
	r = rw_state_folder_refresh(folder, controller->clock, controller->random, &err);
	if (r == 0)
		r = follow_folder(controller, &err);
	if (r == 0) {
		rw_log_info("server certificate renewed");
		return;
	}
	controller->certificates_retry_ns = now_ns + RETRY_NS;
	rw_log_error("cannot renew the server certificate; it is tried again  reason=\"%s\"", err.text);
}

/* ---- how it stands ---- */

const char *rw_authority_trust(const struct rw_controller *controller)
{
	return controller->trust_pem;
}

size_t rw_authority_fingerprints(const struct rw_controller *controller,
				 const rw_cert_fingerprint **ret_fingerprints)
{
	*ret_fingerprints = controller->authorities;
	return controller->authority_count;
}

static bool trusts_all(const struct rw_controller *controller, const struct node_record *record)
{
	for (size_t i = 0; i < controller->authority_count; i++) {
		size_t k = 0;

		while (k < record->authority_count &&
		       strcmp(record->authorities[k], controller->authorities[i]) != 0)
			k++;
		if (k == record->authority_count)
			return false;
	}
	return true;
}

static int read_authorities(const struct rw_controller *controller, struct rw_authority_status *status,
			    struct rw_error *err)
{
	struct rw_cert_info *const infos[] = {&status->issuing, &status->other};
	char *certs[RW_CERT_BUNDLE_MAX];
	size_t count;
	int r = rw_cert_bundle_split(controller->trust_pem, certs, &count, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r == 0 && i < RW_ARRAY_COUNT(infos))
			r = rw_cert_read(certs[i], infos[i], err);
		free(certs[i]);
	}
	return r;
}

int rw_authority_status(const struct rw_controller *controller, struct rw_authority_status *ret_status,
			struct rw_error *err)
{
	struct rw_authority_status status = {0};
	struct rw_cert_info server;
	int r = read_authorities(controller, &status, err);

	if (r < 0)
		return r;
	if (controller->folder) {
		status.stage = controller->folder->stage;
		if (rw_cert_read(controller->folder->server_cert_pem, &server, NULL) == 0)
			status.server_not_after_s = server.not_after_s;
	}
	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_record *record = controller->nodes.records[i];

		if (!record->certificate.fingerprint[0])
			continue;
		status.nodes++;
		status.nodes_not_trusting += !trusts_all(controller, record);
		status.nodes_to_renew +=
			strcmp(record->certificate.authority, controller->authorities[0]) != 0;
	}
	*ret_status = status;
	return 0;
}

/* ---- the steps ---- */

typedef int step_fn(struct rw_state_folder *folder, const struct rw_clock *clock,
		    const struct rw_random *random, struct rw_error *err);

/*
 * The record of the change log, and what the other controllers need.  It comes last: a step that failed left nothing
 * that it could tell of.
 */
static int write_record(struct rw_controller *controller, const struct rw_actor *actor, const char *action,
			struct rw_error *err)
{
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++) {
		RW_CLEANUP(plan_done) struct plan plan;
		uint64_t revision;

		plan_init(&plan, actor, action);
		inventory_pump(controller);
		r = shared_authority_plan(controller, &controller->master_key, &plan, err);
		if (r == 0)
			r = plan_commit(controller, &plan, &revision, err);
	}
	if (r > 0)
		r = rw_error_set(err, -EAGAIN, "other changes kept coming in between");
	if (r == 0)
		controller->authority_unshared = false;
	return r < 0 ? rw_error_wrap(err, "done, but not written to the store") : 0;
}

static int take_step(struct rw_controller *controller, const struct rw_actor *actor, step_fn *step,
		     const char *action, struct rw_error *err)
{
	int r = rw_controller_ready(controller, err);

	if (r == 0)
		r = step(controller->folder, controller->clock, controller->random, err);
	if (r == 0)
		controller->authority_unshared = controller->shared;
	if (r == 0)
		r = follow_folder(controller, err);
	if (r < 0)
		return r;
	rw_log_info("%s  fingerprint=%s", action, controller->authorities[0]);
	return write_record(controller, actor, action, err);
}

/* A step at the wrong time is told before nodes are counted for it. */
static int check_step(const struct rw_controller *controller, enum rw_authority_stage stage,
		      struct rw_authority_status *ret_status, struct rw_error *err)
{
	if (!controller->folder)
		return rw_error_set(err, -ENOSYS, "this controller keeps no files of its authority");
	if (controller->folder->stage != stage) {
		(void)rw_error_set(err, -EALREADY, "the authority is %s; this step needs it %s",
				   rw_word_of(rw_words_authority_stage, (int)controller->folder->stage),
				   rw_word_of(rw_words_authority_stage, (int)stage));
		(void)rw_error_hint(err, "The steps are renew, switch, retire.");
		return -EALREADY;
	}
	return rw_authority_status(controller, ret_status, err);
}

int rw_authority_introduce(struct rw_controller *controller, const struct rw_actor *actor,
			   struct rw_error *err)
{
	struct rw_authority_status status;
	int r = check_step(controller, RW_AUTHORITY_SETTLED, &status, err);

	return r < 0 ? r
		     : take_step(controller, actor, rw_state_folder_introduce_authority,
				 "introduce a new authority", err);
}

int rw_authority_switch(struct rw_controller *controller, const struct rw_actor *actor, bool force,
			struct rw_error *err)
{
	struct rw_authority_status status;
	int r = check_step(controller, RW_AUTHORITY_INTRODUCED, &status, err);

	if (r < 0)
		return r;
	if (status.nodes_not_trusting && !force) {
		(void)rw_error_set(err, -EBUSY, "%zu of %zu nodes do not trust the new authority yet",
				   status.nodes_not_trusting, status.nodes);
		(void)rw_error_hint(err, "Wait until they have reported; with force they must join again.");
		return -EBUSY;
	}
	return take_step(controller, actor, rw_state_folder_switch_authority, "switch to the new authority",
			 err);
}

int rw_authority_retire(struct rw_controller *controller, const struct rw_actor *actor, bool force,
			struct rw_error *err)
{
	struct rw_authority_status status;
	int r = check_step(controller, RW_AUTHORITY_SWITCHED, &status, err);

	if (r < 0)
		return r;
	if (status.nodes_to_renew && !force) {
		(void)rw_error_set(err, -EBUSY,
				   "%zu of %zu nodes have no certificate of the new authority yet",
				   status.nodes_to_renew, status.nodes);
		(void)rw_error_hint(err, "Wait until they have renewed; with force they must join again.");
		return -EBUSY;
	}
	return take_step(controller, actor, rw_state_folder_retire_authority, "retire the old authority",
			 err);
}
