/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "controller/authority.h"
#include "scratch.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

static struct fixture fx;
static struct rw_state_folder folder;
static char path[64];
static unsigned int changes;

static void on_change(void *userdata)
{
	assert_ptr_equal(userdata, &folder);
	changes++;
}

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	scratch_make(path);
	assert_int_equal(
		rw_state_folder_open(path, NULL, 0, &fx.clock.clock, rw_random_system(), &folder, NULL), 0);
	fx.options.ca_cert_pem = folder.ca_cert_pem;
	fx.options.ca_key_pem = folder.ca_key_pem;
	fx.options.folder = &folder;
	fx.options.certificates_changed = on_change;
	fx.options.certificates_userdata = &folder;
	fixture_restart(&fx);
	changes = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	rw_state_folder_done(&folder);
	return scratch_remove(path);
}

static struct rw_authority_status status_now(void)
{
	struct rw_authority_status status;

	assert_int_equal(rw_authority_status(fx.controller, &status, NULL), 0);
	return status;
}

static char *make_csr(void)
{
	char *key = NULL;
	char *csr = NULL;

	assert_int_equal(rw_cert_make_key(&key, NULL), 0);
	assert_int_equal(rw_cert_make_request(key, "me", &csr, NULL), 0);
	free(key);
	return csr;
}

/* Joins "web-1"; gives its certificate. */
static struct rw_cert_info join(const char *csr, char node[RW_ID_SIZE])
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_join_grant grant = {.cluster = "c1"};
	struct rw_address somewhere = world_address("198.51.100.9");
	struct rw_join_request request = {.machine_id = (char *)(uintptr_t) "m1",
					  .name = (char *)(uintptr_t) "web-1",
					  .csr = (char *)(uintptr_t)csr};
	char token[RW_TOKEN_SIZE];
	struct rw_cert_info info;
	int64_t expires_ms;

	assert_int_equal(rw_join_token_create(fx.controller, &fx.alice, &grant, token, &expires_ms, NULL), 0);
	request.token = token;
	assert_int_equal(rw_join(fx.controller, &request, &somewhere, &answer, NULL), 0);
	assert_int_equal(rw_cert_read(answer.certificate, &info, NULL), 0);
	(void)strcpy(node, answer.node);
	return info;
}

/* The node says which authorities it trusts: those of now. */
static void report_trust(const char *node)
{
	struct rw_address somewhere = world_address("198.51.100.9");
	RW_CLEANUP(rw_report_done) struct rw_report report;
	const rw_cert_fingerprint *authorities;

	rw_report_init(&report);
	report.version = 2;
	report.authority_count = rw_authority_fingerprints(fx.controller, &authorities);
	memcpy(report.authorities, authorities, report.authority_count * sizeof(*authorities));
	assert_int_equal(rw_session_report(fx.controller, node, &report, &somewhere, NULL), 0);
}

static void renew(const char *csr, const char *node)
{
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer answer = {0};
	const struct rw_renew_request request = {.csr = (char *)(uintptr_t)csr};
	struct rw_actor actor = {.kind = RW_ACTOR_AGENT};
	struct rw_cert_info info;

	(void)snprintf(actor.id, sizeof(actor.id), "%s", node);
	assert_int_equal(rw_join_renew(fx.controller, &actor, &request, &answer, NULL), 0);
	assert_string_equal(answer.ca, folder.trust_pem);
	assert_int_equal(rw_cert_verify(answer.certificate, folder.ca_cert_pem,
					rw_clock_realtime_ms(&fx.clock.clock) / 1000, &info, NULL),
			 0);
}

static void renews_the_server_certificate_in_time_and_tells(void **state)
{
	RW_CLEANUP(rw_free) char *first = strdup(folder.server_cert_pem);

	(void)state;
	fixture_pass(&fx, 500 * DAY_MS);
	assert_string_equal(folder.server_cert_pem, first);
	assert_int_equal(changes, 0);
	fixture_pass(&fx, 60 * DAY_MS);
	assert_string_not_equal(folder.server_cert_pem, first);
	assert_int_equal(changes, 1);
	fixture_pass(&fx, DAY_MS);
	assert_int_equal(changes, 1);
	assert_int_equal(status_now().server_not_after_s,
			 (rw_clock_realtime_ms(&fx.clock.clock) - (int64_t)DAY_MS) / 1000 +
				 (int64_t)RW_CERT_SERVER_DAYS * 86400);
}

static void a_server_certificate_that_cannot_be_written_is_tried_again(void **state)
{
	RW_CLEANUP(rw_free) char *first = strdup(folder.server_cert_pem);
	char aside[96];

	(void)state;
	(void)snprintf(aside, sizeof(aside), "%s-aside", path);
	assert_int_equal(rename(path, aside), 0);
	/* A disk that is not mounted: nothing is made in its place. */
	assert_int_equal(mkdir(path, 0700), 0);
	fixture_pass(&fx, 560 * DAY_MS);
	assert_int_equal(changes, 0);
	assert_string_equal(folder.server_cert_pem, first);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rename(aside, path), 0);
	fixture_pass(&fx, UINT64_C(11) * 60 * 1000);
	assert_int_equal(changes, 1);
	assert_string_not_equal(folder.server_cert_pem, first);
}

static void no_step_leaves_a_node_behind(void **state)
{
	RW_CLEANUP(rw_free) char *csr = make_csr();
	struct rw_error err = RW_ERROR_NONE;
	struct rw_cert_info info;
	char node[RW_ID_SIZE];
	struct rw_authority_status status;

	(void)state;
	info = join(csr, node);
	report_trust(node);
	status = status_now();
	assert_int_equal(status.stage, RW_AUTHORITY_SETTLED);
	assert_int_equal(status.nodes, 1);
	assert_int_equal(status.nodes_not_trusting, 0);
	assert_int_equal(status.nodes_to_renew, 0);
	assert_string_equal(status.other.fingerprint, "");

	assert_int_equal(rw_authority_switch(fx.controller, &fx.alice, false, &err), -EALREADY);
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, &err), 0);
	assert_int_equal(changes, 1);
	status = status_now();
	assert_int_equal(status.stage, RW_AUTHORITY_INTRODUCED);
	assert_int_equal(status.nodes_not_trusting, 1);
	assert_int_equal(status.nodes_to_renew, 0);
	assert_int_equal(rw_authority_switch(fx.controller, &fx.alice, false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "1 of 1 nodes"));

	/* A renewal brings both; the next report tells. */
	renew(csr, node);
	report_trust(node);
	assert_int_equal(status_now().nodes_not_trusting, 0);
	assert_int_equal(rw_authority_switch(fx.controller, &fx.alice, false, &err), 0);
	assert_int_equal(changes, 2);
	status = status_now();
	assert_int_equal(status.stage, RW_AUTHORITY_SWITCHED);
	assert_string_equal(status.other.fingerprint[0] ? "there" : "", "there");
	assert_int_equal(status.nodes_to_renew, 1);
	assert_int_equal(rw_authority_retire(fx.controller, &fx.alice, false, &err), -EBUSY);
	renew(csr, node);
	assert_int_equal(status_now().nodes_to_renew, 0);
	assert_int_equal(rw_authority_retire(fx.controller, &fx.alice, false, &err), 0);
	assert_int_equal(status_now().stage, RW_AUTHORITY_SETTLED);
	assert_int_equal(changes, 3);
	(void)info;
}

static void force_goes_on_without_the_missing_nodes(void **state)
{
	RW_CLEANUP(rw_free) char *csr = make_csr();
	char node[RW_ID_SIZE];

	(void)state;
	(void)join(csr, node);
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), 0);
	assert_int_equal(rw_authority_switch(fx.controller, &fx.alice, true, NULL), 0);
	assert_int_equal(rw_authority_retire(fx.controller, &fx.alice, true, NULL), 0);
	assert_int_equal(status_now().nodes_to_renew, 1);
}

static void every_step_is_in_the_log(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

	(void)state;
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), 0);
	assert_int_equal(rw_audit_list(fx.controller, 0, 1, &page, NULL), 0);
	assert_non_null(strstr(page.records[0].json, "\"action\":\"introduce a new authority\""));
	assert_non_null(strstr(page.records[0].json, "alice"));
}

static void without_a_folder_nothing_can_be_replaced(void **state)
{
	(void)state;
	fx.options.folder = NULL;
	fixture_restart(&fx);
	assert_int_equal(rw_authority_introduce(fx.controller, &fx.alice, NULL), -ENOSYS);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(renews_the_server_certificate_in_time_and_tells),
		T(a_server_certificate_that_cannot_be_written_is_tried_again),
		T(no_step_leaves_a_node_behind),
		T(force_goes_on_without_the_missing_nodes),
		T(every_step_is_in_the_log),
		T(without_a_folder_nothing_can_be_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
