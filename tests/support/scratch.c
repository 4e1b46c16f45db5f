/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "rwt-"

/* Where entries of that name may be: folders of tests, and run folders of their agents. */
static const char *const places[] = {"/tmp", "/run/ringwall-agent"};

/* Who has swept and will sweep at its end; a child of fork is another. */
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	/* The rest goes all the same. */
	(void)remove(path);
	return 0;
}

int scratch_remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return access(path, F_OK) < 0 && errno == ENOENT ? 0 : -1;
}

/* The process after which 'name' is named, or 0. */
static pid_t process_of(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	char *end;
	long pid;

	if (strncmp(name, prefix, length) != 0 || name[length] < '1' || name[length] > '9')
		return 0;
	pid = strtol(name + length, &end, 10);
	return pid <= INT_MAX && (!*end || *end == '-') ? (pid_t)pid : 0;
}

void scratch_sweep(const char *folder, const char *prefix, bool own, scratch_remove_fn *remove)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		pid_t pid = process_of(entry->d_name, prefix);

		if (!pid || (own ? pid != getpid() : kill(pid, 0) == 0 || errno != ESRCH))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		remove(path);
	}
	if (dir)
		(void)closedir(dir);
}

static void remove_tree(const char *path)
{
	(void)scratch_remove_tree(path);
}

static void sweep_own(void)
{
	for (size_t i = 0; owner == getpid() && i < sizeof(places) / sizeof(places[0]); i++)
		scratch_sweep(places[i], PREFIX, true, remove_tree);
}

/* Of processes that are gone, one with the number that is this one's now among them. */
static void begin(void)
{
	if (owner == getpid())
		return;
	if (!owner)
		(void)atexit(sweep_own);
	owner = getpid();
	sweep_own();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		scratch_sweep(places[i], PREFIX, false, remove_tree);
}

void scratch_make(char path[SCRATCH_SIZE])
{
	begin();
	(void)snprintf(path, SCRATCH_SIZE, "%s/" PREFIX "%d-XXXXXX", places[0], (int)getpid());
	if (mkdtemp(path))
		return;
	perror(path);
	exit(1);
}

int scratch_remove(const char *path)
{
	scratch_sweep(places[1], PREFIX, true, remove_tree);
	return scratch_remove_tree(path);
}

void scratch_state(char *path, size_t size, const char *folder, const char *name)
{
	(void)snprintf(path, size, "%s/" PREFIX "%d-%s", folder, (int)getpid(), name);
}
