/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node behind the filter, for tests with real packets: policies from words, an enforcer in a namespace,
 * sockets that talk, and what they can say.  Failures of what is not under test fail the test.
 */

#include "enforce/bpf/bpf.h"
#include "netns.h"

struct sockaddr_storage;

/* What must come may take its time on a busy machine; what must not would be there in microseconds. */
#define FILTER_YES_MS 10000
#define FILTER_NO_MS  120

/*
 * A policy whose interfaces (a comma list) are all in one basic group without inner access, with those rules
 * ("sgr-1 in accept tcp 22/22 0.0.0.0/0", see world.h).  NULL ends the rules.
 */
struct rw_policy *filter_policy(const char *interfaces, const char *const rules[]);

/* Opens an enforcer. */
struct rw_enforcer *filter_open_with(int ns, const struct rw_enforce_bpf_options *options);

/* The same with small tables, by pins when 'pin_dir' is given. */
struct rw_enforcer *filter_open(int ns, const char *pin_dir);

/* Puts a policy in force, and on the way attaches its interfaces when they are not yet; keeps none of it. */
void filter_apply(struct rw_enforcer *enforcer, int ns, const char *interfaces, const char *const rules[]);
/* The same for interfaces that are attached, with a word on the live flows that the change refuses. */
void filter_change(struct rw_enforcer *enforcer, const char *interfaces, const char *const rules[],
		   enum rw_established established);
void filter_attach(struct rw_enforcer *enforcer, int ns, const char *device, const char *interface);
/* The same with all that can be said of a device; 'name' is that of the device inside, 'ifindex' is found. */
void filter_attach_as(struct rw_enforcer *enforcer, int ns, struct rw_enforcer_device device);
void filter_enforce(struct rw_enforcer *enforcer, int ns);
uint64_t filter_dropped(struct rw_enforcer *enforcer, enum rw_cause cause);

/* Sockets.  Addresses are text of either family; port 0 = any. */
int filter_listen(int ns, const char *address, uint16_t port);
int filter_connect(int ns, const char *from, const char *address, uint16_t port); /* -1 = no answer */
int filter_accept(int listener);                                                  /* -1 = nobody */
int filter_udp(int ns, const char *address, uint16_t port);
int filter_udp_to(int ns, const char *from, const char *address,
		  uint16_t port); /* connected, so it hears errors */
bool filter_send_to(int fd, const char *address, uint16_t port, size_t size);

/*
 * The ends of a TCP connection from 'from' to port 'port' of 'to': [0] who opened it, [1] who listened.  Tried as
 * often as it takes on a busy machine; that it cannot be made fails the test.
 */
void filter_join(int from_ns, const char *from, int to_ns, const char *to, uint16_t port, int ret_ends[2]);

/*
 * Whether TCP from 'from' to port 'port' of 'to', behind which port 'server_port' of 'server' listens, carries
 * words both ways.  That it talks is tried as often as it takes on a busy machine.
 */
void filter_assert_talks(int from_ns, const char *from, const char *to, uint16_t port, int to_ns,
			 const char *server, uint16_t server_port);
void filter_assert_silent(int from_ns, const char *from, const char *to, uint16_t port, int to_ns,
			  const char *server, uint16_t server_port);

/*
 * Sends a few bytes by 'from'; true when 'to' gets them in FILTER_NO_MS.  That it does is better asserted by the
 * second, which has patience.
 */
bool filter_says(int from, int to);
void filter_assert_says(int from, int to);
/* The same with UDP sockets that are not connected. */
bool filter_tells(int from, int to, const char *address, uint16_t port);

/* Whether a raw socket for ICMP, of either family, gets a message of that type in time. */
bool filter_hears_icmp(int raw, uint8_t type, int timeout_ms);
