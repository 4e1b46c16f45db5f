/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/state_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "controller/state_files.h"
#include "crypto/cert.h"
#include "crypto/digest.h"

static const char *const default_names[] = {"localhost", "127.0.0.1", "::1"};

void rw_state_folder_done(struct rw_state_folder *folder)
{
	for (size_t i = 0; i < folder->name_count; i++)
		free(folder->names[i]);
	free(folder->path);
	free(folder->store_path);
	free(folder->admin_key_path);
	free(folder->trust_pem);
	free(folder->ca_cert_pem);
	free(folder->server_cert_pem);
	state_wipe(folder->ca_key_pem);
	state_wipe(folder->ca_next_key_pem);
	state_wipe(folder->server_key_pem);
	rw_seal_key_done(&folder->master_key);
	rw_seal_key_done(&folder->next_master_key);
	(void)memset(folder, 0, sizeof(*folder));
}

/* The key of a rotation that was cut off. */
static int open_next_master_key(const char *path, struct rw_state_folder *folder, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *file = NULL;
	int r = state_path(path, "master-key-next", &file, err);

	if (r < 0 || access(file, F_OK) < 0)
		return r;
	folder->has_next_master_key = true;
	return rw_seal_key_load(file, &folder->next_master_key, err);
}

/* Another key would open nothing of what there is. */
static int refuse_keyless(const char *path, const char *what, struct rw_error *err)
{
	(void)rw_error_set(err, -EUCLEAN, "there is %s but no master key in %s", what, path);
	(void)rw_error_hint(err, "Restore master-key from the backup; API keys cannot be read without it.");
	return -EUCLEAN;
}

static int open_master_key(const char *path, const struct rw_random *random, bool may_make,
			   struct rw_state_folder *folder, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *file = NULL;
	RW_CLEANUP(rw_free) char *trust = NULL;
	int r = state_path(path, "master-key", &file, err);

	if (r < 0)
		return r;
	if (access(file, F_OK) == 0) {
		r = rw_seal_key_load(file, &folder->master_key, err);
		return r < 0 ? r : open_next_master_key(path, folder, err);
	}
	if (access(folder->store_path, F_OK) == 0)
		return refuse_keyless(path, "a store", err);
	r = state_read(path, "ca.pem", &trust, err);
	if (r < 0 || trust)
		return r < 0 ? r : refuse_keyless(path, "an authority", err);
	if (!may_make)
		return state_refuse_gone(path, "master-key", err);
	folder->made = true;
	return rw_seal_key_create(file, random, &folder->master_key, err);
}

/* ---- the server's certificate ---- */

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
	return info.role == RW_CERT_ROLE_CONTROLLER && now_s < rw_cert_renewal_s(&info);
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
	state_wipe(folder->server_key_pem);
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
	r = state_write(path, "server-key.pem", folder->server_key_pem, 0600, err);
	return r < 0 ? r : state_write(path, "server.pem", folder->server_cert_pem, 0644, err);
}

static int open_server(int64_t now_s, const struct rw_random *random, struct rw_state_folder *folder,
		       struct rw_error *err)
{
	const char *const *names = (const char *const *)folder->names;
	RW_CLEANUP(rw_buf_done) struct rw_buf preface;
	struct rw_cert_info info;
	int r;

	rw_buf_init(&preface, 4 * RW_CERT_MAX_SIZE);
	r = write_preface(&preface, names, folder->name_count, err);
	if (r == 0)
		r = state_read(folder->path, "server.pem", &folder->server_cert_pem, err);
	if (r == 0)
		r = state_read(folder->path, "server-key.pem", &folder->server_key_pem, err);
	if (r == 0 && !is_server_usable(folder, preface.data, now_s))
		r = make_server(folder->path, names, folder->name_count, now_s, random, &preface, folder,
				err);
	if (r == 0)
		r = rw_cert_read(folder->server_cert_pem, &info, err);
	if (r == 0)
		folder->server_renewal_s = rw_cert_renewal_s(&info);
	return r;
}

static int copy_names(const char *const *names, size_t count, struct rw_state_folder *folder,
		      struct rw_error *err)
{
	if (count == 0) {
		names = default_names;
		count = RW_ARRAY_COUNT(default_names);
	}
	if (count > RW_CERT_MAX_NAMES)
		return rw_error_set(err, -EINVAL, "a server certificate has at most %d names, not %zu",
				    RW_CERT_MAX_NAMES, count);
	for (size_t i = 0; i < count; i++) {
		folder->names[i] = strdup(names[i]);
		if (!folder->names[i])
			return rw_error_oom(err);
		folder->name_count++;
	}
	return 0;
}

static int open_files(const char *path, const char *const *names, size_t name_count,
		      const struct rw_clock *clock, const struct rw_random *random, bool may_make,
		      struct rw_state_folder *ret_folder, struct rw_error *err)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder folder = {.path = strdup(path)};
	int64_t now_s = rw_clock_realtime_ms(clock) / 1000;
	int r;

	if (!folder.path)
		return rw_error_oom(err);
	r = copy_names(names, name_count, &folder, err);
	if (r == 0)
		r = may_make ? rw_file_make_folder(path, 0700, err) : 0;
	if (r == 0)
		r = state_path(path, "store.db", &folder.store_path, err);
	if (r == 0)
		r = state_path(path, "admin-key", &folder.admin_key_path, err);
	if (r == 0)
		r = open_master_key(path, random, may_make, &folder, err);
	if (r == 0)
		r = state_open_authority(path, now_s, random, may_make, &folder, err);
	if (r == 0)
		r = open_server(now_s, random, &folder, err);
	if (r < 0)
		return r;
	*ret_folder = folder;
	(void)memset(&folder, 0, sizeof(folder));
	return 0;
}

int rw_state_folder_open(const char *path, const char *const *names, size_t name_count,
			 const struct rw_clock *clock, const struct rw_random *random,
			 struct rw_state_folder *ret_folder, struct rw_error *err)
{
	return open_files(path, names, name_count, clock, random, true, ret_folder, err);
}

int rw_state_folder_refresh(struct rw_state_folder *folder, const struct rw_clock *clock,
			    const struct rw_random *random, struct rw_error *err)
{
	struct rw_state_folder fresh = {0};
	int r = open_files(folder->path, (const char *const *)folder->names, folder->name_count, clock,
			   random, false, &fresh, err);

	if (r < 0)
		return r;
	rw_state_folder_done(folder);
	*folder = fresh;
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
