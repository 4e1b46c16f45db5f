/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"

#include <string.h>

/* Parses what stands behind the host: nothing, or ":port". */
static int parse_port(const char *text, const char *end, struct rw_http_url *url)
{
	unsigned int port = 0;

	if (text == end)
		return 0;
	if (*text++ != ':' || text == end)
		return -EINVAL;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		port = port * 10 + (unsigned int)(*text - '0');
		if (port > 65535)
			return -EINVAL;
	}
	if (port == 0)
		return -EINVAL;
	url->port = (uint16_t)port;
	return 0;
}

static int parse_authority(const char *text, const char *end, struct rw_http_url *url)
{
	const char *host = text;
	const char *host_end;
	size_t length;

	if (*text == '[') {
		host = text + 1;
		host_end = memchr(host, ']', (size_t)(end - host));
		if (!host_end || parse_port(host_end + 1, end, url) < 0)
			return -EINVAL;
	} else {
		host_end = memchr(host, ':', (size_t)(end - host));
		if (!host_end)
			host_end = end;
		if (parse_port(host_end, end, url) < 0)
			return -EINVAL;
	}
	length = (size_t)(host_end - host);
	if (length == 0 || length > RW_HTTP_MAX_HOST || memchr(host, '@', length))
		return -EINVAL;
	memcpy(url->host, host, length);
	url->host[length] = '\0';
	return 0;
}

int rw_http_url_parse(const char *text, struct rw_http_url *ret_url, struct rw_error *err)
{
	struct rw_http_url url = {0};
	const char *authority;
	const char *end;

	if (strnlen(text, RW_HTTP_MAX_URL + 1) > RW_HTTP_MAX_URL)
		return rw_error_set(err, -EINVAL, "the URL is longer than %d bytes", RW_HTTP_MAX_URL);
	if (strncmp(text, "https://", 8) == 0) {
		url.secure = true;
		url.port = 443;
		authority = text + 8;
	} else if (strncmp(text, "http://", 7) == 0) {
		url.port = 80;
		authority = text + 7;
	} else {
		return rw_error_set(err, -EINVAL, "\"%s\" does not begin with https:// or http://", text);
	}
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '#')
			return rw_error_set(err, -EINVAL, "the URL holds a character that must be encoded");
	}
	end = authority + strcspn(authority, "/?");
	if (*end == '?' || parse_authority(authority, end, &url) < 0)
		return rw_error_set(err, -EINVAL, "\"%s\" is not a URL with host, port and path", text);
	url.target = end;
	*ret_url = url;
	return 0;
}
