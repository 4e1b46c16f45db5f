/* SPDX-License-Identifier: Apache-2.0 */
#include "main/descriptions.h"

#include "agent/state.h"

static const char *const forms[] = {
	"COMMAND [OPTION...]",
	"--file MODEL.json --node NAME [OPTION...]",
	NULL,
};

static const char details[] = "ringwall-agent runs on every node, as root, and keeps the kernel of that node "
			      "equal to the node's policy.\n"
			      "Enforcement outlives it: when the agent is stopped, killed or upgraded, the "
			      "pinned programs go on deciding "
			      "packets, and the next agent takes them over without a gap.\n"
			      "\n"
			      "What a security group means is written in semantics.md, how packets are "
			      "handled in dataplane.md of the "
			      "documentation.\n";

static const char examples[] = "  ringwall-agent join --server https://10.0.0.2:8443 --token-file token \\\n"
			       "                      --ca-fingerprint 5f0c... --name web-1\n"
			       "  ringwall-agent run\n"
			       "  ringwall-agent --file model.json --node web-1    (SIGHUP reads it again)\n"
			       "  ringwall-agent detach\n";

static const struct rw_usage_option common_options[] = {
	{"state", 0, "DIR", "state folder; default " RW_AGENT_STATE_DEFAULT, RW_AGENT_OPTION_STATE},
	{"pin-dir", 0, "DIR",
	 "where programs are pinned, in a BPF file system; default " RW_AGENT_PIN_ROOT
	 "/default, with another --state its own",
	 RW_AGENT_OPTION_PIN_DIR},
	{"unpinned", 0, NULL, "pin nothing: enforcement ends with the agent", RW_AGENT_OPTION_UNPINNED},
	{"without-tcx", 0, NULL, "attach by clsact filters also where the kernel has tcx",
	 RW_AGENT_OPTION_WITHOUT_TCX},
	{"interface", 0, "NAME",
	 "enforce on this interface, too; may be repeated; needed for veth, tunnels and others without a "
	 "device of "
	 "their own",
	 RW_AGENT_OPTION_INTERFACE},
	{"log-level", 0, "LEVEL", "error, warning, info (default) or debug", RW_AGENT_OPTION_LOG_LEVEL},
	{"help", 'h', NULL, "help; behind a command, its own"},
	{"help-options", 0, NULL, "all options of all commands", RW_AGENT_OPTION_HELP_OPTIONS},
	{"version", 0, NULL, "the version", RW_AGENT_OPTION_VERSION},
	{0},
};

static const struct rw_usage_option output_options[] = {
	{"output", 'o', "FORMAT", "text or json"},
	{0},
};

#define FILTER_OPTIONS                                                                                       \
	{"remote", 0, "CIDR", "only those whose remote end is in it", RW_AGENT_OPTION_REMOTE},               \
		{"port", 0, "NUMBER", "only those with this port at either end", RW_AGENT_OPTION_PORT},      \
	{                                                                                                    \
		"protocol", 0, "NAME", "tcp, udp, icmp, icmpv6, gre or a number", RW_AGENT_OPTION_PROTOCOL   \
	}

static const struct rw_usage_option table_options[] = {
	FILTER_OPTIONS,
	{"class", 0, "CLASS",
	 "half-open, picked-up, exchange, tombstone, closing, one-way, assured or established",
	 RW_AGENT_OPTION_CLASS},
	{"output", 'o', "FORMAT", "text or json"},
	{0},
};

static const struct rw_usage_option capture_options[] = {
	FILTER_OPTIONS,
	{"count", 'c', "NUMBER", "end after so many packets"},
	{"write", 'w', "FILE", "write them to FILE as pcapng instead of printing; - is standard output"},
	{"output", 'o', "FORMAT", "text or json, one object a line"},
	{0},
};

static const struct rw_usage_option join_options[] = {
	{"server", 0, "URL", "a controller, https://HOST[:8443]; of several the first that serves",
	 RW_AGENT_OPTION_SERVER},
	{"token", 0, "TOKEN", "one-time token", RW_AGENT_OPTION_TOKEN},
	{"token-file", 0, "FILE",
	 "file with the token, which other users of this machine then cannot see in the list of processes",
	 RW_AGENT_OPTION_TOKEN_FILE},
	{"ca-fingerprint", 0, "HEX", "SHA-256 of the controller's authority, as shown with the token",
	 RW_AGENT_OPTION_CA_FINGERPRINT},
	{"ca", 0, "FILE", "or its certificate, STATE/ca.pem of the controller", RW_AGENT_OPTION_CA},
	{"name", 0, "NAME", "name of the node; default the host's", RW_AGENT_OPTION_NAME},
	{"cluster", 0, "NAME", "a check: the cluster that the token must be for", RW_AGENT_OPTION_CLUSTER},
	{"monitor", 0, NULL, "count what would be dropped, drop nothing", RW_AGENT_OPTION_MONITOR},
	{"yes", 0, NULL, "enforce without asking; without it and without a terminal: monitor",
	 RW_AGENT_OPTION_YES},
	{"force", 0, NULL, "enforce without asking, even if your SSH session is cut", RW_AGENT_OPTION_FORCE},
	{"replace", 0, NULL, "join again with the record of this machine", RW_AGENT_OPTION_REPLACE},
	{0},
};

static const struct rw_usage_option run_options[] = {
	{"table-memory", 0, "MIB", "most that decision tables may take; default 256",
	 RW_AGENT_OPTION_TABLE_MEMORY},
	{"flow-entries", 0, "NUMBER", "flows remembered per family; default 65536",
	 RW_AGENT_OPTION_FLOW_ENTRIES},
	{"early-drop", 0, "NAME[:generic]",
	 "drop refused packets of this interface early, at XDP; may be repeated; see 'early-drop --help'",
	 RW_AGENT_OPTION_EARLY_DROP},
	{"file", 0, "FILE", "standalone: enforce this model file instead of a controller's",
	 RW_AGENT_OPTION_FILE},
	{"node", 0, "NAME", "standalone: which node of the file this is", RW_AGENT_OPTION_NODE},
	{0},
};

static const struct rw_usage_option early_options[] = {
	{"generic", 0, NULL, "in the kernel, for a driver that has no place for it", RW_AGENT_OPTION_GENERIC},
	{0},
};

#define SETS(name, table)                                                                                    \
	static const struct rw_usage_options name[] = {{.title = "options", .options = (table)}, {0}}
SETS(output_sets, output_options);
SETS(capture_sets, capture_options);
SETS(table_sets, table_options);
SETS(join_sets, join_options);
SETS(run_sets, run_options);
SETS(early_sets, early_options);

static const struct rw_usage_command commands[] = {
	{"detach", "",
	 "take all enforcement off this node, now; works without controller, agent or state folder, and "
	 "stays so "
	 "until 'attach'",
	 "Everything of ours is removed from the kernel, and all packets pass.  Give the same --state and "
	 "--pin-dir "
	 "as the agent was given, if any.\n"
	 "\n"
	 "example:\n"
	 "  ringwall-agent detach\n",
	 NULL, NULL},
	{"attach", "", "let the node be enforced again",
	 "At once by a running agent, else when the agent is started.\n"
	 "\n"
	 "example:\n"
	 "  ringwall-agent attach\n",
	 NULL, NULL},
	{"status", "", "what is in force",
	 "examples:\n"
	 "  ringwall-agent status\n"
	 "  ringwall-agent status -o json\n",
	 output_sets, NULL},
	{"metrics", "", "what is counted here, for Prometheus",
	 "The text format of Prometheus, as node_exporter's textfile collector takes it.  Without a running "
	 "agent it "
	 "tells only that, and whether packets are decided.\n"
	 "\n"
	 "example:\n"
	 "  ringwall-agent metrics >/run/metrics/ringwall.prom.new &&\n"
	 "    mv /run/metrics/ringwall.prom.new /run/metrics/ringwall.prom\n",
	 NULL, NULL},
	{"table", "", "the live flows, each with its class and the rule that let it in",
	 "Reads the flow table that the programs use, with or without a running agent, and changes nothing.  "
	 "Rows come in no order.  LOCAL is this node's end or, of a forwarded flow, the one that did not "
	 "open "
	 "it; EXPIRES is when the flow is forgotten unless more of it is seen.\n"
	 "\n"
	 "IN is the interface where the flow entered the node and the rule that accepted it there, OUT the "
	 "same where it left.  Of a tombstone, which lets nothing pass, it is the rule that refuses.  "
	 "Instead "
	 "of a rule's id: inner-access, default or a system rule; older-policy for a flow of which nothing "
	 "was seen since the policy changed; kept for one that a change kept though its rules refuse it; "
	 "unknown when no policy is saved here.  In a terminal of less than 113 columns each flow takes two "
	 "lines.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall-agent table\n"
	 "  ringwall-agent table --remote 10.0.0.0/8 --port 443\n"
	 "  ringwall-agent table --class tombstone -o json\n",
	 table_sets, NULL},
	{"capture", "", "show refused packets as they come, with cause and rule",
	 "One line a packet: time, interface, direction, protocol, ends, length, and what refused it.  Of a "
	 "monitored node, what would have refused it.  With -w the first 128 bytes of each packet go to a "
	 "pcapng file, with cause and rule as its comment, for tcpdump and wireshark.\n"
	 "\n"
	 "Ends by interrupt or by --count, and then says how many packets it has not seen: of more than 100 "
	 "a "
	 "second and processor the kernel tells only the number.  Packets are taken from the running agent, "
	 "which never waits, or from the kernel when none runs.  At most two can capture beside an agent.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall-agent capture\n"
	 "  ringwall-agent capture --remote 10.0.0.0/8 --protocol tcp -c 10\n"
	 "  ringwall-agent capture -w refused.pcapng\n"
	 "  ringwall-agent capture -w - | tcpdump -n -r -\n",
	 capture_sets, NULL},
	{"early-drop", "on|off|remove INTERFACE", "drop refused packets of an interface early, at XDP",
	 "A flood of refused packets then costs a fraction.  'on' attaches the early stage where it is not "
	 "yet: "
	 "that makes many drivers set up their queues anew, which loses packets, and may turn offloads off. "
	 " "
	 "'off' lets everything pass it, without touching the device; 'remove' takes it off.  It is kept "
	 "when "
	 "the agent is started again.  Another program at XDP is never replaced.\n"
	 "\n"
	 "'status' tells how it does and how many packets it has dropped.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall-agent early-drop on eth0\n"
	 "  ringwall-agent early-drop on eth0 --generic\n"
	 "  ringwall-agent early-drop off eth0\n",
	 early_sets, NULL},
	{"probe", "", "whether this machine can enforce, on which interfaces, and why",
	 "Also what the saved policy would refuse: listeners that no rule opens, live connections that would "
	 "be "
	 "cut, and whether this session would go on.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall-agent probe\n"
	 "  ringwall-agent probe --interface wg0\n",
	 output_sets, NULL},
	{"join", "", "make this machine a node of a controller",
	 "Asks the controller which policy the node would have, and shows what that would do here: enforced "
	 "interfaces and why, listeners that no rule opens, live connections that would be cut, and whether "
	 "your SSH session would go on.  Then asks.  Until the answer nothing is changed anywhere, and the "
	 "token stays good.  Without a terminal and without --yes the node is monitored.  Enforcing is "
	 "refused "
	 "when it would cut your SSH session, unless --force says so.\n"
	 "\n"
	 "Where there are several controllers, repeat --server: those that cannot be reached or stand by are "
	 "passed over.  One is enough, too, as the agent is told the others while it runs.\n"
	 "\n"
	 "The controller is known by the fingerprint or the certificate of its authority; to any other the "
	 "token is not sent.  The private key is made here and stays here.\n"
	 "\n"
	 "example:\n"
	 "  ringwall-agent join --server https://10.0.0.2:8443 --token-file token \\\n"
	 "    --ca-fingerprint 5f0c...\n",
	 join_sets, NULL},
	{"run", "", "follow the controller; enforcement outlives the agent",
	 "Puts the saved policy in force, then connects.  SIGTERM ends the agent and leaves enforcement in "
	 "force.\n"
	 "\n"
	 "With --file it needs no controller: the policy of --node is derived from that model file; SIGHUP "
	 "reads "
	 "the file again, and a bad file is refused and the old policy stays.  The word 'run' may then be "
	 "left "
	 "out.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall-agent run\n"
	 "  ringwall-agent run --file model.json --node web-1\n",
	 run_sets, NULL},
	{0},
};

static const struct rw_usage_options sets[] = {
	{.title = "options of every command", .options = common_options},
	{0},
};

static const struct rw_usage_item exit_codes[] = {
	{"0", "done"}, {"1", "refused or failed"}, {"2", "the command line is wrong"}, {0}};

static const struct rw_usage_item files[] = {
	{RW_AGENT_STATE_DEFAULT,
	 "state folder: who this node is, its certificate, the policy for the next start"},
	{RW_AGENT_RUN_ROOT "/default", "the running agent: control socket, lock, marks"},
	{RW_AGENT_PIN_ROOT "/default", "pinned programs, maps and links: what outlives the agent"},
	{0},
};

static const struct rw_usage_item see_also[] = {
	{"ringwall", "1"}, {"ringwall-model", "5"}, {"ringwalld", "8"}, {0}};

const struct rw_usage_program rw_agent_program = {
	.name = "ringwall-agent",
	.section = '8',
	.summary = "keeps this node's kernel equal to its security groups",
	.forms = forms,
	.details = details,
	.commands = commands,
	.options = sets,
	.examples = examples,
	.exit_codes = exit_codes,
	.files = files,
	.see_also = see_also,
};
