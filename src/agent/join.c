/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/commands.h"
#include "agent/report.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "crypto/token.h"
#include "http/client.h"
#include "loop/loop.h"
#include "wire/join.h"
#include "wire/problem.h"

#define DEFAULT_PORT    8443
#define JOIN_TIMEOUT_MS 30000u

/* ---- the operator's words ---- */

/* Whether a port stands behind the host's name or bracketed address. */
static bool has_port(const char *host, size_t length)
{
	while (length-- > 0) {
		if (host[length] == ':')
			return true;
		if (host[length] == ']')
			return false;
	}
	return false;
}

/* Brings "host", "host:port" or "https://host:port/" to "https://host:port". */
static int normalise_server(const char *text, char server[RW_AGENT_SERVER_SIZE], struct rw_error *err)
{
	const char *host = text;
	size_t length;
	int written;

	if (strncmp(text, "http://", 7) == 0) {
		(void)rw_error_field(err, "--server", "an agent talks to its controller by https only");
		return -EINVAL;
	}
	if (strncmp(text, "https://", 8) == 0)
		host = text + 8;
	length = strcspn(host, "/?#");
	if (length == 0 || strspn(host + length, "/") != strlen(host + length))
		return rw_error_field(err, "--server", "not the address of a controller: %s", text);
	if (has_port(host, length))
		written = snprintf(server, RW_AGENT_SERVER_SIZE, "https://%.*s", (int)length, host);
	else
		written = snprintf(server, RW_AGENT_SERVER_SIZE, "https://%.*s:%d", (int)length, host,
				   DEFAULT_PORT);
	if (written < 0 || written >= RW_AGENT_SERVER_SIZE)
		return rw_error_field(err, "--server", "too long");
	return 0;
}

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
	struct rw_agent_identity identity;
	int r;

	if (!options->ca_file && !options->ca_fingerprint) {
		(void)rw_error_set(err, -EINVAL, "nothing says how to know the right controller");
		(void)rw_error_hint(
			err, "Give the --ca-fingerprint that was shown with the token, or --ca FILE with "
			     "the controller's ca.pem.");
		return -EINVAL;
	}
	r = rw_token_parse(options->token, id, secret);
	rw_secret_wipe(secret, sizeof(secret));
	if (r < 0)
		return rw_error_field(err, "--token", "not a join token (<id>.<secret>)");
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

static int fill_interfaces(const struct rw_join_options *options, struct rw_join_request *request,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	RW_CLEANUP(rw_free) struct rw_link_decision *decisions = NULL;
	const struct rw_link_wish wish = {.named = options->named, .named_count = options->named_count};
	int r = rw_links_read(&links, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < options->named_count; i++)
		if (!rw_links_find_name(&links, options->named[i]))
			return rw_error_field(err, "--interface", "there is no interface %s here",
					      options->named[i]);
	if (rw_link_rules_decide(&links, &wish, &decisions) < 0 ||
	    rw_report_interfaces_make(&links, decisions, &request->interfaces, &request->interface_count) < 0)
		return rw_error_oom(err);
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
	if (r == 0)
		r = fill_interfaces(options, request, err);
	request->monitor = options->monitor;
	request->replace = options->replace;
	return r;
}

/* ---- the exchange ---- */

static int exchange(const struct rw_join_options *options, const char *server, const char *fingerprint,
		    const struct rw_buf *body, struct rw_http_result *ret_result, struct rw_error *err)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *client = NULL;
	char url[RW_AGENT_SERVER_SIZE + 32];
	struct rw_http_client_options setup = {.clock = options->clock, .ca_file = options->ca_file};
	const struct rw_http_call_options call = {
		.method = "POST",
		.url = url,
		.content_type = "application/json",
		.body = body->data,
		.body_size = body->size,
		.total_ms = JOIN_TIMEOUT_MS,
	};
	int r = rw_loop_new(&loop, err);

	if (r < 0)
		return r;
	setup.loop = loop;
	setup.ca_fingerprint = fingerprint[0] ? fingerprint : NULL;
	r = rw_http_client_new(&setup, &client, err);
	if (r < 0)
		return r;
	(void)snprintf(url, sizeof(url), "%s/v1/agent/join", server);
	r = rw_http_client_wait(client, &call, ret_result, err);
	if (r < 0) {
		(void)rw_error_wrap(err, "%s", server);
		if (r == -EKEYREJECTED)
			(void)rw_error_hint(err,
					    "This is not the controller that the fingerprint or authority "
					    "belongs to; the token was not sent.");
		return r;
	}
	if (ret_result->status != 200 && ret_result->status != 201) {
		struct rw_error problem = RW_ERROR_NONE;

		rw_problem_decode(ret_result->body ? ret_result->body : "", ret_result->body_size,
				  (int)ret_result->status, &problem);
		if (err)
			*err = problem;
		return problem.code;
	}
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
static int store(const struct rw_join_options *options, const char *server, const char *key_pem,
		 const struct rw_join_answer *answer, struct rw_error *err)
{
	const struct rw_agent_place *place = &options->place;
	struct rw_agent_identity identity = {0};
	char policy[RW_AGENT_PATH_SIZE];
	int r = rw_agent_state_make(place, err);

	(void)snprintf(identity.node, sizeof(identity.node), "%s", answer->node);
	(void)snprintf(identity.name, sizeof(identity.name), "%s", answer->name);
	(void)snprintf(identity.server, sizeof(identity.server), "%s", server);
	if (r == 0)
		r = write_text(place, "key.pem", key_pem, 0600, err);
	if (r == 0)
		r = write_text(place, "cert.pem", answer->certificate, 0644, err);
	if (r == 0)
		r = write_text(place, "ca.pem", answer->ca, 0644, err);
	if (r == 0)
		r = rw_agent_identity_save(place, &identity, err);
	if (r < 0)
		return r;
	/* A policy of an earlier life belongs to another node, and joining is meant to enforce. */
	rw_agent_state_path(place, "policy", policy);
	(void)unlink(policy);
	return rw_agent_set_detached(place, false, err);
}

static void wipe_text(char **text)
{
	if (*text)
		rw_secret_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static int join(const struct rw_join_options *options, const char *key_pem, struct rw_error *err)
{
	RW_CLEANUP(rw_join_request_done) struct rw_join_request request = {0};
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char server[RW_AGENT_SERVER_SIZE], fingerprint[2 * RW_SHA256_SIZE + 1] = "";
	struct utsname host;
	int r;

	rw_buf_init(&body, 1u << 20);
	r = normalise_server(options->server, server, err);
	if (r == 0 && options->ca_fingerprint)
		r = normalise_fingerprint(options->ca_fingerprint, fingerprint, err);
	if (r < 0)
		return r;
	(void)uname(&host);
	host.nodename[strcspn(host.nodename, ".")] = '\0';
	r = make_request(options, key_pem, options->name ? options->name : host.nodename, &request, err);
	if (r == 0)
		r = rw_join_request_encode(&body, &request, err);
	if (r == 0)
		r = exchange(options, server, fingerprint, &body, &result, err);
	if (r == 0)
		r = rw_join_answer_decode(result.body ? result.body : "", result.body_size, &answer, err);
	if (r == 0)
		r = check_answer(options, fingerprint, &answer, err);
	if (r == 0)
		r = store(options, server, key_pem, &answer, err);
	if (r == 0)
		printf("Joined %s as node %s (%s).\nStart the agent, or start it again: ringwall-agent run "
		       "--state %s\n",
		       server, answer.name, answer.node, options->place.state);
	rw_secret_wipe(body.data, body.size);
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
