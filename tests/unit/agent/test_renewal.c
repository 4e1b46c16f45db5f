/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/renewal.h"
#include "base/file.h"
#include "wire/join.h"
#include "scratch.h"

#define NOW_S INT64_C(1790000000)
#define DAY_S INT64_C(86400)

struct authority {
	char *cert;
	struct rw_cert_authority *issuer;
};

static struct rw_agent_place place;
static struct rw_renewal renewal;
static struct authority old, fresh;
static char *key;
static char *request;

static void make_authority(struct authority *authority)
{
	RW_CLEANUP(rw_free) char *ca_key = NULL;

	assert_int_equal(rw_cert_make_authority("test", rw_random_system(), rw_cert_period_days(NOW_S, 3650),
						&authority->cert, &ca_key, NULL),
			 0);
	assert_int_equal(
		rw_cert_authority_new(authority->cert, ca_key, rw_random_system(), &authority->issuer, NULL),
		0);
}

static void write_state(const char *name, const char *text)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(&place, name, path);
	assert_int_equal(rw_file_write(path, text, strlen(text), 0600, NULL), 0);
}

static char *read_state(const char *name)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];

	rw_buf_init(&buf, 65536);
	rw_agent_state_path(&place, name, path);
	assert_int_equal(rw_file_read(path, &buf, NULL), 0);
	return rw_buf_take_text(&buf);
}

static char *issue(const struct authority *authority, const char *node, int64_t now_s)
{
	char *cert = NULL;

	assert_int_equal(rw_cert_issue_agent(authority->issuer, request, node,
					     rw_cert_period_days(now_s, RW_CERT_AGENT_DAYS), &cert, NULL),
			 0);
	return cert;
}

static int setup(void **state)
{
	RW_CLEANUP(rw_free) char *cert = NULL;

	(void)state;
	place = (struct rw_agent_place){0};
	scratch_make(place.state);
	make_authority(&old);
	make_authority(&fresh);
	assert_int_equal(rw_cert_make_key(&key, NULL), 0);
	assert_int_equal(rw_cert_make_request(key, "n-1", &request, NULL), 0);
	cert = issue(&old, "n-1", NOW_S);
	write_state("key.pem", key);
	write_state("cert.pem", cert);
	write_state("ca.pem", old.cert);
	renewal = (struct rw_renewal){0};
	assert_int_equal(rw_renewal_load(&renewal, &place, NULL), 0);
	return 0;
}

static void authority_done(struct authority *authority)
{
	authority->issuer = rw_cert_authority_free(authority->issuer);
	free(RW_TAKE_PTR(authority->cert));
}

static int teardown(void **state)
{
	(void)state;
	authority_done(&old);
	authority_done(&fresh);
	free(RW_TAKE_PTR(key));
	free(RW_TAKE_PTR(request));
	return scratch_remove(place.state);
}

/* The controller's authorities, the one that issues first; 'second' may be NULL. */
static void say_authorities(const char *first, const char *second)
{
	RW_CLEANUP(rw_free) char *bundle = NULL;
	rw_cert_fingerprint fingerprints[RW_CERT_BUNDLE_MAX];

	assert_true(asprintf(&bundle, "%s%s", first, second ? second : "") > 0);
	assert_int_equal(
		rw_cert_bundle_fingerprints(bundle, fingerprints, &renewal.answer.authority_count, NULL), 0);
	memcpy(renewal.answer.authorities, fingerprints, sizeof(renewal.answer.authorities));
}

/* What a controller answers; 'second' may be NULL. */
static int take(const char *certificate, const char *first, const char *second, int64_t now_s,
		struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_free) char *bundle = NULL;
	struct rw_renew_answer answer = {.certificate = (char *)(uintptr_t)certificate};

	assert_true(asprintf(&bundle, "%s%s", first, second ? second : "") > 0);
	answer.ca = bundle;
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_renew_answer_encode(&buf, &answer, NULL), 0);
	return rw_renewal_take(&renewal, &place, buf.data, buf.size, now_s, err);
}

static void is_due_at_two_thirds_and_expires_after_90_days(void **state)
{
	(void)state;
	assert_false(rw_renewal_is_due(&renewal, NOW_S));
	assert_false(rw_renewal_is_due(&renewal, NOW_S + 59 * DAY_S));
	assert_true(rw_renewal_is_due(&renewal, NOW_S + 60 * DAY_S));
	assert_false(rw_renewal_is_expired(&renewal, NOW_S + 90 * DAY_S));
	assert_true(rw_renewal_is_expired(&renewal, NOW_S + 90 * DAY_S + 1));
}

static void a_renewed_certificate_is_good_for_90_days_more(void **state)
{
	int64_t then_s = NOW_S + 61 * DAY_S;
	RW_CLEANUP(rw_free) char *cert = issue(&old, "n-1", then_s);
	RW_CLEANUP(rw_free) char *kept = NULL;
	RW_CLEANUP(rw_free) char *key_now = NULL;

	(void)state;
	assert_int_equal(take(cert, old.cert, NULL, then_s, NULL), 0);
	assert_false(rw_renewal_is_due(&renewal, then_s));
	assert_int_equal(renewal.certificate.not_after_s, then_s + 90 * DAY_S);
	kept = read_state("cert.pem");
	assert_string_equal(kept, cert);
	key_now = read_state("key.pem");
	assert_string_equal(key_now, key);
}

static void follows_a_new_authority_step_by_step(void **state)
{
	RW_CLEANUP(rw_free) char *first = issue(&old, "n-1", NOW_S);
	RW_CLEANUP(rw_free) char *second = issue(&fresh, "n-1", NOW_S);

	(void)state;
	say_authorities(old.cert, NULL);
	assert_false(rw_renewal_is_due(&renewal, NOW_S));
	/* Introduced. */
	say_authorities(old.cert, fresh.cert);
	assert_true(rw_renewal_is_due(&renewal, NOW_S));
	assert_int_equal(take(first, old.cert, fresh.cert, NOW_S, NULL), 0);
	assert_int_equal(renewal.authority_count, 2);
	assert_false(rw_renewal_is_due(&renewal, NOW_S));
	/* Switched: the same two in another order. */
	say_authorities(fresh.cert, old.cert);
	assert_true(rw_renewal_is_due(&renewal, NOW_S));
	assert_int_equal(take(second, fresh.cert, old.cert, NOW_S, NULL), 0);
	assert_false(rw_renewal_is_due(&renewal, NOW_S));
	/* Retired. */
	say_authorities(fresh.cert, NULL);
	assert_true(rw_renewal_is_due(&renewal, NOW_S));
	assert_int_equal(take(second, fresh.cert, NULL, NOW_S, NULL), 0);
	assert_int_equal(renewal.authority_count, 1);
	assert_false(rw_renewal_is_due(&renewal, NOW_S));
}

static void an_unfit_answer_changes_nothing(void **state)
{
	RW_CLEANUP(rw_free) char *foreign = issue(&fresh, "n-1", NOW_S);
	RW_CLEANUP(rw_free) char *other_node = issue(&old, "n-2", NOW_S);
	RW_CLEANUP(rw_free) char *expired = issue(&old, "n-1", NOW_S - 200 * DAY_S);
	RW_CLEANUP(rw_free) char *other_key = NULL;
	RW_CLEANUP(rw_free) char *stranger = NULL;
	RW_CLEANUP(rw_free) char *before = read_state("cert.pem");
	RW_CLEANUP(rw_free) char *after = NULL;
	RW_CLEANUP(rw_free) char *ca = NULL;

	(void)state;
	assert_int_equal(rw_cert_make_key(&other_key, NULL), 0);
	free(RW_TAKE_PTR(request));
	assert_int_equal(rw_cert_make_request(other_key, "n-1", &request, NULL), 0);
	stranger = issue(&old, "n-1", NOW_S);
	assert_int_equal(take(foreign, old.cert, NULL, NOW_S, NULL), -EKEYREJECTED);
	assert_int_equal(take(other_node, old.cert, NULL, NOW_S, NULL), -EKEYREJECTED);
	assert_int_equal(take(expired, old.cert, NULL, NOW_S, NULL), -EKEYEXPIRED);
	assert_int_equal(take(stranger, old.cert, NULL, NOW_S, NULL), -EINVAL);
	assert_int_equal(rw_renewal_take(&renewal, &place, "{}", 2, NOW_S, NULL), -EINVAL);
	after = read_state("cert.pem");
	ca = read_state("ca.pem");
	assert_string_equal(after, before);
	assert_string_equal(ca, old.cert);
}

static void a_thousand_nodes_do_not_come_in_one_moment(void **state)
{
	uint64_t now_ms = 50000;
	uint64_t earliest = UINT64_MAX;
	uint64_t latest = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct rw_renewal one = {0};

		(void)rw_renewal_may_try(&one, now_ms, rw_random_system());
		earliest = one.next_try_ms < earliest ? one.next_try_ms : earliest;
		latest = one.next_try_ms > latest ? one.next_try_ms : latest;
		assert_true(rw_renewal_may_try(&one, now_ms + RW_RENEWAL_SPREAD_MS, rw_random_system()));
		rw_renewal_delay(&one, now_ms);
		assert_false(rw_renewal_may_try(&one, now_ms + RW_RENEWAL_RETRY_MS - 1, rw_random_system()));
		assert_true(rw_renewal_may_try(&one, now_ms + RW_RENEWAL_RETRY_MS, rw_random_system()));
	}
	assert_true(earliest > now_ms);
	assert_true(latest - earliest > RW_RENEWAL_SPREAD_MS / 2);
	assert_true(latest <= now_ms + RW_RENEWAL_SPREAD_MS);
}

static void asks_for_the_key_that_it_has(void **state)
{
	RW_CLEANUP(rw_renew_request_done) struct rw_renew_request read = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_free) char *cert = NULL;

	(void)state;
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_renewal_encode_request(&renewal, &place, &buf, NULL), 0);
	assert_null(strstr(buf.data, "PRIVATE"));
	assert_int_equal(rw_renew_request_decode(buf.data, buf.size, &read, NULL), 0);
	free(RW_TAKE_PTR(request));
	request = strdup(read.csr);
	cert = issue(&old, "n-1", NOW_S);
	assert_int_equal(rw_cert_check_key(cert, key, NULL), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(is_due_at_two_thirds_and_expires_after_90_days),
		T(a_renewed_certificate_is_good_for_90_days_more),
		T(follows_a_new_authority_step_by_step),
		T(an_unfit_answer_changes_nothing),
		T(a_thousand_nodes_do_not_come_in_one_moment),
		T(asks_for_the_key_that_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
