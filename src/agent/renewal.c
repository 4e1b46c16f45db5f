/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/renewal.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/digest.h"
#include "wire/join.h"

static int read_text(const struct rw_agent_place *place, const char *file, char **ret_text,
		     struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_buf_init(&buf, RW_CERT_MAX_SIZE + 1);
	rw_agent_state_path(place, file, path);
	r = rw_file_read(path, &buf, err);
	if (r < 0)
		return r;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

static int write_text(const struct rw_agent_place *place, const char *file, const char *text,
		      struct rw_error *err)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(place, file, path);
	return rw_file_write(path, text, strlen(text), 0644, err);
}

int rw_renewal_load(struct rw_renewal *renewal, const struct rw_agent_place *place, struct rw_error *err)
{
	rw_cert_fingerprint authorities[RW_CERT_BUNDLE_MAX];
	RW_CLEANUP(rw_free) char *cert = NULL;
	RW_CLEANUP(rw_free) char *ca = NULL;
	struct rw_cert_info info;
	size_t count;
	int r = read_text(place, "cert.pem", &cert, err);

	if (r == 0)
		r = read_text(place, "ca.pem", &ca, err);
	if (r == 0)
		r = rw_cert_read(cert, &info, err);
	if (r == 0)
		r = rw_cert_bundle_fingerprints(ca, authorities, &count, err);
	if (r < 0)
		return r;
	renewal->certificate = info;
	renewal->authority_count = count;
	memcpy(renewal->authorities, authorities, count * sizeof(*authorities));
	return 0;
}

static bool trusts_others(const struct rw_renewal *renewal)
{
	if (!renewal->answer.authority_count)
		return false;
	if (renewal->answer.authority_count != renewal->authority_count)
		return true;
	for (size_t i = 0; i < renewal->authority_count; i++)
		if (strcmp(renewal->answer.authorities[i], renewal->authorities[i]) != 0)
			return true;
	return false;
}

bool rw_renewal_is_due(const struct rw_renewal *renewal, int64_t now_s)
{
	if (!renewal->certificate.fingerprint[0])
		return false;
	return now_s >= rw_cert_renewal_s(&renewal->certificate) || trusts_others(renewal);
}

bool rw_renewal_is_expired(const struct rw_renewal *renewal, int64_t now_s)
{
	return renewal->certificate.fingerprint[0] && now_s > renewal->certificate.not_after_s;
}

bool rw_renewal_may_try(struct rw_renewal *renewal, uint64_t now_ms, const struct rw_random *random)
{
	if (!renewal->next_try_ms) {
		uint64_t spread;

		random->fill(random, &spread, sizeof(spread));
		renewal->next_try_ms = now_ms + 1 + spread % RW_RENEWAL_SPREAD_MS;
	}
	return now_ms >= renewal->next_try_ms;
}

void rw_renewal_delay(struct rw_renewal *renewal, uint64_t now_ms)
{
	renewal->next_try_ms = now_ms + RW_RENEWAL_RETRY_MS;
}

int rw_renewal_encode_request(const struct rw_renewal *renewal, const struct rw_agent_place *place,
			      struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_renew_request_done) struct rw_renew_request request = {0};
	char *key = NULL;
	int r = read_text(place, "key.pem", &key, err);

	if (r < 0)
		return r;
	r = rw_cert_make_request(key, renewal->certificate.common_name, &request.csr, err);
	rw_secret_wipe(key, strlen(key));
	free(key);
	return r < 0 ? r : rw_renew_request_encode(buf, &request, err);
}

/* It must be of an authority that is trusted from now on, for this node and for the key that stays. */
static int check(const struct rw_renewal *renewal, const struct rw_agent_place *place,
		 const struct rw_renew_answer *answer, int64_t now_s, struct rw_error *err)
{
	struct rw_cert_info info;
	char *key = NULL;
	int r = rw_cert_verify(answer->certificate, answer->ca, now_s, &info, err);

	if (r < 0)
		return r;
	if (info.role != RW_CERT_ROLE_AGENT ||
	    strcmp(info.common_name, renewal->certificate.common_name) != 0)
		return rw_error_set(err, -EKEYREJECTED, "the certificate is not one of node %s",
				    renewal->certificate.common_name);
	r = read_text(place, "key.pem", &key, err);
	if (r < 0)
		return r;
	r = rw_cert_check_key(answer->certificate, key, err);
	rw_secret_wipe(key, strlen(key));
	free(key);
	return r;
}

int rw_renewal_take(struct rw_renewal *renewal, const struct rw_agent_place *place, const char *text,
		    size_t size, int64_t now_s, struct rw_error *err)
{
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer answer = {0};
	int r = rw_renew_answer_decode(text, size, &answer, err);

	if (r == 0)
		r = check(renewal, place, &answer, now_s, err);
	if (r == 0)
		r = write_text(place, "ca.pem", answer.ca, err);
	if (r == 0)
		r = write_text(place, "cert.pem", answer.certificate, err);
	if (r == 0)
		r = rw_renewal_load(renewal, place, err);
	if (r == 0)
		renewal->next_try_ms = 0;
	return r;
}
