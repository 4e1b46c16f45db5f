/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses and CIDRs: what is accepted is canonical once formatted, and means the same when read again. */

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "net/address.h"

/* The C library must read what we accept alike (it accepts more: mapped addresses). */
static void compare_with_libc(const struct rw_address *address, const char *text)
{
	uint8_t bytes[16] = {0};

	assert(inet_pton(address->family == 4 ? AF_INET : AF_INET6, text, bytes) == 1);
	assert(memcmp(bytes, address->bytes, sizeof(bytes)) == 0);
}

static void check_address(const char *text)
{
	struct rw_address address;
	struct rw_address again;
	char formatted[RW_ADDRESS_TEXT_SIZE];
	char libc[INET6_ADDRSTRLEN];

	if (rw_address_parse(text, &address, NULL) < 0) {
		uint8_t bytes[16];

		/* Nothing but mapped addresses and their kin is refused that the C library takes. */
		assert(inet_pton(AF_INET, text, bytes) != 1);
		assert(inet_pton(AF_INET6, text, bytes) != 1 || (bytes[10] == 0xff && bytes[11] == 0xff));
		return;
	}
	compare_with_libc(&address, text);
	rw_address_format(&address, formatted);
	assert(rw_address_parse(formatted, &again, NULL) == 0);
	assert(rw_address_equal(&address, &again));
	/* The C library writes some addresses with a dotted tail; all others must be alike. */
	assert(inet_ntop(address.family == 4 ? AF_INET : AF_INET6, address.bytes, libc, sizeof(libc)));
	assert(address.family == 4 || strchr(libc, '.') || strcmp(libc, formatted) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_free) char *text = strndup((const char *)bytes, size);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_prefix prefix;
	struct rw_prefix again;
	char formatted[RW_PREFIX_TEXT_SIZE];

	if (!text)
		return 0;
	check_address(text);
	if (rw_prefix_parse(text, &prefix, &err) < 0) {
		assert(err.code == -EINVAL && err.text[0]);
		return 0;
	}
	rw_prefix_format(&prefix, formatted);
	assert(rw_prefix_parse(formatted, &again, NULL) == 0);
	assert(rw_prefix_compare(&prefix, &again) == 0);
	assert(rw_prefix_contains(&prefix, &prefix.address));
	assert(rw_prefix_covers(&prefix, &again) && rw_prefix_overlaps(&again, &prefix));
	return 0;
}
