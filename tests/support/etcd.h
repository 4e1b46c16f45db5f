/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A real etcd for tests: one member on loopback, with its data in a scratch folder.  It dies with the test that started
 * it.
 */

#include <stdint.h>
#include <sys/types.h>

struct etcd_member {
	pid_t pid; /* 0 = not running */
	uint16_t port;
	uint16_t peer_port;
	char url[40];
	char folder[96];
	char log[112];
};

/* Starts a member on ports of its own, with its data in 'folder'; it may not answer yet when this returns. */
void etcd_start(struct etcd_member *member, const char *folder);

/* Kills it, and starts it again on the same data and ports. */
void etcd_kill(struct etcd_member *member);
void etcd_restart(struct etcd_member *member);

/* A port of loopback that nobody listens on. */
uint16_t etcd_free_port(void);
