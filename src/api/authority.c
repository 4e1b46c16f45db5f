/* SPDX-License-Identifier: Apache-2.0 */

/* The authority: how it stands, and the steps of replacing it. */

#include "api/internal.h"

#include "controller/authority.h"

static void put_certificate(struct rw_json_writer *json, const char *key, const struct rw_cert_info *info)
{
	rw_json_key(json, key);
	if (!info->fingerprint[0]) {
		rw_json_write_null(json);
		return;
	}
	rw_json_begin_object(json);
	rw_json_put_text(json, "fingerprint", info->fingerprint);
	rw_json_put_time(json, "expires", info->not_after_s * 1000);
	rw_json_end_object(json);
}

static int answer(struct rw_api_call *call, struct rw_error *err)
{
	struct rw_authority_status status;
	struct rw_json_writer json;
	struct rw_buf buf;
	int r = rw_authority_status(call->controller, &status, err);

	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "stage", rw_word_of(rw_words_authority_stage, (int)status.stage));
	put_certificate(&json, "issuing", &status.issuing);
	put_certificate(&json, "other", &status.other);
	rw_json_key(&json, "server_expires");
	if (status.server_not_after_s)
		rw_json_write_time(&json, status.server_not_after_s * 1000);
	else
		rw_json_write_null(&json);
	rw_json_put_integer(&json, "nodes", (int64_t)status.nodes);
	rw_json_put_integer(&json, "nodes_not_trusting", (int64_t)status.nodes_not_trusting);
	rw_json_put_integer(&json, "nodes_to_renew", (int64_t)status.nodes_to_renew);
	rw_json_put_text(&json, "ca", rw_authority_trust(call->controller));
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}

int rw_api_get_authority(struct rw_api_call *call, struct rw_error *err)
{
	return answer(call, err);
}

int rw_api_introduce_authority(struct rw_api_call *call, struct rw_error *err)
{
	int r = rw_authority_introduce(call->controller, &call->actor, err);

	rw_api_pump_events(call->api);
	return r < 0 ? r : answer(call, err);
}

int rw_api_switch_authority(struct rw_api_call *call, struct rw_error *err)
{
	bool force = false;
	int r = rw_api_flag(call, "force", &force, err);

	if (r == 0)
		r = rw_authority_switch(call->controller, &call->actor, force, err);
	rw_api_pump_events(call->api);
	return r < 0 ? r : answer(call, err);
}

int rw_api_retire_authority(struct rw_api_call *call, struct rw_error *err)
{
	bool force = false;
	int r = rw_api_flag(call, "force", &force, err);

	if (r == 0)
		r = rw_authority_retire(call->controller, &call->actor, force, err);
	rw_api_pump_events(call->api);
	return r < 0 ? r : answer(call, err);
}
