/* SPDX-License-Identifier: Apache-2.0 */

/* Groups and instances as answers show them.  What is not set is "", never left out. */

#include "alibaba/internal.h"

#include <stdio.h>
#include <string.h>

#include "group/members.h"

static const struct page_limits group_pages = {10, 50, 10, 1, 100, "sg-"};
static const struct page_limits instance_pages = {10, 100, 10, 1, 100, "n-"};

/* ---- groups ---- */

static bool name_fits(const struct call *call, const char *name, bool fuzzy)
{
	const char *wanted = call_text(call, "SecurityGroupName");

	return !wanted || (fuzzy ? strstr(name, wanted) != NULL : strcmp(name, wanted) == 0);
}

static bool group_fits(const struct call *call, const struct rw_group *group, bool fuzzy,
		       struct rw_json_document *ids)
{
	bool classic = is_classic_network(call_model(call), group->network);
	const char *managed = call_text(call, "ServiceManaged");

	return call_fits(call, "SecurityGroupId", group->id) && json_list_has(ids, group->id) &&
	       name_fits(call, group->name, fuzzy) &&
	       call_fits(call, "VpcId", classic ? "" : group->network) &&
	       call_fits(call, "NetworkType", classic ? "classic" : "vpc") &&
	       call_fits(call, "SecurityGroupType",
			 group->kind == RW_GROUP_BASIC ? "normal" : "enterprise") &&
	       (!managed || (strcasecmp(managed, "true") == 0) == (group->managed_by[0] != '\0')) &&
	       call_fits_tags(call, &group->tags);
}

static int64_t count_group_rules(const struct rw_group *group)
{
	int64_t count = 0;

	for (size_t i = 0; i < group->rule_count; i++)
		count += group->rules[i]->object.kind == RW_OBJECT_GROUP;
	return count;
}

static void put_group(struct call *call, const struct rw_group *group)
{
	const struct rw_model *model = call_model(call);
	struct rw_json_writer *json = &call->json;
	size_t members = rw_group_member_count(model, group);

	rw_json_begin_object(json);
	rw_json_put_text(json, "SecurityGroupId", group->id);
	rw_json_put_text(json, "SecurityGroupName", group->name);
	rw_json_put_text(json, "SecurityGroupType", group->kind == RW_GROUP_BASIC ? "normal" : "enterprise");
	rw_json_put_text(json, "Description", group->description);
	rw_json_put_text(json, "VpcId", is_classic_network(model, group->network) ? "" : group->network);
	put_time(call, "CreationTime", group->created_ms);
	rw_json_put_integer(json, "EcsCount", (int64_t)members);
	rw_json_put_integer(json, "AvailableInstanceAmount",
			    (int64_t)rw_limits_default.members_per_group - (int64_t)members);
	rw_json_put_integer(json, "RuleCount", (int64_t)group->rule_count);
	rw_json_put_integer(json, "GroupToGroupRuleCount", count_group_rules(group));
	rw_json_put_bool(json, "ServiceManaged", group->managed_by[0] != '\0');
	rw_json_put_integer(json, "ServiceID", 0);
	put_tags(call, &group->tags);
	rw_json_end_object(json);
}

int alibaba_describe_groups(struct call *call)
{
	const struct rw_model *model = call_model(call);
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *ids = NULL;
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	size_t first, count;
	struct page page;
	bool fuzzy;
	int r;

	items_init(&items);
	r = call_page(call, &group_pages, &page);
	if (r == 0)
		r = call_flag(call, "FuzzyQuery", &fuzzy);
	if (r == 0)
		r = call_json_list(call, "SecurityGroupIds", &ids);
	if (r == 0)
		r = call_check_tag_filter(call);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (group_fits(call, group, fuzzy, ids))
			r = items_add(call, &items, group->id, group);
	}
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	list_begin(&call->json, "SecurityGroups", "SecurityGroup");
	for (size_t i = first; i < first + count; i++)
		put_group(call, ((const struct item *)rw_vec_at(&items, i))->object);
	list_end(&call->json);
	rw_json_put_text(&call->json, "RegionId", call->self->region);
	page_put(call, &page, &items, first, count);
	return 0;
}

/* ---- references ---- */

static bool refers_to(const struct rw_group *group, const char *id)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (group->rules[i]->object.kind == RW_OBJECT_GROUP &&
		    strcmp(group->rules[i]->object.id, id) == 0)
			return true;
	return false;
}

static void put_references(struct call *call, const char *id)
{
	const struct rw_model *model = call_model(call);
	rw_json_begin_object(&call->json);
	rw_json_put_text(&call->json, "SecurityGroupId", id);
	list_begin(&call->json, "ReferencingSecurityGroups", "ReferencingSecurityGroup");
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (!refers_to(group, id))
			continue;
		rw_json_begin_object(&call->json);
		rw_json_put_text(&call->json, "AliUid", call->self->account);
		rw_json_put_text(&call->json, "SecurityGroupId", group->id);
		rw_json_end_object(&call->json);
	}
	list_end(&call->json);
	rw_json_end_object(&call->json);
}

int alibaba_describe_references(struct call *call)
{
	const struct rw_model *model = call_model(call);
	struct rw_error err = RW_ERROR_NONE;
	unsigned int count;

	if (rw_alibaba_list_count(&call->parameters, "SecurityGroupId", 10, &count, &err) < 0)
		return rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err);
	if (count == 0)
		return rw_alibaba_refuse(&call->fault, 400, "MissingParameter",
					 "SecurityGroupId.N names 1 to 10 groups.");
	list_begin(&call->json, "SecurityGroupReferences", "SecurityGroupReference");
	for (unsigned int i = 1; i <= count; i++) {
		const char *id = rw_alibaba_element(&call->parameters, "SecurityGroupId", i, NULL);
		const struct rw_group *group = id ? rw_model_find_group(model, id) : NULL;

		/* As the cloud: groups that nobody refers to, or that are not there, are left out. */
		for (size_t j = 0; group && j < rw_model_count(model, RW_KIND_GROUP); j++) {
			if (!refers_to(rw_model_at(model, RW_KIND_GROUP, j), id))
				continue;
			put_references(call, id);
			break;
		}
	}
	list_end(&call->json);
	return 0;
}

/* ---- instances ---- */

enum address_choice { PRIVATE_OF_VPC, INNER_OF_CLASSIC, PUBLIC_OF_CLASSIC };

/* What an address of an interface is called. */
static enum address_choice choice_of(const struct rw_interface *interface, bool classic)
{
	if (!classic)
		return PRIVATE_OF_VPC;
	return interface->nic_type == RW_NIC_INTRANET ? INNER_OF_CLASSIC : PUBLIC_OF_CLASSIC;
}

/* The filters by address, each a list of which one must be the instance's; NULL = it was not given. */
struct address_filters {
	struct rw_json_document *of[PUBLIC_OF_CLASSIC + 1];
	struct rw_json_document *elastic;
};

static void address_filters_done(struct address_filters *filters)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(filters->of); i++)
		(void)rw_json_document_free(filters->of[i]);
	(void)rw_json_document_free(filters->elastic);
}
RW_DEFINE_DONE(struct address_filters, address_filters_done)

static int read_address_filters(struct call *call, struct address_filters *filters)
{
	int r = call_json_list(call, "PrivateIpAddresses", &filters->of[PRIVATE_OF_VPC]);

	if (r == 0)
		r = call_json_list(call, "InnerIpAddresses", &filters->of[INNER_OF_CLASSIC]);
	if (r == 0)
		r = call_json_list(call, "PublicIpAddresses", &filters->of[PUBLIC_OF_CLASSIC]);
	return r < 0 ? r : call_json_list(call, "EipAddresses", &filters->elastic);
}

static bool any_listed(const struct rw_address *addresses, size_t count, struct rw_json_document *wanted)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		rw_address_format(&addresses[i], text);
		if (json_list_has(wanted, text))
			return true;
	}
	return false;
}

static bool passes_addresses(const struct rw_node *node, bool classic, const struct address_filters *filters)
{
	bool passed[RW_ARRAY_COUNT(filters->of)];
	bool all = !filters->elastic;

	for (size_t i = 0; i < RW_ARRAY_COUNT(passed); i++)
		passed[i] = !filters->of[i];
	for (size_t i = 0; i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];
		enum address_choice own = choice_of(interface, classic);

		passed[own] = passed[own] ||
			      any_listed(interface->addresses, interface->address_count, filters->of[own]);
		all = all ||
		      any_listed(interface->elastic_ips, interface->elastic_ip_count, filters->elastic);
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(passed); i++)
		all = all && passed[i];
	return all;
}

/* Ipv6Address.N, of which one must be the instance's. */
static bool passes_ipv6(const struct call *call, const struct rw_node *node)
{
	unsigned int count = 0;

	if (rw_alibaba_list_count(&call->parameters, "Ipv6Address", 100, &count, NULL) < 0 || count == 0)
		return count == 0;
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].address_count; j++) {
			char text[RW_ADDRESS_TEXT_SIZE];

			rw_address_format(&node->interfaces[i].addresses[j], text);
			for (unsigned int k = 1; k <= count; k++)
				if (strcmp(rw_alibaba_element(&call->parameters, "Ipv6Address", k, NULL),
					   text) == 0)
					return true;
		}
	return false;
}

static bool instance_fits(const struct call *call, const struct rw_node *node)
{
	const struct rw_model *model = call_model(call);
	const struct rw_network *network = rw_model_find_network(model, node->network);
	bool classic = is_classic_network(model, node->network);
	const char *group = call_text(call, "SecurityGroupId");
	char zone[ZONE_ID_SIZE], vswitch[VSWITCH_ID_SIZE] = "";

	zone_id(call->self, zone);
	if (network && !classic)
		vswitch_id(network, vswitch);
	return call_fits(call, "VpcId", classic ? "" : node->network) &&
	       call_fits(call, "VSwitchId", vswitch) && call_fits(call, "ZoneId", zone) &&
	       call_fits(call, "InstanceName", node->name) && call_fits(call, "Status", "Running") &&
	       call_fits(call, "InstanceNetworkType", classic ? "classic" : "vpc") &&
	       (!group || node_is_in(model, node, group)) && call_fits_tags(call, &node->tags);
}

static void put_addresses(struct call *call, const char *outer, const struct rw_node *node,
			  enum address_choice choice)
{
	bool classic = is_classic_network(call_model(call), node->network);
	char text[RW_ADDRESS_TEXT_SIZE];

	list_begin(&call->json, outer, "IpAddress");
	for (size_t i = 0; i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];
		enum address_choice own = choice_of(interface, classic);

		for (size_t j = 0; own == choice && j < interface->address_count; j++) {
			if (interface->addresses[j].family != 4)
				continue;
			rw_address_format(&interface->addresses[j], text);
			rw_json_write_text(&call->json, text);
		}
	}
	list_end(&call->json);
}

static void put_interface(struct call *call, const struct rw_node *node, const struct rw_interface *interface,
			  bool first)
{
	struct rw_json_writer *json = &call->json;
	char id[ENI_ID_SIZE], text[RW_ADDRESS_TEXT_SIZE] = "";
	bool primary = true;

	eni_id(node, interface, id);
	rw_json_begin_object(json);
	rw_json_put_text(json, "NetworkInterfaceId", id);
	rw_json_put_text(json, "MacAddress", "");
	rw_json_put_text(json, "Type", first ? "Primary" : "Secondary");
	list_begin(json, "PrivateIpSets", "PrivateIpSet");
	for (size_t i = 0; i < interface->address_count; i++) {
		char address[RW_ADDRESS_TEXT_SIZE];

		if (interface->addresses[i].family != 4)
			continue;
		rw_address_format(&interface->addresses[i], address);
		rw_json_begin_object(json);
		rw_json_put_text(json, "PrivateIpAddress", address);
		rw_json_put_bool(json, "Primary", primary);
		rw_json_end_object(json);
		if (primary)
			(void)strcpy(text, address);
		primary = false;
	}
	list_end(json);
	list_begin(json, "Ipv6Sets", "Ipv6Set");
	for (size_t i = 0; i < interface->address_count; i++) {
		char address[RW_ADDRESS_TEXT_SIZE];

		if (interface->addresses[i].family != 6)
			continue;
		rw_address_format(&interface->addresses[i], address);
		rw_json_begin_object(json);
		rw_json_put_text(json, "Ipv6Address", address);
		rw_json_end_object(json);
	}
	list_end(json);
	rw_json_put_text(json, "PrimaryIpAddress", text);
	rw_json_end_object(json);
}

static void put_groups_of(struct call *call, const struct rw_node *node)
{
	const struct rw_model *model = call_model(call);

	list_begin(&call->json, "SecurityGroupIds", "SecurityGroupId");
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (node_is_in(model, node, group->id))
			rw_json_write_text(&call->json, group->id);
	}
	list_end(&call->json);
}

static void put_vpc_attributes(struct call *call, const struct rw_node *node)
{
	const struct rw_network *network = rw_model_find_network(call_model(call), node->network);
	bool vpc = network && network->kind == RW_NETWORK_VPC;
	char vswitch[VSWITCH_ID_SIZE] = "";

	if (vpc)
		vswitch_id(network, vswitch);
	rw_json_key(&call->json, "VpcAttributes");
	rw_json_begin_object(&call->json);
	rw_json_put_text(&call->json, "VpcId", vpc ? network->id : "");
	rw_json_put_text(&call->json, "VSwitchId", vswitch);
	rw_json_put_text(&call->json, "NatIpAddress", "");
	put_addresses(call, "PrivateIpAddress", node, PRIVATE_OF_VPC);
	rw_json_end_object(&call->json);
}

static void put_elastic_ip(struct call *call, const struct rw_node *node)
{
	char text[RW_ADDRESS_TEXT_SIZE] = "";

	for (size_t i = 0; !text[0] && i < node->interface_count; i++)
		if (node->interfaces[i].elastic_ip_count)
			rw_address_format(&node->interfaces[i].elastic_ips[0], text);
	rw_json_key(&call->json, "EipAddress");
	rw_json_begin_object(&call->json);
	rw_json_put_text(&call->json, "IpAddress", text);
	rw_json_put_text(&call->json, "AllocationId", "");
	rw_json_put_text(&call->json, "InternetChargeType", "");
	rw_json_end_object(&call->json);
}

static void put_instance(struct call *call, const struct rw_node *node)
{
	/* Hardware, images and payment, which clients read without looking whether they are there. */
	static const char unknown[] =
		"\"InstanceType\":\"\",\"InstanceTypeFamily\":\"\",\"Cpu\":0,\"Memory\":0,\"GPUAmount\":0,"
		"\"GPUSpec\":\"\",\"ImageId\":\"\",\"OSName\":\"\",\"OSNameEn\":\"\",\"OSType\":\"\","
		"\"SerialNumber\":\"\",\"KeyPairName\":\"\",\"InstanceChargeType\":\"\","
		"\"InternetChargeType\":\"\",\"InternetMaxBandwidthIn\":0,\"InternetMaxBandwidthOut\":0,"
		"\"SaleCycle\":\"\",\"SpotStrategy\":\"\",\"SpotPriceLimit\":0,\"SpotDuration\":0,"
		"\"IoOptimized\":false,\"DeviceAvailable\":true,\"DeletionProtection\":false,\"Recyclable\":"
		"false,"
		"\"LocalStorageAmount\":0,\"LocalStorageCapacity\":0,\"VlanId\":\"\",\"HpcClusterId\":\"\","
		"\"DeploymentSetId\":\"\",\"CreditSpecification\":\"\",\"StoppedMode\":\"\","
		"\"AutoReleaseTime\":\"\",\"ExpiredTime\":\"\",\"StartTime\":\"\","
		"\"OperationLocks\":{\"LockReason\":[]},\"RdmaIpAddress\":{\"IpAddress\":[]}";
	struct rw_json_writer *json = &call->json;
	char zone[ZONE_ID_SIZE];

	zone_id(call->self, zone);
	rw_json_begin_object(json);
	rw_json_put_text(json, "InstanceId", node->id);
	rw_json_put_text(json, "InstanceName", node->name);
	rw_json_put_text(json, "HostName", node->name);
	rw_json_put_text(json, "Description", "");
	rw_json_put_text(json, "Status", "Running");
	rw_json_put_text(json, "RegionId", call->self->region);
	rw_json_put_text(json, "ZoneId", zone);
	rw_json_put_text(json, "ClusterId", node->cluster);
	rw_json_put_text(json, "InstanceNetworkType",
			 is_classic_network(call_model(call), node->network) ? "classic" : "vpc");
	rw_json_write_members(json, unknown, sizeof(unknown) - 1);
	put_time(call, "CreationTime", node->created_ms);
	put_groups_of(call, node);
	put_vpc_attributes(call, node);
	put_addresses(call, "InnerIpAddress", node, INNER_OF_CLASSIC);
	put_addresses(call, "PublicIpAddress", node, PUBLIC_OF_CLASSIC);
	put_elastic_ip(call, node);
	list_begin(json, "NetworkInterfaces", "NetworkInterface");
	for (size_t i = 0; i < node->interface_count; i++)
		put_interface(call, node, &node->interfaces[i], i == 0);
	list_end(json);
	put_tags(call, &node->tags);
	rw_json_end_object(json);
}

int alibaba_describe_instances(struct call *call)
{
	const struct rw_model *model = call_model(call);
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *ids = NULL;
	RW_CLEANUP(address_filters_done) struct address_filters filters = {{NULL}};
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	size_t first, count;
	struct page page;
	int r;

	items_init(&items);
	r = call_page(call, &instance_pages, &page);
	if (r == 0)
		r = call_json_list(call, "InstanceIds", &ids);
	if (r == 0)
		r = read_address_filters(call, &filters);
	if (r == 0)
		r = call_check_tag_filter(call);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (json_list_has(ids, node->id) && instance_fits(call, node) && passes_ipv6(call, node) &&
		    passes_addresses(node, is_classic_network(model, node->network), &filters))
			r = items_add(call, &items, node->id, node);
	}
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	list_begin(&call->json, "Instances", "Instance");
	for (size_t i = first; i < first + count; i++)
		put_instance(call, ((const struct item *)rw_vec_at(&items, i))->object);
	list_end(&call->json);
	page_put(call, &page, &items, first, count);
	return 0;
}
