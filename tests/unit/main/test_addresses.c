/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "main/addresses.h"

static size_t read_urls(const char *urls, struct rw_endpoint endpoints[4], char names[256])
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	size_t count;

	rw_buf_init(&buf, 256);
	count = rw_addresses_of_urls(urls, endpoints, 4, &buf);
	assert_int_equal(buf.failed, 0);
	(void)strcpy(names, buf.size ? buf.data : "");
	return count;
}

static void assert_endpoint(const struct rw_endpoint *endpoint, const char *address, uint16_t port)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_address_format(&endpoint->address, text);
	assert_string_equal(text, address);
	assert_int_equal(endpoint->port, port);
}

static void takes_addresses_with_each_of_their_ports_once(void **state)
{
	struct rw_endpoint endpoints[4];
	char names[256];

	(void)state;
	assert_int_equal(read_urls("https://10.0.0.2:2379\nhttps://10.0.0.2:2380\nhttps://10.0.0.2:2379\n"
				   "http://[2001:db8::3]:2379\n",
				   endpoints, names),
			 3);
	assert_endpoint(&endpoints[0], "10.0.0.2", 2379);
	assert_endpoint(&endpoints[1], "10.0.0.2", 2380);
	assert_endpoint(&endpoints[2], "2001:db8::3", 2379);
	assert_string_equal(names, "");
}

static void names_those_that_are_given_by_name(void **state)
{
	struct rw_endpoint endpoints[4];
	char names[256];

	(void)state;
	assert_int_equal(read_urls("https://etcd-1.example.net:2379\nhttps://10.0.0.3:2380\n"
				   "https://etcd-1.example.net:2379\nhttps://etcd-1.example.net:2380",
				   endpoints, names),
			 1);
	assert_endpoint(&endpoints[0], "10.0.0.3", 2380);
	assert_string_equal(names, "etcd-1.example.net:2379 etcd-1.example.net:2380");
}

static void leaves_out_what_no_other_machine_reaches(void **state)
{
	struct rw_endpoint endpoints[4];
	char names[256];

	(void)state;
	assert_int_equal(
		read_urls("http://localhost:2379\nhttp://127.0.0.1:2379\nno url\n\nhttp://[::1]:2380",
			  endpoints, names),
		0);
	assert_string_equal(names, "");
}

static void takes_no_more_than_there_is_room_for(void **state)
{
	struct rw_endpoint endpoints[4];
	char names[256];

	(void)state;
	assert_int_equal(
		read_urls("http://10.0.0.1:1\nhttp://10.0.0.2:1\nhttp://10.0.0.3:1\nhttp://10.0.0.4:1\n"
			  "http://10.0.0.5:1\n",
			  endpoints, names),
		4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_addresses_with_each_of_their_ports_once),
		cmocka_unit_test(names_those_that_are_given_by_name),
		cmocka_unit_test(leaves_out_what_no_other_machine_reaches),
		cmocka_unit_test(takes_no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
