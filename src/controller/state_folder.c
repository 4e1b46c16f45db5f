/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/state_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "crypto/digest.h"

static const char *const default_names[] = {"localhost", "127.0.0.1", "::1"};

static void wipe_text(char *text)
{
	if (text)
		rw_secret_wipe(text, strlen(text));
	free(text);
}

void rw_state_folder_done(struct rw_state_folder *folder)
{
	free(folder->store_path);
	free(folder->admin_key_path);
	free(folder->ca_cert_pem);
	free(folder->server_cert_pem);
	wipe_text(folder->ca_key_pem);
	wipe_text(folder->server_key_pem);
	rw_seal_key_done(&folder->master_key);
	(void)memset(folder, 0, sizeof(*folder));
}

static int join_path(const char *folder, const char *name, char **ret_path, struct rw_error *err)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return rw_error_oom(err);
	*ret_path = path;
	return 0;
}

/* Reads a file of the folder; *ret_text is NULL when there is none. */
static int read_text(const char *folder, const char *name, char **ret_text, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	*ret_text = NULL;
	rw_buf_init(&buf, 4 * RW_CERT_MAX_SIZE);
	r = join_path(folder, name, &path, err);
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

static int write_text(const char *folder, const char *name, const char *text, mode_t mode,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = join_path(folder, name, &path, err);

	return r < 0 ? r : rw_file_write(path, text, strlen(text), mode, err);
}

static int open_master_key(const char *path, const struct rw_random *random, struct rw_state_folder *folder,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *file = NULL;
	int r = join_path(path, "master-key", &file, err);

	if (r < 0)
		return r;
	if (access(file, F_OK) == 0)
		return rw_seal_key_load(file, &folder->master_key, err);
	if (access(folder->store_path, F_OK) == 0) {
		(void)rw_error_set(err, -EUCLEAN, "there is a store but no master key in %s", path);
		(void)rw_error_hint(
			err, "Restore master-key from the backup; API keys cannot be read without it.");
		return -EUCLEAN;
	}
	folder->made = true;
	return rw_seal_key_create(file, random, &folder->master_key, err);
}

static int open_authority(const char *path, int64_t now_s, const struct rw_random *random,
			  struct rw_state_folder *folder, struct rw_error *err)
{
	int r = read_text(path, "ca.pem", &folder->ca_cert_pem, err);

	if (r == 0)
		r = read_text(path, "ca-key.pem", &folder->ca_key_pem, err);
	if (r < 0 || (folder->ca_cert_pem && folder->ca_key_pem))
		return r;
	/*
	 * The key is written first: a crash in between leaves a key without certificate, which says nothing.
	 */
	if (folder->ca_cert_pem)
		return rw_error_set(err, -EUCLEAN, "%s/ca.pem is there, ca-key.pem is not", path);
	wipe_text(RW_TAKE_PTR(folder->ca_key_pem));
	folder->made = true;
	r = rw_cert_make_authority("ringwall authority", random,
				   rw_cert_period_days(now_s, RW_CERT_AUTHORITY_DAYS), &folder->ca_cert_pem,
				   &folder->ca_key_pem, err);
	if (r == 0)
		r = write_text(path, "ca-key.pem", folder->ca_key_pem, 0600, err);
	return r < 0 ? r : write_text(path, "ca.pem", folder->ca_cert_pem, 0644, err);
}

/* Text before the certificate (RFC 7468 allows it): for which names it was asked for. */
static int write_preface(struct rw_buf *buf, const char *const *names, size_t count, struct rw_error *err)
{
	(void)rw_buf_append_text(buf, "Names:");
	for (size_t i = 0; i < count; i++)
		(void)rw_buf_append_format(buf, " %s", names[i]);
	(void)rw_buf_append_text(buf, "\n");
	return rw_buf_check(buf, err);
}

static bool is_server_usable(const struct rw_state_folder *folder, const char *preface, int64_t now_s)
{
	struct rw_cert_info info;

	if (!folder->server_cert_pem || !folder->server_key_pem ||
	    strncmp(folder->server_cert_pem, preface, strlen(preface)) != 0)
		return false;
	if (rw_cert_verify(folder->server_cert_pem, folder->ca_cert_pem, now_s, &info, NULL) < 0)
		return false;
	return info.role == RW_CERT_ROLE_CONTROLLER &&
	       info.not_after_s - now_s > (info.not_after_s - info.not_before_s) / 3;
}

static int make_server(const char *path, const char *const *names, size_t count, int64_t now_s,
		       const struct rw_random *random, struct rw_buf *preface, struct rw_state_folder *folder,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *cert = NULL;
	char *key = NULL;
	int r;

	r = rw_cert_authority_new(folder->ca_cert_pem, folder->ca_key_pem, random, &authority, err);
	if (r == 0)
		r = rw_cert_make_key(&key, err);
	if (r < 0)
		return r;
	wipe_text(folder->server_key_pem);
	folder->server_key_pem = key;
	r = rw_cert_issue_server(authority, key, names, count,
				 rw_cert_period_days(now_s, RW_CERT_SERVER_DAYS), &cert, err);
	if (r < 0)
		return r;
	r = rw_buf_append_text(preface, cert);
	free(RW_TAKE_PTR(folder->server_cert_pem));
	folder->server_cert_pem = rw_buf_take_text(preface);
	if (r < 0 || !folder->server_cert_pem)
		return rw_error_oom(err);
	r = write_text(path, "server-key.pem", folder->server_key_pem, 0600, err);
	return r < 0 ? r : write_text(path, "server.pem", folder->server_cert_pem, 0644, err);
}

static int open_server(const char *path, const char *const *names, size_t count, int64_t now_s,
		       const struct rw_random *random, struct rw_state_folder *folder, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf preface;
	int r;

	rw_buf_init(&preface, 4 * RW_CERT_MAX_SIZE);
	r = write_preface(&preface, names, count, err);
	if (r == 0)
		r = read_text(path, "server.pem", &folder->server_cert_pem, err);
	if (r == 0)
		r = read_text(path, "server-key.pem", &folder->server_key_pem, err);
	if (r < 0 || is_server_usable(folder, preface.data, now_s))
		return r;
	return make_server(path, names, count, now_s, random, &preface, folder, err);
}

int rw_state_folder_open(const char *path, const char *const *names, size_t name_count,
			 const struct rw_clock *clock, const struct rw_random *random,
			 struct rw_state_folder *ret_folder, struct rw_error *err)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {0};
	int64_t now_s = rw_clock_realtime_ms(clock) / 1000;
	int r;

	if (name_count == 0) {
		names = default_names;
		name_count = RW_ARRAY_COUNT(default_names);
	}
	r = rw_file_make_folder(path, 0700, err);
	if (r == 0)
		r = join_path(path, "store.db", &folder.store_path, err);
	if (r == 0)
		r = join_path(path, "admin-key", &folder.admin_key_path, err);
	if (r == 0)
		r = open_master_key(path, random, &folder, err);
	if (r == 0)
		r = open_authority(path, now_s, random, &folder, err);
	if (r == 0)
		r = open_server(path, names, name_count, now_s, random, &folder, err);
	if (r < 0)
		return r;
	*ret_folder = folder;
	(void)memset(&folder, 0, sizeof(folder));
	return 0;
}

int rw_state_folder_write_admin_key(const struct rw_state_folder *folder, const char *token,
				    struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *line = NULL;
	int r;

	if (asprintf(&line, "%s\n", token) < 0)
		return rw_error_oom(err);
	r = rw_file_write(folder->admin_key_path, line, strlen(line), 0600, err);
	rw_secret_wipe(line, strlen(line));
	return r;
}
