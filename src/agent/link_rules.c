/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/link_rules.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ARPHRD_RAWIP is younger than some headers. */
#define TYPE_RAWIP 519

/* VLANs on bonds on ... : deeper than this is a loop or a joke. */
#define DEPTH_MAX 8

struct rules {
	const struct rw_links *links;
	const struct rw_link_wish *wish;
};

static bool is_kind(const struct rw_link *link, const char *kind)
{
	return strcmp(link->kind, kind) == 0;
}

static bool is_aggregate(const struct rw_link *link)
{
	return is_kind(link, "bond") || is_kind(link, "team");
}

static bool is_above_parent(const struct rw_link *link)
{
	return is_kind(link, "macvlan") || is_kind(link, "macvtap") || is_kind(link, "ipvlan") ||
	       is_kind(link, "ipvtap");
}

/* Links whose packets begin with the IP header. */
static bool is_layer3(const struct rw_link *link)
{
	switch (link->type) {
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case TYPE_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		return true;
	default:
		return false;
	}
}

static bool is_named(const struct rw_link_wish *wish, const char *name)
{
	for (size_t i = 0; i < wish->named_count; i++)
		if (strcmp(wish->named[i], name) == 0)
			return true;
	return false;
}

/* Whether the link leads, by itself or by what lies below it, to a device on a bus or to a named link. */
static bool is_physical(const struct rules *rules, const struct rw_link *link, unsigned int depth)
{
	if (depth > DEPTH_MAX)
		return false;
	if (is_named(rules->wish, link->name))
		return true;
	/* A bridge is never decided itself, but a VLAN device on it is. */
	if (is_aggregate(link) || is_kind(link, "bridge")) {
		for (size_t i = 0; i < rules->links->count; i++)
			if (rules->links->links[i].master == link->ifindex &&
			    is_physical(rules, &rules->links->links[i], depth + 1))
				return true;
		return false;
	}
	if (is_kind(link, "vlan")) {
		const struct rw_link *parent = rw_links_find(rules->links, link->parent);

		return parent && is_physical(rules, parent, depth + 1);
	}
	return link->has_device && link->type == ARPHRD_ETHER && !is_above_parent(link);
}

static bool has_network_address(const struct rules *rules, const struct rw_link *link)
{
	size_t count;
	const struct rw_link_address *addresses = rw_links_addresses(rules->links, link->ifindex, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < rules->wish->network_cidr_count; j++)
			if (rw_prefix_contains(&rules->wish->network_cidrs[j], &addresses[i].address))
				return true;
	return false;
}

/* Why the link (or bridge) is in use for the network or the outside, or NULL. */
static const char *use_of(const struct rules *rules, const struct rw_link *link)
{
	if (is_named(rules->wish, link->name))
		return "named by operator or policy";
	if (link->has_default_route)
		return "has a default route";
	if (has_network_address(rules, link))
		return "has an address of the network";
	return NULL;
}

/* Whether a device is on the link that has packets of it as its own, whatever the link itself is. */
static bool carries(const struct rules *rules, const struct rw_link *link)
{
	for (size_t i = 0; i < rules->links->count; i++) {
		const struct rw_link *above = &rules->links->links[i];

		/* VLANs of a bridge come by its ports with tags or without, as it is set up. */
		if (above->parent == link->ifindex &&
		    (is_above_parent(above) || (is_kind(link, "bridge") && is_kind(above, "vlan"))))
			return true;
	}
	return false;
}

/*
 * Whether nothing tells yet what the link is for.  One that belongs to another device, or below which others
 * hang that have its packets as their own, is in use already, whatever addresses it has.
 */
static bool is_pending(const struct rules *rules, const struct rw_link *link)
{
	size_t count;
	const struct rw_link_address *addresses = rw_links_addresses(rules->links, link->ifindex, &count);

	if (!rules->wish->hold_pending || link->master)
		return false;
	for (size_t i = 0; i < count; i++)
		if (rw_address_is_global(&addresses[i].address))
			return false;
	return !carries(rules, link);
}

static void decide(struct rw_link_decision *decision, enum rw_link_role role, const char *format, ...)
	RW_PRINTF(3, 4);

static void decide(struct rw_link_decision *decision, enum rw_link_role role, const char *format, ...)
{
	va_list arguments;

	decision->role = role;
	va_start(arguments, format);
	(void)vsnprintf(decision->reason, sizeof(decision->reason), format, arguments);
	va_end(arguments);
}

static void decide_bridge(const struct rules *rules, const struct rw_link *bridge,
			  struct rw_link_decision *decision)
{
	for (size_t i = 0; i < rules->links->count; i++) {
		const struct rw_link *port = &rules->links->links[i];

		if (port->master == bridge->ifindex && is_physical(rules, port, 0)) {
			decide(decision, RW_LINK_IGNORED, "bridge: decided on its physical ports");
			return;
		}
	}
	decide(decision, RW_LINK_IGNORED, "bridge without physical ports");
}

static void decide_port(const struct rules *rules, const struct rw_link *port, const struct rw_link *bridge,
			struct rw_link_decision *decision)
{
	const char *use = use_of(rules, bridge);

	if (!is_physical(rules, port, 0)) {
		decide(decision, RW_LINK_IGNORED, "port of bridge %s inside this node", bridge->name);
		return;
	}
	(void)snprintf(decision->interface, sizeof(decision->interface), "%s", bridge->name);
	(void)snprintf(decision->kind, sizeof(decision->kind), "bridge-port");
	decision->bridge_port = true;
	if (use)
		decide(decision, RW_LINK_ENFORCED, "physical port of bridge %s, which %s", bridge->name, use);
	else if (is_pending(rules, bridge))
		decide(decision, RW_LINK_PENDING, "physical port of bridge %s, which has no address yet",
		       bridge->name);
	else
		decide(decision, RW_LINK_CANDIDATE,
		       "bridge %s has neither default route nor address of the network", bridge->name);
}

/* Links that may be decided on themselves. */
static void decide_itself(const struct rules *rules, const struct rw_link *link,
			  struct rw_link_decision *decision)
{
	bool named = is_named(rules->wish, link->name);
	const char *use = use_of(rules, link);

	decision->layer3 = is_layer3(link);
	if (!decision->layer3 && link->type != ARPHRD_ETHER)
		decide(decision, RW_LINK_IGNORED, "neither Ethernet nor plain IP (link type %u)", link->type);
	else if (!named && !is_physical(rules, link, 0))
		decide(decision, RW_LINK_IGNORED, "%s: decided only when named (--interface %s)",
		       link->kind[0] ? link->kind : "no device on a bus", link->name);
	else if (use)
		decide(decision, RW_LINK_ENFORCED, "%s", use);
	else if (is_pending(rules, link))
		decide(decision, RW_LINK_PENDING, "has no address yet");
	else
		decide(decision, RW_LINK_CANDIDATE, "neither default route nor address of the network");
}

static void decide_link(const struct rules *rules, const struct rw_link *link,
			struct rw_link_decision *decision)
{
	const struct rw_link *master = rw_links_find(rules->links, link->master);
	const struct rw_link *parent = rw_links_find(rules->links, link->parent);

	if (link->flags & IFF_LOOPBACK)
		decide(decision, RW_LINK_IGNORED, "loopback");
	else if (master && is_aggregate(master))
		decide(decision, RW_LINK_IGNORED, "decided on %s %s", master->kind, master->name);
	else if (is_kind(link, "bridge"))
		decide_bridge(rules, link, decision);
	else if (master && is_kind(master, "bridge"))
		decide_port(rules, link, master, decision);
	else if (is_above_parent(link) && parent)
		decide(decision, RW_LINK_IGNORED, "%s: decided on its parent %s", link->kind, parent->name);
	else
		decide_itself(rules, link, decision);
}

/* Whether packets with the tag of the VLAN device cross this link on their way to it. */
static bool leads_to(const struct rw_link *link, const struct rw_link_decision *decision,
		     const struct rw_link *vlan)
{
	return link->ifindex == vlan->parent || (decision->bridge_port && link->master == vlan->parent);
}

/* Parents, and the ports of bridges that are parents, pass the tags of VLAN devices, which decide for themselves. */
static void collect_vlans(const struct rules *rules, struct rw_link_decision *decisions)
{
	for (size_t i = 0; i < rules->links->count; i++) {
		const struct rw_link *vlan = &rules->links->links[i];

		if (!is_kind(vlan, "vlan") || !vlan->parent)
			continue;
		for (size_t j = 0; j < rules->links->count; j++) {
			struct rw_link_decision *decision = &decisions[j];

			if (!leads_to(&rules->links->links[j], decision, vlan))
				continue;
			decision->vlans[vlan->vlan_id / 64 % RW_ENFORCER_VLAN_WORDS] |= 1ull
											<< vlan->vlan_id % 64;
			decision->vlans_keep_tags |= vlan->keeps_tag;
		}
	}
}

int rw_link_rules_decide(const struct rw_links *links, const struct rw_link_wish *wish,
			 struct rw_link_decision **ret_decisions)
{
	struct rules rules = {.links = links, .wish = wish};
	struct rw_link_decision *decisions = calloc(links->count ? links->count : 1, sizeof(*decisions));

	if (!decisions)
		return -ENOMEM;
	for (size_t i = 0; i < links->count; i++) {
		const struct rw_link *link = &links->links[i];

		decisions[i].ifindex = link->ifindex;
		memcpy(decisions[i].name, link->name, sizeof(link->name));
		memcpy(decisions[i].interface, link->name, sizeof(link->name));
		(void)snprintf(decisions[i].kind, sizeof(decisions[i].kind), "%s",
			       link->kind[0]      ? link->kind
			       : is_layer3(link)  ? "layer3"
			       : link->has_device ? "ethernet"
						  : "other");
		decisions[i].keeps_tag = link->keeps_tag;
		decide_link(&rules, link, &decisions[i]);
	}
	collect_vlans(&rules, decisions);
	*ret_decisions = decisions;
	return 0;
}
