/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#include "base/notify.h"

/* A manager's socket in the abstract namespace, and its name as the environment has it. */
static int listen_as_manager(char name[64])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(name, 64, "@ringwall-test-notify-%d", getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (const struct sockaddr *)&address,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			   errno);
	return fd;
}

static void tells_the_manager_that_asked(void **state)
{
	char name[64], said[64] = "";
	int fd = listen_as_manager(name);

	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	rw_notify_ready();
	assert_int_equal(recv(fd, said, sizeof(said) - 1, 0), 7);
	assert_string_equal(said, "READY=1");
	(void)close(fd);
}

static void says_nothing_when_nobody_asked(void **state)
{
	char name[64], said[64];
	int fd = listen_as_manager(name);

	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	rw_notify_ready();
	assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
	rw_notify_ready();
	assert_int_equal(recv(fd, said, sizeof(said), 0), -1);
	assert_int_equal(errno, EAGAIN);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_manager_that_asked),
		cmocka_unit_test(says_nothing_when_nobody_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
