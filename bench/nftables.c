/* SPDX-License-Identifier: Apache-2.0 */
#include "nftables.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "policy/evaluate.h"

enum { RULES_MAX = 1024, PORT_END = 65536, PROTOCOL_END = 256 };

/* Accepted ports of a protocol, or accepted protocols without ports (then the ports are 0). */
struct element {
	uint16_t protocol_first, protocol_last;
	uint16_t first, last;
};

/* Addresses that the same rules match. */
struct class
{
	uint64_t rules[RULES_MAX / 64];
	struct element *elements;
	size_t count;
	uint32_t mark; /* that of the first class with the same elements, from 1 */
};

struct range {
	uint32_t first, last;
	uint32_t class; /* index */
};

struct nftables {
	struct range *ranges; /* all addresses, ascending */
	size_t range_count;
	struct class *classes;
	size_t class_count;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t sort_unique(uint64_t *values, size_t count)
{
	size_t kept = 0;

	qsort(values, count, sizeof(*values), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || values[i] != values[kept - 1])
			values[kept++] = values[i];
	return kept;
}

static struct rw_address address_of(uint32_t number)
{
	uint32_t bytes = __builtin_bswap32(number);

	return rw_address_from_bytes(4, &bytes);
}

static size_t add_prefix(uint64_t *bounds, const struct rw_prefix *prefix)
{
	uint32_t first;

	memcpy(&first, prefix->address.bytes, sizeof(first));
	bounds[0] = __builtin_bswap32(first);
	bounds[1] = bounds[0] + (1ull << (32 - prefix->bits));
	return 2;
}

/* Gives every address at which the set of matching rules may change, and 2^32. */
static size_t find_bounds(const struct rw_policy *policy, uint64_t **ret_bounds)
{
	const struct rw_policy_group *group = policy->groups[0];
	size_t most = 2 * group->rule_count + 2, count = 2;
	uint64_t *bounds;

	for (size_t i = 0; i < policy->set_count; i++)
		most += 2 * policy->sets[i]->count;
	bounds = calloc(most, sizeof(*bounds));
	assert_non_null(bounds);
	bounds[1] = 1ull << 32;
	for (size_t i = 0; i < group->rule_count; i++)
		if (group->rules[i]->object.kind == RW_OBJECT_CIDR)
			count += add_prefix(bounds + count, &group->rules[i]->object.cidr);
	for (size_t i = 0; i < policy->set_count; i++)
		for (size_t k = 0; k < policy->sets[i]->count; k++)
			count += add_prefix(bounds + count, &policy->sets[i]->prefixes[k]);
	*ret_bounds = bounds;
	return sort_unique(bounds, count);
}

static void match_rules(const struct rw_policy *policy, uint32_t number, uint64_t ret_rules[RULES_MAX / 64])
{
	const struct rw_policy_group *group = policy->groups[0];
	struct rw_address address = address_of(number);
	bool member[64] = {false};

	assert_true(policy->set_count <= 64);
	for (size_t i = 0; i < policy->set_count; i++)
		member[i] = rw_address_set_contains(policy->sets[i], &address);
	memset(ret_rules, 0, RULES_MAX / 8);
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_object *object = &group->rules[i]->object;
		bool matches = object->kind == RW_OBJECT_CIDR && rw_prefix_contains(&object->cidr, &address);

		for (size_t k = 0; object->kind != RW_OBJECT_CIDR && k < policy->set_count; k++)
			matches |= member[k] && strcmp(policy->sets[k]->id, object->id) == 0;
		if (matches)
			ret_rules[i / 64] |= 1ull << i % 64;
	}
}

static bool evaluate(const struct rw_policy *policy, uint32_t number, uint64_t protocol, uint64_t port)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = (uint8_t)protocol,
				   .tcp_flags = protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
				   .hop_limit = 64,
				   .local = address_of(0x0a000002),
				   .local_port = (uint16_t)port,
				   .remote = address_of(number),
				   .remote_port = rw_protocol_has_ports((uint16_t)protocol) ? 1024 : 0};

	return rw_evaluate(policy, 0, &packet).verdict == RW_VERDICT_ACCEPT;
}

static void accept_range(struct class *class, bool ports, struct element element)
{
	struct element *last = class->count ? &class->elements[class->count - 1] : NULL;

	if (last && ports && last->protocol_last == element.protocol_first &&
	    last->last + 1 == element.first) {
		last->last = element.last;
		return;
	}
	if (last && !ports && last->protocol_last + 1 == element.protocol_first && last->last == 0 &&
	    last->protocol_last != RW_PROTOCOL_TCP && last->protocol_last != RW_PROTOCOL_UDP) {
		last->protocol_last = element.protocol_last;
		return;
	}
	class->elements[class->count++] = element;
}

/* The accepted ports of a protocol that has them; 'policy' has the rules of the class only. */
static void accept_ports(const struct rw_policy *policy, uint32_t number, uint16_t protocol,
			 struct class *class)
{
	const struct rw_policy_group *group = policy->groups[0];
	uint64_t *bounds = calloc(2 * group->rule_count + 2, sizeof(*bounds));
	size_t count = 2;

	assert_non_null(bounds);
	bounds[1] = PORT_END;
	for (size_t i = 0; i < group->rule_count; i++) {
		bounds[count++] = group->rules[i]->ports.first;
		bounds[count++] = group->rules[i]->ports.last + 1ull;
	}
	count = sort_unique(bounds, count);
	for (size_t i = 0; i + 1 < count; i++)
		if (evaluate(policy, number, protocol, bounds[i]))
			accept_range(class, true,
				     (struct element){protocol, protocol, (uint16_t)bounds[i],
						      (uint16_t)(bounds[i + 1] - 1)});
	free(bounds);
}

static void accept_others(const struct rw_policy *policy, uint32_t number, struct class *class)
{
	for (uint16_t protocol = 0; protocol < PROTOCOL_END; protocol++)
		if (!rw_protocol_has_ports(protocol) && evaluate(policy, number, protocol, 0))
			accept_range(class, false, (struct element){protocol, protocol, 0, 0});
}

/* Evaluates with the rules of the class only, which decide the same and are few. */
static void fill_class(const struct rw_policy *policy, uint32_t number, struct class *class)
{
	struct rw_policy_group group = *policy->groups[0], *groups[1] = {&group};
	struct rw_policy part = *policy;
	struct rw_rule *rules[RULES_MAX];

	group.rules = rules;
	group.rule_count = 0;
	for (size_t i = 0; i < policy->groups[0]->rule_count; i++)
		if (class->rules[i / 64] >> i % 64 & 1)
			rules[group.rule_count++] = policy->groups[0]->rules[i];
	part.groups = groups;
	part.group_count = 1;
	class->elements = calloc(4 * group.rule_count + PROTOCOL_END, sizeof(*class->elements));
	assert_non_null(class->elements);
	accept_ports(&part, number, RW_PROTOCOL_TCP, class);
	accept_ports(&part, number, RW_PROTOCOL_UDP, class);
	accept_others(&part, number, class);
}

static uint32_t find_class(struct nftables *form, const struct rw_policy *policy, uint32_t number)
{
	struct class *class = &form->classes[form->class_count];

	match_rules(policy, number, class->rules);
	for (uint32_t i = 0; i < form->class_count; i++)
		if (memcmp(form->classes[i].rules, class->rules, sizeof(class->rules)) == 0)
			return i;
	fill_class(policy, number, class);
	class->mark = (uint32_t)form->class_count + 1;
	for (uint32_t i = 0; i < form->class_count; i++) {
		const struct class *other = &form->classes[i];

		if (other->count == class->count &&
		    memcmp(other->elements, class->elements, class->count * sizeof(*class->elements)) == 0) {
			class->mark = other->mark;
			break;
		}
	}
	return (uint32_t)form->class_count++;
}

struct nftables *nftables_new(const struct rw_policy *policy)
{
	struct nftables *form = calloc(1, sizeof(*form));
	uint64_t *bounds;
	size_t count = find_bounds(policy, &bounds);

	assert_true(policy->group_count == 1 && policy->groups[0]->rule_count <= RULES_MAX);
	assert_non_null(form);
	form->ranges = calloc(count, sizeof(*form->ranges));
	form->classes = calloc(count, sizeof(*form->classes));
	assert_true(form->ranges && form->classes);
	for (size_t i = 0; i + 1 < count; i++) {
		uint32_t first = (uint32_t)bounds[i], last = (uint32_t)(bounds[i + 1] - 1);
		uint32_t class = form->classes[find_class(form, policy, first)].mark - 1;

		if (form->range_count && form->ranges[form->range_count - 1].class == class)
			form->ranges[form->range_count - 1].last = last;
		else
			form->ranges[form->range_count++] = (struct range){first, last, class};
	}
	free(bounds);
	return form;
}

struct nftables *nftables_free(struct nftables *form)
{
	for (size_t i = 0; form && i < form->class_count; i++)
		free(form->classes[i].elements);
	if (form) {
		free(form->classes);
		free(form->ranges);
	}
	free(form);
	return NULL;
}

bool nftables_accepts(const struct nftables *form, uint32_t address, uint8_t protocol, uint16_t port)
{
	size_t low = 0, high = form->range_count;
	const struct class *class;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (form->ranges[middle].first <= address)
			low = middle;
		else
			high = middle;
	}
	class = &form->classes[form->ranges[low].class];
	for (size_t i = 0; i < class->count; i++) {
		const struct element *element = &class->elements[i];

		if (protocol >= element->protocol_first && protocol <= element->protocol_last &&
		    port >= element->first && port <= element->last)
			return true;
	}
	return false;
}

static bool has_ports(const struct element *element)
{
	return rw_protocol_has_ports(element->protocol_first);
}

static void print_address(uint32_t address, FILE *stream)
{
	(void)fprintf(stream, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		      address & 255);
}

static void print_range(const struct range *range, FILE *stream)
{
	print_address(range->first, stream);
	(void)fputc('-', stream);
	print_address(range->last, stream);
}

/* The elements of one class that have ports, or have not, each behind its key. */
static void print_elements(const struct class *class, const struct range *range, bool ports, FILE *stream)
{
	for (size_t i = 0; i < class->count; i++) {
		const struct element *element = &class->elements[i];

		if (has_ports(element) != ports)
			continue;
		if (range)
			print_range(range, stream);
		else
			(void)fprintf(stream, "0x%x", class->mark);
		(void)fprintf(stream, " . %u-%u", element->protocol_first, element->protocol_last);
		if (ports)
			(void)fprintf(stream, " . %u-%u", element->first, element->last);
		(void)fputs(", ", stream);
	}
}

static void print_set(const struct nftables *form, bool concatenated, bool ports, FILE *stream)
{
	(void)fprintf(stream, " set %s { type %s . inet_proto%s; flags interval; elements = { ",
		      ports ? "ports" : "others", concatenated ? "ipv4_addr" : "mark",
		      ports ? " . inet_service" : "");
	for (size_t i = 0; concatenated && i < form->range_count; i++)
		print_elements(&form->classes[form->ranges[i].class], &form->ranges[i], ports, stream);
	for (uint32_t i = 0; !concatenated && i < form->class_count; i++)
		if (form->classes[i].mark == i + 1)
			print_elements(&form->classes[i], NULL, ports, stream);
	(void)fputs("} }\n", stream);
}

void nftables_print(const struct nftables *form, bool concatenated, FILE *stream)
{
	const char *key = concatenated ? "ip saddr" : "meta mark";

	(void)fputs("table ip bench {\n", stream);
	if (!concatenated) {
		(void)fputs(" map class { type ipv4_addr : mark; flags interval; elements = { ", stream);
		for (size_t i = 0; i < form->range_count; i++) {
			if (form->classes[form->ranges[i].class].count == 0)
				continue;
			print_range(&form->ranges[i], stream);
			(void)fprintf(stream, " : 0x%x, ", form->ranges[i].class + 1);
		}
		(void)fputs("} }\n", stream);
	}
	print_set(form, concatenated, true, stream);
	print_set(form, concatenated, false, stream);
	(void)fputs(" chain in { type filter hook prerouting priority -150; policy drop;\n"
		    "  ct state established,related accept\n",
		    stream);
	if (!concatenated)
		(void)fputs("  meta mark set ip saddr map @class\n  meta mark 0 drop\n", stream);
	(void)fprintf(stream,
		      "  %s . meta l4proto . th dport @ports accept\n"
		      "  meta l4proto != 17 meta l4proto != 6 %s . meta l4proto @others accept\n }\n}\n",
		      key, key);
}
