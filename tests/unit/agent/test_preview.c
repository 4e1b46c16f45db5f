/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"

#include "agent/preview.h"
#include "policy/preview.h"

static struct rw_draft *draft;
static struct rw_policy *policy;
static const struct rw_link_decision enforced = {
	.name = "eth0", .interface = "eth0", .role = RW_LINK_ENFORCED};

static int setup(void **state)
{
	(void)state;
	draft = world_vpc();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	policy = rw_policy_unref(policy);
	draft = rw_draft_free(draft);
	return 0;
}

/* Gives n-1 exactly these rules; its sshd listens on 2222. */
static void derive(const char *const *texts, size_t count)
{
	static const uint16_t ssh_port = 2222;
	const struct rw_policy_surroundings surroundings = {.ssh_ports = &ssh_port, .ssh_port_count = 1};
	struct rw_rule *rules[8];
	struct rw_error err = RW_ERROR_NONE;

	for (size_t i = 0; i < count; i++)
		rules[i] = world_rule(texts[i]);
	assert_int_equal(rw_edit_set_rules(draft, "sg-c1", NULL, 0, NULL, NULL), 0);
	assert_int_equal(rw_edit_set_rules(draft, "sg-c1", rules, count, NULL, NULL), 0);
	policy = rw_policy_unref(policy);
	if (rw_policy_derive(rw_draft_model(draft), "n-1", &surroundings, NULL, &policy, &err) < 0)
		fail_msg("%s", err.text);
}

#define DERIVE(...)                                                                                          \
	do {                                                                                                 \
		static const char *const texts_[] = {__VA_ARGS__};                                           \
                                                                                                             \
		derive(texts_, RW_ARRAY_COUNT(texts_));                                                      \
	} while (0)

static bool opened(uint16_t protocol, uint16_t port)
{
	return rw_policy_opens(policy, protocol, port);
}

static struct rw_connection connection(const char *interface, const char *opener)
{
	struct rw_connection made = {.opener = world_packet(opener)};

	(void)snprintf(made.interface, sizeof(made.interface), "%s", interface);
	return made;
}

static bool cut(const char *interface, const char *opener)
{
	const struct rw_connection made = connection(interface, opener);

	return rw_preview_is_cut(policy, &enforced, 1, &made, NULL);
}

static void tells_listeners_that_no_rule_opens(void **state)
{
	(void)state;
	DERIVE("sgr-a in accept tcp 443/443 0.0.0.0/0", "sgr-b in drop udp 51820/51820 0.0.0.0/0",
	       "sgr-c out accept udp 123/123 0.0.0.0/0");
	assert_true(opened(RW_PROTOCOL_TCP, 443));
	assert_false(opened(RW_PROTOCOL_UDP, 443));
	assert_false(opened(RW_PROTOCOL_UDP, 51820));
	assert_false(opened(RW_PROTOCOL_UDP, 123));
	assert_false(opened(RW_PROTOCOL_TCP, 2222));
	DERIVE("sgr-a in accept all -1/-1 203.0.113.0/24");
	assert_true(opened(RW_PROTOCOL_UDP, 51820));
	/* To the cluster's own containers all is open: that says nothing. */
	DERIVE("sgr-a in accept all -1/-1 172.16.0.0/16");
	assert_false(opened(RW_PROTOCOL_UDP, 51820));
	DERIVE("sgr-a in accept all -1/-1 172.16.0.0/15");
	assert_true(opened(RW_PROTOCOL_UDP, 51820));
}

static void keeps_the_way_of_management_open(void **state)
{
	static struct rw_prefix management;

	(void)state;
	DERIVE("sgr-a in accept tcp 443/443 0.0.0.0/0");
	management = world_prefix("192.0.2.0/24");
	assert_int_equal(policy->management_cidr_count, 0);
	policy->management_cidrs = &management;
	policy->management_cidr_count = 1;
	assert_true(opened(RW_PROTOCOL_TCP, 2222));
	assert_false(opened(RW_PROTOCOL_UDP, 2222));
	assert_false(cut("eth0", "in tcp 192.0.2.9 4000 10.0.0.1 2222"));
	assert_true(cut("eth0", "in tcp 203.0.113.9 4000 10.0.0.1 2222"));
	policy->management_cidrs = NULL;
	policy->management_cidr_count = 0;
}

static void cuts_what_the_evaluator_refuses_and_says_why(void **state)
{
	const struct rw_connection session = connection("eth0", "in tcp 203.0.113.9 4000 10.0.0.1 2222");
	struct rw_decision decision;

	(void)state;
	DERIVE("sgr-a in accept tcp 443/443 0.0.0.0/0", "sgr-b out drop tcp 25/25 0.0.0.0/0");
	assert_false(cut("eth0", "in tcp 203.0.113.9 4000 10.0.0.1 443"));
	assert_true(cut("eth0", "out tcp 203.0.113.9 25 10.0.0.1 4000"));
	assert_false(cut("eth0", "out tcp 203.0.113.9 26 10.0.0.1 4000"));
	assert_true(rw_preview_is_cut(policy, &enforced, 1, &session, &decision));
	assert_string_equal(rw_decision_cause(&decision), "default");
}

static void leaves_alone_what_crosses_no_enforced_interface(void **state)
{
	static const struct rw_link_decision candidate = {
		.name = "eth0", .interface = "eth0", .role = RW_LINK_CANDIDATE};
	static const struct rw_link_decision port = {
		.name = "eth1", .interface = "br0", .bridge_port = true, .role = RW_LINK_ENFORCED};
	const struct rw_connection refused = connection("eth0", "in tcp 203.0.113.9 4000 10.0.0.1 2222");
	const struct rw_connection bridged = connection("br0", "in tcp 203.0.113.9 4000 10.0.0.1 443");

	(void)state;
	DERIVE("sgr-a in accept tcp 443/443 0.0.0.0/0");
	assert_true(cut("eth0", "in tcp 203.0.113.9 4000 10.0.0.1 2222"));
	assert_false(cut("", "in tcp 203.0.113.9 4000 10.0.0.1 2222"));
	assert_false(rw_preview_is_cut(policy, &candidate, 1, &refused, NULL));
	/* Enforced by its port, and unknown to the policy: an interface without groups. */
	assert_true(rw_preview_is_cut(policy, &port, 1, &bridged, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_listeners_that_no_rule_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_the_way_of_management_open, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_what_the_evaluator_refuses_and_says_why, setup,
						teardown),
		cmocka_unit_test_setup_teardown(leaves_alone_what_crosses_no_enforced_interface, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
