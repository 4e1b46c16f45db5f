/* SPDX-License-Identifier: Apache-2.0 */
#include "main/alibaba_server.h"

#include <stdlib.h>

#include "alibaba/alibaba.h"
#include "base/log.h"
#include "http/server.h"
#include "main/listen.h"

struct rw_alibaba_server {
	struct rw_alibaba *alibaba;
	struct rw_http_server *tls;   /* nullable */
	struct rw_http_server *plain; /* nullable */
};

struct rw_alibaba_server *rw_alibaba_server_close(struct rw_alibaba_server *self)
{
	if (!self)
		return NULL;
	if (self->tls)
		(void)rw_http_server_free(self->tls);
	if (self->plain)
		(void)rw_http_server_free(self->plain);
	(void)rw_alibaba_free(self->alibaba);
	free(self);
	return NULL;
}

static int listen_on(const struct rw_alibaba_server_options *options, const char *option, const char *text,
		     struct rw_alibaba *alibaba, struct rw_http_server **ret_server, struct rw_error *err)
{
	struct rw_http_server_options server = {
		.loop = options->loop,
		.clock = rw_clock_system(),
		.plain = text == options->plain_listen,
		.cert_pem = options->cert_pem,
		.key_pem = options->key_pem,
		.raw_query = true,
		.limits = {.body_bytes = RW_ALIBABA_BODY_BYTES,
			   .target_bytes = RW_ALIBABA_TARGET_BYTES,
			   .header_bytes = RW_ALIBABA_HEADER_BYTES,
			   .connections = RW_ALIBABA_CONNECTIONS,
			   .address_connections = RW_ALIBABA_CONNECTIONS / 4},
		.handler = rw_alibaba_handle,
		.userdata = alibaba,
	};
	struct rw_listen_address listen;
	int r = rw_listen_parse(option, text, &listen, err);

	if (r < 0)
		return r;
	server.address = listen.text;
	server.port = listen.port;
	r = rw_http_server_new(&server, ret_server, err);
	if (r == 0)
		rw_log_info("serving the Alibaba-compatible API  protocol=%s address=%s port=%u region=%s",
			    server.plain ? "http" : "https", listen.text, rw_http_server_port(*ret_server),
			    options->region);
	return r;
}

int rw_alibaba_server_open(const struct rw_alibaba_server_options *options,
			   struct rw_alibaba_server **ret_server, struct rw_error *err)
{
	const struct rw_alibaba_options alibaba = {
		.controller = options->controller,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.region = options->region,
		.network = options->network,
		.wait_ms = options->wait_ms,
	};
	RW_CLEANUP(rw_alibaba_server_close) struct rw_alibaba_server *self = calloc(1, sizeof(*self));
	int r = self ? rw_alibaba_new(&alibaba, &self->alibaba, err) : rw_error_oom(err);

	if (r == 0 && options->listen)
		r = listen_on(options, "--alibaba-listen", options->listen, self->alibaba, &self->tls, err);
	if (r == 0 && options->plain_listen)
		r = listen_on(options, "--alibaba-plain-listen", options->plain_listen, self->alibaba,
			      &self->plain, err);
	if (r == 0)
		*ret_server = RW_TAKE_PTR(self);
	return r;
}

int rw_alibaba_server_renew(struct rw_alibaba_server *self, const char *cert_pem, const char *key_pem,
			    struct rw_error *err)
{
	return self->tls ? rw_http_server_renew(self->tls, cert_pem, key_pem, NULL, err) : 0;
}
