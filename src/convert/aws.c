/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers of 'aws ec2 describe-vpcs', 'describe-security-groups' and 'describe-instances'.
 *
 * The meanings differ: there, rules only accept, members of a group do not reach each other by themselves, and
 * what leaves is refused unless a rule accepts it.  So a group becomes a basic one with inner access 'drop',
 * its rules have priority 1, and where it does not let everything out, two egress rules of priority 100 drop
 * the rest.  Several groups on an interface add up alike in both.  A group that is its own object, which no
 * rule may have here, is stood for by a prefix list of the addresses that its members have.
 */

#include <stdio.h>
#include <string.h>

#include "convert/documents.h"
#include "group/validate.h"

/* ---- networks ---- */

/* Further CIDRs: an array of objects with the CIDR at 'key'. */
static int add_cidrs(struct rw_network *network, const struct rw_json *vpc, const char *array,
		     const char *key, struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(vpc, array, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = rw_document_add_cidr(&element, key, &network->cidrs, &network->cidr_count, err);
	}
	return r;
}

/* The value of the tag "Name", or "". */
static int read_name_tag(const struct rw_json *object, const char **ret_name, struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(object, "Tags", &list, err);

	*ret_name = "";
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json tag = rw_json_at(&list, i);
		const char *key;

		r = rw_document_text(&tag, "Key", &key, err);
		if (r == 0 && strcmp(key, "Name") == 0)
			r = rw_document_text(&tag, "Value", ret_name, err);
	}
	return r;
}

static int read_vpc(struct rw_answers *answers, const struct rw_json *vpc, struct rw_error *err)
{
	RW_CLEANUP(rw_network_unref) struct rw_network *network = NULL;
	const char *name;
	int r = read_name_tag(vpc, &name, err);

	if (r == 0)
		r = rw_answers_begin_vpc(answers, vpc, name, &network, err);
	if (r < 0 || !network)
		return r;
	r = add_cidrs(network, vpc, "CidrBlockAssociationSet", "CidrBlock", err);
	if (r == 0)
		r = add_cidrs(network, vpc, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_NETWORK, RW_TAKE_PTR(network), err);
}

static int need_network(struct rw_answers *answers, const char *vpc, char ret_id[RW_ID_SIZE],
			struct rw_error *err)
{
	rw_builder_id(RW_KIND_NETWORK, vpc[0] ? vpc : "vpc-ec2-classic", ret_id);
	return rw_answers_need_network(answers, ret_id, "describe-vpcs", err);
}

/* ---- groups ---- */

static int read_group(struct rw_answers *answers, const struct rw_json *object, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = rw_group_new();
	const char *id, *name, *description, *vpc;
	int r;

	if (!group)
		return rw_error_oom(err);
	group->kind = RW_GROUP_BASIC;
	group->inner_access = RW_VERDICT_DROP;
	r = rw_document_text(object, "GroupId", &id, err);
	if (r == 0)
		r = rw_document_text(object, "GroupName", &name, err);
	if (r == 0)
		r = rw_document_text(object, "Description", &description, err);
	if (r == 0)
		r = rw_document_text(object, "VpcId", &vpc, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_GROUP, id, group->id);
	if (rw_builder_find(answers->builder, RW_KIND_GROUP, group->id))
		return 0;
	r = need_network(answers, vpc, group->network, err);
	if (r == 0)
		r = rw_builder_name(answers->builder, RW_KIND_GROUP, name, group->id, &group->name, err);
	if (r == 0)
		r = rw_builder_text(description, &group->description, err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_GROUP, RW_TAKE_PTR(group), err);
}

/* ---- instances ---- */

struct id {
	char text[RW_ID_SIZE];
};

static bool holds(char (*const ids)[RW_ID_SIZE], size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

static int add_address(struct rw_address **addresses, size_t *count, const struct rw_json *object,
		       const char *key, struct rw_error *err)
{
	struct rw_address address;
	bool given;
	int r = rw_document_address(object, key, &address, &given, err);

	return r < 0 || !given ? r : rw_builder_append(addresses, count, &address, sizeof(address), err);
}

static int read_addresses(struct rw_interface *interface, const struct rw_json *object, struct rw_error *err)
{
	struct rw_json list, association;
	int r = rw_document_array(object, "PrivateIpAddresses", &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = add_address(&interface->addresses, &interface->address_count, &element,
				"PrivateIpAddress", err);
		if (r == 0 && rw_json_find(&element, "Association", &association))
			r = add_address(&interface->elastic_ips, &interface->elastic_ip_count, &association,
					"PublicIp", err);
	}
	if (r == 0)
		r = rw_document_array(object, "Ipv6Addresses", &list, err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = add_address(&interface->addresses, &interface->address_count, &element, "Ipv6Address",
				err);
	}
	return r;
}

/* The groups of an interface; unknown ones are told and left out. */
static int read_groups(struct rw_answers *answers, struct rw_interface *interface,
		       const struct rw_json *object, const struct rw_node *node, struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(object, "Groups", &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		const char *foreign;
		struct id id;

		r = rw_document_text(&element, "GroupId", &foreign, err);
		if (r < 0)
			break;
		rw_builder_id(RW_KIND_GROUP, foreign, id.text);
		if (!rw_builder_find(answers->builder, RW_KIND_GROUP, id.text))
			r = rw_builder_leave_out(answers->builder, 0, node->id, err,
						 "its group %s is in none of the answers", foreign);
		else if (!holds(interface->security_groups, interface->security_group_count, id.text))
			r = rw_builder_append(&interface->security_groups, &interface->security_group_count,
					      &id, sizeof(id), err);
	}
	return r;
}

static int read_interface(struct rw_answers *answers, struct rw_node *node, const struct rw_json *object,
			  struct rw_error *err)
{
	struct rw_interface *interface;
	struct rw_json attachment;
	int64_t index = (int64_t)node->interface_count;
	char name[16];
	int r = 0;

	if (rw_json_find(object, "Attachment", &attachment))
		r = rw_document_integer(&attachment, "DeviceIndex", 0, 1000, index, &index, err);
	if (r == 0)
		r = rw_builder_append(&node->interfaces, &node->interface_count,
				      &(struct rw_interface){.nic_type = RW_NIC_INTRANET},
				      sizeof(struct rw_interface), err);
	if (r < 0)
		return r;
	interface = &node->interfaces[node->interface_count - 1];
	(void)snprintf(name, sizeof(name), "eth%lld", (long long)index);
	interface->name = strdup(name);
	if (!interface->name)
		return rw_error_oom(err);
	r = read_addresses(interface, object, err);
	return r < 0 ? r : read_groups(answers, interface, object, node, err);
}

/* Groups that all interfaces are in become the node's own. */
static int lift_common_groups(struct rw_node *node, struct rw_error *err)
{
	struct rw_interface *first = node->interfaces;

	for (size_t i = 0; i < first->security_group_count; i++) {
		bool common = true;
		int r;

		for (size_t j = 1; common && j < node->interface_count; j++)
			common = holds(node->interfaces[j].security_groups,
				       node->interfaces[j].security_group_count, first->security_groups[i]);
		if (!common)
			continue;
		r = rw_builder_append(&node->security_groups, &node->security_group_count,
				      &first->security_groups[i], RW_ID_SIZE, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < node->interface_count; i++) {
		struct rw_interface *interface = &node->interfaces[i];
		size_t kept = 0;

		for (size_t j = 0; j < interface->security_group_count; j++)
			if (!holds(node->security_groups, node->security_group_count,
				   interface->security_groups[j]))
				memmove(interface->security_groups[kept++], interface->security_groups[j],
					RW_ID_SIZE);
		interface->security_group_count = kept;
	}
	return 0;
}

static int read_instance(struct rw_answers *answers, const struct rw_json *instance, struct rw_error *err)
{
	RW_CLEANUP(rw_node_unref) struct rw_node *node = rw_node_new();
	const char *id, *name, *vpc;
	struct rw_json list;
	int r;

	if (!node)
		return rw_error_oom(err);
	r = rw_document_text(instance, "InstanceId", &id, err);
	if (r == 0)
		r = read_name_tag(instance, &name, err);
	if (r == 0)
		r = rw_document_text(instance, "VpcId", &vpc, err);
	if (r == 0)
		r = rw_document_array(instance, "NetworkInterfaces", &list, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_NODE, id, node->id);
	if (rw_builder_find(answers->builder, RW_KIND_NODE, node->id))
		return 0;
	if (rw_json_count(&list) == 0) /* terminated instances have none */
		return rw_builder_leave_out(answers->builder, 0, id, err, "it has no network interface");
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	r = need_network(answers, vpc, node->network, err);
	if (r == 0)
		r = rw_builder_name(answers->builder, RW_KIND_NODE, name, node->id, &node->name, err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = rw_json_expect_object(&element, err);
		if (r == 0)
			r = read_interface(answers, node, &element, err);
	}
	if (r == 0)
		r = lift_common_groups(node, err);
	if (r == 0 && node->security_group_count == 0)
		return rw_builder_leave_out(answers->builder, 0, id, err,
					    "no known group is common to its interfaces");
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_NODE, RW_TAKE_PTR(node), err);
}

static int read_reservation(struct rw_answers *answers, const struct rw_json *reservation,
			    struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(reservation, "Instances", &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = rw_json_expect_object(&element, err);
		if (r == 0)
			r = read_instance(answers, &element, err);
	}
	return r;
}

/* ---- rules ---- */

/* What the objects of one permission have in common. */
struct permission {
	struct rw_answers *answers;
	struct rw_group *group; /* private still */
	enum rw_direction direction;
	uint16_t protocol;
	struct rw_ports ports;
	char path[128];
};

static int add_rule(const struct permission *permission, const struct rw_object *object,
		    const char *description, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();
	int r;

	if (!rule)
		return rw_error_oom(err);
	rule->direction = permission->direction;
	rule->policy = RW_VERDICT_ACCEPT;
	rule->protocol = permission->protocol;
	rule->ports = permission->ports;
	rule->object = *object;
	r = rw_builder_text(description, &rule->description, err);
	return r < 0 ? r : rw_builder_add_rule(permission->group, RW_TAKE_PTR(rule), err);
}

/* Ports of a permission.  1 when they are ICMP types, of which rules here know nothing: told by a note. */
static int read_ports(struct permission *permission, const struct rw_json *object, struct rw_error *err)
{
	const char *protocol;
	struct rw_json member;
	int64_t from, to;
	int r = rw_document_text(object, "IpProtocol", &protocol, err);

	if (r == 0)
		r = rw_document_integer(object, "FromPort", -1, 65535, -1, &from, err);
	if (r == 0)
		r = rw_document_integer(object, "ToPort", -1, 65535, -1, &to, err);
	if (r < 0)
		return r;
	if (strcmp(protocol, "-1") == 0)
		protocol = "all";
	if (rw_protocol_parse(protocol, &permission->protocol, err) < 0)
		return rw_json_find(object, "IpProtocol", &member) ? rw_json_locate(&member, err) : err->code;
	permission->ports = rw_protocol_has_ports(permission->protocol) ? RW_CONVERT_ALL_PORTS : RW_PORTS_ANY;
	if (rw_protocol_has_ports(permission->protocol) && !(from <= 0 && (to < 0 || to == 65535))) {
		permission->ports.first = (uint16_t)(from < 1 ? 1 : from);
		permission->ports.last = (uint16_t)(to < 1 ? 1 : to);
		if (permission->ports.first > permission->ports.last)
			return rw_json_refuse(object, err, "FromPort is larger than ToPort");
	}
	if ((permission->protocol != RW_PROTOCOL_ICMP && permission->protocol != RW_PROTOCOL_ICMPV6) ||
	    from < 0)
		return 0;
	r = rw_builder_leave_out(permission->answers->builder, 0, permission->path, err,
				 "it accepts ICMP of type %d only; a rule here is for all types or none",
				 (int)from);
	return r < 0 ? r : 1;
}

static int read_cidrs(const struct permission *permission, const struct rw_json *object, const char *array,
		      const char *key, struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(object, array, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		struct rw_object remote = {.kind = RW_OBJECT_CIDR};
		const char *description;
		bool given;

		r = rw_document_prefix(&element, key, &remote.cidr, &given, err);
		if (r == 0)
			r = rw_document_text(&element, "Description", &description, err);
		if (r == 0 && given)
			r = add_rule(permission, &remote, description, err);
	}
	return r;
}

/*
 * The addresses of the nodes of a group, of one family, as a prefix list: made once, found again.  1 when there
 * are none.
 */
static int need_members_list(const struct permission *permission, uint8_t family, char ret_id[RW_ID_SIZE],
			     struct rw_error *err)
{
	RW_CLEANUP(rw_prefix_list_unref) struct rw_prefix_list *members = rw_prefix_list_new();
	struct rw_builder *builder = permission->answers->builder;
	const struct rw_model *model = builder->conversion->model;
	char name[160];
	int r = 0;

	if (!members)
		return rw_error_oom(err);
	(void)snprintf(name, sizeof(name), "members-v%u-%s", family, permission->group->id);
	rw_builder_id(RW_KIND_PREFIX_LIST, name, ret_id);
	if (rw_builder_find(builder, RW_KIND_PREFIX_LIST, ret_id))
		return 0;
	memcpy(members->id, ret_id, RW_ID_SIZE);
	members->family = family;
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);
		bool all = holds(node->security_groups, node->security_group_count, permission->group->id);

		for (size_t j = 0; r == 0 && j < node->interface_count; j++) {
			const struct rw_interface *interface = &node->interfaces[j];

			if (!all && !holds(interface->security_groups, interface->security_group_count,
					   permission->group->id))
				continue;
			for (size_t k = 0; r == 0 && k < interface->address_count; k++) {
				struct rw_prefix prefix = rw_prefix_of_address(&interface->addresses[k]);

				if (prefix.address.family == family)
					r = rw_builder_add_prefix(&members->cidrs, &members->cidr_count,
								  &prefix, err);
			}
		}
	}
	if (r == 0 && members->cidr_count == 0)
		return 1;
	if (r == 0)
		r = rw_builder_name(builder, RW_KIND_PREFIX_LIST, name, ret_id, &members->name, err);
	return r < 0 ? r : rw_builder_put(builder, RW_KIND_PREFIX_LIST, RW_TAKE_PTR(members), err);
}

static int add_self_rules(const struct permission *permission, const char *description, struct rw_error *err)
{
	struct rw_object object = {.kind = RW_OBJECT_PREFIX_LIST};
	int r = rw_builder_remark(permission->answers->builder, 0, permission->path, err,
				  "group %s is its own object: the addresses that its members have now stand "
				  "for it",
				  permission->group->id);

	for (uint8_t family = 4; r == 0 && family <= 6; family += 2) {
		if ((family == 4 && permission->protocol == RW_PROTOCOL_ICMPV6) ||
		    (family == 6 && permission->protocol == RW_PROTOCOL_ICMP))
			continue;
		r = need_members_list(permission, family, object.id, err);
		if (r == 0)
			r = add_rule(permission, &object, description, err);
		else if (r > 0)
			r = 0;
	}
	return r;
}

static int read_group_pairs(const struct permission *permission, const struct rw_json *object,
			    struct rw_error *err)
{
	struct rw_builder *builder = permission->answers->builder;
	struct rw_json list;
	int r = rw_document_array(object, "UserIdGroupPairs", &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		struct rw_object remote = {.kind = RW_OBJECT_GROUP};
		const char *foreign, *description;
		const struct rw_group *other;

		r = rw_document_text(&element, "GroupId", &foreign, err);
		if (r == 0)
			r = rw_document_text(&element, "Description", &description, err);
		if (r < 0)
			break;
		rw_builder_id(RW_KIND_GROUP, foreign, remote.id);
		other = rw_builder_find(builder, RW_KIND_GROUP, remote.id);
		if (!other || strcmp(other->network, permission->group->network) != 0)
			r = rw_builder_leave_out(builder, 0, permission->path, err,
						 other ? "its object %s is a group of another VPC"
						       : "its object %s is in none of the answers",
						 foreign);
		else if (strcmp(remote.id, permission->group->id) == 0)
			r = add_self_rules(permission, description, err);
		else
			r = add_rule(permission, &remote, description, err);
	}
	return r;
}

static int leave_out_prefix_lists(const struct permission *permission, const struct rw_json *object,
				  struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(object, "PrefixListIds", &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		const char *id;

		r = rw_document_text(&element, "PrefixListId", &id, err);
		if (r == 0)
			r = rw_builder_leave_out(permission->answers->builder, 0, permission->path, err,
						 "its object is the prefix list %s, whose CIDRs no answer "
						 "tells",
						 id);
	}
	return r;
}

static int read_permissions(struct rw_answers *answers, const struct rw_json *object, const char *array,
			    enum rw_direction direction, struct rw_group *group, struct rw_error *err)
{
	struct rw_json list;
	int r = rw_document_array(object, array, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct permission permission = {.answers = answers, .group = group, .direction = direction};
		struct rw_json element = rw_json_at(&list, i);

		rw_document_path(&element, permission.path, sizeof(permission.path));
		r = rw_json_expect_object(&element, err);
		if (r == 0)
			r = read_ports(&permission, &element, err);
		if (r > 0) {
			r = 0;
			continue;
		}
		if (r == 0)
			r = read_cidrs(&permission, &element, "IpRanges", "CidrIp", err);
		if (r == 0)
			r = read_cidrs(&permission, &element, "Ipv6Ranges", "CidrIpv6", err);
		if (r == 0)
			r = read_group_pairs(&permission, &element, err);
		if (r == 0)
			r = leave_out_prefix_lists(&permission, &element, err);
	}
	return r;
}

/* Whether the group's rules let all of a family out. */
static bool lets_all_out(const struct rw_group *group, uint8_t family)
{
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];

		if (rule->direction == RW_DIRECTION_EGRESS && rule->protocol == RW_PROTOCOL_ALL &&
		    rule->object.kind == RW_OBJECT_CIDR && rule->object.cidr.address.family == family &&
		    rule->object.cidr.bits == 0)
			return true;
	}
	return false;
}

/* What no egress rule accepts is refused there, where a basic group here would let it out. */
static int close_egress(struct rw_group *group, uint8_t family, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = NULL;
	int r;

	if (lets_all_out(group, family))
		return 0;
	rule = rw_rule_new();
	if (!rule)
		return rw_error_oom(err);
	rule->direction = RW_DIRECTION_EGRESS;
	rule->policy = RW_VERDICT_DROP;
	rule->protocol = RW_PROTOCOL_ALL;
	rule->priority = 100;
	rule->object.kind = RW_OBJECT_CIDR;
	rule->object.cidr.address.family = family;
	r = rw_builder_text("what no rule lets out", &rule->description, err);
	return r < 0 ? r : rw_builder_add_rule(group, RW_TAKE_PTR(rule), err);
}

static int read_rules(struct rw_answers *answers, const struct rw_json *object, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	char id[RW_ID_SIZE];
	const char *foreign;
	int r = rw_document_text(object, "GroupId", &foreign, err);

	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_GROUP, foreign, id);
	group = rw_group_dup(rw_builder_find(answers->builder, RW_KIND_GROUP, id));
	if (!group)
		return rw_error_oom(err);
	r = read_permissions(answers, object, "IpPermissions", RW_DIRECTION_INGRESS, group, err);
	if (r == 0)
		r = read_permissions(answers, object, "IpPermissionsEgress", RW_DIRECTION_EGRESS, group, err);
	if (r == 0)
		r = close_egress(group, 4, err);
	if (r == 0)
		r = close_egress(group, 6, err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_GROUP, RW_TAKE_PTR(group), err);
}

/* ---- together ---- */

static int check_known(const struct rw_answers *answers, struct rw_error *err)
{
	static const char *const keys[] = {"Vpcs", "SecurityGroups", "Reservations"};

	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		struct rw_json member;
		bool known = false;

		for (size_t k = 0; !known && k < RW_ARRAY_COUNT(keys); k++)
			known = rw_json_find(&document->root, keys[k], &member) &&
				rw_json_type(&member) == RW_JSON_ARRAY;
		if (known)
			continue;
		(void)rw_error_set(err, -EINVAL, "%s: is no answer of aws ec2 that is known here",
				   document->file);
		return rw_error_hint(err, "Known are describe-vpcs, describe-security-groups and "
					  "describe-instances, as JSON and without --query.");
	}
	return 0;
}

int rw_convert_aws(struct rw_builder *builder, const struct rw_convert_input *inputs, size_t count,
		   struct rw_error *err)
{
	struct rw_answers answers = {.builder = builder};
	int r = rw_documents_read(inputs, count, &answers.documents, err);

	if (r == 0)
		r = check_known(&answers, err);
	if (r == 0)
		r = rw_answers_visit(&answers, "Vpcs", NULL, read_vpc, err);
	if (r == 0)
		r = rw_answers_visit(&answers, "SecurityGroups", NULL, read_group, err);
	if (r == 0)
		r = rw_answers_visit(&answers, "Reservations", NULL, read_reservation, err);
	if (r == 0)
		r = rw_answers_visit(&answers, "SecurityGroups", NULL, read_rules, err);
	rw_documents_done(&answers.documents);
	return r;
}
