/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "wire/join.h"
#include "wire/report.h"

/* A report with everything in it; its lists are static. */
static struct rw_report full_report(void)
{
	static struct rw_address addresses[] = {{4, {10, 0, 0, 5}}, {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 5}}};
	static struct rw_report_interface interfaces[] = {
		{"eth0", "ethernet", "02:00:00:00:00:01", true, true, addresses, 2, "default route"},
		{"lo", "other", "", false, false, NULL, 0, ""},
	};
	static uint16_t ssh_ports[] = {22, 2222};
	static struct rw_report_listener listeners[] = {{RW_PROTOCOL_TCP, 22, "sshd"},
							{RW_PROTOCOL_UDP, 53, ""}};
	static struct rw_report_hit hits[] = {{"sgr-1", UINT64_MAX, 1795487309123}, {"sgr-2", 0, 0}};
	static struct rw_report_drop drops[] = {
		{1795487309123,
		 "eth0",
		 RW_DIRECTION_EGRESS,
		 RW_PROTOCOL_TCP,
		 {4, {10, 0, 0, 5}},
		 {4, {203, 0, 113, 9}},
		 22,
		 40000,
		 true,
		 "system:spoofed"},
		{1795487309124, "eth0", RW_DIRECTION_INGRESS, 89, {0}, {0}, 0, 0, false, "sgr-1"},
	};
	static struct rw_report_connection connections[] = {
		{"eth0", RW_DIRECTION_INGRESS, {4, {10, 0, 0, 5}}, {4, {203, 0, 113, 9}}, 2222, 40000, true}};
	static struct rw_report_hook hooks[] = {{"eth0", "eth0", "tcx", "enforced", ""},
						{"br0", "eth1", "clsact", "shared", "by 'x'"}};
	struct rw_report report;

	rw_report_init(&report);
	report.kernel =
		(struct rw_report_kernel){.generation = UINT32_MAX,
					  .flow_capacity = 65536,
					  .flows = {[RW_FLOW_HALF_OPEN] = 1, [RW_FLOW_ESTABLISHED] = 7},
					  .full_pairs_ppm = 1000000,
					  .table_bytes = 4096,
					  .table_limit_bytes = 8192,
					  .table_memory_bytes = 16384,
					  .flows_refused = UINT64_MAX,
					  .hooks_restored = 3,
					  .passed = 8,
					  .hooks = hooks,
					  .hook_count = 2};
	report.applied = (struct rw_position){"6f00", 17};
	report.wanted = (struct rw_position){"6f00", 18};
	report.digest = (struct rw_policy_digest){{1, 2}};
	report.state = RW_AGENT_STATE_FAILED;
	strcpy(report.reason, "table too large: \"web\"");
	strcpy(report.agent_version, "0.1.0");
	report.started_ms = 1795487000000;
	report.persistent = true;
	report.interfaces = interfaces;
	report.interface_count = 2;
	report.ssh_ports = ssh_ports;
	report.ssh_port_count = 2;
	report.listeners = listeners;
	report.listener_count = 2;
	report.hits = hits;
	report.hit_count = 2;
	for (unsigned int i = 0; i < RW_CAUSE_COUNT_; i++)
		report.drops[i] = i * 10;
	report.drops[RW_CAUSE_RULE] = 5;
	report.would_drops[RW_CAUSE_DEFAULT] = 3;
	report.connections = connections;
	report.connection_count = 1;
	report.connections_cut = 70;
	report.drop_events = drops;
	report.drop_event_count = 2;
	report.drop_events_lost = 9;
	return report;
}

static void carries_every_field_of_a_report(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report read;
	RW_CLEANUP(rw_buf_done) struct rw_buf first;
	RW_CLEANUP(rw_buf_done) struct rw_buf second;
	struct rw_report report = full_report();
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_report_init(&read);
	rw_buf_init(&first, 1 << 20);
	rw_buf_init(&second, 1 << 20);
	report.version = RW_REPORT_VERSION;
	assert_int_equal(rw_report_encode(&first, &report, NULL), 0);
	if (rw_report_decode(first.data, first.size, &read, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(rw_report_encode(&second, &read, NULL), 0);
	assert_string_equal(second.data, first.data);
	assert_int_equal(read.state, RW_AGENT_STATE_FAILED);
	assert_int_equal(read.wanted.revision, 18);
	assert_string_equal(read.interfaces[0].mac, "02:00:00:00:00:01");
	assert_true(read.interfaces[0].default_route);
	assert_int_equal(read.interfaces[0].address_count, 2);
	assert_true(read.hits[0].packets == UINT64_MAX);
	assert_string_equal(read.drop_events[0].cause, "system:spoofed");
	assert_true(read.drop_events[0].would);
	assert_int_equal(read.drops[RW_CAUSE_PENDING], 160);
	assert_int_equal(read.drops[RW_CAUSE_RULE], 5);
	assert_int_equal(read.would_drops[RW_CAUSE_DEFAULT], 3);
	assert_string_equal(read.interfaces[0].reason, "default route");
	assert_int_equal(read.connection_count, 1);
	assert_int_equal(read.connections[0].local_port, 2222);
	assert_true(read.connections[0].ssh);
	assert_int_equal(read.connections_cut, 70);
	assert_int_equal(read.kernel.flows[RW_FLOW_ESTABLISHED], 7);
	assert_int_equal(read.kernel.hook_count, 2);
	assert_int_equal(read.kernel.hooks_restored, 3);
	assert_int_equal(read.kernel.table_bytes, 4096);
	assert_int_equal(read.kernel.table_limit_bytes, 8192);
	assert_int_equal(read.kernel.table_memory_bytes, 16384);
	assert_string_equal(read.kernel.hooks[1].detail, "by 'x'");
	assert_int_equal(read.drop_events_lost, 9);
}

#define REPORT(more)                                                                                         \
	"{\"version\":1,\"applied\":{\"incarnation\":\"\",\"revision\":\"0\"},\"state\":\"ok\"" more "}"
#define DROP(more)                                                                                           \
	REPORT(",\"drop_events\":[{\"time\":\"2026-11-24T02:28:29Z\",\"interface\":\"eth0\",\"direction\":"  \
	       "\"ingress\"" more "}]")

static void takes_a_short_report(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;

	(void)state;
	rw_report_init(&report);
	assert_int_equal(rw_report_decode(REPORT(""), strlen(REPORT("")), &report, NULL), 0);
	assert_int_equal(report.state, RW_AGENT_STATE_OK);
	assert_int_equal(report.interface_count, 0);
}

static void refuses_each_wrong_field_of_a_report(void **state)
{
	static const struct {
		const char *text;
		const char *field;
	} cases[] = {
		{"{}", "version"},
		{"{\"version\":1}", "applied"},
		{"{\"version\":1,\"applied\":{\"incarnation\":\"a\"}}", "applied.revision"},
		{"{\"version\":1,\"applied\":{\"incarnation\":\"a\",\"revision\":\"1\"}}", "state"},
		{REPORT(",\"wanted\":1"), "wanted"},
		{REPORT(",\"digest\":\"x\""), "digest"},
		{REPORT(",\"connections\":[{}]"), "connections[0].interface"},
		{REPORT(",\"connections\":[{\"interface\":\"eth0\",\"direction\":\"up\"}]"),
		 "connections[0].direction"},
		{REPORT(",\"would_drops\":{\"luck\":\"1\"}"), "would_drops.luck"},
		{REPORT(",\"state2\":1"), "state2"},
		{REPORT(",\"kernel\":1"), "kernel"},
		{REPORT(",\"kernel\":{\"generation\":-1}"), "kernel.generation"},
		{REPORT(",\"kernel\":{\"flows\":{\"odd\":1}}"), "kernel.flows.odd"},
		{REPORT(",\"kernel\":{\"flows\":{\"assured\":\"1\"}}"), "kernel.flows.assured"},
		{REPORT(",\"kernel\":{\"hooks\":[{\"interface\":\"eth0\"}]}"), "kernel.hooks[0].device"},
		{REPORT(",\"reason\":1"), "reason"},
		/* What would write on an operator's terminal, or turn its text round. */
		{REPORT(",\"reason\":\"\\u001b[2J\""), "reason"},
		{REPORT(",\"reason\":\"\\u202e\""), "reason"},
		{REPORT(",\"interfaces\":[{\"name\":\"\\u001b[2J\"}]"), "interfaces[0].name"},
		{REPORT(",\"listeners\":[{\"protocol\":\"tcp\",\"port\":22,\"process\":\"\\u0007\"}]"),
		 "listeners[0].process"},
		{REPORT(",\"agent_version\":\"123456789012345678901234567890123\""), "agent_version"},
		{REPORT(",\"started\":\"now\""), "started"},
		{REPORT(",\"persistent\":1"), "persistent"},
		{REPORT(",\"interfaces\":[{}]"), "interfaces[0].name"},
		{REPORT(",\"interfaces\":[{\"name\":\"1234567890123456\"}]"), "interfaces[0].name"},
		{REPORT(",\"interfaces\":[{\"name\":\"a\",\"addresses\":[\"10.0.0.0/8\"]}]"),
		 "interfaces[0].addresses[0]"},
		{REPORT(",\"interfaces\":[{\"name\":\"a\",\"mac\":5}]"), "interfaces[0].mac"},
		{REPORT(",\"ssh_ports\":[0]"), "ssh_ports[0]"},
		{REPORT(",\"listeners\":[{\"protocol\":\"tcp\"}]"), "listeners[0].port"},
		{REPORT(",\"listeners\":[{\"protocol\":\"tcp\",\"port\":1,\"process\":[]}]"),
		 "listeners[0].process"},
		{REPORT(",\"hits\":[{\"rule\":\"sgr-1\",\"packets\":1}]"), "hits[0].packets"},
		{REPORT(",\"hits\":[{\"rule\":\"a b\",\"packets\":\"1\"}]"), "hits[0].rule"},
		{REPORT(",\"drops\":{\"weather\":\"1\"}"), "drops.weather"},
		{REPORT(",\"drops\":{\"default\":1}"), "drops.default"},
		{DROP(""), "drop_events[0].protocol"},
		{DROP(",\"protocol\":\"tcp\""), "drop_events[0].cause"},
		{DROP(",\"protocol\":\"tcp\",\"cause\":\"\""), "drop_events[0].cause"},
		{DROP(",\"local_port\":65536"), "drop_events[0].local_port"},
		{DROP(",\"remote\":\"x\""), "drop_events[0].remote"},
		{REPORT(",\"drop_events_lost\":1"), "drop_events_lost"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_error err = RW_ERROR_NONE;
		struct rw_report report;

		if (rw_report_decode(cases[i].text, strlen(cases[i].text), &report, &err) != -EINVAL)
			fail_msg("accepted %s", cases[i].text);
		if (strcmp(err.field, cases[i].field) != 0)
			fail_msg("%s: \"%s\": %s", cases[i].text, err.field, err.text);
	}
}

static void brief_report_is_small_whatever_is_known(void **state)
{
	struct rw_report report = full_report();
	RW_CLEANUP(rw_report_done) struct rw_report back;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_report_init(&back);
	rw_buf_init(&buf, 65536);
	report.version = RW_REPORT_VERSION;
	report.brief = true;
	assert_int_equal(rw_report_encode(&buf, &report, NULL), 0);
	assert_true(buf.size < 512 + strlen(report.reason));
	assert_int_equal(rw_report_decode(buf.data, buf.size, &back, NULL), 0);
	assert_true(back.brief);
	assert_int_equal(back.state, report.state);
	assert_int_equal(back.applied.revision, report.applied.revision);
	assert_int_equal(back.wanted.revision, report.wanted.revision);
	assert_memory_equal(&back.digest, &report.digest, sizeof(back.digest));
	assert_string_equal(back.reason, report.reason);
	assert_int_equal(back.interface_count + back.hit_count + back.listener_count, 0);
}

/* As an agent of before authorities were told writes it, and one of now to a controller of before. */
static void speaks_the_version_before(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_report told = {.authorities = {"aa"}, .authority_count = 1};
	struct rw_report_answer answer;

	(void)state;
	rw_report_init(&report);
	assert_int_equal(rw_report_decode(REPORT(""), strlen(REPORT("")), &report, NULL), 0);
	assert_int_equal(report.version, 1);
	assert_int_equal(report.authority_count, 0);
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_report_encode(&buf, &told, NULL), 0);
	assert_non_null(strstr(buf.data, "\"version\":1,"));
	assert_null(strstr(buf.data, "authorities"));
	/* A controller of before answers nothing. */
	assert_int_equal(rw_report_answer_decode("", 0, &answer, NULL), 0);
	assert_int_equal(answer.reports, 1);
	assert_int_equal(answer.authority_count, 0);
}

static void tells_authorities_both_ways(void **state)
{
	static const char fingerprint[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const char *const bad[] = {
		"{\"version\":1,\"reports\":0}",
		"{\"version\":1,\"reports\":2,\"authorities\":[\"0123\"]}",
		"{\"version\":1,\"reports\":2,\"authorities\":[1]}",
		"{\"version\":1,\"reports\":2,\"authorities\":[\"\",\"\",\"\",\"\",\"\"]}",
		"{\"version\":1}",
		"[]",
	};
	struct rw_report told = {.version = 2, .authority_count = 1};
	struct rw_report_answer answer = {.reports = 2, .authority_count = 1}, answered;
	RW_CLEANUP(rw_report_done) struct rw_report report;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_report_init(&report);
	rw_buf_init(&buf, 65536);
	strcpy(told.authorities[0], fingerprint);
	strcpy(answer.authorities[0], fingerprint);
	assert_int_equal(rw_report_encode(&buf, &told, NULL), 0);
	assert_int_equal(rw_report_decode(buf.data, buf.size, &report, NULL), 0);
	assert_int_equal(report.version, 2);
	assert_int_equal(report.authority_count, 1);
	assert_string_equal(report.authorities[0], fingerprint);
	rw_buf_clear(&buf);
	assert_int_equal(rw_report_answer_encode(&buf, &answer, NULL), 0);
	assert_int_equal(rw_report_answer_decode(buf.data, buf.size, &answered, NULL), 0);
	assert_int_equal(answered.reports, 2);
	assert_string_equal(answered.authorities[0], fingerprint);
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		if (rw_report_answer_decode(bad[i], strlen(bad[i]), &answered, NULL) >= 0)
			fail_msg("accepted %s", bad[i]);
}

static void tells_where_controllers_are(void **state)
{
	static const char *const bad[] = {
		"{\"version\":1,\"reports\":4,\"controllers\":\"https://a:8443\"}",
		"{\"version\":1,\"reports\":4,\"controllers\":[1]}",
		"{\"version\":1,\"reports\":4,\"controllers\":[\"a\\nb\"]}",
	};
	struct rw_report_answer answer = {.reports = 4, .controller_count = RW_REPORT_CONTROLLERS}, answered;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < RW_REPORT_CONTROLLERS; i++)
		(void)snprintf(answer.controllers[i], RW_REPORT_URL_SIZE, "https://c%zu:8443", i);
	memset(answer.controllers[3], 'x', RW_REPORT_URL_SIZE - 1);
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_report_answer_encode(&buf, &answer, NULL), 0);
	assert_int_equal(rw_report_answer_decode(buf.data, buf.size, &answered, NULL), 0);
	assert_int_equal(answered.controller_count, RW_REPORT_CONTROLLERS);
	assert_memory_equal(answered.controllers, answer.controllers, sizeof(answer.controllers));
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		if (rw_report_answer_decode(bad[i], strlen(bad[i]), &answered, NULL) >= 0)
			fail_msg("accepted %s", bad[i]);
	/* One more than there is room for, in number, in characters and in bytes. */
	(void)snprintf(text, sizeof(text), "{\"version\":1,\"reports\":4,\"controllers\":[\"\"%s]}",
		       ",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"");
	assert_int_equal(rw_report_answer_decode(text, strlen(text), &answered, NULL), -EINVAL);
	(void)snprintf(text, sizeof(text), "{\"version\":1,\"reports\":4,\"controllers\":[\"%0300d\"]}", 0);
	assert_int_equal(rw_report_answer_decode(text, strlen(text), &answered, NULL), -EINVAL);
	(void)snprintf(text, sizeof(text), "{\"version\":1,\"reports\":4,\"controllers\":[\"%0298dä\"]}", 0);
	assert_int_equal(rw_report_answer_decode(text, strlen(text), &answered, NULL), -EINVAL);
}

/* Agents of before know no such member, and refuse what they do not know. */
static void tells_nothing_of_controllers_where_there_is_nothing_to_tell(void **state)
{
	struct rw_report_answer answer = {.reports = 4}, answered;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_report_answer_encode(&buf, &answer, NULL), 0);
	assert_null(strstr(buf.data, "controllers"));
	assert_int_equal(rw_report_answer_decode(buf.data, buf.size, &answered, NULL), 0);
	assert_int_equal(answered.controller_count, 0);
}

static void carries_a_renewal_and_its_answer(void **state)
{
	struct rw_renew_request request = {.csr = strdup("csr\n")};
	struct rw_renew_answer answer = {.certificate = strdup("cert\n"), .ca = strdup("ca\n")};
	RW_CLEANUP(rw_renew_request_done) struct rw_renew_request asked = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer answered = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_renew_request_encode(&buf, &request, NULL), 0);
	assert_int_equal(rw_renew_request_decode(buf.data, buf.size, &asked, NULL), 0);
	assert_string_equal(asked.csr, "csr\n");
	rw_buf_clear(&buf);
	assert_int_equal(rw_renew_answer_encode(&buf, &answer, NULL), 0);
	assert_int_equal(rw_renew_answer_decode(buf.data, buf.size, &answered, NULL), 0);
	assert_string_equal(answered.certificate, "cert\n");
	assert_string_equal(answered.ca, "ca\n");
	rw_renew_request_done(&request);
	rw_renew_answer_done(&answer);
}

static void refuses_newer_versions_of_everything(void **state)
{
	static const char text[] = "{\"version\":5,\"news\":true}";
	struct rw_renew_request renew_request;
	struct rw_renew_answer renew_answer;
	struct rw_report_answer report_answer;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_join_request request;
	struct rw_join_answer answer;
	struct rw_report report;

	(void)state;
	assert_int_equal(rw_report_decode(text, strlen(text), &report, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "5"));
	assert_non_null(strstr(err.text, "4"));
	assert_int_equal(rw_report_answer_decode(text, strlen(text), &report_answer, NULL), -EPROTONOSUPPORT);
	assert_int_equal(rw_renew_request_decode(text, strlen(text), &renew_request, NULL), -EPROTONOSUPPORT);
	assert_int_equal(rw_renew_answer_decode(text, strlen(text), &renew_answer, NULL), -EPROTONOSUPPORT);
	assert_int_equal(rw_join_request_decode(text, strlen(text), &request, NULL), -EPROTONOSUPPORT);
	assert_int_equal(rw_join_answer_decode(text, strlen(text), &answer, NULL), -EPROTONOSUPPORT);
}

static void carries_a_join_and_its_answer(void **state)
{
	struct rw_report report = full_report();
	struct rw_join_request request = {
		.token = strdup("secret"),
		.machine_id = strdup("0123456789abcdef"),
		.name = strdup("node-1"),
		.cluster = strdup("demo"),
		.csr = strdup(
			"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
		.replace = true,
		.interfaces = report.interfaces,
		.interface_count = report.interface_count,
		.ssh_ports = report.ssh_ports,
		.ssh_port_count = report.ssh_port_count,
		.has_digest = true,
		.digest = {{3, 4}},
	};
	struct rw_join_answer answer = {
		.node = "n-1",
		.name = strdup("node-1"),
		.certificate = strdup("cert\n"),
		.ca = strdup("ca\n"),
		.position = {"6f", 3},
	};
	RW_CLEANUP(rw_join_request_done) struct rw_join_request read = {0};
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answered = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 1 << 20);
	assert_int_equal(rw_join_request_encode(&buf, &request, NULL), 0);
	assert_int_equal(rw_join_request_decode(buf.data, buf.size, &read, NULL), 0);
	assert_string_equal(read.token, request.token);
	assert_string_equal(read.machine_id, request.machine_id);
	assert_string_equal(read.name, request.name);
	assert_string_equal(read.cluster, request.cluster);
	assert_string_equal(read.csr, request.csr);
	assert_true(read.replace);
	assert_false(read.monitor);
	assert_int_equal(read.interface_count, 2);
	assert_int_equal(read.ssh_port_count, 2);
	assert_int_equal(read.ssh_ports[1], 2222);
	assert_true(read.has_digest);
	assert_int_equal(read.digest.words[1], 4);
	rw_buf_clear(&buf);
	assert_int_equal(rw_join_answer_encode(&buf, &answer, NULL), 0);
	assert_int_equal(rw_join_answer_decode(buf.data, buf.size, &answered, NULL), 0);
	assert_string_equal(answered.node, "n-1");
	assert_string_equal(answered.certificate, "cert\n");
	assert_int_equal(answered.position.revision, 3);
	/* The interfaces and ports are static. */
	request.interfaces = NULL;
	request.interface_count = 0;
	request.ssh_ports = NULL;
	rw_join_request_done(&request);
	rw_join_answer_done(&answer);
}

static void refuses_each_wrong_field_of_a_join(void **state)
{
	static const struct {
		const char *text;
		const char *field;
	} cases[] = {
		{"{\"version\":1}", "token"},
		{"{\"version\":1,\"token\":\"\"}", "token"},
		{"{\"version\":1,\"token\":\"t\",\"machine_id\":1}", "machine_id"},
		{"{\"version\":1,\"token\":\"t\",\"machine_id\":\"m\",\"name\":\"a\\nb\"}", "name"},
		{"{\"version\":1,\"token\":\"t\",\"machine_id\":\"m\",\"name\":\"n\"}", "csr"},
		{"{\"version\":1,\"csr\":{}}", "csr"},
		{"{\"version\":1,\"cluster\":\"\"}", "cluster"},
		{"{\"version\":1,\"monitor\":0}", "monitor"},
		{"{\"version\":1,\"replace\":0}", "replace"},
		{"{\"version\":1,\"interfaces\":{}}", "interfaces"},
		{"{\"version\":1,\"ssh_ports\":[0]}", "ssh_ports[0]"},
		{"{\"version\":1,\"digest\":\"12\"}", "digest"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_error err = RW_ERROR_NONE;
		struct rw_join_request request;

		assert_int_equal(rw_join_request_decode(cases[i].text, strlen(cases[i].text), &request, &err),
				 -EINVAL);
		assert_string_equal(err.field, cases[i].field);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_every_field_of_a_report),
		cmocka_unit_test(takes_a_short_report),
		cmocka_unit_test(refuses_each_wrong_field_of_a_report),
		cmocka_unit_test(refuses_newer_versions_of_everything),
		cmocka_unit_test(brief_report_is_small_whatever_is_known),
		cmocka_unit_test(speaks_the_version_before),
		cmocka_unit_test(tells_authorities_both_ways),
		cmocka_unit_test(tells_where_controllers_are),
		cmocka_unit_test(tells_nothing_of_controllers_where_there_is_nothing_to_tell),
		cmocka_unit_test(carries_a_renewal_and_its_answer),
		cmocka_unit_test(carries_a_join_and_its_answer),
		cmocka_unit_test(refuses_each_wrong_field_of_a_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
