/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/log.h"
#include "controller/internal.h"

static_assert(2 * RW_CONTROLLER_ENDPOINTS_MAX <= RW_POLICY_CONTROLLERS_MAX,
	      "a policy holds controllers and stores");

static int compare_endpoints(const void *a, const void *b)
{
	const struct rw_endpoint *left = a;
	const struct rw_endpoint *right = b;
	int order = rw_address_compare(&left->address, &right->address);

	return order ? order : (left->port > right->port) - (left->port < right->port);
}

static size_t sort_once(struct rw_endpoint *endpoints, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(endpoints, count, sizeof(*endpoints), compare_endpoints);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_endpoints(&endpoints[kept - 1], &endpoints[i]) != 0)
			endpoints[kept++] = endpoints[i];
	return kept;
}

static int copy_sorted(const struct rw_endpoint *from, size_t count, const char *what,
		       struct rw_endpoint **ret_endpoints, size_t *ret_count)
{
	if (!rw_array_dup(ret_endpoints, ret_count, from, count, sizeof(*from)))
		return -ENOMEM;
	*ret_count = sort_once(*ret_endpoints, *ret_count);
	if (*ret_count > RW_CONTROLLER_ENDPOINTS_MAX) {
		rw_log_warning("policies name the first %d endpoints  of=%s there=%zu",
			       RW_CONTROLLER_ENDPOINTS_MAX, what, *ret_count);
		*ret_count = RW_CONTROLLER_ENDPOINTS_MAX;
	}
	return 0;
}

static void append(struct surroundings *around, const struct rw_endpoint *endpoints, size_t count)
{
	for (size_t i = 0; i < count; i++)
		around->all[around->all_count++] = endpoints[i];
}

int surroundings_init(struct surroundings *around, const struct rw_endpoint *endpoints, size_t endpoint_count,
		      const struct rw_endpoint *stores, size_t store_count)
{
	RW_CLEANUP(rw_free) struct rw_endpoint *of_stores = NULL;
	size_t count = 0;
	int r;

	*around = (struct surroundings){0};
	r = copy_sorted(endpoints, endpoint_count, "controllers", &around->endpoints,
			&around->endpoint_count);
	if (r == 0)
		r = copy_sorted(stores, store_count, "stores", &of_stores, &count);
	if (r < 0)
		return r;
	around->all = calloc(around->endpoint_count + count + 1, sizeof(*around->all));
	if (!around->all)
		return -ENOMEM;
	append(around, around->endpoints, around->endpoint_count);
	append(around, of_stores, count);
	around->all_count = sort_once(around->all, around->all_count);
	return 0;
}

int surroundings_copy(struct surroundings *around, const struct surroundings *from)
{
	*around = (struct surroundings){0};
	return rw_array_dup(&around->endpoints, &around->endpoint_count, from->endpoints,
			    from->endpoint_count, sizeof(*from->endpoints)) &&
			       rw_array_dup(&around->all, &around->all_count, from->all, from->all_count,
					    sizeof(*from->all))
		       ? 0
		       : -ENOMEM;
}

void surroundings_done(struct surroundings *around)
{
	free(around->endpoints);
	free(around->all);
	*around = (struct surroundings){0};
}

static bool has_address(const struct rw_node *node, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];

		for (size_t k = 0; k < interface->address_count; k++)
			if (rw_address_equal(&interface->addresses[k], address))
				return true;
	}
	return false;
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

size_t surroundings_hosted_ports(const struct surroundings *around, const struct rw_node *node,
				 uint16_t ports[RW_POLICY_CONTROLLERS_MAX])
{
	size_t count = 0;
	size_t kept = 0;

	for (size_t i = 0; i < around->all_count; i++)
		if (has_address(node, &around->all[i].address))
			ports[count++] = around->all[i].port;
	if (count)
		qsort(ports, count, sizeof(*ports), compare_ports);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || ports[kept - 1] != ports[i])
			ports[kept++] = ports[i];
	return kept;
}
