/* SPDX-License-Identifier: Apache-2.0 */

/* Which devices the keeper holds: from the picture of the links to programs attached. */

#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper_internal.h"

struct device *keeper_device_at(const struct rw_keeper *keeper, size_t index)
{
	return rw_vec_at(&keeper->devices, index);
}

struct device *keeper_find_device(const struct rw_keeper *keeper, unsigned int ifindex)
{
	for (size_t i = 0; i < keeper->devices.count; i++)
		if (keeper_device_at(keeper, i)->wanted.ifindex == ifindex)
			return keeper_device_at(keeper, i);
	return NULL;
}

/* The operator's names and the policy's.  'names' has room for both. */
static struct rw_link_wish make_wish(const struct rw_keeper *keeper, const char **names)
{
	const struct rw_policy *policy = keeper->in_force;
	struct rw_link_wish wish = {.named = names, .hold_pending = true};

	for (size_t i = 0; i < keeper->named_count; i++)
		names[wish.named_count++] = keeper->named[i];
	for (size_t i = 0; policy && i < policy->interface_count; i++)
		names[wish.named_count++] = policy->interfaces[i].name;
	if (policy) {
		wish.network_cidrs = policy->network_cidrs;
		wish.network_cidr_count = policy->network_cidr_count;
	}
	return wish;
}

int keeper_decide_links(struct rw_keeper *keeper)
{
	size_t interface_count = keeper->in_force ? keeper->in_force->interface_count : 0;
	RW_CLEANUP(rw_free)
	const char **names = calloc(RW_KEEPER_NAMED_MAX + interface_count, sizeof(*names));
	struct rw_link_decision *decisions = NULL;
	struct rw_link_wish wish;
	int r;

	if (!names)
		return -ENOMEM;
	wish = make_wish(keeper, names);
	r = rw_link_rules_decide(&keeper->links, &wish, &decisions);
	if (r < 0)
		return r;
	free(keeper->decisions);
	keeper->decisions = decisions;
	return 0;
}

static bool same_settings(const struct rw_link_decision *a, const struct rw_link_decision *b)
{
	return a->role == b->role && a->layer3 == b->layer3 && a->bridge_port == b->bridge_port &&
	       a->keeps_tag == b->keeps_tag && a->vlans_keep_tags == b->vlans_keep_tags &&
	       strcmp(a->interface, b->interface) == 0 && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->vlans, b->vlans, sizeof(a->vlans)) == 0;
}

static bool is_wanted(const struct rw_link_decision *decision)
{
	return decision->role == RW_LINK_ENFORCED || decision->role == RW_LINK_PENDING;
}

/* Brings the devices in the list up to their decisions, and notes which are wanted no more. */
static void update_known(struct rw_keeper *keeper)
{
	for (size_t i = 0; i < keeper->devices.count; i++)
		keeper_device_at(keeper, i)->seen = false;
	for (size_t i = 0; i < keeper->links.count; i++) {
		const struct rw_link_decision *decision = &keeper->decisions[i];
		struct device *device = keeper_find_device(keeper, decision->ifindex);

		if (!device || !is_wanted(decision))
			continue;
		if (!same_settings(&device->wanted, decision))
			device->attached = false;
		device->wanted = *decision;
		device->seen = true;
	}
}

static void release_unseen(struct rw_keeper *keeper)
{
	for (size_t i = keeper->devices.count; i-- > 0;) {
		const struct device *device = keeper_device_at(keeper, i);
		struct rw_error err = RW_ERROR_NONE;

		if (device->seen)
			continue;
		if (rw_enforcer_detach(keeper->enforcer, device->wanted.ifindex, &err) < 0)
			keeper_notice(keeper, true, "interface %s: %s", device->wanted.name, err.text);
		else
			keeper_notice(keeper, false, "interface %s is released", device->wanted.name);
		keeper->event_seen = true;
		rw_vec_remove(&keeper->devices, i);
	}
}

int keeper_update_devices(struct rw_keeper *keeper)
{
	/* Those that go make room for those that come. */
	update_known(keeper);
	release_unseen(keeper);
	for (size_t i = 0; i < keeper->links.count; i++) {
		const struct rw_link_decision *decision = &keeper->decisions[i];
		struct device *device;
		int r;

		if (!is_wanted(decision) || keeper_find_device(keeper, decision->ifindex))
			continue;
		r = rw_vec_push(&keeper->devices, &device);
		if (r < 0)
			return r;
		device->wanted = *decision;
		device->seen = true;
	}
	return 0;
}

static struct rw_enforcer_device settings_of(const struct rw_keeper *keeper, const struct device *device)
{
	const struct rw_link_decision *wanted = &device->wanted;
	const struct rw_early_wish *early = rw_early_find(&keeper->early, wanted->name);

	return (struct rw_enforcer_device){
		.ifindex = wanted->ifindex,
		.name = wanted->name,
		.interface = wanted->interface,
		.layer3 = wanted->layer3,
		.bridge_port = wanted->bridge_port,
		.keeps_tag = wanted->keeps_tag,
		.pending = wanted->role == RW_LINK_PENDING,
		.vlans = wanted->vlans,
		.vlans_keep_tags = wanted->vlans_keep_tags,
		.early = early ? early->early : RW_ENFORCER_EARLY_NONE,
		.early_idle = early && early->idle,
	};
}

int keeper_change_device(struct rw_keeper *keeper, struct device *device, struct rw_error *err)
{
	const struct rw_enforcer_device settings = settings_of(keeper, device);

	return rw_enforcer_attach(keeper->enforcer, &settings, err);
}

/* Says how the early stage of a device does that was just attached. */
static void tell_early(struct rw_keeper *keeper, unsigned int ifindex)
{
	RW_CLEANUP(rw_free)
	struct rw_enforcer_device_status *devices = calloc(RW_ENFORCER_DEVICE_MAX, sizeof(*devices));
	size_t count = 0;

	if (devices)
		count = keeper->enforcer->ops->devices(keeper->enforcer, devices, RW_ENFORCER_DEVICE_MAX);
	for (size_t i = 0; i < count && i < RW_ENFORCER_DEVICE_MAX; i++) {
		const char *word = rw_early_state_word(&devices[i]);

		if (devices[i].ifindex == ifindex && word)
			keeper_notice(keeper, strcmp(word, "absent") == 0,
				      "interface %s: early drop is %s%s%s", devices[i].name, word,
				      devices[i].early_text ? ": " : "",
				      devices[i].early_text ? devices[i].early_text : "");
	}
}

static void attach_device(struct rw_keeper *keeper, struct device *device)
{
	const struct rw_link_decision *wanted = &device->wanted;
	const struct rw_enforcer_device settings = settings_of(keeper, device);
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforcer_attach(keeper->enforcer, &settings, &err) == 0) {
		device->attached = true;
		device->failure[0] = '\0';
		keeper->event_seen = true;
		keeper_notice(keeper, false, "interface %s is %s: %s", wanted->name,
			      settings.pending ? "pending, system rules only" : "under control",
			      wanted->reason);
		if (settings.early != RW_ENFORCER_EARLY_NONE)
			tell_early(keeper, wanted->ifindex);
	} else {
		char failure[sizeof(device->failure)];

		(void)snprintf(failure, sizeof(failure), "interface %s: %.200s", wanted->name, err.text);
		if (strcmp(failure, device->failure) != 0)
			keeper_notice(keeper, true, "%s", failure);
		memcpy(device->failure, failure, sizeof(failure));
	}
}

void keeper_attach_devices(struct rw_keeper *keeper)
{
	for (size_t i = keeper->devices.count; i-- > 0;) {
		struct device *device = keeper_device_at(keeper, i);

		if (!device->attached)
			attach_device(keeper, device);
	}
}

const char *keeper_device_failure(const struct rw_keeper *keeper)
{
	for (size_t i = 0; i < keeper->devices.count; i++)
		if (!keeper_device_at(keeper, i)->attached)
			return keeper_device_at(keeper, i)->failure;
	return NULL;
}

bool keeper_any_enforced(const struct rw_keeper *keeper)
{
	for (size_t i = 0; i < keeper->devices.count; i++)
		if (keeper_device_at(keeper, i)->wanted.role == RW_LINK_ENFORCED)
			return true;
	return false;
}

bool keeper_is_quiet(const struct rw_keeper *keeper)
{
	for (size_t i = 0; i < keeper->links.count; i++)
		if ((keeper->links.links[i].flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP)
			return false;
	return true;
}

bool keeper_any_attached(const struct rw_keeper *keeper)
{
	for (size_t i = 0; i < keeper->devices.count; i++)
		if (keeper_device_at(keeper, i)->attached)
			return true;
	return false;
}

void keeper_release_left(struct rw_keeper *keeper)
{
	unsigned int held[RW_ENFORCER_DEVICE_MAX];
	size_t count = keeper->backend.list_held(keeper->backend.context, held, RW_ARRAY_COUNT(held));

	for (size_t i = 0; i < count; i++) {
		if (keeper_find_device(keeper, held[i]))
			continue;
		keeper_notice(keeper, false, "device %u, held by an earlier agent, is released", held[i]);
		(void)keeper->enforcer->ops->detach(keeper->enforcer, held[i], NULL);
	}
}
