/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alibaba Cloud's answers, as aliyun-cli prints them.  What an answer is tells its members; their order and
 * number do not matter.  Networks come first, then prefix lists, groups, clusters, instances, load balancers,
 * since each refers to those before.
 */

#include <stdio.h>
#include <string.h>

#include "convert/alibaba.h"
#include "group/validate.h"
#include "wire/text.h"

#define CLASSIC_ID "vpc-classic"

/* Visits the answers themselves that have a member 'key'. */
static int visit_answers(struct rw_answers *answers, const char *key, rw_answer_visitor *visitor,
			 struct rw_error *err)
{
	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		struct rw_json member;
		int r;

		if (!rw_json_find(&document->root, key, &member))
			continue;
		answers->builder->file = document->file;
		r = visitor(answers, &document->root, err);
		if (r < 0)
			return rw_error_wrap(err, "%s", document->file);
	}
	return 0;
}

/* ---- networks ---- */

static int add_secondary_cidrs(struct rw_network *network, const struct rw_json *vpc, struct rw_error *err)
{
	struct rw_json between, list;
	int r = rw_document_list(vpc, "SecondaryCidrBlocks", "SecondaryCidrBlock", &between, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		struct rw_prefix prefix;
		const char *text;

		r = rw_json_text(&element, 64, &text, err);
		if (r == 0 && rw_prefix_parse(text, &prefix, err) < 0)
			r = rw_json_locate(&element, err);
		if (r == 0)
			r = rw_builder_append(&network->cidrs, &network->cidr_count, &prefix, sizeof(prefix),
					      err);
	}
	return r;
}

static int read_vpc(struct rw_answers *answers, const struct rw_json *vpc, struct rw_error *err)
{
	RW_CLEANUP(rw_network_unref) struct rw_network *network = NULL;
	const char *name;
	int r = rw_document_text(vpc, "VpcName", &name, err);

	if (r == 0)
		r = rw_answers_begin_vpc(answers, vpc, name, &network, err);
	if (r < 0 || !network)
		return r;
	r = rw_document_add_cidr(vpc, "Ipv6CidrBlock", &network->cidrs, &network->cidr_count, err);
	if (r == 0)
		r = add_secondary_cidrs(network, vpc, err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_NETWORK, RW_TAKE_PTR(network), err);
}

static int add_classic_network(struct rw_answers *answers, struct rw_error *err)
{
	RW_CLEANUP(rw_network_unref) struct rw_network *network = rw_network_new();
	struct rw_prefix prefix;
	int r;

	if (!network)
		return rw_error_oom(err);
	network->kind = RW_NETWORK_CLASSIC;
	strcpy(network->id, CLASSIC_ID);
	r = rw_builder_name(answers->builder, RW_KIND_NETWORK, "classic", CLASSIC_ID, &network->name, err);
	if (r == 0)
		r = rw_prefix_parse("10.0.0.0/8", &prefix, err);
	if (r == 0)
		r = rw_builder_append(&network->cidrs, &network->cidr_count, &prefix, sizeof(prefix), err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_NETWORK, RW_TAKE_PTR(network), err);
}

/* The network of a VPC id, "" = the classic one; made when no answer has told of it. */
static int need_network(struct rw_answers *answers, const char *vpc, char ret_id[RW_ID_SIZE],
			struct rw_error *err)
{
	if (vpc[0]) {
		rw_builder_id(RW_KIND_NETWORK, vpc, ret_id);
		return rw_answers_need_network(answers, ret_id, "DescribeVpcs", err);
	}
	strcpy(ret_id, CLASSIC_ID);
	return rw_builder_find(answers->builder, RW_KIND_NETWORK, ret_id) ? 0
									  : add_classic_network(answers, err);
}

/* ---- prefix lists ---- */

static int read_entry(const struct rw_json *entry, struct rw_prefix_list *list, struct rw_error *err)
{
	char cidr[RW_PREFIX_TEXT_SIZE];
	RW_CLEANUP(rw_free) char *fitting = NULL;
	struct rw_prefix prefix;
	const char *text;
	bool given;
	int r = rw_document_prefix(entry, "Cidr", &prefix, &given, err);

	if (r < 0 || !given)
		return r;
	list->family = prefix.address.family;
	r = rw_document_text(entry, "Description", &text, err);
	if (r == 0)
		r = rw_builder_text(text, &fitting, err);
	if (r < 0)
		return r;
	rw_prefix_format(&prefix, cidr);
	if (fitting[0] && !rw_tags_set(&list->entry_descriptions, cidr, fitting))
		return rw_error_oom(err);
	return rw_builder_add_prefix(&list->cidrs, &list->cidr_count, &prefix, err);
}

static int read_prefix_list(struct rw_answers *answers, const struct rw_json *answer, struct rw_error *err)
{
	RW_CLEANUP(rw_prefix_list_unref) struct rw_prefix_list *prefix_list = rw_prefix_list_new();
	struct rw_json between, list;
	const char *id, *name, *description;
	int64_t most;
	int r;

	if (!prefix_list)
		return rw_error_oom(err);
	r = rw_document_text(answer, "PrefixListId", &id, err);
	if (r == 0)
		r = rw_document_text(answer, "PrefixListName", &name, err);
	if (r == 0)
		r = rw_document_text(answer, "Description", &description, err);
	if (r == 0)
		r = rw_document_integer(answer, "MaxEntries", 1, 200, 0, &most, err);
	if (r == 0)
		r = rw_document_time(answer, "CreationTime", &prefix_list->created_ms, err);
	if (r == 0)
		r = rw_document_list(answer, "Entries", "Entry", &between, &list, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_PREFIX_LIST, id, prefix_list->id);
	if (rw_builder_find(answers->builder, RW_KIND_PREFIX_LIST, prefix_list->id))
		return 0;
	prefix_list->family = 4;
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json entry = rw_json_at(&list, i);

		r = read_entry(&entry, prefix_list, err);
	}
	prefix_list->max_entries = (uint32_t)most;
	if (r == 0)
		r = rw_builder_text(description, &prefix_list->description, err);
	if (r == 0)
		r = rw_builder_name(answers->builder, RW_KIND_PREFIX_LIST, name, prefix_list->id,
				    &prefix_list->name, err);
	return r < 0 ? r
		     : rw_builder_put(answers->builder, RW_KIND_PREFIX_LIST, RW_TAKE_PTR(prefix_list), err);
}

/* ---- groups ---- */

/* What DescribeSecurityGroups says of a group, looked up when its attribute answer is read. */
static int find_head(struct rw_answers *answers, const char *id, struct rw_group *group, bool *ret_known,
		     struct rw_error *err)
{
	*ret_known = false;
	group->kind = RW_GROUP_BASIC;
	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		struct rw_json between, list;
		int r = rw_document_list(&document->root, "SecurityGroups", "SecurityGroup", &between, &list,
					 err);

		for (size_t j = 0; r == 0 && j < rw_json_count(&list); j++) {
			struct rw_json element = rw_json_at(&list, j);
			const char *other, *type;

			r = rw_document_text(&element, "SecurityGroupId", &other, err);
			if (r == 0)
				r = rw_document_text(&element, "SecurityGroupType", &type, err);
			if (r < 0 || strcmp(other, id) != 0)
				continue;
			*ret_known = true;
			group->kind = strcmp(type, "enterprise") == 0 ? RW_GROUP_ENTERPRISE : RW_GROUP_BASIC;
			r = rw_document_time(&element, "CreationTime", &group->created_ms, err);
		}
		if (r < 0)
			return rw_error_wrap(err, "%s", document->file);
	}
	return 0;
}

/* A group without its rules: they come when all groups are there to be objects. */
static int read_group(struct rw_answers *answers, const struct rw_json *answer, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = rw_group_new();
	const char *id, *name, *description, *vpc, *inner_access;
	bool known;
	int r;

	if (!group)
		return rw_error_oom(err);
	r = rw_document_text(answer, "SecurityGroupId", &id, err);
	if (r == 0)
		r = rw_document_text(answer, "SecurityGroupName", &name, err);
	if (r == 0)
		r = rw_document_text(answer, "Description", &description, err);
	if (r == 0)
		r = rw_document_text(answer, "VpcId", &vpc, err);
	if (r == 0)
		r = rw_document_text(answer, "InnerAccessPolicy", &inner_access, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_GROUP, id, group->id);
	if (rw_builder_find(answers->builder, RW_KIND_GROUP, group->id))
		return 0;
	r = find_head(answers, id, group, &known, err);
	if (r == 0)
		r = need_network(answers, vpc, group->network, err);
	if (r == 0)
		r = rw_builder_name(answers->builder, RW_KIND_GROUP, name, group->id, &group->name, err);
	if (r == 0)
		r = rw_builder_text(description, &group->description, err);
	if (r == 0 && !known)
		r = rw_builder_remark(answers->builder, 0, id, err,
				      "taken for a basic group; give the answer of DescribeSecurityGroups if "
				      "it is an enterprise one");
	if (r < 0)
		return r;
	group->inner_access = group->kind == RW_GROUP_ENTERPRISE || strcasecmp(inner_access, "Drop") == 0
				      ? RW_VERDICT_DROP
				      : RW_VERDICT_ACCEPT;
	return rw_builder_put(answers->builder, RW_KIND_GROUP, RW_TAKE_PTR(group), err);
}

/* The remote side of a permission.  1 when it has none that this model can name: told by a note. */
static int read_object(struct rw_answers *answers, const struct rw_json *permission, struct rw_rule *rule,
		       struct rw_error *err)
{
	bool in = rule->direction == RW_DIRECTION_INGRESS;
	const char *group, *list;
	char path[128];
	bool given;
	int r;

	rw_document_path(permission, path, sizeof(path));
	r = rw_document_prefix(permission, in ? "SourceCidrIp" : "DestCidrIp", &rule->object.cidr, &given,
			       err);
	if (r == 0 && !given)
		r = rw_document_prefix(permission, in ? "Ipv6SourceCidrIp" : "Ipv6DestCidrIp",
				       &rule->object.cidr, &given, err);
	if (r < 0 || given)
		return r;
	r = rw_document_text(permission, in ? "SourceGroupId" : "DestGroupId", &group, err);
	if (r == 0)
		r = rw_document_text(permission, in ? "SourcePrefixListId" : "DestPrefixListId", &list, err);
	if (r < 0)
		return r;
	rule->object.kind = group[0] ? RW_OBJECT_GROUP : RW_OBJECT_PREFIX_LIST;
	if (!group[0] && !list[0])
		r = rw_builder_leave_out(answers->builder, 0, path, err,
					 "names neither CIDR, group nor "
					 "prefix list");
	else {
		enum rw_kind kind = group[0] ? RW_KIND_GROUP : RW_KIND_PREFIX_LIST;

		rw_builder_id(kind, group[0] ? group : list, rule->object.id);
		if (rw_builder_find(answers->builder, kind, rule->object.id))
			return 0;
		r = rw_builder_leave_out(answers->builder, 0, path, err,
					 "%s %s is in none of the answers, or of another account",
					 rw_kind_name(kind), rule->object.id);
	}
	return r < 0 ? r : 1;
}

/* Where a prefix list or a list of ports stands for what a rule must say itself. */
static int read_ports(struct rw_answers *answers, const struct rw_json *permission, struct rw_rule *rule,
		      struct rw_error *err)
{
	const char *protocol, *ports, *source_ports, *port_list;
	struct rw_json member;
	char path[128];
	int r;

	rw_document_path(permission, path, sizeof(path));
	r = rw_document_text(permission, "IpProtocol", &protocol, err);
	if (r == 0)
		r = rw_document_text(permission, "PortRange", &ports, err);
	if (r == 0)
		r = rw_document_text(permission, "SourcePortRange", &source_ports, err);
	if (r == 0)
		r = rw_document_text(permission, "PortRangeListId", &port_list, err);
	if (r < 0)
		return r;
	if (rw_protocol_parse(protocol[0] ? protocol : "all", &rule->protocol, err) < 0)
		return rw_json_find(permission, "IpProtocol", &member) ? rw_json_locate(&member, err)
								       : err->code;
	if (!ports[0] && port_list[0]) {
		r = rw_builder_leave_out(answers->builder, 0, path, err,
					 "its ports are the list %s, of which no answer tells", port_list);
		return r < 0 ? r : 1;
	}
	if (ports[0] && rw_ports_parse(ports, &rule->ports, err) < 0)
		return rw_json_find(permission, "PortRange", &member) ? rw_json_locate(&member, err)
								      : err->code;
	if (source_ports[0] && rw_ports_parse(source_ports, &rule->source_ports, err) < 0)
		return rw_json_find(permission, "SourcePortRange", &member) ? rw_json_locate(&member, err)
									    : err->code;
	if (!rw_protocol_has_ports(rule->protocol))
		rule->ports = rule->source_ports = RW_PORTS_ANY;
	else if (rw_ports_is_any(rule->ports))
		rule->ports = RW_CONVERT_ALL_PORTS;
	return 0;
}

/* The five-tuple part: the other end than the object. */
static int read_local(const struct rw_json *permission, struct rw_rule *rule, struct rw_error *err)
{
	bool in = rule->direction == RW_DIRECTION_INGRESS;
	bool given;
	int r = rw_document_prefix(permission, in ? "DestCidrIp" : "SourceCidrIp", &rule->local_cidr, &given,
				   err);

	if (r == 0 && !given)
		r = rw_document_prefix(permission, in ? "Ipv6DestCidrIp" : "Ipv6SourceCidrIp",
				       &rule->local_cidr, &given, err);
	return r;
}

static int read_priority(struct rw_answers *answers, const struct rw_json *permission, struct rw_rule *rule,
			 struct rw_error *err)
{
	int64_t priority;
	char path[128];
	int r = rw_document_integer(permission, "Priority", 1, 110, 1, &priority, err);

	if (r < 0)
		return r;
	rule->priority = (uint8_t)(priority > 100 ? 100 : priority);
	if (priority <= 100)
		return 0;
	rw_document_path(permission, path, sizeof(path));
	return rw_builder_remark(answers->builder, 0, path, err,
				 "priority %d of a system-created rule is 100 here", (int)priority);
}

/* All that a permission says besides its object. */
static int read_words(struct rw_answers *answers, const struct rw_json *permission,
		      const struct rw_network *network, struct rw_rule *rule, struct rw_error *err)
{
	const char *id, *direction, *policy, *nic_type, *description;
	int r = rw_document_text(permission, "SecurityGroupRuleId", &id, err);

	if (r == 0)
		r = rw_document_text(permission, "Direction", &direction, err);
	if (r == 0)
		r = rw_document_text(permission, "Policy", &policy, err);
	if (r == 0)
		r = rw_document_text(permission, "NicType", &nic_type, err);
	if (r == 0)
		r = rw_document_text(permission, "Description", &description, err);
	if (r == 0)
		r = rw_document_time(permission, "CreateTime", &rule->created_ms, err);
	if (r == 0)
		r = rw_builder_text(description, &rule->description, err);
	if (r < 0)
		return r;
	if (id[0])
		rw_builder_id_of("sgr-", id, rule->id);
	rule->direction = strcasecmp(direction, "egress") == 0 ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS;
	rule->policy = strcasecmp(policy, "drop") == 0 ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT;
	rule->nic_type = network->kind == RW_NETWORK_CLASSIC && strcasecmp(nic_type, "intranet") != 0
				 ? RW_NIC_INTERNET
				 : RW_NIC_INTRANET;
	r = read_priority(answers, permission, rule, err);
	return r < 0 ? r : read_ports(answers, permission, rule, err);
}

static int read_permission(struct rw_answers *answers, const struct rw_json *permission,
			   struct rw_group *group, struct rw_error *err)
{
	const struct rw_network *network = rw_builder_find(answers->builder, RW_KIND_NETWORK, group->network);
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();
	int r;

	if (!rule)
		return rw_error_oom(err);
	r = read_words(answers, permission, network, rule, err);
	if (r == 0)
		r = read_object(answers, permission, rule, err);
	if (r == 0)
		r = read_local(permission, rule, err);
	if (r)
		return r < 0 ? r : 0;
	r = rw_validate_rule(rule, NULL, err);
	if (r < 0)
		return rw_json_locate(permission, err);
	return rw_builder_add_rule(group, RW_TAKE_PTR(rule), err);
}

static int read_rules(struct rw_answers *answers, const struct rw_json *answer, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	struct rw_json between, list;
	char id[RW_ID_SIZE];
	const char *foreign;
	int r = rw_document_text(answer, "SecurityGroupId", &foreign, err);

	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_GROUP, foreign, id);
	group = rw_group_dup(rw_builder_find(answers->builder, RW_KIND_GROUP, id));
	if (!group)
		return rw_error_oom(err);
	r = rw_document_list(answer, "Permissions", "Permission", &between, &list, err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json permission = rw_json_at(&list, i);

		r = rw_json_expect_object(&permission, err);
		if (r == 0)
			r = read_permission(answers, &permission, group, err);
	}
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_GROUP, RW_TAKE_PTR(group), err);
}

/* ---- clusters ---- */

/* Binds a group to the cluster; 1 when there is no such group, told by a note. */
static int bind_group(struct rw_answers *answers, struct rw_cluster *cluster, const char *foreign,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	const struct rw_group *found;
	int r;

	rw_builder_id(RW_KIND_GROUP, foreign, cluster->security_group);
	found = rw_builder_find(answers->builder, RW_KIND_GROUP, cluster->security_group);
	if (!found || found->managed_by[0] || found->kind != RW_GROUP_BASIC) {
		r = rw_builder_leave_out(answers->builder, 0, cluster->name, err,
					 !found ? "the cluster's group %s is in none of the answers"
					 : found->managed_by[0]
						 ? "the cluster's group %s is another cluster's, too"
						 : "the cluster's group %s is an enterprise group",
					 cluster->security_group);
		return r < 0 ? r : 1;
	}
	memcpy(cluster->network, found->network, RW_ID_SIZE);
	group = rw_group_dup(found);
	if (!group)
		return rw_error_oom(err);
	memcpy(group->managed_by, cluster->id, RW_ID_SIZE);
	return rw_builder_put(answers->builder, RW_KIND_GROUP, RW_TAKE_PTR(group), err);
}

/* Container addresses out of the network's are container CIDRs; Terway's are the network's own. */
static int read_container_cidr(struct rw_answers *answers, const struct rw_json *object, const char *key,
			       struct rw_cluster *cluster, struct rw_error *err)
{
	const struct rw_network *network =
		rw_builder_find(answers->builder, RW_KIND_NETWORK, cluster->network);
	struct rw_prefix prefix;
	bool given;
	int r = rw_document_prefix(object, key, &prefix, &given, err);

	if (r < 0 || !given)
		return r;
	for (size_t i = 0; i < network->cidr_count; i++)
		if (rw_prefix_overlaps(&network->cidrs[i], &prefix))
			return rw_builder_remark(answers->builder, 0, cluster->name, err,
						 "its container addresses lie in the VPC and are taken for "
						 "addresses of nodes");
	cluster->container_network = RW_CONTAINER_ROUTED;
	return rw_builder_add_prefix(&cluster->container_cidrs, &cluster->container_cidr_count, &prefix, err);
}

static int read_cluster(struct rw_answers *answers, const struct rw_json *object, struct rw_error *err)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *cluster = rw_cluster_new();
	const char *id, *name, *type, *group;
	int r;

	if (!cluster)
		return rw_error_oom(err);
	r = rw_document_text(object, "cluster_id", &id, err);
	if (r == 0)
		r = rw_document_text(object, "name", &name, err);
	if (r == 0)
		r = rw_document_text(object, "cluster_type", &type, err);
	if (r == 0)
		r = rw_document_text(object, "security_group_id", &group, err);
	if (r == 0)
		r = rw_document_time(object, "created", &cluster->created_ms, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_CLUSTER, id, cluster->id);
	if (!id[0] || rw_builder_find(answers->builder, RW_KIND_CLUSTER, cluster->id))
		return 0;
	/* Swarm clusters are of type "aliyun". */
	cluster->type = strcasestr(type, "kubernetes") ? RW_CLUSTER_KUBERNETES : RW_CLUSTER_SWARM;
	cluster->profile = RW_PROFILE_STANDARD;
	r = rw_builder_name(answers->builder, RW_KIND_CLUSTER, name, cluster->id, &cluster->name, err);
	if (r == 0)
		r = bind_group(answers, cluster, group, err);
	if (r)
		return r < 0 ? r : 0;
	r = read_container_cidr(answers, object, "subnet_cidr", cluster, err);
	if (r == 0)
		r = read_container_cidr(answers, object, "container_cidr", cluster, err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_CLUSTER, RW_TAKE_PTR(cluster), err);
}

/* The older list of clusters is a bare array. */
static int read_cluster_arrays(struct rw_answers *answers, struct rw_error *err)
{
	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		size_t count =
			rw_json_type(&document->root) == RW_JSON_ARRAY ? rw_json_count(&document->root) : 0;

		answers->builder->file = document->file;
		for (size_t j = 0; j < count; j++) {
			struct rw_json element = rw_json_at(&document->root, j);
			int r = rw_json_expect_object(&element, err);

			if (r == 0)
				r = read_cluster(answers, &element, err);
			if (r < 0)
				return rw_error_wrap(err, "%s", document->file);
		}
	}
	return 0;
}

/* ---- together ---- */

/* At least one answer that can be used: else the files are something else. */
static int check_known(const struct rw_answers *answers, struct rw_error *err)
{
	static const char *const keys[] = {"Vpcs",        "SecurityGroups", "Permissions",   "PrefixListId",
					   "PrefixLists", "Instances",      "LoadBalancers", "LoadBalancerId",
					   "Listeners",   "cluster_id",     "clusters"};

	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		bool known = rw_json_type(&document->root) == RW_JSON_ARRAY;
		struct rw_json member;

		for (size_t k = 0; !known && k < RW_ARRAY_COUNT(keys); k++)
			known = rw_json_find(&document->root, keys[k], &member);
		if (known)
			continue;
		(void)rw_error_set(err, -EINVAL, "%s: is no answer of Alibaba Cloud that is known here",
				   document->file);
		return rw_error_hint(err,
				     "Known are DescribeVpcs, DescribeSecurityGroups, "
				     "DescribeSecurityGroupAttribute, DescribePrefixListAttributes, "
				     "DescribeInstances, DescribeClusterDetail and DescribeLoadBalancer*.");
	}
	return 0;
}

int rw_convert_alibaba(struct rw_builder *builder, const struct rw_convert_input *inputs, size_t count,
		       struct rw_error *err)
{
	struct rw_answers answers = {.builder = builder};
	int r = rw_documents_read(inputs, count, &answers.documents, err);

	if (r == 0)
		r = check_known(&answers, err);
	if (r == 0)
		r = rw_answers_visit(&answers, "Vpcs", "Vpc", read_vpc, err);
	if (r == 0)
		r = visit_answers(&answers, "PrefixListId", read_prefix_list, err);
	if (r == 0)
		r = visit_answers(&answers, "Permissions", read_group, err);
	if (r == 0)
		r = visit_answers(&answers, "Permissions", read_rules, err);
	if (r == 0)
		r = visit_answers(&answers, "cluster_id", read_cluster, err);
	if (r == 0)
		r = rw_answers_visit(&answers, "clusters", NULL, read_cluster, err);
	if (r == 0)
		r = read_cluster_arrays(&answers, err);
	if (r == 0)
		r = rw_alibaba_read_instances(&answers, err);
	if (r == 0)
		r = rw_alibaba_read_load_balancers(&answers, err);
	rw_documents_done(&answers.documents);
	return r;
}
