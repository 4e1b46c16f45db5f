/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the kernel alone takes to tell many connections something and to hear each answer: one process sends 200 bytes
 * to all, the other sends as many back for each.  No TLS, no HTTP, nothing is read.
 *
 * usage: bench-fleet-push ADDRESS CONNECTIONS ROUNDS      {"told_ms":...,"answered_ms":...}, medians, on standard output
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "median.h"

#define MESSAGE_SIZE 200
#define ROUNDS_MAX   100

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	int yes = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

/* Reads one message from each of 'count' connections; sends one back if 'answers'.  Returns when the last has come. */
static double take_all(int epoll, int count, bool answers)
{
	struct epoll_event events[256];
	char message[MESSAGE_SIZE];

	for (int left = count; left > 0;) {
		int ready = epoll_wait(epoll, events, 256, -1);

		check(ready > 0 || errno == EINTR, "epoll_wait");
		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;

			if (recv(fd, message, sizeof(message), MSG_WAITALL) != sizeof(message))
				exit(0); /* the other end is done */
			if (answers)
				check(send(fd, message, sizeof(message), MSG_NOSIGNAL) == sizeof(message),
				      "send");
			left--;
		}
	}
	return now_ms();
}

/* The other end: connects as often as asked for, and tells when all were told. */
static void hold(const struct sockaddr_in *address, int count, int report)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		check(fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0,
		      "connect");
		watch(epoll, fd);
	}
	for (;;) {
		double told = take_all(epoll, count, true);

		check(write(report, &told, sizeof(told)) == sizeof(told), "write");
	}
}

static int accept_all(int listener, int *fds, int count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 0; i < count; i++) {
		fds[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		check(fds[i] >= 0, "accept");
		watch(epoll, fds[i]);
	}
	return epoll;
}

int main(int argc, char **argv)
{
	static double told[ROUNDS_MAX], answered[ROUNDS_MAX];
	static const char message[MESSAGE_SIZE];
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int count = argc == 4 ? atoi(argv[2]) : 0;
	int rounds = argc == 4 ? atoi(argv[3]) : 0;
	struct rlimit files;
	int reports[2], epoll, *fds;

	if (count < 1 || rounds < 1 || rounds > ROUNDS_MAX ||
	    inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
		(void)fputs("usage: bench-fleet-push ADDRESS CONNECTIONS ROUNDS\n", stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	fds = calloc((size_t)count, sizeof(*fds));
	check(fds && pipe(reports) == 0 && bind(listener, (struct sockaddr *)&address, size) == 0 &&
		      listen(listener, 4096) == 0 &&
		      getsockname(listener, (struct sockaddr *)&address, &size) == 0,
	      "cannot listen");
	if (fork() == 0)
		hold(&address, count, reports[1]);
	epoll = accept_all(listener, fds, count);
	for (int round = 0; round < rounds; round++) {
		double began = now_ms();

		for (int i = 0; i < count; i++)
			check(send(fds[i], message, sizeof(message), MSG_NOSIGNAL) == sizeof(message),
			      "send");
		answered[round] = take_all(epoll, count, false) - began;
		check(read(reports[0], &told[round], sizeof(told[round])) == sizeof(told[round]), "read");
		told[round] -= began;
	}
	(void)printf("{\"told_ms\":%.1f,\"answered_ms\":%.1f}\n", median(told, rounds),
		     median(answered, rounds));
	return 0;
}
