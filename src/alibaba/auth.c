/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#include <string.h>

#include "controller/key.h"

/* Of a string to sign that is shown back. */
#define SHOWN_MAX 700

static const char *find_header(const void *userdata, const char *name)
{
	return rw_http_exchange_header(userdata, name);
}

static void walk_headers(const void *userdata, rw_alibaba_header_fn *each, void *context)
{
	rw_http_exchange_headers(userdata, each, context);
}

/* What was compared, for who must find the difference; it holds nothing that the caller has not sent. */
static int refuse_signature(struct call *call)
{
	bool acs3 = call->claim.scheme == RW_ALIBABA_ACS3;
	const struct rw_buf *shown = acs3 ? &call->claim.canonical : &call->claim.text;

	return rw_alibaba_refuse(&call->fault, 400, "SignatureDoesNotMatch",
				 "Specified signature is not matched with our calculation. "
				 "server string to sign is:%s%s%.*s%s",
				 acs3 ? call->claim.text.data : "",
				 acs3 ? ", server canonical request is:" : "", SHOWN_MAX, shown->data,
				 shown->size > SHOWN_MAX ? "..." : "");
}

static int check_signature(struct call *call)
{
	const struct rw_alibaba_claim *claim = &call->claim;
	const struct rw_key_signature signature = {
		.id = claim->key,
		.mac = claim->scheme == RW_ALIBABA_ACS3 ? RW_KEY_HMAC_SHA256 : RW_KEY_HMAC_SHA1,
		.suffix = claim->scheme == RW_ALIBABA_RPC ? "&" : "",
		.text = claim->text.data,
		.size = claim->text.size,
		.other_text = claim->other.size ? claim->other.data : NULL,
		.other_size = claim->other.size,
		.bytes = claim->signature,
		.byte_count = claim->signature_size,
	};
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_key_verify_signature(call->self->controller, &signature, &call->peer, &call->actor, &err);

	if (r == -EKEYREJECTED)
		return refuse_signature(call);
	if (r == -EAGAIN)
		return rw_alibaba_refuse_error(&call->fault, 400, "Throttling.User", &err);
	return r < 0 ? rw_alibaba_refuse_error(&call->fault, 404, "InvalidAccessKeyId.NotFound", &err) : 0;
}

static int use_nonce(struct call *call, int64_t now_ms)
{
	const struct rw_alibaba_claim *claim = &call->claim;
	int r = rw_alibaba_nonces_use(call->self->nonces, call->actor.id, claim->nonce, claim->time_ms,
				      now_ms);

	if (r == -ENOMEM)
		return call_out_of_memory(call);
	if (r < 0)
		return rw_alibaba_refuse(&call->fault, 400, "SignatureNonceUsed",
					 "This nonce has been used; every request needs another.");
	return 0;
}

int call_authenticate(struct call *call)
{
	int64_t now_ms = rw_clock_realtime_ms(call->self->clock);
	const struct rw_alibaba_request request = {
		.method = call->request->method,
		.path = call->request->path,
		.query = call_query(call),
		.parameters = &call->parameters,
		.header = find_header,
		.headers = walk_headers,
		.userdata = call->exchange,
		.body = call->request->body,
		.body_size = call->request->body_size,
	};
	char now[RW_TIMESTAMP_SIZE];
	int r = rw_alibaba_claim_read(&request, &call->claim, &call->fault);

	if (r < 0)
		return r;
	rw_timestamp_format(now_ms, now);
	if (rw_alibaba_nonces_judge(call->self->nonces, call->claim.time_ms, now_ms) < 0)
		return rw_alibaba_refuse(&call->fault, 400, "IllegalTimestamp",
					 "The request's time is too far from %s, the time here.", now);
	r = check_signature(call);
	if (r == 0)
		r = use_nonce(call, now_ms);
	if (r < 0)
		return r;
	rw_http_exchange_vouch(call->exchange, RW_HTTP_CALLER, call->actor.id);
	if (!rw_key_rate_take(&call->self->rates, call->actor.id, rw_clock_monotonic_ns(call->self->clock)))
		return rw_alibaba_refuse(&call->fault, 400, "Throttling.User",
					 "More than %d requests a second.", RW_KEY_RATE_PER_SECOND);
	return 0;
}
