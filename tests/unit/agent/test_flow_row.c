/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "agent/flow_filter.h"
#include "agent/flow_row.h"

static struct rw_address address(const char *text)
{
	struct rw_address result;

	assert_int_equal(rw_address_parse(text, &result, NULL), 0);
	return result;
}

/* 10.0.0.9:40001 opened to 10.0.0.1:22 and came in by eth0. */
static struct rw_enforce_bpf_flow make_flow(void)
{
	return (struct rw_enforce_bpf_flow){
		.flow = {.class = RW_FLOW_ESTABLISHED,
			 .protocol = RW_PROTOCOL_TCP,
			 .opener = address("10.0.0.9"),
			 .opener_port = 40001,
			 .responder = address("10.0.0.1"),
			 .responder_port = 22,
			 .ingress = true,
			 .expires_in_s = 60},
		.generation = 7,
		.in = "eth0",
		.out = "eth1",
	};
}

/* A policy with one interface, eth0, in no group: everything but system rules is decided by default. */
static void load(struct rw_explainer *explainer)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_policy_new();

	assert_non_null(policy);
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	assert_non_null(policy->interfaces);
	policy->interface_count = 1;
	strcpy(policy->interfaces[0].name, "eth0");
	*explainer = (struct rw_explainer){0};
	rw_classify_memory_init(&explainer->memory);
	assert_int_equal(rw_classify_compile(policy, NULL, NULL, &explainer->memory, &explainer->table, NULL),
			 0);
}

static void shows_a_flow_in_one_line(void **state)
{
	RW_CLEANUP(rw_explainer_done) struct rw_explainer explainer;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_enforce_bpf_flow flow = make_flow();

	(void)state;
	load(&explainer);
	rw_buf_init(&buf, 4096);
	rw_flow_row_append(&buf, &explainer, 7, &flow, false);
	assert_string_equal(buf.data,
			    "tcp     established  ingress    10.0.0.1:22            10.0.0.9:40001     "
			    "    60s      eth0=default               -\n");
}

static void shows_a_flow_in_two_lines_where_one_does_not_fit(void **state)
{
	RW_CLEANUP(rw_explainer_done) struct rw_explainer explainer;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_enforce_bpf_flow flow = make_flow();

	(void)state;
	load(&explainer);
	rw_buf_init(&buf, 4096);
	rw_flow_row_append_title(&buf, true);
	rw_flow_row_append(&buf, &explainer, 7, &flow, true);
	assert_string_equal(buf.data,
			    "PROTO   CLASS        LOCAL                  REMOTE                 EXPIRES\n"
			    "        OPENED       IN                         OUT\n"
			    "tcp     established  10.0.0.1:22            10.0.0.9:40001         60s\n"
			    "        ingress      eth0=default               -\n");
}

static void shows_both_decisions_of_a_forwarded_flow(void **state)
{
	RW_CLEANUP(rw_explainer_done) struct rw_explainer explainer;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_enforce_bpf_flow flow = make_flow();
	struct rw_json_writer json;

	(void)state;
	load(&explainer);
	rw_buf_init(&buf, 4096);
	flow.flow.egress = true;
	flow.flow.opener = address("2001:db8::9");
	flow.flow.responder = address("2001:db8::1");
	rw_json_writer_init(&json, &buf, false);
	rw_flow_row_write_json(&json, &explainer, 7, &flow);
	assert_string_equal(
		buf.data,
		"{\"protocol\":\"tcp\",\"class\":\"established\",\"opened\":\"forwarded\",\"local\":\"2001:"
		"db8::1\","
		"\"local_port\":22,\"remote\":\"2001:db8::9\",\"remote_port\":40001,\"expires_in_s\":60,"
		"\"in\":{\"interface\":\"eth0\",\"cause\":\"default\"},"
		"\"out\":{\"interface\":\"eth1\",\"cause\":\"default\"}}");
}

static void names_no_rule_that_it_cannot_know(void **state)
{
	RW_CLEANUP(rw_explainer_done) struct rw_explainer explainer;
	struct rw_explainer nothing = {.missing = "no policy"};
	struct rw_enforce_bpf_flow flow = make_flow();

	(void)state;
	load(&explainer);
	assert_string_equal(rw_flow_cause(&explainer, 7, &flow, RW_DIRECTION_INGRESS), "default");
	assert_string_equal(rw_flow_cause(&explainer, 8, &flow, RW_DIRECTION_INGRESS), "older-policy");
	assert_string_equal(rw_flow_cause(&nothing, 7, &flow, RW_DIRECTION_INGRESS), "unknown");
	flow.kept = true;
	assert_string_equal(rw_flow_cause(&explainer, 8, &flow, RW_DIRECTION_INGRESS), "kept");
}

static bool takes(struct rw_flow_filter_text text, const struct rw_enforce_bpf_flow *flow)
{
	struct rw_flow_filter filter;

	assert_int_equal(rw_flow_filter_parse(&text, &filter, NULL), 0);
	return rw_flow_filter_takes(&filter, flow);
}

static void filters_by_each_criterion(void **state)
{
	struct rw_enforce_bpf_flow flow = make_flow(), question = make_flow();

	(void)state;
	assert_true(takes((struct rw_flow_filter_text){0}, &flow));
	assert_true(takes((struct rw_flow_filter_text){.remote = "10.0.0.8/31"}, &flow));
	assert_false(takes((struct rw_flow_filter_text){.remote = "10.0.0.1"}, &flow));
	assert_true(takes((struct rw_flow_filter_text){.port = "22"}, &flow));
	assert_true(takes((struct rw_flow_filter_text){.port = "40001"}, &flow));
	assert_false(takes((struct rw_flow_filter_text){.port = "23"}, &flow));
	assert_true(takes((struct rw_flow_filter_text){.protocol = "tcp"}, &flow));
	assert_false(takes((struct rw_flow_filter_text){.protocol = "udp"}, &flow));
	assert_true(takes((struct rw_flow_filter_text){.class = "established"}, &flow));
	assert_false(takes((struct rw_flow_filter_text){.class = "assured"}, &flow));
	assert_false(takes((struct rw_flow_filter_text){.port = "22", .protocol = "udp"}, &flow));

	/* What stands in the place of ports is none. */
	question.flow.protocol = RW_PROTOCOL_ICMP;
	assert_false(takes((struct rw_flow_filter_text){.port = "22"}, &question));

	/* Opened from here, the responder is remote. */
	flow.flow.ingress = false;
	flow.flow.egress = true;
	assert_true(takes((struct rw_flow_filter_text){.remote = "10.0.0.1"}, &flow));
	assert_false(takes((struct rw_flow_filter_text){.remote = "10.0.0.9"}, &flow));
}

static void refuses_bad_filters_by_option(void **state)
{
	const struct {
		struct rw_flow_filter_text text;
		const char *option;
	} bad[] = {
		{{.remote = "10.0.0.1/8"}, "--remote"},
		{{.port = "0"}, "--port"},
		{{.port = "65536"}, "--port"},
		{{.port = "ssh"}, "--port"},
		{{.port = "-1"}, "--port"},
		{{.protocol = "tpc"}, "--protocol"},
		{{.class = "open"}, "--class"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct rw_error err = RW_ERROR_NONE;
		struct rw_flow_filter filter;

		assert_int_equal(rw_flow_filter_parse(&bad[i].text, &filter, &err), -EINVAL);
		assert_string_equal(err.field, bad[i].option);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_a_flow_in_one_line),
		cmocka_unit_test(shows_a_flow_in_two_lines_where_one_does_not_fit),
		cmocka_unit_test(shows_both_decisions_of_a_forwarded_flow),
		cmocka_unit_test(names_no_rule_that_it_cannot_know),
		cmocka_unit_test(filters_by_each_criterion),
		cmocka_unit_test(refuses_bad_filters_by_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
