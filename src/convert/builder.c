/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/builder.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "group/validate.h"
#include "wire/rule_text.h"
#include "wire/text.h"

static const char *const id_prefixes[RW_KIND_COUNT_] = {
	[RW_KIND_NETWORK] = "vpc-", [RW_KIND_CLUSTER] = "c",       [RW_KIND_NODE] = "n-",
	[RW_KIND_GROUP] = "sg-",    [RW_KIND_PREFIX_LIST] = "pl-", [RW_KIND_LOAD_BALANCER] = "lb-",
	[RW_KIND_PROMISE] = "pr-",
};

/* ---- notes ---- */

RW_PRINTF(6, 0)
static int add_note(struct rw_builder *builder, bool left_out, unsigned int line, const char *what,
		    struct rw_error *err, const char *format, va_list arguments)
{
	struct rw_note *note;
	char quoted[512];
	char reason[256];
	int r;

	rw_json_quote(what, quoted, sizeof(quoted));
	(void)vsnprintf(reason, sizeof(reason), format, arguments);
	r = rw_vec_push(&builder->conversion->notes, &note);
	if (r == -E2BIG)
		return rw_error_set(err, r, "%s: more than %d notes: this is not what can be translated",
				    builder->file, RW_CONVERT_NOTES_MAX);
	if (r < 0)
		return rw_error_oom(err);
	*note = (struct rw_note){
		.left_out = left_out,
		.file = builder->file,
		.line = line,
		.what = strdup(quoted),
		.reason = strdup(reason),
	};
	builder->conversion->left_out += left_out;
	return note->what && note->reason ? 0 : rw_error_oom(err);
}

int rw_builder_leave_out(struct rw_builder *builder, unsigned int line, const char *what,
			 struct rw_error *err, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = add_note(builder, true, line, what, err, format, arguments);
	va_end(arguments);
	return r;
}

int rw_builder_remark(struct rw_builder *builder, unsigned int line, const char *what, struct rw_error *err,
		      const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = add_note(builder, false, line, what, err, format, arguments);
	va_end(arguments);
	return r;
}

/* ---- ids, names, texts ---- */

const void *rw_builder_find(const struct rw_builder *builder, enum rw_kind kind, const char *id)
{
	const void *object = rw_model_find(builder->conversion->model, kind, id);

	return object && strcmp(rw_object_id(kind, object), id) == 0 ? object : NULL;
}

void rw_builder_id(enum rw_kind kind, const char *foreign, char ret_id[RW_ID_SIZE])
{
	rw_builder_id_of(id_prefixes[kind], foreign, ret_id);
}

void rw_builder_id_of(const char *prefix, const char *foreign, char ret_id[RW_ID_SIZE])
{
	size_t length = 0;

	if (strncasecmp(foreign, prefix, strlen(prefix)) != 0)
		length = (size_t)snprintf(ret_id, RW_ID_SIZE, "%s", prefix);
	for (const char *c = foreign; *c && length < RW_ID_SIZE - 1; c++)
		ret_id[length++] = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
	ret_id[length] = '\0';
	if (strlen(foreign) + strlen(prefix) >= RW_ID_SIZE)
		(void)snprintf(ret_id + RW_ID_SIZE - 17, 17, "%016" PRIx64,
			       rw_hash_bytes(foreign, strlen(foreign), 0));
}

static bool is_fit_name(const struct rw_builder *builder, enum rw_kind kind, const char *name, size_t most)
{
	size_t size = strlen(name);

	return size > 0 && name[0] != ' ' && name[size - 1] != ' ' &&
	       rw_validate_text(name, "name", 1, most, NULL) == 0 &&
	       !rw_model_find(builder->conversion->model, kind, name);
}

int rw_builder_name(const struct rw_builder *builder, enum rw_kind kind, const char *wanted, const char *id,
		    char **ret_name, struct rw_error *err)
{
	size_t most = kind == RW_KIND_CLUSTER || kind == RW_KIND_NODE ? 63 : 128;
	char longer[512];
	const char *name = wanted;

	if (!is_fit_name(builder, kind, name, most)) {
		(void)snprintf(longer, sizeof(longer), "%.*s (%s)", 400, wanted, id);
		name = wanted[0] && is_fit_name(builder, kind, longer, most) ? longer : id;
	}
	*ret_name = strdup(name);
	return *ret_name ? 0 : rw_error_oom(err);
}

int rw_builder_text(const char *text, char **ret_text, struct rw_error *err)
{
	char cleaned[4 * 512 + 1];
	size_t size;

	rw_json_quote(text, cleaned, sizeof(cleaned));
	size = strlen(cleaned);
	while (size > 0 && rw_validate_text(cleaned, "description", 0, 512, NULL) < 0) {
		/* Drop the last character: too long, or not in normal form. */
		do
			size--;
		while (size > 0 && ((unsigned char)cleaned[size] & 0xc0) == 0x80);
		cleaned[size] = '\0';
	}
	*ret_text = strdup(cleaned);
	return *ret_text ? 0 : rw_error_oom(err);
}

/* ---- objects ---- */

int rw_builder_put(struct rw_builder *builder, enum rw_kind kind, void *object, struct rw_error *err)
{
	int r = rw_model_put(builder->conversion->model, kind, object, err);

	return r < 0 ? rw_error_wrap(err, "%s", builder->file) : 0;
}

int rw_builder_append(void *slot, size_t *count, const void *element, size_t element_size,
		      struct rw_error *err)
{
	void *old, *grown;

	memcpy(&old, slot, sizeof(old));
	grown = reallocarray(old, *count + 1, element_size);
	if (!grown)
		return rw_error_oom(err);
	memcpy((char *)grown + *count * element_size, element, element_size);
	(*count)++;
	memcpy(slot, &grown, sizeof(grown));
	return 0;
}

int rw_builder_add_prefix(struct rw_prefix **prefixes, size_t *count, const struct rw_prefix *prefix,
			  struct rw_error *err)
{
	size_t place = 0;
	int r;

	while (place < *count && rw_prefix_compare(&(*prefixes)[place], prefix) < 0)
		place++;
	if (place < *count && rw_prefix_compare(&(*prefixes)[place], prefix) == 0)
		return 0;
	r = rw_builder_append(prefixes, count, prefix, sizeof(*prefix), err);
	if (r < 0)
		return r;
	memmove(&(*prefixes)[place + 1], &(*prefixes)[place], (*count - 1 - place) * sizeof(*prefix));
	(*prefixes)[place] = *prefix;
	return 0;
}

int rw_builder_private_network(struct rw_builder *builder, const char *id, const char *name,
			       const struct rw_network **ret_network, struct rw_error *err)
{
	static const char *const cidrs[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
	RW_CLEANUP(rw_network_unref) struct rw_network *network = rw_network_new();
	struct rw_prefix prefix;
	int r = 0;

	if (!network)
		return rw_error_oom(err);
	memcpy(network->id, id, strlen(id) + 1);
	network->kind = RW_NETWORK_VPC;
	r = rw_builder_name(builder, RW_KIND_NETWORK, name, id, &network->name, err);
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(cidrs); i++) {
		r = rw_prefix_parse(cidrs[i], &prefix, err);
		if (r == 0)
			r = rw_builder_append(&network->cidrs, &network->cidr_count, &prefix, sizeof(prefix),
					      err);
	}
	if (r < 0)
		return r;
	*ret_network = network;
	return rw_builder_put(builder, RW_KIND_NETWORK, RW_TAKE_PTR(network), err);
}

/* ---- rules ---- */

/* An id made from the group and what the rule means, so that the same input gives the same ids. */
static int name_rule(const struct rw_group *group, struct rw_rule *rule, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf meaning = {0};

	rw_buf_init(&meaning, 4096);
	(void)rw_buf_append_text(&meaning, group->id);
	(void)rw_buf_append(&meaning, " ", 1);
	rw_rule_text_format(rule, NULL, &meaning);
	if (meaning.failed)
		return rw_error_oom(err);
	(void)snprintf(rule->id, sizeof(rule->id), "sgr-%016" PRIx64,
		       rw_hash_bytes(meaning.data, meaning.size, 0));
	return 0;
}

int rw_builder_add_rule(struct rw_group *group, struct rw_rule *rule, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *owned = rule;
	size_t place = 0;
	int r = 0;

	for (size_t i = 0; i < group->rule_count; i++)
		if (rw_rule_compare_meaning(group->rules[i], rule) == 0)
			return 0;
	if (!rule->id[0])
		r = name_rule(group, rule, err);
	if (r == 0)
		r = rw_builder_append(&group->rules, &group->rule_count, &rule, sizeof(rule), err);
	if (r < 0)
		return r;
	(void)RW_TAKE_PTR(owned);
	/* Keep the order by id that a group has. */
	while (place < group->rule_count - 1 && strcmp(group->rules[place]->id, rule->id) < 0)
		place++;
	memmove(&group->rules[place + 1], &group->rules[place],
		(group->rule_count - 1 - place) * sizeof(*group->rules));
	group->rules[place] = rule;
	return 0;
}
