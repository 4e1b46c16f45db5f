/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rule_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The words of a rule, cut out of a copy of its text. */
#define WORDS_MAX 32

struct words {
	char text[RW_RULE_TEXT_MAX + 1];
	char *words[WORDS_MAX];
	unsigned int count;
	unsigned int next;
	const char *description; /* behind '#', trimmed, or "" */
};

#define PORTS_HINT "Write 443, 80,443, 8000-8100 or 1-65535."

/* What a rule text says, before it is spread over families and ports. */
struct meaning {
	struct rw_rule rule; /* object and ports of the first rule */
	bool any;            /* object any: both families */
	struct rw_ports ports[RW_PORTS_LIST_MAX];
	unsigned int port_count;
};

static int refuse_word(const struct words *words, unsigned int index, struct rw_error *err,
		       const char *format, ...) RW_PRINTF(4, 5);

static int refuse_word(const struct words *words, unsigned int index, struct rw_error *err,
		       const char *format, ...)
{
	char quoted[64];
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (index >= words->count)
		return rw_error_set(err, -EINVAL, "the rule ends too early: %s", text);
	rw_json_quote(words->words[index], quoted, sizeof(quoted));
	return rw_error_set(err, -EINVAL, "word %u, \"%s\": %s", index + 1, quoted, text);
}

/* Says which word a parser of net/ did not like. */
static int blame_word(const struct words *words, unsigned int index, struct rw_error *err)
{
	char quoted[64];

	rw_json_quote(words->words[index], quoted, sizeof(quoted));
	(void)rw_error_wrap(err, "word %u, \"%s\"", index + 1, quoted);
	return -EINVAL;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		text[--length] = '\0';
	return text;
}

static int split(const char *text, struct words *words, struct rw_error *err)
{
	size_t size = strnlen(text, RW_RULE_TEXT_MAX + 1);
	char *comment;
	char *state = NULL;

	if (size > RW_RULE_TEXT_MAX)
		return rw_error_set(err, -EINVAL, "the rule is longer than %d bytes", RW_RULE_TEXT_MAX);
	memcpy(words->text, text, size);
	words->text[size] = '\0';
	words->description = "";
	words->count = 0;
	words->next = 0;
	comment = strchr(words->text, '#');
	if (comment) {
		*comment = '\0';
		words->description = trim(comment + 1);
	}
	/* A tab parts words like a space does. */
	for (char *at = words->text; *at; at++)
		if (*at == '\t')
			*at = ' ';
	if (rw_text_has_controls(words->text, false) || rw_text_has_controls(words->description, false))
		return rw_error_set(err, -EINVAL, "the rule holds control or bidirectional characters");
	if (rw_utf8_length(words->description) > RW_WIRE_TEXT_MAX)
		return rw_error_set(err, -EINVAL, "the description is longer than %d characters",
				    RW_WIRE_TEXT_MAX);
	for (char *word = strtok_r(words->text, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
		if (words->count == WORDS_MAX)
			return rw_error_set(err, -EINVAL, "the rule has more than %d words", WORDS_MAX);
		words->words[words->count++] = word;
	}
	return 0;
}

/* The current word, or "" behind the last. */
static const char *word(const struct words *words)
{
	return words->next < words->count ? words->words[words->next] : "";
}

static bool is_word(const struct words *words, const char *wanted)
{
	return strcasecmp(word(words), wanted) == 0;
}

static int parse_policy(struct words *words, struct meaning *meaning, struct rw_error *err)
{
	if (is_word(words, "allow") || is_word(words, "accept"))
		meaning->rule.policy = RW_VERDICT_ACCEPT;
	else if (is_word(words, "drop"))
		meaning->rule.policy = RW_VERDICT_DROP;
	else
		return refuse_word(words, words->next, err, "a rule begins with allow or drop");
	words->next++;
	if (words->next == words->count)
		return refuse_word(words, words->next, err, "a protocol is missing");
	if (rw_protocol_parse(word(words), &meaning->rule.protocol, err) < 0)
		return blame_word(words, words->next, err);
	words->next++;
	return 0;
}

static bool at_side(const struct words *words)
{
	return is_word(words, "from") || is_word(words, "to");
}

/* The ports, if any, and which way the rule looks. */
static int parse_ports_and_side(struct words *words, struct meaning *meaning, struct rw_error *err)
{
	bool has_ports = rw_protocol_has_ports(meaning->rule.protocol);

	meaning->ports[0] = RW_PORTS_ANY;
	meaning->port_count = 1;
	if (has_ports && (words->next == words->count || at_side(words))) {
		(void)refuse_word(words, words->next, err, "tcp and udp need ports");
		return rw_error_hint(err, PORTS_HINT);
	}
	if (words->next < words->count && !at_side(words)) {
		if (rw_ports_parse_list(word(words), meaning->ports, &meaning->port_count, err) < 0) {
			(void)blame_word(words, words->next, err);
			(void)rw_error_hint(err, PORTS_HINT); /* not the form of the API's field */
			return -EINVAL;
		}
		if (!has_ports && (meaning->port_count != 1 || !rw_ports_is_any(meaning->ports[0])))
			return refuse_word(words, words->next, err, "only tcp and udp have ports");
		/* Any port of a protocol with ports is a range like others. */
		for (unsigned int i = 0; has_ports && i < meaning->port_count; i++)
			if (rw_ports_is_any(meaning->ports[i]))
				meaning->ports[i].first = 1;
		words->next++;
	}
	if (!at_side(words))
		return refuse_word(words, words->next, err, "\"from\" or \"to\" is missing");
	meaning->rule.direction = is_word(words, "from") ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS;
	words->next++;
	return 0;
}

static int resolve(const struct words *words, enum rw_kind kind, const char *reference,
		   const struct rw_resolver *resolver, struct rw_object *object, struct rw_error *err)
{
	object->kind = kind == RW_KIND_GROUP ? RW_OBJECT_GROUP : RW_OBJECT_PREFIX_LIST;
	if (!*reference)
		return refuse_word(words, words->next, err, "a name or id is missing");
	if (resolver) {
		if (resolver->resolve(resolver, kind, reference, object->id) < 0) {
			(void)refuse_word(words, words->next, err, "there is no such %s", rw_kind_name(kind));
			(void)rw_error_hint(err, "Write the name or id of one that is there%s.",
					    kind == RW_KIND_GROUP ? "; a cluster's name stands for its group"
								  : "");
			return -EINVAL;
		}
		return 0;
	}
	if (strlen(reference) >= RW_ID_SIZE)
		return refuse_word(words, words->next, err, "is longer than %d bytes; use the id",
				   RW_ID_SIZE - 1);
	strcpy(object->id, reference);
	return 0;
}

static int parse_reference(const struct words *words, const struct rw_resolver *resolver,
			   struct rw_object *object, struct rw_error *err)
{
	const char *text = word(words);
	char id[RW_ID_SIZE];

	if (strncasecmp(text, "group:", 6) == 0)
		return resolve(words, RW_KIND_GROUP, text + 6, resolver, object, err);
	if (strncasecmp(text, "prefix-list:", 12) == 0)
		return resolve(words, RW_KIND_PREFIX_LIST, text + 12, resolver, object, err);
	if (strncmp(text, "pl-", 3) == 0)
		return resolve(words, RW_KIND_PREFIX_LIST, text, resolver, object, err);
	if (resolver && resolver->resolve(resolver, RW_KIND_GROUP, text, id) < 0 &&
	    resolver->resolve(resolver, RW_KIND_PREFIX_LIST, text, id) == 0)
		return resolve(words, RW_KIND_PREFIX_LIST, text, resolver, object, err);
	if (resolver && resolver->resolve(resolver, RW_KIND_GROUP, text, id) < 0)
		return refuse_word(words, words->next, err,
				   "is no \"any\", no CIDR, and no group or prefix list has that name");
	return resolve(words, RW_KIND_GROUP, text, resolver, object, err);
}

/* A word that begins like an address is meant as one, so that its error is about addresses. */
static bool looks_like_prefix(const char *text)
{
	return strchr(text, '/') ||
	       (strchr(text, ':') && strncasecmp(text, "group:", 6) != 0 &&
		strncasecmp(text, "prefix-list:", 12) != 0) ||
	       (text[0] && strspn(text, "0123456789.") == strlen(text));
}

static int parse_object(struct words *words, struct meaning *meaning, const struct rw_resolver *resolver,
			struct rw_error *err)
{
	struct rw_object *object = &meaning->rule.object;
	int r = 0;

	if (words->next == words->count)
		return refuse_word(words, words->next, err,
				   "the other side is missing: any, a CIDR or a group");
	if (is_word(words, "any")) {
		meaning->any = true;
	} else if (looks_like_prefix(word(words))) {
		object->kind = RW_OBJECT_CIDR;
		if (rw_prefix_parse(word(words), &object->cidr, err) < 0)
			return blame_word(words, words->next, err);
	} else {
		r = parse_reference(words, resolver, object, err);
	}
	words->next++;
	return r;
}

static int parse_priority(const struct words *words, struct rw_rule *rule, struct rw_error *err)
{
	uint64_t priority;

	if (!rw_revision_parse(word(words), &priority) || priority < 1 || priority > 100)
		return refuse_word(words, words->next, err, "a priority is a number from 1 to 100");
	rule->priority = (uint8_t)priority;
	return 0;
}

static int parse_source_ports(const struct words *words, struct rw_rule *rule, struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	unsigned int count;

	if (!rw_protocol_has_ports(rule->protocol))
		return refuse_word(words, words->next, err, "only tcp and udp have ports");
	if (rw_ports_parse_list(word(words), ranges, &count, err) < 0)
		return blame_word(words, words->next, err);
	if (count != 1)
		return refuse_word(words, words->next, err, "source ports are one range");
	rule->source_ports = ranges[0];
	return 0;
}

enum { OPTION_PRIORITY, OPTION_NIC, OPTION_LOCAL, OPTION_SOURCE_PORTS };

static const struct rw_word option_words[] = {
	{"priority", OPTION_PRIORITY},         {"nic", OPTION_NIC}, {"local", OPTION_LOCAL},
	{"source-ports", OPTION_SOURCE_PORTS}, {NULL, 0},
};

static int parse_option(const struct words *words, int option, struct rw_rule *rule, struct rw_error *err)
{
	switch (option) {
	case OPTION_PRIORITY:
		return parse_priority(words, rule, err);
	case OPTION_NIC:
		if (!is_word(words, "intranet") && !is_word(words, "internet"))
			return refuse_word(words, words->next, err, "a NIC type is intranet or internet");
		rule->nic_type = is_word(words, "internet") ? RW_NIC_INTERNET : RW_NIC_INTRANET;
		return 0;
	case OPTION_LOCAL:
		if (words->next < words->count && rw_prefix_parse(word(words), &rule->local_cidr, err) < 0)
			return blame_word(words, words->next, err);
		return words->next < words->count ? 0
						  : refuse_word(words, words->next, err, "a CIDR is missing");
	default:
		assert(option == OPTION_SOURCE_PORTS);
		if (words->next == words->count)
			return refuse_word(words, words->next, err, "a port range is missing");
		return parse_source_ports(words, rule, err);
	}
}

static int parse_options(struct words *words, struct rw_rule *rule, struct rw_error *err)
{
	unsigned int seen = 0;

	while (words->next < words->count) {
		char lower[16];
		size_t length = strnlen(word(words), sizeof(lower) - 1);
		int option;
		int r;

		for (size_t i = 0; i < length; i++)
			lower[i] = (char)(word(words)[i] |
					  ((word(words)[i] >= 'A' && word(words)[i] <= 'Z') ? 0x20 : 0));
		lower[length] = '\0';
		option = rw_word_find(option_words, lower);
		if (option < 0) {
			(void)refuse_word(words, words->next, err, "no such option");
			return rw_error_hint(err, "The options are priority, nic, local and source-ports; "
						  "a description follows \"#\".");
		}
		if (seen & (1u << option))
			return refuse_word(words, words->next, err, "comes twice");
		seen |= 1u << option;
		words->next++;
		r = parse_option(words, option, rule, err);
		if (r < 0)
			return -EINVAL;
		words->next++;
	}
	return 0;
}

/* Appends one rule of the meaning: the given ports, and for "any" the given family. */
static int add_rule(const struct meaning *meaning, struct rw_ports ports, uint8_t any_family,
		    const char *description, struct rw_vec *rules, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();
	unsigned int references;
	struct rw_rule **slot;
	int r;

	if (!rule)
		return rw_error_oom(err);
	references = rule->references;
	*rule = meaning->rule;
	rule->references = references;
	rule->ports = ports;
	if (meaning->any) {
		rule->object.kind = RW_OBJECT_CIDR;
		rule->object.cidr = (struct rw_prefix){.address.family = any_family};
		if (any_family == 6 && rule->protocol == RW_PROTOCOL_ICMP)
			rule->protocol = RW_PROTOCOL_ICMPV6;
	}
	rule->description = strdup(description);
	rule->author = strdup("");
	if (!rule->description || !rule->author)
		return rw_error_oom(err);
	r = rw_vec_push(rules, &slot);
	if (r == -E2BIG)
		return rw_error_set(err, r, "there are more than %zu rules", rules->max_count);
	if (r < 0)
		return rw_error_oom(err);
	*slot = RW_TAKE_PTR(rule);
	return 0;
}

/* True when "any" in this family can match: icmpv6 has no IPv4 form, and a local CIDR fixes the family. */
static bool any_has_family(const struct meaning *meaning, uint8_t family)
{
	const struct rw_rule *rule = &meaning->rule;

	if (rule->local_cidr.address.family && rule->local_cidr.address.family != family)
		return false;
	return family == 6 || rule->protocol != RW_PROTOCOL_ICMPV6;
}

static int add_rules(const struct meaning *meaning, const char *description, struct rw_vec *rules,
		     struct rw_error *err)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < meaning->port_count; i++) {
		if (!meaning->any) {
			r = add_rule(meaning, meaning->ports[i], 0, description, rules, err);
			continue;
		}
		if (any_has_family(meaning, 4))
			r = add_rule(meaning, meaning->ports[i], 4, description, rules, err);
		if (r == 0 && any_has_family(meaning, 6))
			r = add_rule(meaning, meaning->ports[i], 6, description, rules, err);
	}
	return r;
}

static void drop_behind(struct rw_vec *rules, size_t count)
{
	while (rules->count > count) {
		struct rw_rule **slot = rw_vec_at(rules, rules->count - 1);

		(void)rw_rule_unref(*slot);
		rw_vec_remove(rules, rules->count - 1);
	}
}

int rw_rule_text_parse(const char *text, const struct rw_resolver *resolver, struct rw_vec *rules,
		       struct rw_error *err)
{
	struct meaning meaning = {
		.rule = {.nic_type = RW_NIC_INTRANET, .priority = 1, .source_ports = {0, 65535}},
	};
	size_t before = rules->count;
	struct words words;
	int r;

	assert(rules->element_size == sizeof(struct rw_rule *));
	r = split(text, &words, err);
	if (r == 0)
		r = parse_policy(&words, &meaning, err);
	if (r == 0)
		r = parse_ports_and_side(&words, &meaning, err);
	if (r == 0)
		r = parse_object(&words, &meaning, resolver, err);
	if (r == 0)
		r = parse_options(&words, &meaning.rule, err);
	if (r < 0) {
		if (err && !err->hint[0])
			(void)rw_error_hint(err,
					    "A rule reads: allow tcp 443 from 10.0.0.0/8 priority 10 # why.");
		return -EINVAL;
	}
	r = add_rules(&meaning, words.description, rules, err);
	if (r < 0)
		drop_behind(rules, before);
	return r;
}

static void append_ports(struct rw_buf *buf, struct rw_ports ports)
{
	if (ports.first == ports.last)
		(void)rw_buf_append_format(buf, " %u", ports.first);
	else
		(void)rw_buf_append_format(buf, " %u-%u", ports.first, ports.last);
}

static void append_object(struct rw_buf *buf, const struct rw_object *object, const char *name)
{
	char text[RW_PREFIX_TEXT_SIZE];

	switch (object->kind) {
	case RW_OBJECT_CIDR:
		rw_prefix_format(&object->cidr, text);
		(void)rw_buf_append_text(buf, text);
		break;
	case RW_OBJECT_GROUP:
		(void)rw_buf_append_format(buf, "group:%s", name ? name : object->id);
		break;
	case RW_OBJECT_PREFIX_LIST:
		(void)rw_buf_append_format(buf, "prefix-list:%s", name ? name : object->id);
		break;
	}
}

void rw_rule_text_format(const struct rw_rule *rule, const char *object_name, struct rw_buf *buf)
{
	char text[RW_PREFIX_TEXT_SIZE];

	rw_protocol_format(rule->protocol, text);
	(void)rw_buf_append_format(buf, "%s %s", rule->policy == RW_VERDICT_ACCEPT ? "allow" : "drop", text);
	if (!rw_ports_is_any(rule->ports))
		append_ports(buf, rule->ports);
	(void)rw_buf_append_text(buf, rule->direction == RW_DIRECTION_INGRESS ? " from " : " to ");
	append_object(buf, &rule->object, object_name);
	if (rule->priority != 1)
		(void)rw_buf_append_format(buf, " priority %u", rule->priority);
	if (rule->nic_type == RW_NIC_INTERNET)
		(void)rw_buf_append_text(buf, " nic internet");
	if (rule->local_cidr.address.family) {
		rw_prefix_format(&rule->local_cidr, text);
		(void)rw_buf_append_format(buf, " local %s", text);
	}
	if (!rw_ports_is_any(rule->source_ports)) {
		(void)rw_buf_append_text(buf, " source-ports");
		append_ports(buf, rule->source_ports);
	}
	if (rule->description && rule->description[0])
		(void)rw_buf_append_format(buf, " # %s", rule->description);
}

void rw_rules_done(struct rw_vec *rules)
{
	drop_behind(rules, 0);
	rw_vec_done(rules);
}
