/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "crypto/encoding.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

enum { CHAIN_MAX = 8 };

struct rw_tls_client {
	unsigned int references;
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_trust_list_t trust;
	gnutls_priority_t priority;
	bool system_trust_pending; /* some megabytes: read at the first server that is judged by it */
	bool pinned;               /* trust only the authority with this fingerprint */
	uint8_t fingerprint[RW_SHA256_SIZE];
	gnutls_datum_t ticket; /* owned, of 'ticket_host'; empty = none */
	char *ticket_host;
	int64_t ticket_until_s; /* when the certificate expires that the server has shown */
};

struct rw_tls_session {
	gnutls_session_t gnutls;
	struct rw_tls_client *client; /* a reference */
	char *host;
	int64_t now_s;
	int64_t server_until_s; /* when what the server has shown expires; of a resumed session as the ticket says */
	bool ticket_taken;
	struct rw_error refusal; /* why the server's certificate was refused */
};

/* ---- the client's material ---- */

static int load_trust(struct rw_tls_client *client, const char *ca_file, struct rw_error *err)
{
	int r;

	if (!ca_file) {
		client->system_trust_pending = true;
		return 0;
	}
	if (access(ca_file, R_OK) < 0)
		return rw_error_set(err, -errno, "cannot read %s: %s", ca_file, strerror(errno));
	r = gnutls_x509_trust_list_add_trust_file(client->trust, ca_file, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, ca_file);
	if (r == 0)
		return rw_error_set(err, -EINVAL, "%s holds no certificate of an authority", ca_file);
	return 0;
}

static int load_own(struct rw_tls_client *client, const char *cert_file, const char *key_file,
		    struct rw_error *err)
{
	const char *const files[] = {cert_file, key_file};
	int r;

	for (size_t i = 0; i < RW_ARRAY_COUNT(files); i++) {
		if (access(files[i], R_OK) < 0)
			return rw_error_set(err, -errno, "cannot read %s: %s", files[i], strerror(errno));
	}
	r = gnutls_certificate_set_x509_key_file(client->credentials, cert_file, key_file,
						 GNUTLS_X509_FMT_PEM);
	return r < 0 ? crypto_failed(err, -EINVAL, r, cert_file) : 0;
}

int rw_tls_client_new(const char *ca_file, const char *cert_file, const char *key_file,
		      struct rw_tls_client **ret_client, struct rw_error *err)
{
	RW_CLEANUP(rw_tls_client_free) struct rw_tls_client *client = calloc(1, sizeof(*client));
	int r;

	assert(!cert_file == !key_file);
	if (!client)
		return rw_error_oom(err);
	client->references = 1;
	r = gnutls_certificate_allocate_credentials(&client->credentials);
	if (r >= 0)
		r = gnutls_x509_trust_list_init(&client->trust, 0);
	if (r >= 0)
		r = gnutls_priority_init(&client->priority, RW_TLS_PRIORITY, NULL);
	if (r < 0)
		return crypto_failed(err, -EIO, r, "cannot set up TLS");
	r = load_trust(client, ca_file, err);
	if (r < 0)
		return r;
	if (cert_file) {
		r = load_own(client, cert_file, key_file, err);
		if (r < 0)
			return r;
	}
	*ret_client = RW_TAKE_PTR(client);
	return 0;
}

struct rw_tls_client *rw_tls_client_ref(struct rw_tls_client *client)
{
	if (client)
		client->references++;
	return client;
}

/* It holds the secret of a session. */
static void drop_ticket(struct rw_tls_client *client)
{
	if (client->ticket.data)
		gnutls_memset(client->ticket.data, 0, client->ticket.size);
	gnutls_free(client->ticket.data);
	client->ticket = (gnutls_datum_t){NULL, 0};
	free(RW_TAKE_PTR(client->ticket_host));
}

struct rw_tls_client *rw_tls_client_free(struct rw_tls_client *client)
{
	if (!client || --client->references)
		return NULL;
	if (client->priority)
		gnutls_priority_deinit(client->priority);
	if (client->trust)
		gnutls_x509_trust_list_deinit(client->trust, 1);
	if (client->credentials)
		gnutls_certificate_free_credentials(client->credentials);
	drop_ticket(client);
	free(client);
	return NULL;
}

int rw_tls_client_trust_fingerprint(struct rw_tls_client *client, const char *fingerprint,
				    struct rw_error *err)
{
	if (rw_hex_decode(fingerprint, client->fingerprint, sizeof(client->fingerprint)) < 0)
		return rw_error_field(err, "ca_fingerprint", "not a SHA-256 fingerprint (64 hex digits)");
	client->pinned = true;
	return 0;
}

/* ---- judging the server ---- */

/* Imports what the peer has shown, at most CHAIN_MAX certificates; gives their number. */
static int import_chain(gnutls_session_t gnutls, gnutls_x509_crt_t chain[CHAIN_MAX], unsigned int *ret_count)
{
	unsigned int count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(gnutls, &count);

	*ret_count = 0;
	if (!shown || count == 0 || count > CHAIN_MAX ||
	    gnutls_certificate_type_get2(gnutls, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_X509)
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++) {
		if (gnutls_x509_crt_init(&chain[i]) < 0)
			return -ENOMEM;
		*ret_count = i + 1;
		if (gnutls_x509_crt_import(chain[i], &shown[i], GNUTLS_X509_FMT_DER) < 0)
			return -EINVAL;
	}
	return 0;
}

/* The certificate of the chain that has the pinned fingerprint, or NULL. */
static gnutls_x509_crt_t find_pinned(const struct rw_tls_client *client, gnutls_x509_crt_t *chain,
				     unsigned int count)
{
	for (unsigned int i = 0; client->pinned && i < count; i++) {
		uint8_t fingerprint[RW_SHA256_SIZE];
		size_t size = sizeof(fingerprint);

		if (gnutls_x509_crt_get_fingerprint(chain[i], GNUTLS_DIG_SHA256, fingerprint, &size) >= 0 &&
		    memcmp(fingerprint, client->fingerprint, sizeof(fingerprint)) == 0)
			return chain[i];
	}
	return NULL;
}

/* Verifies against the pinned authority alone.  Without it in the chain nothing is trusted. */
static int verify_pinned(const struct rw_tls_client *client, gnutls_x509_crt_t *chain, unsigned int count,
			 gnutls_typed_vdata_st *wanted, unsigned int wanted_count, unsigned int *ret_status)
{
	gnutls_x509_crt_t pinned = find_pinned(client, chain, count);
	gnutls_x509_trust_list_t trust;
	int r = gnutls_x509_trust_list_init(&trust, 0);

	if (r < 0)
		return r;
	r = pinned ? gnutls_x509_trust_list_add_cas(trust, &pinned, 1, 0) : 0;
	if (r >= 0)
		r = gnutls_x509_trust_list_verify_crt2(trust, chain, count, wanted, wanted_count,
						       GNUTLS_VERIFY_DISABLE_TIME_CHECKS, ret_status, NULL);
	gnutls_x509_trust_list_deinit(trust, 0);
	return r;
}

static int verify_chain(struct rw_tls_client *client, gnutls_x509_crt_t *chain, unsigned int count,
			gnutls_typed_vdata_st *wanted, unsigned int wanted_count, unsigned int *ret_status)
{
	if (client->pinned)
		return verify_pinned(client, chain, count, wanted, wanted_count, ret_status);
	if (client->system_trust_pending) {
		int r = gnutls_x509_trust_list_add_system_trust(client->trust, 0, 0);

		if (r < 0)
			return r;
		client->system_trust_pending = false;
	}
	return gnutls_x509_trust_list_verify_crt2(client->trust, chain, count, wanted, wanted_count,
						  GNUTLS_VERIFY_DISABLE_TIME_CHECKS, ret_status, NULL);
}

static int judge_chain(struct rw_tls_session *session, gnutls_x509_crt_t *chain, unsigned int count)
{
	struct rw_error *err = &session->refusal;
	gnutls_typed_vdata_st wanted[] = {
		{.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)session->host},
		{.type = GNUTLS_DT_KEY_PURPOSE_OID,
		 .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER},
	};
	unsigned int status = 0;
	int r;

	r = verify_chain(session->client, chain, count, wanted, RW_ARRAY_COUNT(wanted), &status);
	if (r < 0)
		return crypto_failed(err, -EKEYREJECTED, r, "certificate of the server");
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
		rw_error_set(err, -EKEYREJECTED, "the server's certificate is not for \"%s\"", session->host);
		rw_error_hint(err, "Use a name or address that stands in the certificate.");
		return -EKEYREJECTED;
	}
	if (status != 0) {
		rw_error_set(err, -EKEYREJECTED,
			     "the server's certificate was not issued by a trusted authority");
		rw_error_hint(err, "Give the authority's certificate of that server.");
		return -EKEYREJECTED;
	}
	for (unsigned int i = 0; i < count; i++) {
		r = crypto_check_period("the server's certificate",
					gnutls_x509_crt_get_activation_time(chain[i]),
					gnutls_x509_crt_get_expiration_time(chain[i]), session->now_s, err);
		if (r < 0)
			return r;
	}
	session->server_until_s = gnutls_x509_crt_get_expiration_time(chain[0]);
	return 0;
}

static int verify_server(gnutls_session_t gnutls)
{
	struct rw_tls_session *session = gnutls_session_get_ptr(gnutls);
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned int count = 0;
	int r;

	r = import_chain(gnutls, chain, &count);
	if (r < 0)
		rw_error_set(&session->refusal, -EKEYREJECTED, "the server's certificate cannot be read");
	else
		r = judge_chain(session, chain, count);
	for (unsigned int i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	return r < 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

/* ---- a session ---- */

static bool is_address(const char *host)
{
	uint8_t address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Without it, or when the server does not take it, the handshake is a whole one. */
static void show_ticket(struct rw_tls_session *session)
{
	const struct rw_tls_client *client = session->client;

	if (!client->ticket_host || strcmp(client->ticket_host, session->host) != 0 ||
	    session->now_s > client->ticket_until_s)
		return;
	(void)gnutls_session_set_data(session->gnutls, client->ticket.data, client->ticket.size);
	session->server_until_s = client->ticket_until_s;
}

/* Tickets come behind the handshake, with the first data. */
static void take_ticket(struct rw_tls_session *session)
{
	struct rw_tls_client *client = session->client;
	gnutls_datum_t ticket = {NULL, 0};
	char *host;

	if (session->ticket_taken ||
	    !(gnutls_session_get_flags(session->gnutls) & GNUTLS_SFLAGS_SESSION_TICKET))
		return;
	session->ticket_taken = true;
	host = strdup(session->host);
	if (!host || gnutls_session_get_data2(session->gnutls, &ticket) < 0) {
		free(host);
		return;
	}
	drop_ticket(client);
	client->ticket = ticket;
	client->ticket_host = host;
	client->ticket_until_s = session->server_until_s;
}

int rw_tls_session_new(struct rw_tls_client *client, int fd, const char *host, int64_t now_s,
		       struct rw_tls_session **ret_session, struct rw_error *err)
{
	RW_CLEANUP(rw_tls_session_free) struct rw_tls_session *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return rw_error_oom(err);
	session->client = rw_tls_client_ref(client);
	session->now_s = now_s;
	session->host = strdup(host);
	if (!session->host)
		return rw_error_oom(err);
	r = gnutls_init(&session->gnutls,
			GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS_TLS12);
	if (r >= 0)
		r = gnutls_priority_set(session->gnutls, client->priority);
	if (r >= 0)
		r = gnutls_credentials_set(session->gnutls, GNUTLS_CRD_CERTIFICATE, client->credentials);
	if (r >= 0 && !is_address(host))
		r = gnutls_server_name_set(session->gnutls, GNUTLS_NAME_DNS, host, strlen(host));
	if (r < 0)
		return crypto_failed(err, -EPROTO, r, "cannot set up TLS");
	gnutls_session_set_ptr(session->gnutls, session);
	gnutls_session_set_verify_function(session->gnutls, verify_server);
	gnutls_transport_set_int(session->gnutls, fd);
	gnutls_handshake_set_timeout(session->gnutls, GNUTLS_INDEFINITE_TIMEOUT); /* the caller has its own */
	show_ticket(session);
	*ret_session = RW_TAKE_PTR(session);
	return 0;
}

struct rw_tls_session *rw_tls_session_free(struct rw_tls_session *session)
{
	if (!session)
		return NULL;
	if (session->gnutls)
		gnutls_deinit(session->gnutls);
	(void)rw_tls_client_free(session->client);
	free(session->host);
	free(session);
	return NULL;
}

/* Translates a negative result of a session function. */
static int translate(struct rw_tls_session *session, int gnutls_code, struct rw_error *err)
{
	if (gnutls_code == GNUTLS_E_AGAIN || gnutls_code == GNUTLS_E_INTERRUPTED)
		return -EAGAIN;
	if (session->refusal.code < 0) {
		if (err)
			*err = session->refusal;
		return session->refusal.code;
	}
	if (gnutls_code == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return rw_error_set(err, -EPROTO, "TLS: refused by the other end: %s",
				    gnutls_alert_get_name(gnutls_alert_get(session->gnutls)));
	if (gnutls_code == GNUTLS_E_PREMATURE_TERMINATION || gnutls_code == GNUTLS_E_PUSH_ERROR ||
	    gnutls_code == GNUTLS_E_PULL_ERROR)
		return rw_error_set(err, -ECONNRESET, "the connection was cut");
	return crypto_failed(err, -EPROTO, gnutls_code, "TLS");
}

int rw_tls_session_handshake(struct rw_tls_session *session, struct rw_error *err)
{
	int r;

	do
		r = gnutls_handshake(session->gnutls);
	while (r < 0 && r != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(r));
	return r < 0 ? translate(session, r, err) : 0;
}

ssize_t rw_tls_session_read(struct rw_tls_session *session, void *bytes, size_t size, struct rw_error *err)
{
	ssize_t r;

	do
		r = gnutls_record_recv(session->gnutls, bytes, size);
	while (r == GNUTLS_E_INTERRUPTED);
	if (r > 0)
		take_ticket(session);
	return r < 0 ? translate(session, (int)r, err) : r;
}

ssize_t rw_tls_session_write(struct rw_tls_session *session, const void *bytes, size_t size,
			     struct rw_error *err)
{
	ssize_t r;

	do
		r = gnutls_record_send(session->gnutls, bytes, size);
	while (r == GNUTLS_E_INTERRUPTED);
	return r < 0 ? translate(session, (int)r, err) : r;
}

bool rw_tls_session_wants_write(const struct rw_tls_session *session)
{
	return gnutls_record_get_direction(session->gnutls) == 1;
}

bool rw_tls_session_has_pending(const struct rw_tls_session *session)
{
	return gnutls_record_check_pending(session->gnutls) > 0;
}

void rw_tls_session_close(struct rw_tls_session *session)
{
	(void)gnutls_bye(session->gnutls, GNUTLS_SHUT_WR);
}

/* ---- the server's side ---- */

struct rw_tls_server {
	unsigned int references;
	gnutls_certificate_credentials_t credentials;
	struct crypto_bundle authorities; /* of clients; empty = they show nothing */
	bool gives_tickets;
	struct rw_tls_ticket_key tickets;
};

void rw_tls_ticket_key_derive(const struct rw_seal_key *secret, struct rw_tls_ticket_key *ret_key)
{
	static const char *const labels[] = {"ringwall tls tickets 1", "ringwall tls tickets 2"};

	static_assert(sizeof(ret_key->bytes) == RW_ARRAY_COUNT(labels) * RW_SHA256_SIZE,
		      "one label a digest");
	for (size_t i = 0; i < RW_ARRAY_COUNT(labels); i++)
		rw_hmac_sha256(secret->bytes, sizeof(secret->bytes), labels[i], strlen(labels[i]),
			       ret_key->bytes + i * RW_SHA256_SIZE);
}

int rw_tls_server_new(const char *cert_pem, const char *key_pem, const char *ca_pem,
		      const struct rw_tls_ticket_key *tickets, struct rw_tls_server **ret_server,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_tls_server_unref) struct rw_tls_server *server = calloc(1, sizeof(*server));
	/* The library takes non-const pointers and does not write through them. */
	gnutls_datum_t cert = {(unsigned char *)(uintptr_t)cert_pem, (unsigned int)strlen(cert_pem)};
	gnutls_datum_t key = {(unsigned char *)(uintptr_t)key_pem, (unsigned int)strlen(key_pem)};
	int r;

	if (!server)
		return rw_error_oom(err);
	server->references = 1;
	if (tickets) {
		server->gives_tickets = true;
		server->tickets = *tickets;
	}
	r = gnutls_certificate_allocate_credentials(&server->credentials);
	if (r >= 0)
		r = gnutls_certificate_set_x509_key_mem(server->credentials, &cert, &key,
							GNUTLS_X509_FMT_PEM);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "the server's certificate and key");
	if (ca_pem) {
		r = crypto_import_bundle(ca_pem, &server->authorities, err);
		if (r < 0)
			return r;
		/* Their names are what a client is asked for. */
		r = gnutls_certificate_set_x509_trust(server->credentials, server->authorities.certs,
						      (int)server->authorities.count);
		if (r < 0)
			return crypto_failed(err, -EINVAL, r, "certificates of authorities");
	}
	*ret_server = RW_TAKE_PTR(server);
	return 0;
}

const struct rw_tls_ticket_key *rw_tls_server_tickets(const struct rw_tls_server *server)
{
	return server->gives_tickets ? &server->tickets : NULL;
}

struct rw_tls_server *rw_tls_server_ref(struct rw_tls_server *server)
{
	server->references++;
	return server;
}

struct rw_tls_server *rw_tls_server_unref(struct rw_tls_server *server)
{
	if (!server || --server->references)
		return NULL;
	if (server->credentials)
		gnutls_certificate_free_credentials(server->credentials);
	crypto_bundle_done(&server->authorities);
	gnutls_memset(&server->tickets, 0, sizeof(server->tickets));
	free(server);
	return NULL;
}

int rw_tls_server_attach(struct rw_tls_server *server, void *gnutls_session)
{
	const gnutls_datum_t key = {server->tickets.bytes, sizeof(server->tickets.bytes)};
	int r = gnutls_credentials_set(gnutls_session, GNUTLS_CRD_CERTIFICATE, server->credentials);

	if (r >= 0 && server->gives_tickets) {
		gnutls_db_set_cache_expiration(gnutls_session, RW_TLS_TICKET_LIFE_S);
		r = gnutls_session_ticket_enable_server(gnutls_session, &key);
	}
	return r < 0 ? -EIO : 0;
}

bool rw_tls_peer_is_resumed(void *gnutls_session)
{
	return gnutls_session_is_resumed(gnutls_session) != 0;
}

int rw_tls_peer_verify(const struct rw_tls_server *server, void *gnutls_session, int64_t now_s,
		       struct rw_cert_info *ret_info, struct rw_error *err)
{
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	gnutls_session_t gnutls = gnutls_session;
	unsigned int count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(gnutls, &count);
	struct rw_cert_info info;
	int r;

	if (!shown || count == 0)
		return RW_TLS_PEER_ABSENT;
	r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = gnutls_x509_crt_import(crt, &shown[0], GNUTLS_X509_FMT_DER);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "client certificate");
	r = crypto_verify_cert(crt, &server->authorities, now_s, &info, err);
	if (r < 0)
		return r;
	if (info.role != RW_CERT_ROLE_AGENT)
		return rw_error_set(err, -EKEYREJECTED, "the certificate shown is not one of a client");
	*ret_info = info;
	return 0;
}
