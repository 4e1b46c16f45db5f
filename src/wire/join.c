/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/join.h"

#include <string.h>

#include "wire/object.h"
#include "wire/report_parts.h"

#define PEM_MAX 16384

struct join_request_document {
	struct rw_join_request request;
	uint32_t version;
};

/* A digest of zeros is as good as none: no policy has it but by a chance of 2^-128. */
static bool is_digest(const struct rw_policy_digest *digest)
{
	return digest->words[0] || digest->words[1];
}

struct rw_policy_digest rw_join_digest(struct rw_policy *policy)
{
	policy->node[0] = '\0';
	return rw_policy_digest_as(policy, RW_STREAM_VERSION_OLDEST);
}

#define FIELD_REQUEST(json_name, member, decoder, ...)                                                       \
	RW_JSON_FIELD(json_name, struct join_request_document, request.member, decoder, ##__VA_ARGS__)

static const struct rw_json_field join_request_fields[] = {
	RW_JSON_FIELD("version", struct join_request_document, version, rw_json_decode_integer, .min = 1,
		      .max = RW_JOIN_VERSION, .required = true),
	FIELD_REQUEST("token", token, rw_json_decode_text, .min = 1, .max = 256, .required = true),
	FIELD_REQUEST("machine_id", machine_id, rw_json_decode_text, .min = 1, .max = 64, .required = true),
	FIELD_REQUEST("name", name, rw_json_decode_text, .min = 1, .max = RW_WIRE_NAME_MAX, .required = true),
	FIELD_REQUEST("cluster", cluster, rw_json_decode_text, .min = 1, .max = RW_WIRE_NAME_MAX),
	FIELD_REQUEST("csr", csr, rw_json_decode_prose, .max = PEM_MAX, .required = true),
	FIELD_REQUEST("monitor", monitor, rw_json_decode_bool),
	FIELD_REQUEST("replace", replace, rw_json_decode_bool),
	FIELD_REQUEST("interfaces", interfaces, rw_wire_decode_interfaces, .max = RW_REPORT_INTERFACES_MAX,
		      .count_offset = offsetof(struct join_request_document, request.interface_count)),
	FIELD_REQUEST("ssh_ports", ssh_ports, rw_wire_decode_ports,
		      .count_offset = offsetof(struct join_request_document, request.ssh_port_count)),
	FIELD_REQUEST("digest", digest, rw_wire_decode_digest),
};

void rw_join_request_forget_seen(struct rw_join_request *request)
{
	rw_wire_interfaces_free(request->interfaces, request->interface_count);
	request->interfaces = NULL;
	request->interface_count = 0;
	free(RW_TAKE_PTR(request->ssh_ports));
	request->ssh_port_count = 0;
}

void rw_join_request_done(struct rw_join_request *request)
{
	/* The token is a secret. */
	if (request->token)
		explicit_bzero(request->token, strlen(request->token));
	free(request->token);
	free(request->machine_id);
	free(request->name);
	free(request->cluster);
	free(request->csr);
	rw_join_request_forget_seen(request);
	*request = (struct rw_join_request){0};
}

int rw_join_request_encode(struct rw_buf *buf, const struct rw_join_request *request, struct rw_error *err)
{
	char digest[RW_DIGEST_TEXT_SIZE];
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_JOIN_VERSION);
	rw_json_put_text(&json, "token", request->token);
	rw_json_put_text(&json, "machine_id", request->machine_id);
	rw_json_put_text(&json, "name", request->name);
	if (request->cluster)
		rw_json_put_text(&json, "cluster", request->cluster);
	rw_json_put_text(&json, "csr", request->csr);
	rw_json_put_bool(&json, "monitor", request->monitor);
	rw_json_put_bool(&json, "replace", request->replace);
	rw_wire_put_interfaces(&json, request->interfaces, request->interface_count);
	rw_wire_put_ports(&json, "ssh_ports", request->ssh_ports, request->ssh_port_count);
	if (request->has_digest) {
		rw_policy_digest_format(&request->digest, digest);
		rw_json_put_text(&json, "digest", digest);
	}
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

/* Parses a document of the version known here, for one of the tables with "version". */
static int parse_versioned(const char *text, size_t size, const char *what,
			   struct rw_json_document **ret_document, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	int r;

	r = rw_json_parse(text, size, RW_JSON_BODY_MAX, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = rw_json_expect_object(&root, err);
	if (r == 0)
		r = rw_json_check_version(&root, what, RW_JOIN_VERSION, err);
	if (r < 0)
		return r;
	*ret_document = RW_TAKE_PTR(document);
	return 0;
}

int rw_join_request_decode(const char *text, size_t size, struct rw_join_request *ret_request,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *json = NULL;
	struct join_request_document document = {0};
	struct rw_json root;
	int r;

	r = parse_versioned(text, size, "the join request", &json, err);
	if (r < 0)
		return r;
	root = rw_json_root(json);
	r = rw_json_decode(&root, RW_JSON_FIELDS(join_request_fields), &document, NULL, err);
	if (r < 0) {
		rw_join_request_done(&document.request);
		return r;
	}
	document.request.has_digest = is_digest(&document.request.digest);
	*ret_request = document.request;
	return 0;
}

struct join_answer_document {
	struct rw_join_answer answer;
	uint32_t version;
};

#define FIELD_ANSWER(json_name, member, decoder, ...)                                                        \
	RW_JSON_FIELD(json_name, struct join_answer_document, answer.member, decoder, ##__VA_ARGS__,         \
		      .required = true)

static const struct rw_json_field join_answer_fields[] = {
	RW_JSON_FIELD("version", struct join_answer_document, version, rw_json_decode_integer, .min = 1,
		      .max = RW_JOIN_VERSION, .required = true),
	FIELD_ANSWER("node", node, rw_json_decode_id),
	FIELD_ANSWER("name", name, rw_json_decode_text, .min = 1, .max = RW_WIRE_NAME_MAX),
	FIELD_ANSWER("certificate", certificate, rw_json_decode_prose, .max = PEM_MAX),
	FIELD_ANSWER("ca", ca, rw_json_decode_prose, .max = PEM_MAX),
	FIELD_ANSWER("position", position, rw_wire_decode_position),
};

void rw_join_answer_done(struct rw_join_answer *answer)
{
	free(answer->name);
	free(answer->certificate);
	free(answer->ca);
	*answer = (struct rw_join_answer){0};
}

int rw_join_answer_encode(struct rw_buf *buf, const struct rw_join_answer *answer, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_JOIN_VERSION);
	rw_json_put_text(&json, "node", answer->node);
	rw_json_put_text(&json, "name", answer->name);
	rw_json_put_text(&json, "certificate", answer->certificate);
	rw_json_put_text(&json, "ca", answer->ca);
	rw_wire_put_position(&json, "position", &answer->position);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

int rw_join_answer_decode(const char *text, size_t size, struct rw_join_answer *ret_answer,
			  struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *json = NULL;
	struct join_answer_document document = {0};
	struct rw_json root;
	int r;

	r = parse_versioned(text, size, "the answer to join", &json, err);
	if (r < 0)
		return r;
	root = rw_json_root(json);
	r = rw_json_decode(&root, RW_JSON_FIELDS(join_answer_fields), &document, NULL, err);
	if (r < 0) {
		rw_join_answer_done(&document.answer);
		return r;
	}
	*ret_answer = document.answer;
	return 0;
}

/* ---- renewal ---- */

struct renew_request_document {
	struct rw_renew_request request;
	uint32_t version;
};

static const struct rw_json_field renew_request_fields[] = {
	RW_JSON_FIELD("version", struct renew_request_document, version, rw_json_decode_integer, .min = 1,
		      .max = RW_JOIN_VERSION, .required = true),
	RW_JSON_FIELD("csr", struct renew_request_document, request.csr, rw_json_decode_prose, .max = PEM_MAX,
		      .required = true),
};

void rw_renew_request_done(struct rw_renew_request *request)
{
	free(request->csr);
	*request = (struct rw_renew_request){0};
}

int rw_renew_request_encode(struct rw_buf *buf, const struct rw_renew_request *request, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_JOIN_VERSION);
	rw_json_put_text(&json, "csr", request->csr);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

int rw_renew_request_decode(const char *text, size_t size, struct rw_renew_request *ret_request,
			    struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *json = NULL;
	struct renew_request_document document = {0};
	struct rw_json root;
	int r = parse_versioned(text, size, "the request for a certificate", &json, err);

	if (r < 0)
		return r;
	root = rw_json_root(json);
	r = rw_json_decode(&root, RW_JSON_FIELDS(renew_request_fields), &document, NULL, err);
	if (r < 0)
		rw_renew_request_done(&document.request);
	else
		*ret_request = document.request;
	return r;
}

struct renew_answer_document {
	struct rw_renew_answer answer;
	uint32_t version;
};

static const struct rw_json_field renew_answer_fields[] = {
	RW_JSON_FIELD("version", struct renew_answer_document, version, rw_json_decode_integer, .min = 1,
		      .max = RW_JOIN_VERSION, .required = true),
	RW_JSON_FIELD("certificate", struct renew_answer_document, answer.certificate, rw_json_decode_prose,
		      .max = PEM_MAX, .required = true),
	RW_JSON_FIELD("ca", struct renew_answer_document, answer.ca, rw_json_decode_prose, .max = PEM_MAX,
		      .required = true),
};

void rw_renew_answer_done(struct rw_renew_answer *answer)
{
	free(answer->certificate);
	free(answer->ca);
	*answer = (struct rw_renew_answer){0};
}

int rw_renew_answer_encode(struct rw_buf *buf, const struct rw_renew_answer *answer, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_JOIN_VERSION);
	rw_json_put_text(&json, "certificate", answer->certificate);
	rw_json_put_text(&json, "ca", answer->ca);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

int rw_renew_answer_decode(const char *text, size_t size, struct rw_renew_answer *ret_answer,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *json = NULL;
	struct renew_answer_document document = {0};
	struct rw_json root;
	int r = parse_versioned(text, size, "the answer with a certificate", &json, err);

	if (r < 0)
		return r;
	root = rw_json_root(json);
	r = rw_json_decode(&root, RW_JSON_FIELDS(renew_answer_fields), &document, NULL, err);
	if (r < 0)
		rw_renew_answer_done(&document.answer);
	else
		*ret_answer = document.answer;
	return r;
}
