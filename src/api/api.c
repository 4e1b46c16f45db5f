/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "controller/event.h"
#include "controller/flows.h"

int rw_api_new(const struct rw_api_options *options, struct rw_api **ret_api, struct rw_error *err)
{
	struct rw_api *api = calloc(1, sizeof(*api));

	if (!api)
		return rw_error_oom(err);
	api->controller = options->controller;
	api->loop = options->loop;
	api->clock = options->clock;
	api->random = options->random;
	api->console = options->console;
	api->metrics_open = options->metrics_open;
	api->controllers = options->controllers;
	api->controllers_userdata = options->controllers_userdata;
	api->server_url = strdup(options->server_url);
	if (!api->server_url) {
		free(api);
		return rw_error_oom(err);
	}
	rw_event_listen(api->controller, rw_api_pump_events, api);
	rw_flows_listen(api->controller, rw_api_pump_flows, api);
	*ret_api = api;
	return 0;
}

struct rw_api *rw_api_free(struct rw_api *api)
{
	if (!api)
		return NULL;
	assert(!api->event_streams);
	rw_api_works_forget(api);
	rw_event_listen(api->controller, NULL, NULL);
	rw_flows_listen(api->controller, NULL, NULL);
	free(api->server_url);
	free(api);
	return NULL;
}

void rw_api_tick(struct rw_api *api)
{
	rw_api_end_streams(api);
}

void rw_api_set_server(struct rw_api *api, const struct rw_http_server *server)
{
	api->server = server;
}

void rw_api_set_server_expiry(struct rw_api *api, int64_t unix_ms)
{
	api->server_expires_ms = unix_ms;
}
