/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "base/map.h"
#include "http/server_internal.h"

/*
 * Who may hold a place, and whose connection goes when there are too many.
 *
 * A connection is in one list at most:
 *
 *     strangers   nobody has vouched for it.  Each costs its client nothing, so that those of one address must not be
 *                 in the way of another's.
 *     loose       somebody has, and it holds no stream and no deferred answer: who is behind it loses nothing by its
 *                 end but the time to connect again.
 *     neither     it holds one, which is counted apart, or is being closed.
 *
 * Ending a connection only shuts it down: it leaves its list at once, and is closed by the next MHD_run().
 */

enum { FEW = 8 }; /* strangers of an address that are no crowd */

/* ---- lists ---- */

static void append(struct connection_list *list, struct http_connection *connection)
{
	assert(!connection->room);
	connection->room = list;
	connection->room_next = NULL;
	connection->room_previous = list->last;
	if (list->last)
		list->last->room_next = connection;
	else
		list->first = connection;
	list->last = connection;
	list->count++;
}

static void become_stranger(struct http_connection *connection)
{
	struct rw_http_server *server = connection->server;

	append(&server->strangers, connection);
	server->crowds += ++server->sources[connection->source] == FEW + 1;
}

void room_leave(struct http_connection *connection)
{
	struct rw_http_server *server = connection->server;
	struct connection_list *list = connection->room;

	if (!list)
		return;
	if (connection->room_previous)
		connection->room_previous->room_next = connection->room_next;
	else
		list->first = connection->room_next;
	if (connection->room_next)
		connection->room_next->room_previous = connection->room_previous;
	else
		list->last = connection->room_previous;
	list->count--;
	connection->room = NULL;
	if (list == &server->strangers)
		server->crowds -= server->sources[connection->source]-- == FEW + 1;
}

static void join_its_list(struct http_connection *connection)
{
	if (connection->ended)
		return;
	room_leave(connection);
	if (connection->standing == RW_HTTP_STRANGER)
		become_stranger(connection);
	else
		append(&connection->server->loose, connection);
}

/* ---- where a connection comes from ---- */

/* By IPv6 whoever has one address has the 2^64 of its network. */
static unsigned int find_source(const struct http_connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	uint64_t seed = (uintptr_t)connection->server; /* which nobody outside knows */
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (!info || !info->client_addr)
		return 0;
	if (info->client_addr->sa_family == AF_INET) {
		memcpy(&v4, info->client_addr, sizeof(v4));
		return rw_hash_bytes(&v4.sin_addr, 4, seed) % SOURCES;
	}
	if (info->client_addr->sa_family != AF_INET6)
		return 0;
	memcpy(&v6, info->client_addr, sizeof(v6));
	if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		return rw_hash_bytes(v6.sin6_addr.s6_addr + 12, 4, seed) % SOURCES;
	return rw_hash_bytes(v6.sin6_addr.s6_addr, 8, seed) % SOURCES;
}

void room_enter(struct http_connection *connection)
{
	connection->source = find_source(connection);
	become_stranger(connection);
}

bool room_is_crowded(const struct http_connection *connection)
{
	return connection->server->sources[connection->source] > FEW;
}

void rw_http_exchange_vouch(struct rw_http_exchange *exchange, enum rw_http_standing standing, const char *id)
{
	struct http_connection *connection = exchange->connection;

	assert(exchange->stage == EXCHANGE_HANDLING && standing != RW_HTTP_STRANGER);
	connection->standing = standing;
	connection->owner = rw_hash_bytes(id, strlen(id), 0) | 1;
	join_its_list(connection);
}

void room_note_request(struct http_connection *connection)
{
	if (connection->room == &connection->server->loose)
		join_its_list(connection);
}

/* ---- connections ---- */

bool room_is_there(const struct rw_http_server *server)
{
	if (server->counts.connections >= server->limits.connections)
		return false;
	return server->strangers.count < server->limits.strangers || server->crowds > 0;
}

static void displace(struct http_connection *connection)
{
	connection->server->counts.displaced++;
	connection_end(connection);
}

static struct http_connection *newest_of_the_largest_crowd(const struct rw_http_server *server)
{
	struct http_connection *found = server->strangers.last;

	for (struct http_connection *at = found; at; at = at->room_previous)
		if (server->sources[at->source] > server->sources[found->source])
			found = at;
	return found;
}

void room_make(struct rw_http_server *server)
{
	uint64_t oldest_ms = server->limits.stranger_seconds * UINT64_C(1000);
	uint64_t now_ms = rw_loop_now_ms(server->loop);
	struct http_connection *one;

	while (server->strangers.count > server->limits.strangers && server->crowds > 0 &&
	       (one = newest_of_the_largest_crowd(server)))
		displace(one);
	while (server->strangers.count >= server->limits.strangers && server->strangers.first &&
	       now_ms - server->strangers.first->since_ms > oldest_ms)
		displace(server->strangers.first);
	/* One at a time: its place is free as soon as it is closed. */
	if (server->counts.connections >= server->limits.connections && server->loose.first)
		displace(server->loose.first);
}

/* ---- streams and deferred answers ---- */

static unsigned int count_of_owner(const struct rw_http_server *server, uint64_t owner)
{
	unsigned int count = 0;

	for (const struct rw_http_exchange *at = server->held; at; at = at->held_next)
		count += at->connection->owner == owner;
	return count;
}

static int find_place(const struct rw_http_server *server, const struct http_connection *connection)
{
	if (server->counts.streams >= server->limits.streams)
		return -EBUSY;
	if (connection->standing == RW_HTTP_NODE)
		return 0;
	if (connection->owner && count_of_owner(server, connection->owner) >= server->limits.own_streams)
		return -EDQUOT;
	return server->counts.caller_streams < server->limits.caller_streams ? 0 : -EBUSY;
}

int room_take(struct rw_http_exchange *exchange)
{
	struct http_connection *connection = exchange->connection;
	struct rw_http_server *server = connection->server;
	int r = find_place(server, connection);

	if (r < 0) {
		server->counts.streams_refused++;
		return r;
	}
	room_leave(connection);
	exchange->held_as = connection->standing;
	server->counts.streams++;
	if (exchange->held_as == RW_HTTP_NODE)
		return 0;
	server->counts.caller_streams++;
	exchange->held_next = server->held;
	if (server->held)
		server->held->held_previous = exchange;
	server->held = exchange;
	return 0;
}

void room_give_back(struct rw_http_exchange *exchange)
{
	struct rw_http_server *server = exchange->connection->server;

	server->counts.streams--;
	join_its_list(exchange->connection);
	if (exchange->held_as == RW_HTTP_NODE)
		return;
	server->counts.caller_streams--;
	if (exchange->held_previous)
		exchange->held_previous->held_next = exchange->held_next;
	else
		server->held = exchange->held_next;
	if (exchange->held_next)
		exchange->held_next->held_previous = exchange->held_previous;
}
