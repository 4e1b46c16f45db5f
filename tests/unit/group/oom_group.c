/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out in the middle of an edit: the draft is then as before, to the object, and nothing is
 * left behind.
 */

#include "oom.h"
#include "world.h"

/* What an edit works on, made with memory enough. */
struct scene {
	const char *name;
	int (*edit)(struct rw_draft *draft, struct rw_error *err);
	struct rw_draft *draft;  /* of this run */
	struct rw_model *before; /* the model at the start, sharing its objects */
	size_t touched;
};

static bool is_the_same(const struct rw_model *a, const struct rw_model *b)
{
	for (int kind = 0; kind < RW_KIND_COUNT_; kind++) {
		if (rw_model_count(a, (enum rw_kind)kind) != rw_model_count(b, (enum rw_kind)kind))
			return false;
		for (size_t i = 0; i < rw_model_count(a, (enum rw_kind)kind); i++)
			if (rw_model_at(a, (enum rw_kind)kind, i) != rw_model_at(b, (enum rw_kind)kind, i))
				return false;
	}
	return true;
}

static struct rw_model *make_model(void)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();

	world_create(draft, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	world_create(draft, RW_KIND_GROUP, world_group("sg-other", "vpc-1"));
	world_add_rule(draft, "sg-c1", "sgr-1 in accept tcp 80/80 sg-free");
	return rw_draft_dup_model(draft);
}

static int run(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	int r;

	oom_pause();
	scene->before = make_model();
	scene->draft = rw_draft_new(scene->before, &world_context);
	scene->touched = rw_draft_count(scene->draft);
	oom_resume();
	r = scene->edit(scene->draft, err);
	if (r < 0) {
		assert_true(is_the_same(rw_draft_model(scene->draft), scene->before));
		assert_int_equal(rw_draft_count(scene->draft), scene->touched);
	}
	return r;
}

/* The draft is not only as before: the same edit works when there is memory again. */
static void after(void *userdata, int result)
{
	struct scene *scene = userdata;

	if (result < 0)
		assert_int_equal(scene->edit(scene->draft, NULL), 0);
	assert_int_equal(rw_validate_model(rw_draft_model(scene->draft), NULL, NULL, NULL), 0);
	scene->draft = rw_draft_free(scene->draft);
	scene->before = rw_model_free(scene->before);
}

/* The objects of an edit are made with memory enough; only the edit runs out of it. */
#define MADE(expression)                                                                                     \
	({                                                                                                   \
		oom_pause();                                                                                 \
		__typeof__(expression) made_ = (expression);                                                 \
		oom_resume();                                                                                \
		made_;                                                                                       \
	})

static int create_network(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_create(draft, RW_KIND_NETWORK,
			      MADE(world_network("vpc-2", RW_NETWORK_VPC, "10.9.0.0/16")), NULL, err);
}

static int create_cluster(struct rw_draft *draft, struct rw_error *err)
{
	const struct rw_cluster_options options = {.ipv6 = true};

	return rw_edit_create_cluster(draft, MADE(world_cluster("c2", "vpc-1", "172.17.0.0/16")), &options,
				      NULL, err);
}

static int create_node(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_create(draft, RW_KIND_NODE, MADE(world_node("n-3", "vpc-1", "c1", "", "10.0.0.3")),
			      NULL, err);
}

static struct rw_load_balancer *make_balancer(void)
{
	struct rw_load_balancer *balancer = rw_load_balancer_new();

	world_id(balancer->id, "lb-1");
	balancer->name = strdup("front");
	world_id(balancer->cluster, "c1");
	world_id(balancer->source_group, "sg-free");
	balancer->listeners = calloc(1, sizeof(*balancer->listeners));
	balancer->listener_count = 1;
	balancer->listeners[0] = (struct rw_listener){RW_PROTOCOL_TCP, 80, 8080};
	return balancer;
}

static int create_balancer(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_create(draft, RW_KIND_LOAD_BALANCER, MADE(make_balancer()), NULL, err);
}

static struct rw_prefix_list *make_list(void)
{
	return world_list("pl-1", 4, "192.0.2.0/25,198.51.100.0/24");
}

static int adopt_group(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_adopt_group(draft, "c1", "sg-other", err);
}

static int rebind_cluster(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_rebind_cluster(draft, "c1", NULL, err);
}

static struct rw_group *make_tagged_group(const struct rw_draft *draft)
{
	struct rw_group *group = rw_group_dup(rw_model_find_group(rw_draft_model(draft), "sg-free"));

	assert_true(rw_tags_set(&group->tags, "env", "prod"));
	return group;
}

static int tag_group(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_update(draft, RW_KIND_GROUP, MADE(make_tagged_group(draft)), NULL, err);
}

static int update_list(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_update(draft, RW_KIND_PREFIX_LIST, MADE(make_list()), NULL, err);
}

static struct rw_node *make_renamed_node(const struct rw_draft *draft)
{
	struct rw_node *node = rw_node_dup(rw_model_find_node(rw_draft_model(draft), "n-1"));

	free(node->name);
	node->name = strdup("renamed");
	return node;
}

static int update_node(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_update(draft, RW_KIND_NODE, MADE(make_renamed_node(draft)), NULL, err);
}

static int delete_cluster(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_delete(draft, RW_KIND_CLUSTER, "c1", true, err);
}

static int delete_node(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_delete(draft, RW_KIND_NODE, "n-free", false, err);
}

static int add_rules(struct rw_draft *draft, struct rw_error *err)
{
	struct rw_rule_outcome outcomes[3];
	struct rw_rule *rules[] = {MADE(world_rule("- in accept tcp 443/443 0.0.0.0/0")),
				   MADE(world_rule("- out drop udp 53/53 pl-1")),
				   MADE(world_rule("- in accept tcp 80/80 sg-free"))};

	return rw_edit_add_rules(draft, "sg-c1", rules, 3, outcomes, err);
}

static int revoke_rules(struct rw_draft *draft, struct rw_error *err)
{
	static const char *const ids[] = {"sgr-1", "sgr-none"};

	return rw_edit_revoke_rules(draft, "sg-c1", ids, 2, NULL, err);
}

static int revoke_matching(struct rw_draft *draft, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = MADE(world_rule("- in accept tcp 80/80 sg-free"));
	const struct rw_rule *rules[] = {rule};

	return rw_edit_revoke_matching(draft, "sg-c1", rules, 1, NULL, err);
}

static int modify_rule(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_modify_rule(draft, "sg-c1", MADE(world_rule("sgr-1 in accept tcp 81/81 sg-free")),
				   err);
}

static int set_rules(struct rw_draft *draft, struct rw_error *err)
{
	struct rw_rule *rules[] = {MADE(world_rule("- in accept tcp 443/443 0.0.0.0/0")),
				   MADE(world_rule("- in accept tcp 80/80 sg-free"))};

	return rw_edit_set_rules(draft, "sg-c1", rules, 2, NULL, err);
}

static int set_inner_access(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_set_inner_access(draft, "sg-c1", RW_VERDICT_DROP, err);
}

static int join_group(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_join(draft, "n-1", NULL, "sg-free", err);
}

static int join_interface(struct rw_draft *draft, struct rw_error *err)
{
	return rw_edit_join(draft, "n-free", "eth0", "sg-other", err);
}

static int report_interfaces(struct rw_draft *draft, struct rw_error *err)
{
	RW_CLEANUP(rw_node_unref)
	struct rw_node *node = MADE(world_node("n-1", "vpc-1", "c1", "", "10.0.0.1,10.0.0.2,10.0.0.7"));
	RW_CLEANUP(rw_vec_done) struct rw_vec refused;

	rw_vec_init(&refused, sizeof(struct rw_address_refusal), 10);
	return rw_edit_report_interfaces(draft, "n-1", node->interfaces, node->interface_count, &refused,
					 err);
}

static int ask_referrers(struct rw_draft *draft, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec referrers;

	rw_vec_init(&referrers, sizeof(struct rw_referrer), 10);
	return rw_model_referrers(rw_draft_model(draft), RW_KIND_GROUP, "sg-free", &referrers) < 0
		       ? rw_error_oom(err)
		       : 0;
}

static int validate(struct rw_draft *draft, struct rw_error *err)
{
	return rw_validate_model(rw_draft_model(draft), NULL, NULL, err);
}

static void every_edit_leaves_the_draft_as_it_was(void **state)
{
	static struct scene scenes[] = {
		{"create a network", create_network},
		{"create a cluster", create_cluster},
		{"create a node", create_node},
		{"create a load balancer", create_balancer},
		{"adopt a group", adopt_group},
		{"rebind a cluster", rebind_cluster},
		{"tag a group", tag_group},
		{"update a prefix list", update_list},
		{"update a node", update_node},
		{"delete a cluster", delete_cluster},
		{"delete a node", delete_node},
		{"add rules", add_rules},
		{"revoke rules", revoke_rules},
		{"revoke matching rules", revoke_matching},
		{"modify a rule", modify_rule},
		{"set rules", set_rules},
		{"set inner access", set_inner_access},
		{"join", join_group},
		{"join with an interface", join_interface},
		{"report interfaces", report_interfaces},
		{"referrers", ask_referrers},
		{"validate", validate},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(scenes); i++) {
		print_message("%s\n", scenes[i].name);
		oom_each(&(struct oom_work){.run = run, .after = after, .userdata = &scenes[i]});
	}
}

static int draft_new(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_draft_free)
	struct rw_draft *copy = rw_draft_new(rw_draft_model(userdata), &world_context);

	return copy ? 0 : rw_error_oom(err);
}

static void a_draft_cannot_be_begun(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();

	(void)state;
	oom_each(&(struct oom_work){.run = draft_new, .userdata = draft});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edit_leaves_the_draft_as_it_was),
		cmocka_unit_test(a_draft_cannot_be_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
