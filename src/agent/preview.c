/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/preview.h"

#include <string.h>

#include "policy/preview.h"

/* A bridge is enforced by its ports, which name it. */
static bool is_enforced(const struct rw_link_decision *decisions, size_t count, const char *interface)
{
	for (size_t i = 0; i < count; i++)
		if (decisions[i].role == RW_LINK_ENFORCED && strcmp(decisions[i].interface, interface) == 0)
			return true;
	return false;
}

bool rw_preview_is_cut(const struct rw_policy *policy, const struct rw_link_decision *decisions, size_t count,
		       const struct rw_connection *connection, struct rw_decision *ret_decision)
{
	return connection->interface[0] && is_enforced(decisions, count, connection->interface) &&
	       rw_policy_cuts(policy, connection->interface, &connection->opener, ret_decision);
}
