/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "convert/seen.h"

#define HEAD "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"

static int convert(const char *text, struct rw_evidence *evidence, struct rw_error *err)
{
	const struct rw_convert_input input = {"ss", text, strlen(text)};

	rw_evidence_init(evidence);
	return rw_convert_listening(&input, "n-1", evidence, err);
}

static void reads_sockets_that_others_can_reach(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	const struct rw_evidence_listener *listener;
	const struct rw_evidence_node *node;

	(void)state;
	assert_int_equal(convert(HEAD "udp   UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* "
				      "users:((\"systemd-resolve\",pid=1,fd=12))\n"
				      "tcp   LISTEN 0 128 0.0.0.0:22 0.0.0.0:* "
				      "users:((\"sshd\",pid=1,fd=3),(\"x\",pid=2,fd=3))\n"
				      "tcp   LISTEN 0 128 [::]:22 [::]:* users:((\"sshd\",pid=1,fd=4))\n"
				      "tcp   LISTEN 0 128 127.0.0.1:631 0.0.0.0:*\n"
				      "tcp   LISTEN 0 128 [::1]:631 [::]:*\n"
				      "tcp   LISTEN 0 4096 *:8080 *:*\n"
				      "tcp   LISTEN 0 100 [::ffff:127.0.0.1]:8005 *:*\n"
				      "tcp   LISTEN 0 100 [::ffff:10.0.0.5]:8009 *:*\n"
				      "udp   UNCONN 0 0 10.0.0.5:123 0.0.0.0:*\n"
				      "icmp6 UNCONN 0 0 *:ipv6-icmp *:*\n",
				 &evidence, NULL),
			 0);
	node = rw_evidence_find(&evidence, "n-1");
	assert_true(node->listeners_known);
	assert_int_equal(node->listeners.count, 5);
	listener = rw_vec_at(&node->listeners, 0);
	assert_int_equal(listener->port, 22);
	assert_string_equal(listener->process, "sshd");
	assert_int_equal(listener->address.family, 4);
	listener = rw_vec_at(&node->listeners, 1);
	assert_int_equal(listener->address.family, 0);
	assert_true(rw_evidence_listens(node, RW_PROTOCOL_TCP, 8080));
	assert_true(rw_evidence_listens(node, RW_PROTOCOL_UDP, 123));
	assert_false(rw_evidence_listens(node, RW_PROTOCOL_TCP, 631));
	assert_false(rw_evidence_listens(node, RW_PROTOCOL_TCP, 8005));
	assert_true(rw_evidence_listens(node, RW_PROTOCOL_TCP, 8009));
}

static void knows_that_nobody_listens(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;

	(void)state;
	assert_int_equal(convert(HEAD, &evidence, NULL), 0);
	assert_true(rw_evidence_find(&evidence, "n-1")->listeners_known);
}

static void names_line_and_hint_of_what_is_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{"", "ss: line 1: does not begin with 'Netid'"},
		{HEAD "tcp LISTEN 0 128 0.0.0.0:22\n", "ss: line 2: has fewer than six columns"},
		{HEAD "\ntcp LISTEN 0 128 here:ssh 0.0.0.0:*\n", "ss: line 3: the fifth column"},
		{HEAD "tcp LISTEN 0 128 0.0.0.0:70000 0.0.0.0:*\n", "ss: line 2: the fifth column"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(wrong); i++) {
		RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(convert(wrong[i][0], &evidence, &err), -EINVAL);
		assert_non_null(strstr(err.text, wrong[i][1]));
		assert_true(err.hint[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sockets_that_others_can_reach),
		cmocka_unit_test(knows_that_nobody_listens),
		cmocka_unit_test(names_line_and_hint_of_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
