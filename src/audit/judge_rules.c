/* SPDX-License-Identifier: Apache-2.0 */

/* What the rules of the subject's own group look like, one by one. */

#include <stdio.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "group/edit.h"
#include "group/validate.h"

/* IPv4 prefixes from which on a public network is large, up to what counts as the internet itself. */
#define WIDE_BITS_V4 15
#define WIDE_BITS_V6 23

#define MANY_RULES 50

typedef bool rule_test(const struct subject *subject, const struct rw_rule *rule);

static bool is_in(const char *cidr, const struct rw_prefix *prefix)
{
	struct rw_prefix outer;

	return rw_prefix_parse(cidr, &outer, NULL) == 0 && rw_prefix_covers(&outer, prefix);
}

static bool is_private(const struct rw_prefix *prefix)
{
	static const char *const cidrs[] = {"10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
					    "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
					    "fc00::/7",       "fe80::/10"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(cidrs); i++)
		if (is_in(cidrs[i], prefix))
			return true;
	return false;
}

static bool accepts_cidr(const struct rw_rule *rule)
{
	return rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
	       rule->object.kind == RW_OBJECT_CIDR;
}

static bool is_of_network(const struct subject *subject, const struct rw_prefix *prefix)
{
	for (size_t i = 0; i < subject->network->cidr_count; i++)
		if (rw_prefix_covers(&subject->network->cidrs[i], prefix))
			return true;
	return false;
}

static bool is_wide(const struct subject *subject, const struct rw_rule *rule)
{
	const struct rw_prefix *cidr = &rule->object.cidr;

	return accepts_cidr(rule) && cidr->bits > 0 && !is_private(cidr) && !is_of_network(subject, cidr) &&
	       cidr->bits <= (cidr->address.family == 4 ? WIDE_BITS_V4 : WIDE_BITS_V6);
}

static bool opens_all_ports(const struct rw_rule *rule)
{
	return rule->protocol == RW_PROTOCOL_ALL ||
	       (rw_protocol_has_ports(rule->protocol) && rule->ports.first <= 1 && rule->ports.last == 65535);
}

static bool opens_all_to_address(const struct subject *subject, const struct rw_rule *rule)
{
	const struct rw_prefix *cidr = &rule->object.cidr;

	return accepts_cidr(rule) && opens_all_ports(rule) && !is_private(cidr) &&
	       !is_of_network(subject, cidr) && cidr->bits == (cidr->address.family == 4 ? 32 : 128);
}

static bool opens_private_range(const struct subject *subject, const struct rw_rule *rule)
{
	static const char *const ranges[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};

	for (size_t i = 0; accepts_cidr(rule) && i < RW_ARRAY_COUNT(ranges); i++) {
		struct rw_prefix range;

		if (rw_prefix_parse(ranges[i], &range, NULL) == 0 &&
		    rw_prefix_compare(&range, &rule->object.cidr) == 0)
			return !is_of_network(subject, &range);
	}
	return false;
}

static bool names_single_address(const struct subject *subject, const struct rw_rule *rule)
{
	const struct rw_prefix *cidr = &rule->object.cidr;

	return accepts_cidr(rule) && cidr->bits == (cidr->address.family == 4 ? 32 : 128) &&
	       is_of_network(subject, cidr);
}

static bool opens_intranet(const struct subject *subject, const struct rw_rule *rule)
{
	return subject->network->kind == RW_NETWORK_CLASSIC && accepts_cidr(rule) &&
	       rule->nic_type == RW_NIC_INTRANET && rule->object.cidr.bits == 0 &&
	       rule->protocol != RW_PROTOCOL_ICMP && rule->protocol != RW_PROTOCOL_ICMPV6;
}

/* The same rule for the other NIC type; told at the intranet one. */
static bool stands_twice(const struct subject *subject, const struct rw_rule *rule)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *twin = NULL;

	if (subject->network->kind != RW_NETWORK_CLASSIC || rule->nic_type != RW_NIC_INTRANET)
		return false;
	twin = rw_rule_dup(rule);
	if (!twin)
		return false;
	twin->nic_type = RW_NIC_INTERNET;
	for (size_t i = 0; i < subject->group->rule_count; i++)
		if (rw_rule_compare_meaning(subject->group->rules[i], twin) == 0)
			return true;
	return false;
}

static bool has_no_description(const struct subject *subject, const struct rw_rule *rule)
{
	(void)subject;
	return !rule->description || !rule->description[0];
}

/* The object that stands for all: the first CIDR in order. */
static void note_object(const struct rw_rule *rule, const struct rw_rule **first)
{
	if (!*first || (rule->object.kind == RW_OBJECT_CIDR && (*first)->object.kind == RW_OBJECT_CIDR &&
			rw_prefix_compare(&rule->object.cidr, &(*first)->object.cidr) < 0))
		*first = rule;
}

/* What a rule names: its CIDR, or the name of its group or prefix list; a managed group by its cluster. */
static void name_object(const struct rw_model *model, const struct rw_object *object, char *text, size_t size)
{
	const struct rw_group *group = NULL;
	const struct rw_cluster *cluster = NULL;
	const struct rw_prefix_list *list = NULL;

	if (object->kind == RW_OBJECT_CIDR) {
		char cidr[RW_PREFIX_TEXT_SIZE];

		rw_prefix_format(&object->cidr, cidr);
		(void)snprintf(text, size, "%s", cidr);
		return;
	}
	if (object->kind == RW_OBJECT_GROUP)
		group = rw_model_find_group(model, object->id);
	else
		list = rw_model_find_prefix_list(model, object->id);
	if (group && group->managed_by[0])
		cluster = rw_model_find_cluster(model, group->managed_by);
	(void)snprintf(text, size, "%s%s", object->kind == RW_OBJECT_GROUP ? "group:" : "prefix-list:",
		       cluster ? cluster->name
		       : group ? group->name
		       : list  ? list->name
			       : object->id);
}

/* One finding for all rules that fail the test. */
static int judge_each(struct subject *subject, enum rw_check_number number, rule_test *test)
{
	const struct rw_rule *first = NULL;
	struct rw_finding *finding = NULL;
	char object[160];
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < subject->group->rule_count; i++) {
		const struct rw_rule *rule = subject->group->rules[i];

		if (!test(subject, rule))
			continue;
		if (count++ == 0)
			r = finding_add(subject, rw_check_named(number), &finding, "%s", "");
		if (r < 0)
			return r;
		note_object(rule, &first);
		finding_add_rule(subject, finding, rule);
	}
	if (count == 0)
		return 0;
	name_object(subject->run->input->model, &first->object, object, sizeof(object));
	if (count == 1)
		(void)snprintf(finding->detail, sizeof(finding->detail), "1 rule: %s", object);
	else
		(void)snprintf(finding->detail, sizeof(finding->detail), "%zu rules, such as that of %s",
			       count, object);
	return 0;
}

static int judge_group(struct subject *subject)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec referrers;
	int r = 0;

	rw_vec_init(&referrers, sizeof(struct rw_referrer), 1);
	if (subject->group->rule_count > MANY_RULES)
		r = finding_add(subject, rw_check_named(RW_CHECK_MANY_RULES), NULL, "%zu rules",
				subject->group->rule_count);
	if (r < 0 || subject->cluster || subject->node_count > 0)
		return r;
	/* Members that name it second, or by an interface, refer to it as rules of other groups do. */
	r = rw_model_referrers(subject->run->input->model, RW_KIND_GROUP, subject->group->id, &referrers);
	if (r < 0)
		return rw_error_oom(subject->run->err);
	return referrers.count > 0
		       ? 0
		       : finding_add(subject, rw_check_named(RW_CHECK_UNUSED_GROUP), NULL, "%zu rule%s",
				     subject->group->rule_count, subject->group->rule_count == 1 ? "" : "s");
}

int judge_rules(struct subject *subject)
{
	static const struct {
		enum rw_check_number number;
		rule_test *test;
	} judges[] = {
		{RW_CHECK_WIDE_CIDR, is_wide},
		{RW_CHECK_ALL_PORTS_TO_ADDRESS, opens_all_to_address},
		{RW_CHECK_PRIVATE_RANGE, opens_private_range},
		{RW_CHECK_SINGLE_ADDRESSES, names_single_address},
		{RW_CHECK_CLASSIC_INTRANET_OPEN, opens_intranet},
		{RW_CHECK_CLASSIC_SAME_RULES, stands_twice},
		{RW_CHECK_NO_DESCRIPTION, has_no_description},
	};
	int r = judge_group(subject);

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(judges); i++)
		r = judge_each(subject, judges[i].number, judges[i].test);
	return r;
}
