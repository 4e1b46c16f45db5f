/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as what rtnetlink says of links, addresses and routes. */

#include <assert.h>

#include "agent/links.h"
#include "netlink_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	input = bytes;
	input_size = size;
	r = rw_links_read(&links, &err);
	assert(r == 0 || (r < 0 && err.text[0]));
	for (size_t i = 0; i < links.count; i++) {
		size_t count;

		assert(memchr(links.links[i].name, '\0', sizeof(links.links[i].name)));
		assert(memchr(links.links[i].kind, '\0', sizeof(links.links[i].kind)));
		assert(i == 0 || links.links[i - 1].ifindex <= links.links[i].ifindex);
		(void)rw_links_addresses(&links, links.links[i].ifindex, &count);
		assert(count <= links.address_count);
	}
	input = bytes;
	input_size = size;
	errno = 0;
	(void)rw_links_watch_drain(-EBADF);
	return 0;
}
