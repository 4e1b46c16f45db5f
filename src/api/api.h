/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The native API
 * ==============
 *
 * Translates HTTP into calls of src/controller and their results into JSON; holds no state of its own but
 * deferred answers and streams.  docs/openapi.yaml is its written form, docs/api.md its guide.
 *
 * Every request goes through one table of routes (routes.c): method, path, who may, what runs.  Who is
 * asked once, in one place (auth.c); errors leave as problem documents in one place (answer.c).
 *
 * Threads: the loop's, as the HTTP server's handler.
 */

#include "assets/assets.h"
#include "base/clock.h"
#include "controller/controller.h"
#include "http/server.h"
#include "loop/loop.h"

struct rw_api;

/* One of several controllers, as the status tells of them; the texts are lent. */
struct rw_api_controller {
	const char *name; /* "a.example.net:8443" */
	const char *url;
	bool active;
	int64_t seen_ms; /* when it said last that it is there, Unix time; once a day */
};

#define RW_API_CONTROLLERS_MAX 16

struct rw_api_options {
	struct rw_controller *controller; /* borrowed */
	struct rw_loop *loop;             /* borrowed */
	const struct rw_clock *clock;     /* borrowed */
	const struct rw_random *random;   /* borrowed */
	const struct rw_assets *console;  /* borrowed: what is served at "/" */
	const char *server_url;           /* copied: what join commands tell agents, "https://host:8443" */
	bool metrics_open; /* who calls from this host reads /metrics without a key; so does everybody behind
			      a proxy that runs on it */
	/* Fills in the controllers there are, 'max' at most, and gives their number; NULL = only this one. */
	size_t (*controllers)(void *userdata, struct rw_api_controller *controllers, size_t max);
	void *controllers_userdata;
};

/* -ENOMEM, failures of the loop. */
RW_NODISCARD int rw_api_new(const struct rw_api_options *options, struct rw_api **ret_api,
			    struct rw_error *err);

/* After the HTTP server was freed (which ends deferred exchanges and streams), before the controller. */
struct rw_api *rw_api_free(struct rw_api *api);
RW_DEFINE_CLEANUP(struct rw_api *, rw_api_free)

/* The HTTP server's handler; 'api' is its userdata. */
void rw_api_handle(struct rw_http_exchange *exchange, void *api);

/* Ends the event streams of keys and sessions that are over.  Call it behind rw_controller_tick. */
void rw_api_tick(struct rw_api *api);

/* Tells the API which server carries it, for its metrics; borrowed. */
void rw_api_set_server(struct rw_api *api, const struct rw_http_server *server);

/* Tells the API when the server's certificate expires; 0 = it has none. */
void rw_api_set_server_expiry(struct rw_api *api, int64_t unix_ms);

/* Writes one line a route, "METHOD /path role", in the order of the table: for checking documents. */
RW_NODISCARD int rw_api_list_routes(struct rw_buf *buf);
