/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "agent/keeper.h"
#include "fake_enforcer.h"

struct world {
	struct fake_enforcer fake;
	struct rw_keeper *keeper;
	char last_notice[512];
};

static void take_notice(void *context, bool is_warning, const char *text)
{
	struct world *world = context;

	(void)is_warning;
	strncpy(world->last_notice, text, sizeof(world->last_notice) - 1);
}

static int make_world(void **state)
{
	static const char *const named[] = {"veth9"};
	struct world *world = calloc(1, sizeof(*world));
	struct rw_keeper_options options = {
		.backend = {.open = fake_enforcer_open,
			    .remove_all = fake_enforcer_remove_all,
			    .list_held = fake_enforcer_list_held},
		.named = named,
		.named_count = 1,
		.notice = take_notice,
	};

	assert_non_null(world);
	fake_enforcer_init(&world->fake);
	options.backend.context = &world->fake;
	options.notice_context = world;
	assert_int_equal(rw_keeper_new(&options, &world->keeper, NULL), 0);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	(void)rw_keeper_free(world->keeper);
	fake_enforcer_done(&world->fake);
	free(world);
	return 0;
}

/* A picture with eth0 and, if asked for, eth1: devices with an address each of the network. */
static struct rw_links make_links(size_t count)
{
	struct rw_links links = {.count = count, .address_count = count};

	links.links = calloc(count, sizeof(*links.links));
	links.addresses = calloc(count, sizeof(*links.addresses));
	for (size_t i = 0; i < count; i++) {
		struct rw_link *link = &links.links[i];

		link->ifindex = (unsigned int)i + 2;
		link->type = ARPHRD_ETHER;
		link->has_device = true;
		link->flags = IFF_UP;
		strcpy(link->name, i ? "eth1" : "eth0");
		links.addresses[i].ifindex = link->ifindex;
		assert_int_equal(
			rw_address_parse(i ? "10.0.0.2" : "10.0.0.1", &links.addresses[i].address, NULL), 0);
	}
	return links;
}

static int set_links(struct world *world, size_t count)
{
	struct rw_links links = make_links(count);

	return rw_keeper_set_links(world->keeper, &links, NULL);
}

static int change_policy(struct world *world, uint64_t revision, uint16_t mark,
			 enum rw_established established)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(mark);
	const struct rw_position position = {.incarnation = "i", .revision = revision};

	return rw_keeper_set_policy(world->keeper, &position, policy, established, NULL);
}

static int set_policy(struct world *world, uint64_t revision, uint16_t mark)
{
	return change_policy(world, revision, mark, RW_ESTABLISHED_CUT);
}

static struct rw_keeper_status status_of(const struct world *world)
{
	struct rw_keeper_status status;

	rw_keeper_status(world->keeper, &status);
	return status;
}

static void touches_nothing_before_there_is_a_policy(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(world->fake.attached_count, 0);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_PENDING);
}

static void enforces_when_policy_and_links_are_there(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(world->fake.attached_count, 1);
	assert_string_equal(world->fake.interfaces[0], "eth0");
	assert_true(world->fake.enforcing);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
	assert_int_equal(status_of(world).applied.revision, 7);
}

static void keeps_the_old_policy_when_the_new_one_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	world->fake.apply_result = -E2BIG;
	assert_int_equal(set_policy(world, 8, 23), -E2BIG);

	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_string_equal(status_of(world).reason, "does not fit");
	assert_int_equal(status_of(world).applied.revision, 7);
	assert_int_equal(status_of(world).wanted.revision, 8);
	assert_int_equal(status_of(world).policy->ssh_ports[0], 22);
	assert_int_equal(world->fake.policy->ssh_ports[0], 22);
}

static void tries_a_refused_policy_again_after_a_while(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	world->fake.apply_result = -ENOMEM;
	assert_int_equal(set_policy(world, 8, 23), -ENOMEM);
	world->fake.apply_result = 0;
	for (unsigned int i = 0; i < 60; i++)
		(void)rw_keeper_check(world->keeper);
	assert_int_equal(status_of(world).applied.revision, 8);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
	assert_int_equal(world->fake.applied, 1);
}

static void keeps_live_flows_when_a_change_that_says_so_comes_in_force(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	world->fake.apply_result = -ENOMEM;
	assert_int_equal(change_policy(world, 8, 23, RW_ESTABLISHED_KEEP), -ENOMEM);
	world->fake.apply_result = 0;
	for (unsigned int i = 0; i < 60; i++)
		(void)rw_keeper_check(world->keeper);
	assert_int_equal(status_of(world).applied.revision, 8);
	assert_int_equal(world->fake.established, RW_ESTABLISHED_KEEP);
	assert_int_equal(set_policy(world, 9, 24), 0);
	assert_int_equal(world->fake.established, RW_ESTABLISHED_CUT);
}

static void change_that_never_came_in_force_counts_with_the_next(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	world->fake.apply_result = -ENOMEM;
	assert_int_equal(set_policy(world, 8, 23), -ENOMEM);
	world->fake.apply_result = 0;
	assert_int_equal(change_policy(world, 9, 24, RW_ESTABLISHED_KEEP), 0);
	assert_int_equal(world->fake.established, RW_ESTABLISHED_CUT);
}

static void never_says_applied_while_a_device_is_not_under_control(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 2), 0);
	world->fake.attach_result = -EPERM;
	world->fake.refuse_ifindex = 3;
	assert_int_equal(set_policy(world, 7, 22), -EIO);
	assert_int_equal(status_of(world).applied.revision, 0);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_string_equal(status_of(world).reason, "interface eth1: cannot attach");
	/* The other one is enforced all the same. */
	assert_int_equal(world->fake.attached_count, 1);
	assert_true(world->fake.enforcing);

	world->fake.attach_result = 0;
	assert_true(rw_keeper_check(world->keeper));
	assert_int_equal(status_of(world).applied.revision, 7);
}

static void fails_when_no_interface_is_enforced(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_links(1);

	links.links[0].has_device = false;
	strcpy(links.links[0].name, "veth0");
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), -ENODEV);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_int_equal(status_of(world).applied.revision, 0);
	assert_false(world->fake.enforcing);
}

static void begins_at_once_while_no_link_is_up(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_links(1);

	strcpy(links.links[0].name, "lo");
	links.links[0].has_device = false;
	links.links[0].flags |= IFF_LOOPBACK;
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), -ENODEV);
	/* Nothing is under control, and it says so; but the device that comes will not learn. */
	assert_true(world->fake.enforcing);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_int_equal(status_of(world).applied.revision, 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(world->fake.attached_count, 1);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

static void holds_a_device_without_an_address_as_pending(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_links(2);

	links.address_count = 1;
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(world->fake.attached_count, 2);
	assert_int_equal(world->fake.pending, 3);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
	assert_string_equal(status_of(world).reason, "");
	/* Its address decides: of the network, so the policy holds, in which it is in no group. */
	assert_int_equal(set_links(world, 2), 0);
	assert_int_equal(world->fake.pending, 0);
	assert_int_equal(world->fake.attached_count, 2);
	assert_string_equal(status_of(world).reason,
			    "interface eth1 is in no group: everything on it is dropped");
	/* Of another network: it is none of ours. */
	links = make_links(2);
	assert_int_equal(rw_address_parse("192.168.0.1", &links.addresses[1].address, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(world->fake.attached_count, 1);
}

static void is_not_enforced_by_pending_devices_alone(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_links(2);

	strcpy(links.links[0].name, "veth0");
	links.links[0].has_device = false;
	links.address_count = 1;
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), -ENODEV);
	assert_int_equal(world->fake.pending, 3);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_int_equal(status_of(world).applied.revision, 0);
}

static void follows_devices_that_come_and_go(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(set_links(world, 2), 0);
	assert_int_equal(world->fake.attached_count, 2);
	assert_string_equal(status_of(world).reason,
			    "interface eth1 is in no group: everything on it is dropped");
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(world->fake.attached_count, 1);
	assert_string_equal(status_of(world).reason, "");
}

static void attaches_again_a_device_that_came_back_under_its_number(void **state)
{
	static const struct rw_enforcer_event gone = {
		.kind = RW_ENFORCER_EVENT_GONE, .ifindex = 2, .name = "eth0"};
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	world->fake.attached_count = 0;
	world->fake.event = &gone;
	assert_true(rw_keeper_check(world->keeper));
	assert_int_equal(world->fake.attached_count, 1);
}

static void says_degraded_when_a_hook_is_shared(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	world->fake.hold = RW_ENFORCER_SHARED;
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_DEGRADED);
	assert_string_equal(status_of(world).reason, "dev2: hook shared, may be bypassed: stranger");
	world->fake.hold = RW_ENFORCER_LOST;
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
}

static void tells_when_a_program_was_put_back(void **state)
{
	static const struct rw_enforcer_event restored = {
		.kind = RW_ENFORCER_EVENT_RESTORED, .ifindex = 2, .name = "eth0"};
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	(void)rw_keeper_check(world->keeper);
	assert_false(rw_keeper_check(world->keeper));
	world->fake.event = &restored;
	assert_true(rw_keeper_check(world->keeper));
	assert_string_equal(world->last_notice,
			    "interface eth0: somebody had detached our program; it is back");
	assert_int_equal(status_of(world).restored, 1);
}

static void switches_the_early_stage_of_a_device(void **state)
{
	struct world *world = *state;
	struct rw_early_wish wish = {.name = "eth0", .early = RW_ENFORCER_EARLY_NATIVE};

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	/* Before it is there ... */
	assert_int_equal(rw_keeper_set_early(world->keeper, &wish, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(world->fake.early, RW_ENFORCER_EARLY_NATIVE);
	/* ... and after. */
	wish.idle = true;
	assert_int_equal(rw_keeper_set_early(world->keeper, &wish, NULL), 0);
	assert_true(world->fake.early_idle);
	assert_int_equal(world->fake.attached_count, 1);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
	/* Another's is not touched. */
	wish = (struct rw_early_wish){.name = "eth1"};
	assert_int_equal(rw_keeper_set_early(world->keeper, &wish, NULL), 0);
	assert_int_equal(world->fake.early, RW_ENFORCER_EARLY_NATIVE);
}

static void goes_back_when_the_early_stage_cannot_be_had(void **state)
{
	struct world *world = *state;
	const struct rw_early_wish wish = {.name = "eth0", .early = RW_ENFORCER_EARLY_NATIVE};
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	world->fake.early_text = "its driver has none";
	assert_int_equal(rw_keeper_set_early(world->keeper, &wish, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "its driver has none"));
	assert_int_equal(world->fake.early, RW_ENFORCER_EARLY_NONE);
	assert_int_equal(rw_keeper_early(world->keeper)->count, 0);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

static void says_ok_when_the_early_stage_wanted_from_the_start_is_missing(void **state)
{
	struct world *world = *state;
	const struct rw_early_wish wish = {.name = "eth0", .early = RW_ENFORCER_EARLY_NATIVE};

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_early(world->keeper, &wish, NULL), 0);
	world->fake.early_text = "its driver has none";
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_non_null(strstr(world->last_notice, "enforcement begins"));
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

static void takes_everything_off_and_back_on(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(rw_keeper_detach(world->keeper, NULL), 0);
	assert_int_equal(world->fake.removed, 1);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_DETACHED);
	assert_int_equal(status_of(world).applied.revision, 0);

	/* A policy that comes meanwhile is remembered, not applied. */
	assert_int_equal(set_policy(world, 8, 23), 0);
	(void)rw_keeper_check(world->keeper);
	assert_int_equal(world->fake.attached_count, 0);
	assert_int_equal(rw_keeper_attach(world->keeper, NULL), 0);
	assert_int_equal(world->fake.attached_count, 1);
	assert_int_equal(status_of(world).applied.revision, 8);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

static void goes_on_with_what_an_earlier_agent_left(void **state)
{
	struct world *world = *state;

	world->fake.was_pinned = true;
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_PENDING);
	assert_non_null(strstr(status_of(world).reason, "earlier agent"));
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	/* It was enforcing all the time: there is no second start. */
	assert_false(world->fake.enforcing);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

static void lets_go_of_devices_that_an_earlier_agent_held(void **state)
{
	struct world *world = *state;

	world->fake.was_pinned = true;
	world->fake.left = 9;
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(world->fake.left, 9);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(world->fake.left, 0);
}

static void moves_on_with_a_confirmed_position(void **state)
{
	const struct rw_position later = {.incarnation = "i", .revision = 12};
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	rw_keeper_confirm(world->keeper, &later);
	assert_int_equal(status_of(world).applied.revision, 12);
	world->fake.apply_result = -E2BIG;
	assert_int_equal(set_policy(world, 13, 24), -E2BIG);
	rw_keeper_confirm(world->keeper, &(struct rw_position){.incarnation = "i", .revision = 14});
	assert_int_equal(status_of(world).applied.revision, 12);
	assert_int_equal(status_of(world).wanted.revision, 14);
}

static int seal(struct world *world)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = fake_policy(2222);

	return rw_keeper_seal(world->keeper, sealed, NULL);
}

static void is_sealed_until_a_policy_comes(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(seal(world), 0);
	assert_true(world->fake.enforcing);
	assert_true(status_of(world).sealed);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_non_null(strstr(status_of(world).reason, "sealed: "));
	/* It is nobody's policy: neither saved nor told as applied. */
	assert_null(status_of(world).policy);
	assert_int_equal(status_of(world).applied.revision, 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_false(status_of(world).sealed);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
	assert_int_equal(status_of(world).applied.revision, 7);
}

static void stays_sealed_when_a_policy_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(seal(world), 0);
	world->fake.apply_result = -E2BIG;
	assert_int_equal(set_policy(world, 7, 22), -E2BIG);
	assert_true(status_of(world).sealed);
	assert_non_null(strstr(status_of(world).reason, "does not fit"));
	assert_int_equal(world->fake.policy->ssh_ports[0], 2222);
}

static void is_sealed_again_when_attached_again(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	assert_int_equal(seal(world), 0);
	assert_int_equal(rw_keeper_detach(world->keeper, NULL), 0);
	assert_false(status_of(world).sealed);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_DETACHED);
	assert_int_equal(rw_keeper_attach(world->keeper, NULL), 0);
	assert_true(status_of(world).sealed);
}

static void seals_later_when_it_cannot_at_once(void **state)
{
	struct world *world = *state;

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(set_links(world, 1), 0);
	world->fake.apply_result = -ENOMEM;
	assert_int_equal(seal(world), -ENOMEM);
	assert_false(status_of(world).sealed);
	world->fake.apply_result = 0;
	for (unsigned int i = 0; i < 60; i++)
		(void)rw_keeper_check(world->keeper);
	assert_true(status_of(world).sealed);
	assert_true(world->fake.enforcing);
	assert_null(strstr(status_of(world).reason, "does not fit"));
}

/* ---- as many as there may be ---- */

/* Devices of the network, numbered from 'first'. */
static struct rw_links make_many(unsigned int first, size_t count)
{
	struct rw_links links = {.count = count, .address_count = count};

	links.links = calloc(count, sizeof(*links.links));
	links.addresses = calloc(count, sizeof(*links.addresses));
	for (size_t i = 0; i < count; i++) {
		struct rw_link *link = &links.links[i];

		link->ifindex = first + (unsigned int)i;
		link->type = ARPHRD_ETHER;
		link->has_device = true;
		link->flags = IFF_UP;
		(void)snprintf(link->name, sizeof(link->name), "eth%u", link->ifindex);
		links.addresses[i].ifindex = link->ifindex;
		assert_int_equal(rw_address_parse("10.0.0.1", &links.addresses[i].address, NULL), 0);
	}
	return links;
}

static bool is_attached(const struct world *world, unsigned int ifindex)
{
	for (size_t i = 0; i < world->fake.attached_count; i++)
		if (world->fake.attached[i] == ifindex)
			return true;
	return false;
}

static void takes_the_device_that_replaces_the_last_that_fits(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_many(100, RW_ENFORCER_DEVICE_MAX);

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(world->fake.attached_count, RW_ENFORCER_DEVICE_MAX);
	/* One went and another came between two pictures. */
	links = make_many(101, RW_ENFORCER_DEVICE_MAX);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_false(is_attached(world, 100));
	assert_true(is_attached(world, 100 + RW_ENFORCER_DEVICE_MAX));
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

static void holds_as_many_devices_as_it_can(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_many(100, RW_ENFORCER_DEVICE_MAX + 1);

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), -E2BIG);
	assert_int_equal(world->fake.attached_count, RW_ENFORCER_DEVICE_MAX);
	assert_true(world->fake.enforcing);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	assert_non_null(strstr(status_of(world).reason, "more than 64 interfaces"));
	/* It is said as long as it is so, and no longer. */
	(void)rw_keeper_check(world->keeper);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_FAILED);
	links = make_many(100, RW_ENFORCER_DEVICE_MAX);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

/* eth0 with a VLAN device for each tag, as on a hypervisor; none of them is for us. */
static struct rw_links make_vlans(void)
{
	struct rw_links links = make_many(2, 4095);

	strcpy(links.links[0].name, "eth0");
	for (size_t i = 1; i < links.count; i++) {
		struct rw_link *link = &links.links[i];

		link->has_device = false;
		link->parent = 2;
		link->vlan_id = (uint16_t)i;
		strcpy(link->kind, "vlan");
		assert_int_equal(rw_address_parse("192.0.2.1", &links.addresses[i].address, NULL), 0);
	}
	return links;
}

static void holds_a_device_whatever_number_of_vlans_is_on_it(void **state)
{
	struct world *world = *state;
	struct rw_links links = make_vlans();

	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(set_policy(world, 7, 22), 0);
	assert_int_equal(world->fake.attached_count, 1);
	assert_true(is_attached(world, 2));
	assert_int_equal(status_of(world).state, RW_AGENT_STATE_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(touches_nothing_before_there_is_a_policy),
		TEST(enforces_when_policy_and_links_are_there),
		TEST(keeps_the_old_policy_when_the_new_one_is_refused),
		TEST(tries_a_refused_policy_again_after_a_while),
		TEST(keeps_live_flows_when_a_change_that_says_so_comes_in_force),
		TEST(change_that_never_came_in_force_counts_with_the_next),
		TEST(never_says_applied_while_a_device_is_not_under_control),
		TEST(fails_when_no_interface_is_enforced),
		TEST(begins_at_once_while_no_link_is_up),
		TEST(holds_a_device_without_an_address_as_pending),
		TEST(is_not_enforced_by_pending_devices_alone),
		TEST(follows_devices_that_come_and_go),
		TEST(attaches_again_a_device_that_came_back_under_its_number),
		TEST(says_degraded_when_a_hook_is_shared),
		TEST(tells_when_a_program_was_put_back),
		TEST(switches_the_early_stage_of_a_device),
		TEST(goes_back_when_the_early_stage_cannot_be_had),
		TEST(says_ok_when_the_early_stage_wanted_from_the_start_is_missing),
		TEST(takes_everything_off_and_back_on),
		TEST(goes_on_with_what_an_earlier_agent_left),
		TEST(lets_go_of_devices_that_an_earlier_agent_held),
		TEST(moves_on_with_a_confirmed_position),
		TEST(is_sealed_until_a_policy_comes),
		TEST(stays_sealed_when_a_policy_is_refused),
		TEST(is_sealed_again_when_attached_again),
		TEST(seals_later_when_it_cannot_at_once),
		TEST(takes_the_device_that_replaces_the_last_that_fits),
		TEST(holds_as_many_devices_as_it_can),
		TEST(holds_a_device_whatever_number_of_vlans_is_on_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
