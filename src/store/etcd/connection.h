/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The way to etcd
 * ===============
 *
 * One call is one POST to the gateway of one member.  Calls that wait run on a loop of their own, so that nothing
 * else of the program runs meanwhile; calls without waiting run on the program's.
 *
 *     connection.c   members in turn, users' tokens, waiting calls, one cluster
 *     beside.c       keys beside the store
 *     claim.c        the claim and what keeps it alive
 *     transaction.c  what writes
 *     etcd.c         the store
 */

#include "http/client.h"
#include "store/etcd/etcd.h"
#include "store/etcd/gateway.h"

struct etcd_claim {
	bool held; /* made and not known to be lost */
	bool told; /* 'lost' has run */
	char lease[24];
	uint64_t mod_revision; /* of the claim's key */
	uint64_t alive_ns;     /* when the last sign of life that etcd took was begun */
	uint64_t begun_ns;     /* when the last one was begun */
	size_t failures;       /* in a row */
	struct rw_error why;   /* it was lost */
	struct rw_loop_timer *timer;
	struct rw_http_call *call; /* a sign of life under way */
	void (*lost)(void *context, const struct rw_error *err);
	void *context;
};

struct rw_etcd {
	struct rw_loop *loop; /* the program's; borrowed */
	const struct rw_clock *clock;
	const struct rw_random *random;
	char *endpoints[RW_ETCD_ENDPOINTS_MAX];
	size_t endpoint_count;
	size_t endpoint; /* the one to ask next */
	char *prefix;
	char *user;     /* NULL = none */
	char *password; /* with 'user' */
	char *holder;
	char *token;      /* of the user; NULL = none yet */
	char cluster[24]; /* etcd's own number of the cluster that answers; "" = not known yet */
	size_t strangers; /* answers of other clusters, with nothing else in between */
	uint64_t newest;  /* revision of etcd that was answered so far */
	bool rewound; /* etcd has less than it had: the next store that is opened gets another incarnation */
	bool files;   /* certificates are read from files that may be renewed */
	struct rw_http_client *client;
	struct rw_loop *wait_loop;
	struct rw_http_client *wait_client;
	struct rw_loop_timer *pause; /* of wait_loop */
	struct etcd_claim claim;
	struct rw_http_call *list;
	uint64_t list_newest; /* 'newest' when it was asked */
	rw_etcd_list_fn *list_fn;
	void *list_context;
};

#define ETCD_NS_OF_MS(ms) ((uint64_t)(ms)*UINT64_C(1000000))

/* A whole key: PREFIX, '/', 'key'; for the store's own 'data' precedes it. */
void etcd_key(const struct rw_etcd *etcd, const char *key, char whole[ETCD_KEY_MAX]);
void etcd_data_key(const struct rw_etcd *etcd, const char *key, char whole[ETCD_KEY_MAX]);

struct etcd_answer {
	struct rw_json_document *document;
	struct rw_json root;
};
void etcd_answer_done(struct etcd_answer *answer);
RW_DEFINE_DONE(struct etcd_answer, etcd_answer_done)

enum etcd_kind {
	ETCD_REPEATABLE, /* said twice it does no harm: tried until the deadline */
	ETCD_ONCE,       /* once it may have been carried out, it is not said again */
};

/*
 * Calls and waits until 'deadline_ns' (monotonic) at the latest, one member after the other.  0; RW_STORE_COMPACTED;
 * -EHOSTDOWN and *ret_unsure (nullable with ETCD_REPEATABLE): whether it may have been carried out; -EACCES; others of
 * etcd_read_refusal; -EKEYREJECTED, -EKEYEXPIRED: no member shows a certificate that is trusted; -EBADMSG.
 *
 * A member of another cluster than the one that answered first, by a mistake among the URLs, is as one that does not
 * answer: what it said would be of another store.  Only when all members are of it, and no claim is held, it is taken
 * for ours: data that were restored from a snapshot make a new cluster.
 *
 * Where etcd answers with an older state than it answered before, it was brought back from a snapshot of the same
 * cluster: the claim is lost then, -ESHUTDOWN, or without one -EHOSTDOWN.
 */
RW_NODISCARD int etcd_call(struct rw_etcd *etcd, enum etcd_kind kind, const char *path,
			   const struct rw_buf *body, uint64_t deadline_ns, struct etcd_answer *answer,
			   bool *ret_unsure, struct rw_error *err);

/* The deadline of a call that begins now. */
uint64_t etcd_deadline(const struct rw_etcd *etcd, unsigned int ms);

/* The same without waiting, one try at one member.  'done' as of rw_http_client_call. */
RW_NODISCARD int etcd_call_start(struct rw_etcd *etcd, const char *path, const struct rw_buf *body,
				 unsigned int total_ms,
				 void (*done)(struct rw_http_call *call, int result,
					      const struct rw_http_response *response,
					      const struct rw_error *err, void *userdata),
				 void *userdata, struct rw_http_call **ret_call, struct rw_error *err);

/*
 * Notes how new the state is that was answered, and refuses one that is older than 'before', what etcd had answered when
 * it was asked; for answers of "kv/" only, which tell the newest state there is.
 */
RW_NODISCARD int etcd_check_age(struct rw_etcd *etcd, const struct etcd_answer *answer, uint64_t before,
				struct rw_error *err);

/* What such a call ended with: 0 and *answer, or why not; the next call goes to another member then. */
RW_NODISCARD int etcd_call_end(struct rw_etcd *etcd, int result, const struct rw_http_response *response,
			       const struct rw_error *failure, struct etcd_answer *answer,
			       struct rw_error *err);

/* ---- claim.c ---- */

/* Makes the claim.  -EBUSY, and failures of calls; nothing is left then. */
RW_NODISCARD int etcd_claim_make(struct rw_etcd *etcd,
				 void (*lost)(void *context, const struct rw_error *err), void *context,
				 struct rw_error *err);

/* Gives it up, also one that is lost, as far as etcd answers. */
void etcd_claim_drop(struct rw_etcd *etcd);

/* 0 when it can be relied on now and etcd answers; -ESHUTDOWN when it is lost, -EHOSTDOWN when no member answers. */
RW_NODISCARD int etcd_claim_check(struct rw_etcd *etcd, struct rw_error *err);

/* It is lost; 'lost' is told from the loop. */
void etcd_claim_lose(struct rw_etcd *etcd, const struct rw_error *why);

/*
 * Asks who has the claim: 0 and its mod_revision and number, which are 0 when nobody has.  *ret_holder as of
 * rw_etcd_claim_holder, nullable.
 */
RW_NODISCARD int etcd_claim_read(const struct rw_json *range, uint64_t *ret_mod_revision, uint64_t *ret_write,
				 char *ret_holder, struct rw_error *err);
