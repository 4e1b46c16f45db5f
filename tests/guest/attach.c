/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include "test.h"

#include <stdlib.h>

#include "agent/link_rules.h"
#include "filter.h"
#include "world.h"

#define NAMES_MAX 8

static void attach(struct rw_enforcer *enforcer, int ns, const struct rw_link_decision *decision,
		   enum rw_enforcer_early early)
{
	filter_attach_as(enforcer, ns,
			 (struct rw_enforcer_device){.name = decision->name,
						     .interface = decision->interface,
						     .layer3 = decision->layer3,
						     .bridge_port = decision->bridge_port,
						     .keeps_tag = decision->keeps_tag,
						     .vlans = decision->vlans,
						     .vlans_keep_tags = decision->vlans_keep_tags,
						     .early = early});
}

void attach_named(struct rw_enforcer *enforcer, int ns, const char *interfaces, enum rw_enforcer_early early)
{
	char names[NAMES_MAX][64];
	const char *named[NAMES_MAX];
	struct rw_link_wish wish = {.named = named, .named_count = world_split(interfaces, names, NAMES_MAX)};
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	RW_CLEANUP(rw_free) struct rw_link_decision *decisions = NULL;
	struct rw_error err = RW_ERROR_NONE;
	size_t attached = 0;

	for (size_t i = 0; i < wish.named_count; i++)
		named[i] = names[i];
	netns_enter(ns);
	if (rw_links_read(&links, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
	assert_int_equal(rw_link_rules_decide(&links, &wish, &decisions), 0);
	for (size_t i = 0; i < links.count; i++) {
		if (decisions[i].role != RW_LINK_ENFORCED)
			continue;
		attach(enforcer, ns, &decisions[i], early);
		attached++;
	}
	assert_int_equal(attached, wish.named_count);
}
