/* SPDX-License-Identifier: Apache-2.0 */

/* What is open to the internet, as people read it: by protocol and ports, everything in one line. */

#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"

static const char *service_name(uint16_t protocol, uint16_t port)
{
	for (size_t i = 0; i < rw_service_count(); i++) {
		struct rw_service service = rw_service_at(i);

		if (service.protocol == protocol && rw_ports_contains(service.ports, port))
			return service.check->id + strlen("open-");
	}
	return "";
}

static int add_open(struct rw_vec *list, const struct rw_audit_open *open, struct rw_error *err)
{
	struct rw_audit_open *slot;

	for (size_t i = 0; i < list->count; i++) {
		slot = rw_vec_at(list, i);
		if (slot->protocol != open->protocol || slot->ports.first != open->ports.first ||
		    slot->ports.last != open->ports.last)
			continue;
		slot->v4 |= open->v4;
		slot->v6 |= open->v6;
		return 0;
	}
	if (rw_vec_push(list, &slot) < 0)
		return rw_error_oom(err);
	*slot = *open;
	return 0;
}

/* A range of one protocol; a range of many ports has no name of its own. */
static int add_range(struct rw_vec *list, uint32_t first, uint32_t last, const struct open_range *range,
		     struct rw_error *err)
{
	struct rw_audit_open open = {.protocol = (uint16_t)(first >> 16),
				     .ports = {(uint16_t)first, (uint16_t)last},
				     .service = "",
				     .v4 = range->v4,
				     .v6 = range->v6};

	if (!rw_protocol_has_ports(open.protocol))
		open.ports = RW_PORTS_ANY;
	else if (first == last)
		open.service = service_name(open.protocol, open.ports.first);
	return add_open(list, &open, err);
}

static bool is_in_family(const struct open_range *range, uint8_t family)
{
	return family == 4 ? range->v4 : range->v6;
}

/* True when the ranges (ascending) leave out nothing in a family. */
static bool is_everything(const struct rw_vec *ranges, uint8_t family)
{
	uint32_t next = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		const struct open_range *range = rw_vec_at(ranges, i);

		if (is_in_family(range, family) && range->first == next)
			next = range->last + 1;
	}
	return next > RW_SERVICE_LAST;
}

int opens_add(struct rw_vec *list, const struct rw_vec *ranges, struct rw_error *err)
{
	bool all4 = is_everything(ranges, 4), all6 = is_everything(ranges, 6);
	int r = 0;

	if (all4 || all6)
		r = add_open(list, &(struct rw_audit_open){RW_PROTOCOL_ALL, RW_PORTS_ANY, "", all4, all6},
			     err);
	for (size_t i = 0; r == 0 && i < ranges->count; i++) {
		struct open_range range = *(struct open_range *)rw_vec_at(ranges, i);
		uint32_t first = range.first;

		range.v4 &= !all4;
		range.v6 &= !all6;
		while (r == 0 && (range.v4 || range.v6) && first <= range.last) {
			uint32_t last = range.last < (first | 0xffff) ? range.last : first | 0xffff;

			r = add_range(list, first, last, &range, err);
			first = last + 1;
		}
	}
	return r;
}

static int compare_opens(const void *a, const void *b)
{
	const struct rw_audit_open *left = a, *right = b;

	if (left->protocol != right->protocol)
		return (int)left->protocol - (int)right->protocol;
	return (int)left->ports.first - (int)right->ports.first;
}

void opens_sort(struct rw_vec *list)
{
	if (list->count > 1)
		qsort(list->data, list->count, sizeof(struct rw_audit_open), compare_opens);
}
