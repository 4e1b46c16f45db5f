/* SPDX-License-Identifier: Apache-2.0 */

/* Decoders of the values that objects are made of: addresses, ports, references, and arrays of them. */

#include <assert.h>
#include <string.h>

#include "wire/object.h"

static void *slot_of(const struct rw_json_field *field, void *object)
{
	return (char *)object + field->offset;
}

static size_t *count_of(const struct rw_json_field *field, void *object)
{
	return (size_t *)(void *)((char *)object + field->count_offset);
}

/* Reads one element of an array into its slot. */
typedef int element_decoder(const struct rw_json *element, const struct rw_json_field *field, void *slot,
			    const struct rw_resolver *resolver, struct rw_error *err);

struct array {
	element_decoder *decode;
	size_t element_size;
	size_t max_count; /* unless the field says .max */
};

/*
 * Fills the array slot.  The count follows what is decoded already, so that whoever owns the object can free
 * it after a failure at any element.
 */
static int decode_array(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, const struct array *array, struct rw_error *err)
{
	size_t *count = count_of(field, object);
	char *elements;
	size_t total;
	int r;

	assert(field->size == sizeof(void *) && field->count_offset);
	r = rw_json_expect_array(value, field->max ? (size_t)field->max : array->max_count, err);
	if (r < 0)
		return r;
	total = rw_json_count(value);
	if (total == 0)
		return 0;
	elements = calloc(total, array->element_size);
	if (!elements)
		return rw_error_oom(err);
	*(void **)slot_of(field, object) = elements;
	while (*count < total) {
		struct rw_json element = rw_json_at(value, *count);

		r = array->decode(&element, field, elements + *count * array->element_size, resolver, err);
		if (r < 0)
			return r;
		(*count)++;
	}
	return 0;
}

static int decode_prefix(const struct rw_json *value, const struct rw_json_field *field, void *slot,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	const char *text;
	int r;

	(void)field;
	(void)resolver;
	r = rw_json_text(value, RW_PREFIX_TEXT_SIZE, &text, err);
	if (r < 0)
		return r;
	r = rw_prefix_parse(text, slot, err);
	if (r < 0)
		(void)rw_json_locate(value, err);
	return r;
}

int rw_json_decode_prefix(const struct rw_json *value, const struct rw_json_field *field, void *object,
			  const struct rw_resolver *resolver, struct rw_error *err)
{
	assert(field->size == sizeof(struct rw_prefix));
	return decode_prefix(value, field, slot_of(field, object), resolver, err);
}

int rw_json_decode_prefixes(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct array array = {decode_prefix, sizeof(struct rw_prefix), RW_WIRE_CIDRS_MAX};

	return decode_array(value, field, object, resolver, &array, err);
}

static int decode_address(const struct rw_json *value, const struct rw_json_field *field, void *slot,
			  const struct rw_resolver *resolver, struct rw_error *err)
{
	const char *text;
	int r;

	(void)field;
	(void)resolver;
	r = rw_json_text(value, RW_ADDRESS_TEXT_SIZE, &text, err);
	if (r < 0)
		return r;
	r = rw_address_parse(text, slot, err);
	if (r < 0)
		(void)rw_json_locate(value, err);
	return r;
}

int rw_json_decode_address(const struct rw_json *value, const struct rw_json_field *field, void *object,
			   const struct rw_resolver *resolver, struct rw_error *err)
{
	assert(field->size == sizeof(struct rw_address));
	return decode_address(value, field, slot_of(field, object), resolver, err);
}

int rw_json_decode_addresses(const struct rw_json *value, const struct rw_json_field *field, void *object,
			     const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct array array = {decode_address, sizeof(struct rw_address), RW_WIRE_ADDRESSES_MAX};

	return decode_array(value, field, object, resolver, &array, err);
}

int rw_json_decode_ports(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	const char *text;
	int r;

	(void)resolver;
	assert(field->size == sizeof(struct rw_ports));
	r = rw_json_text(value, RW_PORTS_TEXT_SIZE, &text, err);
	if (r < 0)
		return r;
	r = rw_ports_parse(text, slot_of(field, object), err);
	if (r < 0)
		(void)rw_json_locate(value, err);
	return r;
}

int rw_json_decode_protocol(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	uint16_t protocol;
	int64_t number;
	const char *text;
	int r;

	(void)resolver;
	if (rw_json_type(value) == RW_JSON_INTEGER) {
		r = rw_json_integer(value, 0, 255, &number, err);
		if (r < 0)
			return r;
		protocol = (uint16_t)number;
	} else {
		r = rw_json_text(value, 16, &text, err);
		if (r < 0)
			return r;
		r = rw_protocol_parse(text, &protocol, err);
		if (r < 0) {
			(void)rw_json_locate(value, err);
			return r;
		}
	}
	if (field->size == sizeof(uint16_t)) {
		*(uint16_t *)slot_of(field, object) = protocol;
		return 0;
	}
	assert(field->size == sizeof(uint8_t));
	if (protocol == RW_PROTOCOL_ALL)
		return rw_json_refuse(value, err, "must be one protocol, not \"all\"");
	*(uint8_t *)slot_of(field, object) = (uint8_t)protocol;
	return 0;
}

static bool is_id(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return length > 0 && length < RW_ID_SIZE && text[length] == '\0';
}

int rw_json_decode_id(const struct rw_json *value, const struct rw_json_field *field, void *object,
		      const struct rw_resolver *resolver, struct rw_error *err)
{
	const char *text;
	int r;

	(void)resolver;
	assert(field->size == RW_ID_SIZE);
	r = rw_json_text(value, 1024, &text, err);
	if (r < 0)
		return r;
	if (!is_id(text))
		return rw_json_refuse(value, err, "must be an id: 1 to %d letters, digits, '-', '_' or '.'",
				      RW_ID_SIZE - 1);
	strcpy(slot_of(field, object), text);
	return 0;
}

static int resolve(const struct rw_json *value, enum rw_kind kind, const struct rw_resolver *resolver,
		   char ret_id[RW_ID_SIZE], struct rw_error *err)
{
	char quoted[64];
	const char *text;
	int r;

	r = rw_json_text(value, RW_WIRE_NAME_MAX, &text, err);
	if (r < 0)
		return r;
	if (!*text)
		return rw_json_refuse(value, err, "must not be empty");
	if (!resolver) {
		if (strlen(text) >= RW_ID_SIZE) {
			(void)rw_json_refuse(value, err, "is longer than %d bytes", RW_ID_SIZE - 1);
			return rw_error_hint(err, "Use the id.");
		}
		strcpy(ret_id, text);
		return 0;
	}
	r = resolver->resolve(resolver, kind, text, ret_id);
	if (r < 0) {
		rw_json_quote(text, quoted, sizeof(quoted));
		(void)rw_json_refuse(value, err, "there is no %s \"%s\"", rw_kind_name(kind), quoted);
	}
	return r < 0 ? -EINVAL : 0;
}

static int decode_reference(const struct rw_json *value, const struct rw_json_field *field, void *slot,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	return resolve(value, (enum rw_kind)field->min, resolver, slot, err);
}

int rw_json_decode_reference(const struct rw_json *value, const struct rw_json_field *field, void *object,
			     const struct rw_resolver *resolver, struct rw_error *err)
{
	assert(field->size == RW_ID_SIZE);
	return decode_reference(value, field, slot_of(field, object), resolver, err);
}

int rw_json_decode_references(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct array array = {decode_reference, RW_ID_SIZE, RW_WIRE_GROUPS_MAX};

	return decode_array(value, field, object, resolver, &array, err);
}

static int decode_object(const struct rw_json *value, struct rw_object *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_json_field cidr = {.size = sizeof(struct rw_prefix)};
	struct rw_json member;
	struct rw_json more;
	void *cursor = NULL;
	int r;

	r = rw_json_expect_object(value, err);
	if (r < 0)
		return r;
	if (!rw_json_next(value, &cursor, &member) || rw_json_next(value, &cursor, &more))
		return rw_json_refuse(value, err,
				      "must hold exactly one of \"cidr\", \"group\" and \"prefix_list\"");
	if (strcmp(member.key, "cidr") == 0) {
		object->kind = RW_OBJECT_CIDR;
		return decode_prefix(&member, &cidr, &object->cidr, resolver, err);
	}
	if (strcmp(member.key, "group") == 0) {
		object->kind = RW_OBJECT_GROUP;
		return resolve(&member, RW_KIND_GROUP, resolver, object->id, err);
	}
	if (strcmp(member.key, "prefix_list") == 0) {
		object->kind = RW_OBJECT_PREFIX_LIST;
		return resolve(&member, RW_KIND_PREFIX_LIST, resolver, object->id, err);
	}
	(void)rw_json_refuse(&member, err, "unknown field");
	(void)rw_error_hint(err, "The fields are: cidr, group, prefix_list.");
	return -EINVAL;
}

int rw_json_decode_object(const struct rw_json *value, const struct rw_json_field *field, void *object,
			  const struct rw_resolver *resolver, struct rw_error *err)
{
	assert(field->size == sizeof(struct rw_object));
	return decode_object(value, slot_of(field, object), resolver, err);
}

static int decode_rule(const struct rw_json *value, const struct rw_json_field *field, void *slot,
		       const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)field;
	return rw_rule_decode(value, resolver, slot, err);
}

int rw_json_decode_rules(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct array array = {decode_rule, sizeof(struct rw_rule *), RW_WIRE_RULES_MAX};

	return decode_array(value, field, object, resolver, &array, err);
}

static const struct rw_json_field interface_fields[] = {
	RW_JSON_FIELD("name", struct rw_interface, name, rw_json_decode_text, .min = 1, .max = 15,
		      .required = true),
	RW_JSON_FIELD("nic_type", struct rw_interface, nic_type, rw_json_decode_word,
		      .words = rw_words_nic_type),
	RW_JSON_FIELD("addresses", struct rw_interface, addresses, rw_json_decode_addresses,
		      .count_offset = offsetof(struct rw_interface, address_count)),
	RW_JSON_FIELD("elastic_ips", struct rw_interface, elastic_ips, rw_json_decode_addresses,
		      .count_offset = offsetof(struct rw_interface, elastic_ip_count)),
	RW_JSON_FIELD("shared_addresses", struct rw_interface, shared_addresses, rw_json_decode_addresses,
		      .count_offset = offsetof(struct rw_interface, shared_address_count)),
	RW_JSON_FIELD("security_groups", struct rw_interface, security_groups, rw_json_decode_references,
		      .min = RW_KIND_GROUP,
		      .count_offset = offsetof(struct rw_interface, security_group_count)),
};

static int decode_interface(const struct rw_json *value, const struct rw_json_field *field, void *slot,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_interface interface = {0};
	struct rw_json name;
	int r;

	(void)field;
	r = rw_json_decode(value, RW_JSON_FIELDS(interface_fields), &interface, resolver, err);
	if (r == 0 && strlen(interface.name) > 15 && rw_json_find(value, "name", &name))
		r = rw_json_refuse(&name, err, "is longer than 15 bytes");
	if (r < 0) {
		rw_interface_done(&interface);
		return r;
	}
	*(struct rw_interface *)slot = interface;
	return 0;
}

int rw_json_decode_interfaces(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct array array = {decode_interface, sizeof(struct rw_interface),
					   RW_WIRE_INTERFACES_MAX};

	return decode_array(value, field, object, resolver, &array, err);
}

int rw_json_decode_tags(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_tags *tags = slot_of(field, object);
	struct rw_json member;
	void *cursor = NULL;
	int r = rw_json_expect_object(value, err);

	(void)resolver;
	assert(field->size == sizeof(*tags));
	while (r == 0 && rw_json_next(value, &cursor, &member)) {
		const char *text;

		if (rw_text_has_controls(member.key, false) || !member.key[0] ||
		    rw_utf8_length(member.key) > RW_TAG_TEXT_MAX)
			return rw_json_refuse(value, err, "a key has 1 to %d characters and no controls",
					      RW_TAG_TEXT_MAX);
		if (tags->count == RW_WIRE_TAGS_MAX)
			return rw_json_refuse(value, err, "has more than %d members", RW_WIRE_TAGS_MAX);
		r = rw_json_text(&member, RW_TAG_TEXT_MAX, &text, err);
		if (r == 0 && !rw_tags_set(tags, member.key, text))
			r = rw_error_oom(err);
	}
	return r;
}
