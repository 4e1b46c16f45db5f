/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/master_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "controller/internal.h"

static int make_path(const struct rw_controller *controller, const char *name, char **ret_path,
		     struct rw_error *err)
{
	char *path;

	if (asprintf(&path, "%s/%s", controller->folder->path, name) < 0)
		return rw_error_oom(err);
	*ret_path = path;
	return 0;
}

static int drop_next(struct rw_controller *controller, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = make_path(controller, "master-key-next", &path, err);

	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return rw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	rw_seal_key_done(&controller->folder->next_master_key);
	controller->folder->has_next_master_key = false;
	return 0;
}

/* The next key comes in the place of the one before it. */
static int adopt_next(struct rw_controller *controller, struct rw_error *err)
{
	struct rw_state_folder *folder = controller->folder;
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = make_path(controller, "master-key", &path, err);

	if (r == 0)
		r = rw_seal_key_replace(path, &folder->next_master_key, err);
	if (r < 0)
		return r;
	folder->master_key = folder->next_master_key;
	controller->master_key = folder->next_master_key;
	return drop_next(controller, err);
}

static int all_open_under(struct rw_controller *controller, const struct rw_seal_key *key, bool *ret_opens,
			  struct rw_error *err)
{
	*ret_opens = keys_open_under(controller, key);
	return *ret_opens ? shared_authority_opens_under(controller, key, ret_opens, err) : 0;
}

int rw_master_key_settle(struct rw_controller *controller, struct rw_error *err)
{
	struct rw_state_folder *folder = controller->folder;
	bool opens;
	int r;

	if (!folder || !folder->has_next_master_key)
		return 0;
	r = all_open_under(controller, &folder->master_key, &opens, err);
	if (r < 0)
		return r;
	if (opens) {
		rw_log_warning(
			"a rotation of the master key was cut off before it took effect; the old key stays");
		return drop_next(controller, err);
	}
	r = all_open_under(controller, &folder->next_master_key, &opens, err);
	if (r < 0)
		return r;
	if (!opens) {
		(void)rw_error_set(err, -EUCLEAN,
				   "the store's secrets open under neither %s/master-key nor master-key-next",
				   folder->path);
		(void)rw_error_hint(err, "Restore the master key from the backup that fits this store.");
		return -EUCLEAN;
	}
	rw_log_warning(
		"a rotation of the master key was cut off behind its change; it is brought to its end");
	return adopt_next(controller, err);
}

static int reseal(struct rw_controller *controller, const struct rw_actor *actor, struct rw_error *err)
{
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++) {
		RW_CLEANUP(plan_done) struct plan plan;
		uint64_t revision;

		plan_init(&plan, actor, "rotate master key");
		inventory_pump(controller);
		r = keys_reseal(controller, &controller->folder->next_master_key, &plan, err);
		if (r == 0)
			r = shared_authority_plan(controller, &controller->folder->next_master_key, &plan,
						  err);
		if (r == 0)
			r = plan_commit(controller, &plan, &revision, err);
	}
	return r > 0 ? rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again") : r;
}

int rw_master_key_rotate(struct rw_controller *controller, const struct rw_actor *actor, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	int r;

	if (!controller->folder)
		return rw_error_set(err, -ENOSYS, "this controller keeps no master key file");
	r = rw_master_key_settle(controller, err);
	if (r == 0)
		r = make_path(controller, "master-key-next", &path, err);
	if (r == 0)
		r = rw_seal_key_create(path, controller->random, &controller->folder->next_master_key, err);
	if (r < 0)
		return r;
	controller->folder->has_next_master_key = true;
	r = reseal(controller, actor, err);
	/* After -EIO the change may turn out durable: then its key must not be lost. */
	if (r < 0 && r != -EIO && drop_next(controller, NULL) < 0)
		rw_log_warning("the next start deletes STATE/master-key-next");
	return r < 0 ? r : adopt_next(controller, err);
}
