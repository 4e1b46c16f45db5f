/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "audit/evidence.h"

static void keeps_nodes_by_id_each_once(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_evidence_node *node;

	(void)state;
	rw_evidence_init(&evidence);
	assert_null(rw_evidence_find(&evidence, "n-1"));
	assert_null(rw_evidence_find(NULL, "n-1"));
	assert_int_equal(rw_evidence_add_node(&evidence, "n-2", &node), 0);
	node->flows_known = true;
	assert_int_equal(rw_evidence_add_node(&evidence, "n-1", &node), 0);
	assert_int_equal(rw_evidence_add_node(&evidence, "n-2", &node), 0);
	assert_true(node->flows_known);
	assert_int_equal(evidence.nodes.count, 2);
	assert_string_equal(((struct rw_evidence_node *)rw_vec_at(&evidence.nodes, 0))->node, "n-1");
	assert_ptr_equal(rw_evidence_find(&evidence, "n-2"), node);
}

static void knows_who_listens(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_evidence_listener *listener;
	struct rw_evidence_node *node;

	(void)state;
	rw_evidence_init(&evidence);
	assert_int_equal(rw_evidence_add_node(&evidence, "n-1", &node), 0);
	assert_int_equal(rw_vec_push(&node->listeners, &listener), 0);
	*listener = (struct rw_evidence_listener){.protocol = RW_PROTOCOL_UDP, .port = 53};
	assert_true(rw_evidence_listens(node, RW_PROTOCOL_UDP, 53));
	assert_false(rw_evidence_listens(node, RW_PROTOCOL_TCP, 53));
	assert_false(rw_evidence_listens(node, RW_PROTOCOL_UDP, 54));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_nodes_by_id_each_once),
		cmocka_unit_test(knows_who_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
