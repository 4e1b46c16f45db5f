/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file of SSH peers that a sealed node remembers: whatever stands in it, as it is and under a check that
 * fits, gives addresses, and not too many.
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agent/seal.h"
#include "base/map.h"

static struct {
	const char *text;
	size_t size;
} file;

int __wrap_rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err);

int __wrap_rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err)
{
	(void)path;
	(void)err;
	return rw_buf_append(buf, file.text, file.size);
}

static void load(const char *text, size_t size)
{
	static struct rw_seal_peers peers;
	const struct rw_agent_place place = {.seal = "/nowhere"};
	char address[RW_ADDRESS_TEXT_SIZE];
	struct rw_address again;

	file.text = text;
	file.size = size;
	rw_seal_peers_load(&place, &peers);
	assert(peers.count <= RW_SEAL_PEERS_MAX);
	for (size_t i = 0; i < peers.count; i++) {
		rw_address_format(&peers.items[i], address);
		assert(rw_address_parse(address, &again, NULL) == 0);
		assert(rw_address_equal(&peers.items[i], &again));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char text[4096];

	load((const char *)bytes, size);
	if (size > sizeof(text) - 32)
		return 0;
	memcpy(text, bytes, size);
	/* The first "check=" counts, so that one within ends what is read. */
	load(text, size + (size_t)snprintf(text + size, sizeof(text) - size, "check=%016llx\n",
					   (unsigned long long)rw_hash_bytes(text, size, 0)));
	return 0;
}
