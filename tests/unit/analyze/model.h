/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of model-wide questions share: the VPC of world.h with rules, as a source. */

#include "world.h"

#include "analyze/source.h"

/*
 * Besides cluster c1 with its default rules (nodes n-1, n-2): n-w1 and n-w2 of sg-web accept tcp 443 from anywhere
 * and tcp 22 from 198.51.100.0/24; n-free of sg-free accepts tcp 5432 from sg-web.
 */
static inline struct rw_draft *model_world(void)
{
	struct rw_draft *draft = world_vpc();

	world_create(draft, RW_KIND_GROUP, world_group("sg-web", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-w1", "vpc-1", "", "sg-web", "10.0.0.21"));
	world_create(draft, RW_KIND_NODE, world_node("n-w2", "vpc-1", "", "sg-web", "10.0.0.22"));
	world_add_rule(draft, "sg-web", "sgr-web in accept tcp 443/443 0.0.0.0/0");
	world_add_rule(draft, "sg-web", "sgr-ssh in accept tcp 22/22 198.51.100.0/24");
	world_add_rule(draft, "sg-free", "sgr-db in accept tcp 5432/5432 sg-web");
	return draft;
}

static inline struct rw_source model_source(const struct rw_draft *draft)
{
	return (struct rw_source){.model = rw_draft_model(draft)};
}
