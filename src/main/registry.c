/* SPDX-License-Identifier: Apache-2.0 */
#include "main/registry.h"

#include <string.h>

#include "base/array.h"
#include "http/url.h"
#include "wire/json.h"
#include "wire/object.h"
#include "wire/writer.h"

/* ---- one entry ---- */

int rw_registry_encode(struct rw_buf *buf, const struct rw_registry_entry *entry, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_REGISTRY_VERSION);
	rw_json_put_text(&json, "name", entry->name);
	rw_json_put_text(&json, "url", entry->url);
	rw_json_key(&json, "endpoints");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < entry->endpoint_count; i++) {
		char text[RW_ADDRESS_TEXT_SIZE];

		rw_address_format(&entry->endpoints[i].address, text);
		rw_json_begin_object(&json);
		rw_json_put_text(&json, "address", text);
		rw_json_put_integer(&json, "port", entry->endpoints[i].port);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_put_integer(&json, "seen_ms", entry->seen_ms);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

static const struct rw_json_field endpoint_fields[] = {
	RW_JSON_FIELD("address", struct rw_endpoint, address, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("port", struct rw_endpoint, port, rw_json_decode_integer, .min = 1, .max = 65535,
		      .required = true),
};

static int decode_endpoints(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_registry_entry *entry = object;
	int r = rw_json_expect_array(value, RW_REGISTRY_ENDPOINTS_MAX, err);

	(void)field;
	for (size_t i = 0; r == 0 && i < rw_json_count(value); i++) {
		struct rw_json element = rw_json_at(value, i);

		r = rw_json_decode(&element, RW_JSON_FIELDS(endpoint_fields),
				   &entry->endpoints[entry->endpoint_count++], resolver, err);
	}
	return r;
}

struct document {
	struct rw_registry_entry entry;
	int64_t version;
};

static const struct rw_json_field entry_fields[] = {
	RW_JSON_FIELD("version", struct document, version, rw_json_decode_integer, .min = 1, .max = INT64_MAX,
		      .required = true),
	RW_JSON_FIELD("name", struct rw_registry_entry, name, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("url", struct rw_registry_entry, url, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("endpoints", struct rw_registry_entry, endpoints, decode_endpoints, .required = true),
	RW_JSON_FIELD("seen_ms", struct rw_registry_entry, seen_ms, rw_json_decode_integer, .min = 0,
		      .max = INT64_MAX, .required = true),
};

/* What is sent to browsers and agents must be a URL of a controller and nothing else. */
static int check(const struct rw_registry_entry *entry, struct rw_error *err)
{
	struct rw_http_url url;
	int r = rw_http_url_parse(entry->url, &url, err);

	if (r < 0)
		return rw_error_field(err, "url", "'%.80s' is no URL", entry->url);
	if (url.target[0])
		return rw_error_field(err, "url", "'%.80s' has a path", entry->url);
	return entry->name[0] ? 0 : rw_error_field(err, "name", "it is empty");
}

int rw_registry_decode(const char *bytes, size_t size, struct rw_registry_entry *ret_entry,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct document read = {0};
	struct rw_json root;
	int r = rw_json_parse(bytes, size, RW_REGISTRY_ENTRY_BYTES, &document, err);

	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = rw_json_check_version(&root, "the entry of a controller", RW_REGISTRY_VERSION, err);
	if (r == 0)
		r = rw_json_decode(&root, RW_JSON_FIELDS(entry_fields), &read, NULL, err);
	if (r == 0)
		r = check(&read.entry, err);
	if (r == 0)
		*ret_entry = read.entry;
	return r;
}

/* ---- all of them ---- */

static int compare_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct rw_registry_entry *)element)->name);
}

static size_t place_of(const struct rw_registry *registry, const char *name)
{
	return rw_array_place(registry->entries, registry->count, sizeof(registry->entries[0]), name,
			      compare_name);
}

const struct rw_registry_entry *rw_registry_find(const struct rw_registry *registry, const char *name)
{
	size_t at = place_of(registry, name);

	return at < registry->count && strcmp(registry->entries[at].name, name) == 0 ? &registry->entries[at]
										     : NULL;
}

void rw_registry_put(struct rw_registry *registry, const struct rw_registry_entry *entry)
{
	size_t at = place_of(registry, entry->name);
	struct rw_registry_entry *slot = &registry->entries[at];

	if (at == registry->count || strcmp(slot->name, entry->name) != 0) {
		if (registry->count == RW_REGISTRY_MAX) {
			registry->left_off++;
			return;
		}
		(void)memmove(slot + 1, slot, (registry->count - at) * sizeof(*slot));
		registry->count++;
	}
	*slot = *entry;
}

static void take(struct rw_registry *registry, const char *name, const struct rw_registry_entry *entry,
		 int64_t now_ms)
{
	if (strcmp(name, entry->name) != 0)
		registry->unread++;
	else if (now_ms - entry->seen_ms < RW_REGISTRY_STALE_MS)
		rw_registry_put(registry, entry);
	else if (!registry->stale[0])
		(void)memcpy(registry->stale, entry->name, sizeof(registry->stale));
}

int rw_registry_read(struct rw_registry *registry, const struct rw_store_entry *listed, size_t count,
		     int64_t now_ms, struct rw_error *err)
{
	size_t prefix = strlen(RW_REGISTRY_PREFIX);

	(void)memset(registry, 0, sizeof(*registry));
	for (size_t i = 0; i < count; i++) {
		struct rw_registry_entry entry;
		int r = strncmp(listed[i].key, RW_REGISTRY_PREFIX, prefix) == 0
				? rw_registry_decode(listed[i].value, listed[i].value_size, &entry, NULL)
				: -EINVAL;

		if (r == -ENOMEM)
			return rw_error_oom(err);
		if (r < 0)
			registry->unread++;
		else
			take(registry, listed[i].key + prefix, &entry, now_ms);
	}
	return 0;
}

/* ---- what is derived from it ---- */

static int compare_endpoint(const void *key, const void *element)
{
	const struct rw_endpoint *a = key;
	const struct rw_endpoint *b = element;
	int r = rw_address_compare(&a->address, &b->address);

	return r ? r : (a->port > b->port) - (a->port < b->port);
}

/* Adds 'one' to 'count' sorted endpoints unless it is there or there is no room; gives their number now. */
static size_t add_endpoint(struct rw_endpoint endpoints[RW_REGISTRY_UNION_MAX], size_t count,
			   const struct rw_endpoint *one)
{
	size_t at = rw_array_place(endpoints, count, sizeof(*one), one, compare_endpoint);

	if (count == RW_REGISTRY_UNION_MAX || (at < count && compare_endpoint(one, &endpoints[at]) == 0))
		return count;
	(void)memmove(&endpoints[at + 1], &endpoints[at], (count - at) * sizeof(*one));
	endpoints[at] = *one;
	return count + 1;
}

size_t rw_registry_endpoints(const struct rw_registry *registry,
			     struct rw_endpoint endpoints[RW_REGISTRY_UNION_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < registry->count; i++)
		for (size_t k = 0; k < registry->entries[i].endpoint_count; k++)
			count = add_endpoint(endpoints, count, &registry->entries[i].endpoints[k]);
	return count;
}

size_t rw_registry_urls(const struct rw_registry *registry, const char *active,
			const char *urls[RW_REGISTRY_MAX])
{
	const struct rw_registry_entry *first = rw_registry_find(registry, active);
	size_t count = 0;

	if (first)
		urls[count++] = first->url;
	for (size_t i = 0; i < registry->count; i++)
		if (&registry->entries[i] != first)
			urls[count++] = registry->entries[i].url;
	return count;
}

bool rw_registry_same_place(const struct rw_registry_entry *a, const struct rw_registry_entry *b)
{
	if (a->endpoint_count != b->endpoint_count)
		return false;
	for (size_t i = 0; i < a->endpoint_count; i++)
		if (compare_endpoint(&a->endpoints[i], &b->endpoints[i]) != 0)
			return false;
	return true;
}

bool rw_registry_same(const struct rw_registry *a, const struct rw_registry *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct rw_registry_entry *one = &a->entries[i];
		const struct rw_registry_entry *other = &b->entries[i];

		if (strcmp(one->name, other->name) != 0 || strcmp(one->url, other->url) != 0 ||
		    !rw_registry_same_place(one, other))
			return false;
	}
	return true;
}
