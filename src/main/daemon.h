/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Puts the parts of ringwalld together: state folder, store, HTTP server, controller, API. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "crypto/token.h"
#include "group/limits.h"
#include "store/etcd/etcd.h"

#define RW_DAEMON_NAMES_MAX 16

struct rw_daemon_options {
	const char *state;
	const char *listen; /* "ADDR:PORT" */
	const char *names[RW_DAEMON_NAMES_MAX];
	size_t name_count;
	bool plain_http;
	/* "ADDR:PORT" of the Alibaba-compatible API by TLS, and by plain HTTP; NULL = it is not served so. */
	const char *alibaba_listen;
	const char *alibaba_plain_listen;
	const char *alibaba_region;  /* NULL = "local" */
	const char *alibaba_network; /* nullable */
	unsigned int alibaba_wait_s; /* for nodes to enforce a change, before it is answered */
	/* Several controllers: the members of etcd, "https://host:2379"; none = the store is in the state folder. */
	const char *etcd[RW_ETCD_ENDPOINTS_MAX];
	size_t etcd_count;
	const char *etcd_prefix; /* what follows may be NULL: the default, or nothing of the kind */
	const char *etcd_ca;
	const char *etcd_cert;
	const char *etcd_key;
	const char *etcd_user;
	const char *etcd_password_file;
	unsigned int flow_days;  /* for which observed flows are kept; 0 = none is */
	bool metrics_open;       /* /metrics without a key for who calls from this host */
	bool without_keys;       /* of a backup */
	struct rw_limits limits; /* of the model */
};

/* First thing in main: what holds for the whole process. */
void rw_daemon_prepare_process(void);

/* Runs until SIGTERM or SIGINT. */
RW_NODISCARD int rw_daemon_run(const struct rw_daemon_options *options, struct rw_error *err);

/* Makes an admin key in a state folder that no daemon uses; 'first' refuses when there is one already. */
RW_NODISCARD int rw_daemon_make_key(const struct rw_daemon_options *options, bool first,
				    char ret_token[RW_TOKEN_SIZE], struct rw_error *err);

/* Seals the secrets of a state folder that no daemon uses under a new master key (controller/master_key.h). */
RW_NODISCARD int rw_daemon_rotate_master_key(const struct rw_daemon_options *options, struct rw_error *err);

/* Writes a backup (controller/backup.h) of a state folder that no daemon uses.  Root becomes its owner first. */
RW_NODISCARD int rw_daemon_backup(const struct rw_daemon_options *options, const char *file,
				  struct rw_error *err);

/* Restores a backup into an empty state folder; *ret_with_keys says whether it brought the keys. */
RW_NODISCARD int rw_daemon_restore(const struct rw_daemon_options *options, const char *file,
				   bool *ret_with_keys, struct rw_error *err);
