/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include "test.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Stops when the value at hand is this one, else goes on. */
#define STOP_AT(value)                                                                                       \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)

void steps_begin(void)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __NR_rename
		STOP_AT(__NR_rename),
		STOP_AT(__NR_unlink),
#endif
		STOP_AT(__NR_renameat),
		STOP_AT(__NR_renameat2),
		STOP_AT(__NR_unlinkat),
		STOP_AT(__NR_sendto),
		STOP_AT(__NR_sendmsg),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		STOP_AT(BPF_LINK_CREATE),
		STOP_AT(BPF_LINK_UPDATE),
		STOP_AT(BPF_LINK_DETACH),
		STOP_AT(BPF_OBJ_PIN),
		STOP_AT(BPF_MAP_UPDATE_ELEM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = RW_ARRAY_COUNT(steps), .filter = steps};

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		_exit(2);
	(void)raise(SIGSTOP);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(3);
}

bool steps_kill_before(steps_fn *work, void *context, unsigned int number)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(context);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), 0);
	for (unsigned int step = 0;; step++) {
		assert_int_equal(ptrace(PTRACE_CONT, pid, 0, 0), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
		if (step == number)
			break;
	}
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return true;
}
