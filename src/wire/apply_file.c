/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/apply_file.h"

#include <ctype.h>
#include <string.h>

#include "wire/model_file.h"

static void target_done(struct rw_apply_target *target)
{
	free(target->reference);
	rw_rules_done(&target->rules);
}

void rw_apply_file_done(struct rw_apply_file *file)
{
	for (size_t i = 0; i < file->targets.count; i++)
		target_done(rw_vec_at(&file->targets, i));
	rw_vec_done(&file->targets);
}

/* Adds a target without rules; each cluster and group once. */
static int add_target(struct rw_apply_file *file, bool is_cluster, const char *reference,
		      struct rw_apply_target **ret_target, struct rw_error *err)
{
	struct rw_apply_target *target;
	char quoted[64];
	int r;

	if (!*reference || rw_text_has_controls(reference, false))
		return rw_error_set(err, -EINVAL, "the name of a %s is empty or holds control characters",
				    is_cluster ? "cluster" : "group");
	for (size_t i = 0; i < file->targets.count; i++) {
		target = rw_vec_at(&file->targets, i);
		if (target->is_cluster == is_cluster && strcmp(target->reference, reference) == 0) {
			rw_json_quote(reference, quoted, sizeof(quoted));
			return rw_error_set(err, -EINVAL, "%s \"%s\" comes twice",
					    is_cluster ? "cluster" : "group", quoted);
		}
	}
	r = rw_vec_push(&file->targets, &target);
	if (r == -E2BIG)
		return rw_error_set(err, r, "the file has more than %d clusters and groups",
				    RW_APPLY_TARGETS_MAX);
	if (r < 0)
		return rw_error_oom(err);
	target->is_cluster = is_cluster;
	rw_vec_init(&target->rules, sizeof(struct rw_rule *), RW_WIRE_RULES_MAX);
	target->reference = strdup(reference);
	if (!target->reference)
		return rw_error_oom(err);
	*ret_target = target;
	return 0;
}

static int add_rule(struct rw_apply_target *target, struct rw_rule *rule, struct rw_error *err)
{
	struct rw_rule **slot;
	int r = rw_vec_push(&target->rules, &slot);

	if (r < 0) {
		(void)rw_rule_unref(rule);
		return rw_error_set(err, r, "there are more than %zu rules, or memory ran out",
				    target->rules.max_count);
	}
	*slot = rule;
	return 0;
}

/* ---- JSON ---- */

static int read_rules(const struct rw_json *rules, const struct rw_resolver *resolver,
		      struct rw_apply_target *target, struct rw_error *err)
{
	int r = rw_json_expect_array(rules, RW_WIRE_RULES_MAX, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(rules); i++) {
		struct rw_json element = rw_json_at(rules, i);
		struct rw_rule *rule = NULL;
		const char *text;

		if (rw_json_type(&element) == RW_JSON_TEXT) {
			r = rw_json_text(&element, RW_RULE_TEXT_MAX, &text, err);
			if (r == 0) {
				r = rw_rule_text_parse(text, resolver, &target->rules, err);
				if (r < 0)
					(void)rw_json_locate(&element, err);
			}
		} else {
			r = rw_rule_decode(&element, resolver, &rule, err);
			if (r == 0)
				r = add_rule(target, rule, err);
		}
	}
	return r;
}

static int read_target(const struct rw_json *value, const struct rw_resolver *resolver,
		       struct rw_apply_file *file, struct rw_error *err)
{
	struct rw_apply_target *target;
	struct rw_json reference;
	struct rw_json member;
	struct rw_json rules;
	void *cursor = NULL;
	const char *text;
	bool is_cluster;
	int r;

	r = rw_json_expect_object(value, err);
	if (r < 0)
		return r;
	is_cluster = rw_json_find(value, "cluster", &reference);
	if (is_cluster == rw_json_find(value, "group", is_cluster ? &member : &reference))
		return rw_json_refuse(value, err, "must hold either \"cluster\" or \"group\"");
	while (rw_json_next(value, &cursor, &member)) {
		if (strcmp(member.key, "rules") != 0 && member.node != reference.node) {
			(void)rw_json_refuse(&member, err, "unknown field");
			return rw_error_hint(err, "The fields are: cluster or group, rules.");
		}
	}
	if (!rw_json_find(value, "rules", &rules)) {
		rules = (struct rw_json){.parent = value, .key = "rules"};
		return rw_json_refuse(&rules, err, "is missing");
	}
	r = rw_json_text(&reference, RW_WIRE_NAME_MAX, &text, err);
	if (r == 0)
		r = add_target(file, is_cluster, text, &target, err);
	if (r == 0)
		r = read_rules(&rules, resolver, target, err);
	return r;
}

/* A model file: the rules of each of its groups. */
static int read_model(const char *text, size_t size, const struct rw_limits *limits,
		      struct rw_apply_file *file, struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	int r;

	r = rw_model_file_decode_within(text, size, limits, &model, err);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);
		bool is_cluster = group->managed_by[0] != '\0';
		struct rw_apply_target *target;

		r = add_target(file, is_cluster, is_cluster ? group->managed_by : group->id, &target, err);
		for (size_t j = 0; r == 0 && j < group->rule_count; j++)
			r = add_rule(target, rw_rule_ref(group->rules[j]), err);
	}
	return r;
}

static int read_json(const char *text, size_t size, const struct rw_resolver *resolver,
		     const struct rw_limits *limits, struct rw_apply_file *file, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json version;
	struct rw_json root;
	int r;

	r = rw_json_parse(text, size, RW_JSON_MODEL_MAX, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	if (rw_json_find(&root, "version", &version)) {
		document = rw_json_document_free(document);
		return read_model(text, size, limits, file, err);
	}
	if (rw_json_type(&root) != RW_JSON_ARRAY)
		return read_target(&root, resolver, file, err);
	r = rw_json_expect_array(&root, RW_APPLY_TARGETS_MAX, err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&root); i++) {
		struct rw_json element = rw_json_at(&root, i);

		r = read_target(&element, resolver, file, err);
	}
	return r;
}

/* ---- plain text ---- */

/* The rest of 'line' behind 'keyword' and ':', or NULL. */
static char *value_of(char *line, const char *keyword)
{
	size_t length = strlen(keyword);

	if (strncasecmp(line, keyword, length) != 0 || line[length] != ':')
		return NULL;
	line += length + 1;
	return line + strspn(line, " \t");
}

static int read_plain_line(char *line, const struct rw_resolver *resolver, struct rw_apply_file *file,
			   struct rw_apply_target **target, struct rw_error *err)
{
	size_t length = strlen(line);
	char *reference;

	while (length > 0 && isspace((unsigned char)line[length - 1]))
		line[--length] = '\0';
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	reference = value_of(line, "cluster");
	if (reference && *reference)
		return add_target(file, true, reference, target, err);
	reference = value_of(line, "group");
	if (reference && *reference)
		return add_target(file, false, reference, target, err);
	if (strcasecmp(line, "rules:") == 0)
		return 0;
	if (!*target) {
		(void)rw_error_set(err, -EINVAL, "a rule comes before its cluster or group");
		return rw_error_hint(err, "Begin the file with a line such as \"cluster: demo\".");
	}
	if (line[0] == '-' && (line[1] == ' ' || line[1] == '\t'))
		line += 2;
	return rw_rule_text_parse(line, resolver, &(*target)->rules, err);
}

static int read_plain(const char *text, size_t size, const struct rw_resolver *resolver,
		      struct rw_apply_file *file, struct rw_error *err)
{
	struct rw_apply_target *target = NULL;
	char line[RW_RULE_TEXT_MAX + 64];
	unsigned int number = 1;

	for (; size > 0; number++) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		int r;

		if (length >= sizeof(line) || memchr(text, '\0', length))
			return rw_error_set(err, -EINVAL, "line %u: is too long, or no text", number);
		memcpy(line, text, length);
		line[length] = '\0';
		r = read_plain_line(line, resolver, file, &target, err);
		if (r < 0) {
			(void)rw_error_wrap(err, "line %u", number);
			return r;
		}
		text += length + (end ? 1 : 0);
		size -= length + (end ? 1 : 0);
	}
	if (file->targets.count == 0)
		return rw_error_set(err, -EINVAL, "the file names no cluster or group");
	return 0;
}

int rw_apply_file_decode(const char *text, size_t size, const struct rw_resolver *resolver,
			 const struct rw_limits *limits, struct rw_apply_file *ret_file, struct rw_error *err)
{
	struct rw_apply_file file;
	size_t start = 0;
	int r;

	rw_vec_init(&file.targets, sizeof(struct rw_apply_target), RW_APPLY_TARGETS_MAX);
	while (start < size && isspace((unsigned char)text[start]))
		start++;
	if (start < size && (text[start] == '{' || text[start] == '['))
		r = read_json(text, size, resolver, limits, &file, err);
	else
		r = read_plain(text, size, resolver, &file, err);
	if (r < 0) {
		rw_apply_file_done(&file);
		return r;
	}
	*ret_file = file;
	return 0;
}
