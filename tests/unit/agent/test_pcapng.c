/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "agent/pcapng.h"
#include "pcapng_reader.h"

static const uint8_t frame[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0};

static struct rw_pcapng_packet make_packet(const char *interface, const char *comment)
{
	return (struct rw_pcapng_packet){
		.interface = interface,
		.time_ns = 1764260000123456789ull,
		.bytes = frame,
		.captured = sizeof(frame),
		.length = 74,
		.comment = comment,
	};
}

static void writes_what_a_strict_reader_takes(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_pcapng_packet first = make_packet("eth0", "refused by default");
	struct rw_pcapng_packet second = make_packet("wg0", "refused by sgr-1");
	static struct pcapng_file file;
	struct rw_pcapng pcapng;

	(void)state;
	second.layer3 = second.outbound = true;
	second.bytes = frame + 14;
	second.captured = 3;
	second.lost = 5000000000ull;
	rw_buf_init(&buf, 1 << 16);
	rw_pcapng_begin(&pcapng, "ringwall-agent test", &buf);
	assert_int_equal(rw_pcapng_append(&pcapng, &first, &buf), 0);
	assert_int_equal(rw_pcapng_append(&pcapng, &second, &buf), 0);
	first.comment = "";
	first.captured = 0;
	assert_int_equal(rw_pcapng_append(&pcapng, &first, &buf), 0);
	assert_int_equal(rw_buf_check(&buf, NULL), 0);

	pcapng_read(buf.data, buf.size, &file);
	assert_string_equal(file.application, "ringwall-agent test");
	assert_int_equal(file.interface_count, 2);
	assert_int_equal(file.packet_count, 3);
	assert_string_equal(file.packets[0].interface, "eth0");
	assert_int_equal(file.packets[0].link, 1);
	assert_int_equal(file.packets[0].flags & 3, 1);
	assert_int_equal(file.packets[0].time_ns, first.time_ns);
	assert_int_equal(file.packets[0].length, 74);
	assert_int_equal(file.packets[0].captured, sizeof(frame));
	assert_memory_equal(file.packets[0].bytes, frame, sizeof(frame));
	assert_string_equal(file.packets[0].comment, "refused by default");
	assert_int_equal(file.packets[0].lost, 0);
	assert_string_equal(file.packets[1].interface, "wg0");
	assert_int_equal(file.packets[1].link, 101);
	assert_int_equal(file.packets[1].flags & 3, 2);
	assert_int_equal(file.packets[1].lost, 5000000000ull);
	assert_int_equal(file.packets[2].captured, 0);
	assert_string_equal(file.packets[2].comment, "");
}

static void cuts_a_comment_that_is_too_long(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char comment[RW_PCAPNG_COMMENT_MAX + 2];
	struct rw_pcapng_packet packet = make_packet("eth0", comment);
	static struct pcapng_file file;
	struct rw_pcapng pcapng;

	(void)state;
	memset(comment, 'x', sizeof(comment) - 1);
	comment[sizeof(comment) - 1] = '\0';
	rw_buf_init(&buf, 1 << 16);
	rw_pcapng_begin(&pcapng, "", &buf);
	assert_int_equal(rw_pcapng_append(&pcapng, &packet, &buf), 0);
	pcapng_read(buf.data, buf.size, &file);
	assert_int_equal(strlen(file.packets[0].comment), RW_PCAPNG_COMMENT_MAX);
}

static void refuses_one_interface_too_many_and_appends_nothing(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_pcapng pcapng;
	size_t size;

	(void)state;
	rw_buf_init(&buf, 1 << 20);
	rw_pcapng_begin(&pcapng, "", &buf);
	for (unsigned int i = 0; i <= RW_PCAPNG_INTERFACES_MAX; i++) {
		char name[16];
		struct rw_pcapng_packet packet = make_packet(name, "");

		(void)snprintf(name, sizeof(name), "eth%u", i);
		size = buf.size;
		if (i < RW_PCAPNG_INTERFACES_MAX) {
			rw_buf_clear(&buf);
			assert_int_equal(rw_pcapng_append(&pcapng, &packet, &buf), 0);
		} else {
			assert_int_equal(rw_pcapng_append(&pcapng, &packet, &buf), -E2BIG);
			assert_int_equal(buf.size, size);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_a_strict_reader_takes),
		cmocka_unit_test(cuts_a_comment_that_is_too_long),
		cmocka_unit_test(refuses_one_interface_too_many_and_appends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
