/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tables that grow and shrink under traffic: devices go over to another program set, and nobody notices.  What fails or
 * is killed on the way leaves the policy in force at every device, for the next process too.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "halves.h"
#include "policy/delta.h"
#include "refuser.h"
#include "steps.h"
#include "world.h"

/* Members: of policies that fit into the first tables, into larger ones, and into still larger ones. */
enum { SMALL = 12, MEDIUM = 6000, LARGE = 120000 };

#define BUDGET       (64u << 20)
#define SMALL_BUDGET (8u << 20)
#define DEVICES      2

static int node, peer;
static const char *pins;
static struct rw_enforcer *enforcer;

static const char *const devices[DEVICES] = {"eth0", "eth1"};
static const char *const own[DEVICES] = {"10.0.0.2", "10.0.1.2"};
static const char *const others[DEVICES] = {"10.0.0.1", "10.0.1.1"};

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, "eth0");
	netns_veth(peer, "p1", node, "eth1");
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0; ip addr add 10.0.1.1/24 dev p1");
	netns_run(node, "ip addr add 10.0.0.2/24 dev eth0; ip addr add 10.0.1.2/24 dev eth1");
	pins = netns_pin_dir();
	enforcer = NULL;
	return 0;
}

static void leave(void)
{
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	assert_int_equal(access(pins, F_OK), -1);
}

static int tear_down(void **state)
{
	(void)state;
	refuser_lift(REFUSER_EXCHANGE);
	refuser_lift(REFUSER_ATTACH);
	leave();
	(void)close(node);
	(void)close(peer);
	return 0;
}

/*
 * Accepts one half of the stream and one TCP port from everywhere, another port from so many members, three in each of as
 * many networks by chance: anything regular takes little room.
 */
static struct rw_policy *make_policy(unsigned int members, uint16_t port)
{
	char rule[64];
	struct rw_policy *policy;
	struct rw_prefix *prefixes = calloc(members, sizeof(*prefixes));
	uint64_t random = 0;

	(void)snprintf(rule, sizeof(rule), "sgr-p in accept tcp %u/%u 0.0.0.0/0", port, port);
	policy = filter_policy("eth0,eth1",
			       (const char *const[]){"sgr-g in accept udp 53/53 0.0.0.0/0",
						     "sgr-m in accept tcp 443/443 sg-m", rule, NULL});
	for (unsigned int i = 0; i < members; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		prefixes[i] = i % 3 ? prefixes[i - 1] : world_prefix("11.0.0.0/32");
		for (int byte = i % 3 ? 3 : 1; byte < 4; byte++)
			prefixes[i].address.bytes[byte] = (uint8_t)(random >> (24 + 8 * byte));
	}
	policy->sets = calloc(1, sizeof(*policy->sets));
	policy->sets[0] = rw_address_set_new("sg-m", prefixes, members);
	policy->set_count = 1;
	return policy;
}

static int apply(unsigned int members, uint16_t port, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(members, port);
	int r;

	netns_enter(node);
	r = rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, err);
	netns_leave();
	return r;
}

static void put_in_force(unsigned int members, uint16_t port)
{
	struct rw_error err = RW_ERROR_NONE;

	if (apply(members, port, &err) < 0)
		fail_msg("%u members: %s", members, err.text);
}

static void open_enforcer(uint64_t budget, bool without_tcx)
{
	struct rw_enforce_bpf_options options = {
		.pin_dir = pins, .table_memory = budget, .flow_entries = 1 << 12, .without_tcx = without_tcx};
	struct rw_error err = RW_ERROR_NONE;

	netns_enter(node);
	if (rw_enforce_bpf_open(&options, &enforcer, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
}

/* Skips the test where the kernel has no tcx. */
static void need_tcx(void)
{
	bool has_tcx;

	open_enforcer(BUDGET, false);
	has_tcx = rw_bpf_of(enforcer)->tcx;
	enforcer = rw_enforcer_close(enforcer);
	if (!has_tcx)
		skip();
	leave();
}

static void attach_devices(void)
{
	for (int i = 0; i < DEVICES; i++)
		filter_attach(enforcer, node, devices[i], devices[i]);
}

/* An enforcer by tables of the first size. */
static void start(bool without_tcx)
{
	open_enforcer(BUDGET, without_tcx);
	put_in_force(SMALL, 80);
	attach_devices();
	filter_enforce(enforcer, node);
}

static void want_early(const char *device)
{
	struct rw_enforcer_device wanted = {.ifindex = netns_ifindex(node, device),
					    .name = device,
					    .interface = device,
					    .early = RW_ENFORCER_EARLY_NATIVE};

	netns_enter(node);
	assert_int_equal(rw_enforcer_attach(enforcer, &wanted, NULL), 0);
	netns_leave();
}

static struct rw_enforcer_status look(void)
{
	struct rw_enforcer_status status;

	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_true(status.table_bytes * 2 <= status.table_memory_bytes);
	return status;
}

/* Bytes of the images that are pinned. */
static uint64_t pinned_bytes(void)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/map-rw_images", pins);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	(void)close(fd);
	return (uint64_t)(info.value_size - RW_TABLE_REACH) * 2;
}

static bool is_exchange_pinned(void)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/next-images", pins);
	return access(path, F_OK) == 0;
}

static void assert_open(int device, uint16_t port)
{
	filter_assert_talks(peer, others[device], own[device], port, node, own[device], port);
}

static void assert_decides(uint16_t open_port, uint16_t closed_port)
{
	for (int i = 0; i < DEVICES; i++) {
		assert_open(i, open_port);
		filter_assert_silent(peer, others[i], own[i], closed_port, node, own[i], closed_port);
	}
}

/* A connection to each device. */
struct talk {
	int ends[DEVICES][2];
};

static struct talk begin_talk(void)
{
	struct talk talk;

	for (int i = 0; i < DEVICES; i++)
		filter_join(peer, others[i], node, own[i], 80, talk.ends[i]);
	return talk;
}

static void assert_talks(const struct talk *talk)
{
	for (int i = 0; i < DEVICES; i++) {
		filter_assert_says(talk->ends[i][0], talk->ends[i][1]);
		filter_assert_says(talk->ends[i][1], talk->ends[i][0]);
	}
}

static void end_talk(const struct talk *talk)
{
	for (int i = 0; i < DEVICES; i++) {
		(void)close(talk->ends[i][0]);
		(void)close(talk->ends[i][1]);
	}
}

struct tally {
	const char *rule;
	uint64_t count;
};

static void tally(void *context, const struct rw_enforcer_hits *hits)
{
	struct tally *tally = context;

	if (strcmp(hits->rule, tally->rule) == 0)
		tally->count = hits->count;
}

static uint64_t hits_of(const char *rule)
{
	struct tally told = {.rule = rule};

	assert_int_equal(enforcer->ops->hits(enforcer, tally, &told, NULL), 0);
	return told.count;
}

/* ---- under traffic ---- */

/* The streams go on over every size; each device has one. */
static void change_sizes_under_traffic(void)
{
	static const unsigned int sizes[] = {SMALL, MEDIUM, LARGE, SMALL};
	struct talk talk = begin_talk();
	struct halves halves[DEVICES];
	uint64_t taken[RW_ARRAY_COUNT(sizes)], hits = 0;

	for (int i = 0; i < DEVICES; i++) {
		halves_init(&halves[i], node, own[i]);
		halves_begin(&halves[i], peer, others[i]);
	}
	for (size_t size = 0; size < RW_ARRAY_COUNT(sizes); size++) {
		for (int i = 0; i < DEVICES; i++)
			halves_await_more(&halves[i], 100);
		put_in_force(sizes[size], 80);
		for (int i = 0; i < DEVICES; i++)
			halves_await_more(&halves[i], 100);
		assert_talks(&talk);
		taken[size] = look().table_memory_bytes;
		assert_int_equal(taken[size], pinned_bytes());
		assert_false(is_exchange_pinned());
		assert_true(hits_of("sgr-g") >= hits + 200 / 4);
		hits = hits_of("sgr-g");
	}
	for (int i = 0; i < DEVICES; i++) {
		halves_end(&halves[i]);
		halves_done(&halves[i]);
	}
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_CUT), 0);
	assert_int_equal(taken[0], RW_ENFORCE_TABLE_MEMORY_BEGIN);
	assert_true(taken[1] > taken[0] && taken[2] > taken[1]);
	assert_int_equal(taken[3], taken[2]);
	end_talk(&talk);
}

static void nobody_notices_other_sizes_by_tcx(void **state)
{
	(void)state;
	start(false);
	if (!rw_bpf_of(enforcer)->tcx)
		skip();
	change_sizes_under_traffic();
}

static void nobody_notices_other_sizes_by_clsact(void **state)
{
	(void)state;
	start(true);
	change_sizes_under_traffic();
}

static void nobody_notices_other_sizes_with_an_early_stage(void **state)
{
	struct rw_enforcer_device_status status[DEVICES];
	uint64_t early;

	(void)state;
	start(false);
	want_early("eth0");
	change_sizes_under_traffic();
	assert_int_equal(enforcer->ops->devices(enforcer, status, DEVICES), DEVICES);
	assert_int_equal(status[0].early, RW_ENFORCER_EARLY_NATIVE);
	early = look().early;
	assert_true(early > 0);
}

/* ---- at the start ---- */

static void first_policy_gets_the_room_that_it_needs(void **state)
{
	(void)state;
	open_enforcer(BUDGET, false);
	assert_int_equal(look().table_memory_bytes, RW_ENFORCE_TABLE_MEMORY_BEGIN);
	put_in_force(LARGE, 80);
	attach_devices();
	filter_enforce(enforcer, node);
	assert_true(look().table_memory_bytes > RW_ENFORCE_TABLE_MEMORY_BEGIN);
	assert_decides(80, 81);
}

static void next_process_takes_grown_tables_over(void **state)
{
	struct talk talk;
	uint64_t grown;

	(void)state;
	start(false);
	put_in_force(LARGE, 80);
	grown = look().table_memory_bytes;
	talk = begin_talk();
	enforcer = rw_enforcer_close(enforcer);
	open_enforcer(BUDGET, false);
	assert_true(look().adopted);
	put_in_force(LARGE, 80);
	attach_devices();
	assert_int_equal(look().table_memory_bytes, grown);
	assert_talks(&talk);
	end_talk(&talk);
}

static void next_process_makes_tables_smaller_that_are_much_too_large(void **state)
{
	struct talk talk;

	(void)state;
	start(false);
	put_in_force(LARGE, 80);
	put_in_force(SMALL, 80);
	assert_true(look().table_memory_bytes > RW_ENFORCE_TABLE_MEMORY_BEGIN);
	talk = begin_talk();
	enforcer = rw_enforcer_close(enforcer);
	open_enforcer(BUDGET, false);
	put_in_force(SMALL, 80);
	assert_int_equal(look().table_memory_bytes, RW_ENFORCE_TABLE_MEMORY_BEGIN);
	assert_int_equal(pinned_bytes(), RW_ENFORCE_TABLE_MEMORY_BEGIN);
	/* Devices that this process has not attached yet have gone over as well. */
	assert_talks(&talk);
	put_in_force(SMALL, 81);
	assert_decides(81, 80);
	attach_devices();
	assert_decides(81, 80);
	end_talk(&talk);
}

static void tables_above_a_smaller_budget_are_exchanged_for_such_as_fit(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct talk talk;

	(void)state;
	start(false);
	put_in_force(LARGE, 80);
	talk = begin_talk();
	enforcer = rw_enforcer_close(enforcer);
	open_enforcer(RW_ENFORCE_TABLE_MEMORY_MIN, false);
	assert_true(look().adopted);
	assert_int_equal(apply(LARGE, 80, &err), -E2BIG);
	assert_decides(80, 81);
	put_in_force(SMALL, 80);
	attach_devices();
	assert_int_equal(look().table_memory_bytes, RW_ENFORCE_TABLE_MEMORY_MIN);
	assert_talks(&talk);
	assert_decides(80, 81);
	end_talk(&talk);
}

/* ---- what does not succeed ---- */

static void policy_over_the_budget_leaves_everything_as_it_is(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	open_enforcer(SMALL_BUDGET, false);
	put_in_force(SMALL, 80);
	attach_devices();
	filter_enforce(enforcer, node);
	assert_int_equal(apply(LARGE, 81, &err), -E2BIG);
	assert_non_null(strstr(err.text, "sg-1"));
	assert_non_null(strstr(err.hint, "--table-memory"));
	assert_int_equal(look().table_memory_bytes, RW_ENFORCE_TABLE_MEMORY_BEGIN);
	assert_decides(80, 81);
}

/* The policy with one port more, else shared with it. */
static struct rw_policy *with_port(const struct rw_policy *policy, uint16_t port)
{
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_PUT_RULES);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *one = NULL;
	struct rw_policy *result = NULL;
	char rule[64];

	(void)snprintf(rule, sizeof(rule), "sgr-%u in accept tcp %u/%u 0.0.0.0/0", port, port, port);
	one = filter_policy("eth0", (const char *const[]){rule, NULL});
	memcpy(change->id, policy->groups[0]->id, sizeof(change->id));
	change->rules = calloc(1, sizeof(struct rw_rule *));
	change->rules[change->rule_count++] = rw_rule_ref(one->groups[0]->rules[0]);
	assert_int_equal(rw_policy_apply_delta(policy, delta, &result, NULL), 0);
	return result;
}

static void put_policy_in_force(const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;

	netns_enter(node);
	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
}

/* The image that is not in force has been written over meanwhile. */
static void rules_change_as_before_after_a_policy_over_the_budget(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(SMALL, 80);

	(void)state;
	open_enforcer(SMALL_BUDGET, false);
	put_policy_in_force(policy);
	attach_devices();
	filter_enforce(enforcer, node);
	for (uint16_t port = 81; port < 83; port++) {
		struct rw_policy *next = with_port(policy, port);

		(void)rw_policy_unref(policy);
		policy = next;
		put_policy_in_force(policy);
		assert_decides(80, 90);
		assert_decides(port, (uint16_t)(port + 1));
		/* What no rule has changed since: the way out is open by default. */
		filter_assert_talks(node, own[0], others[0], port, peer, others[0], port);
		assert_int_equal(apply(LARGE, 90, NULL), -E2BIG);
		assert_decides(port, (uint16_t)(port + 1));
	}
}

/* A device that cannot go over: its pin is no link. */
static void block_exchange(unsigned int ifindex, bool blocked)
{
	struct rw_device *records = rw_bpf_of(enforcer)->maps[RW_BPF_MAP_DEVICES].memory;
	struct rw_device *record = &records[RW_DEVICE_RECORDS - 1];
	char path[256];

	assert_true(!record->ifindex || !blocked);
	*record = (struct rw_device){.ifindex = blocked ? ifindex : 0};
	rw_bpf_pin_path(path, sizeof(path), pins, "link-egress", ifindex);
	if (blocked)
		assert_int_equal(bpf_obj_pin(rw_bpf_of(enforcer)->maps[RW_BPF_MAP_CONTROL].fd, path), 0);
	else
		assert_int_equal(unlink(path), 0);
}

static void exchange_that_fails_is_taken_back_everywhere(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct halves halves[DEVICES];
	struct talk talk;

	(void)state;
	start(false);
	want_early("eth0");
	talk = begin_talk();
	for (int i = 0; i < DEVICES; i++) {
		halves_init(&halves[i], node, own[i]);
		halves_begin(&halves[i], peer, others[i]);
	}
	block_exchange(4711, true);
	for (int i = 0; i < 3; i++) {
		assert_true(apply(LARGE, 81, &err) < 0);
		assert_non_null(strstr(err.text, "4711"));
		assert_false(is_exchange_pinned());
		assert_int_equal(look().table_memory_bytes, RW_ENFORCE_TABLE_MEMORY_BEGIN);
		assert_int_equal(pinned_bytes(), RW_ENFORCE_TABLE_MEMORY_BEGIN);
		halves_await_more(&halves[i % DEVICES], 50);
		/* A change that fits follows at every device. */
		put_in_force(SMALL + (unsigned int)i, i % 2 ? 80 : 82);
		assert_decides(i % 2 ? 80 : 82, 81);
	}
	block_exchange(4711, false);
	put_in_force(LARGE, 80);
	assert_true(look().table_memory_bytes > RW_ENFORCE_TABLE_MEMORY_BEGIN);
	assert_decides(80, 81);
	for (int i = 0; i < DEVICES; i++) {
		halves_end(&halves[i]);
		halves_done(&halves[i]);
	}
	end_talk(&talk);
}

/* ---- a kernel that refuses to exchange, and to take back ---- */

/* What a check tells. */
struct told {
	unsigned int counts[RW_ENFORCER_EVENT_EARLY + 1];
};

static void count_event(void *context, const struct rw_enforcer_event *event)
{
	struct told *told = context;

	told->counts[event->kind]++;
	if (event->kind == RW_ENFORCER_EVENT_LOST)
		assert_true(event->text[0]);
}

static struct told check(void)
{
	struct told told = {0};

	netns_enter(node);
	assert_int_equal(enforcer->ops->check(enforcer, count_event, &told, NULL), 0);
	netns_leave();
	return told;
}

static unsigned int count_lost(void)
{
	struct rw_enforcer_device_status status[DEVICES];
	unsigned int lost = 0;

	assert_int_equal(enforcer->ops->devices(enforcer, status, DEVICES), DEVICES);
	for (int i = 0; i < DEVICES; i++)
		lost += status[i].hold == RW_ENFORCER_LOST;
	return lost;
}

/* Devices of both sets, which nothing brings back: one policy is in force everywhere, and the state says what is wrong. */
static void assert_stays_as_it_is(void)
{
	struct rw_error err = RW_ERROR_NONE;
	struct told told;

	assert_true(is_exchange_pinned());
	for (int i = 0; i < 2; i++) {
		assert_int_equal(apply(SMALL + (unsigned int)i, 82, &err), -ENOMEM);
		assert_non_null(strstr(err.text, "eth"));
		assert_non_null(strstr(err.hint, "policy in force"));
		assert_decides(80, 82);
	}
	told = check();
	assert_true(told.counts[RW_ENFORCER_EVENT_LOST] > 0);
	assert_int_equal(told.counts[RW_ENFORCER_EVENT_LOST], count_lost());
	assert_int_equal(check().counts[RW_ENFORCER_EVENT_LOST], 0);
	assert_decides(80, 82);
}

/* How devices of both sets get out of it. */
enum way { BY_CHANGE, BY_CHECK, BY_NEW_LINKS, BY_NEXT_PROCESS, WAYS };

static void bring_back(enum way way, bool without_tcx)
{
	struct rw_error err = RW_ERROR_NONE;

	if (way == BY_NEW_LINKS && !without_tcx) {
		/* Links are not exchanged, but made. */
		refuser_lift(REFUSER_ATTACH);
		assert_true(check().counts[RW_ENFORCER_EVENT_RESTORED] > 0);
		assert_int_equal(count_lost(), 0);
		assert_decides(80, 81);
	}
	refuser_lift(REFUSER_ATTACH);
	refuser_lift(REFUSER_EXCHANGE);
	if (way == BY_CHECK) {
		assert_true(check().counts[RW_ENFORCER_EVENT_HELD] > 0);
		assert_int_equal(count_lost(), 0);
		assert_false(is_exchange_pinned());
	}
	if (way == BY_NEXT_PROCESS) {
		enforcer = rw_enforcer_close(enforcer);
		open_enforcer(BUDGET, without_tcx);
		assert_true(look().adopted);
	}
	assert_decides(80, 82);
	if (apply(SMALL, 82, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(is_exchange_pinned());
	assert_decides(82, 80);
	if (way == BY_NEXT_PROCESS)
		attach_devices();
	(void)check();
	assert_int_equal(count_lost(), 0);
}

static void refuse_at_every_exchange(bool without_tcx)
{
	struct rw_error err = RW_ERROR_NONE;
	unsigned int number = 0, astray = 0;

	for (;; number++) {
		struct talk talk;

		start(without_tcx);
		talk = begin_talk();
		refuser_begin(number);
		if (apply(MEDIUM, 81, &err) == 0)
			break;
		assert_talks(&talk);
		assert_decides(80, 81);
		astray += rw_bpf_of(enforcer)->astray;
		if (rw_bpf_of(enforcer)->astray)
			assert_stays_as_it_is();
		bring_back((enum way)(number % WAYS), without_tcx);
		put_in_force(MEDIUM, 80);
		assert_decides(80, 82);
		assert_talks(&talk);
		end_talk(&talk);
		leave();
	}
	assert_decides(81, 80);
	/* All but the first leave some device with the other set. */
	assert_int_equal(number, 2 * DEVICES);
	assert_int_equal(astray, number - 1);
}

static void devices_that_are_not_taken_back_wait_for_it_by_tcx(void **state)
{
	(void)state;
	need_tcx();
	refuse_at_every_exchange(false);
}

static void devices_that_are_not_taken_back_wait_for_it_by_clsact(void **state)
{
	(void)state;
	refuse_at_every_exchange(true);
}

/* ---- killed ---- */

static void grow(void *context)
{
	const bool *without_tcx = context;

	start(*without_tcx);
	if (!*without_tcx)
		want_early("eth0");
	steps_begin();
	put_in_force(MEDIUM, 80);
}

static void kill_at_every_step(bool without_tcx)
{
	unsigned int number = 0, unfinished = 0, last = 0;
	bool killed = true;

	for (; killed; number++) {
		struct talk talk;

		killed = steps_kill_before(grow, &without_tcx, number);
		if (is_exchange_pinned()) {
			unfinished++;
			last = number;
		}
		assert_decides(80, 81);
		talk = begin_talk();
		open_enforcer(BUDGET, without_tcx);
		assert_true(look().adopted);
		assert_false(is_exchange_pinned());
		assert_talks(&talk);
		/* Every device follows what comes next, also before it is attached here. */
		put_in_force(SMALL, 82);
		assert_decides(82, 80);
		put_in_force(SMALL, 80);
		attach_devices();
		assert_decides(80, 81);
		end_talk(&talk);
		leave();
	}
	print_message("killed before each of %u steps, with devices of both sets at %u\n", number - 1,
		      unfinished);
	/* Two sides of each device at the least. */
	assert_true(unfinished > 2 * DEVICES);
	/* It is taken off with everything else. */
	assert_true(steps_kill_before(grow, &without_tcx, last));
	assert_true(is_exchange_pinned());
	leave();
	assert_open(0, 81);
	assert_open(1, 81);
}

static void killed_at_any_step_it_leaves_the_policy_in_force_by_tcx(void **state)
{
	(void)state;
	need_tcx();
	kill_at_every_step(false);
}

static void killed_at_any_step_it_leaves_the_policy_in_force_by_clsact(void **state)
{
	(void)state;
	kill_at_every_step(true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_notices_other_sizes_by_tcx),
		TEST(nobody_notices_other_sizes_by_clsact),
		TEST(nobody_notices_other_sizes_with_an_early_stage),
		TEST(first_policy_gets_the_room_that_it_needs),
		TEST(next_process_takes_grown_tables_over),
		TEST(next_process_makes_tables_smaller_that_are_much_too_large),
		TEST(tables_above_a_smaller_budget_are_exchanged_for_such_as_fit),
		TEST(policy_over_the_budget_leaves_everything_as_it_is),
		TEST(rules_change_as_before_after_a_policy_over_the_budget),
		TEST(exchange_that_fails_is_taken_back_everywhere),
		TEST(devices_that_are_not_taken_back_wait_for_it_by_tcx),
		TEST(devices_that_are_not_taken_back_wait_for_it_by_clsact),
		TEST(killed_at_any_step_it_leaves_the_policy_in_force_by_tcx),
		TEST(killed_at_any_step_it_leaves_the_policy_in_force_by_clsact),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
