/* SPDX-License-Identifier: Apache-2.0 */

/* A group's rules as answers show them. */

#include "alibaba/internal.h"

#include <ctype.h>
#include <string.h>

#include "net/decimal.h"

/* One page unless asked otherwise: there are clients that read no second one. */
static const struct page_limits rule_pages = {0, 0, 1000, 10, 1000, "sgr-"};

#define NONE(name) "\"" name "\":\"\""

/*
 * The members of an end of a rule.  A group of a thousand rules has thirty thousand members, most of them "": those stand
 * ready in one piece.
 */
struct end_keys {
	const char *cidr, *cidr6, *group, *group_name, *owner, *list, *list_name;
	const char *all_empty;
	const char *empty_after_cidr;
};

/* clang-format off */
#define EMPTY_AFTER_CIDR(side)                                                                               \
	NONE("Ipv6" side "CidrIp") "," NONE(side "GroupId") "," NONE(side "GroupName") ","                   \
	NONE(side "GroupOwnerAccount") "," NONE(side "PrefixListId") "," NONE(side "PrefixListName")
#define END_KEYS(side)                                                                                       \
	{side "CidrIp", "Ipv6" side "CidrIp", side "GroupId", side "GroupName", side "GroupOwnerAccount",    \
	 side "PrefixListId", side "PrefixListName",                                                         \
	 NONE(side "CidrIp") "," EMPTY_AFTER_CIDR(side), EMPTY_AFTER_CIDR(side)}
/* clang-format on */

static const struct end_keys source_keys = END_KEYS("Source");
static const struct end_keys dest_keys = END_KEYS("Dest");

static void put_members(struct call *call, const char *members)
{
	rw_json_write_members(&call->json, members, strlen(members));
}

/* An end that is a group, a prefix list or an IPv6 CIDR, each under its name or "". */
static void put_other_end(struct call *call, const struct end_keys *keys, const char *cidr6,
			  const struct rw_object *object)
{
	const struct rw_model *model = call_model(call);
	struct rw_json_writer *json = &call->json;
	const struct rw_group *group = NULL;
	const struct rw_prefix_list *list = NULL;

	if (object && object->kind == RW_OBJECT_GROUP)
		group = rw_model_find_group(model, object->id);
	if (object && object->kind == RW_OBJECT_PREFIX_LIST)
		list = rw_model_find_prefix_list(model, object->id);
	rw_json_put_text(json, keys->cidr, "");
	rw_json_put_text(json, keys->cidr6, cidr6);
	rw_json_put_text(json, keys->group, group ? group->id : "");
	rw_json_put_text(json, keys->group_name, group ? group->name : "");
	rw_json_put_text(json, keys->owner, "");
	rw_json_put_text(json, keys->list, list ? list->id : "");
	rw_json_put_text(json, keys->list_name, list ? list->name : "");
}

static void put_end(struct call *call, const struct end_keys *keys, const struct rw_prefix *cidr,
		    const struct rw_object *object)
{
	char text[RW_PREFIX_TEXT_SIZE] = "";

	if (cidr->address.family)
		rw_prefix_format(cidr, text);
	if (cidr->address.family == 4) {
		rw_json_put_text(&call->json, keys->cidr, text);
		put_members(call, keys->empty_after_cidr);
	} else if (cidr->address.family == 0 && (!object || object->kind == RW_OBJECT_CIDR)) {
		put_members(call, keys->all_empty);
	} else {
		put_other_end(call, keys, text, object);
	}
}

/* "TCP", "ICMPV6", "47". */
static void put_protocol(struct call *call, uint16_t number)
{
	char text[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(number, text);
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	rw_json_put_text(&call->json, "IpProtocol", text);
}

static void put_source_ports(struct call *call, struct rw_ports ports)
{
	static const char lists[] = NONE("PortRangeListId") "," NONE("PortRangeListName");
	static const char none[] =
		NONE("SourcePortRange") "," NONE("PortRangeListId") "," NONE("PortRangeListName");
	char text[RW_PORTS_TEXT_SIZE];

	if (rw_ports_is_any(ports)) {
		rw_json_write_members(&call->json, none, sizeof(none) - 1);
		return;
	}
	rw_ports_format(ports, text);
	rw_json_put_text(&call->json, "SourcePortRange", text);
	rw_json_write_members(&call->json, lists, sizeof(lists) - 1);
}

static void put_rule(struct call *call, const struct rw_rule *rule)
{
	static const struct rw_prefix none;
	static const char *const tables[2][2] = {
		[RW_DIRECTION_INGRESS] = {"\"Direction\":\"ingress\",\"NicType\":\"intranet\"",
					  "\"Direction\":\"ingress\",\"NicType\":\"internet\""},
		[RW_DIRECTION_EGRESS] = {"\"Direction\":\"egress\",\"NicType\":\"intranet\"",
					 "\"Direction\":\"egress\",\"NicType\":\"internet\""},
	};
	struct rw_json_writer *json = &call->json;
	bool in = rule->direction == RW_DIRECTION_INGRESS;
	const struct rw_prefix *remote = rule->object.kind == RW_OBJECT_CIDR ? &rule->object.cidr : &none;
	char text[RW_PORTS_TEXT_SIZE];

	rw_json_begin_object(json);
	rw_json_put_text(json, "SecurityGroupRuleId", rule->id);
	put_members(call, tables[rule->direction][rule->nic_type == RW_NIC_INTERNET]);
	put_protocol(call, rule->protocol);
	rw_ports_format(rule->ports, text);
	rw_json_put_text(json, "PortRange", text);
	put_source_ports(call, rule->source_ports);
	put_members(call,
		    rule->policy == RW_VERDICT_ACCEPT ? "\"Policy\":\"Accept\"" : "\"Policy\":\"Drop\"");
	*rw_decimal_put(text, rule->priority) = '\0';
	rw_json_put_text(json, "Priority", text);
	rw_json_put_text(json, "Description", rule->description);
	put_time(call, "CreateTime", rule->created_ms);
	put_end(call, &source_keys, in ? remote : &rule->local_cidr, in ? &rule->object : NULL);
	put_end(call, &dest_keys, in ? &rule->local_cidr : remote, in ? NULL : &rule->object);
	rw_json_end_object(json);
}

/* Reads Direction and NicType; each -1 = all. */
static int read_rule_filters(struct call *call, int *ret_direction, int *ret_nic_type)
{
	const char *direction = call_text(call, "Direction");
	const char *nic_type = call_text(call, "NicType");

	*ret_direction = *ret_nic_type = -1;
	if (direction && strcasecmp(direction, "ingress") == 0)
		*ret_direction = RW_DIRECTION_INGRESS;
	else if (direction && strcasecmp(direction, "egress") == 0)
		*ret_direction = RW_DIRECTION_EGRESS;
	else if (direction && strcasecmp(direction, "all") != 0)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter",
					 "Direction is ingress, egress or all, not '%.40s'.", direction);
	if (!nic_type || strcmp(nic_type, "<nil>") == 0)
		return 0;
	if (strcasecmp(nic_type, "intranet") == 0)
		*ret_nic_type = RW_NIC_INTRANET;
	else if (strcasecmp(nic_type, "internet") == 0)
		*ret_nic_type = RW_NIC_INTERNET;
	else
		return rw_alibaba_refuse(&call->fault, 400, "InvalidNicType.ValueNotSupported",
					 "NicType is intranet or internet, not '%.40s'.", nic_type);
	return 0;
}

static int find_rules(struct call *call, const struct rw_group *group, struct rw_vec *items)
{
	int direction, nic_type;
	int r = read_rule_filters(call, &direction, &nic_type);

	/* All rules of a VPC are of one table, whatever is asked for. */
	if (r == 0 && !is_classic_network(call_model(call), group->network))
		nic_type = -1;
	for (size_t i = 0; r == 0 && i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];

		if ((direction < 0 || (int)rule->direction == direction) &&
		    (nic_type < 0 || (int)rule->nic_type == nic_type))
			r = items_add(call, items, rule->id, rule);
	}
	return r;
}

int alibaba_describe_attribute(struct call *call)
{
	struct rw_json_writer *json = &call->json;
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	const struct rw_group *group;
	size_t first, count;
	struct page page;
	int r;

	items_init(&items);
	r = call_group(call, call_model(call), &group);
	if (r == 0)
		r = call_page(call, &rule_pages, &page);
	if (r == 0)
		r = find_rules(call, group, &items);
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	rw_json_put_text(json, "RegionId", call->self->region);
	rw_json_put_text(json, "SecurityGroupId", group->id);
	rw_json_put_text(json, "SecurityGroupName", group->name);
	rw_json_put_text(json, "Description", group->description);
	rw_json_put_text(json, "VpcId",
			 is_classic_network(call_model(call), group->network) ? "" : group->network);
	rw_json_put_text(json, "InnerAccessPolicy",
			 group->inner_access == RW_VERDICT_ACCEPT ? "Accept" : "Drop");
	list_begin(json, "SnapshotPolicyIds", "SnapshotPolicyId");
	list_end(json);
	list_begin(json, "Permissions", "Permission");
	for (size_t i = first; i < first + count; i++)
		put_rule(call, ((const struct item *)rw_vec_at(&items, i))->object);
	list_end(json);
	page_put_token(call, &page, &items, first, count);
	return 0;
}
