/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Walking netlink messages and their attributes without the casts of linux/netlink.h's macros, which drop
 * const.  Nothing outside the sizes given is read, whatever the lengths in the bytes say.
 */

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* What a message of type NLMSG_ERROR says in the midst of a dump: a negative errno, -EPROTO when it has none. */
static inline int netlink_failure(const struct nlmsghdr *message)
{
	const struct nlmsgerr *failure = (const struct nlmsgerr *)netlink_data(message);

	return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*failure)) && failure->error < 0 ? failure->error
											  : -EPROTO;
}

/* Of an attribute.  The macros of linux/netlink.h make ints of it. */
#define NETLINK_ATTRIBUTE_HEADER sizeof(struct nlattr)

/* The first attribute of that type in 'size' bytes, or NULL. */
static inline const struct nlattr *netlink_attribute(const void *bytes, size_t size, uint16_t type)
{
	const char *at = bytes;

	while (size >= sizeof(struct nlattr)) {
		const struct nlattr *attribute = (const struct nlattr *)(const void *)at;
		size_t step = NLMSG_ALIGN((size_t)attribute->nla_len);

		if (attribute->nla_len < sizeof(*attribute) || attribute->nla_len > size)
			return NULL;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type)
			return attribute;
		if (step >= size)
			return NULL;
		at += step;
		size -= step;
	}
	return NULL;
}

/* The same behind the fixed part of a message, which is 'fixed' bytes long. */
static inline const struct nlattr *netlink_message_attribute(const struct nlmsghdr *message, size_t fixed,
							     uint16_t type)
{
	size_t offset = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

	if (message->nlmsg_len < offset)
		return NULL;
	return netlink_attribute((const char *)message + offset, message->nlmsg_len - offset, type);
}

/* The same inside an attribute, which may be NULL. */
static inline const struct nlattr *netlink_nested(const struct nlattr *outer, uint16_t type)
{
	return outer ? netlink_attribute((const char *)outer + NETLINK_ATTRIBUTE_HEADER,
					 (size_t)outer->nla_len - NETLINK_ATTRIBUTE_HEADER, type)
		     : NULL;
}

/* Copies the first 'size' bytes of an attribute's value; false when it is NULL or shorter. */
static inline bool netlink_value(const struct nlattr *attribute, void *to, size_t size)
{
	if (!attribute || (size_t)attribute->nla_len < NETLINK_ATTRIBUTE_HEADER + size)
		return false;
	memcpy(to, (const char *)attribute + NETLINK_ATTRIBUTE_HEADER, size);
	return true;
}

/* Copies a text, cut to fit, or "". */
static inline void netlink_text(const struct nlattr *attribute, char *text, size_t size)
{
	const char *from = (const char *)attribute + NETLINK_ATTRIBUTE_HEADER;
	size_t length = attribute ? strnlen(from, (size_t)attribute->nla_len - NETLINK_ATTRIBUTE_HEADER) : 0;

	if (length > size - 1)
		length = size - 1;
	if (length)
		memcpy(text, from, length);
	text[length] = '\0';
}
