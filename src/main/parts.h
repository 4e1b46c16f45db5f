/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parts of ringwalld, how they are opened and in which order they go.
 *
 *     folder   files beside the store            store        what is durable
 *     server   listens and hands requests on     controller, api, alibaba      what serves
 *
 * rw_parts_done closes what is open, whatever that is; a zeroed struct is closed.
 */

#include "api/api.h"
#include "controller/server_names.h"
#include "controller/state_folder.h"
#include "main/alibaba_server.h"
#include "main/daemon.h"
#include "main/flow_history.h"
#include "main/listen.h"

#define RW_PARTS_ENDPOINTS_MAX 32

struct rw_parts {
	const struct rw_daemon_options *options; /* borrowed */
	struct rw_listen_address listen;
	char host[65]; /* the machine's name, or "" */
	struct rw_state_folder folder;
	struct rw_server_names names; /* given now or before */
	struct rw_store *store;
	struct rw_flow_history *flow_history; /* NULL = none is kept */
	struct rw_loop *loop;                 /* NULL for commands that serve nobody */
	struct rw_http_server *server;
	struct rw_controller *controller;
	struct rw_api *api;
	struct rw_alibaba_server *alibaba;                    /* NULL = not served */
	uint16_t port;                                        /* that is listened on; 0 = none */
	char url[300];                                        /* what agents and people are told to call */
	struct rw_endpoint endpoints[RW_PARTS_ENDPOINTS_MAX]; /* where they reach that */
	size_t endpoint_count;
};

/* Zeroes and reads the options, which are borrowed. */
RW_NODISCARD int rw_parts_init(struct rw_parts *parts, const struct rw_daemon_options *options,
			       struct rw_error *err);

/* The order matters: streams end before the controller, the API after the streams that it holds. */
void rw_parts_done(struct rw_parts *parts);
RW_DEFINE_DONE(struct rw_parts, rw_parts_done)

/*
 * Root on a folder that belongs to somebody else becomes that user for good: files made as root in the
 * daemon's own folder ('key reset-admin' run by an administrator) could not be read by the daemon afterwards.
 */
RW_NODISCARD int rw_parts_become_owner(const struct rw_parts *parts, struct rw_error *err);

/* As the folder's owner.  The certificate's names: those given, else those given last, else what is listened on. */
RW_NODISCARD int rw_parts_open_folder(struct rw_parts *parts, struct rw_error *err);

/* -EBUSY when another process has it open; the hint says what to do. */
RW_NODISCARD int rw_parts_open_store(struct rw_parts *parts, struct rw_error *err);

/* Listens; every request goes to 'handler' with 'userdata'.  Fills in port, URL and endpoints. */
RW_NODISCARD int rw_parts_open_server(struct rw_parts *parts, rw_http_handler_fn handler, void *userdata,
				      struct rw_error *err);

RW_NODISCARD int rw_parts_open_controller(struct rw_parts *parts, struct rw_error *err);

/* The controller, the first key in its file if there is no key at all, and what serves on top. */
RW_NODISCARD int rw_parts_serve(struct rw_parts *parts, struct rw_error *err);
