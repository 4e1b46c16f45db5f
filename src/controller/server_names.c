/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/server_names.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#define FILE_MAX (RW_CERT_MAX_NAMES * 256)

static int make_path(const char *state, char **ret_path, struct rw_error *err)
{
	if (asprintf(ret_path, "%s/names", state) < 0) {
		*ret_path = NULL;
		return rw_error_oom(err);
	}
	return 0;
}

static int add(struct rw_server_names *names, const char *name, size_t length, struct rw_error *err)
{
	if (names->count == RW_CERT_MAX_NAMES)
		return rw_error_field(err, "--name", "there are more than %d names", RW_CERT_MAX_NAMES);
	if (length == 0 || length >= sizeof(names->text[0]) || memchr(name, '\0', length) ||
	    strcspn(name, " \t\r\n") < length)
		return rw_error_field(err, "--name", "'%.*s' is not a host name or address",
				      length > 80 ? 80 : (int)length, name);
	memcpy(names->text[names->count], name, length);
	names->text[names->count++][length] = '\0';
	return 0;
}

int rw_server_names_load(const char *state, struct rw_server_names *ret_names, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_free) char *path = NULL;
	struct rw_server_names names = {0};
	int r;

	rw_buf_init(&buf, FILE_MAX);
	r = make_path(state, &path, err);
	if (r == 0)
		r = rw_file_read(path, &buf, NULL);
	if (r == -ENOENT) {
		*ret_names = names;
		return 0;
	}
	if (r < 0)
		return rw_error_set(err, r, "%s: %s", path ? path : state, strerror(-r));
	for (size_t at = 0; at < buf.size;) {
		size_t length = strcspn(buf.data + at, "\n");

		r = add(&names, buf.data + at, length, err);
		if (r < 0) {
			(void)rw_error_wrap(err, "%s", path);
			(void)rw_error_hint(err, "Give the names anew by --name.");
			if (err)
				err->code = -EUCLEAN; /* it is no fault of the command line's */
			return -EUCLEAN;
		}
		at += length + 1;
	}
	*ret_names = names;
	return 0;
}

int rw_server_names_save(const char *state, const char *const *names, size_t count, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_free) char *path = NULL;
	struct rw_server_names checked = {0};
	int r;

	rw_buf_init(&buf, FILE_MAX);
	r = make_path(state, &path, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = add(&checked, names[i], strlen(names[i]), err);
		(void)rw_buf_append_format(&buf, "%s\n", names[i]);
	}
	if (r == 0)
		r = rw_buf_check(&buf, err);
	return r < 0 ? r : rw_file_write(path, buf.data, buf.size, 0644, err);
}
