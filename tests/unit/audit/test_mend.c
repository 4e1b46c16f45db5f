/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdio.h>

#include "audit/mend.h"
#include "wire/rule_text.h"

static struct rw_draft *draft;

static void fill_count(const struct rw_random *random, void *bytes, size_t size)
{
	static uint8_t next;

	(void)random;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = next++;
}
static const struct rw_random counting = {.fill = fill_count};
static const struct rw_edit_context context = {.now_ms = 1000, .author = "test", .random = &counting};

static int setup(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *empty = rw_model_new();

	(void)state;
	draft = rw_draft_new(empty, &context);
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-1", RW_NETWORK_VPC, "10.0.0.0/16"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	draft = rw_draft_free(draft);
	return 0;
}

static void make_cluster(enum rw_profile profile)
{
	struct rw_cluster *cluster = rw_cluster_new();

	cluster->name = strdup("demo");
	(void)strcpy(cluster->id, "c1");
	(void)strcpy(cluster->network, "vpc-1");
	(void)strcpy(cluster->security_group, "sg-c1");
	cluster->profile = profile;
	assert_int_equal(rw_edit_create_cluster(draft, cluster, NULL, NULL, NULL), 0);
}

/* The rules of the cluster's group in words, sorted as they are after sorting the words. */
static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expect_rules(const char *expected)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(rw_draft_model(draft), "demo");
	const struct rw_group *group = rw_model_find_group(rw_draft_model(draft), cluster->security_group);
	char *texts[64];
	char all[4096] = "";

	for (size_t i = 0; i < group->rule_count; i++) {
		struct rw_buf text;

		rw_buf_init(&text, 4096);
		rw_rule_text_format(group->rules[i], NULL, &text);
		texts[i] = rw_buf_take_text(&text);
	}
	qsort(texts, group->rule_count, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < group->rule_count; i++) {
		(void)strcat(strcat(all, texts[i]), "\n");
		free(texts[i]);
	}
	assert_string_equal(all, expected);
}

#define ICMP  "allow icmp from 0.0.0.0/0 # ICMP\n"
#define HTTPS "allow tcp 443 from 0.0.0.0/0 # HTTPS\n"
#define SSH   "allow tcp 22 from 0.0.0.0/0 # SSH\n"
#define HTTP  "allow tcp 80 from 0.0.0.0/0 # HTTP\n"

static void mend(void)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_mend_cluster(draft, "demo", NULL, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
}

static void revoke_default(uint16_t protocol, uint16_t port)
{
	const struct rw_group *group = rw_model_find_group(rw_draft_model(draft), "sg-c1");

	for (size_t i = 0; i < group->rule_count; i++) {
		const char *id = group->rules[i]->id;

		if (group->rules[i]->protocol != protocol || (port && group->rules[i]->ports.first != port))
			continue;
		assert_int_equal(rw_edit_revoke_rules(draft, "sg-c1", &id, 1, NULL, NULL), 0);
		return;
	}
	fail_msg("no such rule");
}

static void a_fresh_cluster_needs_nothing(void **state)
{
	(void)state;
	make_cluster(RW_PROFILE_STANDARD);
	mend();
	expect_rules(ICMP SSH HTTPS HTTP);
}

static void a_loose_cluster_gets_the_reinforced_rules(void **state)
{
	(void)state;
	make_cluster(RW_PROFILE_LOOSE);
	world_add_rule(draft, "sg-c1", "sgr-db in accept tcp 3306/3306 0.0.0.0/0");
	world_add_rule(draft, "sg-c1", "sgr-own in accept tcp 9200/9200 10.0.0.0/16");
	mend();
	expect_rules(ICMP SSH HTTPS HTTP "allow tcp 9200 from 10.0.0.0/16\n");
}

static void adds_what_is_missing_and_leaves_what_was_narrowed(void **state)
{
	(void)state;
	make_cluster(RW_PROFILE_STANDARD);
	revoke_default(RW_PROTOCOL_TCP, 22);
	revoke_default(RW_PROTOCOL_TCP, 80);
	revoke_default(RW_PROTOCOL_ICMP, 0);
	world_add_rule(draft, "sg-c1", "sgr-office in accept tcp 22/22 198.51.100.0/24");
	mend();
	expect_rules(ICMP "allow tcp 22 from 198.51.100.0/24\n" HTTPS);
	revoke_default(RW_PROTOCOL_TCP, 22);
	mend();
	expect_rules(ICMP SSH HTTPS);
}

/* Mending is done once: what is left of findings, no rule of this group can mend. */
static void the_second_time_finds_nothing(void **state)
{
	(void)state;
	make_cluster(RW_PROFILE_LOOSE);
	world_add_rule(draft, "sg-c1", "sgr-wide in accept tcp 20000/40000 0.0.0.0/0");
	mend();
	expect_rules(ICMP SSH HTTPS HTTP);
	mend();
	expect_rules(ICMP SSH HTTPS HTTP);
}

/* ---- rebind (group/edit.h) ---- */

static void rebinding_takes_all_who_mean_the_cluster_along(void **state)
{
	struct rw_group *other = rw_group_new();
	const struct rw_group *found;
	char now[RW_ID_SIZE];

	(void)state;
	make_cluster(RW_PROFILE_LOOSE);
	world_create(draft, RW_KIND_NODE, world_node("n-1", "vpc-1", "c1", "", "10.0.0.1"));
	(void)strcpy(other->id, "sg-db");
	other->name = strdup("db");
	(void)strcpy(other->network, "vpc-1");
	world_create(draft, RW_KIND_GROUP, other);
	world_add_rule(draft, "sg-db", "sgr-db in accept tcp 5432/5432 sg-c1");
	world_add_rule(draft, "sg-c1", "sgr-own in accept tcp 9200/9200 10.0.0.0/16");
	assert_int_equal(rw_edit_rebind_cluster(draft, "demo", NULL, NULL), 0);
	memcpy(now, rw_model_find_cluster(rw_draft_model(draft), "demo")->security_group, sizeof(now));
	assert_string_not_equal(now, "sg-c1");
	assert_null(rw_model_find_group(rw_draft_model(draft), "sg-c1"));
	expect_rules(ICMP SSH HTTPS HTTP);
	found = rw_model_find_group(rw_draft_model(draft), "sg-db");
	assert_string_equal(found->rules[0]->id, "sgr-db");
	assert_string_equal(found->rules[0]->object.id, now);
	assert_int_equal(rw_model_find_cluster(rw_draft_model(draft), "demo")->profile, RW_PROFILE_LOOSE);
	assert_int_equal(rw_validate_model(rw_draft_model(draft), NULL, NULL, NULL), 0);
	assert_int_equal(rw_edit_rebind_cluster(draft, "nobody", NULL, NULL), -ENOENT);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_fresh_cluster_needs_nothing),
		T(a_loose_cluster_gets_the_reinforced_rules),
		T(adds_what_is_missing_and_leaves_what_was_narrowed),
		T(the_second_time_finds_nothing),
		T(rebinding_takes_all_who_mean_the_cluster_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
