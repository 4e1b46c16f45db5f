/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "crypto/cert.h"

#define NOW INT64_C(1800000000)

struct fixture {
	char *ca_cert;
	char *ca_key;
	char *key;
	struct rw_cert_authority *authority;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	if (rw_cert_make_authority("ringwall test", rw_random_system(),
				   rw_cert_period_days(NOW, RW_CERT_AUTHORITY_DAYS), &fixture.ca_cert,
				   &fixture.ca_key, NULL) < 0 ||
	    rw_cert_make_key(&fixture.key, NULL) < 0)
		return -1;
	*state = &fixture;
	return rw_cert_authority_new(fixture.ca_cert, fixture.ca_key, rw_random_system(), &fixture.authority,
				     NULL);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->ca_cert);
	free(fixture->ca_key);
	free(fixture->key);
	rw_cert_authority_free(fixture->authority);
	return 0;
}

static void issues_server_certificates_for_names_and_addresses(void **state)
{
	static const char *const names[] = {"controller.example", "192.0.2.1", "2001:db8::1", "localhost"};
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_free) char *cert = NULL;
	struct rw_cert_info info;

	assert_int_equal(rw_cert_issue_server(fixture->authority, fixture->key, names, 4,
					      rw_cert_period_days(NOW, RW_CERT_SERVER_DAYS), &cert, NULL),
			 0);
	assert_int_equal(rw_cert_verify(cert, fixture->ca_cert, NOW, &info, NULL), 0);
	assert_int_equal(info.role, RW_CERT_ROLE_CONTROLLER);
	assert_string_equal(info.common_name, "controller.example");
}

static void refuses_names_that_are_none(void **state)
{
	static const char *const bad[] = {"",          "-a",         "a-",       "a..b",
					  ".a",        "a.",         "a b",      "a_b",
					  "*.example", "1.2.3.4/24", "::1%eth0", "\xc3\xa4.example",
					  "a\nb"};
	struct fixture *fixture = *state;
	char *cert = NULL;
	struct rw_error err;

	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		err = RW_ERROR_NONE;
		assert_int_equal(rw_cert_issue_server(fixture->authority, fixture->key, &bad[i], 1,
						      rw_cert_period_days(NOW, 1), &cert, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, "neither a host name"));
	}
	assert_int_equal(rw_cert_issue_server(fixture->authority, fixture->key, bad, 0,
					      rw_cert_period_days(NOW, 1), &cert, NULL),
			 -EINVAL);
	assert_null(cert);
}

static void sets_the_subject_itself_whatever_the_request_says(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_free) char *request = NULL;
	RW_CLEANUP(rw_free) char *cert = NULL;
	struct rw_cert_info info;

	assert_int_equal(rw_cert_make_request(fixture->key, "somebody else", &request, NULL), 0);
	assert_int_equal(rw_cert_issue_agent(fixture->authority, request, "n-1", rw_cert_period_days(NOW, 90),
					     &cert, NULL),
			 0);
	assert_int_equal(rw_cert_verify(cert, fixture->ca_cert, NOW, &info, NULL), 0);
	assert_string_equal(info.common_name, "n-1");
	assert_int_equal(info.role, RW_CERT_ROLE_AGENT);
}

static void refuses_requests_that_are_forged_or_none(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_free) char *request = NULL;
	char *cert = NULL;
	char *middle;

	assert_int_equal(rw_cert_make_request(fixture->key, "n", &request, NULL), 0);
	middle = strstr(request, "REQUEST-----\n") + 70;
	*middle = *middle == 'A' ? 'B' : 'A';
	assert_int_equal(rw_cert_issue_agent(fixture->authority, request, "n-1", rw_cert_period_days(NOW, 90),
					     &cert, NULL),
			 -EINVAL);
	assert_int_equal(
		rw_cert_issue_agent(fixture->authority, "", "n-1", rw_cert_period_days(NOW, 90), &cert, NULL),
		-EINVAL);
	assert_int_equal(rw_cert_issue_agent(fixture->authority, fixture->ca_cert, "n-1",
					     rw_cert_period_days(NOW, 90), &cert, NULL),
			 -EINVAL);
	assert_null(cert);
}

static void refuses_node_ids_that_do_not_fit_a_subject(void **state)
{
	struct fixture *fixture = *state;
	char id[RW_CERT_NAME_MAX + 2];
	RW_CLEANUP(rw_free) char *request = NULL;
	RW_CLEANUP(rw_free) char *cert = NULL;

	memset(id, 'n', sizeof(id));
	id[RW_CERT_NAME_MAX + 1] = '\0';
	assert_int_equal(rw_cert_make_request(fixture->key, "n", &request, NULL), 0);
	assert_int_equal(rw_cert_issue_agent(fixture->authority, request, id, rw_cert_period_days(NOW, 90),
					     &cert, NULL),
			 -EINVAL);
	assert_int_equal(rw_cert_issue_agent(fixture->authority, request, "", rw_cert_period_days(NOW, 90),
					     &cert, NULL),
			 -EINVAL);
	id[RW_CERT_NAME_MAX] = '\0';
	assert_int_equal(rw_cert_issue_agent(fixture->authority, request, id, rw_cert_period_days(NOW, 90),
					     &cert, NULL),
			 0);
}

static void wants_the_key_that_belongs_to_its_certificate(void **state)
{
	struct fixture *fixture = *state;
	struct rw_cert_authority *authority = NULL;

	assert_int_equal(
		rw_cert_authority_new(fixture->ca_cert, fixture->key, rw_random_system(), &authority, NULL),
		-EINVAL);
	assert_int_equal(rw_cert_authority_new("x", fixture->key, rw_random_system(), &authority, NULL),
			 -EINVAL);
	assert_int_equal(rw_cert_authority_new(fixture->ca_cert, "x", rw_random_system(), &authority, NULL),
			 -EINVAL);
	assert_null(authority);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(issues_server_certificates_for_names_and_addresses),
		cmocka_unit_test(refuses_names_that_are_none),
		cmocka_unit_test(sets_the_subject_itself_whatever_the_request_says),
		cmocka_unit_test(refuses_requests_that_are_forged_or_none),
		cmocka_unit_test(refuses_node_ids_that_do_not_fit_a_subject),
		cmocka_unit_test(wants_the_key_that_belongs_to_its_certificate),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
