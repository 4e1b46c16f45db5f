/* SPDX-License-Identifier: Apache-2.0 */

/* Which members of etcd the store believes, as whom, and by which certificates. */

#include "etcd_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "netns.h"

static void run_etcdctl(const struct world *world, const char *arguments)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "ETCDCTL_API=3 etcdctl --endpoints %s %s >/dev/null",
		       world->member.url, arguments);
	assert_int_equal(system(command), 0);
}

/* Users are root and ringwall, both with the password "secret". */
static void make_users(const struct world *world)
{
	run_etcdctl(world, "user add root:secret");
	run_etcdctl(world, "user grant-role root root");
	run_etcdctl(world, "user add ringwall:secret");
	run_etcdctl(world, "role add ringwall");
	run_etcdctl(world, "role grant-permission ringwall --prefix=true readwrite /ringwall/");
	run_etcdctl(world, "user grant-role ringwall ringwall");
	run_etcdctl(world, "auth enable");
}

static void asks_another_member_where_one_gives_no_token(void **state)
{
	struct world *world = *state;
	char dead[40];
	const char *const endpoints[] = {dead, world->member.url};
	struct world_listed listed = {0};
	struct rw_etcd *etcd;
	int r = -EHOSTDOWN;

	(void)snprintf(dead, sizeof(dead), "http://127.0.0.1:%u", etcd_free_port());
	make_users(world);
	etcd = world_connect_as(world, endpoints, 2, "ringwall", "secret");
	for (int i = 0; i < 3 && r == -EHOSTDOWN; i++)
		r = rw_etcd_list(etcd, "claim", world_note_listed, &listed, NULL);
	assert_int_equal(r, 0);
	etcd = rw_etcd_free(etcd);
}

/* Tokens that are signed hold the revision of the users, whoever of them is changed. */
static void takes_a_new_token_when_users_were_changed(void **state)
{
	struct world *world = *state;
	const char *const endpoint = world->member.url;
	struct rw_etcd *etcd;
	char path[SCRATCH_SIZE + 16], option[SCRATCH_SIZE + 64];
	FILE *file;

	world->store = rw_store_free(world->store);
	etcd_kill(&world->member);
	(void)snprintf(path, sizeof(path), "%s/secret", world->folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("0123456789abcdef0123456789abcdef", file) >= 0);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(option, sizeof(option), "jwt,sign-method=HS256,priv-key=%s,ttl=10m", path);
	assert_int_equal(setenv("ETCD_AUTH_TOKEN", option, 1), 0);
	etcd_restart(&world->member);
	assert_int_equal(unsetenv("ETCD_AUTH_TOKEN"), 0);
	assert_int_equal(world_open(world, world->other, &world->store, NULL), 0);
	world->store = rw_store_free(world->store);
	make_users(world);
	etcd = world_connect_as(world, &endpoint, 1, "ringwall", "secret");
	assert_int_equal(world_open(world, etcd, &world->store, NULL), 0);
	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	run_etcdctl(world, "--user root:secret user add somebody:else");
	assert_int_equal(world_put(world->store, "/a", "two", NULL), 0);
	run_etcdctl(world, "--user root:secret user delete somebody");
	world_expect(world->store, "/a", "two");
	world->store = rw_store_free(world->store);
	etcd = rw_etcd_free(etcd);
}

/* A store of its own would be made there, with no policy in it. */
static void takes_no_answer_of_another_cluster(void **state)
{
	struct world *world = *state;
	struct etcd_member foreign;
	const char *const endpoints[] = {world->member.url, foreign.url};
	char folder[SCRATCH_SIZE + 16];
	struct rw_etcd *etcd, *direct;
	struct rw_store *second = NULL;
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const char *const alone = foreign.url;

	rw_buf_init(&buf, 4096);
	(void)snprintf(folder, sizeof(folder), "%s/foreign", world->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	etcd_start(&foreign, folder);
	etcd = world_connect(world, endpoints, 2, "three");
	direct = world_connect(world, &alone, 1, "four");
	assert_int_equal(rw_etcd_write(direct, "mark", "foreign", 7, NULL), 0);
	assert_int_equal(rw_etcd_read(etcd, "claim", &buf, NULL), 0);
	etcd_kill(&world->member);
	rw_buf_clear(&buf);
	assert_int_equal(rw_etcd_read(etcd, "mark", &buf, &err), -EHOSTDOWN);
	assert_int_equal(rw_store_etcd_open(etcd, world_note_lost, world, &second, &err), -EHOSTDOWN);
	assert_int_equal(rw_etcd_read(direct, "claim", &buf, NULL), RW_STORE_NOT_FOUND);
	/* And goes on with its own. */
	etcd_restart(&world->member);
	rw_buf_clear(&buf);
	for (int i = 0; i < 10 && rw_etcd_read(etcd, "incarnation", &buf, NULL) < 0; i++)
		;
	assert_string_equal(buf.data, rw_store_incarnation(world->store));
	etcd = rw_etcd_free(etcd);
	direct = rw_etcd_free(direct);
	etcd_kill(&foreign);
}

/* Its data were restored from a snapshot, say: nobody who stands by must be started anew. */
static void follows_etcd_when_all_of_it_is_another_cluster(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char moved[128];
	int r = -EHOSTDOWN;

	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_etcd_read(world->other, "claim", &buf, NULL), 0);
	etcd_kill(&world->member);
	(void)snprintf(moved, sizeof(moved), "%s.before", world->member.folder);
	assert_int_equal(rename(world->member.folder, moved), 0);
	/* The identity of a cluster comes from where its peers are. */
	world->member.peer_port = etcd_free_port();
	etcd_restart(&world->member);
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_etcd_read(world->other, "claim", &buf, NULL);
	assert_int_equal(r, RW_STORE_NOT_FOUND);
	/* Who has it open gives it up before. */
	assert_int_equal(world_put(world->store, "/a", "one", NULL), -ESHUTDOWN);
}

static void copy_data(const struct world *world, const char *from, const char *to)
{
	char command[400];

	(void)snprintf(command, sizeof(command), "rm -rf %s%s && cp -a %s%s %s%s", world->member.folder, to,
		       world->member.folder, from, world->member.folder, to);
	assert_int_equal(system(command), 0);
}

static void put_until_it_answers(struct world *world, const char *key, const char *text)
{
	int r = -EHOSTDOWN;

	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++) {
		rw_loop_turn(world->loop);
		r = world_put(world->store, key, text, NULL);
	}
	assert_int_equal(r, 0);
}

/* A snapshot of the same cluster: its revisions are given once more, to other contents. */
static void begins_anew_when_etcd_was_brought_back(void **state)
{
	struct world *world = *state;
	struct rw_error err = RW_ERROR_NONE;
	char incarnation[RW_STORE_INCARNATION_SIZE];

	(void)strcpy(incarnation, rw_store_incarnation(world->store));
	assert_int_equal(world_put(world->store, "/a", "one", NULL), 0);
	etcd_kill(&world->member);
	copy_data(world, "", ".before");
	etcd_restart(&world->member);
	/* That it was away alone is no reason. */
	put_until_it_answers(world, "/a", "two");
	assert_int_equal(world_put(world->store, "/b", "three", NULL), 0);
	etcd_kill(&world->member);
	copy_data(world, ".before", "");
	etcd_restart(&world->member);
	assert_int_equal(world_put(world->store, "/a", "four", &err), -ESHUTDOWN);
	assert_non_null(strstr(err.text, "brought back to an older state"));
	world_turn_until_lost(world);
	assert_non_null(strstr(world->why, "brought back"));
	world->store = rw_store_free(world->store);

	assert_int_equal(world_open(world, world->etcd, &world->store, &err), 0);
	world_expect(world->store, "/a", "one");
	world_expect(world->store, "/b", NULL);
	assert_string_not_equal(rw_store_incarnation(world->store), incarnation);
	(void)strcpy(incarnation, rw_store_incarnation(world->store));
	world->store = rw_store_free(world->store);
	/* Once is enough. */
	assert_int_equal(world_open(world, world->etcd, &world->store, &err), 0);
	assert_string_equal(rw_store_incarnation(world->store), incarnation);
}

static void tells_whoever_lists_that_etcd_was_brought_back(void **state)
{
	struct world *world = *state;
	struct world_listed listed = {0};

	etcd_kill(&world->member);
	copy_data(world, "", ".before");
	etcd_restart(&world->member);
	put_until_it_answers(world, "/a", "one");
	assert_int_equal(world_put(world->store, "/a", "two", NULL), 0);
	etcd_kill(&world->member);
	copy_data(world, ".before", "");
	etcd_restart(&world->member);
	for (int i = 0; i < 200 && !world->lost; i++) {
		listed = (struct world_listed){0};
		assert_int_equal(rw_etcd_list(world->etcd, "claim", world_note_listed, &listed, NULL), 0);
		while (!listed.calls)
			rw_loop_turn(world->loop);
		(void)poll(NULL, 0, 20);
		rw_loop_turn(world->loop);
	}
	assert_int_equal(world->lost, 1);
	assert_non_null(strstr(world->why, "brought back"));
}

static void write_file(const struct world *world, const char *name, const char *text,
		       char path[SCRATCH_SIZE + 16])
{
	FILE *file;

	(void)snprintf(path, SCRATCH_SIZE + 16, "%s/%s", world->folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Starts the member anew with a certificate; gives its authority and another one. */
static void begin_tls(struct world *world, char **ret_ca, char **ret_other)
{
	const struct rw_cert_period period =
		rw_cert_period_days(rw_clock_realtime_ms(rw_clock_system()) / 1000, 2);
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *ca_key = NULL, *other_key = NULL, *key = NULL, *cert = NULL;
	const char *const name = "127.0.0.1";
	char path[SCRATCH_SIZE + 16];

	assert_int_equal(rw_cert_make_authority("etcd", rw_random_system(), period, ret_ca, &ca_key, NULL),
			 0);
	assert_int_equal(
		rw_cert_make_authority("other", rw_random_system(), period, ret_other, &other_key, NULL), 0);
	assert_int_equal(rw_cert_authority_new(*ret_ca, ca_key, rw_random_system(), &authority, NULL), 0);
	assert_int_equal(rw_cert_make_key(&key, NULL), 0);
	assert_int_equal(rw_cert_issue_server(authority, key, &name, 1, period, &cert, NULL), 0);
	etcd_kill(&world->member);
	write_file(world, "server.pem", cert, path);
	assert_int_equal(setenv("ETCD_CERT_FILE", path, 1), 0);
	write_file(world, "server.key", key, path);
	assert_int_equal(setenv("ETCD_KEY_FILE", path, 1), 0);
	(void)snprintf(world->member.url, sizeof(world->member.url), "https://127.0.0.1:%u",
		       world->member.port);
	etcd_restart(&world->member);
	assert_int_equal(unsetenv("ETCD_CERT_FILE"), 0);
	assert_int_equal(unsetenv("ETCD_KEY_FILE"), 0);
}

static void reads_certificates_again_that_were_renewed(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_free) char *ca = NULL, *other = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[SCRATCH_SIZE + 16];
	const char *const endpoint = world->member.url;
	struct rw_etcd_options options = {
		.loop = world->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = &endpoint,
		.endpoint_count = 1,
		.ca_file = path,
		.holder = "tls",
	};
	struct rw_etcd *etcd = NULL;
	int r = -EHOSTDOWN;

	rw_buf_init(&buf, 4096);
	world->store = rw_store_free(world->store);
	begin_tls(world, &ca, &other);
	write_file(world, "ca.pem", other, path);
	assert_int_equal(rw_etcd_new(&options, &etcd, NULL), 0);
	for (int i = 0; i < 10 && r == -EHOSTDOWN; i++)
		r = rw_etcd_read(etcd, "incarnation", &buf, NULL);
	assert_int_equal(r, -EKEYREJECTED);
	write_file(world, "ca.pem", ca, path);
	for (int i = 0; i < 10 && r < 0; i++)
		r = rw_etcd_read(etcd, "incarnation", &buf, NULL);
	assert_int_equal(r, 0);
	etcd = rw_etcd_free(etcd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(asks_another_member_where_one_gives_no_token),
		TEST(takes_a_new_token_when_users_were_changed),
		TEST(takes_no_answer_of_another_cluster),
		TEST(follows_etcd_when_all_of_it_is_another_cluster),
		TEST(begins_anew_when_etcd_was_brought_back),
		TEST(tells_whoever_lists_that_etcd_was_brought_back),
		TEST(reads_certificates_again_that_were_renewed),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
