/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of live flows that a change refuses, as the change says (semantics section 4, "established"), with
 * real sockets and packets.
 */

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_RULES   ((const char *const[]){NULL})

#define ANY_TCP  "sgr-tcp in accept tcp 1/65535 0.0.0.0/0"
#define ANY_TCP6 "sgr-tcp6 in accept tcp 1/65535 ::/0"
#define ANY_UDP  "sgr-udp in accept udp 1/65535 0.0.0.0/0"
#define ANY_UDP6 "sgr-udp6 in accept udp 1/65535 ::/0"
#define ANY      RULES(ANY_TCP, ANY_TCP6, ANY_UDP, ANY_UDP6)

/* peer (10.0.0.1, fd00::1) -- eth0 of node (10.0.0.2, fd00::2). */
struct scene {
	int node;
	int peer;
	struct rw_enforcer *enforcer;
};

static struct scene scene;
static const char *pins;

static const char *const ends[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};

static int set_up(void **state)
{
	(void)state;
	scene = (struct scene){0};
	netns_pair(&scene.node, &scene.peer);
	pins = netns_pin_dir();
	scene.enforcer = filter_open(scene.node, pins);
	filter_apply(scene.enforcer, scene.node, "eth0", ANY);
	filter_enforce(scene.enforcer, scene.node);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scene.enforcer = rw_enforcer_close(scene.enforcer);
	netns_enter(scene.node);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	(void)close(scene.node);
	(void)close(scene.peer);
	return 0;
}

static void change(const char *const rules[], enum rw_established established)
{
	filter_change(scene.enforcer, "eth0", rules, established);
}

/* A connection and a conversation in datagrams between the peer and the node: [0] at the peer. */
struct talk {
	int tcp[2], udp[2];
	const char *peer, *node;
};

static bool tcp_goes_on(const struct talk *talk)
{
	return filter_says(talk->tcp[0], talk->tcp[1]) && filter_says(talk->tcp[1], talk->tcp[0]);
}

static bool udp_goes_on(const struct talk *talk)
{
	return filter_tells(talk->udp[0], talk->udp[1], talk->node, 53) &&
	       filter_tells(talk->udp[1], talk->udp[0], talk->peer, 5000);
}

static struct talk begin_talk(size_t family)
{
	struct talk talk = {.peer = ends[family][0], .node = ends[family][1]};
	int listener = filter_listen(scene.node, talk.node, 80);

	talk.tcp[0] = filter_connect(scene.peer, talk.peer, talk.node, 80);
	assert_true(talk.tcp[0] >= 0);
	talk.tcp[1] = filter_accept(listener);
	(void)close(listener);
	talk.udp[0] = filter_udp(scene.peer, talk.peer, 5000);
	talk.udp[1] = filter_udp(scene.node, talk.node, 53);
	assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
	return talk;
}

static void end_talk(const struct talk *talk)
{
	for (int i = 0; i < 2; i++) {
		(void)close(talk->tcp[i]);
		(void)close(talk->udp[i]);
	}
}

/* True when neither a connection nor a conversation can be begun. */
static bool is_shut(const struct talk *talk)
{
	int listener = filter_listen(scene.node, talk->node, 81);
	int client = filter_connect(scene.peer, talk->peer, talk->node, 81);
	int datagrams = filter_udp(scene.peer, talk->peer, 0);
	bool shut = client < 0 && !filter_tells(datagrams, talk->udp[1], talk->node, 53);

	(void)close(datagrams);
	(void)close(listener);
	if (client >= 0)
		(void)close(client);
	return shut;
}

static void change_that_keeps_refuses_what_is_new_and_nothing_else(void **state)
{
	(void)state;
	for (size_t family = 0; family < 2; family++) {
		struct talk talk = begin_talk(family);

		change(NO_RULES, RW_ESTABLISHED_KEEP);
		for (int i = 0; i < 3; i++)
			assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
		assert_true(is_shut(&talk));
		assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
		end_talk(&talk);
		change(ANY, RW_ESTABLISHED_CUT);
	}
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_CUT), 0);
}

static void cut_kept_ends_what_was_kept(void **state)
{
	(void)state;
	for (size_t family = 0; family < 2; family++) {
		struct talk talk = begin_talk(family);

		change(NO_RULES, RW_ESTABLISHED_KEEP);
		assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
		change(RULES("sgr-1 in accept udp 9/9 0.0.0.0/0"), RW_ESTABLISHED_CUT_KEPT);
		assert_false(filter_says(talk.tcp[1], talk.tcp[0]));
		assert_false(filter_says(talk.tcp[0], talk.tcp[1]));
		assert_false(filter_tells(talk.udp[1], talk.udp[0], talk.peer, 5000));
		assert_false(filter_tells(talk.udp[0], talk.udp[1], talk.node, 53));
		end_talk(&talk);
		change(ANY, RW_ESTABLISHED_CUT);
	}
	assert_true(filter_dropped(scene.enforcer, RW_CAUSE_CUT) >= 8);
}

static void later_changes_leave_what_was_kept(void **state)
{
	struct talk talk = begin_talk(0);

	(void)state;
	change(NO_RULES, RW_ESTABLISHED_KEEP);
	for (int i = 0; i < 10; i++) {
		change(i % 2 ? NO_RULES : RULES("sgr-1 in accept udp 9/9 10.9.0.0/16"),
		       i % 3 ? RW_ESTABLISHED_CUT : RW_ESTABLISHED_KEEP);
		assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
	}
	assert_true(is_shut(&talk));
	end_talk(&talk);
}

static void flow_that_the_change_accepts_is_not_kept_from_the_next(void **state)
{
	struct talk talk = begin_talk(0);

	(void)state;
	change(RULES(ANY_TCP), RW_ESTABLISHED_KEEP);
	assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
	change(NO_RULES, RW_ESTABLISHED_CUT);
	assert_true(udp_goes_on(&talk));
	assert_false(filter_says(talk.tcp[1], talk.tcp[0]));
	end_talk(&talk);
}

static void keeping_brings_nothing_back_that_is_cut(void **state)
{
	struct talk talk = begin_talk(0);

	(void)state;
	/* No packet comes in between: the flows are still in the table as they were. */
	change(NO_RULES, RW_ESTABLISHED_CUT);
	change(RULES("sgr-1 in accept udp 9/9 0.0.0.0/0"), RW_ESTABLISHED_KEEP);
	assert_false(filter_says(talk.tcp[1], talk.tcp[0]));
	assert_false(filter_tells(talk.udp[1], talk.udp[0], talk.peer, 5000));
	end_talk(&talk);
}

static void flow_of_an_older_generation_is_kept_too(void **state)
{
	struct talk talk = begin_talk(0);

	(void)state;
	for (int i = 0; i < 3; i++)
		change(i % 2 ? ANY : RULES(ANY_TCP, ANY_UDP), RW_ESTABLISHED_CUT);
	change(NO_RULES, RW_ESTABLISHED_KEEP);
	assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
	end_talk(&talk);
}

static bool find_tcp(void *context, const struct rw_enforcer_flow *flow)
{
	if (flow->protocol == RW_PROTOCOL_TCP)
		*(struct rw_enforcer_flow *)context = *flow;
	return true;
}

static void kept_flow_ends_by_itself(void **state)
{
	struct talk talk = begin_talk(0);
	struct rw_enforcer_flow flow = {0};

	(void)state;
	change(NO_RULES, RW_ESTABLISHED_KEEP);
	assert_true(tcp_goes_on(&talk));
	end_talk(&talk);
	for (int i = 0; i < 1000 && flow.class != RW_FLOW_CLOSING; i++) {
		assert_int_equal(scene.enforcer->ops->flows(scene.enforcer, find_tcp, &flow, NULL), 0);
		(void)usleep(5000);
	}
	assert_int_equal(flow.class, RW_FLOW_CLOSING);
	assert_true(flow.expires_in_s <= 60);
}

static void what_is_kept_survives_the_process(void **state)
{
	struct talk talk = begin_talk(0);

	(void)state;
	change(NO_RULES, RW_ESTABLISHED_KEEP);
	scene.enforcer = rw_enforcer_close(scene.enforcer);
	assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
	scene.enforcer = filter_open(scene.node, pins);
	change(NO_RULES, RW_ESTABLISHED_CUT);
	assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk));
	assert_true(is_shut(&talk));
	end_talk(&talk);
}

/* ---- what a change would cut ---- */

struct judged {
	size_t count, kept, tcp;
	struct rw_enforcer_refused last;
};

static void count_refused(void *context, const struct rw_enforcer_refused *flow)
{
	struct judged *judged = context;

	judged->count++;
	judged->kept += flow->is_kept;
	judged->tcp += flow->opener.protocol == RW_PROTOCOL_TCP;
	judged->last = *flow;
}

static struct judged judge(const char *const rules[])
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", rules);
	struct judged judged = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (scene.enforcer->ops->judge(scene.enforcer, policy, count_refused, &judged, &err) < 0)
		fail_msg("%s", err.text);
	return judged;
}

static void judging_tells_what_the_change_would_cut(void **state)
{
	struct talk talk = begin_talk(0), six = begin_talk(1);
	struct judged judged = judge(ANY);

	(void)state;
	assert_int_equal(judged.count, 0);
	assert_int_equal(judge(NO_RULES).count, 4);
	assert_int_equal(judge(RULES(ANY_UDP, ANY_UDP6)).tcp, 2);
	judged = judge(RULES(ANY_TCP, ANY_TCP6, ANY_UDP6, "sgr-no in drop udp 53/53 10.0.0.1/32"));
	assert_int_equal(judged.count, 1);
	assert_string_equal(judged.last.interface, "eth0");
	assert_string_equal(judged.last.rule, "sgr-no");
	assert_int_equal(judged.last.opener.local_port, 53);
	assert_int_equal(judged.last.opener.remote_port, 5000);
	/* It has changed nothing. */
	assert_true(tcp_goes_on(&talk) && udp_goes_on(&talk) && tcp_goes_on(&six) && udp_goes_on(&six));
	end_talk(&talk);
	end_talk(&six);
}

static void judging_tells_kept_flows_apart_and_cut_ones_not_at_all(void **state)
{
	struct talk talk = begin_talk(0);

	(void)state;
	change(RULES(ANY_TCP), RW_ESTABLISHED_KEEP);
	assert_int_equal(judge(NO_RULES).count, 2);
	assert_int_equal(judge(NO_RULES).kept, 1);
	change(NO_RULES, RW_ESTABLISHED_CUT);
	assert_int_equal(judge(NO_RULES).count, 1);
	assert_int_equal(judge(NO_RULES).kept, 1);
	end_talk(&talk);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(change_that_keeps_refuses_what_is_new_and_nothing_else),
		TEST(cut_kept_ends_what_was_kept),
		TEST(later_changes_leave_what_was_kept),
		TEST(flow_that_the_change_accepts_is_not_kept_from_the_next),
		TEST(keeping_brings_nothing_back_that_is_cut),
		TEST(flow_of_an_older_generation_is_kept_too),
		TEST(kept_flow_ends_by_itself),
		TEST(what_is_kept_survives_the_process),
		TEST(judging_tells_what_the_change_would_cut),
		TEST(judging_tells_kept_flows_apart_and_cut_ones_not_at_all),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
