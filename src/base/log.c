/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"

#define TEXT_SIZE   2048
#define PREFIX_SIZE 512
#define KEY_SIZE    32

/* One pair: the key as the format has it, the value as a part of the text. */
struct field {
	char key[KEY_SIZE];
	size_t value;
	size_t size;
};

struct line {
	char text[TEXT_SIZE];
	size_t size;
	struct field fields[RW_LOG_FIELDS_MAX];
	size_t field_count;
};

static enum rw_log_level threshold = RW_LOG_INFO;

static struct {
	int fd;
	struct sockaddr_un address;
	const char *identifier;
} journal = {.fd = -EBADF};

void rw_log_set_level(enum rw_log_level level)
{
	threshold = level;
}

/* ---- journald ---- */

/* JOURNAL_STREAM is device and inode of what systemd gave us; somebody may have redirected it since. */
static bool is_journal_stream(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat info;
	int length = 0;

	return stream && sscanf(stream, "%llu:%llu%n", &device, &inode, &length) == 2 &&
	       stream[length] == '\0' && fstat(STDERR_FILENO, &info) == 0 && info.st_dev == device &&
	       info.st_ino == inode;
}

bool rw_log_open_journal(const char *path, const char *identifier)
{
	if (!is_journal_stream() || strlen(path) >= sizeof(journal.address.sun_path))
		return false;
	rw_log_close_journal();
	journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (journal.fd < 0)
		return false;
	journal.address = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)strcpy(journal.address.sun_path, path);
	journal.identifier = identifier;
	return true;
}

void rw_log_close_journal(void)
{
	journal.fd = rw_close(journal.fd);
}

/* Fields are lines "NAME=value": control characters are gone from the text already. */
static size_t write_field(char *datagram, size_t capacity, const struct line *line, const struct field *field)
{
	char name[KEY_SIZE] = "";

	for (size_t i = 0; field->key[i]; i++)
		name[i] = (char)toupper((unsigned char)field->key[i]);
	return (size_t)snprintf(datagram, capacity, "RW_%s=%.*s\n", name, (int)field->size,
				line->text + field->value);
}

/* False when journald does not take it. */
static bool send_to_journal(enum rw_log_level level, const struct line *line)
{
	static const int priorities[] = {3, 4, 6, 7}; /* of syslog */
	char datagram[2 * TEXT_SIZE + RW_LOG_FIELDS_MAX * (KEY_SIZE + 8) + 256];
	size_t size;

	size = (size_t)snprintf(datagram, sizeof(datagram),
				"PRIORITY=%d\nSYSLOG_IDENTIFIER=%.64s\nMESSAGE=%s\n", priorities[level],
				journal.identifier, line->text);
	for (size_t i = 0; i < line->field_count; i++)
		size += write_field(datagram + size, sizeof(datagram) - size, line, &line->fields[i]);
	return sendto(journal.fd, datagram, size, MSG_NOSIGNAL, (const struct sockaddr *)&journal.address,
		      sizeof(journal.address)) == (ssize_t)size;
}

/* ---- standard error ---- */

static void write_to_stderr(enum rw_log_level level, const struct line *line)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char stamp[RW_TIMESTAMP_SIZE];
	char out[TEXT_SIZE + RW_TIMESTAMP_SIZE + 16];
	int length;

	rw_timestamp_format(rw_clock_realtime_ms(rw_clock_system()), stamp);
	length = snprintf(out, sizeof(out), "%s %s: %s\n", stamp, names[level], line->text);
	if (write(STDERR_FILENO, out, (size_t)length) < 0)
		return;
}

/* ---- making a line ---- */

/* The next "key=" of the format at or behind 'at', a word of its own; NULL = none. */
static const char *next_key(const char *at, size_t *ret_length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	for (at = strchr(at, ' '); at; at = strchr(at, ' ')) {
		size_t length = strspn(++at, letters);

		if (length && length < KEY_SIZE && at[length] == '=') {
			*ret_length = length;
			return at;
		}
	}
	return NULL;
}

/*
 * How long the text is that the beginning of the format makes.  A key is literal text, so no conversion is cut
 * in two, and what begins a format makes what begins its text.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int length_before(const char *format, size_t size, va_list arguments)
{
	char prefix[PREFIX_SIZE];
	va_list copy;
	int length;

	if (size >= sizeof(prefix))
		return -1;
	(void)memcpy(prefix, format, size);
	prefix[size] = '\0';
	va_copy(copy, arguments);
	length = vsnprintf(NULL, 0, prefix, copy);
	va_end(copy);
	return length;
}
#pragma GCC diagnostic pop

/* The pairs stand behind the first two spaces of the format. */
static void find_fields(struct line *line, const char *format, va_list arguments)
{
	const char *at = strstr(format, "  ");
	size_t key_length;

	while (at && line->field_count < RW_LOG_FIELDS_MAX && (at = next_key(at, &key_length))) {
		struct field *field = &line->fields[line->field_count];
		int before = length_before(format, (size_t)(at - format), arguments);

		if (before < 0 || (size_t)before + key_length + 1 > line->size)
			break; /* cut off */
		(void)memcpy(field->key, at, key_length);
		field->key[key_length] = '\0';
		field->value = (size_t)before + key_length + 1;
		field->size = line->size - field->value;
		if (line->field_count)
			field[-1].size = (size_t)before - 1 - field[-1].value;
		line->field_count++;
	}
}

/* What came from outside must forge neither a line nor a field. */
static void clean(struct line *line)
{
	for (size_t i = 0; i < line->size; i++)
		if ((unsigned char)line->text[i] < 0x20)
			line->text[i] = ' ';
	for (size_t i = 0; i < line->field_count; i++) {
		struct field *field = &line->fields[i];
		char *value = line->text + field->value;

		if (field->size < 2 || value[0] != '"')
			continue;
		for (size_t k = 1; k + 1 < field->size; k++)
			if (value[k] == '"')
				value[k] = '\'';
		field->value++;
		field->size -= value[field->size - 1] == '"' ? 2 : 1;
	}
}

void rw_log(enum rw_log_level level, const char *format, ...)
{
	struct line line = {.field_count = 0};
	va_list arguments;
	int length;

	if (level > threshold)
		return;
	va_start(arguments, format);
	length = vsnprintf(line.text, sizeof(line.text), format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	line.size = length < (int)sizeof(line.text) ? (size_t)length : sizeof(line.text) - 1;
	va_start(arguments, format);
	find_fields(&line, format, arguments);
	va_end(arguments);
	clean(&line);
	if (journal.fd < 0 || !send_to_journal(level, &line))
		write_to_stderr(level, &line);
}
