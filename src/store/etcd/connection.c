/* SPDX-License-Identifier: Apache-2.0 */
#include "store/etcd/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/digest.h"
#include "http/url.h"

#define CONNECT_MS 1000u
#define TRY_MS     3000u /* of one member, when there is more time */
#define PAUSE_MS   100u  /* after all were tried */

/* So often all members must be of another cluster.  Twice, as calls overlap and two may have asked the same one. */
#define STRANGER_ROUNDS 2

/* ---- life ---- */

static int copy_text(const char *text, char **ret_copy)
{
	if (!text)
		return 0;
	*ret_copy = strdup(text);
	return *ret_copy ? 0 : -ENOMEM;
}

static int check_endpoint(const char *endpoint, struct rw_error *err)
{
	struct rw_http_url url;
	int r = rw_http_url_parse(endpoint, &url, err);

	if (r == 0 && url.target[0] && strcmp(url.target, "/") != 0)
		r = rw_error_set(err, -EINVAL, "\"%s\" has a path: only host and port are asked for",
				 endpoint);
	if (r < 0) {
		(void)rw_error_field_prefix(err, "--etcd");
		(void)rw_error_hint(err, "It reads like https://10.0.0.2:2379.");
	}
	return r;
}

static int check_prefix(const char *prefix, struct rw_error *err)
{
	size_t length = strlen(prefix);

	if (length < 2 || length > RW_ETCD_PREFIX_MAX || prefix[0] != '/' || prefix[length - 1] == '/' ||
	    rw_text_has_controls(prefix, false))
		return rw_error_field(
			err, "--etcd-prefix",
			"a prefix begins with '/', ends otherwise, and has 2 to %d bytes: \"%s\"",
			RW_ETCD_PREFIX_MAX, prefix);
	return 0;
}

static int check_options(const struct rw_etcd_options *options, struct rw_error *err)
{
	if (!options->endpoint_count || options->endpoint_count > RW_ETCD_ENDPOINTS_MAX)
		return rw_error_field(err, "--etcd", "there are 1 to %d members to name, not %zu",
				      RW_ETCD_ENDPOINTS_MAX, options->endpoint_count);
	for (size_t i = 0; i < options->endpoint_count; i++) {
		int r = check_endpoint(options->endpoints[i], err);

		if (r < 0)
			return r;
	}
	return options->prefix ? check_prefix(options->prefix, err) : 0;
}

static int copy_options(struct rw_etcd *etcd, const struct rw_etcd_options *options)
{
	int r = copy_text(options->prefix ? options->prefix : RW_ETCD_PREFIX_DEFAULT, &etcd->prefix);

	etcd->loop = options->loop;
	etcd->clock = options->clock;
	etcd->random = options->random;
	etcd->files = options->ca_file || options->cert_file;
	if (r == 0)
		r = copy_text(options->holder, &etcd->holder);
	if (r == 0)
		r = copy_text(options->user, &etcd->user);
	if (r == 0 && options->user)
		r = copy_text(options->password ? options->password : "", &etcd->password);
	for (size_t i = 0; r == 0 && i < options->endpoint_count; i++) {
		char *endpoint = NULL;

		r = copy_text(options->endpoints[i], &endpoint);
		if (r < 0)
			break;
		endpoint[strcspn(endpoint + strlen("https://"), "/") + strlen("https://")] = '\0';
		etcd->endpoints[etcd->endpoint_count++] = endpoint;
	}
	return r;
}

static void stop_waiting(void *loop)
{
	rw_loop_stop(loop);
}

int rw_etcd_new(const struct rw_etcd_options *options, struct rw_etcd **ret_etcd, struct rw_error *err)
{
	RW_CLEANUP(rw_etcd_free) struct rw_etcd *etcd = NULL;
	struct rw_http_client_options client = {
		.loop = options->loop,
		.clock = options->clock,
		.ca_file = options->ca_file,
		.cert_file = options->cert_file,
		.key_file = options->key_file,
	};
	int r = check_options(options, err);

	if (r < 0)
		return r;
	etcd = calloc(1, sizeof(*etcd));
	if (!etcd || copy_options(etcd, options) < 0)
		return rw_error_oom(err);
	r = rw_loop_new(&etcd->wait_loop, err);
	if (r == 0)
		r = rw_http_client_new(&client, &etcd->client, err);
	client.loop = etcd->wait_loop;
	if (r == 0)
		r = rw_http_client_new(&client, &etcd->wait_client, err);
	if (r < 0)
		return r;
	if (rw_loop_timer_new(etcd->wait_loop, stop_waiting, etcd->wait_loop, &etcd->pause) < 0)
		return rw_error_oom(err);
	*ret_etcd = RW_TAKE_PTR(etcd);
	return 0;
}

static void wipe(char *text)
{
	if (text)
		rw_secret_wipe(text, strlen(text));
	free(text);
}

struct rw_etcd *rw_etcd_free(struct rw_etcd *etcd)
{
	if (!etcd)
		return NULL;
	if (etcd->list)
		rw_http_call_abort(etcd->list);
	(void)rw_http_client_free(etcd->client);
	(void)rw_http_client_free(etcd->wait_client);
	(void)rw_loop_timer_free(etcd->pause);
	(void)rw_loop_free(etcd->wait_loop);
	for (size_t i = 0; i < etcd->endpoint_count; i++)
		free(etcd->endpoints[i]);
	free(etcd->prefix);
	free(etcd->user);
	free(etcd->holder);
	wipe(etcd->password);
	wipe(etcd->token);
	free(etcd);
	return NULL;
}

void etcd_key(const struct rw_etcd *etcd, const char *key, char whole[ETCD_KEY_MAX])
{
	(void)snprintf(whole, ETCD_KEY_MAX, "%s/%s", etcd->prefix, key);
}

void etcd_data_key(const struct rw_etcd *etcd, const char *key, char whole[ETCD_KEY_MAX])
{
	(void)snprintf(whole, ETCD_KEY_MAX, "%s/data%s", etcd->prefix, key);
}

uint64_t etcd_deadline(const struct rw_etcd *etcd, unsigned int ms)
{
	return rw_clock_monotonic_ns(etcd->clock) + ETCD_NS_OF_MS(ms);
}

/* ---- one try ---- */

void etcd_answer_done(struct etcd_answer *answer)
{
	(void)rw_json_document_free(answer->document);
	*answer = (struct etcd_answer){0};
}

/* The number of the cluster that answered, or NULL; what is streamed stands one level below. */
static const char *find_cluster(const struct etcd_answer *answer)
{
	struct rw_json result, header;
	const struct rw_json *from = &answer->root;

	if (rw_json_find(from, "result", &result))
		from = &result;
	return rw_json_find(from, "header", &header) ? etcd_read_text(&header, "cluster_id") : NULL;
}

static int check_cluster(struct rw_etcd *etcd, const struct etcd_answer *answer, struct rw_error *err)
{
	const char *cluster = find_cluster(answer);
	bool known = etcd->cluster[0];

	if (!cluster || strlen(cluster) >= sizeof(etcd->cluster))
		return 0;
	if (known && strcmp(etcd->cluster, cluster) != 0 &&
	    (++etcd->strangers < STRANGER_ROUNDS * etcd->endpoint_count || etcd->claim.held))
		return rw_error_set(err, -EHOSTDOWN,
				    "a member of another cluster of etcd answered: %s instead of %s", cluster,
				    etcd->cluster);
	etcd->strangers = 0;
	if (known && strcmp(etcd->cluster, cluster) != 0) {
		etcd->rewound = true;
		etcd->newest = 0;
	}
	(void)strcpy(etcd->cluster, cluster);
	return 0;
}

int etcd_check_age(struct rw_etcd *etcd, const struct etcd_answer *answer, uint64_t before,
		   struct rw_error *err)
{
	bool held = etcd->claim.held;
	uint64_t revision;

	if (etcd_read_revision(&answer->root, &revision, NULL) < 0)
		return 0;
	if (revision >= before) {
		etcd->newest = revision > etcd->newest ? revision : etcd->newest;
		return 0;
	}
	(void)rw_error_set(err, held ? -ESHUTDOWN : -EHOSTDOWN,
			   "etcd was brought back to an older state: revision %llu after %llu",
			   (unsigned long long)revision, (unsigned long long)before);
	rw_log_warning("etcd was brought back to an older state  revision=%llu before=%llu",
		       (unsigned long long)revision, (unsigned long long)before);
	etcd->rewound = true;
	etcd->newest = revision;
	etcd_claim_lose(etcd, &(struct rw_error){.text = "etcd was brought back to an older state"});
	return held ? -ESHUTDOWN : -EHOSTDOWN;
}

static int read_answer(struct rw_etcd *etcd, const char *body, size_t size, struct etcd_answer *answer,
		       struct rw_error *err)
{
	int r = rw_json_parse(body, size, ETCD_ANSWER_MAX, &answer->document, err);

	if (r < 0)
		return r == -ENOMEM ? r : rw_error_set(err, -EBADMSG, "etcd's answer is no JSON");
	answer->root = rw_json_root(answer->document);
	r = check_cluster(etcd, answer, err);
	if (r < 0)
		etcd_answer_done(answer);
	return r;
}

/* The request of a call; texts are the caller's. */
struct request {
	char url[RW_HTTP_MAX_URL];
	struct rw_http_header authorization;
	struct rw_http_call_options options;
};

static void fill_request(const struct rw_etcd *etcd, const char *path, const struct rw_buf *body,
			 unsigned int total_ms, struct request *request)
{
	(void)snprintf(request->url, sizeof(request->url), "%s/v3/%s", etcd->endpoints[etcd->endpoint], path);
	request->authorization = (struct rw_http_header){"Authorization", etcd->token};
	request->options = (struct rw_http_call_options){
		.method = "POST",
		.url = request->url,
		.headers = &request->authorization,
		.header_count = etcd->token ? 1 : 0,
		.body = body->data,
		.body_size = body->size,
		.content_type = "application/json",
		.connect_ms = total_ms < CONNECT_MS ? total_ms : CONNECT_MS,
		.total_ms = total_ms,
		.idle_ms = total_ms,
		.max_body_bytes = ETCD_ANSWER_MAX,
	};
}

static void next_member(struct rw_etcd *etcd)
{
	etcd->endpoint = (etcd->endpoint + 1) % etcd->endpoint_count;
}

/* The connection came to nothing before the request was sent. */
static bool was_not_sent(int result)
{
	return result == -ECONNREFUSED || result == -EHOSTUNREACH || result == -ENETUNREACH ||
	       result == -ENOENT || result == -EKEYREJECTED || result == -EKEYEXPIRED;
}

/* Certificates may have been renewed in their files; both sides tell of one that ended in these ways. */
static bool may_be_renewed(int result)
{
	return result == -EKEYREJECTED || result == -EKEYEXPIRED || result == -EPROTO ||
	       result == -ECONNRESET;
}

/* For the calls to come.  Files that cannot be read now, as when they are being written, change nothing. */
static void read_files_again(struct rw_etcd *etcd)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_http_client_reload(etcd->client, &err) < 0 ||
	    rw_http_client_reload(etcd->wait_client, &err) < 0)
		rw_log_debug("cannot read the certificates for etcd again  reason=\"%s\"", err.text);
}

/* What the transport failed with. */
static int explain_failure(struct rw_etcd *etcd, int result, const struct rw_error *failure, bool *ret_unsure,
			   struct rw_error *err)
{
	etcd->strangers = 0;
	if (etcd->files && may_be_renewed(result))
		read_files_again(etcd);
	*ret_unsure = !was_not_sent(result);
	if (result == -ENOMEM)
		return rw_error_oom(err);
	if (result == -EKEYREJECTED || result == -EKEYEXPIRED) {
		(void)rw_error_set(err, result, "etcd: %.400s", failure->text);
		(void)rw_error_hint(err, "Is --etcd-ca the authority of etcd's certificates?");
		return result;
	}
	return rw_error_set(err, -EHOSTDOWN, "etcd does not answer: %.400s", failure->text);
}

static int explain_refusal(struct rw_etcd *etcd, unsigned int status, const char *body, size_t size,
			   bool *ret_unsure, struct rw_error *err)
{
	int r = etcd_read_refusal(status, body, size, ret_unsure, err);

	etcd->strangers = 0;
	if (r == -EKEYREVOKED)
		wipe(RW_TAKE_PTR(etcd->token));
	if (r == -ENOSPC)
		(void)rw_error_hint(err, "Make room in etcd: 'etcdctl defrag' at each member, then 'etcdctl "
					 "alarm disarm'.");
	else if (r == -EACCES && size && strstr(body, "CommonName"))
		(void)rw_error_hint(err,
				    "Where etcd has users, the subject of --etcd-cert must be without a CN.");
	else if (r == -EACCES && etcd->user)
		(void)rw_error_hint(
			err,
			"Are --etcd-user and --etcd-password-file right, and may that user read and "
			"write what begins with %s/?",
			etcd->prefix);
	else if (r == -EACCES)
		(void)rw_error_hint(err, "etcd has users: give --etcd-user and --etcd-password-file.");
	return r;
}

static int try_member(struct rw_etcd *etcd, const char *path, const struct rw_buf *body,
		      unsigned int total_ms, struct etcd_answer *answer, bool *ret_unsure,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	struct rw_error failure = RW_ERROR_NONE;
	uint64_t before = etcd->newest;
	struct request request;
	int r;

	*ret_unsure = false;
	fill_request(etcd, path, body, total_ms, &request);
	/* A kept connection that the member closed meanwhile is noticed here. */
	rw_loop_turn(etcd->wait_loop);
	r = rw_http_client_wait(etcd->wait_client, &request.options, &result, &failure);
	if (r < 0)
		return explain_failure(etcd, r, &failure, ret_unsure, err);
	if (result.status != 200)
		return explain_refusal(etcd, result.status, result.body, result.body_size, ret_unsure, err);
	r = read_answer(etcd, result.body, result.body_size, answer, err);
	if (r == 0 && strncmp(path, "kv/", 3) == 0)
		r = etcd_check_age(etcd, answer, before, err);
	if (r < 0)
		etcd_answer_done(answer);
	*ret_unsure = r < 0;
	return r;
}

/* ---- users ---- */

static int authenticate(struct rw_etcd *etcd, unsigned int total_ms, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_json_writer json;
	const char *token;
	bool unsure;
	int r;

	rw_buf_init(&body, 1u << 16);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", etcd->user);
	rw_json_put_text(&json, "password", etcd->password);
	rw_json_end_object(&json);
	r = rw_buf_check(&body, err);
	if (r == 0)
		r = try_member(etcd, "auth/authenticate", &body, total_ms, &answer, &unsure, err);
	rw_secret_wipe(body.data, body.size);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	token = etcd_read_text(&answer.root, "token");
	if (!token)
		return rw_error_set(err, -EBADMSG, "etcd's answer to user and password holds no token");
	etcd->token = strdup(token);
	return etcd->token ? 0 : rw_error_oom(err);
}

/* ---- calls that wait ---- */

static unsigned int left_ms(const struct rw_etcd *etcd, uint64_t deadline_ns)
{
	uint64_t now_ns = rw_clock_monotonic_ns(etcd->clock);

	return deadline_ns > now_ns ? (unsigned int)((deadline_ns - now_ns) / ETCD_NS_OF_MS(1)) : 0;
}

/* How long one member may take. */
static unsigned int try_ms(const struct rw_etcd *etcd, uint64_t deadline_ns)
{
	unsigned int left = left_ms(etcd, deadline_ns);

	return left > TRY_MS ? TRY_MS : left > PAUSE_MS ? left : PAUSE_MS;
}

static void wait_a_little(struct rw_etcd *etcd, unsigned int ms)
{
	rw_loop_timer_start(etcd->pause, ms, 0);
	rw_loop_run(etcd->wait_loop);
}

/* Whether another try may help; what is final is told at once. */
static bool may_help(int r)
{
	return r == -EHOSTDOWN || r == -EKEYREVOKED || r == -EKEYREJECTED || r == -EKEYEXPIRED;
}

int etcd_call(struct rw_etcd *etcd, enum etcd_kind kind, const char *path, const struct rw_buf *body,
	      uint64_t deadline_ns, struct etcd_answer *answer, bool *ret_unsure, struct rw_error *err)
{
	bool unsure = false;
	int r;

	if (ret_unsure)
		*ret_unsure = false;
	for (size_t tries = 1;; tries++) {
		unsigned int left;

		r = etcd->user && !etcd->token ? authenticate(etcd, try_ms(etcd, deadline_ns), err) : 0;
		if (r == 0)
			r = try_member(etcd, path, body, try_ms(etcd, deadline_ns), answer, &unsure, err);
		if (r < 0 && (unsure || may_help(r)) && r != -EKEYREVOKED)
			next_member(etcd);
		if (r >= 0 || !may_help(r) || (unsure && kind == ETCD_ONCE))
			break;
		left = left_ms(etcd, deadline_ns);
		if (left <= PAUSE_MS)
			break;
		if (tries % etcd->endpoint_count)
			continue;
		if (r == -EKEYREJECTED || r == -EKEYEXPIRED)
			return r;
		wait_a_little(etcd, PAUSE_MS);
	}
	if (r < 0 && unsure && ret_unsure)
		*ret_unsure = true;
	return r == -EKEYREVOKED ? rw_error_set(err, -EHOSTDOWN, "etcd takes no token of its own") : r;
}

/* ---- calls without waiting ---- */

int etcd_call_start(struct rw_etcd *etcd, const char *path, const struct rw_buf *body, unsigned int total_ms,
		    void (*done)(struct rw_http_call *call, int result,
				 const struct rw_http_response *response, const struct rw_error *err,
				 void *userdata),
		    void *userdata, struct rw_http_call **ret_call, struct rw_error *err)
{
	struct request request;
	int r;

	/* Seldom: a token lasts as long as it is used. */
	if (etcd->user && !etcd->token) {
		r = authenticate(etcd, total_ms, err);
		if (r < 0) {
			next_member(etcd);
			return r;
		}
	}
	fill_request(etcd, path, body, total_ms, &request);
	request.options.done = done;
	request.options.userdata = userdata;
	return rw_http_client_call(etcd->client, &request.options, ret_call, err);
}

int etcd_call_end(struct rw_etcd *etcd, int result, const struct rw_http_response *response,
		  const struct rw_error *failure, struct etcd_answer *answer, struct rw_error *err)
{
	bool unsure;
	int r;

	if (result < 0)
		r = explain_failure(etcd, result, failure, &unsure, err);
	else if (response->status != 200)
		r = explain_refusal(etcd, response->status, response->body, response->body_size, &unsure,
				    err);
	else
		r = read_answer(etcd, response->body, response->body_size, answer, err);
	if (r < 0 && r != -EKEYREVOKED)
		next_member(etcd);
	return r;
}
