/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

#define MACHINE_ID_MAX 64

/* ---- who comes ---- */

static int refuse_token(struct rw_controller *controller, const struct rw_address *address,
			struct rw_error *err)
{
	rate_count(&controller->joins, address, rw_clock_monotonic_ns(controller->clock));
	(void)rw_error_set(err, -ENOKEY, "this join token is not valid: unknown, used or expired");
	(void)rw_error_hint(err, "Make a new one: ringwall cluster join-token.");
	return -ENOKEY;
}

static int find_token(struct rw_controller *controller, const char *text, const struct rw_address *address,
		      const struct token_entry **ret_entry, struct rw_error *err)
{
	static const uint8_t nothing[RW_SHA256_SIZE];
	char id[RW_TOKEN_ID_MAX + 1];
	char secret[RW_TOKEN_SECRET_SIZE];
	const struct token_entry *entry;
	bool matches;

	if (rate_is_exceeded(&controller->joins, address, rw_clock_monotonic_ns(controller->clock),
			     controller->limits.join_attempts))
		return rw_error_set(err, -EAGAIN, "too many invalid join tokens from this address");
	if (!text || rw_token_parse(text, id, secret) < 0)
		return refuse_token(controller, address, err);
	entry = rw_map_find(&controller->tokens, id);
	matches = rw_token_matches(secret, entry ? entry->digest : nothing);
	rw_secret_wipe(secret, sizeof(secret));
	if (!entry || !matches || entry->expires_ms <= rw_clock_realtime_ms(controller->clock))
		return refuse_token(controller, address, err);
	*ret_entry = entry;
	return 0;
}

static const struct node_record *find_machine(const struct rw_controller *controller, const char *machine_id)
{
	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_record *record = controller->nodes.records[i];

		if (record->machine_id && strcmp(record->machine_id, machine_id) == 0)
			return record;
	}
	return NULL;
}

/* ---- which record ---- */

struct joining {
	struct rw_controller *controller;
	const struct rw_join_request *request;
	const struct token_entry *token;
	struct rw_actor actor;
	struct rw_edit_context context;
	char node[RW_ID_SIZE]; /* result of the edit */
	struct rw_vec refused; /* of struct rw_address_refusal: another one */
};

static void joining_done(struct joining *joining)
{
	rw_vec_done(&joining->refused);
}
RW_DEFINE_DONE(struct joining, joining_done)

static bool suits_token(const struct rw_node *node, const struct token_entry *token)
{
	return token->cluster[0] ? strcmp(node->cluster, token->cluster) == 0
				 : !node->cluster[0] && strcmp(node->network, token->network) == 0;
}

static int known_machine(const struct joining *joining, const struct node_record *record,
			 const struct rw_node **ret_node, struct rw_error *err)
{
	const struct rw_node *node = rw_model_find_node(joining->controller->inventory.model, record->id);

	if (!node)
		return rw_error_set(err, -EAGAIN, "the node is just being deleted; try again");
	if (!joining->request->replace) {
		(void)rw_error_set(err, -EEXIST, "this machine has joined already, as node \"%s\"",
				   node->name);
		(void)rw_error_hint(err, "Join with --replace to take its record over.");
		return -EEXIST;
	}
	if (!suits_token(node, joining->token)) {
		(void)rw_error_set(err, -EEXIST,
				   "this machine is node \"%s\", which is not where the token "
				   "leads",
				   node->name);
		(void)rw_error_hint(err, "Delete that node first, or use a token for its cluster.");
		return -EEXIST;
	}
	*ret_node = node;
	return 0;
}

/* A record that was made for a machine to come, or NULL and 0 when a new one is needed. */
static int find_record(const struct joining *joining, const struct rw_node **ret_node, struct rw_error *err)
{
	const struct rw_controller *controller = joining->controller;
	const struct rw_join_request *request = joining->request;
	const struct node_record *record = find_machine(controller, request->machine_id);
	const struct rw_node *node;

	if (record)
		return known_machine(joining, record, ret_node, err);
	node = rw_model_find_node(controller->inventory.model, request->name);
	*ret_node = NULL;
	if (!node)
		return 0;
	record = node_find(controller, node->id);
	if (record && !record->certificate.fingerprint[0] && suits_token(node, joining->token)) {
		*ret_node = node;
		return 0;
	}
	(void)rw_error_field(err, "name", "there is another node \"%s\"", request->name);
	(void)rw_error_hint(err, "Join under another name, or delete that node.");
	if (err)
		err->code = -EEXIST;
	return -EEXIST;
}

static int create_node(struct rw_draft *draft, const struct joining *joining, const struct rw_node **ret_node,
		       struct rw_error *err)
{
	const struct token_entry *token = joining->token;
	const struct rw_model *model = joining->controller->inventory.model;
	RW_CLEANUP(rw_node_unref) struct rw_node *node = rw_node_new();
	const void *made;
	int r;

	if (!node)
		return rw_error_oom(err);
	node->name = strdup(joining->request->name);
	node->agent = RW_AGENT_MANAGED;
	node->enforcement = joining->request->monitor ? RW_MONITOR : RW_ENFORCEMENT_INHERIT;
	(void)strcpy(node->network, token->network);
	if (token->cluster[0]) {
		const struct rw_cluster *cluster = rw_model_find_cluster(model, token->cluster);

		if (!cluster)
			return rw_error_set(err, -ENOENT, "the token's cluster was deleted");
		(void)strcpy(node->cluster, cluster->id);
		(void)strcpy(node->network, cluster->network);
	}
	node->security_groups = calloc(token->group_count + 1, sizeof(*node->security_groups));
	if (!node->name || !node->security_groups)
		return rw_error_oom(err);
	for (size_t i = 0; i < token->group_count; i++)
		(void)memcpy(node->security_groups[node->security_group_count++], token->groups[i],
			     RW_ID_SIZE);
	r = rw_edit_create(draft, RW_KIND_NODE, RW_TAKE_PTR(node), &made, err);
	if (r == 0)
		*ret_node = made;
	return r;
}

static int set_monitor(struct rw_draft *draft, const struct rw_node *node, struct rw_error *err)
{
	RW_CLEANUP(rw_node_unref) struct rw_node *copy = rw_node_dup(node);

	if (!copy)
		return rw_error_oom(err);
	copy->enforcement = RW_MONITOR;
	return rw_edit_update(draft, RW_KIND_NODE, RW_TAKE_PTR(copy), NULL, err);
}

static int edit_join(struct rw_draft *draft, struct joining *joining, struct rw_error *err)
{
	const struct rw_join_request *request = joining->request;
	const struct rw_node *node = NULL;
	struct rw_interface *interfaces;
	size_t count;
	int r;

	r = find_record(joining, &node, err);
	if (r == 0 && !node)
		r = create_node(draft, joining, &node, err);
	if (r < 0)
		return r;
	assert(node);
	(void)memcpy(joining->node, node->id, RW_ID_SIZE);
	r = claims_convert(joining->controller, node, request->interfaces, request->interface_count,
			   &interfaces, &count, err);
	if (r < 0)
		return r;
	if (request->monitor && node->enforcement != RW_MONITOR)
		r = set_monitor(draft, node, err);
	if (r == 0 && count)
		r = rw_edit_report_interfaces(draft, joining->node, interfaces, count, &joining->refused,
					      err);
	claims_free(interfaces, count);
	return r;
}

/* ---- its policy ---- */

/* What the machine says of its sshd, or what an earlier life of the node said. */
static void joining_ssh_ports(const struct joining *joining, const uint16_t **ret_ports, size_t *ret_count)
{
	const struct node_record *record = node_find(joining->controller, joining->node);

	*ret_ports = joining->request->ssh_ports;
	*ret_count = joining->request->ssh_port_count;
	if (*ret_count == 0 && record) {
		*ret_ports = record->ssh_ports;
		*ret_count = record->ssh_port_count;
	}
}

static int derive(const struct joining *joining, const struct rw_draft *draft, struct rw_policy **ret_policy,
		  struct rw_error *err)
{
	const uint16_t *ssh_ports;
	size_t ssh_port_count;

	joining_ssh_ports(joining, &ssh_ports, &ssh_port_count);
	return node_derive_as(joining->controller, rw_draft_model(draft), joining->node, ssh_ports,
			      ssh_port_count, NULL, ret_policy, err);
}

/* Whoever has looked at what enforcing would do, has looked at one policy and no other. */
static int check_digest(const struct joining *joining, const struct rw_draft *draft, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_policy_digest digest;
	int r;

	if (!joining->request->has_digest)
		return 0;
	r = derive(joining, draft, &policy, err);
	if (r < 0)
		return r;
	digest = rw_join_digest(policy);
	if (memcmp(&digest, &joining->request->digest, sizeof(digest)) == 0)
		return 0;
	(void)rw_error_set(err, -ESTALE, "the rules for this node have changed since it was looked at");
	(void)rw_error_hint(err, "Look at the preview again.");
	return -ESTALE;
}

/* ---- the change ---- */

static int plan_join(struct rw_controller *controller, struct plan *plan, struct rw_draft *draft,
		     const struct joining *joining, const struct node_certificate *certificate,
		     struct rw_error *err)
{
	char key[RW_LAYOUT_KEY_SIZE];
	const uint16_t *ssh_ports;
	size_t ssh_port_count;
	char *text;
	size_t size;
	int r;

	for (size_t i = 0; i < rw_draft_count(draft); i++) {
		const struct rw_touched *touched = rw_draft_at(draft, i);

		r = plan_object(plan, touched, err);
		if (r == 0 && fold_outcome_add(&plan->outcome, touched) < 0)
			r = rw_error_oom(err);
		if (r < 0)
			return r;
	}
	(void)snprintf(key, sizeof(key), RW_LAYOUT_AGENTS "%s", joining->node);
	joining_ssh_ports(joining, &ssh_ports, &ssh_port_count);
	r = node_agent_text(joining->request->machine_id, certificate, ssh_ports, ssh_port_count, &text,
			    &size, err);
	if (r == 0)
		r = plan_put(plan, key, text, size, err);
	if (r < 0)
		return r;
	(void)snprintf(key, sizeof(key), RW_LAYOUT_TOKENS "%s", joining->token->id);
	r = plan_delete(plan, key, err);
	if (r == 0)
		r = plan_item(plan, RW_SUBJECT_JOIN_TOKEN, RW_KIND_NODE, joining->token->id, NULL, NULL, NULL,
			      err);
	if (r == 0)
		r = impact_find(controller, rw_draft_model(draft), &plan->outcome, &plan->impacts, err);
	return r;
}

static int give_answer(struct rw_controller *controller, const char *node, char *cert, uint64_t revision,
		       struct rw_join_answer *ret_answer, struct rw_error *err)
{
	const struct rw_node *object = rw_model_find_node(controller->inventory.model, node);
	struct rw_join_answer answer = {.certificate = cert, .position = {.revision = revision}};

	(void)snprintf(answer.node, sizeof(answer.node), "%s", node);
	(void)snprintf(answer.position.incarnation, sizeof(answer.position.incarnation), "%s",
		       rw_store_incarnation(controller->store));
	answer.name = strdup(object ? object->name : node);
	answer.ca = strdup(controller->trust_pem);
	if (!answer.name || !answer.ca) {
		rw_join_answer_done(&answer);
		return rw_error_oom(err);
	}
	*ret_answer = answer;
	return 0;
}

/* Finds the token and makes the edits in a draft of the newest model, which lives no longer than 'joining'. */
static int open_draft(struct joining *joining, const struct rw_address *address, struct rw_draft **ret_draft,
		      struct rw_error *err)
{
	struct rw_controller *controller = joining->controller;
	struct rw_actor *actor = &joining->actor;
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = NULL;
	int r;

	inventory_pump(controller);
	r = find_token(controller, joining->request->token, address, &joining->token, err);
	if (r < 0)
		return r;
	*actor = (struct rw_actor){.kind = RW_ACTOR_TOKEN, .address = *address};
	(void)snprintf(actor->id, sizeof(actor->id), "%s", joining->token->id);
	(void)snprintf(actor->name, sizeof(actor->name), "%s",
		       joining->token->name ? joining->token->name : joining->token->id);
	joining->context = (struct rw_edit_context){.now_ms = rw_clock_realtime_ms(controller->clock),
						    .author = actor->name,
						    .random = controller->random,
						    .limits = &controller->model_limits};
	draft = rw_draft_new(controller->inventory.model, &joining->context);
	if (!draft)
		return rw_error_oom(err);
	r = edit_join(draft, joining, err);
	if (r == 0)
		*ret_draft = RW_TAKE_PTR(draft);
	return r;
}

static int join_once(struct rw_controller *controller, const struct rw_join_request *request,
		     const struct rw_address *address, struct rw_join_answer *ret_answer,
		     struct rw_error *err)
{
	RW_CLEANUP(joining_done) struct joining joining = {.controller = controller, .request = request};
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = NULL;
	RW_CLEANUP(plan_done) struct plan plan;
	RW_CLEANUP(rw_free) char *cert = NULL;
	struct node_certificate certificate;
	uint64_t revision = 0;
	int r;

	plan_init(&plan, &joining.actor, "join node");
	rw_vec_init(&joining.refused, sizeof(struct rw_address_refusal), RW_SESSION_REFUSALS_MAX);
	r = open_draft(&joining, address, &draft, err);
	if (r == 0)
		r = check_digest(&joining, draft, err);
	if (r == 0)
		r = certificate_issue(controller, request->csr, joining.node, &cert, &certificate, err);
	if (r == 0)
		r = plan_join(controller, &plan, draft, &joining, &certificate, err);
	if (r < 0)
		return r;
	plan.model = rw_draft_dup_model(draft);
	if (!plan.model)
		return rw_error_oom(err);
	r = plan_commit(controller, &plan, &revision, err);
	if (r != 0)
		return r;
	claims_tell_refused(controller, joining.node, &joining.refused);
	return give_answer(controller, joining.node, RW_TAKE_PTR(cert), revision, ret_answer, err);
}

static int check_request(const struct rw_join_request *request, struct rw_error *err)
{
	int r;

	r = certificate_check_request(request->csr, err);
	if (r == 0)
		r = rw_validate_text(request->machine_id, "machine_id", 1, MACHINE_ID_MAX, err);
	if (r == 0)
		r = rw_validate_text(request->name, "name", 1, 63, err);
	return r;
}

/* The wished cluster must be the token's; asked after the token, so that a guesser learns nothing. */
static int check_cluster(const struct rw_controller *controller, const struct rw_join_request *request,
			 const struct token_entry *token, struct rw_error *err)
{
	const struct rw_cluster *cluster;

	if (!request->cluster)
		return 0;
	cluster = rw_model_find_cluster(controller->inventory.model, request->cluster);
	if (cluster && strcmp(cluster->id, token->cluster) == 0)
		return 0;
	return rw_error_field(err, "cluster", "the token is not for this cluster");
}

/* What is wrong with a request whatever the model is by then. */
static int check_joining(struct rw_controller *controller, const struct rw_join_request *request,
			 const struct rw_address *address, struct rw_error *err)
{
	const struct token_entry *token;
	int r;

	inventory_pump(controller);
	r = find_token(controller, request->token, address, &token, err);
	if (r == 0)
		r = check_cluster(controller, request, token, err);
	return r < 0 ? r : check_request(request, err);
}

int rw_join(struct rw_controller *controller, const struct rw_join_request *request,
	    const struct rw_address *address, struct rw_join_answer *ret_answer, struct rw_error *err)
{
	int r = check_joining(controller, request, address, err);

	if (r < 0)
		return r;
	r = RW_STORE_CONFLICT;
	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++)
		r = join_once(controller, request, address, ret_answer, err);
	return r > 0 ? rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again") : r;
}

int rw_join_preview(struct rw_controller *controller, const struct rw_join_request *request,
		    const struct rw_address *address, struct rw_policy **ret_policy,
		    struct rw_position *ret_position, struct rw_error *err)
{
	RW_CLEANUP(joining_done) struct joining joining = {.controller = controller, .request = request};
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = NULL;
	int r = check_joining(controller, request, address, err);

	if (r < 0)
		return r;
	rw_vec_init(&joining.refused, sizeof(struct rw_address_refusal), RW_REPORT_ADDRESSES_MAX);
	r = open_draft(&joining, address, &draft, err);
	if (r == 0)
		r = derive(&joining, draft, ret_policy, err);
	if (r < 0)
		return r;
	/* Nothing of it gets into the change log, so that whoever looks after tokens finds it here. */
	rw_log_info("a machine looks at what joining would do  token=%s machine=%s", joining.token->id,
		    request->machine_id);
	*ret_position = (struct rw_position){.revision = controller->inventory.revision};
	(void)snprintf(ret_position->incarnation, sizeof(ret_position->incarnation), "%s",
		       rw_store_incarnation(controller->store));
	return 0;
}

/* The node's own, or the one before it: the answer that brought the new one may have been lost. */
static bool is_certificate_of(const struct node_certificate *own, const struct rw_cert_info *shown)
{
	return own->fingerprint[0] && (strcmp(own->fingerprint, shown->fingerprint) == 0 ||
				       strcmp(own->previous, shown->fingerprint) == 0);
}

int rw_join_authenticate(struct rw_controller *controller, const struct rw_cert_info *certificate,
			 const struct rw_address *address, struct rw_actor *ret_actor, struct rw_error *err)
{
	struct node_record *record = certificate->role == RW_CERT_ROLE_AGENT
					     ? node_find(controller, certificate->common_name)
					     : NULL;
	const struct rw_node *node;

	if (!record || !is_certificate_of(&record->certificate, certificate)) {
		(void)rw_error_set(err, -EACCES, "this certificate belongs to no node");
		(void)rw_error_hint(err, "The node was deleted or joined again; join it with a new token.");
		return -EACCES;
	}
	/* Records of before expiry was noted. */
	if (!record->certificate.expires_ms)
		record->certificate.expires_ms = certificate->not_after_s * 1000;
	node = rw_model_find_node(controller->inventory.model, record->id);
	*ret_actor = (struct rw_actor){.kind = RW_ACTOR_AGENT, .address = *address};
	(void)memcpy(ret_actor->certificate, certificate->fingerprint, sizeof(ret_actor->certificate));
	(void)snprintf(ret_actor->id, sizeof(ret_actor->id), "%s", record->id);
	(void)snprintf(ret_actor->name, sizeof(ret_actor->name), "%s", node ? node->name : record->id);
	return 0;
}
