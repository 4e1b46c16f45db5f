/* SPDX-License-Identifier: Apache-2.0 */
#include "main/parts.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "controller/first_key.h"
#include "controller/key.h"
#include "controller/master_key.h"
#include "controller/shared_authority.h"
#include "controller/store_layout.h"
#include "crypto/tls.h"
#include "main/addresses.h"
#include "store/sqlite/sqlite.h"

/* A model is imported in one request. */
#define BODY_BYTES (8u << 20)

/* Descriptors for everything but connections; and as many as two of each of 20,000 agents and some clients need. */
#define OTHER_FILES     64
#define CONNECTIONS_MAX 42000

/* Streams and answers that wait of one key: an eighth of those of all keys, within these. */
#define OWN_STREAMS_MIN 16
#define OWN_STREAMS_MAX 250

#define PASSWORD_SIZE 513

int rw_parts_init(struct rw_parts *parts, const struct rw_daemon_options *options, struct rw_error *err)
{
	*parts = (struct rw_parts){.options = options};
	(void)gethostname(parts->host, sizeof(parts->host) - 1);
	return rw_listen_parse("--listen", options->listen, &parts->listen, err);
}

void rw_parts_done(struct rw_parts *parts)
{
	if (parts->server)
		parts->server = rw_http_server_free(parts->server);
	rw_parts_stop_serving(parts);
	parts->store = rw_store_free(parts->store);
	parts->etcd = rw_etcd_free(parts->etcd);
	if (parts->loop)
		parts->loop = rw_loop_free(parts->loop);
	parts->flow_history = rw_flow_history_free(parts->flow_history);
	rw_state_folder_done(&parts->folder);
}

void rw_parts_stop_serving(struct rw_parts *parts)
{
	if (parts->server)
		rw_http_server_hang_up(parts->server);
	parts->alibaba = rw_alibaba_server_close(parts->alibaba);
	parts->api = rw_api_free(parts->api);
	parts->controller = rw_controller_free(parts->controller);
}

/* ---- certificates ---- */

/* The server's certificate with its authority: a joining machine knows nothing but the latter's fingerprint. */
static int make_chain(const struct rw_state_folder *folder, char **ret_chain, struct rw_error *err)
{
	char *chain;

	if (asprintf(&chain, "%s%s", folder->server_cert_pem, folder->ca_cert_pem) < 0)
		return rw_error_oom(err);
	*ret_chain = chain;
	return 0;
}

static int tell_server_expiry(const struct rw_parts *parts, struct rw_error *err)
{
	struct rw_cert_info certificate;
	int r = rw_cert_read(parts->folder.server_cert_pem, &certificate, err);

	if (r == 0)
		rw_api_set_server_expiry(parts->api, certificate.not_after_s * 1000);
	return r;
}

/* The folder's certificates are others than before: new connections are shown them. */
static void show_certificates(void *userdata)
{
	struct rw_parts *parts = userdata;
	RW_CLEANUP(rw_free) char *chain = NULL;
	struct rw_error err = RW_ERROR_NONE;
	int r = make_chain(&parts->folder, &chain, &err);

	if (r == 0 && parts->server)
		r = rw_http_server_renew(parts->server, chain, parts->folder.server_key_pem,
					 parts->folder.trust_pem, &err);
	if (r == 0 && parts->alibaba)
		r = rw_alibaba_server_renew(parts->alibaba, chain, parts->folder.server_key_pem, &err);
	if (r == 0 && parts->api && !parts->options->plain_http)
		r = tell_server_expiry(parts, &err);
	if (r < 0)
		rw_log_error("the new certificates are shown from the next start on  reason=\"%s\"",
			     err.text);
}

/* ---- the folder and the store ---- */

int rw_parts_become_owner(const struct rw_parts *parts, struct rw_error *err)
{
	const char *state = parts->options->state;
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

static int open_for(struct rw_parts *parts, const char *const *names, size_t count, struct rw_error *err)
{
	return rw_state_folder_open(parts->options->state, names, count, rw_clock_system(),
				    rw_random_system(), &parts->folder, err);
}

/* Opens the folder for the names that are given now, and keeps them for the next start. */
static int open_for_given_names(struct rw_parts *parts, struct rw_error *err)
{
	const struct rw_daemon_options *options = parts->options;
	int r = open_for(parts, options->names, options->name_count, err);

	if (r == 0)
		r = rw_server_names_save(options->state, options->names, options->name_count, err);
	return r < 0 ? r : rw_server_names_load(options->state, &parts->names, err);
}

int rw_parts_open_folder(struct rw_parts *parts, struct rw_error *err)
{
	const char *names[RW_CERT_MAX_NAMES] = {"localhost", "127.0.0.1", "::1"};
	int r = rw_parts_become_owner(parts, err);

	if (r < 0)
		return r;
	if (parts->options->name_count)
		return open_for_given_names(parts, err);
	r = rw_server_names_load(parts->options->state, &parts->names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < parts->names.count; i++)
		names[i] = parts->names.text[i];
	if (parts->names.count)
		return open_for(parts, names, parts->names.count, err);
	names[3] = parts->listen.any ? parts->host : parts->listen.text;
	return open_for(parts, names, parts->listen.any && !parts->host[0] ? 3 : 4, err);
}

static int mark_path(const struct rw_parts *parts, char **ret_path, struct rw_error *err)
{
	if (asprintf(ret_path, "%s/in-etcd", parts->options->state) < 0) {
		*ret_path = NULL;
		return rw_error_oom(err);
	}
	return 0;
}

int rw_parts_mark_store(const struct rw_parts *parts, struct rw_error *err)
{
	static const char text[] =
		"The store of this state folder is in etcd: give ringwalld its --etcd options.\n";
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = mark_path(parts, &path, err);

	if (r < 0 || access(path, F_OK) == 0)
		return r;
	return rw_file_write(path, text, sizeof(text) - 1, 0644, err);
}

/* Forgotten options must not make an empty store. */
static int refuse_mark(const struct rw_parts *parts, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = mark_path(parts, &path, err);

	if (r < 0 || access(path, F_OK) < 0 || access(parts->folder.store_path, F_OK) == 0)
		return r;
	(void)rw_error_set(err, -EUCLEAN, "the store of %s is in etcd", parts->options->state);
	(void)rw_error_hint(
		err, "Give the --etcd options as before; or, for a store of its own, another --state.");
	return -EUCLEAN;
}

int rw_parts_open_store(struct rw_parts *parts, struct rw_error *err)
{
	int r = refuse_mark(parts, err);

	if (r < 0)
		return r;
	r = rw_store_sqlite_open(parts->folder.store_path, 0, rw_random_system(), &parts->store, err);

	if (r == -EBUSY)
		return rw_error_hint(err, "Is a ringwalld running on this state folder?  Stop it first.");
	return r;
}

static int read_password(const char *path, char *password, size_t size, struct rw_error *err)
{
	int r = rw_file_read_secret(path, "the password", password, size, err);

	if (r == 0 && strlen(password) == size - 1)
		return rw_error_set(err, -E2BIG, "%s holds more than %zu bytes", path, size - 2);
	if (r == 0)
		password[strcspn(password, "\r\n")] = '\0';
	if (r == 0 && !password[0])
		return rw_error_set(err, -ENODATA, "%s holds no password in its first line", path);
	return r;
}

int rw_parts_open_etcd(struct rw_parts *parts, const char *holder, struct rw_error *err)
{
	const struct rw_daemon_options *options = parts->options;
	char password[PASSWORD_SIZE] = "";
	struct rw_etcd_options etcd = {
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.endpoints = options->etcd,
		.endpoint_count = options->etcd_count,
		.prefix = options->etcd_prefix,
		.ca_file = options->etcd_ca,
		.cert_file = options->etcd_cert,
		.key_file = options->etcd_key,
		.user = options->etcd_user,
		.password = password,
		.holder = holder,
	};
	int r = parts->loop ? 0 : rw_loop_new(&parts->loop, err);

	etcd.loop = parts->loop;
	if (r == 0 && options->etcd_password_file)
		r = read_password(options->etcd_password_file, password, sizeof(password), err);
	if (r == 0)
		r = rw_etcd_new(&etcd, &parts->etcd, err);
	rw_secret_wipe(password, sizeof(password));
	return r;
}

static void list_given_members(const struct rw_parts *parts, struct rw_buf *urls)
{
	rw_buf_clear(urls);
	for (size_t i = 0; i < parts->options->etcd_count; i++)
		(void)rw_buf_append_format(urls, "%s\n", parts->options->etcd[i]);
}

void rw_parts_learn_store(struct rw_parts *parts)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf urls;
	RW_CLEANUP(rw_buf_done) struct rw_buf names;
	struct rw_error err = RW_ERROR_NONE;

	rw_buf_init(&urls, 64u * 1024);
	rw_buf_init(&names, 2048);
	if (rw_etcd_members(parts->etcd, &urls, &err) < 0) {
		rw_log_warning("etcd does not say where its members are; those of the options are taken  "
			       "reason=\"%s\"",
			       err.text);
		list_given_members(parts, &urls);
	}
	parts->store_endpoint_count =
		urls.failed ? 0
			    : rw_addresses_of_urls(urls.data, parts->store_endpoints,
						   RW_ARRAY_COUNT(parts->store_endpoints), &names);
	if (names.size)
		rw_log_warning(
			"members of etcd are announced by name: a node that hosts one does not keep "
			"these ports "
			"open by itself  names=\"%s\" hint=\"announce addresses, or allow the ports by "
			"rules\"",
			names.data);
}

int rw_parts_pull(struct rw_parts *parts, const void *bytes, size_t size, struct rw_error *err)
{
	int r = rw_shared_authority_pull(parts->options->state, bytes, size, rw_random_system(), err);

	if (r < 0 || !parts->folder.path)
		return r;
	r = rw_state_folder_refresh(&parts->folder, rw_clock_system(), rw_random_system(), err);
	if (r == 0)
		show_certificates(parts);
	return r;
}

int rw_parts_pull_from_store(struct rw_parts *parts, struct rw_error *err)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	int r = rw_store_get(parts->store, RW_LAYOUT_AUTHORITY, 0, &entry, err);

	if (r == RW_STORE_NOT_FOUND)
		return 0;
	return r < 0 ? r : rw_parts_pull(parts, entry.value, entry.value_size, err);
}

/* ---- the server ---- */

/* As far as the machine lets us: a shell gives 1,024, which suits programs that call select(). */
static unsigned int connection_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return CONNECTIONS_MAX;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > CONNECTIONS_MAX + OTHER_FILES)
		return CONNECTIONS_MAX;
	return limit.rlim_cur > 2 * OTHER_FILES ? (unsigned int)limit.rlim_cur - OTHER_FILES : OTHER_FILES;
}

/* What is reached there, and under which name. */
static void find_place(struct rw_parts *parts)
{
	const struct rw_server_names *names = &parts->names;
	const char *name = names->count        ? names->text[0]
			   : parts->listen.any ? parts->host
					       : parts->listen.text;

	parts->port = rw_http_server_port(parts->server);
	parts->endpoint_count = rw_addresses_find(&parts->listen, names, parts->port, parts->endpoints,
						  RW_ARRAY_COUNT(parts->endpoints));
	rw_addresses_make_url(parts->options->plain_http, name, parts->port, parts->url, sizeof(parts->url));
}

const char *rw_parts_name(const struct rw_parts *parts)
{
	return strstr(parts->url, "://") + 3;
}

static unsigned int own_streams(unsigned int part)
{
	return part < OWN_STREAMS_MIN ? OWN_STREAMS_MIN : part > OWN_STREAMS_MAX ? OWN_STREAMS_MAX : part;
}

int rw_parts_open_server(struct rw_parts *parts, rw_http_handler_fn handler, void *userdata,
			 struct rw_error *err)
{
	unsigned int connections = connection_limit();
	unsigned int share =
		connections / 8; /* of those that have not shown who they are, and of callers' streams */
	RW_CLEANUP(rw_free) char *chain = NULL;
	struct rw_tls_ticket_key tickets;
	struct rw_http_server_options server = {
		.loop = parts->loop,
		.clock = rw_clock_system(),
		.address = parts->listen.text,
		.port = parts->listen.port,
		.plain = parts->options->plain_http,
		.key_pem = parts->folder.server_key_pem,
		.ca_pem = parts->folder.trust_pem,
		.tickets = &tickets,
		.limits = {.body_bytes = BODY_BYTES,
			   .connections = connections,
			   .address_connections = connections / 4 + 1,
			   .strangers = share,
			   .streams = connections - share,
			   .caller_streams = share,
			   .own_streams = own_streams(share / 8)},
		.handler = handler,
		.userdata = userdata,
	};
	int r = make_chain(&parts->folder, &chain, err);

	if (r < 0)
		return r;
	server.cert_pem = chain;
	/* All controllers have the same: an agent that goes from one to another has a ticket already. */
	rw_tls_ticket_key_derive(&parts->folder.master_key, &tickets);
	r = rw_http_server_new(&server, &parts->server, err);
	rw_secret_wipe(&tickets, sizeof(tickets));
	if (r == 0)
		find_place(parts);
	return r;
}

/* ---- what serves ---- */

int rw_parts_open_controller(struct rw_parts *parts, struct rw_error *err)
{
	struct rw_endpoint endpoints[RW_REGISTRY_UNION_MAX];
	const char *urls[RW_REGISTRY_MAX];
	struct rw_controller_options options = {
		.shared = parts->etcd != NULL,
		.store = parts->store,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.master_key = &parts->folder.master_key,
		.ca_cert_pem = parts->folder.ca_cert_pem,
		.ca_key_pem = parts->folder.ca_key_pem,
		.trust_pem = parts->folder.trust_pem,
		.folder = &parts->folder,
		.certificates_changed = show_certificates,
		.certificates_userdata = parts,
		.admin_key_file = parts->folder.admin_key_path,
		.endpoints = parts->endpoints,
		.endpoint_count = parts->endpoint_count,
		.stores = parts->store_endpoints,
		.store_count = parts->store_endpoint_count,
		.flow_history = parts->flow_history,
		.model_limits = &parts->options->limits,
	};
	int r;

	urls[0] = parts->url;
	options.urls = urls;
	options.url_count = parts->url[0] ? 1 : 0; /* none where nothing is served */
	if (parts->registry) {
		options.endpoints = endpoints;
		options.endpoint_count = rw_registry_endpoints(parts->registry, endpoints);
		options.url_count = rw_registry_urls(parts->registry, rw_parts_name(parts), urls);
	}
	r = rw_controller_new(&options, &parts->controller, err);
	if (r == 0)
		r = rw_master_key_settle(parts->controller, err);
	return r < 0 ? r : rw_shared_authority_push(parts->controller, err);
}

/* Without it the file stays where the key is first used at another controller, and nothing else is lost. */
static void note_first_key(struct rw_parts *parts, const char *id)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_first_key_note(parts->controller, id, &err) < 0)
		rw_log_warning("cannot note the first admin key for other controllers  reason=\"%s\"",
			       err.text);
}

/* A store without any key gets its first one, in a file that goes when the key is used. */
static int make_first_key(struct rw_parts *parts, struct rw_error *err)
{
	char token[RW_TOKEN_SIZE];
	int r;

	if (rw_key_count(parts->controller) > 0)
		return 0;
	r = rw_key_create_admin(parts->controller, token, err);
	if (r < 0)
		return r;
	r = rw_state_folder_write_admin_key(&parts->folder, token, err);
	token[strcspn(token, ".")] = '\0';
	note_first_key(parts, token);
	rw_secret_wipe(token, sizeof(token));
	if (r < 0)
		return rw_error_hint(err,
				     "The key is made all the same; get another one by: ringwalld --state "
				     "%s key reset-admin",
				     parts->folder.path);
	rw_log_info("first admin key written  path=%s", parts->folder.admin_key_path);
	/* A controller looks for the file when it opens. */
	parts->controller = rw_controller_free(parts->controller);
	return rw_parts_open_controller(parts, err);
}

/* For the API's answers: what is known at this moment. */
static size_t list_controllers(void *userdata, struct rw_api_controller *controllers, size_t max)
{
	const struct rw_parts *parts = userdata;
	size_t count = 0;

	for (; parts->registry && count < parts->registry->count && count < max; count++) {
		const struct rw_registry_entry *entry = &parts->registry->entries[count];

		controllers[count] = (struct rw_api_controller){
			.name = entry->name,
			.url = entry->url,
			.active = strcmp(entry->name, rw_parts_name(parts)) == 0,
			.seen_ms = entry->seen_ms,
		};
	}
	return count;
}

static int open_api(struct rw_parts *parts, struct rw_error *err)
{
	const struct rw_api_options options = {
		.controllers = list_controllers,
		.controllers_userdata = parts,
		.controller = parts->controller,
		.loop = parts->loop,
		.clock = rw_clock_system(),
		.random = rw_random_system(),
		.console = &rw_assets_console,
		.server_url = parts->url,
		.metrics_open = parts->options->metrics_open,
	};
	int r = rw_api_new(&options, &parts->api, err);

	if (r == 0)
		rw_api_set_server(parts->api, parts->server);
	return r < 0 || parts->options->plain_http ? r : tell_server_expiry(parts, err);
}

static int open_alibaba(struct rw_parts *parts, struct rw_error *err)
{
	const struct rw_daemon_options *options = parts->options;
	RW_CLEANUP(rw_free) char *chain = NULL;
	struct rw_alibaba_server_options alibaba = {
		.loop = parts->loop,
		.controller = parts->controller,
		.listen = options->alibaba_listen,
		.plain_listen = options->alibaba_plain_listen,
		.region = options->alibaba_region ? options->alibaba_region : "local",
		.network = options->alibaba_network,
		.wait_ms = options->alibaba_wait_s * UINT64_C(1000),
		.key_pem = parts->folder.server_key_pem,
	};
	int r;

	if (!options->alibaba_listen && !options->alibaba_plain_listen)
		return 0;
	r = make_chain(&parts->folder, &chain, err);
	alibaba.cert_pem = chain;
	return r < 0 ? r : rw_alibaba_server_open(&alibaba, &parts->alibaba, err);
}

int rw_parts_serve(struct rw_parts *parts, struct rw_error *err)
{
	int r = rw_parts_open_controller(parts, err);

	if (r == 0)
		r = make_first_key(parts, err);
	if (r == 0)
		r = open_api(parts, err);
	return r < 0 ? r : open_alibaba(parts, err);
}
