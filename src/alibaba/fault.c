/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/fault.h"

#include <stdarg.h>
#include <stdio.h>

int rw_alibaba_refuse(struct rw_alibaba_fault *fault, unsigned int status, const char *code,
		      const char *format, ...)
{
	va_list list;

	if (fault->code)
		return -EINVAL;
	fault->status = status;
	fault->code = code;
	va_start(list, format);
	(void)vsnprintf(fault->message, sizeof(fault->message), format, list);
	va_end(list);
	return -EINVAL;
}

int rw_alibaba_refuse_error(struct rw_alibaba_fault *fault, unsigned int status, const char *code,
			    const struct rw_error *err)
{
	return rw_alibaba_refuse(fault, status, code, "%s%s%s.%s%s", err->field, err->field[0] ? ": " : "",
				 err->text, err->hint[0] ? " " : "", err->hint);
}
