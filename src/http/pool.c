/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_internal.h"

/*
 * Connections kept for the next call.  Each is watched, so that one the server has closed is dropped at once.
 */

static void idle_drop(struct idle_transport *idle)
{
	struct idle_transport **slot = &idle->client->idle;

	while (*slot != idle)
		slot = &(*slot)->next;
	*slot = idle->next;
	idle->client->idle_count--;
	transport_free(idle->transport);
	free(idle);
}

/* A kept connection has no business to speak, but for TLS messages that carry no data. */
static void idle_ready(unsigned int events, void *userdata)
{
	struct idle_transport *idle = userdata;
	char byte;

	(void)events;
	if (transport_read(idle->transport, &byte, 1, NULL) != -EAGAIN)
		idle_drop(idle);
}

void http_pool_keep(struct rw_http_client *client, struct transport *transport)
{
	static const struct transport_events events = {.ready = idle_ready};
	struct idle_transport *idle = NULL;

	/* One that has begun with other certificates than those of now is not used again, nor is one of old. */
	if (client->idle_count < RW_HTTP_CLIENT_MAX_IDLE && transport_uses(transport, client->tls) &&
	    transport_age_s(transport, rw_clock_realtime_ms(client->clock) / 1000) < RW_HTTP_CLIENT_MAX_AGE_S)
		idle = calloc(1, sizeof(*idle));
	if (!idle) {
		transport_free(transport);
		return;
	}
	*idle = (struct idle_transport){.client = client, .transport = transport, .next = client->idle};
	client->idle = idle;
	client->idle_count++;
	transport_set_owner(transport, &events, idle);
}

struct transport *http_pool_take(struct rw_http_client *client, const struct rw_http_url *url)
{
	for (struct idle_transport **slot = &client->idle; *slot; slot = &(*slot)->next) {
		struct idle_transport *idle = *slot;
		struct transport *transport = idle->transport;

		if (!transport_fits(transport, url))
			continue;
		*slot = idle->next;
		client->idle_count--;
		free(idle);
		return transport;
	}
	return NULL;
}

void http_pool_clear(struct rw_http_client *client)
{
	while (client->idle)
		idle_drop(client->idle);
}
