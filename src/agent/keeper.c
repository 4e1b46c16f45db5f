/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A policy that was refused is compiled again only so often. */
#define RETRY_CHECKS 30

void keeper_notice(struct rw_keeper *keeper, bool is_warning, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (keeper->notice)
		keeper->notice(keeper->notice_context, is_warning, text);
}

/* ---- life ---- */

int rw_keeper_new(const struct rw_keeper_options *options, struct rw_keeper **ret_keeper,
		  struct rw_error *err)
{
	struct rw_keeper *keeper;

	if (options->named_count > RW_KEEPER_NAMED_MAX)
		return rw_error_set(err, -E2BIG, "more than %d interfaces are named", RW_KEEPER_NAMED_MAX);
	for (size_t i = 0; i < options->named_count; i++)
		if (!options->named[i][0] || strlen(options->named[i]) >= sizeof(keeper->named[0]))
			return rw_error_set(err, -EINVAL, "not the name of an interface: \"%s\"",
					    options->named[i]);
	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return rw_error_oom(err);
	keeper->backend = options->backend;
	keeper->notice = options->notice;
	keeper->notice_context = options->notice_context;
	keeper->named_count = options->named_count;
	for (size_t i = 0; i < options->named_count; i++)
		strcpy(keeper->named[i], options->named[i]);
	if (options->early)
		keeper->early = *options->early;
	rw_vec_init(&keeper->devices, sizeof(struct device), RW_ENFORCER_DEVICE_MAX);
	*ret_keeper = keeper;
	return 0;
}

struct rw_keeper *rw_keeper_free(struct rw_keeper *keeper)
{
	if (!keeper)
		return NULL;
	(void)rw_enforcer_close(keeper->enforcer);
	(void)rw_policy_unref(keeper->wanted);
	(void)rw_policy_unref(keeper->in_force);
	(void)rw_policy_unref(keeper->seal);
	rw_links_done(&keeper->links);
	free(keeper->decisions);
	rw_vec_done(&keeper->devices);
	free(keeper);
	return NULL;
}

static void set_failure(struct rw_keeper *keeper, const struct rw_error *failure)
{
	if (strncmp(keeper->failure, failure->text, sizeof(keeper->failure) - 1) != 0)
		keeper_notice(keeper, true, "%s", failure->text);
	(void)snprintf(keeper->failure, sizeof(keeper->failure), "%s", failure->text);
}

/* ---- bringing all together ---- */

static void begin_enforcing(struct rw_keeper *keeper)
{
	struct rw_enforcer_seeded seeded = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforcer_enforce(keeper->enforcer, &seeded, &err) < 0) {
		set_failure(keeper, &err);
		return;
	}
	keeper->enforcing = true;
	if (!keeper->wanted || keeper->wanted == keeper->in_force)
		keeper->failure[0] = '\0';
	keeper_notice(keeper, false, "enforcement begins  live_flows_accepted=%u live_flows_cut=%u%s%s",
		      seeded.accepted, seeded.refused, seeded.text[0] ? " note=" : "", seeded.text);
}

/* Notes that the devices are not what they should be; the next check tries again. */
static int unsettle(struct rw_keeper *keeper, int r, struct rw_error *err)
{
	if (r == -E2BIG)
		(void)snprintf(keeper->unsettled, sizeof(keeper->unsettled),
			       "more than %d interfaces to enforce on", RW_ENFORCER_DEVICE_MAX);
	else
		(void)snprintf(keeper->unsettled, sizeof(keeper->unsettled),
			       "out of memory to follow the node's interfaces");
	return rw_error_set(err, r, "%s", keeper->unsettled);
}

/* Makes devices and mode what policy and links ask for, and judges the whole. */
static int reconcile(struct rw_keeper *keeper, struct rw_error *err)
{
	int r;

	if (!keeper->enforcer || !keeper->in_force || !keeper->links.count)
		return 0;
	r = keeper_decide_links(keeper);
	if (r == 0)
		r = keeper_update_devices(keeper);
	if (r < 0)
		(void)unsettle(keeper, r, NULL);
	else
		keeper->unsettled[0] = '\0';
	/* What fits is held, whatever does not. */
	keeper_attach_devices(keeper);
	if (r == 0 && !keeper->left_released) {
		keeper_release_left(keeper);
		keeper->left_released = true;
	}
	if (!keeper->enforcing && (keeper_any_attached(keeper) || keeper_is_quiet(keeper)))
		begin_enforcing(keeper);
	if (keeper->failure[0])
		return rw_error_set(err, -EIO, "%s", keeper->failure);
	if (keeper_device_failure(keeper))
		return rw_error_set(err, -EIO, "%s", keeper_device_failure(keeper));
	if (r < 0)
		return rw_error_set(err, r, "%s", keeper->unsettled);
	if (!keeper_any_enforced(keeper)) {
		(void)rw_error_set(err, -ENODEV, "no interface of this node is enforced");
		(void)rw_error_hint(err,
				    "Name one by --interface; 'ringwall-agent probe' tells why each is not.");
		return -ENODEV;
	}
	keeper->applied = keeper->in_force_position;
	return 0;
}

int rw_keeper_set_policy(struct rw_keeper *keeper, const struct rw_position *position,
			 const struct rw_policy *policy, enum rw_established established,
			 struct rw_error *err)
{
	bool is_behind = keeper->in_force && keeper->wanted && keeper->wanted != keeper->in_force;
	struct rw_error failure = RW_ERROR_NONE;
	struct rw_policy *reference = rw_policy_ref(policy);
	int r;

	keeper->established = is_behind ? rw_established_both(keeper->established, established) : established;
	(void)rw_policy_unref(keeper->wanted);
	keeper->wanted = reference;
	keeper->wanted_position = *position;
	if (!keeper->enforcer)
		return keeper->detached ? 0 : rw_error_set(err, -EIO, "%s", keeper->failure);
	r = rw_enforcer_apply(keeper->enforcer, policy, keeper->established, &failure);
	if (r < 0) {
		set_failure(keeper, &failure);
		keeper->retry_in = RETRY_CHECKS;
		if (err)
			*err = failure;
		return r;
	}
	keeper->failure[0] = '\0';
	keeper->established = RW_ESTABLISHED_CUT;
	(void)rw_policy_unref(keeper->in_force);
	keeper->in_force = rw_policy_ref(policy);
	keeper->in_force_position = *position;
	keeper->seal = rw_policy_unref(keeper->seal);
	return reconcile(keeper, err);
}

static bool is_sealed(const struct rw_keeper *keeper)
{
	return keeper->seal && keeper->in_force == keeper->seal;
}

static int apply_seal(struct rw_keeper *keeper, struct rw_error *err)
{
	struct rw_error failure = RW_ERROR_NONE;
	int r = rw_enforcer_apply(keeper->enforcer, keeper->seal, RW_ESTABLISHED_CUT, &failure);

	if (r < 0) {
		set_failure(keeper, &failure);
		if (err)
			*err = failure;
		return r;
	}
	if (!keeper->wanted)
		keeper->failure[0] = '\0';
	(void)rw_policy_unref(keeper->in_force);
	keeper->in_force = rw_policy_ref(keeper->seal);
	keeper->in_force_position = (struct rw_position){0};
	return reconcile(keeper, err);
}

int rw_keeper_seal(struct rw_keeper *keeper, const struct rw_policy *sealed, struct rw_error *err)
{
	struct rw_policy *reference = rw_policy_ref(sealed);

	(void)rw_policy_unref(keeper->seal);
	keeper->seal = reference;
	if (!keeper->enforcer)
		return keeper->detached ? 0 : rw_error_set(err, -EIO, "%s", keeper->failure);
	return apply_seal(keeper, err);
}

void rw_keeper_confirm(struct rw_keeper *keeper, const struct rw_position *position)
{
	bool in_force = keeper->wanted == keeper->in_force;

	if (in_force && memcmp(&keeper->applied, &keeper->in_force_position, sizeof(keeper->applied)) == 0)
		keeper->applied = *position;
	if (in_force)
		keeper->in_force_position = *position;
	keeper->wanted_position = *position;
}

int rw_keeper_set_links(struct rw_keeper *keeper, struct rw_links *links, struct rw_error *err)
{
	int r;

	rw_links_done(&keeper->links);
	keeper->links = *links;
	*links = (struct rw_links){0};
	r = keeper_decide_links(keeper);
	if (r < 0) {
		/* Decisions and links go together, one to one: none until the next check has made them. */
		free(keeper->decisions);
		keeper->decisions = NULL;
		return unsettle(keeper, r, err);
	}
	keeper->event_seen = true;
	return reconcile(keeper, err);
}

/* ---- the early stage ---- */

const struct rw_early_wishes *rw_keeper_early(const struct rw_keeper *keeper)
{
	return &keeper->early;
}

/* Why a device has no early stage although it should; 0 when it has or nobody wants it. */
static int find_early_refusal(const struct rw_keeper *keeper, unsigned int ifindex, struct rw_error *err)
{
	RW_CLEANUP(rw_free)
	struct rw_enforcer_device_status *devices = calloc(RW_ENFORCER_DEVICE_MAX, sizeof(*devices));
	size_t count;

	if (!devices)
		return rw_error_oom(err);
	count = keeper->enforcer->ops->devices(keeper->enforcer, devices, RW_ENFORCER_DEVICE_MAX);
	for (size_t i = 0; i < count && i < RW_ENFORCER_DEVICE_MAX; i++)
		if (devices[i].ifindex == ifindex && devices[i].early == RW_ENFORCER_EARLY_NONE &&
		    devices[i].early_text)
			return rw_error_set(err, -EOPNOTSUPP, "%s: %s", devices[i].name,
					    devices[i].early_text);
	return 0;
}

int rw_keeper_set_early(struct rw_keeper *keeper, const struct rw_early_wish *wish, struct rw_error *err)
{
	struct rw_early_wishes before = keeper->early;
	struct device *device = NULL;
	int r = rw_early_set(&keeper->early, wish, err);

	for (size_t i = 0; i < keeper->devices.count && !device; i++)
		if (strcmp(keeper_device_at(keeper, i)->wanted.name, wish->name) == 0)
			device = keeper_device_at(keeper, i);
	if (r < 0 || !device || !device->attached || !keeper->enforcer)
		return r;
	r = keeper_change_device(keeper, device, err);
	if (r == 0)
		r = find_early_refusal(keeper, device->wanted.ifindex, err);
	if (r < 0) {
		keeper->early = before;
		/* What it had before it has again, or the check tries it. */
		if (keeper_change_device(keeper, device, NULL) < 0)
			device->attached = false;
		return r;
	}
	keeper->event_seen = true;
	return 0;
}

/* ---- start, detach, attach ---- */

/* Puts the policy wanted in force, if there is one. */
static int resume(struct rw_keeper *keeper, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position = keeper->wanted_position;
	int r = 0;

	if (keeper->wanted) {
		policy = rw_policy_ref(keeper->wanted);
		r = rw_keeper_set_policy(keeper, &position, policy, keeper->established, err);
	}
	return keeper->seal && !keeper->in_force ? apply_seal(keeper, err) : r;
}

int rw_keeper_start(struct rw_keeper *keeper, struct rw_error *err)
{
	struct rw_enforcer_status status;
	struct rw_error failure = RW_ERROR_NONE;
	int r = keeper->backend.open(keeper->backend.context, &keeper->enforcer, &failure);

	if (r < 0) {
		set_failure(keeper, &failure);
		if (err)
			*err = failure;
		return r;
	}
	keeper->failure[0] = '\0';
	keeper->detached = false;
	if (keeper->enforcer->ops->status(keeper->enforcer, &status, NULL) == 0) {
		keeper->enforcing = status.mode != RW_ENFORCER_LEARN;
		keeper->adopted = status.adopted && keeper->enforcing;
	}
	return 0;
}

int rw_keeper_detach(struct rw_keeper *keeper, struct rw_error *err)
{
	int r;

	keeper->enforcer = rw_enforcer_close(keeper->enforcer);
	keeper->detached = true;
	keeper->enforcing = false;
	keeper->adopted = false;
	keeper->failure[0] = '\0';
	keeper->established = RW_ESTABLISHED_CUT;
	keeper->in_force = rw_policy_unref(keeper->in_force);
	keeper->in_force_position = (struct rw_position){0};
	keeper->applied = (struct rw_position){0};
	rw_vec_done(&keeper->devices);
	rw_vec_init(&keeper->devices, sizeof(struct device), RW_ENFORCER_DEVICE_MAX);
	keeper->event_seen = true;
	r = keeper->backend.remove_all(keeper->backend.context, err);
	if (r < 0 && err)
		set_failure(keeper, err);
	return r;
}

int rw_keeper_attach(struct rw_keeper *keeper, struct rw_error *err)
{
	int r = 0;

	if (!keeper->enforcer)
		r = rw_keeper_start(keeper, err);
	if (r < 0)
		return r;
	keeper->event_seen = true;
	return resume(keeper, err);
}

/* ---- the check ---- */

static const char *event_text(const struct rw_enforcer_event *event)
{
	switch (event->kind) {
	case RW_ENFORCER_EVENT_RESTORED:
		return "somebody had detached our program; it is back";
	case RW_ENFORCER_EVENT_LOST:
		return "our program was detached and cannot be put back";
	case RW_ENFORCER_EVENT_SHARED:
		return "a foreign program may bypass ours";
	case RW_ENFORCER_EVENT_HELD:
		return "under our control again";
	case RW_ENFORCER_EVENT_GONE:
		return "the device is gone";
	case RW_ENFORCER_EVENT_EARLY:
		return event->text[0] ? "early drop cannot be had" : "early drop is there again";
	}
	return "";
}

static void take_event(void *context, const struct rw_enforcer_event *event)
{
	struct rw_keeper *keeper = context;
	bool is_warning = event->kind != RW_ENFORCER_EVENT_HELD && event->kind != RW_ENFORCER_EVENT_GONE;
	/* Who did it is of use where it is somebody in particular. */
	bool has_detail = event->text[0] &&
			  (event->kind == RW_ENFORCER_EVENT_LOST || event->kind == RW_ENFORCER_EVENT_SHARED ||
			   event->kind == RW_ENFORCER_EVENT_EARLY);

	keeper->event_seen = true;
	keeper->restored += event->kind == RW_ENFORCER_EVENT_RESTORED;
	keeper_notice(keeper, is_warning, "interface %s: %s%s%s", event->name, event_text(event),
		      has_detail ? ": " : "", has_detail ? event->text : "");
	if (event->kind == RW_ENFORCER_EVENT_GONE) {
		/* A device of that number that appears later is another one. */
		struct device *device = keeper_find_device(keeper, event->ifindex);

		if (device)
			device->attached = false;
	}
}

static void look(struct rw_keeper *keeper)
{
	struct rw_error err = RW_ERROR_NONE;

	if (keeper->enforcer && keeper->enforcer->ops->check(keeper->enforcer, take_event, keeper, &err) < 0)
		keeper_notice(keeper, true, "%s", err.text);
}

static bool take_happened(struct rw_keeper *keeper)
{
	bool happened = keeper->event_seen;

	keeper->event_seen = false;
	return happened;
}

bool rw_keeper_look(struct rw_keeper *keeper)
{
	look(keeper);
	return take_happened(keeper);
}

bool rw_keeper_check(struct rw_keeper *keeper)
{
	bool is_behind = keeper->wanted && keeper->wanted != keeper->in_force;

	if (keeper->unsettled[0] && keeper_decide_links(keeper) == 0)
		keeper->unsettled[0] = '\0';
	look(keeper);
	if (keeper->enforcer) {
		if (is_behind && keeper->retry_in-- == 0)
			(void)resume(keeper, NULL);
		else if (keeper->seal && !keeper->in_force)
			(void)apply_seal(keeper, NULL); /* takes little: at every check */
		else
			(void)reconcile(keeper, NULL);
	}
	return take_happened(keeper);
}

/* ---- what it says of itself ---- */

/* Whether some device is not wholly ours, as of the last check; tells which in 'reason'. */
static bool find_hold(const struct rw_keeper *keeper, enum rw_enforcer_hold hold, char *reason, size_t size)
{
	struct rw_enforcer_device_status devices[RW_ENFORCER_DEVICE_MAX];
	size_t count = keeper->enforcer->ops->devices(keeper->enforcer, devices, RW_ARRAY_COUNT(devices));

	for (size_t i = 0; i < count && i < RW_ARRAY_COUNT(devices); i++) {
		if (devices[i].hold != hold)
			continue;
		(void)snprintf(reason, size, "%s: %s: %s", devices[i].name,
			       hold == RW_ENFORCER_SHARED ? "hook shared, may be bypassed"
							  : "not under control",
			       devices[i].text);
		return true;
	}
	return false;
}

/* Interfaces of the node and of the policy that have no partner on the other side. */
static void describe_strangers(const struct rw_keeper *keeper, char *reason, size_t size)
{
	for (size_t i = 0; i < keeper->devices.count; i++) {
		const struct rw_link_decision *wanted = &keeper_device_at(keeper, i)->wanted;

		if (wanted->role == RW_LINK_ENFORCED &&
		    rw_policy_find_interface(keeper->in_force, wanted->interface) < 0) {
			(void)snprintf(reason, size,
				       "interface %s is in no group: everything on it is dropped",
				       wanted->interface);
			return;
		}
	}
	for (size_t i = 0; i < keeper->in_force->interface_count; i++) {
		const char *name = keeper->in_force->interfaces[i].name;

		if (!rw_links_find_name(&keeper->links, name)) {
			(void)snprintf(reason, size, "interface %s of the policy is not on this node", name);
			return;
		}
	}
}

static enum rw_agent_state judge(const struct rw_keeper *keeper, char *reason, size_t size)
{
	reason[0] = '\0';
	if (keeper->detached) {
		(void)snprintf(reason, size, "%s",
			       keeper->failure[0] ? keeper->failure : "taken off by 'ringwall-agent detach'");
		return RW_AGENT_STATE_DETACHED;
	}
	if (is_sealed(keeper) && !keeper_device_failure(keeper)) {
		(void)snprintf(
			reason, size,
			"sealed: no saved policy is of use; only the controller link and SSH from known "
			"peers pass%s%.300s",
			keeper->failure[0] ? ": " : "", keeper->failure);
		return RW_AGENT_STATE_FAILED;
	}
	if (keeper->failure[0]) {
		(void)snprintf(reason, size, "%s", keeper->failure);
		return RW_AGENT_STATE_FAILED;
	}
	if (!keeper->enforcer || !keeper->in_force) {
		(void)snprintf(reason, size, "%s",
			       keeper->adopted
				       ? "the policy of an earlier agent is in force, none is known here"
				       : "no policy yet");
		return RW_AGENT_STATE_PENDING;
	}
	if (keeper_device_failure(keeper)) {
		(void)snprintf(reason, size, "%s", keeper_device_failure(keeper));
		return RW_AGENT_STATE_FAILED;
	}
	if (keeper->unsettled[0]) {
		(void)snprintf(reason, size, "%s", keeper->unsettled);
		return RW_AGENT_STATE_FAILED;
	}
	if (!keeper_any_enforced(keeper)) {
		(void)snprintf(reason, size, "no interface of this node is enforced");
		return RW_AGENT_STATE_FAILED;
	}
	if (find_hold(keeper, RW_ENFORCER_LOST, reason, size))
		return RW_AGENT_STATE_FAILED;
	if (find_hold(keeper, RW_ENFORCER_SHARED, reason, size))
		return RW_AGENT_STATE_DEGRADED;
	describe_strangers(keeper, reason, size);
	return keeper->in_force->enforcement == RW_MONITOR ? RW_AGENT_STATE_MONITORED : RW_AGENT_STATE_OK;
}

void rw_keeper_status(const struct rw_keeper *keeper, struct rw_keeper_status *ret_status)
{
	struct rw_keeper_status status = {
		.applied = keeper->applied,
		.wanted = keeper->wanted_position,
		.in_force = keeper->in_force_position,
		.policy = is_sealed(keeper) ? NULL : keeper->in_force,
		.enforcing = keeper->enforcing && keeper_any_enforced(keeper),
		.sealed = is_sealed(keeper) && keeper->enforcing,
		.links = &keeper->links,
		.decisions = keeper->decisions,
		.adopted = keeper->adopted,
		.enforcer = keeper->enforcer,
		.restored = keeper->restored,
	};

	status.state = judge(keeper, status.reason, sizeof(status.reason));
	*ret_status = status;
}
