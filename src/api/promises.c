/* SPDX-License-Identifier: Apache-2.0 */

/* Whether promises are kept. */

#include "api/internal.h"

#include "wire/promises.h"

int rw_api_check_promises(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_model *model = rw_controller_model(call->controller);
	const char *reference = rw_api_parameter(call, "network");
	const struct rw_network *network = reference ? rw_model_find_network(model, reference) : NULL;
	struct rw_buf buf;
	int r;

	if (reference && !network) {
		(void)rw_error_field(err, "network", "there is no such network");
		return rw_error_hint(err, "List them by GET /v1/networks.");
	}
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_promises_check(&buf, model, network ? network->id : NULL, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 200, &buf);
	return 0;
}
