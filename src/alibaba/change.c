/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#include <stdio.h>
#include <string.h>

#define CLIENT_TOKEN_MAX 64

struct running {
	struct call *call;
	const struct change *change;
	int result; /* of the edit */
};

static int run_edit(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct running *running = userdata;

	running->call->fault = (struct rw_alibaba_fault){0};
	running->result = running->change->edit(running->call, draft, running->change->userdata, err);
	return running->result;
}

/* What makes two requests the same one: all but what signing and repeating changes. */
static int digest_request(struct call *call, uint8_t digest[RW_SHA256_SIZE])
{
	static const char *const other[] = {"Signature",        "SignatureNonce", "SignatureMethod",
					    "SignatureVersion", "SignatureType",  "Timestamp",
					    "AccessKeyId",      "ClientToken",    "Action",
					    "Version",          "Format"};
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	rw_buf_init(&text, RW_ALIBABA_SIGNED_MAX);
	(void)rw_buf_append_format(&text, "%s%s", call->action->name, call->roa ? call->request->path : "");
	if (call->roa)
		(void)rw_buf_append(&text, call->request->body, call->request->body_size);
	for (size_t i = 0; i < call->parameters.list.count; i++) {
		const struct rw_alibaba_parameter *parameter = rw_vec_at(&call->parameters.list, i);
		bool counts = true;

		for (size_t j = 0; j < RW_ARRAY_COUNT(other); j++)
			counts &= strcmp(parameter->name, other[j]) != 0;
		if (!counts)
			continue;
		(void)rw_buf_append_text(&text, "&");
		rw_alibaba_encode(&text, parameter->name);
		(void)rw_buf_append_text(&text, "=");
		rw_alibaba_encode(&text, parameter->value);
	}
	if (rw_buf_check(&text, NULL) < 0)
		return call_out_of_memory(call);
	rw_sha256(text.data, text.size, digest);
	return 0;
}

static int read_client_token(struct call *call, char key[CLIENT_TOKEN_MAX + 16],
			     struct rw_change_request *request)
{
	const char *token = call_text(call, "ClientToken");

	if (!token)
		return 0;
	if (strlen(token) > CLIENT_TOKEN_MAX)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
					 "ClientToken has more than %d characters.", CLIENT_TOKEN_MAX);
	(void)snprintf(key, CLIENT_TOKEN_MAX + 16, "alibaba:%s", token);
	request->idempotency_key = key;
	return digest_request(call, request->request_digest);
}

/* The findings, so that who reads the message knows what would be locked out. */
static int refuse_guarded(struct call *call, const struct rw_change_result *result)
{
	char text[sizeof(call->fault.message) - 128] = "";
	size_t length = 0;

	for (size_t i = 0; i < result->finding_count && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i ? "; " : "",
					   result->findings[i].detail);
	return rw_alibaba_refuse(&call->fault, 403, "InvalidOperation.Guarded",
				 "A guard refuses this: %s. Nothing was changed.", text);
}

/* What the edit of the model said, where the edit had no code of its own. */
static int refuse_edit(struct call *call, int r, const struct rw_error *err)
{
	struct rw_alibaba_fault *fault = &call->fault;

	switch (r) {
	case -ENOMEM:
		return call_out_of_memory(call);
	case -ENOSPC:
		return rw_alibaba_refuse_error(fault, 403, "AuthorizationLimitExceed", err);
	case -EPERM:
		return rw_alibaba_refuse_error(fault, 403, "InvalidOperation.ResourceManagedByCloudProduct",
					       err);
	case -EBUSY:
		return rw_alibaba_refuse_error(fault, 403, "DependencyViolation", err);
	case -EEXIST:
		return rw_alibaba_refuse_error(fault, 400, "InvalidOperation.RuleDuplicate", err);
	default:
		return rw_alibaba_refuse_error(fault, 400, "InvalidParameter", err);
	}
}

static int refuse_change(struct call *call, int r, const struct rw_error *err)
{
	struct rw_alibaba_fault *fault = &call->fault;

	switch (r) {
	case -EEXIST:
		return rw_alibaba_refuse(fault, 400, "IdempotentParameterMismatch",
					 "This ClientToken was used for another request.");
	case -EAGAIN:
		return rw_alibaba_refuse_error(fault, 409, "InvalidOperation.Conflict", err);
	case -ENOMEM:
		return call_out_of_memory(call);
	default:
		return rw_alibaba_refuse_error(fault, 503, "ServiceUnavailable", err);
	}
}

int call_change(struct call *call, const struct change *change, struct rw_change_result *ret_result)
{
	struct running running = {.call = call, .change = change};
	struct rw_change_request request = {
		.actor = &call->actor, .action = change->action, .edit = run_edit, .userdata = &running};
	struct rw_error err = RW_ERROR_NONE;
	char key[CLIENT_TOKEN_MAX + 16];
	int r = call_flag(call, "DryRun", &request.dry_run);

	*ret_result = (struct rw_change_result){0};
	if (r == 0)
		r = read_client_token(call, key, &request);
	if (r < 0)
		return r;
	r = rw_change_run(call->self->controller, &request, ret_result, &err);
	if (r == RW_CHANGE_GUARDED)
		return refuse_guarded(call, ret_result);
	if (r < 0)
		return running.result < 0 ? refuse_edit(call, r, &err) : refuse_change(call, r, &err);
	if (r != RW_CHANGE_REPLAYED && ret_result->changed && ret_result->concerned)
		call->change = ret_result->revision;
	if (request.dry_run)
		return rw_alibaba_refuse(&call->fault, 400, "DryRunOperation",
					 "Request validation has been passed with DryRun flag set.");
	return 0;
}
