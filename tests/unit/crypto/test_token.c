/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "crypto/token.h"

static void parses_what_it_formats(void **state)
{
	char secret[RW_TOKEN_SECRET_SIZE];
	char text[RW_TOKEN_SIZE];
	char id[RW_TOKEN_ID_MAX + 1];
	char parsed[RW_TOKEN_SECRET_SIZE];

	(void)state;
	rw_token_secret_make(rw_random_system(), secret);
	assert_int_equal(strlen(secret), RW_TOKEN_SECRET_SIZE - 1);
	rw_token_format("key-0123", secret, text);
	assert_int_equal(rw_token_parse(text, id, parsed), 0);
	assert_string_equal(id, "key-0123");
	assert_string_equal(parsed, secret);
}

#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void refuses_what_is_no_token(void **state)
{

	static const char *const bad[] = {
		SECRET,
		"." SECRET,
		"a b." SECRET,
		"a." SECRET "A",
		"a.." SECRET,
		"a/" SECRET,
		"\xc3\xa4." SECRET,
		"a." SECRET " ",
		"0123456789012345678901234567890123456789012345678901234567890123." SECRET};
	char text[RW_TOKEN_SIZE];
	char id[RW_TOKEN_ID_MAX + 1] = "unchanged";
	char parsed[RW_TOKEN_SECRET_SIZE];

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_int_equal(rw_token_parse(bad[i], id, parsed), -EINVAL);
	assert_int_equal(rw_token_parse("", id, parsed), -EINVAL);
	assert_int_equal(rw_token_parse("a.", id, parsed), -EINVAL);
	snprintf(text, sizeof(text), "a.%.42s", SECRET);
	assert_int_equal(rw_token_parse(text, id, parsed), -EINVAL);
	snprintf(text, sizeof(text), "a.%.42sB", SECRET); /* surplus bits set */
	assert_int_equal(rw_token_parse(text, id, parsed), -EINVAL);
	assert_string_equal(id, "unchanged");
}

static void recognises_only_the_secret_of_the_digest(void **state)
{
	char secret[RW_TOKEN_SECRET_SIZE];
	char other[RW_TOKEN_SECRET_SIZE];
	uint8_t digest[RW_SHA256_SIZE];

	(void)state;
	rw_token_secret_make(rw_random_system(), secret);
	rw_token_secret_make(rw_random_system(), other);
	rw_token_digest(secret, digest);
	assert_true(rw_token_matches(secret, digest));
	assert_false(rw_token_matches(other, digest));
	assert_false(rw_token_matches("", digest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_what_it_formats),
		cmocka_unit_test(refuses_what_is_no_token),
		cmocka_unit_test(recognises_only_the_secret_of_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
