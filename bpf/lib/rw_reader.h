/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Bytes of a frame by offset: from an skb in the kernel (linear or not), from memory on the host.
 * 'length' is the frame's whole length, whatever of it is linear.
 */

#include "lib/rw_platform.h"

struct rw_reader {
#ifdef __bpf__
	struct __sk_buff *skb;
#else
	const __u8 *bytes;
#endif
	__u32 length;
};

/* Copies 'size' bytes (a constant) at 'offset'; false when the frame ends before. */
RW_INLINE bool rw_reader_copy(const struct rw_reader *reader, __u32 offset, void *to, __u32 size)
{
#ifdef __bpf__
	return bpf_skb_load_bytes(reader->skb, offset, to, size) == 0;
#else
	if (offset > reader->length || size > reader->length - offset)
		return false;
	memcpy(to, reader->bytes + offset, size);
	return true;
#endif
}
