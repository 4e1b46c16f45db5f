/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The APIs of Alibaba Cloud, as far as they concern security groups and clusters
 * ==============================================================================
 *
 * Translates requests of the ECS API 2014-05-26 and of the Container Service API 2015-12-15 into calls of
 * src/controller, so that their SDKs, command line and Terraform provider work against ringwall.  There is no second
 * model: a VPC is a network, an instance a node, a security group a group, and every change is the native one, with its
 * guards and its record in the log.  docs/alibaba.md says what is there and what differs.
 *
 * Who calls signs with an API key of ringwall: its id is the access key id, its secret the access key secret (claim.h);
 * viewers read, operators and admins change.
 *
 * It is served on addresses of its own, because its requests are larger and its errors of another form than the native
 * API's.  Threads: the loop's, as the HTTP server's handler.  A request is answered before the handler returns, or once
 * nodes enforce its change (wait_ms).
 */

#include "base/clock.h"
#include "controller/controller.h"
#include "http/server.h"

/* What an HTTP server for rw_alibaba_handle needs; its raw_query must be set.  Several may serve one. */
#define RW_ALIBABA_TARGET_BYTES (128u << 10)
#define RW_ALIBABA_HEADER_BYTES                                                                              \
	(512u << 10) /* of memory a connection: target, and its parameters once more */
#define RW_ALIBABA_BODY_BYTES  (512u << 10)
#define RW_ALIBABA_CONNECTIONS 256

#define RW_ALIBABA_WAIT_MAX_MS 5000

struct rw_alibaba;

struct rw_alibaba_options {
	struct rw_controller *controller; /* borrowed, as the next two */
	const struct rw_clock *clock;
	const struct rw_random *random;
	const char *region;  /* copied: the one there is */
	const char *network; /* copied, nullable: id or name of the network meant when no VpcId is given */
	uint64_t
		wait_ms; /* for how long an answer to a change waits for nodes; at most RW_ALIBABA_WAIT_MAX_MS */
};

/* Whether the text may be the name of a region. */
bool rw_alibaba_is_region(const char *text);

/* -EINVAL for a region that is none; -ENOMEM. */
RW_NODISCARD int rw_alibaba_new(const struct rw_alibaba_options *options, struct rw_alibaba **ret_alibaba,
				struct rw_error *err);

/* After the HTTP servers were freed, before the controller. */
struct rw_alibaba *rw_alibaba_free(struct rw_alibaba *alibaba);
RW_DEFINE_CLEANUP(struct rw_alibaba *, rw_alibaba_free)

/* The HTTP server's handler; 'alibaba' is its userdata. */
void rw_alibaba_handle(struct rw_http_exchange *exchange, void *alibaba);
