/* SPDX-License-Identifier: Apache-2.0 */

/* Port ranges, lists of them and protocols: what is accepted lies in range and survives being written. */

#include <assert.h>
#include <string.h>

#include "net/ports.h"

static void check_range(struct rw_ports ports)
{
	char text[RW_PORTS_TEXT_SIZE];
	struct rw_ports again;

	assert(rw_ports_is_any(ports) || (ports.first >= 1 && ports.first <= ports.last));
	rw_ports_format(ports, text);
	assert(rw_ports_parse(text, &again, NULL) == 0);
	assert(again.first == ports.first && again.last == ports.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_free) char *text = strndup((const char *)bytes, size);
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	struct rw_error err = RW_ERROR_NONE;
	struct rw_ports ports;
	unsigned int count;
	uint16_t protocol;

	if (!text)
		return 0;
	if (rw_ports_parse(text, &ports, &err) == 0) {
		check_range(ports);
		/* Whatever a rule may say, people may write. */
		assert(rw_ports_parse_list(text, ranges, &count, NULL) == 0 && count == 1);
	} else {
		assert(err.code == -EINVAL && err.hint[0]);
	}
	if (rw_ports_parse_list(text, ranges, &count, NULL) == 0) {
		assert(count >= 1 && count <= RW_PORTS_LIST_MAX);
		for (unsigned int i = 0; i < count; i++)
			check_range(ranges[i]);
	}
	if (rw_protocol_parse(text, &protocol, NULL) == 0) {
		char formatted[RW_PROTOCOL_TEXT_SIZE];
		uint16_t again;

		assert(protocol <= RW_PROTOCOL_ALL);
		rw_protocol_format(protocol, formatted);
		assert(rw_protocol_parse(formatted, &again, NULL) == 0 && again == protocol);
	}
	return 0;
}
