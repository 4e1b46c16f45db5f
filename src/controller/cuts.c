/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/cuts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

struct rw_cuts_ask {
	struct rw_controller *controller;
	struct rw_cuts_ask *next; /* while answers are awaited */
	bool is_waiting;
	uint64_t question;
	uint64_t deadline_ns;
	size_t open; /* nodes whose answers are awaited */
	struct rw_cuts cuts;
	rw_cuts_fn *done;
	void *userdata;
};

/* ---- answers ---- */

static void close_node(struct rw_cuts_ask *ask, struct rw_cuts_node *node)
{
	if (node->is_asked)
		ask->open--;
	node->is_asked = false;
}

static void set_unknown(struct rw_cuts_ask *ask, struct rw_cuts_node *node, const char *reason)
{
	close_node(ask, node);
	(void)snprintf(node->reason, sizeof(node->reason), "%.159s", reason);
}

static void set_known(struct rw_cuts_ask *ask, struct rw_cuts_node *node,
		      const struct rw_report_judgement *judgement)
{
	close_node(ask, node);
	node->is_known = true;
	node->judgement = *judgement;
	/* What agents say is a claim: sums of them must not wrap. */
	if (__builtin_add_overflow(ask->cuts.flows, judgement->flows, &ask->cuts.flows))
		ask->cuts.flows = UINT64_MAX;
	if (__builtin_add_overflow(ask->cuts.kept, judgement->kept, &ask->cuts.kept))
		ask->cuts.kept = UINT64_MAX;
}

static void take(struct rw_cuts_ask *ask, const char *id, const struct rw_report_judgement *judgement)
{
	for (size_t i = 0; i < ask->cuts.count; i++) {
		struct rw_cuts_node *node = &ask->cuts.nodes[i];

		if (!node->is_asked || strcmp(node->id, id) != 0)
			continue;
		if (judgement->failure[0])
			set_unknown(ask, node, judgement->failure);
		else
			set_known(ask, node, judgement);
	}
}

void cuts_take(struct rw_controller *controller, const struct node_record *record,
	       const struct rw_report *report)
{
	for (size_t i = 0; i < report->judgement_count; i++)
		for (struct rw_cuts_ask *ask = controller->cuts.list; ask; ask = ask->next)
			if (ask->question == report->judgements[i].question)
				take(ask, record->id, &report->judgements[i]);
}

static void unlink_ask(struct rw_cuts_ask *ask)
{
	struct rw_cuts_ask **link = &ask->controller->cuts.list;

	while (*link && *link != ask)
		link = &(*link)->next;
	if (*link)
		*link = ask->next;
	ask->controller->cuts.count -= ask->is_waiting;
	ask->is_waiting = false;
}

/* The next one that is over; NULL when there is none. */
static struct rw_cuts_ask *find_over(const struct rw_controller *controller)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);

	for (struct rw_cuts_ask *ask = controller->cuts.list; ask; ask = ask->next)
		if (!ask->open || now_ns >= ask->deadline_ns)
			return ask;
	return NULL;
}

void cuts_check(struct rw_controller *controller)
{
	struct rw_cuts_ask *ask;

	/* From the front each time: the function may end this one and begin others. */
	while ((ask = find_over(controller))) {
		unlink_ask(ask);
		for (size_t i = 0; i < ask->cuts.count; i++)
			if (ask->cuts.nodes[i].is_asked)
				set_unknown(ask, &ask->cuts.nodes[i], "its agent did not answer in time");
		ask->done(ask->userdata, &ask->cuts);
	}
}

/* ---- asking ---- */

static void ask_node(struct rw_cuts_ask *ask, const struct rw_change_policy *policy,
		     struct rw_cuts_node *node, size_t asked)
{
	static const struct rw_report_judgement nothing;
	struct node_record *record = node_find(ask->controller, policy->id);
	struct rw_error err = RW_ERROR_NONE;

	if (policy->after->enforcement == RW_MONITOR) {
		set_known(ask, node, &nothing);
	} else if (!record || !node_is_connected(record)) {
		set_unknown(ask, node, "its agent is not connected");
	} else if (record->agent_state == RW_AGENT_STATE_DETACHED) {
		set_unknown(ask, node, "enforcement is taken off it");
	} else if (asked >= RW_CUTS_NODES_MAX) {
		set_unknown(ask, node, "too many nodes are concerned to ask each");
	} else if (session_ask(record, ask->question, policy->after, &err) < 0) {
		set_unknown(ask, node, err.text);
	} else {
		node->is_asked = true;
		ask->open++;
	}
}

static int add_nodes(struct rw_cuts_ask *ask, const struct rw_change_policy *policies, size_t count)
{
	const struct rw_model *model = ask->controller->inventory.model;

	ask->cuts.nodes = calloc(count + 1, sizeof(*ask->cuts.nodes));
	if (!ask->cuts.nodes)
		return -ENOMEM;
	for (; ask->cuts.count < count; ask->cuts.count++) {
		struct rw_cuts_node *node = &ask->cuts.nodes[ask->cuts.count];
		const char *id = policies[ask->cuts.count].id;
		const struct rw_node *object = rw_model_find_node(model, id);

		(void)memcpy(node->id, id, RW_ID_SIZE);
		node->name = strdup(object ? object->name : id);
		if (!node->name)
			return -ENOMEM;
	}
	return 0;
}

int rw_cuts_ask(struct rw_controller *controller, const struct rw_change_policy *policies, size_t count,
		rw_cuts_fn *done, void *userdata, struct rw_cuts_ask **ret_ask, struct rw_error *err)
{
	struct rw_cuts_ask *ask;

	if (controller->cuts.count >= RW_CUTS_ASKS_MAX)
		return rw_error_set(err, -EAGAIN, "too many ask the nodes at once");
	ask = calloc(1, sizeof(*ask));
	if (!ask)
		return rw_error_oom(err);
	ask->controller = controller;
	ask->done = done;
	ask->userdata = userdata;
	ask->question = ++controller->cuts.question;
	ask->deadline_ns = rw_clock_monotonic_ns(controller->clock) + RW_CUTS_TIMEOUT_MS * UINT64_C(1000000);
	if (add_nodes(ask, policies, count) < 0) {
		rw_cuts_free(ask);
		return rw_error_oom(err);
	}
	for (size_t i = 0; i < count; i++)
		ask_node(ask, &policies[i], &ask->cuts.nodes[i], ask->open);
	*ret_ask = ask;
	if (!ask->open)
		return RW_CUTS_OVER;
	ask->is_waiting = true;
	ask->next = controller->cuts.list;
	controller->cuts.list = ask;
	controller->cuts.count++;
	return 0;
}

const struct rw_cuts *rw_cuts_get(const struct rw_cuts_ask *ask)
{
	return &ask->cuts;
}

void rw_cuts_free(struct rw_cuts_ask *ask)
{
	if (!ask)
		return;
	if (ask->is_waiting)
		unlink_ask(ask);
	for (size_t i = 0; i < ask->cuts.count; i++)
		free(ask->cuts.nodes[i].name);
	free(ask->cuts.nodes);
	free(ask);
}

void cuts_done(struct rw_controller *controller)
{
	while (controller->cuts.list)
		rw_cuts_free(controller->cuts.list);
}
