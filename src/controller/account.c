/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/internal.h"

struct stored {
	int64_t version;
	char account[RW_ACCOUNT_SIZE];
};

static const struct rw_json_field stored_fields[] = {
	RW_JSON_FIELD("version", struct stored, version, rw_json_decode_integer, .min = 1, .max = INT32_MAX),
	RW_JSON_FIELD("account", struct stored, account, rw_json_decode_chars, .required = true),
};

int account_fold(struct rw_controller *controller, const struct rw_json *value, struct rw_error *err)
{
	struct stored stored = {0};
	int r;

	if (!value)
		return rw_error_set(err, -EUCLEAN, "the account is missing");
	r = rw_json_decode(value, RW_JSON_FIELDS(stored_fields), &stored, NULL, err);
	if (r == 0)
		(void)memcpy(controller->account, stored.account, sizeof(stored.account));
	return r;
}

static int make(struct rw_controller *controller, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	char text[80];
	uint64_t number, revision;

	controller->random->fill(controller->random, &number, sizeof(number));
	/* Sixteen digits, the first not 0. */
	number = UINT64_C(1000000000000000) + number % UINT64_C(9000000000000000);
	(void)snprintf(text, sizeof(text), "{\"version\":%d,\"account\":\"%" PRIu64 "\"}", RW_LAYOUT_VERSION,
		       number);
	rw_store_txn_init(&txn);
	rw_store_txn_expect(&txn, RW_LAYOUT_ACCOUNT, 0);
	rw_store_txn_put(&txn, RW_LAYOUT_ACCOUNT, text, strlen(text));
	return rw_store_commit(controller->store, &txn, &revision, err);
}

int rw_controller_account(struct rw_controller *controller, char ret_account[RW_ACCOUNT_SIZE],
			  struct rw_error *err)
{
	int r = 0;

	inventory_pump(controller);
	if (!controller->account[0]) {
		r = make(controller, err);
		/* Made by us, or in a conflict by another controller. */
		inventory_pump(controller);
	}
	if (r < 0)
		return r;
	if (!controller->account[0])
		return rw_error_set(err, -EAGAIN, "the account's number cannot be read yet");
	(void)memcpy(ret_account, controller->account, RW_ACCOUNT_SIZE);
	return 0;
}
