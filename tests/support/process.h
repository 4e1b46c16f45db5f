/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Programs under test
 * ===================
 *
 * Starts a program in a network namespace with its standard error in a log file, and looks at the world as
 * its users do: by its log, its exit status and by packets.  A program dies with the test that started it.
 * Waiting is for a condition, with a deadline; a missed one fails the test with the end of the log.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_PATIENCE_MS 30000

struct process {
	pid_t pid; /* 0 = not running */
	char log[128];
};

/* Starts argv[0] with its log in 'log' (anew) in namespace 'ns' (-1 = here). */
void process_start(struct process *process, int ns, const char *log, const char *const *argv);
void process_signal(const struct process *process, int number);

/* Waits for its end; gives the exit status, or 128 + the signal. */
int process_wait(struct process *process);

/* Sends 'number' and waits; nothing if it is not running. */
void process_stop(struct process *process, int number);

/* Runs a program to its end; its standard output goes to 'output' if that is not NULL. */
int process_run(int ns, char *output, size_t output_size, const char *const *argv);

/* Waits until the log holds 'text'. */
void process_expect_log(const struct process *process, const char *text);
bool process_log_has(const struct process *process, const char *text);

/* A listening TCP socket at 'address' (IPv4) in 'ns'; the kernel accepts on its behalf. */
int process_listen(int ns, const char *address, uint16_t port);

/*
 * Whether a TCP connection from 'ns' opens within a quarter of a second, asked where it should not; and that it does,
 * for which a busy machine is given the second until the kernel would ask once more.
 */
bool process_connects(int ns, const char *address, uint16_t port);
void process_assert_connects(int ns, const char *address, uint16_t port);

/* Waits until that is so, or not so. */
void process_expect_connects(int ns, const char *address, uint16_t port, bool expected);
