/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/state_files.h"
#include "crypto/cert.h"

#define AUTHORITY_NAME "ringwall authority"

/* A first one.  The key is written first: a crash in between leaves a key without certificate, which says
 * nothing. */
static int make_authority(const char *path, int64_t now_s, const struct rw_random *random,
			  struct rw_state_folder *folder, struct rw_error *err)
{
	int r;

	state_wipe(RW_TAKE_PTR(folder->ca_key_pem));
	folder->made = true;
	r = rw_cert_make_authority(AUTHORITY_NAME, random, rw_cert_period_days(now_s, RW_CERT_AUTHORITY_DAYS),
				   &folder->ca_cert_pem, &folder->ca_key_pem, err);
	if (r < 0)
		return r;
	folder->trust_pem = strdup(folder->ca_cert_pem);
	if (!folder->trust_pem)
		return rw_error_oom(err);
	r = state_write(path, "ca-key.pem", folder->ca_key_pem, 0600, err);
	return r < 0 ? r : state_write(path, "ca.pem", folder->ca_cert_pem, 0644, err);
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
	int r = state_path(path, "ca-next-key.pem", &next_path, err);

	if (r < 0)
		return r;
	if (is_key_of(next_key, folder->ca_cert_pem, random)) {
		r = state_write(path, "ca-key.pem", next_key, 0600, err);
		if (r < 0)
			return r;
		state_wipe(folder->ca_key_pem);
		folder->ca_key_pem = strdup(next_key);
		if (!folder->ca_key_pem)
			return rw_error_oom(err);
	} else if (is_key_of(next_key, other_cert, random)) {
		folder->stage = RW_AUTHORITY_INTRODUCED;
		folder->ca_next_key_pem = strdup(next_key);
		return folder->ca_next_key_pem ? 0 : rw_error_oom(err);
	}
	if (unlink(next_path) < 0)
		return rw_error_set(err, -errno, "%s: %s", next_path, strerror(errno));
	return 0;
}

int state_open_authority(const char *path, int64_t now_s, const struct rw_random *random, bool may_make,
			 struct rw_state_folder *folder, struct rw_error *err)
{
	char *certs[RW_CERT_BUNDLE_MAX] = {NULL};
	RW_CLEANUP(rw_free) char *others = NULL;
	char *next_key = NULL;
	size_t count = 0;
	int r = state_read(path, "ca.pem", &folder->trust_pem, err);

	if (r == 0)
		r = state_read(path, "ca-key.pem", &folder->ca_key_pem, err);
	if (r == 0 && !folder->trust_pem)
		return may_make ? make_authority(path, now_s, random, folder, err)
				: state_refuse_gone(path, "ca.pem", err);
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
	r = state_read(path, "ca-next-key.pem", &next_key, err);
	if (r == 0 && next_key)
		r = settle_next_key(path, others, next_key, random, folder, err);
	state_wipe(next_key);
	if (r == 0 && !is_key_of(folder->ca_key_pem, folder->ca_cert_pem, random))
		return rw_error_set(err, -EUCLEAN,
				    "%s/ca-key.pem is not the key of the first certificate in ca.pem", path);
	return r;
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
	r = state_write(folder->path, "ca.pem", trust, 0644, err);
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
		r = state_write(folder->path, "ca-next-key.pem", key, 0600, err);
	state_wipe(key);
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

/* ---- an authority from elsewhere ---- */

static int check_key(const char *key_pem, const char *cert_pem, const struct rw_random *random)
{
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;

	return cert_pem ? rw_cert_authority_new(cert_pem, key_pem, random, &authority, NULL) : -EINVAL;
}

/* -EUCLEAN unless the keys are those of the first two certificates. */
static int check_authority(const struct rw_state_authority *authority, const struct rw_random *random,
			   struct rw_error *err)
{
	char *certs[RW_CERT_BUNDLE_MAX] = {NULL};
	size_t count = 0;
	int r = rw_cert_bundle_split(authority->trust_pem, certs, &count, NULL);

	if (r == 0)
		r = check_key(authority->key_pem, certs[0], random);
	if (r == 0 && authority->next_key_pem)
		r = check_key(authority->next_key_pem, certs[1], random);
	for (size_t i = 0; i < count; i++)
		free(certs[i]);
	if (r == -ENOMEM)
		return rw_error_oom(err);
	return r < 0 ? rw_error_set(err, -EUCLEAN, "keys and certificates of the authority do not fit") : 0;
}

/* Leaves a file alone that holds 'text' already. */
static int put_text(const char *path, const char *name, const char *text, mode_t mode, struct rw_error *err)
{
	char *now = NULL;
	int r = state_read(path, name, &now, err);
	bool same = now && strcmp(now, text) == 0;

	state_wipe(now);
	return r < 0 || same ? r : state_write(path, name, text, mode, err);
}

static int remove_next_key(const char *path, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *file = NULL;
	int r = state_path(path, "ca-next-key.pem", &file, err);

	if (r == 0 && unlink(file) < 0 && errno != ENOENT)
		return rw_error_set(err, -errno, "%s: %s", file, strerror(errno));
	return r;
}

int rw_state_folder_put_authority(const char *path, const struct rw_state_authority *authority,
				  const struct rw_random *random, struct rw_error *err)
{
	int r = check_authority(authority, random, err);

	if (r == 0)
		r = put_text(path, "ca-key.pem", authority->key_pem, 0600, err);
	if (r == 0 && authority->next_key_pem)
		r = put_text(path, "ca-next-key.pem", authority->next_key_pem, 0600, err);
	if (r == 0)
		r = put_text(path, "ca.pem", authority->trust_pem, 0644, err);
	return r < 0 || authority->next_key_pem ? r : remove_next_key(path, err);
}
