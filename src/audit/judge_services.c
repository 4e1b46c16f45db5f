/* SPDX-License-Identifier: Apache-2.0 */

/* What the internet reaches: ports of known services, other ports, wide ranges; and who is there to answer. */

#include <stdio.h>
#include <string.h>

#include "audit/audit_internal.h"

/* Above so many ports a range is wide, and its ports are not looked at one by one. */
#define WIDE 1000

/* Ports of one check, over all exposures of the subject. */
struct opening {
	const struct rw_check *check;
	struct rw_vec ranges; /* struct open_range */
	const struct exposed *first;
	struct open_range witness; /* of the first */
};

struct openings {
	struct subject *subject;
	struct rw_vec list; /* struct opening */
};

static void openings_done(struct openings *openings)
{
	for (size_t i = 0; i < openings->list.count; i++)
		rw_vec_done(&((struct opening *)rw_vec_at(&openings->list, i))->ranges);
	rw_vec_done(&openings->list);
}
RW_DEFINE_DONE(struct openings, openings_done)

static struct opening *find_opening(struct openings *openings, const struct rw_check *check)
{
	struct opening *opening;

	for (size_t i = 0; i < openings->list.count; i++) {
		opening = rw_vec_at(&openings->list, i);
		if (opening->check == check)
			return opening;
	}
	if (rw_vec_push(&openings->list, &opening) < 0)
		return NULL;
	opening->check = check;
	rw_vec_init(&opening->ranges, sizeof(struct open_range), 4096);
	return opening;
}

/* The services of a range within one protocol. */
static struct rw_set_box box_of(const struct open_range *range)
{
	struct rw_set_box box = RW_SET_BOX_ANY;

	box.protocol = (uint16_t)(range->first >> 16);
	if (rw_protocol_has_ports(box.protocol))
		box.ports = (struct rw_ports){(uint16_t)range->first, (uint16_t)range->last};
	return box;
}

static int open_up(struct openings *openings, const struct rw_check *check, const struct exposed *exposed,
		   struct open_range range)
{
	const struct rw_set_box box = box_of(&range);
	bool is_added = true;
	struct opening *opening;
	struct open_range *slot;
	int r = 0;

	if (openings->subject->run->input->before)
		r = set_meets(openings->subject, exposed->added, &box, &is_added);
	if (r < 0 || !is_added)
		return r;
	opening = find_opening(openings, check);
	if (!opening)
		return rw_error_oom(openings->subject->run->err);
	if (!opening->first) {
		opening->first = exposed;
		opening->witness = range;
		/* What is open already shows nothing; of the rest the first service stands for all. */
		if (!openings->subject->run->input->before)
			opening->witness.last = range.first;
	}
	for (size_t i = 0; i < opening->ranges.count; i++) {
		slot = rw_vec_at(&opening->ranges, i);
		if (slot->first <= range.first && slot->last >= range.last) {
			slot->v4 |= range.v4;
			slot->v6 |= range.v6;
			return 0;
		}
	}
	if (rw_vec_push(&opening->ranges, &slot) < 0)
		return opening->ranges.count >= 4096 ? 0 : rw_error_oom(openings->subject->run->err);
	*slot = range;
	return 0;
}

static uint16_t protocol_of(uint32_t service)
{
	return (uint16_t)(service >> 16);
}

/* ---- one range ---- */

/* A part of a range between known services. */
static int open_other(struct openings *openings, const struct exposed *exposed,
		      const struct open_range *range, uint32_t first, uint32_t last)
{
	/* Nobody listens on port 0. */
	if ((first & 0xffff) == 0 && rw_protocol_has_ports(protocol_of(first)))
		first++;
	if (first > last)
		return 0;
	return open_up(openings, rw_check_named(RW_CHECK_OTHER_PORT_OPEN), exposed,
		       (struct open_range){first, last, range->v4, range->v6});
}

/* Ports of TCP or UDP: the services among them, and the rest. */
static int open_ports(struct openings *openings, const struct exposed *exposed,
		      const struct open_range *range)
{
	uint32_t next = range->first;
	bool wide = range->last - range->first + 1 > WIDE;
	int r = 0;

	if (wide)
		r = open_up(openings, rw_check_named(RW_CHECK_WIDE_PORT_RANGE), exposed, *range);
	for (size_t i = 0; r == 0 && i < rw_service_count(); i++) {
		struct rw_service service = rw_service_at(i);
		uint32_t first = (uint32_t)service.protocol << 16 | service.ports.first;
		uint32_t last = (uint32_t)service.protocol << 16 | service.ports.last;

		if (last < range->first || first > range->last)
			continue;
		first = first < range->first ? range->first : first;
		last = last > range->last ? range->last : last;
		if (!wide && first > next)
			r = open_other(openings, exposed, range, next, first - 1);
		if (r == 0)
			r = open_up(openings, service.check, exposed,
				    (struct open_range){first, last, range->v4, range->v6});
		next = last + 1;
	}
	if (r == 0 && !wide && next <= range->last)
		r = open_other(openings, exposed, range, next, range->last);
	return r;
}

/* ICMP is recommended for clusters (the seed keeps it): told for free-standing groups only. */
static int open_protocol(struct openings *openings, const struct exposed *exposed,
			 const struct open_range *range)
{
	uint16_t protocol = protocol_of(range->first);

	if (protocol == RW_PROTOCOL_ICMP || protocol == RW_PROTOCOL_ICMPV6)
		return openings->subject->cluster
			       ? 0
			       : open_up(openings, rw_check_named(RW_CHECK_ICMP_OPEN), exposed, *range);
	return open_up(openings, rw_check_named(RW_CHECK_OTHER_PORT_OPEN), exposed, *range);
}

/* True when a range holds every port that anybody listens on. */
static bool is_everything(const struct open_range *range)
{
	uint32_t tcp = (uint32_t)RW_PROTOCOL_TCP << 16;

	return range->first <= (tcp | 1) && range->last >= (tcp | 0xffff);
}

static int open_exposed(struct openings *openings, const struct exposed *exposed)
{
	int r = 0;

	for (size_t i = 0; i < exposed->ranges.count; i++) {
		const struct open_range *range = rw_vec_at(&exposed->ranges, i);

		if (is_everything(range)) {
			struct open_range tcp = {(uint32_t)RW_PROTOCOL_TCP << 16 | 1,
						 (uint32_t)RW_PROTOCOL_TCP << 16 | 0xffff, range->v4,
						 range->v6};

			/* What more is open beside it would only hide this. */
			return open_up(openings, rw_check_named(RW_CHECK_ALL_PORTS_OPEN), exposed, tcp);
		}
	}
	for (size_t i = 0; r == 0 && i < exposed->ranges.count; i++) {
		struct open_range range = *(struct open_range *)rw_vec_at(&exposed->ranges, i);

		/* A range may run over several protocols: cut it at each. */
		while (r == 0 && range.first <= range.last) {
			struct open_range part = range;

			if (part.last > (part.first | 0xffff))
				part.last = part.first | 0xffff;
			r = rw_protocol_has_ports(protocol_of(part.first))
				    ? open_ports(openings, exposed, &part)
				    : open_protocol(openings, exposed, &part);
			range.first = part.last + 1;
		}
	}
	return r;
}

/* ---- findings ---- */

static size_t format_range(const struct open_range *range, char *text, size_t size)
{
	char protocol[RW_PROTOCOL_TEXT_SIZE];
	uint32_t first = range->first & 0xffff, last = range->last & 0xffff;

	rw_protocol_format(protocol_of(range->first), protocol);
	if (!rw_protocol_has_ports(protocol_of(range->first)))
		return (size_t)snprintf(text, size, "%s", protocol);
	if (first == last)
		return (size_t)snprintf(text, size, "%s %u", protocol, first);
	return (size_t)snprintf(text, size, "%s %u-%u", protocol, first, last);
}

/* "tcp 22, udp 53 (IPv6 only)", cut to what fits. */
static void format_ranges(const struct rw_vec *ranges, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ranges->count; i++) {
		const struct open_range *range = rw_vec_at(ranges, i);

		if (used + 48 > size) {
			(void)snprintf(text + used, size - used, ", ...");
			return;
		}
		used += (size_t)snprintf(text + used, size - used, "%s", i ? ", " : "");
		used += format_range(range, text + used, size - used);
		if (range->v4 != range->v6)
			used += (size_t)snprintf(text + used, size - used, " (IPv%d)", range->v4 ? 4 : 6);
	}
}

/* The witnesses of both families that reach services of one protocol, as far as there are. */
static int show(const struct subject *subject, const struct exposed *exposed,
		const struct open_range *services, struct rw_finding *finding)
{
	static const struct rw_prefix everybody[] = {{.address.family = 4}, {.address.family = 6}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(everybody); i++) {
		struct rw_set_box box = box_of(services);
		rw_set wanted, both;

		box.remotes = &everybody[i];
		box.remote_count = 1;
		r = rw_set_of_box(subject->sets, &box, &wanted, subject->run->err);
		if (r == 0)
			r = rw_set_intersect(subject->sets, wanted, exposed->added, &both, subject->run->err);
		if (r == 0 && both != RW_SET_EMPTY)
			r = finding_show(subject, exposed, both, finding);
	}
	return r;
}

static int tell(struct openings *openings)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < openings->list.count; i++) {
		const struct opening *opening = rw_vec_at(&openings->list, i);
		struct rw_finding *finding;
		char ports[200];

		format_ranges(&opening->ranges, ports, sizeof(ports));
		r = finding_add(openings->subject, opening->check, &finding, "%s", ports);
		if (r < 0)
			return r;
		finding->is_opening = true;
		r = show(openings->subject, opening->first, &opening->witness, finding);
	}
	return r;
}

/* ---- who is there ---- */

/* How many nodes' evidence of a kind is missing. */
static size_t count_missing(const struct subject *subject, enum rw_check_needs needs)
{
	size_t missing = 0;

	for (size_t i = 0; i < subject->node_count; i++) {
		const struct rw_evidence_node *node =
			rw_evidence_find(subject->run->input->evidence, subject->nodes[i]->id);

		missing += !node || !(needs == RW_NEEDS_LISTENERS ? node->listeners_known
				      : needs == RW_NEEDS_FLOWS   ? node->flows_known
								  : node->routes_known);
	}
	return missing;
}

static bool has_flow(const struct rw_evidence_node *node, uint16_t protocol, uint16_t port)
{
	for (size_t i = 0; i < node->flows.count; i++) {
		const struct rw_evidence_flow *flow = rw_vec_at(&node->flows, i);

		if (flow->accepted && flow->direction == RW_DIRECTION_INGRESS && flow->protocol == protocol &&
		    flow->port == port)
			return true;
	}
	return false;
}

/* Whether on some node somebody listens on the port, or used it. */
static bool is_alive(const struct subject *subject, enum rw_check_needs needs, uint32_t service)
{
	for (size_t i = 0; i < subject->node_count; i++) {
		const struct rw_evidence_node *node =
			rw_evidence_find(subject->run->input->evidence, subject->nodes[i]->id);

		if (node && (needs == RW_NEEDS_LISTENERS
				     ? rw_evidence_listens(node, protocol_of(service), (uint16_t)service)
				     : has_flow(node, protocol_of(service), (uint16_t)service)))
			return true;
	}
	return false;
}

/* Ports of narrow ranges, open to the internet, on which nothing is seen. */
static int judge_silence(struct subject *subject, enum rw_check_number number)
{
	const struct rw_check *check = rw_check_named(number);
	RW_CLEANUP(rw_vec_done) struct rw_vec silent;
	size_t missing = count_missing(subject, check->needs);
	size_t looked_at = 0;
	struct rw_finding *finding;
	char ports[200];

	rw_vec_init(&silent, sizeof(struct open_range), 256);
	for (size_t i = 0; i < subject->exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&subject->exposed, i);

		for (size_t j = 0; j < exposed->ranges.count; j++) {
			const struct open_range *range = rw_vec_at(&exposed->ranges, j);
			struct open_range *slot;

			if (!rw_protocol_has_ports(protocol_of(range->first)) ||
			    range->last - range->first >= WIDE)
				continue;
			for (uint32_t service = range->first; service <= range->last; service++) {
				looked_at++;
				if (missing || is_alive(subject, check->needs, service) ||
				    rw_vec_push(&silent, &slot) < 0)
					continue;
				*slot = (struct open_range){service, service, range->v4, range->v6};
			}
		}
	}
	if (looked_at > 0 && missing)
		return unknown_add(subject, number, missing);
	if (silent.count == 0)
		return 0;
	format_ranges(&silent, ports, sizeof(ports));
	return finding_add(subject, check, &finding, "%s", ports);
}

/* ---- families ---- */

/* A range that is open over one family only, of those that could be open over both. */
static bool is_lopsided(const struct open_range *range, bool v6_only)
{
	return rw_protocol_has_ports(protocol_of(range->first)) && range->v6 == v6_only &&
	       range->v4 == !v6_only;
}

static int judge_ipv6_wider(struct subject *subject)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec wider;
	const struct exposed *first = NULL;
	struct rw_finding *finding;
	struct open_range shown;
	char ports[200];
	int r;

	rw_vec_init(&wider, sizeof(struct open_range), 256);
	for (size_t i = 0; i < subject->exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&subject->exposed, i);

		for (size_t j = 0; j < exposed->ranges.count; j++) {
			const struct open_range *range = rw_vec_at(&exposed->ranges, j);
			struct open_range *slot;

			if (!is_lopsided(range, true) || rw_vec_push(&wider, &slot) < 0)
				continue;
			*slot = (struct open_range){range->first, range->last, true, true};
			first = first ? first : exposed;
		}
	}
	if (!first || !subject->has_v4)
		return 0;
	format_ranges(&wider, ports, sizeof(ports));
	r = finding_add(subject, rw_check_named(RW_CHECK_IPV6_WIDER), &finding, "%s", ports);
	shown = *(struct open_range *)rw_vec_at(&wider, 0);
	shown.last = shown.first;
	return r < 0 ? r : show(subject, first, &shown, finding);
}

/* A listener on every address whose port only IPv4 rules open, on a node with an IPv6 address. */
static bool is_forgotten(const struct subject *subject, const struct rw_evidence_listener *listener)
{
	uint32_t service = (uint32_t)listener->protocol << 16 | listener->port;

	if (listener->address.family == 4)
		return false;
	for (size_t i = 0; i < subject->exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&subject->exposed, i);

		for (size_t j = 0; j < exposed->ranges.count; j++) {
			const struct open_range *range = rw_vec_at(&exposed->ranges, j);

			if (range->first <= service && range->last >= service && is_lopsided(range, false))
				return true;
		}
	}
	return false;
}

static int judge_ipv6_forgotten(struct subject *subject)
{
	size_t missing = count_missing(subject, RW_NEEDS_LISTENERS);
	RW_CLEANUP(rw_vec_done) struct rw_vec forgotten;
	char ports[200];

	rw_vec_init(&forgotten, sizeof(struct open_range), 64);
	if (!subject->has_v6)
		return 0;
	if (missing)
		return unknown_add(subject, RW_CHECK_IPV6_FORGOTTEN, missing);
	for (size_t i = 0; i < subject->node_count; i++) {
		const struct rw_evidence_node *node =
			rw_evidence_find(subject->run->input->evidence, subject->nodes[i]->id);

		for (size_t j = 0; node && j < node->listeners.count; j++) {
			const struct rw_evidence_listener *listener = rw_vec_at(&node->listeners, j);
			uint32_t service = (uint32_t)listener->protocol << 16 | listener->port;
			struct open_range *slot;
			bool seen = false;

			for (size_t k = 0; k < forgotten.count; k++)
				seen |= ((struct open_range *)rw_vec_at(&forgotten, k))->first == service;
			if (!seen && is_forgotten(subject, listener) && rw_vec_push(&forgotten, &slot) == 0)
				*slot = (struct open_range){service, service, true, true};
		}
	}
	if (forgotten.count == 0)
		return 0;
	format_ranges(&forgotten, ports, sizeof(ports));
	return finding_add(subject, rw_check_named(RW_CHECK_IPV6_FORGOTTEN), NULL, "%s", ports);
}

int judge_services(struct subject *subject)
{
	RW_CLEANUP(openings_done) struct openings openings = {.subject = subject};
	int r = 0;

	rw_vec_init(&openings.list, sizeof(struct opening), 256);
	for (size_t i = 0; r == 0 && i < subject->exposed.count; i++)
		r = open_exposed(&openings, rw_vec_at(&subject->exposed, i));
	if (r == 0)
		r = tell(&openings);
	if (r == 0)
		r = judge_ipv6_wider(subject);
	if (r < 0 || subject->hypothetical)
		return r;
	r = judge_silence(subject, RW_CHECK_PORT_WITHOUT_LISTENER);
	if (r == 0)
		r = judge_silence(subject, RW_CHECK_PORT_WITHOUT_FLOWS);
	return r < 0 ? r : judge_ipv6_forgotten(subject);
}
