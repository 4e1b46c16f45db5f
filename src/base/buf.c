/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What 'data' points to while nothing is allocated; never written to. */
static char empty_text[1];

void rw_buf_init(struct rw_buf *buf, size_t max_bytes)
{
	*buf = (struct rw_buf){.data = empty_text, .max_bytes = max_bytes};
}

void rw_buf_done(struct rw_buf *buf)
{
	if (buf->capacity)
		free(buf->data);
	rw_buf_init(buf, buf->max_bytes);
}

void rw_buf_clear(struct rw_buf *buf)
{
	buf->size = 0;
	buf->failed = 0;
	if (buf->capacity)
		buf->data[0] = '\0';
}

void rw_buf_fail(struct rw_buf *buf, int code)
{
	if (!buf->failed)
		buf->failed = code;
}

/* Makes room for 'more' bytes and a NUL. */
static int reserve(struct rw_buf *buf, size_t more)
{
	size_t need;
	size_t capacity;
	char *data;

	if (more > buf->max_bytes || buf->size > buf->max_bytes - more) {
		rw_buf_fail(buf, -E2BIG);
		return -E2BIG;
	}
	need = buf->size + more + 1;
	if (need <= buf->capacity)
		return 0;
	capacity = buf->capacity ? buf->capacity : 64;
	while (capacity < need)
		capacity += capacity / 2;
	data = realloc(buf->capacity ? buf->data : NULL, capacity);
	if (!data) {
		rw_buf_fail(buf, -ENOMEM);
		return -ENOMEM;
	}
	buf->data = data;
	buf->capacity = capacity;
	return 0;
}

char *rw_buf_extend(struct rw_buf *buf, size_t size)
{
	char *place;

	if (reserve(buf, size) < 0)
		return NULL;
	place = buf->data + buf->size;
	buf->size += size;
	buf->data[buf->size] = '\0';
	return place;
}

int rw_buf_append(struct rw_buf *buf, const void *bytes, size_t size)
{
	int r = reserve(buf, size);

	if (r < 0)
		return r;
	if (size)
		memcpy(buf->data + buf->size, bytes, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
	return 0;
}

int rw_buf_append_text(struct rw_buf *buf, const char *text)
{
	return rw_buf_append(buf, text, strlen(text));
}

int rw_buf_append_format(struct rw_buf *buf, const char *format, ...)
{
	va_list arguments;
	int length;
	int r;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		rw_buf_fail(buf, -EINVAL);
		return -EINVAL;
	}
	r = reserve(buf, (size_t)length);
	if (r < 0)
		return r;
	va_start(arguments, format);
	(void)vsnprintf(buf->data + buf->size, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buf->size += (size_t)length;
	return 0;
}

void rw_buf_consume(struct rw_buf *buf, size_t size)
{
	if (size >= buf->size) {
		int failed = buf->failed;

		rw_buf_clear(buf);
		buf->failed = failed;
		return;
	}
	memmove(buf->data, buf->data + size, buf->size - size + 1);
	buf->size -= size;
}

int rw_buf_check(const struct rw_buf *buf, struct rw_error *err)
{
	switch (buf->failed) {
	case 0:
		return 0;
	case -ENOMEM:
		return rw_error_oom(err);
	case -E2BIG:
		return rw_error_set(err, -E2BIG, "the text is larger than %zu bytes", buf->max_bytes);
	}
	return rw_error_set(err, buf->failed, "the text cannot be put together");
}

char *rw_buf_take_text(struct rw_buf *buf)
{
	char *text;

	if (reserve(buf, 0) < 0)
		return NULL;
	text = buf->data;
	text[buf->size] = '\0';
	rw_buf_init(buf, buf->max_bytes);
	return text;
}
