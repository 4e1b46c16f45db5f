/* SPDX-License-Identifier: Apache-2.0 */
#include "cutter.h"

#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "process.h"

#define PAIRS_MAX 8

struct cutter_shared {
	_Atomic int64_t left; /* bytes until the cut; negative = not armed */
	_Atomic unsigned int cuts;
};

/* In the relay's process: sockets of a client and of the server for it; -1 = free. */
struct pair {
	int client, server;
};

static void reset_pair(struct pair *pair)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)setsockopt(pair->server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(pair->client);
	(void)close(pair->server);
	*pair = (struct pair){-1, -1};
}

static void accept_client(struct pair *pairs, int listener, const struct sockaddr_in *server)
{
	int client = accept(listener, NULL, NULL);
	int upstream = socket(AF_INET, SOCK_STREAM, 0);

	for (size_t i = 0; i < PAIRS_MAX; i++) {
		if (pairs[i].client >= 0)
			continue;
		if (connect(upstream, (const struct sockaddr *)server, sizeof(*server)) < 0)
			break;
		pairs[i] = (struct pair){client, upstream};
		return;
	}
	(void)close(client);
	(void)close(upstream);
}

/* Passes what is there; false when the connection is over. */
static bool pass(int from, int to, size_t limit)
{
	char block[4096];
	ssize_t got = recv(from, block, limit < sizeof(block) ? limit : sizeof(block), 0);

	return got > 0 && send(to, block, (size_t)got, MSG_NOSIGNAL) == got;
}

/* Passes bytes of the server as far as the limit allows; false when the pair is to be cut. */
static bool pass_down(struct cutter_shared *shared, struct pair *pair)
{
	int64_t left = atomic_load(&shared->left);
	char block[4096];
	ssize_t got;

	if (left < 0)
		return pass(pair->server, pair->client, sizeof(block));
	got = recv(pair->server, block, left < (int64_t)sizeof(block) ? (size_t)left + 1 : sizeof(block),
		   MSG_PEEK);
	if (got > left) {
		(void)(left && pass(pair->server, pair->client, (size_t)left));
		return false;
	}
	atomic_fetch_sub(&shared->left, got);
	return pass(pair->server, pair->client, (size_t)got);
}

static void serve(struct cutter_shared *shared, struct pair *pairs, const struct pollfd *events)
{
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		bool alive = pairs[i].client >= 0;

		if (alive && events[2 * i].revents)
			alive = pass(pairs[i].client, pairs[i].server, 4096);
		if (alive && events[2 * i + 1].revents) {
			int64_t left = atomic_load(&shared->left);

			alive = pass_down(shared, &pairs[i]);
			if (!alive && left >= 0) {
				for (size_t k = 0; k < PAIRS_MAX; k++)
					if (pairs[k].client >= 0)
						reset_pair(&pairs[k]);
				atomic_store(&shared->left, -1);
				atomic_fetch_add(&shared->cuts, 1);
				return;
			}
		}
		if (!alive && pairs[i].client >= 0)
			reset_pair(&pairs[i]);
	}
}

static void relay(struct cutter_shared *shared, int listener, const struct sockaddr_in *server)
{
	struct pair pairs[PAIRS_MAX];
	struct pollfd events[2 * PAIRS_MAX + 1];

	for (size_t i = 0; i < PAIRS_MAX; i++)
		pairs[i] = (struct pair){-1, -1};
	for (;;) {
		for (size_t i = 0; i < PAIRS_MAX; i++) {
			events[2 * i] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
			events[2 * i + 1] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
		}
		events[2 * PAIRS_MAX] = (struct pollfd){.fd = listener, .events = POLLIN};
		if (poll(events, 2 * PAIRS_MAX + 1, -1) < 0)
			continue;
		serve(shared, pairs, events);
		if (events[2 * PAIRS_MAX].revents)
			accept_client(pairs, listener, server);
	}
}

void cutter_start(struct cutter *cutter, int ns, const char *address, const char *server_address,
		  uint16_t port)
{
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
	int listener = process_listen(ns, address, port);

	assert_int_equal(inet_pton(AF_INET, server_address, &server.sin_addr), 1);
	cutter->shared = mmap(NULL, sizeof(*cutter->shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(cutter->shared, MAP_FAILED);
	atomic_init(&cutter->shared->left, -1);
	cutter->pid = fork();
	assert_true(cutter->pid >= 0);
	if (cutter->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(ns, CLONE_NEWNET) < 0)
			_exit(1);
		relay(cutter->shared, listener, &server);
	}
	(void)close(listener);
}

void cutter_arm(const struct cutter *cutter, uint64_t bytes)
{
	atomic_store(&cutter->shared->left, (int64_t)bytes);
}

unsigned int cutter_cuts(const struct cutter *cutter)
{
	return atomic_load(&cutter->shared->cuts);
}

void cutter_stop(struct cutter *cutter)
{
	if (!cutter->pid)
		return;
	(void)kill(cutter->pid, SIGKILL);
	(void)waitpid(cutter->pid, NULL, 0);
	(void)munmap(cutter->shared, sizeof(*cutter->shared));
	*cutter = (struct cutter){0};
}
