/* SPDX-License-Identifier: Apache-2.0 */
#include "main/addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "http/url.h"

struct found {
	struct rw_endpoint *endpoints;
	size_t count;
	size_t max;
	uint16_t port;
};

static void add_endpoint(struct found *found, const struct rw_address *address)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->endpoints[i].port == found->port &&
		    rw_address_equal(&found->endpoints[i].address, address))
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

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static void add_name(struct rw_buf *names, const struct rw_http_url *url)
{
	char text[RW_HTTP_MAX_HOST + 16];

	(void)snprintf(text, sizeof(text), "%s:%u", url->host, url->port);
	if (!names->size || !has_word(names->data, text))
		(void)rw_buf_append_format(names, "%s%s", names->size ? " " : "", text);
}

size_t rw_addresses_of_urls(const char *urls, struct rw_endpoint *endpoints, size_t max, struct rw_buf *names)
{
	struct found found = {.endpoints = endpoints, .max = max};
	char text[RW_HTTP_MAX_URL];
	struct rw_http_url url;
	size_t length;

	for (; *urls; urls += length + (urls[length] == '\n')) {
		struct rw_address address;

		length = strcspn(urls, "\n");
		if (length >= sizeof(text))
			continue;
		(void)memcpy(text, urls, length);
		text[length] = '\0';
		if (rw_http_url_parse(text, &url, NULL) < 0 || strcasecmp(url.host, "localhost") == 0)
			continue;
		found.port = url.port;
		if (rw_address_parse(url.host, &address, NULL) < 0)
			add_name(names, &url);
		else if (!rw_address_is_loopback(&address))
			add_endpoint(&found, &address);
	}
	return found.count;
}
