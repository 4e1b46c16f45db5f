/* SPDX-License-Identifier: Apache-2.0 */
#include "main/daemon.h"

#include <grp.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/log.h"
#include "base/notify.h"
#include "controller/backup.h"
#include "controller/key.h"
#include "controller/master_key.h"
#include "controller/server_names.h"
#include "controller/state_folder.h"
#include "main/alibaba_server.h"
#include "main/flow_history.h"
#include "main/listen.h"
#include "store/sqlite/sqlite.h"
#include "wire/reader.h"

/* A model is imported in one request. */
#define BODY_BYTES (8u << 20)

#define TICK_MS       500
#define ENDPOINTS_MAX 32

/* Descriptors for everything but connections, and the most connections worth having. */
#define OTHER_FILES     64
#define CONNECTIONS_MAX 12000

struct daemon {
	struct rw_limits limits; /* of the model */
	struct rw_state_folder folder;
	struct rw_server_names names; /* given now or before */
	struct rw_store *store;
	struct rw_flow_history *flow_history; /* NULL = none is kept */
	struct rw_loop *loop;
	struct rw_http_server *server;
	struct rw_controller *controller;
	struct rw_api *api;
	struct rw_alibaba_server *alibaba; /* NULL = not served */
	struct rw_loop_timer *tick;
	struct rw_loop_signal *signals[2];
	struct rw_endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoint_count;
	char url[300];
};

void rw_daemon_prepare_process(void)
{
	struct rlimit limit;
	uint64_t seed;

	rw_random_system()->fill(rw_random_system(), &seed, sizeof(seed));
	rw_json_init(seed);
	/* One thread does nearly everything; arenas of their own would only hold memory for the others. */
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TRIM_THRESHOLD, 256 * 1024);
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* ---- addresses ---- */

static void add_endpoint(struct daemon *daemon, const struct rw_address *address, uint16_t port)
{
	for (size_t i = 0; i < daemon->endpoint_count; i++)
		if (rw_address_equal(&daemon->endpoints[i].address, address))
			return;
	if (daemon->endpoint_count < ENDPOINTS_MAX)
		daemon->endpoints[daemon->endpoint_count++] = (struct rw_endpoint){*address, port};
}

static void add_own_addresses(struct daemon *daemon, uint16_t port)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
		struct rw_address address;

		if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET) {
			struct sockaddr_in in;

			memcpy(&in, at->ifa_addr, sizeof(in));
			address = rw_address_from_bytes(4, &in.sin_addr);
		} else if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET6) {
			struct sockaddr_in6 in6;

			memcpy(&in6, at->ifa_addr, sizeof(in6));
			address = rw_address_from_bytes(6, &in6.sin6_addr);
		} else {
			continue;
		}
		if (rw_address_is_global(&address))
			add_endpoint(daemon, &address, port);
	}
	freeifaddrs(all);
}

/* Where agents reach this controller: names that are addresses, and what is listened on. */
static void find_endpoints(struct daemon *daemon, const struct rw_listen_address *listen, uint16_t port)
{
	struct rw_address address;

	for (size_t i = 0; i < daemon->names.count; i++)
		if (rw_address_parse(daemon->names.text[i], &address, NULL) == 0)
			add_endpoint(daemon, &address, port);
	if (listen->any)
		add_own_addresses(daemon, port);
	else
		add_endpoint(daemon, &listen->address, port);
}

static void make_url(struct daemon *daemon, const struct rw_daemon_options *options, const char *name,
		     uint16_t port)
{
	bool brackets = strchr(name, ':') != NULL;

	(void)snprintf(daemon->url, sizeof(daemon->url), "%s://%s%.200s%s:%u",
		       options->plain_http ? "http" : "https", brackets ? "[" : "", name, brackets ? "]" : "",
		       port);
}

/* ---- parts ---- */

static int open_store(struct daemon *daemon, struct rw_error *err)
{
	int r = rw_store_sqlite_open(daemon->folder.store_path, 0, rw_random_system(), &daemon->store, err);

	if (r == -EBUSY)
		return rw_error_hint(err, "Is a ringwalld running on this state folder?  Stop it first.");
	return r;
}

/* The server's certificate with its authority: a joining machine knows nothing but the latter's fingerprint. */
static int make_chain(const struct rw_state_folder *folder, char **ret_chain, struct rw_error *err)
{
	char *chain;

	if (asprintf(&chain, "%s%s", folder->server_cert_pem, folder->ca_cert_pem) < 0)
		return rw_error_oom(err);
	*ret_chain = chain;
	return 0;
}

static int tell_server_expiry(const struct daemon *daemon, struct rw_error *err)
{
	struct rw_cert_info certificate;
	int r = rw_cert_read(daemon->folder.server_cert_pem, &certificate, err);

	if (r == 0)
		rw_api_set_server_expiry(daemon->api, certificate.not_after_s * 1000);
	return r;
}

/* The folder's certificates are others than before: new connections are shown them. */
static void show_certificates(void *userdata)
{
	struct daemon *daemon = userdata;
	RW_CLEANUP(rw_free) char *chain = NULL;
	struct rw_error err = RW_ERROR_NONE;
	int r = make_chain(&daemon->folder, &chain, &err);

	if (r == 0 && daemon->server)
		r = rw_http_server_renew(daemon->server, chain, daemon->folder.server_key_pem,
					 daemon->folder.trust_pem, &err);
	if (r == 0 && daemon->alibaba)
		r = rw_alibaba_server_renew(daemon->alibaba, chain, daemon->folder.server_key_pem, &err);
	if (r == 0 && daemon->api && strncmp(daemon->url, "https:", 6) == 0)
		r = tell_server_expiry(daemon, &err);
	if (r < 0)
		rw_log_error("the new certificates are shown from the next start on  reason=\"%s\"",
			     err.text);
}

static int open_controller(struct daemon *daemon, const uint16_t *port, struct rw_error *err)
{
	struct rw_controller_options options = {
		.store = daemon->store,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.master_key = &daemon->folder.master_key,
		.ca_cert_pem = daemon->folder.ca_cert_pem,
		.ca_key_pem = daemon->folder.ca_key_pem,
		.trust_pem = daemon->folder.trust_pem,
		.folder = &daemon->folder,
		.certificates_changed = show_certificates,
		.certificates_userdata = daemon,
		.admin_key_file = daemon->folder.admin_key_path,
		.endpoints = daemon->endpoints,
		.endpoint_count = daemon->endpoint_count,
		.hosted_ports = port,
		.hosted_port_count = port ? 1 : 0,
		.flow_history = daemon->flow_history,
		.model_limits = &daemon->limits,
	};

	int r = rw_controller_new(&options, &daemon->controller, err);

	return r < 0 ? r : rw_master_key_settle(daemon->controller, err);
}

/* A store without any key gets its first one, in a file that goes when the key is used. */
static int make_first_key(struct daemon *daemon, const uint16_t *port, struct rw_error *err)
{
	char token[RW_TOKEN_SIZE];
	int r;

	if (rw_key_count(daemon->controller) > 0)
		return 0;
	r = rw_key_create_admin(daemon->controller, token, err);
	if (r < 0)
		return r;
	r = rw_state_folder_write_admin_key(&daemon->folder, token, err);
	rw_secret_wipe(token, sizeof(token));
	if (r < 0)
		return rw_error_hint(err,
				     "The key is made all the same; get another one by: ringwalld --state "
				     "%s key reset-admin",
				     daemon->folder.path);
	rw_log_info("first admin key written  path=%s", daemon->folder.admin_key_path);
	/* A controller looks for the file when it opens. */
	daemon->controller = rw_controller_free(daemon->controller);
	return open_controller(daemon, port, err);
}

static void handle(struct rw_http_exchange *exchange, void *userdata)
{
	const struct daemon *daemon = userdata;

	rw_api_handle(exchange, daemon->api);
}

static unsigned int connection_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > CONNECTIONS_MAX + OTHER_FILES)
		return CONNECTIONS_MAX;
	return limit.rlim_cur > 2 * OTHER_FILES ? (unsigned int)limit.rlim_cur - OTHER_FILES : OTHER_FILES;
}

static int open_server(struct daemon *daemon, const struct rw_daemon_options *options,
		       const struct rw_listen_address *listen, struct rw_error *err)
{
	unsigned int connections = connection_limit();
	RW_CLEANUP(rw_free) char *chain = NULL;
	struct rw_http_server_options server = {
		.loop = daemon->loop,
		.clock = rw_clock_system(),
		.address = listen->text,
		.port = listen->port,
		.plain = options->plain_http,
		.key_pem = daemon->folder.server_key_pem,
		.ca_pem = daemon->folder.trust_pem,
		.limits = {.body_bytes = BODY_BYTES,
			   .connections = connections,
			   .address_connections = connections / 4 + 1,
			   .streams = connections - connections / 8},
		.handler = handle,
		.userdata = daemon,
	};

	int r = make_chain(&daemon->folder, &chain, err);

	if (r < 0)
		return r;
	server.cert_pem = chain;
	return rw_http_server_new(&server, &daemon->server, err);
}

static int open_alibaba(struct daemon *daemon, const struct rw_daemon_options *options, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *chain = NULL;
	struct rw_alibaba_server_options alibaba = {
		.loop = daemon->loop,
		.controller = daemon->controller,
		.listen = options->alibaba_listen,
		.plain_listen = options->alibaba_plain_listen,
		.region = options->alibaba_region ? options->alibaba_region : "local",
		.network = options->alibaba_network,
		.wait_ms = options->alibaba_wait_s * UINT64_C(1000),
		.key_pem = daemon->folder.server_key_pem,
	};
	int r = make_chain(&daemon->folder, &chain, err);

	alibaba.cert_pem = chain;
	return r < 0 ? r : rw_alibaba_server_open(&alibaba, &daemon->alibaba, err);
}

static void tick(void *userdata)
{
	const struct daemon *daemon = userdata;

	rw_controller_tick(daemon->controller);
	rw_api_tick(daemon->api);
}

static void stop(void *userdata)
{
	rw_loop_stop(userdata);
}

static int watch_loop(struct daemon *daemon, struct rw_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	int r = rw_loop_timer_new(daemon->loop, tick, daemon, &daemon->tick);

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(numbers); i++)
		r = rw_loop_signal_new(daemon->loop, numbers[i], stop, daemon->loop, &daemon->signals[i]);
	if (r < 0)
		return rw_error_set(err, r, "timer and signals: %s", strerror(-r));
	rw_loop_timer_start(daemon->tick, TICK_MS, TICK_MS);
	return 0;
}

/* The order matters: streams end before the controller, the API after the streams that it holds. */
static void daemon_done(struct daemon *daemon)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(daemon->signals); i++)
		if (daemon->signals[i])
			daemon->signals[i] = rw_loop_signal_free(daemon->signals[i]);
	if (daemon->tick)
		daemon->tick = rw_loop_timer_free(daemon->tick);
	if (daemon->server)
		daemon->server = rw_http_server_free(daemon->server);
	daemon->alibaba = rw_alibaba_server_close(daemon->alibaba);
	daemon->api = rw_api_free(daemon->api);
	daemon->controller = rw_controller_free(daemon->controller);
	if (daemon->loop)
		daemon->loop = rw_loop_free(daemon->loop);
	daemon->store = rw_store_free(daemon->store);
	daemon->flow_history = rw_flow_history_free(daemon->flow_history);
	rw_state_folder_done(&daemon->folder);
}
RW_DEFINE_DONE(struct daemon, daemon_done)

/* ---- programs ---- */

/*
 * Root on a folder that belongs to somebody else becomes that user for good: files made as root in the
 * daemon's own folder ('key reset-admin' run by an administrator) could not be read by the daemon afterwards.
 */
static int become_owner(const char *state, struct rw_error *err)
{
	struct stat info;

	if (geteuid() != 0 || stat(state, &info) < 0 || info.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(info.st_gid, info.st_gid, info.st_gid) < 0 ||
	    setresuid(info.st_uid, info.st_uid, info.st_uid) < 0) {
		int code = -errno;

		return rw_error_set(err, code, "cannot become user %u, whose folder %s is: %s", info.st_uid,
				    state, strerror(-code));
	}
	return 0;
}

/* Opens the folder for the names that are given now, and keeps them for the next start. */
static int open_named_folder(struct daemon *daemon, const struct rw_daemon_options *options,
			     struct rw_error *err)
{
	int r = rw_state_folder_open(options->state, options->names, options->name_count, rw_clock_system(),
				     rw_random_system(), &daemon->folder, err);

	if (r == 0)
		r = rw_server_names_save(options->state, options->names, options->name_count, err);
	return r < 0 ? r : rw_server_names_load(options->state, &daemon->names, err);
}

/* The certificate's names: those given, else those given last, else what is listened on. */
static int open_folder(struct daemon *daemon, const struct rw_daemon_options *options,
		       const struct rw_listen_address *listen, const char *host, struct rw_error *err)
{
	const char *names[RW_CERT_MAX_NAMES] = {"localhost", "127.0.0.1", "::1"};
	int r = become_owner(options->state, err);

	if (r < 0)
		return r;
	if (options->name_count)
		return open_named_folder(daemon, options, err);
	r = rw_server_names_load(options->state, &daemon->names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < daemon->names.count; i++)
		names[i] = daemon->names.text[i];
	if (daemon->names.count)
		return rw_state_folder_open(options->state, names, daemon->names.count, rw_clock_system(),
					    rw_random_system(), &daemon->folder, err);
	names[3] = listen->any ? host : listen->text;
	return rw_state_folder_open(options->state, names, listen->any && !host[0] ? 3 : 4, rw_clock_system(),
				    rw_random_system(), &daemon->folder, err);
}

static int start(struct daemon *daemon, const struct rw_daemon_options *options, struct rw_error *err)
{
	struct rw_api_options api = {
		.loop = daemon->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.console = &rw_assets_console,
		.server_url = daemon->url,
		.metrics_open = options->metrics_open,
	};
	struct rw_listen_address listen;
	char host[65] = "";
	uint16_t port;
	int r = rw_listen_parse("--listen", options->listen, &listen, err);

	(void)gethostname(host, sizeof(host) - 1);
	if (r == 0)
		r = open_folder(daemon, options, &listen, host, err);
	if (r == 0)
		r = open_store(daemon, err);
	if (r == 0)
		r = rw_loop_new(&daemon->loop, err);
	if (r == 0)
		r = open_server(daemon, options, &listen, err);
	if (r < 0)
		return r;
	port = rw_http_server_port(daemon->server);
	find_endpoints(daemon, &listen, port);
	make_url(daemon, options,
		 daemon->names.count ? daemon->names.text[0]
		 : listen.any        ? host
				     : listen.text,
		 port);
	daemon->flow_history = rw_daemon_open_flow_history(options->state, options->flow_days);
	r = open_controller(daemon, &port, err);
	if (r == 0)
		r = make_first_key(daemon, &port, err);
	if (r < 0)
		return r;
	api.loop = daemon->loop;
	api.controller = daemon->controller;
	r = rw_api_new(&api, &daemon->api, err);
	if (r == 0 && !options->plain_http)
		r = tell_server_expiry(daemon, err);
	if (r == 0 && (options->alibaba_listen || options->alibaba_plain_listen))
		r = open_alibaba(daemon, options, err);
	if (r == 0)
		r = watch_loop(daemon, err);
	if (r < 0)
		return r;
	rw_api_set_server(daemon->api, daemon->server);
	rw_log_info("listening  address=%s port=%u url=%s revision=%llu", listen.text, port, daemon->url,
		    (unsigned long long)rw_controller_revision(daemon->controller));
	rw_notify_ready();
	return 0;
}

int rw_daemon_run(const struct rw_daemon_options *options, struct rw_error *err)
{
	RW_CLEANUP(daemon_done) struct daemon daemon = {.limits = options->limits};
	int r = start(&daemon, options, err);

	if (r < 0)
		return r;
	rw_loop_run(daemon.loop);
	rw_log_info("stopping");
	return 0;
}

/* A controller that serves nobody, for commands on its folder. */
static int open_offline(struct daemon *daemon, const struct rw_daemon_options *options, struct rw_error *err)
{
	struct rw_listen_address listen;
	char host[65] = "";
	int r = rw_listen_parse("--listen", options->listen, &listen, err);

	(void)gethostname(host, sizeof(host) - 1);
	if (r == 0)
		r = open_folder(daemon, options, &listen, host, err);
	if (r == 0)
		r = open_store(daemon, err);
	return r < 0 ? r : open_controller(daemon, NULL, err);
}

int rw_daemon_rotate_master_key(const struct rw_daemon_options *options, struct rw_error *err)
{
	const struct rw_actor actor = {.kind = RW_ACTOR_LOCAL, .id = "local", .name = "controller host"};
	RW_CLEANUP(daemon_done) struct daemon daemon = {.limits = options->limits};
	RW_CLEANUP(rw_free) char *store = NULL;
	int r;

	/* Opening would make one. */
	if (asprintf(&store, "%s/store.db", options->state) < 0) {
		store = NULL;
		return rw_error_oom(err);
	}
	if (access(store, F_OK) < 0)
		return rw_error_set(err, -errno, "%s: %s", store, strerror(errno));
	r = open_offline(&daemon, options, err);
	return r < 0 ? r : rw_master_key_rotate(daemon.controller, &actor, err);
}

int rw_daemon_make_key(const struct rw_daemon_options *options, bool first, char ret_token[RW_TOKEN_SIZE],
		       struct rw_error *err)
{
	RW_CLEANUP(daemon_done) struct daemon daemon = {.limits = options->limits};
	int r = open_offline(&daemon, options, err);

	if (r < 0)
		return r;
	if (first && rw_key_count(daemon.controller) > 0) {
		(void)rw_error_set(err, -EEXIST, "%s has its keys already", options->state);
		return rw_error_hint(err, "If they are lost: ringwalld --state %s key reset-admin",
				     options->state);
	}
	return rw_key_create_admin(daemon.controller, ret_token, err);
}

int rw_daemon_backup(const struct rw_daemon_options *options, const char *file, struct rw_error *err)
{
	RW_CLEANUP(daemon_done) struct daemon daemon = {0};
	int r = become_owner(options->state, err);

	if (r < 0)
		return r;
	if (asprintf(&daemon.folder.store_path, "%s/store.db", options->state) < 0) {
		daemon.folder.store_path = NULL;
		return rw_error_oom(err);
	}
	/* Opening would make one. */
	if (access(daemon.folder.store_path, F_OK) < 0) {
		r = -errno;
		return rw_error_set(err, r, "%s: %s", daemon.folder.store_path, strerror(-r));
	}
	r = open_store(&daemon, err);
	return r < 0 ? r : rw_backup_write(file, daemon.store, options->state, !options->without_keys, err);
}

int rw_daemon_restore(const struct rw_daemon_options *options, const char *file, bool *ret_with_keys,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_backup_done) struct rw_backup backup;
	int r;

	(void)memset(&backup, 0, sizeof(backup));
	rw_buf_init(&backup.bytes, 0);
	/* Read first: root may read what the folder's owner may not. */
	r = rw_backup_read(file, &backup, err);
	if (r == 0)
		r = become_owner(options->state, err);
	if (r == 0)
		r = rw_backup_restore(&backup, options->state, rw_random_system(), err);
	if (r == 0)
		*ret_with_keys = backup.parts[RW_BACKUP_MASTER_KEY].bytes != NULL;
	return r;
}
