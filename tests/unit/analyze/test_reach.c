/* SPDX-License-Identifier: Apache-2.0 */

/* Who can reach what in a model. */

#include "model.h"

#include "analyze/reach.h"

/* "nodes interface protocol:ports from remotes; ..." */
static void format(const struct rw_reach *reach, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < reach->part_count; i++) {
		const struct rw_reach_part *part = &reach->parts[i];

		for (size_t j = 0; j < part->boxes.count; j++) {
			const struct rw_box *box = &part->boxes.list[j];
			char prefix[RW_PREFIX_TEXT_SIZE];

			for (size_t k = 0; k < part->node_count; k++)
				snprintf(text + strlen(text), size - strlen(text), "%s ", part->nodes[k]->id);
			snprintf(text + strlen(text), size - strlen(text), "%u-%u", box->protocol_first,
				 box->protocol_last);
			for (size_t k = 0; k < box->port_count; k++)
				snprintf(text + strlen(text), size - strlen(text), ":%u-%u",
					 box->ports[k].first, box->ports[k].last);
			for (size_t k = 0; k < box->remote_count; k++) {
				rw_prefix_format(&box->remotes[k], prefix);
				snprintf(text + strlen(text), size - strlen(text), " %s", prefix);
			}
			snprintf(text + strlen(text), size - strlen(text), "; ");
		}
	}
}

static void check(const char *from, const char *to, const char *service, const char *wanted)
{
	struct rw_draft *draft = model_world();
	const struct rw_source source = model_source(draft);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_reach reach = {0};
	char text[2048];

	if (rw_reach(&source, &(struct rw_reach_question){from, to, service, false}, &reach, &err) < 0)
		snprintf(text, sizeof(text), "%s: %s", err.field, err.text);
	else
		format(&reach, text, sizeof(text));
	assert_string_equal(text, wanted);
	rw_reach_done(&reach);
	(void)rw_draft_free(draft);
}

static void lists_all_sources_for_a_port(void **state)
{
	(void)state;
	/* Of one group's nodes the same holds: one line.  Members reach every port of each other. */
	check(NULL, "group:sg-web", "tcp/22",
	      "n-w1 n-w2 6-6:22-22 10.0.0.21/32 10.0.0.22/32 198.51.100.0/24; ");
	check(NULL, "n-free", "5432/tcp", "n-free 6-6:5432-5432 10.0.0.9/32 10.0.0.21/32 10.0.0.22/32; ");
}

static void lists_all_ports_for_a_source(void **state)
{
	(void)state;
	check("198.51.100.7", "n-w1", NULL, "n-w1 6-6:22-22:443-443 198.51.100.7/32; ");
	check("203.0.113.0/24", "group:sg-web", NULL, "n-w1 n-w2 6-6:443-443 203.0.113.0/24; ");
	check("group:sg-free", "n-w1", NULL, "n-w1 6-6:443-443 10.0.0.9/32; ");
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	check(NULL, "nobody", NULL, "to: there is no node, cluster or group 'nobody'");
	check("nobody", NULL, NULL, "from: there is no node, cluster or group 'nobody'");
	check(NULL, NULL, "http", "service: 'http' is not a service");
	check(NULL, NULL, "icmp/80", "service: 'icmp/80' is not a service");
	check(NULL, NULL, "tcp/80,443", "service: 'tcp/80,443' is not a service");
	check(NULL, NULL, "protocol/2-256", "service: 'protocol/2-256' is not a service");
	check(NULL, NULL, "protocol/x", "service: 'protocol/x' is not a service");
	check("management:nobody", NULL, NULL, "from: there is no cluster 'nobody'");
}

static void asks_about_each_zone_of_the_matrix(void **state)
{
	(void)state;
	check("internet-6", "group:sg-web", NULL, "");
	check("management:c1", "n-w1", NULL, "");
	check("group:sg-web", "n-w1", "protocol/2-5", "n-w1 2-5 10.0.0.21/32 10.0.0.22/32; ");
}

static const struct rw_reach_part *part_of(const struct rw_reach *reach, const char *node)
{
	for (size_t i = 0; i < reach->part_count; i++)
		for (size_t j = 0; j < reach->parts[i].node_count; j++)
			if (strcmp(reach->parts[i].nodes[j]->id, node) == 0)
				return &reach->parts[i];
	fail_msg("nothing reaches %s", node);
	return NULL;
}

/* "word/group word/group" of the boxes of a node that begin at a protocol and port. */
static void causes_at(const struct rw_reach *reach, const char *node, uint16_t protocol, uint16_t port,
		      char *text, size_t size)
{
	const struct rw_reach_part *part = part_of(reach, node);

	text[0] = '\0';
	for (size_t i = 0; i < part->boxes.count; i++) {
		if (part->boxes.list[i].protocol_first != protocol ||
		    (port && part->boxes.list[i].ports[0].first != port))
			continue;
		for (size_t j = 0; j < part->because[i].count; j++) {
			const struct rw_reach_cause *cause = &reach->causes[part->because[i].causes[j]];

			snprintf(text + strlen(text), size - strlen(text), "%s/%s%s ", cause->word,
				 cause->group, cause->rule ? "!" : "");
		}
	}
}

static void tells_what_accepts(void **state)
{
	struct rw_draft *draft = model_world();
	struct rw_reach reach = {0};
	struct rw_source source;
	char text[256];

	(void)state;
	/* What this rule lets in would pass by sgr-web, too: of equals the smaller id decides. */
	world_add_rule(draft, "sg-web", "sgr-half in accept tcp 443/443 0.0.0.0/1");
	source = model_source(draft);
	assert_int_equal(rw_reach(&source, &(struct rw_reach_question){.to = "group:sg-web", .because = true},
				  &reach, NULL),
			 0);
	assert_int_equal(reach.part_count, 1);
	causes_at(&reach, "n-w2", RW_PROTOCOL_TCP, 443, text, sizeof(text));
	assert_non_null(strstr(text, "sgr-half/sg-web! "));
	assert_non_null(strstr(text, "sgr-web/sg-web! "));
	causes_at(&reach, "n-w2", RW_PROTOCOL_TCP, 22, text, sizeof(text));
	assert_non_null(strstr(text, "sgr-ssh/sg-web! "));
	/* Members, whose box is every protocol. */
	causes_at(&reach, "n-w2", 0, 0, text, sizeof(text));
	assert_non_null(strstr(text, "inner-access/sg-web "));
	rw_reach_done(&reach);
	(void)rw_draft_free(draft);
}

static void nodes_that_accept_alike_by_other_rules_stand_apart(void **state)
{
	struct rw_draft *draft = model_world();
	struct rw_reach_question question = {.from = "198.51.100.7", .service = "tcp/9000"};
	struct rw_reach reach = {0};
	struct rw_source source;

	(void)state;
	world_add_rule(draft, "sg-web", "sgr-one in accept tcp 9000/9000 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-two in accept tcp 9000/9000 0.0.0.0/0");
	source = model_source(draft);
	assert_int_equal(rw_reach(&source, &question, &reach, NULL), 0);
	assert_int_equal(reach.part_count, 1);
	rw_reach_done(&reach);
	question.because = true;
	assert_int_equal(rw_reach(&source, &question, &reach, NULL), 0);
	assert_int_equal(reach.part_count, 2);
	assert_ptr_not_equal(part_of(&reach, "n-w1"), part_of(&reach, "n-free"));
	assert_ptr_equal(part_of(&reach, "n-w1"), part_of(&reach, "n-w2"));
	rw_reach_done(&reach);
	(void)rw_draft_free(draft);
}

static const struct rw_reach_row *find_row(const struct rw_reach_matrix *matrix, uint16_t protocol,
					   uint16_t port)
{
	for (size_t i = 0; i < matrix->row_count; i++)
		if (protocol >= matrix->rows[i].protocol_first && protocol <= matrix->rows[i].protocol_last &&
		    rw_ports_contains(matrix->rows[i].ports, port))
			return &matrix->rows[i];
	return NULL;
}

static enum rw_reach_extent extent(const struct rw_reach_matrix *matrix, const struct rw_reach_row *row,
				   const char *zone)
{
	for (size_t i = 0; i < matrix->zone_count; i++)
		if (strcmp(matrix->zones[i].group ? matrix->zones[i].group->id : matrix->zones[i].name,
			   zone) == 0)
			return row->extents[i];
	fail_msg("no zone %s", zone);
	return RW_REACH_NONE;
}

static void the_matrix_tells_some_from_all(void **state)
{
	struct rw_draft *draft = model_world();
	struct rw_reach_matrix matrix = {0};
	struct rw_source source;

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-some in accept tcp 6000/6000 198.51.100.0/24");
	source = model_source(draft);
	assert_int_equal(rw_reach_matrix(&source, "c1", &matrix, NULL), 0);
	assert_int_equal(extent(&matrix, find_row(&matrix, 6, 443), "internet-4"), RW_REACH_ALL);
	assert_int_equal(extent(&matrix, find_row(&matrix, 6, 443), "internet-6"), RW_REACH_NONE);
	assert_int_equal(extent(&matrix, find_row(&matrix, 6, 6000), "internet-4"), RW_REACH_SOME);
	assert_int_equal(extent(&matrix, find_row(&matrix, 6, 6379), "internet-4"), RW_REACH_NONE);
	assert_int_equal(extent(&matrix, find_row(&matrix, 6, 6379), "sg-c1"), RW_REACH_ALL);
	assert_int_equal(extent(&matrix, find_row(&matrix, 6, 6379), "sg-free"), RW_REACH_NONE);
	rw_reach_matrix_done(&matrix);
	(void)rw_draft_free(draft);
}

static void services_that_nobody_reaches_have_no_row(void **state)
{
	struct rw_draft *draft = world_vpc();
	struct rw_reach_matrix matrix = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_source source;

	(void)state;
	world_create(draft, RW_KIND_CLUSTER, world_cluster("c2", "vpc-1", "172.17.0.0/16"));
	source = model_source(draft);
	assert_int_equal(rw_reach_matrix(&source, "c2", &matrix, NULL), 0);
	assert_int_equal(matrix.row_count, 0);
	rw_reach_matrix_done(&matrix);
	assert_int_equal(rw_reach_matrix(&source, "c3", &matrix, &err), -ENOENT);
	assert_string_equal(err.text, "there is no cluster 'c3'");
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_all_sources_for_a_port),
		cmocka_unit_test(lists_all_ports_for_a_source),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(asks_about_each_zone_of_the_matrix),
		cmocka_unit_test(tells_what_accepts),
		cmocka_unit_test(nodes_that_accept_alike_by_other_rules_stand_apart),
		cmocka_unit_test(the_matrix_tells_some_from_all),
		cmocka_unit_test(services_that_nobody_reaches_have_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
