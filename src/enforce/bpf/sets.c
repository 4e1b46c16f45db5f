/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Program sets: tables of another size
 * ====================================
 *
 * How large an image is, programs know as a constant (rw_image_mask), so larger tables are other programs.
 * A *set* is the map rw_images with the programs loaded for it.  All other maps are shared, rw_control
 * among them: one store of the state still switches everything.
 *
 * An exchange of sets changes no decision.  The image in force is copied first, so the two sets decide
 * alike and at the same generation while devices go over one by one: a flow that both meet is the same for
 * both, its marks and its rules' counts too.  So it may fail and be taken back, or end with the process, at
 * any point.  What must not happen meanwhile is a switch of the state: the other image of one set is not
 * that of the other.  Hence a policy that needs more room waits until its predecessor has it, at every
 * device, and until no run of the old programs is under way, which a grace period of RCU tells;
 * rw_processor does not know of one that is about to begin.
 *
 * The kernel may refuse to exchange the programs at a device, and then also to take those back that have been
 * exchanged.  Such a device goes on with the set that was given up, *astray*: it decides alike as long as the policy
 * in force stays, and would not follow another.  So there is none for anybody until it is back (rw_bpf_bring_back,
 * before every change and at every check), and the next check reports the device as lost if it cannot be helped.
 *
 * Pins: the images of the new set are pinned beside the old ones before the first device goes over, and
 * take their name when the last one has.  A process that finds both knows that devices may have programs of
 * either set; it brings all of them to the old one, which is as good, before it does anything else
 * (rw_bpf_take_devices).
 */

#include <bpf/bpf.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>

#include "enforce/bpf/bpf_internal.h"

/*
 * Tables are made smaller when the policy in force takes at most this part of an image, and so much smaller
 * that it takes at most half: so a policy must double before they grow again.
 */
#define SHRINK_BELOW 4

struct set {
	struct rw_bpf_map images;
	uint32_t image_pages;
	int programs[RW_BPF_PROGRAM_COUNT_];
	uint32_t program_ids[RW_BPF_PROGRAM_COUNT_];
};

/* Takes the set out of 'bpf', which has none then. */
static struct set take_set(struct rw_bpf *bpf)
{
	struct set set = {.images = bpf->maps[RW_BPF_MAP_IMAGES], .image_pages = bpf->image_pages};

	memcpy(set.programs, bpf->programs, sizeof(set.programs));
	memcpy(set.program_ids, bpf->program_ids, sizeof(set.program_ids));
	bpf->maps[RW_BPF_MAP_IMAGES] = (struct rw_bpf_map){.fd = -EBADF};
	for (int id = 0; id < RW_BPF_PROGRAM_COUNT_; id++)
		bpf->programs[id] = -EBADF;
	return set;
}

static void put_set(struct rw_bpf *bpf, const struct set *set)
{
	bpf->maps[RW_BPF_MAP_IMAGES] = set->images;
	bpf->image_pages = set->image_pages;
	memcpy(bpf->programs, set->programs, sizeof(set->programs));
	memcpy(bpf->program_ids, set->program_ids, sizeof(set->program_ids));
}

static void release_set(struct set *set)
{
	if (set->images.memory)
		(void)munmap(set->images.memory, set->images.memory_size);
	rw_close(set->images.fd);
	for (int id = 0; id < RW_BPF_PROGRAM_COUNT_; id++)
		rw_close(set->programs[id]);
}

static char *image_in(const struct rw_bpf_map *images, uint32_t generation)
{
	return (char *)images->memory + (size_t)(generation & 1) * images->value_size;
}

static bool is_zero(const char *page)
{
	return !page[0] && memcmp(page, page + 1, RW_TABLE_PAGE_SIZE - 1) == 0;
}

/* The image in force into the set that 'bpf' has now. */
static void copy_image(struct rw_bpf *bpf, const struct set *before)
{
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);
	uint32_t pages = before->image_pages < bpf->image_pages ? before->image_pages : bpf->image_pages;
	const char *from = image_in(&before->images, generation);
	char *to = image_in(&bpf->maps[RW_BPF_MAP_IMAGES], generation);

	if (!generation)
		return;
	/* Room that was never used need not take memory of the process here, either. */
	for (size_t at = 0; at < (size_t)pages * RW_TABLE_PAGE_SIZE; at += RW_TABLE_PAGE_SIZE)
		if (!is_zero(from + at))
			memcpy(to + at, from + at, RW_TABLE_PAGE_SIZE);
}

/* What was compiled into the image in force lies in its copy now; the other image holds nothing yet. */
static void follow_images(struct rw_bpf *bpf)
{
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);
	struct rw_classify_memory *active = &bpf->images[generation & 1];

	rw_classify_memory_done(&bpf->images[!(generation & 1)]);
	if (!bpf->table)
		return;
	active->pages = image_in(&bpf->maps[RW_BPF_MAP_IMAGES], generation);
	active->capacity = bpf->image_pages;
	rw_classify_table_move(bpf->table, active->pages);
}

/* Waits until no program run that has begun goes on: the kernel does so when a map of maps changes. */
static int await_runs(struct rw_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	RW_CLEANUP(rw_close) int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rw_wait", 4, 4, 1, NULL);
	RW_CLEANUP(rw_close) int outer = -EBADF;
	uint32_t zero = 0;
	int r = inner;

	if (inner >= 0) {
		options.inner_map_fd = (uint32_t)inner;
		r = outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "rw_wait", 4, 4, 1, &options);
	}
	if (outer >= 0)
		r = bpf_map_update_elem(outer, &zero, &inner, BPF_ANY);
	return r < 0 ? rw_bpf_refused(err, r, "to wait for programs under way") : 0;
}

int rw_bpf_take_devices(struct rw_bpf *bpf, struct rw_error *err)
{
	const struct rw_device *records = bpf->maps[RW_BPF_MAP_DEVICES].memory;
	int r = 0;

	/* A device without a record is none of these maps. */
	for (size_t i = 0; r == 0 && i < RW_DEVICE_RECORDS; i++)
		if (records[i].ifindex)
			r = rw_bpf_exchange(bpf, records[i].ifindex, err);
	return r < 0 ? r : await_runs(err);
}

/* Loads a set for images of so many pages into 'bpf', which decides as the one before. */
static int load_set(struct rw_bpf *bpf, uint32_t pages, const struct set *before, struct rw_error *err)
{
	int r = rw_bpf_load_programs(bpf, pages, false, err);

	if (r == 0 && before->programs[RW_BPF_PROGRAM_EARLY] >= 0)
		r = rw_bpf_load_early(bpf, err);
	if (r == 0)
		copy_image(bpf, before);
	return r;
}

/*
 * Brings every device to the set of 'bpf', as far as the kernel lets it; an error when a device has programs of another
 * one still.  What cannot be exchanged because it is none of ours, or gone, has none.
 */
static int gather(struct rw_bpf *bpf, struct rw_error *err)
{
	const struct rw_device *records = bpf->maps[RW_BPF_MAP_DEVICES].memory;
	char name[IF_NAMESIZE];
	int result = 0;

	for (size_t i = 0; i < RW_DEVICE_RECORDS; i++) {
		uint32_t ifindex = records[i].ifindex;
		struct rw_error refusal = RW_ERROR_NONE;
		int r = ifindex ? rw_bpf_exchange(bpf, ifindex, &refusal) : 0;

		if (r == 0 || !if_indextoname(ifindex, name) || rw_bpf_is_held(bpf, ifindex))
			continue;
		if (result == 0 && err)
			*err = refusal;
		result = r;
	}
	return result;
}

/* Takes back what has gone over to a set that is given up. */
static void take_back(struct rw_bpf *bpf, const struct set *failed)
{
	uint32_t generation = RW_STATE_GENERATION(rw_bpf_control(bpf)->state);

	/* Where the kernel refuses, it decides as now, also if a next process should switch. */
	memcpy(image_in(&failed->images, generation + 1), image_in(&failed->images, generation),
	       failed->images.value_size);
	bpf->astray = gather(bpf, NULL) < 0;
}

int rw_bpf_bring_back(struct rw_bpf *bpf, struct rw_error *err)
{
	int r = bpf->astray ? gather(bpf, err) : 0;

	if (r < 0)
		return rw_error_hint(err,
				     "It goes by tables that are given up, with the policy in force; no "
				     "other is put in force until it is back, which is tried every second.");
	if (bpf->astray)
		rw_bpf_pins_abandon_exchange(bpf);
	bpf->astray = false;
	return 0;
}

static int resize(struct rw_bpf *bpf, uint32_t pages, struct rw_error *err)
{
	struct set before = take_set(bpf), failed;
	bool moving = false;
	int r = load_set(bpf, pages, &before, err);

	if (r == 0)
		r = rw_bpf_pins_begin_exchange(bpf, err);
	if (r == 0) {
		moving = true;
		r = rw_bpf_take_devices(bpf, err);
	}
	if (r == 0)
		r = rw_bpf_pins_end_exchange(bpf, err);
	if (r == 0) {
		follow_images(bpf);
		release_set(&before);
		bpf->grace_due = false;
		return 0;
	}
	failed = take_set(bpf);
	put_set(bpf, &before);
	if (moving)
		take_back(bpf, &failed);
	/* The pin tells the next process of devices that are not back. */
	if (!bpf->astray)
		rw_bpf_pins_abandon_exchange(bpf);
	release_set(&failed);
	return r;
}

/* The size class that has room for so many pages, or the largest. */
static uint32_t class_of(const struct rw_bpf *bpf, uint32_t pages)
{
	uint32_t size = RW_ENFORCE_TABLE_MEMORY_BEGIN / 2 / RW_TABLE_PAGE_SIZE;

	while (size < pages && size < bpf->image_pages_max)
		size *= 2;
	return size < bpf->image_pages_max ? size : bpf->image_pages_max;
}

/* How many pages the policy takes where there is room. */
static int measure(struct rw_bpf *bpf, const struct rw_policy *policy, uint32_t *ret_pages,
		   struct rw_error *err)
{
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory = {0};
	uint8_t slots[RW_SLOT_NAMES];
	struct rw_classify_options options = {
		.slots = slots, .page_limit = bpf->image_pages_max, .spacious = true};
	int r = rw_bpf_slots(bpf, policy, slots, err);

	rw_classify_memory_init(&memory);
	if (r == 0)
		r = rw_classify_compile(policy, &options, NULL, &memory, &table, err);
	if (r == 0)
		*ret_pages = table->page_count;
	return r;
}

int rw_bpf_grow(struct rw_bpf *bpf, const struct rw_policy *policy, struct rw_error *err)
{
	uint32_t pages;
	int r = measure(bpf, policy, &pages, err);

	if (r < 0)
		return r;
	if (pages <= bpf->image_pages)
		pages = bpf->image_pages + 1;
	return resize(bpf, class_of(bpf, pages), err);
}

void rw_bpf_shrink(struct rw_bpf *bpf)
{
	uint32_t pages = bpf->table->page_count, smaller = class_of(bpf, pages * 2);
	bool too_large = pages * SHRINK_BELOW <= bpf->image_pages || bpf->image_pages > bpf->image_pages_max;

	/* Else they stay as they are. */
	if (too_large && smaller < bpf->image_pages)
		(void)resize(bpf, smaller, NULL);
}
