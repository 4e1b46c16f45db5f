/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The API over plain HTTP on loopback, on a controller with a memory store; a client in the same loop. */

#include "../controller/fixture.h"

#include "site.h"

#include "api/internal.h"
#include "controller/key.h"
#include "http/client.h"

#define FIXTURE_OWN_STREAMS 8 /* of a key */

struct api_fixture {
	struct fixture fx;
	struct rw_loop *loop;
	struct rw_http_server *server;
	struct rw_api *api;
	struct rw_http_client *client;
	char keys[RW_ROLE_ADMIN + 1][RW_TOKEN_SIZE + 8]; /* "Bearer ..." by role */
};

void api_fixture_init(struct api_fixture *fx);
void api_fixture_done(struct api_fixture *fx);

/* Another controller on the same store, with fx.options as they are now; sessions end. */
void api_fixture_restart(struct api_fixture *fx);

struct request {
	const char *method;
	const char *target;
	const char *body;   /* NULL = none */
	const char *key;    /* Authorization; NULL = none */
	const char *header; /* one more; NULL = none */
	const char *value;
	const struct rw_http_header *headers; /* and more */
	size_t header_count;
};

struct answer {
	unsigned int status;
	struct rw_http_result result;
	struct rw_json_document *document; /* NULL when the body is no JSON */
	struct rw_json root;
};

/* Asks and waits.  fixture_ask uses the admin's key. */
void fixture_send(struct api_fixture *fx, const struct request *request, struct answer *ret_answer);
void fixture_ask(struct api_fixture *fx, const char *method, const char *target, const char *body,
		 struct answer *ret_answer);
void answer_done(struct answer *answer);

/* Text of a member of the answer, "" when there is none; of member 'inner' of element 'index' of a list. */
const char *answer_text(const struct answer *answer, const char *key);
const char *answer_element(const struct answer *answer, const char *list, size_t index, const char *inner);
size_t answer_count(const struct answer *answer, const char *list);
/* A header's value, "" when there is none; valid until the next call. */
const char *answer_header(const struct answer *answer, const char *name);

/* Asks as admin, asserts the status, forgets the answer. */
void fixture_expect(struct api_fixture *fx, const char *method, const char *target, const char *body,
		    unsigned int status);
