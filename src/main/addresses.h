/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where a controller is reached. */

#include "base/buf.h"
#include "controller/server_names.h"
#include "main/listen.h"
#include "policy/policy.h"

/*
 * Fills 'endpoints' with the addresses by which agents reach a controller that listens there: names that are addresses,
 * and what is listened on, which for "any" is every global address of this machine.  Gives their number, 'max' at most.
 */
size_t rw_addresses_find(const struct rw_listen_address *listen, const struct rw_server_names *names,
			 uint16_t port, struct rw_endpoint *endpoints, size_t max);

/* "https://NAME:PORT", IPv6 addresses in brackets. */
void rw_addresses_make_url(bool plain, const char *name, uint16_t port, char *url, size_t url_size);

/*
 * Where the members of etcd listen, from their URLs, a line each: fills 'endpoints' with those that are given by an
 * address, each once, and gives their number, 'max' at most.  Those that are given by a name are appended to 'names',
 * parted by spaces: looking them up would take its time, and may come to something else on another controller, which
 * must come to the same policies.  What is reached from its own machine alone, "localhost", is left out.
 */
size_t rw_addresses_of_urls(const char *urls, struct rw_endpoint *endpoints, size_t max,
			    struct rw_buf *names);
