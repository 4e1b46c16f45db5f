/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the controller adds to a durable change: one rule added and revoked, again and again, guards, audit
 * record, fold and the delta for one connected agent included, on the memory store.  Two models: a small one,
 * and one with 1,000 rules and a group of 10,000 members that a rule refers to.
 *
 *     controller_change OUTPUT.json [CHANGES]
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "controller/change.h"
#include "controller/session.h"
#include "store/memory/memory.h"

#define DEFAULT_CHANGES 400
#define MAX_CHANGES     100000

static int fail(const char *what, const struct rw_error *err)
{
	(void)fprintf(stderr, "controller_change: %s: %s: %s\n", what, err->field, err->text);
	return 1;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static double resident_mib(void)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	unsigned long pages = 0;

	rw_buf_init(&buf, 4096);
	if (rw_file_read("/proc/self/statm", &buf, NULL) == 0)
		(void)sscanf(buf.data, "%*u %lu", &pages);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

static void put(struct rw_model *model, enum rw_kind kind, void *object)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_model_put(model, kind, object, &err) < 0)
		exit(fail("model", &err));
}

static struct rw_address member_address(unsigned int number)
{
	struct rw_address address = {.family = 4, .bytes = {10, 1}};

	address.bytes[2] = (uint8_t)(number / 250);
	address.bytes[3] = (uint8_t)(1 + number % 250);
	return address;
}

static struct rw_node *make_node(const char *id, enum rw_agent_kind agent, const char *group,
				 unsigned int number)
{
	struct rw_node *node = rw_node_new();

	(void)strcpy(node->id, id);
	node->name = strdup(id);
	node->agent = agent;
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	(void)strcpy(node->network, "vpc-1");
	node->security_groups = calloc(1, sizeof(*node->security_groups));
	(void)strcpy(node->security_groups[node->security_group_count++], group);
	node->interfaces = calloc(1, sizeof(*node->interfaces));
	node->interfaces[0].name = strdup("eth0");
	node->interfaces[0].addresses = calloc(1, sizeof(struct rw_address));
	node->interfaces[0].addresses[node->interfaces[0].address_count++] = member_address(number);
	node->interface_count = 1;
	return node;
}

static struct rw_rule *make_rule(const char *id, uint16_t port, const char *group)
{
	struct rw_rule *rule = rw_rule_new();

	(void)strcpy(rule->id, id);
	rule->policy = RW_VERDICT_ACCEPT;
	rule->protocol = RW_PROTOCOL_TCP;
	rule->ports = (struct rw_ports){port, port};
	if (group) {
		rule->object.kind = RW_OBJECT_GROUP;
		(void)strcpy(rule->object.id, group);
	} else {
		rule->object.cidr.address.family = 4;
	}
	rule->description = strdup("");
	rule->author = strdup("bench");
	return rule;
}

static struct rw_group *make_group(const char *id, unsigned int rules, const char *object)
{
	struct rw_group *group = rw_group_new();
	char rule[32];

	(void)strcpy(group->id, id);
	group->name = strdup(id);
	group->description = strdup("");
	(void)strcpy(group->network, "vpc-1");
	group->rules = calloc(rules + 1, sizeof(struct rw_rule *));
	for (unsigned int i = 0; i < rules; i++) {
		(void)snprintf(rule, sizeof(rule), "sgr-%08x", i);
		group->rules[group->rule_count++] =
			make_rule(rule, (uint16_t)(i == 0 ? 22 : 1000 + i), i == 1 ? object : NULL);
	}
	return group;
}

static struct rw_model *make_model(unsigned int rules, unsigned int members)
{
	struct rw_network *network = rw_network_new();
	struct rw_model *model = rw_model_new();
	char id[32];

	(void)strcpy(network->id, "vpc-1");
	network->name = strdup("vpc-1");
	network->cidrs = calloc(1, sizeof(struct rw_prefix));
	network->cidrs[network->cidr_count++] = (struct rw_prefix){{4, {10}}, 8};
	put(model, RW_KIND_NETWORK, network);
	put(model, RW_KIND_GROUP, make_group("sg-many", 0, NULL));
	put(model, RW_KIND_GROUP, make_group("sg-web", rules, "sg-many"));
	for (unsigned int i = 0; i < members; i++) {
		(void)snprintf(id, sizeof(id), "n-%08x", i);
		put(model, RW_KIND_NODE, make_node(id, RW_AGENT_NONE, "sg-many", i));
	}
	put(model, RW_KIND_NODE, make_node("n-web", RW_AGENT_MANAGED, "sg-web", members));
	return model;
}

static int edit(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	static const char *const id = "sgr-new";
	const bool *add = userdata;
	struct rw_rule *rule;

	if (!*add)
		return rw_edit_revoke_rules(draft, "sg-web", &id, 1, NULL, err);
	rule = make_rule(id, 443, NULL);
	return rw_edit_add_rules(draft, "sg-web", &rule, 1, NULL, err);
}

static size_t sent_bytes;

static int sink_send(void *userdata, const void *bytes, size_t size)
{
	(void)userdata;
	(void)bytes;
	sent_bytes += size;
	return 0;
}

static void sink_end(void *userdata)
{
	(void)userdata;
}

static int measure_changes(struct rw_controller *controller, const struct rw_actor *actor, uint64_t *times,
			   size_t count)
{
	struct rw_report report;
	struct rw_error err = RW_ERROR_NONE;

	rw_report_init(&report);
	report.state = RW_AGENT_STATE_OK;
	for (size_t i = 0; i < count; i++) {
		bool add = i % 2 == 0;
		struct rw_change_request request = {
			.actor = actor, .action = "bench", .edit = edit, .userdata = &add};
		RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
		uint64_t start = rw_clock_monotonic_ns(rw_clock_system());

		if (rw_change_run(controller, &request, &result, &err) != 0)
			return fail("change", &err);
		times[i] = rw_clock_monotonic_ns(rw_clock_system()) - start;
		(void)strcpy(report.applied.incarnation, rw_controller_incarnation(controller));
		report.applied.revision = result.revision;
		if (rw_session_report(controller, "n-web", &report, &actor->address, &err) < 0)
			return fail("report", &err);
	}
	qsort(times, count, sizeof(*times), compare_u64);
	return 0;
}

struct outcome {
	double p50_us;
	double p99_us;
	double delta_bytes;
	double resident_mib;
};

static int measure(unsigned int rules, unsigned int members, size_t count, struct outcome *outcome)
{
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	RW_CLEANUP(rw_controller_free) struct rw_controller *controller = NULL;
	RW_CLEANUP(rw_free) char *ca = NULL;
	RW_CLEANUP(rw_free) char *ca_key = NULL;
	RW_CLEANUP(rw_free) uint64_t *times = calloc(count, sizeof(*times));
	struct rw_actor actor = {
		.kind = RW_ACTOR_KEY, .id = "k-1", .name = "bench", .address = {4, {192, 0, 2, 1}}};
	struct rw_seal_key key = {{1}};
	struct rw_controller_options options = {
		.clock = rw_clock_system(), .random = rw_random_system(), .master_key = &key};
	struct rw_session_sink sink = {sink_send, sink_end, NULL};
	struct rw_session_hello hello = {0};
	struct rw_change_result imported = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_session *session = NULL;
	struct rw_model *model = make_model(rules, members);

	if (!times ||
	    rw_cert_make_authority("bench", rw_random_system(),
				   (struct rw_cert_period){0, INT64_C(4000000000)}, &ca, &ca_key, &err) < 0 ||
	    rw_store_memory_new(0, rw_random_system(), &store, &err) < 0)
		return fail("start", &err);
	options.store = store;
	options.ca_cert_pem = ca;
	options.ca_key_pem = ca_key;
	if (rw_controller_new(&options, &controller, &err) < 0 ||
	    rw_change_import(controller, &actor, model, &imported, &err) < 0)
		return fail("import", &err);
	rw_change_result_done(&imported);
	model = rw_model_free(model);
	if (rw_session_open(controller, "n-web", &hello, &sink, &session, &err) < 0)
		return fail("session", &err);
	sent_bytes = 0;
	if (measure_changes(controller, &actor, times, count))
		return 1;
	*outcome = (struct outcome){
		.p50_us = (double)times[count / 2] / 1000.0,
		.p99_us = (double)times[count - 1 - count / 100] / 1000.0,
		.delta_bytes = (double)sent_bytes / (double)count,
		.resident_mib = resident_mib(),
	};
	rw_session_close(session);
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : DEFAULT_CHANGES;
	struct rw_error err = RW_ERROR_NONE;
	struct outcome small;
	struct outcome large;
	char text[512];

	if (argc < 2 || count < 2 || count > MAX_CHANGES) {
		(void)fprintf(stderr, "usage: controller_change OUTPUT.json [CHANGES]\n");
		return 2;
	}
	if (measure(5, 3, count, &small) || measure(990, 10000, count, &large))
		return 1;
	(void)snprintf(text, sizeof(text),
		       "{\"bench\": \"controller_change\", \"changes\": %zu,\n"
		       " \"small_p50_us\": %.1f, \"small_p99_us\": %.1f, \"small_delta_bytes\": %.0f,\n"
		       " \"large_p50_us\": %.1f, \"large_p99_us\": %.1f, \"large_delta_bytes\": %.0f,\n"
		       " \"large_resident_mib\": %.1f}\n",
		       count, small.p50_us, small.p99_us, small.delta_bytes, large.p50_us, large.p99_us,
		       large.delta_bytes, large.resident_mib);
	if (rw_file_write(argv[1], text, strlen(text), 0644, &err) < 0)
		return fail(argv[1], &err);
	(void)printf("a change in a small model p50 %.0f us; with 990 rules and 10,000 members p50 %.0f us, "
		     "%.1f MiB resident (store in memory included)\n",
		     small.p50_us, large.p50_us, large.resident_mib);
	return 0;
}
