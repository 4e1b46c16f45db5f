/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of this folder share and nobody else sees.
 *
 *     layout.c       keys of the store               inventory.c   the fold
 *     plan.c         one transaction to be           staged.c      those too large for one
 *     change.c       the path of a change            impact.c      which nodes a change concerns
 *     guard.c        guards                          reach.c       exact reachability of a port
 *     guard_audit.c  findings that a change adds     guard_scope.c where it can add any
 *     guard_promise.c  promises that it breaks
 *     session.c      streams                         node.c        records of managed nodes
 *     report.c       reports, claims                 session_state.c  the state machine
 *     cuts.c         live flows that a change would cut
 *     preview.c      what enforcing would do         history.c     past states of the model
 *     snapshot.c     a state of the model for other threads
 *     surroundings.c where controllers and their store listen
 *     counts.c       what is counted for metrics     flows.c       observed flows
 *     renew.c        certificates of agents          authority.c   and of the authority and the server
 *     series.c       the last day over time     tightening.c  the way back of a tightening
 *     shared_authority.c  the authority in the store of several controllers
 *     state_folder.c files beside the store, with state_authority.c and state_files.c
 */

#include "base/map.h"
#include "controller/audit.h"
#include "controller/change.h"
#include "controller/console_session.h"
#include "controller/controller.h"
#include "controller/counts.h"
#include "controller/cuts.h"
#include "controller/event.h"
#include "controller/flows.h"
#include "controller/guard.h"
#include "controller/join.h"
#include "controller/key.h"
#include "controller/series.h"
#include "controller/session.h"
#include "controller/state_folder.h"
#include "controller/store_layout.h"
#include "controller/suppression.h"
#include "controller/wait.h"
#include "group/validate.h"
#include "wire/object.h"

/* ---- the inventory ---- */

struct inventory {
	struct rw_model *model; /* owned */
	uint64_t revision;      /* everything up to here is folded */
	uint64_t audit_sequence;
	uint64_t sequence_revision;              /* mod_revision of meta/sequence; 0 = not there */
	uint64_t staged_revision;                /* mod_revision of meta/staged; 0 = not there */
	char staged_id[RW_ID_SIZE];              /* the large change being carried out */
	struct rw_map revisions[RW_KIND_COUNT_]; /* id -> object revision as a number */
};

/* What one fold changed in the model. */
struct fold_outcome {
	struct rw_vec touched; /* of struct rw_touched, references held */
	struct rw_vec agents;  /* of char[RW_ID_SIZE]: nodes whose agents/ record changed */
};
void fold_outcome_init(struct fold_outcome *outcome);
void fold_outcome_done(struct fold_outcome *outcome);
RW_DEFINE_DONE(struct fold_outcome, fold_outcome_done)

/* Records a touched object; takes no references (adds its own). */
RW_NODISCARD int fold_outcome_add(struct fold_outcome *outcome, const struct rw_touched *touched);

/* A fold under way: entries are collected, then take effect together. */
struct folding;
struct folding *folding_new(struct rw_controller *controller);
/*
 * The same for the state at a past revision: only the model is folded, into 'inventory' (borrowed, from
 * inventory_init), and nothing of the controller changes.
 */
struct folding *folding_new_past(struct rw_controller *controller, struct inventory *inventory, uint64_t at);
struct folding *folding_free(struct folding *folding);
RW_DEFINE_CLEANUP(struct folding *, folding_free)
/* 'value' NULL = deleted. */
RW_NODISCARD int folding_add(struct folding *folding, const char *key, const char *value, size_t size,
			     uint64_t revision, struct rw_error *err);
RW_NODISCARD int folding_add_json(struct folding *folding, const char *key, const struct rw_json *value,
				  uint64_t revision, struct rw_error *err);
/* Gives the model after and what was touched; the inventory's model is not changed yet. */
RW_NODISCARD int folding_end(struct folding *folding, struct rw_model **ret_model,
			     struct fold_outcome *outcome, struct rw_error *err);
/* Only the nodes whose agents/ record was given. */
RW_NODISCARD int folding_take_agents(struct folding *folding, struct fold_outcome *outcome);
/* What the changes of the fold say of live flows. */
enum rw_established folding_established(const struct folding *folding);

/*
 * Reads keys of the store into a fold, page by page, all at one revision.  Zeroed but for 'folding', 'limit'
 * (entries of a page, 0 = as many as there may be), 'revision' (0 = now; set by the first page) and
 * 'model_only' (leaves out what stands beside the model).
 */
struct inventory_reading {
	struct folding *folding;
	size_t limit;
	uint64_t revision;
	bool model_only;
	size_t prefix; /* number of the one being read */
	struct rw_store_query query;
};
/* Reads a page: RW_STORE_MORE, 0 = that was all, RW_STORE_COMPACTED = the revision is gone, or -errno. */
RW_NODISCARD int inventory_read_page(struct rw_controller *controller, struct inventory_reading *reading,
				     struct rw_error *err);

/* Reads everything and starts the watch. */
RW_NODISCARD int inventory_load(struct rw_controller *controller, struct rw_error *err);

/* Folds all batches that are there.  Failures are logged and kept for rw_controller_ready. */
void inventory_pump(struct rw_controller *controller);

/* An empty one; -ENOMEM.  inventory_done in either case. */
RW_NODISCARD int inventory_init(struct inventory *inventory, uint64_t map_seed);
void inventory_done(struct inventory *inventory);
void inventory_set_revision(struct inventory *inventory, enum rw_kind kind, const char *id,
			    uint64_t revision);

/* Reads {"version":1,...} and refuses newer versions. */
RW_NODISCARD int layout_check_version(const struct rw_json *value, struct rw_error *err);

/* ---- one transaction to be ---- */

struct operation {
	char *key;
	char *value; /* NULL = delete */
	size_t size;
};

struct plan {
	const struct rw_actor *actor;
	const char *action;
	struct rw_guard_force forced;    /* what was in the way, for the log */
	enum rw_established established; /* what becomes of live flows */
	const char *idempotency_key;     /* nullable; hex digest */
	const uint8_t *request_digest;   /* with it */
	struct rw_vec operations;        /* of struct operation */
	struct rw_vec items;             /* of struct rw_change_item */
	struct rw_model *model;          /* owned; the state after, NULL = the model does not change */
	struct fold_outcome outcome;     /* what changes in the model */
	struct rw_vec impacts;           /* of struct impact, filled when the model changes */
	char staged[RW_ID_SIZE];         /* its id when it was too large for one transaction */
};
void plan_init(struct plan *plan, const struct rw_actor *actor, const char *action);
void plan_done(struct plan *plan);
RW_DEFINE_DONE(struct plan, plan_done)

/* Adds an operation; takes the text (also on failure). */
RW_NODISCARD int plan_put(struct plan *plan, const char *key, char *value, size_t size, struct rw_error *err);
RW_NODISCARD int plan_delete(struct plan *plan, const char *key, struct rw_error *err);
/* Adds an item; takes both texts. */
RW_NODISCARD int plan_item(struct plan *plan, enum rw_change_subject subject, enum rw_kind kind,
			   const char *id, const char *group, char *before, char *after,
			   struct rw_error *err);
/* Adds operations and items of one touched object. */
RW_NODISCARD int plan_object(struct plan *plan, const struct rw_touched *touched, struct rw_error *err);
/* Commits with audit record and folds.  0, RW_STORE_CONFLICT (folded up: plan anew), -errno. */
RW_NODISCARD int plan_commit(struct rw_controller *controller, struct plan *plan, uint64_t *ret_revision,
			     struct rw_error *err);
/*
 * While the store has no room or cannot be written: tries whether that is over.  Whoever goes by /readyz sends no change
 * that would find out.
 */
void plan_probe(struct rw_controller *controller);
/* Something was written: changes can be made. */
void plan_note_written(struct rw_controller *controller);

/* tightening.c: adds what the plan does to the rules of the group to its way back, or deletes that. */
RW_NODISCARD int tightening_note(struct rw_controller *controller, struct plan *plan, const char *group,
				 struct rw_error *err);
RW_NODISCARD int tightening_forget(struct plan *plan, const char *group, struct rw_error *err);

/* staged.c */
RW_NODISCARD int staged_write(struct rw_controller *controller, struct plan *plan, struct rw_error *err);
/* The key of a page; a change becomes valid only if its first one is still there. */
void staged_page_key(const char *id, unsigned int number, char key[RW_LAYOUT_KEY_SIZE]);
/* Deletes the pages of a change that did not become valid. */
void staged_drop(struct rw_controller *controller, const char *id);
RW_NODISCARD int staged_apply(struct rw_controller *controller, struct folding *folding, const char *id,
			      uint64_t at, uint64_t revision, struct rw_error *err);
RW_NODISCARD int staged_settle(struct rw_controller *controller, struct rw_error *err);
RW_NODISCARD int staged_clean(struct rw_controller *controller, struct rw_error *err);

/* ---- nodes ---- */

struct node_hit {
	uint64_t rule; /* hash of the rule's id */
	uint64_t packets;
	int64_t last_hit_ms;
};

/* What the store knows of a node's certificate. */
struct node_certificate {
	char fingerprint[65]; /* "" = no certificate */
	char previous[65];    /* of the one before, which counts until it expires; "" = none */
	char authority[65];   /* fingerprint of the authority that issued it; "" = not noted */
	int64_t expires_ms;   /* 0 = not noted */
};

/* A leaky bucket: how often something may happen.  trust.c */
struct budget {
	uint64_t full_ns; /* when all of it is there again */
};

struct node_record {
	char id[RW_ID_SIZE];
	enum rw_node_state state;
	int64_t since_ms;
	uint64_t last_frame_ns;     /* monotonic, of the agent; 0 = never */
	uint64_t behind_since_ns;   /* applied < wanted since; 0 = it is not */
	struct rw_session *session; /* borrowed; NULL = no stream */
	struct rw_policy *policy;   /* newest; NULL = nobody needed it yet */
	struct rw_policy_digest digest;
	uint64_t wanted; /* revision of 'policy' */
	/* By enum rw_established: the newest change of the policy that said so; 0 = none. */
	uint64_t said[RW_ESTABLISHED_CUT_KEPT + 1];
	uint64_t applied; /* as reported, of our incarnation */
	uint64_t failed;  /* newest revision that the agent could not apply; 0 = none */
	enum rw_agent_state agent_state;
	char *reason; /* nullable */
	char agent_version[32];
	int64_t last_report_ms;
	bool persistent;
	struct rw_address address;
	struct rw_report_listener *listeners;
	size_t listener_count;
	struct node_hit *hits; /* sorted by rule */
	size_t hit_count;
	struct node_series *series; /* NULL = no report yet */
	uint64_t drops[RW_CAUSE_COUNT_];
	uint64_t would_drops[RW_CAUSE_COUNT_];
	struct rw_report_kernel kernel;         /* as reported last */
	struct rw_report_interface *interfaces; /* with the reasons */
	size_t interface_count;
	struct rw_report_connection *connections;
	size_t connection_count;
	uint64_t connections_cut;
	uint64_t claims_hash;     /* of the interfaces that were taken over last ... */
	uint64_t refusals_hash;   /* of the addresses that were refused last */
	uint64_t claims_revision; /* ... when the node's object was at this revision */
	uint64_t claims_ns;       /* last time that a report became a change */
	rw_cert_fingerprint authorities[RW_CERT_BUNDLE_MAX]; /* that it trusts, as reported */
	size_t authority_count;
	struct rw_address_refusal *refusals; /* the addresses that were refused last */
	size_t refusal_count;
	uint64_t told_applied;       /* newest revision of which the event applied was told */
	struct budget change_budget; /* for changes of the model by reports */
	struct budget state_budget;  /* for changes of the state by reports */
	struct budget lie_budget;    /* for events about what is not believed */
	struct budget repair_budget; /* for events about repaired hooks */
	uint64_t restored_untold;    /* repairs that found it empty */
	/* From the store (agents/<node>): */
	char *machine_id; /* nullable */
	struct node_certificate certificate;
	uint16_t *ssh_ports;
	size_t ssh_port_count;
};

struct nodes {
	struct node_record **records; /* owned; by id */
	size_t count;
	size_t capacity;
};

struct node_record *node_find(const struct rw_controller *controller, const char *id);
void nodes_done(struct rw_controller *controller);
/* Makes records for new managed nodes of the model and drops those of nodes that are gone. */
RW_NODISCARD int nodes_sync(struct rw_controller *controller, const struct fold_outcome *outcome);
RW_NODISCARD int nodes_load(struct rw_controller *controller);
/* Folds agents/<id>. */
RW_NODISCARD int node_fold_agent(struct rw_controller *controller, const char *id,
				 const struct rw_json *value, struct rw_error *err);
/* The value of agents/<id>. */
RW_NODISCARD int node_agent_text(const char *machine_id, const struct node_certificate *certificate,
				 const uint16_t *ssh_ports, size_t ssh_port_count, char **ret_text,
				 size_t *ret_size, struct rw_error *err);
RW_NODISCARD int node_derive(struct rw_controller *controller, const struct rw_model *model,
			     const struct node_record *record, struct rw_policy **ret_policy,
			     struct rw_error *err);
/*
 * What policies come from beside the model, the same for all nodes: in order and each once, so that every controller
 * derives the same.  surroundings.c
 */
struct surroundings {
	struct rw_endpoint *endpoints; /* where agents reach a controller */
	size_t endpoint_count;
	struct rw_endpoint
		*all; /* these and where the controllers' store listens: for nodes that host one of them */
	size_t all_count;
};
/* Copies.  -ENOMEM; surroundings_done in either case. */
RW_NODISCARD int surroundings_init(struct surroundings *around, const struct rw_endpoint *endpoints,
				   size_t endpoint_count, const struct rw_endpoint *stores,
				   size_t store_count);
RW_NODISCARD int surroundings_copy(struct surroundings *around, const struct surroundings *from);
void surroundings_done(struct surroundings *around);
/* The ports of what 'node' hosts, ascending; gives their number. */
size_t surroundings_hosted_ports(const struct surroundings *around, const struct rw_node *node,
				 uint16_t ports[RW_POLICY_CONTROLLERS_MAX]);

RW_NODISCARD int node_derive_around(const struct surroundings *around, const struct rw_model *model,
				    const char *id, const uint16_t *ssh_ports, size_t ssh_port_count,
				    struct rw_policy_cache *cache, struct rw_policy **ret_policy,
				    struct rw_error *err);
/* The same for a node that has no record yet; 'model' may be a draft's when 'cache' is NULL. */
RW_NODISCARD int node_derive_as(struct rw_controller *controller, const struct rw_model *model,
				const char *id, const uint16_t *ssh_ports, size_t ssh_port_count,
				struct rw_policy_cache *cache, struct rw_policy **ret_policy,
				struct rw_error *err);
void node_judge(struct rw_controller *controller, struct node_record *record);
/* True when the agent says that packets may pass its policy by. */
bool node_may_be_bypassed(const struct node_record *record);
/* True when 'record' counts as connected for waits. */
bool node_is_connected(const struct node_record *record);

/* ---- impact ---- */

/* A concerned managed node with its policies before and after. */
struct impact {
	struct node_record *record;     /* borrowed; records live until their node is gone */
	struct rw_policy *before;       /* reference */
	struct rw_policy *after;        /* reference */
	struct rw_policy_digest digest; /* of 'after' */
};
/* Releases a vector of them. */
void impacts_done(struct rw_vec *impacts);
RW_DEFINE_DONE(struct rw_vec, impacts_done)
/* Appends to 'impacts' every managed node whose policy differs between the inventory's model and 'after'. */
RW_NODISCARD int impact_find(struct rw_controller *controller, const struct rw_model *after,
			     const struct fold_outcome *outcome, struct rw_vec *impacts,
			     struct rw_error *err);
/* Makes the policies after those of the records, remembers the change for waits, sends. */
void impact_publish(struct rw_controller *controller, struct rw_vec *impacts, enum rw_established established,
		    uint64_t revision);

/* ---- guards ---- */

RW_NODISCARD int guard_judge(struct rw_controller *controller, const struct rw_model *after,
			     const struct plan *plan, struct rw_vec *findings, struct rw_error *err);

/*
 * Adds a finding, named by the guard and what it is about (nullable), to a vector with memory for
 * RW_GUARD_FINDINGS_LIMIT.  NULL when it need not be told; a refusal by a name that refused nothing yet always is.
 */
struct rw_guard_finding *guard_add(struct rw_vec *findings, enum rw_guard guard, const char *about,
				   bool is_warning);

/* Adds what the change adds to the audit.  guard_audit.c */
RW_NODISCARD int guard_judge_audit(struct rw_controller *controller, const struct rw_model *after,
				   const struct plan *plan, struct rw_vec *findings, struct rw_error *err);

/* Adds the promises that the change breaks.  guard_promise.c */
RW_NODISCARD int guard_judge_promises(struct rw_controller *controller, const struct rw_model *after,
				      const struct plan *plan, struct rw_vec *findings, struct rw_error *err);

/* Which clusters and free-standing groups (ids) a change may add findings to.  guard_scope.c */
#define GUARD_SUBJECTS_MAX 64
RW_NODISCARD int guard_scope(const struct rw_controller *controller, const struct rw_model *after,
			     const struct plan *plan, struct rw_vec *subjects, bool *ret_all);

/*
 * Asks for a source in 'sources' (none = any address) from which TCP 'port' of the node can be opened, in
 * 'family', on any of its interfaces.
 */
struct reach_query {
	const struct rw_policy *policy;
	const struct rw_node *node; /* whose addresses are tried */
	uint8_t family;
	uint16_t port;
	const struct rw_prefix *sources;
	size_t source_count;
};
/* 1 and a witness, 0 when there is none, -ENOMEM.  Exact: see controller/guard.h. */
RW_NODISCARD int reach_find(const struct reach_query *query, size_t *ret_interface,
			    struct rw_packet *ret_witness);
/*
 * True when both policies give every such query about 'port' of one node the same answer, as far as that is seen from what
 * they do not share: nearly always when other ports' rules changed.  O(rules of the groups that changed).
 */
bool reach_is_same(const struct rw_policy *before, const struct rw_policy *after, uint16_t port);

/* ---- sessions, waits, events ---- */

/* Sends what the node should have and was not sent, if the window allows. */
void session_push(struct node_record *record);
/*
 * The node's policy is about to become another one by a change that says 'established': what was not sent yet is
 * kept apart if that was said otherwise.
 */
void session_part(struct node_record *record, enum rw_established established);
/* What was reported as applied or failed opens the window; a failure makes the next frame a snapshot. */
void session_acknowledge(struct node_record *record, bool failed);
void session_tick(struct node_record *record);
/* Ends the stream from our side. */
void session_end(struct rw_session *session);
/* The same, after telling the agent to take its enforcement off. */
void session_detach(struct rw_session *session, const char *reason);

/* The hits of a rule (by its hash) as reported last, or NULL.  report.c */
const struct node_hit *node_find_hit(const struct node_record *record, uint64_t rule);
uint64_t session_hash_rule(const struct rw_controller *controller, const char *rule);

/*
 * Keeps what a report says over time: series_take before the record takes it over, series_take_hits with the hits
 * that are about to replace the record's, series_took at the end.  series.c
 */
struct node_series;
void series_take(struct node_record *record, const struct rw_report *report, int64_t now_ms);
void series_take_hits(struct node_record *record, const struct node_hit *hits, size_t count, int64_t now_ms);
void series_took(struct node_record *record, const struct rw_report *report);
void series_free(struct node_series *series);

/* Whether the node has a stream on which something can be said. */
bool session_can_send(const struct node_record *record);

/* Asks the agent which live flows 'policy' would refuse.  -EAGAIN when it cannot be asked now; -ENOMEM. */
RW_NODISCARD int session_ask(struct node_record *record, uint64_t question, const struct rw_policy *policy,
			     struct rw_error *err);

/* Keeps what a report says for previews; forgets it.  preview.c */
void preview_take(struct node_record *record, const struct rw_report *report);
void preview_forget(struct node_record *record);

/*
 * trust.c: how much of what an agent says is believed, and how often.
 */
/* Whether the budget has something left; takes one of it. */
bool budget_has(const struct budget *budget, uint64_t interval_ns, unsigned int burst, uint64_t now_ns);
bool budget_take(struct budget *budget, uint64_t interval_ns, unsigned int burst, uint64_t now_ns);
/* The revision that is believed to be in force: a newer one than there is was never sent. */
uint64_t trust_applied(struct rw_controller *controller, struct node_record *record,
		       const struct rw_report *report);
/* The revision that is believed to have failed, or 0. */
uint64_t trust_failed(const struct rw_controller *controller, const struct node_record *record,
		      const struct rw_report *report);
/* The state that is believed: one that flaps stays at its worse end. */
enum rw_agent_state trust_state(struct rw_controller *controller, struct node_record *record,
				enum rw_agent_state reported);
/* Tells when somebody's detach was repaired since the last report, before the record takes the new one over. */
void trust_tell_restored(struct rw_controller *controller, struct node_record *record,
			 const struct rw_report *report);
bool trust_may_change(const struct node_record *record, uint64_t now_ns);
void trust_count_change(struct node_record *record, uint64_t now_ns);

/* Takes reported interfaces over into the model, as a change by the agent.  report.c */
RW_NODISCARD int claims_convert(const struct rw_controller *controller, const struct rw_node *node,
				const struct rw_report_interface *reported, size_t count,
				struct rw_interface **ret_interfaces, size_t *ret_count,
				struct rw_error *err);
void claims_free(struct rw_interface *interfaces, size_t count);
/* Tells of addresses that do not count for the node. */
void claims_tell_refused(struct rw_controller *controller, const char *node, const struct rw_vec *refused);
/* Says what is wrong with it; 'limit' is how many addresses an interface may have. */
void claims_explain_refusal(const struct rw_address_refusal *refusal, size_t limit, char *text, size_t size);

/* Held by the ring of the newest changes, and by everybody who waits for one. */
struct concerned_nodes {
	unsigned int references;
	size_t count;
	char ids[][RW_ID_SIZE];
};

struct concerned_change {
	uint64_t revision;
	struct concerned_nodes *nodes; /* a reference; NULL = memory ran out: nobody can say which nodes */
};

struct rw_wait {
	struct rw_controller *controller;
	struct rw_wait *next;
	uint64_t revision;
	struct concerned_nodes *nodes; /* a reference: the change may leave the ring meanwhile */
	uint64_t deadline_ns;
	size_t settled; /* nodes before this one are done with */
	bool all;
	rw_wait_fn *done;
	void *userdata;
};

struct waits {
	struct concerned_change *changes; /* ring by revision */
	size_t capacity;
	size_t first;
	size_t count;
	size_t node_count; /* of all of them together */
	struct rw_wait *list;
	const struct rw_wait *ending; /* its function runs */
};
RW_NODISCARD int wait_remember(struct rw_controller *controller, const struct rw_vec *impacts,
			       uint64_t revision);
/* Ends the waits that are over. */
void wait_check(struct rw_controller *controller);
void waits_done(struct rw_controller *controller);

/* cuts.c */
struct cuts {
	struct rw_cuts_ask *list; /* that wait for answers */
	size_t count;
	/*
	 * Number of the newest.  Begins somewhere: an agent may still answer what the controller before asked.
	 */
	uint64_t question;
};
/* Takes what a report answers. */
void cuts_take(struct rw_controller *controller, const struct node_record *record,
	       const struct rw_report *report);
/* Ends those that are over. */
void cuts_check(struct rw_controller *controller);
void cuts_done(struct rw_controller *controller);
/* How many requests wait. */
size_t wait_count(const struct rw_controller *controller);

struct events {
	struct rw_event *ring;
	size_t capacity;
	uint64_t newest; /* number of the newest; 0 = none */
	char process[17];
	void (*listener)(void *userdata);
	void *userdata;
};
/* Adds an event about 'node' (nullable); copies the texts.  Without memory they are "". */
void event_add(struct rw_controller *controller, const struct rw_event *event, const char *node);
void events_done(struct rw_controller *controller);

/* ---- audit, idempotency, rates ---- */

RW_NODISCARD int audit_write(struct rw_controller *controller, const struct plan *plan, uint64_t sequence,
			     struct rw_buf *buf, struct rw_error *err);
RW_NODISCARD int audit_items(const char *json, size_t size, struct rw_change_result *result,
			     struct rw_error *err);
/* Notes where the log begins. */
RW_NODISCARD int audit_find_oldest(struct rw_controller *controller, struct rw_error *err);
/* Deletes a hundred records beyond those to be kept; true when it did, and may go on. */
bool audit_prune(struct rw_controller *controller);

struct idempotency_entry {
	char key[65]; /* hex SHA-256 of actor and key */
	uint8_t request[RW_SHA256_SIZE];
	uint64_t sequence; /* of the audit record */
	int64_t time_ms;
};
struct idempotency {
	struct rw_map by_key; /* -> struct idempotency_entry *, owned by the ring */
	struct idempotency_entry **ring;
	size_t capacity;
	size_t first;
	size_t count;
};
void idempotency_key_digest(const char *actor, const char *key, char hex[65]);
RW_NODISCARD int idempotency_load(struct rw_controller *controller, struct rw_error *err);
const struct idempotency_entry *idempotency_find(struct rw_controller *controller, const char *hex);
void idempotency_add(struct rw_controller *controller, const char *hex, const uint8_t *request,
		     uint64_t sequence, int64_t time_ms);
void idempotency_fold(struct rw_controller *controller, const struct rw_json *record);
void idempotency_done(struct idempotency *idempotency);

#define RATE_SLOTS 512
struct rate {
	struct rate_slot {
		struct rw_address address; /* IPv6: of the /64 */
		uint64_t minute;
		unsigned int count;
	} slots[RATE_SLOTS];
};
/* Whether 'address' has had 'limit' in this minute; and counts one more. */
bool rate_is_exceeded(const struct rate *rate, const struct rw_address *address, uint64_t now_ns,
		      unsigned int limit);
void rate_count(struct rate *rate, const struct rw_address *address, uint64_t now_ns);

/* ---- keys and tokens ---- */

struct key_entry {
	struct rw_key key;
	uint8_t *sealed;
	size_t sealed_size;
};
struct keys {
	struct key_entry **entries; /* owned; by id */
	size_t count;
	size_t capacity;
};
RW_NODISCARD int key_fold(struct rw_controller *controller, const char *id, const struct rw_json *value,
			  struct rw_error *err);
void keys_done(struct keys *keys);
/* Whether every stored secret opens under 'key'. */
bool keys_open_under(const struct rw_controller *controller, const struct rw_seal_key *key);
/* Plans every key with its secret sealed under 'next'.  -EBADMSG when one cannot be opened. */
RW_NODISCARD int keys_reseal(struct rw_controller *controller, const struct rw_seal_key *next,
			     struct plan *plan, struct rw_error *err);

/* account.c */
RW_NODISCARD int account_fold(struct rw_controller *controller, const struct rw_json *value,
			      struct rw_error *err);

/* suppression.c */
RW_NODISCARD int suppression_fold(struct rw_controller *controller, const char *id,
				  const struct rw_json *value, struct rw_error *err);

/* Whether there is such a key and it has not expired. */
bool key_is_good(const struct rw_controller *controller, const char *id);
/*
 * Who has the key of this id, for a bearer of something that stands for it: -ENOKEY when the key is revoked or
 * expired.  Notes the use.
 */
RW_NODISCARD int key_resume(struct rw_controller *controller, const char *id,
			    const struct rw_address *address, struct rw_actor *ret_actor);
/* -EAGAIN when 'address' has guessed too often; counts a guess and gives -ENOKEY. */
RW_NODISCARD int key_check_guessing(struct rw_controller *controller, const struct rw_address *address,
				    struct rw_error *err);
int key_refuse(struct rw_controller *controller, const struct rw_address *address, struct rw_error *err);

/* first_key.c */
RW_NODISCARD int first_key_fold(struct rw_controller *controller, const struct rw_json *value,
				struct rw_error *err);
bool first_key_in_file(const char *file, char id[RW_TOKEN_ID_MAX + 1]);
void first_key_note_use(struct rw_controller *controller, const char *key);
void first_key_tick(struct rw_controller *controller);

/* key_use.c: last uses, over restarts. */
void key_note_use(struct rw_controller *controller, const char *id, int64_t time_ms);
void key_uses_load(struct rw_controller *controller);
void key_uses_save(struct rw_controller *controller);
void key_uses_tick(struct rw_controller *controller);

/* ---- sessions of the console ---- */

struct console_session {
	struct rw_console_session public;
	uint8_t digest[RW_SHA256_SIZE]; /* of the cookie */
	uint64_t begun_ns;
	uint64_t used_ns;
};
struct console_link {
	char id[RW_ID_SIZE]; /* "" = none here */
	char key[RW_TOKEN_ID_MAX + 1];
	uint8_t digest[RW_SHA256_SIZE];
	uint64_t begun_ns;
};
struct console {
	struct console_session *sessions; /* room for limits.console_sessions */
	size_t session_count;
	uint64_t newest; /* number of a session */
	struct console_link links[RW_CONSOLE_LINKS];
};
RW_NODISCARD int console_init(struct rw_controller *controller);
void console_done(struct rw_controller *controller);
/* Ends the sessions that are over. */
void console_tick(struct rw_controller *controller);

struct token_entry {
	char id[RW_ID_SIZE];
	uint8_t digest[RW_SHA256_SIZE];
	char *name;
	char cluster[RW_ID_SIZE];
	char network[RW_ID_SIZE];
	char (*groups)[RW_ID_SIZE];
	size_t group_count;
	int64_t expires_ms;
};
RW_NODISCARD int token_fold(struct rw_controller *controller, const char *id, const struct rw_json *value,
			    struct rw_error *err);
void token_free(void *token);
void token_prune(struct rw_controller *controller);

/* ---- counts ---- */

/* For how long the node has been without its newest policy; 0 = it has it. */
uint64_t node_lag_ns(const struct node_record *record, uint64_t now_ns);

/* Counts a change by its outcome 'r'. */
void counts_add_change(struct rw_controller *controller, int r, bool dry_run,
		       const struct rw_change_result *result);
/* Counts a report before the record takes it over. */
void counts_add_report(struct rw_controller *controller, const struct node_record *record,
		       const struct rw_report *report);

/* ---- certificates ---- */

/* Takes over what the options or the state folder hold. */
RW_NODISCARD int authority_load(struct rw_controller *controller, const char *trust_pem, const char *cert_pem,
				const char *key_pem, struct rw_error *err);
/* Makes the server certificate anew when it is due. */
void authority_tick(struct rw_controller *controller);
/* Plans the record of the shared authority, sealed under 'master_key'; nothing when it is not shared. */
RW_NODISCARD int shared_authority_plan(struct rw_controller *controller, const struct rw_seal_key *master_key,
				       struct plan *plan, struct rw_error *err);
/* Whether the record, if there is one, opens under 'master_key'. */
RW_NODISCARD int shared_authority_opens_under(struct rw_controller *controller,
					      const struct rw_seal_key *master_key, bool *ret_opens,
					      struct rw_error *err);
/* Writes a step that the store does not know yet. */
void shared_authority_tick(struct rw_controller *controller);
/* -EINVAL (field "csr") for a text that is no request by its size. */
RW_NODISCARD int certificate_check_request(const char *csr, struct rw_error *err);
/* Issues a certificate for 'node'; *ret_certificate is what the store is to know of it. */
RW_NODISCARD int certificate_issue(const struct rw_controller *controller, const char *csr, const char *node,
				   char **ret_cert, struct node_certificate *ret_certificate,
				   struct rw_error *err);

/* ---- flows ---- */

#define FLOWS_PRUNE_NS UINT64_C(600000000000)

struct flows {
	struct rw_flow_history *history; /* borrowed; NULL = none is kept */
	struct rw_vec pending;           /* of struct rw_flow_row, oldest first */
	struct rw_flow_seen *ring;       /* RW_FLOWS_RING, by number */
	uint64_t newest;
	uint64_t pruned_ns; /* 0 = not yet */
	bool is_failing;    /* ... which was logged */
	void (*listener)(void *userdata);
	void *userdata;
};
RW_NODISCARD int flows_init(struct rw_controller *controller);
void flows_done(struct rw_controller *controller);
/* Takes what a report says of flows. */
void flows_take(struct rw_controller *controller, const struct node_record *record,
		const struct rw_report *report);
void flows_tick(struct rw_controller *controller);
/* The node was deleted. */
void flows_forget(struct rw_controller *controller, const char *node);

/* ---- the whole ---- */

struct drops {
	struct rw_node_drop ring[RW_SESSION_DROPS_MAX];
	size_t newest; /* index */
	size_t count;
};

struct rw_controller {
	struct rw_store *store;
	struct rw_store_watch *watch;
	const struct rw_clock *clock;
	const struct rw_random *random;
	struct rw_limits model_limits;
	struct rw_controller_limits limits;
	struct rw_seal_key master_key;
	struct rw_cert_authority *authority;
	char *trust_pem;                                     /* all authorities, the one that issues first */
	rw_cert_fingerprint authorities[RW_CERT_BUNDLE_MAX]; /* theirs, in that order */
	size_t authority_count;
	int64_t authority_expires_ms;   /* of the one that issues */
	struct rw_state_folder *folder; /* borrowed, nullable */
	void (*certificates_changed)(void *userdata);
	void *certificates_userdata;
	uint64_t certificates_retry_ns; /* after a failure: not before this */
	bool shared;                    /* the authority stands in the store, too ... */
	bool authority_unshared;        /* ... which does not know the newest step */
	uint64_t authority_retry_ns;
	char *admin_key_file; /* NULL when there is none (any more) */
	char admin_key_id[RW_TOKEN_ID_MAX + 1];
	/* Of several controllers, see first_key.h: "" = none is known. */
	char first_key[RW_TOKEN_ID_MAX + 1];
	bool first_key_used;
	bool first_key_due; /* its use is to be written */
	uint64_t first_key_retry_ns;
	struct surroundings around;
	char **urls; /* where controllers are found, this one first */
	size_t url_count;
	uint64_t map_seed;

	struct inventory inventory;
	char account[RW_ACCOUNT_SIZE]; /* "" = none was made */
	struct rw_policy_cache *cache;
	struct nodes nodes;
	size_t session_count;
	size_t snapshot_count; /* sent and not acknowledged */
	struct keys keys;
	struct console console;
	struct rw_vec suppressions; /* struct rw_kept_suppression, by id */
	bool key_used;              /* a last use is newer than what is saved */
	bool key_uses_kept;         /* the file of last uses is of a newer version: it is left alone */
	uint64_t key_uses_ns;       /* when it was saved last */
	struct rw_map tokens;       /* id -> struct token_entry * */
	struct waits waits;
	struct cuts cuts;
	struct events events;
	struct idempotency idempotency;
	struct rate logins;
	struct rate joins;
	struct drops drops;
	struct rw_controller_counts counts;
	struct flows flows;
	int64_t series_since_ms;
	struct plan *committing; /* our own change whose batch comes next; adopted instead of decoded */
	uint64_t committing_revision;
	struct rw_store_batch batch; /* the newest one, lent by the watch */
	bool unfolded;               /* ... is not folded yet */
	uint64_t settled_revision;   /* our own chunk of a large change that is folded already */
	struct rw_error broken;      /* why changes cannot be made; code 0 = they can */
	uint64_t probe_ns;           /* when that was found, or tried last */
	bool stopped;                /* the fold failed: nothing is written any more */
	bool nodes_missing;          /* memory ran out for the records of new nodes */
	uint64_t last_compaction_ns;
	uint64_t last_audit_pruned;
	bool trim_due; /* a large change left much free memory in the heap */
};
