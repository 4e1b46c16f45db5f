/* SPDX-License-Identifier: Apache-2.0 */
#include "halves.h"

#include "test.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"

enum { SOCKETS = 32, RULES = 1000, PATIENCE_MS = 5000 /* until a packet is lost */ };

/* What the sender tells. */
struct halves_progress {
	atomic_bool stop;
	atomic_ulong good, bad; /* packets sent */
	atomic_ulong received;  /* of the good ones */
};

struct rw_policy *halves_policy(const char *interface, unsigned int number)
{
	const char *texts[RULES + 1] = {NULL};
	struct rw_policy *policy;

	for (unsigned int i = 0; i < RULES; i++) {
		char text[96];

		(void)snprintf(text, sizeof(text), "sgr-%04u in %s %s %u/%u 10.%u.%u.0/24", i,
			       (i + number) % 3 ? "accept" : "drop", i % 2 ? "tcp" : "udp",
			       1000 + i + number * 7, 1100 + i, i % 200 + 1, (i * 7 + number) % 250);
		texts[i] = strdup(text);
	}
	free((char *)(uintptr_t)texts[number * 100]);
	texts[number * 100] = strdup("sgr-good in accept udp 53/53 10.0.0.0/24");
	policy = filter_policy(interface, texts);
	for (unsigned int i = 0; i < RULES; i++)
		free((char *)(uintptr_t)texts[i]);
	return policy;
}

void halves_init(struct halves *halves, int node, const char *to)
{
	*halves = (struct halves){
		.to = to, .good = filter_udp(node, to, HALVES_GOOD), .bad = filter_udp(node, to, HALVES_BAD)};
	halves->progress = mmap(NULL, sizeof(*halves->progress), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(halves->progress, MAP_FAILED);
}

static size_t drain(int fd)
{
	char bytes[64];
	size_t count = 0;

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		count++;
	return count;
}

/*
 * Takes what has arrived until that is all, so that no queue on the way overflows where somebody is slow.  What is lost
 * is not waited for again.
 */
static void take_all(const struct halves *halves, unsigned long *lost)
{
	struct halves_progress *progress = halves->progress;
	bool some = true;

	for (;;) {
		atomic_fetch_add(&progress->received, drain(halves->good));
		if (atomic_load(&progress->received) + *lost >= atomic_load(&progress->good) || !some)
			break;
		some = netns_readable(halves->good, PATIENCE_MS);
	}
	*lost = atomic_load(&progress->good) - atomic_load(&progress->received);
}

static void send_on(const struct halves *halves, int peer, const char *from)
{
	struct halves_progress *progress = halves->progress;
	int sockets[SOCKETS];
	unsigned long lost = 0;

	for (int i = 0; i < SOCKETS; i++)
		sockets[i] = filter_udp(peer, from, 0);
	for (unsigned int i = 0; !atomic_load(&progress->stop); i++) {
		int *fd = &sockets[i / 4 % SOCKETS];

		if (i % 4 == 0) {
			(void)close(*fd);
			*fd = filter_udp(peer, from, 0);
		}
		(void)filter_send_to(*fd, halves->to, i % 2 ? HALVES_GOOD : HALVES_BAD, 8);
		atomic_fetch_add(i % 2 ? &progress->good : &progress->bad, 1);
		if (i % 16 == 15)
			take_all(halves, &lost);
	}
	take_all(halves, &lost);
	_exit(0);
}

void halves_begin(struct halves *halves, int peer, const char *from)
{
	halves->pid = fork();
	assert_true(halves->pid >= 0);
	if (halves->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		send_on(halves, peer, from);
	}
}

void halves_await(struct halves *halves, unsigned long sent)
{
	for (int i = 0; i < 200000 && atomic_load(&halves->progress->good) < sent; i++)
		(void)usleep(20);
	assert_true(atomic_load(&halves->progress->good) >= sent);
}

void halves_await_more(struct halves *halves, unsigned long more)
{
	halves_await(halves, atomic_load(&halves->progress->good) + more);
}

struct halves_counts halves_stop(struct halves *halves)
{
	struct halves_counts counts;
	int status;

	atomic_store(&halves->progress->stop, true);
	assert_int_equal(waitpid(halves->pid, &status, 0), halves->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	counts = (struct halves_counts){
		.accepted = atomic_load(&halves->progress->good),
		.refused = atomic_load(&halves->progress->bad),
		.leaked = drain(halves->bad),
	};
	counts.lost = counts.accepted - atomic_load(&halves->progress->received);
	return counts;
}

void halves_end(struct halves *halves)
{
	struct halves_counts counts = halves_stop(halves);

	print_message("%lu accepted packets, %lu refused ones\n", counts.accepted, counts.refused);
	assert_int_equal(counts.lost, 0);
	assert_int_equal(counts.leaked, 0);
}

void halves_done(struct halves *halves)
{
	(void)munmap(halves->progress, sizeof(*halves->progress));
	(void)close(halves->good);
	(void)close(halves->bad);
}
