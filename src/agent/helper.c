/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privileges.h"

#define PATIENCE_S 2

enum question_kind {
	QUESTION_LISTENERS = 1,
	QUESTION_NAME,
};

/* Questions and answers are packets between two processes of one program. */
struct question {
	uint32_t number; /* the answer has it too: a late one is not taken for another's */
	uint32_t kind;
	uint32_t id; /* of the program to be named */
};

struct answer {
	uint32_t number;
	int32_t result;
	char name[RW_HELPER_NAME_SIZE];
	uint32_t count;
	uint32_t ssh_port_count;
	uint16_t ssh_ports[16];
	struct rw_report_listener listeners[RW_LISTENERS_MAX];
};

#define ANSWER_SIZE(count) (offsetof(struct answer, listeners) + (count) * sizeof(struct rw_report_listener))

struct rw_helper {
	int wire;
	pid_t pid;
	uint32_t number;      /* of the last question */
	struct answer answer; /* to it */
};

/* ---- the helper's side ---- */

static void answer_listeners(struct answer *answer)
{
	struct rw_listeners listeners = {0};

	answer->result = rw_listeners_read(&listeners, NULL);
	if (answer->result < 0)
		return;
	answer->count = (uint32_t)listeners.count;
	if (listeners.count)
		memcpy(answer->listeners, listeners.items, listeners.count * sizeof(*listeners.items));
	answer->ssh_port_count = (uint32_t)listeners.ssh_port_count;
	memcpy(answer->ssh_ports, listeners.ssh_ports, sizeof(answer->ssh_ports));
	rw_listeners_done(&listeners);
}

/* Answers until the agent is gone. */
static void serve(int wire, rw_helper_name_fn *name_program)
{
	static struct answer answer;
	struct question question;

	while (recv(wire, &question, sizeof(question), 0) == (ssize_t)sizeof(question)) {
		memset(&answer, 0, offsetof(struct answer, listeners));
		answer.number = question.number;
		if (question.kind == QUESTION_LISTENERS)
			answer_listeners(&answer);
		else
			name_program(question.id, answer.name);
		if (send(wire, &answer, ANSWER_SIZE(answer.count), MSG_NOSIGNAL) < 0)
			return;
	}
}

/* Everything of the agent's but the wire and standard error is closed, locks above all. */
static void close_others(int wire)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	if (wire > STDERR_FILENO + 1)
		(void)syscall(SYS_close_range, STDERR_FILENO + 1, wire - 1, 0);
	(void)syscall(SYS_close_range, wire + 1, ~0u, 0);
}

_Noreturn static void run(int wire, rw_helper_name_fn *name_program)
{
	struct rw_error err = RW_ERROR_NONE;

	/* The end of the wire is what ends it; signals to the agent's group and unit are the agent's. */
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "ringwall-helper", 0, 0, 0);
	close_others(wire);
	if (chdir("/") == 0 && rw_privileges_drop(RW_PRIVILEGES_HELPER, &err) == 0)
		serve(wire, name_program);
	_exit(0);
}

/* ---- the agent's side ---- */

int rw_helper_start(rw_helper_name_fn *name_program, struct rw_helper **ret_helper, struct rw_error *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct rw_helper *helper = calloc(1, sizeof(*helper));
	int ends[2];

	if (!helper)
		return rw_error_oom(err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		free(helper);
		return rw_error_set(err, -errno, "cannot make the helper's socket: %s", strerror(errno));
	}
	helper->pid = fork();
	if (helper->pid == 0)
		run(ends[1], name_program);
	if (helper->pid < 0) {
		int r = rw_error_set(err, -errno, "cannot start the helper: %s", strerror(errno));

		(void)close(ends[0]);
		(void)close(ends[1]);
		free(helper);
		return r;
	}
	(void)close(ends[1]);
	helper->wire = ends[0];
	(void)setsockopt(helper->wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(helper->wire, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	*ret_helper = helper;
	return 0;
}

struct rw_helper *rw_helper_stop(struct rw_helper *helper)
{
	if (!helper)
		return NULL;
	(void)close(helper->wire);
	(void)kill(helper->pid, SIGKILL);
	(void)waitpid(helper->pid, NULL, 0);
	free(helper);
	return NULL;
}

/* Asks and waits; the answer is in helper->answer. */
static int ask(struct rw_helper *helper, enum question_kind kind, uint32_t id)
{
	const struct question question = {.number = ++helper->number, .kind = kind, .id = id};
	struct answer *answer = &helper->answer;

	if (send(helper->wire, &question, sizeof(question), MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	do {
		ssize_t got = recv(helper->wire, answer, sizeof(*answer), 0);

		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (got == 0)
			return -EPIPE;
		if (got < (ssize_t)ANSWER_SIZE(0) || answer->count > RW_LISTENERS_MAX ||
		    got != (ssize_t)ANSWER_SIZE(answer->count) ||
		    answer->ssh_port_count > RW_ARRAY_COUNT(answer->ssh_ports))
			return -EBADMSG;
	} while (answer->number != question.number);
	return answer->result;
}

int rw_helper_read_listeners(struct rw_helper *helper, struct rw_listeners *ret_listeners,
			     struct rw_error *err)
{
	const struct answer *answer = &helper->answer;
	struct rw_listeners listeners = {0};
	int r = ask(helper, QUESTION_LISTENERS, 0);

	if (r < 0)
		return rw_error_set(err, r, "the helper does not tell what listens: %s", strerror(-r));
	listeners.items = calloc(answer->count ? answer->count : 1, sizeof(*listeners.items));
	if (!listeners.items)
		return rw_error_oom(err);
	listeners.count = answer->count;
	memcpy(listeners.items, answer->listeners, answer->count * sizeof(*listeners.items));
	listeners.ssh_port_count = answer->ssh_port_count;
	memcpy(listeners.ssh_ports, answer->ssh_ports, sizeof(listeners.ssh_ports));
	*ret_listeners = listeners;
	return 0;
}

void rw_helper_name_program(void *helper, uint32_t id, char name[RW_HELPER_NAME_SIZE])
{
	const struct answer *answer = &((struct rw_helper *)helper)->answer;

	if (ask(helper, QUESTION_NAME, id) == 0)
		(void)snprintf(name, RW_HELPER_NAME_SIZE, "%.*s", RW_HELPER_NAME_SIZE - 1, answer->name);
}
