/* SPDX-License-Identifier: Apache-2.0 */

/* Objects, rules and changes over HTTP. */

#include "test.h"

#include <string.h>

#include "fixture.h"

#define NETWORK "{\"name\":\"net\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/16\"]}"
#define CLUSTER "{\"name\":\"demo\",\"network\":\"net\",\"container_cidrs\":[\"172.18.0.0/16\"]}"

static int setup(void **state)
{
	struct api_fixture *fx = calloc(1, sizeof(*fx));

	*state = fx;
	api_fixture_init(fx);
	fixture_expect(fx, "POST", "/v1/networks", NETWORK, 201);
	fixture_expect(fx, "POST", "/v1/clusters", CLUSTER, 201);
	fixture_expect(fx, "POST", "/v1/security-groups", "{\"name\":\"web\",\"network\":\"net\"}", 201);
	return 0;
}

static int teardown(void **state)
{
	api_fixture_done(*state);
	free(*state);
	return 0;
}

static void pages_collections(void **state)
{
	struct api_fixture *fx = *state;
	char target[128] = "/v1/networks?limit=2", body[64], seen[5][64];
	struct answer answer;
	size_t count = 0;

	for (int i = 0; i < 4; i++) {
		(void)snprintf(body, sizeof(body), "{\"name\":\"n%d\",\"cidrs\":[\"10.%d.0.0/16\"]}", i,
			       i + 1);
		fixture_expect(fx, "POST", "/v1/networks", body, 201);
	}
	for (;;) {
		fixture_ask(fx, "GET", target, NULL, &answer);
		assert_int_equal(answer.status, 200);
		for (size_t i = 0; i < answer_count(&answer, "items"); i++)
			(void)snprintf(seen[count++], sizeof(seen[0]), "%s",
				       answer_element(&answer, "items", i, "id"));
		if (!answer_text(&answer, "next")[0])
			break;
		(void)snprintf(target, sizeof(target), "/v1/networks?limit=2&after=%s",
			       answer_text(&answer, "next"));
		answer_done(&answer);
	}
	answer_done(&answer);
	assert_int_equal(count, 5);
	for (size_t i = 1; i < count; i++)
		assert_true(strcmp(seen[i - 1], seen[i]) < 0);
}

static void filters_collections(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "GET", "/v1/security-groups?cluster=demo", NULL, &answer);
	assert_int_equal(answer_count(&answer, "items"), 1);
	answer_done(&answer);
	fixture_ask(fx, "GET", "/v1/security-groups?network=net&name=web", NULL, &answer);
	assert_int_equal(answer_count(&answer, "items"), 1);
	assert_string_equal(answer_element(&answer, "items", 0, "name"), "web");
	answer_done(&answer);
	fixture_ask(fx, "GET", "/v1/nodes?cluster=nowhere", NULL, &answer);
	assert_int_equal(answer.status, 400);
	assert_string_equal(answer_text(&answer, "field"), "cluster");
	answer_done(&answer);
}

static int64_t number_at(const struct rw_json *object, const char *key)
{
	struct rw_json member;
	int64_t number = -1;

	assert_true(rw_json_find(object, key, &member));
	assert_int_equal(rw_json_integer(&member, 0, INT64_MAX, &number, NULL), 0);
	return number;
}

static void expect_nodes(const struct rw_json *cluster, int64_t rules, int64_t total, int64_t offline)
{
	struct rw_json nodes;

	assert_int_equal(number_at(cluster, "rule_count"), rules);
	assert_true(rw_json_find(cluster, "nodes", &nodes));
	assert_int_equal(number_at(&nodes, "total"), total);
	assert_int_equal(number_at(&nodes, "offline"), offline);
	assert_int_equal(number_at(&nodes, "connected"), 0);
}

static void counts_rules_and_nodes_of_clusters(void **state)
{
	struct api_fixture *fx = *state;
	struct rw_json items, cluster;
	struct answer answer;

	fixture_expect(fx, "POST", "/v1/nodes", "{\"name\":\"n-1\",\"cluster\":\"demo\"}", 201);
	fixture_expect(fx, "POST", "/v1/nodes", "{\"name\":\"n-2\",\"cluster\":\"demo\",\"agent\":\"none\"}",
		       201);
	fixture_expect(fx, "POST", "/v1/nodes",
		       "{\"name\":\"n-3\",\"network\":\"net\",\"security_groups\":[\"web\"]}", 201);
	fixture_expect(fx, "POST", "/v1/clusters", "{\"name\":\"zero\",\"network\":\"net\",\"no_web\":true}",
		       201);
	fixture_ask(fx, "GET", "/v1/clusters/demo", NULL, &answer);
	expect_nodes(&answer.root, 5, 2, 1);
	answer_done(&answer);
	fixture_ask(fx, "GET", "/v1/clusters?name=zero", NULL, &answer);
	assert_true(rw_json_find(&answer.root, "items", &items));
	cluster = rw_json_at(&items, 0);
	expect_nodes(&cluster, 2, 0, 0);
	answer_done(&answer);
}

static void sums_up_the_audit(void **state)
{
	struct api_fixture *fx = *state;
	struct rw_json items, item, findings;
	struct answer answer;

	fixture_expect(fx, "POST", "/v1/audit/suppressions",
		       "{\"check\":\"open-http\",\"subject\":\"demo\",\"reason\":\"a shop\"}", 201);
	fixture_ask(fx, "GET", "/v1/audit/summary", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "items"), 2); /* the cluster and the group "web" */
	assert_true(rw_json_find(&answer.root, "items", &items));
	item = rw_json_at(&items, 0);
	assert_true(rw_json_find(&item, "findings", &findings));
	assert_int_equal(number_at(&findings, "high"), 1);
	assert_int_equal(number_at(&findings, "info"), 1);
	assert_int_equal(number_at(&item, "suppressed"), 1);
	answer_done(&answer);
	fixture_ask(fx, "GET", "/v1/audit/summary?cluster=web", NULL, &answer);
	assert_int_equal(answer_count(&answer, "items"), 1);
	answer_done(&answer);
	fixture_expect(fx, "GET", "/v1/audit/summary?cluster=nobody", NULL, 404);
}

static void a_cluster_stands_for_its_group(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "GET", "/v1/security-groups/demo", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_true(answer_count(&answer, "rules") > 0);
	answer_done(&answer);
	fixture_ask(fx, "DELETE", "/v1/security-groups/demo", NULL, &answer);
	assert_int_equal(answer.status, 403);
	answer_done(&answer);
	fixture_expect(fx, "POST", "/v1/security-groups/web/rules",
		       "{\"rules\":[\"allow tcp 80 from group:demo\"]}", 201);
}

static void says_what_became_of_each_rule(void **state)
{
	struct api_fixture *fx = *state;
	const char *body = "{\"rules\":[\"allow tcp 5432 from 10.0.0.0/24\",{\"direction\":\"ingress\","
			   "\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":\"6379/6379\","
			   "\"object\":{\"cidr\":\"10.0.1.0/24\"}}]}";
	struct answer answer;
	char target[128], id[RW_ID_SIZE];

	fixture_ask(fx, "POST", "/v1/security-groups/web/rules", body, &answer);
	assert_int_equal(answer.status, 201);
	assert_int_equal(answer_count(&answer, "items"), 2);
	assert_string_equal(answer_element(&answer, "outcomes", 0, "fate"), "added");
	(void)strcpy(id, answer_element(&answer, "outcomes", 0, "id"));
	answer_done(&answer);
	fixture_ask(fx, "POST", "/v1/security-groups/web/rules", body, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_element(&answer, "outcomes", 1, "fate"), "existed");
	assert_int_equal(answer_count(&answer, "notes"), 2);
	answer_done(&answer);
	(void)snprintf(
		target, sizeof(target),
		"{\"rules\":[{\"id\":\"%s\"},\"allow tcp 6379 from 10.0.1.0/24\",\"drop tcp 1 from any\"]}",
		id);
	fixture_ask(fx, "POST", "/v1/security-groups/web/rules/revoke", target, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_element(&answer, "outcomes", 0, "fate"), "revoked");
	assert_string_equal(answer_element(&answer, "outcomes", 1, "fate"), "revoked");
	assert_string_equal(answer_element(&answer, "outcomes", 2, "fate"), "missing");
	answer_done(&answer);
}

static void patches_objects_and_rules(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;
	char target[160];

	fixture_expect(fx, "PATCH", "/v1/security-groups/web", "{\"name\":\"front\",\"description\":\"x\"}",
		       200);
	fixture_expect(fx, "PATCH", "/v1/security-groups/front", "{\"description\":null}", 200);
	fixture_ask(fx, "GET", "/v1/security-groups/front", NULL, &answer);
	assert_string_equal(answer_text(&answer, "description"), "");
	answer_done(&answer);
	fixture_ask(fx, "POST", "/v1/security-groups/front/rules",
		    "{\"rules\":[\"allow tcp 1 from 10.0.0.1\"]}", &answer);
	(void)snprintf(target, sizeof(target), "/v1/security-groups/front/rules/%s",
		       answer_element(&answer, "outcomes", 0, "id"));
	answer_done(&answer);
	fixture_expect(fx, "PATCH", target, "{\"object\":{\"group\":\"demo\"},\"priority\":7}", 200);
	fixture_ask(fx, "GET", target, NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_text(&answer, "author"), "boss");
	answer_done(&answer);
	fixture_expect(fx, "DELETE", target, NULL, 200);
	fixture_expect(fx, "GET", target, NULL, 404);
}

static void honours_if_match(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {.method = "PATCH",
				  .target = "/v1/networks/net",
				  .body = "{\"cidrs\":[\"10.0.0.0/16\",\"10.9.0.0/16\"]}",
				  .key = fx->keys[RW_ROLE_ADMIN],
				  .header = "If-Match"};
	struct answer answer;
	char etag[64];

	fixture_ask(fx, "GET", "/v1/networks/net", NULL, &answer);
	(void)snprintf(etag, sizeof(etag), "%s", answer_header(&answer, "ETag"));
	assert_true(etag[0] == '"');
	answer_done(&answer);
	request.value = etag;
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_not_equal(answer_header(&answer, "ETag"), etag);
	answer_done(&answer);
	request.body = "{\"cidrs\":[\"10.0.0.0/16\"]}";
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 412);
	answer_done(&answer);
	request.value = "W/\"x\"";
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 400);
	assert_string_equal(answer_text(&answer, "field"), "If-Match");
	answer_done(&answer);
}

static void does_a_request_with_an_idempotency_key_once(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {.method = "POST",
				  .target = "/v1/security-groups/web/rules",
				  .body = "{\"rules\":[\"allow tcp 81 from 10.0.0.1\"]}",
				  .key = fx->keys[RW_ROLE_ADMIN],
				  .header = "Idempotency-Key",
				  .value = "one"};
	char revision[32], id[RW_ID_SIZE];
	struct answer answer;

	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 201);
	(void)strcpy(revision, answer_text(&answer, "revision"));
	(void)strcpy(id, answer_element(&answer, "outcomes", 0, "id"));
	answer_done(&answer);
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 201);
	assert_string_equal(answer_text(&answer, "revision"), revision);
	assert_string_equal(answer_element(&answer, "outcomes", 0, "id"), id);
	assert_string_equal(answer_header(&answer, "Idempotent-Replayed"), "true");
	answer_done(&answer);
	request.body = "{\"rules\":[\"allow tcp 82 from 10.0.0.1\"]}";
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 409);
	answer_done(&answer);
}

static void a_dry_run_changes_nothing(void **state)
{
	struct api_fixture *fx = *state;
	uint64_t revision = rw_controller_revision(fx->fx.controller);
	struct answer answer;

	fixture_ask(fx, "POST", "/v1/networks?dry_run=true",
		    "{\"name\":\"other\",\"cidrs\":[\"10.5.0.0/16\"]}", &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_element(&answer, "items", 0, "name"), "other");
	answer_done(&answer);
	assert_int_equal(rw_controller_revision(fx->fx.controller), revision);
	fixture_expect(fx, "GET", "/v1/networks/other", NULL, 404);
}

static void tells_which_rules_a_new_cluster_would_get(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "POST", "/v1/clusters?dry_run=true",
		    "{\"name\":\"c\",\"network\":\"net\",\"no_web\":true,\"management_cidrs\":[\"203.0.113.0/"
		    "24\"]}",
		    &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "diff"), 2);
	assert_string_equal(answer_element(&answer, "diff", 0, "change"), "add");
	assert_string_equal(answer_element(&answer, "diff", 0, "target"), "c");
	assert_non_null(strstr(answer.result.body, "allow tcp 22 from 203.0.113.0/24"));
	answer_done(&answer);
}

static void names_who_uses_what_should_go(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "DELETE", "/v1/networks/net", NULL, &answer);
	assert_int_equal(answer.status, 409);
	assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:in-use");
	assert_int_equal(answer_count(&answer, "referrers"), 3);
	assert_string_equal(answer_element(&answer, "referrers", 0, "kind"), "cluster");
	assert_string_equal(answer_element(&answer, "referrers", 0, "name"), "demo");
	answer_done(&answer);
}

static void applies_and_shows_the_difference(void **state)
{
	struct api_fixture *fx = *state;
	const char *text = "group: web\n- allow tcp 443 from any\n";
	struct answer answer;

	fixture_ask(fx, "POST", "/v1/apply?dry_run=true", text, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "diff"), 2);
	assert_string_equal(answer_element(&answer, "diff", 0, "change"), "add");
	assert_string_equal(answer_element(&answer, "diff", 0, "target"), "web");
	answer_done(&answer);
	fixture_expect(fx, "POST", "/v1/apply", text, 200);
	fixture_ask(fx, "POST", "/v1/apply", "{\"group\":\"web\",\"rules\":[\"allow tcp 443 from any\"]}",
		    &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "diff"), 0);
	answer_done(&answer);
	fixture_expect(fx, "POST", "/v1/apply", "group: nowhere\n- allow tcp 1 from any\n", 400);
}

static void carries_a_model_to_an_empty_controller_only(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "GET", "/v1/model", NULL, &answer);
	assert_int_equal(answer.status, 200);
	fixture_expect(fx, "POST", "/v1/model", answer.result.body, 409);
	for (size_t i = 0; i < 1; i++) {
		fixture_expect(fx, "DELETE", "/v1/clusters/demo", NULL, 200);
		fixture_expect(fx, "DELETE", "/v1/security-groups/web", NULL, 200);
		fixture_expect(fx, "DELETE", "/v1/networks/net", NULL, 200);
	}
	fixture_expect(fx, "POST", "/v1/model", answer.result.body, 201);
	answer_done(&answer);
	fixture_expect(fx, "GET", "/v1/clusters/demo", NULL, 200);
}

static void imports_within_the_limits_of_this_controller(void **state)
{
	struct api_fixture *fx = *state;
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct answer answer;

	rw_buf_init(&body, 1 << 20);
	(void)rw_buf_append_text(&body, "{\"version\":1,\"networks\":[");
	for (int i = 0; i < 101; i++)
		(void)rw_buf_append_format(
			&body, "%s{\"name\":\"n%d\",\"kind\":\"vpc\",\"cidrs\":[\"10.%d.0.0/16\"]}",
			i ? "," : "", i, i);
	(void)rw_buf_append_text(&body, "]}");
	fixture_expect(fx, "DELETE", "/v1/clusters/demo", NULL, 200);
	fixture_expect(fx, "DELETE", "/v1/security-groups/web", NULL, 200);
	fixture_expect(fx, "DELETE", "/v1/networks/net", NULL, 200);
	fixture_ask(fx, "POST", "/v1/model", body.data, &answer);
	assert_int_equal(answer.status, 409);
	assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:limit");
	answer_done(&answer);
	fx->fx.controller->model_limits.networks = 101;
	fixture_expect(fx, "POST", "/v1/model", body.data, 201);
}

/* Bad input for every kind of field: the status and the field that the problem names. */
static const struct {
	const char *method, *target, *body;
	unsigned int status;
	const char *field;
} bad[] = {
	{"POST", "/v1/networks", "", 400, NULL},
	{"POST", "/v1/networks", "[]", 400, NULL},
	{"POST", "/v1/networks", "{\"name\":1}", 400, "name"},
	{"POST", "/v1/networks", "{\"name\":\"\"}", 400, "name"},
	{"POST", "/v1/networks", "{\"name\":\"a\\u202eb\",\"cidrs\":[\"10.0.0.0/8\"]}", 400, "name"},
	{"POST", "/v1/networks", "{\"name\":\"x\",\"kind\":\"lan\"}", 400, "kind"},
	{"POST", "/v1/networks", "{\"name\":\"x\",\"cidrs\":[\"10.0.0.0/33\"]}", 400, "cidrs[0]"},
	{"POST", "/v1/networks", "{\"name\":\"x\",\"cidrs\":[\"10.0.0.1/8\"]}", 400, "cidrs[0]"},
	{"POST", "/v1/networks", "{\"name\":\"x\",\"cidr\":\"10.0.0.0/8\"}", 400, "cidr"},
	{"POST", "/v1/networks", "{\"id\":\"vpc-1\",\"name\":\"x\"}", 400, "id"},
	{"POST", "/v1/networks", "{\"name\":\"net\",\"cidrs\":[\"10.0.0.0/8\"]}", 409, NULL},
	{"POST", "/v1/clusters", "{\"name\":\"c\",\"network\":\"none\"}", 400, "network"},
	{"POST", "/v1/clusters", "{\"name\":\"c\",\"network\":\"net\",\"no_web\":1}", 400, "no_web"},
	{"POST", "/v1/clusters", "{\"name\":\"c\",\"network\":\"net\",\"security_group\":\"x\"}", 400,
	 "security_group"},
	{"POST", "/v1/nodes", "{\"name\":\"m\",\"cluster\":\"none\"}", 400, "cluster"},
	{"POST", "/v1/security-groups", "{\"name\":\"g\",\"network\":\"net\",\"inner_access\":\"no\"}", 400,
	 "inner_access"},
	{"PATCH", "/v1/security-groups/web", "{\"rules\":[]}", 400, "rules"},
	{"PATCH", "/v1/security-groups/web", "{\"id\":\"sg-2\"}", 400, "id"},
	{"PATCH", "/v1/networks/net", "{\"kind\":\"classic\"}", 400, "kind"},
	{"PATCH", "/v1/networks/nowhere", "{}", 404, NULL},
	{"DELETE", "/v1/nodes/nowhere", NULL, 404, NULL},
	{"DELETE", "/v1/clusters/demo?with_nodes=1", NULL, 400, "with_nodes"},
	{"POST", "/v1/security-groups/web/rules", "{}", 400, "rules"},
	{"POST", "/v1/security-groups/web/rules", "{\"rules\":[]}", 400, "rules"},
	{"POST", "/v1/security-groups/web/rules", "{\"rules\":[1]}", 400, "rules[0]"},
	{"POST", "/v1/security-groups/web/rules", "{\"rules\":[\"allow tcp from any\"]}", 400, "rules[0]"},
	{"POST", "/v1/security-groups/web/rules", "{\"rules\":[{\"ports\":\"1-2\"}]}", 400, "rules[0].ports"},
	{"POST", "/v1/security-groups/web/rules", "{\"rule\":1}", 400, "rule"},
	{"POST", "/v1/security-groups/nowhere/rules", "{\"rules\":[\"allow tcp 1 from any\"]}", 404, NULL},
	{"POST", "/v1/security-groups/web/members", "{\"nodes\":[\"nobody\"]}", 400, "nodes[0]"},
	{"POST", "/v1/security-groups/web/members", "{}", 400, "nodes"},
	{"POST", "/v1/join-tokens", "{\"cluster\":\"none\"}", 400, "cluster"},
	{"POST", "/v1/join-tokens", "{\"cluster\":\"demo\",\"ttl_s\":0}", 400, "ttl_s"},
	{"POST", "/v1/join-tokens", "{\"security_group\":\"none\"}", 400, "security_group"},
	{"POST", "/v1/join-tokens", "{\"security_group\":\"web\",\"cluster\":\"demo\"}", 400,
	 "security_group"},
	{"POST", "/v1/keys", "{\"name\":\"x\",\"role\":\"king\"}", 400, "role"},
	{"POST", "/v1/keys", "{\"role\":\"viewer\"}", 400, "name"},
	{"POST", "/v1/keys", "{\"name\":\"x\",\"expires\":\"tomorrow\"}", 400, "expires"},
	{"DELETE", "/v1/keys/k-0000000000000000", NULL, 404, NULL},
	{"GET", "/v1/networks?limit=0", NULL, 400, "limit"},
	{"GET", "/v1/networks?colour=red", NULL, 400, "colour"},
	{"GET", "/v1/log?after=x", NULL, 400, "after"},
	{"GET", "/v1/changes/x", NULL, 404, NULL},
	{"GET", "/v1/changes/999", NULL, 404, NULL},
	{"GET", "/v1/events?since=x", NULL, 400, NULL},
	{"POST", "/v1/networks?wait=long", "{\"name\":\"x\",\"cidrs\":[\"10.7.0.0/16\"]}", 400, "wait"},
	{"POST", "/v1/networks?force=me", "{\"name\":\"x\",\"cidrs\":[\"10.7.0.0/16\"]}", 400, "force"},
	{"POST", "/v1/networks?dry_run=1", "{\"name\":\"x\",\"cidrs\":[\"10.7.0.0/16\"]}", 400, "dry_run"},
	{"POST", "/v1/model", "{\"version\":9}", 400, NULL},
	{"POST", "/v1/model", "x", 400, NULL},
	{"POST", "/v1/apply", "", 400, NULL},
	{"POST", "/v1/agent/join", "{\"token\":\"x\"}", 400, NULL},
	{"PUT", "/v1/networks", "{}", 405, NULL},
	{"GET", "/v1/nothing", NULL, 404, NULL},
};

static void refuses_bad_input_and_names_the_field(void **state)
{
	struct api_fixture *fx = *state;
	uint64_t revision = rw_controller_revision(fx->fx.controller);

	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct answer answer;

		fixture_ask(fx, bad[i].method, bad[i].target, bad[i].body, &answer);
		if (answer.status != bad[i].status ||
		    (bad[i].field && strcmp(answer_text(&answer, "field"), bad[i].field) != 0))
			fail_msg("%s %s %s: %u %s", bad[i].method, bad[i].target,
				 bad[i].body ? bad[i].body : "", answer.status,
				 answer.result.body ? answer.result.body : "");
		assert_string_equal(answer_header(&answer, "Content-Type"), "application/problem+json");
		assert_true(answer_text(&answer, "detail")[0]);
		answer_done(&answer);
	}
	assert_int_equal(rw_controller_revision(fx->fx.controller), revision);
}

static void a_limit_of_the_model_is_a_conflict(void **state)
{
	struct api_fixture *fx = *state;
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct answer answer;

	rw_buf_init(&body, 1 << 20);
	(void)rw_buf_append_text(&body, "{\"rules\":[");
	for (int i = 0; i < 60; i++)
		(void)rw_buf_append_format(&body, "%s\"allow tcp %d from any\"", i ? "," : "", 1000 + i);
	(void)rw_buf_append_text(&body, "]}");
	fixture_ask(fx, "POST", "/v1/security-groups/web/rules", body.data, &answer);
	assert_int_equal(answer.status, 409);
	assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:limit");
	answer_done(&answer);
}

static void keeps_a_log_with_its_author(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "GET", "/v1/log?limit=2", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "items"), 2);
	assert_string_equal(answer_element(&answer, "items", 0, "who"), "boss");
	assert_string_equal(answer_element(&answer, "items", 0, "from"), "127.0.0.1");
	assert_string_equal(answer_element(&answer, "items", 0, "action"), "create security group");
	assert_true(answer_text(&answer, "next")[0]);
	answer_done(&answer);
}

static void shows_secrets_only_once(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;
	char secret[64];

	fixture_ask(fx, "POST", "/v1/keys", "{\"name\":\"ci\",\"role\":\"operator\"}", &answer);
	assert_int_equal(answer.status, 201);
	(void)snprintf(secret, sizeof(secret), "%s", answer_text(&answer, "secret"));
	assert_int_equal(strlen(secret), 43);
	answer_done(&answer);
	fixture_ask(fx, "GET", "/v1/keys", NULL, &answer);
	assert_null(strstr(answer.result.body, secret));
	answer_done(&answer);
	fixture_ask(fx, "GET", "/v1/log", NULL, &answer);
	assert_null(strstr(answer.result.body, secret));
	answer_done(&answer);
}

static void tells_how_it_is(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_expect(fx, "GET", "/healthz", NULL, 200);
	fixture_expect(fx, "GET", "/readyz", NULL, 200);
	fixture_expect(fx, "GET", "/", NULL, 200);
	fixture_ask(fx, "GET", "/metrics", NULL, &answer);
	assert_non_null(strstr(answer.result.body, "\nringwall_objects{kind=\"cluster\"} 1\n"));
	assert_non_null(strstr(answer.result.body, "\nringwall_writable 1\n"));
	answer_done(&answer);
}

static void who_has_taken_over_does_not_say_that_it_has_waited(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {.method = "POST",
				  .target = "/v1/security-groups/web/rules?wait=1s",
				  .body = "{\"rules\":[\"allow tcp 82 from 10.0.0.1\"]}",
				  .key = fx->keys[RW_ROLE_ADMIN],
				  .header = "Idempotency-Key",
				  .value = "one"};
	struct answer answer;
	struct rw_json waited;
	bool has_waited;

	for (int i = 0; i < 2; i++) {
		fixture_send(fx, &request, &answer);
		assert_true(rw_json_find(&answer.root, "waited", &waited));
		assert_int_equal(rw_json_bool(&waited, &has_waited, NULL), 0);
		assert_true(has_waited == (i == 0));
		answer_done(&answer);
		api_fixture_restart(fx);
	}
}

static void ask_for_token(struct api_fixture *fx, struct answer *ret_answer)
{
	fixture_ask(fx, "POST", "/v1/join-tokens", "{\"cluster\":\"demo\"}", ret_answer);
	assert_int_equal(ret_answer->status, 201);
}

static void a_join_command_names_all_controllers(void **state)
{
	static const char *const urls[] = {"https://a:8443", "https://b:8443"};
	struct api_fixture *fx = *state;
	struct answer answer;

	ask_for_token(fx, &answer);
	assert_int_equal(answer_count(&answer, "controllers"), 1);
	assert_non_null(
		strstr(answer_text(&answer, "command"), "join --server https://controller:8443 --token j-"));
	answer_done(&answer);
	fx->fx.options.urls = urls;
	fx->fx.options.url_count = RW_ARRAY_COUNT(urls);
	api_fixture_restart(fx);
	ask_for_token(fx, &answer);
	assert_int_equal(answer_count(&answer, "controllers"), 2);
	assert_non_null(strstr(answer_text(&answer, "command"),
			       "join --server https://a:8443 --server https://b:8443 --token j-"));
	answer_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_collections, setup, teardown),
		cmocka_unit_test_setup_teardown(filters_collections, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_rules_and_nodes_of_clusters, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_up_the_audit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cluster_stands_for_its_group, setup, teardown),
		cmocka_unit_test_setup_teardown(says_what_became_of_each_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(patches_objects_and_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(honours_if_match, setup, teardown),
		cmocka_unit_test_setup_teardown(does_a_request_with_an_idempotency_key_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dry_run_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_which_rules_a_new_cluster_would_get, setup, teardown),
		cmocka_unit_test_setup_teardown(names_who_uses_what_should_go, setup, teardown),
		cmocka_unit_test_setup_teardown(applies_and_shows_the_difference, setup, teardown),
		cmocka_unit_test_setup_teardown(carries_a_model_to_an_empty_controller_only, setup, teardown),
		cmocka_unit_test_setup_teardown(imports_within_the_limits_of_this_controller, setup,
						teardown),
		cmocka_unit_test_setup_teardown(refuses_bad_input_and_names_the_field, setup, teardown),
		cmocka_unit_test_setup_teardown(a_limit_of_the_model_is_a_conflict, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_a_log_with_its_author, setup, teardown),
		cmocka_unit_test_setup_teardown(shows_secrets_only_once, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_how_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(a_join_command_names_all_controllers, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_taken_over_does_not_say_that_it_has_waited, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
