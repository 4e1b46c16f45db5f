/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pins: what lets enforcement outlive the process.
 *
 *     PIN_DIR/map-rw_control ...         the maps, of one size and ABI
 *     PIN_DIR/version-2                  says which ABI (a second pin of the control map)
 *     PIN_DIR/flows-1                    ... of the flow table, which may be kept where the rest is not
 *     PIN_DIR/next-images                images that some devices have already (sets.c)
 *     PIN_DIR/link-ingress-7, -egress-7  what holds the programs at the device of ifindex 7
 *     PIN_DIR/link-early-7               ... at XDP; link-generic-7 where the kernel stands in for the driver
 *     PIN_DIR/clsact-7                   ... by clsact, which holds by itself
 *     PIN_DIR/qdisc-7                    ... in a clsact qdisc that was made for it
 *
 * Descriptors come only from these names (BPF_OBJ_GET), never from ids.
 */

#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "enforce/bpf/bpf_internal.h"

void rw_bpf_pin_path(char *path, size_t size, const char *pin_dir, const char *kind, unsigned int ifindex)
{
	if (ifindex)
		(void)snprintf(path, size, "%s/%s-%u", pin_dir, kind, ifindex);
	else
		(void)snprintf(path, size, "%s/%s", pin_dir, kind);
}

static void map_path(char *path, size_t size, const char *pin_dir, int id)
{
	(void)snprintf(path, size, "%s/map-%s", pin_dir, rw_bpf_map_names[id]);
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (uint32_t)fs.f_type == (uint32_t)BPF_FS_MAGIC;
}

/*
 * Pid 1's view of the mounts is read from /proc/1/mountinfo, which needs no privilege; /proc/1/root and
 * /proc/1/ns are closed to processes with fewer capabilities than pid 1 has.
 */

/* The id of the first mount of a process, which no other mount namespace has; -1 = cannot tell. */
static int first_mount_id(const char *mountinfo)
{
	FILE *file = fopen(mountinfo, "re");
	int id = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &id) != 1)
		id = -1;
	(void)fclose(file);
	return id;
}

/* The mount namespace of pid 1 is ours. */
static bool is_root_namespace(void)
{
	int first = first_mount_id("/proc/1/mountinfo");

	return first >= 0 && first == first_mount_id("/proc/self/mountinfo");
}

/* Whether pid 1 has a file system of that device mounted anywhere. */
static bool first_has_mounted(dev_t device)
{
	FILE *file = fopen("/proc/1/mountinfo", "re");
	unsigned int major_number, minor_number;
	bool found = false;

	if (!file)
		return false;
	while (!found && fscanf(file, "%*d %*d %u:%u%*[^\n]", &major_number, &minor_number) == 2)
		found = makedev(major_number, minor_number) == device;
	(void)fclose(file);
	return found;
}

/* Makes the directories of 'path' from the first that is missing. */
static int make_directories(const char *path, struct rw_error *err)
{
	char part[256];

	for (const char *end = path; *end;) {
		end += strcspn(end + 1, "/") + 1;
		if ((size_t)(end - path) >= sizeof(part))
			return rw_error_set(err, -ENAMETOOLONG, "the pin directory's name is too long");
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return rw_error_set(err, -errno, "cannot make %s: %s", part, strerror(errno));
	}
	return 0;
}

static int check_seen_by_first(const char *pin_dir, struct rw_error *err)
{
	struct stat own;

	if (stat(pin_dir, &own) == 0 && first_has_mounted(own.st_dev))
		return 0;
	rw_error_set(err, -EXDEV, "%s lies in a mount that ends with this mount namespace", pin_dir);
	rw_error_hint(err, "Run outside 'ip netns exec' and private mount namespaces (nsenter --net enters "
			   "a network namespace alone), or accept --unpinned.");
	return -EXDEV;
}

static int check_path(const char *pin_dir, struct rw_error *err)
{
	if (pin_dir[0] == '/' && strlen(pin_dir) < sizeof(((struct rw_bpf *)NULL)->pin_dir))
		return 0;
	return rw_error_set(err, -EINVAL, "the pin directory must be an absolute path of moderate length");
}

static int check_file_system(const char *path, struct rw_error *err)
{
	if (!is_bpffs(path)) {
		rw_error_set(err, -EINVAL, "%s does not lie in a BPF file system", path);
		return rw_error_hint(err, "Mount one: mount -t bpf bpf /sys/fs/bpf");
	}
	return check_seen_by_first(path, err);
}

int rw_enforce_bpf_mount(const char *pin_dir, struct rw_error *err)
{
	if (strncmp(pin_dir, "/sys/fs/bpf/", 12) == 0 && !is_bpffs("/sys/fs/bpf") && is_root_namespace() &&
	    mount("bpf", "/sys/fs/bpf", "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return rw_error_set(err, -errno, "cannot mount a BPF file system at /sys/fs/bpf: %s",
				    strerror(errno));
	return 0;
}

int rw_bpf_pins_prepare(const char *pin_dir, struct rw_error *err)
{
	int r = check_path(pin_dir, err);

	if (r == 0)
		r = rw_enforce_bpf_mount(pin_dir, err);
	if (r < 0)
		return r;
	r = make_directories(pin_dir, err);
	return r < 0 ? r : check_file_system(pin_dir, err);
}

int rw_bpf_pins_check(const char *pin_dir, struct rw_error *err)
{
	char path[256];
	int r = check_path(pin_dir, err);

	if (r < 0)
		return r;
	/* The nearest directory that is there. */
	(void)snprintf(path, sizeof(path), "%s", pin_dir);
	while (strlen(path) > 1 && access(path, F_OK) < 0)
		*strrchr(path, '/') = '\0';
	return check_file_system(path[0] ? path : "/", err);
}

static bool has_links(const char *pin_dir)
{
	DIR *dir = opendir(pin_dir);
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir)))
		found |= strncmp(entry->d_name, "link-", 5) == 0 || strncmp(entry->d_name, "clsact", 6) == 0;
	if (dir)
		(void)closedir(dir);
	return found;
}

static bool has_pin(const char *pin_dir, const char *name, int version)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s-%d", pin_dir, name, version);
	return access(path, F_OK) == 0;
}

static bool has_version(const char *pin_dir)
{
	return has_pin(pin_dir, "version", RW_BPF_ABI_VERSION);
}

int rw_bpf_pins_check_version(const char *pin_dir, struct rw_error *err)
{
	char path[512];

	if (has_version(pin_dir))
		return 0;
	(void)snprintf(path, sizeof(path), "%s/map-%s", pin_dir, rw_bpf_map_names[RW_BPF_MAP_CONTROL]);
	if (access(path, F_OK) < 0 && errno == EACCES)
		return rw_error_set(err, -EACCES, "%s: %s", pin_dir, strerror(errno));
	if (access(path, F_OK) < 0) {
		(void)rw_error_set(err, -ENOENT, "nothing is in force: nothing is pinned in %s", pin_dir);
		return rw_error_hint(err, "Give the same --state and --pin-dir as the agent was given; what "
					  "runs --unpinned is seen by nobody else.");
	}
	(void)rw_error_set(err, -EPROTO, "what is pinned in %s is of another version of ringwall-agent",
			   pin_dir);
	return rw_error_hint(err, "Use that version's program, or start this version's agent.");
}

static bool fits(int fd, const struct rw_bpf_map_size *wanted)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
	       (!wanted->entries || info.max_entries == wanted->entries) &&
	       (!wanted->value || info.value_size == wanted->value);
}

static void close_map(struct rw_bpf *bpf, enum rw_bpf_map_id id)
{
	bpf->maps[id].fd = rw_close(bpf->maps[id].fd);
}

/* Opens a map of an earlier process; false when it is not there or of another size. */
static bool find_map(struct rw_bpf *bpf, enum rw_bpf_map_id id, const struct rw_bpf_map_size *size)
{
	char path[256];

	map_path(path, sizeof(path), bpf->pin_dir, (int)id);
	bpf->maps[id].fd = bpf_obj_get(path);
	if (bpf->maps[id].fd >= 0 && fits(bpf->maps[id].fd, size))
		return true;
	close_map(bpf, id);
	return false;
}

/* Reads what belongs to the flow table of a control map of whatever version. */
static bool read_flow_part(const struct rw_bpf *bpf, struct rw_control *ret_control)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info), zero = 0;
	char path[256], value[4096];

	map_path(path, sizeof(path), bpf->pin_dir, RW_BPF_MAP_CONTROL);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ||
	    info.value_size < RW_CONTROL_FLOW_PART || info.value_size > sizeof(value) ||
	    bpf_map_lookup_elem(fd, &zero, value) < 0)
		return false;
	memcpy(ret_control, value, RW_CONTROL_FLOW_PART);
	return true;
}

/* The maps that RW_FLOW_ABI_VERSION speaks of. */
static const enum rw_bpf_map_id flow_maps[] = {
	RW_BPF_MAP_FLOWS4, RW_BPF_MAP_FLOWS6, RW_BPF_MAP_TAGS4,
	RW_BPF_MAP_TAGS6,  RW_BPF_MAP_SLOTS,  RW_BPF_MAP_FRAGMENTS,
};

/* Opens the flow table of programs whose other maps are of no use here. */
static bool find_flows(struct rw_bpf *bpf, const struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_])
{
	bool all = has_pin(bpf->pin_dir, "flows", RW_FLOW_ABI_VERSION) &&
		   read_flow_part(bpf, &bpf->control_before);

	for (size_t i = 0; i < RW_ARRAY_COUNT(flow_maps) && all; i++)
		all = find_map(bpf, flow_maps[i], &sizes[flow_maps[i]]);
	for (size_t i = 0; i < RW_ARRAY_COUNT(flow_maps) && !all; i++)
		close_map(bpf, flow_maps[i]);
	return all;
}

/*
 * Opens the maps of an earlier process: bpf->adopted when all are there and of the sizes wanted, bpf->flows_kept when
 * only those of the flow table are.  Tells in bpf->held whether devices are held by programs of such a process.
 */
int rw_bpf_pins_find(struct rw_bpf *bpf, const struct rw_enforce_bpf_options *options, struct rw_error *err)
{
	bool all = has_version(bpf->pin_dir);
	struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_];
	int r = rw_bpf_size_maps(options, sizes, err);

	if (r < 0)
		return r;
	/* Tables may have grown. */
	sizes[RW_BPF_MAP_IMAGES].value = 0;
	for (int id = 0; id < RW_BPF_MAP_COUNT_ && all; id++)
		all = find_map(bpf, (enum rw_bpf_map_id)id, &sizes[id]);
	for (int id = 0; id < RW_BPF_MAP_COUNT_ && !all; id++)
		close_map(bpf, (enum rw_bpf_map_id)id);
	bpf->adopted = all;
	bpf->flows_kept = !all && find_flows(bpf, sizes);
	bpf->held = has_links(bpf->pin_dir);
	return 0;
}

int rw_bpf_pin(int fd, const char *path, struct rw_error *err)
{
	char next[512];

	(void)snprintf(next, sizeof(next), "%.*s/next-pin", (int)(strrchr(path, '/') - path), path);
	if (unlink(next) < 0 && errno != ENOENT)
		return rw_error_set(err, -errno, "cannot replace %s: %s", next, strerror(errno));
	if (bpf_obj_pin(fd, next) < 0 || rename(next, path) < 0)
		return rw_error_set(err, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

/* Where a set is pinned while devices go over to it. */
static void next_path(const struct rw_bpf *bpf, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/next-images", bpf->pin_dir);
}

bool rw_bpf_pins_has_exchange(const struct rw_bpf *bpf)
{
	char path[256];

	next_path(bpf, path, sizeof(path));
	return bpf->pin_dir[0] && access(path, F_OK) == 0;
}

int rw_bpf_pins_begin_exchange(const struct rw_bpf *bpf, struct rw_error *err)
{
	char path[256];

	next_path(bpf, path, sizeof(path));
	return bpf->pin_dir[0] ? rw_bpf_pin(bpf->maps[RW_BPF_MAP_IMAGES].fd, path, err) : 0;
}

int rw_bpf_pins_end_exchange(const struct rw_bpf *bpf, struct rw_error *err)
{
	char next[256], path[256];

	next_path(bpf, next, sizeof(next));
	map_path(path, sizeof(path), bpf->pin_dir, RW_BPF_MAP_IMAGES);
	if (bpf->pin_dir[0] && rename(next, path) < 0)
		return rw_error_set(err, -errno, "cannot replace %s: %s", path, strerror(errno));
	return 0;
}

void rw_bpf_pins_abandon_exchange(const struct rw_bpf *bpf)
{
	char path[256];

	next_path(bpf, path, sizeof(path));
	if (bpf->pin_dir[0])
		(void)unlink(path);
}

/* Takes away what says of which ABI the maps are, or all but the flow table's; true when nothing does any more. */
static bool forget_versions(const char *pin_dir, bool flows_kept)
{
	DIR *dir = opendir(pin_dir);
	struct dirent *entry;
	char path[512];
	bool gone = dir;

	for (int pass = 0; dir && pass < 2; pass++, rewinddir(dir))
		while ((entry = readdir(dir))) {
			if (strncmp(entry->d_name, "version-", 8) != 0 &&
			    (flows_kept || strncmp(entry->d_name, "flows-", 6) != 0))
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s", pin_dir, entry->d_name);
			gone &= unlink(path) == 0 || errno == ENOENT;
		}
	if (dir)
		(void)closedir(dir);
	return gone;
}

int rw_bpf_pins_save(struct rw_bpf *bpf, struct rw_error *err)
{
	char path[256];
	int r;

	if (bpf->adopted)
		return 0;
	/*
	 * First, so that nobody takes a mixture of old and new maps for either.  A flow table that is kept is the
	 * same in both, and what belongs to it stands in both control maps.
	 */
	if (!forget_versions(bpf->pin_dir, bpf->flows_kept))
		return rw_error_set(err, -errno, "cannot replace the pins in %s: %s", bpf->pin_dir,
				    strerror(errno));
	for (int id = 0; id < RW_BPF_MAP_COUNT_; id++) {
		map_path(path, sizeof(path), bpf->pin_dir, id);
		r = rw_bpf_pin(bpf->maps[id].fd, path, err);
		if (r < 0)
			return r;
	}
	rw_bpf_pins_abandon_exchange(bpf);
	(void)snprintf(path, sizeof(path), "%s/flows-%d", bpf->pin_dir, RW_FLOW_ABI_VERSION);
	r = rw_bpf_pin(bpf->maps[RW_BPF_MAP_CONTROL].fd, path, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/version-%d", bpf->pin_dir, RW_BPF_ABI_VERSION);
	return rw_bpf_pin(bpf->maps[RW_BPF_MAP_CONTROL].fd, path, err);
}

/* Takes one pin away, with what it holds; true for a device's ingress. */
static bool release(const char *pin_dir, const char *name)
{
	unsigned int ifindex = 0, qdisc;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	if (strncmp(name, "link-", 5) == 0) {
		/* Detached by force, for a running agent holds the link as well. */
		int link = bpf_obj_get(path);

		if (link >= 0) {
			(void)bpf_link_detach(link);
			(void)close(link);
		}
	} else if (sscanf(name, "clsact-%u", &ifindex) == 1) {
		rw_bpf_clsact_remove(ifindex);
	} else if (sscanf(name, RW_BPF_QDISC_PIN "-%u", &qdisc) == 1) {
		/* Names come in any order, and our filters would keep it. */
		rw_bpf_clsact_remove(qdisc);
		rw_bpf_qdisc_remove(qdisc);
	}
	(void)unlink(path);
	return ifindex || strncmp(name, "link-ingress-", 13) == 0;
}

void rw_bpf_pins_release(const char *pin_dir, unsigned int ifindex)
{
	static const char *const kinds[] = {"link-early",  "link-generic", "link-ingress",
					    "link-egress", "clsact",       RW_BPF_QDISC_PIN};
	char name[64], path[512];

	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++) {
		(void)snprintf(name, sizeof(name), "%s-%u", kinds[i], ifindex);
		(void)snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
		if (access(path, F_OK) == 0)
			(void)release(pin_dir, name);
	}
}

/* What we pin; whatever else lies there is somebody's. */
static bool is_ours(const char *name)
{
	static const char *const kinds[] = {
		"map-rw_",       "version-",      "flows-",       "next-",   "link-early-",
		"link-generic-", "link-ingress-", "link-egress-", "clsact-", RW_BPF_QDISC_PIN "-"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++)
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

int rw_enforce_bpf_detach_all(const char *pin_dir, unsigned int *ret_devices, struct rw_error *err)
{
	unsigned int devices = 0;
	struct dirent *entry;
	DIR *dir = opendir(pin_dir);

	if (!dir && errno != ENOENT)
		return rw_error_set(err, -errno, "cannot read %s: %s", pin_dir, strerror(errno));
	if (dir && !is_bpffs(pin_dir)) {
		(void)closedir(dir);
		return rw_error_set(err, -EINVAL, "%s does not lie in a BPF file system", pin_dir);
	}
	for (int pass = 0; dir && pass < 2; pass++, rewinddir(dir))
		while ((entry = readdir(dir)))
			if (is_ours(entry->d_name))
				devices += release(pin_dir, entry->d_name);
	if (dir)
		(void)closedir(dir);
	if (dir && rmdir(pin_dir) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return rw_error_set(err, -errno, "cannot remove %s: %s", pin_dir, strerror(errno));
	if (ret_devices)
		*ret_devices = devices;
	return 0;
}
