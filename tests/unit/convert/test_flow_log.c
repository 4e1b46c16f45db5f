/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "convert/seen.h"
#include "wire/model_file.h"

static struct rw_model *model;

static int read_model(void **state)
{
	static const char text[] =
		"{\"version\":1,\"networks\":[{\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/"
		"16\"]}],"
		"\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"g\",\"network\":\"main\",\"rules\":[]}],"
		"\"nodes\":[{\"id\":\"n-1\",\"name\":\"web\",\"network\":\"main\",\"security_groups\":[\"g\"]"
		","
		"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.5\"],\"elastic_ips\":[\"198.51."
		"100.7\"]}]},"
		"{\"id\":\"n-2\",\"name\":\"db\",\"network\":\"main\",\"security_groups\":[\"g\"],"
		"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.6\"]}]}]}";

	(void)state;
	return rw_model_file_decode(text, sizeof(text) - 1, &model, NULL);
}

static int release_model(void **state)
{
	(void)state;
	model = rw_model_free(model);
	return 0;
}

static int convert(const char *text, struct rw_evidence *evidence, size_t *strangers, struct rw_error *err)
{
	const struct rw_convert_input input = {"log", text, strlen(text)};

	rw_evidence_init(evidence);
	return rw_convert_flow_log(&input, model, evidence, strangers, err);
}

static const struct rw_evidence_flow *flow_of(const struct rw_evidence *evidence, const char *node,
					      size_t index)
{
	const struct rw_evidence_node *seen = rw_evidence_find(evidence, node);

	assert_true(index < seen->flows.count);
	return rw_vec_at(&seen->flows, index);
}

static void counts_both_directions_of_a_flow_for_its_opener(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	const struct rw_evidence_flow *flow;
	size_t strangers;

	(void)state;
	assert_int_equal(
		convert("2 1 eni-1 203.0.113.9 10.0.0.5 40000 443 6 20 4249 1418530010 1418530070 ACCEPT OK\n"
			"2 1 eni-1 10.0.0.5 203.0.113.9 443 40000 6 20 4249 1418530010 1418530080 ACCEPT OK\n"
			"2 1 eni-1 203.0.113.9 10.0.0.5 40001 22 6 1 40 1418530010 1418530070 REJECT OK\n"
			"2 1 eni-1 10.0.0.5 10.0.0.6 50000 5432 6 1 40 1418530010 1418530070 ACCEPT OK\n"
			"2 1 eni-1 192.0.2.1 192.0.2.2 40000 80 6 1 40 1418530010 1418530070 ACCEPT OK\n"
			"2 1 eni-1 - - - - - - - 1418530010 1418530070 - NODATA\n",
			&evidence, &strangers, NULL),
		0);
	assert_int_equal(strangers, 1);
	flow = flow_of(&evidence, "n-1", 0);
	assert_true(flow->accepted && flow->direction == RW_DIRECTION_INGRESS && flow->port == 443);
	assert_int_equal(flow->count, 2);
	assert_true(flow->first_ms == 1418530010000 && flow->last_ms == 1418530080000);
	assert_string_equal(flow->interface, "eth0");
	assert_false(flow_of(&evidence, "n-1", 1)->accepted);
	assert_int_equal(flow_of(&evidence, "n-1", 2)->direction, RW_DIRECTION_EGRESS);
	assert_int_equal(flow_of(&evidence, "n-2", 0)->direction, RW_DIRECTION_INGRESS);
	assert_int_equal(flow_of(&evidence, "n-2", 0)->port, 5432);
	assert_int_equal(rw_evidence_find(&evidence, "n-2")->flows.count, 1);
}

static void reads_columns_by_a_header_line(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	size_t strangers;

	(void)state;
	assert_int_equal(convert("version vpc-id srcaddr srcport dstaddr dstport protocol action start\n"
				 "1 vpc-1 203.0.113.9 40000 198.51.100.7 80 6 ACCEPT 1418530010\n",
				 &evidence, &strangers, NULL),
			 0);
	assert_int_equal(flow_of(&evidence, "n-1", 0)->port, 80);
}

static void reads_json_lines_of_alibaba_and_our_own(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	const struct rw_evidence_flow *flow;
	size_t strangers;

	(void)state;
	assert_int_equal(convert("{\"srcaddr\":\"203.0.113.9\",\"srcport\":\"40000\",\"dstaddr\":\"10.0.0."
				 "5\",\"dstport\":\"80\","
				 "\"protocol\":\"6\",\"action\":\"ACCEPT\",\"start\":1418530010,"
				 "\"direction\":\"in\"}\n"
				 "{\"node\":\"db\",\"direction\":\"egress\",\"remote\":\"192.0.2.9\","
				 "\"protocol\":\"udp\",\"port\":53,"
				 "\"verdict\":\"accepted\",\"count\":\"7\",\"answered\":\"3\",\"first\":"
				 "\"2026-11-24T02:28:29Z\"}\n"
				 "{\"node\":\"gone\",\"direction\":\"ingress\",\"remote\":\"192.0.2.9\","
				 "\"protocol\":\"tcp\",\"port\":1,"
				 "\"verdict\":\"refused\"}\n"
				 "{\"node\":\"db\",\"direction\":\"ingress\",\"others\":true,"
				 "\"verdict\":\"refused\",\"count\":\"5\"}\n",
				 &evidence, &strangers, NULL),
			 0);
	assert_int_equal(strangers, 1);
	assert_int_equal(flow_of(&evidence, "n-1", 0)->port, 80);
	flow = flow_of(&evidence, "n-2", 0);
	assert_true(flow->count == 7 && flow->protocol == RW_PROTOCOL_UDP && flow->first_ms > 0);
	assert_true(flow->accepted && flow->answered);
	assert_int_equal(rw_evidence_find(&evidence, "n-2")->flows.count, 1);
}

/* As 'ringwall flows -o json' prints a list; many clients of one port have no address. */
static void reads_a_whole_answer_of_the_controller(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	const struct rw_evidence_flow *flow;
	size_t strangers;

	(void)state;
	assert_int_equal(convert("{\"items\":[{\"node\":\"n-1\",\"name\":\"web\",\"verdict\":\"accepted\","
				 "\"direction\":\"ingress\",\"interface\":\"eth0\",\"protocol\":\"tcp\","
				 "\"port\":443,\"count\":\"900\",\"answered\":\"900\","
				 "\"first\":\"2026-11-24T02:28:29Z\",\"last\":\"2026-11-24T02:28:29Z\"}]}\n",
				 &evidence, &strangers, NULL),
			 0);
	flow = flow_of(&evidence, "n-1", 0);
	assert_true(flow->remote.family == 0 && flow->port == 443 && flow->count == 900);
	assert_string_equal(flow->interface, "eth0");
}

static void knows_that_nothing_came(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	size_t strangers;

	(void)state;
	assert_int_equal(convert("", &evidence, &strangers, NULL), 0);
	assert_true(rw_evidence_find(&evidence, "n-2")->flows_known);
}

static void names_line_field_and_hint_of_what_is_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{"hello\n", "log: line 1: is neither record nor header"},
		{"2 1 eni-1 here 10.0.0.5 1 2 6 1 40 1 2 ACCEPT OK\n",
		 "line 1: srcaddr is no address: 'here'"},
		{"2 1 eni-1 192.0.2.1 10.0.0.5 1 99999 6 1 40 1 2 ACCEPT OK\n", "line 1: dstport is no port"},
		{"2 1 eni-1 192.0.2.1 10.0.0.5 1 2 6 1 40 1 2 PERHAPS OK\n", "action is neither"},
		{"2 1 eni-1 192.0.2.1\n", "lacks the field 'dstaddr'"},
		{"{\"srcaddr\":\"192.0.2.1\"}\n", "line 1: lacks the field 'dstaddr'"},
		{"{\"node\":1\n", "log: line 1: not valid JSON"},
		{"{\"node\":\"db\"}\n", "lacks one of node, direction"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(wrong); i++) {
		RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
		struct rw_error err = RW_ERROR_NONE;
		size_t strangers;

		assert_int_equal(convert(wrong[i][0], &evidence, &strangers, &err), -EINVAL);
		if (!strstr(err.text, wrong[i][1]))
			fail_msg("'%s' is not in '%s'", wrong[i][1], err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_both_directions_of_a_flow_for_its_opener),
		cmocka_unit_test(reads_columns_by_a_header_line),
		cmocka_unit_test(reads_json_lines_of_alibaba_and_our_own),
		cmocka_unit_test(reads_a_whole_answer_of_the_controller),
		cmocka_unit_test(knows_that_nothing_came),
		cmocka_unit_test(names_line_field_and_hint_of_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, read_model, release_model);
}
