/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char block[8192];

	if (fd < 0) {
		int code = -errno;

		return rw_error_set(err, code, "%s: %s", path, strerror(-code));
	}
	for (;;) {
		ssize_t got = read(fd, block, sizeof(block));
		int r;

		if (got < 0) {
			int code = -errno;

			if (code == -EINTR)
				continue;
			return rw_error_set(err, code, "%s: %s", path, strerror(-code));
		}
		if (got == 0)
			return 0;
		r = rw_buf_append(buf, block, (size_t)got);
		if (r < 0)
			return rw_error_set(err, r, "%s: larger than %zu bytes", path, buf->max_bytes);
	}
}

int rw_file_read_secret(const char *path, const char *what, char *text, size_t size, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	ssize_t got;

	if (fd < 0 || fstat(fd, &status) < 0)
		return rw_error_set(err, -errno, "cannot read %s %s: %s", what, path, strerror(errno));
	if (status.st_mode & (S_IRWXG | S_IRWXO)) {
		(void)rw_error_set(err, -EPERM, "%s %s can be touched by others (mode %04o)", what, path,
				   (unsigned int)(status.st_mode & 07777));
		(void)rw_error_hint(err, "Run: chmod 0600 %s, and consider what it holds known.", path);
		return -EPERM;
	}
	got = read(fd, text, size - 1);
	if (got < 0)
		return rw_error_set(err, -errno, "cannot read %s %s: %s", what, path, strerror(errno));
	text[got] = '\0';
	return 0;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

static int sync_folder_of(const char *path)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char folder[PATH_MAX];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int fail(const char *path, int code, struct rw_error *err)
{
	return rw_error_set(err, code, "%s: %s", path, strerror(-code));
}

int rw_new_file_begin(struct rw_new_file *file, const char *path, mode_t mode, struct rw_error *err)
{
	file->path = path;
	file->fd = -EBADF;
	if ((size_t)snprintf(file->temporary, sizeof(file->temporary), "%s.new", path) >=
	    sizeof(file->temporary)) {
		file->temporary[0] = '\0';
		return rw_error_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
	}
	(void)unlink(file->temporary);
	file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (file->fd < 0) {
		int r = fail(file->temporary, -errno, err);

		file->temporary[0] = '\0';
		return r;
	}
	return 0;
}

int rw_new_file_add(struct rw_new_file *file, const void *bytes, size_t size, struct rw_error *err)
{
	int r = write_all(file->fd, bytes, size);

	return r < 0 ? fail(file->path, r, err) : 0;
}

int rw_new_file_flush(struct rw_new_file *file, struct rw_error *err)
{
	return fsync(file->fd) < 0 ? fail(file->path, -errno, err) : 0;
}

int rw_new_file_put(struct rw_new_file *file, struct rw_error *err)
{
	int r;

	if (rename(file->temporary, file->path) < 0)
		return fail(file->path, -errno, err);
	file->temporary[0] = '\0';
	r = sync_folder_of(file->path);
	return r < 0 ? fail(file->path, r, err) : 0;
}

void rw_new_file_done(struct rw_new_file *file)
{
	file->fd = rw_close(file->fd);
	if (file->temporary[0])
		(void)unlink(file->temporary);
	file->temporary[0] = '\0';
}

int rw_file_write(const char *path, const void *bytes, size_t size, mode_t mode, struct rw_error *err)
{
	RW_CLEANUP(rw_new_file_done) struct rw_new_file file;
	int r = rw_new_file_begin(&file, path, mode, err);

	if (r == 0)
		r = rw_new_file_add(&file, bytes, size, err);
	if (r == 0)
		r = rw_new_file_flush(&file, err);
	if (r == 0)
		r = rw_new_file_put(&file, err);
	return r;
}

int rw_file_make_folder(const char *path, mode_t mode, struct rw_error *err)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(part))
		return rw_error_set(err, -ENAMETOOLONG, "'%s': not a usable path", path);
	memcpy(part, path, length + 1);
	for (char *at = part + 1;; at++) {
		char kept = *at;

		if (kept != '/' && kept != '\0')
			continue;
		*at = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST) {
			int code = -errno;

			return rw_error_set(err, code, "%s: %s", part, strerror(-code));
		}
		if (kept == '\0')
			return 0;
		*at = kept;
	}
}
