/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside tags.c and cluster_tags.c only: what a change of tags is, of whichever API. */

#include "alibaba/internal.h"

#define TAGGING_IDS_MAX  50 /* of a request */
#define TAGGING_TAGS_MAX 20 /* of a request */

/* Of which objects, and what is done to each. */
struct tagging {
	enum rw_kind kind;
	const char *ids[TAGGING_IDS_MAX]; /* borrowed, as the keys */
	size_t id_count;
	struct rw_tags set;
	const char *keys[TAGGING_TAGS_MAX]; /* to be taken away */
	size_t key_count;
	bool all;                              /* take all away first, but a resource group */
	struct rw_json_document *documents[2]; /* owned: they lend texts */
};
void tagging_done(struct tagging *tagging);
RW_DEFINE_DONE(struct tagging, tagging_done)

/* Runs it as a change, called 'action' in the log. */
int tagging_run(struct call *call, const char *action, struct tagging *tagging);

/* Whether an object is among those that are asked for; all are when none is named. */
bool tagging_wants(const struct tagging *tagging, const char *id);

/* Refuses a key or value that may not be; 'name' is what the request calls it. */
int tagging_check(struct call *call, const char *name, const char *key, const char *value);
/* The same, and adds it; a key that is there already is refused. */
int tagging_add(struct call *call, const char *name, const char *key, const char *value,
		struct rw_tags *tags);

/* The same for [{"key":...,"value":...}]. */
int tagging_add_pairs(struct call *call, const struct rw_json *array, size_t count, struct rw_tags *tags);
/* Puts an object into a resource group. */
int tagging_join_group(struct call *call, const char *group, struct rw_tags *tags);

/* Whether a tag is one of the user's. */
bool tagging_shows(const struct rw_tag *tag);
