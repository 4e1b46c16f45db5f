/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TLS for src/http
 * ================
 *
 * The client's side of a TLS 1.2 or 1.3 connection over a non-blocking socket, and the one place where a
 * server judges the certificate of a client.  Certificates of servers are judged inside the handshake, before
 * anything is sent to them: chain, period at the time given, and name.
 *
 * Programs above src/http do not include this.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crypto/cert.h"
#include "crypto/seal.h"

/* What a server offers: TLS 1.2 and 1.3, forward secrecy, AEAD ciphers. */
#define RW_TLS_PRIORITY                                                                                      \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM:"   \
	"-AES-256-CCM:%SERVER_PRECEDENCE"

/* ---- client ---- */

/*
 * Authority file, and certificate and key file of this client; shared by its sessions.  It keeps the newest ticket that
 * a server gave (RFC 8446 section 2.2), so that the next session with the same host is spared the certificates: the
 * server has proved itself in the session that the ticket comes from, and is taken at its word until its certificate
 * expires.
 */
struct rw_tls_client;

/*
 * 'ca_file' NULL = the system's authorities; 'cert_file' and 'key_file' NULL = no client certificate.  Files
 * are read now; make a new object when they change: sessions keep the one that they began with.  -errno of
 * reading, -EINVAL for files that hold something else.
 */
RW_NODISCARD int rw_tls_client_new(const char *ca_file, const char *cert_file, const char *key_file,
				   struct rw_tls_client **ret_client, struct rw_error *err);
struct rw_tls_client *rw_tls_client_ref(struct rw_tls_client *client);  /* NULL is fine */
struct rw_tls_client *rw_tls_client_free(struct rw_tls_client *client); /* gives one reference back */
RW_DEFINE_CLEANUP(struct rw_tls_client *, rw_tls_client_free)

/*
 * Trusts, from now on, only the authority whose certificate has this SHA-256 (64 hex digits) and that the
 * server shows in its chain; authorities of files count no more.  For the first contact, when all that is
 * known of the authority is its fingerprint.  -EINVAL for a text that is none.
 */
RW_NODISCARD int rw_tls_client_trust_fingerprint(struct rw_tls_client *client, const char *fingerprint,
						 struct rw_error *err);

struct rw_tls_session;

/*
 * A session over the connected, non-blocking 'fd' (borrowed until _free; 'client' is referenced) with the
 * server called 'host' (name or address, without brackets), judged at 'now_s'.
 */
RW_NODISCARD int rw_tls_session_new(struct rw_tls_client *client, int fd, const char *host, int64_t now_s,
				    struct rw_tls_session **ret_session, struct rw_error *err);
struct rw_tls_session *rw_tls_session_free(struct rw_tls_session *session);
RW_DEFINE_CLEANUP(struct rw_tls_session *, rw_tls_session_free)

/*
 * All three: -EAGAIN = call again when the socket is readable, or writable if rw_tls_session_wants_write();
 * -EPROTO and 'err' on a broken or refused connection (-EKEYREJECTED, -EKEYEXPIRED when the server's
 * certificate was not accepted), after which only _free is allowed.
 */
RW_NODISCARD int rw_tls_session_handshake(struct rw_tls_session *session, struct rw_error *err);
/* Bytes read, 0 at the orderly end. */
RW_NODISCARD ssize_t rw_tls_session_read(struct rw_tls_session *session, void *bytes, size_t size,
					 struct rw_error *err);
/* Bytes written (> 0). After -EAGAIN call with the same bytes. */
RW_NODISCARD ssize_t rw_tls_session_write(struct rw_tls_session *session, const void *bytes, size_t size,
					  struct rw_error *err);
bool rw_tls_session_wants_write(const struct rw_tls_session *session);

/* Whether decrypted bytes wait inside, which no poll of the socket would show. */
bool rw_tls_session_has_pending(const struct rw_tls_session *session);

/* Says goodbye as far as the socket takes it at once. */
void rw_tls_session_close(struct rw_tls_session *session);

/* ---- server ---- */

/* What a server shows, and whose clients it takes; shared by its sessions, replaced while they go on. */
struct rw_tls_server;

/*
 * What tickets are sealed with.  A client that brings one has neither to show its certificate again nor to be shown the
 * server's, which is most of a handshake's work; its certificate is in the ticket and judged as ever.  Servers with
 * the same key take each other's tickets, also after they have started again: whoever has the key can pass for any client,
 * so it is made from a secret that is kept as well as theirs.  What really seals is made from it and the time, and changes
 * every few days; a ticket is good for RW_TLS_TICKET_LIFE_S.
 */
#define RW_TLS_TICKET_KEY_SIZE 64
#define RW_TLS_TICKET_LIFE_S   (24 * 3600)
struct rw_tls_ticket_key {
	uint8_t bytes[RW_TLS_TICKET_KEY_SIZE];
};
/* Makes the key that belongs to a secret, always the same. */
void rw_tls_ticket_key_derive(const struct rw_seal_key *secret, struct rw_tls_ticket_key *ret_key);

/*
 * 'cert_pem' is the server's certificate with its chain, 'key_pem' its key, 'ca_pem' the bundle that judges
 * clients (NULL = they show nothing), 'tickets' what is given them to come back with (NULL = nothing; copied).
 * -EINVAL for texts that do not fit together.
 */
RW_NODISCARD int rw_tls_server_new(const char *cert_pem, const char *key_pem, const char *ca_pem,
				   const struct rw_tls_ticket_key *tickets, struct rw_tls_server **ret_server,
				   struct rw_error *err);
/* The tickets' key, for a server that takes this one's place; lent, or NULL. */
const struct rw_tls_ticket_key *rw_tls_server_tickets(const struct rw_tls_server *server);
struct rw_tls_server *rw_tls_server_ref(struct rw_tls_server *server);
struct rw_tls_server *rw_tls_server_unref(struct rw_tls_server *server); /* NULL is fine */
RW_DEFINE_CLEANUP(struct rw_tls_server *, rw_tls_server_unref)

/*
 * Makes 'gnutls_session' (a gnutls_session_t before its handshake) show this.  The caller keeps a reference
 * as long as the session lives.
 */
RW_NODISCARD int rw_tls_server_attach(struct rw_tls_server *server, void *gnutls_session);

/* Whether the client of 'gnutls_session' (a gnutls_session_t) has come back with a ticket that was taken. */
bool rw_tls_peer_is_resumed(void *gnutls_session);

#define RW_TLS_PEER_ABSENT 1 /* the client has shown no certificate */

/*
 * Judges the certificate that the client of 'gnutls_session' (a gnutls_session_t) has shown, like
 * rw_cert_verify().  0; RW_TLS_PEER_ABSENT; -EKEYREJECTED, -EKEYEXPIRED, -EINVAL.
 */
RW_NODISCARD int rw_tls_peer_verify(const struct rw_tls_server *server, void *gnutls_session, int64_t now_s,
				    struct rw_cert_info *ret_info, struct rw_error *err);
