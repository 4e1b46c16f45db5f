/* SPDX-License-Identifier: Apache-2.0 */

/* What is done to a state folder while no daemon uses it. */

#include <stdio.h>
#include <string.h>

#include "controller/backup.h"
#include "controller/key.h"
#include "controller/master_key.h"
#include "main/parts.h"

/* A controller that serves nobody, for commands on its folder. */
static int open_offline(struct rw_parts *parts, const struct rw_daemon_options *options, struct rw_error *err)
{
	int r = rw_parts_init(parts, options, err);

	if (r == 0)
		r = rw_parts_open_folder(parts, err);
	if (r == 0)
		r = rw_parts_open_store(parts, err);
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
	r = expect_store(store, err);
	if (r == 0)
		r = open_offline(&parts, options, err);
	return r < 0 ? r : rw_master_key_rotate(parts.controller, &actor, err);
}

int rw_daemon_make_key(const struct rw_daemon_options *options, bool first, char ret_token[RW_TOKEN_SIZE],
		       struct rw_error *err)
{
	RW_CLEANUP(rw_parts_done) struct rw_parts parts = {0};
	int r = open_offline(&parts, options, err);

	if (r < 0)
		return r;
	if (first && rw_key_count(parts.controller) > 0) {
		(void)rw_error_set(err, -EEXIST, "%s has its keys already", options->state);
		return rw_error_hint(err, "If they are lost: ringwalld --state %s key reset-admin",
				     options->state);
	}
	return rw_key_create_admin(parts.controller, ret_token, err);
}

int rw_daemon_backup(const struct rw_daemon_options *options, const char *file, struct rw_error *err)
{
	RW_CLEANUP(rw_parts_done) struct rw_parts parts = {.options = options};
	int r = rw_parts_become_owner(&parts, err);

	if (r < 0)
		return r;
	if (asprintf(&parts.folder.store_path, "%s/store.db", options->state) < 0) {
		parts.folder.store_path = NULL;
		return rw_error_oom(err);
	}
	r = expect_store(parts.folder.store_path, err);
	if (r == 0)
		r = rw_parts_open_store(&parts, err);
	return r < 0 ? r : rw_backup_write(file, parts.store, options->state, !options->without_keys, err);
}

int rw_daemon_restore(const struct rw_daemon_options *options, const char *file, bool *ret_with_keys,
		      struct rw_error *err)
{
	const struct rw_parts parts = {.options = options};
	RW_CLEANUP(rw_backup_done) struct rw_backup backup;
	int r;

	(void)memset(&backup, 0, sizeof(backup));
	rw_buf_init(&backup.bytes, 0);
	/* Read first: root may read what the folder's owner may not. */
	r = rw_backup_read(file, &backup, err);
	if (r == 0)
		r = rw_parts_become_owner(&parts, err);
	if (r == 0)
		r = rw_backup_restore(&backup, options->state, rw_random_system(), err);
	if (r == 0)
		*ret_with_keys = backup.parts[RW_BACKUP_MASTER_KEY].bytes != NULL;
	return r;
}
