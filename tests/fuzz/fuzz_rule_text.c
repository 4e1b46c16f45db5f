/* SPDX-License-Identifier: Apache-2.0 */

/* Rules as people write them, from any bytes; what a rule is written as must read back as the same rule. */

#include <assert.h>
#include <string.h>

#include "group/validate.h"
#include "wire/rule_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_rule(const struct rw_rule *rule)
{
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	const struct rw_rule *again;

	rw_vec_init(&rules, sizeof(struct rw_rule *), 2 * RW_PORTS_LIST_MAX);
	rw_buf_init(&text, 1 << 16);
	rw_rule_text_format(rule, NULL, &text);
	if (text.size > RW_RULE_TEXT_MAX)
		return;
	assert(rw_rule_text_parse(text.data, NULL, &rules, NULL) == 0 && rules.count == 1);
	again = *(struct rw_rule **)rw_vec_at(&rules, 0);
	assert(rw_rule_compare_meaning(rule, again) == 0);
	assert(strcmp(rule->description, again->description) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_rules_done) struct rw_vec rules;
	RW_CLEANUP(rw_free) char *text = malloc(size + 1);
	struct rw_error err = RW_ERROR_NONE;

	rw_vec_init(&rules, sizeof(struct rw_rule *), 2 * RW_PORTS_LIST_MAX);
	if (!text)
		return 0;
	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	if (rw_rule_text_parse(text, NULL, &rules, &err) < 0) {
		assert(err.text[0] && rules.count == 0);
		return 0;
	}
	for (size_t i = 0; i < rules.count; i++)
		check_rule(*(struct rw_rule **)rw_vec_at(&rules, i));
	return 0;
}
