/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "controller/internal.h"

static const char *const prefixes[RW_KIND_COUNT_] = {
	[RW_KIND_NETWORK] = RW_LAYOUT_ROOT "networks/",
	[RW_KIND_CLUSTER] = RW_LAYOUT_ROOT "clusters/",
	[RW_KIND_NODE] = RW_LAYOUT_ROOT "nodes/",
	[RW_KIND_GROUP] = RW_LAYOUT_ROOT "groups/",
	[RW_KIND_PREFIX_LIST] = RW_LAYOUT_ROOT "prefix-lists/",
	[RW_KIND_LOAD_BALANCER] = RW_LAYOUT_ROOT "load-balancers/",
	[RW_KIND_PROMISE] = RW_LAYOUT_ROOT "promises/",
};

const char *rw_layout_prefix(enum rw_kind kind)
{
	return prefixes[kind];
}

void rw_layout_object_key(enum rw_kind kind, const char *id, char key[RW_LAYOUT_KEY_SIZE])
{
	(void)snprintf(key, RW_LAYOUT_KEY_SIZE, "%s%s", prefixes[kind], id);
}

void rw_layout_page_key(const char *group, unsigned int page, char key[RW_LAYOUT_KEY_SIZE])
{
	(void)snprintf(key, RW_LAYOUT_KEY_SIZE, RW_LAYOUT_RULES "%s/%02x", group, page);
}

void rw_layout_audit_key(uint64_t sequence, char key[RW_LAYOUT_KEY_SIZE])
{
	(void)snprintf(key, RW_LAYOUT_KEY_SIZE, RW_LAYOUT_AUDIT "%020" PRIu64, sequence);
}

unsigned int rw_layout_page_of(const char *rule_id)
{
	/* 32-bit FNV-1a (RFC draft-eastlake-fnv), folded: part of the format, so not a hash of base/. */
	uint32_t hash = 2166136261u;

	for (const char *at = rule_id; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	return (hash ^ (hash >> 16)) % RW_LAYOUT_RULE_PAGES;
}

int layout_check_version(const struct rw_json *value, struct rw_error *err)
{
	struct rw_json version;
	int64_t number;
	int r;

	if (!rw_json_find(value, "version", &version))
		return rw_error_set(err, -EUCLEAN, "a stored value has no version");
	r = rw_json_integer(&version, 1, INT32_MAX, &number, err);
	if (r < 0)
		return r;
	if (number > RW_LAYOUT_VERSION)
		return rw_error_set(err, -EPROTO, "a stored value has version %" PRId64 ", newer than %d",
				    number, RW_LAYOUT_VERSION);
	return 0;
}
