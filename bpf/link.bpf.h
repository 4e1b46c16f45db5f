/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The link layer of a packet at tc: of which device it is, whether it is for this node at all, and where in the
 * frame, behind which tags, its IP header begins.  Included where maps and tables can be reached.
 */

#include <linux/if_ether.h>
#include <linux/if_packet.h>

static __always_inline const struct rw_device *find_device(__u32 ifindex, __u32 *ret_place)
{
	for (__u32 probe = 0; probe < RW_DEVICE_PROBES; probe++) {
		__u32 place = rw_device_place(ifindex, probe);
		const struct rw_device *device = &rw_devices[place];

		if (rw_likely(device->ifindex == ifindex)) {
			*ret_place = place;
			return device;
		}
	}
	return NULL;
}

static __always_inline bool has_vlan_device(const struct rw_device *device, __u32 place, __u32 tag)
{
	const struct rw_vlans *vlans;

	if (!(device->flags & RW_DEVICE_VLANS) || !(tag & 0xfff))
		return false;
	vlans = bpf_map_lookup_elem(&rw_vlans, &place);
	return vlans && vlans->bits[tag >> 6 & 63] >> (tag & 63) & 1;
}

/* Whether a packet that comes in is addressed to an address of this node's own. */
static __noinline bool is_to_own(struct __sk_buff *skb, const struct rw_run *run)
{
	bool is6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	struct rw_table_address to;
	struct rw_table table;
	__be32 words[4] = {0};

	if (is6 ? bpf_skb_load_bytes(skb, ETH_HLEN + 24, words, 16)
		: skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, ETH_HLEN + 16, words, 4))
		return false;
	to = rw_address_of(words);
	return rw_hook_table(run, &table) &&
	       (rw_table_class_flags(&table, rw_hook_class(run, &to, is6)) & RW_CLASS_OWN);
}

/*
 * A packet that a bridge will carry on to somebody else.  The bridge may have another link address by now than we
 * know, as a new port can give it one while there is no agent: who has our own address is not somebody else.
 */
static __noinline bool is_bridged(struct __sk_buff *skb, __u32 place, const struct rw_run *run, __u32 egress)
{
	const struct rw_vlans *vlans = bpf_map_lookup_elem(&rw_vlans, &place);
	__u8 to[ETH_ALEN];
	__u64 address = 0;

	if (skb->pkt_type != PACKET_OTHERHOST || !vlans || !vlans->bridge ||
	    bpf_skb_load_bytes(skb, 0, to, sizeof(to)))
		return false;
	for (int i = 0; i < ETH_ALEN; i++)
		address = address << 8 | to[i];
	return address != vlans->bridge && (egress || !is_to_own(skb, run));
}

enum { LINK_IP, LINK_PASS, LINK_NOT_IP, LINK_MALFORMED };

#define LINK_TAGS_MAX 4

static __always_inline bool is_tag(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* What is found out about a frame's link layer. */
struct link {
	__u32 offset;    /* of the IP header */
	__be16 protocol; /* IP's, of that family */
	__u16 egress;
};

/*
 * The protocol that a frame is said to carry.  Of one that comes in the kernel says it, and goes by that itself.  Of one
 * that leaves it says what the sender has said, which of a packet socket may be anything: there the frame says it.
 */
static __always_inline __be16 protocol_of(struct __sk_buff *skb, const struct rw_device *device, __u32 egress)
{
	__be16 protocol = (__be16)skb->protocol;
	__u8 version = 0;

	if (!egress)
		return protocol;
	if (!(device->flags & RW_DEVICE_LAYER3)) {
		(void)bpf_skb_load_bytes(skb, ETH_HLEN - 2, &protocol, sizeof(protocol));
		return protocol;
	}
	(void)bpf_skb_load_bytes(skb, 0, &version, sizeof(version));
	if (version >> 4 == 4)
		return bpf_htons(ETH_P_IP);
	return version >> 4 == 6 ? bpf_htons(ETH_P_IPV6) : protocol;
}

/*
 * Where that begins of which the protocol is said: behind the link header, and behind the tags that a VLAN device
 * below has left in the frame though it has seen to them (reorder_hdr off).
 */
static __noinline __u32 link_size(struct __sk_buff *skb, const struct rw_device *device, __u32 said)
{
	__u32 at = ETH_HLEN;

	if (device->flags & RW_DEVICE_LAYER3)
		return 0;
	if (is_tag((__be16)said))
		return at;
	for (int i = 0; i <= LINK_TAGS_MAX; i++, at += 4) {
		__be16 protocol = 0;

		(void)bpf_skb_load_bytes(skb, at - 2, &protocol, sizeof(protocol));
		if (!is_tag(protocol))
			break;
	}
	return at;
}

/*
 * Finds the IP header behind tags.  The kernel takes stacked tags of VLAN 0 off and goes on with what is
 * inside, so they are looked through here too; a tag inside another VLAN is no VLAN of this device.  Nor is one in a
 * frame that leaves, where no VLAN device puts its own there: that comes beside the frame.
 */
static __noinline int find_ip(struct __sk_buff *skb, const struct rw_device *device, __u32 place,
			      struct link *link)
{
	__be16 protocol = protocol_of(skb, device, link->egress);
	__u32 at = link_size(skb, device, protocol);
	bool outer = !skb->vlan_present || !(skb->vlan_tci & 0xfff);

	if (skb->vlan_present && has_vlan_device(device, place, skb->vlan_tci))
		return LINK_PASS;
	if (link->egress && !(device->flags & RW_DEVICE_VLANS_KEEP_TAGS))
		outer = false;
	for (int i = 0; i <= LINK_TAGS_MAX; i++) {
		__be16 tag[2];

		if (protocol == bpf_htons(ETH_P_IP) || protocol == bpf_htons(ETH_P_IPV6)) {
			link->protocol = protocol;
			link->offset = at;
			return LINK_IP;
		}
		if (!is_tag(protocol))
			return LINK_NOT_IP;
		if (i == LINK_TAGS_MAX || bpf_skb_load_bytes(skb, at, tag, sizeof(tag)))
			return LINK_MALFORMED;
		/* Its own tag leads to no device above it, also when one has the same id. */
		if (i > 0 || !(device->flags & RW_DEVICE_OWN_TAG)) {
			if (outer && has_vlan_device(device, place, bpf_ntohs(tag[0])))
				return LINK_PASS;
			outer = outer && !(tag[0] & bpf_htons(0xfff));
		}
		protocol = tag[1];
		at += sizeof(tag);
	}
	return LINK_MALFORMED;
}
