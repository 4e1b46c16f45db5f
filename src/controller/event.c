/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

const struct rw_word rw_words_event[] = {
	{"change", RW_EVENT_CHANGE},
	{"node-state", RW_EVENT_NODE_STATE},
	{"applied", RW_EVENT_APPLIED},
	{"failed", RW_EVENT_FAILED},
	{"address-refused", RW_EVENT_ADDRESS_REFUSED},
	{"claim-refused", RW_EVENT_CLAIM_REFUSED},
	{"hook-restored", RW_EVENT_HOOK_RESTORED},
	{NULL, 0},
};

static struct rw_event *slot_of(const struct events *events, uint64_t number)
{
	return &events->ring[number % events->capacity];
}

/* Number of the oldest event kept. */
static uint64_t oldest(const struct events *events)
{
	return events->newest >= events->capacity ? events->newest - events->capacity + 1 : 1;
}

void event_add(struct rw_controller *controller, const struct rw_event *event, const char *node)
{
	struct events *events = &controller->events;
	struct rw_event *slot = slot_of(events, ++events->newest);

	free(slot->text);
	free(slot->actor);
	*slot = *event;
	slot->number = events->newest;
	slot->time_ms = rw_clock_realtime_ms(controller->clock);
	slot->text = strdup(event->text ? event->text : "");
	slot->actor = strdup(event->actor ? event->actor : "");
	if (node)
		(void)strncpy(slot->node, node, RW_ID_SIZE - 1);
	if (events->listener)
		events->listener(events->userdata);
}

void events_done(struct rw_controller *controller)
{
	struct events *events = &controller->events;

	for (size_t i = 0; events->ring && i < events->capacity; i++) {
		free(events->ring[i].text);
		free(events->ring[i].actor);
	}
	free(events->ring);
}

uint64_t rw_event_newest(const struct rw_controller *controller)
{
	return controller->events.newest;
}

int rw_event_resume(const struct rw_controller *controller, const char *position, uint64_t *ret_cursor,
		    struct rw_error *err)
{
	const struct events *events = &controller->events;
	uint64_t number;

	if (strlen(position) < 18 || position[16] != '.' || strspn(position, "0123456789abcdef") != 16 ||
	    !rw_revision_parse(position + 17, &number))
		return rw_error_field(err, "since", "this is no position of the event stream");
	if (strncmp(position, events->process, 16) != 0 || number > events->newest ||
	    number + 1 < oldest(events))
		return RW_EVENT_LOST;
	*ret_cursor = number;
	return 0;
}

const struct rw_event *rw_event_next(const struct rw_controller *controller, uint64_t *cursor, bool *ret_lost)
{
	const struct events *events = &controller->events;

	if (ret_lost)
		*ret_lost = false;
	if (*cursor >= events->newest)
		return NULL;
	if (*cursor + 1 < oldest(events)) {
		*cursor = oldest(events) - 1;
		if (ret_lost)
			*ret_lost = true;
	}
	return slot_of(events, ++*cursor);
}

void rw_event_position_format(const struct rw_controller *controller, uint64_t number,
			      char text[RW_EVENT_POSITION_SIZE])
{
	(void)snprintf(text, RW_EVENT_POSITION_SIZE, "%s.%" PRIu64, controller->events.process, number);
}

void rw_event_write(struct rw_json_writer *json, const struct rw_event *event)
{
	bool state = event->kind == RW_EVENT_NODE_STATE;

	rw_json_begin_object(json);
	rw_json_put_text(json, "event", rw_word_of(rw_words_event, (int)event->kind));
	rw_json_put_time(json, "time", event->time_ms);
	if (event->revision)
		rw_json_put_revision(json, "revision", event->revision);
	if (event->node[0])
		rw_json_put_text(json, "node", event->node);
	if (state) {
		rw_json_put_text(json, "from", rw_word_of(rw_words_node_state, (int)event->from));
		rw_json_put_text(json, "to", rw_word_of(rw_words_node_state, (int)event->to));
	}
	if (event->kind == RW_EVENT_CHANGE) {
		rw_json_put_text(json, "action", event->text ? event->text : "");
		rw_json_put_text(json, "who", event->actor ? event->actor : "");
	} else if (event->text && event->text[0]) {
		rw_json_put_text(json, "reason", event->text);
	}
	rw_json_end_object(json);
}

void rw_event_listen(struct rw_controller *controller, void (*fn)(void *userdata), void *userdata)
{
	controller->events.listener = fn;
	controller->events.userdata = userdata;
}
