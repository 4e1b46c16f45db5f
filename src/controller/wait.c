/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

static const struct rw_word apply_words[] = {
	{"pending", RW_APPLY_PENDING},
	{"applied", RW_APPLY_APPLIED},
	{"offline", RW_APPLY_OFFLINE},
	{"failed", RW_APPLY_FAILED},
	{NULL, 0},
};

/* ---- which nodes ---- */

static struct concerned_nodes *list_nodes(const struct rw_vec *impacts)
{
	struct concerned_nodes *nodes = malloc(sizeof(*nodes) + impacts->count * sizeof(nodes->ids[0]));

	if (!nodes)
		return NULL;
	*nodes = (struct concerned_nodes){.references = 1, .count = impacts->count};
	for (size_t i = 0; i < impacts->count; i++) {
		const struct impact *impact = rw_vec_at(impacts, i);

		(void)memcpy(nodes->ids[i], impact->record->id, RW_ID_SIZE);
	}
	return nodes;
}

static struct concerned_nodes *nodes_ref(struct concerned_nodes *nodes)
{
	nodes->references++;
	return nodes;
}

static void nodes_unref(struct concerned_nodes *nodes)
{
	if (nodes && --nodes->references == 0)
		free(nodes);
}

static struct concerned_change *change_at(const struct waits *waits, size_t index)
{
	return &waits->changes[(waits->first + index) % waits->capacity];
}

static void forget_oldest(struct waits *waits)
{
	struct concerned_change *oldest = change_at(waits, 0);

	waits->node_count -= oldest->nodes ? oldest->nodes->count : 0;
	nodes_unref(oldest->nodes);
	waits->first = (waits->first + 1) % waits->capacity;
	waits->count--;
}

int wait_remember(struct rw_controller *controller, const struct rw_vec *impacts, uint64_t revision)
{
	struct waits *waits = &controller->waits;
	struct concerned_change change = {.revision = revision};

	if (waits->count && change_at(waits, waits->count - 1)->revision == revision)
		return 0; /* the same change, once more for its agents' records */
	while (waits->count == waits->capacity ||
	       (waits->count && waits->node_count + impacts->count > controller->limits.change_nodes))
		forget_oldest(waits);
	change.nodes = list_nodes(impacts);
	waits->node_count += change.nodes ? change.nodes->count : 0;
	*change_at(waits, waits->count++) = change;
	return change.nodes ? 0 : -ENOMEM;
}

/* Changes are remembered in order of revision: binary search in the ring. */
static const struct concerned_change *find_change(const struct waits *waits, uint64_t revision)
{
	size_t low = 0;
	size_t high = waits->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct concerned_change *change = change_at(waits, middle);

		if (change->revision == revision)
			return change;
		if (change->revision < revision)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* What is waited for stays known, however many changes come meanwhile. */
static struct concerned_nodes *find_awaited(const struct waits *waits, uint64_t revision)
{
	if (waits->ending && waits->ending->revision == revision)
		return waits->ending->nodes;
	for (const struct rw_wait *wait = waits->list; wait; wait = wait->next)
		if (wait->revision == revision)
			return wait->nodes;
	return NULL;
}

/* ---- what became of them ---- */

static enum rw_apply_state state_of(const struct node_record *record, uint64_t revision)
{
	if (!record)
		return RW_APPLY_OFFLINE;
	if (record->applied >= revision)
		return RW_APPLY_APPLIED;
	if (record->failed >= revision)
		return RW_APPLY_FAILED;
	return node_is_connected(record) ? RW_APPLY_PENDING : RW_APPLY_OFFLINE;
}

static const char *reason_of(const struct node_record *record, enum rw_apply_state state)
{
	if (!record)
		return "the node was deleted";
	if (state == RW_APPLY_FAILED)
		return record->reason ? record->reason : "the agent gave no reason";
	if (state == RW_APPLY_APPLIED && record->agent_state == RW_AGENT_STATE_MONITORED)
		return "monitored"; /* Nobody shall take it for enforced. */
	if (state == RW_APPLY_APPLIED && node_may_be_bypassed(record))
		return record->reason ? record->reason : "may be bypassed";
	if (state == RW_APPLY_OFFLINE)
		return record->last_frame_ns ? "its agent is not connected"
					     : "its agent was not seen since the controller started";
	return "";
}

void rw_change_progress_done(struct rw_change_progress *progress)
{
	for (size_t i = 0; i < progress->count; i++) {
		free(progress->nodes[i].name);
		free(progress->nodes[i].reason);
	}
	free(progress->nodes);
	*progress = (struct rw_change_progress){0};
}

static int fill_node(const struct rw_controller *controller, const char *id, uint64_t revision,
		     struct rw_change_node *node)
{
	const struct node_record *record = node_find(controller, id);
	const struct rw_node *object = rw_model_find_node(controller->inventory.model, id);

	(void)memcpy(node->id, id, RW_ID_SIZE);
	node->state = state_of(record, revision);
	node->name = strdup(object ? object->name : id);
	node->reason = strdup(reason_of(record, node->state));
	return node->name && node->reason ? 0 : -ENOMEM;
}

static int no_such_change(uint64_t revision, struct rw_error *err)
{
	(void)rw_error_set(err, -ENOENT, "no change of revision %llu is remembered",
			   (unsigned long long)revision);
	(void)rw_error_hint(err, "The controller remembers the newest changes since it started; "
				 "the change log has them all.");
	return -ENOENT;
}

/* The nodes of the change of 'revision', lent, as far as it can be followed. */
static int get_nodes(const struct rw_controller *controller, uint64_t revision,
		     struct concerned_nodes **ret_nodes, struct rw_error *err)
{
	const struct concerned_change *change = find_change(&controller->waits, revision);

	*ret_nodes = change ? change->nodes : find_awaited(&controller->waits, revision);
	if (*ret_nodes)
		return 0;
	/*
	 * Made here, but for want of memory not folded yet: it must not look like one that concerns nobody.
	 */
	if (change ||
	    (revision > controller->inventory.revision && revision <= controller->committing_revision))
		return rw_error_oom(err);
	return no_such_change(revision, err);
}

int rw_change_progress_get(const struct rw_controller *controller, uint64_t revision,
			   struct rw_change_progress *ret_progress, struct rw_error *err)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {.revision = revision};
	struct concerned_nodes *nodes;
	int r = get_nodes(controller, revision, &nodes, err);

	if (r < 0)
		return r;
	progress.nodes = calloc(nodes->count + 1, sizeof(*progress.nodes));
	if (!progress.nodes)
		return rw_error_oom(err);
	while (progress.count < nodes->count) {
		struct rw_change_node *node = &progress.nodes[progress.count++];

		if (fill_node(controller, nodes->ids[progress.count - 1], revision, node) < 0)
			return rw_error_oom(err);
		progress.counts[node->state]++;
	}
	*ret_progress = progress;
	progress = (struct rw_change_progress){0};
	return 0;
}

void rw_change_progress_write(struct rw_json_writer *json, const struct rw_change_progress *progress)
{
	rw_json_key(json, "nodes");
	rw_json_begin_array(json);
	for (size_t i = 0; i < progress->count; i++) {
		const struct rw_change_node *node = &progress->nodes[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "id", node->id);
		rw_json_put_text(json, "name", node->name);
		rw_json_put_text(json, "state", rw_word_of(apply_words, (int)node->state));
		rw_json_put_text(json, "reason", node->reason);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* Moves on over nodes that are done with; each is looked at about once over the life of a wait. */
static bool is_over(const struct rw_controller *controller, struct rw_wait *wait)
{
	while (wait->settled < wait->nodes->count) {
		enum rw_apply_state state =
			state_of(node_find(controller, wait->nodes->ids[wait->settled]), wait->revision);

		if (state == RW_APPLY_PENDING || (wait->all && state == RW_APPLY_OFFLINE))
			return false;
		wait->settled++;
	}
	return true;
}

static void wait_free(struct rw_wait *wait)
{
	nodes_unref(wait->nodes);
	free(wait);
}

int rw_wait_start(struct rw_controller *controller, uint64_t revision, uint64_t timeout_ms, bool all,
		  rw_wait_fn *done, void *userdata, struct rw_wait **ret_wait, struct rw_error *err)
{
	struct concerned_nodes *nodes;
	struct rw_wait *wait;
	int r = get_nodes(controller, revision, &nodes, err);

	if (r < 0)
		return r;
	wait = calloc(1, sizeof(*wait));
	if (!wait)
		return rw_error_oom(err);
	*wait = (struct rw_wait){
		.controller = controller,
		.revision = revision,
		.nodes = nodes_ref(nodes),
		.deadline_ns = rw_clock_monotonic_ns(controller->clock) + timeout_ms * UINT64_C(1000000),
		.all = all,
		.done = done,
		.userdata = userdata,
	};
	if (is_over(controller, wait)) {
		wait_free(wait);
		return RW_WAIT_OVER;
	}
	wait->next = controller->waits.list;
	controller->waits.list = wait;
	*ret_wait = wait;
	return 0;
}

static void unlink_wait(struct waits *waits, const struct rw_wait *wait)
{
	struct rw_wait **link = &waits->list;

	while (*link && *link != wait)
		link = &(*link)->next;
	if (*link)
		*link = wait->next;
}

void rw_wait_cancel(struct rw_wait *wait)
{
	if (!wait)
		return;
	unlink_wait(&wait->controller->waits, wait);
	wait_free(wait);
}

/* The next wait that is over, taken off the list; NULL when there is none. */
static struct rw_wait *take_over(struct rw_controller *controller, bool *ret_timed_out)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);

	for (struct rw_wait **link = &controller->waits.list; *link; link = &(*link)->next) {
		struct rw_wait *wait = *link;
		bool settled = is_over(controller, wait);

		if (!settled && now_ns < wait->deadline_ns)
			continue;
		*ret_timed_out = !settled;
		*link = wait->next;
		return wait;
	}
	return NULL;
}

void wait_check(struct rw_controller *controller)
{
	struct rw_wait *wait;
	bool timed_out;

	/* From the front each time: the function may start and cancel other waits. */
	while ((wait = take_over(controller, &timed_out))) {
		controller->waits.ending = wait;
		wait->done(wait->userdata, wait->revision, timed_out);
		controller->waits.ending = NULL;
		wait_free(wait);
	}
}

void waits_done(struct rw_controller *controller)
{
	struct waits *waits = &controller->waits;

	while (waits->list)
		rw_wait_cancel(waits->list);
	while (waits->count)
		forget_oldest(waits);
	free(waits->changes);
}

size_t wait_count(const struct rw_controller *controller)
{
	size_t count = 0;

	for (const struct rw_wait *wait = controller->waits.list; wait; wait = wait->next)
		count++;
	return count;
}
