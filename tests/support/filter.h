/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node behind the filter, for tests with real packets: policies from words, an enforcer in a namespace,
 * sockets that talk, and what they can say.  Failures of what is not under test fail the test.
 */

#include "enforce/bpf/bpf.h"
#include "netns.h"

struct sockaddr_storage;

/*
 * A policy whose interfaces (a comma list) are all in one basic group without inner access, with those rules
 * ("sgr-1 in accept tcp 22/22 0.0.0.0/0", see world.h).  NULL ends the rules.
 */
struct rw_policy *filter_policy(const char *interfaces, const char *const rules[]);

/* Opens an enforcer, by pins when 'pin_dir' is given. */
struct rw_enforcer *filter_open(int ns, const char *pin_dir);

/* Puts a policy in force, and on the way attaches its interfaces when they are not yet; keeps none of it. */
void filter_apply(struct rw_enforcer *enforcer, int ns, const char *interfaces, const char *const rules[]);
/* The same for interfaces that are attached, with a word on the live flows that the change refuses. */
void filter_change(struct rw_enforcer *enforcer, const char *interfaces, const char *const rules[],
		   enum rw_established established);
void filter_attach(struct rw_enforcer *enforcer, int ns, const char *device, const char *interface);
void filter_enforce(struct rw_enforcer *enforcer, int ns);
uint64_t filter_dropped(struct rw_enforcer *enforcer, enum rw_cause cause);

/* Sockets.  Addresses are text of either family; port 0 = any. */
int filter_listen(int ns, const char *address, uint16_t port);
int filter_connect(int ns, const char *from, const char *address, uint16_t port); /* -1 = no answer */
int filter_accept(int listener);                                                  /* -1 = nobody */
int filter_udp(int ns, const char *address, uint16_t port);
bool filter_send_to(int fd, const char *address, uint16_t port, size_t size);

/* Sends a few bytes by 'from'; true when 'to' gets them in time. */
bool filter_says(int from, int to);
/* The same with UDP sockets that are not connected. */
bool filter_tells(int from, int to, const char *address, uint16_t port);
