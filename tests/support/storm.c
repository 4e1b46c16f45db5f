/* SPDX-License-Identifier: Apache-2.0 */
#include "storm.h"

#include "test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter.h"

#define BREATH_MS   2
#define AWAIT_LOOKS 10000

static void probe(struct storm *storm, const struct storm_target *target)
{
	char bytes[16];

	for (size_t k = 0; k < STORM_PROBES; k++)
		atomic_fetch_add(&storm->probes,
				 filter_send_to(storm->sender, target->address, target->port, 8));
	while (recv(target->receiver, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		storm->passed++;
}

static void talk(struct storm *storm, const struct storm_target *target)
{
	storm->words += 2;
	storm->lost += !filter_says(target->client, target->server);
	storm->lost += !filter_says(target->server, target->client);
}

static void *blow(void *context)
{
	struct storm *storm = context;

	while (!atomic_load(&storm->over)) {
		for (size_t i = 0; i < storm->target_count; i++) {
			probe(storm, &storm->targets[i]);
			if (storm->targets[i].client < 0 || pthread_mutex_trylock(&storm->talking) != 0)
				continue;
			talk(storm, &storm->targets[i]);
			(void)pthread_mutex_unlock(&storm->talking);
		}
		(void)poll(NULL, 0, BREATH_MS);
	}
	return NULL;
}

struct storm_target *storm_add(struct storm *storm)
{
	assert_true(storm->target_count < STORM_TARGET_MAX);
	return &storm->targets[storm->target_count++];
}

void storm_begin(struct storm *storm)
{
	assert_int_equal(pthread_mutex_init(&storm->talking, NULL), 0);
	assert_int_equal(pthread_create(&storm->thread, NULL, blow, storm), 0);
}

void storm_hush(struct storm *storm, bool hushed)
{
	assert_int_equal(hushed ? pthread_mutex_lock(&storm->talking) : pthread_mutex_unlock(&storm->talking),
			 0);
}

void storm_await(const struct storm *storm, unsigned long probes)
{
	unsigned long enough = atomic_load(&storm->probes) + probes;

	for (int look = 0; look < AWAIT_LOOKS && atomic_load(&storm->probes) < enough; look++)
		(void)poll(NULL, 0, BREATH_MS);
	assert_true(atomic_load(&storm->probes) >= enough);
}

void storm_end(struct storm *storm)
{
	atomic_store(&storm->over, true);
	assert_int_equal(pthread_join(storm->thread, NULL), 0);
}

void storm_close(struct storm *storm)
{
	for (size_t i = 0; i < storm->target_count; i++) {
		(void)close(storm->targets[i].receiver);
		if (storm->targets[i].client >= 0) {
			(void)close(storm->targets[i].client);
			(void)close(storm->targets[i].server);
		}
	}
	(void)close(storm->sender);
}
