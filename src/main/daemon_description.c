/* SPDX-License-Identifier: Apache-2.0 */
#include "main/descriptions.h"

static const char *const forms[] = {"[OPTION...]", "[OPTION...] COMMAND", NULL};

static const char details[] =
	"ringwalld is the controller: it keeps networks, clusters, security groups and "
	"rules, serves the API that "
	"ringwall calls, and streams to every ringwall-agent exactly what its node "
	"must know.  Without a command it "
	"runs until SIGTERM.\n"
	"\n"
	"Without init before it, the first start writes the first admin key to "
	"STATE/admin-key and deletes the "
	"file when the key is first used.  STATE/ca.pem is what clients trust "
	"(RINGWALL_CA).  Started by root on a "
	"state folder of another user, it runs as that user.\n"
	"\n"
	"With --etcd several of them share one store: one is active, the others stand by, answer "
	"where the active one is, and one of them takes over within seconds when it is gone.  "
	"STATE/master-key must be the same file on all: copy it from the first before you start "
	"another.\n";

static const char examples[] = "  ringwalld --name ringwall.example.net --name 192.0.2.10\n"
			       "  ringwalld --state /tmp/try --listen 127.0.0.1:8443\n"
			       "  ringwalld --state /var/lib/ringwall key reset-admin\n"
			       "  ringwalld backup /var/lib/ringwall-backup/monday\n"
			       "  ringwalld --etcd https://10.0.0.2:2379 --etcd https://10.0.0.3:2379\n";

static const struct rw_usage_option common_options[] = {
	{"state", 0, "DIR", "state folder; default /var/lib/ringwall", RW_DAEMON_OPTION_STATE},
	{"listen", 0, "ADDR:PORT",
	 "where to listen; default 0.0.0.0:8443; [::]:8443 is both families; port 0 is any",
	 RW_DAEMON_OPTION_LISTEN},
	{"name", 0, "NAME",
	 "host name or address in the server's certificate; may be repeated; the first is what agents are "
	 "told to "
	 "call; kept for the next start; default the address listened on, or the host's name",
	 RW_DAEMON_OPTION_NAME},
	{"limit", 0, "NAME=N",
	 "raise or lower a limit of the model, as rules_per_group=2000; may be repeated; a name that does "
	 "not exist "
	 "lists them all",
	 RW_DAEMON_OPTION_LIMIT},
	{"etcd", 0, "URL",
	 "keep the store in etcd, for several controllers: a member's client URL, https://10.0.0.2:2379; may "
	 "be "
	 "repeated, "
	 "one for each member",
	 RW_DAEMON_OPTION_ETCD},
	{"etcd-prefix", 0, "PREFIX", "where its keys begin there; default /ringwall",
	 RW_DAEMON_OPTION_ETCD_PREFIX},
	{"etcd-ca", 0, "FILE", "authorities that the members are checked against; default the system's",
	 RW_DAEMON_OPTION_ETCD_CA},
	{"etcd-cert", 0, "FILE", "certificate that is shown to them; with --etcd-key",
	 RW_DAEMON_OPTION_ETCD_CERT},
	{"etcd-key", 0, "FILE", "its private key", RW_DAEMON_OPTION_ETCD_KEY},
	{"etcd-user", 0, "NAME", "user of etcd; with --etcd-password-file", RW_DAEMON_OPTION_ETCD_USER},
	{"etcd-password-file", 0, "FILE", "holds its password; for its owner alone (mode 0600)",
	 RW_DAEMON_OPTION_ETCD_PASSWORD_FILE},
	{"flow-days", 0, "N", "keep observed flows for so many days, 0 to 366; 0 keeps none; default 30",
	 RW_DAEMON_OPTION_FLOW_DAYS},
	{"metrics-open", 0, NULL, "/metrics needs no key from this host (nor from behind a proxy on it)",
	 RW_DAEMON_OPTION_METRICS_OPEN},
	{"alibaba-listen", 0, "ADDR:PORT",
	 "serve the Alibaba-compatible API there, as on 0.0.0.0:8444; default: it is not served",
	 RW_DAEMON_OPTION_ALIBABA_LISTEN},
	{"alibaba-plain-listen", 0, "ADDR:PORT", "serve it there by plain HTTP; on loopback only",
	 RW_DAEMON_OPTION_ALIBABA_PLAIN_LISTEN},
	{"alibaba-region", 0, "NAME", "the region of that API; default local",
	 RW_DAEMON_OPTION_ALIBABA_REGION},
	{"alibaba-network", 0, "NETWORK", "the network meant there when a request names no VpcId",
	 RW_DAEMON_OPTION_ALIBABA_NETWORK},
	{"alibaba-wait", 0, "SECONDS",
	 "answer a change there once nodes enforce it, or after so long, 0 to 5; default 0",
	 RW_DAEMON_OPTION_ALIBABA_WAIT},
	{"plain-http", 0, NULL, "no TLS for the native API; on loopback only", RW_DAEMON_OPTION_PLAIN_HTTP},
	{"log-level", 0, "LEVEL", "error, warning, info (default) or debug", RW_DAEMON_OPTION_LOG_LEVEL},
	{"help", 'h', NULL, "help; behind a command, its own"},
	{"help-options", 0, NULL, "all options", RW_DAEMON_OPTION_HELP_OPTIONS},
	{"version", 0, NULL, "the version", RW_DAEMON_OPTION_VERSION},
	{0},
};

static const struct rw_usage_option backup_options[] = {
	{"without-keys", 0, NULL, "leave the master key and the authority's key out",
	 RW_DAEMON_OPTION_WITHOUT_KEYS},
	{0},
};

static const struct rw_usage_options backup_sets[] = {{.title = "options", .options = backup_options}, {0}};

static const struct rw_usage_command commands[] = {
	{"init", "", "make the state folder and show the first admin key, once",
	 "example:\n"
	 "  ringwalld --name 10.0.0.2 init\n",
	 NULL, NULL},
	{"key reset-admin", "", "make another admin key, for who lost all (daemon stopped)",
	 "example:\n"
	 "  ringwalld key reset-admin\n",
	 NULL, NULL},
	{"master-key rotate", "", "seal all secrets under a new master key (daemon stopped)",
	 "Backups made before need the key of their time.  What a crash cuts off ends with the next start.\n"
	 "\n"
	 "example:\n"
	 "  ringwalld master-key rotate\n",
	 NULL, NULL},
	{"backup", "FILE", "write store, authority and keys to FILE (daemon stopped)",
	 "The file holds all that a new controller needs; with keys, keep it as you keep the state folder.\n"
	 "\n"
	 "example:\n"
	 "  ringwalld backup /var/lib/ringwall-backup/monday\n",
	 backup_sets, NULL},
	{"restore", "FILE", "put a backup into an empty state folder",
	 "With --etcd its store goes to etcd, where PREFIX must be empty: so several controllers take over "
	 "from one.\n"
	 "\n"
	 "example:\n"
	 "  ringwalld restore /var/lib/ringwall-backup/monday\n",
	 NULL, NULL},
	{0},
};

static const struct rw_usage_options sets[] = {{.title = "options", .options = common_options}, {0}};

static const struct rw_usage_item exit_codes[] = {{"0", "done, or stopped by SIGTERM"},
						  {"1", "refused or failed"},
						  {"2", "the command line is wrong"},
						  {0}};

static const struct rw_usage_item files[] = {
	{"/var/lib/ringwall", "state folder: store, master key, authority, server certificate"},
	{"/var/lib/ringwall/ca.pem", "the authority's certificate, for clients"},
	{0},
};

static const struct rw_usage_item see_also[] = {
	{"ringwall", "1"}, {"ringwall-model", "5"}, {"ringwall-agent", "8"}, {0}};

const struct rw_usage_program rw_daemon_program = {
	.name = "ringwalld",
	.section = '8',
	.summary = "controller of security groups for self-hosted container clusters",
	.forms = forms,
	.details = details,
	.commands = commands,
	.options = sets,
	.examples = examples,
	.exit_codes = exit_codes,
	.files = files,
	.see_also = see_also,
};
