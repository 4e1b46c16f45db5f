/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/state_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "crypto/digest.h"

void state_wipe(char *text)
{
	if (text)
		rw_secret_wipe(text, strlen(text));
	free(text);
}

int state_path(const char *folder, const char *name, char **ret_path, struct rw_error *err)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return rw_error_oom(err);
	*ret_path = path;
	return 0;
}

int state_read(const char *folder, const char *name, char **ret_text, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	*ret_text = NULL;
	rw_buf_init(&buf, 4 * RW_CERT_MAX_SIZE);
	r = state_path(folder, name, &path, err);
	if (r < 0)
		return r;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = rw_file_read(path, &buf, err);
	if (r < 0)
		return r;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

int state_write(const char *folder, const char *name, const char *text, mode_t mode, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = state_path(folder, name, &path, err);

	return r < 0 ? r : rw_file_write(path, text, strlen(text), mode, err);
}

int state_refuse_gone(const char *path, const char *name, struct rw_error *err)
{
	return rw_error_set(err, -ENOENT, "%s/%s is gone", path, name);
}
