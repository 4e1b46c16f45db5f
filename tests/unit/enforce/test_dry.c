/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "enforce/dry/dry.h"
#include "test.h"

static uint64_t fake_now(const struct rw_clock *clock)
{
	(void)clock;
	return 4711;
}

static const struct rw_clock fake_clock = {.monotonic_ns = fake_now};

static struct rw_enforcer *open_dry(uint64_t table_memory)
{
	struct rw_enforce_dry_options options = {.table_memory = table_memory, .clock = &fake_clock};
	struct rw_enforcer *enforcer = NULL;

	assert_int_equal(rw_enforce_dry_open(&options, &enforcer, NULL), 0);
	return enforcer;
}

static void attach(struct rw_enforcer *enforcer, unsigned int ifindex, const char *interface)
{
	struct rw_enforcer_device device = {.ifindex = ifindex, .name = interface, .interface = interface};

	assert_int_equal(rw_enforcer_attach(enforcer, &device, NULL), 0);
}

/* One interface "eth0" in group sg-1, which accepts TCP 'port' from anywhere (0 = has no rule). */
static struct rw_policy *make_policy(uint16_t port)
{
	struct rw_policy *policy = rw_policy_new();
	struct rw_policy_group *group = rw_policy_group_new();

	strcpy(group->id, "sg-1");
	if (port) {
		struct rw_rule *rule = rw_rule_new();

		strcpy(rule->id, "sgr-1");
		rule->policy = RW_VERDICT_ACCEPT;
		rule->protocol = RW_PROTOCOL_TCP;
		rule->ports = (struct rw_ports){port, port};
		rule->source_ports = RW_PORTS_ANY;
		rule->priority = 1;
		rule->object.cidr.address.family = 4;
		group->rules = calloc(1, sizeof(*group->rules));
		group->rules[group->rule_count++] = rule;
	}
	policy->groups = calloc(1, sizeof(struct rw_policy_group *));
	policy->groups[policy->group_count++] = group;
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	strcpy(policy->interfaces[0].name, "eth0");
	policy->interfaces[0].groups = calloc(1, sizeof(uint32_t));
	policy->interfaces[0].group_count = 1;
	return policy;
}

static void apply(struct rw_enforcer *enforcer, uint16_t port)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(port);

	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, NULL), 0);
}

static struct rw_packet packet_to(uint16_t port)
{
	return (struct rw_packet){
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local_port = port,
		.remote_port = 40000,
		.local = {.family = 4, .bytes = {10, 0, 0, 1}},
		.remote = {.family = 4, .bytes = {203, 0, 113, 9}},
	};
}

static enum rw_enforce_dry_fate decide(struct rw_enforcer *enforcer, unsigned int ifindex, uint16_t port,
				       struct rw_decision *ret_decision)
{
	struct rw_packet packet = packet_to(port);

	return rw_enforce_dry_decide(enforcer, ifindex, &packet, ret_decision);
}

static void decides_nothing_without_device_or_policy(void **state)
{
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(0);
	struct rw_decision decision;

	(void)state;
	attach(enforcer, 2, "eth0");
	assert_int_equal(decide(enforcer, 2, 22, &decision), RW_ENFORCE_DRY_UNDECIDED);
	assert_int_equal(enforcer->ops->enforce(enforcer, NULL, NULL), -EINVAL);
	apply(enforcer, 22);
	assert_int_equal(decide(enforcer, 3, 22, &decision), RW_ENFORCE_DRY_UNDECIDED);
}

static void learns_until_told_to_enforce(void **state)
{
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(0);
	struct rw_decision decision;

	(void)state;
	apply(enforcer, 22);
	attach(enforcer, 2, "eth0");
	assert_int_equal(decide(enforcer, 2, 80, &decision), RW_ENFORCE_DRY_PASSES);
	assert_int_equal(decision.verdict, RW_VERDICT_DROP);
	assert_int_equal(rw_enforcer_enforce(enforcer, NULL, NULL), 0);
	assert_int_equal(decide(enforcer, 2, 80, &decision), RW_ENFORCE_DRY_DROPPED);
	assert_int_equal(decision.cause, RW_CAUSE_DEFAULT);
	assert_int_equal(decide(enforcer, 2, 22, &decision), RW_ENFORCE_DRY_PASSES);
	assert_string_equal(decision.detail, "sgr-1");
}

static void drops_on_an_interface_that_the_policy_does_not_name(void **state)
{
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(0);
	struct rw_decision decision;

	(void)state;
	apply(enforcer, 22);
	attach(enforcer, 2, "eth7");
	assert_int_equal(rw_enforcer_enforce(enforcer, NULL, NULL), 0);
	assert_int_equal(decide(enforcer, 2, 22, &decision), RW_ENFORCE_DRY_DROPPED);
	assert_int_equal(decision.cause, RW_CAUSE_DEFAULT);
}

static void collect_hits(void *context, const struct rw_enforcer_hits *hits)
{
	*(struct rw_enforcer_hits *)context = *hits;
}

static void keeps_the_counts_of_a_rule_over_changes(void **state)
{
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(0);
	struct rw_enforcer_hits hits = {0};
	struct rw_decision decision;

	(void)state;
	apply(enforcer, 22);
	attach(enforcer, 2, "eth0");
	for (int i = 0; i < 3; i++)
		(void)decide(enforcer, 2, 22, &decision);
	apply(enforcer, 80);
	(void)decide(enforcer, 2, 80, &decision);
	assert_int_equal(enforcer->ops->hits(enforcer, collect_hits, &hits, NULL), 0);
	assert_string_equal(hits.rule, "sgr-1");
	assert_int_equal(hits.count, 4);
	assert_int_equal(hits.last_ns, 4711);
	apply(enforcer, 0);
	apply(enforcer, 22);
	assert_int_equal(enforcer->ops->hits(enforcer, collect_hits, &hits, NULL), 0);
	assert_int_equal(hits.count, 0);
}

static void keeps_the_old_policy_when_the_new_one_does_not_fit(void **state)
{
	/* Room for the policies made here, not for a thousand pages more. */
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(2 * 90 * 4096);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *large = make_policy(22);
	struct rw_prefix *prefixes = calloc(20000, sizeof(*prefixes));
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer_status status;
	struct rw_decision decision;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t address = 0x0a000000u + i * 300;

		prefixes[i] = (struct rw_prefix){.address.family = 4, .bits = 32};
		for (unsigned int j = 0; j < 4; j++)
			prefixes[i].address.bytes[j] = (uint8_t)(address >> (24 - 8 * j));
	}
	large->sets = calloc(1, sizeof(struct rw_address_set *));
	large->sets[large->set_count++] = rw_address_set_new("sg-1", prefixes, 20000);
	large->groups[0]->inner_access = RW_VERDICT_ACCEPT;
	apply(enforcer, 22);
	attach(enforcer, 2, "eth0");
	assert_int_equal(rw_enforcer_apply(enforcer, large, RW_ESTABLISHED_CUT, &err), -E2BIG);
	assert_non_null(strstr(err.text, "sg-1"));
	assert_int_equal(decide(enforcer, 2, 22, &decision), RW_ENFORCE_DRY_PASSES);
	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_int_equal(status.generation, 1);
	assert_true(status.table_bytes > 0 && status.table_bytes <= status.table_limit_bytes);
}

static void counts_what_monitoring_would_have_dropped(void **state)
{
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(0);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(22);
	struct rw_enforcer_status status;
	struct rw_decision decision;

	(void)state;
	policy->enforcement = RW_MONITOR;
	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, NULL), 0);
	attach(enforcer, 2, "eth0");
	assert_int_equal(rw_enforcer_enforce(enforcer, NULL, NULL), 0);
	assert_int_equal(decide(enforcer, 2, 80, &decision), RW_ENFORCE_DRY_PASSES);
	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_int_equal(status.mode, RW_ENFORCER_MONITOR);
	assert_int_equal(status.would_drop[RW_CAUSE_DEFAULT], 1);
	assert_int_equal(status.dropped[RW_CAUSE_DEFAULT], 0);
}

static void forgets_devices_that_are_detached(void **state)
{
	RW_CLEANUP(rw_enforcer_close) struct rw_enforcer *enforcer = open_dry(0);
	struct rw_enforcer_device_status devices[2];
	struct rw_enforcer_device none = {.name = "lo", .interface = "lo"};

	(void)state;
	attach(enforcer, 2, "eth0");
	attach(enforcer, 3, "eth1");
	attach(enforcer, 3, "eth2");
	assert_int_equal(enforcer->ops->devices(enforcer, devices, 2), 2);
	assert_string_equal(devices[1].interface, "eth2");
	assert_int_equal(rw_enforcer_detach(enforcer, 2, NULL), 0);
	assert_int_equal(rw_enforcer_detach(enforcer, 2, NULL), 0);
	assert_int_equal(enforcer->ops->devices(enforcer, devices, 2), 1);
	assert_int_equal(devices[0].ifindex, 3);
	assert_int_equal(enforcer->ops->detach_all(enforcer, NULL), 0);
	assert_int_equal(enforcer->ops->devices(enforcer, NULL, 0), 0);
	assert_int_equal(rw_enforcer_attach(enforcer, &none, NULL), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_nothing_without_device_or_policy),
		cmocka_unit_test(learns_until_told_to_enforce),
		cmocka_unit_test(drops_on_an_interface_that_the_policy_does_not_name),
		cmocka_unit_test(keeps_the_counts_of_a_rule_over_changes),
		cmocka_unit_test(keeps_the_old_policy_when_the_new_one_does_not_fit),
		cmocka_unit_test(counts_what_monitoring_would_have_dropped),
		cmocka_unit_test(forgets_devices_that_are_detached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
