/* SPDX-License-Identifier: Apache-2.0 */
#include "main/listen.h"

#include <string.h>

#include "wire/text.h"

int rw_listen_parse(const char *option, const char *text, struct rw_listen_address *ret_listen,
		    struct rw_error *err)
{
	struct rw_listen_address listen = {0};
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
	static const uint8_t zero[16];
	uint64_t port;

	if (bracketed) {
		text++;
		length -= 2;
	}
	if (!colon || !rw_revision_parse(colon + 1, &port) || port > 65535 || length >= sizeof(listen.text)) {
		(void)rw_error_field(err, option, "'%.80s' is not ADDRESS:PORT", text);
		return rw_error_hint(err, "Write 0.0.0.0:8443 or [::]:8443.");
	}
	memcpy(listen.text, text, length);
	if (rw_address_parse(listen.text, &listen.address, err) < 0)
		return rw_error_field(err, option, "'%s' is not an IP address", listen.text);
	listen.any = memcmp(listen.address.bytes, zero, sizeof(zero)) == 0;
	listen.port = (uint16_t)port;
	*ret_listen = listen;
	return 0;
}
