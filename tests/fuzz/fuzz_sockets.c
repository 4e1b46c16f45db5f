/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what sock_diag says of the node's connections, and as the text of SSH_CONNECTION: what is found is
 * whole.
 */

#include <assert.h>
#include <stdio.h>

#include "agent/connections.h"
#include "netlink_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* eth0 with an address of each family. */
static struct rw_links make_links(void)
{
	static struct rw_link link = {.ifindex = 2, .name = "eth0"};
	static struct rw_link_address addresses[2] = {{.ifindex = 2}, {.ifindex = 2}};

	assert(rw_address_parse("10.0.0.1", &addresses[0].address, NULL) == 0);
	assert(rw_address_parse("fd00::1", &addresses[1].address, NULL) == 0);
	return (struct rw_links){.links = &link, .count = 1, .addresses = addresses, .address_count = 2};
}

static bool is_address(const struct rw_address *address)
{
	return address->family == 4 || address->family == 6;
}

static bool is_whole(const struct rw_connection *connection)
{
	const struct rw_packet *opener = &connection->opener;

	return memchr(connection->interface, '\0', sizeof(connection->interface)) &&
	       opener->protocol == RW_PROTOCOL_TCP && is_address(&opener->local) &&
	       is_address(&opener->remote);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct rw_report_listener ssh = {.protocol = RW_PROTOCOL_TCP, .port = 22};
	const struct rw_listeners listeners = {.items = &ssh, .count = 1};
	const struct rw_links links = make_links();
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	struct rw_error err = RW_ERROR_NONE;
	char text[128];

	input = bytes;
	input_size = size;
	if (rw_connections_read(&links, &listeners, &connections, &err) < 0)
		assert(err.text[0]);
	for (size_t i = 0; i < connections.count; i++)
		assert(is_whole(&connections.items[i]));
	(void)snprintf(text, sizeof(text), "%.*s", (int)(size < 100 ? size : 100), (const char *)bytes);
	(void)rw_connections_mark_session(&connections, text, 1);
	return 0;
}
