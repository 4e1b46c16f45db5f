/* SPDX-License-Identifier: Apache-2.0 */

/* What 'ringwall-agent capture' reads from the agent's socket: any bytes are refused, or can be shown and sent on. */

#include <assert.h>
#include <string.h>

#include "agent/drop_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_buf_done) struct rw_buf second;
	struct rw_drop_line line, again;

	rw_buf_init(&buf, 1 << 16);
	rw_buf_init(&second, 1 << 16);
	if (rw_drop_line_read((const char *)bytes, size, &line, NULL) < 0)
		return 0;
	assert(line.drop.captured <= RW_ENFORCER_DROP_BYTES);
	rw_drop_append_text(&line.drop, &buf);
	rw_buf_clear(&buf);
	rw_drop_line_write(&line.drop, &buf);
	assert(buf.size <= RW_DROP_LINE_MAX);
	assert(rw_drop_line_read(buf.data, buf.size - 1, &again, NULL) == 0);
	rw_drop_line_write(&again.drop, &second);
	assert(strcmp(buf.data, second.data) == 0);
	return 0;
}
