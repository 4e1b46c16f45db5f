/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report.h"

#include <stdio.h>
#include <string.h>

#include "agent/drop_line.h"
#include "agent/preview.h"
#include "agent/view.h"

void rw_reporter_init(struct rw_reporter *reporter, const struct rw_clock *clock)
{
	*reporter = (struct rw_reporter){.clock = clock, .started_ms = rw_clock_realtime_ms(clock)};
	rw_vec_init(&reporter->hits, sizeof(struct rw_report_hit), RW_REPORT_HITS_MAX);
}

void rw_reporter_done(struct rw_reporter *reporter)
{
	rw_vec_done(&reporter->hits);
	rw_listeners_done(&reporter->listeners);
	reporter->observer = rw_observer_free(reporter->observer);
}

/* Unix milliseconds of a moment on the kernel's monotonic clock. */
static int64_t realtime_of(const struct rw_reporter *reporter, uint64_t monotonic_ns)
{
	uint64_t now_ns = rw_clock_monotonic_ns(reporter->clock);
	uint64_t age_ns = now_ns > monotonic_ns ? now_ns - monotonic_ns : 0;

	return rw_clock_realtime_ms(reporter->clock) - (int64_t)(age_ns / 1000000);
}

/* Whether what is seen has a place: made when the first thing is, be it a flow or a refused packet. */
static bool has_observer(struct rw_reporter *reporter)
{
	return reporter->observer || rw_observer_new(&reporter->observer) == 0;
}

/* ---- drops ---- */

static void take_drop(void *context, const struct rw_enforcer_drop *drop)
{
	struct rw_reporter *reporter = context;
	struct rw_report_drop told = rw_drop_to_report(drop, realtime_of(reporter, drop->monotonic_ns));

	reporter->drops_lost += drop->suppressed;
	if (reporter->tap)
		reporter->tap(reporter->tap_context, drop);
	if (has_observer(reporter))
		rw_observer_drop(reporter->observer, &told);
	if (reporter->drop_count == RW_REPORT_DROPS_MAX)
		reporter->drops_lost++;
	else
		reporter->drops[reporter->drop_count++] = told;
}

void rw_reporter_take_drops(struct rw_reporter *reporter, struct rw_enforcer *enforcer)
{
	if (enforcer)
		(void)enforcer->ops->drops_read(enforcer, take_drop, reporter);
}

/* ---- flows ---- */

struct observing {
	struct rw_reporter *reporter;
	const struct rw_links *links;
	int64_t now_ms;
};

static bool is_own(const struct rw_links *links, const struct rw_address *address)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (rw_address_equal(&links->addresses[i].address, address))
			return true;
	return false;
}

static void take_flow(void *context, const struct rw_enforcer_observed *flow)
{
	struct observing *observing = context;

	rw_observer_flow(observing->reporter->observer, observing->now_ms, flow,
			 is_own(observing->links, &flow->opener.local));
}

void rw_reporter_observe(struct rw_reporter *reporter, const struct rw_keeper *keeper)
{
	struct observing observing = {.reporter = reporter, .now_ms = rw_clock_realtime_ms(reporter->clock)};
	uint64_t now_ns = rw_clock_monotonic_ns(reporter->clock);
	struct rw_keeper_status status;

	rw_keeper_status(keeper, &status);
	if (!status.enforcer || !status.links || !has_observer(reporter))
		return;
	observing.links = status.links;
	if (status.enforcer->ops->observe(status.enforcer, RW_REPORTER_PLACES, reporter->census, take_flow,
					  &observing) != RW_ENFORCER_ROUND)
		return;
	if (reporter->census)
		rw_observer_end_census(reporter->observer, observing.now_ms);
	reporter->census = now_ns - reporter->census_ns >= RW_OBSERVER_IDLE_MS * UINT64_C(1000000);
	if (reporter->census)
		reporter->census_ns = now_ns;
}

/* ---- hits ---- */

static void take_hits(void *context, const struct rw_enforcer_hits *hits)
{
	struct rw_reporter *reporter = context;
	struct rw_report_hit *told;

	if (!hits->count || rw_vec_push(&reporter->hits, &told) < 0)
		return;
	memcpy(told->rule, hits->rule, sizeof(told->rule));
	told->packets = hits->count;
	told->last_hit_ms = hits->last_ns ? realtime_of(reporter, hits->last_ns) : 0;
}

void rw_reporter_read_hits(struct rw_reporter *reporter, struct rw_enforcer *enforcer)
{
	rw_vec_done(&reporter->hits);
	rw_vec_init(&reporter->hits, sizeof(struct rw_report_hit), RW_REPORT_HITS_MAX);
	if (enforcer)
		(void)enforcer->ops->hits(enforcer, take_hits, reporter, NULL);
}

void rw_reporter_read_listeners(struct rw_reporter *reporter)
{
	struct rw_listeners listeners = {0};
	int r = reporter->helper ? rw_helper_read_listeners(reporter->helper, &listeners, NULL)
				 : rw_listeners_read(&listeners, NULL);

	if (r < 0)
		return;
	rw_listeners_done(&reporter->listeners);
	reporter->listeners = listeners;
}

/* ---- connections ---- */

static bool is_ssh(const struct rw_reporter *reporter, const struct rw_connection *connection)
{
	const struct rw_listeners *listeners = &reporter->listeners;

	for (size_t i = 0; i < listeners->ssh_port_count; i++)
		if (connection->opener.direction == RW_DIRECTION_INGRESS &&
		    connection->opener.local_port == listeners->ssh_ports[i])
			return true;
	return false;
}

static void tell(struct rw_reporter *reporter, const struct rw_connection *connection, bool ssh)
{
	struct rw_report_connection *told;

	if (reporter->connection_count == RW_REPORT_LIVE_MAX)
		return;
	told = &reporter->connections[reporter->connection_count++];
	*told = (struct rw_report_connection){
		.direction = connection->opener.direction,
		.local = connection->opener.local,
		.remote = connection->opener.remote,
		.local_port = connection->opener.local_port,
		.remote_port = connection->opener.remote_port,
		.ssh = ssh,
	};
	(void)snprintf(told->interface, sizeof(told->interface), "%s", connection->interface);
}

void rw_reporter_take_connections(struct rw_reporter *reporter, const struct rw_policy *policy,
				  const struct rw_link_decision *decisions, size_t count,
				  const struct rw_connections *connections)
{
	size_t judged = 0;

	reporter->connection_count = 0;
	reporter->connections_cut = 0;
	for (size_t i = 0; i < connections->count; i++) {
		const struct rw_connection *connection = &connections->items[i];

		if (connection->interface[0] && is_ssh(reporter, connection))
			tell(reporter, connection, true);
	}
	for (size_t i = 0; i < connections->count && judged < RW_REPORTER_JUDGED_MAX; i++) {
		const struct rw_connection *connection = &connections->items[i];

		judged++;
		if (!rw_preview_is_cut(policy, decisions, count, connection, NULL))
			continue;
		reporter->connections_cut++;
		if (!is_ssh(reporter, connection))
			tell(reporter, connection, false);
	}
}

void rw_reporter_read_connections(struct rw_reporter *reporter, const struct rw_keeper *keeper)
{
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	struct rw_keeper_status status;

	rw_keeper_status(keeper, &status);
	if (!status.policy || status.policy->enforcement != RW_MONITOR || !status.decisions) {
		reporter->connection_count = 0;
		reporter->connections_cut = 0;
		return;
	}
	if (rw_connections_read(status.links, &reporter->listeners, &connections, NULL) == 0)
		rw_reporter_take_connections(reporter, status.policy, status.decisions, status.links->count,
					     &connections);
}

/* ---- judgements ---- */

static void take_refused(void *context, const struct rw_enforcer_refused *flow)
{
	struct rw_report_judgement *judgement = context;
	struct rw_report_refused *told;

	if (flow->is_kept)
		judgement->kept++;
	else
		judgement->flows++;
	/* Those that the change would cut come first. */
	if (flow->is_kept || judgement->example_count == RW_REPORT_EXAMPLES_MAX)
		return;
	told = &judgement->examples[judgement->example_count++];
	*told = (struct rw_report_refused){
		.direction = flow->opener.direction,
		.protocol = flow->opener.protocol,
		.class = flow->class,
		.local = flow->opener.local,
		.remote = flow->opener.remote,
		.local_port = flow->opener.local_port,
		.remote_port = flow->opener.remote_port,
	};
	memcpy(told->interface, flow->interface, sizeof(told->interface));
	(void)snprintf(told->cause, sizeof(told->cause), "%s",
		       flow->cause == RW_CAUSE_RULE ? flow->rule : rw_cause_name(flow->cause));
}

void rw_reporter_judge(struct rw_reporter *reporter, const struct rw_keeper *keeper, uint64_t question,
		       const struct rw_policy *policy)
{
	struct rw_report_judgement *judgement;
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;

	if (reporter->judgement_count == RW_REPORT_JUDGEMENTS_MAX)
		return;
	judgement = &reporter->judgements[reporter->judgement_count++];
	*judgement = (struct rw_report_judgement){.question = question};
	rw_keeper_status(keeper, &status);
	if (!status.enforcer || !status.enforcing)
		(void)rw_error_set(&err, -ENODEV, "nothing is enforced on this node");
	else if (status.enforcer->ops->judge(status.enforcer, policy, take_refused, judgement, &err) == 0)
		return;
	(void)snprintf(judgement->failure, sizeof(judgement->failure), "%.159s", err.text);
}

/* ---- interfaces ---- */

static int fill_interface(const struct rw_links *links, const struct rw_link *link,
			  const struct rw_link_decision *decision, struct rw_report_interface *told)
{
	size_t count;
	/* The ports of a bridge are told with the addresses of the bridge. */
	const struct rw_link *owner = rw_links_find_name(links, decision->interface);
	const struct rw_link_address *addresses =
		rw_links_addresses(links, owner ? owner->ifindex : link->ifindex, &count);

	memcpy(told->name, decision->interface, sizeof(told->name));
	memcpy(told->kind, decision->kind, sizeof(told->kind));
	memcpy(told->reason, decision->reason, sizeof(told->reason));
	if (link->has_mac)
		(void)snprintf(told->mac, sizeof(told->mac), "%02x:%02x:%02x:%02x:%02x:%02x", link->mac[0],
			       link->mac[1], link->mac[2], link->mac[3], link->mac[4], link->mac[5]);
	told->default_route = owner ? owner->has_default_route : link->has_default_route;
	told->enforced = decision->role == RW_LINK_ENFORCED;
	told->addresses = calloc(count ? count : 1, sizeof(*told->addresses));
	if (!told->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < count && told->address_count < RW_REPORT_ADDRESSES_MAX; i++)
		if (rw_address_is_global(&addresses[i].address))
			told->addresses[told->address_count++] = addresses[i].address;
	return 0;
}

static bool is_told(const struct rw_report_interface *interfaces, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(interfaces[i].name, name) == 0)
			return true;
	return false;
}

int rw_report_interfaces_make(const struct rw_links *links, const struct rw_link_decision *decisions,
			      struct rw_report_interface **ret_interfaces, size_t *ret_count)
{
	struct rw_report_interface *interfaces = calloc(RW_REPORT_INTERFACES_MAX, sizeof(*interfaces));
	size_t count = 0;
	int r = 0;

	if (!interfaces)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && decisions && i < links->count; i++) {
		if (decisions[i].role == RW_LINK_IGNORED || count == RW_REPORT_INTERFACES_MAX ||
		    is_told(interfaces, count, decisions[i].interface))
			continue;
		r = fill_interface(links, &links->links[i], &decisions[i], &interfaces[count]);
		if (r == 0)
			count++;
	}
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			free(interfaces[i].addresses);
		free(interfaces);
		return r;
	}
	*ret_interfaces = interfaces;
	*ret_count = count;
	return 0;
}

/* ---- the whole ---- */

static void *copy(const void *items, size_t count, size_t size)
{
	void *result = calloc(count ? count : 1, size);

	if (result && count)
		memcpy(result, items, count * size);
	return result;
}

/* Lists that the report owns. */
static int fill_lists(const struct rw_reporter *reporter, const struct rw_keeper_status *status,
		      struct rw_report *report)
{
	const struct rw_listeners *listeners = &reporter->listeners;

	report->hits = copy(reporter->hits.data, reporter->hits.count, sizeof(*report->hits));
	report->drop_events = copy(reporter->drops, reporter->drop_count, sizeof(*report->drop_events));
	report->listeners = copy(listeners->items, listeners->count, sizeof(*report->listeners));
	report->ssh_ports = copy(listeners->ssh_ports, listeners->ssh_port_count, sizeof(*report->ssh_ports));
	report->connections =
		copy(reporter->connections, reporter->connection_count, sizeof(*report->connections));
	if (!report->hits || !report->drop_events || !report->listeners || !report->ssh_ports ||
	    !report->connections)
		return -ENOMEM;
	report->judgements =
		copy(reporter->judgements, reporter->judgement_count, sizeof(*report->judgements));
	if (!report->judgements)
		return -ENOMEM;
	report->judgement_count = reporter->judgement_count;
	report->connection_count = reporter->connection_count;
	report->connections_cut = reporter->connections_cut;
	report->hit_count = reporter->hits.count;
	report->drop_event_count = reporter->drop_count;
	report->listener_count = listeners->count;
	report->ssh_port_count = listeners->ssh_port_count;
	return rw_report_interfaces_make(status->links, status->decisions, &report->interfaces,
					 &report->interface_count);
}

static void fill_early(const struct rw_enforcer_device_status *device, struct rw_report_hook *hook)
{
	memcpy(hook->interface, device->interface, sizeof(hook->interface));
	memcpy(hook->device, device->name, sizeof(hook->device));
	(void)snprintf(hook->hook, sizeof(hook->hook), "%s", rw_early_hook_word(device));
	(void)snprintf(hook->state, sizeof(hook->state), "%s", rw_early_state_word(device));
	if (device->early_text)
		(void)snprintf(hook->detail, sizeof(hook->detail), "%s", device->early_text);
}

static int fill_hooks(struct rw_enforcer *enforcer, struct rw_report_kernel *kernel)
{
	RW_CLEANUP(rw_free)
	struct rw_enforcer_device_status *devices = calloc(RW_ENFORCER_DEVICE_MAX, sizeof(*devices));
	size_t count;

	if (!devices)
		return -ENOMEM;
	count = enforcer->ops->devices(enforcer, devices, RW_ENFORCER_DEVICE_MAX);
	if (count > RW_ENFORCER_DEVICE_MAX)
		count = RW_ENFORCER_DEVICE_MAX;
	/* Each may have an early stage besides. */
	kernel->hooks = calloc(count ? 2 * count : 1, sizeof(*kernel->hooks));
	if (!kernel->hooks)
		return -ENOMEM;
	kernel->hook_count = count;
	for (size_t i = 0; i < count; i++) {
		struct rw_report_hook *hook = &kernel->hooks[i];

		memcpy(hook->interface, devices[i].interface, sizeof(hook->interface));
		memcpy(hook->device, devices[i].name, sizeof(hook->device));
		(void)snprintf(hook->hook, sizeof(hook->hook), "%s", devices[i].tcx ? "tcx" : "clsact");
		(void)snprintf(hook->state, sizeof(hook->state), "%s", rw_agent_hold_word(&devices[i]));
		(void)snprintf(hook->detail, sizeof(hook->detail), "%s", devices[i].text);
		if (rw_early_state_word(&devices[i]))
			fill_early(&devices[i], &kernel->hooks[kernel->hook_count++]);
	}
	return 0;
}

static int fill_kernel(const struct rw_keeper_status *status, struct rw_report *report)
{
	struct rw_report_kernel *kernel = &report->kernel;
	struct rw_enforcer_status counters;

	if (!status->enforcer || status->enforcer->ops->status(status->enforcer, &counters, NULL) < 0)
		return 0;
	report->persistent = counters.persistent;
	memcpy(report->drops, counters.dropped, sizeof(report->drops));
	memcpy(report->would_drops, counters.would_drop, sizeof(report->would_drops));
	kernel->generation = counters.generation;
	kernel->flow_capacity = counters.flow_capacity;
	kernel->table_bytes = (uint32_t)counters.table_bytes;
	kernel->table_limit_bytes = (uint32_t)counters.table_limit_bytes;
	kernel->table_memory_bytes = (uint32_t)counters.table_memory_bytes;
	memcpy(kernel->flows, counters.flows, sizeof(kernel->flows));
	kernel->full_pairs_ppm = counters.full_pairs_ppm;
	kernel->flows_refused = counters.flow_refused;
	kernel->passed = counters.passed;
	kernel->hooks_restored = status->restored;
	return fill_hooks(status->enforcer, kernel);
}

static int fill_flows(struct rw_reporter *reporter, struct rw_report *report)
{
	const uint64_t now_ns = rw_clock_monotonic_ns(reporter->clock);

	if (!reporter->observer ||
	    (reporter->flows_told_ns &&
	     now_ns - reporter->flows_told_ns < RW_REPORTER_FLOWS_MS * UINT64_C(1000000)))
		return 0;
	report->flows = calloc(RW_REPORT_FLOWS_MAX, sizeof(*report->flows));
	if (!report->flows)
		return -ENOMEM;
	report->flow_count =
		rw_observer_take(reporter->observer, rw_clock_realtime_ms(reporter->clock),
				 reporter->listeners.items, reporter->listeners.count, report->flows);
	if (report->flow_count)
		reporter->flows_told_ns = now_ns;
	return 0;
}

/* In the newest version that the controller takes. */
static void fill_authorities(const struct rw_renewal *renewal, struct rw_report *report)
{
	report->version =
		renewal->answer.reports < RW_REPORT_VERSION ? renewal->answer.reports : RW_REPORT_VERSION;
	report->authority_count = renewal->authority_count;
	memcpy(report->authorities, renewal->authorities, sizeof(renewal->authorities));
}

/* All that a brief report does not tell. */
static int fill_rest(struct rw_reporter *reporter, const struct rw_keeper_status *status,
		     struct rw_report *report)
{
	int r;

	report->drop_events_lost = reporter->drops_lost;
	r = fill_kernel(status, report);
	if (r == 0)
		r = fill_lists(reporter, status, report);
	return r == 0 ? fill_flows(reporter, report) : r;
}

int rw_reporter_encode(struct rw_reporter *reporter, const struct rw_keeper *keeper, bool brief,
		       struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	struct rw_keeper_status status;
	int r;

	rw_keeper_status(keeper, &status);
	rw_report_init(&report);
	if (reporter->renewal)
		fill_authorities(reporter->renewal, &report);
	report.brief = brief && report.version >= 3;
	report.applied = status.applied;
	report.wanted = status.wanted;
	report.state = status.state;
	memcpy(report.reason, status.reason, sizeof(report.reason));
	(void)snprintf(report.agent_version, sizeof(report.agent_version), "%s", RW_VERSION);
	report.started_ms = reporter->started_ms;
	if (status.policy)
		report.digest = rw_policy_digest(status.policy);
	if (!report.brief && fill_rest(reporter, &status, &report) < 0)
		return rw_error_oom(err);
	r = rw_report_encode(buf, &report, err);
	if (r < 0 || report.brief)
		return r;
	reporter->drop_count = 0;
	reporter->drops_lost = 0;
	reporter->judgement_count = 0;
	return 0;
}
