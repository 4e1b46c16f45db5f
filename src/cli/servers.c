/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/url.h"
#include "net/address.h"

static bool is_loopback(const char *host)
{
	struct rw_address address;

	return strcmp(host, "localhost") == 0 ||
	       (rw_address_parse(host, &address, NULL) == 0 && rw_address_is_loopback(&address));
}

/* A server is named by the beginning of a URL, and nothing behind the port. */
static int check_server(const char *server, struct rw_error *err)
{
	struct rw_http_url url;

	if (!server[0])
		(void)rw_error_field(err, "server", "an empty text is no address of a controller");
	else if (rw_http_url_parse(server, &url, NULL) < 0 || url.target[0])
		(void)rw_error_field(err, "server", "'%.100s' is no address of a controller", server);
	else if (!url.secure && !is_loopback(url.host))
		(void)rw_error_field(err, "server", "'%.100s' would get the key in the clear", server);
	else
		return 0;
	return rw_error_hint(err, "Write https://HOST:8443; several with commas between them.");
}

static int add(struct rw_servers *servers, const char *text, size_t size, struct rw_error *err)
{
	char *server;
	int r;

	while (size && text[0] == ' ')
		text++, size--;
	while (size && strchr(" /", text[size - 1]))
		size--;
	if (servers->count == RW_SERVERS_MAX)
		return rw_error_field(err, "server", "there are at most %d controllers", RW_SERVERS_MAX);
	server = strndup(text, size);
	if (!server)
		return rw_error_oom(err);
	servers->urls[servers->count++] = server;
	r = check_server(server, err);
	for (size_t i = 0; r == 0 && i + 1 < servers->count; i++)
		if (strcmp(servers->urls[i], server) == 0)
			r = rw_error_field(err, "server", "'%.100s' is there twice", server);
	return r;
}

int rw_servers_parse(const char *text, struct rw_servers *ret_servers, struct rw_error *err)
{
	struct rw_servers servers = {0};
	int r = 0;

	for (;;) {
		size_t size = strcspn(text, ",");

		r = add(&servers, text, size, err);
		if (r < 0 || !text[size])
			break;
		text += size + 1;
	}
	if (r < 0)
		rw_servers_done(&servers);
	else
		*ret_servers = servers;
	return r;
}

void rw_servers_done(struct rw_servers *servers)
{
	for (size_t i = 0; i < servers->count; i++)
		free(servers->urls[i]);
	*servers = (struct rw_servers){0};
}

const char *rw_servers_current(const struct rw_servers *servers)
{
	return servers->urls[servers->used];
}

/* Failures that another server does not mend. */
static bool is_ours(int code)
{
	return code == -EINTR || code == -ENOMEM || code == -EINVAL || code == -EMSGSIZE;
}

bool rw_servers_next(struct rw_servers *servers, struct rw_servers_round *round, const struct rw_error *err,
		     bool may_have_left, bool repeatable)
{
	struct rw_servers_attempt *attempt = &round->attempts[round->count++];

	*attempt = (struct rw_servers_attempt){rw_servers_current(servers), *err, may_have_left};
	round->may_have_left = round->may_have_left || may_have_left;
	if (is_ours(err->code) || (may_have_left && !repeatable) || round->count >= servers->count)
		return false;
	servers->used = (servers->used + 1) % servers->count;
	return true;
}

static bool is_among(const struct rw_servers *servers, const char *url)
{
	for (size_t i = 0; i < servers->count; i++)
		if (strcmp(servers->urls[i], url) == 0)
			return true;
	return false;
}

void rw_servers_note_active(const struct rw_servers *servers, struct rw_servers_round *round,
			    const char *active)
{
	round->is_elsewhere = round->is_elsewhere || !is_among(servers, active);
}

bool rw_servers_again(struct rw_servers *servers, struct rw_servers_round *round, bool repeatable)
{
	const struct rw_servers_attempt *last = &round->attempts[round->count - 1];
	bool standby = false;

	for (size_t i = 0; i < round->count; i++)
		standby = standby || round->attempts[i].err.code == -EREMOTE;
	if (servers->count < 2 || round->count < servers->count || !standby || round->is_elsewhere ||
	    is_ours(last->err.code) || (last->may_have_left && !repeatable))
		return false;
	round->count = 0;
	servers->used = (servers->used + 1) % servers->count;
	return true;
}
