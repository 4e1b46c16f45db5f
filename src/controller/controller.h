/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Controller
 * ==========
 *
 * Keeps the model, changes it, and tells every agent exactly what its node must know.  No routes, no sockets:
 * src/api translates HTTP into the calls of this folder's headers, tests make them directly.
 *
 *     controller.h    open, time, the model as it is now, who acts
 *     change.h        a change: edit -> validate -> guards -> one transaction with its audit record -> fold
 *     guard.h         changes that would lock somebody out
 *     wait.h          which nodes have a change in force
 *     event.h         what happened, in order, for those who follow
 *     audit.h         the change log
 *     key.h           API keys and roles, the first key
 *     console_session.h  browsers that are signed in
 *     join.h          join tokens, joining, agent certificates
 *     authority.h     replacing the authority, the server's certificate
 *     shared_authority.h  the authority that several controllers share
 *     master_key.h    replacing the key that seals secrets
 *     session.h       agents: their streams, reports and states
 *     counts.h        what is counted, for metrics
 *     series.h        the last day over time
 *     flows.h         what flows nodes see
 *     history.h       the model as it was
 *     snapshot.h      a state of the model for other threads
 *     state_folder.h  files beside the store: master key, authority, server certificate
 *     store_layout.h  what stands under which key of the store
 *
 * **Truth is the store**; everything here that survives a restart is a fold of the store's ordered batches
 * ("inventory"), our own changes included.  Node states, waits, events, hit counters and last uses are soft:
 * they live in memory within limits and begin anew with the process.
 *
 * **Time**: whoever owns the controller calls rw_controller_tick about twice a second; all deadlines (waits,
 * lagging, offline, bookmarks, compaction) are judged there, by the injected clock.
 *
 * **Stores across the network**: changes commit by rw_store_commit, which waits.  On memory and SQLite that
 * is the cost of the commit itself.
 *
 * Threads: one, all calls.  Callbacks run inside calls of this folder; unless their header says otherwise
 * they must not call back into the controller but only note what to do.
 */

#include "base/clock.h"
#include "crypto/cert.h"
#include "crypto/seal.h"
#include "crypto/token.h"
#include "group/edit.h"
#include "policy/policy.h"
#include "store/flows.h"
#include "store/store.h"
#include "wire/json.h"

struct rw_controller;
struct rw_state_folder;

/* Every number: 0 = the default in brackets. */
struct rw_controller_limits {
	size_t sessions;            /* agent streams open at a time [20,000] */
	size_t keys;                /* API keys [1,000] */
	size_t console_sessions;    /* of all keys [1,000] */
	size_t join_tokens;         /* unused ones [1,000] */
	size_t events;              /* kept for those who resume [4,096] */
	size_t changes;             /* whose nodes are remembered, for waits [1,024] */
	size_t change_nodes;        /* which these concern together; of more, fewer changes [262,144] */
	size_t idempotency_keys;    /* [10,000], each for 24 hours */
	uint64_t audit_records;     /* older ones are deleted [100,000] */
	uint64_t revisions;         /* of history kept in the store [10,000] */
	unsigned int failed_logins; /* a minute and address, more are refused unseen [30] */
	unsigned int join_attempts; /* a minute and address [30] */
};

#define RW_CONTROLLER_ENDPOINTS_MAX 64

struct rw_controller_options {
	struct rw_store *store;               /* borrowed; outlives the controller */
	const struct rw_clock *clock;         /* borrowed */
	const struct rw_random *random;       /* borrowed */
	const struct rw_seal_key *master_key; /* copied */
	const char *ca_cert_pem;              /* copied; the authority that signs agents' certificates */
	const char *ca_key_pem;
	const char *trust_pem; /* copied: all authorities, that one first; NULL = that one */
	/*
	 * The folder that the five above come from, to renew them in; borrowed, changed in place.  NULL = they
	 * stay what they are.  'certificates_changed' runs after a change of the folder's certificates.
	 */
	struct rw_state_folder *folder;
	/* The store is one of several controllers: the authority stands in it, too (shared_authority.h). */
	bool shared;
	void (*certificates_changed)(void *userdata);
	void *certificates_userdata;
	const char *admin_key_file; /* copied, nullable: deleted when the key in it is first used */
	/*
	 * Copied: where agents reach the controllers, in every policy; and where the store of several controllers
	 * listens for them and its members for each other, in the policies of nodes that host one of both.  Such a
	 * node accepts TCP to the ports of what it hosts.  Of each the first RW_CONTROLLER_ENDPOINTS_MAX in order of
	 * address and port count; in which order they are given does not matter.
	 */
	const struct rw_endpoint *endpoints;
	size_t endpoint_count;
	const struct rw_endpoint *stores;
	size_t store_count;
	/* Copied: where agents and clients find the controllers, this one first; agents are told the first 16. */
	const char *const *urls;
	size_t url_count;
	struct rw_flow_history *flow_history; /* borrowed, nullable: none is kept */
	const struct rw_limits *model_limits; /* copied; NULL = rw_limits_default */
	struct rw_controller_limits limits;
};

/*
 * Reads everything from the store and is ready.  -EPROTO when the store holds a format of a newer version;
 * -EUCLEAN when a value there cannot be read (the text names its key); -EINVAL for key material that does not
 * fit; failures of the store.
 */
RW_NODISCARD int rw_controller_new(const struct rw_controller_options *options,
				   struct rw_controller **ret_controller, struct rw_error *err);

/* Ends sessions (their sinks' 'end' run) and waits (their functions do not), frees.  NULL is fine. */
struct rw_controller *rw_controller_free(struct rw_controller *controller);
RW_DEFINE_CLEANUP(struct rw_controller *, rw_controller_free)

/* Judges all deadlines; see above.  O(managed nodes). */
void rw_controller_tick(struct rw_controller *controller);

/* ---- what is now ---- */

/* The folded model.  Lent until the next call that may change something (a change, a report, a tick). */
const struct rw_model *rw_controller_model(const struct rw_controller *controller);

/* How much of everything there may be here; borrowed. */
const struct rw_limits *rw_controller_limits(const struct rw_controller *controller);

/* The position of that model: (incarnation, revision).  Lent as the store's. */
const char *rw_controller_incarnation(const struct rw_controller *controller);
uint64_t rw_controller_revision(const struct rw_controller *controller);

/*
 * The revision that wrote an object last (its ETag), by id; a group's counts its rules.  0 = no such object.
 */
uint64_t rw_controller_object_revision(const struct rw_controller *controller, enum rw_kind kind,
				       const char *id);

/*
 * Gives the policy that the agent of a node (an id) would be told under 'model': the folded one or another
 * state of it.  -ENOENT; -ENOMEM.
 */
RW_NODISCARD int rw_controller_derive(struct rw_controller *controller, const struct rw_model *model,
				      const char *node, struct rw_policy **ret_policy, struct rw_error *err);

/*
 * Gives the number of the one account that other clouds' APIs tell as owner: 16 digits, random, made when it is first
 * asked for and the same from then on, after a restore too.  Failures of the store.
 */
#define RW_ACCOUNT_SIZE 17
RW_NODISCARD int rw_controller_account(struct rw_controller *controller, char ret_account[RW_ACCOUNT_SIZE],
				       struct rw_error *err);

/*
 * 0 while changes can be made; else why not: the last write failed for good (-EIO, -ENOSPC, -EROFS, ...).
 * For /readyz.
 */
RW_NODISCARD int rw_controller_ready(const struct rw_controller *controller, struct rw_error *err);

/* Gives the URLs of the options, lent, and returns how many there are. */
size_t rw_controller_urls(const struct rw_controller *controller, const char *const **ret_urls);

/* SHA-256 of the issuing authority's certificate (DER) in hex, lent: what join commands carry. */
const char *rw_controller_ca_fingerprint(const struct rw_controller *controller);

/* ---- who acts ---- */

enum rw_role { RW_ROLE_VIEWER, RW_ROLE_OPERATOR, RW_ROLE_ADMIN }; /* each may what those before it may */
extern const struct rw_word rw_words_role[];

enum rw_actor_kind {
	RW_ACTOR_KEY,   /* an API key */
	RW_ACTOR_AGENT, /* the agent of node 'id' */
	RW_ACTOR_TOKEN, /* a joining machine with token 'id' */
	RW_ACTOR_LOCAL, /* a command on the controller's own host */
};

#define RW_ACTOR_NAME_SIZE 260

struct rw_actor {
	enum rw_actor_kind kind;
	char id[RW_TOKEN_ID_MAX + 1];
	char name[RW_ACTOR_NAME_SIZE];
	enum rw_role role;         /* keys only */
	bool via_console;          /* keys only: by a session of the console */
	char certificate[65];      /* agents only: fingerprint of the one shown */
	struct rw_address address; /* from where; family 0 = unknown */
};
