/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes
 * =======
 *
 * One path for everything that changes the model, whoever asks:
 *
 *     edit      the caller's function works on a draft of the current model with the calls of group/edit.h,
 *               which validate
 *     match     If-Match: objects are still at the revision the caller saw
 *     guards    guard.h, on the state after
 *     commit    ONE store transaction: the objects touched (rules in small pages), the audit record with its
 *               dense number, and compares on all that was read.  Another writer came first -> everything
 *               again on the new state, RW_CHANGE_TRIES times at most.
 *     fold      the inventory takes the transaction's events up; streams of the nodes concerned get their
 *               delta; waits and events learn of it
 *
 *     static int add(struct rw_draft *draft, void *userdata, struct rw_error *err)
 *     {
 *             struct body *body = userdata;
 *             ...                       // may run again on another draft: take fresh references of the rules
 *             return rw_edit_add_rules(draft, body->group, rules, body->count, body->outcomes, err);
 *     }
 *     r = rw_change_run(controller, &(struct rw_change_request){.actor = &actor, .action = "add rules",
 *                       .edit = add, .userdata = &body}, &result, &err);
 *
 * A change may be of any size: what exceeds a transaction's limits is first written as staged pages, which
 * mean nothing until one transaction makes them valid (store_layout.h).
 *
 * **Idempotency**: a request with a key that this actor used within 24 hours is not done again; its first
 * outcome is told once more (RW_CHANGE_REPLAYED).  The key's digest is part of the audit record, so it is as
 * durable as the change itself and survives a restart; the newest limits.idempotency_keys are known. Requests
 * that changed nothing or failed are not remembered: doing them again is harmless.
 *
 * Codes: those of group/edit.h, and -ESTALE (If-Match does not hold) · -EAGAIN (others kept changing the same
 * things, try again) · -EIO, -ESHUTDOWN, -EHOSTDOWN, -ENOSPC, -EROFS (the store) · -EEXIST (idempotency key used for another
 * request).
 */

#include "controller/controller.h"
#include "controller/guard.h"
#include "crypto/digest.h"
#include "policy/established.h"

#define RW_CHANGE_TRIES           5
#define RW_CHANGE_ACTION_MAX      63  /* characters */
#define RW_CHANGE_IDEMPOTENCY_MAX 255 /* bytes of a key */

/* Positive outcomes of rw_change_run. */
enum {
	RW_CHANGE_GUARDED = 1, /* refused by guards: result->findings; nothing was changed */
	RW_CHANGE_REPLAYED,    /* done before under this idempotency key: result as then, items included */
};

/* Makes the edits.  May run several times, each time on a fresh draft of the newest model. */
typedef int rw_change_edit_fn(struct rw_draft *draft, void *userdata, struct rw_error *err);

/* An object that must still be at a revision (If-Match). */
struct rw_change_match {
	enum rw_kind kind;
	const char *reference;
	uint64_t revision;
};

/* Borrowed during the call. */
struct rw_change_request {
	const struct rw_actor *actor;
	const char *action; /* for the log, in a few words: "add rules" */
	rw_change_edit_fn *edit;
	void *userdata;
	const struct rw_change_match *matches; /* nullable */
	size_t match_count;
	struct rw_guard_force force;     /* what must not refuse */
	enum rw_established established; /* what becomes of live flows that it refuses */
	const char *tightens; /* nullable: a group, what is done to its rules is kept for the way back */
	const char *loosens;  /* nullable: a group, this is its way back (tightening.h) */
	bool dry_run;         /* everything but commit; result.items show what would be */
	const char *idempotency_key;            /* nullable */
	uint8_t request_digest[RW_SHA256_SIZE]; /* of method, target and body; with idempotency_key */
};

/* What one item of a change is: a kind of the model, or one of these. */
enum rw_change_subject {
	RW_SUBJECT_OBJECT, /* of rw_change_item.kind; groups without their rules */
	RW_SUBJECT_RULE,   /* of group rw_change_item.group */
	RW_SUBJECT_KEY,
	RW_SUBJECT_JOIN_TOKEN,
	RW_SUBJECT_SUPPRESSION,
};

/* One thing that changed.  JSON texts are the API's form of the object, owned by the result. */
struct rw_change_item {
	enum rw_change_subject subject;
	enum rw_kind kind;
	char id[RW_ID_SIZE];
	char group[RW_ID_SIZE]; /* a rule's group, else "" */
	char *before;           /* NULL = it was not there */
	char *after;            /* NULL = it is gone */
};

/* A managed node whose policy a change touches, by which policies. */
struct rw_change_policy {
	char id[RW_ID_SIZE];
	struct rw_policy *before; /* references */
	struct rw_policy *after;
};

struct rw_change_result {
	uint64_t revision; /* of the change; of the model when nothing changed */
	bool changed;
	struct rw_change_item *items; /* objects by (kind, id), a group's rules behind it */
	size_t item_count;
	size_t items_omitted; /* replay of a huge change: items that the audit record did not keep */
	struct rw_guard_finding *findings; /* guards that refuse, were forced, or warn */
	size_t finding_count;
	size_t concerned; /* managed nodes whose policy the change touches: wait.h has them by revision */
	/* Of a dry run that would change something: */
	struct rw_model *after;            /* owned; the model that it would make */
	struct rw_change_policy *policies; /* of the nodes concerned, by id */
	size_t policy_count;
};

void rw_change_policies_free(struct rw_change_policy *policies, size_t count);
void rw_change_result_done(struct rw_change_result *result);
RW_DEFINE_DONE(struct rw_change_result, rw_change_result_done)

/*
 * Makes a change.  0: durable and folded (or nothing was to change: result->changed), or a positive outcome
 * above, or a negative errno with nothing changed; except -EIO and -ESHUTDOWN, after which it may turn out durable at the
 * next start.  'ret_result' is zeroed and filled in every case; done with by rw_change_result_done.
 */
RW_NODISCARD int rw_change_run(struct rw_controller *controller, const struct rw_change_request *request,
			       struct rw_change_result *ret_result, struct rw_error *err);

/*
 * Fills an empty model (-EBUSY when there is anything) with 'model' (borrowed; valid, as from
 * rw_model_file_decode), keeping ids.  One change, whatever its size.
 */
RW_NODISCARD int rw_change_import(struct rw_controller *controller, const struct rw_actor *actor,
				  const struct rw_model *model, struct rw_change_result *ret_result,
				  struct rw_error *err);
