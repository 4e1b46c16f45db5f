/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/commands.h"
#include "agent/consent.h"
#include "agent/controllers.h"
#include "agent/report.h"
#include "agent/seal.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "crypto/token.h"
#include "group/validate.h"
#include "http/client.h"
#include "loop/loop.h"
#include "wire/join.h"
#include "wire/problem.h"

#define JOIN_TIMEOUT_MS 30000u
#define POLICY_SIZE_MAX (64u << 20)
#define LOOKS_MAX       3 /* until policy and interfaces agree */
#define TRIES_MAX       3 /* when the rules change in between */

/* ---- the operator's words ---- */

/* Lower-case hex without the colons that openssl writes. */
static int normalise_fingerprint(const char *text, char fingerprint[2 * RW_SHA256_SIZE + 1],
				 struct rw_error *err)
{
	size_t length = 0;

	if (strncasecmp(text, "sha256:", 7) == 0)
		text += 7;
	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) || length == (size_t)2 * RW_SHA256_SIZE)
			return rw_error_field(err, "--ca-fingerprint", "not a SHA-256 fingerprint");
		fingerprint[length++] = (char)tolower((unsigned char)*text);
	}
	fingerprint[length] = '\0';
	if (length != (size_t)2 * RW_SHA256_SIZE)
		return rw_error_field(err, "--ca-fingerprint", "not a SHA-256 fingerprint (64 hex digits)");
	return 0;
}

static int check_options(const struct rw_join_options *options, struct rw_error *err)
{
	char id[RW_TOKEN_ID_MAX + 1], secret[RW_TOKEN_SECRET_SIZE];
	struct rw_error unfit = RW_ERROR_NONE;
	struct rw_agent_identity identity;
	int r;

	if (!options->ca_file && !options->ca_fingerprint) {
		(void)rw_error_field(err, "--ca-fingerprint",
				     "is missing: nothing says how to know the right controller");
		(void)rw_error_hint(
			err, "Give the --ca-fingerprint that was shown with the token, or --ca FILE with "
			     "the controller's ca.pem.");
		return -EINVAL;
	}
	r = rw_token_parse(options->token, id, secret);
	rw_secret_wipe(secret, sizeof(secret));
	if (r < 0)
		return rw_error_field(err, "--token", "not a join token (<id>.<secret>)");
	if (options->name && rw_validate_node_name(options->name, &unfit) < 0) {
		(void)rw_error_field(err, "--name", "'%.80s' is %s", options->name, unfit.text);
		return rw_error_hint(err, "%s", unfit.hint);
	}
	if (!options->replace && rw_agent_identity_load(&options->place, &identity, NULL) == 0) {
		(void)rw_error_set(err, -EEXIST, "this machine has joined already as node %s of %s",
				   identity.name, identity.server);
		(void)rw_error_hint(err, "To join anew, add --replace.");
		return -EEXIST;
	}
	return 0;
}

/* ---- the request ---- */

static int take_text(char **slot, const char *text, struct rw_error *err)
{
	*slot = strdup(text);
	return *slot ? 0 : rw_error_oom(err);
}

static void *copy_ports(const uint16_t *ports, size_t count)
{
	uint16_t *copy = calloc(count + 1, sizeof(*copy));

	if (copy && count)
		memcpy(copy, ports, count * sizeof(*copy));
	return copy;
}

/* Tells what the survey has seen: the interfaces and where sshd listens. */
static int fill_seen(const struct rw_survey *survey, struct rw_join_request *request, struct rw_error *err)
{
	rw_join_request_forget_seen(request);
	request->ssh_ports = copy_ports(survey->listeners.ssh_ports, survey->listeners.ssh_port_count);
	if (!request->ssh_ports)
		return rw_error_oom(err);
	request->ssh_port_count = survey->listeners.ssh_port_count;
	if (rw_report_interfaces_make(&survey->links, survey->decisions, &request->interfaces,
				      &request->interface_count) < 0)
		return rw_error_oom(err);
	return 0;
}

static int check_named(const struct rw_join_options *options, const struct rw_survey *survey,
		       struct rw_error *err)
{
	for (size_t i = 0; i < options->named_count; i++)
		if (!rw_links_find_name(&survey->links, options->named[i]))
			return rw_error_set(err, -ENODEV, "there is no interface %s here", options->named[i]);
	return 0;
}

static int make_request(const struct rw_join_options *options, const char *key_pem, const char *name,
			struct rw_join_request *request, struct rw_error *err)
{
	char machine_id[RW_AGENT_MACHINE_ID_SIZE];
	int r = rw_agent_machine_id(&options->place, machine_id, err);

	if (r == 0)
		r = take_text(&request->machine_id, machine_id, err);
	if (r == 0)
		r = take_text(&request->token, options->token, err);
	if (r == 0)
		r = take_text(&request->name, name, err);
	if (r == 0 && options->cluster)
		r = take_text(&request->cluster, options->cluster, err);
	if (r == 0)
		r = rw_cert_make_request(key_pem, name, &request->csr, err);
	request->replace = options->replace;
	return r;
}

/* ---- the exchange ---- */

/* Where the request goes. */
struct link_to_controller {
	const struct rw_join_options *options;
	const char *server;                       /* https://host:port */
	bool passed_on;                           /* it does not serve: another controller may */
	char fingerprint[2 * RW_SHA256_SIZE + 1]; /* "" = trusted by the authority's file */
};

static int explain_failure(const struct link_to_controller *to, int result, struct rw_error *err)
{
	(void)rw_error_wrap(err, "%s", to->server);
	if (result == -EKEYREJECTED)
		(void)rw_error_hint(err, "This is not the controller that the fingerprint or authority "
					 "belongs to; the token was not sent.");
	return result;
}

static int call(struct link_to_controller *to, const char *path, const struct rw_buf *body,
		struct rw_http_result *ret_result, struct rw_error *err)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *client = NULL;
	char url[RW_AGENT_SERVER_SIZE + 32];
	struct rw_http_client_options setup = {
		.clock = to->options->clock,
		.ca_file = to->options->ca_file,
		.ca_fingerprint = to->fingerprint[0] ? to->fingerprint : NULL,
	};
	const struct rw_http_call_options options = {
		.method = "POST",
		.url = url,
		.content_type = "application/json",
		.body = body->data,
		.body_size = body->size,
		.total_ms = JOIN_TIMEOUT_MS,
		.max_body_bytes = POLICY_SIZE_MAX,
	};
	int r = rw_loop_new(&loop, err);

	if (r < 0)
		return r;
	setup.loop = loop;
	r = rw_http_client_new(&setup, &client, err);
	if (r < 0)
		return r;
	(void)snprintf(url, sizeof(url), "%s%s", to->server, path);
	r = rw_http_client_wait(client, &options, ret_result, err);
	if (r < 0) {
		to->passed_on = true;
		return explain_failure(to, r, err);
	}
	if (ret_result->status != 200 && ret_result->status != 201) {
		struct rw_error problem = RW_ERROR_NONE;

		rw_problem_decode(ret_result->body ? ret_result->body : "", ret_result->body_size,
				  (int)ret_result->status, &problem);
		to->passed_on = ret_result->status == 503;
		if (to->passed_on)
			(void)rw_error_wrap(&problem, "%s", to->server);
		if (err)
			*err = problem;
		return problem.code;
	}
	return 0;
}

static int exchange(struct link_to_controller *to, const char *path, const struct rw_join_request *request,
		    struct rw_http_result *ret_result, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	int r;

	rw_buf_init(&body, 1u << 20);
	r = rw_join_request_encode(&body, request, err);
	if (r == 0)
		r = call(to, path, &body, ret_result, err);
	rw_secret_wipe(body.data, body.size); /* the token is in it */
	return r;
}

/* ---- what it would do ---- */

static int ask_policy(struct link_to_controller *to, const struct rw_join_request *request,
		      struct rw_policy **ret_policy, struct rw_error *err)
{
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	struct rw_position position;
	int r = exchange(to, "/v1/agent/join/preview", request, &result, err);

	if (r < 0)
		return r;
	r = rw_policy_file_decode(result.body ? result.body : "", result.body_size, &position, ret_policy,
				  err);
	return r < 0 ? rw_error_wrap(err, "the controller's answer") : 0;
}

static bool same_interfaces(const struct rw_survey *a, const struct rw_survey *b)
{
	if (a->links.count != b->links.count)
		return false;
	for (size_t i = 0; i < a->links.count; i++)
		if (a->decisions[i].ifindex != b->decisions[i].ifindex ||
		    a->decisions[i].role != b->decisions[i].role)
			return false;
	return true;
}

/*
 * The policy follows from the interfaces that are enforced, and these from the policy, which knows the
 * network's CIDRs: the second look agrees with the first, or the third with the second.
 */
static int look(struct link_to_controller *to, struct rw_join_request *request, struct rw_survey *ret_survey,
		struct rw_error *err)
{
	const struct rw_join_options *options = to->options;
	RW_CLEANUP(rw_survey_done) struct rw_survey survey = {0};
	int r = rw_survey_take(NULL, options->named, options->named_count, &survey, err);

	if (r == 0)
		r = check_named(options, &survey, err);
	for (int i = 0; r == 0 && i < LOOKS_MAX; i++) {
		RW_CLEANUP(rw_survey_done) struct rw_survey next = {0};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
		bool settled;

		r = fill_seen(&survey, request, err);
		if (r == 0)
			r = ask_policy(to, request, &policy, err);
		if (r == 0)
			r = rw_survey_take(policy, options->named, options->named_count, &next, err);
		if (r < 0)
			break;
		settled = same_interfaces(&survey, &next);
		rw_survey_done(&survey);
		survey = next;
		next = (struct rw_survey){0};
		if (settled)
			break;
	}
	if (r < 0)
		return r;
	*ret_survey = survey;
	survey = (struct rw_survey){0};
	return 0;
}

/* Looks, shows, asks.  The request then says what is wanted, and of which policy. */
static int prepare(struct link_to_controller *to, struct rw_join_request *request, bool *ret_monitored,
		   struct rw_error *err)
{
	RW_CLEANUP(rw_survey_done) struct rw_survey survey = {0};
	enum rw_consent consent;
	int r;

	request->monitor = false;
	request->has_digest = false;
	r = look(to, request, &survey, err);
	if (r == 0)
		r = rw_consent_get(to->options, &survey, &consent, err);
	if (r < 0)
		return r;
	request->monitor = consent == RW_CONSENT_MONITOR;
	*ret_monitored = request->monitor || survey.policy->enforcement == RW_MONITOR;
	if (request->monitor)
		return 0;
	request->has_digest = true;
	request->digest = rw_join_digest(survey.policy);
	return 0;
}

/* ---- what comes back ---- */

/* The certificate must be for our key's node and of the authority we trust; the authority the pinned one. */
static int check_answer(const struct rw_join_options *options, const char *fingerprint,
			const struct rw_join_answer *answer, struct rw_error *err)
{
	struct rw_cert_info ca, certificate;
	int r = rw_cert_read(answer->ca, &ca, err);

	if (r == 0)
		r = rw_cert_verify(answer->certificate, answer->ca,
				   rw_clock_realtime_ms(options->clock) / 1000, &certificate, err);
	if (r < 0) {
		(void)rw_error_wrap(err, "the controller's answer");
		return r;
	}
	if (fingerprint[0] && strcmp(ca.fingerprint, fingerprint) != 0)
		return rw_error_set(err, -EKEYREJECTED,
				    "the controller's answer holds another authority than the pinned one");
	if (certificate.role != RW_CERT_ROLE_AGENT || strcmp(certificate.common_name, answer->node) != 0)
		return rw_error_set(err, -EKEYREJECTED,
				    "the controller's answer holds no certificate of node %s", answer->node);
	return 0;
}

static int write_text(const struct rw_agent_place *place, const char *file, const char *text, mode_t mode,
		      struct rw_error *err)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(place, file, path);
	return rw_file_write(path, text, strlen(text), mode, err);
}

/* The identity comes last: with it the machine has joined. */
static int store(const struct rw_join_options *options, const struct rw_controllers *controllers,
		 const char *key_pem, const struct rw_join_answer *answer, struct rw_error *err)
{
	const struct rw_agent_place *place = &options->place;
	struct rw_agent_identity identity = {0};
	int r = rw_agent_state_make(place, err);

	(void)snprintf(identity.node, sizeof(identity.node), "%s", answer->node);
	(void)snprintf(identity.name, sizeof(identity.name), "%s", answer->name);
	(void)snprintf(identity.server, sizeof(identity.server), "%s", controllers->current);
	if (r == 0)
		r = write_text(place, "key.pem", key_pem, 0600, err);
	if (r == 0)
		r = write_text(place, "cert.pem", answer->certificate, 0644, err);
	if (r == 0)
		r = write_text(place, "ca.pem", answer->ca, 0644, err);
	if (r == 0)
		r = rw_controllers_save(place, identity.node, controllers, err);
	if (r == 0)
		r = rw_agent_identity_save(place, &identity, err);
	if (r < 0)
		return r;
	/* A policy of an earlier life belongs to another node, and joining is meant to enforce. */
	rw_agent_policy_forget(place);
	rw_seal_remove(place);
	return rw_agent_set_detached(place, false, err);
}

static void wipe_text(char **text)
{
	if (*text)
		rw_secret_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* Prepares and joins, anew when the policy changes between the two. */
static int join_at(struct link_to_controller *to, struct rw_join_request *request,
		   struct rw_join_answer *ret_answer, bool *ret_monitored, struct rw_error *err)
{
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	int r = -ESTALE;

	for (int i = 0; r == -ESTALE && i < TRIES_MAX; i++) {
		rw_http_result_done(&result);
		result = (struct rw_http_result){0};
		to->passed_on = false;
		if (i)
			printf("The rules for this node have changed meanwhile; once more:\n\n");
		r = prepare(to, request, ret_monitored, err);
		if (r < 0)
			break;
		r = exchange(to, "/v1/agent/join", request, &result, err);
		/* Without an answer nobody knows whether the token was spent. */
		if (result.status == 0)
			to->passed_on = false;
	}
	if (r == 0)
		r = rw_join_answer_decode(result.body ? result.body : "", result.body_size, ret_answer, err);
	return r == 0 ? check_answer(to->options, to->fingerprint, ret_answer, err) : r;
}

static void tell(const struct link_to_controller *to, const struct rw_join_answer *answer, bool monitored)
{
	printf("Joined %s as node %s (%s)%s.\nStart the agent, or start it again: ringwall-agent run --state "
	       "%s\n",
	       to->server, answer->name, answer->node,
	       monitored ? ", in monitor: what would be dropped is counted and passes" : "",
	       to->options->place.state);
	if (monitored)
		printf("Enforce when you have seen enough: ringwall node enforce %s\n", answer->name);
}

/* Those that the operator names. */
static int list_controllers(const struct rw_join_options *options, struct rw_controllers *controllers,
			    struct rw_error *err)
{
	for (size_t i = 0; i < options->server_count; i++) {
		struct rw_error unfit = RW_ERROR_NONE;
		char url[RW_AGENT_SERVER_SIZE];
		int r = rw_controllers_parse_url(options->servers[i], url, &unfit);

		if (r == 0)
			r = rw_controllers_add_joined(controllers, url, &unfit);
		if (r < 0)
			return rw_error_field(err, "--server", "%s", unfit.text);
	}
	return 0;
}

/* Joins at the first that serves; 'controllers' then says which. */
static int join_at_one(struct link_to_controller *to, struct rw_controllers *controllers,
		       struct rw_join_request *request, struct rw_join_answer *ret_answer,
		       bool *ret_monitored, struct rw_error *err)
{
	struct rw_error reason = RW_ERROR_NONE;
	bool is_left = true, moved;
	int r;

	do {
		to->server = rw_controllers_next(controllers, &moved);
		reason = RW_ERROR_NONE;
		r = join_at(to, request, ret_answer, ret_monitored, &reason);
		if (r < 0 && to->passed_on)
			is_left = rw_controllers_failed(controllers);
		if (r < 0 && to->passed_on && is_left)
			fprintf(stderr, "ringwall-agent: passed over: %s\n", reason.text);
	} while (r < 0 && to->passed_on && is_left);
	if (r < 0 && err)
		*err = reason;
	else
		rw_controllers_worked(controllers);
	return r;
}

static int join(const struct rw_join_options *options, const char *key_pem, struct rw_error *err)
{
	RW_CLEANUP(rw_join_request_done) struct rw_join_request request = {0};
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct link_to_controller to = {.options = options};
	struct rw_controllers controllers = {.count = 0};
	bool monitored = false;
	struct utsname host;
	int r;

	r = list_controllers(options, &controllers, err);
	if (r == 0 && options->ca_fingerprint)
		r = normalise_fingerprint(options->ca_fingerprint, to.fingerprint, err);
	if (r < 0)
		return r;
	(void)uname(&host);
	host.nodename[strcspn(host.nodename, ".")] = '\0';
	r = make_request(options, key_pem, options->name ? options->name : host.nodename, &request, err);
	if (r == 0)
		r = join_at_one(&to, &controllers, &request, &answer, &monitored, err);
	if (r == 0)
		r = store(options, &controllers, key_pem, &answer, err);
	if (r == 0)
		tell(&to, &answer, monitored);
	return r;
}

int rw_command_join(const struct rw_join_options *options, struct rw_error *err)
{
	char *key_pem = NULL;
	int r = check_options(options, err);

	if (r == 0)
		r = rw_cert_make_key(&key_pem, err);
	if (r == 0)
		r = join(options, key_pem, err);
	wipe_text(&key_pem);
	return r;
}
