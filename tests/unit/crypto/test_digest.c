/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"

static void hashes_the_example_of_the_standard(void **state)
{
	uint8_t digest[RW_SHA256_SIZE];
	char text[2 * RW_SHA256_SIZE + 1];

	(void)state;
	rw_sha256("abc", 3, digest);
	rw_hex_format(digest, sizeof(digest), text);
	assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	rw_sha256("", 0, digest);
	rw_hex_format(digest, sizeof(digest), text);
	assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void authenticates_the_second_example_of_rfc_4231(void **state)
{
	uint8_t digest[RW_SHA256_SIZE];
	char text[2 * RW_SHA256_SIZE + 1];

	(void)state;
	rw_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
	rw_hex_format(digest, sizeof(digest), text);
	assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void knows_the_hmac_sha1_vector(void **state)
{
	uint8_t digest[RW_SHA1_SIZE];
	char text[2 * RW_SHA1_SIZE + 1];

	(void)state;
	rw_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, digest);
	rw_hex_format(digest, sizeof(digest), text);
	assert_string_equal(text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

static void compares_every_byte_of_secrets(void **state)
{
	(void)state;
	assert_true(rw_secret_equal("abcd", "abcd", 4));
	assert_false(rw_secret_equal("abcd", "abce", 4));
	assert_false(rw_secret_equal("xbcd", "abcd", 4));
	assert_true(rw_secret_equal("", "", 0));
}

static void wipes_secrets(void **state)
{
	char secret[8] = "secret!";

	(void)state;
	rw_secret_wipe(secret, sizeof(secret));
	assert_memory_equal(secret, "\0\0\0\0\0\0\0\0", 8);
}

static void knows_the_md5_of_rfc_1321(void **state)
{
	static const uint8_t expected[RW_MD5_SIZE] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0,
						      0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
	uint8_t digest[RW_MD5_SIZE];

	(void)state;
	rw_md5("abc", 3, digest);
	assert_memory_equal(digest, expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_md5_of_rfc_1321),
		cmocka_unit_test(hashes_the_example_of_the_standard),
		cmocka_unit_test(authenticates_the_second_example_of_rfc_4231),
		cmocka_unit_test(knows_the_hmac_sha1_vector),
		cmocka_unit_test(compares_every_byte_of_secrets),
		cmocka_unit_test(wipes_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
