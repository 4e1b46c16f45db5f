/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

#define CSR_MAX RW_CERT_MAX_SIZE

int certificate_check_request(const char *csr, struct rw_error *err)
{
	if (csr && strlen(csr) <= CSR_MAX)
		return 0;
	return rw_error_field(err, "csr", "a certificate request in PEM is needed, at most %d bytes",
			      CSR_MAX);
}

int certificate_issue(const struct rw_controller *controller, const char *csr, const char *node,
		      char **ret_cert, struct node_certificate *ret_certificate, struct rw_error *err)
{
	int64_t now_s = rw_clock_realtime_ms(controller->clock) / 1000;
	struct node_certificate certificate = {0};
	RW_CLEANUP(rw_free) char *cert = NULL;
	struct rw_cert_info info;
	int r;

	r = rw_cert_issue_agent(controller->authority, csr, node,
				rw_cert_period_days(now_s, RW_CERT_AGENT_DAYS), &cert, err);
	if (r == -EINVAL)
		return rw_error_field_prefix(err, "csr");
	if (r == 0)
		r = rw_cert_read(cert, &info, err);
	if (r < 0)
		return r;
	(void)memcpy(certificate.fingerprint, info.fingerprint, sizeof(certificate.fingerprint));
	(void)memcpy(certificate.authority, controller->authorities[0], sizeof(certificate.authority));
	certificate.expires_ms = info.not_after_s * 1000;
	*ret_certificate = certificate;
	*ret_cert = RW_TAKE_PTR(cert);
	return 0;
}

static int plan_renewal(struct plan *plan, const struct node_record *record,
			const struct node_certificate *certificate, struct rw_error *err)
{
	char key[RW_LAYOUT_KEY_SIZE];
	char *copy;
	char *text;
	size_t size;
	int r;

	(void)snprintf(key, sizeof(key), RW_LAYOUT_AGENTS "%s", record->id);
	r = node_agent_text(record->machine_id, certificate, record->ssh_ports, record->ssh_port_count, &text,
			    &size, err);
	if (r < 0)
		return r;
	copy = strdup(text);
	r = plan_put(plan, key, text, size, err);
	if (r == 0)
		return plan_item(plan, RW_SUBJECT_OBJECT, RW_KIND_NODE, record->id, NULL, NULL, copy, err);
	free(copy);
	return r;
}

/* One try; RW_STORE_CONFLICT: again. */
static int renew_once(struct rw_controller *controller, const struct rw_actor *actor, const char *csr,
		      char **ret_cert, struct rw_error *err)
{
	const struct node_record *record;
	struct node_certificate certificate;
	RW_CLEANUP(rw_free) char *cert = NULL;
	RW_CLEANUP(plan_done) struct plan plan;
	uint64_t revision;
	int r;

	plan_init(&plan, actor, "renew certificate");
	inventory_pump(controller);
	record = node_find(controller, actor->id);
	if (!record)
		return rw_error_set(err, -ENOENT, "there is no managed node %s", actor->id);
	r = certificate_issue(controller, csr, record->id, &cert, &certificate, err);
	if (r < 0)
		return r;
	/* The one that is shown now: it may be the one before, when the last answer was lost. */
	(void)memcpy(certificate.previous,
		     actor->certificate[0] ? actor->certificate : record->certificate.fingerprint,
		     sizeof(certificate.previous));
	r = plan_renewal(&plan, record, &certificate, err);
	if (r == 0)
		r = plan_commit(controller, &plan, &revision, err);
	if (r == 0)
		*ret_cert = RW_TAKE_PTR(cert);
	return r;
}

int rw_join_renew(struct rw_controller *controller, const struct rw_actor *actor,
		  const struct rw_renew_request *request, struct rw_renew_answer *ret_answer,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer answer = {0};
	int r = certificate_check_request(request->csr, err);

	if (r < 0)
		return r;
	answer.ca = strdup(controller->trust_pem);
	if (!answer.ca)
		return rw_error_oom(err);
	r = RW_STORE_CONFLICT;
	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++)
		r = renew_once(controller, actor, request->csr, &answer.certificate, err);
	if (r > 0)
		return rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again");
	if (r < 0)
		return r;
	*ret_answer = answer;
	answer = (struct rw_renew_answer){0};
	return 0;
}
