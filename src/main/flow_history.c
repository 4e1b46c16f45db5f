/* SPDX-License-Identifier: Apache-2.0 */
#include "main/flow_history.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* The file, its log, and what a damaged one becomes. */
struct paths {
	char *file;
	char *log;
	char *unfit;
};

static char *path_of(const char *state, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", state, name) < 0 ? NULL : path;
}

static void paths_done(struct paths *paths)
{
	free(paths->file);
	free(paths->log);
	free(paths->unfit);
}
RW_DEFINE_DONE(struct paths, paths_done)

static bool remove_file(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	rw_log_warning("cannot remove a history of flows  path=\"%s\" reason=\"%s\"", path, strerror(errno));
	return false;
}

/* What was kept before is personal data that nobody wants kept any more. */
static void remove_all(const struct paths *paths)
{
	(void)remove_file(paths->log);
	(void)remove_file(paths->file);
	(void)remove_file(paths->unfit);
}

/* What is in the log of a damaged file must not get into a new one. */
static bool put_aside(const struct paths *paths)
{
	return remove_file(paths->log) && rename(paths->file, paths->unfit) == 0;
}

struct rw_flow_history *rw_daemon_open_flow_history(const char *state, unsigned int days)
{
	const struct rw_flow_history_limits limits = {.days = days};
	RW_CLEANUP(paths_done)
	struct paths paths = {path_of(state, "flows.db"), path_of(state, "flows.db-wal"),
			      path_of(state, "flows.db-unfit")};
	struct rw_flow_history *history = NULL;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (!paths.file || !paths.log || !paths.unfit)
		return NULL;
	if (!days) {
		remove_all(&paths);
		return NULL;
	}
	r = rw_flow_history_open(paths.file, &limits, &history, &err);
	if (r == -EUCLEAN && put_aside(&paths)) {
		rw_log_warning("the history of flows was damaged and begins anew  kept=\"%s\" reason=\"%s\"",
			       paths.unfit, err.text);
		r = rw_flow_history_open(paths.file, &limits, &history, &err);
	}
	if (r < 0)
		rw_log_warning("no history of flows is kept  reason=\"%s\"", err.text);
	return r < 0 ? NULL : history;
}
