/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Walking netlink messages without the casts of linux/netlink.h's macros, which drop const. */

#include <linux/netlink.h>
#include <stddef.h>

/* The first message in 'size' bytes at 'bytes' (aligned as any buffer of malloc), or NULL. */
static inline const struct nlmsghdr *netlink_first(const char *bytes, size_t size)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)bytes;

	if (size < sizeof(*message) || message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size)
		return NULL;
	return message;
}

/* The message behind 'message', or NULL; 'size' bytes are left from 'message' on and are counted down. */
static inline const struct nlmsghdr *netlink_next(const struct nlmsghdr *message, size_t *size)
{
	size_t step = NLMSG_ALIGN(message->nlmsg_len);

	if (step >= *size)
		return NULL;
	*size -= step;
	return netlink_first((const char *)message + step, *size);
}

/* What stands behind the header; 'nlmsg_len' says how much. */
static inline const void *netlink_data(const struct nlmsghdr *message)
{
	return (const char *)message + NLMSG_HDRLEN;
}
