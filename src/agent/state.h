/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an agent keeps on disk
 * ===========================
 *
 *     STATE/identity     who this node is and which controller it joined; 0600
 *     STATE/key.pem      its private key, made here, never sent; 0600
 *     STATE/cert.pem     its certificate
 *     STATE/ca.pem       the authority that it trusts
 *     STATE/controllers  the controllers it knows (agent/controllers.h); 0600
 *     STATE/policy       the policy in force, as a snapshot frame (wire/stream.h); 0600
 *     STATE/policy-previous  the one saved before it, for when that file is unfit or missing
 *     STATE/policy-unfit a saved policy that could not be read, kept for whoever looks into it
 *     STATE/early-drop   which interfaces have the early stage (agent/early.h)
 *     STATE/detached     there while the operator has taken enforcement off this node
 *     SEAL/...           what a node knows that can read none of that (agent/seal.h)
 *     RUN/control.sock   the running agent's control socket; 0600
 *     RUN/lock           held by the running agent
 *     RUN/detached       like STATE/detached, for when the state folder is broken
 *     RUN/policy-stale   there while a newer policy than STATE/policy may be in force
 *     RUN/pin-dir        where the running agent pins, for those who ask later
 *
 * STATE is a folder of the operator's choice (--state), SEAL is STATE-seal beside it.  RUN is /run/ringwall-agent/<instance>; the instance
 * follows from the path of the state folder alone, so that 'detach' finds everything also when the state
 * folder is gone: "default" for the default one, else its last part and a hash of its path.  Two agents with
 * two state folders on one machine are two instances, with pins of their own.
 *
 * Every file is written whole (old or new after a crash).  A missing file is an answer, not an error.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "wire/stream.h"

#define RW_AGENT_STATE_DEFAULT   "/var/lib/ringwall-agent"
#define RW_AGENT_RUN_ROOT        "/run/ringwall-agent"
#define RW_AGENT_PIN_ROOT        "/sys/fs/bpf/ringwall"
#define RW_AGENT_PATH_SIZE       512
#define RW_AGENT_POLICY_SIZE_MAX (256u << 20) /* bytes of a saved policy */
#define RW_AGENT_FILE_ABSENT     1            /* outcome: there is no such file */
#define RW_AGENT_POLICY_PREVIOUS 2            /* outcome: the newest is unfit, this is the one before */
#define RW_AGENT_SERVER_SIZE     300
#define RW_AGENT_MACHINE_ID_SIZE 33

/* Where one instance keeps its things. */
struct rw_agent_place {
	char state[RW_AGENT_PATH_SIZE];   /* absolute */
	char seal[RW_AGENT_PATH_SIZE];    /* absolute */
	char run[RW_AGENT_PATH_SIZE];     /* absolute */
	char pin_dir[RW_AGENT_PATH_SIZE]; /* absolute */
};

/*
 * Finds the place for a state folder (NULL = default), and its pin folder ('pin_dir', or what RUN/pin-dir
 * says, or the instance's own under RW_AGENT_PIN_ROOT).  Makes nothing.  -ENAMETOOLONG.
 */
RW_NODISCARD int rw_agent_place_find(const char *state, const char *pin_dir, struct rw_agent_place *ret_place,
				     struct rw_error *err);

/* Path of a file in the state folder; cut paths cannot occur, see _find. */
void rw_agent_state_path(const struct rw_agent_place *place, const char *file, char path[RW_AGENT_PATH_SIZE]);
void rw_agent_seal_path(const struct rw_agent_place *place, const char *file, char path[RW_AGENT_PATH_SIZE]);
void rw_agent_run_path(const struct rw_agent_place *place, const char *file, char path[RW_AGENT_PATH_SIZE]);

/* Makes the folders (0700). */
RW_NODISCARD int rw_agent_state_make(const struct rw_agent_place *place, struct rw_error *err);
RW_NODISCARD int rw_agent_run_make(const struct rw_agent_place *place, struct rw_error *err);

/* Writes RUN/pin-dir, where later commands look: for who has the lock, and so pins there. */
RW_NODISCARD int rw_agent_tell_pin_dir(const struct rw_agent_place *place, struct rw_error *err);

/*
 * Takes the lock of the instance until the descriptor is closed or the process ends.  -EBUSY when another agent
 * has it; a command that reads drop events (agent/capture.c) has it for an instant, so that is tried for half a
 * second.
 */
RW_NODISCARD int rw_agent_lock(const struct rw_agent_place *place, int *ret_fd, struct rw_error *err);

/* The same without waiting: for who may come again. */
RW_NODISCARD int rw_agent_try_lock(const struct rw_agent_place *place, int *ret_fd, struct rw_error *err);

/* Who this node is. */
struct rw_agent_identity {
	char node[RW_ID_SIZE];
	char name[64];
	char server[RW_AGENT_SERVER_SIZE]; /* https://host:port, which answered the join */
};

/* 0, RW_AGENT_FILE_ABSENT, -EINVAL for what is no identity, -EPROTONOSUPPORT for a newer version. */
RW_NODISCARD int rw_agent_identity_load(const struct rw_agent_place *place,
					struct rw_agent_identity *ret_identity, struct rw_error *err);
RW_NODISCARD int rw_agent_identity_save(const struct rw_agent_place *place,
					const struct rw_agent_identity *identity, struct rw_error *err);

/*
 * The policy in force.  Loading: 0; RW_AGENT_POLICY_PREVIOUS with the policy saved before it, and 'err' saying
 * what is wrong with the newest file; RW_AGENT_FILE_ABSENT when there is neither; or what is wrong with the
 * newest when the one before is of no use either.  Saving keeps the file that was newest as the one before; when the
 * disk is full, both are what they were.  At most one thread saves at a time (agent/saver.h).
 */
RW_NODISCARD int rw_agent_policy_load(const struct rw_agent_place *place, struct rw_position *ret_position,
				      struct rw_policy **ret_policy, struct rw_error *err);
RW_NODISCARD int rw_agent_policy_save(const struct rw_agent_place *place, const struct rw_position *position,
				      const struct rw_policy *policy, struct rw_error *err);

/* True when there is a saved policy, of use or not. */
bool rw_agent_policy_exists(const struct rw_agent_place *place);

/* The one before alone: 0, RW_AGENT_FILE_ABSENT, or what is wrong with it. */
RW_NODISCARD int rw_agent_policy_load_previous(const struct rw_agent_place *place,
					       struct rw_position *ret_position,
					       struct rw_policy **ret_policy, struct rw_error *err);

/* Removes both: they are another node's. */
void rw_agent_policy_forget(const struct rw_agent_place *place);

/* Puts an unfit newest file aside, so that saving does not make it the one before.  To be called when loading
 * failed or gave the previous one. */
void rw_agent_policy_set_unfit(const struct rw_agent_place *place);

/*
 * Whoever waits for a change need not wait for this disk: the agent says first that the file is stale, applies, saves
 * later, and says that it is fresh when what it saved is still in force.  An agent that is killed in between leaves the
 * newer policy in the kernel and an older one here; its successor must not go back to that.
 */
void rw_agent_policy_set_stale(const struct rw_agent_place *place);
void rw_agent_policy_set_fresh(const struct rw_agent_place *place);
bool rw_agent_policy_is_stale(const struct rw_agent_place *place);

#define RW_AGENT_DETACHED_UNTIL_BOOT 1

/*
 * Whether the operator has detached this node.  Setting the mark: RW_AGENT_DETACHED_UNTIL_BOOT with 'err' when it is set in RUN
 * alone, which the machine's next start empties; negative when in neither folder.
 */
bool rw_agent_detached(const struct rw_agent_place *place);
RW_NODISCARD int rw_agent_set_detached(const struct rw_agent_place *place, bool detached,
				       struct rw_error *err);

/*
 * An id of this machine and instance, made from /etc/machine-id, which itself is not to be told to others
 * (machine-id(5)).  -ENOENT without a machine id.
 */
RW_NODISCARD int rw_agent_machine_id(const struct rw_agent_place *place,
				     char ret_id[RW_AGENT_MACHINE_ID_SIZE], struct rw_error *err);
