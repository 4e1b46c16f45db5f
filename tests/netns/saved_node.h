/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node that has joined and has a saved policy
 * =============================================
 *
 * An agent with an identity, a certificate and a saved policy, whose controller cannot be reached, in a network
 * namespace of its own, and a peer at the other end of the wire who knows the node's link address, so that
 * his packets come whatever addresses the node has.  A storm of datagrams that the policy refuses blows at it
 * until somebody looks.
 *
 * The policy (networks 10.77.0.0/16) accepts TCP 80 at eth0 and nothing else; management CIDRs are none; the
 * controller is 10.77.0.2:8443, where nobody answers unless a test listens there.
 */

#include "test.h"

#include "agent/seal.h"
#include "filter.h"
#include "process.h"
#include "storm.h"

#define NODE    "10.77.0.1"
#define PEER    "10.77.0.2"
#define SECOND  "10.77.0.3" /* another address of the peer */
#define REFUSED 9999        /* UDP, where the storm blows */

struct saved_node {
	char folder[64];
	char state[96];
	char log[96];
	const char *pins;
	struct rw_agent_place place;
	int node, peer;
	int listeners[3]; /* TCP 22, 80, 81 at every address of the node */
	int client, server;
	struct process agent;
	struct storm storm;
};

extern const char *saved_node_program; /* ringwall-agent; to be set before anything else */

/* Set-up and tear-down of a test.  There is no device yet, and no agent runs. */
int saved_node_make(void **state);
int saved_node_free(void **state);

/* Makes the wire: the node's end "eth0" is down and has no address. */
void saved_node_plug(struct saved_node *world);

/* Takes eth0 up and gives it its address. */
void saved_node_configure(const struct saved_node *world);

/* Runs the agent; 'interface' is named by --interface if not NULL. */
void saved_node_start(struct saved_node *world, const char *interface);

/* What a reboot takes: the agent, its pins and all below /run. */
void saved_node_reboot(struct saved_node *world);

/* 'ringwall-agent WORD ...'; gives the exit status. */
int saved_node_command(const struct saved_node *world, char *output, size_t size, const char *word,
		       const char *option, const char *value);

/* Waits until 'status' says 'text'. */
void saved_node_expect_status(const struct saved_node *world, const char *text);

/* Ends the connections to TCP 80 that nobody has accepted. */
void saved_node_drain(const struct saved_node *world);

/* Connects to TCP 80 of the node, and keeps both ends in world->client and ->server. */
void saved_node_talk(struct saved_node *world);

/* The storm: with the connection in it, if there is one.  It ends with not one datagram arrived. */
void saved_node_storm(struct saved_node *world);
void saved_node_calm(struct saved_node *world);

/* Overwrites a file of the state folder, or of the one beside it ("-seal"). */
void saved_node_spoil(const struct saved_node *world, const char *suffix, const char *file);
