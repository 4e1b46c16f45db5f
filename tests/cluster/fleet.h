/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A fleet
 * =======
 *
 * A real controller, two real agents that have joined it, and the operator's command line, each in a network
 * namespace on one switch; and a client that tries what is open.  Node "two" reaches its controller through a
 * relay that can cut streams.  Failures of what is not under test fail the test.
 */

#include "test.h"

#include "cutter.h"
#include "netns.h"
#include "process.h"

#define CONTROLLER "10.77.0.2"
#define RELAY      "10.77.0.3"
#define CLIENT     "10.77.0.4"
#define URL        "https://" CONTROLLER ":8443"
#define RELAY_URL  "https://" RELAY ":8443"

#define NODES       2
#define FLEET_PORTS 4

/* Paths; to be set before anything else. */
struct fleet_programs {
	const char *controller, *agent, *cli;
};
extern struct fleet_programs fleet_programs;

/* More options of the controller, ended by NULL; none unless a test sets them. */
extern const char *const *fleet_controller_options;

extern const char *const fleet_names[NODES];
extern const char *const fleet_addresses[NODES];

/* Ports that listen on every node: 80 is open by default, the others as the tests go. */
extern const uint16_t fleet_ports[FLEET_PORTS];

struct world {
	char folder[64];
	char pins[96];
	int hub, control, relay_host, client;
	int nodes[NODES];
	int listeners[NODES][FLEET_PORTS];
	struct process controller;
	struct process agents[NODES];
	struct cutter cutter;
};

/* Set-up and tear-down of a test; its state is a struct world. */
int fleet_make(void **state);
int fleet_make_unjoined(void **state); /* the nodes have not joined, no agent runs */
int fleet_free(void **state);

/* The two halves of fleet_make_unjoined: machines and wires; the controller, its operator and a cluster. */
struct world *fleet_make_machines(void);
void fleet_begin(struct world *world);

/* One more machine on the switch; the caller closes it. */
int fleet_join_switch(const struct world *world, const char *name, const char *address);

/* Path of a file in the fleet's folder; state folder and pin folder of a node. */
void fleet_path(const struct world *world, const char *name, char path[128]);
void fleet_state(const struct world *world, size_t index, char path[128]);
void fleet_pin_folder(const struct world *world, size_t index, char path[128]);

void fleet_start_controller(struct world *world);
void fleet_start_agent(struct world *world, size_t index);

/* A new token of the cluster and the fingerprint of the authority. */
struct fleet_token {
	char token[160];
	char fingerprint[80];
};
struct fleet_token fleet_make_token(const struct world *world);

/* Joins a node by a new token, to be enforced; 'flag' is one more option of join, or NULL.  Gives the exit status. */
int fleet_join(const struct world *world, size_t index, const char *url, const char *flag);

/* Runs the command line on the controller's host: up to 14 words.  Gives the exit status. */
int fleet_command(const struct world *world, char *output, size_t size, const char *const *words);
#define FLEET_COMMAND(world, ...) fleet_command(world, NULL, 0, (const char *const[]){__VA_ARGS__, NULL})

/* Whether the client reaches a port of a node, for where it should not. */
bool fleet_opens(const struct world *world, size_t index, uint16_t port);
/* It does, at once; it will, on every node. */
void fleet_assert_opens(const struct world *world, size_t index, uint16_t port);
void fleet_expect_open(const struct world *world, uint16_t port);

/* What was open stays so, what was refused stays refused. */
void fleet_assert_unchanged(const struct world *world);

/* Adds a rule for a TCP port and waits until the nodes enforce it. */
int fleet_allow(const struct world *world, const char *port);
