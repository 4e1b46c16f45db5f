/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/connections.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/sockets.h"
#include "base/vec.h"

/* Established, fin-wait-1 and -2, close-wait: every state in which data may still flow. */
#define LIVE_STATES (1u << 1 | 1u << 4 | 1u << 5 | 1u << 8)

/* More ancestors than any shell has; bounds the walk. */
#define ANCESTORS_MAX 64

struct reading {
	const struct rw_links *links;
	const struct rw_listeners *listeners;
	struct rw_vec found;
	bool cut;
};

void rw_connections_done(struct rw_connections *connections)
{
	free(connections->items);
	*connections = (struct rw_connections){0};
}

/* ---- sockets ---- */

static const struct rw_link *find_link(const struct rw_links *links, const struct rw_address *address)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (rw_address_equal(&links->addresses[i].address, address))
			return rw_links_find(links, links->addresses[i].ifindex);
	return NULL;
}

static bool is_listening(const struct rw_listeners *listeners, uint16_t port)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->items[i].protocol == RW_PROTOCOL_TCP && listeners->items[i].port == port)
			return true;
	return false;
}

/* IPv4 through an IPv6 socket is IPv4. */
static struct rw_address read_address(uint8_t family, const uint32_t *words)
{
	if (family == AF_INET)
		return rw_address_from_bytes(4, words);
	if (!words[0] && !words[1] && words[2] == htonl(0xffff))
		return rw_address_from_bytes(4, words + 3);
	return rw_address_from_bytes(6, words);
}

static int take_socket(void *context, uint8_t protocol, const struct inet_diag_msg *socket)
{
	struct reading *reading = context;
	struct rw_connection connection = {
		.inode = socket->idiag_inode,
		.opener = {.protocol = protocol,
			   .tcp_flags = RW_TCP_SYN,
			   .hop_limit = 64,
			   .local_port = ntohs(socket->id.idiag_sport),
			   .remote_port = ntohs(socket->id.idiag_dport),
			   .local = read_address(socket->idiag_family, socket->id.idiag_src),
			   .remote = read_address(socket->idiag_family, socket->id.idiag_dst)},
	};
	const struct rw_link *link = find_link(reading->links, &connection.opener.local);
	struct rw_connection *entry;
	int r;

	connection.opener.direction = is_listening(reading->listeners, connection.opener.local_port)
					      ? RW_DIRECTION_INGRESS
					      : RW_DIRECTION_EGRESS;
	/* What the node says to itself goes through lo, whatever the addresses. */
	if (link && !find_link(reading->links, &connection.opener.remote))
		(void)snprintf(connection.interface, sizeof(connection.interface), "%s", link->name);
	r = rw_vec_push(&reading->found, &entry);
	if (r == -E2BIG) {
		reading->cut = true;
		return 0;
	}
	if (r == 0)
		*entry = connection;
	return r;
}

int rw_connections_read(const struct rw_links *links, const struct rw_listeners *listeners,
			struct rw_connections *ret_connections, struct rw_error *err)
{
	struct reading reading = {.links = links, .listeners = listeners};
	int r;

	rw_vec_init(&reading.found, sizeof(struct rw_connection), RW_CONNECTIONS_MAX);
	r = rw_sockets_dump(RW_PROTOCOL_TCP, LIVE_STATES, take_socket, &reading);
	if (r < 0) {
		rw_vec_done(&reading.found);
		return rw_error_set(err, r, "cannot list live connections: %s", strerror(-r));
	}
	*ret_connections = (struct rw_connections){
		.items = reading.found.data, .count = reading.found.count, .cut = reading.cut};
	return 0;
}

/* ---- the caller's session ---- */

static void mark_named(struct rw_connections *connections, const char *text)
{
	char client[64], server[64];
	unsigned int client_port, server_port;
	struct rw_address remote, local;

	if (sscanf(text, "%63s %u %63s %u", client, &client_port, server, &server_port) != 4 ||
	    rw_address_parse(client, &remote, NULL) < 0 || rw_address_parse(server, &local, NULL) < 0)
		return;
	for (size_t i = 0; i < connections->count; i++) {
		const struct rw_packet *opener = &connections->items[i].opener;

		if (opener->remote_port == client_port && opener->local_port == server_port &&
		    rw_address_equal(&opener->remote, &remote) && rw_address_equal(&opener->local, &local))
			connections->items[i].session = true;
	}
}

/* Name and parent of a process; false when it is gone. */
static bool read_process(int pid, char name[32], int *ret_parent)
{
	char path[64], text[512], *end;
	RW_CLEANUP(rw_close) int fd = -EBADF;
	ssize_t size;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return false;
	text[size] = '\0';
	/* "PID (NAME) STATE PARENT ...", and NAME may hold anything, brackets too. */
	end = strrchr(text, ')');
	if (!end || !strchr(text, '(') || sscanf(end, ") %*c %d", ret_parent) != 1)
		return false;
	*end = '\0';
	(void)snprintf(name, 32, "%.31s", strchr(text, '(') + 1);
	return true;
}

static void mark_sockets_of(struct rw_connections *connections, int pid)
{
	char path[64];
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	if (!folder)
		return;
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		char target[64];
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		unsigned int inode;

		if (length <= 0)
			continue;
		target[length] = '\0';
		if (sscanf(target, "socket:[%u]", &inode) != 1)
			continue;
		for (size_t i = 0; i < connections->count; i++)
			connections->items[i].session |= connections->items[i].inode == inode;
	}
	(void)closedir(folder);
}

bool rw_connections_mark_session(struct rw_connections *connections, const char *ssh_connection, int pid)
{
	bool found = ssh_connection && *ssh_connection;
	char name[32];

	if (found)
		mark_named(connections, ssh_connection);
	for (int i = 0, parent; i < ANCESTORS_MAX && pid > 1 && read_process(pid, name, &parent); i++) {
		if (strncmp(name, "sshd", 4) == 0) { /* sshd-session since OpenSSH 9.8 */
			mark_sockets_of(connections, pid);
			found = true;
		}
		pid = parent;
	}
	return found;
}
