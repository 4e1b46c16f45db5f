/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Network namespaces for tests
 * ============================
 *
 * Namespaces have no names: they live by their descriptors and end with the process, also when it
 * crashes, and so do the veth pairs in them.  What outlives a process is below netns_pin_dir, and leftovers
 * of dead processes are removed there first.
 *
 * The network namespace alone is entered (setns), never a mount namespace, so that pins are real pins.
 * Every function fails the test when the kernel refuses.  A test that may not make namespaces is skipped:
 * netns_require.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exits with 77 ("skipped") and says why, unless this process may do what the tests need. */
void netns_require(void);

/* Takes away what tests have pinned whose processes are gone; netns_require does so. */
void netns_remove_leftovers(void);

int netns_new(void);

/* Whether a shell command succeeds in a namespace of its own: by it a test finds out what this kernel has. */
bool netns_can(const char *command);
/* Exits with 77 and says that this kernel has no 'what', unless it can. */
void netns_require_command(const char *what, const char *command);

void netns_enter(int ns); /* this thread, until netns_leave */
void netns_leave(void);

/* Runs a shell command inside; its failure fails the test. */
void netns_run(int ns, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A pair 'a' in 'ns_a', 'b' in 'ns_b', both up, without duplicate address detection and with fixed
 * link addresses (02:00:00:00:00:01 and :02).
 */
void netns_veth(int ns_a, const char *a, int ns_b, const char *b);

/*
 * Two namespaces joined by a veth pair: the peer's p0 with 10.0.0.1/24 and fd00::1/64, the node's eth0 with 10.0.0.2/24 and
 * fd00::2/64.  The caller closes both.
 */
void netns_pair(int *ret_node, int *ret_peer);
unsigned int netns_ifindex(int ns, const char *name);

/* socket(2) inside. */
int netns_socket(int ns, int domain, int type, int protocol);

/* A raw frame socket on a device inside: sends whole frames, receives what arrives (not what leaves). */
int netns_frames(int ns, const char *device);

/* Waits up to 'timeout_ms' for something to read. */
bool netns_readable(int fd, int timeout_ms);

/*
 * An unused pin directory of this process.  Others may be beside it, by more behind its name; whatever is in these is
 * removed at exit.
 */
const char *netns_pin_dir(void);
