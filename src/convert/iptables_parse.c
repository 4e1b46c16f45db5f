/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/iptables_parse.h"

#include <stdio.h>
#include <string.h>

#define CHAINS_MAX 4096
#define RULES_MAX  100000 /* of one chain */
#define WORDS_MAX  256    /* of one line */

/* One line as words. */
struct words {
	char *at[WORDS_MAX];
	unsigned int count;
	unsigned int next;
};

static int refuse(const struct rw_iptables_file *file, unsigned int line, struct rw_error *err,
		  const char *what, const char *word)
{
	(void)rw_error_set(err, -EINVAL, "%s: line %u: %s%s%.100s%s", file->name, line, what,
			   word ? " '" : "", word ? word : "", word ? "'" : "");
	return rw_error_hint(err, "Give the output of iptables-save or ip6tables-save, whole and unchanged.");
}

/* Cuts a line into words in place; quotes hold words together, a backslash keeps what follows it. */
static bool split(char *line, struct words *words)
{
	char *out;

	words->count = words->next = 0;
	for (;;) {
		bool quoted = false;

		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line)
			return true;
		if (words->count == WORDS_MAX)
			return false;
		words->at[words->count++] = out = line;
		for (; *line && (quoted || (*line != ' ' && *line != '\t')); line++) {
			if (*line == '"')
				quoted = !quoted;
			else if (*line == '\\' && line[1])
				*out++ = *++line;
			else
				*out++ = *line;
		}
		if (*line)
			line++;
		*out = '\0';
	}
}

static const char *next_word(struct words *words)
{
	return words->next < words->count ? words->at[words->next++] : NULL;
}

/* ---- matches ---- */

static void say_unknown(struct rw_iptables_match *match, const char *why)
{
	if (!match->unknown)
		match->unknown = why;
}

/* "80", "8000:8100", "80,443,8000:8100"; false when it is none or too long. */
static bool parse_ports(const char *text, struct rw_iptables_ports *ports)
{
	for (;;) {
		unsigned long first, last;
		char *end;

		if (ports->count == RW_IPTABLES_PORTS_MAX)
			return false;
		first = *text == ':' ? 0 : strtoul(text, &end, 10);
		if (*text != ':' && end == text)
			return false;
		if (*text != ':')
			text = end;
		last = first;
		if (*text == ':') {
			last = strtoul(++text, &end, 10);
			if (end == text)
				last = 65535;
			text = end;
		}
		if (first > last || last > 65535)
			return false;
		ports->ranges[ports->count++] = (struct rw_ports){(uint16_t)first, (uint16_t)last};
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

static bool parse_protocol(const char *text, uint16_t *ret_protocol)
{
	if (strcmp(text, "ipv6-icmp") == 0 || strcmp(text, "icmp6") == 0)
		text = "icmpv6";
	if (strcmp(text, "0") == 0)
		text = "all";
	return rw_protocol_parse(text, ret_protocol, NULL) == 0;
}

/* Does the state list hold one that a packet that opens a flow is in? */
static void match_states(struct rw_iptables_match *match, char *list, bool negated)
{
	bool opens = false;
	char *save;

	for (char *state = strtok_r(list, ",", &save); state; state = strtok_r(NULL, ",", &save)) {
		if (strcmp(state, "NEW") == 0 || strcmp(state, "UNTRACKED") == 0)
			opens = true;
		else if (strcmp(state, "DNAT") == 0)
			match->translated = true;
	}
	if (match->translated && negated)
		say_unknown(match, "a negated DNAT state");
	else if (!match->translated && opens == negated)
		match->never = true;
}

static bool holds_flag(const char *list, const char *flag)
{
	size_t size = strlen(flag);

	if (strcmp(list, "ALL") == 0)
		return true;
	for (const char *at = strstr(list, flag); at; at = strstr(at + 1, flag))
		if ((at == list || at[-1] == ',') && (at[size] == ',' || !at[size]))
			return true;
	return false;
}

/* Flags of a TCP packet against those of a pure SYN, the only one that opens a flow. */
static void match_tcp_flags(struct rw_iptables_match *match, const char *mask, const char *set, bool negated)
{
	bool matches = strcmp(set, holds_flag(mask, "SYN") ? "SYN" : "NONE") == 0;

	if (matches == negated)
		match->never = true;
}

static bool parse_prefix(const struct rw_iptables_file *file, const char *text, struct rw_prefix *ret_prefix)
{
	struct rw_address mask;
	char address[RW_PREFIX_TEXT_SIZE];
	const char *slash = strchr(text, '/');

	if (rw_prefix_parse(text, ret_prefix, NULL) == 0)
		return ret_prefix->address.family == file->family;
	/* 10.0.0.0/255.0.0.0 */
	if (!slash || (size_t)(slash - text) >= sizeof(address) ||
	    rw_address_parse(slash + 1, &mask, NULL) < 0)
		return false;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (rw_address_parse(address, &ret_prefix->address, NULL) < 0 || mask.family != 4 ||
	    ret_prefix->address.family != 4 || file->family != 4)
		return false;
	ret_prefix->bits = 0;
	for (unsigned int bit = 0; bit < 32 && (mask.bytes[bit / 8] & (0x80 >> bit % 8)); bit++)
		ret_prefix->bits++;
	return true;
}

/* An option whose value is a name of a NIC. */
static void copy_name(char name[16], bool *negated_slot, const char *word, bool negated)
{
	(void)snprintf(name, 16, "%.15s", word);
	*negated_slot = negated;
}

enum option {
	OPTION_SOURCE,
	OPTION_DESTINATION,
	OPTION_PROTOCOL,
	OPTION_IN,
	OPTION_OUT,
	OPTION_SOURCE_PORTS,
	OPTION_DESTINATION_PORTS,
	OPTION_STATE,
	OPTION_TCP_FLAGS,
	OPTION_SYN,
	OPTION_PUBLISHED_PORT,
	OPTION_DIRECTION,
	OPTION_ADDRESS_TYPE,
	OPTION_MODULE,
	OPTION_IGNORED, /* with one value */
	OPTION_JUMP,
	OPTION_GOTO,
};

static const struct {
	const char *word;
	enum option option;
} options[] = {
	{"-s", OPTION_SOURCE},
	{"-d", OPTION_DESTINATION},
	{"-p", OPTION_PROTOCOL},
	{"-i", OPTION_IN},
	{"-o", OPTION_OUT},
	{"--sport", OPTION_SOURCE_PORTS},
	{"--sports", OPTION_SOURCE_PORTS},
	{"--dport", OPTION_DESTINATION_PORTS},
	{"--dports", OPTION_DESTINATION_PORTS},
	{"--state", OPTION_STATE},
	{"--ctstate", OPTION_STATE},
	{"--tcp-flags", OPTION_TCP_FLAGS},
	{"--syn", OPTION_SYN},
	{"--ctorigdstport", OPTION_PUBLISHED_PORT},
	{"--ctdir", OPTION_DIRECTION},
	{"--dst-type", OPTION_ADDRESS_TYPE},
	{"-m", OPTION_MODULE},
	{"--comment", OPTION_IGNORED},
	{"-j", OPTION_JUMP},
	{"-g", OPTION_GOTO},
};

/* Modules whose options are read above; others decide in ways that no rule here can. */
static const struct {
	const char *module;
	const char *unknown;
} modules[] = {
	{"tcp", NULL},
	{"udp", NULL},
	{"multiport", NULL},
	{"conntrack", NULL},
	{"state", NULL},
	{"comment", NULL},
	{"addrtype", NULL},
	{"icmp", "single ICMP types"},
	{"icmp6", "single ICMP types"},
	{"limit", "a rate limit"},
	{"hashlimit", "a rate limit"},
	{"recent", "a rate limit"},
	{"connlimit", "a limit of connections"},
	{"set", "an ipset, whose members are elsewhere"},
	{"mark", "a packet mark"},
	{"owner", "the process that sends"},
	{"mac", "a link address"},
	{"iprange", "an address range that is no CIDR"},
};

static void match_module(struct rw_iptables_match *match, const char *module)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(modules); i++)
		if (strcmp(modules[i].module, module) == 0) {
			if (modules[i].unknown)
				say_unknown(match, modules[i].unknown);
			return;
		}
	say_unknown(match, "a match that is not known here");
}

static const struct {
	const char *name;
	enum rw_iptables_target target;
} targets[] = {
	{"ACCEPT", RW_IPTABLES_ACCEPT},       {"DROP", RW_IPTABLES_DROP},
	{"REJECT", RW_IPTABLES_DROP},         {"RETURN", RW_IPTABLES_RETURN},
	{"DNAT", RW_IPTABLES_TRANSLATE},      {"LOG", RW_IPTABLES_CONTINUE},
	{"NFLOG", RW_IPTABLES_CONTINUE},      {"MARK", RW_IPTABLES_CONTINUE},
	{"CONNMARK", RW_IPTABLES_CONTINUE},   {"TCPMSS", RW_IPTABLES_CONTINUE},
	{"CHECKSUM", RW_IPTABLES_CONTINUE},   {"SNAT", RW_IPTABLES_CONTINUE},
	{"MASQUERADE", RW_IPTABLES_CONTINUE}, {"NOTRACK", RW_IPTABLES_CONTINUE},
	{"CT", RW_IPTABLES_CONTINUE},         {"REDIRECT", RW_IPTABLES_UNKNOWN},
	{"QUEUE", RW_IPTABLES_UNKNOWN},       {"NFQUEUE", RW_IPTABLES_UNKNOWN},
	{"TPROXY", RW_IPTABLES_UNKNOWN},      {"TARPIT", RW_IPTABLES_UNKNOWN},
	{"SYNPROXY", RW_IPTABLES_UNKNOWN},
};

/* The target, and of those that follow its name the only option that matters. */
static void read_target(struct rw_iptables_rule *rule, const char *name, struct words *words)
{
	const char *word;

	rule->target = RW_IPTABLES_JUMP;
	rule->chain = name;
	for (size_t i = 0; i < RW_ARRAY_COUNT(targets); i++)
		if (strcmp(targets[i].name, name) == 0)
			rule->target = targets[i].target;
	rule->rejected = strcmp(name, "REJECT") == 0;
	while ((word = next_word(words)))
		if (strcmp(word, "--to-destination") == 0)
			rule->to = next_word(words);
}

/* The value of one option put into the rule; false when it is unfit. */
static bool read_value(const struct rw_iptables_file *file, struct rw_iptables_rule *rule, enum option option,
		       char *value, bool negated, struct words *words)
{
	struct rw_iptables_match *match = &rule->match;
	struct rw_iptables_ports single = {0};
	const char *second;

	if (negated &&
	    (option == OPTION_SOURCE || option == OPTION_DESTINATION || option == OPTION_PROTOCOL ||
	     option == OPTION_SOURCE_PORTS || option == OPTION_DESTINATION_PORTS ||
	     option == OPTION_PUBLISHED_PORT || option == OPTION_ADDRESS_TYPE)) {
		say_unknown(match, "a negation");
		return true;
	}
	switch (option) {
	case OPTION_SOURCE:
		return parse_prefix(file, value, &match->source);
	case OPTION_DESTINATION:
		return parse_prefix(file, value, &match->destination);
	case OPTION_PROTOCOL:
		return parse_protocol(value, &match->protocol);
	case OPTION_IN:
		copy_name(match->in, &match->not_in, value, negated);
		return true;
	case OPTION_OUT:
		copy_name(match->out, &match->not_out, value, negated);
		return true;
	case OPTION_SOURCE_PORTS:
		return parse_ports(value, &match->source_ports);
	case OPTION_DESTINATION_PORTS:
		return parse_ports(value, &match->destination_ports);
	case OPTION_STATE:
		match_states(match, value, negated);
		return true;
	case OPTION_TCP_FLAGS:
		second = next_word(words);
		if (second)
			match_tcp_flags(match, value, second, negated);
		return second != NULL;
	case OPTION_PUBLISHED_PORT:
		if (!parse_ports(value, &single) || single.count != 1)
			return false;
		match->published_port = single.ranges[0];
		return true;
	case OPTION_DIRECTION:
		match->never |= (strcmp(value, "ORIGINAL") == 0) == negated;
		return true;
	case OPTION_ADDRESS_TYPE:
		if (strcmp(value, "LOCAL") != 0)
			say_unknown(match, "an address type");
		return true;
	case OPTION_MODULE:
		match_module(match, value);
		return true;
	case OPTION_JUMP:
		read_target(rule, value, words);
		return true;
	case OPTION_GOTO:
		rule->target = RW_IPTABLES_GOTO;
		rule->chain = value;
		return true;
	case OPTION_SYN:
	case OPTION_IGNORED:
		break;
	}
	return true;
}

/* The words of a rule behind "-A CHAIN". */
static int read_rule(const struct rw_iptables_file *file, struct rw_iptables_rule *rule, struct words *words,
		     struct rw_error *err)
{
	bool negated = false;
	const char *word;

	while ((word = next_word(words))) {
		size_t i = 0;
		char *value;

		if (strcmp(word, "!") == 0) {
			negated = true;
			continue;
		}
		while (i < RW_ARRAY_COUNT(options) && strcmp(options[i].word, word) != 0)
			i++;
		if (i == RW_ARRAY_COUNT(options)) {
			/* Options of a module that is not known: the module has said so already. */
			if (!rule->match.unknown)
				rule->match.unknown = "an option that is not known here";
			negated = false;
			continue;
		}
		if (options[i].option == OPTION_SYN) {
			rule->match.never |= negated;
			negated = false;
			continue;
		}
		value = words->next < words->count ? words->at[words->next++] : NULL;
		if (!value)
			return refuse(file, rule->line, err, "nothing follows", word);
		if (!read_value(file, rule, options[i].option, value, negated, words))
			return refuse(file, rule->line, err, "unfit value", value);
		negated = false;
	}
	return 0;
}

/* ---- lines ---- */

struct rw_iptables_chain *rw_iptables_find(const struct rw_iptables_file *file, enum rw_iptables_table table,
					   const char *name)
{
	for (size_t i = 0; i < file->chains[table].count; i++) {
		struct rw_iptables_chain *chain = rw_vec_at(&file->chains[table], i);

		if (strcmp(chain->name, name) == 0)
			return chain;
	}
	return NULL;
}

/* ":INPUT DROP [0:0]" */
static int read_chain(struct rw_iptables_file *file, enum rw_iptables_table table, unsigned int line,
		      struct words *words, struct rw_error *err)
{
	struct rw_iptables_chain *chain;
	int r;

	if (words->count < 2 || !words->at[0][1])
		return refuse(file, line, err, "a chain without name or policy", NULL);
	if (rw_iptables_find(file, table, words->at[0] + 1))
		return refuse(file, line, err, "a second chain", words->at[0] + 1);
	r = rw_vec_push(&file->chains[table], &chain);
	if (r < 0)
		return r == -ENOMEM ? rw_error_oom(err)
				    : rw_error_set(err, r, "%s: more than %d chains", file->name, CHAINS_MAX);
	chain->name = words->at[0] + 1;
	chain->policy = strcmp(words->at[1], "DROP") == 0 ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT;
	rw_vec_init(&chain->rules, sizeof(struct rw_iptables_rule), RULES_MAX);
	return 0;
}

/* "-A INPUT ...", perhaps behind "[packets:bytes]". */
static int append_rule(struct rw_iptables_file *file, enum rw_iptables_table table, unsigned int line,
		       const char *text, struct words *words, struct rw_error *err)
{
	struct rw_iptables_chain *chain;
	struct rw_iptables_rule *rule;
	int r;

	if (words->at[0][0] == '[')
		words->next++;
	if (words->next + 2 > words->count || strcmp(words->at[words->next], "-A") != 0)
		return refuse(file, line, err, "neither chain, rule nor comment:", words->at[0]);
	words->next++;
	chain = rw_iptables_find(file, table, words->at[words->next]);
	if (!chain)
		return refuse(file, line, err,
			      "a rule of a chain that is not declared:", words->at[words->next]);
	words->next++;
	r = rw_vec_push(&chain->rules, &rule);
	if (r < 0)
		return r == -ENOMEM ? rw_error_oom(err)
				    : rw_error_set(err, r, "%s: more than %d rules in chain %s", file->name,
						   RULES_MAX, chain->name);
	rule->line = line;
	rule->text = text;
	rule->match.protocol = RW_PROTOCOL_ALL;
	rule->match.published_port = RW_PORTS_ANY;
	rule->match.source.address.family = rule->match.destination.address.family = file->family;
	return read_rule(file, rule, words, err);
}

static int read_line(struct rw_iptables_file *file, int *table, unsigned int line, const char *text,
		     char *line_words, struct rw_error *err)
{
	struct words words;

	if (!line_words[0])
		return 0;
	if (line_words[0] == '#') {
		if (strstr(line_words, "ip6tables-save"))
			file->family = 6;
		return 0;
	}
	if (!split(line_words, &words))
		return refuse(file, line, err, "too many words", NULL);
	if (words.count == 0)
		return 0;
	if (words.at[0][0] == '*') {
		*table = strcmp(words.at[0], "*filter") == 0 ? RW_IPTABLES_FILTER
			 : strcmp(words.at[0], "*nat") == 0  ? RW_IPTABLES_NAT
							     : RW_IPTABLES_OTHER;
		/* The chains of raw, mangle and security share names, of which none is walked. */
		return 0;
	}
	if (strcmp(words.at[0], "COMMIT") == 0) {
		*table = -1;
		return 0;
	}
	if (*table < 0)
		return refuse(file, line, err, "stands outside of any table:", words.at[0]);
	if (words.at[0][0] == ':')
		return *table == RW_IPTABLES_OTHER &&
				       rw_iptables_find(file, RW_IPTABLES_OTHER, words.at[0] + 1)
			       ? 0
			       : read_chain(file, (enum rw_iptables_table) * table, line, &words, err);
	return append_rule(file, (enum rw_iptables_table) * table, line, text, &words, err);
}

/* ip6tables-save does not always say so in its first line (tools strip comments). */
static uint8_t guess_family(const char *text)
{
	return strstr(text, "ip6tables-save") || strstr(text, "-p ipv6-icmp") || strstr(text, "-s ::") ||
			       strstr(text, "-s fe80:") || strstr(text, "-d fe80:")
		       ? 6
		       : 4;
}

static int read_lines(struct rw_iptables_file *file, size_t size, struct rw_error *err)
{
	unsigned int line = 0;
	int table = -1;
	int r = 0;

	for (size_t start = 0; r == 0 && start < size;) {
		size_t end = start;

		while (end < size && file->text[end] != '\n')
			end++;
		if (end > start && file->text[end - 1] == '\r')
			file->text[end - 1] = file->words[end - 1] = '\0';
		file->text[end] = file->words[end] = '\0';
		line++;
		if (strlen(file->text + start) != end - start &&
		    strlen(file->text + start) + 1 != end - start)
			return refuse(file, line, err, "holds a NUL byte", NULL);
		r = read_line(file, &table, line, file->text + start, file->words + start, err);
		start = end + 1;
	}
	return r;
}

int rw_iptables_parse(const struct rw_convert_input *input, struct rw_iptables_file *ret_file,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_iptables_file_done) struct rw_iptables_file file = {.name = input->name};
	int r;

	for (int table = 0; table < RW_IPTABLES_TABLE_COUNT_; table++)
		rw_vec_init(&file.chains[table], sizeof(struct rw_iptables_chain), CHAINS_MAX);
	file.text = malloc(input->size + 1);
	file.words = malloc(input->size + 1);
	if (!file.text || !file.words)
		return rw_error_oom(err);
	memcpy(file.text, input->text, input->size);
	file.text[input->size] = '\0';
	memcpy(file.words, file.text, input->size + 1);
	file.family = guess_family(file.text);
	r = read_lines(&file, input->size, err);
	if (r == 0 && !rw_iptables_find(&file, RW_IPTABLES_FILTER, "INPUT"))
		r = refuse(&file, 1, err, "has no table 'filter' with a chain INPUT", NULL);
	if (r < 0)
		return r;
	*ret_file = file;
	file = (struct rw_iptables_file){0};
	return 0;
}

void rw_iptables_file_done(struct rw_iptables_file *file)
{
	for (int table = 0; table < RW_IPTABLES_TABLE_COUNT_; table++) {
		for (size_t i = 0; i < file->chains[table].count; i++)
			rw_vec_done(&((struct rw_iptables_chain *)rw_vec_at(&file->chains[table], i))->rules);
		rw_vec_done(&file->chains[table]);
	}
	free(file->text);
	free(file->words);
	*file = (struct rw_iptables_file){0};
}
