/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The seal
 * ========
 *
 * A node that has enforced never comes up open.  When neither its saved policy nor the one before can be read,
 * it is *sealed*: the system rules and their failsafes hold -- the link to the controllers, SSH from the
 * management CIDRs and from the peers that were seen of late -- and everything else is dropped, until a policy
 * comes or the operator detaches the node.
 *
 * What a sealed node must know is little, and is kept apart from the state folder, so that what spoils or
 * removes that folder leaves it:
 *
 *     STATE-seal/policy     a policy without groups and rules, as a snapshot frame, which carries a check; 0600
 *     STATE-seal/ssh-peers  addresses, one a line, the latest first, and a check; 0600
 *
 * The file 'policy' is the mark that this node has enforced: written when enforcement begins and when what it
 * holds changes, removed when the node is monitored, lets go of its record or joins anew.  One that cannot be
 * read seals, too: then nothing but the system rules and SSH from the peers is known.
 */

#include "agent/connections.h"
#include "agent/state.h"

#define RW_SEAL_PEERS_MAX      16  /* remembered; one more pushes the oldest out */
#define RW_SEAL_CANDIDATES_MAX 256 /* connections that may become one */

/* Longer than sshd lets anybody stay who has not logged in (LoginGraceTime, 120 s by default). */
#define RW_SEAL_PEER_AGE_MS 150000u

/* Outcomes of rw_seal_load besides 0. */
#define RW_SEAL_ABSENT  1 /* this node has not enforced */
#define RW_SEAL_DAMAGED 2 /* it has; the policy given knows nothing but the peers */

/*
 * Who comes in by SSH.  A connection to an SSH port that has lasted RW_SEAL_PEER_AGE_MS belongs to somebody
 * who has logged in; guessers are thrown out before.
 */
struct rw_seal_peers {
	struct rw_address items[RW_SEAL_PEERS_MAX]; /* the latest first */
	size_t count;
	struct rw_seal_candidate {
		struct rw_packet opener;
		uint64_t since_ms;
		bool seen;    /* at this look */
		bool counted; /* its opener was put first */
	} candidates[RW_SEAL_CANDIDATES_MAX];
	size_t candidate_count;
};

/*
 * Takes a new look at the live connections; 'now_ms' is monotonic.  True when the peers, or their order, are
 * others now.  Connections that cross no interface are nobody's.
 */
bool rw_seal_peers_look(struct rw_seal_peers *peers, const struct rw_connections *connections,
			const uint16_t *ssh_ports, size_t ssh_port_count, uint64_t now_ms);

/* Gives what is left of 'policy' on a sealed node; NULL when memory runs out. */
struct rw_policy *rw_seal_make(const struct rw_policy *policy);

/* Writes the mark, unless it holds the same already. */
RW_NODISCARD int rw_seal_save(const struct rw_agent_place *place, const struct rw_policy *sealed,
			      struct rw_error *err);

/* Takes the mark and the peers away; failure is an answer to nobody's question. */
void rw_seal_remove(const struct rw_agent_place *place);
bool rw_seal_exists(const struct rw_agent_place *place);

/*
 * Gives the policy of this node sealed, with the peers among the management CIDRs.  0, RW_SEAL_ABSENT,
 * RW_SEAL_DAMAGED with 'err' saying what is wrong; -ENOMEM.
 */
RW_NODISCARD int rw_seal_load(const struct rw_agent_place *place, struct rw_policy **ret_sealed,
			      struct rw_error *err);

RW_NODISCARD int rw_seal_peers_save(const struct rw_agent_place *place, const struct rw_seal_peers *peers,
				    struct rw_error *err);

/* Reads the peers remembered; none when there are none or they cannot be read. */
void rw_seal_peers_load(const struct rw_agent_place *place, struct rw_seal_peers *peers);
