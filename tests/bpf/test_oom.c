/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out in the enforcer while a change says what becomes of live flows: the change is in force wholly,
 * with what it says, or the policy before it is, and no flow is cut or marked.
 */

#include "test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "oom.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPEN       RULES("sgr-1 in accept udp 53/53 0.0.0.0/0", "sgr-2 in accept udp 53/53 ::/0")
#define SHUT       RULES("sgr-1 in accept udp 54/54 0.0.0.0/0")

static const char *const peers[2] = {"10.0.0.1", "fd00::1"}, *const nodes[2] = {"10.0.0.2", "fd00::2"};

/* peer -- eth0 of node, with a live flow to port 53 of each family that entered the table while OPEN was in force. */
struct scene {
	int node, peer;
	struct rw_enforcer *enforcer;
	int clients[2], servers[2];
	struct rw_policy *policies[2]; /* OPEN, SHUT */
	unsigned int judged;           /* flows that the latest judgement told of */
	enum rw_established established;
};

static int set_up(void **state)
{
	static struct scene scene;

	scene = (struct scene){.node = netns_new(), .peer = netns_new()};
	netns_veth(scene.peer, "p0", scene.node, "eth0");
	netns_run(scene.peer, "ip addr add 10.0.0.1/24 dev p0; ip addr add fd00::1/64 dev p0 nodad");
	netns_run(scene.node, "ip addr add 10.0.0.2/24 dev eth0; ip addr add fd00::2/64 dev eth0 nodad");
	scene.enforcer = filter_open(scene.node, NULL);
	filter_apply(scene.enforcer, scene.node, "eth0", OPEN);
	filter_enforce(scene.enforcer, scene.node);
	for (size_t i = 0; i < 2; i++) {
		scene.clients[i] = filter_udp(scene.peer, peers[i], 4000);
		scene.servers[i] = filter_udp(scene.node, nodes[i], 53);
	}
	scene.policies[0] = filter_policy("eth0", OPEN);
	scene.policies[1] = filter_policy("eth0", SHUT);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	scene->enforcer = rw_enforcer_close(scene->enforcer);
	for (size_t i = 0; i < 2; i++) {
		(void)close(scene->clients[i]);
		(void)close(scene->servers[i]);
		scene->policies[i] = rw_policy_unref(scene->policies[i]);
	}
	(void)close(scene->node);
	(void)close(scene->peer);
	return 0;
}

/* Whether a datagram comes through to port 53. */
static bool reaches(const struct scene *scene, size_t family, int client, int timeout_ms)
{
	char bytes[8];

	return filter_send_to(client, nodes[family], 53, sizeof(bytes)) &&
	       netns_readable(scene->servers[family], timeout_ms) &&
	       recv(scene->servers[family], bytes, sizeof(bytes), 0) == sizeof(bytes);
}

static void assert_flows_live(const struct scene *scene)
{
	for (size_t i = 0; i < 2; i++)
		assert_true(reaches(scene, i, scene->clients[i], FILTER_YES_MS));
}

static void assert_flows_cut(const struct scene *scene)
{
	for (size_t i = 0; i < 2; i++)
		assert_false(reaches(scene, i, scene->clients[i], FILTER_NO_MS));
}

/* Whether other clients may open flows is told by which policy is in force. */
static void assert_in_force(const struct scene *scene, bool is_open)
{
	for (size_t i = 0; i < 2; i++) {
		int client = filter_udp(scene->peer, peers[i], 0);

		assert_int_equal(reaches(scene, i, client, is_open ? FILTER_YES_MS : FILTER_NO_MS), is_open);
		(void)close(client);
	}
}

/* The flows live by OPEN, and none is marked. */
static void begin(const struct scene *scene)
{
	filter_change(scene->enforcer, "eth0", OPEN, RW_ESTABLISHED_CUT_KEPT);
	assert_flows_live(scene);
}

static int change(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;

	return rw_enforcer_apply(scene->enforcer, scene->policies[1], scene->established, err);
}

static void look_at_kept(void *userdata, int result)
{
	struct scene *scene = userdata;

	assert_flows_live(scene);
	assert_in_force(scene, result < 0);
	/* No mark is left by what failed: the rules cut as if nothing had been. */
	if (result < 0) {
		filter_change(scene->enforcer, "eth0", SHUT, RW_ESTABLISHED_CUT);
		assert_flows_cut(scene);
	}
	begin(scene);
}

static void live_flows_are_kept_with_the_change_or_by_the_policy_before(void **state)
{
	struct scene *scene = *state;

	scene->established = RW_ESTABLISHED_KEEP;
	begin(scene);
	oom_each(&(struct oom_work){.run = change, .after = look_at_kept, .userdata = scene, .least = 10});
}

/* SHUT keeps the flows; then the same rules are to cut them. */
static void look_at_cut(void *userdata, int result)
{
	struct scene *scene = userdata;

	if (result < 0) {
		assert_flows_live(scene);
		return;
	}
	assert_flows_cut(scene);
	begin(scene);
	filter_change(scene->enforcer, "eth0", SHUT, RW_ESTABLISHED_KEEP);
}

static void kept_flows_are_cut_with_the_change_or_not(void **state)
{
	struct scene *scene = *state;

	scene->established = RW_ESTABLISHED_CUT_KEPT;
	begin(scene);
	filter_change(scene->enforcer, "eth0", SHUT, RW_ESTABLISHED_KEEP);
	oom_each(&(struct oom_work){.run = change, .after = look_at_cut, .userdata = scene, .least = 10});
}

static void count(void *context, const struct rw_enforcer_refused *flow)
{
	struct scene *scene = context;

	(void)flow;
	scene->judged++;
}

static int judge(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;

	scene->judged = 0;
	return scene->enforcer->ops->judge(scene->enforcer, scene->policies[1], count, scene, err);
}

static void look_at_judgement(void *userdata, int result)
{
	struct scene *scene = userdata;

	assert_int_equal(scene->judged, result < 0 ? 0 : 2);
	assert_flows_live(scene);
}

static void a_policy_is_judged_or_the_error_says_why_not(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	oom_each(
		&(struct oom_work){.run = judge, .after = look_at_judgement, .userdata = scene, .least = 10});
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(live_flows_are_kept_with_the_change_or_by_the_policy_before),
		TEST(kept_flows_are_cut_with_the_change_or_not),
		TEST(a_policy_is_judged_or_the_error_says_why_not),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
