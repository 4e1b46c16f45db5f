/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "random_policy.h"
#include "test.h"

/* ---- policies by hand ---- */

static struct rw_policy_group *add_group(struct rw_policy *policy, const char *id)
{
	struct rw_policy_group *group = rw_policy_group_new();

	strcpy(group->id, id);
	group->inner_access = RW_VERDICT_DROP;
	policy->groups = realloc(policy->groups, (policy->group_count + 1) * sizeof(group));
	policy->groups[policy->group_count++] = group;
	return group;
}

static void add_interface(struct rw_policy *policy, const char *name, const uint32_t *groups, size_t count)
{
	struct rw_policy_interface *interface;

	policy->interfaces =
		realloc(policy->interfaces, (policy->interface_count + 1) * sizeof(*policy->interfaces));
	interface = &policy->interfaces[policy->interface_count++];
	*interface = (struct rw_policy_interface){.group_count = count};
	strcpy(interface->name, name);
	interface->groups = calloc(count + 1, sizeof(*groups));
	if (count)
		memcpy(interface->groups, groups, count * sizeof(*groups));
}

/* An ingress rule that accepts TCP 'port' from 'cidr'; the caller changes what it likes. */
static struct rw_rule *add_rule(struct rw_policy_group *group, const char *cidr, uint16_t port)
{
	struct rw_rule *rule = rw_rule_new();

	snprintf(rule->id, sizeof(rule->id), "sgr-%06zu", group->rule_count);
	rule->policy = RW_VERDICT_ACCEPT;
	rule->protocol = RW_PROTOCOL_TCP;
	rule->ports = (struct rw_ports){port, port};
	rule->source_ports = RW_PORTS_ANY;
	rule->priority = 1;
	assert_int_equal(rw_prefix_parse(cidr, &rule->object.cidr, NULL), 0);
	group->rules = realloc(group->rules, (group->rule_count + 1) * sizeof(rule));
	group->rules[group->rule_count++] = rule;
	return rule;
}

/* One interface in one group without rules. */
static struct rw_policy *make_policy(void)
{
	struct rw_policy *policy = rw_policy_new();

	(void)add_group(policy, "sg-a");
	add_interface(policy, "eth0", (const uint32_t[]){0}, 1);
	return policy;
}

/* A set of 'count' addresses, 'step' apart from 'first' on. */
static void add_set(struct rw_policy *policy, const char *id, uint32_t first, uint32_t count, uint32_t step)
{
	struct rw_prefix *prefixes = calloc(count, sizeof(*prefixes));

	for (uint32_t i = 0; i < count; i++) {
		uint32_t address = first + i * step;

		prefixes[i] = (struct rw_prefix){.address.family = 4, .bits = 32};
		for (unsigned int j = 0; j < 4; j++)
			prefixes[i].address.bytes[j] = (uint8_t)(address >> (24 - 8 * j));
	}
	policy->sets = realloc(policy->sets, (policy->set_count + 1) * sizeof(struct rw_address_set *));
	policy->sets[policy->set_count++] = rw_address_set_new(id, prefixes, count);
}

/* The members of sg-a, which lets them reach each other. */
static void add_members(struct rw_policy *policy, uint32_t count, uint32_t step)
{
	policy->groups[0]->inner_access = RW_VERDICT_ACCEPT;
	add_set(policy, "sg-a", 0x0a000000u, count, step);
}

static struct rw_packet packet_from(const char *remote, uint16_t port)
{
	struct rw_packet packet = {
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local_port = port,
		.remote_port = 40000,
	};

	assert_int_equal(rw_address_parse(remote, &packet.remote, NULL), 0);
	assert_int_equal(
		rw_address_parse(packet.remote.family == 4 ? "10.0.0.1" : "fd00::1", &packet.local, NULL), 0);
	return packet;
}

/* ---- tables ---- */

struct compiled {
	struct rw_classify_memory memory;
	struct rw_classify_table *table;
};

static void compiled_done(struct compiled *compiled)
{
	compiled->table = rw_classify_table_free(compiled->table);
	rw_classify_memory_done(&compiled->memory);
}
RW_DEFINE_DONE(struct compiled, compiled_done)

static void compile_with(struct compiled *compiled, const struct rw_policy *policy,
			 struct rw_classify_options options, const struct rw_classify_table *previous)
{
	struct rw_error err = RW_ERROR_NONE;

	rw_classify_memory_init(&compiled->memory);
	compiled->table = NULL;
	if (rw_classify_compile(policy, &options, previous, &compiled->memory, &compiled->table, &err) < 0)
		fail_msg("%s", err.text);
}

static void compile(struct compiled *compiled, const struct rw_policy *policy, const uint8_t *slots,
		    const struct rw_classify_table *previous)
{
	compile_with(compiled, policy, (struct rw_classify_options){.slots = slots}, previous);
}

static const struct rw_table_header *header_of(const struct compiled *compiled)
{
	return compiled->table->pages;
}

static const struct rw_table_view *view_of(const struct compiled *compiled, uint8_t slot)
{
	const struct rw_table_header *header = header_of(compiled);

	return (const struct rw_table_view *)compiled->table->pages + header->views + header->slot[slot] * 2u;
}

static void assert_decides(const struct compiled *compiled, const char *remote, uint16_t port,
			   enum rw_verdict verdict, const char *cause)
{
	struct rw_packet packet = packet_from(remote, port);
	struct rw_decision decision = rw_classify_decide(compiled->table, 0, &packet);

	assert_int_equal(decision.verdict, verdict);
	assert_string_equal(rw_decision_cause(&decision), cause);
}

/* ---- tests ---- */

static void header_says_what_the_image_is(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	const struct rw_table_header *header;

	(void)state;
	policy->container_network = RW_CONTAINER_ROUTED;
	compile(&compiled, policy, NULL, NULL);
	header = header_of(&compiled);
	assert_int_equal(header->magic, RW_TABLE_MAGIC);
	assert_int_equal(header->version, RW_TABLE_VERSION);
	assert_int_equal(header->page_count, compiled.table->page_count);
	assert_int_equal(header->flags, RW_TABLE_ROUTED | RW_TABLE_PLAIN4);
	assert_int_equal(header->policy_count, 2);
	assert_int_equal(header->index_count, compiled.table->origin_count);
}

static void interfaces_with_equal_groups_share_a_policy(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	const struct rw_table_header *header;

	(void)state;
	(void)add_group(policy, "sg-b");
	add_interface(policy, "eth1", (const uint32_t[]){0}, 1);
	add_interface(policy, "eth2", (const uint32_t[]){0, 1}, 2);
	add_interface(policy, "eth3", NULL, 0);
	compile(&compiled, policy, (const uint8_t[]){7, 9, 255, 3}, NULL);
	header = header_of(&compiled);
	assert_int_equal(header->slot[7], header->slot[9]);
	assert_int_not_equal(header->slot[7], header->slot[255]);
	assert_int_equal(header->slot[3], 0);
	assert_int_equal(header->slot[0], 0);
	assert_true(view_of(&compiled, 3)->flags & RW_VIEW_NO_GROUP);
}

static void two_interfaces_in_one_slot_are_refused(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	struct rw_classify_options options = {.slots = (const uint8_t[]){7, 7}};
	struct rw_classify_table *table = NULL;

	(void)state;
	rw_classify_memory_init(&memory);
	add_interface(policy, "eth1", (const uint32_t[]){0}, 1);
	assert_int_equal(rw_classify_compile(policy, &options, NULL, &memory, &table, NULL), -EINVAL);
	assert_null(table);
}

static void the_longest_timeout_of_the_groups_holds(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	const struct rw_table_view *view;

	(void)state;
	policy->groups[0]->timeouts.udp = 5;
	policy->groups[0]->timeouts.tcp_established = 100;
	add_group(policy, "sg-b")->timeouts.tcp_established = 9000;
	add_interface(policy, "eth1", (const uint32_t[]){0, 1}, 2);
	compile(&compiled, policy, NULL, NULL);
	view = view_of(&compiled, 0);
	assert_int_equal(view->timeouts.udp, 5);
	assert_int_equal(view->timeouts.tcp_established, 100);
	assert_int_equal(view->timeouts.tcp_half_open, 30);
	view = view_of(&compiled, 1);
	assert_int_equal(view->timeouts.udp, 30);
	assert_int_equal(view->timeouts.tcp_established, 9000);
	assert_int_equal(view_of(&compiled, 200)->timeouts.other, 30);
}

static void the_image_may_lie_anywhere(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	RW_CLEANUP(rw_free) void *moved = NULL;

	(void)state;
	(void)add_rule(policy->groups[0], "203.0.113.0/24", 22);
	compile(&compiled, policy, NULL, NULL);
	moved = malloc((size_t)compiled.table->page_count * RW_TABLE_PAGE_SIZE);
	memcpy(moved, compiled.table->pages, (size_t)compiled.table->page_count * RW_TABLE_PAGE_SIZE);
	memset(compiled.memory.pages, 0xa5, (size_t)compiled.memory.capacity * RW_TABLE_PAGE_SIZE);
	compiled.table->pages = moved;
	assert_decides(&compiled, "203.0.113.9", 22, RW_VERDICT_ACCEPT, "sgr-000000");
	assert_decides(&compiled, "203.0.112.9", 22, RW_VERDICT_DROP, "default");
}

/* What was in the memory before neither shows nor matters. */
static void equal_policies_have_equal_images(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct rw_dice dice = {.state = seed}, again = {.state = seed};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *twin = rw_random_policy(&again, RW_RANDOM_ALL);
		RW_CLEANUP(compiled_done) struct compiled compiled;
		RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
		struct rw_classify_memory memory = {0};
		size_t size;

		compile(&compiled, policy, NULL, NULL);
		size = (size_t)compiled.table->page_count * RW_TABLE_PAGE_SIZE;
		memory.pages = aligned_alloc(RW_TABLE_PAGE_SIZE, size);
		memory.capacity = compiled.table->page_count;
		memset(memory.pages, 0xa5, size);
		assert_int_equal(rw_classify_compile(twin, NULL, NULL, &memory, &table, NULL), 0);
		assert_int_equal(table->page_count, compiled.table->page_count);
		assert_memory_equal(table->pages, compiled.table->pages, size);
		free(memory.pages);
		rw_classify_memory_done(&memory);
	}
}

static void a_change_of_rules_takes_the_addresses_over(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *first = make_policy();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *second = make_policy();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *third = make_policy();
	RW_CLEANUP(compiled_done) struct compiled a, b, c;

	(void)state;
	(void)add_rule(first->groups[0], "203.0.113.0/24", 22);
	(void)add_rule(first->groups[0], "0.0.0.0/0", 443);
	(void)add_rule(second->groups[0], "203.0.113.0/24", 80);
	(void)add_rule(third->groups[0], "203.0.113.0/24", 80);
	(void)add_rule(third->groups[0], "203.0.114.0/24", 81);
	compile(&a, first, NULL, NULL);
	assert_false(a.table->address_reused);
	compile(&b, second, NULL, a.table);
	assert_true(b.table->address_reused);
	assert_decides(&b, "203.0.113.9", 80, RW_VERDICT_ACCEPT, "sgr-000000");
	assert_decides(&b, "203.0.113.9", 22, RW_VERDICT_DROP, "default");
	assert_decides(&b, "203.0.113.9", 443, RW_VERDICT_DROP, "default");
	compile(&c, third, NULL, b.table);
	assert_false(c.table->address_reused);
	assert_decides(&c, "203.0.114.9", 81, RW_VERDICT_ACCEPT, "sgr-000001");
}

static void a_policy_may_follow_one_about_no_addresses_at_all(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *nothing = make_policy();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *something = make_policy();
	RW_CLEANUP(compiled_done) struct compiled a, b, c;

	(void)state;
	(void)add_rule(something->groups[0], "203.0.113.0/24", 22);
	compile(&a, nothing, NULL, NULL);
	assert_decides(&a, "203.0.113.9", 22, RW_VERDICT_DROP, "default");
	compile(&b, something, NULL, a.table);
	assert_decides(&b, "203.0.113.9", 22, RW_VERDICT_ACCEPT, "sgr-000000");
	compile(&c, nothing, NULL, b.table);
	assert_decides(&c, "203.0.113.9", 22, RW_VERDICT_DROP, "default");
}

/*
 * The records of the classes, which the address part refers to, grow with the number of interface policies.
 */
static void another_number_of_interface_policies_needs_a_new_address_part(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *one = make_policy();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *many = make_policy();
	RW_CLEANUP(compiled_done) struct compiled a, b;

	(void)state;
	(void)add_rule(one->groups[0], "203.0.113.0/24", 22);
	(void)add_rule(many->groups[0], "203.0.113.0/24", 22);
	for (uint32_t i = 1; i < 5; i++) {
		(void)add_group(many, (const char *[]){"", "sg-b", "sg-c", "sg-d", "sg-e"}[i]);
		add_interface(many, (const char *[]){"", "eth1", "eth2", "eth3", "eth4"}[i], &i, 1);
	}
	compile(&a, one, NULL, NULL);
	compile(&b, many, NULL, a.table);
	assert_false(b.table->address_reused);
	assert_decides(&b, "203.0.113.9", 22, RW_VERDICT_ACCEPT, "sgr-000000");
	assert_decides(&b, "203.0.112.9", 22, RW_VERDICT_DROP, "default");
}

/* Many rules about one remote object are merged before they are laid over what is below. */
static void many_rules_on_one_object_leave_a_stronger_five_tuple_rule_alone(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	struct rw_rule *five = add_rule(policy->groups[0], "0.0.0.0/0", 22);
	struct rw_packet packet = packet_from("203.0.113.9", 22);

	(void)state;
	five->policy = RW_VERDICT_DROP;
	assert_int_equal(rw_prefix_parse("10.0.0.1/32", &five->local_cidr, NULL), 0);
	for (uint16_t port = 20; port < 40; port++)
		add_rule(policy->groups[0], "203.0.113.0/24", port)->priority = 2;
	compile(&compiled, policy, NULL, NULL);
	assert_string_equal(rw_classify_decide(compiled.table, 0, &packet).detail, five->id);
	packet.local.bytes[3] = 2;
	assert_string_equal(rw_classify_decide(compiled.table, 0, &packet).detail, "sgr-000003");
	assert_decides(&compiled, "203.0.113.9", 39, RW_VERDICT_ACCEPT, "sgr-000020");
}

/* The pages hold the address part of the table before the last, which is that of the last. */
static void an_address_part_that_is_there_already_is_not_written(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled even, odd;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *third = NULL;
	uint32_t *root;

	(void)state;
	(void)add_rule(policy->groups[0], "203.0.113.0/24", 22);
	compile(&even, policy, NULL, NULL);
	compile(&odd, policy, NULL, even.table);
	/* A mark where no prefix is tells whether the root was written again. */
	root = (uint32_t *)even.memory.pages + (size_t)header_of(&even)->root4 * RW_TABLE_PAGE_CELLS;
	root[1] = 4711;
	assert_int_equal(rw_classify_compile(policy, NULL, odd.table, &even.memory, &third, NULL), 0);
	assert_true(third->address_reused);
	assert_int_equal(root[1], 4711);
}

/* sg-a with its members and, if 'more', a rule about the members of sg-b. */
static struct rw_policy *make_crowded(uint32_t members, bool more)
{
	struct rw_policy *policy = make_policy();

	add_members(policy, members, 300);
	if (more) {
		struct rw_rule *rule = add_rule(policy->groups[0], "0.0.0.0/0", 22);

		rule->object.kind = RW_OBJECT_GROUP;
		strcpy(rule->object.id, "sg-b");
		add_set(policy, "sg-b", 0x0b000000u, 2500, 300);
	}
	return policy;
}

static void addresses_that_nobody_names_any_more_are_given_up(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *large = make_crowded(10, true);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *small = make_crowded(10, false);
	RW_CLEANUP(compiled_done) struct compiled a, b;

	(void)state;
	compile(&a, large, NULL, NULL);
	compile(&b, small, NULL, a.table);
	assert_false(b.table->address_reused);
	assert_true(b.table->page_count < a.table->page_count);
}

static void addresses_taken_over_never_cost_a_policy_its_room(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *large = make_crowded(3000, true);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *small = make_crowded(3000, false);
	RW_CLEANUP(compiled_done) struct compiled a, b, fresh;
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	struct rw_classify_options options = {0};

	(void)state;
	compile(&a, large, NULL, NULL);
	compile(&b, small, NULL, a.table);
	assert_true(b.table->address_reused);
	compile_with(&fresh, small, (struct rw_classify_options){.compressed = true}, NULL);
	assert_true(fresh.table->page_count < b.table->page_count);
	options.page_limit = fresh.table->page_count;
	rw_classify_memory_init(&memory);
	assert_int_equal(rw_classify_compile(small, &options, a.table, &memory, &table, NULL), 0);
	assert_false(table->address_reused);
}

static void fixed_memory_that_is_too_small_is_told_from_the_budget(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	struct rw_classify_table *table = NULL;
	uint32_t pages;

	(void)state;
	add_members(policy, 5000, 300);
	compile_with(&compiled, policy, (struct rw_classify_options){.compressed = true}, NULL);
	pages = compiled.table->page_count;
	for (uint32_t capacity = 0; capacity < pages; capacity += 13) {
		RW_CLEANUP(rw_free)
		void *room = aligned_alloc(RW_TABLE_PAGE_SIZE, (size_t)(capacity + 1) * RW_TABLE_PAGE_SIZE);
		struct rw_classify_memory memory = {.pages = room, .capacity = capacity};
		struct rw_classify_options options = {.page_limit = capacity + 1};
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(rw_classify_compile(policy, NULL, NULL, &memory, &table, &err), -ENOSPC);
		rw_classify_memory_done(&memory);
		if (capacity + 1 >= pages)
			continue;
		rw_classify_memory_init(&memory);
		assert_int_equal(rw_classify_compile(policy, &options, NULL, &memory, &table, &err), -E2BIG);
		assert_non_null(strstr(err.text, "sg-a"));
		assert_non_null(strstr(err.hint, "--table-memory"));
		rw_classify_memory_done(&memory);
		assert_null(table);
	}
}

/* Whether the rows of the first interface's ingress view are plain ones. */
static bool has_plain_rows(const struct compiled *compiled)
{
	const struct rw_table_header *header = header_of(compiled);
	const struct rw_table_view *views =
		(const struct rw_table_view *)compiled->table->pages + header->views;

	return views[header->slot[0] * 2].flags & RW_VIEW_PLAIN_ROWS;
}

static void quick_form_gives_way_where_only_the_small_one_fits(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled quick, small, fitted;

	(void)state;
	add_members(policy, 2000, 300);
	(void)add_rule(policy->groups[0], "203.0.113.0/24", 22);
	compile(&quick, policy, NULL, NULL);
	compile_with(&small, policy, (struct rw_classify_options){.compressed = true}, NULL);
	assert_true(header_of(&quick)->flags & RW_TABLE_PLAIN4);
	assert_false(header_of(&small)->flags & RW_TABLE_PLAIN4);
	assert_true(has_plain_rows(&quick));
	assert_false(has_plain_rows(&small));
	assert_true(small.table->page_count < quick.table->page_count);
	compile_with(&fitted, policy, (struct rw_classify_options){.page_limit = small.table->page_count},
		     quick.table);
	assert_false(header_of(&fitted)->flags & RW_TABLE_PLAIN4);
	assert_int_equal(fitted.table->page_count, small.table->page_count);
}

static void sparse_members_are_cheap(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;

	(void)state;
	add_members(policy, 10000, 1671);
	compile(&compiled, policy, NULL, NULL);
	assert_true((uint64_t)compiled.table->page_count * RW_TABLE_PAGE_SIZE <= 2u << 20);
	assert_decides(&compiled, "10.0.0.0", 22, RW_VERDICT_ACCEPT, "inner-access");
	assert_decides(&compiled, "10.0.6.135", 22, RW_VERDICT_ACCEPT, "inner-access");
	assert_decides(&compiled, "10.0.6.136", 22, RW_VERDICT_DROP, "default");
}

static void five_tuple_rules_that_meet_in_one_place_are_limited(void **state)
{
	(void)state;
	for (unsigned int count = RW_TABLE_LIST_MAX; count <= RW_TABLE_LIST_MAX + 1; count++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
		RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
		RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
		struct rw_error err = RW_ERROR_NONE;
		struct rw_packet packet = packet_from("203.0.113.9", 22);
		int r;

		rw_classify_memory_init(&memory);
		for (unsigned int i = 0; i < count; i++) {
			struct rw_rule *rule = add_rule(policy->groups[0], "0.0.0.0/0", 22);

			rule->source_ports = (struct rw_ports){(uint16_t)(40000 - i), (uint16_t)(40000 - i)};
		}
		r = rw_classify_compile(policy, NULL, NULL, &memory, &table, &err);
		if (count > RW_TABLE_LIST_MAX) {
			assert_int_equal(r, -E2BIG);
			assert_non_null(strstr(err.text, "sg-a"));
			continue;
		}
		assert_int_equal(r, 0);
		for (unsigned int i = 0; i < count; i++) {
			struct rw_decision decision;

			packet.remote_port = (uint16_t)(40000 - i);
			decision = rw_classify_decide(table, 0, &packet);
			assert_string_equal(decision.detail, policy->groups[0]->rules[i]->id);
		}
		packet.remote_port = (uint16_t)(40000 - count);
		assert_int_equal(rw_classify_decide(table, 0, &packet).cause, RW_CAUSE_DEFAULT);
	}
}

static void more_columns_than_a_span_holds_are_found(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	char id[RW_ID_SIZE];

	(void)state;
	for (uint16_t i = 0; i < 700; i++)
		(void)add_rule(policy->groups[0], i % 2 ? "203.0.113.0/24" : "2001:db8::/32",
			       (uint16_t)(i * 90 + 1));
	add_rule(policy->groups[0], "203.0.113.0/24", 0)->protocol = RW_PROTOCOL_ALL;
	policy->groups[0]->rules[700]->ports = RW_PORTS_ANY;
	policy->groups[0]->rules[700]->priority = 2;
	compile(&compiled, policy, NULL, NULL);
	assert_true(view_of(&compiled, 0)->columns > 512);
	for (uint16_t i = 0; i < 700; i++) {
		snprintf(id, sizeof(id), "sgr-%06u", i % 2u ? i : 700u);
		assert_decides(&compiled, "203.0.113.9", (uint16_t)(i * 90 + 1), RW_VERDICT_ACCEPT, id);
		assert_decides(&compiled, "203.0.113.9", (uint16_t)(i * 90 + 2), RW_VERDICT_ACCEPT,
			       "sgr-000700");
		snprintf(id, sizeof(id), "sgr-%06u", (unsigned int)i);
		assert_decides(&compiled, "2001:db8::9", (uint16_t)(i * 90 + 1),
			       i % 2 ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT, i % 2 ? "default" : id);
		assert_decides(&compiled, "203.0.112.9", (uint16_t)(i * 90 + 1), RW_VERDICT_DROP, "default");
	}
}

static void long_ipv6_prefixes_are_told_apart_in_every_bit(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;
	struct rw_packet packet = packet_from("2001:db8::1", 22);

	(void)state;
	(void)add_rule(policy->groups[0], "2001:db8::1", 22);
	compile(&compiled, policy, NULL, NULL);
	assert_decides(&compiled, "2001:db8::1", 22, RW_VERDICT_ACCEPT, "sgr-000000");
	for (unsigned int bit = 0; bit < 128; bit++) {
		packet.remote.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
		assert_int_equal(rw_classify_decide(compiled.table, 0, &packet).verdict, RW_VERDICT_DROP);
		packet.remote.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
	}
}

/* Every length below every other: the deepest nesting there is. */
static void every_prefix_length_inside_the_other_decides(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy();
	RW_CLEANUP(compiled_done) struct compiled compiled;

	(void)state;
	for (unsigned int bits = 0; bits <= 128; bits++) {
		struct rw_rule *rule = add_rule(policy->groups[0], "::/0", 22);

		rule->object.cidr.bits = (uint8_t)bits;
		memset(rule->object.cidr.address.bytes, 0xff, bits / 8);
		if (bits % 8)
			rule->object.cidr.address.bytes[bits / 8] = (uint8_t)(0xff00u >> bits % 8);
		rule->priority = 100;
		snprintf(rule->id, sizeof(rule->id), "sgr-%03u", 128 - bits);
	}
	compile(&compiled, policy, NULL, NULL);
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct rw_packet packet = packet_from("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 22);
		char id[RW_ID_SIZE];

		packet.remote.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
		snprintf(id, sizeof(id), "sgr-%03u", 128 - bit);
		assert_string_equal(rw_classify_decide(compiled.table, 0, &packet).detail, id);
	}
	assert_decides(&compiled, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 22, RW_VERDICT_ACCEPT,
		       "sgr-000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_says_what_the_image_is),
		cmocka_unit_test(interfaces_with_equal_groups_share_a_policy),
		cmocka_unit_test(two_interfaces_in_one_slot_are_refused),
		cmocka_unit_test(the_longest_timeout_of_the_groups_holds),
		cmocka_unit_test(the_image_may_lie_anywhere),
		cmocka_unit_test(equal_policies_have_equal_images),
		cmocka_unit_test(a_change_of_rules_takes_the_addresses_over),
		cmocka_unit_test(a_policy_may_follow_one_about_no_addresses_at_all),
		cmocka_unit_test(another_number_of_interface_policies_needs_a_new_address_part),
		cmocka_unit_test(many_rules_on_one_object_leave_a_stronger_five_tuple_rule_alone),
		cmocka_unit_test(an_address_part_that_is_there_already_is_not_written),
		cmocka_unit_test(addresses_that_nobody_names_any_more_are_given_up),
		cmocka_unit_test(addresses_taken_over_never_cost_a_policy_its_room),
		cmocka_unit_test(fixed_memory_that_is_too_small_is_told_from_the_budget),
		cmocka_unit_test(quick_form_gives_way_where_only_the_small_one_fits),
		cmocka_unit_test(sparse_members_are_cheap),
		cmocka_unit_test(five_tuple_rules_that_meet_in_one_place_are_limited),
		cmocka_unit_test(more_columns_than_a_span_holds_are_found),
		cmocka_unit_test(long_ipv6_prefixes_are_told_apart_in_every_bit),
		cmocka_unit_test(every_prefix_length_inside_the_other_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
