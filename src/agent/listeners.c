/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listeners.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/sockets.h"
#include "base/vec.h"
#include "net/address.h"

/* States of net/tcp_states.h: listening TCP; UDP sockets that are not connected. */
#define STATE_LISTEN (1u << 10)
#define STATE_CLOSE  (1u << 7)

struct found {
	struct rw_report_listener listener;
	uint32_t inode;
	bool roots; /* the process that listens is root's */
};

void rw_listeners_done(struct rw_listeners *listeners)
{
	free(listeners->items);
	*listeners = (struct rw_listeners){0};
}

/* ---- sockets ---- */

static bool is_loopback(const struct inet_diag_msg *message)
{
	const uint8_t *bytes = (const uint8_t *)message->id.idiag_src;
	static const uint8_t loopback6[16] = {[15] = 1}, mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (message->idiag_family == AF_INET)
		return bytes[0] == 127;
	/* 127.0.0.1 of a socket that serves both families, as programs in Java have. */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return bytes[12] == 127;
	return memcmp(bytes, loopback6, sizeof(loopback6)) == 0;
}

static int take_socket(void *context, uint8_t protocol, const struct inet_diag_msg *message)
{
	struct rw_vec *found = context;
	uint16_t port = ntohs(message->id.idiag_sport);
	struct found *entry;
	int r;

	if (port == 0 || is_loopback(message))
		return 0;
	r = rw_vec_push(found, &entry);
	if (r == -E2BIG)
		return 0; /* More than anybody will read. */
	if (r < 0)
		return r;
	entry->listener.protocol = protocol;
	entry->listener.port = port;
	entry->inode = message->idiag_inode;
	return 0;
}

static int dump_all(struct rw_vec *found)
{
	int r = rw_sockets_dump(RW_PROTOCOL_TCP, STATE_LISTEN, take_socket, found);

	return r < 0 ? r : rw_sockets_dump(RW_PROTOCOL_UDP, STATE_CLOSE, take_socket, found);
}

/* ---- processes ---- */

static void name_socket(struct rw_vec *found, uint32_t inode, const char *process, bool roots)
{
	for (size_t i = 0; i < found->count; i++) {
		struct found *entry = rw_vec_at(found, i);

		if (entry->inode != inode)
			continue;
		(void)snprintf(entry->listener.process, sizeof(entry->listener.process), "%s", process);
		entry->roots = roots;
	}
}

/* Looks through the descriptors of one process for sockets that were found. */
static void name_sockets_of(struct rw_vec *found, int proc, const char *pid, const char *process)
{
	struct stat owner;
	char path[64];
	bool roots;
	int fd;
	DIR *folder;

	/* The folder is of the process's user, also where what is in it is not. */
	roots = fstatat(proc, pid, &owner, 0) == 0 && owner.st_uid == 0;
	(void)snprintf(path, sizeof(path), "%.20s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		(void)rw_close(fd);
		return;
	}
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		char target[64];
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		unsigned int inode;

		if (length <= 0)
			continue;
		target[length] = '\0';
		if (sscanf(target, "socket:[%u]", &inode) == 1)
			name_socket(found, inode, process, roots);
	}
	(void)closedir(folder);
}

/* Reads the name of a process; false when it is gone or not ours to see. */
static bool read_process_name(int proc, const char *pid, char name[32])
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char path[64];
	ssize_t size;

	(void)snprintf(path, sizeof(path), "%.20s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, name, 31);
	if (size <= 0)
		return false;
	name[size] = '\0';
	name[strcspn(name, "\n")] = '\0';
	for (char *at = name; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?'; /* Processes choose their names; reports want text. */
	return true;
}

static void name_sockets(struct rw_vec *found)
{
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	for (const struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
		char name[32];

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_process_name(dirfd(proc), entry->d_name, name))
			name_sockets_of(found, dirfd(proc), entry->d_name, name);
	}
	(void)closedir(proc);
}

/* ---- the result ---- */

static int compare_found(const void *a, const void *b)
{
	const struct rw_report_listener *x = &((const struct found *)a)->listener;
	const struct rw_report_listener *y = &((const struct found *)b)->listener;

	if (x->protocol != y->protocol)
		return x->protocol > y->protocol ? 1 : -1;
	return (x->port > y->port) - (x->port < y->port);
}

/* Processes choose their names: one of another user has no say in which ports must stay open. */
static void note_ssh(struct rw_listeners *listeners, const struct found *found)
{
	const struct rw_report_listener *listener = &found->listener;
	size_t count = listeners->ssh_port_count;

	if (listener->protocol != RW_PROTOCOL_TCP || !found->roots || strcmp(listener->process, "sshd") != 0)
		return;
	/* They come in the order of their ports. */
	if (count == RW_ARRAY_COUNT(listeners->ssh_ports) ||
	    (count && listeners->ssh_ports[count - 1] == listener->port))
		return;
	listeners->ssh_ports[listeners->ssh_port_count++] = listener->port;
}

static int make_result(struct rw_vec *found, struct rw_listeners *ret_listeners)
{
	struct rw_listeners listeners = {0};

	if (!found->count)
		return 0;
	qsort(found->data, found->count, sizeof(struct found), compare_found);
	listeners.items = calloc(found->count, sizeof(*listeners.items));
	if (!listeners.items)
		return -ENOMEM;
	for (size_t i = 0; i < found->count; i++) {
		const struct found *entry = rw_vec_at(found, i);

		note_ssh(&listeners, entry);
		if (i && compare_found(entry, rw_vec_at(found, i - 1)) == 0)
			continue;
		listeners.items[listeners.count++] = entry->listener;
	}
	*ret_listeners = listeners;
	return 0;
}

int rw_listeners_read(struct rw_listeners *ret_listeners, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec found;
	struct rw_listeners listeners = {0};
	int r;

	rw_vec_init(&found, sizeof(struct found), RW_LISTENERS_MAX);
	r = dump_all(&found);
	if (r < 0)
		return rw_error_set(err, r, "cannot list listening sockets: %s", strerror(-r));
	if (found.count)
		name_sockets(&found);
	r = make_result(&found, &listeners);
	if (r < 0)
		return rw_error_oom(err);
	*ret_listeners = listeners;
	return 0;
}
