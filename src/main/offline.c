/* SPDX-License-Identifier: Apache-2.0 */

/* What is done to a state folder while no daemon uses it. */

#include <stdio.h>
#include <string.h>

#include "controller/backup.h"
#include "controller/key.h"
#include "controller/master_key.h"
#include "main/parts.h"

static void ignore_loss(void *context, const struct rw_error *err)
{
	(void)context;
	(void)err;
}

/* Claims the store in etcd; 'must_exist' makes none.  As the folder's owner, who reads the files of the options. */
static int claim(struct rw_parts *parts, bool must_exist, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf incarnation;
	char holder[128];
	int r;

	rw_buf_init(&incarnation, 4096);
	(void)snprintf(holder, sizeof(holder), "a command on %s", parts->host);
	r = rw_parts_become_owner(parts, err);
	if (r == 0)
		r = rw_parts_open_etcd(parts, holder, err);
	if (r == 0 && must_exist)
		r = rw_etcd_read(parts->etcd, "incarnation", &incarnation, err);
	if (r > 0)
		return rw_error_set(err, -ENOENT, "etcd holds no store under %s",
				    parts->options->etcd_prefix ? parts->options->etcd_prefix
								: RW_ETCD_PREFIX_DEFAULT);
	if (r == 0)
		r = rw_store_etcd_open(parts->etcd, ignore_loss, NULL, &parts->store, err);
	if (r == -EBUSY)
		return rw_error_hint(err, "Stop all controllers first: of several another one takes over.");
	return r;
}

static int open_claimed(struct rw_parts *parts, bool must_exist, struct rw_error *err)
{
	int r = claim(parts, must_exist, err);

	if (r == 0)
		r = rw_parts_pull_from_store(parts, err);
	if (r == 0)
		r = rw_parts_open_folder(parts, err);
	return r < 0 ? r : rw_parts_mark_store(parts, err);
}

/* A controller that serves nobody, for commands on its store and folder. */
static int open_offline(struct rw_parts *parts, const struct rw_daemon_options *options, bool must_exist,
			struct rw_error *err)
{
	int r = rw_parts_init(parts, options, err);

	if (r < 0)
		return r;
	if (options->etcd_count) {
		r = open_claimed(parts, must_exist, err);
	} else {
		r = rw_parts_open_folder(parts, err);
		if (r == 0)
			r = rw_parts_open_store(parts, err);
	}
	return r < 0 ? r : rw_parts_open_controller(parts, err);
}

/* Opening would make one. */
static int expect_store(const char *path, struct rw_error *err)
{
	if (access(path, F_OK) < 0)
		return rw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int rw_daemon_rotate_master_key(const struct rw_daemon_options *options, struct rw_error *err)
{
	const struct rw_actor actor = {.kind = RW_ACTOR_LOCAL, .id = "local", .name = "controller host"};
	RW_CLEANUP(rw_parts_done) struct rw_parts parts = {0};
	RW_CLEANUP(rw_free) char *store = NULL;
	int r;

	if (asprintf(&store, "%s/store.db", options->state) < 0) {
		store = NULL;
		return rw_error_oom(err);
	}
	r = options->etcd_count ? 0 : expect_store(store, err);
	if (r == 0)
		r = open_offline(&parts, options, true, err);
	return r < 0 ? r : rw_master_key_rotate(parts.controller, &actor, err);
}

int rw_daemon_make_key(const struct rw_daemon_options *options, bool first, char ret_token[RW_TOKEN_SIZE],
		       struct rw_error *err)
{
	RW_CLEANUP(rw_parts_done) struct rw_parts parts = {0};
	int r = open_offline(&parts, options, !first, err);

	if (r < 0)
		return r;
	if (first && rw_key_count(parts.controller) > 0) {
		(void)rw_error_set(err, -EEXIST, "%s has its keys already",
				   options->etcd_count ? "the store in etcd" : options->state);
		return rw_error_hint(err, "If they are lost: ringwalld --state %s%s key reset-admin",
				     options->state, options->etcd_count ? " --etcd ..." : "");
	}
	return rw_key_create_admin(parts.controller, ret_token, err);
}

/* The store alone: the rest of the folder is read as it is. */
static int open_store(struct rw_parts *parts, struct rw_error *err)
{
	int r = rw_parts_become_owner(parts, err);

	if (r < 0)
		return r;
	if (asprintf(&parts->folder.store_path, "%s/store.db", parts->options->state) < 0) {
		parts->folder.store_path = NULL;
		return rw_error_oom(err);
	}
	r = expect_store(parts->folder.store_path, err);
	return r < 0 ? r : rw_parts_open_store(parts, err);
}

int rw_daemon_backup(const struct rw_daemon_options *options, const char *file, struct rw_error *err)
{
	RW_CLEANUP(rw_parts_done) struct rw_parts parts = {0};
	int r = rw_parts_init(&parts, options, err);

	if (r == 0)
		r = options->etcd_count ? claim(&parts, true, err) : open_store(&parts, err);
	return r < 0 ? r : rw_backup_write(file, parts.store, options->state, !options->without_keys, err);
}

int rw_daemon_restore(const struct rw_daemon_options *options, const char *file, bool *ret_with_keys,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_parts_done) struct rw_parts parts = {0};
	RW_CLEANUP(rw_backup_done) struct rw_backup backup;
	int r;

	(void)memset(&backup, 0, sizeof(backup));
	rw_buf_init(&backup.bytes, 0);
	/* Read first: root may read what the folder's owner may not. */
	r = rw_backup_read(file, &backup, err);
	if (r == 0)
		r = rw_parts_init(&parts, options, err);
	if (r == 0)
		r = rw_parts_become_owner(&parts, err);
	if (r == 0 && options->etcd_count)
		r = claim(&parts, false, err);
	if (r < 0)
		return r;
	if (options->etcd_count)
		r = rw_backup_restore_into(&backup, parts.store, options->state, rw_random_system(), err);
	else
		r = rw_backup_restore(&backup, options->state, rw_random_system(), err);
	if (r == 0)
		*ret_with_keys = backup.parts[RW_BACKUP_MASTER_KEY].bytes != NULL;
	return r;
}
