/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "convert/alibaba.h"

/* Where Alibaba's load balancers send from, with the clients' addresses hidden; the same in every region. */
#define LOAD_BALANCER_SOURCES "100.64.0.0/10"

/* ---- instances ---- */

static int add_address(struct rw_address **addresses, size_t *count, const struct rw_address *address,
		       struct rw_error *err)
{
	for (size_t i = 0; i < *count; i++)
		if (rw_address_equal(&(*addresses)[i], address))
			return 0;
	return rw_builder_append(addresses, count, address, sizeof(*address), err);
}

/* Adds the addresses of a list whose elements are texts (inner "IpAddress"). */
static int add_texts(struct rw_address **addresses, size_t *count, const struct rw_json *object,
		     const char *outer, struct rw_error *err)
{
	struct rw_json between, list;
	int r = rw_document_list(object, outer, "IpAddress", &between, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		struct rw_address address;
		const char *text;

		r = rw_json_text(&element, 64, &text, err);
		if (r == 0 && rw_address_parse(text, &address, err) < 0)
			r = rw_json_locate(&element, err);
		if (r == 0)
			r = add_address(addresses, count, &address, err);
	}
	return r;
}

/* Adds the addresses of a list whose elements are objects with the address at 'key'. */
static int add_members(struct rw_address **addresses, size_t *count, const struct rw_json *object,
		       const char *outer, const char *inner, const char *key, struct rw_error *err)
{
	struct rw_json between, list;
	int r = rw_document_list(object, outer, inner, &between, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		struct rw_address address;
		bool given;

		r = rw_document_address(&element, key, &address, &given, err);
		if (r == 0 && given)
			r = add_address(addresses, count, &address, err);
	}
	return r;
}

/* Appends an interface with the next name of its row: eth0, eth1, ... */
static int add_interface(struct rw_node *node, enum rw_nic_type nic_type, struct rw_interface **ret_interface,
			 struct rw_error *err)
{
	struct rw_interface interface = {.nic_type = nic_type};
	char name[16];
	int r;

	(void)snprintf(name, sizeof(name), "eth%zu", node->interface_count);
	interface.name = strdup(name);
	if (!interface.name)
		return rw_error_oom(err);
	r = rw_builder_append(&node->interfaces, &node->interface_count, &interface, sizeof(interface), err);
	if (r < 0)
		free(interface.name);
	else
		*ret_interface = &node->interfaces[node->interface_count - 1];
	return r;
}

/* The interfaces of an instance in a VPC; the primary one is the first, whatever the order in the answer. */
static int read_interfaces(struct rw_node *node, const struct rw_json *instance, struct rw_error *err)
{
	struct rw_interface *interface;
	struct rw_json between, list;
	int r = rw_document_list(instance, "NetworkInterfaces", "NetworkInterface", &between, &list, err);

	for (unsigned int primary = 1; r == 0 && primary < 2; primary--) {
		for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
			struct rw_json element = rw_json_at(&list, i);
			const char *type;

			r = rw_document_text(&element, "Type", &type, err);
			if (r < 0 || (strcmp(type, "Secondary") != 0) != (primary == 1))
				continue;
			r = add_interface(node, RW_NIC_INTRANET, &interface, err);
			if (r == 0)
				r = add_members(&interface->addresses, &interface->address_count, &element,
						"PrivateIpSets", "PrivateIpSet", "PrivateIpAddress", err);
			if (r == 0)
				r = add_members(&interface->addresses, &interface->address_count, &element,
						"Ipv6Sets", "Ipv6Set", "Ipv6Address", err);
		}
	}
	if (r == 0 && node->interface_count == 0)
		r = add_interface(node, RW_NIC_INTRANET, &interface, err);
	return r;
}

/* What the VPC's own members say; public addresses are translated outside the instance. */
static int read_vpc_addresses(struct rw_node *node, const struct rw_json *instance, struct rw_error *err)
{
	struct rw_interface *first = &node->interfaces[0];
	struct rw_json member;
	struct rw_address address;
	bool given;
	int r = 0;

	if (rw_json_find(instance, "VpcAttributes", &member))
		r = add_texts(&first->addresses, &first->address_count, &member, "PrivateIpAddress", err);
	if (r == 0)
		r = add_texts(&first->elastic_ips, &first->elastic_ip_count, instance, "PublicIpAddress",
			      err);
	if (r < 0 || !rw_json_find(instance, "EipAddress", &member))
		return r;
	r = rw_document_address(&member, "IpAddress", &address, &given, err);
	if (r == 0 && given)
		r = add_address(&first->elastic_ips, &first->elastic_ip_count, &address, err);
	return r;
}

static int read_classic_addresses(struct rw_node *node, const struct rw_json *instance, struct rw_error *err)
{
	struct rw_interface *interface;
	int r = add_interface(node, RW_NIC_INTRANET, &interface, err);

	if (r == 0)
		r = add_texts(&interface->addresses, &interface->address_count, instance, "InnerIpAddress",
			      err);
	if (r == 0)
		r = add_interface(node, RW_NIC_INTERNET, &interface, err);
	if (r == 0)
		r = add_texts(&interface->addresses, &interface->address_count, instance, "PublicIpAddress",
			      err);
	return r;
}

/* Puts the node into one of its groups: a cluster's makes it a node of the cluster. */
static int enter_group(struct rw_answers *answers, struct rw_node *node, const char *foreign,
		       struct rw_error *err)
{
	const struct rw_group *group;
	char id[RW_ID_SIZE];

	rw_builder_id(RW_KIND_GROUP, foreign, id);
	group = rw_builder_find(answers->builder, RW_KIND_GROUP, id);
	if (!group)
		return rw_builder_leave_out(answers->builder, 0, node->name, err,
					    "its group %s is not there; give the answer of "
					    "DescribeSecurityGroupAttribute",
					    foreign);
	if (node->network[0] && strcmp(node->network, group->network) != 0)
		return rw_builder_leave_out(answers->builder, 0, node->name, err,
					    "its group %s is in another network", foreign);
	memcpy(node->network, group->network, RW_ID_SIZE);
	if (!group->managed_by[0])
		return rw_builder_append(&node->security_groups, &node->security_group_count, &id, sizeof(id),
					 err);
	if (node->cluster[0] && strcmp(node->cluster, group->managed_by) != 0)
		return rw_builder_leave_out(answers->builder, 0, node->name, err,
					    "it is in the groups of two clusters; %s is left out", foreign);
	memcpy(node->cluster, group->managed_by, RW_ID_SIZE);
	return 0;
}

static int enter_groups(struct rw_answers *answers, struct rw_node *node, const struct rw_json *instance,
			struct rw_error *err)
{
	struct rw_json between, list;
	int r = rw_document_list(instance, "SecurityGroupIds", "SecurityGroupId", &between, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);
		const char *text;

		r = rw_json_text(&element, 64, &text, err);
		if (r == 0)
			r = enter_group(answers, node, text, err);
	}
	return r;
}

static int read_instance(struct rw_answers *answers, const struct rw_json *instance, struct rw_error *err)
{
	RW_CLEANUP(rw_node_unref) struct rw_node *node = rw_node_new();
	const struct rw_network *network;
	const char *id, *name;
	int r;

	if (!node)
		return rw_error_oom(err);
	r = rw_document_text(instance, "InstanceId", &id, err);
	if (r == 0)
		r = rw_document_text(instance, "InstanceName", &name, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_NODE, id, node->id);
	if (rw_builder_find(answers->builder, RW_KIND_NODE, node->id))
		return 0;
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	r = rw_builder_name(answers->builder, RW_KIND_NODE, name, node->id, &node->name, err);
	if (r == 0)
		r = enter_groups(answers, node, instance, err);
	if (r < 0)
		return r;
	network = rw_builder_find(answers->builder, RW_KIND_NETWORK, node->network);
	if (!network)
		return rw_builder_leave_out(answers->builder, 0, id, err, "none of its groups is known");
	if (network->kind == RW_NETWORK_CLASSIC)
		r = read_classic_addresses(node, instance, err);
	else
		r = read_interfaces(node, instance, err);
	if (r == 0 && network->kind == RW_NETWORK_VPC)
		r = read_vpc_addresses(node, instance, err);
	return r < 0 ? r : rw_builder_put(answers->builder, RW_KIND_NODE, RW_TAKE_PTR(node), err);
}

int rw_alibaba_read_instances(struct rw_answers *answers, struct rw_error *err)
{
	return rw_answers_visit(answers, "Instances", "Instance", read_instance, err);
}

/* ---- load balancers ---- */

/* Appends a listener of any answer; http and https are tcp to who filters packets.  Others are left out. */
static int add_listener(struct rw_answers *answers, struct rw_load_balancer *balancer,
			const struct rw_json *object, struct rw_error *err)
{
	struct rw_listener listener = {0};
	int64_t port, backend;
	const char *protocol;
	int r = rw_document_text(object, "ListenerProtocol", &protocol, err);

	if (r == 0)
		r = rw_document_integer(object, "ListenerPort", 0, 65535, 0, &port, err);
	if (r == 0)
		r = rw_document_integer(object, "BackendServerPort", -520, 65535, 0, &backend, err);
	if (r < 0 || port < 1)
		return r;
	if (backend < 1) {
		backend = port;
		r = rw_builder_remark(answers->builder, 0, balancer->name, err,
				      "the port behind listener %d is not told and taken for the same",
				      (int)port);
	}
	listener.protocol = strcasecmp(protocol, "udp") == 0 ? RW_PROTOCOL_UDP : RW_PROTOCOL_TCP;
	listener.port = (uint16_t)port;
	listener.backend_port = (uint16_t)backend;
	for (size_t i = 0; i < balancer->listener_count; i++)
		if (balancer->listeners[i].port == listener.port &&
		    balancer->listeners[i].protocol == listener.protocol)
			return r;
	return r < 0 ? r
		     : rw_builder_append(&balancer->listeners, &balancer->listener_count, &listener,
					 sizeof(listener), err);
}

/* The listeners that DescribeLoadBalancerListeners tells of: these know the ports behind. */
static int find_listeners(struct rw_answers *answers, struct rw_load_balancer *balancer, const char *foreign,
			  struct rw_error *err)
{
	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		struct rw_json list;
		int r = rw_document_array(&document->root, "Listeners", &list, err);

		for (size_t j = 0; r == 0 && j < rw_json_count(&list); j++) {
			struct rw_json element = rw_json_at(&list, j);
			const char *owner;

			r = rw_document_text(&element, "LoadBalancerId", &owner, err);
			if (r == 0 && strcmp(owner, foreign) == 0)
				r = add_listener(answers, balancer, &element, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* The cluster of the servers behind, else the only cluster there is. */
static int find_cluster(struct rw_answers *answers, const struct rw_json *object,
			struct rw_load_balancer *balancer, struct rw_error *err)
{
	const struct rw_model *model = answers->builder->conversion->model;
	struct rw_json between, list;
	int r = rw_document_list(object, "BackendServers", "BackendServer", &between, &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list) && !balancer->cluster[0]; i++) {
		struct rw_json element = rw_json_at(&list, i);
		const struct rw_node *node;
		char id[RW_ID_SIZE];
		const char *server;

		r = rw_document_text(&element, "ServerId", &server, err);
		if (r < 0)
			break;
		rw_builder_id(RW_KIND_NODE, server, id);
		node = rw_builder_find(answers->builder, RW_KIND_NODE, id);
		if (node)
			memcpy(balancer->cluster, node->cluster, RW_ID_SIZE);
	}
	if (r == 0 && !balancer->cluster[0] && rw_model_count(model, RW_KIND_CLUSTER) == 1)
		memcpy(balancer->cluster,
		       rw_object_id(RW_KIND_CLUSTER, rw_model_at(model, RW_KIND_CLUSTER, 0)), RW_ID_SIZE);
	return r;
}

static int read_own_listeners(struct rw_answers *answers, struct rw_load_balancer *balancer,
			      const struct rw_json *object, struct rw_error *err)
{
	struct rw_json between, list;
	int r = rw_document_list(object, "ListenerPortsAndProtocol", "ListenerPortAndProtocol", &between,
				 &list, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(&list); i++) {
		struct rw_json element = rw_json_at(&list, i);

		r = add_listener(answers, balancer, &element, err);
	}
	return r;
}

/* An element of DescribeLoadBalancers, or the answer of DescribeLoadBalancerAttribute. */
static int read_load_balancer(struct rw_answers *answers, const struct rw_json *object, struct rw_error *err)
{
	RW_CLEANUP(rw_load_balancer_unref) struct rw_load_balancer *balancer = rw_load_balancer_new();
	struct rw_prefix sources;
	const char *id, *name;
	int r;

	if (!balancer)
		return rw_error_oom(err);
	r = rw_document_text(object, "LoadBalancerId", &id, err);
	if (r == 0)
		r = rw_document_text(object, "LoadBalancerName", &name, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_LOAD_BALANCER, id, balancer->id);
	if (rw_builder_find(answers->builder, RW_KIND_LOAD_BALANCER, balancer->id))
		return 0;
	r = rw_builder_name(answers->builder, RW_KIND_LOAD_BALANCER, name, balancer->id, &balancer->name,
			    err);
	if (r == 0)
		r = find_cluster(answers, object, balancer, err);
	if (r == 0 && !balancer->cluster[0])
		return rw_builder_leave_out(answers->builder, 0, id, err,
					    "which cluster is behind it is not known; give the answer of "
					    "DescribeLoadBalancerAttribute");
	if (r == 0)
		r = find_listeners(answers, balancer, id, err);
	if (r == 0)
		r = read_own_listeners(answers, balancer, object, err);
	if (r == 0 && balancer->listener_count == 0)
		return rw_builder_leave_out(answers->builder, 0, id, err,
					    "it has no listeners; give the answer of "
					    "DescribeLoadBalancerListeners");
	if (r == 0)
		r = rw_prefix_parse(LOAD_BALANCER_SOURCES, &sources, err);
	if (r == 0)
		r = rw_builder_add_prefix(&balancer->source_cidrs, &balancer->source_cidr_count, &sources,
					  err);
	return r < 0 ? r
		     : rw_builder_put(answers->builder, RW_KIND_LOAD_BALANCER, RW_TAKE_PTR(balancer), err);
}

/* The answers of DescribeLoadBalancerAttribute first: they know the servers behind. */
int rw_alibaba_read_load_balancers(struct rw_answers *answers, struct rw_error *err)
{
	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		struct rw_json member;
		int r;

		if (!rw_json_find(&document->root, "LoadBalancerId", &member))
			continue;
		answers->builder->file = document->file;
		r = read_load_balancer(answers, &document->root, err);
		if (r < 0)
			return rw_error_wrap(err, "%s", document->file);
	}
	return rw_answers_visit(answers, "LoadBalancers", "LoadBalancer", read_load_balancer, err);
}
