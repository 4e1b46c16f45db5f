/* SPDX-License-Identifier: Apache-2.0 */

/* A policy into the standby image, and the one store that puts it in force. */

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "classify/revise.h"
#include "enforce/bpf/bpf_internal.h"

#define GRACE_STEP_NS   20000
#define GRACE_STEPS_MAX 50000 /* a second: no program runs that long */

/* Lets the counts of runs that began before the switch be seen. */
static void settle(const struct rw_bpf *bpf)
{
	uint64_t passed = rw_clock_monotonic_ns(rw_clock_system()) - bpf->switched_ns;
	struct timespec rest = {.tv_nsec = RW_RUN_SETTLE_NS - (long)passed};

	if (passed < RW_RUN_SETTLE_NS)
		(void)nanosleep(&rest, NULL);
}

/*
 * Waits until no program run that began before the last switch goes on, so that the standby image is nobody's
 * (struct rw_processor).  A run takes a microsecond; synchronize_rcu, by membarrier or a map of maps,
 * would take ten thousand.
 */
int rw_bpf_await_grace(struct rw_bpf *bpf, struct rw_error *err)
{
	const struct rw_processor *processors = bpf->maps[RW_BPF_MAP_PROCESSORS].memory;
	const struct timespec step = {.tv_nsec = GRACE_STEP_NS};
	unsigned int steps = 0;

	if (!bpf->grace_due)
		return 0;
	settle(bpf);
	for (uint32_t i = 0; i < bpf->maps[RW_BPF_MAP_PROCESSORS].entries; i++) {
		uint64_t seen = __atomic_load_n(&processors[i].runs, __ATOMIC_SEQ_CST);

		while (seen % 2 && __atomic_load_n(&processors[i].runs, __ATOMIC_SEQ_CST) == seen) {
			if (++steps > GRACE_STEPS_MAX)
				return rw_error_set(err, -EBUSY, "processor %u does not end a program run",
						    i);
			(void)nanosleep(&step, NULL);
		}
	}
	bpf->grace_due = false;
	return 0;
}

static uint32_t next_generation(uint32_t generation)
{
	/* 0 means "no policy"; the parity names the image, so it must change at every step. */
	return generation == UINT32_MAX ? 2 : generation + 1;
}

/* The image that 'generation' uses. */
static struct rw_classify_memory *image_of(struct rw_bpf *bpf, uint32_t generation)
{
	struct rw_classify_memory *image = &bpf->images[generation & 1];

	image->pages = (char *)bpf->maps[RW_BPF_MAP_IMAGES].memory +
		       (size_t)(generation & 1) * bpf->maps[RW_BPF_MAP_IMAGES].value_size;
	image->capacity = bpf->image_pages;
	return image;
}

static int compile(struct rw_bpf *bpf, const struct rw_policy *policy, uint32_t generation,
		   struct rw_classify_table **ret_table, struct rw_error *err)
{
	uint8_t slots[RW_SLOT_NAMES];
	struct rw_classify_options options = {
		.slots = slots, .page_limit = bpf->image_pages_max, .spacious = true};
	struct rw_classify_memory *image = image_of(bpf, generation);
	int r;

	r = rw_bpf_slots(bpf, policy, slots, err);
	if (r < 0)
		return r;
	return rw_classify_compile(policy, &options, bpf->table, image, ret_table, err);
}

/* The same; for a policy that outgrows the tables, there are larger ones first. */
static int compile_somewhere(struct rw_bpf *bpf, const struct rw_policy *policy, uint32_t generation,
			     struct rw_classify_table **ret_table, struct rw_error *err)
{
	int r = compile(bpf, policy, generation, ret_table, err);

	if (r != -ENOSPC)
		return r;
	if (err)
		*err = RW_ERROR_NONE;
	r = rw_bpf_grow(bpf, policy, err);
	return r < 0 ? r : compile(bpf, policy, generation, ret_table, err);
}

/*
 * Makes the table of 'policy' in the image that 'generation' uses: out of the other one where some rules are all that
 * differs, and then indexes mean what they meant; else anew.
 */
static int make_table(struct rw_bpf *bpf, const struct rw_policy *policy, uint32_t generation,
		      struct rw_classify_table **ret_table, bool *ret_revised, struct rw_error *err)
{
	int r = RW_CLASSIFY_BESIDE;

	if (bpf->table)
		r = rw_classify_revise(bpf->table, policy, &bpf->images[!(generation & 1)],
				       image_of(bpf, generation), ret_table, err);
	*ret_revised = r == 0;
	return r == RW_CLASSIFY_BESIDE ? compile_somewhere(bpf, policy, generation, ret_table, err) : r;
}

/* Clears the counts of the image that 'generation' uses. */
static void clear_hits(struct rw_bpf *bpf, uint32_t generation)
{
	struct rw_hit *hits = bpf->maps[RW_BPF_MAP_HITS].memory;
	size_t count = (size_t)bpf->hit_stripes * bpf->hit_count;

	memset(&hits[(generation & 1) * count], 0, count * sizeof(*hits));
}

/*
 * Before a switch to 'generation': its image counts from nothing, unless a table that was revised goes on with the
 * indexes of the one before, and so with its counts.
 */
static void prepare_hits(struct rw_bpf *bpf, uint32_t generation, bool revised)
{
	if (bpf->counts_in_both && revised)
		return;
	/* A failure here only loses counts. */
	if (bpf->counts_in_both)
		(void)rw_bpf_hits_retire(bpf, bpf->table, NULL, generation);
	clear_hits(bpf, generation);
}

/* After the switch from 'generation' to that of 'table'. */
static void settle_hits(struct rw_bpf *bpf, const struct rw_classify_table *table, uint32_t generation,
			bool revised)
{
	if (bpf->table) {
		(void)rw_bpf_hits_retire(bpf, bpf->table, revised ? table : NULL, generation);
		if (revised && bpf->counts_in_both)
			(void)rw_bpf_hits_retire(bpf, bpf->table, table, generation + 1);
	}
	bpf->counts_in_both = revised;
}

/* The generation after this one whose image is the same. */
static uint32_t next_of_image(uint32_t generation)
{
	return next_generation(next_generation(generation));
}

/*
 * Changes the image in force where it stands, when that takes one store.  The generation moves on behind it: who
 * decides by the new generation sees the new image, and what was decided by either image in the moment between is
 * decided anew.  False when it takes more; nothing has changed then.
 */
static bool change_in_place(struct rw_bpf *bpf, const struct rw_policy *policy)
{
	struct rw_control *control = rw_bpf_control(bpf);
	uint32_t generation = RW_STATE_GENERATION(control->state), mode = RW_STATE_MODE(control->state);

	if (!bpf->table || (bpf->replacing && mode == RW_MODE_LEARN) ||
	    rw_classify_update(bpf->table, policy, &bpf->images[generation & 1], NULL) != 0)
		return false;
	__atomic_store_n(&control->state, RW_STATE(next_of_image(generation), mode), __ATOMIC_SEQ_CST);
	return true;
}

/* Switches to 'generation', whose image is complete, by one store. */
static void switch_to(struct rw_bpf *bpf, uint32_t generation, uint32_t mode)
{
	__atomic_store_n(&rw_bpf_control(bpf)->state, RW_STATE(generation, mode), __ATOMIC_SEQ_CST);
	bpf->switched_ns = rw_clock_monotonic_ns(rw_clock_system());
	bpf->grace_due = true;
}

/*
 * The same, and no flow that was accepted up to now and is refused from then on is cut.  Programs that began
 * before the last look at the table have ended when the next switch comes, so that nobody buries what is marked
 * there; only then keep_generation is cleared.
 */
static void switch_and_keep(struct rw_bpf *bpf, const struct rw_classify_table *table, uint32_t generation,
			    uint32_t mode)
{
	struct rw_control *control = rw_bpf_control(bpf);
	uint32_t before = rw_bpf_generation(control);

	rw_bpf_keep_refused(bpf, rw_bpf_now(), before, bpf->table, table);
	__atomic_store_n(&control->keep_generation, before, __ATOMIC_SEQ_CST);
	switch_to(bpf, generation, mode);
	/* Should a program go on for a second, those that it lets in are marked by the programs themselves. */
	(void)rw_bpf_await_grace(bpf, NULL);
	rw_bpf_keep_refused(bpf, rw_bpf_now(), before, bpf->table, table);
	bpf->switched_ns = rw_clock_monotonic_ns(rw_clock_system());
	bpf->grace_due = true;
}

int rw_bpf_apply(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		 enum rw_established established, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	struct rw_control *control = rw_bpf_control(bpf);
	uint64_t state = control->state;
	uint32_t generation = next_generation(rw_bpf_generation(control));
	uint32_t mode = RW_STATE_MODE(state);
	struct rw_classify_table *table = NULL;
	bool revised;
	int r = rw_bpf_bring_back(bpf, err);

	if (r < 0)
		return r;
	if (control->keep_generation) {
		r = rw_bpf_await_grace(bpf, err);
		if (r < 0)
			return r;
		__atomic_store_n(&control->keep_generation, 0, __ATOMIC_SEQ_CST);
	}
	if (established == RW_ESTABLISHED_CUT && change_in_place(bpf, policy))
		return 0;
	r = rw_bpf_await_grace(bpf, err);
	if (r < 0)
		return r;
	r = make_table(bpf, policy, generation, &table, &revised, err);
	if (r < 0)
		return r;
	prepare_hits(bpf, generation, revised);
	/* What takes over from other programs must not open what they close. */
	if (mode != RW_MODE_LEARN || bpf->replacing)
		mode = policy->enforcement == RW_MONITOR ? RW_MODE_MONITOR : RW_MODE_ENFORCE;
	if (established == RW_ESTABLISHED_KEEP)
		switch_and_keep(bpf, table, generation, mode);
	else
		switch_to(bpf, generation, mode);
	if (established == RW_ESTABLISHED_CUT_KEPT)
		rw_bpf_keep_none(bpf, rw_bpf_now());
	settle_hits(bpf, table, RW_STATE_GENERATION(state), revised);
	bpf->retired = rw_classify_table_free(bpf->retired);
	bpf->retired = bpf->table;
	bpf->table = table;
	bpf->table_since = generation;
	if (bpf->adopted && !bpf->retired)
		rw_bpf_shrink(bpf);
	return 0;
}
