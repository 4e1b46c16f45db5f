/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/cleanup.h"
#include "http/url.h"

static void takes_names_addresses_and_ports(void **state)
{
	static const struct {
		const char *text;
		bool secure;
		const char *host;
		unsigned int port;
		const char *target;
	} cases[] = {
		{"https://controller.example:8443/v1/groups?a=b", true, "controller.example", 8443,
		 "/v1/groups?a=b"},
		{"https://controller.example", true, "controller.example", 443, ""},
		{"http://127.0.0.1/", false, "127.0.0.1", 80, "/"},
		{"http://[2001:db8::1]:80/x", false, "2001:db8::1", 80, "/x"},
		{"https://[::1]", true, "::1", 443, ""},
	};
	struct rw_http_url url;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		assert_int_equal(rw_http_url_parse(cases[i].text, &url, NULL), 0);
		assert_int_equal(url.secure, cases[i].secure);
		assert_string_equal(url.host, cases[i].host);
		assert_int_equal(url.port, cases[i].port);
		assert_string_equal(url.target, cases[i].target);
	}
}

static void refuses_what_it_does_not_understand(void **state)
{
	static const char *const bad[] = {"",
					  "ftp://a/",
					  "//a",
					  "https://",
					  "https:///x",
					  "https://:1/",
					  "https://a:/",
					  "https://a:0/",
					  "https://a:65536/",
					  "https://a:1x/",
					  "https://u@a/",
					  "https://a/b c",
					  "https://a/#b",
					  "https://a\r\n/",
					  "https://[::1/",
					  "https://[::1]x/",
					  "https://a?b"};
	char text[RW_HTTP_MAX_URL + 2] = "https://a/";
	struct rw_http_url url;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_int_equal(rw_http_url_parse(bad[i], &url, NULL), -EINVAL);
	memset(text + 10, 'x', sizeof(text) - 11);
	assert_int_equal(rw_http_url_parse(text, &url, NULL), -EINVAL);
	text[RW_HTTP_MAX_URL] = '\0';
	assert_int_equal(rw_http_url_parse(text, &url, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_names_addresses_and_ports),
		cmocka_unit_test(refuses_what_it_does_not_understand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
