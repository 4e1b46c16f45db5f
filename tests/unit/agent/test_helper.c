/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/helper.h"
#include "scratch.h"

static void name_by_number(uint32_t id, char name[RW_HELPER_NAME_SIZE])
{
	(void)snprintf(name, RW_HELPER_NAME_SIZE, "program-%u", id);
}

/* A listening socket on any port of all addresses. */
static int listen_anywhere(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static const struct rw_report_listener *find_port(const struct rw_listeners *listeners, uint16_t port)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->items[i].port == port && listeners->items[i].protocol == 6)
			return &listeners->items[i];
	return NULL;
}

static void tells_which_process_listens(void **state)
{
	RW_CLEANUP(rw_listeners_done) struct rw_listeners listeners = {0};
	RW_CLEANUP(rw_helper_stop) struct rw_helper *helper = NULL;
	RW_CLEANUP(rw_close) int fd = -EBADF;
	const struct rw_report_listener *found;
	struct rw_error err = RW_ERROR_NONE;
	char name[17] = "";
	uint16_t port;

	(void)state;
	fd = listen_anywhere(&port);
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_int_equal(rw_helper_start(name_by_number, &helper, &err), 0);
	if (rw_helper_read_listeners(helper, &listeners, &err) < 0)
		fail_msg("%s", err.text);
	found = find_port(&listeners, port);
	assert_non_null(found);
	/* Only who may look into this process sees whose socket it is: as root always. */
	if (geteuid() == 0)
		assert_string_equal(found->process, name);
}

/* As Java binds 127.0.0.1: a socket of both families at the mapped address. */
static void does_not_tell_of_what_only_the_node_reaches(void **state)
{
	static const char *const addresses[] = {"::1", "::ffff:127.0.0.1"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(addresses); i++) {
		RW_CLEANUP(rw_listeners_done) struct rw_listeners listeners = {0};
		RW_CLEANUP(rw_close) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct sockaddr_in6 address = {.sin6_family = AF_INET6};
		socklen_t size = sizeof(address);
		int dual = 0;

		assert_int_equal(inet_pton(AF_INET6, addresses[i], &address.sin6_addr), 1);
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &dual, sizeof(dual)), 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(listen(fd, 1), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
		assert_int_equal(rw_listeners_read(&listeners, NULL), 0);
		assert_null(find_port(&listeners, ntohs(address.sin6_port)));
	}
}

/* Starts a process of that user that listens and calls itself sshd, until 'ret_wire' is closed. */
static pid_t start_sshd(uid_t user, uint16_t *ret_port, int *ret_wire)
{
	uint16_t port = 0;
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(ends[0]);
		(void)listen_anywhere(&port);
		if (prctl(PR_SET_NAME, "sshd") == 0 && setuid(user) == 0 &&
		    write(ends[1], &port, sizeof(port)) == (ssize_t)sizeof(port) &&
		    read(ends[1], &port, sizeof(port)) == 0)
			_exit(0);
		_exit(1);
	}
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], ret_port, sizeof(*ret_port)), sizeof(*ret_port));
	*ret_wire = ends[0];
	return pid;
}

static bool is_ssh_port(const struct rw_listeners *listeners, uint16_t port)
{
	for (size_t i = 0; i < listeners->ssh_port_count; i++)
		if (listeners->ssh_ports[i] == port)
			return true;
	return false;
}

static void takes_only_roots_sshd_for_one(void **state)
{
	RW_CLEANUP(rw_listeners_done) struct rw_listeners listeners = {0};
	uint16_t port, other_port;
	int wire, other_wire;
	pid_t sshd, other;

	(void)state;
	if (geteuid() != 0)
		skip();
	sshd = start_sshd(0, &port, &wire);
	other = start_sshd(65534, &other_port, &other_wire);
	assert_int_equal(rw_listeners_read(&listeners, NULL), 0);
	(void)close(wire);
	(void)close(other_wire);
	(void)waitpid(sshd, NULL, 0);
	(void)waitpid(other, NULL, 0);
	assert_non_null(find_port(&listeners, other_port));
	assert_string_equal(find_port(&listeners, other_port)->process, "sshd");
	assert_true(is_ssh_port(&listeners, port));
	assert_false(is_ssh_port(&listeners, other_port));
}

static void names_programs(void **state)
{
	RW_CLEANUP(rw_helper_stop) struct rw_helper *helper = NULL;
	char name[RW_HELPER_NAME_SIZE] = "";

	(void)state;
	assert_int_equal(rw_helper_start(name_by_number, &helper, NULL), 0);
	rw_helper_name_program(helper, 7, name);
	assert_string_equal(name, "program-7");
}

static void lock_of_the_agent_is_not_held_by_the_helper(void **state)
{
	RW_CLEANUP(rw_helper_stop) struct rw_helper *helper = NULL;
	RW_CLEANUP(rw_listeners_done) struct rw_listeners listeners = {0};
	char folder[SCRATCH_SIZE], path[SCRATCH_SIZE + 8];
	int fd, other;

	(void)state;
	scratch_make(folder);
	(void)snprintf(path, sizeof(path), "%s/lock", folder);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(rw_helper_start(name_by_number, &helper, NULL), 0);
	/* Its answer says that it has closed what is not its own. */
	assert_int_equal(rw_helper_read_listeners(helper, &listeners, NULL), 0);
	(void)close(fd);
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	(void)close(other);
	assert_int_equal(scratch_remove(folder), 0);
}

/* The only child of this process. */
static pid_t find_child(void)
{
	char path[64];
	FILE *file;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file)
		skip();
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	(void)fclose(file);
	return pid;
}

static void questions_fail_when_the_helper_is_gone(void **state)
{
	RW_CLEANUP(rw_listeners_done) struct rw_listeners listeners = {0};
	RW_CLEANUP(rw_helper_stop) struct rw_helper *helper = NULL;
	struct rw_error err = RW_ERROR_NONE;
	char name[RW_HELPER_NAME_SIZE] = "";

	(void)state;
	assert_int_equal(rw_helper_start(name_by_number, &helper, NULL), 0);
	assert_int_equal(kill(find_child(), SIGKILL), 0);
	assert_true(rw_helper_read_listeners(helper, &listeners, &err) < 0);
	assert_non_null(strstr(err.text, "helper"));
	rw_helper_name_program(helper, 1, name);
	assert_string_equal(name, "");
}

static void signals_to_the_group_do_not_end_it(void **state)
{
	RW_CLEANUP(rw_listeners_done) struct rw_listeners listeners = {0};
	RW_CLEANUP(rw_listeners_done) struct rw_listeners again = {0};
	RW_CLEANUP(rw_helper_stop) struct rw_helper *helper = NULL;
	static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};

	(void)state;
	assert_int_equal(rw_helper_start(name_by_number, &helper, NULL), 0);
	assert_int_equal(rw_helper_read_listeners(helper, &listeners, NULL), 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(numbers); i++)
		assert_int_equal(kill(find_child(), numbers[i]), 0);
	assert_int_equal(rw_helper_read_listeners(helper, &again, NULL), 0);
}

static void ends_with_the_agent(void **state)
{
	int ready[2], status;
	pid_t agent, helper = 0;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	agent = fork();
	assert_true(agent >= 0);
	if (agent == 0) {
		struct rw_helper *started;
		struct rw_listeners listeners = {0};

		(void)close(ready[0]);
		if (rw_helper_start(name_by_number, &started, NULL) < 0 ||
		    rw_helper_read_listeners(started, &listeners, NULL) < 0)
			_exit(1);
		helper = find_child();
		(void)!write(ready[1], &helper, sizeof(helper));
		pause();
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &helper, sizeof(helper)), sizeof(helper));
	/* As a child of this process it would stay a zombie; let it be init's or the nearest reaper's. */
	assert_int_equal(kill(agent, SIGKILL), 0);
	assert_int_equal(waitpid(agent, &status, 0), agent);
	/* Nobody but the helper could hold the pipe open now, and it does not. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	for (int i = 0; i < 5000 && kill(helper, 0) == 0; i++) {
		char path[64], letter = '?';
		FILE *file;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)helper);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%*d %*s %c", &letter) != 1)
			letter = 'X';
		if (file)
			(void)fclose(file);
		if (letter == 'Z' || letter == 'X')
			break;
		assert_int_not_equal(i, 4999);
		(void)usleep(1000);
	}
	(void)close(ready[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_which_process_listens),
		cmocka_unit_test(does_not_tell_of_what_only_the_node_reaches),
		cmocka_unit_test(takes_only_roots_sshd_for_one),
		cmocka_unit_test(names_programs),
		cmocka_unit_test(lock_of_the_agent_is_not_held_by_the_helper),
		cmocka_unit_test(questions_fail_when_the_helper_is_gone),
		cmocka_unit_test(signals_to_the_group_do_not_end_it),
		cmocka_unit_test(ends_with_the_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
