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
#include "main/registry.h"
#include "store/etcd/etcd.h"

#define RW_PARTS_ENDPOINTS_MAX 32

struct rw_parts {
	const struct rw_daemon_options *options; /* borrowed */
	struct rw_listen_address listen;
	char host[65]; /* the machine's name, or "" */
	struct rw_state_folder folder;
	struct rw_server_names names; /* given now or before */
	struct rw_etcd *etcd;         /* NULL = the store is in the folder */
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
	struct rw_endpoint
		store_endpoints[RW_PARTS_ENDPOINTS_MAX]; /* where etcd listens, for nodes that host it */
	size_t store_endpoint_count;
	const struct rw_registry *registry; /* all controllers; borrowed; NULL = there is only this one */
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

/*
 * The way to etcd that the options name, with a loop for it if there is none; 'holder' is how others see who has the
 * claim.  -EINVAL for options that do not fit; -EPERM others may read the password; failures of files.
 */
RW_NODISCARD int rw_parts_open_etcd(struct rw_parts *parts, const char *holder, struct rw_error *err);

/* Learns where the members of etcd listen, for controllers that are opened later; warns of those that say it by name. */
void rw_parts_learn_store(struct rw_parts *parts);

/* Notes in the folder, which is open, that its store is in etcd. */
RW_NODISCARD int rw_parts_mark_store(const struct rw_parts *parts, struct rw_error *err);

/* Opens the store in the folder, which is open already, for this process alone.  -EBUSY; -EUCLEAN when the store was in etcd
 * so far; the hints say what to do. */
RW_NODISCARD int rw_parts_open_store(struct rw_parts *parts, struct rw_error *err);

/*
 * Puts the shared authorities, of which the record 'bytes' tells (controller/shared_authority.h), into the folder.  If
 * that is open, it holds them afterwards and shows what comes of them.
 */
RW_NODISCARD int rw_parts_pull(struct rw_parts *parts, const void *bytes, size_t size, struct rw_error *err);

/* The same with the record that is in the store, if there is one. */
RW_NODISCARD int rw_parts_pull_from_store(struct rw_parts *parts, struct rw_error *err);

/* Listens; every request goes to 'handler' with 'userdata'.  Fills in port, URL and endpoints. */
RW_NODISCARD int rw_parts_open_server(struct rw_parts *parts, rw_http_handler_fn handler, void *userdata,
				      struct rw_error *err);

/* How this controller is called, once it listens: what the URL names, "a.example.net:8443". */
const char *rw_parts_name(const struct rw_parts *parts);

/* With the endpoints and URLs of the registry, if there is one; the authorities are then in the store as well. */
RW_NODISCARD int rw_parts_open_controller(struct rw_parts *parts, struct rw_error *err);

/* The controller, the first key in its file if there is no key at all, and what serves on top. */
RW_NODISCARD int rw_parts_serve(struct rw_parts *parts, struct rw_error *err);

/* Closes what that has opened.  Streams and deferred answers end; the server goes on listening. */
void rw_parts_stop_serving(struct rw_parts *parts);
