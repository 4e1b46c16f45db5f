/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "crypto/tls.h"

/* Tickets: what spares a client that comes back the certificates, and what it does not spare it. */

static struct rw_tls_ticket_key key, other_key;

static void answer_who(struct rw_http_exchange *exchange, void *userdata)
{
	const struct rw_http_request *request = rw_http_exchange_request(exchange);
	const char *who = request->certificate ? request->certificate->common_name : "nobody";

	(void)userdata;
	rw_http_answer(exchange, 200, "text/plain", who, strlen(who));
}

static void start(struct fixture *fixture, const struct rw_tls_ticket_key *tickets)
{
	fixture->tickets = tickets;
	fixture_start(fixture, answer_who);
}

/* One call; the text of its answer must be 'expected'. */
static void assert_answer(struct rw_http_client *client, const char *url, unsigned int status,
			  const char *expected)
{
	const struct rw_http_call_options call = {.method = "GET", .url = url};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	assert_int_equal(rw_http_client_wait(client, &call, &result, NULL), 0);
	assert_int_equal(result.status, status);
	assert_non_null(strstr(result.body, expected));
}

static uint64_t resumed(const struct fixture *fixture)
{
	return rw_http_server_counts(fixture->server).resumed;
}

static void comes_back_with_a_ticket_and_is_still_who_it_was(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, &key);
	for (int i = 0; i < 3; i++) {
		assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
		assert_int_equal(resumed(fixture), i > 0);
		fixture_restart_server(fixture); /* as another controller with the same master key */
	}
	fixture_stop(fixture);
}

static void stays_nobody_without_a_certificate(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, &key);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_answer(fixture->client, fixture_url(fixture, "/"), 200, "nobody");
	fixture_restart_server(fixture);
	assert_answer(fixture->client, fixture_url(fixture, "/"), 200, "nobody");
	assert_int_equal(resumed(fixture), 1);
	fixture_stop(fixture);
}

static void begins_anew_where_its_ticket_is_not_taken(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, &key);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	fixture->tickets = &other_key;
	fixture_restart_server(fixture);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_int_equal(resumed(fixture), 0);
	fixture->tickets = NULL;
	fixture_restart_server(fixture);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_int_equal(resumed(fixture), 0);
	fixture_stop(fixture);
}

static void judges_the_certificate_in_a_ticket_as_ever(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, &key);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	fixture->trust_pem = fixture->foreign_ca_pem;
	fixture_restart_server(fixture);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 403, "authority");
	assert_int_equal(resumed(fixture), 1);
	fixture_stop(fixture);
}

static void shows_a_ticket_to_no_other_host(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_result result = {0};
	struct rw_http_call_options call = {.method = "GET"};
	char url[64];

	start(fixture, &key);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	(void)snprintf(url, sizeof(url), "https://127.1:%u/", rw_http_server_port(fixture->server));
	call.url = url;
	/* The same server under a name that its certificate does not have. */
	assert_int_equal(rw_http_client_wait(fixture->agent, &call, &result, NULL), -EKEYREJECTED);
	(void)snprintf(url, sizeof(url), "https://localhost:%u/", rw_http_server_port(fixture->server));
	assert_answer(fixture->agent, url, 200, "n-1");
	assert_int_equal(resumed(fixture), 0);
	fixture_stop(fixture);
}

static void forgets_its_ticket_when_its_files_are_others(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, &key);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_int_equal(rw_http_client_reload(fixture->agent, NULL), 0);
	fixture_restart_server(fixture);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_int_equal(resumed(fixture), 0);
	fixture_stop(fixture);
}

static void takes_a_server_at_its_word_until_its_certificate_expires(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};

	start(fixture, &key);
	assert_answer(fixture->client, fixture_url(fixture, "/"), 200, "nobody");
	fixture_restart_server(fixture);
	fixture->clock.realtime_ms += INT64_C(366) * 86400 * 1000;
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), -EKEYEXPIRED);
	fixture_stop(fixture);
}

/* So that there always is a ticket of the last day. */
static void begins_a_new_connection_after_some_hours(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, &key);
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	fixture->clock.realtime_ms += (int64_t)RW_HTTP_CLIENT_MAX_AGE_S * 1000 - 1000;
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_int_equal(resumed(fixture), 0);
	fixture->clock.realtime_ms += 1000;
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1"); /* the last one on it */
	assert_answer(fixture->agent, fixture_url(fixture, "/"), 200, "n-1");
	assert_int_equal(resumed(fixture), 1);
	fixture_stop(fixture);
}

static void makes_the_same_key_of_the_same_secret(void **state)
{
	struct rw_seal_key secret = {{1}};
	struct rw_tls_ticket_key again;

	(void)state;
	rw_tls_ticket_key_derive(&secret, &again);
	assert_memory_equal(&again, &key, sizeof(key));
	assert_memory_not_equal(&again, &other_key, sizeof(key));
	assert_memory_not_equal(key.bytes, key.bytes + sizeof(key.bytes) / 2, sizeof(key.bytes) / 2);
}

static int set_up(void **state)
{
	rw_tls_ticket_key_derive(&(const struct rw_seal_key){{1}}, &key);
	rw_tls_ticket_key_derive(&(const struct rw_seal_key){{2}}, &other_key);
	return fixture_set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_with_a_ticket_and_is_still_who_it_was),
		cmocka_unit_test(stays_nobody_without_a_certificate),
		cmocka_unit_test(begins_anew_where_its_ticket_is_not_taken),
		cmocka_unit_test(judges_the_certificate_in_a_ticket_as_ever),
		cmocka_unit_test(shows_a_ticket_to_no_other_host),
		cmocka_unit_test(forgets_its_ticket_when_its_files_are_others),
		cmocka_unit_test(takes_a_server_at_its_word_until_its_certificate_expires),
		cmocka_unit_test(begins_a_new_connection_after_some_hours),
		cmocka_unit_test(makes_the_same_key_of_the_same_secret),
	};

	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
