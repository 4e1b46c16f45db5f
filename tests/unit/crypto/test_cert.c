/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "crypto/cert.h"

#define NOW INT64_C(1800000000)

struct fixture {
	char *ca_cert;
	char *ca_key;
	char *agent_cert;
};

static int make_agent(const struct fixture *fixture, const char *node_id, char **ret_cert)
{
	RW_CLEANUP(rw_free) char *key = NULL;
	RW_CLEANUP(rw_free) char *request = NULL;
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;

	if (rw_cert_make_key(&key, NULL) < 0 || rw_cert_make_request(key, "hint", &request, NULL) < 0 ||
	    rw_cert_authority_new(fixture->ca_cert, fixture->ca_key, rw_random_system(), &authority, NULL) <
		    0)
		return -1;
	return rw_cert_issue_agent(authority, request, node_id, rw_cert_period_days(NOW, RW_CERT_AGENT_DAYS),
				   ret_cert, NULL);
}

static int set_up(void **state)
{
	static struct fixture fixture;

	if (rw_cert_make_authority("ringwall test", rw_random_system(),
				   rw_cert_period_days(NOW, RW_CERT_AUTHORITY_DAYS), &fixture.ca_cert,
				   &fixture.ca_key, NULL) < 0)
		return -1;
	*state = &fixture;
	return make_agent(&fixture, "n-0123456789abcdef", &fixture.agent_cert);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->ca_cert);
	free(fixture->ca_key);
	free(fixture->agent_cert);
	return 0;
}

static void proves_an_agent_and_reads_its_identity(void **state)
{
	struct fixture *fixture = *state;
	struct rw_cert_info info;

	assert_int_equal(rw_cert_verify(fixture->agent_cert, fixture->ca_cert, NOW, &info, NULL), 0);
	assert_string_equal(info.common_name, "n-0123456789abcdef");
	assert_int_equal(info.role, RW_CERT_ROLE_AGENT);
	assert_int_equal(strlen(info.fingerprint), 64);
	assert_int_equal(strlen(info.serial), 32);
	assert_int_equal(info.not_before_s, NOW - 3600);
	assert_int_equal(info.not_after_s, NOW + 90 * 86400);
}

static void tells_expired_from_not_yet_valid(void **state)
{
	struct fixture *fixture = *state;
	struct rw_cert_info info;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rw_cert_verify(fixture->agent_cert, fixture->ca_cert, NOW + 90 * 86400, &info, NULL),
			 0);
	assert_int_equal(
		rw_cert_verify(fixture->agent_cert, fixture->ca_cert, NOW + 90 * 86400 + 1, &info, &err),
		-EKEYEXPIRED);
	assert_non_null(strstr(err.text, "has expired"));
	assert_int_equal(rw_cert_verify(fixture->agent_cert, fixture->ca_cert, NOW - 3601, &info, &err),
			 -EKEYEXPIRED);
	assert_non_null(strstr(err.text, "not valid before"));
	assert_non_null(strstr(err.hint, "clocks"));
}

static void refuses_a_certificate_of_another_authority_of_the_same_name(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_free) char *other_cert = NULL;
	RW_CLEANUP(rw_free) char *other_key = NULL;
	struct rw_cert_info info;

	assert_int_equal(rw_cert_make_authority("ringwall test", rw_random_system(),
						rw_cert_period_days(NOW, 10), &other_cert, &other_key, NULL),
			 0);
	assert_int_equal(rw_cert_verify(fixture->agent_cert, other_cert, NOW, &info, NULL), -EKEYREJECTED);
	assert_int_equal(rw_cert_verify(other_cert, fixture->ca_cert, NOW, &info, NULL), -EKEYREJECTED);
}

static void does_not_let_an_agent_issue_certificates(void **state)
{
	struct fixture *fixture = *state;
	struct rw_cert_info info;

	assert_int_equal(rw_cert_verify(fixture->agent_cert, fixture->agent_cert, NOW, &info, NULL),
			 -EKEYREJECTED);
}

static void knows_the_authority_itself(void **state)
{
	struct fixture *fixture = *state;
	struct rw_cert_info info;

	assert_int_equal(rw_cert_read(fixture->ca_cert, &info, NULL), 0);
	assert_int_equal(info.role, RW_CERT_ROLE_AUTHORITY);
	assert_string_equal(info.common_name, "ringwall test");
}

static void refuses_what_is_no_certificate(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_free) char *cut = strndup(fixture->agent_cert, strlen(fixture->agent_cert) / 2);
	RW_CLEANUP(rw_free) char *huge = calloc(1, RW_CERT_MAX_SIZE + 2);
	struct rw_cert_info info;

	memset(huge, 'A', RW_CERT_MAX_SIZE + 1);
	assert_int_equal(rw_cert_read("", &info, NULL), -EINVAL);
	assert_int_equal(rw_cert_read("garbage", &info, NULL), -EINVAL);
	assert_int_equal(rw_cert_read(cut, &info, NULL), -EINVAL);
	assert_int_equal(rw_cert_read(huge, &info, NULL), -EINVAL);
	assert_int_equal(rw_cert_read(fixture->ca_key, &info, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proves_an_agent_and_reads_its_identity),
		cmocka_unit_test(tells_expired_from_not_yet_valid),
		cmocka_unit_test(refuses_a_certificate_of_another_authority_of_the_same_name),
		cmocka_unit_test(does_not_let_an_agent_issue_certificates),
		cmocka_unit_test(knows_the_authority_itself),
		cmocka_unit_test(refuses_what_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
