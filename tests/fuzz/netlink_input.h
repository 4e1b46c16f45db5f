/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The fuzzer's bytes in place of what the kernel answers: linked with --wrap=socket,send,recv, every recv
 * gives the next datagram, two bytes of length and then the content; behind the last there is silence.
 */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

static const uint8_t *input;
static size_t input_size;

int __wrap_socket(int domain, int type, int protocol);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
int __wrap_setsockopt(int fd, int level, int name, const void *value, unsigned int size);

int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, unsigned int size)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)value;
	(void)size;
	return 0;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd;
	(void)bytes;
	(void)flags;
	return (ssize_t)size;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
	size_t length;

	(void)fd;
	(void)flags;
	if (input_size < 2) {
		errno = EAGAIN;
		return -1;
	}
	length = (size_t)input[0] | (size_t)input[1] << 8;
	input += 2;
	input_size -= 2;
	if (length > input_size)
		length = input_size;
	memcpy(bytes, input, length < size ? length : size);
	input += length;
	input_size -= length;
	return (ssize_t)(length < size ? length : size);
}
