/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_enforcer.h"

#include <stdio.h>
#include <string.h>

static struct fake_enforcer *fake_of(struct rw_enforcer *enforcer)
{
	return (struct fake_enforcer *)enforcer;
}

static int fake_apply(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		      enum rw_established established, struct rw_error *err)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	if (fake->apply_result < 0)
		return rw_error_set(err, fake->apply_result, "does not fit");
	(void)rw_policy_unref(fake->policy);
	fake->policy = rw_policy_ref(policy);
	fake->established = established;
	fake->applied++;
	return 0;
}

static int fake_detach(struct rw_enforcer *enforcer, unsigned int ifindex, struct rw_error *err)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	(void)err;
	if (fake->left == ifindex)
		fake->left = 0;
	for (size_t i = 0; i < fake->attached_count; i++) {
		if (fake->attached[i] != ifindex)
			continue;
		fake->attached[i] = fake->attached[--fake->attached_count];
		memmove(fake->interfaces[i], fake->interfaces[fake->attached_count], 16);
		return 0;
	}
	return 0;
}

static int fake_attach(struct rw_enforcer *enforcer, const struct rw_enforcer_device *device,
		       struct rw_error *err)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	if (fake->attach_result < 0 && (!fake->refuse_ifindex || fake->refuse_ifindex == device->ifindex))
		return rw_error_set(err, fake->attach_result, "cannot attach");
	(void)fake_detach(enforcer, device->ifindex, NULL);
	if (device->pending)
		fake->pending = device->ifindex;
	else if (fake->pending == device->ifindex)
		fake->pending = 0;
	fake->early = device->early;
	fake->early_idle = device->early_idle;
	fake->attached[fake->attached_count] = device->ifindex;
	(void)snprintf(fake->interfaces[fake->attached_count++], 16, "%s", device->interface);
	return 0;
}

static int fake_detach_all(struct rw_enforcer *enforcer, struct rw_error *err)
{
	(void)err;
	fake_of(enforcer)->attached_count = 0;
	return 0;
}

static int fake_enforce(struct rw_enforcer *enforcer, struct rw_enforcer_seeded *ret_seeded,
			struct rw_error *err)
{
	(void)err;
	(void)ret_seeded;
	fake_of(enforcer)->enforcing = true;
	return 0;
}

static int fake_check(struct rw_enforcer *enforcer, rw_enforcer_event_fn *event, void *context,
		      struct rw_error *err)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	(void)err;
	if (fake->event)
		event(context, fake->event);
	fake->event = NULL;
	return 0;
}

static size_t fake_devices(struct rw_enforcer *enforcer, struct rw_enforcer_device_status *ret_devices,
			   size_t capacity)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	for (size_t i = 0; i < fake->attached_count && i < capacity; i++) {
		ret_devices[i] = (struct rw_enforcer_device_status){
			.ifindex = fake->attached[i],
			.hold = fake->hold,
			.text = "stranger",
			.early = fake->early_text ? RW_ENFORCER_EARLY_NONE : fake->early,
			.early_idle = fake->early_idle,
			.early_text = fake->early != RW_ENFORCER_EARLY_NONE ? fake->early_text : NULL};
		(void)snprintf(ret_devices[i].name, 16, "dev%u", fake->attached[i]);
	}
	return fake->attached_count;
}

static int fake_hits(struct rw_enforcer *enforcer, rw_enforcer_hits_fn *each, void *context,
		     struct rw_error *err)
{
	(void)enforcer;
	(void)each;
	(void)context;
	(void)err;
	return 0;
}

static int fake_hooks_fd(struct rw_enforcer *enforcer)
{
	(void)enforcer;
	return -1;
}

static int fake_drops_fd(struct rw_enforcer *enforcer)
{
	(void)enforcer;
	return -1;
}

static int fake_drops_read(struct rw_enforcer *enforcer, rw_enforcer_drop_fn *each, void *context)
{
	struct fake_enforcer *fake = fake_of(enforcer);
	size_t count = fake->drop_count;

	for (size_t i = 0; i < count; i++)
		each(context, &fake->drops[i]);
	fake->drop_count = 0;
	return (int)count;
}

static int fake_observe(struct rw_enforcer *enforcer, size_t entries, bool all, rw_enforcer_observe_fn *each,
			void *context)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	(void)entries;
	(void)all;
	for (size_t i = 0; i < fake->observed_count; i++)
		each(context, &fake->observed[i]);
	return RW_ENFORCER_ROUND;
}

static int fake_judge(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		      rw_enforcer_refused_fn *each, void *context, struct rw_error *err)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	if (fake->apply_result < 0)
		return rw_error_set(err, fake->apply_result, "does not fit");
	fake->judged = policy->ssh_port_count ? policy->ssh_ports[0] : 0;
	for (size_t i = 0; i < fake->refused_count; i++)
		each(context, &fake->refused[i]);
	return 0;
}

static int fake_flows(struct rw_enforcer *enforcer, rw_enforcer_flow_fn *each, void *context,
		      struct rw_error *err)
{
	(void)enforcer;
	(void)each;
	(void)context;
	(void)err;
	return 0;
}

static int fake_status(struct rw_enforcer *enforcer, struct rw_enforcer_status *ret_status,
		       struct rw_error *err)
{
	struct fake_enforcer *fake = fake_of(enforcer);

	(void)err;
	*ret_status = fake->counters;
	ret_status->mode = fake->enforcing || fake->was_pinned ? RW_ENFORCER_ENFORCE : RW_ENFORCER_LEARN;
	ret_status->adopted = fake->was_pinned;
	ret_status->device_count = fake->attached_count;
	return 0;
}

static struct rw_enforcer *fake_close(struct rw_enforcer *enforcer)
{
	(void)enforcer;
	return NULL;
}

static const struct rw_enforcer_ops fake_ops = {
	.name = "fake",
	.apply = fake_apply,
	.attach = fake_attach,
	.detach = fake_detach,
	.detach_all = fake_detach_all,
	.enforce = fake_enforce,
	.check = fake_check,
	.devices = fake_devices,
	.hits = fake_hits,
	.hooks_fd = fake_hooks_fd,
	.drops_fd = fake_drops_fd,
	.drops_read = fake_drops_read,
	.flows = fake_flows,
	.observe = fake_observe,
	.judge = fake_judge,
	.status = fake_status,
	.close = fake_close,
};

void fake_enforcer_init(struct fake_enforcer *fake)
{
	*fake = (struct fake_enforcer){.base.ops = &fake_ops};
}

void fake_enforcer_done(struct fake_enforcer *fake)
{
	fake->policy = rw_policy_unref(fake->policy);
}

int fake_enforcer_open(void *context, struct rw_enforcer **ret_enforcer, struct rw_error *err)
{
	struct fake_enforcer *fake = context;

	(void)err;
	fake->opened++;
	*ret_enforcer = &fake->base;
	return 0;
}

size_t fake_enforcer_list_held(void *context, unsigned int *ret_ifindexes, size_t capacity)
{
	struct fake_enforcer *fake = context;

	if (!fake->left || !capacity)
		return 0;
	ret_ifindexes[0] = fake->left;
	return 1;
}

int fake_enforcer_remove_all(void *context, struct rw_error *err)
{
	struct fake_enforcer *fake = context;

	(void)err;
	fake->removed++;
	fake->attached_count = 0;
	fake->enforcing = false;
	return 0;
}

struct rw_policy *fake_policy(uint16_t mark)
{
	struct rw_policy *policy = rw_policy_new();

	strcpy(policy->node, "n-0000000000000001");
	strcpy(policy->node_name, "one");
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	strcpy(policy->interfaces[0].name, "eth0");
	policy->network_cidrs = calloc(1, sizeof(*policy->network_cidrs));
	policy->network_cidr_count = 1;
	if (rw_prefix_parse("10.0.0.0/8", &policy->network_cidrs[0], NULL) < 0)
		abort();
	policy->ssh_ports = calloc(1, sizeof(*policy->ssh_ports));
	policy->ssh_port_count = 1;
	policy->ssh_ports[0] = mark;
	return policy;
}
