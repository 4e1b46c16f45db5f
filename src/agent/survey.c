/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/preview.h"
#include "policy/preview.h"

/* How many connections the text names. */
#define SHOWN_MAX 50

void rw_survey_done(struct rw_survey *survey)
{
	survey->policy = rw_policy_unref(survey->policy);
	rw_links_done(&survey->links);
	free(RW_TAKE_PTR(survey->decisions));
	rw_listeners_done(&survey->listeners);
	rw_connections_done(&survey->connections);
}

/* Interfaces are named by the operator or by the policy, as the agent that enforces takes it. */
static int decide(struct rw_survey *survey, const char *const *named, size_t named_count)
{
	const struct rw_policy *policy = survey->policy;
	size_t more = policy ? policy->interface_count : 0;
	RW_CLEANUP(rw_free) const char **names = calloc(named_count + more + 1, sizeof(*names));
	struct rw_link_wish wish = {.named = names, .named_count = named_count + more, .hold_pending = true};

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < named_count; i++)
		names[i] = named[i];
	for (size_t i = 0; i < more; i++)
		names[named_count + i] = policy->interfaces[i].name;
	if (policy) {
		wish.network_cidrs = policy->network_cidrs;
		wish.network_cidr_count = policy->network_cidr_count;
	}
	return rw_link_rules_decide(&survey->links, &wish, &survey->decisions);
}

int rw_survey_take(const struct rw_policy *policy, const char *const *named, size_t named_count,
		   struct rw_survey *ret_survey, struct rw_error *err)
{
	RW_CLEANUP(rw_survey_done)
	struct rw_survey survey = {.policy = policy ? rw_policy_ref(policy) : NULL};
	int r = rw_listeners_read(&survey.listeners, err);

	if (r == 0)
		r = rw_links_read(&survey.links, err);
	if (r < 0)
		return r;
	if (decide(&survey, named, named_count) < 0)
		return rw_error_oom(err);
	if (policy) {
		r = rw_connections_read(&survey.links, &survey.listeners, &survey.connections, err);
		if (r < 0)
			return r;
		survey.has_session =
			rw_connections_mark_session(&survey.connections, getenv("SSH_CONNECTION"), getpid());
	}
	*ret_survey = survey;
	survey = (struct rw_survey){0};
	return 0;
}

bool rw_survey_cuts(const struct rw_survey *survey, const struct rw_connection *connection,
		    struct rw_decision *ret_decision)
{
	return rw_preview_is_cut(survey->policy, survey->decisions, survey->links.count, connection,
				 ret_decision);
}

enum rw_session_fate rw_survey_session(const struct rw_survey *survey)
{
	bool seen = false;

	for (size_t i = 0; i < survey->connections.count; i++) {
		const struct rw_connection *connection = &survey->connections.items[i];

		if (connection->session && rw_survey_cuts(survey, connection, NULL))
			return RW_SESSION_CUT;
		seen |= connection->session;
	}
	return seen ? RW_SESSION_KEPT : survey->has_session ? RW_SESSION_UNKNOWN : RW_SESSION_NONE;
}

const char *rw_link_role_word(enum rw_link_role role)
{
	switch (role) {
	case RW_LINK_IGNORED:
		return "no";
	case RW_LINK_CANDIDATE:
		return "candidate";
	case RW_LINK_PENDING:
		return "pending";
	case RW_LINK_ENFORCED:
		return "yes";
	}
	return "";
}

/* ---- text ---- */

void rw_survey_print_interfaces(const struct rw_survey *survey)
{
	printf("INTERFACES\n");
	for (size_t i = 0; i < survey->links.count; i++) {
		const struct rw_link_decision *decision = &survey->decisions[i];

		printf("  %-9s  %-15s  %s\n", rw_link_role_word(decision->role), decision->name,
		       decision->reason);
		if (survey->links.links[i].virtual_functions)
			printf("  %-9s  %-15s  has %u SR-IOV functions: what goes through one given away is "
			       "not seen\n",
			       "", "", survey->links.links[i].virtual_functions);
	}
}

void rw_survey_print_listeners(const struct rw_survey *survey, bool closed_only)
{
	size_t shown = 0;

	printf(closed_only ? "LISTENERS THAT NO RULE OPENS\n" : "LISTENING\n");
	for (size_t i = 0; i < survey->listeners.count; i++) {
		const struct rw_report_listener *listener = &survey->listeners.items[i];
		bool closed = survey->policy &&
			      !rw_policy_opens(survey->policy, listener->protocol, listener->port);

		if (closed_only && !closed)
			continue;
		shown++;
		printf("  %s/%u%s%s%s\n", listener->protocol == RW_PROTOCOL_TCP ? "tcp" : "udp",
		       listener->port, listener->process[0] ? "  " : "", listener->process,
		       closed ? "  (no rule opens it)" : "");
	}
	if (!shown)
		printf("  none\n");
}

static void print_cut(const struct rw_connection *connection, const struct rw_decision *decision)
{
	char local[RW_ADDRESS_TEXT_SIZE], remote[RW_ADDRESS_TEXT_SIZE];
	const struct rw_packet *opener = &connection->opener;

	rw_address_format(&opener->local, local);
	rw_address_format(&opener->remote, remote);
	printf("  tcp  %s port %u  %s  %s port %u  on %s  by %s%s\n", local, opener->local_port,
	       opener->direction == RW_DIRECTION_INGRESS ? "from" : "to", remote, opener->remote_port,
	       connection->interface, rw_decision_cause(decision),
	       connection->session ? "  (your SSH session)" : "");
}

void rw_survey_print_cuts(const struct rw_survey *survey)
{
	struct rw_decision decision;
	size_t cut = 0;

	for (size_t i = 0; i < survey->connections.count; i++) {
		if (!rw_survey_cuts(survey, &survey->connections.items[i], &decision))
			continue;
		if (cut++ < SHOWN_MAX)
			print_cut(&survey->connections.items[i], &decision);
	}
	if (cut > SHOWN_MAX)
		printf("  and %zu more\n", cut - SHOWN_MAX);
	else if (cut == 0)
		printf("  none\n");
	if (survey->connections.cut)
		printf("  Only the first %d connections were looked at.\n", RW_CONNECTIONS_MAX);
	switch (rw_survey_session(survey)) {
	case RW_SESSION_NONE:
		break;
	case RW_SESSION_KEPT:
		printf("  Your SSH session would go on.\n");
		break;
	case RW_SESSION_CUT:
		printf("  Your SSH session would be cut.\n");
		break;
	case RW_SESSION_UNKNOWN:
		printf("  Your SSH session was not found among them: whether it would go on is not known.\n");
		break;
	}
	printf("  Forwarded connections (containers behind NAT) are not looked at.\n");
}
