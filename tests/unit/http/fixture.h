/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A server over TLS on loopback and what clients need to reach it: authority, certificates, files, a fake
 * clock.
 */

#include "http/client.h"
#include "http/server.h"

#define FIXTURE_NOW_S INT64_C(1800000000)

struct fixture_clock {
	struct rw_clock clock;
	int64_t realtime_ms;
};

struct fixture {
	char folder[64];
	char ca_file[96];
	char cert_file[96];
	char key_file[96];
	char foreign_cert_file[96]; /* of an authority that the server does not know; with key_file */
	char *ca_pem;
	char *foreign_ca_pem; /* of the authority that the server does not know */
	char *server_cert_pem;
	char *server_chain_pem; /* and the authority's */
	char *server_key_pem;
	struct fixture_clock clock;
	struct rw_loop *loop;
	struct rw_http_server *server;
	struct rw_http_client *client; /* without a certificate */
	struct rw_http_client *agent;  /* with the certificate of node "n-1" */
	struct rw_http_limits limits;  /* of the server, set before fixture_start */
	rw_http_handler_fn handler;
	void *userdata;                          /* of the handler; default the fixture */
	const struct rw_tls_ticket_key *tickets; /* NULL = none are given */
	const char *trust_pem;                   /* who issues clients' certificates; default ca_pem */
	bool plain;
	unsigned int count; /* free for tests */
	void *pointer;
};

/* Makes certificates and files; once a test program. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Makes loop, server and clients; for each test. */
void fixture_start(struct fixture *fixture, rw_http_handler_fn handler);
void fixture_stop(struct fixture *fixture);

/* Ends the server and starts another on the same port, with the tickets and trust of now. */
void fixture_restart_server(struct fixture *fixture);

/* "https://127.0.0.1:PORT<path>", valid until the next call. */
const char *fixture_url(const struct fixture *fixture, const char *path);

/* Runs the loop until *flag is true; fails the test after five seconds. */
void fixture_run_until(struct fixture *fixture, const bool *flag);

/* A connected plain socket to the server, blocking, with a receive time-out of five seconds. */
int fixture_connect(const struct fixture *fixture);

/* The same from another loopback address, "127.0.0.2". */
int fixture_connect_from(const struct fixture *fixture, const char *address);

/* Sends 'request' on a raw connection and reads until the server closes, turning the loop meanwhile. */
void fixture_talk(struct fixture *fixture, const char *request, char *answer, size_t answer_size);
