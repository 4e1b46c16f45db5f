/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A controller on a memory store with a clock that stands still until a test moves it, and agents that apply
 * what they are sent as the real one does, digests included.
 */

#include "world.h"

#include "base/clock.h"
#include "controller/internal.h"
#include "policy/delta.h"
#include "store/memory/memory.h"
#include "wire/model_file.h"

struct fixture_clock {
	struct rw_clock clock;
	uint64_t now_ms;
};

struct fixture {
	struct fixture_clock clock;
	struct rw_store *store;
	struct rw_controller *controller;
	struct rw_controller *second; /* on the same store; NULL when not asked for */
	struct rw_controller_options options;
	struct rw_seal_key master_key;
	struct rw_actor alice; /* an admin at 203.0.113.1 */
};

/* Run around what the fixture does in the midst of the controller's work; nullable. */
extern void (*fixture_begin)(void);
extern void (*fixture_end)(void);

void fixture_init(struct fixture *fx);
void fixture_done(struct fixture *fx);
/* Another controller on the same store, freed with the fixture. */
struct rw_controller *fixture_second(struct fixture *fx);
/* The controller goes and comes again on the same store. */
void fixture_restart(struct fixture *fx);
void fixture_pass(struct fixture *fx, uint64_t ms); /* moves the clock and ticks */

/* One edit of a change. */
enum step_kind { STEP_CREATE, STEP_UPDATE, STEP_DELETE, STEP_ADD_RULE, STEP_REVOKE, STEP_JOIN };
struct step {
	enum step_kind step;
	enum rw_kind kind;
	void *object;                    /* CREATE, UPDATE: kept by the test, which hands out references */
	const char *reference;           /* DELETE; group of the others */
	const char *text;                /* rule in words, rule id, or node */
	void (*between)(void *userdata); /* runs before the edit: another writer */
	void *userdata;
	enum rw_established established;
	bool dry_run;
};
int fixture_edit(struct rw_draft *draft, void *step, struct rw_error *err);
int fixture_run(struct rw_controller *controller, const struct rw_actor *actor, struct step step,
		unsigned int force, struct rw_change_result *result, struct rw_error *err);
/* Must succeed; gives the revision. */
uint64_t fixture_do(struct fixture *fx, struct step step);
uint64_t fixture_create(struct fixture *fx, enum rw_kind kind, void *object); /* takes the object */
uint64_t fixture_add_rule(struct fixture *fx, const char *group, const char *text);
uint64_t fixture_revoke(struct fixture *fx, const char *group, const char *rule);
/* vpc-1 (10.0.0.0/16), cluster c1 with group sg-c1, nodes n-1 and n-2, group sg-free with n-free. */
void fixture_vpc(struct fixture *fx);

/* The model as text, to compare. */
char *fixture_text(const struct rw_model *model);
void fixture_assert_same_model(const struct rw_controller *a, const struct rw_controller *b);

struct agent {
	struct fixture *fx;
	char node[RW_ID_SIZE];
	struct rw_session *session;
	struct rw_stream_reader *reader;
	struct rw_buf line;
	struct rw_position position; /* received */
	struct rw_position applied;
	struct rw_policy *policy;
	struct rw_policy_digest digest;
	uint32_t version; /* of the stream; 0 = the newest */
	bool refuse;      /* does not apply what comes */
	unsigned int snapshots;
	unsigned int deltas;
	unsigned int bookmarks;
	unsigned int mismatches;
	enum rw_established said[8]; /* by the last frames with a policy, newest first */
	uint64_t question;           /* asked last and not answered; 0 = none */
	struct rw_policy_digest question_digest;
	uint64_t refused; /* live flows that the next answer tells of ... */
	uint64_t kept;
	const char *failure; /* ... or why there is none */
	bool ended;
	bool detached; /* was told to take its enforcement off */
};
void agent_init(struct agent *agent, struct fixture *fx, const char *node);
void agent_done(struct agent *agent);
int agent_connect(struct agent *agent); /* where it is */
void agent_disconnect(struct agent *agent);
void agent_report(struct agent *agent, enum rw_agent_state state);
/* True when the agent's policy is the one that the model of now derives to. */
bool agent_is_current(const struct agent *agent);
