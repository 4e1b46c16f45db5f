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
	for (size_t i = 0; i < folder->name_count; i++)
		free(folder->names[i]);
	free(folder->path);
	free(folder->store_path);
	free(folder->admin_key_path);
	free(folder->trust_pem);
	free(folder->ca_cert_pem);
	free(folder->server_cert_pem);
	wipe_text(folder->ca_key_pem);
	wipe_text(folder->server_key_pem);
	rw_seal_key_done(&folder->master_key);
	rw_seal_key_done(&folder->next_master_key);
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

/* The key of a rotation that was cut off. */
static int open_next_master_key(const char *path, struct rw_state_folder *folder, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *file = NULL;
	int r = join_path(path, "master-key-next", &file, err);

	if (r < 0 || access(file, F_OK) < 0)
		return r;
	folder->has_next_master_key = true;
	return rw_seal_key_load(file, &folder->next_master_key, err);
}

/* What a running controller had is made by nobody else. */
static int refuse_gone(const char *path, const char *name, struct rw_error *err)
{
	return rw_error_set(err, -ENOENT, "%s/%s is gone", path, name);
}

static int open_master_key(const char *path, const struct rw_random *random, bool may_make,
			   struct rw_state_folder *folder, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *file = NULL;
	int r = join_path(path, "master-key", &file, err);

	if (r < 0)
		return r;
	if (access(file, F_OK) == 0) {
		r = rw_seal_key_load(file, &folder->master_key, err);
		return r < 0 ? r : open_next_master_key(path, folder, err);
	}
	if (access(folder->store_path, F_OK) == 0) {
		(void)rw_error_set(err, -EUCLEAN, "there is a store but no master key in %s", path);
		(void)rw_error_hint(
			err, "Restore master-key from the backup; API keys cannot be read without it.");
		return -EUCLEAN;
	}
	if (!may_make)
		return refuse_gone(path, "master-key", err);
	folder->made = true;
	return rw_seal_key_create(file, random, &folder->master_key, err);
}

/* ---- the authorities ---- */

#define AUTHORITY_NAME "ringwall authority"

/* A first one.  The key is written first: a crash in between leaves a key without certificate, which says
 * nothing. */
static int make_authority(const char *path, int64_t now_s, const struct rw_random *random,
			  struct rw_state_folder *folder, struct rw_error *err)
{
	int r;

	wipe_text(RW_TAKE_PTR(folder->ca_key_pem));
	folder->made = true;
	r = rw_cert_make_authority(AUTHORITY_NAME, random, rw_cert_period_days(now_s, RW_CERT_AUTHORITY_DAYS),
				   &folder->ca_cert_pem, &folder->ca_key_pem, err);
	if (r < 0)
		return r;
	folder->trust_pem = strdup(folder->ca_cert_pem);
	if (!folder->trust_pem)
		return rw_error_oom(err);
	r = write_text(path, "ca-key.pem", folder->ca_key_pem, 0600, err);
	return r < 0 ? r : write_text(path, "ca.pem", folder->ca_cert_pem, 0644, err);
}

static bool is_key_of(const char *key_pem, const char *cert_pem, const struct rw_random *random)
{
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;

	return key_pem && cert_pem && rw_cert_authority_new(cert_pem, key_pem, random, &authority, NULL) == 0;
}

/* What the crash of a step left is brought to the end of that step, or to its beginning. */
static int settle_next_key(const char *path, const char *other_cert, const char *next_key,
			   const struct rw_random *random, struct rw_state_folder *folder,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *next_path = NULL;
	int r = join_path(path, "ca-next-key.pem", &next_path, err);

	if (r < 0)
		return r;
	if (is_key_of(next_key, folder->ca_cert_pem, random)) {
		r = write_text(path, "ca-key.pem", next_key, 0600, err);
		if (r < 0)
			return r;
		wipe_text(folder->ca_key_pem);
		folder->ca_key_pem = strdup(next_key);
		if (!folder->ca_key_pem)
			return rw_error_oom(err);
	} else if (is_key_of(next_key, other_cert, random)) {
		folder->stage = RW_AUTHORITY_INTRODUCED;
		return 0;
	}
	if (unlink(next_path) < 0)
		return rw_error_set(err, -errno, "%s: %s", next_path, strerror(errno));
	return 0;
}

static int open_authority(const char *path, int64_t now_s, const struct rw_random *random, bool may_make,
			  struct rw_state_folder *folder, struct rw_error *err)
{
	char *certs[RW_CERT_BUNDLE_MAX] = {NULL};
	RW_CLEANUP(rw_free) char *others = NULL;
	char *next_key = NULL;
	size_t count = 0;
	int r = read_text(path, "ca.pem", &folder->trust_pem, err);

	if (r == 0)
		r = read_text(path, "ca-key.pem", &folder->ca_key_pem, err);
	if (r == 0 && !folder->trust_pem)
		return may_make ? make_authority(path, now_s, random, folder, err)
				: refuse_gone(path, "ca.pem", err);
	if (r == 0 && !folder->ca_key_pem)
		return rw_error_set(err, -EUCLEAN, "%s/ca.pem is there, ca-key.pem is not", path);
	if (r < 0)
		return r;
	r = rw_cert_bundle_split(folder->trust_pem, certs, &count, err);
	if (r < 0)
		return rw_error_wrap(err, "%s/ca.pem", path);
	folder->ca_cert_pem = certs[0];
	others = certs[1];
	for (size_t i = 2; i < count; i++)
		free(certs[i]);
	folder->stage = count > 1 ? RW_AUTHORITY_SWITCHED : RW_AUTHORITY_SETTLED;
	r = read_text(path, "ca-next-key.pem", &next_key, err);
	if (r == 0 && next_key)
		r = settle_next_key(path, others, next_key, random, folder, err);
	wipe_text(next_key);
	if (r == 0 && !is_key_of(folder->ca_key_pem, folder->ca_cert_pem, random))
		return rw_error_set(err, -EUCLEAN,
				    "%s/ca-key.pem is not the key of the first certificate in ca.pem", path);
	return r;
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
		r = read_text(folder->path, "server.pem", &folder->server_cert_pem, err);
	if (r == 0)
		r = read_text(folder->path, "server-key.pem", &folder->server_key_pem, err);
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
		r = join_path(path, "store.db", &folder.store_path, err);
	if (r == 0)
		r = join_path(path, "admin-key", &folder.admin_key_path, err);
	if (r == 0)
		r = open_master_key(path, random, may_make, &folder, err);
	if (r == 0)
		r = open_authority(path, now_s, random, may_make, &folder, err);
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

/* ---- replacing the authority ---- */

static int check_stage(const struct rw_state_folder *folder, enum rw_authority_stage wanted,
		       struct rw_error *err)
{
	static const char *const texts[] = {
		[RW_AUTHORITY_SETTLED] = "no other authority is introduced",
		[RW_AUTHORITY_INTRODUCED] = "a new authority is introduced already and issues nothing yet",
		[RW_AUTHORITY_SWITCHED] = "the new authority issues already and the old one is still trusted",
	};

	return folder->stage == wanted ? 0 : rw_error_set(err, -EALREADY, "%s", texts[folder->stage]);
}

static int write_trust(struct rw_state_folder *folder, const char *first, const char *second,
		       const struct rw_clock *clock, const struct rw_random *random, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *trust = NULL;
	int r;

	if (asprintf(&trust, "%s%s", first, second) < 0) {
		trust = NULL;
		return rw_error_oom(err);
	}
	r = write_text(folder->path, "ca.pem", trust, 0644, err);
	return r < 0 ? r : rw_state_folder_refresh(folder, clock, random, err);
}

int rw_state_folder_introduce_authority(struct rw_state_folder *folder, const struct rw_clock *clock,
					const struct rw_random *random, struct rw_error *err)
{
	int64_t now_s = rw_clock_realtime_ms(clock) / 1000;
	RW_CLEANUP(rw_free) char *cert = NULL;
	char *key = NULL;
	int r = check_stage(folder, RW_AUTHORITY_SETTLED, err);

	if (r == 0)
		r = rw_cert_make_authority(AUTHORITY_NAME, random,
					   rw_cert_period_days(now_s, RW_CERT_AUTHORITY_DAYS), &cert, &key,
					   err);
	if (r == 0)
		r = write_text(folder->path, "ca-next-key.pem", key, 0600, err);
	wipe_text(key);
	return r < 0 ? r : write_trust(folder, folder->ca_cert_pem, cert, clock, random, err);
}

/* The one that is trusted and does not issue. */
static int find_other(const struct rw_state_folder *folder, char **ret_cert, struct rw_error *err)
{
	char *certs[RW_CERT_BUNDLE_MAX];
	size_t count;
	int r = rw_cert_bundle_split(folder->trust_pem, certs, &count, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (i == 1)
			*ret_cert = certs[i];
		else
			free(certs[i]);
	return count > 1 ? 0 : rw_error_set(err, -EUCLEAN, "%s/ca.pem holds one authority", folder->path);
}

int rw_state_folder_switch_authority(struct rw_state_folder *folder, const struct rw_clock *clock,
				     const struct rw_random *random, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *other = NULL;
	int r = check_stage(folder, RW_AUTHORITY_INTRODUCED, err);

	if (r == 0)
		r = find_other(folder, &other, err);
	return r < 0 ? r : write_trust(folder, other, folder->ca_cert_pem, clock, random, err);
}

int rw_state_folder_retire_authority(struct rw_state_folder *folder, const struct rw_clock *clock,
				     const struct rw_random *random, struct rw_error *err)
{
	int r = check_stage(folder, RW_AUTHORITY_SWITCHED, err);

	return r < 0 ? r : write_trust(folder, folder->ca_cert_pem, "", clock, random, err);
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
