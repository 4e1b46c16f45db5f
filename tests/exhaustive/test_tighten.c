/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Plans for random clusters against the reference evaluator: every seen flow stays accepted after every step or is
 * listed with a reason, whichever packet it may have been; nothing opens but ICMP; what a step says that it closes and
 * opens is exactly what the evaluator decides otherwise, packet by packet; applying the steps gives exactly the predicted
 * policies; a second plan has nothing to do.
 */

#include "world.h"

#include "audit/tighten.h"
#include "policy/evaluate.h"
#include "random_policy.h"

#define WORLDS 400
#define DRAWS  3  /* packets that a flow may have been */
#define PROBES 40 /* of what a step says, for each interface */

struct world {
	struct rw_dice dice;
	struct rw_draft *draft;
	struct rw_evidence evidence;
	struct rw_tighten_plan plan;
};

static const char *const remotes[] = {
	"10.0.0.1",    "10.0.0.2",    "10.0.1.1",    "10.0.2.2",      "10.9.9.9",      "100.64.0.3",
	"172.18.4.4",  "192.168.1.1", "192.168.2.7", "203.0.113.7",   "198.51.100.7",  "8.8.8.8",
	"2001:db8::9", "2a00:1::1",   "fd00::5",     "2001:db8:1::9", "2001:db8:1::2",
};
static const uint16_t ports[] = {22, 23, 80, 81, 82, 443, 6379, 8080, 8081};
static const uint8_t protocols[] = {RW_PROTOCOL_TCP, RW_PROTOCOL_TCP,  RW_PROTOCOL_TCP,
				    RW_PROTOCOL_UDP, RW_PROTOCOL_ICMP, RW_PROTOCOL_GRE};
#define PICK(world, list) ((list)[rw_dice_below(&(world)->dice, RW_ARRAY_COUNT(list))])

/* ---- a random cluster ---- */

static void add_rule(struct world *world, const char *group, bool classic, const char *text)
{
	struct rw_rule *rule = world_rule(text);
	struct rw_error err = RW_ERROR_NONE;

	rule->nic_type = classic && rw_dice_chance(&world->dice, 50) ? RW_NIC_INTERNET : RW_NIC_INTRANET;
	if (rule->nic_type == RW_NIC_INTERNET && rule->object.kind == RW_OBJECT_GROUP)
		rule->nic_type = RW_NIC_INTRANET;
	if (rw_edit_add_rules(world->draft, group, &rule, 1, NULL, &err) < 0)
		fail_msg("%s: %s: %s", text, err.field, err.text);
}

/* A rule that asks for what records of flows do not tell. */
static void add_close_rule(struct world *world, bool classic, const char *words)
{
	static const char *const locals[] = {"10.0.0.1/32", "10.0.0.3/32", "10.0.0.2/31", "172.18.0.0/16"};
	static const struct rw_ports sources[] = {{1, 1023}, {53, 53}, {40000, 65535}};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_rule *rule;
	char text[128];

	(void)snprintf(text, sizeof(text), "- in %s %u", words, 1 + rw_dice_below(&world->dice, 4));
	rule = world_rule(text);
	if (rule->object.kind != RW_OBJECT_CIDR || rule->object.cidr.address.family != 4) {
		(void)rw_rule_unref(rule);
		return;
	}
	rule->nic_type = classic && rw_dice_chance(&world->dice, 50) ? RW_NIC_INTERNET : RW_NIC_INTRANET;
	if (rw_dice_chance(&world->dice, 60))
		rule->local_cidr = world_prefix(PICK(world, locals));
	if (rw_protocol_has_ports(rule->protocol) && rw_dice_chance(&world->dice, 60))
		rule->source_ports = PICK(world, sources);
	if (rw_edit_add_rules(world->draft, "sg-c1", &rule, 1, NULL, &err) < 0)
		fail_msg("%s: %s: %s", text, err.field, err.text);
}

static void add_rules(struct world *world, bool classic)
{
	static const char *const loose[] = {"all -1/-1 0.0.0.0/0", "all -1/-1 ::/0", "tcp 1/65535 0.0.0.0/0",
					    "udp 1/65535 0.0.0.0/0"};
	static const char *const others[] = {
		"accept tcp 80/80 0.0.0.0/0",   "drop tcp 80/82 203.0.113.0/24",
		"accept tcp 81/443 sg-app",     "drop all -1/-1 198.51.100.7/32",
		"accept icmp -1/-1 10.0.0.0/8", "drop udp 1/100 0.0.0.0/0",
		"accept tcp 443/443 ::/0",      "drop tcp 6379/6379 10.0.0.0/16",
		"accept tcp 80/81 pl-4",        "drop all -1/-1 pl-6",
		"drop tcp 1/100 sg-app",        "accept udp 22/8081 2001:db8::/32",
	};
	char text[128];

	for (unsigned int i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof(text), "- in accept %s %u", PICK(world, loose),
			       1 + rw_dice_below(&world->dice, 3));
		add_rule(world, "sg-c1", classic, text);
	}
	for (unsigned int i = rw_dice_below(&world->dice, 5); i > 0; i--) {
		(void)snprintf(text, sizeof(text), "- in %s %u", PICK(world, others),
			       1 + rw_dice_below(&world->dice, 4));
		add_rule(world, "sg-c1", classic, text);
	}
	if (rw_dice_chance(&world->dice, 30))
		add_rule(world, "sg-c1", false, "- out drop all -1/-1 0.0.0.0/0 2");
	for (unsigned int i = rw_dice_below(&world->dice, 3); i > 0; i--)
		add_close_rule(world, classic, PICK(world, others));
}

static void add_balancer(struct world *world)
{
	struct rw_load_balancer *balancer = rw_load_balancer_new();

	world_id(balancer->id, "lb-1");
	balancer->name = strdup("front");
	world_id(balancer->cluster, "c1");
	balancer->client_ip_kept = rw_dice_chance(&world->dice, 30);
	if (rw_dice_chance(&world->dice, 50))
		world_id(balancer->source_group, "sg-app");
	else
		world_prefixes("100.64.0.0/10,203.0.113.0/24", &balancer->source_cidrs,
			       &balancer->source_cidr_count);
	balancer->listeners = calloc(1, sizeof(*balancer->listeners));
	balancer->listener_count = 1;
	*balancer->listeners = (struct rw_listener){RW_PROTOCOL_TCP, 80, 8080};
	world_create(world->draft, RW_KIND_LOAD_BALANCER, balancer);
}

static void add_node(struct world *world, const char *id, const char *cluster, const char *groups,
		     const char *inner, const char *outer)
{
	struct rw_node *node = world_node(id, "vpc-1", cluster, groups, inner);

	if (outer)
		world_interface(node, "eth1", RW_NIC_INTERNET, outer);
	world_create(world->draft, RW_KIND_NODE, node);
}

static void build(struct world *world)
{
	bool classic = rw_dice_chance(&world->dice, 50), two_nics = rw_dice_chance(&world->dice, 50);
	struct rw_cluster *cluster = world_cluster("c1", "vpc-1", "172.18.0.0/16");
	struct rw_error err = RW_ERROR_NONE;

	world_create(world->draft, RW_KIND_NETWORK,
		     world_network("vpc-1", classic ? RW_NETWORK_CLASSIC : RW_NETWORK_VPC,
				   "10.0.0.0/16,2001:db8:1::/48"));
	world_create(world->draft, RW_KIND_PREFIX_LIST,
		     world_list("pl-4", 4, "203.0.113.0/24,192.168.2.0/24"));
	world_create(world->draft, RW_KIND_PREFIX_LIST, world_list("pl-6", 6, "2a00:1::/64"));
	world_create(world->draft, RW_KIND_GROUP, world_group("sg-app", "vpc-1"));
	world_id(cluster->security_group, "sg-c1");
	cluster->profile = rw_dice_chance(&world->dice, 50) ? RW_PROFILE_STANDARD : RW_PROFILE_LOOSE;
	cluster->container_network =
		rw_dice_chance(&world->dice, 50) ? RW_CONTAINER_ROUTED : RW_CONTAINER_OVERLAY;
	if (rw_dice_chance(&world->dice, 50))
		world_prefixes("203.0.113.0/24", &cluster->management_cidrs, &cluster->management_cidr_count);
	world_create(world->draft, RW_KIND_CLUSTER, cluster);
	if (rw_dice_chance(&world->dice, 30))
		assert_int_equal(rw_edit_set_inner_access(world->draft, "sg-c1", RW_VERDICT_DROP, &err), 0);
	add_rules(world, classic);
	/* In a VPC somebody may have declared a NIC of the internet, too. */
	add_node(world, "n-1", "c1", rw_dice_chance(&world->dice, 20) ? "sg-app" : "",
		 "10.0.0.1,10.0.0.3,2001:db8:1::1", classic || two_nics ? "203.0.113.1,2a00:1::77" : NULL);
	add_node(world, "n-2", "c1", "", "10.0.0.2", NULL);
	add_node(world, "n-app", "", "sg-app", "10.0.1.1,2001:db8:1::9", NULL);
	if (rw_dice_chance(&world->dice, 60))
		add_balancer(world);
}

static void watch(struct world *world, const char *id)
{
	struct rw_evidence_node *seen;

	assert_int_equal(rw_evidence_add_node(&world->evidence, id, &seen), 0);
	seen->listeners_known = true;
	seen->flows_known = true;
	for (size_t i = 0; i < RW_ARRAY_COUNT(ports); i++) {
		struct rw_evidence_listener *listener;

		if (rw_dice_chance(&world->dice, 30))
			continue;
		assert_int_equal(rw_vec_push(&seen->listeners, &listener), 0);
		listener->protocol = i % 3 == 2 ? RW_PROTOCOL_UDP : RW_PROTOCOL_TCP;
		listener->port = ports[i];
	}
	for (unsigned int i = rw_dice_below(&world->dice, 60); i > 0; i--) {
		struct rw_evidence_flow *flow;

		assert_int_equal(rw_vec_push(&seen->flows, &flow), 0);
		*flow = (struct rw_evidence_flow){.accepted = rw_dice_chance(&world->dice, 90),
						  .protocol = PICK(world, protocols),
						  .remote = world_address(PICK(world, remotes)),
						  .count = 1};
		if (rw_protocol_has_ports(flow->protocol))
			flow->port = PICK(world, ports);
		if (rw_dice_chance(&world->dice, 10))
			flow->remote = (struct rw_address){0};
		else if (flow->remote.family == 6 && flow->protocol == RW_PROTOCOL_ICMP)
			flow->protocol = RW_PROTOCOL_ICMPV6;
		flow->answered = rw_dice_chance(&world->dice, 50);
		if (rw_dice_chance(&world->dice, 70))
			strcpy(flow->interface, rw_dice_chance(&world->dice, 50) ? "eth0" : "eth1");
	}
}

/* ---- what must hold ---- */

static bool is_listed(const struct rw_tighten_plan *plan, size_t steps, const char *node,
		      const char *interface, const struct rw_evidence_flow *flow)
{
	for (size_t i = 0; i < steps; i++) {
		const struct rw_tighten_step *step = rw_vec_at(&plan->steps, i);

		for (size_t j = 0; j < step->refusals.count; j++) {
			const struct rw_tighten_refusal *refusal = rw_vec_at(&step->refusals, j);

			if (strcmp(refusal->node, node) == 0 && strcmp(refusal->interface, interface) == 0 &&
			    memcmp(&refusal->flow, flow, sizeof(*flow)) == 0) {
				if (strcmp(refusal->why, "no rule of the plan accepts it") == 0) {
					char remote[RW_ADDRESS_TEXT_SIZE];

					rw_address_format(&flow->remote, remote);
					fail_msg("%s %s: protocol %u port %u from %s is refused by step %s "
						 "for no reason",
						 node, interface, flow->protocol, flow->port, remote,
						 rw_tighten_step_name(step->kind));
				}
				return true;
			}
		}
	}
	return false;
}

/* A packet that may have opened the flow: source port, own address and, of many clients, the remote are drawn. */
static struct rw_packet draw_packet(struct rw_dice *dice, const struct rw_evidence_flow *flow,
				    const struct rw_interface *interface)
{
	static const uint16_t source_ports[] = {1, 53, 54, 123, 1023, 1024, 32768, 40000, 65535};
	struct rw_packet packet = {
		.direction = RW_DIRECTION_INGRESS,
		.protocol = flow->protocol,
		.tcp_flags = flow->protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
		.icmp_type = flow->protocol == RW_PROTOCOL_ICMP     ? 8
			     : flow->protocol == RW_PROTOCOL_ICMPV6 ? 128
								    : 0,
		.hop_limit = 64,
		.local_port = flow->port,
		.remote = flow->remote.family
				  ? flow->remote
				  : world_address(remotes[rw_dice_below(dice, RW_ARRAY_COUNT(remotes))]),
	};

	if (!flow->remote.family && flow->protocol == RW_PROTOCOL_ICMP && packet.remote.family == 6)
		packet.protocol = RW_PROTOCOL_ICMPV6, packet.icmp_type = 128;
	if (flow->port)
		packet.remote_port = source_ports[rw_dice_below(dice, RW_ARRAY_COUNT(source_ports))];
	packet.local.family = packet.remote.family;
	for (size_t i = 0; i < interface->address_count; i++)
		if (interface->addresses[i].family == packet.remote.family &&
		    (!packet.local.bytes[0] || rw_dice_chance(dice, 50)))
			packet.local = interface->addresses[i];
	return packet;
}

static struct rw_policy *derive(const struct rw_model *model, const char *node)
{
	const struct rw_policy_surroundings surroundings = {0};
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_policy_derive(model, node, &surroundings, NULL, &policy, NULL), 0);
	return policy;
}

/* ICMP, and from a group that is named also what its members send over the other IP version. */
static bool may_open(const struct rw_packet *packet)
{
	struct rw_address members[] = {world_address("10.0.1.1"), world_address("2001:db8:1::9")};

	return packet->protocol == RW_PROTOCOL_ICMP || packet->protocol == RW_PROTOCOL_ICMPV6 ||
	       rw_address_equal(&packet->remote, &members[0]) ||
	       rw_address_equal(&packet->remote, &members[1]);
}

/* One step for one node: 'was' before it, 'is' after it.  Gives how many packets were judged. */
static size_t check_step(struct world *world, size_t index, const struct rw_node *node,
			 const struct rw_policy *was, const struct rw_policy *is)
{
	const struct rw_evidence_node *seen = rw_evidence_find(&world->evidence, node->id);
	size_t judged = 0;

	for (size_t i = 0; i < seen->flows.count * node->interface_count * DRAWS; i++) {
		const struct rw_evidence_flow *flow =
			rw_vec_at(&seen->flows, i / DRAWS / node->interface_count);
		const struct rw_interface *interface = &node->interfaces[i / DRAWS % node->interface_count];
		size_t place = (size_t)rw_policy_find_interface(was, interface->name);
		struct rw_packet packet = draw_packet(&world->dice, flow, interface);
		bool before = rw_evaluate(was, place, &packet).verdict == RW_VERDICT_ACCEPT;
		bool after = rw_evaluate(is, place, &packet).verdict == RW_VERDICT_ACCEPT;

		if (!before && after)
			assert_true(may_open(&packet));
		if (!flow->accepted || (flow->interface[0] && strcmp(flow->interface, interface->name) != 0))
			continue;
		judged += before;
		if (before && !after)
			assert_true(is_listed(&world->plan, index + 1, node->id, interface->name, flow));
	}
	return judged;
}

/* True when a difference of the step, of interfaces like this one, has the packet in what it opens or closes. */
static bool is_told(const struct world *world, const struct rw_tighten_step *step,
		    const struct rw_packet *packet, bool opens, const char *node, const char *interface)
{
	for (size_t i = 0; i < step->differences.count; i++) {
		const struct rw_tighten_difference *difference = rw_vec_at(&step->differences, i);
		rw_set set = opens ? difference->diff.opens : difference->diff.closes;

		if (node &&
		    (strcmp(difference->node, node) != 0 || strcmp(difference->interface, interface) != 0))
			continue;
		if (rw_set_contains(world->plan.sets, set, packet))
			return true;
	}
	return false;
}

/* What the step says that it changes, against packets near everything that the rules name. */
static void check_proof(struct world *world, const struct rw_tighten_step *step, const struct rw_policy *was,
			const struct rw_policy *is)
{
	for (size_t i = 0; i < was->interface_count * PROBES; i++) {
		size_t place = i / PROBES;
		const char *name = was->interfaces[place].name;
		struct rw_packet packet = rw_random_packet(&world->dice, was, place, RW_RANDOM_FIVE);
		struct rw_decision a = rw_evaluate(was, place, &packet), b = rw_evaluate(is, place, &packet);

		if (packet.direction != RW_DIRECTION_INGRESS) {
			assert_int_equal(a.verdict, b.verdict);
			continue;
		}
		if (a.verdict != b.verdict)
			assert_true(
				is_told(world, step, &packet, b.verdict == RW_VERDICT_ACCEPT, NULL, NULL));
		/* Beside the rules a system rule may decide, of which a difference does not speak. */
		else if ((a.cause == RW_CAUSE_RULE || a.cause == RW_CAUSE_DEFAULT) &&
			 (b.cause == RW_CAUSE_RULE || b.cause == RW_CAUSE_DEFAULT))
			assert_false(
				is_told(world, step, &packet, a.verdict == RW_VERDICT_DROP, was->node, name));
	}
}

static size_t check_node(struct world *world, const char *id)
{
	const struct rw_model *model = rw_draft_model(world->draft);
	const struct rw_node *node = rw_model_find_node(model, id);
	struct rw_policy *was = derive(model, id);
	size_t judged = 0;

	for (size_t i = 0; i < world->plan.steps.count; i++) {
		const struct rw_tighten_step *step = rw_vec_at(&world->plan.steps, i);
		struct rw_policy *is = derive(step->after, id);

		judged += check_step(world, i, node, was, is);
		check_proof(world, step, was, is);
		rw_policy_unref(was);
		was = is;
	}
	rw_policy_unref(was);
	return judged;
}

static void check_applied(const struct world *world, const char *id, const struct rw_model *predicted,
			  const struct rw_model *applied)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *a = derive(predicted, id);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *b = derive(applied, id);
	struct rw_policy_digest one = rw_policy_digest(a), other = rw_policy_digest(b);

	(void)world;
	assert_memory_equal(&one, &other, sizeof(one));
}

/* Applies the plan, and plans again. */
static void apply(struct world *world, struct rw_tighten_input *input)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan again = {0};
	struct rw_error err = RW_ERROR_NONE;

	for (size_t i = 0; i < world->plan.steps.count; i++) {
		const struct rw_tighten_step *step = rw_vec_at(&world->plan.steps, i);

		if (rw_tighten_apply(world->draft, "sg-c1", step, &err) < 0)
			fail_msg("%s", err.text);
		check_applied(world, "n-1", step->after, rw_draft_model(world->draft));
		check_applied(world, "n-2", step->after, rw_draft_model(world->draft));
	}
	input->model = rw_draft_model(world->draft);
	assert_int_equal(rw_tighten_make(input, &again, &err), 0);
	assert_int_equal(again.state, RW_TIGHTEN_NOTHING);
	assert_int_equal(again.steps.count, 0);
}

static size_t run(uint64_t seed)
{
	static const struct rw_tighten_service closed[] = {{RW_PROTOCOL_TCP, {82, 82}}};
	static const struct rw_tighten_service declared[] = {{RW_PROTOCOL_TCP, {8081, 8081}}};
	RW_CLEANUP(rw_model_free) struct rw_model *empty = rw_model_new();
	struct world world = {.dice = {seed}, .draft = rw_draft_new(empty, &world_context)};
	struct rw_tighten_input input = {
		.cluster = "c1", .context = &world_context, .evidence = &world.evidence};
	struct rw_error err = RW_ERROR_NONE;
	size_t judged;

	rw_evidence_init(&world.evidence);
	build(&world);
	watch(&world, "n-1");
	watch(&world, "n-2");
	input.model = rw_draft_model(world.draft);
	if (rw_dice_chance(&world.dice, 30)) {
		input.closed = closed;
		input.closed_count = 1;
		input.declared = declared;
		input.declared_count = 1;
	}
	if (rw_tighten_make(&input, &world.plan, &err) < 0)
		fail_msg("%llu: %s", (unsigned long long)seed, err.text);
	assert_int_equal(world.plan.state, RW_TIGHTEN_READY);
	judged = check_node(&world, "n-1") + check_node(&world, "n-2");
	apply(&world, &input);
	rw_tighten_plan_done(&world.plan);
	rw_evidence_done(&world.evidence);
	rw_draft_free(world.draft);
	return judged;
}

static void random_clusters_are_tightened_without_cutting_what_is_used(void **state)
{
	size_t judged = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++)
		judged += run(seed);
	assert_true(judged > WORLDS * 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_clusters_are_tightened_without_cutting_what_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
