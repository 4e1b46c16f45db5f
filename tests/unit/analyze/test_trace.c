/* SPDX-License-Identifier: Apache-2.0 */

/* Why a packet is accepted or dropped, and why the other rules that match did not decide. */

#include "world.h"

#include "analyze/trace.h"

static struct rw_policy *derive(const struct rw_draft *draft, const char *node)
{
	const struct rw_policy_surroundings surroundings = {0};
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_policy_derive(rw_draft_model(draft), node, &surroundings, NULL, &policy, NULL),
			 0);
	return policy;
}

static struct rw_packet to_ssh(const char *remote)
{
	return (struct rw_packet){
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.remote = world_address(remote),
		.remote_port = 40000,
		.local = world_address("10.0.0.9"),
		.local_port = 22,
	};
}

/* "id:outcome" of every match, in order. */
static void check_matches(const struct rw_trace *trace, const char *wanted)
{
	char text[512] = "";

	for (size_t i = 0; i < trace->match_count; i++) {
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%s:%s%s", i ? " " : "",
			 trace->matches[i].rule->id, rw_trace_outcome_name(trace->matches[i].outcome),
			 trace->matches[i].other_group ? "!" : "");
	}
	assert_string_equal(text, wanted);
}

static struct rw_draft *world_with_rules(struct rw_policy **ret_policy)
{
	struct rw_draft *draft = world_vpc();

	world_create(draft, RW_KIND_GROUP, world_group("sg-other", "vpc-1"));
	world_create(draft, RW_KIND_NODE, world_node("n-two", "vpc-1", "", "sg-free,sg-other", "10.0.0.10"));
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 22/22 0.0.0.0/0 5");
	world_add_rule(draft, "sg-free", "sgr-c in drop tcp 22/22 203.0.113.0/24 5");
	world_add_rule(draft, "sg-free", "sgr-d in drop all -1/-1 203.0.113.9/32 5");
	world_add_rule(draft, "sg-free", "sgr-e in accept tcp 1/100 203.0.113.0/24 9");
	world_add_rule(draft, "sg-free", "sgr-f in accept tcp 80/80 0.0.0.0/0 1");
	world_add_rule(draft, "sg-other", "sgr-a in accept tcp 22/22 198.51.100.0/24 1");
	*ret_policy = derive(draft, "n-two");
	return draft;
}

static void names_why_each_rule_lost(void **state)
{
	struct rw_policy *policy;
	struct rw_draft *draft = world_with_rules(&policy);
	struct rw_packet packet = to_ssh("203.0.113.9");
	struct rw_trace trace = {0};

	(void)state;
	assert_int_equal(rw_trace(policy, 0, &packet, &trace, NULL), 0);
	assert_int_equal(trace.decision.verdict, RW_VERDICT_DROP);
	assert_string_equal(trace.decision.detail, "sgr-c");
	assert_string_equal(trace.group->id, "sg-free");
	check_matches(&trace, "sgr-c:decided sgr-d:smaller-id sgr-b:drop-wins sgr-e:priority");
	rw_trace_done(&trace);
	packet.remote = world_address("198.51.100.1");
	assert_int_equal(rw_trace(policy, 0, &packet, &trace, NULL), 0);
	assert_string_equal(trace.group->id, "sg-other");
	check_matches(&trace, "sgr-a:decided sgr-b:priority!");
	rw_trace_done(&trace);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

static void inner_access_comes_before_rules(void **state)
{
	struct rw_policy *policy;
	struct rw_draft *draft = world_with_rules(&policy);
	struct rw_packet packet = to_ssh("10.0.0.9");
	struct rw_trace trace = {0};

	(void)state;
	packet.local = world_address("10.0.0.10");
	assert_int_equal(rw_trace(policy, 0, &packet, &trace, NULL), 0);
	assert_int_equal(trace.decision.cause, RW_CAUSE_INNER_ACCESS);
	assert_string_equal(trace.group->id, "sg-free");
	check_matches(&trace, "sgr-b:inner-access");
	rw_trace_done(&trace);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

static void a_system_rule_comes_before_all(void **state)
{
	struct rw_policy *policy;
	struct rw_draft *draft = world_with_rules(&policy);
	struct rw_packet packet = to_ssh("10.0.0.10");
	struct rw_trace trace = {0};

	(void)state;
	assert_int_equal(rw_trace(policy, 0, &packet, &trace, NULL), 0);
	assert_int_equal(trace.decision.cause, RW_CAUSE_OWN_ADDRESS);
	assert_null(trace.group);
	check_matches(&trace, "sgr-b:system");
	rw_trace_done(&trace);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

static void a_packet_of_no_flow_is_asked_as_its_opener(void **state)
{
	struct rw_policy *policy;
	struct rw_draft *draft = world_with_rules(&policy);
	struct rw_packet packet = to_ssh("198.51.100.1");
	struct rw_trace trace = {0};

	(void)state;
	packet.tcp_flags = RW_TCP_ACK;
	assert_int_equal(rw_trace(policy, 0, &packet, &trace, NULL), 0);
	assert_int_equal(trace.asked.tcp_flags, RW_TCP_SYN);
	check_matches(&trace, "sgr-a:decided sgr-b:priority!");
	rw_trace_done(&trace);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

static void nothing_matched_is_the_default(void **state)
{
	struct rw_policy *policy;
	struct rw_draft *draft = world_with_rules(&policy);
	struct rw_packet packet = to_ssh("198.51.100.1");
	struct rw_trace trace = {0};

	(void)state;
	packet.local_port = 6379;
	assert_int_equal(rw_trace(policy, 0, &packet, &trace, NULL), 0);
	assert_int_equal(trace.decision.cause, RW_CAUSE_DEFAULT);
	assert_int_equal(trace.match_count, 0);
	rw_trace_done(&trace);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_why_each_rule_lost),
		cmocka_unit_test(inner_access_comes_before_rules),
		cmocka_unit_test(a_system_rule_comes_before_all),
		cmocka_unit_test(a_packet_of_no_flow_is_asked_as_its_opener),
		cmocka_unit_test(nothing_matched_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
