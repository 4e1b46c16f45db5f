/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "group/fail.h"
#include "group/parts.h"
#include "group/validate.h"

int rw_rule_normalise(struct rw_rule *rule, enum rw_network_kind kind, struct rw_error *err)
{
	if (kind == RW_NETWORK_VPC)
		rule->nic_type = RW_NIC_INTRANET;
	if (!rule->description)
		rule->description = strdup("");
	if (!rule->author)
		rule->author = strdup("");
	return rule->description && rule->author ? 0 : rw_error_oom(err);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static uint64_t pack_ports(struct rw_ports ports)
{
	return (uint64_t)ports.first << 16 | ports.last;
}

int rw_object_compare(const struct rw_object *a, const struct rw_object *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->kind == RW_OBJECT_CIDR ? rw_prefix_compare(&a->cidr, &b->cidr) : strcmp(a->id, b->id);
}

int rw_rule_compare_meaning(const struct rw_rule *a, const struct rw_rule *b)
{
	int order = compare_numbers(a->direction, b->direction);

	if (!order)
		order = compare_numbers(a->nic_type, b->nic_type);
	if (!order)
		order = compare_numbers(a->policy, b->policy);
	if (!order)
		order = compare_numbers(a->priority, b->priority);
	if (!order)
		order = compare_numbers(a->protocol, b->protocol);
	if (!order)
		order = compare_numbers(pack_ports(a->ports), pack_ports(b->ports));
	if (!order)
		order = compare_numbers(pack_ports(a->source_ports), pack_ports(b->source_ports));
	if (!order)
		order = rw_object_compare(&a->object, &b->object);
	if (!order)
		order = rw_prefix_compare(&a->local_cidr, &b->local_cidr);
	return order;
}

/* The family an object is bound to by its form, 0 = either. */
static uint8_t object_family(const struct rw_object *object)
{
	return object->kind == RW_OBJECT_CIDR ? object->cidr.address.family : 0;
}

/* ICMP is IPv4's and ICMPv6 IPv6's: a rule that crosses them could never match. */
static int validate_family(uint16_t protocol, uint8_t family, const char *field, struct rw_error *err)
{
	if (protocol == RW_PROTOCOL_ICMP && family == 6)
		return rw_group_fail(err, -EINVAL, field, "Use protocol icmpv6 for IPv6.",
				     "icmp never matches IPv6");
	if (protocol == RW_PROTOCOL_ICMPV6 && family == 4)
		return rw_group_fail(err, -EINVAL, field, "Use protocol icmp for IPv4.",
				     "icmpv6 never matches IPv4");
	return 0;
}

int rw_validate_ports(uint16_t protocol, struct rw_ports ports, struct rw_error *err)
{
	if (protocol > RW_PROTOCOL_ALL)
		return rw_group_fail(err, -EINVAL, "protocol",
				     "Use tcp, udp, icmp, icmpv6, gre, all or a number from 0 to 255.",
				     "%u is not a protocol", protocol);
	if (!rw_protocol_has_ports(protocol)) {
		if (!rw_ports_is_any(ports))
			return rw_group_fail(err, -EINVAL, "ports", "Write -1/-1.",
					     "only tcp and udp have ports");
		return 0;
	}
	if (rw_ports_is_any(ports))
		return rw_group_fail(err, -EINVAL, "ports", "Write 1/65535 for all ports.",
				     "-1/-1 is for protocols without ports");
	if (ports.first < 1 || ports.first > ports.last)
		return rw_group_fail(err, -EINVAL, "ports", "Write first/last such as 22/22.",
				     "%u/%u is not a range within 1 to 65535", ports.first, ports.last);
	return 0;
}

static int check_source_ports(const struct rw_rule *rule, struct rw_error *err)
{
	if (rw_ports_is_any(rule->source_ports))
		return 0;
	if (!rw_protocol_has_ports(rule->protocol))
		return rw_group_fail(err, -EINVAL, "source_ports", "Leave them out.",
				     "only tcp and udp have ports");
	if (rule->source_ports.first < 1 || rule->source_ports.first > rule->source_ports.last)
		return rw_group_fail(err, -EINVAL, "source_ports", "Write first/last such as 1024/65535.",
				     "%u/%u is not a range within 1 to 65535", rule->source_ports.first,
				     rule->source_ports.last);
	return 0;
}

static int check_local_cidr(const struct rw_rule *rule, struct rw_error *err)
{
	uint8_t family = rule->local_cidr.address.family;
	int r;

	if (family == 0)
		return 0;
	r = rw_validate_prefix(&rule->local_cidr, "local_cidr", err);
	if (r == 0)
		r = validate_family(rule->protocol, family, "local_cidr", err);
	if (r < 0)
		return r;
	if (object_family(&rule->object) != 0 && object_family(&rule->object) != family)
		return rw_group_fail(err, -EINVAL, "local_cidr", "Give both CIDRs in one family.",
				     "the object is IPv%u, the local CIDR IPv%u",
				     object_family(&rule->object), family);
	return 0;
}

int rw_validate_rule_object(const struct rw_object *object, const char *field, struct rw_error *err)
{
	int r;

	switch (object->kind) {
	case RW_OBJECT_CIDR:
		r = rw_validate_prefix(&object->cidr, "cidr", err);
		break;
	case RW_OBJECT_GROUP:
		r = rw_validate_id(RW_KIND_GROUP, object->id, "group", err);
		break;
	case RW_OBJECT_PREFIX_LIST:
		r = rw_validate_id(RW_KIND_PREFIX_LIST, object->id, "prefix_list", err);
		break;
	default:
		return rw_group_fail(err, -EINVAL, field, "Give one of cidr, group and prefix_list.",
				     "unknown kind of object");
	}
	return r < 0 ? rw_error_field_prefix(err, "%s", field) : 0;
}

static int check_choices(const struct rw_rule *rule, struct rw_error *err)
{
	if (rule->direction != RW_DIRECTION_INGRESS && rule->direction != RW_DIRECTION_EGRESS)
		return rw_group_fail(err, -EINVAL, "direction", "Use ingress or egress.",
				     "unknown direction");
	if (rule->nic_type != RW_NIC_INTRANET && rule->nic_type != RW_NIC_INTERNET)
		return rw_group_fail(err, -EINVAL, "nic_type", "Use intranet or internet.",
				     "unknown NIC type");
	if (rule->policy != RW_VERDICT_ACCEPT && rule->policy != RW_VERDICT_DROP)
		return rw_group_fail(err, -EINVAL, "policy", "Use accept or drop.", "unknown policy");
	if (rule->priority < 1 || rule->priority > 100)
		return rw_group_fail(err, -EINVAL, "priority", "Use 1 (strongest) to 100.",
				     "%u is not a priority", rule->priority);
	if (rule->created_ms < 0)
		return rw_group_fail(err, -EINVAL, "created", "Leave it out.", "before 1970");
	return 0;
}

int rw_validate_rule(const struct rw_rule *rule, const struct rw_limits *limits, struct rw_error *err)
{
	struct rw_error local;
	int r = 0;

	err = err ? err : &local;
	limits = limits ? limits : &rw_limits_default;
	if (rule->id[0])
		r = rw_validate_id_text(rule->id, "sgr-", "id", err);
	if (r == 0)
		r = check_choices(rule, err);
	if (r == 0)
		r = rw_validate_ports(rule->protocol, rule->ports, err);
	if (r == 0)
		r = check_source_ports(rule, err);
	if (r == 0)
		r = rw_validate_rule_object(&rule->object, "object", err);
	if (r == 0)
		r = validate_family(rule->protocol, object_family(&rule->object), "object.cidr", err);
	if (r == 0)
		r = check_local_cidr(rule, err);
	if (r == 0)
		r = rw_validate_text(rule->description, "description", 0, limits->text_length, err);
	if (r == 0)
		r = rw_validate_text(rule->author, "author", 0, limits->text_length, err);
	return r;
}

static int check_group_object(const struct rw_model *model, const struct rw_group *group,
			      const struct rw_rule *rule, struct rw_error *err)
{
	const struct rw_group *object = rw_model_find_group(model, rule->object.id);

	if (strcmp(rule->object.id, group->id) == 0)
		return rw_group_fail(err, -EINVAL, "object.group",
				     "Members reach each other by inner access; set that instead.",
				     "a group is never its own object");
	if (group->kind == RW_GROUP_ENTERPRISE)
		return rw_group_fail(err, -EINVAL, "object.group", "Use a CIDR or a prefix list.",
				     "an enterprise group takes no group as object");
	if (!object || strcmp(object->id, rule->object.id) != 0)
		return rw_group_fail(err, -EINVAL, "object.group",
				     "Give the id of a group of the same network.",
				     "there is no security group %s", rule->object.id);
	if (strcmp(object->network, group->network) != 0)
		return rw_group_fail(err, -EINVAL, "object.group", "Use a CIDR for another network.",
				     "security group %s is in another network", object->id);
	if (object->kind != RW_GROUP_BASIC)
		return rw_group_fail(err, -EINVAL, "object.group", "Use a CIDR or a prefix list.",
				     "security group %s is not basic", object->id);
	if (rule->nic_type != RW_NIC_INTRANET)
		return rw_group_fail(err, -EINVAL, "nic_type", "Use intranet, or a CIDR as object.",
				     "a group as object is only for intranet NICs");
	return 0;
}

static int check_list_object(const struct rw_model *model, const struct rw_rule *rule, struct rw_error *err)
{
	const struct rw_prefix_list *list = rw_model_find_prefix_list(model, rule->object.id);

	if (!list || strcmp(list->id, rule->object.id) != 0)
		return rw_group_fail(err, -EINVAL, "object.prefix_list", "Create it first.",
				     "there is no prefix list %s", rule->object.id);
	if (rule->local_cidr.address.family != 0 && rule->local_cidr.address.family != list->family)
		return rw_group_fail(err, -EINVAL, "local_cidr", "Give it in the family of the prefix list.",
				     "the prefix list is IPv%u", list->family);
	return validate_family(rule->protocol, list->family, "object.prefix_list", err);
}

int rw_validate_rule_in(const struct rw_model *model, const struct rw_group *group,
			const struct rw_rule *rule, struct rw_error *err)
{
	const struct rw_network *network = rw_model_find_network(model, group->network);

	if (network && network->kind == RW_NETWORK_VPC && rule->nic_type != RW_NIC_INTRANET)
		return rw_group_fail(err, -EINVAL, "nic_type", "Use intranet.",
				     "a VPC has one table for all its NICs, intranet");
	if (rule->object.kind == RW_OBJECT_GROUP)
		return check_group_object(model, group, rule, err);
	if (rule->object.kind == RW_OBJECT_PREFIX_LIST)
		return check_list_object(model, rule, err);
	return 0;
}
