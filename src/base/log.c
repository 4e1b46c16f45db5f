/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

static enum rw_log_level threshold = RW_LOG_INFO;

void rw_log_set_level(enum rw_log_level level)
{
	threshold = level;
}

void rw_log(enum rw_log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char line[2048];
	char stamp[RW_TIMESTAMP_SIZE];
	va_list arguments;
	int length;
	int more;

	if (level > threshold)
		return;
	rw_timestamp_format(rw_clock_realtime_ms(rw_clock_system()), stamp);
	length = snprintf(line, sizeof(line) - 1, "%s %s: ", stamp, names[level]);
	va_start(arguments, format);
	more = vsnprintf(line + length, sizeof(line) - 1 - (size_t)length, format, arguments);
	va_end(arguments);
	if (more > 0)
		length += more;
	if (length > (int)sizeof(line) - 2)
		length = (int)sizeof(line) - 2;
	/* A value that came from outside must not be able to forge a second line. */
	for (int i = 0; i < length; i++)
		if ((unsigned char)line[i] < 0x20)
			line[i] = ' ';
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}
