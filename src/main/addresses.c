/* SPDX-License-Identifier: Apache-2.0 */
#include "main/addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct found {
	struct rw_endpoint *endpoints;
	size_t count;
	size_t max;
	uint16_t port;
};

static void add_endpoint(struct found *found, const struct rw_address *address)
{
	for (size_t i = 0; i < found->count; i++)
		if (rw_address_equal(&found->endpoints[i].address, address))
			return;
	if (found->count < found->max)
		found->endpoints[found->count++] = (struct rw_endpoint){*address, found->port};
}

static void add_own_addresses(struct found *found)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
		struct rw_address address;

		if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET) {
			struct sockaddr_in in;

			memcpy(&in, at->ifa_addr, sizeof(in));
			address = rw_address_from_bytes(4, &in.sin_addr);
		} else if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET6) {
			struct sockaddr_in6 in6;

			memcpy(&in6, at->ifa_addr, sizeof(in6));
			address = rw_address_from_bytes(6, &in6.sin6_addr);
		} else {
			continue;
		}
		if (rw_address_is_global(&address))
			add_endpoint(found, &address);
	}
	freeifaddrs(all);
}

size_t rw_addresses_find(const struct rw_listen_address *listen, const struct rw_server_names *names,
			 uint16_t port, struct rw_endpoint *endpoints, size_t max)
{
	struct found found = {.endpoints = endpoints, .max = max, .port = port};
	struct rw_address address;

	for (size_t i = 0; i < names->count; i++)
		if (rw_address_parse(names->text[i], &address, NULL) == 0)
			add_endpoint(&found, &address);
	if (listen->any)
		add_own_addresses(&found);
	else
		add_endpoint(&found, &listen->address);
	return found.count;
}

void rw_addresses_make_url(bool plain, const char *name, uint16_t port, char *url, size_t url_size)
{
	bool brackets = strchr(name, ':') != NULL;

	(void)snprintf(url, url_size, "%s://%s%.200s%s:%u", plain ? "http" : "https", brackets ? "[" : "",
		       name, brackets ? "]" : "", port);
}
