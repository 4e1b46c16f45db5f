/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/map.h"
#include "crypto/digest.h"

#define IDENTITY_VERSION 1

#define LOCK_PATIENCE_MS 500
#define LOCK_PAUSE_MS    20

/* Folders must leave room for the longest file name, and the run folder's must fit a socket address. */
#define FILE_ROOM 32

/* Of the folder beside the state folder. */
#define SEAL_SUFFIX "-seal"

/* ---- places ---- */

/* Writes the absolute form of 'path' without a final slash; nothing is resolved, nothing need exist. */
static int make_absolute(const char *path, char absolute[RW_AGENT_PATH_SIZE], struct rw_error *err)
{
	char folder[RW_AGENT_PATH_SIZE] = "";
	size_t length;
	int written;

	if (path[0] != '/' && !getcwd(folder, sizeof(folder)))
		return rw_error_set(err, -errno, "cannot find the current folder: %s", strerror(errno));
	written = snprintf(absolute, RW_AGENT_PATH_SIZE, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
	if (written < 0 || written >= RW_AGENT_PATH_SIZE - FILE_ROOM - (int)sizeof(SEAL_SUFFIX))
		return rw_error_set(err, -ENAMETOOLONG, "path is too long: %s", path);
	for (length = (size_t)written; length > 1 && absolute[length - 1] == '/'; length--)
		absolute[length - 1] = '\0';
	return 0;
}

/* The instance's name: at most 24 characters of the folder's name, and a hash of its path. */
static void make_instance(const char *state, char *instance, size_t size)
{
	const char *slash = strrchr(state, '/');

	if (strcmp(state, RW_AGENT_STATE_DEFAULT) == 0)
		(void)snprintf(instance, size, "default");
	else
		(void)snprintf(instance, size, "%.24s-%016llx", slash ? slash + 1 : state,
			       (unsigned long long)rw_hash_bytes(state, strlen(state), 0));
	/* A dot is refused by the BPF file system. */
	for (char *at = instance; *at; at++)
		if (*at == '.')
			*at = '_';
}

static void join_path(const char *folder, const char *file, char path[RW_AGENT_PATH_SIZE])
{
	(void)snprintf(path, RW_AGENT_PATH_SIZE, "%.*s/%s", RW_AGENT_PATH_SIZE - FILE_ROOM, folder, file);
}

void rw_agent_state_path(const struct rw_agent_place *place, const char *file, char path[RW_AGENT_PATH_SIZE])
{
	join_path(place->state, file, path);
}

void rw_agent_seal_path(const struct rw_agent_place *place, const char *file, char path[RW_AGENT_PATH_SIZE])
{
	join_path(place->seal, file, path);
}

void rw_agent_run_path(const struct rw_agent_place *place, const char *file, char path[RW_AGENT_PATH_SIZE])
{
	join_path(place->run, file, path);
}

/* Reads a small file; RW_AGENT_FILE_ABSENT when there is none. */
static int read_file(const char *path, struct rw_buf *buf, struct rw_error *err)
{
	int r = rw_file_read(path, buf, err);

	return r == -ENOENT ? RW_AGENT_FILE_ABSENT : r;
}

/* Reads where the instance pins into 'pin_dir', if it has said so. */
static void read_pin_dir(const struct rw_agent_place *place, char pin_dir[RW_AGENT_PATH_SIZE])
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];

	rw_buf_init(&buf, RW_AGENT_PATH_SIZE - FILE_ROOM);
	rw_agent_run_path(place, "pin-dir", path);
	if (read_file(path, &buf, NULL) == 0 && buf.data[0] == '/')
		memcpy(pin_dir, buf.data, buf.size + 1);
}

int rw_agent_place_find(const char *state, const char *pin_dir, struct rw_agent_place *ret_place,
			struct rw_error *err)
{
	struct rw_agent_place place = {0};
	char instance[64];
	int r;

	r = make_absolute(state ? state : RW_AGENT_STATE_DEFAULT, place.state, err);
	if (r < 0)
		return r;
	(void)snprintf(place.seal, sizeof(place.seal), "%.*s%s", RW_AGENT_PATH_SIZE - FILE_ROOM, place.state,
		       SEAL_SUFFIX);
	make_instance(place.state, instance, sizeof(instance));
	join_path(RW_AGENT_RUN_ROOT, instance, place.run);
	join_path(RW_AGENT_PIN_ROOT, instance, place.pin_dir);
	if (pin_dir) {
		r = make_absolute(pin_dir, place.pin_dir, err);
		if (r < 0)
			return r;
	} else {
		read_pin_dir(&place, place.pin_dir);
	}
	*ret_place = place;
	return 0;
}

int rw_agent_state_make(const struct rw_agent_place *place, struct rw_error *err)
{
	return rw_file_make_folder(place->state, 0700, err);
}

int rw_agent_run_make(const struct rw_agent_place *place, struct rw_error *err)
{
	return rw_file_make_folder(place->run, 0700, err);
}

int rw_agent_tell_pin_dir(const struct rw_agent_place *place, struct rw_error *err)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_run_path(place, "pin-dir", path);
	return rw_file_write(path, place->pin_dir, strlen(place->pin_dir), 0600, err);
}

int rw_agent_lock(const struct rw_agent_place *place, int *ret_fd, struct rw_error *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000l};
	int r = rw_agent_try_lock(place, ret_fd, err);

	for (int waited_ms = 0; r == -EBUSY && waited_ms < LOCK_PATIENCE_MS; waited_ms += LOCK_PAUSE_MS) {
		(void)nanosleep(&pause, NULL);
		if (err)
			*err = RW_ERROR_NONE;
		r = rw_agent_try_lock(place, ret_fd, err);
	}
	return r;
}

int rw_agent_try_lock(const struct rw_agent_place *place, int *ret_fd, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_run_path(place, "lock", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return rw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)rw_error_set(err, -EBUSY, "another agent is running with state folder %s",
				   place->state);
		(void)rw_error_hint(err, "Give each agent on a machine a --state of its own.");
		return -EBUSY;
	}
	*ret_fd = RW_TAKE_FD(fd);
	return 0;
}

/* ---- identity ---- */

/* Copies the value behind "key=" at 'line' into 'value'; false when it is another key or does not fit. */
static bool take_value(const char *line, size_t length, const char *key, char *value, size_t size)
{
	size_t key_length = strlen(key);

	if (length <= key_length || strncmp(line, key, key_length) != 0 || line[key_length] != '=')
		return false;
	line += key_length + 1;
	length -= key_length + 1;
	if (length == 0 || length >= size)
		return false;
	memcpy(value, line, length);
	value[length] = '\0';
	return true;
}

static int parse_identity(const char *text, struct rw_agent_identity *ret_identity, struct rw_error *err)
{
	struct rw_agent_identity identity = {0};
	char version[8] = "";

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		(void)(take_value(line, length, "version", version, sizeof(version)) ||
		       take_value(line, length, "node", identity.node, sizeof(identity.node)) ||
		       take_value(line, length, "name", identity.name, sizeof(identity.name)) ||
		       take_value(line, length, "server", identity.server, sizeof(identity.server)));
		line += length + (line[length] == '\n');
	}
	if (version[0] && strtol(version, NULL, 10) > IDENTITY_VERSION)
		return rw_error_set(err, -EPROTONOSUPPORT, "version %s is newer than this agent's %d",
				    version, IDENTITY_VERSION);
	if (strtol(version, NULL, 10) != IDENTITY_VERSION || !identity.node[0] || !identity.server[0])
		return rw_error_set(err, -EINVAL, "not the identity of a node");
	*ret_identity = identity;
	return 0;
}

int rw_agent_identity_load(const struct rw_agent_place *place, struct rw_agent_identity *ret_identity,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_buf_init(&buf, 4096);
	rw_agent_state_path(place, "identity", path);
	r = read_file(path, &buf, err);
	if (r != 0)
		return r;
	r = parse_identity(buf.data, ret_identity, err);
	if (r < 0)
		(void)rw_error_wrap(err, "%s", path);
	return r;
}

int rw_agent_identity_save(const struct rw_agent_place *place, const struct rw_agent_identity *identity,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_buf_init(&buf, 4096);
	(void)rw_buf_append_format(&buf, "version=%d\nnode=%s\nname=%s\nserver=%s\n", IDENTITY_VERSION,
				   identity->node, identity->name, identity->server);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	rw_agent_state_path(place, "identity", path);
	return rw_file_write(path, buf.data, buf.size, 0600, err);
}

/* ---- policy ---- */

static int load_generation(const struct rw_agent_place *place, const char *file,
			   struct rw_position *ret_position, struct rw_policy **ret_policy,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_buf_init(&buf, RW_AGENT_POLICY_SIZE_MAX);
	rw_agent_state_path(place, file, path);
	r = read_file(path, &buf, err);
	if (r != 0)
		return r;
	r = rw_policy_file_decode(buf.data, buf.size, ret_position, ret_policy, err);
	if (r < 0)
		(void)rw_error_wrap(err, "%s", path);
	return r;
}

int rw_agent_policy_load(const struct rw_agent_place *place, struct rw_position *ret_position,
			 struct rw_policy **ret_policy, struct rw_error *err)
{
	int r = load_generation(place, "policy", ret_position, ret_policy, err);

	if (r == 0 || r == -ENOMEM)
		return r;
	if (load_generation(place, "policy-previous", ret_position, ret_policy, NULL) != 0)
		return r;
	if (r == RW_AGENT_FILE_ABSENT)
		(void)rw_error_set(err, -ENOENT, "%s/policy: %s", place->state, strerror(ENOENT));
	return RW_AGENT_POLICY_PREVIOUS;
}

bool rw_agent_policy_exists(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE], previous[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(place, "policy", path);
	rw_agent_state_path(place, "policy-previous", previous);
	return access(path, F_OK) == 0 || access(previous, F_OK) == 0;
}

int rw_agent_policy_load_previous(const struct rw_agent_place *place, struct rw_position *ret_position,
				  struct rw_policy **ret_policy, struct rw_error *err)
{
	return load_generation(place, "policy-previous", ret_position, ret_policy, err);
}

void rw_agent_policy_forget(const struct rw_agent_place *place)
{
	static const char *const files[] = {"policy", "policy-previous"};
	char path[RW_AGENT_PATH_SIZE];

	for (size_t i = 0; i < RW_ARRAY_COUNT(files); i++) {
		rw_agent_state_path(place, files[i], path);
		(void)unlink(path);
	}
}

/* Keeps the newest saved policy as the one before; at every moment one of the two names has it. */
static int keep_generation(const struct rw_agent_place *place, struct rw_error *err)
{
	char newest[RW_AGENT_PATH_SIZE], next[RW_AGENT_PATH_SIZE], previous[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(place, "policy", newest);
	rw_agent_state_path(place, "policy-next", next);
	rw_agent_state_path(place, "policy-previous", previous);
	/* A second name that takes the place of the old one whole: link(2) alone replaces nothing. */
	if (unlink(next) < 0 && errno != ENOENT)
		return rw_error_set(err, -errno, "%s: %s", next, strerror(errno));
	if (link(newest, next) < 0)
		return errno == ENOENT ? 0 : rw_error_set(err, -errno, "%s: %s", next, strerror(errno));
	if (rename(next, previous) < 0)
		return rw_error_set(err, -errno, "%s: %s", previous, strerror(errno));
	return 0;
}

struct saving {
	struct rw_new_file file;
	size_t size;
};

static int add_piece(void *context, const char *bytes, size_t size, struct rw_error *err)
{
	struct saving *saving = context;

	saving->size += size;
	if (saving->size > RW_AGENT_POLICY_SIZE_MAX)
		return rw_error_set(err, -E2BIG, "%s: would be larger than %u bytes", saving->file.path,
				    RW_AGENT_POLICY_SIZE_MAX);
	return rw_new_file_add(&saving->file, bytes, size, err);
}

static int save(struct saving *saving, const struct rw_agent_place *place, const struct rw_position *position,
		const struct rw_policy *policy, struct rw_error *err)
{
	int r = rw_stream_write_snapshot(add_piece, saving, position, policy, err);

	/* What may still fail comes first: a full disk takes neither generation. */
	if (r == 0)
		r = rw_new_file_flush(&saving->file, err);
	if (r == 0)
		r = keep_generation(place, err);
	if (r == 0)
		r = rw_new_file_put(&saving->file, err);
	return r;
}

int rw_agent_policy_save(const struct rw_agent_place *place, const struct rw_position *position,
			 const struct rw_policy *policy, struct rw_error *err)
{
	struct saving saving = {.size = 0};
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_agent_state_path(place, "policy", path);
	r = rw_new_file_begin(&saving.file, path, 0600, err);
	if (r == 0)
		r = save(&saving, place, position, policy, err);
	rw_new_file_done(&saving.file);
	return r;
}

void rw_agent_policy_set_unfit(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE], aside[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(place, "policy", path);
	rw_agent_state_path(place, "policy-unfit", aside);
	(void)rename(path, aside);
}

void rw_agent_policy_set_stale(const struct rw_agent_place *place)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char path[RW_AGENT_PATH_SIZE];

	/* In /run, which costs nothing: a kernel that starts anew has no newer policy. */
	rw_agent_run_path(place, "policy-stale", path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

void rw_agent_policy_set_fresh(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_run_path(place, "policy-stale", path);
	(void)unlink(path);
}

bool rw_agent_policy_is_stale(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_run_path(place, "policy-stale", path);
	return access(path, F_OK) == 0;
}

/* ---- detached ---- */

bool rw_agent_detached(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(place, "detached", path);
	if (access(path, F_OK) == 0)
		return true;
	rw_agent_run_path(place, "detached", path);
	return access(path, F_OK) == 0;
}

static int clear_mark(const char *path, struct rw_error *err)
{
	if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return rw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int rw_agent_set_detached(const struct rw_agent_place *place, bool detached, struct rw_error *err)
{
	static const char note[] = "enforcement was taken off by 'ringwall-agent detach'\n";
	char state[RW_AGENT_PATH_SIZE], run[RW_AGENT_PATH_SIZE];
	int on_disk, on_run;

	rw_agent_state_path(place, "detached", state);
	rw_agent_run_path(place, "detached", run);
	if (!detached) {
		on_disk = clear_mark(state, err);
		on_run = clear_mark(run, err);
		return on_disk < 0 ? on_disk : on_run;
	}
	on_run = rw_file_make_folder(place->run, 0700, err);
	if (on_run == 0)
		on_run = rw_file_write(run, note, sizeof(note) - 1, 0644, err);
	on_disk = rw_file_write(state, note, sizeof(note) - 1, 0644, err);
	if (on_disk < 0 && on_run < 0)
		return on_disk;
	/* Without the folder there is no policy to come back with. */
	return on_disk == 0 || on_disk == -ENOENT ? 0 : RW_AGENT_DETACHED_UNTIL_BOOT;
}

/* ---- machine id ---- */

int rw_agent_machine_id(const struct rw_agent_place *place, char ret_id[RW_AGENT_MACHINE_ID_SIZE],
			struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	uint8_t digest[RW_SHA256_SIZE];
	int r;

	rw_buf_init(&buf, 256);
	r = rw_file_read("/etc/machine-id", &buf, err);
	if (r < 0) {
		(void)rw_error_wrap(err, "this machine has no id");
		(void)rw_error_hint(err, "Make one by systemd-machine-id-setup, or put 32 random hex digits "
					 "into /etc/machine-id.");
		return r;
	}
	rw_hmac_sha256(buf.data, buf.size, place->state, strlen(place->state), digest);
	rw_hex_format(digest, (RW_AGENT_MACHINE_ID_SIZE - 1) / 2, ret_id);
	return 0;
}
