/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void copy_cut(char *to, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);

	memcpy(to, text, length);
	to[length] = '\0';
}

RW_PRINTF(4, 0)
static void fill(struct rw_error *err, int code, const char *field, const char *format, va_list arguments)
{
	err->code = code;
	copy_cut(err->field, sizeof(err->field), field);
	err->hint[0] = '\0';
	(void)vsnprintf(err->text, sizeof(err->text), format, arguments);
}

int rw_error_set(struct rw_error *err, int code, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return code;
	va_start(arguments, format);
	fill(err, code, "", format, arguments);
	va_end(arguments);
	return code;
}

int rw_error_field(struct rw_error *err, const char *field, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return -EINVAL;
	va_start(arguments, format);
	fill(err, -EINVAL, field, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* Puts 'prefix' and 'separator' before what 'text' holds, cutting the end to fit. */
static void prepend(char *text, size_t size, const char *prefix, const char *separator)
{
	size_t prefix_length = strnlen(prefix, size - 1);
	size_t separator_length = strlen(separator);
	size_t head = prefix_length + separator_length;
	size_t old = strlen(text);

	if (head >= size - 1) {
		copy_cut(text, size, prefix);
		return;
	}
	if (old > size - 1 - head)
		old = size - 1 - head;
	memmove(text + head, text, old);
	memcpy(text, prefix, prefix_length);
	memcpy(text + prefix_length, separator, separator_length);
	text[head + old] = '\0';
}

int rw_error_wrap(struct rw_error *err, const char *format, ...)
{
	char prefix[sizeof(err->text)];
	va_list arguments;

	if (!err)
		return -EINVAL;
	va_start(arguments, format);
	(void)vsnprintf(prefix, sizeof(prefix), format, arguments);
	va_end(arguments);
	prepend(err->text, sizeof(err->text), prefix, ": ");
	return err->code;
}

int rw_error_field_prefix(struct rw_error *err, const char *format, ...)
{
	char prefix[sizeof(err->field)];
	va_list arguments;

	if (!err)
		return -EINVAL;
	va_start(arguments, format);
	(void)vsnprintf(prefix, sizeof(prefix), format, arguments);
	va_end(arguments);
	prepend(err->field, sizeof(err->field), prefix, err->field[0] && err->field[0] != '[' ? "." : "");
	return err->code;
}

int rw_error_hint(struct rw_error *err, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return -EINVAL;
	va_start(arguments, format);
	(void)vsnprintf(err->hint, sizeof(err->hint), format, arguments);
	va_end(arguments);
	return err->code;
}

int rw_error_oom(struct rw_error *err)
{
	return rw_error_set(err, -ENOMEM, "out of memory");
}
