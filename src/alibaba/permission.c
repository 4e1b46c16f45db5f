/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/permission.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group/validate.h"
#include "net/ports.h"
#include "wire/text.h"

#define DESCRIPTION_MAX 512 /* characters */

struct reading {
	const struct rw_alibaba_permission *permission;
	struct rw_alibaba_fault *fault;
	struct rw_rule *rule;
	bool change; /* of a rule that is there: what is absent stays */
};

/* One end of a rule by the names of its parameters. */
struct end {
	const char *side; /* "Source", "Dest" */
	const char *cidr, *cidr6, *group, *prefix_list;
	const char *ip_code, *cidr_code, *cidr6_code; /* of faults */
	const char *missing_code, *group_code, *mismatch_code;
};

static const struct end source_end = {
	"Source",
	"SourceCidrIp",
	"Ipv6SourceCidrIp",
	"SourceGroupId",
	"SourcePrefixListId",
	"InvalidParam.SourceIp",
	"InvalidParam.SourceCidrIp",
	"InvalidParam.Ipv6SourceCidrIp",
	"MissingParameter.Source",
	"InvalidSourceGroupId.NotFound",
	"InvalidSourceGroupId.Mismatch",
};
static const struct end dest_end = {
	"Dest",
	"DestCidrIp",
	"Ipv6DestCidrIp",
	"DestGroupId",
	"DestPrefixListId",
	"InvalidParam.DestIp",
	"InvalidParam.DestCidrIp",
	"InvalidParam.Ipv6DestCidrIp",
	"MissingParameter.Dest",
	"InvalidDestGroupId.NotFound",
	"InvalidDestGroupId.Mismatch",
};

/* What a field was given as, "" too; NULL when it is absent. */
static const char *given_field(const struct reading *reading, const char *field)
{
	const struct rw_alibaba_permission *permission = reading->permission;

	return permission->number
		       ? rw_alibaba_element(permission->parameters, "Permissions", permission->number, field)
		       : rw_alibaba_parameter(permission->parameters, field);
}

/* The value of a field, NULL when it is absent or empty. */
static const char *field_of(const struct reading *reading, const char *field)
{
	const char *value = given_field(reading, field);

	return value && value[0] && strcmp(value, "<nil>") != 0 ? value : NULL;
}

static RW_PRINTF(5, 6) int refuse(const struct reading *reading, unsigned int status, const char *code,
				  const char *field, const char *format, ...)
{
	char text[512];
	char number[32] = "";
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (reading->permission->number)
		(void)snprintf(number, sizeof(number), "Permissions.%u.", reading->permission->number);
	return rw_alibaba_refuse(reading->fault, status, code, "%s%s: %s", number, field, text);
}

static int out_of_memory(const struct reading *reading)
{
	(void)rw_alibaba_refuse(reading->fault, 503, "ServiceUnavailable", "Out of memory; try again.");
	return -ENOMEM;
}

/* ---- words and numbers ---- */

static int read_policy(const struct reading *reading)
{
	const char *text = field_of(reading, "Policy");

	if (!text)
		return 0;
	if (strcasecmp(text, "accept") != 0 && strcasecmp(text, "drop") != 0)
		return refuse(reading, 400, "InvalidPolicy.Malformed", "Policy",
			      "it is accept or drop, not '%.40s'.", text);
	reading->rule->policy = strcasecmp(text, "drop") == 0 ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT;
	return 0;
}

static int read_priority(const struct reading *reading)
{
	const char *text = field_of(reading, "Priority");
	uint64_t number;

	if (!text)
		return 0;
	if (!rw_revision_parse(text, &number))
		return refuse(reading, 400, "InvalidPriority.Malformed", "Priority",
			      "it is a number from 1 to 100, not '%.40s'.", text);
	if (number < 1 || number > 100)
		return refuse(reading, 400, "InvalidPriority.ValueNotSupported", "Priority",
			      "%.20s is not in 1 (strongest) to 100.", text);
	reading->rule->priority = (uint8_t)number;
	return 0;
}

/* An empty one takes the description of a rule away. */
static int read_description(const struct reading *reading)
{
	const char *given = given_field(reading, "Description");
	const char *text = given && !given[0] && reading->change ? given : field_of(reading, "Description");
	struct rw_error err = RW_ERROR_NONE;
	char *copy;

	if (!text)
		return 0;
	if (rw_validate_text(text, "Description", 0, DESCRIPTION_MAX, &err) < 0)
		return refuse(reading, 400, "InvalidSecurityGroupDiscription.Malformed", "Description", "%s.",
			      err.text);
	copy = strdup(text);
	if (!copy)
		return out_of_memory(reading);
	free(reading->rule->description);
	reading->rule->description = copy;
	return 0;
}

/* In a VPC there is one table, whatever is said; in a classic network, internet unless it is said. */
static int read_nic_type(const struct reading *reading)
{
	const struct rw_alibaba_permission *permission = reading->permission;
	const struct rw_network *network =
		rw_model_find_network(permission->model, permission->group->network);
	const char *text = field_of(reading, "NicType");
	enum rw_nic_type nic_type = RW_NIC_INTERNET;

	if (text && strcasecmp(text, "intranet") != 0 && strcasecmp(text, "internet") != 0)
		return refuse(reading, 400, "InvalidNicType.ValueNotSupported", "NicType",
			      "it is intranet or internet, not '%.40s'.", text);
	if (text && strcasecmp(text, "intranet") == 0)
		nic_type = RW_NIC_INTRANET;
	if (network && network->kind == RW_NETWORK_VPC)
		nic_type = RW_NIC_INTRANET;
	else if (reading->change && !text)
		nic_type = reading->rule->nic_type;
	if (reading->change && nic_type != reading->rule->nic_type)
		return refuse(reading, 400, "InvalidOperation.ModifyNicType", "NicType",
			      "the NIC type of a rule cannot change; make another rule.");
	reading->rule->nic_type = nic_type;
	return 0;
}

/* ---- protocol and ports ---- */

static int read_protocol(const struct reading *reading)
{
	const char *text = field_of(reading, "IpProtocol");

	if (!text)
		return reading->change ? 0
				       : refuse(reading, 400, "MissingParameter", "IpProtocol",
						"it is missing: TCP, UDP, ICMP, ICMPv6, GRE, ALL or a "
						"number.");
	if (rw_protocol_parse(text, &reading->rule->protocol, NULL) < 0)
		return refuse(reading, 400, "InvalidIpProtocol.ValueNotSupported", "IpProtocol",
			      "it is TCP, UDP, ICMP, ICMPv6, GRE, ALL or a number from 0 to 255, not "
			      "'%.40s'.",
			      text);
	return 0;
}

static int read_port_range(const struct reading *reading)
{
	const char *text = field_of(reading, "PortRange");
	const char *list = field_of(reading, "PortRangeListId");
	struct rw_rule *rule = reading->rule;

	if (!text && list && !rw_protocol_has_ports(rule->protocol))
		return refuse(reading, 400, "InvalidParam.ProtocolNotSupportPortRangeList", "PortRangeListId",
			      "only TCP and UDP have ports.");
	if (list && reading->change && !text)
		return refuse(reading, 400, "InvalidOperation.ModifyPortRangeType", "PortRangeListId",
			      "a rule with a PortRange cannot take a list of ports; make another rule.");
	if (!text && list)
		return refuse(reading, 400, "InvalidPortRangeListId.NotFound", "PortRangeListId",
			      "there is no list of ports '%.40s'; give PortRange.", list);
	if (!text && !reading->change)
		return refuse(reading, 400, "InvalidPortRange.Malformed", "PortRange",
			      "it is missing: 22/22, or -1/-1 for protocols without ports.");
	if (text && rw_ports_parse(text, &rule->ports, NULL) < 0)
		return refuse(reading, 400, "InvalidParam.PortRange", "PortRange",
			      "it is two ports from 1 to 65535 as 1/200, or -1/-1, not '%.40s'.", text);
	if (rw_protocol_has_ports(rule->protocol) == rw_ports_is_any(rule->ports))
		return refuse(reading, 400, "InvalidParam.ProtocolAndPortRangeMismatch", "PortRange",
			      "TCP and UDP take ports such as 22/22, the other protocols -1/-1.");
	return 0;
}

static int read_source_ports(const struct reading *reading)
{
	const char *text = field_of(reading, "SourcePortRange");
	struct rw_rule *rule = reading->rule;

	if (text && rw_ports_parse(text, &rule->source_ports, NULL) < 0)
		return refuse(reading, 400, "InvalidSourcePortRange.Malformed", "SourcePortRange",
			      "it is two ports from 1 to 65535 as 1/200, not '%.40s'.", text);
	if (!rw_ports_is_any(rule->source_ports) && !rw_protocol_has_ports(rule->protocol))
		return refuse(reading, 400, "InvalidSourcePortRange.Malformed", "SourcePortRange",
			      "only TCP and UDP have ports.");
	return 0;
}

/* ---- the two ends ---- */

/* Reads the CIDR of an end, of either family: 1 when there is one. */
static int read_cidr(const struct reading *reading, const struct end *end, struct rw_prefix *ret_prefix)
{
	const char *four = field_of(reading, end->cidr);
	const char *six = field_of(reading, end->cidr6);
	struct rw_error err = RW_ERROR_NONE;

	if (four && six)
		return refuse(reading, 400, end->ip_code, end->cidr, "give it or %s, not both.", end->cidr6);
	if (!four && !six)
		return 0;
	if (rw_prefix_parse(four ? four : six, ret_prefix, &err) < 0)
		return refuse(reading, 400, four ? end->cidr_code : end->cidr6_code,
			      four ? end->cidr : end->cidr6, "%s.%s%s", err.text, err.hint[0] ? " " : "",
			      err.hint);
	if (ret_prefix->address.family != (four ? 4 : 6))
		return refuse(reading, 400, four ? end->cidr_code : end->cidr6_code,
			      four ? end->cidr : end->cidr6, "'%.60s' is of the other family; use %s.",
			      four ? four : six, four ? end->cidr6 : end->cidr);
	return 1;
}

static int check_group_object(const struct reading *reading, const struct end *end, const char *id)
{
	const struct rw_alibaba_permission *permission = reading->permission;
	const struct rw_group *group = permission->group;
	const struct rw_group *object = rw_model_find_group(permission->model, id);
	bool in = permission->direction == RW_DIRECTION_INGRESS;

	if (!object || strcmp(object->id, id) != 0)
		return refuse(reading, 404, end->group_code, end->group,
			      "there is no security group '%.60s'.", id);
	if (object == group)
		return refuse(reading, 403, in ? "InvalidParamter.Conflict" : "InvalidSecurityGroup.IsSame",
			      end->group,
			      "a group is never its own object; members reach each other by "
			      "InnerAccessPolicy.");
	if (strcmp(object->network, group->network) != 0)
		return refuse(reading, 400, end->mismatch_code, end->group,
			      "%s is in another network; use a CIDR.", object->id);
	if (group->kind == RW_GROUP_ENTERPRISE || object->kind == RW_GROUP_ENTERPRISE)
		return refuse(reading, 400, "InvalidGroupAuthParameter.OperationDenied", end->group,
			      "enterprise groups take no group as object and are none.");
	if (reading->rule->nic_type != RW_NIC_INTRANET)
		return refuse(reading, 403, end->mismatch_code, "NicType",
			      "a group as object is only for NicType intranet, which must be said.");
	return 0;
}

static int check_list_object(const struct reading *reading, const struct end *end, const char *id)
{
	const struct rw_alibaba_permission *permission = reading->permission;
	const struct rw_network *network =
		rw_model_find_network(permission->model, permission->group->network);
	const struct rw_prefix_list *list = rw_model_find_prefix_list(permission->model, id);
	uint16_t protocol = reading->rule->protocol;

	if (!list || strcmp(list->id, id) != 0)
		return refuse(reading, 404, "InvalidPrefixListId.NotFound", end->prefix_list,
			      "there is no prefix list '%.60s'.", id);
	if (network && network->kind == RW_NETWORK_CLASSIC)
		return refuse(reading, 400, "NotSupported.ClassicNetworkPrefixList", end->prefix_list,
			      "rules of a classic network take no prefix list.");
	if ((protocol == RW_PROTOCOL_ICMP && list->family == 6) ||
	    (protocol == RW_PROTOCOL_ICMPV6 && list->family == 4))
		return refuse(reading, 400, "InvalidParam.PrefixListAddressFamilyMismatch", end->prefix_list,
			      "the prefix list is IPv%u, which IpProtocol is not.", list->family);
	return 0;
}

/* The object that is said: 1, or 0 when there is none. */
static int find_object(const struct reading *reading, const struct end *end, struct rw_object *object)
{
	const char *group = field_of(reading, end->group);
	const char *list = field_of(reading, end->prefix_list);
	int r = read_cidr(reading, end, &object->cidr);

	if (r != 0) {
		object->kind = RW_OBJECT_CIDR;
		return r;
	}
	if (!group && !list)
		return 0;
	object->kind = group ? RW_OBJECT_GROUP : RW_OBJECT_PREFIX_LIST;
	r = group ? check_group_object(reading, end, group) : check_list_object(reading, end, list);
	(void)snprintf(object->id, sizeof(object->id), "%s", group ? group : list);
	return r < 0 ? r : 1;
}

static int read_object(const struct reading *reading, const struct end *end)
{
	struct rw_object object = {0};
	struct rw_object *current = &reading->rule->object;
	int r = find_object(reading, end, &object);

	if (r < 0)
		return r;
	if (r == 0)
		return reading->change ? 0
				       : refuse(reading, 400, end->missing_code, end->cidr,
						"it is missing; give one of %s, %s, %s and %s.", end->cidr,
						end->cidr6, end->group, end->prefix_list);
	if (reading->change &&
	    (object.kind != current->kind ||
	     (object.kind == RW_OBJECT_CIDR && object.cidr.address.family != current->cidr.address.family)))
		return refuse(reading, 400, "InvalidOperation.ModifySgRuleEntityType", end->cidr,
			      "the kind of a rule's object cannot change; make another rule.");
	*current = object;
	return 0;
}

static int check_family(const struct reading *reading, uint8_t family, const char *field)
{
	if (reading->rule->protocol == RW_PROTOCOL_ICMP && family == 6)
		return refuse(reading, 400, "InvalidParam.Ipv4ProtocolConflictWithIpv6Address", field,
			      "ICMP is IPv4's; use ICMPv6.");
	if (reading->rule->protocol == RW_PROTOCOL_ICMPV6 && family == 4)
		return refuse(reading, 400, "InvalidParam.Ipv6ProtocolConflictWithIpv4Address", field,
			      "ICMPv6 is IPv6's; use ICMP.");
	return 0;
}

/* The family that the object is bound to, 0 = either. */
static uint8_t family_of(const struct reading *reading, const struct rw_object *object)
{
	const struct rw_prefix_list *list = NULL;

	if (object->kind == RW_OBJECT_CIDR)
		return object->cidr.address.family;
	if (object->kind == RW_OBJECT_PREFIX_LIST)
		list = rw_model_find_prefix_list(reading->permission->model, object->id);
	return list ? list->family : 0;
}

/* The other end of a rule is the group's members, or a CIDR among them: left out, a rule would mean more than was said. */
static int refuse_local_object(const struct reading *reading, const struct end *local)
{
	const char *names[] = {local->group, local->prefix_list};

	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++)
		if (field_of(reading, names[i]))
			return refuse(reading, 400, "InvalidParameter", names[i],
				      "the %s of an %s rule is the group's members; only a CIDR narrows it.",
				      local == &source_end ? "source" : "destination",
				      local == &source_end ? "egress" : "ingress");
	return 0;
}

static int read_ends(const struct reading *reading)
{
	bool in = reading->permission->direction == RW_DIRECTION_INGRESS;
	const struct end *remote = in ? &source_end : &dest_end;
	const struct end *local = in ? &dest_end : &source_end;
	const struct rw_object *object = &reading->rule->object;
	struct rw_prefix *local_cidr = &reading->rule->local_cidr;
	uint8_t family;
	int r = refuse_local_object(reading, local);

	if (r == 0)
		r = read_object(reading, remote);
	if (r == 0)
		r = read_cidr(reading, local, local_cidr);
	if (r < 0)
		return r;
	family = family_of(reading, object);
	if (family && local_cidr->address.family && family != local_cidr->address.family)
		return refuse(reading, 400,
			      object->kind == RW_OBJECT_CIDR ? "InvalidParameter.Conflict"
							     : "InvalidParam.PrefixListAddressFamilyMismatch",
			      local->cidr, "source and destination are of different families.");
	if (object->kind == RW_OBJECT_CIDR && local_cidr->address.family &&
	    rw_prefix_compare(&object->cidr, local_cidr) == 0)
		return refuse(reading, 400, "InvalidParamter.Conflict", local->cidr,
			      "source and destination are the same.");
	r = check_family(reading, family, remote->cidr);
	return r < 0 ? r : check_family(reading, local_cidr->address.family, local->cidr);
}

static int read_all(const struct reading *reading)
{
	int r = read_policy(reading);

	if (r == 0)
		r = read_priority(reading);
	if (r == 0)
		r = read_protocol(reading);
	if (r == 0)
		r = read_port_range(reading);
	if (r == 0)
		r = read_source_ports(reading);
	if (r == 0)
		r = read_nic_type(reading);
	if (r == 0)
		r = read_ends(reading);
	return r < 0 ? r : read_description(reading);
}

int rw_alibaba_permission_read(const struct rw_alibaba_permission *permission, struct rw_rule **ret_rule,
			       struct rw_alibaba_fault *fault)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();
	struct reading reading = {.permission = permission, .fault = fault, .rule = rule};
	int r;

	if (!rule)
		return out_of_memory(&reading);
	rule->direction = permission->direction;
	rule->policy = RW_VERDICT_ACCEPT;
	r = read_all(&reading);
	if (r == 0)
		*ret_rule = RW_TAKE_PTR(rule);
	return r;
}

int rw_alibaba_permission_change(const struct rw_alibaba_permission *permission, const struct rw_rule *rule,
				 struct rw_rule **ret_rule, struct rw_alibaba_fault *fault)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *copy = rw_rule_dup(rule);
	struct reading reading = {.permission = permission, .fault = fault, .rule = copy, .change = true};
	int r;

	if (!copy)
		return out_of_memory(&reading);
	r = read_all(&reading);
	if (r == 0)
		*ret_rule = RW_TAKE_PTR(copy);
	return r;
}

/* ---- lists of them ---- */

bool rw_alibaba_permission_is_flat(const struct rw_alibaba_parameters *parameters)
{
	static const char *const names[] = {
		"IpProtocol",    "PortRange",          "PortRangeListId", "SourceCidrIp", "Ipv6SourceCidrIp",
		"SourceGroupId", "SourcePrefixListId", "SourcePortRange", "DestCidrIp",   "Ipv6DestCidrIp",
		"DestGroupId",   "DestPrefixListId",   "Policy",          "Priority"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		const char *value = rw_alibaba_parameter(parameters, names[i]);

		if (value && value[0])
			return true;
	}
	return false;
}

int rw_alibaba_permission_count(const struct rw_alibaba_parameters *parameters, unsigned int *ret_count,
				struct rw_alibaba_fault *fault)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_alibaba_list_count(parameters, "Permissions", RW_ALIBABA_PERMISSIONS_MAX, ret_count, &err) < 0)
		return rw_alibaba_refuse_error(fault, 400, "InvalidParameter", &err);
	if (*ret_count && rw_alibaba_permission_is_flat(parameters))
		return rw_alibaba_refuse(fault, 400, "InvalidParam.Permissions",
					 "Permissions.N cannot stand beside the same fields without a "
					 "number.");
	return 0;
}
