/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A TCP relay that can be told to cut
 * ===================================
 *
 * Stands between a client and a server and passes bytes both ways, in a process of its own.  Told to, it
 * passes so many more bytes from the server to clients and then resets every connection: a network that
 * breaks in the middle of something.
 */

#include <stdint.h>
#include <sys/types.h>

struct cutter {
	pid_t pid;
	struct cutter_shared *shared;
};

/* Relays 'address':'port' (IPv4, in 'ns') to 'server_address':'port'. */
void cutter_start(struct cutter *cutter, int ns, const char *address, const char *server_address,
		  uint16_t port);

/* Cuts after 'bytes' more from the server; once. */
void cutter_arm(const struct cutter *cutter, uint64_t bytes);

/* How often it has cut. */
unsigned int cutter_cuts(const struct cutter *cutter);
void cutter_stop(struct cutter *cutter);
