/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long the audit of many clusters takes, on one core.
 *
 * usage: bench-audit [CLUSTERS [RULES [NODES [ROUNDS]]]]     (1000 200 50 3); a JSON object on standard output
 *
 * Each cluster has rules of its own, mixed as in policies.h without groups: CIDRs, single ports and ranges, priorities,
 * accept and drop.  Times are of the processor, medians.  The peer is what a scanner does that looks at each rule by
 * itself: one pass over all rules that compares protocol, port and CIDR of each with every known service.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "policies.h"

struct shape_of_all {
	uint32_t clusters, rules, nodes, rounds;
};

static struct rw_rule *make_rule(uint32_t number)
{
	static const uint8_t bits[] = {0, 0, 8, 16, 16, 24, 24, 24, 32, 32};
	struct rw_rule *rule = must(rw_rule_new());
	uint32_t first = 1 + below(65000);

	(void)snprintf(rule->id, sizeof(rule->id), "sgr-%016x", number);
	rule->direction = RW_DIRECTION_INGRESS;
	rule->policy = below(10) < 7 ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	rule->protocol = below(10) < 8 ? RW_PROTOCOL_TCP : RW_PROTOCOL_UDP;
	rule->ports = (struct rw_ports){(uint16_t)first, (uint16_t)(first + (below(4) ? 0 : below(100)))};
	rule->object.kind = RW_OBJECT_CIDR;
	rule->object.cidr = prefix4(below(UINT32_MAX), bits[below(10)]);
	rule->priority = (uint8_t)(1 + below(100));
	rule->description = must(strdup("bench"));
	rule->author = must(strdup(""));
	return rule;
}

static void check(int r, const struct rw_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench-audit: %s %s\n", err->field, err->text);
	exit(1);
}

static void put(struct rw_model *model, enum rw_kind kind, void *object)
{
	struct rw_error err = RW_ERROR_NONE;

	check(rw_model_put(model, kind, object, &err), &err);
}

static void add_nodes(struct rw_model *model, const struct rw_cluster *cluster, uint32_t number,
		      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct rw_node *node = must(rw_node_new());

		(void)snprintf(node->id, sizeof(node->id), "n-%u-%u", number, i);
		node->name = must(strdup(node->id));
		memcpy(node->cluster, cluster->id, RW_ID_SIZE);
		memcpy(node->network, cluster->network, RW_ID_SIZE);
		node->enforcement = RW_ENFORCEMENT_INHERIT;
		node->interfaces = must(calloc(1, sizeof(*node->interfaces)));
		node->interface_count = 1;
		node->interfaces->name = must(strdup("eth0"));
		node->interfaces->addresses = must(calloc(1, sizeof(struct rw_address)));
		node->interfaces->address_count = 1;
		node->interfaces->addresses[0] = prefix4(0x0a000000 + number * 64 + i, 32).address;
		put(model, RW_KIND_NODE, node);
	}
}

static void add_cluster(struct rw_model *model, const char *network, uint32_t number,
			const struct shape_of_all *shape)
{
	struct rw_cluster *cluster = must(rw_cluster_new());
	struct rw_group *group = must(rw_group_new());

	(void)snprintf(cluster->id, sizeof(cluster->id), "c%032x", number);
	(void)snprintf(group->id, sizeof(group->id), "sg-%u", number);
	cluster->name = must(strdup(cluster->id + 20));
	group->name = must(strdup(group->id));
	group->description = must(strdup(""));
	memcpy(cluster->network, network, strlen(network) + 1);
	memcpy(group->network, network, strlen(network) + 1);
	memcpy(cluster->security_group, group->id, RW_ID_SIZE);
	memcpy(group->managed_by, cluster->id, RW_ID_SIZE);
	group->rules = must(calloc(shape->rules, sizeof(struct rw_rule *)));
	for (uint32_t i = 0; i < shape->rules; i++)
		group->rules[group->rule_count++] = make_rule(number * 10000 + i);
	put(model, RW_KIND_GROUP, group);
	put(model, RW_KIND_CLUSTER, cluster);
	add_nodes(model, cluster, number, shape->nodes);
}

static struct rw_model *make_model(const struct shape_of_all *shape)
{
	struct rw_model *model = must(rw_model_new());
	struct rw_network *network = must(rw_network_new());
	static const char id[] = "vpc-1";

	memcpy(network->id, id, sizeof(id));
	network->name = must(strdup("main"));
	network->cidrs = must(calloc(1, sizeof(struct rw_prefix)));
	network->cidrs[0] = prefix4(0x0a000000, 8);
	network->cidr_count = 1;
	put(model, RW_KIND_NETWORK, network);
	for (uint32_t i = 0; i < shape->clusters; i++)
		add_cluster(model, id, i, shape);
	return model;
}

/* Each rule by itself against every service: no interaction of rules, no exposure. */
static size_t scan(const struct rw_model *model)
{
	size_t found = 0;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		for (size_t j = 0; j < group->rule_count; j++) {
			const struct rw_rule *rule = group->rules[j];

			for (size_t k = 0; k < rw_service_count(); k++) {
				struct rw_service service = rw_service_at(k);

				found += rule->policy == RW_VERDICT_ACCEPT && rule->object.cidr.bits == 0 &&
					 rule->protocol == service.protocol &&
					 rule->ports.first <= service.ports.last &&
					 rule->ports.last >= service.ports.first;
			}
		}
	}
	return found;
}

static uint32_t argument(int argc, char **argv, int index, uint32_t fallback)
{
	return argc > index ? (uint32_t)strtoul(argv[index], NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
	struct shape_of_all shape = {argument(argc, argv, 1, 1000), argument(argc, argv, 2, 200),
				     argument(argc, argv, 3, 50), argument(argc, argv, 4, 3)};
	struct rw_model *model = make_model(&shape);
	double audits[16], scans[16];
	size_t findings = 0, scanned = 0;

	if (shape.rounds < 1 || shape.rounds > 16)
		return 2;
	for (uint32_t i = 0; i < shape.rounds; i++) {
		RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
		const struct rw_audit_input input = {.model = model};
		struct rw_error err = RW_ERROR_NONE;
		double start = cpu_ms();

		check(rw_audit_run(&input, &audit, &err), &err);
		audits[i] = cpu_ms() - start;
		findings = audit.findings.count;
		start = cpu_ms();
		scanned = scan(model);
		scans[i] = cpu_ms() - start;
	}
	printf("{\"clusters\":%u,\"rules\":%u,\"nodes\":%u,\"audit_ms\":%.1f,\"findings\":%zu,\"scan_ms\":%."
	       "2f,"
	       "\"scan_findings\":%zu}\n",
	       shape.clusters, shape.rules, shape.nodes, median(audits, shape.rounds), findings,
	       median(scans, shape.rounds), scanned);
	rw_model_free(model);
	return 0;
}
