/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "main/registry.h"

#define NOW_MS INT64_C(1795861800000)

static struct rw_registry_entry entry(const char *name, const char *address, uint16_t port)
{
	struct rw_registry_entry one = {.endpoint_count = 1, .seen_ms = NOW_MS};

	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	(void)snprintf(one.url, sizeof(one.url), "https://%s", name);
	one.endpoints[0].port = port;
	assert_int_equal(rw_address_parse(address, &one.endpoints[0].address, NULL), 0);
	return one;
}

/* What etcd lists: owned by the test. */
struct listing {
	char keys[80][256];
	char values[80][1024];
	struct rw_store_entry entries[80];
	size_t count;
};

static void list_text(struct listing *listing, const char *name, const char *value)
{
	size_t i = listing->count++;

	(void)snprintf(listing->keys[i], sizeof(listing->keys[i]), "controllers/%s", name);
	(void)snprintf(listing->values[i], sizeof(listing->values[i]), "%s", value);
	listing->entries[i] = (struct rw_store_entry){
		.key = listing->keys[i], .value = listing->values[i], .value_size = strlen(value)};
}

static void list_entry(struct listing *listing, const struct rw_registry_entry *one)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_registry_encode(&buf, one, NULL), 0);
	list_text(listing, one->name, buf.data);
}

static void read_listing(struct rw_registry *registry, const struct listing *listing)
{
	assert_int_equal(rw_registry_read(registry, listing->entries, listing->count, NOW_MS, NULL), 0);
}

static void writes_the_documented_form_and_reads_it_back(void **state)
{
	struct rw_registry_entry one = entry("a.example.net:8443", "192.0.2.1", 8443);
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_registry_entry back;

	(void)state;
	rw_buf_init(&buf, 4096);
	assert_int_equal(rw_registry_encode(&buf, &one, NULL), 0);
	assert_string_equal(
		buf.data,
		"{\"version\":1,\"name\":\"a.example.net:8443\",\"url\":\"https://a.example.net:8443\","
		"\"endpoints\":[{\"address\":\"192.0.2.1\",\"port\":8443}],\"seen_ms\":1795861800000}");
	assert_int_equal(rw_registry_decode(buf.data, buf.size, &back, NULL), 0);
	assert_memory_equal(&one, &back, sizeof(one));
}

static void refuses_entries_that_would_mislead_agents_or_browsers(void **state)
{
#define MEMBERS "\"name\":\"a:1\",\"endpoints\":[],\"seen_ms\":1"
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{"{\"version\":1," MEMBERS ",\"url\":\"https://a:1\"}", 0},
		{"{\"version\":2," MEMBERS ",\"url\":\"https://a:1\"}", -EPROTONOSUPPORT},
		{"{\"version\":1," MEMBERS ",\"url\":\"javascript:alert(1)\"}", -EINVAL},
		{"{\"version\":1," MEMBERS ",\"url\":\"https://a:1/path\"}", -EINVAL},
		{"{\"version\":1," MEMBERS ",\"url\":\"https://a:1?q\"}", -EINVAL},
		{"{\"version\":1," MEMBERS ",\"url\":\"\"}", -EINVAL},
		{"{\"version\":1," MEMBERS "}", -EINVAL},
		{"{\"version\":1,\"name\":\"\",\"endpoints\":[],\"seen_ms\":1,\"url\":\"https://a:1\"}",
		 -EINVAL},
		{"{\"version\":1,\"name\":\"a\",\"endpoints\":[{\"address\":\"192.0.2.1\",\"port\":0}],"
		 "\"seen_ms\":1,\"url\":\"https://a:1\"}",
		 -EINVAL},
		{"{\"version\":1,\"name\":\"a\",\"endpoints\":[{\"port\":1}],\"seen_ms\":1,\"url\":\"https://"
		 "a:1\"}",
		 -EINVAL},
		{"{\"version\":1,\"name\":\"a\",\"endpoints\":[],\"seen_ms\":-1,\"url\":\"https://a:1\"}",
		 -EINVAL},
		{"[]", -EINVAL},
		{"", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_registry_entry one;
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(rw_registry_decode(cases[i].text, strlen(cases[i].text), &one, &err),
				 cases[i].result);
		assert_int_equal(err.text[0] != '\0', cases[i].result != 0);
	}
}

static void derives_the_same_from_the_same_controllers_in_any_order(void **state)
{
	const struct rw_registry_entry all[] = {entry("c:1", "2001:db8::1", 1), entry("a:2", "192.0.2.9", 2),
						entry("b:1", "192.0.2.9", 1), entry("d:1", "192.0.2.9", 1)};
	static const char *const endpoints[] = {"192.0.2.9", "192.0.2.9", "2001:db8::1"};
	static struct rw_registry registries[2];
	static struct listing listing;

	(void)state;
	for (size_t way = 0; way < RW_ARRAY_COUNT(registries); way++) {
		struct rw_endpoint found[RW_REGISTRY_UNION_MAX];
		const char *urls[RW_REGISTRY_MAX];

		listing.count = 0;
		for (size_t i = 0; i < RW_ARRAY_COUNT(all); i++)
			list_entry(&listing, &all[way ? RW_ARRAY_COUNT(all) - 1 - i : i]);
		read_listing(&registries[way], &listing);
		assert_int_equal(rw_registry_endpoints(&registries[way], found), RW_ARRAY_COUNT(endpoints));
		for (size_t i = 0; i < RW_ARRAY_COUNT(endpoints); i++) {
			char text[RW_ADDRESS_TEXT_SIZE];

			rw_address_format(&found[i].address, text);
			assert_string_equal(text, endpoints[i]);
		}
		assert_int_equal(found[0].port, 1);
		assert_int_equal(found[1].port, 2);
		/* The active one is told first. */
		assert_int_equal(rw_registry_urls(&registries[way], "c:1", urls), 4);
		assert_string_equal(urls[0], "https://c:1");
		assert_string_equal(urls[1], "https://a:2");
		assert_string_equal(urls[3], "https://d:1");
	}
	assert_true(rw_registry_same(&registries[0], &registries[1]));
	registries[0].entries[0].seen_ms++;
	assert_true(rw_registry_same(&registries[0], &registries[1]));
	registries[0].entries[0].endpoints[0].port++;
	assert_false(rw_registry_same(&registries[0], &registries[1]));
}

static void leaves_out_what_is_stale_unreadable_or_under_another_key(void **state)
{
	struct rw_registry_entry fresh = entry("fresh:1", "192.0.2.1", 1);
	struct rw_registry_entry old = entry("old:1", "192.0.2.2", 1);
	static struct listing listing;
	static struct rw_registry registry;

	(void)state;
	fresh.seen_ms = NOW_MS - RW_REGISTRY_STALE_MS + 1;
	old.seen_ms = NOW_MS - RW_REGISTRY_STALE_MS;
	list_entry(&listing, &fresh);
	list_entry(&listing, &old);
	list_text(&listing, "newer:1", "{\"version\":2}");
	list_text(&listing, "copy:1", listing.values[0]);
	read_listing(&registry, &listing);
	assert_int_equal(registry.count, 1);
	assert_non_null(rw_registry_find(&registry, "fresh:1"));
	assert_null(rw_registry_find(&registry, "old:1"));
	assert_string_equal(registry.stale, "old:1");
	assert_int_equal(registry.unread, 2);
}

static void holds_no_more_than_its_limits(void **state)
{
	struct rw_endpoint found[RW_REGISTRY_UNION_MAX];
	const char *urls[RW_REGISTRY_MAX];
	static struct rw_registry registry;

	(void)state;
	for (unsigned int i = 0; i < RW_REGISTRY_MAX + 3; i++) {
		struct rw_registry_entry one;
		char name[32];

		(void)snprintf(name, sizeof(name), "n%02u:1", i);
		one = entry(name, "192.0.2.1", 1);
		one.endpoint_count = RW_REGISTRY_ENDPOINTS_MAX;
		for (uint16_t k = 0; k < RW_REGISTRY_ENDPOINTS_MAX; k++) {
			one.endpoints[k] = one.endpoints[0];
			one.endpoints[k].port = (uint16_t)(1 + i * 100 + k);
		}
		rw_registry_put(&registry, &one);
	}
	assert_int_equal(registry.count, RW_REGISTRY_MAX);
	assert_int_equal(registry.left_off, 3);
	assert_int_equal(rw_registry_endpoints(&registry, found), RW_REGISTRY_UNION_MAX);
	assert_int_equal(rw_registry_urls(&registry, "none:1", urls), RW_REGISTRY_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_documented_form_and_reads_it_back),
		cmocka_unit_test(refuses_entries_that_would_mislead_agents_or_browsers),
		cmocka_unit_test(derives_the_same_from_the_same_controllers_in_any_order),
		cmocka_unit_test(leaves_out_what_is_stale_unreadable_or_under_another_key),
		cmocka_unit_test(holds_no_more_than_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
