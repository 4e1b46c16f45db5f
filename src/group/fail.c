/* SPDX-License-Identifier: Apache-2.0 */
#include "group/fail.h"

#include <stdarg.h>
#include <stdio.h>

int rw_group_fail(struct rw_error *err, int code, const char *field, const char *hint, const char *format,
		  ...)
{
	char text[sizeof(err->text)];
	va_list arguments;

	if (!err)
		return code;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)rw_error_field(err, field, "%s", text);
	(void)rw_error_hint(err, "%s", hint);
	err->code = code;
	return code;
}
