/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of this folder share and nobody else sees.
 *
 *     routes.c     the table           router.c    finding a route, its parameters and body
 *     auth.c       who calls, how often
 *     console.c    sessions of browsers
 *     request.c    query parameters    answer.c    answers and problems
 *     change.c     changes and waits   show.c      objects as the API shows them
 *     metrics.c    what is counted    work.c       what pool threads compute
 *     the rest     handlers
 */

#include "api/api.h"
#include "base/buf.h"
#include "base/histogram.h"
#include "base/vec.h"
#include "controller/change.h"
#include "controller/console_session.h"
#include "controller/key_rate.h"
#include "controller/session.h"
#include "wire/object.h"
#include "wire/problem.h"
#include "wire/reader.h"
#include "wire/text.h"
#include "wire/writer.h"

/* Largest JSON answer: a whole model. */
#define RW_API_ANSWER_MAX      (64u << 20)
#define RW_API_PAGE_DEFAULT    100
#define RW_API_PAGE_MAX        1000
#define RW_API_ITEMS_MAX       1000 /* of a change's answer; the others are counted */
#define RW_API_WAIT_MAX_MS     (10u * 60 * 1000)
#define RW_API_WAIT_DEFAULT_MS (30u * 1000)

/* Questions that are being computed or wait for it; more are answered 429. */
#define RW_API_WORKS_MAX 16

/* Bytes of what a dry run tells of traffic. */
#define RW_API_TRAFFIC_MAX (4u << 20)

/* Who may call a route. */
enum rw_api_access {
	RW_API_PUBLIC,   /* no key */
	RW_API_SCRAPE,   /* any key; with metrics_open nobody either, from the controller's own host */
	RW_API_VIEWER,   /* any key */
	RW_API_OPERATOR, /* keys of operators and admins */
	RW_API_ADMIN,
	RW_API_SESSION, /* a session's cookie, and nothing else */
	RW_API_AGENT,   /* a node's certificate, and nothing else */
	RW_API_ACCESS_COUNT_,
};

/* Kinds of requests whose duration is counted apart. */
enum rw_api_latency {
	RW_API_LATENCY_READ,
	RW_API_LATENCY_CHANGE,
	RW_API_LATENCY_AGENT,
	RW_API_LATENCY_COUNT_,
};

/*
 * A stream of server-sent events: a cursor in a ring of the controller, and no queue of its own but the
 * connection's.  'pump' sends what the follower has not seen; it stops when the stream was cut.
 */
struct rw_api_event_stream {
	struct rw_api *api;
	struct rw_api_event_stream *next;
	struct rw_http_stream *stream;
	char key[RW_TOKEN_ID_MAX + 1]; /* whose stream it is */
	uint64_t session;              /* ... and of which session; 0 = none */
	uint64_t cursor;
	void (*pump)(struct rw_api_event_stream *stream);
	/* Of flows: */
	char scope[RW_ID_SIZE]; /* "" = all */
	char node[RW_ID_SIZE];  /* "" = all */
	unsigned int verdicts;  /* bits; 0 = all */
};

struct rw_api {
	struct rw_controller *controller;
	struct rw_loop *loop;
	const struct rw_clock *clock;
	const struct rw_random *random;
	const struct rw_assets *console;
	const struct rw_http_server *server; /* nullable */
	char *server_url;
	bool metrics_open;
	size_t (*controllers)(void *userdata, struct rw_api_controller *controllers,
			      size_t max); /* nullable */
	void *controllers_userdata;
	int64_t server_expires_ms;                 /* of the server's certificate; 0 = there is none */
	struct rw_api_event_stream *event_streams; /* list of open ones */
	struct rw_api_work *works;                 /* list */
	size_t work_count;
	uint64_t requests;
	uint64_t answers[6]; /* by hundreds of their status; streams count when they begin */
	struct rw_histogram latencies[RW_API_LATENCY_COUNT_]; /* without waits for nodes */
	struct rw_key_rates rates;
};

/* Names captured from the path by "{}". */
#define RW_API_MAX_NAMES 3

/* One request on its way.  On the stack of rw_api_handle; handlers that answer later copy what they need. */
struct rw_api_call {
	struct rw_api *api;
	struct rw_controller *controller;
	struct rw_http_exchange *exchange; /* NULL once it was answered or handed over */
	const struct rw_http_request *request;
	const struct rw_api_route *route;
	struct rw_actor actor;
	struct rw_console_session session; /* number 0 = the call shows no cookie */
	struct rw_address peer;            /* family 0 = unknown */
	const char *names[RW_API_MAX_NAMES];
	struct rw_json_document *document; /* of the body; NULL = none */
	struct rw_json body;
	unsigned int retry_after_s; /* told when the answer is 429 */
};

/* Answers (or defers) and returns 0, or returns a negative errno with 'err' filled and answers nothing. */
typedef int rw_api_handler(struct rw_api_call *call, struct rw_error *err);

struct rw_api_route {
	const char *method;
	const char *path; /* "v1/security-groups/{}/rules" */
	enum rw_api_access access;
	bool wants_body;        /* a JSON body is read before the handler runs */
	const char *parameters; /* that the query may have, parted by spaces */
	rw_api_handler *handler;
	enum rw_kind kind; /* for the handlers that serve all kinds */
};

/* All routes; a NULL method ends them. */
extern const struct rw_api_route rw_api_routes[];

/* ---- router.c ---- */

/*
 * Finds the route of a method and path and fills 'ret_names' with what stands for "{}".  -ENOENT; -ENOSYS for
 * a path that other methods have, which 'ret_allowed' lists then.
 */
RW_NODISCARD int rw_api_find_route(const struct rw_http_request *request,
				   const struct rw_api_route **ret_route,
				   const char *ret_names[RW_API_MAX_NAMES], char ret_allowed[64],
				   struct rw_error *err);

/* Refuses parameters that the route does not have, and repeated ones but "force". */
RW_NODISCARD int rw_api_check_parameters(const struct rw_api_route *route,
					 const struct rw_http_request *request, struct rw_error *err);

/* ---- auth.c ---- */

/* Fills call->actor, or refuses: -ENOKEY, -EACCES, -EAGAIN. */
RW_NODISCARD int rw_api_authenticate(struct rw_api_call *call, struct rw_error *err);

/* Counts a request of the actor; -EAGAIN when there were too many. */
RW_NODISCARD int rw_api_take_rate(struct rw_api_call *call, struct rw_error *err);

/* Tells why there is no place for a stream or a deferred answer, from what HTTP says: -EAGAIN, or 'result'. */
RW_NODISCARD int rw_api_no_place(struct rw_api_call *call, int result, struct rw_error *err);

/* ---- console.c ---- */

/* The session's cookie, if the request has one; cut to "" when it cannot be one of ours. */
bool rw_api_cookie(const struct rw_api_call *call, char ret_cookie[RW_TOKEN_SECRET_SIZE]);

/*
 * Fills call->actor and call->session.  -ENOKEY: no such session, and the browser is told to forget the cookie;
 * -EXDEV: the request would change something and it is not shown that a page of ours sent it.
 */
RW_NODISCARD int rw_api_authenticate_cookie(struct rw_api_call *call, const char *cookie,
					    struct rw_error *err);

/* ---- request.c: query parameters and bodies ---- */

const char *rw_api_parameter(const struct rw_api_call *call, const char *name);
RW_NODISCARD int rw_api_flag(const struct rw_api_call *call, const char *name, bool *ret_flag,
			     struct rw_error *err);
RW_NODISCARD int rw_api_number(const struct rw_api_call *call, const char *name, uint64_t min, uint64_t max,
			       uint64_t *ret_number, struct rw_error *err); /* unchanged when absent */

/* What a limit of the model refused (-ENOSPC) is no full disk: gives -EDQUOT then, in 'err' too; else 'result'. */
RW_NODISCARD int rw_api_model_limit(int result, struct rw_error *err);

RW_NODISCARD int rw_api_time(const struct rw_api_call *call, const char *name, int64_t *ret_ms,
			     struct rw_error *err); /* RFC 3339; unchanged when absent */

/* "500ms", "30s", "2m", "0"; at most RW_API_WAIT_MAX_MS. */
RW_NODISCARD int rw_api_duration(const char *field, const char *text, uint64_t *ret_ms, struct rw_error *err);

struct rw_api_wait {
	bool wanted;
	bool all; /* offline nodes too */
	uint64_t timeout_ms;
};
/* The parameter 'established' of a change. */
RW_NODISCARD int rw_api_established_get(const struct rw_api_call *call, enum rw_established *ret_established,
					struct rw_error *err);
RW_NODISCARD int rw_api_wait_get(const struct rw_api_call *call, struct rw_api_wait *ret_wait,
				 struct rw_error *err);

struct rw_api_page {
	size_t limit;
	const char *after; /* NULL = from the start */
};
RW_NODISCARD int rw_api_page_get(const struct rw_api_call *call, struct rw_api_page *ret_page,
				 struct rw_error *err);

/* The If-Match of the request as a revision: 0 = none. */
RW_NODISCARD int rw_api_if_match(const struct rw_api_call *call, uint64_t *ret_revision,
				 struct rw_error *err);

/* Refuses members of an object that are not in 'names' (NULL ends them). */
RW_NODISCARD int rw_api_check_members(const struct rw_json *object, const char *const *names,
				      struct rw_error *err);

/*
 * Merges 'patch' into the JSON object 'current' (nullable): members of 'patch' come in place of those of
 * 'current', null takes them away, those in 'skip' (nullable, NULL ends them) are left out.
 */
RW_NODISCARD int rw_api_merge(const char *current, const struct rw_json *patch, const char *const *skip,
			      struct rw_json_document **ret_merged, struct rw_error *err);

/* ---- answer.c ---- */

/* Answers with JSON and consumes the exchange and the buffer's content. */
void rw_api_send(struct rw_api *api, struct rw_http_exchange *exchange, unsigned int status,
		 struct rw_buf *json);
void rw_api_answer(struct rw_api_call *call, unsigned int status, struct rw_buf *json);
void rw_api_answer_text(struct rw_api_call *call, unsigned int status, const char *type, const char *text);
void rw_api_answer_empty(struct rw_api_call *call, unsigned int status);
void rw_api_answer_problem(struct rw_api_call *call, const struct rw_error *err);

/* The same with further members, written by 'write'. */
void rw_api_answer_problem_with(struct rw_api_call *call, const struct rw_error *err,
				void (*write)(struct rw_json_writer *json, const void *data),
				const void *data);

/* Adds a header, ignoring that memory may run out (the answer then goes without). */
void rw_api_header(struct rw_http_exchange *exchange, const char *name, const char *value);
/* The headers that every answer and stream of the API has: nothing is kept, guessed at, or lent to other sites. */
void rw_api_prepare(struct rw_http_exchange *exchange);
void rw_api_etag_header(struct rw_http_exchange *exchange, uint64_t revision);

/* A list as collections answer it: {"items":[...],"next":...}. */
struct rw_api_list {
	struct rw_buf buf;
	struct rw_json_writer json;
};
void rw_api_list_begin(struct rw_api_list *list);
void rw_api_list_answer(struct rw_api_call *call, struct rw_api_list *list,
			const char *next); /* NULL = the end */

/* ---- work.c ---- */

/*
 * Something to compute: 'compute' runs on a pool thread, over 'data' that nobody else touches, and appends
 * its answer to 'buf'; 'forget' frees 'data', on the loop thread.
 */
struct rw_api_question {
	int (*compute)(void *data, struct rw_buf *buf, struct rw_error *err);
	void (*forget)(void *data);
	void *data;
};

/* 'result' is 0 and the answer in 'buf', or a negative errno with 'err'. */
typedef void rw_api_work_fn(void *userdata, int result, struct rw_buf *buf, const struct rw_error *err);

/*
 * Starts; takes the question, also on failure.  'done' runs once, on the loop thread, unless the work is
 * abandoned or the API is freed before.  -EAGAIN beyond RW_API_WORKS_MAX; -ENOMEM.
 */
RW_NODISCARD int rw_api_work_start(struct rw_api *api, const struct rw_api_question *question,
				   size_t answer_max, rw_api_work_fn *done, void *userdata,
				   struct rw_api_work **ret_work, struct rw_error *err);
/* Nobody wants the answer: 'done' will not run.  What is being computed is computed to its end. */
void rw_api_work_abandon(struct rw_api_work *work);
/* Before the API is freed. */
void rw_api_works_forget(struct rw_api *api);

/* Computes the question and answers with what comes out; takes the question, also on failure. */
RW_NODISCARD int rw_api_compute(struct rw_api_call *call, const struct rw_api_question *question,
				struct rw_error *err);
/* Answers a deferred exchange with what was computed; 'buf' may be NULL after a failure. */
void rw_api_answer_computed(struct rw_api *api, struct rw_http_exchange *exchange, int result,
			    struct rw_buf *buf, const struct rw_error *err);
/* rw_http_exchange_defer of the call's exchange, which may be out of 'call'; -EAGAIN as rw_api_no_place. */
RW_NODISCARD int rw_api_defer(struct rw_api_call *call, struct rw_http_exchange *exchange,
			      void (*gone)(struct rw_http_exchange *exchange, void *userdata), void *userdata,
			      struct rw_error *err);

/* ---- diff.c ---- */

/* What would open and close: takes the model and the policies after out of a dry run's result. */
RW_NODISCARD int rw_api_ask_traffic(const struct rw_api_call *call, struct rw_change_result *result,
				    struct rw_api_question *ret_question, struct rw_error *err);

/* ---- change.c ---- */

struct rw_api_change {
	const char *action; /* for the log */
	rw_change_edit_fn *edit;
	void *userdata;
	const char *tightens; /* nullable: as in struct rw_change_request */
	const char *loosens;
	unsigned int status;   /* of success when nothing is pending: 0 = 200 */
	bool items_are_rules;  /* "items" are the rules, else the objects */
	enum rw_kind kind;     /* of the object that the request is about */
	const char *reference; /* to it, for If-Match and who refers to it; NULL = it is made */
	/*
	 * Writes further members of the answer, before "nodes"; nullable.  After a replay the edit has not
	 * run.
	 */
	void (*write)(struct rw_json_writer *json, const struct rw_change_result *result, bool replayed,
		      void *userdata);
};

/*
 * Runs the change with the request's wait, force, dry_run, Idempotency-Key, If-Match; answers, now or later.
 */
RW_NODISCARD int rw_api_run_change(struct rw_api_call *call, const struct rw_api_change *change,
				   struct rw_error *err);

/* Writes "guards": what guards found. */
void rw_api_put_guards(struct rw_json_writer *json, const struct rw_guard_finding *findings, size_t count);

/* Answers with the outcome of a change that was made, or of its dry run, of which it takes the model after. */
RW_NODISCARD int rw_api_answer_result(struct rw_api_call *call, const struct rw_api_change *change,
				      struct rw_change_result *result, int outcome, struct rw_error *err);

/* The same for a change that the controller made at once and that no node waits for; tells of its events. */
RW_NODISCARD int rw_api_answer_done(struct rw_api_call *call, const char *action, struct rw_error *err);

/* The name of the group or prefix list that a rule is about; NULL for a CIDR.  model.c */
const char *rw_api_object_name(const struct rw_model *model, const struct rw_object *object);

/* Writes one element of "diff": a rule that comes ("add") or goes ("remove").  model.c */
void rw_api_put_difference(struct rw_json_writer *json, const struct rw_model *model,
			   const struct rw_group *group, const struct rw_rule *rule, const char *change);

/* ---- referrers.c ---- */

/* Writes an array of who refers to an object ('referrers': struct rw_referrer). */
void rw_api_write_referrers(struct rw_json_writer *json, const struct rw_model *model,
			    const struct rw_vec *referrers);

/* ---- show.c ---- */

/* Reads the model in the body, by the limits of this controller; -EDQUOT beyond one. */
RW_NODISCARD int rw_api_read_model(const struct rw_api_call *call, struct rw_model **ret_model,
				   struct rw_error *err);

/* Finds an object by id or name; a cluster's name or id means its managed group where groups are asked.
 * -ENOENT. */
RW_NODISCARD int rw_api_find(const struct rw_model *model, enum rw_kind kind, const char *reference,
			     const void **ret_object, struct rw_error *err);

/* Resolves in 'model' as rw_api_find does. */
struct rw_resolver rw_api_resolver(const struct rw_model *model);

/* Writes the object as the API shows it: with state and counts beside the model's fields.  'whole' groups
 * have their rules, 'whole' nodes what their agent counts.  'counts' is what rw_cluster_nodes_count made, for
 * clusters. */
void rw_api_write_object(const struct rw_controller *controller, struct rw_json_writer *json,
			 enum rw_kind kind, const void *object, bool whole, const struct rw_vec *counts);
/* Writes a group with its rules as it was in 'past', a model of then; no hits, which are of now. */
void rw_api_write_past_group(struct rw_json_writer *json, const struct rw_model *past,
			     const struct rw_group *group);
/* Writes the rule with its hits. */
void rw_api_write_rule(const struct rw_controller *controller, struct rw_json_writer *json,
		       const struct rw_rule *rule);
/* Writes members of the open object: what is known of a managed node. */
void rw_api_put_status(struct rw_json_writer *json, const struct rw_node_status *status);

/* Gives the URLs of all controllers, this one's first, lent until the API goes; returns how many, at least one. */
size_t rw_api_urls(const struct rw_api *api, const char *const **ret_urls);
/* Writes them as member "controllers" of the open object. */
void rw_api_put_urls(struct rw_json_writer *json, const struct rw_api *api);

/* ---- the handlers ---- */

rw_api_handler rw_api_list_objects, rw_api_create_object, rw_api_get_object, rw_api_patch_object,
	rw_api_delete_object, rw_api_create_cluster, rw_api_get_node_preview, rw_api_get_cluster_preview;
rw_api_handler rw_api_get_tighten, rw_api_apply_tighten, rw_api_undo_tighten;
rw_api_handler rw_api_list_hits, rw_api_list_rules, rw_api_get_rule, rw_api_add_rules, rw_api_revoke_rules,
	rw_api_patch_rule, rw_api_delete_rule;
rw_api_handler rw_api_add_members, rw_api_remove_member;
rw_api_handler rw_api_list_referrers, rw_api_get_past_group;
rw_api_handler rw_api_create_join_token, rw_api_join, rw_api_join_preview, rw_api_agent_stream,
	rw_api_agent_report, rw_api_agent_renew;
rw_api_handler rw_api_get_authority, rw_api_introduce_authority, rw_api_switch_authority,
	rw_api_retire_authority;
rw_api_handler rw_api_list_keys, rw_api_create_key, rw_api_revoke_key, rw_api_whoami;
rw_api_handler rw_api_sign_in, rw_api_get_session, rw_api_sign_out, rw_api_create_console_link;
rw_api_handler rw_api_list_flows, rw_api_get_flow_series, rw_api_follow_flows;
rw_api_handler rw_api_list_log, rw_api_follow_events, rw_api_get_change, rw_api_get_status, rw_api_get_audit,
	rw_api_get_audit_summary;
rw_api_handler rw_api_trace, rw_api_trace_event, rw_api_reach, rw_api_reach_matrix, rw_api_diff,
	rw_api_diff_revisions, rw_api_lint;
rw_api_handler rw_api_export_model, rw_api_import_model, rw_api_apply;
rw_api_handler rw_api_check_cluster, rw_api_fix_cluster, rw_api_rebind_cluster;
rw_api_handler rw_api_check_promises;
rw_api_handler rw_api_list_suppressions, rw_api_create_suppression, rw_api_delete_suppression;
rw_api_handler rw_api_get_health, rw_api_get_ready, rw_api_get_metrics, rw_api_get_root;

/* The event listener of the controller: sends to every open event stream what it has not seen. */
void rw_api_pump_events(void *api);

/* The flow listener of the controller. */
void rw_api_pump_flows(void *api);

/* Most that may wait for a follower. */
#define RW_API_EVENTS_QUEUE (1u << 20)

/*
 * Makes an event stream of the call, sends 'first' and what is new.  Takes the stream (made by calloc, 'api', 'key'
 * and 'stream' not filled), also on failure.
 */
RW_NODISCARD int rw_api_start_events(struct rw_api_call *call, struct rw_api_event_stream *stream,
				     const struct rw_buf *first, struct rw_error *err);

/* Pumps the streams that 'pump' belongs to, and ends those whose key may not follow any more. */
void rw_api_pump_streams(struct rw_api *api, void (*pump)(struct rw_api_event_stream *stream));

/* Ends the streams whose key or session is over. */
void rw_api_end_streams(struct rw_api *api);

/* How many event streams are open, and how much waits for their followers. */
void rw_api_events_load(const struct rw_api *api, size_t *ret_streams, size_t *ret_bytes);
