/* SPDX-License-Identifier: Apache-2.0 */

/* Packets between two ends of a model. */

#include "model.h"

#include "analyze/path.h"

/* "node direction verdict cause; ..." of the steps. */
static void check(const char *from, const char *to, const char *wanted)
{
	struct rw_draft *draft = model_world();
	const struct rw_source source = model_source(draft);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_path path = {0};
	char text[1024] = "";

	if (rw_path(&source, &(struct rw_path_question){.from = from, .to = to}, &path, &err) < 0)
		snprintf(text, sizeof(text), "%s: %s", err.field, err.text);
	for (size_t i = 0; i < path.count; i++) {
		const struct rw_path_step *step = &path.steps[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%s %s %s by %s", i ? "; " : "",
			 step->policy->node_name, step->packet.direction ? "out" : "in",
			 step->trace.decision.verdict ? "accept" : "drop",
			 rw_decision_cause(&step->trace.decision));
	}
	assert_string_equal(text, wanted);
	rw_path_done(&path);
	(void)rw_draft_free(draft);
}

static void a_node_is_asked_at_ingress(void **state)
{
	(void)state;
	check("203.0.113.9", "n-w1:443/tcp", "n-w1 in accept by sgr-web");
	check("203.0.113.9", "n-w1:22", "n-w1 in drop by default");
	check("198.51.100.7", "10.0.0.22:22", "n-w2 in accept by sgr-ssh");
}

static void both_nodes_decide_between_them(void **state)
{
	(void)state;
	check("n-w1", "n-free:5432", "n-w1 out accept by default; n-free in accept by sgr-db");
	check("n-free", "n-w1:5432", "n-free out accept by default; n-w1 in drop by default");
	check("n-w1", "n-w2/icmp", "n-w1 out accept by inner-access; n-w2 in accept by inner-access");
}

static void leaving_is_asked_at_egress(void **state)
{
	(void)state;
	check("n-w1", "203.0.113.9:25", "n-w1 out accept by default");
}

static void says_what_is_wrong_with_an_end(void **state)
{
	(void)state;
	check("203.0.113.9", "nobody:22", "to: there is no node 'nobody', nor is it an address");
	check("203.0.113.9", "n-w1", "to: names no port: write for example n-w1:22/tcp");
	check("203.0.113.9", "n-w1:0/tcp", "to: '0' is not a port from 1 to 65535");
	check("203.0.113.9", "n-w1:22/smtp",
	      "to: 'smtp' is not a protocol: tcp, udp, icmp, icmpv6, gre or a number");
	check("203.0.113.9", "n-w1:22/icmp", "to: has a port, which only tcp and udp have");
	check("2001:db8::1", "n-w1:22", "to: node 'n-w1' has no IPv6 address: give the address");
	check("2001:db8::1", "[2001:db8::2]:22",
	      "to: no managed node is at either end, so nothing decides this packet");
	check("", "n-w1:22", "from: is missing: write an address, or a node such as node-1:22/tcp");
	check("203.0.113.9/udp", "n-w1:22/tcp", "to: the two ends name different protocols");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_asked_at_ingress),
		cmocka_unit_test(both_nodes_decide_between_them),
		cmocka_unit_test(leaving_is_asked_at_egress),
		cmocka_unit_test(says_what_is_wrong_with_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
