/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netns.h"

#define CONNECT_MS   250
#define FIRST_SYN_MS 990
#define LOOK_MS      20

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Between two looks at something that has no descriptor to wait for. */
static void pause_between_looks(void)
{
	(void)poll(NULL, 0, LOOK_MS);
}

/* In the child: never returns. */
static void become(int ns, int out, int err, const char *const *argv)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ns >= 0 && setns(ns, CLONE_NEWNET) < 0)
		_exit(126);
	if (out >= 0)
		(void)dup2(out, STDOUT_FILENO);
	if (err >= 0)
		(void)dup2(err, STDERR_FILENO);
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void process_start(struct process *process, int ns, const char *log, const char *const *argv)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)snprintf(process->log, sizeof(process->log), "%s", log);
	process->pid = fork();
	assert_true(process->pid >= 0);
	if (process->pid == 0)
		become(ns, fd, fd, argv);
	(void)close(fd);
}

void process_signal(const struct process *process, int number)
{
	assert_int_equal(kill(process->pid, number), 0);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_wait(struct process *process)
{
	uint64_t deadline = now_ms() + PROCESS_PATIENCE_MS;
	int status;

	while (waitpid(process->pid, &status, WNOHANG) == 0) {
		if (now_ms() > deadline)
			fail_msg("process %d does not end", (int)process->pid);
		pause_between_looks();
	}
	process->pid = 0;
	return status_of(status);
}

void process_stop(struct process *process, int number)
{
	if (!process->pid)
		return;
	process_signal(process, number);
	(void)process_wait(process);
}

int process_run(int ns, char *output, size_t output_size, const char *const *argv)
{
	int status, ends[2];
	size_t size = 0;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become(ns, ends[1], -1, argv);
	(void)close(ends[1]);
	for (;;) {
		char block[4096];
		ssize_t got = read(ends[0], block, sizeof(block));

		if (got <= 0)
			break;
		if (output && size + (size_t)got < output_size) {
			memcpy(output + size, block, (size_t)got);
			size += (size_t)got;
		}
	}
	if (output)
		output[size] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status_of(status);
}

static void read_log(const struct process *process, char *text, size_t size)
{
	int fd = open(process->log, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);

	text[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

bool process_log_has(const struct process *process, const char *text)
{
	static char log[1 << 18];

	read_log(process, log, sizeof(log));
	return strstr(log, text) != NULL;
}

void process_expect_log(const struct process *process, const char *text)
{
	uint64_t deadline = now_ms() + PROCESS_PATIENCE_MS;

	while (!process_log_has(process, text)) {
		static char log[1 << 14];

		if (now_ms() > deadline) {
			read_log(process, log, sizeof(log));
			fail_msg("the log never says \"%s\":\n%s", text, log);
		}
		pause_between_looks();
	}
}

static struct sockaddr_in make_address(const char *address, uint16_t port)
{
	struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, address, &result.sin_addr), 1);
	return result;
}

int process_listen(int ns, const char *address, uint16_t port)
{
	struct sockaddr_in at = make_address(address, port);
	int fd = netns_socket(ns, AF_INET, SOCK_STREAM, 0), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

static bool connects_within(int ns, const char *address, uint16_t port, int wait_ms)
{
	struct sockaddr_in to = make_address(address, port);
	int fd = netns_socket(ns, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int error = ETIMEDOUT;
	socklen_t size = sizeof(error);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		error = 0;
	else if (errno == EINPROGRESS && poll(&poll_fd, 1, wait_ms) == 1)
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	(void)close(fd);
	return error == 0;
}

bool process_connects(int ns, const char *address, uint16_t port)
{
	return connects_within(ns, address, port, CONNECT_MS);
}

void process_assert_connects(int ns, const char *address, uint16_t port)
{
	if (!connects_within(ns, address, port, FIRST_SYN_MS))
		fail_msg("%s:%u does not answer a first SYN", address, port);
}

void process_expect_connects(int ns, const char *address, uint16_t port, bool expected)
{
	uint64_t deadline = now_ms() + PROCESS_PATIENCE_MS;

	while (process_connects(ns, address, port) != expected) {
		if (now_ms() > deadline)
			fail_msg("%s:%u %s", address, port, expected ? "never opens" : "stays open");
		pause_between_looks();
	}
}
