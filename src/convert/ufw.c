/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ufw of one node: the table that 'ufw status verbose' prints, or the tuples of user.rules and user6.rules.
 * Both are ordered lists, one for what comes in and one for what goes out; the first match decides.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "convert/ordered.h"

#define LINES_MAX 10000
#define LINE_MAX  1024
#define PORTS_MAX 15

/* One side of a line: "10.0.0.5 80,443/tcp on eth0 (v6)". */
struct side {
	struct rw_prefix prefix; /* bits 0 = anywhere; family 0 = not told */
	struct rw_ports ports[PORTS_MAX];
	unsigned int port_count;
	uint16_t protocol;
	char nic[16];
	bool v6;
};

struct reading {
	struct rw_builder *builder;
	struct rw_vec in, out; /* struct rw_decision_line */
	unsigned int uncertain;
	enum rw_verdict incoming, outgoing; /* the defaults */
	bool defaults_told;
};

static int refuse(const struct reading *reading, unsigned int line, struct rw_error *err, const char *what)
{
	(void)rw_error_set(err, -EINVAL, "%s: line %u: %s", reading->builder->file, line, what);
	return rw_error_hint(err, "Give the output of 'ufw status verbose', or /etc/ufw/user.rules.");
}

static int leave_out(struct reading *reading, unsigned int line, const char *text, const char *reason,
		     struct rw_error *err)
{
	if (!reading->uncertain)
		reading->uncertain = line;
	return rw_builder_leave_out(reading->builder, line, text, err, "%s", reason);
}

/* ---- words ---- */

/* "80", "80,443", "6000:6007"; false when it is none. */
static bool parse_ports(const char *text, struct side *side)
{
	do {
		unsigned long first, last;
		char *end;

		if (side->port_count == PORTS_MAX || !isdigit((unsigned char)*text))
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == ':') {
			text = end + 1;
			last = strtoul(text, &end, 10);
		}
		if (first < 1 || first > last || last > 65535 || end == text)
			return false;
		side->ports[side->port_count++] = (struct rw_ports){(uint16_t)first, (uint16_t)last};
		text = end;
	} while (*text++ == ',');
	return text[-1] == '\0';
}

/* A word that is an address, "Anywhere" or ports, each perhaps with "/tcp" behind it. */
static bool parse_word(char *word, struct side *side)
{
	char *slash = strrchr(word, '/');

	if (rw_prefix_parse(word, &side->prefix, NULL) == 0)
		return true;
	if (slash && rw_protocol_parse(slash + 1, &side->protocol, NULL) == 0 &&
	    !isdigit((unsigned char)slash[1]))
		*slash = '\0';
	if (strcmp(word, "Anywhere") == 0 || strcmp(word, "any") == 0)
		return true;
	if (rw_prefix_parse(word, &side->prefix, NULL) == 0)
		return true;
	return parse_ports(word, side);
}

/* NULL, or why the side cannot be translated. */
static const char *parse_side(char *text, struct side *side)
{
	char *save = NULL;

	*side = (struct side){.protocol = RW_PROTOCOL_ALL};
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strcmp(word, "on") == 0) {
			const char *nic = strtok_r(NULL, " ", &save);

			if (!nic || strchr(nic, '+'))
				return "it names NICs by a pattern";
			(void)snprintf(side->nic, sizeof(side->nic), "%s", nic);
		} else if (strcmp(word, "(v6)") == 0) {
			side->v6 = true;
		} else if (word[0] == '(') {
			/* The name of an application whose ports stand before it; it may end in "(v6))". */
			for (; word; word = strtok_r(NULL, " ", &save))
				side->v6 |= strncmp(word, "(v6)", 4) == 0;
			break;
		} else if (!parse_word(word, side)) {
			return "it names an application without its ports, or something else that is not "
			       "known; 'ufw status verbose' tells the ports";
		}
	}
	return NULL;
}

/* ---- lines of decisions ---- */

static int push_line(struct reading *reading, const struct rw_decision_line *line, struct rw_error *err)
{
	struct rw_vec *lines = line->direction == RW_DIRECTION_INGRESS ? &reading->in : &reading->out;
	struct rw_decision_line *slot;
	int r = rw_vec_push(lines, &slot);

	if (r < 0)
		return r == -ENOMEM ? rw_error_oom(err)
				    : rw_error_set(err, r, "%s: more than %d rules", reading->builder->file,
						   LINES_MAX);
	*slot = *line;
	return 0;
}

/* Every pair of port ranges, and tcp and udp when ports are given without a protocol. */
static int push_lines(struct reading *reading, struct rw_decision_line line, const struct side *to,
		      const struct side *from, struct rw_error *err)
{
	bool has_ports = to->port_count || from->port_count;
	unsigned int protocols = has_ports && line.protocol == RW_PROTOCOL_ALL ? 2 : 1;
	int r = 0;

	for (unsigned int p = 0; r == 0 && p < protocols; p++) {
		if (protocols == 2)
			line.protocol = p ? RW_PROTOCOL_UDP : RW_PROTOCOL_TCP;
		for (unsigned int i = 0; r == 0 && i < (to->port_count ? to->port_count : 1); i++) {
			line.ports = to->port_count ? to->ports[i] : RW_PORTS_ANY;
			for (unsigned int j = 0; r == 0 && j < (from->port_count ? from->port_count : 1);
			     j++) {
				line.source_ports = from->port_count ? from->ports[j] : RW_PORTS_ANY;
				r = push_line(reading, &line, err);
			}
		}
	}
	return r;
}

/* One rule of either form.  'action' is allow, deny, reject or limit in any case. */
static int add_line(struct reading *reading, unsigned int number, const char *text, const char *action,
		    enum rw_direction direction, const struct side *to, const struct side *from,
		    struct rw_error *err)
{
	bool in = direction == RW_DIRECTION_INGRESS;
	const struct side *remote = in ? from : to;
	const struct side *local = in ? to : from;
	uint8_t family =
		to->v6 || from->v6 || to->prefix.address.family == 6 || from->prefix.address.family == 6 ? 6
													 : 4;
	struct rw_decision_line line = {
		.direction = direction,
		.protocol = to->protocol != RW_PROTOCOL_ALL ? to->protocol : from->protocol,
		.remote = remote->prefix,
		.local = local->prefix,
		.line = number,
		.uncertain = reading->uncertain,
	};
	int r = 0;

	line.remote.address.family = line.local.address.family = family;
	memcpy(line.nic, to->nic[0] ? to->nic : from->nic, sizeof(line.nic));
	line.verdict = strncasecmp(action, "allow", 5) == 0 || strncasecmp(action, "limit", 5) == 0
			       ? RW_VERDICT_ACCEPT
			       : RW_VERDICT_DROP;
	if (strncasecmp(action, "limit", 5) == 0)
		r = rw_builder_remark(reading->builder, number, text, err,
				      "its limit of connections is not kept: it accepts all");
	return r < 0 ? r : push_lines(reading, line, to, from, err);
}

/* ---- ufw status verbose ---- */

/* The word behind which stands "(incoming)" or "(outgoing)". */
static void read_defaults(struct reading *reading, const char *text)
{
	reading->defaults_told = true;
	reading->incoming = strstr(text, "allow (incoming)") ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	reading->outgoing = strstr(text, "deny (outgoing)") || strstr(text, "reject (outgoing)")
				    ? RW_VERDICT_DROP
				    : RW_VERDICT_ACCEPT;
}

/* Finds the action between the columns; NULL when the line has none. */
static char *find_action(char *line, const char **ret_action, char **ret_from)
{
	static const char *const actions[] = {"ALLOW", "DENY", "REJECT", "LIMIT"};

	for (char *at = strchr(line, ' '); at; at = strchr(at + 1, ' '))
		for (size_t i = 0; i < RW_ARRAY_COUNT(actions); i++) {
			size_t size = strlen(actions[i]);

			if (strncmp(at + 1, actions[i], size) != 0 || at[1 + size] != ' ')
				continue;
			*ret_action = actions[i];
			*ret_from = at + 1 + size;
			return at;
		}
	return NULL;
}

static int read_table_line(struct reading *reading, unsigned int number, const char *text, char *line,
			   struct rw_error *err)
{
	enum rw_direction direction = RW_DIRECTION_INGRESS;
	const char *action, *reason;
	char *from_text, *comment, *end;
	struct side to, from;

	if (line[0] == '[' && (end = strchr(line, ']'))) /* numbered */
		line = end + 1;
	while (*line == ' ')
		line++;
	comment = strstr(line, " # ");
	if (comment)
		*comment = '\0';
	end = find_action(line, &action, &from_text);
	if (!end)
		return refuse(reading, number, err, "has no action (ALLOW, DENY, REJECT, LIMIT)");
	*end = '\0';
	while (*from_text == ' ')
		from_text++;
	if (strncmp(from_text, "FWD", 3) == 0)
		return leave_out(reading, number, text, "it is about routed packets", err);
	if (strncmp(from_text, "OUT ", 4) == 0)
		direction = RW_DIRECTION_EGRESS;
	if (strncmp(from_text, "OUT ", 4) == 0 || strncmp(from_text, "IN ", 3) == 0)
		from_text = strchr(from_text, ' ');
	reason = parse_side(line, &to);
	if (!reason)
		reason = parse_side(from_text, &from);
	if (reason)
		return leave_out(reading, number, text, reason, err);
	return add_line(reading, number, text, action, direction, &to, &from, err);
}

/* ---- user.rules ---- */

/* "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in_eth0": action, protocol, to, from, direction. */
static int read_tuple(struct reading *reading, unsigned int number, const char *text, char *tuple,
		      struct rw_error *err)
{
	char *words[16], *save = NULL, *direction;
	struct side to = {0}, from = {0};
	unsigned int count = 0;
	bool fits;

	for (char *word = strtok_r(tuple, " ", &save); word && count < RW_ARRAY_COUNT(words);
	     word = strtok_r(NULL, " ", &save))
		if (strncmp(word, "comment=", 8) != 0)
			words[count++] = word;
	if (count < 7)
		return refuse(reading, number, err, "the tuple has fewer than seven words");
	direction = words[count - 1];
	if (strncmp(words[0], "route:", 6) == 0)
		return leave_out(reading, number, text, "it is about routed packets", err);
	to.protocol = from.protocol = RW_PROTOCOL_ALL;
	fits = (strcmp(words[1], "any") == 0 || rw_protocol_parse(words[1], &to.protocol, NULL) == 0) &&
	       (strcmp(words[2], "any") == 0 || parse_ports(words[2], &to)) &&
	       rw_prefix_parse(words[3], &to.prefix, NULL) == 0 &&
	       (strcmp(words[4], "any") == 0 || parse_ports(words[4], &from)) &&
	       rw_prefix_parse(words[5], &from.prefix, NULL) == 0 &&
	       to.prefix.address.family == from.prefix.address.family;
	if (!fits)
		return refuse(reading, number, err, "a word of the tuple is not what ufw writes");
	if (strncmp(direction, "in", 2) != 0 && strncmp(direction, "out", 3) != 0)
		return refuse(reading, number, err, "the tuple ends in neither 'in' nor 'out'");
	if (strchr(direction, '_')) {
		if (strchr(direction, '+') || strchr(direction, '!'))
			return leave_out(reading, number, text, "it names NICs by a pattern", err);
		(void)snprintf(to.nic, sizeof(to.nic), "%s", strchr(direction, '_') + 1);
	}
	return add_line(reading, number, text, words[0],
			direction[0] == 'i' ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS, &to, &from, err);
}

/* ---- files ---- */

/* What a file turned out to be, and where in it we are. */
enum part { PART_HEAD, PART_TABLE, PART_TUPLES };

static int read_line(struct reading *reading, enum part *part, unsigned int number, char *line,
		     struct rw_error *err)
{
	char text[LINE_MAX];

	(void)snprintf(text, sizeof(text), "%s", line);
	if (strncmp(line, "### tuple ### ", 14) == 0) {
		*part = PART_TUPLES;
		return read_tuple(reading, number, text, line + 14, err);
	}
	if (strncmp(line, "### RULES ###", 13) == 0)
		*part = PART_TUPLES;
	if (*part == PART_TUPLES || !line[strspn(line, " ")])
		return 0;
	if (strncmp(line, "Default: ", 9) == 0)
		read_defaults(reading, line);
	else if (strncmp(line, "Status: inactive", 16) == 0)
		read_defaults(reading, "allow (incoming), allow (outgoing)");
	else if (strncmp(line, "--", 2) == 0)
		*part = PART_TABLE;
	else if (*part == PART_TABLE)
		return read_table_line(reading, number, text, line, err);
	else if (strncmp(line, "Status:", 7) != 0 && strncmp(line, "Logging:", 8) != 0 &&
		 strncmp(line, "New profiles:", 13) != 0 && strncmp(line, "To ", 3) != 0 && line[0] != '*' &&
		 line[0] != ':' && line[0] != '#' && line[0] != '-')
		return refuse(reading, number, err, "is nothing that ufw prints");
	return 0;
}

static int read_file(struct reading *reading, const struct rw_convert_input *input, struct rw_error *err)
{
	enum part part = PART_HEAD;
	unsigned int number = 0;
	size_t start = 0;
	int r = 0;

	if (input->size == 0)
		return refuse(reading, 1, err, "the file is empty");
	reading->uncertain = 0;
	while (r == 0 && start < input->size) {
		const char *newline = memchr(input->text + start, '\n', input->size - start);
		size_t end = newline ? (size_t)(newline - input->text) : input->size;
		char line[LINE_MAX];

		number++;
		if (end - start >= sizeof(line) || memchr(input->text + start, '\0', end - start))
			return refuse(reading, number, err, "is too long, or no text");
		memcpy(line, input->text + start, end - start);
		line[end - start] = '\0';
		line[strcspn(line, "\r")] = '\0';
		r = read_line(reading, &part, number, line, err);
		start = end + 1;
	}
	return r;
}

/* The default of one direction for both families, unless it is what no rule at all would say. */
static int push_default(struct reading *reading, enum rw_direction direction, enum rw_verdict verdict,
			struct rw_error *err)
{
	struct rw_decision_line line = {
		.direction = direction,
		.verdict = verdict,
		.protocol = RW_PROTOCOL_ALL,
		.ports = RW_PORTS_ANY,
		.source_ports = RW_PORTS_ANY,
	};
	int r = 0;

	if ((direction == RW_DIRECTION_INGRESS) == (verdict == RW_VERDICT_DROP))
		return 0;
	for (uint8_t family = 4; r == 0 && family <= 6; family += 2) {
		line.remote.address.family = line.local.address.family = family;
		r = push_line(reading, &line, err);
	}
	return r;
}

static int finish(struct reading *reading, struct rw_ordered_node *node, struct rw_error *err)
{
	int r = push_default(reading, RW_DIRECTION_INGRESS, reading->incoming, err);

	if (r == 0)
		r = push_default(reading, RW_DIRECTION_EGRESS, reading->outgoing, err);
	(void)rw_ordered_level(reading->in.data, reading->in.count, 0);
	(void)rw_ordered_level(reading->out.data, reading->out.count, 0);
	for (size_t i = 0; r == 0 && i < reading->in.count; i++)
		r = rw_ordered_add(node, rw_vec_at(&reading->in, i), err);
	for (size_t i = 0; r == 0 && i < reading->out.count; i++)
		r = rw_ordered_add(node, rw_vec_at(&reading->out, i), err);
	if (r == 0 && !reading->defaults_told)
		r = rw_builder_remark(reading->builder, 0, "defaults", err,
				      "taken for deny (incoming), allow (outgoing); 'ufw status verbose' "
				      "tells them");
	if (r == 0)
		r = rw_builder_remark(
			reading->builder, 0, "before.rules", err,
			"ufw's own rules, which accept ping and multicast discovery, are not in "
			"this file");
	return r < 0 ? r : rw_ordered_finish(node, err);
}

int rw_convert_ufw(struct rw_builder *builder, const struct rw_convert_input *inputs, size_t count,
		   struct rw_error *err)
{
	RW_CLEANUP(rw_ordered_done) struct rw_ordered_node node = {0};
	struct reading reading = {
		.builder = builder, .incoming = RW_VERDICT_DROP, .outgoing = RW_VERDICT_ACCEPT};
	int r = rw_ordered_init(&node, builder, "ufw", err);

	rw_vec_init(&reading.in, sizeof(struct rw_decision_line), LINES_MAX);
	rw_vec_init(&reading.out, sizeof(struct rw_decision_line), LINES_MAX);
	for (size_t i = 0; r == 0 && i < count; i++) {
		builder->file = inputs[i].name;
		r = read_file(&reading, &inputs[i], err);
	}
	if (r == 0)
		r = finish(&reading, &node, err);
	rw_vec_done(&reading.in);
	rw_vec_done(&reading.out);
	return r;
}
