/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#define NONE RW_KIND_COUNT_

/* Parameters of every change. */
#define CHANGE "wait wait_all force dry_run established"

/* The five routes of a kind of object. */
#define RESOURCE(path, kind, filters, create, delete_parameters)                                             \
	{"GET", "v1/" path, RW_API_VIEWER, false, "limit after " filters, rw_api_list_objects, kind},        \
		{"POST", "v1/" path, RW_API_OPERATOR, true, CHANGE, create, kind},                           \
		{"GET", "v1/" path "/{}", RW_API_VIEWER, false, "", rw_api_get_object, kind},                \
		{"PATCH", "v1/" path "/{}", RW_API_OPERATOR, true, CHANGE, rw_api_patch_object, kind},       \
	{                                                                                                    \
		"DELETE", "v1/" path "/{}", RW_API_OPERATOR, false, CHANGE delete_parameters,                \
			rw_api_delete_object, kind                                                           \
	}

#define GROUP "v1/security-groups/{}/"

/* What a plan to tighten goes by. */
#define TIGHTEN "since need close without_flows without_listeners"

const struct rw_api_route rw_api_routes[] = {
	RESOURCE("networks", RW_KIND_NETWORK, "name", rw_api_create_object, ""),
	RESOURCE("clusters", RW_KIND_CLUSTER, "name network", rw_api_create_cluster, " with_nodes"),
	RESOURCE("nodes", RW_KIND_NODE, "name network cluster details", rw_api_create_object, ""),
	RESOURCE("security-groups", RW_KIND_GROUP, "name network cluster", rw_api_create_object, ""),
	RESOURCE("prefix-lists", RW_KIND_PREFIX_LIST, "name", rw_api_create_object, ""),
	{"GET", "v1/prefix-lists/{}/referrers", RW_API_VIEWER, false, "", rw_api_list_referrers,
	 RW_KIND_PREFIX_LIST},
	RESOURCE("load-balancers", RW_KIND_LOAD_BALANCER, "name cluster", rw_api_create_object, ""),
	{"GET", "v1/promises/check", RW_API_VIEWER, false, "network", rw_api_check_promises, NONE},
	RESOURCE("promises", RW_KIND_PROMISE, "network", rw_api_create_object, ""),

	{"GET", "v1/nodes/{}/preview", RW_API_VIEWER, false, "", rw_api_get_node_preview, NONE},
	{"GET", "v1/clusters/{}/preview", RW_API_VIEWER, false, "", rw_api_get_cluster_preview, NONE},

	{"GET", "v1/clusters/{}/tighten", RW_API_VIEWER, false, TIGHTEN " stage", rw_api_get_tighten, NONE},
	{"POST", "v1/clusters/{}/tighten/apply", RW_API_OPERATOR, true, CHANGE " " TIGHTEN,
	 rw_api_apply_tighten, NONE},
	{"POST", "v1/clusters/{}/tighten/undo", RW_API_OPERATOR, false, CHANGE, rw_api_undo_tighten, NONE},
	{"GET", "v1/clusters/{}/check", RW_API_VIEWER, false, "", rw_api_check_cluster, NONE},
	{"POST", "v1/clusters/{}/fix", RW_API_OPERATOR, false, CHANGE, rw_api_fix_cluster, NONE},
	{"POST", "v1/clusters/{}/rebind", RW_API_OPERATOR, false, CHANGE " no_web ipv6 group",
	 rw_api_rebind_cluster, NONE},

	{"GET", GROUP "rules", RW_API_VIEWER, false, "limit after", rw_api_list_rules, NONE},
	{"POST", GROUP "rules", RW_API_OPERATOR, true, CHANGE, rw_api_add_rules, NONE},
	{"POST", GROUP "rules/revoke", RW_API_OPERATOR, true, CHANGE, rw_api_revoke_rules, NONE},
	{"GET", GROUP "rules/{}", RW_API_VIEWER, false, "", rw_api_get_rule, NONE},
	{"PATCH", GROUP "rules/{}", RW_API_OPERATOR, true, CHANGE, rw_api_patch_rule, NONE},
	{"DELETE", GROUP "rules/{}", RW_API_OPERATOR, false, CHANGE, rw_api_delete_rule, NONE},
	{"GET", GROUP "hits", RW_API_VIEWER, false, "", rw_api_list_hits, NONE},
	{"POST", GROUP "members", RW_API_OPERATOR, true, CHANGE, rw_api_add_members, NONE},
	{"DELETE", GROUP "members/{}", RW_API_OPERATOR, false, CHANGE " interface", rw_api_remove_member,
	 NONE},
	{"GET", GROUP "referrers", RW_API_VIEWER, false, "", rw_api_list_referrers, RW_KIND_GROUP},
	{"GET", GROUP "revisions/{}", RW_API_VIEWER, false, "", rw_api_get_past_group, NONE},

	{"POST", "v1/join-tokens", RW_API_OPERATOR, true, "", rw_api_create_join_token, NONE},
	{"GET", "v1/keys", RW_API_ADMIN, false, "limit after", rw_api_list_keys, NONE},
	{"POST", "v1/keys", RW_API_ADMIN, true, "", rw_api_create_key, NONE},
	{"DELETE", "v1/keys/{}", RW_API_ADMIN, false, "", rw_api_revoke_key, NONE},
	{"POST", "v1/session", RW_API_PUBLIC, false, "", rw_api_sign_in, NONE},
	{"GET", "v1/session", RW_API_SESSION, false, "", rw_api_get_session, NONE},
	{"DELETE", "v1/session", RW_API_SESSION, false, "", rw_api_sign_out, NONE},
	{"POST", "v1/console-links", RW_API_VIEWER, false, "", rw_api_create_console_link, NONE},
	{"GET", "v1/whoami", RW_API_VIEWER, false, "", rw_api_whoami, NONE},

	{"GET", "v1/authority", RW_API_VIEWER, false, "", rw_api_get_authority, NONE},
	{"POST", "v1/authority/introduce", RW_API_ADMIN, false, "", rw_api_introduce_authority, NONE},
	{"POST", "v1/authority/switch", RW_API_ADMIN, false, "force", rw_api_switch_authority, NONE},
	{"POST", "v1/authority/retire", RW_API_ADMIN, false, "force", rw_api_retire_authority, NONE},

	{"GET", "v1/log", RW_API_VIEWER, false, "limit after object who action", rw_api_list_log, NONE},
	{"GET", "v1/events", RW_API_VIEWER, false, "since", rw_api_follow_events, NONE},
	{"GET", "v1/changes/{}", RW_API_VIEWER, false, "wait wait_all", rw_api_get_change, NONE},
	{"GET", "v1/audit/suppressions", RW_API_VIEWER, false, "limit after", rw_api_list_suppressions, NONE},
	{"POST", "v1/audit/suppressions", RW_API_OPERATOR, true, "", rw_api_create_suppression, NONE},
	{"DELETE", "v1/audit/suppressions/{}", RW_API_OPERATOR, false, "", rw_api_delete_suppression, NONE},
	{"GET", "v1/audit/summary", RW_API_VIEWER, false, "cluster", rw_api_get_audit_summary, NONE},
	{"GET", "v1/audit", RW_API_VIEWER, false, "cluster", rw_api_get_audit, NONE},
	{"GET", "v1/status", RW_API_VIEWER, false, "", rw_api_get_status, NONE},
	{"GET", "v1/trace", RW_API_VIEWER, false, "from to interface", rw_api_trace, NONE},
	{"POST", "v1/trace", RW_API_VIEWER, false, "node", rw_api_trace_event, NONE},
	{"GET", "v1/reach", RW_API_VIEWER, false, "from to service because", rw_api_reach, NONE},
	{"GET", "v1/reach/matrix", RW_API_VIEWER, false, "cluster", rw_api_reach_matrix, NONE},
	{"GET", "v1/diff", RW_API_VIEWER, false, "from to", rw_api_diff_revisions, NONE},
	{"POST", "v1/diff", RW_API_VIEWER, false, "", rw_api_diff, NONE},
	{"GET", "v1/lint", RW_API_VIEWER, false, "scope", rw_api_lint, NONE},
	{"GET", "v1/model", RW_API_VIEWER, false, "", rw_api_export_model, NONE},
	{"POST", "v1/model", RW_API_ADMIN, false, "", rw_api_import_model, NONE},
	{"POST", "v1/apply", RW_API_OPERATOR, false, CHANGE, rw_api_apply, NONE},

	{"POST", "v1/agent/join", RW_API_PUBLIC, false, "", rw_api_join, NONE},
	{"POST", "v1/agent/join/preview", RW_API_PUBLIC, false, "", rw_api_join_preview, NONE},
	{"GET", "v1/agent/stream", RW_API_AGENT, false, "incarnation revision digest", rw_api_agent_stream,
	 NONE},
	{"POST", "v1/agent/report", RW_API_AGENT, false, "", rw_api_agent_report, NONE},
	{"POST", "v1/agent/renew", RW_API_AGENT, false, "", rw_api_agent_renew, NONE},

	{"GET", "v1/flows", RW_API_VIEWER, false,
	 "limit after cluster node verdict direction protocol port since until", rw_api_list_flows, NONE},
	{"GET", "v1/flows/series", RW_API_VIEWER, false,
	 "step cluster node verdict direction protocol port since", rw_api_get_flow_series, NONE},
	{"GET", "v1/flows/follow", RW_API_VIEWER, false, "cluster node verdict", rw_api_follow_flows, NONE},

	{"GET", "healthz", RW_API_PUBLIC, false, "", rw_api_get_health, NONE},
	{"GET", "readyz", RW_API_PUBLIC, false, "", rw_api_get_ready, NONE},
	{"GET", "metrics", RW_API_SCRAPE, false, "", rw_api_get_metrics, NONE},
	{"GET", "", RW_API_PUBLIC, false, "", rw_api_get_root, NONE},
	{0},
};

static const char *const access_words[RW_API_ACCESS_COUNT_] = {"public", "scrape",  "viewer", "operator",
							       "admin",  "session", "agent"};

int rw_api_list_routes(struct rw_buf *buf)
{
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		(void)rw_buf_append_format(buf, "%s /%s %s %s\n", route->method, route->path,
					   access_words[route->access], route->parameters);
	return rw_buf_check(buf, NULL);
}
