/* SPDX-License-Identifier: Apache-2.0 */

/* From the object that the build embeds to loaded programs and mapped maps. */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "enforce/bpf/bpf_internal.h"
#include "lib/rw_flow.h"

/* Made by the build; trips warnings that are not ours. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include "ringwall.skel.h"
#pragma GCC diagnostic pop

const char *const rw_bpf_map_names[RW_BPF_MAP_COUNT_] = {
	[RW_BPF_MAP_CONTROL] = "rw_control",
	[RW_BPF_MAP_IMAGES] = "rw_images",
	[RW_BPF_MAP_DEVICES] = "rw_devices",
	[RW_BPF_MAP_VLANS] = "rw_vlans",
	[RW_BPF_MAP_SLOTS] = "rw_slots",
	[RW_BPF_MAP_FLOWS4] = "rw_flows4",
	[RW_BPF_MAP_FLOWS6] = "rw_flows6",
	[RW_BPF_MAP_TAGS4] = "rw_tags4",
	[RW_BPF_MAP_TAGS6] = "rw_tags6",
	[RW_BPF_MAP_FRAGMENTS] = "rw_fragments",
	[RW_BPF_MAP_HITS] = "rw_hits",
	[RW_BPF_MAP_EVENTS] = "rw_events",
	[RW_BPF_MAP_PROCESSORS] = "rw_processors",
};

static const char *const program_names[RW_BPF_PROGRAM_COUNT_] = {"rw_ingress", "rw_egress", "rw_seed",
								 "rw_early"};

#define HIT_COUNT 32768

/* A map as the object has it: some are variables in a section of their own. */
static struct bpf_map *find_map(const struct ringwall_bpf *skeleton, int id)
{
	const char *name = id == RW_BPF_MAP_CONTROL   ? ".data.control"
			   : id == RW_BPF_MAP_DEVICES ? ".data.devices"
						      : rw_bpf_map_names[id];

	return bpf_object__find_map_by_name(skeleton->obj, name);
}

static struct ringwall_bpf *ringwall_bpf_free(struct ringwall_bpf *skeleton)
{
	ringwall_bpf__destroy(skeleton);
	return NULL;
}
RW_DEFINE_CLEANUP(struct ringwall_bpf *, ringwall_bpf_free)

int rw_bpf_refused(struct rw_error *err, int code, const char *what)
{
	int r = rw_error_set(err, code, "the kernel refused %s: %s", what, strerror(-code));

	if (code == -EPERM || code == -EACCES)
		rw_error_hint(err, "Run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.");
	else if (code == -ENOSYS)
		rw_error_hint(err, "The kernel is built without CONFIG_BPF_SYSCALL.");
	else if (code == -E2BIG)
		rw_error_hint(err, "Linux before 5.16 takes no decision table above 2 MB.");
	else if (code == -ENOMEM)
		rw_error_hint(err, "Take less with --table-memory or --flow-entries.");
	else
		rw_error_hint(err, "Linux 5.15 or newer with CONFIG_NET_CLS_ACT is needed; see probe.");
	return r;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static uint32_t power_of_two(uint32_t value)
{
	uint32_t power = 1;

	while (power < value)
		power *= 2;
	return power;
}

/* The power of two that fits into half of 'memory': programs keep inside an image by a mask. */
static uint32_t image_bytes(uint64_t memory)
{
	uint32_t bytes = RW_ENFORCE_TABLE_MEMORY_MIN / 2;

	while ((uint64_t)bytes * 2 <= memory / 2)
		bytes *= 2;
	return bytes;
}

static uint64_t budget_of(const struct rw_enforce_bpf_options *options)
{
	return options->table_memory ? options->table_memory : RW_ENFORCE_TABLE_MEMORY_DEFAULT;
}

static uint32_t pages_of(uint32_t image_value)
{
	return (image_value - RW_TABLE_REACH) / RW_TABLE_PAGE_SIZE;
}

static uint32_t stripe_count(uint32_t processors)
{
	return processors < RW_HIT_STRIPES_MAX ? power_of_two(processors) : RW_HIT_STRIPES_MAX;
}

int rw_bpf_size_maps(const struct rw_enforce_bpf_options *options,
		     struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_], struct rw_error *err)
{
	uint64_t memory = budget_of(options);
	uint64_t begin = memory < RW_ENFORCE_TABLE_MEMORY_BEGIN ? memory : RW_ENFORCE_TABLE_MEMORY_BEGIN;
	uint32_t flows = options->flow_entries ? options->flow_entries : RW_ENFORCE_FLOW_ENTRIES_DEFAULT;
	int processors = libbpf_num_possible_cpus();

	if (memory < RW_ENFORCE_TABLE_MEMORY_MIN || memory > RW_ENFORCE_TABLE_MEMORY_MAX)
		return rw_error_set(err, -EINVAL, "table memory must be from %llu to %llu MB",
				    RW_ENFORCE_TABLE_MEMORY_MIN >> 20, RW_ENFORCE_TABLE_MEMORY_MAX >> 20);
	if (flows < RW_ENFORCE_FLOW_ENTRIES_MIN || flows > RW_ENFORCE_FLOW_ENTRIES_MAX)
		return rw_error_set(err, -EINVAL, "flow entries must be from %u to %u",
				    RW_ENFORCE_FLOW_ENTRIES_MIN, RW_ENFORCE_FLOW_ENTRIES_MAX);
	if (processors < 0)
		return rw_error_set(err, processors, "cannot tell the number of processors");
	memset(sizes, 0, sizeof(sizes[0]) * RW_BPF_MAP_COUNT_);
	sizes[RW_BPF_MAP_PROCESSORS].entries = (uint32_t)processors;
	sizes[RW_BPF_MAP_IMAGES].value = image_bytes(begin) + RW_TABLE_REACH;
	sizes[RW_BPF_MAP_FLOWS4].entries = power_of_two(flows) / RW_FLOW_WAYS;
	sizes[RW_BPF_MAP_FLOWS6].entries = sizes[RW_BPF_MAP_FLOWS4].entries;
	sizes[RW_BPF_MAP_TAGS4].value = sizes[RW_BPF_MAP_FLOWS4].entries * (uint32_t)sizeof(__u64);
	sizes[RW_BPF_MAP_TAGS6].value = sizes[RW_BPF_MAP_TAGS4].value;
	sizes[RW_BPF_MAP_HITS].entries = HIT_COUNT * stripe_count((uint32_t)processors) * 2;
	return 0;
}

static bool is_mapped(enum rw_bpf_map_id id)
{
	return id != RW_BPF_MAP_FRAGMENTS && id != RW_BPF_MAP_EVENTS;
}

/* Keeps descriptor and memory of a map beyond the object, unless that was done already. */
static int keep_map(struct rw_bpf *bpf, enum rw_bpf_map_id id, const struct bpf_map *map,
		    struct rw_error *err)
{
	struct rw_bpf_map *kept = &bpf->maps[id];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size;

	if (kept->entries)
		return 0;
	rw_close(kept->fd);
	kept->fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	if (kept->fd < 0)
		return rw_error_set(err, -errno, "cannot keep map %s: %s", rw_bpf_map_names[id],
				    strerror(errno));
	kept->entries = bpf_map__max_entries(map);
	kept->value_size = (bpf_map__value_size(map) + 7) & ~7u;
	size = (size_t)kept->value_size * kept->entries;
	if (!is_mapped(id))
		return 0;
	kept->memory_size = (size + page - 1) & ~(page - 1);
	kept->memory = mmap(NULL, kept->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, kept->fd, 0);
	if (kept->memory == MAP_FAILED) {
		kept->memory = NULL;
		return rw_bpf_refused(err, -errno, "mapping a BPF array");
	}
	return 0;
}

static int keep_program(struct rw_bpf *bpf, enum rw_bpf_program_id id, const struct bpf_program *program,
			struct rw_error *err)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	bpf->programs[id] = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3);
	if (bpf->programs[id] < 0 || bpf_obj_get_info_by_fd(bpf->programs[id], &info, &size) < 0)
		return rw_error_set(err, -errno, "cannot keep program %s: %s", program_names[id],
				    strerror(errno));
	bpf->program_ids[id] = info.id;
	return 0;
}

/* Sizes of everything that programs read from the control map. */
static void fill_control(struct rw_bpf *bpf)
{
	struct rw_control *control = rw_bpf_control(bpf);

	bpf->hit_stripes = stripe_count(bpf->maps[RW_BPF_MAP_PROCESSORS].entries);
	bpf->hit_count = bpf->maps[RW_BPF_MAP_HITS].entries / (bpf->hit_stripes * 2);
	if (bpf->adopted)
		return;
	if (bpf->flows_kept) {
		memcpy(control->secret, bpf->control_before.secret, sizeof(control->secret));
		control->generation_before = rw_bpf_generation(&bpf->control_before);
	} else {
		rw_random_system()->fill(rw_random_system(), control->secret, sizeof(control->secret));
	}
	control->bucket_mask4 = bpf->maps[RW_BPF_MAP_FLOWS4].entries - 1;
	control->bucket_mask6 = bpf->maps[RW_BPF_MAP_FLOWS6].entries - 1;
	rw_flow_control_copy(control);
	control->hit_count = bpf->hit_count;
	control->hit_stripe_mask = bpf->hit_stripes - 1;
	control->state = RW_STATE(0, RW_MODE_LEARN);
}

/* Opens the object with maps of those sizes, or those that 'bpf' has; of the programs, the early one or the others. */
static int open_object(struct rw_bpf *bpf, const struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_], bool early,
		       struct ringwall_bpf **ret_object, struct rw_error *err)
{
	RW_CLEANUP(ringwall_bpf_free) struct ringwall_bpf *skeleton = ringwall_bpf__open();

	if (!skeleton)
		return rw_bpf_refused(err, -errno, "the BPF object");
	for (int id = 0; id < RW_BPF_PROGRAM_COUNT_; id++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(skeleton->obj, program_names[id]);

		(void)bpf_program__set_autoload(program, (id == RW_BPF_PROGRAM_EARLY) == early);
	}
	for (int id = 0; id < RW_BPF_MAP_COUNT_; id++) {
		struct bpf_map *map = find_map(skeleton, id);

		if ((sizes[id].entries && bpf_map__set_max_entries(map, sizes[id].entries) < 0) ||
		    (sizes[id].value && bpf_map__set_value_size(map, sizes[id].value) < 0))
			return rw_bpf_refused(err, -errno, "the size of a map");
		if (bpf->maps[id].fd >= 0 && bpf_map__reuse_fd(map, bpf->maps[id].fd) < 0)
			return rw_bpf_refused(err, -errno, "to take over a map");
	}
	skeleton->rodata->rw_hits_shared = sizes[RW_BPF_MAP_PROCESSORS].entries > RW_HIT_STRIPES_MAX;
	skeleton->rodata->rw_image_mask = sizes[RW_BPF_MAP_IMAGES].value - RW_TABLE_REACH - 4;
	skeleton->rodata->rw_tag_mask = sizes[RW_BPF_MAP_TAGS4].value - (uint32_t)sizeof(__u64);
	*ret_object = RW_TAKE_PTR(skeleton);
	return 0;
}

/*
 * The object lies in this program's read-only data.  It is not looked at again, and if it were, its pages would
 * come from the program's file: so they need no memory meanwhile.
 */
static void forget_object(void)
{
	size_t size, page = (size_t)sysconf(_SC_PAGESIZE);
	const void *bytes = ringwall_bpf__elf_bytes(&size);
	uintptr_t first = ((uintptr_t)bytes + page - 1) & ~(page - 1);
	uintptr_t last = ((uintptr_t)bytes + size) & ~(page - 1);

	if (first < last)
		(void)madvise((void *)first, last - first, MADV_DONTNEED);
}

/* Loads programs with maps of those sizes, or those that 'bpf' has, and keeps both. */
static int load_object(struct rw_bpf *bpf, const struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_], bool early,
		       struct rw_error *err)
{
	RW_CLEANUP(ringwall_bpf_free) struct ringwall_bpf *skeleton = NULL;
	int r = open_object(bpf, sizes, early, &skeleton, err);

	if (r < 0)
		return r;
	r = ringwall_bpf__load(skeleton);
	if (r < 0)
		return rw_bpf_refused(err, r, "to load the BPF programs");
	for (int id = 0; r == 0 && id < RW_BPF_MAP_COUNT_; id++)
		r = keep_map(bpf, (enum rw_bpf_map_id)id, find_map(skeleton, id), err);
	for (int id = 0; r == 0 && id < RW_BPF_PROGRAM_COUNT_; id++)
		if ((id == RW_BPF_PROGRAM_EARLY) == early)
			r = keep_program(bpf, (enum rw_bpf_program_id)id,
					 bpf_object__find_program_by_name(skeleton->obj, program_names[id]),
					 err);
	/* The object's text, types and relocations are done with: give them back to the system. */
	skeleton = ringwall_bpf_free(skeleton);
	forget_object();
	(void)malloc_trim(0);
	return r;
}

int rw_bpf_load(struct rw_bpf *bpf, const struct rw_enforce_bpf_options *options, struct rw_error *err)
{
	struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_];
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int r;

	libbpf_set_print(quiet);
	r = rw_bpf_size_maps(options, sizes, err);
	if (r < 0)
		return r;
	/* Tables that were taken over are as large as they have become. */
	if (bpf->adopted && bpf_obj_get_info_by_fd(bpf->maps[RW_BPF_MAP_IMAGES].fd, &info, &size) == 0)
		sizes[RW_BPF_MAP_IMAGES].value = info.value_size;
	r = load_object(bpf, sizes, false, err);
	if (r < 0)
		return r;
	bpf->image_pages = pages_of(sizes[RW_BPF_MAP_IMAGES].value);
	bpf->image_pages_max = image_bytes(budget_of(options)) / RW_TABLE_PAGE_SIZE;
	fill_control(bpf);
	return 0;
}

int rw_bpf_load_programs(struct rw_bpf *bpf, uint32_t image_pages, bool early, struct rw_error *err)
{
	struct rw_bpf_map_size sizes[RW_BPF_MAP_COUNT_] = {0};
	int r;

	/* The other maps are there; what programs take for constants follows from the sizes. */
	sizes[RW_BPF_MAP_PROCESSORS].entries = bpf->maps[RW_BPF_MAP_PROCESSORS].entries;
	sizes[RW_BPF_MAP_TAGS4].value = bpf->maps[RW_BPF_MAP_TAGS4].value_size;
	sizes[RW_BPF_MAP_IMAGES].value = image_pages * RW_TABLE_PAGE_SIZE + RW_TABLE_REACH;
	r = load_object(bpf, sizes, early, err);
	if (r == 0)
		bpf->image_pages = image_pages;
	return r;
}

int rw_bpf_load_early(struct rw_bpf *bpf, struct rw_error *err)
{
	if (bpf->programs[RW_BPF_PROGRAM_EARLY] >= 0)
		return 0;
	return rw_bpf_load_programs(bpf, bpf->image_pages, true, err);
}

void rw_bpf_init(struct rw_bpf *bpf)
{
	for (int id = 0; id < RW_BPF_MAP_COUNT_; id++)
		bpf->maps[id].fd = -EBADF;
	for (int id = 0; id < RW_BPF_PROGRAM_COUNT_; id++)
		bpf->programs[id] = -EBADF;
}

int rw_bpf_map_read_only(int fd, void **ret_memory, size_t *ret_size, uint32_t *ret_entries)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes;
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	void *memory;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	bytes = ((size_t)((info.value_size + 7) & ~7u) * info.max_entries + page - 1) & ~(page - 1);
	memory = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret_memory = memory;
	*ret_size = bytes;
	*ret_entries = info.max_entries;
	return 0;
}

void rw_bpf_unload(struct rw_bpf *bpf)
{
	for (int id = 0; id < RW_BPF_MAP_COUNT_; id++) {
		if (bpf->maps[id].memory)
			(void)munmap(bpf->maps[id].memory, bpf->maps[id].memory_size);
		bpf->maps[id].memory = NULL;
		bpf->maps[id].fd = rw_close(bpf->maps[id].fd);
	}
	for (int id = 0; id < RW_BPF_PROGRAM_COUNT_; id++)
		bpf->programs[id] = rw_close(bpf->programs[id]);
}
