/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "group/validate.h"
#include "wire/rule_text.h"

/* Parses 'text' and compares the rules, written as text, one a line. */
static void expect(const char *text, const struct rw_resolver *resolver, const char *rules_text)
{
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;

	rw_vec_init(&rules, sizeof(struct rw_rule *), 2 * RW_PORTS_LIST_MAX);
	rw_buf_init(&buf, 1 << 20);
	if (rw_rule_text_parse(text, resolver, &rules, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	for (size_t i = 0; i < rules.count; i++) {
		const struct rw_rule *rule = *(struct rw_rule **)rw_vec_at(&rules, i);

		assert_string_equal(rule->id, "");
		assert_string_equal(rule->author, "");
		if (rule->object.kind == RW_OBJECT_CIDR && rw_validate_rule(rule, NULL, &err) < 0)
			fail_msg("%s: %s: %s", text, err.field, err.text);
		rw_rule_text_format(rule, NULL, &buf);
		(void)rw_buf_append_text(&buf, "\n");
	}
	assert_string_equal(buf.data, rules_text);
}

static void reads_what_people_write(void **state)
{
	(void)state;
	expect("allow tcp 443 from 10.0.0.0/8", NULL, "allow tcp 443 from 10.0.0.0/8\n");
	expect("  ACCEPT\tTCP 22  FROM 192.0.2.7 Priority 10 ", NULL,
	       "allow tcp 22 from 192.0.2.7/32 priority 10\n");
	expect("drop udp 53 to 2001:db8::/32 nic internet # no DNS", NULL,
	       "drop udp 53 to 2001:db8::/32 nic internet # no DNS\n");
	expect("allow gre from group:web", NULL, "allow gre from group:web\n");
	expect("allow 89 from web", NULL, "allow 89 from group:web\n");
	expect("allow icmp -1/-1 from pl-office", NULL, "allow icmp from prefix-list:pl-office\n");
	expect("allow all to prefix-list:office", NULL, "allow all to prefix-list:office\n");
	expect("allow tcp 1-65535 from 0.0.0.0/0 local 10.0.0.0/24 source-ports 1024-65535", NULL,
	       "allow tcp 1-65535 from 0.0.0.0/0 local 10.0.0.0/24 source-ports 1024-65535\n");
	expect("allow tcp -1/-1 from 0.0.0.0/0", NULL, "allow tcp 1-65535 from 0.0.0.0/0\n");
	expect("allow tcp 443 from 10.0.0.0/8 #", NULL, "allow tcp 443 from 10.0.0.0/8\n");
}

static void takes_any_as_both_families(void **state)
{
	(void)state;
	expect("allow tcp 443 from any", NULL, "allow tcp 443 from 0.0.0.0/0\nallow tcp 443 from ::/0\n");
	expect("allow icmp from any", NULL, "allow icmp from 0.0.0.0/0\nallow icmpv6 from ::/0\n");
	expect("allow icmpv6 from any", NULL, "allow icmpv6 from ::/0\n");
	expect("drop all to any", NULL, "drop all to 0.0.0.0/0\ndrop all to ::/0\n");
	expect("allow tcp 22 from any local 10.0.0.1", NULL,
	       "allow tcp 22 from 0.0.0.0/0 local 10.0.0.1/32\n");
}

static void splits_lists_of_ports(void **state)
{
	(void)state;
	expect("allow tcp 80,443,8000-8100 from 10.0.0.0/8", NULL,
	       "allow tcp 80 from 10.0.0.0/8\nallow tcp 443 from 10.0.0.0/8\nallow tcp 8000-8100 from "
	       "10.0.0.0/8\n");
	expect("allow udp 53,67 from any # x", NULL,
	       "allow udp 53 from 0.0.0.0/0 # x\nallow udp 53 from ::/0 # x\n"
	       "allow udp 67 from 0.0.0.0/0 # x\nallow udp 67 from ::/0 # x\n");
}

static int resolve_known(const struct rw_resolver *resolver, enum rw_kind kind, const char *reference,
			 char ret_id[RW_ID_SIZE])
{
	(void)resolver;
	if (kind == RW_KIND_GROUP && strcmp(reference, "web") == 0) {
		strcpy(ret_id, "sg-1");
		return 0;
	}
	if (kind == RW_KIND_PREFIX_LIST &&
	    (strcmp(reference, "office") == 0 || strcmp(reference, "pl-1") == 0)) {
		strcpy(ret_id, "pl-1");
		return 0;
	}
	return -ENOENT;
}

static const struct rw_resolver known = {.resolve = resolve_known};

static void resolves_names_of_groups_and_prefix_lists(void **state)
{
	(void)state;
	expect("allow icmp from web", &known, "allow icmp from group:sg-1\n");
	expect("allow icmp from group:web", &known, "allow icmp from group:sg-1\n");
	expect("allow icmp from office", &known, "allow icmp from prefix-list:pl-1\n");
	expect("allow icmp from pl-1", &known, "allow icmp from prefix-list:pl-1\n");
}

static void refuses_what_it_does_not_understand_and_names_the_word(void **state)
{
	static const struct {
		const char *text;
		const char *message; /* its beginning */
	} cases[] = {
		{"", "the rule ends too early"},
		{"# only a comment", "the rule ends too early"},
		{"permit tcp 1 from any", "word 1, \"permit\""},
		{"allow", "the rule ends too early"},
		{"allow tcpx 1 from any", "word 2, \"tcpx\""},
		{"allow 256 from any", "word 2, \"256\""},
		{"allow tcp from any", "word 3, \"from\": tcp and udp need ports"},
		{"allow tcp", "the rule ends too early"},
		{"allow tcp 0 from any", "word 3, \"0\""},
		{"allow tcp 70000 from any", "word 3, \"70000\""},
		{"allow tcp 443-80 from any", "word 3, \"443-80\""},
		{"allow tcp 80, 443 from any", "word 3, \"80,\""},
		{"allow icmp 80 from any", "word 3, \"80\": only tcp and udp have ports"},
		{"allow tcp 80 form any", "word 4, \"form\""},
		{"allow tcp 80", "the rule ends too early"},
		{"allow tcp 80 from", "the rule ends too early"},
		{"allow tcp 80 from 10.0.0.0/33", "word 5, \"10.0.0.0/33\""},
		{"allow tcp 80 from 10.0.0.1/8", "word 5, \"10.0.0.1/8\""},
		{"allow tcp 80 from 300.1.1.1", "word 5, \"300.1.1.1\""},
		{"allow tcp 80 from 2001:db8::g", "word 5, \"2001:db8::g\""},
		{"allow tcp 80 from group:", "word 5, \"group:\""},
		{"allow tcp 80 from any priority", "the rule ends too early"},
		{"allow tcp 80 from any priority 0", "word 7, \"0\""},
		{"allow tcp 80 from any priority 101", "word 7, \"101\""},
		{"allow tcp 80 from any priority 1 priority 2", "word 8, \"priority\": comes twice"},
		{"allow tcp 80 from any nic", "the rule ends too early"},
		{"allow tcp 80 from any nic eth0", "word 7, \"eth0\""},
		{"allow tcp 80 from any local", "the rule ends too early"},
		{"allow tcp 80 from any local x", "word 7, \"x\""},
		{"allow tcp 80 from any source-ports", "the rule ends too early"},
		{"allow tcp 80 from any source-ports 1,2", "word 7, \"1,2\""},
		{"allow icmp from any source-ports 1", "word 6, \"1\": only tcp and udp have ports"},
		{"allow tcp 80 from any whatever", "word 6, \"whatever\": no such option"},
		{"allow tcp 80 from any\x1b[2J", "the rule holds control"},
		{"allow tcp 80 from any # \xe2\x80\xae", "the rule holds control"},
		{"allow tcp 80 from 123456789012345678901234567890123456789012345678a", "word 5"},
	};
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	struct rw_error lost = RW_ERROR_NONE;

	(void)state;
	rw_vec_init(&rules, sizeof(struct rw_rule *), 10);
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_error err = RW_ERROR_NONE;

		if (rw_rule_text_parse(cases[i].text, NULL, &rules, &err) != -EINVAL)
			fail_msg("accepted %s", cases[i].text);
		if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_not_equal(err.hint, "");
		assert_null(strstr(err.hint, "22/22")); /* that is how the API writes ports */
		assert_int_equal(rules.count, 0);
	}
	assert_int_equal(rw_rule_text_parse("allow tcp 80 from lost", &known, &rules, NULL), -EINVAL);
	assert_int_equal(rw_rule_text_parse("allow tcp 80 from group:office", &known, &rules, &lost),
			 -EINVAL);
	assert_non_null(strstr(lost.hint, "a cluster's name stands for its group"));
}

static void leaves_the_list_as_it_was_when_it_is_full(void **state)
{
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_vec_init(&rules, sizeof(struct rw_rule *), 3);
	assert_int_equal(rw_rule_text_parse("allow tcp 80 from any", NULL, &rules, &err), 0);
	assert_int_equal(rw_rule_text_parse("allow tcp 81 from any", NULL, &rules, &err), -E2BIG);
	assert_int_equal(rules.count, 2);
}

static void refuses_too_long_texts(void **state)
{
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	static char text[RW_RULE_TEXT_MAX + 2];

	(void)state;
	rw_vec_init(&rules, sizeof(struct rw_rule *), 3);
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "allow tcp 80 from any", 21);
	assert_int_equal(rw_rule_text_parse(text, NULL, &rules, NULL), -EINVAL);
	memcpy(text, "allow icmp from 10.0.0.1 #", 26);
	memset(text + 26, 'x', RW_WIRE_TEXT_MAX + 1);
	text[26 + RW_WIRE_TEXT_MAX + 1] = '\0';
	assert_int_equal(rw_rule_text_parse(text, NULL, &rules, NULL), -EINVAL);
	text[26 + RW_WIRE_TEXT_MAX] = '\0';
	assert_int_equal(rw_rule_text_parse(text, NULL, &rules, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_people_write),
		cmocka_unit_test(takes_any_as_both_families),
		cmocka_unit_test(splits_lists_of_ports),
		cmocka_unit_test(resolves_names_of_groups_and_prefix_lists),
		cmocka_unit_test(refuses_what_it_does_not_understand_and_names_the_word),
		cmocka_unit_test(leaves_the_list_as_it_was_when_it_is_full),
		cmocka_unit_test(refuses_too_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
