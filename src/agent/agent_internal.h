/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the agent's four files share: agent.c starts and stops the agent and answers its operator,
 * agent_policy.c knows where policies come from and where they are kept, agent_seal.c what is left when they are
 * lost, agent_follow.c follows what happens
 * on the node -- links, detach and attach, the check of every second.
 */

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/report.h"
#include "agent/saver.h"
#include "agent/seal.h"
#include "agent/session.h"
#include "agent/uplink.h"

struct agent {
	const struct rw_agent_options *options;
	struct rw_agent_identity identity;
	int lock;
	struct rw_loop *loop;
	struct rw_keeper *keeper;
	struct rw_saver *saver;
	struct rw_policy *kept; /* saved, or given to the saver; reference held; NULL = none yet */
	struct rw_reporter reporter;
	struct rw_control *control;

	struct rw_loop_timer *check_timer;
	struct rw_loop_timer *settle_timer;
	struct rw_loop_timer *session_timer;
	struct rw_loop_signal *signals[3];
	int links_fd;
	struct rw_loop_watch *links_watch;
	uint64_t next_picture_ms;          /* monotonic: from when on links may be read again */
	bool picture_due;                  /* they will be, by settle_timer */
	bool picture_failed;               /* the newest could not be taken; the next check tries again */
	struct rw_loop_watch *drops_watch; /* NULL while there is no enforcer */
	struct rw_loop_watch *hooks_watch; /* the same */
	uint64_t checks;

	/* with a controller */
	struct rw_uplink *uplink;
	struct rw_agent_session *session;
	char orphan[512]; /* why there is no session although there should be, "" = there is */

	/* for the day on which the node must be sealed */
	struct rw_policy *marked; /* in force when the mark was written; reference held; NULL = not yet */
	bool mark_failed;
	struct rw_seal_peers peers;

	/* standalone */
	struct rw_model *model;
	char file_problem[768];
	uint64_t file_revision;
};

/* agent.c */

void agent_log_error(const struct rw_error *err, const char *what);

/* Gives back what parsing and compiling a policy took. */
void agent_release_memory(void);

/* Begins a session with the controller, or says in 'orphan' why there is none; tried again every half minute. */
void agent_try_session(struct agent *agent);

/* Something the controller should hear of now. */
void agent_report_soon(struct agent *agent);

/* agent_policy.c */

/* Of the saver: 'context' is the agent. */
void agent_on_saved(void *context, const struct rw_error *err);

/* Puts the policy of the last run in force; trouble with it is no reason not to start. */
void agent_load_saved_policy(struct agent *agent);

/*
 * Has what is in force saved if it is not what was saved last: the keeper also puts a policy in force by itself, one
 * that came while the node was detached or that was refused at first.
 */
void agent_keep_policy(struct agent *agent);

/* Of the session: 'context' is the agent. */
void agent_on_policy(void *context, const struct rw_position *position, const struct rw_policy *policy,
		     enum rw_established established);
void agent_on_question(void *context, uint64_t question, const struct rw_policy *policy);
void agent_on_confirm(void *context, const struct rw_position *position);

/* Reads the model file; a bad one leaves everything as it is. */
int agent_load_file(struct agent *agent, struct rw_error *err);

/* The same at the start: on a node that has enforced before, a bad file gives way to what was saved. */
int agent_start_from_file(struct agent *agent, struct rw_error *err);

/* Makes the policy anew from the model in memory, and puts it in force when it differs. */
int agent_derive_from_file(struct agent *agent, struct rw_error *err);

/* SIGHUP: reads the model file again. */
void agent_on_hangup(void *userdata);

/* agent_seal.c */

/* Seals the node if it has enforced before; what an earlier agent left in force stays. */
void agent_seal(struct agent *agent);

/* Keeps the mark equal to what is in force; to be called once a second.  Failure is logged. */
void agent_update_seal(struct agent *agent);

/* The mark was removed: it is to be written anew when enforcement begins again. */
void agent_forget_seal(struct agent *agent);

/* Remembers who comes in by SSH; to be called once a minute. */
void agent_look_at_peers(struct agent *agent);

/* agent_follow.c */

/* The operator's 'detach' or 'attach'. */
int agent_follow_command(struct agent *agent, bool detached, struct rw_error *err);

/* The operator's 'early-drop'; 'words' are those behind it. */
int agent_switch_early(struct agent *agent, const char *words, struct rw_buf *answer, struct rw_error *err);

/* The controller lets this node go. */
void agent_on_let_go(void *context, const char *reason);

/* Watches for drop events and for others at the hooks as soon as there is an enforcer, and no longer. */
void agent_watch_enforcer(struct agent *agent);
void agent_unwatch_enforcer(struct agent *agent);

/* Reads the node's links and follows them when they changed. */
int agent_read_links(struct agent *agent, struct rw_error *err);

/* Of the loop: links changed; the next picture of them is due; a second has passed. */
void agent_on_links(unsigned int events, void *userdata);
void agent_on_settled(void *userdata);
void agent_on_check(void *userdata);
