/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A storm of packets
 * ==================
 *
 * A thread of its own that sends all the while, so that nothing the test does is spared: datagrams that must
 * be refused, at a high rate, and one word each way in turn on a connection that must live.  The test fills in
 * the targets, begins, does its worst, ends, and then reads the counts.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORM_TARGET_MAX 4
#define STORM_PROBES     16 /* refused datagrams to each target between two words */

struct storm_target {
	const char *address;
	uint16_t port;
	int receiver;       /* UDP at address and port, which no rule opens */
	int client, server; /* the two ends of the connection; -1 = there is none */
};

/* All zero at first; 'sender' and the targets are the test's to fill in. */
struct storm {
	int sender; /* UDP */
	struct storm_target targets[STORM_TARGET_MAX];
	size_t target_count;
	pthread_t thread;
	atomic_bool over;
	pthread_mutex_t talking; /* held for a word each way */
	atomic_ulong probes;     /* refused datagrams sent */
	/* Not to be read before storm_end: */
	unsigned long passed; /* refused datagrams that arrived */
	unsigned long words;
	unsigned long lost; /* words that did not arrive in time */
};

struct storm_target *storm_add(struct storm *storm);
void storm_begin(struct storm *storm);
void storm_end(struct storm *storm);

/* Keeps the connections silent from now on, or no longer; the datagrams go on. */
void storm_hush(struct storm *storm, bool hushed);

/* Waits until so many more refused datagrams were sent. */
void storm_await(const struct storm *storm, unsigned long probes);

/* Closes every socket in it. */
void storm_close(struct storm *storm);
