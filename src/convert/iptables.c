/* SPDX-License-Identifier: Apache-2.0 */

/*
 * iptables-save of one node, as a policy of its NICs.
 *
 * A packet that comes in by a NIC takes one of two ways there: to a port that nat publishes (DNAT) through
 * FORWARD, where Docker's chains and DOCKER-USER decide about the container's address and port; else, to the
 * node, through INPUT.  Here both are decided at the NIC, before NAT, by the port that the client used.  So
 * each published port gives an ordered list of its own, stronger than the list of INPUT, which ends in a
 * verdict about the whole port.  OUTPUT gives the list of what leaves.
 *
 * Chains are unfolded: a jump continues behind itself when its chain falls off the end; a RETURN with a
 * condition is followed, for what matches it, through the rest of the caller first.  That is exact and may
 * grow, so it is bounded.  Packets that open no flow need no rules: being stateful is the rule here.
 */

#include "convert/iptables_parse.h"

#include <stdio.h>
#include <string.h>

#include "convert/ordered.h"

#define LINES_MAX 20000   /* of one list */
#define STEPS_MAX 2000000 /* rules looked at for one list */
#define DEPTH_MAX 64      /* frames, callers' rests included */

/* A published port: what DNAT turns into what. */
struct published {
	struct rw_iptables_match match; /* of the DNAT rule, jumps included: protocol, ports, source, ... */
	struct rw_prefix container;     /* a whole address */
	struct rw_ports container_ports;
	char bridge[16]; /* by which the container is reached, "" = not known */
	unsigned int end_level;
};

enum way { WAY_INPUT, WAY_PUBLISHED, WAY_OUTPUT, WAY_NAT };

struct walk {
	struct rw_builder *builder;
	struct rw_iptables_file *file;
	enum rw_iptables_table table;
	enum way way;
	const struct published *port; /* of WAY_PUBLISHED */
	enum rw_verdict policy;
	struct rw_vec *lines;     /* struct rw_decision_line; not of WAY_NAT */
	struct rw_vec *published; /* struct published; of WAY_NAT */
	unsigned int uncertain;   /* the first line that was left out */
	size_t steps;
};

/* Where to go on: a chain from some rule on, and behind its end. */
struct frame {
	struct rw_iptables_chain *chain;
	size_t next;
	const struct frame *caller;
	unsigned int depth;
};

/* ---- matches ---- */

/* Devices by which packets reach or leave containers and virtual machines, not the node. */
static bool is_inner(const char *name)
{
	static const char *const prefixes[] = {"docker", "br-",   "veth", "cni",         "flannel", "cali",
					       "virbr",  "lxc",   "lxd",  "podman",      "kube",    "nerdctl",
					       "dummy",  "ipvs0", "vnet", "nodelocaldns"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return strcmp(name, "lo") == 0;
}

/* Takes the NIC of a rule into 'nic'.  False when no packet of the walk can match; unknown in 'match'. */
static bool meet_nic(struct rw_iptables_match *match, const char *name, bool negated, char nic[16])
{
	if (!name[0])
		return true;
	if (is_inner(name))
		return negated;
	if (strcmp(name, "+") == 0)
		return !negated;
	if (negated || strchr(name, '+')) {
		match->unknown = "a NIC that is negated or a pattern";
		return true;
	}
	if (nic[0])
		return strcmp(nic, name) == 0;
	(void)snprintf(nic, 16, "%s", name);
	return true;
}

static bool meet_prefix(struct rw_prefix *mine, const struct rw_prefix *other)
{
	if (rw_prefix_covers(other, mine))
		return true;
	if (!rw_prefix_covers(mine, other))
		return false;
	*mine = *other;
	return true;
}

static bool meet_ports(struct rw_iptables_ports *mine, const struct rw_iptables_ports *other)
{
	struct rw_iptables_ports met = {0};

	if (other->count == 0)
		return true;
	if (mine->count == 0) {
		*mine = *other;
		return true;
	}
	for (unsigned int i = 0; i < mine->count; i++)
		for (unsigned int j = 0; j < other->count && met.count < RW_IPTABLES_PORTS_MAX; j++) {
			struct rw_ports both = {
				mine->ranges[i].first > other->ranges[j].first ? mine->ranges[i].first
									       : other->ranges[j].first,
				mine->ranges[i].last < other->ranges[j].last ? mine->ranges[i].last
									     : other->ranges[j].last,
			};

			if (both.first <= both.last)
				met.ranges[met.count++] = both;
		}
	*mine = met;
	return met.count > 0;
}

/* Whether a list of ports holds all, none or a part (-1) of a range. */
static int holds_ports(const struct rw_iptables_ports *list, struct rw_ports ports)
{
	bool some = false;

	if (list->count == 0)
		return 1;
	for (unsigned int i = 0; i < list->count; i++) {
		if (list->ranges[i].first <= ports.first && list->ranges[i].last >= ports.last)
			return 1;
		some |= list->ranges[i].first <= ports.last && list->ranges[i].last >= ports.first;
	}
	return some ? -1 : 0;
}

/* What FORWARD asks of a packet whose destination is the container's already. */
static bool meet_container(const struct published *port, const struct rw_iptables_match *other,
			   struct rw_iptables_match *match)
{
	int ports;

	if (!rw_prefix_covers(&other->destination, &port->container))
		return false;
	ports = holds_ports(&other->destination_ports, port->container_ports);
	if (ports == 0)
		return false;
	if (ports < 0)
		match->unknown = "a part of a range of published ports";
	if (other->out[0] && !port->bridge[0])
		match->unknown = "the bridge of a container that no line tells";
	else if (other->out[0] && (strcmp(other->out, port->bridge) == 0) == other->not_out)
		return false;
	if (!rw_ports_is_any(other->published_port)) {
		struct rw_iptables_ports asked = {.ranges = {other->published_port}, .count = 1};

		for (unsigned int i = 0; i < port->match.destination_ports.count; i++)
			if (holds_ports(&asked, port->match.destination_ports.ranges[i]) == 0)
				return false;
	}
	return true;
}

/* Narrows 'match' to what also 'other' matches.  False when that is nothing. */
static bool meet(const struct walk *walk, struct rw_iptables_match *match,
		 const struct rw_iptables_match *other)
{
	if (other->never)
		return false;
	match->unknown = other->unknown;
	if (other->protocol != RW_PROTOCOL_ALL) {
		if (match->protocol != RW_PROTOCOL_ALL && match->protocol != other->protocol)
			return false;
		match->protocol = other->protocol;
	}
	if (!meet_prefix(&match->source, &other->source) ||
	    !meet_ports(&match->source_ports, &other->source_ports))
		return false;
	if (walk->way == WAY_OUTPUT) {
		if (other->in[0] || !meet_nic(match, other->out, other->not_out, match->in))
			return false;
	} else if (!meet_nic(match, other->in, other->not_in, match->in)) {
		return false;
	}
	if (walk->way == WAY_PUBLISHED)
		return meet_container(walk->port, other, match);
	if (other->translated || (walk->way == WAY_INPUT && other->out[0]))
		return false;
	return meet_prefix(&match->destination, &other->destination) &&
	       meet_ports(&match->destination_ports, &other->destination_ports);
}

static bool same_match(const struct rw_iptables_match *a, const struct rw_iptables_match *b)
{
	return a->protocol == b->protocol && a->source.bits == b->source.bits &&
	       a->destination.bits == b->destination.bits && strcmp(a->in, b->in) == 0 &&
	       memcmp(&a->source_ports, &b->source_ports, sizeof(a->source_ports)) == 0 &&
	       memcmp(&a->destination_ports, &b->destination_ports, sizeof(a->destination_ports)) == 0;
}

/* ---- what a walk finds ---- */

static int too_much(const struct walk *walk, struct rw_error *err)
{
	(void)rw_error_set(err, -E2BIG, "%s: its chains unfold into more than %d decisions", walk->file->name,
			   LINES_MAX);
	return rw_error_hint(err, "Jumps with many conditional RETURN lines do that; say it in one chain.");
}

static int tell(struct walk *walk, struct rw_iptables_rule *rule, const char *reason, struct rw_error *err)
{
	if (!walk->uncertain)
		walk->uncertain = rule->line;
	if (rule->told)
		return 0;
	rule->told = true;
	walk->builder->file = walk->file->name;
	return rw_builder_leave_out(walk->builder, rule->line, rule->text, err, "%s", reason);
}

/* Ports of a range list at 'index'; any when the list is empty. */
static struct rw_ports ports_at(const struct rw_iptables_ports *ports, unsigned int index)
{
	struct rw_ports range;

	if (ports->count == 0)
		return RW_PORTS_ANY;
	range = ports->ranges[index];
	if (range.first == 0)
		range.first = 1; /* a rule's ports begin at 1; nobody listens on 0 */
	return range;
}

static int add_line(struct walk *walk, const struct rw_iptables_match *match, enum rw_verdict verdict,
		    unsigned int number, struct rw_error *err)
{
	bool out = walk->way == WAY_OUTPUT;
	unsigned int ports = match->destination_ports.count ? match->destination_ports.count : 1;
	unsigned int source_ports = match->source_ports.count ? match->source_ports.count : 1;

	for (unsigned int i = 0; i < ports; i++) {
		for (unsigned int j = 0; j < source_ports; j++) {
			struct rw_decision_line *line;
			int r = rw_vec_push(walk->lines, &line);

			if (r < 0)
				return r == -ENOMEM ? rw_error_oom(err) : too_much(walk, err);
			*line = (struct rw_decision_line){
				.direction = out ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS,
				.verdict = verdict,
				.protocol = match->protocol,
				.ports = ports_at(&match->destination_ports, i),
				.source_ports = ports_at(&match->source_ports, j),
				.remote = out ? match->destination : match->source,
				.local = out ? match->source : match->destination,
				.line = number,
				.uncertain = walk->uncertain,
			};
			memcpy(line->nic, match->in, sizeof(line->nic));
		}
	}
	return 0;
}

/* "172.17.0.2:80", "172.17.0.2", "[fd00::2]:80"; ranges of addresses or shifted ports are not followed. */
static bool parse_destination(const char *text, const struct rw_iptables_match *match, struct published *port)
{
	char address[RW_ADDRESS_TEXT_SIZE];
	struct rw_address parsed;
	const char *end = text + strcspn(text, text[0] == '[' ? "]" : ":");
	const char *ports = NULL;

	if (text[0] == '[')
		text++;
	if (end < text || (size_t)(end - text) >= sizeof(address))
		return false;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(end - text), text);
	if (*end == ']')
		end++;
	if (*end == ':')
		ports = end + 1;
	if (rw_address_parse(address, &parsed, NULL) < 0)
		return false;
	port->container = rw_prefix_of_address(&parsed);
	if (match->destination_ports.count != 1)
		return false;
	port->container_ports = match->destination_ports.ranges[0];
	if (ports) {
		char *rest;
		unsigned long number = strtoul(ports, &rest, 10);

		if (rest == ports || *rest || number > 65535 ||
		    port->container_ports.first != port->container_ports.last)
			return false;
		port->container_ports = (struct rw_ports){(uint16_t)number, (uint16_t)number};
	}
	return true;
}

/* The bridge behind which the container is: the -o of a line about exactly its address. */
static void find_bridge(const struct rw_iptables_file *file, struct published *port)
{
	const struct rw_vec *chains = &file->chains[RW_IPTABLES_FILTER];

	for (size_t i = 0; i < chains->count; i++) {
		const struct rw_iptables_chain *chain = rw_vec_at(chains, i);

		for (size_t j = 0; j < chain->rules.count; j++) {
			const struct rw_iptables_rule *rule = rw_vec_at(&chain->rules, j);

			if (rule->match.out[0] && !rule->match.not_out &&
			    rw_prefix_compare(&rule->match.destination, &port->container) == 0) {
				memcpy(port->bridge, rule->match.out, sizeof(port->bridge));
				return;
			}
		}
	}
}

static int add_published(struct walk *walk, struct rw_iptables_rule *rule,
			 const struct rw_iptables_match *match, struct rw_error *err)
{
	struct published port = {.match = *match};
	struct published *slot;
	int r;

	if (!rw_protocol_has_ports(match->protocol) || !rule->to ||
	    !parse_destination(rule->to, match, &port))
		return tell(walk, rule, "publishes in a way that is not followed here", err);
	find_bridge(walk->file, &port);
	r = rw_vec_push(walk->published, &slot);
	if (r < 0)
		return r == -ENOMEM ? rw_error_oom(err) : too_much(walk, err);
	*slot = port;
	return 0;
}

/* ---- the walk ---- */

static int run(struct walk *walk, const struct frame *frame, const struct rw_iptables_match *match,
	       bool *ret_decided, struct rw_error *err);

/* From a frame to the end: through its callers' rests, to the policy. */
static int complete(struct walk *walk, const struct frame *frame, const struct rw_iptables_match *match,
		    struct rw_error *err)
{
	bool decided = false;
	int r = 0;

	for (; r == 0 && frame && !decided; frame = frame->caller)
		r = run(walk, frame, match, &decided, err);
	if (r < 0 || decided || walk->way == WAY_NAT)
		return r;
	return add_line(walk, match, walk->policy, 0, err);
}

/* A jump or goto; '*ret_decided' when nothing of 'match' is left. */
static int follow(struct walk *walk, const struct frame *here, struct rw_iptables_rule *rule,
		  const struct rw_iptables_match *match, bool *ret_decided, struct rw_error *err)
{
	struct frame callee = {
		.chain = rw_iptables_find(walk->file, walk->table, rule->chain),
		.caller = rule->target == RW_IPTABLES_GOTO ? here->caller : here,
		.depth = here->depth + 1,
	};

	if (!callee.chain)
		return tell(walk, rule, "a target that is not known here", err);
	if (callee.depth > DEPTH_MAX)
		return rw_error_set(err, -E2BIG, "%s: line %u: chains jump deeper than %d", walk->file->name,
				    rule->line, DEPTH_MAX);
	if (rule->target == RW_IPTABLES_JUMP)
		return run(walk, &callee, match, ret_decided, err);
	*ret_decided = true;
	return complete(walk, &callee, match, err);
}

/* What one rule does to the packets of 'met' that reach it. */
static int obey(struct walk *walk, const struct frame *rest, struct rw_iptables_rule *rule,
		const struct rw_iptables_match *met, bool *ret_decided, struct rw_error *err)
{
	int r;

	switch (rule->target) {
	case RW_IPTABLES_ACCEPT:
	case RW_IPTABLES_DROP:
		*ret_decided = true;
		if (walk->way == WAY_NAT)
			return 0;
		return add_line(walk, met,
				rule->target == RW_IPTABLES_DROP ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT,
				rule->line, err);
	case RW_IPTABLES_RETURN:
		*ret_decided = true;
		return complete(walk, rest->caller, met, err);
	case RW_IPTABLES_TRANSLATE:
		*ret_decided = true;
		r = walk->way == WAY_NAT ? add_published(walk, rule, met, err) : 0;
		return r;
	case RW_IPTABLES_JUMP:
	case RW_IPTABLES_GOTO:
		return follow(walk, rest, rule, met, ret_decided, err);
	case RW_IPTABLES_UNKNOWN:
		return tell(walk, rule, "a target that has no counterpart", err);
	case RW_IPTABLES_CONTINUE:
		break;
	}
	return 0;
}

/* Walks a chain from frame->next; '*ret_decided' when a verdict has been found for all of 'match'. */
static int run(struct walk *walk, const struct frame *frame, const struct rw_iptables_match *match,
	       bool *ret_decided, struct rw_error *err)
{
	for (size_t i = frame->next; i < frame->chain->rules.count; i++) {
		struct rw_iptables_rule *rule = rw_vec_at(&frame->chain->rules, i);
		struct frame rest = {frame->chain, i + 1, frame->caller, frame->depth};
		struct rw_iptables_match met = *match;
		bool decided = false;
		int r;

		if (++walk->steps > STEPS_MAX)
			return too_much(walk, err);
		if (rule->target == RW_IPTABLES_CONTINUE || !meet(walk, &met, &rule->match))
			continue;
		rule->used = true;
		if (met.unknown) {
			char reason[160];

			(void)snprintf(reason, sizeof(reason), "it asks for %s", met.unknown);
			r = tell(walk, rule, reason, err);
			if (r < 0)
				return r;
			continue;
		}
		/* An unconditional RETURN is the end of the chain: the caller's loop goes on by itself. */
		if (rule->target == RW_IPTABLES_RETURN && same_match(&met, match) && frame->caller)
			return 0;
		r = obey(walk, &rest, rule, &met, &decided, err);
		if (r < 0)
			return r;
		if (decided && same_match(&met, match)) {
			*ret_decided = true;
			return 0;
		}
	}
	return 0;
}

static struct rw_iptables_match anything(const struct rw_iptables_file *file)
{
	struct rw_iptables_match match = {.protocol = RW_PROTOCOL_ALL, .published_port = RW_PORTS_ANY};

	match.source.address.family = match.destination.address.family = file->family;
	return match;
}

/* Walks a built-in chain of a table, if the file has it. */
static int walk_chain(struct walk *walk, const char *name, const struct rw_iptables_match *match,
		      struct rw_error *err)
{
	struct frame frame = {.chain = rw_iptables_find(walk->file, walk->table, name)};

	if (!frame.chain)
		return 0;
	walk->policy = frame.chain->policy;
	walk->uncertain = 0;
	walk->steps = 0;
	return complete(walk, &frame, match, err);
}

/* ---- lists to rules ---- */

static bool meets_earlier(const struct published *port, const struct published *earlier)
{
	struct rw_iptables_ports ports = port->match.destination_ports;

	return port->match.protocol == earlier->match.protocol &&
	       meet_ports(&ports, &earlier->match.destination_ports);
}

static int add_rules(struct rw_ordered_node *node, const struct rw_vec *lines, struct rw_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lines->count; i++)
		r = rw_ordered_add(node, rw_vec_at(lines, i), err);
	return r;
}

/* The list of one published port.  Ports that do not meet share levels; one that does stands behind. */
static int convert_port(struct walk *walk, struct rw_ordered_node *node, struct rw_vec *ports, size_t index,
			struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec lines;
	struct published *port = rw_vec_at(ports, index);
	struct rw_iptables_match match = port->match;
	unsigned int level = 0;
	int r;

	rw_vec_init(&lines, sizeof(struct rw_decision_line), LINES_MAX);
	for (size_t i = 0; i < index; i++) {
		const struct published *earlier = rw_vec_at(ports, i);

		if (meets_earlier(port, earlier) && earlier->end_level > level)
			level = earlier->end_level;
	}
	walk->lines = &lines;
	walk->port = port;
	r = walk_chain(walk, "FORWARD", &match, err);
	port->end_level = rw_ordered_level(lines.data, lines.count, level);
	return r < 0 ? r : add_rules(node, &lines, err);
}

/* INPUT or OUTPUT.  Lines at the end that say what no rule at all would say are left away. */
static int convert_chain(struct walk *walk, struct rw_ordered_node *node, const char *name,
			 unsigned int level, enum rw_verdict usual, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec lines;
	struct rw_iptables_match match = anything(walk->file);
	int r;

	rw_vec_init(&lines, sizeof(struct rw_decision_line), LINES_MAX);
	walk->lines = &lines;
	r = walk_chain(walk, name, &match, err);
	while (r == 0 && lines.count > 0 &&
	       ((struct rw_decision_line *)rw_vec_at(&lines, lines.count - 1))->verdict == usual)
		lines.count--;
	(void)rw_ordered_level(lines.data, lines.count, level);
	return r < 0 ? r : add_rules(node, &lines, err);
}

/* All NICs that the table filter names, also those whose lines say nothing in the end. */
static int name_nics(const struct rw_iptables_file *file, struct rw_ordered_node *node, struct rw_error *err)
{
	const struct rw_vec *chains = &file->chains[RW_IPTABLES_FILTER];
	int r = 0;

	for (size_t i = 0; r == 0 && i < chains->count; i++) {
		const struct rw_iptables_chain *chain = rw_vec_at(chains, i);

		for (size_t j = 0; r == 0 && j < chain->rules.count; j++) {
			const struct rw_iptables_match *match =
				&((struct rw_iptables_rule *)rw_vec_at(&chain->rules, j))->match;

			if (match->in[0] && !is_inner(match->in) && !strchr(match->in, '+'))
				r = rw_ordered_name_nic(node, match->in, err);
		}
	}
	return r;
}

/* Drops in tables that are not walked would be lost silently. */
static int tell_other_tables(struct walk *walk, struct rw_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < walk->file->chains[RW_IPTABLES_OTHER].count; i++) {
		struct rw_iptables_chain *chain = rw_vec_at(&walk->file->chains[RW_IPTABLES_OTHER], i);

		for (size_t j = 0; r == 0 && j < chain->rules.count; j++) {
			struct rw_iptables_rule *rule = rw_vec_at(&chain->rules, j);

			if (rule->target == RW_IPTABLES_DROP && !rule->match.never)
				r = tell(walk, rule, "drops outside of the table filter", err);
		}
	}
	return r;
}

/* What people have written about forwarded packets, and no published port has met, would be lost, too. */
static int tell_forwarding(struct walk *walk, struct rw_error *err)
{
	static const char *const names[] = {"FORWARD", "DOCKER-USER"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(names); i++) {
		struct rw_iptables_chain *chain = rw_iptables_find(walk->file, RW_IPTABLES_FILTER, names[i]);

		for (size_t j = 0; r == 0 && chain && j < chain->rules.count; j++) {
			struct rw_iptables_rule *rule = rw_vec_at(&chain->rules, j);
			bool decides = rule->target == RW_IPTABLES_ACCEPT || rule->target == RW_IPTABLES_DROP;
			bool inner = rule->match.in[0] && is_inner(rule->match.in) && !rule->match.not_in;

			if (decides && !rule->used && !rule->match.never && !inner)
				r = tell(walk, rule,
					 "it is about forwarded packets that nat does not "
					 "publish",
					 err);
		}
	}
	return r;
}

static int convert_file(struct rw_builder *builder, struct rw_ordered_node *node,
			struct rw_iptables_file *file, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec ports;
	struct walk walk = {.builder = builder, .file = file, .way = WAY_NAT, .published = &ports};
	struct rw_iptables_match match = anything(file);
	unsigned int level = 0;
	int r;

	rw_vec_init(&ports, sizeof(struct published), 4096);
	r = name_nics(file, node, err);
	walk.table = RW_IPTABLES_NAT;
	if (r == 0)
		r = walk_chain(&walk, "PREROUTING", &match, err);
	walk.table = RW_IPTABLES_FILTER;
	walk.way = WAY_PUBLISHED;
	for (size_t i = 0; r == 0 && i < ports.count; i++) {
		r = convert_port(&walk, node, &ports, i, err);
		if (((struct published *)rw_vec_at(&ports, i))->end_level > level)
			level = ((struct published *)rw_vec_at(&ports, i))->end_level;
	}
	walk.way = WAY_INPUT;
	if (r == 0)
		r = convert_chain(&walk, node, "INPUT", level, RW_VERDICT_DROP, err);
	walk.way = WAY_OUTPUT;
	if (r == 0)
		r = convert_chain(&walk, node, "OUTPUT", 0, RW_VERDICT_ACCEPT, err);
	if (r == 0)
		r = tell_forwarding(&walk, err);
	return r < 0 ? r : tell_other_tables(&walk, err);
}

int rw_convert_iptables(struct rw_builder *builder, const struct rw_convert_input *inputs, size_t count,
			struct rw_error *err)
{
	RW_CLEANUP(rw_ordered_done) struct rw_ordered_node node = {0};
	bool seen[7] = {false};
	int r = rw_ordered_init(&node, builder, "iptables", err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		RW_CLEANUP(rw_iptables_file_done) struct rw_iptables_file file = {0};

		builder->file = inputs[i].name;
		r = rw_iptables_parse(&inputs[i], &file, err);
		if (r == 0 && seen[file.family]) {
			(void)rw_error_set(err, -EINVAL, "%s: a second file of IPv%u", inputs[i].name,
					   file.family);
			return rw_error_hint(err, "Convert each node by itself: one iptables-save, one "
						  "ip6tables-save.");
		}
		if (r == 0) {
			seen[file.family] = true;
			r = convert_file(builder, &node, &file, err);
		}
	}
	return r < 0 ? r : rw_ordered_finish(&node, err);
}
