/* SPDX-License-Identifier: Apache-2.0 */

/* Regions, zones, VPCs and vSwitches: one region and zone, a VPC for each network of that kind, one vSwitch in each. */

#include "alibaba/internal.h"

#include <string.h>

static const struct page_limits place_pages = {10, 50, 10, 1, 100, "vpc-"};

int alibaba_describe_regions(struct call *call)
{
	const char *host = rw_http_exchange_header(call->exchange, "Host");

	list_begin(&call->json, "Regions", "Region");
	rw_json_begin_object(&call->json);
	rw_json_put_text(&call->json, "RegionId", call->self->region);
	rw_json_put_text(&call->json, "LocalName", call->self->region);
	rw_json_put_text(&call->json, "RegionEndpoint", host ? host : "");
	rw_json_put_text(&call->json, "Status", "available");
	rw_json_end_object(&call->json);
	list_end(&call->json);
	return 0;
}

int alibaba_describe_zones(struct call *call)
{
	char zone[ZONE_ID_SIZE];

	zone_id(call->self, zone);
	list_begin(&call->json, "Zones", "Zone");
	rw_json_begin_object(&call->json);
	rw_json_put_text(&call->json, "ZoneId", zone);
	rw_json_put_text(&call->json, "LocalName", zone);
	rw_json_put_text(&call->json, "ZoneType", "AvailabilityZone");
	rw_json_end_object(&call->json);
	list_end(&call->json);
	return 0;
}

static const char *first_cidr(const struct rw_network *network, uint8_t family,
			      char text[RW_PREFIX_TEXT_SIZE])
{
	text[0] = '\0';
	for (size_t i = 0; !text[0] && i < network->cidr_count; i++)
		if (network->cidrs[i].address.family == family)
			rw_prefix_format(&network->cidrs[i], text);
	return text;
}

static void put_secondary_cidrs(struct rw_json_writer *json, const struct rw_network *network)
{
	char first[RW_PREFIX_TEXT_SIZE], text[RW_PREFIX_TEXT_SIZE];

	(void)first_cidr(network, 4, first);
	list_begin(json, "SecondaryCidrBlocks", "SecondaryCidrBlock");
	for (size_t i = 0; i < network->cidr_count; i++) {
		rw_prefix_format(&network->cidrs[i], text);
		if (network->cidrs[i].address.family == 4 && strcmp(text, first) != 0)
			rw_json_write_text(json, text);
	}
	list_end(json);
}

static bool is_default(const struct call *call, const struct rw_network *network)
{
	const char *told = call->self->network;

	return told && (strcmp(told, network->id) == 0 || strcmp(told, network->name) == 0);
}

static void put_none(struct rw_json_writer *json, const char *outer, const char *inner)
{
	list_begin(json, outer, inner);
	list_end(json);
}

static void put_vpc(struct call *call, const struct rw_network *network)
{
	struct rw_json_writer *json = &call->json;
	char text[RW_PREFIX_TEXT_SIZE], vswitch[VSWITCH_ID_SIZE];

	vswitch_id(network, vswitch);
	rw_json_begin_object(json);
	rw_json_put_text(json, "VpcId", network->id);
	rw_json_put_text(json, "VpcName", network->name);
	rw_json_put_text(json, "RegionId", call->self->region);
	rw_json_put_text(json, "Status", "Available");
	rw_json_put_text(json, "CidrBlock", first_cidr(network, 4, text));
	rw_json_put_text(json, "Ipv6CidrBlock", first_cidr(network, 6, text));
	put_secondary_cidrs(json, network);
	/* There are none of these, but Terraform ends where one is not told. */
	put_none(json, "UserCidrs", "UserCidr");
	put_none(json, "RouterTableIds", "RouterTableIds");
	put_none(json, "NatGatewayIds", "NatGatewayIds");
	put_none(json, "Tags", "Tag");
	list_begin(json, "VSwitchIds", "VSwitchId");
	rw_json_write_text(json, vswitch);
	list_end(json);
	rw_json_put_bool(json, "IsDefault", is_default(call, network));
	rw_json_put_text(json, "OwnerId", call->self->account);
	rw_json_put_text(json, "VRouterId", "");
	rw_json_put_text(json, "Description", "");
	put_time(call, "CreationTime", network->created_ms);
	rw_json_put_text(json, "ResourceGroupId", "");
	rw_json_end_object(json);
}

static void put_vswitch(struct call *call, const struct rw_network *network)
{
	struct rw_json_writer *json = &call->json;
	char text[RW_PREFIX_TEXT_SIZE], vswitch[VSWITCH_ID_SIZE], zone[ZONE_ID_SIZE];

	vswitch_id(network, vswitch);
	zone_id(call->self, zone);
	rw_json_begin_object(json);
	rw_json_put_text(json, "VSwitchId", vswitch);
	rw_json_put_text(json, "VSwitchName", network->name);
	rw_json_put_text(json, "VpcId", network->id);
	rw_json_put_text(json, "ZoneId", zone);
	rw_json_put_text(json, "Status", "Available");
	rw_json_put_text(json, "CidrBlock", first_cidr(network, 4, text));
	rw_json_put_text(json, "Ipv6CidrBlock", first_cidr(network, 6, text));
	rw_json_key(json, "RouteTable");
	rw_json_begin_object(json);
	rw_json_put_text(json, "RouteTableId", "");
	rw_json_put_text(json, "RouteTableType", "");
	rw_json_end_object(json);
	put_none(json, "Tags", "Tag");
	rw_json_put_bool(json, "IsDefault", is_default(call, network));
	rw_json_put_text(json, "OwnerId", call->self->account);
	rw_json_put_text(json, "Description", "");
	put_time(call, "CreationTime", network->created_ms);
	rw_json_put_text(json, "ResourceGroupId", "");
	rw_json_end_object(json);
}

/*
 * VPCs that fit VpcId, VpcName, IsDefault and, for their vSwitches, VSwitchId, VSwitchName and ZoneId.  Networks have no
 * tags: who asks for those with some gets none, and not all.
 */
static int find_vpcs(struct call *call, struct rw_vec *items)
{
	static const struct rw_tags no_tags;
	const struct rw_model *model = call_model(call);
	char zone[ZONE_ID_SIZE];
	bool wants_default;
	int r = call_flag(call, "IsDefault", &wants_default);

	if (r == 0)
		r = call_check_tag_filter(call);
	if (r < 0 || !call_fits_tags(call, &no_tags))
		return r;
	zone_id(call->self, zone);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_NETWORK); i++) {
		const struct rw_network *network = rw_model_at(model, RW_KIND_NETWORK, i);
		char vswitch[VSWITCH_ID_SIZE];

		vswitch_id(network, vswitch);
		if (call_text(call, "IsDefault") && is_default(call, network) != wants_default)
			continue;
		if (network->kind == RW_NETWORK_VPC && call_fits(call, "VpcId", network->id) &&
		    call_fits(call, "VpcName", network->name) && call_fits(call, "VSwitchId", vswitch) &&
		    call_fits(call, "VSwitchName", network->name) && call_fits(call, "ZoneId", zone))
			r = items_add(call, items, network->id, network);
	}
	return r;
}

static int describe(struct call *call, const char *outer, const char *inner,
		    void (*put)(struct call *call, const struct rw_network *network))
{
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	size_t first, count;
	struct page page;
	int r;

	items_init(&items);
	r = call_page(call, &place_pages, &page);
	if (r == 0)
		r = find_vpcs(call, &items);
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	list_begin(&call->json, outer, inner);
	for (size_t i = first; i < first + count; i++)
		put(call, ((const struct item *)rw_vec_at(&items, i))->object);
	list_end(&call->json);
	page_put(call, &page, &items, first, count);
	return 0;
}

int alibaba_describe_vpcs(struct call *call)
{
	return describe(call, "Vpcs", "Vpc", put_vpc);
}

int alibaba_describe_vswitches(struct call *call)
{
	return describe(call, "VSwitches", "VSwitch", put_vswitch);
}

/* There are none; Terraform asks for those of each VPC that it finds. */
int alibaba_describe_route_tables(struct call *call)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec none;
	struct page page;
	int r;

	items_init(&none);
	r = call_page(call, &place_pages, &page);
	if (r < 0)
		return r;
	put_none(&call->json, "RouterTableList", "RouterTableListType");
	page_put(call, &page, &none, 0, 0);
	return 0;
}
