/* SPDX-License-Identifier: Apache-2.0 */

/* The entry of a controller in the registry from any bytes: what is read is written and read back as the same. */

#include <assert.h>
#include <string.h>

#include "main/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_registry_entry entry, back;
	struct rw_error err = RW_ERROR_NONE;
	static struct rw_registry registry;
	int r = rw_registry_decode((const char *)bytes, size, &entry, &err);

	rw_buf_init(&buf, 4 * RW_REGISTRY_ENTRY_BYTES);
	assert(r == 0 || (r == err.code && err.text[0]));
	if (r < 0)
		return 0;
	registry.count = 0;
	assert(rw_registry_encode(&buf, &entry, NULL) == 0);
	/* Escapes may make it longer than what is read. */
	if (buf.size <= RW_REGISTRY_ENTRY_BYTES) {
		assert(rw_registry_decode(buf.data, buf.size, &back, NULL) == 0);
		rw_registry_put(&registry, &entry);
		rw_registry_put(&registry, &back);
		assert(registry.count == 1 && rw_registry_find(&registry, entry.name));
	}
	return 0;
}
