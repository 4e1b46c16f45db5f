/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The servers of the Alibaba-compatible API: by TLS, and where it is asked for by plain HTTP on loopback as well.  They
 * have addresses of their own: their requests are larger than the native API's, and nobody shows a certificate there.
 */

#include "controller/controller.h"
#include "loop/loop.h"

struct rw_alibaba_server;

/* Everything borrowed; the texts during the call only. */
struct rw_alibaba_server_options {
	struct rw_loop *loop;
	struct rw_controller *controller;
	const char *listen;       /* "ADDR:PORT" of TLS; nullable */
	const char *plain_listen; /* "ADDR:PORT" of plain HTTP, a loopback address; nullable */
	const char *region;
	const char *network; /* nullable */
	uint64_t wait_ms;
	const char *cert_pem;
	const char *key_pem;
};

RW_NODISCARD int rw_alibaba_server_open(const struct rw_alibaba_server_options *options,
					struct rw_alibaba_server **ret_server, struct rw_error *err);

/* Shows new connections another certificate. */
RW_NODISCARD int rw_alibaba_server_renew(struct rw_alibaba_server *server, const char *cert_pem,
					 const char *key_pem, struct rw_error *err);

/* Before the controller is freed.  NULL is fine. */
struct rw_alibaba_server *rw_alibaba_server_close(struct rw_alibaba_server *server);
RW_DEFINE_CLEANUP(struct rw_alibaba_server *, rw_alibaba_server_close)
