/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd.h"

#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

uint16_t etcd_free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	(void)close(fd);
	return ntohs(address.sin_port);
}

/* In the child: never returns. */
static void become(const struct etcd_member *member)
{
	char peer[40], cluster[60];
	int fd = open(member->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)snprintf(peer, sizeof(peer), "http://127.0.0.1:%u", member->peer_port);
	(void)snprintf(cluster, sizeof(cluster), "default=%s", peer);
	(void)execlp("etcd", "etcd", "--data-dir", member->folder, "--listen-client-urls", member->url,
		     "--advertise-client-urls", member->url, "--listen-peer-urls", peer,
		     "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster, "--logger", "zap",
		     "--log-level", "error", (char *)NULL);
	_exit(127);
}

void etcd_restart(struct etcd_member *member)
{
	member->pid = fork();
	assert_true(member->pid >= 0);
	if (member->pid == 0)
		become(member);
}

void etcd_start(struct etcd_member *member, const char *folder)
{
	(void)snprintf(member->folder, sizeof(member->folder), "%s/etcd", folder);
	(void)snprintf(member->log, sizeof(member->log), "%s/etcd.log", folder);
	member->port = etcd_free_port();
	do
		member->peer_port = etcd_free_port();
	while (member->peer_port == member->port);
	(void)snprintf(member->url, sizeof(member->url), "http://127.0.0.1:%u", member->port);
	etcd_restart(member);
}

void etcd_kill(struct etcd_member *member)
{
	int status;

	if (!member->pid)
		return;
	(void)kill(member->pid, SIGKILL);
	assert_int_equal(waitpid(member->pid, &status, 0), member->pid);
	member->pid = 0;
}
