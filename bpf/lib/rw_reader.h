/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Bytes of a frame by offset: from an skb in the kernel (linear or not), from the linear part at XDP, from
 * memory on the host.  'length' is the frame's whole length, whatever of it is linear.
 */

#include "lib/rw_platform.h"

struct rw_reader {
#ifdef __bpf__
	struct __sk_buff *skb; /* NULL at XDP, where rw_reader_view alone can be asked */
	const char *head;      /* the linear part */
	const char *head_end;
#else
	const __u8 *bytes;
#endif
	__u32 length;
};

/* Copies *to from 'offset'; false when the frame ends before. */
#ifdef __bpf__
#define rw_reader_copy(reader, offset, to) (bpf_skb_load_bytes((reader)->skb, offset, to, sizeof(*(to))) == 0)

/*
 * The same for headers that every packet has: they are most often in the linear part, and read there at a
 * fraction of the helper's cost.  Every use doubles the paths that the verifier follows from there.
 */
#define RW_READER_LINEAR_MAX 255

#define rw_reader_copy_head(reader, offset, to)                                                              \
	({                                                                                                   \
		const char *data_ = (const char *)(long)(reader)->skb->data;                                 \
		const char *end_ = (const char *)(long)(reader)->skb->data_end;                              \
		__u32 offset_ = (offset);                                                                    \
		bool copied_ = true;                                                                         \
                                                                                                             \
		if (offset_ <= RW_READER_LINEAR_MAX && data_ + offset_ + sizeof(*(to)) <= end_)              \
			__builtin_memcpy(                                                                    \
				(to),                                                                        \
				__builtin_assume_aligned(data_ + offset_, _Alignof(__typeof__(*(to)))),      \
				sizeof(*(to)));                                                              \
		else                                                                                         \
			copied_ = rw_reader_copy(reader, offset_, to);                                       \
		copied_;                                                                                     \
	})

/* Bytes of the linear part, in place; NULL when 'size' of them are not there.  The offset is a constant. */
#define rw_reader_view(reader, offset, size)                                                                 \
	({                                                                                                   \
		const char *at_ = (reader)->head + (offset);                                                 \
                                                                                                             \
		at_ + (size) <= (reader)->head_end ? (const void *)__builtin_assume_aligned(at_, 4) : NULL;  \
	})
#else
RW_INLINE bool rw_reader_copy_bytes(const struct rw_reader *reader, __u32 offset, void *to, __u32 size)
{
	if (offset > reader->length || size > reader->length - offset)
		return false;
	memcpy(to, reader->bytes + offset, size);
	return true;
}

#define rw_reader_copy(reader, offset, to)      rw_reader_copy_bytes(reader, offset, to, sizeof(*(to)))
#define rw_reader_copy_head(reader, offset, to) rw_reader_copy(reader, offset, to)

RW_INLINE const void *rw_reader_view(const struct rw_reader *reader, __u32 offset, __u32 size)
{
	return offset > reader->length || size > reader->length - offset ? NULL : reader->bytes + offset;
}
#endif
