/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "crypto/encoding.h"

static void writes_the_examples_of_rfc_4648(void **state)
{
	static const char *const padded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	static const char *const bare[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
	char text[16];

	(void)state;
	for (size_t size = 0; size <= 6; size++) {
		rw_base64_encode("foobar", size, text);
		assert_string_equal(text, padded[size]);
		assert_true(strlen(text) < RW_BASE64_SIZE(size));
		rw_base64url_encode("foobar", size, text);
		assert_string_equal(text, bare[size]);
		assert_true(strlen(text) < RW_BASE64URL_SIZE(size));
	}
	rw_base64_encode("\xfb\xff", 2, text);
	assert_string_equal(text, "+/8=");
	rw_base64url_encode("\xfb\xff", 2, text);
	assert_string_equal(text, "-_8");
}

static void reads_back_every_byte(void **state)
{
	uint8_t bytes[256];
	uint8_t read[256];
	char text[RW_BASE64_SIZE(256)];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t count = 0; count <= sizeof(bytes); count++) {
		rw_base64_encode(bytes, count, text);
		assert_int_equal(rw_base64_decode(text, strlen(text), read, sizeof(read), &size), 0);
		assert_int_equal(size, count);
		assert_memory_equal(read, bytes, count);
		rw_base64url_encode(bytes, count, text);
		assert_int_equal(rw_base64url_decode(text, strlen(text), read, sizeof(read), &size), 0);
		assert_int_equal(size, count);
		assert_memory_equal(read, bytes, count);
	}
}

static void refuses_what_the_encoder_would_not_write(void **state)
{
	static const char *const bad[] = {"Zg",   "Zg=",  "Z===",   "====", "=",        "Zh==",
					  "Zm9=", "Zm 9", "Zm9v\n", "Zm9-", "Zg==Zg==", "Zm9v="};
	uint8_t bytes[16];
	size_t size = 99;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_int_equal(rw_base64_decode(bad[i], strlen(bad[i]), bytes, sizeof(bytes), &size),
				 -EINVAL);
	assert_int_equal(rw_base64url_decode("Z", 1, bytes, sizeof(bytes), &size), -EINVAL);
	assert_int_equal(rw_base64url_decode("Zg==", 4, bytes, sizeof(bytes), &size), -EINVAL);
	assert_int_equal(rw_base64url_decode("+/8", 3, bytes, sizeof(bytes), &size), -EINVAL);
	assert_int_equal(size, 99);
}

static void never_writes_beyond_the_room_given(void **state)
{
	uint8_t bytes[3] = {0, 0, 77};
	size_t size = 0;

	(void)state;
	assert_int_equal(rw_base64_decode("Zm9v", 4, bytes, 2, &size), -ENOBUFS);
	assert_int_equal(bytes[2], 77);
}

static void reads_hex_of_exact_length_only(void **state)
{
	uint8_t bytes[2];

	(void)state;
	assert_int_equal(rw_hex_decode("0aFf", bytes, 2), 0);
	assert_memory_equal(bytes, "\x0a\xff", 2);
	assert_int_equal(rw_hex_decode("0aF", bytes, 2), -EINVAL);
	assert_int_equal(rw_hex_decode("0aFf0", bytes, 2), -EINVAL);
	assert_int_equal(rw_hex_decode("0aFg", bytes, 2), -EINVAL);
	assert_int_equal(rw_hex_decode("", bytes, 2), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_examples_of_rfc_4648),
		cmocka_unit_test(reads_back_every_byte),
		cmocka_unit_test(refuses_what_the_encoder_would_not_write),
		cmocka_unit_test(never_writes_beyond_the_room_given),
		cmocka_unit_test(reads_hex_of_exact_length_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
