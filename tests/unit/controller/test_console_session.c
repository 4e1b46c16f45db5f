/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "controller/console_session.h"

static struct fixture fx;
static struct rw_address somewhere;
static struct rw_actor bob; /* an operator, by his key */

static void make(const char *name, int64_t expires_ms, struct rw_actor *ret_actor)
{
	char token[RW_TOKEN_SIZE];
	struct rw_error err = RW_ERROR_NONE;

	if (rw_key_create(fx.controller, &fx.alice, name, RW_ROLE_OPERATOR, expires_ms, token, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(rw_key_authenticate(fx.controller, token, &somewhere, ret_actor, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	somewhere = world_address("198.51.100.9");
	make("bob", 0, &bob);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static int try_cookie(const char *cookie)
{
	struct rw_console_session session;
	struct rw_actor actor;

	return rw_console_authenticate(fx.controller, cookie, &somewhere, &actor, &session, NULL);
}

static int use(const char *token, struct rw_actor *actor)
{
	return rw_console_link_use(fx.controller, token, &somewhere, actor, NULL);
}

static void knows_the_key_behind_a_cookie(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session, again;
	struct rw_actor actor;

	(void)state;
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	assert_int_equal(strlen(cookie), 43);
	assert_int_equal(strlen(session.csrf), 43);
	assert_string_not_equal(cookie, session.csrf);
	assert_int_equal(rw_console_authenticate(fx.controller, cookie, &somewhere, &actor, &again, NULL), 0);
	assert_string_equal(actor.name, "bob");
	assert_string_equal(actor.id, bob.id);
	assert_int_equal(actor.role, RW_ROLE_OPERATOR);
	assert_true(actor.via_console);
	assert_false(bob.via_console);
	assert_string_equal(again.csrf, session.csrf);
	assert_int_equal(again.number, session.number);
}

static void gives_each_session_other_secrets(void **state)
{
	char cookies[2][RW_TOKEN_SECRET_SIZE];
	struct rw_console_session sessions[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		rw_console_sign_in(fx.controller, &bob, cookies[i], &sessions[i]);
	assert_string_not_equal(cookies[0], cookies[1]);
	assert_string_not_equal(sessions[0].csrf, sessions[1].csrf);
	assert_int_not_equal(sessions[0].number, sessions[1].number);
}

static void refuses_what_is_no_cookie_of_a_session(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session;

	(void)state;
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	for (size_t i = 0; i < sizeof(cookie) - 1; i++) {
		char wrong[RW_TOKEN_SECRET_SIZE];

		(void)strcpy(wrong, cookie);
		wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
		assert_int_equal(try_cookie(wrong), -ENOKEY);
	}
	assert_int_equal(try_cookie(""), -ENOKEY);
	assert_int_equal(try_cookie(session.csrf), -ENOKEY);
	assert_int_equal(try_cookie(cookie), 0);
}

static void ends_when_it_is_idle_and_not_while_it_is_used(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session;

	(void)state;
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	for (int i = 0; i < 3; i++) {
		fixture_pass(&fx, RW_CONSOLE_IDLE_MS - 1);
		assert_int_equal(try_cookie(cookie), 0);
	}
	/* Asking whether it is open is no use of it. */
	fixture_pass(&fx, RW_CONSOLE_IDLE_MS - 1);
	assert_true(rw_console_is_open(fx.controller, session.number));
	fx.clock.now_ms += 1;
	assert_false(rw_console_is_open(fx.controller, session.number));
	assert_int_equal(try_cookie(cookie), -ENOKEY);
	assert_int_equal(rw_console_session_count(fx.controller), 1);
	fixture_pass(&fx, 0);
	assert_int_equal(rw_console_session_count(fx.controller), 0);
}

static void ends_after_a_week_however_much_it_is_used(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session;
	int64_t begun_ms = rw_clock_realtime_ms(&fx.clock.clock);

	(void)state;
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	assert_int_equal(session.expires_ms, begun_ms + (int64_t)RW_CONSOLE_LIFE_MS);
	for (uint64_t ms = 3600000; ms < RW_CONSOLE_LIFE_MS; ms += 3600000) {
		fixture_pass(&fx, 3600000);
		assert_int_equal(try_cookie(cookie), 0);
	}
	fixture_pass(&fx, 3600000);
	assert_int_equal(try_cookie(cookie), -ENOKEY);
}

static void ends_with_its_key(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE], brief_cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session, brief_session;
	int64_t soon_ms = rw_clock_realtime_ms(&fx.clock.clock) + 5000;
	struct rw_actor brief;

	(void)state;
	make("brief", soon_ms, &brief);
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	rw_console_sign_in(fx.controller, &brief, brief_cookie, &brief_session);
	assert_int_equal(brief_session.expires_ms, soon_ms);
	fixture_pass(&fx, 5000);
	assert_int_equal(try_cookie(brief_cookie), -ENOKEY);
	assert_int_equal(try_cookie(cookie), 0);
	assert_int_equal(rw_key_revoke(fx.controller, &fx.alice, bob.id, NULL), 0);
	assert_false(rw_console_is_open(fx.controller, session.number));
	assert_int_equal(try_cookie(cookie), -ENOKEY);
}

static void ends_with_its_key_that_another_controller_revokes(void **state)
{
	struct rw_controller *second = fixture_second(&fx);
	char cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session;

	(void)state;
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	rw_controller_tick(second);
	assert_int_equal(rw_key_revoke(second, &fx.alice, bob.id, NULL), 0);
	fixture_pass(&fx, 500);
	assert_int_equal(try_cookie(cookie), -ENOKEY);
	assert_int_equal(rw_console_session_count(fx.controller), 0);
}

static void signs_out_one_session_and_no_other(void **state)
{
	char cookies[3][RW_TOKEN_SECRET_SIZE];
	struct rw_console_session sessions[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		rw_console_sign_in(fx.controller, &bob, cookies[i], &sessions[i]);
	rw_console_sign_out(fx.controller, sessions[0].number);
	rw_console_sign_out(fx.controller, sessions[0].number);
	assert_int_equal(try_cookie(cookies[0]), -ENOKEY);
	assert_int_equal(try_cookie(cookies[1]), 0);
	assert_int_equal(try_cookie(cookies[2]), 0);
}

static void gives_the_place_of_the_key_s_idlest_session(void **state)
{
	char cookies[RW_CONSOLE_KEY_SESSIONS + 1][RW_TOKEN_SECRET_SIZE];
	char others[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session;
	struct rw_actor carol;

	(void)state;
	make("carol", 0, &carol);
	rw_console_sign_in(fx.controller, &carol, others, &session);
	for (int i = 0; i < RW_CONSOLE_KEY_SESSIONS; i++) {
		fixture_pass(&fx, 1000);
		rw_console_sign_in(fx.controller, &bob, cookies[i], &session);
	}
	fixture_pass(&fx, 1000);
	assert_int_equal(try_cookie(cookies[0]), 0);
	rw_console_sign_in(fx.controller, &bob, cookies[RW_CONSOLE_KEY_SESSIONS], &session);
	assert_int_equal(try_cookie(cookies[1]), -ENOKEY);
	for (int i = 0; i <= RW_CONSOLE_KEY_SESSIONS; i++)
		if (i != 1)
			assert_int_equal(try_cookie(cookies[i]), 0);
	assert_int_equal(try_cookie(others), 0);
}

static void bounds_the_sessions_of_all_keys(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE], first[RW_TOKEN_SECRET_SIZE];
	struct rw_console_session session;
	struct rw_actor actors[3];

	(void)state;
	fx.options.limits.console_sessions = 2;
	fixture_restart(&fx);
	make("one", 0, &actors[0]);
	make("two", 0, &actors[1]);
	make("three", 0, &actors[2]);
	rw_console_sign_in(fx.controller, &actors[0], first, &session);
	for (int i = 1; i < 3; i++) {
		fixture_pass(&fx, 1000);
		rw_console_sign_in(fx.controller, &actors[i], cookie, &session);
	}
	assert_int_equal(rw_console_session_count(fx.controller), 2);
	assert_int_equal(rw_console_sign_in_count(fx.controller), 3);
	assert_int_equal(try_cookie(first), -ENOKEY);
	assert_int_equal(try_cookie(cookie), 0);
}

/* ---- links ---- */

static void link_of(const struct rw_actor *actor, char token[RW_TOKEN_SIZE])
{
	int64_t expires_ms;

	assert_int_equal(rw_console_link_create(fx.controller, actor, token, &expires_ms, NULL), 0);
	assert_int_equal(expires_ms, rw_clock_realtime_ms(&fx.clock.clock) + (int64_t)RW_CONSOLE_LINK_MS);
}

static void a_link_works_once(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	link_of(&bob, token);
	assert_int_equal(use(token, &actor), 0);
	assert_string_equal(actor.id, bob.id);
	assert_int_equal(actor.role, RW_ROLE_OPERATOR);
	assert_int_equal(use(token, &actor), -ENOKEY);
}

static void a_link_is_short_lived_and_dies_with_its_key(void **state)
{
	char old[RW_TOKEN_SIZE], revoked[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	link_of(&bob, old);
	fixture_pass(&fx, RW_CONSOLE_LINK_MS);
	assert_int_equal(use(old, &actor), -ENOKEY);
	link_of(&bob, revoked);
	assert_int_equal(rw_key_revoke(fx.controller, &fx.alice, bob.id, NULL), 0);
	assert_int_equal(use(revoked, &actor), -ENOKEY);
}

static void refuses_every_changed_character_of_a_link(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	link_of(&bob, token);
	for (size_t i = 0; token[i]; i++) {
		char kept = token[i];

		token[i] = kept == 'a' ? 'b' : 'a';
		assert_int_equal(use(token, &actor), -ENOKEY);
		token[i] = kept;
		fx.clock.now_ms += 4000; /* so that there are not too many in a minute */
		if (i % 40 == 39)
			link_of(&bob, token); /* before it is too old */
	}
	assert_int_equal(use(token, &actor), 0);
}

static void counts_wrong_links_as_wrong_keys(void **state)
{
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(
			use("cl-0123456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &actor),
			-ENOKEY);
	link_of(&bob, token);
	assert_int_equal(use(token, &actor), -EAGAIN);
	assert_int_equal(rw_key_authenticate(fx.controller, "x", &somewhere, &actor, NULL), -EAGAIN);
	fixture_pass(&fx, 61000);
	assert_int_equal(use(token, &actor), 0);
}

static void a_session_makes_no_links(void **state)
{
	char cookie[RW_TOKEN_SECRET_SIZE], token[RW_TOKEN_SIZE];
	struct rw_console_session session;
	struct rw_actor actor;
	int64_t expires_ms;

	(void)state;
	rw_console_sign_in(fx.controller, &bob, cookie, &session);
	assert_int_equal(rw_console_authenticate(fx.controller, cookie, &somewhere, &actor, &session, NULL),
			 0);
	assert_int_equal(rw_console_link_create(fx.controller, &actor, token, &expires_ms, NULL), -EACCES);
}

static void bounds_links(void **state)
{
	char tokens[RW_CONSOLE_KEY_LINKS + 1][RW_TOKEN_SIZE], others[RW_TOKEN_SIZE];
	struct rw_actor actor, carol;

	(void)state;
	make("carol", 0, &carol);
	link_of(&carol, others);
	for (int i = 0; i <= RW_CONSOLE_KEY_LINKS; i++) {
		fixture_pass(&fx, 1000);
		link_of(&bob, tokens[i]);
	}
	assert_int_equal(use(tokens[0], &actor), -ENOKEY);
	for (int i = 1; i <= RW_CONSOLE_KEY_LINKS; i++)
		assert_int_equal(use(tokens[i], &actor), 0);
	assert_int_equal(use(others, &actor), 0);
	/* Of more keys than there is room for, the oldest link goes. */
	link_of(&carol, others);
	for (int i = 0; i < RW_CONSOLE_LINKS; i++) {
		char name[16];

		fixture_pass(&fx, 100);
		(void)snprintf(name, sizeof(name), "key-%d", i);
		make(name, 0, &actor);
		link_of(&actor, tokens[0]);
	}
	assert_int_equal(use(others, &actor), -ENOKEY);
	assert_int_equal(use(tokens[0], &actor), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(knows_the_key_behind_a_cookie, setup, teardown),
		cmocka_unit_test_setup_teardown(gives_each_session_other_secrets, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_cookie_of_a_session, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_when_it_is_idle_and_not_while_it_is_used, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ends_after_a_week_however_much_it_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_with_its_key, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_with_its_key_that_another_controller_revokes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(signs_out_one_session_and_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(gives_the_place_of_the_key_s_idlest_session, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_the_sessions_of_all_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_works_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_is_short_lived_and_dies_with_its_key, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_every_changed_character_of_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_wrong_links_as_wrong_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_makes_no_links, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_links, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
