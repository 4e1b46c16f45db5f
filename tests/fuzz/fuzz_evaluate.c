/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Query lines from any bytes.  A line behind a line feed always takes the full reader, so both readers are
 * compared.
 */

#include <assert.h>
#include <string.h>

#include "wire/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct rw_query one;
	static struct rw_query two;
	struct rw_error err = RW_ERROR_NONE;
	char line[RW_QUERY_LINE_MAX];
	int r;

	if (size >= sizeof(line))
		return 0;
	line[0] = '\n';
	if (size)
		memcpy(line + 1, bytes, size);
	r = rw_query_decode((const char *)bytes, size, &one, &err);
	assert(r == 0 || err.text[0]);
	assert(rw_query_decode(line, size + 1, &two, NULL) == r);
	if (r < 0)
		return 0;
	assert(strcmp(one.node, two.node) == 0 && strcmp(one.interface, two.interface) == 0);
	assert(memcmp(&one.packet, &two.packet, sizeof(one.packet)) == 0);
	return 0;
}
