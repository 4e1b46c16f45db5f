/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/saver.h"

#include <assert.h>
#include <string.h>

struct rw_saver {
	struct rw_loop *loop;
	const struct rw_agent_place *place;
	rw_saver_tell_fn *tell;
	void *context;
	bool wanted;
	uint64_t retry_ms; /* not before; 0 = at the next tick */

	/* The save under way.  While 'busy', the pool thread's, but for these three. */
	bool busy;
	bool late; /* told that it takes long */
	uint64_t begun_ms;
	struct rw_position position;
	struct rw_policy *policy; /* reference held */
	int result;
	struct rw_error err;
};

int rw_saver_new(struct rw_loop *loop, const struct rw_agent_place *place, rw_saver_tell_fn *tell,
		 void *context, struct rw_saver **ret_saver)
{
	struct rw_saver *saver = calloc(1, sizeof(*saver));

	if (!saver)
		return -ENOMEM;
	*saver = (struct rw_saver){.loop = loop, .place = place, .tell = tell, .context = context};
	*ret_saver = saver;
	return 0;
}

struct rw_saver *rw_saver_free(struct rw_saver *saver)
{
	assert(!saver || !saver->busy);
	free(saver);
	return NULL;
}

void rw_saver_want(struct rw_saver *saver)
{
	saver->wanted = true;
	saver->retry_ms = 0;
}

static void save_on_pool_thread(void *job)
{
	struct rw_saver *saver = job;

	saver->result = rw_agent_state_make(saver->place, &saver->err);
	if (saver->result == 0)
		saver->result =
			rw_agent_policy_save(saver->place, &saver->position, saver->policy, &saver->err);
}

static void saved(void *job, int status)
{
	struct rw_saver *saver = job;
	bool failed;

	/* The loop was freed before it began: whoever does that does not want it. */
	if (status < 0)
		saver->result = rw_error_set(&saver->err, status, "the agent ends");
	failed = saver->result < 0;
	saver->busy = false;
	saver->policy = rw_policy_unref(saver->policy);
	if (failed && !saver->wanted) {
		saver->wanted = true;
		saver->retry_ms = saver->begun_ms + RW_SAVER_RETRY_MS;
	}
	if (!saver->wanted)
		rw_agent_policy_set_fresh(saver->place);
	saver->tell(saver->context, failed ? &saver->err : NULL);
}

static void begin(struct rw_saver *saver, uint64_t now_ms, const struct rw_position *position,
		  const struct rw_policy *policy)
{
	saver->busy = true;
	saver->late = false;
	saver->wanted = false;
	saver->begun_ms = now_ms;
	saver->position = *position;
	saver->policy = rw_policy_ref(policy);
	saver->result = 0;
	saver->err = RW_ERROR_NONE;
}

/* Once a save: what is in force is safe in the kernel, but the next start will not know of it. */
static void tell_of_patience(struct rw_saver *saver, uint64_t now_ms)
{
	struct rw_error err = RW_ERROR_NONE;

	if (saver->late || now_ms < saver->begun_ms + RW_SAVER_RETRY_MS)
		return;
	saver->late = true;
	(void)rw_error_set(&err, -ETIMEDOUT, "%s: the disk has not answered for %u s", saver->place->state,
			   RW_SAVER_RETRY_MS / 1000);
	saver->tell(saver->context, &err);
}

bool rw_saver_tick(struct rw_saver *saver, uint64_t now_ms, const struct rw_position *position,
		   const struct rw_policy *policy)
{
	int r;

	if (saver->busy)
		tell_of_patience(saver, now_ms);
	if (!saver->wanted || saver->busy || now_ms < saver->retry_ms)
		return false;
	if (!policy) {
		saver->wanted = false;
		return false;
	}
	begin(saver, now_ms, position, policy);
	r = rw_loop_work(saver->loop, save_on_pool_thread, saved, saver);
	if (r < 0) {
		saver->result = rw_error_set(&saver->err, r, "%s", strerror(-r));
		saved(saver, 0);
	}
	return r == 0;
}

void rw_saver_finish(struct rw_saver *saver, const struct rw_position *position,
		     const struct rw_policy *policy)
{
	while (saver->busy)
		rw_loop_run(saver->loop);
	if (!saver->wanted || !policy)
		return;
	begin(saver, 0, position, policy);
	save_on_pool_thread(saver);
	saved(saver, 0);
}
